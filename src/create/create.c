/*
 * create.c
 *		junction.create: a pure junction, right in one call.
 *
 *	1. Check the parents: tables that may be referenced, each with a key
 *	   (check/parent.c).
 *	2. Decide: the columns, the schema, the persistence, the names.
 *	3. Build one CREATE TABLE that holds everything a table can hold, then the
 *	   indexes: the reverse one, and for an undirected relation the mirror.
 *	4. Run them, or only return them (statement/plan.c).
 *
 * The parents are locked in ACCESS SHARE mode while we look, so that what was
 * checked still is so when the statements run; those take their own locks.
 * This verb does not look at tables that exist already: with if_not_exists, a
 * table of that name is left as it is, whatever it is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "create/create.h"
#include "model/model.h"
#include "statement/statement.h"

/* What is asked for, and is not decided on yet */
typedef struct CreateArguments
{
	Oid			left_table;
	Oid			right_table;
	text	   *name;			/* or null */
	ArrayType  *left_columns;	/* or null */
	ArrayType  *right_columns;	/* or null */
} CreateArguments;

/*
 * What a foreign key does when its parent goes, as SQL.
 */
static const char *
parse_on_delete(const char *argument, text *value)
{
	char	   *action = text_to_cstring(value);

	if (pg_strcasecmp(action, "cascade") == 0)
		return " ON DELETE CASCADE";
	if (pg_strcasecmp(action, "restrict") == 0)
		return " ON DELETE RESTRICT";
	if (pg_strcasecmp(action, "no action") == 0)
		return "";
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"%s\": \"%s\"", argument, action),
			 pg_strncasecmp(action, "set ", 4) == 0 ?
			 errdetail("The columns of a junction are NOT NULL and its key: they cannot be set to anything else.") : 0,
			 errhint("Use \"cascade\", \"restrict\" or \"no action\".")));
}

/*
 * Name a side's own columns, as asked or by convention.
 */
static void
name_columns(NewEndpoint *side, ArrayType *asked, List *shared)
{
	if (asked == NULL)
	{
		bool		single = list_length(side->parent.own) == 1;

		foreach_ptr(ColumnFacts, column, side->parent.own)
			side->columns = lappend(side->columns,
									endpoint_column_name(side->parent.table->name,
														 column->name, single));
		return;
	}

	foreach_ptr(char, name, text_array_to_list(asked, side->argument))
	{
		check_column_name(name);
		if (!list_has_name(shared, name))
			side->columns = lappend(side->columns, name);
	}
	if (list_length(side->columns) != list_length(side->parent.own))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("\"%s\" must name %d column", "\"%s\" must name %d columns",
							   list_length(side->parent.own), side->argument,
							   list_length(side->parent.own)),
				 errdetail("They are to hold the key (%s) of table \"%s\".",
						   column_list(names_of(side->parent.own)), display_name(side->parent.table->oid))));
}

/*
 * No column may come twice, and what both sides share must be the same.
 */
static void
check_column_names(const NewJunction *junction)
{
	List	   *all = list_concat_copy(list_concat_copy(junction->shared, junction->left.columns),
									   junction->right.columns);
	List	   *seen = NIL;

	foreach_ptr(char, name, all)
	{
		if (list_has_name(seen, name))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" would be there twice", name),
					 errhint("Name the columns with left_columns and right_columns, or with shared_columns if both foreign keys are to use it.")));
		seen = lappend(seen, name);
	}

	foreach_ptr(ColumnFacts, left, junction->left.parent.shared)
	{
		ColumnFacts *right = list_nth(junction->right.parent.shared, foreach_current_index(left));

		if (left->type != right->type)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("shared column \"%s\" has different types", left->name),
					 errdetail("It is %s in \"%s\" and %s in \"%s\".",
							   column_type(left), display_name(junction->left.parent.table->oid),
							   column_type(right), display_name(junction->right.parent.table->oid))));
	}
}

static void
check_relation_to_self(const NewJunction *junction, bool named)
{
	bool		self = junction->left.parent.table->oid == junction->right.parent.table->oid;

	if (self && !named)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a relation of \"%s\" to itself needs names for both its ends",
						display_name(junction->left.parent.table->oid)),
				 errhint("Give left_columns and right_columns, as in left_columns => '{follower_id}', right_columns => '{followee_id}'.")));
	if (junction->undirected && !self)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("only a relation of a table to itself can be undirected"),
				 errdetail("The two ends are \"%s\" and \"%s\".",
						   display_name(junction->left.parent.table->oid),
						   display_name(junction->right.parent.table->oid))));
}

/*
 * A permanent table can refer to permanent ones, an unlogged one to those and
 * to unlogged ones, a temporary one to temporary ones only.
 */
static char
decide_persistence(const NewJunction *junction)
{
	char		left = junction->left.parent.table->persistence;
	char		right = junction->right.parent.table->persistence;

	if (left == RELPERSISTENCE_TEMP && right == RELPERSISTENCE_TEMP)
		return RELPERSISTENCE_TEMP;
	if (left == RELPERSISTENCE_TEMP || right == RELPERSISTENCE_TEMP)
	{
		const NewEndpoint *temporary = left == RELPERSISTENCE_TEMP ? &junction->left : &junction->right;

		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot link a temporary table to one that is not"),
				 errdetail("\"%s\" is temporary, and foreign keys cannot cross there.",
						   display_name(temporary->parent.table->oid)),
				 errhint("Make both tables temporary, or neither.")));
	}
	if (left == RELPERSISTENCE_UNLOGGED || right == RELPERSISTENCE_UNLOGGED)
		return RELPERSISTENCE_UNLOGGED;
	return RELPERSISTENCE_PERMANENT;
}

/*
 * The schema of the junction: the one named, or else that of both parents.
 */
static void
decide_schema(NewJunction *junction, const char *schema)
{
	Oid			left = junction->left.parent.table->namespace;
	Oid			right = junction->right.parent.table->namespace;

	if (junction->persistence == RELPERSISTENCE_TEMP)
	{
		if (schema != NULL && LookupExplicitNamespace(schema, true) != left)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a temporary junction cannot be in schema \"%s\"", schema),
					 errhint("Leave the schema out of the name.")));
		junction->namespace = left;
		junction->schema = pstrdup("pg_temp");
		return;
	}
	if (schema == NULL && left != right)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no schema to create the junction in"),
				 errdetail("\"%s\" and \"%s\" are in different schemas, and the name has none.",
						   display_name(junction->left.parent.table->oid),
						   display_name(junction->right.parent.table->oid)),
				 errhint("Give a name with a schema: name => %s.",
						 quote_literal_cstr(quote_qualified_identifier(get_namespace_name(left),
																	   junction->name)))));
	junction->namespace = schema ? LookupExplicitNamespace(schema, false) : left;
	junction->schema = get_namespace_name(junction->namespace);
}

/*
 * May a table be made there?
 */
static void
check_may_create(const NewJunction *junction)
{
	if (junction->persistence == RELPERSISTENCE_TEMP)
		return;					/* the parents are there, so may we be */
	if (isAnyTempNamespace(junction->namespace) || IsCatalogNamespace(junction->namespace) ||
		IsToastNamespace(junction->namespace))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot create a junction in schema \"%s\"", junction->schema)));
	check_may_create_in(junction->namespace);
}

/*
 * Is the name free?  With if_not_exists, false if it is not.
 */
static bool
check_name(const NewJunction *junction)
{
	if (junction->if_not_exists &&
		OidIsValid(get_relname_relid(junction->name, junction->namespace)))
	{
		ereport(NOTICE,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists, skipping", junction->name)));
		return false;
	}
	check_table_name_free(junction->namespace, junction->name);
	return true;
}

/*
 * Check both parents and decide on everything that is to be made of them.
 */
static void
prepare(NewJunction *junction, const CreateArguments *arguments)
{
	char	   *schema = NULL;

	open_parent(&junction->left.parent, arguments->left_table, junction->shared);
	open_parent(&junction->right.parent, arguments->right_table, junction->shared);
	check_relation_to_self(junction, arguments->left_columns && arguments->right_columns);
	name_columns(&junction->left, arguments->left_columns, junction->shared);
	name_columns(&junction->right, arguments->right_columns, junction->shared);
	check_column_names(junction);

	junction->name = arguments->name ? parse_table_name(arguments->name, &schema) :
		junction_table_name(junction->left.parent.table->name, junction->right.parent.table->name);
	junction->persistence = decide_persistence(junction);
	decide_schema(junction, schema);
	junction->qualified = quote_qualified_identifier(junction->schema, junction->name);
	check_may_create(junction);
}

/*
 * Take what the call gives: into the arguments, what is still to be decided on;
 * into the junction, what stands as it is.
 */
static void
read_arguments(FunctionCallInfo fcinfo, CreateArguments *arguments, NewJunction *junction)
{
	arguments->left_table = PG_GETARG_OID(0);
	arguments->right_table = PG_GETARG_OID(1);
	arguments->name = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	arguments->left_columns = PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3);
	arguments->right_columns = PG_ARGISNULL(4) ? NULL : PG_GETARG_ARRAYTYPE_P(4);
	if (!PG_ARGISNULL(5))
		junction->shared = text_array_to_list(PG_GETARG_ARRAYTYPE_P(5), "shared_columns");
	junction->left.on_delete = parse_on_delete("left_on_delete", PG_GETARG_TEXT_PP(6));
	junction->right.on_delete = parse_on_delete("right_on_delete", PG_GETARG_TEXT_PP(7));
	junction->reverse_index = PG_GETARG_BOOL(8);
	junction->undirected = PG_GETARG_BOOL(9);
	junction->if_not_exists = PG_GETARG_BOOL(10);
}

PG_FUNCTION_INFO_V1(junction_create);

/*
 * junction.create(left_table regclass, right_table regclass, name text,
 *				   left_columns text[], right_columns text[], shared_columns text[],
 *				   left_on_delete text, right_on_delete text, reverse_index bool,
 *				   undirected bool, if_not_exists bool, dry_run bool)
 *		returns setof junction.statement
 *
 * 42809 for what is no table; 42704 for a parent without a key; 22023 for
 * arguments that don't fit; 42701, 42P07, 42710 for names that are taken;
 * 42622 for those too long; 42501 without REFERENCES on the parents or CREATE
 * on the schema; 0A000 where one parent is temporary and the other is not.
 */
Datum
junction_create(PG_FUNCTION_ARGS)
{
	CreateArguments arguments;
	NewJunction junction = {.left = {.argument = "left_columns"}, .right = {.argument = "right_columns"}};
	StatementPlan plan = {NIL};
	static const char *const required[] = {
		[0] = "left_table",[1] = "right_table",
		[6] = "left_on_delete",[7] = "right_on_delete",[8] = "reverse_index",
		[9] = "undirected",[10] = "if_not_exists",[11] = "dry_run"
	};

	check_arguments(fcinfo, required, lengthof(required));
	read_arguments(fcinfo, &arguments, &junction);
	prepare(&junction, &arguments);
	if (check_name(&junction))
		build_junction(&plan, &junction);

	/* the locks stay until the transaction ends */
	relation_close(junction.left.parent.rel, NoLock);
	relation_close(junction.right.parent.rel, NoLock);
	return plan_finish(&plan, PG_GETARG_BOOL(11), fcinfo);
}
