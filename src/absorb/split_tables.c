/*
 * split_tables.c
 *		Takes a multiway table apart into junctions of two ends each.
 *
 *	1. Check: the parts can be joined to the table's rows again, each own column
 *	   has its part, the rows have all their ends, and what would be dropped with
 *	   the table is not needed.
 *	2. Build: for each part, what junction.create builds, with the rows
 *	   (create/build_junction.c), and the table's own constraints that fit into
 *	   it; then DROP TABLE, or with keep_source a comment for the report.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/comment.h"
#include "rewrite/prs2lock.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "create/create.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Refuse to take the table apart if the join of the parts has more rows: 55000,
 * with their number.
 */
static void
check_lossless(const Split *split)
{
	const Junction *junction = split->junction;
	List	   *parts = NIL;
	EndRows    *read;
	int64		spurious;

	foreach_ptr(NewPart, part, split->parts)
		parts = lappend(parts, &part->ends);
	read = read_end_rows(junction);
	spurious = count_joined(junction, read, parts) - count_combinations(junction, read);
	if (spurious > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" cannot be put together again from these parts",
						display_name(junction->table->oid)),
				 errdetail_plural("Their join has %lld row that the table does not have.",
								  "Their join has %lld rows that the table does not have.", spurious,
								  (long long) spurious),
				 errhint("junction.dependencies shows which ways to take it apart are lossless.")));
}

/*
 * Refuse rows that a part cannot take: 23502 for a null in an end, 23503 for a
 * row without one in the parent.
 */
static void
check_rows_have_ends(const Split *split)
{
	const TableFacts *table = split->junction->table;
	List	   *nullable = nullable_columns(table, split->junction->pair);
	int64		count = nullable != NIL ? count_nulls(table->oid, nullable) : 0;

	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("rows of \"%s\" lack an end", display_name(table->oid)),
				 errdetail_plural("%lld row has a null in (%s).", "%lld rows have a null in (%s).", count,
								  (long long) count, column_list(nullable)),
				 errhint("Delete these rows, or give them all ends.")));
	foreach_ptr(Endpoint, end, split->junction->endpoints)
	{
		if ((end->key->validated && end->key->enforced) || !may_read_all(end->key->parent))
			continue;
		count = count_orphans(table, end->key);
		if (count > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("rows of \"%s\" link to rows that do not exist", display_name(table->oid)),
					 errdetail_plural("%lld row links to no row of %s by foreign key \"%s\".",
									  "%lld rows link to no row of %s by foreign key \"%s\".", count,
									  (long long) count, quote_identifier(end->key->parent_name), end->key->name),
					 errhint("Delete these rows, or insert the rows that they link to.")));
	}
}

/* Is the constraint the foreign key of an end, which each part gets anyway? */
static bool
is_of_end(const Junction *junction, const ConstraintFacts *constraint)
{
	foreach_ptr(Endpoint, end, junction->endpoints)
		if (end->key->oid == constraint->oid)
			return true;
	return false;
}

/*
 * Can a part have this constraint of the table too: a foreign key or a check,
 * whose columns are all in the part?
 */
static bool
fits_into(const Split *split, const NewPart *part, const ConstraintFacts *constraint)
{
	Bitmapset  *columns = bms_union(part->ends.left->columns, part->ends.right->columns);

	foreach_ptr(ColumnFacts, column, part->own)
		columns = bms_add_member(columns, column->attnum);
	if (constraint->type == CONSTRAINT_FOREIGN)
	{
		const ForeignKeyFacts *key = find_foreign_key(split->junction->table, constraint->oid);

		if (key == NULL || key->parent == split->junction->table->oid || key->period != 0)
			return false;
	}
	return !bms_is_empty(constraint->column_set) && bms_is_subset(constraint->column_set, columns);
}

/*
 * Returns the constraints of the table that the parts may take over.
 */
static List *
moving_constraints(const Split *split)
{
	List	   *result = NIL;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(split->junction->table->oid))
		if ((constraint->type == CONSTRAINT_FOREIGN || constraint->type == CONSTRAINT_CHECK) &&
			!is_of_end(split->junction, constraint))
			result = lappend(result, constraint);
	return result;
}

/*
 * Appends what would be dropped with the table and is in no part: constraints,
 * triggers, rules, row-level security.
 */
static void
append_losses(StringInfo buf, const Split *split)
{
	TriggerDesc *triggers = split->rel->trigdesc;

	foreach_ptr(ConstraintFacts, constraint, moving_constraints(split))
	{
		bool		moves = false;

		foreach_ptr(NewPart, part, split->parts)
			moves |= fits_into(split, part, constraint);
		if (!moves)
			appendStringInfo(buf, "%sconstraint %s", buf->len ? ", " : "", quote_identifier(constraint->name));
	}
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal)
			appendStringInfo(buf, "%strigger %s", buf->len ? ", " : "",
							 quote_identifier(triggers->triggers[i].tgname));
	if (split->rel->rd_rules != NULL)
		appendStringInfo(buf, "%srules", buf->len ? ", " : "");
	if (split->rel->rd_rel->relrowsecurity)
		appendStringInfo(buf, "%srow-level security", buf->len ? ", " : "");
}

/*
 * Refuse to drop a table that other objects depend on, or with which rules of its
 * own would be lost: 2BP01.
 */
static void
check_source_free(const Split *split)
{
	Oid			relid = split->junction->table->oid;
	char	   *dependents = describe_dependents(list_make1(make_address(RelationRelationId, relid, 0)), true);
	StringInfoData losses;

	initStringInfo(&losses);
	if (dependents != NULL)
		appendStringInfoString(&losses, dependents);
	append_losses(&losses, split);
	if (losses.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("\"%s\" cannot be dropped", display_name(relid)),
				 errdetail("These would be lost or stand in the way: %s.", losses.data),
				 errhint("Drop or move them first, or keep the table with keep_source => true.")));
}

/*
 * Returns what follows REFERENCES in the foreign key of a part, as that of the
 * table has it.
 */
static char *
actions_of(const ForeignKeyFacts *key)
{
	static const struct
	{
		char		action;
		const char *text;
	}			actions[] = {
		{FKCONSTR_ACTION_CASCADE, "CASCADE"}, {FKCONSTR_ACTION_RESTRICT, "RESTRICT"}
	};
	StringInfoData buf;

	/* SET NULL and SET DEFAULT do not fit columns of a primary key */
	initStringInfo(&buf);
	for (int i = 0; i < lengthof(actions); i++)
		if (key->on_delete == actions[i].action)
			appendStringInfo(&buf, " ON DELETE %s", actions[i].text);
	for (int i = 0; i < lengthof(actions); i++)
		if (key->on_update == actions[i].action)
			appendStringInfo(&buf, " ON UPDATE %s", actions[i].text);
	if (key->deferrable)
		appendStringInfo(&buf, " DEFERRABLE%s", key->deferred ? " INITIALLY DEFERRED" : "");
	return buf.data;
}

/*
 * Opens the parent of one end of a part, and names its columns as the table does.
 */
static void
open_end(const Split *split, NewEndpoint *side, const Endpoint *end, List *shared)
{
	const TableFacts *table = split->junction->table;

	open_referenced_parent(&side->parent, table, end->key, shared);
	for (int i = 0; i < end->key->nkeys; i++)
	{
		char	   *name = find_column(table, end->key->columns[i])->name;

		if (!list_has_name(shared, name))
			side->columns = lappend(side->columns, name);
	}
	side->on_delete = actions_of(end->key);
}

/*
 * Decides the junction that a part becomes, but for its rows.  Raises what
 * junction.create would raise.
 */
static void
decide_part(const Split *split, NewPart *part)
{
	NewJunction *junction = &part->junction;
	const TableFacts *table = split->junction->table;

	foreach_ptr(char, name, endpoint_columns(split->junction, part->ends.left))
		if (bms_is_member(find_column_by_name(table, name)->attnum, part->ends.right->columns))
			junction->shared = lappend(junction->shared, name);
	junction->reverse_index = true;
	open_end(split, &junction->left, part->ends.left, junction->shared);
	open_end(split, &junction->right, part->ends.right, junction->shared);
	junction->own_columns = names_of(part->own);
	foreach_ptr(ColumnFacts, column, part->own)
		junction->own_definitions = lappend(junction->own_definitions, own_definition(split, column));
	decide_junction(junction, cstring_to_text(part->name));
	check_table_name_free(junction->namespace, junction->name);
}

/*
 * Raises all refusals of a split into tables, and decides what the parts are.
 */
void
check_tables(Split *split, bool dry_run)
{
	check_lossless(split);
	check_rows_have_ends(split);
	place_own_columns(split);
	foreach_ptr(NewPart, part, split->parts)
		decide_part(split, part);
	if (!split->keep_source)
		check_source_free(split);
	if (!dry_run)
		check_snapshot(split->junction->table->oid, "split");
}

/*
 * Returns the ends of a part's rows: the table's columns, as the parents have
 * them.
 *
 *	invoice_id, CAST(tag_id AS bigint)
 */
static char *
part_values(const Split *split, const NewJunction *junction, List *pair)
{
	List	   *targets = list_concat(list_concat_copy(junction->left.parent.shared, junction->left.parent.own),
									  junction->right.parent.own);
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, pair)
	{
		const ColumnFacts *column = find_column_by_name(split->junction->table, name);

		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "",
						 as_column_type(quote_identifier(name), column->type, column->typmod, column->collation,
										list_nth(targets, foreach_current_index(name))));
	}
	return buf.data;
}

/*
 * Sets the rows of a part.  All rows of a pair have the same values in the own
 * columns, so any of them will do.
 *
 *	SELECT DISTINCT invoice_id, tag_id FROM ONLY public.taggings
 *	SELECT DISTINCT ON (invoice_id, tag_id) invoice_id, tag_id, note FROM ONLY ...
 */
static void
set_part_rows(const Split *split, NewPart *part)
{
	NewJunction *junction = &part->junction;
	const TableFacts *table = split->junction->table;
	List	   *pair = list_concat(list_concat_copy(junction->shared, junction->left.columns),
								   list_copy(junction->right.columns));
	char	   *on = part->own ? psprintf(" ON (%s)", column_list(pair)) : "";
	char	   *own = junction->own_columns ? psprintf(", %s", column_list(junction->own_columns)) : "";

	junction->rows = psprintf("SELECT DISTINCT%s %s%s FROM %s%s", on, part_values(split, junction, pair), own,
							  table->kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
							  qualified_name(table->oid));
	junction->rows_locks = lock_on_all(AccessShareLock, table);
}

/*
 * Returns the definition of a constraint, with each name in it qualified.
 */
static char *
constraint_definition(Oid constraint)
{
	int			level = NewGUCNestLevel();
	char	   *result;

	RestrictSearchPath();
	result = TextDatumGetCString(DirectFunctionCall1(pg_get_constraintdef, ObjectIdGetDatum(constraint)));
	AtEOXact_GUC(false, level);
	return result;
}

/*
 * Builds the constraints that a part takes over from the table, under names that
 * the server chooses:
 *
 *	ALTER TABLE public.invoice_tags ADD CHECK (...)
 */
static void
build_constraints(StatementPlan *plan, const Split *split, const NewPart *part)
{
	foreach_ptr(ConstraintFacts, constraint, moving_constraints(split))
	{
		ForeignKeyFacts *key = find_foreign_key(split->junction->table, constraint->oid);
		List	   *locks = NIL;

		if (!fits_into(split, part, constraint))
			continue;
		if (key != NULL)
			add_locks(&locks, key->parent, ShareRowExclusiveLock, false);
		plan_add(plan, key != NULL ? locks_text(locks, NULL, NULL) : NULL, "ALTER TABLE %s ADD %s",
				 part->junction.qualified, constraint_definition(constraint->oid));
	}
}

/*
 * Builds the drop of the table.  Its foreign keys are dropped with it, which
 * locks their parents.
 */
static void
build_drop(StatementPlan *plan, const Split *split)
{
	const TableFacts *table = split->junction->table;
	List	   *locks = NIL;

	add_locks(&locks, table->oid, AccessExclusiveLock, false);
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		add_locks(&locks, key->parent, AccessExclusiveLock, false);
	plan_add(plan, locks_text(locks, NULL, NULL), "DROP TABLE %s", qualified_name(table->oid));
}

/*
 * Builds the comment that keeps the report from asking for the same split again; an
 * existing comment is kept.
 *
 *	COMMENT ON TABLE public.taggings IS 'Who tags what. @junction ignore multiway'
 */
static void
build_source_comment(StatementPlan *plan, const Split *split)
{
	static const char tag[] = "@junction ignore";
	const TableFacts *table = split->junction->table;
	char	   *comment = GetComment(table->oid, RelationRelationId, 0);
	char	   *place = comment ? strstr(comment, tag) : NULL;

	if (place != NULL && holds_word(place, "multiway"))
		return;
	if (place != NULL)
		comment = psprintf("%.*s multiway,%s", (int) (place - comment + strlen(tag)), comment,
						   place + strlen(tag));
	else
		comment = psprintf("%s%s%s multiway", comment ? comment : "", comment ? "\n" : "", tag);
	plan_add(plan, lock_on(ShareUpdateExclusiveLock, table->oid), "COMMENT ON TABLE %s IS %s",
			 qualified_name(table->oid), quote_literal_cstr(comment));
}

/*
 * Builds all statements of a split into tables, and closes the parents, whose
 * locks the transaction keeps.
 */
void
build_tables(StatementPlan *plan, Split *split)
{
	foreach_ptr(NewPart, part, split->parts)
	{
		if (foreach_current_index(part) == 0)
			tell_naming_for_parents(part->junction.left.parent.table,
									part->junction.right.parent.table);
		set_part_rows(split, part);
		build_junction(plan, &part->junction);
		build_constraints(plan, split, part);
		relation_close(part->junction.left.parent.rel, NoLock);
		relation_close(part->junction.right.parent.rel, NoLock);
	}
	if (split->keep_source)
		build_source_comment(plan, split);
	else
		build_drop(plan, split);
}
