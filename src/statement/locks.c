/*
 * locks.c
 *		The table locks that a statement takes on existing tables: sets of
 *		locks, and their text.
 *
 * A set is a List of TableLock with the strongest mode for each table.
 *
 * The verbs state the locks of each statement when they build it.  The fixes
 * of the report are text only, so statement_locks() derives their locks from
 * the parse tree: the mode by PostgreSQL's own AlterTableGetLockLevel(), the
 * tables by the rules for recursion and foreign keys.  It knows only the
 * kinds of statement that rules/ builds, and these must have qualified names.
 *
 * Nothing is locked here.  A table that is dropped meanwhile is left out.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/tablecmds.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "statement/statement.h"

/* The strongest mode on one table */
typedef struct TableLock
{
	Oid			relid;
	LOCKMODE	mode;
	int			place;			/* position in the order of adding, from 0 */
} TableLock;

/* The names of lock modes as PostgreSQL's manual writes them */
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

/* Returns the name of a lock mode. */
const char *
lock_mode_name(LOCKMODE mode)
{
	return mode_names[mode];
}

/*
 * Adds a lock to a set, or raises the mode of the table's lock that is there.
 * Ignores InvalidOid.
 */
void
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
 * Adds the lock of a command on a table and on the tables that the command
 * recurses to: the partitions, and the inheritance children if the command
 * changes columns (columns).
 */
void
add_locks(List **locks, Oid relid, LOCKMODE mode, bool columns)
{
	add_lock(locks, relid, mode);
	if (columns || get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		foreach_oid(below, list_inheritors(relid))
			add_lock(locks, below, mode);
}

/*
 * Returns the table that the named foreign key of a table references;
 * InvalidOid if there is no such constraint, or if it is not a foreign key.
 */
static Oid
referenced_table(Oid relid, const char *constraint)
{
	return GetSysCacheOid1(CONSTROID, Anum_pg_constraint_confrelid,
						   ObjectIdGetDatum(get_relation_constraint_oid(relid, constraint, true)));
}

/*
 * Adds the lock that one command of an ALTER TABLE takes on the table that a
 * foreign key references.
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
 * Returns the mode in which an ALTER TABLE locks partitions; mode: its mode
 * on the table itself.
 *
 * Before 18, ADD PRIMARY KEY and ADD UNIQUE take only SHARE on partitions, as
 * CREATE INDEX does.  The exception is a primary key over a nullable column,
 * because SET NOT NULL recurses in the full mode.  Any other command, and any
 * server from 18 on, has the same mode on partitions.
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

/*
 * Adds all locks of an ALTER TABLE. Adds none if the table is gone.
 */
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
	/* ALTER COLUMN ... SET (...) does not recurse; a fix has no other command beside it */
	if (linitial_node(AlterTableCmd, statement->cmds)->subtype == AT_SetOptions)
		return;
	add_locks(locks, relid, mode_below(relid, statement, mode), columns);
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		add_parent_lock(locks, relid, command);
}

/*
 * Returns the table of an index; InvalidOid if the index or the table is
 * gone.
 */
static Oid
table_of_index(RangeVar *index)
{
	Oid			oid = RangeVarGetRelid(index, NoLock, true);

	return OidIsValid(oid) ? IndexGetRelation(oid, true) : InvalidOid;
}

/*
 * Returns the table that an argument of a call names: 'public.t'::regclass.
 * InvalidOid if it is gone.
 */
static Oid
table_argument(const FuncCall *call, int place)
{
	A_Const *name = castNode(A_Const, list_nth_node(TypeCast, call->args, place)->arg);
	List	   *names = textToQualifiedNameList(cstring_to_text(strVal(&name->val)));

	return RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, true);
}

/*
 * Adds the locks of making accessors of a table: of the table, and of its ends, whose
 * rows they name.
 */
static void
add_accessor_locks(List **locks, Oid relid)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	List	   *tables = OidIsValid(relid) ? read_tables(list_make1_oid(relid), snapshot)->tables : NIL;

	UnregisterSnapshot(snapshot);
	foreach_ptr(TableFacts, table, tables)
	{
		add_lock(locks, relid, ShareUpdateExclusiveLock);
		foreach_ptr(Endpoint, endpoint, classify(table)->endpoints)
			add_lock(locks, endpoint->key->parent, AccessShareLock);
	}
}

/*
 * Adds the locks of SELECT junction.unique_to_primary('public.t'::regclass, ...), of
 * SELECT junction.absorb('public.t'::regclass, columns, 'public.parent'::regclass, ...),
 * and of SELECT junction.create_accessors('public.t'::regclass, ...).
 */
static void
add_call(List **locks, const SelectStmt *statement)
{
	const FuncCall *call = castNode(FuncCall, linitial_node(ResTarget, statement->targetList)->val);
	const char *name = strVal(llast(call->funcname));

	if (strcmp(name, "absorb") == 0)
	{
		add_locks(locks, table_argument(call, 0), ShareRowExclusiveLock, false);
		add_locks(locks, table_argument(call, 2), ShareRowExclusiveLock, false);
	}
	else if (strcmp(name, "create_accessors") == 0)
		add_accessor_locks(locks, table_argument(call, 0));
	else
		add_locks(locks, table_argument(call, 0), AccessExclusiveLock, false);
}

/*
 * Adds the locks of a statement by its kind. elog for a kind that no rule
 * builds.
 */
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
	else if (IsA(statement, SelectStmt))
		add_call(locks, (SelectStmt *) statement);
	else if (IsA(statement, DropStmt))
		add_locks(locks, table_of_index(makeRangeVarFromNameList(linitial(((DropStmt *) statement)->objects))),
				  AccessExclusiveLock, false);
	else if (IsA(statement, VacuumStmt))	/* ANALYZE */
		add_locks(locks, RangeVarGetRelid(linitial_node(VacuumRelation, ((VacuumStmt *) statement)->rels)->relation, NoLock, true),
				  ShareUpdateExclusiveLock, false);
	else if (IsA(statement, CommentStmt) && ((CommentStmt *) statement)->objtype == OBJECT_INDEX)
		return;					/* it locks the index only */
	else if (IsA(statement, CommentStmt))	/* COMMENT ON CONSTRAINT */
	{
		List	   *names = list_copy(castNode(List, ((CommentStmt *) statement)->object));

		add_lock(locks, RangeVarGetRelid(makeRangeVarFromNameList(list_truncate(names, list_length(names) - 1)), NoLock, true),
				 ShareUpdateExclusiveLock);
	}
	else
		elog(ERROR, "unexpected statement in a fix: %d", (int) nodeTag(statement));
}

/*
 * A list_sort comparator: the strongest mode first, then the order of adding.
 */
static int
compare_locks(const ListCell *a, const ListCell *b)
{
	const TableLock *left = lfirst(a);
	const TableLock *right = lfirst(b);

	return left->mode != right->mode ? right->mode - left->mode : left->place - right->place;
}

/*
 * Returns the text of a set, strongest lock first: "ACCESS EXCLUSIVE on
 * user_orgs, SHARE ROW EXCLUSIVE on users".  Empty for an empty set.
 *
 * renamed: a table that the plan has renamed to new_name before the statement
 * runs, or null.  Sorts the list in place.
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
 * Returns the locks of a fix of the report, as locks_text(). The statement is
 * parsed, not analyzed.
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
 * Appends one lock to a comma-separated text: "ACCESS EXCLUSIVE on
 * memberships", with the name as regclass prints it.  Appends nothing if the
 * table was dropped, which can happen to a table that the caller has not
 * locked.
 */
void
append_lock(StringInfo buf, LOCKMODE mode, Oid relid)
{
	char	   *name = regclass_name(relid);

	if (name != NULL)
		appendStringInfo(buf, "%s%s on %s", buf->len ? ", " : "", mode_names[mode], name);
}

/*
 * Returns the text of one lock; empty if the table is gone.
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
 * Appends the lock on each partition or inheritance child of a table, at any
 * level, but not on the table itself.
 */
void
append_locks_below(StringInfo buf, LOCKMODE mode, Oid relid)
{
	foreach_oid(below, list_inheritors(relid))
		if (below != relid)
			append_lock(buf, mode, below);
}

/*
 * Returns the text of the lock on a table and, if it is partitioned, on all
 * its partitions.
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
 * Returns the text of a lock on a table that has been renamed to new_name,
 * qualified unless the search_path finds it.
 */
char *
new_name_lock(const TableFacts *table, const char *new_name, LOCKMODE mode)
{
	return psprintf("%s on %s", mode_names[mode], is_visible(table->oid, table->name) ?
					quote_identifier(new_name) : qualified_beside(table, new_name));
}

/*
 * Returns the text of the ACCESS EXCLUSIVE lock of an ALTER TABLE on a table
 * that has been renamed to new_name.  recurses: the command also locks all
 * partitions and inheritance children.
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
