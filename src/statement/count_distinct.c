/*
 * count_distinct.c
 *		Counts the distinct values of an endpoint's columns.
 *
 * Where a btree index begins with the columns, and each value is in many rows,
 * the count is a loose index scan: one probe of the index for each value, which
 * looks for the next greater one.  Otherwise, and where Citus keeps the table, which
 * takes no recursive query, all rows are read.
 *
 * As in count.c, the query runs as the table's owner in a security-restricted
 * operation, and the caller has called may_read_all() or check_reads_all().
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * How many rows of each value a loose scan pays for itself from: a probe starts
 * a scan, which costs as much as reading some dozen index entries.
 */
#define LEAST_ROWS_PER_VALUE 20

/* What a loose scan by an index is written with, each for one key column */
typedef struct ScanOrder
{
	char	   *next;			/* OPERATOR(pg_catalog.>): to the next value */
	char	   *sort;			/* USING OPERATOR(pg_catalog.<) NULLS LAST */
} ScanOrder;

/*
 * Set *order to the order of a key column of a btree index, as the planner
 * recognizes it.  place: of the column, from 0.  Returns false if the operators
 * are not found.
 */
static bool
read_order(const IndexFacts *index, int place, ScanOrder *order)
{
	bool		descends = (index->options[place] & INDOPTION_DESC) != 0;
	Oid			type = get_opclass_input_type(index->classes[place]);
	Oid			less = get_opfamily_member(index->families[place], type, type, BTLessStrategyNumber);
	Oid			greater = get_opfamily_member(index->families[place], type, type,
											  BTGreaterStrategyNumber);

	if (!OidIsValid(less) || !OidIsValid(greater))
		return false;
	order->next = operator_text(descends ? less : greater);
	order->sort = psprintf("USING %s %s", operator_text(descends ? greater : less),
						   (index->options[place] & INDOPTION_NULLS_FIRST) != 0 ?
						   "NULLS FIRST" : "NULLS LAST");
	return true;
}

/*
 * Append "prefix a, prefix b": the first columns of an index.
 */
static void
append_prefixed(StringInfo query, const char *prefix, List *columns)
{
	foreach_ptr(char, column, columns)
		appendStringInfo(query, "%s%s.%s", foreach_current_index(column) ? ", " : "", prefix,
						 quote_identifier(column));
}

/*
 * Returns the query of a loose index scan, or null if the index can't be
 * scanned so: it is not a whole btree index, or its columns are not all in the
 * same direction.  columns: the index's first, in its order.
 *
 *	WITH RECURSIVE value AS (
 *		(SELECT link.user_id FROM ONLY public.user_orgs AS link WHERE link.user_id IS NOT NULL
 *		 ORDER BY link.user_id USING OPERATOR(pg_catalog.<) NULLS LAST LIMIT 1)
 *		UNION ALL
 *		SELECT next.* FROM value CROSS JOIN LATERAL
 *		(SELECT link.user_id FROM ONLY public.user_orgs AS link WHERE link.user_id IS NOT NULL
 *		 AND ROW(link.user_id) OPERATOR(pg_catalog.>) ROW(value.user_id)
 *		 ORDER BY link.user_id USING OPERATOR(pg_catalog.<) NULLS LAST LIMIT 1) AS next)
 *	SELECT pg_catalog.count(*) FROM value
 */
static char *
loose_scan(const IndexFacts *index, List *columns, const char *from)
{
	StringInfoData query;
	StringInfoData sort;
	StringInfoData step;
	const char *next = NULL;

	if (index == NULL || index->method != BTREE_AM_OID || index->predicate != NULL)
		return NULL;
	initStringInfo(&sort);
	foreach_ptr(char, column, columns)
	{
		int			place = foreach_current_index(column);
		ScanOrder	order;

		if (!read_order(index, place, &order))
			return NULL;
		if (next == NULL)
			next = order.next;
		else if (strcmp(next, order.next) != 0)
			return NULL;
		appendStringInfo(&sort, "%s link.%s %s", place == 0 ? " ORDER BY" : ",",
						 quote_identifier(column), order.sort);
	}
	initStringInfo(&step);
	appendStringInfoString(&step, " AND ROW(");
	append_prefixed(&step, "link", columns);
	appendStringInfo(&step, ") %s ROW(", next);
	append_prefixed(&step, "value", columns);
	appendStringInfoChar(&step, ')');

	initStringInfo(&query);
	appendStringInfo(&query, "WITH RECURSIVE value AS ((%s%s LIMIT 1) UNION ALL SELECT next.* FROM value CROSS JOIN LATERAL (%s%s%s LIMIT 1) AS next) SELECT pg_catalog.count(*) FROM value",
					 from, sort.data, from, step.data, sort.data);
	return query.data;
}

/*
 * Returns the columns of an endpoint, names, in the order in which the index
 * that serves it has them; in their own order if no index does.
 */
static List *
ordered_columns(const Junction *junction, const Endpoint *endpoint)
{
	return endpoint->served_by ?
		column_names(junction->table, endpoint->served_by->columns, bms_num_members(endpoint->columns)) :
		endpoint_columns(junction, endpoint);
}

/*
 * Returns the number of distinct values in the columns of an endpoint, without
 * nulls.  Partitions are counted with their table; inheritance children are
 * not, as they have keys of their own.  rows_per_value: an estimate, or 0 if
 * unknown.
 *
 *	SELECT pg_catalog.count(*) FROM (SELECT DISTINCT link.user_id
 *	FROM ONLY public.user_orgs AS link WHERE link.user_id IS NOT NULL) AS value
 */
int64
count_distinct(const Junction *junction, const Endpoint *endpoint, double rows_per_value)
{
	Oid			relid = junction->table->oid;
	List	   *columns = ordered_columns(junction, endpoint);
	StringInfoData list;
	StringInfoData from;
	char	   *query = NULL;
	OwnerRole	role;
	int64		count;

	become_owner(&role, relid);
	initStringInfo(&list);
	append_prefixed(&list, "link", columns);
	initStringInfo(&from);
	appendStringInfo(&from, "%s FROM %s%s AS link", list.data,
					 junction->table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					 qualified_name(relid));
	foreach_ptr(char, column, columns)
		appendStringInfo(&from, "%s link.%s IS NOT NULL",
						 foreach_current_index(column) ? " AND" : " WHERE", quote_identifier(column));
	if ((rows_per_value == 0 || rows_per_value >= LEAST_ROWS_PER_VALUE) && !is_distributed(relid))
		query = loose_scan(endpoint->served_by, columns, psprintf("SELECT %s", from.data));
	if (query == NULL)
		query = psprintf("SELECT pg_catalog.count(*) FROM (SELECT DISTINCT %s) AS value", from.data);
	select_counts(query, &count, 1);
	become_caller(&role);
	return count;
}
