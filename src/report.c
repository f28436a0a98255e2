/*
 * report.c
 *		Set-returning functions that list and describe: every junction, and
 *		every finding.
 *
 * Both read the catalogs once (catalog.c) in one snapshot and lock no table,
 * so they can run beside anything.  What a table holds is not looked at, so
 * anyone may ask; the catalogs are open to all.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "junction.h"

/*
 * The junctions of the database, or the one table if that is one.
 */
static List *
find_junctions(Oid relid)
{
	Snapshot	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	List	   *junctions = NIL;

	foreach_ptr(TableFacts, table, read_tables(relid, snapshot))
	{
		Junction   *junction = classify(table);

		if (junction->kind != JUNCTION_NONE)
			junctions = lappend(junctions, junction);
	}
	UnregisterSnapshot(snapshot);
	return junctions;
}

static Datum
text_array(List *strings)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(strings));

	foreach_ptr(char, string, strings)
		elements[foreach_current_index(string)] = CStringGetTextDatum(string);
	return PointerGetDatum(construct_array(elements, list_length(strings), TEXTOID,
										   -1, false, TYPALIGN_INT));
}

/*
 * An array of regclass with null for InvalidOid.
 */
static Datum
regclass_array(List *oids)
{
	int			count = list_length(oids);
	Datum	   *elements = palloc(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);
	int			lower = 1;

	foreach_oid(oid, oids)
	{
		elements[foreach_current_index(oid)] = ObjectIdGetDatum(oid);
		nulls[foreach_current_index(oid)] = !OidIsValid(oid);
	}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &count, &lower, REGCLASSOID,
											  sizeof(Oid), true, TYPALIGN_INT));
}

static void
put_text(Datum *value, bool *isnull, const char *string)
{
	*isnull = string == NULL;
	if (string != NULL)
		*value = CStringGetTextDatum(string);
}

static void
return_junction(ReturnSetInfo *rsinfo, const Junction *junction)
{
	Datum		values[8] = {0};
	bool		nulls[8] = {0};
	int			i = 0;
	List	   *endpoints = NIL;
	List	   *parents = NIL;
	List	   *served_by = NIL;
	List	   *own_columns = NIL;

	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		endpoints = lappend(endpoints, column_list(endpoint_columns(junction, endpoint)));
		parents = lappend_oid(parents, endpoint->key->parent);
		served_by = lappend_oid(served_by, endpoint->served_by ? endpoint->served_by->oid : InvalidOid);
	}
	foreach_ptr(ColumnFacts, column, junction->own_columns)
		own_columns = lappend(own_columns, column->name);

	values[i++] = ObjectIdGetDatum(junction->table->oid);
	values[i++] = CStringGetTextDatum(kind_name(junction->kind));
	values[i++] = text_array(endpoints);
	values[i++] = regclass_array(parents);
	values[i++] = regclass_array(served_by);
	nulls[i] = junction->pair_key == NULL;
	values[i++] = ObjectIdGetDatum(junction->pair_key ? junction->pair_key->oid : InvalidOid);
	put_text(&values[i], &nulls[i],
			 junction->pair_key && junction->pair_key->predicate ?
			 predicate_text(junction->table, junction->pair_key) : NULL);
	i++;
	values[i++] = text_array(own_columns);
	Assert(i == 8);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_list);

/*
 * junction._junctions(), below the view junction.junctions: a row for every
 * junction of the database.  Raises nothing.
 */
Datum
junction_list(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	foreach_ptr(Junction, junction, find_junctions(InvalidOid))
		return_junction((ReturnSetInfo *) fcinfo->resultinfo, junction);
	return (Datum) 0;
}

static void
return_finding(ReturnSetInfo *rsinfo, const Finding *finding)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {0};
	int			i = 0;

	values[i++] = ObjectIdGetDatum(finding->junction);
	values[i++] = CStringGetTextDatum(finding->rule);
	values[i++] = CStringGetTextDatum(finding->severity);
	values[i++] = text_array(finding->columns);
	values[i++] = CStringGetTextDatum(finding->message);
	put_text(&values[i], &nulls[i], finding->detail);
	i++;
	put_text(&values[i], &nulls[i], finding->fix);
	i++;
	Assert(i == 7);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * The names that the fixes for a schema have taken so far.
 */
static NameSpace *
name_space(List **spaces, const Junction *junction)
{
	NameSpace  *space;

	foreach_ptr(NameSpace, other, *spaces)
		if (other->namespace == junction->table->namespace)
			return other;
	space = palloc0(sizeof(NameSpace));
	space->namespace = junction->table->namespace;
	*spaces = lappend(*spaces, space);
	return space;
}

PG_FUNCTION_INFO_V1(junction_report);

/*
 * junction.report(relation regclass) returns setof junction.finding
 *
 * Over the whole database if relation is null; else over that table, of which
 * nothing is returned if it is no junction.  42809 for what is no table or is
 * a partition, 42P01 for what is gone.
 */
Datum
junction_report(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);

	List	   *spaces = NIL;

	if (!PG_ARGISNULL(0))
		check_table_kind(relid);
	InitMaterializedSRF(fcinfo, 0);
	foreach_ptr(Junction, junction, find_junctions(relid))
		foreach_ptr(Finding, finding, apply_rules(junction, name_space(&spaces, junction)))
			return_finding((ReturnSetInfo *) fcinfo->resultinfo, finding);
	return (Datum) 0;
}
