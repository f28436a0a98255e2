/*
 * placement.c
 *		Decides where Citus has to keep a junction, so that both its foreign
 *		keys can work.
 *
 * Citus checks a foreign key within a server.  It allows one from a
 * distributed table to a reference table, which has a copy on every server; and
 * to a table of the same colocation group, if its columns hold the distribution
 * column of both.  So the parents decide, and there is never a choice:
 *
 *	both local, or one of them and a reference table	as any table
 *	both reference										reference
 *	one in shards, and a reference table				beside the former
 *	both in shards, side by side, and the same column
 *	references the distribution column of both			beside both
 *	anything else										nowhere
 *
 * A pure decision, and the statement that carries it out: no catalog is asked.
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/*
 * Are the rows of a table in shards that the table's own value, or its schema,
 * decides?
 */
bool
is_in_shards(const Placement *placement)
{
	return placement->layout == LAYOUT_DISTRIBUTED || placement->layout == LAYOUT_SINGLE_SHARD;
}

/*
 * Are the rows of two tables in shards that are kept side by side?
 */
bool
are_colocated(const Placement *left, const Placement *right)
{
	return is_in_shards(left) && left->layout == right->layout &&
		left->colocation != 0 && left->colocation == right->colocation;
}

/*
 * Returns why a junction of these two parents, both in shards, can be nowhere;
 * or OBSTACLE_NONE.
 */
static PlacementObstacle
obstacle_between(const PlacedParent *left, const PlacedParent *right)
{
	if (!are_colocated(&left->placement, &right->placement))
		return OBSTACLE_NOT_COLOCATED;
	if (left->placement.layout == LAYOUT_DISTRIBUTED &&
		(left->column == NULL || right->column == NULL || strcmp(left->column, right->column) != 0))
		return OBSTACLE_TWO_COLUMNS;
	return OBSTACLE_NONE;
}

/*
 * Returns where a junction of these parents has to be.
 */
PlacementChoice
choose_placement(const PlacedParent *left, const PlacedParent *right)
{
	PlacementChoice choice = {LAYOUT_LOCAL};
	bool		left_leads = is_in_shards(&left->placement);
	const PlacedParent *leader = left_leads ? left : right;
	const PlacedParent *other = left_leads ? right : left;

	if (!is_in_shards(&leader->placement))
	{
		if (left->placement.layout == LAYOUT_REFERENCE && right->placement.layout == LAYOUT_REFERENCE)
			choice.layout = LAYOUT_REFERENCE;
		return choice;
	}
	if (is_in_shards(&other->placement))
		choice.obstacle = obstacle_between(left, right);
	else if (other->placement.layout != LAYOUT_REFERENCE)
		choice.obstacle = OBSTACLE_LOCAL_PARENT;
	choice.layout = leader->placement.layout;
	choice.column = leader->column;
	choice.beside = leader->table;
	choice.other = other->table;
	return choice;
}

/*
 * Returns the statement that makes a local table what was chosen, which is not
 * LAYOUT_LOCAL.  table, beside: qualified names.
 *
 *	SELECT pg_catalog.create_distributed_table('s.account_plans'::pg_catalog.regclass,
 *		'tenant_id'::pg_catalog.text, colocate_with => 's.accounts'::pg_catalog.text)
 *	SELECT pg_catalog.create_reference_table('s.labels'::pg_catalog.regclass)
 *
 * In a tenant's schema Citus distributes a table by itself, if CREATE TABLE was
 * sent by a client, but not if a function ran it.  So that statement does
 * nothing if it was.
 */
char *
placement_statement(const PlacementChoice *choice, const char *table, const char *beside)
{
	const char *relation = typed_literal(table, "regclass");

	if (choice->layout == LAYOUT_REFERENCE)
		return psprintf("SELECT pg_catalog.create_reference_table(%s)", relation);
	if (choice->layout == LAYOUT_DISTRIBUTED)
		return psprintf("SELECT pg_catalog.create_distributed_table(%s, %s, colocate_with => %s)",
						relation, typed_literal(choice->column, "text"), typed_literal(beside, "text"));
	return psprintf("SELECT pg_catalog.create_distributed_table(%s, NULL::pg_catalog.text, colocate_with => %s) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid OPERATOR(pg_catalog.=) %s)",
					relation, typed_literal(beside, "text"), relation);
}

/*
 * Returns the statement with which a plan begins that changes tables of Citus:
 * shards one after the other.  Without it, Citus refuses to add a foreign key in
 * a transaction that has changed shards side by side (XX000).
 */
char *
one_by_one_statement(void)
{
	return psprintf("SELECT pg_catalog.set_config(%s, %s, true)",
					typed_literal("citus.multi_shard_modify_mode", "text"),
					typed_literal("sequential", "text"));
}
