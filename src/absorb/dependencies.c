/*
 * dependencies.c
 *		junction.dependencies: which ends of a multiway table decide which, and
 *		which ways to take it apart are lossless, counted in its rows.
 */
#include "postgres.h"

#include "access/relation.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Returns the table as a multiway junction; 42809 if it is not one.  The caller
 * has locked the table.
 */
Junction *
require_multiway(Oid relid)
{
	Junction   *junction = require_junction(relid);

	if (junction->kind != JUNCTION_MULTIWAY)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" does not link more than two tables", display_name(relid)),
				 errdetail("Its kind is \"%s\", and its ends are (%s).", kind_name(junction->kind),
						   column_list(pair_columns(junction))),
				 errhint("A multiway table has a key that holds the columns of three or more foreign keys.")));
	return junction;
}

/*
 * Add a row for a dependency to the result: do these ends decide that one?
 */
static void
return_dependency(ReturnSetInfo *rsinfo, const Junction *junction, EndRows *read,
				  List *determinant, const Endpoint *dependent)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {0};
	Bitmapset  *columns = NULL;
	int64		exceptions;
	int64		rows;
	int			i = 0;

	foreach_ptr(Endpoint, end, determinant)
		columns = bms_union(columns, end->columns);
	count_exceptions(junction, read, columns, dependent->columns, &exceptions, &rows);

	values[i++] = names_to_array(columns_of_ends(junction, determinant));
	values[i++] = names_to_array(endpoint_columns(junction, dependent));
	values[i++] = Int64GetDatum(exceptions);
	values[i++] = Int64GetDatum(rows);
	while (i < 7)
		nulls[i++] = true;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * Add a row for a way to take the table apart to the result.
 */
static void
return_way(ReturnSetInfo *rsinfo, const Junction *junction, const CountedWay *way, int64 rows)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {true, true, true};
	int			i = 3;

	values[i++] = Int64GetDatum(rows);
	values[i++] = names_to_array(describe_parts(junction, way->parts));
	nulls[i] = way->spurious < 0;
	values[i++] = BoolGetDatum(way->spurious == 0);
	nulls[i] = way->spurious < 0;
	values[i++] = Int64GetDatum(way->spurious);
	Assert(i == 7);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * Add the rows for all dependencies to the result: of each end on each other,
 * then of each end on each two others.
 */
static void
return_dependencies(ReturnSetInfo *rsinfo, const Junction *junction, EndRows *read)
{
	foreach_ptr(Endpoint, determinant, junction->endpoints)
		foreach_ptr(Endpoint, dependent, junction->endpoints)
			if (dependent != determinant)
				return_dependency(rsinfo, junction, read, list_make1(determinant), dependent);

	foreach_ptr(Endpoint, first, junction->endpoints)
		foreach_ptr(Endpoint, second, junction->endpoints)
			foreach_ptr(Endpoint, dependent, junction->endpoints)
				if (foreach_current_index(first) < foreach_current_index(second) &&
					dependent != first && dependent != second)
					return_dependency(rsinfo, junction, read, list_make2(first, second), dependent);
}

PG_FUNCTION_INFO_V1(junction_dependencies);

/*
 * junction.dependencies(junction regclass)
 *	returns table (determinant text[], dependent text[], exceptions bigint,
 *		rows bigint, parts text[], lossless bool, spurious bigint)
 *
 * Locks the table in ACCESS SHARE mode until the transaction ends.  22004 for a
 * null, 42P01 for a table that is gone, 42809 for what is not a multiway table,
 * 42501 if the caller may not read every row.
 */
Datum
junction_dependencies(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"junction"};
	static const char *const reason = "The values of all rows are compared.";
	Oid			relid = PG_GETARG_OID(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel;
	Junction   *junction;
	EndRows    *read;
	int64		rows;

	check_arguments(fcinfo, required, lengthof(required));
	check_table_kind(relid);
	check_reads_all(relid, reason);
	rel = open_table_to_reference(relid, AccessShareLock);
	junction = require_multiway(relid);
	check_reads_all(relid, reason);
	InitMaterializedSRF(fcinfo, 0);
	read = read_end_rows(junction);
	return_dependencies(rsinfo, junction, read);
	rows = count_combinations(junction, read);
	foreach_ptr(CountedWay, way, count_ways(junction, read, rows))
		return_way(rsinfo, junction, way, rows);
	relation_close(rel, NoLock);
	return (Datum) 0;
}
