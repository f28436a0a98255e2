/*
 * portable_key.c
 *		Makes the pair's key a UNIQUE in plain SQL, for a server that does not
 *		have this extension.
 *
 * Plain SQL cannot change the kind of a key.  So the key is dropped and
 * created again with its INCLUDE columns, storage parameters, tablespace,
 * comments, replica identity and CLUSTER mark.  A foreign key that references
 * the pair would have to be dropped and validated again over all rows; that
 * is refused.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "promote/promote.h"
#include "statement/statement.h"

/* Do two indexes have the same storage parameters and tablespace? */
static bool
stored_alike(Oid left, Oid right)
{
	HeapTuple	tuples[2] = {
		SearchSysCache1(RELOID, ObjectIdGetDatum(left)),
		SearchSysCache1(RELOID, ObjectIdGetDatum(right))
	};
	Datum		options[2];
	bool		nulls[2];
	bool		result;

	for (int i = 0; i < 2; i++)
	{
		if (!HeapTupleIsValid(tuples[i]))
			elog(ERROR, "cache lookup failed for relation %u", i == 0 ? left : right);
		options[i] = SysCacheGetAttr(RELOID, tuples[i], Anum_pg_class_reloptions, &nulls[i]);
	}
	result = ((Form_pg_class) GETSTRUCT(tuples[0]))->reltablespace ==
		((Form_pg_class) GETSTRUCT(tuples[1]))->reltablespace && nulls[0] == nulls[1] &&
		(nulls[0] || datumIsEqual(options[0], options[1], false, -1));
	ReleaseSysCache(tuples[0]);
	ReleaseSysCache(tuples[1]);
	return result;
}

/*
 * Returns true if the index of a partition's key has storage parameters, a
 * tablespace, a comment, a CLUSTER mark or a replica identity that the root's
 * does not give it.
 */
static bool
has_things_of_its_own(Oid index, Oid root)
{
	return !stored_alike(index, root) ||
		get_index_isclustered(index) || get_index_isreplident(index) ||
		GetComment(index, RelationRelationId, 0) != NULL ||
		GetComment(get_index_constraint(index), ConstraintRelationId, 0) != NULL;
}

/*
 * Refuse a key that foreign keys reference, at the table or a partition:
 * 2BP01; and partitions whose keys have properties of their own, which would
 * be lost: 0A000.
 */
void
check_portable(const Junction *junction)
{
	Oid			key = junction->pair_key->oid;
	List	   *addresses = NIL;
	char	   *dependents;

	foreach_oid(index, list_inheritors(key))
	{
		addresses = lappend(addresses, make_address(RelationRelationId, index, 0));
		if (index != key && has_things_of_its_own(index, key))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("\"%s\" cannot be promoted in plain SQL", display_name(junction->table->oid)),
					 errdetail("Plain SQL rebuilds the key \"%s\" of a partition, which has its own storage parameters, tablespace, comment, CLUSTER mark or replica identity.",
							   get_rel_name(index)),
					 errhint("Use portable => false, which keeps the index.")));
	}
	dependents = describe_dependents(addresses, false);
	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("\"%s\" cannot be promoted in plain SQL", display_name(junction->table->oid)),
				 errdetail("Plain SQL rebuilds its key \"%s\", and other objects depend on that key: %s.",
						   index_name(junction->pair_key), dependents),
				 errhint("Use portable => false, which keeps the key's index; or drop these objects, and create them again afterwards.")));
}

/*
 * Returns what follows PRIMARY KEY, or UNIQUE, in the definition of the key, as
 * pg_get_constraintdef_command() prints it: "(a, b) INCLUDE (c) WITH
 * (fillfactor='70')".
 */
const char *
key_definition(const TableFacts *table, const IndexFacts *key)
{
	const char *label = key->primary ? " PRIMARY KEY " : " UNIQUE ";
	Oid			constraint = get_index_constraint(key->oid);
	const char *command = pg_get_constraintdef_command(constraint);
	const char *head = psprintf("ALTER TABLE %s ADD CONSTRAINT %s", qualified_name(table->oid),
								quote_identifier(get_constraint_name(constraint)));

	if (strncmp(command, head, strlen(head)) != 0 ||
		strncmp(command + strlen(head), label, strlen(label)) != 0)
		elog(ERROR, "unexpected definition of a key: %s", command);
	return command + strlen(head) + strlen(label);
}

/*
 * Appends two commands of an ALTER TABLE:
 *
 *	    DROP CONSTRAINT user_orgs_pkey,
 *	    ADD CONSTRAINT memberships_user_id_org_id_unique UNIQUE (user_id, org_id),
 *
 * name: of the new constraint.
 */
void
append_portable_key(StringInfo buf, const TableFacts *table, const IndexFacts *key, const char *name)
{
	appendStringInfo(buf, "\n    DROP CONSTRAINT %s,\n    ADD CONSTRAINT %s UNIQUE %s,",
					 quote_identifier(index_name(key)), quote_identifier(name),
					 key_definition(table, key));
}

/*
 * Builds the comments of the old constraint and its index for the new ones:
 *
 *	COMMENT ON CONSTRAINT memberships_user_id_org_id_unique ON public.memberships
 *		IS 'once each'
 *
 * new_name: of the table; name: of the constraint.
 */
static void
build_comments(StatementPlan *plan, const TableFacts *table, const IndexFacts *key,
			   const char *new_name, const char *name)
{
	char	   *comment = GetComment(get_index_constraint(key->oid), ConstraintRelationId, 0);

	if (comment != NULL)
		plan_add(plan, new_name_lock(table, new_name, AccessShareLock),
				 "COMMENT ON CONSTRAINT %s ON %s IS %s",
				 quote_identifier(name), qualified_beside(table, new_name),
				 quote_literal_cstr(comment));
	comment = GetComment(key->oid, RelationRelationId, 0);
	if (comment != NULL)
		plan_add(plan, NULL, "COMMENT ON INDEX %s IS %s",
				 qualified_beside(table, name),
				 quote_literal_cstr(comment));
}

/*
 * Builds what the new constraint does not get with ADD CONSTRAINT: comments,
 * replica identity and CLUSTER mark.
 *
 *	ALTER TABLE public.memberships
 *	    REPLICA IDENTITY USING INDEX memberships_user_id_org_id_unique
 */
void
build_portable_rest(StatementPlan *plan, const TableFacts *table, const IndexFacts *key,
					const char *new_name, const char *name)
{
	const char *base = qualified_beside(table, new_name);

	build_comments(plan, table, key, new_name, name);
	if (key->replica_identity)
		plan_add(plan, new_name_lock(table, new_name, AccessExclusiveLock),
				 "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s", base, quote_identifier(name));
	if (get_index_isclustered(key->oid))
		plan_add(plan, new_name_lock(table, new_name, ShareUpdateExclusiveLock),
				 "ALTER TABLE %s CLUSTER ON %s", base, quote_identifier(name));
}
