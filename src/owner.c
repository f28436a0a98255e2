/*
 * owner.c
 *		Acting as the owner of a table, restricted, as ANALYZE and REINDEX do.
 *
 * To plan a query on a table is to run code of its owner's: the planner
 * evaluates what it can of index expressions, predicates and statistics, and
 * an UPDATE calls checks, generated columns and triggers.  So whatever looks at
 * the rows of a table, or changes them, for somebody else does it between
 * become_owner() and become_caller().
 *
 * An error leaves the caller's role to the end of the (sub)transaction, which
 * puts it back, as it does the settings.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "junction.h"

/*
 * The role that owns a relation: 42P01 if that is gone.
 */
Oid
relation_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Act as the table's owner, who stays that, as the table keeps its name, until
 * the transaction ends: it is locked in ACCESS SHARE mode.  Nothing
 * of the session can be changed, names are PostgreSQL's own, and row-level
 * security that is forced on the owner is left out, as a foreign key leaves it
 * out.  The caller has checked what the role that asks may see.
 */
void
become_owner(OwnerRole *role, Oid relid)
{
	Oid			owner;

	LockRelationOid(relid, AccessShareLock);
	owner = relation_owner(relid);
	GetUserIdAndSecContext(&role->caller, &role->context);
	SetUserIdAndSecContext(owner, role->context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	role->guc_level = NewGUCNestLevel();
	RestrictSearchPath();
}

/*
 * Be the caller again.
 */
void
become_caller(const OwnerRole *role)
{
	AtEOXact_GUC(false, role->guc_level);
	SetUserIdAndSecContext(role->caller, role->context);
}
