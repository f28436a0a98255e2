/*
 * column_definition.c
 *		Parses the definition of a column that a promotion adds, as the user
 *		wrote it.
 *
 * The text must be exactly one column definition, without a primary key.  What
 * the definition names (its type, a function of its default, a referenced
 * table) is checked by promote/added_columns.c.  Nothing is changed here.
 */
#include "postgres.h"

#include "parser/parser.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "check/check.h"

/*
 * Error context callback: turn a syntax error of the parser into an error of
 * the argument, 22023, with the definition in the detail.
 */
static void
column_definition_error(void *definition)
{
	if (geterrcode() != ERRCODE_SYNTAX_ERROR)
		return;
	errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	errposition(0);
	errdetail("The column definition is \"%s\".", (const char *) definition);
	errhint("Give each array element one column definition, such as 'role text NOT NULL DEFAULT ''member'''.");
}

/*
 * Parse the definition as an ADD COLUMN with another sub-command behind it.  A
 * definition that would swallow the rest of the statement, by a semicolon or a
 * comment, then gives other than two sub-commands.
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
 * Returns the definition of a column, parsed.  22023 if it is not exactly one
 * column definition or is a primary key; 42622 and 42701 if
 * check_column_name() refuses its name.
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
				 errhint("Give each array element one column definition, such as 'role text NOT NULL DEFAULT ''member'''.")));

	column = castNode(ColumnDef, command->def);
	foreach_ptr(Constraint, constraint, column->constraints)
		if (constraint->contype == CONSTR_PRIMARY)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" cannot be the primary key", column->colname),
					 errdetail("The promotion adds an id column as the primary key.")));

	/* the parser has cut a long name, so the name is read from the text */
	name = DirectFunctionCall2(parse_ident,
							   CStringGetTextDatum(psprintf("ALTER TABLE t ADD COLUMN %s", definition) +
												   column->location),
							   BoolGetDatum(false));
	check_column_name(linitial(text_array_to_list(DatumGetArrayTypeP(name), "columns")));
	return column;
}

/*
 * Is the type one of serial's names, which stand for an integer with a
 * sequence?
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
