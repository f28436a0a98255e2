/*
 * promote_steps.c
 *		Builds the remaining steps of a concurrent promotion from the state of
 *		the table.
 *
 * Each step leaves a trace in the table:
 *
 *	1. The id, nullable, with its default, and the other columns: one brief ALTER
 *	   TABLE.  A comment marks the id as ours (promote_check.c).
 *	2. An id in every row (online/fill.c).  A fill leaves no trace in the catalogs,
 *	   so this step remains until step 3 is done.
 *	3. A NOT VALID check that the id is not null.
 *	4. A second fill, for rows that were inserted with an explicit null before the
 *	   check.
 *	5. VALIDATE CONSTRAINT, which reads the table but blocks neither readers nor
 *	   writers.
 *	6. NOT NULL, which PostgreSQL proves from the check without reading the table;
 *	   the check is dropped.
 *	7. A unique index, built concurrently.  An invalid one is of a run that was
 *	   stopped, and is dropped first.
 *	8. One brief transaction: the pair's key is no longer primary, the id's index
 *	   becomes the primary key, the names change, the view of the old name.
 *
 * So the plan for a run that was stopped at any step is the steps that
 * remain.  In plain SQL, and of a table that Citus keeps, the pair gets an index beside
 * its key before step 8.  For a server without this extension, each step is a statement
 * that looks by itself whether it is done (portable_steps.c).
 *
 * Builds text only.  promote_steps_check.c has refused what PostgreSQL could
 * not do without reading the table under a blocking lock.  The table is open
 * and locked.
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

/*
 * Appends a step without statements and returns it.  name: for step_point().
 * locks: text, or null.
 */
static OnlineStep *
add_step(List **steps, const char *name, StepKind kind, char *locks)
{
	OnlineStep *step = palloc0(sizeof(OnlineStep));

	step->name = name;
	step->kind = kind;
	step->locks = locks;
	*steps = lappend(*steps, step);
	return step;
}

/*
 * Returns the qualified name of the sequence that fills an integer id until
 * the column becomes an identity: the column's own, or before step 1 a free
 * name.  55000 if an unfinished promotion has lost its sequence.
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
				 errmsg("column \"%s\" of \"%s\" has no sequence of its own", promotion->id_column,
						display_name(table->oid)),
				 errdetail("The promotion that is under way created one, which no longer exists."),
				 errhint("Undo the promotion with junction.demote, and promote again.")));
	return TextDatumGetCString(name);
}

/*
 * Builds:
 *
 *	CREATE SEQUENCE public.user_orgs_id_filling AS bigint
 *	ALTER SEQUENCE public.user_orgs_id_filling OWNED BY public.user_orgs.id
 *	GRANT USAGE ON SEQUENCE public.user_orgs_id_filling TO PUBLIC
 *
 * The grant is needed because an INSERT calls nextval() until the column is
 * an identity, which needs no right.
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
 * Builds step 1:
 *
 *	ALTER TABLE public.user_orgs
 *	    ADD COLUMN id uuid,
 *	    ADD COLUMN created_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now()
 *	ALTER TABLE public.user_orgs ALTER COLUMN id SET DEFAULT junction.uuidv7()
 *	COMMENT ON COLUMN public.user_orgs.id IS '...'
 *
 * The default is set after the column was added, so that the table is not
 * rewritten.
 */
static void
build_begin(List **steps, const Promotion *promotion, const char *sequence)
{
	const char *table = qualified_name(promotion->table->oid);
	const char *id = quote_identifier(promotion->id_column);
	const char *value = uuid_default(promotion);
	OnlineStep *step = add_step(steps, "begin", STEP_BRIEF,
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
 * Is the constraint CHECK (id IS NOT NULL), of the id of a promotion that is not
 * finished?
 */
bool
is_id_check(const Promotion *promotion, const ConstraintFacts *constraint)
{
	NullTest   *test;

	if (promotion->begun == NULL || constraint->type != CONSTRAINT_CHECK ||
		constraint->expression == NULL)
		return false;
	test = stringToNode(constraint->expression);
	return IsA(test, NullTest) && test->nulltesttype == IS_NOT_NULL &&
		IsA(test->arg, Var) && ((Var *) test->arg)->varattno == promotion->begun->attnum;
}

/* Returns the check of step 3, or null. */
static const ConstraintFacts *
find_check(const Promotion *promotion)
{
	const ConstraintFacts *check = NULL;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(promotion->table->oid))
		if (is_id_check(promotion, constraint))
			check = constraint;
	return check;
}

/*
 * Builds steps 2 to 5, or those of them that remain.
 *
 *	CALL junction._fill('public.user_orgs'::pg_catalog.regclass, 'id'::pg_catalog.text,
 *		10000::pg_catalog.int4, '0'::pg_catalog.interval, ...)
 *	ALTER TABLE public.user_orgs ADD CONSTRAINT c CHECK (id IS NOT NULL) NOT VALID
 *	CALL junction._fill(...)
 *	ALTER TABLE public.user_orgs VALIDATE CONSTRAINT c
 *	ALTER TABLE public.user_orgs ALTER COLUMN id SET NOT NULL
 *	ALTER TABLE public.user_orgs DROP CONSTRAINT c
 *
 * The CALL is for a user who runs the statements of a dry run.  Its arguments
 * are the defaults of promote_concurrently: 10000 rows a batch, no pause, a
 * lock timeout of 100 ms, 10 min of waiting for one lock.  The procedure
 * fills with its caller's arguments instead (promote_concurrently.c).
 */
static void
build_not_null(List **steps, const Promotion *promotion)
{
	Oid			relid = promotion->table->oid;
	const char *table = qualified_name(relid);
	const char *id = quote_identifier(promotion->id_column);
	const ConstraintFacts *there = promotion->id_check;
	bool		validated = there != NULL && there->validated;
	const char *check;
	OnlineStep *fill = NULL;
	StatementPlan *plan;

	check = quote_identifier(promotion->check_name);
	if (!validated)
	{
		plan = &add_step(steps, "fill", STEP_FILL, lock_on(RowExclusiveLock, relid))->statements;
		plan_add(plan, NULL, "CALL junction._fill(%s, %s, 10000::pg_catalog.int4, %s,"
				 " NULL::pg_catalog.int8, %s, %s)", typed_literal(table, "regclass"),
				 typed_literal(promotion->id_column, "text"), typed_literal("0", "interval"),
				 typed_literal("100 ms", "interval"), typed_literal("10 min", "interval"));
		fill = llast(*steps);
	}
	if (there == NULL)
	{
		plan = &add_step(steps, "check", STEP_BRIEF, lock_on(AccessExclusiveLock, relid))->statements;
		plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID",
				 table, check, id);
		*steps = lappend(*steps, fill);
	}
	if (!validated)
	{
		plan = &add_step(steps, "validate", STEP_PATIENT, lock_on(ShareUpdateExclusiveLock, relid))->statements;
		plan_add(plan, NULL, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table, check);
	}
	plan = &add_step(steps, "not-null", STEP_BRIEF, lock_on(AccessExclusiveLock, relid))->statements;
	if (SERVER_NAMES_NOT_NULL && promotion->placement.layout == LAYOUT_LOCAL)
		plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %s", table,
				 quote_identifier(makeObjectName(promotion->name, promotion->id_column, "not_null")), id);
	else
		plan_add(plan, NULL, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", table, id);
	plan_add(plan, NULL, "ALTER TABLE %s DROP CONSTRAINT %s", table, check);
}

/*
 * Builds the rest of step 6 if another session has set NOT NULL after step 3:
 *
 *	ALTER TABLE public.user_orgs DROP CONSTRAINT c
 */
static void
build_check_removal(List **steps, const Promotion *promotion)
{
	Oid			relid = promotion->table->oid;
	OnlineStep *step = add_step(steps, "drop-check", STEP_BRIEF, lock_on(AccessExclusiveLock, relid));

	plan_add(&step->statements, NULL, "ALTER TABLE %s DROP CONSTRAINT %s", qualified_name(relid),
			 quote_identifier(promotion->id_check->name));
}

/*
 * Returns the unique index that an earlier run has built beside the pair key, over
 * exactly these key columns (names), valid or not; null if there is none.
 * ncolumns: its columns, those of INCLUDE too.  Of a table that Citus keeps, it is
 * usable if it is in all shards, too.
 */
static IndexFacts *
find_built_index(const Promotion *promotion, List *columns, int ncolumns)
{
	if (promotion->begun == NULL)
		return NULL;
	foreach_ptr(IndexFacts, index, promotion->table->indexes)
		if (index->unique && index->expressions == NULL && index->predicate == NULL &&
			index != promotion->junction->pair_key && index->ncolumns == ncolumns &&
			!OidIsValid(get_index_constraint(index->oid)) &&
			same_names(column_names(promotion->table, index->columns, index->nkeys), columns))
		{
			index->usable = index->usable &&
				(promotion->placement.layout == LAYOUT_LOCAL || is_index_in_shards(promotion->table->oid, columns));
			return index;
		}
	return NULL;
}

/*
 * Returns the name under which an index is built: name, the key's own,
 * unless a relation other than the invalid index has it until step 8 renames
 * that.  invalid: or null.  column and label: for the other name.
 */
static char *
free_index_name(const Promotion *promotion, const IndexFacts *invalid, char *name,
				const char *column, const char *label)
{
	Oid			holder = get_relname_relid(name, promotion->table->namespace);

	if (!OidIsValid(holder) || (invalid != NULL && holder == invalid->oid))
		return name;
	return ChooseRelationName(promotion->table->name, column, label, promotion->table->namespace, true);
}

/*
 * Builds a drop of an index that an earlier run has left invalid.  In plain SQL it is
 * always there, as it looks itself whether the index is.  index: or null.
 *
 * Citus drops and builds an index here first, and then in one shard after the other.
 * So if that was stopped, some shards can have it and others not: there IF EXISTS and
 * IF NOT EXISTS are for the shards.  A build that finds an invalid one in a shard leaves
 * it, and the next plan drops it (is_index_in_shards()).
 */
static void
build_index_removal(List **steps, const Promotion *promotion, const char *step_name,
					const IndexFacts *index, const char *name)
{
	OnlineStep *drop;

	if (index == NULL && !promotion->portable)
		return;
	drop = add_step(steps, step_name, promotion->portable ? STEP_BRIEF : STEP_ALONE,
					lock_on(promotion->portable ? AccessExclusiveLock : ShareUpdateExclusiveLock,
							promotion->table->oid));
	if (index != NULL)
		drop->named = list_make1_oid(index->oid);
	plan_add(&drop->statements, NULL, "DROP INDEX %s%s%s", promotion->portable ? "" : "CONCURRENTLY ",
			 promotion->placement.layout != LAYOUT_LOCAL ? "IF EXISTS " : "",
			 index != NULL ? qualified_name(index->oid) : qualified_beside(promotion->table, name));
}

/*
 * Builds step 7; nothing if the index is usable.  index: an earlier run's, or
 * null.
 *
 *	DROP INDEX CONCURRENTLY public.memberships_pkey
 *	CREATE UNIQUE INDEX CONCURRENTLY memberships_pkey ON public.user_orgs (id)
 */
static void
build_id_index(List **steps, const Promotion *promotion, const IndexFacts *index, const char *name)
{
	char	   *locks = lock_on(ShareUpdateExclusiveLock, promotion->table->oid);

	if (index != NULL && index->usable)
		return;
	build_index_removal(steps, promotion, "drop-index", index, name);
	plan_add(&add_step(steps, "build-index", STEP_ALONE, locks)->statements, NULL,
			 "CREATE UNIQUE INDEX CONCURRENTLY %s%s ON %s (%s)",
			 promotion->plain ? "IF NOT EXISTS " : "", quote_identifier(name),
			 qualified_name(promotion->table->oid), column_list(promotion->primary_key));
}

/*
 * Builds the steps for the index of the pair beside its key; nothing
 * if it is usable, or the pair needs none.  Where the key changes in place, the
 * index that a plan in plain SQL has left is dropped.
 */
static void
build_pair_steps(List **steps, const Promotion *promotion)
{
	if (!promotion->plain)
		build_index_removal(steps, promotion, "drop-pair", promotion->pair_index, NULL);
	if (promotion->pair_index_name == NULL ||
		(promotion->pair_index != NULL && promotion->pair_index->usable))
		return;
	build_index_removal(steps, promotion, "drop-pair", promotion->pair_index, promotion->pair_index_name);
	build_pair_index(&add_step(steps, "build-pair", STEP_ALONE,
							   lock_on(ShareUpdateExclusiveLock, promotion->table->oid))->statements,
					 promotion);
}

/*
 * Builds the identity of an integer id, which goes on from the sequence:
 *
 *	ALTER SEQUENCE public.user_orgs_id_filling OWNED BY NONE
 *	ALTER TABLE public.memberships ALTER COLUMN id DROP DEFAULT,
 *		ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY
 *	SELECT pg_catalog.setval(...) FROM public.user_orgs_id_filling
 *	DROP SEQUENCE public.user_orgs_id_filling
 *
 * In plain SQL it is part of a PL/pgSQL block, so PERFORM stands for SELECT.
 */
static void
build_identity(StatementPlan *plan, const Promotion *promotion, const char *table,
			   const char *sequence)
{
	const char *id = quote_identifier(promotion->id_column);

	plan_add(plan, NULL, "ALTER SEQUENCE %s OWNED BY NONE", sequence);
	plan_add(plan, NULL, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s ADD GENERATED ALWAYS AS IDENTITY",
			 table, id, id);
	plan_add(plan, NULL, "%s pg_catalog.setval(pg_catalog.pg_get_serial_sequence(%s, %s), last_value, is_called) FROM %s",
			 promotion->portable ? "PERFORM" : "SELECT",
			 quote_literal_cstr(table), quote_literal_cstr(promotion->id_column), sequence);
	plan_add(plan, NULL, "DROP SEQUENCE %s", sequence);
}

/*
 * Builds the new name of a constraint that came with an added column; label:
 * "fkey" or "not_null".
 *
 *	ALTER TABLE public.memberships RENAME CONSTRAINT user_orgs_role_id_fkey
 *		TO memberships_role_id_fkey
 */
static void
build_added_name(StatementPlan *plan, const Promotion *promotion, const char *column, const char *label)
{
	const char *table = qualified_beside(promotion->table, promotion->name);

	plan_add(plan, NULL, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s", table,
			 quote_identifier(makeObjectName(promotion->table->name, column, label)),
			 quote_identifier(makeObjectName(promotion->name, column, label)));
}

/*
 * Builds the new names of the constraints that step 1 adds.  PostgreSQL names
 * them after the table's old name; a plan that is made before step 1 has to
 * predict these names.
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
 * Returns the OIDs of the table's indexes and owned sequences, which step 8
 * names.
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
 * Sets the table, and the mode in which it is locked while each step runs.
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
 * Builds the first half of the swap: the new names, and in plain SQL the pair's key
 * by an index of its own, which is built before.
 */
static void
swap_pair_key(StatementPlan *plan, Promotion *promotion, NameSpace *names)
{
	const TableFacts *table = promotion->table;
	const IndexFacts *key = promotion->junction->pair_key;
	bool		adds_index = promotion->plain && promotion->demotes;
	char	   *unique;

	if (adds_index)
		promotion->pair_index = find_built_index(promotion, column_names(table, key->columns, key->nkeys),
												 key->ncolumns);
	else
		promotion->pair_index = find_left_index(promotion);
	if (promotion->pair_index != NULL)
		names->freed = lappend(names->freed, index_name(promotion->pair_index));
	unique = build_promoted_names(plan, promotion, names);
	if (!adds_index)
		return;
	promotion->pair_index_name = promotion->pair_index != NULL && promotion->pair_index->usable ?
		index_name(promotion->pair_index) :
		free_index_name(promotion, promotion->pair_index, unique, NULL, "pair_filled");
	build_portable_swap(plan, promotion, unique);
}

/*
 * Builds the last step: the keys and the names change.  Sets the names under which
 * the indexes are built.  index: that of the id, if an earlier run has built it, or
 * null.  sequence: of a bigint's ids, or null.
 */
static void
build_swap(StatementPlan *plan, Promotion *promotion, const IndexFacts *index, char *sequence)
{
	const TableFacts *table = promotion->table;
	const char *new_table = qualified_beside(table, promotion->name);
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names(),
		.naming = naming_for_table(table)
	};
	char	   *name;

	take_name(&names, promotion->name);
	swap_pair_key(plan, promotion, &names);
	if (promotion->begun == NULL && promotion->renamed && promotion->placement.layout == LAYOUT_LOCAL)
		build_added_names(plan, promotion);
	if (index != NULL)
		names.freed = lappend(names.freed, index_name(index));
	name = primary_key_name(promotion, &names);
	promotion->id_index_name = index && index->usable ? index_name(index) :
		free_index_name(promotion, index, name, promotion->id_column, "filled");
	if (strcmp(promotion->id_index_name, name) != 0)
		plan_add(plan, NULL, "ALTER INDEX %s RENAME TO %s",
				 qualified_beside(table, promotion->id_index_name), quote_identifier(name));
	plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s", new_table,
			 quote_identifier(name), quote_identifier(name));
	plan_add(plan, NULL, "COMMENT ON COLUMN %s.%s IS NULL", new_table,
			 quote_identifier(promotion->id_column));
	if (promotion->id_type != UUIDOID)
		build_identity(plan, promotion, new_table, sequence);
	if (promotion->keep_old_name)
		build_old_name(plan, promotion);
}

/*
 * Lets each step of a table that Citus keeps that has several statements change the
 * shards one after the other, as one_by_one_statement() does; the step is always a
 * transaction.
 *
 *	SET LOCAL citus.multi_shard_modify_mode TO sequential
 */
static void
lead_one_by_one(List *steps)
{
	foreach_ptr(OnlineStep, step, steps)
	{
		StatementPlan lead = {NIL};

		if (list_length(step->statements.statements) < 2)
			continue;
		plan_add(&lead, NULL, "SET LOCAL citus.multi_shard_modify_mode TO sequential");
		step->statements.statements = list_concat(lead.statements, step->statements.statements);
	}
}

/*
 * Returns all steps that remain (OnlineStep).  Sets promotion->id_index and
 * id_check.  Step 7 is built first, as it decides the names that the
 * other steps use.  55000 if filling_sequence() refuses.
 */
List *
build_promotion_steps(Promotion *promotion)
{
	const TableFacts *table = promotion->table;
	IndexFacts *index = find_built_index(promotion, promotion->primary_key,
										 list_length(promotion->primary_key));
	List	   *steps = NIL;
	List	   *last = NIL;
	OnlineStep *swap = add_step(&last, "swap", STEP_BRIEF, lock_on(AccessExclusiveLock, table->oid));
	char	   *sequence = promotion->id_type == UUIDOID ? NULL : filling_sequence(promotion);

	promotion->id_check = find_check(promotion);
	promotion->check_name = promotion->id_check != NULL ? promotion->id_check->name :
		ChooseConstraintName(table->name, promotion->id_column, "filled", table->namespace, NIL);
	promotion->id_index = index ? index->oid : InvalidOid;
	build_swap(&swap->statements, promotion, index, sequence);
	swap->named = relations_of(table);

	if (promotion->begun == NULL)
		build_begin(&steps, promotion, sequence);
	if (promotion->begun == NULL || !promotion->begun->notnull)
		build_not_null(&steps, promotion);
	else if (promotion->id_check != NULL)
		build_check_removal(&steps, promotion);
	build_id_index(&steps, promotion, index, promotion->id_index_name);
	build_pair_steps(&steps, promotion);
	steps = list_concat(steps, last);
	set_modes(steps, table->oid);
	if (promotion->placement.layout != LAYOUT_LOCAL)
		lead_one_by_one(steps);
	return steps;
}
