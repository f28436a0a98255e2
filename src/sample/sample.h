/*
 * sample.h
 *		Rows that are made to try something with.
 */
#ifndef JUNCTION_SAMPLE_H
#define JUNCTION_SAMPLE_H

#include "access/attnum.h"
#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "base/base.h"
#include "catalog/facts.h"

/* A constant of a check, which hints at values that pass the check */
typedef struct Hint
{
	Oid			type;			/* of the constant */
	char		category;		/* pg_type.typcategory */
	char	   *text;			/* the constant as text */
} Hint;

/* The value of a row in one column, as text */
typedef struct Cell
{
	AttrNumber	attnum;
	char	   *value;			/* null for a null */
} Cell;

/* A request for a row, to make_row() */
typedef struct RowRequest
{
	List	   *given;			/* Cell: the values to use */
	Bitmapset  *wanted;			/* columns that must not be null, and that are
								 * returned */
	Bitmapset  *left_out;		/* columns that the INSERT must not name */
	Bitmapset  *dangling;		/* columns whose foreign keys get no parent */
} RowRequest;

/* A column of a table in which rows are made */
typedef struct SampleColumn
{
	ColumnFacts *facts;
	bool		generated;		/* GENERATED AS (expression): never inserted */
	bool		identity;
	bool		overridden;		/* GENERATED ALWAYS AS IDENTITY: to insert a value
								 * takes OVERRIDING SYSTEM VALUE */
	bool		has_default;	/* of its own or its type's, or an identity */
	Oid			type;			/* type to make values for: the column's, or as
								 * fit_type() has narrowed it */
	int32		typmod;
	List	   *hints;			/* Hint: from the checks that use the column */
	List	   *passing;		/* if tried: places (int, from 0) of the made values
								 * that the type accepts */
	bool		tried;			/* a domain's or an extension type's values have
								 * been cast to it */
	int			choice;			/* the number of the value to insert, from 1; 0
								 * leaves the column out */
} SampleColumn;

/* A check constraint of a table */
typedef struct SampleCheck
{
	char	   *name;
	Bitmapset  *columns;		/* those that it uses */
} SampleCheck;

/* A table in which rows are made */
typedef struct SampleTable
{
	TableFacts *facts;
	char	   *name;			/* qualified and quoted, for statements */
	char	   *display;		/* for messages */
	List	   *columns;		/* SampleColumn, as facts->columns */
	List	   *checks;			/* SampleCheck */
	Bitmapset  *followed;		/* foreign keys, by place in facts->foreign_keys,
								 * that get a parent though they can be null */
} SampleTable;

/* The state of make_row(), all zero at first; callers read why and error */
typedef struct Sampler
{
	List	   *tables;			/* SampleTable: those read so far */
	List	   *made;			/* MadeRow: parents.  The caller sets it to NIL when
								 * it rolls the rows back */
	List	   *under_way;		/* OIDs of the tables in which a row is being made,
								 * outermost first */
	char	   *why;			/* reason why the last row could not be made */
	ErrorData  *error;			/* the server's error for that row, or null */
} Sampler;

/* check_constants.c */
extern List *column_hints(Relation rel, const ColumnFacts *column);

/* error_object.c */
extern Oid	error_table(const ErrorData *error);
extern Oid	error_type(const ErrorData *error);
extern IndexFacts *error_index(const ErrorData *error, const TableFacts *table);
extern ForeignKeyFacts *error_key(const ErrorData *error, const TableFacts *table);
extern char *describe_error(const ErrorData *error, Oid relid, AclMode needed);

/* make_row.c */
extern Cell *make_cell(AttrNumber attnum, char *value);
extern Cell *find_cell(List *cells, AttrNumber attnum);
extern bool make_row(Sampler *sampler, Oid relid, const RowRequest *request, List **row);

/* shard_error.c */
extern void name_shard_error(ErrorData *error, const TableFacts *table);

/* sample_table.c */
extern SampleTable *find_sample_table(Sampler *sampler, Oid relid);
extern SampleColumn *find_sample_column(const SampleTable *table, AttrNumber attnum);
extern char *column_value(SampleColumn *column, int n);
extern char *sample_value(Sampler *sampler, Oid relid, AttrNumber attnum, int n);
extern TableFacts *sample_facts(Sampler *sampler, Oid relid);
extern void fit_type(SampleColumn *parent, const ColumnFacts *child);

/* value.c */
extern List *make_values(Oid type, int32 typmod, List *hints);

#endif							/* JUNCTION_SAMPLE_H */
