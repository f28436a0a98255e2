/*
 * mirror_functions.c
 *		Builds the functions of a mirror: those that change the junction, and
 *		the trigger function that finds out what to change.
 *
 * A mirror compares what the rows of a statement held before it with what they
 * hold after it, value by value, and carries the difference to the junction.
 * So a link that was made or removed in the junction itself stays as it is,
 * whatever else is written to the row.
 *
 * Only these functions name the junction, in BEGIN ATOMIC bodies: PostgreSQL
 * stores the table, not its name, and they go on when it is renamed or promoted.
 * They take the links in arrays, one for each column of the junction.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"

/*
 * Returns the columns (ColumnFacts) that those of the junction's pair
 * reference, in the same order.
 */
static List *
pair_parents(const NewJunction *junction)
{
	return list_concat_copy(junction->left.parent.own, junction->right.parent.own);
}

/* Returns the names of the junction's pair. */
static List *
pair_names(const NewJunction *junction)
{
	return list_concat_copy(junction->left.columns, junction->right.columns);
}

/* Returns the type of an array of a column's values, as SQL: integer[] */
static char *
array_text(const ColumnFacts *column)
{
	return type_text(get_array_type(getBaseType(column->type)), -1);
}

/*
 * Returns the types of a function's parameters: "integer[], uuid[]"; with place,
 * that of the positions too.
 */
static char *
parameter_types(const Absorption *absorption, bool place)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(ColumnFacts, column, pair_parents(&absorption->junction))
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", array_text(column));
	if (place)
		appendStringInfoString(&buf, ", integer[]");
	return buf.data;
}

/*
 * Returns a FROM item of the parameters, a row for each link:
 *
 *	ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS given (column_1, column_2)
 */
static char *
given_links(int count)
{
	StringInfoData calls;
	StringInfoData names;

	initStringInfo(&calls);
	initStringInfo(&names);
	for (int i = 1; i <= count; i++)
	{
		appendStringInfo(&calls, "%spg_catalog.unnest($%d)", i > 1 ? ", " : "", i);
		appendStringInfo(&names, "%scolumn_%d", i > 1 ? ", " : "", i);
	}
	return psprintf("ROWS FROM (%s) AS given (%s)", calls.data, names.data);
}

/*
 * Returns the condition that a link of the junction is a given one:
 *
 *	link.invoice_id OPERATOR(pg_catalog.=) given.column_1 AND ...
 */
static char *
is_given_link(const Absorption *absorption)
{
	List	   *parents = pair_parents(&absorption->junction);
	StringInfoData condition;

	initStringInfo(&condition);
	foreach_ptr(char, column, pair_names(&absorption->junction))
	{
		const ColumnFacts *parent = list_nth(parents, foreach_current_index(column));
		Oid			equality = lookup_type_cache(getBaseType(parent->type), TYPECACHE_EQ_OPR)->eq_opr;

		appendStringInfo(&condition, "%slink.%s %s given.column_%d", condition.len ? " AND " : "",
						 quote_identifier(column), operator_text(equality),
						 foreach_current_index(column) + 1);
	}
	return condition.data;
}

/*
 * Returns the statement that makes the function which removes links:
 *
 *	CREATE FUNCTION public.invoice_tags_mirror_remove(integer[], integer[])
 *	RETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC
 *	    DELETE FROM public.invoice_tags AS link
 *	    USING ROWS FROM (...) AS given (column_1, column_2)
 *	    WHERE link.invoice_id OPERATOR(pg_catalog.=) given.column_1 AND ...;
 *	END
 */
char *
remove_function(const Absorption *absorption, const char *name)
{
	return psprintf("CREATE FUNCTION %s(%s)\nRETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC\n"
					"    DELETE FROM %s AS link\n    USING %s\n    WHERE %s;\nEND",
					name, parameter_types(absorption, false), absorption->junction.qualified,
					given_links(list_length(pair_names(&absorption->junction))), is_given_link(absorption));
}

/*
 * Returns the statement that makes the function which gives links that are there
 * another position:
 *
 *	CREATE FUNCTION public.invoice_tags_mirror_move(integer[], integer[], integer[])
 *	RETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC
 *	    UPDATE public.invoice_tags AS link SET "position" = given.column_3
 *	    FROM ROWS FROM (...) AS given (column_1, column_2, column_3)
 *	    WHERE link.invoice_id OPERATOR(pg_catalog.=) given.column_1 AND ...;
 *	END
 */
char *
move_function(const Absorption *absorption, const char *name)
{
	const NewJunction *junction = &absorption->junction;
	int			count = list_length(pair_names(junction)) + 1;

	return psprintf("CREATE FUNCTION %s(%s)\nRETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC\n"
					"    UPDATE %s AS link SET %s = given.column_%d\n    FROM %s\n    WHERE %s;\nEND",
					name, parameter_types(absorption, true), junction->qualified,
					column_list(junction->own_columns), count, given_links(count), is_given_link(absorption));
}

/*
 * Returns the ON CONFLICT clause of the function that adds links: one that is
 * there already stays, and has the new position if there are positions.
 */
static char *
on_conflict(const Absorption *absorption)
{
	char	   *pair = column_list(pair_names(&absorption->junction));
	char	   *position;

	if (!absorption->ordered)
		return psprintf("ON CONFLICT (%s) DO NOTHING", pair);
	position = column_list(absorption->junction.own_columns);
	return psprintf("ON CONFLICT (%s) DO UPDATE SET %s = EXCLUDED.%s WHERE link.%s OPERATOR(pg_catalog.<>) EXCLUDED.%s",
					pair, position, position, position, position);
}

/*
 * Returns the statement that makes the function which adds links:
 *
 *	CREATE FUNCTION public.invoice_tags_mirror_add(integer[], integer[])
 *	RETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC
 *	    INSERT INTO public.invoice_tags AS link (invoice_id, tag_id)
 *	    SELECT given.* FROM ROWS FROM (...) AS given (column_1, column_2)
 *	    ON CONFLICT (invoice_id, tag_id) DO NOTHING;
 *	END
 */
char *
add_function(const Absorption *absorption, const char *name)
{
	const NewJunction *junction = &absorption->junction;
	List	   *columns = list_concat_copy(pair_names(junction), junction->own_columns);

	return psprintf("CREATE FUNCTION %s(%s)\nRETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC\n"
					"    INSERT INTO %s AS link (%s)\n    SELECT given.* FROM %s\n    %s;\nEND",
					name, parameter_types(absorption, absorption->ordered), junction->qualified,
					column_list(columns), given_links(list_length(columns)), on_conflict(absorption));
}

/*
 * Returns the query of the distinct values that the rows of a transition table
 * hold:
 *
 *	SELECT link.left_1, link.value_1 FROM (...) AS link WHERE link.value_1 IS NOT NULL
 *
 * With place, each with its first position; else the query is one for EXCEPT, as
 * it brings duplicates.
 */
static char *
held_values(const Absorption *absorption, const char *relation, bool place)
{
	char	   *columns = psprintf("%s, %s", element_columns(absorption, false),
								   element_columns(absorption, true));

	return psprintf("SELECT %s%s FROM (%s) AS link WHERE %s%s", columns,
					place ? ", pg_catalog.min(link.place) AS place" : "",
					elements_query(absorption, relation), present_condition(absorption),
					place ? psprintf(" GROUP BY %s", columns) : "");
}

/*
 * Returns the query of the values that rows hold in one transition table and not
 * in the other, which may be null: then all of them.
 */
static char *
changed_values(const Absorption *absorption, const char *relation, const char *other)
{
	char	   *held = held_values(absorption, relation, false);

	if (other == NULL)
		return psprintf("SELECT DISTINCT * FROM (%s) AS held", held);
	return psprintf("%s\nEXCEPT %s", held, held_values(absorption, other, false));
}

/*
 * Returns the query of the values that the rows of an UPDATE hold now, each with its
 * first position: those that they did not hold before; or if moved, those that they
 * held at another position.
 */
static char *
placed_values(const Absorption *absorption, bool moved)
{
	static const char now[] = "pg_catalog.min(link.place) FILTER (WHERE link.is_new)";
	static const char before[] = "pg_catalog.min(link.place) FILTER (WHERE NOT link.is_new)";
	char	   *columns = psprintf("%s, %s", element_columns(absorption, false),
								   element_columns(absorption, true));
	char	   *condition = moved ? psprintf("%s OPERATOR(pg_catalog.<>) %s", now, before) :
		psprintf("%s IS NOT NULL AND %s IS NULL", now, before);

	return psprintf("SELECT %s, %s AS place FROM (\n    SELECT held.*, true AS is_new FROM (%s) AS held\n"
					"    UNION ALL SELECT held.*, false FROM (%s) AS held) AS link\n"
					"WHERE %s GROUP BY %s HAVING %s",
					columns, now, elements_query(absorption, "new_rows"), elements_query(absorption, "old_rows"),
					present_condition(absorption), columns, condition);
}

/*
 * Appends the call of a function with the links of a query:
 *
 *	PERFORM public.invoice_tags_mirror_add(
 *	    CAST(pg_catalog.array_agg(link.column_1) AS integer[]), ...)
 *	FROM (...) AS link (column_1, column_2);
 */
static void
append_call(StringInfo buf, const Absorption *absorption, const char *function, const char *links,
			bool place)
{
	List	   *parents = pair_parents(&absorption->junction);
	StringInfoData names;

	initStringInfo(&names);
	appendStringInfo(buf, "    PERFORM %s(", function);
	foreach_ptr(ColumnFacts, column, parents)
	{
		int			i = foreach_current_index(column) + 1;

		appendStringInfo(buf, "%sCAST(pg_catalog.array_agg(link.column_%d) AS %s)", i > 1 ? ", " : "",
						 i, array_text(column));
		appendStringInfo(&names, "%scolumn_%d", i > 1 ? ", " : "", i);
	}
	if (place)
		appendStringInfoString(buf, ", CAST(pg_catalog.array_agg(link.place) AS integer[])");
	appendStringInfo(buf, ")\n    FROM (%s) AS link (%s%s);\n", links, names.data, place ? ", place" : "");
}

/*
 * Returns as a FROM item what the rows of an UPDATE held, under the keys that they
 * have now.  PostgreSQL writes both transition tables row by row, and the nth row of
 * one is the nth of the other.
 *
 *	(SELECT new_row.id, old_row.tag_ids
 *	FROM (SELECT row_number() OVER (), id FROM new_rows) AS new_row (nth, id)
 *	JOIN (SELECT row_number() OVER (), tag_ids FROM old_rows) AS old_row (nth, tag_ids) ON ...)
 */
static char *
rows_with_new_keys(const Absorption *absorption)
{
	List	   *keys = names_of(absorption->junction.left.parent.own);
	List	   *names = names_of(absorption->columns);
	char	   *key_list = column_list(keys);
	char	   *list = column_list(names);
	char	   *nth = "nth";
	StringInfoData columns;

	for (int i = 1; list_has_name(keys, nth) || list_has_name(names, nth); i++)
		nth = psprintf("nth_%d", i);
	initStringInfo(&columns);
	foreach_ptr(char, key, keys)
		appendStringInfo(&columns, "new_row.%s, ", quote_identifier(key));
	foreach_ptr(char, name, names)
		if (!list_has_name(keys, name))
			appendStringInfo(&columns, "old_row.%s, ", quote_identifier(name));
	return psprintf("(SELECT %snew_row.%s FROM\n"
					"    (SELECT pg_catalog.row_number() OVER (), %s FROM new_rows) AS new_row (%s, %s) JOIN\n"
					"    (SELECT pg_catalog.row_number() OVER (), %s FROM old_rows) AS old_row (%s, %s)\n"
					"    ON old_row.%s OPERATOR(pg_catalog.=) new_row.%s)",
					columns.data, nth, key_list, nth, key_list, list, nth, list, nth, nth);
}

/*
 * Appends what an UPDATE removes: the links of what the rows held, and do not hold
 * now.  A foreign key ON UPDATE CASCADE may have given them a new key by then.
 */
static void
append_removals(StringInfo buf, const Absorption *absorption, const char *remove)
{
	Absorption	unordered = *absorption;
	char	   *keys = column_list(names_of(absorption->junction.left.parent.own));
	bool		join = !values_are_key(absorption);

	unordered.ordered = false;
	append_call(buf, &unordered, remove,
				links_query(&unordered, changed_values(&unordered, "old_rows", "new_rows"), join, false, true), false);
	appendStringInfo(buf, "    IF EXISTS (SELECT %s FROM old_rows EXCEPT SELECT %s FROM new_rows) THEN\n", keys, keys);
	append_call(buf, &unordered, remove,
				links_query(&unordered, changed_values(&unordered, rows_with_new_keys(absorption), "new_rows"), join, false, true), false);
	appendStringInfoString(buf, "    END IF;\n");
}

/*
 * Appends the statement that adds to the parent the values that it lacks.  A row
 * that another session adds meanwhile is taken.
 *
 *	INSERT INTO public.tags (slug) SELECT DISTINCT link.value_1 FROM (...) AS link
 *	WHERE NOT EXISTS (...) ORDER BY 1 ON CONFLICT (slug) DO NOTHING;
 */
static void
append_insert_missing(StringInfo buf, const Absorption *absorption, const char *values)
{
	const TableFacts *parent = absorption->junction.right.parent.table;
	List	   *columns = NIL;

	foreach_ptr(MatchColumn, match, absorption->match)
		columns = lappend(columns, match->column->name);
	appendStringInfo(buf, "    INSERT INTO %s (%s)\n    SELECT DISTINCT %s FROM (%s) AS link\n"
					 "    WHERE NOT EXISTS (SELECT FROM %s AS parent WHERE %s)\n"
					 "    ORDER BY 1 ON CONFLICT (%s) DO NOTHING;\n",
					 qualified_name(parent->oid), column_list(columns),
					 element_columns(absorption, true), values, source_relation(parent),
					 match_condition(absorption), column_list(columns));
}

/*
 * Appends the refusal of a value that the parent does not have, if its rows are
 * found by another column than its key.  The foreign key refuses the others.
 */
static void
append_refuse_missing(StringInfo buf, const Absorption *absorption, const char *values)
{
	const TableFacts *parent = absorption->junction.right.parent.table;

	appendStringInfo(buf, "    SELECT CAST(link.value_1 AS pg_catalog.text) INTO missing FROM (%s) AS link\n"
					 "    WHERE NOT EXISTS (SELECT FROM %s AS parent WHERE %s) LIMIT 1;\n"
					 "    IF FOUND THEN\n"
					 "        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = pg_catalog.format(%s, missing);\n"
					 "    END IF;\n",
					 values, source_relation(parent), match_condition(absorption),
					 quote_literal_cstr(psprintf("no row of %s has the value %%L", qualified_name(parent->oid))));
}

/*
 * Appends what is done with the values that a statement brought: an UPDATE, whose
 * rows held others before, or an INSERT.
 */
static void
append_additions(StringInfo buf, const Absorption *absorption, const char *add, bool update)
{
	char	   *values = !absorption->ordered ? changed_values(absorption, "new_rows", update ? "old_rows" : NULL) :
		update ? placed_values(absorption, false) : held_values(absorption, "new_rows", true);
	bool		join = !values_are_key(absorption) || absorption->missing == MISSING_DISCARD;

	/* a trigger of the parent can insert another value, or none */
	if (absorption->missing == MISSING_INSERT)
		append_insert_missing(buf, absorption, values);
	if (absorption->missing != MISSING_DISCARD && join)
		append_refuse_missing(buf, absorption, values);
	append_call(buf, absorption, add, links_query(absorption, values, join, false, true), absorption->ordered);
}

/*
 * Returns the body of the trigger function, in plpgsql.  It is called once after
 * each statement, with the rows in old_rows and new_rows.
 *
 *	IF there are no new_rows THEN do nothing; END IF;
 *	IF TG_OP is 'UPDATE' THEN
 *	    remove the links of what the rows held, and do not hold now;
 *	    move those of what they hold at another position, if they are there;
 *	    add those of what they hold, and did not;
 *	ELSE
 *	    add the links of what they hold;
 *	END IF;
 *
 * It is called for a statement without rows too.  Where two tables are mirrored and
 * each is the other's parent, what it inserts calls the other's: this must end.
 */
char *
trigger_body(const Absorption *absorption, const char *add, const char *remove, const char *move)
{
	StringInfoData buf;

	initStringInfo(&buf);
	/* the target of ON CONFLICT cannot be qualified, and may be named as a variable is */
	appendStringInfoString(&buf, "\n#variable_conflict use_column\nDECLARE\n    missing pg_catalog.text;\nBEGIN\n"
						   "IF NOT EXISTS (SELECT FROM new_rows) THEN\n    RETURN NULL;\nEND IF;\n"
						   "IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN\n");
	append_removals(&buf, absorption, remove);
	if (absorption->ordered)
		append_call(&buf, absorption, move,
					links_query(absorption, placed_values(absorption, true),
								!values_are_key(absorption), false, true), true);
	append_additions(&buf, absorption, add, true);
	appendStringInfoString(&buf, "ELSE\n");
	append_additions(&buf, absorption, add, false);
	appendStringInfoString(&buf, "END IF;\nRETURN NULL;\nEND\n");
	return buf.data;
}
