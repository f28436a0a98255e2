/*
 * parent_lookup.c
 *		Finds the table that a column means by its name.
 *
 * Tables whose primary key has one column are listed under two names: that of
 * a column that references the table by convention, tag_id for tags; and the
 * noun of the table with a dot before it, .tag, so that the two are not mixed
 * up.  The list is made at the first look-up, as most reports do none.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/hsearch.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* An entry of the hash table: the tables that are listed under one name */
typedef struct LinkEntry
{
	char		name[NAMEDATALEN];	/* hash key */
	List	   *tables;			/* TableFacts */
} LinkEntry;

/*
 * Returns the column of a table's primary key, or null if it has not just one.
 */
static ColumnFacts *
key_column(const TableFacts *table)
{
	IndexFacts *primary = find_primary_key(table);

	if (primary == NULL || primary->nkeys != 1)
		return NULL;
	return find_column(table, primary->columns[0]);
}

/*
 * List a table under a name.  A name of more than 63 bytes is not listed: no
 * column can have it.
 */
static void
enter(Database *database, const char *name, TableFacts *table)
{
	LinkEntry  *entry;
	bool		found;

	if (strlen(name) >= NAMEDATALEN)
		return;
	entry = hash_search(database->by_link, name, HASH_ENTER, &found);
	entry->tables = found ? lappend(entry->tables, table) : list_make1(table);
}

/*
 * Make the list.  It lives as long as the facts of the database.
 */
static void
make_directory(Database *database)
{
	MemoryContext outer = MemoryContextSwitchTo(database->context);
	HASHCTL		ctl;

	ctl.keysize = NAMEDATALEN;
	ctl.entrysize = sizeof(LinkEntry);
	ctl.hcxt = CurrentMemoryContext;
	/* 1024 to begin with: the names of a large schema; it grows */
	database->by_link = hash_create("junction links", 1024, &ctl,
									HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	foreach_ptr(TableFacts, table, database->tables)
	{
		ColumnFacts *column = key_column(table);

		if (column == NULL)
			continue;
		enter(database, endpoint_column_name(table->name, column->name, true), table);
		enter(database, psprintf(".%s", table_noun(table->name)), table);
	}
	MemoryContextSwitchTo(outer);
}

/*
 * Can a foreign key of a table reference the primary key of another?  Not if
 * that key is deferrable, or its rows can be gone while the links are still
 * there: those of an unlogged table, and of a temporary one.
 */
static bool
can_reference(const TableFacts *table, const TableFacts *parent)
{
	if (find_primary_key(parent)->deferrable)
		return false;
	if (table->persistence == RELPERSISTENCE_UNLOGGED)
		return parent->persistence != RELPERSISTENCE_TEMP;
	return parent->persistence == table->persistence;
}

/*
 * Returns the one table, other than the given one, that is listed under the
 * name, whose primary key is of the type and which a foreign key can reference;
 * null if there is none, or more than one.
 */
static TableFacts *
find_parent(Database *database, const TableFacts *table, const char *name, Oid type)
{
	LinkEntry  *entry;
	TableFacts *parent = NULL;

	if (strlen(name) >= NAMEDATALEN)
		return NULL;
	if (database->by_link == NULL)
		make_directory(database);
	entry = hash_search(database->by_link, name, HASH_FIND, NULL);
	foreach_ptr(TableFacts, candidate, entry ? entry->tables : NIL)
	{
		if (candidate == table || key_column(candidate)->type != type ||
			!can_reference(table, candidate))
			continue;
		if (parent != NULL)
			return NULL;
		parent = candidate;
	}
	return parent;
}

/*
 * Returns the one table that a column of this name and type references by
 * convention; null if there is none, or more than one.  table: the table of
 * the column, which is not considered.
 */
TableFacts *
find_parent_by_link(Database *database, const TableFacts *table, const char *column, Oid type)
{
	return find_parent(database, table, column, type);
}

/*
 * As find_parent_by_link(), for the one table with this noun.
 */
TableFacts *
find_parent_by_noun(Database *database, const TableFacts *table, const char *noun, Oid type)
{
	return find_parent(database, table, psprintf(".%s", noun), type);
}
