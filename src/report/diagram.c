/*
 * diagram.c
 *		junction.diagram: the entity diagram of junctions and their parents.
 *
 * The catalogs are read once, in one snapshot; no table is locked, and no row is
 * read.  What is to be drawn is collected first (diagram.h), and written in a
 * format then (diagram_mermaid.c, diagram_dot.c).  A junction is drawn with all
 * its columns, and a parent with its key alone.  Each table is drawn once, also
 * if it is a junction and the parent of another.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "report/diagram.h"
#include "report/report.h"
#include "rules/rules.h"

/* A format and the function that writes it */
typedef struct DiagramFormat
{
	const char *name;
	char	   *(*draw) (const Drawing *drawing);
} DiagramFormat;

static const DiagramFormat formats[] = {
	{"mermaid", draw_mermaid},
	{"dot", draw_dot}
};

/* A drawing that is being made */
typedef struct Draft
{
	Drawing		drawing;
	HTAB	   *tables;			/* DrawnTable, by OID */
} Draft;

/*
 * Returns the format of that name; 22023 if there is none.
 */
static const DiagramFormat *
find_format(const char *name)
{
	for (int i = 0; i < lengthof(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no format \"%s\"", name),
			 errhint("The formats are mermaid and dot.")));
}

/* Returns the columns of the table's primary key, as a set. */
static Bitmapset *
primary_columns(const TableFacts *table)
{
	const IndexFacts *key = find_primary_key(table);

	return key ? key->column_set : NULL;
}

/* Returns the endpoints of a junction, those of its pair first (Endpoint). */
static List *
drawn_endpoints(const Junction *junction)
{
	return list_concat_copy(junction->endpoints, junction->others);
}

/*
 * Is this an end of the pair that no index serves?  For other endpoints it is
 * not known.
 */
static bool
is_unserved(const Junction *junction, const Endpoint *endpoint)
{
	return list_member_ptr(junction->endpoints, endpoint) && endpoint->served_by == NULL;
}

/*
 * Returns the table's place in the drawing, new if it has none; found: whether
 * it had one.
 */
static DrawnTable *
find_drawn(Draft *draft, Oid relid, bool *found)
{
	DrawnTable *drawn = hash_search(draft->tables, &relid, HASH_ENTER, found);

	if (*found)
		return drawn;
	drawn->number = list_length(draft->drawing.tables) + 1;
	drawn->name = display_name(relid);
	drawn->kind = NULL;
	drawn->columns = NIL;
	draft->drawing.tables = lappend(draft->drawing.tables, drawn);
	return drawn;
}

/* Returns a column of a table, in no key but perhaps the primary. */
static DrawnColumn *
draw_column(const TableFacts *table, const ColumnFacts *column)
{
	DrawnColumn *drawn = palloc0(sizeof(DrawnColumn));

	drawn->name = column->name;
	drawn->type = format_type_with_typemod(column->type, column->typmod);
	drawn->primary = bms_is_member(column->attnum, primary_columns(table));
	return drawn;
}

/*
 * Draw a parent with the columns of its primary key, unless it is drawn.
 * table: null if it was not read.
 */
static DrawnTable *
draw_parent(Draft *draft, Oid relid, const TableFacts *table)
{
	bool		found;
	DrawnTable *drawn = find_drawn(draft, relid, &found);

	if (!found && table != NULL)
		foreach_ptr(ColumnFacts, column, table->columns)
			if (bms_is_member(column->attnum, primary_columns(table)))
				drawn->columns = lappend(drawn->columns, draw_column(table, column));
	return drawn;
}

/* Draw a junction's columns, with the keys that they are in. */
static void
draw_columns(DrawnTable *drawn, const Junction *junction)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;

	drawn->columns = NIL;
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		DrawnColumn *made = draw_column(table, column);

		made->unique = key != NULL && !key->primary && bms_is_member(column->attnum, key->column_set);
		foreach_ptr(Endpoint, endpoint, drawn_endpoints(junction))
		{
			if (!bms_is_member(column->attnum, endpoint->columns))
				continue;
			made->foreign = true;
			if (is_unserved(junction, endpoint))
				made->unserved = true;
		}
		drawn->columns = lappend(drawn->columns, made);
	}
}

/* Returns the names of an endpoint's columns as they are, in the key's order. */
static char *
columns_text(const TableFacts *table, const Endpoint *endpoint)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, column_names(table, endpoint->key->columns, key_width(endpoint->key)))
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "", name);
	return buf.data;
}

/* Draw a junction, its parents, and the links between them. */
static void
draw_junction(Draft *draft, const Junction *junction)
{
	const TableFacts *table = junction->table;
	DrawnTable *drawn;
	bool		found;

	foreach_ptr(Endpoint, endpoint, drawn_endpoints(junction))
		(void) draw_parent(draft, endpoint->key->parent, endpoint->key->parent_table);
	drawn = find_drawn(draft, table->oid, &found);
	drawn->kind = kind_name(junction->kind);
	draw_columns(drawn, junction);
	foreach_ptr(Endpoint, endpoint, drawn_endpoints(junction))
	{
		DrawnLink  *link = palloc0(sizeof(DrawnLink));

		link->parent = find_drawn(draft, endpoint->key->parent, &found);
		link->child = drawn;
		link->columns = columns_text(table, endpoint);
		link->optional = nullable_columns(table, endpoint->columns) != NIL;
		link->identifying = bms_is_subset(endpoint->columns, primary_columns(table));
		link->single = is_unique(table, endpoint->columns);
		link->unserved = is_unserved(junction, endpoint);
		draft->drawing.links = lappend(draft->drawing.links, link);
	}
}

/*
 * Draw one junction, or all that the report has if only is InvalidOid.
 */
static void
draw_junctions(Draft *draft, Oid only)
{
	Database   *database = read_all_tables(false);

	if (OidIsValid(only) && find_table(database, only) == NULL)
		raise_gone(only, NULL);
	foreach_ptr(TableFacts, table, database->tables)
	{
		Junction   *junction;

		CHECK_FOR_INTERRUPTS();
		if (OidIsValid(only) ? table->oid != only : is_left_out_of_report(table))
			continue;
		junction = classify(table);
		if (junction->kind != JUNCTION_NONE)
			draw_junction(draft, junction);
	}
}

PG_FUNCTION_INFO_V1(junction_diagram);

/*
 * junction.diagram(relation regclass, format text) returns text
 *
 * The diagram of one junction and its parents, or of all junctions if relation
 * is null.  22004 for a null format and 22023 for an unknown one; 42P01 for a
 * table that is gone; 42809 for what is not a table, a partition, and a table
 * that is not a junction.
 */
Datum
junction_diagram(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {[1] = "format"};
	HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(DrawnTable),.hcxt = CurrentMemoryContext};
	Draft		draft = {0};
	const DiagramFormat *format;

	check_arguments(fcinfo, required, lengthof(required));
	format = find_format(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!PG_ARGISNULL(0))
	{
		check_table_kind(PG_GETARG_OID(0));
		(void) require_junction(PG_GETARG_OID(0));
	}
	/* 64 to begin with: the tables of a small schema; it grows */
	draft.tables = hash_create("junction drawn tables", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	draw_junctions(&draft, PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0));
	PG_RETURN_TEXT_P(cstring_to_text(format->draw(&draft.drawing)));
}
