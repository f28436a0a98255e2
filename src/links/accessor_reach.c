/*
 * accessor_reach.c
 *		Builds the accessor "reach" of a relation of a table to itself: what can
 *		be reached from a row by links in one direction, breadth first.
 *
 * The recursive query has one row for each depth: the keys that were reached
 * there, and all before.  So a key is reached once, by its shortest way, whatever
 * the number of ways; cycles end, and no way is kept.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * Refuse a relation of two tables (22023), and ends of several columns or of two
 * types (0A000).
 */
void
check_reach(const Accessors *accessors)
{
	const char *name = display_name(accessors->table->oid);

	if (accessors->left.parent->oid != accessors->right.parent->oid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a relation of a table to itself", name),
				 errhint("Leave out the accessor \"reach\".")));
	if (list_length(accessors->left.own) != 1 || list_length(accessors->right.own) != 1 ||
		value_type(((AccessorColumn *) linitial(accessors->left.own))->column) !=
		value_type(((AccessorColumn *) linitial(accessors->right.own))->column))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the accessor \"reach\" takes ends of one column, of the same type"),
				 errdetail("Those of \"%s\" are not.", name)));
}

/*
 * Returns the condition of the shared columns: "link.tenant_id = $1 AND "
 */
static char *
shared_condition(const Accessors *accessors)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, accessors->fixed)
		if (!list_member_ptr(accessors->left.own, column))
			appendStringInfo(&buf, "%s %s $%d AND ", column_of("link", column->column),
							 operator_text(column->equality), foreach_current_index(column) + 1);
	return buf.data;
}

/*
 * Returns the function:
 *
 *	reach_follows(from_id integer, max_depth integer DEFAULT NULL)
 *	RETURNS TABLE (id integer, depth integer)
 */
AccessorFunction *
reach_accessor(const Accessors *accessors)
{
	const AccessorColumn *from = linitial(accessors->left.own);
	const AccessorColumn *to = linitial(accessors->right.own);
	AccessorFunction *function = new_accessor(ACCESSOR_REACH, psprintf("reach_%s", accessors->table->name));
	int			number = list_length(accessors->fixed);
	const char *type = type_text(value_type(to->column), -1);
	const char *depth = strcmp(to->parent->name, "depth") == 0 ? "depth_1" : "depth";
	char	   *start = psprintf("ARRAY[$%d%s]", number, collate_as(to->column));

	foreach_ptr(AccessorColumn, column, accessors->fixed)
		add_parameter(function, column == from ? psprintf("from_%s", from->parent->name) : column->column->name,
					  value_type(column->column), false);
	add_parameter(function, "max_depth", INT4OID, true);
	function->returns = psprintf("TABLE (%s %s, %s integer)", quote_identifier(to->parent->name), type, depth);
	function->attributes = "STABLE PARALLEL SAFE";
	function->body = psprintf("    WITH RECURSIVE level (depth, reached, seen) AS (\n"
							  "        SELECT 0, %s, %s\n"
							  "        UNION ALL\n"
							  "        SELECT level.depth OPERATOR(pg_catalog.+) 1, next.reached, level.seen OPERATOR(pg_catalog.||) next.reached\n"
							  "        FROM level CROSS JOIN LATERAL (\n"
							  "            SELECT pg_catalog.array_agg(step.key ORDER BY step.key) FROM (\n"
							  "                SELECT CAST(%s AS %s) FROM %s WHERE %s%s %s ANY (level.reached)\n"
							  "                EXCEPT SELECT seen.key FROM pg_catalog.unnest(level.seen) AS seen (key)\n"
							  "            ) AS step (key)\n"
							  "        ) AS next (reached)\n"
							  "        WHERE next.reached IS NOT NULL\n"
							  "        AND ($%d IS NULL OR level.depth OPERATOR(pg_catalog.<) $%d)\n"
							  "    )\n"
							  "    SELECT found.key, level.depth FROM level CROSS JOIN LATERAL pg_catalog.unnest(level.reached) AS found (key)\n"
							  "    WHERE level.depth OPERATOR(pg_catalog.>) 0;\n",
							  start, start, column_of("link", to->column), type,
							  live_links(accessors, list_concat_copy(accessors->fixed, accessors->right.own), "link"),
							  shared_condition(accessors), column_of("link", from->column),
							  operator_text(from->equality), number + 1, number + 1);
	add_lock(&function->locks, accessors->table->oid, AccessShareLock);
	return function;
}
