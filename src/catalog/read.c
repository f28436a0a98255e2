/*
 * read.c
 *		Reads tables from the catalogs: their columns, foreign keys and
 *		indexes.
 *
 * One reader serves for one table and for all tables, in the same phases:
 *
 *	1. pg_class: the tables.
 *	2. pg_constraint: each foreign key is added to its table, and its index to
 *	   the referenced table.  Also the operators of exclusion constraints.
 *	3. pg_index: the indexes.
 *	4. pg_attribute: the columns.
 *	5. Only for one table, pg_depend: the foreign keys that reference it.  They
 *	   depend on its indexes; pg_constraint has no index on confrelid.  And its
 *	   comment (annotations.c).
 *
 * For the whole database each catalog is scanned once.  annotations.c adds the
 * comments then, and with citus.c what only the report needs.  Nothing here opens
 * or locks a table, so a table that is dropped meanwhile causes no error.
 *
 * One read uses one snapshot: the caller's, or one that is taken here.  With a
 * snapshot for each scan a foreign key could name a column that is not there.
 * For the same reason other rows of these catalogs are read with the snapshot
 * too, not from the syscache, which may be newer.  After phase 4, foreign keys
 * and indexes with a missing column are left out.
 *
 * The facts are copies in the caller's memory context (decode.c).  This file
 * only reads.  It raises no error that a user can cause, and runs no SQL.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_partitioned_table.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "catalog/facts.h"

/* An entry of the hash table of tables */
typedef struct TableEntry
{
	Oid			oid;			/* hash key */
	char		status;			/* used by simplehash.h */
	TableFacts *facts;
} TableEntry;

/* A simplehash, for speed: each row of each catalog looks up its table */
#define SH_PREFIX		table_map
#define SH_ELEMENT_TYPE	TableEntry
#define SH_KEY_TYPE		Oid
#define SH_KEY			oid
#define SH_HASH_KEY(map, key)	murmurhash32(key)
#define SH_EQUAL(map, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The state of one read */
typedef struct Reader
{
	Oid			relid;			/* the table to read, or InvalidOid for all */
	Snapshot	snapshot;
	table_map_hash *tables;		/* those read so far */
	List	   *oids;			/* of the tables that this pass reads */
	FactMaker	maker;
} Reader;

/*
 * Start a scan of a catalog: by this index, for the rows of the one table to
 * read, or of all rows.
 */
static void
begin_scan(Reader *reader, CatalogScan *scan, Oid catalog, Oid index, AttrNumber attnum)
{
	if (OidIsValid(reader->relid))
		scan_catalog_for(scan, catalog, index, attnum, reader->relid, reader->snapshot);
	else
		scan_catalog(scan, catalog, reader->snapshot);
}

/* Returns the facts of a table, which are empty if it is new. */
static TableFacts *
enter_table(Reader *reader, Oid relid)
{
	bool		found;
	TableEntry *entry = table_map_insert(reader->tables, relid, &found);

	if (!found)
	{
		entry->facts = palloc0(sizeof(TableFacts));
		entry->facts->oid = relid;
	}
	return entry->facts;
}

/* Returns the facts of a table, or null. */
static TableFacts *
look_up(table_map_hash *tables, Oid relid)
{
	TableEntry *entry = table_map_lookup(tables, relid);

	return entry ? entry->facts : NULL;
}

/* Order columns by number. */
static int
compare_columns(const ListCell *a, const ListCell *b)
{
	return ((ColumnFacts *) lfirst(a))->attnum - ((ColumnFacts *) lfirst(b))->attnum;
}

/* Order foreign keys by OID, so by age. */
static int
compare_foreign_keys(const ListCell *a, const ListCell *b)
{
	return oid_cmp(&((ForeignKeyFacts *) lfirst(a))->oid, &((ForeignKeyFacts *) lfirst(b))->oid);
}

/* Order indexes by OID, so by age. */
static int
compare_indexes(const ListCell *a, const ListCell *b)
{
	return oid_cmp(&((IndexFacts *) lfirst(a))->oid, &((IndexFacts *) lfirst(b))->oid);
}

/*
 * Insert facts into a sorted list.  Rows mostly come in the order of their
 * creation, so the search begins at the end.
 */
static List *
insert(List *list, void *facts, list_sort_comparator compare)
{
	ListCell	cell = {.ptr_value = facts};
	int			place = list_length(list);

	while (place > 0 && compare(list_nth_cell(list, place - 1), &cell) > 0)
		place--;
	return list_insert_nth(list, place, facts);
}

/*
 * Is the relation of this pg_class row to be read with the whole database?
 * Partitions are not, as their root is.  Temporary tables of other sessions
 * are not, nor tables that initdb made, which have no foreign keys.
 */
static bool
is_wanted_table(Form_pg_class form)
{
	if (form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	if (form->relispartition || form->oid < FirstNormalObjectId)
		return false;
	if (form->relpersistence == RELPERSISTENCE_TEMP)
		return isTempOrTempToastNamespace(form->relnamespace);
	return true;
}

/*
 * Returns the columns of a table's partition key, without those of its
 * partitions.
 */
static Bitmapset *
read_partition_key(Reader *reader, Oid relid)
{
	CatalogScan scan;
	HeapTuple	tuple;
	Bitmapset  *columns = NULL;

	scan_catalog_for(&scan, PartitionedRelationId, PartitionedRelidIndexId,
					 Anum_pg_partitioned_table_partrelid, relid, reader->snapshot);
	if ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_partitioned_table form = (Form_pg_partitioned_table) GETSTRUCT(tuple);

		for (int i = 0; i < form->partnatts; i++)
			if (form->partattrs.values[i] > 0)
				columns = bms_add_member(columns, form->partattrs.values[i]);
	}
	end_scan(&scan);
	return columns;
}

/* Phase 1: the tables. */
static void
read_classes(Reader *reader)
{
	CatalogScan scan;
	HeapTuple	tuple;

	begin_scan(reader, &scan, RelationRelationId, ClassOidIndexId, Anum_pg_class_oid);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
		TableFacts *facts;

		if (!OidIsValid(reader->relid) && !is_wanted_table(form))
			continue;
		facts = enter_table(reader, form->oid);
		reader->oids = lappend_oid(reader->oids, form->oid);
		facts->name = pstrdup(NameStr(form->relname));
		facts->namespace = form->relnamespace;
		facts->kind = form->relkind;
		facts->persistence = form->relpersistence;
		facts->identity = form->relreplident;
		facts->partition = form->relispartition;
		facts->row_security = form->relrowsecurity;
		facts->rows = form->reltuples;
		facts->pages = form->relpages;
		if (facts->kind == RELKIND_PARTITIONED_TABLE)
			facts->partition_key = read_partition_key(reader, facts->oid);
	}
	end_scan(&scan);
}

/*
 * Returns the name of a relation in the snapshot; its OID if it is not there.
 */
static char *
read_name(Reader *reader, Oid relid)
{
	CatalogScan scan;
	HeapTuple	tuple;
	char	   *name;

	scan_catalog_for(&scan, RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, relid,
					 reader->snapshot);
	tuple = next_row(&scan);
	name = tuple ? pstrdup(NameStr(((Form_pg_class) GETSTRUCT(tuple))->relname)) :
		psprintf("%u", relid);
	end_scan(&scan);
	return name;
}

/*
 * Set the parent of a foreign key.  parent: its facts, or null if it is a
 * partition, or was not read because another table alone was asked for.
 */
static void
set_parent(Reader *reader, ForeignKeyFacts *key, TableFacts *parent)
{
	key->parent_table = parent;
	key->parent_name = parent ? parent->name : read_name(reader, key->parent);
}

/* Add a foreign key to its table, and its index to the referenced table. */
static void
add_foreign_key(Reader *reader, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
	TableFacts *facts = look_up(reader->tables, con->conrelid);
	TableFacts *parent = look_up(reader->tables, con->confrelid);

	if (facts != NULL)
	{
		ForeignKeyFacts *key = foreign_key_from_row(&reader->maker, tuple, desc);

		set_parent(reader, key, parent);
		facts->foreign_keys = insert(facts->foreign_keys, key, compare_foreign_keys);
	}
	if (parent != NULL && !OidIsValid(reader->relid))
		parent->referenced = lappend_oid(parent->referenced, con->conindid);
}

/* Does the constraint have operators: is it an EXCLUDE, or a key WITHOUT OVERLAPS? */
static bool
is_exclusion(Form_pg_constraint con)
{
	return con->contype == CONSTRAINT_EXCLUSION ||
		(con->contype != CONSTRAINT_FOREIGN && CONSTRAINT_HAS_PERIOD(con));
}

/*
 * Phase 2: the foreign keys, the operators of exclusion constraints, and what is
 * NOT NULL in new rows only.
 * Foreign keys with a parent constraint are left out: they are a partition's
 * copy of its root's.
 */
static void
read_constraint_rows(Reader *reader)
{
	CatalogScan scan;
	HeapTuple	tuple;

	begin_scan(reader, &scan, ConstraintRelationId, ConstraintRelidTypidNameIndexId,
			   Anum_pg_constraint_conrelid);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
		TupleDesc	desc = RelationGetDescr(scan.catalog);
		TableFacts *facts;

		if (con->contype == CONSTRAINT_FOREIGN && !OidIsValid(con->conparentid))
			add_foreign_key(reader, tuple, desc);
		else if (con->contype == CONSTRAINT_NOTNULL && (!con->convalidated || con->connoinherit) &&
				 (facts = look_up(reader->tables, con->conrelid)) != NULL)
		{
			if (!con->convalidated)
				facts->unproven = bms_add_member(facts->unproven, first_column(tuple, desc));
			if (con->connoinherit)
				facts->uninherited = bms_add_member(facts->uninherited, first_column(tuple, desc));
		}
		else if (is_exclusion(con) && (facts = look_up(reader->tables, con->conrelid)) != NULL)
			facts->exclusions = lappend(facts->exclusions,
										exclusion_from_row(&reader->maker, tuple, desc));
	}
	end_scan(&scan);
}

/*
 * Is the constraint a foreign key, and not a partition's copy of its root's?
 */
static bool
is_foreign_key(Reader *reader, Oid constraint)
{
	CatalogScan scan;
	HeapTuple	tuple;
	bool		result = false;

	scan_catalog_for(&scan, ConstraintRelationId, ConstraintOidIndexId, Anum_pg_constraint_oid,
					 constraint, reader->snapshot);
	if ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		result = form->contype == CONSTRAINT_FOREIGN && !OidIsValid(form->conparentid);
	}
	end_scan(&scan);
	return result;
}

/*
 * Phase 5: set referenced of the one table that is read.
 */
static void
read_references(Reader *reader, TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
	{
		CatalogScan scan;
		HeapTuple	tuple;

		if (!index->unique)
			continue;
		scan_dependents_of(&scan, RelationRelationId, index->oid, 0, reader->snapshot);
		while ((tuple = next_row(&scan)) != NULL)
		{
			Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

			if (dep->classid == ConstraintRelationId && dep->deptype == DEPENDENCY_NORMAL &&
				is_foreign_key(reader, dep->objid))
				table->referenced = lappend_oid(table->referenced, index->oid);
		}
		end_scan(&scan);
	}
}

/* Phase 3: the indexes. */
static void
read_indexes(Reader *reader)
{
	CatalogScan scan;
	HeapTuple	tuple;

	begin_scan(reader, &scan, IndexRelationId, IndexIndrelidIndexId, Anum_pg_index_indrelid);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
		TableFacts *facts = look_up(reader->tables, form->indrelid);

		IndexFacts *index;

		if (facts == NULL)
			continue;
		index = index_from_row(&reader->maker, tuple, RelationGetDescr(scan.catalog));
		foreach_ptr(ExclusionFacts, exclusion, facts->exclusions)
			if (exclusion->index == index->oid)
				set_comparisons(&reader->maker, index, exclusion);
		facts->indexes = insert(facts->indexes, index, compare_indexes);
	}
	end_scan(&scan);
}

/* Phase 4: the columns, without system columns and dropped ones. */
static void
read_columns(Reader *reader)
{
	CatalogScan scan;
	HeapTuple	tuple;
	TableFacts *facts = NULL;
	Oid			relid = InvalidOid;

	begin_scan(reader, &scan, AttributeRelationId, AttributeRelidNumIndexId,
			   Anum_pg_attribute_attrelid);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);

		if (att->attnum <= 0 || att->attisdropped)
			continue;
		/* a table's rows are mostly adjacent, so its look-up is kept */
		if (relid != att->attrelid)
			facts = look_up(reader->tables, att->attrelid);
		relid = att->attrelid;
		if (facts != NULL)
		{
			ColumnFacts *column = column_from_row(&reader->maker, tuple);

			column->unproven = bms_is_member(column->attnum, facts->unproven);
			column->uninherited = bms_is_member(column->attnum, facts->uninherited);
			facts->columns = insert(facts->columns, column, compare_columns);
		}
	}
	end_scan(&scan);
}

/* Are all these columns in the facts? 0, for an expression, is not checked. */
static bool
has_columns(const TableFacts *table, const AttrNumber *columns, int count)
{
	for (int i = 0; i < count; i++)
		if (columns[i] > 0 && find_column(table, columns[i]) == NULL)
			return false;
	return true;
}

/*
 * Remove the foreign keys and indexes that have a column which is not in the
 * facts.
 */
static void
forget_dangling(TableFacts *table)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (!has_columns(table, key->columns, key->nkeys) ||
			(key->period != 0 && find_column(table, key->period) == NULL) ||
			(key->parent_table != NULL &&
			 !has_columns(key->parent_table, key->parent_columns, key->nkeys)))
			table->foreign_keys = foreach_delete_current(table->foreign_keys, key);
	foreach_ptr(IndexFacts, index, table->indexes)
		if (!has_columns(table, index->columns, index->nkeys))
			table->indexes = foreach_delete_current(table->indexes, index);
}

/*
 * Set implied_by of the partial indexes.  The foreign keys and columns are
 * known.
 */
static void
prove_predicates(TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (index->predicate != NULL)
			index->implied_by = keys_implying(table, index);
}

/* Phases 1 to 4, and the work on each table that needs them all. */
static void
read_all(Reader *reader)
{
	read_classes(reader);
	read_constraint_rows(reader);
	read_indexes(reader);
	read_columns(reader);
	foreach_oid(relid, reader->oids)
	{
		TableFacts *table = look_up(reader->tables, relid);

		forget_dangling(table);
		prove_predicates(table);
	}
}

/*
 * Returns the partitioned table or index at the top of a partition's tree; for
 * any other relation, itself.  A partition that is being detached concurrently
 * is still marked as a partition but has no ancestor, and counts as its own
 * root, as it will be.
 */
Oid
partition_root(Oid relid)
{
	List	   *ancestors = get_rel_relispartition(relid) ? get_partition_ancestors(relid) : NIL;

	return ancestors == NIL ? relid : llast_oid(ancestors);
}

/* Returns a registered catalog snapshot, for a caller that gave none. */
static Snapshot
take_snapshot(void)
{
	return RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
}

/*
 * Read one table into a reader, which can already have others.  Returns null
 * if the snapshot does not have it.
 */
static TableFacts *
read_one(Reader *reader, Oid relid)
{
	TableFacts *table;

	reader->relid = relid;
	reader->oids = NIL;
	read_all(reader);
	table = look_up(reader->tables, relid);
	if (table != NULL)
	{
		read_references(reader, table);
		read_own_comment(table, reader->snapshot);
	}
	return table;
}

/*
 * Returns the facts of one relation, of any kind, as it is now.  The caller
 * has locked it.
 */
TableFacts *
read_table(Oid relid)
{
	Reader		reader = {.snapshot = take_snapshot(),
	.tables = table_map_create(CurrentMemoryContext, 1, NULL)};
	TableFacts *table = read_one(&reader, relid);

	UnregisterSnapshot(reader.snapshot);
	if (table == NULL)
		elog(ERROR, "could not find relation %u", relid);
	table_map_destroy(reader.tables);
	return table;
}

/*
 * Returns the facts of these tables as the snapshot has them, without those
 * that it does not have.  They need not be locked.
 */
Database *
read_tables(List *oids, Snapshot snapshot)
{
	Reader		reader = {.snapshot = snapshot,.tables = table_map_create(CurrentMemoryContext, 16, NULL)};
	Database   *database = palloc0(sizeof(Database));

	database->context = CurrentMemoryContext;
	foreach_oid(oid, oids)
	{
		TableFacts *table = read_one(&reader, oid);

		if (table != NULL)
			database->tables = lappend(database->tables, table);
	}
	database->by_oid = reader.tables;
	return database;
}

/*
 * Returns the facts of all tables that is_wanted_table() accepts, as the
 * snapshot has them.
 */
Database *
read_database(Snapshot snapshot)
{
	/* 1024 to begin with: the tables of a large schema; it grows */
	Reader		reader = {.snapshot = snapshot,.tables = table_map_create(CurrentMemoryContext, 1024, NULL)};
	Database   *database = palloc0(sizeof(Database));

	database->context = CurrentMemoryContext;
	read_all(&reader);
	list_sort(reader.oids, list_oid_cmp);
	foreach_oid(oid, reader.oids)
		database->tables = lappend(database->tables, look_up(reader.tables, oid));
	database->by_oid = reader.tables;
	return database;
}

/*
 * Returns a table of the database, or null: it may be a partition, or not a
 * table.
 */
TableFacts *
find_table(const Database *database, Oid relid)
{
	return look_up(database->by_oid, relid);
}
