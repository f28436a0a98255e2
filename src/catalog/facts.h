/*
 * facts.h
 *		What the catalogs say of tables, in plain structs that read.c fills.
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
	bool		unproven;		/* its NOT NULL is NOT VALID (18): older rows may
								 * have a null */
	bool		uninherited;	/* its NOT NULL is NO INHERIT (18) */
	bool		has_default;	/* a DEFAULT, a generation expression or an
								 * identity; a default of its type's does not
								 * count */
	bool		superseded;		/* its comment says that a junction has taken its
								 * place; annotations.c */
	bool		begun;			/* its comment says that it is the id of an
								 * unfinished promotion; annotations.c */
} ColumnFacts;

/* What the comment of such a column has; the junction's name follows */
#define SUPERSEDED_MARK	"@junction superseded"

/* A trigger of a foreign key, on a partition, that does not fire */
typedef struct DisabledTrigger
{
	Oid			partition;
	char	   *name;
	bool		at_parent;		/* it is a partition of the parent */
} DisabledTrigger;

/* What the comment of such an id begins with; the table follows */
#define BEGUN_MARK	"junction: the id of a promotion that is under way, of table "

/* A foreign key of a table */
typedef struct ForeignKeyFacts
{
	Oid			oid;
	char	   *name;
	Oid			parent;			/* the referenced table */
	struct TableFacts *parent_table;	/* null if the parent was not read too */
	char	   *parent_name;	/* without schema, not quoted */
	int			nkeys;			/* the number of its columns, without a period */
	AttrNumber *columns;
	AttrNumber *parent_columns; /* the referenced ones, in the same order */
	AttrNumber	period;			/* the column of PERIOD, which 18 has; or 0 */
	Oid		   *operators;		/* for each column: parent column = column */
	char		on_delete;		/* pg_constraint.confdeltype */
	char		on_update;		/* pg_constraint.confupdtype */
	Bitmapset  *delete_set;		/* the columns that ON DELETE SET NULL or SET
								 * DEFAULT sets; null for another action */
	char		match;			/* pg_constraint.confmatchtype */
	bool		deferrable;
	bool		deferred;		/* INITIALLY DEFERRED */
	bool		validated;
	bool		enforced;		/* false for NOT ENFORCED, which 18 has */
	List	   *disabled;		/* names (char *) of its triggers on this table
								 * that do not fire */
	List	   *disabled_at_parent; /* the same of its triggers on the parent */
	List	   *disabled_below; /* DisabledTrigger: of its triggers on partitions
								 * of either */
	List	  **families;		/* for each column: OIDs of the operator families
								 * in which its lookup by "column = $1" is
								 * equality */
} ForeignKeyFacts;

/* How an exclusion constraint compares a column of two rows */
typedef enum Comparison
{
	EXCLUDE_OTHERWISE,
	EXCLUDE_EQUAL,				/* WITH = */
	EXCLUDE_OVERLAP				/* WITH &&, or WITHOUT OVERLAPS */
} Comparison;

/* The operators of an EXCLUDE constraint, or of a key WITHOUT OVERLAPS */
typedef struct ExclusionFacts
{
	Oid			index;
	Oid			operators[INDEX_MAX_KEYS];	/* of each key column */
} ExclusionFacts;

/* An index, whether or not a constraint owns it */
typedef struct IndexFacts
{
	Oid			oid;
	Oid			method;			/* access method */
	int			nkeys;			/* the number of key columns */
	int			ncolumns;		/* key columns and INCLUDE columns */
	AttrNumber *columns;		/* key columns in order, 0 for an expression */
	Bitmapset  *column_set;		/* the key columns as a set, with 0 if there is
								 * an expression */
	Oid		   *classes;		/* operator class of each key column */
	Oid		   *families;		/* operator family of each */
	Oid		   *collations;		/* collation of each */
	int16	   *options;		/* of each: pg_index.indoption, for DESC and
								 * NULLS FIRST */
	bool		unique;
	bool		nulls_not_distinct; /* such an index cannot be primary */
	bool		primary;		/* of a PRIMARY KEY */
	bool		exclusion;		/* of an EXCLUDE constraint, or of a key WITHOUT
								 * OVERLAPS */
	Comparison *comparisons;	/* if so: how it compares each key column; else
								 * null */
	bool		replica_identity;	/* chosen by REPLICA IDENTITY USING INDEX */
	bool		usable;			/* valid, ready and live */
	bool		deferrable;		/* of a deferrable constraint */
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
	int			nkeys;			/* the number of columns */
	AttrNumber *columns;		/* those that it is on, in its order */
	Bitmapset  *column_set;		/* the columns as a set */
	Oid			index;			/* that enforces it; InvalidOid for a foreign key,
								 * whose index is the parent's */
	bool		inherited;		/* from an inheritance parent or the partitioned
								 * table */
	bool		enforced;		/* false for NOT ENFORCED, which 18 has */
	bool		validated;
	bool		uninherited;	/* NO INHERIT */
	char	   *expression;		/* of a check, nodeToString form; or null */
} ConstraintFacts;

/*
 * A row-level security policy that decides which rows of a table a SELECT sees,
 * and reads tables for that
 */
typedef struct PolicyFacts
{
	char	   *name;
	List	   *roles;			/* OIDs that it applies to; 0 for PUBLIC */
	List	   *tables;			/* OIDs of the relations that USING reads */
} PolicyFacts;

/* A function of junction.create_accessors that returns rows of a table */
typedef struct AccessorFacts
{
	Oid			function;
	char	   *kind;			/* what its comment calls it: "list", "matching" */
	Oid			junction;		/* the table that it walks */
	int			ncolumns;		/* how many it returns: the oldest, as it names
								 * those that the table had */
} AccessorFacts;

/* What the comment of such a function begins with; its kind follows */
#define ACCESSOR_MARK	"@junction accessor "

/* How Citus keeps a table */
typedef enum Layout
{
	LAYOUT_LOCAL,				/* not at all: an ordinary table */
	LAYOUT_CITUS_LOCAL,			/* in one shard on the coordinator, which all
								 * nodes can read */
	LAYOUT_REFERENCE,			/* a copy on every node */
	LAYOUT_SINGLE_SHARD,		/* in one shard, beside those of its tenant's
								 * schema */
	LAYOUT_DISTRIBUTED			/* in shards, by the value of a column */
} Layout;

/* Where Citus keeps the rows of a table; citus.c */
typedef struct Placement
{
	Layout		layout;
	AttrNumber	column;			/* the distribution column; 0 if there is none */
	int			colocation;		/* tables of one group, not 0, have the rows of
								 * one value side by side */
	bool		copies;			/* there are several copies of each row */
} Placement;

/* A table, with everything that classify() decides by */
typedef struct TableFacts
{
	Oid			oid;
	Oid			namespace;
	char	   *name;
	char	   *noun;			/* table_noun() of its name, set by
								 * junction_name_of(); null before */
	char		kind;			/* pg_class.relkind */
	char		persistence;	/* pg_class.relpersistence */
	char		identity;		/* pg_class.relreplident */
	double		rows;			/* pg_class.reltuples, an estimate; -1 if unknown */
	uint32		pages;			/* pg_class.relpages; for a partitioned table, see
								 * table_size() */
	bool		partition;
	bool		row_security;	/* ENABLE ROW LEVEL SECURITY */
	Bitmapset  *unproven;		/* columns that are unproven */
	Bitmapset  *uninherited;	/* columns that are uninherited */
	List	   *policies;		/* PolicyFacts, if row_security; policies.c */
	List	   *accessors;		/* AccessorFacts: those that return rows of this
								 * table; accessors.c */
	bool		has_children;	/* inheritance children or partitions;
								 * annotations.c */
	bool		extension_member;	/* annotations.c */
	bool		shard;			/* of a distributed table; citus.c */
	Placement	placement;		/* read_placements() sets it, only for the whole
								 * database */
	bool		declared;		/* its comment says that it is a junction;
								 * annotations.c */
	List	   *ignored;		/* names of the rules that its comment ignores;
								 * annotations.c */
	List	   *columns;		/* ColumnFacts, by number */
	Bitmapset  *partition_key;	/* columns of the partition key; null if there
								 * are none */
	List	   *foreign_keys;	/* ForeignKeyFacts, oldest first */
	List	   *exclusions;		/* ExclusionFacts */
	List	   *indexes;		/* IndexFacts, oldest first */
	List	   *referenced;		/* for each foreign key that references this
								 * table: the OID of the index that it uses */
} TableFacts;

/* How large a table is, with its partitions, by the estimates in pg_class */
typedef struct TableSize
{
	double		rows;			/* -1 if unknown */
	int64		bytes;			/* without indexes; -1 if unknown */
	bool		complete;		/* the size of each partition is known */
} TableSize;

/* How many distinct values the planner expects in a column */
typedef struct DistinctFacts
{
	double		expected;		/* by pg_statistic; 0 if unknown */
	double		set;			/* by the column's option n_distinct, which the
								 * next ANALYZE will use; 0 if it is not set */
} DistinctFacts;

/* The state of decode.c during one read */
typedef struct FactMaker
{
	char	   *room;			/* free memory, for the next facts */
	Size		left;			/* bytes of it */
	List	   *operators;		/* cache of Meaning, by operator */
	List	   *classes;		/* cache of Meaning, by operator class */
} FactMaker;

/* The facts of many tables, or of all */
typedef struct Database
{
	MemoryContext context;		/* that holds all facts */
	List	   *tables;			/* TableFacts: from read_database() oldest first,
								 * from read_tables() in the order given */
	struct table_map_hash *by_oid;	/* read.c: finds a table */
	struct HTAB *by_link;		/* model/parent_lookup.c: made at its first use,
								 * null before */
} Database;

/* accessors.c */
extern void read_accessor(const Database *database, HeapTuple comment_tuple, TupleDesc comment_desc,
						  Snapshot snapshot);

/* annotations.c */
extern bool is_begun_comment(const TableFacts *table, const char *comment);
extern void read_own_comment(TableFacts *table, Snapshot snapshot);
extern void read_all_comments(const Database *database, Snapshot snapshot);
extern void read_extension_members(const Database *database, Snapshot snapshot);
extern void read_all_annotations(const Database *database, Snapshot snapshot);

/* citus.c */
extern bool is_citus_session(void);
extern Placement read_placement(Oid relid);
extern void read_placements(const Database *database, Snapshot snapshot);
extern bool is_distributed(Oid relid);
extern struct HTAB *read_shards(Snapshot snapshot);
extern bool is_shard(struct HTAB *shards, const char *name, Oid namespace);
extern bool is_citus_shard(Oid relid);
extern bool is_name_of_shard(const char *name, const char *shard_name, int length);
extern void mark_shards(const Database *database, Snapshot snapshot);

/* constraints.c */
extern List *read_constraints(Oid relid);
extern const ConstraintFacts *find_not_null(Oid relid, AttrNumber attnum);
extern const char *key_deferral(const IndexFacts *key);

/* decode.c */
extern ForeignKeyFacts *foreign_key_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern ExclusionFacts *exclusion_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern void set_comparisons(FactMaker *maker, IndexFacts *index, const ExclusionFacts *exclusion);
extern IndexFacts *index_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern AttrNumber first_column(HeapTuple tuple, TupleDesc desc);
extern ColumnFacts *column_from_row(FactMaker *maker, HeapTuple tuple);

/* depend.c */
extern struct ObjectAddress *make_address(Oid classid, Oid objid, int subid);
extern char *describe_index_dependents(Oid index);
extern char *describe_dependents(List *objects, bool follow);
extern char *find_row_user(Oid row_type);

/* expression.c */
extern List *relations_read(Node *expression);
extern Bitmapset *keys_implying(const TableFacts *table, const IndexFacts *index);
extern char *predicate_text(const TableFacts *table, const IndexFacts *index);
extern char *aliased_predicate(const TableFacts *table, const IndexFacts *index, char *alias);
extern Bitmapset *expression_columns(Node *expression);
extern Bitmapset *indexed_columns(const IndexFacts *index);

/* facts.c */
extern ColumnFacts *find_column(const TableFacts *table, AttrNumber attnum);
extern ColumnFacts *find_column_by_name(const TableFacts *table, const char *name);
extern IndexFacts *find_index(const TableFacts *table, Oid oid);
extern ForeignKeyFacts *find_foreign_key(const TableFacts *table, Oid oid);
extern int	key_width(const ForeignKeyFacts *key);
extern Bitmapset *key_columns(const ForeignKeyFacts *key);
extern IndexFacts *find_primary_key(const TableFacts *table);
extern List *column_names(const TableFacts *table, const AttrNumber *columns, int count);
extern List *names_of(List *columns);
extern List *uninherited_columns(const TableFacts *table, const Bitmapset *columns);
extern List *unproven_columns(const TableFacts *table, const Bitmapset *columns);
extern List *nullable_columns(const TableFacts *table, const Bitmapset *columns);
extern bool is_conflict_target(const IndexFacts *key);
extern bool is_key(const IndexFacts *index);
extern bool is_whole_key(const IndexFacts *index);
extern bool is_temporal_key(const IndexFacts *index);
extern Bitmapset *compared_columns(const IndexFacts *index, Comparison comparison);
extern bool is_unique(const TableFacts *table, const Bitmapset *columns);
extern char *index_name(const IndexFacts *index);
extern char *qualified_beside(const TableFacts *table, const char *name);
extern char *column_type(const ColumnFacts *column);
extern char *as_referenced(const char *value, const ColumnFacts *column, Oid parent_type,
						   Oid parent_collation, Oid operator);
extern const char *table_name(const TableFacts *table);
extern List *find_all_tables_publications(Oid relid);
extern bool has_default(const ColumnFacts *column);

/* policies.c */
extern void read_policies(const Database *database, Snapshot snapshot);

/* read.c */
extern Oid partition_root(Oid relid);
extern TableFacts *read_table(Oid relid);
extern Database *read_tables(List *oids, Snapshot snapshot);
extern Database *read_database(Snapshot snapshot);
extern TableFacts *find_table(const Database *database, Oid relid);

/* rights.c */
extern Oid	table_owner(Oid relid);
extern bool is_table_of_role(Oid relid, Oid role);
extern bool is_own_table(Oid relid);
extern bool may_role_read_all(Oid relid, Oid role);
extern bool may_read_all(Oid relid);

/* statistics.c */
extern List *with_partitions(Oid relid);
extern TableSize size_now(Oid relid);
extern TableSize table_size(const TableFacts *table);
extern bool read_distinct(const TableFacts *table, AttrNumber attnum, double rows,
						  DistinctFacts *distinct);

#endif							/* JUNCTION_FACTS_H */
