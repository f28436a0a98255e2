/*
 * depend.c
 *		Finds the objects that depend on others, by pg_depend.
 *
 * describe_dependents() returns the objects at which DROP without CASCADE
 * would stop.  An index on a column is dropped with the column; a view of the
 * column stops the drop.  find_stored_row() looks for stored values of a row
 * type. promote/dependents.c reads pg_depend for other questions.
 *
 * The current catalogs are read; nothing is locked.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/* The objects that a DROP concerns */
typedef struct Dropping
{
	List	   *going;			/* ObjectAddress: dropped, and scanned in turn */
	List	   *resting;		/* ObjectAddress: depend on a dropped object, and
								 * stop the DROP */
} Dropping;

/*
 * Returns a new ObjectAddress; subid is a column number, or 0 for the whole
 * object.
 */
ObjectAddress *
make_address(Oid classid, Oid objid, int subid)
{
	ObjectAddress *address = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*address, classid, objid, subid);
	return address;
}

/*
 * Does the list hold the object, or the whole of which the object is a column?
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
 * Returns the object that a row of pg_depend says is dependent.  For the
 * expression of a default or a generated column this is the column.
 */
static ObjectAddress
dependent_object(Form_pg_depend dep)
{
	if (dep->classid == AttrDefaultRelationId)
		return GetAttrDefaultColumnAddress(dep->objid);
	return (ObjectAddress) {dep->classid, dep->objid, dep->objsubid};
}

/*
 * Add the objects that depend on an object to one of two lists: normal
 * dependencies to resting, all others (automatic, internal) to going.
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
 * Returns a description of the objects that would keep these (List of
 * ObjectAddress) from being dropped, without those that are dropped too; null
 * if there are none.  follow: consider also the objects that depend on what is
 * dropped with them.
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
 * Returns the number of the column by which a relation depends on a type: the
 * column that the dependency names, or if it names none (an index on an
 * expression depends as a whole) the first column of that type; 0 if there is
 * none, so the type is not stored.
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
 * Follow one dependency on a type.  Returns "table.column" if it is a column
 * of a relation that has storage or partitions.  Otherwise returns null, and
 * adds to types a type that contains this one, or the row type of a relation
 * without storage.
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
 * Returns a column that stores values of a row type, directly or within
 * another type, as "table.column"; null if there is none.  PostgreSQL cannot
 * rewrite the table of a row type that is stored.  Its own function
 * find_composite_type_dependencies() checks the same, but locks the type,
 * which a dry run must not do.
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

/*
 * As describe_dependents(), of an index, or of the constraint that it is of.
 */
char *
describe_index_dependents(Oid index)
{
	Oid			constraint = get_index_constraint(index);

	return describe_dependents(list_make1(OidIsValid(constraint) ?
										  make_address(ConstraintRelationId, constraint, 0) :
										  make_address(RelationRelationId, index, 0)), true);
}
