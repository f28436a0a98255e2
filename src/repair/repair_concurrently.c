/*
 * repair_concurrently.c
 *		junction.repair_concurrently: the missing reverse indexes, built while
 *		others read and write.
 *
 *	1. Look: the half-indexed junctions, all or one, that are the caller's.
 *	2. Build each index by itself.  Of a partitioned table PostgreSQL builds none
 *	   concurrently; so its own is made empty, each partition's concurrently, and
 *	   those are attached, which makes the first one valid.
 *
 * The state is the tables: an index that a stopped run has left invalid is
 * built anew, a partition that has one already is left alone.  Each table, and
 * each partition, is looked at by itself right before its step, in memory that
 * lasts until the next; so a table may have any number of partitions.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "online/online.h"
#include "rules/rules.h"
#include "statement/statement.h"

/* An endpoint whose index is to be built */
typedef struct Target
{
	Oid			relid;
	List	   *columns;		/* names */
} Target;

/* A partitioned table or one of its partitions, on the way through them */
typedef struct Part
{
	Oid			relid;
	List	   *columns;		/* names */
	Oid			parent;			/* the table that it is a partition of, and */
	Oid			parent_index;	/* the index to attach its own to; InvalidOid of
								 * the top */
	Oid			index;			/* its own, once it is there */
	bool		partitioned;
	bool		whole;			/* its partitions have their indexes */
} Part;

/* What is mended here */
#define INDEX_RULES	(RULE_BIT(RULE_HALF_INDEXED) | RULE_BIT(RULE_INVALID_INDEX))

static Target *
make_target(const Finding *finding)
{
	Target	   *target = palloc0(sizeof(Target));

	target->relid = finding->junction;
	foreach_ptr(char, column, finding->columns)
		target->columns = lappend(target->columns, pstrdup(column));
	return target;
}

/*
 * What is to be built, in the given context; all that was read for it is in the
 * current one.  Findings without a statement are no use, but on a partitioned
 * table, where one index is many.
 */
static List *
find_targets(Oid only, MemoryContext context)
{
	List	   *targets = NIL;

	foreach_ptr(Finding, finding, collect_findings(only, INDEX_RULES, true))
	{
		bool		partitioned = get_rel_relkind(finding->junction) == RELKIND_PARTITIONED_TABLE;
		MemoryContext current;

		if (finding->fix == NULL && !(partitioned && finding->rule == RULE_INVALID_INDEX))
			continue;
		if (!is_own_table(finding->junction))
		{
			tell("\"%s\" is somebody else's, and left alone", display_name(finding->junction));
			continue;
		}
		current = MemoryContextSwitchTo(context);
		targets = lappend(targets, make_target(finding));
		MemoryContextSwitchTo(current);
	}
	return targets;
}

static OnlineStep *
make_step(StepKind kind, Oid relid, LOCKMODE mode, List *named)
{
	OnlineStep *step = palloc0(sizeof(OnlineStep));

	step->kind = kind;
	step->relid = relid;
	step->mode = mode;
	step->named = named;
	return step;
}

/*
 * The invalid index that would serve the endpoint of these columns.
 */
static List *
invalid_index_of(const Junction *junction, List *columns)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		if (endpoint->invalid != NULL && same_names(endpoint_columns(junction, endpoint), columns))
			return list_make1_oid(endpoint->invalid->oid);
	return NIL;
}

/*
 * What the report says now of the target: a NextStep.
 */
static OnlineStep *
next_fix(void *state)
{
	Target	   *target = state;
	Database   *database = read_for_rules(list_make1_oid(target->relid), INDEX_RULES, NULL);
	TableFacts *table = find_table(database, target->relid);
	NameSpace	names = {.namespace = table->namespace,.taken = make_taken_names()};
	Junction   *junction = classify(table);

	foreach_ptr(Finding, finding, apply_rules(INDEX_RULES, junction, database, &names, true))
		if (finding->fix != NULL && same_names(finding->columns, target->columns))
		{
			OnlineStep *step = make_step(STEP_ALONE, target->relid, ShareUpdateExclusiveLock,
										 invalid_index_of(junction, target->columns));

			plan_add(&step->statements, NULL, "%s", finding->fix);
			return step;
		}
	return NULL;
}

/*
 * The index of a table over just these columns: the one that is attached to
 * that of its root, or else any plain one, which may be invalid.
 */
static IndexFacts *
find_plain_index(const TableFacts *table, List *columns, Oid parent)
{
	IndexFacts *found = NULL;

	foreach_ptr(IndexFacts, index, table->indexes)
	{
		if (index->method != BTREE_AM_OID || index->unique || index->expressions ||
			index->predicate != NULL || index->nkeys != index->ncolumns ||
			!same_names(column_names(table, index->columns, index->nkeys), columns))
			continue;
		if (!get_rel_relispartition(index->oid))
			found = index;
		else if (get_partition_parent(index->oid, true) == parent)
			return index;
	}
	return found;
}

/*
 * Is a table a partition of another, and not on its way out?
 */
static bool
is_partition_of(Oid relid, Oid parent)
{
	return get_rel_relispartition(relid) && !PartitionHasPendingDetach(relid) &&
		get_partition_parent(relid, true) == parent;
}

/*
 *	CREATE INDEX i ON ONLY public.links (org_id)
 *	CREATE INDEX CONCURRENTLY i1 ON public.links_1 (org_id)
 */
static OnlineStep *
make_creation(const Part *part, const TableFacts *table)
{
	NameSpace	names = {.namespace = table->namespace,.taken = make_taken_names()};
	char	   *name = choose_name(&names, NAME_INDEX, table->name, list_copy(part->columns), NULL, NIL);
	OnlineStep *step = part->partitioned ?
		make_step(STEP_BRIEF, part->relid, ShareLock, NIL) :
		make_step(STEP_ALONE, part->relid, ShareUpdateExclusiveLock, NIL);

	plan_add(&step->statements, NULL, "CREATE INDEX %s%s ON %s%s (%s)",
			 part->partitioned ? "" : "CONCURRENTLY ", quote_identifier(name),
			 part->partitioned ? "ONLY " : "", qualified_name(part->relid), column_list(part->columns));
	return step;
}

/*
 *	DROP INDEX CONCURRENTLY public.i1
 */
static OnlineStep *
make_removal(const Part *part)
{
	OnlineStep *step = make_step(STEP_ALONE, part->relid, ShareUpdateExclusiveLock,
								 list_make1_oid(part->index));

	plan_add(&step->statements, NULL, "DROP INDEX CONCURRENTLY %s", qualified_name(part->index));
	return step;
}

/*
 *	ALTER INDEX public.i ATTACH PARTITION public.i1
 */
static OnlineStep *
make_attachment(const Part *part)
{
	OnlineStep *step = make_step(STEP_BRIEF, part->relid, AccessShareLock,
								 list_make2_oid(part->parent_index, part->index));

	LockRelationOid(part->parent_index, AccessShareLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(part->parent_index)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the index that partitions were attached to was dropped meanwhile"),
				 errhint("The same call makes it anew.")));
	plan_add(&step->statements, NULL, "ALTER INDEX %s ATTACH PARTITION %s",
			 qualified_name(part->parent_index), qualified_name(part->index));
	return step;
}

/*
 * The next statement that the index of a partitioned table, or of one of its
 * partitions, lacks, but for what is below it; null if there is none: a NextStep.
 */
static OnlineStep *
next_part_step(void *state)
{
	Part	   *part = state;
	TableFacts *table = read_table(part->relid);
	IndexFacts *index;

	if (OidIsValid(part->parent) && !is_partition_of(part->relid, part->parent))
		return NULL;
	part->partitioned = table->kind == RELKIND_PARTITIONED_TABLE;
	index = find_plain_index(table, part->columns, part->parent_index);
	part->index = index ? index->oid : InvalidOid;
	if (index == NULL)
		return make_creation(part, table);
	if (!part->partitioned && !index->usable)
		return make_removal(part);
	if (OidIsValid(part->parent) && (part->whole || !part->partitioned) &&
		!get_rel_relispartition(index->oid))
		return make_attachment(part);
	return NULL;
}

/*
 * Do what a table or partition lacks, but for what is below it.
 */
static void
build_part(OnlineRun *run, Part *part)
{
	for (;;)
	{
		OnlineStep *step;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(run->step_context);
		/* who drops a partition has mended it */
		if (!begin_work_if_there(run, part->relid, AccessShareLock))
			return;
		MemoryContextSwitchTo(run->step_context);
		step = next_part_step(part);
		end_work();
		MemoryContextSwitchTo(run->step_context);
		if (step == NULL)
			return;
		(void) run_step(run, step, next_part_step, part);
	}
}

/*
 * The partitions of a table.  Each is locked when its turn comes: there may be
 * more than the lock table holds.
 */
static List *
find_parts(const OnlineRun *run, Oid relid)
{
	List	   *parts = NIL;

	if (!begin_work_if_there(run, relid, AccessShareLock))
		return NIL;
	MemoryContextSwitchTo(run->context);
	parts = find_inheritance_children(relid, NoLock);
	end_work();
	MemoryContextSwitchTo(run->step_context);
	return parts;
}

/*
 * Walk through a table and what is below it, until its index is whole.
 */
static void
build_by_partition(OnlineRun *run, Part *part)
{
	List	   *below;

	check_stack_depth();
	build_part(run, part);
	if (!part->partitioned || !OidIsValid(part->index))
		return;
	below = find_parts(run, part->relid);
	foreach_oid(relid, below)
	{
		Part		child = {
			.relid = relid,.columns = part->columns,.parent = part->relid,.parent_index = part->index
		};

		build_by_partition(run, &child);
	}
	list_free(below);
	part->whole = true;
	build_part(run, part);
}

/*
 * Run the one statement that the target lacks, if it still does.
 */
static void
build_by_fix(OnlineRun *run, Target *target)
{
	OnlineStep *step;

	do
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(run->step_context);
		if (!begin_work_if_there(run, target->relid, AccessShareLock))
			return;
		MemoryContextSwitchTo(run->step_context);
		step = next_fix(target);
		end_work();
		MemoryContextSwitchTo(run->step_context);
	} while (step != NULL && !run_step(run, step, next_fix, target));
}

static void
build_target(OnlineRun *run, Target *target)
{
	Part		top = {.relid = target->relid,.columns = target->columns};

	begin_run(run, target->relid, display_name(target->relid));
	if (get_rel_relkind(target->relid) == RELKIND_PARTITIONED_TABLE)
		build_by_partition(run, &top);
	else
		build_by_fix(run, target);
	end_run();
}

static void
repair_body(OnlineRun *run)
{
	const Oid  *only = run->arguments;
	List	   *targets;

	begin_work();
	if (only != NULL)
		relation_close(open_table_to_change(*only, AccessShareLock), AccessShareLock);
	targets = find_targets(only ? *only : InvalidOid, run->context);
	end_work();
	foreach_ptr(Target, target, targets)
	{
		MemoryContextSwitchTo(run->step_context);
		build_target(run, target);
	}
}

PG_FUNCTION_INFO_V1(junction_repair_concurrently);

/*
 * CALL junction.repair_concurrently(junction regclass, lock_timeout interval,
 *		max_wait interval)
 *
 * Of all half-indexed junctions that are the caller's if junction is null.  What
 * check/table.c refuses of a table, and: 25001 and 2D000 where it cannot commit;
 * 55006 if the table is being changed concurrently already; 55P03 if a lock was
 * not to be had in max_wait.
 */
Datum
junction_repair_concurrently(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {[1] = "lock_timeout",[2] = "max_wait"};
	Patience	patience = {.batch_size = 1,.max_lag = -1};
	Oid			only = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);

	check_may_commit(fcinfo, "repair_concurrently");
	check_arguments(fcinfo, required, lengthof(required));
	read_waiting(fcinfo, 1, &patience);
	run_online(PG_ARGISNULL(0) ? NULL : &only, &patience, repair_body);
	PG_RETURN_VOID();
}
