/*
 * annotations.c
 *		What stands around tables: which an extension brought; and, what only
 *		the rules ask for, whether their foreign keys' triggers fire, what
 *		inherits from them, and what their comments silence.
 *
 * Each catalog is read once, for all tables, in the snapshot of the rest.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * A foreign key holds as long as the triggers behind it fire, here and at the
 * parent.  'D' never does; 'R' only where changes are replayed.
 */
static void
read_triggers(const Database *database, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog(&scan, TriggerRelationId, snapshot);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		TableFacts *here;
		TableFacts *there;

		if (form->tgenabled == TRIGGER_FIRES_ON_ORIGIN || form->tgenabled == TRIGGER_FIRES_ALWAYS ||
			!OidIsValid(form->tgconstraint))
			continue;
		here = find_table(database, form->tgrelid);
		there = find_table(database, form->tgconstrrelid);
		foreach_ptr(ForeignKeyFacts, key, here ? here->foreign_keys : NIL)
			if (key->oid == form->tgconstraint)
				key->disabled = lappend(key->disabled, pstrdup(NameStr(form->tgname)));
		foreach_ptr(ForeignKeyFacts, key, there ? there->foreign_keys : NIL)
			if (key->oid == form->tgconstraint)
				key->disabled_at_parent = lappend(key->disabled_at_parent,
												  pstrdup(NameStr(form->tgname)));
	}
	end_scan(&scan);
}

static void
read_inheritance(const Database *database, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog(&scan, InheritsRelationId, snapshot);
	while ((tuple = next_row(&scan)) != NULL)
	{
		TableFacts *parent = find_table(database, ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);

		if (parent != NULL)
			parent->has_children = true;
	}
	end_scan(&scan);
}

/*
 * The rules that a comment silences: "@junction ignore half_indexed, name".
 * The list ends where no comma follows; whatever else the comment says, and
 * names that are no rule's, are nobody's error.
 */
static List *
parse_ignored(const char *comment)
{
	static const char tag[] = "@junction ignore";
	List	   *rules = NIL;
	const char *place = strstr(comment, tag);

	while (place != NULL)
	{
		size_t		length;

		place += *place == ',' ? 1 : strlen(tag);
		place += strspn(place, " \t");
		length = strspn(place, "abcdefghijklmnopqrstuvwxyz_");
		if (length > 0)
			rules = lappend(rules, pnstrdup(place, length));
		place += length + strspn(place + length, " \t");
		if (*place != ',')
			place = strstr(place, tag);
	}
	return rules;
}

/*
 * Give the comments on tables that a scan of pg_description finds to the tables.
 */
static void
read_comments(const Database *database, CatalogScan *scan)
{
	HeapTuple	tuple;

	while ((tuple = next_row(scan)) != NULL)
	{
		Form_pg_description form = (Form_pg_description) GETSTRUCT(tuple);
		TableFacts *table;
		bool		isnull;
		Datum		comment;

		if (form->classoid != RelationRelationId || form->objsubid != 0)
			continue;
		table = find_table(database, form->objoid);
		if (table == NULL)
			continue;
		comment = heap_getattr(tuple, Anum_pg_description_description,
							   RelationGetDescr(scan->catalog), &isnull);
		if (!isnull)
			table->ignored = parse_ignored(TextDatumGetCString(comment));
	}
	end_scan(scan);
}

/*
 * Add to some tables what rules ask for that look at nothing else: what their
 * comments silence.
 */
void
read_own_surroundings(const Database *database, Snapshot snapshot)
{
	foreach_ptr(TableFacts, table, database->tables)
	{
		CatalogScan scan;

		scan_catalog_for(&scan, DescriptionRelationId, DescriptionObjIndexId,
						 Anum_pg_description_objoid, table->oid, snapshot);
		read_comments(database, &scan);
	}
}

/*
 * Mark the tables that an extension brought.  pg_depend is asked for what
 * depends on extensions, so the cost goes with their members.
 */
void
read_extension_members(const Database *database, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog_for(&scan, DependRelationId, DependReferenceIndexId,
					 Anum_pg_depend_refclassid, ExtensionRelationId, snapshot);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		TableFacts *table;

		if (dep->deptype != DEPENDENCY_EXTENSION || dep->classid != RelationRelationId)
			continue;
		table = find_table(database, dep->objid);
		if (table != NULL)
			table->extension_member = true;
	}
	end_scan(&scan);
}

/*
 * Add to all tables of the database what the rules ask for beside.
 */
void
read_surroundings(const Database *database, Snapshot snapshot)
{
	CatalogScan comments;

	read_triggers(database, snapshot);
	read_inheritance(database, snapshot);
	scan_catalog(&comments, DescriptionRelationId, snapshot);
	read_comments(database, &comments);
}
