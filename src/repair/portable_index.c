/*
 * portable_index.c
 *		The rows in plain SQL that build and drop indexes while others read and
 *		write.
 *
 * An index of a table that is not partitioned takes two rows: one that drops what
 * a stopped build has left, and the build, which IF NOT EXISTS skips if it is done.
 *
 * PostgreSQL cannot build an index of a partitioned table concurrently.  So it is
 * created on the table ONLY, invalid; each partition gets its index; these are
 * attached, and the last of them makes the index of the partitioned table valid.
 * A partition that is made later has its index from the start.
 *
 * Builds text only.  The table is locked in ACCESS SHARE mode.
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "online/online.h"
#include "repair/repair.h"
#include "statement/statement.h"

/*
 * Adds the row of a step.  Its table is that of the repair, unless it names
 * another; its lock timeout is short, unless it has another.
 */
void
add_portable_step(PortableRepair *repair, PortableStep step, char *locks)
{
	step.refusal = "";
	if (step.ready == NULL)
		step.ready = "true";
	if (step.table == NULL)
		step.table = table_name(repair->table);
	if (step.lock_timeout == NULL)
		step.lock_timeout = "100ms";
	plan_add(repair->plan, locks, "%s", portable_transaction(&step));
}

/*
 * Adds the two rows that build an index of a table that is not partitioned:
 *
 *	DO: DROP INDEX public.user_orgs_org_id_idx, if it is invalid
 *	CREATE INDEX CONCURRENTLY IF NOT EXISTS user_orgs_org_id_idx ON public.user_orgs (org_id)
 *
 * definition: what follows the table.
 */
static void
build_plain_index(PortableRepair *repair, const TableFacts *table, bool unique, const char *name,
				  const char *definition)
{
	const char *qualified = table_name(table);

	add_portable_step(repair, (PortableStep) {
		.comment = "drops an index that a stopped build has left",.table = qualified,
		.done = psprintf("NOT %s", portable_index(qualified, name, "NOT i.indisvalid")),
		.lock = "ACCESS EXCLUSIVE",
		.statements = psprintf("DROP INDEX %s", qualified_beside(table, name))
	}, lock_on(AccessExclusiveLock, table->oid));
	plan_add(repair->plan, lock_on(ShareUpdateExclusiveLock, table->oid),
			 "CREATE %sINDEX CONCURRENTLY IF NOT EXISTS %s ON %s %s", unique ? "UNIQUE " : "",
			 quote_identifier(name), qualified, definition);
}

/* As build_plain_index(), of the table of the repair. */
void
build_portable_index(PortableRepair *repair, bool unique, const char *name, const char *definition)
{
	build_plain_index(repair, repair->table, unique, name, definition);
}

/* Adds the rows that drop an invalid index and build it again. */
void
build_index_again(PortableRepair *repair, const IndexFacts *index)
{
	build_portable_index(repair, index->unique, index_name(index),
						 portable_index_definition(index, repair->table->oid));
}

/*
 * Adds the row that drops an index:
 *
 *	DROP INDEX CONCURRENTLY IF EXISTS public.user_orgs_user_id_idx
 *
 * That of a partitioned table cannot be dropped concurrently, but it is brief.
 */
void
build_index_drop(PortableRepair *repair, const IndexFacts *index)
{
	const char *name = index_name(index);
	const char *qualified = qualified_beside(repair->table, name);

	if (repair->table->kind != RELKIND_PARTITIONED_TABLE)
		plan_add(repair->plan, lock_on(ShareUpdateExclusiveLock, repair->table->oid),
				 "DROP INDEX CONCURRENTLY IF EXISTS %s", qualified);
	else
		add_portable_step(repair, (PortableStep) {
			.comment = "drops an index that is not needed",
			.done = psprintf("NOT %s", portable_index(table_name(repair->table), name, "true")),
			.lock = "ACCESS EXCLUSIVE",.statements = psprintf("DROP INDEX %s", qualified)
		}, statement_locks(psprintf("DROP INDEX %s", qualified)));
}

/*
 * Returns the btree index of a table over exactly these columns, which may be
 * invalid: one that is attached to the index parent (or not attached, if that is
 * InvalidOid), or else one that could be.  Null if there is none.
 */
static const IndexFacts *
find_attachable(const TableFacts *table, List *columns, Oid parent)
{
	const IndexFacts *found = NULL;

	foreach_ptr(IndexFacts, index, table->indexes)
	{
		if (index->method != BTREE_AM_OID || index->unique || index->expressions || index->predicate != NULL ||
			index->nkeys != index->ncolumns ||
			!same_names(column_names(table, index->columns, index->nkeys), columns))
			continue;
		if (!get_rel_relispartition(index->oid))
			found = index;
		else if (OidIsValid(parent) && get_partition_parent(index->oid, true) == parent)
			return index;
	}
	return found;
}

/* A condition: the index of a partition is attached to an index of this name beside parent */
static char *
is_attached(const TableFacts *table, const char *name, const TableFacts *parent, const char *parent_name)
{
	return portable_index(table_name(table), name,
						  psprintf("EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid OPERATOR(pg_catalog.=) i.indexrelid"
								   " AND h.inhparent OPERATOR(pg_catalog.=) %s)",
								   portable_regclass(qualified_beside(parent, parent_name))));
}

/*
 * Adds the rows that build the index of a table and of all tables below it, and
 * attach it to the index parent_name of the table parent, unless that is null.
 * name: of the index, or null for that of a usable or attached index that is
 * there, or a free one.
 */
static void
build_below(PortableRepair *repair, TableFacts *table, List *columns, const char *name,
			const TableFacts *parent, const char *parent_name, Oid parent_index)
{
	const IndexFacts *there = find_attachable(table, columns, parent_index);
	NameSpace	names = repair->names;
	const char *qualified = table_name(table);

	check_stack_depth();
	names.namespace = table->namespace;
	if (there != NULL)
		name = index_name(there);
	else if (name == NULL)
		name = choose_name(&names, NAME_INDEX, table->name, list_copy(columns), NULL, NIL);
	if (table->kind != RELKIND_PARTITIONED_TABLE)
		build_plain_index(repair, table, false, name, psprintf("(%s)", column_list(columns)));
	else
	{
		add_portable_step(repair, (PortableStep) {
			.comment = "makes the index of a partitioned table, still without its partitions",.table = qualified,
			.done = portable_index(qualified, name, "true"),.lock = "SHARE",
			.statements = psprintf("CREATE INDEX %s ON ONLY %s (%s)", quote_identifier(name), qualified,
								   column_list(columns))
		}, lock_on(ShareLock, table->oid));
		foreach_oid(relid, find_inheritance_children(table->oid, AccessShareLock))
			if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
				build_below(repair, read_table(relid), columns, NULL, table, name,
							there != NULL ? there->oid : InvalidOid);
	}
	if (parent != NULL)
		add_portable_step(repair, (PortableStep) {
			.comment = "attaches the index of a partition",.table = qualified,
			.done = is_attached(table, name, parent, parent_name),
			.ready = table->kind == RELKIND_PARTITIONED_TABLE ? "true" : portable_index(qualified, name, "i.indisvalid"),
			.lock = "ACCESS SHARE",
			.statements = psprintf("ALTER INDEX %s ATTACH PARTITION %s", qualified_beside(parent, parent_name),
								   qualified_beside(table, name))
		}, psprintf("%s, %s", lock_on(AccessShareLock, parent->oid), lock_on(AccessShareLock, table->oid)));
}

/*
 * Adds the rows that build the index of a partitioned table over these columns.
 * name: for a new one; or null for a free name.
 */
void
build_index_by_partition(PortableRepair *repair, const char *name, List *columns)
{
	build_below(repair, repair->table, columns, name, NULL, NULL, InvalidOid);
}
