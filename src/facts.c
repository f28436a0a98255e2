/*
 * facts.c
 *		Questions to the facts of a table, as catalog.c has read them.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "junction.h"

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
 * The key columns of an index as a set.  An expression stands as 0.
 */
Bitmapset *
index_columns(const IndexFacts *index)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < index->nkeys; i++)
		columns = bms_add_member(columns, Max(index->columns[i], 0));
	return columns;
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
