/*
 * keep_order.c
 *		The order by which junction.deduplicate finds the row of a pair that stays:
 *		by age, or by what the caller gives.
 *
 * What the caller gives is parsed and analyzed once, with his search_path, and
 * written anew with each name qualified, as the statements that use it run with
 * another one.  Each of them has to find the same row, so it may depend on nothing
 * but the columns of the row.
 */
#include "postgres.h"

#include "access/relation.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "model/model.h"

/*
 * Raises 22023 for an order.  reason: a sentence for the detail.
 */
pg_noreturn static void
refuse_order(const char *order, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"keep\": \"%s\"", order),
			 errdetail("%s", reason),
			 errhint("Use \"first\", \"last\", or an expression of the table's columns to order by.")));
}

/*
 * Returns what the text orders by: a list of SortBy.  Refuses what is not a list to
 * order by, and nothing else: 22023, or what the parser says of it.
 */
static List *
parse_order(const char *order)
{
	List	   *statements = raw_parser(psprintf("SELECT FROM t ORDER BY %s\n", order), RAW_PARSE_DEFAULT);
	SelectStmt *select = list_length(statements) == 1 ?
		(SelectStmt *) linitial_node(RawStmt, statements)->stmt : NULL;

	if (select == NULL || !IsA(select, SelectStmt) || select->op != SETOP_NONE || select->sortClause == NIL ||
		select->limitCount != NULL || select->limitOffset != NULL || select->lockingClause != NIL ||
		select->whereClause != NULL)
		refuse_order(order, "It is more than a list to order by, or less.");
	return select->sortClause;
}

/*
 * Returns an expression by which rows are ordered, and its direction:
 *
 *	link.approved DESC NULLS LAST
 */
static char *
order_text(const TableFacts *table, Node *expression, const SortGroupClause *clause)
{
	TypeCacheEntry *type = lookup_type_cache(exprType(expression), TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	char	   *text = row_expression_text(table, expression, "link");
	const char *direction = clause->sortop == type->lt_opr ? "" :
		clause->sortop == type->gt_opr ? " DESC" : psprintf(" USING %s", operator_text(clause->sortop));

	return psprintf("(%s)%s NULLS %s", text, direction, clause->nulls_first ? "FIRST" : "LAST");
}

/*
 * Refuse an expression that may have another value in the next statement: 22023.
 */
static void
check_expression(const ParseState *pstate, Node *expression, const char *order)
{
	if (pstate->p_hasAggs || pstate->p_hasWindowFuncs || pstate->p_hasTargetSRFs)
		refuse_order(order, "It is a value of several rows, or several values of one.");
	if (pstate->p_hasSubLinks)
		refuse_order(order, "It has a query.");
	if (contain_volatile_functions(expression))
		refuse_order(order, "It has a volatile function, and each statement would find another row.");
}

/*
 * Returns what the caller gives to order by, each name qualified, and each column
 * with the alias "link".
 */
static char *
given_order(const TableFacts *table, const char *order)
{
	List	   *sort_by = parse_order(order);
	Relation	rel = relation_open(table->oid, NoLock);
	ParseState *pstate = make_parsestate(NULL);
	List	   *targets = NIL;
	List	   *clauses;
	StringInfoData buf;

	addNSItemToQuery(pstate, addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, false, true),
					 false, true, true);
	clauses = transformSortClause(pstate, sort_by, &targets, EXPR_KIND_ORDER_BY, true);
	initStringInfo(&buf);
	foreach_ptr(SortGroupClause, clause, clauses)
	{
		Node	   *expression = get_sortgroupclause_expr(clause, targets);

		assign_expr_collations(pstate, expression);
		check_expression(pstate, expression, order);
		appendStringInfo(&buf, "%s, ", order_text(table, expression, clause));
	}
	free_parsestate(pstate);
	relation_close(rel, NoLock);
	return buf.data;
}

/*
 * Returns the order of the rows by age: by the id, or by the time stamp, or else by
 * the place in the table; but by what identifies them first, if there is any, as a
 * row that references another one of the table gets another place.
 */
static char *
order_by_age(const TableFacts *table, List *identity, bool last)
{
	const char *direction = last ? " DESC" : "";
	IndexFacts *primary = find_primary_key(table);
	ColumnFacts *stamp = find_stamp(table, STAMP_CREATED);
	StringInfoData buf;

	initStringInfo(&buf);
	if (primary != NULL)
		foreach_ptr(char, name, column_names(table, primary->columns, primary->nkeys))
			appendStringInfo(&buf, "link.%s%s, ", quote_identifier(name), direction);
	if (primary == NULL && stamp != NULL && is_stamp(stamp))
		appendStringInfo(&buf, "link.%s%s NULLS LAST, ", quote_identifier(stamp->name), direction);
	foreach_int(column, identity)
		if (primary == NULL)
			appendStringInfo(&buf, "link.%s%s, ", quote_identifier(find_column(table, column)->name), direction);
	appendStringInfo(&buf, "link.tableoid%s, link.ctid%s", direction, direction);
	return buf.data;
}

/*
 * Returns what the rows of a pair are ordered by, the one that stays first, for the
 * argument "keep" of junction.deduplicate.  identity: the columns of a key, or NIL.  22023 and 42601 for an order that is none;
 * 42703 and 42883 for names that are not there.
 */
char *
keep_order(const TableFacts *table, List *identity, const char *keep)
{
	if (pg_strcasecmp(keep, "first") == 0 || pg_strcasecmp(keep, "last") == 0)
		return order_by_age(table, identity, pg_strcasecmp(keep, "last") == 0);
	return psprintf("%s%s", given_order(table, keep), order_by_age(table, identity, false));
}
