/*
 * rename.c
 *		A table's new name, and the names that go with it.
 *
 * The table is renamed first.  Then each constraint and each index that is
 * named after it follows (model/convention.c decides which are); those with a name of
 * the user's own keep it.  Where names are to be drizzle's, those that follow
 * are drizzle's afterwards, whatever they were.  Inherited constraints, and
 * those of partitions, are named after other tables.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/* A renaming in the making */
typedef struct Renaming
{
	const TableFacts *table;
	const char *new_name;
	List	   *except;			/* OIDs of indexes and constraints that keep
								 * their names for now */
	const Bitmapset *dropped;	/* columns that go, and what is on them with them */
	NameSpace  *names;
} Renaming;

/*
 * The constraints that are the table's own to rename, by name: not the
 * inherited ones, and not those that stand for a trigger.
 */
static List *
own_constraints(const TableFacts *table)
{
	List	   *constraints = NIL;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(table->oid))
		if (!constraint->inherited && constraint->type != CONSTRAINT_TRIGGER)
			constraints = lappend(constraints, constraint);
	return constraints;
}

/*
 * The foreign key that a constraint is, or null.
 */
static const ForeignKeyFacts *
find_foreign_key(const TableFacts *table, Oid oid)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (key->oid == oid)
			return key;
	return NULL;
}

/*
 * The name of an index or a foreign key afterwards, or null if it keeps its
 * own.
 */
static char *
new_key_name(const Renaming *renaming, const char *name, NameKind kind, List *columns,
			 const ForeignKeyFacts *key)
{
	const char *parent = key ? key->parent_name : NULL;
	List	   *parent_columns = NIL;

	for (int i = 0; key != NULL && i < key->nkeys; i++)
		parent_columns = lappend(parent_columns,
								 get_attname(key->parent, key->parent_columns[i], false));
	if (junction_naming == NAMING_DRIZZLE &&
		is_conventional(name, kind, renaming->table->name, columns, parent, parent_columns))
		return choose_name(renaming->names, kind, renaming->new_name, columns,
						   parent, parent_columns);
	return choose_renamed(renaming->names, name, renaming->table->name,
						  renaming->new_name, columns);
}

/*
 * The same of a constraint; checks have no name in drizzle's convention.
 */
static char *
new_constraint_name(const Renaming *renaming, const ConstraintFacts *constraint)
{
	List	   *columns = column_names(renaming->table, constraint->columns, constraint->nkeys);
	NameKind	kind = NAME_UNIQUE;

	if (constraint->type == CONSTRAINT_FOREIGN)
		kind = NAME_FOREIGN_KEY;
	else if (constraint->type == CONSTRAINT_PRIMARY)
		kind = constraint->nkeys == 1 ? NAME_PRIMARY_KEY : NAME_COMPOSITE_PRIMARY_KEY;
	else if (constraint->type != CONSTRAINT_UNIQUE)
		return choose_renamed(renaming->names, constraint->name, renaming->table->name,
							  renaming->new_name, columns);
	return new_key_name(renaming, constraint->name, kind, columns,
						find_foreign_key(renaming->table, constraint->oid));
}

/*
 * A NOT NULL constraint, where it has a name, is renamed below the table too,
 * by that name: one that a partition had before it was attached keeps both.
 */
static bool
has_name_below(Oid relid, const char *name)
{
	foreach_oid(below, find_all_inheritors(relid, NoLock, NULL))
		if (!OidIsValid(get_relation_constraint_oid(below, name, true)))
			return false;
	return true;
}

/*
 * ALTER TABLE public.memberships RENAME CONSTRAINT user_orgs_user_id_fkey
 *		TO memberships_user_id_fkey
 */
static void
build_constraint_names(StatementPlan *plan, const Renaming *renaming, List *constraints)
{
	foreach_ptr(ConstraintFacts, constraint, constraints)
	{
		bool		recurses = constraint->type == CONSTRAINT_CHECK ||
			constraint->type == CONSTRAINT_NOTNULL;
		char	   *name;

		if (list_member_oid(renaming->except, constraint->index) ||
			list_member_oid(renaming->except, constraint->oid) ||
			bms_overlap(constraint->column_set, renaming->dropped) ||
			(constraint->type == CONSTRAINT_NOTNULL &&
			 !has_name_below(renaming->table->oid, constraint->name)))
			continue;
		name = new_constraint_name(renaming, constraint);
		if (name != NULL)
			plan_add(plan, new_name_locks(renaming->table, renaming->new_name, recurses),
					 "ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
					 qualified_beside(renaming->table, renaming->new_name),
					 quote_identifier(constraint->name), quote_identifier(name));
	}
}

static bool
has_constraint(List *constraints, Oid index)
{
	foreach_ptr(ConstraintFacts, constraint, constraints)
		if (constraint->index == index)
			return true;
	return false;
}

/*
 * ALTER INDEX public.user_orgs_org_id_idx RENAME TO memberships_org_id_idx
 *
 * It locks the index, not the table.
 */
void
build_index_rename(StatementPlan *plan, const IndexFacts *index, const char *name)
{
	plan_add(plan, NULL, "ALTER INDEX %s RENAME TO %s",
			 qualified_name(index->oid), quote_identifier(name));
}

/* Is a node of an index, in nodeToString form, about one of these columns? */
static bool
is_about(const char *expression, const Bitmapset *columns)
{
	return expression != NULL && bms_overlap(expression_columns(stringToNode(expression)), columns);
}

/*
 * Does an index hold one of these columns, so that it is dropped with it: as a
 * key or an INCLUDE column, in an expression or in its predicate?
 */
bool
index_holds(const IndexFacts *index, const Bitmapset *columns)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index->oid));
	Form_pg_index form;
	bool		result = is_about(index->expressions, columns) || is_about(index->predicate, columns);

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index->oid);
	form = (Form_pg_index) GETSTRUCT(tuple);
	for (int i = 0; i < form->indnatts; i++)
		if (form->indkey.values[i] > 0 && bms_is_member(form->indkey.values[i], columns))
			result = true;
	ReleaseSysCache(tuple);
	return result;
}

static void
build_index_names(StatementPlan *plan, const Renaming *renaming, List *constraints)
{
	const TableFacts *table = renaming->table;

	foreach_ptr(IndexFacts, index, table->indexes)
	{
		char	   *name;

		if (list_member_oid(renaming->except, index->oid) ||
			has_constraint(constraints, index->oid) || index_holds(index, renaming->dropped))
			continue;
		name = new_key_name(renaming, index_name(index), NAME_INDEX,
							column_names(table, index->columns, index->nkeys), NULL);
		if (name != NULL)
			build_index_rename(plan, index, name);
	}
}

/*
 * ALTER TABLE public.user_orgs RENAME TO memberships, and what goes with it,
 * but for what the caller names or drops itself (except), and whatever goes with
 * columns that it drops.
 */
void
build_rename(StatementPlan *plan, const TableFacts *table, const char *new_name,
			 List *except, const Bitmapset *dropped, NameSpace *names)
{
	Renaming	renaming = {table, new_name, except, dropped, names};
	List	   *constraints = own_constraints(table);

	plan_add(plan, lock_on(AccessExclusiveLock, table->oid), "ALTER TABLE %s RENAME TO %s",
			 qualified_name(table->oid), quote_identifier(new_name));
	build_constraint_names(plan, &renaming, constraints);
	build_index_names(plan, &renaming, constraints);
}
