/*
 * undeclared.c
 *		Tells what may reference rows of a table without a foreign key, and is
 *		therefore left alone by a merge.
 *
 * By names and types alone: a column that is named as a foreign key onto the table
 * would be (tag_id), an array of such (tag_ids), and the two columns of a reference
 * to a row of any table (taggable_type and taggable_id).  One scan of pg_attribute
 * finds the names; nothing is locked, and no row is read.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "model/model.h"

/* Is the relation a table of this database that stands for itself? */
static bool
is_own_relation(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) && !get_rel_relispartition(relid) &&
		!IsCatalogRelationOid(relid);
}

/*
 * Returns the OIDs of the tables that have a column with one of the names, or one
 * that ends as the type of a reference to any table does.
 */
static List *
find_candidates(List *names)
{
	CatalogScan scan;
	HeapTuple	tuple;
	List	   *oids = NIL;

	scan_catalog(&scan, AttributeRelationId, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);
		const char *name = NameStr(att->attname);
		size_t		length = strlen(name);

		if (att->attnum > 0 && !att->attisdropped &&
			(list_has_name(names, name) || (length > 5 && strcmp(name + length - 5, "_type") == 0)))
			oids = list_append_unique_oid(oids, att->attrelid);
	}
	end_scan(&scan);
	return oids;
}

/*
 * Returns the id that stands beside a column named "..._type", by its name; null if
 * the column is not the type of a reference, or there is none.
 */
static const ColumnFacts *
id_beside(const TableFacts *table, const ColumnFacts *type, Oid key_type)
{
	size_t		length = strlen(type->name);
	ColumnFacts *id;

	if (length <= 5 || strcmp(type->name + length - 5, "_type") != 0)
		return NULL;
	id = find_column_by_name(table, psprintf("%s_id", pnstrdup(type->name, length - 5)));
	return id != NULL && id->type == key_type ? id : NULL;
}

/*
 * Is the column in a foreign key?
 */
static bool
is_in_foreign_key(const TableFacts *table, const ColumnFacts *column)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (bms_is_member(column->attnum, key_columns(key)))
			return true;
	return false;
}

/*
 * Appends what of a table may reference the key without a foreign key.
 */
static void
append_undeclared(StringInfo buf, const TableFacts *table, const char *single, const char *several,
				  Oid type)
{
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		const ColumnFacts *id = id_beside(table, column, type);
		bool		one = strcmp(column->name, single) == 0 && column->type == type;
		bool		many = strcmp(column->name, several) == 0 && get_element_type(column->type) == type;

		if ((!one && !many && id == NULL) || is_in_foreign_key(table, id ? id : column))
			continue;
		appendStringInfo(buf, "%s%s (%s%s%s)", buf->len ? ", " : "", regclass_name(table->oid),
						 quote_identifier(column->name), id ? ", " : "", id ? quote_identifier(id->name) : "");
	}
}

/*
 * Raise a NOTICE that names what may reference rows of the table without a foreign
 * key.
 */
void
notice_undeclared(const TableFacts *table)
{
	IndexFacts *key = find_primary_key(table);
	const ColumnFacts *column = key != NULL && key->nkeys == 1 ? find_column(table, key->columns[0]) : NULL;
	Snapshot	snapshot;
	StringInfoData buf;
	char	   *single;
	char	   *several;
	List	   *oids = NIL;

	if (column == NULL)
		return;
	single = endpoint_column_name(table->name, column->name, true);
	several = psprintf("%ss", single);
	foreach_oid(oid, find_candidates(list_make2(single, several)))
		if (is_own_relation(oid))
			oids = lappend_oid(oids, oid);
	list_sort(oids, list_oid_cmp);
	initStringInfo(&buf);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	foreach_ptr(TableFacts, other, read_tables(oids, snapshot)->tables)
		if (regclass_name(other->oid) != NULL)
			append_undeclared(&buf, other, single, several, column->type);
	UnregisterSnapshot(snapshot);
	if (buf.len > 0)
		ereport(NOTICE,
				(errmsg("rows may point at \"%s\" without a foreign key", display_name(table->oid)),
				 errdetail("They are left as they are: %s.", buf.data)));
}
