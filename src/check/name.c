/*
 * name.c
 *		Checks names that the user gives to new objects, and the right to
 *		create them.
 *
 * Each function returns, or raises: 42622 for a name that is too long; 42P07,
 * 42710 or 42701 for one that is in use; 42501 if the caller, or the owner of
 * the new table, must not create objects in the schema.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"

/*
 * Refuse a name that is longer than the server keeps (42622) or empty (22023).
 */
void
check_name_length(const char *name)
{
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name \"%s\" is too long", name),
				 errdetail("The name has %zu bytes, and the limit is %d.",
						   strlen(name), NAMEDATALEN - 1)));
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a name must not be empty")));
}

/*
 * Refuse a name that no column can have: 42622, 22023, or 42701 for the name
 * of a system column.
 */
void
check_column_name(const char *name)
{
	check_name_length(name);
	if (SystemAttributeByName(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column name \"%s\" conflicts with a system column name", name)));
}

/*
 * Returns the name in a text that names a table as SQL does: folded to lower
 * case unless it is quoted, with or without a schema.  *schema: the schema's
 * name, or null.  22023 if it is not such a name, 42622 if a part of it is too
 * long.
 */
char *
parse_table_name(text *name, char **schema)
{
	Datum		parts = DirectFunctionCall2(parse_ident, PointerGetDatum(name),
											BoolGetDatum(true));
	List	   *names = text_array_to_list(DatumGetArrayTypeP(parts), "name");

	if (list_length(names) > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a valid table name", text_to_cstring(name)),
				 errhint("Give \"table\" or \"schema.table\".")));
	foreach_ptr(char, part, names)
		check_name_length(part);
	*schema = list_length(names) == 2 ? linitial(names) : NULL;
	return llast(names);
}

/* Refuse a schema in which the role does not have CREATE: 42501. */
static void
check_role_may_create(Oid namespace, Oid role)
{
	AclResult	result = object_aclcheck(NamespaceRelationId, namespace, role, ACL_CREATE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, get_namespace_name(namespace));
}

/*
 * Refuse a schema in which the caller does not have CREATE, which renaming
 * takes too: 42501.
 */
void
check_may_create_in(Oid namespace)
{
	check_role_may_create(namespace, GetUserId());
}

/*
 * Refuse to create an object for the owner of a table in the table's schema,
 * if the owner is not the caller and does not have CREATE there: 42501.  A
 * caller who is a superuser is not refused.
 */
void
check_owner_may_create(Relation rel)
{
	if (rel->rd_rel->relowner != GetUserId() && !superuser())
		check_role_may_create(RelationGetNamespace(rel), rel->rd_rel->relowner);
}

/*
 * Refuse a name that a relation of the schema has: 42P07.
 */
static void
check_relation_name_free(Oid namespace, const char *name)
{
	if (OidIsValid(get_relname_relid(name, namespace)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists", name),
				 errhint("Give another name, or drop or rename the other relation.")));
}

/*
 * Refuse a name for a key of a table: 42P07 if a relation of the schema has
 * it, 42710 if another constraint of the table has it.
 */
void
check_key_name_free(Oid relid, const char *name)
{
	check_relation_name_free(get_rel_namespace(relid), name);
	if (ConstraintNameIsUsed(CONSTRAINT_RELATION, relid, name))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("constraint \"%s\" for relation \"%s\" already exists", name,
						display_name(relid))));
}

/*
 * Refuse a name for a table: 42P07 if a relation of the schema has it, 42710
 * if a type has it, as a table creates a type of its name.  An array type is
 * accepted, as the server renames it.
 */
void
check_table_name_free(Oid namespace, const char *name)
{
	Oid			type;

	check_relation_name_free(namespace, name);
	type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(name), ObjectIdGetDatum(namespace));
	if (OidIsValid(type) && !OidIsValid(get_element_type(type)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("type \"%s\" already exists", name),
				 errdetail("A table creates a type of the same name.")));
}

/*
 * Returns the new name of a table, as the user gave it.  22023 if it has
 * another schema than the table's, and what parse_table_name() refuses.
 */
char *
check_new_table_name(const TableFacts *table, text *name)
{
	char	   *schema = NULL;
	char	   *result = parse_table_name(name, &schema);

	if (schema != NULL && LookupExplicitNamespace(schema, true) != table->namespace)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be moved to schema \"%s\" by renaming it",
						display_name(table->oid), schema),
				 errhint("Use ALTER TABLE ... SET SCHEMA afterwards.")));
	return result;
}
