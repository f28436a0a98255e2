/*
 * split.c
 *		junction.split: takes a multiway table apart into the relations that it
 *		mixes.
 *
 *	1. Check: a multiway table of the caller's, whose rows he may read.
 *	2. Decide: by actor (split_actor.c) or into tables (split_parts.c and
 *	   split_tables.c); without either, the one that the rows allow.
 *	3. Check and build in these files, and run or return (statement/plan.c).
 *
 * The table is locked in ACCESS EXCLUSIVE mode if its key changes, or may change,
 * or if it is dropped; else in SHARE ROW EXCLUSIVE mode, so that its rows stay as
 * they were counted.  A dry run takes ACCESS SHARE.
 */
#include "postgres.h"

#include "access/relation.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Refuse a table whose key is temporal: 42809.
 */
static void
check_not_temporal(const Junction *junction)
{
	if (is_temporal_key(junction->pair_key))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" keeps the history of its links", display_name(junction->table->oid)),
				 errdetail("Its key \"%s\" lets the same ends come back at another time.",
						   index_name(junction->pair_key))));
}

/*
 * Decide the split that the rows allow, if neither argument was given.  55000,
 * with the splits that they allow, unless there is exactly one.
 */
static void
decide_by_rows(Split *split)
{
	Splits	   *splits = count_splits(split->junction);

	if (list_length(splits->actors) + list_length(splits->ways) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 splits->actors == NIL && splits->ways == NIL ?
				 errmsg("\"%s\" cannot be split", display_name(split->junction->table->oid)) :
				 errmsg("\"%s\" can be split in several ways", display_name(split->junction->table->oid)),
				 errdetail_internal("%s", describe_splits(split->junction, splits)),
				 splits->actors == NIL && splits->ways == NIL ?
				 errhint("junction.dependencies has the counts. If the table is right as it is, put \"@junction ignore multiway\" into its comment.") :
				 errhint("Give actor or into_tables.")));
	if (splits->actors != NIL)
		split->actor = linitial(splits->actors);
	else
		split->parts = read_parts(split->junction,
								  describe_parts(split->junction, ((CountedWay *) linitial(splits->ways))->parts));
}

/*
 * Decide the split: what the caller asked for, or what the rows allow.
 */
static void
decide_split(Split *split, List *actor, List *into_tables)
{
	if (actor != NIL)
		split->actor = find_actor(split->junction, actor);
	else if (into_tables != NIL)
		split->parts = read_parts(split->junction, into_tables);
	else
		decide_by_rows(split);
	if (split->actor != NULL && !split->keep_source)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a split by actor has no source to drop"),
				 errdetail("The table itself becomes the junction."),
				 errhint("Leave keep_source out.")));
}

/*
 * Opens and locks the table, and its parents if foreign keys to them may be
 * added or are dropped.
 */
static Relation
open_source(Oid relid, bool by_actor, bool into_tables, bool keep_source, bool dry_run)
{
	if (dry_run)
		return open_table_to_change(relid, AccessShareLock);
	if (by_actor)
		return open_table_to_change(relid, AccessExclusiveLock);
	return open_table_with_parents(relid, into_tables && keep_source ? ShareRowExclusiveLock : AccessExclusiveLock,
								   &(ParentUse) {.kept = all_parents,.mode = ShareRowExclusiveLock,
								   .dropped = keep_source ? NULL : all_parents});
}

/*
 * Returns the list in an array argument, or NIL if it is null.  22023 if it is
 * empty.
 */
static List *
read_list(FunctionCallInfo fcinfo, int n, const char *argument)
{
	List	   *list;

	if (PG_ARGISNULL(n))
		return NIL;
	list = text_array_to_list(PG_GETARG_ARRAYTYPE_P(n), argument);
	if (list == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must not be empty", argument)));
	return list;
}

PG_FUNCTION_INFO_V1(junction_split);

/*
 * junction.split(junction regclass, actor text[], into_tables text[], keep_source
 *				  bool, dry_run bool)
 *	returns setof junction.statement
 *
 * 42P01 for a table that is gone; 42809 for what is not a multiway table; 42501
 * for another role's table, and for rows or parents that the caller may not read
 * or reference; 22023 and 42703 for arguments that do not fit; 23505 for pairs
 * that are there twice without the actor; 55000 if the rows could not be put
 * together again, allow no split or several, or if no part decides a column;
 * 23502, 23503 for rows without an end; 2BP01 if other objects depend on the key,
 * or on the table that would be dropped; 0A000 for a partition key or an INCLUDE
 * column in the key, for a column that the server fills, and for a distributed
 * table; 42P07, 42710, 42622 for a part's name; 40001 if another transaction has
 * changed the table since the snapshot of this one.
 */
Datum
junction_split(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {
		[0] = "junction",[3] = "keep_source",[4] = "dry_run"
	};
	Split		split = {0};
	StatementPlan plan = {NIL};
	List	   *actor;
	List	   *into_tables;
	bool		dry_run;

	check_arguments(fcinfo, required, lengthof(required));
	actor = read_list(fcinfo, 1, "actor");
	into_tables = read_list(fcinfo, 2, "into_tables");
	split.keep_source = PG_GETARG_BOOL(3);
	dry_run = PG_GETARG_BOOL(4);
	if (actor != NIL && into_tables != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a table is split by actor or into tables, not both")));

	split.rel = open_source(PG_GETARG_OID(0), actor != NIL, into_tables != NIL, split.keep_source, dry_run);
	check_not_distributed(RelationGetRelid(split.rel),
						  "Which split loses no row is counted in the rows of one server, and the parts would be local tables.",
						  "Create each part with junction.create, which distributes it, and fill it with INSERT ... SELECT DISTINCT.");
	split.junction = require_multiway(RelationGetRelid(split.rel));
	check_not_temporal(split.junction);
	check_reads_all(RelationGetRelid(split.rel), "Whether its rows allow the split cannot be checked.");
	decide_split(&split, actor, into_tables);
	if (split.actor != NULL)
	{
		check_actor(&split, dry_run ? AccessShareLock : AccessExclusiveLock);
		tell_naming(split.junction->table);
		build_actor(&plan, &split);
	}
	else
	{
		check_tables(&split, dry_run);
		build_tables(&plan, &split);
	}

	/* the transaction keeps the lock */
	relation_close(split.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
