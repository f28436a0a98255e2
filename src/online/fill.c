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
 *
 * Each batch locks the table by OID before it takes its name, and that of the
 * column by number: either may have been changed since the last.  What fires
 * and is computed for a row is the table owner's, and runs as the owner.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "online/online.h"
#include "statement/statement.h"

/* A batch is to take so long, in milliseconds, and the first has so many rows */
#define BATCH_TIME	20
#define FIRST_BATCH	500

/* Slices of a range: a power of two */
#define SLICES		16

/* For how long a batch waits for a row before it leaves it out */
#define ROW_TIMEOUT	10

typedef struct Filling
{
	const OnlineRun *run;
	const char *column;			/* as it was called at the start */
	AttrNumber	attnum;
	Bitmapset  *others;			/* columns that are set to themselves */
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
 * Warn of triggers that fire for each row that is filled.  The relation's own
 * list of them goes when its cache entry is rebuilt, as any look-up may do.
 */
static void
warn_of_triggers(Relation rel, bool quiet)
{
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];
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
 * Refuse a table whose rows the caller may not see, or whose owner may not fill
 * them: 42501.  The caller has locked it.
 */
void
check_may_fill(Oid relid)
{
	Oid			owner = table_owner(relid);

	check_reads_all(relid, "Every row must be given a value.");
	if (pg_class_aclcheck(relid, owner, ACL_SELECT) != ACLCHECK_OK ||
		pg_class_aclcheck(relid, owner, ACL_UPDATE) != ACLCHECK_OK ||
		object_aclcheck(NamespaceRelationId, get_rel_namespace(relid), owner, ACL_USAGE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to fill \"%s\"", display_name(relid)),
				 errdetail("Rows are filled with the rights of the owner, \"%s\".",
						   GetUserNameFromId(owner, false)),
				 errhint("The owner needs SELECT and UPDATE on the table, and USAGE on its schema.")));
}

/*
 * The number of the column that is to be filled.  42809 for a partitioned table,
 * 42703 for a column that is not there, 55000 for one that has no default.
 */
static AttrNumber
check_column(Relation rel, const char *column)
{
	const char *name = display_name(RelationGetRelid(rel));
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), column);

	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is partitioned", name),
				 errdetail("It has no rows of its own that could be filled.")));
	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", column, name)));
	if (TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated != '\0' ||
		build_column_default(rel, attnum) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of \"%s\" has no default", column, name),
				 errdetail("Rows are filled with the default of the column.")));
	return attnum;
}

/*
 * What is to be set to itself: the columns of indexes.  An index that no column
 * of an UPDATE is in takes its entries for versions of the same row, and looks
 * for old ones to drop with every page that fills up; here it would find few.
 * Triggers on these columns must not fire.
 */
static Bitmapset *
indexed_plain_columns(const Filling *filling, Relation rel)
{
	TableFacts *table = read_table(RelationGetRelid(rel));
	Bitmapset  *indexed = NULL;
	Bitmapset  *result = NULL;

	foreach_ptr(IndexFacts, index, table->indexes)
		indexed = bms_add_members(indexed, index->column_set);
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), column->attnum - 1);

		if (bms_is_member(column->attnum, indexed) && att->attgenerated == '\0' &&
			att->attidentity == '\0' && column->attnum != filling->attnum)
			result = bms_add_member(result, column->attnum);
	}
	return result;
}

/*
 * Learn how the table is filled best, before the first pass.
 */
static void
plan_passes(Filling *filling, Relation rel)
{
	double		pages = Max(rel->rd_rel->relpages, 1);
	double		density = rel->rd_rel->reltuples > 0 ? rel->rd_rel->reltuples / pages : 100;
	int			first = Min(filling->run->patience.batch_size, FIRST_BATCH);
	MemoryContext caller;

	filling->expected = density * RelationGetNumberOfBlocks(rel);
	filling->step = Max(SLICES * first / density, 1);
	filling->quiet_triggers = may_quiet_triggers();
	warn_of_triggers(rel, filling->quiet_triggers);
	if (!filling->quiet_triggers)
		return;
	caller = MemoryContextSwitchTo(filling->run->step_context);
	filling->others = indexed_plain_columns(filling, rel);
	MemoryContextSwitchTo(caller);
}

/*
 * Look at the table before a pass.
 */
static void
start_pass(Filling *filling, bool first)
{
	Relation	rel;

	begin_work_on(filling->run, AccessShareLock);
	rel = relation_open(filling->run->relid, NoLock);
	filling->blocks = RelationGetNumberOfBlocks(rel);
	/* later passes have few rows to fill */
	filling->slices = first ? SLICES : 1;
	if (first)
		plan_passes(filling, rel);
	relation_close(rel, NoLock);
	end_work();
}

/*
 * The column's name, in a transaction in which the table is locked: 42703 if it
 * was dropped.
 */
static const char *
column_name(const Filling *filling)
{
	char	   *name = get_attname(filling->run->relid, filling->attnum, true);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", filling->column,
						filling->run->name),
				 errdetail("It was dropped while it was being filled.")));
	return quote_identifier(name);
}

/*
 * ", a = a, b = b", or empty
 */
static const char *
self_assignments(const Filling *filling)
{
	StringInfoData buf;
	int			attnum = -1;

	initStringInfo(&buf);
	while ((attnum = bms_next_member(filling->others, attnum)) >= 0)
	{
		char	   *name = get_attname(filling->run->relid, attnum, true);

		if (name != NULL)
			appendStringInfo(&buf, ", %s = %s", quote_identifier(name), quote_identifier(name));
	}
	return buf.data;
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
	const char *column = column_name(filling);
	const char *table = qualified_name(filling->run->relid);
	const char *rows = psprintf("ctid OPERATOR(pg_catalog.>=) '(%u,0)'::pg_catalog.tid"
								" AND ctid OPERATOR(pg_catalog.<) '(%u,0)'::pg_catalog.tid"
								" AND (pg_catalog.hashtid(ctid) OPERATOR(pg_catalog.&) %d) OPERATOR(pg_catalog.=) %d"
								" AND %s IS NULL", from, to, filling->slices - 1, slice, column);
	const char *update = psprintf("UPDATE ONLY %s AS target SET %s = DEFAULT%s", table, column,
								  self_assignments(filling));
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
	Oid			relid;
	char	   *query;
	Counts		counts;
} Batch;

/*
 * Run it as the owner.  A trigger that is deferred would fire when the
 * transaction commits, and we are the caller again; so it fires at the end of
 * the statement.
 */
static void
run_batch(void *state)
{
	Batch	   *batch = state;
	Counts	   *counts = &batch->counts;
	OwnerRole	role;
	bool		isnull;

	become_owner(&role, batch->relid);
	if (role.changed)
		AfterTriggerSetState(makeNode(ConstraintsSetStmt));
	if (SPI_execute(batch->query, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run \"%s\"", batch->query);
	become_caller(&role);
	counts->tried = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	counts->filled = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
}

/*
 * Fill a slice of a range, and commit.
 */
static Counts
fill_slice(const Filling *filling, BlockNumber from, BlockNumber to, int slice)
{
	Batch		batch = {.relid = filling->run->relid};
	char	   *schema;

	begin_work_on(filling->run, RowExclusiveLock);
	schema = schema_name(batch.relid);
	if (filling->quiet_triggers)
		set_for_transaction("session_replication_role", "replica");
	set_lock_timeout(ROW_TIMEOUT);
	batch.query = fill_query(filling, from, to, slice, false);
	if (!try_work(run_batch, &batch))
	{
		set_lock_timeout(0);
		batch.query = fill_query(filling, from, to, slice, true);
		run_batch(&batch);
	}
	check_schema_name(batch.relid, schema);
	end_work();
	return batch.counts;
}

static bool
is_any_empty(const Filling *filling)
{
	OwnerRole	role;
	char	   *query;
	bool		any;
	Oid			relid = filling->run->relid;
	char	   *schema;

	begin_work_on(filling->run, AccessShareLock);
	schema = schema_name(relid);
	query = psprintf("SELECT FROM ONLY %s WHERE %s IS NULL LIMIT 1", qualified_name(relid),
					 column_name(filling));
	become_owner(&role, relid);
	if (SPI_execute(query, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query);
	any = SPI_processed > 0;
	become_caller(&role);
	check_schema_name(relid, schema);
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
		factor = Min(factor, (double) filling->run->patience.batch_size / rows);
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
		wait_for_standbys(&filling->run->patience);
		wait_ms(filling->run->patience.pause);
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
 * Find out whether, and where, there is anything to fill.
 */
static void
check_fill(Filling *filling)
{
	Relation	rel;

	begin_work_on(filling->run, AccessShareLock);
	rel = relation_open(filling->run->relid, NoLock);
	filling->attnum = check_column(rel, filling->column);
	check_may_fill(RelationGetRelid(rel));
	relation_close(rel, NoLock);
	end_work();
}

/*
 * Fill a column of the run's table, until no row is empty.  What check_column()
 * and check_may_fill() refuse; 42P01 and 42703 if the table or the column was
 * dropped meanwhile; 55P03 if rows stay locked for longer than the caller waits;
 * 55000 if something keeps them from being filled.
 */
void
fill_column(const OnlineRun *run, const char *column)
{
	Filling		filling = {.run = run,.column = column};
	TimestampTz moved = GetCurrentTimestamp();
	int64		delay = 100;

	filling.started = moved;
	check_fill(&filling);
	if (!is_any_empty(&filling))
		return;
	start_pass(&filling, true);
	for (;;)
	{
		Counts		rows = fill_pass(&filling);

		if (!is_any_empty(&filling))
			return;
		if (rows.tried > 0 && rows.filled == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("rows of \"%s\" cannot be filled", run->name),
					 errdetail("\"%s\" is null again after it was given its default.", column),
					 errhint("A trigger may put it back; disable it, or let it pass this column.")));
		if (rows.filled > 0)
		{
			moved = GetCurrentTimestamp();
			delay = 100;
		}
		wait_or_give_up(run, run->relid, "locks on rows", moved, &delay);
		start_pass(&filling, false);
	}
}

static void
fill_body(OnlineRun *run)
{
	FunctionCallInfo fcinfo = run->fcinfo;

	begin_run_on_argument(run);
	MemoryContextSwitchTo(run->step_context);
	fill_column(run, text_to_cstring(PG_GETARG_TEXT_PP(1)));
}

PG_FUNCTION_INFO_V1(junction_fill);

/*
 * CALL junction._fill(relation regclass, column_name text, batch_size int,
 *		pause interval, max_lag bigint, lock_timeout interval, max_wait interval)
 *
 * Give every row that has none the default of the column: a statement of the
 * plan of a concurrent promotion.  What fill.c refuses of a table and a column;
 * 55006, 55P03, 25001 and 2D000 as above.
 */
Datum
junction_fill(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {
		[0] = "relation",[1] = "column_name",[2] = "batch_size",[3] = "pause",[5] = "lock_timeout",
		[6] = "max_wait"
	};
	Patience	patience;

	check_may_commit(fcinfo, "_fill");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 2);
	run_online(fcinfo, &patience, fill_body);
	PG_RETURN_VOID();
}
