/*
 * accessors.c
 *		Adds to the facts of tables the accessors that return their rows:
 *		functions of junction.create_accessors, known by their comment.
 *
 * The body of such a function is stored as query trees, which return the columns that
 * the table had when the function was made.  None of these can be dropped without the
 * function, so they are the first of those that the table has.  A function that has
 * such a comment, but no such body, is left out; and so is one of a role to whom the
 * junction does not belong, which could have any comment.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_description.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns the last query of a body: BEGIN ATOMIC ... END is a list of a list of
 * queries, RETURN a query.  Null if there is none.
 */
static Query *
last_query(Node *body)
{
	/* an empty list of queries is null */
	if (body != NULL && IsA(body, List))
		body = linitial((List *) body);
	if (body != NULL && IsA(body, List))
		body = llast((List *) body);
	return body != NULL && IsA(body, Query) ? (Query *) body : NULL;
}

/*
 * Returns the junction (OID) of an accessor that returns rows of a table: of the
 * relations that it reads, the one that references the table and all others.
 * InvalidOid if there is none.
 */
static Oid
junction_among(const Database *database, List *relations, Oid returned)
{
	foreach_oid(relid, relations)
	{
		TableFacts *table = find_table(database, relid);
		List	   *parents = NIL;

		foreach_ptr(ForeignKeyFacts, key, table ? table->foreign_keys : NIL)
			parents = lappend_oid(parents, key->parent);
		if (list_member_oid(parents, returned) &&
			list_difference_oid(relations, lappend_oid(parents, relid)) == NIL)
			return relid;
	}
	return InvalidOid;
}

/*
 * Returns the number of columns of a query's result; 0 if it is one of this row type,
 * which has whatever columns the row has.
 */
static int
count_columns(const Query *query, Oid row_type)
{
	int			count = 0;

	foreach_ptr(TargetEntry, entry, query->targetList)
		count += entry->resjunk || exprType((Node *) entry->expr) == row_type ? 0 : 1;
	return count;
}

/*
 * Add a function to the table whose rows it returns, if it returns any.  kind: what
 * its comment calls it.
 */
static void
add_accessor(const Database *database, HeapTuple tuple, TupleDesc desc, const char *kind)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	TableFacts *table = find_table(database, get_typ_typrelid(form->prorettype));
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_proc_prosqlbody, desc, &isnull);
	Query	   *query = table == NULL || isnull ? NULL : last_query(stringToNode(TextDatumGetCString(value)));
	AccessorFacts *accessor;

	if (query == NULL)
		return;
	accessor = palloc0(sizeof(AccessorFacts));
	accessor->function = form->oid;
	accessor->kind = pstrdup(kind);
	accessor->junction = junction_among(database, relations_read((Node *) query), table->oid);
	accessor->ncolumns = count_columns(query, form->prorettype);
	if (OidIsValid(accessor->junction) && accessor->ncolumns > 0 &&
		is_table_of_role(accessor->junction, form->proowner))
		table->accessors = lappend(table->accessors, accessor);
}

/*
 * Adds an accessor to the table whose rows it returns, from its comment: a row of
 * pg_description.  Does nothing for the comment of another object.
 */
void
read_accessor(const Database *database, HeapTuple comment_tuple, TupleDesc comment_desc, Snapshot snapshot)
{
	Form_pg_description form = (Form_pg_description) GETSTRUCT(comment_tuple);
	CatalogScan scan;
	HeapTuple	tuple;
	bool		isnull;
	char	   *comment;

	/* initdb's functions have comments too */
	if (form->classoid != ProcedureRelationId || form->objoid < FirstNormalObjectId)
		return;
	comment = TextDatumGetCString(heap_getattr(comment_tuple, Anum_pg_description_description, comment_desc, &isnull));
	if (strncmp(comment, ACCESSOR_MARK, strlen(ACCESSOR_MARK)) != 0)
		return;
	scan_catalog_for(&scan, ProcedureRelationId, ProcedureOidIndexId, Anum_pg_proc_oid, form->objoid,
					 snapshot);
	if ((tuple = next_row(&scan)) != NULL)
		add_accessor(database, tuple, RelationGetDescr(scan.catalog), comment + strlen(ACCESSOR_MARK));
	end_scan(&scan);
}
