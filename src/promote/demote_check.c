/*
 * demote_check.c
 *		What a demotion is to do, and all that it refuses.
 *
 * Which columns go?  A promotion adds its columns behind those of the
 * junction, the id first.  So the id is where the junction ends: what stands
 * before it was the junction's own and stays, what stands behind it goes.  Time
 * stamps as a promotion adds them go without asking.  Any other column must
 * hold its default in every row, or the caller must say that it may go with
 * what it holds.
 *
 * The pair's key becomes the primary key; a partial one, which holds the pair for
 * some rows only, cannot, and stays what it was before the promotion: the junction
 * has no primary key then.
 *
 * A promotion that is under way, and has added its columns, is undone by the
 * same rules; there is no name and no key to be changed then.
 *
 * Reads only: the table once, if there are such columns.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "promote/promote.h"
#include "statement/statement.h"

/*
 * Refuse what is no entity: 55000 for what is a junction already, 42809 for
 * what is none of two tables with a key over every pair.
 */
static void
check_demotable(const Junction *junction)
{
	const char *name = display_name(junction->table->oid);

	if (junction->kind == JUNCTION_PURE || junction->kind == JUNCTION_PAYLOAD)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is no entity", name),
				 errdetail("It has no primary key beside its pair (%s).",
						   column_list(pair_columns(junction)))));
	if (junction->kind != JUNCTION_ENTITY)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no entity that has been a junction", name),
				 errdetail("It is of the kind \"%s\".", kind_name(junction->kind)),
				 errhint("It needs an id as its primary key, and a UNIQUE over the two ends of the link.")));
}

/*
 * Refuse a bare index that ADD PRIMARY KEY USING INDEX would: 0A000.
 */
static void
check_bare_index(const Demotion *demotion)
{
	const IndexFacts *key = demotion->junction->pair_key;
	bool		plain = demotion->table->kind != RELKIND_PARTITIONED_TABLE;

	for (int i = 0; i < key->nkeys; i++)
	{
		ColumnFacts *column = find_column(demotion->table, key->columns[i]);

		if (key->options[i] != 0 || key->collations[i] != column->collation ||
			key->classes[i] != GetDefaultOpClass(column->type, BTREE_AM_OID))
			plain = false;
	}
	if (!plain)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" cannot become a primary key", index_name(key)),
				 errdetail("No constraint owns it, and its table is partitioned or its order is not the default."),
				 errhint("Add a UNIQUE constraint over (%s) first.",
						 column_list(pair_columns(demotion->junction)))));
}

/* Does the server give each row another value there? */
static bool
is_generated_id(const Demotion *demotion, const ColumnFacts *column)
{
	Node	   *value = build_column_default(demotion->rel, column->attnum);

	return value != NULL && contain_volatile_functions(value);
}

/*
 * The surrogate id: of the primary key's columns beside the pair the one that
 * is of a type for ids and, if there are several, has a default that makes them.
 */
static void
find_id(Demotion *demotion)
{
	Bitmapset  *key = demotion->junction->primary_key->column_set;

	for (int generated = 1; generated >= 0 && demotion->id == NULL; generated--)
	{
		int			count = 0;
		ColumnFacts *found = NULL;

		foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
		{
			if (!bms_is_member(column->attnum, key) ||
				(column->type != UUIDOID && column->type != INT8OID && column->type != INT4OID) ||
				(generated && !is_generated_id(demotion, column)))
				continue;
			found = column;
			count++;
		}
		if (count == 1)
			demotion->id = found;
	}
}

/* Does this column say only what can be said again, or follow from others? */
static bool
holds_nothing(const Demotion *demotion, const ColumnFacts *column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(demotion->rel), column->attnum - 1);

	return column == demotion->id || att->attgenerated != '\0' ||
		(column->type == TIMESTAMPTZOID && is_stamp(column));
}

/*
 * The columns that go: the id, and what stands behind it.  Where there is none,
 * the primary key's own columns.
 */
static void
find_dropped_columns(Demotion *demotion)
{
	Bitmapset  *key = NULL;

	demotion->id = demotion->begun;
	if (demotion->begun == NULL)
	{
		key = demotion->junction->primary_key->column_set;
		find_id(demotion);
	}
	foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
		if (demotion->id != NULL ? column->attnum >= demotion->id->attnum :
			bms_is_member(column->attnum, key))
			demotion->dropped = bms_add_member(demotion->dropped, column->attnum);
}

/*
 * The names of the columns that stay.
 */
static List *
remaining_columns(const Demotion *demotion)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, demotion->table->columns)
		if (!bms_is_member(column->attnum, demotion->dropped))
			names = lappend(names, column->name);
	return names;
}

/*
 * The name for the junction where none is given: the table's old one if a view
 * keeps that, else the convention's.  A promotion that is under way has not
 * changed the name.
 */
static char *
default_name(const Demotion *demotion)
{
	const Endpoint *left = linitial(demotion->junction->endpoints);
	const Endpoint *right = lsecond(demotion->junction->endpoints);
	Oid			view;

	if (demotion->begun != NULL)
		return demotion->table->name;
	view = find_old_name(demotion->table, remaining_columns(demotion));
	if (OidIsValid(view))
		return get_rel_name(view);
	return junction_table_name(left->key->parent_name, right->key->parent_name);
}

/*
 * The name that the junction is to have.  A view that a promotion has left under
 * that name gives it back; a view of somebody's own refuses it, as any other
 * relation of the name does.
 */
static void
decide_junction_name(Demotion *demotion)
{
	const TableFacts *table = demotion->table;
	Oid			holder;

	demotion->name = demotion->asked_name ? check_new_table_name(table, demotion->asked_name) :
		default_name(demotion);
	demotion->renamed = strcmp(demotion->name, table->name) != 0;
	if (!demotion->renamed)
		return;
	if (demotion->begun != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the promotion of \"%s\" that is under way has not renamed it",
						display_name(table->oid)),
				 errhint("Leave the name out, to undo the promotion.")));
	holder = get_relname_relid(demotion->name, table->namespace);
	if (OidIsValid(holder) && is_old_name(holder, table, remaining_columns(demotion)))
		demotion->old_name = holder;
	else
		check_table_name_free(table->namespace, demotion->name);
}

/*
 * Refuse to drop a column that is another table's to drop: 42809.
 */
static void
check_not_inherited(const Demotion *demotion)
{
	foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(demotion->rel), column->attnum - 1);

		if (bms_is_member(column->attnum, demotion->dropped) && att->attinhcount > 0)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("column \"%s\" of \"%s\" is inherited", column->name,
							display_name(demotion->table->oid)),
					 errhint("Use ALTER TABLE ... NO INHERIT first.")));
	}
}

/*
 * Refuse where an index would go with a column that it holds, and is the pair's
 * key, or alone serves an endpoint: 0A000.
 */
static void
check_indexes_stay(const Demotion *demotion)
{
	TableFacts	before = *demotion->table;
	TableFacts	after = *demotion->table;
	Junction   *served;
	Junction   *junction;

	/* the primary key's index has to go, and came with the promotion */
	before.indexes = after.indexes = NIL;
	foreach_ptr(IndexFacts, index, demotion->table->indexes)
	{
		if (!index->primary)
			before.indexes = lappend(before.indexes, index);
		if (!index->primary && !index_holds(index, demotion->dropped))
			after.indexes = lappend(after.indexes, index);
	}
	served = classify(&before);
	junction = classify(&after);
	if (junction->pair_key != demotion->junction->pair_key)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" cannot be demoted with a key that includes other columns",
						display_name(demotion->table->oid)),
				 demotion->keeps_key ?
				 errdetail("\"%s\" would go with a column that its predicate is about.",
						   index_name(demotion->junction->pair_key)) :
				 errdetail("\"%s\" would go with a column that it includes.",
						   index_name(demotion->junction->pair_key)),
				 errhint("Make a UNIQUE over (%s) alone first.",
						 column_list(pair_columns(demotion->junction)))));
	for (int i = 0; i < list_length(junction->endpoints); i++)
	{
		Endpoint   *endpoint = list_nth(served->endpoints, i);
		const char *columns = column_list(endpoint_columns(demotion->junction, endpoint));

		if (endpoint->served_by != NULL && ((Endpoint *) list_nth(junction->endpoints, i))->served_by == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a demotion of \"%s\" would leave it half-indexed",
							display_name(demotion->table->oid)),
					 errdetail("\"%s\", which serves (%s), would go with a column that it holds.",
							   index_name(endpoint->served_by), columns),
					 errhint("Before, run: CREATE INDEX CONCURRENTLY ON %s (%s)",
							 qualified_name(demotion->table->oid), columns)));
	}
}

/*
 * "role (12 rows), note (1 row)": what would be lost, or null.
 */
static char *
describe_losses(const Demotion *demotion)
{
	List	   *columns = NIL;
	int64	   *counts;
	StringInfoData buf;

	foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
		if (bms_is_member(column->attnum, demotion->dropped) && !holds_nothing(demotion, column))
			columns = lappend(columns, column);
	if (columns == NIL)
		return NULL;

	counts = count_changed(demotion->rel, columns);
	initStringInfo(&buf);
	foreach_ptr(ColumnFacts, column, columns)
	{
		int64		count = counts[foreach_current_index(column)];

		if (count > 0)
			appendStringInfo(&buf, ngettext("%s%s (" INT64_FORMAT " row)",
											"%s%s (" INT64_FORMAT " rows)", count),
							 buf.len ? ", " : "", quote_identifier(column->name), count);
	}
	return buf.len > 0 ? buf.data : NULL;
}

/*
 * Refuse a look at a table that the caller does not see whole: 42501.
 */
static void
check_sees_all(const Demotion *demotion)
{
	check_reads_all(demotion->table->oid, "Whether its rows allow the demotion cannot be known.");
}

/*
 * Refuse to lose what columns hold, unless that was asked for: 55000.
 */
static void
check_losses(const Demotion *demotion)
{
	char	   *losses;

	foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
		if (!demotion->discards && bms_is_member(column->attnum, demotion->dropped) &&
			!holds_nothing(demotion, column))
			check_sees_all(demotion);
	losses = demotion->discards ? NULL : describe_losses(demotion);
	if (losses != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a demotion of \"%s\" would lose data", display_name(demotion->table->oid)),
				 errdetail("These columns would be dropped, and hold something else than their default: %s.",
						   losses),
				 errhint("Use discard_columns => true if it may be lost.")));
}

/*
 * A primary key allows no nulls: 23502 if there are any.
 */
static void
check_nulls(Demotion *demotion)
{
	int64		count;

	demotion->nullable = nullable_columns(demotion->table, demotion->junction->pair);
	if (demotion->nullable == NIL)
		return;
	check_sees_all(demotion);
	count = count_nulls(demotion->table->oid, demotion->nullable);
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("the pair of \"%s\" holds nulls", display_name(demotion->table->oid)),
				 errdetail_plural("%lld row has a null in (%s).", "%lld rows have a null in (%s).", count,
								  (long long) count, column_list(demotion->nullable)),
				 errhint("Delete these rows, or give them both ends.")));
}

/*
 * All that the demotion drops, but for what goes with that: the primary key,
 * columns, here and below, and the view that has the name.
 */
static List *
dropped_objects(const Demotion *demotion, LOCKMODE lockmode)
{
	List	   *objects = NIL;

	if (demotion->begun == NULL)
	{
		Oid			primary = demotion->junction->primary_key->oid;

		objects = list_make1(make_address(ConstraintRelationId, get_index_constraint(primary), 0));
	}
	foreach_oid(relid, find_all_inheritors(demotion->table->oid, lockmode, NULL))
		foreach_ptr(ColumnFacts, column, demotion->junction->own_columns)
			if (bms_is_member(column->attnum, demotion->dropped))
				objects = lappend(objects, make_address(RelationRelationId, relid,
														get_attnum(relid, column->name)));
	if (OidIsValid(demotion->old_name))
		objects = lappend(objects, make_address(RelationRelationId, demotion->old_name, 0));
	return objects;
}

/*
 * Refuse while anything rests on what goes: 2BP01, with the names.  An index
 * or a constraint on a column goes with it.
 */
static void
check_nothing_uses_dropped(const Demotion *demotion, LOCKMODE lockmode)
{
	char	   *dependents = describe_dependents(dropped_objects(demotion, lockmode), true);

	/* nor may the table refer to itself, as the key goes before the column */
	if (dependents == NULL && demotion->begun == NULL)
	{
		Oid			primary = demotion->junction->primary_key->oid;

		dependents = describe_dependents(list_make1(make_address(RelationRelationId, primary, 0)), false);
	}
	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("\"%s\" cannot be demoted because other objects depend on what would go",
						display_name(demotion->table->oid)),
				 errdetail("They are: %s.", dependents),
				 errhint("Drop or change them first.")));
}

/*
 * Refuse a table that is no entity, or whose pair has no key that can be
 * primary; but a partial one stays what it is, as nothing else was there before
 * the promotion.
 */
static void
check_key(Demotion *demotion, LOCKMODE lockmode)
{
	Oid			key;

	check_demotable(demotion->junction);
	demotion->keeps_key = demotion->junction->pair_key->predicate != NULL;
	if (demotion->keeps_key)
		return;
	key = demotion->junction->pair_key->oid;
	demotion->is_constraint = OidIsValid(get_index_constraint(key));
	if (!demotion->is_constraint)
		check_bare_index(demotion);
	check_unique_promotable(demotion->rel, key, lockmode);
}

/*
 * All refusals, in this order: the table, its kind, its key, names, what rests
 * on the id, rows.  It leaves the table open.
 */
void
check_demotion(Demotion *demotion, LOCKMODE lockmode)
{
	Oid			relid = demotion->relid;

	demotion->rel = open_table_to_change(relid, lockmode);
	check_not_distributed(relid);
	demotion->junction = require_junction(relid);
	demotion->table = demotion->junction->table;
	demotion->begun = begun_id(demotion->table);
	if (demotion->begun == NULL)
		check_key(demotion, lockmode);
	check_not_typed(demotion->rel);
	check_may_create_in(demotion->table->namespace);

	find_dropped_columns(demotion);
	decide_junction_name(demotion);
	check_not_inherited(demotion);
	if (demotion->begun == NULL)
		check_indexes_stay(demotion);
	check_nothing_uses_dropped(demotion, lockmode);
	check_losses(demotion);
	if (demotion->begun == NULL && !demotion->keeps_key)
		check_nulls(demotion);
}
