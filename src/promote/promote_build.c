/*
 * promote_build.c
 *		Builds the statements of a promotion in one transaction.
 *
 *	a. The new table name and the names that follow it (statement/rename.c).  It
 *	   comes first, so that PostgreSQL names what follows after the new name.
 *	b. The composite key, demoted in place (key_in_place.c).
 *	c. One ALTER TABLE that adds the id, the columns, the time stamps and the new
 *	   primary key, and rewrites the table once.  In plain SQL (portable_key.c)
 *	   it also drops the composite key and adds it as UNIQUE.
 *	d. The view of the old name, if wanted (old_name_view.c).
 *
 * Of a table that Citus keeps, distributed.c has b and c.
 *
 * promote_steps.c uses a, b and parts of c for the concurrent promotion.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "promote/promote.h"
#include "statement/statement.h"

/*
 * Returns the locks of an ALTER TABLE that adds the columns, as text: on the
 * table and all below it, and on each table that a column references.  name:
 * the table's name when the statement runs.
 */
char *
added_column_locks(const Promotion *promotion, const char *name)
{
	List	   *locks = NIL;

	add_locks(&locks, promotion->table->oid, AccessExclusiveLock, true);
	foreach_ptr(ColumnDef, column, promotion->parsed)
		foreach_ptr(Constraint, constraint, column->constraints)
			if (constraint->contype == CONSTR_FOREIGN)
				add_locks(&locks, RangeVarGetRelid(constraint->pktable, NoLock, true),
						  ShareRowExclusiveLock, false);
	return locks_text(locks, promotion->table, name);
}

/* Do other tables have parts of the key? Partitions do, inheritance children do not. */
static bool
key_recurses(const TableFacts *table)
{
	return table->kind == RELKIND_PARTITIONED_TABLE;
}

/*
 * Returns the name of the pair's UNIQUE, unique_name or the convention's, and
 * takes it.
 */
static char *
pair_key_name(const Promotion *promotion, NameSpace *names)
{
	if (promotion->unique_name == NULL)
		return choose_name(names, NAME_DEMOTED, promotion->name,
						   pair_columns(promotion->junction), NULL, NIL);
	take_name(names, promotion->unique_name);
	return promotion->unique_name;
}

/*
 * Builds, if the pair key is primary and changed in place:
 *
 *	SELECT junction.primary_to_unique('public.memberships'::pg_catalog.regclass,
 *		'memberships_user_id_org_id_unique'::pg_catalog.text)
 *
 * If the pair key is UNIQUE already, only renames its index to name.
 */
static void
build_unique_pair(StatementPlan *plan, const Promotion *promotion, const char *name)
{
	const IndexFacts *key = promotion->junction->pair_key;

	if (!promotion->demotes && strcmp(index_name(key), name) != 0)
		build_index_rename(plan, key, name);
	if (promotion->demotes && !promotion->plain)
		plan_add(plan, new_name_locks(promotion->table, promotion->name, key_recurses(promotion->table)),
				 "SELECT junction.primary_to_unique(%s, %s)",
				 typed_literal(qualified_beside(promotion->table, promotion->name), "regclass"),
				 typed_literal(name, "text"));
}

/*
 * Returns the call that makes a new id: PostgreSQL's uuidv7() from 18 on,
 * else ours, else, in plain SQL, gen_random_uuid().
 */
const char *
uuid_default(const Promotion *promotion)
{
	if (SERVER_HAS_UUIDV7)
		return "pg_catalog.uuidv7()";
	return promotion->plain ? "pg_catalog.gen_random_uuid()" : "junction.uuidv7()";
}

/*
 * Appends "ADD COLUMN id uuid NOT NULL DEFAULT junction.uuidv7()", or an
 * identity column for an integer type.
 */
void
append_id(StringInfo buf, const Promotion *promotion)
{
	appendStringInfo(buf, "\n    ADD COLUMN %s ", quote_identifier(promotion->id_column));
	if (promotion->id_type == UUIDOID)
		appendStringInfo(buf, "%s NOT NULL DEFAULT %s", type_text(UUIDOID, -1),
						 uuid_default(promotion));
	else
		appendStringInfo(buf, "%s GENERATED ALWAYS AS IDENTITY",
						 type_text(promotion->id_type, -1));
}

/*
 * Appends ", ADD COLUMN ..." for each of the user's definitions, as given.  A
 * newline follows a definition that may end in a "--" comment.
 */
void
append_definitions(StringInfo buf, const Promotion *promotion)
{
	foreach_ptr(char, definition, promotion->columns)
		appendStringInfo(buf, ",\n    ADD COLUMN %s%s", definition,
						 strstr(definition, "--") ? "\n" : "");
}

/*
 * Appends append_definitions(), and ", ADD COLUMN ..." for each time stamp.
 */
void
append_added_columns(StringInfo buf, const Promotion *promotion)
{
	append_definitions(buf, promotion);
	foreach_ptr(char, name, added_timestamps(promotion))
		appendStringInfo(buf, ",\n    ADD COLUMN %s timestamp with time zone NOT NULL DEFAULT pg_catalog.now()",
						 name);
}

/*
 * Returns the name of the new primary key, and takes it.
 */
char *
primary_key_name(const Promotion *promotion, NameSpace *names)
{
	NameKind	kind = list_length(promotion->primary_key) == 1 ?
		NAME_PRIMARY_KEY : NAME_COMPOSITE_PRIMARY_KEY;

	return choose_name(names, kind, promotion->name, promotion->primary_key, NULL, NIL);
}

/*
 * Builds:
 *
 *	ALTER TABLE public.memberships
 *	    ADD COLUMN id uuid NOT NULL DEFAULT junction.uuidv7(),
 *	    ADD COLUMN role member_role not null default 'member',
 *	    ADD COLUMN created_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
 *	    ADD COLUMN updated_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
 *	    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id)
 *
 * unique: the name of the pair's UNIQUE, which is created here if portable.
 */
static void
build_new_columns(StatementPlan *plan, const Promotion *promotion, const char *unique,
			  NameSpace *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (promotion->portable && promotion->demotes)
		append_portable_key(&buf, promotion->table, promotion->junction->pair_key, unique);
	append_id(&buf, promotion);
	append_added_columns(&buf, promotion);
	appendStringInfo(&buf, ",\n    ADD CONSTRAINT %s PRIMARY KEY (%s)",
					 quote_identifier(primary_key_name(promotion, names)),
					 column_list(promotion->primary_key));
	plan_add(plan, added_column_locks(promotion, promotion->name), "ALTER TABLE %s%s",
			 qualified_beside(promotion->table, promotion->name), buf.data);
}

/*
 * Builds the new table name, the names that follow it, and the demotion of
 * the pair's key.  Returns the name of the pair's key afterwards; its old
 * name is freed in names.
 *
 * A partial key is not a constraint.  Unless unique_name is given, it is
 * renamed like any other index, so that a demotion can restore its name.
 */
char *
build_promoted_names(StatementPlan *plan, const Promotion *promotion, NameSpace *names)
{
	const IndexFacts *key = promotion->junction->pair_key;
	bool		as_any = key->predicate != NULL && promotion->unique_name == NULL;
	List	   *except = as_any ? NIL : list_make1_oid(key->oid);
	char	   *unique;

	if (OidIsValid(promotion->id_index))
		except = lappend_oid(except, promotion->id_index);
	if (promotion->pair_index != NULL)
		except = lappend_oid(except, promotion->pair_index->oid);
	if (promotion->id_check != NULL)
		except = lappend_oid(except, promotion->id_check->oid);
	if (promotion->placement.layout != LAYOUT_LOCAL)
		except = list_concat(except, constraints_of(promotion->table));
	if (promotion->renamed)
		build_rename(plan, promotion->table, promotion->name, except, NULL, names);
	if (as_any)
		return index_name(key);
	unique = pair_key_name(promotion, names);
	build_unique_pair(plan, promotion, unique);
	if (promotion->demotes)
		names->freed = lappend(names->freed, index_name(key));
	return unique;
}

/*
 * Returns true if the new primary key gets the name that the pair's key has
 * now.
 */
bool
reuses_key_name(const Promotion *promotion)
{
	const TableFacts *table = promotion->table;
	StatementPlan unused = {NIL};
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names(),
		.naming = naming_for_table(table)
	};

	take_name(&names, promotion->name);
	(void) build_promoted_names(&unused, promotion, &names);
	return strcmp(primary_key_name(promotion, &names),
				  index_name(promotion->junction->pair_key)) == 0;
}

/*
 * Builds all statements of a promotion in one transaction.
 */
void
build_promotion(StatementPlan *plan, const Promotion *promotion)
{
	const TableFacts *table = promotion->table;
	NameSpace	names = {
		.namespace = table->namespace,.table = table->oid,.taken = make_taken_names(),
		.naming = naming_for_table(table)
	};
	char	   *unique;

	take_name(&names, promotion->name);
	if (promotion->placement.layout != LAYOUT_LOCAL)
	{
		build_placed_promotion(plan, promotion, &names);
		return;
	}
	unique = build_promoted_names(plan, promotion, &names);
	build_new_columns(plan, promotion, unique, &names);
	if (promotion->portable && promotion->demotes)
		build_portable_rest(plan, table, promotion->junction->pair_key, promotion->name, unique);
	if (promotion->keep_old_name)
		build_old_name(plan, promotion);
}
