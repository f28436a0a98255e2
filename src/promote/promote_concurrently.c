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
 * The steps of a whole promotion (promote_steps.c); a removal of an index is not
 * counted.  In plain SQL there is one more, for the pair's index.
 */
#define STEPS(promotion)	((promotion)->plain && (promotion)->demotes ? 9 : 8)

/* The arguments of the procedure */
typedef struct PromotionCall
{
	Promotion	promotion;		/* its arguments only */
	bool		cut_over;		/* run the last step too */
} PromotionCall;

/*
 * Returns the steps that remain (OnlineStep), and fills *promotion from the
 * run's arguments.  Leaves the table open and locked in ACCESS SHARE mode.
 * Raises all refusals.
 */
static List *
plan_promotion(const OnlineRun *run, Promotion *promotion)
{
	*promotion = ((const PromotionCall *) run->arguments)->promotion;
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
 * Is the last step the only one that remains, and not to be run?
 */
static bool
stops_before(const OnlineRun *run, const List *steps)
{
	if (((const PromotionCall *) run->arguments)->cut_over || list_length(steps) > 1)
		return false;
	ereport(NOTICE,
			(errmsg("\"%s\" is ready for the last step of its promotion", run->name),
			 errhint("The same call with cut_over => true changes the keys and the names, in one short transaction.")));
	return true;
}

/*
 * Plans, and runs the first remaining step; a fill together with the step
 * after it.  Returns true if no step remains that is to be run.
 */
static bool
promote_step(OnlineRun *run)
{
	Promotion	promotion;
	List	   *steps;
	OnlineStep *step;
	int			number;

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

	if (stops_before(run, steps))
		return true;
	step = linitial(steps);
	number = Max(STEPS(&promotion) - list_length(steps) + 1, 1);
	show_step(run->relid, step->name, number, STEPS(&promotion));
	if (step->kind == STEP_FILL)
	{
		wait_while_paused(run);
		announce_step(step);
		fill_column(run, promotion.id_column);
		MemoryContextSwitchTo(run->step_context);
		show_step(run->relid, first_statement(steps)->name, number + 1, STEPS(&promotion));
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

	begin_run_on_own_table(run, ((const PromotionCall *) run->arguments)->promotion.relid);
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
 *		max_lag bigint, lock_timeout interval, max_wait interval, cut_over bool)
 *
 * The first nine arguments and their refusals are those of junction.promote.
 * Without cut_over, all steps but the last are run.
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
		[13] = "max_wait",[14] = "cut_over"
	};
	PromotionCall call = {.promotion.concurrently = true};
	Patience	patience;

	check_may_commit(fcinfo, "promote_concurrently");
	check_arguments(fcinfo, required, lengthof(required));
	patience = read_patience(fcinfo, 9);
	read_promotion(&call.promotion, fcinfo);
	call.cut_over = PG_GETARG_BOOL(14);
	run_online(&call, &patience, promote_body);
	PG_RETURN_VOID();
}
