/*
 * shape_rules.c
 *		Rules about the columns and the name of a table: multiway,
 *		needless_surrogate, promotion_due, name and inherited.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Add a finding for each foreign key beside the pair: to the user who made the
 * link, for example.
 */
static void
further_links(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, other, junction->others)
	{
		List	   *columns = column_names(junction->table, other->key->columns, other->key->nkeys);
		Finding    *finding = add_finding(rule, junction, columns, findings);

		finding->message = psprintf("%s has a foreign key to %s beside the pair",
									quote_identifier(junction->table->name),
									quote_identifier(other->key->parent_name));
		finding->detail = psprintf("(%s) is a relation of the link itself, not of the two rows that it links.",
								   column_list(columns));
	}
}

/*
 * multiway: a key holds three or more endpoints, or a junction has a foreign
 * key beside the pair.
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
	finding->detail = psprintf("Key \"%s\" over (%s) links %s: it may mix several relations, which junction.split takes apart.",
							   index_name(junction->pair_key), column_list(columns), parents.data);
}

/*
 * Is the primary key of a junction one column, the only one beside the pair,
 * and does no foreign key reference the table?
 */
static bool
has_needless_surrogate(const Junction *junction)
{
	if (junction->kind != JUNCTION_ENTITY && junction->kind != JUNCTION_UNKEYED)
		return false;
	if (junction->pair_key != NULL && junction->pair_key->predicate != NULL)
		return false;			/* the id is the only key over all rows */

	/* the one own column is the one of the primary key */
	return junction->primary_key != NULL && junction->primary_key->nkeys == 1 &&
		list_length(junction->own_columns) == 1 && junction->table->referenced == NIL;
}

/*
 * Does every column of a btree index have the default order (ASC NULLS LAST),
 * the default operator class and the collation of the column?  Only such an
 * index can become a constraint's.
 */
bool
is_plain(const TableFacts *table, const IndexFacts *index)
{
	for (int i = 0; i < index->nkeys; i++)
		if (index->options[i] != 0 || index->columns[i] == 0 ||
			index->collations[i] != find_column(table, index->columns[i])->collation ||
			index->classes[i] != GetDefaultOpClass(get_opclass_input_type(index->classes[i]),
												   index->method))
			return false;
	return true;
}

/*
 * Is it a typed table (CREATE TABLE ... OF)?  Then no column of it can be dropped.
 * True if it is gone.
 */
static bool
is_typed(const TableFacts *table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table->oid));
	bool		typed = !HeapTupleIsValid(tuple) ||
		OidIsValid(((Form_pg_class) GETSTRUCT(tuple))->reloftype);

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return typed;
}

/*
 * Is a column, in part at least, that of a table which this one inherits from?
 * Then it cannot be dropped here.  True if it is gone.
 */
static bool
is_inherited(const TableFacts *table, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table->oid), Int16GetDatum(attnum));
	bool		inherited = !HeapTupleIsValid(tuple) ||
		((Form_pg_attribute) GETSTRUCT(tuple))->attinhcount > 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return inherited;
}

/*
 * Does the table name an index as its replica identity that goes with the id:
 * that of the id, or that of the constraint over the pair?  Then nothing would
 * identify a row, as REPLICA IDENTITY goes on to name the index that is gone.
 */
static bool
loses_identity(const Junction *junction)
{
	const IndexFacts *key = junction->pair_key;

	return junction->table->identity == REPLICA_IDENTITY_INDEX &&
		(junction->primary_key->replica_identity ||
		 (key->replica_identity && OidIsValid(get_index_constraint(key->oid))));
}

/*
 * Returns the statement that drops the id and makes the pair the primary key:
 *
 *	ALTER TABLE public.invoice_tags DROP COLUMN id, DROP CONSTRAINT u,
 *		ADD CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id)
 *
 * or, if the pair key is a unique index that no constraint owns,
 *
 *	ALTER TABLE public.invoice_tags DROP COLUMN id,
 *		ADD CONSTRAINT invoice_tags_pkey PRIMARY KEY USING INDEX u
 *
 * and that makes it the replica identity, with ", REPLICA IDENTITY DEFAULT", if
 * it loses_identity().  id is quoted.  Returns null if there is no whole pair key
 * without INCLUDE columns, if the table is typed, if the id is inherited, if there is a
 * weak_not_null(), if DROP COLUMN would or could drop another index, or if the index
 * cannot become a primary key.
 */
static char *
without_surrogate(const Junction *junction, const char *id)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;
	const char *primary = quote_identifier(index_name(junction->primary_key));
	char	   *start = psprintf("ALTER TABLE %s DROP COLUMN %s", table_name(table), id);
	const char *end;
	StringInfoData storage;

	if (key == NULL || key->predicate != NULL || key->ncolumns != key->nkeys || is_typed(table) ||
		is_inherited(table, junction->primary_key->columns[0]) ||
		weak_not_null(table, junction->pair) != NULL)
		return NULL;
	end = loses_identity(junction) ? ", REPLICA IDENTITY DEFAULT" : "";
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index != junction->primary_key &&
			(index->expressions != NULL ||
			 bms_is_member(junction->primary_key->columns[0], index->column_set)))
			return NULL;
	if (!OidIsValid(get_index_constraint(key->oid)))
	{
		if (!is_plain(table, key) || table->kind == RELKIND_PARTITIONED_TABLE)
			return NULL;
		return psprintf("%s, ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s%s", start, primary,
						quote_identifier(index_name(key)), end);
	}
	initStringInfo(&storage);
	append_storage(&storage, key->oid);
	return psprintf("%s, DROP CONSTRAINT %s, ADD CONSTRAINT %s PRIMARY KEY (%s)%s%s", start,
					quote_identifier(index_name(key)), primary, column_list(pair_columns(junction)),
					storage.data, end);
}

/*
 * Returns a description of the objects that keep the id from being dropped, in
 * the table and in the tables below it, such as a view; null if there are none.
 * Nothing is locked.
 */
static char *
surrogate_dependents(const Junction *junction)
{
	AttrNumber	attnum = junction->primary_key->columns[0];
	const char *name = find_column(junction->table, attnum)->name;
	List	   *columns = NIL;

	foreach_oid(relid, list_inheritors(junction->table->oid))
	{
		AttrNumber	there = get_attnum(relid, name);

		if (there != InvalidAttrNumber)
			columns = lappend(columns, make_address(RelationRelationId, relid, there));
	}
	return describe_dependents(columns, true);
}

/*
 * Set the fix of a needless surrogate: without_surrogate(), and the foreign
 * keys to rebuild, as the primary key makes the pair NOT NULL.  If one cannot be
 * rebuilt, or if other objects depend on the id, there is no fix, and the detail
 * says why.
 */
static void
fix_surrogate(Finding *finding, const Junction *junction, const char *id)
{
	char	   *statement = without_surrogate(junction, id);
	char	   *dependents;
	const ForeignKeyFacts *obstacle;
	List	   *rebuilt = NIL;
	StringInfoData fix;

	if (statement == NULL)
		return;
	dependents = surrogate_dependents(junction);
	if (dependents != NULL)
	{
		finding->detail = psprintf("%s These objects depend on the id: %s.", finding->detail, dependents);
		return;
	}
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
	if (rebuilt != NIL)
		mention_orm(finding, "ON DELETE CASCADE");
}

/*
 * needless_surrogate: a junction whose only column beside the pair is an id
 * that no foreign key references.
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
	finding->message = psprintf("%s of %s is not needed", id,
								quote_identifier(junction->table->name));
	finding->detail = psprintf("The pair (%s) identifies the rows, no foreign key references the id, and every write maintains the index of the id. An ORM may ask for the id by its name (Strapi, Django, ActiveRecord, Objection): change its model first.",
							   column_list(pair_columns(junction)));
	fix_surrogate(finding, junction, id);
}

/*
 * Does the column only say at which place of a list a link is, as the one that
 * junction.absorb keeps?  An integer called so.
 */
static bool
is_place(const ColumnFacts *column)
{
	static const char *const words[] = {"position", "ordinal", "sortorder"};
	Oid			type = getBaseType(column->type);
	char	   *name = squash_name(column->name);

	if (type != INT2OID && type != INT4OID && type != INT8OID)
		return false;
	for (int i = 0; i < lengthof(words); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

/*
 * Returns the names of the columns beside the pair, without created and updated
 * stamps, and without the place in a list.
 */
static List *
data_columns(const Junction *junction)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, junction->own_columns)
		if (!is_stamp(column) && !is_place(column))
			names = lappend(names, column->name);
	return names;
}

/* Does a foreign key reference the pair? */
static bool
is_pair_referenced(const Junction *junction)
{
	return junction->pair_key != NULL && list_member_oid(junction->table->referenced, junction->pair_key->oid);
}

/*
 * Has a junction with a pair key become more than a link: does it have data
 * beside the pair, or does a foreign key reference the pair?  Then it should have
 * a primary key of its own, by junction.promote.
 */
bool
has_grown(const Junction *junction)
{
	return data_columns(junction) != NIL || is_pair_referenced(junction);
}

/*
 * promotion_due: the pair is the primary key, or will be, of a junction that
 * has_grown().
 */
void
rule_promotion_due(const Rule *rule, const Junction *junction, Findings *findings)
{
	Finding    *finding;
	List	   *names;
	bool		referenced;

	/* a declared junction without any key becomes a payload by missing_pair_key's fix */
	if (!(junction->kind == JUNCTION_UNKEYED ? junction->primary_key == NULL :
		  (junction->kind == JUNCTION_PURE || junction->kind == JUNCTION_PAYLOAD) &&
		  junction->pair_key->primary) || !has_grown(junction))
		return;
	names = data_columns(junction);
	referenced = is_pair_referenced(junction);
	finding = add_finding(rule, junction, names, findings);
	foreach_ptr(ColumnFacts, column, junction->own_columns)
	{
		if (!column->begun)
			continue;
		finding->message = psprintf("a promotion of %s is under way", quote_identifier(junction->table->name));
		finding->detail = psprintf("Its id is %s. If nobody is at work on it, finish it with CALL junction.promote_concurrently, or undo it with junction.demote.",
								   quote_identifier(column->name));
		return;
	}
	finding->message = psprintf("%s should be promoted to an entity",
								quote_identifier(junction->table->name));
	finding->detail = psprintf("It %s%s%s; junction.promote gives it an id and a name.",
							   names ? psprintf("has columns beside the pair (%s)", column_list(names)) : "",
							   names && referenced ? ", and " : "",
							   referenced ? "is referenced by a foreign key" : "");
}

/*
 * Add the finding of an entity that has the conventional name of a junction.
 */
static void
not_yet_named(const Rule *rule, const Junction *junction, Findings *findings)
{
	Finding    *finding = add_finding(rule, junction, NIL, findings);

	finding->message = psprintf("%s is an entity with the name of a junction",
								quote_identifier(junction->table->name));
	finding->detail = pstrdup("It has an id of its own; name it by the noun that its users have for it.");
}

/*
 * Add the finding of a junction without the conventional name, unless that name
 * is taken.  There is no fix: to rename the table is easy, but the application
 * that asks for it by its name, or an ORM that makes the missing table again,
 * would lose the links.
 */
static void
named_otherwise(const Rule *rule, const Junction *junction, char *name, Findings *findings)
{
	Finding    *finding;

	/* if several tables link the same parents, only one can have this name */
	if (OidIsValid(get_relname_relid(name, junction->table->namespace)) ||
		is_name_taken(findings->names, name))
		return;
	take_name(findings->names, name);
	finding = add_finding(rule, junction, NIL, findings);
	finding->message = psprintf("%s is not named after its parents",
								quote_identifier(junction->table->name));
	finding->detail = psprintf("By convention, a junction without columns of its own is named after its parents: %s. Rename the table only together with the applications that use it.",
							   quote_identifier(name));
}

/*
 * name: a junction without columns of its own has neither the conventional name
 * nor one that an ORM would give it, or an entity has the conventional name.  A
 * relation of a table to itself has no conventional name.
 */
void
rule_misnamed(const Rule *rule, const Junction *junction, Findings *findings)
{
	bool		declared = junction->kind == JUNCTION_UNKEYED && junction->table->declared;
	bool		entity = (junction->kind == JUNCTION_ENTITY ||
						  (declared && junction->primary_key != NULL)) &&
		!has_needless_surrogate(junction);
	Endpoint   *left;
	Endpoint   *right;
	char	   *name;

	if (list_length(junction->endpoints) != 2 || junction->kind == JUNCTION_PAYLOAD ||
		junction->kind == JUNCTION_TEMPORAL ||
		(declared && junction->primary_key == NULL && junction->own_columns != NIL))
		return;
	left = linitial(junction->endpoints);
	right = lsecond(junction->endpoints);
	if (left->key->parent == right->key->parent ||
		left->key->parent_table == NULL || right->key->parent_table == NULL)
		return;
	name = junction_name_of(findings->database, left->key->parent_table, right->key->parent_table);
	if (entity && strcmp(name, junction->table->name) == 0)
		not_yet_named(rule, junction, findings);
	else if (!entity && strcmp(name, junction->table->name) != 0 &&
			 !is_orm_name(junction->table, left->key->parent_table, right->key->parent_table))
		named_otherwise(rule, junction, name, findings);
}

/*
 * inherited: tables inherit from a junction; its keys and foreign keys do not
 * apply to them.
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
	finding->detail = pstrdup("Its keys and foreign keys do not apply to them: they can hold a pair again, and links to rows that do not exist.");
}
