/*
 * links.h
 *		Living with links: functions that walk and change them.
 */
#ifndef JUNCTION_LINKS_H
#define JUNCTION_LINKS_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Accessors
 */

/* What the comment of an accessor begins with; its kind follows */
#define ACCESSOR_MARK	"@junction accessor "

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
extern char *link_relation(const TableFacts *table);
extern char *live_links(const Accessors *accessors, List *columns, const char *alias);
extern char *column_of(const char *alias, const ColumnFacts *column);
extern Oid	value_type(const ColumnFacts *column);
extern char *fixed_condition(const Accessors *accessors, const char *alias);
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
extern List *find_accessors(Oid relid);
extern Oid	find_function(const AccessorFunction *function, Oid namespace);

#endif							/* JUNCTION_LINKS_H */
