/*
 * fill.c
 *		Gives every row a value in a column that was added empty, in batches
 *		that commit, while others read and write.
 *
 *	1. Pass over the table by physical range, so that no batch looks at what
 *	   another has looked at.
 *	2. Fill a range slice by slice, each a batch.  The first rows that are
 *	   updated leave a full page for another, and every index learns of that;
 *	   but then there is room, and the later slices' rows stay in their page
 *	   (a HOT update): most need no index entry, and the table hardly grows.
 *	3. If a row is still empty (it was locked, or its owner has moved it to where
 *	   the pass had been), pass again.
 *
 * A batch that meets a row that somebody else has locked gives up at once, and
 * is done over without such rows: nobody waits for it on a row for longer than
 * it takes, and it waits for nobody.  Rows inserted meanwhile get their value
 * by the column's default.  A range is as large as makes a batch take about 20
 * ms, and holds about batch_size rows a slice at most.  The triggers of users
 * are for what users do, so none fires where the caller may say so.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "junction.h"

/* A batch is to take so long, in milliseconds, and the first has so many rows */
#define BATCH_TIME	20
#define FIRST_BATCH	500

/* Slices of a range: a power of two */
#define SLICES		16

/* For how long a batch waits for a row before it leaves it out */
#define ROW_TIMEOUT	10

typedef struct Filling
{
	Oid			relid;
	const char *column;
	const char *others;			/* ", a = a, b = b", or empty */
	const Patience *patience;
	bool		quiet_triggers; /* the caller may keep them from firing */
	BlockNumber blocks;			/* of the table, as the pass began */
	BlockNumber step;			/* blocks in a range */
	int			slices;
	double		expected;		/* rows, about */
	double		filled;
	TimestampTz started;
} Filling;

/*
 * May the caller set session_replication_role?
 */
static bool
may_quiet_triggers(void)
{
	return pg_parameter_aclcheck("session_replication_role", GetUserId(), ACL_SET) == ACLCHECK_OK;
}

/*
 * Warn of triggers that fire for each row that is filled.
 */
static void
warn_of_triggers(Relation rel, bool quiet)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];
		bool		fires = trigger->tgenabled == TRIGGER_FIRES_ALWAYS ||
			trigger->tgenabled == (quiet ? TRIGGER_FIRES_ON_REPLICA : TRIGGER_FIRES_ON_ORIGIN);

		if (!trigger->tgisinternal && TRIGGER_FOR_UPDATE(trigger->tgtype) &&
			trigger->tgnattr == 0 && fires)
			ereport(WARNING,
					(errmsg("trigger \"%s\" fires for each row of \"%s\" that is filled",
							trigger->tgname, display_name(RelationGetRelid(rel))),
					 quiet ? 0 :
					 errhint("Call it as a role that may set session_replication_role, to have it not fire.")));
	}
}

/*
 * What is to be set to itself: the columns of indexes.  An index that no column
 * of an UPDATE is in takes its entries for versions of the same row, and looks
 * for old ones to drop with every page that fills up; here it would find few.
 * Triggers on these columns must not fire.
 */
static const char *
self_assignments(const Filling *filling, Relation rel)
{
	TableFacts *table = read_table(filling->relid);
	Bitmapset  *columns = NULL;
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(IndexFacts, index, table->indexes)
		columns = bms_add_members(columns, index->column_set);
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), column->attnum - 1);
		const char *name = quote_identifier(column->name);

		if (bms_is_member(column->attnum, columns) && att->attgenerated == '\0' &&
			att->attidentity == '\0' && strcmp(column->name, filling->column) != 0)
			appendStringInfo(&buf, ", %s = %s", name, name);
	}
	return buf.data;
}

/*
 * Look at the table before a pass.
 */
static void
start_pass(Filling *filling, bool first)
{
	MemoryContext caller = CurrentMemoryContext;
	Relation	rel;

	begin_work();
	rel = relation_open(filling->relid, AccessShareLock);
	filling->blocks = RelationGetNumberOfBlocks(rel);
	/* later passes have few rows to fill */
	filling->slices = first ? SLICES : 1;
	if (first)
	{
		double		pages = Max(rel->rd_rel->relpages, 1);
		double		density = rel->rd_rel->reltuples > 0 ? rel->rd_rel->reltuples / pages : 100;

		filling->expected = density * filling->blocks;
		filling->step = Max(SLICES * Min(filling->patience->batch_size, FIRST_BATCH) / density, 1);
		filling->quiet_triggers = may_quiet_triggers();
		warn_of_triggers(rel, filling->quiet_triggers);
		if (filling->quiet_triggers)
			filling->others = MemoryContextStrdup(caller, self_assignments(filling, rel));
	}
	relation_close(rel, AccessShareLock);
	end_work();
	MemoryContextSwitchTo(caller);
}

/* What became of the rows of a range, or of a pass */
typedef struct Counts
{
	int64		tried;
	int64		filled;			/* fewer, if a trigger has its way */
} Counts;

/*
 * The statement that fills a slice of a range.
 *
 *	WITH filled AS (
 *		UPDATE ONLY public.user_orgs AS target SET id = DEFAULT, user_id = user_id, org_id = org_id
 *		WHERE ctid >= '(0,0)' AND ctid < '(50,0)' AND (hashtid(ctid) & 15) = 3 AND id IS NULL
 *		RETURNING id)
 *	SELECT count(*), count(id) FROM filled
 *
 * or, without rows that others have locked,
 *
 *	WITH batch AS MATERIALIZED (
 *		SELECT ctid FROM ONLY public.user_orgs WHERE ... FOR NO KEY UPDATE SKIP LOCKED),
 *	filled AS (
 *		UPDATE ONLY public.user_orgs AS target SET id = DEFAULT
 *		FROM batch WHERE target.ctid = batch.ctid RETURNING target.id)
 *	SELECT count(*), count(id) FROM filled
 */
static char *
fill_query(const Filling *filling, BlockNumber from, BlockNumber to, int slice, bool skip_locked)
{
	const char *column = quote_identifier(filling->column);
	const char *table = qualified_name(filling->relid);
	const char *rows = psprintf("ctid OPERATOR(pg_catalog.>=) '(%u,0)'::pg_catalog.tid"
								" AND ctid OPERATOR(pg_catalog.<) '(%u,0)'::pg_catalog.tid"
								" AND (pg_catalog.hashtid(ctid) OPERATOR(pg_catalog.&) %d) OPERATOR(pg_catalog.=) %d"
								" AND %s IS NULL", from, to, filling->slices - 1, slice, column);
	const char *update = psprintf("UPDATE ONLY %s AS target SET %s = DEFAULT%s", table, column,
								  filling->others);
	const char *counts = psprintf("RETURNING target.%s AS id)"
								  " SELECT pg_catalog.count(*), pg_catalog.count(id) FROM filled", column);

	if (skip_locked)
		return psprintf("WITH batch AS MATERIALIZED (SELECT ctid FROM ONLY %s WHERE %s FOR NO KEY UPDATE SKIP LOCKED),"
						" filled AS (%s FROM batch WHERE target.ctid OPERATOR(pg_catalog.=) batch.ctid %s",
						table, rows, update, counts);
	return psprintf("WITH filled AS (%s WHERE %s %s", update, rows, counts);
}

/* A statement that fills, and what came of it */
typedef struct Batch
{
	char	   *query;
	Counts		counts;
} Batch;

static void
run_batch(void *state)
{
	Batch	   *batch = state;
	Counts	   *counts = &batch->counts;
	bool		isnull;

	if (SPI_execute(batch->query, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run \"%s\"", batch->query);
	counts->tried = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	counts->filled = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
}

/*
 * Fill a slice of a range, and commit.
 */
static Counts
fill_slice(const Filling *filling, BlockNumber from, BlockNumber to, int slice)
{
	Batch		batch;

	begin_work();
	if (filling->quiet_triggers)
		(void) set_config_option("session_replication_role", "replica", PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	LockTimeout = ROW_TIMEOUT;
	batch.query = fill_query(filling, from, to, slice, false);
	if (!try_work(run_batch, &batch))
	{
		LockTimeout = 0;
		batch.query = fill_query(filling, from, to, slice, true);
		run_batch(&batch);
	}
	LockTimeout = 0;
	end_work();
	return batch.counts;
}

static bool
is_any_empty(const Filling *filling)
{
	char	   *query;
	bool		any;

	begin_work();
	query = psprintf("SELECT FROM ONLY %s WHERE %s IS NULL LIMIT 1",
					 qualified_name(filling->relid), quote_identifier(filling->column));
	if (SPI_execute(query, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query);
	any = SPI_processed > 0;
	end_work();
	return any;
}

static void
tell_progress(const Filling *filling)
{
	double		seconds = (GetCurrentTimestamp() - filling->started) / 1000000.0;
	double		rate = filling->filled / Max(seconds, 0.001);
	double		left = Max(filling->expected - filling->filled, 0);

	tell("filled %.0f of about %.0f rows (%.0f %%), %.0f rows/s, about %.0f s left",
		 filling->filled, Max(filling->expected, filling->filled),
		 100 * filling->filled / Max(Max(filling->expected, filling->filled), 1), rate,
		 left / Max(rate, 1));
}

/*
 * As many blocks for the next batch as fill in the time that one may take; it
 * grows slowly, and shrinks at once.
 */
static void
adapt_step(Filling *filling, int64 rows, int64 milliseconds)
{
	double		factor = Min((double) BATCH_TIME / Max(milliseconds, 1), 1.5);

	if (rows > 0)
		factor = Min(factor, (double) filling->patience->batch_size / rows);
	filling->step = (BlockNumber) Max(Min(filling->step * factor + (factor > 1 ? 1 : 0),
										  (double) MaxBlockNumber / 2), 1);
}

/*
 * Fill a range, slice by slice.
 */
static Counts
fill_range(Filling *filling, BlockNumber from, BlockNumber to)
{
	Counts		total = {0};

	for (int slice = 0; slice < filling->slices; slice++)
	{
		TimestampTz start = GetCurrentTimestamp();
		Counts		rows = fill_slice(filling, from, to, slice);

		total.tried += rows.tried;
		total.filled += rows.filled;
		filling->filled += rows.filled;
		/* the first slice is the dearest */
		if (slice == 0)
			adapt_step(filling, rows.tried,
					   TimestampDifferenceMilliseconds(start, GetCurrentTimestamp()));
		tell_progress(filling);
		wait_for_standbys(filling->patience);
		wait_ms(filling->patience->pause);
	}
	return total;
}

/*
 * One pass over the table.
 */
static Counts
fill_pass(Filling *filling)
{
	Counts		total = {0};

	for (BlockNumber block = 0; block < filling->blocks;)
	{
		BlockNumber end = Min(block + filling->step, filling->blocks);
		Counts		rows = fill_range(filling, block, end);

		total.tried += rows.tried;
		total.filled += rows.filled;
		block = end;
	}
	return total;
}

/*
 * Fill a column, until no row is empty.  55P03 if rows stay locked for longer
 * than the caller waits, 55000 if something keeps them from being filled.
 */
void
fill_column(Oid relid, const char *column, const Patience *patience)
{
	Filling		filling = {.relid = relid,.column = column,.others = "",.patience = patience};
	TimestampTz moved = GetCurrentTimestamp();
	int64		delay = 100;

	filling.started = moved;
	start_pass(&filling, true);
	for (;;)
	{
		Counts		rows = fill_pass(&filling);

		if (!is_any_empty(&filling))
			return;
		if (rows.tried > 0 && rows.filled == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("rows of \"%s\" cannot be filled", display_name(relid)),
					 errdetail("\"%s\" is null again after it was given its default.", column),
					 errhint("A trigger may put it back; disable it, or let it pass this column.")));
		if (rows.filled > 0)
		{
			moved = GetCurrentTimestamp();
			delay = 100;
		}
		wait_or_give_up(relid, "locks on rows", moved, patience, &delay);
		start_pass(&filling, false);
	}
}
