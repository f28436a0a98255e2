/*
 * work.c
 *		How to work in a procedure that commits: transactions, statements that
 *		cannot be in one, and one run a table at a time.
 *
 * As a C procedure that is not atomic, each transaction is between begin_work()
 * and end_work(), with SPI connected.  What cannot run in a transaction runs
 * with SPI finished, as if it came from the client.  What outlives a
 * transaction is in a memory context below the portal's.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/snapmgr.h"

#include "junction.h"

/* The lock that keeps a table to one run, while it is held */
static LOCKTAG run_lock;
static bool run_locked = false;

/*
 * Start a piece of work: in a transaction that sees what others commit.
 */
void
begin_work(void)
{
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (!FirstSnapshotSet)
		XactIsoLevel = XACT_READ_COMMITTED;
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
 * Run a statement as if it came from the client by itself: it may commit.
 */
void
run_alone(const char *query)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(query, RAW_PARSE_DEFAULT));
	PlannedStmt *statement = makeNode(PlannedStmt);

	statement->commandType = CMD_UTILITY;
	statement->utilityStmt = raw->stmt;
	statement->stmt_location = raw->stmt_location;
	statement->stmt_len = raw->stmt_len;

	PushActiveSnapshot(GetTransactionSnapshot());
	ProcessUtility(statement, query, false, PROCESS_UTILITY_TOPLEVEL, NULL, NULL,
				   None_Receiver, NULL);
	/*
	 * Unless the statement has ended the transaction of the snapshot.  What is
	 * there then may be the portal's, which an event trigger has needed.
	 */
	if (ActiveSnapshotSet() && GetActiveSnapshot() != ActivePortal->portalSnapshot)
		PopActiveSnapshot();
}

/*
 * Do something in a subtransaction.  False if a lock was not to be had, or cost
 * another its.
 */
bool
try_work(void (*work) (void *state), void *state)
{
	ErrorData  *error = attempt(work, state, true);

	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
		error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

/*
 * Refuse to be called where no commit is possible: 25001 inside a transaction,
 * 2D000 below a DO block or another procedure.
 */
void
check_may_commit(FunctionCallInfo fcinfo, const char *name)
{
	bool		atomic = fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic;

	PreventCommandIfReadOnly(name);
	if (SPI_inside_nonatomic_context())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot be called by a DO block or another procedure", name),
				 errhint("Call it from the client, by itself.")));
	if (atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction", name),
				 errdetail("It commits between its steps."),
				 errhint("Call it by itself, outside of BEGIN and of functions.")));
}

int64
interval_ms(FunctionCallInfo fcinfo, int n, const char *name)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(n);
	int64		result = interval->time / 1000 + (int64) interval->day * (USECS_PER_DAY / 1000) +
		(int64) interval->month * DAYS_PER_MONTH * (USECS_PER_DAY / 1000);

	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must not be negative", name)));
	return result;
}

/*
 * The arguments that say how long to wait for locks, from number n on.
 */
void
read_waiting(FunctionCallInfo fcinfo, int n, Patience *patience)
{
	patience->lock_timeout = (int) Min(interval_ms(fcinfo, n, "lock_timeout"), INT_MAX / 10);
	patience->max_wait = interval_ms(fcinfo, n + 1, "max_wait");
	if (patience->lock_timeout < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"lock_timeout\" must be positive")));
}

static void
acquire_run_lock(LOCKTAG *tag, Oid relid, bool session)
{
	/* the table's own lock is a LOCKTAG_RELATION; nothing else asks for this */
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, relid, 1);
	if (LockAcquire(tag, ExclusiveLock, session, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("\"%s\" is being changed concurrently by another session",
						display_name(relid))));
}

/*
 * One run a table at a time: 55006.  The lock is the session's, as it must
 * outlive transactions; run_online() lets go of it whatever happens.
 */
void
lock_run(Oid relid)
{
	acquire_run_lock(&run_lock, relid, true);
	run_locked = true;
}

void
unlock_run(void)
{
	/* a commit that failed has let go of it */
	if (run_locked && lock_held_by_me(&run_lock, ExclusiveLock))
		(void) LockRelease(&run_lock, ExclusiveLock, true);
	run_locked = false;
}

/*
 * The same for one transaction.
 */
void
check_no_run(Oid relid)
{
	LOCKTAG		tag;

	acquire_run_lock(&tag, relid, false);
}
