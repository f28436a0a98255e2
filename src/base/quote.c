/*
 * quote.c
 *		Pieces of SQL text: names, lists of names, types, operators.
 *
 * Every name that goes into a statement comes through here, quoted, and
 * qualified by its schema, so that no search_path turns it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"

/*
 * Say that a relation has gone: 42P01.  name: what it was called, or null where
 * that was never known.
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
 * A relation's name and schema; false if it is gone, or its schema is.
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
 * Is a name without a schema the name of this relation?  RelationIsVisible()
 * fails where that is gone.
 */
static bool
is_visible(Oid relid, const char *name)
{
	return RelnameGetRelid(name) == relid;
}

/*
 * "schema.table", for a statement.  42P01 if it is gone, which it cannot be
 * where the caller has locked it.
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
 * A table's name for a message, which puts it in quotes: with its schema only
 * where it is needed; its number if it is gone.
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
 * A table's name for a text that is read as SQL, quoted, and with its schema only
 * where it is needed, as regclass prints it; null if it is gone.
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
 * "a, b, c"
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
 * "'a', 'b', 'c'"
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
 * "'value'::pg_catalog.text": an argument of a call of ours.  The owner of the
 * database may add functions to the schema junction; an argument of the exact
 * type leaves none of them a better match.
 */
char *
typed_literal(const char *value, const char *type)
{
	return psprintf("%s::pg_catalog.%s", quote_literal_cstr(value), type);
}

/*
 * A type as SQL.  What is not PostgreSQL's own is qualified always, as the
 * statement may be run under another search_path than this one; its own are
 * where this search_path has another of the name in front.
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
 * "OPERATOR(pg_catalog.<)"
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
 * The name of the schema of a table that is locked.
 */
char *
schema_name(Oid relid)
{
	return get_namespace_name_or_temp(get_rel_namespace(relid));
}
