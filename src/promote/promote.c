/*
 * promote.c
 *		junction.promote: makes a junction an entity, in one transaction.
 *
 *	1. Check the junction, the names, the columns and the keys (promote_check.c).
 *	2. Build the new names, the key demoted in place, and one ALTER TABLE that adds
 *	   the columns and rewrites the table once (promote_build.c).
 *	3. Run the statements, or only return them (statement/plan.c).
 *
 * Rows, grants, policies, triggers, comments and referencing foreign keys
 * belong to the table or to the key's index.  Both stay the same objects, so
 * none of these is touched.
 *
 * The transaction keeps ACCESS EXCLUSIVE on the table; a dry run takes ACCESS
 * SHARE.
 */
#include "postgres.h"

#include "access/relation.h"

#include "base/base.h"
#include "check/check.h"
#include "model/model.h"
#include "online/online.h"
#include "promote/promote.h"
#include "statement/statement.h"

/*
 * Refuse concurrently => true except in a dry run, as a function cannot
 * commit: 25001.
 */
static void
check_concurrently(bool dry_run)
{
	if (!dry_run)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a function cannot promote concurrently"),
				 errdetail("A concurrent promotion commits between its steps, and a function cannot commit."),
				 errhint("Use CALL junction.promote_concurrently, or dry_run => true for the statements.")));
}

/*
 * Builds one row for each step that remains of a concurrent promotion. The
 * statements of a step are one transaction; in plain SQL, they are one block
 * (portable_steps.c).
 */
static void
build_remaining(StatementPlan *plan, Promotion *promotion)
{
	check_promotion_steps(promotion);
	foreach_ptr(OnlineStep, step, build_promotion_steps(promotion))
		plan_add(plan, step->locks, "%s", promotion->portable ? portable_statement(promotion, step) :
				 promotion->placement.layout != LAYOUT_LOCAL ? placed_statement(step) :
				 plan_text(&step->statements));
}

PG_FUNCTION_INFO_V1(junction_promote);

/*
 * junction.promote(junction regclass, name text, columns text[], timestamps
 * bool,
 *					id_column text, id_type regtype, primary_key text[],
 *					unique_name text, keep_old_name bool, portable bool,
 *					concurrently bool, dry_run bool)
 *	returns setof junction.statement
 *
 * 42P01 for a table that is gone; 42809 for a table that is not a junction,
 * or of a kind that cannot be promoted; 55000 for an entity, for an
 * unfinished concurrent promotion, and for an invalid unique index; 42P07, 42710, 42701 for names that are
 * taken, 42622 for names that are too long; 22023 for other invalid
 * arguments; 42703 for a column of primary_key that does not exist; 2BP01 if
 * objects depend on the primary key; 0A000 if the key lacks the partition
 * key or the distribution column, if rows of the table are stored in another
 * table, and for what Citus has nothing for; 42501 for another role's table; 25001
 * for concurrently without dry_run; and what PostgreSQL raises for a column
 * (added_columns.c), 23502 among it.
 */
Datum
junction_promote(PG_FUNCTION_ARGS)
{
	Promotion	promotion = {0};
	StatementPlan plan = {NIL};
	bool		dry_run;
	Datum		result;
	static const char *const required[] = {
		[0] = "junction",[2] = "columns",[3] = "timestamps",
		[4] = "id_column",[5] = "id_type",
		[8] = "keep_old_name",[9] = "portable",[10] = "concurrently",[11] = "dry_run"
	};

	check_arguments(fcinfo, required, lengthof(required));
	read_promotion(&promotion, fcinfo);
	promotion.portable = PG_GETARG_BOOL(9);
	promotion.concurrently = PG_GETARG_BOOL(10);
	dry_run = PG_GETARG_BOOL(11);
	if (promotion.concurrently)
		check_concurrently(dry_run);

	check_promotion(&promotion, dry_run ? AccessShareLock : AccessExclusiveLock);
	tell_naming(promotion.table);
	if (promotion.concurrently)
		build_remaining(&plan, &promotion);
	else
		build_promotion(&plan, &promotion);
	tell_of_promotion(&promotion);

	/* the transaction keeps the lock */
	relation_close(promotion.rel, NoLock);
	result = plan_finish(&plan, dry_run, fcinfo);
	if (promotion.keep_old_name && !dry_run)
		tell_old_name(promotion.table, pair_columns(promotion.junction));
	return result;
}
