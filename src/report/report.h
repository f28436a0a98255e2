/*
 * report.h
 *		The report, the views below it, and the guard.  They change nothing.
 */
#ifndef JUNCTION_REPORT_H
#define JUNCTION_REPORT_H

#include "nodes/pg_list.h"
#include "utils/guc.h"
#include "utils/snapshot.h"

#include "base/base.h"
#include "rules/rules.h"

/* junction.guard: what the guard does with new findings at commit */
typedef enum Guard
{
	GUARD_OFF,
	GUARD_NOTICE,
	GUARD_WARNING,
	GUARD_ERROR
} Guard;

/* guard.c */
extern void guard_init(void);

/* report.c */
extern void put_text(Datum *value, bool *isnull, const char *string);

/* row_counts.c */
extern void count_rows_of_finding(Finding *finding);

/* settings.c */
extern int	junction_guard;		/* a Guard */
extern RuleSet reported_rules(void);
extern RuleSet guard_rules(void);
extern void define_report_settings(void);

#endif							/* JUNCTION_REPORT_H */
