/*
 * wait.c
 *		Waits for locks, transactions, standbys, replication slots and autovacuum,
 *		and reports that in NOTICEs and in junction.progress.
 *
 * A waiting lock request blocks every later conflicting request on the same
 * table.  So a lock that blocks other sessions is requested with a short timeout,
 * and requested again after a delay, until it is granted or max_wait has passed.
 * Meanwhile a NOTICE names the sessions that have locked the table.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/*
 * ms: the longest delay between two lock requests, to which it doubles.  Longer
 * delays would miss the gaps between the transactions of a busy table.
 */
#define MAX_DELAY	5000

/*
 * ms: the age from which a transaction is reported before an index build.  Most
 * transactions of a busy server end sooner, and need no report.
 */
#define LONG_TRANSACTION	1000

/* ms: how often a fill looks for an autovacuum of its table */
#define LOOK_FOR_AUTOVACUUM	1000

/* ms: the shortest time between two NOTICEs, so that a client is not flooded */
#define TELL_EVERY	3000

/* The time of the last NOTICE, or of start_telling() */
static TimestampTz last_told = 0;

/*
 * Sleep for that many ms.  A cancel ends the sleep with its error.
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
 * Start the 3 s quiet period: short runs print no progress NOTICE.
 */
void
start_telling(void)
{
	last_told = GetCurrentTimestamp();
}

/*
 * Was the last NOTICE raised TELL_EVERY ago?  If so, the caller must raise one:
 * it counts as the last one now.
 */
bool
may_tell(void)
{
	TimestampTz now = GetCurrentTimestamp();

	if (TimestampDifferenceMilliseconds(last_told, now) < TELL_EVERY)
		return false;
	last_told = now;
	return true;
}

/*
 * SQL: ", REPACK" if the session of pg_stat_activity AS a runs one of the commands
 * that keep our steps waiting until they end, "" if not.  Where the rights for
 * more are missing, pg_stat_get_progress_info() still returns the pid.
 */
static const char *const maintenance =
	"COALESCE((SELECT ', ' OPERATOR(pg_catalog.||) what FROM (VALUES ('VACUUM'::pg_catalog.text, 'VACUUM'::pg_catalog.text),"
	" ('ANALYZE', 'ANALYZE'), ('CREATE INDEX', 'CREATE INDEX'), (" REWRITE_PROGRESS ")) AS command (name, what)"
	" WHERE EXISTS (SELECT FROM pg_catalog.pg_stat_get_progress_info(name) AS p WHERE p.pid OPERATOR(pg_catalog.=) a.pid)"
	" LIMIT 1), '')";

/*
 * Returns the sessions and prepared transactions that hold a lock on a table,
 * with the age of their transactions; null if there is none:
 *
 *	process 1234 (idle in transaction), in a transaction for 12 s
 *	process 1235 (active, REPACK), in a transaction for 3 s
 *
 * snapshots: returns those that a concurrent index build on the table waits for:
 * all client sessions of the database that have a snapshot, and all that have locked
 * the table in a stronger mode than ACCESS SHARE.  milliseconds: only
 * transactions of this age.  waiter: the pid of the run, which is left out.
 */
char *
select_holders(Oid relid, bool snapshots, int milliseconds, int waiter)
{
	const char *query = psprintf("WITH locks AS (SELECT pid, virtualtransaction FROM pg_catalog.pg_locks"
								 " WHERE locktype OPERATOR(pg_catalog.=) 'relation' AND granted"
								 " AND database OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
								 " AND relation OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
								 " AND (NOT %s OR mode OPERATOR(pg_catalog.<>) 'AccessShareLock')"
								 " AND (pid IS NULL OR pid OPERATOR(pg_catalog.<>) %d)),"
								 " holders (who, since) AS ("
								 " SELECT pg_catalog.format('process %%s (%%s%%s)', pid, state, %s), xact_start"
								 " FROM pg_catalog.pg_stat_activity AS a"
								 " WHERE pid OPERATOR(pg_catalog.<>) %d"
								 " AND (EXISTS (SELECT FROM locks WHERE locks.pid OPERATOR(pg_catalog.=) a.pid)"
								 " OR (%s AND backend_xmin IS NOT NULL AND datid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
								 " AND backend_type OPERATOR(pg_catalog.=) 'client backend'"
								 " AND pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()))"
								 " UNION ALL SELECT pg_catalog.format('prepared transaction %%L', gid), prepared"
								 " FROM pg_catalog.pg_prepared_xacts AS p WHERE EXISTS (SELECT FROM locks JOIN pg_catalog.pg_locks AS x"
								 " ON x.virtualtransaction OPERATOR(pg_catalog.=) locks.virtualtransaction WHERE locks.pid IS NULL"
								 " AND x.pid IS NULL AND x.transactionid OPERATOR(pg_catalog.=) p.transaction))"
								 " SELECT pg_catalog.string_agg(pg_catalog.format('%%s, in a transaction for %%s s', who,"
								 " EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) since)::pg_catalog.int8), '; ' ORDER BY since)"
								 " FROM holders WHERE since OPERATOR(pg_catalog.<=)"
								 " (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) '%d ms'::pg_catalog.interval)",
								 MyDatabaseId, relid, snapshots ? "true" : "false", waiter, maintenance, waiter,
								 snapshots ? "true" : "false", MyDatabaseId, milliseconds);

	return select_text(query);
}

/*
 * As select_holders() for this session, in a transaction of its own.  The result is in
 * the run's step_context, which is current afterwards: that of the caller can have
 * ended with the transaction.
 */
static char *
describe_holders(const OnlineRun *run, Oid relid, bool snapshots, int milliseconds)
{
	char	   *result;

	begin_work();
	MemoryContextSwitchTo(run->step_context);
	result = select_holders(relid, snapshots, milliseconds, MyProcPid);
	end_work();
	MemoryContextSwitchTo(run->step_context);
	return result;
}

/*
 * Report what the run waits for, and sleep; 55P03 if it has waited for max_wait.
 *
 * what: "a lock on", put before the table's name in messages.  wait and relid: for
 * junction.progress.  holders: describe_holders().  since: when the wait began.  *delay: ms, doubled by each
 * call up to MAX_DELAY; the sleep is up to half longer, at random, so that two
 * runs do not stay in step.  The first NOTICE of a wait is raised at once.
 */
static void
wait_for_holders(const OnlineRun *run, const char *what, RunWait wait, Oid relid,
				 const char *holders, TimestampTz since, int64 *delay)
{
	static TimestampTz told_since = 0;
	int64		waited = TimestampDifferenceMilliseconds(since, GetCurrentTimestamp());

	if (waited > run->patience.max_wait)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("gave up waiting for %s \"%s\" after %lld s", what, run->name,
						(long long) (waited / 1000)),
				 errdetail("Blocked by: %s.", holders ? holders : "no transaction any more"),
				 errhint("The steps done before are kept. Call the procedure again to continue.")));
	if (told_since != since)
		last_told = 0;
	told_since = since;
	tell("waiting for %s \"%s\"; blocked by: %s", what, run->name,
		 holders ? holders : "no transaction any more");
	show_wait(wait, relid);
	wait_ms(Min(*delay + pg_prng_uint64_range(&pg_global_prng_state, 0, *delay / 2),
				run->patience.max_wait - waited + 1));
	show_wait(RUN_WAITS_NOT, InvalidOid);
	*delay = Min(*delay * 2, MAX_DELAY);
}

/*
 * Report and sleep after a failed lock request on a relation, as
 * wait_for_holders(); 55P03 after max_wait.
 */
void
wait_or_give_up(const OnlineRun *run, Oid relid, const char *what, TimestampTz since, int64 *delay)
{
	char	   *holders = describe_holders(run, relid, false, 0);

	wait_for_holders(run, what, RUN_WAITS_FOR_LOCKS, relid, holders, since, delay);
	if (holders != NULL)
		pfree(holders);
}

/*
 * Wait until no transaction of LONG_TRANSACTION is left that a concurrent index
 * build on the table would wait for: the build itself would wait for these
 * without a NOTICE.  55P03 after max_wait.
 */
void
wait_for_transactions(const OnlineRun *run, Oid relid)
{
	TimestampTz since = GetCurrentTimestamp();
	int64		delay = 100;	/* ms before the second look */
	char	   *holders = describe_holders(run, relid, true, 0);

	/* most transactions end within this time */
	if (holders != NULL)
		wait_ms(LONG_TRANSACTION);
	while ((holders = describe_holders(run, relid, true, LONG_TRANSACTION)) != NULL)
	{
		wait_for_holders(run, "older transactions before building an index on",
						 RUN_WAITS_FOR_TRANSACTIONS, relid, holders, since, &delay);
		pfree(holders);
	}
}

/*
 * Returns by how many bytes the standby or replication slot that is farthest behind
 * is behind, in a transaction of its own.
 *
 * A standby: what it has not replayed.  A slot: what its client has not confirmed,
 * or, of a physical slot, what the server must still keep for it; also if nobody
 * uses the slot, as the WAL stays all the same.  Ignores the standbys whose
 * positions the caller may not read in pg_stat_replication, and slots that have
 * reserved nothing or have lost it.
 */
static int64
replica_lag(void)
{
	int64		lag;

	begin_work();
	select_counts("SELECT COALESCE(pg_catalog.max(pg_catalog.pg_wal_lsn_diff("
				  "pg_catalog.pg_current_wal_lsn(), lsn)), 0)::pg_catalog.int8"
				  " FROM (SELECT replay_lsn FROM pg_catalog.pg_stat_replication"
				  " UNION ALL SELECT COALESCE(confirmed_flush_lsn, restart_lsn)"
				  " FROM pg_catalog.pg_replication_slots"
				  " WHERE wal_status IS DISTINCT FROM 'lost') AS replica (lsn)", &lag, 1);
	end_work();
	return lag;
}

/*
 * Wait until no standby and no replication slot is behind by more than max_lag
 * bytes of WAL.  Looks once a second.
 */
void
wait_for_replicas(const Patience *patience)
{
	bool		behind = false;

	while (patience->max_lag >= 0)
	{
		int64		lag = replica_lag();

		if (lag <= patience->max_lag)
			break;
		behind = true;
		show_pause(RUN_PAUSES_FOR_REPLICA, lag);
		tell("waiting for a standby or replication slot that is %lld bytes behind", (long long) lag);
		wait_ms(1000);
	}
	if (behind)
		show_pause(RUN_PAUSES_NOT, 0);
}

/*
 * Wait while an autovacuum worker vacuums the table: both would read and write the
 * same blocks, and its dead rows are ours.  Looks once in LOOK_FOR_AUTOVACUUM.
 * After max_wait it goes on beside that worker, which may take hours, or wait for
 * a transaction that is older than both.
 */
void
yield_to_autovacuum(const OnlineRun *run)
{
	static TimestampTz looked = 0;
	static int	outwaited = 0;	/* pid of the worker that is not waited for */
	TimestampTz since = GetCurrentTimestamp();
	bool		yields = false;
	int			worker;

	if (TimestampDifferenceMilliseconds(looked, since) < LOOK_FOR_AUTOVACUUM)
		return;
	while ((worker = autovacuum_of(run->relid)) != 0 && worker != outwaited)
	{
		if (TimestampDifferenceMilliseconds(since, GetCurrentTimestamp()) >= run->patience.max_wait)
			outwaited = worker;
		yields = true;
		show_pause(RUN_PAUSES_FOR_AUTOVACUUM, worker);
		tell("waiting for autovacuum of \"%s\", process %d", run->name, worker);
		wait_ms(Min(LOOK_FOR_AUTOVACUUM, run->patience.max_wait));
	}
	if (yields)
		show_pause(RUN_PAUSES_NOT, 0);
	if (worker == 0)
		outwaited = 0;
	looked = GetCurrentTimestamp();
}
