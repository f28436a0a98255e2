/*
 * progress.c
 *		Shows to other sessions where a run is: the view junction.progress.
 *
 * There is no shared memory of ours: a named segment needs PostgreSQL 17, and
 * anything else shared_preload_libraries.  A run shows itself by what the server
 * has for every session, and takes back itself when the session ends, is killed or
 * crashes:
 *
 *	- That there is a run, on which table, and its step: a session lock, seen in
 *	  pg_locks (step_lock).  It outlives the transactions of the run, and stays
 *	  while the server builds an index.
 *	- The figures: the progress that each session reports for commands such as
 *	  CREATE INDEX (pg_stat_progress_create_index).  Its 20 numbers are free for
 *	  a command that the server does not know; its own views leave such a
 *	  command out.  An abort of a subtransaction clears them, and the next
 *	  show_...() sets them again.
 *
 * While the server builds an index, its own figures are there instead of ours, and
 * the reader takes these.  With track_activities = off, a run has no figures, only
 * its table and its step.
 *
 * For whom a run waits is not written down but looked up by the reader, who so
 * sees of other sessions what his rights allow.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "commands/progress.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "online/online.h"
#include "statement/statement.h"

/* Our command among the ProgressCommandTypes: far from those of the server */
#define RUN_COMMAND		((ProgressCommandType) 0x6a75)

/* The first of the numbers, in case another extension has chosen the same command */
#define RUN_COOKIE		INT64CONST(0x6a756e6374696f6e)

/* The numbers that a run shows */
enum
{
	SHOWN_COOKIE,
	SHOWN_NAME,					/* of the step, 16 bytes with the NUL */
	SHOWN_NAME_END,
	SHOWN_DONE,					/* rows */
	SHOWN_EXPECTED,
	SHOWN_SINCE,				/* when the rows began, or 0 */
	SHOWN_WAIT,					/* a RunWait */
	SHOWN_WAIT_TABLE,			/* OID of the table that it waits for */
	SHOWN_PAUSE,				/* a RunPause */
	SHOWN_PAUSE_DETAIL,			/* bytes, or a pid */
	SHOWN_COUNT
};

#define NAME_BYTES		(2 * sizeof(int64))

/*
 * The step lock is a LOCKTAG_OBJECT of the table, as the run lock (run.c).  Its
 * subid is STEP_LOCK, the step and the number of steps, of 7 bits each; 0 if
 * unknown or too many.
 */
#define STEP_LOCK		0x8000
#define STEP_BITS		7
#define STEP_MASK		((1 << STEP_BITS) - 1)

/* What this session shows */
static int64 shown[SHOWN_COUNT];

/* The step lock of this session; valid while step_locked */
static LOCKTAG step_lock;
static bool step_locked = false;

/* A run of any session, as its step lock shows it */
typedef struct SeenRun
{
	int			pid;
	Oid			relid;
	int			step;			/* 0 if unknown, as steps */
	int			steps;
} SeenRun;

/*
 * Publish what this session shows.
 */
static void
publish(void)
{
	int			index[SHOWN_COUNT];

	for (int i = 0; i < SHOWN_COUNT; i++)
		index[i] = i;
	if (MyBEEntry == NULL || !step_locked)
		return;
	if (MyBEEntry->st_progress_command != RUN_COMMAND)
		pgstat_progress_start_command(RUN_COMMAND, step_lock.locktag_field3);
	pgstat_progress_update_multi_param(SHOWN_COUNT, index, shown);
}

/* Release the step lock, unless an abort has done it. */
static void
release_step_lock(void)
{
	if (step_locked)
		release_session_lock(&step_lock, ShareLock);
	step_locked = false;
}

/*
 * Show the step of the run on a table, without rows.  name: the step's; step: its
 * number among steps, or 0.  For other steps than its own, the run takes another
 * lock; nobody else wants any of these, so there is no wait.
 */
void
show_step(Oid relid, const char *name, int step, int steps)
{
	bool		known = step > 0 && steps <= STEP_MASK;

	release_step_lock();
	SET_LOCKTAG_OBJECT(step_lock, MyDatabaseId, RelationRelationId, relid,
					   STEP_LOCK | (known ? step << STEP_BITS | steps : 0));
	(void) LockAcquire(&step_lock, ShareLock, true, true);
	step_locked = true;
	memset(shown, 0, sizeof(shown));
	shown[SHOWN_COOKIE] = RUN_COOKIE;
	strlcpy((char *) &shown[SHOWN_NAME], name, NAME_BYTES);
	publish();
}

/*
 * Show the rows of the step: done of about expected, since a time.
 */
void
show_rows(double done, double expected, TimestampTz since)
{
	shown[SHOWN_DONE] = (int64) rint(done);
	shown[SHOWN_EXPECTED] = (int64) rint(expected);
	shown[SHOWN_SINCE] = since;
	publish();
}

/*
 * Show what the run waits for, RUN_WAITS_NOT if it goes on.  relid: the table.
 */
void
show_wait(RunWait wait, Oid relid)
{
	shown[SHOWN_WAIT] = wait;
	shown[SHOWN_WAIT_TABLE] = relid;
	publish();
}

/*
 * Show why the run pauses, RUN_PAUSES_NOT if it goes on.  detail: bytes, or a pid.
 */
void
show_pause(RunPause pause, int64 detail)
{
	shown[SHOWN_PAUSE] = pause;
	shown[SHOWN_PAUSE_DETAIL] = detail;
	publish();
}

/* Show no run any more. */
void
show_no_run(void)
{
	if (MyBEEntry != NULL && MyBEEntry->st_progress_command == RUN_COMMAND)
		pgstat_progress_end_command();
	release_step_lock();
}

/*
 * Returns the runs of this database (SeenRun).
 */
static List *
seen_runs(void)
{
	LockData   *data = GetLockStatusData();
	List	   *runs = NIL;

	for (int i = 0; i < data->nelements; i++)
	{
		const LOCKTAG *tag = &data->locks[i].locktag;
		SeenRun    *run;

		if (tag->locktag_type != LOCKTAG_OBJECT || tag->locktag_field1 != MyDatabaseId ||
			tag->locktag_field2 != RelationRelationId || (tag->locktag_field4 & STEP_LOCK) == 0 ||
			(data->locks[i].holdMask & LOCKBIT_ON(ShareLock)) == 0)
			continue;
		run = palloc(sizeof(SeenRun));
		run->pid = data->locks[i].pid;
		run->relid = tag->locktag_field3;
		run->step = (tag->locktag_field4 >> STEP_BITS) & STEP_MASK;
		run->steps = tag->locktag_field4 & STEP_MASK;
		runs = lappend(runs, run);
	}
	return runs;
}

/*
 * Is a run at work on the table?
 */
bool
is_run_on(Oid relid)
{
	foreach_ptr(SeenRun, run, seen_runs())
		if (run->relid == relid)
			return true;
	return false;
}

/*
 * Returns what the server knows of a session, or null.
 */
static const PgBackendStatus *
session_status(int pid)
{
	for (int i = 1; i <= pgstat_fetch_stat_numbackends(); i++)
	{
		LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);

		if (local != NULL && local->backendStatus.st_procpid == pid)
			return &local->backendStatus;
	}
	return NULL;
}

/*
 * Returns the pid of the autovacuum worker that vacuums the table; 0 if none does.
 */
int
autovacuum_of(Oid relid)
{
	int			pid = 0;

	pgstat_clear_backend_activity_snapshot();
	for (int i = 1; i <= pgstat_fetch_stat_numbackends(); i++)
	{
		LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);
		const PgBackendStatus *status = local != NULL ? &local->backendStatus : NULL;

		if (status != NULL && status->st_backendType == B_AUTOVAC_WORKER &&
			status->st_databaseid == MyDatabaseId &&
			status->st_progress_command == PROGRESS_COMMAND_VACUUM &&
			status->st_progress_command_target == relid)
			pid = status->st_procpid;
	}
	return pid;
}

/*
 * May the caller see the run?  As in pg_stat_activity, its role and
 * pg_read_all_stats, which pg_monitor is in; and who owns its table.
 */
static bool
may_see(const SeenRun *run, const PgBackendStatus *status)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) ||
		has_privs_of_role(GetUserId(), status->st_userid) || is_own_table(run->relid);
}

/* The row of a run in the view */
typedef struct ProgressRow
{
	const char *name;
	int64		done;
	int64		expected;		/* 0 if unknown */
	int64		part;			/* of whole is done, for the percentage */
	int64		whole;			/* 0 if unknown */
	TimestampTz since;			/* 0 if unknown */
	char	   *waiting_for;
	char	   *pausing;
} ProgressRow;

/* Returns why a run pauses, or null. */
static char *
describe_pause(RunPause pause, int64 detail)
{
	switch (pause)
	{
		case RUN_PAUSES_NOT:
			break;
		case RUN_PAUSES_AS_ASKED:
			return pstrdup("junction.pause");
		case RUN_PAUSES_FOR_REPLICA:
			return psprintf("a standby or replication slot is %lld bytes behind", (long long) detail);
		case RUN_PAUSES_FOR_AUTOVACUUM:
			return psprintf("autovacuum works on the table, process %lld", (long long) detail);
	}
	return NULL;
}

/* Takes the numbers that a run shows. */
static void
take_shown(ProgressRow *row, const SeenRun *run, const PgBackendStatus *status)
{
	const int64 *numbers = status->st_progress_param;
	RunWait		wait = (RunWait) numbers[SHOWN_WAIT];

	row->name = pnstrdup((const char *) &numbers[SHOWN_NAME], NAME_BYTES);
	row->part = row->done = numbers[SHOWN_DONE];
	row->whole = row->expected = Max(numbers[SHOWN_EXPECTED], row->done);
	row->since = numbers[SHOWN_SINCE];
	row->pausing = describe_pause((RunPause) numbers[SHOWN_PAUSE], numbers[SHOWN_PAUSE_DETAIL]);
	if (wait != RUN_WAITS_NOT)
		row->waiting_for = select_holders((Oid) numbers[SHOWN_WAIT_TABLE],
										  wait == RUN_WAITS_FOR_TRANSACTIONS, 0, run->pid);
}

/* Takes the numbers of an index build: tuples, or blocks while it reads the table. */
static void
take_build(ProgressRow *row, const PgBackendStatus *status)
{
	const int64 *numbers = status->st_progress_param;

	row->name = "build-index";
	row->done = numbers[PROGRESS_CREATEIDX_TUPLES_DONE];
	row->expected = numbers[PROGRESS_CREATEIDX_TUPLES_TOTAL];
	row->part = row->done;
	row->whole = row->expected;
	if (row->whole <= 0)
	{
		row->part = numbers[PROGRESS_SCAN_BLOCKS_DONE];
		row->whole = numbers[PROGRESS_SCAN_BLOCKS_TOTAL];
	}
}

/*
 * Returns the sessions that a session waits for in a lock queue; null if it does
 * not.
 *
 *	process 1234 (idle in transaction)
 */
static char *
select_blockers(int pid)
{
	return select_text(psprintf("SELECT pg_catalog.string_agg(CASE WHEN b.pid OPERATOR(pg_catalog.=) 0"
								" THEN 'a prepared transaction' ELSE pg_catalog.format('process %%s%%s', b.pid,"
								" ' (' OPERATOR(pg_catalog.||) a.state OPERATOR(pg_catalog.||) ')') END, '; ')"
								" FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(%d)) AS b (pid)"
								" LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) b.pid", pid));
}

/* Reads what the view shows of a run. */
static ProgressRow
read_progress(const SeenRun *run, const PgBackendStatus *status)
{
	ProgressRow row = {0};

	if (status->st_progress_command == RUN_COMMAND && status->st_progress_param[SHOWN_COOKIE] == RUN_COOKIE)
		take_shown(&row, run, status);
	else if (status->st_progress_command == PROGRESS_COMMAND_CREATE_INDEX)
		take_build(&row, status);
	if (row.waiting_for == NULL)
		row.waiting_for = select_blockers(run->pid);
	return row;
}

/* Returns an interval of that many seconds. */
static Datum
seconds_interval(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (int64) seconds * USECS_PER_SEC;
	return IntervalPGetDatum(interval);
}

/* Puts the rows a second and the time left of a fill, or nulls. */
static void
put_rate(Datum *values, bool *nulls, const ProgressRow *row)
{
	double		seconds = row->since > 0 ? (GetCurrentTimestamp() - row->since) / 1000000.0 : 0;
	double		rate = seconds > 0 ? row->done / seconds : 0;

	nulls[0] = row->since == 0;
	nulls[1] = rate <= 0;
	values[0] = Int64GetDatum((int64) rate);
	if (rate > 0)
		values[1] = seconds_interval((row->expected - row->done) / rate);
}

/* Puts a text, or a null. */
static void
put_shown_text(Datum *value, bool *isnull, const char *string)
{
	*isnull = string == NULL;
	if (string != NULL)
		*value = CStringGetTextDatum(string);
}

/* Puts a run as a row of the view. */
static void
put_run(ReturnSetInfo *rsinfo, const SeenRun *run, const ProgressRow *row)
{
	Datum		values[12] = {0};
	bool		nulls[12] = {0};
	int			i = 0;

	values[i++] = Int32GetDatum(run->pid);
	values[i++] = ObjectIdGetDatum(run->relid);
	nulls[i] = run->step == 0;
	values[i++] = Int32GetDatum(run->step);
	nulls[i] = run->step == 0;
	values[i++] = Int32GetDatum(run->steps);
	put_shown_text(&values[i], &nulls[i], row->name);
	i++;
	nulls[i] = row->expected <= 0;
	values[i++] = Int64GetDatum(row->done);
	nulls[i] = row->expected <= 0;
	values[i++] = Int64GetDatum(row->expected);
	nulls[i] = row->whole <= 0;
	values[i++] = Int32GetDatum(row->whole > 0 ? (int32) (100.0 * row->part / row->whole) : 0);
	put_rate(&values[i], &nulls[i], row);
	i += 2;
	put_shown_text(&values[i], &nulls[i], row->waiting_for);
	i++;
	put_shown_text(&values[i], &nulls[i], row->pausing);
	i++;
	Assert(i == 12);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_progress);

/*
 * junction._progress()
 *
 * A row for each run of this database that the caller may see.  The view
 * junction.progress selects from it.  Raises no error of its own.
 */
Datum
junction_progress(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	pgstat_clear_backend_activity_snapshot();
	foreach_ptr(SeenRun, run, seen_runs())
	{
		const PgBackendStatus *status = session_status(run->pid);

		if (status != NULL && may_see(run, status))
		{
			ProgressRow row = read_progress(run, status);

			put_run((ReturnSetInfo *) fcinfo->resultinfo, run, &row);
		}
	}
	return (Datum) 0;
}
