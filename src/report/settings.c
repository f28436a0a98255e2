/*
 * settings.c
 *		The settings junction.guard, junction.guard_rules and junction.ignore.
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/varlena.h"

#include "base/base.h"
#include "report/report.h"
#include "rules/rules.h"

/*
 * junction.guard, a Guard.  An administrator sets it for a database or a role,
 * so that no migration leaves a junction in a worse state than before.
 */
int			junction_guard = GUARD_OFF;

static const struct config_enum_entry guard_options[] = {
	{"off", GUARD_OFF, false},
	{"notice", GUARD_NOTICE, false},
	{"warning", GUARD_WARNING, false},
	{"error", GUARD_ERROR, false},
	{NULL, 0, false}
};

/* junction.guard_rules and junction.ignore, as texts and as sets */
static char *junction_guard_rules = NULL;
static char *junction_ignore = NULL;
static RuleSet named_rules = 0;
static RuleSet ignored_rules = 0;

/*
 * Returns the rules that the report and junction.check() apply: all but those of
 * junction.ignore.
 */
RuleSet
reported_rules(void)
{
	return ALL_RULES & ~ignored_rules;
}

/*
 * Returns the rules that the guard applies: those of junction.guard_rules, and
 * invalid_index if half_indexed is among them, as an invalid index does not
 * serve its endpoint; but none of junction.ignore.
 */
RuleSet
guard_rules(void)
{
	RuleSet		rules = named_rules;

	if ((rules & RULE_BIT(RULE_HALF_INDEXED)) != 0)
		rules |= RULE_BIT(RULE_INVALID_INDEX);
	return rules & reported_rules();
}

/*
 * The check hook of a list of rules: sets *extra to the RuleSet.  Refuses bad
 * list syntax and unknown rules.
 */
static bool
check_rule_list(char **value, void **extra, GucSource source)
{
	RuleSet		rules = 0;
	List	   *names;

	if (!SplitIdentifierString(pstrdup(*value), ',', &names))
	{
		GUC_check_errdetail("List syntax is invalid.");
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

/* The assign hook of junction.guard_rules */
static void
assign_guard_rules(const char *value, void *extra)
{
	named_rules = *(RuleSet *) extra;
}

/* The assign hook of junction.ignore */
static void
assign_ignore(const char *value, void *extra)
{
	ignored_rules = *(RuleSet *) extra;
}

/*
 * Define the settings.  Called when the library is loaded.
 */
void
define_report_settings(void)
{
	DefineCustomEnumVariable("junction.guard",
							 "Sets what happens at commit if the transaction has added defects to junctions.",
							 "\"notice\" and \"warning\" report them, \"error\" refuses the commit.",
							 &junction_guard,
							 GUARD_OFF,
							 guard_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("junction.guard_rules",
							   "Sets the rules that junction.guard applies.",
							   "A comma-separated list of rule names, as junction.report() returns them.",
							   &junction_guard_rules,
							   "half_indexed, missing_pair_key, nullable_endpoint",
							   PGC_USERSET, GUC_LIST_INPUT, check_rule_list, assign_guard_rules, NULL);
	DefineCustomStringVariable("junction.ignore",
							   "Sets the rules that the report, junction.check and junction.guard leave out.",
							   "A comma-separated list of rule names, as junction.report() returns them.",
							   &junction_ignore,
							   "",
							   PGC_USERSET, GUC_LIST_INPUT, check_rule_list, assign_ignore, NULL);
}
