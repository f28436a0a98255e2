/*
 * half_indexed.c
 *		The rows of the view junction.half_indexed: the endpoints that no index
 *		serves, and what tells the harm that each does.
 *
 * The numbers are estimates and counts that the catalogs and the statistics
 * collector have.  No table is locked or opened.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "report/report.h"
#include "rules/rules.h"

/*
 * Returns a counter of the statistics collector, summed over a table and its
 * partitions.  counter: pg_stat_get_...(oid), which returns a bigint.
 */
static int64
sum_counter(PGFunction counter, Oid relid)
{
	int64		sum = 0;

	foreach_oid(oid, with_partitions(relid))
		sum += DatumGetInt64(DirectFunctionCall1(counter, ObjectIdGetDatum(oid)));
	return sum;
}

/*
 * A FindingSink: return a finding of the rule half_indexed as a row.
 */
static void
return_half_indexed(Finding *finding, void *state)
{
	ReturnSetInfo *rsinfo = state;
	Datum		values[7] = {0};
	bool		nulls[7] = {0};
	int			i = 0;

	values[i++] = ObjectIdGetDatum(finding->junction);
	values[i++] = names_to_array(finding->columns);
	put_text(&values[i], &nulls[i], finding->fix);
	i++;
	nulls[i] = finding->size.rows < 0;
	values[i++] = Int64GetDatum((int64) finding->size.rows);
	nulls[i] = finding->size.bytes < 0;
	values[i++] = Int64GetDatum(finding->size.bytes);
	values[i++] = Int64GetDatum(sum_counter(pg_stat_get_tuples_deleted, finding->parent));
	values[i++] = Int64GetDatum(sum_counter(pg_stat_get_numscans, finding->junction));
	Assert(i == 7);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_half_indexed);

/*
 * junction._half_indexed()
 *
 * A row for each endpoint of the database that no index serves.  The view
 * junction.half_indexed selects from it.
 */
Datum
junction_half_indexed(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	find_findings(InvalidOid, RULE_BIT(RULE_HALF_INDEXED), true, return_half_indexed,
				  fcinfo->resultinfo);
	return (Datum) 0;
}
