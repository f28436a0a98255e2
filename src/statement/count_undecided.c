/*
 * count_undecided.c
 *		Counts the pairs that do not decide the value of other columns.
 *
 * As in count.c, the query runs as the table's owner in a security-restricted
 * operation, and the caller has called check_reads_all().
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/*
 * Returns, for each of the columns (ColumnFacts), the number of pairs (names)
 * whose rows do not all have the same value in it: a palloc'd array in the order
 * of the list.  Here a null is a value too.  The stored bytes are compared, so
 * that 1.0 is not taken for 1.00, and the type needs no equality operator.
 *
 *	SELECT pg_catalog.count(*) FILTER (WHERE pair.d0)
 *	FROM (SELECT pg_catalog.bool_or(link.d0) AS d0
 *		FROM (SELECT link.invoice_id AS k0, link.tag_id AS k1,
 *				pg_catalog.record_image_ne(ROW(link.note), pg_catalog.lag(ROW(link.note)) OVER same) AS d0
 *			FROM ONLY public.taggings AS link
 *			WINDOW same AS (PARTITION BY link.invoice_id, link.tag_id)) AS link
 *		GROUP BY link.k0, link.k1) AS pair
 */
int64 *
count_undecided(const TableFacts *table, List *pair, List *columns)
{
	StringInfoData query;
	OwnerRole	role;
	int64	   *counts = palloc(sizeof(int64) * list_length(columns));

	become_owner(&role, table->oid);
	initStringInfo(&query);
	for (int i = 0; i < list_length(columns); i++)
		appendStringInfo(&query, "%s pg_catalog.count(*) FILTER (WHERE pair.d%d)", i > 0 ? "," : "SELECT", i);
	for (int i = 0; i < list_length(columns); i++)
		appendStringInfo(&query, "%s pg_catalog.bool_or(link.d%d) AS d%d", i > 0 ? "," : " FROM (SELECT", i, i);
	foreach_ptr(char, name, pair)
		appendStringInfo(&query, "%s link.%s AS k%d", foreach_current_index(name) ? "," : " FROM (SELECT",
						 quote_identifier(name), foreach_current_index(name));
	foreach_ptr(ColumnFacts, column, columns)
	{
		const char *name = quote_identifier(column->name);

		appendStringInfo(&query, ", pg_catalog.record_image_ne(ROW(link.%s), pg_catalog.lag(ROW(link.%s)) OVER same) AS d%d",
						 name, name, foreach_current_index(column));
	}
	appendStringInfo(&query, " FROM %s%s AS link WINDOW same AS (PARTITION BY",
					 table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ", qualified_name(table->oid));
	foreach_ptr(char, name, pair)
		appendStringInfo(&query, "%s link.%s", foreach_current_index(name) ? "," : "", quote_identifier(name));
	appendStringInfoString(&query, ")) AS link GROUP BY");
	for (int i = 0; i < list_length(pair); i++)
		appendStringInfo(&query, "%s link.k%d", i > 0 ? "," : "", i);
	appendStringInfoString(&query, ") AS pair");
	select_counts(query.data, counts, list_length(columns));
	become_caller(&role);
	return counts;
}
