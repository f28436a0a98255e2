/*
 * rule.c
 *		What can be wrong with a junction: the table of rules, and what they
 *		share.
 *
 * Each rule is one function, in a file by what it looks at: key_rules.c,
 * index_rules.c, reference_rules.c, shape_rules.c.  It looks at a table as
 * model/classify.c has it, and adds a finding for each thing that is wrong, with the
 * statement that mends it where one exists.  It reads no rows of users, and
 * changes nothing.
 *
 * Most rules concern junctions alone, of the kinds that they name; a few look
 * for relations that are kept in the wrong place, in any table.
 *
 * Under PostgreSQL's own conventions a fix leaves the name of an index to the
 * server, which finds a free one when the statement runs; two tables whose
 * names are cut alike are then no trouble.
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
	[RULE_NO_CASCADE] = {"no_cascade", SEVERITY_INFO, rule_no_cascade, false},
	[RULE_NEEDLESS_SURROGATE] = {"needless_surrogate", SEVERITY_NOTICE, rule_needless_surrogate, false},
	[RULE_PROMOTION_DUE] = {"promotion_due", SEVERITY_NOTICE, rule_promotion_due, false},
	[RULE_MULTIWAY] = {"multiway", SEVERITY_NOTICE, rule_multiway, false},
	[RULE_REDUNDANT_INDEX] = {"redundant_index", SEVERITY_NOTICE, rule_redundant_index, true},
	[RULE_DEFERRABLE_PAIR_KEY] = {"deferrable_pair_key", SEVERITY_NOTICE, rule_deferrable_pair_key, true},
	[RULE_NO_REPLICA_IDENTITY] = {"no_replica_identity", SEVERITY_WARNING, rule_no_replica_identity, false},
	[RULE_ARRAY_RELATION] = {"array_relation", SEVERITY_NOTICE, rule_array_relation, false},
	[RULE_NUMBERED_COLUMNS] = {"numbered_columns", SEVERITY_NOTICE, rule_numbered_columns, false},
	[RULE_TENANT_MISMATCH] = {"tenant_mismatch", SEVERITY_WARNING, rule_tenant_mismatch, false},
	[RULE_NAME] = {"name", SEVERITY_INFO, rule_misnamed, false},
	[RULE_INHERITED] = {"inherited", SEVERITY_WARNING, rule_inherited, false},
};

static const char *const severities[] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_NOTICE] = "notice",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error"
};

/*
 * Which rule a row of the table is.
 */
RuleId
rule_id(const Rule *rule)
{
	return rule - rules;
}

/*
 * The name of a rule, as users know it.
 */
const char *
rule_name(RuleId rule)
{
	return rules[rule].name;
}

/*
 * The name of a severity.
 */
const char *
severity_name(Severity severity)
{
	return severities[severity];
}

/*
 * The severity of a name; false if there is no such.
 */
bool
find_severity(const char *name, Severity *severity)
{
	for (int i = 0; i < lengthof(severities); i++)
		if (strcmp(severities[i], name) == 0)
		{
			*severity = i;
			return true;
		}
	return false;
}

/*
 * Add the rule of a name to a set; false if there is no such rule.
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
 * Has a finding a lower severity than its rule, which has its reason to take
 * that case less seriously?
 */
bool
is_milder_than_rule(const Finding *finding)
{
	return finding->severity < rules[finding->rule].severity;
}

/*
 * Do these rules look at nothing but a junction by itself, so that no other
 * table needs to be read?
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
 * The names of all rules, for a message.
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
 * What is wrong with a table by these rules, but for those that its comment
 * silences: a list of Finding, in the order of the rules.  names: those of its
 * schema that other fixes have taken; concurrently: whether fixes are to build
 * and drop indexes so, which needs them to run by themselves.
 */
List *
apply_rules(RuleSet set, const Junction *junction, Database *database, NameSpace *names,
			bool concurrently)
{
	Findings	findings = {.database = database,.names = names,.concurrently = concurrently};

	for (int i = 0; i < RULE_COUNT; i++)
		if ((set & RULE_BIT(i)) != 0 && !list_has_name(junction->table->ignored, rules[i].name))
			rules[i].apply(&rules[i], junction, &findings);
	return findings.list;
}
