/*
 * rights.c
 *		Who owns a table, and whether the caller may read all of its rows.
 *
 * The table need not be locked, so each look-up can find that it has been
 * dropped.
 */
#include "postgres.h"

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
 * Returns the role that owns a table; InvalidOid if the table has been
 * dropped.
 */
static Oid
find_table_owner(Oid relid)
{
	return GetSysCacheOid1(RELOID, Anum_pg_class_relowner, ObjectIdGetDatum(relid));
}

/*
 * Returns the role that owns a table; 42P01 if the table has been dropped.
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
 * Does a role have the rights of the table's owner?  False if the table has been
 * dropped.
 */
bool
is_table_of_role(Oid relid, Oid role)
{
	Oid			owner = find_table_owner(relid);

	return OidIsValid(owner) && has_privs_of_role(role, owner);
}

/*
 * Does the caller have the rights of the table's owner?  False if the table
 * has been dropped.
 */
bool
is_own_table(Oid relid)
{
	return is_table_of_role(relid, GetUserId());
}

/*
 * Does the role have SELECT on the whole table, and USAGE on its schema?
 * 42P01 if the table has been dropped.
 */
static bool
may_select(Oid relid, Oid role)
{
	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK &&
		object_aclcheck(NamespaceRelationId, get_rel_namespace(relid), role, ACL_USAGE) == ACLCHECK_OK;
}

/*
 * May the role read every row of the table?  For the owner of the table, in
 * become_role(), row-level security is not in force.  42P01 if the table has been
 * dropped.
 */
bool
may_role_read_all(Oid relid, Oid role)
{
	return may_select(relid, role) &&
		(role == table_owner(relid) || check_enable_rls(relid, role, true) != RLS_ENABLED);
}

/*
 * May the caller read every row of the table?  Its owner must have the
 * privileges too, for the counts run as the owner (statement/owner.c).  False
 * if row-level security applies to the caller.  42P01 if the table has been
 * dropped.
 */
bool
may_read_all(Oid relid)
{
	return may_select(relid, GetUserId()) && may_select(relid, table_owner(relid)) &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}
