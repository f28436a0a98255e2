/*
 * table.c
 *		Preconditions: small functions that either return or raise.
 *
 * What every verb refuses of a table stands here once, in a fixed order: is it
 * there, is it a table of the right kind, is it the caller's.  It is asked
 * before the lock is taken, so that nobody queues in front of a table that is
 * not his, and again under the lock, when the answer counts.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"

/*
 * Refuse what is no table, or is one only in part.
 */
static void
check_relation_kind(Oid relid, Form_pg_class form)
{
	const char *name = display_name(relid);

	if (form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", name),
				 errdetail_relkind_not_supported(form->relkind)));
	if (IsSystemClass(relid, form))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a system catalog", name)));
	if (form->relispartition)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a partition", name),
				 errhint("Name the partitioned table that it is a part of.")));
	if (isOtherTempNamespace(form->relnamespace))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" is a temporary table of another session", name)));
}

static void
check_not_extension_member(Oid relid)
{
	Oid			extension = getExtensionOfObject(RelationRelationId, relid);
	char	   *name = OidIsValid(extension) ? get_extension_name(extension) : NULL;

	if (name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a member of an extension", display_name(relid)),
				 errdetail("Its shape is up to the extension \"%s\".", name)));
}

/*
 * Refuse somebody else's table.  object_ownercheck() would look it up once
 * more, and fail if it is gone by then.
 */
static void
check_is_owner(Form_pg_class form)
{
	if (!has_privs_of_role(GetUserId(), form->relowner))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, NameStr(form->relname));
}

/*
 * What check_table_kind() refuses; and, if the table is to change, what only
 * its owner may do.  The table need not be locked: it is looked up once.
 */
static void
check_table(Oid relid, bool to_change)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));

	if (!HeapTupleIsValid(tuple))
		raise_gone(relid, NULL);
	check_relation_kind(relid, (Form_pg_class) GETSTRUCT(tuple));
	if (to_change)
	{
		check_not_extension_member(relid);
		check_is_owner((Form_pg_class) GETSTRUCT(tuple));
	}
	ReleaseSysCache(tuple);
}

/*
 * Refuse what is no table to look at: 42P01, 42809.
 */
void
check_table_kind(Oid relid)
{
	check_table(relid, false);
}

static Relation
open_checked(Oid relid, LOCKMODE lockmode, bool to_change)
{
	Relation	rel;
	char	   *name;

	check_table(relid, to_change);
	/* it may be dropped while we wait for the lock */
	name = display_name(relid);
	rel = try_relation_open(relid, lockmode);
	if (rel == NULL)
		raise_gone(relid, name);
	check_table(relid, to_change);
	return rel;
}

/*
 * Open a table whose shape is to change: the caller's own, and nothing that
 * belongs to a system, a partitioned table or an extension.
 *
 * 42P01 if it is gone, 42809 if it is of the wrong kind, 42501 if it is
 * somebody else's, 0A000 for a temporary table of another session.
 */
Relation
open_table_to_change(Oid relid, LOCKMODE lockmode)
{
	return open_checked(relid, lockmode, true);
}

/*
 * Open a table that a foreign key is to point at.  It may be somebody else's:
 * whether its columns may be referenced is asked of each.
 */
Relation
open_table_to_reference(Oid relid, LOCKMODE lockmode)
{
	return open_checked(relid, lockmode, false);
}

/*
 * Refuse a table that has its columns from a type: 42809.
 */
void
check_not_typed(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);

	if (OidIsValid(rel->rd_rel->reloftype))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("columns of typed table \"%s\" cannot be changed", display_name(relid)),
				 errhint("Free it from its type first: ALTER TABLE %s NOT OF.",
						 qualified_name(relid))));
}

/*
 * Refuse a table that Citus has distributed: 0A000.  For what changes a key in
 * place, or reads and fills rows by their place.
 */
void
check_not_distributed(Oid relid)
{
	if (is_distributed(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" is a distributed table", display_name(relid)),
				 errdetail("Citus keeps its rows in shards, and would not carry this change of its key to them."),
				 errhint("Change it with ALTER TABLE, each DROP CONSTRAINT, ADD COLUMN and ADD CONSTRAINT a statement of its own.")));
}

/*
 * Refuse a table of which the caller may not see every row: 42501.  reason: why
 * that matters, a sentence.
 */
void
check_reads_all(Oid relid, const char *reason)
{
	if (!may_read_all(relid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read all of \"%s\"", display_name(relid)),
				 errdetail("%s", reason),
				 errhint("It takes SELECT on the table, for you and for its owner, and no row-level security that is forced on you.")));
}

/*
 * The table as a junction, or 42809.  The caller has locked it.
 */
Junction *
require_junction(Oid relid)
{
	Junction   *junction = classify(read_table(relid));

	if (junction->kind == JUNCTION_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a junction", display_name(relid)),
				 list_length(junction->table->foreign_keys) < 2 ?
				 errdetail_plural("It has %d foreign key, and a junction has two.",
								  "It has %d foreign keys, and a junction has two.",
								  list_length(junction->table->foreign_keys),
								  list_length(junction->table->foreign_keys)) :
				 errdetail("It has no unique key over exactly the columns of two foreign keys, or those of one of them are unique by themselves."),
				 errhint("A junction links two tables: two foreign keys, and a PRIMARY KEY or UNIQUE over both.")));
	return junction;
}
