/*
 * steps.c
 *		How one step of a concurrent verb is run.
 *
 * The text of a step names relations, and was built in a transaction that has
 * ended; by the time that it runs, another table may have the name.  So:
 *
 *	1. Lock what the text names, by OID, in the mode that the step needs.
 *	2. Under these locks, which no renaming gets past, build the plan again.
 *	3. If the same kind of step on the same relations comes next, run it as it
 *	   is in the new plan, which may have other names.  If not, run nothing: the
 *	   caller looks at the table again.
 *
 * A statement that commits on its way would lose the locks of a transaction.
 * For it, they are the session's, in the mode that the statement itself holds
 * until it ends, so that nobody else waits because of them.
 *
 * The statements run as the caller.  CREATE INDEX switches to the table's owner
 * by itself, VALIDATE CONSTRAINT evaluates our own check alone, and what else of
 * the owner's an ALTER TABLE evaluates, it does for every caller.
 *
 * A schema can be renamed under every lock.  So its name is compared again when
 * the statement has run, and if it is another the transaction fails.
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/backend_status.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/* A step on its way */
typedef struct StepRun
{
	const OnlineStep *step;
	NextStep	next;
	void	   *state;
	OnlineStep *fresh;			/* the same, built again under its locks; null if
								 * another comes next */
} StepRun;

/*
 * Lock what a step names; false if its table is gone.  If another relation is
 * gone, the plan that is built next does not name it.
 */
static bool
lock_step(const OnlineStep *step, bool session)
{
	if (!lock_table(step->relid, step->mode, session))
		return false;
	foreach_oid(relid, step->named)
		lock_relation(relid, ShareUpdateExclusiveLock, session);
	return true;
}

/*
 * Build the step again, under its locks; null if that is not what comes next,
 * or needs other locks.
 */
static OnlineStep *
rebuild_step(const StepRun *run)
{
	const OnlineStep *step = run->step;
	OnlineStep *fresh = run->next(run->state);

	if (fresh == NULL || fresh->kind != step->kind || fresh->relid != step->relid ||
		fresh->mode != step->mode || !equal(fresh->named, step->named))
		return NULL;
	return fresh;
}

/*
 * Refuse to commit if the schema's name is another than when the statement was
 * built: 55000.
 */
void
check_schema_name(Oid relid, const char *name)
{
	char	   *now;

	AcceptInvalidationMessages();
	now = schema_name(relid);
	if (now == NULL || strcmp(now, name) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("schema \"%s\" was renamed while a statement with its name ran", name),
				 errhint("What was done before stays. The same call goes on from here.")));
}

/*
 * Run a step's statements under its locks, if it still comes next.
 */
static void
run_if_next(void *state)
{
	StepRun    *run = state;
	char	   *schema;

	run->fresh = NULL;
	if (!lock_step(run->step, false))
		return;
	schema = schema_name(run->step->relid);
	run->fresh = rebuild_step(run);
	if (run->fresh == NULL)
		return;
	plan_run(&run->fresh->statements);
	check_schema_name(run->step->relid, schema);
}

/*
 * For how long to wait for a lock that blocks no reader or writer, but keeps
 * autovacuum away: autovacuum gives way only to who has waited for it as long
 * as deadlock_timeout.  In milliseconds.
 */
static int
patient_timeout(const OnlineRun *online)
{
	return Max(10 * online->patience.lock_timeout, 2 * DeadlockTimeout);
}

static void
lock_against_autovacuum(void *state)
{
	const OnlineStep *step = state;

	(void) lock_table(step->relid, ShareUpdateExclusiveLock, false);
}

/*
 * Have autovacuum leave the table of a step, if it is there: a lock that blocks
 * others is waited for too shortly for that.  Nothing else is locked meanwhile,
 * so that nobody who wants a stronger lock than he has can deadlock with us.
 */
static void
send_autovacuum_away(const OnlineRun *online, const OnlineStep *step)
{
	begin_work();
	set_lock_timeout(patient_timeout(online));
	(void) try_work(lock_against_autovacuum, unconstify(OnlineStep *, step));
	end_work();
}

/*
 * Run a step in one transaction, again and again until its locks are had.
 */
static bool
run_with_locks(const OnlineRun *online, StepRun *run, int lock_timeout)
{
	TimestampTz since = GetCurrentTimestamp();
	int64		delay = lock_timeout;

	for (;;)
	{
		bool		had;

		begin_work();
		set_lock_timeout(lock_timeout);
		had = try_work(run_if_next, run);
		end_work();
		if (had)
			return run->fresh != NULL;
		wait_or_give_up(online, run->step->relid, "a lock", since, &delay);
		send_autovacuum_away(online, run->step);
	}
}

/*
 * The server's own message about a lock timeout does not say what to do.
 */
static void
add_resume_hint(void *arg)
{
	if (geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE)
		errhint("What was done stays. The same call goes on from here.");
}

/*
 * Run a statement that commits, under a lock timeout.
 *
 * LockTimeout is assigned past guc.c.  A setting that is to outlive the commits
 * within the statement would have to be the session's; and when the statement
 * fails, whatever guc.c is told to put back here is undone again by the abort
 * that follows, so the session would keep our value.
 */
static void
run_alone_within(const char *text, int lock_timeout)
{
	int			session_timeout = LockTimeout;

	PG_TRY();
	{
		LockTimeout = lock_timeout;
		plan_run_alone(text);
	}
	PG_FINALLY();
	{
		LockTimeout = session_timeout;
	}
	PG_END_TRY();
}

/*
 * The text of a step that cannot be in a transaction, with its relations locked
 * for the session; null if another step comes next.  *schema: its table's.
 */
static char *
prepare_alone(const OnlineRun *online, StepRun *run, int lock_timeout, char **schema)
{
	char	   *text = NULL;

	begin_work();
	set_lock_timeout(lock_timeout);
	if (lock_step(run->step, true))
	{
		*schema = MemoryContextStrdup(online->step_context, schema_name(run->step->relid));
		run->fresh = rebuild_step(run);
		if (run->fresh != NULL)
			text = MemoryContextStrdup(online->step_context, plan_text(&run->fresh->statements));
	}
	end_work();
	MemoryContextSwitchTo(online->step_context);
	return text;
}

/*
 * Run a statement that commits, and waits for others by itself.  Neither its
 * lock nor its waiting blocks readers or writers, so it may wait as long as the
 * caller does.
 */
static bool
run_alone_step(const OnlineRun *online, StepRun *run)
{
	ErrorContextCallback callback = {error_context_stack, add_resume_hint, NULL};
	int			lock_timeout = (int) Max(online->patience.max_wait, 1);
	char	   *schema = NULL;
	char	   *text;

	wait_for_transactions(online, run->step->relid);
	error_context_stack = &callback;
	text = prepare_alone(online, run, lock_timeout, &schema);
	if (text != NULL)
	{
		run_alone_within(text, lock_timeout);
		check_schema_name(run->step->relid, schema);
	}
	error_context_stack = callback.previous;
	unlock_session();
	return text != NULL;
}

/*
 * Tell, and show in pg_stat_activity, what is done now.
 */
void
announce_step(const OnlineStep *step)
{
	char	   *text = plan_text(&step->statements);

	pgstat_report_activity(STATE_RUNNING, text);
	tell("%s", text);
}

/*
 * Run a step that is one transaction or one statement.  next(state) builds the
 * step that comes next, in a transaction in which the table is locked.  False
 * if that is another one by now, and nothing was run.
 */
bool
run_step(const OnlineRun *online, const OnlineStep *step, NextStep next, void *state)
{
	StepRun		run = {.step = step,.next = next,.state = state};

	announce_step(step);
	switch (step->kind)
	{
		case STEP_BRIEF:
			return run_with_locks(online, &run, online->patience.lock_timeout);
		case STEP_PATIENT:
			return run_with_locks(online, &run, patient_timeout(online));
		case STEP_ALONE:
			return run_alone_step(online, &run);
		case STEP_FILL:
			break;
	}
	elog(ERROR, "unexpected kind of step: %d", (int) step->kind);
}
