/*
 * rebuilt_key.c
 *		Foreign keys that cannot stay as they are where a fix makes columns NOT
 *		NULL, and what the same statement does with them.
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

static const char *
action_text(const char *event, char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_RESTRICT:
			return psprintf(" ON %s RESTRICT", event);
		case FKCONSTR_ACTION_CASCADE:
			return psprintf(" ON %s CASCADE", event);
		case FKCONSTR_ACTION_SETNULL:
			return psprintf(" ON %s SET NULL", event);
		case FKCONSTR_ACTION_SETDEFAULT:
			return psprintf(" ON %s SET DEFAULT", event);
		default:
			return "";
	}
}

/*
 * "public.tags (id)": what a foreign key points at.  Where the parent was not
 * read, the catalogs are asked; returns null if it has been dropped since.
 */
static char *
reference_text(const ForeignKeyFacts *key)
{
	const TableFacts *parent = key->parent_table;
	List	   *columns = NIL;
	char	   *name;
	char	   *schema;

	if (parent != NULL)
		return psprintf("%s (%s)", table_name(parent),
						column_list(column_names(parent, key->parent_columns, key->nkeys)));
	for (int i = 0; i < key->nkeys; i++)
	{
		char	   *column = get_attname(key->parent, key->parent_columns[i], true);

		if (column == NULL)
			return NULL;
		columns = lappend(columns, column);
	}
	name = get_rel_name(key->parent);
	schema = get_namespace_name_or_temp(get_rel_namespace(key->parent));
	if (name == NULL || schema == NULL)
		return NULL;
	return psprintf("%s (%s)", quote_qualified_identifier(schema, name), column_list(columns));
}

/*
 * Append to an ALTER TABLE that a foreign key is dropped and added again with
 * ON DELETE CASCADE and this ON UPDATE; all else of it stays.  Appends nothing
 * and returns false if its parent has been dropped.
 *
 *	" DROP CONSTRAINT c, ADD CONSTRAINT c FOREIGN KEY (tag_id)
 *		REFERENCES public.tags (id) ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE"
 */
bool
append_cascading(StringInfo fix, const Junction *junction, const ForeignKeyFacts *key, char on_update)
{
	List	   *columns = column_names(junction->table, key->columns, key->nkeys);
	const char *name = quote_identifier(key->name);
	const char *reference = reference_text(key);

	if (reference == NULL)
		return false;
	appendStringInfo(fix, " DROP CONSTRAINT %s, ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s%s%s ON DELETE CASCADE%s%s",
					 name, name, column_list(columns), reference,
					 key->match == FKCONSTR_MATCH_FULL ? " MATCH FULL" : "",
					 action_text("UPDATE", on_update),
					 key->deferrable ? " DEFERRABLE" : "",
					 key->deferred ? " INITIALLY DEFERRED" : "");
	return true;
}

/*
 * Has a column a default, of its own or as its type is a domain that has one?
 */
static bool
has_default(const ColumnFacts *column)
{
	HeapTuple	tuple;
	bool		isnull = true;

	if (column->has_default)
		return true;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(column->type));
	if (!HeapTupleIsValid(tuple))
		return false;
	(void) SysCacheGetAttr(TYPEOID, tuple, Anum_pg_type_typdefaultbin, &isnull);
	ReleaseSysCache(tuple);
	return !isnull;
}

/*
 * Does an action that sets some columns set one of the others null?  SET
 * DEFAULT does where the column has no default.
 */
bool
sets_null(const TableFacts *table, char action, const Bitmapset *set, const Bitmapset *columns)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (bms_is_member(column->attnum, set) && bms_is_member(column->attnum, columns) &&
			(action == FKCONSTR_ACTION_SETNULL ||
			 (action == FKCONSTR_ACTION_SETDEFAULT && !has_default(column))))
			return true;
	return false;
}

/*
 * For a fix that makes columns NOT NULL, append the changes of the foreign keys
 * that would set one of them null: nobody could delete (or update) the parent's
 * rows afterwards, 23502.  Links go with their end instead, and follow its key.
 * The OIDs of these foreign keys are added to a list.
 *
 * Returns null; or a foreign key for which that cannot be done, since it has
 * columns beside the pair, so that what it points at is not an end of the link,
 * or since its parent has been dropped meanwhile.
 */
const ForeignKeyFacts *
append_rebuilt_keys(StringInfo fix, const Junction *junction, const Bitmapset *columns,
					List **rebuilt)
{
	const TableFacts *table = junction->table;
	Bitmapset  *changed = NULL;

	foreach_ptr(ColumnFacts, column, table->columns)
		if (bms_is_member(column->attnum, columns) && !column->notnull)
			changed = bms_add_member(changed, column->attnum);
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
	{
		Bitmapset  *all = key_columns(key);
		bool		on_update = sets_null(table, key->on_update, all, changed);

		if (!on_update && !sets_null(table, key->on_delete, key->delete_set, changed))
			continue;
		if (!bms_is_subset(all, junction->pair))
			return key;
		appendStringInfoChar(fix, ',');
		if (!append_cascading(fix, junction, key, on_update ? FKCONSTR_ACTION_CASCADE : key->on_update))
			return key;
		*rebuilt = lappend_oid(*rebuilt, key->oid);
	}
	return NULL;
}

/*
 * Why there is no fix, if append_rebuilt_keys() returns a foreign key.
 */
char *
describe_obstacle(const ForeignKeyFacts *key)
{
	return psprintf("There is no fix while foreign key %s may set a column of the pair null: with NOT NULL there, the rows of %s that it points at could not be deleted.",
					quote_identifier(key->name), quote_identifier(key->parent_name));
}
