/*
 * parent_lookup.c
 *		Which table does a column mean by its name?
 *
 * Every table whose primary key is one column is listed under the name that a
 * column has that refers to it by convention, tags under tag_id; and, with a
 * dot before it so that the two are not mixed up, under what a row of it is
 * called, .tag.  The list is made when it is first asked for; most reports
 * never do.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

typedef struct LinkEntry
{
	char		name[NAMEDATALEN];	/* hash key */
	List	   *tables;			/* TableFacts */
} LinkEntry;

static ColumnFacts *
key_column(const TableFacts *table)
{
	IndexFacts *primary = find_primary_key(table);

	if (primary == NULL || primary->nkeys != 1)
		return NULL;
	return find_column(table, primary->columns[0]);
}

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
 * Make the list, to last as long as the database's facts.
 */
static void
make_directory(Database *database)
{
	MemoryContext outer = MemoryContextSwitchTo(database->context);
	HASHCTL		ctl;

	ctl.keysize = NAMEDATALEN;
	ctl.entrysize = sizeof(LinkEntry);
	ctl.hcxt = CurrentMemoryContext;
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
		if (candidate == table || key_column(candidate)->type != type)
			continue;
		if (parent != NULL)
			return NULL;
		parent = candidate;
	}
	return parent;
}

/*
 * The one table that a column of this name and type refers to by convention;
 * null if there is none, or more than one.  table: where the column stands.
 */
TableFacts *
find_parent_by_link(Database *database, const TableFacts *table, const char *column, Oid type)
{
	return find_parent(database, table, column, type);
}

/*
 * The one table of which a row is called that, and has a key of this type.
 */
TableFacts *
find_parent_by_noun(Database *database, const TableFacts *table, const char *noun, Oid type)
{
	return find_parent(database, table, psprintf(".%s", noun), type);
}
