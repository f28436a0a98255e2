/*
 * accessor_text.c
 *		Pieces of the text of accessors: names, conditions and parameters.
 *
 * In the bodies a link has the alias "link", and a row of a parent "parent".
 * Parameters are written by their numbers, so that no name of a column can hide
 * one.  Names are qualified, and operators are those of the foreign keys and of
 * the pair key: a body means the same under every search_path.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"

/*
 * Cuts a name at a character boundary to 63 bytes, in place.
 */
char *
clip_name(char *name)
{
	name[pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1)] = '\0';
	return name;
}

/*
 * Returns a name with this ending, of which the beginning is cut so that both
 * together fit 63 bytes.
 */
char *
name_with_ending(const char *name, const char *ending)
{
	char	   *start = pstrdup(name);

	start[pg_mbcliplen(start, strlen(start), NAMEDATALEN - 1 - strlen(ending))] = '\0';
	return psprintf("%s%s", start, ending);
}

/*
 * Returns a table as a FROM item: "ONLY public.invoice_tags".  Neither a key nor
 * a foreign key sees the rows of inheritance children.
 */
char *
link_relation(const TableFacts *table)
{
	return psprintf("%s%s", table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					qualified_name(table->oid));
}

/* Returns "link.tag_id". */
char *
column_of(const char *alias, const ColumnFacts *column)
{
	return psprintf("%s.%s", alias, quote_identifier(column->name));
}

/* Returns columns (AccessorColumn) of a table of this alias: "link.tenant_id, link.invoice_id" */
char *
columns_of(const char *alias, List *columns)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, columns)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", column_of(alias, column->column));
	return buf.data;
}

/*
 * Returns the links as a FROM item: the table, or if its pair key is partial, the
 * rows that the key is of.
 *
 *	(SELECT link.invoice_id, link.tag_id FROM ONLY public.invoice_tags AS link
 *	WHERE (link.deleted_at IS NULL)) AS link
 *
 * columns: AccessorColumn, those that the query uses.
 */
char *
live_links(const Accessors *accessors, List *columns, const char *alias)
{
	if (accessors->live == NULL)
		return psprintf("%s AS %s", link_relation(accessors->table), alias);
	return psprintf("(SELECT %s FROM %s AS link WHERE %s) AS %s", columns_of("link", columns),
					link_relation(accessors->table), accessors->live, alias);
}

/*
 * Returns the type in which an accessor takes and returns a column's values: no
 * domain, whose arrays an array of plain values would not fit.
 */
Oid
value_type(const ColumnFacts *column)
{
	return getBaseType(column->type);
}

/*
 * Returns what a value without a collation of its own is to have to be compared as
 * those of a column: " COLLATE pg_catalog.\"C\"", or an empty text.
 */
char *
collate_as(const ColumnFacts *column)
{
	return column->collation == get_typcollation(value_type(column)) ? "" :
		psprintf(" COLLATE %s", collation_text(column->collation));
}

/*
 * Returns the condition that a row is one of the links that are asked for:
 *
 *	link.invoice_id OPERATOR(pg_catalog.=) $1
 */
char *
fixed_condition(const Accessors *accessors, const char *alias)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, accessors->fixed)
		appendStringInfo(&buf, "%s%s %s $%d", buf.len ? " AND " : "",
						 column_of(alias, column->column), operator_text(column->equality),
						 foreach_current_index(column) + 1);
	return buf.data;
}

/*
 * Returns a value of a column of the junction, as it is compared with the parent's
 * column.
 */
char *
referencing_value(const AccessorColumn *column, const char *value)
{
	return as_referenced(value, column->column, column->parent->type, column->parent->collation, column->reference);
}

/*
 * Returns the condition that a link is one of a row of a parent.  row: an alias
 * or a parameter that is such a row; link: the alias of the link.
 *
 *	($1).id OPERATOR(pg_catalog.=) link.invoice_id
 */
char *
links_of_row(const AccessorEnd *end, const char *row, const char *link)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, end->columns)
		appendStringInfo(&buf, "%s%s %s %s", buf.len ? " AND " : "",
						 column_of(row, column->parent), operator_text(column->reference),
						 referencing_value(column, column_of(link, column->column)));
	return buf.data;
}

/*
 * Returns the condition that a row of a parent, "parent", is the one of the fixed
 * parameters; columns: AccessorColumn of its end.  Empty without columns that have
 * a parameter.
 *
 *	parent.id OPERATOR(pg_catalog.=) $1
 */
char *
given_row(const Accessors *accessors, List *columns)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, columns)
		foreach_ptr(AccessorColumn, fixed, accessors->fixed)
			if (fixed->column->attnum == column->column->attnum)
				appendStringInfo(&buf, "%s%s %s %s", buf.len ? " AND " : "",
								 column_of("parent", column->parent), operator_text(column->reference),
								 referencing_value(column, psprintf("$%d", foreach_current_index(fixed) + 1)));
	return buf.data;
}

/* Returns a function to be made, of which nothing is known but its name. */
AccessorFunction *
new_accessor(AccessorKind kind, char *name)
{
	AccessorFunction *function = palloc0(sizeof(AccessorFunction));

	function->kind = kind;
	function->name = clip_name(name);
	return function;
}

/* Does a function have a parameter of this name? */
static bool
has_parameter(const AccessorFunction *function, const char *name)
{
	foreach_ptr(AccessorParameter, parameter, function->parameters)
		if (parameter->name != NULL && strcmp(parameter->name, name) == 0)
			return true;
	return false;
}

/*
 * Adds a parameter.  A name that is in use gets a number; null for none.
 */
void
add_parameter(AccessorFunction *function, char *name, Oid type, bool optional)
{
	AccessorParameter *parameter = palloc0(sizeof(AccessorParameter));

	parameter->name = name ? clip_name(pstrdup(name)) : NULL;
	for (int i = 1; name != NULL && has_parameter(function, parameter->name); i++)
		parameter->name = name_with_ending(name, psprintf("_%d", i));
	parameter->type = type;
	parameter->optional = optional;
	function->parameters = lappend(function->parameters, parameter);
}

/* Adds the parameters that lead to the links of a row: invoice_id integer */
void
add_fixed_parameters(AccessorFunction *function, const Accessors *accessors)
{
	foreach_ptr(AccessorColumn, column, accessors->fixed)
		add_parameter(function, column->column->name, value_type(column->column), false);
}

/*
 * Adds a parameter that is an array of a column's values; returns its number.
 */
int
add_array_parameter(AccessorFunction *function, char *name, const ColumnFacts *column, bool optional)
{
	add_parameter(function, name, get_array_type(value_type(column)), optional);
	return list_length(function->parameters);
}
