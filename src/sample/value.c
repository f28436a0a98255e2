/*
 * value.c
 *		Makes values for columns of any type, as text.
 *
 * The values are made, not read from the table.  First comes a random one,
 * which is unlikely to be in the table; then those that the constants of
 * checks hint at, another random one, and the usual ones.  make_row.c tries
 * them in this order.
 *
 * Values are text because text nests (an array of ranges of a domain), and
 * because the server's input function then checks each.  Runs no SQL.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "sample/sample.h"

/*
 * Characters of a text of unlimited length: "probe_" and 12 hexadecimal digits,
 * random enough to be unique.
 */
#define TEXT_LENGTH	18

/*
 * Characters of the longest text, or elements of the longest vector, that is
 * made because a check or a type modifier names a length.  A larger number is
 * more likely not a length, and its values would bloat each INSERT.
 */
#define MAX_HINTED_LENGTH	1000

/*
 * How a random value of a type is written: # stands for a random decimal digit,
 * @ for a hexadecimal one.
 */
static const struct
{
	Oid			type;
	const char *form;
}			forms[] = {
	{INT2OID, "1####"},
	{INT4OID, "1#########"},
	{INT8OID, "1#########"},
	{FLOAT4OID, "1#####"},
	{FLOAT8OID, "1#########"},
	{MONEYOID, "1######"},
	{OIDOID, "1#########"},
	{XIDOID, "1#########"},
	{XID8OID, "1#########"},
	{CIDOID, "1#########"},
	{TIDOID, "(1#####,1)"},
	{CHAROID, "@"},
	{NAMEOID, "probe_@@@@@@@@@@@@"},
	{REFCURSOROID, "probe_@@@@@@@@@@@@"},
	{BYTEAOID, "\\x@@@@@@@@@@@@@@@@"},
	{UUIDOID, "@@@@@@@@-@@@@-4@@@-8@@@-@@@@@@@@@@@@"},
	{DATEOID, "2###-12-1#"},
	{TIMESTAMPOID, "2###-12-1# 1#:3#:3#.######"},
	{TIMESTAMPTZOID, "2###-12-1# 1#:3#:3#.######+00"},
	{TIMEOID, "1#:3#:3#.######"},
	{TIMETZOID, "1#:3#:3#.######+00"},
	{INTERVALOID, "1####### seconds"},
	{INETOID, "10.1##.1##.1##"},
	{CIDROID, "10.1##.1##.1##/32"},
	{MACADDROID, "08:@@:@@:@@:@@:@@"},
	{MACADDR8OID, "08:@@:@@:@@:@@:@@:@@:@@"},
	{POINTOID, "(1####,1####)"},
	{LINEOID, "{1#,1#,1####}"},
	{LSEGOID, "[(1#,1#),(2#,2####)]"},
	{BOXOID, "(2#,2####),(1#,1#)"},
	{PATHOID, "[(1#,1#),(2#,2####)]"},
	{POLYGONOID, "((1#,1#),(2#,2#),(3#,1####))"},
	{CIRCLEOID, "<(1##,1##),1###>"},
	{JSONOID, "{\"probe\": 1########}"},
	{JSONBOID, "{\"probe\": 1########}"},
	{JSONPATHOID, "$.probe1########"},
	{XMLOID, "<probe>1########</probe>"},
	{TSVECTOROID, "probe1########"},
	{TSQUERYOID, "probe1########"},
	{PG_LSNOID, "1/@@@@@@@"},
	{TXID_SNAPSHOTOID, "1####:2####:"},
	{PG_SNAPSHOTOID, "1####:2####:"},
	{INT2VECTOROID, "1#### 1####"},
	{OIDVECTOROID, "1#### 1####"},
	{REGCLASSOID, "1#########"},
	{REGCOLLATIONOID, "1#########"},
	{REGCONFIGOID, "1#########"},
	{REGDICTIONARYOID, "1#########"},
	{REGNAMESPACEOID, "1#########"},
	{REGOPEROID, "1#########"},
	{REGOPERATOROID, "1#########"},
	{REGPROCOID, "1#########"},
	{REGPROCEDUREOID, "1#########"},
	{REGROLEOID, "1#########"},
	{REGTYPEOID, "1#########"}
};

/* Values that common checks accept, by type or type category */
static const char *const usual_strings[] = {
	"a", "A", "abc", "ABC", "1", "123", "en", "US", "a@example.org", "https://example.org/",
	"a-b", "#000000", "+15550100", "2000-01-01", "12:00", "00000000-0000-4000-8000-000000000000", "{}", ""
};
static const char *const usual_numbers[] = {"1", "0", "2", "10", "100", "-1"};
static const char *const usual_booleans[] = {"true", "false"};
static const char *const usual_days[] = {"2000-01-01", "1970-01-01", "2100-01-01"};
static const char *const usual_times[] = {"12:00", "00:00"};
static const char *const usual_intervals[] = {"1 day", "0", "1 month", "-1 day"};
static const char *const usual_documents[] = {"{}", "[]", "1", "\"a\"", "true", "null"};
static const char *const usual_others[] = {
	"1", "0", "a", "", "{}", "a=>1", "a.b", "(0,0)", "POINT(0 0)", "[1]", "<a/>"
};

/* Returns a random digit of base 2, 10 or 16. */
static char
random_digit(int base)
{
	return "0123456789abcdef"[pg_prng_uint64_range(&pg_global_prng_state, 0, base - 1)];
}

/* Returns a copy of a form with its # and @ replaced by random digits. */
static char *
fill_form(const char *form)
{
	char	   *result = pstrdup(form);

	for (char *c = result; *c != '\0'; c++)
		if (*c == '#' || *c == '@')
			*c = random_digit(*c == '#' ? 10 : 16);
	return result;
}

/* Returns this many random digits. */
static char *
random_digits(int count, int base)
{
	char	   *result = palloc(count + 1);

	for (int i = 0; i < count; i++)
		result[i] = random_digit(base);
	result[count] = '\0';
	return result;
}

/*
 * Returns a random text of exactly this many characters.
 */
static char *
random_text(int length)
{
	if (length >= TEXT_LENGTH)
		return psprintf("probe_%s", random_digits(length - 6, 16));
	return random_digits(length, 16);
}

/*
 * Returns a random number that fits numeric(precision, scale), given its type
 * modifier.
 */
static char *
random_decimal(int32 typmod)
{
	int			precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
	int			scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
	int			whole = precision - scale;
	StringInfoData buf;

	if (typmod < (int32) VARHDRSZ)
		return fill_form("1########");
	if (whole > 0)
		return psprintf("1%s", random_digits(Min(whole, 10) - 1, 10));
	initStringInfo(&buf);
	appendStringInfoString(&buf, "0.");
	appendStringInfoSpaces(&buf, -whole);
	for (char *c = buf.data; *c != '\0'; c++)
		if (*c == ' ')
			*c = '0';
	appendStringInfo(&buf, "1%s", random_digits(Min(precision, 10) - 1, 10));
	return buf.data;
}

/*
 * Returns a random value of a scalar type; null if the type is not known here
 * or has few values.
 */
static char *
random_value(Oid type, int32 typmod)
{
	int			length = typmod - VARHDRSZ;

	switch (type)
	{
		case NUMERICOID:
			return random_decimal(typmod);
		case TEXTOID:
			return random_text(TEXT_LENGTH);
		case VARCHAROID:
		case BPCHAROID:
			return random_text(length > 0 ? Min(length, TEXT_LENGTH) : TEXT_LENGTH);
		case BITOID:
			return random_digits(Max(typmod, 1), 2);
		case VARBITOID:
			return random_digits(typmod > 0 ? Min(typmod, 64) : 64, 2);
		case ACLITEMOID:
			return psprintf("%s=r/%s", quote_identifier(GetUserNameFromId(GetUserId(), false)),
							quote_identifier(GetUserNameFromId(GetUserId(), false)));
	}
	for (int i = 0; i < lengthof(forms); i++)
		if (forms[i].type == type)
			return fill_form(forms[i].form);
	if (type >= FirstNormalObjectId)
	{
		char		category;
		bool		preferred;

		get_type_category_preferred(type, &category, &preferred);
		if (category == TYPCATEGORY_STRING)
			return random_text(TEXT_LENGTH);
	}
	return NULL;
}

/* Add copies of count strings to the values. */
static List *
add_all(List *values, const char *const *more, int count)
{
	for (int i = 0; i < count; i++)
		values = lappend(values, pstrdup(more[i]));
	return values;
}

/*
 * Add the usual values of a scalar type.
 */
static List *
usual_values(List *values, Oid type, int32 typmod)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	if (type == JSONOID || type == JSONBOID)
		return add_all(values, usual_documents, lengthof(usual_documents));
	if (type == TIMEOID || type == TIMETZOID)
		return add_all(values, usual_times, lengthof(usual_times));
	if (category == TYPCATEGORY_STRING)
		return add_all(values, usual_strings, lengthof(usual_strings));
	if (type >= FirstNormalObjectId)
	{
		/* an extension's type: for a vector, the modifier is its dimensions */
		if (typmod > 0 && typmod <= MAX_HINTED_LENGTH)
		{
			StringInfoData buf;

			initStringInfo(&buf);
			for (int i = 0; i < typmod; i++)
				appendStringInfo(&buf, "%s%c", i == 0 ? "[1" : ",", random_digit(10));
			appendStringInfoChar(&buf, ']');
			values = lappend(values, buf.data);
		}
		return add_all(lappend(values, fill_form("1########")), usual_others, lengthof(usual_others));
	}
	if (category == TYPCATEGORY_NUMERIC)
		return add_all(values, usual_numbers, lengthof(usual_numbers));
	if (category == TYPCATEGORY_BOOLEAN)
		return add_all(values, usual_booleans, lengthof(usual_booleans));
	if (type == BITOID)
		for (char bit = '0'; bit <= '1'; bit++)
			values = lappend(values, memset(random_digits(Max(typmod, 1), 2), bit, Max(typmod, 1)));
	if (category == TYPCATEGORY_DATETIME)
		return add_all(values, usual_days, lengthof(usual_days));
	if (category == TYPCATEGORY_TIMESPAN)
		return add_all(values, usual_intervals, lengthof(usual_intervals));
	return values;
}

/*
 * Add the values that a check's constant hints at for a string: the constant
 * itself; with the wildcards of LIKE removed, alone and with random text
 * behind or before it; or if it is a number, texts of this length and one
 * more.
 */
static List *
hinted_strings(List *values, const Hint *hint)
{
	StringInfoData buf;

	if (hint->category == TYPCATEGORY_NUMERIC)
	{
		int			length = atoi(hint->text);

		for (int more = 0; more <= 1; more++)
			if (length + more > 0 && length + more <= MAX_HINTED_LENGTH)
				values = lappend(values, random_text(length + more));
		return values;
	}
	values = lappend(values, hint->text);
	initStringInfo(&buf);
	for (const char *c = hint->text; *c != '\0'; c++)
		if (*c != '%' && *c != '_')
			appendStringInfoChar(&buf, *c);
	values = lappend(values, buf.data);
	values = lappend(values, psprintf("%s%s", buf.data, random_text(8)));
	return lappend(values, psprintf("%s%s", random_text(8), buf.data));
}

/*
 * Add the values that the constants of checks (List of Hint) hint at for a
 * type: for a number the constant, and the constant plus and minus one.
 */
static List *
hinted_values(List *values, Oid type, List *hints)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	foreach_ptr(Hint, hint, hints)
	{
		if (category == TYPCATEGORY_STRING)
			values = hinted_strings(values, hint);
		else if (hint->type == type && category != TYPCATEGORY_NUMERIC)
			values = lappend(values, hint->text);
		else if (category == TYPCATEGORY_NUMERIC && hint->category == category)
			for (int step = 0; step <= 2; step++)
				values = lappend(values, psprintf("%.15g", strtod(hint->text, NULL) +
												  (step == 2 ? -1 : step)));
	}
	return values;
}

/*
 * Returns a value quoted as an element of an array, a range or a composite
 * value: "a\"b"
 */
static char *
quoted(const char *value)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '"');
	for (const char *c = value; *c != '\0'; c++)
	{
		if (*c == '"' || *c == '\\')
			appendStringInfoChar(&buf, '\\');
		appendStringInfoChar(&buf, *c);
	}
	appendStringInfoChar(&buf, '"');
	return buf.data;
}

/* Returns the labels of an enum. */
static List *
enum_values(Oid type)
{
	CatCList   *labels = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	List	   *values = NIL;

	for (int i = 0; i < labels->n_members; i++)
	{
		Form_pg_enum label = (Form_pg_enum) GETSTRUCT(&labels->members[i]->tuple);

		values = lappend(values, pstrdup(NameStr(label->enumlabel)));
	}
	ReleaseSysCacheList(labels);
	return values;
}

/*
 * Returns one value of a composite type, with the first value of each
 * attribute's type: ("a","b").  NIL if the type has been dropped.
 */
static List *
composite_values(Oid type)
{
	Relation	rel = try_relation_open(get_typ_typrelid(type), AccessShareLock);
	TupleDesc	desc;
	StringInfoData buf;
	const char *separator = "(";

	/* dropped since the look-up */
	if (rel == NULL)
		return NIL;
	desc = RelationGetDescr(rel);
	initStringInfo(&buf);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		List	   *values;

		if (att->attisdropped)
			continue;
		values = make_values(att->atttypid, att->atttypmod, NIL);
		appendStringInfo(&buf, "%s%s", separator, values ? quoted(linitial(values)) : "");
		separator = ",";
	}
	appendStringInfoString(&buf, *separator == '(' ? "()" : ")");
	relation_close(rel, AccessShareLock);
	return list_make1(buf.data);
}

/*
 * Returns values of a container type, an array or a range.  element: the type
 * it contains.  prefix, suffix: the text around one value of it, which is
 * written twice for a range.  empty: the value that contains none, which comes
 * last.
 */
static List *
values_around(Oid element, int32 typmod, List *hints, bool range, const char *prefix,
			  const char *suffix, const char *empty)
{
	List	   *values = NIL;

	foreach_ptr(char, value, make_values(element, typmod, hints))
	{
		char	   *inner = quoted(value);

		values = lappend(values, range ? psprintf("%s%s,%s%s", prefix, inner, inner, suffix) :
						 psprintf("%s%s%s", prefix, inner, suffix));
	}
	return lappend(values, pstrdup(empty));
}

/*
 * Returns values for a type (List of char *), those first that are most likely
 * to be new and accepted; NIL if none is known.  hints: constants of checks
 * (List of Hint).  A domain gets the values of its base type, which its checks
 * can refuse.
 */
List *
make_values(Oid type, int32 typmod, List *hints)
{
	Oid			base = getBaseTypeAndTypmod(type, &typmod);
	Oid			element = get_element_type(base);
	List	   *values = NIL;

	/* int2vector and oidvector have elements, but are not written as arrays */
	if (base == INT2VECTOROID || base == OIDVECTOROID)
		element = InvalidOid;
	check_stack_depth();
	if (OidIsValid(element))
		return values_around(element, typmod, hints, false, "{", "}", "{}");
	switch (get_typtype(base))
	{
		case TYPTYPE_ENUM:
			return enum_values(base);
		case TYPTYPE_COMPOSITE:
			return composite_values(base);
		case TYPTYPE_RANGE:
			return values_around(get_range_subtype(base), -1, hints, true, "[", "]", "empty");
		case TYPTYPE_MULTIRANGE:
			return values_around(get_range_subtype(get_multirange_range(base)), -1, hints, true,
								 "{[", "]}", "{}");
	}

	/* two random ones: the first may be in the table, or a check compare columns */
	for (int i = 0; i < 2; i++)
	{
		char	   *value = random_value(base, typmod);

		if (value != NULL)
			values = lappend(values, value);
		if (i == 0)
			values = hinted_values(values, base, hints);
	}
	return usual_values(values, base, typmod);
}
