/*
 * mirror.c
 *		The unique index of an undirected junction: either order of a pair may be
 *		there, its mirror image may not.
 *
 * It is over the lesser end and the greater one, so that both orders give the
 * same entry.  For ends of one column LEAST and GREATEST tell which is which;
 * they compare as the type itself does.  For ends of several columns the ends
 * are compared column by column, with the operators of each type's own btree
 * order, by their full names: a type may have no "<" in pg_catalog, or one
 * there that orders otherwise.
 *
 * Builds text, and knows such an index when it sees one.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/*
 * "OPERATOR(pg_catalog.<)": what means less, or equal, in a type's order.  The
 * type has one, or there could be no key over it.
 */
static char *
order_operator(Oid type, StrategyNumber strategy)
{
	Oid			class = GetDefaultOpClass(type, BTREE_AM_OID);
	Oid			input = get_opclass_input_type(class);

	return operator_text(get_opfamily_member(get_opclass_family(class), input, input, strategy));
}

/*
 * The left end before the right one, from column n on:
 *
 *	(a < b OR (a = b AND (a2 < b2)))
 */
static char *
before(List *left, List *right, List *columns, int n)
{
	const char *mine = quote_identifier(list_nth(left, n));
	const char *other = quote_identifier(list_nth(right, n));
	ColumnFacts *column = list_nth(columns, n);
	const char *less = psprintf("%s %s %s", mine,
								order_operator(column->type, BTLessStrategyNumber), other);

	if (n == list_length(columns) - 1)
		return psprintf("(%s)", less);
	return psprintf("(%s OR (%s %s %s AND %s))", less, mine,
					order_operator(column->type, BTEqualStrategyNumber), other,
					before(left, right, columns, n + 1));
}

/*
 * What the index is over: the lesser end's columns and then the greater's.
 * columns: ColumnFacts with the types of the names in left, and in right.
 *
 *	LEAST(a, b), GREATEST(a, b)
 *
 * or for each of several columns
 *
 *	(CASE WHEN a before b THEN a ELSE b END)
 */
char *
mirror_expressions(List *left, List *right, List *columns)
{
	StringInfoData buf;
	char	   *condition;

	if (list_length(columns) == 1)
	{
		List	   *both = list_make2(linitial(left), linitial(right));

		return psprintf("LEAST(%s), GREATEST(%s)", column_list(both), column_list(both));
	}

	initStringInfo(&buf);
	condition = before(left, right, columns, 0);
	for (int greater = 0; greater <= 1; greater++)
		for (int i = 0; i < list_length(columns); i++)
			appendStringInfo(&buf, "%s(CASE WHEN %s THEN %s ELSE %s END)", buf.len ? ", " : "",
							 condition,
							 quote_identifier(list_nth(greater ? right : left, i)),
							 quote_identifier(list_nth(greater ? left : right, i)));
	return buf.data;
}

/*
 * Is an index over expressions that each mix the two ends?  Then it is to keep
 * either order of a pair from being there beside the other.
 */
static bool
mixes_ends(const IndexFacts *index, const Bitmapset *left, const Bitmapset *right)
{
	List	   *expressions = stringToNode(index->expressions);

	foreach_ptr(Node, expression, expressions)
	{
		Bitmapset  *columns = expression_columns(expression);

		if (!bms_overlap(columns, left) || !bms_overlap(columns, right))
			return false;
	}
	return list_length(expressions) > 1;
}

/*
 * The index that makes a junction undirected, or null.  Whoever made it may have
 * written its expressions in another form than this file does.
 */
IndexFacts *
find_mirror_index(const Junction *junction)
{
	Endpoint   *left = linitial(junction->endpoints);
	Endpoint   *right = lsecond(junction->endpoints);

	if (list_length(junction->endpoints) != 2 || left->key->parent != right->key->parent)
		return NULL;
	foreach_ptr(IndexFacts, index, junction->table->indexes)
		if (index->unique && index->usable && index->expressions != NULL && index->predicate == NULL &&
			bms_equal(indexed_columns(index), junction->pair) &&
			mixes_ends(index, bms_difference(left->columns, right->columns),
					   bms_difference(right->columns, left->columns)))
			return index;
	return NULL;
}
