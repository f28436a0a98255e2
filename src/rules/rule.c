/*
 * rule.c
 *		The table of rules, with their names and severities, and the loop that
 *		applies them to a table.
 *
 * Each rule is one function, in the file of its subject: key_rules.c,
 * index_rules.c, reference_rules.c, shape_rules.c, policy_rules.c, polymorphic.c,
 * statistics_rules.c, distributed_rules.c, accessor_rules.c; possible_junction.c
 * and bare_junction.c are about tables that no constraint shows to be links.  A rule
 * gets a table that model/classify.c has classified.  It adds a finding for each
 * defect, with the statement that fixes it if there is one.  It reads no rows of the
 * table and changes nothing.
 *
 * Most rules apply to junctions only.  array_relation, numbered_columns,
 * undeclared_endpoint, possible_junction and polymorphic_endpoint look for links
 * in any table, and stale_accessor is about the table whose rows are listed.
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

static const Rule rules[RULE_COUNT] = {
	[RULE_HALF_INDEXED] = {"half_indexed", SEVERITY_WARNING, rule_half_indexed, true},
	[RULE_INVALID_INDEX] = {"invalid_index", SEVERITY_WARNING, rule_invalid_index, true},
	[RULE_MISSING_PAIR_KEY] = {"missing_pair_key", SEVERITY_ERROR, rule_missing_pair_key, true},
	[RULE_NULLABLE_ENDPOINT] = {"nullable_endpoint", SEVERITY_ERROR, rule_nullable_endpoint, true},
	[RULE_UNVALIDATED_FOREIGN_KEY] = {"unvalidated_foreign_key", SEVERITY_WARNING, rule_unvalidated_foreign_key, false},
	[RULE_UNDECLARED_ENDPOINT] = {"undeclared_endpoint", SEVERITY_NOTICE, rule_undeclared_endpoint, false},
	[RULE_POSSIBLE_JUNCTION] = {"possible_junction", SEVERITY_INFO, rule_possible_junction, true},
	[RULE_NO_CASCADE] = {"no_cascade", SEVERITY_INFO, rule_no_cascade, false},
	[RULE_NEEDLESS_SURROGATE] = {"needless_surrogate", SEVERITY_NOTICE, rule_needless_surrogate, false},
	[RULE_PROMOTION_DUE] = {"promotion_due", SEVERITY_NOTICE, rule_promotion_due, false},
	[RULE_MULTIWAY] = {"multiway", SEVERITY_NOTICE, rule_multiway, false},
	[RULE_REDUNDANT_INDEX] = {"redundant_index", SEVERITY_NOTICE, rule_redundant_index, true},
	[RULE_DEFERRABLE_PAIR_KEY] = {"deferrable_pair_key", SEVERITY_NOTICE, rule_deferrable_pair_key, true},
	[RULE_NO_REPLICA_IDENTITY] = {"no_replica_identity", SEVERITY_WARNING, rule_no_replica_identity, false},
	[RULE_NO_PRIMARY_KEY] = {"no_primary_key", SEVERITY_NOTICE, rule_no_primary_key, true},
	[RULE_SOFT_DELETED_PAIR] = {"soft_deleted_pair", SEVERITY_NOTICE, rule_soft_deleted_pair, true},
	[RULE_ARRAY_RELATION] = {"array_relation", SEVERITY_NOTICE, rule_array_relation, false},
	[RULE_NUMBERED_COLUMNS] = {"numbered_columns", SEVERITY_NOTICE, rule_numbered_columns, false},
	[RULE_TENANT_MISMATCH] = {"tenant_mismatch", SEVERITY_WARNING, rule_tenant_mismatch, false},
	[RULE_POLYMORPHIC_ENDPOINT] = {"polymorphic_endpoint", SEVERITY_NOTICE, rule_polymorphic_endpoint, true},
	[RULE_RECURSIVE_POLICY] = {"recursive_policy", SEVERITY_ERROR, rule_recursive_policy, false},
	[RULE_STALE_ACCESSOR] = {"stale_accessor", SEVERITY_ERROR, rule_stale_accessor, false},
	[RULE_NAME] = {"name", SEVERITY_INFO, rule_misnamed, false},
	[RULE_INHERITED] = {"inherited", SEVERITY_WARNING, rule_inherited, false},
	[RULE_MISJUDGED_ENDPOINT] = {"misjudged_endpoint", SEVERITY_NOTICE, rule_misjudged_endpoint, false},
	[RULE_LOCAL_BESIDE_DISTRIBUTED] = {"local_beside_distributed", SEVERITY_ERROR, rule_local_beside_distributed, false},
	[RULE_NOT_COLOCATED] = {"not_colocated", SEVERITY_ERROR, rule_not_colocated, false},
	[RULE_FAN_OUT] = {"fan_out", SEVERITY_INFO, rule_fan_out, false},
};

static const char *const severities[] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_NOTICE] = "notice",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error"
};

/*
 * Returns the RuleId of a row of the table of rules.
 */
RuleId
rule_id(const Rule *rule)
{
	return rule - rules;
}

/*
 * Returns the name of a rule, as in the report: "half_indexed".
 */
const char *
rule_name(RuleId rule)
{
	return rules[rule].name;
}

/*
 * Returns the name of a severity, as in the report: "warning".
 */
const char *
severity_name(Severity severity)
{
	return severities[severity];
}

/*
 * Set *severity to the severity of this name, in any case.  Returns false if
 * there is none.
 */
bool
find_severity(const char *name, Severity *severity)
{
	for (int i = 0; i < lengthof(severities); i++)
		if (pg_strcasecmp(severities[i], name) == 0)
		{
			*severity = i;
			return true;
		}
	return false;
}

/*
 * Add the rule of this name to a set.  Returns false if there is no such rule.
 */
bool
add_rule(RuleSet *set, const char *name)
{
	for (int i = 0; i < RULE_COUNT; i++)
		if (strcmp(rules[i].name, name) == 0)
		{
			*set |= RULE_BIT(i);
			return true;
		}
	return false;
}

/*
 * Returns the rules of these names (List of char *); 22023 for an unknown one.
 */
RuleSet
read_rules(List *names)
{
	RuleSet		rules = 0;

	foreach_ptr(char, name, names)
		if (!add_rule(&rules, name))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown rule \"%s\"", name),
					 errhint("The rules are: %s.", all_rule_names())));
	return rules;
}

/*
 * Does a finding have a lower severity than its rule?  A rule lowers it for the
 * milder cases: a partial pair key, for example.
 */
bool
is_milder_than_rule(const Finding *finding)
{
	return finding->severity < rules[finding->rule].severity;
}

/*
 * Are all rules of a set local, so that only the junctions themselves need to
 * be read?
 */
bool
are_local_rules(RuleSet set)
{
	for (int i = 0; i < RULE_COUNT; i++)
		if ((set & RULE_BIT(i)) != 0 && !rules[i].local)
			return false;
	return true;
}

/*
 * Returns the names of all rules, comma-separated, for a message.
 */
char *
all_rule_names(void)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < RULE_COUNT; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", rules[i].name);
	return buf.data;
}

/*
 * Apply a set of rules to a table, except those that its comment silences.
 * Returns a list of Finding, in the order of the rules.
 *
 * names: of the table's schema; the names that fixes choose are added to it.
 * concurrently: fixes build and drop indexes CONCURRENTLY, so they cannot run
 * in a transaction block.
 */
List *
apply_rules(RuleSet set, const Junction *junction, Database *database, NameSpace *names,
			bool concurrently)
{
	Findings	findings = {.database = database,.names = names,.concurrently = concurrently};

	names->naming = naming_for_table(junction->table);
	for (int i = 0; i < RULE_COUNT; i++)
		if ((set & RULE_BIT(i)) != 0 && !list_has_name(junction->table->ignored, rules[i].name))
			rules[i].apply(&rules[i], junction, &findings);
	leave_out_refused_fixes(junction, &findings);
	foreach_ptr(Finding, finding, findings.list)
		keep_comments(finding);
	return findings.list;
}
