/*
 * accessor_matching.c
 *		Builds the accessor "matching": the rows of one end that are linked to
 *		all, to any, or to none of some rows of the other.
 *
 * What is fastest depends on how many links each of the given values has, which
 * the planner knows of values that it sees.  So the query has a branch for each
 * number of values up to BRANCHES, in which each value is a join of its own, and one
 * for more, which counts.  The planner has the query in place of the call, and a
 * call with constants leaves one branch: in the others a value is null, or a
 * condition is false.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/* The most values in "all_of" that are a join each */
#define BRANCHES	5

/* The numbers of the parameters, and pieces that all branches have */
typedef struct Matching
{
	const Accessors *accessors;
	const AccessorColumn *column;	/* of the junction, to the right */
	List	   *columns;		/* AccessorColumn that the query uses */
	int			all;
	int			any;
	int			none;
	char	   *rest;			/* the conditions of none_of and of the fixed
								 * parameters, each behind " AND " */
} Matching;

/*
 * Refuse an end of several columns, whose values one array cannot hold: 0A000.
 */
void
check_matching(const Accessors *accessors)
{
	if (list_length(accessors->right.own) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the accessor \"matching\" takes an end of one column"),
				 errdetail("\"%s\" has an end of %d columns.", display_name(accessors->table->oid),
						   list_length(accessors->right.own))));
}

/*
 * Returns the condition that a row has a link to one of an array: "EXISTS (SELECT
 * FROM ... WHERE parent.id = link.invoice_id AND link.tag_id = ANY ($2))"
 *
 * A null array has no link, which the planner must see to join nothing for it.
 */
static char *
linked_to_any(const Matching *matching, int parameter)
{
	return psprintf("EXISTS (SELECT FROM %s WHERE $%d IS NOT NULL AND %s AND %s %s ANY ($%d))",
					live_links(matching->accessors, matching->columns, "link"), parameter,
					links_of_row(&matching->accessors->left, "parent", "link"),
					column_of("link", matching->column->column),
					operator_text(matching->column->equality), parameter);
}

/*
 * Returns the condition that all_of has this many values, which are numbered from
 * 1; with 0 that it has none; or with -1 that it is for the branch that counts.
 */
static char *
count_condition(const Matching *matching, int count)
{
	if (count == 0)
		return psprintf("COALESCE(pg_catalog.cardinality($%d), 0) OPERATOR(pg_catalog.=) 0", matching->all);
	if (count > 0)
		return psprintf("pg_catalog.array_ndims($%d) OPERATOR(pg_catalog.=) 1 AND pg_catalog.array_lower($%d, 1) OPERATOR(pg_catalog.=) 1 AND pg_catalog.cardinality($%d) OPERATOR(pg_catalog.=) %d",
						matching->all, matching->all, matching->all, count);
	return psprintf("pg_catalog.cardinality($%d) OPERATOR(pg_catalog.>) %d OR pg_catalog.array_ndims($%d) OPERATOR(pg_catalog.>) 1 OR pg_catalog.array_lower($%d, 1) OPERATOR(pg_catalog.<>) 1",
					matching->all, BRANCHES, matching->all, matching->all);
}

/*
 * Returns the branch for rows that all_of says nothing of.  any: any_of is given.
 */
static char *
branch_of_none(const Matching *matching, bool any)
{
	return psprintf("    SELECT parent.* FROM %s AS parent\n    WHERE %s AND %s%s%s\n",
					link_relation(matching->accessors->left.parent), count_condition(matching, 0),
					any ? "" : psprintf("$%d IS NULL", matching->any),
					any ? linked_to_any(matching, matching->any) : "", matching->rest);
}

/*
 * Returns the condition that a link is to the value with this number, in the
 * branch for count values:
 *
 *	link_1.tag_id OPERATOR(pg_catalog.=) CASE WHEN ... THEN ($1)[1] END
 */
static char *
linked_to_value(const Matching *matching, const char *alias, int number, int count)
{
	return psprintf("%s %s CASE WHEN %s THEN ($%d)[%d] END",
					column_of(alias, matching->column->column), operator_text(matching->column->equality),
					count_condition(matching, count), matching->all, number);
}

/*
 * Returns the branch in which each of count values is a join: the rows that are
 * linked to all.
 */
static char *
branch_of_joins(const Matching *matching, int count)
{
	const Accessors *accessors = matching->accessors;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "        SELECT %s FROM %s\n", columns_of("link_1", accessors->left.columns),
					 live_links(accessors, matching->columns, "link_1"));
	for (int i = 2; i <= count; i++)
	{
		char	   *alias = psprintf("link_%d", i);

		appendStringInfo(&buf, "        JOIN %s ON %s", live_links(accessors, matching->columns, alias),
						 linked_to_value(matching, alias, i, count));
		foreach_ptr(AccessorColumn, column, accessors->left.columns)
			appendStringInfo(&buf, " AND %s %s %s", column_of(alias, column->column),
							 operator_text(column->equality), column_of("link_1", column->column));
		appendStringInfoString(&buf, "\n");
	}
	appendStringInfo(&buf, "        WHERE %s\n", linked_to_value(matching, "link_1", 1, count));
	return buf.data;
}

/*
 * Returns the branch that counts how many of the values a row is linked to.  Its
 * condition stands outside of what is grouped: the planner drops a branch that is
 * false, but keeps a group of what is false, and with it no parallel plan.
 */
static char *
branch_of_counts(const Matching *matching)
{
	char	   *columns = columns_of("link", matching->accessors->left.columns);

	return psprintf("        SELECT counted.* FROM (SELECT %s FROM %s WHERE %s %s ANY ($%d)\n"
					"            GROUP BY %s HAVING pg_catalog.count(*) OPERATOR(pg_catalog.=) (\n"
					"                SELECT CASE WHEN pg_catalog.bool_and(given.value IS NOT NULL) THEN pg_catalog.count(DISTINCT given.value%s) END\n"
					"                FROM pg_catalog.unnest($%d) AS given (value))) AS counted\n"
					"        WHERE %s\n",
					columns, live_links(matching->accessors, matching->columns, "link"),
					column_of("link", matching->column->column),
					operator_text(matching->column->equality), matching->all, columns,
					collate_as(matching->column->column), matching->all, count_condition(matching, -1));
}

/*
 * Returns the body.  What is asked of any_of and none_of is there once for all
 * branches of all_of: each table costs planning, also where nothing is left of it.
 */
static char *
matching_body(const Matching *matching)
{
	const Accessors *accessors = matching->accessors;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s    UNION ALL\n%s    UNION ALL\n    SELECT parent.* FROM (\n",
					 branch_of_none(matching, false), branch_of_none(matching, true));
	for (int count = 1; count <= BRANCHES; count++)
		appendStringInfo(&buf, "%s        UNION ALL\n", branch_of_joins(matching, count));
	appendStringInfo(&buf, "%s    ) AS link JOIN %s AS parent ON %s\n    WHERE ($%d IS NULL OR %s)%s;\n",
					 branch_of_counts(matching), link_relation(accessors->left.parent),
					 links_of_row(&accessors->left, "parent", "link"), matching->any,
					 linked_to_any(matching, matching->any), matching->rest);
	return buf.data;
}

/*
 * Returns the function:
 *
 *	invoices_with_tags(all_of integer[] DEFAULT NULL, any_of ..., none_of ...)
 *	RETURNS SETOF public.invoices
 */
AccessorFunction *
matching_accessor(const Accessors *accessors)
{
	AccessorFunction *function = new_accessor(ACCESSOR_MATCHING,
											  psprintf("%s_with_%s", accessors->left.plural, accessors->right.plural));
	Matching	matching = {
		.accessors = accessors,
		.column = linitial(accessors->right.own),
		.columns = list_concat_copy(accessors->left.columns, accessors->right.own)
	};
	StringInfoData rest;

	foreach_ptr(AccessorColumn, column, accessors->fixed)
		if (!list_member_ptr(accessors->left.own, column))
			add_parameter(function, column->column->name, value_type(column->column), false);
	initStringInfo(&rest);
	foreach_ptr(AccessorColumn, column, accessors->left.columns)
		foreach_ptr(AccessorColumn, fixed, accessors->fixed)
			if (fixed->column == column->column && !list_member_ptr(accessors->left.own, fixed))
				appendStringInfo(&rest, " AND %s %s %s", column_of("parent", column->parent),
								 operator_text(column->reference),
								 referencing_value(column, psprintf("$%d", foreach_current_index(fixed) + 1)));
	matching.all = add_array_parameter(function, "all_of", matching.column->column, true);
	matching.any = add_array_parameter(function, "any_of", matching.column->column, true);
	matching.none = add_array_parameter(function, "none_of", matching.column->column, true);
	appendStringInfo(&rest, " AND NOT %s", linked_to_any(&matching, matching.none));
	matching.rest = rest.data;
	function->returns = psprintf("SETOF %s", qualified_name(accessors->left.parent->oid));
	function->attributes = "STABLE PARALLEL SAFE";
	function->body = matching_body(&matching);
	add_lock(&function->locks, accessors->table->oid, AccessShareLock);
	add_lock(&function->locks, accessors->left.parent->oid, AccessShareLock);
	return function;
}
