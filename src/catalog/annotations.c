/*
 * annotations.c
 *		Adds to the facts of tables what read.c does not read: membership in
 *		an extension, foreign key triggers that do not fire, inheritance,
 *		policies (policies.c), and what comments say to us: that a table is a
 *		junction, the rules that it ignores, that a column is superseded or the
 *		id of an unfinished promotion, and that a function is an accessor
 *		(accessors.c).
 *
 * The caller gives the snapshot in which the tables were read.  No table is
 * opened or locked.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/* What can be between the names of a list: it can go on in the next line */
#define BLANKS " \t\r\n"

/*
 * Returns the foreign key of which a constraint is the copy in a partition, or for a
 * partition of the parent; null if it is none, or its table was not read.
 */
static ForeignKeyFacts *
find_original(const Database *database, Oid constraint)
{
	Oid			original = InvalidOid;
	TableFacts *table = NULL;

	while (OidIsValid(constraint))
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
		Form_pg_constraint form;

		if (!HeapTupleIsValid(tuple))
			return NULL;		/* dropped meanwhile */
		form = (Form_pg_constraint) GETSTRUCT(tuple);
		original = constraint;
		constraint = form->conparentid;
		table = find_table(database, form->conrelid);
		ReleaseSysCache(tuple);
	}
	return table != NULL ? find_foreign_key(table, original) : NULL;
}

/*
 * Add a trigger that does not fire to disabled_below of the foreign key.
 */
static void
add_disabled_below(ForeignKeyFacts *key, Form_pg_trigger form)
{
	DisabledTrigger *trigger = palloc(sizeof(DisabledTrigger));

	trigger->partition = form->tgrelid;
	trigger->name = pstrdup(NameStr(form->tgname));
	trigger->at_parent = RI_FKey_trigger_type(form->tgfoid) == RI_TRIGGER_PK;
	key->disabled_below = lappend(key->disabled_below, trigger);
}

/*
 * Set disabled, disabled_at_parent and disabled_below of each foreign key.  A foreign key is
 * enforced by triggers on its own table and on the parent.  A trigger with
 * tgenabled 'D' never fires; one with 'R' fires only with
 * session_replication_role = replica.  Both count as disabled.
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
		ForeignKeyFacts *original;

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
		original = find_original(database, form->tgconstraint);
		if (original != NULL && original->oid != form->tgconstraint)
			add_disabled_below(original, form);
	}
	end_scan(&scan);
}

/* Set has_children of each table that pg_inherits has as a parent. */
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
 * Returns the place behind the next "@junction" of a comment, or null.  That of
 * an address, such as me@junction.org, is none, nor is a longer word.
 */
static const char *
next_tag(const char *comment, const char *place)
{
	static const char tag[] = "@junction";

	while ((place = strstr(place, tag)) != NULL)
	{
		bool		begins = place == comment || !is_word_character(place[-1]);

		place += strlen(tag);
		if (begins && !is_word_character(*place))
			return place;
	}
	return NULL;
}

/*
 * Returns the place behind "ignore" if this word is at a place, in the same line
 * and with a blank before it; else null.
 */
static const char *
after_ignore(const char *place)
{
	static const char word[] = "ignore";
	const char *next = place + strspn(place, " \t");

	if (next == place || strncmp(next, word, strlen(word)) != 0)
		return NULL;
	return next + strlen(word);
}

/*
 * Returns the names of the rules that a comment ignores:
 *
 *	"... @junction ignore half_indexed, name ..."
 *
 * The list ends after the first name that no comma follows.  A comment can
 * have several lists.  Names that no rule has are kept, and have no effect.
 */
static List *
parse_ignored(const char *comment)
{
	List	   *rules = NIL;

	for (const char *place = next_tag(comment, comment); place != NULL; place = next_tag(comment, place))
	{
		const char *next = after_ignore(place);

		while (next != NULL)
		{
			size_t		length;

			next += strspn(next, BLANKS);
			length = strspn(next, "abcdefghijklmnopqrstuvwxyz_");
			if (length > 0)
				rules = lappend(rules, pnstrdup(next, length));
			next += length + strspn(next + length, BLANKS);
			next = *next == ',' ? next + 1 : NULL;
		}
	}
	return rules;
}

/*
 * Does a comment declare its table to be a junction?  It does if it has the
 * word "@junction", and not as the start of "@junction ignore".
 */
static bool
declares_junction(const char *comment)
{
	for (const char *place = next_tag(comment, comment); place != NULL; place = next_tag(comment, place))
		if (after_ignore(place) == NULL)
			return true;
	return false;
}

/*
 * Returns true if the comment of a column marks it as the id of an unfinished
 * promotion of this table:
 *
 *	"junction: the id of a promotion that is under way, of table 16402, public.user_orgs"
 *
 * CREATE TABLE ... (LIKE ... INCLUDING ALL) copies the comment, and the copy
 * is not being promoted.  So the comment names its table by OID and by name,
 * and either must match: the OID survives a renaming, the name survives dump
 * and restore.
 *
 * Two cases are not told apart: a table that was renamed and then dumped is
 * not recognized, and a copy that has taken the original's name is.  Such a
 * copy has all that the promotion needs to go on.
 */
bool
is_begun_comment(const TableFacts *table, const char *comment)
{
	Oid			oid;
	char	   *rest;

	if (comment == NULL || strncmp(comment, BEGUN_MARK, strlen(BEGUN_MARK)) != 0)
		return false;
	oid = strtoul(comment + strlen(BEGUN_MARK), &rest, 10);
	return oid == table->oid ||
		(strncmp(rest, ", ", 2) == 0 && strcmp(rest + 2, qualified_beside(table, table->name)) == 0);
}

/*
 * Set declared and ignored of a table, or superseded and begun of a column, from a
 * row of pg_description, unless the comment is of another kind of object with the same
 * OID.
 */
static void
read_comment(TableFacts *table, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_description form = (Form_pg_description) GETSTRUCT(tuple);
	bool		isnull;
	Datum		value;
	char	   *comment;
	ColumnFacts *column;

	if (form->classoid != RelationRelationId)
		return;
	value = heap_getattr(tuple, Anum_pg_description_description, desc, &isnull);
	if (isnull)
		return;
	comment = TextDatumGetCString(value);
	if (form->objsubid != 0)
	{
		column = find_column(table, form->objsubid);
		if (column != NULL)
		{
			column->superseded = strstr(comment, SUPERSEDED_MARK) != NULL;
			column->begun = is_begun_comment(table, comment);
		}
		return;
	}
	table->declared = declares_junction(comment);
	table->ignored = parse_ignored(comment);
}

/*
 * Set declared and ignored of one table.
 */
void
read_own_comment(TableFacts *table, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog_for(&scan, DescriptionRelationId, DescriptionObjIndexId,
					 Anum_pg_description_objoid, table->oid, snapshot);
	while ((tuple = next_row(&scan)) != NULL)
		read_comment(table, tuple, RelationGetDescr(scan.catalog));
	end_scan(&scan);
}

/*
 * Set declared, ignored and accessors of all tables of the database.
 */
void
read_all_comments(const Database *database, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog(&scan, DescriptionRelationId, snapshot);
	while ((tuple = next_row(&scan)) != NULL)
	{
		TableFacts *table = find_table(database, ((Form_pg_description) GETSTRUCT(tuple))->objoid);

		if (table != NULL)
			read_comment(table, tuple, RelationGetDescr(scan.catalog));
		read_accessor(database, tuple, RelationGetDescr(scan.catalog), snapshot);
	}
	end_scan(&scan);
}

/*
 * Set extension_member of each table that an extension owns.  The scan covers
 * the dependencies on extensions only, so its cost grows with the number of
 * their members, not with all of pg_depend.
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
 * Add to all tables of the database what only the rules need.
 */
void
read_all_annotations(const Database *database, Snapshot snapshot)
{
	read_triggers(database, snapshot);
	read_inheritance(database, snapshot);
	read_policies(database, snapshot);
}
