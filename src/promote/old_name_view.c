/*
 * old_name_view.c
 *		The view that keeps a table's old name after a promotion.
 *
 * Applications written for the junction can use the view until they are
 * changed.  It shows the old columns only, and PostgreSQL passes INSERT, ON
 * CONFLICT, UPDATE and DELETE on to the table.  It is a security_invoker
 * view, so the table's rights and policies apply to the role that uses it,
 * and the table's grants are repeated on it.
 *
 * build_...() build text only.  is_old_name() and find_old_name() recognize
 * such a view by its comment, so that a demotion can take the name back.  A
 * view that a user made with the same columns lacks the comment.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_rewrite.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "promote/promote.h"
#include "statement/statement.h"

/* The privileges of a table, as GRANT names them */
static const struct
{
	AclMode		mode;
	const char *name;
} privileges[] = {
	{ACL_SELECT, "SELECT"},
	{ACL_INSERT, "INSERT"},
	{ACL_UPDATE, "UPDATE"},
	{ACL_DELETE, "DELETE"},
	{ACL_TRUNCATE, "TRUNCATE"},
	{ACL_REFERENCES, "REFERENCES"},
	{ACL_TRIGGER, "TRIGGER"},
	{ACL_MAINTAIN, "MAINTAIN"},
};

/* The view's comment is comment_start, the table's new name, ". " and limits */
static const char comment_start[] = "The old name of ";

/* What the view cannot do in place of the table: in its comment and a NOTICE */
static const char limits[] =
	"It cannot be the target of COPY, TRUNCATE, a foreign key or ON CONFLICT ON CONSTRAINT.";

/*
 * Returns true if this is the comment of such a view.  The table's name in it
 * is not compared, as the table may have been renamed since.
 */
static bool
is_old_name_comment(const char *comment)
{
	size_t		length;

	/* PostGraphile's tags stand before the text, a line each */
	while (comment != NULL && *comment == '@')
	{
		comment = strchr(comment, '\n');
		if (comment != NULL)
			comment++;
	}
	if (comment == NULL || strncmp(comment, comment_start, strlen(comment_start)) != 0)
		return false;
	length = strlen(comment);
	return length > strlen(limits) && strcmp(comment + length - strlen(limits), limits) == 0;
}

/*
 * Builds, if modes has any privilege:
 *
 *	GRANT SELECT, DELETE ON public.user_orgs TO guest
 *
 * columns: " (user_id)" after each privilege, or empty.  option: " WITH GRANT
 * OPTION", or empty.
 */
static void
build_grant(StatementPlan *plan, const char *view, Oid role, AclMode modes,
			const char *columns, const char *option)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < lengthof(privileges); i++)
		if ((modes & privileges[i].mode) != 0)
			appendStringInfo(&buf, "%s%s%s", buf.len ? ", " : "", privileges[i].name, columns);
	if (buf.len > 0)
		plan_add(plan, NULL, "GRANT %s ON %s TO %s%s", buf.data, view,
				 role == ACL_ID_PUBLIC ? "PUBLIC" : quote_identifier(GetUserNameFromId(role, false)),
				 option);
}

/*
 * Builds the grants of an access control list to roles other than the owner.
 */
static void
build_grants(StatementPlan *plan, const char *view, const Acl *acl, Oid owner, const char *columns)
{
	const AclItem *items = ACL_DAT(acl);

	for (int i = 0; i < ACL_NUM(acl); i++)
	{
		AclMode		modes = ACLITEM_GET_PRIVS(items[i]);
		AclMode		grantable = ACLITEM_GET_GOPTIONS(items[i]);

		if (items[i].ai_grantee == owner)
			continue;
		build_grant(plan, view, items[i].ai_grantee, modes & ~grantable, columns, "");
		build_grant(plan, view, items[i].ai_grantee, grantable, columns, " WITH GRANT OPTION");
	}
}

/*
 * Returns a copy of the access control list in a syscache tuple; null for the
 * default.
 */
static Acl *
copy_acl(int cache, HeapTuple tuple, AttrNumber attribute)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(cache, tuple, attribute, &isnull);

	return isnull ? NULL : DatumGetAclPCopy(datum);
}

/*
 * Builds the grants on the table's columns.
 */
static void
build_column_grants(StatementPlan *plan, const char *view, const TableFacts *table, Oid owner)
{
	foreach_ptr(ColumnFacts, column, table->columns)
	{
		HeapTuple	tuple = SearchSysCacheAttNum(table->oid, column->attnum);
		Acl		   *acl;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for attribute %d of relation %u",
				 column->attnum, table->oid);
		acl = copy_acl(ATTNUM, tuple, Anum_pg_attribute_attacl);
		ReleaseSysCache(tuple);
		if (acl != NULL)
			build_grants(plan, view, acl, owner, psprintf(" (%s)", quote_identifier(column->name)));
	}
}

/*
 * Returns the names of the columns that the table had before the promotion: a
 * concurrent promotion has added its own already.
 */
static List *
old_columns(const Promotion *promotion)
{
	List	   *names = NIL;

	foreach_ptr(ColumnFacts, column, promotion->table->columns)
		if (promotion->begun == NULL || column->attnum < promotion->begun->attnum)
			names = lappend(names, column->name);
	return names;
}

/*
 * Builds the view, its comment, its owner and its grants.  Earlier statements
 * of the plan have renamed the table.
 *
 *	CREATE VIEW public.user_orgs WITH (security_invoker = true) AS
 *		SELECT user_id, org_id FROM public.memberships
 */
void
build_old_name(StatementPlan *plan, const Promotion *promotion)
{
	const TableFacts *table = promotion->table;
	const char *new_name = promotion->name;
	const char *view = qualified_name(table->oid);
	const char *base = qualified_beside(table, new_name);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table->oid));
	Oid			owner;
	Acl		   *acl;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", table->oid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	acl = copy_acl(RELOID, tuple, Anum_pg_class_relacl);
	ReleaseSysCache(tuple);

	plan_add(plan, new_name_lock(table, new_name, AccessShareLock),
			 "CREATE VIEW %s WITH (security_invoker = true) AS\n    SELECT %s\n    FROM %s",
			 view, column_list(old_columns(promotion)), base);
	plan_add(plan, NULL, "COMMENT ON VIEW %s IS %s", view,
			 quote_literal_cstr(psprintf("%s%s. %s", comment_start, base, limits)));
	if (owner != GetUserId())
		plan_add(plan, NULL, "ALTER VIEW %s OWNER TO %s", view,
				 quote_identifier(GetUserNameFromId(owner, false)));
	if (acl != NULL)
		build_grants(plan, view, acl, owner, "");
	build_column_grants(plan, view, table, owner);
}

/*
 * Raises the NOTICE that says what the view can do, after it was created.
 * table: as it was before the promotion.  pair: names of its columns.
 */
void
tell_old_name(const TableFacts *table, List *pair)
{
	ereport(NOTICE,
			(errmsg("view \"%s\" keeps the old name of \"%s\"", table->name, display_name(table->oid)),
			 errdetail("It can be read and written like the table, with ON CONFLICT (%s) too. %s",
					   column_list(pair), limits),
			 errhint("Drop it when nothing uses the old name any more.")));
}

/*
 * Returns true if the view shows exactly these columns of the table, under
 * their own names and without a condition.
 */
static bool
shows_columns(Query *query, Oid relid, List *columns)
{
	List	   *names = NIL;
	RangeTblRef *from;

	if (view_query_is_auto_updatable(query, false) != NULL ||
		query->jointree->quals != NULL || query->sortClause != NIL)
		return false;
	/* an auto-updatable view has one relation */
	from = linitial_node(RangeTblRef, query->jointree->fromlist);
	if (rt_fetch(from->rtindex, query->rtable)->relid != relid)
		return false;
	foreach_ptr(TargetEntry, target, query->targetList)
	{
		if (target->resjunk || !IsA(target->expr, Var) ||
			strcmp(target->resname, get_attname(relid, ((Var *) target->expr)->varattno, false)) != 0)
			return false;
		names = lappend(names, target->resname);
	}
	return same_names(names, columns);
}

/*
 * Returns true if the relation is the view that a promotion left for the
 * table, is the caller's, and has no triggers or further rules.  columns:
 * names of the junction's columns.  If true, the view stays locked in ACCESS
 * SHARE mode until the transaction ends.
 */
bool
is_old_name(Oid relid, const TableFacts *table, List *columns)
{
	Relation	view;
	bool		result;

	if (get_rel_relkind(relid) != RELKIND_VIEW ||
		!object_ownercheck(RelationRelationId, relid, GetUserId()) ||
		!is_old_name_comment(GetComment(relid, RelationRelationId, 0)))
		return false;
	/* another session may have dropped it */
	view = try_relation_open(relid, AccessShareLock);
	if (view == NULL)
		return false;
	result = RelationHasSecurityInvoker(view) && view->trigdesc == NULL &&
		view->rd_rules->numLocks == 1 && shows_columns(get_view_query(view), table->oid, columns);
	relation_close(view, result ? NoLock : AccessShareLock);
	return result;
}

/*
 * Returns the relation of a rule; InvalidOid if the rule is gone.
 */
static Oid
rule_relation(Oid rule)
{
	CatalogScan scan;
	HeapTuple	tuple;
	Oid			relid;

	scan_catalog_for(&scan, RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_oid, rule, NULL);
	tuple = next_row(&scan);
	relid = HeapTupleIsValid(tuple) ? ((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class : InvalidOid;
	end_scan(&scan);
	return relid;
}

/*
 * Returns the view in the table's schema that keeps its old name
 * (is_old_name); InvalidOid if there is none or more than one.
 */
Oid
find_old_name(const TableFacts *table, List *columns)
{
	CatalogScan scan;
	HeapTuple	tuple;
	List	   *views = NIL;
	List	   *found = NIL;

	scan_dependents_of(&scan, RelationRelationId, table->oid, 0, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

		if (dep->classid == RewriteRelationId)
			views = list_append_unique_oid(views, rule_relation(dep->objid));
	}
	end_scan(&scan);
	foreach_oid(view, views)
		if (get_rel_namespace(view) == table->namespace && is_old_name(view, table, columns))
			found = lappend_oid(found, view);
	return list_length(found) == 1 ? linitial_oid(found) : InvalidOid;
}
