/*
 * rights.c
 *		Who owns a table, and whether the caller may see all of its rows.
 *
 * A table need not be locked to be asked about, so each look-up may find that
 * it is gone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * The role that owns a table, which need not be locked: InvalidOid if the table
 * is gone.
 */
static Oid
find_table_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * The same; 42P01 if the table is gone.
 */
Oid
table_owner(Oid relid)
{
	Oid			owner = find_table_owner(relid);

	if (!OidIsValid(owner))
		raise_gone(relid, NULL);
	return owner;
}

/*
 * Is a table the caller's?  One that is gone is nobody's.
 */
bool
is_own_table(Oid relid)
{
	Oid			owner = find_table_owner(relid);

	return OidIsValid(owner) && has_privs_of_role(GetUserId(), owner);
}

/*
 * May a role select from the table?
 */
static bool
may_select(Oid relid, Oid role)
{
	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK &&
		object_aclcheck(NamespaceRelationId, get_rel_namespace(relid), role, ACL_USAGE) == ACLCHECK_OK;
}

/*
 * May the caller read the table, and all of it?  So must its owner, as whom the
 * rows are counted.
 */
bool
may_read_all(Oid relid)
{
	return may_select(relid, GetUserId()) && may_select(relid, table_owner(relid)) &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}
