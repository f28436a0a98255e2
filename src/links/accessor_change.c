/*
 * accessor_change.c
 *		Builds the accessors that change the links of one row: set, add, remove
 *		and toggle.
 *
 * All take the key of the row, and arrays of what it is linked to.  They return
 * what has changed.  Nulls in an array count for nothing, and a null argument
 * changes nothing (STRICT).
 *
 * Each statement of a VOLATILE function has a snapshot of its own under READ
 * COMMITTED.  So set and toggle lock the row in the first statement, in FOR NO KEY
 * UPDATE mode, beside which the checks of foreign keys go on; and find out in the
 * last what there is to do, with a snapshot that is younger than the wait for the
 * lock.  add and remove need no lock: whatever another session does at the time is
 * as if it had been done before or after.
 *
 * Links are inserted and deleted in the order of their keys.
 *
 * Before PostgreSQL 18 a function in SQL is planned at each call, all its
 * statements, and a row lock is written to the WAL.  So set itself only looks
 * whether anything changes, and is short.  What changes links is a function of its
 * own, which set calls; its statements have snapshots of their own.  A set that
 * finds the links as they are to be takes no lock: it is as if it had been done at
 * the time of its snapshot.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/* What the function that set calls is named after set */
#define LOCKED_ENDING	"_locked"

/* The statements of one function, and what they use */
typedef struct Change
{
	const Accessors *accessors;
	AccessorFunction *function;
	char	   *given;			/* FROM item: what is given, a row for each link,
								 * given (column_1, ...) */
	int			array;			/* number of the parameter of the first column */
	StringInfoData body;
} Change;

/*
 * Returns the right columns, "link.tag_id"; with a null alias "column_1" and so on
 * with this prefix.
 */
static char *
right_list(const Accessors *accessors, const char *alias, const char *prefix)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, accessors->right.own)
	{
		appendStringInfoString(&buf, buf.len ? ", " : "");
		if (alias != NULL)
			appendStringInfoString(&buf, column_of(alias, column->column));
		else
			appendStringInfo(&buf, "%s_%d", prefix, foreach_current_index(column) + 1);
	}
	return buf.data;
}

/*
 * Returns the condition that a link leads to a row of another FROM item, whose
 * columns have numbers behind the prefix: "link.tag_id = given.column_1"
 */
static char *
right_equals(const Accessors *accessors, const char *alias, const char *prefix)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, accessors->right.own)
		appendStringInfo(&buf, "%s%s %s %s_%d", buf.len ? " AND " : "",
						 column_of(alias, column->column), operator_text(column->equality),
						 prefix, foreach_current_index(column) + 1);
	return buf.data;
}

/* Returns "given.column_1 IS NOT NULL", for all right columns. */
static char *
right_present(const Accessors *accessors, const char *prefix)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 1; i <= list_length(accessors->right.own); i++)
		appendStringInfo(&buf, "%s%s_%d IS NOT NULL", i > 1 ? " AND " : "", prefix, i);
	return buf.data;
}

/* Returns " AND (link.deleted_at IS NULL)", or an empty text. */
static char *
and_live(const Accessors *accessors)
{
	return accessors->live ? psprintf(" AND %s", accessors->live) : "";
}

/*
 * Returns the right columns as the function returns them.  A domain is cast here,
 * and so is a type with a modifier, such as varchar(20): where PostgreSQL has to cast
 * a result itself, it puts a query around it, and then runs no triggers of what is
 * written inside.
 */
static char *
result_list(const Accessors *accessors, const char *alias)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, accessors->right.own)
	{
		char	   *value = column_of(alias, column->column);

		if (value_type(column->column) != column->column->type || column->column->typmod != -1)
			value = psprintf("CAST(%s AS %s)", value, type_text(value_type(column->column), -1));
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", value);
	}
	return buf.data;
}

/*
 * Returns the statement that removes links: a DELETE, or the UPDATE that marks
 * them as deleted.  from: a FROM item beside the table, or null.  result: what it
 * returns.
 */
static char *
removal(const Accessors *accessors, const char *from, const char *condition, const char *result)
{
	const char *table = link_relation(accessors->table);
	const char *beside = from == NULL ? "" :
		psprintf(" %s %s", accessors->mark ? "FROM" : "USING", from);
	char	   *where = psprintf("%s WHERE %s AND %s%s RETURNING %s", beside,
								 fixed_condition(accessors, "link"), condition, and_live(accessors),
								 result);

	if (accessors->mark == NULL)
		return psprintf("DELETE FROM %s AS link%s", table, where);
	return psprintf("UPDATE %s AS link SET %s = %s%s", table, quote_identifier(accessors->mark->name),
					value_type(accessors->mark) == BOOLOID ? "true" : "CURRENT_TIMESTAMP", where);
}

/*
 * Returns the statement that inserts links; what is there already stays.
 *
 *	INSERT INTO public.invoice_tags AS link (invoice_id, tag_id)
 *	SELECT $1 AS invoice_id, given.column_1 FROM ... AS given (column_1) WHERE ...
 *	ORDER BY given.column_1
 *	ON CONFLICT (invoice_id, tag_id) DO NOTHING RETURNING link.tag_id
 */
static char *
insertion(const Accessors *accessors, const char *from, const char *prefix, const char *condition,
		  const char *result)
{
	List	   *names = NIL;
	StringInfoData values;
	char	   *pair;

	initStringInfo(&values);
	foreach_ptr(AccessorColumn, column, accessors->fixed)
	{
		names = lappend(names, column->column->name);
		/* with a name, pg_dump writes the same after a restore */
		appendStringInfo(&values, "$%d AS %s, ", foreach_current_index(column) + 1,
						 quote_identifier(column->column->name));
	}
	foreach_ptr(AccessorColumn, column, accessors->right.own)
		names = lappend(names, column->column->name);
	pair = column_list(names);
	return psprintf("INSERT INTO %s AS link (%s)\n        SELECT %s%s FROM %s\n        WHERE %s\n"
					"        ORDER BY %s\n        ON CONFLICT (%s)%s DO NOTHING RETURNING %s",
					qualified_name(accessors->table->oid), pair, values.data,
					right_list(accessors, NULL, prefix), from, condition,
					right_list(accessors, NULL, prefix), pair,
					accessors->live == NULL ? "" :
					psprintf(" WHERE %s", predicate_text(accessors->table, accessors->junction->pair_key)),
					result);
}

/* Returns what a row of the result says: CAST('added' AS pg_catalog.text) */
static char *
change_text(const char *change)
{
	return psprintf("CAST('%s' AS pg_catalog.text)", change);
}

/*
 * Appends the lock on the row whose links are changed:
 *
 *	SELECT FROM ONLY public.invoices AS parent
 *	WHERE parent.id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE;
 */
static void
append_lock_of_row(Change *change)
{
	const Accessors *accessors = change->accessors;

	appendStringInfo(&change->body, "    SELECT FROM %s AS parent WHERE %s FOR NO KEY UPDATE;\n",
					 link_relation(accessors->left.parent), given_row(accessors, accessors->left.columns));
	add_lock(&change->function->locks, accessors->left.parent->oid, RowShareLock);
}

/*
 * Appends the last statement of set: the difference between what is there and what
 * is given is taken once, and only that is written.
 */
static void
append_set(Change *change)
{
	const Accessors *accessors = change->accessors;
	List	   *columns = list_concat_copy(accessors->fixed, accessors->right.own);
	StringInfoData pairs;

	initStringInfo(&pairs);
	for (int i = 1; i <= list_length(accessors->right.own); i++)
	{
		const AccessorColumn *column = list_nth(accessors->right.own, i - 1);

		appendStringInfo(&pairs, "%spresent.column_%d %s given.column_%d", i > 1 ? " AND " : "", i,
						 operator_text(column->equality), i);
	}
	appendStringInfo(&change->body,
					 "    WITH difference (%s, %s) AS MATERIALIZED (\n"
					 "        SELECT %s, %s FROM %s\n"
					 "        FULL JOIN (SELECT %s FROM %s WHERE %s) AS present (%s)\n"
					 "        ON %s\n"
					 "        WHERE given.column_1 IS NULL OR present.column_1 IS NULL\n"
					 "    ),\n",
					 right_list(accessors, NULL, "given"), right_list(accessors, NULL, "present"),
					 right_list(accessors, NULL, "given.column"), right_list(accessors, NULL, "present.column"),
					 change->given, right_list(accessors, "link", NULL), live_links(accessors, columns, "link"),
					 fixed_condition(accessors, "link"), right_list(accessors, NULL, "column"), pairs.data);
	appendStringInfo(&change->body, "    removed AS (\n        %s\n    ),\n    added AS (\n        %s\n    )\n",
					 removal(accessors, "difference", right_equals(accessors, "link", "difference.present"),
							 right_list(accessors, "link", NULL)),
					 insertion(accessors, "difference", "difference.given",
							   right_present(accessors, "difference.given"), right_list(accessors, "link", NULL)));
}

/*
 * Returns the removal of what is given.  One column is compared with the array:
 * an index returns its values in order.
 */
static char *
removal_of_given(const Change *change, const char *result)
{
	const AccessorColumn *column = linitial(change->accessors->right.own);

	if (list_length(change->accessors->right.own) > 1 || change->array == 0)
		return removal(change->accessors, change->given,
					   right_equals(change->accessors, "link", "given.column"), result);
	return removal(change->accessors, NULL,
				   psprintf("%s %s ANY ($%d)", column_of("link", column->column),
							operator_text(column->equality), change->array), result);
}

/*
 * Appends the last statement of toggle.
 */
static void
append_toggle(Change *change)
{
	const Accessors *accessors = change->accessors;
	List	   *columns = list_concat_copy(accessors->fixed, accessors->right.own);
	char	   *absent = psprintf("%s\n        AND NOT EXISTS (SELECT FROM %s WHERE %s AND %s)",
								  right_present(accessors, "given.column"), live_links(accessors, columns, "link"),
								  fixed_condition(accessors, "link"),
								  right_equals(accessors, "link", "given.column"));

	appendStringInfo(&change->body, "    WITH removed AS (\n        %s\n    ),\n    added AS (\n        %s\n    )\n",
					 removal_of_given(change, right_list(accessors, "link", NULL)),
					 insertion(accessors, change->given, "given.column", absent,
							   right_list(accessors, "link", NULL)));
}

/*
 * Appends the result of a statement that has removed and added links.
 */
static void
append_result(Change *change)
{
	appendStringInfo(&change->body, "    SELECT %s, %s FROM removed\n    UNION ALL\n    SELECT %s, %s FROM added;\n",
					 result_list(change->accessors, "removed"), change_text("removed"),
					 result_list(change->accessors, "added"), change_text("added"));
}

/*
 * Returns "TABLE (tag_id integer, change text)".
 */
static char *
change_columns(const Accessors *accessors)
{
	StringInfoData buf;
	List	   *names = NIL;
	char	   *name = "change";

	initStringInfo(&buf);
	foreach_ptr(AccessorColumn, column, accessors->right.own)
	{
		names = lappend(names, column->column->name);
		appendStringInfo(&buf, "%s %s, ", quote_identifier(column->column->name),
						 type_text(value_type(column->column), -1));
	}
	for (int i = 1; list_has_name(names, name); i++)
		name = psprintf("change_%d", i);
	return psprintf("TABLE (%s%s pg_catalog.text)", buf.data, name);
}

/*
 * Sets what is given: one array for each right column.
 *
 *	pg_catalog.unnest($2) AS given (column_1)
 */
static void
give_keys(Change *change)
{
	const Accessors *accessors = change->accessors;
	StringInfoData calls;

	initStringInfo(&calls);
	foreach_ptr(AccessorColumn, column, accessors->right.own)
	{
		int			number = add_array_parameter(change->function, plural_name(column->column->name),
												 column->column, false);

		if (change->array == 0)
			change->array = number;
		appendStringInfo(&calls, "%spg_catalog.unnest($%d)", calls.len ? ", " : "", number);
	}
	change->given = psprintf(list_length(accessors->right.own) > 1 ? "ROWS FROM (%s) AS given (%s)" : "%s AS given (%s)",
							 calls.data, right_list(accessors, NULL, "column"));
}

/*
 * Sets what is given by values of the match: one array.  Those that are not there
 * are made first.  The next statement has a new snapshot, which sees also those
 * that another session has made meanwhile, and that we have waited for.
 */
static void
give_words(Change *change)
{
	const Accessors *accessors = change->accessors;
	char	   *name = psprintf("%s_%s", accessors->right.noun, plural_name(accessors->match->name));
	int			number = add_array_parameter(change->function, name, accessors->match, false);

	change->given = find_words(accessors, number);
	appendStringInfo(&change->body, "    %s;\n", insert_words(accessors, number));
	add_lock(&change->function->locks, accessors->right.parent->oid, RowExclusiveLock);
}

/*
 * Appends the last statement of a kind.
 */
static void
append_change(Change *change, AccessorKind kind)
{
	const Accessors *accessors = change->accessors;

	if (kind == ACCESSOR_ADD)
		appendStringInfo(&change->body, "    %s;\n",
						 insertion(accessors, change->given, "given.column",
								   right_present(accessors, "given.column"),
								   psprintf("%s, %s", result_list(accessors, "link"), change_text("added"))));
	else if (kind == ACCESSOR_REMOVE)
		appendStringInfo(&change->body, "    %s;\n",
						 removal_of_given(change, psprintf("%s, %s", result_list(accessors, "link"),
														   change_text("removed"))));
	else
	{
		if (kind == ACCESSOR_SET)
			append_set(change);
		else
			append_toggle(change);
		append_result(change);
	}
}

/*
 * Returns the function of one kind; by_match: the one that takes values of the
 * match.
 */
static AccessorFunction *
change_accessor(const Accessors *accessors, AccessorKind kind, bool by_match)
{
	static const char *const verbs[] = {
		[ACCESSOR_SET] = "set",[ACCESSOR_ADD] = "add",
		[ACCESSOR_REMOVE] = "remove",[ACCESSOR_TOGGLE] = "toggle"
	};
	Change		change = {.accessors = accessors};
	char	   *name = psprintf("%s_%s", verbs[kind], accessors->table->name);

	if (by_match)
		name = psprintf("%s_by_%s", name, accessors->match->name);
	change.function = new_accessor(kind, name);
	initStringInfo(&change.body);
	add_fixed_parameters(change.function, accessors);
	add_lock(&change.function->locks, accessors->table->oid, RowExclusiveLock);
	if (kind == ACCESSOR_SET || kind == ACCESSOR_TOGGLE)
		append_lock_of_row(&change);
	if (by_match)
		give_words(&change);
	else
		give_keys(&change);
	append_change(&change, kind);
	change.function->returns = change_columns(accessors);
	change.function->attributes = "STRICT";
	change.function->body = change.body.data;
	return change.function;
}

/*
 * Can what is there be compared with what is given as two arrays?  Arrays are
 * equal by the default equality of their elements, so the pair key must have that.
 */
static bool
compares_arrays(const Accessors *accessors)
{
	const AccessorColumn *column = linitial(accessors->right.own);
	Oid			type = value_type(column->column);

	return list_length(accessors->right.own) == 1 &&
		lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr == column->equality &&
		OidIsValid(lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr);
}

/*
 * Returns set, which calls the function that changes the links only if there is
 * something to change.  The arrays are in order; in that of what is given each
 * value is once.
 *
 *	SELECT change.key, change.change FROM public.set_invoice_tags_locked($1, $2) AS change (key, change)
 *	WHERE ARRAY(SELECT link.tag_id FROM ONLY public.invoice_tags AS link
 *	            WHERE link.invoice_id OPERATOR(pg_catalog.=) $1 ORDER BY link.tag_id)
 *	OPERATOR(pg_catalog.<>) ARRAY(SELECT DISTINCT pg_catalog.unnest($2) AS key ORDER BY 1);
 */
static AccessorFunction *
set_if_changed(const Accessors *accessors, const AccessorFunction *locked)
{
	AccessorFunction *function = new_accessor(ACCESSOR_SET, psprintf("set_%s", accessors->table->name));
	const ColumnFacts *column = ((AccessorColumn *) linitial(accessors->right.own))->column;
	List	   *columns = list_concat_copy(accessors->fixed, accessors->right.own);
	StringInfoData given;

	initStringInfo(&given);
	for (int i = 1; i <= list_length(locked->parameters); i++)
		appendStringInfo(&given, "%s$%d", i > 1 ? ", " : "", i);
	function->parameters = locked->parameters;
	function->returns = locked->returns;
	function->attributes = locked->attributes;
	function->body = psprintf("    SELECT change.key, change.change FROM %s(%s) AS change (key, change)\n"
							  "    WHERE ARRAY(SELECT %s FROM %s WHERE %s ORDER BY %s)\n"
							  "    OPERATOR(pg_catalog.<>) ARRAY(SELECT DISTINCT pg_catalog.unnest($%d)%s AS key ORDER BY 1);\n",
							  quote_qualified_identifier(schema_name(accessors->table->oid), locked->name),
							  given.data, result_list(accessors, "link"), live_links(accessors, columns, "link"),
							  fixed_condition(accessors, "link"), column_of("link", column),
							  list_length(locked->parameters), collate_as(column));
	add_lock(&function->locks, accessors->table->oid, AccessShareLock);
	return function;
}

/*
 * Returns the functions (AccessorFunction) of one kind.
 */
List *
change_accessors(const Accessors *accessors, AccessorKind kind)
{
	AccessorFunction *changes = change_accessor(accessors, kind, false);
	List	   *functions = list_make1(changes);

	if (kind == ACCESSOR_SET && compares_arrays(accessors))
	{
		changes->name = name_with_ending(changes->name, LOCKED_ENDING);
		functions = lappend(functions, set_if_changed(accessors, changes));
	}
	if (accessors->match != NULL && (kind == ACCESSOR_SET || kind == ACCESSOR_ADD))
		functions = lappend(functions, change_accessor(accessors, kind, true));
	return functions;
}
