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

/* A value */
typedef struct ValueEntry
{
	Datum		value;
	int64		row;			/* the last row that has it */
	int64		rows;			/* how many rows have it */
	uint32		hash;
	char		status;			/* of simplehash */
	bool		found;			/* in the parent */
} ValueEntry;

struct value_hash;

/* The pass that is under way */
typedef struct ValueCount
{
	const Absorption *absorption;
	TypeCacheEntry *type;		/* of the values */
	Oid			collation;
	struct value_hash *values;
	MemoryContext context;		/* of the values */
	MemoryContext row_context;	/* reset with each row */
	Size		bytes;			/* of values that are not passed by value */
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

/* The hash of a value, by its type */
static uint32
hash_value(ValueCount *count, Datum value)
{
	return DatumGetUInt32(FunctionCall1Coll(&count->type->hash_proc_finfo, count->collation, value));
}

/* Are two values equal, by their type? */
static bool
same_value(ValueCount *count, Datum a, Datum b)
{
	return DatumGetBool(FunctionCall2Coll(&count->type->eq_opr_finfo, count->collation, a, b));
}

#define SH_PREFIX		value
#define SH_ELEMENT_TYPE ValueEntry
#define SH_KEY_TYPE		Datum
#define SH_KEY			value
#define SH_HASH_KEY(tb, key)	hash_value((tb)->private_data, key)
#define SH_EQUAL(tb, a, b)		same_value((tb)->private_data, a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a)		((a)->hash)
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * Returns the entry of a value, a new one if there is none; null if there is no
 * memory for a new one.
 */
static ValueEntry *
value_entry(ValueCount *count, Datum value)
{
	uint32		hash = hash_value(count, value);
	ValueEntry *entry = value_lookup_hash(count->values, value, hash);
	MemoryContext caller;
	bool		exists;

	if (entry != NULL)
		return entry;
	/* to grow, it needs three times the room that it has */
	if (count->bytes + (count->values->members < count->values->grow_threshold ? 1 : 3) *
		count->values->size * sizeof(ValueEntry) > maintenance_work_mem * (Size) 1024)
		return NULL;
	if (!count->type->typbyval)
	{
		caller = MemoryContextSwitchTo(count->context);
		value = datumCopy(value, false, count->type->typlen);
		MemoryContextSwitchTo(caller);
		count->bytes += GetMemoryChunkSpace(DatumGetPointer(value));
	}
	entry = value_insert_hash(count->values, value, hash, &exists);
	entry->row = 0;
	entry->rows = 0;
	entry->found = false;
	return entry;
}

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
	entry = value_entry(count, value);
	if (entry == NULL)
	{
		count->too_many = true;
		return;
	}
	if (entry->row == count->row)
		return;
	entry->row = count->row;
	entry->rows++;
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
		Datum	   *values;
		bool	   *nulls;
		int			length;

		count->row++;
		count->deep += ARR_NDIM(array) > 1;
		deconstruct_array(array, count->type->type_id, count->type->typlen, count->type->typbyval,
						  count->type->typalign, &values, &nulls, &length);
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
	ValueEntry *entry = isnull ? NULL : value_lookup(count->values, value);

	if (entry != NULL && !entry->found)
	{
		entry->found = true;
		count->found++;
		count->counts.missing -= entry->rows;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(count->row_context);
	return count->found < count->values->members;
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
	if (count->values->members > 0)
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
	count->type = lookup_type_cache(getBaseType(match->column->type),
									TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO);
	if (!OidIsValid(count->type->hash_proc_finfo.fn_oid) || count->type->eq_opr != match->equality)
		return false;
	count->absorption = absorption;
	count->collation = match->column->collation;
	count->nkeys = list_length(absorption->junction.left.parent.own);
	count->key = palloc0(sizeof(Datum) * count->nkeys);
	count->key_nulls = palloc0(sizeof(bool) * count->nkeys);
	count->context = AllocSetContextCreate(CurrentMemoryContext, "junction values", ALLOCSET_DEFAULT_SIZES);
	count->row_context = AllocSetContextCreate(count->context, "junction row", ALLOCSET_DEFAULT_SIZES);
	count->key_context = AllocSetContextCreate(count->context, "junction key", ALLOCSET_SMALL_SIZES);
	count->values = value_create(count->context, 1024, count);
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
	MemoryContextDelete(count.context);
	if (count.too_many)
		return false;
	*counts = count.counts;
	*deep = count.deep;
	return true;
}
