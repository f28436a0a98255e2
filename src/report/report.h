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
#include "rules/rules.h"

/* What is done at commit with new findings: junction.guard */
typedef enum Guard
{
	GUARD_OFF,
	GUARD_NOTICE,
	GUARD_WARNING,
	GUARD_ERROR
} Guard;

/* guard.c */
extern void guard_init(void);

/* guard_settings.c */
extern int	junction_guard;
extern RuleSet guard_rules(void);
extern void define_guard_settings(void);

#endif							/* JUNCTION_REPORT_H */
