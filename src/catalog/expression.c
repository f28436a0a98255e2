/*
 * expression.c
 *		Partial indexes: which lookups may use one, and its predicate as SQL.
 *
 * A foreign key finds the rows of a parent by "column = $1".  A partial index
 * can serve it if its predicate follows from that: WHERE tag_id IS NOT NULL
 * does, WHERE deleted_at IS NULL does not.  The planner's own prover answers.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * The clause by which a foreign key looks its rows up, a list of
 * "column operator $n", as the planner would see it.
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
 * Which foreign keys' lookups may use this partial index?
 */
Bitmapset *
keys_implying(const TableFacts *table, const IndexFacts *index)
{
	Bitmapset  *keys = NULL;
	Node	   *node = stringToNode(index->predicate);
	List	   *predicate;
	ListCell   *cell;

	/*
	 * As RelationGetIndexPredicate() has it, but for eval_const_expressions():
	 * that would run functions that the table's owner chose, with the rights
	 * of whoever asks for the report.  Of what that would have simplified, only
	 * NOT matters to the prover.
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
 * A table as a query's range table has it, with the names of its columns as the
 * facts have them; what is dropped, or not there, has its number.
 */
static RangeTblEntry *
make_entry(const TableFacts *table)
{
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	AttrNumber	last = 0;

	/* ruleutils.c opens no table for this kind of entry */
	entry->rtekind = RTE_NAMEDTUPLESTORE;
	entry->eref = makeAlias(table->name, NIL);
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		while (++last < column->attnum)
			entry->eref->colnames = lappend(entry->eref->colnames, makeString(psprintf("%d", last)));
		entry->eref->colnames = lappend(entry->eref->colnames, makeString(column->name));
	}
	return entry;
}

/*
 * A partial index's predicate as SQL.  pg_get_expr() would open the table, and
 * so wait for who holds a lock on it, and find another table than was read.
 */
char *
predicate_text(const TableFacts *table, const IndexFacts *index)
{
	PlannedStmt *statement = makeNode(PlannedStmt);

	statement->rtable = list_make1(make_entry(table));
	return deparse_expression(stringToNode(index->predicate),
							  deparse_context_for_plan_tree(statement, list_make1(table->name)),
							  false, false);
}

/*
 * The columns of a table that an expression is about.
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
 * The columns of an index, also those inside of its expressions.
 */
Bitmapset *
indexed_columns(const IndexFacts *index)
{
	Bitmapset  *columns = bms_copy(index->column_set);

	if (index->expressions != NULL)
		columns = bms_add_members(columns, expression_columns(stringToNode(index->expressions)));
	return bms_del_member(columns, 0);
}
