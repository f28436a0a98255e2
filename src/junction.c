/*
 * junction.c
 *		Module magic and _PG_init().
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/base.h"
#include "model/model.h"
#include "report/report.h"

JUNCTION_MODULE_MAGIC;

/*
 * Called when the library is loaded: let the components define their settings
 * and install their hooks, then reserve the prefix "junction." for settings.
 */
void
_PG_init(void)
{
	naming_init();
	guard_init();
	MarkGUCPrefixReserved("junction");
}
