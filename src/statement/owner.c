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
 * The owner's own call changes nothing: its code has the caller's rights anyway,
 * and keeps the search_path that it is used to.  Row-level security that is
 * forced on the owner does not hide rows from the calls of others, who have
 * been found to see every row (check_reads_all).
 *
 * An error leaves the role to the end of the (sub)transaction, which puts the
 * caller's back, as it does the settings.
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
 * Act as the table's owner: nothing of the session can be changed, and names are
 * PostgreSQL's own.  The table is locked in ACCESS SHARE mode until the
 * transaction ends, so it keeps its name and its owner.
 */
void
become_owner(OwnerRole *role, Oid relid)
{
	Oid			owner;

	LockRelationOid(relid, AccessShareLock);
	owner = table_owner(relid);
	GetUserIdAndSecContext(&role->caller, &role->context);
	role->changed = owner != role->caller;
	if (!role->changed)
		return;
	SetUserIdAndSecContext(owner, role->context | SECURITY_RESTRICTED_OPERATION |
						   SECURITY_NOFORCE_RLS);
	role->guc_level = NewGUCNestLevel();
	RestrictSearchPath();
}

/*
 * Be the caller again.
 */
void
become_caller(const OwnerRole *role)
{
	if (!role->changed)
		return;
	AtEOXact_GUC(false, role->guc_level);
	SetUserIdAndSecContext(role->caller, role->context);
}
