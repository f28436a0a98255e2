/*
 * inheritors.c
 *		The tables below a table, without a lock.
 *
 * PostgreSQL's find_all_inheritors() looks each table up in pg_class, and raises
 * an internal error for one that is not there.  What it lists with NoLock can be
 * dropped before it comes to it.  So who locks nothing uses list_inheritors();
 * who locks the tables on the way, find_all_inheritors().
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "utils/fmgroids.h"

#include "base/base.h"

/*
 * Returns the OIDs of a relation's children, in ascending order.  A partition
 * that is being detached (DETACH PARTITION CONCURRENTLY) is none any more.
 */
static List *
list_children(Oid relid)
{
	List	   *children = NIL;
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog_for(&scan, InheritsRelationId, InheritsParentIndexId, Anum_pg_inherits_inhparent,
					 relid, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_inherits form = (Form_pg_inherits) GETSTRUCT(tuple);

		if (!form->inhdetachpending)
			children = lappend_oid(children, form->inhrelid);
	}
	end_scan(&scan);
	list_sort(children, list_oid_cmp);
	return children;
}

/*
 * Returns the OIDs of a relation and of all that inherit from it, partitions and
 * the parts of an index too, on all levels and each once; from the top, as
 * find_all_inheritors() does.  Of a relation that is gone, only its own OID.
 */
List *
list_inheritors(Oid relid)
{
	List	   *inheritors = list_make1_oid(relid);

	/* the list grows on the way */
	foreach_oid(one, inheritors)
		inheritors = list_concat_unique_oid(inheritors, list_children(one));
	return inheritors;
}
