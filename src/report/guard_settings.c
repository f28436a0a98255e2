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

/* junction.guard_rules: what it looks for, and the same as a set */
static char *junction_guard_rules = NULL;
static RuleSet named_rules = 0;

/*
 * The rules that the guard knows.  An index that is not valid serves nobody: it
 * is one matter with one that is not there.
 */
RuleSet
guard_rules(void)
{
	RuleSet		rules = named_rules;

	if ((rules & RULE_BIT(RULE_HALF_INDEXED)) != 0)
		rules |= RULE_BIT(RULE_INVALID_INDEX);
	return rules;
}

/*
 * The check hook of junction.guard_rules: *extra is the set.
 */
static bool
check_guard_rules(char **value, void **extra, GucSource source)
{
	RuleSet		rules = 0;
	List	   *names;

	if (!SplitIdentifierString(pstrdup(*value), ',', &names))
	{
		GUC_check_errdetail("It is not a list of names.");
		return false;
	}
	foreach_ptr(char, name, names)
		if (!add_rule(&rules, name))
		{
			GUC_check_errdetail("There is no rule \"%s\". The rules are: %s.", name, all_rule_names());
			return false;
		}
	*extra = guc_malloc(LOG, sizeof(RuleSet));
	if (*extra == NULL)
		return false;
	*(RuleSet *) *extra = rules;
	return true;
}

static void
assign_guard_rules(const char *value, void *extra)
{
	named_rules = *(RuleSet *) extra;
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
							   PGC_USERSET, GUC_LIST_INPUT, check_guard_rules, assign_guard_rules, NULL);
}
