/*
 * merge_rows.c
 *		Makes rows one in all tables that reference them.  The rows themselves are
 *		the caller's to delete.
 *
 * For each child, one that another references first:
 *
 *	1. Links between two of the rows go: they would link a row to itself.
 *	2. Of rows in conflict one goes, for each key of the child.  If the child is
 *	   referenced itself, its own children are merged first, by the same rules.
 *	   Rows that are under way are left out there, so that a cycle ends.
 *	3. One UPDATE points the rest at the row that stays.
 *
 * Each statement is run before the next one is built.  Whether there are rows in
 * conflict that others reference is asked first, so no statement is made for
 * nothing; a dry run asks it of the rows as they are.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * Refuse rows that a key of the child cannot be pointed from one to the other:
 * 22023.  A column that a foreign key onto another table has too must be the same
 * in all of them; and the one that stays must have what is referenced.
 */
static void
check_agreement(const MergedRows *rows, const MergeChild *child, List *children)
{
	foreach_ptr(ForeignKeyFacts, key, child->table->foreign_keys)
	{
		bool		along = key->parent == rows->table->oid || partition_root(key->parent) == rows->table->oid;

		foreach_ptr(MergeChild, other, children)
			along |= other->table->oid == key->parent;
		for (int i = 0; i < key->nkeys && !along; i++)
			if (bms_is_member(key->columns[i], child->columns) && is_changed(rows, child, key->columns[i]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the rows of \"%s\" differ in what \"%s\" of \"%s\" references",
								display_name(rows->table->oid), find_column(child->table, key->columns[i])->name,
								display_name(child->table->oid)),
						 errdetail("Its foreign key \"%s\" onto %s has this column too.", key->name,
								   quote_identifier(key->parent_name))));
	}
}

/*
 * Refuse to change a generated column (0A000), and to point a row at a value that
 * the row that stays does not have (22023).
 */
static void
check_changes(const MergedRows *rows, const MergeChild *child)
{
	foreach_ptr(MergeKey, key, child->keys)
		for (int i = 0; i < key->key->nkeys; i++)
		{
			const ColumnFacts *column = find_column(child->table, key->key->columns[i]);

			if (!is_changed(rows, child, column->attnum))
				continue;
			if (get_attgenerated(child->table->oid, column->attnum) != '\0')
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("column \"%s\" of \"%s\" is generated", column->name, display_name(child->table->oid)),
						 errdetail("It references \"%s\", and can only be changed by the columns that it is generated from.",
								   display_name(rows->table->oid))));
			if (rows->with == NULL && !stays_with_value(rows, key->key->parent_columns[i]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the row of \"%s\" that is to stay has no \"%s\"", display_name(rows->table->oid),
								find_column(rows->table, key->key->parent_columns[i])->name),
						 errdetail("\"%s\" references it.", display_name(child->table->oid))));
		}
}

/*
 * Adds the locks of the WITH list that the rows are.
 */
static void
add_query_locks(List **locks, const MergedRows *rows)
{
	for (const MergedRows *level = rows; level != NULL && level->with != NULL; level = level->above)
		add_locks(locks, level->table->oid, AccessShareLock, false);
}

/*
 * Returns the locks of locking the rows.
 */
char *
lock_locks(const MergedRows *rows)
{
	List	   *locks = NIL;

	add_locks(&locks, rows->table->oid, RowShareLock, false);
	add_query_locks(&locks, rows);
	return locks_text(locks, NULL, NULL);
}

/*
 * Returns the locks of deleting rows of a table that are found by the rows which
 * become one, or null: those that foreign keys onto it take, too.
 */
char *
delete_locks(const Merge *merge, const MergedRows *rows, const TableFacts *table)
{
	List	   *locks = NIL;

	add_locks(&locks, table->oid, RowExclusiveLock, false);
	add_query_locks(&locks, rows);
	add_reference_locks(merge, &locks, table, NULL);
	return locks_text(locks, NULL, NULL);
}

/*
 * Adds the locks of updating columns of a child: those of its foreign keys' parents,
 * and of foreign keys onto it, too.
 */
static void
add_update_locks(const Merge *merge, List **locks, const TableFacts *table, const Bitmapset *columns)
{
	add_locks(locks, table->oid, RowExclusiveLock, false);
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (bms_overlap(key_columns(key), columns))
			add_locks(locks, key->parent, RowShareLock, false);
	add_reference_locks(merge, locks, table, columns);
}

/*
 * Returns the locks of setting columns of a child to null.
 */
static char *
release_locks(const MergedRows *rows)
{
	List	   *locks = NIL;

	add_locks(&locks, rows->table->oid, RowExclusiveLock, false);
	add_query_locks(&locks, rows);
	return locks_text(locks, NULL, NULL);
}

/*
 * Returns a statement that deletes rows of a child that a condition finds.
 */
static char *
delete_found(const MergedRows *rows, const MergeChild *child, const char *condition)
{
	if (rows->with == NULL)
		return psprintf("DELETE FROM %s AS link\nWHERE %s", merged_relation(child->table), condition);
	return psprintf("%sDELETE FROM %s AS changed\nUSING (SELECT link.tableoid AS part, link.ctid AS place\n    FROM %s\n    WHERE %s) AS found\n"
					"WHERE changed.ctid OPERATOR(pg_catalog.=) found.place AND changed.tableoid OPERATOR(pg_catalog.=) found.part",
					with_clause(rows), merged_relation(child->table), child_item(rows, child, "link"), condition);
}

/*
 * Deletes the links between two rows that become one.
 */
static void
remove_loops(Merge *merge, MergeProof *proof)
{
	char	   *condition = loop_condition(proof->rows, proof->child, "link");

	if (condition != NULL)
		proof->steps = lappend(proof->steps,
							   add_step(merge, proof->child->table, "loop",
										delete_locks(merge, proof->rows, proof->child->table),
										delete_found(proof->rows, proof->child,
													 psprintf("%s%s", condition,
															  not_itself(proof->rows, proof->child, "link", MEMBERS_ALL)))));
}

/*
 * Sets to null what points a row that stays at one that goes, if the table
 * references itself: a tree row whose parent becomes one with it.  If it cannot be
 * null, the row will point at itself.
 */
static void
release_own_rows(Merge *merge, const MergedRows *rows, const MergeChild *child)
{
	if (child->table->oid != rows->table->oid)
		return;
	foreach_ptr(MergeKey, key, child->keys)
	{
		char	   *member = member_alias("link", child, key);
		StringInfoData set;

		initStringInfo(&set);
		for (int i = 0; i < key->key->nkeys; i++)
		{
			const ColumnFacts *column = find_column(child->table, key->key->columns[i]);

			if (!column->notnull && is_changed(rows, child, column->attnum))
				appendStringInfo(&set, "%s%s = NULL", set.len ? ", " : "", quote_identifier(column->name));
		}
		if (set.len == 0)
			continue;
		if (rows->with == NULL)
			(void) add_step(merge, child->table, "loop", release_locks(rows),
							psprintf("UPDATE %s AS link\nSET %s\nWHERE %s AND %s", merged_relation(child->table), set.data,
									 is_member(rows, child, key, "link", MEMBERS_GOING),
									 is_itself(rows, "link", MEMBERS_STAYING)));
		else
			(void) add_step(merge, child->table, "loop", release_locks(rows),
							psprintf("%sUPDATE %s AS link\nSET %s\nFROM %s AS %s, %s AS own\nWHERE %s AND %s AND %s AND own.rank OPERATOR(pg_catalog.=) 0"
									 " AND own.class OPERATOR(pg_catalog.=) %s.class", with_clause(rows),
									 merged_relation(child->table), set.data, rows->name, member, rows->name,
									 is_referenced_member(rows, child, key->key, "link", member),
									 is_member(rows, child, key, "link", MEMBERS_GOING),
									 is_identified_by(rows, "link", "own"), member));
	}
}

/*
 * Refuse rows in conflict, if the caller asks for it: 23505.
 */
static void
check_no_conflict(const Merge *merge, const MergedRows *rows, const MergeChild *child,
				  const IndexFacts *index)
{
	int64		count = merge_count(merge, child->table, count_conflicts(merge, rows, child, index));

	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("rows of \"%s\" are in conflict", display_name(child->table->oid)),
				 errdetail_plural("%lld row would have the same values in key \"%s\" as another.",
								  "%lld rows would have the same values in key \"%s\" as others.", count,
								  (long long) count, index_name(index)),
				 errhint("With conflicts => 'keep' or 'newest', one of each stays.")));
}

/*
 * Merges the rows that reference rows in conflict, before these go.
 */
static void
merge_conflicting(Merge *merge, const MergedRows *rows, const MergeChild *child, const IndexFacts *index)
{
	List	   *identity;
	List	   *columns;
	MergedRows *below;

	if (find_children(merge, child->table) == NIL)
		return;
	columns = known_columns(merge, child->table, &identity);
	below = conflicting_rows(merge, rows, child, index, columns, identity);
	if (merge_count(merge, child->table, psprintf("%sSELECT pg_catalog.count(*) FROM (SELECT FROM %s LIMIT 1) AS first",
									with_clause(below), below->name)) == 0)
		return;
	(void) add_reading_step(merge, child->table, lock_locks(below), lock_rows(below));
	merge_rows(merge, below);
}

/*
 * Settles the conflicts of a child: of each key, those that changes of its columns
 * would make.
 */
static void
settle_conflicts(Merge *merge, MergeProof *proof)
{
	const MergedRows *rows = proof->rows;
	const MergeChild *child = proof->child;

	foreach_ptr(IndexFacts, index, child->table->indexes)
	{
		if (!is_key_of_child(child, index))
			continue;
		if (merge->conflicts == CONFLICT_ERROR)
		{
			check_no_conflict(merge, rows, child, index);
			continue;
		}
		merge_conflicting(merge, rows, child, index);
		proof->steps = lappend(proof->steps,
							   add_step(merge, child->table, "there already", delete_locks(merge, rows, child->table),
										delete_conflicts(merge, rows, child, index)));
	}
}

/*
 * Returns the columns of a child that an UPDATE sets.  Those that ON UPDATE
 * CASCADE sets are left out.
 */
static Bitmapset *
columns_to_set(const MergedRows *rows, const MergeChild *child)
{
	Bitmapset  *columns = NULL;

	foreach_ptr(MergeKey, key, child->keys)
		for (int i = 0; i < key->key->nkeys && !key->cascades; i++)
			if (is_changed(rows, child, key->key->columns[i]))
				columns = bms_add_member(columns, key->key->columns[i]);
	if (child->lesser != 0 && !bms_is_empty(columns))
		columns = bms_add_member(bms_add_member(columns, child->lesser), child->greater);
	return columns;
}

/*
 * Returns the UPDATE of a child, without the WITH list:
 *
 *	UPDATE ONLY public.invoice_tags AS moved SET tag_id = '7'::integer
 *	WHERE moved.tag_id OPERATOR(pg_catalog.=) '9'::integer
 *
 * Null if it has none to set.
 */
static char *
update_text(const MergedRows *rows, const MergeChild *child)
{
	Bitmapset  *columns = columns_to_set(rows, child);
	char	   *condition = psprintf("%s%s", is_any_member(rows, child, "moved", MEMBERS_GOING),
									 not_itself(rows, child, "moved", MEMBERS_GOING));
	bool		single = list_length(child->keys) == 1;
	StringInfoData set;
	StringInfoData values;
	int			column = -1;

	if (bms_is_empty(columns))
		return NULL;
	initStringInfo(&set);
	initStringInfo(&values);
	while ((column = bms_next_member(columns, column)) > 0)
	{
		const char *name = quote_identifier(find_column(child->table, column)->name);
		char	   *value = single ? target_value(rows, child, "moved", column) :
			merged_value(rows, child, "moved", column);

		appendStringInfo(&set, "%s%s = %s", set.len ? ", " : "", name,
						 single || rows->with == NULL ? value : psprintf("found.%s", name));
		appendStringInfo(&values, ", %s AS %s", value, name);
	}
	if (rows->with == NULL)
		return psprintf("UPDATE %s AS moved\nSET %s\nWHERE %s", merged_relation(child->table), set.data, condition);
	if (single)
	{
		MergeKey   *key = linitial(child->keys);
		char	   *member = member_alias("moved", child, key);

		return psprintf("UPDATE %s AS moved\nSET %s\nFROM %s AS %s\nWHERE %s AND %s", merged_relation(child->table),
						set.data, rows->name, member, is_referenced_member(rows, child, key->key, "moved", member), condition);
	}
	return psprintf("UPDATE %s AS changed\nSET %s\nFROM (SELECT moved.tableoid AS part, moved.ctid AS place%s\n    FROM %s\n    WHERE %s) AS found\n"
					"WHERE changed.ctid OPERATOR(pg_catalog.=) found.place AND changed.tableoid OPERATOR(pg_catalog.=) found.part",
					merged_relation(child->table), set.data, values.data, child_item(rows, child, "moved"), condition);
}

/*
 * Returns this child, and those that have to change in the same statement.
 */
static List *
changed_together(List *children, MergeChild *child)
{
	List	   *together = list_make1(child);

	/* the list grows on the way */
	for (int i = 0; i < list_length(together); i++)
		foreach_ptr(MergeChild, other, children)
			if (list_member_oid(((MergeChild *) list_nth(together, i))->beside, other->table->oid))
				together = list_append_unique_ptr(together, other);
	return together;
}

/*
 * Points the rows of these children at the row that stays, in one statement:
 *
 *	WITH beside_1 AS (UPDATE ...) UPDATE ...
 *
 * Their foreign keys onto each other are checked when both are changed.  Returns
 * the statement, or null if there is nothing to set.
 */
static MergeStep *
move_rows(Merge *merge, const MergedRows *rows, List *together)
{
	const MergeChild *first = linitial(together);
	char	   *update = update_text(rows, first);
	const char *list = rows->with ? rows->with : "";
	StringInfoData with;
	List	   *locks = NIL;

	initStringInfo(&with);
	appendStringInfoString(&with, list);
	add_update_locks(merge, &locks, first->table, columns_to_set(rows, first));
	add_query_locks(&locks, rows);
	foreach_ptr(MergeChild, child, together)
	{
		char	   *other = child != first ? update_text(rows, child) : NULL;

		if (other == NULL)
			continue;
		appendStringInfo(&with, "%sbeside_%d AS (\n%s)", with.len ? ",\n" : "", foreach_current_index(child), other);
		add_update_locks(merge, &locks, child->table, columns_to_set(rows, child));
	}
	if (update == NULL)
		return NULL;
	return add_step(merge, first->table, "moved", locks_text(locks, NULL, NULL),
					psprintf("%s%s%s%s", with.len ? "WITH " : "", with.data, with.len ? "\n" : "", update));
}

/*
 * Makes rows one in all tables that reference them.  Raises 22023, 0A000, 23503,
 * 23505, 55000, 40001, as the functions above and prove_merge.c say.
 */
void
merge_rows(Merge *merge, const MergedRows *rows)
{
	List	   *children = find_children(merge, rows->table);
	List	   *proofs = NIL;
	List	   *moved = NIL;

	check_stack_depth();
	foreach_ptr(MergeChild, child, children)
	{
		if (rows->with == NULL)
			check_agreement(rows, child, children);
		check_changes(rows, child);
		check_no_reference_to_loops(merge, rows, child);
	}
	foreach_ptr(MergeChild, child, children)
	{
		MergeProof *proof;

		release_own_rows(merge, rows, child);
		proof = begin_proof(merge, rows, child);
		proofs = lappend(proofs, proof);
		remove_loops(merge, proof);
		settle_conflicts(merge, proof);
	}
	foreach_ptr(MergeProof, proof, proofs)
	{
		MergeChild *child = unconstify(MergeChild *, proof->child);

		if (list_member_ptr(moved, child))
			continue;
		moved = list_concat_unique_ptr(moved, changed_together(children, child));
		proof->moved = move_rows(merge, rows, changed_together(children, child));
	}
	foreach_ptr(MergeProof, proof, proofs)
		finish_proof(merge, proof);
}
