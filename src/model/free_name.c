/*
 * free_name.c
 *		Names that nothing else has: of constraints and indexes, by the convention.
 *
 * A statement of a plan takes names, and frees others, before it runs.  So what
 * the catalogs say is in use is asked together with what the plan has taken and
 * freed so far (NameSpace).
 */
#include "postgres.h"

#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "model/model.h"

/* A name, and the schema in which it is taken */
typedef struct TakenName
{
	Oid			namespace;
	NameData	name;
} TakenName;

/*
 * An empty set of names that are taken.
 */
HTAB *
make_taken_names(void)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(TakenName);
	ctl.entrysize = sizeof(TakenName);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("junction taken names", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static bool
search_taken(const NameSpace *space, const char *name, HASHACTION action)
{
	TakenName	key = {.namespace = space->namespace};
	bool		found;

	namestrcpy(&key.name, name);
	(void) hash_search(space->taken, &key, action, &found);
	return found;
}

/*
 * Take a name, whether it is free or not.
 */
void
take_name(NameSpace *space, const char *name)
{
	(void) search_taken(space, name, HASH_ENTER);
}

/*
 * Has an earlier step, or another fix, taken the name?
 */
bool
is_name_taken(const NameSpace *space, const char *name)
{
	return search_taken(space, name, HASH_FIND);
}

static bool
is_in_use(const NameSpace *space, const char *name)
{
	if (is_name_taken(space, name))
		return true;
	if (list_has_name(space->freed, name))
		return false;
	if (OidIsValid(get_relname_relid(name, space->namespace)))
		return true;
	return OidIsValid(space->table) ?
		ConstraintNameIsUsed(CONSTRAINT_RELATION, space->table, name) :
		ConstraintNameExists(name, space->namespace);
}

/*
 * Take a name, numbered if it is taken.  label may be null.
 */
static char *
take_numbered(NameSpace *space, const char *name1, const char *name2, const char *label)
{
	char	   *name = makeObjectName(name1, name2, label);

	for (int i = 1; is_in_use(space, name); i++)
		name = makeObjectName(name1, name2,
							  label ? psprintf("%s%d", label, i) : psprintf("%d", i));
	take_name(space, name);
	return name;
}

/*
 * PostgreSQL's conventions: t_pkey, t_a_b_key, t_a_fkey, t_a_idx; and for the
 * pair's key after a promotion t_a_b_unique, under both conventions.
 */
static char *
postgres_name(NameSpace *space, NameKind kind, const char *table, List *columns)
{
	return take_numbered(space, table, postgres_middle(kind, columns), postgres_label(kind));
}

/*
 * A free name for a constraint or an index of a table, which from now on is
 * taken.  columns: those that it is over, in order; parent and parent_columns
 * matter for foreign keys alone.
 */
char *
choose_name(NameSpace *space, NameKind kind, const char *table, List *columns,
			const char *parent, List *parent_columns)
{
	if (junction_naming == NAMING_DRIZZLE)
		return take_numbered(space, drizzle_name(kind, table, columns, parent, parent_columns),
							 NULL, NULL);
	return postgres_name(space, kind, table, columns);
}

/*
 * The name of a constraint or an index after its table was renamed, or null if
 * it is not named after the table: user_orgs_org_id_idx goes with user_orgs,
 * fk_rails_591dad3359 stays.
 *
 * columns: those that it is over.  A name that PostgreSQL had to cut is known
 * by being what it would have chosen for them.
 */
char *
choose_renamed(NameSpace *space, const char *name, const char *old_table,
			   const char *new_table, List *columns)
{
	static const char *const labels[] = {"pkey", "key", "fkey", "idx", "check", "not_null", "excl"};
	size_t		length = strlen(old_table);

	if (strncmp(name, old_table, length) == 0 && name[length] == '_')
		return take_numbered(space, new_table, name + length + 1, NULL);
	for (int i = 0; i < lengthof(labels); i++)
	{
		char	   *middle = columns ? join_names(columns) : NULL;

		if (strcmp(name, makeObjectName(old_table, middle, labels[i])) == 0)
			return take_numbered(space, new_table, middle, labels[i]);
	}
	return NULL;
}
