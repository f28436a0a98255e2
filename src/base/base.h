/*
 * base.h
 *		Helpers that know nothing of junctions: names, quoting, catalog scans
 *		and subtransactions.
 */
#ifndef JUNCTION_BASE_H
#define JUNCTION_BASE_H

#include "access/attnum.h"
#include "access/htup.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/snapshot.h"
#include "utils/typcache.h"

#include "base/compat.h"

/* A scan of one catalog: either all or by_index is set */
typedef struct CatalogScan
{
	Relation	catalog;
	struct TableScanDescData *all;	/* scan of the heap, or null */
	struct SysScanDescData *by_index;	/* scan of an index, or null */
} CatalogScan;

/* A value of a ValueTable */
typedef struct ValueEntry
{
	Datum		value;
	int64		number;			/* the owner's, 0 at first */
	int64		last;			/* likewise */
	uint32		hash;
	char		status;			/* of simplehash */
	bool		found;			/* the owner's, false at first */
} ValueEntry;

/* A set of different values of one type, by their hash */
typedef struct ValueTable
{
	TypeCacheEntry *type;
	Oid			collation;
	struct value_hash *hash;
	MemoryContext context;
	Size		bytes;			/* of the values that are not passed by value */
	Size		limit;			/* of all */
} ValueTable;

/* inheritors.c */
extern List *list_inheritors(Oid relid);

/* names.c */
extern bool list_has_name(List *names, const char *name);
extern bool same_names(List *left, List *right);
extern bool is_word_character(char c);
extern bool holds_word(const char *body, const char *name);
extern Datum names_to_array(List *names);

/* quote.c */
pg_noreturn extern void raise_gone(Oid relid, const char *name);
extern bool is_visible(Oid relid, const char *name);
extern char *qualified_name(Oid relid);
extern char *display_name(Oid relid);
extern char *regclass_name(Oid relid);
extern char *column_list(List *names);
extern char *literal_list(List *names);
extern char *typed_literal(const char *value, const char *type);
extern char *dollar_quote(const char *text, const char *name);
extern char *type_text(Oid type, int32 typmod);
extern char *operator_text(Oid operator);
extern char *collation_text(Oid collation);
extern const char *action_name(char action);
extern const char *action_clause(const char *event, char action);
extern char *schema_name(Oid relid);

/* scan.c */
extern void scan_catalog(CatalogScan *scan, Oid catalog, Snapshot snapshot);
extern void scan_catalog_for(CatalogScan *scan, Oid catalog, Oid index, AttrNumber attnum,
							 Oid object, Snapshot snapshot);
extern void scan_dependents_of(CatalogScan *scan, Oid classid, Oid objid, int subid,
							   Snapshot snapshot);
extern void scan_references_of(CatalogScan *scan, Oid classid, Oid objid, Snapshot snapshot);
extern HeapTuple next_row(CatalogScan *scan);
extern void end_scan(CatalogScan *scan);

/* subtransaction.c */
extern ErrorData *try_in_subtransaction(void (*work) (void *state), void *state, bool keep);

/* value_table.c */
extern ValueTable *make_value_table(Oid type, Oid collation, Oid equality, Size limit);
extern ValueEntry *find_value(ValueTable *table, Datum value);
extern ValueEntry *add_value(ValueTable *table, Datum value);
extern int64 count_values_of(const ValueTable *table);
extern Size value_table_size(const ValueTable *table);
extern void free_value_table(ValueTable *table);

#endif							/* JUNCTION_BASE_H */
