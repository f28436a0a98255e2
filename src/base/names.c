/*
 * names.c
 *		Lists of names (List of char *), and words in a text.
 *
 * Names are compared byte by byte, as PostgreSQL compares identifiers.  Only
 * holds_word() ignores case.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base.h"

/*
 * Is the name in the list?
 */
bool
list_has_name(List *names, const char *name)
{
	foreach_ptr(char, other, names)
		if (strcmp(other, name) == 0)
			return true;
	return false;
}

/*
 * Do two lists hold the same names in the same order?
 */
bool
same_names(List *left, List *right)
{
	if (list_length(left) != list_length(right))
		return false;
	for (int i = 0; i < list_length(left); i++)
		if (strcmp(list_nth(left, i), list_nth(right, i)) != 0)
			return false;
	return true;
}

/* Can the character be part of an unquoted SQL identifier? */
bool
is_word_character(char c)
{
	return IS_HIGHBIT_SET(c) || isalnum((unsigned char) c) || c == '_' || c == '$';
}

/*
 * Does a text, such as the body of a function, hold the name as a whole word?
 * The case of ASCII letters is ignored.  name must not be empty.
 */
bool
holds_word(const char *body, const char *name)
{
	size_t		length = strlen(name);
	unsigned char first = pg_tolower((unsigned char) name[0]);

	for (const char *place = body; *place != '\0'; place++)
		if (pg_tolower((unsigned char) *place) == first &&
			pg_strncasecmp(place, name, length) == 0 &&
			(place == body || !is_word_character(place[-1])) &&
			!is_word_character(place[length]))
			return true;
	return false;
}

/*
 * Returns a list of names as a text[] of one dimension.
 */
Datum
names_to_array(List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(names));

	foreach_ptr(char, name, names)
		elements[foreach_current_index(name)] = CStringGetTextDatum(name);
	return PointerGetDatum(construct_array(elements, list_length(names), TEXTOID, -1, false, TYPALIGN_INT));
}
