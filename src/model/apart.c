/*
 * apart.c
 *		The ways to take a multiway table apart into junctions of two ends each.
 *
 * A way is a set of parts, each over two ends, which together have all ends.
 * It is lossless if the natural join of the parts' rows is the table's rows
 * again; whether it is, only the rows can tell (statement/count_splits.c).
 *
 * The ways are the trees over the ends, for these are joined end by end, and a
 * lossless way with more parts than a tree would store links twice.  Three ends
 * have three trees, four have sixteen.  From five ends on, the trees are too
 * many to be listed: only those are, in which one end is in every part.  Three
 * ends have one more way, the three pairs: these can be lossless together where
 * no two of them are.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* From how many ends on only the trees around one end are ways */
#define MANY_ENDS	5

/* Returns the part over two ends, by their places: the first one is on the left. */
static SplitPart *
make_part(const Junction *junction, int first, int second)
{
	SplitPart  *part = palloc(sizeof(SplitPart));

	part->left = list_nth(junction->endpoints, Min(first, second));
	part->right = list_nth(junction->endpoints, Max(first, second));
	return part;
}

/*
 * Returns the tree of a Pruefer sequence: each sequence of count - 2 numbers
 * below count stands for another tree of count ends, and each tree has one.  In
 * turn, the first end that is the leaf of no number to come is joined to the
 * next number.
 */
static List *
tree_of_sequence(const Junction *junction, const int *sequence, int count)
{
	List	   *parts = NIL;
	int		   *degree = palloc(sizeof(int) * count);
	int			last[2] = {0};
	int			left = 0;

	for (int i = 0; i < count; i++)
		degree[i] = 1;
	for (int i = 0; i < count - 2; i++)
		degree[sequence[i]]++;
	for (int i = 0; i < count - 2; i++)
	{
		int			leaf = 0;

		while (degree[leaf] != 1)
			leaf++;
		parts = lappend(parts, make_part(junction, leaf, sequence[i]));
		degree[leaf]--;
		degree[sequence[i]]--;
	}
	for (int i = 0; i < count; i++)
		if (degree[i] == 1)
			last[left++] = i;
	return lappend(parts, make_part(junction, last[0], last[1]));
}

/*
 * Sets the sequence to the one after it, as the digits of a number.  Returns
 * false behind the last one.
 */
static bool
next_sequence(int *sequence, int count)
{
	for (int i = count - 3; i >= 0; i--)
	{
		if (++sequence[i] < count)
			return true;
		sequence[i] = 0;
	}
	return false;
}

/*
 * Returns the ways to take a multiway table apart: a list of lists of SplitPart.
 */
List *
ways_apart(const Junction *junction)
{
	int			count = list_length(junction->endpoints);
	int		   *sequence = palloc0(sizeof(int) * count);
	List	   *ways = NIL;

	if (count < MANY_ENDS)
		do
			ways = lappend(ways, tree_of_sequence(junction, sequence, count));
		while (next_sequence(sequence, count));
	else
		for (int center = 0; center < count; center++)
		{
			for (int i = 0; i < count - 2; i++)
				sequence[i] = center;
			ways = lappend(ways, tree_of_sequence(junction, sequence, count));
		}
	if (count == 3)
		ways = lappend(ways, list_make3(make_part(junction, 0, 1), make_part(junction, 0, 2),
										make_part(junction, 1, 2)));
	return ways;
}

/*
 * Returns the names of the columns of some ends of a multiway table, in the
 * order of its key: a new list.
 */
List *
columns_of_ends(const Junction *junction, List *ends)
{
	List	   *names = NIL;

	foreach_ptr(char, name, pair_columns(junction))
		foreach_ptr(Endpoint, end, ends)
			if (list_has_name(endpoint_columns(junction, end), name) && !list_has_name(names, name))
				names = lappend(names, name);
	return names;
}

/* Returns the names of the columns of a part, its left end's first. */
List *
part_columns(const Junction *junction, const SplitPart *part)
{
	List	   *names = list_copy(endpoint_columns(junction, part->left));

	foreach_ptr(char, name, endpoint_columns(junction, part->right))
		if (!list_has_name(names, name))
			names = lappend(names, name);
	return names;
}

/*
 * Returns the name that a part has by convention: that of a junction of its two
 * parents.
 */
char *
part_name(const SplitPart *part)
{
	return junction_table_name(part->left->key->parent_name, part->right->key->parent_name);
}

/* How many parts of a way have this name by convention? */
static int
count_name(List *parts, const char *name)
{
	int			count = 0;

	foreach_ptr(SplitPart, part, parts)
		if (strcmp(part_name(part), name) == 0)
			count++;
	return count;
}

/*
 * Returns the name that a part of a way is given: by convention, but where two
 * parts would have the same, as two ends of the table link to the same parent,
 * after the table and the part's columns.
 */
char *
distinct_part_name(const Junction *junction, List *parts, const SplitPart *part)
{
	char	   *name = part_name(part);

	return count_name(parts, name) == 1 ? name :
		makeObjectName(junction->table->name, join_names(part_columns(junction, part)), NULL);
}

/*
 * Returns the parts of a way as junction.split takes them in into_tables: a list
 * of "invoice_tags(invoice_id, tag_id)".
 */
List *
describe_parts(const Junction *junction, List *parts)
{
	List	   *result = NIL;

	foreach_ptr(SplitPart, part, parts)
		result = lappend(result, psprintf("%s(%s)", quote_identifier(distinct_part_name(junction, parts, part)),
										  column_list(part_columns(junction, part))));
	return result;
}
