/*
 * split_columns.c
 *		Decides to which part of a multiway table each of its own columns goes.
 *
 * A column goes to the part whose pair decides its value.  If no part does, its
 * values would be lost; if several do, the user says which: both are refused.  A
 * surrogate id that nothing references is left behind.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Returns the surrogate id: the only column of the primary key, outside of the
 * ends, with a default, and not referenced; null if there is none.
 */
static ColumnFacts *
find_surrogate(const Junction *junction)
{
	const IndexFacts *key = junction->primary_key;

	if (key == NULL || key->nkeys != 1 || bms_is_member(key->columns[0], junction->pair) ||
		list_member_oid(junction->table->referenced, key->oid) ||
		!find_column(junction->table, key->columns[0])->has_default)
		return NULL;
	return find_column(junction->table, key->columns[0]);
}

/*
 * Refuse an own column that cannot be made again in another table: 0A000.
 */
static void
check_can_move(const Split *split, const ColumnFacts *column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(split->rel), column->attnum - 1);
	Node	   *value = column->has_default && att->attgenerated == '\0' && att->attidentity == '\0' ?
		build_column_default(split->rel, column->attnum) : NULL;
	char	   *text = value ? deparse_expression(value, NIL, false, false) : NULL;

	if (att->attgenerated == '\0' && att->attidentity == '\0' &&
		(text == NULL || strstr(text, "nextval(") == NULL))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" of \"%s\" cannot go to a part", column->name,
					display_name(split->junction->table->oid)),
			 errdetail("The server makes its values: it is generated, an identity, or takes numbers of a sequence."),
			 errhint("Drop it or its default first.")));
}

/* Has the user told that the column goes to this part? */
static bool
is_told(const NewPart *part, const ColumnFacts *column)
{
	return list_has_name(part->columns, column->name);
}

/*
 * Put a column into the part that decides it.  counts: for each part, the number
 * of its pairs that have several values in the column.  55000 if none decides
 * it, 22023 if several do and the user told none.
 */
static void
place_column(const Split *split, ColumnFacts *column, const int64 *counts)
{
	NewPart    *chosen = NULL;
	int			told = 0;
	int			deciding = 0;
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(NewPart, part, split->parts)
		told += is_told(part, column);
	foreach_ptr(NewPart, part, split->parts)
	{
		int64		count = counts[foreach_current_index(part)];

		if (told > 0 && !is_told(part, column))
			continue;
		appendStringInfo(&buf, "%s" INT64_FORMAT " (%s)", buf.len ? ", " : "", count,
						 column_list(part_columns(split->junction, &part->ends)));
		if (count > 0)
			continue;
		deciding++;
		chosen = part;
	}
	if (deciding == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no part of \"%s\" decides column \"%s\"",
						display_name(split->junction->table->oid), column->name),
				 errdetail("These pairs have several values in it: %s.", buf.data),
				 errhint("If its values may be lost, drop the column first.")));
	if (deciding > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("several parts of \"%s\" could have column \"%s\"",
						display_name(split->junction->table->oid), column->name),
				 errhint("Name it among the columns of one of them.")));
	chosen->own = lappend(chosen->own, column);
}

/*
 * Place all own columns of the table: sets own of each part, and the id that is
 * left behind.
 */
void
place_own_columns(Split *split)
{
	const Junction *junction = split->junction;
	int			count = list_length(split->parts);
	int64	  **counts = palloc(sizeof(int64 *) * count);
	int64	   *of_column = palloc(sizeof(int64) * count);
	List	   *columns = list_copy(junction->own_columns);

	split->id = find_surrogate(junction);
	columns = list_delete_ptr(columns, split->id);
	if (columns == NIL)
		return;
	foreach_ptr(ColumnFacts, column, columns)
		check_can_move(split, column);
	foreach_ptr(NewPart, part, split->parts)
		counts[foreach_current_index(part)] =
			count_undecided(junction->table, part_columns(junction, &part->ends), columns);
	foreach_ptr(ColumnFacts, column, columns)
	{
		for (int i = 0; i < count; i++)
			of_column[i] = counts[i][foreach_current_index(column)];
		place_column(split, column, of_column);
	}
}

/*
 * Returns the definition of an own column in its part, behind the name:
 *
 *	"text COLLATE s.c DEFAULT 'x'::text NOT NULL"
 */
char *
own_definition(const Split *split, const ColumnFacts *column)
{
	Node	   *value = column->has_default ? build_column_default(split->rel, column->attnum) : NULL;
	char	   *text = NULL;

	if (value != NULL)
	{
		int			level = NewGUCNestLevel();

		/* so that each name in the text is qualified */
		RestrictSearchPath();
		text = deparse_expression(value, NIL, false, false);
		AtEOXact_GUC(false, level);
	}
	return psprintf("%s%s%s%s", column_type(column), text ? " DEFAULT " : "", text ? text : "",
					column->notnull ? " NOT NULL" : "");
}
