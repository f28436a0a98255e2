/*
 * create.c
 *		junction.create: creates a pure junction with its keys and indexes in
 *		one call.
 *
 *	1. Check the parents: tables that may be referenced, each with a key
 *	   (check/parent.c).
 *	2. Decide on the columns, the schema, the persistence and the name, and refuse
 *	   what PostgreSQL would refuse.
 *	3. Build the CREATE TABLE and the indexes (build_junction.c).
 *	4. Run the statements, or only return them (statement/plan.c).
 *
 * The parents are locked in ACCESS SHARE mode until the transaction ends, so
 * that their keys stay as they were checked; the statements take their own
 * locks.  With if_not_exists, an existing relation of the name is left as it
 * is and is not looked at.
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

/* The arguments from which NewJunction is still to be filled */
typedef struct CreateArguments
{
	Oid			left_table;
	Oid			right_table;
	text	   *name;			/* or null */
	ArrayType  *left_columns;	/* or null */
	ArrayType  *right_columns;	/* or null */
} CreateArguments;

/*
 * Returns the ON DELETE clause for an argument's value, with a leading space;
 * empty for "no action", which is the default of SQL.  22023 for another
 * value.
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
			 errdetail("The columns of a junction are NOT NULL and form its key, so ON DELETE SET NULL and SET DEFAULT do not fit.") : 0,
			 errhint("Use \"cascade\", \"restrict\" or \"no action\".")));
}

/*
 * Decides the names of one endpoint's own columns: those that the caller gave
 * (asked; shared columns among them are skipped), or by convention if asked
 * is null.
 *
 * 22023 if their number does not match the parent's key, 42622 and 42701 for
 * a name that a column cannot have.
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
				 errdetail("They reference the key (%s) of table \"%s\".",
						   column_list(names_of(side->parent.own)), display_name(side->parent.table->oid))));
}

/*
 * Refuse a column name that appears twice: 42701; and a shared column whose
 * two parent columns differ in type: 22023.
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
					 errmsg("column \"%s\" would appear twice", name),
					 errhint("Name the columns with left_columns and right_columns; name a column that both foreign keys use in shared_columns.")));
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

/*
 * Refuse a relation of a table to itself without column names for both
 * endpoints (named is false), and an undirected relation of two tables:
 * 22023.
 */
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
 * Returns the persistence (pg_class.relpersistence) of the junction.  A
 * permanent table can reference only permanent tables, an unlogged one also
 * unlogged tables, a temporary one only temporary tables.  0A000 if exactly
 * one parent is temporary.
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
				 errmsg("cannot link a temporary table and a table that is not temporary"),
				 errdetail("\"%s\" is temporary, and a foreign key cannot connect it and the other table.",
						   display_name(temporary->parent.table->oid)),
				 errhint("Make both tables temporary, or neither.")));
	}
	if (left == RELPERSISTENCE_UNLOGGED || right == RELPERSISTENCE_UNLOGGED)
		return RELPERSISTENCE_UNLOGGED;
	return RELPERSISTENCE_PERMANENT;
}

/*
 * Decides the schema of the junction: the one that the caller named (schema),
 * or, if null, that of both parents.  22023 if the parents' schemas differ,
 * or if a temporary junction is to be in another schema; 3F000 if there is no
 * such schema.
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
 * Refuse a schema in which the caller may not create: 42501; and a temporary,
 * catalog or TOAST schema for a junction that is not temporary: 22023.
 */
static void
check_may_create(const NewJunction *junction)
{
	if (junction->persistence == RELPERSISTENCE_TEMP)
		return;					/* the session has created the parents there */
	if (isAnyTempNamespace(junction->namespace) || IsCatalogNamespace(junction->namespace) ||
		IsToastNamespace(junction->namespace))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot create a junction in schema \"%s\"", junction->schema)));
	check_may_create_in(junction->namespace);
}

/*
 * Returns true if the name is free.  If it is taken: returns false with a
 * NOTICE if if_not_exists, else 42P07 or 42710.
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
 * Checks both parents, and decides on everything that NewJunction holds.
 * Leaves the parents open and locked in ACCESS SHARE mode.
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
 * Reads the arguments of the call: those that need decisions into arguments,
 * the others into junction.
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
 *	returns setof junction.statement
 *
 * 42P01 for a table that is gone; 42809 for a relation that is not a table,
 * or is a partition or a system catalog; 42704 for a parent without a key;
 * 55000 for a primary key that cannot be referenced; 22023 for arguments that
 * do not fit; 3F000 for a schema that does not exist; 42701, 42P07, 42710 for
 * names that are taken; 42622 for names that are too long; 42501 without
 * REFERENCES on the parents or CREATE on the schema; 0A000 if one parent is
 * temporary and the other is not.
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
	/* if the junction may be there already, nothing is locked before that is known */
	if (!PG_GETARG_BOOL(11) && !junction.if_not_exists)
		lock_new_parents(InvalidOid, list_make2_oid(arguments.left_table, arguments.right_table));
	prepare(&junction, &arguments);
	if (check_name(&junction))
		build_junction(&plan, &junction);

	/* the transaction keeps the locks */
	relation_close(junction.left.parent.rel, NoLock);
	relation_close(junction.right.parent.rel, NoLock);
	return plan_finish(&plan, PG_GETARG_BOOL(11), fcinfo);
}
