/*
 * statistics_rules.c
 *		The rule misjudged_endpoint, and the statements that correct what the
 *		planner expects of a column.
 *
 * ANALYZE estimates the number of distinct values of a column from a sample of
 * 300 rows for each unit of the column's statistics target.  Where values
 * repeat often and come in clusters, as in a junction that grew by one parent
 * after the other, the estimate can be wrong by orders of magnitude.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Tables with fewer rows are not judged by their statistics: ANALYZE reads all
 * of them, or nearly all (30,000 rows by default), a bad plan costs little
 * there, and a database has many such tables.
 */
#define LEAST_ROWS 10000

/*
 * By how much an expected number of values must lie outside of its bounds.  The
 * rows of the three tables were counted at different times.  Autovacuum counts
 * again when a tenth of the rows have changed; a table can well double before
 * its turn comes, and both the junction and a parent can.
 */
#define TOLERANCE 4

/*
 * Returns the estimated number of rows of a table; 0 if its statistics should
 * not be judged: it is small, or its size is not known.
 */
double
judged_rows(const TableFacts *table)
{
	double		rows = table->kind == RELKIND_PARTITIONED_TABLE ? table_size(table).rows : table->rows;

	return rows >= LEAST_ROWS ? rows : 0;
}

/*
 * Is an expected number of values outside of these bounds, by more than the age
 * of the estimates can explain?
 */
static bool
is_misjudged(double expected, double least, double most)
{
	return expected * TOLERANCE < least || expected > most * TOLERANCE;
}

/*
 * Returns the statement that tells ANALYZE the number of distinct values of a
 * column, of a table of so many rows (-1 if unknown).  As ANALYZE does itself,
 * it expects a number above a tenth of the rows to grow with the table.
 *
 *	ALTER TABLE public.user_orgs ALTER COLUMN org_id SET (n_distinct = 120)
 *	ALTER TABLE public.user_orgs ALTER COLUMN user_id SET (n_distinct = -0.25)
 */
char *
distinct_fix(const TableFacts *table, const char *column, double distinct, double rows)
{
	bool		scales = rows > 0 && distinct > 0.1 * rows;

	return psprintf("ALTER TABLE %s ALTER COLUMN %s SET (%s = %s)", table_name(table),
					quote_identifier(column),
					table->kind == RELKIND_PARTITIONED_TABLE ? "n_distinct_inherited" : "n_distinct",
					scales ? psprintf("-%.4g", Min(distinct / rows, 1)) :
					psprintf("%.0f", Max(distinct, 1)));
}

/*
 * Returns the statement that makes the planner use n_distinct as it is set.
 *
 *	ANALYZE public.user_orgs (org_id)
 */
char *
analyze_fix(const TableFacts *table, const char *column)
{
	return psprintf("ANALYZE %s (%s)", table_name(table), quote_identifier(column));
}

/*
 * Returns the estimated rows of the parent of an endpoint; 0 if not known.
 */
static double
parent_rows(const Endpoint *endpoint)
{
	const ForeignKeyFacts *key = endpoint->key;
	TableSize	size;

	/* a foreign key that does not hold says nothing */
	if (key->parent_table == NULL || key->period != 0 || !key->validated || !key->enforced)
		return 0;
	size = table_size(key->parent_table);
	return size.complete ? Max(size.rows, 0) : 0;
}

/*
 * Add the finding of a column whose expected number of values is below a bound
 * (too_few), or above it.
 */
static Finding *
add_misjudged(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
			  const Endpoint *other, double expected, bool too_few, double bound, double rows,
			  Findings *findings)
{
	List	   *columns = endpoint_columns(junction, endpoint);
	Finding    *finding = add_finding(rule, junction, columns, findings);

	finding->message = psprintf("(%s) of %s has %s %.0f values, and the planner expects %.0f",
								column_list(columns), quote_identifier(junction->table->name),
								too_few ? "at least" : "at most", bound, expected);
	if (too_few)
		finding->detail = psprintf("No pair is stored twice, and %s has about %.0f rows, so each value is in so many of the %.0f rows at most.",
								   quote_identifier(other->key->parent_name),
								   parent_rows(other), rows);
	else
		finding->detail = psprintf("Its foreign key references %s, which has about %.0f rows.",
								   quote_identifier(endpoint->key->parent_name),
								   parent_rows(endpoint));
	finding->detail = psprintf("%s Joins and lookups by (%s) get bad plans.", finding->detail,
							   column_list(columns));
	return finding;
}

/*
 * Set the fix of a finding, and say in its detail what makes the planner use it.
 * set_right: the column's option n_distinct is right, and only ANALYZE is
 * missing.
 */
static void
fix_misjudged(Finding *finding, const TableFacts *table, bool set_right, double bound, double rows)
{
	const char *column = linitial(finding->columns);

	if (set_right)
	{
		finding->detail = psprintf("%s The column's n_distinct is set; ANALYZE makes the planner use it.",
								   finding->detail);
		finding->fix = analyze_fix(table, column);
		return;
	}
	finding->detail = psprintf("%s Run ANALYZE after the fix; junction.measure counts the values.",
							   finding->detail);
	finding->fix = distinct_fix(table, column, bound, rows);
}

/*
 * Judge one endpoint of a junction of so many rows.  other: the other endpoint.
 *
 * The number of its values is at most the rows of its parent, by the foreign
 * key, and at least the rows of the junction divided by those of the other
 * parent, by the pair key.  If the column's option n_distinct is set, it is
 * judged in the place of the statistics; if it is right, ANALYZE is missing.
 */
static void
judge_endpoint(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
			   const Endpoint *other, double rows, Findings *findings)
{
	double		own_parent = parent_rows(endpoint);
	double		other_parent = parent_rows(other);
	double		most = Min(own_parent, rows);
	double		least;
	double		bound;
	double		expected;
	DistinctFacts distinct;
	bool		set_right;

	if (endpoint->key->nkeys != 1 || own_parent < 1 || other_parent < 1 ||
		!read_distinct(junction->table, endpoint->key->columns[0], rows, &distinct))
		return;
	least = rows / other_parent;
	set_right = distinct.set != 0 && !is_misjudged(distinct.set, least, most);
	expected = distinct.set != 0 && !set_right ? distinct.set : distinct.expected;
	/* bounds that contradict each other are those of estimates that are too old */
	if (least > most || expected == 0 || !is_misjudged(expected, least, most))
		return;
	bound = expected < least ? least : most;
	fix_misjudged(add_misjudged(rule, junction, endpoint, other, expected, expected < least, bound,
								rows, findings),
				  junction->table, set_right, bound, rows);
}

/*
 * misjudged_endpoint: the planner expects a number of distinct values in the
 * column of an endpoint that the pair key and the sizes of the parents rule
 * out.  Only of columns whose statistics the caller may see.
 */
void
rule_misjudged_endpoint(const Rule *rule, const Junction *junction, Findings *findings)
{
	double		rows;

	if (junction->kind != JUNCTION_PURE && junction->kind != JUNCTION_PAYLOAD &&
		junction->kind != JUNCTION_ENTITY)
		return;
	rows = judged_rows(junction->table);
	if (rows == 0 || !is_whole_key(junction->pair_key) ||
		nullable_columns(junction->table, junction->pair) != NIL)
		return;
	judge_endpoint(rule, junction, linitial(junction->endpoints), lsecond(junction->endpoints),
				   rows, findings);
	judge_endpoint(rule, junction, lsecond(junction->endpoints), linitial(junction->endpoints),
				   rows, findings);
}
