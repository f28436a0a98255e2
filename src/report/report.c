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
#include "utils/snapmgr.h"
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
static void
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
	InitMaterializedSRF(fcinfo, 0);
	foreach_ptr(TableFacts, table, read_all_tables(false)->tables)
	{
		Junction   *junction = classify(table);

		if (junction->kind != JUNCTION_NONE && !is_left_out_of_report(table))
			return_junction((ReturnSetInfo *) fcinfo->resultinfo, junction);
	}
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

/* The state of report_finding() */
typedef struct Report
{
	TableFacts *only;			/* the one table asked for, or null */
	int			count;			/* of the findings */
	ReturnSetInfo *rsinfo;
} Report;

/*
 * A FindingSink: return a finding.  If one table was asked for, its rows are
 * counted where they matter.
 */
static void
report_finding(Finding *finding, void *state)
{
	Report	   *report = state;

	report->count++;
	if (report->only != NULL)
		count_rows_of_finding(finding, report->only);
	return_finding(report->rsinfo, finding);
}

/*
 * Read the one table that was asked for; 42P01 if it does not exist.
 */
static TableFacts *
read_only_table(Oid relid)
{
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	List	   *tables = read_tables(list_make1_oid(relid), snapshot)->tables;

	UnregisterSnapshot(snapshot);
	if (tables == NIL)
		raise_gone(relid, NULL);
	return linitial(tables);
}

PG_FUNCTION_INFO_V1(junction_report);

/*
 * junction.report(relation regclass) returns setof junction.finding
 *
 * The findings of one table, or of the whole database if relation is null.  A
 * table that is not a junction and has no finding raises a NOTICE.  42809 for what is not a table and for a partition, 42P01 for a table that was
 * dropped.
 */
Datum
junction_report(PG_FUNCTION_ARGS)
{
	Oid			only = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	Report		report = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};

	if (!PG_ARGISNULL(0))
	{
		check_table_kind(only);
		report.only = read_only_table(only);
	}
	InitMaterializedSRF(fcinfo, 0);
	find_findings(only, ALL_RULES, true, report_finding, &report);
	if (report.only != NULL && report.count == 0)
		notice_no_junction(classify(report.only));
	return (Datum) 0;
}

/*
 * Returns the severity of this name; 22023 if there is none.
 */
static Severity
read_severity(const char *name)
{
	Severity	severity;

	if (!find_severity(name, &severity))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown severity \"%s\"", name),
				 errhint("Use \"info\", \"notice\", \"warning\" or \"error\".")));
	return severity;
}

/* The state of judge_finding() */
typedef struct Verdict
{
	Severity	least;			/* milder findings are left out */
	int			count;			/* of the others */
	StringInfoData lines;		/* a line for each of these */
	char	   *fix;			/* the first fix among them, or null */
	MemoryContext context;		/* for the fix: findings are short-lived */
} Verdict;

/*
 * A FindingSink: add a finding to a Verdict.
 */
static void
judge_finding(Finding *finding, void *state)
{
	Verdict    *verdict = state;

	if (finding->severity < verdict->least)
		return;
	appendStringInfo(&verdict->lines, "%s%s: %s: %s", verdict->count++ > 0 ? "\n" : "",
					 severity_name(finding->severity), rule_name(finding->rule), finding->message);
	if (verdict->fix == NULL && finding->fix != NULL)
		verdict->fix = MemoryContextStrdup(verdict->context, finding->fix);
}

PG_FUNCTION_INFO_V1(junction_check);

/*
 * junction.check(severity text) returns void
 *
 * Raises 23000 if the report of the whole database has a finding of this
 * severity or a worse one, with a line for each finding in the detail and the
 * first fix in the hint.  22023 for an unknown severity.
 */
Datum
junction_check(PG_FUNCTION_ARGS)
{
	Verdict		verdict = {.context = CurrentMemoryContext};

	verdict.least = read_severity(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	initStringInfo(&verdict.lines);
	find_findings(InvalidOid, ALL_RULES, true, judge_finding, &verdict);
	if (verdict.count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
				 errmsg_plural("the report has %d finding", "the report has %d findings",
							   verdict.count, verdict.count),
				 errdetail_internal("%s", verdict.lines.data),
				 verdict.fix ? errhint("The first fix is: %s;", verdict.fix) : 0));
	PG_RETURN_VOID();
}
