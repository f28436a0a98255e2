/*
 * query.c
 *		Queries and single statements that are run for what they tell.
 *
 * Statements of a plan are run by plan.c; what a query returns, or which error
 * a statement ends with, is asked for here.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "statement/statement.h"

static void
connect_spi(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

static void
finish_spi(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * The only row of a query; it is in SPI_tuptable until SPI is finished.
 */
static void
select_row(const char *query, bool read_only)
{
	if (SPI_execute(query, read_only, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run \"%s\"", query);
}

static void
get_counts(int64 *counts, int count)
{
	bool		isnull;

	for (int i = 0; i < count; i++)
		counts[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
												i + 1, &isnull));
}

/*
 * The numbers in the only row of a query that changes nothing.  It sees what
 * is there now: the caller may have waited for a lock since its statement's
 * snapshot.
 */
void
select_counts(const char *query, int64 *counts, int count)
{
	connect_spi();
	PushActiveSnapshot(GetLatestSnapshot());
	select_row(query, true);
	get_counts(counts, count);
	PopActiveSnapshot();
	finish_spi();
}

/*
 * The numbers in the only row of a query that changes something.
 */
void
change_and_count(const char *query, int64 *counts, int count)
{
	connect_spi();
	select_row(query, false);
	get_counts(counts, count);
	finish_spi();
}

/*
 * The text in the only row of a query that changes nothing, in the caller's
 * memory, or null.
 */
char *
select_text(const char *query)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *result;

	connect_spi();
	PushActiveSnapshot(GetLatestSnapshot());
	select_row(query, true);
	result = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (result != NULL)
		result = MemoryContextStrdup(caller, result);
	PopActiveSnapshot();
	finish_spi();
	return result;
}

/*
 * What an error says of the statement, and not of the session, the server or
 * the hour.  The others are no answer: they go up to whoever can do something.
 */
bool
is_error_of_statement(const ErrorData *error)
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

	connect_spi();
	code = SPI_execute(tried->text, false, 0);
	if (code < 0)
		elog(ERROR, "could not run \"%s\": %s", tried->text, SPI_result_code_string(code));
	tried->result->values = first_row(tried->context);
	finish_spi();
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
	result->error = try_in_subtransaction(run_tried, &tried, true);
	if (result->error != NULL && !is_error_of_statement(result->error))
		ReThrowError(result->error);
	return result->error == NULL;
}
