/*
 * rules.h
 *		What can be wrong with a junction, and the statement that mends it.
 */
#ifndef JUNCTION_RULES_H
#define JUNCTION_RULES_H

#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* The rules, in the order in which they are applied */
typedef enum RuleId
{
	RULE_HALF_INDEXED,
	RULE_INVALID_INDEX,
	RULE_MISSING_PAIR_KEY,
	RULE_NULLABLE_ENDPOINT,
	RULE_UNVALIDATED_FOREIGN_KEY,
	RULE_UNDECLARED_ENDPOINT,
	RULE_NO_CASCADE,
	RULE_NEEDLESS_SURROGATE,
	RULE_PROMOTION_DUE,
	RULE_MULTIWAY,
	RULE_REDUNDANT_INDEX,
	RULE_DEFERRABLE_PAIR_KEY,
	RULE_NO_REPLICA_IDENTITY,
	RULE_ARRAY_RELATION,
	RULE_NUMBERED_COLUMNS,
	RULE_TENANT_MISMATCH,
	RULE_NAME,
	RULE_INHERITED,
	RULE_COUNT
} RuleId;

/* A set of rules */
typedef uint64 RuleSet;

#define RULE_BIT(rule)	(UINT64CONST(1) << (rule))
#define ALL_RULES		(RULE_BIT(RULE_COUNT) - 1)

/* How bad a finding is: the worst is the highest */
typedef enum Severity
{
	SEVERITY_INFO,
	SEVERITY_NOTICE,
	SEVERITY_WARNING,
	SEVERITY_ERROR
} Severity;

/* A row of the report */
typedef struct Finding
{
	Oid			junction;
	RuleId		rule;
	Severity	severity;
	List	   *columns;		/* of char * */
	char	   *message;
	char	   *detail;
	char	   *fix;			/* a statement ready to run, or null */
	bool		makes_primary_key;	/* the fix makes the pair the primary key */
	List	   *rebuilt;		/* OIDs of the foreign keys that the fix drops and
								 * adds again: they act as CASCADE then, are
								 * validated, and their triggers fire */
	Oid			foreign_key;	/* the one that the finding is about, where its
								 * being rebuilt mends it; or InvalidOid */
} Finding;

/* What the rules fill, for one table */
typedef struct Findings
{
	Database   *database;		/* all tables: the parents are among them */
	NameSpace  *names;			/* of the table's schema, taken by fixes so far */
	List	   *list;			/* of Finding */
	bool		concurrently;	/* fixes build and drop indexes so */
	char	   *key_fix;		/* the statement that adds the missing key, once
								 * it was asked for */
	List	   *key_rebuilt;	/* the foreign keys that it rebuilds, as OIDs */
	const ForeignKeyFacts *key_obstacle;	/* why there is none, or null */
} Findings;

/* What is done with each finding */
typedef void (*FindingSink) (Finding *finding, void *state);

/* A row of the table of rules */
typedef struct Rule
{
	const char *name;
	Severity	severity;
	void		(*apply) (const struct Rule *rule, const Junction *junction,
						  Findings *findings);
	bool		local;			/* it looks at nothing but the junction */
} Rule;

/* finding.c */
extern Finding *add_finding(const Rule *rule, const Junction *junction, List *columns,
							Findings *findings);
extern const char *fix_name(Findings *findings, const Junction *junction, NameKind kind,
							List *columns, const char *format);

/* findings.c */
extern Database *read_all_tables(bool for_rules);
extern Database *read_for_rules(List *tables, RuleSet rules, Snapshot snapshot);
extern bool is_left_out_of_report(const TableFacts *table);
extern void find_findings(Oid only, RuleSet rules, bool concurrently, FindingSink sink, void *state);
extern List *collect_findings(Oid only, RuleSet rules, bool concurrently);

/* index_rules.c */
extern void rule_half_indexed(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_invalid_index(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_redundant_index(const Rule *rule, const Junction *junction, Findings *findings);

/* key_rules.c */
extern char *missing_key_fix(const Junction *junction, Findings *findings);
extern void rule_missing_pair_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_nullable_endpoint(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_deferrable_pair_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_no_replica_identity(const Rule *rule, const Junction *junction, Findings *findings);

/* rebuilt_key.c */
extern bool append_cascading(StringInfo fix, const Junction *junction, const ForeignKeyFacts *key, char on_update);
extern bool sets_null(const TableFacts *table, char action, const Bitmapset *set, const Bitmapset *columns);
extern const ForeignKeyFacts *append_rebuilt_keys(StringInfo fix, const Junction *junction,
												  const Bitmapset *columns, List **rebuilt);
extern char *describe_obstacle(const ForeignKeyFacts *key);

/* reference_rules.c */
extern void rule_unvalidated_foreign_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_undeclared_endpoint(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_no_cascade(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_tenant_mismatch(const Rule *rule, const Junction *junction, Findings *findings);

/* rule.c */
extern RuleId rule_id(const Rule *rule);
extern const char *rule_name(RuleId rule);
extern const char *severity_name(Severity severity);
extern bool find_severity(const char *name, Severity *severity);
extern bool add_rule(RuleSet *set, const char *name);
extern bool is_milder_than_rule(const Finding *finding);
extern bool are_local_rules(RuleSet set);
extern char *all_rule_names(void);
extern List *apply_rules(RuleSet set, const Junction *junction, Database *database,
						 NameSpace *names, bool concurrently);

/* shape_rules.c */
extern void rule_multiway(const Rule *rule, const Junction *junction, Findings *findings);
extern bool is_plain(const IndexFacts *index);
extern void rule_needless_surrogate(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_promotion_due(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_array_relation(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_numbered_columns(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_misnamed(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_inherited(const Rule *rule, const Junction *junction, Findings *findings);

#endif							/* JUNCTION_RULES_H */
