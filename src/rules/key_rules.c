/*
 * key_rules.c
 *		Rules about the pair key: missing_pair_key, nullable_endpoint,
 *		deferrable_pair_key, no_replica_identity, no_primary_key and
 *		soft_deleted_pair.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Returns a sentence that says why PostgreSQL (18) makes no primary key of these
 * columns, though they are NOT NULL: that is NOT VALID, which the fix of
 * nullable_endpoint mends, or NO INHERIT.  Null if it does.
 */
char *
weak_not_null(const TableFacts *table, const Bitmapset *columns)
{
	List	   *uninherited = uninherited_columns(table, columns);
	List	   *unproven = unproven_columns(table, columns);

	if (uninherited != NIL)
		return psprintf("First the NOT NULL of (%s) has to be inheritable: ALTER TABLE ... ALTER CONSTRAINT ... INHERIT.",
						column_list(uninherited));
	if (unproven != NIL)
		return psprintf("First the NOT NULL of (%s) has to be validated.", column_list(unproven));
	return NULL;
}

/*
 * Returns the statement that adds the pair key of an unkeyed junction:
 *
 *	ALTER TABLE public.invoice_tags ADD PRIMARY KEY (invoice_id, tag_id)
 *
 * It adds a UNIQUE constraint instead if the table has a primary key.
 *
 * Returns null if the table is partitioned by columns outside the pair; if there is a
 * weak_not_null(), so that something else has to be the first; or if the primary key,
 * which makes the pair NOT NULL, collides with a foreign key that sets a column
 * null: findings->key_obstacle is set to this foreign key.
 * The result is cached in findings.
 */
char *
missing_key_fix(const Junction *junction, Findings *findings)
{
	List	   *columns = pair_columns(junction);
	bool		has_primary = junction->primary_key != NULL;
	NameKind	kind = has_primary ? NAME_UNIQUE : NAME_COMPOSITE_PRIMARY_KEY;
	StringInfoData fix;

	if (findings->key_fix != NULL || findings->key_obstacle != NULL ||
		!bms_is_subset(junction->table->partition_key, junction->pair) ||
		(!has_primary && weak_not_null(junction->table, junction->pair) != NULL))
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
 * Returns the index that the missing pair key will make redundant, or null.
 * The finding names it in its detail, as no single statement both adds the key
 * and drops the index.
 */
static IndexFacts *
find_superseded(const Junction *junction)
{
	IndexFacts *index = index_below_key(junction->table, linitial(junction->endpoints),
										lsecond(junction->endpoints));

	return index != NULL && is_plain(junction->table, index) ? index : NULL;
}

/*
 * Add the finding of an unkeyed junction.  It is only a notice if a unique
 * index over (least, greatest) keeps a pair from being stored twice.
 */
static void
add_unkeyed(const Rule *rule, const Junction *junction, Findings *findings)
{
	const char *table = quote_identifier(junction->table->name);
	List	   *columns = pair_columns(junction);
	Finding    *finding = add_finding(rule, junction, columns, findings);
	IndexFacts *mirror = find_mirror_index(junction);
	IndexFacts *superseded = find_superseded(junction);

	finding->message = psprintf("no key of %s holds the pair (%s)", table, column_list(columns));
	finding->detail = pstrdup("The same pair can be stored more than once.");
	if (mirror != NULL)
	{
		finding->severity = SEVERITY_NOTICE;
		finding->detail = psprintf("Index \"%s\" keeps the pair unique, but is over expressions: ON CONFLICT can use it only with these expressions, and no foreign key can reference it.",
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
	else if (finding->fix == NULL && bms_is_subset(junction->table->partition_key, junction->pair))
		finding->detail = psprintf("%s %s", finding->detail, weak_not_null(junction->table, junction->pair));
	else if (finding->fix == NULL)
		finding->detail = psprintf("%s No key can hold the pair alone: %s is partitioned by other columns.",
								   finding->detail, table);
	else if (superseded != NULL)
		finding->detail = psprintf("%s The key will make index \"%s\" redundant; drop it then.",
								   finding->detail, index_name(superseded));
	if (finding->rebuilt != NIL)
		mention_orm(finding, "ON DELETE CASCADE");
}

/*
 * Add the finding of a junction whose pair key is partial.  There is no fix: the
 * predicate (one pair per live row) is the user's choice.
 */
static void
add_partly_keyed(const Rule *rule, const Junction *junction, Findings *findings)
{
	List	   *columns = pair_columns(junction);
	const char *predicate = predicate_text(junction->table, junction->pair_key);
	Finding    *finding = add_finding(rule, junction, columns, findings);

	finding->severity = SEVERITY_NOTICE;
	finding->message = psprintf("the key of %s holds the pair (%s) for some rows only",
								quote_identifier(junction->table->name), column_list(columns));
	finding->detail = psprintf("Index \"%s\" is partial%s%s: ON CONFLICT can use it only with this predicate, and no foreign key can reference it.",
							   index_name(junction->pair_key), predicate ? ", WHERE " : "",
							   predicate ? predicate : "");
}

/*
 * missing_pair_key: the junction is unkeyed; or, as a notice, its pair key is
 * partial, or only a unique index over (least, greatest) holds the pair.
 */
void
rule_missing_pair_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	if (junction->kind == JUNCTION_UNKEYED)
		add_unkeyed(rule, junction, findings);
	else if (junction->pair_key != NULL && junction->pair_key->predicate != NULL &&
			 junction->kind != JUNCTION_TEMPORAL)
		add_partly_keyed(rule, junction, findings);
}

/*
 * Set the fix of a nullable endpoint:
 *
 *	ALTER TABLE public.invoice_tags ALTER COLUMN tag_id SET NOT NULL,
 *		DROP CONSTRAINT c, ADD CONSTRAINT c FOREIGN KEY (tag_id)
 *			REFERENCES public.tags (id) ON DELETE CASCADE
 *
 * with the second and third line only if c is ON DELETE SET NULL.  If such a
 * foreign key cannot be rebuilt, there is no fix, and the detail says why.
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
	{
		finding->fix = psprintf("ALTER TABLE %s%s", table_name(junction->table), fix.data);
		if (finding->rebuilt != NIL)
			mention_orm(finding, "ON DELETE CASCADE");
	}
	else
	{
		finding->rebuilt = NIL;
		finding->detail = psprintf("%s %s", finding->detail, describe_obstacle(obstacle));
	}
}

/*
 * nullable_endpoint: a column of an endpoint can be null, so a row can link to
 * nothing.
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
		finding->detail = psprintf("A row with a null there links to no row of %s, and a foreign key does not refuse nulls.",
								   quote_identifier(endpoint->key->parent_name));
		fix_nullable(finding, junction, endpoint);
	}
}

/* Are all columns of the pair NOT NULL? */
static bool
all_not_null(const Junction *junction)
{
	return nullable_columns(junction->table, junction->pair) == NIL;
}

/* Is the table clustered on this index, as CLUSTER without its name will be? */
static bool
is_clustered(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_index) GETSTRUCT(tuple))->indisclustered;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Returns the statement that makes the pair key anew, not deferrable and stored as
 * before, and those that give it its comments and the mark of CLUSTER again.  kind:
 * PRIMARY KEY or UNIQUE.
 */
static char *
not_deferrable(const Junction *junction, const char *kind)
{
	const IndexFacts *key = junction->pair_key;
	const char *table = table_name(junction->table);
	const char *name = quote_identifier(index_name(key));
	StringInfoData fix;

	initStringInfo(&fix);
	appendStringInfo(&fix, "ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s (%s)", table, name,
					 name, kind, column_list(pair_columns(junction)));
	append_storage(&fix, key->oid);
	if (is_clustered(key->oid))
		appendStringInfo(&fix, "; ALTER TABLE %s CLUSTER ON %s", table, name);
	append_constraint_comment(&fix, junction->table, get_index_constraint(key->oid), index_name(key));
	append_index_comment(&fix, junction->table, key);
	return fix.data;
}

/*
 * deferrable_pair_key: the pair key is deferrable.
 *
 *	ALTER TABLE public.invoice_tags DROP CONSTRAINT invoice_tags_pkey,
 *		ADD CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id)
 *
 * It makes the pair the primary key too if there is none, unless the junction
 * has_grown() or there is a weak_not_null().  No fix if the key has INCLUDE columns, or a column of the pair
 * can be null.
 */
void
rule_deferrable_pair_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	const IndexFacts *key = junction->pair_key;
	List	   *columns;
	Finding    *finding;
	const char *name;

	if (key == NULL || !key->deferrable ||
		junction->kind == JUNCTION_MULTIWAY || junction->kind == JUNCTION_TEMPORAL)
		return;
	columns = pair_columns(junction);
	name = quote_identifier(index_name(key));
	finding = add_finding(rule, junction, columns, findings);
	finding->message = psprintf("the key of %s over the pair (%s) is deferrable",
								quote_identifier(junction->table->name), column_list(columns));
	finding->detail = psprintf("ON CONFLICT cannot use %s, no foreign key can reference it, and it cannot be the replica identity.",
							   name);
	/* a UNIQUE over nulls may be NULLS NOT DISTINCT, which we do not read */
	if (key->ncolumns == key->nkeys && all_not_null(junction))
		finding->fix = not_deferrable(junction, key->primary ||
									  (junction->primary_key == NULL && !has_grown(junction) &&
									   weak_not_null(junction->table, junction->pair) == NULL) ?
									  "PRIMARY KEY" : "UNIQUE");
}

/*
 * Does one of these publications (OIDs) send updates or deletes?  One that was
 * dropped meanwhile is skipped.
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
 * Does a table have a replica identity: FULL, or an index that can be it?
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
 * Has each partition of a table a replica identity of its own?  PostgreSQL
 * does not look at that of the partitioned table.  False if there is no
 * partition yet.
 */
static bool
have_partitions_identity(const TableFacts *table)
{
	Snapshot	snapshot;
	bool		any = false;
	bool		all = true;

	if (table->kind != RELKIND_PARTITIONED_TABLE)
		return false;
	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	foreach_ptr(TableFacts, part, read_tables(list_inheritors(table->oid), snapshot)->tables)
		if (part->kind == RELKIND_RELATION)
		{
			any = true;
			all &= has_identity(part);
		}
	UnregisterSnapshot(snapshot);
	return any && all;
}

/*
 * Does a publication send updates or deletes of the table, which has no replica
 * identity?
 */
static bool
is_published_without_identity(const TableFacts *table)
{
	/* a publication skips unlogged and temporary tables */
	return table->persistence == RELPERSISTENCE_PERMANENT && !has_identity(table) &&
		(sends_changes(GetRelationIncludedPublications(table->oid)) ||
		 sends_changes(GetSchemaPublications(table->namespace)) ||
		 sends_changes(find_all_tables_publications(table->oid))) &&
		!have_partitions_identity(table);
}

/*
 * no_replica_identity: a publication sends updates or deletes of the junction,
 * which has no replica identity, so UPDATE or DELETE fails.
 *
 *	ALTER TABLE public.invoice_tags REPLICA IDENTITY USING INDEX invoice_tags_key
 *
 * or REPLICA IDENTITY FULL if the pair key cannot be one.
 */
void
rule_no_replica_identity(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;
	Finding    *finding;

	if (junction->kind == JUNCTION_NONE || !is_published_without_identity(table))
		return;
	finding = add_finding(rule, junction, pair_columns(junction), findings);
	finding->message = psprintf("%s is published and has no replica identity",
								quote_identifier(table->name));
	finding->detail = pstrdup("UPDATE and DELETE fail, because subscribers could not identify the row.");
	if (table->kind == RELKIND_PARTITIONED_TABLE)
		finding->detail = psprintf("%s Set the replica identity of each partition.", finding->detail);
	else if (key != NULL && is_whole_key(key) && !key->deferrable && all_not_null(junction))
		finding->fix = psprintf("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s",
								table_name(table), quote_identifier(index_name(key)));
	else
		finding->fix = psprintf("ALTER TABLE %s REPLICA IDENTITY FULL", table_name(table));
}

/*
 * Returns the statement that makes the pair key primary, without building it
 * again:
 *
 *	SELECT junction.unique_to_primary('public.invoice_tags'::pg_catalog.regclass,
 *		'invoice_tags_pkey'::pg_catalog.text)
 *
 * or, if no constraint owns the index,
 *
 *	ALTER TABLE public.invoice_tags ADD PRIMARY KEY USING INDEX u
 *
 * Returns null, and sets *reason to a sentence, if it cannot be done.
 */
static char *
primary_key_fix(const Junction *junction, Findings *findings, const char **reason)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;
	const char *name;

	*reason = NULL;
	if (has_grown(junction))
		*reason = "Promote it with junction.promote, as it is more than a pair: that gives it a primary key of its own.";
	else if (!all_not_null(junction))
		*reason = "First a column of the pair has to be NOT NULL.";
	else if (weak_not_null(table, junction->pair) != NULL)
		*reason = weak_not_null(table, junction->pair);
	else if (key->nulls_not_distinct)
		*reason = "Its UNIQUE is NULLS NOT DISTINCT, and has to be built again.";
	else if (is_distributed(table->oid))
		*reason = "The table is distributed by Citus, and its UNIQUE has to be built again.";
	else if (!OidIsValid(get_index_constraint(key->oid)) &&
			 (!is_plain(table, key) || table->kind == RELKIND_PARTITIONED_TABLE))
		*reason = "Its index cannot become that of a primary key: use ADD PRIMARY KEY (...), which builds one.";
	if (*reason != NULL)
		return NULL;
	if (!OidIsValid(get_index_constraint(key->oid)))
		return psprintf("ALTER TABLE %s ADD PRIMARY KEY USING INDEX %s", table_name(table),
						quote_identifier(index_name(key)));
	name = choose_name(findings->names, NAME_COMPOSITE_PRIMARY_KEY, table->name,
					   pair_columns(junction), NULL, NIL);
	return psprintf("SELECT junction.unique_to_primary(%s, %s)",
					typed_literal(table_name(table), "regclass"), typed_literal(name, "text"));
}

/*
 * no_primary_key: the pair is held by a unique key that is whole, and there is
 * no primary key.  Not where the fix of deferrable_pair_key makes one, where
 * no_replica_identity speaks of it, or where REPLICA IDENTITY says what identifies
 * a row.
 */
void
rule_no_primary_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = junction->pair_key;
	const char *reason;
	Finding    *finding;

	if ((junction->kind != JUNCTION_PURE && junction->kind != JUNCTION_PAYLOAD) ||
		junction->primary_key != NULL || !is_whole_key(key) || (key->deferrable && !has_grown(junction)) ||
		table->identity != REPLICA_IDENTITY_DEFAULT || is_published_without_identity(table))
		return;
	finding = add_finding(rule, junction, pair_columns(junction), findings);
	finding->message = psprintf("%s has no primary key", quote_identifier(table->name));
	finding->fix = primary_key_fix(junction, findings, &reason);
	finding->makes_primary_key = finding->fix != NULL;
	finding->detail = psprintf("Only the unique key %s holds the pair: UPDATE and DELETE fail once the table is published, and ORMs and replication tools ask for a primary key.%s%s",
							   quote_identifier(index_name(key)), reason ? " " : "",
							   reason ? reason : "");
}

/*
 * Returns the first column beside the pair that marks a deleted link, or null.
 */
static ColumnFacts *
find_deletion_mark(const Junction *junction)
{
	foreach_ptr(ColumnFacts, column, junction->own_columns)
		if (is_deletion_mark(column))
			return column;
	return NULL;
}

/*
 * soft_deleted_pair: a column marks deleted links, and the pair key holds the
 * deleted ones too.  No fix: a primary key cannot be partial, and ON CONFLICT
 * and foreign keys may rest on the whole key.
 */
void
rule_soft_deleted_pair(const Rule *rule, const Junction *junction, Findings *findings)
{
	ColumnFacts *mark;
	List	   *columns;
	Finding    *finding;
	const char *live;

	if ((junction->kind != JUNCTION_PAYLOAD && junction->kind != JUNCTION_ENTITY) ||
		!is_whole_key(junction->pair_key))
		return;
	mark = find_deletion_mark(junction);
	if (mark == NULL)
		return;
	columns = pair_columns(junction);
	live = psprintf(mark->type == BOOLOID ? "NOT %s" : "%s IS NULL", quote_identifier(mark->name));
	finding = add_finding(rule, junction, list_make1(mark->name), findings);
	finding->message = psprintf("a link of %s that was deleted (%s) cannot be added again",
								quote_identifier(junction->table->name), quote_identifier(mark->name));
	finding->detail = psprintf("%s holds the pair (%s) of deleted links too. Either bring such a link back, by INSERT ... ON CONFLICT (%s) DO UPDATE; or keep the pair unique among the others only, by CREATE UNIQUE INDEX ON %s (%s) WHERE %s, and drop %s%s.",
							   quote_identifier(index_name(junction->pair_key)), column_list(columns),
							   column_list(columns), table_name(junction->table), column_list(columns),
							   live, quote_identifier(index_name(junction->pair_key)),
							   junction->pair_key->primary ? " once the table has another primary key" : "");
}
