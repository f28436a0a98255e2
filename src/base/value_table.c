/*
 * value_table.c
 *		A set of different values of one type in memory, each with numbers of its
 *		owner's beside it.
 *
 * Two values are one if the type's own equality says so.  The table tells when it
 * would need more memory than it may, and holds then what it held before.
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/base.h"

/* The hash of a value, by its type */
static uint32
hash_value(ValueTable *table, Datum value)
{
	return DatumGetUInt32(FunctionCall1Coll(&table->type->hash_proc_finfo, table->collation, value));
}

/* Are two values equal, by their type? */
static bool
same_value(ValueTable *table, Datum a, Datum b)
{
	return DatumGetBool(FunctionCall2Coll(&table->type->eq_opr_finfo, table->collation, a, b));
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
 * Returns an empty table for values of a type, that may use limit bytes.  Null if
 * the type has no hash function, or its equality is not the operator that is
 * asked for (InvalidOid for any).
 */
ValueTable *
make_value_table(Oid type, Oid collation, Oid equality, Size limit)
{
	TypeCacheEntry *entry = lookup_type_cache(getBaseType(type),
											  TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO);
	ValueTable *table;

	if (!OidIsValid(entry->hash_proc_finfo.fn_oid) || !OidIsValid(entry->eq_opr_finfo.fn_oid) ||
		(OidIsValid(equality) && entry->eq_opr != equality))
		return NULL;
	table = palloc0(sizeof(ValueTable));
	table->type = entry;
	table->collation = collation;
	table->limit = limit;
	table->context = AllocSetContextCreate(CurrentMemoryContext, "junction values", ALLOCSET_DEFAULT_SIZES);
	table->hash = value_create(table->context, 1024, table);
	return table;
}

/* Returns the entry of a value, or null if there is none. */
ValueEntry *
find_value(ValueTable *table, Datum value)
{
	return value_lookup(table->hash, value);
}

/*
 * Returns the entry of a value, a new one if there is none; null if that would need
 * too much memory.
 */
ValueEntry *
add_value(ValueTable *table, Datum value)
{
	uint32		hash = hash_value(table, value);
	ValueEntry *entry = value_lookup_hash(table->hash, value, hash);
	bool		exists;

	if (entry != NULL)
		return entry;
	/* while it grows, it needs three times the room that it has */
	if (table->hash->members >= table->hash->grow_threshold &&
		table->bytes + 3 * table->hash->size * sizeof(ValueEntry) > table->limit)
		return NULL;
	if (!table->type->typbyval)
	{
		MemoryContext caller = MemoryContextSwitchTo(table->context);

		/* not a pointer to a value that is stored elsewhere */
		value = table->type->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value)) :
			datumCopy(value, false, table->type->typlen);
		MemoryContextSwitchTo(caller);
		table->bytes += GetMemoryChunkSpace(DatumGetPointer(value));
		if (value_table_size(table) > table->limit)
			return NULL;
	}
	entry = value_insert_hash(table->hash, value, hash, &exists);
	entry->number = 0;
	entry->last = 0;
	entry->found = false;
	return entry;
}

/* Returns how many values there are. */
int64
count_values_of(const ValueTable *table)
{
	return table->hash->members;
}

/* Returns the memory that the table uses. */
Size
value_table_size(const ValueTable *table)
{
	return table->bytes + table->hash->size * sizeof(ValueEntry);
}

/* Frees the table and its values. */
void
free_value_table(ValueTable *table)
{
	MemoryContextDelete(table->context);
	pfree(table);
}
