/*
 * retire.c
 *		junction.retire: drops the columns of a table that junction.absorb has
 *		superseded, and the triggers and functions that mirror them.
 *
 *	1. Find the columns, by their comments, and the mirrors, by the comments of
 *	   the functions of the table's triggers.
 *	2. Refuse columns whose junction is not there, and what PostgreSQL would refuse.
 *	3. Build the statements, and run or return them.
 *
 * The table is the source of one junction or of several: all are retired.  The
 * transaction keeps ACCESS EXCLUSIVE on it; a dry run takes ACCESS SHARE.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_proc.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "absorb/absorb.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"

/* What is retired */
typedef struct Retirement
{
	Relation	rel;			/* open and locked */
	TableFacts *table;
	List	   *columns;		/* ColumnFacts: superseded */
	List	   *triggers;		/* names of the mirrors' triggers */
	List	   *functions;		/* OIDs of the mirrors' functions */
} Retirement;

/*
 * Returns the columns (ColumnFacts) of a table that are superseded.
 */
static List *
superseded_columns(const TableFacts *table)
{
	List	   *columns = NIL;

	foreach_ptr(ColumnFacts, column, table->columns)
	{
		char	   *comment = GetComment(table->oid, RelationRelationId, column->attnum);

		if (comment != NULL && strstr(comment, SUPERSEDED_MARK) != NULL)
			columns = lappend(columns, column);
	}
	return columns;
}

/*
 * Sets the columns.  42704 if there are none.
 */
static void
find_superseded_columns(Retirement *retirement)
{
	retirement->columns = superseded_columns(retirement->table);
	if (retirement->columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("\"%s\" has no column that junction.absorb has superseded",
						display_name(retirement->table->oid)),
				 errdetail("The comment of such a column holds \"%s\".", SUPERSEDED_MARK)));
}

/*
 * Returns the parents of the foreign keys that go with the superseded columns: for
 * open_table_with_parents().
 */
static List *
dropped_with_columns(TableFacts *table, const void *state)
{
	Bitmapset  *columns = NULL;

	foreach_ptr(ColumnFacts, column, superseded_columns(table))
		columns = bms_add_member(columns, column->attnum);
	return find_parents(table, columns);
}

/*
 * Returns the junctions (OIDs) that reference the table.
 */
static List *
find_junctions_of(Oid relid)
{
	List	   *tables = NIL;
	List	   *junctions = NIL;
	CatalogScan scan;
	HeapTuple	tuple;

	scan_dependents_of(&scan, RelationRelationId, relid, 0, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		HeapTuple	constraint = dep->classid == ConstraintRelationId ?
			SearchSysCache1(CONSTROID, ObjectIdGetDatum(dep->objid)) : NULL;

		if (!HeapTupleIsValid(constraint))
			continue;
		if (((Form_pg_constraint) GETSTRUCT(constraint))->confrelid == relid)
			tables = list_append_unique_oid(tables, ((Form_pg_constraint) GETSTRUCT(constraint))->conrelid);
		ReleaseSysCache(constraint);
	}
	end_scan(&scan);
	/* not to wait for a table while this one is locked, another that changes is taken for one */
	foreach_oid(table, tables)
		if (!ConditionalLockRelationOid(table, AccessShareLock) || classify(read_table(table))->kind != JUNCTION_NONE)
			junctions = lappend_oid(junctions, table);
	return junctions;
}

/*
 * Returns the name of the junction in the comment of a superseded column.
 */
static char *
superseding_name(Oid relid, const ColumnFacts *column)
{
	char	   *mark = strstr(GetComment(relid, RelationRelationId, column->attnum), SUPERSEDED_MARK " by ");

	return mark ? mark + strlen(SUPERSEDED_MARK " by ") : "";
}

/*
 * Returns the table (OID) of a qualified name; InvalidOid if there is none.
 */
static Oid
table_named(const char *name)
{
	List	   *names;

	if (!SplitIdentifierString(pstrdup(name), '.', &names) || list_length(names) != 2)
		return InvalidOid;
	return RangeVarGetRelid(makeRangeVar(linitial(names), lsecond(names), -1), NoLock, true);
}

/*
 * Refuse to drop columns whose junction is not there any more, so that nothing else
 * has their values: 55000.  One that has another name now, as by a promotion, is a
 * junction that no column names.
 */
static void
check_superseded(const Retirement *retirement)
{
	Oid			relid = retirement->table->oid;
	List	   *junctions = find_junctions_of(relid);
	List	   *others = list_copy(junctions);
	List	   *missing = NIL;
	List	   *columns = NIL;

	foreach_ptr(ColumnFacts, column, retirement->columns)
	{
		char	   *name = superseding_name(relid, column);
		Oid			table = table_named(name);

		others = list_delete_oid(others, table);
		if (list_member_oid(junctions, table))
			continue;
		columns = lappend(columns, column->name);
		if (!list_has_name(missing, name))
			missing = lappend(missing, name);
	}
	if (list_length(missing) > list_length(others))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("columns of \"%s\" are superseded by junctions that are not there", display_name(relid)),
				 errdetail("They are (%s). Of the names in their comments there is no junction, and of other names %d.",
						   column_list(columns), list_length(others)),
				 errhint("Absorb them again; or to keep one, take \"%s\" out of its comment.", SUPERSEDED_MARK)));
}

/*
 * Sets the triggers and the functions.  42501 for a function that is not the
 * caller's.
 */
static void
find_mirrors(Retirement *retirement)
{
	TriggerDesc *triggers = retirement->rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		List	   *functions = mirror_functions(trigger->tgfoid);

		if (functions == NIL)
			continue;
		retirement->triggers = lappend(retirement->triggers, trigger->tgname);
		retirement->functions = list_concat_unique_oid(retirement->functions, functions);
	}
	foreach_oid(function, retirement->functions)
		if (!object_ownercheck(ProcedureRelationId, function, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FUNCTION, get_func_name(function));
}

/*
 * Tell that columns without a mirror may hold more than their junction.
 */
static void
notice_no_mirror(const Retirement *retirement)
{
	if (retirement->triggers == NIL)
		ereport(NOTICE,
				(errmsg("nothing mirrored (%s) of \"%s\"", column_list(names_of(retirement->columns)),
						display_name(retirement->table->oid)),
				 errdetail("What was written to them since junction.absorb goes with them.")));
}

/*
 * Builds:
 *
 *	DROP TRIGGER invoice_tags_mirror_insert ON public.invoices
 *	DROP FUNCTION public.invoice_tags_mirror(), public.invoice_tags_mirror_add(integer[], integer[]), ...
 *	ALTER TABLE public.invoices DROP COLUMN tag_ids
 */
static void
build_retirement(StatementPlan *plan, const Retirement *retirement)
{
	StringInfoData functions;

	foreach_ptr(char, trigger, retirement->triggers)
		plan_add(plan, lock_on(AccessExclusiveLock, retirement->table->oid), "DROP TRIGGER %s ON %s",
				 quote_identifier(trigger), qualified_name(retirement->table->oid));
	initStringInfo(&functions);
	foreach_oid(function, retirement->functions)
		appendStringInfo(&functions, "%s%s", functions.len ? ", " : "",
						 format_procedure_qualified(function));
	if (retirement->functions != NIL)
		plan_add(plan, NULL, "DROP FUNCTION %s", functions.data);
	build_drop_columns(plan, retirement->table, retirement->columns);
}

PG_FUNCTION_INFO_V1(junction_retire);

/*
 * junction.retire(source regclass, dry_run bool) returns setof junction.statement
 *
 * 42P01 and 42809 for what is not a table; 42501 for one that is not the
 * caller's; 42704 if junction.absorb has superseded none of its columns; 55000 if the
 * junction of one is not there; 2BP01 and 55000 if they cannot be dropped.
 */
Datum
junction_retire(PG_FUNCTION_ARGS)
{
	Retirement	retirement = {0};
	StatementPlan plan = {NIL};
	static const char *const required[] = {"source", "dry_run"};
	Oid			source;
	bool		dry_run;

	check_arguments(fcinfo, required, lengthof(required));
	source = PG_GETARG_OID(0);
	dry_run = PG_GETARG_BOOL(1);
	retirement.rel = dry_run ? open_table_to_change(source, AccessShareLock) :
		open_table_with_parents(source, AccessExclusiveLock, &(ParentUse) {.dropped = dropped_with_columns});
	check_not_distributed(source,
						  "junction.absorb, which supersedes columns, takes no such table.",
						  "Drop the columns with ALTER TABLE ... DROP COLUMN.");
	retirement.table = read_table(source);
	find_superseded_columns(&retirement);
	check_superseded(&retirement);
	find_mirrors(&retirement);
	check_drop_columns(retirement.rel, retirement.table, retirement.columns,
					   dry_run ? AccessShareLock : AccessExclusiveLock);
	notice_no_mirror(&retirement);
	build_retirement(&plan, &retirement);
	/* the transaction keeps the lock */
	relation_close(retirement.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
