/*
 * merge_locks.c
 *		Locks the tables of a merge, and the rows that the caller names.
 *
 * The tables that reference the rows are locked in EXCLUSIVE mode: what is counted
 * there is not changed by others meanwhile, and two merges that meet at a table do one
 * after the other.  A weaker mode would let others have rows locked (SELECT ... FOR
 * UPDATE): we would wait for these, and they for the table when they change them.
 *
 * Others come to the same tables in every order: a DELETE that cascades takes them by
 * the names of its triggers, a new link locks its table first and then waits for the
 * row in its foreign key's check, an UPDATE locks the row first and then its links.
 * So as not to deadlock with any, nothing is waited for while another lock of ours is
 * held.  What cannot be had at once ends the try, and all its locks go with its
 * subtransaction.  The next try waits for that one lock first, when it has no other.
 * For the rows, it is waited one by one.
 */
#include "postgres.h"

#include "access/relation.h"
#include "storage/lmgr.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * How often to try.  Where others have the tables or the rows over and over, they are
 * waited for together then.
 */
#define PATIENCE	20

/* The state of the functions below */
typedef struct LockTry
{
	Merge	   *merge;
	Oid			relid;			/* the table whose rows become one */
	const char *name;			/* for the message, if it is dropped */
	FunctionCallInfo fcinfo;	/* its arguments name rows; or null */
	MergedRows *rows;			/* which they name */
	bool		waits;			/* for the rows */
	int			waited;			/* the place of the one that is waited for alone */
	bool		at_rows;		/* the tables are locked */
} LockTry;

/*
 * Locks a table of the merge to the end of the transaction.  If it is not to be waited
 * for: raises 55P03, and notes it in merge->busy.
 */
void
lock_merge_table(Merge *merge, Oid relid, LOCKMODE lockmode)
{
	if (merge->waits)
		LockRelationOid(relid, lockmode);
	else if (!ConditionalLockRelationOid(relid, lockmode))
	{
		merge->busy = relid;
		merge->busy_mode = lockmode;
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not obtain lock on relation \"%s\"", display_name(relid))));
	}
}

/*
 * Locks the rows, as the owner of their table.
 */
static void
lock_rows_alone(void *state)
{
	LockTry    *try = state;
	OwnerRole	role;

	become_owner(&role, try->relid);
	(void) run_and_count(psprintf("%s%s", lock_rows(try->rows), try->waits ? "" : " NOWAIT"));
	become_caller(&role);
}

/*
 * Locks one of the rows.  Its table may have changed since the try that named it.
 */
static void
lock_row_alone(void *state)
{
	LockTry    *try = state;
	MergedRows *rows = try->rows;

	relation_close(open_table_to_change(try->relid, RowShareLock), NoLock);
	name_rows(rows, try->fcinfo, read_table(try->relid));
	rows->values = list_make1(list_nth(rows->values, try->waited));
	lock_rows_alone(try);
}

/*
 * Waits until each of the rows can be locked, and leaves them unlocked.
 */
static void
wait_for_rows(LockTry *try)
{
	int			count = list_length(try->rows->values);

	try->waits = true;
	for (try->waited = 0; try->waited < count; try->waited++)
	{
		ErrorData  *error = try_in_subtransaction(lock_row_alone, try, false);

		if (error != NULL)
			ReThrowError(error);
	}
}

/*
 * Opens the tables, and locks the rows.
 */
static void
lock_tables_and_rows(void *state)
{
	LockTry    *try = state;
	Merge	   *merge = try->merge;

	Oid			busy = merge->busy;

	merge->busy = InvalidOid;
	if (OidIsValid(busy))
		LockRelationOid(busy, merge->busy_mode);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(try->relid)))
		raise_gone(try->relid, try->name);
	merge->tables = NIL;
	try->at_rows = false;
	open_merged_table(merge, try->relid);
	if (try->fcinfo)
		name_rows(try->rows, try->fcinfo, ((MergeTable *) linitial(merge->tables))->table);
	open_tables_below(merge);
	try->at_rows = true;
	if (try->fcinfo && !merge->dry_run)
		lock_rows_alone(try);
}

/*
 * Opens the table whose rows become one, and those below it.  If fcinfo is given, sets
 * rows to those that its arguments name, and locks them.  Raises what
 * open_merged_table(), name_rows() and open_tables_below() do; 55P03 after
 * lock_timeout.
 */
const TableFacts *
lock_merge(Merge *merge, Oid relid, FunctionCallInfo fcinfo, MergedRows *rows)
{
	LockTry		try = {.merge = merge,.relid = relid,.name = display_name(relid),.fcinfo = fcinfo,.rows = rows};
	bool		locked = false;

	for (int turn = 0; !locked && turn < PATIENCE && !merge->dry_run; turn++)
	{
		ErrorData  *error;

		merge->waits = try.waits = false;
		error = try_in_subtransaction(lock_tables_and_rows, &try, true);
		locked = error == NULL;
		if (locked || OidIsValid(merge->busy))
			continue;
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE || !try.at_rows)
			ReThrowError(error);
		wait_for_rows(&try);
	}
	if (!locked)
	{
		merge->waits = try.waits = true;
		lock_tables_and_rows(&try);
	}
	return ((MergeTable *) linitial(merge->tables))->table;
}
