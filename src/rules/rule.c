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

static const Rule rules[] = {
	{"half_indexed", "warning", half_indexed, true},
	{"invalid_index", "warning", invalid_index, true},
	{"missing_pair_key", "error", missing_pair_key, true},
	{"nullable_endpoint", "error", nullable_endpoint, true},
	{"unvalidated_foreign_key", "warning", unvalidated_foreign_key, false},
	{"undeclared_endpoint", "notice", undeclared_endpoint, false},
	{"no_cascade", "info", no_cascade, false},
	{"needless_surrogate", "notice", needless_surrogate, false},
	{"promotion_due", "notice", promotion_due, false},
	{"multiway", "notice", multiway, false},
	{"redundant_index", "notice", redundant_index, true},
	{"deferrable_pair_key", "notice", deferrable_pair_key, true},
	{"no_replica_identity", "warning", no_replica_identity, false},
	{"array_relation", "notice", array_relation, false},
	{"numbered_columns", "notice", numbered_columns, false},
	{"tenant_mismatch", "warning", tenant_mismatch, false},
	{"name", "info", misnamed, false},
	{"inherited", "warning", inherited, false},
};

static const Rule *
find_rule(const char *name)
{
	for (int i = 0; i < lengthof(rules); i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

bool
is_rule(const char *name)
{
	return find_rule(name) != NULL;
}

/*
 * The rank of a severity, the worst being the highest; -1 if there is no such.
 */
int
severity_rank(const char *severity)
{
	static const char *const severities[] = {"info", "notice", "warning", "error"};

	for (int i = 0; i < lengthof(severities); i++)
		if (strcmp(severities[i], severity) == 0)
			return i;
	return -1;
}

/*
 * Does a finding have a lower severity than its rule, which has its reason to
 * take that case less seriously?
 */
bool
is_milder_than_rule(const Finding *finding)
{
	return severity_rank(finding->severity) < severity_rank(find_rule(finding->rule)->severity);
}

/*
 * Do these rules look at nothing but a junction by itself, so that no other
 * table needs to be read?
 */
bool
are_local(List *names)
{
	foreach_ptr(char, name, names)
		if (!find_rule(name)->local)
			return false;
	return true;
}

/*
 * The names of all rules, for a message.
 */
char *
rule_names(void)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < lengthof(rules); i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", rules[i].name);
	return buf.data;
}

/*
 * All that is wrong with a table: a list of Finding, rule by rule, but for the
 * rules that its comment silences.  names: those of its schema that other
 * fixes have taken; concurrently: whether fixes are to build and drop indexes
 * so, which needs them to run by themselves.
 */
List *
apply_rules(const Junction *junction, Database *database, NameSpace *names, bool concurrently)
{
	Findings	findings = {.database = database,.names = names,.concurrently = concurrently};

	for (int i = 0; i < lengthof(rules); i++)
		if (!list_has_name(junction->table->ignored, rules[i].name))
			rules[i].apply(&rules[i], junction, &findings);
	return findings.list;
}
