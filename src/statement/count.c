/*
 * count.c
 *		Counts rows that stand in the way of a key, a NOT NULL, a foreign key
 *		or a dropped column.
 *
 * The queries run as the table's owner in a security-restricted operation
 * (owner.c).  Each function locks the table in ACCESS SHARE mode until the
 * transaction ends, and sees all rows that are committed by now.
 *
 * A row-level security policy would make a count too small, and a count tells
 * the caller about rows.  So only describe_duplicates() and has_rows() check
 * the caller's rights; for the others the caller has called may_read_all() or
 * check_reads_all() before.
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
 * Returns the number of pairs that more than one row has.  columns: their
 * names.  Rows with a null in one of the columns are left out, as NULLs are
 * distinct.  Partitions are counted with their table; inheritance children
 * are not, as they have keys of their own.
 *
 *	SELECT pg_catalog.count(*) FROM (SELECT FROM ONLY public.user_orgs
 *	WHERE user_id IS NOT NULL AND org_id IS NOT NULL
 *	GROUP BY user_id, org_id
 *	HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1) AS pairs
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
 * Returns the result of count_duplicates() as a sentence with a leading
 * space, to append to a message; an empty string if the caller may not read
 * all rows.
 */
const char *
describe_duplicates(Oid relid, List *columns)
{
	int64		count;

	if (!may_read_all(relid))
		return "";
	count = count_duplicates(relid, columns);
	if (count == 0)
		return " No pair is stored twice today.";
	return psprintf(ngettext(" " INT64_FORMAT " pair is stored more than once today.",
							 " " INT64_FORMAT " pairs are stored more than once today.",
							 count), count);
}

/*
 * Returns true if the table, a partition or an inheritance child has a row;
 * false if the caller may not read all rows.
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
 * Returns the number of rows, inheritance children included, that have a null
 * in at least one of the columns (names).
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
 * Returns the number of rows whose foreign key has no row in the parent; -1
 * if the table's owner, as whom the query runs, may not read all rows of the
 * parent.
 *
 *	SELECT pg_catalog.count(*) FROM ONLY public.user_orgs AS link
 *	WHERE link.org_id IS NOT NULL AND NOT EXISTS (
 *		SELECT FROM public.orgs AS parent
 *		WHERE parent.id OPERATOR(pg_catalog.=) link.org_id)
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
		const ColumnFacts *column = find_column(table, key->columns[i]);
		char	   *value = psprintf("link.%s", quote_identifier(column->name));
		const char *parent_column = quote_identifier(get_attname(key->parent, key->parent_columns[i], false));
		Oid			type;
		int32		typmod;
		Oid			collation;

		get_atttypetypmodcoll(key->parent, key->parent_columns[i], &type, &typmod, &collation);
		appendStringInfo(&query, " %s IS NOT NULL AND", value);
		appendStringInfo(&matches, "%s parent.%s %s %s", i > 0 ? " AND" : " WHERE",
						 parent_column, operator_text(key->operators[i]),
						 as_referenced(value, column, type, collation, key->operators[i]));
	}
	appendStringInfo(&query, " NOT EXISTS (SELECT FROM %s AS parent%s)",
					 qualified_name(key->parent), matches.data);
	if (may_read_all(key->parent))
		select_counts(query.data, &count, 1);
	become_caller(&role);
	return count;
}

/*
 * A check_function_callback: true for a function that initdb did not create.
 */
static bool
is_foreign_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

/*
 * Returns true if only the server's own functions read a value of the type
 * from text.  The text of a constant is parsed whenever the query is.
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
 * An expression walker: true if the expression, or parsing its text, calls a
 * function that initdb did not create, or the checks of a domain.
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
 * Returns the default of a column as SQL, "NULL" if the column has none.
 * Returns null if the default is not the same in each row (volatile or
 * stable), or if it would call functions that are not the server's own.
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
 * Returns the condition that a row's value in the column is not the default:
 *
 *	pg_catalog.record_image_ne(ROW(CAST(role AS text)), ROW(CAST('member'::text AS text)))
 *
 * If the default is not usable (default_text), the condition is that the
 * value is not null.  record_image_ne compares the stored bytes, so the type
 * needs no equality operator.  Citus cannot send a row to a shard: there, the
 * texts are compared, with the operator of the search_path, which is pg_catalog's
 * in become_owner().  A domain is cast to its base type, so that its
 * checks do not run.
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
	if (is_distributed(RelationGetRelid(rel)))
		return psprintf("CAST(CAST(%s AS %s) AS text) COLLATE pg_catalog.\"C\" IS DISTINCT FROM CAST(CAST(%s AS %s) AS text)",
						quote_identifier(column->name), type, value, type);
	return psprintf("pg_catalog.record_image_ne(ROW(CAST(%s AS %s)), ROW(CAST(%s AS %s)))",
					quote_identifier(column->name), type, value, type);
}

/*
 * Returns, for each of the columns (ColumnFacts), the number of rows whose
 * value is not the column's default: a palloc'd array in the order of the
 * list.  One query reads the table once.  The caller has opened and locked
 * rel.
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
