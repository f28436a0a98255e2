/*
 * arguments.c
 *		What every SQL-callable function asks of its arguments.
 *
 * The functions are not strict, so that a null where none can be is an error
 * (22004) that names the argument, and not a null without a word.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "check/check.h"

/* The longest that a user may ask to wait, in days: below INT_MAX ms, as timeouts are */
#define MAX_DAYS	24

/*
 * Refuse null for an argument that has a name here: 22004.
 */
void
check_arguments(FunctionCallInfo fcinfo, const char *const *required, int count)
{
	for (int i = 0; i < count; i++)
		if (required[i] != NULL && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("\"%s\" must not be null", required[i])));
}

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

/*
 * An interval in milliseconds.  22023 if it is negative, or longer than a
 * timeout can be: since 17 it may be infinite.
 */
int64
interval_ms(FunctionCallInfo fcinfo, int n, const char *name)
{
	const int64 day = USECS_PER_DAY / 1000;
	Interval   *interval = PG_GETARG_INTERVAL_P(n);
	int64		result = interval->time / 1000 + interval->day * day + interval->month * (DAYS_PER_MONTH * day);

	if (result < 0 || result > MAX_DAYS * day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 result < 0 ? errmsg("\"%s\" must not be negative", name) :
				 errmsg("\"%s\" must be at most %d days", name, MAX_DAYS)));
	return result;
}
