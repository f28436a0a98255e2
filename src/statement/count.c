/*
 * count.c
 *		How many rows stand in the way: of a key, of a NOT NULL, of dropping a
 *		column.
 *
 * The queries run as the table's owner, restricted (owner.c), and only where
 * the caller may see every row too: a count that a policy makes smaller is worse
 * than none, and a count tells of rows.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/*
 * How many pairs are there more than once?  Inheritance children have keys of
 * their own, and nulls are alike to none.
 */
int64
count_duplicates(Oid relid, List *columns)
{
	StringInfoData query;
	OwnerRole	role;
	int64		count;

	become_owner(&role, relid);
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT pg_catalog.count(*) FROM (SELECT FROM %s%s",
					 get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					 qualified_name(relid));
	foreach_ptr(char, column, columns)
		appendStringInfo(&query, "%s %s IS NOT NULL",
						 foreach_current_index(column) ? " AND" : " WHERE", quote_identifier(column));
	appendStringInfo(&query, " GROUP BY %s HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1) AS pairs",
					 column_list(columns));
	select_counts(query.data, &count, 1);
	become_caller(&role);
	return count;
}

/*
 * The same in words, to stand behind another sentence; nothing if the caller
 * may not know.
 */
const char *
describe_duplicates(Oid relid, List *columns)
{
	int64		count;

	if (!may_read_all(relid))
		return "";
	count = count_duplicates(relid, columns);
	if (count == 0)
		return " None is there twice today.";
	return psprintf(ngettext(" " INT64_FORMAT " pair is there more than once today.",
							 " " INT64_FORMAT " pairs are there more than once today.",
							 count), count);
}

/*
 * Is any row there, of the table or of one below it?  False where the caller may
 * not know.
 */
bool
has_rows(Oid relid)
{
	OwnerRole	role;
	int64		count;

	if (!may_read_all(relid))
		return false;
	become_owner(&role, relid);
	select_counts(psprintf("SELECT pg_catalog.count(*) FROM (SELECT FROM %s LIMIT 1) AS first",
						   qualified_name(relid)), &count, 1);
	become_caller(&role);
	return count > 0;
}

/*
 * How many rows have a null in one of these columns?
 */
int64
count_nulls(Oid relid, List *columns)
{
	StringInfoData query;
	OwnerRole	role;
	int64		count;

	become_owner(&role, relid);
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT pg_catalog.count(*) FROM %s", qualified_name(relid));
	foreach_ptr(char, column, columns)
		appendStringInfo(&query, "%s %s IS NULL",
						 foreach_current_index(column) ? " OR" : " WHERE", quote_identifier(column));
	select_counts(query.data, &count, 1);
	become_caller(&role);
	return count;
}

/*
 * How many rows link to nothing by this foreign key?
 *
 *	SELECT pg_catalog.count(*) FROM ONLY public.user_orgs AS link
 *	WHERE link.org_id IS NOT NULL AND NOT EXISTS (
 *		SELECT FROM public.orgs AS parent
 *		WHERE parent.id OPERATOR(pg_catalog.=) link.org_id)
 *
 * -1 if the table's owner, as whom they are counted, may not read all of the
 * parent.
 */
int64
count_orphans(const TableFacts *table, const ForeignKeyFacts *key)
{
	StringInfoData query;
	StringInfoData matches;
	OwnerRole	role;
	int64		count = -1;

	become_owner(&role, table->oid);
	initStringInfo(&query);
	initStringInfo(&matches);
	appendStringInfo(&query, "SELECT pg_catalog.count(*) FROM %s%s AS link WHERE",
					 table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ", qualified_name(table->oid));
	for (int i = 0; i < key->nkeys; i++)
	{
		const char *column = quote_identifier(find_column(table, key->columns[i])->name);
		const char *parent_column = quote_identifier(get_attname(key->parent, key->parent_columns[i], false));

		appendStringInfo(&query, " link.%s IS NOT NULL AND", column);
		appendStringInfo(&matches, "%s parent.%s %s link.%s", i > 0 ? " AND" : " WHERE",
						 parent_column, operator_text(key->operators[i]), column);
	}
	appendStringInfo(&query, " NOT EXISTS (SELECT FROM %s AS parent%s)",
					 qualified_name(key->parent), matches.data);
	if (may_read_all(key->parent))
		select_counts(query.data, &count, 1);
	become_caller(&role);
	return count;
}

static bool
is_foreign_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

/*
 * Is a type read from text by nothing but the server's own functions?  A
 * constant is, each time that its text is parsed.
 */
static bool
is_safe_type(Oid type)
{
	Oid			element = get_element_type(type);

	if (OidIsValid(element))
		type = element;
	return type < FirstNormalObjectId || type_is_enum(type);
}

/*
 * Does an expression, or its text, call what the server did not come with, or
 * a domain's checks?
 */
static bool
calls_foreign(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const) && !is_safe_type(((Const *) node)->consttype))
		return true;
	if (IsA(node, CoerceToDomain) || check_functions_in_node(node, is_foreign_function, NULL))
		return true;
	return expression_tree_walker(node, calls_foreign, context);
}

/*
 * What a column holds if nothing was put there, as SQL; "NULL" if it has no
 * default, null if that is another in each row, or not ours to run.
 */
static char *
default_text(Relation rel, const ColumnFacts *column)
{
	Node	   *expression = build_column_default(rel, column->attnum);

	while (expression != NULL && IsA(expression, CoerceToDomain))
		expression = (Node *) ((CoerceToDomain *) expression)->arg;
	if (expression == NULL)
		return "NULL";
	if (contain_mutable_functions(expression) || calls_foreign(expression, NULL))
		return NULL;
	return deparse_expression(expression, NIL, false, false);
}

/*
 * The condition that a row holds something else than the default in a column:
 *
 *	pg_catalog.record_image_ne(ROW(CAST(role AS text)), ROW(CAST('member'::text AS text)))
 *
 * Rows are compared as they are stored, so a type needs no equality.  A domain
 * stands as the type that it is over.
 */
static char *
changed_condition(Relation rel, const ColumnFacts *column)
{
	int32		typmod = column->typmod;
	Oid			base = getBaseTypeAndTypmod(column->type, &typmod);
	char	   *value = default_text(rel, column);
	char	   *type = type_text(base, typmod);

	if (value == NULL)
		return psprintf("%s IS NOT NULL", quote_identifier(column->name));
	return psprintf("pg_catalog.record_image_ne(ROW(CAST(%s AS %s)), ROW(CAST(%s AS %s)))",
					quote_identifier(column->name), type, value, type);
}

/*
 * How many rows hold something else than the default, for each of these
 * columns (ColumnFacts).  The table is read once.
 */
int64 *
count_changed(Relation rel, List *columns)
{
	StringInfoData query;
	OwnerRole	role;
	int64	   *counts = palloc(sizeof(int64) * list_length(columns));

	become_owner(&role, RelationGetRelid(rel));
	initStringInfo(&query);
	foreach_ptr(ColumnFacts, column, columns)
		appendStringInfo(&query, "%s pg_catalog.count(*) FILTER (WHERE %s)",
						 foreach_current_index(column) ? "," : "SELECT",
						 changed_condition(rel, column));
	appendStringInfo(&query, " FROM %s", qualified_name(RelationGetRelid(rel)));
	select_counts(query.data, counts, list_length(columns));
	become_caller(&role);
	return counts;
}
