/*
 * absorb_check.c
 *		Decides what is absorbed, and how, and raises all refusals.
 *
 * In this order: the source and its columns, the form in which they hold values,
 * the parent and the column that the values match, the junction, what rests on
 * columns that are to be dropped, and last the rows, which are read.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"

/* The column that holds an element's place, if it is asked for */
#define POSITION_COLUMN "position"

/*
 * Sets absorption->columns.  22023 if none or one twice is named; 42703 for a
 * column that is not there; 0A000 for a generated one.
 */
static void
find_columns(Absorption *absorption)
{
	const char *name = display_name(absorption->source);

	if (absorption->names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"columns\" must name at least one column")));
	foreach_ptr(char, asked, absorption->names)
	{
		ColumnFacts *column = find_column_by_name(absorption->table, asked);

		if (column == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist", asked, name)));
		if (list_member_ptr(absorption->columns, column))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"columns\" names column \"%s\" twice", asked)));
		if (TupleDescAttr(RelationGetDescr(absorption->rel), column->attnum - 1)->attgenerated != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of \"%s\" is generated", asked, name),
					 errdetail("Its values are computed from other columns."),
					 errhint("Absorb these columns, or use ALTER COLUMN ... DROP EXPRESSION first.")));
		absorption->columns = lappend(absorption->columns, column);
	}
}

/*
 * Do the columns make up a composite foreign key to the parent?
 */
static bool
is_composite_key(const Absorption *absorption)
{
	Bitmapset  *columns = NULL;

	if (list_length(absorption->columns) < 2)
		return false;
	foreach_ptr(ColumnFacts, column, absorption->columns)
		columns = bms_add_member(columns, column->attnum);
	foreach_ptr(ForeignKeyFacts, key, absorption->table->foreign_keys)
		if (key->parent == absorption->parent && bms_equal(key_columns(key), columns))
			return true;
	return false;
}

/*
 * Sets the form and the type of a value by the first column.
 */
static void
decide_form(Absorption *absorption)
{
	Oid			type = getBaseType(((ColumnFacts *) linitial(absorption->columns))->type);
	Oid			element = get_element_type(type);

	absorption->type = TEXTOID;
	if (absorption->separator != NULL)
		absorption->form = SOURCE_DELIMITED;
	else if (type == JSONOID || type == JSONBOID)
		absorption->form = SOURCE_JSON;
	else if (OidIsValid(element))
	{
		absorption->form = SOURCE_ARRAY;
		absorption->type = getBaseType(element);
	}
	else
	{
		absorption->form = is_composite_key(absorption) ? SOURCE_FOREIGN_KEY : SOURCE_COLUMNS;
		absorption->type = absorption->form == SOURCE_COLUMNS ? type : InvalidOid;
	}
}

/* Is the type one of strings: text, varchar, citext? */
static bool
is_string(Oid type)
{
	char		category;
	bool		preferred;

	if (!OidIsValid(type))
		return false;
	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

/*
 * Refuse columns that do not fit the form, or arguments that do not fit the
 * columns: 22023.
 */
static void
check_form(const Absorption *absorption)
{
	const ColumnFacts *first = linitial(absorption->columns);

	if (list_length(absorption->columns) > 1 && absorption->form != SOURCE_COLUMNS &&
		absorption->form != SOURCE_FOREIGN_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("only one column with several values can be absorbed at a time"),
				 errdetail("\"%s\" holds several values.", first->name)));
	if (absorption->form == SOURCE_COLUMNS)
		foreach_ptr(ColumnFacts, column, absorption->columns)
			if (getBaseType(column->type) != absorption->type)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("columns \"%s\" and \"%s\" have different types", first->name, column->name),
						 errdetail("They are %s and %s.", type_text(first->type, first->typmod),
								   type_text(column->type, column->typmod))));
	if (absorption->form == SOURCE_DELIMITED && !is_string(getBaseType(first->type)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a separator needs a column of text"),
				 errdetail("\"%s\" is %s.", first->name, type_text(first->type, first->typmod))));
	if ((absorption->trim || absorption->lower) && !is_string(absorption->type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("only text can be normalized"),
				 errdetail("The values of (%s) are not text.", column_list(absorption->names))));
	if (absorption->ordered && absorption->form == SOURCE_FOREIGN_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a foreign key has no order"),
				 errhint("Leave out \"ordered\".")));
	/* WITH ORDINALITY, unnest() takes rows apart */
	if (absorption->ordered && absorption->form == SOURCE_ARRAY && type_is_rowtype(absorption->type))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the order of values that are rows cannot be kept"),
				 errdetail("The values of (%s) are of type %s.", column_list(absorption->names), type_text(absorption->type, -1)),
				 errhint("Leave out \"ordered\".")));
}

/*
 * Refuse a source with inheritance children: 0A000.  A foreign key to the source
 * does not see their rows.
 */
static void
check_no_children(const Absorption *absorption)
{
	if (absorption->table->kind != RELKIND_PARTITIONED_TABLE &&
		list_length(list_inheritors(absorption->source)) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("tables inherit from \"%s\"", display_name(absorption->source)),
				 errdetail("A foreign key cannot reference their rows, so these would lose their links."),
				 errhint("Use ALTER TABLE ... NO INHERIT first.")));
}

/*
 * Refuse to insert missing values where the parent does not allow it: 42501
 * without the right; 0A000 if the column is computed; 23502 if others have no
 * default.
 */
static void
check_insertable(const Absorption *absorption)
{
	const Parent *parent = &absorption->junction.right.parent;
	List	   *needed = NIL;
	const char *name = display_name(absorption->parent);

	foreach_ptr(ColumnFacts, column, parent->table->columns)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(parent->rel), column->attnum - 1);
		bool		matched = false;

		foreach_ptr(MatchColumn, match, absorption->match)
			matched |= match->column->attnum == column->attnum;
		if (matched && (att->attgenerated != '\0' || att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("values cannot be inserted into column \"%s\" of \"%s\"", column->name, name),
					 errdetail("The column is GENERATED ALWAYS."),
					 errhint("Insert the rows first, or use missing => 'discard'.")));
		if (matched && pg_class_aclcheck(absorption->parent, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
			pg_attribute_aclcheck(absorption->parent, column->attnum, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, parent->table->name);
		if (!matched && column->notnull && !has_default(column))
			needed = lappend(needed, column->name);
	}
	if (needed != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("missing values cannot be inserted into \"%s\"", name),
				 errdetail("These columns are NOT NULL and have no default: %s.", column_list(needed)),
				 errhint("Give them defaults, insert the rows first, or use missing => 'discard'.")));
}

/*
 * Decides on the junction.  42P07 or 42710 if its name is taken, and what
 * decide_junction() raises.
 */
static void
decide_new_junction(Absorption *absorption, text *name)
{
	NewJunction *junction = &absorption->junction;

	junction->left.argument = "source";
	junction->right.argument = "parent";
	/* a relation of a table to itself: the source's column tells the ends apart */
	if (absorption->source == absorption->parent && list_length(junction->right.parent.own) == 1)
		junction->right.columns = list_make1(singular_name(name_stem(linitial(absorption->names))));
	if (absorption->ordered)
	{
		junction->own_columns = list_make1(POSITION_COLUMN);
		junction->own_definitions = list_make1("integer NOT NULL");
	}
	decide_junction(junction, name);
	(void) check_junction_name(junction);
}

/*
 * Returns the parents of the foreign keys that go with the columns: for
 * open_table_with_parents().
 */
static List *
dropped_by_absorption(TableFacts *table, const void *state)
{
	const Absorption *absorption = state;
	Bitmapset  *columns = NULL;

	foreach_ptr(char, name, absorption->names)
	{
		const ColumnFacts *column = find_column_by_name(table, name);

		if (column != NULL)
			columns = bms_add_member(columns, column->attnum);
	}
	return find_parents(table, columns);
}

/*
 * Raises all refusals, and decides on everything that Absorption holds.  Leaves
 * both tables open; the source is locked in lockmode.
 *
 * What open_table_to_change(), open_parent() and decide_junction() raise; and
 * 22023, 42703, 42704, 0A000, 42501, 23502, 23503, 2BP01, 55000 as above.
 */
void
check_absorption(Absorption *absorption, text *name, LOCKMODE lockmode)
{
	const char *reason = "Which links its rows hold cannot be counted.";

	absorption->rel = lockmode == AccessShareLock ? open_table_to_change(absorption->source, lockmode) :
		open_table_with_parents(absorption->source, lockmode,
								&(ParentUse) {.added = list_make1_oid(absorption->parent),
								.dropped = absorption->keep_source ? NULL : dropped_by_absorption,.state = absorption});
	check_not_distributed(absorption->source,
						  "The links would be counted and made in the rows of one server, and its rows are in shards.",
						  "Create the junction with junction.create, which distributes it, and fill it with INSERT ... SELECT.");
	open_parent(&absorption->junction.left.parent, absorption->source, NIL);
	absorption->table = absorption->junction.left.parent.table;
	check_no_children(absorption);
	find_columns(absorption);
	open_parent(&absorption->junction.right.parent, absorption->parent, NIL);
	decide_form(absorption);
	check_form(absorption);
	find_match(absorption);
	decide_new_junction(absorption, name);
	if (absorption->missing == MISSING_INSERT)
		check_insertable(absorption);
	if (!absorption->keep_source)
		check_drop_columns(absorption->rel, absorption->table, absorption->columns, lockmode);
	if (absorption->mirror)
		check_mirror(absorption);
	check_reads_all(absorption->source, reason);
	check_reads_all(absorption->parent, reason);
	count_links(absorption);
}
