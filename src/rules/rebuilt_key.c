/*
 * rebuilt_key.c
 *		Rebuilds foreign keys within a fix, and keeps what a key has that is made anew.
 *
 * A fix that makes columns NOT NULL must change the foreign keys that would set
 * these columns null.  A foreign key's action cannot be altered, so the same
 * ALTER TABLE drops the foreign key and adds it again with ON DELETE CASCADE.
 * The comment that is dropped with it is made again behind that: it can be read
 * by programs, as the tags of PostGraphile are.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/comment.h"
#include "commands/tablespace.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * "public.tags (id)": the parent and its columns that a foreign key references.
 * If the parent was not read, its names are looked up in the syscache; returns
 * null if it was dropped meanwhile.
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
 * Append to an ALTER TABLE the subcommands that drop a foreign key and add it
 * again with ON DELETE CASCADE and this ON UPDATE action, otherwise unchanged.
 * Appends nothing and returns false if the parent was dropped meanwhile.
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
					 action_clause("UPDATE", on_update),
					 key->deferrable ? " DEFERRABLE" : "",
					 key->deferred ? " INITIALLY DEFERRED" : "");
	return true;
}

/*
 * Does a foreign key action that sets the columns in set make one of columns
 * null?  SET NULL does, and SET DEFAULT if the column has no default.
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
 * For a fix that makes columns NOT NULL, append the subcommands that rebuild
 * the foreign keys that set one of these columns null: as they are, a delete or
 * update of a linked parent row would fail with 23502.  They become ON DELETE
 * CASCADE, and ON UPDATE CASCADE if their ON UPDATE action sets null.  Adds the
 * OIDs of these foreign keys to *rebuilt.
 *
 * Returns null; or the first foreign key that cannot be rebuilt, because it has
 * columns outside the pair (its parent is no endpoint, so the link must not be
 * deleted with it), or because its parent was dropped meanwhile.
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
 * Returns a sentence for the detail: why there is no fix if
 * append_rebuilt_keys() returned this foreign key.
 */
char *
describe_obstacle(const ForeignKeyFacts *key)
{
	return psprintf("There is no fix while foreign key %s sets a column of the pair to null: if this column were NOT NULL, the rows of %s that it references could not be deleted.",
					quote_identifier(key->name), quote_identifier(key->parent_name));
}

/*
 * Append to the definition of a key that is made anew what its index has of storage
 * parameters, and its tablespace; nothing if it is gone.
 *
 *	" WITH (fillfactor='70') USING INDEX TABLESPACE fast"
 */
void
append_storage(StringInfo fix, Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool		isnull;
	Datum		options;
	char	   *tablespace;

	if (!HeapTupleIsValid(tuple))
		return;
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
	{
		const char *before = " WITH (";

		foreach_ptr(DefElem, option, untransformRelOptions(options))
		{
			appendStringInfo(fix, "%s%s=%s", before, quote_identifier(option->defname),
							 quote_literal_cstr(strVal(option->arg)));
			before = ", ";
		}
		appendStringInfoChar(fix, ')');
	}
	tablespace = get_tablespace_name(((Form_pg_class) GETSTRUCT(tuple))->reltablespace);
	if (tablespace != NULL)
		appendStringInfo(fix, " USING INDEX TABLESPACE %s", quote_identifier(tablespace));
	ReleaseSysCache(tuple);
}

/*
 * Append the statement that gives the index of a key its comment again, behind one
 * that makes it anew under its name; nothing if it has none.
 *
 *	"; COMMENT ON INDEX public.post_tags_pkey IS '...'"
 */
void
append_index_comment(StringInfo fix, const TableFacts *table, const IndexFacts *index)
{
	char	   *comment = GetComment(index->oid, RelationRelationId, 0);

	if (comment != NULL)
		appendStringInfo(fix, "; COMMENT ON INDEX %s IS %s", qualified_beside(table, index_name(index)),
						 quote_literal_cstr(comment));
}

/*
 * Append the statement that gives a constraint its comment again, behind one that
 * makes it anew; nothing if it has none.
 *
 *	"; COMMENT ON CONSTRAINT c ON public.post_tags IS '...'"
 */
void
append_constraint_comment(StringInfo fix, const TableFacts *table, Oid constraint, const char *name)
{
	char	   *comment = GetComment(constraint, ConstraintRelationId, 0);

	if (comment != NULL)
		appendStringInfo(fix, "; COMMENT ON CONSTRAINT %s ON %s IS %s", quote_identifier(name),
						 table_name(table), quote_literal_cstr(comment));
}

/*
 * Returns a fix, or null, with the comments of the foreign keys that the finding's
 * fix rebuilds.
 */
static char *
with_comments(char *fix, const Finding *finding)
{
	StringInfoData buf;

	if (fix == NULL)
		return NULL;
	initStringInfo(&buf);
	appendStringInfoString(&buf, fix);
	foreach_ptr(ForeignKeyFacts, key, finding->table->foreign_keys)
		if (list_member_oid(finding->rebuilt, key->oid))
			append_constraint_comment(&buf, finding->table, key->oid, key->name);
	return buf.data;
}

/*
 * Let the fix of a finding keep the comments of the foreign keys that it rebuilds.
 */
void
keep_comments(Finding *finding)
{
	if (finding->rebuilt == NIL)
		return;
	finding->fix = with_comments(finding->fix, finding);
	finding->fix_if_link = with_comments(finding->fix_if_link, finding);
}
