/*
 * value.c
 *		Values to make rows of: for any type, as text.
 *
 * They are made, not taken from anywhere.  The first that a type has are
 * random, so that they are not there yet; then come those that a check hints
 * at, and the usual ones.  Whoever asks tries them in that order.
 *
 * As text, since that nests (an array of ranges of a domain), and since the
 * server's own reader then judges each.  Runs no SQL.
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

/* How long a text is that nothing limits */
#define TEXT_LENGTH	18

/* The longest that is made because a check names its length */
#define MAX_HINTED_LENGTH	1000

/*
 * Of types that have many values: how to write a random one, with a digit for
 * each # and a hexadecimal one for each @.
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

static char
random_digit(int base)
{
	return "0123456789abcdef"[pg_prng_uint64_range(&pg_global_prng_state, 0, base - 1)];
}

static char *
fill_form(const char *form)
{
	char	   *result = pstrdup(form);

	for (char *c = result; *c != '\0'; c++)
		if (*c == '#' || *c == '@')
			*c = random_digit(*c == '#' ? 10 : 16);
	return result;
}

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
 * A text of just this length.
 */
static char *
random_text(int length)
{
	if (length >= TEXT_LENGTH)
		return psprintf("probe_%s", random_digits(length - 6, 16));
	return random_digits(length, 16);
}

/*
 * A number that fits into numeric(precision, scale).
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
 * A random value of a scalar type, or null: it has few, or is not known here.
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

static List *
add_all(List *values, const char *const *more, int count)
{
	for (int i = 0; i < count; i++)
		values = lappend(values, pstrdup(more[i]));
	return values;
}

/*
 * The usual values of a scalar type.
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
		/* of an extension: a vector has its dimensions there */
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
 * What a check's constant may mean for a string: itself, something that begins
 * so, or a length.
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
 * A value inside another: "a\"b"
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
 * ("a","b"): each attribute the first value of its type
 */
static List *
composite_values(Oid type)
{
	Relation	rel = try_relation_open(get_typ_typrelid(type), AccessShareLock);
	TupleDesc	desc;
	StringInfoData buf;
	const char *separator = "(";

	/* the type is dropped as we look */
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
 * Values that hold others.  element: their type; form: a value around one of
 * its values; empty: one that holds none.
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
 * Values for a type, as text, those first that are likely to be new and good;
 * none if there can be none.  hints: constants (Hint) of checks.  A domain's
 * are its base type's: whether they pass its checks is to be tried.
 */
List *
make_values(Oid type, int32 typmod, List *hints)
{
	Oid			base = getBaseTypeAndTypmod(type, &typmod);
	Oid			element = get_element_type(base);
	List	   *values = NIL;

	/* these are arrays that are not written so */
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

	/* some random ones, as the first may be there, or a check may compare two */
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
