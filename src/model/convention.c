/*
 * convention.c
 *		How tables and their columns are named, and words of names.
 *
 * A table and its columns are named after the parents, in English (inflect.c).
 * All names fit in 63 bytes.  Constraints and indexes are named in naming.c.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "mb/pg_wchar.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

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
