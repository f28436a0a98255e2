/*
 * plan.c
 *		A list of statements: add one, run all, return all.
 *
 * The only place where statements are run.  They go through SPI as text, so
 * PostgreSQL checks the caller's rights on each, and event triggers see it.
 * The caller's search_path stands: a column definition may name the user's own
 * types, and all names that are ours are qualified.
 *
 * A statement takes no more than it says: what a verb must refuse, it has
 * refused before it comes here.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "funcapi.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "statement/statement.h"

typedef struct Statement
{
	char	   *text;
	char	   *locks;			/* on tables that exist already, or null */
} Statement;

/*
 * Add a statement to the end of a plan.  locks: what it takes on tables that
 * exist already, strongest first, or null.
 */
void
plan_add(StatementPlan *plan, char *locks, const char *format,...)
{
	Statement  *statement = palloc(sizeof(Statement));
	StringInfoData buf;

	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&buf, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	statement->text = buf.data;
	statement->locks = locks;
	plan->statements = lappend(plan->statements, statement);
}

/*
 * The statements as one text, for a client that sends them together, which
 * makes them one transaction.
 */
char *
plan_text(const StatementPlan *plan)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(Statement, statement, plan->statements)
		appendStringInfo(&buf, "%s%s", buf.len ? ";\n" : "", statement->text);
	return buf.data;
}

/*
 * Run the statements in order.  The caller has connected to SPI.
 */
void
plan_run(const StatementPlan *plan)
{
	foreach_ptr(Statement, statement, plan->statements)
	{
		int			result = SPI_execute(statement->text, false, 0);

		if (result < 0)
			elog(ERROR, "could not run \"%s\": %s", statement->text,
				 SPI_result_code_string(result));
	}
}

/*
 * Return the statements as rows of junction.statement.
 */
static void
return_statements(StatementPlan *plan, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	foreach_ptr(Statement, statement, plan->statements)
	{
		Datum		values[3] = {0};
		bool		nulls[3] = {0};
		int			i = 0;

		values[i++] = Int32GetDatum(foreach_current_index(statement) + 1);
		values[i++] = CStringGetTextDatum(statement->text);
		if (statement->locks)
			values[i++] = CStringGetTextDatum(statement->locks);
		else
			nulls[i++] = true;
		Assert(i == 3);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * The end of every verb: run the plan unless it was only asked for, and return
 * it.  What a statement raises ends the call, and with it all that was done.
 */
Datum
plan_finish(StatementPlan *plan, bool dry_run, FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	if (!dry_run)
	{
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		plan_run(plan);
		if (SPI_finish() != SPI_OK_FINISH)
			elog(ERROR, "SPI_finish failed");
	}
	return_statements(plan, fcinfo);
	return (Datum) 0;
}

/*
 * Run a statement as if it came from the client by itself: it may commit.
 */
void
plan_run_alone(const char *query)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(query, RAW_PARSE_DEFAULT));
	PlannedStmt *statement = makeNode(PlannedStmt);

	statement->commandType = CMD_UTILITY;
	statement->utilityStmt = raw->stmt;
	statement->stmt_location = raw->stmt_location;
	statement->stmt_len = raw->stmt_len;

	PushActiveSnapshot(GetTransactionSnapshot());
	ProcessUtility(statement, query, false, PROCESS_UTILITY_TOPLEVEL, NULL, NULL,
				   None_Receiver, NULL);
	/*
	 * Unless the statement has ended the transaction of the snapshot.  What is
	 * there then may be the portal's, which an event trigger has needed.
	 */
	if (ActiveSnapshotSet() && GetActiveSnapshot() != ActivePortal->portalSnapshot)
		PopActiveSnapshot();
}
