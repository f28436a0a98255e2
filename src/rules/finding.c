/*
 * finding.c
 *		A finding, and the names that its fix gives.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Add a finding of a rule's own severity; what it says is for the rule to fill.
 */
Finding *
add_finding(const Rule *rule, const Junction *junction, List *columns, Findings *findings)
{
	Finding    *finding = palloc0(sizeof(Finding));

	finding->junction = junction->table->oid;
	finding->rule = rule_id(rule);
	finding->severity = rule->severity;
	finding->columns = columns;
	findings->list = lappend(findings->list, finding);
	return finding;
}

/*
 * A name to put into a fix, formatted; empty where the server is to choose.
 */
const char *
fix_name(Findings *findings, const Junction *junction, NameKind kind, List *columns,
		 const char *format)
{
	if (junction_naming == NAMING_POSTGRES)
		return "";
	return psprintf(format, quote_identifier(choose_name(findings->names, kind,
														 junction->table->name, columns, NULL, NIL)));
}
