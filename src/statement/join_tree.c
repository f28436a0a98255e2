/*
 * join_tree.c
 *		A tree of the parts of a multiway table, by which their natural join is
 *		counted without being made: each part is joined with its parent alone.
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Sets the parents and the separators of a tree: each part in turn that shares
 * the most columns with one that is in the tree already.
 */
static void
grow_tree(JoinTree *tree)
{
	for (int i = 0; i < tree->count; i++)
		tree->parent[i] = i == 0 ? -1 : -2;
	for (int added = 1; added < tree->count; added++)
	{
		int			best = -1;
		int			child = 0;
		int			parent = 0;

		for (int i = 0; i < tree->count; i++)
			for (int j = 0; j < tree->count; j++)
			{
				int			shared;

				if (tree->parent[i] != -2 || tree->parent[j] == -2)
					continue;
				shared = bms_num_members(bms_intersect(tree->columns[i], tree->columns[j]));
				if (shared <= best)
					continue;
				best = shared;
				child = i;
				parent = j;
			}
		tree->parent[child] = parent;
		tree->separator[child] = bms_intersect(tree->columns[child], tree->columns[parent]);
	}
}

/*
 * Is it enough to join each part with its parent?  It is if the parts that have
 * a column hang together in the tree, for each column.
 */
bool
is_join_tree(const JoinTree *tree)
{
	int			attnum = -1;

	while ((attnum = bms_next_member(tree->junction->pair, attnum)) >= 0)
	{
		int			parts = 0;
		int			links = 0;

		for (int i = 0; i < tree->count; i++)
		{
			parts += bms_is_member(attnum, tree->columns[i]);
			links += bms_is_member(attnum, tree->separator[i]);
		}
		if (parts - links != 1)
			return false;
	}
	return true;
}

/*
 * Makes the tree of parts (a list of SplitPart).  If is_join_tree() is false, it is
 * none.
 */
void
make_join_tree(JoinTree *tree, const Junction *junction, List *parts)
{
	tree->junction = junction;
	tree->count = list_length(parts);
	tree->columns = palloc0(sizeof(Bitmapset *) * tree->count);
	tree->parent = palloc0(sizeof(int) * tree->count);
	tree->separator = palloc0(sizeof(Bitmapset *) * tree->count);
	foreach_ptr(SplitPart, part, parts)
		tree->columns[foreach_current_index(part)] = bms_union(part->left->columns, part->right->columns);
	grow_tree(tree);
}
