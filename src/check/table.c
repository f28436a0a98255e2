/*
 * table.c
 *		Checks tables: whether a verb can look at a table or change it, and
 *		whether it is a junction.
 *
 * The checks of every verb are made here, in this order: does the table exist,
 * is it of the right kind, does the caller own it.  They are made before the
 * table is locked, so that a caller without rights never queues for the lock,
 * and again under the lock, which decides.
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
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"

/*
 * Refuse what is not a table, a system catalog or a partition (42809), or a
 * temporary table of another session (0A000).
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

/*
 * Refuse a table that an extension owns: 42809.
 */
static void
check_not_extension_member(Oid relid)
{
	Oid			extension = getExtensionOfObject(RelationRelationId, relid);
	char	   *name = OidIsValid(extension) ? get_extension_name(extension) : NULL;

	if (name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a member of an extension", display_name(relid)),
				 errdetail("Only the extension \"%s\" should change it.", name)));
}

/*
 * Refuse a table that the caller does not own: 42501.  object_ownercheck()
 * would look the table up again, and raise an error if it has been dropped
 * since.
 */
static void
check_is_owner(Form_pg_class form)
{
	if (!has_privs_of_role(GetUserId(), form->relowner))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, NameStr(form->relname));
}

/*
 * Check a table that need not be locked.  It is looked up once.  42P01 if it
 * does not exist, and what check_relation_kind() refuses.  to_change: refuse
 * also an extension's table, and one that the caller does not own.
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
 * Refuse a table that cannot be looked at: 42P01, 42809, 0A000.  It need not
 * be locked.
 */
void
check_table_kind(Oid relid)
{
	check_table(relid, false);
}

/*
 * Refuse a table that cannot be changed, as open_table_to_change() does.  It
 * need not be locked.
 */
void
check_table_to_change(Oid relid)
{
	check_table(relid, true);
}

/*
 * Check a table, open and lock it, and check it again.  42P01 if it is dropped
 * while we wait for the lock, and what check_table() raises.
 */
static Relation
open_checked(Oid relid, LOCKMODE lockmode, bool to_change)
{
	Relation	rel;
	char	   *name;

	check_table(relid, to_change);
	/* for the message, if it is dropped while we wait for the lock */
	name = display_name(relid);
	rel = try_relation_open(relid, lockmode);
	if (rel == NULL)
		raise_gone(relid, name);
	check_table(relid, to_change);
	return rel;
}

/*
 * Open and lock a table that will be changed.  42P01 if it does not exist;
 * 42809 if it is not a table, is a system catalog or a partition, or belongs
 * to an extension; 42501 if the caller does not own it; 0A000 if it is a
 * temporary table of another session.
 */
Relation
open_table_to_change(Oid relid, LOCKMODE lockmode)
{
	return open_checked(relid, lockmode, true);
}

/*
 * Open and lock a table that a foreign key will reference.  As
 * open_table_to_change(), but the caller need not own the table, and an
 * extension can.  Whether the caller has REFERENCES on its columns is not
 * checked here.
 */
Relation
open_table_to_reference(Oid relid, LOCKMODE lockmode)
{
	return open_checked(relid, lockmode, false);
}

/*
 * Refuse a typed table (CREATE TABLE OF): 42809.
 */
void
check_not_typed(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);

	if (OidIsValid(rel->rd_rel->reloftype))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("columns of typed table \"%s\" cannot be changed", display_name(relid)),
				 errhint("Detach it from its type first: ALTER TABLE %s NOT OF.",
						 qualified_name(relid))));
}

/*
 * Refuse a table that Citus has distributed, and a shard of one: 0A000.  reason:
 * the detail, a sentence that says why the verb cannot do with it; hint: what to
 * do instead.
 */
void
check_not_distributed(Oid relid, const char *reason, const char *hint)
{
	if (is_distributed(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" is a distributed table", display_name(relid)),
				 errdetail("%s", reason),
				 errhint("%s", hint)));
	if (is_citus_shard(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" is a shard of a distributed table", display_name(relid)),
				 errdetail("A change of this shard alone would make it differ from the others."),
				 errhint("Name the distributed table.")));
}

/*
 * Refuse a table of which the caller may not read every row: 42501.  reason:
 * the detail, a sentence that says why every row matters.
 */
void
check_reads_all(Oid relid, const char *reason)
{
	if (!may_read_all(relid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read all rows of \"%s\"", display_name(relid)),
				 errdetail("%s", reason),
				 errhint("You and the owner of the table need SELECT on it, and row-level security must not apply to you.")));
}

/*
 * Returns the names of the columns of a table with two ends that are neither
 * theirs nor the primary key's nor stamps.
 */
static List *
columns_beside(const Junction *junction)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, junction->table->columns)
	{
		bool		beside = !is_stamp(column) &&
			!(junction->primary_key != NULL &&
			  bms_is_member(column->attnum, junction->primary_key->column_set));

		foreach_ptr(Endpoint, endpoint, junction->candidates)
			if (bms_is_member(column->attnum, endpoint->columns))
				beside = false;
		if (beside)
			names = lappend(names, column->name);
	}
	return names;
}

/*
 * Returns sentences that say why a table with two ends is not a junction.
 */
static char *
describe_two_ends(const Junction *junction)
{
	const Endpoint *left = linitial(junction->candidates);
	const Endpoint *right = lsecond(junction->candidates);
	List	   *beside = columns_beside(junction);

	foreach_ptr(Endpoint, endpoint, junction->candidates)
		if (is_unique(junction->table, endpoint->columns))
			return psprintf("(%s) is unique by itself: a row of %s has at most one row here.",
							column_list(column_names(junction->table, endpoint->key->columns, endpoint->key->nkeys)),
							quote_identifier(endpoint->key->parent_name));
	return psprintf("No PRIMARY KEY or UNIQUE is over exactly its foreign keys, (%s) and (%s), and %s.",
					column_list(column_names(junction->table, left->key->columns, left->key->nkeys)),
					column_list(column_names(junction->table, right->key->columns, right->key->nkeys)),
					beside != NIL ? psprintf("it has columns of its own: %s", column_list(beside)) :
					junction->table->referenced != NIL ? "other tables reference its rows" :
					"its other key, or its name, makes each row something of its own");
}

/*
 * Returns sentences that say what a table lacks to be a junction.
 */
static char *
describe_shape(const Junction *junction)
{
	int			keys = list_length(junction->table->foreign_keys);
	int			ends = list_length(junction->candidates);
	char	   *shape;

	if (keys < 2)
		shape = psprintf(ngettext("It has %d foreign key, and a junction has two.",
								  "It has %d foreign keys, and a junction has two.", keys), keys);
	else if (ends < 2)
		shape = psprintf("It has %d foreign keys, but not two that can be ends: those that reference the table itself, or have the columns of another, cannot.",
						 keys);
	else if (ends == 2)
		shape = describe_two_ends(junction);
	else
		shape = psprintf("No PRIMARY KEY or UNIQUE is over exactly the columns of two of its %d foreign keys, or of more.",
						 ends);
	if (junction->table->declared)
		shape = psprintf("%s The \"@junction\" in its comment has no effect: that takes two foreign keys, neither unique by itself, beside those for a tenant and for who made the row.",
						 shape);
	return shape;
}

/*
 * Returns the hint for a table that is not a junction.
 */
static const char *
describe_way(const Junction *junction)
{
	return classify_as_link(junction->table) != NULL ?
		"If its rows are links, add a PRIMARY KEY or UNIQUE over both foreign keys, or put \"@junction\" into the comment of the table." :
		"A junction links two tables: two foreign keys, and a PRIMARY KEY or UNIQUE over both.";
}

/*
 * Raise a NOTICE if a table is not a junction, so that the empty result of a
 * verb is not taken for a good one.
 */
void
notice_no_junction(const Junction *junction)
{
	if (junction->kind == JUNCTION_NONE)
		ereport(NOTICE,
				(errmsg("\"%s\" is not a junction", display_name(junction->table->oid)),
				 errdetail_internal("%s", describe_shape(junction)),
				 errhint("%s", describe_way(junction))));
}

/*
 * Returns the table as a junction; 42809 if it is not one.  The caller has
 * locked the table.
 */
Junction *
require_junction(Oid relid)
{
	Junction   *junction = classify(read_table(relid));

	if (junction->kind == JUNCTION_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a junction", display_name(relid)),
				 errdetail_internal("%s", describe_shape(junction)),
				 errhint("%s", describe_way(junction))));
	return junction;
}
