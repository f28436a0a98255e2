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
#include "utils/builtins.h"
#include "utils/lsyscache.h"
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
	read_placements(database, snapshot);
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
 * Set the size and the place of the findings of one table.
 */
static void
size_findings(const TableFacts *table, List *findings)
{
	TableSize	size;

	if (findings == NIL)
		return;
	size = table_size(table);
	foreach_ptr(Finding, finding, findings)
	{
		finding->size = size;
		finding->place = foreach_current_index(finding);
	}
}

/*
 * As find_findings(), in a database that has been read.
 */
static void
find_findings_in(Database *database, Oid only, RuleSet rules, bool concurrently, FindingSink sink,
				 void *state)
{
	NameSpace	names = {.taken = make_taken_names()};
	MemoryContext per_table = AllocSetContextCreate(CurrentMemoryContext, "junction rules",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_table);

	/* the tables that initdb made are not read: they have no foreign keys */
	if (only >= FirstNormalObjectId && find_table(database, only) == NULL)
		raise_gone(only, NULL);
	foreach_ptr(TableFacts, table, database->tables)
	{
		List	   *findings;

		if (OidIsValid(only) ? table->oid != only : is_left_out_of_report(table))
			continue;
		names.namespace = table->namespace;
		findings = apply_rules(rules, classify(table), database, &names, concurrently);
		size_findings(table, findings);
		foreach_ptr(Finding, finding, findings)
			sink(finding, state);
		MemoryContextReset(per_table);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_table);
}

/*
 * Call sink(finding, state) for each finding of these rules.
 *
 * only: the one table to look at, or InvalidOid for all tables of the database
 * except those that is_left_out_of_report().  One table is never left out;
 * 42P01 if it does not exist.  concurrently: as in apply_rules().  Findings are
 * freed once all those of their table have been given to the sink; the facts of
 * the tables stay, in the caller's memory context.
 */
void
find_findings(Oid only, RuleSet rules, bool concurrently, FindingSink sink, void *state)
{
	find_findings_in(read_all_tables(true), only, rules, concurrently, sink, state);
}

/* The state of collect_finding() */
typedef struct Collection
{
	MemoryContext context;		/* for the copies */
	char	   *room;			/* free memory of it, for the next copies */
	Size		left;			/* bytes of it */
	List	   *findings;		/* of Finding */
} Collection;

/*
 * Returns memory for a part of a finding.  It is taken from the room, as
 * palloc() rounds each size up to a power of two: a report of thousands of
 * findings would touch half as many pages again.
 */
static void *
take_room(Collection *collection, Size size)
{
	void	   *result;

	size = MAXALIGN(size);
	if (size > collection->left)
	{
		collection->left = Max(size, 8192);
		collection->room = palloc(collection->left);
	}
	result = collection->room;
	collection->room += size;
	collection->left -= size;
	return result;
}

/* Returns a copy of a string, or null for null. */
static char *
copy_text(Collection *collection, const char *text)
{
	Size		size = text ? strlen(text) + 1 : 0;

	return text ? memcpy(take_room(collection, size), text, size) : NULL;
}

/*
 * A FindingSink: add a deep copy of a finding to a Collection.
 */
static void
collect_finding(Finding *finding, void *state)
{
	Collection *collection = state;
	MemoryContext caller = MemoryContextSwitchTo(collection->context);
	Finding    *copy = take_room(collection, sizeof(Finding));

	*copy = *finding;
	copy->columns = list_copy(finding->columns);
	foreach_ptr(char, column, finding->columns)
		list_nth_cell(copy->columns, foreach_current_index(column))->ptr_value =
			copy_text(collection, column);
	copy->message = copy_text(collection, finding->message);
	copy->detail = copy_text(collection, finding->detail);
	copy->fix = copy_text(collection, finding->fix);
	copy->fix_if_link = copy_text(collection, finding->fix_if_link);
	copy->references = list_copy(finding->references);
	copy->rebuilt = list_copy(finding->rebuilt);
	collection->findings = lappend(collection->findings, copy);
	MemoryContextSwitchTo(caller);
}

/*
 * As find_findings(), but returns a list of Finding, in the caller's memory
 * context.  The findings of one table are in the order of the rules.
 */
List *
collect_findings(Oid only, RuleSet rules, bool concurrently)
{
	Collection	collection = {.context = CurrentMemoryContext};

	find_findings(only, rules, concurrently, collect_finding, &collection);
	return collection.findings;
}

/*
 * Compare two tables by name, then by schema.
 */
static int
compare_names(const TableFacts *a, const TableFacts *b)
{
	int			order = a == b ? 0 : strcmp(a->name, b->name);

	if (order == 0 && a->namespace != b->namespace)
	{
		char	   *left = get_namespace_name(a->namespace);
		char	   *right = get_namespace_name(b->namespace);

		/* a schema that is dropped meanwhile has no name */
		order = left && right ? strcmp(left, right) : oid_cmp(&a->namespace, &b->namespace);
	}
	return order;
}

/*
 * Order findings, the worst first: by severity, then by the size of the table,
 * then by its name and schema, then by rule.  No two findings are equal.
 */
static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const Finding *left = lfirst(a);
	const Finding *right = lfirst(b);
	int			order;

	if (left->severity != right->severity)
		return left->severity > right->severity ? -1 : 1;
	if (left->size.bytes != right->size.bytes)
		return left->size.bytes > right->size.bytes ? -1 : 1;
	order = compare_names(left->table, right->table);
	return order != 0 ? order : left->place - right->place;
}

/*
 * Returns the findings of find_findings() as a list of Finding, the worst first
 * (compare_findings), in the caller's memory context.  Fixes are CONCURRENTLY.
 * Sets *table to the facts of the one table, read in the same snapshot; to null
 * if initdb made it, or if all tables are looked at.
 */
List *
find_worst_first(Oid only, RuleSet rules, TableFacts **table)
{
	Collection	collection = {.context = CurrentMemoryContext};
	Database   *database = read_all_tables(true);

	find_findings_in(database, only, rules, true, collect_finding, &collection);
	*table = OidIsValid(only) ? find_table(database, only) : NULL;
	list_sort(collection.findings, compare_findings);
	return collection.findings;
}
