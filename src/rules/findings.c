/*
 * findings.c
 *		The findings of all rules, of one table or of every table.
 *
 * The catalogs are read once, in one snapshot, and no table is locked.  The
 * rules are applied to one table after the other, in a memory context that is
 * reset in between.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Every table of the database, as a snapshot of the catalogs has them; for the
 * rules, with what they ask for beside.
 */
static Database *
read_everything(Snapshot snapshot, bool for_rules)
{
	Database   *database = read_database(snapshot);

	read_extension_members(database, snapshot);
	mark_shards(database, snapshot);
	if (for_rules)
		read_surroundings(database, snapshot);
	return database;
}

/*
 * The same, as they are now.
 */
Database *
read_all_tables(bool for_rules)
{
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	Database   *database = read_everything(snapshot, for_rules);

	UnregisterSnapshot(snapshot);
	return database;
}

/*
 * What these rules ask for of these tables, as a snapshot has them: the tables
 * alone, if the rules look no further.
 */
Database *
read_for_rules(List *tables, RuleSet rules, Snapshot snapshot)
{
	Database   *database;

	if (!are_local_rules(rules))
		return read_everything(snapshot, true);
	database = read_tables(tables, snapshot);
	read_own_surroundings(database, snapshot);
	return database;
}

/*
 * Is a table left out where the whole database is looked at?  What an extension
 * brought is the extension's to shape, and a shard is a part of a table that is
 * looked at.
 */
bool
is_left_out_of_report(const TableFacts *table)
{
	return table->extension_member || table->shard;
}

/*
 * Give what these rules find in the whole database, but for what is left out, to
 * the sink; or of one table, whatever it is, 42P01 if it has gone.  What is made of
 * a table is gone when the next is looked at.  concurrently: whether the fixes
 * are to run by themselves, so that they can build indexes concurrently.
 */
void
find_findings(Oid only, RuleSet rules, bool concurrently, FindingSink sink, void *state)
{
	Database   *database = read_all_tables(true);
	NameSpace	names = {.taken = make_taken_names()};
	MemoryContext per_table = AllocSetContextCreate(CurrentMemoryContext, "junction rules",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_table);

	if (OidIsValid(only) && find_table(database, only) == NULL)
		raise_gone(only, NULL);
	foreach_ptr(TableFacts, table, database->tables)
	{
		if (OidIsValid(only) ? table->oid != only : is_left_out_of_report(table))
			continue;
		names.namespace = table->namespace;
		foreach_ptr(Finding, finding,
					apply_rules(rules, classify(table), database, &names, concurrently))
			sink(finding, state);
		MemoryContextReset(per_table);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_table);
}

/* A list of findings in the making */
typedef struct Collection
{
	MemoryContext context;
	List	   *findings;
} Collection;

static void
collect_finding(Finding *finding, void *state)
{
	Collection *collection = state;
	MemoryContext caller = MemoryContextSwitchTo(collection->context);
	Finding    *copy = palloc(sizeof(Finding));

	*copy = *finding;
	copy->columns = NIL;
	foreach_ptr(char, column, finding->columns)
		copy->columns = lappend(copy->columns, pstrdup(column));
	copy->message = pstrdup(finding->message);
	copy->detail = finding->detail ? pstrdup(finding->detail) : NULL;
	copy->fix = finding->fix ? pstrdup(finding->fix) : NULL;
	copy->rebuilt = list_copy(finding->rebuilt);
	collection->findings = lappend(collection->findings, copy);
	MemoryContextSwitchTo(caller);
}

/*
 * The same as a list.
 */
List *
collect_findings(Oid only, RuleSet rules, bool concurrently)
{
	Collection	collection = {.context = CurrentMemoryContext};

	find_findings(only, rules, concurrently, collect_finding, &collection);
	return collection.findings;
}
