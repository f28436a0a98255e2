/*
 * split_parts.c
 *		Reads the argument into_tables of junction.split: which two ends of the
 *		table each part takes, under which name, and with which own columns.
 *
 * A part is told by the conventional name of a junction of its two parents, or
 * by any name with its columns: "labelings(invoice_id, tag_id)".
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"

/* Refuse a text that does not tell a part: 22023. */
pg_noreturn static void
raise_no_part(const Junction *junction, const char *part, const char *detail)
{
	const SplitPart first = {linitial(junction->endpoints), lsecond(junction->endpoints)};

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a part of \"%s\"", part, display_name(junction->table->oid)),
			 errdetail_internal("%s", detail),
			 errhint("Give the conventional name of a junction of two ends, or a name with its columns, as in '%s(%s)'.",
					 quote_identifier(part_name(&first)), column_list(part_columns(junction, &first)))));
}

/*
 * Returns the place of the first parenthesis of a text outside of double quotes,
 * or null.
 */
static char *
find_parenthesis(char *text)
{
	bool		quoted = false;

	for (char *c = text; *c; c++)
	{
		if (*c == '"')
			quoted = !quoted;
		else if (*c == '(' && !quoted)
			return c;
	}
	return NULL;
}

/*
 * Reads the columns in parentheses of a part into part->columns; cuts them off
 * the text.  22023 if they are not a list of names, 42703 for a column that is
 * not there.
 */
static void
read_part_columns(const Junction *junction, NewPart *part, char *text)
{
	char	   *open = find_parenthesis(text);
	char	   *end;
	List	   *names;

	if (open == NULL)
		return;
	end = open + strlen(open) - 1;
	while (end > open && isspace((unsigned char) *end))
		end--;
	if (*end != ')')
		raise_no_part(junction, part->text, "Its columns are not in parentheses.");
	*open = *end = '\0';
	if (!SplitIdentifierString(open + 1, ',', &names) || names == NIL)
		raise_no_part(junction, part->text, "Its columns are not a list of names.");
	foreach_ptr(char, name, names)
	{
		if (find_column_by_name(junction->table, name) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist", name,
							display_name(junction->table->oid))));
		part->columns = lappend(part->columns, name);
	}
}

/*
 * Is this part told by its columns: those of both ends, and beside them none of
 * a third end?
 */
static bool
has_columns_of(const Junction *junction, const NewPart *part, const SplitPart *ends)
{
	List	   *pair = part_columns(junction, ends);

	foreach_ptr(char, name, pair)
		if (!list_has_name(part->columns, name))
			return false;
	foreach_ptr(char, name, part->columns)
		if (!list_has_name(pair, name) &&
			bms_is_member(find_column_by_name(junction->table, name)->attnum, junction->pair))
			return false;
	return true;
}

/*
 * Finds the two ends of a part.  22023 unless it is told by exactly one pair.
 */
static void
find_ends(const Junction *junction, NewPart *part, const char *name)
{
	int			found = 0;

	foreach_ptr(Endpoint, left, junction->endpoints)
		foreach_ptr(Endpoint, right, junction->endpoints)
		{
			SplitPart	ends = {left, right};

			if (foreach_current_index(left) >= foreach_current_index(right))
				continue;
			if (part->columns != NIL ? !has_columns_of(junction, part, &ends) :
				strcmp(part_name(&ends), name) != 0)
				continue;
			part->ends = ends;
			found++;
		}
	if (found == 1)
		return;
	raise_no_part(junction, part->text, found > 1 ? "Several pairs of ends have this name by convention." :
				  part->columns != NIL ? "Its columns are not those of two ends." :
				  "No pair of ends has this name by convention.");
}

/*
 * Returns a part as the user told it.
 */
static NewPart *
read_part(const Junction *junction, const char *text)
{
	NewPart    *part = palloc0(sizeof(NewPart));
	char	   *name = pstrdup(text);
	char	   *schema = NULL;

	part->text = text;
	read_part_columns(junction, part, name);
	name = parse_table_name(cstring_to_text(name), &schema);
	find_ends(junction, part, name);
	/* a part goes where its table is, unless the name says another schema */
	part->name = schema != NULL ? quote_qualified_identifier(schema, name) :
		junction->table->persistence == RELPERSISTENCE_TEMP ? pstrdup(quote_identifier(name)) :
		quote_qualified_identifier(schema_name(junction->table->oid), name);
	return part;
}

/*
 * Returns the parts of into_tables: a list of NewPart.  22023 if a part is there
 * twice, or an end is in none; 42P07 for a name that is there twice.
 */
List *
read_parts(const Junction *junction, List *texts)
{
	List	   *parts = NIL;
	List	   *names = NIL;
	List	   *ends = NIL;

	foreach_ptr(char, text, texts)
	{
		NewPart    *part = read_part(junction, text);

		foreach_ptr(NewPart, other, parts)
			if (other->ends.left == part->ends.left && other->ends.right == part->ends.right)
				raise_no_part(junction, text, "Another part has the same two ends.");
		if (list_has_name(names, part->name))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("two parts would have the name %s", part->name)));
		names = lappend(names, part->name);
		parts = lappend(parts, part);
		ends = list_append_unique_ptr(ends, part->ends.left);
		ends = list_append_unique_ptr(ends, part->ends.right);
	}
	foreach_ptr(Endpoint, end, junction->endpoints)
		if (!list_member_ptr(ends, end))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("no part of \"%s\" has (%s)", display_name(junction->table->oid),
							column_list(endpoint_columns(junction, end))),
					 errhint("Each end must be in a part.")));
	return parts;
}
