/*
 * merge.c
 *		junction.merge: makes several rows of a table one, with every row that
 *		references them.
 *
 *	1. Check and lock the table, all tables that may change (find_children.c), and the
 *	   rows, in the order of their key (merge_locks.c).
 *	2. Read what is referenced of the rows (named_rows.c).
 *	3. Point what references them at the one that stays (merge_rows.c), by statements
 *	   that are run as they are built (merge_step.c), and prove it (prove_merge.c).
 *	4. Delete the others.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "check/check.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * Returns the value of the argument "conflicts"; 22023 for an unknown one.
 */
static ConflictRule
parse_conflicts(text *value)
{
	char	   *conflicts = text_to_cstring(value);

	if (pg_strcasecmp(conflicts, "keep") == 0)
		return CONFLICT_KEEP;
	if (pg_strcasecmp(conflicts, "newest") == 0)
		return CONFLICT_NEWEST;
	if (pg_strcasecmp(conflicts, "error") == 0)
		return CONFLICT_ERROR;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"conflicts\": \"%s\"", conflicts),
			 errhint("Use \"keep\", \"newest\" or \"error\".")));
}

/*
 * Locks the tables, and the rows that the arguments name, and sets their values.
 * Returns false if there is nothing to merge.
 */
static bool
lock_and_read(Merge *merge, MergedRows *rows, FunctionCallInfo fcinfo)
{
	MergedRows	keys;

	rows->table = lock_merge(merge, PG_GETARG_OID(0), fcinfo, &keys);
	rows->columns = known_columns(merge, rows->table, &rows->identity);
	if (list_length(keys.values) == 1)
		return false;
	(void) add_reading_step(merge, rows->table, lock_on_all(RowShareLock, rows->table), lock_rows(&keys));
	return read_values(merge, rows, keys.values);
}

/*
 * Deletes the rows that go.  55000 if one stays.
 */
static void
delete_rows(Merge *merge, const MergedRows *rows)
{
	MergeStep  *step;

	check_nothing_left(merge, rows);
	step = add_step(merge, rows->table, "gone", delete_locks(merge, rows, rows->table),
					psprintf("DELETE FROM %s AS gone\nWHERE %s", merged_relation(rows->table),
							 is_itself(rows, "gone", MEMBERS_GOING)));
	if (!merge->dry_run && step->rows != list_length(rows->values) - 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of \"%s\" that are to go cannot be deleted", display_name(rows->table->oid)),
				 errdetail("A trigger or a rule of the table keeps them.")));
}

PG_FUNCTION_INFO_V1(junction_merge);

/*
 * junction.merge(parent regclass, keep anyelement, gone anyarray, conflicts text,
 *				  dry_run bool)
 *	returns setof junction.change
 *
 * 42P01 and 42809 for what is not a table; 42501 for a table that is not the caller's
 * or has rows that he may not see; 42704 without a primary key; 22023 for rows that
 * are not there or not named by the key, and that differ in columns that are shared;
 * 23505 for conflicts that are not to be settled, or not without loss; 0A000 for
 * generated columns, foreign keys with PERIOD and distributed tables; 55000 and
 * 40001 if rows that go are still referenced; and what the server says of the
 * statements.
 */
Datum
junction_merge(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"parent", "keep", "gone", "conflicts", "dry_run"};
	Merge		merge = {
		.instead = "Point what references the rows at the one that stays with UPDATE, or where it is the distribution column with INSERT and DELETE, and then delete the others."
	};
	MergedRows	rows = {0};

	check_arguments(fcinfo, required, lengthof(required));
	merge.conflicts = parse_conflicts(PG_GETARG_TEXT_PP(3));
	merge.named = true;
	merge.lockmode = RowExclusiveLock;
	merge.dry_run = PG_GETARG_BOOL(4);
	check_table_to_change(PG_GETARG_OID(0));
	if (!lock_and_read(&merge, &rows, fcinfo))
		merge.steps = NIL;
	else
	{
		notice_undeclared(rows.table);
		merge_rows(&merge, &rows);
		delete_rows(&merge, &rows);
	}
	return finish_merge(&merge, fcinfo);
}
