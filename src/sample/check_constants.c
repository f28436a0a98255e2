/*
 * check_constants.c
 *		What the checks of a table say of the values of a column.
 *
 * A check is not solved; but the constants that it compares with are good
 * guesses: status IN ('open', 'closed'), price > 0, length(code) = 3.  And an
 * error that names the check says by that which columns are to be tried with
 * another value.
 *
 * Nothing of a check is run here.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "sample/sample.h"

static void
add_hint(List **hints, Oid type, Datum value)
{
	Hint	   *hint = palloc(sizeof(Hint));
	Oid			output;
	bool		is_varlena;
	bool		preferred;

	hint->type = type;
	getTypeOutputInfo(type, &output, &is_varlena);
	hint->text = OidOutputFunctionCall(output, value);
	get_type_category_preferred(type, &hint->category, &preferred);
	if (hint->category == TYPCATEGORY_UNKNOWN)
		hint->category = TYPCATEGORY_STRING;
	*hints = lappend(*hints, hint);
}

static void
add_element_hints(List **hints, Oid element, ArrayType *array)
{
	int16		length;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	get_typlenbyvalalign(element, &length, &byval, &align);
	deconstruct_array(array, element, length, byval, align, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			add_hint(hints, element, values[i]);
}

static bool
collect_constants(Node *node, List **hints)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const))
	{
		Const	   *constant = (Const *) node;
		Oid			element = get_element_type(constant->consttype);

		if (constant->constisnull)
			return false;
		if (OidIsValid(element))
			add_element_hints(hints, element, DatumGetArrayTypeP(constant->constvalue));
		else
			add_hint(hints, constant->consttype, constant->constvalue);
		return false;
	}
	return expression_tree_walker(node, collect_constants, (void *) hints);
}

/*
 * The constants with which the checks of a table, and those of the column's
 * domain, compare a column.
 */
List *
column_hints(Relation rel, const ColumnFacts *column)
{
	TupleConstr *constraints = RelationGetDescr(rel)->constr;
	List	   *hints = NIL;

	for (int i = 0; constraints != NULL && i < constraints->num_check; i++)
	{
		Node	   *check = stringToNode(constraints->check[i].ccbin);

		if (bms_is_member(column->attnum, expression_columns(check)))
			collect_constants(check, &hints);
	}
	if (get_typtype(column->type) == TYPTYPE_DOMAIN)
	{
		/* the memory context holds on to it, too */
		DomainConstraintRef *domain = palloc(sizeof(DomainConstraintRef));

		InitDomainConstraintRef(column->type, domain, CurrentMemoryContext, false);
		foreach_ptr(DomainConstraintState, constraint, domain->constraints)
			if (constraint->constrainttype == DOM_CONSTRAINT_CHECK)
				collect_constants((Node *) constraint->check_expr, &hints);
	}
	return hints;
}
