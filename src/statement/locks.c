/*
 * locks.c
 *		Which locks a statement takes on tables that exist already: sets of them,
 *		with the strongest mode for each table, and their text.
 *
 * The verbs say of each statement that they build what it takes; for the fixes
 * of the report, which are text and nothing else, it is found out here, from
 * the statement's parse tree: the mode by PostgreSQL's own table for ALTER
 * TABLE, the tables by what each command goes on to.  Only statements that the
 * rules make are known, and their names are qualified.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/* The strongest mode on one table */
typedef struct TableLock
{
	Oid			relid;
	LOCKMODE	mode;
	int			place;			/* in the order in which they were added */
} TableLock;

/* In the words of the manual */
static const char *const mode_names[] = {
	[AccessShareLock] = "ACCESS SHARE",
	[RowShareLock] = "ROW SHARE",
	[RowExclusiveLock] = "ROW EXCLUSIVE",
	[ShareUpdateExclusiveLock] = "SHARE UPDATE EXCLUSIVE",
	[ShareLock] = "SHARE",
	[ShareRowExclusiveLock] = "SHARE ROW EXCLUSIVE",
	[ExclusiveLock] = "EXCLUSIVE",
	[AccessExclusiveLock] = "ACCESS EXCLUSIVE"
};

static void
add_lock(List **locks, Oid relid, LOCKMODE mode)
{
	TableLock  *lock;

	if (!OidIsValid(relid))
		return;
	foreach_ptr(TableLock, other, *locks)
		if (other->relid == relid)
		{
			other->mode = Max(other->mode, mode);
			return;
		}
	lock = palloc(sizeof(TableLock));
	lock->relid = relid;
	lock->mode = mode;
	lock->place = list_length(*locks);
	*locks = lappend(*locks, lock);
}

/*
 * The lock on a table, and on what is below it if the command goes on there: to
 * partitions mostly, to other children where it concerns columns.
 */
void
add_locks(List **locks, Oid relid, LOCKMODE mode, bool columns)
{
	add_lock(locks, relid, mode);
	if (columns || get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		foreach_oid(below, find_all_inheritors(relid, NoLock, NULL))
			add_lock(locks, below, mode);
}

/*
 * The table that a constraint points at, if it is a foreign key.
 */
static Oid
referenced_table(Oid relid, const char *constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID,
										ObjectIdGetDatum(get_relation_constraint_oid(relid, constraint, true)));
	Oid			parent;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	parent = ((Form_pg_constraint) GETSTRUCT(tuple))->confrelid;
	ReleaseSysCache(tuple);
	return parent;
}

/*
 * What a command of an ALTER TABLE takes at the other end of a foreign key.
 */
static void
add_parent_lock(List **locks, Oid relid, const AlterTableCmd *command)
{
	if (command->subtype == AT_DropConstraint)
		add_locks(locks, referenced_table(relid, command->name), AccessExclusiveLock, false);
	if (command->subtype == AT_ValidateConstraint)
		add_lock(locks, referenced_table(relid, command->name), RowShareLock);
	if (command->subtype == AT_AddConstraint &&
		castNode(Constraint, command->def)->contype == CONSTR_FOREIGN)
		add_locks(locks, RangeVarGetRelid(castNode(Constraint, command->def)->pktable, NoLock, true),
				  ShareRowExclusiveLock, false);
}

/*
 * The mode on partitions: a key is made there as an index is, before 18, unless
 * a column has to be NOT NULL first.
 */
static LOCKMODE
mode_below(Oid relid, const AlterTableStmt *statement, LOCKMODE mode)
{
	const AlterTableCmd *command = linitial(statement->cmds);
	const Constraint *constraint = (const Constraint *) command->def;

	if (list_length(statement->cmds) != 1 || command->subtype != AT_AddConstraint ||
		(constraint->contype != CONSTR_PRIMARY && constraint->contype != CONSTR_UNIQUE) ||
		SERVER_NAMES_NOT_NULL)
		return mode;
	if (constraint->contype == CONSTR_PRIMARY)
		foreach_ptr(String, key, constraint->keys)
		{
			HeapTuple	tuple = SearchSysCacheAttName(relid, strVal(key));
			bool		not_null = HeapTupleIsValid(tuple) &&
				((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;

			if (HeapTupleIsValid(tuple))
				ReleaseSysCache(tuple);
			if (!not_null)
				return mode;
		}
	return ShareLock;
}

static void
add_alter_table(List **locks, const AlterTableStmt *statement)
{
	Oid			relid = RangeVarGetRelid(statement->relation, NoLock, true);
	bool		columns = false;
	LOCKMODE	mode;

	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (command->subtype == AT_SetNotNull || command->subtype == AT_DropColumn)
			columns = true;
	if (!OidIsValid(relid))
		return;
	mode = AlterTableGetLockLevel(statement->cmds);
	add_lock(locks, relid, mode);
	add_locks(locks, relid, mode_below(relid, statement, mode), columns);
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		add_parent_lock(locks, relid, command);
}

/*
 * The table of an index; InvalidOid if either is gone by now.
 */
static Oid
table_of_index(RangeVar *index)
{
	Oid			oid = RangeVarGetRelid(index, NoLock, true);

	return OidIsValid(oid) ? IndexGetRelation(oid, true) : InvalidOid;
}

static void
add_statement(List **locks, Node *statement)
{
	if (IsA(statement, AlterTableStmt))
		add_alter_table(locks, (AlterTableStmt *) statement);
	else if (IsA(statement, IndexStmt))
		add_locks(locks, RangeVarGetRelid(((IndexStmt *) statement)->relation, NoLock, true),
				  ShareLock, false);
	else if (IsA(statement, ReindexStmt))
		add_locks(locks, table_of_index(((ReindexStmt *) statement)->relation), ShareLock, false);
	else if (IsA(statement, RenameStmt))
		add_lock(locks, RangeVarGetRelid(((RenameStmt *) statement)->relation, NoLock, true),
				 AccessExclusiveLock);
	else if (IsA(statement, DropStmt))
		add_locks(locks, table_of_index(makeRangeVarFromNameList(linitial(((DropStmt *) statement)->objects))),
				  AccessExclusiveLock, false);
	else
		elog(ERROR, "unexpected statement in a fix: %d", (int) nodeTag(statement));
}

static int
compare_locks(const ListCell *a, const ListCell *b)
{
	const TableLock *left = lfirst(a);
	const TableLock *right = lfirst(b);

	return left->mode != right->mode ? right->mode - left->mode : left->place - right->place;
}

/*
 * "ACCESS EXCLUSIVE on user_orgs, SHARE ROW EXCLUSIVE on users", strongest
 * first.  renamed: a table that has another name when the statement runs, or
 * null.
 */
char *
locks_text(List *locks, const TableFacts *renamed, const char *new_name)
{
	StringInfoData buf;

	list_sort(locks, compare_locks);
	initStringInfo(&buf);
	foreach_ptr(TableLock, lock, locks)
		if (renamed != NULL && lock->relid == renamed->oid)
			appendStringInfo(&buf, "%s%s", buf.len ? ", " : "",
							 new_name_lock(renamed, new_name, lock->mode));
		else
			append_lock(&buf, lock->mode, lock->relid);
	return buf.data;
}

/*
 * The locks of a fix.
 */
char *
statement_locks(const char *statement)
{
	List	   *locks = NIL;

	foreach_ptr(RawStmt, raw, raw_parser(statement, RAW_PARSE_DEFAULT))
		add_statement(&locks, raw->stmt);
	return locks_text(locks, NULL, NULL);
}

/*
 * Add a table lock to a list of them, in the words of the manual: "ACCESS
 * EXCLUSIVE on memberships", the name as regclass prints it.  A table that is
 * gone, as one that the caller has not locked can be, needs none.
 */
void
append_lock(StringInfo buf, LOCKMODE mode, Oid relid)
{
	char	   *name = regclass_name(relid);

	if (name != NULL)
		appendStringInfo(buf, "%s%s on %s", buf->len ? ", " : "", mode_names[mode], name);
}

/*
 * A table lock as the whole text.
 */
char *
lock_on(LOCKMODE mode, Oid relid)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_lock(&buf, mode, relid);
	return buf.data;
}

/*
 * Add the same lock on all that inherits from a table, or is a part of it.
 */
void
append_locks_below(StringInfo buf, LOCKMODE mode, Oid relid)
{
	foreach_oid(below, find_all_inheritors(relid, NoLock, NULL))
		if (below != relid)
			append_lock(buf, mode, below);
}

/*
 * The same lock on a table and, if it is partitioned, on all its partitions.
 */
char *
lock_on_all(LOCKMODE mode, const TableFacts *table)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_lock(&buf, mode, table->oid);
	if (table->kind == RELKIND_PARTITIONED_TABLE)
		append_locks_below(&buf, mode, table->oid);
	return buf.data;
}

/*
 * A lock on the renamed table.
 */
char *
new_name_lock(const TableFacts *table, const char *new_name, LOCKMODE mode)
{
	return psprintf("%s on %s", mode_names[mode], RelationIsVisible(table->oid) ?
					quote_identifier(new_name) : qualified_beside(table, new_name));
}

/*
 * The lock of an ALTER TABLE on the renamed table, and on what is below it if
 * the command goes on there.
 */
char *
new_name_locks(const TableFacts *table, const char *new_name, bool recurses)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, new_name_lock(table, new_name, AccessExclusiveLock));
	if (recurses)
		append_locks_below(&buf, AccessExclusiveLock, table->oid);
	return buf.data;
}
