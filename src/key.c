/*
 * key.c
 *		junction.primary_to_unique: the primary key, demoted in place.
 *
 * ALTER TABLE can make a unique index primary, but never the other way round,
 * and ADD CONSTRAINT ... USING INDEX refuses an index that a constraint owns.
 * Yet the two kinds of constraint differ in three places only: the constraint's
 * kind, the index's mark, and what the relation cache remembers of it.  So
 * those are changed, under the lock that ALTER TABLE would take:
 *
 *	1. Lock the table, and all its partitions.
 *	2. Refuse if anything rests on the key's being primary: a query that groups
 *	   by it would dump and then not restore.  (PostgreSQL records that as a
 *	   dependency on the constraint.  Foreign keys depend on the index, which
 *	   stays, so they go on as they are.)
 *	3. Of each: pg_constraint.contype, pg_index.indisprimary, the name.
 *
 * No file is touched, so it takes no time whatever the size.  The columns stay
 * NOT NULL, as they do when a primary key is dropped.  The replica identity
 * stays what it was: if it is this index by name, it still is; if it is the
 * primary key by default, the table has none until it has a new one, and a
 * notice says so where the table is published.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_publication.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "junction.h"

/*
 * The constraint behind a table's primary key, or 42704.
 */
static Oid
primary_key_constraint(Oid relid)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			constraint = InvalidOid;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);

		if (con->contype == CONSTRAINT_PRIMARY)
			constraint = con->oid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	if (!OidIsValid(constraint))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key", display_name(relid))));
	return constraint;
}

/*
 * Refuse if a view, a function or the like rests on this being a primary key:
 * 2BP01, with the names in the detail.
 */
static void
check_no_dependents(Oid relid, Oid constraint)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	StringInfoData names;

	initStringInfo(&names);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ConstraintRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(constraint));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress object = {dep->classid, dep->objid, dep->objsubid};

		if (dep->deptype == DEPENDENCY_NORMAL)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "",
							 getObjectDescription(&object, false));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	if (names.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("primary key of table \"%s\" cannot be demoted because other objects depend on it",
						display_name(relid)),
				 errdetail("They may rest on its being primary: %s.", names.data),
				 errhint("Where they group by the key, group by all columns instead; or drop them, and make them anew afterwards.")));
}

/*
 * The table and, if it is partitioned, all below it, locked.
 */
static List *
lock_partitions(Relation rel, LOCKMODE lockmode)
{
	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return list_make1_oid(RelationGetRelid(rel));
	return find_all_inheritors(RelationGetRelid(rel), lockmode, NULL);
}

/*
 * Refuse a table whose primary key cannot be demoted; return the key's index.
 * The caller has locked the table; its partitions are locked here in the same
 * mode.
 *
 * 42704 if there is no primary key, 2BP01 if something rests on it, 42501 if a
 * partition is somebody else's.
 */
Oid
check_primary_key_demotable(Relation rel, LOCKMODE lockmode)
{
	foreach_oid(relid, lock_partitions(rel, lockmode))
	{
		if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
		check_no_dependents(relid, primary_key_constraint(relid));
	}
	return get_constraint_index(primary_key_constraint(RelationGetRelid(rel)));
}

/*
 * A published table without an identity refuses UPDATE and DELETE.
 */
static void
warn_of_replica_identity(Relation rel, Oid index)
{
	PublicationDesc published;

	if (rel->rd_rel->relreplident != REPLICA_IDENTITY_DEFAULT)
		return;
	RelationBuildPublicationDesc(rel, &published);
	if (!published.pubactions.pubupdate && !published.pubactions.pubdelete)
		return;
	ereport(NOTICE,
			(errmsg("table \"%s\" is published and has no replica identity until it has a new primary key",
					display_name(RelationGetRelid(rel))),
			 errhint("To keep the old one: ALTER TABLE %s REPLICA IDENTITY USING INDEX %s.",
					 qualified_name(RelationGetRelid(rel)),
					 quote_identifier(get_rel_name(index)))));
}

static void
set_constraint_type(Oid constraint, char type)
{
	Relation	catalog = table_open(ConstraintRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(CONSTROID, ObjectIdGetDatum(constraint));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	((Form_pg_constraint) GETSTRUCT(tuple))->contype = type;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	InvokeObjectPostAlterHook(ConstraintRelationId, constraint, 0);
	heap_freetuple(tuple);
	table_close(catalog, RowExclusiveLock);
}

static void
set_index_primary(Oid index, bool primary)
{
	Relation	catalog = table_open(IndexRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(index));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	((Form_pg_index) GETSTRUCT(tuple))->indisprimary = primary;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	InvokeObjectPostAlterHook(IndexRelationId, index, 0);
	heap_freetuple(tuple);
	table_close(catalog, RowExclusiveLock);
}

/*
 * Make the primary key of one table a UNIQUE constraint of another name.
 */
static void
demote_key(Relation rel, const char *name)
{
	Oid			constraint = primary_key_constraint(RelationGetRelid(rel));
	Oid			index = get_constraint_index(constraint);

	CheckTableNotInUse(rel, "demote the primary key of");
	set_constraint_type(constraint, CONSTRAINT_UNIQUE);
	set_index_primary(index, false);
	CommandCounterIncrement();

	/* this renames the constraint too */
	if (strcmp(get_rel_name(index), name) != 0)
		RenameRelationInternal(index, name, false, true);
	CacheInvalidateRelcache(rel);
	CommandCounterIncrement();
	warn_of_replica_identity(rel, index);
}

/*
 * The name for a partition's key: the convention's, as its own name says
 * nothing of the root's.
 */
static char *
partition_key_name(Relation rel)
{
	TableFacts *table = read_table(RelationGetRelid(rel));
	IndexFacts *key = find_primary_key(table);
	NameSpace	names = {.namespace = table->namespace, .taken = make_taken_names()};

	return choose_name(&names, NAME_UNIQUE, table->name,
					   column_names(table, key->columns, key->nkeys), NULL, NIL);
}

PG_FUNCTION_INFO_V1(junction_primary_to_unique);

/*
 * junction.primary_to_unique(junction regclass, name text) returns void
 *
 * Any table's primary key will do, not only a junction's.  name is the new
 * name of the constraint and its index, unqualified, taken as it is.
 *
 * What check.c refuses of a table, and: 42704 if it has no primary key, 2BP01
 * if something rests on that, 42P07 or 42710 if the name is taken, 42622 if it
 * is too long, 42501 without CREATE on the schema, as for any other renaming, 25006 in a read-only transaction, 55006 if the table is in use here.
 */
Datum
junction_primary_to_unique(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			index;
	List	   *members;
	Relation	rel;

	PreventCommandIfReadOnly("primary_to_unique()");
	check_name_length(name);
	rel = open_table_to_change(relid, AccessExclusiveLock);
	index = check_primary_key_demotable(rel, AccessExclusiveLock);
	if (strcmp(name, get_rel_name(index)) != 0)
	{
		check_may_create_in(RelationGetNamespace(rel));
		check_key_name_free(relid, name);
	}

	members = lock_partitions(rel, NoLock);
	relation_close(rel, NoLock);
	foreach_oid(member, members)
	{
		rel = table_open(member, NoLock);
		demote_key(rel, member == relid ? name : partition_key_name(rel));
		table_close(rel, NoLock);
	}
	PG_RETURN_VOID();
}
