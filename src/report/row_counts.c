/*
 * row_counts.c
 *		Counts the rows of the one table that was asked for, where what they say
 *		decides about a finding.
 *
 * The report of the whole database reads no rows.  Counting is left out if the
 * caller may not read all rows; the queries run as the table's owner
 * (statement/count.c).
 */
#include "postgres.h"

#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "report/report.h"
#include "rules/rules.h"
#include "statement/statement.h"

/* Append a sentence to the detail of a finding. */
static void
append_detail(Finding *finding, const char *sentence)
{
	finding->detail = psprintf("%s %s", finding->detail, sentence);
}

/*
 * Returns the query that shows the pairs which are there more than once:
 *
 *	SELECT user_id, org_id, count(*) FROM public.memberships
 *	GROUP BY user_id, org_id HAVING count(*) > 1
 */
static char *
duplicates_query(const Finding *finding)
{
	char	   *columns = column_list(finding->columns);

	return psprintf("SELECT %s, count(*) FROM %s GROUP BY %s HAVING count(*) > 1", columns,
					qualified_name(finding->junction), columns);
}

/*
 * Returns the query that shows the rows whose foreign key, which is not there
 * yet, has no row in the parent:
 *
 *	SELECT * FROM public.invoices_tags AS link WHERE NOT EXISTS
 *		(SELECT FROM public.tags AS parent WHERE parent.id = link.tag_id)
 */
static char *
orphans_query(const TableFacts *table, const ForeignKeyFacts *key)
{
	return psprintf("SELECT * FROM %s AS link WHERE NOT EXISTS (SELECT FROM %s AS parent WHERE parent.%s = link.%s)",
					qualified_name(table->oid), qualified_name(key->parent),
					quote_identifier(find_column(key->parent_table, key->parent_columns[0])->name),
					quote_identifier(find_column(table, key->columns[0])->name));
}

/*
 * Count the rows with a null in the columns of a finding, if its fix makes a
 * primary key of them.  Returns true if there are any, and says so.
 */
static bool
nulls_are_in_the_way(Finding *finding)
{
	int64		count;

	if (!finding->makes_primary_key)
		return false;
	count = count_nulls(finding->junction, finding->columns);
	if (count == 0)
		return false;
	append_detail(finding, psprintf(ngettext(INT64_FORMAT " row has a null in (%s).",
											 INT64_FORMAT " rows have a null in (%s).", count),
									count, column_list(finding->columns)));
	return true;
}

/*
 * Count the pairs that are there more than once.  Returns true if there are any,
 * and says which query shows them.
 */
static bool
duplicates_are_in_the_way(Finding *finding)
{
	append_detail(finding, describe_duplicates(finding->junction, finding->columns) + 1);
	if (count_duplicates(finding->junction, finding->columns) == 0)
		return false;
	append_detail(finding, psprintf("This shows them: %s;", duplicates_query(finding)));
	return true;
}

/*
 * Count the rows that have no row in the parents of the foreign keys which the
 * fix adds.  Returns true if there are any, and says which query shows them.
 */
static bool
orphans_are_in_the_way(Finding *finding)
{
	const TableFacts *table = finding->table;
	bool		found = false;

	foreach_ptr(ForeignKeyFacts, key, finding->references)
	{
		int64		count;

		if (get_rel_name(key->parent) == NULL || !may_read_all(key->parent))
			continue;
		/* it may have been dropped since the catalogs were read */
		LockRelationOid(key->parent, AccessShareLock);
		if (get_rel_name(key->parent) == NULL)
			continue;
		count = count_orphans(table, key);
		if (count <= 0)
			continue;
		found = true;
		append_detail(finding, psprintf(ngettext(INT64_FORMAT " row links to no row of %s. This shows it: %s;",
												 INT64_FORMAT " rows link to no row of %s. This shows them: %s;", count),
										count, quote_identifier(key->parent_name),
										orphans_query(table, key)));
	}
	return found;
}

/*
 * Say of a multiway table which splits its rows allow.  The fix is the one that
 * they allow, if there is exactly one.
 */
static void
count_splits_of(Finding *finding)
{
	Junction   *junction;
	Splits	   *splits;

	if (!may_read_all(finding->junction))
		return;
	/* the facts are the report's own, and classify() does not change them */
	junction = classify((TableFacts *) finding->table);
	if (junction->kind != JUNCTION_MULTIWAY || is_temporal_key(junction->pair_key))
		return;
	splits = count_splits(junction);
	append_detail(finding, describe_splits(junction, splits));
	finding->fix = only_split(junction, splits);
}

/*
 * Look at the rows of the table of a finding: tell how many pairs are there more
 * than once, and how a multiway table can be split.  The fix of
 * possible_junction is given if no row is in its way; that of a junction without
 * any constraint is taken away if one is.
 */
void
count_rows_of_finding(Finding *finding)
{
	bool		in_the_way;

	if (finding->rule == RULE_MISSING_PAIR_KEY)
		finding->detail = psprintf("%s%s", finding->detail,
								   describe_duplicates(finding->junction, finding->columns));
	if (finding->rule == RULE_MULTIWAY)
		count_splits_of(finding);
	if (finding->rule != RULE_POSSIBLE_JUNCTION && finding->references == NIL)
		return;
	if (!may_read_all(finding->junction))
		return;
	in_the_way = nulls_are_in_the_way(finding);
	in_the_way |= duplicates_are_in_the_way(finding);
	in_the_way |= orphans_are_in_the_way(finding);
	if (in_the_way)
		finding->fix = NULL;
	else if (finding->fix_if_link != NULL)
		finding->fix = finding->fix_if_link;
}
