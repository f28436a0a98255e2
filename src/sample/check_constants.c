/*
 * check_constants.c
 *		Reads the constants in the check constraints of a column.
 *
 * A check is not solved.  The constants that it compares with are good guesses
 * for values that pass it: status IN ('open', 'closed'), price > 0,
 * length(code) = 3.  No check is run here.
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

/* Add a value to the hints, as text with its type and type category. */
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

/* Add the elements of an array to the hints, without nulls. */
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

/*
 * Tree walker: add the constants of an expression to the hints, without nulls.
 */
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
 * Returns the constants (List of Hint) in the table's checks that use the
 * column, and in the checks of its domain.  The caller has opened and locked
 * the table.
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
		/* palloc'd, for a callback of the memory context keeps a pointer to it */
		DomainConstraintRef *domain = palloc(sizeof(DomainConstraintRef));

		InitDomainConstraintRef(column->type, domain, CurrentMemoryContext, false);
		foreach_ptr(DomainConstraintState, constraint, domain->constraints)
			if (constraint->constrainttype == DOM_CONSTRAINT_CHECK)
				collect_constants((Node *) constraint->check_expr, &hints);
	}
	return hints;
}
