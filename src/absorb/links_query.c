/*
 * links_query.c
 *		Builds the queries that read links out of the source's columns.
 *
 * The relation that a query reads is an argument: the source itself, or a
 * transition table with its columns.  The columns of the queries are named by
 * their place: left_1 is the first column of the source's key, value_1 the
 * value, or the first of a composite foreign key, and place the position of the
 * value in its row, from 1.
 *
 * Names are qualified and operators are those of the parent's unique index, so
 * that the search_path of whoever runs the query does not matter.  Builds text
 * only.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns a table as a FROM item: "ONLY public.invoices".  A foreign key sees
 * the rows of partitions, and not those of inheritance children.
 */
char *
source_relation(const TableFacts *table)
{
	return psprintf("%s%s", table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					qualified_name(table->oid));
}

/*
 * Returns one column of the source: source.tag_ids
 */
static char *
source_column(const ColumnFacts *column)
{
	return psprintf("source.%s", quote_identifier(column->name));
}

/*
 * Returns the call that makes rows of a column's values:
 *
 *	pg_catalog.unnest(source.tag_ids)
 *	pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof(...) ... END)
 *	pg_catalog.string_to_table(CAST(source.tags AS text), ',')
 */
static char *
unnest_text(const Absorption *absorption)
{
	char	   *column = source_column(linitial(absorption->columns));
	const char *prefix;

	switch (absorption->form)
	{
		case SOURCE_ARRAY:
			return psprintf("pg_catalog.unnest(%s)", column);
		case SOURCE_JSON:
			/* a json null is no array, and no values */
			prefix = getBaseType(((ColumnFacts *) linitial(absorption->columns))->type) == JSONBOID ? "jsonb" : "json";
			return psprintf("pg_catalog.%s_array_elements_text(CASE WHEN pg_catalog.%s_typeof(%s) OPERATOR(pg_catalog.=) 'array' THEN %s END)",
							prefix, prefix, column, column);
		case SOURCE_DELIMITED:
			return psprintf("pg_catalog.string_to_table(CAST(%s AS pg_catalog.text), %s)",
							column, typed_literal(absorption->separator, "text"));
		default:
			elog(ERROR, "form %d has one value in a column", (int) absorption->form);
	}
}

/*
 * Returns "(source.tag1, 1), (source.tag2, 2)".
 */
static char *
numbered_rows(const Absorption *absorption)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(ColumnFacts, column, absorption->columns)
		appendStringInfo(&buf, "%s(%s, %d)", buf.len ? ", " : "", source_column(column),
						 foreach_current_index(column) + 1);
	return buf.data;
}

/*
 * Returns the query of the values as the source has them:
 *
 *	SELECT source.id AS left_1, pg_catalog.unnest(source.tag_ids) AS raw_1
 *	FROM ONLY public.invoices AS source
 *
 * or, if the place is asked for,
 *
 *	SELECT source.id AS left_1, item.raw AS raw_1, item.place
 *	FROM ONLY public.invoices AS source CROSS JOIN LATERAL
 *	pg_catalog.unnest(source.tag_ids) WITH ORDINALITY AS item (raw, place)
 *
 * The first form needs no tuplestore for each row, and takes half the time.
 */
static char *
raw_query(const Absorption *absorption, const char *relation)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT ");
	foreach_ptr(ColumnFacts, column, absorption->junction.left.parent.own)
		appendStringInfo(&buf, "%s AS left_%d, ", source_column(column), foreach_current_index(column) + 1);
	if (absorption->form == SOURCE_FOREIGN_KEY || list_length(absorption->columns) == 1)
	{
		bool		one = absorption->form == SOURCE_FOREIGN_KEY || absorption->form == SOURCE_COLUMNS;

		if (!one && !absorption->ordered)
		{
			appendStringInfo(&buf, "%s AS raw_1 FROM %s AS source", unnest_text(absorption), relation);
			return buf.data;
		}
		if (!one)
		{
			appendStringInfo(&buf, "item.raw AS raw_1, item.place FROM %s AS source CROSS JOIN LATERAL %s WITH ORDINALITY AS item (raw, place)",
							 relation, unnest_text(absorption));
			return buf.data;
		}
		foreach_ptr(ColumnFacts, column, absorption->columns)
			appendStringInfo(&buf, "%s AS raw_%d, ", source_column(column), foreach_current_index(column) + 1);
		appendStringInfo(&buf, "1 AS place FROM %s AS source", relation);
		return buf.data;
	}
	appendStringInfo(&buf, "item.raw AS raw_1, item.place FROM %s AS source CROSS JOIN LATERAL (VALUES %s) AS item (raw, place)",
					 relation, numbered_rows(absorption));
	return buf.data;
}

/*
 * Returns a value as the parent's column has it: normalized, and of the base
 * type and the collation of the column, so that equal means what the unique
 * index means by it.
 *
 *	CAST(pg_catalog.lower(element.raw_1) AS text) COLLATE pg_catalog."default"
 */
static char *
value_text(const Absorption *absorption, int place)
{
	const MatchColumn *match = list_nth(absorption->match, place);
	Oid			type = getBaseType(match->column->type);
	char	   *value = psprintf("element.raw_%d", place + 1);

	if (absorption->trim || absorption->lower)
		value = psprintf("CAST(%s AS pg_catalog.text)", value);
	if (absorption->trim)
		value = psprintf("pg_catalog.btrim(%s, E' \\t\\r\\n')", value);
	if (absorption->lower)
		value = psprintf("pg_catalog.lower(%s)", value);
	if (absorption->trim || absorption->form == SOURCE_DELIMITED)
		value = psprintf("CASE WHEN %s OPERATOR(pg_catalog.<>) '' THEN %s END", value, value);
	if (type != absorption->type || absorption->trim || absorption->lower)
		value = psprintf("CAST(%s AS %s)", value, type_text(type, -1));
	if (OidIsValid(match->column->collation))
		value = psprintf("%s COLLATE %s", value, collation_text(match->column->collation));
	return value;
}

/*
 * Returns the query of all values, nulls and duplicates included:
 *
 *	SELECT element.left_1, element.raw_1 AS value_1[, element.place]
 *	FROM (...) AS element
 */
char *
elements_query(const Absorption *absorption, const char *relation)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT ");
	for (int i = 1; i <= list_length(absorption->junction.left.parent.own); i++)
		appendStringInfo(&buf, "element.left_%d, ", i);
	for (int i = 0; i < list_length(absorption->match); i++)
		appendStringInfo(&buf, "%s%s AS value_%d", i ? ", " : "", value_text(absorption, i), i + 1);
	if (absorption->ordered)
		appendStringInfoString(&buf, ", element.place");
	appendStringInfo(&buf, "\n    FROM (%s) AS element", raw_query(absorption, relation));
	return buf.data;
}

/*
 * Returns the condition that a row of the parent is the value's:
 *
 *	parent.slug OPERATOR(pg_catalog.=) link.value_1
 */
char *
match_condition(const Absorption *absorption)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(MatchColumn, match, absorption->match)
		appendStringInfo(&buf, "%sparent.%s %s link.value_%d", buf.len ? " AND " : "",
						 quote_identifier(match->column->name), operator_text(match->equality),
						 foreach_current_index(match) + 1);
	return buf.data;
}

/*
 * Returns the condition that there is a value: "link.value_1 IS NOT NULL"
 */
char *
present_condition(const Absorption *absorption)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 1; i <= list_length(absorption->match); i++)
		appendStringInfo(&buf, "%slink.value_%d IS NOT NULL", i > 1 ? " AND " : "", i);
	return buf.data;
}

/*
 * Returns "link.left_1", or with values "link.value_1", all of them.
 */
char *
element_columns(const Absorption *absorption, bool values)
{
	int			count = values ? list_length(absorption->match) :
		list_length(absorption->junction.left.parent.own);
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 1; i <= count; i++)
		appendStringInfo(&buf, "%slink.%s_%d", i > 1 ? ", " : "", values ? "value" : "left", i);
	return buf.data;
}

/*
 * Returns the place, from 1, of the value that is this column of the parent's
 * key; 0 if none is.
 */
static int
value_of_key(const Absorption *absorption, const ColumnFacts *column)
{
	foreach_ptr(MatchColumn, match, absorption->match)
		if (match->column->attnum == column->attnum)
			return foreach_current_index(match) + 1;
	return 0;
}

/*
 * Are the values the parent's key, so that no look-up is needed?
 */
bool
values_are_key(const Absorption *absorption)
{
	foreach_ptr(ColumnFacts, column, absorption->junction.right.parent.own)
		if (value_of_key(absorption, column) == 0)
			return false;
	return true;
}

/*
 * Returns the columns of the parent's key: parent.id, or the values themselves,
 * as the column has them.
 */
static char *
right_columns(const Absorption *absorption, bool join)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(ColumnFacts, column, absorption->junction.right.parent.own)
		if (join)
			appendStringInfo(&buf, "%sparent.%s", buf.len ? ", " : "", quote_identifier(column->name));
		else
			appendStringInfo(&buf, "%s%s", buf.len ? ", " : "",
							 as_column_type(psprintf("link.value_%d", value_of_key(absorption, column)),
											getBaseType(column->type), -1, column->collation, column));
	return buf.data;
}

/*
 * Returns the query of the links: the source's key, the parent's, and the
 * position if it is asked for.
 *
 *	SELECT link.left_1, parent.id
 *	FROM (...) AS link
 *	JOIN ONLY public.tags AS parent ON parent.slug OPERATOR(pg_catalog.=) link.value_1
 *	GROUP BY link.left_1, parent.id
 *
 * values: a query with the columns of elements_query().  join: look the parent's
 * rows up; without it, values_are_key().  distinct: a row may have a value twice.
 * The position is then that of the first.  nulls: a value may be null.
 */
char *
links_query(const Absorption *absorption, const char *values, bool join, bool distinct, bool nulls)
{
	char	   *pair = psprintf("%s, %s", element_columns(absorption, false),
								right_columns(absorption, join));
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "SELECT %s", pair);
	if (absorption->ordered)
		appendStringInfoString(&buf, distinct ? ", CAST(pg_catalog.min(link.place) AS pg_catalog.int4)" :
							   ", CAST(link.place AS pg_catalog.int4)");
	appendStringInfo(&buf, "\nFROM (%s) AS link", values);
	if (join)
		appendStringInfo(&buf, "\nJOIN %s AS parent ON %s",
						 source_relation(absorption->junction.right.parent.table),
						 match_condition(absorption));
	else if (nulls)
		appendStringInfo(&buf, "\nWHERE %s", present_condition(absorption));
	if (distinct)
		appendStringInfo(&buf, "\nGROUP BY %s", pair);
	return buf.data;
}
