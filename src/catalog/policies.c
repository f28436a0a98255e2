/*
 * policies.c
 *		Adds to the facts of tables the row-level security policies that read
 *		tables themselves.
 *
 * A SELECT on a table, and the subquery of a policy too, sees the rows that
 * USING of the table's policies FOR SELECT and FOR ALL lets through.  WITH
 * CHECK, and the policies FOR INSERT, UPDATE and DELETE, are not read: a
 * subquery of another policy does not apply them.  pg_depend has the tables of a
 * policy as well, but not which of its two expressions reads them.
 *
 * The tables that a function or a view in the policy reads are not known: they
 * may be read as another role, to whom no policy applies.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_policy.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns the roles of a policy; 0 stands for PUBLIC.
 */
static List *
policy_roles(Datum array)
{
	ArrayType  *roles = DatumGetArrayTypeP(array);
	List	   *list = NIL;

	/* of one dimension, without nulls, as CREATE POLICY makes it */
	for (int i = 0; i < ARR_DIMS(roles)[0]; i++)
		list = lappend_oid(list, ((Oid *) ARR_DATA_PTR(roles))[i]);
	return list;
}

/*
 * Add the policy of a row of pg_policy to its table, if USING reads tables.
 */
static void
add_policy(TableFacts *table, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	PolicyFacts *policy;
	List	   *relations;
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_policy_polqual, desc, &isnull);

	if (isnull)
		return;
	relations = relations_read(stringToNode(TextDatumGetCString(value)));
	if (relations == NIL)
		return;
	policy = palloc(sizeof(PolicyFacts));
	policy->name = pstrdup(NameStr(form->polname));
	policy->tables = relations;
	policy->roles = policy_roles(heap_getattr(tuple, Anum_pg_policy_polroles, desc, &isnull));
	table->policies = lappend(table->policies, policy);
}

/*
 * Set policies of each table with row security.
 */
void
read_policies(const Database *database, Snapshot snapshot)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog(&scan, PolicyRelationId, snapshot);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
		TableFacts *table = find_table(database, form->polrelid);

		if (table != NULL && table->row_security &&
			(form->polcmd == '*' || form->polcmd == ACL_SELECT_CHR))
			add_policy(table, tuple, RelationGetDescr(scan.catalog));
	}
	end_scan(&scan);
}
