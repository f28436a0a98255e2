/*
 * diagram.h
 *		What junction.diagram draws, without a format: tables, and links between
 *		them.
 */
#ifndef JUNCTION_DIAGRAM_H
#define JUNCTION_DIAGRAM_H

#include "nodes/pg_list.h"

#include "base/base.h"

/* A column of a drawn table */
typedef struct DrawnColumn
{
	char	   *name;
	char	   *type;
	bool		primary;		/* in the primary key */
	bool		foreign;		/* in a foreign key of an endpoint */
	bool		unique;			/* in the pair key, if that is not primary */
	bool		unserved;		/* in an endpoint that no index serves */
} DrawnColumn;

/* A table; hash entry of diagram.c, by its OID */
typedef struct DrawnTable
{
	Oid			oid;
	int			number;			/* in the order of drawing, from 1 */
	char	   *name;			/* with the schema if the search_path needs it */
	const char *kind;			/* of a junction; null for a parent */
	List	   *columns;		/* DrawnColumn; of a parent, its key's only */
} DrawnTable;

/* A foreign key of an endpoint */
typedef struct DrawnLink
{
	DrawnTable *parent;
	DrawnTable *child;
	char	   *columns;		/* of the child, as a list */
	bool		optional;		/* a column is nullable */
	bool		identifying;	/* all columns are in the primary key */
	bool		single;			/* the columns are unique by themselves */
	bool		unserved;		/* no index serves the endpoint */
} DrawnLink;

typedef struct Drawing
{
	List	   *tables;			/* DrawnTable */
	List	   *links;			/* DrawnLink */
} Drawing;

/* diagram_dot.c */
extern char *draw_dot(const Drawing *drawing);

/* diagram_mermaid.c */
extern char *draw_mermaid(const Drawing *drawing);

#endif							/* JUNCTION_DIAGRAM_H */
