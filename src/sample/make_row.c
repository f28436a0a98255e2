/*
 * make_row.c
 *		Makes rows to try something with, and the parents that they need.
 *
 * A row is built column by column.  A column gets the value that is asked for;
 * or else its default or identity; or else a null, if it can be null; or else
 * a value made for its type (value.c).  Before this, each foreign key that
 * must not be null gets a parent, which is made in the same way.  So no row of
 * the user's is used or locked.
 *
 * Only the server can tell whether a row is valid.  So each row is inserted,
 * in a subtransaction.  If the row is refused, the error names a constraint,
 * and its columns are tried with other values until all have been tried.  The
 * choice that succeeded is kept for the next row.
 *
 * The caller rolls back the rows.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "sample/sample.h"
#include "statement/statement.h"

/*
 * Tables in a chain of foreign keys in which rows are made: a chain in a real
 * schema is rarely longer, and each level can multiply the tries.
 */
#define MAX_DEPTH	8

/*
 * INSERTs that are tried for one row: enough to combine some ten values of two
 * columns, and short, as each is one subtransaction.
 */
#define MAX_TRIES	200

/*
 * INSERTs that are repeated unchanged after a unique violation on an identity
 * column.  Its sequence can be behind the values in the table, and gives another
 * value each time; if it is behind by more, other values are tried.
 */
#define MAX_SEQUENCE_TRIES	5

/* A parent that was made */
typedef struct MadeRow
{
	Oid			table;
	List	   *cells;			/* Cell: the columns that are known */
} MadeRow;

/* Returns a new cell; value is null for a null. */
Cell *
make_cell(AttrNumber attnum, char *value)
{
	Cell	   *cell = palloc(sizeof(Cell));

	cell->attnum = attnum;
	cell->value = value;
	return cell;
}

/* Returns the cell of a column, or null. */
Cell *
find_cell(List *cells, AttrNumber attnum)
{
	foreach_ptr(Cell, cell, cells)
		if (cell->attnum == attnum)
			return cell;
	return NULL;
}

/*
 * Returns false, with the reason in sampler->why.  error: the last error of
 * the server, or null.
 */
static bool
fail(Sampler *sampler, const SampleTable *table, ErrorData *error, const char *why)
{
	sampler->error = error;
	sampler->why = psprintf("no row of \"%s\" can be made: %s", table->display, why);
	return false;
}

/* Must the column not be null, by NOT NULL or because the request wants it? */
static bool
is_required(const SampleTable *table, AttrNumber attnum, const RowRequest *request)
{
	return bms_is_member(attnum, request->wanted) || find_column(table->facts, attnum)->notnull;
}

/*
 * Must a foreign key have a parent?  place: its place in the table's list.  It
 * must if all its columns are given or required, with MATCH FULL also if one
 * is, or if follow_instead() has chosen it.  It need not if one is given as null.
 */
static bool
needs_parent(const SampleTable *table, const ForeignKeyFacts *key, int place,
			 const RowRequest *request, List *cells)
{
	bool		any = false;
	bool		all = true;

	for (int i = 0; i < key->nkeys; i++)
	{
		Cell	   *cell = find_cell(cells, key->columns[i]);

		if (cell != NULL && cell->value == NULL)
			return false;
		if (cell != NULL || is_required(table, key->columns[i], request))
			any = true;
		else
			all = false;
	}
	return all || bms_is_member(place, table->followed) ||
		(any && key->match == FKCONSTR_MATCH_FULL);
}

/*
 * Has a row with these cells been made in the table?
 */
static bool
is_made(const Sampler *sampler, Oid table, List *cells)
{
	foreach_ptr(MadeRow, row, sampler->made)
	{
		bool		same = row->table == table;

		foreach_ptr(Cell, cell, cells)
		{
			Cell	   *made = same ? find_cell(row->cells, cell->attnum) : NULL;

			if (made == NULL || made->value == NULL || strcmp(made->value, cell->value) != 0)
				same = false;
		}
		if (same)
			return true;
	}
	return false;
}

/* Record a parent that was made, with the cells that are known of it. */
static void
remember(Sampler *sampler, Oid table, List *row)
{
	MadeRow    *made = palloc(sizeof(MadeRow));

	made->table = table;
	made->cells = row;
	sampler->made = lappend(sampler->made, made);
}

/*
 * Let a row that must reference a row of its own table reference itself: add
 * the cells to do so.
 */
static void
point_at_itself(const SampleTable *table, const ForeignKeyFacts *key, List **cells)
{
	for (int i = 0; i < key->nkeys; i++)
	{
		Cell	   *from = find_cell(*cells, key->columns[i]);
		Cell	   *to = find_cell(*cells, key->parent_columns[i]);
		char	   *value;

		if (from != NULL)
			value = from->value;
		else if (to != NULL)
			value = to->value;
		else
			value = column_value(find_sample_column(table, key->parent_columns[i]), 1);
		if (from == NULL)
			*cells = lappend(*cells, make_cell(key->columns[i], value));
		if (to == NULL && key->columns[i] != key->parent_columns[i])
			*cells = lappend(*cells, make_cell(key->parent_columns[i], value));
	}
}

/*
 * Make the parent of a foreign key, unless it has been made, and add the cells
 * that reference it.  Of a foreign key with PERIOD, both rows get one period.
 * Returns false if the parent cannot be made (sampler->why).
 */
static bool
follow_key(Sampler *sampler, const ForeignKeyFacts *key, const SampleTable *table, List **cells)
{
	SampleTable *parent = find_sample_table(sampler, key->parent);
	RowRequest	request = {0};
	List	   *row;
	bool		complete = true;

	if (parent == NULL)
		return fail(sampler, table, NULL, "a table that it references no longer exists");
	for (int i = 0; i < key_width(key); i++)
	{
		Cell	   *cell = find_cell(*cells, key->columns[i]);

		if (cell != NULL)
			request.given = lappend(request.given, make_cell(key->parent_columns[i], cell->value));
		else
			complete = false;
		request.wanted = bms_add_member(request.wanted, key->parent_columns[i]);
		fit_type(find_sample_column(parent, key->parent_columns[i]),
				 find_column(table->facts, key->columns[i]));
	}
	if (complete && is_made(sampler, key->parent, request.given))
		return true;
	if (!make_row(sampler, key->parent, &request, &row))
		return false;
	remember(sampler, key->parent, row);
	for (int i = 0; i < key_width(key); i++)
		if (find_cell(*cells, key->columns[i]) == NULL)
			*cells = lappend(*cells, make_cell(key->columns[i],
											   find_cell(row, key->parent_columns[i])->value));
	return true;
}

/*
 * Handle all foreign keys of a row: make a parent for each that needs one, and
 * set the others to null, even if they have a default.  Returns false if a
 * parent cannot be made (sampler->why).
 */
static bool
follow_keys(Sampler *sampler, SampleTable *table, const RowRequest *request, List **cells)
{
	foreach_ptr(ForeignKeyFacts, key, table->facts->foreign_keys)
	{
		if (bms_overlap(key_columns(key), request->dangling))
			continue;
		if (!needs_parent(table, key, foreach_current_index(key), request, *cells))
		{
			for (int i = 0; i < key->nkeys; i++)
				if (find_cell(*cells, key->columns[i]) == NULL &&
					!is_required(table, key->columns[i], request))
					*cells = lappend(*cells, make_cell(key->columns[i], NULL));
		}
		else if (key->parent == table->facts->oid)
			point_at_itself(table, key, cells);
		else if (!follow_key(sampler, key, table, cells))
			return false;
	}
	return true;
}

/* Is the column left out of the INSERT, for the server to fill? */
static bool
is_left_out(const SampleTable *table, const SampleColumn *column, const RowRequest *request)
{
	if (column->generated || bms_is_member(column->facts->attnum, request->left_out))
		return true;
	return column->choice == 0 &&
		(column->has_default || !is_required(table, column->facts->attnum, request));
}

/*
 * Returns the statement that inserts the row:
 *
 *	INSERT INTO public.invoices (id, name) OVERRIDING SYSTEM VALUE
 *	VALUES ('1234567890', 'probe_1f00') RETURNING id
 */
static char *
insert_text(const SampleTable *table, const RowRequest *request, List *cells)
{
	StringInfoData columns;
	StringInfoData values;
	StringInfoData returning;
	bool		overriding = false;

	initStringInfo(&columns);
	initStringInfo(&values);
	initStringInfo(&returning);
	foreach_ptr(SampleColumn, column, table->columns)
	{
		Cell	   *cell = find_cell(cells, column->facts->attnum);
		char	   *value;

		if (bms_is_member(column->facts->attnum, request->wanted))
			appendStringInfo(&returning, "%s%s", returning.len ? ", " : " RETURNING ",
							 quote_identifier(column->facts->name));
		if (cell == NULL && is_left_out(table, column, request))
			continue;
		if (cell != NULL)
			value = cell->value;
		else
			value = column_value(column, Max(column->choice, 1));
		overriding |= column->overridden;
		appendStringInfo(&columns, "%s%s", columns.len ? ", " : "", quote_identifier(column->facts->name));
		appendStringInfo(&values, "%s%s", values.len ? ", " : "",
						 value ? quote_literal_cstr(value) : "NULL");
	}
	if (columns.len == 0)
		return psprintf("INSERT INTO %s DEFAULT VALUES%s", table->name, returning.data);
	return psprintf("INSERT INTO %s (%s)%s VALUES (%s)%s", table->name, columns.data,
					overriding ? " OVERRIDING SYSTEM VALUE" : "", values.data, returning.data);
}

/*
 * Returns the columns whose values an error is about; null if it does not
 * tell.
 */
static Bitmapset *
blamed_columns(const SampleTable *table, const ErrorData *error)
{
	Oid			root = error_table(error);
	Bitmapset  *columns = NULL;

	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION ||
		(error->sqlerrcode == ERRCODE_CHECK_VIOLATION && error->table_name == NULL))
	{
		/* an invalid value, or a domain within a value: it can be any made value */
		foreach_ptr(SampleColumn, column, table->columns)
			if (column->choice > 0)
				columns = bms_add_member(columns, column->facts->attnum);
		return columns;
	}
	if (root != table->facts->oid)
		return NULL;
	switch (error->sqlerrcode)
	{
		case ERRCODE_NOT_NULL_VIOLATION:
			{
				ColumnFacts *column = error->column_name ?
					find_column_by_name(table->facts, error->column_name) : NULL;

				return column ? bms_make_singleton(column->attnum) : NULL;
			}
		case ERRCODE_CHECK_VIOLATION:
			if (error->constraint_name == NULL)
				return bms_copy(table->facts->partition_key);
			foreach_ptr(SampleCheck, check, table->checks)
				if (strcmp(check->name, error->constraint_name) == 0)
					return bms_copy(check->columns);
			return NULL;
		case ERRCODE_UNIQUE_VIOLATION:
		case ERRCODE_EXCLUSION_VIOLATION:
			{
				IndexFacts *index = error_index(error, table->facts);

				return index ? indexed_columns(index) : NULL;
			}
	}
	return NULL;
}

/*
 * Choose a foreign key that was left null, and has this column, to be followed
 * from now on: a check can require one of several foreign keys.  Returns false
 * if there is none.
 */
static bool
follow_instead(SampleTable *table, const RowRequest *request, AttrNumber attnum)
{
	foreach_ptr(ForeignKeyFacts, key, table->facts->foreign_keys)
		for (int i = 0; i < key->nkeys; i++)
			if (key->columns[i] == attnum && find_cell(request->given, attnum) == NULL &&
				!bms_is_member(attnum, request->dangling) &&
				!bms_is_member(foreach_current_index(key), table->followed))
			{
				table->followed = bms_add_member(table->followed, foreach_current_index(key));
				return true;
			}
	return false;
}

/*
 * Choose other values for these columns, as an odometer counts: the next value
 * of the first column; if it has no more, its first value again and the next
 * one of the second column, and so on.  Returns false if all have been tried.
 */
static bool
choose_others(SampleTable *table, const RowRequest *request, List *cells, Bitmapset *columns)
{
	int			attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		SampleColumn *column = find_sample_column(table, attnum);
		Cell	   *cell = find_cell(cells, attnum);

		if (cell != NULL)
		{
			if (cell->value == NULL && follow_instead(table, request, attnum))
				return true;
			continue;
		}
		if (column->generated || bms_is_member(attnum, request->left_out))
			continue;
		if (column_value(column, column->choice + 1) != NULL)
		{
			column->choice++;
			return true;
		}
		column->choice = !column->has_default && is_required(table, attnum, request);
	}
	return false;
}

/*
 * Remove the cell of one of the parents that gave these columns their values,
 * so that this parent is made anew: a check can compare the two ends.  turn:
 * the number of the try, which selects the parent.  Returns false if there is
 * none.
 */
static bool
renew_parent(const RowRequest *request, List **cells, const Bitmapset *columns, int turn)
{
	List	   *made = NIL;

	foreach_ptr(Cell, cell, *cells)
		if (cell->value != NULL && bms_is_member(cell->attnum, columns) &&
			find_cell(request->given, cell->attnum) == NULL)
			made = lappend(made, cell);
	if (made == NIL)
		return false;
	*cells = list_delete_ptr(*cells, list_nth(made, turn % list_length(made)));
	return true;
}

/*
 * Is one of the columns an identity that the server fills?
 */
static bool
has_sequence(const SampleTable *table, const RowRequest *request, Bitmapset *columns)
{
	foreach_ptr(SampleColumn, column, table->columns)
		if (bms_is_member(column->facts->attnum, columns) && column->identity &&
			!bms_is_member(column->facts->attnum, request->left_out) &&
			find_cell(request->given, column->facts->attnum) == NULL)
			return true;
	return false;
}

/*
 * Returns the wanted columns of the inserted row (List of Cell), from the
 * values that INSERT RETURNING has returned.
 */
static List *
returned_cells(const SampleTable *table, const RowRequest *request, List *values)
{
	List	   *row = NIL;
	int			place = 0;

	foreach_ptr(SampleColumn, column, table->columns)
		if (bms_is_member(column->facts->attnum, request->wanted))
			row = lappend(row, make_cell(column->facts->attnum, list_nth(values, place++)));
	return row;
}

/*
 * Returns the reason why no row could be inserted: the server's message, or
 * that no value is known for the type of a column.
 */
static const char *
last_error(SampleTable *table, const ErrorData *error)
{
	ColumnFacts *facts;
	SampleColumn *column;

	if (error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION && error_table(error) == table->facts->oid &&
		error->column_name != NULL &&
		(facts = find_column_by_name(table->facts, error->column_name)) != NULL)
	{
		column = find_sample_column(table, facts->attnum);
		if (!column->has_default && column_value(column, 1) == NULL)
			return psprintf("no value of type %s is known for \"%s\"",
							type_text(facts->type, facts->typmod), facts->name);
	}
	return describe_error(error, table->facts->oid, ACL_INSERT | ACL_SELECT);
}

/*
 * Insert a row, trying values until one is accepted.  As make_row().
 */
static bool
insert_row(Sampler *sampler, SampleTable *table, const RowRequest *request, List **row)
{
	List	   *cells = list_copy(request->given);
	bool		follow = true;
	StatementResult result;

	for (int tries = 1;; tries++)
	{
		Bitmapset  *blamed;
		int			followed = bms_num_members(table->followed);

		if (follow && !follow_keys(sampler, table, request, &cells))
			return false;
		if (try_statement(insert_text(table, request, cells), &result))
			break;
		follow = false;
		name_shard_error(result.error, table->facts);
		blamed = blamed_columns(table, result.error);
		if (tries <= MAX_SEQUENCE_TRIES && result.error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION &&
			has_sequence(table, request, blamed))
			continue;
		if (tries < MAX_TRIES && choose_others(table, request, cells, blamed))
		{
			follow = bms_num_members(table->followed) != followed;
			if (follow)
				cells = list_copy(request->given);
		}
		else if (tries < MAX_TRIES && renew_parent(request, &cells, blamed, tries))
			follow = true;
		else
			return fail(sampler, table, result.error, last_error(table, result.error));
	}
	if (request->wanted != NULL && result.values == NIL)
		return fail(sampler, table, NULL, "a trigger or a rule discarded it");
	*row = returned_cells(table, request, result.values);
	return true;
}

/*
 * Insert a row, and the parents that it needs.  *row: the columns wanted (List
 * of Cell).
 *
 * Returns false if no row can be made: sampler->why is the reason, a phrase,
 * and sampler->error the server's error at the last try, or null.  Errors that
 * say nothing about the row, such as a cancel, are raised (try_statement).
 */
bool
make_row(Sampler *sampler, Oid relid, const RowRequest *request, List **row)
{
	SampleTable *table = find_sample_table(sampler, relid);
	bool		done;

	sampler->error = NULL;
	if (table == NULL)
	{
		sampler->why = psprintf("relation with OID %u does not exist", relid);
		return false;
	}
	if (list_member_oid(sampler->under_way, relid))
		return fail(sampler, table, NULL, "it needs another row of the same table first");
	if (list_length(sampler->under_way) >= MAX_DEPTH)
		return fail(sampler, table, NULL, "too many tables would need a row first");

	sampler->under_way = lappend_oid(sampler->under_way, relid);
	done = insert_row(sampler, table, request, row);
	sampler->under_way = list_delete_last(sampler->under_way);
	return done;
}
