/*
 * promote_steps.c
 *		What remains of a promotion that blocks nobody, from what is there.
 *
 * The state is the table.  Each step leaves something that can be seen:
 *
 *	1. the id, nullable, with its default, and the other columns: one brief
 *	   ALTER TABLE.  A comment marks the id as ours;
 *	2. an id in every row (online/fill.c): what is there of it, only the rows know, so
 *	   this step remains until the next one is done;
 *	3. a NOT VALID check that the id is not null;
 *	4. the same, validated: that reads the table and blocks nobody.  Before it,
 *	   the table is filled once more, as a row that was inserted with an explicit
 *	   null while there was no check would fail it;
 *	5. NOT NULL, which needs no look at the table then, and no check any more;
 *	6. a unique index, built concurrently.  An invalid one is of a run that was
 *	   stopped, and is dropped first;
 *	7. in one brief transaction: the pair's key no longer primary, the id's index
 *	   the primary key, the names, the view of the old name.
 *
 * So the plan of a run that was stopped anywhere is what remains of it.  (In
 * one transaction, promote.c does the same with one rewrite.)
 *
 * Builds text only, after refusing what PostgreSQL could not do without a long
 * look at the table under a lock.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "online/online.h"
#include "promote/promote.h"
#include "statement/statement.h"

/* Does a default give each row a value of its own? */

static OnlineStep *
add_step(List **steps, StepKind kind, char *locks)
{
	OnlineStep *step = palloc0(sizeof(OnlineStep));

	step->kind = kind;
	step->locks = locks;
	*steps = lappend(*steps, step);
	return step;
}

/*
 * The sequence that an integer id gets its values from until the column can be
 * an identity: the one that it has, or else a name that is free.
 */
static char *
filling_sequence(const Promotion *promotion)
{
	const TableFacts *table = promotion->table;
	LOCAL_FCINFO(fcinfo, 2);
	Datum		name;

	if (promotion->begun == NULL)
		return qualified_beside(table, ChooseRelationName(table->name, promotion->id_column,
															 "filling", table->namespace, false));
	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = CStringGetTextDatum(qualified_name(table->oid));
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = CStringGetTextDatum(promotion->id_column);
	fcinfo->args[1].isnull = false;
	name = pg_get_serial_sequence(fcinfo);
	if (fcinfo->isnull)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" of \"%s\" has no sequence of its own", promotion->id_column,
						display_name(table->oid)),
				 errdetail("The promotion that is under way had made one."),
				 errhint("Undo it with junction.demote, and begin anew.")));
	return TextDatumGetCString(name);
}

/*
 *		CREATE SEQUENCE public.user_orgs_id_filling AS bigint
 *		ALTER SEQUENCE public.user_orgs_id_filling OWNED BY public.user_orgs.id
 *		GRANT USAGE ON SEQUENCE public.user_orgs_id_filling TO PUBLIC
 *
 * Nobody needs a right for an identity's sequence, but for this one, until it
 * is one.
 */
static void
build_sequence(StatementPlan *plan, const Promotion *promotion, const char *sequence)
{
	Oid			owner = promotion->rel->rd_rel->relowner;

	plan_add(plan, NULL, "CREATE SEQUENCE %s AS %s", sequence, type_text(promotion->id_type, -1));
	if (owner != GetUserId())
		plan_add(plan, NULL, "ALTER SEQUENCE %s OWNER TO %s", sequence,
				 quote_identifier(GetUserNameFromId(owner, false)));
	plan_add(plan, NULL, "ALTER SEQUENCE %s OWNED BY %s.%s", sequence,
			 qualified_name(promotion->table->oid), quote_identifier(promotion->id_column));
	plan_add(plan, NULL, "GRANT USAGE ON SEQUENCE %s TO PUBLIC", sequence);
}

/*
 * 1.	ALTER TABLE public.user_orgs
 *		    ADD COLUMN id uuid,
 *		    ADD COLUMN created_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now()
 *		ALTER TABLE public.user_orgs ALTER COLUMN id SET DEFAULT junction.uuidv7()
 *		COMMENT ON COLUMN public.user_orgs.id IS '...'
 */
static void
build_begin(List **steps, const Promotion *promotion, const char *sequence)
{
	const char *table = qualified_name(promotion->table->oid);
	const char *id = quote_identifier(promotion->id_column);
	const char *value = uuid_default(promotion);
	OnlineStep *step = add_step(steps, STEP_BRIEF,
								added_column_locks(promotion, promotion->table->name));
	StatementPlan *plan = &step->statements;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "\n    ADD COLUMN %s %s", id, type_text(promotion->id_type, -1));
	append_added_columns(&buf, promotion);
	plan_add(plan, NULL, "ALTER TABLE %s%s", table, buf.data);
	if (promotion->id_type != UUIDOID)
	{
		value = psprintf("pg_catalog.nextval(%s)", quote_literal_cstr(sequence));
		build_sequence(plan, promotion, sequence);
	}
	plan_add(plan, NULL, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", table, id, value);
	plan_add(plan, NULL, "%s", begun_statement(promotion, table));
}

/*
 * Is this the check that the id is not null?
 */
static bool
is_not_null_check(const ConstraintFacts *constraint, AttrNumber id)
{
	NullTest   *test;

	if (constraint->type != CONSTRAINT_CHECK || constraint->expression == NULL)
		return false;
	test = stringToNode(constraint->expression);
	return IsA(test, NullTest) && test->nulltesttype == IS_NOT_NULL &&
		IsA(test->arg, Var) && ((Var *) test->arg)->varattno == id;
}

/*
 * The check that stands for NOT NULL until that can be had, or null.
 */
static const ConstraintFacts *
find_check(const Promotion *promotion)
{
	const ConstraintFacts *check = NULL;

	if (promotion->begun != NULL)
		foreach_ptr(ConstraintFacts, constraint, read_constraints(promotion->table->oid))
			if (is_not_null_check(constraint, promotion->begun->attnum))
				check = constraint;
	return check;
}

/*
 * 2 to 6.	CALL junction._fill('public.user_orgs'::pg_catalog.regclass, 'id'::pg_catalog.text,
 *				10000::pg_catalog.int4, '0'::pg_catalog.interval, ...)
 *			ALTER TABLE public.user_orgs ADD CONSTRAINT c CHECK (id IS NOT NULL) NOT VALID
 *			CALL junction._fill('public.user_orgs', 'id')
 *			ALTER TABLE public.user_orgs VALIDATE CONSTRAINT c
 *			ALTER TABLE public.user_orgs ALTER COLUMN id SET NOT NULL
 *			ALTER TABLE public.user_orgs DROP CONSTRAINT c
 */
static void
build_not_null(List **steps, const Promotion *promotion, bool validated)
{
	Oid			relid = promotion->table->oid;
	const char *table = qualified_name(relid);
	const char *id = quote_identifier(promotion->id_column);
	bool		there = OidIsValid(promotion->filled_check);
	const char *check;
	OnlineStep *fill = NULL;
	StatementPlan *plan;

	check = quote_identifier(there ? get_constraint_name(promotion->filled_check) :
							 ChooseConstraintName(promotion->table->name, promotion->id_column, "filled",
												  promotion->table->namespace, NIL));
	if (!validated)
	{
		plan = &add_step(steps, STEP_FILL, lock_on(RowExclusiveLock, relid))->statements;
		plan_add(plan, NULL, "CALL junction._fill(%s, %s, 10000::pg_catalog.int4, %s,"
				 " NULL::pg_catalog.int8, %s, %s)", typed_literal(table, "regclass"),
				 typed_literal(promotion->id_column, "text"), typed_literal("0", "interval"),
				 typed_literal("100 ms", "interval"), typed_literal("10 min", "interval"));
		fill = llast(*steps);
	}
	if (!there)
	{
		plan = &add_step(steps, STEP_BRIEF, lock_on(AccessExclusiveLock, relid))->statements;
		plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID",
				 table, check, id);
		*steps = lappend(*steps, fill);
	}
	if (!validated)
	{
		plan = &add_step(steps, STEP_PATIENT, lock_on(ShareUpdateExclusiveLock, relid))->statements;
		plan_add(plan, NULL, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table, check);
	}
	plan = &add_step(steps, STEP_BRIEF, lock_on(AccessExclusiveLock, relid))->statements;
	if (SERVER_NAMES_NOT_NULL)
		plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %s", table,
				 quote_identifier(makeObjectName(promotion->name, promotion->id_column, "not_null")), id);
	else
		plan_add(plan, NULL, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", table, id);
	plan_add(plan, NULL, "ALTER TABLE %s DROP CONSTRAINT %s", table, check);
}

/*
 * The index that an earlier run has built over the columns of the new key.
 */
static IndexFacts *
find_id_index(const Promotion *promotion)
{
	foreach_ptr(IndexFacts, index, promotion->table->indexes)
		if (index->unique && index->expressions == NULL && index->predicate == NULL &&
			index != promotion->junction->pair_key && index->nkeys == index->ncolumns &&
			!OidIsValid(get_index_constraint(index->oid)) &&
			same_names(column_names(promotion->table, index->columns, index->nkeys),
					   promotion->primary_key))
			return index;
	return NULL;
}

/*
 * A name to build the index under: the key's own, unless that is free only when
 * the names are changed.
 */
static char *
free_index_name(const Promotion *promotion, const IndexFacts *invalid, char *name)
{
	Oid			holder = get_relname_relid(name, promotion->table->namespace);

	if (!OidIsValid(holder) || (invalid != NULL && holder == invalid->oid))
		return name;
	return ChooseRelationName(promotion->table->name, promotion->id_column, "filled",
							  promotion->table->namespace, true);
}

/*
 * 7.	DROP INDEX CONCURRENTLY public.memberships_pkey
 *		CREATE UNIQUE INDEX CONCURRENTLY memberships_pkey ON public.user_orgs (id)
 */
static void
build_id_index(List **steps, const Promotion *promotion, const IndexFacts *index, const char *name)
{
	char	   *locks = lock_on(ShareUpdateExclusiveLock, promotion->table->oid);

	if (index != NULL && index->usable)
		return;
	if (index != NULL)
	{
		OnlineStep *drop = add_step(steps, STEP_ALONE, locks);

		drop->named = list_make1_oid(index->oid);
		plan_add(&drop->statements, NULL, "DROP INDEX CONCURRENTLY %s", qualified_name(index->oid));
	}
	plan_add(&add_step(steps, STEP_ALONE, locks)->statements, NULL,
			 "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s)", quote_identifier(name),
			 qualified_name(promotion->table->oid), column_list(promotion->primary_key));
}

/*
 * The id, an identity from here on, where its sequence was:
 *
 *	ALTER SEQUENCE public.user_orgs_id_filling OWNED BY NONE
 *	ALTER TABLE public.memberships ALTER COLUMN id DROP DEFAULT,
 *		ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY
 *	SELECT pg_catalog.setval(...) FROM public.user_orgs_id_filling
 *	DROP SEQUENCE public.user_orgs_id_filling
 */
static void
build_identity(StatementPlan *plan, const Promotion *promotion, const char *table,
			   const char *sequence)
{
	const char *id = quote_identifier(promotion->id_column);

	plan_add(plan, NULL, "ALTER SEQUENCE %s OWNED BY NONE", sequence);
	plan_add(plan, NULL, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s ADD GENERATED ALWAYS AS IDENTITY",
			 table, id, id);
	plan_add(plan, NULL, "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(%s, %s), last_value, is_called) FROM %s",
			 quote_literal_cstr(table), quote_literal_cstr(promotion->id_column), sequence);
	plan_add(plan, NULL, "DROP SEQUENCE %s", sequence);
}

static void
build_added_name(StatementPlan *plan, const Promotion *promotion, const char *column, const char *label)
{
	const char *table = qualified_beside(promotion->table, promotion->name);

	plan_add(plan, NULL, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s", table,
			 quote_identifier(makeObjectName(promotion->table->name, column, label)),
			 quote_identifier(makeObjectName(promotion->name, column, label)));
}

/*
 * The constraints that come with the columns of the first step are named after
 * the table as it is called then; a plan that is made before has to tell their
 * names.
 */
static void
build_added_names(StatementPlan *plan, const Promotion *promotion)
{
	foreach_ptr(ColumnDef, column, promotion->parsed)
		foreach_ptr(Constraint, constraint, column->constraints)
		{
			if (constraint->conname != NULL)
				continue;
			if (constraint->contype == CONSTR_FOREIGN)
				build_added_name(plan, promotion, column->colname, "fkey");
			if (constraint->contype == CONSTR_NOTNULL && SERVER_NAMES_NOT_NULL)
				build_added_name(plan, promotion, column->colname, "not_null");
		}
	if (SERVER_NAMES_NOT_NULL)
		foreach_ptr(char, name, added_timestamps(promotion))
			build_added_name(plan, promotion, name, "not_null");
}

/*
 * The indexes and sequences of a table: what the last step names.
 */
static List *
relations_of(const TableFacts *table)
{
	List	   *relations = getOwnedSequences(table->oid);

	foreach_ptr(IndexFacts, index, table->indexes)
		relations = lappend_oid(relations, index->oid);
	return relations;
}

/*
 * The locks under which the steps are run.
 */
static void
set_modes(List *steps, Oid relid)
{
	foreach_ptr(OnlineStep, step, steps)
	{
		step->relid = relid;
		step->mode = step->kind == STEP_BRIEF ? AccessExclusiveLock : ShareUpdateExclusiveLock;
	}
}

/*
 * All steps that remain.  They are built from the last to the first, as the
 * last decides the names.
 */
List *
build_promotion_steps(Promotion *promotion)
{
	const TableFacts *table = promotion->table;
	const char *new_table = qualified_beside(table, promotion->name);
	IndexFacts *index = promotion->begun ? find_id_index(promotion) : NULL;
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names()
	};
	List	   *steps = NIL;
	List	   *last = NIL;
	StatementPlan *plan = &add_step(&last, STEP_BRIEF, lock_on(AccessExclusiveLock, table->oid))->statements;
	char	   *sequence = promotion->id_type == UUIDOID ? NULL : filling_sequence(promotion);
	char	   *name;
	char	   *built;
	const ConstraintFacts *check = find_check(promotion);

	promotion->filled_check = check ? check->oid : InvalidOid;
	take_name(&names, promotion->name);
	promotion->id_index = index ? index->oid : InvalidOid;
	(void) build_promoted_names(plan, promotion, &names);
	if (promotion->begun == NULL && promotion->renamed)
		build_added_names(plan, promotion);
	if (index != NULL)
		names.freed = lappend(names.freed, index_name(index));
	name = primary_key_name(promotion, &names);
	built = index && index->usable ? index_name(index) : free_index_name(promotion, index, name);
	if (strcmp(built, name) != 0)
		plan_add(plan, NULL, "ALTER INDEX %s RENAME TO %s",
				 qualified_beside(table, built),
				 quote_identifier(name));
	plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s", new_table,
			 quote_identifier(name), quote_identifier(name));
	plan_add(plan, NULL, "COMMENT ON COLUMN %s.%s IS NULL", new_table,
			 quote_identifier(promotion->id_column));
	if (promotion->id_type != UUIDOID)
		build_identity(plan, promotion, new_table, sequence);
	if (promotion->keep_old_name)
		build_old_name(plan, promotion);
	((OnlineStep *) linitial(last))->named = relations_of(table);

	if (promotion->begun == NULL)
		build_begin(&steps, promotion, sequence);
	if (promotion->begun == NULL || !promotion->begun->notnull)
		build_not_null(&steps, promotion, check != NULL && check->validated);
	build_id_index(&steps, promotion, index, built);
	steps = list_concat(steps, last);
	set_modes(steps, table->oid);
	return steps;
}
