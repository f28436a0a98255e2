/*
 * accessors.c
 *		junction.create_accessors and junction.drop_accessors: the functions in
 *		plain SQL that walk a junction and change its links.
 *
 *	1. Check the junction (accessors_check.c).
 *	2. Build the functions (accessor_list.c, accessor_change.c,
 *	   accessor_matching.c, accessor_reach.c), and refuse
 *	   names that are taken.
 *	3. Run the statements, or only return them (statement/plan.c).
 *
 * The functions are SECURITY INVOKER, in the schema of the junction, and need no
 * extension.  Their bodies are BEGIN ATOMIC: PostgreSQL stores the tables and the
 * columns, not the names of these.  So they go on after a rename and after a
 * promotion, stop a DROP TABLE, and go with DROP TABLE ... CASCADE.
 *
 * An accessor that is there already is made again, with the columns that the
 * parent has now.  One that returns rows of a parent, so that a new column of the
 * parent makes it stale, is made again under the name that it has.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "links/links.h"
#include "statement/statement.h"

/* The names of the kinds, as the argument "accessors" has them */
static const char *const accessor_names[] = {
	[ACCESSOR_LIST] = "list",
	[ACCESSOR_SET] = "set",
	[ACCESSOR_ADD] = "add",
	[ACCESSOR_REMOVE] = "remove",
	[ACCESSOR_TOGGLE] = "toggle",
	[ACCESSOR_MATCHING] = "matching",
	[ACCESSOR_REACH] = "reach"
};

/*
 * Reads the argument "accessors" into a list of kinds, each once, in the order of
 * AccessorKind.  22023 for an unknown one, and for none.
 */
static List *
parse_kinds(ArrayType *array)
{
	List	   *names = text_array_to_list(array, "accessors");
	List	   *kinds = NIL;

	foreach_ptr(char, name, names)
	{
		bool		known = false;

		for (int i = 0; i < lengthof(accessor_names); i++)
			known |= strcmp(name, accessor_names[i]) == 0;
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no accessor \"%s\"", name),
					 errhint("There are list, set, add, remove, toggle, matching and reach.")));
	}
	for (int i = 0; i < lengthof(accessor_names); i++)
		if (list_has_name(names, accessor_names[i]))
			kinds = lappend_int(kinds, i);
	if (kinds == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"accessors\" must not be empty")));
	return kinds;
}

/*
 * Returns the types of the parameters as SQL: "integer, integer[]"
 */
static char *
parameter_types_of(const AccessorFunction *function)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorParameter, parameter, function->parameters)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", type_text(parameter->type, -1));
	return buf.data;
}

/*
 * Returns the parameters as CREATE FUNCTION has them: "invoice_id integer,
 * tag_ids integer[]"
 */
static char *
parameter_list(const AccessorFunction *function)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorParameter, parameter, function->parameters)
		appendStringInfo(&buf, "%s%s%s%s%s", buf.len ? ", " : "",
						 parameter->name ? quote_identifier(parameter->name) : "",
						 parameter->name ? " " : "", type_text(parameter->type, -1),
						 parameter->optional ? " DEFAULT NULL" : "");
	return buf.data;
}

/*
 * Refuse an accessor that is not the caller's, or neither his nor the table owner's
 * own: 42501.  CREATE OR REPLACE leaves it its owner, who may then make of it what he
 * likes, and a role that may create functions in the schema can have put it there.
 */
static void
check_accessor_owner(const Accessors *accessors, Oid function)
{
	Oid			owner = function_owner(function);

	if (!object_ownercheck(ProcedureRelationId, function, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FUNCTION, get_func_name(function));
	if (OidIsValid(owner) && owner != GetUserId() && owner != table_owner(accessors->table->oid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("accessor %s is owned by \"%s\"", format_procedure(function), GetUserNameFromId(owner, false)),
				 errdetail("It would be replaced, and stay that role's."),
				 errhint("Run junction.drop_accessors first.")));
}

/*
 * Refuse a name that another function has, with the same parameters: 42723; and an
 * accessor of another role: 42501.  Returns true if the accessor is there.
 */
static bool
check_function_name(const Accessors *accessors, const AccessorFunction *function)
{
	Oid			other = find_function(function, accessors->table->namespace);

	if (!OidIsValid(other))
		return false;
	if (!is_accessor_of(other, accessors->table->oid))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_FUNCTION),
				 errmsg("function %s already exists", format_procedure(other)),
				 errdetail("The accessor \"%s\" of \"%s\" would have this name.",
						   accessor_names[function->kind], display_name(accessors->table->oid)),
				 errhint("Rename the other function, or leave out this accessor.")));
	check_accessor_owner(accessors, other);
	return true;
}

/*
 * Refuse two functions of the same name and parameters: 42723.  These are the
 * lists of a relation of a table to itself whose columns have the same noun.
 */
static void
check_apart(const Accessors *accessors, List *functions)
{
	foreach_ptr(AccessorFunction, one, functions)
		foreach_ptr(AccessorFunction, other, functions)
			if (one != other && strcmp(one->name, other->name) == 0 &&
				strcmp(parameter_types_of(one), parameter_types_of(other)) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_FUNCTION),
						 errmsg("two accessors of \"%s\" would have the name \"%s\"",
								display_name(accessors->table->oid), one->name),
						 errhint("Rename a column, or leave out the accessor \"%s\".",
								 accessor_names[one->kind])));
}

/*
 * Builds:
 *
 *	CREATE FUNCTION public.set_invoice_tags(invoice_id integer, tag_ids integer[])
 *	RETURNS TABLE (tag_id integer, change pg_catalog.text)
 *	LANGUAGE sql STRICT BEGIN ATOMIC
 *	    ...
 *	END
 *	COMMENT ON FUNCTION public.set_invoice_tags(integer, integer[]) IS '@junction accessor set'
 */
static void
build_accessor(StatementPlan *plan, const Accessors *accessors, AccessorFunction *function, bool replace)
{
	char	   *name = quote_qualified_identifier(schema_name(accessors->table->oid), function->name);

	plan_add(plan, locks_text(function->locks, NULL, NULL),
			 "CREATE %sFUNCTION %s(%s)\nRETURNS %s\nLANGUAGE sql %s\nBEGIN ATOMIC\n%sEND",
			 replace ? "OR REPLACE " : "", name, parameter_list(function), function->returns,
			 function->attributes, function->body);
	plan_add(plan, NULL, "COMMENT ON FUNCTION %s(%s) IS '%s%s'", name, parameter_types_of(function),
			 ACCESSOR_MARK, accessor_names[function->kind]);
}

/* Returns the functions (AccessorFunction) of one kind. */
static List *
functions_of_kind(const Accessors *accessors, AccessorKind kind)
{
	switch (kind)
	{
		case ACCESSOR_LIST:
			return list_accessors(accessors);
		case ACCESSOR_MATCHING:
			return list_make1(matching_accessor(accessors));
		case ACCESSOR_REACH:
			return list_make1(reach_accessor(accessors));
		default:
			return change_accessors(accessors, kind);
	}
}

/*
 * Gives the functions that return rows of a parent the names that the user has
 * renamed them to.
 */
static void
keep_names(const Accessors *accessors, List *functions)
{
	List	   *names = NIL;

	foreach_ptr(AccessorFunction, function, functions)
		names = lappend(names, function->name);
	foreach_ptr(AccessorFunction, function, functions)
	{
		char	   *comment = psprintf("%s%s", ACCESSOR_MARK, accessor_names[function->kind]);
		char	   *name = NULL;

		if ((function->kind == ACCESSOR_LIST || function->kind == ACCESSOR_MATCHING) &&
			!OidIsValid(find_function(function, accessors->table->namespace)))
			name = find_renamed(function, comment, accessors->table->oid, names);
		if (name != NULL)
			function->name = name;
	}
}

/*
 * Builds all accessors.  Refuses names that are taken before the first is built.
 */
static void
build_accessors(StatementPlan *plan, const Accessors *accessors)
{
	List	   *functions = NIL;
	List	   *there = NIL;

	foreach_int(kind, accessors->kinds)
		functions = list_concat(functions, functions_of_kind(accessors, kind));
	keep_names(accessors, functions);
	check_apart(accessors, functions);
	foreach_ptr(AccessorFunction, function, functions)
		if (check_function_name(accessors, function))
			there = lappend(there, function);
	foreach_ptr(AccessorFunction, function, functions)
		build_accessor(plan, accessors, function, list_member_ptr(there, function));
}

PG_FUNCTION_INFO_V1(junction_create_accessors);

/*
 * junction.create_accessors(junction regclass, accessors text[], match text, dry_run bool)
 *	returns setof junction.statement
 *
 * 42P01 for a table that is gone; 42809 for what is no table, or no junction of
 * two ends in which a pair is there once; 55000 for a junction without a key over
 * its pair, with a deferrable one, or with a column that a new link has no value
 * for; 42723 for a name that another function has; 22023 for an unknown accessor, and
 * for reach of a relation of two tables; 42703 and 42704 for a match that is not there;
 * 42501 for another role's table, and without CREATE on the schema; 0A000 for keys
 * of which there are no arrays, for an undirected relation, and for a distributed
 * table.
 */
Datum
junction_create_accessors(PG_FUNCTION_ARGS)
{
	Accessors	accessors = {0};
	StatementPlan plan = {NIL};
	static const char *const required[] = {[0] = "junction",[1] = "accessors",[3] = "dry_run"};
	bool		dry_run;

	check_arguments(fcinfo, required, lengthof(required));
	accessors.kinds = parse_kinds(PG_GETARG_ARRAYTYPE_P(1));
	accessors.asked_match = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	dry_run = PG_GETARG_BOOL(3);
	check_accessors(&accessors, PG_GETARG_OID(0), dry_run);
	build_accessors(&plan, &accessors);

	/* the transaction keeps the lock */
	relation_close(accessors.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}

/*
 * Returns the accessors of a table, without those that the caller may not drop and
 * that a role without the rights of its owner has made: anyone can write an accessor's
 * comment.
 */
static List *
accessors_to_drop(Oid relid)
{
	List	   *result = NIL;

	foreach_oid(function, find_accessors(relid))
		if (object_ownercheck(ProcedureRelationId, function, GetUserId()) ||
			is_table_of_role(relid, function_owner(function)))
			result = lappend_oid(result, function);
	return result;
}

/*
 * Refuse functions that are not the caller's (42501), or on which other objects
 * depend (2BP01).
 */
static void
check_accessors_droppable(Oid relid, List *functions)
{
	List	   *objects = NIL;
	char	   *dependents;

	foreach_oid(function, functions)
	{
		if (!object_ownercheck(ProcedureRelationId, function, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FUNCTION, get_func_name(function));
		objects = lappend(objects, make_address(ProcedureRelationId, function, 0));
	}
	dependents = describe_dependents(objects, false);
	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("the accessors of \"%s\" cannot be dropped because other objects depend on them",
						display_name(relid)),
				 errdetail("They are: %s.", dependents),
				 errhint("Drop or change them first.")));
}

PG_FUNCTION_INFO_V1(junction_drop_accessors);

/*
 * junction.drop_accessors(junction regclass, dry_run bool) returns setof junction.statement
 *
 * No statement if there are none.  42P01 for a table that is gone; 42809 for what
 * is no table; 42501 for another role's table or function; 2BP01 if other objects
 * depend on an accessor.
 */
Datum
junction_drop_accessors(PG_FUNCTION_ARGS)
{
	StatementPlan plan = {NIL};
	static const char *const required[] = {"junction", "dry_run"};
	StringInfoData names;
	List	   *functions;
	Relation	rel;
	bool		dry_run;

	check_arguments(fcinfo, required, lengthof(required));
	dry_run = PG_GETARG_BOOL(1);
	rel = open_table_to_change(PG_GETARG_OID(0), dry_run ? AccessShareLock : ShareUpdateExclusiveLock);
	functions = accessors_to_drop(RelationGetRelid(rel));
	check_accessors_droppable(RelationGetRelid(rel), functions);
	initStringInfo(&names);
	foreach_oid(function, functions)
		appendStringInfo(&names, "%s%s", names.len ? ", " : "", format_procedure_qualified(function));
	if (functions != NIL)
		plan_add(&plan, NULL, "DROP FUNCTION %s", names.data);
	relation_close(rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
