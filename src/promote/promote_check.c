/*
 * promote_check.c
 *		Reads the arguments of a promotion, and raises all its refusals.
 *
 * promote.c and promote_concurrently.c take the same arguments and share
 * these refusals.  A concurrent promotion may be called again after it was
 * stopped: then the table has the new columns already, and a comment on the
 * id marks the promotion as unfinished.
 *
 * Reads only.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "promote/promote.h"
#include "statement/statement.h"

/* The time stamps that a promotion adds; a column of the same kind replaces one */
static const struct
{
	const char *name;
	StampKind	kind;
}			timestamps[] = {
	{"created_at", STAMP_CREATED},
	{"updated_at", STAMP_UPDATED}
};

/*
 * Returns the id that an unfinished concurrent promotion has added; null if
 * there is none.
 */
ColumnFacts *
begun_id(const TableFacts *table)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (is_begun_comment(table, GetComment(table->oid, RelationRelationId, column->attnum)))
			return column;
	return NULL;
}

/*
 * Returns the statement that marks the id; table: the qualified name.
 *
 *	COMMENT ON COLUMN public.user_orgs.id IS '...'
 *
 * In plain SQL the number is 0, as on another server the table has another.
 */
char *
begun_statement(const Promotion *promotion, const char *table)
{
	const char *comment = psprintf("%s%u, %s", BEGUN_MARK,
								   promotion->portable ? InvalidOid : promotion->table->oid,
								   qualified_beside(promotion->table, promotion->table->name));

	return psprintf("COMMENT ON COLUMN %s.%s IS %s", table, quote_identifier(promotion->id_column),
					quote_literal_cstr(comment));
}

/*
 * Refuse a junction of a kind that cannot be promoted: 55000 for an entity,
 * 42809 for the others.
 */
void
check_promotable(const Junction *junction)
{
	const char *name = display_name(junction->table->oid);
	const char *pair = column_list(pair_columns(junction));

	if (junction->kind == JUNCTION_ENTITY)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is an entity already", name),
				 errdetail("It has the primary key \"%s\", and \"%s\" keeps the pair (%s) unique.",
						   index_name(junction->primary_key), index_name(junction->pair_key), pair),
				 errhint("Add columns with ALTER TABLE.")));
	if (junction->kind == JUNCTION_UNKEYED)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" has no key over its pair", name),
				 errdetail("Nothing keeps a pair (%s) from being stored twice.%s", pair,
						   describe_duplicates(junction->table->oid, pair_columns(junction))),
				 errhint("Add one first: ALTER TABLE %s ADD %s (%s)",
						 qualified_name(junction->table->oid),
						 junction->primary_key ? "UNIQUE" : "PRIMARY KEY", pair)));
	if (junction->kind == JUNCTION_TEMPORAL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" keeps the history of its links", name),
				 errdetail("Its key \"%s\" lets a pair (%s) come back at another time, so no UNIQUE could hold the pair beside an id.",
						   index_name(junction->pair_key), pair),
				 errhint("Where something must reference a single period, give it an id with ALTER TABLE.")));
	if (junction->kind == JUNCTION_MULTIWAY)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" links more than two tables", name),
				 errdetail("Its key \"%s\" holds %d endpoints: (%s).", index_name(junction->pair_key),
						   list_length(junction->endpoints), pair),
				 errhint("Take it apart with junction.split, or add an id with ALTER TABLE.")));
}

/*
 * Decides the table's name afterwards.  42P07 or 42710 if it is taken; 22023
 * for another schema, and for keep_old_name without a new name.
 */
static void
decide_entity_name(Promotion *promotion)
{
	promotion->name = promotion->table->name;
	if (promotion->asked_name != NULL)
		promotion->name = check_new_table_name(promotion->table, promotion->asked_name);
	promotion->renamed = strcmp(promotion->name, promotion->table->name) != 0;
	if (promotion->renamed)
		check_table_name_free(promotion->table->namespace, promotion->name);
	else if (promotion->keep_old_name)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" keeps its name, so there is no old name to keep",
						display_name(promotion->table->oid)),
				 errhint("Give the table a new name with name, or leave keep_old_name out.")));
}

/*
 * Refuse an id type for which there is no default: 22023; and an integer id
 * where PostgreSQL cannot add an identity column: 0A000.
 */
static void
check_id_type(const Promotion *promotion)
{
	Oid			type = promotion->id_type;

	if (type == UUIDOID)
		return;
	if (type != INT8OID && type != INT4OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an id cannot be of type %s",
						format_type_extended(type, -1, FORMAT_TYPE_ALLOW_INVALID)),
				 errdetail("A promotion has no default for this type."),
				 errhint("Use uuid, bigint or integer.")));
	if (!takes_identity(promotion->table))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an id of type %s cannot be added to \"%s\"", format_type_be(type),
						display_name(promotion->table->oid)),
				 errdetail("PostgreSQL cannot add an identity column to a table that has child tables."),
				 errhint("Use id_type => 'uuid'.")));
}

/* Is this the id, or one of the user's new columns? */
static bool
is_added(const Promotion *promotion, const char *name)
{
	if (strcmp(promotion->id_column, name) == 0)
		return true;
	foreach_ptr(ColumnDef, column, promotion->parsed)
		if (strcmp(column->colname, name) == 0)
			return true;
	return false;
}

/* Is the id, or one of the user's new columns, a time stamp of this kind by its name? */
static bool
adds_stamp(const Promotion *promotion, StampKind kind)
{
	if (stamp_kind(promotion->id_column) == kind)
		return true;
	foreach_ptr(ColumnDef, column, promotion->parsed)
		if (stamp_kind(column->colname) == kind)
			return true;
	return false;
}

/*
 * Returns the names of the time stamps that the promotion adds: those for
 * which neither the table nor the user's new columns have one of the same
 * kind, by any spelling.
 */
List *
added_timestamps(const Promotion *promotion)
{
	List	   *names = NIL;

	for (int i = 0; promotion->timestamps && i < lengthof(timestamps); i++)
		if (find_stamp(promotion->table, timestamps[i].kind) == NULL &&
			!adds_stamp(promotion, timestamps[i].kind))
			names = lappend(names, pstrdup(timestamps[i].name));
	return names;
}

/*
 * Refuse the name of a new column that the table has: 42701, with the hint if
 * not null.  While a promotion is unfinished, refuse a column that the table
 * lacks: 22023.
 */
static void
check_column_free(const Promotion *promotion, const char *name, const char *hint)
{
	bool		there = find_column_by_name(promotion->table, name) != NULL;

	if (promotion->begun != NULL && !there)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the promotion of \"%s\" that is under way has no column \"%s\"",
						display_name(promotion->table->oid), name),
				 errhint("Finish it with the arguments of its first call, or undo it with junction.demote.")));
	if (promotion->begun == NULL && there)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" already exists", name,
						display_name(promotion->table->oid)),
				 hint ? errhint("%s", hint) : 0));
}

/*
 * Parses the columns to add, and refuses a name that exists or appears twice:
 * 42701; and what check/column_definition.c refuses.
 */
static void
check_new_columns(Promotion *promotion)
{
	check_column_name(promotion->id_column);
	check_column_free(promotion, promotion->id_column,
					  "Give the id another name with id_column.");
	foreach_ptr(char, definition, promotion->columns)
	{
		ColumnDef  *column = check_column_definition(definition);

		check_column_free(promotion, column->colname, NULL);
		if (is_added(promotion, column->colname))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" would be added twice", column->colname)));
		promotion->parsed = lappend(promotion->parsed, column);
	}
	if (promotion->begun != NULL)
		foreach_ptr(char, name, added_timestamps(promotion))
			check_column_free(promotion, name, NULL);
}

/*
 * Refuse a primary key that lacks this column of a partition key: 0A000.
 */
static void
check_partition_column(const Promotion *promotion, const char *name)
{
	if (list_has_name(promotion->primary_key, name))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("the primary key of partitioned table \"%s\" must hold its partition key",
					display_name(promotion->table->oid)),
			 errdetail("Column \"%s\" is missing in (%s).", name,
					   column_list(promotion->primary_key)),
			 errhint("Name it too: primary_key => array[%s, %s].",
					 literal_list(promotion->primary_key), quote_literal_cstr(name))));
}

/*
 * Refuse a primary key that lacks a column of the partition key, at any
 * level: 0A000.  Locks the partitions in lockmode.
 */
static void
check_partition_keys(const Promotion *promotion, LOCKMODE lockmode)
{
	if (promotion->table->kind != RELKIND_PARTITIONED_TABLE)
		return;
	foreach_oid(relid, find_all_inheritors(promotion->table->oid, lockmode, NULL))
	{
		Relation	rel = relation_open(relid, NoLock);
		PartitionKey key = RelationGetPartitionKey(rel);

		for (int i = 0; key != NULL && i < get_partition_natts(key); i++)
			if (get_partition_col_attnum(key, i) != InvalidAttrNumber)
				check_partition_column(promotion,
									   get_attname(relid, get_partition_col_attnum(key, i), false));
		relation_close(rel, NoLock);
	}
}

/*
 * Refuse a partition that has a primary key of its own, as it could not get its
 * part of the new one: 55000.  parts: the indexes (OIDs) of the key that is
 * demoted.
 */
static void
check_partition_primary_key(const Promotion *promotion, Oid relid, List *parts)
{
	foreach_ptr(IndexFacts, index, read_table(relid)->indexes)
		if (index->primary && !list_member_oid(parts, index->oid))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("partition \"%s\" has a primary key of its own", display_name(relid)),
					 errdetail("The promotion gives \"%s\" another, and a table has only one.",
							   display_name(promotion->table->oid)),
					 get_rel_relispartition(index->oid) ?
					 errhint("Detach the partition, make its key UNIQUE with junction.primary_to_unique, and attach it again.") :
					 errhint("Drop it first: ALTER TABLE %s DROP CONSTRAINT %s", qualified_name(relid),
							 quote_identifier(index_name(index)))));
}

/*
 * Refuse a partition that has a primary key which the promotion does not demote,
 * at any level.  The partitions are locked.
 */
static void
check_partition_primary_keys(const Promotion *promotion)
{
	List	   *parts = promotion->demotes ? list_inheritors(promotion->junction->pair_key->oid) : NIL;

	if (promotion->table->kind != RELKIND_PARTITIONED_TABLE)
		return;
	foreach_oid(relid, list_inheritors(promotion->table->oid))
		check_partition_primary_key(promotion, relid, parts);
}

/*
 * Refuse a column of which PostgreSQL makes no primary key: 0A000 for a virtual
 * generated one, 55000 where NOT NULL is NOT VALID or NO INHERIT.
 */
static void
check_key_takes(const Promotion *promotion, const char *name)
{
	const ColumnFacts *there = find_column_by_name(promotion->table, name);

	if (is_virtual_column(promotion, name))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" cannot be in the primary key because it is generated and virtual", name),
				 errhint("Make it STORED, or leave it out of \"primary_key\".")));
	if (there == NULL)
		return;
	check_not_null_inherits(promotion->table->oid, there->attnum);
	if (there->unproven)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" cannot be in the primary key because it can be null", name),
				 errdetail("Its NOT NULL is NOT VALID."),
				 errhint("Use ALTER TABLE ... ALTER COLUMN ... SET NOT NULL first.")));
}

/*
 * Decides the columns of the new primary key: primary_key, or the id alone.
 * 22023 if the id is missing, 42703 for a column that does not exist, 42701
 * for one that appears twice, and what check_key_takes() refuses.
 */
static void
decide_primary_key(Promotion *promotion)
{
	List	   *stamps = added_timestamps(promotion);
	List	   *seen = NIL;

	promotion->primary_key = promotion->key_is_asked ? promotion->asked_key :
		list_make1(promotion->id_column);
	if (!list_has_name(promotion->primary_key, promotion->id_column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"primary_key\" must hold the id, \"%s\"", promotion->id_column)));
	foreach_ptr(char, name, promotion->primary_key)
	{
		if (!is_added(promotion, name) && !list_has_name(stamps, name) &&
			find_column_by_name(promotion->table, name) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist", name,
							display_name(promotion->table->oid)),
					 errdetail("It was named in \"primary_key\".")));
		if (list_has_name(seen, name))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" appears twice in \"primary_key\"", name)));
		check_key_takes(promotion, name);
		seen = lappend(seen, name);
	}
}

/*
 * Refuse a unique_name that is taken (42P07, 42710) or too long (42622). The
 * pair key may keep its name.
 */
static void
check_unique_name(const Promotion *promotion)
{
	if (promotion->unique_name == NULL)
		return;
	check_name_length(promotion->unique_name);
	if (strcmp(promotion->unique_name, index_name(promotion->junction->pair_key)) != 0)
		check_key_name_free(promotion->table->oid, promotion->unique_name);
	if (strcmp(promotion->unique_name, promotion->name) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("\"%s\" cannot be the name of both the table and its key",
						promotion->name)));
}

/*
 * Sets promotion->begun, and refuses an unfinished promotion unless this one
 * is concurrent and has the same id name and type: 55000.
 */
static void
check_begun(Promotion *promotion)
{
	const ColumnFacts *id = promotion->begun = begun_id(promotion->table);

	if (id == NULL || (promotion->concurrently && id->type == promotion->id_type &&
					   strcmp(id->name, promotion->id_column) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a promotion of \"%s\" is under way", display_name(promotion->table->oid)),
			 errdetail("Its id is \"%s\", of type %s.", id->name, format_type_be(id->type)),
			 errhint("Finish it with CALL junction.promote_concurrently, or undo it with junction.demote.")));
}

/*
 * Reads the first nine arguments, which promote and promote_concurrently have
 * in common.
 */
void
read_promotion(Promotion *promotion, FunctionCallInfo fcinfo)
{
	promotion->relid = PG_GETARG_OID(0);
	promotion->asked_name = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	promotion->columns = text_array_to_list(PG_GETARG_ARRAYTYPE_P(2), "columns");
	promotion->timestamps = PG_GETARG_BOOL(3);
	promotion->id_column = text_to_cstring(PG_GETARG_TEXT_PP(4));
	promotion->id_type = PG_GETARG_OID(5);
	promotion->key_is_asked = !PG_ARGISNULL(6);
	if (promotion->key_is_asked)
		promotion->asked_key = text_array_to_list(PG_GETARG_ARRAYTYPE_P(6), "primary_key");
	promotion->unique_name = PG_ARGISNULL(7) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(7));
	promotion->keep_old_name = PG_GETARG_BOOL(8);
}

/*
 * Returns true if ALTER TABLE gives existing rows a value for an added
 * column.  Only a concurrent promotion without time stamps and defaults does
 * not.
 */
static bool
fills_rows(const Promotion *promotion)
{
	if (!promotion->concurrently || promotion->timestamps)
		return true;
	foreach_ptr(ColumnDef, column, promotion->parsed)
		foreach_ptr(Constraint, constraint, column->constraints)
			if (constraint->contype == CONSTR_DEFAULT)
				return true;
	return false;
}

/*
 * Refuse a table whose row type a column of another table has, or an expression
 * uses, if rows would get a value: 0A000.
 */
static void
check_row_not_used(const Promotion *promotion)
{
	char	   *user = fills_rows(promotion) ? find_row_user(promotion->rel->rd_rel->reltype) : NULL;

	if (user != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot promote \"%s\" because %s uses its row type",
						display_name(promotion->table->oid), user),
				 errdetail("PostgreSQL cannot add a column with a value to rows that another object stores or uses."),
				 errhint("Use junction.promote_concurrently with timestamps => false and no defaults; or drop that object, and create it again afterwards.")));
}

/*
 * Refuse a table with an invalid unique index, which a failed CREATE UNIQUE
 * INDEX CONCURRENTLY leaves: 55000.  The rewrite builds each index again, and
 * would fail at the same duplicates after it has read all rows.  The tables
 * below count too, and are locked in lockmode.
 */
static void
check_unique_indexes_valid(const Promotion *promotion, LOCKMODE lockmode)
{
	foreach_oid(relid, find_all_inheritors(promotion->table->oid, lockmode, NULL))
	{
		if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
			continue;			/* has no rows of its own */
		foreach_ptr(IndexFacts, index, read_table(relid)->indexes)
			if (index->unique && !index->usable)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("index \"%s\" of \"%s\" is not valid", index_name(index),
								display_name(relid)),
						 errdetail("A promotion rewrites the table and builds all its indexes again, which fails at rows that a unique index refuses."),
						 errhint("Drop the index, or use REINDEX INDEX CONCURRENTLY, first.")));
	}
}

/*
 * Raises all refusals, in this order: the table, the text of the columns, the
 * table's kind, names, columns, keys.  Leaves the table open, locked in lockmode.
 */
void
check_promotion(Promotion *promotion, LOCKMODE lockmode)
{
	Oid			relid = promotion->relid;
	List	   *references;

	check_table_to_change(relid);
	/* in every mode: a dry run refuses what the call itself refuses first */
	references = added_references(promotion);
	promotion->rel = lockmode == AccessExclusiveLock ?
		open_table_with_parents(relid, lockmode, &(ParentUse) {.added = references}) :
		open_table_to_change(relid, lockmode);
	promotion->placement = read_placement(relid);
	promotion->plain = promotion->portable || promotion->placement.layout != LAYOUT_LOCAL;
	if (promotion->placement.layout != LAYOUT_LOCAL)
		check_placed_arguments(promotion);
	promotion->junction = require_junction(relid);
	promotion->table = promotion->junction->table;
	check_promotable(promotion->junction);
	check_not_typed(promotion->rel);
	check_begun(promotion);
	check_may_create_in(promotion->table->namespace);
	if (!promotion->concurrently)
		check_unique_indexes_valid(promotion, lockmode);
	promotion->demotes = promotion->junction->pair_key->primary;

	decide_entity_name(promotion);
	check_id_type(promotion);
	check_new_columns(promotion);
	if (promotion->begun == NULL)
	{
		check_added_columns(promotion);
		check_row_not_used(promotion);
	}
	decide_primary_key(promotion);
	check_partition_keys(promotion, lockmode);
	check_partition_primary_keys(promotion);
	check_unique_name(promotion);
	if (promotion->keep_old_name)
		check_owner_may_create(promotion->rel);
	if (promotion->demotes)
		(void) check_primary_key_demotable(promotion->rel, lockmode);
	if (promotion->placement.layout != LAYOUT_LOCAL)
		check_placed_promotion(promotion);
	else if (promotion->demotes && promotion->portable)
		check_portable(promotion->junction);
}
