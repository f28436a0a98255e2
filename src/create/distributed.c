/*
 * distributed.c
 *		Decides where Citus has to keep a new junction, and refuses parents
 *		between which there is no place.
 *
 * The parents decide (model/placement.c); build_junction.c builds the
 * statements.  Without Citus every parent is local, and so is the junction.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "create/create.h"
#include "model/model.h"

/*
 * Fill what choose_placement() asks of one parent.
 */
static PlacedParent
placed_end(const NewJunction *junction, const NewEndpoint *side)
{
	PlacedParent placed = {.table = side->parent.table->oid,
	.placement = read_placement(side->parent.table->oid)};
	List	   *columns = list_concat_copy(junction->shared, side->columns);

	foreach_ptr(ColumnFacts, column, side->parent.key)
		if (column->attnum == placed.placement.column)
			placed.column = list_nth(columns, foreach_current_index(column));
	return placed;
}

/*
 * Refuse a parent in shards and one that is local: 0A000.
 */
pg_noreturn static void
refuse_local_parent(const PlacementChoice *choice)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot link distributed table \"%s\" and local table \"%s\"",
					display_name(choice->beside), display_name(choice->other)),
			 errdetail("Citus allows no foreign key from a distributed table to a local one, and one from a local table to a distributed one does not work."),
			 errhint("Run this first: SELECT create_reference_table(%s)",
					 quote_literal_cstr(qualified_name(choice->other)))));
}

/*
 * Refuse two parents in shards that no junction can be beside: 0A000.
 */
pg_noreturn static void
refuse_apart(const PlacementChoice *choice)
{
	const char *other = quote_literal_cstr(qualified_name(choice->other));
	bool		tenants = choice->layout == LAYOUT_SINGLE_SHARD ||
		read_placement(choice->other).layout == LAYOUT_SINGLE_SHARD;

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot link distributed tables \"%s\" and \"%s\"",
					display_name(choice->beside), display_name(choice->other)),
			 choice->obstacle == OBSTACLE_TWO_COLUMNS ?
			 errdetail("A link would have to be beside both its rows, but it references their distribution columns with two columns.") :
			 errdetail("A link would have to be beside both its rows, but the two tables are not co-located."),
			 tenants ?
			 errhint("Link tables of the same tenant's schema, or make one a reference table outside of all such schemas.") :
			 errhint("Distribute both by a tenant column that is in both keys, co-located, and name it in shared_columns; or make one a reference table: SELECT undistribute_table(%s), and then SELECT create_reference_table(%s).",
					 other, other)));
}

/*
 * Decide where the junction has to be.  Its columns are known.  0A000 if both
 * its foreign keys can work nowhere.
 */
void
decide_place(NewJunction *junction)
{
	PlacedParent left = placed_end(junction, &junction->left);
	PlacedParent right = placed_end(junction, &junction->right);

	junction->place = choose_placement(&left, &right);
	junction->citus = left.placement.layout != LAYOUT_LOCAL || right.placement.layout != LAYOUT_LOCAL;
	if (junction->place.obstacle == OBSTACLE_LOCAL_PARENT)
		refuse_local_parent(&junction->place);
	if (junction->place.obstacle != OBSTACLE_NONE)
		refuse_apart(&junction->place);
}
