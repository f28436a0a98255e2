/*
 * arguments.c
 *		Checks the arguments that every SQL-callable function takes, and reads
 *		them.
 *
 * The functions are not STRICT.  A null for an argument that cannot be null
 * raises 22004 and names the argument; a strict function would silently return
 * null.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "check/check.h"

/*
 * The longest interval that an argument can have, in days.  PostgreSQL's
 * timeouts are at most INT_MAX ms, which is 24.8 days.
 */
#define MAX_DAYS	24

/*
 * Refuse null for a required argument: 22004.  required: for each of the count
 * arguments its name, or null if it can be null.
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
 * Returns the elements of a text[] argument (List of char *).  22023 if it has
 * several dimensions or a null element.  argument: its name, for the message.
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
 * Returns an interval argument in milliseconds; a month counts 30 days.  22023
 * if it is negative or longer than MAX_DAYS, which infinity (17) is too.  n:
 * its number, from 0; name: its name, for the message.
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
