/*
 * free_name.c
 *		Chooses names for constraints and indexes that are not in use.
 *
 * A statement of a plan uses names, and frees others, before it runs.  So a
 * name is checked against the catalogs and against the names that the plan has
 * taken and freed so far (NameSpace).
 *
 * A name in use is given a number.  Neither ChooseRelationName() nor
 * ChooseConstraintName() of PostgreSQL checks relations, constraints and the
 * names of a plan together, so this is done here.
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

/* A name, and the schema in which it is taken: entry and key of the hash table */
typedef struct TakenName
{
	Oid			namespace;
	NameData	name;
} TakenName;

/*
 * Returns an empty set of taken names, for names of any schema.
 */
HTAB *
make_taken_names(void)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(TakenName);
	ctl.entrysize = sizeof(TakenName);
	ctl.hcxt = CurrentMemoryContext;
	/* 64 to begin with: more names than the plan of one table takes; it grows */
	return hash_create("junction taken names", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Find or enter a name in the set of taken names; returns whether it was
 * there.
 */
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
 * Mark a name as taken, whether or not it is in use.
 */
void
take_name(NameSpace *space, const char *name)
{
	(void) search_taken(space, name, HASH_ENTER);
}

/*
 * Has an earlier step of the plan, or the fix of another finding, taken the
 * name?
 */
bool
is_name_taken(const NameSpace *space, const char *name)
{
	return search_taken(space, name, HASH_FIND);
}

/*
 * Is the name in use, by the plan so far or by the catalogs?  A constraint's
 * name must be free in its table only; that of a new table's constraint is
 * chosen so that no constraint of the schema has it, as PostgreSQL does.
 */
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
 * Build a name with makeObjectName(), take it and return it.  If it is in use,
 * 1, 2 and so on is appended to the label until it is not.  name2 and label
 * can be null.
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
 * Take and return a free name for a constraint or an index of a table, in the
 * convention of the name space.  columns: its columns, in order.  parent and
 * parent_columns matter for foreign keys only.
 */
char *
choose_name(NameSpace *space, NameKind kind, const char *table, List *columns,
			const char *parent, List *parent_columns)
{
	char	   *name;

	for (int number = 0;; number++)
	{
		name = conventional_name(space->naming, kind, table, columns, parent,
								 parent_columns, number);
		if (!is_in_use(space, name))
			break;
	}
	take_name(space, name);
	return name;
}

/*
 * Take and return the name of a constraint or an index after its table is
 * renamed.  Null if it is not named after the table: user_orgs_org_id_idx is
 * renamed with user_orgs, fk_rails_591dad3359 is not.
 *
 * columns: its columns.  A name that PostgreSQL chooses for these columns gets
 * the one that it would choose for the new table.  So it keeps its end where it
 * has to be cut; and one that had to be cut, which does not begin with the whole
 * name of the table, is recognized.
 */
char *
choose_renamed(NameSpace *space, const char *name, const char *old_table,
			   const char *new_table, List *columns)
{
	static const char *const labels[] = {"pkey", "key", "fkey", "idx", "check", "not_null", "excl"};
	size_t		length = strlen(old_table);

	for (int i = 0; i < lengthof(labels); i++)
	{
		char	   *middle = columns ? join_names(columns) : NULL;

		if (strcmp(name, makeObjectName(old_table, middle, labels[i])) == 0)
			return take_numbered(space, new_table, middle, labels[i]);
	}
	if (strncmp(name, old_table, length) == 0 && name[length] == '_')
		return take_numbered(space, new_table, name + length + 1, NULL);
	return NULL;
}
