/*
 * constraints.c
 *		The constraints of one table, of every kind.
 *
 * What decides of what kind a table is, read.c reads of all tables at once, and
 * of constraints that is the foreign keys alone.  A verb that changes a table
 * has to know all of its constraints, and reads them here.  It has locked the
 * table.
 */
#include "postgres.h"

#include "catalog/pg_constraint.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * The columns that a constraint is on, in its order; none for a check of no
 * column.  One of a system column, or of the whole row, is left out.
 */
static void
read_columns(ConstraintFacts *constraint, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &isnull);
	ArrayType  *array;
	int			count;

	if (isnull)
		return;
	array = DatumGetArrayTypeP(datum);
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	constraint->columns = palloc(count * sizeof(AttrNumber));
	for (int i = 0; i < count; i++)
	{
		AttrNumber	column = ((AttrNumber *) ARR_DATA_PTR(array))[i];

		if (column <= 0)
			continue;
		constraint->columns[constraint->nkeys++] = column;
		constraint->column_set = bms_add_member(constraint->column_set, column);
	}
}

static ConstraintFacts *
constraint_from_row(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	ConstraintFacts *constraint = palloc0(sizeof(ConstraintFacts));
	bool		isnull;
	Datum		expression = heap_getattr(tuple, Anum_pg_constraint_conbin, desc, &isnull);

	constraint->oid = form->oid;
	constraint->name = pstrdup(NameStr(form->conname));
	constraint->type = form->contype;
	constraint->index = form->contype == CONSTRAINT_FOREIGN ? InvalidOid : form->conindid;
	constraint->inherited = form->coninhcount > 0 || OidIsValid(form->conparentid);
	constraint->validated = form->convalidated;
	if (!isnull)
		constraint->expression = TextDatumGetCString(expression);
	read_columns(constraint, tuple, desc);
	return constraint;
}

/*
 * The constraints of a table, by name: a list of ConstraintFacts.
 */
List *
read_constraints(Oid relid)
{
	CatalogScan scan;
	HeapTuple	tuple;
	List	   *constraints = NIL;

	scan_catalog_for(&scan, ConstraintRelationId, ConstraintRelidTypidNameIndexId,
					 Anum_pg_constraint_conrelid, relid, NULL);
	while ((tuple = next_row(&scan)) != NULL)
		constraints = lappend(constraints,
							  constraint_from_row(tuple, RelationGetDescr(scan.catalog)));
	end_scan(&scan);
	return constraints;
}
