/*
 * lock_order.c
 *		Locks the parents of a table before the table itself.
 *
 * A DELETE locks a parent, and then, as it cascades, the tables that reference
 * it.  ALTER TABLE locks a table, and then the parents of the foreign keys that
 * it adds or drops.  If each has its first lock, that is a deadlock.  So a verb
 * whose statements lock parents locks these first.
 *
 * The mode is SHARE ROW EXCLUSIVE, which keeps off every DELETE.  An INSERT into
 * the table locks the table and then its parents in ROW SHARE mode, which does
 * not conflict.  DROP CONSTRAINT takes ACCESS EXCLUSIVE on a parent in the end;
 * to take this first would be a deadlock with an INSERT.
 *
 * The parents are locked in the order of their OIDs, so that two verbs lock them
 * in the same order.  Which they are is read without a lock: if that changes
 * before the table is locked, only the order of the locks is not kept.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"

/*
 * Lock these tables (OIDs), and the partitions below them, to the end of the
 * transaction.  Sorts the list.  If a table is dropped while we wait for its
 * lock: raises 42P01 if required, else goes on.
 */
static void
lock_in_order(List *tables, bool required)
{
	list_sort(tables, list_oid_cmp);
	foreach_oid(relid, tables)
	{
		/* for the message, if it is dropped while we wait for the lock */
		char	   *name = display_name(relid);
		char		kind;

		LockRelationOid(relid, ShareRowExclusiveLock);
		kind = get_rel_relkind(relid);
		if (kind == '\0' && required)
			raise_gone(relid, name);
		if (kind == RELKIND_PARTITIONED_TABLE)
			(void) find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
	}
}

/*
 * Returns true if the caller has REFERENCES on the table or on one of its
 * columns; false if the table does not exist.
 */
static bool
may_reference(Oid relid)
{
	bool		is_missing = false;

	return pg_class_aclcheck_ext(relid, GetUserId(), ACL_REFERENCES, &is_missing) == ACLCHECK_OK ||
		(SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) &&
		 pg_attribute_aclcheck_all(relid, GetUserId(), ACL_REFERENCES, ACLMASK_ANY) == ACLCHECK_OK);
}

/*
 * Lock the tables (OIDs) that foreign keys will reference.  Skips those that the
 * caller may not reference: the verb refuses them later, without a lock.  42P01
 * if one is dropped while we wait for its lock.
 */
void
lock_new_parents(List *parents)
{
	List	   *allowed = NIL;

	foreach_oid(parent, parents)
		if (may_reference(parent))
			allowed = lappend_oid(allowed, parent);
	lock_in_order(allowed, true);
}

/*
 * Lock the parents of the table's foreign keys, or with beside_pair only those
 * of foreign keys that have a column beside the pair.  Nothing is locked if the
 * table is gone or, with beside_pair, is not a junction.  The caller has checked
 * that the user may change the table: check_table_to_change().
 */
void
lock_old_parents(Oid relid, bool beside_pair)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	List	   *tables = read_tables(list_make1_oid(relid), snapshot)->tables;
	List	   *parents = NIL;

	UnregisterSnapshot(snapshot);
	foreach_ptr(TableFacts, table, tables)
	{
		Junction   *junction = classify(table);

		if (junction->kind == JUNCTION_NONE && beside_pair)
			continue;
		foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
			for (int i = 0; i < key->nkeys; i++)
				if (key->parent != relid && (!beside_pair || !bms_is_member(key->columns[i], junction->pair)))
					parents = list_append_unique_oid(parents, key->parent);
	}
	lock_in_order(parents, false);
}
