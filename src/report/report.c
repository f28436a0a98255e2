/*
 * report.c
 *		The SQL functions that list junctions and findings.
 *
 * Each reads the catalogs once (catalog/read.c), in one snapshot, and locks no
 * table.  Every role may call them, as every role may read the catalogs.  Only
 * the report of a single table reads rows, and only those of that table, if the
 * caller may read them.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "report/report.h"
#include "rules/rules.h"
#include "statement/statement.h"

/*
 * Returns an array of regclass, with null for InvalidOid.
 */
static Datum
regclass_array(List *oids)
{
	int			count = list_length(oids);
	Datum	   *elements = palloc(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);
	int			lower = 1;

	foreach_oid(oid, oids)
	{
		elements[foreach_current_index(oid)] = ObjectIdGetDatum(oid);
		nulls[foreach_current_index(oid)] = !OidIsValid(oid);
	}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &count, &lower, REGCLASSOID,
											  sizeof(Oid), true, TYPALIGN_INT));
}

/* Set a column of a result row to a string, or to null if it is null. */
void
put_text(Datum *value, bool *isnull, const char *string)
{
	*isnull = string == NULL;
	if (string != NULL)
		*value = CStringGetTextDatum(string);
}

/*
 * Add a row of junction._junctions() to the result.
 */
static void
return_junction(ReturnSetInfo *rsinfo, const Junction *junction)
{
	Datum		values[8] = {0};
	bool		nulls[8] = {0};
	int			i = 0;
	List	   *endpoints = NIL;
	List	   *parents = NIL;
	List	   *served_by = NIL;

	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		endpoints = lappend(endpoints, column_list(endpoint_columns(junction, endpoint)));
		parents = lappend_oid(parents, endpoint->key->parent);
		served_by = lappend_oid(served_by, endpoint->served_by ? endpoint->served_by->oid : InvalidOid);
	}

	values[i++] = ObjectIdGetDatum(junction->table->oid);
	values[i++] = CStringGetTextDatum(kind_name(junction->kind));
	values[i++] = names_to_array(endpoints);
	values[i++] = regclass_array(parents);
	values[i++] = regclass_array(served_by);
	nulls[i] = junction->pair_key == NULL;
	values[i++] = ObjectIdGetDatum(junction->pair_key ? junction->pair_key->oid : InvalidOid);
	put_text(&values[i], &nulls[i],
			 junction->pair_key && junction->pair_key->predicate ?
			 predicate_text(junction->table, junction->pair_key) : NULL);
	i++;
	values[i++] = names_to_array(names_of(junction->own_columns));
	Assert(i == 8);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_list);

/*
 * junction._junctions()
 *
 * A row for each junction of the database, without shards and members of
 * extensions.  The view junction.junctions selects from it.
 */
Datum
junction_list(PG_FUNCTION_ARGS)
{
	Database   *database;
	MemoryContext per_table;
	MemoryContext caller;

	InitMaterializedSRF(fcinfo, 0);
	database = read_all_tables(false);
	per_table = AllocSetContextCreate(CurrentMemoryContext, "junction list", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(per_table);
	foreach_ptr(TableFacts, table, database->tables)
	{
		Junction   *junction = classify(table);

		if (junction->kind != JUNCTION_NONE && !is_left_out_of_report(table))
			return_junction((ReturnSetInfo *) fcinfo->resultinfo, junction);
		MemoryContextReset(per_table);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(per_table);
	return (Datum) 0;
}

/*
 * Add a row of junction.report() to the result.
 */
static void
return_finding(ReturnSetInfo *rsinfo, const Finding *finding)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {0};
	int			i = 0;

	values[i++] = ObjectIdGetDatum(finding->junction);
	values[i++] = CStringGetTextDatum(rule_name(finding->rule));
	values[i++] = CStringGetTextDatum(severity_name(finding->severity));
	values[i++] = names_to_array(finding->columns);
	values[i++] = CStringGetTextDatum(finding->message);
	put_text(&values[i], &nulls[i], finding->detail);
	i++;
	put_text(&values[i], &nulls[i], finding->fix);
	i++;
	Assert(i == 7);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_report);

/*
 * junction.report(relation regclass) returns setof junction.finding
 *
 * The findings of one table, or of the whole database if relation is null, but
 * for the rules of junction.ignore; the worst first.  If one table was asked for,
 * its rows are counted where they matter, and a NOTICE is raised if it is not a
 * junction and has no finding.  42809 for what is not a table and for a
 * partition, 42P01 for a table that was dropped.
 */
Datum
junction_report(PG_FUNCTION_ARGS)
{
	Oid			only = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	TableFacts *table;
	List	   *findings;
	MemoryContext row;
	MemoryContext caller;

	if (!PG_ARGISNULL(0))
		check_table_kind(only);
	InitMaterializedSRF(fcinfo, 0);
	findings = find_worst_first(only, reported_rules(), &table);
	/* the tuplestore copies each row, so the memory of one serves the next */
	row = AllocSetContextCreate(CurrentMemoryContext, "junction row", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(row);
	foreach_ptr(Finding, finding, findings)
	{
		if (table != NULL)
			count_rows_of_finding(finding);
		return_finding((ReturnSetInfo *) fcinfo->resultinfo, finding);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row);
	if (table != NULL && findings == NIL)
		notice_no_junction(classify(table));
	return (Datum) 0;
}
