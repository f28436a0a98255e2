/*
 * promote.h
 *		Promotion of a junction to an entity, and demotion of an entity to a
 *		junction.
 */
#ifndef JUNCTION_PROMOTE_H
#define JUNCTION_PROMOTE_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "online/online.h"
#include "statement/statement.h"

/* The arguments of a promotion, and what check_promotion() found out */
typedef struct Promotion
{
	/* the arguments */
	Oid			relid;
	text	   *asked_name;		/* or null */
	List	   *columns;		/* char *, column definitions as given */
	bool		timestamps;
	char	   *id_column;
	Oid			id_type;
	bool		key_is_asked;	/* the primary key's columns were given */
	List	   *asked_key;		/* names */
	char	   *unique_name;	/* or null */
	bool		keep_old_name;
	bool		portable;		/* for a server without this extension */
	bool		concurrently;

	/* what was found out */
	Relation	rel;
	Placement	placement;		/* where Citus keeps the table */
	bool		plain;			/* key and default in plain SQL: portable, or Citus
								 * keeps the table */
	Junction   *junction;
	TableFacts *table;			/* junction's */
	char	   *name;			/* the table's name afterwards, unqualified */
	bool		renamed;
	List	   *parsed;			/* ColumnDef of each of the columns */
	List	   *primary_key;	/* names */
	Oid			id_index;		/* the index that an unfinished concurrent
								 * promotion has built, or InvalidOid */
	const ConstraintFacts *id_check;	/* the check that it has added, or null */
	const IndexFacts *pair_index;	/* the index beside the pair key that it has
									 * built, in plain SQL; or null */
	const char *check_name;		/* of that check, there or not */
	const char *id_index_name;	/* the names under which the indexes are built */
	const char *pair_index_name;	/* null if the pair needs none */
	ColumnFacts *begun;			/* the id that it has added, or null if no
								 * promotion is under way */
	bool		demotes;		/* the pair key is the primary key */
} Promotion;

/* The arguments of a demotion, and what check_demotion() found out */
typedef struct Demotion
{
	/* the arguments */
	Oid			relid;
	text	   *asked_name;		/* or null */
	bool		discards;		/* discard_columns: may drop columns with data */

	/* what was found out */
	Relation	rel;
	Placement	placement;		/* where Citus keeps the table */
	Junction   *junction;
	TableFacts *table;			/* junction's */
	char	   *name;			/* the table's name afterwards, unqualified */
	bool		renamed;
	Oid			old_name;		/* the view of old_name_view.c that has the name
								 * and is dropped; or InvalidOid */
	ColumnFacts *begun;			/* the id of an unfinished promotion, which is
								 * to be undone; or null */
	ColumnFacts *id;			/* the surrogate id, or null if none is known */
	Bitmapset  *dropped;		/* numbers of the columns to drop */
	List	   *nullable;		/* names of the pair's columns that can be null */
	bool		keeps_key;		/* the pair key is partial, so it stays as it is */
	bool		is_constraint;	/* a constraint owns the pair key's index */
} Demotion;

/* What a publication sends of a table */
typedef struct Published
{
	bool		updates;
	bool		deletes;
	bool		columns;		/* it has a column list for the table */
	bool		filter;			/* it has a row filter for the table */
} Published;

/* added_columns.c */
extern List *added_references(const Promotion *promotion);
extern void check_added_columns(const Promotion *promotion);
extern bool is_virtual_column(const Promotion *promotion, const char *name);
extern bool takes_identity(const TableFacts *table);

/* demote_check.c */
extern void check_demotion(Demotion *demotion, LOCKMODE lockmode);

/* dependents.c */
extern void warn_of_publications(const Promotion *promotion);

/* distributed.c */
extern void check_placed_arguments(const Promotion *promotion);
extern void check_placed_promotion(const Promotion *promotion);
extern void check_placed_demotion(const Demotion *demotion);
extern List *constraints_of(const TableFacts *table);
extern void tell_kept_names(const TableFacts *table, Oid except);
extern void build_placed_promotion(StatementPlan *plan, const Promotion *promotion, NameSpace *names);
extern char *placed_statement(const OnlineStep *step);
extern void build_placed_pair(StatementPlan *plan, const Demotion *demotion, const char *name);

/* key_in_place.c */
extern Oid	check_primary_key_demotable(Relation rel, LOCKMODE lockmode);
extern void check_not_null_inherits(Oid relid, AttrNumber attnum);
extern void check_unique_promotable(Relation rel, Oid index, LOCKMODE lockmode);

/* old_name_view.c */
extern void build_old_name(StatementPlan *plan, const Promotion *promotion);
extern void tell_old_name(const TableFacts *table, List *pair);
extern bool is_old_name(Oid relid, const TableFacts *table, List *columns);
extern Oid	find_old_name(const TableFacts *table, List *columns);

/* portable_key.c */
extern void check_portable(const Junction *junction);
extern const char *key_definition(const TableFacts *table, const IndexFacts *key);
extern void append_portable_key(StringInfo buf, const TableFacts *table, const IndexFacts *key,
								const char *name);
extern void build_portable_rest(StatementPlan *plan, const TableFacts *table, const IndexFacts *key,
								const char *new_name, const char *name);

/* portable_steps.c */
extern void build_pair_index(StatementPlan *plan, const Promotion *promotion);
extern bool is_built_beside_key(const Junction *junction, const IndexFacts *index);
extern const IndexFacts *find_left_index(const Promotion *promotion);
extern void build_portable_swap(StatementPlan *plan, const Promotion *promotion, const char *unique);
extern char *portable_statement(const Promotion *promotion, const OnlineStep *step);

/* promote_build.c */
extern char *added_column_locks(const Promotion *promotion, const char *name);
extern const char *uuid_default(const Promotion *promotion);
extern void append_id(StringInfo buf, const Promotion *promotion);
extern void append_definitions(StringInfo buf, const Promotion *promotion);
extern void append_added_columns(StringInfo buf, const Promotion *promotion);
extern char *primary_key_name(const Promotion *promotion, NameSpace *names);
extern char *build_promoted_names(StatementPlan *plan, const Promotion *promotion, NameSpace *names);
extern bool reuses_key_name(const Promotion *promotion);
extern void build_promotion(StatementPlan *plan, const Promotion *promotion);

/* promote_check.c */
extern ColumnFacts *begun_id(const TableFacts *table);
extern char *begun_statement(const Promotion *promotion, const char *table);
extern void check_promotable(const Junction *junction);
extern List *added_timestamps(const Promotion *promotion);
extern void read_promotion(Promotion *promotion, FunctionCallInfo fcinfo);
extern void check_promotion(Promotion *promotion, LOCKMODE lockmode);

/* promote_effects.c */
extern void tell_of_promotion(const Promotion *promotion);

/* promote_steps.c */
extern bool is_id_check(const Promotion *promotion, const ConstraintFacts *constraint);
extern List *build_promotion_steps(Promotion *promotion);

/* promote_steps_check.c */
extern void check_promotion_steps(const Promotion *promotion);

/* subscribers.c */
extern void read_published(Published *published, Oid publication, Oid relid);
extern const char *sent_rows(const Published *published, const TableFacts *table);
extern const char *subscribers_action(const Published *published, bool moves_identity);

#endif							/* JUNCTION_PROMOTE_H */
