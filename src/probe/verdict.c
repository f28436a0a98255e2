/*
 * verdict.c
 *		What the probes share: they make a link, count rows, and set the outcome.
 *
 * The functions that return an Outcome also set the trial's detail.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/rls.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "probe/probe.h"
#include "sample/sample.h"
#include "statement/statement.h"

/*
 * Set the detail, a phrase or null, and return the outcome.
 */
Outcome
trial_judged(Trial *trial, Outcome outcome, char *detail)
{
	trial->detail = detail;
	return outcome;
}

/*
 * SKIPPED: the last row could not be made.  The detail says why.
 */
Outcome
trial_not_made(Trial *trial)
{
	return trial_judged(trial, SKIPPED, trial->sampler.why);
}

/*
 * HELD: the rule that was probed refused the last row.  The detail is the
 * server's message.
 */
Outcome
trial_refused(Trial *trial)
{
	return trial_judged(trial, HELD, trial->sampler.error->message);
}

/*
 * Returns the cells whose columns are in a set.
 */
List *
cells_of_columns(List *cells, const Bitmapset *columns)
{
	List	   *result = NIL;

	foreach_ptr(Cell, cell, cells)
		if (bms_is_member(cell->attnum, columns))
			result = lappend(result, cell);
	return result;
}

/*
 * Returns the condition that a row of a table has the values of these cells:
 *
 *	a OPERATOR(pg_catalog.=) CAST('1' AS integer) AND b IS NULL
 */
char *
row_condition(const TableFacts *table, List *cells)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(Cell, cell, cells)
	{
		ColumnFacts *column = find_column(table, cell->attnum);

		appendStringInfo(&buf, "%s%s ", buf.len ? " AND " : "", quote_identifier(column->name));
		if (cell->value == NULL)
			appendStringInfoString(&buf, "IS NULL");
		else
			appendStringInfo(&buf, "%s CAST(%s AS %s)",
							 operator_text(lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr),
							 quote_literal_cstr(cell->value), type_text(column->type, column->typmod));
	}
	return buf.data;
}

/*
 * Count the rows of a table that have the values of these cells:
 *
 *	SELECT pg_catalog.count(*) FROM public.invoice_tags WHERE row_condition()
 *
 * Returns false if the query fails; the detail says why.
 */
bool
count_trial_rows(Trial *trial, const TableFacts *table, List *cells, int64 *count)
{
	StatementResult result;

	if (!try_statement(psprintf("SELECT pg_catalog.count(*) FROM %s WHERE %s",
								qualified_name(table->oid), row_condition(table, cells)), &result))
	{
		trial->detail = describe_error(result.error, table->oid, ACL_SELECT);
		return false;
	}
	*count = pg_strtoint64(linitial(result.values));
	return true;
}

/*
 * Can the caller not read all rows of a table?  Then a row that is not found may
 * still be there.  The detail says why.
 */
bool
is_hidden_from_trial(Trial *trial, Oid relid)
{
	if (may_read_all(relid))
		return false;
	trial->detail = psprintf(check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED ?
							 "row-level security may hide rows of \"%s\"" :
							 "you may not read \"%s\" (missing: SELECT on it, or USAGE on its schema)",
							 display_name(relid));
	return true;
}

/*
 * Judge an INSERT that the rule should have refused.  BROKEN, with broken as the
 * detail, if the table now has at least count rows with the values of these
 * cells; SKIPPED if not: something suppressed or changed the row.
 */
Outcome
trial_judge_arrival(Trial *trial, List *cells, int64 count, char *broken)
{
	int64		found;

	if (!count_trial_rows(trial, trial->table, cells, &found))
		return SKIPPED;
	if (found < count)
		return trial_judged(trial, SKIPPED, "the row was not refused, but was not found: a trigger, a rule or a policy suppressed or changed it");
	return trial_judged(trial, BROKEN, broken);
}

/*
 * Was the row refused by this column's NOT NULL, or by that of its domain?
 * error: may be null.
 */
bool
is_refused_for_null(const Trial *trial, const ErrorData *error, const ColumnFacts *column)
{
	if (error == NULL || error->sqlerrcode != ERRCODE_NOT_NULL_VIOLATION)
		return false;
	if (error->datatype_name != NULL)
		return error_type(error) == column->type;
	return error_table(error) == trial->table->oid && error->column_name != NULL &&
		strcmp(error->column_name, column->name) == 0;
}

/*
 * Returns the columns that are to be unique together: the pair, or all columns
 * of the key of a temporal or multiway junction.
 */
Bitmapset *
unique_columns(const Junction *junction)
{
	if (junction->kind == JUNCTION_MULTIWAY || junction->kind == JUNCTION_TEMPORAL)
		return indexed_columns(junction->pair_key);
	return junction->pair;
}

/* Returns the primary key's columns of an entity; the empty set for others. */
Bitmapset *
id_columns(const Junction *junction)
{
	return junction->kind == JUNCTION_ENTITY ? junction->primary_key->column_set : NULL;
}

/*
 * Insert new parent rows and a link between them.  *link: the link's unique and
 * id columns, as cells.  Returns false if that fails; the sampler knows why.
 */
bool
make_trial_link(Trial *trial, List **link)
{
	RowRequest	request = {
		.wanted = bms_union(unique_columns(trial->junction), id_columns(trial->junction))
	};

	return make_row(&trial->sampler, trial->table->oid, &request, link);
}
