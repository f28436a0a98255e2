/*
 * accessor_list.c
 *		Builds the accessors that list the rows at the other end of a row's
 *		links, one for each direction.
 *
 *	CREATE FUNCTION public.tags(public.invoices) RETURNS SETOF public.tags
 *	LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
 *	    SELECT parent.* FROM ONLY public.invoice_tags AS link
 *	    JOIN ONLY public.tags AS parent ON parent.id OPERATOR(pg_catalog.=) link.tag_id
 *	    WHERE ($1).id OPERATOR(pg_catalog.=) link.invoice_id;
 *	END
 *
 * The planner puts the query of such a function in its place.  For that it must
 * be one plain query that returns the columns, not a row; so PostgreSQL keeps the
 * list of columns, and refuses the call when the parent has more of them than
 * when the function was made.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "links/links.h"
#include "statement/statement.h"

/*
 * Returns the accessor that leads from a row of one end to the rows of the other.
 */
static AccessorFunction *
list_accessor(const Accessors *accessors, const AccessorEnd *from, const AccessorEnd *to)
{
	AccessorFunction *function = new_accessor(ACCESSOR_LIST, pstrdup(to->plural));

	add_parameter(function, NULL, get_rel_type_id(from->parent->oid), false);
	function->returns = psprintf("SETOF %s", qualified_name(to->parent->oid));
	function->attributes = "STABLE PARALLEL SAFE";
	function->body = psprintf("    SELECT parent.* FROM %s\n    JOIN %s AS parent ON %s\n    WHERE %s;\n",
							  live_links(accessors, list_concat_copy(from->columns, to->own), "link"),
							  link_relation(to->parent), links_of_row(to, "parent", "link"),
							  links_of_row(from, "($1)", "link"));
	add_lock(&function->locks, accessors->table->oid, AccessShareLock);
	add_lock(&function->locks, to->parent->oid, AccessShareLock);
	add_lock(&function->locks, from->parent->oid, AccessShareLock);
	return function;
}

/* Returns the two accessors (AccessorFunction). */
List *
list_accessors(const Accessors *accessors)
{
	return list_make2(list_accessor(accessors, &accessors->left, &accessors->right),
					  list_accessor(accessors, &accessors->right, &accessors->left));
}
