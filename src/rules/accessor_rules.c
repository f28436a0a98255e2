/*
 * accessor_rules.c
 *		The rule about functions of junction.create_accessors: stale_accessor.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/regproc.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Returns the statement that makes the accessors of a kind again; null for a kind
 * that only a hand-written comment has.
 *
 *	SELECT junction.create_accessors('public.invoice_tags'::pg_catalog.regclass,
 *		ARRAY['list']::pg_catalog.text[], NULL::pg_catalog.text, false)
 */
static char *
accessor_fix(const AccessorFacts *accessor, const TableFacts *junction)
{
	if (strcmp(accessor->kind, "list") != 0 && strcmp(accessor->kind, "matching") != 0)
		return NULL;
	return psprintf("SELECT junction.create_accessors(%s, ARRAY[%s]::pg_catalog.text[], NULL::pg_catalog.text, false)",
					typed_literal(table_name(junction), "regclass"),
					literal_list(list_make1(accessor->kind)));
}

/*
 * stale_accessor: the table has columns that an accessor which returns its rows
 * does not return, as they were added later.  PostgreSQL refuses to call it (42P13).
 */
void
rule_stale_accessor(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;

	foreach_ptr(AccessorFacts, accessor, table->accessors)
	{
		List	   *missing = list_copy_tail(names_of(table->columns), accessor->ncolumns);
		Finding    *finding;

		if (missing == NIL)
			continue;
		finding = add_finding(rule, junction, missing, findings);
		finding->message = psprintf("function %s returns rows of %s without (%s)", format_procedure(accessor->function),
									quote_identifier(table->name), column_list(missing));
		finding->detail = "It was made before they were added, and PostgreSQL refuses each call of it (42P13).";
		finding->fix = accessor_fix(accessor, find_table(findings->database, accessor->junction));
	}
}
