/*
 * plan.c
 *		A plan is a list of statements: add one, run all, return all as rows.
 *
 * Every statement of a verb runs here.  It is sent through SPI as text, so
 * PostgreSQL checks the caller's rights for it, and event triggers see it.
 * The caller's search_path is in force: a column definition may use the
 * user's own types.  Names that we write are qualified.
 *
 * Nothing is checked here: a verb refuses before its plan runs.
 */
#include "postgres.h"

#include "funcapi.h"
#include "parser/parser.h"
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
	char	   *locks;			/* on existing tables, as text; or null */
} Statement;

/*
 * Adds a statement to the end of a plan; format and its arguments as for
 * psprintf.  locks: the locks that the statement takes on existing tables,
 * strongest first, as locks.c writes them; or null.  The plan keeps the
 * pointer.
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
 * Returns the statements as one text, separated by ";" and a newline.  A
 * client that sends this text as one query makes them one transaction.
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
 * Runs the statements in order. The caller has connected to SPI. Any error of
 * a statement is raised.
 */
void
plan_run(const StatementPlan *plan)
{
	foreach_ptr(Statement, statement, plan->statements)
		run_statement(statement->text);
}

/*
 * Returns the statements as rows of junction.statement, numbered from 1.
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
 * Ends every verb: runs the plan unless dry_run, and returns it as rows.  Any
 * error of a statement is raised, which undoes the statements before it.
 */
Datum
plan_finish(StatementPlan *plan, bool dry_run, FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	if (!dry_run)
	{
		connect_spi();
		plan_run(plan);
		finish_spi();
	}
	return_statements(plan, fcinfo);
	return (Datum) 0;
}

/*
 * Runs one utility statement as a client's top-level statement, so that it
 * may commit (CREATE INDEX CONCURRENTLY).  The caller has begun a transaction
 * and has finished SPI.
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
	 * A statement that committed has popped our snapshot already.  The active
	 * snapshot may then be the portal's, which the server pushes again when an
	 * event trigger needs one: that is not ours to pop.
	 */
	if (ActiveSnapshotSet() && GetActiveSnapshot() != ActivePortal->portalSnapshot)
		PopActiveSnapshot();
}
