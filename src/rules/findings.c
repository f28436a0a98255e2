/*
 * findings.c
 *		Finds the findings of one table, or of all tables of the database.
 *
 * Each call reads the catalogs once, in one snapshot, and locks no table.  It
 * then applies the rules to one table after the other, in a memory context
 * that is reset after each.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Read all tables of the database in a snapshot.  for_rules: read also the
 * facts that only the rules need (catalog/annotations.c).
 */
static Database *
read_everything(Snapshot snapshot, bool for_rules)
{
	Database   *database = read_database(snapshot);

	read_extension_members(database, snapshot);
	mark_shards(database, snapshot);
	read_all_comments(database, snapshot);
	if (for_rules)
		read_all_annotations(database, snapshot);
	return database;
}

/*
 * As read_everything(), in a new catalog snapshot.
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
 * Read what these rules need to judge these tables (OIDs), in a snapshot: only
 * these tables if all the rules are local, else all tables of the database.
 */
Database *
read_for_rules(List *tables, RuleSet rules, Snapshot snapshot)
{
	if (!are_local_rules(rules))
		return read_everything(snapshot, true);
	return read_tables(tables, snapshot);
}

/*
 * Is a table left out of the report of the whole database?  The members of an
 * extension are, as the user cannot change them; and so are shards, as the
 * report has the distributed table that they belong to.
 */
bool
is_left_out_of_report(const TableFacts *table)
{
	return table->extension_member || table->shard;
}

/*
 * Call sink(finding, state) for each finding of these rules.
 *
 * only: the one table to look at, or InvalidOid for all tables of the database
 * except those that is_left_out_of_report().  One table is never left out;
 * 42P01 if it does not exist.  concurrently: as in apply_rules().  Findings are
 * freed once all those of their table have been given to the sink.
 */
void
find_findings(Oid only, RuleSet rules, bool concurrently, FindingSink sink, void *state)
{
	Database   *database = read_all_tables(true);
	NameSpace	names = {.taken = make_taken_names()};
	MemoryContext per_table = AllocSetContextCreate(CurrentMemoryContext, "junction rules",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_table);

	/* the tables that initdb made are not read: they have no foreign keys */
	if (only >= FirstNormalObjectId && find_table(database, only) == NULL)
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

/* The state of collect_finding() */
typedef struct Collection
{
	MemoryContext context;		/* for the copies */
	List	   *findings;		/* of Finding */
} Collection;

/*
 * A FindingSink: add a deep copy of a finding to a Collection.
 */
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
	copy->fix_if_link = finding->fix_if_link ? pstrdup(finding->fix_if_link) : NULL;
	copy->rebuilt = list_copy(finding->rebuilt);
	collection->findings = lappend(collection->findings, copy);
	MemoryContextSwitchTo(caller);
}

/*
 * As find_findings(), but returns a list of Finding, in the caller's memory
 * context.
 */
List *
collect_findings(Oid only, RuleSet rules, bool concurrently)
{
	Collection	collection = {.context = CurrentMemoryContext};

	find_findings(only, rules, concurrently, collect_finding, &collection);
	return collection.findings;
}
