/*
 * prove_merge.c
 *		Proves of each child that no link is lost and none left: by what is
 *		counted before and after it is changed, in the same transaction.
 *
 * A row that a DELETE takes had a row beside it with the same key, by the DELETE's
 * own condition.  So the numbers of rows prove it: none references a row that
 * goes, and those that are there are those that were, but for the deleted ones.
 *
 * That is not enough if a child has several keys, as a row that is deleted for one
 * of them may be the only one with its values of the other; or if it has triggers
 * or rules that could change what a statement does.  Then the keys themselves are
 * counted and summed up, as they are to be and as they are.  Of several keys, one
 * with an id that each row is given is none of them: the id says nothing of a row,
 * and goes with it.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * Returns the condition that a row of a junction links two rows that become one,
 * and were not one before; null if the child is no such junction.
 */
char *
loop_condition(const MergedRows *rows, const MergeChild *child, const char *alias)
{
	StringInfoData buf;

	if (child->left == NULL)
		return NULL;
	initStringInfo(&buf);
	appendStringInfo(&buf, "%s AND %s AND %s OPERATOR(pg_catalog.<>) %s",
					 is_member(rows, child, child->left, alias, MEMBERS_ALL),
					 is_member(rows, child, child->right, alias, MEMBERS_ALL),
					 rank_of(rows, child, child->left, alias), rank_of(rows, child, child->right, alias));
	if (rows->with != NULL)
		appendStringInfo(&buf, " AND %s.class OPERATOR(pg_catalog.=) %s.class",
						 member_alias(alias, child, child->left), member_alias(alias, child, child->right));
	return buf.data;
}

/*
 * Returns the query of the number of rows that reference a link which goes as a loop,
 * and do not go themselves:
 *
 *	SELECT count(*) FROM ONLY public.notes AS referrer WHERE EXISTS (
 *		SELECT FROM ONLY public.friends AS link WHERE (loop) AND link.id = referrer.friend_id)
 */
static char *
count_references(const MergedRows *rows, const MergeChild *child, const char *loop,
				 const MergeReference *reference)
{
	const MergeChild referrer = {.table = reference->child};
	const ForeignKeyFacts *key = reference->key;
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "%sSELECT pg_catalog.count(*) FROM %s AS referrer WHERE EXISTS (SELECT FROM %s WHERE %s%s",
					 with_clause(rows), merged_relation(reference->child), child_item(rows, child, "link"), loop,
					 not_itself(rows, child, "link", MEMBERS_ALL));
	for (int i = 0; i < key->nkeys; i++)
	{
		const ColumnFacts *parent = find_column(child->table, key->parent_columns[i]);

		appendStringInfo(&query, " AND link.%s %s %s", quote_identifier(parent->name), operator_text(key->operators[i]),
						 referencing_column(child->table, key, i, reference->child, "referrer"));
	}
	appendStringInfo(&query, ")%s", not_itself(rows, &referrer, "referrer", MEMBERS_GOING));
	if (reference->child->oid == child->table->oid)
		appendStringInfo(&query, " AND NOT EXISTS (SELECT FROM %s WHERE %s AND link.tableoid OPERATOR(pg_catalog.=) referrer.tableoid AND link.ctid OPERATOR(pg_catalog.=) referrer.ctid)",
						 child_item(rows, child, "link"), loop);
	return query.data;
}

/*
 * Refuse links that go as loops, and are referenced: 23503.  What references them has
 * no row to be pointed at.
 */
void
check_no_reference_to_loops(const Merge *merge, const MergedRows *rows, const MergeChild *child)
{
	char	   *loop = loop_condition(rows, child, "link");

	if (loop == NULL)
		return;
	foreach_ptr(MergeReference, reference, find_merge_table(merge, child->table->oid)->references)
	{
		int64		count = merge_count(merge, reference->child, count_references(rows, child, loop, reference));

		if (count > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("rows of \"%s\" reference links of \"%s\" that would link a row to itself",
							display_name(reference->child->oid), display_name(child->table->oid)),
					 errdetail_plural("It is %lld row, by foreign key \"%s\".", "They are %lld rows, by foreign key \"%s\".",
									  count, (long long) count, reference->key->name),
					 errhint("Delete these rows or point them elsewhere, or delete the links, first.")));
	}
}

/*
 * Do triggers or rules of the user's own see the changes of a table's rows?
 */
static bool
is_meddled_with(const TableFacts *table)
{
	bool		meddled = false;

	foreach_oid(part, with_partitions(table->oid))
	{
		Relation	rel = relation_open(part, AccessShareLock);
		TriggerDesc *triggers = rel->trigdesc;

		meddled |= rel->rd_rules != NULL;
		for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
			meddled |= !triggers->triggers[i].tgisinternal;
		relation_close(rel, NoLock);
	}
	return meddled;
}

/*
 * Returns the query of two numbers: of the rows of a child that reference the rows
 * that become one, but are not of them themselves; and of those of them that
 * reference one that goes.
 */
static char *
count_members(const MergedRows *rows, const MergeChild *child)
{
	return psprintf("%sSELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE %s) FROM %s WHERE %s%s",
					with_clause(rows), is_any_member(rows, child, "link", MEMBERS_GOING),
					child_item(rows, child, "link"), is_any_member(rows, child, "link", MEMBERS_ALL),
					not_itself(rows, child, "link", MEMBERS_ALL));
}

/*
 * Sets the number of keys that the rows of a child will have in an index, and their
 * checksum: two numbers.
 */
static void
sum_keys(const Merge *merge, const MergedRows *rows, const MergeChild *child, const IndexFacts *index, int64 *sums)
{
	char	   *loop = loop_condition(rows, child, "link");

	read_counts(merge, child->table,
				sum_of_keys(rows, child, index,
							psprintf("%s%s", not_itself(rows, child, "link", MEMBERS_ALL),
									 loop ? psprintf(" AND (%s) IS NOT TRUE", loop) : "")), false, sums, 2);
}

/*
 * Has a key of a table a column that each row is given a value of its own for: an
 * identity, or a default such as uuidv7()?  So has the primary key of a partitioned
 * entity, which needs the partition key beside the id.
 */
static bool
has_given_id(const TableFacts *table, const IndexFacts *index)
{
	Relation	rel = relation_open(table->oid, NoLock);
	bool		given = false;

	for (int i = 0; i < index->nkeys; i++)
	{
		const ColumnFacts *column = index->columns[i] != 0 ? find_column(table, index->columns[i]) : NULL;

		if (column != NULL && column->has_default)
			given |= contain_volatile_functions(build_column_default(rel, column->attnum));
	}
	relation_close(rel, NoLock);
	return given;
}

/*
 * Sets the keys that a proof compares in full: of several, those that say something
 * of a row; with a trigger or a rule, the only one too.
 */
static void
choose_keys(MergeProof *proof)
{
	const TableFacts *table = proof->child->table;
	List	   *keys = NIL;

	foreach_ptr(IndexFacts, index, table->indexes)
		if (is_key_of_child(proof->child, index) && index != proof->child->unordered)
			keys = lappend(keys, (IndexFacts *) index);
	proof->several = list_length(keys) > 1;
	if (!proof->several)
	{
		proof->indexes = is_meddled_with(table) ? keys : NIL;
		return;
	}
	foreach_ptr(IndexFacts, index, keys)
		if (!has_given_id(table, index))
			proof->indexes = lappend(proof->indexes, (IndexFacts *) index);
}

/*
 * Counts what a child has before it is changed.
 */
MergeProof *
begin_proof(Merge *merge, const MergedRows *rows, const MergeChild *child)
{
	MergeProof *proof = palloc0(sizeof(MergeProof));
	int64		counts[2];

	proof->rows = rows;
	proof->child = child;
	if (merge->dry_run)
		return proof;
	proof->first = list_length(merge->steps);
	read_counts(merge, child->table, count_members(rows, child), false, counts, 2);
	proof->members = counts[0];
	choose_keys(proof);
	proof->keys = palloc(sizeof(int64) * 2 * Max(list_length(proof->indexes), 1));
	foreach_ptr(IndexFacts, index, proof->indexes)
		sum_keys(merge, rows, child, index, &proof->keys[2 * foreach_current_index(index)]);
	return proof;
}

/*
 * Has another part of the merge changed the child meanwhile: as it merged rows of
 * another table that the child references too?  Then what was counted before is
 * not what it was then.  That part has a proof of its own.
 */
static bool
is_changed_beside(const Merge *merge, const MergeProof *proof)
{
	for (int i = proof->first; i < list_length(merge->steps); i++)
	{
		MergeStep  *step = list_nth(merge->steps, i);

		if (step->table == proof->child->table->oid && step != proof->moved &&
			!list_member_ptr(proof->steps, step))
			return true;
	}
	return false;
}

/*
 * Refuse what would lose links: 23505 if the child's keys demand it, 55000 if a
 * trigger or a rule did it.
 */
static void
check_keys(const Merge *merge, const MergeProof *proof)
{
	bool		several = proof->several;

	foreach_ptr(IndexFacts, index, proof->indexes)
	{
		const int64 *before = &proof->keys[2 * foreach_current_index(index)];
		int64		now[2];

		sum_keys(merge, proof->rows, proof->child, index, now);
		if (now[0] == before[0] && now[1] == before[1])
			continue;
		ereport(ERROR,
				(errcode(several ? ERRCODE_UNIQUE_VIOLATION : ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("merging would lose rows of \"%s\"", display_name(proof->child->table->oid)),
				 errdetail("Not all values of key \"%s\" would be there any more.", index_name(index)),
				 several ?
				 errhint("A row goes where another has the same values in one key of the table. Give it other values there first, or delete it.") :
				 errhint("A trigger or a rule of the table changes what is written to it.")));
	}
}

/*
 * Raises if a link of the child is lost, or left: 23505, 55000; 40001 if another
 * transaction has made one that this one's snapshot does not have.
 */
void
finish_proof(const Merge *merge, MergeProof *proof)
{
	int			sqlstate = IsolationUsesXactSnapshot() ? ERRCODE_T_R_SERIALIZATION_FAILURE :
		ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
	const char *name = display_name(proof->child->table->oid);
	int64		deleted = 0;
	int64		counts[2];

	if (merge->dry_run)
		return;
	/* what is committed now, not what the transaction's snapshot has */
	read_counts(merge, proof->child->table, count_members(proof->rows, proof->child), true, counts, 2);
	if (counts[1] > 0)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("rows of \"%s\" still reference rows of \"%s\" that are to go", name,
						display_name(proof->rows->table->oid)),
				 errdetail_plural("It is %lld row.", "They are %lld rows.", counts[1], (long long) counts[1])));
	if (is_changed_beside(merge, proof))
		return;
	foreach_ptr(MergeStep, step, proof->steps)
		deleted += step->rows;
	if (counts[0] != proof->members - deleted)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("the number of rows of \"%s\" is not what it was", name),
				 errdetail("There were %lld, %lld were deleted, and %lld are left.", (long long) proof->members,
						   (long long) deleted, (long long) counts[0])));
	check_keys(merge, proof);
}

/*
 * Adds a statement for each child that raises if a row of it still references a row
 * that is to go, for who runs the statements by hand:
 *
 *	DO LANGUAGE plpgsql 'BEGIN
 *	    IF EXISTS (SELECT FROM ONLY public.invoice_tags AS link WHERE ...) THEN
 *	        RAISE EXCEPTION USING ...;
 *	    END IF;
 *	END'
 */
void
check_nothing_left(Merge *merge, const MergedRows *rows)
{
	foreach_ptr(MergeChild, child, find_children(merge, rows->table))
	{
		char	   *message = psprintf("%s still references rows of %s that are to go",
									   qualified_name(child->table->oid), qualified_name(rows->table->oid));
		char	   *body = psprintf("BEGIN\n    IF EXISTS (SELECT FROM %s WHERE %s%s) THEN\n"
									"        RAISE EXCEPTION USING ERRCODE = '23503', MESSAGE = %s;\n    END IF;\nEND",
									child_item(rows, child, "link"), is_any_member(rows, child, "link", MEMBERS_GOING),
									not_itself(rows, child, "link", MEMBERS_ALL), quote_literal_cstr(message));

		(void) add_reading_step(merge, child->table, lock_on_all(AccessShareLock, child->table),
								psprintf("DO LANGUAGE plpgsql %s", quote_literal_cstr(body)));
	}
}
