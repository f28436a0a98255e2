/*
 * index_rules.c
 *		Rules about indexes: half_indexed, invalid_index and redundant_index.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * "CONCURRENTLY ", or "" if the fixes must be able to run in a transaction, or
 * the table is partitioned: PostgreSQL cannot do it there.
 */
static const char *
concurrently(const Junction *junction, const Findings *findings)
{
	return !findings->concurrently || junction->table->kind == RELKIND_PARTITIONED_TABLE ?
		"" : "CONCURRENTLY ";
}

/* "public.invoice_tags_tag_id_idx": quoted where needed */
static const char *
qualified_index(const Junction *junction, const IndexFacts *index)
{
	return qualified_beside(junction->table, index_name(index));
}

/*
 * Would a btree index with default operator classes serve this endpoint?  Not
 * if the foreign key's equality operator is outside the column's default
 * operator family: if an integer column references a numeric one, for example.
 */
static bool
can_be_served(const Junction *junction, const Endpoint *endpoint)
{
	ForeignKeyFacts *key = endpoint->key;

	for (int i = 0; i < key->nkeys; i++)
	{
		ColumnFacts *column = find_column(junction->table, key->columns[i]);
		TypeCacheEntry *type;

		if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(column->type)))
			return false;		/* dropped as we read */
		type = lookup_type_cache(column->type, TYPECACHE_BTREE_OPFAMILY);
		if (!OidIsValid(type->btree_opf) || !list_member_oid(key->families[i], type->btree_opf))
			return false;
	}
	return true;
}

/*
 * The most values that a leading column may have, for a skip scan to take the
 * place of an index.  Such a scan descends the index once for each value, and a
 * descent reads some 4 pages: for 100 values it reads as much as a scan of a
 * table of 3 MB, in well below a millisecond if they are cached.
 */
#define MOST_SKIPPED	100

/*
 * If an index of the junction serves the endpoint by a skip scan, for the
 * column that it skips has few values: make the finding a notice that says so.
 *
 * Statistics of small tables are not evidence, as few rows have few values.
 * Nothing is said of statistics that the caller may not see.
 */
static void
consider_skip_scan(Finding *finding, const Junction *junction, const Endpoint *endpoint)
{
	TableFacts *table = junction->table;
	double		rows = SERVER_HAS_SKIP_SCAN ? judged_rows(table) : 0;

	foreach_ptr(IndexFacts, index, rows > 0 ? table->indexes : NIL)
	{
		AttrNumber	skipped = skipped_column(table, index, endpoint);
		DistinctFacts distinct;

		if (skipped == 0 || !read_distinct(table, skipped, rows, &distinct) ||
			distinct.expected == 0 || distinct.expected > MOST_SKIPPED)
			continue;
		finding->severity = SEVERITY_NOTICE;
		finding->detail = psprintf("Deletes from %s, and lookups by (%s), can skip through %s: its column %s has only about %.0f values.",
								   quote_identifier(endpoint->key->parent_name),
								   column_list(finding->columns), quote_identifier(index_name(index)),
								   quote_identifier(find_column(table, skipped)->name),
								   distinct.expected);
		return;
	}
}

/*
 * half_indexed: no index serves an endpoint.  A delete from its parent scans
 * the whole junction for the links.  No fix where the missing pair key would
 * serve the endpoint, or where no index can.  A notice where a skip scan can
 * take the place of the index.
 *
 *	CREATE INDEX CONCURRENTLY ON public.invoice_tags (tag_id)
 */
void
rule_half_indexed(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		List	   *columns;
		Finding    *finding;

		if (endpoint->served_by != NULL || endpoint->invalid != NULL)
			continue;			/* invalid_index reports the latter */
		columns = endpoint_columns(junction, endpoint);
		finding = add_finding(rule, junction, columns, findings);
		finding->parent = endpoint->key->parent;
		finding->message = psprintf("no index of %s serves (%s)",
									quote_identifier(junction->table->name), column_list(columns));
		finding->detail = psprintf("Deletes from %s, and lookups by (%s), scan all of %s.",
								   quote_identifier(endpoint->key->parent_name), column_list(columns),
								   quote_identifier(junction->table->name));
		if (junction->kind == JUNCTION_UNKEYED && endpoint == linitial(junction->endpoints) &&
			missing_key_fix(junction, findings) != NULL)
		{
			/* an index would be redundant once the key is there */
			finding->detail = psprintf("%s The missing pair key would serve them.", finding->detail);
			continue;
		}
		if (!can_be_served(junction, endpoint))
		{
			finding->detail = psprintf("%s No index can help: (%s) and the key of %s are of different types.",
									   finding->detail, column_list(columns),
									   quote_identifier(endpoint->key->parent_name));
			continue;
		}
		consider_skip_scan(finding, junction, endpoint);
		finding->fix = psprintf("CREATE INDEX %s%sON %s (%s)",
								concurrently(junction, findings),
								fix_name(findings, junction, NAME_INDEX, columns, "%s "),
								table_name(junction->table), column_list(columns));
		mention_orm(finding, "the index");
	}
}

/*
 * invalid_index: the only index that would serve an endpoint is invalid: its
 * concurrent build failed, or is still running.  No fix for a partitioned
 * table, where it takes several statements (repair/repair_concurrently.c).
 *
 *	REINDEX INDEX CONCURRENTLY public.invoice_tags_tag_id_idx
 */
void
rule_invalid_index(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		List	   *columns;
		Finding    *finding;

		if (endpoint->served_by != NULL || endpoint->invalid == NULL)
			continue;
		columns = endpoint_columns(junction, endpoint);
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("the index %s, which would serve (%s), is not valid",
									quote_identifier(index_name(endpoint->invalid)), column_list(columns));
		if (junction->table->kind == RELKIND_PARTITIONED_TABLE)
		{
			finding->detail = psprintf("Not every partition of %s has an index attached to this index. CALL junction.repair_concurrently(%s) builds those that are missing.",
									   quote_identifier(junction->table->name),
									   quote_literal_cstr(table_name(junction->table)));
			continue;
		}
		finding->detail = pstrdup("Its concurrent build failed or is still running; no query uses the index, and every write maintains it.");
		finding->fix = psprintf("REINDEX INDEX %s%s", concurrently(junction, findings),
								qualified_index(junction, endpoint->invalid));
	}
}

/*
 * Do two indexes hold the same rows: are both whole, or do both have the same
 * predicate?  A partial index is never covered by a whole one: it is smaller,
 * and the user may want it for that.
 */
static bool
same_predicate(const IndexFacts *left, const IndexFacts *right)
{
	if (left->predicate == NULL || right->predicate == NULL)
		return left->predicate == right->predicate;
	/* compare the trees: their texts hold locations in the source statement */
	return equal(stringToNode(left->predicate), stringToNode(right->predicate));
}

/*
 * Does a usable btree index begin with all key columns of another, in the same
 * order with the same operator classes, collations and options, and hold the
 * same rows?  Then it serves every lookup that the other does.
 */
static bool
covers(const IndexFacts *index, const IndexFacts *other)
{
	if (index == other || !index->usable || index->method != BTREE_AM_OID ||
		index->nkeys < other->nkeys)
		return false;
	for (int i = 0; i < other->nkeys; i++)
		if (index->columns[i] == 0 ||
			index->columns[i] != other->columns[i] ||
			index->classes[i] != other->classes[i] ||
			index->collations[i] != other->collations[i] ||
			index->options[i] != other->options[i])
			return false;
	return same_predicate(index, other);
}

/*
 * Is this a whole btree or hash index over exactly the columns of an endpoint?
 */
static bool
is_reverse(const IndexFacts *index, const Endpoint *endpoint)
{
	return index->usable && !index->exclusion && index->predicate == NULL &&
		(index->method == BTREE_AM_OID || index->method == HASH_AM_OID) &&
		bms_equal(index->column_set, endpoint->columns);
}

/*
 * Do two indexes over the same columns use the same operator class and
 * collation for each?  Always true for a btree and a hash index: their classes
 * cannot be compared.
 */
static bool
compare_alike(const IndexFacts *left, const IndexFacts *right)
{
	if (left->method != right->method)
		return true;
	for (int i = 0; i < left->nkeys; i++)
		for (int j = 0; j < right->nkeys; j++)
			if (left->columns[i] == right->columns[j] &&
				(left->classes[i] != right->classes[j] ||
				 left->collations[i] != right->collations[j]))
				return false;
	return true;
}

/*
 * Returns an older index over the same endpoint, whose columns may be in
 * another order, or null.
 */
static IndexFacts *
older_reverse(const Junction *junction, const IndexFacts *index)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		foreach_ptr(IndexFacts, other, junction->table->indexes)
			if (other->oid < index->oid && is_reverse(index, endpoint) &&
				is_reverse(other, endpoint) && compare_alike(index, other))
				return other;
	return NULL;
}

/*
 * Returns the index that makes this one redundant, or null.  Of two equal
 * indexes, the younger is redundant.  Indexes that do more than serve lookups
 * (unique, exclusion, INCLUDE columns, expressions) are never redundant.
 */
static IndexFacts *
covering_index(const Junction *junction, const IndexFacts *index)
{
	if (!index->usable || index->unique || index->exclusion || index->ncolumns != index->nkeys ||
		index->expressions != NULL)
		return NULL;
	foreach_ptr(IndexFacts, other, junction->table->indexes)
		if (index->method == BTREE_AM_OID && covers(other, index) &&
			!(covers(index, other) && !other->unique && other->ncolumns == other->nkeys &&
			  index->oid < other->oid))
			return other;
	return older_reverse(junction, index);
}

/*
 * redundant_index: another index of a junction covers this one.
 *
 *	DROP INDEX CONCURRENTLY public.invoice_tags_invoice_id_idx
 */
void
rule_redundant_index(const Rule *rule, const Junction *junction, Findings *findings)
{
	if (junction->kind == JUNCTION_NONE)
		return;
	foreach_ptr(IndexFacts, index, junction->table->indexes)
	{
		IndexFacts *other = covering_index(junction, index);
		List	   *columns;
		Finding    *finding;

		if (other == NULL)
			continue;
		columns = column_names(junction->table, index->columns, index->nkeys);
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("index %s is covered by %s", quote_identifier(index_name(index)),
									quote_identifier(index_name(other)));
		finding->detail = psprintf("Lookups by (%s) can use either index, and every write maintains both.",
								   column_list(columns));
		finding->fix = psprintf("DROP INDEX %s%s", concurrently(junction, findings),
								qualified_index(junction, index));
	}
}
