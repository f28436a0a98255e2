/*
 * merge_readers.c
 *		Decides as which role a merge reads the rows of each table.
 *
 * To read a table is to run its owner's code: index expressions, predicates,
 * policies.  No caller's rights may be available to that code (statement/owner.c),
 * nor those of another owner.  Below the rows that the caller names, a query reads
 * the rows of a table and of all tables above, by which they are found.  So it runs
 * as an owner of one of them who may read them all, and as whom the other owners may
 * act anyway; or as the caller, if that is true of him.
 *
 * The tables are locked: they keep their owners until the transaction ends.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"

/*
 * Adds the tables that reference this one, those that reference them, and so on, to
 * a list of OIDs.
 */
static List *
add_tables_below(const Merge *merge, const MergeTable *table, List *below)
{
	foreach_ptr(MergeReference, reference, table->references)
	{
		Oid			child = reference->child->oid;

		if (!list_member_oid(below, child))
			below = add_tables_below(merge, find_merge_table(merge, child), lappend_oid(below, child));
	}
	return below;
}

/*
 * Returns the tables whose rows are read to find those of this one: itself first.
 */
static List *
tables_read_with(const Merge *merge, MergeTable *table)
{
	MergeTable *first = linitial(merge->tables);
	List	   *result = list_make1(table);

	foreach_ptr(MergeTable, above, merge->tables)
	{
		List	   *below = add_tables_below(merge, above, NIL);
		bool		named = above == first && merge->named && !list_member_oid(below, above->table->oid);

		if (!named && list_member_oid(below, table->table->oid))
			result = list_append_unique_ptr(result, above);
	}
	return result;
}

/*
 * May the role read the tables, and may their owners act as the role?
 */
static bool
is_reader(Oid role, List *tables)
{
	foreach_ptr(MergeTable, table, tables)
		if (!has_privs_of_role(table_owner(table->table->oid), role) || !may_role_read_all(table->table->oid, role))
			return false;
	return true;
}

/*
 * Sets the role that reads a table.  42501 if there is none.
 */
static void
set_reader(const Merge *merge, MergeTable *table)
{
	List	   *tables = tables_read_with(merge, table);
	List	   *roles = list_make1_oid(GetUserId());
	Oid			other = table->table->oid;

	foreach_ptr(MergeTable, read, tables)
	{
		roles = list_append_unique_oid(roles, table_owner(read->table->oid));
		if (table_owner(read->table->oid) != table_owner(table->table->oid))
			other = read->table->oid;
	}
	foreach_oid(role, roles)
		if (is_reader(role, tables))
		{
			table->reader = role;
			return;
		}
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to read rows of \"%s\" together with those of \"%s\"",
					display_name(table->table->oid), display_name(other)),
			 errdetail("Their owners differ, and the code of one of them would run with the rights of the other."),
			 errhint("Give both tables the same owner.")));
}

/*
 * Sets the role that reads each table.  42501 if there is none for one of them.
 */
void
set_readers(Merge *merge)
{
	foreach_ptr(MergeTable, table, merge->tables)
		set_reader(merge, table);
}
