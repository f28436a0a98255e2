/*
 * batches.c
 *		Changes the rows of a table in batches that commit, while other sessions
 *		read and write.
 *
 *	1. Pass over the table by physical ranges of blocks.  Read a range once, and
 *	   note the ctids of the rows that are to be changed (noted_rows.c).
 *	2. Split them into slices, of which each has some rows of every page, and
 *	   change one slice in each batch.  In a full page, the updates of the first
 *	   slice move rows to other pages and add entries to every index.  But they
 *	   make room, so most rows of the later slices stay in their page: HOT updates,
 *	   which add no index entries and hardly let the table grow.
 *	3. If rows are left (they were locked, or another session's update has moved
 *	   them into blocks that the pass had done), pass again.
 *
 * The caller builds the statements: what to change, and which rows are left
 * (BatchedWork).
 *
 * A batch that meets a row locked by another session gives up after ROW_TIMEOUT
 * and is run again without the locked rows.  So a batch does not wait for other
 * sessions, and they wait for it no longer than it runs.  The size of a range is
 * adapted, so that a batch takes about BATCH_TIME and a slice has at most about
 * batch_size rows.
 *
 * The rows of a table that Citus keeps are in shards: shards.c changes a batch in
 * each of them, side by side, in the same range of blocks and by a hash of the ctid,
 * as it would have to note the rows of each.  These batches take longer,
 * as each costs connections, and skip locked rows from the first.
 *
 * Each batch locks the table by OID before it builds its statement, as the table
 * may have been renamed.  Triggers, defaults and generated columns are the
 * owner's code, so the statement runs as the table's owner.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "replication/syncrep.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/*
 * ms: the time that a batch is to take.  Other sessions wait at most this long
 * for a row of ours; much shorter batches would spend their time on commits.
 */
#define BATCH_TIME	20

/* ms: the same in shards, where each batch costs connections */
#define SHARD_BATCH_TIME	100

/*
 * Rows in a slice of the first range, before a batch was timed.  Few enough that
 * even a slow batch (many indexes, triggers) is short.
 */
#define FIRST_BATCH	500

/*
 * Slices of a range.  Only about 1/16 of the rows of a page move before there is
 * room in it.
 *
 * Tried, with a uuid beside two others, for which at least 21 % of the rows must move:
 * 4, 8, 16 and 32 slices take the same CPU time within a tenth (the scans that
 * fewer slices save go into index entries), and 8, 16 and 32 slices move 36, 32 and 30 % of the
 * rows.  Five slices of which the first is a quarter move 41 %, and take no less.
 */
#define SLICES		MAX_SLICES

/*
 * The same in shards: fewer, so that there are fewer batches.  A power of two, as
 * SHARD_SLICES - 1 is the mask of the hash.
 */
#define SHARD_SLICES	4

/*
 * ms: how long a batch waits for a row lock before it skips locked rows.  Short,
 * as the rows that the batch has changed stay locked meanwhile.
 */
#define ROW_TIMEOUT	10

/* The progress of the work on a table */
typedef struct Progress
{
	BlockNumber blocks;			/* of the table, or its largest shard, when the pass began */
	BlockNumber step;			/* blocks in a range */
	int			slices;			/* of a range */
	double		expected;		/* rows of the table, estimated */
	double		done;			/* rows changed so far */
	TimestampTz started;
	NotedRows	noted;			/* of the present range; not in shards */
} Progress;

/* The state of run_batch() */
typedef struct Batch
{
	Oid			relid;
	char	   *query;
	const NotedSlice *slice;	/* the rows, $1 of the query; null in shards */
	BatchCounts counts;
	bool		paused;			/* the run is to pause after it */
} Batch;

/* The condition of the rows of a slice that were noted */
static const char noted_condition[] = "ctid OPERATOR(pg_catalog.=) ANY ($1)";

/*
 * Returns the condition of a slice in shards, of the blocks from to to - 1:
 *
 *	ctid >= '(0,0)' AND ctid < '(50,0)' AND (hashtid(ctid) & 3) = 2
 *
 * with every operator and function qualified by pg_catalog.
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
 * Run the statement of a batch as the table's owner.  All constraints are set to
 * IMMEDIATE: a deferred trigger would fire at commit, with the caller's rights.
 */
static void
run_batch(void *state)
{
	Batch	   *batch = state;
	OwnerRole	role;
	int64		counts[2];
	TimestampTz start = GetCurrentTimestamp();

	become_owner(&role, batch->relid);
	if (role.changed)
		AfterTriggerSetState(makeNode(ConstraintsSetStmt));
	make_room(batch->relid, batch->slice);
	change_rows(batch->query, TIDARRAYOID, noted_array(batch->slice), counts, lengthof(counts));
	become_caller(&role);
	batch->counts.tried = batch->counts.part = counts[0];
	batch->counts.done = counts[1];
	batch->counts.milliseconds = TimestampDifferenceMilliseconds(start, GetCurrentTimestamp());
}

/*
 * Change a batch; after ROW_TIMEOUT, the rows of it that no other session has locked.
 *
 * The commit does not wait for the disk: a batch that is lost with the server is
 * done again, and the commit of the next step waits for all before it.  Where
 * standbys are waited for, it waits, so that the fill is no faster than they are.
 */
static void
run_batch_or_part(const BatchedWork *work, Batch *batch)
{
	if (work->quiet_triggers)
		set_for_transaction("session_replication_role", "replica");
	if (SyncRepStandbyNames == NULL || SyncRepStandbyNames[0] == '\0')
		set_for_transaction("synchronous_commit", "off");
	/* the planner would rather read all of a small table than fetch rows by ctid */
	set_for_transaction("enable_seqscan", "off");
	set_lock_timeout(ROW_TIMEOUT);
	batch->query = work->batch_query(work, noted_condition, false);
	if (!try_work(run_batch, batch))
	{
		set_lock_timeout(0);
		batch->query = work->batch_query(work, noted_condition, true);
		run_batch(batch);
	}
}

/*
 * Change the rows of a batch that no other session has locked, in all shards, as the
 * table's owner.
 */
static void
run_batch_in_shards(const BatchedWork *work, Batch *batch, const char *rows)
{
	OwnerRole	role;

	batch->query = work->batch_query(work, rows, true);
	become_owner(&role, batch->relid);
	batch->counts = change_in_shards(batch->relid, batch->query);
	become_caller(&role);
}

/*
 * Change a slice and commit; then pause, if that was asked.  rows: in shards, its
 * slice_condition(), and slice is null.  42P01 if the table was dropped, 55P03 if it
 * cannot be locked, 55000 if its schema was renamed.
 */
static BatchCounts
run_slice(const BatchedWork *work, const char *rows, const NotedSlice *slice)
{
	Batch		batch = {.relid = work->run->relid,.slice = slice};
	char	   *schema;

	step_point("batch", "before-lock");
	begin_work_on(work->run, RowExclusiveLock);
	step_point("batch", "after-lock");
	schema = schema_name(batch.relid);
	if (work->in_shards)
		run_batch_in_shards(work, &batch, rows);
	else
		run_batch_or_part(work, &batch);
	step_point("batch", "after-run");
	check_schema_name(batch.relid, schema);
	batch.paused = is_paused(batch.relid);
	end_work();
	if (batch.paused)
		wait_while_paused(work->run);
	return batch.counts;
}

/*
 * Is a row still to be changed?  Reads the rows as the table's owner, in a
 * transaction of its own.
 *
 *	SELECT pg_catalog.count(*) FROM (rest_query() LIMIT 1) AS rest
 */
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
	query = work->rest_query(work);
	become_owner(&role, relid);
	if (work->in_shards)
		left = is_any_in_shards(relid, query) ? 1 : 0;
	else
		select_counts(psprintf("SELECT pg_catalog.count(*) FROM (%s LIMIT 1) AS rest", query), &left, 1);
	become_caller(&role);
	check_schema_name(relid, schema);
	end_work();
	return left > 0;
}

/*
 * Returns the rows in a block, by pg_class.reltuples and relpages.
 */
double
rows_in_block(double tuples, double pages)
{
	return tuples > 0 ? tuples / Max(pages, 1) : 100;
}

/*
 * Set the number of blocks of a table that Citus keeps, and *rows to its rows.
 * Returns the rows in a block.
 */
static double
measure_in_shards(Oid relid, Progress *progress, double *rows)
{
	OwnerRole	role;
	ShardsSize	size;

	become_owner(&role, relid);
	size = measure_shards(relid);
	become_caller(&role);
	progress->blocks = size.largest;
	*rows = size.rows;
	return size.blocks > 0 ? size.rows / size.blocks : 1;
}

/*
 * Set the number of blocks and slices before a pass; before the first also the
 * size of a range and the expected rows, from pg_class.reltuples and relpages.
 */
static void
start_pass(BatchedWork *work, Progress *progress, bool first)
{
	Relation	rel;
	double		density;
	double		rows;

	begin_work_on(work->run, AccessShareLock);
	rel = relation_open(work->run->relid, NoLock);
	if (work->in_shards)
		density = measure_in_shards(work->run->relid, progress, &rows);
	else
	{
		density = rows_in_block(rel->rd_rel->reltuples, rel->rd_rel->relpages);
		progress->blocks = RelationGetNumberOfBlocks(rel);
		rows = density * progress->blocks;
	}
	/* a later pass changes few rows: slices would only read them more often */
	progress->slices = !first ? 1 : work->in_shards ? SHARD_SLICES : SLICES;
	work->later_pass = !first;
	if (first)
	{
		progress->expected = rows;
		progress->step = Max(progress->slices * Min(work->run->patience.batch_size, FIRST_BATCH) / density, 1);
		work->start(work, rel);
		show_rows(0, progress->expected, progress->started);
	}
	relation_close(rel, NoLock);
	end_work();
}

/* Report the progress, the rate and the estimated rest in a NOTICE. */
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
 * Set the blocks of the next range, so that a batch takes that many milliseconds and
 * has at most batch_size rows, in shards in each.  batch: the one that was timed.  The
 * range grows by half at most, and shrinks at once.
 */
static void
adapt_step(Progress *progress, int batch_size, int milliseconds, const BatchCounts *batch)
{
	double		factor = Min((double) milliseconds / Max(batch->milliseconds, 1), 1.5);

	if (batch->part > 0)
		factor = Min(factor, (double) batch_size / batch->part);
	progress->step = (BlockNumber) Max(Min(progress->step * factor + (factor > 1 ? 1 : 0),
										   (double) MaxBlockNumber / 2), 1);
}

/*
 * Change a range, of the blocks from to to - 1, slice by slice.  Waits after each
 * slice for standbys and slots, for autovacuum and for the pause.
 */
static BatchCounts
run_range(const BatchedWork *work, Progress *progress, BlockNumber from, BlockNumber to)
{
	const Patience *patience = &work->run->patience;
	BatchCounts total = {0};
	BatchCounts first = {0};

	if (!work->in_shards)
		note_rows(work, &progress->noted, progress->slices, from, to);
	for (int i = 0; i < progress->slices; i++)
	{
		const NotedSlice *slice = work->in_shards ? NULL : &progress->noted.slice[i];
		char	   *rows = work->in_shards ? slice_condition(from, to, progress->slices, i) : NULL;
		BatchCounts counts;

		if (slice != NULL && slice->count == 0)
			continue;
		counts = run_slice(work, rows, slice);
		if (rows != NULL)
			pfree(rows);
		/* the first slice takes longest: its updates are not HOT */
		if (total.tried == 0)
			first = counts;
		total.tried += counts.tried;
		total.done += counts.done;
		progress->done += counts.done;
		show_rows(progress->done, progress->expected, progress->started);
		tell_progress(work, progress);
		wait_for_replicas(patience);
		yield_to_autovacuum(work->run);
		wait_ms(patience->pause);
	}
	adapt_step(progress, patience->batch_size, work->in_shards ? SHARD_BATCH_TIME : BATCH_TIME, &first);
	return total;
}

/*
 * Pass over the table once, range by range.
 */
static BatchCounts
run_pass(const BatchedWork *work, Progress *progress)
{
	BatchCounts total = {0};

	for (BlockNumber block = 0; block < progress->blocks;)
	{
		BlockNumber end = Min(block + progress->step, progress->blocks);
		BatchCounts counts = run_range(work, progress, block, end);

		total.tried += counts.tried;
		total.done += counts.done;
		block = end;
	}
	return total;
}

/*
 * Change the rows of the run's table until none is left.  Returns false if a
 * later pass has tried rows and none kept its value.  55P03 if no row could be changed
 * for max_wait, because all were locked; the other errors of run_slice().
 */
bool
run_batches(BatchedWork *work)
{
	TimestampTz moved = GetCurrentTimestamp();
	Progress	progress = {
		.started = moved,
		.noted.context = AllocSetContextCreate(work->run->step_context, "junction batches", ALLOCSET_DEFAULT_SIZES)
	};
	int64		delay = 100;	/* ms before the next pass */

	if (!is_any_left(work))
		return true;
	start_pass(work, &progress, true);
	for (;;)
	{
		BatchCounts counts = run_pass(work, &progress);

		if (!is_any_left(work))
			return true;
		if (counts.tried > 0 && counts.done == 0)
			return false;
		if (counts.done > 0)
		{
			moved = GetCurrentTimestamp();
			delay = 100;
		}
		wait_or_give_up(work->run, work->run->relid, "row locks in", moved, &delay);
		start_pass(work, &progress, false);
	}
}
