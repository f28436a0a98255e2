/*
 * online.c
 *		The steps of what blocks nobody, run; and junction.promote_concurrently.
 *
 * The table says what remains to be done (online_plan.c).  Look, do the first
 * of it, commit, and look again; so a run that was stopped anywhere is finished
 * by the same call.
 */
#include "postgres.h"

#include "access/relation.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "junction.h"

static void
run_plan(void *plan)
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
		done = try_work(run_plan, (void *) plan);
		LockTimeout = 0;
		end_work();
		if (done)
			return;
		wait_or_give_up(relid, "a lock", since, patience, &delay);
	}
}

/*
 * The server's own words of a lock that was not to be had say not what to do.
 */
static void
add_resume_hint(void *arg)
{
	if (geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE)
		errhint("What was done stays. The same call goes on from here.");
}

/*
 * Run a statement that commits, and waits for others by itself: it blocks
 * nobody meanwhile, so it may wait as long as the caller does.
 */
static void
run_patiently(const StatementPlan *plan, Oid relid, const Patience *patience)
{
	ErrorContextCallback callback = {error_context_stack, add_resume_hint, NULL};

	wait_for_transactions(relid, patience);
	error_context_stack = &callback;
	LockTimeout = (int) Min(patience->max_wait, INT_MAX);
	run_alone(plan_text(plan));
	LockTimeout = 0;
	error_context_stack = callback.previous;
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
		tell_of_promotion(&promotion);
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

	start_telling();
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
	check_not_distributed(PG_GETARG_OID(0));
	run_online(fcinfo, &patience, fill_body);
	PG_RETURN_VOID();
}
