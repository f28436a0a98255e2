/*
 * end_joins.c
 *		Counts the rows of the natural join of a multiway table's parts, by its rows
 *		in memory (end_rows.c).
 *
 * The parts of a tree are not joined.  From the leaves on, each part tells its
 * parent how many rows it has, with all below it, for each value of the columns
 * that both have.  For the three pairs of three ends, which are no tree, the first
 * two are joined, and each row is looked up in the third.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/* a + b and a * b of counts: not more than the largest */
static int64
add_counts(int64 a, int64 b)
{
	int64		sum;

	return pg_add_s64_overflow(a, b, &sum) ? PG_INT64_MAX : sum;
}

static int64
multiply_counts(int64 a, int64 b)
{
	int64		product;

	return pg_mul_s64_overflow(a, b, &product) ? PG_INT64_MAX : product;
}

/* An array with a place for each group, from 1, all zero */
static void *
make_per_group(const RowGroups *groups, Size size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, size * ((Size) groups->count + 2),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*
 * Returns, for each value of the columns that a part shares with its parent (the
 * groups of its separator), the number of rows of its join with all below it.
 */
static int64 *
rows_below(EndRows *read, const JoinTree *tree, int place)
{
	RowGroups  *part = group_rows(read, tree->columns[place], true);
	RowGroups  *shared = group_rows(read, tree->separator[place], true);
	int64	   *rows = make_per_group(part, sizeof(int64));
	int64	   *result = make_per_group(shared, sizeof(int64));

	for (int group = 1; group <= part->count; group++)
		rows[group] = 1;
	for (int i = 0; i < tree->count; i++)
		if (tree->parent[i] == place)
		{
			RowGroups  *separator = group_rows(read, tree->separator[i], true);
			int64	   *below = rows_below(read, tree, i);

			for (int group = 1; group <= part->count; group++)
				rows[group] = multiply_counts(rows[group],
											  below[separator->of_row[part->first_row[group]]]);
			pfree(below);
		}
	for (int group = 1; group <= part->count; group++)
	{
		int			value = shared->of_row[part->first_row[group]];

		result[value] = add_counts(result[value], rows[group]);
	}
	pfree(rows);
	return result;
}

/* The groups of one part, in lists by their values in some columns */
typedef struct PartLists
{
	RowGroups  *part;
	RowGroups  *values;
	int		   *start;			/* of each value: the place of its list; its end is
								 * where the next begins */
	int		   *groups;			/* all lists */
} PartLists;

/*
 * Makes lists of a part's groups, by their values in some of its columns.
 */
static void
make_lists(PartLists *lists, EndRows *read, const Bitmapset *part, const Bitmapset *columns)
{
	int		   *next;

	lists->part = group_rows(read, part, true);
	lists->values = group_rows(read, columns, true);
	lists->start = make_per_group(lists->values, sizeof(int));
	lists->groups = make_per_group(lists->part, sizeof(int));
	for (int group = 1; group <= lists->part->count; group++)
		lists->start[lists->values->of_row[lists->part->first_row[group]] + 1]++;
	for (int value = 1; value <= lists->values->count + 1; value++)
		lists->start[value] += lists->start[value - 1];
	next = make_per_group(lists->values, sizeof(int));
	memcpy(next, lists->start, sizeof(int) * ((Size) lists->values->count + 2));
	for (int group = 1; group <= lists->part->count; group++)
		lists->groups[next[lists->values->of_row[lists->part->first_row[group]]]++] = group;
	pfree(next);
}

/*
 * Returns the number of rows of the join of three pairs of three ends.  For each
 * value of the end that the first two share, and each of its rows in the first:
 * those of the second whose other end is marked, as it is in a row of the third
 * with the first's other end.
 */
static int64
count_three_pairs(EndRows *read, Bitmapset **parts)
{
	Bitmapset  *shared = bms_intersect(parts[0], parts[1]);
	Bitmapset  *left = bms_intersect(parts[2], parts[0]);
	Bitmapset  *right = bms_difference(bms_intersect(parts[2], parts[1]), parts[0]);
	PartLists	first;
	PartLists	second;
	PartLists	third;
	RowGroups  *ends = group_rows(read, right, true);
	int		   *marked;
	int64		count = 0;

	make_lists(&first, read, parts[0], left);
	make_lists(&second, read, parts[1], shared);
	make_lists(&third, read, parts[2], left);
	marked = make_per_group(ends, sizeof(int));
	/* a value of the first's other end, and what the third has with it */
	for (int value = 1; value <= first.values->count; value++)
	{
		for (int i = third.start[value]; i < third.start[value + 1]; i++)
			marked[ends->of_row[third.part->first_row[third.groups[i]]]] = value;
		for (int i = first.start[value]; i < first.start[value + 1]; i++)
		{
			int			link = second.values->of_row[first.part->first_row[first.groups[i]]];

			CHECK_FOR_INTERRUPTS();
			for (int j = second.start[link]; j < second.start[link + 1]; j++)
				count += marked[ends->of_row[second.part->first_row[second.groups[j]]]] == value;
		}
	}
	return count;
}

/*
 * Sets *count to the number of rows that the natural join of the parts has, or the
 * largest bigint if it has more.  Returns false if they are neither a tree nor the
 * three pairs of three ends.
 */
bool
count_read_join(EndRows *read, const JoinTree *tree, int64 *count)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "junction join", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool		counted = true;

	if (is_join_tree(tree))
		*count = rows_below(read, tree, 0)[1];
	else if (tree->count == 3 &&
			 bms_is_subset(tree->columns[2], bms_union(tree->columns[0], tree->columns[1])))
		*count = count_three_pairs(read, tree->columns);
	else
		counted = false;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	free_groups(read);
	return counted;
}
