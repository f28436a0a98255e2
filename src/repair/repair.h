/*
 * repair.h
 *		The repair of a table while others read and write, as rows in plain SQL.
 */
#ifndef JUNCTION_REPAIR_H
#define JUNCTION_REPAIR_H

#include "nodes/pg_list.h"

#include "catalog/facts.h"
#include "model/model.h"
#include "online/online.h"
#include "statement/statement.h"

/* What the rows of a repair in plain SQL are built from, and into */
typedef struct PortableRepair
{
	StatementPlan *plan;		/* the rows */
	TableFacts *table;
	NameSpace	names;			/* of the table's schema */
} PortableRepair;

/* portable_fix.c */
extern bool build_portable_fix(PortableRepair *repair, const char *fix);

/* portable_index.c */
extern void add_portable_step(PortableRepair *repair, PortableStep step, char *locks);
extern void build_portable_index(PortableRepair *repair, bool unique, const char *name, const char *definition);
extern void build_index_again(PortableRepair *repair, const IndexFacts *index);
extern void build_index_drop(PortableRepair *repair, const IndexFacts *index);
extern void build_index_by_partition(PortableRepair *repair, const char *name, List *columns);

#endif							/* JUNCTION_REPAIR_H */
