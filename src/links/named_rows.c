/*
 * named_rows.c
 *		The rows that the caller of junction.merge names: the one that stays, and
 *		those that become one with it.
 *
 * A row is named by its primary key: by the value, if that is one column; by a
 * record of the values, in the order of the key; or by a row of the table.
 *
 * They are locked FOR UPDATE, in the order of the key.  A foreign key's check of a
 * row that would reference one of them waits for that lock, and finds that the
 * row is gone; one that was there before is seen by the statements that follow.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Sets for the time of a new GUC nest level, which is returned, how values are
 * written: so that each literal is read as the same value again.  With the session's
 * settings two numbers, or two times in the hour when a clock is put back, can be
 * the same text.  (pg_dump does the same.)
 */
static int
begin_literals(void)
{
	static const char *const settings[][2] = {
		{"datestyle", "ISO"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "3"}
	};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/*
 * Does a value of this type name the same value of another one, whatever it is?
 */
static bool
is_nameable_by(Oid key, Oid type)
{
	bool		integers = (key == INT2OID || key == INT4OID || key == INT8OID) &&
		(type == INT2OID || type == INT4OID || type == INT8OID);

	return integers || can_coerce_type(1, &type, &key, COERCION_IMPLICIT);
}

/*
 * Returns a value as a literal of the type of a column of the key.  22023 if it is
 * null, or of a type that has no implicit cast to it.
 */
static char *
key_literal(const TableFacts *table, const ColumnFacts *column, Datum value, bool isnull, Oid type)
{
	Oid			output;
	bool		varlena;

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a row of \"%s\" is named without its \"%s\"", display_name(table->oid), column->name),
				 errdetail("It is null.")));
	if (!is_nameable_by(column->type, type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a value of type %s names no row of \"%s\"", format_type_be(type), display_name(table->oid)),
				 errdetail("Its key column \"%s\" is of type %s.", column->name, type_text(column->type, -1)),
				 errhint("Give the values of that type, as in '...'::%s.", type_text(column->type, -1))));
	getTypeOutputInfo(type, &output, &varlena);
	return psprintf("%s::%s", quote_literal_cstr(OidOutputFunctionCall(output, value)),
					type_text(column->type, column->typmod));
}

/*
 * Returns the literals of the key that a record names: of a row of the table its
 * key columns, of another record all of its fields.
 */
static List *
literals_of_record(const TableFacts *table, const IndexFacts *key, Datum value)
{
	HeapTupleHeader record = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(record), HeapTupleHeaderGetTypMod(record));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(record),.t_data = record};
	bool		whole = HeapTupleHeaderGetTypeId(record) == get_rel_type_id(table->oid);
	List	   *literals = NIL;

	if (!whole && desc->natts != key->nkeys)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a record of %d fields names no row of \"%s\"", desc->natts, display_name(table->oid)),
				 errdetail("Its primary key is (%s).", column_list(column_names(table, key->columns, key->nkeys)))));
	for (int i = 0; i < key->nkeys; i++)
	{
		int			field = whole ? key->columns[i] : i + 1;
		bool		isnull;
		Datum		datum = heap_getattr(&tuple, field, desc, &isnull);

		literals = lappend(literals, key_literal(table, find_column(table, key->columns[i]), datum, isnull,
												 TupleDescAttr(desc, field - 1)->atttypid));
	}
	ReleaseTupleDesc(desc);
	return literals;
}

/*
 * Returns the literals of the key that a value names.
 */
static List *
literals_of(const TableFacts *table, const IndexFacts *key, Datum value, bool isnull, Oid type)
{
	if (!isnull && type_is_rowtype(type) && getBaseType(find_column(table, key->columns[0])->type) != getBaseType(type))
		return literals_of_record(table, key, value);
	if (key->nkeys > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a value of type %s names no row of \"%s\"", format_type_be(type), display_name(table->oid)),
				 errdetail("Its primary key is (%s).", column_list(column_names(table, key->columns, key->nkeys))),
				 errhint("Name it by ROW(...) of these columns, or by a row of the table.")));
	return list_make1(key_literal(table, find_column(table, key->columns[0]), value, isnull, type));
}

/*
 * Returns the rows that the arguments keep and gone name: for each, first the one
 * that stays, the literals of its primary key.  22023 for values that fit no key.
 */
static List *
given_rows(FunctionCallInfo fcinfo, const TableFacts *table, const IndexFacts *key)
{
	ArrayType  *gone = PG_GETARG_ARRAYTYPE_P(2);
	Oid			type = ARR_ELEMTYPE(gone);
	List	   *given;
	int16		length;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			level;

	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(gone, type, length, byval, align, &values, &nulls, &count);
	level = begin_literals();
	given = list_make1(literals_of(table, key, PG_GETARG_DATUM(1), false, get_fn_expr_argtype(fcinfo->flinfo, 1)));
	for (int i = 0; i < count; i++)
		given = lappend(given, literals_of(table, key, values[i], nulls[i], type));
	AtEOXact_GUC(false, level);
	return given;
}

/*
 * Sets rows to those of a table that the arguments of junction.merge name, known by
 * their primary key.  42704 if the table has none, and what given_rows() raises.
 */
void
name_rows(MergedRows *rows, FunctionCallInfo fcinfo, const TableFacts *table)
{
	IndexFacts *key = find_primary_key(table);

	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key", display_name(table->oid)),
				 errdetail("Its rows are named by their primary key.")));
	memset(rows, 0, sizeof(MergedRows));
	rows->table = table;
	for (int i = 0; i < key->nkeys; i++)
		rows->identity = lappend_int(rows->identity, key->columns[i]);
	rows->columns = rows->identity;
	rows->values = given_rows(fcinfo, table, key);
}

/*
 * Returns the names of the columns that identify a row, for ORDER BY.
 */
static char *
identity_list(const MergedRows *rows, const char *alias)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_int(column, rows->identity)
		appendStringInfo(&buf, "%s%s.%s", buf.len ? ", " : "", alias,
						 quote_identifier(find_column(rows->table, column)->name));
	return buf.data;
}

/*
 * Returns the statement that locks the rows:
 *
 *	SELECT FROM ONLY public.tags AS merged WHERE ... ORDER BY merged.id FOR UPDATE
 */
char *
lock_rows(const MergedRows *rows)
{
	return psprintf("%sSELECT FROM %s AS merged\nWHERE %s\nORDER BY %s\nFOR UPDATE", with_clause(rows),
					merged_relation(rows->table), is_itself(rows, "merged", MEMBERS_ALL),
					identity_list(rows, "merged"));
}

/*
 * Returns the query of the values of given rows, in their order:
 *
 *	SELECT CASE WHEN merged.id OPERATOR(pg_catalog.=) first_value(merged.id) OVER places
 *		THEN first_value(merged.id) OVER places ELSE merged.id END, ...
 *	FROM (VALUES (0, '7'::integer), (1, '9'::integer)) AS given (place, k1)
 *	LEFT JOIN ONLY public.tags AS merged ON merged.id OPERATOR(pg_catalog.=) given.k1
 *	WINDOW places AS (ORDER BY given.place) ORDER BY given.place
 *
 * A value that equals that of the row which stays is that one, so that equal values
 * are the same text: 1.0 and 1.00.
 */
static char *
values_query(const MergedRows *rows, List *given)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT ");
	foreach_int(column, rows->columns)
	{
		const ColumnFacts *facts = find_column(rows->table, column);
		char	   *value = psprintf("merged.%s", quote_identifier(facts->name));
		char	   *stays = psprintf("pg_catalog.first_value(%s) OVER places", value);

		appendStringInfo(&query, "%sCASE WHEN %s %s %s THEN %s ELSE %s END", foreach_current_index(column) ? ", " : "",
						 value, equality_of_column(facts), stays, stays, value);
	}
	appendStringInfoString(&query, " FROM (VALUES ");
	foreach_ptr(List, literals, given)
	{
		appendStringInfo(&query, "%s(%d", foreach_current_index(literals) ? ", " : "", foreach_current_index(literals));
		foreach_ptr(char, literal, literals)
			appendStringInfo(&query, ", %s", literal);
		appendStringInfoChar(&query, ')');
	}
	appendStringInfoString(&query, ") AS given (place");
	foreach_int(column, rows->identity)
		appendStringInfo(&query, ", k%d", column);
	appendStringInfo(&query, ") LEFT JOIN %s AS merged ON ", merged_relation(rows->table));
	foreach_int(column, rows->identity)
	{
		const ColumnFacts *facts = find_column(rows->table, column);

		appendStringInfo(&query, "%smerged.%s %s given.k%d", foreach_current_index(column) ? " AND " : "",
						 quote_identifier(facts->name), equality_of_column(facts), column);
	}
	appendStringInfoString(&query, " WINDOW places AS (ORDER BY given.place) ORDER BY given.place");
	return query.data;
}

/*
 * Returns the values of a row as literals, in the order of the known columns.
 */
static List *
as_literals(const MergedRows *rows, List *values)
{
	List	   *literals = NIL;
	int			place = 0;

	foreach_int(column, rows->columns)
	{
		const ColumnFacts *facts = find_column(rows->table, column);
		char	   *value = list_nth(values, place++);

		literals = lappend(literals, value ? psprintf("%s::%s", quote_literal_cstr(value),
													  type_text(facts->type, facts->typmod)) : NULL);
	}
	return literals;
}

/*
 * Is this row, by its identity, among those that are known?  first: only the one
 * that stays.
 */
static bool
is_known_row(const MergedRows *rows, List *literals, bool first)
{
	foreach_ptr(List, known, rows->values)
	{
		bool		same = true;

		for (int i = 0; i < list_length(rows->identity); i++)
			same &= strcmp(list_nth(known, i), list_nth(literals, i)) == 0;
		if (same)
			return true;
		if (first)
			break;
	}
	return false;
}

/*
 * Returns the key of a row for a message, of which the literals are the first:
 *
 *	'7'::integer
 *	('1'::integer, '7'::integer)
 */
static char *
key_text(const MergedRows *rows, List *literals)
{
	int			count = list_length(rows->identity);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "", (char *) list_nth(literals, i));
	return count > 1 ? psprintf("(%s)", text.data) : text.data;
}

/*
 * Sets the values of the given rows, as they are now.  Returns false, with a
 * NOTICE, if none that would go is there.  22023 if the one that stays is not
 * there, or is to go too.
 */
bool
read_values(const Merge *merge, MergedRows *rows, List *given)
{
	int			missing = 0;
	int			level = begin_literals();
	List	   *read = read_rows(merge, rows->table, values_query(rows, given));

	AtEOXact_GUC(false, level);
	foreach_ptr(List, values, read)
	{
		int			place = foreach_current_index(values);
		List	   *literals;

		if (linitial(values) == NULL && place == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" has not the row that is to stay", display_name(rows->table->oid)),
					 errdetail("No row has the key %s.", key_text(rows, linitial(given)))));
		if (linitial(values) == NULL)
		{
			missing++;
			continue;
		}
		literals = as_literals(rows, values);
		if (place > 0 && is_known_row(rows, literals, true))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the same row of \"%s\" cannot both stay and go", display_name(rows->table->oid)),
					 errdetail("It has the key %s.", key_text(rows, literals))));
		if (!is_known_row(rows, literals, false))
			rows->values = lappend(rows->values, literals);
	}
	if (missing > 0)
		ereport(NOTICE,
				(errmsg_plural("%d row to merge is not in \"%s\"", "%d rows to merge are not in \"%s\"", missing,
							   missing, display_name(rows->table->oid))));
	return list_length(rows->values) > 1;
}
