/*
 * promote_steps_check.c
 *		Raises the refusals that apply only to a concurrent promotion.
 *
 * These are definitions and tables for which PostgreSQL would rewrite or read
 * the table under a lock that blocks others, or for which rows could not be
 * filled.
 *
 * Reads catalogs only.  The table is open and locked, and check_promotion()
 * has passed.
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

/*
 * Raises 0A000 for a column; reason: a sentence for the detail.
 */
static void
refuse_column(const ColumnDef *column, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" cannot be added without blocking", column->colname),
			 errdetail("%s", reason),
			 errhint("Add the column as nullable, without constraints and default; fill it and add these afterwards; or use junction.promote.")));
}

/* Is a default volatile? raw: as parsed; type and typmod: of the column. */
static bool
is_volatile(ParseState *pstate, const ColumnDef *column, Node *raw, Oid type, int32 typmod)
{
	return contain_volatile_functions(cookDefault(pstate, copyObject(raw), type, typmod,
												  column->colname, '\0'));
}

/*
 * Refuse a definition for which ALTER TABLE rewrites or reads the table:
 * 0A000.
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
			refuse_column(column, "It is generated or an identity, so each row gets a value of its own.");
		if (constraint->contype == CONSTR_CHECK)
			refuse_column(column, "Its CHECK is evaluated for each row.");
		if (constraint->contype == CONSTR_UNIQUE)
			refuse_column(column, "Its UNIQUE builds an index while the table is locked.");
		not_null = not_null || constraint->contype == CONSTR_NOTNULL;
		references = references || constraint->contype == CONSTR_FOREIGN;
	}
	if (references && has_default)
		refuse_column(column, "Its default is looked up in the referenced table for each row.");
	if (not_null && !has_default)
		refuse_column(column, "It is NOT NULL and has no default for the existing rows.");
}

/*
 * Refuse a nullable column, other than the id, in the new primary key: 55000.
 * PostgreSQL would read the table under a lock to find nulls.
 */
static void
check_key_column(const Promotion *promotion, const char *name)
{
	const ColumnFacts *column = find_column_by_name(promotion->table, name);
	bool		nullable = column != NULL && (!column->notnull || column->unproven);

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
				 errmsg("column \"%s\" cannot be in the primary key because it can be null", name),
				 errhint("Make it NOT NULL first.")));
}

/*
 * Refuse a check constraint that is enforced and not validated: 55000.  The
 * UPDATE that fills the id fails for rows that violate it.  The check of an
 * unfinished promotion is no obstacle.
 */
static void
check_checks(const Promotion *promotion)
{
	foreach_ptr(ConstraintFacts, check, read_constraints(promotion->table->oid))
		if (check->type == CONSTRAINT_CHECK && check->enforced && !check->validated &&
			!is_id_check(promotion, check))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("constraint \"%s\" of \"%s\" is not validated", check->name,
							display_name(promotion->table->oid)),
					 errdetail("Rows that violate the constraint could not be given an id."),
					 errhint("Use ALTER TABLE ... VALIDATE CONSTRAINT first.")));
}

/*
 * Refuse to go on with another primary key than the one for which an earlier
 * run built an index: 55000.
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
 * Refuse what only a promotion in one transaction can do: 0A000 for
 * partitions, inheritance children, rules and column definitions; 55000 for
 * checks, indexes and nullable key columns; 42501 for rows that cannot be
 * filled (online/fill.c); 55000 for a published table without a replica
 * identity.
 */
void
check_promotion_steps(const Promotion *promotion)
{
	Oid			relid = promotion->table->oid;

	if (promotion->table->kind == RELKIND_PARTITIONED_TABLE || has_subclass(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" cannot be promoted concurrently", display_name(relid)),
				 errdetail("It has partitions or child tables, and the steps fill and index one table only."),
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
