/*
 * rename.c
 *		Builds the statements that rename a table and the constraints and
 *		indexes named after it.
 *
 * The table is renamed first.  Then each constraint and each index whose name
 * follows a convention for the old table name gets the name for the new one
 * (model/naming.c and model/free_name.c decide); other names stay.  With another
 * junction.naming than postgres, each name that follows any convention gets the
 * setting's.  Inherited constraints, and those of partitions, are named after
 * other tables and stay.
 *
 * Builds text only.  The caller has locked the table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/* What build_rename() is to do */
typedef struct Renaming
{
	const TableFacts *table;
	const char *new_name;
	List	   *except;			/* OIDs of indexes and constraints that the
								 * caller renames or drops itself */
	const Bitmapset *dropped;	/* columns that the caller drops, with the
								 * indexes and constraints on them */
	NameSpace  *names;			/* names taken and freed by the plan so far */
} Renaming;

/*
 * Returns the constraints that can be renamed at this table (ConstraintFacts,
 * by name): not inherited ones, and not constraint triggers.
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
 * Returns the new name of an index, a key or a foreign key, and takes it;
 * null if the name stays.  columns: names; key: of a foreign key, else null.
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
	if (renaming->names->naming != NAMING_POSTGRES &&
		is_conventional(name, kind, renaming->table->name, columns, parent, parent_columns))
		return choose_name(renaming->names, kind, renaming->new_name, columns,
						   parent, parent_columns);
	return choose_renamed(renaming->names, name, renaming->table->name,
						  renaming->new_name, columns);
}

/*
 * Returns the new name of a constraint, and takes it; null if the name stays.
 * The conventions have no names for check and NOT NULL constraints, so
 * these follow PostgreSQL's.
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
 * Returns true if the table and all below it have a constraint of that name.
 * RENAME CONSTRAINT of a named NOT NULL (18) recurses by name, and fails for
 * a partition that had a NOT NULL of another name before it was attached.
 */
static bool
has_name_below(Oid relid, const char *name)
{
	foreach_oid(below, list_inheritors(relid))
		if (!OidIsValid(get_relation_constraint_oid(below, name, true)))
			return false;
	return true;
}

/*
 * Builds, for each constraint whose name changes:
 *
 *	ALTER TABLE public.memberships RENAME CONSTRAINT user_orgs_user_id_fkey
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

/*
 * Returns true if one of the constraints owns the index.
 */
static bool
has_constraint(List *constraints, Oid index)
{
	foreach_ptr(ConstraintFacts, constraint, constraints)
		if (constraint->index == index)
			return true;
	return false;
}

/*
 * Builds the following; it locks the index, not the table:
 *
 *	ALTER INDEX public.user_orgs_org_id_idx RENAME TO memberships_org_id_idx
 */
void
build_index_rename(StatementPlan *plan, const IndexFacts *index, const char *name)
{
	plan_add(plan, NULL, "ALTER INDEX %s RENAME TO %s",
			 qualified_name(index->oid), quote_identifier(name));
}

/* Does the expression (nodeToString form, or null) use one of these columns? */
static bool
is_about(const char *expression, const Bitmapset *columns)
{
	return expression != NULL && bms_overlap(expression_columns(stringToNode(expression)), columns);
}

/*
 * Returns true if an index uses one of the columns, as a key or INCLUDE
 * column, in an expression or in its predicate.  PostgreSQL drops such an
 * index with the column.
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

/*
 * Builds the new names of the indexes that no constraint owns.
 */
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
		name = new_key_name(renaming, index_name(index), index->unique ? NAME_UNIQUE_INDEX : NAME_INDEX,
							column_names(table, index->columns, index->nkeys), NULL);
		if (name != NULL)
			build_index_rename(plan, index, name);
	}
}

/*
 * Builds the new name of a table and the names that follow it:
 *
 *	ALTER TABLE public.user_orgs RENAME TO memberships
 *
 * except: OIDs of indexes and constraints that the caller renames or drops
 * itself.  dropped: columns that the caller drops; the indexes and
 * constraints on them are not renamed.  names: takes the new names.
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
