/*
 * facts.h
 *		What the catalogs say of tables, read into plain structs.
 */
#ifndef JUNCTION_FACTS_H
#define JUNCTION_FACTS_H

#include "access/attnum.h"
#include "access/htup.h"
#include "access/tupdesc.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "base/base.h"

/* A column of a table; dropped ones are left out */
typedef struct ColumnFacts
{
	AttrNumber	attnum;
	char	   *name;
	Oid			type;
	int32		typmod;
	Oid			collation;
	bool		notnull;
	bool		has_default;	/* of its own, or an identity */
} ColumnFacts;

/* A foreign key, as the table that owns it sees it */
typedef struct ForeignKeyFacts
{
	Oid			oid;
	char	   *name;
	Oid			parent;
	struct TableFacts *parent_table;	/* null if it was not read too */
	char	   *parent_name;	/* unqualified */
	int			nkeys;
	AttrNumber *columns;
	AttrNumber *parent_columns;
	Oid		   *operators;		/* parent column = column */
	char		on_delete;		/* pg_constraint.confdeltype */
	char		on_update;		/* pg_constraint.confupdtype */
	Bitmapset  *delete_set;		/* the columns that ON DELETE SET NULL or SET
								 * DEFAULT sets; none with another action */
	char		match;			/* pg_constraint.confmatchtype */
	bool		deferrable;
	bool		deferred;
	bool		validated;
	bool		enforced;		/* since 18 it need not be */
	List	   *disabled;		/* names of its triggers on this table that do
								 * not fire */
	List	   *disabled_at_parent;
	List	  **families;		/* per column: the operator families in which
								 * that operator means equality (OIDs) */
} ForeignKeyFacts;

/* An index, whether or not a constraint owns it */
typedef struct IndexFacts
{
	Oid			oid;
	Oid			method;			/* access method */
	int			nkeys;			/* INCLUDE columns are no keys */
	int			ncolumns;		/* keys and INCLUDE columns */
	AttrNumber *columns;		/* key columns in order, 0 for an expression */
	Bitmapset  *column_set;		/* the same as a set, and 0 for an expression */
	Oid		   *classes;		/* operator classes */
	Oid		   *families;
	Oid		   *collations;
	int16	   *options;		/* DESC, NULLS FIRST */
	bool		unique;
	bool		primary;
	bool		exclusion;
	bool		replica_identity;
	bool		usable;			/* valid, ready and live */
	bool		deferrable;
	char	   *expressions;	/* nodeToString form; null if it has none */
	char	   *predicate;		/* nodeToString form; null if not partial */
	Bitmapset  *implied_by;		/* if partial: the foreign keys, by place in
								 * the table's list, whose lookup implies the
								 * predicate */
} IndexFacts;

/* A constraint of any kind, as constraints.c reads it */
typedef struct ConstraintFacts
{
	Oid			oid;
	char	   *name;
	char		type;			/* pg_constraint.contype */
	int			nkeys;
	AttrNumber *columns;		/* that it is on */
	Bitmapset  *column_set;		/* the same */
	Oid			index;			/* its own, not a foreign key's; or InvalidOid */
	bool		inherited;		/* from a parent, or the table it is a partition of */
	bool		validated;
	char	   *expression;		/* of a check, nodeToString form; or null */
} ConstraintFacts;

/* A table with all that decides whether, and of what kind, it is a junction */
typedef struct TableFacts
{
	Oid			oid;
	Oid			namespace;
	char	   *name;
	char	   *noun;			/* its singular, once it was asked for */
	char		kind;			/* pg_class.relkind */
	char		persistence;	/* pg_class.relpersistence */
	char		identity;		/* pg_class.relreplident */
	bool		partition;
	bool		has_children;	/* by inheritance, or partitions */
	bool		extension_member;
	bool		shard;			/* of a table that Citus has distributed */
	List	   *ignored;		/* names of the rules that its comment silences */
	List	   *columns;		/* ColumnFacts, by number */
	Bitmapset  *partition_key;	/* columns; none if not partitioned by any */
	List	   *foreign_keys;	/* ForeignKeyFacts, oldest first */
	List	   *indexes;		/* IndexFacts, oldest first */
	List	   *referenced;		/* OIDs of the indexes that foreign keys of any
								 * table rest on, one for each such key */
} TableFacts;

/* What makes the facts of one read: decode.c's */
typedef struct FactMaker
{
	char	   *room;			/* for the next facts */
	Size		left;
	List	   *operators;		/* what they mean, as far as it was asked */
	List	   *classes;
} FactMaker;

/* All tables, with their OIDs for an index */
typedef struct Database
{
	MemoryContext context;		/* where all facts are */
	List	   *tables;			/* TableFacts, oldest first */
	struct table_map_hash *by_oid;	/* read.c's */
	struct HTAB *by_link;		/* model/parent_lookup.c's; null until it is asked */
} Database;

/* annotations.c */
extern void read_own_surroundings(const Database *database, Snapshot snapshot);
extern void read_extension_members(const Database *database, Snapshot snapshot);
extern void read_surroundings(const Database *database, Snapshot snapshot);

/* citus.c */
extern bool is_citus_session(void);
extern bool is_distributed(Oid relid);
extern struct HTAB *read_shards(Snapshot snapshot);
extern bool is_shard(struct HTAB *shards, const char *name, Oid namespace);
extern void mark_shards(const Database *database, Snapshot snapshot);

/* constraints.c */
extern List *read_constraints(Oid relid);

/* decode.c */
extern ForeignKeyFacts *foreign_key_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern IndexFacts *index_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern ColumnFacts *column_from_row(FactMaker *maker, HeapTuple tuple);

/* depend.c */
extern struct ObjectAddress *make_address(Oid classid, Oid objid, int subid);
extern char *describe_dependents(List *objects, bool follow);
extern char *find_stored_row(Oid row_type);

/* expression.c */
extern Bitmapset *keys_implying(const TableFacts *table, const IndexFacts *index);
extern char *predicate_text(const TableFacts *table, const IndexFacts *index);
extern Bitmapset *expression_columns(Node *expression);
extern Bitmapset *indexed_columns(const IndexFacts *index);

/* facts.c */
extern ColumnFacts *find_column(const TableFacts *table, AttrNumber attnum);
extern ColumnFacts *find_column_by_name(const TableFacts *table, const char *name);
extern IndexFacts *find_index(const TableFacts *table, Oid oid);
extern Bitmapset *key_columns(const ForeignKeyFacts *key);
extern IndexFacts *find_primary_key(const TableFacts *table);
extern List *column_names(const TableFacts *table, const AttrNumber *columns, int count);
extern List *names_of(List *columns);
extern List *nullable_columns(const TableFacts *table, const Bitmapset *columns);
extern bool is_conflict_target(const IndexFacts *key);
extern bool is_key(const IndexFacts *index);
extern bool is_whole_key(const IndexFacts *index);
extern bool is_unique(const TableFacts *table, const Bitmapset *columns);
extern char *index_name(const IndexFacts *index);
extern char *qualified_beside(const TableFacts *table, const char *name);
extern char *column_type(const ColumnFacts *column);
extern const char *table_name(const TableFacts *table);
extern List *find_all_tables_publications(Oid relid);

/* read.c */
extern Oid partition_root(Oid relid);
extern TableFacts *read_table(Oid relid);
extern Database *read_tables(List *oids, Snapshot snapshot);
extern Database *read_database(Snapshot snapshot);
extern TableFacts *find_table(const Database *database, Oid relid);

/* rights.c */
extern Oid	table_owner(Oid relid);
extern bool is_own_table(Oid relid);
extern bool may_read_all(Oid relid);

#endif							/* JUNCTION_FACTS_H */
