/*
 * conflict_query.c
 *		The rows of a child that are in conflict: two that will have the same key
 *		once the rows that they reference are one.
 *
 * In all queries "going" is the row of the two that goes, and "staying" the other.
 * A row goes if there is a better one with the same key; of several, the best stays.
 *
 * Most children have one foreign key onto the merged rows, and keys of plain
 * columns.  Then a row of the one that stays is compared by the rest of the key
 * alone, which an index or a hash serves (is_plain).  Otherwise each row is
 * compared by what its columns will hold.
 *
 * An exclusion constraint WITH && refuses more than a key does: rows that overlap
 * but are not equal cannot be one.  These are left to the constraint.  Rows that are
 * equal and that it allows beside each other are in no conflict: with empty ranges,
 * or WITH <>.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "model/model.h"

/*
 * Returns the expression of a generated column; null for another column.
 */
static Node *
generation_expression(const TableFacts *table, AttrNumber column)
{
	Relation	rel = relation_open(table->oid, NoLock);
	TupleConstr *constr = RelationGetDescr(rel)->constr;
	Node	   *expression = NULL;

	if (TupleDescAttr(RelationGetDescr(rel), column - 1)->attgenerated != '\0')
		for (int i = 0; i < constr->num_defval; i++)
			if (constr->defval[i].adnum == column)
				expression = stringToNode(constr->defval[i].adbin);
	relation_close(rel, NoLock);
	return expression;
}

/*
 * Returns the expression of this key column of an index, or of the generated column
 * there; null if it is a plain column.
 */
static Node *
key_expression(const TableFacts *table, const IndexFacts *index, int place)
{
	int			nth = 0;

	if (index->columns[place] != 0)
		return generation_expression(table, index->columns[place]);
	for (int i = 0; i < place; i++)
		nth += index->columns[i] == 0;
	return list_nth(stringToNode(index->expressions), nth);
}

/*
 * Returns an expression as SQL, with each column of this alias, and each name
 * qualified.
 */
char *
row_expression_text(const TableFacts *table, Node *expression, const char *alias)
{
	int			level = NewGUCNestLevel();
	char	   *text;

	RestrictSearchPath();
	text = deparse_expression(expression, deparse_context_for(alias, table->oid), true, false);
	AtEOXact_GUC(false, level);
	return text;
}

/*
 * Returns an expression over the columns as they will be:
 *
 *	(SELECT lower(moved.name) FROM (SELECT ... AS name, going.note AS note) AS moved)
 *
 * or, if it uses none that changes, over those of the row.
 */
static char *
merged_expression(const MergedRows *rows, const MergeChild *child, Node *expression, const char *alias)
{
	Bitmapset  *used = expression_columns(expression);
	StringInfoData columns;
	int			column = 0;
	bool		changes = false;

	initStringInfo(&columns);
	while ((column = bms_next_member(used, column)) > 0)
	{
		changes |= is_changed(rows, child, column);
		appendStringInfo(&columns, "%s%s AS %s", columns.len ? ", " : "",
						 merged_value(rows, child, alias, column),
						 quote_identifier(find_column(child->table, column)->name));
	}
	if (!changes)
		return row_expression_text(child->table, expression, alias);
	return psprintf("(SELECT %s FROM (SELECT %s) AS moved)",
					row_expression_text(child->table, expression, "moved"), columns.data);
}

/*
 * Does the expression use a column that changes?
 */
static bool
expression_changes(const MergedRows *rows, const MergeChild *child, Node *expression)
{
	Bitmapset  *used = expression_columns(expression);
	int			column = 0;

	while ((column = bms_next_member(used, column)) > 0)
		if (is_changed(rows, child, column))
			return true;
	return false;
}

/*
 * Are rows in conflict just if the rest of their keys is equal?
 */
static bool
is_plain(const MergedRows *rows, const MergeChild *child, const IndexFacts *index)
{
	if (list_length(child->keys) > 1 || child->lesser != 0)
		return false;
	for (int i = 0; i < index->nkeys; i++)
	{
		Node	   *expression = key_expression(child->table, index, i);

		if (expression != NULL && expression_changes(rows, child, expression))
			return false;
	}
	return index->predicate == NULL || !expression_changes(rows, child, stringToNode(index->predicate));
}

/*
 * Is the index a key, or an exclusion, that has a column of the child's foreign
 * keys?
 */
bool
is_key_of_child(const MergeChild *child, const IndexFacts *index)
{
	if (!index->usable || (!index->unique && !index->exclusion))
		return false;
	for (int i = 0; i < index->nkeys; i++)
	{
		Node	   *expression = key_expression(child->table, index, i);

		if (bms_is_member(index->columns[i], child->columns) ||
			(expression != NULL && bms_overlap(expression_columns(expression), child->columns)))
			return true;
	}
	return index->predicate != NULL &&
		bms_overlap(expression_columns(stringToNode(index->predicate)), child->columns);
}

/*
 * Returns the operator by which an exclusion constraint compares this column;
 * InvalidOid for the index of a key.
 */
static Oid
exclusion_operator(const MergeChild *child, const IndexFacts *index, int place)
{
	foreach_ptr(ExclusionFacts, exclusion, child->table->exclusions)
		if (exclusion->index == index->oid)
			return exclusion->operators[place];
	return InvalidOid;
}

/*
 * Does the index compare this column by another operator than equality?
 */
static bool
compares_otherwise(const IndexFacts *index, int place)
{
	return index->comparisons != NULL && index->comparisons[place] != EXCLUDE_EQUAL;
}

/*
 * Returns the type of this key column of an index; expression: key_expression().
 */
static Oid
key_type(const MergeChild *child, const IndexFacts *index, int place, Node *expression)
{
	return expression && index->columns[place] == 0 ? exprType(expression) :
		find_column(child->table, index->columns[place])->type;
}

/*
 * Returns the operator by which two values of this key column are equal, as SQL.
 * An exclusion compares those that it does not compare by equality by that of
 * their type.
 */
static char *
equality_of(const MergeChild *child, const IndexFacts *index, int place, Node *expression)
{
	Oid			type = key_type(child, index, place, expression);
	Oid			input = get_opclass_input_type(index->classes[place]);
	Oid			operator = InvalidOid;

	if (!index->exclusion)
		operator = get_opfamily_member(index->families[place], input, input, BTEqualStrategyNumber);
	else if (!compares_otherwise(index, place))
		operator = exclusion_operator(child, index, place);
	if (!OidIsValid(operator))
		operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	if (!OidIsValid(operator))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rows of \"%s\" cannot be compared by key \"%s\"", display_name(child->table->oid),
						index_name(index)),
				 errdetail("Type %s has no equality.", type_text(type, -1))));
	return operator_text(operator);
}

/*
 * Returns a value of the key, of the row with this alias: what it will be, if
 * rows are compared so; with the collation of the index.
 */
static char *
key_value(const MergedRows *rows, const MergeChild *child, const IndexFacts *index, int place,
		  Node *expression, const char *alias)
{
	const ColumnFacts *column = find_column(child->table, index->columns[place]);
	char	   *value = expression ? merged_expression(rows, child, expression, alias) :
		merged_value(rows, child, alias, index->columns[place]);
	Oid			own = column ? column->collation : exprCollation(expression);

	if (OidIsValid(index->collations[place]) && index->collations[place] != own)
		return psprintf("(%s COLLATE %s)", value, collation_text(index->collations[place]));
	return column ? value : psprintf("(%s)", value);
}

/*
 * Returns a column of the keys, k1 and so on, to be hashed: so that equal values have
 * one hash, 1.0 and 1.00, if their type has a hash function; else as text.
 */
static char *
hashable_key(const MergeChild *child, const IndexFacts *index, int place)
{
	Oid			type = key_type(child, index, place, key_expression(child->table, index, place));

	return psprintf(OidIsValid(lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC)->hash_extended_proc) ?
					"key.k%d" : "CAST(key.k%d AS pg_catalog.text)", place + 1);
}

/*
 * Returns a query of the keys that the rows of a child will have in an index: their
 * number, and a checksum.  One that a row has already, and others get, counts once.
 * except: a condition for the rows to leave out, or an empty string.
 */
char *
sum_of_keys(const MergedRows *rows, const MergeChild *child, const IndexFacts *index, const char *except)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%sSELECT pg_catalog.count(*), COALESCE(pg_catalog.bit_xor(pg_catalog.hash_record_extended(ROW(",
					 with_clause(rows));
	for (int i = 0; i < index->nkeys; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", hashable_key(child, index, i));
	appendStringInfoString(&buf, "), 0)), 0) FROM (SELECT DISTINCT ");
	for (int i = 0; i < index->nkeys; i++)
		appendStringInfo(&buf, "%s%s AS k%d", i > 0 ? ", " : "",
						 key_value(rows, child, index, i, key_expression(child->table, index, i), "link"), i + 1);
	appendStringInfo(&buf, " FROM %s WHERE %s%s", child_item(rows, child, "link"),
					 is_any_member(rows, child, "link", MEMBERS_ALL), except);
	if (index->predicate != NULL)
		appendStringInfo(&buf, " AND (%s)",
						 merged_expression(rows, child, stringToNode(index->predicate), "link"));
	appendStringInfoString(&buf, ") AS key");
	return buf.data;
}

/*
 * Appends the condition that two rows have the same key:
 *
 *	AND staying.invoice_id OPERATOR(pg_catalog.=) going.invoice_id
 *
 * and that both are in the index.
 */
static void
append_same_key(StringInfo buf, const MergedRows *rows, const MergeChild *child, const IndexFacts *index)
{
	for (int i = 0; i < index->nkeys; i++)
	{
		Node	   *expression = key_expression(child->table, index, i);
		char	   *staying;
		char	   *going;

		/* the same, as both reference rows of one class */
		if (is_plain(rows, child, index) && bms_is_member(index->columns[i], child->columns) &&
			!compares_otherwise(index, i) && (rows->with != NULL || is_changed(rows, child, index->columns[i])))
			continue;
		staying = key_value(rows, child, index, i, expression, "staying");
		going = key_value(rows, child, index, i, expression, "going");
		appendStringInfo(buf, index->nulls_not_distinct ?
						 " AND (%s %s %s OR (%s IS NULL AND %s IS NULL))" : " AND %s %s %s",
						 staying, equality_of(child, index, i, expression), going, staying, going);
		/* equal values need not exclude each other: empty ranges do not overlap */
		if (compares_otherwise(index, i))
			appendStringInfo(buf, " AND %s %s %s", staying, operator_text(exclusion_operator(child, index, i)), going);
	}
	if (index->predicate != NULL)
	{
		Node	   *predicate = stringToNode(index->predicate);

		appendStringInfo(buf, " AND (%s) AND (%s)", merged_expression(rows, child, predicate, "staying"),
						 merged_expression(rows, child, predicate, "going"));
	}
}

/*
 * Returns the column by whose time the newest row is found; null if another rule
 * is in force, or if there is none.
 */
static const ColumnFacts *
deciding_stamp(const Merge *merge, const MergeChild *child)
{
	const ColumnFacts *stamp = find_stamp(child->table, STAMP_UPDATED);

	if (merge->conflicts != CONFLICT_NEWEST)
		return NULL;
	if (stamp == NULL || !is_stamp(stamp))
		stamp = find_stamp(child->table, STAMP_CREATED);
	return stamp != NULL && is_stamp(stamp) ? stamp : NULL;
}

/*
 * Appends the condition that the row "staying" is better than "going": it is
 * newer, if that counts; else it references the one that stays, or one that the
 * caller named before.
 */
static void
append_better(StringInfo buf, const Merge *merge, const MergedRows *rows, const MergeChild *child)
{
	const ColumnFacts *stamp = deciding_stamp(merge, child);
	char	   *rank = psprintf("%s OPERATOR(pg_catalog.<) %s", rank_of_row(rows, child, "staying"),
								rank_of_row(rows, child, "going"));
	const char *name;

	if (stamp == NULL)
	{
		appendStringInfo(buf, " AND %s", rank);
		return;
	}
	name = quote_identifier(stamp->name);
	appendStringInfo(buf, " AND (staying.%s OPERATOR(pg_catalog.>) going.%s"
					 " OR (staying.%s IS NOT NULL AND going.%s IS NULL)"
					 " OR ((staying.%s OPERATOR(pg_catalog.=) going.%s OR (staying.%s IS NULL AND going.%s IS NULL)) AND %s))",
					 name, name, name, name, name, name, name, name, rank);
}

/*
 * Is there one named row that goes, so that the better row is one of the other's?
 */
static bool
is_one_into_one(const Merge *merge, const MergedRows *rows, const MergeChild *child)
{
	return list_length(rows->values) == 2 && deciding_stamp(merge, child) == NULL;
}

/*
 * Returns the condition of a row that may go.
 */
static char *
going_condition(const Merge *merge, const MergedRows *rows, const MergeChild *child)
{
	MemberSet	set = deciding_stamp(merge, child) ? MEMBERS_ALL : MEMBERS_GOING;

	return psprintf("%s%s", is_any_member(rows, child, "going", set), not_itself(rows, child, "going", MEMBERS_ALL));
}

/*
 * Returns the condition that a row "staying" is in conflict with "going", and
 * better.
 */
static char *
staying_condition(const Merge *merge, const MergedRows *rows, const MergeChild *child,
				  const IndexFacts *index)
{
	bool		pair = is_plain(rows, child, index) && is_one_into_one(merge, rows, child);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s%s", is_any_member(rows, child, "staying", pair ? MEMBERS_STAYING : MEMBERS_ALL),
					 not_itself(rows, child, "staying", MEMBERS_GOING));
	if (rows->with != NULL && list_length(child->keys) == 1)
		appendStringInfoString(&buf, " AND staying_1.class OPERATOR(pg_catalog.=) going_1.class");
	append_same_key(&buf, rows, child, index);
	if (!pair)
		append_better(&buf, merge, rows, child);
	return buf.data;
}

/*
 * Returns the FROM item of the child under an alias, joined to the members that it
 * references.
 */
char *
child_item(const MergedRows *rows, const MergeChild *child, const char *alias)
{
	return psprintf("%s AS %s%s", merged_relation(child->table), alias, member_join(rows, child, alias));
}

/*
 * Returns the statement that deletes the rows in conflict that go:
 *
 *	DELETE FROM ONLY public.invoice_tags AS going
 *	WHERE going.tag_id OPERATOR(pg_catalog.=) '9'::integer AND EXISTS (
 *		SELECT FROM ONLY public.invoice_tags AS staying
 *		WHERE staying.tag_id OPERATOR(pg_catalog.=) '7'::integer
 *		AND staying.invoice_id OPERATOR(pg_catalog.=) going.invoice_id)
 *
 * or, if the members are a query, by the place of the rows that it finds.
 */
char *
delete_conflicts(const Merge *merge, const MergedRows *rows, const MergeChild *child,
				 const IndexFacts *index)
{
	char	   *relation = merged_relation(child->table);
	char	   *going = going_condition(merge, rows, child);
	char	   *exists = psprintf("EXISTS (\n    SELECT FROM %s\n    WHERE %s)", child_item(rows, child, "staying"),
								  staying_condition(merge, rows, child, index));

	if (rows->with == NULL)
		return psprintf("DELETE FROM %s AS going\nWHERE %s AND %s", relation, going, exists);
	return psprintf("%sDELETE FROM %s AS link\nUSING (SELECT going.tableoid AS part, going.ctid AS place\n    FROM %s\n    WHERE %s AND %s) AS found\n"
					"WHERE link.ctid OPERATOR(pg_catalog.=) found.place AND link.tableoid OPERATOR(pg_catalog.=) found.part",
					with_clause(rows), relation, child_item(rows, child, "going"), going, exists);
}

/*
 * Returns " AND (...) IS NOT TRUE": a row is no link between two rows that become one.
 * Empty if it cannot be.
 */
static char *
not_loop(const MergedRows *rows, const MergeChild *child, const char *alias)
{
	char	   *loop = loop_condition(rows, child, alias);

	return loop ? psprintf(" AND (%s) IS NOT TRUE", loop) : "";
}

/*
 * Returns the query of the number of rows in conflict that would go.  Links between
 * two of the rows are in none: a dry run has not deleted them yet.
 */
char *
count_conflicts(const Merge *merge, const MergedRows *rows, const MergeChild *child,
				const IndexFacts *index)
{
	return psprintf("%sSELECT pg_catalog.count(*) FROM %s WHERE %s%s AND EXISTS (SELECT FROM %s WHERE %s%s)",
					with_clause(rows), child_item(rows, child, "going"), going_condition(merge, rows, child),
					not_loop(rows, child, "going"), child_item(rows, child, "staying"),
					staying_condition(merge, rows, child, index), not_loop(rows, child, "staying"));
}

/*
 * Returns a list of columns of an alias, each with its name in the query of
 * members: "going.id AS m1, going.slug AS m2"
 */
static char *
value_columns(const TableFacts *table, List *columns, const char *alias, char kind)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_int(column, columns)
	{
		appendStringInfo(&buf, "%s%s.%s", buf.len ? ", " : "", alias,
						 quote_identifier(find_column(table, column)->name));
		if (kind != '\0')
			appendStringInfo(&buf, " AS %c%d", kind, column);
	}
	return buf.data;
}

/*
 * Returns "m1, m2" or "t1 AS m1, t2 AS m2".
 */
static char *
member_columns(List *columns, char from, char to)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_int(column, columns)
	{
		appendStringInfo(&buf, "%s%c%d", buf.len ? ", " : "", from, column);
		if (from != to)
			appendStringInfo(&buf, " AS %c%d", to, column);
	}
	return buf.data;
}

/*
 * Returns the WITH queries that make members of pairs of rows that become one,
 * the query "pairs" with columns m... and t...:
 *
 *	pair_1 AS (...), merged_1 AS (SELECT member.*, dense_rank() OVER (ORDER BY t1) AS class FROM (
 *		SELECT m1, t1, row_number() OVER (ORDER BY m1) AS rank FROM pair_1
 *		UNION ALL SELECT DISTINCT t1, t1, 0::bigint FROM pair_1) AS member)
 */
void
set_members(MergedRows *members, const char *pairs)
{
	List	   *columns = members->columns;

	members->name = psprintf("merged_%d", members->level);
	members->with = psprintf("%s%spair_%d AS (\n%s),\nmerged_%d AS (\n    SELECT member.*, pg_catalog.dense_rank() OVER (ORDER BY %s) AS class\n"
							 "    FROM (SELECT %s, %s, pg_catalog.row_number() OVER (ORDER BY %s) AS rank FROM pair_%d\n"
							 "        UNION ALL SELECT DISTINCT %s, %s, 0::bigint FROM pair_%d) AS member)",
							 members->above != NULL && members->above->with != NULL ? members->above->with : "",
							 members->above != NULL && members->above->with != NULL ? ",\n" : "",
							 members->level, pairs, members->level, member_columns(members->identity, 't', 't'),
							 member_columns(columns, 'm', 'm'), member_columns(columns, 't', 't'),
							 member_columns(members->identity, 'm', 'm'), members->level,
							 member_columns(columns, 't', 'm'), member_columns(columns, 't', 't'), members->level);
}

/*
 * Returns the rows of a child that are in conflict, for its own children: each
 * that goes, with the best of those that have its key.
 */
MergedRows *
conflicting_rows(const Merge *merge, const MergedRows *rows, const MergeChild *child,
				 const IndexFacts *index, List *columns, List *identity)
{
	MergedRows *result = palloc0(sizeof(MergedRows));
	const ColumnFacts *stamp = deciding_stamp(merge, child);
	char	   *order = value_columns(child->table, identity, "going", '\0');
	char	   *newest = stamp ? psprintf(", staying.%s DESC NULLS LAST", quote_identifier(stamp->name)) : "";

	result->table = child->table;
	result->above = rows;
	result->level = rows->level + 1;
	result->columns = columns;
	result->identity = identity;
	set_members(result, psprintf("    SELECT DISTINCT ON (%s) %s, %s\n    FROM %s,\n        %s\n    WHERE %s AND %s\n    ORDER BY %s%s, %s",
								 order, value_columns(child->table, columns, "going", 'm'),
								 value_columns(child->table, columns, "staying", 't'),
								 child_item(rows, child, "going"), child_item(rows, child, "staying"),
								 going_condition(merge, rows, child),
								 staying_condition(merge, rows, child, index), order, newest,
								 rank_of_row(rows, child, "staying")));
	return result;
}
