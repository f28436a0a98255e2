/*
 * portable_key.c
 *		The pair's key made a UNIQUE in plain SQL, for a server that does not
 *		have this extension.
 *
 * Plain SQL cannot change what a key is.  So the key is dropped and made anew,
 * as it was: its INCLUDE columns, its storage parameters, its tablespace, and
 * what else hangs on the index are given to the new one.  A foreign key that
 * points at the pair would have to be dropped with it, and checked again over
 * all rows: that is refused.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
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
 * Has the index of a partition's key something that its root's has not?
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
 * Refuse a key that foreign keys point at, here or at a partition: 2BP01; and
 * partitions whose keys have something of their own, which would be lost:
 * 0A000.
 */
void
check_portable(const Junction *junction)
{
	Oid			key = junction->pair_key->oid;
	List	   *addresses = NIL;
	char	   *dependents;

	foreach_oid(index, find_all_inheritors(key, NoLock, NULL))
	{
		addresses = lappend(addresses, make_address(RelationRelationId, index, 0));
		if (index != key && has_things_of_its_own(index, key))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("\"%s\" cannot be promoted in plain SQL", display_name(junction->table->oid)),
					 errdetail("That rebuilds the key \"%s\" of a partition, which has storage parameters, a tablespace, a comment or a mark of its own.",
							   get_rel_name(index)),
					 errhint("Use portable => false, which keeps the index.")));
	}
	dependents = describe_dependents(addresses, false);
	if (dependents != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("\"%s\" cannot be promoted in plain SQL", display_name(junction->table->oid)),
				 errdetail("That rebuilds its key \"%s\", on which other objects depend: %s.",
						   index_name(junction->pair_key), dependents),
				 errhint("Use portable => false, which keeps the key's index; or drop them, and make them anew afterwards.")));
}

/*
 * What follows PRIMARY KEY in the definition of a key, the parts with it that
 * concern its index: "(a, b) INCLUDE (c) WITH (fillfactor='70')".
 */
static const char *
key_definition(const TableFacts *table, const IndexFacts *key)
{
	static const char label[] = " PRIMARY KEY ";
	Oid			constraint = get_index_constraint(key->oid);
	const char *command = pg_get_constraintdef_command(constraint);
	const char *head = psprintf("ALTER TABLE %s ADD CONSTRAINT %s", qualified_name(table->oid),
								quote_identifier(get_constraint_name(constraint)));

	if (strncmp(command, head, strlen(head)) != 0 ||
		strncmp(command + strlen(head), label, strlen(label)) != 0)
		elog(ERROR, "unexpected definition of a primary key: %s", command);
	return command + strlen(head) + strlen(label);
}

/*
 * Two commands of an ALTER TABLE:
 *
 *	    DROP CONSTRAINT user_orgs_pkey,
 *	    ADD CONSTRAINT memberships_user_id_org_id_unique UNIQUE (user_id, org_id),
 */
void
append_portable_key(StringInfo buf, const TableFacts *table, const IndexFacts *key, const char *name)
{
	appendStringInfo(buf, "\n    DROP CONSTRAINT %s,\n    ADD CONSTRAINT %s UNIQUE %s,",
					 quote_identifier(index_name(key)), quote_identifier(name),
					 key_definition(table, key));
}

/*
 * COMMENT ON CONSTRAINT memberships_user_id_org_id_unique ON public.memberships
 *		IS 'once each'
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
 * What hung on the old index and not on the constraint, for the new one:
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
