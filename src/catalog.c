/*
 * catalog.c
 *		What the catalogs say of tables: columns, foreign keys, indexes.
 *
 * One reader serves for one table and for all of them, in the same phases:
 *
 *	1. pg_constraint: every foreign key goes to the table that owns it and,
 *	   if another key of that table may matter, to the table it points at.
 *	   There is no index on confrelid, so "who references this table?" costs a
 *	   sequential scan, for one table as for all.
 *	2. pg_index: the indexes of the tables in hand.
 *	3. pg_class: names and kinds, of the tables, their parents and indexes.
 *	4. pg_attribute: the columns.
 *	5. for the whole database, pg_depend: members of extensions are left out.
 *
 * When all tables are read, each catalog is read once from end to end, and a
 * table with fewer than two foreign keys is dropped after the first phase: it
 * can be no junction.  Nothing here opens or locks a table, so a table that is
 * dropped meanwhile is no error; it is there or not, as the snapshot has it.
 *
 * The facts are plain copies in the caller's memory context.  This file reads
 * only: it raises no error that a user could cause, and it runs no SQL.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_partitioned_table.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "junction.h"

/* A table in hand, found by its OID */
typedef struct TableEntry
{
	Oid			oid;			/* hash key */
	TableFacts *facts;
	bool		seen;			/* pg_class has it, and it is to be kept */
} TableEntry;

/* What other phases need of a pg_class row that is no table in hand */
typedef struct NameEntry
{
	Oid			oid;			/* hash key */
	char	   *name;			/* null until the row is seen */
	Oid			method;			/* of an index */
} NameEntry;

/* The operator families of an equality operator, looked up once each */
typedef struct OperatorEntry
{
	Oid			oid;			/* hash key */
	List	   *families;
} OperatorEntry;

typedef struct Reader
{
	Oid			relid;			/* the only table asked for, or InvalidOid */
	Snapshot	snapshot;
	HTAB	   *tables;			/* of TableEntry */
	HTAB	   *names;			/* of NameEntry */
	HTAB	   *operators;		/* of OperatorEntry */
} Reader;

static HTAB *
create_hash(const char *name, Size entrysize)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = entrysize;
	ctl.hcxt = CurrentMemoryContext;
	return hash_create(name, 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Start a scan for the rows of one object, by index, or for all rows.
 */
static SysScanDesc
begin_scan(Reader *reader, Relation catalog, Oid index, AttrNumber attnum, Oid object)
{
	ScanKeyData key;

	if (!OidIsValid(object))
		return systable_beginscan(catalog, InvalidOid, false, reader->snapshot, 0, NULL);

	ScanKeyInit(&key, attnum, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
	return systable_beginscan(catalog, index, true, reader->snapshot, 1, &key);
}

/*
 * The table's entry, made empty if it is not there.
 */
static TableEntry *
enter_table(Reader *reader, Oid relid)
{
	bool		found;
	TableEntry *entry = hash_search(reader->tables, &relid, HASH_ENTER, &found);

	if (!found)
	{
		entry->facts = palloc0(sizeof(TableFacts));
		entry->facts->oid = relid;
		entry->seen = false;
	}
	return entry;
}

static NameEntry *
enter_name(Reader *reader, Oid relid)
{
	bool		found;
	NameEntry  *entry = hash_search(reader->names, &relid, HASH_ENTER, &found);

	if (!found)
	{
		entry->name = NULL;
		entry->method = InvalidOid;
	}
	return entry;
}

/*
 * The operator families in which an operator means equality, btree's or hash's.
 */
static List *
equality_families(Reader *reader, Oid operator)
{
	bool		found;
	OperatorEntry *entry = hash_search(reader->operators, &operator, HASH_ENTER, &found);
	CatCList   *members;

	if (found)
		return entry->families;

	entry->families = NIL;
	members = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(operator));
	for (int i = 0; i < members->n_members; i++)
	{
		Form_pg_amop amop = (Form_pg_amop) GETSTRUCT(&members->members[i]->tuple);

		if ((amop->amopmethod == BTREE_AM_OID && amop->amopstrategy == BTEqualStrategyNumber) ||
			(amop->amopmethod == HASH_AM_OID && amop->amopstrategy == HTEqualStrategyNumber))
			entry->families = lappend_oid(entry->families, amop->amopfamily);
	}
	ReleaseSysCacheList(members);
	return entry->families;
}

/*
 * Copy a foreign key out of its pg_constraint row.
 *
 * What looks a row up is "$1 operator column" (ri_triggers.c), so the families
 * are those of the commutator, "column operator $1"; for the usual operators
 * both are in the same.
 */
static ForeignKeyFacts *
read_foreign_key(Reader *reader, HeapTuple tuple)
{
	Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
	ForeignKeyFacts *key = palloc0(sizeof(ForeignKeyFacts));
	AttrNumber	columns[INDEX_MAX_KEYS];
	AttrNumber	parent_columns[INDEX_MAX_KEYS];
	Oid			operators[INDEX_MAX_KEYS];

	DeconstructFkConstraintRow(tuple, &key->nkeys, columns, parent_columns,
							   operators, NULL, NULL, NULL, NULL);
	key->oid = con->oid;
	key->name = pstrdup(NameStr(con->conname));
	key->parent = con->confrelid;
	key->columns = palloc(sizeof(AttrNumber) * key->nkeys);
	key->parent_columns = palloc(sizeof(AttrNumber) * key->nkeys);
	key->operators = palloc(sizeof(Oid) * key->nkeys);
	key->families = palloc(sizeof(List *) * key->nkeys);
	memcpy(key->columns, columns, sizeof(AttrNumber) * key->nkeys);
	memcpy(key->parent_columns, parent_columns, sizeof(AttrNumber) * key->nkeys);
	memcpy(key->operators, operators, sizeof(Oid) * key->nkeys);
	for (int i = 0; i < key->nkeys; i++)
		key->families[i] = equality_families(reader, get_commutator(operators[i]));
	return key;
}

/*
 * Phase 1: the foreign keys of the tables in hand, and those that point at
 * them.  A key with a parent constraint is a partition's copy of its root's.
 */
static void
read_foreign_keys(Reader *reader)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	SysScanDesc scan = begin_scan(reader, catalog, InvalidOid, 0, InvalidOid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
		bool		all = !OidIsValid(reader->relid);

		if (con->contype != CONSTRAINT_FOREIGN || OidIsValid(con->conparentid))
			continue;
		if (all || con->conrelid == reader->relid)
		{
			TableFacts *facts = enter_table(reader, con->conrelid)->facts;

			facts->foreign_keys = lappend(facts->foreign_keys,
										  read_foreign_key(reader, tuple));
			enter_name(reader, con->confrelid);
		}
		if (all || con->confrelid == reader->relid)
		{
			TableFacts *facts = enter_table(reader, con->confrelid)->facts;

			facts->referenced = lappend_oid(facts->referenced, con->conindid);
		}
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/*
 * Of all tables, keep those that can be junctions.
 */
static void
drop_tables_without_pair(Reader *reader)
{
	HASH_SEQ_STATUS status;
	TableEntry *entry;

	hash_seq_init(&status, reader->tables);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (list_length(entry->facts->foreign_keys) < 2)
			hash_search(reader->tables, &entry->oid, HASH_REMOVE, NULL);
}

/*
 * Copy an index out of its pg_index row; its name comes with pg_class.
 */
static IndexFacts *
read_index(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	IndexFacts *index = palloc0(sizeof(IndexFacts));
	bool		isnull;
	Datum		datum;
	oidvector  *classes;
	oidvector  *collations;
	Oid			input_type;

	datum = heap_getattr(tuple, Anum_pg_index_indclass, desc, &isnull);
	classes = (oidvector *) DatumGetPointer(datum);
	datum = heap_getattr(tuple, Anum_pg_index_indcollation, desc, &isnull);
	collations = (oidvector *) DatumGetPointer(datum);

	index->oid = form->indexrelid;
	index->nkeys = form->indnkeyatts;
	index->columns = palloc(sizeof(AttrNumber) * index->nkeys);
	index->families = palloc0(sizeof(Oid) * index->nkeys);
	index->collations = palloc(sizeof(Oid) * index->nkeys);
	for (int i = 0; i < index->nkeys; i++)
	{
		index->columns[i] = form->indkey.values[i];
		(void) get_opclass_opfamily_and_input_type(classes->values[i],
												   &index->families[i], &input_type);
		index->collations[i] = collations->values[i];
	}
	index->unique = form->indisunique;
	index->primary = form->indisprimary;
	index->usable = form->indisvalid && form->indisready && form->indislive;
	index->deferrable = !form->indimmediate;

	(void) heap_getattr(tuple, Anum_pg_index_indexprs, desc, &isnull);
	index->has_expressions = !isnull;
	datum = heap_getattr(tuple, Anum_pg_index_indpred, desc, &isnull);
	if (!isnull)
		index->predicate = TextDatumGetCString(datum);
	return index;
}

/*
 * Phase 2: the indexes of the tables in hand.
 */
static void
read_indexes(Reader *reader)
{
	Relation	catalog = table_open(IndexRelationId, AccessShareLock);
	SysScanDesc scan = begin_scan(reader, catalog, IndexIndrelidIndexId,
								  Anum_pg_index_indrelid, reader->relid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			relid = ((Form_pg_index) GETSTRUCT(tuple))->indrelid;
		TableEntry *entry = hash_search(reader->tables, &relid, HASH_FIND, NULL);

		if (entry != NULL)
		{
			IndexFacts *index = read_index(tuple, RelationGetDescr(catalog));

			entry->facts->indexes = lappend(entry->facts->indexes, index);
			enter_name(reader, index->oid);
		}
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/*
 * Is a table of this pg_class row to be looked at?  Partitions are their
 * root's; another session's temporary tables are none of ours; the system
 * catalogs have no foreign keys.
 */
static bool
is_wanted_table(Form_pg_class form)
{
	if (form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	if (form->relispartition)
		return false;
	if (form->relpersistence == RELPERSISTENCE_TEMP)
		return isTempOrTempToastNamespace(form->relnamespace);
	return true;
}

static void
note_class(Reader *reader, Form_pg_class form)
{
	Oid			relid = form->oid;
	TableEntry *table = hash_search(reader->tables, &relid, HASH_FIND, NULL);
	NameEntry  *name = hash_search(reader->names, &relid, HASH_FIND, NULL);

	if (table != NULL)
	{
		table->facts->name = pstrdup(NameStr(form->relname));
		table->facts->namespace = form->relnamespace;
		table->facts->kind = form->relkind;
		table->facts->persistence = form->relpersistence;
		table->seen = OidIsValid(reader->relid) || is_wanted_table(form);
	}
	if (name != NULL)
	{
		name->name = pstrdup(NameStr(form->relname));
		name->method = form->relam;
	}
}

static void
scan_classes(Reader *reader, Relation catalog, Oid relid)
{
	SysScanDesc scan = begin_scan(reader, catalog, ClassOidIndexId, Anum_pg_class_oid, relid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		note_class(reader, (Form_pg_class) GETSTRUCT(tuple));
	systable_endscan(scan);
}

/*
 * Phase 3: names and kinds.
 */
static void
read_classes(Reader *reader)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	HASH_SEQ_STATUS status;
	NameEntry  *entry;

	scan_classes(reader, catalog, reader->relid);
	if (OidIsValid(reader->relid))
	{
		hash_seq_init(&status, reader->names);
		while ((entry = hash_seq_search(&status)) != NULL)
			scan_classes(reader, catalog, entry->oid);
	}
	table_close(catalog, AccessShareLock);
}

static int
compare_columns(const ListCell *a, const ListCell *b)
{
	return ((ColumnFacts *) lfirst(a))->attnum - ((ColumnFacts *) lfirst(b))->attnum;
}

/*
 * Phase 4: the columns.
 */
static void
read_columns(Reader *reader)
{
	Relation	catalog = table_open(AttributeRelationId, AccessShareLock);
	SysScanDesc scan = begin_scan(reader, catalog, AttributeRelidNumIndexId,
								  Anum_pg_attribute_attrelid, reader->relid);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);
		Oid			relid = att->attrelid;
		TableEntry *entry;
		ColumnFacts *column;

		if (att->attnum <= 0 || att->attisdropped)
			continue;
		entry = hash_search(reader->tables, &relid, HASH_FIND, NULL);
		if (entry == NULL || !entry->seen)
			continue;

		column = palloc0(sizeof(ColumnFacts));
		column->attnum = att->attnum;
		column->name = pstrdup(NameStr(att->attname));
		column->type = att->atttypid;
		column->typmod = att->atttypmod;
		column->collation = att->attcollation;
		column->notnull = att->attnotnull;
		entry->facts->columns = lappend(entry->facts->columns, column);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/*
 * Phase 5: leave out what an extension brought.  pg_depend is asked for what
 * depends on extensions, so the cost goes with their members.
 */
static void
drop_extension_members(Reader *reader)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	SysScanDesc scan = begin_scan(reader, catalog, DependReferenceIndexId,
								  Anum_pg_depend_refclassid, ExtensionRelationId);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		Oid			relid = dep->objid;
		TableEntry *entry;

		if (dep->deptype != DEPENDENCY_EXTENSION || dep->classid != RelationRelationId)
			continue;
		entry = hash_search(reader->tables, &relid, HASH_FIND, NULL);
		if (entry != NULL)
			entry->seen = false;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

static int
compare_foreign_keys(const ListCell *a, const ListCell *b)
{
	return oid_cmp(&((ForeignKeyFacts *) lfirst(a))->oid, &((ForeignKeyFacts *) lfirst(b))->oid);
}

static int
compare_indexes(const ListCell *a, const ListCell *b)
{
	return oid_cmp(&((IndexFacts *) lfirst(a))->oid, &((IndexFacts *) lfirst(b))->oid);
}

/*
 * The columns by which a partitioned table is, at its top, partitioned.
 */
static Bitmapset *
read_partition_key(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(relid));
	Form_pg_partitioned_table form;
	Bitmapset  *columns = NULL;

	if (!HeapTupleIsValid(tuple))
		return NULL;			/* dropped as we read */
	form = (Form_pg_partitioned_table) GETSTRUCT(tuple);
	for (int i = 0; i < form->partnatts; i++)
		if (form->partattrs.values[i] > 0)
			columns = bms_add_member(columns, form->partattrs.values[i]);
	ReleaseSysCache(tuple);
	return columns;
}

/*
 * Put the lists of a table in order, and join what the phases found apart.
 */
static void
finish_table(Reader *reader, TableFacts *table)
{
	list_sort(table->columns, compare_columns);
	list_sort(table->foreign_keys, compare_foreign_keys);
	list_sort(table->indexes, compare_indexes);

	if (table->kind == RELKIND_PARTITIONED_TABLE)
		table->partition_key = read_partition_key(table->oid);

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		key->parent_name = enter_name(reader, key->parent)->name;

	foreach_ptr(IndexFacts, index, table->indexes)
	{
		NameEntry  *name = enter_name(reader, index->oid);

		index->name = name->name;
		index->method = name->method;
		if (index->name == NULL)
			index->usable = false;	/* dropped as we read */
		if (index->predicate != NULL)
			index->implied_by = keys_implying(table, index);
	}
}

static int
compare_tables(const ListCell *a, const ListCell *b)
{
	const TableFacts *left = lfirst(a);
	const TableFacts *right = lfirst(b);
	int			order = strcmp(left->name, right->name);

	return order != 0 ? order : oid_cmp(&left->oid, &right->oid);
}

/*
 * The facts of one table, or of all that can be junctions, as the snapshot has
 * them: a list of TableFacts by name, empty if the table is not there.
 *
 * For one table, whatever kind of relation it is, nothing is left out.
 */
List *
read_tables(Oid relid, Snapshot snapshot)
{
	Reader		reader = {.relid = relid, .snapshot = snapshot};
	List	   *tables = NIL;
	HASH_SEQ_STATUS status;
	TableEntry *entry;

	reader.tables = create_hash("junction tables", sizeof(TableEntry));
	reader.names = create_hash("junction names", sizeof(NameEntry));
	reader.operators = create_hash("junction operators", sizeof(OperatorEntry));

	read_foreign_keys(&reader);
	if (OidIsValid(relid))
		enter_table(&reader, relid);
	else
		drop_tables_without_pair(&reader);
	read_indexes(&reader);
	read_classes(&reader);
	read_columns(&reader);
	if (!OidIsValid(relid))
		drop_extension_members(&reader);

	hash_seq_init(&status, reader.tables);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (!entry->seen)
			continue;
		finish_table(&reader, entry->facts);
		tables = lappend(tables, entry->facts);
	}
	list_sort(tables, compare_tables);
	hash_destroy(reader.tables);
	hash_destroy(reader.names);
	hash_destroy(reader.operators);
	return tables;
}

/*
 * The facts of one table that the caller has locked.
 */
TableFacts *
read_table(Oid relid)
{
	List	   *tables = read_tables(relid, NULL);

	if (tables == NIL)
		elog(ERROR, "could not find relation %u", relid);
	return linitial(tables);
}
