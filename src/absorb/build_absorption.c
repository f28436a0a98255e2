/*
 * build_absorption.c
 *		Builds the statements that absorb a relation into a junction: the
 *		parent's missing rows, the junction with its rows, the proof that no
 *		link is lost, and what becomes of the source's columns.
 *
 * Builds text only; everything is decided and counted (absorb_check.c).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "create/create.h"
#include "statement/statement.h"

/*
 * Returns the locks of reading the source and, if reads_parent, the parent; with
 * insert, of inserting into the parent.
 */
static char *
read_locks(const Absorption *absorption, bool reads_parent, bool inserts)
{
	const TableFacts *parent = absorption->junction.right.parent.table;
	char	   *source = lock_on_all(AccessShareLock, absorption->table);

	if (inserts)
		return absorption->source == absorption->parent ? lock_on_all(RowExclusiveLock, parent) :
			psprintf("%s, %s", lock_on_all(RowExclusiveLock, parent), source);
	if (!reads_parent || absorption->source == absorption->parent)
		return source;
	return psprintf("%s, %s", source, lock_on_all(AccessShareLock, parent));
}

/*
 * Builds the statement that adds to the parent the values that it lacks:
 *
 *	INSERT INTO public.tags (slug)
 *	SELECT DISTINCT link.value_1 FROM (...) AS link
 *	WHERE link.value_1 IS NOT NULL AND NOT EXISTS (
 *		SELECT FROM ONLY public.tags AS parent WHERE parent.slug OPERATOR(pg_catalog.=) link.value_1)
 *	ORDER BY 1
 *
 * The order makes the ids that the rows get the same each time.
 */
static void
build_missing_rows(StatementPlan *plan, const Absorption *absorption)
{
	const TableFacts *parent = absorption->junction.right.parent.table;
	List	   *columns = NIL;

	foreach_ptr(MatchColumn, match, absorption->match)
		columns = lappend(columns, match->column->name);
	plan_add(plan, read_locks(absorption, true, true),
			 "INSERT INTO %s (%s)\nSELECT DISTINCT %s\nFROM (%s) AS link\nWHERE %s AND NOT EXISTS (\n"
			 "    SELECT FROM %s AS parent WHERE %s)\nORDER BY 1",
			 qualified_name(parent->oid), column_list(columns), element_columns(absorption, true),
			 elements_query(absorption, source_relation(absorption->table)),
			 present_condition(absorption), source_relation(parent), match_condition(absorption));
}

/*
 * Sets the rows of the junction.  Values that are the parent's key need no
 * look-up, unless some are missing and are to be left out: the foreign key holds
 * the others.  Rows without duplicates need no grouping, and without nulls no
 * filter: the primary key holds that.
 */
static void
set_rows(Absorption *absorption)
{
	const LinkCounts *counts = &absorption->counts;
	bool		join = !values_are_key(absorption) ||
		(absorption->missing == MISSING_DISCARD && counts->missing > 0);
	bool		distinct = counts->pairs < counts->elements - counts->nulls;

	absorption->junction.rows = links_query(absorption, elements_query(absorption, source_relation(absorption->table)),
											 join, distinct, counts->nulls > 0);
	absorption->junction.rows_locks = read_locks(absorption, join, false);
}

/*
 * Returns the number of links that the junction must have.
 */
static int64
expected_links(const Absorption *absorption)
{
	return absorption->counts.pairs -
		(absorption->missing == MISSING_DISCARD ? absorption->counts.missing : 0);
}

/*
 * Builds the proof that every link is there: the number of rows of the junction
 * is the number of links that was counted in the source when the plan was made.
 * The key and the foreign keys hold the rest: each link is there once, and both
 * its ends exist.
 *
 *	DO LANGUAGE plpgsql 'BEGIN
 *	    IF (SELECT pg_catalog.count(*) FROM public.invoice_tags) OPERATOR(pg_catalog.<>) ''12''::pg_catalog.int8 THEN
 *	        RAISE EXCEPTION USING ...;
 *	    END IF;
 *	END'
 *
 * If it raises, and the plan was run by hand, the source was written to since the
 * plan was made.
 */
static void
build_proof(StatementPlan *plan, const Absorption *absorption)
{
	char	   *count = psprintf(INT64_FORMAT, expected_links(absorption));
	char	   *body = psprintf("BEGIN\n"
								"    IF (SELECT pg_catalog.count(*) FROM %s) OPERATOR(pg_catalog.<>) %s THEN\n"
								"        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = %s, HINT = %s;\n"
								"    END IF;\n"
								"END",
								absorption->junction.qualified, typed_literal(count, "int8"),
								quote_literal_cstr(psprintf("%s does not have %s links, as were counted in %s",
															absorption->junction.qualified, count,
															qualified_name(absorption->source))),
								quote_literal_cstr("If its rows have changed since this plan was made, make it again."));

	plan_add(plan, NULL, "DO LANGUAGE plpgsql %s", quote_literal_cstr(body));
}

/*
 * Builds, for each column of the source that stays, the comment that it is
 * superseded; an existing comment is kept.  The report knows the column by this
 * mark.
 *
 *	COMMENT ON COLUMN public.invoices.tag_ids IS '@junction superseded by public.invoice_tags'
 */
static void
mark_superseded(StatementPlan *plan, const Absorption *absorption)
{
	foreach_ptr(ColumnFacts, column, absorption->columns)
	{
		char	   *comment = GetComment(absorption->source, RelationRelationId, column->attnum);
		char	   *mark = comment ? strstr(comment, SUPERSEDED_MARK) : NULL;

		/* the mark of an earlier absorption is the end of the comment */
		if (mark != NULL)
			*mark = '\0';
		else if (comment != NULL)
			comment = psprintf("%s\n", comment);
		comment = psprintf("%s" SUPERSEDED_MARK " by %s", comment ? comment : "",
						   absorption->junction.qualified);
		plan_add(plan, lock_on(ShareUpdateExclusiveLock, absorption->source),
				 "COMMENT ON COLUMN %s.%s IS %s", qualified_name(absorption->source),
				 quote_identifier(column->name), quote_literal_cstr(comment));
	}
}

/*
 * Builds all statements.
 */
void
build_absorption(StatementPlan *plan, Absorption *absorption)
{
	if (absorption->missing == MISSING_INSERT && absorption->counts.missing > 0)
		build_missing_rows(plan, absorption);
	set_rows(absorption);
	tell_naming_for_parents(absorption->junction.left.parent.table,
							absorption->junction.right.parent.table);
	build_junction(plan, &absorption->junction);
	build_proof(plan, absorption);
	if (absorption->keep_source)
		mark_superseded(plan, absorption);
	else
		build_drop_columns(plan, absorption->table, absorption->columns);
	if (absorption->mirror)
		build_mirror(plan, absorption);
}
