/*
 * depend.c
 *		What rests on objects, as pg_depend knows it.
 *
 * Only what DROP without CASCADE would stop at counts: an index goes with its
 * column, a view keeps it.  Whatever goes with an object takes what goes with
 * that, so this follows pg_depend as far as DROP would.  promote/dependents.c asks
 * other things of pg_depend.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

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

/*
 * The column of a relation that a dependency on a type is of: the one that it
 * names, or else the first of that type (an index of an expression depends as a
 * whole); 0 if the type is not stored.
 */
static AttrNumber
dependent_column(Form_pg_depend dep, Oid type)
{
	if (dep->objsubid > 0)
		return dep->objsubid;
	for (AttrNumber attnum = 1; SearchSysCacheExists2(ATTNUM, ObjectIdGetDatum(dep->objid),
													  Int16GetDatum(attnum)); attnum++)
		if (get_atttype(dep->objid, attnum) == type)
			return attnum;
	return 0;
}

/*
 * Follow one dependency on a type: a type that contains it, or a relation
 * without storage, adds its own to the list; returns "table.column" for a column
 * that stores it, else null.
 */
static char *
follow_type(Form_pg_depend dep, Oid type, List **types)
{
	AttrNumber	attnum;
	char		kind;

	if (dep->classid == TypeRelationId)
		*types = list_append_unique_oid(*types, dep->objid);
	if (dep->classid != RelationRelationId)
		return NULL;
	attnum = dependent_column(dep, type);
	if (attnum == 0)
		return NULL;
	kind = get_rel_relkind(dep->objid);
	if (RELKIND_HAS_STORAGE(kind) || RELKIND_HAS_PARTITIONS(kind))
		return psprintf("%s.%s", display_name(dep->objid), get_attname(dep->objid, attnum, true));
	if (OidIsValid(get_rel_type_id(dep->objid)))
		*types = list_append_unique_oid(*types, get_rel_type_id(dep->objid));
	return NULL;
}

/*
 * A column that stores values of a row type, itself or within another type, as
 * "table.column"; null if none does.  The table of the row type cannot be
 * rewritten then.  PostgreSQL asks the same (find_composite_type_dependencies),
 * but locks the type to do so, which a dry run must not.
 */
char *
find_stored_row(Oid row_type)
{
	List	   *types = list_make1_oid(row_type);
	char	   *column = NULL;

	for (int i = 0; i < list_length(types) && column == NULL; i++)
	{
		Oid			type = list_nth_oid(types, i);
		CatalogScan scan;
		HeapTuple	tuple;

		scan_dependents_of(&scan, TypeRelationId, type, 0, NULL);
		while (column == NULL && (tuple = next_row(&scan)) != NULL)
			column = follow_type((Form_pg_depend) GETSTRUCT(tuple), type, &types);
		end_scan(&scan);
	}
	return column;
}
