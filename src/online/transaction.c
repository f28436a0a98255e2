/*
 * transaction.c
 *		Transactions of a procedure that commits, and the locks in them.
 *
 * The procedure must be called non-atomically (run.c checks that).  Each of its
 * transactions is between begin_work() and end_work(), with SPI connected.  A
 * statement that cannot run in a transaction block runs with SPI finished, as if
 * it came from the client (statement/plan.c).  Memory that must outlive a
 * transaction is in a context below PortalContext.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/* The table of a STEP_ALONE, and the one index that its statement may name */
#define MAX_SESSION_LOCKS	2

/* The session locks of the statement that runs, all SHARE UPDATE EXCLUSIVE */
static LOCKTAG session_locks[MAX_SESSION_LOCKS];
static int	session_lock_count = 0;

/*
 * Set a parameter until the transaction ends, as SET LOCAL does, with the rights
 * of a superuser: the caller checks whether the user may set it.
 */
void
set_for_transaction(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Set lock_timeout until the transaction ends, in ms; 0: without a limit.
 */
void
set_lock_timeout(int milliseconds)
{
	char		value[12];		/* an int32, with sign and NUL */

	snprintf(value, sizeof(value), "%d", milliseconds);
	set_for_transaction("lock_timeout", value);
}

/*
 * Begin work in the current transaction: connect SPI, and set READ COMMITTED,
 * unless a snapshot was taken already, and no lock_timeout.
 */
void
begin_work(void)
{
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (!FirstSnapshotSet)
		set_for_transaction("transaction_isolation", "read committed");
	set_lock_timeout(0);
}

/*
 * Commit the work, and start the next transaction.  CurrentMemoryContext is then
 * another: switch to one that lasts.
 */
void
end_work(void)
{
	SPI_commit();
	finish_spi();
}

/*
 * Call work(state) in a subtransaction, which is kept if it succeeds.  Returns
 * false on a lock timeout, or if we were the victim of a deadlock; other errors
 * are re-thrown.
 */
bool
try_work(void (*work) (void *state), void *state)
{
	ErrorData  *error = try_in_subtransaction(work, state, true);

	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
		error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

/*
 * Returns false if the relation does not exist; 42501 if the caller does not own
 * it.
 */
static bool
check_owned(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (!has_privs_of_role(GetUserId(), form->relowner))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, pstrdup(NameStr(form->relname)));
	ReleaseSysCache(tuple);
	return true;
}

/*
 * Lock a relation by its OID: for the transaction, or for the session until
 * unlock_session(), which takes only SHARE UPDATE EXCLUSIVE.  The relation need
 * not exist any more.
 */
void
lock_relation(Oid relid, LOCKMODE mode, bool session)
{
	LOCKTAG    *tag = &session_locks[session_lock_count];

	if (!session)
	{
		LockRelationOid(relid, mode);
		return;
	}
	if (mode != ShareUpdateExclusiveLock || session_lock_count == MAX_SESSION_LOCKS)
		elog(ERROR, "unexpected lock of a session");
	SET_LOCKTAG_RELATION(*tag, MyDatabaseId, relid);
	(void) LockAcquire(tag, mode, true, false);
	session_lock_count++;
	AcceptInvalidationMessages();
}

/*
 * Lock a table that the caller owns by its OID; it cannot be renamed then.
 * Returns false if it was dropped; 42501 if the caller does not own it.  Checks
 * that before the lock request, so that a role cannot block a table of another
 * by waiting for it, and again after.
 */
bool
lock_table(Oid relid, LOCKMODE mode, bool session)
{
	if (!check_owned(relid))
		return false;
	lock_relation(relid, mode, session);
	return check_owned(relid);
}

/* The state of lock_if_there() */
typedef struct TableToLock
{
	Oid			relid;
	LOCKMODE	mode;
	bool		there;			/* the result: it exists, and is locked */
} TableToLock;

/* The work of begin_work_if_there(), in a subtransaction. */
static void
lock_if_there(void *state)
{
	TableToLock *table = state;

	table->there = lock_table(table->relid, table->mode, false);
}

/*
 * Begin work and lock a table by its OID, with retries as the run's patience
 * says.  Returns false, without having begun work, if the table was dropped.
 * 42501 if the caller does not own it, 55P03 after max_wait.
 */
bool
begin_work_if_there(const OnlineRun *run, Oid relid, LOCKMODE mode)
{
	TableToLock table = {.relid = relid,.mode = mode};
	TimestampTz since = GetCurrentTimestamp();
	int64		delay = run->patience.lock_timeout;

	for (;;)
	{
		begin_work();
		set_lock_timeout(run->patience.lock_timeout);
		if (try_work(lock_if_there, &table))
			break;
		end_work();
		wait_or_give_up(run, relid, "a lock on", since, &delay);
	}
	set_lock_timeout(0);
	if (!table.there)
		end_work();
	return table.there;
}

/*
 * As begin_work_if_there() for the run's table, but 42P01 if it was dropped.
 */
void
begin_work_on(const OnlineRun *run, LOCKMODE mode)
{
	if (!begin_work_if_there(run, run->relid, mode))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s\" does not exist", run->name),
				 errdetail("It was dropped while it was being changed concurrently.")));
}

/*
 * Release a session lock, unless an abort has released it already.
 */
void
release_session_lock(LOCKTAG *tag, LOCKMODE mode)
{
	if (lock_held_by_me(tag, mode))
		(void) LockRelease(tag, mode, true);
}

/*
 * Release all relations that lock_relation() has locked for the session.
 */
void
unlock_session(void)
{
	while (session_lock_count > 0)
		release_session_lock(&session_locks[--session_lock_count], ShareUpdateExclusiveLock);
}
