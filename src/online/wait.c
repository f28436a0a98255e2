/*
 * wait.c
 *		How to wait, and to tell of it.
 *
 * Whoever waits in front of a busy table has all that come later wait behind
 * him.  So a lock that blocks others is asked for with a short timeout, and
 * again after a while, until it is had or the caller's patience is at its end;
 * meanwhile it is told who is in the way.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/* The longest pause between two tries for a lock, in milliseconds */
#define MAX_DELAY	5000

/* A transaction that may have to be waited for, in milliseconds */
#define LONG_TRANSACTION	1000

/* Nobody wants to be told more often, in milliseconds */
#define TELL_EVERY	3000

static TimestampTz last_told = 0;

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
 * Tell nothing for a while: what is done by then needs no telling.
 */
void
start_telling(void)
{
	last_told = GetCurrentTimestamp();
}

/*
 * Is the last notice some time ago?  Then it is time for another, and that is
 * the last one now.
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
 * Who is in the way of a lock on a table, for so long at least; null if nobody
 * is.  snapshots: also whoever has one, as who builds an index waits for all of
 * them, and for those who have written to the table.
 */
static char *
describe_holders(Oid relid, bool snapshots, int milliseconds)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *result;
	char	   *query;

	query = psprintf("WITH locks AS (SELECT pid, virtualtransaction FROM pg_catalog.pg_locks"
					 " WHERE locktype OPERATOR(pg_catalog.=) 'relation' AND granted"
					 " AND database OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
					 " AND relation OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
					 " AND (NOT %s OR mode OPERATOR(pg_catalog.<>) 'AccessShareLock')"
					 " AND (pid IS NULL OR pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid())),"
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
					 " FROM holders WHERE since OPERATOR(pg_catalog.<=)"
					 " (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) '%d ms'::pg_catalog.interval)",
					 MyDatabaseId, relid, snapshots ? "true" : "false", snapshots ? "true" : "false",
					 MyDatabaseId, milliseconds);
	begin_work();
	MemoryContextSwitchTo(caller);
	result = select_text(query);
	end_work();
	MemoryContextSwitchTo(caller);
	return result;
}

/*
 * Tell for whom it waits, the first time at once, and wait a while, each time
 * longer; or give up, if it has done so for long enough: 55P03.
 */
static void
wait_for_holders(const OnlineRun *run, const char *what, const char *holders, TimestampTz since,
				 int64 *delay)
{
	static TimestampTz told_since = 0;
	int64		waited = TimestampDifferenceMilliseconds(since, GetCurrentTimestamp());

	if (waited > run->patience.max_wait)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not get %s of \"%s\" in %lld s", what, run->name,
						(long long) (waited / 1000)),
				 errdetail("In the way: %s.", holders ? holders : "nobody any more"),
				 errhint("What was done stays. The same call goes on from here.")));
	if (told_since != since)
		last_told = 0;
	told_since = since;
	tell("waiting for %s of \"%s\"; in the way: %s", what, run->name,
		 holders ? holders : "nobody any more");
	wait_ms(Min(*delay + pg_prng_uint64_range(&pg_global_prng_state, 0, *delay / 2),
				run->patience.max_wait - waited + 1));
	*delay = Min(*delay * 2, MAX_DELAY);
}

/*
 * After a try for a lock on a relation that failed.
 */
void
wait_or_give_up(const OnlineRun *run, Oid relid, const char *what, TimestampTz since, int64 *delay)
{
	char	   *holders = describe_holders(relid, false, 0);

	wait_for_holders(run, what, holders, since, delay);
	if (holders != NULL)
		pfree(holders);
}

/*
 * Before an index is built: it would wait for these without a word.
 */
void
wait_for_transactions(const OnlineRun *run, Oid relid)
{
	TimestampTz since = GetCurrentTimestamp();
	int64		delay = 100;
	char	   *holders = describe_holders(relid, true, 0);

	/* on a busy server somebody is there always, but nobody for long */
	if (holders != NULL)
		wait_ms(LONG_TRANSACTION);
	while ((holders = describe_holders(relid, true, LONG_TRANSACTION)) != NULL)
	{
		wait_for_holders(run, "the end of transactions that are older than an index", holders,
						 since, &delay);
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
