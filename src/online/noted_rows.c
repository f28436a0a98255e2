/*
 * noted_rows.c
 *		The rows of a range of blocks that are to be changed, by their ctids, in
 *		slices.
 *
 * A batch changes a slice.  If it looked for its rows itself, each slice would read
 * the whole range: so the range is read once.  A row that another session changes
 * after it was noted is changed in its new version, or left for the next pass, as
 * the server's version has it.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relation.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/*
 * A TakeRow: notes a row.  Rows that are neighbours in a page are of different
 * slices.  state: the NotedRows.
 */
static bool
note_row(TupleTableSlot *slot, void *state)
{
	NotedRows  *noted = state;
	bool		isnull;
	ItemPointer row = (ItemPointer) DatumGetPointer(slot_getattr(slot, 1, &isnull));
	NotedSlice *slice = &noted->slice[ItemPointerGetOffsetNumber(row) % noted->slices];

	if (slice->size == 0)
	{
		slice->size = 256;		/* a start; it doubles */
		slice->rows = MemoryContextAlloc(noted->context, slice->size * sizeof(ItemPointerData));
	}
	else if (slice->count == slice->size)
	{
		slice->size *= 2;
		slice->rows = repalloc(slice->rows, slice->size * sizeof(ItemPointerData));
	}
	slice->rows[slice->count++] = *row;
	return true;
}

/*
 * Note the rows of a range, of the blocks from to to - 1, that are to be changed,
 * in so many slices, and forget those before.  Reads them as the table's owner, in a transaction of its
 * own.
 *
 *	SELECT ctid FROM ONLY public.user_orgs WHERE id IS NULL
 *		AND ctid >= '(0,0)' AND ctid < '(50,0)'
 */
void
note_rows(const BatchedWork *work, NotedRows *noted, int slices, BlockNumber from, BlockNumber to)
{
	Oid			relid = work->run->relid;
	OwnerRole	role;
	char	   *schema;
	char	   *query;

	MemoryContextReset(noted->context);
	memset(noted->slice, 0, sizeof(noted->slice));
	noted->slices = slices;
	begin_work_on(work->run, AccessShareLock);
	schema = schema_name(relid);
	query = psprintf("%s AND ctid OPERATOR(pg_catalog.>=) '(%u,0)'::pg_catalog.tid"
					 " AND ctid OPERATOR(pg_catalog.<) '(%u,0)'::pg_catalog.tid",
					 work->rest_query(work), from, to);
	become_owner(&role, relid);
	stream_rows(query, note_row, noted);
	become_caller(&role);
	check_schema_name(relid, schema);
	end_work();
}

/* Returns the rows of a slice as a tid[]. */
Datum
noted_array(const NotedSlice *slice)
{
	Datum	   *rows = palloc(slice->count * sizeof(Datum));

	for (int i = 0; i < slice->count; i++)
		rows[i] = PointerGetDatum(&slice->rows[i]);
	return PointerGetDatum(construct_array(rows, slice->count, TIDOID, sizeof(ItemPointerData), false,
										   TYPALIGN_SHORT));
}

/*
 * Remove old versions of rows, which earlier batches have left, from the pages of
 * a slice, so that its rows have room there.  A scan does that for each page that it
 * reads, but the fetch of a row by its ctid does not.  Only a heap has such pages.
 * The table must be locked.
 */
void
make_room(Oid relid, const NotedSlice *slice)
{
	Relation	rel = relation_open(relid, NoLock);
	BlockNumber blocks = rel->rd_tableam == GetHeapamTableAmRoutine() ? RelationGetNumberOfBlocks(rel) : 0;
	BlockNumber last = InvalidBlockNumber;

	/* what is old enough depends on a snapshot */
	PushActiveSnapshot(GetTransactionSnapshot());
	for (int i = 0; i < slice->count; i++)
	{
		BlockNumber block = ItemPointerGetBlockNumber(&slice->rows[i]);

		if (block != last && block < blocks)
		{
			Buffer		buffer = ReadBuffer(rel, block);

			prune_heap_page(rel, buffer);
			ReleaseBuffer(buffer);
		}
		last = block;
	}
	PopActiveSnapshot();
	relation_close(rel, NoLock);
}
