/*
 * drop_columns.c
 *		Drops columns that a junction has superseded: what must not rest on
 *		them, and the statement.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "statement/statement.h"

/*
 * Refuse to drop a column that is inherited (42809), or that a partition key or
 * the primary key holds (55000).
 */
static void
check_drop_column(Relation rel, const TableFacts *table, const ColumnFacts *column)
{
	const IndexFacts *primary = find_primary_key(table);
	const char *name = display_name(table->oid);

	if (TupleDescAttr(RelationGetDescr(rel), column->attnum - 1)->attinhcount > 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("column \"%s\" of \"%s\" is inherited", column->name, name),
				 errhint("Use ALTER TABLE ... NO INHERIT first.")));
	if (bms_is_member(column->attnum, table->partition_key) ||
		(primary != NULL && bms_is_member(column->attnum, primary->column_set)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of \"%s\" cannot be dropped", column->name, name),
				 errdetail("It is part of the key of the table or of its partitions.")));
}

/*
 * Refuse to drop these columns (ColumnFacts) if the table or other objects, such
 * as a view, need them: 42809, 55000, 2BP01.
 */
void
check_drop_columns(Relation rel, const TableFacts *table, List *columns, LOCKMODE lockmode)
{
	List	   *objects = NIL;
	char	   *dependents;

	check_not_typed(rel);
	foreach_ptr(ColumnFacts, column, columns)
	{
		check_drop_column(rel, table, column);
		foreach_oid(relid, find_all_inheritors(table->oid, lockmode, NULL))
			objects = lappend(objects, make_address(RelationRelationId, relid,
													get_attnum(relid, column->name)));
	}
	dependents = describe_dependents(objects, true);
	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("(%s) of \"%s\" cannot be dropped because other objects depend on them",
						column_list(names_of(columns)), display_name(table->oid)),
				 errdetail("They are: %s.", dependents),
				 errhint("Drop or change them first.")));
}

/*
 * Builds the statement that drops columns, with their indexes and foreign keys:
 *
 *	ALTER TABLE public.invoices DROP COLUMN tag1_id, DROP COLUMN tag2_id
 */
void
build_drop_columns(StatementPlan *plan, const TableFacts *table, List *columns)
{
	List	   *locks = NIL;
	StringInfoData buf;

	add_locks(&locks, table->oid, AccessExclusiveLock, true);
	initStringInfo(&buf);
	foreach_ptr(ColumnFacts, column, columns)
	{
		appendStringInfo(&buf, "%s DROP COLUMN %s", buf.len ? "," : "", quote_identifier(column->name));
		foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
			if (bms_is_member(column->attnum, key_columns(key)))
				add_locks(&locks, key->parent, AccessExclusiveLock, false);
	}
	plan_add(plan, locks_text(locks, NULL, NULL), "ALTER TABLE %s%s", qualified_name(table->oid), buf.data);
}
