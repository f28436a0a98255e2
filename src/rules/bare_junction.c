/*
 * bare_junction.c
 *		Finds the barest junction: two columns that are named and typed after
 *		the keys of two tables, in a table that is named after both; and no key,
 *		and no foreign key.
 *
 * Rails' create_join_table makes such tables, and so do the migrations that
 * Laravel's manual has for belongsToMany.  The rule undeclared_endpoint reports
 * them.  What they lack is found by the classifier, from a copy of the facts
 * that has the foreign keys which the fix adds.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Returns the two columns (ColumnFacts) of a table that has no other one but
 * stamps; NIL if it has not just two.
 */
static List *
two_columns(const TableFacts *table)
{
	List	   *columns = NIL;

	foreach_ptr(ColumnFacts, column, table->columns)
	{
		if (is_stamp(column))
			continue;
		if (list_length(columns) == 2)
			return NIL;
		columns = lappend(columns, column);
	}
	return list_length(columns) == 2 ? columns : NIL;
}

/* Does a table have a key, or an EXCLUDE constraint, of any kind? */
static bool
has_key(const TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index->unique || index->exclusion)
			return true;
	return false;
}

/*
 * Returns the foreign key that a column should have, as if it were there.  It
 * lives as long as the facts of the database.  Null if the type has no equality
 * operator, so no primary key either, or has been dropped.
 */
static ForeignKeyFacts *
make_reference(Database *database, const ColumnFacts *column, TableFacts *parent)
{
	MemoryContext caller;
	ForeignKeyFacts *key;

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(column->type)))
		return NULL;
	caller = MemoryContextSwitchTo(database->context);
	key = palloc0(sizeof(ForeignKeyFacts));
	key->parent = parent->oid;
	key->parent_table = parent;
	key->parent_name = parent->name;
	key->nkeys = 1;
	key->columns = palloc(sizeof(AttrNumber));
	key->columns[0] = column->attnum;
	key->parent_columns = palloc(sizeof(AttrNumber));
	key->parent_columns[0] = find_primary_key(parent)->columns[0];
	key->operators = palloc(sizeof(Oid));
	key->operators[0] = lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr;
	key->families = palloc0(sizeof(List *));
	key->on_delete = FKCONSTR_ACTION_CASCADE;
	key->on_update = FKCONSTR_ACTION_NOACTION;
	key->match = FKCONSTR_MATCH_SIMPLE;
	key->validated = true;
	key->enforced = true;
	if (OidIsValid(key->operators[0]))
		key->families[0] = get_mergejoin_opfamilies(key->operators[0]);
	MemoryContextSwitchTo(caller);
	return OidIsValid(key->operators[0]) ? key : NULL;
}

/*
 * Returns the foreign keys (ForeignKeyFacts) that two columns should have; NIL
 * if they do not refer to two different tables.
 */
static List *
find_references(const TableFacts *table, List *columns, Database *database)
{
	List	   *references = NIL;
	TableFacts *last = NULL;

	foreach_ptr(ColumnFacts, column, columns)
	{
		TableFacts *parent = find_parent_by_link(database, table, column->name, column->type);
		ForeignKeyFacts *key;

		if (parent == NULL || parent == last)
			return NIL;
		last = parent;
		key = make_reference(database, column, parent);
		if (key == NULL)
			return NIL;
		references = lappend(references, key);
	}
	return references;
}

/*
 * Returns the statements that make a table a junction, all to be run at once:
 *
 *	ALTER TABLE public.invoices_tags
 *		ADD CONSTRAINT c1 FOREIGN KEY (invoice_id) REFERENCES public.invoices (id)
 *			ON DELETE CASCADE NOT VALID,
 *		ADD CONSTRAINT c2 FOREIGN KEY (tag_id) REFERENCES public.tags (id)
 *			ON DELETE CASCADE NOT VALID,
 *		ADD PRIMARY KEY (invoice_id, tag_id);
 *	ALTER TABLE public.invoices_tags VALIDATE CONSTRAINT c1, VALIDATE CONSTRAINT c2;
 *	CREATE INDEX ON public.invoices_tags (tag_id)
 *
 * The last one only if no index serves that end.  Null if there can be no key
 * over the pair yet.
 */
static char *
bare_fix(const Junction *link, Findings *findings)
{
	const TableFacts *table = link->table;
	const Endpoint *second = lsecond(link->endpoints);
	List	   *pair = pair_columns(link);
	StringInfoData add;
	StringInfoData validate;

	if (!bms_is_subset(table->partition_key, link->pair) || weak_not_null(table, link->pair) != NULL)
		return NULL;
	initStringInfo(&add);
	initStringInfo(&validate);
	foreach_ptr(Endpoint, endpoint, link->endpoints)
	{
		const ForeignKeyFacts *key = endpoint->key;
		List	   *columns = endpoint_columns(link, endpoint);
		List	   *parent_columns = column_names(key->parent_table, key->parent_columns, 1);
		const char *name = quote_identifier(choose_name(findings->names, NAME_FOREIGN_KEY, table->name,
														columns, key->parent_name, parent_columns));

		/* a partitioned table can have no NOT VALID foreign key before 18 */
		appendStringInfo(&add, " ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE CASCADE%s,",
						 name, column_list(columns), table_name(key->parent_table),
						 column_list(parent_columns),
						 table->kind == RELKIND_PARTITIONED_TABLE ? "" : " NOT VALID");
		appendStringInfo(&validate, "%s VALIDATE CONSTRAINT %s", validate.len ? "," : "", name);
	}
	appendStringInfo(&add, " ADD %sPRIMARY KEY (%s)",
					 fix_name(findings, link, NAME_COMPOSITE_PRIMARY_KEY, pair, "CONSTRAINT %s "),
					 column_list(pair));
	if (table->kind != RELKIND_PARTITIONED_TABLE)
		appendStringInfo(&add, "; ALTER TABLE %s%s", table_name(table), validate.data);
	if (second->served_by == NULL)
	{
		List	   *columns = endpoint_columns(link, second);

		appendStringInfo(&add, "; CREATE INDEX %sON %s (%s)",
						 fix_name(findings, link, NAME_INDEX, columns, "%s "),
						 table_name(table), column_list(columns));
	}
	return psprintf("ALTER TABLE %s%s", table_name(table), add.data);
}

/* Add the finding.  link: the table as it will be. */
static void
add_bare(const Rule *rule, const Junction *junction, const Junction *link, List *references,
		 Findings *findings)
{
	const Endpoint *left = linitial(link->endpoints);
	const Endpoint *right = lsecond(link->endpoints);
	Finding    *finding = add_finding(rule, junction, pair_columns(link), findings);

	finding->severity = SEVERITY_WARNING;
	finding->message = psprintf("%s links %s and %s without a foreign key or a key",
								quote_identifier(link->table->name),
								quote_identifier(left->key->parent_name),
								quote_identifier(right->key->parent_name));
	finding->detail = pstrdup("By its name and its columns it is a junction, but nothing keeps out links to rows that do not exist, and pairs that are there already.");
	finding->fix = bare_fix(link, findings);
	finding->makes_primary_key = finding->fix != NULL;
	if (weak_not_null(link->table, link->pair) != NULL)
		finding->detail = psprintf("%s %s", finding->detail, weak_not_null(link->table, link->pair));
	else if (finding->fix == NULL)
		finding->detail = psprintf("%s No key can hold the pair alone: %s is partitioned by other columns.",
								   finding->detail, quote_identifier(link->table->name));
	finding->references = references;
}

/*
 * Add the finding of undeclared_endpoint for a table without a key, if it is the
 * barest junction.  Returns false if it is not.
 */
bool
add_bare_junction(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	List	   *columns = has_key(table) || table->foreign_keys != NIL ? NIL : two_columns(table);
	List	   *references;
	TableFacts *declared;
	Junction   *link;

	if (columns == NIL || (table->has_children && table->kind != RELKIND_PARTITIONED_TABLE))
		return false;
	references = find_references(table, columns, findings->database);
	if (references == NIL ||
		!name_holds_ends(table, linitial(references), lsecond(references)))
		return false;
	declared = palloc(sizeof(TableFacts));
	*declared = *table;
	declared->foreign_keys = references;
	link = classify(declared);
	if (link->kind != JUNCTION_UNKEYED)
		return false;
	add_bare(rule, junction, link, references, findings);
	return true;
}
