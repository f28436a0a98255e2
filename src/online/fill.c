/*
 * fill.c
 *		Gives every row a value in a column that was added empty, while others
 *		read and write.
 *
 * The rows are filled in batches (batches.c).  Rows inserted meanwhile get their
 * value by the column's default.  The triggers of users are for what users do,
 * so none fires where the caller may say so.  The column is known by its number,
 * as its name may be changed meanwhile.
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

/* A column that is filled */
typedef struct Filling
{
	BatchedWork work;			/* first, so that one can be taken for the other */
	const char *column;			/* as it was called at the start */
	AttrNumber	attnum;
	Bitmapset  *others;			/* columns that are set to themselves */
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
check_fillable_column(Relation rel, const char *column)
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
start_filling(BatchedWork *work, Relation rel)
{
	Filling    *filling = (Filling *) work;
	MemoryContext caller;

	work->quiet_triggers = may_quiet_triggers();
	warn_of_triggers(rel, work->quiet_triggers);
	if (!work->quiet_triggers)
		return;
	caller = MemoryContextSwitchTo(work->run->step_context);
	filling->others = indexed_plain_columns(filling, rel);
	MemoryContextSwitchTo(caller);
}

/*
 * The column's name, in a transaction in which the table is locked: 42703 if it
 * was dropped.
 */
static const char *
filled_column(const Filling *filling)
{
	char	   *name = get_attname(filling->work.run->relid, filling->attnum, true);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", filling->column,
						filling->work.run->name),
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
		char	   *name = get_attname(filling->work.run->relid, attnum, true);

		if (name != NULL)
			appendStringInfo(&buf, ", %s = %s", quote_identifier(name), quote_identifier(name));
	}
	return buf.data;
}

/*
 * The statement that fills a batch: a BatchQuery.
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
fill_query(const BatchedWork *work, const char *rows, bool skip_locked)
{
	const Filling *filling = (const Filling *) work;
	const char *column = filled_column(filling);
	const char *table = qualified_name(work->run->relid);
	const char *update = psprintf("UPDATE ONLY %s AS target SET %s = DEFAULT%s", table, column,
								  self_assignments(filling));
	const char *counts = psprintf("RETURNING target.%s AS id)"
								  " SELECT pg_catalog.count(*), pg_catalog.count(id) FROM filled", column);

	if (skip_locked)
		return psprintf("WITH batch AS MATERIALIZED (SELECT ctid FROM ONLY %s WHERE %s AND %s IS NULL FOR NO KEY UPDATE SKIP LOCKED),"
						" filled AS (%s FROM batch WHERE target.ctid OPERATOR(pg_catalog.=) batch.ctid %s",
						table, rows, column, update, counts);
	return psprintf("WITH filled AS (%s WHERE %s AND %s IS NULL %s", update, rows, column, counts);
}

/*
 * The rows that are still to be filled:
 *
 *	SELECT FROM ONLY public.user_orgs WHERE id IS NULL
 */
static char *
empty_rows_query(const BatchedWork *work)
{
	return psprintf("SELECT FROM ONLY %s WHERE %s IS NULL", qualified_name(work->run->relid),
					filled_column((const Filling *) work));
}

/*
 * Refuse what cannot be filled, and find the number of the column.
 */
static void
check_fill(Filling *filling)
{
	const OnlineRun *run = filling->work.run;
	Relation	rel;

	begin_work_on(run, AccessShareLock);
	rel = relation_open(run->relid, NoLock);
	filling->attnum = check_fillable_column(rel, filling->column);
	check_may_fill(run->relid);
	relation_close(rel, NoLock);
	end_work();
}

/*
 * Fill a column of the run's table, until no row is empty.  What
 * check_fillable_column() and check_may_fill() refuse; 42P01 and 42703 if the
 * table or the column was dropped meanwhile; 55P03 if rows stay locked for
 * longer than the caller waits; 55000 if something keeps them from being filled.
 */
void
fill_column(const OnlineRun *run, const char *column)
{
	Filling		filling = {
		.work = {.run = run,.verb = "filled",.start = start_filling,
		.batch_query = fill_query,.rest_query = empty_rows_query},.column = column
	};

	check_fill(&filling);
	if (!run_batches(&filling.work))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of \"%s\" cannot be filled", run->name),
				 errdetail("\"%s\" is null again after it was given its default.", column),
				 errhint("A trigger may put it back; disable it, or let it pass this column.")));
}

/* The arguments of _fill */
typedef struct FillArguments
{
	Oid			relid;
	char	   *column;
} FillArguments;

static void
fill_body(OnlineRun *run)
{
	const FillArguments *arguments = run->arguments;

	begin_run_on_own_table(run, arguments->relid);
	MemoryContextSwitchTo(run->step_context);
	fill_column(run, arguments->column);
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
	FillArguments arguments;
	Patience	patience;

	check_may_commit(fcinfo, "_fill");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 2);
	arguments.relid = PG_GETARG_OID(0);
	arguments.column = text_to_cstring(PG_GETARG_TEXT_PP(1));
	run_online(&arguments, &patience, fill_body);
	PG_RETURN_VOID();
}
