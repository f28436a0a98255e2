/*
 * count_links.c
 *		Counts what the source's rows hold, refuses rows that cannot be
 *		absorbed, and tells what becomes no link.
 *
 * The queries run as the source's owner in a security-restricted operation
 * (statement/owner.c).  The caller may read all rows of both tables, which has
 * been checked, and holds a lock on the source that keeps writers off, unless
 * this is a dry run.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "statement/statement.h"

/* How many missing values the error shows */
#define SHOWN_VALUES 10

/*
 * Returns the condition that a row's column does not hold what the form expects;
 * null if it cannot.
 *
 *	pg_catalog.array_ndims(source.tag_ids) OPERATOR(pg_catalog.>) 1
 *
 * and for json, that it is neither an array nor null, or has elements that are
 * arrays or objects themselves.
 */
static char *
misfit_condition(const Absorption *absorption)
{
	const ColumnFacts *first = linitial(absorption->columns);
	char	   *column = psprintf("source.%s", quote_identifier(first->name));
	const char *prefix = getBaseType(first->type) == JSONBOID ? "jsonb" : "json";
	char	   *kind = psprintf("pg_catalog.%s_typeof(%s)", prefix, column);

	if (absorption->form == SOURCE_ARRAY)
		return psprintf("pg_catalog.array_ndims(%s) OPERATOR(pg_catalog.>) 1", column);
	if (absorption->form != SOURCE_JSON)
		return NULL;
	return psprintf("(%s OPERATOR(pg_catalog.<>) 'array' AND %s OPERATOR(pg_catalog.<>) 'null') OR EXISTS ("
					"SELECT FROM pg_catalog.%s_array_elements(CASE WHEN %s OPERATOR(pg_catalog.=) 'array' THEN %s END) AS item (value) "
					"WHERE pg_catalog.%s_typeof(item.value) OPERATOR(pg_catalog.=) ANY (ARRAY['array', 'object']))",
					kind, kind, prefix, kind, column, prefix);
}

/*
 * Refuse rows whose column does not hold a flat list: 22023.
 */
static void
check_misfits(const Absorption *absorption)
{
	char	   *condition = misfit_condition(absorption);
	int64		count;

	if (condition == NULL)
		return;
	select_counts(psprintf("SELECT pg_catalog.count(*) FROM %s AS source WHERE %s",
						   source_relation(absorption->table), condition), &count, 1);
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 absorption->form == SOURCE_ARRAY ?
				 errmsg("\"%s\" of \"%s\" holds arrays of several dimensions",
						(char *) linitial(absorption->names), display_name(absorption->source)) :
				 errmsg("\"%s\" of \"%s\" does not hold arrays of scalars alone",
						(char *) linitial(absorption->names), display_name(absorption->source)),
				 errdetail_plural("%lld row has another value.", "%lld rows have other values.",
								  count, (long long) count)));
}

/*
 * Returns the condition that the parent has a row for the value, for a LEFT
 * JOIN: the key's columns are not null.
 */
static char *
found_condition(const Absorption *absorption)
{
	ColumnFacts *column = linitial(absorption->junction.right.parent.own);

	return psprintf("parent.%s IS NOT NULL", quote_identifier(column->name));
}

/*
 * Returns the FROM clause of the counts: each distinct (row, value) once, with
 * the number of times it is there, and its parent's row.
 *
 *	FROM (SELECT link.left_1, link.value_1, pg_catalog.count(*) AS times
 *		FROM (...) AS link GROUP BY link.left_1, link.value_1) AS link
 *	LEFT JOIN ONLY public.tags AS parent ON ...
 */
static char *
counted_links(const Absorption *absorption)
{
	char	   *columns = psprintf("%s, %s", element_columns(absorption, false),
								   element_columns(absorption, true));

	return psprintf("FROM (SELECT %s, pg_catalog.count(*) AS times FROM (%s) AS link GROUP BY %s) AS link "
					"LEFT JOIN %s AS parent ON %s", columns,
					elements_query(absorption, source_relation(absorption->table)), columns,
					source_relation(absorption->junction.right.parent.table),
					match_condition(absorption));
}

/*
 * Returns the first of the missing values as text: "rust, go".
 */
static char *
first_missing(const Absorption *absorption, const char *links, const char *missing)
{
	StringInfoData value;

	initStringInfo(&value);
	for (int i = 1; i <= list_length(absorption->match); i++)
		appendStringInfo(&value, "%sCAST(link.value_%d AS pg_catalog.text)", i > 1 ? ", " : "", i);
	return select_text(psprintf("SELECT pg_catalog.string_agg(shown.value, ', ' ORDER BY shown.value) FROM ("
								"SELECT DISTINCT pg_catalog.concat_ws(':', %s) AS value %s WHERE %s ORDER BY 1 LIMIT %d) AS shown",
								value.data, links, missing, SHOWN_VALUES));
}

/*
 * Refuse values that the parent does not have: 23503, with their number, that of
 * the rows, and the first of them.
 */
static void
raise_missing(const Absorption *absorption)
{
	char	   *links = counted_links(absorption);
	char	   *missing = psprintf("%s AND NOT (%s)", present_condition(absorption),
								   found_condition(absorption));
	int64		values;
	int64		rows;

	select_counts(psprintf("SELECT pg_catalog.count(*) FROM (SELECT DISTINCT %s %s WHERE %s) AS missing",
						   element_columns(absorption, true), links, missing), &values, 1);
	select_counts(psprintf("SELECT pg_catalog.count(*) FROM (SELECT DISTINCT %s %s WHERE %s) AS missing",
						   element_columns(absorption, false), links, missing), &rows, 1);
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg_plural("\"%s\" has no row for %lld value of \"%s\"",
						   "\"%s\" has no row for %lld values of \"%s\"", values,
						   display_name(absorption->parent), (long long) values,
						   display_name(absorption->source)),
			 errdetail_plural("%lld row has such a value. %s: %s.", "%lld rows have such values. %s: %s.",
							  rows, (long long) rows, values > SHOWN_VALUES ? "The first ten are" : "They are",
							  first_missing(absorption, links, missing)),
			 errhint("Use missing => 'insert' to add them to the parent, or missing => 'discard' to leave them out.")));
}

/*
 * Sets the counts by one query:
 *
 *	SELECT elements, nulls, pairs, missing FROM (each distinct (row, value) once)
 */
static void
group_links(Absorption *absorption)
{
	char	   *present = present_condition(absorption);
	int64		counts[4];

	select_counts(psprintf("SELECT CAST(COALESCE(pg_catalog.sum(link.times), 0) AS pg_catalog.int8), "
						   "CAST(COALESCE(pg_catalog.sum(link.times) FILTER (WHERE NOT (%s)), 0) AS pg_catalog.int8), "
						   "pg_catalog.count(*) FILTER (WHERE %s), "
						   "pg_catalog.count(*) FILTER (WHERE %s AND NOT (%s)) %s",
						   present, present, present, found_condition(absorption),
						   counted_links(absorption)), counts, 4);
	absorption->counts = (LinkCounts) {counts[0], counts[1], counts[2], counts[3]};
}

/*
 * Sets the counts.  Refuses misfits (22023), and missing values unless they are
 * inserted or discarded (23503).
 */
void
count_links(Absorption *absorption)
{
	int64		deep = 0;
	OwnerRole	role;

	become_owner(&role, absorption->source);
	if (!reads_arrays(absorption))
		check_misfits(absorption);
	if (!count_values(absorption, &absorption->counts, &deep))
	{
		if (reads_arrays(absorption))
			check_misfits(absorption);
		group_links(absorption);
	}
	else if (deep > 0)
		check_misfits(absorption);
	if (absorption->counts.missing > 0 && absorption->missing == MISSING_ERROR)
		raise_missing(absorption);
	become_caller(&role);
}

/*
 * Tell in NOTICEs how many elements of the source make no link, and why.
 */
void
notice_counts(const Absorption *absorption)
{
	const LinkCounts *counts = &absorption->counts;
	int64		duplicates = counts->elements - counts->nulls - counts->pairs;
	const char *source = display_name(absorption->source);

	if (absorption->missing == MISSING_DISCARD && counts->missing > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld link is left out, to a value that \"%s\" does not have",
							   "%lld links are left out, to values that \"%s\" does not have",
							   counts->missing, (long long) counts->missing,
							   display_name(absorption->parent))));
	if (duplicates > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld value of (%s) of \"%s\" is in its row already",
							   "%lld values of (%s) of \"%s\" are in their rows already",
							   duplicates, (long long) duplicates,
							   column_list(absorption->names), source)));
	/* an empty column of several, or a foreign key that is null, is no news */
	if (counts->nulls > 0 && absorption->form != SOURCE_COLUMNS && absorption->form != SOURCE_FOREIGN_KEY)
		ereport(NOTICE,
				(errmsg_plural("%lld null in (%s) of \"%s\" makes no link",
							   "%lld nulls in (%s) of \"%s\" make no link",
							   counts->nulls, (long long) counts->nulls,
							   column_list(absorption->names), source)));
}
