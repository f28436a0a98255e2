/*
 * policy_rules.c
 *		The rule about row-level security: recursive_policy.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/* A policy on the way from a table back to it */
typedef struct PolicyStep
{
	const TableFacts *table;	/* that has the policy */
	const PolicyFacts *policy;
} PolicyStep;

/*
 * Does a policy apply to a role?  If so, return true and set *role to the role
 * for which it and the policies before apply: of two roles, the one that is a
 * member of the other.  0 stands for any role.
 */
static bool
narrow_role(const PolicyFacts *policy, Oid *role)
{
	if (list_member_oid(policy->roles, ACL_ID_PUBLIC))
		return true;
	foreach_oid(other, policy->roles)
	{
		if (OidIsValid(*role) && is_member_of_role_nosuper(*role, other))
			return true;
		if (!OidIsValid(*role) || is_member_of_role_nosuper(other, *role))
		{
			*role = other;
			return true;
		}
	}
	return false;
}

/*
 * Find a way from a table over policies back to the table goal, and return it as
 * a list of PolicyStep; NIL if there is none.  visited: OIDs of the tables that
 * have been tried or are on the way.
 */
static List *
find_way_back(const Database *database, const TableFacts *table, Oid goal, Oid role,
			  List **visited)
{
	check_stack_depth();
	*visited = lappend_oid(*visited, table->oid);
	foreach_ptr(PolicyFacts, policy, table->policies)
	{
		Oid			narrowed = role;
		PolicyStep *step;

		if (!narrow_role(policy, &narrowed))
			continue;
		step = palloc(sizeof(PolicyStep));
		*step = (PolicyStep) {table, policy};
		if (list_member_oid(policy->tables, goal))
			return list_make1(step);
		foreach_oid(relid, policy->tables)
		{
			TableFacts *next = list_member_oid(*visited, relid) ? NULL : find_table(database, relid);
			List	   *way = next ? find_way_back(database, next, goal, narrowed, visited) : NIL;

			if (way != NIL)
				return lcons(step, way);
		}
	}
	return NIL;
}

/*
 * recursive_policy: to read the junction, its policies read a table whose
 * policies read the junction again, or the junction itself.  PostgreSQL refuses
 * such a query (42P17).  No fix: which of the policies is to ask a function
 * instead is for the user to decide.
 */
void
rule_recursive_policy(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	List	   *visited = NIL;
	List	   *way;
	Finding    *finding;
	StringInfoData steps;

	if (junction->kind == JUNCTION_NONE || table->policies == NIL)
		return;
	way = find_way_back(findings->database, table, table->oid, InvalidOid, &visited);
	if (way == NIL)
		return;
	initStringInfo(&steps);
	foreach_ptr(PolicyStep, step, way)
	{
		const TableFacts *next = foreach_current_index(step) + 1 < list_length(way) ?
			((PolicyStep *) list_nth(way, foreach_current_index(step) + 1))->table : table;

		appendStringInfo(&steps, "%spolicy %s of %s reads %s", steps.len ? ", " : "",
						 quote_identifier(step->policy->name), quote_identifier(step->table->name),
						 quote_identifier(next->name));
	}
	finding = add_finding(rule, junction, NIL, findings);
	if (list_length(way) == 1)
		finding->message = psprintf("a policy of %s reads %s itself", quote_identifier(table->name),
									quote_identifier(table->name));
	else if (list_length(way) == 2)
		finding->message = psprintf("policies of %s and %s read each other", quote_identifier(table->name),
									quote_identifier(((PolicyStep *) lsecond(way))->table->name));
	else
		finding->message = psprintf("policies of %s and %d other tables read each other in a circle",
									quote_identifier(table->name), list_length(way) - 1);
	finding->detail = psprintf("Queries fail with \"infinite recursion detected in policy\": %s. Let one of the policies call a SECURITY DEFINER function of the table's owner instead: without FORCE ROW LEVEL SECURITY, no policy applies to the owner.",
							   steps.data);
}
