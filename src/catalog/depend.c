/*
 * depend.c
 *		Finds the objects that depend on others, by pg_depend.
 *
 * describe_dependents() returns the objects at which DROP without CASCADE
 * would stop.  An index on a column is dropped with the column; a view of the
 * column stops the drop.  find_row_user() looks for what uses a row type.
 * promote/dependents.c reads pg_depend for other questions.
 *
 * The current catalogs are read; nothing is locked.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
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
 * An expression_tree_walker: has a parameter, a constant or a row constructor one of
 * the types?  A row that is read from the table does not count.
 */
static bool
uses_type(Node *node, void *types)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, uses_type, types, 0);
	if ((IsA(node, Param) || IsA(node, Const) || IsA(node, RowExpr)) &&
		list_member_oid(types, exprType(node)))
		return true;
	return expression_tree_walker(node, uses_type, types);
}

/*
 * Does a row of a catalog hold an expression, in whichever column, that uses one of
 * the types?
 */
static bool
row_uses_type(HeapTuple tuple, TupleDesc desc, List *types)
{
	for (int i = 0; i < desc->natts; i++)
	{
		bool		isnull;
		Datum		tree;

		if (TupleDescAttr(desc, i)->atttypid != PG_NODE_TREEOID)
			continue;
		tree = heap_getattr(tuple, i + 1, desc, &isnull);
		if (!isnull && uses_type(stringToNode(TextDatumGetCString(tree)), types))
			return true;
	}
	return false;
}

/*
 * Returns the dependent as "function words(part)", if it is an expression that uses
 * one of the types, and the server stops at such; else null.
 */
static char *
describe_expression(Form_pg_depend dep, List *types)
{
	bool		is_index = dep->classid == RelationRelationId && get_rel_relkind(dep->objid) == RELKIND_INDEX;
	ObjectAddress address = {dep->classid, dep->objid, 0};
	Relation	catalog;
	HeapTuple	tuple;
	bool		uses;

	if (!SERVER_FINDS_ROW_EXPRESSIONS() || dep->classid == TypeRelationId ||
		(dep->classid == RelationRelationId && !is_index))
		return NULL;
	catalog = table_open(is_index ? IndexRelationId : dep->classid, AccessShareLock);
	tuple = get_catalog_object_by_oid(catalog, is_index ? Anum_pg_index_indexrelid :
									  get_object_attnum_oid(dep->classid), dep->objid);
	uses = HeapTupleIsValid(tuple) && row_uses_type(tuple, RelationGetDescr(catalog), types);
	table_close(catalog, AccessShareLock);
	return uses ? getObjectDescription(&address, true) : NULL;
}

/*
 * Follow one dependency on a type.  Returns "column "table.column"" if it is a
 * column of a relation that has storage or partitions.  Otherwise returns null,
 * and adds to types a type that contains this one, or the row type of a relation
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
		return psprintf("column \"%s.%s\"", display_name(dep->objid), get_attname(dep->objid, attnum, true));
	if (OidIsValid(get_rel_type_id(dep->objid)))
		*types = list_append_unique_oid(*types, get_rel_type_id(dep->objid));
	return NULL;
}

/*
 * Returns what keeps PostgreSQL from rewriting the table of a row type: a column
 * that stores values of it, directly or within another type; or else an expression
 * that uses such values, as does the body of an accessor that lists what a row is
 * linked with; null if there is neither.  Its own function
 * find_composite_type_dependencies() checks the same, but locks the type, which a
 * dry run must not do.
 */
char *
find_row_user(Oid row_type)
{
	List	   *types = list_make1_oid(row_type);
	char	   *column = NULL;
	char	   *expression = NULL;

	for (int i = 0; i < list_length(types) && column == NULL; i++)
	{
		Oid			type = list_nth_oid(types, i);
		CatalogScan scan;
		HeapTuple	tuple;

		scan_dependents_of(&scan, TypeRelationId, type, 0, NULL);
		while (column == NULL && (tuple = next_row(&scan)) != NULL)
		{
			Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

			column = follow_type(dep, type, &types);
			if (expression == NULL)
				expression = describe_expression(dep, types);
		}
		end_scan(&scan);
	}
	return column ? column : expression;
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
