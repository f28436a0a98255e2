/*
 * quote.c
 *		Builds pieces of SQL text: names, lists of names, types, operators.
 *
 * Everything is quoted here.  Tables in a statement are qualified by their
 * schema (qualified_name), so that the statement means the same under every
 * search_path.  display_name() and regclass_name() are for people to read:
 * they leave the schema out where the search_path finds the table without it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"

/*
 * Raise the error that a relation does not exist: 42P01.  name: the name to
 * report, or null if it is not known; then the OID is reported.
 */
void
raise_gone(Oid relid, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 name ? errmsg("relation \"%s\" does not exist", name) :
			 errmsg("relation with OID %u does not exist", relid)));
}

/*
 * Look up the name of a relation and of its schema, as copies.  Returns false
 * if the relation or its schema has been dropped.
 */
static bool
find_names(Oid relid, char **schema, char **name)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			namespace;

	if (!HeapTupleIsValid(tuple))
		return false;
	*name = pstrdup(NameStr(((Form_pg_class) GETSTRUCT(tuple))->relname));
	namespace = ((Form_pg_class) GETSTRUCT(tuple))->relnamespace;
	ReleaseSysCache(tuple);
	*schema = get_namespace_name_or_temp(namespace);
	return *schema != NULL;
}

/*
 * Does this name without a schema mean this relation under the search_path?
 * Unlike RelationIsVisible(), this raises no error if the relation has been
 * dropped.
 */
bool
is_visible(Oid relid, const char *name)
{
	return RelnameGetRelid(name) == relid;
}

/*
 * Returns "schema.table", quoted, for a statement.  42P01 if the relation has
 * been dropped, which cannot be while the caller holds a lock on it.
 */
char *
qualified_name(Oid relid)
{
	char	   *schema;
	char	   *name;

	if (!find_names(relid, &schema, &name))
		raise_gone(relid, NULL);
	return quote_qualified_identifier(schema, name);
}

/*
 * Returns the name of a relation for a message, without quotes, as the message
 * adds them.  The schema is included only if the search_path does not find the
 * relation.  If the relation has been dropped, its OID is returned.
 */
char *
display_name(Oid relid)
{
	char	   *schema;
	char	   *name;

	if (!find_names(relid, &schema, &name))
		return psprintf("%u", relid);
	return is_visible(relid, name) ? name : psprintf("%s.%s", schema, name);
}

/*
 * Returns the name of a relation as regclass prints it: quoted, and with its
 * schema only if the search_path does not find the relation; null if the
 * relation has been dropped.
 */
char *
regclass_name(Oid relid)
{
	char	   *schema;
	char	   *name;

	if (!find_names(relid, &schema, &name))
		return NULL;
	return is_visible(relid, name) ? pstrdup(quote_identifier(name)) :
		quote_qualified_identifier(schema, name);
}

/*
 * Returns the names as quoted identifiers: "a, b, c"
 */
char *
column_list(List *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, names)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", quote_identifier(name));
	return buf.data;
}

/*
 * Returns the names as string literals: "'a', 'b', 'c'"
 */
char *
literal_list(List *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, names)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", quote_literal_cstr(name));
	return buf.data;
}

/*
 * Returns "'value'::pg_catalog.text", an argument for a call of one of our
 * functions.  The owner of the database can add functions to the schema
 * junction.  An argument of the exact type keeps each of these from being a
 * better match than ours.  type: a type of pg_catalog.
 */
char *
typed_literal(const char *value, const char *type)
{
	return psprintf("%s::pg_catalog.%s", quote_literal_cstr(value), type);
}

/*
 * Returns a type as SQL, with its modifier: "numeric(10,2)".  A type outside
 * of pg_catalog is always qualified, as the statement may be run under another
 * search_path than the present one.  A type of pg_catalog is qualified only
 * where the present search_path finds another type of that name first.
 */
char *
type_text(Oid type, int32 typmod)
{
	uint16		flags = FORMAT_TYPE_TYPEMOD_GIVEN;
	Oid			element = get_element_type(type);
	HeapTuple	tuple = SearchSysCache1(TYPEOID,
										ObjectIdGetDatum(OidIsValid(element) ? element : type));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	if (((Form_pg_type) GETSTRUCT(tuple))->typnamespace != PG_CATALOG_NAMESPACE)
		flags |= FORMAT_TYPE_FORCE_QUALIFY;
	ReleaseSysCache(tuple);
	return format_type_extended(type, typmod, flags);
}

/*
 * Returns an operator as SQL: "OPERATOR(pg_catalog.<)"
 */
char *
operator_text(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)",
					  quote_identifier(get_namespace_name(form->oprnamespace)),
					  NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Returns a collation as SQL, qualified: pg_catalog."C"
 */
char *
collation_text(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	result = quote_qualified_identifier(get_namespace_name(form->collnamespace),
										NameStr(form->collname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Returns the name of a table's schema, without quotes.  The caller has locked
 * the table.
 */
char *
schema_name(Oid relid)
{
	return get_namespace_name_or_temp(get_rel_namespace(relid));
}

/*
 * Returns a text between dollar signs with a tag that it does not hold: "$name$" or
 * "$name_1$".
 */
char *
dollar_quote(const char *text, const char *name)
{
	char	   *tag = psprintf("$%s$", name);

	for (int i = 1; strstr(text, tag) != NULL; i++)
		tag = psprintf("$%s_%d$", name, i);
	return psprintf("%s%s%s", tag, text, tag);
}

/* "CASCADE": action is one of FKCONSTR_ACTION_*. */
const char *
action_name(char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_CASCADE:
			return "CASCADE";
		case FKCONSTR_ACTION_RESTRICT:
			return "RESTRICT";
		case FKCONSTR_ACTION_SETNULL:
			return "SET NULL";
		case FKCONSTR_ACTION_SETDEFAULT:
			return "SET DEFAULT";
	}
	return "NO ACTION";
}

/*
 * " ON UPDATE CASCADE": event is "UPDATE" or "DELETE", action is one of
 * FKCONSTR_ACTION_*.  Returns "" for NO ACTION, the default.
 */
const char *
action_clause(const char *event, char action)
{
	return action == FKCONSTR_ACTION_NOACTION ? "" : psprintf(" ON %s %s", event, action_name(action));
}
