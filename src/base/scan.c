/*
 * scan.c
 *		The rows of a catalog: all of them, or by an index those of one object.
 *
 * Both in the snapshot given, or with none in that of the moment.  All rows
 * are read by the heap's own scan: what systable_getnext() does between two
 * rows, slots and checks for a transaction that is being decoded, takes
 * longer than most rows do here.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "utils/fmgroids.h"

#include "base/base.h"

/*
 * Start a scan for all rows.
 */
void
scan_catalog(CatalogScan *scan, Oid catalog, Snapshot snapshot)
{
	scan->catalog = table_open(catalog, AccessShareLock);
	scan->by_index = NULL;
	/* rows mostly stand as they were made, and are wanted so: no sync scan */
	scan->all = snapshot ?
		table_beginscan_strat(scan->catalog, snapshot, 0, NULL, true, false) :
		table_beginscan_catalog(scan->catalog, 0, NULL);
}

/*
 * Start a scan for the rows that have that object in that column.
 */
void
scan_catalog_for(CatalogScan *scan, Oid catalog, Oid index, AttrNumber attnum, Oid object,
				 Snapshot snapshot)
{
	ScanKeyData key;

	ScanKeyInit(&key, attnum, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
	scan->catalog = table_open(catalog, AccessShareLock);
	scan->by_index = systable_beginscan(scan->catalog, index, true, snapshot, 1, &key);
	scan->all = NULL;
}

/*
 * Start a scan of pg_depend for what depends on an object, or, if subid is
 * not 0, on that part of it.
 */
void
scan_dependents_of(CatalogScan *scan, Oid classid, Oid objid, int subid, Snapshot snapshot)
{
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(objid));
	ScanKeyInit(&keys[2], Anum_pg_depend_refobjsubid, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(subid));
	scan->catalog = table_open(DependRelationId, AccessShareLock);
	scan->by_index = systable_beginscan(scan->catalog, DependReferenceIndexId, true, snapshot,
										subid == 0 ? 2 : 3, keys);
	scan->all = NULL;
}

/*
 * The next row, null after the last.  It is good until the next is asked for.
 */
HeapTuple
next_row(CatalogScan *scan)
{
	return scan->all ? heap_getnext(scan->all, ForwardScanDirection) :
		systable_getnext(scan->by_index);
}

void
end_scan(CatalogScan *scan)
{
	if (scan->all)
		table_endscan(scan->all);
	else
		systable_endscan(scan->by_index);
	table_close(scan->catalog, AccessShareLock);
}
