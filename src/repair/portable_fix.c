/*
 * portable_fix.c
 *		Turns the fix of a finding into rows in plain SQL that do the same while
 *		others read and write.
 *
 * A fix is text, one or more statements of the few kinds that rules/ builds.  It is
 * parsed, and what would read or build something under a blocking lock is done in
 * steps:
 *
 *	- a foreign key is added NOT VALID, and validated in a second row; one that
 *	  replaces another then takes its name
 *	- NOT NULL is proved by a CHECK that is added NOT VALID and validated; one that
 *	  is there, but NOT VALID, is validated itself
 *	- a key gets its index first, built concurrently
 *
 * The order is this one: a foreign key that sets a column null must be gone before
 * the column is NOT NULL.
 *
 * A fix that cannot be taken apart so is refused as a whole (can_build()): one that
 * drops a key or a column, that calls a function of ours, or that changes rows or
 * constraints of partitions or child tables.
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "online/online.h"
#include "repair/repair.h"
#include "statement/statement.h"

/*
 * Does an ALTER TABLE drop a constraint of this name?
 */
static bool
drops(const AlterTableStmt *statement, const char *name)
{
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (command->subtype == AT_DropConstraint && strcmp(command->name, name) == 0)
			return true;
	return false;
}

/* Does an ALTER TABLE add a foreign key of this name? */
static bool
adds_reference(const AlterTableStmt *statement, const char *name)
{
	foreach_ptr(AlterTableCmd, command, statement->cmds)
	{
		const Constraint *constraint = (const Constraint *) command->def;

		if (command->subtype == AT_AddConstraint && constraint->contype == CONSTR_FOREIGN &&
			strcmp(constraint->conname, name) == 0)
			return true;
	}
	return false;
}

/*
 * Is a command of an ALTER TABLE as brief as it can be: does it change the catalogs
 * only?
 */
static bool
is_brief(const AlterTableCmd *command)
{
	switch (command->subtype)
	{
		case AT_EnableTrig:
		case AT_ReplicaIdentity:
		case AT_SetOptions:
			return true;
		case AT_AddConstraint:
			/* PRIMARY KEY USING INDEX; the rule has seen that nothing can be null */
			return castNode(Constraint, command->def)->indexname != NULL;
		default:
			return false;
	}
}

/* Can a command of an ALTER TABLE be done in rows? */
static bool
can_alter(const AlterTableStmt *statement, const AlterTableCmd *command)
{
	switch (command->subtype)
	{
		case AT_SetNotNull:
		case AT_ValidateConstraint:
			return true;
		case AT_DropConstraint:
			return adds_reference(statement, command->name);
		case AT_AddConstraint:
			{
				const Constraint *constraint = castNode(Constraint, command->def);

				/* a key that takes the name of another would be built again by a second run */
				return constraint->contype == CONSTR_FOREIGN || constraint->conname == NULL ||
					!drops(statement, constraint->conname);
			}
		default:
			return is_brief(command);
	}
}

/* Are all commands of an ALTER TABLE brief? */
static bool
are_brief(const AlterTableStmt *statement)
{
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (!is_brief(command))
			return false;
	return true;
}

/*
 * Can a statement of a fix be done in rows?
 */
static bool
can_build(const PortableRepair *repair, const Node *node)
{
	const AlterTableStmt *statement = (const AlterTableStmt *) node;

	if (IsA(node, IndexStmt) || IsA(node, ReindexStmt) || IsA(node, DropStmt) || IsA(node, VacuumStmt) ||
		IsA(node, CommentStmt))
		return true;
	if (!IsA(node, AlterTableStmt))
		return false;
	if (are_brief(statement))
		return true;
	if (repair->table->kind == RELKIND_PARTITIONED_TABLE || has_subclass(repair->table->oid))
		return false;
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (!can_alter(statement, command))
			return false;
	return true;
}

/* Returns the names in a list of String, char *. */
static List *
string_values(List *strings)
{
	List	   *names = NIL;

	foreach_ptr(String, name, strings)
		names = lappend(names, strVal(name));
	return names;
}

/*
 * Returns the definition of a foreign key of a fix: "FOREIGN KEY (tag_id) REFERENCES
 * public.tags (id) ON DELETE CASCADE NOT VALID".
 */
static char *
reference_definition(const Constraint *key)
{
	return psprintf("FOREIGN KEY (%s) REFERENCES %s (%s)%s%s%s%s%s NOT VALID",
					column_list(string_values(key->fk_attrs)),
					quote_qualified_identifier(key->pktable->schemaname, key->pktable->relname),
					column_list(string_values(key->pk_attrs)),
					key->fk_matchtype == FKCONSTR_MATCH_FULL ? " MATCH FULL" : "",
					action_clause("UPDATE", key->fk_upd_action), action_clause("DELETE", key->fk_del_action),
					key->deferrable ? " DEFERRABLE" : "", key->initdeferred ? " INITIALLY DEFERRED" : "");
}

/*
 * Adds the row that validates a constraint.  done: a condition besides that it is
 * valid, or null.
 */
static void
build_validation(PortableRepair *repair, const char *name, const char *done, char *locks)
{
	const char *table = table_name(repair->table);
	const char *valid = portable_constraint(table, name, "c.convalidated");

	add_portable_step(repair, (PortableStep) {
		.comment = "reads all rows, while others read and write them",
		.done = done == NULL ? valid : psprintf("%s OR %s", done, valid),
		.ready = portable_constraint(table, name, "true"),.lock = "SHARE UPDATE EXCLUSIVE",.lock_timeout = "5s",
		.statements = psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", table, quote_identifier(name))
	}, locks);
}

/* "ROW SHARE on orgs", behind the lock of VALIDATE CONSTRAINT on the table itself */
static char *
validation_locks(const PortableRepair *repair, RangeVar *parent)
{
	List	   *locks = NIL;

	add_lock(&locks, repair->table->oid, ShareUpdateExclusiveLock);
	if (parent != NULL)
		add_lock(&locks, RangeVarGetRelid(parent, NoLock, true), RowShareLock);
	return locks_text(locks, NULL, NULL);
}

/*
 * Adds the rows that add a foreign key:
 *
 *	DO: ALTER TABLE public.user_orgs ADD CONSTRAINT c FOREIGN KEY ... NOT VALID
 *	DO: ALTER TABLE public.user_orgs VALIDATE CONSTRAINT c
 *
 * If it replaces one of its name, it is added under another, and then:
 *
 *	DO: ALTER TABLE public.user_orgs DROP CONSTRAINT c
 *		ALTER TABLE public.user_orgs RENAME CONSTRAINT c_new TO c
 *
 * which is done when c does what the new one is to do, and c_new is gone.
 */
static void
build_reference(PortableRepair *repair, const Constraint *key, bool replaces)
{
	const char *table = table_name(repair->table);
	const char *parent = quote_qualified_identifier(key->pktable->schemaname, key->pktable->relname);
	const char *name = !replaces ? key->conname :
		ChooseConstraintName(key->conname, NULL, "new", repair->table->namespace, NIL);
	const char *there = portable_constraint(table, name, "true");
	char	   *add = psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", table, quote_identifier(name),
							   reference_definition(key));
	char	   *drop = psprintf("ALTER TABLE %s DROP CONSTRAINT %s", table, quote_identifier(key->conname));
	const char *replaced = NULL;

	if (replaces)
		replaced = psprintf("(%s AND NOT %s)",
							portable_constraint(table, key->conname,
												psprintf("c.confdeltype OPERATOR(pg_catalog.=) '%c' AND c.confupdtype OPERATOR(pg_catalog.=) '%c'",
														 key->fk_del_action, key->fk_upd_action)), there);
	add_portable_step(repair, (PortableStep) {
		.comment = "adds a foreign key for new rows",.done = replaces ? psprintf("%s OR %s", replaced, there) : there,
		.parent = strcmp(parent, table) == 0 ? NULL : parent,.lock = "SHARE ROW EXCLUSIVE",.statements = add
	}, statement_locks(add));
	build_validation(repair, name, replaced, validation_locks(repair, key->pktable));
	if (replaces)
		add_portable_step(repair, (PortableStep) {
			.comment = "drops the foreign key that it replaces",.done = replaced,
			.ready = portable_constraint(table, name, "c.convalidated"),
			.parent = strcmp(parent, table) == 0 ? NULL : parent,.lock = "ACCESS EXCLUSIVE",
			.statements = psprintf("%s;\nALTER TABLE %s RENAME CONSTRAINT %s TO %s", drop, table,
								   quote_identifier(name), quote_identifier(key->conname))
		}, statement_locks(drop));
}

/*
 * Adds the rows that make columns NOT NULL, by a check that proves it:
 *
 *	DO: ALTER TABLE public.user_orgs ADD CONSTRAINT c CHECK (org_id IS NOT NULL) NOT VALID
 *	DO: ALTER TABLE public.user_orgs VALIDATE CONSTRAINT c
 *	DO: ALTER TABLE public.user_orgs ALTER COLUMN org_id SET NOT NULL
 *		ALTER TABLE public.user_orgs DROP CONSTRAINT c
 */
static void
build_proved_not_null(PortableRepair *repair, List *columns)
{
	const char *table = table_name(repair->table);
	const char *check = ChooseConstraintName(repair->table->name, linitial(columns), "filled",
											 repair->table->namespace, NIL);
	const char *there = portable_constraint(table, check, "true");
	StringInfoData condition;
	StringInfoData set;
	StringInfoData done;

	initStringInfo(&condition);
	initStringInfo(&set);
	initStringInfo(&done);
	foreach_ptr(char, column, columns)
	{
		appendStringInfo(&condition, "%s%s IS NOT NULL", condition.len ? " AND " : "", quote_identifier(column));
		appendStringInfo(&set, "%s ALTER COLUMN %s SET NOT NULL", set.len ? "," : "", quote_identifier(column));
		appendStringInfo(&done, "%s%s", done.len ? " AND " : "", portable_column(table, column, "a.attnotnull"));
	}
	add_portable_step(repair, (PortableStep) {
		.comment = "keeps out new rows with a null",.done = psprintf("(%s) OR %s", done.data, there),
		.lock = "ACCESS EXCLUSIVE",
		.statements = psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID", table,
							   quote_identifier(check), condition.data)
	}, lock_on(AccessExclusiveLock, repair->table->oid));
	build_validation(repair, check, psprintf("(%s)", done.data), validation_locks(repair, NULL));
	add_portable_step(repair, (PortableStep) {
		.comment = "makes columns NOT NULL, which the check proves",
		.done = psprintf("%s AND NOT %s", done.data, there),
		.ready = portable_constraint(table, check, "c.convalidated"),.lock = "ACCESS EXCLUSIVE",
		.statements = psprintf("ALTER TABLE %s%s;\nALTER TABLE %s DROP CONSTRAINT %s", table, set.data, table,
							   quote_identifier(check))
	}, lock_on(AccessExclusiveLock, repair->table->oid));
}

/*
 * Adds the rows that give a primary key or a UNIQUE its index, and make it the key:
 *
 *	DO: DROP INDEX public.user_orgs_pkey, if it is invalid
 *	CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS user_orgs_pkey ON public.user_orgs (user_id, org_id)
 *	DO: ALTER TABLE public.user_orgs ADD CONSTRAINT user_orgs_pkey PRIMARY KEY
 *		USING INDEX user_orgs_pkey
 */
static void
build_online_key(PortableRepair *repair, const Constraint *key)
{
	const bool	primary = key->contype == CONSTR_PRIMARY;
	const char *table = table_name(repair->table);
	List	   *columns = string_values(key->keys);
	const char *name = key->conname != NULL ? key->conname :
		choose_name(&repair->names, primary ? NAME_COMPOSITE_PRIMARY_KEY : NAME_UNIQUE,
					repair->table->name, list_copy(columns), NULL, NIL);

	build_portable_index(repair, true, name, psprintf("(%s)", column_list(columns)));
	add_portable_step(repair, (PortableStep) {
		.comment = "makes the index the key",.done = portable_constraint(table, name, "true"),
		.ready = portable_index(table, name, "i.indisvalid"),.lock = "ACCESS EXCLUSIVE",
		.statements = psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s", table,
							   quote_identifier(name), primary ? "PRIMARY KEY" : "UNIQUE", quote_identifier(name))
	}, lock_on(AccessExclusiveLock, repair->table->oid));
}

/*
 * Returns the names of the columns that an ALTER TABLE makes NOT NULL, by itself or
 * by a primary key, and that can be null now.
 */
static List *
made_not_null(const PortableRepair *repair, const AlterTableStmt *statement)
{
	List	   *asked = NIL;
	List	   *names = NIL;

	foreach_ptr(AlterTableCmd, command, statement->cmds)
	{
		if (command->subtype == AT_SetNotNull)
			asked = lappend(asked, command->name);
		if (command->subtype == AT_AddConstraint &&
			castNode(Constraint, command->def)->contype == CONSTR_PRIMARY)
			asked = list_concat(asked, string_values(castNode(Constraint, command->def)->keys));
	}
	foreach_ptr(char, name, asked)
		if (!find_column_by_name(repair->table, name)->notnull)
			names = lappend(names, name);
	return names;
}

/*
 * Adds the rows that validate each NOT NULL (18) of an ALTER TABLE that is there and
 * NOT VALID:
 *
 *	DO: ALTER TABLE public.user_orgs VALIDATE CONSTRAINT user_orgs_org_id_not_null
 */
static void
build_validated_not_null(PortableRepair *repair, const AlterTableStmt *statement)
{
	foreach_ptr(AlterTableCmd, command, statement->cmds)
	{
		const ColumnFacts *column = command->subtype == AT_SetNotNull ?
			find_column_by_name(repair->table, command->name) : NULL;

		if (column != NULL && column->unproven)
			build_validation(repair, find_not_null(repair->table->oid, column->attnum)->name, NULL,
							 validation_locks(repair, NULL));
	}
}

/*
 * Adds the rows of an ALTER TABLE that is not brief.
 */
static void
build_alteration(PortableRepair *repair, const AlterTableStmt *statement)
{
	List	   *columns = made_not_null(repair, statement);

	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (command->subtype == AT_AddConstraint &&
			castNode(Constraint, command->def)->contype == CONSTR_FOREIGN)
			build_reference(repair, castNode(Constraint, command->def),
							drops(statement, castNode(Constraint, command->def)->conname));
	if (columns != NIL)
		build_proved_not_null(repair, columns);
	build_validated_not_null(repair, statement);
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (command->subtype == AT_AddConstraint &&
			castNode(Constraint, command->def)->contype != CONSTR_FOREIGN)
			build_online_key(repair, castNode(Constraint, command->def));
	/* the foreign keys that the fix adds are validated already */
	foreach_ptr(AlterTableCmd, command, statement->cmds)
		if (command->subtype == AT_ValidateConstraint && !adds_reference(statement, command->name))
			foreach_ptr(ForeignKeyFacts, key, repair->table->foreign_keys)
				if (strcmp(key->name, command->name) == 0)
					build_validation(repair, command->name, NULL,
									 statement_locks(psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s",
															  table_name(repair->table),
															  quote_identifier(command->name))));
}

/*
 * Adds the row of a brief ALTER TABLE, which can be run twice.
 */
static void
build_brief(PortableRepair *repair, const AlterTableStmt *statement, const char *text)
{
	const AlterTableCmd *command = linitial_node(AlterTableCmd, statement->cmds);
	const char *table = quote_qualified_identifier(statement->relation->schemaname, statement->relation->relname);
	const char *done = "false";

	if (command->subtype == AT_AddConstraint)
		done = psprintf("EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid OPERATOR(pg_catalog.=) %s AND i.indisprimary)",
						portable_regclass(table));
	add_portable_step(repair, (PortableStep) {
		.comment = "changes the catalogs only",.done = done,.table = table,
		.lock = lock_mode_name(AlterTableGetLockLevel(statement->cmds)),.statements = text
	}, statement_locks(text));
}

/* Returns the index of the table that has this name, or null. */
static const IndexFacts *
index_of_name(const TableFacts *table, const char *name)
{
	foreach_ptr(IndexFacts, index, table->indexes)
		if (strcmp(index_name(index), name) == 0)
			return index;
	return NULL;
}

/*
 * Adds the rows of a CREATE INDEX over plain columns.
 */
static void
build_new_index(PortableRepair *repair, const IndexStmt *statement)
{
	List	   *columns = NIL;
	const char *name = statement->idxname;

	foreach_ptr(IndexElem, element, statement->indexParams)
		columns = lappend(columns, element->name);
	if (name == NULL)
		name = choose_name(&repair->names, NAME_INDEX, repair->table->name, list_copy(columns), NULL, NIL);
	if (repair->table->kind == RELKIND_PARTITIONED_TABLE)
		build_index_by_partition(repair, name, columns);
	else
		build_portable_index(repair, false, name, psprintf("(%s)", column_list(columns)));
}

/*
 * Adds the rows of one statement of a fix.  text: the statement alone, if it is
 * brief.
 */
static void
build_statement(PortableRepair *repair, Node *node, const char *text)
{
	if (IsA(node, IndexStmt))
		build_new_index(repair, (IndexStmt *) node);
	else if (IsA(node, ReindexStmt))
		build_index_again(repair, index_of_name(repair->table, ((ReindexStmt *) node)->relation->relname));
	else if (IsA(node, DropStmt))
		build_index_drop(repair, index_of_name(repair->table, strVal(llast(linitial(((DropStmt *) node)->objects)))));
	else if (IsA(node, VacuumStmt) || IsA(node, CommentStmt))
		plan_add(repair->plan, statement_locks(text), "%s", text);
	else if (are_brief((AlterTableStmt *) node))
		build_brief(repair, (AlterTableStmt *) node, text);
	else
		build_alteration(repair, (AlterTableStmt *) node);
}

/*
 * Adds the rows that do what a fix does.  Returns false, and adds nothing, if that
 * takes a lock that blocks others for longer than a moment, or a function of this
 * extension.
 */
bool
build_portable_fix(PortableRepair *repair, const char *fix)
{
	List	   *statements = raw_parser(fix, RAW_PARSE_DEFAULT);

	foreach_ptr(RawStmt, raw, statements)
		if (!can_build(repair, raw->stmt))
			return false;
	foreach_ptr(RawStmt, raw, statements)
	{
		const char *text = raw->stmt_len > 0 ?
			pnstrdup(fix + raw->stmt_location, raw->stmt_len) : fix + raw->stmt_location;

		build_statement(repair, raw->stmt, text + strspn(text, " "));
	}
	return true;
}
