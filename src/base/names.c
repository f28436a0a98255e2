/*
 * names.c
 *		Names as plain strings: lists of them, and where one stands in a text.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "base/base.h"

/*
 * The elements of a text[] argument as a list of strings.
 */
List *
text_array_to_list(ArrayType *array, const char *argument)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	List	   *list = NIL;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be a one-dimensional array", argument)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" must not contain null elements", argument)));
		list = lappend(list, TextDatumGetCString(elements[i]));
	}
	return list;
}

bool
list_has_name(List *names, const char *name)
{
	foreach_ptr(char, other, names)
		if (strcmp(other, name) == 0)
			return true;
	return false;
}

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

static bool
is_word_character(char c)
{
	return IS_HIGHBIT_SET(c) || isalnum((unsigned char) c) || c == '_' || c == '$';
}

/*
 * Does a text, of a function say, hold the name as a whole word, in whatever case?
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
