/*
 * shard_error.c
 *		Gives an error from a shard the names of the table that it is a shard of.
 *
 * A constraint is checked at the shard of a row, where the objects are called
 * after the table's own and the shard's number: tag_users_pkey_102087.  Citus
 * passes on the SQLSTATE and the message of such an error, but not the fields
 * with the names; of a shard on this server, they are the shard's.  So the names
 * are looked for in the message, in whatever language it is, and the fields are
 * set as the server would for a table that is not distributed.  Where a message
 * could mean two objects, nothing is set.
 */
#include "postgres.h"

#include "catalog/pg_constraint.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "sample/sample.h"

/*
 * Does a message have the shard's name of this object just before "_", with the
 * shard's number up to end?  mark: of the "_".
 */
static bool
is_named_at(const char *message, const char *mark, const char *end, const char *name)
{
	size_t		length = strlen(name);
	const char *start = mark - length;

	if (end - mark + length >= NAMEDATALEN)
		start = end - (NAMEDATALEN - 1);
	/* the hash of the name tells two that begin alike apart */
	if (start != mark - length &&
		(mark - message < 8 || strncmp(mark - 8, psprintf("%08x", hash_bytes((const unsigned char *) name, length)), 8) != 0))
		return false;
	return start >= message && (start == message || !is_word_character(start[-1])) &&
		is_name_of_shard(name, pnstrdup(start, end - start), mark - start);
}

/*
 * Does a message have the name that an object has at a shard?
 */
static bool
names_at_shard(const char *message, const char *name)
{
	for (const char *mark = strchr(message, '_'); mark != NULL; mark = strchr(mark + 1, '_'))
	{
		size_t		digits = strspn(mark + 1, "0123456789");

		if (digits > 0 && !is_word_character(mark[1 + digits]) &&
			is_named_at(message, mark, mark + 1 + digits, name))
			return true;
	}
	return false;
}

/*
 * Returns the one name of these that a message has at a shard; null if it has
 * none or several.
 */
static char *
only_named(const char *message, List *names)
{
	char	   *found = NULL;

	foreach_ptr(char, name, names)
		if (names_at_shard(message, name))
		{
			if (found != NULL)
				return NULL;
			found = name;
		}
	return found;
}

/*
 * Returns the names of the constraints, or for a unique violation of the indexes,
 * that an error of this SQLSTATE can be about.
 */
static List *
possible_constraints(int sqlstate, const TableFacts *table)
{
	List	   *names = NIL;

	if (sqlstate == ERRCODE_UNIQUE_VIOLATION || sqlstate == ERRCODE_EXCLUSION_VIOLATION)
		foreach_ptr(IndexFacts, index, table->indexes)
			names = lappend(names, index_name(index));
	else if (sqlstate == ERRCODE_FOREIGN_KEY_VIOLATION || sqlstate == ERRCODE_RESTRICT_VIOLATION)
		foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
			names = lappend(names, key->name);
	else if (sqlstate == ERRCODE_CHECK_VIOLATION)
		foreach_ptr(ConstraintFacts, constraint, read_constraints(table->oid))
			if (constraint->type == CONSTRAINT_CHECK)
				names = lappend(names, constraint->name);
	return names;
}

/*
 * Returns the one column whose name a message has; null if it has none or
 * several.
 */
static char *
only_column(const char *message, const TableFacts *table)
{
	char	   *found = NULL;

	foreach_ptr(ColumnFacts, column, table->columns)
		if (holds_word(message, column->name))
		{
			if (found != NULL)
				return NULL;
			found = column->name;
		}
	return found;
}

/* Set the names of an error; constraint and column can be null. */
static void
set_names(ErrorData *error, const TableFacts *table, char *constraint, char *column)
{
	error->schema_name = get_namespace_name(table->namespace);
	error->table_name = table->name;
	error->constraint_name = constraint;
	error->column_name = column;
}

/*
 * Set the names of an error of a statement on a table, or on a parent of it, if
 * Citus keeps the table and the error came from a shard.  A null in the
 * distribution column, which Citus refuses by itself (22004), becomes what it
 * is: a violation of NOT NULL.
 */
void
name_shard_error(ErrorData *error, const TableFacts *table)
{
	Placement	placement = read_placement(table->oid);
	char	   *constraint;

	if (placement.layout == LAYOUT_LOCAL || error->message == NULL)
		return;
	if (error->sqlerrcode == ERRCODE_NULL_VALUE_NOT_ALLOWED && placement.column != 0 &&
		strstr(error->message, "partition column") != NULL)
	{
		error->sqlerrcode = ERRCODE_NOT_NULL_VIOLATION;
		set_names(error, table, NULL, find_column(table, placement.column)->name);
	}
	else if (error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION)
	{
		if (names_at_shard(error->message, table->name))
			set_names(error, table, NULL, only_column(error->message, table));
	}
	else
	{
		constraint = only_named(error->message, possible_constraints(error->sqlerrcode, table));
		if (constraint != NULL)
			set_names(error, table, constraint, NULL);
	}
}
