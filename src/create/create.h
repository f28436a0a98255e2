/*
 * create.h
 *		A junction that is to be created, and the builder of its statements.
 */
#ifndef JUNCTION_CREATE_H
#define JUNCTION_CREATE_H

#include "base/base.h"
#include "check/check.h"
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
} NewJunction;

/* build_junction.c */
extern void build_junction(StatementPlan *plan, const NewJunction *junction);

#endif							/* JUNCTION_CREATE_H */
