/*
 * query.c
 *		Runs queries for their result, and single statements for their error.
 *
 * plan.c runs the statements of a plan.  Here, select_...() and change_...() return
 * values, and try_statement() returns whether a statement succeeds.
 *
 * Results are in the caller's memory context.  Each function connects to SPI
 * itself.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "statement/statement.h"

/*
 * Opens an SPI connection.
 */
void
connect_spi(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

/*
 * Closes the SPI connection, which frees SPI_tuptable.
 */
void
finish_spi(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * Runs a statement of any kind.  The caller has connected to SPI.  Any error of
 * the statement is raised.
 */
void
run_statement(const char *text)
{
	int			result = SPI_execute(text, false, 0);

	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", text, SPI_result_code_string(result));
}

/*
 * Runs a query that must return one row; the row is in SPI_tuptable until SPI
 * is finished.  elog if it returns another number of rows.
 */
static void
select_row(const char *query, bool read_only)
{
	if (SPI_execute(query, read_only, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run \"%s\"", query);
}

/*
 * Copies the first count columns of that row, which are of type bigint and
 * not null.
 */
static void
get_counts(int64 *counts, int count)
{
	bool		isnull;

	for (int i = 0; i < count; i++)
		counts[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
												i + 1, &isnull));
}

/*
 * Runs a read-only query of one row and returns its count bigint columns in
 * counts.  Its snapshot is a new one: the caller may have waited for a lock
 * since the snapshot of its own statement.
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
 * As select_counts(), for a query that changes rows (WITH ... UPDATE). It
 * uses SPI's snapshot.
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
 * Runs a statement that changes rows, with one parameter, $1, of this type.  If it
 * returns rows, that is one, and counts gets its count bigint columns; if not, each
 * of counts gets the number of the rows that it has changed.
 */
void
change_rows(const char *statement, Oid type, Datum parameter, int64 *counts, int count)
{
	int			result;

	connect_spi();
	result = SPI_execute_with_args(statement, 1, &type, &parameter, NULL, false, 0);
	if (result == SPI_OK_SELECT && SPI_processed == 1)
		get_counts(counts, count);
	else if (result == SPI_OK_UPDATE)
		for (int i = 0; i < count; i++)
			counts[i] = SPI_processed;
	else
		elog(ERROR, "could not run \"%s\": %s", statement, SPI_result_code_string(result));
	finish_spi();
}

/*
 * Runs a read-only query of one row with a new snapshot, and returns its
 * first column as text in the caller's memory context; null for a null.
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
 * Runs a statement of any kind, and returns how many rows it has returned or
 * changed.
 */
int64
run_and_count(const char *text)
{
	int64		count;

	connect_spi();
	run_statement(text);
	count = SPI_processed;
	finish_spi();
	return count;
}

/*
 * Returns the rows of a query, which can lock them: a List of Lists of char *,
 * null for a null, in the caller's memory context.
 */
List *
select_rows(const char *query)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *rows = NIL;

	connect_spi();
	run_statement(query);
	for (uint64 n = 0; SPI_tuptable != NULL && n < SPI_tuptable->numvals; n++)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);
		List	   *row = NIL;

		for (int i = 1; i <= SPI_tuptable->tupdesc->natts; i++)
			row = lappend(row, SPI_getvalue(SPI_tuptable->vals[n], SPI_tuptable->tupdesc, i));
		rows = lappend(rows, row);
		MemoryContextSwitchTo(spi);
	}
	finish_spi();
	return rows;
}

/*
 * Returns true if the error is a result of the statement itself.  Returns
 * false if it comes from the session, the server or other transactions
 * (cancel, deadlock, lack of resources, corruption): the caller must re-throw
 * such an error.
 */
bool
is_error_of_statement(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:	/* serialization failure, deadlock */
		case ERRCODE_OPERATOR_INTERVENTION: /* cancel, timeout, shutdown */
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_SYSTEM_ERROR:
			return false;
	}
	return error->sqlerrcode != ERRCODE_STATEMENT_TOO_COMPLEX &&	/* stack depth limit */
		error->sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		error->sqlerrcode != ERRCODE_INDEX_CORRUPTED;
}

/* The arguments of run_tried() */
typedef struct TriedStatement
{
	const char *text;
	MemoryContext context;		/* for the values */
	StatementResult *result;
} TriedStatement;

/*
 * Returns the columns of the first row of SPI_tuptable as text in the given
 * memory context: a list of char *, null for a null; NIL if there is no row.
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

/*
 * The work of try_statement(), for try_in_subtransaction(). state: a
 * TriedStatement.
 */
static void
run_tried(void *state)
{
	TriedStatement *tried = state;

	connect_spi();
	run_statement(tried->text);
	tried->result->values = first_row(tried->context);
	finish_spi();
}

/*
 * Runs a statement in a subtransaction.  Returns true if it succeeds: its
 * changes stay, and result->values has its first row.  Returns false if it
 * fails with an error of the statement (is_error_of_statement): its changes
 * are undone, and result->error has the error.  Any other error is re-thrown.
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
