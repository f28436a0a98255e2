/*
 * end_rows.c
 *		The rows of a multiway table in memory, each value of an end's column as a
 *		number, and what is counted by grouping these rows.
 *
 * Each dependency and each way to take a table apart needs the distinct values of
 * two ends or three.  Here the table is read once, and each set of columns is
 * grouped once, by sorting numbers.  Two values have the same number if they are
 * equal by the key's own operator; a null has 0.
 *
 * Rows and groups are in as much memory as a hash table of the build of an index
 * may use.  If a table needs more, read_end_rows() returns null, and its rows are
 * counted by queries (count_dependencies.c), which can spill to disk.  What it
 * returns is freed with the caller's memory context.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * What a row needs in memory beside the number of each column: a KeyedRow, and
 * two numbers in each of about five RowGroups.
 */
#define BYTES_PER_ROW	56

/* A row with the numbers of what it is grouped by */
typedef struct KeyedRow
{
	uint64		key;
	int			row;
} KeyedRow;

#define ST_SORT			sort_keyed_rows
#define ST_ELEMENT_TYPE KeyedRow
#define ST_COMPARE(a, b)	((a)->key < (b)->key ? -1 : (a)->key > (b)->key)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE		static
#define ST_DEFINE
#include "lib/sort_template.h"

/* RowGroups that were made, and what of */
typedef struct KnownGroups
{
	Bitmapset  *columns;
	bool		whole;
	RowGroups  *groups;
} KnownGroups;

struct EndRows
{
	const Junction *junction;
	MemoryContext context;
	int			ncolumns;		/* of the pair */
	AttrNumber *attnums;		/* their numbers in the table */
	ValueTable **tables;		/* of each column's values, while rows are read */
	int		  **numbers;		/* of each column: of each row, the number of its
								 * value */
	int		   *nvalues;		/* of each column: how many values it has */
	bool		has_nulls;
	bool		too_many;
	int			count;			/* of the rows */
	int			room;			/* for rows */
	Size		limit;			/* of all, in bytes */
	List	   *known;			/* of KnownGroups */
};

/*
 * Returns the memory that the rows need, with their groups.
 */
static Size
needed_memory(const EndRows *read)
{
	Size		bytes = (Size) read->room * (BYTES_PER_ROW + sizeof(int) * read->ncolumns);

	for (int i = 0; i < read->ncolumns; i++)
		bytes += value_table_size(read->tables[i]);
	return bytes;
}

/*
 * Make room for another row.  Returns false if there is none.
 */
static bool
enlarge_rows(EndRows *read)
{
	if (read->count < read->room)
		return true;
	if (read->room > PG_INT32_MAX / 2)
		return false;
	read->room *= 2;
	if (needed_memory(read) > read->limit)
		return false;
	for (int i = 0; i < read->ncolumns; i++)
		read->numbers[i] = repalloc_huge(read->numbers[i], sizeof(int) * (Size) read->room);
	return true;
}

/*
 * Takes a row of the table.
 */
static bool
take_end_row(TupleTableSlot *slot, void *state)
{
	EndRows    *read = state;

	slot_getallattrs(slot);
	if (!enlarge_rows(read))
		read->too_many = true;
	for (int i = 0; i < read->ncolumns && !read->too_many; i++)
	{
		int			number = 0;

		if (slot->tts_isnull[i])
			read->has_nulls = true;
		else
		{
			ValueEntry *entry = add_value(read->tables[i], slot->tts_values[i]);

			if (entry == NULL)
			{
				read->too_many = true;
				break;
			}
			if (entry->number == 0)
				entry->number = count_values_of(read->tables[i]);
			number = entry->number;
		}
		read->numbers[i][read->count] = number;
	}
	read->count++;
	return !read->too_many;
}

/*
 * Sets up the columns.  Returns false if the values of one cannot be hashed as the
 * key compares them.
 */
static bool
begin_rows(EndRows *read)
{
	const Junction *junction = read->junction;
	int			attnum = -1;

	read->room = 1024;
	read->limit = (Size) (maintenance_work_mem * 1024.0 * hash_mem_multiplier);
	read->attnums = palloc(sizeof(AttrNumber) * bms_num_members(junction->pair));
	read->tables = palloc(sizeof(ValueTable *) * bms_num_members(junction->pair));
	read->numbers = palloc(sizeof(int *) * bms_num_members(junction->pair));
	read->nvalues = palloc(sizeof(int) * bms_num_members(junction->pair));
	while ((attnum = bms_next_member(junction->pair, attnum)) >= 0)
	{
		const ColumnFacts *column = find_column(junction->table, attnum);
		ValueTable *table = make_value_table(column->type, column->collation,
											 key_equality(junction, attnum), read->limit / 2);

		if (table == NULL)
			return false;
		read->attnums[read->ncolumns] = attnum;
		read->tables[read->ncolumns] = table;
		read->numbers[read->ncolumns] = palloc(sizeof(int) * read->room);
		read->ncolumns++;
	}
	return true;
}

/*
 * Read all rows, as the table's owner.
 *
 *	SELECT link.invoice_id, link.tag_id, link.user_id FROM ONLY public.taggings AS link
 */
static void
read_rows(EndRows *read)
{
	const TableFacts *table = read->junction->table;
	StringInfoData query;
	OwnerRole	role;

	initStringInfo(&query);
	for (int i = 0; i < read->ncolumns; i++)
		appendStringInfo(&query, "%s link.%s", i > 0 ? "," : "SELECT",
						 quote_identifier(find_column(table, read->attnums[i])->name));
	become_owner(&role, table->oid);
	appendStringInfo(&query, " FROM %s%s AS link", table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
					 qualified_name(table->oid));
	stream_rows(query.data, take_end_row, read);
	become_caller(&role);
}

/*
 * Returns the rows of a multiway table, or null if they do not fit into memory or
 * have values that cannot be hashed.  The caller has locked the table, and has
 * called may_read_all() or check_reads_all().
 */
EndRows *
read_end_rows(const Junction *junction)
{
	EndRows    *read = palloc0(sizeof(EndRows));
	MemoryContext caller;

	read->junction = junction;
	read->context = AllocSetContextCreate(CurrentMemoryContext, "junction rows", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(read->context);
	read->too_many = !begin_rows(read);
	if (!read->too_many)
		read_rows(read);
	for (int i = 0; i < read->ncolumns; i++)
	{
		read->nvalues[i] = count_values_of(read->tables[i]);
		free_value_table(read->tables[i]);
	}
	MemoryContextSwitchTo(caller);
	if (!read->too_many)
		return read;
	MemoryContextDelete(read->context);
	pfree(read);
	return NULL;
}

/* Does the row have a null in an end? */
static bool
lacks_end(const EndRows *read, int row)
{
	for (int i = 0; i < read->ncolumns; i++)
		if (read->numbers[i][row] == 0)
			return true;
	return false;
}

/*
 * Splits groups by the values of another column.  *of_row: the number of each
 * row's group, from 1, or 0.  Returns how many groups there are.
 */
static int
split_groups(const EndRows *read, int *of_row, const int *numbers)
{
	KeyedRow   *rows = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(KeyedRow) * (Size) (read->count + 1));
	int			n = 0;
	int			groups = 0;

	for (int row = 0; row < read->count; row++)
	{
		if (of_row[row] != 0 && numbers[row] != 0)
		{
			rows[n].key = (uint64) of_row[row] << 32 | (uint32) numbers[row];
			rows[n++].row = row;
		}
		of_row[row] = 0;
	}
	sort_keyed_rows(rows, n);
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || rows[i].key != rows[i - 1].key)
			groups++;
		of_row[rows[i].row] = groups;
	}
	pfree(rows);
	return groups;
}

/*
 * Makes the groups of rows with the same values in some columns.
 */
static RowGroups *
make_groups(const EndRows *read, const Bitmapset *columns, bool whole)
{
	RowGroups  *groups = palloc0(sizeof(RowGroups));
	Size		size = sizeof(int) * ((Size) read->count + 1);
	bool		first = true;

	groups->of_row = MemoryContextAllocHuge(CurrentMemoryContext, size);
	for (int row = 0; row < read->count; row++)
		groups->of_row[row] = !whole || !lacks_end(read, row);
	groups->count = read->count > 0 ? 1 : 0;
	for (int i = 0; i < read->ncolumns; i++)
	{
		if (!bms_is_member(read->attnums[i], columns))
			continue;
		if (first && !whole)
		{
			/* its values have numbers already */
			memcpy(groups->of_row, read->numbers[i], sizeof(int) * (Size) read->count);
			groups->count = read->nvalues[i];
		}
		else
			groups->count = split_groups(read, groups->of_row, read->numbers[i]);
		first = false;
	}
	groups->first_row = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int) * ((Size) groups->count + 1));
	for (int row = read->count - 1; row >= 0; row--)
		groups->first_row[groups->of_row[row]] = row;
	return groups;
}

/*
 * Returns the groups of rows with the same values in some columns.  Rows with a
 * null in one of them are left out; whole: those with a null in any end, too.  If
 * there are no columns, all rows are one group.
 */
RowGroups *
group_rows(EndRows *read, const Bitmapset *columns, bool whole)
{
	MemoryContext caller;
	KnownGroups *known;

	whole &= read->has_nulls;
	foreach_ptr(KnownGroups, old, read->known)
		if (old->whole == whole && bms_equal(old->columns, columns))
			return old->groups;
	caller = MemoryContextSwitchTo(read->context);
	known = palloc(sizeof(KnownGroups));
	known->columns = bms_copy(columns);
	known->whole = whole;
	known->groups = make_groups(read, columns, whole);
	read->known = lappend(read->known, known);
	MemoryContextSwitchTo(caller);
	return known->groups;
}

/*
 * Frees groups, unless they are few.  A caller of group_rows() calls it when it
 * needs its groups no more: three ends have three pairs, which are asked for again,
 * but five ends have many.
 */
void
free_groups(EndRows *read)
{
	if (list_length(read->known) < 8)
		return;
	foreach_ptr(KnownGroups, known, read->known)
	{
		pfree(known->groups->of_row);
		pfree(known->groups->first_row);
		pfree(known->groups);
	}
	list_free_deep(read->known);
	read->known = NIL;
}

/*
 * As count_exceptions().
 */
void
count_read_exceptions(EndRows *read, const Bitmapset *determinant, const Bitmapset *dependent,
					  int64 *exceptions, int64 *rows)
{
	RowGroups  *values = group_rows(read, determinant, false);
	RowGroups  *pairs = group_rows(read, bms_union(determinant, dependent), false);
	int		   *pairs_of = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(int) * ((Size) values->count + 1),
													  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	*exceptions = 0;
	*rows = 0;
	for (int pair = 1; pair <= pairs->count; pair++)
		if (++pairs_of[values->of_row[pairs->first_row[pair]]] == 2)
			(*exceptions)++;
	for (int row = 0; row < read->count; row++)
		*rows += pairs->of_row[row] != 0;
	pfree(pairs_of);
	free_groups(read);
}

/*
 * As count_combinations().
 */
int64
count_read_combinations(EndRows *read)
{
	int64		count = group_rows(read, read->junction->pair, true)->count;

	free_groups(read);
	return count;
}

/*
 * Do several rows have the same values in some columns?
 */
bool
is_repeated(EndRows *read, const Bitmapset *columns)
{
	RowGroups  *groups = group_rows(read, columns, false);
	int			rows = 0;
	bool		repeated;

	for (int row = 0; row < read->count; row++)
		rows += groups->of_row[row] != 0;
	repeated = rows > groups->count;
	free_groups(read);
	return repeated;
}
