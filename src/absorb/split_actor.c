/*
 * split_actor.c
 *		Makes one end of a multiway table its actor: the key becomes the other
 *		ends', and the actor's column stays beside them.
 *
 *	1. Check: nothing depends on the key, and the other ends are there once each.
 *	2. Build: the key in one ALTER TABLE, which keeps its kind, PRIMARY KEY or
 *	   UNIQUE; then an index for each end that none serves any more.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Returns the end that has exactly these columns.  42703 for a column that is not
 * there, 22023 if they are not those of an end.
 */
Endpoint *
find_actor(const Junction *junction, List *columns)
{
	StringInfoData ends;

	initStringInfo(&ends);
	foreach_ptr(char, name, columns)
		if (find_column_by_name(junction->table, name) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist", name,
							display_name(junction->table->oid))));
	foreach_ptr(Endpoint, end, junction->endpoints)
	{
		List	   *names = endpoint_columns(junction, end);
		Bitmapset  *named = NULL;

		foreach_ptr(char, name, columns)
			named = bms_add_member(named, find_column_by_name(junction->table, name)->attnum);
		if (bms_equal(named, end->columns))
			return end;
		appendStringInfo(&ends, "%s(%s)", ends.len ? ", " : "", column_list(names));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("(%s) is not an end of \"%s\"", column_list(columns), display_name(junction->table->oid)),
			 errdetail("Its ends are %s.", ends.data)));
}

/*
 * Refuse to change a key that other objects depend on (2BP01), such as a foreign
 * key, or that holds more than a key does (0A000).
 */
static void
check_key_free(const Junction *junction)
{
	const IndexFacts *key = junction->pair_key;
	char	   *dependents = describe_index_dependents(key->oid);

	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("\"%s\" cannot be split because other objects depend on its key \"%s\"",
						display_name(junction->table->oid), index_name(key)),
				 errdetail("They are: %s.", dependents),
				 errhint("Drop or change them first.")));
	if (key->ncolumns != key->nkeys)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("key \"%s\" of \"%s\" includes further columns", index_name(key),
						display_name(junction->table->oid)),
				 errhint("Use a key without INCLUDE first.")));
}

/*
 * Refuse a partition key, at any level, with a column that the new key lacks:
 * 0A000.  Locks the partitions in lockmode.
 */
static void
check_partitions(const Split *split, List *columns, LOCKMODE lockmode)
{
	if (split->junction->table->kind != RELKIND_PARTITIONED_TABLE)
		return;
	foreach_oid(relid, find_all_inheritors(split->junction->table->oid, lockmode, NULL))
	{
		Relation	rel = relation_open(relid, NoLock);
		PartitionKey key = RelationGetPartitionKey(rel);

		for (int i = 0; key != NULL && i < get_partition_natts(key); i++)
		{
			AttrNumber	attnum = get_partition_col_attnum(key, i);
			char	   *name = attnum != InvalidAttrNumber ? get_attname(relid, attnum, false) : NULL;

			if (name != NULL && !list_has_name(columns, name))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("the key of partitioned table \"%s\" must hold its partition key",
								display_name(split->junction->table->oid)),
						 errdetail("Column \"%s\" is missing in (%s).", name, column_list(columns))));
		}
		relation_close(rel, NoLock);
	}
}

/*
 * Refuse to make the end the actor if the other ends are there more than once:
 * 23505, with the number.
 */
static void
check_pairs_once(const Split *split, List *columns)
{
	int64		count = count_duplicates(split->junction->table->oid, columns);

	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("(%s) cannot be the actor of \"%s\"",
						column_list(endpoint_columns(split->junction, split->actor)),
						display_name(split->junction->table->oid)),
				 errdetail_plural("%lld pair (%s) is there more than once.",
								  "%lld pairs (%s) are there more than once.", count,
								  (long long) count, column_list(columns)),
				 errhint("junction.dependencies shows which ends decide which.")));
}

/*
 * Raises all refusals of a split by actor.
 */
void
check_actor(const Split *split, LOCKMODE lockmode)
{
	List	   *columns = columns_beside_end(split->junction, split->actor);

	check_key_free(split->junction);
	check_partitions(split, columns, lockmode);
	check_pairs_once(split, columns);
}

/*
 * Returns what the key's index will be: with the columns of the new key only.
 */
static IndexFacts *
shorter_key(const Split *split)
{
	const IndexFacts *key = split->junction->pair_key;
	List	   *columns = columns_beside_end(split->junction, split->actor);
	IndexFacts *result = palloc(sizeof(IndexFacts));
	int			n = 0;

	*result = *key;
	result->columns = palloc(sizeof(AttrNumber) * key->nkeys);
	result->families = palloc(sizeof(Oid) * key->nkeys);
	result->collations = palloc(sizeof(Oid) * key->nkeys);
	result->column_set = NULL;
	for (int i = 0; i < key->nkeys; i++)
	{
		if (!list_has_name(columns, find_column(split->junction->table, key->columns[i])->name))
			continue;
		result->columns[n] = key->columns[i];
		result->families[n] = key->families[i];
		result->collations[n++] = key->collations[i];
		result->column_set = bms_add_member(result->column_set, key->columns[i]);
	}
	result->nkeys = result->ncolumns = n;
	return result;
}

/*
 * Builds the new key:
 *
 *	ALTER TABLE public.taggings DROP CONSTRAINT taggings_pkey,
 *		ADD CONSTRAINT taggings_pkey PRIMARY KEY (invoice_id, tag_id)
 *
 * or, if no constraint owns the index,
 *
 *	DROP INDEX public.taggings_idx
 *	CREATE UNIQUE INDEX taggings_idx ON public.taggings (invoice_id, tag_id)
 */
static void
build_key(StatementPlan *plan, const Split *split, NameSpace *names)
{
	const TableFacts *table = split->junction->table;
	const IndexFacts *key = split->junction->pair_key;
	List	   *columns = columns_beside_end(split->junction, split->actor);
	char	   *old = index_name(key);
	bool		constraint = OidIsValid(get_index_constraint(key->oid));
	const char *distinct = key->nulls_not_distinct ? " NULLS NOT DISTINCT" : "";
	char	   *locks = lock_on_all(AccessExclusiveLock, table);
	char	   *name;

	names->freed = list_make1(old);
	name = choose_name(names, key->primary ? NAME_COMPOSITE_PRIMARY_KEY : constraint ? NAME_UNIQUE : NAME_UNIQUE_INDEX,
					   table->name, columns, NULL, NIL);
	if (constraint)
		plan_add(plan, locks, "ALTER TABLE %s\n    DROP CONSTRAINT %s,\n    ADD CONSTRAINT %s %s%s (%s)%s%s",
				 qualified_name(table->oid), quote_identifier(old), quote_identifier(name),
				 key->primary ? "PRIMARY KEY" : "UNIQUE", distinct, column_list(columns), key_deferral(key),
				 key->primary && key->replica_identity ? ",\n    REPLICA IDENTITY DEFAULT" : "");
	else
	{
		plan_add(plan, locks, "DROP INDEX %s", qualified_name(key->oid));
		plan_add(plan, lock_on_all(ShareLock, table), "CREATE UNIQUE INDEX %s ON %s (%s)%s",
				 quote_identifier(name), qualified_name(table->oid), column_list(columns), distinct);
	}
	if (key->replica_identity && !key->primary)
		plan_add(plan, lock_on(AccessExclusiveLock, table->oid), "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s",
				 qualified_name(table->oid), quote_identifier(name));
}

/*
 * Returns the junction with all of its ends, and for each the index that serves
 * it when the key is the shorter one.
 */
static Junction *
served_afterwards(const Split *split)
{
	TableFacts *table = palloc(sizeof(TableFacts));
	Junction   *after = palloc0(sizeof(Junction));

	*table = *split->junction->table;
	table->indexes = list_copy(table->indexes);
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index == split->junction->pair_key)
			list_nth_cell(table->indexes, foreach_current_index(index))->ptr_value = shorter_key(split);
	after->table = table;
	foreach_ptr(Endpoint, end, split->junction->endpoints)
	{
		Endpoint   *copy = palloc(sizeof(Endpoint));

		*copy = *end;
		copy->served_by = copy->invalid = NULL;
		after->endpoints = lappend(after->endpoints, copy);
	}
	find_serving_indexes(after);
	return after;
}

/*
 * Builds an index for each end that the shorter key leaves without one; for the
 * actor only if it had one before, as deletes of its parent's rows look it up.
 *
 *	CREATE INDEX taggings_tag_id_idx ON public.taggings (tag_id)
 */
static void
build_reverse_indexes(StatementPlan *plan, const Split *split, NameSpace *names)
{
	Junction   *after = served_afterwards(split);

	foreach_ptr(Endpoint, end, split->junction->endpoints)
	{
		Endpoint   *then = list_nth(after->endpoints, foreach_current_index(end));
		List	   *columns = endpoint_columns(split->junction, end);

		if (then->served_by != NULL || (end == split->actor && end->served_by == NULL))
			continue;
		plan_add(plan, lock_on_all(ShareLock, after->table), "CREATE INDEX %s ON %s (%s)",
				 quote_identifier(choose_name(names, NAME_INDEX, after->table->name, columns, NULL, NIL)),
				 qualified_name(after->table->oid), column_list(columns));
	}
}

/*
 * Builds all statements of a split by actor.
 */
void
build_actor(StatementPlan *plan, const Split *split)
{
	NameSpace	names = {
		.namespace = split->junction->table->namespace,.table = split->junction->table->oid,
		.taken = make_taken_names(),.naming = naming_for_table(split->junction->table)
	};

	build_key(plan, split, &names);
	build_reverse_indexes(plan, split, &names);
}
