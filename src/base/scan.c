/*
 * scan.c
 *		Scans a catalog: all of its rows, or by an index the rows of one
 *		object.
 *
 * snapshot: the scan returns the rows that this snapshot sees; if it is null,
 * those of the current catalog snapshot.  The catalog is locked in ACCESS
 * SHARE mode until end_scan().
 *
 * A scan of all rows reads the heap directly (heap_getnext).
 * systable_getnext() uses a slot and checks for logical decoding at each row,
 * which takes longer than most callers spend on the row.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_depend.h"
#include "utils/fmgroids.h"

#include "base/base.h"

/*
 * Start a scan of all rows.
 */
void
scan_catalog(CatalogScan *scan, Oid catalog, Snapshot snapshot)
{
	scan->catalog = table_open(catalog, AccessShareLock);
	scan->by_index = NULL;
	/* no synchronized scan: rows come in physical order, mostly that of creation */
	scan->all = snapshot ?
		table_beginscan_strat(scan->catalog, snapshot, 0, NULL, true, false) :
		table_beginscan_catalog(scan->catalog, 0, NULL);
}

/*
 * Start a scan of the rows whose column attnum, of type oid, equals the
 * object. index: an index of the catalog that begins with this column.
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
 * Start a scan of pg_depend for the objects that depend on an object; if subid
 * is not 0, for those that depend on this column of it.
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
 * Start a scan of pg_depend for what an object depends on.
 */
void
scan_references_of(CatalogScan *scan, Oid classid, Oid objid, Snapshot snapshot)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(objid));
	scan->catalog = table_open(DependRelationId, AccessShareLock);
	scan->by_index = systable_beginscan(scan->catalog, DependDependerIndexId, true, snapshot, 2, keys);
	scan->all = NULL;
}

/*
 * Returns the next row, or null after the last.  The row is valid until the
 * next call of next_row() or end_scan().
 */
HeapTuple
next_row(CatalogScan *scan)
{
	return scan->all ? heap_getnext(scan->all, ForwardScanDirection) :
		systable_getnext(scan->by_index);
}

/* End the scan and unlock the catalog. */
void
end_scan(CatalogScan *scan)
{
	if (scan->all)
		table_endscan(scan->all);
	else
		systable_endscan(scan->by_index);
	table_close(scan->catalog, AccessShareLock);
}
