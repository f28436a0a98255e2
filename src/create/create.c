/*
 * create.c
 *		junction.create: a pure junction, right in one call.
 *
 *	1. Check the parents: tables that may be referenced, each with a key
 *	   (parent.c).
 *	2. Decide: the columns, the schema, the persistence, the names.
 *	3. Build one CREATE TABLE that holds everything a table can hold, then the
 *	   indexes: the reverse one, and for a symmetric relation the mirror.
 *	4. Run them, or only return them (plan.c).
 *
 * The parents are locked in ACCESS SHARE mode while we look, so that what was
 * checked still is so when the statements run; those take their own locks.
 * This verb does not look at tables that exist already: with if_not_exists, a
 * table of that name is left as it is, whatever it is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "statement/statement.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* One parent, and what the junction has of it */
typedef struct Side
{
	const char *argument;		/* "left_columns", for messages */
	Parent		parent;
	List	   *columns;		/* names in the junction, one for each of the
								 * parent's own key columns */
	const char *on_delete;		/* as SQL, or null for the default */
} Side;

/* The junction to be */
typedef struct Creation
{
	Side		left;
	Side		right;
	List	   *shared;			/* names of the shared columns */
	Oid			namespace;		/* InvalidOid: a temporary schema yet to be made */
	char	   *schema;
	char	   *name;
	char	   *qualified;		/* both, quoted */
	char		persistence;
	bool		reverse_index;
	bool		symmetric;
	bool		if_not_exists;
} Creation;

/*
 * What a foreign key does when its parent goes, as SQL.
 */
static const char *
parse_on_delete(const char *argument, text *value)
{
	char	   *action = text_to_cstring(value);

	if (pg_strcasecmp(action, "cascade") == 0)
		return " ON DELETE CASCADE";
	if (pg_strcasecmp(action, "restrict") == 0)
		return " ON DELETE RESTRICT";
	if (pg_strcasecmp(action, "no action") == 0)
		return "";
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"%s\": \"%s\"", argument, action),
			 pg_strncasecmp(action, "set ", 4) == 0 ?
			 errdetail("The columns of a junction are NOT NULL and its key: they cannot be set to anything else.") : 0,
			 errhint("Use \"cascade\", \"restrict\" or \"no action\".")));
}

/*
 * Name a side's own columns, as asked or by convention.
 */
static void
name_columns(Side *side, ArrayType *asked, List *shared)
{
	if (asked == NULL)
	{
		bool		single = list_length(side->parent.own) == 1;

		foreach_ptr(ColumnFacts, column, side->parent.own)
			side->columns = lappend(side->columns,
									endpoint_column_name(side->parent.table->name,
														 column->name, single));
		return;
	}

	foreach_ptr(char, name, text_array_to_list(asked, side->argument))
	{
		check_column_name(name);
		if (!list_has_name(shared, name))
			side->columns = lappend(side->columns, name);
	}
	if (list_length(side->columns) != list_length(side->parent.own))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("\"%s\" must name %d column", "\"%s\" must name %d columns",
							   list_length(side->parent.own), side->argument,
							   list_length(side->parent.own)),
				 errdetail("They are to hold the key (%s) of table \"%s\".",
						   column_list(names_of(side->parent.own)), display_name(side->parent.table->oid))));
}

/*
 * No column may come twice, and what both sides share must be the same.
 */
static void
check_columns(const Creation *creation)
{
	List	   *all = list_concat_copy(list_concat_copy(creation->shared, creation->left.columns),
									   creation->right.columns);
	List	   *seen = NIL;

	foreach_ptr(char, name, all)
	{
		if (list_has_name(seen, name))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" would be there twice", name),
					 errhint("Name the columns with left_columns and right_columns, or with shared_columns if both foreign keys are to use it.")));
		seen = lappend(seen, name);
	}

	foreach_ptr(ColumnFacts, left, creation->left.parent.shared)
	{
		ColumnFacts *right = list_nth(creation->right.parent.shared, foreach_current_index(left));

		if (left->type != right->type)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("shared column \"%s\" has different types", left->name),
					 errdetail("It is %s in \"%s\" and %s in \"%s\".",
							   column_type(left), display_name(creation->left.parent.table->oid),
							   column_type(right), display_name(creation->right.parent.table->oid))));
	}
}

static void
check_relation_to_self(const Creation *creation, bool named)
{
	bool		self = creation->left.parent.table->oid == creation->right.parent.table->oid;

	if (self && !named)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a relation of \"%s\" to itself needs names for both its ends",
						display_name(creation->left.parent.table->oid)),
				 errhint("Give left_columns and right_columns, as in left_columns => '{follower_id}', right_columns => '{followee_id}'.")));
	if (creation->symmetric && !self)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("only a relation of a table to itself can be symmetric"),
				 errdetail("The two ends are \"%s\" and \"%s\".",
						   display_name(creation->left.parent.table->oid),
						   display_name(creation->right.parent.table->oid))));
}

/*
 * A permanent table can refer to permanent ones, an unlogged one to those and
 * to unlogged ones, a temporary one to temporary ones only.
 */
static char
decide_persistence(const Creation *creation)
{
	char		left = creation->left.parent.table->persistence;
	char		right = creation->right.parent.table->persistence;

	if (left == RELPERSISTENCE_TEMP && right == RELPERSISTENCE_TEMP)
		return RELPERSISTENCE_TEMP;
	if (left == RELPERSISTENCE_TEMP || right == RELPERSISTENCE_TEMP)
	{
		const Side *temporary = left == RELPERSISTENCE_TEMP ? &creation->left : &creation->right;

		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot link a temporary table to one that is not"),
				 errdetail("\"%s\" is temporary, and foreign keys cannot cross there.",
						   display_name(temporary->parent.table->oid)),
				 errhint("Make both tables temporary, or neither.")));
	}
	if (left == RELPERSISTENCE_UNLOGGED || right == RELPERSISTENCE_UNLOGGED)
		return RELPERSISTENCE_UNLOGGED;
	return RELPERSISTENCE_PERMANENT;
}

/*
 * The schema of the junction: the one named, or else that of both parents.
 */
static void
decide_schema(Creation *creation, const char *schema)
{
	Oid			left = creation->left.parent.table->namespace;
	Oid			right = creation->right.parent.table->namespace;

	if (creation->persistence == RELPERSISTENCE_TEMP)
	{
		if (schema != NULL && LookupExplicitNamespace(schema, true) != left)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a temporary junction cannot be in schema \"%s\"", schema),
					 errhint("Leave the schema out of the name.")));
		creation->namespace = left;
		creation->schema = pstrdup("pg_temp");
		return;
	}
	if (schema == NULL && left != right)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no schema to create the junction in"),
				 errdetail("\"%s\" and \"%s\" are in different schemas, and the name has none.",
						   display_name(creation->left.parent.table->oid),
						   display_name(creation->right.parent.table->oid)),
				 errhint("Give a name with a schema: name => %s.",
						 quote_literal_cstr(quote_qualified_identifier(get_namespace_name(left),
																	   creation->name)))));
	creation->namespace = schema ? LookupExplicitNamespace(schema, false) : left;
	creation->schema = get_namespace_name(creation->namespace);
}

/*
 * May a table be made there?
 */
static void
check_may_create(const Creation *creation)
{
	if (creation->persistence == RELPERSISTENCE_TEMP)
		return;					/* the parents are there, so may we be */
	if (isAnyTempNamespace(creation->namespace) || IsCatalogNamespace(creation->namespace) ||
		IsToastNamespace(creation->namespace))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot create a junction in schema \"%s\"", creation->schema)));
	check_may_create_in(creation->namespace);
}

/*
 * The columns of a side's foreign key in the junction: shared ones first.
 */
static List *
side_columns(const Creation *creation, const Side *side)
{
	return list_concat_copy(creation->shared, side->columns);
}

/*
 * "    name type NOT NULL,"
 */
static void
append_columns(StringInfo buf, List *names, List *columns)
{
	foreach_ptr(char, name, names)
		appendStringInfo(buf, "\n    %s %s NOT NULL,", quote_identifier(name),
						 column_type(list_nth(columns, foreach_current_index(name))));
}

/*
 * "    CONSTRAINT n FOREIGN KEY (a) REFERENCES s.parent (id) ON DELETE CASCADE"
 */
static void
append_foreign_key(StringInfo buf, const Creation *creation, const Side *side, NameSpace *names)
{
	List	   *columns = side_columns(creation, side);
	List	   *parent_columns = names_of(side->parent.key);

	appendStringInfo(buf, ",\n    CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s",
					 quote_identifier(choose_name(names, NAME_FOREIGN_KEY, creation->name, columns,
												  side->parent.table->name, parent_columns)),
					 column_list(columns), qualified_name(side->parent.table->oid),
					 column_list(parent_columns), side->on_delete);
}

/*
 * The locks of a table's birth: each foreign key takes one on its parent, and
 * on all partitions of that.
 */
static char *
parent_locks(const Creation *creation)
{
	const char *mode = "SHARE ROW EXCLUSIVE";
	char	   *left = lock_on_all(mode, creation->left.parent.table);

	if (creation->left.parent.table->oid == creation->right.parent.table->oid)
		return left;
	return psprintf("%s, %s", left, lock_on_all(mode, creation->right.parent.table));
}

/*
 * The statement built is:
 *
 *	CREATE TABLE public.invoice_tags (
 *	    invoice_id integer NOT NULL,
 *	    tag_id integer NOT NULL,
 *	    CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id),
 *	    CONSTRAINT invoice_tags_invoice_id_fkey FOREIGN KEY (invoice_id)
 *			REFERENCES public.invoices (id) ON DELETE CASCADE,
 *	    CONSTRAINT invoice_tags_tag_id_fkey FOREIGN KEY (tag_id)
 *			REFERENCES public.tags (id) ON DELETE CASCADE
 *	)
 */
static void
build_table(StatementPlan *plan, const Creation *creation, NameSpace *names)
{
	List	   *pair = list_concat_copy(side_columns(creation, &creation->left),
										creation->right.columns);
	StringInfoData buf;

	initStringInfo(&buf);
	append_columns(&buf, creation->shared, creation->left.parent.shared);
	append_columns(&buf, creation->left.columns, creation->left.parent.own);
	append_columns(&buf, creation->right.columns, creation->right.parent.own);
	appendStringInfo(&buf, "\n    CONSTRAINT %s PRIMARY KEY (%s)",
					 quote_identifier(choose_name(names, NAME_COMPOSITE_PRIMARY_KEY,
												  creation->name, pair, NULL, NIL)),
					 column_list(pair));
	append_foreign_key(&buf, creation, &creation->left, names);
	append_foreign_key(&buf, creation, &creation->right, names);

	plan_add(plan, parent_locks(creation), "CREATE %sTABLE %s%s (%s\n)",
			 creation->persistence == RELPERSISTENCE_UNLOGGED ? "UNLOGGED " :
			 creation->persistence == RELPERSISTENCE_TEMP ? "TEMPORARY " : "",
			 creation->if_not_exists ? "IF NOT EXISTS " : "",
			 creation->qualified, buf.data);
}

/*
 * CREATE INDEX invoice_tags_tag_id_idx ON public.invoice_tags (tag_id)
 */
static void
build_reverse_index(StatementPlan *plan, const Creation *creation, NameSpace *names)
{
	List	   *columns = side_columns(creation, &creation->right);

	plan_add(plan, NULL, "CREATE INDEX %s%s ON %s (%s)",
			 creation->if_not_exists ? "IF NOT EXISTS " : "",
			 quote_identifier(choose_name(names, NAME_INDEX, creation->name, columns, NULL, NIL)),
			 creation->qualified, column_list(columns));
}

/*
 * CREATE UNIQUE INDEX friends_least_greatest_idx ON public.friends
 *		(LEAST(user_id, friend_id), GREATEST(user_id, friend_id))
 */
static void
build_mirror_index(StatementPlan *plan, const Creation *creation, NameSpace *names)
{
	List	   *words = list_make2("least", "greatest");

	plan_add(plan, NULL, "CREATE UNIQUE INDEX %s%s ON %s (%s%s%s)",
			 creation->if_not_exists ? "IF NOT EXISTS " : "",
			 quote_identifier(choose_name(names, NAME_INDEX, creation->name, words, NULL, NIL)),
			 creation->qualified, column_list(creation->shared), creation->shared ? ", " : "",
			 mirror_expressions(creation->left.columns, creation->right.columns,
								creation->left.parent.own));
}

static void
build(StatementPlan *plan, const Creation *creation)
{
	NameSpace	names = {.namespace = creation->namespace, .taken = make_taken_names()};

	take_name(&names, creation->name);
	build_table(plan, creation, &names);
	if (creation->reverse_index)
		build_reverse_index(plan, creation, &names);
	if (creation->symmetric)
		build_mirror_index(plan, creation, &names);
}

/*
 * Is the name free?  With if_not_exists, false if it is not.
 */
static bool
check_name(const Creation *creation)
{
	if (creation->if_not_exists &&
		OidIsValid(get_relname_relid(creation->name, creation->namespace)))
	{
		ereport(NOTICE,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists, skipping", creation->name)));
		return false;
	}
	check_table_name_free(creation->namespace, creation->name);
	return true;
}

/*
 * Check both parents and decide on everything that is to be made of them.
 */
static void
prepare(Creation *creation, FunctionCallInfo fcinfo)
{
	text	   *name = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	ArrayType  *left_columns = PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3);
	ArrayType  *right_columns = PG_ARGISNULL(4) ? NULL : PG_GETARG_ARRAYTYPE_P(4);
	char	   *schema = NULL;

	if (!PG_ARGISNULL(5))
		creation->shared = text_array_to_list(PG_GETARG_ARRAYTYPE_P(5), "shared_columns");
	creation->left.on_delete = parse_on_delete("left_on_delete", PG_GETARG_TEXT_PP(6));
	creation->right.on_delete = parse_on_delete("right_on_delete", PG_GETARG_TEXT_PP(7));

	open_parent(&creation->left.parent, PG_GETARG_OID(0), creation->shared);
	open_parent(&creation->right.parent, PG_GETARG_OID(1), creation->shared);
	check_relation_to_self(creation, left_columns != NULL && right_columns != NULL);
	name_columns(&creation->left, left_columns, creation->shared);
	name_columns(&creation->right, right_columns, creation->shared);
	check_columns(creation);

	creation->name = name ? parse_table_name(name, &schema) :
		junction_table_name(creation->left.parent.table->name, creation->right.parent.table->name);
	creation->persistence = decide_persistence(creation);
	decide_schema(creation, schema);
	creation->qualified = quote_qualified_identifier(creation->schema, creation->name);
	check_may_create(creation);
}

PG_FUNCTION_INFO_V1(junction_create);

/*
 * junction.create(left_table regclass, right_table regclass, name text,
 *				   left_columns text[], right_columns text[], shared_columns text[],
 *				   left_on_delete text, right_on_delete text, reverse_index bool,
 *				   symmetric bool, if_not_exists bool, dry_run bool)
 *		returns setof junction.statement
 *
 * 42809 for what is no table; 42704 for a parent without a key; 22023 for
 * arguments that don't fit; 42701, 42P07, 42710 for names that are taken;
 * 42622 for those too long; 42501 without REFERENCES on the parents or CREATE
 * on the schema; 0A000 where one parent is temporary and the other is not.
 */
Datum
junction_create(PG_FUNCTION_ARGS)
{
	Creation	creation = {.left = {.argument = "left_columns"}, .right = {.argument = "right_columns"}};
	StatementPlan plan = {NIL};
	static const char *const required[] = {
		[0] = "left_table",[1] = "right_table",
		[6] = "left_on_delete",[7] = "right_on_delete",[8] = "reverse_index",
		[9] = "symmetric",[10] = "if_not_exists",[11] = "dry_run"
	};

	check_arguments(fcinfo, required, lengthof(required));
	creation.reverse_index = PG_GETARG_BOOL(8);
	creation.symmetric = PG_GETARG_BOOL(9);
	creation.if_not_exists = PG_GETARG_BOOL(10);

	prepare(&creation, fcinfo);
	if (check_name(&creation))
		build(&plan, &creation);

	/* the locks stay until the transaction ends */
	relation_close(creation.left.parent.rel, NoLock);
	relation_close(creation.right.parent.rel, NoLock);
	return plan_finish(&plan, PG_GETARG_BOOL(11), fcinfo);
}
