/*
 * promote_concurrently.c
 *		junction.promote_concurrently: a promotion in steps that commit.
 *
 * The table says what remains to be done (promote_steps.c).  Look, do the first
 * of it (online/steps.c, online/fill.c), commit, and look again: so a run that
 * was stopped anywhere is finished by the same call.
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
 * All that remains of the promotion that a run is to do.  The table
 * is locked, and left open.
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
 * The first step that is not a fill.  A fill leaves no trace in the catalogs,
 * so the step after it is run too before anybody looks at the table again.
 */
static OnlineStep *
first_statement(List *steps)
{
	foreach_ptr(OnlineStep, step, steps)
		if (step->kind != STEP_FILL)
			return step;
	return NULL;
}

static OnlineStep *
next_promotion_step(void *state)
{
	Promotion	promotion;
	List	   *steps = plan_promotion(state, &promotion);

	relation_close(promotion.rel, NoLock);
	return first_statement(steps);
}

/*
 * Look at the table, do the first of what remains, and tell whether that was
 * all.
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
		tell_of_promotion(&promotion);
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
	Promotion	promotion = {.concurrently = true};
	Patience	patience;

	check_may_commit(fcinfo, "promote_concurrently");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 9);
	read_promotion(&promotion, fcinfo);
	run_online(&promotion, &patience, promote_body);
	PG_RETURN_VOID();
}
