/*
 * probe.h
 *		Tries to break the rules of a junction, and reports which hold.
 */
#ifndef JUNCTION_PROBE_H
#define JUNCTION_PROBE_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "sample/sample.h"

/* The result of a probe */
typedef enum Outcome
{
	HELD,						/* the rule refused the attempt to break it */
	BROKEN,						/* the attempt succeeded */
	SKIPPED						/* the attempt proved nothing */
} Outcome;

/* Called for each probe that was run; detail: a phrase, or null */
typedef void (*OutcomeSink) (const char *probe, Outcome outcome, const char *detail, void *state);

/* What the probes of a junction work with */
typedef struct Trial
{
	Junction   *junction;
	TableFacts *table;			/* the junction's */
	Endpoint   *endpoint;		/* the one to probe; only for a probe that is run
								 * for each endpoint */
	Sampler		sampler;		/* makes the rows */
	char	   *detail;			/* of the outcome: a phrase, or null */
} Trial;

/* end_probes.c */
extern Outcome probe_null_end(Trial *trial);
extern Outcome probe_orphan_end(Trial *trial);
extern Outcome probe_cascade_end(Trial *trial);

/* key_probes.c */
extern Outcome probe_duplicate_pair(Trial *trial);
extern Outcome probe_id_unique(Trial *trial);
extern Outcome probe_id_default(Trial *trial);
extern Outcome probe_mirror_pair(Trial *trial);

/* probe.c */
extern void run_probes(Oid relid, OutcomeSink sink, void *state);
extern const char *outcome_name(Outcome outcome);

/* verdict.c */
extern Outcome trial_judged(Trial *trial, Outcome outcome, char *detail);
extern Outcome trial_not_made(Trial *trial);
extern Outcome trial_refused(Trial *trial);
extern List *cells_of_columns(List *cells, const Bitmapset *columns);
extern char *row_condition(const TableFacts *table, List *cells);
extern bool count_trial_rows(Trial *trial, const TableFacts *table, List *cells, int64 *count);
extern bool is_hidden_from_trial(Trial *trial, Oid relid);
extern Outcome trial_judge_arrival(Trial *trial, List *cells, int64 count, char *broken);
extern bool is_refused_for_null(const Trial *trial, const ErrorData *error, const ColumnFacts *column);
extern Bitmapset *unique_columns(const Junction *junction);
extern Bitmapset *id_columns(const Junction *junction);
extern bool make_trial_link(Trial *trial, List **link);

#endif							/* JUNCTION_PROBE_H */
