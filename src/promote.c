/*
 * promote.c
 *		junction.promote: from a junction to an entity, in one transaction.
 *
 *	1. Check: a junction that may be promoted, names that are free, columns
 *	   that are columns.
 *	2. Build:
 *		a. the new name and what goes with it (rename.c), first, so that
 *		   whatever PostgreSQL names after the table from here on is right;
 *		b. the composite key, demoted in place (key.c);
 *		c. one ALTER TABLE that adds the id, the columns, the time stamps and
 *		   the new primary key: the table is rewritten once.
 *	3. Run, or only return (plan.c).
 *
 * Rows, grants, policies, triggers, comments and foreign keys from elsewhere
 * hang on the table or on the key's index.  Both stay what they are, so none
 * of those is touched.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "junction.h"

typedef struct Promotion
{
	Relation	rel;
	Junction   *junction;
	TableFacts *table;			/* junction's */
	char	   *name;			/* new or old */
	bool		renamed;
	List	   *columns;		/* definitions, as given */
	List	   *parsed;			/* ColumnDef of each */
	bool		timestamps;
	char	   *id_column;
	Oid			id_type;
	List	   *primary_key;	/* names */
	char	   *unique_name;
	bool		demotes;		/* the pair key is the primary key */
} Promotion;

static const char *const timestamp_names[] = {"created_at", "updated_at"};

/* Is this a time stamp that the promotion may add? */
static bool
is_timestamp(const Promotion *promotion, const char *name)
{
	for (int i = 0; promotion->timestamps && i < lengthof(timestamp_names); i++)
		if (strcmp(timestamp_names[i], name) == 0)
			return true;
	return false;
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
				 errdetail("Nothing keeps a pair (%s) from being there twice.", pair),
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
 * Refuse a table that columns cannot be added to, or that cannot be rewritten
 * as each row gets an id: another table has it as a column's type.
 */
static void
check_can_be_rewritten(const Promotion *promotion)
{
	if (OidIsValid(promotion->rel->rd_rel->reloftype))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot add columns to typed table \"%s\"",
						display_name(promotion->table->oid)),
				 errhint("Free it from its type first: ALTER TABLE %s NOT OF.",
						 qualified_name(promotion->table->oid))));
	find_composite_type_dependencies(promotion->rel->rd_rel->reltype, promotion->rel, NULL);
}

/*
 * The name after the promotion: the table's own if none is given.  It stays in
 * its schema.
 */
static void
decide_name(Promotion *promotion, text *name)
{
	char	   *schema = NULL;

	promotion->name = promotion->table->name;
	if (name == NULL)
		return;

	promotion->name = parse_table_name(name, &schema);
	promotion->renamed = strcmp(promotion->name, promotion->table->name) != 0;
	if (schema != NULL && LookupExplicitNamespace(schema, true) != promotion->table->namespace)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a promotion cannot move \"%s\" to schema \"%s\"",
						display_name(promotion->table->oid), schema),
				 errhint("Use ALTER TABLE ... SET SCHEMA afterwards.")));
	if (promotion->renamed)
		check_table_name_free(promotion->table->namespace, promotion->name);
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

static void
check_column_free(const Promotion *promotion, const char *name, const char *hint)
{
	if (find_column_by_name(promotion->table, name) != NULL)
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
check_columns(Promotion *promotion)
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
decide_primary_key(Promotion *promotion, ArrayType *asked)
{
	List	   *seen = NIL;

	promotion->primary_key = asked ? text_array_to_list(asked, "primary_key") :
		list_make1(promotion->id_column);
	if (!list_has_name(promotion->primary_key, promotion->id_column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"primary_key\" must hold the id, \"%s\"", promotion->id_column)));
	foreach_ptr(char, name, promotion->primary_key)
	{
		if (!is_added(promotion, name) && !is_timestamp(promotion, name) &&
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
 * The locks of the ALTER TABLE: a column that refers to another table takes
 * one there.
 */
static char *
alter_locks(const Promotion *promotion)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, new_name_locks(promotion->table, promotion->name, true));
	foreach_ptr(ColumnDef, column, promotion->parsed)
		foreach_ptr(Constraint, constraint, column->constraints)
		{
			Oid			parent;

			if (constraint->contype != CONSTR_FOREIGN)
				continue;
			parent = RangeVarGetRelid(constraint->pktable, NoLock, true);
			if (OidIsValid(parent))
				appendStringInfo(&buf, ", %s", lock_on("SHARE ROW EXCLUSIVE", parent));
		}
	return buf.data;
}

/* A key is shared with partitions, but not with inheritance children. */
static bool
key_recurses(const TableFacts *table)
{
	return table->kind == RELKIND_PARTITIONED_TABLE;
}

/*
 * SELECT junction.primary_to_unique('public.memberships',
 *		'memberships_user_id_org_id_unique')
 *
 * Where a UNIQUE holds the pair already, and there is no primary key, that one
 * takes the name.
 */
static void
build_pair_key(StatementPlan *plan, const Promotion *promotion, NameSpace *names)
{
	const IndexFacts *key = promotion->junction->pair_key;
	const char *table = new_qualified_name(promotion->table, promotion->name);
	char	   *name = promotion->unique_name;

	if (name == NULL)
		name = choose_name(names, NAME_DEMOTED, promotion->name,
						   pair_columns(promotion->junction), NULL, NIL);
	else
		take_name(names, name);
	if (promotion->demotes)
	{
		plan_add(plan, new_name_locks(promotion->table, promotion->name, key_recurses(promotion->table)),
				 "SELECT junction.primary_to_unique(%s, %s)",
				 quote_literal_cstr(table), quote_literal_cstr(name));
		names->freed = lappend(names->freed, index_name(key));
	}
	else if (strcmp(index_name(key), name) != 0)
		build_index_rename(plan, key, name);
}

/*
 * "ADD COLUMN id uuid NOT NULL DEFAULT junction.uuidv7()"
 */
static void
append_id(StringInfo buf, const Promotion *promotion)
{
	appendStringInfo(buf, "\n    ADD COLUMN %s ", quote_identifier(promotion->id_column));
	if (promotion->id_type == UUIDOID)
		appendStringInfo(buf, "%s NOT NULL DEFAULT %s.uuidv7()", type_text(UUIDOID, -1),
						 SERVER_HAS_UUIDV7 ? "pg_catalog" : "junction");
	else
		appendStringInfo(buf, "%s GENERATED ALWAYS AS IDENTITY",
						 type_text(promotion->id_type, -1));
}

/*
 * The columns as the user defined them: each was parsed, and a comment at its
 * end must not reach further.
 */
static void
append_columns(StringInfo buf, const Promotion *promotion)
{
	foreach_ptr(char, definition, promotion->columns)
		appendStringInfo(buf, ",\n    ADD COLUMN %s%s", definition,
						 strstr(definition, "--") ? "\n" : "");

	for (int i = 0; promotion->timestamps && i < lengthof(timestamp_names); i++)
		if (find_column_by_name(promotion->table, timestamp_names[i]) == NULL &&
			!is_added(promotion, timestamp_names[i]))
			appendStringInfo(buf, ",\n    ADD COLUMN %s timestamp with time zone NOT NULL DEFAULT pg_catalog.now()",
							 timestamp_names[i]);
}

/*
 * The statement built is:
 *
 *	ALTER TABLE public.memberships
 *	    ADD COLUMN id uuid NOT NULL DEFAULT junction.uuidv7(),
 *	    ADD COLUMN role member_role not null default 'member',
 *	    ADD COLUMN created_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
 *	    ADD COLUMN updated_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
 *	    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id)
 */
static void
build_columns(StatementPlan *plan, const Promotion *promotion, NameSpace *names)
{
	StringInfoData buf;
	bool		single = list_length(promotion->primary_key) == 1;

	initStringInfo(&buf);
	append_id(&buf, promotion);
	append_columns(&buf, promotion);
	appendStringInfo(&buf, ",\n    ADD CONSTRAINT %s PRIMARY KEY (%s)",
					 quote_identifier(choose_name(names,
												  single ? NAME_PRIMARY_KEY : NAME_COMPOSITE_PRIMARY_KEY,
												  promotion->name, promotion->primary_key, NULL, NIL)),
					 column_list(promotion->primary_key));
	plan_add(plan, alter_locks(promotion), "ALTER TABLE %s%s",
			 new_qualified_name(promotion->table, promotion->name), buf.data);
}

static void
build(StatementPlan *plan, const Promotion *promotion)
{
	NameSpace	names = {.namespace = promotion->table->namespace, .taken = make_taken_names()};

	take_name(&names, promotion->name);
	if (promotion->renamed)
		build_rename(plan, promotion->table, promotion->name,
					 promotion->junction->pair_key->oid, &names);
	build_pair_key(plan, promotion, &names);
	build_columns(plan, promotion, &names);
}

/*
 * All refusals, in this order: the table, its kind, names, columns, keys.
 */
static void
check(Promotion *promotion, FunctionCallInfo fcinfo, LOCKMODE lockmode)
{
	Oid			relid = PG_GETARG_OID(0);

	promotion->rel = open_table_to_change(relid, lockmode);
	promotion->junction = require_junction(relid);
	promotion->table = promotion->junction->table;
	check_promotable(promotion->junction);
	check_can_be_rewritten(promotion);
	check_may_create_in(promotion->table->namespace);
	promotion->demotes = promotion->junction->pair_key->primary;

	decide_name(promotion, PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1));
	check_id_type(promotion);
	check_columns(promotion);
	decide_primary_key(promotion, PG_ARGISNULL(6) ? NULL : PG_GETARG_ARRAYTYPE_P(6));
	check_partition_keys(promotion, lockmode);
	check_unique_name(promotion);
	if (promotion->demotes)
		(void) check_primary_key_demotable(promotion->rel, lockmode);
}

PG_FUNCTION_INFO_V1(junction_promote);

/*
 * junction.promote(junction regclass, name text, columns text[], timestamps bool,
 *					id_column text, id_type regtype, primary_key text[],
 *					unique_name text, dry_run bool)
 *		returns setof junction.statement
 *
 * 42809 for what is no junction or not of a kind to be promoted; 55000 for an
 * entity; 42P07, 42710, 42701 for names that are taken, 42622 for those too
 * long; 22023 for arguments that can't be; 42703 for a key column that is not
 * there; 2BP01 where a query rests on the primary key; 0A000 where the key
 * misses the partition key; 42501 for somebody else's table.
 */
Datum
junction_promote(PG_FUNCTION_ARGS)
{
	Promotion	promotion = {0};
	StatementPlan plan = {NIL};
	bool		dry_run;
	static const char *const required[] = {
		[0] = "junction",[2] = "columns",[3] = "timestamps",
		[4] = "id_column",[5] = "id_type",[8] = "dry_run"
	};

	check_arguments(fcinfo, required, lengthof(required));
	promotion.columns = text_array_to_list(PG_GETARG_ARRAYTYPE_P(2), "columns");
	promotion.timestamps = PG_GETARG_BOOL(3);
	promotion.id_column = text_to_cstring(PG_GETARG_TEXT_PP(4));
	promotion.id_type = PG_GETARG_OID(5);
	promotion.unique_name = PG_ARGISNULL(7) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(7));
	dry_run = PG_GETARG_BOOL(8);

	check(&promotion, fcinfo, dry_run ? AccessShareLock : AccessExclusiveLock);
	build(&plan, &promotion);

	/* the lock stays until the transaction ends */
	relation_close(promotion.rel, NoLock);
	return plan_finish(&plan, dry_run, fcinfo);
}
