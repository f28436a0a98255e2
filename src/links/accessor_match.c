/*
 * accessor_match.c
 *		The match of accessors: a column of the right parent by whose values
 *		its rows are found, and made where they are not there.
 *
 * The column is unique by itself, or together with the columns that both ends
 * share (one slug in a tenant).  Its index is the conflict target, so two sessions
 * that make the same row at once make one.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "links/links.h"

/* Returns those columns of the right end that both ends share (AccessorColumn). */
static List *
shared_of_right(const Accessors *accessors)
{
	return list_difference_ptr(accessors->right.columns, accessors->right.own);
}

/*
 * Sets the operator and the key of the match from an index of the parent, if the
 * index makes it unique; returns whether.
 */
static bool
take_match_index(Accessors *accessors, const IndexFacts *index)
{
	const TableFacts *parent = accessors->right.parent;
	Bitmapset  *key = bms_make_singleton(accessors->match->attnum);

	if (!is_whole_key(index) || index->deferrable || index->method != BTREE_AM_OID)
		return false;
	foreach_ptr(AccessorColumn, shared, shared_of_right(accessors))
		if (bms_is_member(shared->parent->attnum, index->column_set))
			key = bms_add_member(key, shared->parent->attnum);
	if (!bms_equal(key, index->column_set))
		return false;
	for (int i = 0; i < index->nkeys; i++)
		if (index->columns[i] == accessors->match->attnum)
		{
			Oid			type = get_opclass_input_type(index->classes[i]);

			accessors->match_equality = get_opfamily_member(index->families[i], type, type,
															BTEqualStrategyNumber);
		}
	accessors->match_key = column_names(parent, index->columns, index->nkeys);
	return true;
}

/*
 * Refuse a parent whose other columns take no null and have no default: 55000.
 */
static void
check_words_insertable(const Accessors *accessors)
{
	foreach_ptr(ColumnFacts, column, accessors->right.parent->columns)
	{
		bool		given = column == accessors->match;

		foreach_ptr(AccessorColumn, shared, shared_of_right(accessors))
			given |= shared->parent == column;
		if (!given && column->notnull && !column->has_default && !has_default(column))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of \"%s\" has no default", column->name,
							display_name(accessors->right.parent->oid)),
					 errdetail("A row that is made for a value of \"%s\" has no value for it.",
							   accessors->match->name)));
	}
}

/*
 * Sets the match.  42703 if the parent does not have the column, 42704 if it is
 * not unique, 22023 if no accessor that was asked for takes it, 0A000 if there are
 * no arrays of it, 55000 if a row cannot be made of it.
 */
void
check_match(Accessors *accessors)
{
	const TableFacts *parent = accessors->right.parent;
	const char *name = display_name(parent->oid);
	bool		unique = false;

	if (accessors->asked_match == NULL)
		return;
	if (!list_member_int(accessors->kinds, ACCESSOR_SET) && !list_member_int(accessors->kinds, ACCESSOR_ADD))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"match\" is for the accessors set and add")));
	accessors->match = find_column_by_name(parent, accessors->asked_match);
	if (accessors->match == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", accessors->asked_match, name)));
	foreach_ptr(IndexFacts, index, parent->indexes)
		unique = unique || take_match_index(accessors, index);
	if (!unique)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("column \"%s\" of \"%s\" is not unique", accessors->match->name, name),
				 errdetail("A value must lead to one row at most: by a primary key or UNIQUE, neither partial nor deferrable, over this column, or over it and those that both ends share.")));
	if (OidIsValid(get_element_type(value_type(accessors->match))) ||
		!OidIsValid(get_array_type(value_type(accessors->match))))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of \"%s\" cannot be given in arrays", accessors->match->name, name)));
	check_words_insertable(accessors);
}

/*
 * Returns the condition that a row of the parent is the one of a value:
 *
 *	parent.slug OPERATOR(pg_catalog.=) word.value [AND parent.tenant_id = $1]
 */
static char *
word_condition(const Accessors *accessors)
{
	char	   *shared = given_row(accessors, shared_of_right(accessors));

	return psprintf("%s %s word.value%s%s", column_of("parent", accessors->match),
					operator_text(accessors->match_equality), shared[0] != '\0' ? " AND " : "", shared);
}

/*
 * Returns the keys of the rows that have the values, as a FROM item:
 *
 *	(SELECT parent.id FROM pg_catalog.unnest($2) AS word (value)
 *	JOIN ONLY public.tags AS parent ON parent.slug = word.value) AS given (column_1)
 *
 * parameter: the number of the array of values.
 */
char *
find_words(const Accessors *accessors, int parameter)
{
	StringInfoData keys;
	StringInfoData names;

	initStringInfo(&keys);
	initStringInfo(&names);
	foreach_ptr(AccessorColumn, column, accessors->right.own)
	{
		char	   *key = column_of("parent", column->parent);

		if (column->parent->type != value_type(column->column))
			key = psprintf("CAST(%s AS %s)", key, type_text(value_type(column->column), -1));
		appendStringInfo(&keys, "%s%s", keys.len ? ", " : "", key);
		appendStringInfo(&names, "%scolumn_%d", names.len ? ", " : "", foreach_current_index(column) + 1);
	}
	return psprintf("(SELECT %s FROM pg_catalog.unnest($%d) AS word (value) JOIN %s AS parent ON %s) AS given (%s)",
					keys.data, parameter, link_relation(accessors->right.parent), word_condition(accessors),
					names.data);
}

/*
 * Returns the statement that makes the rows that are not there, in the order of the
 * values:
 *
 *	INSERT INTO public.tags (slug) SELECT word.value FROM pg_catalog.unnest($2) AS word (value)
 *	WHERE word.value IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY public.tags AS parent WHERE ...)
 *	ORDER BY word.value ON CONFLICT (slug) DO NOTHING
 */
char *
insert_words(const Accessors *accessors, int parameter)
{
	List	   *names = list_make1(accessors->match->name);
	StringInfoData values;

	initStringInfo(&values);
	appendStringInfoString(&values, "word.value");
	foreach_ptr(AccessorColumn, shared, shared_of_right(accessors))
		foreach_ptr(AccessorColumn, fixed, accessors->fixed)
			if (fixed->column == shared->column)
			{
				names = lappend(names, shared->parent->name);
				appendStringInfo(&values, ", $%d AS %s", foreach_current_index(fixed) + 1,
								 quote_identifier(shared->parent->name));
			}
	return psprintf("INSERT INTO %s (%s)\n    SELECT %s FROM pg_catalog.unnest($%d) AS word (value)\n"
					"    WHERE word.value IS NOT NULL AND NOT EXISTS (SELECT FROM %s AS parent WHERE %s)\n"
					"    ORDER BY word.value ON CONFLICT (%s) DO NOTHING",
					qualified_name(accessors->right.parent->oid), column_list(names), values.data, parameter,
					link_relation(accessors->right.parent), word_condition(accessors),
					column_list(accessors->match_key));
}
