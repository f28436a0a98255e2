/*
 * run.c
 *		Begins and ends a run of a procedure that commits, and reads its
 *		arguments.
 *
 * A run holds a session lock, which outlives its transactions, so that no second
 * run works on the same table.  run_online() releases it however the run ends.
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
#include "catalog/facts.h"
#include "check/check.h"
#include "online/online.h"

/* The run lock of this session's run; valid while run_locked */
static LOCKTAG run_lock;
static bool run_locked = false;

/*
 * Take the run lock of a table, without waiting: 55006 if another session has
 * it.  session: until it is released, not until the transaction ends.
 */
static void
acquire_run_lock(LOCKTAG *tag, Oid relid, const char *name, bool session)
{
	/*
	 * A LOCKTAG_OBJECT: the table itself is locked as a LOCKTAG_RELATION.
	 * PostgreSQL locks objects with subid 0; ours is 1, so nothing else takes
	 * this lock.
	 */
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, relid, 1);
	if (LockAcquire(tag, ExclusiveLock, session, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("\"%s\" is being changed concurrently by another session", name)));
}

/*
 * Begin a run on a table and take its run lock: 55006 if another run has it.
 * name: for messages.  Called in a transaction that then commits.
 */
void
begin_run(OnlineRun *run, Oid relid, const char *name)
{
	run->relid = relid;
	run->name = MemoryContextStrdup(run->context, name);
	acquire_run_lock(&run_lock, relid, name, true);
	run_locked = true;
	show_step(relid, "begin", 0, 0);
	forget_pause(relid);
}

/* End the run, if there is one, and release its run lock. */
void
end_run(void)
{
	show_no_run();
	if (run_locked)
		release_session_lock(&run_lock, ExclusiveLock);
	run_locked = false;
}

/*
 * Refuse a table that another session's run works on, and keep runs away from it
 * until the transaction ends: 55006.  The table must be locked.
 */
void
check_no_run(Oid relid)
{
	LOCKTAG		tag;

	acquire_run_lock(&tag, relid, display_name(relid), false);
}

/*
 * Returns the arguments batch_size, pause, max_lag, lock_timeout and max_wait,
 * which are the arguments n to n + 4.  22023 for a value out of range.
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
 * Run a body that commits, and release its session locks however it ends.
 * arguments: for the body; they must be in memory that outlives the transactions,
 * as what a procedure allocates before its first commit (PortalContext).
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
 * Refuse max_lag of a table that Citus keeps: 0A000.
 */
static void
check_may_watch(const OnlineRun *run, Oid relid)
{
	if (run->patience.max_lag >= 0 && is_distributed(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"max_lag\" cannot be given for distributed table \"%s\"", display_name(relid)),
				 errdetail("Only the standbys and replication slots of this server are watched, and its rows are on others."),
				 errhint("Leave max_lag out, and give a pause after each batch.")));
}

/*
 * Begin a run on a table that the caller owns, in a transaction of its own.
 * Errors: those of check/table.c; 55006 if another run works on the table; 0A000 for
 * max_lag of a distributed table.
 */
void
begin_run_on_own_table(OnlineRun *run, Oid relid)
{
	Relation	rel;

	begin_work();
	rel = open_table_to_change(relid, AccessShareLock);
	check_may_watch(run, relid);
	begin_run(run, relid, display_name(relid));
	relation_close(rel, NoLock);
	end_work();
}

/*
 * Refuse a call that cannot commit: 25001 in a transaction block or a function,
 * 2D000 in a DO block or another procedure.  25006 in a read-only transaction
 * and on a standby.  name: the procedure's.
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
 * Set *patience from the arguments lock_timeout and max_wait, which are the
 * arguments n and n + 1.  22023 for a value out of range.  lock_timeout is cut
 * to a tenth of INT_MAX ms, as patient_timeout() multiplies it by 10.
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
