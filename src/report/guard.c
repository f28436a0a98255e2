/*
 * guard.c
 *		junction.guard: before a transaction commits, finds the defects that it
 *		has added to junctions.
 *
 *	1. Load.  An event trigger on ddl_command_start calls junction._load_guard(),
 *	   which does nothing: the call loads this library before the command runs.
 *	2. Collect.  The object access hook is called for every object that is
 *	   created, altered or dropped.  A created object is not visible yet, so its
 *	   OID is noted and its table is looked up at commit.  Of a dropped object,
 *	   the table is looked up at once.
 *	3. Judge.  Before the commit, when a migration has run both its CREATE TABLE
 *	   and its CREATE INDEX, the rules are applied to the noted tables twice: as
 *	   they are, and as they were before the transaction, in a snapshot with the
 *	   curcid of its first command.  Only new findings are reported or refused.
 *
 * The guard does not judge:
 *	- temporary tables, which are dropped with the session;
 *	- members of extensions, which the user cannot change;
 *	- shards of distributed tables, whose shape is decided by Citus;
 *	- pg_upgrade, which restores the tables of a database in one transaction;
 *	- sessions of Citus's own: Citus takes a refused commit there as a mere
 *	  warning, and goes on although its work was lost.
 * A change that ROLLBACK TO SAVEPOINT has undone stays noted, but adds no
 * finding.
 *
 * While the guard is off, the hook costs one comparison.  If the guard itself
 * fails, "notice" and "warning" report that as a warning and let the
 * transaction commit; "error" does not let it commit.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/index.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/defrem.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "report/report.h"
#include "rules/rules.h"

/* A touched object: a relation, a constraint or a trigger.  All is hash key. */
typedef struct Touched
{
	Oid			classid;
	Oid			objid;
} Touched;

static object_access_hook_type next_object_access_hook = NULL;

/*
 * Touched of the running transaction, in TopTransactionContext; null if nothing
 * was touched.
 */
static HTAB *touched = NULL;

/* The transaction was judged: ignore what its commit itself touches */
static bool judged = false;

/*
 * Note a touched object.
 */
static void
note(Oid classid, Oid objid)
{
	Touched		key = {classid, objid};

	if (touched == NULL)
	{
		HASHCTL		ctl;

		ctl.keysize = sizeof(Touched);
		ctl.entrysize = sizeof(Touched);
		ctl.hcxt = TopTransactionContext;
		touched = hash_create("junction guard", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	(void) hash_search(touched, &key, HASH_ENTER, NULL);
}

/*
 * Returns the table of a trigger: for a trigger of a foreign key on the parent,
 * the table that has the foreign key; else the table that has the trigger.
 * InvalidOid if the trigger does not exist.
 */
static Oid
table_of_trigger(Oid trigger)
{
	CatalogScan scan;
	HeapTuple	tuple;
	Oid			relid = InvalidOid;

	scan_catalog_for(&scan, TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, trigger, NULL);
	if ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		relid = RI_FKey_trigger_type(form->tgfoid) == RI_TRIGGER_PK ? form->tgconstrrelid : form->tgrelid;
	}
	end_scan(&scan);
	return relid;
}

/*
 * Returns the table of a relation (a table or an index), a constraint or a
 * trigger; InvalidOid if the object does not exist, or has no table.
 */
static Oid
table_of(Oid classid, Oid objid)
{
	Oid			relid = objid;
	char		kind;

	if (classid == TriggerRelationId)
		relid = table_of_trigger(objid);
	if (classid == ConstraintRelationId)
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(objid));

		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
		ReleaseSysCache(tuple);
	}
	kind = get_rel_relkind(relid);
	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
	{
		relid = IndexGetRelation(relid, true);
		kind = get_rel_relkind(relid);
	}
	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ? relid : InvalidOid;
}

/*
 * Note the parent of a table that begins to inherit from it.
 */
static void
note_auxiliary(ObjectAccessType access, void *arg)
{
	if (access == OAT_POST_ALTER && arg != NULL &&
		OidIsValid(((ObjectAccessPostAlter *) arg)->auxiliary_id))
		note(RelationRelationId, ((ObjectAccessPostAlter *) arg)->auxiliary_id);
}

/*
 * The object_access_hook: note what is created, altered or dropped.  Calls the
 * hook that was installed before.
 */
static void
guard_object_access(ObjectAccessType access, Oid classid, Oid objid, int subid, void *arg)
{
	if (next_object_access_hook)
		next_object_access_hook(access, classid, objid, subid, arg);
	if (junction_guard == GUARD_OFF || judged || IsBinaryUpgrade || IsParallelWorker())
		return;
	if (classid == InheritsRelationId)
		note_auxiliary(access, arg);
	else if (classid != RelationRelationId && classid != ConstraintRelationId &&
			 classid != TriggerRelationId)
		return;
	else if (access == OAT_DROP)
	{
		Oid			relid = table_of(classid, objid);

		if (OidIsValid(relid))
			note(RelationRelationId, relid);
	}
	else if (access == OAT_POST_CREATE || access == OAT_POST_ALTER)
		note(classid, objid);
}

/*
 * Does a table have two or more foreign keys?  A cheap test that rules out most
 * tables before they are read.
 */
static bool
may_be_junction(Oid relid)
{
	int			count = 0;

	foreach_ptr(ConstraintFacts, constraint, read_constraints(relid))
		if (constraint->type == CONSTRAINT_FOREIGN)
			count++;
	return count >= 2;
}

/*
 * Returns the OIDs of the touched tables, each once, with the root in the place
 * of a partition.
 */
static List *
find_touched(void)
{
	HASH_SEQ_STATUS status;
	Touched    *entry;
	List	   *tables = NIL;

	hash_seq_init(&status, touched);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		Oid			relid = table_of(entry->classid, entry->objid);

		if (!OidIsValid(relid) || relid < FirstNormalObjectId)
			continue;
		tables = lappend_oid(tables, partition_root(relid));
	}
	list_sort(tables, list_oid_cmp);
	list_deduplicate_oid(tables);
	return tables;
}

/*
 * Is this table a shard of a distributed table?  shards: read_shards()'s, which
 * is null where Citus is not installed.
 */
static bool
is_shard_table(HTAB *shards, Oid relid)
{
	char	   *name = shards ? get_rel_name(relid) : NULL;

	return name != NULL && is_shard(shards, name, get_rel_namespace(relid));
}

/*
 * Returns the OIDs of the touched tables that are to be judged.  local: all rules
 * are local, so tables that cannot be junctions are left out.
 */
static List *
find_tables(bool local)
{
	List	   *tables = NIL;
	HTAB	   *shards = read_shards(NULL);

	foreach_oid(relid, find_touched())
		if (get_rel_persistence(relid) != RELPERSISTENCE_TEMP &&
			(!local || may_be_junction(relid)) &&
			!OidIsValid(getExtensionOfObject(RelationRelationId, relid)) &&
			!is_shard_table(shards, relid))
			tables = lappend_oid(tables, relid);
	return tables;
}

/*
 * Returns the rule by which find_known() compares a finding: an index that has
 * become invalid counts as missing.
 */
static RuleId
guarded_rule(const Finding *finding)
{
	return finding->rule == RULE_INVALID_INDEX ? RULE_HALF_INDEXED : finding->rule;
}

/*
 * Returns the findings of these rules for one table.  database: the read that
 * the table is from.
 */
static List *
find_guarded(TableFacts *table, Database *database, RuleSet rules, bool concurrently)
{
	NameSpace	names = {.namespace = table->namespace,.taken = make_taken_names()};
	List	   *findings = NIL;

	foreach_ptr(Finding, finding,
				apply_rules(rules, classify(table), database, &names, concurrently))
		/* a finding that its rule takes less seriously must not block a commit */
		if (!is_milder_than_rule(finding))
			findings = lappend(findings, finding);
	return findings;
}

/*
 * Returns the known finding (of the table before the transaction) that is the
 * same as this one, or null.  Columns are compared by number, as the
 * transaction may have renamed them.
 */
static Finding *
find_known(const Finding *finding, const TableFacts *table, List *known, const TableFacts *before)
{
	foreach_ptr(Finding, other, known)
	{
		List	   *columns = NIL;

		if (guarded_rule(other) != guarded_rule(finding))
			continue;
		foreach_ptr(char, name, other->columns)
		{
			ColumnFacts *column = find_column_by_name(before, name);
			ColumnFacts *now = column ? find_column(table, column->attnum) : NULL;

			columns = lappend(columns, now ? now->name : name);
		}
		if (same_names(columns, finding->columns))
			return other;
	}
	return NULL;
}

/*
 * Remove from a table the indexes that this transaction has made invalid: the
 * first transaction of DROP INDEX CONCURRENTLY does that.
 */
static void
forget_dying_indexes(TableFacts *table, const TableFacts *before)
{
	List	   *staying = NIL;

	foreach_ptr(IndexFacts, index, table->indexes)
	{
		IndexFacts *old = before ? find_index(before, index->oid) : NULL;

		if (index->usable || old == NULL || !old->usable)
			staying = lappend(staying, index);
	}
	table->indexes = staying;
}

/*
 * Returns the findings of a table that it did not have before the transaction.
 * None if the table was a partition then: it has the shape of its root.
 */
static List *
find_new(TableFacts *table, RuleSet rules, Database *now, Database *then)
{
	TableFacts *before = find_table(then, table->oid);
	List	   *findings;
	List	   *known;
	List	   *new = NIL;

	if (before != NULL && before->partition)
		return NIL;
	forget_dying_indexes(table, before);
	/* nobody else uses a new table: fixes need no CONCURRENTLY there */
	findings = find_guarded(table, now, rules, before != NULL);
	if (findings == NIL || before == NULL)
		return findings;
	/* removing the comment that silenced a finding does not make it new */
	before->ignored = table->ignored;
	known = find_guarded(before, then, rules, true);
	foreach_ptr(Finding, finding, findings)
	{
		Finding    *same = find_known(finding, table, known, before);

		if (same == NULL)
			new = lappend(new, finding);
		known = list_delete_ptr(known, same);
	}
	return new;
}

/*
 * Returns the new findings of all touched tables.
 */
static List *
find_all_new(RuleSet rules)
{
	List	   *tables;
	List	   *findings = NIL;
	Snapshot	snapshot;
	Database   *now;
	Database   *then;

	/* make the changes of the last command visible */
	CommandCounterIncrement();
	tables = find_tables(are_local_rules(rules));
	/* the library stays loaded after DROP EXTENSION: do nothing then */
	if (tables == NIL || !OidIsValid(get_extension_oid("junction", true)))
		return NIL;
	/* one snapshot for both reads, so that no other session's commit is between */
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	now = read_for_rules(tables, rules, snapshot);
	/* hide what the commands of this transaction have done */
	snapshot->curcid = FirstCommandId;
	then = read_for_rules(tables, rules, snapshot);
	foreach_oid(relid, tables)
		if (find_table(now, relid) != NULL)
			findings = list_concat(findings, find_new(find_table(now, relid), rules, now, then));
	UnregisterSnapshot(snapshot);
	return findings;
}

/*
 * Can the fix not run in a transaction?  It makes, drops or builds again an index
 * CONCURRENTLY then, of a table that is there already.
 */
static bool
runs_by_itself(const char *fix)
{
	Node	   *statement = linitial_node(RawStmt, raw_parser(fix, RAW_PARSE_DEFAULT))->stmt;

	if (IsA(statement, ReindexStmt))
		foreach_ptr(DefElem, option, ((ReindexStmt *) statement)->params)
			if (strcmp(option->defname, "concurrently") == 0)
				return defGetBoolean(option);
	return (IsA(statement, IndexStmt) && ((IndexStmt *) statement)->concurrent) ||
		(IsA(statement, DropStmt) && ((DropStmt *) statement)->concurrent);
}

/*
 * Refuse the transaction: 23000 with the first finding as the message, the other
 * findings in the detail, and the first fix in the hint, with where to run it:
 * nothing of the transaction is there afterwards.
 */
static void
refuse(List *findings)
{
	const Finding *first = linitial(findings);
	const char *fix = NULL;
	StringInfoData details;

	initStringInfo(&details);
	if (first->detail)
		appendStringInfoString(&details, first->detail);
	foreach_ptr(Finding, finding, findings)
	{
		if (finding != first)
			appendStringInfo(&details, "%s%s: %s", details.len ? "\n" : "", rule_name(finding->rule),
							 finding->message);
		if (fix == NULL)
			fix = finding->fix;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
			 errmsg("%s: %s", rule_name(first->rule), first->message),
			 details.len > 0 ? errdetail_internal("%s", details.data) : 0,
			 fix == NULL ? 0 :
			 runs_by_itself(fix) ? errhint("Run before the transaction: %s;", fix) :
			 errhint("Run in the same transaction: %s;", fix)));
}

/*
 * Report each finding as a message of this level (NOTICE or WARNING).
 */
static void
tell_findings(List *findings, int level)
{
	foreach_ptr(Finding, finding, findings)
		ereport(level,
				(errmsg("%s: %s", rule_name(finding->rule), finding->message),
				 finding->detail ? errdetail_internal("%s", finding->detail) : 0,
				 finding->fix ? errhint("Run: %s;", finding->fix) : 0));
}

/* The state of find_judged() */
typedef struct Judgement
{
	RuleSet		rules;
	List	   *findings;		/* of Finding: the result */
} Judgement;

/* find_all_new(), to be called by try_in_subtransaction() */
static void
find_judged(void *state)
{
	Judgement  *judgement = state;

	judgement->findings = find_all_new(judgement->rules);
}

/*
 * As find_all_new(), in a subtransaction.  An error is reported as a WARNING,
 * and the result is then empty, so that the transaction can commit.
 */
static List *
judge_safely(RuleSet rules)
{
	Judgement	judgement = {.rules = rules};
	ErrorData  *error = try_in_subtransaction(find_judged, &judgement, true);

	if (error == NULL)
		return judgement.findings;
	ereport(WARNING,
			(errmsg("junction.guard could not check the transaction"),
			 errdetail_internal("%s", error->message)));
	FreeErrorData(error);
	return NIL;
}

/*
 * Find the new findings, and report them or refuse the transaction, as
 * junction.guard says.
 */
static void
judge(void)
{
	RuleSet		rules = guard_rules();
	List	   *findings;

	if (junction_guard == GUARD_ERROR)
	{
		findings = find_all_new(rules);
		if (findings != NIL)
			refuse(findings);
		return;
	}
	findings = judge_safely(rules);
	tell_findings(findings, junction_guard == GUARD_WARNING ? WARNING : NOTICE);
}

/*
 * The transaction callback: judge before COMMIT and PREPARE TRANSACTION, and
 * forget what was noted when the transaction has ended.
 */
static void
guard_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (touched != NULL && junction_guard != GUARD_OFF && !is_citus_session())
			{
				MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

				judge();
				MemoryContextSwitchTo(caller);
			}
			judged = true;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			/* the hash table is freed with TopTransactionContext */
			touched = NULL;
			judged = false;
			break;
		default:
			break;
	}
}

/*
 * Define the settings and install the hooks.  Called when the library is loaded.
 */
void
guard_init(void)
{
	define_report_settings();
	next_object_access_hook = object_access_hook;
	object_access_hook = guard_object_access;
	RegisterXactCallback(guard_transaction, NULL);
}

PG_FUNCTION_INFO_V1(junction_load_guard);

/*
 * junction._load_guard() returns event_trigger
 *
 * Does nothing: the call has loaded the library.  39P03 if it is not called as
 * an event trigger.
 */
Datum
junction_load_guard(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_load_guard can only be called as an event trigger")));
	PG_RETURN_VOID();
}
