/*
 * check.c
 *		junction.check: fails if the report has findings, for CI.
 *
 * It reads what the report reads, and no rows.  Every role may call it.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "check/check.h"
#include "report/report.h"
#include "rules/rules.h"

/* What judge_finding() adds up */
typedef struct Verdict
{
	Severity	least;			/* milder findings are left out */
	bool		all_schemas;
	List	   *schemas;		/* OIDs; only their tables count */
	int			counts[SEVERITY_ERROR + 1]; /* of the findings of each severity */
	StringInfoData lines;		/* a line for each of these */
	char	   *fix;			/* the first fix among them, or null */
} Verdict;

/*
 * Returns the severity of this name, in any case; 22023 if there is none.
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

/*
 * Returns the OIDs of the schemas of these names (List of char *); 3F000 if one
 * does not exist.
 */
static List *
read_schemas(List *names)
{
	List	   *schemas = NIL;

	foreach_ptr(char, name, names)
		schemas = lappend_oid(schemas, get_namespace_oid(name, false));
	return schemas;
}

/*
 * Add the line of a finding.  Its message has the name of the table alone, so the
 * schema comes first where the search_path does not find the table:
 *
 *	warning: half_indexed: no index of invoice_tags serves (tag_id)
 *	warning: half_indexed: shop.invoice_tags: no index of invoice_tags serves (tag_id)
 */
static void
add_line(const Finding *finding, StringInfo lines)
{
	char	   *name = regclass_name(finding->junction);

	appendStringInfo(lines, "%s%s: %s: ", lines->len > 0 ? "\n" : "", severity_name(finding->severity),
					 rule_name(finding->rule));
	if (name != NULL && strcmp(name, quote_identifier(finding->table->name)) != 0)
		appendStringInfo(lines, "%s: ", name);
	appendStringInfoString(lines, finding->message);
}

/*
 * Add a finding to a Verdict.
 */
static void
judge_finding(const Finding *finding, Verdict *verdict)
{
	if (finding->severity < verdict->least ||
		(!verdict->all_schemas && !list_member_oid(verdict->schemas, finding->table->namespace)))
		return;
	verdict->counts[finding->severity]++;
	add_line(finding, &verdict->lines);
	if (verdict->fix == NULL && finding->fix != NULL)
		verdict->fix = finding->fix;
}

/*
 * Returns the number of findings of each severity, worst first, and their sum:
 *
 *	1 error, 2 warnings
 */
static char *
describe_counts(const Verdict *verdict, int *sum)
{
	StringInfoData text;

	*sum = 0;
	initStringInfo(&text);
	for (int severity = SEVERITY_ERROR; severity >= SEVERITY_INFO; severity--)
	{
		int			count = verdict->counts[severity];

		if (count > 0)
			appendStringInfo(&text, "%s%d %s%s", *sum > 0 ? ", " : "", count, severity_name(severity),
							 count > 1 && severity != SEVERITY_INFO ? "s" : "");
		*sum += count;
	}
	return text.data;
}

PG_FUNCTION_INFO_V1(junction_check);

/*
 * junction.check(severity text, rules text[], schemas text[]) returns void
 *
 * Raises 23000 if the report of the whole database has a finding of this
 * severity or a worse one, with a line for each finding in the detail, the worst
 * first, and the first fix in the hint.  rules, schemas: only the findings of
 * these rules, and of the tables in these schemas; null for all.  22023 for an
 * unknown severity or rule, 3F000 for an unknown schema, 22004 for a null severity.
 */
Datum
junction_check(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"severity", NULL, NULL};
	Verdict		verdict = {.all_schemas = PG_ARGISNULL(2)};
	RuleSet		rules = reported_rules();
	TableFacts *table;
	char	   *counts;
	int			sum;

	check_arguments(fcinfo, required, lengthof(required));
	verdict.least = read_severity(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (!PG_ARGISNULL(1))
		rules &= read_rules(text_array_to_list(PG_GETARG_ARRAYTYPE_P(1), "rules"));
	if (!verdict.all_schemas)
		verdict.schemas = read_schemas(text_array_to_list(PG_GETARG_ARRAYTYPE_P(2), "schemas"));
	initStringInfo(&verdict.lines);
	foreach_ptr(Finding, finding, find_worst_first(InvalidOid, rules, &table))
		judge_finding(finding, &verdict);
	counts = describe_counts(&verdict, &sum);
	if (sum > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
				 errmsg_plural("the report has %d finding: %s", "the report has %d findings: %s",
							   sum, sum, counts),
				 errdetail_internal("%s", verdict.lines.data),
				 verdict.fix ? errhint("The first fix is: %s;", verdict.fix) : 0));
	PG_RETURN_VOID();
}
