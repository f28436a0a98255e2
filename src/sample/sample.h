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

/* A constant of a check, which hints at the values that pass it */
typedef struct Hint
{
	Oid			type;
	char		category;		/* pg_type.typcategory */
	char	   *text;
} Hint;

/* What a row holds in a column, as text */
typedef struct Cell
{
	AttrNumber	attnum;
	char	   *value;			/* null for a null */
} Cell;

/* A row that is to be made */
typedef struct RowRequest
{
	List	   *given;			/* of Cell */
	Bitmapset  *wanted;			/* columns that are not to be null, and to be
								 * told */
	Bitmapset  *left_out;		/* columns to leave to the server */
	Bitmapset  *dangling;		/* columns whose foreign keys get no parent */
} RowRequest;

/* A column of a table in which rows are made */
typedef struct SampleColumn
{
	ColumnFacts *facts;
	bool		generated;		/* computed from others: it cannot be given */
	bool		identity;
	bool		overridden;		/* an identity GENERATED ALWAYS, if it is given */
	bool		has_default;
	Oid			type;			/* for which values are made */
	int32		typmod;
	List	   *hints;
	List	   *passing;		/* which values a domain, or a type that is not
								 * built in, takes; once they were tried */
	bool		tried;
	int			choice;			/* 0: leave it out; else which value */
} SampleColumn;

/* A check, and what it is about */
typedef struct SampleCheck
{
	char	   *name;
	Bitmapset  *columns;
} SampleCheck;

typedef struct SampleTable
{
	TableFacts *facts;
	char	   *name;			/* qualified */
	char	   *display;
	List	   *columns;		/* SampleColumn, as facts->columns */
	List	   *checks;			/* SampleCheck */
	Bitmapset  *followed;		/* foreign keys that are followed though they
								 * need not be, by place */
} SampleTable;

/* What makes rows: make_row.c's, but for what it says of the last one */
typedef struct Sampler
{
	List	   *tables;			/* known so far */
	List	   *made;			/* parents; to be forgotten with the rollback */
	List	   *under_way;		/* OIDs of the tables in which one is being made */
	char	   *why;			/* no row could be made */
	ErrorData  *error;			/* what the server said of that row, or null */
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
