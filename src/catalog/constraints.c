/*
 * constraints.c
 *		Reads the constraints of one table, of every kind.
 *
 * read.c reads only the foreign keys, for it reads all tables at once and the
 * classifier needs no other constraint.  A verb that changes a table needs all
 * of its constraints, and reads them here.  It has locked the table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_constraint.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Set the columns of a constraint, in the order of pg_constraint.conkey.  A
 * check can have none.  System columns and whole-row references are left out.
 */
static void
read_key_columns(ConstraintFacts *constraint, HeapTuple tuple, TupleDesc desc)
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

/* Returns a constraint, copied out of its pg_constraint row. */
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
	constraint->enforced = CONSTRAINT_IS_ENFORCED(form);
	constraint->validated = form->convalidated;
	constraint->uninherited = form->connoinherit;
	if (!isnull)
		constraint->expression = TextDatumGetCString(expression);
	read_key_columns(constraint, tuple, desc);
	return constraint;
}

/*
 * Returns the constraints of a table (List of ConstraintFacts), ordered by
 * name, as they are now.
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

/* Returns the NOT NULL constraint (18) of a column, or null. */
const ConstraintFacts *
find_not_null(Oid relid, AttrNumber attnum)
{
	foreach_ptr(ConstraintFacts, constraint, read_constraints(relid))
		if (constraint->type == CONSTRAINT_NOTNULL && bms_is_member(attnum, constraint->column_set))
			return constraint;
	return NULL;
}

/* Returns " DEFERRABLE INITIALLY DEFERRED", or what of it the key's constraint is */
const char *
key_deferral(const IndexFacts *key)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(get_index_constraint(key->oid)));
	Form_pg_constraint con;
	const char *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for the constraint of index %u", key->oid);
	con = (Form_pg_constraint) GETSTRUCT(tuple);
	result = con->condeferred ? " DEFERRABLE INITIALLY DEFERRED" : con->condeferrable ? " DEFERRABLE" : "";
	ReleaseSysCache(tuple);
	return result;
}
