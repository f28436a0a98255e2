/*
 * rules.c
 *		What can be wrong with a junction: a function for each rule, and one
 *		table of them.
 *
 * A rule looks at a junction as classify.c has it and adds a finding for each
 * thing that is wrong, with the statement that mends it where one exists.  It
 * reads no rows of users, and changes nothing.
 *
 * Under PostgreSQL's own conventions a fix leaves the name of an index to the
 * server, which finds a free one when the statement runs; two tables whose
 * names are cut alike are then no trouble.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "junction.h"

/* What the rules fill */
typedef struct Findings
{
	List	   *list;			/* of Finding */
	NameSpace  *names;			/* taken by fixes so far */
} Findings;

typedef struct Rule
{
	const char *name;
	const char *severity;
	void		(*apply) (const struct Rule *rule, const Junction *junction,
						  Findings *findings);
} Rule;

static Finding *
add_finding(const Rule *rule, const Junction *junction, List *columns, Findings *findings)
{
	Finding    *finding = palloc0(sizeof(Finding));

	finding->junction = junction->table->oid;
	finding->rule = rule->name;
	finding->severity = rule->severity;
	finding->columns = columns;
	findings->list = lappend(findings->list, finding);
	return finding;
}

/* "public.invoice_tags"; the table is not locked, so its facts are used */
static const char *
table_name(const Junction *junction)
{
	char	   *schema = get_namespace_name_or_temp(junction->table->namespace);

	return quote_qualified_identifier(schema, junction->table->name);
}

/*
 * A name to put before ON or after ADD CONSTRAINT, with a blank; empty where
 * the server is to choose.
 */
static const char *
fix_name(Findings *findings, const Junction *junction, NameKind kind, List *columns,
		 const char *format)
{
	if (junction_naming == NAMING_POSTGRES)
		return "";
	return psprintf(format, quote_identifier(choose_name(findings->names, kind,
														 junction->table->name, columns, NULL, NIL)));
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
		Oid			class = GetDefaultOpClass(column->type, BTREE_AM_OID);

		if (!OidIsValid(class) || !list_member_oid(key->families[i], get_opclass_family(class)))
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
static void
half_indexed(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		List	   *columns;
		Finding    *finding;

		if (endpoint->served_by != NULL)
			continue;
		columns = endpoint_columns(junction, endpoint);
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("no index of %s serves (%s)",
									quote_identifier(junction->table->name), column_list(columns));
		finding->detail = psprintf("Whoever deletes from %s, or looks links up from there, reads all of %s.",
								   quote_identifier(endpoint->key->parent_name),
								   quote_identifier(junction->table->name));
		if (!can_be_served(junction, endpoint))
		{
			finding->detail = psprintf("%s No index can help: (%s) and the key of %s are of different types.",
									   finding->detail, column_list(columns),
									   quote_identifier(endpoint->key->parent_name));
			continue;
		}
		/* PostgreSQL builds no index of a partitioned table concurrently */
		finding->fix = psprintf("CREATE INDEX %s%sON %s (%s)",
								junction->table->kind == RELKIND_PARTITIONED_TABLE ? "" : "CONCURRENTLY ",
								fix_name(findings, junction, NAME_INDEX, columns, "%s "),
								table_name(junction), column_list(columns));
	}
}

/*
 * missing_pair_key: nothing keeps a pair from being there twice; or nothing
 * keeps it so for all rows, where the only key is partial.
 *
 *	ALTER TABLE public.invoice_tags ADD PRIMARY KEY (invoice_id, tag_id)
 */
static void
missing_pair_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	List	   *columns = pair_columns(junction);
	Finding    *finding;
	const char *predicate;
	bool		has_primary = junction->primary_key != NULL;

	if (junction->kind == JUNCTION_UNKEYED)
	{
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("no key of %s holds the pair (%s)",
									quote_identifier(junction->table->name), column_list(columns));
		finding->detail = pstrdup("The same pair can be there many times.");
		if (!bms_is_subset(junction->table->partition_key, junction->pair))
		{
			finding->detail = psprintf("%s No key can hold the pair alone: %s is partitioned by other columns.",
									   finding->detail, quote_identifier(junction->table->name));
			return;
		}
		finding->fix = psprintf("ALTER TABLE %s ADD %s%s (%s)", table_name(junction),
								fix_name(findings, junction, has_primary ? NAME_UNIQUE : NAME_COMPOSITE_PRIMARY_KEY,
										 columns, "CONSTRAINT %s "),
								has_primary ? "UNIQUE" : "PRIMARY KEY", column_list(columns));
	}
	else if (junction->pair_key != NULL && junction->pair_key->predicate != NULL)
	{
		predicate = predicate_text(junction->table, junction->pair_key);
		finding = add_finding(rule, junction, columns, findings);
		finding->severity = "notice";
		finding->message = psprintf("the key of %s holds the pair (%s) for some rows only",
									quote_identifier(junction->table->name), column_list(columns));
		finding->detail = psprintf("\"%s\" is partial%s%s: it can be no conflict target without its predicate, and no foreign key can point at it.",
								   junction->pair_key->name, predicate ? ", WHERE " : "",
								   predicate ? predicate : "");
	}
}

/*
 * nullable_endpoint: a link to nothing.
 *
 *	ALTER TABLE public.invoice_tags ALTER COLUMN tag_id SET NOT NULL
 */
static void
nullable_endpoint(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		List	   *nullable = NIL;
		StringInfoData fix;
		Finding    *finding;

		initStringInfo(&fix);
		foreach_ptr(char, name, endpoint_columns(junction, endpoint))
		{
			if (find_column_by_name(junction->table, name)->notnull)
				continue;
			appendStringInfo(&fix, "%s ALTER COLUMN %s SET NOT NULL",
							 nullable ? "," : "", quote_identifier(name));
			nullable = lappend(nullable, name);
		}
		if (nullable == NIL)
			continue;
		finding = add_finding(rule, junction, nullable, findings);
		finding->message = psprintf("(%s) of %s can be null", column_list(nullable),
									quote_identifier(junction->table->name));
		finding->detail = psprintf("A row with a null there links to no row of %s, and no foreign key objects.",
								   quote_identifier(endpoint->key->parent_name));
		finding->fix = psprintf("ALTER TABLE %s%s", table_name(junction), fix.data);
	}
}

/*
 * multiway: several relationships in one table.
 */
static void
multiway(const Rule *rule, const Junction *junction, Findings *findings)
{
	List	   *columns = pair_columns(junction);
	Finding    *finding;
	StringInfoData parents;

	if (junction->kind != JUNCTION_MULTIWAY)
		return;
	initStringInfo(&parents);
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		appendStringInfo(&parents, "%s%s", parents.len ? ", " : "",
						 quote_identifier(endpoint->key->parent_name));
	finding = add_finding(rule, junction, columns, findings);
	finding->message = psprintf("the key of %s links %d tables",
								quote_identifier(junction->table->name),
								list_length(junction->endpoints));
	finding->detail = psprintf("\"%s\" over (%s) holds links to %s: if two of them decide the third, they are a table of their own.",
							   junction->pair_key->name, column_list(columns), parents.data);
}

static const Rule rules[] = {
	{"half_indexed", "warning", half_indexed},
	{"missing_pair_key", "error", missing_pair_key},
	{"nullable_endpoint", "error", nullable_endpoint},
	{"multiway", "notice", multiway},
};

/*
 * All that is wrong with a junction: a list of Finding, rule by rule.  names:
 * those of its schema that other fixes have taken.
 */
List *
apply_rules(const Junction *junction, NameSpace *names)
{
	Findings	findings = {NIL, names};

	for (int i = 0; i < lengthof(rules); i++)
		rules[i].apply(&rules[i], junction, &findings);
	return findings.list;
}
