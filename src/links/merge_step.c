/*
 * merge_step.c
 *		The statements of a merge: each is run as soon as it is built, unless
 *		this is a dry run, as the next one may depend on what it has changed.
 *
 * The statements of other verbs are a StatementPlan, which is built whole before
 * it is run.  How deep a merge goes is known only when the rows above are merged.
 *
 * What changes rows runs as the caller, and so do triggers, as of statements by
 * hand.  What only reads them runs as the tables' owner.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * Adds a statement, and runs it.  table: whose rows it changes, or null; change:
 * a word for that, or null; locks: as for plan_add().
 */
MergeStep *
add_step(Merge *merge, const TableFacts *table, const char *change, char *locks, char *text)
{
	MergeStep  *step = palloc(sizeof(MergeStep));

	step->text = text;
	step->locks = locks;
	step->table = table ? table->oid : InvalidOid;
	step->change = change;
	step->rows = merge->dry_run ? -1 : run_and_count(text);
	merge->steps = lappend(merge->steps, step);
	return step;
}

/*
 * Adds a statement that only reads or locks rows of a table, and runs it as the
 * role that reads them (merge_readers.c).
 */
MergeStep *
add_reading_step(Merge *merge, const TableFacts *table, char *locks, char *text)
{
	OwnerRole	role;
	MergeStep  *step;

	become_role(&role, find_merge_table(merge, table->oid)->reader);
	step = add_step(merge, NULL, NULL, locks, text);
	become_caller(&role);
	return step;
}

/*
 * Sets the counts that a query of one row returns, which reads rows of a table.
 * latest: as they are committed now; else in the snapshot that the statements have.
 */
void
read_counts(const Merge *merge, const TableFacts *table, const char *query, bool latest,
			int64 *counts, int count)
{
	OwnerRole	role;

	become_role(&role, find_merge_table(merge, table->oid)->reader);
	if (latest)
		select_counts(query, counts, count);
	else
		change_and_count(query, counts, count);
	become_caller(&role);
}

/*
 * Returns the result of a query of one count, in the snapshot that the statements
 * have.
 */
int64
merge_count(const Merge *merge, const TableFacts *table, const char *query)
{
	int64		count;

	read_counts(merge, table, query, merge->dry_run, &count, 1);
	return count;
}

/*
 * As select_rows(), of a query that reads rows of a table.
 */
List *
read_rows(const Merge *merge, const TableFacts *table, const char *query)
{
	OwnerRole	role;
	List	   *rows;

	become_role(&role, find_merge_table(merge, table->oid)->reader);
	rows = select_rows(query);
	become_caller(&role);
	return rows;
}

/*
 * Returns the statements as rows of junction.change, numbered from 1.
 */
Datum
finish_merge(const Merge *merge, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	foreach_ptr(MergeStep, step, merge->steps)
	{
		Datum		values[6] = {0};
		bool		nulls[6] = {0};
		int			i = 0;

		values[i++] = Int32GetDatum(foreach_current_index(step) + 1);
		values[i++] = CStringGetTextDatum(step->text);
		nulls[i] = step->locks == NULL;
		values[i++] = step->locks ? CStringGetTextDatum(step->locks) : (Datum) 0;
		nulls[i] = !OidIsValid(step->table);
		values[i++] = ObjectIdGetDatum(step->table);
		nulls[i] = step->change == NULL;
		values[i++] = step->change ? CStringGetTextDatum(step->change) : (Datum) 0;
		nulls[i] = step->rows < 0 || step->change == NULL;
		values[i++] = Int64GetDatum(step->rows);
		Assert(i == 6);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
