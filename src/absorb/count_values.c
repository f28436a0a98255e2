/*
 * count_values.c
 *		Counts what the source's rows hold in one pass over them, with the
 *		different values in memory.
 *
 * A value's entry knows the last row that had it, so that one look-up tells
 * whether the value is new in its row, and how many rows have it.  Then one pass
 * over the parent finds which of the values it has.  To group all links by row
 * and value, as count_links.c does otherwise, takes as long as to build their key.
 *
 * The values are in as much memory as the build of an index may use.  If they do
 * not fit, or have no hash function by which equal means what the parent's unique
 * index means by it, then nothing is counted here.
 *
 * The caller acts as the source's owner.
 */
#include "postgres.h"

#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/* The pass that is under way */
typedef struct ValueCount
{
	const Absorption *absorption;
	ValueTable *values;			/* last: the last row that has the value; number:
								 * how many rows have it */
	MemoryContext row_context;	/* reset with each row */
	bool		too_many;		/* the values do not fit */

	/* of rows of one value each: the key of the row before */
	int			nkeys;
	Datum	   *key;
	bool	   *key_nulls;
	MemoryContext key_context;

	int64		row;			/* the number of the row, from 1 */
	int64		deep;			/* rows with arrays of several dimensions */
	int64		found;			/* values that the parent has */
	LinkCounts	counts;
} ValueCount;

/*
 * Counts a value of the current row.
 */
static void
count_value(ValueCount *count, Datum value, bool isnull)
{
	ValueEntry *entry;

	count->counts.elements++;
	if (isnull)
	{
		count->counts.nulls++;
		return;
	}
	entry = add_value(count->values, value);
	if (entry == NULL)
	{
		count->too_many = true;
		return;
	}
	if (entry->last == count->row)
		return;
	entry->last = count->row;
	entry->number++;
	count->counts.pairs++;
}

/*
 * Takes a row of the source: its array.
 */
static bool
take_array(TupleTableSlot *slot, void *state)
{
	ValueCount *count = state;
	MemoryContext caller = MemoryContextSwitchTo(count->row_context);
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (!isnull)
	{
		ArrayType  *array = DatumGetArrayTypeP(value);
		const TypeCacheEntry *type = count->values->type;
		Datum	   *values;
		bool	   *nulls;
		int			length;

		count->row++;
		count->deep += ARR_NDIM(array) > 1;
		deconstruct_array(array, type->type_id, type->typlen, type->typbyval, type->typalign,
						  &values, &nulls, &length);
		for (int i = 0; i < length && !count->too_many; i++)
			count_value(count, values[i], nulls[i]);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(count->row_context);
	return !count->too_many;
}

/*
 * Is the row's key, the columns of the slot behind the first, that of the row
 * before?  If it is not, it is kept.
 */
static bool
is_same_row(ValueCount *count, TupleTableSlot *slot)
{
	bool		same = count->row > 0;
	MemoryContext caller;

	slot_getallattrs(slot);
	for (int i = 0; i < count->nkeys && same; i++)
	{
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, i + 1);

		same = slot->tts_isnull[i + 1] == count->key_nulls[i] &&
			(count->key_nulls[i] ||
			 datumIsEqual(slot->tts_values[i + 1], count->key[i], att->attbyval, att->attlen));
	}
	if (same)
		return true;
	MemoryContextReset(count->key_context);
	caller = MemoryContextSwitchTo(count->key_context);
	for (int i = 0; i < count->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, i + 1);

		count->key_nulls[i] = slot->tts_isnull[i + 1];
		if (!count->key_nulls[i])
			count->key[i] = datumCopy(slot->tts_values[i + 1], att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(caller);
	return false;
}

/*
 * Takes a value and the key of its row.  All values of a row come one after the
 * other.
 */
static bool
take_value(TupleTableSlot *slot, void *state)
{
	ValueCount *count = state;
	MemoryContext caller = MemoryContextSwitchTo(count->row_context);

	if (!is_same_row(count, slot))
		count->row++;
	count_value(count, slot->tts_values[0], slot->tts_isnull[0]);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(count->row_context);
	return !count->too_many;
}

/*
 * Takes a value of the parent.  Ends when all values of the source are found.
 */
static bool
take_parent_value(TupleTableSlot *slot, void *state)
{
	ValueCount *count = state;
	MemoryContext caller = MemoryContextSwitchTo(count->row_context);
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);
	ValueEntry *entry = isnull ? NULL : find_value(count->values, value);

	if (entry != NULL && !entry->found)
	{
		entry->found = true;
		count->found++;
		count->counts.missing -= entry->number;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(count->row_context);
	return count->found < count_values_of(count->values);
}

/*
 * Are the values read as the array has them: are they of the parent's type?
 */
bool
reads_arrays(const Absorption *absorption)
{
	const MatchColumn *match = linitial(absorption->match);

	return absorption->form == SOURCE_ARRAY && !absorption->trim && !absorption->lower &&
		absorption->type == getBaseType(match->column->type);
}

/*
 * Reads the source's rows:
 *
 *	SELECT source.tag_ids FROM ONLY public.invoices AS source
 *
 * or, if a value is not read as it is,
 *
 *	SELECT link.value_1, link.left_1 FROM (...) AS link
 *
 * without parallel workers, whose rows come in between.
 */
static void
read_source(ValueCount *count)
{
	const Absorption *absorption = count->absorption;
	char	   *relation = source_relation(absorption->table);
	int			level = NewGUCNestLevel();

	(void) set_config_option("max_parallel_workers_per_gather", "0", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (reads_arrays(absorption))
		stream_rows(psprintf("SELECT source.%s FROM %s AS source",
							 quote_identifier(((ColumnFacts *) linitial(absorption->columns))->name), relation),
					take_array, count);
	else
		stream_rows(psprintf("SELECT %s, %s FROM (%s) AS link", element_columns(absorption, true),
							 element_columns(absorption, false), elements_query(absorption, relation)),
					take_value, count);
	AtEOXact_GUC(false, level);
}

/*
 * Looks which of the values the parent has.
 */
static void
read_parent(ValueCount *count)
{
	const Absorption *absorption = count->absorption;
	const MatchColumn *match = linitial(absorption->match);

	count->counts.missing = count->counts.pairs;
	if (count_values_of(count->values) > 0)
		stream_rows(psprintf("SELECT parent.%s FROM %s AS parent", quote_identifier(match->column->name),
							 source_relation(absorption->junction.right.parent.table)),
					take_parent_value, count);
}

/*
 * Sets up the pass.  Returns false if it cannot be made.
 */
static bool
begin_count(ValueCount *count, const Absorption *absorption)
{
	const MatchColumn *match = linitial(absorption->match);

	if (list_length(absorption->match) != 1)
		return false;
	count->values = make_value_table(match->column->type, match->column->collation, match->equality,
									 maintenance_work_mem * (Size) 1024);
	if (count->values == NULL)
		return false;
	count->absorption = absorption;
	count->nkeys = list_length(absorption->junction.left.parent.own);
	count->key = palloc0(sizeof(Datum) * count->nkeys);
	count->key_nulls = palloc0(sizeof(bool) * count->nkeys);
	count->row_context = AllocSetContextCreate(count->values->context, "junction row", ALLOCSET_DEFAULT_SIZES);
	count->key_context = AllocSetContextCreate(count->values->context, "junction key", ALLOCSET_SMALL_SIZES);
	return true;
}

/*
 * Sets the counts, and the number of rows whose array has several dimensions.
 * Returns false, and sets nothing, if the values cannot be counted here.
 */
bool
count_values(const Absorption *absorption, LinkCounts *counts, int64 *deep)
{
	ValueCount	count = {0};

	if (!begin_count(&count, absorption))
		return false;
	read_source(&count);
	if (!count.too_many)
		read_parent(&count);
	free_value_table(count.values);
	if (count.too_many)
		return false;
	*counts = count.counts;
	*deep = count.deep;
	return true;
}
