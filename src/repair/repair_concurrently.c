/*
 * repair_concurrently.c
 *		junction.repair_concurrently: builds the missing reverse indexes while
 *		other sessions read and write.
 *
 *	1. Find the half-indexed junctions that the caller owns: one, or all.
 *	2. Build each index by itself.  PostgreSQL cannot build an index of a
 *	   partitioned table concurrently.  So the index of the partitioned table is
 *	   created on it ONLY, which leaves it invalid; then each partition gets its
 *	   index concurrently; then these are attached, and the last one makes the
 *	   index of the partitioned table valid.
 *
 * There is no state but the catalogs, so a run that was stopped is continued by
 * the same call: an index that it has left invalid is built again, and a
 * partition that has its index is skipped.  Each table and each partition is
 * read right before its step, in memory that is freed after the step, so the
 * number of partitions is not limited by memory.
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
	List	   *columns;		/* their names, char * */
} Target;

/* A partitioned table, or a partition below it */
typedef struct Part
{
	Oid			relid;
	List	   *columns;		/* the endpoint's, names, char * */
	Oid			parent;			/* the table that it is a partition of; or
								 * InvalidOid for the top */
	Oid			parent_index;	/* the index to attach its index to; or
								 * InvalidOid for the top */
	Oid			index;			/* its index; InvalidOid until there is one */
	bool		partitioned;
	bool		whole;			/* all partitions below it were visited */
} Part;

/* The rules whose findings are repaired */
#define INDEX_RULES	(RULE_BIT(RULE_HALF_INDEXED) | RULE_BIT(RULE_INVALID_INDEX))

/* Returns a Target with copies of what it takes from a finding. */
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
 * Returns a list of Target, allocated in context.  only: the one table to look
 * at, or InvalidOid for all.
 *
 * A finding without a fix is skipped, except for the invalid index of a
 * partitioned table, which is repaired by partition.  A table of another owner
 * is skipped with a NOTICE.
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
			ereport(NOTICE,
					(errmsg("skipping \"%s\": another role owns it", display_name(finding->junction))));
			continue;
		}
		current = MemoryContextSwitchTo(context);
		targets = lappend(targets, make_target(finding));
		MemoryContextSwitchTo(current);
	}
	return targets;
}

/*
 * Returns a step without statements.  name: for step_point(); mode: of the lock on
 * the table; named: the OIDs of the existing indexes that the statement will name.
 */
static OnlineStep *
make_step(const char *name, StepKind kind, Oid relid, LOCKMODE mode, List *named)
{
	OnlineStep *step = palloc0(sizeof(OnlineStep));

	step->name = name;
	step->kind = kind;
	step->relid = relid;
	step->mode = mode;
	step->named = named;
	return step;
}

/*
 * Returns the OID of the invalid index that would serve the endpoint with these
 * columns, as a list; NIL if there is none.
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
 * A NextStep: the step that runs the fix of a Target, found again under the
 * lock; null if the endpoint is served now.
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
			OnlineStep *step = make_step("fix", STEP_ALONE, target->relid, ShareUpdateExclusiveLock,
										 invalid_index_of(junction, target->columns));

			plan_add(&step->statements, NULL, "%s", finding->fix);
			return step;
		}
	return NULL;
}

/*
 * Returns the whole btree index of a table over exactly these columns, without
 * INCLUDE columns and not unique: the one that is attached to the index parent,
 * or else one that is attached to no index.  It may be invalid.  Or null.
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
 * Is relid a partition of parent, and not being detached concurrently?
 */
static bool
is_partition_of(Oid relid, Oid parent)
{
	return get_rel_relispartition(relid) && !PartitionHasPendingDetach(relid) &&
		get_partition_parent(relid, true) == parent;
}

/*
 * The step that creates the index of a part, of a partitioned table or of a leaf:
 *
 *	CREATE INDEX i ON ONLY public.links (org_id)
 *	CREATE INDEX CONCURRENTLY i1 ON public.links_1 (org_id)
 */
static OnlineStep *
make_creation(const Part *part, const TableFacts *table)
{
	NameSpace	names = {
		.namespace = table->namespace,.taken = make_taken_names(),.naming = naming_for_table(table)
	};
	char	   *name = choose_name(&names, NAME_INDEX, table->name, list_copy(part->columns), NULL, NIL);
	OnlineStep *step = part->partitioned ?
		make_step("part-index", STEP_BRIEF, part->relid, ShareLock, NIL) :
		make_step("part-index", STEP_ALONE, part->relid, ShareUpdateExclusiveLock, NIL);

	plan_add(&step->statements, NULL, "CREATE INDEX %s%s ON %s%s (%s)",
			 part->partitioned ? "" : "CONCURRENTLY ", quote_identifier(name),
			 part->partitioned ? "ONLY " : "", qualified_name(part->relid), column_list(part->columns));
	return step;
}

/*
 * The step that drops the invalid index of a leaf:
 *
 *	DROP INDEX CONCURRENTLY public.i1
 */
static OnlineStep *
make_removal(const Part *part)
{
	OnlineStep *step = make_step("part-drop", STEP_ALONE, part->relid, ShareUpdateExclusiveLock,
								 list_make1_oid(part->index));

	plan_add(&step->statements, NULL, "DROP INDEX CONCURRENTLY %s", qualified_name(part->index));
	return step;
}

/*
 * The step that attaches the index of a part to the index of its parent:
 *
 *	ALTER INDEX public.i ATTACH PARTITION public.i1
 *
 * 55000 if the parent's index was dropped meanwhile.
 */
static OnlineStep *
make_attachment(const Part *part)
{
	OnlineStep *step = make_step("part-attach", STEP_BRIEF, part->relid, AccessShareLock,
								 list_make2_oid(part->parent_index, part->index));

	LockRelationOid(part->parent_index, AccessShareLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(part->parent_index)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the index of the partitioned table was dropped before the indexes of all partitions were attached to it"),
				 errhint("Call the procedure again: it creates the index again.")));
	plan_add(&step->statements, NULL, "ALTER INDEX %s ATTACH PARTITION %s",
			 qualified_name(part->parent_index), qualified_name(part->index));
	return step;
}

/*
 * A NextStep: the next step of a Part itself, without the partitions below it;
 * null if there is none, or if it is no longer a partition of its parent.
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
 * Run all steps of a Part itself, without the partitions below it.  Does nothing
 * if the table was dropped.
 */
static void
build_part(OnlineRun *run, Part *part)
{
	for (;;)
	{
		OnlineStep *step;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(run->step_context);
		/* a dropped partition needs no index */
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
 * Returns the OIDs of the partitions of a table, one level down, in the run's
 * memory context.  They are not locked: there may be more of them than the lock
 * table holds.
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
 * Build the index of a Part and of all partitions below it, recursively, and
 * attach each to the index above it.
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
 * Run the fix of a target that is not partitioned, if it is still needed.
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

/*
 * Build one index, as a run on its table: the number of several.  55006 if another
 * run works on it.
 */
static void
build_target(OnlineRun *run, Target *target, int number, int several)
{
	Part		top = {.relid = target->relid,.columns = target->columns};
	char	   *name = display_name(target->relid);

	begin_work();
	begin_run(run, target->relid, name);
	end_work();
	MemoryContextSwitchTo(run->step_context);
	show_step(target->relid, "build-index", number, several);
	if (get_rel_relkind(target->relid) == RELKIND_PARTITIONED_TABLE)
		build_by_partition(run, &top);
	else
		build_by_fix(run, target);
	end_run();
}

/*
 * The body that run_online() calls.  The run's arguments: the OID of the one
 * table, or null for all.
 */
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
		build_target(run, target, foreach_current_index(target) + 1, list_length(targets));
	}
}

PG_FUNCTION_INFO_V1(junction_repair_concurrently);

/*
 * CALL junction.repair_concurrently(junction regclass, lock_timeout interval,
 *		max_wait interval)
 *
 * All half-indexed junctions that the caller owns, if junction is null.  Errors:
 * those of check/table.c; 22004 and 22023 for the intervals; 25001 and 2D000
 * where it cannot commit; 25006 where nothing can be written; 55000 if the schema
 * was renamed or an index dropped meanwhile; 55006 if another run works on the
 * table; 55P03 if it did not get a lock within max_wait.
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
