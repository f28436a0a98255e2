/*
 * classify.c
 *		Decides whether a table is a junction, of which kind, which foreign
 *		keys are its endpoints, and which index serves each.
 *
 * A pure decision on the facts that catalog/read.c read: it asks no catalog
 * and raises no error.  The questions are asked in this order, and the first
 * that is answered with yes decides:
 *
 *	1. Is there a pair key, a unique index over exactly the columns of two
 *	   endpoints?  Then the table is pure, payload or entity.
 *	2. Is there a temporal key, by which a pair may come back, but not twice at
 *	   the same time?  Then it is temporal.
 *	3. Does a key hold all columns of three or more endpoints?  Then it is
 *	   multiway.
 *	4. Is there nothing but two endpoints?  Then it is unkeyed.
 *	5. Does its comment declare it to be a junction, and are there two
 *	   endpoints?  Then it is unkeyed too.
 *
 * An endpoint whose columns alone are unique makes no junction: each row of its
 * parent has at most one row here.
 */
#include "postgres.h"

#include "catalog/pg_am.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* Returns the name of a kind, as junction.junctions shows it. */
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
		case JUNCTION_TEMPORAL:
			return "temporal";
		case JUNCTION_UNKEYED:
			return "unkeyed";
		case JUNCTION_MULTIWAY:
			return "multiway";
	}
	return "none";
}

/*
 * Returns the endpoints of a table.  Each foreign key is one, except:
 *
 *	- of several on the same columns, all but the oldest;
 *	- one whose columns are a proper subset of another's: it is scope;
 *	- one that references its own table: it makes a tree or a chain of
 *	  versions, whereas a junction is none of the tables that it links.
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
 * Set others of a junction: the endpoints of the table that are not its own.
 */
static void
find_others(Junction *junction, List *endpoints)
{
	foreach_ptr(Endpoint, endpoint, endpoints)
		if (!list_member_ptr(junction->endpoints, endpoint))
			junction->others = lappend(junction->others, endpoint);
}

/*
 * Is the first key a better pair key than the second, which can be null?  A
 * whole key is better than a partial one, then the primary key than others,
 * then the older one.
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
 * Returns the place in a key of the first column that belongs to this endpoint
 * and to no other; the number of key columns if there is none.
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
 * Returns the endpoints in the order in which the key names their own columns.
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
 * Does the index enforce that the pair is there once: ever, or if temporal at any
 * one time?
 */
static bool
holds_pair(const IndexFacts *index, const Bitmapset *pair, bool temporal)
{
	if (temporal)
		return is_temporal_key(index) && bms_equal(compared_columns(index, EXCLUDE_EQUAL), pair);
	return is_key(index) && bms_equal(index->column_set, pair);
}

/*
 * Questions 1 and 2: find the best pair key, or temporal key, over any two
 * endpoints, and set the pair and the endpoints of the junction.
 */
static bool
find_pair_key(Junction *junction, List *endpoints, bool temporal)
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
				if (!holds_pair(index, pair, temporal) ||
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
 * Question 3: find the best whole key that holds all columns of three or more
 * endpoints and at most one other column, such as an ordinal, a date, or the
 * period of a temporal key.
 */
static bool
find_multiway_key(Junction *junction, List *endpoints)
{
	foreach_ptr(IndexFacts, index, junction->table->indexes)
	{
		bool		temporal = is_temporal_key(index);
		Bitmapset  *key = temporal ? compared_columns(index, EXCLUDE_EQUAL) : index->column_set;
		Bitmapset  *held = NULL;
		List	   *inside = NIL;

		if (!(is_whole_key(index) || (temporal && index->predicate == NULL)) ||
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
 * Question 4: are there two endpoints, no other column but stamps, and no key?
 *
 * With a surrogate id the table is unkeyed only if nothing references it and
 * its name holds both ends (link_name.c).  Otherwise each row is an object of
 * its own, such as a copy or an event.
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
		if (junction->primary_key->nkeys != 1 || table->referenced != NIL)
			return false;
		link = bms_add_member(link, junction->primary_key->columns[0]);
	}
	foreach_ptr(IndexFacts, index, table->indexes)
		if (is_key(index) && index != junction->primary_key)
			return false;
	foreach_ptr(ColumnFacts, column, table->columns)
		if (!bms_is_member(column->attnum, link) && !is_stamp(column))
			return false;
	/* last, as it takes the most time */
	if (junction->primary_key != NULL && !name_holds_ends(table, left->key, right->key))
		return false;

	junction->pair = bms_union(left->columns, right->columns);
	junction->endpoints = endpoints;
	return true;
}

/*
 * Does an endpoint stand for the user who made or changed the row, by the name
 * of its only column?
 */
bool
is_actor(const Endpoint *endpoint, const TableFacts *table)
{
	return endpoint->key->nkeys == 1 &&
		is_actor_name(find_column(table, endpoint->key->columns[0])->name);
}

/* Does an endpoint stand for the tenant, by the name of its only column? */
static bool
is_tenant(const Endpoint *endpoint, const TableFacts *table)
{
	static const char *const names[] = {"tenant", "tenantid", "tenantuuid"};
	char	   *name;

	if (endpoint->key->nkeys != 1)
		return false;
	name = squash_name(find_column(table, endpoint->key->columns[0])->name);
	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/*
 * Question 5: which two endpoints does a table link that is declared to be a
 * junction?  If it has more than two, those that stand for an actor or for the
 * tenant are no ends.  The question has no answer if there are not two then, or
 * if one of the two is unique by itself.
 */
static bool
find_declared_ends(Junction *junction, List *endpoints)
{
	const TableFacts *table = junction->table;
	List	   *ends = NIL;
	Bitmapset  *pair = NULL;

	foreach_ptr(Endpoint, endpoint, endpoints)
		if (list_length(endpoints) == 2 ||
			!(is_actor(endpoint, table) || is_tenant(endpoint, table)))
			ends = lappend(ends, endpoint);
	if (list_length(ends) != 2)
		return false;
	foreach_ptr(Endpoint, end, ends)
	{
		if (is_unique(table, end->columns))
			return false;
		pair = bms_union(pair, end->columns);
	}
	junction->pair = pair;
	junction->endpoints = ends;
	return true;
}

/*
 * Returns the first plain btree index whose columns are the first columns of a
 * key over the two endpoints in this order, or null.  With the key this index
 * is redundant.
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
 * Order the endpoints of an unkeyed junction, for the key that it lacks.  The
 * key should begin with the endpoint that no index serves.  If both are served,
 * it should begin with one where it makes no index redundant, as no statement
 * adds the key and drops an index.
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

/* Set own_columns of a junction: those that are not of the pair. */
static void
find_own_columns(Junction *junction)
{
	foreach_ptr(ColumnFacts, column, junction->table->columns)
		if (!bms_is_member(column->attnum, junction->pair))
			junction->own_columns = lappend(junction->own_columns, column);
}

/*
 * Classify a table.  Never null: if the table is not a junction, the result is
 * of the kind JUNCTION_NONE and has no endpoints.
 */
Junction *
classify(TableFacts *table)
{
	Junction   *junction = palloc0(sizeof(Junction));
	List	   *endpoints = find_endpoints(table);

	junction->table = table;
	junction->primary_key = find_primary_key(table);
	junction->candidates = endpoints;

	if (find_pair_key(junction, endpoints, false))
	{
		find_own_columns(junction);
		if (junction->primary_key != NULL &&
			!bms_equal(junction->primary_key->column_set, junction->pair))
			junction->kind = JUNCTION_ENTITY;
		else
			junction->kind = junction->own_columns == NIL ? JUNCTION_PURE : JUNCTION_PAYLOAD;
	}
	else if (find_pair_key(junction, endpoints, true))
	{
		find_own_columns(junction);
		junction->kind = JUNCTION_TEMPORAL;
	}
	else if (find_multiway_key(junction, endpoints))
	{
		find_own_columns(junction);
		junction->kind = JUNCTION_MULTIWAY;
	}
	else if (is_unkeyed(junction, endpoints) ||
			 (table->declared && find_declared_ends(junction, endpoints)))
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
 * Classify a table that is not a junction as if its comment declared it to be
 * one.  Returns null if that would make no difference.  The table of the result
 * is a copy.
 */
Junction *
classify_as_link(const TableFacts *table)
{
	TableFacts *declared = palloc(sizeof(TableFacts));
	Junction   *link;

	*declared = *table;
	declared->declared = true;
	link = classify(declared);
	return link->kind == JUNCTION_NONE ? NULL : link;
}

/*
 * Returns the names of those columns of a key that are in the set, in the
 * order of the key.  An index can name a column twice; its name is returned
 * once.
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
 * Returns the names of an endpoint's columns: in the order of the pair key if
 * there is one, so that a shared column comes first, or else in that of the
 * foreign key.
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
 * Returns the names of the pair's columns: in the order of the pair key if
 * there is one, or else endpoint by endpoint.
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
