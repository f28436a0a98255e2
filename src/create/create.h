/*
 * create.h
 *		How a junction is made.
 */
#ifndef JUNCTION_CREATE_H
#define JUNCTION_CREATE_H

#include "base/base.h"
#include "check/check.h"
#include "statement/statement.h"

/* One parent, and what the junction has of it */
typedef struct NewEndpoint
{
	const char *argument;		/* "left_columns", for messages */
	Parent		parent;
	List	   *columns;		/* names in the junction, one for each of the
								 * parent's own key columns */
	const char *on_delete;		/* as SQL, or null for the default */
} NewEndpoint;

/* The junction to be */
typedef struct NewJunction
{
	NewEndpoint left;
	NewEndpoint right;
	List	   *shared;			/* names of the shared columns */
	Oid			namespace;		/* InvalidOid: a temporary schema yet to be made */
	char	   *schema;
	char	   *name;
	char	   *qualified;		/* both, quoted */
	char		persistence;
	bool		reverse_index;
	bool		undirected;		/* (a, b) and (b, a) are the same link */
	bool		if_not_exists;
} NewJunction;

/* build_junction.c */
extern void build_junction(StatementPlan *plan, const NewJunction *junction);

#endif							/* JUNCTION_CREATE_H */
