/*
 * demote.c
 *		junction.demote: from an entity back to a junction, in one transaction.
 *
 *	1. Check: an entity that nothing refers to by its id, a key over the pair
 *	   that can be primary, columns that hold nothing (demote_check.c).
 *	2. Build:
 *		a. the new name and what goes with it (statement/rename.c);
 *		b. one ALTER TABLE that drops the primary key, the id and the columns
 *		   that came with it or after it;
 *		c. the pair's UNIQUE, made primary in place (key_in_place.c), unless it is
 *		   partial.
 *	3. Run, or only return (statement/plan.c).
 *
 * Of a promotion that is under way, only the columns are dropped.
 *
 * Nothing is rewritten.
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
 * Add the locks on what the foreign keys of a table point at that go with
 * their columns; it may be a partition, with keys of its own.
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
 * The locks of the ALTER TABLE.
 */
static char *
alter_locks(const Demotion *demotion)
{
	Oid			relid = demotion->table->oid;
	List	   *locks = NIL;

	add_locks(&locks, relid, AccessExclusiveLock, true);
	/* a dry run has locked none of these yet */
	foreach_oid(below, find_all_inheritors(relid, AccessShareLock, NULL))
		add_parent_locks(&locks, demotion, below);
	return locks_text(locks, demotion->table, demotion->name);
}

/* One that is computed from another column goes before that */
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
 * The statement built is:
 *
 *	ALTER TABLE public.user_orgs
 *	    DROP CONSTRAINT memberships_pkey,
 *	    DROP COLUMN id,
 *	    DROP COLUMN created_at,
 *	    DROP COLUMN updated_at
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
 * SELECT junction.unique_to_primary('public.user_orgs'::pg_catalog.regclass,
 *		'user_orgs_pkey'::pg_catalog.text)
 *
 * or, where no constraint owns the index,
 *
 * ALTER TABLE public.user_orgs
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

	if (demotion->is_constraint)
		plan_add(plan, locks, "SELECT junction.unique_to_primary(%s, %s)",
				 typed_literal(base, "regclass"), typed_literal(name, "text"));
	else
		plan_add(plan, locks, "ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s",
				 base, quote_identifier(name), quote_identifier(index_name(key)));
}

/*
 * What a promotion that is under way has added; its check and its index go with
 * the id.
 *
 *	ALTER TABLE public.user_orgs
 *	    DROP COLUMN id,
 *	    DROP COLUMN created_at
 */
static void
build_undo(StatementPlan *plan, const Demotion *demotion)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_drops(&buf, demotion);
	plan_add(plan, alter_locks(demotion), "ALTER TABLE %s%s", qualified_name(demotion->table->oid),
			 buf.data + 1);
}

static void
build_demotion(StatementPlan *plan, const Demotion *demotion)
{
	const TableFacts *table = demotion->table;
	List	   *except = list_make1_oid(demotion->junction->primary_key->oid);
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names()
	};

	take_name(&names, demotion->name);
	if (OidIsValid(demotion->old_name))
		plan_add(plan, lock_on(AccessExclusiveLock, demotion->old_name), "DROP VIEW %s",
				 qualified_name(demotion->old_name));
	if (!demotion->keeps_key)
		except = lappend_oid(except, demotion->junction->pair_key->oid);
	if (demotion->renamed)
		build_rename(plan, table, demotion->name, except, demotion->dropped, &names);
	build_dropped_columns(plan, demotion);
	if (demotion->keeps_key)
		return;
	names.freed = list_make2(index_name(demotion->junction->primary_key),
							 index_name(demotion->junction->pair_key));
	build_primary_pair(plan, demotion, &names);
}

PG_FUNCTION_INFO_V1(junction_demote);

/*
 * junction.demote(entity regclass, name text, discard_columns bool, dry_run bool)
 *		returns setof junction.statement
 *
 * 42809 for what is no entity that can be a junction, 55000 for what is one
 * already, and where columns hold data; 2BP01 where something refers to the id
 * or to a column that goes; 23502 for nulls in the pair; 0A000 for a key that
 * cannot be primary, and for a distributed table; 42P07, 42710 for a name that is taken, 42622 for one too
 * long, 22023 for one that can't be; 42501 for somebody else's table, and for
 * one that the caller may not read where its rows matter; 55006 while a
 * promotion that is to be undone still runs.
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
	if (demotion.begun != NULL)
		build_undo(&plan, &demotion);
	else
		build_demotion(&plan, &demotion);

	/* the lock stays until the transaction ends */
	relation_close(demotion.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
