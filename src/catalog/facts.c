/*
 * facts.c
 *		Questions to the facts of a table, as read.c has read them.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_publication.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * The column of that number or name, or null.
 */
ColumnFacts *
find_column(const TableFacts *table, AttrNumber attnum)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (column->attnum == attnum)
			return column;
	return NULL;
}

ColumnFacts *
find_column_by_name(const TableFacts *table, const char *name)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (strcmp(column->name, name) == 0)
			return column;
	return NULL;
}

/*
 * The index of that OID, or null.
 */
IndexFacts *
find_index(const TableFacts *table, Oid oid)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index->oid == oid)
			return index;
	return NULL;
}

/*
 * The columns of a foreign key as a set.
 */
Bitmapset *
key_columns(const ForeignKeyFacts *key)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < key->nkeys; i++)
		columns = bms_add_member(columns, key->columns[i]);
	return columns;
}

/*
 * The index of the primary key, or null.
 */
IndexFacts *
find_primary_key(const TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index->primary)
			return index;
	return NULL;
}

/*
 * The names of numbered columns, in that order; an expression has none.
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

/*
 * The names of a list of ColumnFacts.
 */
List *
names_of(List *columns)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, columns)
		names = lappend(names, column->name);
	return names;
}

/*
 * The names of those columns of a set that can be null.
 */
List *
nullable_columns(const TableFacts *table, const Bitmapset *columns)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, table->columns)
		if (bms_is_member(column->attnum, columns) && !column->notnull)
			names = lappend(names, column->name);
	return names;
}

/*
 * Can the pair's key be a conflict target by its name?  It can if it is a
 * constraint's, and not deferrable.
 */
bool
is_conflict_target(const IndexFacts *key)
{
	return OidIsValid(get_index_constraint(key->oid)) && !key->deferrable;
}

/*
 * Does the index hold its columns to be unique now?  What is being built, or
 * was left by a failed build, does not.
 */
bool
is_key(const IndexFacts *index)
{
	return index->unique && index->usable && index->expressions == NULL;
}

/*
 * And for every row?
 */
bool
is_whole_key(const IndexFacts *index)
{
	return is_key(index) && index->predicate == NULL;
}

/*
 * Are these columns unique by themselves, for every row?
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
 * The name of an index; its number, if it is gone.
 */
char *
index_name(const IndexFacts *index)
{
	char	   *name = get_rel_name(index->oid);

	return name ? name : psprintf("%u", index->oid);
}

/*
 * "schema.name" for what stands, or is to stand, beside a table: the table
 * itself by a new name, an index of it.
 */
char *
qualified_beside(const TableFacts *table, const char *name)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(table->namespace), name);
}

/*
 * The type of a column that is to hold the same values: "text COLLATE s.c"
 */
char *
column_type(const ColumnFacts *column)
{
	char	   *type = type_text(column->type, column->typmod);
	HeapTuple	tuple;
	Form_pg_collation collation;
	char	   *result;

	if (!OidIsValid(column->collation) || column->collation == get_typcollation(column->type))
		return type;

	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(column->collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", column->collation);
	collation = (Form_pg_collation) GETSTRUCT(tuple);
	result = psprintf("%s COLLATE %s", type,
					  quote_qualified_identifier(get_namespace_name(collation->collnamespace),
												 NameStr(collation->collname)));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * "public.invoice_tags", for a fix.  The table is not locked, so its facts are
 * asked, not the catalogs.
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
