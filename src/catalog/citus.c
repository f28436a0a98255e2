/*
 * citus.c
 *		What Citus says of its tables, where the extension citus is installed.
 *
 * Citus keeps the rows of a distributed table in shards: tables of the same
 * schema on any of its servers, named after it and numbered.  Two catalogs of
 * its own, in pg_catalog, say which:
 *
 *	pg_dist_partition	logicalrelid regclass: the distributed tables
 *	pg_dist_shard		logicalrelid regclass, shardid bigint: their shards
 *
 * They and their columns are looked up by name, so nothing of Citus is needed
 * to build this.  Without Citus each question is one look-up that finds nothing.
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

/* What stands between a name that was cut and the number: "_" and 8 digits */
#define HASH_LENGTH	9

typedef struct Shard
{
	int64		id;				/* hash key */
	Oid			table;			/* the distributed table */
} Shard;

static bool
is_citus_installed(void)
{
	return OidIsValid(get_extension_oid("citus", true));
}

/*
 * Start a scan of one of Citus' catalogs; false if there is none.
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
 * What a row of such a catalog has in a column.
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
 * Is this a session that Citus has opened, to do a part of its own work or to
 * move shards?
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
 * Does Citus keep the rows of this table elsewhere?
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
 * All shards by their number; null if there are none.
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
			shards = hash_create("junction shards", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		shard = hash_search(shards, &id, HASH_ENTER, NULL);
		shard->table = DatumGetObjectId(read_column(&scan, tuple, "logicalrelid"));
	}
	end_scan(&scan);
	return shards;
}

/*
 * The shard of the number with which a name ends, behind a "_" that *length
 * tells the place of; null if there is none.
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
 * Is a table of this name and schema a shard?  It is called users_102008; where
 * that would be too long, the table's name is cut, and its hash stands before
 * the number: user_with_a_long_na_1f0c9a2b_102008.
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

/*
 * Mark the tables that are shards.
 */
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
