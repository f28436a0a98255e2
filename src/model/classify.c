/*
 * classify.c
 *		Is a table a junction, of what kind, which are its endpoints, and which
 *		index serves each?
 *
 * A pure decision on the facts that catalog/read.c read: no catalog is asked, no
 * error is raised.  The questions are asked in this order, and the first that
 * is answered decides:
 *
 *	1. Is there a pair key, a unique index over exactly the columns of two
 *	   endpoints?  Then the table is pure, payload or entity.
 *	2. Does a key hold three or more endpoints whole?  Then it is multiway.
 *	3. Is there nothing but two endpoints?  Then it is unkeyed.
 *
 * A table where the columns of one endpoint alone are unique is none of them:
 * each of its rows belongs to one row there.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "utils/formatting.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

const char *
kind_name(JunctionKind kind)
{
	switch (kind)
	{
		case JUNCTION_NONE:
			break;
		case JUNCTION_PURE:
			return "pure";
		case JUNCTION_PAYLOAD:
			return "payload";
		case JUNCTION_ENTITY:
			return "entity";
		case JUNCTION_UNKEYED:
			return "unkeyed";
		case JUNCTION_MULTIWAY:
			return "multiway";
	}
	return "none";
}

/*
 * The foreign keys of a table as endpoints: those on the same columns are one,
 * and a key whose columns are a part of another's is its scope.  A table that
 * points at itself is a tree or a chain of versions: a junction belongs to
 * neither of the tables that it links, so that is no endpoint.
 */
static List *
find_endpoints(const TableFacts *table)
{
	List	   *all = NIL;
	List	   *endpoints = NIL;

	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
	{
		Endpoint   *endpoint;

		if (key->parent == table->oid)
			continue;
		endpoint = palloc0(sizeof(Endpoint));
		endpoint->key = key;
		endpoint->place = foreach_current_index(key);
		endpoint->columns = key_columns(key);
		all = lappend(all, endpoint);
	}

	foreach_ptr(Endpoint, endpoint, all)
	{
		bool		covered = false;

		foreach_ptr(Endpoint, other, all)
		{
			BMS_Comparison order = bms_subset_compare(endpoint->columns, other->columns);

			if (order == BMS_SUBSET1 || (order == BMS_EQUAL && other->place < endpoint->place))
				covered = true;
		}
		if (!covered)
			endpoints = lappend(endpoints, endpoint);
	}
	return endpoints;
}

/*
 * Can an index, if it is valid, look up the rows of an endpoint by equality on
 * all of its columns?
 */
static bool
could_serve(const TableFacts *table, const IndexFacts *index, const Endpoint *endpoint)
{
	ForeignKeyFacts *key = endpoint->key;
	Bitmapset  *leading = NULL;
	int			width = bms_num_members(endpoint->columns);

	if (index->nkeys < width)
		return false;
	if (index->method != BTREE_AM_OID && !(index->method == HASH_AM_OID && width == 1))
		return false;
	if (index->predicate != NULL && !bms_is_member(endpoint->place, index->implied_by))
		return false;

	for (int i = 0; i < width; i++)
	{
		int			place = 0;

		while (place < key->nkeys && key->columns[place] != index->columns[i])
			place++;
		if (place == key->nkeys ||
			!list_member_oid(key->families[place], index->families[i]) ||
			index->collations[i] != find_column(table, index->columns[i])->collation)
			return false;
		leading = bms_add_member(leading, index->columns[i]);
	}
	return bms_equal(leading, endpoint->columns);
}

/*
 * Find the index that serves each endpoint: the pair key if it does, or else
 * the oldest.  Where there is none, one that is only invalid.
 */
static void
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

			/* one that is to be unique met duplicates, and would again */
			if (!index->usable && index->unique &&
				bms_equal(index->column_set, endpoint->columns))
				continue;
			if (*found == NULL && could_serve(junction->table, index, endpoint))
				*found = index;
		}
	}
}

/*
 * The endpoints of the table that are none of the junction's.
 */
static void
find_others(Junction *junction, List *endpoints)
{
	foreach_ptr(Endpoint, endpoint, endpoints)
		if (!list_member_ptr(junction->endpoints, endpoint))
			junction->others = lappend(junction->others, endpoint);
}

/*
 * Of two keys over a pair, is the first the better?  One for every row beats a
 * partial one, the primary key beats others, and then the oldest wins.
 */
static bool
is_better_key(const IndexFacts *key, const IndexFacts *than)
{
	if (than == NULL)
		return true;
	if ((key->predicate == NULL) != (than->predicate == NULL))
		return key->predicate == NULL;
	if (key->primary != than->primary)
		return key->primary;
	return key->oid < than->oid;
}

/*
 * The place in a key of the first column that this endpoint does not share
 * with the others.
 */
static int
own_place(const IndexFacts *key, const Endpoint *endpoint, List *endpoints)
{
	for (int i = 0; i < key->nkeys; i++)
	{
		bool		shared = false;

		if (!bms_is_member(key->columns[i], endpoint->columns))
			continue;
		foreach_ptr(Endpoint, other, endpoints)
			if (other != endpoint && bms_is_member(key->columns[i], other->columns))
				shared = true;
		if (!shared)
			return i;
	}
	return key->nkeys;
}

/*
 * Put endpoints in the order in which the key names them.
 */
static List *
order_by_key(List *endpoints, const IndexFacts *key)
{
	List	   *ordered = NIL;

	for (int place = 0; place <= key->nkeys; place++)
		foreach_ptr(Endpoint, endpoint, endpoints)
			if (own_place(key, endpoint, endpoints) == place)
				ordered = lappend(ordered, endpoint);
	return ordered;
}

/*
 * 1. Find the best pair key over any two endpoints.
 */
static bool
find_pair_key(Junction *junction, List *endpoints)
{
	foreach_ptr(Endpoint, left, endpoints)
	{
		if (is_unique(junction->table, left->columns))
			continue;
		foreach_ptr(Endpoint, right, endpoints)
		{
			Bitmapset  *pair;

			if (foreach_current_index(right) <= foreach_current_index(left) ||
				is_unique(junction->table, right->columns))
				continue;
			pair = bms_union(left->columns, right->columns);
			foreach_ptr(IndexFacts, index, junction->table->indexes)
			{
				if (!is_key(index) || !bms_equal(index->column_set, pair) ||
					!is_better_key(index, junction->pair_key))
					continue;
				junction->pair_key = index;
				junction->pair = pair;
				junction->endpoints = order_by_key(list_make2(left, right), index);
			}
		}
	}
	return junction->pair_key != NULL;
}

/*
 * 2. Find a key that holds three or more endpoints whole, and one column more
 * at the most: an ordinal, or a date.
 */
static bool
find_multiway_key(Junction *junction, List *endpoints)
{
	foreach_ptr(IndexFacts, index, junction->table->indexes)
	{
		Bitmapset  *key = index->column_set;
		Bitmapset  *held = NULL;
		List	   *inside = NIL;

		if (!is_whole_key(index) ||
			!is_better_key(index, junction->pair_key))
			continue;
		foreach_ptr(Endpoint, endpoint, endpoints)
		{
			if (!bms_is_subset(endpoint->columns, key) ||
				is_unique(junction->table, endpoint->columns))
				continue;
			held = bms_union(held, endpoint->columns);
			inside = lappend(inside, endpoint);
		}
		if (list_length(inside) < 3 || bms_num_members(bms_difference(key, held)) > 1)
			continue;
		junction->pair_key = index;
		junction->pair = held;
		junction->endpoints = order_by_key(inside, index);
	}
	return junction->pair_key != NULL;
}

/*
 * 3. Are there two foreign keys, nothing beside them, and no key?
 *
 * A surrogate id makes a row a thing of its own, a copy or an event, unless
 * nothing refers to it and the name of the table says that it is a link.
 */
static bool
is_unkeyed(Junction *junction, List *endpoints)
{
	TableFacts *table = junction->table;
	Endpoint   *left;
	Endpoint   *right;
	Bitmapset  *link;

	if (list_length(endpoints) != 2)
		return false;
	left = linitial(endpoints);
	right = lsecond(endpoints);
	if (is_unique(table, left->columns) || is_unique(table, right->columns))
		return false;

	link = bms_union(left->columns, right->columns);
	if (junction->primary_key != NULL)
	{
		if (junction->primary_key->nkeys != 1 || table->referenced != NIL ||
			!name_holds_parent(table->name, left->key->parent_name) ||
			!name_holds_parent(table->name, right->key->parent_name))
			return false;
		link = bms_add_member(link, junction->primary_key->columns[0]);
	}
	foreach_ptr(IndexFacts, index, table->indexes)
		if (is_key(index) && index != junction->primary_key)
			return false;
	foreach_ptr(ColumnFacts, column, table->columns)
		if (!bms_is_member(column->attnum, link) && !is_stamp(column))
			return false;

	junction->pair = bms_union(left->columns, right->columns);
	junction->endpoints = endpoints;
	return true;
}

/*
 * The first index over columns with which a key over the two endpoints, in that
 * order, would begin, so that nothing would need the index any more; or null.
 */
IndexFacts *
index_below_key(const TableFacts *table, const Endpoint *first, const Endpoint *second)
{
	List	   *order = NIL;

	for (int i = 0; i < first->key->nkeys; i++)
		order = lappend_int(order, first->key->columns[i]);
	for (int i = 0; i < second->key->nkeys; i++)
		order = list_append_unique_int(order, second->key->columns[i]);

	foreach_ptr(IndexFacts, index, table->indexes)
	{
		int			i = 0;

		if (index->method != BTREE_AM_OID || !index->usable || index->unique ||
			index->predicate != NULL || index->ncolumns != index->nkeys)
			continue;
		while (i < index->nkeys && i < list_length(order) && index->options[i] == 0 &&
			   index->columns[i] == list_nth_int(order, i) &&
			   index->collations[i] == find_column(table, index->columns[i])->collation)
			i++;
		if (i == index->nkeys)
			return index;
	}
	return NULL;
}

/*
 * An unkeyed junction's endpoints have no order yet.  The key that it is to
 * get had better begin with the one that no index serves; or if both are
 * served, with the one whose index is still needed beside the key.
 */
static void
order_for_key(Junction *junction)
{
	Endpoint   *left = linitial(junction->endpoints);
	Endpoint   *right = lsecond(junction->endpoints);
	bool		right_leads;

	if (left->served_by != NULL && right->served_by != NULL)
		right_leads = index_below_key(junction->table, left, right) != NULL &&
			index_below_key(junction->table, right, left) == NULL;
	else
		right_leads = left->served_by != NULL;
	if (right_leads)
		junction->endpoints = list_make2(right, left);
}

static void
find_own_columns(Junction *junction)
{
	foreach_ptr(ColumnFacts, column, junction->table->columns)
		if (!bms_is_member(column->attnum, junction->pair))
			junction->own_columns = lappend(junction->own_columns, column);
}

/*
 * Judge a table.  Never null; what is no junction is of kind JUNCTION_NONE and
 * has no endpoints.
 */
Junction *
classify(TableFacts *table)
{
	Junction   *junction = palloc0(sizeof(Junction));
	List	   *endpoints = find_endpoints(table);

	junction->table = table;
	junction->primary_key = find_primary_key(table);

	if (find_pair_key(junction, endpoints))
	{
		find_own_columns(junction);
		if (junction->primary_key != NULL &&
			!bms_equal(junction->primary_key->column_set, junction->pair))
			junction->kind = JUNCTION_ENTITY;
		else
			junction->kind = junction->own_columns == NIL ? JUNCTION_PURE : JUNCTION_PAYLOAD;
	}
	else if (find_multiway_key(junction, endpoints))
	{
		find_own_columns(junction);
		junction->kind = JUNCTION_MULTIWAY;
	}
	else if (is_unkeyed(junction, endpoints))
	{
		find_own_columns(junction);
		junction->kind = JUNCTION_UNKEYED;
	}
	if (junction->kind != JUNCTION_NONE)
	{
		find_others(junction, endpoints);
		find_serving_indexes(junction);
	}
	if (junction->kind == JUNCTION_UNKEYED)
		order_for_key(junction);
	return junction;
}

/*
 * The names of those of a key's columns that are in the set, in its order and
 * once each: an index may name a column twice.
 */
static List *
names_in_key(const TableFacts *table, const AttrNumber *key, int count, const Bitmapset *columns)
{
	List	   *names = NIL;
	Bitmapset  *seen = NULL;

	for (int i = 0; i < count; i++)
	{
		if (bms_is_member(key[i], columns) && !bms_is_member(key[i], seen))
			names = lappend(names, find_column(table, key[i])->name);
		seen = bms_add_member(seen, Max(key[i], 0));
	}
	return names;
}

/*
 * The names of an endpoint's columns: in the order of the key that holds them
 * where there is one, so that a shared column leads; or else as the foreign
 * key has them.
 */
List *
endpoint_columns(const Junction *junction, const Endpoint *endpoint)
{
	const IndexFacts *key = junction->pair_key;

	if (key == NULL)
		return names_in_key(junction->table, endpoint->key->columns,
							endpoint->key->nkeys, endpoint->columns);
	return names_in_key(junction->table, key->columns, key->nkeys, endpoint->columns);
}

/*
 * The names of the pair's columns, in the order of its key, or else endpoint
 * by endpoint.
 */
List *
pair_columns(const Junction *junction)
{
	const IndexFacts *key = junction->pair_key;
	List	   *names = NIL;

	if (key != NULL)
		return names_in_key(junction->table, key->columns, key->nkeys, junction->pair);
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		foreach_ptr(char, name, endpoint_columns(junction, endpoint))
			if (!list_has_name(names, name))
				names = lappend(names, name);
	return names;
}
