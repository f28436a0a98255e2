/*
 * promote_steps_check.c
 *		What is refused of a promotion because it is to be concurrent.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/heap.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "online/online.h"
#include "promote/promote.h"

static void
refuse_column(const ColumnDef *column, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" cannot be added without blocking", column->colname),
			 errdetail("%s", reason),
			 errhint("Add it plain and nullable, then fill it and add what it lacks; or use junction.promote.")));
}

static bool
is_volatile(ParseState *pstate, const ColumnDef *column, Node *raw, Oid type, int32 typmod)
{
	return contain_volatile_functions(cookDefault(pstate, copyObject(raw), type, typmod,
												  column->colname, '\0'));
}

/*
 * Refuse a definition for which ALTER TABLE rewrites the table, or reads all of
 * it: 0A000.
 */
static void
check_added_column(const ColumnDef *column)
{
	ParseState *pstate = make_parsestate(NULL);
	bool		has_default = false;
	bool		not_null = false;
	bool		references = false;
	Oid			type;
	int32		typmod;

	if (is_serial(column->typeName))
		refuse_column(column, "Its type is serial, which gives each row a value of its own.");
	typenameTypeIdAndMod(pstate, column->typeName, &type, &typmod);
	if (get_typtype(type) == TYPTYPE_DOMAIN && domain_has_constraints(type))
		refuse_column(column, "Its type is a domain with constraints, which each row is checked against.");

	foreach_ptr(Constraint, constraint, column->constraints)
	{
		if (constraint->contype == CONSTR_DEFAULT)
		{
			has_default = !IsA(constraint->raw_expr, A_Const) ||
				!castNode(A_Const, constraint->raw_expr)->isnull;
			if (is_volatile(pstate, column, constraint->raw_expr, type, typmod))
				refuse_column(column, "Its default is volatile, so each row gets a value of its own.");
		}
		if (constraint->contype == CONSTR_GENERATED || constraint->contype == CONSTR_IDENTITY)
			refuse_column(column, "Each row gets a value of its own.");
		if (constraint->contype == CONSTR_CHECK)
			refuse_column(column, "Its check is tried on each row.");
		if (constraint->contype == CONSTR_UNIQUE)
			refuse_column(column, "Its index is built at once.");
		not_null = not_null || constraint->contype == CONSTR_NOTNULL;
		references = references || constraint->contype == CONSTR_FOREIGN;
	}
	if (references && has_default)
		refuse_column(column, "Its default is looked up at the other end for each row.");
	if (not_null && !has_default)
		refuse_column(column, "It is NOT NULL, and has no default for the rows that are there.");
}

/*
 * Refuse a further column of the primary key that can be null: that no row has
 * a null there would have to be seen under a lock.
 */
static void
check_key_column(const Promotion *promotion, const char *name)
{
	const ColumnFacts *column = find_column_by_name(promotion->table, name);
	bool		nullable = column != NULL && !column->notnull;

	if (strcmp(name, promotion->id_column) == 0)
		return;
	foreach_ptr(ColumnDef, added, promotion->parsed)
		if (column == NULL && strcmp(added->colname, name) == 0)
		{
			nullable = true;
			foreach_ptr(Constraint, constraint, added->constraints)
				if (constraint->contype == CONSTR_NOTNULL)
					nullable = false;
		}
	if (nullable)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" is to be in the primary key, and can be null", name),
				 errhint("Make it NOT NULL first.")));
}

/*
 * Refuse a check that rows may break that are there: 55000.  An UPDATE tries
 * it.
 */
static void
check_checks(const Promotion *promotion)
{
	TupleConstr *constraints = RelationGetDescr(promotion->rel)->constr;

	for (int i = 0; constraints != NULL && i < constraints->num_check; i++)
	{
		ConstrCheck *check = &constraints->check[i];
		NullTest   *test = stringToNode(check->ccbin);
		bool		ours = promotion->begun != NULL && IsA(test, NullTest);

		if (!check->ccvalid && !ours)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("constraint \"%s\" of \"%s\" is not validated", check->ccname,
							display_name(promotion->table->oid)),
					 errdetail("The rows that break it could not be given an id."),
					 errhint("Use ALTER TABLE ... VALIDATE CONSTRAINT first.")));
	}
}

/*
 * Refuse to go on with another key than the one that an index was built for
 * already: 55000.
 */
static void
check_id_index(const Promotion *promotion)
{
	foreach_ptr(IndexFacts, index, promotion->table->indexes)
		if (promotion->begun != NULL && index->unique &&
			!OidIsValid(get_index_constraint(index->oid)) &&
			bms_is_member(promotion->begun->attnum, index->column_set) &&
			!same_names(column_names(promotion->table, index->columns, index->nkeys),
						promotion->primary_key))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("a promotion of \"%s\" is under way", display_name(promotion->table->oid)),
					 errdetail("Its index \"%s\" is not over (%s).", index_name(index),
							   column_list(promotion->primary_key)),
					 errhint("Go on with the arguments of its first call, or drop the index.")));
}

/*
 * Refuse what can be promoted in one transaction only.
 */
void
check_promotion_steps(const Promotion *promotion)
{
	Oid			relid = promotion->table->oid;

	if (promotion->table->kind == RELKIND_PARTITIONED_TABLE || has_subclass(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" cannot be promoted concurrently", display_name(relid)),
				 errdetail("PostgreSQL makes no primary key of a table with partitions or children from an index that is there."),
				 errhint("Use junction.promote.")));
	if (promotion->rel->rd_rules != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" cannot be promoted concurrently", display_name(relid)),
				 errdetail("It has rules, which may rewrite the UPDATE that fills the id."),
				 errhint("Use junction.promote.")));
	check_may_fill(relid);
	CheckCmdReplicaIdentity(promotion->rel, CMD_UPDATE);
	check_checks(promotion);
	check_id_index(promotion);
	foreach_ptr(char, name, promotion->primary_key)
		check_key_column(promotion, name);
	if (promotion->begun == NULL)
		foreach_ptr(ColumnDef, column, promotion->parsed)
			check_added_column(column);
}
