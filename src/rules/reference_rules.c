/*
 * reference_rules.c
 *		Rules about foreign keys: unvalidated_foreign_key, undeclared_endpoint,
 *		no_cascade and tenant_mismatch.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Add a finding about the columns of an endpoint.
 */
static Finding *
add_reference_finding(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
					  Findings *findings)
{
	return add_finding(rule, junction, endpoint_columns(junction, endpoint), findings);
}

/*
 * Returns the endpoint that has exactly the columns of a foreign key, or null:
 * the foreign key may be a scope, or beside the pair.
 */
static Endpoint *
find_endpoint(const Junction *junction, const ForeignKeyFacts *key)
{
	Bitmapset  *columns = key_columns(key);

	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		if (bms_equal(endpoint->columns, columns))
			return endpoint;
	return NULL;
}

/*
 * Do two foreign keys of a table map the same columns to the same columns of
 * the same parent, in any order?
 */
static bool
are_twins(const ForeignKeyFacts *key, const ForeignKeyFacts *other)
{
	if (key == other || key->parent != other->parent || key->nkeys != other->nkeys)
		return false;
	for (int i = 0; i < key->nkeys; i++)
	{
		int			j = 0;

		while (j < other->nkeys && other->columns[j] != key->columns[i])
			j++;
		if (j == other->nkeys || other->parent_columns[j] != key->parent_columns[i])
			return false;
	}
	return true;
}

/*
 * Does a foreign key hold for all rows: is it validated, with all triggers
 * enabled on both tables?
 */
static bool
holds(const ForeignKeyFacts *key)
{
	return key->validated && key->disabled == NIL && key->disabled_at_parent == NIL &&
		key->disabled_below == NIL;
}

/*
 * Is there another foreign key on the same columns that holds for all rows?
 */
static bool
is_held_by_twin(const TableFacts *table, const ForeignKeyFacts *key)
{
	foreach_ptr(ForeignKeyFacts, other, table->foreign_keys)
		if (holds(other) && are_twins(key, other))
			return true;
	return false;
}

/*
 * Add a finding if a foreign key is NOT VALID or NOT ENFORCED.
 *
 *	ALTER TABLE public.invoice_tags VALIDATE CONSTRAINT invoice_tags_tag_id_fkey
 *	ALTER TABLE public.invoice_tags ALTER CONSTRAINT invoice_tags_tag_id_fkey ENFORCED
 */
static void
unproven(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
		 const ForeignKeyFacts *key, Findings *findings)
{
	Finding    *finding;

	if (key->validated)
		return;
	finding = add_reference_finding(rule, junction, endpoint, findings);
	finding->message = psprintf("foreign key %s of %s is not %s", quote_identifier(key->name),
								quote_identifier(junction->table->name),
								key->enforced ? "validated" : "enforced");
	finding->foreign_key = key->oid;
	finding->detail = psprintf("There may be rows that link to no row of %s.",
							   quote_identifier(key->parent_name));
	finding->fix = psprintf("ALTER TABLE %s %s %s%s", table_name(junction->table),
							key->enforced ? "VALIDATE CONSTRAINT" : "ALTER CONSTRAINT",
							quote_identifier(key->name), key->enforced ? "" : " ENFORCED");
}

/*
 * Add a finding if triggers of a foreign key are disabled.  where: the OID of the
 * table that has the triggers, the junction or the parent (at_parent), or a partition
 * of it.  It is skipped if it was dropped meanwhile.
 *
 *	ALTER TABLE public.tags ENABLE TRIGGER "RI_ConstraintTrigger_a_16402"
 */
static void
not_firing(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
		   const ForeignKeyFacts *key, Oid where, bool at_parent, List *triggers, Findings *findings)
{
	char	   *name = triggers != NIL ? get_rel_name(where) : NULL;
	char	   *schema = name != NULL ? get_namespace_name_or_temp(get_rel_namespace(where)) : NULL;
	Finding    *finding;
	StringInfoData fix;

	if (schema == NULL)
		return;
	finding = add_reference_finding(rule, junction, endpoint, findings);
	finding->foreign_key = key->oid;
	finding->message = psprintf("triggers of foreign key %s are disabled on %s",
								quote_identifier(key->name), quote_identifier(name));
	finding->detail = psprintf(at_parent ? "Rows of %s can be deleted without their links." :
							   "Links to no row of %s can be inserted.",
							   quote_identifier(key->parent_name));
	initStringInfo(&fix);
	foreach_ptr(char, trigger, triggers)
		appendStringInfo(&fix, "%s ENABLE TRIGGER %s", fix.len ? "," : "", quote_identifier(trigger));
	finding->fix = psprintf("ALTER TABLE %s%s", quote_qualified_identifier(schema, name), fix.data);
}

/*
 * Add a finding for each partition, of the junction or the parent, on which alone
 * triggers of a foreign key are disabled.  Where they are on the whole table, its
 * own fix enables those of the partitions too.
 */
static void
not_firing_below(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
				 const ForeignKeyFacts *key, bool at_parent, Findings *findings)
{
	List	   *partitions = NIL;

	if ((at_parent ? key->disabled_at_parent : key->disabled) != NIL)
		return;
	foreach_ptr(DisabledTrigger, disabled, key->disabled_below)
		if (disabled->at_parent == at_parent)
			partitions = list_append_unique_oid(partitions, disabled->partition);
	foreach_oid(partition, partitions)
	{
		List	   *triggers = NIL;

		foreach_ptr(DisabledTrigger, disabled, key->disabled_below)
			if (disabled->partition == partition && disabled->at_parent == at_parent)
				triggers = lappend(triggers, disabled->name);
		not_firing(rule, junction, endpoint, key, partition, at_parent, triggers, findings);
	}
}

/*
 * unvalidated_foreign_key: a foreign key of an endpoint does not hold for all
 * rows, and no other one on the same columns does.
 */
void
rule_unvalidated_foreign_key(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(ForeignKeyFacts, key, junction->table->foreign_keys)
	{
		Endpoint   *endpoint;

		if (holds(key))
			continue;
		endpoint = find_endpoint(junction, key);
		if (endpoint == NULL || is_held_by_twin(junction->table, key))
			continue;
		unproven(rule, junction, endpoint, key, findings);
		not_firing(rule, junction, endpoint, key, junction->table->oid, false, key->disabled, findings);
		not_firing(rule, junction, endpoint, key, key->parent, true, key->disabled_at_parent, findings);
		not_firing_below(rule, junction, endpoint, key, false, findings);
		not_firing_below(rule, junction, endpoint, key, true, findings);
	}
}

/*
 * Returns a whole key over exactly two columns, the primary key if it is one;
 * or null.
 */
static IndexFacts *
two_column_key(const TableFacts *table)
{
	IndexFacts *key = NULL;

	foreach_ptr(IndexFacts, index, table->indexes)
		if (is_whole_key(index) && index->nkeys == 2 && index->columns[0] != index->columns[1] &&
			(key == NULL || index->primary))
			key = index;
	return key;
}

/* Does a table have a foreign key on this column alone? */
static bool
is_declared(const TableFacts *table, AttrNumber column)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (key->nkeys == 1 && key->columns[0] == column)
			return true;
	return false;
}

/*
 * Add the finding of a key column that has no foreign key to its parent.
 *
 *	ALTER TABLE public.invoice_tags
 *		ADD CONSTRAINT c FOREIGN KEY (tag_id) REFERENCES public.tags (id)
 *			ON DELETE CASCADE NOT VALID,
 *		VALIDATE CONSTRAINT c
 *
 * without NOT VALID, and what follows it, for a partitioned table.
 */
static void
add_undeclared(const Rule *rule, const Junction *junction, const ColumnFacts *column,
			   const TableFacts *parent, Findings *findings)
{
	const TableFacts *table = junction->table;
	List	   *columns = list_make1(column->name);
	List	   *parent_columns = column_names(parent, find_primary_key(parent)->columns, 1);
	Finding    *finding = add_finding(rule, junction, columns, findings);
	const char *name = quote_identifier(choose_name(findings->names, NAME_FOREIGN_KEY, table->name,
													columns, parent->name, parent_columns));

	finding->message = psprintf("%s of %s refers to %s without a foreign key",
								quote_identifier(column->name), quote_identifier(table->name),
								quote_identifier(parent->name));
	finding->detail = psprintf("The key over two such columns makes %s a junction, but a link can refer to a row that does not exist.",
							   quote_identifier(table->name));
	finding->fix = psprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE CASCADE",
							table_name(table), name, column_list(columns),
							table_name(parent), column_list(parent_columns));
	finding->referenced = parent->oid;
	/* a partitioned table can have no NOT VALID foreign key before 18 */
	if (table->kind != RELKIND_PARTITIONED_TABLE)
		finding->fix = psprintf("%s NOT VALID, VALIDATE CONSTRAINT %s", finding->fix, name);
	mention_orm(finding, "the foreign key");
}

/*
 * undeclared_endpoint: a table has a key over two columns that are named and
 * typed like foreign keys, and one or both have none.  Without a key, the table
 * has to have no other column, and to be named after both parents
 * (bare_junction.c): a warning.
 */
void
rule_undeclared_endpoint(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	IndexFacts *key = junction->kind == JUNCTION_NONE ? two_column_key(table) : NULL;
	TableFacts *parents[2] = {NULL, NULL};

	if (junction->kind != JUNCTION_NONE || table->extension_member ||
		add_bare_junction(rule, junction, findings) || key == NULL)
		return;
	for (int i = 0; i < 2; i++)
	{
		ColumnFacts *column = find_column(table, key->columns[i]);

		if (is_unique(table, bms_make_singleton(column->attnum)))
			return;
		if (is_declared(table, column->attnum))
			continue;
		parents[i] = find_parent_by_link(findings->database, table, column->name, column->type);
		if (parents[i] == NULL)
			return;				/* a property, not a link */
	}
	for (int i = 0; i < 2; i++)
		if (parents[i] != NULL)
			add_undeclared(rule, junction, find_column(table, key->columns[i]), parents[i], findings);
}

/*
 * Does the ON DELETE action of a foreign key fire at the end of the statement?
 * Only NO ACTION can be deferred to the commit.
 */
static bool
acts_at_once(const ForeignKeyFacts *key)
{
	return key->enforced && key->disabled_at_parent == NIL &&
		!(key->deferred && key->on_delete == FKCONSTR_ACTION_NOACTION);
}

/*
 * Does another foreign key on the same columns delete the links before this
 * one acts?  Of two that fire at the end of the statement, the older one fires
 * first: triggers fire in the order of their names, which hold their OIDs.
 */
static bool
is_forestalled(const TableFacts *table, const ForeignKeyFacts *key)
{
	foreach_ptr(ForeignKeyFacts, other, table->foreign_keys)
		if (other->on_delete == FKCONSTR_ACTION_CASCADE && acts_at_once(other) &&
			are_twins(key, other) && (other->oid < key->oid || !acts_at_once(key)))
			return true;
	return false;
}

/*
 * Returns a sentence for the detail: what happens to the links when a row of the
 * parent is deleted.
 */
static char *
describe_action(const Junction *junction, const ForeignKeyFacts *key)
{
	const TableFacts *table = junction->table;
	const char *parent = quote_identifier(key->parent_name);
	Bitmapset  *not_null = NULL;

	if (key->delete_set == NULL)
		return psprintf("A row of %s cannot be deleted while it has links; ignore this finding if that is intended.",
						parent);
	foreach_ptr(ColumnFacts, column, table->columns)
		if (column->notnull)
			not_null = bms_add_member(not_null, column->attnum);
	if (sets_null(table, key->on_delete, key->delete_set, not_null))
		return psprintf("A row of %s cannot be deleted while it has links: the foreign key sets a NOT NULL column to null.",
						parent);
	return psprintf("When a row of %s is deleted, its links stay and refer to another row, or to none.",
					parent);
}

/*
 * Add the finding of a foreign key that is not ON DELETE CASCADE.  It is a
 * warning if the foreign key keeps the links (SET NULL, SET DEFAULT).
 *
 *	ALTER TABLE public.invoice_tags DROP CONSTRAINT c,
 *		ADD CONSTRAINT c FOREIGN KEY (tag_id) REFERENCES public.tags (id)
 *			ON DELETE CASCADE
 */
static void
add_no_cascade(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
			   const ForeignKeyFacts *key, Findings *findings)
{
	Finding    *finding = add_reference_finding(rule, junction, endpoint, findings);
	StringInfoData fix;

	/* a link without its end is never intended; refusing the delete can be */
	if (key->delete_set != NULL)
		finding->severity = SEVERITY_WARNING;
	finding->message = psprintf("links of %s are not deleted with rows of %s",
								quote_identifier(junction->table->name),
								quote_identifier(key->parent_name));
	finding->detail = describe_action(junction, key);
	finding->foreign_key = key->oid;
	initStringInfo(&fix);
	appendStringInfo(&fix, "ALTER TABLE %s", table_name(junction->table));
	if (append_cascading(&fix, junction, key, key->on_update))
	{
		finding->fix = fix.data;
		finding->rebuilt = list_make1_oid(key->oid);
		mention_orm(finding, "ON DELETE CASCADE");
	}
}

/*
 * Is this a foreign key as Django makes it, NO ACTION DEFERRABLE INITIALLY
 * DEFERRED?  It leaves the deletes to the application, which deletes the links
 * before or after the row, in the same transaction.
 */
static bool
waits_for_commit(const ForeignKeyFacts *key)
{
	return key->on_delete == FKCONSTR_ACTION_NOACTION && key->deferred;
}

/*
 * no_cascade: links are not deleted with the parent row of an endpoint.  Not of a
 * foreign key that waits_for_commit(); nor of one with PERIOD, which PostgreSQL
 * cannot make cascade.
 */
void
rule_no_cascade(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(ForeignKeyFacts, key, junction->table->foreign_keys)
	{
		Endpoint   *endpoint;

		if (key->on_delete == FKCONSTR_ACTION_CASCADE || key->period != 0 ||
			waits_for_commit(key))
			continue;
		endpoint = find_endpoint(junction, key);
		if (endpoint != NULL && !is_forestalled(junction->table, key))
			add_no_cascade(rule, junction, endpoint, key, findings);
	}
}

/*
 * Does the parent have a whole key over exactly this column and the columns
 * that a foreign key references?  Such as (tenant_id, id), if the foreign key
 * references id.
 */
static bool
keys_with(const TableFacts *parent, const ForeignKeyFacts *key, AttrNumber column)
{
	Bitmapset  *wanted = bms_make_singleton(column);

	for (int i = 0; i < key->nkeys; i++)
		wanted = bms_add_member(wanted, key->parent_columns[i]);
	if (bms_num_members(wanted) == key->nkeys)
		return false;			/* the foreign key references the column itself */
	foreach_ptr(IndexFacts, index, parent->indexes)
		if (is_whole_key(index) && bms_equal(index->column_set, wanted))
			return true;
	return false;
}

/*
 * Do both foreign keys begin with the tenant column of their parent?  The
 * caller knows that they share no column.  False for a table that is linked to
 * itself: there, the column may just be a part of the key.
 */
static bool
have_tenant_each(const TableFacts *left, const ForeignKeyFacts *left_key, const ColumnFacts *tenant,
				 const TableFacts *right, const ForeignKeyFacts *right_key, const ColumnFacts *other)
{
	return left != right && left_key->nkeys > 1 && right_key->nkeys > 1 &&
		left_key->parent_columns[0] == tenant->attnum &&
		right_key->parent_columns[0] == other->attnum;
}

/*
 * tenant_mismatch: both parents have a tenant column in a key with their id,
 * and the foreign keys share no column, so a link can join two tenants.  The
 * tenant is any column of the same name and type in both.
 */
void
rule_tenant_mismatch(const Rule *rule, const Junction *junction, Findings *findings)
{
	Endpoint   *left;
	Endpoint   *right;
	TableFacts *left_parent;
	TableFacts *right_parent;

	if (list_length(junction->endpoints) != 2)
		return;
	left = linitial(junction->endpoints);
	right = lsecond(junction->endpoints);
	if (bms_overlap(left->columns, right->columns))
		return;					/* the shared column is the tenant */
	left_parent = left->key->parent_table;
	right_parent = right->key->parent_table;
	if (left_parent == NULL || right_parent == NULL)
		return;
	foreach_ptr(ColumnFacts, tenant, left_parent->columns)
	{
		ColumnFacts *other = find_column_by_name(right_parent, tenant->name);
		Finding    *finding;

		if (other == NULL || other->type != tenant->type)
			continue;
		if (!(keys_with(left_parent, left->key, tenant->attnum) &&
			  keys_with(right_parent, right->key, other->attnum)) &&
			!have_tenant_each(left_parent, left->key, tenant, right_parent, right->key, other))
			continue;
		finding = add_finding(rule, junction, pair_columns(junction), findings);
		finding->message = psprintf("links of %s can join rows of different %s",
									quote_identifier(junction->table->name),
									quote_identifier(tenant->name));
		finding->detail = psprintf("%s and %s both have %s in a key with their id, but the foreign keys of %s share no such column.",
								   quote_identifier(left_parent->name),
								   quote_identifier(right_parent->name),
								   quote_identifier(tenant->name),
								   quote_identifier(junction->table->name));
	}
}
