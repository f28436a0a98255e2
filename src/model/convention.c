/*
 * convention.c
 *		The conventions by which tables, columns, constraints and indexes are
 *		named.
 *
 * A table and its columns are named after the parents, in English (inflect.c).
 * Constraints and indexes are named as PostgreSQL itself names them, or with
 * junction.naming = drizzle as drizzle-kit does.  All names fit in 63 bytes.
 * A longer name is cut as its convention cuts it: PostgreSQL (makeObjectName)
 * shortens the parts of a name before its label, drizzle-kit leaves it to the
 * server to cut the end.
 *
 * A name that is built here can be in use already.  free_name.c chooses one
 * that is not.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/*
 * junction.naming.  An administrator sets it for a database or a role where
 * drizzle-kit manages the schema, which renames objects whose names do not
 * follow its convention.
 */
int			junction_naming = NAMING_POSTGRES;

static const struct config_enum_entry naming_options[] = {
	{"postgres", NAMING_POSTGRES, false},
	{"drizzle", NAMING_DRIZZLE, false},
	{NULL, 0, false}
};

/*
 * Returns a name in snake_case: "OrderItem" and "orderItem" become
 * "order_item", "HTTPRoute" becomes "http_route".  A name without capitals is
 * unchanged.  Only ASCII letters are changed.
 */
char *
snake_case(const char *name)
{
	char	   *snake = palloc(2 * strlen(name) + 1);
	char	   *end = snake;

	for (const char *c = name; *c; c++)
	{
		bool		upper = *c >= 'A' && *c <= 'Z';
		bool		after_lower = c > name && ((c[-1] >= 'a' && c[-1] <= 'z') ||
											   (c[-1] >= '0' && c[-1] <= '9'));
		bool		after_upper = c > name && c[-1] >= 'A' && c[-1] <= 'Z';
		bool		before_lower = c[1] >= 'a' && c[1] <= 'z';

		if (upper && (after_lower || (after_upper && before_lower)))
			*end++ = '_';
		*end++ = upper ? *c - 'A' + 'a' : *c;
	}
	*end = '\0';
	return snake;
}

/*
 * Returns the noun for a row of a table: order_item for OrderItems.
 */
char *
table_noun(const char *table)
{
	return singular_name(snake_case(table));
}

/*
 * Returns the name of a junction of two tables: both names in alphabetical
 * order, by bytes, the first in the singular.
 */
char *
junction_table_name(const char *left, const char *right)
{
	char	   *left_snake = snake_case(left);
	char	   *right_snake = snake_case(right);

	if (strcmp(left_snake, right_snake) <= 0)
		return makeObjectName(singular_name(left_snake), right_snake, NULL);
	return makeObjectName(singular_name(right_snake), left_snake, NULL);
}

/*
 * As junction_table_name(), for two tables of a database.  The rules call it
 * for many pairs of tables, so the noun of a table is kept in its facts.
 */
char *
junction_name_of(Database *database, TableFacts *left, TableFacts *right)
{
	char	   *left_snake = snake_case(left->name);
	char	   *right_snake = snake_case(right->name);
	bool		in_order = strcmp(left_snake, right_snake) <= 0;
	TableFacts *first = in_order ? left : right;

	if (first->noun == NULL)
		first->noun = MemoryContextStrdup(database->context, table_noun(first->name));
	return makeObjectName(first->noun, in_order ? right_snake : left_snake, NULL);
}

/*
 * Returns the name of the column that references a parent's key column:
 * invoice_id for invoices.id.  single: the key has no other column; then a
 * column that begins with the noun of its table keeps its name, such as
 * album.album_id.
 */
char *
endpoint_column_name(const char *parent, const char *column, bool single)
{
	char	   *noun = table_noun(parent);
	char	   *key = snake_case(column);
	size_t		length = strlen(noun);

	if (single && strncmp(key, noun, length) == 0 && key[length] == '_')
		return key;
	return makeObjectName(noun, key, NULL);
}

/*
 * Returns a name in lower case (ASCII), without underscores, hyphens and
 * spaces.
 */
char *
squash_name(const char *name)
{
	char	   *squashed = palloc(strlen(name) + 1);
	char	   *end = squashed;

	for (const char *c = name; *c; c++)
		if (strchr("_- ", *c) == NULL)
			*end++ = pg_ascii_tolower((unsigned char) *c);
	*end = '\0';
	return squashed;
}

/*
 * Returns the name of a column without its digits: tag_id and tag_id2 have the
 * same stem, and so do tag1_id and tag2_id.
 */
char *
name_stem(const char *column)
{
	char	   *stem = palloc(strlen(column) + 1);
	char	   *end = stem;

	for (const char *c = column; *c; c++)
		if (*c < '0' || *c > '9')
			*end++ = *c;
	*end = '\0';
	return stem;
}

/*
 * Returns "a_b_c", cut at a character boundary to 63 bytes, the most that a
 * name can have.
 */
char *
join_names(List *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, names)
	{
		if (buf.len > 0)
			appendStringInfoChar(&buf, '_');
		appendStringInfoString(&buf, name);
	}
	buf.data[pg_mbcliplen(buf.data, buf.len, NAMEDATALEN - 1)] = '\0';
	return buf.data;
}

/* Returns the last part of a name in PostgreSQL's convention: what it is for */
const char *
postgres_label(NameKind kind)
{
	static const char *const labels[] = {
		[NAME_PRIMARY_KEY] = "pkey",
		[NAME_COMPOSITE_PRIMARY_KEY] = "pkey",
		[NAME_UNIQUE] = "key",
		[NAME_DEMOTED] = "unique",
		[NAME_FOREIGN_KEY] = "fkey",
		[NAME_INDEX] = "idx"
	};

	return labels[kind];
}

/*
 * Returns the part of a name between the table's name and the label, in
 * PostgreSQL's convention; null if there is none.
 */
const char *
postgres_middle(NameKind kind, List *columns)
{
	bool		primary = kind == NAME_PRIMARY_KEY || kind == NAME_COMPOSITE_PRIMARY_KEY;

	return primary ? NULL : join_names(columns);
}

/*
 * Returns a name in drizzle-kit's convention.  parent and parent_columns
 * matter for foreign keys only.
 *
 *	t_pkey, t_a_b_pk, t_a_b_unique, t_a_parents_id_fk, t_a_index
 *
 * t_pkey is a primary key of one column, t_a_b_pk one of several.
 */
char *
drizzle_name(NameKind kind, const char *table, List *columns,
			 const char *parent, List *parent_columns)
{
	List	   *words = list_concat(list_make1(pstrdup(table)), columns);

	switch (kind)
	{
		case NAME_PRIMARY_KEY:
			return makeObjectName(table, NULL, postgres_label(kind));
		case NAME_COMPOSITE_PRIMARY_KEY:
			words = lappend(words, "pk");
			break;
		case NAME_UNIQUE:
		case NAME_DEMOTED:
			words = lappend(words, "unique");
			break;
		case NAME_FOREIGN_KEY:
			words = lappend(list_concat(lappend(words, pstrdup(parent)), parent_columns), "fk");
			break;
		case NAME_INDEX:
			words = lappend(words, "index");
			break;
	}
	return join_names(words);
}

/*
 * Is this the name that PostgreSQL's convention or drizzle-kit's gives?
 */
bool
is_conventional(const char *name, NameKind kind, const char *table, List *columns,
				const char *parent, List *parent_columns)
{
	return strcmp(name, makeObjectName(table, postgres_middle(kind, columns),
									   postgres_label(kind))) == 0 ||
		strcmp(name, drizzle_name(kind, table, columns, parent, parent_columns)) == 0;
}

/* Define the setting junction.naming. */
void
naming_init(void)
{
	DefineCustomEnumVariable("junction.naming",
							 "Sets how junction names constraints and indexes.",
							 "\"postgres\" names them as PostgreSQL would, \"drizzle\" as drizzle-kit would.",
							 &junction_naming,
							 NAMING_POSTGRES,
							 naming_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}
