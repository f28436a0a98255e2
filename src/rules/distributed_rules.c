/*
 * distributed_rules.c
 *		Rules about tables that Citus distributes: local_beside_distributed,
 *		not_colocated and fan_out.
 *
 * Where Citus is not there, every table is local, and no rule finds anything.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Returns the parent of an endpoint if its rows are in shards, or else null.
 */
static const TableFacts *
parent_in_shards(const Endpoint *endpoint)
{
	const TableFacts *parent = endpoint->key->parent_table;

	return parent != NULL && is_in_shards(&parent->placement) ? parent : NULL;
}

/*
 * Fill what choose_placement() asks of the parent of an endpoint.
 */
static PlacedParent
placed_parent(const Junction *junction, const Endpoint *endpoint)
{
	const ForeignKeyFacts *key = endpoint->key;
	PlacedParent parent = {.table = key->parent};

	if (key->parent_table != NULL)
		parent.placement = key->parent_table->placement;
	for (int i = 0; i < key->nkeys; i++)
		if (parent.placement.column == key->parent_columns[i])
			parent.column = find_column(junction->table, key->columns[i])->name;
	return parent;
}

/*
 * Sets the fix of a local table whose parents allow a place: the statement that
 * distributes it, with its rows and its foreign keys.  If they allow none, says
 * why in the detail.
 */
static void
set_place(Finding *finding, const Junction *junction, const Findings *findings)
{
	const TableFacts *table = junction->table;
	PlacedParent left = placed_parent(junction, linitial(junction->endpoints));
	PlacedParent right = placed_parent(junction, lsecond(junction->endpoints));
	PlacementChoice choice = choose_placement(&left, &right);
	const TableFacts *beside = find_table(findings->database, choice.beside);
	const TableFacts *parent = find_table(findings->database, choice.other);
	const char *other;

	if (beside == NULL || parent == NULL)
		return;
	other = table_name(parent);
	if (choice.obstacle == OBSTACLE_NONE)
		finding->fix = placement_statement(&choice, table_name(table), table_name(beside));
	else if (choice.obstacle == OBSTACLE_LOCAL_PARENT)
		finding->detail = psprintf("%s To distribute %s, %s must become a reference table first: SELECT create_reference_table(%s).",
								   finding->detail, quote_identifier(table->name),
								   other, quote_literal_cstr(other));
	else
		finding->detail = psprintf("%s It cannot be distributed either: its foreign keys would lead to other servers. Make one of its parents a reference table, or give both a tenant column in their keys.",
								   finding->detail);
}

/*
 * local_beside_distributed: the table is local, and a parent is distributed.
 * To the triggers of the foreign keys, the parent's table on this server is
 * empty, or not seen to lose rows.
 */
void
rule_local_beside_distributed(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;

	if (junction->kind == JUNCTION_NONE || is_in_shards(&table->placement) ||
		table->placement.layout == LAYOUT_REFERENCE)
		return;
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		const TableFacts *parent = parent_in_shards(endpoint);
		Finding    *finding;

		if (parent == NULL)
			continue;
		finding = add_finding(rule, junction, endpoint_columns(junction, endpoint), findings);
		finding->message = psprintf("%s is a local table, and %s is distributed",
									quote_identifier(table->name), quote_identifier(parent->name));
		finding->detail = psprintf("Foreign key %s does not work: PostgreSQL does not see the rows of %s, which are in shards, so no link is deleted with its row.",
								   quote_identifier(endpoint->key->name), quote_identifier(parent->name));
		if (list_length(junction->endpoints) == 2)
			set_place(finding, junction, findings);
	}
}

/*
 * Add the finding of a distributed table and a parent whose shards are not side
 * by side.  The fix records that they are, and Citus refuses it if they are not.
 *
 *	SELECT pg_catalog.update_distributed_table_colocation('s.account_plans'::pg_catalog.regclass,
 *		colocate_with => 's.accounts'::pg_catalog.text)
 */
static void
add_apart(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
		  const TableFacts *parent, Findings *findings)
{
	const TableFacts *table = junction->table;
	Finding    *finding = add_finding(rule, junction, endpoint_columns(junction, endpoint), findings);

	finding->message = psprintf("%s and %s are not co-located", quote_identifier(table->name),
								quote_identifier(parent->name));
	finding->detail = psprintf("A link and its row of %s can be on different servers, where foreign key %s does not hold, and after shards have moved is gone.",
							   quote_identifier(parent->name), quote_identifier(endpoint->key->name));
	if (table->placement.layout == LAYOUT_DISTRIBUTED && parent->placement.layout == LAYOUT_DISTRIBUTED)
		finding->fix = psprintf("SELECT pg_catalog.update_distributed_table_colocation(%s, colocate_with => %s)",
								typed_literal(table_name(table), "regclass"),
								typed_literal(table_name(parent), "text"));
}

/*
 * Add the finding of a local table whose parents are distributed apart, so that
 * it can be beside one of them only.
 */
static void
add_parents_apart(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *left = parent_in_shards(linitial(junction->endpoints));
	const TableFacts *right = parent_in_shards(lsecond(junction->endpoints));
	Finding    *finding;

	if (left == NULL || right == NULL || are_colocated(&left->placement, &right->placement))
		return;
	finding = add_finding(rule, junction, pair_columns(junction), findings);
	finding->message = psprintf("%s and %s, which %s links, are not co-located",
								quote_identifier(left->name), quote_identifier(right->name),
								quote_identifier(junction->table->name));
	finding->detail = psprintf("A link can be beside a row of one of them only. Make the smaller one a reference table, or distribute both by a tenant column, co-located.");
}

/*
 * not_colocated: the table and a parent are both distributed, and their shards
 * are not side by side; or those of two parents, which a local table links.
 */
void
rule_not_colocated(const Rule *rule, const Junction *junction, Findings *findings)
{
	const Placement *own = &junction->table->placement;

	if (junction->kind == JUNCTION_NONE)
		return;
	if (!is_in_shards(own))
	{
		if (list_length(junction->endpoints) == 2 && own->layout != LAYOUT_REFERENCE)
			add_parents_apart(rule, junction, findings);
		return;
	}
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		const TableFacts *parent = parent_in_shards(endpoint);

		if (parent != NULL && !are_colocated(own, &parent->placement))
			add_apart(rule, junction, endpoint, parent, findings);
	}
}

/*
 * fan_out: the columns of an endpoint do not hold the distribution column.  No
 * fix: that is what a table distributed by the other end is like.
 */
void
rule_fan_out(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	AttrNumber	column = table->placement.column;

	if (junction->kind == JUNCTION_NONE || table->placement.layout != LAYOUT_DISTRIBUTED || column == 0)
		return;
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
	{
		List	   *columns = endpoint_columns(junction, endpoint);
		Finding    *finding;

		if (bms_is_member(column, endpoint->columns))
			continue;
		finding = add_finding(rule, junction, columns, findings);
		finding->message = psprintf("a lookup of %s by (%s) asks every shard",
									quote_identifier(table->name), column_list(columns));
		finding->detail = psprintf("The table is distributed by %s: only a query that says which %s goes to one shard.",
								   quote_identifier(find_column(table, column)->name),
								   quote_identifier(find_column(table, column)->name));
	}
}
