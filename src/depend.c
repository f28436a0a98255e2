/*
 * depend.c
 *		What rests on an object, as pg_depend knows it.
 *
 * Only what DROP without CASCADE would stop at counts: an index goes with its
 * column, a view keeps it.  dependents.c asks more of pg_depend, and other
 * things.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_depend.h"
#include "utils/fmgroids.h"

#include "junction.h"

/*
 * What rests on it: for the expression of a generated column, that column.
 */
static ObjectAddress
dependent_object(Form_pg_depend dep)
{
	if (dep->classid == AttrDefaultRelationId)
		return GetAttrDefaultColumnAddress(dep->objid);
	return (ObjectAddress) {dep->classid, dep->objid, dep->objsubid};
}

/*
 * Add to a list of descriptions those of the objects that rest on this one; or,
 * if columns are given, on one of these columns of the table, other than the
 * columns themselves.  None comes twice.
 */
List *
add_dependents(List *descriptions, Oid classid, Oid objid, const Bitmapset *columns)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(classid));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(objid));
	scan = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress object;
		char	   *description;

		if (dep->deptype != DEPENDENCY_NORMAL)
			continue;
		object = dependent_object(dep);
		if (columns != NULL &&
			(!bms_is_member(dep->refobjsubid, columns) ||
			 (object.objectId == objid && bms_is_member(object.objectSubId, columns))))
			continue;
		description = getObjectDescription(&object, true);
		if (description != NULL && !list_has_name(descriptions, description))
			descriptions = lappend(descriptions, description);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return descriptions;
}

/*
 * "view a, function b()"
 */
char *
join_descriptions(List *descriptions)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, description, descriptions)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", description);
	return buf.data;
}
