/*
 * reference_rules.c
 *		Rules about foreign keys: that they are there, that they hold, that
 *		links go with their ends, and stay within one tenant.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

static Finding *
add_reference_finding(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
					  Findings *findings)
{
	return add_finding(rule, junction, endpoint_columns(junction, endpoint), findings);
}

/*
 * The endpoint on whose columns a foreign key is, or null: it may be the scope
 * of one, or beside the pair.
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
 * Do two foreign keys of a table say the same, whatever they are called?
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
 * Does a foreign key keep all rows from linking to nothing?
 */
static bool
holds(const ForeignKeyFacts *key)
{
	return key->validated && key->disabled == NIL && key->disabled_at_parent == NIL;
}

/*
 * Does another one do so in its place?
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
 * A foreign key that is not proven, or only noted.
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
	finding->detail = psprintf("Rows may be there that link to nothing in %s.",
							   quote_identifier(key->parent_name));
	finding->fix = psprintf("ALTER TABLE %s %s %s%s", table_name(junction->table),
							key->enforced ? "VALIDATE CONSTRAINT" : "ALTER CONSTRAINT",
							quote_identifier(key->name), key->enforced ? "" : " ENFORCED");
}

/*
 * A foreign key whose triggers do not fire, here or at the parent.  Those of
 * the user's own that were disabled are nobody's business.
 *
 *	ALTER TABLE public.tags ENABLE TRIGGER "RI_ConstraintTrigger_a_16402"
 */
static void
not_firing(const Rule *rule, const Junction *junction, const Endpoint *endpoint,
		   const ForeignKeyFacts *key, const TableFacts *where, List *triggers, Findings *findings)
{
	bool		here = where == junction->table;
	Finding    *finding;
	StringInfoData fix;

	if (triggers == NIL || where == NULL)
		return;
	finding = add_reference_finding(rule, junction, endpoint, findings);
	finding->foreign_key = key->oid;
	finding->message = psprintf("triggers of foreign key %s are disabled on %s",
								quote_identifier(key->name), quote_identifier(where->name));
	finding->detail = psprintf(here ? "Links to nothing in %s can be inserted." :
							   "Rows of %s can go and leave their links behind.",
							   quote_identifier(key->parent_name));
	initStringInfo(&fix);
	foreach_ptr(char, trigger, triggers)
		appendStringInfo(&fix, "%s ENABLE TRIGGER %s", fix.len ? "," : "", quote_identifier(trigger));
	finding->fix = psprintf("ALTER TABLE %s%s", table_name(where), fix.data);
}

/*
 * unvalidated_foreign_key: a foreign key that does not hold all rows, and has
 * no twin that does.
 *
 *	ALTER TABLE public.invoice_tags VALIDATE CONSTRAINT invoice_tags_tag_id_fkey
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
		not_firing(rule, junction, endpoint, key, junction->table, key->disabled, findings);
		not_firing(rule, junction, endpoint, key, key->parent_table, key->disabled_at_parent,
				   findings);
	}
}

/*
 * The unique index over exactly two columns that is, or would be, a pair key.
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

/* Does the table have a foreign key on just this column? */
static bool
is_declared(const TableFacts *table, AttrNumber column)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (key->nkeys == 1 && key->columns[0] == column)
			return true;
	return false;
}

/*
 *	ALTER TABLE public.invoice_tags
 *		ADD CONSTRAINT c FOREIGN KEY (tag_id) REFERENCES public.tags (id)
 *			ON DELETE CASCADE NOT VALID,
 *		VALIDATE CONSTRAINT c
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

	finding->message = psprintf("%s of %s refers to %s, and no foreign key says so",
								quote_identifier(column->name), quote_identifier(table->name),
								quote_identifier(parent->name));
	finding->detail = psprintf("A key over two such columns makes %s a junction; nothing keeps its links from pointing at nothing.",
							   quote_identifier(table->name));
	finding->fix = psprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE CASCADE NOT VALID, VALIDATE CONSTRAINT %s",
							table_name(table), name, column_list(columns),
							table_name(parent), column_list(parent_columns), name);
}

/*
 * undeclared_endpoint: a key over two columns of which one or both have no
 * foreign key, but are named and typed as if they had.
 */
void
rule_undeclared_endpoint(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	IndexFacts *key = junction->kind == JUNCTION_NONE ? two_column_key(table) : NULL;
	TableFacts *parents[2] = {NULL, NULL};

	if (key == NULL || table->extension_member)
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

/* An action of a foreign key as SQL, with the words before it */

/*
 * Does a foreign key do at once, when a row of the parent goes, what it is to
 * do?  One that checks can wait for the commit.
 */
static bool
acts_at_once(const ForeignKeyFacts *key)
{
	return key->enforced && key->disabled_at_parent == NIL &&
		!(key->deferred && key->on_delete == FKCONSTR_ACTION_NOACTION);
}

/*
 * Have the links gone by a twin, before this foreign key has its say?  Those
 * that act at once do so in the order of their triggers' names, which hold
 * numbers: the oldest first.
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
 * What becomes of the links when a row of the parent is deleted.
 */
static char *
describe_action(const Junction *junction, const ForeignKeyFacts *key)
{
	const TableFacts *table = junction->table;
	const char *parent = quote_identifier(key->parent_name);
	Bitmapset  *not_null = NULL;

	if (key->delete_set == NULL)
		return psprintf("A row of %s that is linked cannot be deleted before its links are; if that is meant, all is well.",
						parent);
	foreach_ptr(ColumnFacts, column, table->columns)
		if (column->notnull)
			not_null = bms_add_member(not_null, column->attnum);
	if (sets_null(table, key->on_delete, key->delete_set, not_null))
		return psprintf("No row of %s that is linked can be deleted: the foreign key sets a column null that is NOT NULL.",
						parent);
	return psprintf("When a row of %s goes, its links are set to link to something else, or nothing.",
					parent);
}

/*
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

	/* to refuse can be meant; to keep a link without its end cannot */
	if (key->delete_set != NULL)
		finding->severity = SEVERITY_WARNING;
	finding->message = psprintf("links of %s do not go with %s",
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
	}
}

/*
 * no_cascade: links do not go with an end.  That can be meant, if the end
 * cannot be deleted while it has links (RESTRICT, NO ACTION); SET NULL and SET
 * DEFAULT are a warning.
 */
void
rule_no_cascade(const Rule *rule, const Junction *junction, Findings *findings)
{
	foreach_ptr(ForeignKeyFacts, key, junction->table->foreign_keys)
	{
		Endpoint   *endpoint;

		if (key->on_delete == FKCONSTR_ACTION_CASCADE)
			continue;
		endpoint = find_endpoint(junction, key);
		if (endpoint != NULL && !is_forestalled(junction->table, key))
			add_no_cascade(rule, junction, endpoint, key, findings);
	}
}

/*
 * Is a column, with the columns that a foreign key points at and no other, a
 * unique key of the parent?  (tenant_id, id) beside id is.
 */
static bool
keys_with(const TableFacts *parent, const ForeignKeyFacts *key, AttrNumber column)
{
	Bitmapset  *wanted = bms_make_singleton(column);

	for (int i = 0; i < key->nkeys; i++)
		wanted = bms_add_member(wanted, key->parent_columns[i]);
	if (bms_num_members(wanted) == key->nkeys)
		return false;			/* the foreign key holds it itself */
	foreach_ptr(IndexFacts, index, parent->indexes)
		if (is_whole_key(index) && bms_equal(index->column_set, wanted))
			return true;
	return false;
}

/*
 * Do both foreign keys begin with the tenant, each with one of its own?  Of a
 * table that is linked to itself that is no more than its key.
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
 * tenant_mismatch: both parents have the tenant in a key with their id, and the
 * link does not hold them to the same one.
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
		return;					/* that is how they share it */
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
		finding->message = psprintf("links of %s can cross %s",
									quote_identifier(junction->table->name),
									quote_identifier(tenant->name));
		finding->detail = psprintf("%s and %s both have %s in a key with their id, and the foreign keys of %s do not share it.",
								   quote_identifier(left_parent->name),
								   quote_identifier(right_parent->name),
								   quote_identifier(tenant->name),
								   quote_identifier(junction->table->name));
	}
}
