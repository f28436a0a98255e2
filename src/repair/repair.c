/*
 * repair.c
 *		junction.repair: runs the fixes of the findings of one table.
 *
 *	1. Check: the caller owns the table, the rules exist, and no rows are in the
 *	   way of a key, a NOT NULL or a foreign key.
 *	2. Build: the fix of each finding of the given rules (rules/rule.c), in the
 *	   order of the rules.  The fixes run in a transaction, so they are built
 *	   without CONCURRENTLY.
 *	3. Run the fixes, or only return them (statement/plan.c).
 *
 * With concurrently, only a dry run is allowed: it returns rows in plain SQL that do
 * the same while others read and write, each in transactions of its own
 * (portable_fix.c).
 *
 * Only the given rules are applied: an index is dropped only if redundant_index
 * is among them.  No rule deletes rows.  A finding without a fix is reported as a
 * NOTICE.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "repair/repair.h"
#include "rules/rules.h"
#include "statement/statement.h"

/*
 * Refuse rows with a null in these columns, which the fix makes NOT NULL: 23502.
 */
static void
check_no_nulls(const Finding *finding, List *columns)
{
	int64		count = count_nulls(finding->junction, columns);

	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("rows of \"%s\" are in the way of rule \"%s\"",
						display_name(finding->junction), rule_name(finding->rule)),
				 errdetail_plural("%lld row has a null in (%s).", "%lld rows have a null in (%s).", count,
								  (long long) count, column_list(columns)),
				 errhint("Delete these rows, or give these columns values.")));
}

/*
 * Refuse pairs that are there more than once: 23505.  A table without any foreign
 * key is none of junction.deduplicate.
 */
static void
check_no_duplicates(const Finding *finding)
{
	int64		count = count_duplicates(finding->junction, finding->columns);

	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("rows of \"%s\" are in the way of rule \"%s\"",
						display_name(finding->junction), rule_name(finding->rule)),
				 errdetail_plural("%lld pair (%s) is there more than once.",
								  "%lld pairs (%s) are there more than once.", count,
								  (long long) count, column_list(finding->columns)),
				 finding->references != NIL ?
				 errhint("Delete the duplicate rows first. A query for them is in: SELECT detail FROM junction.report(%s).",
						 quote_literal_cstr(qualified_name(finding->junction))) :
				 errhint("Delete the duplicate rows first: SELECT * FROM junction.deduplicate(%s).",
						 quote_literal_cstr(qualified_name(finding->junction)))));
}

/*
 * Refuse rows that link to no row of the parent by this foreign key, which need
 * not be there yet: 23503.  Skips a parent that the caller may not read.
 */
static void
check_orphans_by(const TableFacts *table, const ForeignKeyFacts *key, const Finding *finding)
{
	int64		count = may_read_all(key->parent) ? count_orphans(table, key) : 0;
	List	   *columns;

	if (count <= 0)
		return;
	columns = column_names(table, key->columns, key->nkeys);
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("rows of \"%s\" are in the way of rule \"%s\"",
					display_name(finding->junction), rule_name(finding->rule)),
			 key->name != NULL ?
			 errdetail_plural("%lld row links to no row of %s by foreign key \"%s\".",
							  "%lld rows link to no row of %s by foreign key \"%s\".", count,
							  (long long) count, quote_identifier(key->parent_name), key->name) :
			 errdetail_plural("%lld row links to no row of %s by (%s).",
							  "%lld rows link to no row of %s by (%s).", count,
							  (long long) count, quote_identifier(key->parent_name), column_list(columns)),
			 errhint("Delete these rows, or insert the rows that they link to.")));
}

/*
 * Refuse rows that link to no row of the parent: 23503.  Checks the foreign key
 * that the finding is about, those that its fix rebuilds, but not the validated
 * ones, and those that it adds.
 */
static void
check_no_orphans(const TableFacts *table, const Finding *finding)
{
	foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
		if (!key->validated &&
			(key->oid == finding->foreign_key || list_member_oid(finding->rebuilt, key->oid)))
			check_orphans_by(table, key, finding);
	foreach_ptr(ForeignKeyFacts, key, finding->references)
		check_orphans_by(table, key, finding);
}

/*
 * Returns the columns of which the fix makes the primary key: the pair.  The
 * finding of a table that is not a junction yet is about exactly these.
 */
static List *
pair_of(TableFacts *table, const Finding *finding)
{
	Junction   *junction = classify(table);

	return junction->kind == JUNCTION_NONE ? finding->columns : pair_columns(junction);
}

/*
 * Refuse rows that would make the fix fail: 23502, 23505, 23503.  Checks nothing
 * if the caller may not read the table: the fix itself raises the error then.
 */
static void
check_rows(TableFacts *table, const Finding *finding)
{
	if (finding->fix == NULL || !may_read_all(finding->junction))
		return;
	if (finding->makes_primary_key)
		check_no_nulls(finding, pair_of(table, finding));
	if (finding->rule == RULE_NULLABLE_ENDPOINT)
		check_no_nulls(finding, finding->columns);
	if (finding->rule == RULE_MISSING_PAIR_KEY || finding->rule == RULE_POSSIBLE_JUNCTION ||
		finding->references != NIL)
		check_no_duplicates(finding);
	check_no_orphans(table, finding);
}

/*
 * Does the fix of an earlier finding settle this finding too, so that its own
 * fix is not needed, or would fail?
 *
 * A new primary key over the pair makes it NOT NULL, is not deferrable, and is
 * the replica identity.  A rebuilt foreign key is ON DELETE CASCADE, is
 * validated, and has new triggers under other names.
 */
static bool
is_settled(List *findings, const Finding *finding)
{
	const RuleSet settled = RULE_BIT(RULE_NULLABLE_ENDPOINT) | RULE_BIT(RULE_DEFERRABLE_PAIR_KEY) |
		RULE_BIT(RULE_NO_REPLICA_IDENTITY);

	foreach_ptr(Finding, before, findings)
	{
		if (before == finding)
			return false;
		if (list_member_oid(before->rebuilt, finding->foreign_key))
			return true;
		if (before->makes_primary_key && (settled & RULE_BIT(finding->rule)) != 0)
			return true;
	}
	return false;
}

/*
 * Does the fix of an earlier finding make the pair's key one that can be the
 * replica identity, so that it need not be FULL?  If it is not the identity by
 * that, the next report has a better fix.
 */
static bool
gets_identity(List *findings, const Finding *finding)
{
	if (finding->rule != RULE_NO_REPLICA_IDENTITY)
		return false;
	foreach_ptr(Finding, before, findings)
		if (before->rule == RULE_DEFERRABLE_PAIR_KEY && before->fix != NULL)
			return true;
	return false;
}

/* Tell, in a NOTICE, that a finding stays, and why: the hint. */
static void
tell_unfixed(const Finding *finding, const char *hint)
{
	ereport(NOTICE,
			(errmsg("%s: %s", rule_name(finding->rule), finding->message),
			 errdetail("%s", finding->detail),
			 errhint("%s", hint)));
}

/*
 * Add the fixes of the findings to the plan.  A finding without one raises a
 * NOTICE.
 */
static void
build_repair(StatementPlan *plan, List *findings)
{
	foreach_ptr(Finding, finding, findings)
	{
		if (is_settled(findings, finding) || gets_identity(findings, finding))
			continue;
		if (finding->fix != NULL)
			plan_add(plan, statement_locks(finding->fix), "%s", finding->fix);
		else
			tell_unfixed(finding, "It has no fix of its own.");
	}
}

/*
 * Add the rows that fix the findings while others read and write.  A NOTICE tells
 * those for which there are none.
 */
static void
build_concurrent_repair(StatementPlan *plan, TableFacts *table, List *findings)
{
	PortableRepair repair = {
		.plan = plan,.table = table,
		.names = {
			.namespace = table->namespace,.taken = make_taken_names(),.naming = naming_for_table(table),
			.table = table->oid
		}
	};

	check_not_distributed(table->oid,
						  "The rows of the plan change one table, and Citus keeps the rows of this one in shards.",
						  "Use CALL junction.repair_concurrently for indexes, and junction.repair for the rest.");
	foreach_ptr(Finding, finding, findings)
	{
		if (is_settled(findings, finding))
			continue;
		if (finding->rule == RULE_INVALID_INDEX && table->kind == RELKIND_PARTITIONED_TABLE)
			build_index_by_partition(&repair, NULL, finding->columns);
		else if (finding->fix == NULL)
			tell_unfixed(finding, "It has no fix of its own.");
		else if (!build_portable_fix(&repair, finding->fix))
			tell_unfixed(finding, psprintf("Its fix blocks others, or needs this extension: %s", finding->fix));
	}
}

/*
 * A function cannot commit, so concurrently => true gives the rows only: 25001.
 */
static void
check_dry_run(bool dry_run)
{
	if (!dry_run)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a function cannot repair concurrently"),
				 errdetail("A concurrent repair commits between its steps, and a function cannot commit."),
				 errhint("Use CALL junction.repair_concurrently, or dry_run => true for the statements.")));
}

/*
 * Returns the parents (OIDs) of the foreign keys that the fixes drop and make
 * anew.
 */
static List *
rebuilt_parents(const TableFacts *table, List *findings)
{
	List	   *parents = NIL;

	foreach_ptr(Finding, finding, findings)
		foreach_ptr(ForeignKeyFacts, key, table->foreign_keys)
			if (finding->fix != NULL && list_member_oid(finding->rebuilt, key->oid) && key->parent != table->oid)
				parents = list_append_unique_oid(parents, key->parent);
	return parents;
}

/*
 * Returns the parents (OIDs) of the foreign keys that the fixes add.  Sets *mode to
 * ACCESS EXCLUSIVE if a fix adds the key of the pair too.
 */
static List *
added_parents(List *findings, LOCKMODE *mode)
{
	List	   *parents = NIL;

	foreach_ptr(Finding, finding, findings)
	{
		if (finding->fix == NULL)
			continue;
		if (finding->makes_primary_key)
			*mode = AccessExclusiveLock;
		if (OidIsValid(finding->referenced))
			parents = list_append_unique_oid(parents, finding->referenced);
		foreach_ptr(ForeignKeyFacts, key, finding->references)
			parents = list_append_unique_oid(parents, key->parent);
	}
	return parents;
}

PG_FUNCTION_INFO_V1(junction_repair);

/*
 * junction.repair(junction regclass, rules text[], concurrently bool, dry_run bool)
 *		returns setof junction.statement
 *
 * Takes any table that the caller owns; returns no row if it has no finding,
 * with a NOTICE if it is not a junction.
 * Errors: those of check/table.c; 22004 for a null; 22023 for an unknown rule;
 * 23505, 23502, 23503 for rows in the way of a key, a NOT NULL, a foreign key;
 * 25001 for concurrently without dry_run, 0A000 for concurrently on Citus.
 */
Datum
junction_repair(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"junction", "rules", "concurrently", "dry_run"};
	StatementPlan plan = {NIL};
	Relation	rel;
	RuleSet		rules;
	List	   *findings;
	TableFacts *table;
	bool		concurrently;
	bool		dry_run;

	check_arguments(fcinfo, required, lengthof(required));
	rules = read_rules(text_array_to_list(PG_GETARG_ARRAYTYPE_P(1), "rules"));
	concurrently = PG_GETARG_BOOL(2);
	dry_run = PG_GETARG_BOOL(3);
	if (concurrently)
		check_dry_run(dry_run);

	/* blocks other repairs, but no reader or writer; each fix takes its own lock */
	rel = open_table_to_change(PG_GETARG_OID(0), dry_run ? AccessShareLock : ShareUpdateExclusiveLock);
	table = read_table(RelationGetRelid(rel));
	tell_naming(table);
	findings = collect_findings(RelationGetRelid(rel), rules, false);
	foreach_ptr(Finding, finding, findings)
	{
		/* who names the rule possible_junction knows that these rows are links */
		if (finding->fix == NULL)
			finding->fix = finding->fix_if_link;
		check_rows(table, finding);
	}
	if (concurrently)
		build_concurrent_repair(&plan, table, findings);
	else
		build_repair(&plan, findings);
	if (findings == NIL)
		notice_no_junction(classify(table));
	if (!dry_run)
	{
		LOCKMODE	mode = ShareRowExclusiveLock;
		List	   *added = added_parents(findings, &mode);

		lock_parents_late(table->oid, mode, added, rebuilt_parents(table, findings));
	}

	/* the lock stays until the transaction ends */
	relation_close(rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
