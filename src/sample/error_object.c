/*
 * error_object.c
 *		Finds the table, type, index or foreign key that an error names.
 *
 * The server reports the names of the object with the error (ErrorData).  In a
 * partitioned table it reports a partition or the partition's constraint;
 * these functions return that of the partitioned table.
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

/* Returns the table that an error names, perhaps a partition, or InvalidOid. */
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
 * Returns the table that an error names, or InvalidOid; for a partition, its
 * root.
 */
Oid
error_table(const ErrorData *error)
{
	return partition_root(named_table(error));
}

/*
 * Returns the type that an error names, or InvalidOid.
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
 * Returns the index of this table that an error names, or null.
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
 * Returns the constraint at the top of a partition's constraint; for any
 * other, itself.
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
 * Returns the foreign key of this table that an error names, or null.
 */
ForeignKeyFacts *
error_key(const ErrorData *error, const TableFacts *table)
{
	Oid			relid = named_table(error);

	if (partition_root(relid) != table->oid || error->constraint_name == NULL)
		return NULL;
	return find_foreign_key(table, root_constraint(get_relation_constraint_oid(relid, error->constraint_name,
																			   true)));
}

/*
 * Does the caller lack this privilege on the table, and on one of its columns
 * at least?
 */
static bool
lacks(Oid relid, AclMode mode)
{
	return pg_class_aclcheck(relid, GetUserId(), mode) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), mode, ACLMASK_ALL) != ACLCHECK_OK;
}

/*
 * Returns the message of an error.  If a privilege was missing (42501), the
 * missing ones are appended: those of needed (SELECT, INSERT, DELETE) on the
 * table, and USAGE on its schema.
 *
 *	"permission denied for table tags (missing: INSERT on tags)"
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
