/*
 * model.h
 *		What a junction is, decided from the facts, and how things are called.
 */
#ifndef JUNCTION_MODEL_H
#define JUNCTION_MODEL_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "base/base.h"
#include "catalog/facts.h"

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

/* What a column that holds a time says of its row */
typedef enum StampKind
{
	STAMP_NONE,
	STAMP_CREATED,
	STAMP_UPDATED
} StampKind;

/* How constraints and indexes are named: junction.naming */
typedef enum Naming
{
	NAMING_POSTGRES,
	NAMING_DRIZZLE
} Naming;

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
	struct HTAB *taken;			/* of any schema: convention.c's */
	List	   *freed;			/* of char * */
	Oid			table;			/* whose constraints are named; InvalidOid if it
								 * is still to be made */
} NameSpace;

/* classify.c */
extern const char *kind_name(JunctionKind kind);
extern IndexFacts *index_below_key(const TableFacts *table, const Endpoint *first,
								   const Endpoint *second);
extern Junction *classify(TableFacts *table);
extern List *endpoint_columns(const Junction *junction, const Endpoint *endpoint);
extern List *pair_columns(const Junction *junction);

/* convention.c */
extern int	junction_naming;
extern char *table_noun(const char *table);
extern char *junction_table_name(const char *left, const char *right);
extern char *junction_name_of(Database *database, TableFacts *left, TableFacts *right);
extern char *endpoint_column_name(const char *parent, const char *column, bool single);
extern char *squash_name(const char *name);
extern bool name_holds_parent(const char *name, const char *parent);
extern char *name_stem(const char *column);
extern char *join_names(List *names);
extern const char *postgres_label(NameKind kind);
extern const char *postgres_middle(NameKind kind, List *columns);
extern char *drizzle_name(NameKind kind, const char *table, List *columns,  const char *parent, List *parent_columns);
extern bool is_conventional(const char *name, NameKind kind, const char *table, List *columns,
							const char *parent, List *parent_columns);
extern void naming_init(void);

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

/* mirror.c */
extern char *mirror_expressions(List *left, List *right, List *columns);
extern IndexFacts *find_mirror_index(const Junction *junction);

/* parent_lookup.c */
extern TableFacts *find_parent_by_link(Database *database, const TableFacts *table,
									   const char *column, Oid type);
extern TableFacts *find_parent_by_noun(Database *database, const TableFacts *table,
									   const char *noun, Oid type);

/* stamp.c */
extern StampKind stamp_kind(const char *name);
extern bool is_stamp(const ColumnFacts *column);
extern ColumnFacts *find_stamp(const TableFacts *table, StampKind kind);

#endif							/* JUNCTION_MODEL_H */
