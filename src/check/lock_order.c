/*
 * lock_order.c
 *		Locks a table together with its parents.
 *
 * A DELETE locks a parent, and then, as it cascades, the tables that reference
 * it.  A transaction that links two rows and then changes one of them locks the
 * table first, and then the parent.  A join and pg_dump lock all in any order.
 * The statements of a verb lock the table, and the parents of the foreign keys
 * that they add (SHARE ROW EXCLUSIVE) or drop (ACCESS EXCLUSIVE).  Whichever of
 * these was waited for while another was held, it would be a deadlock with one
 * of those.
 *
 * So a verb has all of them locked before its first statement, and waits for
 * none while it holds another.  If one is not free, the others are given back,
 * and it is waited for alone; then all are tried again.
 *
 * Which they are is read without a lock, and again when all are locked.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_namespace.h"
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

/* How often to let all go, before we wait as ALTER TABLE itself would */
#define MAX_ATTEMPTS 10

/* A table, and the mode in which it is locked */
typedef struct TableLock
{
	Oid			relid;
	LOCKMODE	mode;
} TableLock;

/*
 * Appends a lock to a list.
 */
static void
append_table_lock(List **locks, Oid relid, LOCKMODE mode)
{
	TableLock  *lock = palloc(sizeof(TableLock));

	lock->relid = relid;
	lock->mode = mode;
	*locks = lappend(*locks, lock);
}

/*
 * Adds a lock to a list.  Of two modes for one table the stronger one counts.
 */
static void
add_table_lock(List **locks, Oid relid, LOCKMODE mode)
{
	foreach_ptr(TableLock, lock, *locks)
		if (lock->relid == relid)
		{
			lock->mode = Max(lock->mode, mode);
			return;
		}
	append_table_lock(locks, relid, mode);
}

/*
 * Lock a table, and add it to those that are held.  If wait is false and it is
 * not free, returns false.
 */
static bool
lock_one(Oid relid, LOCKMODE mode, bool wait, List **held)
{
	if (wait)
		LockRelationOid(relid, mode);
	else if (!ConditionalLockRelationOid(relid, mode))
		return false;
	append_table_lock(held, relid, mode);
	return true;
}

/*
 * Lock the tables of a list in its order, each with its partitions; but not with
 * these in the modes beside which rows are written: reading and writing locks the
 * partitions that it meets, and SHARE UPDATE EXCLUSIVE only keeps the like of us off.
 * If wait is false, ends at the first one that is not free, and sets *busy to it.
 */
static List *
lock_all(List *locks, bool wait, TableLock *busy)
{
	List	   *held = NIL;

	busy->relid = InvalidOid;
	foreach_ptr(TableLock, lock, locks)
	{
		List	   *parts = list_make1_oid(lock->relid);

		foreach_oid(part, parts)
		{
			if (!lock_one(part, lock->mode, wait, &held))
			{
				busy->relid = part;
				busy->mode = lock->mode;
				return held;
			}
			/* only now are they known for sure; the list grows on the way */
			if (part == lock->relid && lock->mode > ShareUpdateExclusiveLock)
				parts = list_concat_unique_oid(parts, with_partitions(part));
		}
	}
	return held;
}

/*
 * Release locks that lock_all() has taken.
 */
static void
unlock_all(List *held)
{
	foreach_ptr(TableLock, lock, held)
		UnlockRelationOid(lock->relid, lock->mode);
}

/*
 * Lock the tables of a list, and their partitions, without waiting for one while
 * another is held.  Returns what is locked, for unlock_all().
 */
static List *
lock_together(List *locks)
{
	TableLock	busy = {InvalidOid, NoLock};

	for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
	{
		TableLock	waited = busy;
		List	   *held;

		if (OidIsValid(waited.relid))
			LockRelationOid(waited.relid, waited.mode);
		held = lock_all(locks, false, &busy);
		if (OidIsValid(waited.relid))
			UnlockRelationOid(waited.relid, waited.mode);
		if (!OidIsValid(busy.relid))
			return held;
		unlock_all(held);
	}
	return lock_all(locks, true, &busy);
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
 * Returns what tables (OIDs) are called, for check_all_there(): before we wait for
 * a lock.
 */
static char **
display_names(List *tables)
{
	char	  **names = palloc(sizeof(char *) * (list_length(tables) + 1));

	foreach_oid(relid, tables)
		names[foreach_current_index(relid)] = display_name(relid);
	return names;
}

/*
 * Refuse if one of the tables was dropped meanwhile: 42P01.
 */
static void
check_all_there(List *tables, char *const *names)
{
	foreach_oid(relid, tables)
		check_still_there(relid, names[foreach_current_index(relid)]);
}

/*
 * Returns true if the caller has USAGE on the schema of the table, and the
 * privilege, such as ACL_REFERENCES, on the table or on one of its columns; false if
 * the table does not exist.  (Who knows its OID needs no schema to name it.)
 */
bool
has_privilege(Oid relid, AclMode privilege)
{
	Oid			namespace = get_rel_namespace(relid);
	bool		is_missing = false;

	if (!OidIsValid(namespace) ||
		object_aclcheck(NamespaceRelationId, namespace, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		return false;
	return pg_class_aclcheck_ext(relid, GetUserId(), privilege, &is_missing) == ACLCHECK_OK ||
		(SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) &&
		 pg_attribute_aclcheck_all(relid, GetUserId(), privilege, ACLMASK_ANY) == ACLCHECK_OK);
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
 * Returns the parents (OIDs) of a table's foreign keys that have one of these
 * columns.  The table itself is none.
 */
List *
find_parents(const TableFacts *table, const Bitmapset *columns)
{
	List	   *parents = NIL;

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		for (int i = 0; i < key->nkeys; i++)
			if (key->parent != table->oid && bms_is_member(key->columns[i], columns))
				parents = list_append_unique_oid(parents, key->parent);
	return parents;
}

/*
 * As find_parents(), of all foreign keys: for ParentUse.
 */
List *
all_parents(TableFacts *table, const void *state)
{
	Bitmapset  *columns = NULL;

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		columns = bms_add_members(columns, key_columns(key));
	return find_parents(table, columns);
}

/*
 * Adds locks on parents (OIDs), in the order of these.  Two verbs wait for them
 * in the same order, if they have to.
 */
static void
need_parents(List **locks, List *parents, LOCKMODE mode)
{
	parents = list_copy(parents);
	list_sort(parents, list_oid_cmp);
	foreach_oid(parent, parents)
		add_table_lock(locks, parent, mode);
}

/*
 * Returns those of the tables (OIDs) that the caller may reference.  The others
 * are refused later, without a lock.
 */
static List *
referenceable(List *parents)
{
	List	   *allowed = NIL;

	foreach_oid(parent, parents)
		if (has_privilege(parent, ACL_REFERENCES))
			allowed = lappend_oid(allowed, parent);
	return allowed;
}

/*
 * Returns locks on parents (OIDs) of a table: on those to which foreign keys are
 * added, on those that are kept, in their mode, and on those of foreign keys that are
 * dropped; each at its place among all, in whichever mode.
 */
static List *
locks_on_parents(List *added, List *kept, LOCKMODE mode, List *dropped)
{
	List	   *locks = NIL;
	List	   *all = list_concat_unique_oid(list_concat_unique_oid(list_copy(added), kept), dropped);

	need_parents(&locks, all, NoLock);
	need_parents(&locks, added, ShareRowExclusiveLock);
	need_parents(&locks, kept, mode);
	need_parents(&locks, dropped, AccessExclusiveLock);
	return locks;
}

/*
 * Returns the locks on a table and its parents that a verb needs: on the table
 * last.
 */
static List *
find_locks(Oid relid, LOCKMODE lockmode, const ParentUse *use)
{
	List	   *locks;
	List	   *kept = NIL;
	List	   *dropped = NIL;

	foreach_ptr(TableFacts, table, read_unlocked(relid))
	{
		if (use->kept != NULL)
			kept = use->kept(table, use->state);
		if (use->dropped != NULL)
			dropped = use->dropped(table, use->state);
	}
	locks = locks_on_parents(use->added, kept, use->mode, dropped);
	add_table_lock(&locks, relid, lockmode);
	return locks;
}

/*
 * Are the locks of one list among those of another?
 */
static bool
has_locks(List *locks, List *needed)
{
	foreach_ptr(TableLock, lock, needed)
	{
		bool		found = false;

		foreach_ptr(TableLock, one, locks)
			found |= one->relid == lock->relid && one->mode >= lock->mode;
		if (!found)
			return false;
	}
	return true;
}

/*
 * Lock the tables (OIDs) that the foreign keys of a new table will reference, or
 * those of them that the caller may reference.  42P01 if one is dropped while we
 * wait for its lock.
 */
void
lock_new_parents(List *parents)
{
	List	   *allowed = referenceable(parents);
	char	  **names = display_names(allowed);
	List	   *locks = NIL;

	need_parents(&locks, allowed, ShareRowExclusiveLock);
	(void) lock_together(locks);
	check_all_there(allowed, names);
}

/*
 * As open_table_to_change(), but locks the parents that the verb uses together
 * with the table.  If it has others once all are locked, all locks are released,
 * and requested again.  42P01 also for an added parent that is dropped meanwhile.
 */
Relation
open_table_with_parents(Oid relid, LOCKMODE lockmode, const ParentUse *use)
{
	ParentUse	allowed = *use;
	char	   *name;
	char	  **names;

	check_table_to_change(relid);
	/* for the message, if it is dropped while we wait for a lock */
	name = display_name(relid);
	allowed.added = referenceable(use->added);
	names = display_names(allowed.added);
	for (;;)
	{
		List	   *locks = find_locks(relid, lockmode, &allowed);
		List	   *held = lock_together(locks);
		Relation	rel;

		check_all_there(allowed.added, names);
		check_still_there(relid, name);
		rel = open_table_to_change(relid, lockmode);
		if (has_locks(locks, find_locks(relid, lockmode, &allowed)))
			return rel;
		relation_close(rel, lockmode);
		unlock_all(held);
	}
}

/*
 * Lock a table in ACCESS SHARE mode together with those in which a probe of it
 * makes rows: its parents, their parents, and so on.  Their mode is ROW EXCLUSIVE,
 * as of an INSERT.  Skips those in which the caller may not insert.  Returns what
 * is locked, for unlock_sampled_parents().  42P01 if the table is dropped while we
 * wait.
 */
List *
lock_sampled_parents(Oid relid)
{
	List	   *found = list_make1_oid(relid);
	List	   *allowed = NIL;
	List	   *locks = NIL;
	List	   *held;
	char	   *name = display_name(relid);

	/* the list grows on the way */
	foreach_oid(one, found)
		foreach_ptr(TableFacts, table, read_unlocked(one))
			foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
				found = list_append_unique_oid(found, key->parent);
	foreach_oid(parent, found)
		if (parent != relid && has_privilege(parent, ACL_INSERT))
			allowed = lappend_oid(allowed, parent);
	need_parents(&locks, allowed, RowExclusiveLock);
	add_table_lock(&locks, relid, AccessShareLock);
	held = lock_together(locks);
	check_still_there(relid, name);
	return held;
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
	unlock_all(locked);
	CurrentResourceOwner = owner;
}

/*
 * Lock a table, and the parents (OIDs) of foreign keys that will be added or dropped,
 * as these statements do, when only now it is known that they will.  lockmode: of the
 * table, if none is dropped.  The caller holds SHARE UPDATE EXCLUSIVE on the table,
 * which keeps neither readers nor writers off.  Does nothing without parents.
 */
void
lock_parents_late(Oid relid, LOCKMODE lockmode, List *added, List *dropped)
{
	List	   *allowed = referenceable(added);
	List	   *locks;

	if (allowed == NIL && dropped == NIL)
		return;
	locks = locks_on_parents(allowed, NIL, NoLock, dropped);
	add_table_lock(&locks, relid, dropped != NIL ? AccessExclusiveLock : lockmode);
	(void) lock_together(locks);
}
