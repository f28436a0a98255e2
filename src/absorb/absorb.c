/*
 * absorb.c
 *		junction.absorb: makes a junction of a relation that a table keeps in
 *		its columns: in an array, in json, in delimited text, in a foreign key
 *		or in numbered columns.
 *
 *	1. Check the source, its columns, the parent and the rows (absorb_check.c,
 *	   find_match.c, count_links.c).
 *	2. Build the junction with its rows, by create's builder, the proof that no
 *	   link is lost, and what becomes of the columns (build_absorption.c).
 *	3. Run the statements, or only return them (statement/plan.c).
 *
 * Unless this is a dry run, both tables are locked in SHARE ROW EXCLUSIVE mode
 * before anything is read: no row is written between the counts and the end of
 * the transaction.
 */
#include "postgres.h"

#include "access/relation.h"
#include "utils/builtins.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "check/check.h"
#include "statement/statement.h"

/*
 * Returns the value of the argument "missing"; 22023 for an unknown one.
 */
static MissingValues
parse_missing(text *value)
{
	char	   *missing = text_to_cstring(value);

	if (pg_strcasecmp(missing, "error") == 0)
		return MISSING_ERROR;
	if (pg_strcasecmp(missing, "insert") == 0)
		return MISSING_INSERT;
	if (pg_strcasecmp(missing, "discard") == 0)
		return MISSING_DISCARD;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"missing\": \"%s\"", missing),
			 errhint("Use \"error\", \"insert\" or \"discard\".")));
}

/*
 * Reads the argument "normalize", a list of words: "trim,lower".  22023 for an
 * unknown one.
 */
static void
parse_normalize(Absorption *absorption, text *value)
{
	char	   *words = text_to_cstring(value);
	char	   *rest = words;

	for (char *word = strsep(&rest, ", "); word != NULL; word = strsep(&rest, ", "))
	{
		if (strcmp(word, "trim") == 0)
			absorption->trim = true;
		else if (strcmp(word, "lower") == 0)
			absorption->lower = true;
		else if (word[0] != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for \"normalize\": \"%s\"", word),
					 errhint("Use \"trim\", \"lower\" or \"trim,lower\".")));
	}
}

/*
 * Reads the arguments of the call, except for name and dry_run.
 */
static void
read_absorb_arguments(FunctionCallInfo fcinfo, Absorption *absorption)
{
	absorption->source = PG_GETARG_OID(0);
	absorption->names = text_array_to_list(PG_GETARG_ARRAYTYPE_P(1), "columns");
	absorption->parent = PG_GETARG_OID(2);
	absorption->asked_match = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	absorption->missing = parse_missing(PG_GETARG_TEXT_PP(5));
	absorption->separator = PG_ARGISNULL(6) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(6));
	if (absorption->separator != NULL && absorption->separator[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"separator\" must not be empty")));
	if (!PG_ARGISNULL(7))
		parse_normalize(absorption, PG_GETARG_TEXT_PP(7));
	absorption->ordered = PG_GETARG_BOOL(8);
	absorption->junction.reverse_index = PG_GETARG_BOOL(9);
	absorption->junction.left.on_delete = parse_on_delete("left_on_delete", PG_GETARG_TEXT_PP(10));
	absorption->junction.right.on_delete = parse_on_delete("right_on_delete", PG_GETARG_TEXT_PP(11));
	absorption->keep_source = PG_GETARG_BOOL(12);
	absorption->mirror = PG_GETARG_BOOL(13);
}

/*
 * Tell in a NOTICE which indexes on the columns are of no use any more, or go
 * with them: a GIN index on an array served what the junction serves now.
 */
static void
notice_indexes(const Absorption *absorption)
{
	foreach_ptr(IndexFacts, index, absorption->table->indexes)
	{
		Bitmapset  *used = indexed_columns(index);

		foreach_ptr(ColumnFacts, column, absorption->columns)
		{
			if (!bms_is_member(column->attnum, used))
				continue;
			ereport(NOTICE,
					(absorption->keep_source ?
					 errmsg("index \"%s\" is superseded with \"%s\"", index_name(index), column->name) :
					 errmsg("index \"%s\" is dropped with \"%s\"", index_name(index), column->name)));
			break;
		}
	}
}

PG_FUNCTION_INFO_V1(junction_absorb);

/*
 * junction.absorb(source regclass, columns text[], parent regclass, match text,
 *				   name text, missing text, separator text, normalize text,
 *				   ordered bool, reverse_index bool, left_on_delete text,
 *				   right_on_delete text, keep_source bool, mirror bool, dry_run bool)
 *	returns setof junction.statement
 *
 * Raises what junction.create raises of parents and names; 42501 for a source
 * that is not the caller's; 42703 for a column, and 42704 for a match that is
 * not there; 22023 for arguments and values that do not fit; 23503 for values
 * that the parent does not have, 23502 if it cannot get them; 2BP01 and 55000 for
 * columns that cannot be dropped; 0A000 for generated columns, inheritance
 * children and distributed tables; 40001 if the transaction's snapshot is older
 * than the rows.
 */
Datum
junction_absorb(PG_FUNCTION_ARGS)
{
	Absorption	absorption = {0};
	StatementPlan plan = {NIL};
	bool		dry_run;
	static const char *const required[] = {
		[0] = "source",[1] = "columns",[2] = "parent",[5] = "missing",
		[8] = "ordered",[9] = "reverse_index",[10] = "left_on_delete",
		[11] = "right_on_delete",[12] = "keep_source",[13] = "mirror",[14] = "dry_run"
	};

	check_arguments(fcinfo, required, lengthof(required));
	read_absorb_arguments(fcinfo, &absorption);
	dry_run = PG_GETARG_BOOL(14);
	check_absorption(&absorption, PG_ARGISNULL(4) ? NULL : PG_GETARG_TEXT_PP(4),
					 dry_run ? AccessShareLock : absorption.keep_source ? ShareRowExclusiveLock : AccessExclusiveLock);
	if (!dry_run)
	{
		check_snapshot(absorption.source, "absorb");
		check_snapshot(absorption.parent, "absorb from");
	}
	notice_counts(&absorption);
	notice_indexes(&absorption);
	build_absorption(&plan, &absorption);

	/* the transaction keeps the locks */
	relation_close(absorption.rel, NoLock);
	relation_close(absorption.junction.left.parent.rel, NoLock);
	relation_close(absorption.junction.right.parent.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
