/*
 * distributed_rules.c
 *		Rules about tables that Citus distributes: local_beside_distributed,
 *		not_colocated and fan_out.
 *
 * Where Citus is not there, every table is local, and no rule finds anything.
 * Also, what becomes of the fixes of other rules that Citus would refuse.
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parser.h"
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
 * The parent's rows are deleted in its shards, where no trigger knows of the
 * foreign key.
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
		finding->detail = psprintf("Foreign key %s refuses a link to no row, but the rows of %s are in shards, and are deleted there without their links.",
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
	finding->detail = psprintf("Foreign key %s needs the shards of both on one server, and Citus can move none of %s as long as it does not know them to belong together.",
							   quote_identifier(endpoint->key->name), quote_identifier(table->name));
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
	finding->detail = pstrdup("A link can be beside a row of one of them only. Make the smaller one a reference table, or distribute both by a tenant column, co-located.");
}

/*
 * Returns a whole key over two columns beside the distribution column, if it
 * holds that; or over two columns; or null.
 */
static const IndexFacts *
link_key(const TableFacts *table)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (is_whole_key(index) && bms_num_members(index->column_set) == index->nkeys &&
			(index->nkeys == 2 ||
			 (index->nkeys == 3 && bms_is_member(table->placement.column, index->column_set))))
			return index;
	return NULL;
}

/*
 * Add a finding for each column of the key of a distributed table that is named
 * and typed like a foreign key, has none, and cannot have one, as the parent's
 * shards are elsewhere.  alter_distributed_table() drops foreign keys so.
 */
static void
add_lost_parents(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	const IndexFacts *key = link_key(table);

	for (int i = 0; key != NULL && i < key->nkeys; i++)
	{
		const ColumnFacts *column = find_column(table, key->columns[i]);
		const TableFacts *parent = key->nkeys == 3 && column->attnum == table->placement.column ? NULL :
			find_parent_by_link(findings->database, table, column->name, column->type);
		Finding    *finding;

		if (parent == NULL || !is_in_shards(&parent->placement) ||
			are_colocated(&table->placement, &parent->placement))
			continue;
		finding = add_finding(rule, junction, list_make1(column->name), findings);
		finding->message = psprintf("%s of %s refers to %s, which is not co-located",
									quote_identifier(column->name), quote_identifier(table->name),
									quote_identifier(parent->name));
		finding->detail = psprintf("It has no foreign key, and Citus allows none until %s is beside %s: alter_distributed_table(..., colocate_with => ...).",
								   quote_identifier(table->name), quote_identifier(parent->name));
	}
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
	{
		if (own->layout == LAYOUT_DISTRIBUTED && !junction->table->extension_member)
			add_lost_parents(rule, junction, findings);
		return;
	}
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

/*
 * Does Citus refuse a statement because it makes several changes in one ALTER
 * TABLE?
 */
static bool
has_several_changes(const char *statement)
{
	foreach_ptr(RawStmt, raw, raw_parser(statement, RAW_PARSE_DEFAULT))
		if (IsA(raw->stmt, AlterTableStmt) && list_length(castNode(AlterTableStmt, raw->stmt)->cmds) > 1)
			return true;
	return false;
}

/*
 * Takes the fixes of a table of Citus away that Citus refuses.
 */
void
leave_out_refused_fixes(const Junction *junction, const Findings *findings)
{
	if (junction->table->placement.layout == LAYOUT_LOCAL)
		return;
	foreach_ptr(Finding, finding, findings->list)
	{
		if (finding->fix == NULL || !has_several_changes(finding->fix))
			continue;
		finding->detail = psprintf("%s%sCitus takes one change at a time, so divide this into statements: %s",
								   finding->detail ? finding->detail : "", finding->detail ? " " : "",
								   finding->fix);
		finding->fix = NULL;
	}
}
