/*
 * index_rules.c
 *		Rules about indexes: an endpoint without one, with an invalid one, and
 *		indexes that nothing needs.
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

/* PostgreSQL builds and drops no index of a partitioned table concurrently */
static const char *
concurrently(const Junction *junction, const Findings *findings)
{
	return !findings->concurrently || junction->table->kind == RELKIND_PARTITIONED_TABLE ?
		"" : "CONCURRENTLY ";
}

/* "public.invoice_tags_tag_id_idx" */
static const char *
qualified_index(const Junction *junction, const IndexFacts *index)
{
	return qualified_beside(junction->table, index_name(index));
}

/*
 * Would an index of the default kind over these columns serve the endpoint?
 * Not if the foreign key compares by an operator of another type: numeric's,
 * where an integer column points at a numeric one.
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
 * half_indexed: an endpoint that no index serves.  When a row of the parent
 * goes, its links are found by reading the whole table.
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
			continue;			/* invalid_index tells of the latter */
		columns = endpoint_columns(junction, endpoint);
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("no index of %s serves (%s)",
									quote_identifier(junction->table->name), column_list(columns));
		finding->detail = psprintf("Whoever deletes from %s, or looks links up from there, reads all of %s.",
								   quote_identifier(endpoint->key->parent_name),
								   quote_identifier(junction->table->name));
		if (junction->kind == JUNCTION_UNKEYED && endpoint == linitial(junction->endpoints) &&
			missing_key_fix(junction, findings) != NULL)
		{
			/* an index would be redundant beside it */
			finding->detail = psprintf("%s The key that is missing would serve it.", finding->detail);
			continue;
		}
		if (!can_be_served(junction, endpoint))
		{
			finding->detail = psprintf("%s No index can help: (%s) and the key of %s are of different types.",
									   finding->detail, column_list(columns),
									   quote_identifier(endpoint->key->parent_name));
			continue;
		}
		finding->fix = psprintf("CREATE INDEX %s%sON %s (%s)",
								concurrently(junction, findings),
								fix_name(findings, junction, NAME_INDEX, columns, "%s "),
								table_name(junction->table), column_list(columns));
	}
}

/*
 * invalid_index: the index that would serve an endpoint is not valid.  It was
 * left by a concurrent build that failed, or is being built.
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
			finding->detail = psprintf("Not every partition of %s has an index that is attached to it.",
									   quote_identifier(junction->table->name));
			continue;
		}
		finding->detail = pstrdup("A concurrent build of it failed, or still goes on; no query uses it, and every write keeps it up.");
		finding->fix = psprintf("REINDEX INDEX %s%s", concurrently(junction, findings),
								qualified_index(junction, endpoint->invalid));
	}
}

/*
 * Do two indexes hold the same rows?  A partial one that another covers but for
 * its predicate is smaller than that, and may be wanted.
 */
static bool
same_predicate(const IndexFacts *left, const IndexFacts *right)
{
	if (left->predicate == NULL || right->predicate == NULL)
		return left->predicate == right->predicate;
	/* as nodes: their text differs by where they stood in a statement */
	return equal(stringToNode(left->predicate), stringToNode(right->predicate));
}

/*
 * Can a btree index do all that another does?  It begins with the same columns,
 * ordered in the same way, and holds the same rows.
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
 * Is an index over just the columns of an endpoint, for looking it up?
 */
static bool
is_reverse(const IndexFacts *index, const Endpoint *endpoint)
{
	return index->usable && !index->exclusion && index->predicate == NULL &&
		(index->method == BTREE_AM_OID || index->method == HASH_AM_OID) &&
		bms_equal(index->column_set, endpoint->columns);
}

/*
 * Do two indexes over the same columns compare each in the same way?  One of
 * another method does, or it would not be looked up by the same operator.
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
 * Is there an older index for just the lookups that this one is for?
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
 * The index that makes this one redundant, or null.  Of two that are the same,
 * the younger is.
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
 * redundant_index: every write keeps up an index that another covers.
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
		finding->detail = psprintf("Whoever looks up (%s) by the one can use the other, and each write keeps up both.",
								   column_list(columns));
		finding->fix = psprintf("DROP INDEX %s%s", concurrently(junction, findings),
								qualified_index(junction, index));
	}
}
