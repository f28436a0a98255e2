/*
 * run.c
 *		One run of a procedure that commits: what it holds, and its arguments.
 *
 * A run holds a lock of the session's, so that no second one works on the same
 * table, and lets go of it however it ends.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "check/check.h"
#include "online/online.h"

/* The lock that keeps a table to one run, while it is held */
static LOCKTAG run_lock;
static bool run_locked = false;

static void
acquire_run_lock(LOCKTAG *tag, Oid relid, const char *name, bool session)
{
	/* the table's own lock is a LOCKTAG_RELATION; nothing else asks for this */
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, relid, 1);
	if (LockAcquire(tag, ExclusiveLock, session, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("\"%s\" is being changed concurrently by another session", name)));
}

/*
 * Begin a run on a table: one at a time, 55006.  What keeps others away is a
 * lock of the session's, as it must outlive transactions; run_online() lets go
 * of it whatever happens.
 */
void
begin_run(OnlineRun *run, Oid relid, const char *name)
{
	run->relid = relid;
	run->name = MemoryContextStrdup(run->context, name);
	acquire_run_lock(&run_lock, relid, name, true);
	run_locked = true;
}

void
end_run(void)
{
	if (run_locked)
		release_session_lock(&run_lock, ExclusiveLock);
	run_locked = false;
}

/*
 * Refuse a table that a run is at work on, until the transaction ends.  The
 * caller has locked it.
 */
void
check_no_run(Oid relid)
{
	LOCKTAG		tag;

	acquire_run_lock(&tag, relid, display_name(relid), false);
}

/*
 * All that say how patient to be, from number n on.
 */
Patience
read_patience(FunctionCallInfo fcinfo, int n)
{
	Patience	patience;

	patience.batch_size = PG_GETARG_INT32(n);
	patience.pause = interval_ms(fcinfo, n + 1, "pause");
	patience.max_lag = PG_ARGISNULL(n + 2) ? -1 : PG_GETARG_INT64(n + 2);
	if (patience.batch_size < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"batch_size\" must be positive")));
	if (!PG_ARGISNULL(n + 2) && patience.max_lag < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"max_lag\" must not be negative")));
	read_waiting(fcinfo, n + 3, &patience);
	return patience;
}

/*
 * Run a body that commits, and let go of what it holds, whatever happens.  The
 * arguments are in the portal's memory, as all that a procedure makes of its own
 * before its first commit.
 */
void
run_online(void *arguments, const Patience *patience, void (*body) (OnlineRun *run))
{
	MemoryContext caller = CurrentMemoryContext;
	OnlineRun	run = {.arguments = arguments,.patience = *patience};

	run.context = AllocSetContextCreate(PortalContext, "junction online", ALLOCSET_DEFAULT_SIZES);
	run.step_context = AllocSetContextCreate(run.context, "junction online step",
											 ALLOCSET_DEFAULT_SIZES);
	start_telling();
	PG_TRY();
	{
		body(&run);
	}
	PG_FINALLY();
	{
		unlock_session();
		end_run();
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(run.context);
}

/*
 * Begin a run on a table of the caller's: what check/table.c refuses,
 * and 55006.
 */
void
begin_run_on_own_table(OnlineRun *run, Oid relid)
{
	Relation	rel;

	begin_work();
	rel = open_table_to_change(relid, AccessShareLock);
	check_not_distributed(relid);
	begin_run(run, relid, display_name(relid));
	relation_close(rel, NoLock);
	end_work();
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

/*
 * The arguments that say how long to wait for locks, from number n on.
 */
void
read_waiting(FunctionCallInfo fcinfo, int n, Patience *patience)
{
	patience->lock_timeout = (int) Min(interval_ms(fcinfo, n, "lock_timeout"), PG_INT32_MAX / 10);
	patience->max_wait = interval_ms(fcinfo, n + 1, "max_wait");
	if (patience->lock_timeout < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"lock_timeout\" must be positive")));
}
