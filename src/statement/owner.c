/*
 * owner.c
 *		Acts as the owner of a table in a security-restricted operation, as
 *		ANALYZE and REINDEX do.
 *
 * A query on a table runs code of the table's owner: the planner evaluates
 * index expressions, predicates and statistics, and an UPDATE calls checks,
 * generated columns and triggers.  A caller's rights must not be available to
 * that code.  So every query that reads or changes rows of another role's
 * table runs between become_owner() and become_caller().
 *
 * If the caller is the owner, nothing changes: the code has the caller's
 * rights anyway, and keeps the search_path that it expects.  For another
 * caller, FORCE ROW LEVEL SECURITY does not hide rows from the owner's role
 * here: check_reads_all() has found that the caller may see every row.
 *
 * An error skips become_caller().  The abort of the (sub)transaction then
 * restores the role and the settings.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/guc.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/*
 * Switch to a role: no command can change the session's state, and the search_path
 * is the restricted one.
 */
void
become_role(OwnerRole *role, Oid user)
{
	GetUserIdAndSecContext(&role->caller, &role->context);
	role->changed = user != role->caller;
	if (!role->changed)
		return;
	SetUserIdAndSecContext(user, role->context | SECURITY_RESTRICTED_OPERATION |
						   SECURITY_NOFORCE_RLS);
	role->guc_level = NewGUCNestLevel();
	RestrictSearchPath();
}

/*
 * Switch to the table's owner, as become_role().  Locks the table in ACCESS SHARE
 * mode until the transaction ends, so that its name and owner stay.  42P01 if
 * the table is gone.
 */
void
become_owner(OwnerRole *role, Oid relid)
{
	LockRelationOid(relid, AccessShareLock);
	become_role(role, table_owner(relid));
}

/*
 * Switch back to the role and the settings of the caller of become_role().
 */
void
become_caller(const OwnerRole *role)
{
	if (!role->changed)
		return;
	AtEOXact_GUC(false, role->guc_level);
	SetUserIdAndSecContext(role->caller, role->context);
}
