/*
 * rename.c
 *		A table's new name, and the names that go with it.
 *
 * The table is renamed first.  Then each constraint and each index that is
 * named after it follows (naming.c decides which are); those with a name of
 * the user's own keep it.  Inherited constraints, and those of partitions, are
 * named after other tables.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "junction.h"

/* A constraint, by what is needed to rename it */
typedef struct NamedConstraint
{
	char	   *name;
	char		type;			/* pg_constraint.contype */
	Oid			index;			/* its own, not a foreign key's; or InvalidOid */
	List	   *columns;		/* names of the columns that it is on */
} NamedConstraint;

/*
 * The names of the columns that a constraint is on, in its order; none for a
 * check of no column.
 */
static List *
constraint_columns(const TableFacts *table, HeapTuple tuple, TupleDesc desc)
{
	List	   *names = NIL;
	bool		isnull;
	Datum		datum = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &isnull);
	ArrayType  *array;

	if (isnull)
		return NIL;
	array = DatumGetArrayTypeP(datum);
	for (int i = 0; i < ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); i++)
	{
		ColumnFacts *column = find_column(table, ((int16 *) ARR_DATA_PTR(array))[i]);

		if (column != NULL)
			names = lappend(names, column->name);
	}
	return names;
}

/*
 * The constraints that are the table's own to rename, by name: not the
 * inherited ones, and not those that stand for a trigger.
 */
static List *
read_named_constraints(const TableFacts *table)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *constraints = NIL;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table->oid));
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
		NamedConstraint *constraint;

		if (con->coninhcount > 0 || OidIsValid(con->conparentid) ||
			con->contype == CONSTRAINT_TRIGGER)
			continue;
		constraint = palloc0(sizeof(NamedConstraint));
		constraint->name = pstrdup(NameStr(con->conname));
		constraint->type = con->contype;
		constraint->index = con->contype == CONSTRAINT_FOREIGN ? InvalidOid : con->conindid;
		constraint->columns = constraint_columns(table, tuple, RelationGetDescr(catalog));
		constraints = lappend(constraints, constraint);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return constraints;
}

/*
 * What a statement calls the table once it is renamed.
 */
char *
new_qualified_name(const TableFacts *table, const char *new_name)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(table->namespace), new_name);
}

/*
 * The lock of an ALTER TABLE on the renamed table, and on what is below it if
 * the command goes on there.
 */
char *
new_name_locks(const TableFacts *table, const char *new_name, bool recurses)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "ACCESS EXCLUSIVE on %s",
					 RelationIsVisible(table->oid) ?
					 quote_identifier(new_name) : new_qualified_name(table, new_name));
	if (recurses)
		append_locks_below(&buf, "ACCESS EXCLUSIVE", table->oid);
	return buf.data;
}

/*
 * ALTER TABLE public.memberships RENAME CONSTRAINT user_orgs_user_id_fkey
 *		TO memberships_user_id_fkey
 */
static void
build_constraint_names(StatementPlan *plan, const TableFacts *table, const char *new_name,
					   Oid except, List *constraints, NameSpace *names)
{
	foreach_ptr(NamedConstraint, constraint, constraints)
	{
		bool		recurses = constraint->type == CONSTRAINT_CHECK ||
			constraint->type == CONSTRAINT_NOTNULL;
		char	   *name;

		if (OidIsValid(constraint->index) && constraint->index == except)
			continue;
		name = choose_renamed(names, constraint->name, table->name, new_name,
							  constraint->columns);
		if (name != NULL)
			plan_add(plan, new_name_locks(table, new_name, recurses),
					 "ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
					 new_qualified_name(table, new_name), quote_identifier(constraint->name),
					 quote_identifier(name));
	}
}

static bool
has_constraint(List *constraints, Oid index)
{
	foreach_ptr(NamedConstraint, constraint, constraints)
		if (constraint->index == index)
			return true;
	return false;
}

/*
 * ALTER INDEX public.user_orgs_org_id_idx RENAME TO memberships_org_id_idx
 *
 * It locks the index, not the table.
 */
void
build_index_rename(StatementPlan *plan, const IndexFacts *index, const char *name)
{
	plan_add(plan, NULL, "ALTER INDEX %s RENAME TO %s",
			 qualified_name(index->oid), quote_identifier(name));
}

static void
build_index_names(StatementPlan *plan, const TableFacts *table, const char *new_name,
				  Oid except, List *constraints, NameSpace *names)
{
	foreach_ptr(IndexFacts, index, table->indexes)
	{
		char	   *name;

		if (index->oid == except || has_constraint(constraints, index->oid))
			continue;
		name = choose_renamed(names, index_name(index), table->name, new_name,
							  column_names(table, index->columns, index->nkeys));
		if (name != NULL)
			build_index_rename(plan, index, name);
	}
}

/*
 * ALTER TABLE public.user_orgs RENAME TO memberships, and what goes with it,
 * but for one index, which the caller names.
 */
void
build_rename(StatementPlan *plan, const TableFacts *table, const char *new_name,
			 Oid except, NameSpace *names)
{
	List	   *constraints = read_named_constraints(table);

	plan_add(plan, lock_on("ACCESS EXCLUSIVE", table->oid), "ALTER TABLE %s RENAME TO %s",
			 qualified_name(table->oid), quote_identifier(new_name));
	build_constraint_names(plan, table, new_name, except, constraints, names);
	build_index_names(plan, table, new_name, except, constraints, names);
}
