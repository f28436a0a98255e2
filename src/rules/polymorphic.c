/*
 * polymorphic.c
 *		The rule polymorphic_endpoint: a link whose one end is a row of any
 *		table, which two columns name.
 *
 * Rails and Laravel write taggable_type ('Invoice') and taggable_id, Django
 * content_type_id, a foreign key, and object_id.  No foreign key can be on the
 * id.  A table that has a polymorphic parent and columns of its own, such as
 * comments, is no link, and is left alone.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Returns a squashed name without this ending: "taggable" of "taggabletype";
 * null if it has not the ending, or nothing before it.
 */
static char *
stem_before(const char *squashed, const char *ending)
{
	size_t		length = strlen(squashed);
	size_t		cut = strlen(ending);

	if (length <= cut || strcmp(squashed + length - cut, ending) != 0)
		return NULL;
	return pnstrdup(squashed, length - cut);
}

/*
 * Can a column hold the name of a table: is it a text or an enum?  False if its
 * type was dropped meanwhile.
 */
static bool
holds_name(const ColumnFacts *column)
{
	Oid			type = getBaseType(column->type);
	char		category;
	bool		preferred;

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)))
		return false;
	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM;
}

/* Returns the foreign key on this column alone, or null. */
static ForeignKeyFacts *
foreign_key_on(const TableFacts *table, const ColumnFacts *column)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (key->nkeys == 1 && key->columns[0] == column->attnum)
			return key;
	return NULL;
}

/*
 * May a column of this name hold the type of a polymorphic end?  A quick test:
 * most columns of a database end here.
 */
static bool
may_name_type(const char *name)
{
	size_t		length = strlen(name);

	return length > 4 && (pg_strcasecmp(name + length - 4, "type") == 0 ||
						  pg_strncasecmp(name, "content", 7) == 0);
}

/*
 * Returns the column that holds the id, for a column that may hold the type of a
 * polymorphic end; null if it does not.
 */
static ColumnFacts *
id_for_type(const TableFacts *table, const ColumnFacts *type)
{
	char	   *name = squash_name(type->name);
	char	   *stem = stem_before(name, "type");
	ForeignKeyFacts *key = foreign_key_on(table, type);
	bool		django = key != NULL && strcmp(name, "contenttypeid") == 0 &&
		stem_before(squash_name(key->parent_name), "contenttype") != NULL;

	if (!django && (stem == NULL || key != NULL || !holds_name(type)))
		return NULL;
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		char	   *id = stem_before(squash_name(column->name), "id");

		if (id != NULL && strcmp(id, django ? "object" : stem) == 0)
			return foreign_key_on(table, column) == NULL ? column : NULL;
	}
	return NULL;
}

/*
 * Returns the columns that are no data: created and updated stamps, and a
 * primary key of one column.
 */
static Bitmapset *
bookkeeping_columns(const TableFacts *table)
{
	IndexFacts *primary = find_primary_key(table);
	Bitmapset  *columns = NULL;

	foreach_ptr(ColumnFacts, column, table->columns)
		if (is_stamp(column))
			columns = bms_add_member(columns, column->attnum);
	if (primary != NULL && primary->nkeys == 1)
		columns = bms_add_members(columns, primary->column_set);
	return columns;
}

/*
 * Do the columns of a table consist of these two, of those of one foreign key
 * more, and of bookkeeping?
 */
static bool
is_link(const TableFacts *table, const ColumnFacts *type, const ColumnFacts *id)
{
	Bitmapset  *known = bms_add_member(bms_make_singleton(type->attnum), id->attnum);
	Bitmapset  *end = NULL;

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
	{
		Bitmapset  *columns = key_columns(key);

		if (bms_overlap(columns, known))
			continue;
		if (end != NULL && !bms_equal(end, columns))
			return false;
		end = columns;
	}
	if (end == NULL)
		return false;
	known = bms_add_members(bms_add_members(known, end), bookkeeping_columns(table));
	foreach_ptr(ColumnFacts, column, table->columns)
		if (!bms_is_member(column->attnum, known))
			return false;
	return true;
}

/*
 * Returns the type column of a link's polymorphic end, and its id in *id; null if
 * the table is no such link.
 */
static ColumnFacts *
find_polymorphic_end(const TableFacts *table, ColumnFacts **id)
{
	if (table->foreign_keys == NIL)
		return NULL;
	foreach_ptr(ColumnFacts, type, table->columns)
	{
		*id = may_name_type(type->name) ? id_for_type(table, type) : NULL;
		if (*id != NULL && is_link(table, type, *id))
			return type;
	}
	return NULL;
}

/* Is the table a link with a polymorphic end? */
bool
is_polymorphic_link(const TableFacts *table)
{
	ColumnFacts *id;

	return find_polymorphic_end(table, &id) != NULL;
}

/*
 * polymorphic_endpoint: one end of a link is a type and an id, without a foreign
 * key.  No fix: it takes another shape, and the rows have to be moved.
 */
void
rule_polymorphic_endpoint(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	ColumnFacts *type;
	ColumnFacts *id;
	List	   *columns;
	Finding    *finding;

	if (junction->kind != JUNCTION_NONE || (type = find_polymorphic_end(table, &id)) == NULL)
		return;
	columns = list_make2(type->name, id->name);
	finding = add_finding(rule, junction, columns, findings);
	finding->message = psprintf("(%s) of %s refer to rows of any table",
								column_list(columns), quote_identifier(table->name));
	finding->detail = pstrdup("No foreign key can check that the row exists, and its links stay when it is deleted. Foreign keys are possible with a junction for each kind of parent; or with a nullable column for each kind, and a CHECK (num_nonnulls(...) = 1).");
}
