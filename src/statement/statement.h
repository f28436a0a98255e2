/*
 * statement.h
 *		Statements and their locks: collected, run and returned.
 */
#ifndef JUNCTION_STATEMENT_H
#define JUNCTION_STATEMENT_H

#include "executor/tuptable.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* What become_role() changes, for become_caller() to restore */
typedef struct OwnerRole
{
	Oid			caller;
	int			context;		/* the caller's security context */
	bool		changed;		/* false if the caller is the owner himself */
	int			guc_level;		/* if changed: the GUC nest level that was opened */
} OwnerRole;

/* The statements of one call, in the order in which they are to run */
typedef struct StatementPlan
{
	List	   *statements;		/* of Statement, which is private to plan.c */
} StatementPlan;

/* The result of try_statement() */
typedef struct StatementResult
{
	ErrorData  *error;			/* null if it succeeded */
	List	   *values;			/* char *, the columns of the first row returned,
								 * null for a null; NIL if it returned no row */
} StatementResult;

/* A way to take a multiway table apart */
typedef struct CountedWay
{
	List	   *parts;			/* of SplitPart */
	bool		is_tree;		/* without a part, an end would be left out */
	int64		spurious;		/* rows that the join of the parts has and the
								 * table has not; -1 if they were not counted */
} CountedWay;

/* A tree of parts, by which their natural join is counted without being made */
typedef struct JoinTree
{
	const Junction *junction;
	int			count;			/* of the parts */
	Bitmapset **columns;		/* of each part */
	int		   *parent;			/* of each part: another, or -1 for the root, 0 */
	Bitmapset **separator;		/* of each part: the columns that its parent has too */
} JoinTree;

/* The rows of a multiway table, grouped by their values in some columns */
typedef struct RowGroups
{
	int			count;
	int		   *of_row;			/* the number of each row's group, from 1; 0 for a
								 * row that is left out */
	int		   *first_row;		/* a row of each group; [0] is not used */
} RowGroups;

/* The rows of a multiway table in memory, as end_rows.c has them */
typedef struct EndRows EndRows;

/* The splits that the rows of a multiway table allow */
typedef struct Splits
{
	int64		rows;			/* combinations of ends that the rows hold */
	List	   *actors;			/* Endpoint: those that the other ends decide */
	List	   *ways;			/* CountedWay: the lossless ones */
} Splits;

/* Takes a row of stream_rows(); false if no more are wanted */
typedef bool (*TakeRow) (TupleTableSlot *slot, void *state);

/* count.c */
extern int64 count_duplicates(Oid relid, List *columns);
extern const char *describe_duplicates(Oid relid, List *columns);
extern bool has_rows(Oid relid);
extern int64 count_nulls(Oid relid, List *columns);
extern int64 count_orphans(const TableFacts *table, const ForeignKeyFacts *key);
extern int64 *count_changed(Relation rel, List *columns);

/* count_dependencies.c */
extern void count_exceptions(const Junction *junction, EndRows *read, const Bitmapset *determinant,
							 const Bitmapset *dependent, int64 *exceptions, int64 *rows);
extern Oid	key_equality(const Junction *junction, AttrNumber attnum);
extern int64 count_combinations(const Junction *junction, EndRows *read);
extern int64 count_joined(const Junction *junction, EndRows *read, List *parts);

/* count_distinct.c */
extern int64 count_distinct(const Junction *junction, const Endpoint *endpoint,
							double rows_per_value);

/* count_splits.c */
extern List *count_ways(const Junction *junction, EndRows *read, int64 rows);
extern List *columns_beside_end(const Junction *junction, const Endpoint *end);
extern Splits *count_splits(const Junction *junction);
extern char *only_split(const Junction *junction, const Splits *splits);
extern char *describe_splits(const Junction *junction, const Splits *splits);

/* count_undecided.c */
extern int64 *count_undecided(const TableFacts *table, List *pair, List *columns);

/* end_joins.c */
extern bool count_read_join(EndRows *read, const JoinTree *tree, int64 *count);

/* end_rows.c */
extern EndRows *read_end_rows(const Junction *junction);
extern RowGroups *group_rows(EndRows *read, const Bitmapset *columns, bool whole);
extern void free_groups(EndRows *read);
extern void count_read_exceptions(EndRows *read, const Bitmapset *determinant,
								  const Bitmapset *dependent, int64 *exceptions, int64 *rows);
extern int64 count_read_combinations(EndRows *read);
extern bool is_repeated(EndRows *read, const Bitmapset *columns);

/* join_tree.c */
extern void make_join_tree(JoinTree *tree, const Junction *junction, List *parts);
extern bool is_join_tree(const JoinTree *tree);

/* locks.c */
extern const char *lock_mode_name(LOCKMODE mode);
extern void add_lock(List **locks, Oid relid, LOCKMODE mode);
extern void add_locks(List **locks, Oid relid, LOCKMODE mode, bool columns);
extern char *locks_text(List *locks, const TableFacts *renamed, const char *new_name);
extern char *statement_locks(const char *statement);
extern void append_lock(StringInfo buf, LOCKMODE mode, Oid relid);
extern char *lock_on(LOCKMODE mode, Oid relid);
extern void append_locks_below(StringInfo buf, LOCKMODE mode, Oid relid);
extern char *lock_on_all(LOCKMODE mode, const TableFacts *table);
extern char *new_name_lock(const TableFacts *table, const char *new_name, LOCKMODE mode);
extern char *new_name_locks(const TableFacts *table, const char *new_name, bool recurses);

/* owner.c */
extern void become_role(OwnerRole *role, Oid user);
extern void become_owner(OwnerRole *role, Oid relid);
extern void become_caller(const OwnerRole *role);

/* plan.c */
extern void plan_add(StatementPlan *plan, char *locks, const char *format,...) pg_attribute_printf(3, 4);
extern char *plan_text(const StatementPlan *plan);
extern void plan_run(const StatementPlan *plan);
extern Datum plan_finish(StatementPlan *plan, bool dry_run, FunctionCallInfo fcinfo);
extern void plan_run_alone(const char *query);

/* query.c */
extern void connect_spi(void);
extern void finish_spi(void);
extern void run_statement(const char *text);
extern void select_counts(const char *query, int64 *counts, int count);
extern void change_and_count(const char *query, int64 *counts, int count);
extern void change_rows(const char *statement, Oid type, Datum parameter, int64 *counts, int count);
extern char *select_text(const char *query);
extern int64 run_and_count(const char *text);
extern List *select_rows(const char *query);
extern bool is_error_of_statement(const ErrorData *error);
extern bool try_statement(const char *text, StatementResult *result);

/* rename.c */
extern void build_index_rename(StatementPlan *plan, const IndexFacts *index, const char *name);
extern bool index_holds(const IndexFacts *index, const Bitmapset *columns);
extern void build_rename(StatementPlan *plan, const TableFacts *table, const char *new_name,
						 List *except, const Bitmapset *dropped, NameSpace *names);

/* snapshot.c */
extern void check_snapshot(Oid relid, const char *verb);

/* stream.c */
extern void stream_rows(const char *query, TakeRow take, void *state);

#endif							/* JUNCTION_STATEMENT_H */
