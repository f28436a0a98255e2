/*
 * promote.c
 *		junction.promote: from a junction to an entity, in one transaction.
 *
 *	1. Check: a junction that may be promoted, names that are free, columns
 *	   that are columns (promote_check.c).
 *	2. Build (promote_build.c): the new names, the key demoted in place, and one
 *	   ALTER TABLE that adds the columns and rewrites the table once.
 *	3. Run, or only return (statement/plan.c).
 *
 * Rows, grants, policies, triggers, comments and foreign keys from elsewhere
 * hang on the table or on the key's index.  Both stay what they are, so none
 * of those is touched.
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
 * A function cannot commit, so it can only tell what remains to be done
 * concurrently; and that way needs this extension.
 */
static void
check_concurrently(const Promotion *promotion, bool dry_run)
{
	if (!dry_run)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a function cannot promote concurrently"),
				 errdetail("That commits between its steps."),
				 errhint("Use CALL junction.promote_concurrently, or dry_run => true for the statements.")));
	if (promotion->portable)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"concurrently\" and \"portable\" exclude each other")));
}

/*
 * A row for each step that remains, whose statements are one transaction.
 */
static void
build_remaining(StatementPlan *plan, Promotion *promotion)
{
	check_promotion_steps(promotion);
	foreach_ptr(OnlineStep, step, build_promotion_steps(promotion))
		plan_add(plan, step->locks, "%s", plan_text(&step->statements));
}

PG_FUNCTION_INFO_V1(junction_promote);

/*
 * junction.promote(junction regclass, name text, columns text[], timestamps bool,
 *					id_column text, id_type regtype, primary_key text[],
 *					unique_name text, keep_old_name bool, portable bool,
 *					concurrently bool, dry_run bool)
 *		returns setof junction.statement
 *
 * 42809 for what is no junction or not of a kind to be promoted; 55000 for an
 * entity; 42P07, 42710, 42701 for names that are taken, 42622 for those too
 * long; 22023 for arguments that can't be; 42703 for a key column that is not
 * there; 2BP01 where a query rests on the primary key; 0A000 where the key
 * misses the partition key, where the table's rows are stored elsewhere, and for
 * a distributed table if not portable; 42501 for somebody else's table; and what
 * PostgreSQL would say of a column (check/column_definition.c), 23502 among it.
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
		check_concurrently(&promotion, dry_run);

	check_promotion(&promotion, dry_run ? AccessShareLock : AccessExclusiveLock);
	if (promotion.concurrently)
		build_remaining(&plan, &promotion);
	else
		build_promotion(&plan, &promotion);
	tell_of_promotion(&promotion);

	/* the lock stays until the transaction ends */
	relation_close(promotion.rel, NoLock);
	result = plan_finish(&plan, dry_run, fcinfo);
	if (promotion.keep_old_name && !dry_run)
		tell_old_name(promotion.table, pair_columns(promotion.junction));
	return result;
}
