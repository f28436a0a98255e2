/*
 * distributed.c
 *		Promotes and demotes a table that Citus keeps: what it refuses there, and
 *		the plan in plain SQL, a change for each statement, which Citus takes to
 *		the shards.
 *
 * A key cannot be changed in place, as the shards are other tables, on other
 * servers.  So the pair's key is dropped and built again, as in portable_key.c.
 * Constraints keep their names, as Citus cannot rename them; those of an index
 * can be renamed with it.
 *
 * Citus evaluates the default of an added column where a row is stored.  Where
 * there are copies of a row (a reference table, a shard replicated by
 * statements), each would get an id of its own.  There the columns are added
 * empty, and filled from one set of ids, which a materialized CTE computes once.
 *
 * Checks, and builds text.
 */
#include "postgres.h"

#include "catalog/heap.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "optimizer/optimizer.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "promote/promote.h"
#include "statement/statement.h"

/*
 * Refuse arguments that Citus has nothing for: 0A000.
 */
void
check_placed_arguments(const Promotion *promotion)
{
	const char *name = display_name(promotion->relid);

	if (promotion->concurrently && promotion->placement.copies)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("distributed table \"%s\" cannot be promoted concurrently", name),
				 errdetail("There are copies of each row, and each would be given an id of its own by the batches."),
				 errhint("Use junction.promote.")));
	if (promotion->concurrently && promotion->portable)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a concurrent promotion of distributed table \"%s\" needs this extension", name),
				 errdetail("The rows of its shards are filled by a procedure of the extension."),
				 errhint("Leave portable out: the other statements are plain SQL in any case.")));
	if (promotion->keep_old_name)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("distributed table \"%s\" cannot keep its old name", name),
				 errdetail("Citus cannot insert into a view of a distributed table."),
				 errhint("Leave keep_old_name out.")));
	if (promotion->id_type == INT8OID || promotion->id_type == INT4OID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an id of type %s cannot be added to distributed table \"%s\"",
						format_type_be(promotion->id_type), name),
				 errdetail("Citus cannot add an identity column."),
				 errhint("Use id_type => 'uuid'.")));
}

/*
 * Returns true if an added column would not get the same value in each copy of a
 * row: its default, or that of its type, is not immutable.
 */
static bool
differs_in_copies(const ColumnDef *column)
{
	Oid			type;
	int32		typmod;
	Node	   *value;

	typenameTypeIdAndMod(NULL, column->typeName, &type, &typmod);
	value = get_typdefault(type);
	foreach_ptr(Constraint, constraint, column->constraints)
		if (constraint->contype == CONSTR_DEFAULT)
			value = cookDefault(make_parsestate(NULL), copyObject(constraint->raw_expr), type, typmod,
								column->colname, '\0');
	return value != NULL && contain_mutable_functions(value);
}

/*
 * Refuse a column that Citus cannot add together with others, or that would
 * differ between copies: 0A000.
 */
static void
check_placed_column(const Promotion *promotion, const ColumnDef *column)
{
	const char *name = display_name(promotion->relid);

	foreach_ptr(Constraint, constraint, column->constraints)
		if (constraint->contype == CONSTR_UNIQUE || constraint->contype == CONSTR_CHECK ||
			constraint->contype == CONSTR_FOREIGN)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" cannot be added to distributed table \"%s\" with its constraint",
							column->colname, name),
					 errdetail("Citus adds a column and its UNIQUE, CHECK or REFERENCES one after the other."),
					 errhint("Leave the constraint out, and add it with ALTER TABLE ... ADD CONSTRAINT afterwards.")));
		else if (constraint->contype == CONSTR_IDENTITY)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("identity column \"%s\" cannot be added to distributed table \"%s\"",
							column->colname, name)));
	if (is_serial(column->typeName))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("serial column \"%s\" cannot be added to distributed table \"%s\"",
						column->colname, name),
				 errhint("Add an integer, fill it, and set its default to nextval() of a sequence afterwards.")));
	if (promotion->placement.copies && differs_in_copies(column))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" cannot be added to \"%s\" with its default", column->colname, name),
				 errdetail("Each copy of a row computes the default for itself, and it is not immutable: the copies would differ."),
				 errhint("Add the column without the default, fill it, and set the default afterwards.")));
}

/*
 * Returns names as an array literal: "'{tenant_id,id}'".
 */
static char *
name_array_literal(List *names)
{
	return quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, names_to_array(names)));
}

/*
 * Refuse a primary key without the distribution column: 0A000.
 */
static void
check_distribution_column(const Promotion *promotion)
{
	const char *column;

	if (promotion->placement.layout != LAYOUT_DISTRIBUTED || promotion->placement.column == 0)
		return;
	column = find_column(promotion->table, promotion->placement.column)->name;
	if (!list_has_name(promotion->primary_key, column))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the primary key of distributed table \"%s\" must hold its distribution column",
						display_name(promotion->relid)),
				 errdetail("Column \"%s\" is missing in (%s).", column, column_list(promotion->primary_key)),
				 errhint("Name it too: primary_key => %s.",
						 name_array_literal(lcons(pstrdup(column), list_copy(promotion->primary_key))))));
}

/*
 * Refuse a key that would have to be built again while other objects depend on
 * it: 2BP01.
 */
static void
check_key_is_free(const TableFacts *table, const IndexFacts *key)
{
	char	   *dependents = describe_dependents(list_make1(make_address(RelationRelationId, key->oid, 0)), false);

	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("key \"%s\" of distributed table \"%s\" cannot be built again because other objects depend on it",
						index_name(key), display_name(table->oid)),
				 errdetail("They are: %s.", dependents),
				 errhint("Drop these objects, and create them again afterwards.")));
}

/*
 * Raises what a promotion refuses only of a table that Citus keeps: 0A000,
 * 2BP01.  Names, columns and keys are decided.
 */
void
check_placed_promotion(const Promotion *promotion)
{
	foreach_ptr(ColumnDef, column, promotion->parsed)
		check_placed_column(promotion, column);
	check_distribution_column(promotion);
	if (promotion->demotes)
		check_key_is_free(promotion->table, promotion->junction->pair_key);
}

/*
 * Refuse a demotion whose key cannot be built again: 2BP01.
 */
void
check_placed_demotion(const Demotion *demotion)
{
	if (demotion->begun == NULL && !demotion->keeps_key && demotion->is_constraint)
		check_key_is_free(demotion->table, demotion->junction->pair_key);
}

/*
 * Returns the OIDs of the constraints of a table: they keep their names.
 */
List *
constraints_of(const TableFacts *table)
{
	List	   *oids = NIL;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(table->oid))
		oids = lappend_oid(oids, constraint->oid);
	return oids;
}

/*
 * Raises a NOTICE with the constraints that are called after a table that is
 * renamed, and keep their names.  except: an index whose constraint goes, or is
 * renamed with it.
 */
void
tell_kept_names(const TableFacts *table, Oid except)
{
	const char *start = psprintf("%s_", table->name);
	List	   *names = NIL;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(table->oid))
		if ((constraint->type == CONSTRAINT_FOREIGN || constraint->type == CONSTRAINT_CHECK ||
			 constraint->type == CONSTRAINT_UNIQUE) && constraint->index != except &&
			strncmp(constraint->name, start, strlen(start)) == 0)
			names = lappend(names, constraint->name);
	if (names != NIL)
		ereport(NOTICE,
				(errmsg("constraints of \"%s\" keep their names", display_name(table->oid)),
				 errdetail("Citus cannot rename %s.", column_list(names))));
}

/*
 * Builds an ALTER TABLE of one change.  name: of the table by then.
 */
static void
build_change(StatementPlan *plan, const TableFacts *table, const char *name, const char *change)
{
	plan_add(plan, new_name_lock(table, name, AccessExclusiveLock), "ALTER TABLE %s\n    %s",
			 qualified_beside(table, name), change);
}

/*
 * Builds the pair's key anew as a key of another kind, with its comments and
 * marks.  kind: "UNIQUE" or "PRIMARY KEY"; name: of the constraint; new_name: of
 * the table.
 *
 *	ALTER TABLE public.subscriptions
 *	    DROP CONSTRAINT account_plans_pkey
 *	ALTER TABLE public.subscriptions
 *	    ADD CONSTRAINT subscriptions_tenant_id_account_id_plan_id_unique
 *		UNIQUE (tenant_id, account_id, plan_id)
 */
static void
build_key_anew(StatementPlan *plan, const TableFacts *table, const IndexFacts *key, const char *kind,
			   const char *new_name, const char *name)
{
	build_change(plan, table, new_name,
				 psprintf("DROP CONSTRAINT %s", quote_identifier(index_name(key))));
	build_change(plan, table, new_name,
				 psprintf("ADD CONSTRAINT %s %s %s", quote_identifier(name), kind, key_definition(table, key)));
	build_portable_rest(plan, table, key, new_name, name);
}

/*
 * Returns the columns that the promotion adds and fills (char *, not quoted): the
 * id, and the time stamps.
 */
static List *
filled_columns(const Promotion *promotion)
{
	return lcons(promotion->id_column, added_timestamps(promotion));
}

/* Returns what fills such a column. */
static const char *
filling_default(const Promotion *promotion, const char *name)
{
	return strcmp(name, promotion->id_column) == 0 ? uuid_default(promotion) : "pg_catalog.now()";
}

/*
 * Builds the added columns where there is one copy of each row.  The server that
 * stores a row computes its id.
 */
static void
build_single_columns(StatementPlan *plan, const Promotion *promotion)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_id(&buf, promotion);
	append_added_columns(&buf, promotion);
	plan_add(plan, added_column_locks(promotion, promotion->name), "ALTER TABLE %s%s",
			 qualified_beside(promotion->table, promotion->name), buf.data);
}

/*
 * Builds the UPDATE that fills the added columns of all copies alike.  The CTE is
 * computed once, and sent to the servers; now() is computed here.
 *
 *	WITH made AS MATERIALIZED (
 *	    SELECT user_id, tag_id, pg_catalog.gen_random_uuid() AS id FROM public.labels)
 *	UPDATE public.labels AS link SET id = made.id, created_at = pg_catalog.now()
 *	FROM made WHERE link.user_id OPERATOR(pg_catalog.=) made.user_id AND ...
 */
static void
build_filling(StatementPlan *plan, const Promotion *promotion)
{
	const char *table = qualified_beside(promotion->table, promotion->name);
	const char *id = quote_identifier(promotion->id_column);
	StringInfoData columns;
	StringInfoData pair;
	StringInfoData set;

	initStringInfo(&columns);
	initStringInfo(&pair);
	initStringInfo(&set);
	foreach_ptr(char, name, pair_columns(promotion->junction))
	{
		ColumnFacts *column = find_column_by_name(promotion->table, name);
		const char *quoted = quote_identifier(name);

		appendStringInfo(&columns, "%s, ", quoted);
		appendStringInfo(&pair, "%slink.%s %s made.%s", pair.len ? " AND " : "", quoted,
						 operator_text(lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr), quoted);
	}
	foreach_ptr(char, name, added_timestamps(promotion))
		appendStringInfo(&set, ", %s = pg_catalog.now()", quote_identifier(name));
	plan_add(plan, new_name_lock(promotion->table, promotion->name, RowExclusiveLock),
			 "WITH made AS MATERIALIZED (\n    SELECT %s%s AS %s FROM %s)\nUPDATE %s AS link SET %s = made.%s%s\nFROM made WHERE %s",
			 columns.data, uuid_default(promotion), id, table, table, id, id, set.data, pair.data);
}

/*
 * Builds the added columns where there are copies: empty, filled, and then with
 * their default and NOT NULL.
 */
static void
build_copied_columns(StatementPlan *plan, const Promotion *promotion)
{
	const char *table = qualified_beside(promotion->table, promotion->name);
	char	   *locks = added_column_locks(promotion, promotion->name);
	StringInfoData add;
	StringInfoData defaults;
	StringInfoData not_null;

	initStringInfo(&add);
	initStringInfo(&defaults);
	initStringInfo(&not_null);
	appendStringInfo(&add, "\n    ADD COLUMN %s %s", quote_identifier(promotion->id_column),
					 type_text(promotion->id_type, -1));
	append_definitions(&add, promotion);
	foreach_ptr(char, name, added_timestamps(promotion))
		appendStringInfo(&add, ",\n    ADD COLUMN %s timestamp with time zone", quote_identifier(name));
	plan_add(plan, locks, "ALTER TABLE %s%s", table, add.data);
	build_filling(plan, promotion);
	foreach_ptr(char, name, filled_columns(promotion))
	{
		appendStringInfo(&defaults, "%s\n    ALTER COLUMN %s SET DEFAULT %s", defaults.len ? "," : "",
						 quote_identifier(name), filling_default(promotion, name));
		appendStringInfo(&not_null, "%s\n    ALTER COLUMN %s SET NOT NULL", not_null.len ? "," : "",
						 quote_identifier(name));
	}
	plan_add(plan, locks, "ALTER TABLE %s%s", table, defaults.data);
	plan_add(plan, locks, "ALTER TABLE %s%s", table, not_null.data);
}

/*
 * Builds all statements of the promotion of a table that Citus keeps.
 */
void
build_placed_promotion(StatementPlan *plan, const Promotion *promotion, NameSpace *names)
{
	const TableFacts *table = promotion->table;
	char	   *unique;

	plan_add(plan, NULL, "%s", one_by_one_statement());
	unique = build_promoted_names(plan, promotion, names);
	if (promotion->demotes)
		build_key_anew(plan, table, promotion->junction->pair_key, "UNIQUE", promotion->name, unique);
	if (promotion->placement.copies)
		build_copied_columns(plan, promotion);
	else
		build_single_columns(plan, promotion);
	build_change(plan, table, promotion->name,
				 psprintf("ADD CONSTRAINT %s PRIMARY KEY (%s)",
						  quote_identifier(primary_key_name(promotion, names)),
						  column_list(promotion->primary_key)));
}

/*
 * Builds what makes the pair's key primary in a table that Citus keeps.  name:
 * of the constraint.
 */
void
build_placed_pair(StatementPlan *plan, const Demotion *demotion, const char *name)
{
	const IndexFacts *key = demotion->junction->pair_key;

	if (demotion->is_constraint)
		build_key_anew(plan, demotion->table, key, "PRIMARY KEY", demotion->name, name);
	else
		build_change(plan, demotion->table, demotion->name,
					 psprintf("ADD CONSTRAINT %s PRIMARY KEY USING INDEX %s", quote_identifier(name),
							  quote_identifier(index_name(key))));
}

/*
 * Returns the row of a step of a concurrent promotion.  Citus sends the whole query of
 * an ALTER TABLE to the shards, so it takes no query of several statements.
 *
 *	DO $junction$
 *	BEGIN
 *	ALTER TABLE ...;
 *	ALTER TABLE ...;
 *	END $junction$
 */
char *
placed_statement(const OnlineStep *step)
{
	if (list_length(step->statements.statements) == 1)
		return plan_text(&step->statements);
	return psprintf("DO %s", dollar_quote(psprintf("\nBEGIN\n%s;\nEND ", plan_text(&step->statements)), "junction"));
}
