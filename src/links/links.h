/*
 * links.h
 *		Living with links: functions that walk and change them, and rows that
 *		become one with all their links.
 */
#ifndef JUNCTION_LINKS_H
#define JUNCTION_LINKS_H

#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Accessors
 */

/* What an accessor does; accessor_names[] has the same order */
typedef enum AccessorKind
{
	ACCESSOR_LIST,
	ACCESSOR_SET,
	ACCESSOR_ADD,
	ACCESSOR_REMOVE,
	ACCESSOR_TOGGLE,
	ACCESSOR_MATCHING,
	ACCESSOR_REACH
} AccessorKind;

/* A column of an endpoint */
typedef struct AccessorColumn
{
	ColumnFacts *column;		/* of the junction */
	ColumnFacts *parent;		/* the one that it references */
	Oid			reference;		/* operator: parent column = column */
	Oid			equality;		/* operator of the pair key: column = value */
} AccessorColumn;

/* One end of the links */
typedef struct AccessorEnd
{
	TableFacts *parent;
	List	   *columns;		/* AccessorColumn: of the foreign key, in its order */
	List	   *own;			/* those of them that the other end does not have */
	char	   *noun;			/* for one row of the parent, in its role here: tag */
	char	   *plural;			/* for several: tags */
} AccessorEnd;

/* The junction whose accessors are made */
typedef struct Accessors
{
	/* arguments */
	List	   *kinds;			/* of AccessorKind, in its order */
	char	   *asked_match;	/* a column of the right parent, or null */

	/* decided by check_accessors() */
	Relation	rel;			/* open and locked */
	Junction   *junction;
	TableFacts *table;
	AccessorEnd left;			/* whose links are changed */
	AccessorEnd right;			/* what they lead to */
	List	   *fixed;			/* AccessorColumn: those of both ends, then
								 * left.own: what leads to the links of a row */
	char	   *live;			/* the condition of a partial pair key on "link",
								 * or null */
	ColumnFacts *mark;			/* set in a link that is removed; or null */
	ColumnFacts *match;			/* of the right parent, or null */
	Oid			match_equality; /* operator: match = value */
	List	   *match_key;		/* names of the columns that it is unique with,
								 * itself too */
} Accessors;

/* A parameter of a function */
typedef struct AccessorParameter
{
	char	   *name;			/* or null */
	Oid			type;
	bool		optional;		/* DEFAULT NULL */
} AccessorParameter;

/* A function that is to be made */
typedef struct AccessorFunction
{
	AccessorKind kind;
	char	   *name;
	List	   *parameters;		/* AccessorParameter */
	char	   *returns;		/* "SETOF public.tags" */
	const char *attributes;		/* "STABLE PARALLEL SAFE" */
	char	   *body;			/* statements, each with its semicolon */
	List	   *locks;			/* add_lock(): what the statements name */
} AccessorFunction;

/* accessors_check.c */
extern void check_accessors(Accessors *accessors, Oid relid, bool dry_run);

/* accessor_text.c */
extern char *clip_name(char *name);
extern char *name_with_ending(const char *name, const char *ending);
extern char *link_relation(const TableFacts *table);
extern char *live_links(const Accessors *accessors, List *columns, const char *alias);
extern char *column_of(const char *alias, const ColumnFacts *column);
extern char *columns_of(const char *alias, List *columns);
extern Oid	value_type(const ColumnFacts *column);
extern char *collate_as(const ColumnFacts *column);
extern char *fixed_condition(const Accessors *accessors, const char *alias);
extern char *referencing_value(const AccessorColumn *column, const char *value);
extern char *links_of_row(const AccessorEnd *end, const char *row, const char *link);
extern char *given_row(const Accessors *accessors, List *columns);
extern AccessorFunction *new_accessor(AccessorKind kind, char *name);
extern void add_parameter(AccessorFunction *function, char *name, Oid type, bool optional);
extern void add_fixed_parameters(AccessorFunction *function, const Accessors *accessors);
extern int	add_array_parameter(AccessorFunction *function, char *name, const ColumnFacts *column,
								bool optional);

/* accessor_list.c */
extern List *list_accessors(const Accessors *accessors);

/* accessor_change.c */
extern List *change_accessors(const Accessors *accessors, AccessorKind kind);

/* accessor_match.c */
extern void check_match(Accessors *accessors);
extern char *find_words(const Accessors *accessors, int parameter);
extern char *insert_words(const Accessors *accessors, int parameter);

/* accessor_matching.c */
extern void check_matching(const Accessors *accessors);
extern AccessorFunction *matching_accessor(const Accessors *accessors);

/* accessor_reach.c */
extern void check_reach(const Accessors *accessors);
extern AccessorFunction *reach_accessor(const Accessors *accessors);

/* accessor_owner.c */
extern bool is_accessor_of(Oid function, Oid relid);
extern Oid	function_owner(Oid function);
extern List *find_accessors(Oid relid);
extern Oid	find_function(const AccessorFunction *function, Oid namespace);
extern char *find_renamed(const AccessorFunction *function, const char *comment, Oid relid, List *others);

/*
 * Merge and deduplicate: one engine, to which the rows that become one are
 * MergedRows
 */

/* Which of two rows with the same key stays */
typedef enum ConflictRule
{
	CONFLICT_KEEP,				/* that of the row that stays */
	CONFLICT_NEWEST,			/* the one with the later time stamp */
	CONFLICT_ERROR				/* none: refuse */
} ConflictRule;

/* Some of the rows that become one */
typedef enum MemberSet
{
	MEMBERS_ALL,
	MEMBERS_STAYING,			/* the one of each class that stays */
	MEMBERS_GOING				/* the others */
} MemberSet;

/*
 * Rows of a table that become one.  At the top these are the rows that the
 * caller named, known by their values.  Below, they are the result of a query,
 * as many classes of rows: those that are the same once the rows above are one.
 */
typedef struct MergedRows
{
	const TableFacts *table;
	const struct MergedRows *above;
	int			level;
	List	   *columns;		/* of int: the columns whose values are known */
	List	   *identity;		/* of int: those of them that identify a row */
	List	   *values;			/* if named: for each row, first the one that
								 * stays, a List of literals, null for a null, in
								 * the order of columns */
	char	   *with;			/* else the WITH list, without the word */
	char	   *name;			/* and the query of it that has the rows: columns
								 * m1 (a member's column 1) and t1 (that of the
								 * one that stays) and so on, class, and rank,
								 * which is 0 for the one that stays */
} MergedRows;

/* A foreign key onto the merged rows' table, or one that comes to the same */
typedef struct MergeKey
{
	const ForeignKeyFacts *key;
	bool		cascades;		/* it refers to them by the key of another child,
								 * whose changes ON UPDATE CASCADE brings */
} MergeKey;

/* A table that references the merged rows */
typedef struct MergeChild
{
	const TableFacts *table;
	List	   *keys;			/* MergeKey */
	Bitmapset  *columns;		/* of all keys */
	List	   *beside;			/* OIDs of children whose rows reference these, or are
								 * referenced by them, by columns that change: one
								 * statement has to change both */
	MergeKey   *left;			/* its keys that are the ends of a junction, or null */
	MergeKey   *right;
	const IndexFacts *unordered;	/* of such ends without an order: the pair key,
								 * beside which an index knows both orders */
	AttrNumber	lesser;			/* of such ends in order: the column that a CHECK
								 * holds below the other; or 0 */
	AttrNumber	greater;
} MergeChild;

/* A statement of a merge */
typedef struct MergeStep
{
	char	   *text;
	char	   *locks;
	Oid			table;			/* whose rows it changes; or InvalidOid */
	const char *change;			/* a word for what becomes of them; or null */
	int64		rows;			/* how many it has changed; -1 if it was not run */
} MergeStep;

/*
 * What was counted of a child before it is changed, to prove afterwards that no
 * link is lost, and none left
 */
typedef struct MergeProof
{
	const MergedRows *rows;
	const MergeChild *child;
	int64		members;		/* rows that reference one of the rows */
	bool		several;		/* has the child several keys? */
	List	   *indexes;		/* IndexFacts: the keys that are compared in full */
	int64	   *keys;			/* for each: how many will be there, and a
								 * checksum of them */
	int			first;			/* the number of steps before */
	List	   *steps;			/* MergeStep: its own, which delete */
	MergeStep  *moved;			/* its own, which updates; or null */
} MergeProof;

/* A foreign key onto a table */
typedef struct MergeReference
{
	const TableFacts *child;
	const ForeignKeyFacts *key;
} MergeReference;

/* A table that a merge may change, or whose rows it merges */
typedef struct MergeTable
{
	TableFacts *table;
	bool		searched;		/* its references are known */
	List	   *references;		/* MergeReference */
	Oid			reader;			/* the role that reads its rows, and those of the
								 * tables above that they are found by */
} MergeTable;

/* A merge that is under way */
typedef struct Merge
{
	bool		named;			/* the rows of the first table are MergedRows with
								 * values: no other table's rows are found by them */
	ConflictRule conflicts;
	LOCKMODE	lockmode;		/* on the table whose rows become one, unless it
								 * is among those that reference it */
	bool		dry_run;
	const char *instead;		/* hint: what to do with distributed tables */
	bool		waits;			/* for the locks of tables */
	Oid			busy;			/* else the one whose lock is to be waited for, if
								 * that is why a try to lock all ended */
	LOCKMODE	busy_mode;		/* which lock */
	List	   *tables;			/* MergeTable */
	List	   *steps;			/* MergeStep */
} Merge;

/* conflict_query.c */
extern bool is_key_of_child(const MergeChild *child, const IndexFacts *index);
extern char *delete_conflicts(const Merge *merge, const MergedRows *rows, const MergeChild *child,
							  const IndexFacts *index);
extern char *count_conflicts(const Merge *merge, const MergedRows *rows, const MergeChild *child,
							 const IndexFacts *index);
extern MergedRows *conflicting_rows(const Merge *merge, const MergedRows *rows,
									const MergeChild *child, const IndexFacts *index,
									List *columns, List *identity);

extern char *child_item(const MergedRows *rows, const MergeChild *child, const char *alias);
extern char *sum_of_keys(const MergedRows *rows, const MergeChild *child,
						 const IndexFacts *index, const char *except);
extern void set_members(MergedRows *members, const char *pairs);

extern char *row_expression_text(const TableFacts *table, Node *expression, const char *alias);

/* find_children.c */
extern MergeTable *find_merge_table(const Merge *merge, Oid relid);
extern void open_merged_table(Merge *merge, Oid relid);
extern void open_tables_below(Merge *merge);
extern List *find_children(const Merge *merge, const TableFacts *table);
extern void add_reference_locks(const Merge *merge, List **locks, const TableFacts *table,
								const Bitmapset *columns);
extern List *known_columns(const Merge *merge, const TableFacts *table, List **identity);

/* link_ends.c */
extern void set_link_ends(MergeChild *child);

/* keep_order.c */
extern char *keep_order(const TableFacts *table, List *identity, const char *keep);

/* merge_locks.c */
extern void lock_merge_table(Merge *merge, Oid relid, LOCKMODE lockmode);
extern const TableFacts *lock_merge(Merge *merge, Oid relid, FunctionCallInfo fcinfo, MergedRows *rows);

/* merge_readers.c */
extern void set_readers(Merge *merge);

/* merge_rows.c */
extern char *delete_locks(const Merge *merge, const MergedRows *rows, const TableFacts *table);
extern char *lock_locks(const MergedRows *rows);
extern void merge_rows(Merge *merge, const MergedRows *rows);

/* merged_rows.c */
extern char *merged_relation(const TableFacts *table);
extern char *with_clause(const MergedRows *rows);
extern char *member_alias(const char *alias, const MergeChild *child, const MergeKey *key);
extern char *is_member(const MergedRows *rows, const MergeChild *child, const MergeKey *key,
					   const char *alias, MemberSet set);
extern char *is_any_member(const MergedRows *rows, const MergeChild *child, const char *alias,
						   MemberSet set);
extern char *rank_of(const MergedRows *rows, const MergeChild *child, const MergeKey *key,
					 const char *alias);
extern char *rank_of_row(const MergedRows *rows, const MergeChild *child, const char *alias);
extern char *merged_value(const MergedRows *rows, const MergeChild *child, const char *alias,
						  AttrNumber column);
extern char *is_itself(const MergedRows *rows, const char *alias, MemberSet set);
extern char *not_itself(const MergedRows *rows, const MergeChild *child, const char *alias,
						MemberSet set);
extern char *is_referenced_member(const MergedRows *rows, const MergeChild *child,
								  const ForeignKeyFacts *key, const char *alias, const char *member);
extern char *is_identified_by(const MergedRows *rows, const char *alias, const char *member);
extern char *referencing_column(const TableFacts *parent_table, const ForeignKeyFacts *key, int place,
								const TableFacts *table, const char *alias);
extern char *equality_of_column(const ColumnFacts *column);
extern bool stays_with_value(const MergedRows *rows, AttrNumber column);
extern char *target_value(const MergedRows *rows, const MergeChild *child, const char *alias,
						  AttrNumber column);
extern bool is_changed(const MergedRows *rows, const MergeChild *child, AttrNumber column);
extern char *member_join(const MergedRows *rows, const MergeChild *child, const char *alias);

/* merge_step.c */
extern MergeStep *add_step(Merge *merge, const TableFacts *table, const char *change, char *locks,
						   char *text);
extern MergeStep *add_reading_step(Merge *merge, const TableFacts *table, char *locks, char *text);
extern void read_counts(const Merge *merge, const TableFacts *table, const char *query, bool latest,
						int64 *counts, int count);
extern int64 merge_count(const Merge *merge, const TableFacts *table, const char *query);
extern List *read_rows(const Merge *merge, const TableFacts *table, const char *query);
extern Datum finish_merge(const Merge *merge, FunctionCallInfo fcinfo);

/* named_rows.c */
extern void name_rows(MergedRows *rows, FunctionCallInfo fcinfo, const TableFacts *table);
extern char *lock_rows(const MergedRows *rows);
extern bool read_values(const Merge *merge, MergedRows *rows, List *given);

/* prove_merge.c */
extern MergeProof *begin_proof(Merge *merge, const MergedRows *rows, const MergeChild *child);
extern void finish_proof(const Merge *merge, MergeProof *proof);
extern char *loop_condition(const MergedRows *rows, const MergeChild *child, const char *alias);
extern void check_no_reference_to_loops(const Merge *merge, const MergedRows *rows,
										const MergeChild *child);
extern void check_nothing_left(Merge *merge, const MergedRows *rows);

/* undeclared.c */
extern void notice_undeclared(const TableFacts *table);

#endif							/* JUNCTION_LINKS_H */
