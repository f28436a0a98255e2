/*
 * column_definition.c
 *		The columns that a promotion is to add, as the user wrote them.
 *
 *	1. Parse each: it must be exactly one column definition, and no key.
 *	2. Ask the catalogs what ALTER TABLE will ask: is the type there, its
 *	   collation, what the default, the check or the generation expression calls,
 *	   the table that is referenced and its key?
 *	3. Look for a row, if there must be none: a NOT NULL without a default.
 *
 * So a dry run passes no definition of which the catalogs, or one look for a
 * row, tell that it cannot be.  Each error has the SQLSTATE that ALTER TABLE
 * would give it.  What a value of a row says (a default that breaks a check) is
 * left to ALTER TABLE.  Nothing is changed here.
 */
#include "postgres.h"

#include "parser/parser.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "check/check.h"

/*
 * An error of the parser's about a column definition is one of the argument's.
 */
static void
column_definition_error(void *definition)
{
	if (geterrcode() != ERRCODE_SYNTAX_ERROR)
		return;
	errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	errposition(0);
	errdetail("The column definition is \"%s\".", (const char *) definition);
	errhint("Give one column an element, as in 'role text NOT NULL DEFAULT ''member'''.");
}

/*
 * Parse the definition as it will stand, another command behind it: so what
 * swallows its end, a semicolon or a comment, shows.
 */
static List *
parse_as_added_column(const char *definition)
{
	ErrorContextCallback callback;
	List	   *parsed;

	callback.callback = column_definition_error;
	callback.arg = (void *) definition;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	parsed = raw_parser(psprintf("ALTER TABLE t ADD COLUMN %s\n, ADD COLUMN c int", definition),
						RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;
	return parsed;
}

/*
 * Parse the definition of a column to be added, and refuse what is not exactly
 * that: 22023.  The column must not be (part of) a key that is the promotion's
 * to make, and its name must fit.
 */
ColumnDef *
check_column_definition(const char *definition)
{
	List	   *parsed = parse_as_added_column(definition);
	AlterTableStmt *statement = NULL;
	AlterTableCmd *command = NULL;
	ColumnDef  *column;
	Datum		name;

	if (list_length(parsed) == 1)
		statement = (AlterTableStmt *) linitial_node(RawStmt, parsed)->stmt;
	if (statement != NULL && IsA(statement, AlterTableStmt) && list_length(statement->cmds) == 2)
		command = linitial_node(AlterTableCmd, statement->cmds);
	if (command == NULL || command->subtype != AT_AddColumn || command->missing_ok)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not exactly one column definition", definition),
				 errhint("Give one column an element, as in 'role text NOT NULL DEFAULT ''member'''.")));

	column = castNode(ColumnDef, command->def);
	foreach_ptr(Constraint, constraint, column->constraints)
		if (constraint->contype == CONSTR_PRIMARY)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" cannot be the primary key", column->colname),
					 errdetail("The primary key will be the id that the promotion adds.")));

	/* the parser has cut the name; the text still has it whole */
	name = DirectFunctionCall2(parse_ident,
							   CStringGetTextDatum(psprintf("ALTER TABLE t ADD COLUMN %s", definition) +
												   column->location),
							   BoolGetDatum(false));
	check_column_name(linitial(text_array_to_list(DatumGetArrayTypeP(name), "columns")));
	return column;
}

/*
 * Is a type's name one of those that stand for an integer with a sequence?
 */
bool
is_serial(const TypeName *type)
{
	static const char *const names[] = {
		"serial", "serial4", "bigserial", "serial8", "smallserial", "serial2"
	};

	for (int i = 0; i < lengthof(names) && list_length(type->names) == 1; i++)
		if (strcmp(strVal(linitial(type->names)), names[i]) == 0)
			return true;
	return false;
}
