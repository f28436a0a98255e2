/*
 * serving_index.c
 *		Decides which index serves an endpoint: a lookup by equality on all of
 *		its columns, as a DELETE of its parent does, can use it.
 *
 * As classify.c: a pure decision on the facts that were read.
 */
#include "postgres.h"

#include "catalog/pg_am.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/*
 * Is a key column of an index one of the endpoint's, with an operator family of
 * the foreign key and the collation of the column?  place: from 0.
 */
static bool
holds_column_of(const TableFacts *table, const IndexFacts *index, int place,
				const Endpoint *endpoint)
{
	ForeignKeyFacts *key = endpoint->key;
	AttrNumber	column = index->columns[place];
	int			i = 0;

	while (i < key->nkeys && key->columns[i] != column)
		i++;
	return i < key->nkeys && list_member_oid(key->families[i], index->families[place]) &&
		index->collations[place] == find_column(table, column)->collation;
}

/*
 * Can the index look up the rows of an endpoint by equality on all of its
 * columns?  Whether the index is valid is not checked.
 *
 * It has to be a btree or GiST whose first key columns are the endpoint's, in
 * any order, or a hash on exactly its one column, with the operator families of
 * the foreign key and the collations of the columns.  A partial index has to
 * have a predicate that the lookup implies.
 */
static bool
could_serve(const TableFacts *table, const IndexFacts *index, const Endpoint *endpoint)
{
	Bitmapset  *leading = NULL;
	int			width = bms_num_members(endpoint->columns);

	if (index->nkeys < width)
		return false;
	if (index->method != BTREE_AM_OID && index->method != GIST_AM_OID &&
		!(index->method == HASH_AM_OID && width == 1))
		return false;
	if (index->predicate != NULL && !bms_is_member(endpoint->place, index->implied_by))
		return false;

	for (int i = 0; i < width; i++)
	{
		if (!holds_column_of(table, index, i, endpoint))
			return false;
		leading = bms_add_member(leading, index->columns[i]);
	}
	return bms_equal(leading, endpoint->columns);
}

/*
 * Returns the column of an index that a skip scan has to skip, to look up the
 * rows of an endpoint: invoice_id of (invoice_id, tag_id), for tag_id.  Returns
 * 0 if the index is of no use for that.
 *
 * It has to be a usable, whole btree index, in which all columns of the
 * endpoint, and one other column before the last of them, come first.
 */
AttrNumber
skipped_column(const TableFacts *table, const IndexFacts *index, const Endpoint *endpoint)
{
	AttrNumber	skipped = 0;
	Bitmapset  *held = NULL;

	if (!index->usable || index->method != BTREE_AM_OID || index->predicate != NULL)
		return 0;
	for (int i = 0; i < index->nkeys && !bms_equal(held, endpoint->columns); i++)
	{
		if (holds_column_of(table, index, i, endpoint))
			held = bms_add_member(held, index->columns[i]);
		else if (skipped == 0 && index->columns[i] > 0)
			skipped = index->columns[i];
		else
			return 0;
	}
	return bms_equal(held, endpoint->columns) ? skipped : 0;
}

/*
 * Set served_by of each endpoint: the pair key if it serves the endpoint, or
 * else the oldest index that does.  Set invalid to the oldest index that would
 * serve it if it were valid.
 */
void
find_serving_indexes(Junction *junction)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		if (junction->pair_key != NULL &&
			could_serve(junction->table, junction->pair_key, endpoint))
			endpoint->served_by = junction->pair_key;
		foreach_ptr(IndexFacts, index, junction->table->indexes)
		{
			IndexFacts **found = index->usable ? &endpoint->served_by : &endpoint->invalid;

			/* a failed unique index met duplicates: to rebuild it would fail again */
			if (!index->usable && index->unique &&
				bms_equal(index->column_set, endpoint->columns))
				continue;
			if (*found == NULL && could_serve(junction->table, index, endpoint))
				*found = index;
		}
	}
}
