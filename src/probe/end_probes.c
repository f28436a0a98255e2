/*
 * end_probes.c
 *		The probes of an endpoint: null, orphan and cascade.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "nodes/parsenodes.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "probe/probe.h"
#include "sample/sample.h"
#include "statement/statement.h"

/*
 * Returns a clause for the detail of a broken foreign key: with
 * session_replication_role = replica, foreign key triggers do not fire.  Else "".
 */
static const char *
why_not(void)
{
	return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ?
		": session_replication_role is \"replica\"" : "";
}

/*
 * Was a statement refused by a foreign key on exactly the endpoint's columns?
 * error: may be null.
 */
static bool
is_of_endpoint(const Trial *trial, const ErrorData *error)
{
	ForeignKeyFacts *key;

	if (error == NULL || (error->sqlerrcode != ERRCODE_FOREIGN_KEY_VIOLATION &&
						  error->sqlerrcode != ERRCODE_RESTRICT_VIOLATION))
		return false;
	key = error_key(error, trial->table);
	return key != NULL && bms_equal(key_columns(key), trial->endpoint->columns);
}

/*
 * null: insert a row with a null in a column of the endpoint, for each column;
 * its NOT NULL must refuse the row.
 */
Outcome
probe_null_end(Trial *trial)
{
	foreach_ptr(char, name, endpoint_columns(trial->junction, trial->endpoint))
	{
		ColumnFacts *column = find_column_by_name(trial->table, name);
		RowRequest	request = {.given = list_make1(make_cell(column->attnum, NULL))};
		List	   *row;
		Outcome		outcome;

		request.wanted = bms_del_member(bms_copy(trial->junction->pair), column->attnum);
		if (!make_row(&trial->sampler, trial->table->oid, &request, &row))
			outcome = is_refused_for_null(trial, trial->sampler.error, column) ? trial_refused(trial) : trial_not_made(trial);
		else
			outcome = trial_judge_arrival(trial, lappend(row, make_cell(column->attnum, NULL)), 1,
									psprintf("a row with a null in \"%s\" was inserted", name));
		if (outcome != HELD)
			return outcome;
	}
	return HELD;
}

/*
 * Returns the columns of the endpoint that belong to no other foreign key on
 * other columns.  Only in these can a link get a wrong value without breaking
 * another foreign key.
 */
static Bitmapset *
own_columns(const Trial *trial)
{
	Bitmapset  *columns = bms_copy(trial->endpoint->columns);

	foreach_ptr(ForeignKeyFacts, key, trial->table->foreign_keys)
		if (!bms_equal(key_columns(key), trial->endpoint->columns))
			columns = bms_difference(columns, key_columns(key));
	return columns;
}

/*
 * Count the rows of the parent that have these values.  cells: columns of the
 * junction.  Returns false if that fails; the detail says why.
 */
static bool
count_parents(Trial *trial, List *cells, int64 *count)
{
	ForeignKeyFacts *key = trial->endpoint->key;
	TableFacts *parent = sample_facts(&trial->sampler, key->parent);
	List	   *parent_cells = NIL;

	for (int i = 0; i < key->nkeys; i++)
		foreach_ptr(Cell, cell, cells)
			if (cell->attnum == key->columns[i])
				parent_cells = lappend(parent_cells, make_cell(key->parent_columns[i], cell->value));
	return parent != NULL && count_trial_rows(trial, parent, parent_cells, count);
}

/*
 * Returns the n-th sample values for the endpoint's own columns as cells, or NIL
 * if there are no more.  n: from 1.
 */
static List *
end_cells(Trial *trial, const Bitmapset *own, int n)
{
	ForeignKeyFacts *key = trial->endpoint->key;
	List	   *cells = NIL;

	for (int i = 0; i < key->nkeys; i++)
	{
		char	   *value;

		if (!bms_is_member(key->columns[i], own))
			continue;
		value = sample_value(&trial->sampler, key->parent, key->parent_columns[i], n);
		if (value == NULL)
			return NIL;
		cells = lappend(cells, make_cell(key->columns[i], value));
	}
	return cells;
}

/*
 * orphan: insert a link to a parent row that does not exist; the foreign key
 * must refuse it.
 *
 * Tries other values while a CHECK refuses the row, or while a parent has them.
 * Parents are counted again after the INSERT: if both ends are of one table, the
 * parent row that was made for the other end may have the value.
 */
Outcome
probe_orphan_end(Trial *trial)
{
	Bitmapset  *own = own_columns(trial);
	RowRequest	request = {.dangling = own};
	List	   *row;
	int64		count;

	if (bms_is_empty(own))
		return trial_judged(trial, SKIPPED, "every column of this end belongs to another foreign key too");
	trial->detail = "could not find a value that is absent from the parent";
	request.wanted = bms_difference(trial->junction->pair, own);
	for (int n = 1; (request.given = end_cells(trial, own, n)) != NIL; n++)
	{
		if (!count_parents(trial, request.given, &count) || count > 0)
			continue;
		if (!make_row(&trial->sampler, trial->table->oid, &request, &row))
		{
			const ErrorData *error = trial->sampler.error;

			if (is_of_endpoint(trial, error))
				return trial_refused(trial);
			if (error == NULL || error->sqlerrcode != ERRCODE_CHECK_VIOLATION)
				return trial_not_made(trial);
			trial_not_made(trial);
		}
		else if (count_parents(trial, request.given, &count) && count == 0)
			return trial_judge_arrival(trial, list_concat(row, request.given), 1,
								 psprintf("a link to a row of \"%s\" that does not exist was inserted%s",
										  trial->endpoint->key->parent_name, why_not()));
	}
	return SKIPPED;
}

/*
 * Judge a DELETE of the parent row that failed.  HELD if the endpoint's foreign
 * key refused it, or a NOT NULL its SET NULL; else SKIPPED.
 */
static Outcome
judge_refused_delete(Trial *trial, ErrorData *error)
{
	ForeignKeyFacts *key = trial->endpoint->key;
	bool		held = is_of_endpoint(trial, error);

	for (int i = 0; i < key->nkeys; i++)
		held |= is_refused_for_null(trial, error, find_column(trial->table, key->columns[i]));
	if (!held)
		return trial_judged(trial, SKIPPED, psprintf("the row of \"%s\" could not be deleted: %s", key->parent_name,
											   describe_error(error, key->parent, ACL_DELETE | ACL_SELECT)));
	return trial_judged(trial, HELD, psprintf("the parent row cannot be deleted while it has links: ON DELETE %s",
										action_name(key->on_delete)));
}

/*
 * Judge a DELETE of the parent row that succeeded.  HELD if the link was deleted
 * too; BROKEN if it stayed, unchanged or with other values in the endpoint.
 */
static Outcome
judge_link(Trial *trial, List *link)
{
	Bitmapset  *others = bms_difference(unique_columns(trial->junction), trial->endpoint->columns);
	const char *parent = trial->endpoint->key->parent_name;
	int64		unchanged;
	int64		rest;

	if (!count_trial_rows(trial, trial->table, cells_of_columns(link, trial->junction->pair), &unchanged) ||
		!count_trial_rows(trial, trial->table, cells_of_columns(link, others), &rest))
		return SKIPPED;
	if (unchanged > 0)
		return trial_judged(trial, BROKEN, psprintf("the row of \"%s\" was deleted, and its link stayed%s", parent, why_not()));
	if (rest > 0)
		return trial_judged(trial, BROKEN, psprintf("the row of \"%s\" was deleted, and its link stayed without it: ON DELETE %s",
											  parent, action_name(trial->endpoint->key->on_delete)));
	return trial_judged(trial, HELD, "the link was deleted too");
}

/*
 * cascade: delete a parent row that has a link; the link must be deleted too, or
 * the foreign key must refuse the DELETE.
 *
 *	DELETE FROM public.tags WHERE id OPERATOR(pg_catalog.=) CAST('1' AS integer)
 */
Outcome
probe_cascade_end(Trial *trial)
{
	ForeignKeyFacts *key = trial->endpoint->key;
	TableFacts *parent = sample_facts(&trial->sampler, key->parent);
	List	   *link;
	List	   *end = NIL;
	StatementResult result;
	int64		count;

	if (parent == NULL || is_hidden_from_trial(trial, trial->table->oid) || is_hidden_from_trial(trial, key->parent))
		return SKIPPED;
	if (!make_trial_link(trial, &link))
		return trial_not_made(trial);
	for (int i = 0; i < key->nkeys; i++)
		end = lappend(end, make_cell(key->parent_columns[i], find_cell(link, key->columns[i])->value));
	if (!count_trial_rows(trial, trial->table, cells_of_columns(link, trial->junction->pair), &count))
		return SKIPPED;
	if (count != 1)
		return trial_judged(trial, SKIPPED, "the inserted link was not found: a trigger deleted or changed it");

	if (!try_statement(psprintf("DELETE FROM %s WHERE %s", qualified_name(parent->oid),
								row_condition(parent, end)), &result))
	{
		name_shard_error(result.error, trial->table);
		return judge_refused_delete(trial, result.error);
	}
	if (!count_trial_rows(trial, parent, end, &count))
		return SKIPPED;
	if (count > 0)
		return trial_judged(trial, SKIPPED, psprintf("the row of \"%s\" was not deleted: a trigger, a rule or a policy kept it",
											   key->parent_name));
	return judge_link(trial, link);
}
