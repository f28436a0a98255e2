/*
 * repair_online.c
 *		junction.repair_concurrently: the missing reverse indexes, built while
 *		others read and write.
 *
 *	1. Look: the half-indexed junctions, all or one, that are the caller's.
 *	2. Build each index by itself.  Of a partitioned table PostgreSQL builds none
 *	   concurrently; so its own is made empty, each partition's concurrently, and
 *	   those are attached, which makes the first one valid.
 *
 * The state is the tables: an index that a stopped run has left invalid is
 * built anew, a partition that has one already is left alone.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "junction.h"

/* An index to be built */
typedef struct Target
{
	Oid			relid;
	List	   *columns;
	char	   *fix;			/* null if partitions have to be walked through */
} Target;

/* A statement of the walk through partitions */
typedef struct Move
{
	bool		alone;			/* it cannot be in a transaction */
	char	   *text;
} Move;

/*
 * What is to be built.  Findings without a statement are no use, but on a
 * partitioned table, where one index is many.
 */
static List *
find_targets(Oid only)
{
	List	   *targets = NIL;

	foreach_ptr(Finding, finding, collect_findings(only, true))
	{
		bool		partitioned = get_rel_relkind(finding->junction) == RELKIND_PARTITIONED_TABLE;
		Target	   *target;

		if ((strcmp(finding->rule, "half_indexed") != 0 && strcmp(finding->rule, "invalid_index") != 0) ||
			(finding->fix == NULL && !(partitioned && strcmp(finding->rule, "invalid_index") == 0)))
			continue;
		if (!object_ownercheck(RelationRelationId, finding->junction, GetUserId()))
		{
			tell("\"%s\" is somebody else's, and left alone", display_name(finding->junction));
			continue;
		}
		target = palloc(sizeof(Target));
		target->relid = finding->junction;
		target->columns = finding->columns;
		target->fix = partitioned ? NULL : finding->fix;
		targets = lappend(targets, target);
	}
	return targets;
}

static Move *
make_move(bool alone, const char *format, const char *first, const char *second, const char *third)
{
	Move	   *move = palloc(sizeof(Move));

	move->alone = alone;
	move->text = psprintf(format, first, second, third);
	return move;
}

static bool
is_attached(Oid index, Oid to)
{
	return OidIsValid(to) && has_superclass(index) &&
		list_member_oid(find_inheritance_children(to, NoLock), index);
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
		if (is_attached(index->oid, parent))
			return index;
		if (!has_superclass(index->oid))
			found = index;
	}
	return found;
}

/*
 * The next statement that the index of a partitioned table, or of one of its
 * partitions, lacks; null if nothing is.
 *
 *	CREATE INDEX i ON ONLY public.links (org_id)
 *	CREATE INDEX CONCURRENTLY i1 ON public.links_1 (org_id)
 *	ALTER INDEX public.i ATTACH PARTITION public.i1
 */
static Move *
next_move(Oid relid, List *columns, Oid parent)
{
	TableFacts *table = read_table(relid);
	bool		partitioned = table->kind == RELKIND_PARTITIONED_TABLE;
	IndexFacts *index = find_plain_index(table, columns, parent);
	NameSpace	names = {.namespace = table->namespace,.taken = make_taken_names()};

	if (index != NULL && !partitioned && !index->usable)
		return make_move(true, "DROP INDEX CONCURRENTLY %s%s%s", qualified_name(index->oid), "", "");
	if (index == NULL)
		return make_move(!partitioned,
						 partitioned ? "CREATE INDEX %s ON ONLY %s (%s)" : "CREATE INDEX CONCURRENTLY %s ON %s (%s)",
						 quote_identifier(choose_name(&names, NAME_INDEX, table->name, list_copy(columns), NULL, NIL)),
						 qualified_name(relid), column_list(columns));
	if (partitioned)
		foreach_oid(child, find_inheritance_children(relid, AccessShareLock))
		{
			Move	   *move = next_move(child, columns, index->oid);

			if (move != NULL)
				return move;
		}
	if (OidIsValid(parent) && !is_attached(index->oid, parent))
		return make_move(false, "ALTER INDEX %s ATTACH PARTITION %s%s", qualified_name(parent),
						 qualified_name(index->oid), "");
	return NULL;
}

/*
 * Walk through the partitions of a table until its index is whole.
 */
static void
build_by_partition(const Target *target, const Patience *patience)
{
	MemoryContext caller = CurrentMemoryContext;

	for (;;)
	{
		Move	   *move;
		OnlineStep	step = {0};

		begin_work();
		MemoryContextSwitchTo(caller);
		relation_close(relation_open(target->relid, AccessShareLock), NoLock);
		move = next_move(target->relid, target->columns, InvalidOid);
		end_work();
		MemoryContextSwitchTo(caller);
		if (move == NULL)
			return;
		step.kind = move->alone ? STEP_ALONE : STEP_BRIEF;
		plan_add(&step.statements, NULL, "%s", move->text);
		run_step(&step, NULL, target->relid, patience);
	}
}

static void
build_target(const Target *target, const Patience *patience)
{
	OnlineStep	step = {.kind = STEP_ALONE};

	lock_run(target->relid);
	if (target->fix == NULL)
		build_by_partition(target, patience);
	else
	{
		plan_add(&step.statements, NULL, "%s", target->fix);
		run_step(&step, NULL, target->relid, patience);
	}
	unlock_run();
}

static void
repair_body(FunctionCallInfo fcinfo, const Patience *patience, MemoryContext context)
{
	Oid			only = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	List	   *targets;

	begin_work();
	MemoryContextSwitchTo(context);
	if (OidIsValid(only))
		relation_close(open_table_to_change(only, AccessShareLock), AccessShareLock);
	targets = find_targets(only);
	end_work();
	foreach_ptr(Target, target, targets)
	{
		MemoryContextSwitchTo(context);
		build_target(target, patience);
	}
}

PG_FUNCTION_INFO_V1(junction_repair_concurrently);

/*
 * CALL junction.repair_concurrently(junction regclass, lock_timeout interval,
 *		max_wait interval)
 *
 * Of all half-indexed junctions that are the caller's if junction is null.  What
 * check.c refuses of a table, and: 25001 and 2D000 where it cannot commit;
 * 55006 if the table is being changed concurrently already; 55P03 if a lock was
 * not to be had in max_wait.
 */
Datum
junction_repair_concurrently(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {[1] = "lock_timeout",[2] = "max_wait"};
	Patience	patience = {.batch_size = 1,.max_lag = -1};

	check_may_commit(fcinfo, "repair_concurrently");
	check_arguments(fcinfo, required, lengthof(required));
	read_waiting(fcinfo, 1, &patience);
	run_online(fcinfo, &patience, repair_body);
	PG_RETURN_VOID();
}
