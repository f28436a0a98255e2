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

#include "access/xact.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

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
 * The numbers in the only row of a query that changes nothing.  It sees what
 * is there now: the caller may have waited for a lock since its statement's
 * snapshot.
 */
void
select_counts(const char *query, int64 *counts, int count)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute(query, true, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run \"%s\"", query);
	for (int i = 0; i < count; i++)
	{
		bool		isnull;

		counts[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
												i + 1, &isnull));
	}
	PopActiveSnapshot();
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * What an error says of the statement, and not of the session, the server or
 * the hour.  The others are no answer: they go up to whoever can do something.
 */
bool
is_answer(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:	/* serialization, deadlock */
		case ERRCODE_OPERATOR_INTERVENTION: /* cancel, timeout, shutdown */
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_SYSTEM_ERROR:
			return false;
	}
	return error->sqlerrcode != ERRCODE_STATEMENT_TOO_COMPLEX &&	/* the stack is too deep */
		error->sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		error->sqlerrcode != ERRCODE_INDEX_CORRUPTED;
}

/*
 * Do something in a subtransaction of its own.  If it fails, nothing of it was
 * done, the caller's transaction goes on, and this returns the error; else null.
 * keep: whether what was done stays if it succeeds.
 */
ErrorData *
attempt(void (*work) (void *state), void *state, bool keep)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(state);
		if (keep)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* A statement that is tried, and where to put what it gives */
typedef struct TriedStatement
{
	const char *text;
	MemoryContext context;
	StatementResult *result;
} TriedStatement;

/*
 * The columns of the first row that the statement has returned, as text (char
 * *, null for a null), in the caller's memory.
 */
static List *
first_row(MemoryContext context)
{
	MemoryContext spi = MemoryContextSwitchTo(context);
	List	   *values = NIL;

	if (SPI_tuptable != NULL && SPI_tuptable->numvals > 0)
		for (int i = 1; i <= SPI_tuptable->tupdesc->natts; i++)
		{
			char	   *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i);

			values = lappend(values, value ? MemoryContextStrdup(context, value) : NULL);
		}
	MemoryContextSwitchTo(spi);
	return values;
}

static void
run_tried(void *state)
{
	TriedStatement *tried = state;
	int			code;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	code = SPI_execute(tried->text, false, 0);
	if (code < 0)
		elog(ERROR, "could not run \"%s\": %s", tried->text, SPI_result_code_string(code));
	tried->result->values = first_row(tried->context);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * Run a statement in a subtransaction of its own, which stays if it succeeds.
 * If it fails with an error that is an answer, result->error has that.
 */
bool
try_statement(const char *text, StatementResult *result)
{
	TriedStatement tried = {text, CurrentMemoryContext, result};

	memset(result, 0, sizeof(StatementResult));
	result->error = attempt(run_tried, &tried, true);
	if (result->error != NULL && !is_answer(result->error))
		ReThrowError(result->error);
	return result->error == NULL;
}
