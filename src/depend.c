/*
 * depend.c
 *		What rests on objects, as pg_depend knows it.
 *
 * Only what DROP without CASCADE would stop at counts: an index goes with its
 * column, a view keeps it.  Whatever goes with an object takes what goes with
 * that, so this follows pg_depend as far as DROP would.  dependents.c asks
 * other things of pg_depend.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_depend.h"

#include "junction.h"

typedef struct Dropping
{
	List	   *going;			/* ObjectAddress: what goes, to be scanned in turn */
	List	   *resting;		/* ObjectAddress: what rests on any of that */
} Dropping;

ObjectAddress *
make_address(Oid classid, Oid objid, int subid)
{
	ObjectAddress *address = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*address, classid, objid, subid);
	return address;
}

/*
 * Is it in the list, by itself or as a part of what is?
 */
static bool
has_address(List *addresses, const ObjectAddress *object)
{
	foreach_ptr(ObjectAddress, other, addresses)
		if (other->classId == object->classId && other->objectId == object->objectId &&
			(other->objectSubId == 0 || other->objectSubId == object->objectSubId))
			return true;
	return false;
}

/*
 * What a row of pg_depend is of: for the expression of a generated column, that
 * column.
 */
static ObjectAddress
dependent_object(Form_pg_depend dep)
{
	if (dep->classid == AttrDefaultRelationId)
		return GetAttrDefaultColumnAddress(dep->objid);
	return (ObjectAddress) {dep->classid, dep->objid, dep->objsubid};
}

/*
 * Sort what depends on an object into what goes with it and what rests on it.
 */
static void
sort_dependents(Dropping *dropping, const ObjectAddress *object)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_dependents_of(&scan, object->classId, object->objectId, object->objectSubId, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress dependent = dependent_object(dep);
		List	  **list = dep->deptype == DEPENDENCY_NORMAL ? &dropping->resting : &dropping->going;

		if (!has_address(*list, &dependent))
			*list = lappend(*list, make_address(dependent.classId, dependent.objectId,
												dependent.objectSubId));
	}
	end_scan(&scan);
}

/*
 * The objects that rest on these (ObjectAddress) and do not go with them, in
 * words; null if there are none.  follow: also those that rest on what goes
 * with them.
 *
 *	"view a, function b()"
 */
char *
describe_dependents(List *objects, bool follow)
{
	Dropping	dropping = {.going = list_copy(objects)};
	int			count = list_length(objects);
	StringInfoData buf;

	for (int i = 0; i < (follow ? list_length(dropping.going) : count); i++)
		sort_dependents(&dropping, list_nth(dropping.going, i));

	initStringInfo(&buf);
	foreach_ptr(ObjectAddress, object, dropping.resting)
	{
		char	   *description;

		if (has_address(dropping.going, object))
			continue;
		description = getObjectDescription(object, true);
		if (description != NULL)
			appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", description);
	}
	return buf.len > 0 ? buf.data : NULL;
}
