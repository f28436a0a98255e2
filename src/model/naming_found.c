/*
 * naming_found.c
 *		Finds the convention by which the constraints and indexes of tables are
 *		named: junction.naming = auto.
 *
 * Each name is compared with what each convention would give, and the convention
 * that gives the most of them is taken; of several, the first of the setting's
 * list, so PostgreSQL's where only primary keys are there, which most
 * conventions name alike.  A table that exists is asked itself; for a new one,
 * all tables in the schemas of its parents are.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* How many names each convention gives, of those that were looked at */
typedef struct NameCounts
{
	int			names;
	int			given[NAMINGS];
} NameCounts;

/* Count a name for the conventions that give it. */
static void
weigh_name(NameCounts *counts, const char *name, NameKind kind, const TableFacts *table,
		   List *columns, const char *parent, List *parent_columns)
{
	counts->names++;
	for (int naming = 0; naming < NAMINGS; naming++)
		if (is_in_convention(naming, name, kind, table->name, columns, parent, parent_columns))
			counts->given[naming]++;
}

/* What the name of an index is for */
static NameKind
index_kind(const IndexFacts *index)
{
	if (index->primary)
		return index->nkeys == 1 ? NAME_PRIMARY_KEY : NAME_COMPOSITE_PRIMARY_KEY;
	if (!index->unique)
		return NAME_INDEX;
	return OidIsValid(get_index_constraint(index->oid)) ? NAME_UNIQUE : NAME_UNIQUE_INDEX;
}

/* Returns the names of the columns that a foreign key references. */
static List *
referenced_names(const ForeignKeyFacts *key)
{
	List	   *names = NIL;

	for (int i = 0; i < key->nkeys; i++)
	{
		char	   *name = get_attname(key->parent, key->parent_columns[i], true);

		/* null if the parent is gone by now */
		if (name != NULL)
			names = lappend(names, name);
	}
	return names;
}

/* Count the names of a table's keys, foreign keys and indexes. */
static void
count_names(NameCounts *counts, const TableFacts *table)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		weigh_name(counts, key->name, NAME_FOREIGN_KEY, table,
				   column_names(table, key->columns, key->nkeys),
				   key->parent_name, referenced_names(key));
	foreach_ptr(IndexFacts, index, table->indexes)
	{
		char	   *name = get_rel_name(index->oid);

		if (name != NULL && !index->exclusion && index->expressions == NULL)
			weigh_name(counts, name, index_kind(index), table,
					   column_names(table, index->columns, index->nkeys), NULL, NIL);
	}
}

/* Returns the convention that gives the most names, the first of several. */
static Naming
most_given(const NameCounts *counts)
{
	Naming		best = NAMING_POSTGRES;

	for (int naming = 0; naming < NAMINGS; naming++)
		if (counts->given[naming] > counts->given[best])
			best = naming;
	return best;
}

/* Tell by a NOTICE which convention is taken, and why. */
static void
tell(const NameCounts *counts, const char *where)
{
	Naming		naming = most_given(counts);

	ereport(NOTICE,
			(errmsg("junction.naming is auto: names are given as with %s", naming_name(naming)),
			 errdetail("So named are %d of %d keys, foreign keys and indexes of %s.",
					   counts->given[naming], counts->names, where)));
}

/*
 * Returns the convention for names of a table that exists.
 */
Naming
naming_for_table(const TableFacts *table)
{
	NameCounts	counts = {0};

	if (naming_set() != NAMING_AUTO)
		return naming_set();
	count_names(&counts, table);
	return most_given(&counts);
}

/*
 * Tell by a NOTICE which convention auto takes for a table.  A verb calls it
 * once; the functions that choose are called again for each plan.
 */
void
tell_naming(const TableFacts *table)
{
	NameCounts	counts = {0};

	if (naming_set() != NAMING_AUTO)
		return;
	count_names(&counts, table);
	tell(&counts, quote_identifier(table->name));
}

/*
 * Count the names of all tables in the schemas of two parents.
 */
static void
count_beside(NameCounts *counts, const TableFacts *left, const TableFacts *right)
{
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	Database   *database = read_database(snapshot);

	read_extension_members(database, snapshot);
	mark_shards(database, snapshot);
	UnregisterSnapshot(snapshot);
	foreach_ptr(TableFacts, table, database->tables)
		if (!table->partition && !table->extension_member && !table->shard &&
			(table->namespace == left->namespace || table->namespace == right->namespace))
			count_names(counts, table);
}

/*
 * Returns the convention for names of a new table: that of the tables in the
 * schemas of its parents.
 */
Naming
naming_for_parents(const TableFacts *left, const TableFacts *right)
{
	NameCounts	counts = {0};

	if (naming_set() != NAMING_AUTO)
		return naming_set();
	count_beside(&counts, left, right);
	return most_given(&counts);
}

/*
 * As tell_naming(), for a new table.
 */
void
tell_naming_for_parents(const TableFacts *left, const TableFacts *right)
{
	NameCounts	counts = {0};

	if (naming_set() != NAMING_AUTO)
		return;
	count_beside(&counts, left, right);
	tell(&counts, left->namespace == right->namespace ? "the parents' schema" : "the parents' schemas");
}
