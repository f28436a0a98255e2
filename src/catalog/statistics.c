/*
 * statistics.c
 *		How large tables are, and how many distinct values the planner expects
 *		in their columns.
 *
 * All of it is estimates, which VACUUM and ANALYZE have left in the catalogs.
 * Nothing is locked or opened, so a table that is dropped meanwhile causes no
 * error.  The estimates are not read in the snapshot of the facts: VACUUM
 * updates pg_class in place, so no snapshot keeps its older values.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/attoptcache.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns the OIDs of a table and of its partitions on all levels.
 */
List *
with_partitions(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
		list_inheritors(relid) : list_make1_oid(relid);
}

/*
 * Add a relation's rows and pages to a size.  rows: -1 if VACUUM and ANALYZE
 * have never seen it.
 */
static void
add_to_size(TableSize *size, double rows, uint32 pages)
{
	if (rows < 0)
	{
		size->complete = false;
		return;
	}
	size->rows = Max(size->rows, 0) + rows;
	size->bytes = Max(size->bytes, 0) + (int64) pages * BLCKSZ;
}

/*
 * Returns the size of a table, by pg_class as it is now.  Of a partitioned
 * table, the sum of the partitions whose size is known.
 */
TableSize
size_now(Oid relid)
{
	TableSize	size = {.rows = -1,.bytes = -1,.complete = true};

	foreach_oid(oid, with_partitions(relid))
	{
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
		Form_pg_class form;

		if (!HeapTupleIsValid(tuple))
			continue;
		form = (Form_pg_class) GETSTRUCT(tuple);
		/* ANALYZE sets the rows of partitioned tables too, which are these again */
		if (form->relkind != RELKIND_PARTITIONED_TABLE)
			add_to_size(&size, form->reltuples, form->relpages);
		ReleaseSysCache(tuple);
	}
	return size;
}

/*
 * As size_now(), but without a look-up for a table that is not partitioned.
 */
TableSize
table_size(const TableFacts *table)
{
	TableSize	size = {.rows = -1,.bytes = -1,.complete = true};

	if (table->kind == RELKIND_PARTITIONED_TABLE)
		return size_now(table->oid);
	add_to_size(&size, table->rows, table->pages);
	return size;
}

/*
 * May the caller see the statistics of a column?  As in the view pg_stats: with
 * SELECT on the table or the column, unless row-level security applies.  False
 * if the table has been dropped.
 */
static bool
may_see_statistics(Oid relid, AttrNumber attnum)
{
	Oid			role = GetUserId();
	bool		gone = false;

	if (pg_class_aclcheck_ext(relid, role, ACL_SELECT, &gone) != ACLCHECK_OK &&
		(gone || pg_attribute_aclcheck_ext(relid, attnum, role, ACL_SELECT, &gone) != ACLCHECK_OK))
		return false;
	return !gone && check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}

/*
 * Returns a number of distinct values as a count.  distinct: as in
 * pg_statistic.stadistinct, where a negative number is a fraction of the rows,
 * and 0 unknown.  Returns 0 if unknown.
 */
static double
distinct_count(double distinct, double rows)
{
	return distinct < 0 ? -distinct * Max(rows, 0) : distinct;
}

/*
 * Set *distinct to the number of distinct values that the planner expects in a
 * column of a table of so many rows.  Returns false if the caller may not see
 * the column's statistics.
 *
 * For a partitioned table these are the statistics of the whole tree.  For any
 * other table they are its own, without inheritance children: keys and foreign
 * keys do not apply to those.
 */
bool
read_distinct(const TableFacts *table, AttrNumber attnum, double rows, DistinctFacts *distinct)
{
	bool		tree = table->kind == RELKIND_PARTITIONED_TABLE;
	HeapTuple	tuple;
	AttributeOpts *options;

	memset(distinct, 0, sizeof(DistinctFacts));
	if (!may_see_statistics(table->oid, attnum))
		return false;
	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(table->oid), Int16GetDatum(attnum),
							BoolGetDatum(tree));
	if (HeapTupleIsValid(tuple))
	{
		distinct->expected =
			distinct_count(((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct, rows);
		ReleaseSysCache(tuple);
	}
	options = get_attribute_options(table->oid, attnum);
	if (options != NULL)
		distinct->set = distinct_count(tree ? options->n_distinct_inherited : options->n_distinct,
									   rows);
	return true;
}
