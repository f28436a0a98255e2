/*
 * mirror.c
 *		Builds the mirror of junction.absorb: triggers that carry every write
 *		of the old columns to the junction, so that old code goes on.
 *
 * A mirror is three functions in the schema of the junction (mirror_functions.c),
 * four if the links have positions, and two triggers on the source, for INSERT and UPDATE; a DELETE is the foreign
 * key's.  They need no extension.  junction.retire (retire.c) knows them by their
 * names and by their comments, and drops them with the columns.
 *
 * The trigger function is SECURITY DEFINER: whoever may write the source need
 * not have rights on the junction, as with a foreign key that cascades.  So
 * nobody else may make a trigger of it, with rows of his own: EXECUTE is revoked.
 * And what it reads must not be another role's to whom its owner's rights would be
 * of use, as it runs that role's code: index expressions, triggers of the parent.
 *
 * It does not see a write to a partition by its own name, nor to an inheritance
 * child: such sources are refused.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/* What the comment of each function of a mirror begins with */
#define MIRROR_MARK "@junction mirror"

/* The longest ending of a name of a mirror */
static const char longest_ending[] = "_remove";

/*
 * Refuse a mirror by which the code of a table's owner would run with the rights of
 * the caller, whenever the source is written: 42501.  That of a parent is also called
 * by each query on it, and runs with any rights but a superuser's.
 */
static void
check_mirror_owner(Oid relid, bool is_source)
{
	Oid			owner = table_owner(relid);

	if (owner == GetUserId() || (!is_source && !superuser_arg(GetUserId())))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("\"%s\" is owned by another role than the mirror would be", display_name(relid)),
			 errdetail("The triggers run with the rights of who makes them, and call what the owner of the table has put into it."),
			 is_source ? errhint("Act as its owner: SET ROLE %s.", quote_identifier(GetUserNameFromId(owner, false))) :
			 errhint("Let a role that is no superuser own the source and make the mirror.")));
}

/*
 * Refuse a source whose writes the triggers would not see (0A000), a key that
 * cannot be put into an array (0A000), and a mirror of columns that are dropped
 * (22023).
 */
void
check_mirror(const Absorption *absorption)
{
	const char *name = display_name(absorption->source);

	if (!absorption->keep_source)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("columns that are dropped cannot be mirrored"),
				 errhint("Leave out \"keep_source\" or \"mirror\".")));
	if (absorption->table->kind == RELKIND_PARTITIONED_TABLE || has_superclass(absorption->source))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the columns of \"%s\" cannot be mirrored", name),
				 errdetail("A trigger for each statement does not see rows that are written by the name of a partition or of an inheritance parent."),
				 errhint("Leave out \"mirror\", and change what writes the columns first.")));
	foreach_ptr(ColumnFacts, column, list_concat_copy(absorption->junction.left.parent.own,
													  absorption->junction.right.parent.own))
	{
		Oid			type = getBaseType(column->type);

		/* unnest() takes rows apart */
		if (OidIsValid(get_element_type(type)) || !OidIsValid(get_array_type(type)) || type_is_rowtype(type))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("the columns of \"%s\" cannot be mirrored", name),
					 errdetail("Key column \"%s\" is of type %s, %s.", column->name,
							   type_text(column->type, column->typmod),
							   type_is_rowtype(type) ? "a row" : "of which there are no arrays")));
	}
	check_mirror_owner(absorption->source, true);
	check_mirror_owner(absorption->parent, false);
}

/*
 * Returns the name of one object of a mirror: name and ending.
 */
static char *
mirror_name(const char *base, const char *ending)
{
	return psprintf("%s%s", base, ending);
}

/*
 * Is a name of this beginning taken: by a function of the schema, or a trigger
 * of the source?
 */
static bool
is_mirror_name_taken(const Absorption *absorption, const char *base)
{
	const char *const functions[] = {"", "_add", "_remove", "_move"};
	const char *const triggers[] = {"_insert", "_update"};
	bool		taken = false;

	for (int i = 0; i < lengthof(functions); i++)
	{
		char	   *name = mirror_name(base, functions[i]);
		CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));

		for (int j = 0; j < list->n_members; j++)
			taken |= ((Form_pg_proc) GETSTRUCT(&list->members[j]->tuple))->pronamespace ==
				absorption->junction.namespace;
		ReleaseSysCacheList(list);
	}
	for (int i = 0; i < lengthof(triggers); i++)
		taken |= OidIsValid(get_trigger_oid(absorption->source, mirror_name(base, triggers[i]), true));
	return taken;
}

/*
 * Returns what the names of the mirror begin with, not quoted: the junction's
 * name and "_mirror", with a number if it is taken.  It leaves room for every
 * ending.
 */
static char *
choose_mirror_name(const Absorption *absorption)
{
	char	   *label = psprintf("mirror%s", longest_ending);

	for (int number = 1;; number++)
	{
		char	   *name = makeObjectName(absorption->junction.name, NULL, label);

		name[strlen(name) - strlen(longest_ending)] = '\0';
		if (!is_mirror_name_taken(absorption, name))
			return name;
		label = psprintf("mirror%d%s", number, longest_ending);
	}
}

/*
 * Builds the trigger function, which only its owner may use.
 */
static void
build_trigger_function(StatementPlan *plan, const Absorption *absorption, const char *name,
					   const char *add, const char *remove, const char *move)
{
	plan_add(plan, NULL,
			 "CREATE FUNCTION %s()\nRETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER\n"
			 "SET search_path = pg_catalog, pg_temp\nAS %s",
			 name, dollar_quote(trigger_body(absorption, add, remove, move), "mirror"));
	plan_add(plan, NULL, "REVOKE ALL ON FUNCTION %s() FROM PUBLIC", name);
}

/*
 * Builds one of the two triggers:
 *
 *	CREATE TRIGGER invoice_tags_mirror_insert AFTER INSERT ON public.invoices
 *	REFERENCING NEW TABLE AS new_rows
 *	FOR EACH STATEMENT EXECUTE FUNCTION public.invoice_tags_mirror()
 */
static void
build_trigger(StatementPlan *plan, const Absorption *absorption, const char *base, bool update,
			  const char *function)
{
	plan_add(plan, lock_on(ShareRowExclusiveLock, absorption->source),
			 "CREATE TRIGGER %s AFTER %s ON %s\nREFERENCING %sNEW TABLE AS new_rows\n"
			 "FOR EACH STATEMENT EXECUTE FUNCTION %s()",
			 quote_identifier(mirror_name(base, update ? "_update" : "_insert")),
			 update ? "UPDATE" : "INSERT", qualified_name(absorption->source),
			 update ? "OLD TABLE AS old_rows " : "", function);
}

/*
 * Builds all statements of the mirror.  The junction is there by then.
 */
void
build_mirror(StatementPlan *plan, const Absorption *absorption)
{
	const NewJunction *junction = &absorption->junction;
	char	   *base = choose_mirror_name(absorption);
	char	   *function = quote_qualified_identifier(junction->schema, base);
	char	   *add = quote_qualified_identifier(junction->schema, mirror_name(base, "_add"));
	char	   *remove = quote_qualified_identifier(junction->schema, mirror_name(base, "_remove"));
	char	   *move = quote_qualified_identifier(junction->schema, mirror_name(base, "_move"));
	List	   *functions = list_make3(function, add, remove);

	plan_add(plan, NULL, "%s", remove_function(absorption, remove));
	plan_add(plan, NULL, "%s", add_function(absorption, add));
	if (absorption->ordered)
	{
		plan_add(plan, NULL, "%s", move_function(absorption, move));
		functions = lappend(functions, move);
	}
	build_trigger_function(plan, absorption, function, add, remove, move);
	foreach_ptr(char, name, functions)
		plan_add(plan, NULL, "COMMENT ON FUNCTION %s IS '" MIRROR_MARK ": carries writes of old columns to the junction, until junction.retire'", name);
	build_trigger(plan, absorption, base, false, function);
	build_trigger(plan, absorption, base, true, function);
}

/*
 * Is this a function of a mirror, by its comment?
 */
static bool
is_mirror_function(Oid function)
{
	char	   *comment = GetComment(function, ProcedureRelationId, 0);

	return comment != NULL && strncmp(comment, MIRROR_MARK, strlen(MIRROR_MARK)) == 0;
}

/*
 * Adds to a list the functions (OIDs) of a mirror that have a name in a schema.
 */
static List *
add_functions_named(List *functions, Oid namespace, const char *name)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace == namespace && is_mirror_function(form->oid))
			functions = lappend_oid(functions, form->oid);
	}
	ReleaseSysCacheList(list);
	return functions;
}

/*
 * Returns the functions (OIDs) of the mirror whose trigger function this is, itself
 * first; NIL if it is none.
 */
List *
mirror_functions(Oid function)
{
	char	   *name = get_func_name(function);
	List	   *functions = list_make1_oid(function);

	if (name == NULL || !is_mirror_function(function))
		return NIL;
	functions = add_functions_named(functions, get_func_namespace(function), mirror_name(name, "_add"));
	functions = add_functions_named(functions, get_func_namespace(function), mirror_name(name, "_move"));
	return add_functions_named(functions, get_func_namespace(function), mirror_name(name, "_remove"));
}
