/*
 * owner.c
 *		Run what evaluates a table's triggers, checks and expressions as the
 *		table's owner.
 *
 * The owner chose these functions, and the caller may be a superuser.  So they
 * get the owner's rights and no others, as in CREATE INDEX, REINDEX and
 * ANALYZE: a security-restricted operation, a GUC nest level of its own, and a
 * search_path that leads to no other function than the owner named.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "junction.h"

/*
 * The owner of a table that the caller has locked.
 */
Oid
table_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Run work(state) as the owner of a table that the caller has locked.
 *
 * The owner's own call needs no change: its code has the caller's rights
 * anyway, and an unrestricted search_path, as in the owner's own UPDATE.  Another
 * caller has been found to see every row (check_reads_all), so a row-level
 * security that is forced on the owner does not hide any now.
 *
 * An error ends the (sub)transaction, and that restores user and settings.
 */
void
run_as_owner(Oid relid, void (*work) (void *state), void *state)
{
	Oid			owner = table_owner(relid);
	Oid			caller;
	int			context;
	int			nest_level;

	GetUserIdAndSecContext(&caller, &context);
	if (owner == caller)
	{
		work(state);
		return;
	}
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	nest_level = NewGUCNestLevel();
	RestrictSearchPath();
	work(state);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(caller, context);
}
