/*
 * key_in_place.c
 *		junction.primary_to_unique and junction.unique_to_primary: change the
 *		kind of a key in place.
 *
 * ALTER TABLE can make a unique index primary, but not the reverse, and ADD
 * CONSTRAINT ... USING INDEX refuses an index that a constraint owns.  The
 * two kinds of constraint differ only in pg_constraint.contype,
 * pg_index.indisprimary, the name of the trigger of a deferrable key, and the
 * relation cache.  So these are changed, under the lock that ALTER TABLE would
 * take:
 *
 *	1. Lock the table and all its partitions.
 *	2. primary_to_unique refuses if an object depends on the key being primary,
 *	   such as a view that groups by it: its dump could not be restored.
 *	   (PostgreSQL records that as a dependency on the constraint.  Foreign keys
 *	   depend on the index, which stays.)  unique_to_primary refuses what ADD
 *	   PRIMARY KEY USING INDEX would: a second primary key, a nullable column,
 *	   NULLS NOT DISTINCT.
 *	3. Change contype, indisprimary and the names, of the key and of its parts in
 *	   the partitions.
 *
 * No file is touched, so the time does not depend on the table's size.  The
 * columns stay NOT NULL, as they do when a primary key is dropped.  The
 * replica identity setting stays: if it names this index, that holds; if it
 * is DEFAULT, the table has no identity until it has a new primary key, and a
 * NOTICE says so if the table is published.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_trigger.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "promote/promote.h"

/*
 * Returns the OIDs of the table's constraints of one type
 * (pg_constraint.contype).
 */
static List *
find_constraints(Oid relid, char type)
{
	List	   *constraints = NIL;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(relid))
		if (constraint->type == type)
			constraints = lappend_oid(constraints, constraint->oid);
	return constraints;
}

/*
 * Refuse if a view, a function or another object depends on the primary key:
 * 2BP01, with the names in the detail.
 */
static void
check_no_dependents(Oid relid, Oid constraint)
{
	char	   *dependents = describe_dependents(list_make1(make_address(ConstraintRelationId,
																		 constraint, 0)), false);

	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("primary key of table \"%s\" cannot be demoted because other objects depend on it",
						display_name(relid)),
				 errdetail("These objects may need the key to be primary: %s.", dependents),
				 errhint("Where they group by the key, group by all columns instead; or drop them, and create them again afterwards.")));
}

/*
 * Returns the OIDs of the key's index and, if the table is partitioned, of
 * its parts in the partitions.  Locks the partitions in lockmode, from the
 * top; the caller has locked the table.  42501 for a partition of another
 * role.
 *
 * A partition that is being detached (DETACH PARTITION CONCURRENTLY, until it
 * is finalized) keeps its key as it is: it is not locked, and ALTER TABLE gives
 * it none of the other changes.  Only its index is still a part of the key's.
 */
static List *
lock_key(Relation rel, Oid index, LOCKMODE lockmode)
{
	List	   *partitions;
	List	   *keys = NIL;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return list_make1_oid(index);
	foreach_oid(relid, find_all_inheritors(RelationGetRelid(rel), lockmode, NULL))
		if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	partitions = list_inheritors(RelationGetRelid(rel));
	foreach_oid(key, list_inheritors(index))
		if (list_member_oid(partitions, IndexGetRelation(key, true)))
			keys = lappend_oid(keys, key);
	return keys;
}

/*
 * Refuse a table whose primary key cannot be demoted, and return the key's
 * index.  The caller has locked the table; its partitions are locked here in
 * lockmode.
 *
 * 42704 without a primary key, 2BP01 if objects depend on it, 42501 for a
 * partition of another role.
 */
Oid
check_primary_key_demotable(Relation rel, LOCKMODE lockmode)
{
	List	   *constraints = find_constraints(RelationGetRelid(rel), CONSTRAINT_PRIMARY);
	Oid			key;

	if (constraints == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key", display_name(RelationGetRelid(rel)))));
	key = get_constraint_index(linitial_oid(constraints));
	foreach_oid(index, lock_key(rel, key, lockmode))
		check_no_dependents(IndexGetRelation(index, false), get_index_constraint(index));
	return key;
}

/*
 * Refuse a unique index that cannot become primary as it is: 0A000 if it is
 * NULLS NOT DISTINCT, 42501 for a partition of another role.  Locks the
 * partitions in lockmode.
 */
void
check_unique_promotable(Relation rel, Oid index, LOCKMODE lockmode)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	bool		nulls_equal;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	nulls_equal = ((Form_pg_index) GETSTRUCT(tuple))->indnullsnotdistinct;
	ReleaseSysCache(tuple);
	if (nulls_equal)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("unique index \"%s\" cannot become a primary key", get_rel_name(index)),
				 errdetail("It is NULLS NOT DISTINCT."),
				 errhint("Drop it and add a primary key.")));
	list_free(lock_key(rel, index, lockmode));
}

/*
 * Refuse an index that no constraint owns: 42704.
 */
static void
check_is_constraint(Relation rel, Oid index)
{
	if (!OidIsValid(get_index_constraint(index)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("index \"%s\" does not belong to a UNIQUE constraint", get_rel_name(index)),
				 errhint("Use ALTER TABLE %s ADD PRIMARY KEY USING INDEX %s.",
						 qualified_name(RelationGetRelid(rel)),
						 quote_identifier(get_rel_name(index)))));
}

/*
 * Refuse a table that has a primary key: 55000.
 */
static void
check_has_no_primary_key(Oid relid)
{
	if (find_constraints(relid, CONSTRAINT_PRIMARY) != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has a primary key already", display_name(relid)),
				 get_rel_relispartition(relid) ? errhint("Drop it first.") :
				 errhint("Drop it, or make it a UNIQUE constraint with junction.primary_to_unique.")));
}

/*
 * Returns the index that is to become primary: for a junction of two tables
 * the one over the pair, for another table that of its only UNIQUE
 * constraint.  42704 if there is none; 55000 if there is a primary key already.
 */
static Oid
find_unique(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	Junction   *junction = classify(read_table(relid));
	List	   *constraints = find_constraints(relid, CONSTRAINT_UNIQUE);
	bool		of_pair = junction->kind != JUNCTION_MULTIWAY && junction->kind != JUNCTION_TEMPORAL;
	IndexFacts *pair_key = of_pair ? junction->pair_key : NULL;

	check_has_no_primary_key(relid);
	if (pair_key != NULL && pair_key->predicate == NULL)
		return pair_key->oid;
	if (list_length(constraints) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no UNIQUE constraint to make primary",
						display_name(relid)),
				 errdetail("It is not a junction of two tables with a key over the pair, and it has %d UNIQUE constraints.",
						   list_length(constraints)),
				 errhint("Use ALTER TABLE ... ADD PRIMARY KEY.")));
	return get_constraint_index(linitial_oid(constraints));
}

/*
 * Refuse a column whose NOT NULL is NO INHERIT, which PostgreSQL refuses in a primary
 * key: 55000.  SET NOT NULL does not change that.
 */
void
check_not_null_inherits(Oid relid, AttrNumber attnum)
{
	const ConstraintFacts *constraint = find_not_null(relid, attnum);

	if (constraint != NULL && constraint->uninherited)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" cannot be in a primary key",
						get_attname(relid, attnum, false), display_name(relid)),
				 errdetail("Its NOT NULL constraint \"%s\" is NO INHERIT.", constraint->name),
				 errhint("Use ALTER TABLE %s ALTER CONSTRAINT %s INHERIT first.", qualified_name(relid),
						 quote_identifier(constraint->name))));
}

/*
 * Refuse a table, or a partition, whose key of this index cannot be primary:
 * 55000 if there is another primary key, if the index is not valid, or if a
 * column can be null, or its NOT NULL is NO INHERIT.  The table is locked.
 *
 * The part of a partition can be primary already: ALTER INDEX ... ATTACH PARTITION
 * takes a primary key for the part of a UNIQUE; on older servers, ATTACH PARTITION
 * of the table too.
 */
static void
check_may_be_primary(Oid index)
{
	Oid			relid = IndexGetRelation(index, false);
	Relation	rel = table_open(relid, NoLock);
	Relation	key = index_open(index, AccessShareLock);

	if (!key->rd_index->indisprimary)
		check_has_no_primary_key(relid);
	if (!key->rd_index->indisvalid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", get_rel_name(index))));
	for (int i = 0; i < key->rd_index->indnkeyatts; i++)
	{
		check_not_null_inherits(relid, key->rd_index->indkey.values[i]);
		if (!column_is_not_null(rel, key->rd_index->indkey.values[i]))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of table \"%s\" can be null",
							get_attname(relid, key->rd_index->indkey.values[i], false),
							display_name(relid)),
					 errhint("Use ALTER TABLE ... ALTER COLUMN ... SET NOT NULL first.")));
	}
	index_close(key, NoLock);
	table_close(rel, NoLock);
}

/*
 * Raises a NOTICE if the demoted key was the replica identity of a table that
 * publishes updates or deletes: the table then refuses UPDATE or DELETE.
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

/* Sets pg_constraint.contype. */
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

/* Sets pg_index.indisprimary. */
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
 * Gives the trigger that checks a deferrable key the name that it has for a key
 * of this kind: "PK_ConstraintTrigger_16402" or "Unique_ConstraintTrigger_16402"
 * (index_constraint_create).  The name is part of the kind: it decides whether
 * the key is checked before or after the foreign keys, whose triggers are called
 * "RI_ConstraintTrigger_...".
 */
static void
rename_recheck_trigger(Oid constraint, bool primary)
{
	Relation	catalog = table_open(TriggerRelationId, RowExclusiveLock);
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog_for(&scan, TriggerRelationId, TriggerConstraintIndexId,
					 Anum_pg_trigger_tgconstraint, constraint, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		HeapTuple	copy = heap_copytuple(tuple);
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(copy);

		namestrcpy(&trigger->tgname, psprintf("%s_ConstraintTrigger_%u", primary ? "PK" : "Unique",
											  trigger->oid));
		CatalogTupleUpdate(catalog, &copy->t_self, copy);
		InvokeObjectPostAlterHook(TriggerRelationId, trigger->oid, 0);
		heap_freetuple(copy);
	}
	end_scan(&scan);
	table_close(catalog, RowExclusiveLock);
}

/*
 * Returns the new name of a partition's key: the convention's if its present
 * name follows the convention, else its present name.
 */
static char *
partition_key_name(Relation rel, Oid index, bool primary)
{
	TableFacts *table = read_table(RelationGetRelid(rel));
	char	   *name = get_rel_name(index);
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names(),
		.freed = list_make1(name),.naming = naming_for_table(table)
	};
	IndexFacts *key = find_index(table, index);
	List	   *columns = column_names(table, key->columns, key->nkeys);
	NameKind	primary_kind = key->nkeys == 1 ? NAME_PRIMARY_KEY : NAME_COMPOSITE_PRIMARY_KEY;

	if (!is_conventional(name, primary ? NAME_UNIQUE : primary_kind, table->name, columns, NULL, NIL))
		return name;
	return choose_name(&names, primary ? primary_kind : NAME_UNIQUE, table->name, columns, NULL, NIL);
}

/*
 * Makes the key of one table primary, or UNIQUE, and renames it.  name: null
 * for a partition's key (partition_key_name).  55006 if this session is using
 * the table.
 */
static void
change_key(Oid index, bool primary, const char *name)
{
	Relation	rel = table_open(IndexGetRelation(index, false), NoLock);
	Oid			constraint = get_index_constraint(index);

	CheckTableNotInUse(rel, primary ? "make a primary key of" : "demote the primary key of");
	set_constraint_type(constraint, primary ? CONSTRAINT_PRIMARY : CONSTRAINT_UNIQUE);
	set_index_primary(index, primary);
	rename_recheck_trigger(constraint, primary);
	CommandCounterIncrement();

	if (name == NULL)
		name = partition_key_name(rel, index, primary);
	/* this renames the constraint too */
	if (strcmp(get_rel_name(index), name) != 0)
		RenameRelationInternal(index, name, false, true);
	CacheInvalidateRelcache(rel);
	CommandCounterIncrement();
	if (!primary)
		warn_of_replica_identity(rel, index);
	table_close(rel, NoLock);
}

/*
 * Refuse a name that the key cannot take, as for any renaming: 42P07, 42710,
 * 42501.
 */
static void
check_new_name(Relation rel, Oid index, const char *name)
{
	if (strcmp(name, get_rel_name(index)) == 0)
		return;
	check_may_create_in(RelationGetNamespace(rel));
	check_key_name_free(RelationGetRelid(rel), name);
}

/*
 * Changes the key and its parts in the partitions. All tables are locked.
 * Closes rel.
 */
static void
change_keys(Relation rel, Oid index, bool primary, const char *name)
{
	List	   *keys = lock_key(rel, index, NoLock);

	relation_close(rel, NoLock);
	foreach_oid(key, keys)
		change_key(key, primary, key == index ? name : NULL);
}

/*
 * Refuse a table that Citus keeps: 0A000.  The keys of its shards would not change.
 */
static void
refuse_shards(Oid relid)
{
	check_not_distributed(relid,
						  "Citus keeps its rows in shards, and would not apply this change to them.",
						  "Use junction.promote or junction.demote for its keys, or ALTER TABLE, with a separate statement for each DROP CONSTRAINT, ADD COLUMN and ADD CONSTRAINT.");
}

PG_FUNCTION_INFO_V1(junction_primary_to_unique);

/*
 * junction.primary_to_unique(junction regclass, name text) returns void
 *
 * Works for the primary key of any table.  name is the new name of the
 * constraint and its index, unqualified, and is not folded.
 *
 * What check/table.c refuses of a table (42P01, 42809, 42501, 0A000), and:
 * 42704 without a primary key, 2BP01 if objects depend on it, 42P07 or 42710
 * if the name is taken, 42622 if it is too long, 42501 without CREATE on the
 * schema, 25006 in a read-only transaction, 55006 if this session is using
 * the table, 0A000 for a distributed table of Citus.
 */
Datum
junction_primary_to_unique(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			index;
	Relation	rel;

	PreventCommandIfReadOnly("primary_to_unique()");
	check_name_length(name);
	rel = open_table_to_change(PG_GETARG_OID(0), AccessExclusiveLock);
	refuse_shards(RelationGetRelid(rel));
	index = check_primary_key_demotable(rel, AccessExclusiveLock);
	check_new_name(rel, index, name);
	change_keys(rel, index, false, name);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(junction_unique_to_primary);

/*
 * junction.unique_to_primary(junction regclass, name text) returns void
 *
 * The reverse of primary_to_unique, for the UNIQUE over a junction's pair, or
 * the only UNIQUE of another table.  name is the new name of the constraint
 * and its index.
 *
 * What check/table.c refuses of a table, and: 42704 if there is no such
 * constraint, 55000 if the table has a primary key, if the index is not valid
 * or if a column can be null, 0A000 for NULLS NOT DISTINCT; and for the name,
 * the transaction and Citus, what primary_to_unique refuses.
 */
Datum
junction_unique_to_primary(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			index;
	Relation	rel;

	PreventCommandIfReadOnly("unique_to_primary()");
	check_name_length(name);
	rel = open_table_to_change(PG_GETARG_OID(0), AccessExclusiveLock);
	refuse_shards(RelationGetRelid(rel));
	index = find_unique(rel);
	check_is_constraint(rel, index);
	check_unique_promotable(rel, index, AccessExclusiveLock);
	foreach_oid(key, lock_key(rel, index, NoLock))
		check_may_be_primary(key);
	check_new_name(rel, index, name);
	change_keys(rel, index, true, name);
	PG_RETURN_VOID();
}
