/*
 * fill.c
 *		Gives every row a value in a column that was added empty, in batches
 *		that commit, while others read and write.
 *
 *	1. Pass over the table by physical range, so that no batch looks at what
 *	   another has looked at.  A batch takes the rows of its range that are
 *	   still empty, and leaves out those that somebody else has locked: nobody
 *	   waits for it on a row for longer than it takes, and it waits for nobody.
 *	2. Vacuum now and then: a row that is updated leaves its old version behind,
 *	   and the next batches use that space again, so the table hardly grows.
 *	3. If a row is still empty (it was locked, or its owner has moved it to where
 *	   the pass had been), pass again.
 *
 * Rows inserted meanwhile get their value by the column's default.  A range is
 * as large as fills in about 40 ms, and holds about batch_size rows at most.
 * The triggers of users are for what users do, so none fires where the caller
 * may say so.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_parameter_acl.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "junction.h"

/* A batch is to take so long, in milliseconds, and the first has so many rows */
#define BATCH_TIME	40
#define FIRST_BATCH	500

/* How often a pass over the table stops to vacuum, and from which size on */
#define VACUUMS_PER_PASS	8
#define MIN_VACUUM_BLOCKS	1024

typedef struct Filling
{
	Oid			relid;
	const char *column;
	const Patience *patience;
	bool		quiet_triggers; /* the caller may keep them from firing */
	BlockNumber blocks;			/* of the table, as the pass began */
	BlockNumber step;			/* blocks in a batch */
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
 * Look at the table before a pass.
 */
static void
start_pass(Filling *filling, bool first)
{
	Relation	rel;

	begin_work();
	rel = relation_open(filling->relid, AccessShareLock);
	filling->blocks = RelationGetNumberOfBlocks(rel);
	if (first)
	{
		double		pages = Max(rel->rd_rel->relpages, 1);
		double		density = rel->rd_rel->reltuples > 0 ? rel->rd_rel->reltuples / pages : 100;

		filling->expected = density * filling->blocks;
		filling->step = Max(Min(filling->patience->batch_size, FIRST_BATCH) / density, 1);
		filling->quiet_triggers = may_quiet_triggers();
		warn_of_triggers(rel, filling->quiet_triggers);
	}
	relation_close(rel, AccessShareLock);
	end_work();
}

/* What became of the rows of a range, or of a pass */
typedef struct Counts
{
	int64		tried;
	int64		filled;			/* fewer, if a trigger has its way */
} Counts;

/*
 * Fill the rows of a range that nobody else has locked, and commit.
 *
 *	WITH batch AS MATERIALIZED (
 *		SELECT ctid FROM ONLY public.user_orgs
 *		WHERE ctid >= '(0,0)' AND ctid < '(50,0)' AND id IS NULL
 *		FOR NO KEY UPDATE SKIP LOCKED),
 *	filled AS (
 *		UPDATE ONLY public.user_orgs AS target SET id = DEFAULT
 *		FROM batch WHERE target.ctid = batch.ctid RETURNING target.id)
 *	SELECT count(*), count(id) FROM filled
 */
static Counts
fill_range(const Filling *filling, BlockNumber from, BlockNumber to)
{
	const char *column = quote_identifier(filling->column);
	const char *table;
	char	   *query;
	Counts		counts;
	bool		isnull;

	begin_work();
	if (filling->quiet_triggers)
		(void) set_config_option("session_replication_role", "replica", PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	table = qualified_name(filling->relid);
	query = psprintf("WITH batch AS MATERIALIZED (SELECT ctid FROM ONLY %s"
					 " WHERE ctid OPERATOR(pg_catalog.>=) '(%u,0)'::pg_catalog.tid"
					 " AND ctid OPERATOR(pg_catalog.<) '(%u,0)'::pg_catalog.tid AND %s IS NULL"
					 " FOR NO KEY UPDATE SKIP LOCKED),"
					 " filled AS (UPDATE ONLY %s AS target SET %s = DEFAULT"
					 " FROM batch WHERE target.ctid OPERATOR(pg_catalog.=) batch.ctid RETURNING target.%s AS id)"
					 " SELECT pg_catalog.count(*), pg_catalog.count(id) FROM filled",
					 table, from, to, column, table, column, column);
	if (SPI_execute(query, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run \"%s\"", query);
	counts.tried = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	counts.filled = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	end_work();
	return counts;
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
 * Use the space of old row versions again.  Where somebody else vacuums, or
 * what else it would wait for, it is left out.
 */
static void
vacuum(Oid relid)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *table;

	begin_work();
	table = MemoryContextStrdup(caller, qualified_name(relid));
	end_work();
	MemoryContextSwitchTo(caller);
	run_alone(psprintf("VACUUM (TRUNCATE false, SKIP_LOCKED) %s", table));
	MemoryContextSwitchTo(caller);
}

/*
 * One pass over the table.
 */
static Counts
fill_pass(Filling *filling)
{
	BlockNumber vacuum_step = Max(filling->blocks / VACUUMS_PER_PASS, MIN_VACUUM_BLOCKS);
	BlockNumber next_vacuum = vacuum_step;
	Counts		total = {0};

	for (BlockNumber block = 0; block < filling->blocks;)
	{
		BlockNumber end = Min(block + filling->step, filling->blocks);
		TimestampTz start = GetCurrentTimestamp();
		Counts		rows = fill_range(filling, block, end);

		total.tried += rows.tried;
		total.filled += rows.filled;
		filling->filled += rows.filled;
		adapt_step(filling, rows.tried, TimestampDifferenceMilliseconds(start, GetCurrentTimestamp()));
		tell_progress(filling);
		block = end;
		if (block >= next_vacuum && block < filling->blocks && total.tried > 0)
		{
			vacuum(filling->relid);
			next_vacuum = block + vacuum_step;
		}
		wait_for_standbys(filling->patience);
		wait_ms(filling->patience->pause);
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
	Filling		filling = {.relid = relid,.column = column,.patience = patience};
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
