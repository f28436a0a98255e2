/*
 * model.h
 *		What a junction is, decided from the facts, and how tables, columns,
 *		constraints and indexes are named.
 */
#ifndef JUNCTION_MODEL_H
#define JUNCTION_MODEL_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "base/base.h"
#include "catalog/facts.h"

/* The kind of a table, as classify() decides it */
typedef enum JunctionKind
{
	JUNCTION_NONE,				/* not a junction */
	JUNCTION_PURE,
	JUNCTION_PAYLOAD,
	JUNCTION_ENTITY,
	JUNCTION_TEMPORAL,
	JUNCTION_UNKEYED,
	JUNCTION_MULTIWAY
} JunctionKind;

/* An endpoint: one side of the link */
typedef struct Endpoint
{
	ForeignKeyFacts *key;		/* the oldest foreign key on these columns */
	int			place;			/* of the key in TableFacts.foreign_keys, from 0 */
	Bitmapset  *columns;		/* of the key */
	IndexFacts *served_by;		/* an index that serves it, or null */
	IndexFacts *invalid;		/* one that would if it were valid, or null */
} Endpoint;

/* What classify() returns for a table */
typedef struct Junction
{
	TableFacts *table;
	JunctionKind kind;
	List	   *endpoints;		/* Endpoint: two, in the pair key's order; three
								 * or more if multiway */
	List	   *others;			/* Endpoint: the table's other endpoints */
	List	   *candidates;		/* Endpoint: all endpoints of the table, whatever
								 * its kind */
	Bitmapset  *pair;			/* the columns of all endpoints */
	IndexFacts *pair_key;		/* null if unkeyed; if temporal or multiway, the
								 * key that holds the endpoints */
	IndexFacts *primary_key;	/* over any columns, or null */
	List	   *own_columns;	/* ColumnFacts beside the pair */
} Junction;

/* A part of a multiway table: what a junction of two of its ends would hold */
typedef struct SplitPart
{
	Endpoint   *left;			/* of the two, the one that the key names first */
	Endpoint   *right;
} SplitPart;

/* The event whose time a column holds */
typedef enum StampKind
{
	STAMP_NONE,
	STAMP_CREATED,				/* the row was inserted */
	STAMP_UPDATED				/* the row was last updated */
} StampKind;

/* A parent of a junction, and where Citus keeps it */
typedef struct PlacedParent
{
	Oid			table;
	Placement	placement;
	const char *column;			/* the column of the junction that references the
								 * parent's distribution column; or null */
} PlacedParent;

/* Why there is no place for a junction of two parents */
typedef enum PlacementObstacle
{
	OBSTACLE_NONE,
	OBSTACLE_LOCAL_PARENT,		/* one is in shards, the other is local */
	OBSTACLE_NOT_COLOCATED,		/* their shards are not side by side */
	OBSTACLE_TWO_COLUMNS		/* two columns of the junction reference their
								 * distribution columns */
} PlacementObstacle;

/* Where a junction has to be */
typedef struct PlacementChoice
{
	Layout		layout;			/* LAYOUT_LOCAL: as any table */
	const char *column;			/* to distribute by; null for another layout */
	Oid			beside;			/* the parent to be co-located with, which is in
								 * shards; or InvalidOid */
	Oid			other;			/* if beside is set: the other parent */
	PlacementObstacle obstacle; /* if not OBSTACLE_NONE, it can be nowhere */
} PlacementChoice;

/* How constraints and indexes are named: junction.naming.  naming.c has the table. */
typedef enum Naming
{
	NAMING_POSTGRES,
	NAMING_DRIZZLE,
	NAMING_PRISMA,
	NAMING_KNEX,
	NAMING_RAILS,
	NAMING_EF,
	NAMING_AUTO					/* the convention that the tables show; a
								 * NameSpace never has it */
} Naming;

#define NAMINGS NAMING_AUTO		/* how many conventions there are */

/* What a name is for, as far as a convention makes a difference */
typedef enum NameKind
{
	NAME_PRIMARY_KEY,			/* of one column */
	NAME_COMPOSITE_PRIMARY_KEY, /* of several columns */
	NAME_UNIQUE,
	NAME_DEMOTED,				/* the pair's UNIQUE after a promotion */
	NAME_FOREIGN_KEY,
	NAME_INDEX,
	NAME_UNIQUE_INDEX			/* one that no constraint owns */
} NameKind;

#define NAME_KINDS (NAME_UNIQUE_INDEX + 1)

/*
 * The names that a plan has taken and freed in a schema so far.  Constraints of
 * two tables can have the same name; but for the constraints of a new table
 * names are chosen that no constraint of the schema has, as PostgreSQL does.
 */
typedef struct NameSpace
{
	Oid			namespace;
	struct HTAB *taken;			/* names of any schema, from make_taken_names() */
	List	   *freed;			/* char *: names that the plan drops or renames */
	Naming		naming;			/* the convention of new names, never auto */
	Oid			table;			/* the table of the constraints; InvalidOid if it
								 * does not exist yet */
} NameSpace;

/* apart.c */
extern List *ways_apart(const Junction *junction);
extern List *columns_of_ends(const Junction *junction, List *ends);
extern List *part_columns(const Junction *junction, const SplitPart *part);
extern char *part_name(const SplitPart *part);
extern char *distinct_part_name(const Junction *junction, List *parts, const SplitPart *part);
extern List *describe_parts(const Junction *junction, List *parts);

/* classify.c */
extern const char *kind_name(JunctionKind kind);
extern IndexFacts *index_below_key(const TableFacts *table, const Endpoint *first,
								   const Endpoint *second);
extern Junction *classify(TableFacts *table);
extern Junction *classify_as_link(const TableFacts *table);
extern bool is_actor(const Endpoint *endpoint, const TableFacts *table);
extern List *endpoint_columns(const Junction *junction, const Endpoint *endpoint);
extern List *pair_columns(const Junction *junction);

/* convention.c */
extern char *snake_case(const char *name);
extern char *table_noun(const char *table);
extern char *junction_table_name(const char *left, const char *right);
extern char *junction_name_of(Database *database, TableFacts *left, TableFacts *right);
extern char *endpoint_column_name(const char *parent, const char *column, bool single);
extern char *squash_name(const char *name);
extern char *name_stem(const char *column);
/* free_name.c */
extern struct HTAB *make_taken_names(void);
extern void take_name(NameSpace *space, const char *name);
extern bool is_name_taken(const NameSpace *space, const char *name);
extern char *choose_name(NameSpace *space, NameKind kind, const char *table, List *columns,
						 const char *parent, List *parent_columns);
extern char *choose_renamed(NameSpace *space, const char *name, const char *old_table,
							const char *new_table, List *columns);

/* inflect.c */
extern char *singular_name(const char *name);
extern char *plural_name(const char *name);

/* mirror.c */
extern char *mirror_expressions(List *left, List *right, List *columns);
extern IndexFacts *find_mirror_index(const Junction *junction);

/* link_name.c */
extern bool name_holds_ends(const TableFacts *table, const ForeignKeyFacts *left,
							const ForeignKeyFacts *right);
extern bool is_link_noun(const char *table);
extern bool is_event_noun(const char *table);

/* naming.c */
extern const char *naming_name(Naming naming);
extern Naming naming_set(void);
extern char *conventional_name(Naming naming, NameKind kind, const char *table, List *columns,
							   const char *parent, List *parent_columns, int number);
extern char *join_names(List *names);
extern bool is_in_convention(Naming naming, const char *name, NameKind kind, const char *table,
							 List *columns, const char *parent, List *parent_columns);
extern bool is_conventional(const char *name, NameKind kind, const char *table, List *columns,
							const char *parent, List *parent_columns);
extern void naming_init(void);

/* naming_found.c */
extern Naming naming_for_table(const TableFacts *table);
extern Naming naming_for_parents(const TableFacts *left, const TableFacts *right);
extern void tell_naming(const TableFacts *table);
extern void tell_naming_for_parents(const TableFacts *left, const TableFacts *right);

/* orm_names.c */
extern bool is_payloads(const TableFacts *table);
extern bool is_orm_name(const TableFacts *table, const TableFacts *left, const TableFacts *right);

/* parent_lookup.c */
extern TableFacts *find_parent_by_link(Database *database, const TableFacts *table,
									   const char *column, Oid type);
extern TableFacts *find_parent_by_noun(Database *database, const TableFacts *table,
									   const char *noun, Oid type);

/* placement.c */
extern bool is_in_shards(const Placement *placement);
extern bool are_colocated(const Placement *left, const Placement *right);
extern PlacementChoice choose_placement(const PlacedParent *left, const PlacedParent *right);
extern char *placement_statement(const PlacementChoice *choice, const char *table, const char *beside);
extern char *one_by_one_statement(void);

/* serving_index.c */
extern AttrNumber skipped_column(const TableFacts *table, const IndexFacts *index,
								 const Endpoint *endpoint);
extern void find_serving_indexes(Junction *junction);

/* stamp.c */
extern StampKind stamp_kind(const char *name);
extern bool is_actor_name(const char *name);
extern bool is_stamp(const ColumnFacts *column);
extern bool is_deletion_mark(const ColumnFacts *column);
extern ColumnFacts *find_stamp(const TableFacts *table, StampKind kind);

#endif							/* JUNCTION_MODEL_H */
