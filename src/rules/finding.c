/*
 * finding.c
 *		Adds a finding, chooses the names that its fix gives, and says of the
 *		fix that an ORM's schema needs it too.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * Add a finding with the severity of its rule, and return it.  columns: names,
 * char *.  The rule must set the message, and may set the rest.
 */
Finding *
add_finding(const Rule *rule, const Junction *junction, List *columns, Findings *findings)
{
	Finding    *finding = palloc0(sizeof(Finding));

	finding->junction = junction->table->oid;
	finding->table = junction->table;
	finding->rule = rule_id(rule);
	finding->severity = rule->severity;
	finding->columns = columns;
	findings->list = lappend(findings->list, finding);
	return finding;
}

/*
 * Returns the quoted name of a new constraint or index, put into format.
 *
 * Returns "" if the names are PostgreSQL's: the server then chooses the same
 * name, and chooses it when the fix runs, so two fixes cannot collide.
 */
const char *
fix_name(Findings *findings, const Junction *junction, NameKind kind, List *columns,
		 const char *format)
{
	if (findings->names->naming == NAMING_POSTGRES)
		return "";
	return psprintf(format, quote_identifier(choose_name(findings->names, kind,
														 junction->table->name, columns, NULL, NIL)));
}

/*
 * Add a sentence to the detail of a finding whose fix makes something that is
 * part of the schema: what, such as "the index".  Does nothing if the finding
 * has no fix.
 */
void
mention_orm(Finding *finding, const char *what)
{
	if (finding->fix != NULL)
		finding->detail = psprintf("%s If an ORM keeps the schema, declare %s there too, or its next sync takes it away again.",
								   finding->detail, what);
}
