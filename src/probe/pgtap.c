/*
 * pgtap.c
 *		Assertions for users of pgTAP.
 *
 * Each assertion returns the line of pgTAP's ok(), and after "not ok" the lines
 * of its diag(), which say what was found instead.
 *
 * This extension does not require pgTAP: an assertion looks up ok() and diag()
 * in the search path when it is called.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "probe/probe.h"

/*
 * Returns the OID of a function of pgTAP; 42883 if it is not in the search path.
 */
static Oid
pgtap_function(char *name, int nargs, const Oid *types)
{
	Oid			function = LookupFuncName(list_make1(makeString(name)), nargs, types, true);

	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("pgTAP is not in the search path"),
				 errdetail("There is no function %s.", func_signature_string(list_make1(makeString(name)),
																			 nargs, NIL, types)),
				 errhint("Use CREATE EXTENSION pgtap, and put its schema into search_path.")));
	return function;
}

/* The arguments of an assertion */
typedef struct Assertion
{
	Oid			relid;
	text	   *description;	/* the user's, or null for ours */
} Assertion;

/*
 * Returns the arguments of an assertion; 22004 if the table is null.
 */
static Assertion
read_assertion(FunctionCallInfo fcinfo)
{
	static const char *const required[] = {"junction"};
	Assertion	assertion;

	check_arguments(fcinfo, required, lengthof(required));
	assertion.relid = PG_GETARG_OID(0);
	assertion.description = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	return assertion;
}

/*
 * Returns the result of an assertion: "ok 1 - invoice_tags is a junction", or
 * "not ok ..." with the diagnosis in lines below it.  claim: "is a junction",
 * for the description if the user gave none.
 */
static Datum
tap_line(const Assertion *assertion, bool holds, const char *claim, const char *diagnosis)
{
	const Oid	ok_types[] = {BOOLOID, TEXTOID};
	const Oid	diag_types[] = {TEXTOID};
	Datum		description = assertion->description ? PointerGetDatum(assertion->description) :
		CStringGetTextDatum(psprintf("%s %s", display_name(assertion->relid), claim));
	Datum		line = OidFunctionCall2Coll(pgtap_function("ok", 2, ok_types), DEFAULT_COLLATION_OID,
											BoolGetDatum(holds), description);
	Datum		lines;

	if (holds)
		return line;
	lines = OidFunctionCall1Coll(pgtap_function("diag", 1, diag_types), DEFAULT_COLLATION_OID,
								 CStringGetTextDatum(diagnosis));
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s\n%s", TextDatumGetCString(line),
											  TextDatumGetCString(lines))));
}

/*
 * Returns the table of an assertion, classified.  It need not be a junction, and
 * no privilege is required.  42P01 for a table that was dropped, 42809 for what
 * is not a table.
 */
static Junction *
asserted_junction(const Assertion *assertion)
{
	Relation	rel = open_table_to_reference(assertion->relid, AccessShareLock);
	Junction   *junction;

	junction = classify(read_table(RelationGetRelid(rel)));
	relation_close(rel, AccessShareLock);
	return junction;
}

/*
 * "Its kind is payload, over (a, b), with (role) beside the pair."
 */
static const char *
describe_kind(const Junction *junction)
{
	StringInfoData buf;

	if (junction->kind == JUNCTION_NONE)
	{
		int			count = list_length(junction->table->foreign_keys);

		return psprintf(ngettext("It is not a junction; it has %d foreign key.",
								 "It is not a junction; it has %d foreign keys.", count), count);
	}
	initStringInfo(&buf);
	appendStringInfo(&buf, "Its kind is %s, over (%s)", kind_name(junction->kind),
					 column_list(pair_columns(junction)));
	if (junction->own_columns != NIL)
		appendStringInfo(&buf, ", with (%s) beside the pair", column_list(names_of(junction->own_columns)));
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

PG_FUNCTION_INFO_V1(junction_is_junction);

/*
 * junction.is_junction(junction regclass, description text) returns text
 *
 * As the next three: 22004 for a null table, 42P01 for one that was dropped,
 * 42809 for what is not a table, 42883 without pgTAP.
 */
Datum
junction_is_junction(PG_FUNCTION_ARGS)
{
	Assertion	assertion = read_assertion(fcinfo);
	Junction   *junction = asserted_junction(&assertion);

	return tap_line(&assertion, junction->kind != JUNCTION_NONE, "is a junction", describe_kind(junction));
}

PG_FUNCTION_INFO_V1(junction_is_pure);

/*
 * junction.is_pure(junction regclass, description text) returns text
 */
Datum
junction_is_pure(PG_FUNCTION_ARGS)
{
	Assertion	assertion = read_assertion(fcinfo);
	Junction   *junction = asserted_junction(&assertion);

	return tap_line(&assertion, junction->kind == JUNCTION_PURE, "is a pure junction",
				  describe_kind(junction));
}

PG_FUNCTION_INFO_V1(junction_is_entity);

/*
 * junction.is_entity(junction regclass, description text) returns text
 */
Datum
junction_is_entity(PG_FUNCTION_ARGS)
{
	Assertion	assertion = read_assertion(fcinfo);
	Junction   *junction = asserted_junction(&assertion);

	return tap_line(&assertion, junction->kind == JUNCTION_ENTITY, "is an entity that links two tables",
				  describe_kind(junction));
}

PG_FUNCTION_INFO_V1(junction_is_served);

/*
 * junction.is_served(junction regclass, description text) returns text
 *
 * Is the table a junction, and does an index serve each endpoint?
 */
Datum
junction_is_served(PG_FUNCTION_ARGS)
{
	Assertion	assertion = read_assertion(fcinfo);
	Junction   *junction = asserted_junction(&assertion);
	StringInfoData missing;

	initStringInfo(&missing);
	foreach_ptr(Endpoint, endpoint, junction->endpoints)
		if (endpoint->served_by == NULL)
			appendStringInfo(&missing, "%sNo index serves (%s).", missing.len ? "\n" : "",
							 column_list(endpoint_columns(junction, endpoint)));
	return tap_line(&assertion, junction->kind != JUNCTION_NONE && missing.len == 0,
				  "can be looked up from both sides",
				  missing.len > 0 ? missing.data : describe_kind(junction));
}

/*
 * An OutcomeSink: append a line of diagnosis for a probe that is not HELD.
 */
static void
add_outcome(const char *probe, Outcome outcome, const char *detail, void *state)
{
	StringInfo	lines = state;

	if (outcome != HELD)
		appendStringInfo(lines, "%s%s is %s: %s", lines->len ? "\n" : "", probe,
						 outcome_name(outcome), detail ? detail : "");
}

PG_FUNCTION_INFO_V1(junction_holds);

/*
 * junction.holds(junction regclass, description text) returns text
 *
 * Is the outcome of every probe "held"?  A skipped probe is a failure too, as it
 * proves nothing.  Errors: as junction.probe(), and 42883 without pgTAP.
 */
Datum
junction_holds(PG_FUNCTION_ARGS)
{
	Assertion	assertion = read_assertion(fcinfo);
	StringInfoData lines;

	initStringInfo(&lines);
	run_probes(assertion.relid, add_outcome, &lines);
	return tap_line(&assertion, lines.len == 0, "holds its rules", lines.data);
}
