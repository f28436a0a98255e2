/*
 * demote.c
 *		junction.demote: makes an entity a junction again, in one transaction.
 *
 *	1. Check (demote_check.c): an entity, no other object that depends on the id,
 *	   a pair key that can be primary, no data in the columns to drop.
 *	2. Build:
 *		a. the new table name and the names that follow it (statement/rename.c);
 *		b. one ALTER TABLE that drops the primary key, the id and the columns
 *		   behind it;
 *		c. the pair's UNIQUE, made primary in place (key_in_place.c), unless it
 *		   is partial.
 *	3. Run the statements, or only return them (statement/plan.c).
 *
 * If a concurrent promotion of the table is unfinished, the demotion undoes
 * it: it only drops the columns that the promotion has added.
 *
 * The table is not rewritten.  The caller's transaction keeps ACCESS
 * EXCLUSIVE on it; a dry run takes ACCESS SHARE.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "online/online.h"
#include "promote/promote.h"
#include "statement/statement.h"

/*
 * Adds the locks on the tables that foreign keys of relid reference, if these
 * keys are dropped with their columns.  relid: the table or a table below it,
 * whose column numbers may differ.  It is locked.
 */
static void
add_parent_locks(List **locks, const Demotion *demotion, Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);

	foreach_ptr(ForeignKeyCacheInfo, key, RelationGetFKeyList(rel))
		for (int i = 0; i < key->nkeys; i++)
			foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
				if (bms_is_member(column->attnum, demotion->dropped) &&
					get_attnum(relid, column->name) == key->conkey[i])
					add_locks(locks, key->confrelid, AccessExclusiveLock, false);
	relation_close(rel, NoLock);
}

/*
 * Returns the locks of the ALTER TABLE that drops the columns, as text. Locks
 * the tables below in ACCESS SHARE mode.
 */
static char *
alter_locks(const Demotion *demotion)
{
	Oid			relid = demotion->table->oid;
	List	   *locks = NIL;

	add_locks(&locks, relid, AccessExclusiveLock, true);
	/* a dry run has not locked the tables below yet */
	foreach_oid(below, find_all_inheritors(relid, AccessShareLock, NULL))
		add_parent_locks(&locks, demotion, below);
	return locks_text(locks, demotion->table, demotion->name);
}

/*
 * Appends ", DROP COLUMN c" for each column to drop.  Generated columns come
 * first, as they depend on others.
 */
static void
append_drops(StringInfo buf, const Demotion *demotion)
{
	for (int generated = 1; generated >= 0; generated--)
		foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
		{
			Form_pg_attribute att = TupleDescAttr(RelationGetDescr(demotion->rel), column->attnum - 1);

			if (bms_is_member(column->attnum, demotion->dropped) &&
				(att->attgenerated != '\0') == generated)
				appendStringInfo(buf, ",\n    DROP COLUMN %s", quote_identifier(column->name));
		}
}

/*
 * Builds:
 *
 *	ALTER TABLE public.user_orgs
 *	    DROP CONSTRAINT memberships_pkey,
 *	    DROP COLUMN id,
 *	    DROP COLUMN created_at,
 *	    DROP COLUMN updated_at
 *
 * It also sets the pair's nullable columns NOT NULL, and resets the replica
 * identity if its index is dropped.
 */
static void
build_dropped_columns(StatementPlan *plan, const Demotion *demotion)
{
	const IndexFacts *primary = demotion->junction->primary_key;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "\n    DROP CONSTRAINT %s", quote_identifier(index_name(primary)));
	append_drops(&buf, demotion);
	foreach_ptr(char, name, demotion->nullable)
		appendStringInfo(&buf, ",\n    ALTER COLUMN %s SET NOT NULL", quote_identifier(name));
	foreach_ptr(IndexFacts, index, demotion->table->indexes)
		if (index->replica_identity && (index == primary || index_holds(index, demotion->dropped)))
			appendStringInfoString(&buf, ",\n    REPLICA IDENTITY DEFAULT");
	plan_add(plan, alter_locks(demotion), "ALTER TABLE %s%s",
			 qualified_beside(demotion->table, demotion->name), buf.data);
}

/*
 * Builds the same for a table that Citus keeps, which takes the changes of one
 * kind at a time.
 */
static void
build_placed_drops(StatementPlan *plan, const Demotion *demotion)
{
	const IndexFacts *primary = demotion->junction->primary_key;
	const char *base = qualified_beside(demotion->table, demotion->name);
	char	   *locks = alter_locks(demotion);
	StringInfoData buf;

	foreach_ptr(IndexFacts, index, demotion->table->indexes)
		if (index->replica_identity && (index == primary || index_holds(index, demotion->dropped)))
			plan_add(plan, pstrdup(locks), "ALTER TABLE %s\n    REPLICA IDENTITY DEFAULT", base);
	plan_add(plan, pstrdup(locks), "ALTER TABLE %s\n    DROP CONSTRAINT %s", base,
			 quote_identifier(index_name(primary)));
	initStringInfo(&buf);
	append_drops(&buf, demotion);
	plan_add(plan, pstrdup(locks), "ALTER TABLE %s%s", base, buf.data + 1);
	foreach_ptr(char, name, demotion->nullable)
		plan_add(plan, pstrdup(locks), "ALTER TABLE %s\n    ALTER COLUMN %s SET NOT NULL", base,
				 quote_identifier(name));
}

/*
 * Builds:
 *
 *	SELECT junction.unique_to_primary('public.user_orgs'::pg_catalog.regclass,
 *		'user_orgs_pkey'::pg_catalog.text)
 *
 * or, if no constraint owns the index:
 *
 *	ALTER TABLE public.user_orgs
 *		ADD CONSTRAINT user_orgs_pkey PRIMARY KEY USING INDEX user_orgs_idx
 */
static void
build_primary_pair(StatementPlan *plan, const Demotion *demotion, NameSpace *names)
{
	const TableFacts *table = demotion->table;
	const IndexFacts *key = demotion->junction->pair_key;
	const char *name = choose_name(names, NAME_COMPOSITE_PRIMARY_KEY, demotion->name,
								   pair_columns(demotion->junction), NULL, NIL);
	const char *base = qualified_beside(table, demotion->name);
	bool		recurses = table->kind == RELKIND_PARTITIONED_TABLE;
	char	   *locks = new_name_locks(table, demotion->name, recurses);

	if (demotion->placement.layout != LAYOUT_LOCAL)
		build_placed_pair(plan, demotion, name);
	else if (demotion->is_constraint)
		plan_add(plan, locks, "SELECT junction.unique_to_primary(%s, %s)",
				 typed_literal(base, "regclass"), typed_literal(name, "text"));
	else
		plan_add(plan, locks, "ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s",
				 base, quote_identifier(name), quote_identifier(index_name(key)));
}

/*
 * Builds the drop of what an unfinished promotion has added; its check and
 * the index of the id are dropped with the id:
 *
 *	ALTER TABLE public.user_orgs
 *	    DROP COLUMN id,
 *	    DROP COLUMN created_at
 *	DROP INDEX public.memberships_user_id_org_id_unique
 *
 * IF EXISTS is for shards that a build has not reached.
 */
static void
build_undo(StatementPlan *plan, const Demotion *demotion)
{
	Oid			relid = demotion->table->oid;
	bool		placed = demotion->placement.layout != LAYOUT_LOCAL;
	StringInfoData buf;

	if (placed)
		plan_add(plan, NULL, "%s", one_by_one_statement());
	initStringInfo(&buf);
	append_drops(&buf, demotion);
	plan_add(plan, alter_locks(demotion), "ALTER TABLE %s%s", qualified_name(relid), buf.data + 1);
	foreach_ptr(IndexFacts, index, demotion->table->indexes)
		if (is_built_beside_key(demotion->junction, index))
			plan_add(plan, lock_on(AccessExclusiveLock, relid), "DROP INDEX %s%s", placed ? "IF EXISTS " : "",
					 qualified_beside(demotion->table, index_name(index)));
}

/*
 * Builds all statements of the demotion of an entity.
 */
static void
build_demotion(StatementPlan *plan, const Demotion *demotion)
{
	const TableFacts *table = demotion->table;
	bool		placed = demotion->placement.layout != LAYOUT_LOCAL;
	List	   *except = list_make1_oid(demotion->junction->primary_key->oid);
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names(),
		.naming = naming_for_table(table)
	};

	take_name(&names, demotion->name);
	if (placed)
	{
		plan_add(plan, NULL, "%s", one_by_one_statement());
		except = list_concat(except, constraints_of(table));
	}
	if (OidIsValid(demotion->old_name))
		plan_add(plan, lock_on(AccessExclusiveLock, demotion->old_name), "DROP VIEW %s",
				 qualified_name(demotion->old_name));
	if (!demotion->keeps_key)
		except = lappend_oid(except, demotion->junction->pair_key->oid);
	if (demotion->renamed)
		build_rename(plan, table, demotion->name, except, demotion->dropped, &names);
	if (placed)
		build_placed_drops(plan, demotion);
	else
		build_dropped_columns(plan, demotion);
	if (demotion->keeps_key)
		return;
	names.freed = list_make2(index_name(demotion->junction->primary_key),
							 index_name(demotion->junction->pair_key));
	build_primary_pair(plan, demotion, &names);
}

PG_FUNCTION_INFO_V1(junction_demote);

/*
 * junction.demote(entity regclass, name text, discard_columns bool, dry_run
 * bool)
 *	returns setof junction.statement
 *
 * 42P01 for a table that is gone; 42809 for a table that is not an entity;
 * 55000 for a table that is a junction already, and for columns that hold
 * data; 2BP01 if other objects depend on what would be dropped; 23502 for
 * nulls in the pair; 0A000 for a key that cannot be primary, and for an index
 * that would be lost; 42P07, 42710 for a name
 * that is taken, 42622 for a name that is too long, 22023 for another invalid
 * name; 42501 for another role's table, and for rows that matter and that the
 * caller may not read; 55006 while the unfinished promotion is still running.
 */
Datum
junction_demote(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {
		[0] = "entity",[2] = "discard_columns",[3] = "dry_run"
	};
	Demotion	demotion = {0};
	StatementPlan plan = {NIL};
	bool		dry_run;

	check_arguments(fcinfo, required, lengthof(required));
	demotion.relid = PG_GETARG_OID(0);
	demotion.asked_name = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	demotion.discards = PG_GETARG_BOOL(2);
	dry_run = PG_GETARG_BOOL(3);

	check_demotion(&demotion, dry_run ? AccessShareLock : AccessExclusiveLock);
	if (demotion.begun != NULL && !dry_run)
		check_no_run(demotion.table->oid);
	tell_naming(demotion.table);
	if (demotion.placement.layout != LAYOUT_LOCAL && demotion.renamed)
		tell_kept_names(demotion.table, demotion.junction->pair_key->oid);
	if (demotion.begun != NULL)
		build_undo(&plan, &demotion);
	else
		build_demotion(&plan, &demotion);

	/* the transaction keeps the lock */
	relation_close(demotion.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
