/*
 * count_dependencies.c
 *		Counts which ends of a multiway table decide which, and how many rows the
 *		join of its projections has.
 *
 * Each count is made of the rows as they were read into memory (end_rows.c), or
 * by a query if they are not there.
 *
 * As in count.c, the queries run as the table's owner in a security-restricted
 * operation, and the caller has called may_read_all() or check_reads_all().  A
 * null is no value: rows with a null in one of the columns that matter are left
 * out.  Partitions are counted with their table; inheritance children are not,
 * as they have keys of their own.
 *
 * Within the queries a column is called by its number, c1, so that no name of a
 * user's column can be taken for one of ours.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Appends "prefix.c1, prefix.c2".
 */
static void
append_numbered(StringInfo buf, const char *prefix, const Bitmapset *columns)
{
	int			attnum = -1;
	const char *comma = "";

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		appendStringInfo(buf, "%s%s.c%d", comma, prefix, attnum);
		comma = ", ";
	}
}

/*
 * Returns the rows that count, those without a null in some columns:
 *
 *	 FROM ONLY public.taggings AS link WHERE link.tag_id IS NOT NULL
 */
static char *
rows_without_nulls(const TableFacts *table, const Bitmapset *columns)
{
	StringInfoData buf;
	const char *before = " WHERE";

	initStringInfo(&buf);
	appendStringInfo(&buf, " FROM %s%s AS link", table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					 qualified_name(table->oid));
	foreach_ptr(char, name, nullable_columns(table, columns))
	{
		appendStringInfo(&buf, "%s link.%s IS NOT NULL", before, quote_identifier(name));
		before = " AND";
	}
	return buf.data;
}

/* Does the key keep each combination of values in these columns there once? */
static bool
is_kept_unique(const Junction *junction, const Bitmapset *columns)
{
	const IndexFacts *key = junction->pair_key;

	return key != NULL && is_whole_key(key) && !key->deferrable && bms_equal(key->column_set, columns);
}

/*
 * Returns the query for the distinct values of some columns, in the rows without
 * a null in an end:
 *
 *	SELECT DISTINCT link.invoice_id AS c1, link.tag_id AS c2
 *	FROM ONLY public.taggings AS link
 */
static char *
projection(const Junction *junction, const Bitmapset *columns)
{
	StringInfoData buf;
	int			attnum = -1;
	const char *comma = "";

	initStringInfo(&buf);
	appendStringInfoString(&buf, is_kept_unique(junction, columns) ? "SELECT" : "SELECT DISTINCT");
	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		appendStringInfo(&buf, "%s link.%s AS c%d", comma,
						 quote_identifier(find_column(junction->table, attnum)->name), attnum);
		comma = ",";
	}
	appendStringInfoString(&buf, rows_without_nulls(junction->table, junction->pair));
	return buf.data;
}

/*
 * Set a setting for the queries of count_all().
 */
static void
set_for_count(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * As select_counts(), as the table's owner, for a query that reads all rows.  It
 * may use as much memory as the build of an index may.  Joins are made in the
 * order of the query, as the planner has no statistics of projections.
 */
static void
count_all(const Junction *junction, const char *query, int64 *counts, int count)
{
	OwnerRole	role;
	int			level;

	become_owner(&role, junction->table->oid);
	level = NewGUCNestLevel();
	set_for_count("join_collapse_limit", "1");
	set_for_count("jit", "off");
	if (work_mem < maintenance_work_mem)
		set_for_count("work_mem", psprintf("%dkB", maintenance_work_mem));
	select_counts(query, counts, count);
	AtEOXact_GUC(false, level);
	become_caller(&role);
}

/*
 * Counts how a set of columns (determinant) decides another (dependent).
 * *exceptions: the number of values of the determinant that come with more than
 * one value of the dependent; *rows: the number of rows that were looked at.
 *
 *	SELECT pg_catalog.count(*) FILTER (WHERE value.n OPERATOR(pg_catalog.>) 1),
 *		COALESCE(pg_catalog.sum(value.rows), 0)::pg_catalog.int8
 *	FROM (SELECT pg_catalog.count(*) AS n, pg_catalog.sum(pair.rows) AS rows
 *		FROM (SELECT link.invoice_id AS c1, pg_catalog.count(*) AS rows
 *			FROM ONLY public.taggings AS link
 *			GROUP BY link.invoice_id, link.user_id) AS pair
 *		GROUP BY pair.c1) AS value
 */
void
count_exceptions(const Junction *junction, EndRows *read, const Bitmapset *determinant,
				 const Bitmapset *dependent, int64 *exceptions, int64 *rows)
{
	const TableFacts *table = junction->table;
	Bitmapset  *both = bms_union(determinant, dependent);
	StringInfoData query;
	int64		counts[2];
	int			attnum = -1;

	if (read != NULL)
	{
		count_read_exceptions(read, determinant, dependent, exceptions, rows);
		return;
	}
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT pg_catalog.count(*) FILTER (WHERE value.n OPERATOR(pg_catalog.>) 1), COALESCE(pg_catalog.sum(value.rows), 0)::pg_catalog.int8 FROM (SELECT pg_catalog.count(*) AS n, pg_catalog.sum(pair.rows) AS rows FROM (SELECT");
	while ((attnum = bms_next_member(determinant, attnum)) >= 0)
		appendStringInfo(&query, " link.%s AS c%d,",
						 quote_identifier(find_column(table, attnum)->name), attnum);
	appendStringInfo(&query, is_kept_unique(junction, both) ? " 1::pg_catalog.int8 AS rows" : " pg_catalog.count(*) AS rows");
	appendStringInfoString(&query, rows_without_nulls(table, both));
	if (!is_kept_unique(junction, both))
	{
		const char *before = " GROUP BY";

		attnum = -1;
		while ((attnum = bms_next_member(both, attnum)) >= 0)
		{
			appendStringInfo(&query, "%s link.%s", before,
							 quote_identifier(find_column(table, attnum)->name));
			before = ",";
		}
	}
	appendStringInfoString(&query, ") AS pair GROUP BY ");
	append_numbered(&query, "pair", determinant);
	appendStringInfoString(&query, ") AS value");
	count_all(junction, query.data, counts, 2);
	*exceptions = counts[0];
	*rows = counts[1];
}

/*
 * Returns the number of different combinations of ends that the rows hold.
 */
int64
count_combinations(const Junction *junction, EndRows *read)
{
	int64		count;

	if (read != NULL)
		return count_read_combinations(read);
	count_all(junction, psprintf("SELECT pg_catalog.count(*) FROM (%s) AS link",
								 projection(junction, junction->pair)), &count, 1);
	return count;
}

/*
 * Returns the operator by which the key compares a column; the equality of its type
 * if the key is not a btree.
 */
Oid
key_equality(const Junction *junction, AttrNumber attnum)
{
	const IndexFacts *key = junction->pair_key;

	for (int i = 0; i < key->nkeys; i++)
		if (key->columns[i] == attnum && key->method == BTREE_AM_OID)
		{
			Oid			type = get_opclass_input_type(key->classes[i]);

			return get_opfamily_member(key->families[i], type, type, BTEqualStrategyNumber);
		}
	return lookup_type_cache(find_column(junction->table, attnum)->type, TYPECACHE_EQ_OPR)->eq_opr;
}

/*
 * Returns the condition that two parts, by their places, are the same in these
 * columns; "true" if there are none:
 *
 *	part0.c1 OPERATOR(pg_catalog.=) part1.c1 AND ...
 */
static char *
same_columns(const Junction *junction, int left, int right, const Bitmapset *columns)
{
	StringInfoData buf;
	int			attnum = -1;

	initStringInfo(&buf);
	while ((attnum = bms_next_member(columns, attnum)) >= 0)
		appendStringInfo(&buf, "%spart%d.c%d %s part%d.c%d", buf.len ? " AND " : "", left, attnum,
						 operator_text(key_equality(junction, attnum)), right, attnum);
	return buf.len ? buf.data : "true";
}

/*
 * Returns the query for the number of rows (n) of the join of a part with all
 * below it in the tree, for each value of the columns that its parent has too:
 *
 *	SELECT part1.c2, pg_catalog.sum(part2.n) AS n
 *	FROM (SELECT DISTINCT link.tag_id AS c2, link.user_id AS c3 ...) AS part1
 *	JOIN (...) AS part2 ON part1.c3 OPERATOR(pg_catalog.=) part2.c3
 *	GROUP BY part1.c2
 */
static char *
count_below(const JoinTree *tree, int place)
{
	StringInfoData query;
	StringInfoData joins;
	StringInfoData product;
	const Bitmapset *separator = tree->separator[place];
	const char *part = psprintf("part%d", place);

	initStringInfo(&joins);
	initStringInfo(&product);
	for (int i = 0; i < tree->count; i++)
		if (tree->parent[i] == place)
		{
			appendStringInfo(&joins, " JOIN (%s) AS part%d ON %s", count_below(tree, i), i,
							 same_columns(tree->junction, place, i, tree->separator[i]));
			appendStringInfo(&product, "%spart%d.n", product.len ? " OPERATOR(pg_catalog.*) " : "", i);
		}
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT ");
	append_numbered(&query, part, separator);
	appendStringInfo(&query, "%spg_catalog.sum(%s) AS n FROM (%s) AS %s%s",
					 bms_is_empty(separator) ? "" : ", ",
					 product.len ? product.data : "1::pg_catalog.int8",
					 projection(tree->junction, tree->columns[place]), part, joins.data);
	if (!bms_is_empty(separator))
	{
		appendStringInfoString(&query, " GROUP BY ");
		append_numbered(&query, part, separator);
	}
	return query.data;
}

/*
 * Returns the query for the natural join of parts that are not a tree, in this
 * order.  Each column is compared with the first part that has it.
 */
static char *
join_of_parts(const JoinTree *tree)
{
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < tree->count; i++)
	{
		StringInfoData same;

		initStringInfo(&same);
		for (int j = 0; j < i; j++)
		{
			Bitmapset  *first = bms_intersect(tree->columns[i], tree->columns[j]);

			for (int k = 0; k < j; k++)
				first = bms_difference(first, tree->columns[k]);
			if (!bms_is_empty(first))
				appendStringInfo(&same, "%s%s", same.len ? " AND " : "",
								 same_columns(tree->junction, j, i, first));
		}
		appendStringInfo(&query, "%s(%s) AS part%d", i > 0 ? " JOIN " : "SELECT pg_catalog.count(*)::pg_catalog.numeric AS n FROM ",
						 projection(tree->junction, tree->columns[i]), i);
		if (i > 0)
			appendStringInfo(&query, " ON %s", same.len ? same.data : "true");
	}
	return query.data;
}

/*
 * Returns the number of rows that the natural join of the parts' rows has, or
 * the largest bigint if it has more.  All ends of the table must be in the parts.
 */
int64
count_joined(const Junction *junction, EndRows *read, List *parts)
{
	JoinTree	tree;
	int64		count;
	char	   *query;

	make_join_tree(&tree, junction, parts);
	if (read != NULL && count_read_join(read, &tree, &count))
		return count;
	query = is_join_tree(&tree) ? count_below(&tree, 0) : join_of_parts(&tree);
	count_all(junction, psprintf("SELECT LEAST(COALESCE(joined.n, 0::pg_catalog.numeric), " INT64_FORMAT "::pg_catalog.numeric)::pg_catalog.int8 FROM (%s) AS joined",
								 PG_INT64_MAX, query), &count, 1);
	return count;
}
