/*
 * parent.c
 *		The other end of a foreign key that is to be made: a table, and the key
 *		of it that can be pointed at.
 *
 * That is the primary key.  Where both foreign keys of a junction are to share
 * a column (tenant_id), it is a unique key that holds it, such as
 * (tenant_id, id).
 *
 * The table is locked in ACCESS SHARE mode, so that the key that was found is
 * there still when the foreign key is made.
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
 * Does a unique index hold all the shared columns and one or more besides, and
 * can foreign keys rest on it?
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

static void
raise_no_key(const Parent *parent, List *shared)
{
	IndexFacts *primary = find_primary_key(parent->table);
	const char *name = display_name(parent->table->oid);

	if (primary == NULL && shared == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key", name),
				 errdetail("A foreign key needs one to point at."),
				 errhint("Add one: ALTER TABLE %s ADD PRIMARY KEY (...).",
						 qualified_name(parent->table->oid))));
	if (shared == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the primary key of table \"%s\" cannot be referenced", name),
				 errdetail("It is deferrable or not valid."),
				 errhint("Make the primary key \"%s\" anew, NOT DEFERRABLE.", index_name(primary))));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table \"%s\" has no unique key that holds the shared columns", name),
			 errdetail("The shared columns are (%s).", column_list(shared)),
			 errhint("Add one: ALTER TABLE %s ADD UNIQUE (%s, ...).",
					 qualified_name(parent->table->oid), column_list(shared))));
}

/*
 * The parent's key to point at: the primary key, or with shared columns the
 * oldest unique key that holds them, that with the primary key's columns
 * first.
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
 * The role must be able to name the table, and have REFERENCES on all columns
 * that a foreign key points at.
 */
static void
check_may_reference(const Parent *parent)
{
	AclResult	usage = object_aclcheck(NamespaceRelationId, parent->table->namespace,
										GetUserId(), ACL_USAGE);

	if (usage != ACLCHECK_OK)
		aclcheck_error(usage, OBJECT_SCHEMA, get_namespace_name(parent->table->namespace));
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
 * Open a parent and find the key that a foreign key will point at.  shared:
 * the names of the columns that another foreign key of the table uses too.
 *
 * What table.c refuses of a table, and: 42704 without a key to point at, 55000
 * if the primary key can't be referenced, 42501 without REFERENCES on the key.
 */
void
open_parent(Parent *parent, Oid relid, List *shared)
{
	IndexFacts *key;

	parent->rel = open_table_to_reference(relid, AccessShareLock);
	parent->table = read_table(relid);
	key = find_key(parent, shared);

	/* shared ones in the order given, so that both sides have the same */
	foreach_ptr(char, name, shared)
		parent->shared = lappend(parent->shared, find_column_by_name(parent->table, name));
	for (int i = 0; i < key->nkeys; i++)
	{
		ColumnFacts *column = find_column(parent->table, key->columns[i]);

		if (!list_member_ptr(parent->shared, column))
			parent->own = lappend(parent->own, column);
	}
	parent->key = list_concat_copy(parent->shared, parent->own);
	check_may_reference(parent);
}
