/*
 * check.h
 *		Checks of preconditions and arguments: each function returns, or
 *		raises an error.
 */
#ifndef JUNCTION_CHECK_H
#define JUNCTION_CHECK_H

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* A table that a new foreign key will reference, and the key that it references */
typedef struct Parent
{
	Relation	rel;			/* open and locked */
	TableFacts *table;
	List	   *key;			/* ColumnFacts: shared, then own */
	List	   *shared;			/* ColumnFacts: those that the junction's other
								 * foreign key references too */
	List	   *own;			/* ColumnFacts: the key's other columns */
} Parent;

/*
 * Returns parents (OIDs) of a table, of which nothing is locked.  state: ParentUse's
 */
typedef List *(*ParentFinder) (TableFacts *table, const void *state);

/* The parents of a table that a verb locks with it: open_table_with_parents() */
typedef struct ParentUse
{
	List	   *added;			/* OIDs: those that new foreign keys will reference */
	ParentFinder kept;			/* those that are locked in this mode; or null */
	LOCKMODE	mode;
	ParentFinder dropped;		/* those of foreign keys that will be dropped; or null */
	const void *state;
} ParentUse;

/* arguments.c */
extern void check_arguments(FunctionCallInfo fcinfo, const char *const *required, int count);
extern List *text_array_to_list(ArrayType *array, const char *argument);
extern int64 interval_ms(FunctionCallInfo fcinfo, int n, const char *name);

/* column_definition.c */
extern ColumnDef *check_column_definition(const char *definition);
extern bool is_serial(const TypeName *type);

/* lock_order.c */
extern bool has_privilege(Oid relid, AclMode privilege);
extern List *find_parents(const TableFacts *table, const Bitmapset *columns);
extern List *all_parents(TableFacts *table, const void *state);
extern void lock_new_parents(List *parents);
extern Relation open_table_with_parents(Oid relid, LOCKMODE lockmode, const ParentUse *use);
extern void lock_parents_late(Oid relid, LOCKMODE lockmode, List *added, List *dropped);
extern List *lock_sampled_parents(Oid relid);
extern void unlock_sampled_parents(List *locked);

/* name.c */
extern void check_name_length(const char *name);
extern void check_column_name(const char *name);
extern char *parse_table_name(text *name, char **schema);
extern void check_may_create_in(Oid namespace);
extern void check_owner_may_create(Relation rel);
extern void check_key_name_free(Oid relid, const char *name);
extern void check_table_name_free(Oid namespace, const char *name);
extern char *check_new_table_name(const TableFacts *table, text *name);

/* parent.c */
extern void open_parent(Parent *parent, Oid relid, List *shared);
extern void open_referenced_parent(Parent *parent, const TableFacts *table,
								   const ForeignKeyFacts *key, List *shared);

/* table.c */
extern void check_table_kind(Oid relid);
extern void check_table_to_change(Oid relid);
extern Relation open_table_to_change(Oid relid, LOCKMODE lockmode);
extern Relation open_table_to_reference(Oid relid, LOCKMODE lockmode);
extern void check_not_typed(Relation rel);
extern void check_not_distributed(Oid relid, const char *reason, const char *hint);
extern void check_reads_all(Oid relid, const char *reason);
extern void notice_no_junction(const Junction *junction);
extern Junction *require_junction(Oid relid);

#endif							/* JUNCTION_CHECK_H */
