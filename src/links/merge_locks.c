/*
 * merge_locks.c
 *		Locks the tables of a merge, and the rows that the caller names.
 *
 * The tables that reference the rows are locked in SHARE ROW EXCLUSIVE mode: what is
 * counted there is not changed by others meanwhile, and two merges that meet at a
 * table do one after the other.
 *
 * Some sessions lock such a table first and then the row: a new link waits for the
 * row in its foreign key's check.  Others lock the row first: they change it, and then
 * its links.  So as not to deadlock with either, the row is never waited for while the
 * tables are locked, nor the other way round: if a row cannot be had at once, the locks
 * of the tables are given back, by the end of a subtransaction, until it can be had.
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * How often the tables are given back.  Where others have the rows over and over, they
 * are waited for with the tables then.
 */
#define PATIENCE	20

/* The state of the functions below */
typedef struct LockTry
{
	Merge	   *merge;
	const MergedRows *rows;
	bool		waits;			/* for the rows */
	bool		at_rows;		/* the tables are locked */
} LockTry;

/*
 * Locks the rows, as the owner of their table.
 */
static void
lock_rows_alone(void *state)
{
	LockTry    *try = state;
	OwnerRole	role;

	become_owner(&role, try->rows->table->oid);
	(void) run_and_count(psprintf("%s%s", lock_rows(try->rows), try->waits ? "" : " NOWAIT"));
	become_caller(&role);
}

/*
 * Opens the tables below, and locks the rows.
 */
static void
lock_tables_and_rows(void *state)
{
	LockTry    *try = state;

	try->at_rows = false;
	open_tables_below(try->merge);
	try->at_rows = true;
	lock_rows_alone(state);
}

/*
 * Opens the tables below the first one, and locks the rows of it, of which the
 * identity and the values are known.  Raises what open_tables_below() does; 55P03 after
 * lock_timeout.
 */
void
lock_merge(Merge *merge, const MergedRows *rows)
{
	LockTry		try = {.merge = merge,.rows = rows};

	if (merge->dry_run)
	{
		open_tables_below(merge);
		return;
	}
	for (int turn = 0; turn < PATIENCE; turn++)
	{
		ErrorData  *error;

		try.waits = false;
		error = try_in_subtransaction(lock_tables_and_rows, &try, true);
		if (error == NULL)
			return;
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE || !try.at_rows)
			ReThrowError(error);
		close_tables_below(merge);
		try.waits = true;
		error = try_in_subtransaction(lock_rows_alone, &try, false);
		if (error != NULL)
			ReThrowError(error);
	}
	lock_tables_and_rows(&try);
}
