/*
 * report.h
 *		What only looks: the report, the views and the guard.
 */
#ifndef JUNCTION_REPORT_H
#define JUNCTION_REPORT_H

#include "nodes/pg_list.h"
#include "utils/guc.h"
#include "utils/snapshot.h"

#include "base/base.h"
#include "catalog/facts.h"

/* guard.c */
extern List *guard_rules(void);
extern void guard_init(void);

/* report.c */
extern Database *read_for_rules(List *tables, List *rules, Snapshot snapshot);
extern List *collect_findings(Oid only, bool concurrently);

#endif							/* JUNCTION_REPORT_H */
