/*
 * create.h
 *		A junction that is to be created, and the builder of its statements.
 */
#ifndef JUNCTION_CREATE_H
#define JUNCTION_CREATE_H

#include "nodes/pg_list.h"
#include "utils/array.h"

#include "base/base.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/* One parent, and the foreign key that will reference it */
typedef struct NewEndpoint
{
	const char *argument;		/* name of the argument, for messages */
	Parent		parent;
	List	   *columns;		/* names in the junction, one for each column
								 * of parent.own */
	const char *on_delete;		/* " ON DELETE CASCADE"; empty for NO ACTION */
} NewEndpoint;

/* The junction that is to be created */
typedef struct NewJunction
{
	NewEndpoint left;
	NewEndpoint right;
	List	   *shared;			/* names of the columns that both foreign keys use */
	Oid			namespace;
	char	   *schema;
	char	   *name;
	char	   *qualified;		/* schema and name, quoted */
	char		persistence;	/* pg_class.relpersistence */
	bool		reverse_index;
	bool		undirected;		/* (a, b) and (b, a) are the same link */
	bool		if_not_exists;
	PlacementChoice place;		/* where Citus has to keep it */
	bool		citus;			/* Citus keeps a parent, and takes one constraint
								 * at a time */

	/* own columns, and rows to load; create has neither */
	List	   *own_columns;	/* names of the columns beside the pair */
	List	   *own_definitions;	/* char *: for each, the definition behind its
									 * name, as "integer NOT NULL" */
	const char *rows;			/* a SELECT of all columns in their order and of their
								 * types; or null */
	const char *rows_locks;		/* the locks that the SELECT takes, as text */
} NewJunction;

/* build_junction.c */
extern char *as_column_type(const char *expression, Oid type, int32 typmod, Oid collation,
							const ColumnFacts *column);
extern void build_junction(StatementPlan *plan, const NewJunction *junction);

/* distributed.c */
extern void decide_place(NewJunction *junction);

/* new_junction.c */
extern const char *parse_on_delete(const char *argument, text *value);
extern void name_columns(NewEndpoint *side, ArrayType *asked, List *shared);
extern void decide_junction(NewJunction *junction, text *name);
extern bool check_junction_name(const NewJunction *junction);

#endif							/* JUNCTION_CREATE_H */
