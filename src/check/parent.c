/*
 * parent.c
 *		Opens the parent of a new foreign key, and finds the key that it
 *		references.
 *
 * This is the primary key.  If both foreign keys of a junction share a column
 * (tenant_id), it is a unique key that contains the column, such as
 * (tenant_id, id).
 *
 * The parent is locked in ACCESS SHARE mode to the end of the transaction, so
 * that the key still exists when the foreign key is created.
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"

/*
 * Can a foreign key reference this index, and does it contain all shared
 * columns and at least one other?  shared: names of columns.
 */
static bool
is_usable_key(const TableFacts *table, const IndexFacts *index, List *shared)
{
	if (!is_whole_key(index) || index->deferrable || index->nkeys <= list_length(shared))
		return false;
	foreach_ptr(char, name, shared)
	{
		ColumnFacts *column = find_column_by_name(table, name);

		if (column == NULL || !bms_is_member(column->attnum, index->column_set))
			return false;
	}
	return true;
}

/*
 * Raise the error that the table has no key to reference: 42704 if it has no
 * primary key, or no unique key with the shared columns; 55000 if its primary
 * key is temporal, deferrable or not valid.
 */
static void
raise_no_key(const Parent *parent, List *shared)
{
	IndexFacts *primary = find_primary_key(parent->table);
	const char *name = display_name(parent->table->oid);

	if (primary == NULL && shared == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key", name),
				 errdetail("A foreign key needs a key to reference."),
				 errhint("Add one: ALTER TABLE %s ADD PRIMARY KEY (...).",
						 qualified_name(parent->table->oid))));
	if (shared == NIL && is_temporal_key(primary))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the primary key of table \"%s\" cannot be referenced", name),
				 errdetail("It is temporal: several rows can have the same key, each at its own time."),
				 errhint("Link a table that has one row for each key, or write a foreign key with PERIOD by hand.")));
	if (shared == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the primary key of table \"%s\" cannot be referenced", name),
				 errdetail("It is deferrable or not valid."),
				 errhint("Drop the primary key \"%s\" and add it again as NOT DEFERRABLE.",
						 index_name(primary))));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table \"%s\" has no unique key that holds the shared columns", name),
			 errdetail("The shared columns are (%s), and the key must have another one beside them.", column_list(shared)),
			 errhint("Add one: ALTER TABLE %s ADD UNIQUE (%s, ...).",
					 qualified_name(parent->table->oid), column_list(shared))));
}

/*
 * Returns the key to reference: the primary key if it contains the shared
 * columns; or else a unique key that does, the oldest that also contains the
 * primary key's columns, or the oldest of all.  Raises if there is none.
 */
static IndexFacts *
find_key(const Parent *parent, List *shared)
{
	IndexFacts *primary = find_primary_key(parent->table);
	IndexFacts *key = NULL;

	if (primary != NULL && is_usable_key(parent->table, primary, shared))
		return primary;
	if (shared == NIL)
		raise_no_key(parent, shared);

	foreach_ptr(IndexFacts, index, parent->table->indexes)
	{
		if (!is_usable_key(parent->table, index, shared))
			continue;
		if (key == NULL)
			key = index;
		if (primary != NULL &&
			bms_is_subset(primary->column_set, index->column_set))
			return index;
	}
	if (key == NULL)
		raise_no_key(parent, shared);
	return key;
}

/*
 * Refuse (42501) if the caller has no USAGE on the table's schema, or REFERENCES on
 * none of its columns.  Comes before what is wrong with the table: that is for who
 * may reference it.
 */
static void
check_may_reference(const Parent *parent)
{
	AclResult	usage = object_aclcheck(NamespaceRelationId, parent->table->namespace,
										GetUserId(), ACL_USAGE);

	if (usage != ACLCHECK_OK)
		aclcheck_error(usage, OBJECT_SCHEMA, get_namespace_name(parent->table->namespace));
	if (!has_privilege(parent->table->oid, ACL_REFERENCES))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, parent->table->name);
}

/*
 * Refuse (42501) if the caller has no REFERENCES on the columns of the key.
 */
static void
check_may_reference_key(const Parent *parent)
{
	if (pg_class_aclcheck(parent->table->oid, GetUserId(), ACL_REFERENCES) == ACLCHECK_OK)
		return;
	foreach_ptr(ColumnFacts, column, parent->key)
	{
		AclResult	result = pg_attribute_aclcheck(parent->table->oid, column->attnum,
												   GetUserId(), ACL_REFERENCES);

		if (result != ACLCHECK_OK)
			aclcheck_error(result, OBJECT_TABLE, parent->table->name);
	}
}

/*
 * Open and lock a parent, and find the key that a foreign key will reference.
 * parent: all zero on entry.  shared: names of the columns that the junction's
 * other foreign key references too.
 *
 * Raises what open_table_to_reference() and find_key() raise, and 42501
 * without REFERENCES on the key.
 */
void
open_parent(Parent *parent, Oid relid, List *shared)
{
	IndexFacts *key;

	parent->rel = open_table_to_reference(relid, AccessShareLock);
	parent->table = read_table(relid);
	check_may_reference(parent);
	key = find_key(parent, shared);

	/* in the order given, so that both foreign keys have the same order */
	foreach_ptr(char, name, shared)
		parent->shared = lappend(parent->shared, find_column_by_name(parent->table, name));
	for (int i = 0; i < key->nkeys; i++)
	{
		ColumnFacts *column = find_column(parent->table, key->columns[i]);

		if (!list_member_ptr(parent->shared, column))
			parent->own = lappend(parent->own, column);
	}
	parent->key = list_concat_copy(parent->shared, parent->own);
	check_may_reference_key(parent);
}

/*
 * As open_parent(), for the key of the parent that a foreign key of a table
 * references already.  shared: names of columns of that table.
 */
void
open_referenced_parent(Parent *parent, const TableFacts *table, const ForeignKeyFacts *key, List *shared)
{
	parent->rel = open_table_to_reference(key->parent, AccessShareLock);
	parent->table = read_table(key->parent);
	check_may_reference(parent);
	foreach_ptr(char, name, shared)
		for (int i = 0; i < key->nkeys; i++)
			if (key->columns[i] == find_column_by_name(table, name)->attnum)
				parent->shared = lappend(parent->shared, find_column(parent->table, key->parent_columns[i]));
	for (int i = 0; i < key->nkeys; i++)
	{
		ColumnFacts *column = find_column(parent->table, key->parent_columns[i]);

		if (!list_member_ptr(parent->shared, column))
			parent->own = lappend(parent->own, column);
	}
	parent->key = list_concat_copy(parent->shared, parent->own);
	check_may_reference_key(parent);
}
