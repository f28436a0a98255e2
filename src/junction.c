/*
 * junction.c
 *		Module magic and settings.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "junction.h"

JUNCTION_MODULE_MAGIC;

/*
 * junction.naming: an administrator sets it, per database or role, where
 * another tool keeps the schema and would rename what it does not know.
 */
int			junction_naming = NAMING_POSTGRES;

static const struct config_enum_entry naming_options[] = {
	{"postgres", NAMING_POSTGRES, false},
	{"drizzle", NAMING_DRIZZLE, false},
	{NULL, 0, false}
};

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
char	   *junction_guard_rules = NULL;

void
_PG_init(void)
{
	DefineCustomEnumVariable("junction.naming",
							 "How junction names constraints and indexes.",
							 "\"postgres\" names them as PostgreSQL would, \"drizzle\" as drizzle-kit would.",
							 &junction_naming,
							 NAMING_POSTGRES,
							 naming_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
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
	MarkGUCPrefixReserved("junction");
	guard_init();
}
