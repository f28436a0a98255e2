/*
 * shape_rules.c
 *		Rules about the shape of a table: a junction that is more or less than
 *		one, one that is named otherwise, and relations kept where a junction
 *		should be.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Foreign keys beside the pair: who made the link, or on whose behalf.
 */
static void
further_links(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, other, junction->others)
	{
		List	   *columns = column_names(junction->table, other->key->columns, other->key->nkeys);
		Finding    *finding = add_finding(rule, junction, columns, findings);

		finding->message = psprintf("%s links to %s beside its pair",
									quote_identifier(junction->table->name),
									quote_identifier(other->key->parent_name));
		finding->detail = psprintf("(%s) is a relationship of its own: of the link, not of the two that are linked.",
								   column_list(columns));
	}
}

/*
 * multiway: several relationships in one table.
 */
void
rule_multiway(const Rule *rule, const Junction *junction, Findings *findings)
{
	List	   *columns;
	Finding    *finding;
	StringInfoData parents;

	if (junction->kind != JUNCTION_MULTIWAY)
	{
		further_links(rule, junction, findings);
		return;
	}
	columns = pair_columns(junction);
	initStringInfo(&parents);
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		appendStringInfo(&parents, "%s%s", parents.len ? ", " : "",
						 quote_identifier(endpoint->key->parent_name));
	finding = add_finding(rule, junction, columns, findings);
	finding->message = psprintf("the key of %s links %d tables",
								quote_identifier(junction->table->name),
								list_length(junction->endpoints));
	finding->detail = psprintf("\"%s\" over (%s) holds links to %s: if two of them decide the third, they are a table of their own.",
							   index_name(junction->pair_key), column_list(columns), parents.data);
}

/*
 * Is there an id beside a pure link, that nothing references?
 */
static bool
has_needless_surrogate(const Junction *junction)
{
	if (junction->kind != JUNCTION_ENTITY && junction->kind != JUNCTION_UNKEYED)
		return false;
	if (junction->pair_key != NULL && junction->pair_key->predicate != NULL)
		return false;			/* there the id is the only key for all rows */

	/* its own columns are that of the primary key, and no other */
	return junction->primary_key != NULL && junction->primary_key->nkeys == 1 &&
		list_length(junction->own_columns) == 1 && junction->table->referenced == NIL;
}

/*
 * Is every column of a btree index ascending, in the default order?
 */
bool
is_plain(const IndexFacts *index)
{
	for (int i = 0; i < index->nkeys; i++)
		if (index->options[i] != 0 ||
			index->classes[i] != GetDefaultOpClass(get_opclass_input_type(index->classes[i]),
												   index->method))
			return false;
	return true;
}

/*
 * The statement that makes the pair the primary key instead of the id; null
 * where that would take another index with it, or another kind of key.
 *
 *	ALTER TABLE public.invoice_tags DROP COLUMN id, DROP CONSTRAINT u,
 *		ADD CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id)
 */
static char *
without_surrogate(const Junction *junction, const char *id)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;
	const char *primary = quote_identifier(index_name(junction->primary_key));
	char	   *start = psprintf("ALTER TABLE %s DROP COLUMN %s", table_name(table), id);

	if (key == NULL || key->predicate != NULL || key->ncolumns != key->nkeys)
		return NULL;
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index != junction->primary_key &&
			(index->expressions != NULL ||
			 bms_is_member(junction->primary_key->columns[0], index->column_set)))
			return NULL;
	if (!OidIsValid(get_index_constraint(key->oid)))
	{
		if (!is_plain(key) || table->kind == RELKIND_PARTITIONED_TABLE)
			return NULL;
		return psprintf("%s, ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s", start, primary,
						quote_identifier(index_name(key)));
	}
	return psprintf("%s, DROP CONSTRAINT %s, ADD CONSTRAINT %s PRIMARY KEY (%s)", start,
					quote_identifier(index_name(key)), primary, column_list(pair_columns(junction)));
}

/*
 * Fill in that statement, with the foreign keys that cannot stay as they are
 * beside the primary key, as the pair is NOT NULL then; or say in the detail
 * which of them stands in the way.
 */
static void
fix_surrogate(Finding *finding, const Junction *junction, const char *id)
{
	char	   *statement = without_surrogate(junction, id);
	const ForeignKeyFacts *obstacle;
	List	   *rebuilt = NIL;
	StringInfoData fix;

	if (statement == NULL)
		return;
	initStringInfo(&fix);
	appendStringInfoString(&fix, statement);
	obstacle = append_rebuilt_keys(&fix, junction, junction->pair, &rebuilt);
	if (obstacle != NULL)
	{
		finding->detail = psprintf("%s %s", finding->detail, describe_obstacle(obstacle));
		return;
	}
	finding->fix = fix.data;
	finding->makes_primary_key = true;
	finding->rebuilt = rebuilt;
}

/*
 * needless_surrogate: an id beside a pure link that nothing references.
 */
void
rule_needless_surrogate(const Rule *rule, const Junction *junction, Findings *findings)
{
	Finding    *finding;
	char	   *name;
	const char *id;

	if (!has_needless_surrogate(junction))
		return;
	name = find_column(junction->table, junction->primary_key->columns[0])->name;
	id = quote_identifier(name);
	finding = add_finding(rule, junction, list_make1(name), findings);
	finding->message = psprintf("%s of %s is needed for nothing", id,
								quote_identifier(junction->table->name));
	finding->detail = psprintf("The pair (%s) is to tell the rows apart, nothing references the id, and its index is kept up by every write.",
							   column_list(pair_columns(junction)));
	fix_surrogate(finding, junction, id);
}

/*
 * promotion_due: the link has grown data of its own, or something refers to it.
 * When a row was made is no such data.
 */
void
rule_promotion_due(const Rule *rule, const Junction *junction, Findings *findings)
{
	Finding    *finding;
	List	   *names = NIL;
	bool		referenced;

	if ((junction->kind != JUNCTION_PURE && junction->kind != JUNCTION_PAYLOAD) ||
		!junction->pair_key->primary)
		return;
	referenced = list_member_oid(junction->table->referenced, junction->pair_key->oid);
	foreach_ptr(ColumnFacts, column, junction->own_columns)
		if (!is_stamp(column))
			names = lappend(names, column->name);
	if (names == NIL && !referenced)
		return;
	finding = add_finding(rule, junction, names, findings);
	finding->message = psprintf("%s has become a thing of its own",
								quote_identifier(junction->table->name));
	finding->detail = psprintf("It %s%s%s; junction.promote gives it an id and a name.",
							   names ? psprintf("has columns beside the pair (%s)", column_list(names)) : "",
							   names && referenced ? ", and " : "",
							   referenced ? "is referenced by its pair" : "");
}

/*
 * array_relation: an array column that holds the keys of another table's rows.
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

		if (!OidIsValid(element))
			continue;
		/* tag_ids are tag_id, many times; tags are tag */
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
		finding->detail = pstrdup("No foreign key keeps them from pointing at nothing, and none can be looked up from the other side without reading all.");
	}
}

/*
 * numbered_columns: a list of foreign keys, as long as the table is wide.
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

		/* a junction's own pair is what it should be */
		if (key->nkeys != 1 || bms_is_member(key->columns[0], junction->pair))
			continue;
		stem = name_stem(find_column(junction->table, key->columns[0])->name);
		if (list_has_name(done, stem))
			continue;
		foreach_ptr(ForeignKeyFacts, other, junction->table->foreign_keys)
		{
			char	   *name = find_column(junction->table, other->columns[0])->name;

			if (other->nkeys == 1 && other->parent == key->parent &&
				!bms_is_member(other->columns[0], junction->pair) &&
				strcmp(name_stem(name), stem) == 0 && !list_has_name(columns, name))
				columns = lappend(columns, name);
		}
		if (list_length(columns) < 2)
			continue;
		done = lappend(done, stem);
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("(%s) of %s are one relation to %s", column_list(columns),
									quote_identifier(junction->table->name),
									quote_identifier(key->parent_name));
		finding->detail = pstrdup("There can be no more of them than columns, and each query has to ask every one.");
	}
}

/*
 * An entity has the name of a junction still.
 */
static void
not_yet_named(const Rule *rule, const Junction *junction, Findings *findings)
{
	Finding    *finding = add_finding(rule, junction, NIL, findings);

	finding->message = psprintf("%s is an entity with the name of a junction",
								quote_identifier(junction->table->name));
	finding->detail = pstrdup("It has an id of its own; the business has a noun for it.");
}

/*
 *	ALTER TABLE public.taggings RENAME TO invoice_tags
 */
static void
named_otherwise(const Rule *rule, const Junction *junction, char *name, Findings *findings)
{
	Finding    *finding;

	/* where several tables link the same two, only one can have their names */
	if (OidIsValid(get_relname_relid(name, junction->table->namespace)) ||
		is_name_taken(findings->names, name))
		return;
	take_name(findings->names, name);
	finding = add_finding(rule, junction, NIL, findings);
	finding->message = psprintf("%s would be named %s by convention",
								quote_identifier(junction->table->name), quote_identifier(name));
	finding->detail = pstrdup("It is a link and has nothing of its own.");
	finding->fix = psprintf("ALTER TABLE %s RENAME TO %s", table_name(junction->table),
							quote_identifier(name));
}

/*
 * name: a link is named by the convention, an entity by the noun that the
 * business uses.  A relation of a table to itself is named after what it means.
 */
void
rule_misnamed(const Rule *rule, const Junction *junction, Findings *findings)
{
	bool		entity = junction->kind == JUNCTION_ENTITY && !has_needless_surrogate(junction);
	Endpoint   *left;
	Endpoint   *right;
	char	   *name;

	if (list_length(junction->endpoints) != 2 || junction->kind == JUNCTION_PAYLOAD)
		return;
	left = linitial(junction->endpoints);
	right = lsecond(junction->endpoints);
	if (left->key->parent == right->key->parent ||
		left->key->parent_table == NULL || right->key->parent_table == NULL)
		return;
	name = junction_name_of(findings->database, left->key->parent_table, right->key->parent_table);
	if (entity && strcmp(name, junction->table->name) == 0)
		not_yet_named(rule, junction, findings);
	else if (!entity && strcmp(name, junction->table->name) != 0)
		named_otherwise(rule, junction, name, findings);
}

/*
 * inherited: neither keys nor foreign keys reach the tables that inherit.
 */
void
rule_inherited(const Rule *rule, const Junction *junction, Findings *findings)
{
	Finding    *finding;

	if (junction->kind == JUNCTION_NONE || !junction->table->has_children ||
		junction->table->kind == RELKIND_PARTITIONED_TABLE)
		return;
	finding = add_finding(rule, junction, NIL, findings);
	finding->message = psprintf("tables inherit from %s", quote_identifier(junction->table->name));
	finding->detail = pstrdup("Its keys and foreign keys do not reach them: a pair can be there again, and link to nothing.");
}
