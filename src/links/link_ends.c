/*
 * link_ends.c
 *		The ends of a table that links rows of the merged table to each other, and
 *		the order that it keeps them in.
 *
 * Where a CHECK holds one end below the other, the ends of a link that is changed are
 * put in that order.  The table is open and locked.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_constraint.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "model/model.h"

/*
 * Returns the column that is the less in a CHECK (a < b), in *greater the other; 0
 * for an expression that is none.  The order must be that of LEAST and GREATEST: the
 * default of the type.
 */
static AttrNumber
lesser_column(Node *expression, AttrNumber *greater)
{
	OpExpr	   *check = (OpExpr *) expression;
	Var		   *first;
	Var		   *second;
	int			strategy;

	if (!IsA(check, OpExpr) || list_length(check->args) != 2)
		return 0;
	first = (Var *) strip_implicit_coercions(linitial(check->args));
	second = (Var *) strip_implicit_coercions(lsecond(check->args));
	if (!IsA(first, Var) || !IsA(second, Var))
		return 0;
	strategy = get_op_opfamily_strategy(check->opno, lookup_type_cache(first->vartype, TYPECACHE_BTREE_OPFAMILY)->btree_opf);
	if (strategy == 0 || strategy == BTEqualStrategyNumber)
		return 0;
	*greater = strategy < BTEqualStrategyNumber ? second->varattno : first->varattno;
	return strategy < BTEqualStrategyNumber ? first->varattno : second->varattno;
}

/*
 * Set the column that a CHECK (a < b) on the ends of a junction holds below the
 * other, and that.
 */
static void
set_order(MergeChild *child)
{
	Bitmapset  *ends = bms_union(key_columns(child->left->key), key_columns(child->right->key));

	if (child->left->key->nkeys > 1 || child->right->key->nkeys > 1)
		return;
	foreach_ptr(ConstraintFacts, constraint, read_constraints(child->table->oid))
		if (constraint->type == CONSTRAINT_CHECK && bms_equal(constraint->column_set, ends) &&
			constraint->expression && child->lesser == 0)
			child->lesser = lesser_column(stringToNode(constraint->expression), &child->greater);
}

/*
 * Set the ends of a child that links rows of one table to each other.
 */
void
set_link_ends(MergeChild *child)
{
	Junction   *junction = classify(unconstify(TableFacts *, child->table));

	if (junction->kind == JUNCTION_NONE)
		return;
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		foreach_ptr(MergeKey, key, child->keys)
		{
			if (!bms_equal(endpoint->columns, key_columns(key->key)))
				continue;
			if (child->left == NULL)
				child->left = key;
			else if (child->right == NULL && key != child->left)
				child->right = key;
		}
	if (child->right == NULL)
	{
		child->left = NULL;
		return;
	}
	set_order(child);
	if (list_length(junction->endpoints) == 2 && find_mirror_index(junction) != NULL)
		child->unordered = junction->pair_key;
}
