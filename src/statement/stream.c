/*
 * stream.c
 *		Runs a query and hands each of its rows to a function, so that the result
 *		needs no memory, however long it is.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "statement/statement.h"

/* A receiver of rows as the executor knows it, and the function behind it */
typedef struct RowReceiver
{
	DestReceiver pub;
	TakeRow		take;
	void	   *state;
} RowReceiver;

/* Hand a row on.  false ends the query. */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;

	return receiver->take(slot, receiver->state);
}

static void
start_rows(DestReceiver *self, int operation, TupleDesc type)
{
}

static void
end_rows(DestReceiver *self)
{
}

/*
 * Runs a read-only query with a new snapshot, as select_counts(), and calls
 * take(slot, state) for each row, until it returns false.  The slot is valid
 * during the call.  What take() allocates in its current memory context is freed
 * when the query ends.
 */
void
stream_rows(const char *query, TakeRow take, void *state)
{
	RowReceiver receiver = {
		.pub = {
			.receiveSlot = receive_row,
			.rStartup = start_rows,
			.rShutdown = end_rows,
			.rDestroy = end_rows,
			.mydest = DestTuplestore	/* not DestSPI, which keeps the rows */
		},
		.take = take,
		.state = state
	};
	SPIExecuteOptions options = {.read_only = true,.dest = &receiver.pub};

	connect_spi();
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query);
	PopActiveSnapshot();
	finish_spi();
}
