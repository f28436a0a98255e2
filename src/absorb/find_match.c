/*
 * find_match.c
 *		Finds the column of the parent that the source's values are values of.
 *
 * It is the one that the caller named; or else that of the foreign key on the
 * source's column; or else the only column of the parent that is unique by
 * itself and has the type of the values.  Where several have it, the name of the
 * source's column decides: tag_slugs holds values of slug, and tag_ids of id.
 *
 * Text, delimited or in json, can be read as any type, but only what is named
 * (tag_ids), or the only unique text column, is taken for meant.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/*
 * Returns the index by which a column of the parent is unique by itself, or
 * null.  A deferrable one is no match: two rows can have a value for a while.
 */
static IndexFacts *
unique_index(const TableFacts *parent, const ColumnFacts *column)
{
	foreach_ptr(IndexFacts, index, parent->indexes)
		if (is_whole_key(index) && !index->deferrable && index->method == BTREE_AM_OID &&
			index->nkeys == 1 && index->columns[0] == column->attnum &&
			index->collations[0] == column->collation)
			return index;
	return NULL;
}

/*
 * Returns the equality operator of a key column of a btree index.
 */
static Oid
index_equality(const IndexFacts *index, int place)
{
	Oid			type = get_opclass_input_type(index->classes[place]);

	return get_opfamily_member(index->families[place], type, type, BTEqualStrategyNumber);
}

/*
 * Adds a column to the match.
 */
static void
add_match(Absorption *absorption, ColumnFacts *column, Oid equality)
{
	MatchColumn *match = palloc(sizeof(MatchColumn));

	match->column = column;
	match->equality = equality;
	absorption->match = lappend(absorption->match, match);
}

/* Is the type one of the three sizes of integers? */
static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/*
 * Can values of the source be values of this column by their type: the same one,
 * another with the same representation (text and varchar), or another size of
 * integer?
 */
static bool
type_fits(const Absorption *absorption, const ColumnFacts *column)
{
	Oid			type = getBaseType(column->type);

	return type == absorption->type || (is_integer(type) && is_integer(absorption->type)) ||
		(IsBinaryCoercible(absorption->type, type) && IsBinaryCoercible(type, absorption->type)) ||
		(IsBinaryCoercible(absorption->type, TEXTOID) && IsBinaryCoercible(type, TEXTOID));
}

/*
 * Does the source's column have the name of this column of the parent at its
 * end: tag_ids or tag_id for id?
 */
static bool
name_fits(const Absorption *absorption, const ColumnFacts *column)
{
	char	   *name = snake_case(singular_name(name_stem(linitial(absorption->names))));
	char	   *wanted = snake_case(column->name);
	int			rest = strlen(name) - strlen(wanted);

	return rest >= 0 && strcmp(name + rest, wanted) == 0 && (rest == 0 || name[rest - 1] == '_');
}

/*
 * Returns those of the columns (ColumnFacts) that fits() holds for.
 */
static List *
filter_columns(const Absorption *absorption, List *columns,
			   bool (*fits) (const Absorption *absorption, const ColumnFacts *column))
{
	List	   *result = NIL;

	foreach_ptr(ColumnFacts, column, columns)
		if (fits(absorption, column))
			result = lappend(result, column);
	return result;
}

/*
 * Raise that no column of the parent fits, or that several do: 42704 or 22023.
 * unique: those that are unique by themselves; fitting: those of the right type.
 */
static void
raise_no_match(const Absorption *absorption, List *unique, List *fitting)
{
	const char *parent = display_name(absorption->parent);
	bool		is_text = absorption->form == SOURCE_JSON || absorption->form == SOURCE_DELIMITED;

	if (fitting != NIL || (is_text && unique != NIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the values of (%s) can be those of several columns of \"%s\"",
						column_list(absorption->names), parent),
				 errdetail("Unique are: %s.", column_list(names_of(fitting ? fitting : unique))),
				 errhint("Name one of them: match => %s.",
						 quote_literal_cstr(((ColumnFacts *) linitial(fitting ? fitting : unique))->name))));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("\"%s\" has no unique column for the values of (%s)", parent,
					column_list(absorption->names)),
			 errdetail("The values are of type %s. Unique by themselves are: %s.",
					   type_text(absorption->type, -1),
					   unique ? column_list(names_of(unique)) : "none"),
			 errhint("Add a UNIQUE constraint to the column that has these values.")));
}

/*
 * Returns the column that the caller named.  42703 if the parent has none of
 * the name; 42704 if it is not unique by itself; 22023 if it is of another type.
 */
static ColumnFacts *
asked_column(const Absorption *absorption)
{
	const TableFacts *parent = absorption->junction.right.parent.table;
	ColumnFacts *column = find_column_by_name(parent, absorption->asked_match);
	const char *name = display_name(parent->oid);

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", absorption->asked_match, name)));
	if (unique_index(parent, column) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("column \"%s\" of \"%s\" is not unique", column->name, name),
				 errdetail("A value must lead to one row at most: by a primary key or UNIQUE over this column alone, neither partial nor deferrable."),
				 errhint("Add one: ALTER TABLE %s ADD UNIQUE (%s).", qualified_name(parent->oid),
						 quote_identifier(column->name))));
	if (absorption->form != SOURCE_JSON && absorption->form != SOURCE_DELIMITED &&
		!type_fits(absorption, column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of \"%s\" has another type than the values of (%s)",
						column->name, name, column_list(absorption->names)),
				 errdetail("It is %s, and the values are %s.", type_text(column->type, column->typmod),
						   type_text(absorption->type, -1))));
	return column;
}

/*
 * Returns the column that fits the values of a foreign key to the parent on the
 * source's first column alone; null if there is no such key.
 */
static ColumnFacts *
referenced_column(const Absorption *absorption)
{
	const ColumnFacts *first = linitial(absorption->columns);

	if (absorption->form == SOURCE_COLUMNS)
		foreach_ptr(ForeignKeyFacts, key, absorption->table->foreign_keys)
			if (key->nkeys == 1 && key->columns[0] == first->attnum && key->parent == absorption->parent)
				return find_column(absorption->junction.right.parent.table, key->parent_columns[0]);
	return NULL;
}

/*
 * Returns the column that is meant where the caller named none.
 */
static ColumnFacts *
guess_column(const Absorption *absorption)
{
	bool		is_text = absorption->form == SOURCE_JSON || absorption->form == SOURCE_DELIMITED;
	List	   *unique = NIL;
	List	   *fitting;
	List	   *named;

	foreach_ptr(ColumnFacts, column, absorption->junction.right.parent.table->columns)
		if (unique_index(absorption->junction.right.parent.table, column) != NULL)
			unique = lappend(unique, column);
	fitting = filter_columns(absorption, unique, type_fits);
	named = filter_columns(absorption, is_text ? unique : fitting, name_fits);
	if (is_text && list_length(named) == 1)
		return linitial(named);
	if (list_length(fitting) == 1)
		return linitial(fitting);
	if (list_length(named) == 1)
		return linitial(named);
	if (is_text && list_length(unique) == 1)
		return linitial(unique);
	raise_no_match(absorption, unique, unique == NIL ? NIL : fitting);
	return NULL;				/* not reached */
}

/*
 * Sets the match of a composite foreign key.  Its order is the key's: the
 * columns are put into it.
 */
static void
match_foreign_key(Absorption *absorption)
{
	const TableFacts *parent = absorption->junction.right.parent.table;

	foreach_ptr(ForeignKeyFacts, key, absorption->table->foreign_keys)
	{
		if (key->parent != absorption->parent || key->nkeys != list_length(absorption->columns))
			continue;
		foreach_ptr(ColumnFacts, column, absorption->columns)
			for (int i = 0; i < key->nkeys; i++)
				if (key->columns[i] == column->attnum)
					add_match(absorption, find_column(parent, key->parent_columns[i]), key->operators[i]);
		if (list_length(absorption->match) == key->nkeys)
			return;
		absorption->match = NIL;
	}
	elog(ERROR, "no foreign key on these columns");
}

/*
 * Sets the match.  The columns and their form are decided; raises what
 * asked_column() and raise_no_match() raise.
 */
void
find_match(Absorption *absorption)
{
	const TableFacts *parent = absorption->junction.right.parent.table;
	ColumnFacts *column;

	if (absorption->form == SOURCE_FOREIGN_KEY)
	{
		match_foreign_key(absorption);
		return;
	}
	column = absorption->asked_match != NULL ? asked_column(absorption) : referenced_column(absorption);
	if (column == NULL || unique_index(parent, column) == NULL)
		column = guess_column(absorption);
	add_match(absorption, column, index_equality(unique_index(parent, column), 0));
}
