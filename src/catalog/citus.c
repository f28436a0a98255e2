/*
 * citus.c
 *		Reads which tables Citus has distributed, and which tables are shards,
 *		if the extension citus is installed.
 *
 * Citus keeps the rows of a distributed table in shards: tables of the same
 * schema, on any of its servers, named after the distributed table and a
 * number.  It records them in two catalogs of its own, in pg_catalog:
 *
 *	pg_dist_partition	logicalrelid regclass: the distributed tables
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
 * catalogs.  An internal error if there is no such column or the value is null.
 */
static Datum
read_column(CatalogScan *scan, HeapTuple tuple, const char *column)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(scan->catalog), column);
	bool		isnull = true;
	Datum		value = (Datum) 0;

	if (attnum != InvalidAttrNumber)
		value = heap_getattr(tuple, attnum, RelationGetDescr(scan->catalog), &isnull);
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
 * Is this one of Citus' tables, with its rows in shards?  Reads the current
 * catalogs.
 */
bool
is_distributed(Oid relid)
{
	CatalogScan scan;
	HeapTuple	tuple;
	bool		found = false;

	if (!scan_citus(&scan, "pg_dist_partition", NULL))
		return false;
	while (!found && (tuple = next_row(&scan)) != NULL)
		found = DatumGetObjectId(read_column(&scan, tuple, "logicalrelid")) == relid;
	end_scan(&scan);
	return found;
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
 * Is a table of this name and schema a shard?  shards: from read_shards(), or
 * null.
 *
 * The shard 102008 of users is named users_102008.  If that exceeds 63 bytes,
 * Citus cuts the name of the table and puts a hash of it before the number:
 *
 *	user_with_a_long_na_1f0c9a2b_102008
 */
bool
is_shard(HTAB *shards, const char *name, Oid namespace)
{
	int			length = 0;
	Shard	   *shard = shards ? find_shard(shards, name, &length) : NULL;
	char	   *table = shard ? get_rel_name(shard->table) : NULL;

	if (table == NULL || get_rel_namespace(shard->table) != namespace)
		return false;
	if (strlen(table) == length && strncmp(table, name, length) == 0)
		return true;
	return length > HASH_LENGTH && name[length - HASH_LENGTH] == '_' &&
		strspn(name + length - HASH_LENGTH + 1, "0123456789abcdef") >= HASH_LENGTH - 1 &&
		strlen(table) + strlen(name + length) >= NAMEDATALEN &&
		strncmp(table, name, length - HASH_LENGTH) == 0;
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
