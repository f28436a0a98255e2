/*
 * citus.c
 *		Reads which tables Citus has distributed, and how, and which tables are
 *		shards, if the extension citus is installed.
 *
 * Citus keeps the rows of a distributed table in shards: tables of the same
 * schema, on any of its servers, named after the distributed table and a
 * number.  It records them in two catalogs of its own, in pg_catalog:
 *
 *	pg_dist_partition	logicalrelid regclass: the tables of Citus, with
 *						partmethod, partkey, colocationid and repmodel, which
 *						say how each is kept (decode_placement)
 *	pg_dist_shard		logicalrelid regclass, shardid bigint: their shards
 *
 * Both catalogs and their columns are looked up by name, so building junction
 * needs nothing of Citus.  Without Citus each function does one look-up of the
 * extension, and finds nothing.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_namespace.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * The bytes that Citus puts between a shard's cut name and "_" with its number:
 * "_" and a hash of 8 hexadecimal digits.
 */
#define HASH_LENGTH	9

/* An entry of the hash table of shards */
typedef struct Shard
{
	int64		id;				/* hash key */
	Oid			table;			/* the distributed table */
} Shard;

/* Is the extension citus installed in this database? */
static bool
is_citus_installed(void)
{
	return OidIsValid(get_extension_oid("citus", true));
}

/*
 * Start a scan of one of Citus' catalogs.  Returns false, and starts none, if
 * the catalog does not exist.
 */
static bool
scan_citus(CatalogScan *scan, const char *catalog, Snapshot snapshot)
{
	Oid			relid = InvalidOid;
	Relation	rel;

	if (is_citus_installed())
		relid = get_relname_relid(catalog, PG_CATALOG_NAMESPACE);
	rel = OidIsValid(relid) ? try_relation_open(relid, AccessShareLock) : NULL;
	if (rel == NULL)
		return false;
	scan_catalog(scan, relid, snapshot);
	relation_close(rel, AccessShareLock);
	return true;
}

/*
 * Returns the value of a column, by its name, in a row of one of Citus'
 * catalogs.  *isnull: it is null, or there is no such column.
 */
static Datum
read_nullable(CatalogScan *scan, HeapTuple tuple, const char *column, bool *isnull)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(scan->catalog), column);

	*isnull = true;
	return attnum == InvalidAttrNumber ? (Datum) 0 :
		heap_getattr(tuple, attnum, RelationGetDescr(scan->catalog), isnull);
}

/*
 * Returns the value of a column, by its name, in a row of one of Citus'
 * catalogs.  An internal error if there is no such column or the value is null.
 */
static Datum
read_column(CatalogScan *scan, HeapTuple tuple, const char *column)
{
	bool		isnull;
	Datum		value = read_nullable(scan, tuple, column, &isnull);

	if (isnull)
		elog(ERROR, "unexpected row in %s: no %s", RelationGetRelationName(scan->catalog), column);
	return value;
}

/*
 * Is this a session that Citus itself has opened, to run its part of a
 * distributed statement or to move shards?  Citus marks it by
 * application_name.
 */
bool
is_citus_session(void)
{
	static const char *const names[] = {"citus_internal gpid=", "citus_rebalancer gpid="};

	for (int i = 0; i < lengthof(names); i++)
		if (application_name != NULL && strncmp(application_name, names[i], strlen(names[i])) == 0)
			return is_citus_installed();
	return false;
}

/*
 * Returns the number of the column that a partkey means: the text of a Var,
 * which differs between versions of PostgreSQL but for this field.  0 if it is
 * null, as it is for tables without a distribution column.
 */
static AttrNumber
decode_partkey(CatalogScan *scan, HeapTuple tuple)
{
	static const char field[] = ":varattno ";
	bool		isnull;
	Datum		value = read_nullable(scan, tuple, "partkey", &isnull);
	const char *start = isnull ? NULL : strstr(TextDatumGetCString(value), field);

	return start == NULL ? InvalidAttrNumber : atoi(start + strlen(field));
}

/*
 * Fills a placement from a row of pg_dist_partition:
 *
 *	partmethod	repmodel	colocationid
 *	n			t						a reference table
 *	n			s			not 0		a single shard, of a tenant's schema
 *	n			s			0			a local table that Citus knows
 *	h, a, r		s						distributed by partkey
 *	h, a, r		c						the same, with copies of each shard
 */
static void
decode_placement(CatalogScan *scan, HeapTuple tuple, Placement *placement)
{
	char		method = DatumGetChar(read_column(scan, tuple, "partmethod"));
	char		model = DatumGetChar(read_column(scan, tuple, "repmodel"));
	bool		isnull;
	Datum		group = read_nullable(scan, tuple, "colocationid", &isnull);

	placement->colocation = isnull ? 0 : DatumGetInt32(group);
	placement->copies = model == 't' || model == 'c';
	placement->column = InvalidAttrNumber;
	if (method != 'n')
	{
		placement->layout = LAYOUT_DISTRIBUTED;
		placement->column = decode_partkey(scan, tuple);
	}
	else if (model == 't')
		placement->layout = LAYOUT_REFERENCE;
	else
		placement->layout = placement->colocation != 0 ? LAYOUT_SINGLE_SHARD : LAYOUT_CITUS_LOCAL;
}

/*
 * Returns how Citus keeps a table, by the current catalogs.
 */
Placement
read_placement(Oid relid)
{
	Placement	placement = {LAYOUT_LOCAL};
	CatalogScan scan;
	HeapTuple	tuple;

	if (!scan_citus(&scan, "pg_dist_partition", NULL))
		return placement;
	while (placement.layout == LAYOUT_LOCAL && (tuple = next_row(&scan)) != NULL)
		if (DatumGetObjectId(read_column(&scan, tuple, "logicalrelid")) == relid)
			decode_placement(&scan, tuple, &placement);
	end_scan(&scan);
	return placement;
}

/*
 * Set placement of each table that Citus keeps.
 */
void
read_placements(const Database *database, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	if (!scan_citus(&scan, "pg_dist_partition", snapshot))
		return;
	while ((tuple = next_row(&scan)) != NULL)
	{
		TableFacts *table = find_table(database, DatumGetObjectId(read_column(&scan, tuple, "logicalrelid")));

		if (table != NULL)
			decode_placement(&scan, tuple, &table->placement);
	}
	end_scan(&scan);
}

/*
 * Is this one of Citus' tables, with its rows in shards?  Reads the current
 * catalogs.
 */
bool
is_distributed(Oid relid)
{
	return read_placement(relid).layout != LAYOUT_LOCAL;
}

/*
 * Returns all shards in a hash table by their number (Shard), in the current
 * memory context; null if there are none.
 */
HTAB *
read_shards(Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;
	HTAB	   *shards = NULL;
	HASHCTL		ctl;

	if (!scan_citus(&scan, "pg_dist_shard", snapshot))
		return NULL;
	ctl.keysize = sizeof(int64);
	ctl.entrysize = sizeof(Shard);
	ctl.hcxt = CurrentMemoryContext;
	while ((tuple = next_row(&scan)) != NULL)
	{
		int64		id = DatumGetInt64(read_column(&scan, tuple, "shardid"));
		Shard	   *shard;

		if (shards == NULL)
			/* 1024 to begin with, it grows: Citus gives a table 32 shards by default */
			shards = hash_create("junction shards", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		shard = hash_search(shards, &id, HASH_ENTER, NULL);
		shard->table = DatumGetObjectId(read_column(&scan, tuple, "logicalrelid"));
	}
	end_scan(&scan);
	return shards;
}

/*
 * Find the shard whose number is behind the last "_" of a name.  *length: the
 * bytes before this "_".  Null if the name does not end so, or no shard has
 * the number.
 */
static Shard *
find_shard(HTAB *shards, const char *name, int *length)
{
	const char *mark = strrchr(name, '_');
	int64		id;

	if (mark == NULL || mark[1] == '\0' || strspn(mark + 1, "0123456789") != strlen(mark + 1))
		return NULL;
	*length = mark - name;
	errno = 0;
	id = strtoll(mark + 1, NULL, 10);
	return errno == 0 ? hash_search(shards, &id, HASH_FIND, NULL) : NULL;
}

/*
 * Is this what Citus calls an object named name at a shard?  length: the bytes of
 * shard_name before "_" with the shard's number.
 *
 * The shard 102008 of users is named users_102008.  If that exceeds 63 bytes,
 * Citus cuts the name of the table and puts a hash of it before the number:
 *
 *	user_with_a_long_na_1f0c9a2b_102008
 */
bool
is_name_of_shard(const char *name, const char *shard_name, int length)
{
	if (strlen(name) == length && strncmp(name, shard_name, length) == 0)
		return true;
	return length > HASH_LENGTH && shard_name[length - HASH_LENGTH] == '_' &&
		strspn(shard_name + length - HASH_LENGTH + 1, "0123456789abcdef") >= HASH_LENGTH - 1 &&
		strlen(name) + strlen(shard_name + length) >= NAMEDATALEN &&
		strncmp(name, shard_name, length - HASH_LENGTH) == 0;
}

/*
 * Is a table of this name and schema a shard?  shards: from read_shards(), or
 * null.
 */
bool
is_shard(HTAB *shards, const char *name, Oid namespace)
{
	int			length = 0;
	Shard	   *shard = shards ? find_shard(shards, name, &length) : NULL;
	char	   *table = shard ? get_rel_name(shard->table) : NULL;

	return table != NULL && get_rel_namespace(shard->table) == namespace &&
		is_name_of_shard(table, name, length);
}

/*
 * Is a table a shard?  Reads the current catalogs.
 */
bool
is_citus_shard(Oid relid)
{
	HTAB	   *shards = read_shards(NULL);
	char	   *name = get_rel_name(relid);
	bool		found = name != NULL && is_shard(shards, name, get_rel_namespace(relid));

	if (shards != NULL)
		hash_destroy(shards);
	return found;
}

/* Set shard of each table that is a shard. */
void
mark_shards(const Database *database, Snapshot snapshot)
{
	HTAB	   *shards = read_shards(snapshot);

	if (shards == NULL)
		return;
	foreach_ptr(TableFacts, table, database->tables)
		table->shard = is_shard(shards, table->name, table->namespace);
	hash_destroy(shards);
}
