/*
 * promote_check.c
 *		What a promotion is asked to do, and all that it refuses.
 *
 * Both ways to promote, in one transaction (promote.c) and without blocking
 * anyone (promote_concurrently.c), are asked for by the same arguments and refuse the same.
 * The latter may be called again when it was stopped on its way: then the table
 * has the columns already, and says so by a comment on its id.
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

/* The time stamps that a promotion adds, and what says the same by another name */
static const struct
{
	const char *name;
	StampKind	kind;
}			timestamps[] = {
	{"created_at", STAMP_CREATED},
	{"updated_at", STAMP_UPDATED}
};

/* How the id's comment begins until the promotion is done; the table follows */
static const char begun_start[] = "junction: the id of a promotion that is under way, of table ";

/*
 * Does the comment of a column mark it as the id of a promotion of this table?
 *
 *	"junction: the id of a promotion that is under way, of table 16402, public.user_orgs"
 *
 * CREATE TABLE ... (LIKE ... INCLUDING ALL) copies the comment with the column,
 * and the copy is no table that is being promoted.  So the comment says of which
 * table it is, by OID and by name, and either will do: the OID stays when the
 * table is renamed, the name when it is dumped and restored.  (One that was
 * renamed and then dumped is not known again; nor is a copy that takes the place
 * of the original, under its name, told from what was restored: it has all that
 * is needed to go on.)
 */
static bool
is_begun_comment(const TableFacts *table, const char *comment)
{
	Oid			oid;
	char	   *rest;

	if (comment == NULL || strncmp(comment, begun_start, strlen(begun_start)) != 0)
		return false;
	oid = strtoul(comment + strlen(begun_start), &rest, 10);
	return oid == table->oid ||
		(strncmp(rest, ", ", 2) == 0 && strcmp(rest + 2, qualified_beside(table, table->name)) == 0);
}

/*
 * The id that a concurrent promotion has added, and not yet made the key; null
 * if none is under way.
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
 * "COMMENT ON COLUMN public.user_orgs.id IS '...'"
 */
char *
begun_statement(const Promotion *promotion, const char *table)
{
	const char *comment = psprintf("%s%u, %s", begun_start, promotion->table->oid,
								   qualified_beside(promotion->table, promotion->table->name));

	return psprintf("COMMENT ON COLUMN %s.%s IS %s", table, quote_identifier(promotion->id_column),
					quote_literal_cstr(comment));
}

/*
 * Refuse each kind of junction that cannot be promoted, with what to do about
 * it: 55000 for an entity, 42809 for the others.
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
				 errdetail("Nothing keeps a pair (%s) from being there twice.%s", pair,
						   describe_duplicates(junction->table->oid, pair_columns(junction))),
				 errhint("Give it one first: ALTER TABLE %s ADD %s (%s)",
						 qualified_name(junction->table->oid),
						 junction->primary_key ? "UNIQUE" : "PRIMARY KEY", pair)));
	if (junction->kind == JUNCTION_MULTIWAY)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" links more than two tables", name),
				 errdetail("Its key \"%s\" holds %d endpoints: (%s).", index_name(junction->pair_key),
						   list_length(junction->endpoints), pair),
				 errhint("Split it into junctions of two tables each, or add an id with ALTER TABLE.")));
}

/*
 * The name after the promotion: the table's own if none is given.
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
				 errmsg("\"%s\" keeps its name, so there is no old one to keep",
						display_name(promotion->table->oid)),
				 errhint("Give it a new one with name, or leave keep_old_name out.")));
}

/*
 * The id needs a default: a UUID, or an identity where there can be one.
 */
static void
check_id_type(const Promotion *promotion)
{
	Oid			type = promotion->id_type;
	bool		partitioned = promotion->table->kind == RELKIND_PARTITIONED_TABLE;

	if (type == UUIDOID)
		return;
	if (type != INT8OID && type != INT4OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an id cannot be of type %s",
						format_type_extended(type, -1, FORMAT_TYPE_ALLOW_INVALID)),
				 errdetail("There is no default for it."),
				 errhint("Use uuid, bigint or integer.")));
	if (has_subclass(promotion->table->oid) && !(partitioned && SERVER_HAS_PARTITIONED_IDENTITY))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an id of type %s cannot be added to \"%s\"", format_type_be(type),
						display_name(promotion->table->oid)),
				 errdetail("PostgreSQL adds no identity column to a table that has child tables."),
				 errhint("Use id_type => 'uuid'.")));
}

/*
 * Is this one of the columns that the promotion adds, the id among them?
 */
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

/*
 * Is a time among the columns that the promotion is asked to add?
 */
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
 * The names of the time stamps that the promotion adds: those that are neither
 * there nor among the user's own columns, by whatever spelling.
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
 * Parse the columns to be added; none may be there, and none come twice.
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
 * A column of a partition key, at whatever level, must be in the primary key.
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
 * The new primary key: the id, and whatever else is asked for.
 */
static void
decide_primary_key(Promotion *promotion)
{
	List	   *seen = NIL;

	promotion->primary_key = promotion->key_is_asked ? promotion->asked_key :
		list_make1(promotion->id_column);
	if (!list_has_name(promotion->primary_key, promotion->id_column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"primary_key\" must hold the id, \"%s\"", promotion->id_column)));
	foreach_ptr(char, name, promotion->primary_key)
	{
		if (!is_added(promotion, name) && !list_has_name(added_timestamps(promotion), name) &&
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
		seen = lappend(seen, name);
	}
}

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
 * Refuse a half-done promotion: 55000 for whom it is in the way, or who asks
 * for another id than it has.
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
 * Take the first nine arguments of promote, or of promote_concurrently, which
 * has the same up to there.
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
 * Does ALTER TABLE look at each row, to add these columns?
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
 * Refuse a table whose row type a column has, if its rows are to be filled:
 * 0A000.
 */
static void
check_row_not_stored(const Promotion *promotion)
{
	char	   *column = find_stored_row(promotion->rel->rd_rel->reltype);

	if (column != NULL && fills_rows(promotion))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot promote \"%s\" because column \"%s\" uses its row type",
						display_name(promotion->table->oid), column),
				 errdetail("PostgreSQL adds no column with a value to rows that are stored elsewhere."),
				 errhint("Use junction.promote_concurrently with timestamps => false and no defaults, or change that column.")));
}

/*
 * All refusals, in this order: the table, its kind, names, columns, keys.  It
 * leaves the table open.
 */
void
check_promotion(Promotion *promotion, LOCKMODE lockmode)
{
	Oid			relid = promotion->relid;

	promotion->rel = open_table_to_change(relid, lockmode);
	if (!promotion->portable)
		check_not_distributed(relid);
	promotion->junction = require_junction(relid);
	promotion->table = promotion->junction->table;
	check_promotable(promotion->junction);
	check_not_typed(promotion->rel);
	check_begun(promotion);
	check_may_create_in(promotion->table->namespace);
	promotion->demotes = promotion->junction->pair_key->primary;

	decide_entity_name(promotion);
	check_id_type(promotion);
	check_new_columns(promotion);
	if (promotion->begun == NULL)
	{
		check_added_columns(promotion);
		check_row_not_stored(promotion);
	}
	decide_primary_key(promotion);
	check_partition_keys(promotion, lockmode);
	check_unique_name(promotion);
	if (promotion->keep_old_name)
		check_owner_may_create(promotion->rel);
	if (promotion->demotes)
		(void) check_primary_key_demotable(promotion->rel, lockmode);
	if (promotion->demotes && promotion->portable)
		check_portable(promotion->junction);
}
