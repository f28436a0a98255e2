/*
 * merge_step.c
 *		The statements of a merge: each is run as soon as it is built, unless
 *		this is a dry run, as the next one may depend on what it has changed.
 *
 * The statements of other verbs are a StatementPlan, which is built whole before
 * it is run.  How deep a merge goes is known only when the rows above are merged.
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
 * Returns the result of a query of one count, in the snapshot that the statements
 * have.
 */
int64
merge_count(const Merge *merge, const char *query)
{
	int64		count;

	if (merge->dry_run)
		select_counts(query, &count, 1);
	else
		change_and_count(query, &count, 1);
	return count;
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
