/*
 * absorb.h
 *		Relations that are kept in the wrong shape: absorb, split and
 *		dependencies.
 */
#ifndef JUNCTION_ABSORB_H
#define JUNCTION_ABSORB_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "base/base.h"
#include "create/create.h"
#include "model/model.h"
#include "statement/statement.h"

/* A part of a multiway table that becomes a junction */
typedef struct NewPart
{
	const char *text;			/* as the user told it */
	char	   *name;			/* quoted, with the schema unless it is temporary */
	SplitPart	ends;
	List	   *columns;		/* names that the user told, or NIL */
	List	   *own;			/* ColumnFacts that go to this part */
	NewJunction junction;
} NewPart;

/* A split that is under way: by actor, or into parts */
typedef struct Split
{
	Relation	rel;
	Junction   *junction;
	Endpoint   *actor;			/* or null */
	List	   *parts;			/* NewPart, if there is no actor */
	bool		keep_source;
	ColumnFacts *id;			/* a surrogate that no part takes, or null */
} Split;

/* dependencies.c */
extern Junction *require_multiway(Oid relid);

/* split_actor.c */
extern Endpoint *find_actor(const Junction *junction, List *columns);
extern void check_actor(const Split *split, LOCKMODE lockmode);
extern void build_actor(StatementPlan *plan, const Split *split);

/* split_parts.c */
extern List *read_parts(const Junction *junction, List *texts);

/* split_tables.c */
extern void check_tables(Split *split, bool dry_run);
extern void build_tables(StatementPlan *plan, Split *split);

/* split_columns.c */
extern void place_own_columns(Split *split);
extern char *own_definition(const Split *split, const ColumnFacts *column);

#endif							/* JUNCTION_ABSORB_H */
