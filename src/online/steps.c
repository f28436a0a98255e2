/*
 * steps.c
 *		Runs one step of a concurrent verb.
 *
 * The statements of a step name relations, and were built in a transaction that
 * has ended.  When they run, another relation may have such a name.  So:
 *
 *	1. Lock the relations that the step names, by OID.
 *	2. Under these locks, which block renaming, build the next step again.
 *	3. If it is of the same kind and on the same relations, run its new text,
 *	   which may have other names.  If not, run nothing: the caller reads the
 *	   table again.
 *
 * A statement that commits within itself (CREATE INDEX CONCURRENTLY) would lose
 * locks of a transaction.  For it, the locks are session locks, in the mode that
 * the statement itself holds until it ends, so they block nobody longer.
 *
 * The statements run with the caller's rights.  CREATE INDEX switches to the
 * table's owner by itself.  VALIDATE CONSTRAINT evaluates only our own CHECK.
 * Other code of the owner's that ALTER TABLE evaluates, it evaluates for every
 * caller.
 *
 * Of a table that Citus keeps, the locks here are on its empty table, which all
 * statements of this server's sessions lock too; the statement locks the shards.
 *
 * No lock on a table blocks the renaming of its schema.  So the schema's name is
 * compared again after the statement; if it has changed, the transaction fails.
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/backend_status.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "online/online.h"
#include "statement/statement.h"

/* A step that is being run */
typedef struct StepRun
{
	const OnlineStep *step;
	NextStep	next;			/* builds it again */
	void	   *state;			/* of next() */
	OnlineStep *fresh;			/* the step, built again under its locks; null if
								 * another step comes next */
} StepRun;

/*
 * Lock the relations that a step names.  Returns false if its table was dropped.
 * If another relation was dropped, the step that is built next does not name it.
 */
static bool
lock_step(const OnlineStep *step, bool session)
{
	step_point(step->name, "before-lock");
	if (!lock_table(step->relid, step->mode, session))
		return false;
	foreach_oid(relid, step->named)
		lock_relation(relid, ShareUpdateExclusiveLock, session);
	step_point(step->name, "after-lock");
	return true;
}

/*
 * Build the step again, under its locks.  Returns null if another step comes
 * next, or if it needs other locks now.
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
 * Refuse to commit if the schema of a table was renamed since the statement was
 * built: 55000.  name: the schema's at that time.
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
				 errhint("The steps done before are kept. Call the procedure again to continue.")));
}

/*
 * Let the other servers wait no longer for a lock than this one, if Citus keeps the
 * table: a statement holds its locks here while it waits there.  Citus sends a SET
 * LOCAL on, once it is told to.
 */
static void
send_lock_timeout(Oid relid)
{
	if (!is_distributed(relid))
		return;
	set_for_transaction("citus.propagate_set_commands", "local");
	run_statement(psprintf("SET LOCAL lock_timeout = %d", LockTimeout));
}

/*
 * Lock the relations of a step, build it again, and run it if it still comes
 * next.  The work of run_with_locks(), in a subtransaction.
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
	send_lock_timeout(run->step->relid);
	plan_run(&run->fresh->statements);
	step_point(run->step->name, "after-run");
	check_schema_name(run->step->relid, schema);
}

/*
 * Returns the lock timeout in ms for a lock that conflicts with autovacuum but
 * not with readers or writers.  Autovacuum is cancelled only for a session that
 * has waited for deadlock_timeout, so wait twice as long as that; ten lock
 * timeouts are harmless, as no reader or writer queues behind us.
 */
static int
patient_timeout(const OnlineRun *online)
{
	return Max(10 * online->patience.lock_timeout, 2 * DeadlockTimeout);
}

/* The work of send_autovacuum_away(), in a subtransaction. */
static void
lock_against_autovacuum(void *state)
{
	const OnlineStep *step = state;

	(void) lock_table(step->relid, ShareUpdateExclusiveLock, false);
}

/*
 * Wait for a SHARE UPDATE EXCLUSIVE lock on the table of a step, until
 * autovacuum is cancelled, and release it.  The step's own lock request is too
 * short to cancel autovacuum.  Nothing else is locked meanwhile, so that this
 * wait cannot deadlock with a session that upgrades its lock.
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
 * Run a step in one transaction, and retry on a lock timeout (ms) or a deadlock.
 * Returns false if another step comes next.  55P03 after max_wait.
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
		wait_or_give_up(online, run->step->relid, "a lock on", since, &delay);
		send_autovacuum_away(online, run->step);
	}
}

/*
 * An error context callback: adds a hint to the server's errors of a lock timeout
 * and of a deadlock.  A build waits for the snapshots of all statements, also of
 * one that waits for our lock on the table: one of the two is the victim.
 */
static void
add_resume_hint(void *arg)
{
	if (geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE || geterrcode() == ERRCODE_T_R_DEADLOCK_DETECTED)
		errhint("The steps done before are kept. Call the procedure again to continue.");
}

/*
 * Run a statement that commits within itself, with a lock timeout in ms.
 *
 * Sets the variable LockTimeout directly, not by guc.c.  A local setting would
 * end with the first commit within the statement.  A session setting would stay
 * after an error: the abort that follows undoes our resetting it.
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
 * Lock the relations of a STEP_ALONE for the session, and return its text, built
 * again; null if another step comes next.  Sets *schema to the name of its
 * table's schema.  lock_timeout: in ms.
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
 * Run a STEP_ALONE.  Returns false if another step comes next.  Neither the lock
 * of its statement nor the wait for it blocks readers or writers, so its lock
 * timeout is max_wait; 55P03 after that.
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
		step_point(run->step->name, "after-run");
		check_schema_name(run->step->relid, schema);
		/* its last transaction is open, with its changes of the catalogs */
		begin_work();
		end_work();
		MemoryContextSwitchTo(online->step_context);
	}
	error_context_stack = callback.previous;
	unlock_session();
	return text != NULL;
}

/*
 * Show the statements of a step in pg_stat_activity, and in a NOTICE.
 */
void
announce_step(const OnlineStep *step)
{
	char	   *text = plan_text(&step->statements);

	pgstat_report_activity(STATE_RUNNING, text);
	tell("%s", text);
}

/*
 * Run a step that is not a STEP_FILL.  next(state) builds the next step again,
 * under the step's locks.  Returns false, without having run anything, if that
 * is another step, or if the table was dropped.  Errors: 42501 if the caller no
 * longer owns the table; 55000 if its schema was renamed; 55P03 if the locks were
 * not available for max_wait; those of the statements.
 */
bool
run_step(const OnlineRun *online, const OnlineStep *step, NextStep next, void *state)
{
	StepRun		run = {.step = step,.next = next,.state = state};

	wait_while_paused(online);
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
