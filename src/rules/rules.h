/*
 * rules.h
 *		The rules of the report, their findings, and the statements that fix
 *		them.
 */
#ifndef JUNCTION_RULES_H
#define JUNCTION_RULES_H

#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* The rules, in the order in which they are applied; rule.c has their names */
typedef enum RuleId
{
	RULE_HALF_INDEXED,
	RULE_INVALID_INDEX,
	RULE_MISSING_PAIR_KEY,
	RULE_NULLABLE_ENDPOINT,
	RULE_UNVALIDATED_FOREIGN_KEY,
	RULE_UNDECLARED_ENDPOINT,
	RULE_POSSIBLE_JUNCTION,
	RULE_NO_CASCADE,
	RULE_NEEDLESS_SURROGATE,
	RULE_PROMOTION_DUE,
	RULE_MULTIWAY,
	RULE_REDUNDANT_INDEX,
	RULE_DEFERRABLE_PAIR_KEY,
	RULE_NO_REPLICA_IDENTITY,
	RULE_NO_PRIMARY_KEY,
	RULE_SOFT_DELETED_PAIR,
	RULE_ARRAY_RELATION,
	RULE_NUMBERED_COLUMNS,
	RULE_TENANT_MISMATCH,
	RULE_POLYMORPHIC_ENDPOINT,
	RULE_RECURSIVE_POLICY,
	RULE_STALE_ACCESSOR,
	RULE_NAME,
	RULE_INHERITED,
	RULE_MISJUDGED_ENDPOINT,
	RULE_LOCAL_BESIDE_DISTRIBUTED,
	RULE_NOT_COLOCATED,
	RULE_FAN_OUT,
	RULE_COUNT
} RuleId;

/* A set of rules: RULE_BIT() of each */
typedef uint64 RuleSet;

#define RULE_BIT(rule)	(UINT64CONST(1) << (rule))
#define ALL_RULES		(RULE_BIT(RULE_COUNT) - 1)

/* The severity of a finding, in ascending order: severities are compared */
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
	Oid			junction;		/* the table, which need not be a junction */
	const TableFacts *table;	/* its facts */
	TableSize	size;			/* its size; findings.c */
	int			place;			/* among the table's findings, from 0; findings.c */
	RuleId		rule;
	Severity	severity;		/* the rule's, or a milder or worse one */
	List	   *columns;		/* their names, char * */
	char	   *message;		/* one line, no period */
	char	   *detail;			/* full sentences, or null */
	char	   *fix;			/* a statement ready to run, or null */
	char	   *fix_if_link;	/* one for a caller who has asked for this table
								 * and looks at its rows; or null */
	List	   *references;		/* ForeignKeyFacts that the fix adds, where no
								 * key has kept orphans or duplicates away */
	bool		makes_primary_key;	/* the fix makes the pair the primary key */
	List	   *rebuilt;		/* OIDs of the foreign keys that the fix drops and
								 * adds again: they are ON DELETE CASCADE then,
								 * are validated, and their triggers fire */
	Oid			foreign_key;	/* a fix that rebuilds this foreign key settles
								 * this finding too; or InvalidOid */
	Oid			parent;			/* of half_indexed: the endpoint's; or InvalidOid */
	Oid			referenced;		/* the parent of the foreign key that the fix
								 * adds, beside those of references; or InvalidOid */
} Finding;

/* The findings of one table, and what its rules share */
typedef struct Findings
{
	Database   *database;		/* the tables that were read: all, with the
								 * parents, unless only local rules are applied */
	NameSpace  *names;			/* of the table's schema; holds the names that
								 * fixes have taken so far */
	List	   *list;			/* of Finding */
	bool		concurrently;	/* fixes build and drop indexes CONCURRENTLY */
	char	   *key_fix;		/* missing_key_fix()'s result, cached; or null */
	List	   *key_rebuilt;	/* OIDs of the foreign keys that key_fix rebuilds */
	const ForeignKeyFacts *key_obstacle;	/* the foreign key because of which
											 * there is no key_fix, or null */
} Findings;

/*
 * Called for each finding.  The finding is freed with the memory context of its
 * table after the call: copy what must live longer.
 */
typedef void (*FindingSink) (Finding *finding, void *state);

/* A row of the table of rules, in rule.c */
typedef struct Rule
{
	const char *name;
	Severity	severity;		/* a finding may have another */
	void		(*apply) (const struct Rule *rule, const Junction *junction,
						  Findings *findings);	/* adds findings to the list */
	bool		local;			/* apply() reads no table but the junction */
} Rule;

/* accessor_rules.c */
extern void rule_stale_accessor(const Rule *rule, const Junction *junction, Findings *findings);

/* bare_junction.c */
extern bool add_bare_junction(const Rule *rule, const Junction *junction, Findings *findings);

/* column_rules.c */
extern void rule_array_relation(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_numbered_columns(const Rule *rule, const Junction *junction, Findings *findings);

/* distributed_rules.c */
extern void rule_local_beside_distributed(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_not_colocated(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_fan_out(const Rule *rule, const Junction *junction, Findings *findings);
extern void leave_out_refused_fixes(const Junction *junction, const Findings *findings);

/* finding.c */
extern Finding *add_finding(const Rule *rule, const Junction *junction, List *columns,
							Findings *findings);
extern const char *fix_name(Findings *findings, const Junction *junction, NameKind kind,
							List *columns, const char *format);
extern void mention_orm(Finding *finding, const char *what);

/* findings.c */
extern Database *read_all_tables(bool for_rules);
extern Database *read_for_rules(List *tables, RuleSet rules, Snapshot snapshot);
extern bool is_left_out_of_report(const TableFacts *table);
extern void find_findings(Oid only, RuleSet rules, bool concurrently, FindingSink sink, void *state);
extern List *collect_findings(Oid only, RuleSet rules, bool concurrently);
extern List *find_worst_first(Oid only, RuleSet rules, TableFacts **table);

/* index_rules.c */
extern void rule_half_indexed(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_invalid_index(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_redundant_index(const Rule *rule, const Junction *junction, Findings *findings);

/* possible_junction.c */
extern void rule_possible_junction(const Rule *rule, const Junction *junction, Findings *findings);

/* key_rules.c */
extern char *weak_not_null(const TableFacts *table, const Bitmapset *columns);
extern char *missing_key_fix(const Junction *junction, Findings *findings);
extern void rule_missing_pair_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_nullable_endpoint(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_deferrable_pair_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_no_replica_identity(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_no_primary_key(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_soft_deleted_pair(const Rule *rule, const Junction *junction, Findings *findings);

/* policy_rules.c */
extern void rule_recursive_policy(const Rule *rule, const Junction *junction, Findings *findings);

/* polymorphic.c */
extern bool is_polymorphic_link(const TableFacts *table);
extern void rule_polymorphic_endpoint(const Rule *rule, const Junction *junction, Findings *findings);

/* rebuilt_key.c */
extern bool append_cascading(StringInfo fix, const Junction *junction, const ForeignKeyFacts *key, char on_update);
extern bool sets_null(const TableFacts *table, char action, const Bitmapset *set, const Bitmapset *columns);
extern const ForeignKeyFacts *append_rebuilt_keys(StringInfo fix, const Junction *junction,
												  const Bitmapset *columns, List **rebuilt);
extern char *describe_obstacle(const ForeignKeyFacts *key);
extern void append_storage(StringInfo fix, Oid index);
extern void append_index_comment(StringInfo fix, const TableFacts *table, const IndexFacts *index);
extern void append_constraint_comment(StringInfo fix, const TableFacts *table, Oid constraint, const char *name);
extern void keep_comments(Finding *finding);

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
extern RuleSet read_rules(List *names);
extern bool is_milder_than_rule(const Finding *finding);
extern bool are_local_rules(RuleSet set);
extern char *all_rule_names(void);
extern List *apply_rules(RuleSet set, const Junction *junction, Database *database,
						 NameSpace *names, bool concurrently);

/* shape_rules.c */
extern void rule_multiway(const Rule *rule, const Junction *junction, Findings *findings);
extern bool is_plain(const TableFacts *table, const IndexFacts *index);
extern void rule_needless_surrogate(const Rule *rule, const Junction *junction, Findings *findings);
extern bool has_grown(const Junction *junction);
extern void rule_promotion_due(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_misnamed(const Rule *rule, const Junction *junction, Findings *findings);
extern void rule_inherited(const Rule *rule, const Junction *junction, Findings *findings);

/* statistics_rules.c */
extern double judged_rows(const TableFacts *table);
extern char *distinct_fix(const TableFacts *table, const char *column, double distinct, double rows);
extern char *analyze_fix(const TableFacts *table, const char *column);
extern void rule_misjudged_endpoint(const Rule *rule, const Junction *junction, Findings *findings);

#endif							/* JUNCTION_RULES_H */
