/*
 * junction.c
 *		Module magic and settings.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "junction.h"

JUNCTION_MODULE_MAGIC;

void		_PG_init(void);

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
	MarkGUCPrefixReserved("junction");
}
