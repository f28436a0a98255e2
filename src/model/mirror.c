/*
 * mirror.c
 *		The unique index of an undirected junction, which allows a pair in one
 *		order only: if (a, b) is there, (b, a) is refused.
 *
 * The index is over the lesser end and the greater end, so that both orders of
 * a pair give the same entry.  With ends of one column, LEAST and GREATEST
 * return them; they compare by the default btree order of the type.  Ends of
 * several columns are compared column by column, with the qualified operators
 * of each type's default btree order: the operator < of pg_catalog may not
 * exist for the type, or may order otherwise.
 *
 * This file builds the text of the index and recognizes such an index.  It
 * runs nothing.
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
 * Returns the operator for less or equal (a btree strategy) of a type's
 * default order: "OPERATOR(pg_catalog.<)".  The type has this order, as a key
 * could not be over it otherwise.
 */
static char *
order_operator(Oid type, StrategyNumber strategy)
{
	Oid			class = GetDefaultOpClass(type, BTREE_AM_OID);
	Oid			input = get_opclass_input_type(class);

	return operator_text(get_opfamily_member(get_opclass_family(class), input, input, strategy));
}

/*
 * Returns the condition that the left end is less than the right end, from
 * column n on:
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
 * Returns the expressions of the index: the columns of the lesser end, then
 * those of the greater end.  left, right: the names of the columns; columns:
 * ColumnFacts with their types, which are the same for both ends.
 *
 *	LEAST(a, b), GREATEST(a, b)
 *
 * or for each of several columns, with the condition of before():
 *
 *	(CASE WHEN (a < b OR ...) THEN a ELSE b END)
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
 * Is the index over two or more expressions that each use columns of both
 * ends?  Then its purpose is to refuse the second order of a pair.
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
 * Returns the index that makes a junction undirected, or null.  Its
 * expressions can differ from those that this file builds, as somebody else
 * may have written them.
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
