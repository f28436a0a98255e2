/*
 * promote_concurrently.c
 *		junction.promote_concurrently: a promotion in steps that commit.
 *
 * The table itself shows which steps remain (promote_steps.c).  The procedure
 * plans, runs the first remaining step (online/steps.c, online/fill.c),
 * commits, and plans again.  So the same call finishes a run that was stopped
 * at any step.
 *
 * No lock is held between the transactions.  Each transaction locks the table
 * and checks it again.
 */
#include "postgres.h"

#include "access/relation.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "check/check.h"
#include "model/model.h"
#include "online/online.h"
#include "promote/promote.h"

/*
 * Returns the steps that remain (OnlineStep), and fills *promotion from the
 * run's arguments.  Leaves the table open and locked in ACCESS SHARE mode.
 * Raises all refusals.
 */
static List *
plan_promotion(const OnlineRun *run, Promotion *promotion)
{
	*promotion = *(const Promotion *) run->arguments;
	check_promotion(promotion, AccessShareLock);
	check_promotion_steps(promotion);
	return build_promotion_steps(promotion);
}

/*
 * Returns the first step that is not a fill, or null.  A fill leaves no trace
 * in the catalogs, so the step after it is run before the table is planned
 * again.
 */
static OnlineStep *
first_statement(List *steps)
{
	foreach_ptr(OnlineStep, step, steps)
		if (step->kind != STEP_FILL)
			return step;
	return NULL;
}

/*
 * A NextStep: plans again, and returns the step that comes next; run_step()
 * compares it with the step that it is to run.  state: the OnlineRun.
 */
static OnlineStep *
next_promotion_step(void *state)
{
	Promotion	promotion;
	List	   *steps = plan_promotion(state, &promotion);

	relation_close(promotion.rel, NoLock);
	return first_statement(steps);
}

/*
 * Plans, and runs the first remaining step; a fill together with the step
 * after it.  Returns true if no step remains.
 */
static bool
promote_step(OnlineRun *run)
{
	Promotion	promotion;
	List	   *steps;
	OnlineStep *step;

	begin_work_on(run, AccessShareLock);
	run->name = MemoryContextStrdup(run->context, display_name(run->relid));
	MemoryContextSwitchTo(run->step_context);
	steps = plan_promotion(run, &promotion);
	if (promotion.begun == NULL)
	{
		tell_naming(promotion.table);
		tell_of_promotion(&promotion);
	}
	relation_close(promotion.rel, NoLock);
	end_work();
	MemoryContextSwitchTo(run->step_context);

	step = linitial(steps);
	if (step->kind == STEP_FILL)
	{
		announce_step(step);
		fill_column(run, promotion.id_column);
		MemoryContextSwitchTo(run->step_context);
	}
	if (!run_step(run, first_statement(steps), next_promotion_step, run) || list_length(steps) > 1)
		return false;
	MemoryContextSwitchTo(run->step_context);
	if (promotion.keep_old_name)
	{
		begin_work();
		tell_old_name(promotion.table, pair_columns(promotion.junction));
		end_work();
	}
	return true;
}

/* The body of run_online(): runs steps until none remains. */
static void
promote_body(OnlineRun *run)
{
	bool		done = false;

	begin_run_on_own_table(run, ((const Promotion *) run->arguments)->relid);
	while (!done)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(run->step_context);
		done = promote_step(run);
	}
}

PG_FUNCTION_INFO_V1(junction_promote_concurrently);

/*
 * CALL junction.promote_concurrently(junction regclass, name text, columns
 * text[],
 *		timestamps bool, id_column text, id_type regtype, primary_key text[],
 *		unique_name text, keep_old_name bool, batch_size int, pause interval,
 *		max_lag bigint, lock_timeout interval, max_wait interval)
 *
 * The first nine arguments and their refusals are those of junction.promote.
 * Also: 25001 and 2D000 where the procedure cannot commit; 0A000 and 55000
 * for what only one transaction can do (promote_steps_check.c); 55006 if a
 * run is at work on the table; 55P03 if a lock is not granted within
 * max_wait.
 */
Datum
junction_promote_concurrently(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {
		[0] = "junction",[2] = "columns",[3] = "timestamps",[4] = "id_column",[5] = "id_type",
		[8] = "keep_old_name",[9] = "batch_size",[10] = "pause",[12] = "lock_timeout",
		[13] = "max_wait"
	};
	Promotion	promotion = {.concurrently = true};
	Patience	patience;

	check_may_commit(fcinfo, "promote_concurrently");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 9);
	read_promotion(&promotion, fcinfo);
	run_online(&promotion, &patience, promote_body);
	PG_RETURN_VOID();
}
