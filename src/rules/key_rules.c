/*
 * key_rules.c
 *		Rules about the key: that there is one over the pair, for all rows, and
 *		that it serves as a target and an identity.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_publication.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * The statement that gives an unkeyed junction its key; null where none can
 * hold the pair alone, as the table is partitioned by something else, or where
 * a foreign key stands in the way: findings->key_obstacle is that one then.  A
 * primary key makes the pair NOT NULL.
 *
 *	ALTER TABLE public.invoice_tags ADD PRIMARY KEY (invoice_id, tag_id)
 */
char *
missing_key_fix(const Junction *junction, Findings *findings)
{
	List	   *columns = pair_columns(junction);
	bool		has_primary = junction->primary_key != NULL;
	NameKind	kind = has_primary ? NAME_UNIQUE : NAME_COMPOSITE_PRIMARY_KEY;
	StringInfoData fix;

	if (findings->key_fix != NULL || findings->key_obstacle != NULL ||
		!bms_is_subset(junction->table->partition_key, junction->pair))
		return findings->key_fix;
	initStringInfo(&fix);
	appendStringInfo(&fix, "ALTER TABLE %s ADD %s%s (%s)", table_name(junction->table),
					 fix_name(findings, junction, kind, columns, "CONSTRAINT %s "),
					 has_primary ? "UNIQUE" : "PRIMARY KEY", column_list(columns));
	if (!has_primary)
		findings->key_obstacle = append_rebuilt_keys(&fix, junction, junction->pair,
													 &findings->key_rebuilt);
	if (findings->key_obstacle == NULL)
		findings->key_fix = fix.data;
	return findings->key_fix;
}

/*
 * The index that the key which is missing will make redundant, or null.  No
 * statement adds the one and drops the other, so it is told beforehand.
 */
static IndexFacts *
find_superseded(const Junction *junction)
{
	IndexFacts *index = index_below_key(junction->table, linitial(junction->endpoints),
										lsecond(junction->endpoints));

	return index != NULL && is_plain(index) ? index : NULL;
}

static void
add_unkeyed(const Rule *rule, const Junction *junction, Findings *findings)
{
	const char *table = quote_identifier(junction->table->name);
	List	   *columns = pair_columns(junction);
	Finding    *finding = add_finding(rule, junction, columns, findings);
	IndexFacts *mirror = find_mirror_index(junction);
	IndexFacts *superseded = find_superseded(junction);

	finding->message = psprintf("no key of %s holds the pair (%s)", table, column_list(columns));
	finding->detail = pstrdup("The same pair can be there many times.");
	if (mirror != NULL)
	{
		finding->severity = SEVERITY_NOTICE;
		finding->detail = psprintf("\"%s\" keeps it from being there twice, but is over expressions: it can be no conflict target without them, and no foreign key can point at it.",
								   index_name(mirror));
	}
	finding->fix = missing_key_fix(junction, findings);
	if (finding->fix != NULL)
	{
		finding->makes_primary_key = junction->primary_key == NULL;
		finding->rebuilt = findings->key_rebuilt;
	}
	if (findings->key_obstacle != NULL)
		finding->detail = psprintf("%s %s", finding->detail, describe_obstacle(findings->key_obstacle));
	else if (finding->fix == NULL)
		finding->detail = psprintf("%s No key can hold the pair alone: %s is partitioned by other columns.",
								   finding->detail, table);
	else if (superseded != NULL)
		finding->detail = psprintf("%s The key will do all that \"%s\" does, which can go then.",
								   finding->detail, index_name(superseded));
}

static void
add_partly_keyed(const Rule *rule, const Junction *junction, Findings *findings)
{
	List	   *columns = pair_columns(junction);
	const char *predicate = predicate_text(junction->table, junction->pair_key);
	Finding    *finding = add_finding(rule, junction, columns, findings);

	finding->severity = SEVERITY_NOTICE;
	finding->message = psprintf("the key of %s holds the pair (%s) for some rows only",
								quote_identifier(junction->table->name), column_list(columns));
	finding->detail = psprintf("\"%s\" is partial%s%s: it can be no conflict target without its predicate, and no foreign key can point at it.",
							   index_name(junction->pair_key), predicate ? ", WHERE " : "",
							   predicate ? predicate : "");
}

/*
 * missing_pair_key: nothing keeps a pair from being there twice; or nothing
 * keeps it so for all rows, where the only key is partial; or not as a key,
 * where only an index over the lesser and the greater end does.
 */
void
rule_missing_pair_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	if (junction->kind == JUNCTION_UNKEYED)
		add_unkeyed(rule, junction, findings);
	else if (junction->pair_key != NULL && junction->pair_key->predicate != NULL)
		add_partly_keyed(rule, junction, findings);
}

/*
 * The statement that keeps nulls out of an endpoint, or null where a foreign key
 * stands in the way: the detail tells then.
 *
 *	ALTER TABLE public.invoice_tags ALTER COLUMN tag_id SET NOT NULL,
 *		DROP CONSTRAINT c, ADD CONSTRAINT c FOREIGN KEY (tag_id)
 *			REFERENCES public.tags (id) ON DELETE CASCADE
 *
 * if c is ON DELETE SET NULL.
 */
static void
fix_nullable(Finding *finding, const Junction *junction, const Endpoint *endpoint)
{
	const ForeignKeyFacts *obstacle;
	StringInfoData fix;

	initStringInfo(&fix);
	foreach_ptr(char, name, finding->columns)
		appendStringInfo(&fix, "%s ALTER COLUMN %s SET NOT NULL", fix.len ? "," : "",
						 quote_identifier(name));
	obstacle = append_rebuilt_keys(&fix, junction, endpoint->columns, &finding->rebuilt);
	if (obstacle == NULL)
		finding->fix = psprintf("ALTER TABLE %s%s", table_name(junction->table), fix.data);
	else
	{
		finding->rebuilt = NIL;
		finding->detail = psprintf("%s %s", finding->detail, describe_obstacle(obstacle));
	}
}

/*
 * nullable_endpoint: a link to nothing.
 */
void
rule_nullable_endpoint(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		List	   *nullable = nullable_columns(junction->table, endpoint->columns);
		Finding    *finding;

		if (nullable == NIL)
			continue;
		finding = add_finding(rule, junction, nullable, findings);
		finding->message = psprintf("(%s) of %s can be null", column_list(nullable),
									quote_identifier(junction->table->name));
		finding->detail = psprintf("A row with a null there links to no row of %s, and no foreign key objects.",
								   quote_identifier(endpoint->key->parent_name));
		fix_nullable(finding, junction, endpoint);
	}
}

static bool
all_not_null(const Junction *junction)
{
	return nullable_columns(junction->table, junction->pair) == NIL;
}

/*
 * deferrable_pair_key: it can be no conflict target, no foreign key can point
 * at it, and it is no replica identity.
 *
 *	ALTER TABLE public.invoice_tags DROP CONSTRAINT invoice_tags_pkey,
 *		ADD CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id)
 */
void
rule_deferrable_pair_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	const IndexFacts *key = junction->pair_key;
	List	   *columns;
	Finding    *finding;
	const char *name;

	if (key == NULL || !key->deferrable || junction->kind == JUNCTION_MULTIWAY)
		return;
	columns = pair_columns(junction);
	name = quote_identifier(index_name(key));
	finding = add_finding(rule, junction, columns, findings);
	finding->message = psprintf("the key of %s over the pair (%s) is deferrable",
								quote_identifier(junction->table->name), column_list(columns));
	finding->detail = psprintf("ON CONFLICT cannot use %s, no foreign key can point at it, and it is no replica identity.",
							   name);
	/* a UNIQUE over nulls may say more than we know */
	if (key->ncolumns == key->nkeys && all_not_null(junction))
		finding->fix = psprintf("ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s (%s)",
								table_name(junction->table), name, name,
								key->primary ? "PRIMARY KEY" : "UNIQUE", column_list(columns));
}

/*
 * Does a publication send updates or deletes?  It may be gone by now.
 */
static bool
sends_changes(List *publications)
{
	foreach_oid(publication, publications)
	{
		HeapTuple	tuple = SearchSysCache1(PUBLICATIONOID, ObjectIdGetDatum(publication));
		Form_pg_publication form;
		bool		sends;

		if (!HeapTupleIsValid(tuple))
			continue;
		form = (Form_pg_publication) GETSTRUCT(tuple);
		sends = form->pubupdate || form->pubdelete;
		ReleaseSysCache(tuple);
		if (sends)
			return true;
	}
	return false;
}

/*
 * By what do subscribers know a row?
 */
static bool
has_identity(const TableFacts *table)
{
	if (table->identity == REPLICA_IDENTITY_FULL)
		return true;
	foreach_ptr(IndexFacts, index, table->indexes)
	{
		if (!index->usable || index->deferrable)
			continue;
		if (table->identity == REPLICA_IDENTITY_DEFAULT ? index->primary :
			table->identity == REPLICA_IDENTITY_INDEX && index->replica_identity)
			return true;
	}
	return false;
}

/*
 * no_replica_identity: the table is published, and UPDATE and DELETE fail.
 *
 *	ALTER TABLE public.invoice_tags REPLICA IDENTITY USING INDEX invoice_tags_key
 */
void
rule_no_replica_identity(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;
	Finding    *finding;

	/* what is not logged is not published */
	if (junction->kind == JUNCTION_NONE || table->persistence != RELPERSISTENCE_PERMANENT ||
		has_identity(table) ||
		!(sends_changes(GetRelationIncludedPublications(table->oid)) ||
		  sends_changes(GetSchemaPublications(table->namespace)) ||
		  sends_changes(find_all_tables_publications(table->oid))))
		return;
	finding = add_finding(rule, junction, pair_columns(junction), findings);
	finding->message = psprintf("%s is published and has no replica identity",
								quote_identifier(table->name));
	finding->detail = pstrdup("UPDATE and DELETE fail there, as subscribers could not tell which row is meant.");
	if (table->kind == RELKIND_PARTITIONED_TABLE)
		finding->detail = psprintf("%s That is each partition's to have.", finding->detail);
	else if (key != NULL && key->predicate == NULL && !key->deferrable && all_not_null(junction))
		finding->fix = psprintf("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s",
								table_name(table), quote_identifier(index_name(key)));
	else
		finding->fix = psprintf("ALTER TABLE %s REPLICA IDENTITY FULL", table_name(table));
}
