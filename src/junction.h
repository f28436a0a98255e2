/*
 * junction.h
 *		What the files of junction share: the facts that the catalogs hold of a
 *		table, what is decided from them, and the prototypes, by file.
 *
 * Dependencies point one way: the verbs and the report use plan, rules, check
 * and naming; those use classify; classify uses catalog.
 */
#ifndef JUNCTION_H
#define JUNCTION_H

#include "access/attnum.h"
#include "access/htup.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#include "compat.h"

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

/* What makes the facts of one read: rows.c's */
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
	struct table_map_hash *by_oid;	/* catalog.c's */
	struct HTAB *by_link;		/* directory.c's; null until it is asked */
} Database;

/* A scan of a catalog, of all rows or by an index */
typedef struct CatalogScan
{
	Relation	catalog;
	struct TableScanDescData *all;	/* or null */
	struct SysScanDescData *by_index;	/* or null */
} CatalogScan;

typedef enum JunctionKind
{
	JUNCTION_NONE,
	JUNCTION_PURE,
	JUNCTION_PAYLOAD,
	JUNCTION_ENTITY,
	JUNCTION_UNKEYED,
	JUNCTION_MULTIWAY
} JunctionKind;

/* One side of the link */
typedef struct Endpoint
{
	ForeignKeyFacts *key;		/* the oldest foreign key on these columns */
	int			place;			/* its place in the table's list */
	Bitmapset  *columns;
	IndexFacts *served_by;		/* an index that can look it up, or null */
	IndexFacts *invalid;		/* one that could if it were valid, or null */
} Endpoint;

/* What classify() makes of a table */
typedef struct Junction
{
	TableFacts *table;
	JunctionKind kind;
	List	   *endpoints;		/* Endpoint: two, in the pair key's order; three
								 * or more if multiway */
	List	   *others;			/* Endpoint: those beside the pair */
	Bitmapset  *pair;			/* the columns of all endpoints */
	IndexFacts *pair_key;		/* null if unkeyed; if multiway, the key that
								 * holds the endpoints */
	IndexFacts *primary_key;	/* whatever it covers, or null */
	List	   *own_columns;	/* ColumnFacts beside the pair */
} Junction;

/* A table that a foreign key is to point at, and its key */
typedef struct Parent
{
	Relation	rel;
	TableFacts *table;
	List	   *key;			/* ColumnFacts: the shared ones, then the others */
	List	   *shared;			/* those that another foreign key uses too */
	List	   *own;			/* the others */
} Parent;

/* What a promotion is asked to do, and what was found out about it */
typedef struct Promotion
{
	Relation	rel;
	Junction   *junction;
	TableFacts *table;			/* junction's */
	char	   *name;			/* new or old */
	bool		renamed;
	List	   *columns;		/* definitions, as given */
	List	   *parsed;			/* ColumnDef of each */
	bool		timestamps;
	char	   *id_column;
	Oid			id_type;
	List	   *primary_key;	/* names */
	char	   *unique_name;
	bool		keep_old_name;
	bool		portable;
	bool		concurrently;
	Oid			id_index;		/* the index that a concurrent promotion has
								 * built for the id, or InvalidOid */
	Oid			filled_check;	/* the check that it has added, likewise */
	ColumnFacts *begun;			/* the id that a concurrent promotion has added
								 * before, or null */
	bool		demotes;		/* the pair key is the primary key */
} Promotion;

/* Who acts as the owner of a table for a while */
typedef struct OwnerRole
{
	Oid			caller;
	int			context;		/* the caller's security context */
	bool		changed;		/* the caller is somebody else */
	int			guc_level;
} OwnerRole;

/* The statements of one call, in the order in which they are to run */
typedef struct StatementPlan
{
	List	   *statements;
} StatementPlan;

/* What a statement that was tried has given */
typedef struct StatementResult
{
	ErrorData  *error;			/* null if it succeeded */
	List	   *values;			/* of the first row that it returned: char *, null
								 * for a null */
} StatementResult;

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

/* What makes rows: sample.c's, but for what it says of the last one */
typedef struct Sampler
{
	List	   *tables;			/* known so far */
	List	   *made;			/* parents; to be forgotten with the rollback */
	List	   *under_way;		/* OIDs of the tables in which one is being made */
	char	   *why;			/* no row could be made */
	ErrorData  *error;			/* what the server said of that row, or null */
} Sampler;

/* What a probe found out */
typedef enum Outcome
{
	HELD,
	BROKEN,
	SKIPPED
} Outcome;

typedef void (*OutcomeSink) (const char *probe, Outcome outcome, const char *detail, void *state);

/* A probe at work */
typedef struct Trial
{
	Junction   *junction;
	TableFacts *table;			/* junction's */
	Endpoint   *endpoint;		/* the one that is probed, if one is */
	Sampler		sampler;
	char	   *detail;			/* in words, or null */
} Trial;

/* How a step of a concurrent promotion is to be run */
typedef enum StepKind
{
	STEP_BRIEF,					/* in a transaction, under a lock that blocks:
								 * never to be waited for long */
	STEP_PATIENT,				/* in a transaction, under a lock that blocks no
								 * reader or writer */
	STEP_FILL,					/* batches that commit */
	STEP_ALONE					/* a statement that cannot be in a transaction */
} StepKind;

typedef struct OnlineStep
{
	StepKind	kind;
	Oid			relid;			/* the table that its text is about */
	LOCKMODE	mode;			/* the lock on it under which the text is run */
	List	   *named;			/* OIDs of the indexes and sequences that the
								 * text names, and are there already */
	StatementPlan statements;
	char	   *locks;
} OnlineStep;

/* Builds the step that comes next, or null: its table is locked */
typedef OnlineStep *(*NextStep) (void *state);

/* How patient a concurrent verb is; times in milliseconds */
typedef struct Patience
{
	int			batch_size;		/* rows */
	int64		pause;			/* between batches */
	int64		max_lag;		/* bytes that a standby may be behind, or -1 */
	int			lock_timeout;	/* for a lock that blocks others */
	int64		max_wait;		/* in total, for one lock */
} Patience;

/* A concurrent verb at work on a table */
typedef struct OnlineRun
{
	FunctionCallInfo fcinfo;
	Patience	patience;
	Oid			relid;
	char	   *name;			/* for messages, also when the table is gone */
	MemoryContext context;		/* for what outlives transactions, */
	MemoryContext step_context; /* until the next step */
} OnlineRun;

/* What a demotion is to do */
typedef struct Demotion
{
	Relation	rel;
	Junction   *junction;
	TableFacts *table;			/* junction's */
	char	   *name;			/* new or old */
	bool		renamed;
	Oid			old_name;		/* a view that has the name, to be dropped */
	bool		discards;
	ColumnFacts *begun;			/* the id of a promotion that is under way, and
								 * is to be undone, or null */
	ColumnFacts *id;			/* null if none can be told */
	Bitmapset  *dropped;		/* columns that go */
	List	   *nullable;		/* names of the pair's columns that can be null */
	bool		keeps_key;		/* the pair's key stays as it is, being partial */
	bool		is_constraint;	/* the pair's key, and not a bare index */
} Demotion;

/* A row of the report */
typedef struct Finding
{
	Oid			junction;
	const char *rule;
	const char *severity;
	List	   *columns;		/* of char * */
	char	   *message;
	char	   *detail;
	char	   *fix;			/* a statement ready to run, or null */
	bool		makes_primary_key;	/* the fix makes the pair the primary key */
	List	   *rebuilt;		/* OIDs of the foreign keys that the fix drops and
								 * adds again: they act as CASCADE then, are
								 * validated, and their triggers fire */
	Oid			foreign_key;	/* the one that the finding is about, where its
								 * being rebuilt mends it; or InvalidOid */
} Finding;

/* How constraints and indexes are named: junction.naming */
typedef enum Naming
{
	NAMING_POSTGRES,
	NAMING_DRIZZLE
} Naming;

/* What is done at commit with new findings: junction.guard */
typedef enum Guard
{
	GUARD_OFF,
	GUARD_NOTICE,
	GUARD_WARNING,
	GUARD_ERROR
} Guard;

/* What a name is for; the conventions differ by it */
typedef enum NameKind
{
	NAME_PRIMARY_KEY,
	NAME_COMPOSITE_PRIMARY_KEY,
	NAME_UNIQUE,
	NAME_DEMOTED,				/* the pair's UNIQUE after a promotion */
	NAME_FOREIGN_KEY,
	NAME_INDEX
} NameKind;

/*
 * The names that a plan has taken and freed in a schema so far.  A constraint
 * of another table is in nobody's way, but where a table is made a name is
 * chosen that none in the schema has, as PostgreSQL does.
 */
typedef struct NameSpace
{
	Oid			namespace;
	struct HTAB *taken;			/* of any schema: naming.c's */
	List	   *freed;			/* of char * */
	Oid			table;			/* whose constraints are named; InvalidOid if it
								 * is still to be made */
} NameSpace;

/* What the rules fill, for one table */
typedef struct Findings
{
	Database   *database;		/* all tables: the parents are among them */
	NameSpace  *names;			/* of the table's schema, taken by fixes so far */
	List	   *list;			/* of Finding */
	bool		concurrently;	/* fixes build and drop indexes so */
	char	   *key_fix;		/* the statement that adds the missing key, once
								 * it was asked for */
	List	   *key_rebuilt;	/* the foreign keys that it rebuilds, as OIDs */
	const ForeignKeyFacts *key_obstacle;	/* why there is none, or null */
} Findings;

/* A row of the table of rules */
typedef struct Rule
{
	const char *name;
	const char *severity;
	void		(*apply) (const struct Rule *rule, const Junction *junction,
						  Findings *findings);
	bool		local;			/* it looks at nothing but the junction */
} Rule;

/* in junction.c */
extern int	junction_naming;
extern int	junction_guard;
extern char *junction_guard_rules;

/* in catalog.c */
extern Database *read_database(Snapshot snapshot);
extern Database *read_tables(List *oids, Snapshot snapshot);
extern TableFacts *read_table(Oid relid);
extern Oid partition_root(Oid relid);
extern TableFacts *find_table(const Database *database, Oid relid);

/* in citus.c */
extern bool is_citus_session(void);
extern bool is_distributed(Oid relid);
extern struct HTAB *read_shards(Snapshot snapshot);
extern bool is_shard(struct HTAB *shards, const char *name, Oid namespace);
extern void mark_shards(const Database *database, Snapshot snapshot);

/* in classify.c */
extern Junction *classify(TableFacts *table);
extern const char *kind_name(JunctionKind kind);
extern IndexFacts *index_below_key(const TableFacts *table, const Endpoint *first,
								   const Endpoint *second);
extern bool is_stamp(const ColumnFacts *column);
extern List *endpoint_columns(const Junction *junction, const Endpoint *endpoint);
extern List *pair_columns(const Junction *junction);

/* in error.c */
extern Oid	error_table(const ErrorData *error);
extern Oid	error_type(const ErrorData *error);
extern IndexFacts *error_index(const ErrorData *error, const TableFacts *table);
extern ForeignKeyFacts *error_key(const ErrorData *error, const TableFacts *table);
extern char *describe_error(const ErrorData *error, Oid relid, AclMode needed);

/* in facts.c */
extern ColumnFacts *find_column(const TableFacts *table, AttrNumber attnum);
extern ColumnFacts *find_column_by_name(const TableFacts *table, const char *name);
extern IndexFacts *find_index(const TableFacts *table, Oid oid);
extern IndexFacts *find_primary_key(const TableFacts *table);
extern Bitmapset *key_columns(const ForeignKeyFacts *key);
extern List *column_names(const TableFacts *table, const AttrNumber *columns, int count);
extern List *names_of(List *columns);
extern List *nullable_columns(const TableFacts *table, const Bitmapset *columns);
extern bool is_conflict_target(const IndexFacts *key);
extern bool is_key(const IndexFacts *index);
extern bool is_whole_key(const IndexFacts *index);
extern bool is_unique(const TableFacts *table, const Bitmapset *columns);
extern char *index_name(const IndexFacts *index);

/* in guard.c */
extern List *guard_rules(void);
extern bool check_guard_rules(char **value, void **extra, GucSource source);
extern void guard_init(void);

/* in hint.c */
extern Bitmapset *expression_columns(Node *expression);
extern Bitmapset *indexed_columns(const IndexFacts *index);
extern List *column_hints(Relation rel, const ColumnFacts *column);

/* in inflect.c */
extern char *singular_name(const char *name);

/* in locks.c */
extern void add_locks(List **locks, Oid relid, LOCKMODE mode, bool columns);
extern char *locks_text(List *locks, const TableFacts *renamed, const char *new_name);
extern char *statement_locks(const char *statement);

/* in mirror.c */
extern char *mirror_expressions(List *left, List *right, List *columns);
extern bool is_mirror(const IndexFacts *index, const Bitmapset *ends);

/* in naming.c */
extern char *junction_table_name(const char *left, const char *right);
extern char *junction_name_of(Database *database, TableFacts *left, TableFacts *right);
extern char *endpoint_column_name(const char *parent, const char *column, bool single);
extern bool name_holds_parent(const char *name, const char *parent);
extern char *name_stem(const char *column);
extern char *table_noun(const char *table);
extern struct HTAB *make_taken_names(void);
extern void take_name(NameSpace *space, const char *name);
extern bool is_name_taken(const NameSpace *space, const char *name);
extern char *choose_name(NameSpace *space, NameKind kind, const char *table, List *columns,
						 const char *parent, List *parent_columns);
extern bool is_conventional(const char *name, NameKind kind, const char *table, List *columns,
							const char *parent, List *parent_columns);
extern char *choose_renamed(NameSpace *space, const char *name, const char *old_table,
							const char *new_table, List *columns);

/* in quote.c */
pg_noreturn extern void raise_gone(Oid relid, const char *name);
extern char *qualified_name(Oid relid);
extern char *qualified_beside(const TableFacts *table, const char *name);
extern char *display_name(Oid relid);
extern char *column_list(List *names);
extern char *literal_list(List *names);
extern char *typed_literal(const char *value, const char *type);
extern char *type_text(Oid type, int32 typmod);
extern char *column_type(const ColumnFacts *column);
extern char *operator_text(Oid operator);
extern void append_lock(StringInfo buf, const char *mode, Oid relid);
extern char *lock_on(const char *mode, Oid relid);
extern char *lock_on_all(const char *mode, const TableFacts *table);
extern void append_locks_below(StringInfo buf, const char *mode, Oid relid);
extern List *text_array_to_list(ArrayType *array, const char *argument);
extern bool list_has_name(List *names, const char *name);
extern bool same_names(List *left, List *right);
extern bool holds_word(const char *body, const char *name);

/* in check.c */
extern void check_arguments(FunctionCallInfo fcinfo, const char *const *required, int count);
extern void check_table_kind(Oid relid);
extern Relation open_table_to_change(Oid relid, LOCKMODE lockmode);
extern Relation open_table_to_reference(Oid relid, LOCKMODE lockmode);
extern void check_not_typed(Relation rel);
extern void check_not_distributed(Oid relid);
extern void check_reads_all(Oid relid, const char *reason);
extern Junction *require_junction(Oid relid);
extern void check_name_length(const char *name);
extern void check_column_name(const char *name);
extern char *parse_table_name(text *name, char **schema);
extern void check_may_create_in(Oid namespace);
extern void check_owner_may_create(Relation rel);
extern void check_key_name_free(Oid relid, const char *name);
extern void check_table_name_free(Oid namespace, const char *name);
extern char *check_new_table_name(const TableFacts *table, text *name);

/* in column_definition.c */
extern ColumnDef *check_column_definition(const char *definition);
extern bool is_serial(const TypeName *type);
extern void check_added_columns(const Promotion *promotion);

/* in count.c */
extern bool may_read_all(Oid relid);
extern bool has_rows(Oid relid);
extern const char *describe_duplicates(Oid relid, List *columns);
extern int64 count_duplicates(Oid relid, List *columns);
extern int64 count_nulls(Oid relid, List *columns);
extern int64 count_orphans(const TableFacts *table, const ForeignKeyFacts *key);
extern int64 *count_changed(Relation rel, List *columns);

/* in depend.c */
extern struct ObjectAddress *make_address(Oid classid, Oid objid, int subid);
extern char *describe_dependents(List *objects, bool follow);
extern char *find_stored_row(Oid row_type);

/* in key.c */
extern Oid	check_primary_key_demotable(Relation rel, LOCKMODE lockmode);
extern void check_unique_promotable(Relation rel, Oid index, LOCKMODE lockmode);

/* in old_name.c */
extern void build_old_name(StatementPlan *plan, const Promotion *promotion);
extern void tell_old_name(const TableFacts *table, List *pair);
extern bool is_old_name(Oid relid, const TableFacts *table, List *columns);
extern Oid	find_old_name(const TableFacts *table, List *columns);

/* in fill.c */
extern void check_may_fill(Oid relid);
extern void fill_column(const OnlineRun *run, const char *column);

/* in online.c */
extern void run_online(FunctionCallInfo fcinfo, const Patience *patience,
					   void (*body) (OnlineRun *run));

/* in online_plan.c */
extern void check_online(const Promotion *promotion);
extern List *build_online(Promotion *promotion);

/* in owner.c */
extern Oid	table_owner(Oid relid);
extern bool is_own_table(Oid relid);
extern void become_owner(OwnerRole *role, Oid relid);
extern void become_caller(const OwnerRole *role);

/* in parent.c */
extern void open_parent(Parent *parent, Oid relid, List *shared);

/* in plan.c */
extern char *plan_text(const StatementPlan *plan);
extern void plan_run(const StatementPlan *plan);
extern void plan_add(StatementPlan *plan, char *locks, const char *format,...) pg_attribute_printf(3, 4);
extern void select_counts(const char *query, int64 *counts, int count);
extern bool is_answer(const ErrorData *error);
extern ErrorData *attempt(void (*work) (void *state), void *state, bool keep);
extern bool try_statement(const char *text, StatementResult *result);
extern Datum plan_finish(StatementPlan *plan, bool dry_run, FunctionCallInfo fcinfo);

/* in portable.c */
extern void check_portable(const Junction *junction);
extern void append_portable_key(StringInfo buf, const TableFacts *table, const IndexFacts *key,
								const char *name);
extern void build_portable_rest(StatementPlan *plan, const TableFacts *table, const IndexFacts *key,
								const char *new_name, const char *name);

/* in predicate.c */
extern Bitmapset *keys_implying(const TableFacts *table, const IndexFacts *index);
extern char *predicate_text(const TableFacts *table, const IndexFacts *index);

/* in probe.c */
extern void run_probes(Oid relid, OutcomeSink sink, void *state);
extern const char *outcome_name(Outcome outcome);

/* in probe_ends.c */
extern Outcome null_end(Trial *trial);
extern Outcome orphan_end(Trial *trial);
extern Outcome cascade_end(Trial *trial);

/* in probe_keys.c */
extern Outcome duplicate_pair(Trial *trial);
extern Outcome id_unique(Trial *trial);
extern Outcome id_default(Trial *trial);
extern IndexFacts *mirror_index(const Junction *junction);
extern Outcome mirror_pair(Trial *trial);

/* in promote_effects.c */
extern void tell_of_promotion(const Promotion *promotion);

/* in promote_plan.c */
extern char *build_names(StatementPlan *plan, const Promotion *promotion, NameSpace *names);
extern char *primary_key_name(const Promotion *promotion, NameSpace *names);
extern bool reuses_key_name(const Promotion *promotion);
extern const char *uuid_default(const Promotion *promotion);
extern void append_added_columns(StringInfo buf, const Promotion *promotion);
extern char *added_column_locks(const Promotion *promotion, const char *name);
extern void build_promotion(StatementPlan *plan, const Promotion *promotion);

/* in promotion.c */
extern void read_promotion(Promotion *promotion, FunctionCallInfo fcinfo);
extern void check_promotable(const Junction *junction);
extern void check_promotion(Promotion *promotion, FunctionCallInfo fcinfo, LOCKMODE lockmode);
extern bool is_added(const Promotion *promotion, const char *name);
extern List *added_timestamps(const Promotion *promotion);
extern ColumnFacts *begun_id(const TableFacts *table);
extern char *begun_statement(const Promotion *promotion, const char *table);

/* in rename.c */
extern char *new_name_lock(const TableFacts *table, const char *new_name, const char *mode);
extern char *new_name_locks(const TableFacts *table, const char *new_name, bool recurses);
extern bool index_holds(const IndexFacts *index, const Bitmapset *columns);
extern void build_index_rename(StatementPlan *plan, const IndexFacts *index, const char *name);
extern void build_rename(StatementPlan *plan, const TableFacts *table, const char *new_name,
						 List *except, const Bitmapset *dropped, NameSpace *names);

/* in demotion.c */
extern void check_demotion(Demotion *demotion, FunctionCallInfo fcinfo, LOCKMODE lockmode);

/* in dependents.c */
extern void warn_of_publications(const Promotion *promotion);

/* in directory.c */
extern TableFacts *find_parent_by_link(Database *database, const TableFacts *table,
									   const char *column, Oid type);
extern TableFacts *find_parent_by_noun(Database *database, const TableFacts *table,
									   const char *noun, Oid type);

/* in report.c */
extern Database *read_for_rules(List *tables, List *rules, Snapshot snapshot);
extern List *collect_findings(Oid only, bool concurrently);

/* in rows.c */
extern ForeignKeyFacts *foreign_key_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern IndexFacts *index_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc);
extern ColumnFacts *column_from_row(FactMaker *maker, HeapTuple tuple);

/* in sample.c */
extern Cell *make_cell(AttrNumber attnum, char *value);
extern Cell *find_cell(List *cells, AttrNumber attnum);
extern bool make_row(Sampler *sampler, Oid relid, const RowRequest *request, List **row);

/* in sample_table.c */
extern char *sample_value(Sampler *sampler, Oid relid, AttrNumber attnum, int n);
extern TableFacts *sample_facts(Sampler *sampler, Oid relid);
extern SampleTable *find_sample_table(Sampler *sampler, Oid relid);
extern SampleColumn *find_sample_column(const SampleTable *table, AttrNumber attnum);
extern char *column_value(SampleColumn *column, int n);
extern void fit_type(SampleColumn *parent, const ColumnFacts *child);

/* in value.c */
extern List *make_values(Oid type, int32 typmod, List *hints);

/* in scan.c */
extern void scan_catalog(CatalogScan *scan, Oid catalog, Snapshot snapshot);
extern void scan_catalog_for(CatalogScan *scan, Oid catalog, Oid index, AttrNumber attnum,
							 Oid object, Snapshot snapshot);
extern void scan_constraints_of(CatalogScan *scan, Oid relid);
extern void scan_dependents_of(CatalogScan *scan, Oid classid, Oid objid, int subid,
							   Snapshot snapshot);
extern HeapTuple next_row(CatalogScan *scan);
extern void end_scan(CatalogScan *scan);

/* in step.c */
extern char *schema_name(Oid relid);
extern void check_schema_name(Oid relid, const char *name);
extern void announce_step(const OnlineStep *step);
extern bool run_step(const OnlineRun *online, const OnlineStep *step, NextStep next, void *state);

/* in surroundings.c */
extern void read_extension_members(const Database *database, Snapshot snapshot);
extern void read_own_surroundings(const Database *database, Snapshot snapshot);
extern void read_surroundings(const Database *database, Snapshot snapshot);

/* in rules.c */
extern Finding *add_finding(const Rule *rule, const Junction *junction, List *columns,
							Findings *findings);
extern const char *table_name(const TableFacts *table);
extern const char *fix_name(Findings *findings, const Junction *junction, NameKind kind,
							List *columns, const char *format);
extern bool is_rule(const char *name);
extern int	severity_rank(const char *severity);
extern bool is_milder_than_rule(const Finding *finding);
extern bool are_local(List *names);
extern char *rule_names(void);
extern List *apply_rules(const Junction *junction, Database *database, NameSpace *names,
						 bool concurrently);

/* in rules_key.c */
extern char *missing_key_fix(const Junction *junction, Findings *findings);
extern void missing_pair_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void nullable_endpoint(const Rule *rule, const Junction *junction, Findings *findings);
extern void deferrable_pair_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void no_replica_identity(const Rule *rule, const Junction *junction, Findings *findings);

/* in rules_index.c */
extern void half_indexed(const Rule *rule, const Junction *junction, Findings *findings);
extern void invalid_index(const Rule *rule, const Junction *junction, Findings *findings);
extern void redundant_index(const Rule *rule, const Junction *junction, Findings *findings);

/* in rules_reference.c */
extern const ForeignKeyFacts *append_rebuilt_keys(StringInfo fix, const Junction *junction,
												  const Bitmapset *columns, List **rebuilt);
extern char *describe_obstacle(const ForeignKeyFacts *key);
extern void unvalidated_foreign_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void undeclared_endpoint(const Rule *rule, const Junction *junction, Findings *findings);
extern void no_cascade(const Rule *rule, const Junction *junction, Findings *findings);
extern void tenant_mismatch(const Rule *rule, const Junction *junction, Findings *findings);

/* in rules_shape.c */
extern bool is_plain(const IndexFacts *index);
extern void needless_surrogate(const Rule *rule, const Junction *junction, Findings *findings);
extern void promotion_due(const Rule *rule, const Junction *junction, Findings *findings);
extern void multiway(const Rule *rule, const Junction *junction, Findings *findings);
extern void array_relation(const Rule *rule, const Junction *junction, Findings *findings);
extern void numbered_columns(const Rule *rule, const Junction *junction, Findings *findings);
extern void misnamed(const Rule *rule, const Junction *junction, Findings *findings);
extern void inherited(const Rule *rule, const Junction *junction, Findings *findings);

/* in trial.c */
extern Outcome trial_judged(Trial *trial, Outcome outcome, char *detail);
extern Outcome not_made(Trial *trial);
extern Outcome trial_refused(Trial *trial);
extern List *cells_in(List *cells, const Bitmapset *columns);
extern char *row_condition(const TableFacts *table, List *cells);
extern bool count_rows(Trial *trial, const TableFacts *table, List *cells, int64 *count);
extern bool is_hidden(Trial *trial, Oid relid);
extern Outcome judge_arrival(Trial *trial, List *cells, int64 count, char *broken);
extern bool is_of_null(const Trial *trial, const ErrorData *error, const ColumnFacts *column);
extern Bitmapset *unique_columns(const Junction *junction);
extern Bitmapset *id_columns(const Junction *junction);
extern bool make_link(Trial *trial, List **link);

/* in waiting.c */
extern void start_telling(void);
extern void wait_ms(int64 milliseconds);
extern bool may_tell(void);

/* A notice, if the last one is some time ago */
#define tell(...) \
	do { \
		if (may_tell()) \
			ereport(NOTICE, (errmsg_internal(__VA_ARGS__))); \
	} while (0)
extern void wait_or_give_up(const OnlineRun *run, Oid relid, const char *what, TimestampTz since,
							int64 *delay);
extern void wait_for_transactions(const OnlineRun *run, Oid relid);
extern void wait_for_standbys(const Patience *patience);

/* in work.c */
extern void set_for_transaction(const char *name, const char *value);
extern void set_lock_timeout(int milliseconds);
extern void begin_work(void);
extern void end_work(void);
extern void run_alone(const char *query);
extern bool try_work(void (*work) (void *state), void *state);
extern void lock_relation(Oid relid, LOCKMODE mode, bool session);
extern bool lock_table(Oid relid, LOCKMODE mode, bool session);
extern void unlock_session(void);
extern bool begin_work_if_there(const OnlineRun *run, Oid relid, LOCKMODE mode);
extern void begin_work_on(const OnlineRun *run, LOCKMODE mode);
extern void check_may_commit(FunctionCallInfo fcinfo, const char *name);
extern int64 interval_ms(FunctionCallInfo fcinfo, int n, const char *name);
extern void read_waiting(FunctionCallInfo fcinfo, int n, Patience *patience);
extern void begin_run(OnlineRun *run, Oid relid, const char *name);
extern void end_run(void);
extern void check_no_run(Oid relid);

#endif							/* JUNCTION_H */
