/*
 * fill.c
 *		Fills a column that was added without values with its default, in every
 *		row, while other sessions read and write.
 *
 * The rows are filled in batches (batches.c).  Rows that are inserted meanwhile
 * get the column's default anyway.  If the caller may set
 * session_replication_role, user triggers do not fire for the fill.  The column
 * is kept by its number, as it may be renamed meanwhile.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "online/online.h"

/* The fill of a column */
typedef struct Filling
{
	BatchedWork work;			/* must be first: a BatchedWork * is cast */
	const char *column;			/* its name at the start, for messages */
	AttrNumber	attnum;
	Bitmapset  *others;			/* columns that the UPDATE sets to themselves:
								 * indexed_plain_columns() */
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
 * Raise a WARNING for each user trigger that fires for the fill.  quiet: the
 * fill runs with session_replication_role = replica; may_quiet: it could.  The list is
 * copied, as a syscache lookup can rebuild the relcache entry and free it.
 */
static void
warn_of_triggers(Relation rel, bool quiet, bool may_quiet)
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
					 quiet || !may_quiet ? 0 :
					 errhint("To keep it from firing, call the procedure as a role that may set session_replication_role.")));
	}
}

/*
 * Refuse a table if the caller may not read all its rows, or if its owner, as
 * whom the fill runs, may not update them: 42501.  The table must be locked.
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
 * Refuse a column that is generated or has no default: 55000.
 */
static void
check_default(Relation rel, AttrNumber attnum)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

	if (att->attgenerated != '\0' || build_column_default(rel, attnum) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of \"%s\" has no default", NameStr(att->attname),
						display_name(RelationGetRelid(rel))),
				 errdetail("Rows are filled with the default of the column.")));
}

/*
 * Returns the number of the column to fill.  42809 for a partitioned table,
 * 42703 if the column does not exist, and what check_default() raises.
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
				 errdetail("A partitioned table has no rows of its own to fill.")));
	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", column, name)));
	check_default(rel, attnum);
	return attnum;
}

/*
 * Returns the indexed columns that the UPDATE sets to themselves, without
 * generated and identity columns, which it cannot set.
 *
 * If an UPDATE sets no column of an index, the index takes the new entry for
 * another version of the same row, and each time that a page fills up it
 * searches for old versions to delete (bottom-up deletion).  In a fill, the
 * search costs time and finds few.  Setting a column to itself prevents it.
 * Only to be used while triggers do not fire, as it would fire those UPDATE OF
 * these columns.  filled: the column to fill, which is left out.
 */
Bitmapset *
indexed_plain_columns(Relation rel, AttrNumber filled)
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
			att->attidentity == '\0' && column->attnum != filled)
			result = bms_add_member(result, column->attnum);
	}
	return result;
}

/*
 * BatchedWork.start: decide whether triggers fire, and which columns are set to
 * themselves.
 */
static void
start_filling(BatchedWork *work, Relation rel)
{
	Filling    *filling = (Filling *) work;
	MemoryContext caller;

	work->quiet_triggers = !work->in_shards && may_quiet_triggers();
	warn_of_triggers(rel, work->quiet_triggers, !work->in_shards);
	if (!work->quiet_triggers)
		return;
	caller = MemoryContextSwitchTo(work->run->step_context);
	filling->others = indexed_plain_columns(rel, filling->attnum);
	MemoryContextSwitchTo(caller);
}

/*
 * Returns the present name of a column, quoted; null if it was dropped.  (get_attname()
 * returns what a dropped column is called in the catalog.)
 */
static const char *
present_column(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCacheAttNum(relid, attnum);
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	name = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	ReleaseSysCache(tuple);
	return quote_identifier(name);
}

/*
 * Returns the column's present name, quoted; 42703 if it was dropped.  The table
 * must be locked.
 */
static const char *
filled_column(const Filling *filling)
{
	const char *name = present_column(filling->work.run->relid, filling->attnum);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", filling->column,
						filling->work.run->name),
				 errdetail("It was dropped while it was being filled.")));
	return filling->work.in_shards ? escape_for_shards(name) : name;
}

/* Returns the qualified name of the table; in shards, what stands for theirs. */
static const char *
filled_table(const BatchedWork *work)
{
	return work->in_shards ? "%1$s" : qualified_name(work->run->relid);
}

/*
 * ", a = a, b = b" for columns of a table that are set to themselves, or ""
 */
const char *
self_assignments(Oid relid, const Bitmapset *columns)
{
	StringInfoData buf;
	int			attnum = -1;

	initStringInfo(&buf);
	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		const char *name = present_column(relid, attnum);

		if (name != NULL)
			appendStringInfo(&buf, ", %s = %s", name, name);
	}
	return buf.data;
}

/*
 * Is what a batch sets to be counted?  Not in the first pass, which has nearly all
 * rows, unless a trigger can change it: that its default is null, as it can be
 * changed meanwhile, shows in the next one.  55000 if it was dropped.
 */
static bool
is_to_be_counted(const Filling *filling)
{
	Relation	rel = relation_open(filling->work.run->relid, NoLock);
	bool		set_by_trigger = rel->trigdesc != NULL && rel->trigdesc->trig_update_before_row;

	check_default(rel, filling->attnum);
	relation_close(rel, NoLock);
	return filling->work.in_shards || filling->work.later_pass || set_by_trigger;
}

/*
 * BatchedWork.batch_query: the statement that fills a batch.
 *
 *	UPDATE ONLY public.user_orgs AS target SET id = DEFAULT, user_id = user_id, org_id = org_id
 *	WHERE ctid = ANY ($1) AND id IS NULL
 *
 * or, to skip rows that other sessions have locked,
 *
 *	WITH batch AS MATERIALIZED (
 *		SELECT ctid FROM ONLY public.user_orgs WHERE ... FOR NO KEY UPDATE SKIP LOCKED)
 *	UPDATE ONLY public.user_orgs AS target SET id = DEFAULT
 *	FROM batch WHERE target.ctid = batch.ctid
 *
 * or, if the column may be null after it, the same as a part of
 *
 *	WITH ..., filled AS (UPDATE ... RETURNING target.id AS id)
 *	SELECT count(*), count(id) FROM filled
 *
 * with operators, functions and types qualified.  In shards, %1$s is the table's
 * name, and the two counts are one text.
 */
static char *
fill_query(const BatchedWork *work, const char *rows, bool skip_locked)
{
	const Filling *filling = (const Filling *) work;
	const char *column = filled_column(filling);
	const char *table = filled_table(work);
	const char *update = psprintf("UPDATE ONLY %s AS target SET %s = DEFAULT%s", table, column,
								  self_assignments(work->run->relid, filling->others));
	const char *batch = psprintf("batch AS MATERIALIZED (SELECT ctid FROM ONLY %s WHERE %s AND %s IS NULL FOR NO KEY UPDATE SKIP LOCKED)",
								 table, rows, column);

	update = skip_locked ? psprintf("%s FROM batch WHERE target.ctid OPERATOR(pg_catalog.=) batch.ctid", update) :
		psprintf("%s WHERE %s AND %s IS NULL", update, rows, column);
	if (!is_to_be_counted(filling))
		return skip_locked ? psprintf("WITH %s %s", batch, update) : pstrdup(update);
	return psprintf("WITH %s%sfilled AS (%s RETURNING target.%s AS id) SELECT %s FROM filled",
					skip_locked ? batch : "", skip_locked ? ", " : "", update, column,
					work->in_shards ? batch_result_in_shards("id") : "pg_catalog.count(*), pg_catalog.count(id)");
}

/*
 * BatchedWork.rest_query: the rows that are still to be filled.
 *
 *	SELECT ctid FROM ONLY public.user_orgs WHERE id IS NULL
 */
static char *
empty_rows_query(const BatchedWork *work)
{
	return psprintf("SELECT ctid FROM ONLY %s WHERE %s IS NULL", filled_table(work),
					filled_column((const Filling *) work));
}

/*
 * Does Citus keep the run's table in shards?  0A000 if there are copies of its rows,
 * which must not be changed one by one.
 */
static bool
check_in_shards(const OnlineRun *run)
{
	Placement	placement = read_placement(run->relid);

	if (placement.copies)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows of distributed table \"%s\" cannot be filled in batches", run->name),
				 errdetail("There are copies of each row, and each would be given a value of its own.")));
	return placement.layout != LAYOUT_LOCAL;
}

/*
 * Run all checks, and find the number of the column, in a transaction of its own.
 */
static void
check_fill(Filling *filling)
{
	const OnlineRun *run = filling->work.run;
	Relation	rel;

	begin_work_on(run, AccessShareLock);
	rel = relation_open(run->relid, NoLock);
	filling->attnum = check_fillable_column(rel, filling->column);
	filling->work.in_shards = check_in_shards(run);
	check_may_fill(run->relid);
	relation_close(rel, NoLock);
	end_work();
}

/*
 * Fill a column of the run's table in all rows in which it is null.
 *
 * Errors: those of check_fillable_column() and check_may_fill(); 42P01 and 42703
 * if the table or the column was dropped meanwhile; 55P03 if rows stay locked
 * for max_wait; 55000 if rows stay null after their UPDATE.
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
				 errdetail("Column \"%s\" is still null after it was set to its default.", column),
				 errhint("Its default may be null, or a trigger set it back to null. Change that, and call the procedure again.")));
}

/* The arguments of _fill */
typedef struct FillArguments
{
	Oid			relid;
	char	   *column;
} FillArguments;

/* The body of _fill, which run_online() calls. */
static void
fill_body(OnlineRun *run)
{
	const FillArguments *arguments = run->arguments;

	begin_run_on_own_table(run, arguments->relid);
	MemoryContextSwitchTo(run->step_context);
	show_step(run->relid, "fill", 1, 1);
	fill_column(run, arguments->column);
}

PG_FUNCTION_INFO_V1(junction_fill);

/*
 * CALL junction._fill(relation regclass, column_name text, batch_size int,
 *		pause interval, max_lag bigint, lock_timeout interval, max_wait interval)
 *
 * Set a column to its default in all rows in which it is null.  It is a
 * statement of the plan of a concurrent promotion.  Errors: those of
 * check/table.c and fill_column(); 22004 and 22023 for the arguments; 25001 and
 * 2D000 where it cannot commit; 25006 where nothing can be written; 55006 if
 * another run works on the table.
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
