/*
 * absorb.h
 *		Relations that are kept in the wrong shape, and that become junctions:
 *		absorb, split and dependencies.
 */
#ifndef JUNCTION_ABSORB_H
#define JUNCTION_ABSORB_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "create/create.h"
#include "model/model.h"
#include "statement/statement.h"

/* How the source's columns hold the values */
typedef enum SourceForm
{
	SOURCE_ARRAY,				/* one array column */
	SOURCE_JSON,				/* one json or jsonb column: arrays of scalars */
	SOURCE_DELIMITED,			/* one text column, split at the separator */
	SOURCE_COLUMNS,				/* one column, or several numbered ones: each
								 * holds one value */
	SOURCE_FOREIGN_KEY			/* the columns of one composite foreign key */
} SourceForm;

/* What is done with a value that the parent does not have */
typedef enum MissingValues
{
	MISSING_ERROR,
	MISSING_INSERT,
	MISSING_DISCARD
} MissingValues;

/* A column of the parent by which a value finds its row */
typedef struct MatchColumn
{
	ColumnFacts *column;
	Oid			equality;		/* of the unique index: column = column */
} MatchColumn;

/* What the rows of the source hold */
typedef struct LinkCounts
{
	int64		elements;		/* all, nulls included */
	int64		nulls;
	int64		pairs;			/* distinct (row, value), without nulls */
	int64		missing;		/* of these, to values that the parent lacks */
} LinkCounts;

/* The relation, and the junction that it becomes */
typedef struct Absorption
{
	/* arguments */
	Oid			source;
	Oid			parent;
	List	   *names;			/* char *: the source's columns */
	char	   *asked_match;	/* a column of the parent, or null */
	MissingValues missing;
	char	   *separator;		/* or null */
	bool		trim;
	bool		lower;
	bool		ordered;
	bool		keep_source;
	bool		mirror;

	/* decided by check_absorption() */
	Relation	rel;			/* the source, open and locked */
	TableFacts *table;			/* its facts */
	List	   *columns;		/* ColumnFacts of the source, as in names */
	SourceForm	form;
	Oid			type;			/* the base type of a value, as the form has it:
								 * text of json; InvalidOid of a foreign key */
	List	   *match;			/* MatchColumn: one, but for a composite foreign
								 * key */
	NewJunction junction;		/* left: the source, right: the parent */

	/* counted by count_links() */
	LinkCounts	counts;
} Absorption;

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

/* absorb_check.c */
extern void check_absorption(Absorption *absorption, text *name, LOCKMODE lockmode);

/* build_absorption.c */
extern void build_absorption(StatementPlan *plan, Absorption *absorption);

/* count_links.c */
extern void count_links(Absorption *absorption);
extern void notice_counts(const Absorption *absorption);

/* count_values.c */
extern bool reads_arrays(const Absorption *absorption);
extern bool count_values(const Absorption *absorption, LinkCounts *counts, int64 *deep);

/* find_match.c */
extern void find_match(Absorption *absorption);

/* links_query.c */
extern char *source_relation(const TableFacts *table);
extern char *elements_query(const Absorption *absorption, const char *relation);
extern char *match_condition(const Absorption *absorption);
extern char *present_condition(const Absorption *absorption);
extern char *element_columns(const Absorption *absorption, bool values);
extern bool values_are_key(const Absorption *absorption);
extern char *links_query(const Absorption *absorption, const char *values, bool join, bool distinct,
						 bool nulls);

/* drop_columns.c */
extern void check_drop_columns(Relation rel, const TableFacts *table, List *columns, LOCKMODE lockmode);
extern void build_drop_columns(StatementPlan *plan, const TableFacts *table, List *columns);

/* mirror.c */
extern void check_mirror(const Absorption *absorption);
extern void build_mirror(StatementPlan *plan, const Absorption *absorption);
extern List *mirror_functions(Oid function);

/* mirror_functions.c */
extern char *remove_function(const Absorption *absorption, const char *name);
extern char *add_function(const Absorption *absorption, const char *name);
extern char *move_function(const Absorption *absorption, const char *name);
extern char *trigger_body(const Absorption *absorption, const char *add, const char *remove, const char *move);

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
