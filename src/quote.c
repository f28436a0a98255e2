/*
 * quote.c
 *		Pieces of SQL text: names, lists of names, types, locks.
 *
 * Every name that goes into a statement comes through here, quoted, and
 * qualified by its schema, so that no search_path turns it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "junction.h"

/*
 * "schema.table", for a statement.  The caller has locked the table.
 */
char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/*
 * "schema.name" for what stands, or is to stand, beside a table: the table
 * itself by a new name, an index of it.
 */
char *
qualified_beside(const TableFacts *table, const char *name)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(table->namespace), name);
}

/*
 * A table's name for a message, which puts it in quotes: with its schema only
 * where it is needed.  The table need not be locked: the OID if it is gone.
 */
char *
display_name(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	char	   *name;
	char	   *schema;

	if (!HeapTupleIsValid(tuple))
		return psprintf("%u", relid);
	name = pstrdup(NameStr(((Form_pg_class) GETSTRUCT(tuple))->relname));
	schema = get_namespace_name_or_temp(((Form_pg_class) GETSTRUCT(tuple))->relnamespace);
	ReleaseSysCache(tuple);
	if (schema == NULL || RelnameGetRelid(name) == relid)
		return name;
	return psprintf("%s.%s", schema, name);
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
 * A type as SQL.  What is not PostgreSQL's own is qualified always, as the
 * statement may be run under another search_path than this one; its own are
 * where this search_path has another of the name in front.
 */
char *
type_text(Oid type, int32 typmod)
{
	bits16		flags = FORMAT_TYPE_TYPEMOD_GIVEN;
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
 * The type of a column that is to hold the same values: "text COLLATE s.c"
 */
char *
column_type(const ColumnFacts *column)
{
	char	   *type = type_text(column->type, column->typmod);
	HeapTuple	tuple;
	Form_pg_collation collation;
	char	   *result;

	if (!OidIsValid(column->collation) || column->collation == get_typcollation(column->type))
		return type;

	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(column->collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", column->collation);
	collation = (Form_pg_collation) GETSTRUCT(tuple);
	result = psprintf("%s COLLATE %s", type,
					  quote_qualified_identifier(get_namespace_name(collation->collnamespace),
												 NameStr(collation->collname)));
	ReleaseSysCache(tuple);
	return result;
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
 * A table lock in the words of the manual: "ACCESS EXCLUSIVE on memberships",
 * the name as regclass prints it.
 */
char *
lock_on(const char *mode, Oid relid)
{
	return psprintf("%s on %s", mode, RelationIsVisible(relid) ?
					quote_identifier(get_rel_name(relid)) : qualified_name(relid));
}

/*
 * Add the same lock on all that inherits from a table, or is a part of it.
 */
void
append_locks_below(StringInfo buf, const char *mode, Oid relid)
{
	foreach_oid(below, find_all_inheritors(relid, NoLock, NULL))
		if (below != relid)
			appendStringInfo(buf, ", %s", lock_on(mode, below));
}

/*
 * The same lock on a table and, if it is partitioned, on all its partitions.
 */
char *
lock_on_all(const char *mode, const TableFacts *table)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, lock_on(mode, table->oid));
	if (table->kind == RELKIND_PARTITIONED_TABLE)
		append_locks_below(&buf, mode, table->oid);
	return buf.data;
}

/*
 * The elements of a text[] argument as a list of strings.
 */
List *
text_array_to_list(ArrayType *array, const char *argument)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	List	   *list = NIL;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be a one-dimensional array", argument)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" must not contain null elements", argument)));
		list = lappend(list, TextDatumGetCString(elements[i]));
	}
	return list;
}

bool
list_has_name(List *names, const char *name)
{
	foreach_ptr(char, other, names)
		if (strcmp(other, name) == 0)
			return true;
	return false;
}

bool
same_names(List *left, List *right)
{
	if (list_length(left) != list_length(right))
		return false;
	for (int i = 0; i < list_length(left); i++)
		if (strcmp(list_nth(left, i), list_nth(right, i)) != 0)
			return false;
	return true;
}

static bool
is_word_character(char c)
{
	return IS_HIGHBIT_SET(c) || isalnum((unsigned char) c) || c == '_' || c == '$';
}

/*
 * Does a text, of a function say, hold the name as a whole word, in whatever case?
 */
bool
holds_word(const char *body, const char *name)
{
	size_t		length = strlen(name);
	unsigned char first = pg_tolower((unsigned char) name[0]);

	for (const char *place = body; *place != '\0'; place++)
		if (pg_tolower((unsigned char) *place) == first &&
			pg_strncasecmp(place, name, length) == 0 &&
			(place == body || !is_word_character(place[-1])) &&
			!is_word_character(place[length]))
			return true;
	return false;
}
