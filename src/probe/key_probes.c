/*
 * key_probes.c
 *		The probes of the keys: duplicate_pair, mirror_pair, id_unique and
 *		id_default.
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "probe/probe.h"
#include "sample/sample.h"

/*
 * Was the last row refused by a unique index, or a temporal key, over these
 * columns or a part of them?
 */
static bool
is_refused_by_key(const Trial *trial, const Bitmapset *columns)
{
	const ErrorData *error = trial->sampler.error;
	IndexFacts *index;

	if (error == NULL || (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION &&
						  error->sqlerrcode != ERRCODE_EXCLUSION_VIOLATION))
		return false;
	index = error_index(error, trial->table);
	return index != NULL && (is_key(index) || is_temporal_key(index)) &&
		bms_is_subset(indexed_columns(index), columns);
}

/*
 * duplicate_pair: insert a pair twice; the pair key must refuse the second row.
 * Skipped if the key is partial and does not cover the row, or if it is temporal
 * and does not refuse it: an empty period overlaps nothing.
 */
Outcome
probe_duplicate_pair(Trial *trial)
{
	const IndexFacts *key = trial->junction->pair_key;
	Bitmapset  *pair = unique_columns(trial->junction);
	RowRequest	again = {0};
	List	   *link;
	Outcome		outcome;

	if (!make_trial_link(trial, &link))
		return trial_not_made(trial);
	again.given = cells_of_columns(link, pair);
	if (!make_row(&trial->sampler, trial->table->oid, &again, &link))
		return is_refused_by_key(trial, pair) ? trial_refused(trial) : trial_not_made(trial);

	outcome = trial_judge_arrival(trial, again.given, 2, "the same pair was inserted twice");
	if (outcome == BROKEN && key != NULL && key->predicate != NULL)
		return trial_judged(trial, SKIPPED,
					  psprintf("the partial key \"%s\" does not cover the test row; it holds only where %s",
							   index_name(key), predicate_text(trial->table, key)));
	if (outcome == BROKEN && key != NULL && is_temporal_key(key))
		return trial_judged(trial, SKIPPED,
					  psprintf("the key \"%s\" does not cover the test row, whose period is empty",
							   index_name(key)));
	return outcome;
}

/*
 * id_unique: insert another pair with the same id; the primary key must refuse
 * it.
 */
Outcome
probe_id_unique(Trial *trial)
{
	Bitmapset  *id = id_columns(trial->junction);
	RowRequest	again = {.wanted = trial->junction->pair};
	List	   *link;
	List	   *other;

	if (!make_trial_link(trial, &link))
		return trial_not_made(trial);
	again.given = cells_of_columns(link, id);
	if (make_row(&trial->sampler, trial->table->oid, &again, &other))
		return trial_judge_arrival(trial, again.given, 2, "the same id was inserted twice");
	return is_refused_by_key(trial, id) ? trial_refused(trial) : trial_not_made(trial);
}

/*
 * Returns the columns of the primary key that belong to no foreign key.
 */
static Bitmapset *
own_id_columns(const Trial *trial)
{
	Bitmapset  *columns = bms_copy(id_columns(trial->junction));

	foreach_ptr(ForeignKeyFacts, key, trial->table->foreign_keys)
		columns = bms_difference(columns, key_columns(key));
	return columns;
}

/*
 * Was the last row refused by the NOT NULL of one of these columns?
 */
static bool
is_refused_null(const Trial *trial, const Bitmapset *columns)
{
	foreach_ptr(ColumnFacts, column, trial->table->columns)
		if (bms_is_member(column->attnum, columns) &&
			is_refused_for_null(trial, trial->sampler.error, column))
			return true;
	return false;
}

/*
 * id_default: insert two rows without an id; each must get a new id.
 */
Outcome
probe_id_default(Trial *trial)
{
	RowRequest	request = {.left_out = own_id_columns(trial)};
	List	   *rows[2];

	if (bms_is_empty(request.left_out))
		return trial_judged(trial, SKIPPED, "every column of the primary key belongs to a foreign key");
	request.wanted = bms_union(trial->junction->pair, id_columns(trial->junction));
	for (int i = 0; i < 2; i++)
	{
		if (make_row(&trial->sampler, trial->table->oid, &request, &rows[i]))
			continue;
		if (is_refused_null(trial, request.left_out))
			return trial_judged(trial, BROKEN, "a row inserted without an id gets none");
		if (is_refused_by_key(trial, id_columns(trial->junction)))
			return trial_judged(trial, BROKEN, "the default gives an id that exists already");
		return trial_not_made(trial);
	}
	return trial_judged(trial, HELD, "each row inserted without an id got a new one");
}

/*
 * mirror_pair: insert a pair and its mirror image (b, a); the unique index over
 * (least, greatest) must refuse the second row.
 */
Outcome
probe_mirror_pair(Trial *trial)
{
	ForeignKeyFacts *left = ((Endpoint *) linitial(trial->junction->endpoints))->key;
	ForeignKeyFacts *right = ((Endpoint *) lsecond(trial->junction->endpoints))->key;
	ErrorData  *error;
	RowRequest	mirrored = {0};
	List	   *link;

	if (!make_trial_link(trial, &link))
		return trial_not_made(trial);
	for (int i = 0; i < left->nkeys; i++)
		for (int j = 0; j < right->nkeys; j++)
			if (left->parent_columns[i] == right->parent_columns[j])
			{
				mirrored.given = lappend(mirrored.given, make_cell(left->columns[i],
																   find_cell(link, right->columns[j])->value));
				if (left->columns[i] != right->columns[j])
					mirrored.given = lappend(mirrored.given, make_cell(right->columns[j],
																	   find_cell(link, left->columns[i])->value));
			}
	if (make_row(&trial->sampler, trial->table->oid, &mirrored, &link))
		return trial_judge_arrival(trial, mirrored.given, 1, "a pair and its mirror image were inserted");
	error = trial->sampler.error;
	if (error != NULL && error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION &&
		error_index(error, trial->table) == find_mirror_index(trial->junction))
		return trial_refused(trial);
	return trial_not_made(trial);
}
