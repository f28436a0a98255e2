/*
 * name.c
 *		Names that the user gives to what is to be made.
 *
 * Each function returns, or refuses: a name that is too long (42622) or taken
 * (42P07, 42710, 42701), a schema in which the caller, or the owner that the new
 * table will have, may not create (42501).
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
 * Refuse a name of the user's that the server would cut.
 */
void
check_name_length(const char *name)
{
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name \"%s\" is too long", name),
				 errdetail("It has %zu bytes, and a name can have %d.",
						   strlen(name), NAMEDATALEN - 1)));
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a name must not be empty")));
}

/*
 * Refuse a name that no column can have: 42622, 42701.
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
 * Take a table's name apart as SQL would: folded unless quoted, with or
 * without a schema.  *schema is null if there was none.
 *
 * 22023 if it is no name, 42622 if a part of it is too long.
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
				 errmsg("\"%s\" is not a table's name", text_to_cstring(name)),
				 errhint("Give \"table\" or \"schema.table\".")));
	foreach_ptr(char, part, names)
		check_name_length(part);
	*schema = list_length(names) == 2 ? linitial(names) : NULL;
	return llast(names);
}

static void
check_role_may_create(Oid namespace, Oid role)
{
	AclResult	result = object_aclcheck(NamespaceRelationId, namespace, role, ACL_CREATE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, get_namespace_name(namespace));
}

/*
 * Refuse a schema in which the caller may not create, nor rename: 42501.
 */
void
check_may_create_in(Oid namespace)
{
	check_role_may_create(namespace, GetUserId());
}

/*
 * Refuse to make something in the schema of a table for the table's owner, if
 * the caller is another and the owner may not create there: 42501.
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
 * Refuse a name for a key that its table cannot use: 42P07 if a relation of
 * the schema has it, 42710 if another constraint of the table has.
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
 * Refuse a name for a table that a relation has, or a type: a table makes one.
 * The name of an array type is no obstacle, the server renames that.
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
				 errdetail("A table has a type of the same name.")));
}

/*
 * The name that a table is to have, as the user gave it.  It stays in its
 * schema: 22023 for another.
 */
char *
check_new_table_name(const TableFacts *table, text *name)
{
	char	   *schema = NULL;
	char	   *result = parse_table_name(name, &schema);

	if (schema != NULL && LookupExplicitNamespace(schema, true) != table->namespace)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be moved to schema \"%s\" by another name",
						display_name(table->oid), schema),
				 errhint("Use ALTER TABLE ... SET SCHEMA afterwards.")));
	return result;
}
