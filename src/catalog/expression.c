/*
 * expression.c
 *		Partial indexes: which lookups can use one, and its predicate as SQL.
 *		Also the columns in an expression, and the relations that it reads.
 *
 * A foreign key looks up the rows that reference a parent's row by "column =
 * $1".  A partial index can serve that if this clause implies the predicate of
 * the index: WHERE tag_id IS NOT NULL is implied, WHERE deleted_at IS NULL is
 * not.  The planner's predicate_implied_by() decides.
 *
 * No table is opened or locked, and no function of a predicate is run.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns the clause by which a foreign key looks up its rows, as the planner
 * would have it: a list of "column operator $n".  NIL if an operator has no
 * commutator, or a column is not in the facts.
 */
static List *
lookup_clause(const TableFacts *table, const ForeignKeyFacts *key)
{
	List	   *clause = NIL;

	for (int i = 0; i < key->nkeys; i++)
	{
		ColumnFacts *column = find_column(table, key->columns[i]);
		Oid			operator = get_commutator(key->operators[i]);
		Oid			left;
		Oid			right;
		Param	   *param = makeNode(Param);
		Expr	   *var;
		Expr	   *equal;

		if (column == NULL || !OidIsValid(operator))
			return NIL;
		op_input_types(operator, &left, &right);
		param->paramkind = PARAM_EXTERN;
		param->paramid = i + 1;
		param->paramtype = right;
		param->paramtypmod = -1;
		param->paramcollid = column->collation;
		param->location = -1;
		var = (Expr *) makeVar(1, column->attnum, column->type, column->typmod,
							   column->collation, 0);
		if (left != column->type)
			var = (Expr *) makeRelabelType(var, left, -1, column->collation,
										   COERCE_IMPLICIT_CAST);
		equal = make_opclause(operator, BOOLOID, false, var, (Expr *) param,
							  InvalidOid, column->collation);
		set_opfuncid((OpExpr *) equal);
		clause = lappend(clause, equal);
	}
	return clause;
}

/*
 * Returns the places, in the table's list of foreign keys, of those whose
 * lookup implies the predicate of a partial index.
 */
Bitmapset *
keys_implying(const TableFacts *table, const IndexFacts *index)
{
	Bitmapset  *keys = NULL;
	Node	   *node = stringToNode(index->predicate);
	List	   *predicate;
	ListCell   *cell;

	/*
	 * The same as RelationGetIndexPredicate(), but without
	 * eval_const_expressions(): this would run functions that the owner of the
	 * table chose with the rights of the caller.  Of its simplifications only
	 * that of NOT matters to predicate_implied_by(), and is done here.
	 */
	node = (Node *) canonicalize_qual((Expr *) node, false);
	predicate = make_ands_implicit((Expr *) node);
	foreach(cell, predicate)
		if (is_notclause(lfirst(cell)))
			lfirst(cell) = negate_clause((Node *) get_notclausearg(lfirst(cell)));
	fix_opfuncids((Node *) predicate);

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
	{
		List	   *clause = lookup_clause(table, key);

		if (clause != NIL && predicate_implied_by(predicate, clause, false))
			keys = bms_add_member(keys, foreach_current_index(key));
	}
	return keys;
}

/*
 * Returns a range table entry for a table, with the column names from the
 * facts.  A dropped column is named by its number.
 */
static RangeTblEntry *
make_entry(const TableFacts *table, char *alias)
{
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	AttrNumber	last = 0;

	/* ruleutils.c opens no table for this kind of entry */
	entry->rtekind = RTE_NAMEDTUPLESTORE;
	entry->eref = makeAlias(alias, NIL);
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		while (++last < column->attnum)
			entry->eref->colnames = lappend(entry->eref->colnames, makeString(psprintf("%d", last)));
		entry->eref->colnames = lappend(entry->eref->colnames, makeString(column->name));
	}
	return entry;
}

/*
 * Returns the predicate of a partial index as SQL, from the facts alone.
 * pg_get_expr() would open the table: it would wait for a conflicting lock,
 * and could find the table changed since the facts were read.
 */
char *
predicate_text(const TableFacts *table, const IndexFacts *index)
{
	return aliased_predicate(table, index, NULL);
}

/*
 * As predicate_text(), but for a query in which the table has this alias, and
 * other tables may have columns of the same names: "link.deleted_at IS NULL"
 */
char *
aliased_predicate(const TableFacts *table, const IndexFacts *index, char *alias)
{
	PlannedStmt *statement = makeNode(PlannedStmt);
	char	   *name = alias ? alias : table->name;

	statement->rtable = list_make1(make_entry(table, name));
	return deparse_expression(stringToNode(index->predicate),
							  deparse_context_for_plan_tree(statement, list_make1(name)),
							  alias != NULL, false);
}

/*
 * Returns the columns of the first range table entry (varno 1) that an
 * expression uses; 0 stands for the whole row and for system columns.
 */
Bitmapset *
expression_columns(Node *expression)
{
	Bitmapset  *shifted = NULL;
	Bitmapset  *columns = NULL;
	int			member = -1;

	pull_varattnos(expression, 1, &shifted);
	while ((member = bms_next_member(shifted, member)) >= 0)
		columns = bms_add_member(columns, Max(member + FirstLowInvalidHeapAttributeNumber, 0));
	return columns;
}

/*
 * Returns the columns of an index, with those that its expressions use.
 */
Bitmapset *
indexed_columns(const IndexFacts *index)
{
	Bitmapset  *columns = bms_copy(index->column_set);

	if (index->expressions != NULL)
		columns = bms_add_members(columns, expression_columns(stringToNode(index->expressions)));
	return bms_del_member(columns, 0);
}

/*
 * An expression tree walker: add the OIDs of the relations that a query, and its
 * subqueries, read to the list.
 */
static bool
add_read_relations(Node *node, List **relations)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		if (entry->rtekind == RTE_RELATION)
			*relations = list_append_unique_oid(*relations, entry->relid);
		return false;			/* its own parts are walked by the caller */
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, add_read_relations, relations,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, add_read_relations, relations);
}

/*
 * Returns the OIDs of the relations that a query, or the subqueries of an
 * expression, read.
 */
List *
relations_read(Node *expression)
{
	List	   *relations = NIL;

	(void) add_read_relations(expression, &relations);
	return relations;
}
