/*
 * guard_settings.c
 *		junction.guard and junction.guard_rules.
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/varlena.h"

#include "base/base.h"
#include "report/report.h"
#include "rules/rules.h"

/*
 * junction.guard: an administrator sets it per database or role, so that no
 * migration leaves a junction worse than it found it.
 */
int			junction_guard = GUARD_OFF;

static const struct config_enum_entry guard_options[] = {
	{"off", GUARD_OFF, false},
	{"notice", GUARD_NOTICE, false},
	{"warning", GUARD_WARNING, false},
	{"error", GUARD_ERROR, false},
	{NULL, 0, false}
};

/* junction.guard_rules: what it looks for */
static char *junction_guard_rules = NULL;

/*
 * The rules that the guard knows, from the setting.
 */
List *
guard_rules(void)
{
	List	   *rules;

	if (!SplitIdentifierString(pstrdup(junction_guard_rules), ',', &rules))
		elog(ERROR, "invalid list of rules: %s", junction_guard_rules);
	return rules;
}

static bool
check_guard_rules(char **value, void **extra, GucSource source)
{
	List	   *rules;

	if (!SplitIdentifierString(pstrdup(*value), ',', &rules))
	{
		GUC_check_errdetail("It is not a list of names.");
		return false;
	}
	foreach_ptr(char, rule, rules)
		if (!is_rule(rule))
		{
			GUC_check_errdetail("There is no rule \"%s\". The rules are: %s.", rule, rule_names());
			return false;
		}
	return true;
}

/*
 * Define them, as the library is loaded.
 */
void
define_guard_settings(void)
{
	DefineCustomEnumVariable("junction.guard",
							 "What junction does at commit with what is wrong with the tables that a transaction made or altered.",
							 "\"notice\" and \"warning\" tell of it, \"error\" refuses the transaction.",
							 &junction_guard,
							 GUARD_OFF,
							 guard_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("junction.guard_rules",
							   "The rules that junction.guard looks for.",
							   "A list of names, as junction.report() gives them.",
							   &junction_guard_rules,
							   "half_indexed, missing_pair_key, nullable_endpoint",
							   PGC_USERSET, GUC_LIST_INPUT, check_guard_rules, NULL, NULL);
}
