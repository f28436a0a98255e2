/*
 * online.h
 *		The engine of procedures that commit between their steps.
 */
#ifndef JUNCTION_ONLINE_H
#define JUNCTION_ONLINE_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
#include "storage/itemptr.h"
#include "storage/lock.h"
#include "utils/relcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/* How a step is run */
typedef enum StepKind
{
	STEP_BRIEF,					/* in a transaction, under a lock that blocks
								 * readers or writers: with the short
								 * lock_timeout */
	STEP_PATIENT,				/* in a transaction, under a lock that blocks no
								 * reader or writer: with a longer timeout */
	STEP_FILL,					/* in batches that commit; not by run_step() */
	STEP_ALONE					/* a statement that cannot run in a transaction
								 * block */
} StepKind;

/* A step of a concurrent verb */
typedef struct OnlineStep
{
	const char *name;			/* of its injection points: step_point() */
	StepKind	kind;
	Oid			relid;			/* the table that is locked */
	LOCKMODE	mode;			/* of that lock */
	List	   *named;			/* OIDs of the existing indexes and sequences
								 * that the statements name; they are locked */
	StatementPlan statements;	/* exactly one if STEP_ALONE */
	char	   *locks;			/* for a dry run: junction.statement.locks */
} OnlineStep;

/*
 * Builds the next step from the catalogs; null if nothing is left to do.  Called
 * in a transaction that has locked the table.
 */
typedef OnlineStep *(*NextStep) (void *state);

/* The arguments of a concurrent verb that say how to wait; times in ms */
typedef struct Patience
{
	int			batch_size;		/* rows in a batch at most, about */
	int64		pause;			/* after each batch */
	int64		max_lag;		/* bytes of WAL that a standby or a replication
								 * slot may be behind; -1: do not wait for them */
	int			lock_timeout;	/* of one request for a lock that blocks others */
	int64		max_wait;		/* for one lock, over all requests */
} Patience;

/* What a run waits for, for junction.progress */
typedef enum RunWait
{
	RUN_WAITS_NOT,
	RUN_WAITS_FOR_LOCKS,		/* of the table, or of its rows */
	RUN_WAITS_FOR_TRANSACTIONS	/* that an index build would wait for */
} RunWait;

/* Why a run pauses, for junction.progress */
typedef enum RunPause
{
	RUN_PAUSES_NOT,
	RUN_PAUSES_AS_ASKED,		/* by junction.pause */
	RUN_PAUSES_FOR_REPLICA,		/* a standby or a slot is behind, in bytes */
	RUN_PAUSES_FOR_AUTOVACUUM	/* with a pid */
} RunPause;

/* One run of a concurrent verb */
typedef struct OnlineRun
{
	void	   *arguments;		/* of the verb; the verb's own struct */
	Patience	patience;
	Oid			relid;			/* the table; set by begin_run() */
	char	   *name;			/* its name for messages, kept if it is dropped */
	MemoryContext context;		/* lasts until the run ends, over transactions */
	MemoryContext step_context; /* its child, reset before each step */
} OnlineRun;

/* Rows of a batch, a range or a pass */
typedef struct BatchCounts
{
	int64		tried;			/* returned by the UPDATE */
	int64		done;			/* those that have their value: fewer, if a
								 * trigger has reset it */
	int64		part;			/* of a batch: as tried, but of the one shard that
								 * has most */
	int64		milliseconds;	/* of a batch: the time that it took, in the
								 * slowest shard */
} BatchCounts;

/* The size of a table in shards */
typedef struct ShardsSize
{
	BlockNumber largest;		/* blocks of the largest shard */
	double		blocks;			/* of all shards */
	double		rows;			/* estimated */
} ShardsSize;

/* Slices of a range of blocks at most: see SLICES in batches.c */
#define MAX_SLICES	16

/* Some rows of a range, by their ctids */
typedef struct NotedSlice
{
	ItemPointerData *rows;		/* of which there are count, and room for size */
	int			count;
	int			size;
} NotedSlice;

/* The rows of a range that are to be changed */
typedef struct NotedRows
{
	MemoryContext context;		/* holds them */
	int			slices;
	NotedSlice	slice[MAX_SLICES];
} NotedRows;

/* A change of the rows of a table that batches.c does in batches */
typedef struct BatchedWork
{
	const OnlineRun *run;
	const char *verb;			/* for the progress NOTICE: "filled" 100 of about
								 * 300 rows */

	/* Called before the first pass, with the table locked */
	void		(*start) (struct BatchedWork *work, Relation rel);

	/*
	 * Builds the statement that changes a batch.  The table is locked.  rows: the
	 * condition that selects the rows of the batch, which can use $1.  skip_locked:
	 * the statement must skip rows that other sessions have locked.  It returns one
	 * row: the number of rows that it tried to change, and how many of these now
	 * have their value; or no row, if all that it has changed have, which in a later
	 * pass must not be taken for granted.  In shards: one text,
	 * batch_result_in_shards().
	 */
	char	   *(*batch_query) (const struct BatchedWork *work, const char *rows, bool skip_locked);

	/*
	 * Builds a SELECT of the ctids of the rows that are still to be changed, which
	 * ends with a condition
	 */
	char	   *(*rest_query) (const struct BatchedWork *work);
	bool		quiet_triggers; /* run batches with session_replication_role =
								 * replica, so that user triggers do not fire */
	bool		later_pass;		/* the rows that a pass before has left */
	bool		in_shards;		/* Citus keeps the table: the statements are for
								 * shards.c, and skip locked rows */
} BatchedWork;

/* A row in plain SQL that is a DO block in one transaction; conditions are SQL */
typedef struct PortableStep
{
	const char *comment;		/* what it does */
	const char *refusal;		/* statements of PL/pgSQL that come first, or "" */
	const char *done;			/* a condition: it does nothing */
	const char *ready;			/* a condition: the rows before it are done */
	const char *parent;			/* another table that is locked first, or null */
	const char *table;			/* the table's qualified name */
	const char *lock;			/* the mode in which both are locked */
	const char *lock_timeout;
	const char *statements;		/* without a last semicolon */
} PortableStep;

/* batches.c */
extern double rows_in_block(double tuples, double pages);
extern bool run_batches(BatchedWork *work);

/* fill.c */
extern void check_may_fill(Oid relid);
extern Bitmapset *indexed_plain_columns(Relation rel, AttrNumber filled);
extern const char *self_assignments(Oid relid, const Bitmapset *columns);
extern void fill_column(const OnlineRun *run, const char *column);

/* noted_rows.c */
extern void note_rows(const BatchedWork *work, NotedRows *noted, int slices, BlockNumber from, BlockNumber to);
extern Datum noted_array(const NotedSlice *slice);
extern void make_room(Oid relid, const NotedSlice *slice);

/* pause.c */
extern bool is_paused(Oid relid);
extern void forget_pause(Oid relid);
extern void wait_while_paused(const OnlineRun *run);

/* portable.c */
extern char *portable_regclass(const char *qualified);
extern char *portable_column(const char *table, const char *name, const char *condition);
extern char *portable_constraint(const char *table, const char *name, const char *condition);
extern char *portable_index(const char *table, const char *name, const char *condition);
extern const char *portable_index_definition(const IndexFacts *index, Oid table);
extern char *portable_block(const char *body);
extern char *portable_transaction(const PortableStep *step);

/* progress.c */
extern void show_step(Oid relid, const char *name, int step, int steps);
extern void show_rows(double done, double expected, TimestampTz since);
extern void show_wait(RunWait wait, Oid relid);
extern void show_pause(RunPause pause, int64 detail);
extern void show_no_run(void);
extern bool is_run_on(Oid relid);
extern int	autovacuum_of(Oid relid);

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

/* shards.c */
extern char *escape_for_shards(const char *name);
extern ShardsSize measure_shards(Oid relid);
extern bool is_any_in_shards(Oid relid, const char *query);
extern char *batch_result_in_shards(const char *value);
extern BatchCounts change_in_shards(Oid relid, const char *statement);
extern bool is_index_in_shards(Oid relid, List *columns);

/* steps.c */
/*
 * The injection point junction-STEP-MOMENT, at which a test stops the session.
 * The moments of a step: before-lock, after-lock, and after-run, before the
 * commit.  Nothing on a server without injection points.
 */
#ifdef USE_INJECTION_POINTS
#define step_point(step, moment) \
	INJECTION_POINT(psprintf("junction-%s-%s", (step), (moment)), NULL)
#else
#define step_point(step, moment)	((void) 0)
#endif
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
/* Raise a NOTICE, unless the last one was less than 3 s ago (may_tell()) */
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
extern char *select_holders(Oid relid, bool snapshots, int milliseconds, int waiter);
extern void wait_for_replicas(const Patience *patience);
extern void yield_to_autovacuum(const OnlineRun *run);

#endif							/* JUNCTION_ONLINE_H */
