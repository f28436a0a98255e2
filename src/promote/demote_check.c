/*
 * demote_check.c
 *		Decides what a demotion drops, and raises all its refusals.
 *
 * Columns: a promotion adds the id behind the junction's columns, and its
 * other columns behind the id.  So the columns before the id stay, and the id
 * and all columns behind it are dropped.  Created/updated time stamps are
 * dropped without asking.  Any other column must hold its default in every
 * row, unless the caller set discard_columns.
 *
 * Key: the pair's key becomes the primary key.  A partial key cannot be
 * primary, so it stays, and the junction has no primary key, as before the
 * promotion.
 *
 * An unfinished promotion that has added its columns is undone by the same
 * rules for columns; name and key have not changed then.
 *
 * Reads only.  The table's rows are read only if a dropped column may hold
 * data, or a column of the pair can be null.
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
 * Refuse a table that is not an entity: 55000 for a pure or payload junction,
 * 42809 for any other kind.
 */
static void
check_demotable(const Junction *junction)
{
	const char *name = display_name(junction->table->oid);

	if (junction->kind == JUNCTION_PURE || junction->kind == JUNCTION_PAYLOAD)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is not an entity", name),
				 errdetail("It has no primary key other than the pair (%s).",
						   column_list(pair_columns(junction)))));
	if (junction->kind != JUNCTION_ENTITY)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an entity that links two tables", name),
				 errdetail("Its kind is \"%s\".", kind_name(junction->kind)),
				 errhint("An entity has an id as its primary key, and a UNIQUE constraint over the columns of two foreign keys.")));
}

/*
 * Refuse a pair key without a constraint whose index ADD PRIMARY KEY USING
 * INDEX would not accept: 0A000.
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
				 errdetail("No constraint owns the index, and its table is partitioned, or its sort order, collation or operator class is not the default."),
				 errhint("Add a UNIQUE constraint over (%s) first.",
						 column_list(pair_columns(demotion->junction)))));
}

/* Does the column have a volatile default, which gives each row another value? */
static bool
is_generated_id(const Demotion *demotion, const ColumnFacts *column)
{
	Node	   *value = build_column_default(demotion->rel, column->attnum);

	return value != NULL && contain_volatile_functions(value);
}

/*
 * Finds the surrogate id and sets demotion->id.  It is the only column of the
 * primary key, outside the pair, that is a uuid, bigint or integer with a
 * volatile default; if no column or several have one, the only such column
 * without regard to the default.  Leaves null if that is not exactly one
 * column.
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

/*
 * Returns true if dropping the column loses no data of the user's: the id, a
 * generated column, or a created/updated time stamp.
 */
static bool
holds_nothing(const Demotion *demotion, const ColumnFacts *column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(demotion->rel), column->attnum - 1);

	return column == demotion->id || att->attgenerated != '\0' ||
		(column->type == TIMESTAMPTZOID && is_stamp(column));
}

/*
 * Sets demotion->dropped: the id and all columns behind it; without an id,
 * the columns of the primary key outside the pair.
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
 * Returns the parents of the foreign keys that go with the columns: for
 * open_table_with_parents().  Which of the key's columns is the id is not known
 * without a lock; it is taken for the first.
 */
static List *
dropped_by_demotion(TableFacts *table, const void *state)
{
	const Junction *junction = classify(table);
	const ColumnFacts *first = begun_id(table);
	Bitmapset  *dropped = NULL;

	foreach_ptr(ColumnFacts, column, junction->own_columns)
	{
		if (first == NULL && junction->primary_key != NULL &&
			bms_is_member(column->attnum, junction->primary_key->column_set))
			first = column;
		if (first != NULL && column->attnum >= first->attnum)
			dropped = bms_add_member(dropped, column->attnum);
	}
	return find_parents(table, dropped);
}

/*
 * Returns the names of the columns that stay.
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
 * Returns the name of the junction if the caller gave none: that of the view
 * that keeps the old name (old_name_view.c), else the convention's.  An
 * unfinished promotion has not renamed the table, so its name stays.
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
 * Decides the name that the junction gets.  A view that a promotion left
 * under this name is to be dropped.  Any other relation of the name, another
 * view included, is refused: 42P07.  22023 for a new name while a promotion
 * is unfinished.
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
 * Refuse to drop a column that the table inherits from another: 42809.
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
 * Refuse if an index would be dropped with a column, and that index is the
 * pair key, or is the only one that serves an endpoint: 0A000.
 */
static void
check_indexes_stay(const Demotion *demotion)
{
	TableFacts	before = *demotion->table;
	TableFacts	after = *demotion->table;
	Junction   *served;
	Junction   *junction;

	/* the primary key's index is dropped anyway, so it counts for neither */
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
				 errmsg("\"%s\" cannot be demoted because its pair key uses columns that would be dropped",
						display_name(demotion->table->oid)),
				 demotion->keeps_key ?
				 errdetail("Index \"%s\" would be dropped together with a column that its predicate uses.",
						   index_name(demotion->junction->pair_key)) :
				 errdetail("Index \"%s\" would be dropped together with a column that it includes.",
						   index_name(demotion->junction->pair_key)),
				 errhint("Add a UNIQUE constraint over (%s) alone first.",
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
					 errdetail("Index \"%s\", which serves (%s), would be dropped together with a column that it uses.",
							   index_name(endpoint->served_by), columns),
					 errhint("Run this first: CREATE INDEX CONCURRENTLY ON %s (%s)",
							 qualified_name(demotion->table->oid), columns)));
	}
}

/*
 * Returns the columns to drop in which rows hold data, as text; null if there
 * are none:
 *
 *	role (12 rows), note (1 row)
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
 * Refuse a caller who may not read all rows of the table: 42501.
 */
static void
check_sees_all(const Demotion *demotion)
{
	check_reads_all(demotion->table->oid, "Whether its rows allow the demotion cannot be checked.");
}

/*
 * Refuse to drop columns that hold data, unless the caller set
 * discard_columns: 55000.
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
				 errdetail("These columns would be dropped, but hold values other than their default: %s.",
						   losses),
				 errhint("Use discard_columns => true if these values may be lost.")));
}

/*
 * Sets demotion->nullable, and refuses nulls in these columns, as a primary
 * key allows none: 23502.
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
 * Returns the objects that the demotion drops (ObjectAddress): the primary
 * key's constraint, the columns of the table and of the tables below it, and
 * the view of the old name.  Locks the tables below in lockmode.  PostgreSQL
 * drops their indexes and constraints with them.
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
 * Refuse if other objects depend on what is dropped: 2BP01, with their names
 * in the detail.  Indexes and constraints on a dropped column do not count,
 * as they are dropped with it.
 */
static void
check_nothing_uses_dropped(const Demotion *demotion, LOCKMODE lockmode)
{
	char	   *dependents = describe_dependents(dropped_objects(demotion, lockmode), true);

	/* nor may the table reference its own id: the key is dropped before the column */
	if (dependents == NULL && demotion->begun == NULL)
	{
		Oid			primary = demotion->junction->primary_key->oid;

		dependents = describe_dependents(list_make1(make_address(RelationRelationId, primary, 0)), false);
	}
	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("\"%s\" cannot be demoted because other objects depend on what would be dropped",
						display_name(demotion->table->oid)),
				 errdetail("They are: %s.", dependents),
				 errhint("Drop or change them first.")));
}

/*
 * Refuse a table that is not an entity, or whose pair key cannot become
 * primary (55000, 42809, 0A000).  A partial pair key stays as it is: it was
 * the table's only key before the promotion.
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
	for (int i = 0; i < demotion->junction->pair_key->nkeys; i++)
		check_not_null_inherits(demotion->table->oid, demotion->junction->pair_key->columns[i]);
}

/*
 * Raises all refusals, in this order: the table, its kind, its key, names,
 * dependent objects, rows.  Leaves the table open, locked in lockmode.
 */
void
check_demotion(Demotion *demotion, LOCKMODE lockmode)
{
	Oid			relid = demotion->relid;

	demotion->rel = lockmode == AccessExclusiveLock ?
		open_table_with_parents(relid, lockmode, &(ParentUse) {.dropped = dropped_by_demotion}) :
		open_table_to_change(relid, lockmode);
	demotion->placement = read_placement(relid);
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
	if (demotion->placement.layout != LAYOUT_LOCAL)
		check_placed_demotion(demotion);
	check_nothing_uses_dropped(demotion, lockmode);
	check_losses(demotion);
	if (demotion->begun == NULL && !demotion->keeps_key)
		check_nulls(demotion);
}
