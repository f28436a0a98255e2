/*
 * count_splits.c
 *		Decides, by its rows, how a multiway table can be split, and writes the
 *		call of junction.split that does it.
 *
 * Two kinds of split are tried.  An end can be the actor if the other ends decide
 * the row: the key becomes theirs.  A way to take the table apart can be gone if
 * it is lossless: the join of its parts has no row that the table does not have.
 *
 * The three pairs of three ends are no tree, so that their join cannot be counted
 * without being made.  That join is not larger than the one of two of the pairs,
 * and no more work, so it is made if the smallest of these is small enough.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * The largest join that is made: some seconds' work.  A table of more than a tenth
 * of these rows may cost ten times its rows.
 */
#define MOST_JOINED			10000000
#define MOST_JOINED_PER_ROW	10

/*
 * Counts the join of a way that is no tree.  smallest: the parts of the tree with
 * the smallest join, which are joined first; least: the size of that join.  read:
 * the rows, or null.
 */
static void
count_cycle(const Junction *junction, EndRows *read, CountedWay *way, int64 rows, List *smallest, int64 least)
{
	List	   *ordered = list_copy(smallest);

	foreach_ptr(SplitPart, part, way->parts)
	{
		bool		is_there = false;

		foreach_ptr(SplitPart, other, smallest)
			if (other->left == part->left && other->right == part->right)
				is_there = true;
		if (!is_there)
			ordered = lappend(ordered, part);
	}
	if (least == rows)
		way->spurious = 0;		/* a lossless way with one part more */
	else if (least <= Max(MOST_JOINED, rows * MOST_JOINED_PER_ROW))
		way->spurious = count_joined(junction, read, ordered) - rows;
	else
		way->spurious = -1;
}

/*
 * Counts, for each way to take a multiway table apart, the rows that the join of
 * its parts has and the table has not.  Returns a list of CountedWay; rows: the
 * number of combinations of ends that the rows hold.
 */
List *
count_ways(const Junction *junction, EndRows *read, int64 rows)
{
	int64		least = PG_INT64_MAX;
	List	   *smallest = NIL;
	List	   *ways = NIL;

	foreach_ptr(List, parts, ways_apart(junction))
	{
		CountedWay *way = palloc0(sizeof(CountedWay));

		way->parts = parts;
		way->is_tree = list_length(parts) < list_length(junction->endpoints);
		if (way->is_tree)
		{
			int64		joined = count_joined(junction, read, parts);

			way->spurious = joined - rows;
			if (joined < least)
				smallest = parts;
			least = Min(least, joined);
		}
		else
			count_cycle(junction, read, way, rows, smallest, least);
		ways = lappend(ways, way);
	}
	return ways;
}

/* Returns the names of the columns of all ends but one. */
List *
columns_beside_end(const Junction *junction, const Endpoint *end)
{
	List	   *others = list_delete_ptr(list_copy(junction->endpoints), (void *) end);

	return columns_of_ends(junction, others);
}

/* Do the other ends decide the row? */
static bool
others_decide(const Junction *junction, EndRows *read, const Endpoint *end)
{
	Bitmapset  *columns = NULL;

	if (read == NULL)
		return count_duplicates(junction->table->oid, columns_beside_end(junction, end)) == 0;
	foreach_ptr(Endpoint, other, junction->endpoints)
		if (other != end)
			columns = bms_union(columns, other->columns);
	return !is_repeated(read, columns);
}

/*
 * Returns the splits that the rows of a multiway table allow.  A way that is no
 * tree counts only if no tree is lossless, for it would have one part too many.
 */
Splits *
count_splits(const Junction *junction)
{
	Splits	   *splits = palloc0(sizeof(Splits));
	EndRows    *read = read_end_rows(junction);
	bool		tree = false;

	splits->rows = count_combinations(junction, read);
	foreach_ptr(Endpoint, end, junction->endpoints)
		if (others_decide(junction, read, end))
			splits->actors = lappend(splits->actors, end);
	foreach_ptr(CountedWay, way, count_ways(junction, read, splits->rows))
	{
		if (way->is_tree && way->spurious == 0)
			tree = true;
		if (way->spurious == 0 && (way->is_tree || !tree))
			splits->ways = lappend(splits->ways, way);
	}
	return splits;
}

/* Returns the call of split that makes an end the actor. */
static char *
actor_call(const Junction *junction, const Endpoint *end)
{
	return psprintf("SELECT * FROM junction.split(%s, actor => ARRAY[%s]::pg_catalog.text[])",
					typed_literal(qualified_name(junction->table->oid), "regclass"),
					literal_list(endpoint_columns(junction, end)));
}

/* Returns the call of split that takes a table apart in this way. */
static char *
way_call(const Junction *junction, const CountedWay *way)
{
	return psprintf("SELECT * FROM junction.split(%s, into_tables => ARRAY[%s]::pg_catalog.text[])",
					typed_literal(qualified_name(junction->table->oid), "regclass"),
					literal_list(describe_parts(junction, way->parts)));
}

/*
 * Can a split by actor be made as far as the catalogs tell: does nothing depend
 * on the key that it changes?
 */
static bool
may_lose_end(const Junction *junction)
{
	const IndexFacts *key = junction->pair_key;

	return describe_index_dependents(key->oid) == NULL && key->ncolumns == key->nkeys &&
		junction->table->partition_key == NULL;
}

/*
 * Can the table be taken apart in this way as far as the catalogs tell: has no
 * column to be given to a part, and are the parts' names free?  They are taken
 * once the table has been split, and was kept.
 */
static bool
may_come_apart(const Junction *junction, const CountedWay *way)
{
	foreach_ptr(SplitPart, part, way->parts)
		if (OidIsValid(get_relname_relid(distinct_part_name(junction, way->parts, part),
										 junction->table->namespace)))
			return false;
	return junction->own_columns == NIL;
}

/*
 * Returns the call of split that the rows allow, or null if they allow none or
 * more than one, or if something in the catalogs is in its way.
 */
char *
only_split(const Junction *junction, const Splits *splits)
{
	if (list_length(splits->actors) + list_length(splits->ways) != 1)
		return NULL;
	if (splits->actors != NIL)
		return may_lose_end(junction) ? actor_call(junction, linitial(splits->actors)) : NULL;
	return may_come_apart(junction, linitial(splits->ways)) ? way_call(junction, linitial(splits->ways)) : NULL;
}

/*
 * Returns sentences that say which splits the rows allow:
 *
 *	"The rows allow these splits: (user_id) as the actor; invoice_tags(invoice_id,
 *	tag_id) and tag_users(tag_id, user_id)."
 */
char *
describe_splits(const Junction *junction, const Splits *splits)
{
	StringInfoData buf;

	if (splits->actors == NIL && splits->ways == NIL)
		return pstrdup("The rows allow no split: it is one fact with all of its ends.");
	initStringInfo(&buf);
	foreach_ptr(Endpoint, end, splits->actors)
		appendStringInfo(&buf, "%s(%s) as the actor", buf.len ? "; " : "",
						 column_list(endpoint_columns(junction, end)));
	foreach_ptr(CountedWay, way, splits->ways)
	{
		appendStringInfoString(&buf, buf.len ? "; " : "");
		foreach_ptr(char, part, describe_parts(junction, way->parts))
			appendStringInfo(&buf, "%s%s", foreach_current_index(part) ? " and " : "", part);
	}
	return psprintf("The rows allow %s: %s.",
					list_length(splits->actors) + list_length(splits->ways) == 1 ? "one split" : "these splits",
					buf.data);
}
