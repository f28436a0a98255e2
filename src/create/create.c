/*
 * create.c
 *		junction.create: creates a pure junction with its keys and indexes in
 *		one call.
 *
 *	1. Check the parents: tables that may be referenced, each with a key
 *	   (check/parent.c).
 *	2. Decide on the columns, the schema, the persistence and the name, and refuse
 *	   what PostgreSQL would refuse (new_junction.c).
 *	3. Build the CREATE TABLE and the indexes (build_junction.c).
 *	4. Run the statements, or only return them (statement/plan.c).
 *
 * The parents are locked until the transaction ends, so that their keys stay as
 * they were checked: together, as the foreign keys will lock them
 * (check/lock_order.c), or in ACCESS SHARE mode for a dry run.  With if_not_exists,
 * an existing relation of the name is left as it is and is not looked at; only if
 * there is none are the parents locked so.
 */
#include "postgres.h"

#include "access/relation.h"

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
 * Checks both parents, and decides on everything that NewJunction holds.
 * Leaves the parents open and locked in ACCESS SHARE mode.
 */
static void
prepare(NewJunction *junction, const CreateArguments *arguments)
{
	open_parent(&junction->left.parent, arguments->left_table, junction->shared);
	open_parent(&junction->right.parent, arguments->right_table, junction->shared);
	check_relation_to_self(junction, arguments->left_columns && arguments->right_columns);
	name_columns(&junction->left, arguments->left_columns, junction->shared);
	name_columns(&junction->right, arguments->right_columns, junction->shared);
	decide_junction(junction, arguments->name);
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

/*
 * Prepares the junction of the call.  Returns false if there is a relation of its
 * name, and that was allowed.  lock: lock the parents as the statements will.
 */
static bool
prepare_missing(FunctionCallInfo fcinfo, NewJunction *junction, bool lock)
{
	CreateArguments arguments;

	*junction = (NewJunction) {.left = {.argument = "left_columns"},.right = {.argument = "right_columns"}};
	read_arguments(fcinfo, &arguments, junction);
	if (lock)
		lock_new_parents(list_make2_oid(arguments.left_table, arguments.right_table));
	prepare(junction, &arguments);
	return check_junction_name(junction);
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
 * temporary and the other is not, or if Citus distributes them so that nothing
 * can link them.
 */
Datum
junction_create(PG_FUNCTION_ARGS)
{
	NewJunction junction;
	StatementPlan plan = {NIL};
	static const char *const required[] = {
		[0] = "left_table",[1] = "right_table",
		[6] = "left_on_delete",[7] = "right_on_delete",[8] = "reverse_index",
		[9] = "undirected",[10] = "if_not_exists",[11] = "dry_run"
	};
	bool		dry_run;
	bool		missing;

	check_arguments(fcinfo, required, lengthof(required));
	dry_run = PG_GETARG_BOOL(11);
	/* if the junction may be there already, nothing is locked before that is known */
	missing = prepare_missing(fcinfo, &junction, !dry_run && !PG_GETARG_BOOL(10));
	if (missing && !dry_run && junction.if_not_exists)
	{
		relation_close(junction.left.parent.rel, AccessShareLock);
		relation_close(junction.right.parent.rel, AccessShareLock);
		missing = prepare_missing(fcinfo, &junction, true);
	}
	if (missing)
	{
		tell_naming_for_parents(junction.left.parent.table, junction.right.parent.table);
		build_junction(&plan, &junction);
	}

	/* the transaction keeps the locks */
	relation_close(junction.left.parent.rel, NoLock);
	relation_close(junction.right.parent.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
