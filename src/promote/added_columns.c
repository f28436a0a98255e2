/*
 * added_columns.c
 *		Checks whether PostgreSQL will accept the columns that a promotion
 *		adds.
 *
 * A dry run refuses what ALTER TABLE would refuse, with the same SQLSTATE, as
 * far as the catalogs and one look for a row can tell.  What a value does (a
 * default that violates a check) is left to ALTER TABLE.
 *
 * The table is open and locked.  Types, expressions and references are looked
 * up with the server's own parser functions; nothing is changed.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_inherits.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "promote/promote.h"
#include "statement/statement.h"

/* A column that the table does not have yet, and that an expression may name */
typedef struct AddedColumn
{
	const char *name;
	Oid			type;
	int32		typmod;
	Oid			collation;
} AddedColumn;

/* What resolve_added() needs to find the columns of an expression */
typedef struct Definitions
{
	const Promotion *promotion;
	List	   *added;			/* AddedColumn */
} Definitions;

/*
 * Returns a new AddedColumn with these values.
 */
static AddedColumn *
added_column(const char *name, Oid type, int32 typmod, Oid collation)
{
	AddedColumn *column = palloc(sizeof(AddedColumn));

	column->name = name;
	column->type = type;
	column->typmod = typmod;
	column->collation = collation;
	return column;
}

/*
 * Returns a column of the argument "columns" with its type looked up; serial
 * types are bigint.  42704 for a type or a collation that does not exist,
 * 42P16 for a pseudo-type.
 */
static AddedColumn *
look_up_column(ColumnDef *column)
{
	ParseState *pstate = make_parsestate(NULL);
	Oid			type = INT8OID;
	int32		typmod = -1;
	Oid			collation;

	if (!is_serial(column->typeName))
		typenameTypeIdAndMod(pstate, column->typeName, &type, &typmod);
	collation = GetColumnDefCollation(pstate, column, type);
	CheckAttributeType(column->colname, type, collation, NIL, 0);
	return added_column(column->colname, type, typmod, collation);
}

/*
 * Returns all columns that the promotion adds (AddedColumn): the id, the
 * user's in their order, the time stamps.
 */
static List *
look_up_columns(const Promotion *promotion)
{
	List	   *added = list_make1(added_column(promotion->id_column, promotion->id_type, -1, InvalidOid));

	foreach_ptr(ColumnDef, column, promotion->parsed)
		added = lappend(added, look_up_column(column));
	foreach_ptr(char, name, added_timestamps(promotion))
		added = lappend(added, added_column(name, TIMESTAMPTZOID, -1, InvalidOid));
	return added;
}

/*
 * A p_post_columnref_hook: returns a null constant of the column's type for a
 * column that exists only after earlier statements of the plan, or null.
 * Such a column is one that the promotion adds, or any column qualified with
 * the table's new name.  Only the type matters here.
 */
static Node *
resolve_added(ParseState *pstate, ColumnRef *reference, Node *found)
{
	const Definitions *definitions = pstate->p_ref_hook_state;
	const Promotion *promotion = definitions->promotion;
	int			count = list_length(reference->fields);
	const char *name;

	if (found != NULL || count > 2 || !IsA(llast(reference->fields), String) ||
		(count == 2 && strcmp(strVal(linitial(reference->fields)), promotion->name) != 0))
		return NULL;
	name = strVal(llast(reference->fields));
	foreach_ptr(AddedColumn, column, definitions->added)
		if (strcmp(column->name, name) == 0)
			return (Node *) makeNullConst(column->type, column->typmod, column->collation);
	foreach_ptr(ColumnFacts, column, promotion->table->columns)
		if (count == 2 && strcmp(column->name, name) == 0)
			return (Node *) makeNullConst(column->type, column->typmod, column->collation);
	return NULL;
}

/*
 * Returns a ParseState in which an expression finds the table's columns and
 * those to be added.
 */
static ParseState *
expression_state(Definitions *definitions)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *table = addRangeTableEntryForRelation(pstate, definitions->promotion->rel,
															  AccessShareLock, NULL, false, true);

	addNSItemToQuery(pstate, table, true, true, true);
	pstate->p_post_columnref_hook = resolve_added;
	pstate->p_ref_hook_state = definitions;
	return pstate;
}

/*
 * Refuse a CHECK that PostgreSQL does not accept, as transformExpr() does:
 * 42703, 42883, 42804 and others.
 */
static void
check_check(ParseState *pstate, const Constraint *constraint)
{
	Node	   *expression = transformExpr(pstate, copyObject(constraint->raw_expr),
										   EXPR_KIND_CHECK_CONSTRAINT);

	expression = coerce_to_boolean(pstate, expression, "CHECK");
	assign_expr_collations(pstate, expression);
}

/*
 * Refuse a reference to a column that does not exist (42703) or that has no
 * unique index of its own (42830).
 */
static void
check_referenced_column(const TableFacts *parent, const char *name)
{
	ColumnFacts *column = find_column_by_name(parent, name);

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name, display_name(parent->oid)),
				 errdetail("A column to be added references it.")));
	foreach_ptr(IndexFacts, index, parent->indexes)
		if (index->nkeys == 1 && index->columns[0] == column->attnum && is_whole_key(index) &&
			!index->deferrable)
			return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_FOREIGN_KEY),
			 errmsg("column \"%s\" of table \"%s\" is not unique", name, display_name(parent->oid)),
			 errdetail("A column to be added references it."),
			 errhint("Reference a primary key, or a column that has its own UNIQUE constraint.")));
}

/*
 * Returns the OIDs of the tables that the columns of the argument "columns"
 * reference, but for the promoted table and those that do not exist.  Parses the
 * columns by itself, and raises what check_column_definition() raises.  No table
 * need be locked.
 */
List *
added_references(const Promotion *promotion)
{
	List	   *references = NIL;

	foreach_ptr(char, definition, promotion->columns)
		foreach_ptr(Constraint, constraint, check_column_definition(definition)->constraints)
		{
			Oid			relid = constraint->contype == CONSTR_FOREIGN ?
				RangeVarGetRelid(constraint->pktable, NoLock, true) : InvalidOid;

			if (OidIsValid(relid) && relid != promotion->relid)
				references = list_append_unique_oid(references, relid);
		}
	return references;
}

/*
 * Refuse a reference to a table that cannot be referenced (check/parent.c).
 * A reference to the promoted table itself is not checked, as its key may not
 * exist yet.  Locks the referenced table in ACCESS SHARE mode until the
 * transaction ends.
 */
static void
check_reference(const Promotion *promotion, const Constraint *constraint)
{
	Oid			relid;
	Parent		parent = {0};

	if (strcmp(constraint->pktable->relname, promotion->name) == 0)
		return;
	relid = RangeVarGetRelid(constraint->pktable, AccessShareLock, false);
	if (relid == promotion->table->oid)
		return;
	if (constraint->pk_attrs == NIL)
		open_parent(&parent, relid, NIL);
	else
	{
		parent.rel = open_table_to_reference(relid, AccessShareLock);
		check_referenced_column(read_table(relid), strVal(linitial(constraint->pk_attrs)));
	}
	relation_close(parent.rel, NoLock);
}

/*
 * Refuse a UNIQUE column of a partitioned table, as its constraint would lack
 * the partition key: 0A000.
 */
static void
check_unique(const Promotion *promotion, const ColumnDef *column)
{
	if (promotion->table->kind == RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of partitioned table \"%s\" cannot be UNIQUE", column->colname,
						display_name(promotion->table->oid)),
				 errdetail("A unique constraint of a partitioned table must hold its partition key."),
				 errhint("Add the column without UNIQUE.")));
}

/*
 * Can an identity column be added to the table?  Not if it has child tables, nor
 * before 17 if these are partitions.
 */
bool
takes_identity(const TableFacts *table)
{
	return !has_subclass(table->oid) ||
		(table->kind == RELKIND_PARTITIONED_TABLE && SERVER_HAS_PARTITIONED_IDENTITY);
}

/*
 * Refuse an identity column that the table cannot have: 0A000.
 */
static void
check_identity(const Promotion *promotion, const ColumnDef *column)
{
	if (!takes_identity(promotion->table))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("identity column \"%s\" cannot be added to \"%s\"", column->colname,
						display_name(promotion->table->oid)),
				 errdetail("PostgreSQL cannot add an identity column to a table that has child tables."),
				 errhint("Give the column a default.")));
}

/*
 * Refuse a column whose default, generation expression, check, reference,
 * identity or UNIQUE PostgreSQL does not accept.  type: the column as look_up_column() returned
 * it.
 */
static void
check_expressions(Definitions *definitions, ColumnDef *column, const AddedColumn *type)
{
	foreach_ptr(Constraint, constraint, column->constraints)
	{
		if (constraint->contype == CONSTR_DEFAULT)
			(void) cookDefault(make_parsestate(NULL), copyObject(constraint->raw_expr), type->type,
							   type->typmod, column->colname, '\0');
		if (constraint->contype == CONSTR_GENERATED)
			(void) cookDefault(expression_state(definitions), copyObject(constraint->raw_expr), type->type,
							   type->typmod, column->colname, ATTRIBUTE_GENERATED_STORED);
		if (constraint->contype == CONSTR_CHECK)
			check_check(expression_state(definitions), constraint);
		if (constraint->contype == CONSTR_FOREIGN)
			check_reference(definitions->promotion, constraint);
		if (constraint->contype == CONSTR_UNIQUE)
			check_unique(definitions->promotion, column);
		if (constraint->contype == CONSTR_IDENTITY)
			check_identity(definitions->promotion, column);
	}
}

/*
 * Returns true if the type is a domain that is NOT NULL, itself or through
 * its base domain.
 */
static bool
is_not_null_domain(Oid type)
{
	bool		not_null = false;

	while (!not_null && get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));

		if (!HeapTupleIsValid(tuple))
			break;
		not_null = ((Form_pg_type) GETSTRUCT(tuple))->typnotnull;
		type = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
		ReleaseSysCache(tuple);
	}
	return not_null;
}

/*
 * Returns true if the column would be null in existing rows although it, or
 * its domain, is NOT NULL.
 */
static bool
leaves_null(const ColumnDef *column, Oid type)
{
	bool		not_null = is_not_null_domain(type);

	if (is_serial(column->typeName) || get_typdefault(type) != NULL)
		return false;
	foreach_ptr(Constraint, constraint, column->constraints)
	{
		if (constraint->contype == CONSTR_IDENTITY || constraint->contype == CONSTR_GENERATED)
			return false;
		if (constraint->contype == CONSTR_DEFAULT &&
			!(IsA(constraint->raw_expr, A_Const) && castNode(A_Const, constraint->raw_expr)->isnull))
			return false;
		not_null = not_null || constraint->contype == CONSTR_NOTNULL;
	}
	return not_null;
}

/*
 * Refuse a NOT NULL column without a default if the table has rows: 23502.
 */
static void
check_no_rows(const Promotion *promotion, const ColumnDef *column)
{
	if (has_rows(promotion->table->oid))
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("column \"%s\" cannot be added to \"%s\"", column->colname,
						display_name(promotion->table->oid)),
				 errdetail("It is NOT NULL and has no default for the existing rows."),
				 errhint("Give it a default, or add it nullable and fill it.")));
}

/*
 * Refuse a column that a child table has already with another type (42804) or
 * collation (42P21), as ALTER TABLE does, which merges the two columns.
 */
static void
check_merge(Oid child, const AddedColumn *column)
{
	HeapTuple	tuple = SearchSysCacheAttName(child, column->name);
	Form_pg_attribute att;

	if (!HeapTupleIsValid(tuple))
		return;
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	if (att->atttypid != column->type || att->atttypmod != column->typmod)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("child table \"%s\" has different type for column \"%s\"",
						display_name(child), column->name)));
	if (att->attcollation != column->collation)
		ereport(ERROR,
				(errcode(ERRCODE_COLLATION_MISMATCH),
				 errmsg("child table \"%s\" has different collation for column \"%s\"",
						display_name(child), column->name)));
	ReleaseSysCache(tuple);
}

/*
 * Refuse columns that a table below has already and that cannot be merged.  A
 * concurrent promotion is refused for any table below (promote_steps_check.c).
 * The tables below are locked.
 */
static void
check_merges(const Promotion *promotion, List *added)
{
	if (promotion->concurrently)
		return;
	foreach_oid(relid, list_inheritors(promotion->table->oid))
		foreach_ptr(AddedColumn, column, added)
			if (relid != promotion->table->oid)
				check_merge(relid, column);
}

/*
 * Refuse columns that ALTER TABLE could not add.  The promotion's columns are
 * parsed, and its table is open and locked.
 *
 * 42704, 42P16, 42883, 42703, 42804, 42830 and others, as PostgreSQL raises
 * them for types, expressions and references; 0A000 for a UNIQUE column of a
 * partitioned table, and an identity of one with child tables; 23502 for a NOT NULL column that would be null in an
 * existing row; what check_merges() refuses.
 */
void
check_added_columns(const Promotion *promotion)
{
	Definitions definitions = {.promotion = promotion};

	definitions.added = look_up_columns(promotion);
	check_merges(promotion, definitions.added);
	foreach_ptr(ColumnDef, column, promotion->parsed)
	{
		/* the list begins with the id */
		const AddedColumn *type = list_nth(definitions.added, foreach_current_index(column) + 1);

		check_expressions(&definitions, column, type);
		/* promote_steps_check.c refuses these, with and without rows */
		if (!promotion->concurrently && leaves_null(column, type->type))
			check_no_rows(promotion, column);
	}
}

/* Is the column, of the table or of the user's new ones, a virtual generated one (18)? */
bool
is_virtual_column(const Promotion *promotion, const char *name)
{
	const ColumnFacts *there = find_column_by_name(promotion->table, name);

	if (there != NULL)
		return TupleDescAttr(RelationGetDescr(promotion->rel), there->attnum - 1)->attgenerated ==
			ATTRIBUTE_GENERATED_VIRTUAL;
	foreach_ptr(ColumnDef, column, promotion->parsed)
		foreach_ptr(Constraint, constraint, column->constraints)
			if (strcmp(column->colname, name) == 0 && CONSTRAINT_IS_VIRTUAL(constraint))
				return true;
	return false;
}
