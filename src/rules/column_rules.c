/*
 * column_rules.c
 *		Rules about a relation that is kept in columns of a table, where a
 *		junction should be: array_relation and numbered_columns.
 *
 * The fix is a call of junction.absorb, where it is certain what the junction
 * will be: its tables can be linked, and its name is free.  A column that has
 * been absorbed, and was left there for old code, is no finding: its comment
 * says that it is superseded.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/* Can a foreign key reference the table by its primary key? */
static bool
is_linkable(const TableFacts *table)
{
	const IndexFacts *primary = find_primary_key(table);

	return primary != NULL && is_whole_key(primary) && !primary->deferrable && !table->partition &&
		!table->extension_member && !table->shard;
}

/*
 * Is a column generated?  junction.absorb refuses it.  True if it is gone.
 */
static bool
is_generated(const TableFacts *table, const char *name)
{
	HeapTuple	tuple = SearchSysCacheAttName(table->oid, name);
	bool		generated = !HeapTupleIsValid(tuple) ||
		((Form_pg_attribute) GETSTRUCT(tuple))->attgenerated != '\0';

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return generated;
}

/*
 * Returns whether the junction of two tables is certain: both can be linked, in
 * the same schema, its conventional name is free, and so are the names of its
 * columns.  Takes the name.
 */
static bool
is_certain(const TableFacts *source, const TableFacts *parent, Findings *findings)
{
	const IndexFacts *left = find_primary_key(source);
	char	   *name;

	if (!is_linkable(source) || !is_linkable(parent) || source == parent ||
		source->namespace != parent->namespace || is_distributed(source->oid) ||
		(source->has_children && source->kind != RELKIND_PARTITIONED_TABLE) ||
		(source->persistence == RELPERSISTENCE_TEMP) != (parent->persistence == RELPERSISTENCE_TEMP) ||
		strcmp(table_noun(source->name), table_noun(parent->name)) == 0)
		return false;
	/* a key of several columns gives them their own names, which may be the same */
	if (left->nkeys != 1 || find_primary_key(parent)->nkeys != 1)
		return false;
	name = junction_table_name(source->name, parent->name);
	if (OidIsValid(get_relname_relid(name, source->namespace)) || is_name_taken(findings->names, name))
		return false;
	take_name(findings->names, name);
	return true;
}

/*
 * Returns the statement that makes a junction of the columns (names) of a table;
 * match: the parent's column that they hold values of.  Null if it is not
 * certain.
 *
 *	SELECT junction.absorb('public.invoices'::pg_catalog.regclass, ARRAY['tag_ids']::pg_catalog.text[],
 *		'public.tags'::pg_catalog.regclass, 'id'::pg_catalog.text, ...)
 *
 * All arguments are given, each of its exact type: see typed_literal().
 */
static char *
absorb_fix(const TableFacts *source, List *columns, const TableFacts *parent, AttrNumber match,
		   Findings *findings)
{
	const char *none = "NULL::pg_catalog.text";
	const char *cascade = typed_literal("cascade", "text");

	foreach_ptr(char, name, columns)
		if (is_generated(source, name))
			return NULL;
	if (!is_certain(source, parent, findings))
		return NULL;
	return psprintf("SELECT junction.absorb(%s, ARRAY[%s]::pg_catalog.text[], %s, %s, %s, %s, %s, %s, false, true, %s, %s, true, false, false)",
					typed_literal(table_name(source), "regclass"), literal_list(columns),
					typed_literal(table_name(parent), "regclass"),
					typed_literal(find_column(parent, match)->name, "text"), none,
					typed_literal("error", "text"), none, none, cascade, cascade);
}

/*
 * array_relation: an array column holds keys of another table, by its name and
 * type.
 */
void
rule_array_relation(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(ColumnFacts, column, junction->table->columns)
	{
		Oid			element = get_element_type(column->type);
		char	   *one;
		TableFacts *parent;
		Finding    *finding;

		if (!OidIsValid(element) || column->superseded)
			continue;
		/* "tag_ids" in the singular is a column, "tags" a table's noun */
		one = table_noun(column->name);
		parent = find_parent_by_link(findings->database, junction->table, one, element);
		if (parent == NULL)
			parent = find_parent_by_noun(findings->database, junction->table, one, element);
		if (parent == NULL)
			continue;
		finding = add_finding(rule, junction, list_make1(column->name), findings);
		finding->message = psprintf("%s of %s holds keys of %s", quote_identifier(column->name),
									quote_identifier(junction->table->name),
									quote_identifier(parent->name));
		finding->detail = pstrdup("No foreign key checks these keys, and a lookup from the other side scans the whole table.");
		finding->fix = absorb_fix(junction->table, finding->columns, parent,
								  find_primary_key(parent)->columns[0], findings);
	}
}

/*
 * Can the column of this foreign key be one of several numbered ones?  Not if it
 * is superseded, or of a junction's pair, which may be numbered: user1_id,
 * user2_id.
 */
static bool
is_numberable(const Junction *junction, const ForeignKeyFacts *key)
{
	return key->nkeys == 1 && !bms_is_member(key->columns[0], junction->pair) &&
		!find_column(junction->table, key->columns[0])->superseded;
}

/*
 * numbered_columns: two or more foreign keys to one table are on columns whose
 * names differ only by a number (tag1_id, tag2_id).
 */
void
rule_numbered_columns(const Rule *rule, const Junction *junction, Findings *findings)
{
	List	   *done = NIL;

	foreach_ptr(ForeignKeyFacts, key, junction->table->foreign_keys)
	{
		List	   *columns = NIL;
		char	   *stem;
		Finding    *finding;
		bool		same = true;

		if (!is_numberable(junction, key))
			continue;
		stem = name_stem(find_column(junction->table, key->columns[0])->name);
		if (list_has_name(done, stem))
			continue;
		foreach_ptr(ForeignKeyFacts, other, junction->table->foreign_keys)
		{
			char	   *name = find_column(junction->table, other->columns[0])->name;

			if (!is_numberable(junction, other) || other->parent != key->parent ||
				strcmp(name_stem(name), stem) != 0 || list_has_name(columns, name))
				continue;
			columns = lappend(columns, name);
			same &= other->parent_columns[0] == key->parent_columns[0];
		}
		if (list_length(columns) < 2)
			continue;
		done = lappend(done, stem);
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("(%s) of %s are one relation to %s", column_list(columns),
									quote_identifier(junction->table->name),
									quote_identifier(key->parent_name));
		finding->detail = pstrdup("A row cannot have more links than columns, and a query has to compare every column.");
		if (same && key->parent_table != NULL)
			finding->fix = absorb_fix(junction->table, columns, key->parent_table,
									  key->parent_columns[0], findings);
	}
}
