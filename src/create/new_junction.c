/*
 * new_junction.c
 *		Decides what a new junction is: columns, schema, persistence and name,
 *		and refuses what PostgreSQL would refuse.
 *
 * For every verb that makes a junction (create.h): the caller has opened both
 * parents, and build_junction() builds the statements afterwards.
 */
#include "postgres.h"

#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "create/create.h"
#include "model/model.h"

/*
 * Returns the ON DELETE clause for an argument's value, with a leading space;
 * empty for "no action", which is the default of SQL.  22023 for another
 * value.
 */
const char *
parse_on_delete(const char *argument, text *value)
{
	char	   *action = text_to_cstring(value);

	if (pg_strcasecmp(action, "cascade") == 0)
		return " ON DELETE CASCADE";
	if (pg_strcasecmp(action, "restrict") == 0)
		return " ON DELETE RESTRICT";
	if (pg_strcasecmp(action, "no action") == 0)
		return "";
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"%s\": \"%s\"", argument, action),
			 pg_strncasecmp(action, "set ", 4) == 0 ?
			 errdetail("The columns of a junction are NOT NULL and form its key, so ON DELETE SET NULL and SET DEFAULT do not fit.") : 0,
			 errhint("Use \"cascade\", \"restrict\" or \"no action\".")));
}

/*
 * Decides the names of one endpoint's own columns: those that the caller gave
 * (asked; shared columns among them are skipped), or by convention if asked
 * is null.
 *
 * 22023 if their number does not match the parent's key, 42622 and 42701 for
 * a name that a column cannot have.
 */
void
name_columns(NewEndpoint *side, ArrayType *asked, List *shared)
{
	if (asked == NULL)
	{
		bool		single = list_length(side->parent.own) == 1;

		foreach_ptr(ColumnFacts, column, side->parent.own)
			side->columns = lappend(side->columns,
									endpoint_column_name(side->parent.table->name,
														 column->name, single));
		return;
	}

	foreach_ptr(char, name, text_array_to_list(asked, side->argument))
	{
		check_column_name(name);
		if (!list_has_name(shared, name))
			side->columns = lappend(side->columns, name);
	}
	if (list_length(side->columns) != list_length(side->parent.own))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("\"%s\" must name %d column", "\"%s\" must name %d columns",
							   list_length(side->parent.own), side->argument,
							   list_length(side->parent.own)),
				 errdetail("They reference the key (%s) of table \"%s\".",
						   column_list(names_of(side->parent.own)), display_name(side->parent.table->oid))));
}

/*
 * Refuse a column name that appears twice: 42701; and a shared column whose
 * two parent columns differ in type: 22023.
 */
static void
check_column_names(const NewJunction *junction)
{
	List	   *all = list_concat(list_concat_copy(junction->shared, junction->left.columns),
								  list_concat_copy(junction->right.columns, junction->own_columns));
	List	   *seen = NIL;

	foreach_ptr(char, name, all)
	{
		if (list_has_name(seen, name))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" would appear twice", name),
					 errhint("Name the columns with left_columns and right_columns; name a column that both foreign keys use in shared_columns.")));
		seen = lappend(seen, name);
	}

	foreach_ptr(ColumnFacts, left, junction->left.parent.shared)
	{
		ColumnFacts *right = list_nth(junction->right.parent.shared, foreach_current_index(left));

		if (left->type != right->type)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("shared column \"%s\" has different types", left->name),
					 errdetail("It is %s in \"%s\" and %s in \"%s\".",
							   column_type(left), display_name(junction->left.parent.table->oid),
							   column_type(right), display_name(junction->right.parent.table->oid))));
	}
}

/*
 * Returns the persistence (pg_class.relpersistence) of the junction.  A
 * permanent table can reference only permanent tables, an unlogged one also
 * unlogged tables, a temporary one only temporary tables.  0A000 if exactly
 * one parent is temporary.
 */
static char
decide_persistence(const NewJunction *junction)
{
	char		left = junction->left.parent.table->persistence;
	char		right = junction->right.parent.table->persistence;

	if (left == RELPERSISTENCE_TEMP && right == RELPERSISTENCE_TEMP)
		return RELPERSISTENCE_TEMP;
	if (left == RELPERSISTENCE_TEMP || right == RELPERSISTENCE_TEMP)
	{
		const NewEndpoint *temporary = left == RELPERSISTENCE_TEMP ? &junction->left : &junction->right;

		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot link a temporary table and a table that is not temporary"),
				 errdetail("\"%s\" is temporary, and a foreign key cannot connect it and the other table.",
						   display_name(temporary->parent.table->oid)),
				 errhint("Make both tables temporary, or neither.")));
	}
	if (left == RELPERSISTENCE_UNLOGGED || right == RELPERSISTENCE_UNLOGGED)
		return RELPERSISTENCE_UNLOGGED;
	return RELPERSISTENCE_PERMANENT;
}

/*
 * Decides the schema of the junction: the one that the caller named (schema),
 * or, if null, that of both parents.  22023 if the parents' schemas differ,
 * or if a temporary junction is to be in another schema; 3F000 if there is no
 * such schema.
 */
static void
decide_schema(NewJunction *junction, const char *schema)
{
	Oid			left = junction->left.parent.table->namespace;
	Oid			right = junction->right.parent.table->namespace;

	if (junction->persistence == RELPERSISTENCE_TEMP)
	{
		if (schema != NULL && LookupExplicitNamespace(schema, true) != left)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a temporary junction cannot be in schema \"%s\"", schema),
					 errhint("Leave the schema out of the name.")));
		junction->namespace = left;
		junction->schema = pstrdup("pg_temp");
		return;
	}
	if (schema == NULL && left != right)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no schema to create the junction in"),
				 errdetail("\"%s\" and \"%s\" are in different schemas, and the name has none.",
						   display_name(junction->left.parent.table->oid),
						   display_name(junction->right.parent.table->oid)),
				 errhint("Give a name with a schema: name => %s.",
						 quote_literal_cstr(quote_qualified_identifier(get_namespace_name(left),
																	   junction->name)))));
	junction->namespace = schema ? LookupExplicitNamespace(schema, false) : left;
	junction->schema = get_namespace_name(junction->namespace);
}

/*
 * Refuse a schema in which the caller may not create: 42501; and a temporary,
 * catalog or TOAST schema for a junction that is not temporary: 22023.
 */
static void
check_may_create(const NewJunction *junction)
{
	if (junction->persistence == RELPERSISTENCE_TEMP)
		return;					/* the session has created the parents there */
	if (isAnyTempNamespace(junction->namespace) || IsCatalogNamespace(junction->namespace) ||
		IsToastNamespace(junction->namespace))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot create a junction in schema \"%s\"", junction->schema)));
	check_may_create_in(junction->namespace);
}

/*
 * Returns true if the name is free.  If it is taken: returns false with a
 * NOTICE if if_not_exists, else 42P07 or 42710.
 */
bool
check_junction_name(const NewJunction *junction)
{
	if (junction->if_not_exists &&
		OidIsValid(get_relname_relid(junction->name, junction->namespace)))
	{
		ereport(NOTICE,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists, skipping", junction->name)));
		return false;
	}
	check_table_name_free(junction->namespace, junction->name);
	return true;
}

/*
 * Decides what NewJunction still lacks: the columns of an endpoint that has no
 * names yet, the persistence, the schema and the name; and checks all of it,
 * but not whether the name is free.  name: as the user gave it, or null.
 *
 * 22023 for arguments that do not fit; 3F000 for a schema that does not exist;
 * 42701 and 42622 for names that cannot be; 42501 without CREATE on the schema;
 * 0A000 if one parent is temporary and the other is not, or if Citus can keep
 * it nowhere.
 */
void
decide_junction(NewJunction *junction, text *name)
{
	char	   *schema = NULL;

	if (junction->left.columns == NIL)
		name_columns(&junction->left, NULL, junction->shared);
	if (junction->right.columns == NIL)
		name_columns(&junction->right, NULL, junction->shared);
	check_column_names(junction);
	decide_place(junction);

	junction->name = name ? parse_table_name(name, &schema) :
		junction_table_name(junction->left.parent.table->name, junction->right.parent.table->name);
	junction->persistence = decide_persistence(junction);
	decide_schema(junction, schema);
	junction->qualified = quote_qualified_identifier(junction->schema, junction->name);
	check_may_create(junction);
}
