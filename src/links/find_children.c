/*
 * find_children.c
 *		Finds the tables that reference rows which become one, and opens all
 *		that a merge may change.
 *
 * A table that references the parent is changed; if two of its rows may then be
 * in conflict, or a row go as a loop, so are the tables that reference it, and so
 * on.  A table that references a child by a column of the child's foreign key (a
 * pair) is changed with it.  All of them are checked and locked before the first
 * change: parents before the tables that reference them, and those of one parent by OID.
 *
 * The lock keeps off new foreign keys.  Tables that reference another are locked in
 * EXCLUSIVE mode (merge_locks.c).  The partitions of all are locked as they are, since
 * who writes to one of these does not lock the table.  The foreign keys onto a table are
 * found by pg_depend, as pg_constraint has no index on confrelid.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "links/links.h"
#include "model/model.h"

/* Returns the table of the merge, or null. */
MergeTable *
find_merge_table(const Merge *merge, Oid relid)
{
	foreach_ptr(MergeTable, table, merge->tables)
		if (table->table->oid == relid)
			return table;
	return NULL;
}

/*
 * Refuse a table that is not the caller's (42501), or that cannot be changed.  The
 * foreign key of a partition alone is changed there.
 */
static void
check_changeable(Oid relid)
{
	if (!get_rel_relispartition(relid))
		check_table_to_change(relid);
	else if (!is_own_table(relid))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
}

/*
 * Opens a table: checks, locks and reads it.
 */
static MergeTable *
open_table(Merge *merge, Oid relid, LOCKMODE lockmode)
{
	MergeTable *table = find_merge_table(merge, relid);
	char	   *name = display_name(relid);

	if (table != NULL)
		return table;
	check_changeable(relid);
	if (merge->dry_run)
		lockmode = AccessShareLock;
	lock_merge_table(merge, relid, lockmode);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		raise_gone(relid, name);
	check_changeable(relid);
	check_not_distributed(relid,
						  "Rows that become one are found by their place in a table, and its rows are in shards, each with places of its own.",
						  merge->instead);
	check_reads_all(relid, "A row that you cannot see may reference those that become one.");
	if (!merge->dry_run)
		foreach_oid(part, with_partitions(relid))
			lock_merge_table(merge, part, lockmode);
	table = palloc0(sizeof(MergeTable));
	table->table = read_table(relid);
	merge->tables = lappend(merge->tables, table);
	return table;
}

/*
 * Returns the OIDs of the foreign keys onto a table or one of its partitions,
 * without the copies that partitions have.
 */
static List *
find_foreign_keys_onto(Oid relid)
{
	List	   *keys = NIL;

	foreach_oid(part, with_partitions(relid))
	{
		CatalogScan scan;
		HeapTuple	tuple;

		scan_dependents_of(&scan, RelationRelationId, part, 0, NULL);
		while ((tuple = next_row(&scan)) != NULL)
		{
			Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

			if (dep->classid == ConstraintRelationId)
				keys = list_append_unique_oid(keys, dep->objid);
		}
		end_scan(&scan);
	}
	list_sort(keys, list_oid_cmp);
	return keys;
}

/*
 * Returns the table of a foreign key that is one onto relid or a partition of it;
 * InvalidOid for another constraint, or for a copy.
 */
static Oid
table_of_key(Oid constraint, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	Oid			table = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (form->contype == CONSTRAINT_FOREIGN && !OidIsValid(form->conparentid) &&
		list_member_oid(with_partitions(relid), form->confrelid))
		table = form->conrelid;
	ReleaseSysCache(tuple);
	return table;
}

/*
 * Refuse a foreign key with PERIOD: 0A000.
 */
static void
check_no_period(const TableFacts *table, const ForeignKeyFacts *key)
{
	if (key->period != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows that foreign key \"%s\" of \"%s\" references cannot be merged", key->name,
						display_name(table->oid)),
				 errdetail("It references the time of a row too, which has several.")));
}

/*
 * Returns a foreign key with the numbers that the referenced columns have in the
 * table, of which it references a partition.
 */
static ForeignKeyFacts *
key_onto_root(const ForeignKeyFacts *key, const TableFacts *table)
{
	ForeignKeyFacts *result = palloc(sizeof(ForeignKeyFacts));

	*result = *key;
	result->parent_columns = palloc(sizeof(AttrNumber) * key->nkeys);
	for (int i = 0; i < key->nkeys; i++)
		result->parent_columns[i] = find_column_by_name(table, get_attname(key->parent, key->parent_columns[i], false))->attnum;
	return result;
}

/*
 * Returns the foreign keys (OIDs) onto a table.  Opens the tables that have them; and,
 * as one of these may have been detached from another while we waited for that one's
 * lock, looks again until all are open.
 */
static List *
open_referencing_tables(Merge *merge, Oid relid)
{
	for (;;)
	{
		List	   *keys = find_foreign_keys_onto(relid);
		List	   *oids = NIL;

		foreach_oid(key, keys)
		{
			Oid			child = table_of_key(key, relid);

			if (OidIsValid(child) && find_merge_table(merge, child) == NULL)
				oids = list_append_unique_oid(oids, child);
		}
		if (oids == NIL)
			return keys;
		list_sort(oids, list_oid_cmp);
		foreach_oid(child, oids)
			(void) open_table(merge, child, ExclusiveLock);
	}
}

/*
 * Opens the tables that reference this one, and notes their foreign keys.
 */
static void
open_children(Merge *merge, MergeTable *table)
{
	Oid			relid = table->table->oid;

	table->searched = true;
	foreach_oid(oid, open_referencing_tables(merge, relid))
	{
		Oid			child = table_of_key(oid, relid);
		MergeTable *opened = OidIsValid(child) ? find_merge_table(merge, child) : NULL;
		ForeignKeyFacts *key = opened ? find_foreign_key(opened->table, oid) : NULL;
		MergeReference *reference;

		if (key == NULL)
			continue;
		check_no_period(opened->table, key);
		reference = palloc(sizeof(MergeReference));
		reference->child = opened->table;
		reference->key = key->parent == relid ? key : key_onto_root(key, table->table);
		table->references = lappend(table->references, reference);
	}
}

/*
 * Adds the tables that reference this one to a list of OIDs, those that reference
 * these, and so on.  Nothing is locked.
 */
static List *
add_referencing_tables(Oid relid, List *oids)
{
	foreach_oid(key, find_foreign_keys_onto(relid))
	{
		Oid			table = table_of_key(key, relid);

		if (OidIsValid(table) && !list_member_oid(oids, table))
			oids = add_referencing_tables(table, lappend_oid(oids, table));
	}
	return oids;
}

/*
 * Returns the operator by which a column of a table compares with what the nth column
 * of a child's foreign key references; other: that by which it compares with that
 * column.  Columns of the same type compare alike.
 */
static Oid
operator_through(const MergeChild *child, const ForeignKeyFacts *key, int n, const ColumnFacts *column, Oid other)
{
	return getBaseType(column->type) == getBaseType(find_column(child->table, key->columns[n])->type) ?
		key->operators[n] : other;
}

/*
 * Returns a foreign key by whose columns a table refers to the rows that another
 * foreign key, of a child, references: reference, onto the child, has all its columns.
 * Null if it has not.
 *
 *	(user_id, org_id) onto user_orgs, and there (user_id) onto users: (user_id)
 */
static ForeignKeyFacts *
key_through(const MergeReference *reference, const MergeChild *child, const ForeignKeyFacts *key)
{
	const ForeignKeyFacts *onto = reference->key;
	ForeignKeyFacts *result = palloc(sizeof(ForeignKeyFacts));

	*result = *key;
	result->columns = palloc(sizeof(AttrNumber) * key->nkeys);
	result->operators = palloc(sizeof(Oid) * key->nkeys);
	for (int i = 0; i < key->nkeys; i++)
	{
		result->columns[i] = 0;
		for (int j = 0; j < onto->nkeys; j++)
			if (onto->parent_columns[j] == key->columns[i])
			{
				result->columns[i] = onto->columns[j];
				result->operators[i] = operator_through(child, key, i, find_column(reference->child, onto->columns[j]),
														onto->operators[j]);
			}
		if (result->columns[i] == 0)
			return NULL;
	}
	return result;
}

/*
 * Returns the child of this table, which is added if it is new.
 */
static MergeChild *
enter_child(List **children, const TableFacts *table)
{
	MergeChild *result;

	foreach_ptr(MergeChild, child, *children)
		if (child->table == table)
			return child;
	result = palloc0(sizeof(MergeChild));
	result->table = table;
	*children = lappend(*children, result);
	return result;
}

/*
 * Adds a key to a child, unless it has one on the same columns onto the same.
 */
static void
add_key(MergeChild *child, const ForeignKeyFacts *key, bool cascades)
{
	MergeKey   *result;

	foreach_ptr(MergeKey, other, child->keys)
		if (other->key->nkeys == key->nkeys &&
			memcmp(other->key->columns, key->columns, sizeof(AttrNumber) * key->nkeys) == 0 &&
			memcmp(other->key->parent_columns, key->parent_columns, sizeof(AttrNumber) * key->nkeys) == 0)
			return;
	result = palloc(sizeof(MergeKey));
	result->key = key;
	result->cascades = cascades;
	child->keys = lappend(child->keys, result);
	child->columns = bms_add_members(child->columns, key_columns(key));
}

/*
 * Adds the tables that refer to the merged rows by a key of this child; the list
 * grows while it is walked.
 */
static void
add_children_through(const Merge *merge, List **children, MergeChild *child)
{
	MergeTable *table = find_merge_table(merge, child->table->oid);

	foreach_ptr(MergeReference, reference, table->references)
	{
		bool		cascades = reference->key->on_update == FKCONSTR_ACTION_CASCADE;
		MergeChild *through = NULL;

		foreach_ptr(MergeKey, key, child->keys)
		{
			ForeignKeyFacts *combined = key_through(reference, child, key->key);

			if (combined == NULL)
				continue;
			through = enter_child(children, reference->child);
			add_key(through, combined, cascades);
		}
		if (through == NULL || cascades || through == child)
			continue;
		through->beside = list_append_unique_oid(through->beside, child->table->oid);
		child->beside = list_append_unique_oid(child->beside, through->table->oid);
	}
}

/*
 * Does a child reference another child, that is not done yet?
 */
static bool
waits_for(const MergeChild *child, List *waiting)
{
	foreach_ptr(MergeChild, other, waiting)
		foreach_ptr(ForeignKeyFacts, key, child->table->foreign_keys)
			if (other != child && key->parent == other->table->oid)
				return true;
	return false;
}

/*
 * Returns the children in an order in which one that another references comes
 * first, as far as there is one.
 */
static List *
order_children(List *children)
{
	List	   *waiting = list_copy(children);
	List	   *ordered = NIL;

	while (waiting != NIL)
	{
		MergeChild *next = linitial(waiting);

		foreach_ptr(MergeChild, child, waiting)
			if (!waits_for(child, waiting))
			{
				next = child;
				break;
			}
		ordered = lappend(ordered, next);
		waiting = list_delete_ptr(waiting, next);
	}
	return ordered;
}

/*
 * Returns the tables that reference rows of this one, which is open.
 */
List *
find_children(const Merge *merge, const TableFacts *table)
{
	List	   *children = NIL;

	foreach_ptr(MergeReference, reference, find_merge_table(merge, table->oid)->references)
		add_key(enter_child(&children, reference->child), reference->key, false);
	for (int i = 0; i < list_length(children); i++)
		add_children_through(merge, &children, list_nth(children, i));
	foreach_ptr(MergeChild, child, children)
		set_link_ends(child);
	return order_children(children);
}

/*
 * May the merge make rows of a table one, or change columns that others reference:
 * is a column of a foreign key onto one of its tables in a key?
 */
static bool
has_key_of_foreign_key(const Merge *merge, const TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		{
			MergeChild	child = {.table = table,.columns = key_columns(key)};

			if (find_merge_table(merge, partition_root(key->parent)) != NULL && is_key_of_child(&child, index))
				return true;
		}
	return false;
}

/*
 * May the merge delete rows of a table as loops: does it link rows of one of its
 * tables to each other?
 */
static bool
may_have_loops(const Merge *merge, const TableFacts *table)
{
	List	   *parents = NIL;

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
	{
		Oid			parent = partition_root(key->parent);

		if (list_member_oid(parents, parent) && find_merge_table(merge, parent) != NULL)
			return classify(unconstify(TableFacts *, table))->kind != JUNCTION_NONE;
		parents = lappend_oid(parents, parent);
	}
	return false;
}

/*
 * Opens the table whose rows become one.  42501 for one that is not the caller's, or
 * of which he may not see every row; 0A000 for one that is distributed.
 */
void
open_merged_table(Merge *merge, Oid relid)
{
	bool		itself = list_member_oid(add_referencing_tables(relid, NIL), relid);

	(void) open_table(merge, relid, itself ? ExclusiveLock : merge->lockmode);
}

/*
 * Opens all tables that may change with the first one.  42501 as open_merged_table(),
 * and for tables whose rows nobody may read together; 0A000, and for a foreign key with
 * PERIOD.
 */
void
open_tables_below(Merge *merge)
{
	open_children(merge, linitial(merge->tables));
	/* the list grows on the way */
	for (int i = 0; i < list_length(merge->tables); i++)
	{
		MergeTable *table = list_nth(merge->tables, i);

		if (!table->searched &&
			(has_key_of_foreign_key(merge, table->table) || may_have_loops(merge, table->table)))
			open_children(merge, table);
	}
	set_readers(merge);
}

/*
 * Returns the columns of a table that are referenced, and those that identify a
 * row, by which *identity is set: its primary key, or else a key that is
 * referenced.
 */
List *
known_columns(const Merge *merge, const TableFacts *table, List **identity)
{
	IndexFacts *primary = find_primary_key(table);
	List	   *columns = NIL;
	List	   *references = find_merge_table(merge, table->oid)->references;

	*identity = NIL;
	if (primary != NULL)
		for (int i = 0; i < primary->nkeys; i++)
			*identity = lappend_int(*identity, primary->columns[i]);
	else if (references != NIL)
	{
		const ForeignKeyFacts *key = ((MergeReference *) linitial(references))->key;

		for (int i = 0; i < key->nkeys; i++)
			*identity = lappend_int(*identity, key->parent_columns[i]);
	}
	columns = list_copy(*identity);
	foreach_ptr(MergeReference, reference, references)
		for (int i = 0; i < reference->key->nkeys; i++)
			columns = list_append_unique_int(columns, reference->key->parent_columns[i]);
	return columns;
}

/*
 * Adds the locks that foreign keys onto a table take on the tables that have them,
 * when its rows are deleted, or if columns are given, when these are updated.
 */
void
add_reference_locks(const Merge *merge, List **locks, const TableFacts *table, const Bitmapset *columns)
{
	foreach_ptr(MergeReference, reference, find_merge_table(merge, table->oid)->references)
	{
		const ForeignKeyFacts *key = reference->key;
		char		action = columns ? key->on_update : key->on_delete;
		bool		concerned = columns == NULL;

		for (int i = 0; i < key->nkeys; i++)
			concerned |= bms_is_member(key->parent_columns[i], columns);
		if (concerned)
			add_locks(locks, reference->child->oid, action == FKCONSTR_ACTION_NOACTION || action == FKCONSTR_ACTION_RESTRICT ?
					  RowShareLock : RowExclusiveLock, false);
	}
}
