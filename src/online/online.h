/*
 * online.h
 *		The engine of procedures that commit between their steps.
 */
#ifndef JUNCTION_ONLINE_H
#define JUNCTION_ONLINE_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "storage/lock.h"

#include "base/base.h"
#include "statement/statement.h"

/* How a step of a concurrent promotion is to be run */
typedef enum StepKind
{
	STEP_BRIEF,					/* in a transaction, under a lock that blocks:
								 * never to be waited for long */
	STEP_PATIENT,				/* in a transaction, under a lock that blocks no
								 * reader or writer */
	STEP_FILL,					/* batches that commit */
	STEP_ALONE					/* a statement that cannot be in a transaction */
} StepKind;

typedef struct OnlineStep
{
	StepKind	kind;
	Oid			relid;			/* the table that its text is about */
	LOCKMODE	mode;			/* the lock on it under which the text is run */
	List	   *named;			/* OIDs of the indexes and sequences that the
								 * text names, and are there already */
	StatementPlan statements;
	char	   *locks;
} OnlineStep;

/* Builds the step that comes next, or null: its table is locked */
typedef OnlineStep *(*NextStep) (void *state);

/* How patient a concurrent verb is; times in milliseconds */
typedef struct Patience
{
	int			batch_size;		/* rows */
	int64		pause;			/* between batches */
	int64		max_lag;		/* bytes that a standby may be behind, or -1 */
	int			lock_timeout;	/* for a lock that blocks others */
	int64		max_wait;		/* in total, for one lock */
} Patience;

/* A concurrent verb at work on a table */
typedef struct OnlineRun
{
	void	   *arguments;		/* of the verb: its own */
	Patience	patience;
	Oid			relid;
	char	   *name;			/* for messages, also when the table is gone */
	MemoryContext context;		/* for what outlives transactions, */
	MemoryContext step_context; /* until the next step */
} OnlineRun;

/* What is done to the rows of a table in batches, as batches.c is told */
typedef struct BatchedWork
{
	const OnlineRun *run;
	const char *verb;			/* "filled" so many rows, for a notice */

	/* before the first pass; the table is locked */
	void		(*start) (struct BatchedWork *work, Relation rel);

	/*
	 * The statement that does a batch.  Its table is locked; rows: the condition
	 * of the batch's range.  It returns how many rows it has tried to change,
	 * and how many are as they should be.  skip_locked: it leaves out rows that
	 * others have locked.
	 */
	char	   *(*batch_query) (const struct BatchedWork *work, const char *rows, bool skip_locked);

	/* a query for the rows that are left, whatever it returns of them */
	char	   *(*rest_query) (const struct BatchedWork *work);
	bool		quiet_triggers; /* the caller may keep them from firing */
} BatchedWork;

/* batches.c */
extern bool run_batches(BatchedWork *work);

/* fill.c */
extern void check_may_fill(Oid relid);
extern void fill_column(const OnlineRun *run, const char *column);

/* run.c */
extern void begin_run(OnlineRun *run, Oid relid, const char *name);
extern void end_run(void);
extern void check_no_run(Oid relid);
extern Patience read_patience(FunctionCallInfo fcinfo, int n);
extern void run_online(void *arguments, const Patience *patience,
					   void (*body) (OnlineRun *run));
extern void begin_run_on_own_table(OnlineRun *run, Oid relid);
extern void check_may_commit(FunctionCallInfo fcinfo, const char *name);
extern void read_waiting(FunctionCallInfo fcinfo, int n, Patience *patience);

/* steps.c */
extern void check_schema_name(Oid relid, const char *name);
extern void announce_step(const OnlineStep *step);
extern bool run_step(const OnlineRun *online, const OnlineStep *step, NextStep next, void *state);

/* transaction.c */
extern void set_for_transaction(const char *name, const char *value);
extern void set_lock_timeout(int milliseconds);
extern void begin_work(void);
extern void end_work(void);
extern bool try_work(void (*work) (void *state), void *state);
extern void lock_relation(Oid relid, LOCKMODE mode, bool session);
extern bool lock_table(Oid relid, LOCKMODE mode, bool session);
extern bool begin_work_if_there(const OnlineRun *run, Oid relid, LOCKMODE mode);
extern void begin_work_on(const OnlineRun *run, LOCKMODE mode);
extern void release_session_lock(LOCKTAG *tag, LOCKMODE mode);
extern void unlock_session(void);

/* wait.c */
/* A notice, if the last one is some time ago */
#define tell(...) \
	do { \
		if (may_tell()) \
			ereport(NOTICE, (errmsg_internal(__VA_ARGS__))); \
	} while (0)
extern void wait_ms(int64 milliseconds);
extern void start_telling(void);
extern bool may_tell(void);
extern void wait_or_give_up(const OnlineRun *run, Oid relid, const char *what, TimestampTz since,
							int64 *delay);
extern void wait_for_transactions(const OnlineRun *run, Oid relid);
extern void wait_for_standbys(const Patience *patience);

#endif							/* JUNCTION_ONLINE_H */
