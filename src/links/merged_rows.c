/*
 * merged_rows.c
 *		The rows that become one, as SQL: is a child's row of theirs, which of
 *		them does it reference, and what will its columns hold.
 *
 * Rows that the caller named are written as literals, so that the planner knows
 * how many children each has.  Those below are a query in a WITH list; a row of
 * a child is joined to it, once for each key, under an alias of its own.
 *
 * All operators are those of the foreign keys.  Builds text only.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"

/*
 * Returns the table as a FROM item, without inheritance children, which have
 * foreign keys and keys of their own.
 */
char *
merged_relation(const TableFacts *table)
{
	return psprintf("%s%s", table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					qualified_name(table->oid));
}

/*
 * Returns the WITH clause of a statement about the rows, with a newline behind
 * it; an empty string if they are named.
 */
char *
with_clause(const MergedRows *rows)
{
	return rows->with ? psprintf("WITH %s\n", rows->with) : "";
}

/*
 * Returns the alias of the member that a row references by this key: "going_1".
 */
char *
member_alias(const char *alias, const MergeChild *child, const MergeKey *key)
{
	int			place = 1;

	foreach_ptr(MergeKey, other, child->keys)
	{
		if (other == key)
			break;
		place++;
	}
	return psprintf("%s_%d", alias, place);
}

/*
 * Returns the literal in a column of a named row; null for a null.
 */
static char *
named_value(const MergedRows *rows, int row, AttrNumber column)
{
	int			place = 0;

	foreach_int(known, rows->columns)
	{
		if (known == column)
			return list_nth(list_nth(rows->values, row), place);
		place++;
	}
	elog(ERROR, "the values of column %d are not known", column);
}

/*
 * Returns a column of a row that references a parent's by the key, to be compared with
 * the parent's: "going.tag_id"
 */
char *
referencing_column(const TableFacts *parent_table, const ForeignKeyFacts *key, int place,
				   const TableFacts *table, const char *alias)
{
	const ColumnFacts *column = find_column(table, key->columns[place]);
	const ColumnFacts *parent = find_column(parent_table, key->parent_columns[place]);

	return as_referenced(psprintf("%s.%s", alias, quote_identifier(column->name)), column, parent->type,
						 parent->collation, key->operators[place]);
}

/*
 * Returns "going.tag_id OPERATOR(pg_catalog.=) '9'::integer": a row references this
 * named row by the key; null if it cannot.
 */
static char *
references_named(const MergedRows *rows, const ForeignKeyFacts *key, const TableFacts *table,
				 const char *alias, int row)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < key->nkeys; i++)
	{
		char	   *value = named_value(rows, row, key->parent_columns[i]);

		if (value == NULL)
			return NULL;
		appendStringInfo(&buf, "%s%s %s %s", i > 0 ? " AND " : "", referencing_column(rows->table, key, i, table, alias),
						 operator_text(get_commutator(key->operators[i])), value);
	}
	return key->nkeys > 1 ? psprintf("(%s)", buf.data) : buf.data;
}

/*
 * Does the row with this place belong to the set?
 */
static bool
in_set(int row, MemberSet set)
{
	return set == MEMBERS_ALL || (row == 0) == (set == MEMBERS_STAYING);
}

/*
 * Returns the condition that a row references one of the named rows of the set:
 *
 *	going.tag_id OPERATOR(pg_catalog.=) ANY (ARRAY['9'::integer, '12'::integer])
 *
 * or, for several columns and for values that are arrays, which ANY would take for
 * more dimensions of one, a condition for each.
 */
static char *
is_named_member(const MergedRows *rows, const MergeChild *child, const ForeignKeyFacts *key,
				const char *alias, MemberSet set)
{
	StringInfoData any;
	StringInfoData list;
	int			count = 0;
	Oid			type;

	initStringInfo(&any);
	initStringInfo(&list);
	for (int row = 0; row < list_length(rows->values); row++)
	{
		char	   *one = in_set(row, set) ? references_named(rows, key, child->table, alias, row) : NULL;

		if (one == NULL)
			continue;
		appendStringInfo(&any, "%s%s", count > 0 ? " OR " : "", one);
		appendStringInfo(&list, "%s%s", count > 0 ? ", " : "",
						 named_value(rows, row, key->parent_columns[0]));
		count++;
	}
	if (count == 0)
		return "false";
	if (count == 1)
		return any.data;
	type = find_column(rows->table, key->parent_columns[0])->type;
	if (key->nkeys > 1 || OidIsValid(get_element_type(getBaseType(type))))
		return psprintf("(%s)", any.data);
	return psprintf("%s %s ANY (ARRAY[%s])", referencing_column(rows->table, key, 0, child->table, alias),
					operator_text(get_commutator(key->operators[0])), list.data);
}

/*
 * Returns the condition that the member of this alias is the one that a row
 * references: "going_1.m1 OPERATOR(pg_catalog.=) going.membership_id"
 */
char *
is_referenced_member(const MergedRows *rows, const MergeChild *child, const ForeignKeyFacts *key,
					 const char *alias, const char *member)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < key->nkeys; i++)
		appendStringInfo(&buf, "%s%s.m%d %s %s", i > 0 ? " AND " : "", member, key->parent_columns[i],
						 operator_text(key->operators[i]), referencing_column(rows->table, key, i, child->table, alias));
	return buf.data;
}

/*
 * Returns the condition that a row references a member of the set by the key.  If
 * the members are a query, it is joined (member_join).
 */
char *
is_member(const MergedRows *rows, const MergeChild *child, const MergeKey *key, const char *alias,
		  MemberSet set)
{
	char	   *member;

	if (rows->with == NULL)
		return is_named_member(rows, child, key->key, alias, set);
	member = member_alias(alias, child, key);
	return set == MEMBERS_ALL ? psprintf("%s.rank IS NOT NULL", member) :
		psprintf("%s.rank %s 0", member, set == MEMBERS_GOING ? "OPERATOR(pg_catalog.>)" : "OPERATOR(pg_catalog.=)");
}

/*
 * As is_member(), by any of the child's keys.
 */
char *
is_any_member(const MergedRows *rows, const MergeChild *child, const char *alias, MemberSet set)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(MergeKey, key, child->keys)
		appendStringInfo(&buf, "%s%s", buf.len ? " OR " : "", is_member(rows, child, key, alias, set));
	return list_length(child->keys) > 1 ? psprintf("(%s)", buf.data) : buf.data;
}

/*
 * Returns the place of the row that a child's row references among those that
 * become one: 0 for the one that stays, or if it references none of them.
 */
char *
rank_of(const MergedRows *rows, const MergeChild *child, const MergeKey *key, const char *alias)
{
	StringInfoData buf;

	if (rows->with != NULL)
		return psprintf("COALESCE(%s.rank, 0)", member_alias(alias, child, key));
	initStringInfo(&buf);
	appendStringInfoString(&buf, "CASE");
	for (int row = 1; row < list_length(rows->values); row++)
	{
		char	   *one = references_named(rows, key->key, child->table, alias, row);

		if (one != NULL)
			appendStringInfo(&buf, " WHEN %s THEN %d", one, row);
	}
	return strlen(buf.data) == 4 ? "0" : psprintf("%s ELSE 0 END", buf.data);
}

/*
 * As rank_of(), by all keys: an array, which compares key by key.
 */
char *
rank_of_row(const MergedRows *rows, const MergeChild *child, const char *alias)
{
	StringInfoData buf;

	if (list_length(child->keys) == 1)
		return rank_of(rows, child, linitial(child->keys), alias);
	initStringInfo(&buf);
	foreach_ptr(MergeKey, key, child->keys)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", rank_of(rows, child, key, alias));
	return psprintf("ARRAY[%s]", buf.data);
}

/*
 * Does a foreign key change a column of the child?  Not if all named rows share
 * the value that it references.
 */
static bool
is_changed_by_keys(const MergedRows *rows, const MergeChild *child, AttrNumber column)
{
	foreach_ptr(MergeKey, key, child->keys)
		for (int i = 0; i < key->key->nkeys; i++)
		{
			if (key->key->columns[i] != column)
				continue;
			if (rows->with != NULL)
				return true;
			for (int row = 1; row < list_length(rows->values); row++)
			{
				char	   *value = named_value(rows, row, key->key->parent_columns[i]);
				char	   *stays = named_value(rows, 0, key->key->parent_columns[i]);

				if (value != NULL && (stays == NULL || strcmp(value, stays) != 0))
					return true;
			}
		}
	return false;
}

/*
 * Does a column of the child change?  Ends that are put in order change
 * together.
 */
bool
is_changed(const MergedRows *rows, const MergeChild *child, AttrNumber column)
{
	if (column != child->lesser && column != child->greater)
		return is_changed_by_keys(rows, child, column);
	return is_changed_by_keys(rows, child, child->lesser) ||
		is_changed_by_keys(rows, child, child->greater);
}

/*
 * Returns what a column will hold by its foreign keys, before the ends are put
 * in order:
 *
 *	CASE WHEN going.tag_id OPERATOR(pg_catalog.=) '9'::integer THEN '7'::integer ELSE going.tag_id END
 */
static char *
value_by_keys(const MergedRows *rows, const MergeChild *child, const char *alias, AttrNumber column)
{
	char	   *old = psprintf("%s.%s", alias, quote_identifier(find_column(child->table, column)->name));
	StringInfoData buf;

	initStringInfo(&buf);
	if (!is_changed_by_keys(rows, child, column))
		return old;
	foreach_ptr(MergeKey, key, child->keys)
		for (int i = 0; i < key->key->nkeys; i++)
			if (key->key->columns[i] == column)
				appendStringInfo(&buf, " WHEN %s THEN %s", is_member(rows, child, key, alias, MEMBERS_GOING),
								 rows->with == NULL ? named_value(rows, 0, key->key->parent_columns[i]) :
								 psprintf("%s.t%d", member_alias(alias, child, key), key->key->parent_columns[i]));
	return psprintf("CASE%s ELSE %s END", buf.data, old);
}

/*
 * Has the named row that stays a value in this column?
 */
bool
stays_with_value(const MergedRows *rows, AttrNumber column)
{
	return named_value(rows, 0, column) != NULL;
}

/*
 * Returns what a column of a child with one key will hold, in a row that references
 * a row which goes.
 */
char *
target_value(const MergedRows *rows, const MergeChild *child, const char *alias, AttrNumber column)
{
	const MergeKey *key = linitial(child->keys);

	for (int i = 0; i < key->key->nkeys; i++)
		if (key->key->columns[i] == column)
			return rows->with == NULL ? named_value(rows, 0, key->key->parent_columns[i]) :
				psprintf("%s.t%d", member_alias(alias, child, key), key->key->parent_columns[i]);
	elog(ERROR, "column %d is not of the foreign key", column);
}

/*
 * Returns what a column of a row will hold.
 */
char *
merged_value(const MergedRows *rows, const MergeChild *child, const char *alias, AttrNumber column)
{
	if (column != child->lesser && column != child->greater)
		return value_by_keys(rows, child, alias, column);
	return psprintf("%s(%s, %s)", column == child->lesser ? "LEAST" : "GREATEST",
					value_by_keys(rows, child, alias, child->lesser),
					value_by_keys(rows, child, alias, child->greater));
}

/*
 * Returns the equality operator of a column's type, as SQL.
 */
char *
equality_of_column(const ColumnFacts *column)
{
	return operator_text(lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr);
}

/*
 * Returns the condition that a member of this alias is a row of the merged rows' own
 * table: "own.m1 OPERATOR(pg_catalog.=) link.id"
 */
char *
is_identified_by(const MergedRows *rows, const char *alias, const char *member)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_int(column, rows->identity)
	{
		const ColumnFacts *facts = find_column(rows->table, column);

		appendStringInfo(&buf, "%s%s.m%d %s %s.%s", buf.len ? " AND " : "", member, column,
						 equality_of_column(facts), alias,
						 quote_identifier(facts->name));
	}
	return buf.data;
}

/*
 * Returns the condition that a row of the merged rows' own table is one of them:
 * by their identity.
 */
char *
is_itself(const MergedRows *rows, const char *alias, MemberSet set)
{
	StringInfoData any;

	if (rows->with != NULL)
		return psprintf("EXISTS (SELECT FROM %s AS itself WHERE %s%s)", rows->name,
						is_identified_by(rows, alias, "itself"),
						set == MEMBERS_GOING ? " AND itself.rank OPERATOR(pg_catalog.>) 0" :
						set == MEMBERS_STAYING ? " AND itself.rank OPERATOR(pg_catalog.=) 0" : "");
	initStringInfo(&any);
	for (int row = 0; row < list_length(rows->values); row++)
	{
		const char *sep = "";

		if (!in_set(row, set))
			continue;
		appendStringInfoString(&any, any.len ? " OR (" : "(");
		foreach_int(column, rows->identity)
		{
			const ColumnFacts *facts = find_column(rows->table, column);

			appendStringInfo(&any, "%s%s.%s %s %s", sep, alias, quote_identifier(facts->name),
							 equality_of_column(facts),
							 named_value(rows, row, column));
			sep = " AND ";
		}
		appendStringInfoChar(&any, ')');
	}
	return psprintf("(%s)", any.data);
}

/*
 * Returns " AND NOT ...": a row is not itself one of the rows of this set, here or
 * above.  Empty if it cannot be.  One that goes is as good as gone.
 */
char *
not_itself(const MergedRows *rows, const MergeChild *child, const char *alias, MemberSet set)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const MergedRows *level = rows; level != NULL; level = level->above)
		if (level->table->oid == child->table->oid)
			appendStringInfo(&buf, " AND NOT %s", is_itself(level, alias, set));
	return buf.data;
}

/*
 * Returns the joins of a row to the members that it references:
 *
 *	LEFT JOIN merged_1 AS going_1 ON going_1.m1 OPERATOR(pg_catalog.=) going.membership_id
 *
 * Without LEFT if there is only one key.  Empty if the rows are named.
 */
char *
member_join(const MergedRows *rows, const MergeChild *child, const char *alias)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (rows->with != NULL)
		foreach_ptr(MergeKey, key, child->keys)
		{
			char	   *member = member_alias(alias, child, key);

			appendStringInfo(&buf, " %sJOIN %s AS %s ON %s", list_length(child->keys) > 1 ? "LEFT " : "",
							 rows->name, member, is_referenced_member(rows, child, key->key, alias, member));
		}
	return buf.data;
}
