/*
 * batches.c
 *		The rows of a table, changed in batches that commit, while others read
 *		and write.
 *
 *	1. Pass over the table by physical range, so that no batch looks at what
 *	   another has looked at.
 *	2. Do a range slice by slice, each a batch.  The first rows that are updated
 *	   leave a full page for another, and every index learns of that; but then
 *	   there is room, and the later slices' rows stay in their page (a HOT
 *	   update): most need no index entry, and the table hardly grows.
 *	3. If a row is left (it was locked, or its owner has moved it to where the
 *	   pass had been), pass again.
 *
 * What is done to a row, and which rows have it to be done, the caller says by
 * two functions that build statements (BatchedWork).
 *
 * A batch that meets a row that somebody else has locked gives up at once, and
 * is done over without such rows: nobody waits for it on a row for longer than
 * it takes, and it waits for nobody.  A range is as large as makes a batch take
 * about 20 ms, and holds about batch_size rows a slice at most.
 *
 * Each batch locks the table by OID before its statement is built, as its name
 * may have been changed since the last.  What fires and is computed for a row
 * is the table owner's, and runs as the owner.
 */
#include "postgres.h"

#include "access/relation.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/* A batch is to take so long, in milliseconds, and the first has so many rows */
#define BATCH_TIME	20
#define FIRST_BATCH	500

/* Slices of a range: a power of two */
#define SLICES		16

/* For how long a batch waits for a row before it leaves it out, in milliseconds */
#define ROW_TIMEOUT	10

/* How far the work on a table has come */
typedef struct Progress
{
	BlockNumber blocks;			/* of the table, as the pass began */
	BlockNumber step;			/* blocks in a range */
	int			slices;
	double		expected;		/* rows, about */
	double		done;
	TimestampTz started;
} Progress;

/* What became of the rows of a batch, or of a pass */
typedef struct Counts
{
	int64		tried;
	int64		done;			/* fewer, if a trigger has its way */
} Counts;

/* A statement that does a batch, and what came of it */
typedef struct Batch
{
	Oid			relid;
	char	   *query;
	Counts		counts;
} Batch;

/*
 * The condition of a slice of a range: blocks from up to, but for, to.
 */
static char *
slice_condition(BlockNumber from, BlockNumber to, int slices, int slice)
{
	return psprintf("ctid OPERATOR(pg_catalog.>=) '(%u,0)'::pg_catalog.tid"
					" AND ctid OPERATOR(pg_catalog.<) '(%u,0)'::pg_catalog.tid"
					" AND (pg_catalog.hashtid(ctid) OPERATOR(pg_catalog.&) %d) OPERATOR(pg_catalog.=) %d",
					from, to, slices - 1, slice);
}

/*
 * Run it as the owner.  A trigger that is deferred would fire when the
 * transaction commits, and we are the caller again; so it fires at the end of
 * the statement.
 */
static void
run_batch(void *state)
{
	Batch	   *batch = state;
	OwnerRole	role;
	int64		counts[2];

	become_owner(&role, batch->relid);
	if (role.changed)
		AfterTriggerSetState(makeNode(ConstraintsSetStmt));
	change_and_count(batch->query, counts, lengthof(counts));
	become_caller(&role);
	batch->counts.tried = counts[0];
	batch->counts.done = counts[1];
}

/*
 * Do a slice of a range, and commit.
 */
static Counts
run_slice(const BatchedWork *work, const char *rows)
{
	Batch		batch = {.relid = work->run->relid};
	char	   *schema;

	begin_work_on(work->run, RowExclusiveLock);
	schema = schema_name(batch.relid);
	if (work->quiet_triggers)
		set_for_transaction("session_replication_role", "replica");
	set_lock_timeout(ROW_TIMEOUT);
	batch.query = work->batch_query(work, rows, false);
	if (!try_work(run_batch, &batch))
	{
		set_lock_timeout(0);
		batch.query = work->batch_query(work, rows, true);
		run_batch(&batch);
	}
	check_schema_name(batch.relid, schema);
	end_work();
	return batch.counts;
}

static bool
is_any_left(const BatchedWork *work)
{
	Oid			relid = work->run->relid;
	OwnerRole	role;
	char	   *schema;
	char	   *query;
	int64		left;

	begin_work_on(work->run, AccessShareLock);
	schema = schema_name(relid);
	query = psprintf("SELECT pg_catalog.count(*) FROM (%s LIMIT 1) AS rest", work->rest_query(work));
	become_owner(&role, relid);
	select_counts(query, &left, 1);
	become_caller(&role);
	check_schema_name(relid, schema);
	end_work();
	return left > 0;
}

/*
 * Look at the table before a pass.
 */
static void
start_pass(BatchedWork *work, Progress *progress, bool first)
{
	Relation	rel;

	begin_work_on(work->run, AccessShareLock);
	rel = relation_open(work->run->relid, NoLock);
	progress->blocks = RelationGetNumberOfBlocks(rel);
	/* later passes have few rows to do */
	progress->slices = first ? SLICES : 1;
	if (first)
	{
		double		pages = Max(rel->rd_rel->relpages, 1);
		double		density = rel->rd_rel->reltuples > 0 ? rel->rd_rel->reltuples / pages : 100;

		progress->expected = density * progress->blocks;
		progress->step = Max(SLICES * Min(work->run->patience.batch_size, FIRST_BATCH) / density, 1);
		work->start(work, rel);
	}
	relation_close(rel, NoLock);
	end_work();
}

static void
tell_progress(const BatchedWork *work, const Progress *progress)
{
	double		seconds = (GetCurrentTimestamp() - progress->started) / 1000000.0;
	double		rate = progress->done / Max(seconds, 0.001);
	double		all = Max(progress->expected, progress->done);

	tell("%s %.0f of about %.0f rows (%.0f %%), %.0f rows/s, about %.0f s left",
		 work->verb, progress->done, all, 100 * progress->done / Max(all, 1), rate,
		 (all - progress->done) / Max(rate, 1));
}

/*
 * As many blocks for the next batch as are done in the time that one may take;
 * it grows slowly, and shrinks at once.
 */
static void
adapt_step(Progress *progress, int batch_size, int64 rows, int64 milliseconds)
{
	double		factor = Min((double) BATCH_TIME / Max(milliseconds, 1), 1.5);

	if (rows > 0)
		factor = Min(factor, (double) batch_size / rows);
	progress->step = (BlockNumber) Max(Min(progress->step * factor + (factor > 1 ? 1 : 0),
										   (double) MaxBlockNumber / 2), 1);
}

/*
 * Do a range, slice by slice.
 */
static Counts
run_range(const BatchedWork *work, Progress *progress, BlockNumber from, BlockNumber to)
{
	const Patience *patience = &work->run->patience;
	Counts		total = {0};

	for (int slice = 0; slice < progress->slices; slice++)
	{
		TimestampTz start = GetCurrentTimestamp();
		char	   *rows = slice_condition(from, to, progress->slices, slice);
		Counts		counts = run_slice(work, rows);

		pfree(rows);
		total.tried += counts.tried;
		total.done += counts.done;
		progress->done += counts.done;
		/* the first slice is the dearest */
		if (slice == 0)
			adapt_step(progress, patience->batch_size, counts.tried,
					   TimestampDifferenceMilliseconds(start, GetCurrentTimestamp()));
		tell_progress(work, progress);
		wait_for_standbys(patience);
		wait_ms(patience->pause);
	}
	return total;
}

/*
 * One pass over the table.
 */
static Counts
run_pass(const BatchedWork *work, Progress *progress)
{
	Counts		total = {0};

	for (BlockNumber block = 0; block < progress->blocks;)
	{
		BlockNumber end = Min(block + progress->step, progress->blocks);
		Counts		counts = run_range(work, progress, block, end);

		total.tried += counts.tried;
		total.done += counts.done;
		block = end;
	}
	return total;
}

/*
 * Do the work on the run's table, until no row is left.  False if rows were
 * tried in a pass, and none was done.  55P03 if rows stay locked for longer
 * than the caller waits; 42P01 if the table was dropped meanwhile.
 */
bool
run_batches(BatchedWork *work)
{
	TimestampTz moved = GetCurrentTimestamp();
	Progress	progress = {.started = moved};
	int64		delay = 100;

	if (!is_any_left(work))
		return true;
	start_pass(work, &progress, true);
	for (;;)
	{
		Counts		counts = run_pass(work, &progress);

		if (!is_any_left(work))
			return true;
		if (counts.tried > 0 && counts.done == 0)
			return false;
		if (counts.done > 0)
		{
			moved = GetCurrentTimestamp();
			delay = 100;
		}
		wait_or_give_up(work->run, work->run->relid, "locks on rows", moved, &delay);
		start_pass(work, &progress, false);
	}
}
