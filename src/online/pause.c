/*
 * pause.c
 *		Pauses a run from another session: junction.pause and junction.resume.
 *
 * That a run is to pause must outlast the session that asks for it, but not
 * stop a later run.  So it is a row of the catalog of comments, of a column of
 * the run's table that does not exist (PAUSE_COLUMN).  Nothing shows or dumps
 * it, it goes with the table, and a transaction writes it, so an aborted call has
 * no effect.  A run deletes it before it does anything else, so only who calls
 * junction.pause while a run is at work pauses that run.
 *
 * The run looks after each batch and before each step.  A step that runs is not
 * interrupted: an index build goes on to its end.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "check/check.h"
#include "online/online.h"

/* Columns of a table have other numbers; so have system columns */
#define PAUSE_COLUMN	(-1000)

/* ms: how often a run that pauses looks whether it is resumed */
#define LOOK_EVERY		200

/*
 * Keep other sessions from writing the same row, until the transaction ends.  The
 * run lock and the step lock of the table have other subids (run.c, progress.c).
 */
static void
lock_pause(Oid relid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, relid, 2);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

/*
 * Is the run on this table to pause?
 */
bool
is_paused(Oid relid)
{
	return GetComment(relid, RelationRelationId, PAUSE_COLUMN) != NULL;
}

/*
 * Delete what an earlier run was asked.  Called as a run begins, in a transaction
 * that then commits.  Who calls junction.pause waits until then, and finds the run.
 */
void
forget_pause(Oid relid)
{
	lock_pause(relid);
	if (is_paused(relid))
		CreateComments(relid, RelationRelationId, PAUSE_COLUMN, NULL);
}

/*
 * Wait until the run is not to pause, or its table was dropped.  Looks in
 * transactions of its own; holds no lock meanwhile but the run's.
 */
void
wait_while_paused(const OnlineRun *run)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *table = NULL;
	bool		paused = false;

	for (;;)
	{
		bool		wanted;

		begin_work();
		wanted = is_paused(run->relid);
		/* for who resumes it, in another session, which may have another search_path */
		if (wanted && table == NULL)
			table = MemoryContextStrdup(run->context, quote_literal_cstr(qualified_name(run->relid)));
		end_work();
		MemoryContextSwitchTo(caller);
		if (!wanted)
			break;
		if (!paused)
			show_pause(RUN_PAUSES_AS_ASKED, 0);
		paused = true;
		tell("paused, until junction.resume(%s) is called", table);
		wait_ms(LOOK_EVERY);
	}
	if (paused)
		show_pause(RUN_PAUSES_NOT, 0);
}

/*
 * Locks a table that the caller owns and on which a run is at work, and the row:
 * 55000 if none is.
 */
static Oid
open_run(FunctionCallInfo fcinfo, const char *name)
{
	static const char *const required[] = {"junction"};
	Relation	rel;
	Oid			relid;

	check_arguments(fcinfo, required, lengthof(required));
	PreventCommandIfReadOnly(name);
	relid = PG_GETARG_OID(0);
	rel = open_table_to_change(relid, AccessShareLock);
	relation_close(rel, NoLock);
	lock_pause(relid);
	if (!is_run_on(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no procedure is at work on \"%s\"", display_name(relid)),
				 errdetail("junction.progress shows those that run.")));
	return relid;
}

PG_FUNCTION_INFO_V1(junction_pause);

/*
 * junction.pause(junction regclass)
 *		returns void
 *
 * Makes the run on the table pause before its next batch or step, once the
 * caller's transaction has committed.  Errors: those of check/table.c; 22004 for a
 * null; 55000 if no run is at work; 25006 where nothing can be written.
 */
Datum
junction_pause(PG_FUNCTION_ARGS)
{
	Oid			relid = open_run(fcinfo, "junction.pause()");

	CreateComments(relid, RelationRelationId, PAUSE_COLUMN,
				   "junction: the procedure that works on this table is to pause");
	CommandCounterIncrement();
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(junction_resume);

/*
 * junction.resume(junction regclass)
 *		returns void
 *
 * Lets the run on the table go on; a NOTICE if it was not to pause.  Errors: as
 * junction.pause.
 */
Datum
junction_resume(PG_FUNCTION_ARGS)
{
	Oid			relid = open_run(fcinfo, "junction.resume()");

	if (!is_paused(relid))
		ereport(NOTICE, (errmsg("\"%s\" is not paused", display_name(relid))));
	CreateComments(relid, RelationRelationId, PAUSE_COLUMN, NULL);
	CommandCounterIncrement();
	PG_RETURN_VOID();
}
