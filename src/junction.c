/*
 * junction.c
 *		Module magic, and the call of what each component does when it is loaded.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/base.h"
#include "model/model.h"
#include "report/report.h"

JUNCTION_MODULE_MAGIC;

void
_PG_init(void)
{
	naming_init();
	guard_init();
	MarkGUCPrefixReserved("junction");
}
