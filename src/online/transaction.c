/*
 * transaction.c
 *		How to work in a procedure that commits: transactions, the locks in them,
 *		statements that cannot be in one, and one run a table at a time.
 *
 * As a C procedure that is not atomic, each transaction is between begin_work()
 * and end_work(), with SPI connected.  What cannot run in a transaction runs
 * with SPI finished, as if it came from the client.  What outlives a
 * transaction is in a memory context below the portal's.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "online/online.h"

/* A table, and another relation that the text of a step names */
#define MAX_SESSION_LOCKS	2

/* The locks that outlive the transactions of a statement, all in one mode */
static LOCKTAG session_locks[MAX_SESSION_LOCKS];
static int	session_lock_count = 0;

/*
 * Set a parameter until the transaction ends.
 */
void
set_for_transaction(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * For how long to wait for a lock in this transaction, in milliseconds; 0: for
 * as long as it takes.
 */
void
set_lock_timeout(int milliseconds)
{
	char		value[12];

	snprintf(value, sizeof(value), "%d", milliseconds);
	set_for_transaction("lock_timeout", value);
}

/*
 * Start a piece of work: in a transaction that sees what others commit, and
 * does not stop at the session's own lock_timeout.
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
 * Commit it; the next transaction has begun.
 */
void
end_work(void)
{
	SPI_commit();
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * Do something in a subtransaction.  False if a lock was not to be had, or cost
 * another its.
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
 * Is the relation there?  If so, it must be the caller's: 42501.
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
 * Lock a relation by its OID; for the session, until unlock_session().
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
 * Lock a table of the caller's by its OID, so that its name stays as it is.
 * False if the table is gone, 42501 if it is somebody else's: then nobody queues
 * in front of it.
 */
bool
lock_table(Oid relid, LOCKMODE mode, bool session)
{
	if (!check_owned(relid))
		return false;
	lock_relation(relid, mode, session);
	return check_owned(relid);
}

/* A table to be locked in a subtransaction */
typedef struct TableToLock
{
	Oid			relid;
	LOCKMODE	mode;
	bool		there;
} TableToLock;

static void
lock_if_there(void *state)
{
	TableToLock *table = state;

	table->there = lock_table(table->relid, table->mode, false);
}

/*
 * Start a piece of work on a table, which is locked by its OID, as patiently as
 * the run is.  False if the table is gone.
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
		wait_or_give_up(run, relid, "a lock", since, &delay);
	}
	set_lock_timeout(0);
	if (!table.there)
		end_work();
	return table.there;
}

/*
 * The same for the table of a run; 42P01 if it is gone.
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
 * Let go of a lock of the session, unless a transaction that failed has done so.
 */
void
release_session_lock(LOCKTAG *tag, LOCKMODE mode)
{
	if (lock_held_by_me(tag, mode))
		(void) LockRelease(tag, mode, true);
}

/*
 * Let go of the relations that are locked for the session.
 */
void
unlock_session(void)
{
	while (session_lock_count > 0)
		release_session_lock(&session_locks[--session_lock_count], ShareUpdateExclusiveLock);
}
