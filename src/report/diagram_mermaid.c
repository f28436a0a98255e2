/*
 * diagram_mermaid.c
 *		Writes a drawing as an erDiagram of Mermaid.
 *
 *	erDiagram
 *	    invoices ||--o{ invoice_tags : "invoice_id"
 *	    tags ||--o{ invoice_tags : "tag_id, no index"
 *	    invoices {
 *	        integer id PK
 *	    }
 *	    invoice_tags["invoice_tags (pure)"] {
 *	        integer invoice_id PK, FK
 *	        integer tag_id PK, FK "no index"
 *	    }
 *
 * Mermaid has three places for a name, and each takes other characters.  A label
 * in quotes takes anything that is written as a code (#34;).  The name of a table
 * in a relation is the table's own if it is a plain word and none that Mermaid
 * gives a meaning, else t1, t2 and so on, and the label has the name.  The words
 * of a column take letters, digits and a few signs: others become underscores,
 * and the comment has the name.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/base.h"
#include "report/diagram.h"

/* Words that Mermaid's grammar knows, in a diagram of this type or before it */
static const char *const mermaid_words[] = {
	"accdescr", "acctitle", "call", "callback", "class", "classdef", "click", "default", "direction",
	"end", "erdiagram", "graph", "href", "init", "linkstyle", "many", "one", "only", "optionally",
	"style", "subgraph", "title", "to", "u", "zero"
};

/* Append a text in quotes, with codes for what could end it or mean something. */
static void
append_label(StringInfo buf, const char *text)
{
	appendStringInfoChar(buf, '"');
	for (const char *c = text; *c; c++)
	{
		if ((unsigned char) *c < ' ' || *c == 0x7F)
			appendStringInfoChar(buf, ' ');
		else if (strchr("\"#%&;<>\\`", *c) != NULL)
			appendStringInfo(buf, "#%d;", *c);
		else
			appendStringInfoChar(buf, *c);
	}
	appendStringInfoChar(buf, '"');
}

/* May a word of a column have this character, not as its first? */
static bool
is_mermaid_character(char c)
{
	return IS_HIGHBIT_SET(c) || is_word_character(c) || strchr("-()[]", c) != NULL;
}

/*
 * Returns a word for a column's name or type.  exact: set to false if it is
 * not the name itself.
 */
static char *
mermaid_word(const char *name, bool *exact)
{
	bool		digit = name[0] >= '0' && name[0] <= '9';
	char	   *word = psprintf("%s%s", digit || strchr("-()[]", name[0]) ? "_" : "", name);

	for (char *c = word; *c; c++)
	{
		/* U+0080 to U+00BF are signs that Mermaid does not take */
		if (GetDatabaseEncoding() == PG_UTF8 && (unsigned char) *c == 0xC2)
			*c++ = '_';
		else if (IS_HIGHBIT_SET(*c))
			c += pg_mblen(c) - 1;
		if (!is_mermaid_character(*c))
			*c = '_';
	}
	*exact = strcmp(word, name) == 0;
	return word;
}

/* Can a table's name stand in a relation as it is? */
static bool
is_plain_name(const char *name)
{
	if (!(*name >= 'a' && *name <= 'z'))
		return false;
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_'))
			return false;
	for (int i = 0; i < lengthof(mermaid_words); i++)
		if (strcmp(name, mermaid_words[i]) == 0)
			return false;
	/* a name that this file gives to another */
	return !(name[0] == 't' && strspn(name + 1, "0123456789") == strlen(name + 1));
}

/* Append what a table is called in the text of the diagram. */
static void
append_table_id(StringInfo buf, const DrawnTable *table)
{
	if (is_plain_name(table->name))
		appendStringInfoString(buf, table->name);
	else
		appendStringInfo(buf, "t%d", table->number);
}

/*
 * Append a line, with the cardinality of both sides:
 *
 *	    tags ||--o{ invoice_tags : "tag_id, no index"
 */
static void
append_relation(StringInfo buf, const DrawnLink *link)
{
	appendStringInfoString(buf, "    ");
	append_table_id(buf, link->parent);
	appendStringInfo(buf, " %s%s%s ", link->optional ? "|o" : "||",
					 link->identifying ? "--" : "..", link->single ? "o|" : "o{");
	append_table_id(buf, link->child);
	appendStringInfoString(buf, " : ");
	append_label(buf, psprintf("%s%s", link->columns, link->unserved ? ", no index" : ""));
	appendStringInfoChar(buf, '\n');
}

/*
 * Append a line:
 *
 *	        integer tag_id PK, FK "no index"
 */
static void
append_mermaid_column(StringInfo buf, const DrawnColumn *column)
{
	const char *separator = " ";
	bool		exact;
	char	   *type = mermaid_word(column->type, &exact);
	char	   *name = mermaid_word(column->name, &exact);

	appendStringInfo(buf, "        %s %s", type, name);
	if (column->primary)
		appendStringInfoString(buf, " PK");
	separator = column->primary ? ", " : " ";
	if (column->foreign)
	{
		appendStringInfo(buf, "%sFK", separator);
		separator = ", ";
	}
	if (column->unique)
		appendStringInfo(buf, "%sUK", separator);
	if (!exact || column->unserved)
	{
		appendStringInfoChar(buf, ' ');
		append_label(buf, psprintf("%s%s%s", exact ? "" : column->name,
								   !exact && column->unserved ? ": " : "",
								   column->unserved ? "no index" : ""));
	}
	appendStringInfoChar(buf, '\n');
}

/*
 * Append a table:
 *
 *	    invoice_tags["invoice_tags (pure)"] {
 *	        ...
 *	    }
 */
static void
append_mermaid_table(StringInfo buf, const DrawnTable *table)
{
	appendStringInfoString(buf, "    ");
	append_table_id(buf, table);
	if (table->kind != NULL || !is_plain_name(table->name))
	{
		appendStringInfoChar(buf, '[');
		append_label(buf, table->kind ? psprintf("%s (%s)", table->name, table->kind) : table->name);
		appendStringInfoChar(buf, ']');
	}
	appendStringInfoString(buf, " {\n");
	foreach_ptr(DrawnColumn, column, table->columns)
		append_mermaid_column(buf, column);
	appendStringInfoString(buf, "    }\n");
}

/* Returns the text of an erDiagram. */
char *
draw_mermaid(const Drawing *drawing)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "erDiagram\n");
	foreach_ptr(DrawnLink, link, drawing->links)
		append_relation(&buf, link);
	foreach_ptr(DrawnTable, table, drawing->tables)
		append_mermaid_table(&buf, table);
	return buf.data;
}
