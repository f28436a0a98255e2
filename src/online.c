/*
 * online.c
 *		What commits between steps, and blocks nobody: how to wait, to lock and
 *		to run; and the procedure junction.promote_concurrently.
 *
 * junction.promote_concurrently: the table says what remains to be done
 * (online_plan.c).  Look, do the first of it, commit, and look again; so a run
 * that was stopped anywhere is finished by the same call.
 *
 * A lock that blocks others is asked for with a short timeout, and again after
 * a while, until it is had: whoever waits in front of a busy table has all that
 * come later wait behind him.  Between two tries the application runs.
 *
 * How it is done, as a C procedure that is not atomic: each transaction is
 * between begin_work() and end_work(), with SPI connected.  What cannot run in
 * a transaction runs with SPI finished, as if it came from the client.  What
 * outlives a transaction is in a memory context below the portal's.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "junction.h"

/* The longest pause between two tries for a lock, in milliseconds */
#define MAX_DELAY	5000

/* Nobody wants to be told more often, in milliseconds */
#define TELL_EVERY	3000

static TimestampTz last_told = 0;

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
 * Wait, and be stopped where the user wants that.
 */
void
wait_ms(int64 milliseconds)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);

	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/*
 * A notice, if the last one is some time ago.
 */
void
tell(const char *format,...)
{
	StringInfoData buf;
	TimestampTz now = GetCurrentTimestamp();

	if (TimestampDifferenceMilliseconds(last_told, now) < TELL_EVERY)
		return;
	last_told = now;
	initStringInfo(&buf);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&buf, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	ereport(NOTICE, (errmsg_internal("%s", buf.data)));
	pfree(buf.data);
}

/*
 * Who is in the way of a lock on a table; null if nobody is.  snapshots: also
 * whoever has one that is older than a second, as who builds an index waits for
 * all of them, and for those who have written to the table.
 */
static char *
describe_holders(Oid relid, bool snapshots)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *result = NULL;
	char	   *query;

	query = psprintf("WITH locks AS (SELECT DISTINCT pid, virtualtransaction FROM pg_catalog.pg_locks"
					 " WHERE locktype OPERATOR(pg_catalog.=) 'relation' AND granted"
					 " AND database OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
					 " AND relation OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
					 " AND (NOT %s OR mode OPERATOR(pg_catalog.<>) 'AccessShareLock')"
					 " AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()),"
					 " holders (who, since) AS ("
					 " SELECT pg_catalog.format('process %%s (%%s)', pid, state), xact_start"
					 " FROM pg_catalog.pg_stat_activity AS a"
					 " WHERE pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()"
					 " AND (EXISTS (SELECT FROM locks WHERE locks.pid OPERATOR(pg_catalog.=) a.pid)"
					 " OR (%s AND backend_xmin IS NOT NULL AND datid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
					 " AND backend_type OPERATOR(pg_catalog.=) 'client backend'))"
					 " UNION ALL SELECT pg_catalog.format('prepared transaction %%L', gid), prepared"
					 " FROM pg_catalog.pg_prepared_xacts AS p WHERE EXISTS (SELECT FROM locks JOIN pg_catalog.pg_locks AS x"
					 " ON x.virtualtransaction OPERATOR(pg_catalog.=) locks.virtualtransaction WHERE locks.pid IS NULL"
					 " AND x.pid IS NULL AND x.transactionid OPERATOR(pg_catalog.=) p.transaction))"
					 " SELECT pg_catalog.string_agg(pg_catalog.format('%%s, in a transaction for %%s s', who,"
					 " EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) since)::pg_catalog.int8), '; ' ORDER BY since)"
					 " FROM holders WHERE NOT %s OR"
					 " since OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) '1 s'::pg_catalog.interval)",
					 MyDatabaseId, relid, snapshots ? "true" : "false", snapshots ? "true" : "false",
					 MyDatabaseId, snapshots ? "true" : "false");
	begin_work();
	if (SPI_execute(query, true, 0) == SPI_OK_SELECT && SPI_processed == 1)
		result = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (result != NULL)
		result = MemoryContextStrdup(caller, result);
	end_work();
	MemoryContextSwitchTo(caller);
	return result;
}

/*
 * Tell for whom it waits, the first time at once, and wait a while, each time
 * longer; or give up, if it has done so for long enough: 55P03.
 */
static void
wait_for_holders(Oid relid, const char *what, const char *holders, TimestampTz since,
				 const Patience *patience, int64 *delay)
{
	static TimestampTz told_since = 0;
	int64		waited = TimestampDifferenceMilliseconds(since, GetCurrentTimestamp());

	if (waited > patience->max_wait)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not get %s of \"%s\" in %lld s", what, display_name(relid),
						(long long) (waited / 1000)),
				 errdetail("In the way: %s.", holders ? holders : "nobody any more"),
				 errhint("What was done stays. The same call goes on from here.")));
	if (told_since != since)
		last_told = 0;
	told_since = since;
	tell("waiting for %s of \"%s\"; in the way: %s", what, display_name(relid),
		 holders ? holders : "nobody any more");
	wait_ms(*delay + pg_prng_uint64_range(&pg_global_prng_state, 0, *delay / 2));
	*delay = Min(*delay * 2, MAX_DELAY);
}

/*
 * After a try that failed.
 */
void
wait_or_give_up(Oid relid, const char *what, TimestampTz since, const Patience *patience, int64 *delay)
{
	char	   *holders = describe_holders(relid, false);

	wait_for_holders(relid, what, holders, since, patience, delay);
	if (holders != NULL)
		pfree(holders);
}

/*
 * Before an index is built: it would wait for these without a word.
 */
static void
wait_for_transactions(Oid relid, const Patience *patience)
{
	TimestampTz since = GetCurrentTimestamp();
	int64		delay = 100;
	char	   *holders;

	while ((holders = describe_holders(relid, true)) != NULL)
	{
		wait_for_holders(relid, "the end of transactions that are older than an index", holders,
						 since, patience, &delay);
		pfree(holders);
	}
}

/*
 * Wait until all standbys have replayed what there is, but for max_lag bytes.
 * Those that the caller may not see do not count.
 */
void
wait_for_standbys(const Patience *patience)
{
	while (patience->max_lag >= 0)
	{
		int64		lag;

		begin_work();
		select_counts("SELECT COALESCE(pg_catalog.max(pg_catalog.pg_wal_lsn_diff("
					  "pg_catalog.pg_current_wal_lsn(), replay_lsn)), 0)::pg_catalog.int8"
					  " FROM pg_catalog.pg_stat_replication", &lag, 1);
		end_work();
		if (lag <= patience->max_lag)
			return;
		tell("waiting for a standby that is %lld bytes behind", (long long) lag);
		wait_ms(1000);
	}
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
try_work(void (*work) (const char *query, void *state), const char *query, void *state)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(query, state);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
			error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED)
			ReThrowError(error);
		FreeErrorData(error);
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

static void
run_plan(const char *query, void *plan)
{
	plan_run(plan);
}

/*
 * Run statements in one transaction, again and again until their locks are
 * had.
 */
static void
run_with_locks(const StatementPlan *plan, Oid relid, int lock_timeout, const Patience *patience)
{
	TimestampTz since = GetCurrentTimestamp();
	int64		delay = lock_timeout;

	for (;;)
	{
		bool		done;

		begin_work();
		LockTimeout = lock_timeout;
		done = try_work(run_plan, NULL, (void *) plan);
		LockTimeout = 0;
		end_work();
		if (done)
			return;
		wait_or_give_up(relid, "a lock", since, patience, &delay);
	}
}

/*
 * Run a statement that commits, and waits for others by itself: it blocks
 * nobody meanwhile, so it may wait as long as the caller does.
 */
static void
run_patiently(const StatementPlan *plan, Oid relid, const Patience *patience)
{
	wait_for_transactions(relid, patience);
	LockTimeout = (int) Min(patience->max_wait, INT_MAX);
	run_alone(plan_text(plan));
	LockTimeout = 0;
}

/*
 * Run a step.  column: the one that a step fills.
 */
void
run_step(const OnlineStep *step, const char *column, Oid relid, const Patience *patience)
{
	char	   *text = plan_text(&step->statements);

	pgstat_report_activity(STATE_RUNNING, text);
	tell("%s", text);
	switch (step->kind)
	{
		case STEP_BRIEF:
			run_with_locks(&step->statements, relid, patience->lock_timeout, patience);
			break;
		case STEP_PATIENT:
			run_with_locks(&step->statements, relid, 10 * patience->lock_timeout, patience);
			break;
		case STEP_FILL:
			fill_column(relid, column, patience);
			break;
		case STEP_ALONE:
			run_patiently(&step->statements, relid, patience);
			break;
	}
}

/*
 * Look at the table, do the first of what remains, and tell whether that was
 * all.  context: for what outlives the transactions.
 */
static bool
promote_step(FunctionCallInfo fcinfo, const Patience *patience, MemoryContext context)
{
	Oid			relid = PG_GETARG_OID(0);
	Promotion	promotion = {.concurrently = true};
	List	   *steps;

	begin_work();
	MemoryContextSwitchTo(context);
	read_promotion(&promotion, fcinfo);
	check_promotion(&promotion, fcinfo, AccessShareLock);
	check_online(&promotion);
	steps = build_online(&promotion);
	if (promotion.begun == NULL)
		warn_of_publications(promotion.junction, promotion.rel);
	relation_close(promotion.rel, AccessShareLock);
	end_work();

	/* what the rows know of being filled, the step behind it tells the table */
	foreach_ptr(OnlineStep, step, steps)
	{
		MemoryContextSwitchTo(context);
		run_step(step, promotion.id_column, relid, patience);
		MemoryContextSwitchTo(context);
		if (step->kind != STEP_FILL)
			break;
	}
	if (list_length(steps) > 1)
		return false;
	if (promotion.keep_old_name)
	{
		begin_work();
		tell_old_name(promotion.table, pair_columns(promotion.junction));
		end_work();
	}
	return true;
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

static int64
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

/*
 * All that say how patient to be, from number n on.
 */
static Patience
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
	read_waiting(fcinfo, n + 3, &patience);
	return patience;
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

/*
 * Run a body that commits, and put back what it has set, whatever happens.
 * context: for what outlives transactions.
 */
void
run_online(FunctionCallInfo fcinfo, const Patience *patience,
		   void (*body) (FunctionCallInfo fcinfo, const Patience *patience, MemoryContext context))
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(PortalContext, "junction online",
												  ALLOCSET_DEFAULT_SIZES);
	int			lock_timeout = LockTimeout;

	last_told = GetCurrentTimestamp();
	PG_TRY();
	{
		LockTimeout = 0;
		body(fcinfo, patience, context);
	}
	PG_FINALLY();
	{
		LockTimeout = lock_timeout;
		unlock_run();
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void
promote_body(FunctionCallInfo fcinfo, const Patience *patience, MemoryContext context)
{
	bool		done = false;

	lock_run(PG_GETARG_OID(0));
	while (!done)
	{
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		done = promote_step(fcinfo, patience, context);
	}
}

PG_FUNCTION_INFO_V1(junction_promote_concurrently);

/*
 * CALL junction.promote_concurrently(junction regclass, name text, columns text[],
 *		timestamps bool, id_column text, id_type regtype, primary_key text[],
 *		unique_name text, keep_old_name bool, batch_size int, pause interval,
 *		max_lag bigint, lock_timeout interval, max_wait interval)
 *
 * The first nine as for junction.promote, which says what is refused of them.
 * And: 25001 and 2D000 where it cannot commit; 0A000 for what can be done in one
 * transaction only; 55006 if it runs already; 55P03 if a lock was not to be had
 * in max_wait.
 */
Datum
junction_promote_concurrently(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {
		[0] = "junction",[2] = "columns",[3] = "timestamps",[4] = "id_column",[5] = "id_type",
		[8] = "keep_old_name",[9] = "batch_size",[10] = "pause",[12] = "lock_timeout",
		[13] = "max_wait"
	};
	Patience	patience;

	check_may_commit(fcinfo, "promote_concurrently");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 9);
	run_online(fcinfo, &patience, promote_body);
	PG_RETURN_VOID();
}

static void
fill_body(FunctionCallInfo fcinfo, const Patience *patience, MemoryContext context)
{
	char	   *column;

	lock_run(PG_GETARG_OID(0));
	MemoryContextSwitchTo(context);
	column = text_to_cstring(PG_GETARG_TEXT_PP(1));
	fill_column(PG_GETARG_OID(0), column, patience);
}

PG_FUNCTION_INFO_V1(junction_fill);

/*
 * CALL junction._fill(relation regclass, column_name text, batch_size int,
 *		pause interval, max_lag bigint, lock_timeout interval, max_wait interval)
 *
 * Give every row that has none the default of the column: a statement of the
 * plan of a concurrent promotion.  42501 for somebody else's table, 55006, 55P03,
 * 25001 and 2D000 as above.
 */
Datum
junction_fill(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {
		[0] = "relation",[1] = "column_name",[2] = "batch_size",[3] = "pause",[5] = "lock_timeout",
		[6] = "max_wait"
	};
	Patience	patience;

	check_may_commit(fcinfo, "_fill");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 2);
	relation_close(open_table_to_change(PG_GETARG_OID(0), AccessShareLock), AccessShareLock);
	run_online(fcinfo, &patience, fill_body);
	PG_RETURN_VOID();
}
