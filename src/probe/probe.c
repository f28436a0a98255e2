/*
 * probe.c
 *		junction.probe: tries to break each rule of a junction.
 *
 * A probe inserts the rows that it needs (sample/make_row.c), then runs a
 * statement that the rule must refuse, or that must delete a link, and looks at
 * the result.  Each probe runs in a subtransaction that is always rolled back:
 * only dead rows and used sequence numbers stay, and ACCESS SHARE on the
 * junction.  Deferred constraints are set to IMMEDIATE in it, so that they are
 * checked before the rollback.
 *
 * A refusal proves that the rule holds only if the rule itself refused: the pair
 * key, the foreign key or the NOT NULL.  If anything else refuses (a CHECK, a
 * trigger, a missing privilege), the probe is skipped, with the server's
 * message.  A statement that succeeds proves nothing either, as a trigger or a
 * rule can suppress a row; so the probe looks for the row.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "probe/probe.h"
#include "statement/statement.h"

/* For which junctions, and how often, a probe is run */
typedef enum ProbeScope
{
	OF_ALL,						/* once, for every junction */
	OF_EACH_ENDPOINT,			/* once for each endpoint */
	OF_ENTITIES,				/* once, if the junction is an entity */
	OF_UNDIRECTED				/* once, if the junction is undirected */
} ProbeScope;

/* A row of the table of probes */
typedef struct Probe
{
	const char *name;
	ProbeScope	scope;
	Outcome		(*run) (Trial *trial);
} Probe;

/*
 * no_orphans: every existing row links to existing rows of all its parents.
 */
static Outcome
no_orphans(Trial *trial)
{
	StringInfoData found;

	initStringInfo(&found);
	if (is_hidden_from_trial(trial, trial->table->oid))
		return SKIPPED;
	foreach_ptr(Endpoint, endpoint, trial->junction->endpoints)
	{
		int64		count;

		if (is_hidden_from_trial(trial, endpoint->key->parent))
			return SKIPPED;
		count = count_orphans(trial->table, endpoint->key);
		if (count < 0)
			return trial_judged(trial, SKIPPED,
								psprintf("the owner of \"%s\" may not read all of \"%s\"",
										 display_name(trial->table->oid), endpoint->key->parent_name));
		if (count > 0)
			appendStringInfo(&found, ngettext("%s" INT64_FORMAT " row links to no row of \"%s\"",
											  "%s" INT64_FORMAT " rows link to no row of \"%s\"", count),
							 found.len ? ", " : "", count, endpoint->key->parent_name);
	}
	return found.len ? trial_judged(trial, BROKEN, found.data) : HELD;
}

/*
 * no_duplicates: no pair is there more than once.  Skipped, not broken, if the
 * pair key is partial, as it allows duplicates outside its predicate.
 */
static Outcome
no_duplicates(Trial *trial)
{
	const IndexFacts *key = trial->junction->pair_key;
	List	   *columns = NIL;
	int64		count;
	char	   *found;

	if (is_hidden_from_trial(trial, trial->table->oid))
		return SKIPPED;
	foreach_ptr(ColumnFacts, column, trial->table->columns)
		if (bms_is_member(column->attnum, unique_columns(trial->junction)))
			columns = lappend(columns, column->name);
	count = count_duplicates(trial->table->oid, columns);
	if (count == 0)
		return HELD;
	found = psprintf(ngettext(INT64_FORMAT " pair is there more than once",
							  INT64_FORMAT " pairs are there more than once", count), count);
	if (key != NULL && key->predicate != NULL)
		return trial_judged(trial, SKIPPED, psprintf("%s; the key \"%s\" holds only where %s", found,
											   index_name(key), predicate_text(trial->table, key)));
	return trial_judged(trial, BROKEN, found);
}

/* All probes, in the order in which they are run and returned */
static const Probe probes[] = {
	{"duplicate_pair", OF_ALL, probe_duplicate_pair},
	{"null", OF_EACH_ENDPOINT, probe_null_end},
	{"orphan", OF_EACH_ENDPOINT, probe_orphan_end},
	{"cascade", OF_EACH_ENDPOINT, probe_cascade_end},
	{"id_unique", OF_ENTITIES, probe_id_unique},
	{"id_default", OF_ENTITIES, probe_id_default},
	{"mirror_pair", OF_UNDIRECTED, probe_mirror_pair},
	{"no_orphans", OF_ALL, no_orphans},
	{"no_duplicates", OF_ALL, no_duplicates}
};

/* The state of try_probe() */
typedef struct ProbeRun
{
	const Probe *probe;
	Trial	   *trial;
	Outcome		outcome;
} ProbeRun;

/*
 * Run a probe with all constraints immediate.  Skipped if the caller's
 * transaction has already broken a deferred constraint.
 */
static void
try_probe(void *state)
{
	ProbeRun   *run = state;
	StatementResult result;

	if (try_statement("SET CONSTRAINTS ALL IMMEDIATE", &result))
		run->outcome = run->probe->run(run->trial);
	else
		run->outcome = trial_judged(run->trial, SKIPPED,
									psprintf("this transaction breaks a deferred constraint already: %s",
											 result.error->message));
}

/*
 * Run a probe in a subtransaction and roll it back.  An error of a statement is
 * an outcome (SKIPPED); other errors (cancel, deadlock, out of memory) are
 * re-thrown.
 */
static Outcome
run_probe(const Probe *probe, Trial *trial)
{
	ProbeRun	run = {.probe = probe,.trial = trial};
	ErrorData  *error;

	trial->detail = NULL;
	trial->sampler.made = NIL;
	trial->sampler.under_way = NIL;
	error = try_in_subtransaction(try_probe, &run, false);
	if (error == NULL)
		return run.outcome;
	if (!is_error_of_statement(error))
		ReThrowError(error);
	return trial_judged(trial, SKIPPED, error->message);
}

/*
 * Returns the name of a probe of one endpoint: "null_left", "null_right", and
 * "null_3" for the third of a multiway junction.  place: from 0.
 */
static char *
end_name(const Probe *probe, int place)
{
	if (place < 2)
		return psprintf("%s_%s", probe->name, place == 0 ? "left" : "right");
	return psprintf("%s_%d", probe->name, place + 1);
}

/* Is a probe to be run for a junction of this kind? */
static bool
is_asked(const Probe *probe, const Junction *junction)
{
	switch (probe->scope)
	{
		case OF_ENTITIES:
			return junction->kind == JUNCTION_ENTITY;
		case OF_UNDIRECTED:
			return find_mirror_index(junction) != NULL;
		default:
			return true;
	}
}

/*
 * Refuse to probe on a standby or in a read-only transaction: 25006.
 */
static void
check_may_write(void)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot probe during recovery"),
				 errdetail("A probe inserts rows and rolls them back."),
				 errhint("Probe on the primary.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot probe in a read-only transaction"),
				 errdetail("A probe inserts rows and rolls them back."),
				 errhint("Probe in a transaction that is READ WRITE.")));
}

/* A table that is being probed: an entry of the stack of running probes */
typedef struct ProbedTable
{
	Oid			relid;
	const struct ProbedTable *outer;
} ProbedTable;

/* The top of that stack; null if no probe runs in this session */
static const ProbedTable *probed = NULL;

/*
 * Refuse to probe a table while a probe of the same table runs: 55006.  The rows
 * that a probe inserts fire the table's triggers; a trigger that probes the
 * table would recurse without end.
 */
static void
check_not_probed(Oid relid)
{
	for (const ProbedTable *table = probed; table != NULL; table = table->outer)
		if (table->relid == relid)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("\"%s\" is being probed already", display_name(relid)),
					 errdetail("A trigger, or another function that a probe has called, probes the same table."),
					 errhint("Probe a table from outside its own triggers.")));
}

/*
 * Run all probes that apply to the junction of a trial, and call sink() for each.
 */
static void
run_trial(Trial *trial, OutcomeSink sink, void *state)
{
	for (int i = 0; i < lengthof(probes); i++)
	{
		Outcome		outcome;

		if (!is_asked(&probes[i], trial->junction))
			continue;
		if (probes[i].scope != OF_EACH_ENDPOINT)
		{
			outcome = run_probe(&probes[i], trial);
			sink(probes[i].name, outcome, trial->detail, state);
		}
		else
			foreach_ptr(Endpoint, endpoint, trial->junction->endpoints)
			{
				trial->endpoint = endpoint;
				outcome = run_probe(&probes[i], trial);
				sink(end_name(&probes[i], foreach_current_index(endpoint)), outcome, trial->detail, state);
			}
	}
}

/* The parents of a table, locked for its probes */
typedef struct LockedParents
{
	Oid			relid;			/* the table */
	List	   *locked;			/* for unlock_sampled_parents() */
} LockedParents;

/*
 * Work for try_in_subtransaction(): lock the tables in which the probes make
 * rows.  state: a LockedParents.
 */
static void
lock_parents(void *state)
{
	LockedParents *parents = state;

	parents->locked = lock_sampled_parents(parents->relid);
}

/*
 * Lock a table and its parents together.  Returns what unlock_sampled_parents()
 * takes; an empty list if a lock was not to be had in lock_timeout: the probes that
 * need it are skipped then.  42P01 if the table is dropped meanwhile.
 */
static List *
lock_with_parents(Oid relid)
{
	LockedParents parents = {.relid = relid};
	ErrorData  *error;

	check_table_kind(relid);
	error = try_in_subtransaction(lock_parents, &parents, true);
	if (error != NULL && (error->sqlerrcode == ERRCODE_UNDEFINED_TABLE || !is_error_of_statement(error)))
		ReThrowError(error);
	return parents.locked;
}

/*
 * Run all probes of a table, and call sink() for each.  Locks the table in
 * ACCESS SHARE mode until the transaction ends; locks its parents with it, and
 * releases these in the end.  25006 where nothing can be written, 55006 if a
 * probe of the table is running, 42P01 and 42809 for what is not a junction.
 */
void
run_probes(Oid relid, OutcomeSink sink, void *state)
{
	ProbedTable table = {.relid = relid,.outer = probed};
	Trial		trial = {0};
	Relation	rel;
	List	   *parents;

	check_may_write();
	check_not_probed(relid);
	parents = lock_with_parents(relid);
	rel = open_table_to_reference(relid, AccessShareLock);
	trial.junction = require_junction(relid);
	trial.table = trial.junction->table;
	PG_TRY();
	{
		probed = &table;
		run_trial(&trial, sink, state);
	}
	PG_FINALLY();
	{
		probed = table.outer;
	}
	PG_END_TRY();
	unlock_sampled_parents(parents);
	relation_close(rel, NoLock);
}

/* Returns the name of an outcome, as in the result of junction.probe(). */
const char *
outcome_name(Outcome outcome)
{
	static const char *const names[] = {"held", "broken", "skipped"};

	return names[outcome];
}

/*
 * An OutcomeSink: add a row of junction.probe() to the result.
 */
static void
return_outcome(const char *probe, Outcome outcome, const char *detail, void *state)
{
	ReturnSetInfo *rsinfo = state;
	Datum		values[3] = {0};
	bool		nulls[3] = {0};
	int			i = 0;

	values[i++] = CStringGetTextDatum(probe);
	values[i++] = CStringGetTextDatum(outcome_name(outcome));
	nulls[i] = detail == NULL;
	values[i++] = detail ? CStringGetTextDatum(detail) : (Datum) 0;
	Assert(i == 3);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_probe);

/*
 * junction.probe(junction regclass) returns setof (probe, outcome, detail)
 *
 * 22004 for null; else the errors of run_probes().  An error within a probe is
 * its outcome; only a cancel, a timeout, a serialization failure, a deadlock and
 * errors of the server itself (resources, corruption) end the call.
 */
Datum
junction_probe(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"junction"};

	check_arguments(fcinfo, required, lengthof(required));
	InitMaterializedSRF(fcinfo, 0);
	run_probes(PG_GETARG_OID(0), return_outcome, fcinfo->resultinfo);
	return (Datum) 0;
}
