/*
 * accessor_owner.c
 *		Knows which functions are the accessors of a junction.
 *
 * An accessor is known by its comment, which begins with ACCESSOR_MARK, and by
 * what PostgreSQL recorded that it depends on: the junction, and no other table
 * but the junction's parents.  Names do not matter; the table and the functions
 * can be renamed.  (Where a junction is a parent itself, the accessors of the
 * other junction depend on both.)
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"

/*
 * Returns the tables (OIDs) that a function depends on, by their rows too.
 */
static List *
tables_of_function(Oid function)
{
	CatalogScan scan;
	HeapTuple	tuple;
	List	   *tables = NIL;

	scan_references_of(&scan, ProcedureRelationId, function, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

		if (dep->refclassid == RelationRelationId)
			tables = list_append_unique_oid(tables, dep->refobjid);
		if (dep->refclassid == TypeRelationId && OidIsValid(get_typ_typrelid(dep->refobjid)))
			tables = list_append_unique_oid(tables, get_typ_typrelid(dep->refobjid));
	}
	end_scan(&scan);
	return tables;
}

/*
 * Is the function an accessor of this junction?
 */
bool
is_accessor_of(Oid function, Oid relid)
{
	char	   *comment = GetComment(function, ProcedureRelationId, 0);
	List	   *tables;
	List	   *known = list_make1_oid(relid);

	if (comment == NULL || strncmp(comment, ACCESSOR_MARK, strlen(ACCESSOR_MARK)) != 0)
		return false;
	tables = tables_of_function(function);
	foreach_ptr(ForeignKeyFacts, key, read_table(relid)->foreign_keys)
		known = lappend_oid(known, key->parent);
	return list_member_oid(tables, relid) && list_difference_oid(tables, known) == NIL;
}

/*
 * Returns the role that owns a function; InvalidOid if it has been dropped.
 */
Oid
function_owner(Oid function)
{
	return GetSysCacheOid1(PROCOID, Anum_pg_proc_proowner, ObjectIdGetDatum(function));
}

/*
 * Returns the accessors of a junction (OIDs), oldest first.
 */
List *
find_accessors(Oid relid)
{
	CatalogScan scan;
	HeapTuple	tuple;
	List	   *functions = NIL;
	List	   *accessors = NIL;

	scan_dependents_of(&scan, RelationRelationId, relid, 0, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

		if (dep->classid == ProcedureRelationId)
			functions = list_append_unique_oid(functions, dep->objid);
	}
	end_scan(&scan);
	list_sort(functions, list_oid_cmp);
	foreach_oid(function, functions)
		if (is_accessor_of(function, relid))
			accessors = lappend_oid(accessors, function);
	return accessors;
}

/* Returns the types of the parameters. */
static oidvector *
parameter_vector(const AccessorFunction *function)
{
	Oid		   *types = palloc(sizeof(Oid) * (list_length(function->parameters) + 1));

	foreach_ptr(AccessorParameter, parameter, function->parameters)
		types[foreach_current_index(parameter)] = parameter->type;
	return buildoidvector(types, list_length(function->parameters));
}

/*
 * Returns the function of the schema that has this name and these parameters;
 * InvalidOid if there is none.
 */
Oid
find_function(const AccessorFunction *function, Oid namespace)
{
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(function->name),
						   PointerGetDatum(parameter_vector(function)), ObjectIdGetDatum(namespace));
}

/*
 * Returns the name of a function of the schema if it has these parameters, else null.
 */
static char *
name_if_alike(Oid oid, const oidvector *types, Oid namespace)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	Form_pg_proc form = HeapTupleIsValid(tuple) ? (Form_pg_proc) GETSTRUCT(tuple) : NULL;
	char	   *name = NULL;

	if (form == NULL)
		return NULL;
	if (form->pronamespace == namespace && form->proargtypes.dim1 == types->dim1 &&
		memcmp(form->proargtypes.values, types->values, sizeof(Oid) * types->dim1) == 0)
		name = pstrdup(NameStr(form->proname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Returns the name to which the user has renamed an accessor: one of the junction that
 * has the same comment and parameters, and none of the names in others.  Null if there
 * is none, or more than one.  A function of a role that has not the rights of the
 * table's owner is none: a comment is written by anyone.
 */
char *
find_renamed(const AccessorFunction *function, const char *comment, Oid relid, List *others)
{
	oidvector  *types = parameter_vector(function);
	Oid			namespace = get_rel_namespace(relid);
	char	   *found = NULL;

	foreach_oid(oid, find_accessors(relid))
	{
		char	   *other = GetComment(oid, ProcedureRelationId, 0);
		char	   *name = other == NULL || strcmp(other, comment) != 0 ? NULL : name_if_alike(oid, types, namespace);

		if (name == NULL || list_has_name(others, name) || !is_table_of_role(relid, function_owner(oid)))
			continue;
		if (found != NULL)
			return NULL;
		found = name;
	}
	return found;
}
