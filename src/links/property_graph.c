/*
 * property_graph.c
 *		junction.create_property_graph: not on any server yet.
 *
 * CREATE PROPERTY GRAPH was announced for PostgreSQL 19.  The 19 that this was
 * built against does not have the statement, so no text of it could be tried, and
 * none is built: the function refuses, and says which of the two is the reason.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"
#include "check/check.h"
#include "links/links.h"

PG_FUNCTION_INFO_V1(junction_create_property_graph);

/*
 * junction.create_property_graph(name text, junctions regclass[], dry_run bool)
 *	returns setof junction.statement
 *
 * 0A000.
 */
Datum
junction_create_property_graph(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {[0] = "name",[2] = "dry_run"};

	check_arguments(fcinfo, required, lengthof(required));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("property graphs are not supported by this server"),
			 SERVER_MAY_HAVE_GRAPHS ?
			 errdetail("This version of junction knows no PostgreSQL 19 with CREATE PROPERTY GRAPH.") :
			 errdetail("CREATE PROPERTY GRAPH takes PostgreSQL 19 or later."),
			 errhint("Walk the links with the accessors of junction.create_accessors.")));
}
