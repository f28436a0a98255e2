/*
 * diagram_dot.c
 *		Writes a drawing in Graphviz' language, DOT.
 *
 * A table is a node with a label like HTML, its kind and its columns in rows.
 * An edge goes from the junction to the parent, with crow's feet.  Nodes are
 * called t1, t2 and so on: names stand in labels alone, escaped.  What no index
 * serves is red.
 */
#include "postgres.h"

#include "base/base.h"
#include "report/diagram.h"

/* Append a text as part of a label like HTML, or of a string in quotes. */
static void
append_escaped(StringInfo buf, const char *text)
{
	for (const char *c = text; *c; c++)
	{
		if ((unsigned char) *c < ' ' || *c == 0x7F)
			appendStringInfoChar(buf, ' ');
		else if (strchr("\"&<>\\[]", *c) != NULL)
			appendStringInfo(buf, "&#%d;", *c);
		else
			appendStringInfoChar(buf, *c);
	}
}

/* Append a cell of a table, with a font if it is marked. */
static void
append_cell(StringInfo buf, const char *text, bool marked)
{
	appendStringInfoString(buf, "<td align=\"left\">");
	if (marked)
		appendStringInfoString(buf, "<font color=\"red\">");
	append_escaped(buf, text);
	appendStringInfoString(buf, marked ? "</font></td>" : "</td>");
}

/* Returns "PK, FK", or what of these the column has, and "no index". */
static char *
key_marks(const DrawnColumn *column)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (column->primary)
		appendStringInfoString(&buf, "PK");
	if (column->foreign)
		appendStringInfo(&buf, "%sFK", buf.len ? ", " : "");
	if (column->unique)
		appendStringInfo(&buf, "%sUK", buf.len ? ", " : "");
	if (column->unserved)
		appendStringInfo(&buf, "%sno index", buf.len ? ", " : "");
	return buf.data;
}

/*
 * Append a node:
 *
 *	    t3 [label=<<table ...>...</table>>];
 */
static void
append_node(StringInfo buf, const DrawnTable *table)
{
	appendStringInfo(buf, "    t%d [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">", table->number);
	appendStringInfo(buf, "<tr><td colspan=\"3\"%s><b>", table->kind ? " bgcolor=\"lightgrey\"" : "");
	append_escaped(buf, table->name);
	appendStringInfoString(buf, "</b>");
	if (table->kind != NULL)
		appendStringInfo(buf, " <i>%s</i>", table->kind);
	appendStringInfoString(buf, "</td></tr>");
	foreach_ptr(DrawnColumn, column, table->columns)
	{
		appendStringInfoString(buf, "<tr>");
		append_cell(buf, column->name, column->unserved);
		append_cell(buf, column->type, false);
		append_cell(buf, key_marks(column), column->unserved);
		appendStringInfoString(buf, "</tr>");
	}
	appendStringInfoString(buf, "</table>>];\n");
}

/*
 * Append an edge:
 *
 *	    t3 -> t1 [arrowtail=crowodot, arrowhead=teetee, label="tag_id"];
 */
static void
append_edge(StringInfo buf, const DrawnLink *link)
{
	appendStringInfo(buf, "    t%d -> t%d [arrowtail=%s, arrowhead=%s, label=\"",
					 link->child->number, link->parent->number,
					 link->single ? "teeodot" : "crowodot", link->optional ? "teeodot" : "teetee");
	append_escaped(buf, link->columns);
	appendStringInfo(buf, "\"%s%s];\n", link->identifying ? "" : ", style=dashed",
					 link->unserved ? ", color=red, fontcolor=red" : "");
}

/* Returns the text of a graph. */
char *
draw_dot(const Drawing *drawing)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "digraph junctions {\n");
	appendStringInfoString(&buf, "    rankdir=LR;\n    node [shape=plain];\n    edge [dir=both];\n");
	foreach_ptr(DrawnTable, table, drawing->tables)
		append_node(&buf, table);
	foreach_ptr(DrawnLink, link, drawing->links)
		append_edge(&buf, link);
	appendStringInfoString(&buf, "}\n");
	return buf.data;
}
