/*
 * error_object.c
 *		What an error is about: the table, the key, the foreign key that raised
 *		it.
 *
 * The server gives the names of the object with the error.  In a partitioned
 * table that is a partition's, and stands for the root's.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "sample/sample.h"

static Oid
named_table(const ErrorData *error)
{
	Oid			namespace;

	if (error->schema_name == NULL || error->table_name == NULL)
		return InvalidOid;
	namespace = get_namespace_oid(error->schema_name, true);
	return OidIsValid(namespace) ? get_relname_relid(error->table_name, namespace) : InvalidOid;
}

/*
 * The table, or InvalidOid.
 */
Oid
error_table(const ErrorData *error)
{
	return partition_root(named_table(error));
}

/*
 * The type, or InvalidOid.
 */
Oid
error_type(const ErrorData *error)
{
	Oid			namespace;

	if (error->schema_name == NULL || error->datatype_name == NULL)
		return InvalidOid;
	namespace = get_namespace_oid(error->schema_name, true);
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(error->datatype_name),
						   ObjectIdGetDatum(namespace));
}

/*
 * The index of that table that an error names, or null.
 */
IndexFacts *
error_index(const ErrorData *error, const TableFacts *table)
{
	Oid			relid = named_table(error);
	Oid			oid;

	if (partition_root(relid) != table->oid || error->constraint_name == NULL)
		return NULL;
	oid = partition_root(get_relname_relid(error->constraint_name, get_rel_namespace(relid)));
	return find_index(table, oid);
}

/*
 * The constraint of which this one is a part.
 */
static Oid
root_constraint(Oid constraint)
{
	while (OidIsValid(constraint))
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
		Oid			parent = InvalidOid;

		if (HeapTupleIsValid(tuple))
		{
			parent = ((Form_pg_constraint) GETSTRUCT(tuple))->conparentid;
			ReleaseSysCache(tuple);
		}
		if (!OidIsValid(parent))
			break;
		constraint = parent;
	}
	return constraint;
}

/*
 * The foreign key of that table that an error names, or null.
 */
ForeignKeyFacts *
error_key(const ErrorData *error, const TableFacts *table)
{
	Oid			relid = named_table(error);
	Oid			oid;

	if (partition_root(relid) != table->oid || error->constraint_name == NULL)
		return NULL;
	oid = root_constraint(get_relation_constraint_oid(relid, error->constraint_name, true));
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (key->oid == oid)
			return key;
	return NULL;
}

static bool
lacks(Oid relid, AclMode mode)
{
	return pg_class_aclcheck(relid, GetUserId(), mode) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), mode, ACLMASK_ALL) != ACLCHECK_OK;
}

/*
 * What the server said, and if it refused for want of a privilege, which.
 */
char *
describe_error(const ErrorData *error, Oid relid, AclMode needed)
{
	static const struct
	{
		AclMode		mode;
		const char *name;
	}			modes[] = {{ACL_SELECT, "SELECT"}, {ACL_INSERT, "INSERT"}, {ACL_DELETE, "DELETE"}};
	const char *name = get_rel_name(relid);
	StringInfoData missing;

	initStringInfo(&missing);
	if (error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE || name == NULL)
		return error->message;
	if (object_aclcheck(NamespaceRelationId, get_rel_namespace(relid), GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		appendStringInfo(&missing, "USAGE on schema %s", get_namespace_name(get_rel_namespace(relid)));
	for (int i = 0; i < lengthof(modes); i++)
		if ((needed & modes[i].mode) && lacks(relid, modes[i].mode))
			appendStringInfo(&missing, "%s%s on %s", missing.len ? ", " : "", modes[i].name, name);
	return missing.len ? psprintf("%s (missing: %s)", error->message, missing.data) : error->message;
}
