/*
 * lock_order.c
 *		Locks the parents of a table before the table itself.
 *
 * A DELETE locks a parent, and then, as it cascades, the tables that reference
 * it.  ALTER TABLE locks a table, and then the parents of the foreign keys that
 * it adds or drops.  If each has its first lock, that is a deadlock.  So a verb
 * whose statements lock parents locks these first, and so does a probe, which
 * makes rows in them.
 *
 * The mode of a verb is SHARE ROW EXCLUSIVE, which keeps off every DELETE.  An
 * INSERT into the table locks the table and then its parents in ROW SHARE mode,
 * which does not conflict.
 *
 * DROP CONSTRAINT takes ACCESS EXCLUSIVE on a parent in the end.  To take this
 * first would be a deadlock with an INSERT; to take it last is one with whoever
 * reads the parent and then waits for the table: a join, pg_dump.  So
 * lock_dropped_parents() takes it after the table's lock only if it is free, and
 * else lets the table go until the parent's readers have come through.
 *
 * The parents are locked in the order of their OIDs, so that two verbs lock them
 * in the same order.  Which they are is read without a lock, and again when the
 * table is locked.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
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
 * Refuse a table that was dropped meanwhile: 42P01.  name: what it was called.
 */
static void
check_still_there(Oid relid, const char *name)
{
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		raise_gone(relid, name);
}

/*
 * Returns true if the caller has the privilege, such as ACL_REFERENCES, on the
 * table or on one of its columns; false if the table does not exist.
 */
bool
has_privilege(Oid relid, AclMode privilege)
{
	bool		is_missing = false;

	return pg_class_aclcheck_ext(relid, GetUserId(), privilege, &is_missing) == ACLCHECK_OK ||
		(SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) &&
		 pg_attribute_aclcheck_all(relid, GetUserId(), privilege, ACLMASK_ANY) == ACLCHECK_OK);
}

/*
 * Lock the tables (OIDs) that foreign keys will reference.  Skips those that the
 * caller may not reference: the verb refuses them later, without a lock.  42P01
 * if one is dropped while we wait for its lock, or relid, the table that will
 * reference them (invalid if it is not there yet).
 */
void
lock_new_parents(Oid relid, List *parents)
{
	List	   *allowed = NIL;
	char	   *name = display_name(relid);

	foreach_oid(parent, parents)
		if (has_privilege(parent, ACL_REFERENCES))
			allowed = lappend_oid(allowed, parent);
	lock_in_order(allowed, true);
	if (OidIsValid(relid))
		check_still_there(relid, name);
}

/*
 * Returns the facts of a table as it is now, without a lock; an empty list if it
 * is gone.
 */
static List *
read_unlocked(Oid relid)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	List	   *tables = read_tables(list_make1_oid(relid), snapshot)->tables;

	UnregisterSnapshot(snapshot);
	return tables;
}

/*
 * Returns the parents (OIDs) of the table's foreign keys, or with beside_pair
 * only those of foreign keys that have a column beside the pair.  The list is
 * empty if the table is gone or, with beside_pair, is not a junction.
 */
static List *
find_parents(Oid relid, bool beside_pair)
{
	List	   *parents = NIL;

	foreach_ptr(TableFacts, table, read_unlocked(relid))
	{
		Junction   *junction = classify(table);

		if (junction->kind == JUNCTION_NONE && beside_pair)
			continue;
		foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
			for (int i = 0; i < key->nkeys; i++)
				if (key->parent != relid && (!beside_pair || !bms_is_member(key->columns[i], junction->pair)))
					parents = list_append_unique_oid(parents, key->parent);
	}
	return parents;
}

/*
 * As open_table_to_change(), but locks the parents that find_parents() returns
 * before the table.  If the table has other parents once it is locked, its lock
 * is released, and requested again behind theirs.
 */
Relation
open_table_after_parents(Oid relid, LOCKMODE lockmode, bool beside_pair)
{
	List	   *locked = NIL;
	char	   *name;

	check_table_to_change(relid);
	/* for the message, if it is dropped while we wait for a lock on a parent */
	name = display_name(relid);
	for (;;)
	{
		List	   *parents = find_parents(relid, beside_pair);
		Relation	rel;

		lock_in_order(list_difference_oid(parents, locked), false);
		locked = list_concat_unique_oid(locked, parents);
		check_still_there(relid, name);
		rel = open_table_to_change(relid, lockmode);
		if (list_difference_oid(find_parents(relid, beside_pair), locked) == NIL)
			return rel;
		relation_close(rel, lockmode);
	}
}

/*
 * Lock the tables in which a probe of this table makes rows: its parents, their
 * parents, and so on.  The mode is ROW EXCLUSIVE, as of an INSERT.  Skips those
 * in which the caller may not insert.  Returns the OIDs of the locked tables, for
 * unlock_sampled_parents().  42P01 if the table is dropped while we wait.
 */
List *
lock_sampled_parents(Oid relid)
{
	List	   *found = list_make1_oid(relid);
	List	   *allowed = NIL;
	char	   *name = display_name(relid);

	/* the list grows on the way */
	foreach_oid(one, found)
		foreach_ptr(TableFacts, table, read_unlocked(one))
			foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
				found = list_append_unique_oid(found, key->parent);
	foreach_oid(parent, found)
		if (parent != relid && has_privilege(parent, ACL_INSERT))
			allowed = lappend_oid(allowed, parent);
	list_sort(allowed, list_oid_cmp);
	foreach_oid(parent, allowed)
		LockRelationOid(parent, RowExclusiveLock);
	check_still_there(relid, name);
	return allowed;
}

/*
 * Release the locks of lock_sampled_parents(), which was called in a
 * subtransaction that has been committed: its locks are the transaction's.
 */
void
unlock_sampled_parents(List *locked)
{
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = CurTransactionResourceOwner;
	foreach_oid(parent, locked)
		UnlockRelationOid(parent, RowExclusiveLock);
	CurrentResourceOwner = owner;
}

/* How often to let the table go, before we wait as ALTER TABLE itself would */
#define MAX_ATTEMPTS 10

/*
 * Lock the tables in ACCESS EXCLUSIVE mode, if that needs no waiting.  Returns
 * InvalidOid if all are locked, else the one that is in use, and locks none.
 */
static Oid
try_lock_exclusively(List *tables)
{
	foreach_oid(relid, tables)
	{
		if (ConditionalLockRelationOid(relid, AccessExclusiveLock))
			continue;
		for (int i = 0; i < foreach_current_index(relid); i++)
			UnlockRelationOid(list_nth_oid(tables, i), AccessExclusiveLock);
		return relid;
	}
	return InvalidOid;
}

/*
 * Lock a table and the parents (OIDs) of foreign keys that will be dropped in
 * ACCESS EXCLUSIVE mode, as DROP CONSTRAINT does, but without a deadlock with who
 * holds a parent and waits for the table.  The caller holds SHARE UPDATE
 * EXCLUSIVE on the table, and SHARE ROW EXCLUSIVE on the parents.  Does nothing
 * without parents.
 */
void
lock_dropped_parents(Oid relid, List *parents)
{
	List	   *tables = NIL;

	foreach_oid(parent, parents)
		tables = list_concat_unique_oid(tables, list_inheritors(parent));
	for (int attempt = 0; tables != NIL && attempt < MAX_ATTEMPTS; attempt++)
	{
		Oid			used;

		LockRelationOid(relid, AccessExclusiveLock);
		used = try_lock_exclusively(tables);
		if (!OidIsValid(used))
			return;
		UnlockRelationOid(relid, AccessExclusiveLock);
		/* until those who use it now have gone on to the table, and ended */
		LockRelationOid(used, AccessExclusiveLock);
		UnlockRelationOid(used, AccessExclusiveLock);
	}
}
