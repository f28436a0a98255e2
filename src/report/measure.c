/*
 * measure.c
 *		junction.measure: how many distinct values the ends of a junction have,
 *		beside what the planner expects.
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "report/report.h"
#include "rules/rules.h"
#include "statement/statement.h"

/*
 * By how much an expected number of values must be wrong for a fix to be
 * offered: a sample's estimate of 30,000 rows is rarely exact, and a factor of
 * two rarely changes a plan.
 */
#define WORTH_FIXING 2

/*
 * Returns the statement that makes the planner expect this number of values in
 * the one column of an endpoint; null if it expects about that many.
 *
 * If no statistics are there, or the column's option n_distinct is right, the
 * planner waits for an ANALYZE.
 */
static char *
measured_fix(const TableFacts *table, const char *column, const DistinctFacts *distinct,
			 int64 values, double rows)
{
	double		least = values / (double) WORTH_FIXING;
	double		most = values * (double) WORTH_FIXING;
	bool		set_right = distinct->set >= least && distinct->set <= most;

	if (values == 0)
		return NULL;
	if (distinct->set != 0 && !set_right)
		return distinct_fix(table, column, values, rows);
	if (distinct->expected >= least && distinct->expected <= most)
		return NULL;
	if (distinct->expected == 0 || set_right)
		return analyze_fix(table, column);
	return distinct_fix(table, column, values, rows);
}

/*
 * Returns about how many rows have the same value in an endpoint's columns: at
 * least so many, by the size of its parent.  0 if unknown.
 */
static double
rows_per_value(const Endpoint *endpoint, double rows)
{
	double		parents = size_now(endpoint->key->parent).rows;

	return rows > 0 && parents > 0 ? rows / parents : 0;
}

/*
 * Add a row for one endpoint to the result.
 */
static void
return_measured(ReturnSetInfo *rsinfo, const Junction *junction, const Endpoint *endpoint,
				double rows)
{
	List	   *columns = endpoint_columns(junction, endpoint);
	int64		count = count_distinct(junction, endpoint, rows_per_value(endpoint, rows));
	DistinctFacts distinct = {0};
	char	   *fix = NULL;
	Datum		values[7] = {0};
	bool		nulls[7] = {0};
	int			i = 0;

	/* the planner has one number for each column, not for several */
	if (list_length(columns) == 1 &&
		read_distinct(junction->table, bms_singleton_member(endpoint->columns), rows, &distinct))
		fix = measured_fix(junction->table, linitial(columns), &distinct, count, rows);

	values[i++] = names_to_array(columns);
	values[i++] = ObjectIdGetDatum(endpoint->key->parent);
	nulls[i] = rows < 0;
	values[i++] = Int64GetDatum((int64) rows);
	nulls[i] = distinct.expected == 0;
	values[i++] = Int64GetDatum((int64) rint(distinct.expected));
	values[i++] = Int64GetDatum(count);
	nulls[i] = rows < 0 || count == 0;
	values[i++] = Float8GetDatum(count == 0 ? 0 : rows / count);
	put_text(&values[i], &nulls[i], fix);
	i++;
	Assert(i == 7);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_measure);

/*
 * junction.measure(junction regclass)
 *	returns table (columns text[], parent regclass, rows bigint, expected bigint,
 *		counted bigint, rows_per_value float8, fix text)
 *
 * A row for each endpoint.  Locks the table in ACCESS SHARE mode until the
 * transaction ends.  22004 for a null, 42P01 for a table that is gone, 42809 for
 * what is not a junction, 42501 if the caller may not read every row.
 */
Datum
junction_measure(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"junction"};
	Oid			relid = PG_GETARG_OID(0);
	Relation	rel;
	Junction   *junction;
	double		rows;

	check_arguments(fcinfo, required, lengthof(required));
	check_table_kind(relid);
	check_reads_all(relid, "The values of all rows are counted.");
	rel = open_table_to_reference(relid, AccessShareLock);
	junction = require_junction(relid);
	check_reads_all(relid, "The values of all rows are counted.");
	rows = size_now(relid).rows;
	InitMaterializedSRF(fcinfo, 0);
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		return_measured((ReturnSetInfo *) fcinfo->resultinfo, junction, endpoint, rows);
	relation_close(rel, NoLock);
	return (Datum) 0;
}
