/*
 * guard.c
 *		junction.guard: what a transaction has made of tables, judged as it
 *		commits.
 *
 *	1. Load.  An event trigger on ddl_command_start calls a function that does
 *	   nothing; but with it the library is there before the command runs.
 *	2. Collect.  The object access hook sees everything that is created, altered
 *	   or dropped.  What is created cannot be looked at yet, so it is only noted;
 *	   of what is dropped the table is noted while it can be told.
 *	3. Judge.  Before the commit, when a migration's CREATE TABLE and its CREATE
 *	   INDEX are both there, the rules are run on just these tables, and once
 *	   more on what they were before the transaction: a snapshot in which no
 *	   command of it has run yet shows that.  Only what is new is told, or
 *	   refused.
 *
 * Temporary tables go with the session, and members of extensions are not the
 * user's to change: neither is judged.  What a savepoint rolled back is noted,
 * and found as it was.  Nor are shards, the parts of a table that Citus has
 * distributed, and what Citus does in sessions of its own: a commit that is
 * refused there is only a warning to Citus, which goes on without what that
 * commit was to do.
 *
 * If the guard is off, a call of the hook is one comparison.  If it fails, it
 * says so, and only "error" keeps the transaction from its commit.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/index.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "report/report.h"
#include "rules/rules.h"

/* What was touched; a constraint, or an index, stands for its table */
typedef struct Touched
{
	Oid			classid;		/* hash key, with the other */
	Oid			objid;
} Touched;

static object_access_hook_type next_object_access_hook = NULL;

/* Of the running transaction, in its memory context; null if there is nothing */
static HTAB *touched = NULL;

/* It has been judged: what comes now is the commit's own doing */
static bool judged = false;

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
 * The table whose foreign key a trigger serves, which may be the other end of
 * it; or else the table that it is on.
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
 * The table that a relation, a constraint or a trigger belongs to; InvalidOid if it is
 * gone, or belongs to none.
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
 * The other table of a change: the parent, where a table begins to inherit.
 */
static void
note_auxiliary(ObjectAccessType access, void *arg)
{
	if (access == OAT_POST_ALTER && arg != NULL &&
		OidIsValid(((ObjectAccessPostAlter *) arg)->auxiliary_id))
		note(RelationRelationId, ((ObjectAccessPostAlter *) arg)->auxiliary_id);
}

static void
guard_object_access(ObjectAccessType access, Oid classid, Oid objid, int subid, void *arg)
{
	if (next_object_access_hook)
		next_object_access_hook(access, classid, objid, subid, arg);
	if (junction_guard == GUARD_OFF || judged || IsParallelWorker())
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
 * Has a table two foreign keys?  The cheapest question that most tables fail.
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
 * The tables that were touched, each once: partitions stand for their root.
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
 * Is this a shard, a part of a table that Citus keeps?  Its shape is Citus's.
 */
static bool
is_shard_table(HTAB *shards, Oid relid)
{
	char	   *name = shards ? get_rel_name(relid) : NULL;

	return name != NULL && is_shard(shards, name, get_rel_namespace(relid));
}

/*
 * Those of them that are to be judged.  local: only what may be a junction
 * matters.
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
 * The rule by which a finding is the same as one of before: an index that became
 * invalid is as good as missing.
 */
static RuleId
guarded_rule(const Finding *finding)
{
	return finding->rule == RULE_INVALID_INDEX ? RULE_HALF_INDEXED : finding->rule;
}

/*
 * The findings of the rules that the guard knows, for one table as a snapshot
 * has it.
 */
static List *
find_guarded(TableFacts *table, Database *database, RuleSet rules, bool concurrently)
{
	NameSpace	names = {.namespace = table->namespace,.taken = make_taken_names()};
	List	   *findings = NIL;

	foreach_ptr(Finding, finding,
				apply_rules(rules, classify(table), database, &names, concurrently))
		/* what a rule itself takes less seriously keeps nobody from committing */
		if (!is_milder_than_rule(finding))
			findings = lappend(findings, finding);
	return findings;
}

/*
 * The finding of before that is the same, or null.  Columns may have other
 * names by now.
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
 * Leave out the indexes that were valid before, and are not: DROP INDEX
 * CONCURRENTLY begins with that.
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
 * What is wrong with a table, and was not before the transaction.  A partition
 * that is one no more is as its root was.
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
	/* an index on a table that is being made need not be built concurrently */
	findings = find_guarded(table, now, rules, before != NULL);
	if (findings == NIL || before == NULL)
		return findings;
	/* who takes back a comment that silenced a finding has not made it */
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
 * All that is new, of all tables.
 */
static List *
find_all_new(RuleSet rules)
{
	List	   *tables;
	List	   *findings = NIL;
	Snapshot	snapshot;
	Database   *now;
	Database   *then;

	/* see what the last command did */
	CommandCounterIncrement();
	tables = find_tables(are_local_rules(rules));
	/* where the extension was dropped, it is as if the library were not there */
	if (tables == NIL || !OidIsValid(get_extension_oid("junction", true)))
		return NIL;
	/* both at one moment: what others do in between is not this transaction's */
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	now = read_for_rules(tables, rules, snapshot);
	/* no command of this transaction has run yet, as it is seen from here on */
	snapshot->curcid = FirstCommandId;
	then = read_for_rules(tables, rules, snapshot);
	foreach_oid(relid, tables)
		if (find_table(now, relid) != NULL)
			findings = list_concat(findings, find_new(find_table(now, relid), rules, now, then));
	UnregisterSnapshot(snapshot);
	return findings;
}

/*
 * Refuse the transaction: 23000 with the first finding, the others in the
 * detail, and the first fix that there is.
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
			 fix ? errhint("Run: %s;", fix) : 0));
}

static void
tell_findings(List *findings, int level)
{
	foreach_ptr(Finding, finding, findings)
		ereport(level,
				(errmsg("%s: %s", rule_name(finding->rule), finding->message),
				 finding->detail ? errdetail_internal("%s", finding->detail) : 0,
				 finding->fix ? errhint("Run: %s;", finding->fix) : 0));
}

/* What is looked for, and what was found */
typedef struct Judgement
{
	RuleSet		rules;
	List	   *findings;
} Judgement;

static void
find_judged(void *state)
{
	Judgement  *judgement = state;

	judgement->findings = find_all_new(judgement->rules);
}

/*
 * Judge, in a subtransaction: whatever goes wrong with that is told, and keeps
 * nobody from committing.
 */
static List *
judge_safely(RuleSet rules)
{
	Judgement	judgement = {.rules = rules};
	ErrorData  *error = try_in_subtransaction(find_judged, &judgement, true);

	if (error == NULL)
		return judgement.findings;
	ereport(WARNING,
			(errmsg("junction.guard could not judge the transaction"),
			 errdetail_internal("%s", error->message)));
	FreeErrorData(error);
	return NIL;
}

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
			/* its memory goes with the transaction */
			touched = NULL;
			judged = false;
			break;
		default:
			break;
	}
}

/*
 * When the library is loaded.
 */
void
guard_init(void)
{
	define_guard_settings();
	next_object_access_hook = object_access_hook;
	object_access_hook = guard_object_access;
	RegisterXactCallback(guard_transaction, NULL);
}

PG_FUNCTION_INFO_V1(junction_load_guard);

/*
 * junction._load_guard() returns event_trigger
 *
 * Does nothing: that it is called has loaded the library.
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
