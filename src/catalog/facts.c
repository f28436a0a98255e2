/*
 * facts.c
 *		Functions of the facts of a table, as read.c has read them.
 *
 * Most look at the facts only, and return null or NIL if they find nothing.
 * Those that ask the syscache say so.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns the column of that number, or null: a system column or a dropped one
 * is not in the facts.
 */
ColumnFacts *
find_column(const TableFacts *table, AttrNumber attnum)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (column->attnum == attnum)
			return column;
	return NULL;
}

/* Returns the column of that name, or null. */
ColumnFacts *
find_column_by_name(const TableFacts *table, const char *name)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (strcmp(column->name, name) == 0)
			return column;
	return NULL;
}

/* Returns the index of that OID, or null. */
IndexFacts *
find_index(const TableFacts *table, Oid oid)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index->oid == oid)
			return index;
	return NULL;
}

/*
 * Returns the foreign key with this OID, or null if the table has none.
 */
ForeignKeyFacts *
find_foreign_key(const TableFacts *table, Oid oid)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (key->oid == oid)
			return key;
	return NULL;
}

/*
 * Returns the number of columns of a foreign key with its period, which follows
 * the others in columns and parent_columns.
 */
int
key_width(const ForeignKeyFacts *key)
{
	return key->nkeys + (key->period != 0);
}

/* Returns the columns of a foreign key as a set, without a period. */
Bitmapset *
key_columns(const ForeignKeyFacts *key)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < key->nkeys; i++)
		columns = bms_add_member(columns, key->columns[i]);
	return columns;
}

/* Returns the index of the primary key, or null. */
IndexFacts *
find_primary_key(const TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index->primary)
			return index;
	return NULL;
}

/*
 * Returns the names of columns given by number, in this order.  The number 0,
 * which stands for an expression, is left out.
 */
List *
column_names(const TableFacts *table, const AttrNumber *columns, int count)
{
	List	   *names = NIL;

	for (int i = 0; i < count; i++)
		if (columns[i] > 0)
			names = lappend(names, find_column(table, columns[i])->name);
	return names;
}

/* Returns the names of a list of ColumnFacts. */
List *
names_of(List *columns)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, columns)
		names = lappend(names, column->name);
	return names;
}

/*
 * Returns the names of those columns of the set for which a test is true, in the
 * order of the table.
 */
static List *
names_where(const TableFacts *table, const Bitmapset *columns, bool (*test) (const ColumnFacts *column))
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, table->columns)
		if (bms_is_member(column->attnum, columns) && test(column))
			names = lappend(names, column->name);
	return names;
}

/* Is the column's NOT NULL NOT VALID? */
static bool
is_unproven(const ColumnFacts *column)
{
	return column->unproven;
}

/* Is the column's NOT NULL NO INHERIT? */
static bool
is_uninherited(const ColumnFacts *column)
{
	return column->uninherited;
}

/* Can the column be null, in some row at least? */
static bool
is_nullable(const ColumnFacts *column)
{
	return !column->notnull || column->unproven;
}

/*
 * Returns the names of those columns of the set whose NOT NULL is NOT VALID.
 * PostgreSQL makes no primary key over them.
 */
List *
unproven_columns(const TableFacts *table, const Bitmapset *columns)
{
	return names_where(table, columns, is_unproven);
}

/*
 * Returns the names of those columns of the set whose NOT NULL is NO INHERIT.
 * PostgreSQL makes no primary key over them either.
 */
List *
uninherited_columns(const TableFacts *table, const Bitmapset *columns)
{
	return names_where(table, columns, is_uninherited);
}

/*
 * Returns the names of those columns of the set that are not NOT NULL, or not in
 * all rows, in the order of the table.
 */
List *
nullable_columns(const TableFacts *table, const Bitmapset *columns)
{
	return names_where(table, columns, is_nullable);
}

/*
 * Can ON CONFLICT ON CONSTRAINT name this key?  It needs a constraint that is
 * not deferrable.  Asks the catalogs for the constraint.
 */
bool
is_conflict_target(const IndexFacts *key)
{
	return OidIsValid(get_index_constraint(key->oid)) && !key->deferrable;
}

/*
 * Does the index now enforce that its columns are unique, perhaps for the rows
 * of a predicate only?  An index that is being built, or that a failed build
 * left behind, does not; one with an expression does not count, nor a temporal
 * key, which is_temporal_key() knows.
 */
bool
is_key(const IndexFacts *index)
{
	return index->unique && index->usable && index->expressions == NULL && !index->exclusion;
}

/*
 * As is_key(), but false for a partial index.
 */
bool
is_whole_key(const IndexFacts *index)
{
	return is_key(index) && index->predicate == NULL;
}

/*
 * Returns the columns that an exclusion constraint compares in this way; null
 * for any other index.  An expression is 0.
 */
Bitmapset *
compared_columns(const IndexFacts *index, Comparison comparison)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; index->comparisons != NULL && i < index->nkeys; i++)
		if (index->comparisons[i] == comparison)
			columns = bms_add_member(columns, Max(index->columns[i], 0));
	return columns;
}

/*
 * Is this the index of a temporal key: a key WITHOUT OVERLAPS, or an EXCLUDE
 * constraint that refuses two rows which are equal in some columns and whose
 * periods, one column or expression, overlap?
 *
 *	EXCLUDE USING gist (user_id WITH =, org_id WITH =, tstzrange(start_at, end_at) WITH &&)
 */
bool
is_temporal_key(const IndexFacts *index)
{
	int			periods = 0;

	if (index->comparisons == NULL || !index->usable)
		return false;
	for (int i = 0; i < index->nkeys; i++)
	{
		if (index->comparisons[i] == EXCLUDE_OVERLAP)
			periods++;
		else if (index->comparisons[i] != EXCLUDE_EQUAL || index->columns[i] == 0)
			return false;
	}
	return periods == 1 && index->nkeys > 1;
}

/*
 * Does an index enforce, for every row, that these columns or a part of them
 * are unique?
 */
bool
is_unique(const TableFacts *table, const Bitmapset *columns)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (is_whole_key(index) && bms_is_subset(index->column_set, columns))
			return true;
	return false;
}

/*
 * Returns the name of an index, from the syscache; its OID if it has been
 * dropped.
 */
char *
index_name(const IndexFacts *index)
{
	char	   *name = get_rel_name(index->oid);

	return name ? name : psprintf("%u", index->oid);
}

/*
 * Returns "schema.name", quoted, with the schema of the table.  name: the
 * table's new name, or the name of an index of it.
 */
char *
qualified_beside(const TableFacts *table, const char *name)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(table->namespace), name);
}

/*
 * Returns the type, as SQL, for a column that is to hold the same values.  The
 * collation is named if it is not the type's own: "text COLLATE s.c"
 */
char *
column_type(const ColumnFacts *column)
{
	char	   *type = type_text(column->type, column->typmod);

	if (!OidIsValid(column->collation) || column->collation == get_typcollation(column->type))
		return type;
	return psprintf("%s COLLATE %s", type, collation_text(column->collation));
}

/*
 * Is an operator the one that its name means between values of two types?  Asks
 * the syscache.
 */
static bool
is_found_by_types(Oid operator, Oid left, Oid right)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	Operator	found;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	found = oper(NULL, list_make2(makeString(get_namespace_name(form->oprnamespace)),
								  makeString(pstrdup(NameStr(form->oprname)))), left, right, true, -1);
	result = found != NULL && oprid(found) == operator;
	if (found != NULL)
		ReleaseSysCache(found);
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Returns a value of a foreign key's column, as SQL, so that it is compared with the
 * parent's column as the foreign key does it.
 *
 * It is cast to the type that the key's operator takes if SQL would find another
 * operator for the two types: between text and character(5), in which blanks at the
 * end count.  It has the parent's collation if that one decides what is equal, being
 * nondeterministic, or if there would be two to choose from.  Asks the syscache.
 */
char *
as_referenced(const char *value, const ColumnFacts *column, Oid parent_type, Oid parent_collation,
			  Oid operator)
{
	char	   *result = pstrdup(value);
	Oid			left;
	Oid			right;

	op_input_types(operator, &left, &right);
	if (getBaseType(column->type) != right && !is_found_by_types(operator, parent_type, column->type))
		result = psprintf("CAST(%s AS %s)", value, type_text(right, -1));
	if (OidIsValid(column->collation) && OidIsValid(parent_collation) && column->collation != parent_collation &&
		(!get_collation_isdeterministic(parent_collation) ||
		 (column->collation != DEFAULT_COLLATION_OID && parent_collation != DEFAULT_COLLATION_OID)))
		result = psprintf("(%s COLLATE %s)", result, collation_text(parent_collation));
	return result;
}

/*
 * Returns the qualified name of a table from its facts, for the fix of a
 * finding: "public.invoice_tags".  The table need not be locked, so the
 * catalogs may already have another name for it.
 */
const char *
table_name(const TableFacts *table)
{
	return qualified_beside(table, table->name);
}

/*
 * The publications FOR ALL TABLES that a table is in: since 19, one may leave it
 * out.
 */
List *
find_all_tables_publications(Oid relid)
{
	return list_difference_oid(GetAllTablesPublications(), GetRelationExcludedPublications(relid));
}

/*
 * Does a column get a value where none is given: by a default of its own, or by
 * that of its type?  A domain's default is an expression, a base type's a text.
 */
bool
has_default(const ColumnFacts *column)
{
	HeapTuple	tuple;
	bool		no_expression;
	bool		no_text;

	if (column->has_default)
		return true;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(column->type));
	if (!HeapTupleIsValid(tuple))
		return false;
	(void) SysCacheGetAttr(TYPEOID, tuple, Anum_pg_type_typdefaultbin, &no_expression);
	(void) SysCacheGetAttr(TYPEOID, tuple, Anum_pg_type_typdefault, &no_text);
	ReleaseSysCache(tuple);
	return !no_expression || !no_text;
}
