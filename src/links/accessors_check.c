/*
 * accessors_check.c
 *		Checks the junction whose accessors are to be made, and decides what
 *		they are called and what they do.
 *
 * Refusals come in this order: the table, its kind, what an accessor that was
 * asked for needs.  The table and its parents are locked together (check/lock_order.c),
 * all in modes beside which rows are read and written.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "links/links.h"
#include "statement/statement.h"

/* Does an accessor that inserts links come with the kinds? */
static bool
inserts(const Accessors *accessors)
{
	return list_member_int(accessors->kinds, ACCESSOR_SET) ||
		list_member_int(accessors->kinds, ACCESSOR_ADD) ||
		list_member_int(accessors->kinds, ACCESSOR_TOGGLE);
}

/* Does an accessor that changes links come with the kinds? */
static bool
changes(const Accessors *accessors)
{
	return inserts(accessors) || list_member_int(accessors->kinds, ACCESSOR_REMOVE);
}

/* Does an accessor that takes arrays of keys come with the kinds? */
static bool
takes_arrays(const Accessors *accessors)
{
	return changes(accessors) || list_member_int(accessors->kinds, ACCESSOR_MATCHING);
}

/*
 * Refuse a junction without a key over its pair, and one of other ends than two:
 * 42809, 55000.
 */
static void
check_kind(const Junction *junction)
{
	const char *name = display_name(junction->table->oid);

	if (junction->kind == JUNCTION_MULTIWAY || junction->kind == JUNCTION_TEMPORAL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a %s junction", name, kind_name(junction->kind)),
				 errdetail("Accessors are of a junction of two ends in which a pair is there once.")));
	if (junction->kind == JUNCTION_UNKEYED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" has no key over its pair", name),
				 errdetail("Without one a pair can be there twice."),
				 errhint("Run junction.repair with the rule missing_pair_key first.")));
	if (find_mirror_index(junction) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("accessors of an undirected relation are not implemented"),
				 errdetail("A link of \"%s\" is one of both its ends, and accessors know only those of the first.", name)));
}

/*
 * Returns the equality operator of a column in the pair key, for two values of the
 * column's type.
 */
static Oid
pair_equality(const IndexFacts *key, AttrNumber attnum)
{
	for (int i = 0; i < key->nkeys; i++)
		if (key->columns[i] == attnum)
		{
			Oid			type = get_opclass_input_type(key->classes[i]);

			return get_opfamily_member(key->families[i], type, type, BTEqualStrategyNumber);
		}
	elog(ERROR, "column %d is not in the pair key", attnum);
}

/*
 * Sets the parent and the columns of one end.
 */
static void
set_end(AccessorEnd *end, const Junction *junction, const Endpoint *endpoint, const Endpoint *other)
{
	const ForeignKeyFacts *key = endpoint->key;

	end->parent = read_table(key->parent);
	for (int i = 0; i < key->nkeys; i++)
	{
		AccessorColumn *column = palloc0(sizeof(AccessorColumn));

		column->column = find_column(junction->table, key->columns[i]);
		column->parent = find_column(end->parent, key->parent_columns[i]);
		column->reference = key->operators[i];
		column->equality = pair_equality(junction->pair_key, key->columns[i]);
		end->columns = lappend(end->columns, column);
		if (!bms_is_member(key->columns[i], other->columns))
			end->own = lappend(end->own, column);
	}
}

/*
 * Returns the noun that a column of the junction has for a row of the parent:
 * follower for follower_id.
 */
static char *
role_noun(const AccessorColumn *column)
{
	const char *const endings[] = {snake_case(column->parent->name), "id", "uuid"};
	char	   *noun = snake_case(column->column->name);

	for (int i = 0; i < lengthof(endings); i++)
	{
		int			rest = strlen(noun) - strlen(endings[i]) - 1;

		if (rest > 0 && noun[rest] == '_' && strcmp(noun + rest + 1, endings[i]) == 0)
		{
			noun[rest] = '\0';
			break;
		}
	}
	return noun;
}

/*
 * Names one end: after the parent; or after its column, if this says something
 * else, or if both ends are the same table.
 */
static void
name_end(AccessorEnd *end, const AccessorEnd *other)
{
	char	   *table = snake_case(end->parent->name);
	bool		self = end->parent->oid == other->parent->oid;

	end->noun = table_noun(end->parent->name);
	if (self || list_length(end->own) == 1)
		end->noun = role_noun(linitial(end->own));
	if (strcmp(end->noun, singular_name(table)) == 0 && strcmp(end->noun, table) != 0)
		end->plural = table;
	else
		end->plural = plural_name(end->noun);
}

/*
 * Sets both ends, and the columns that lead to the links of a row: those that both
 * have, then those of the left one alone.
 */
static void
set_ends(Accessors *accessors)
{
	const Junction *junction = accessors->junction;
	const Endpoint *left = linitial(junction->endpoints);
	const Endpoint *right = lsecond(junction->endpoints);

	set_end(&accessors->left, junction, left, right);
	set_end(&accessors->right, junction, right, left);
	name_end(&accessors->left, &accessors->right);
	name_end(&accessors->right, &accessors->left);
	accessors->fixed = list_concat(list_difference_ptr(accessors->left.columns, accessors->left.own),
								   accessors->left.own);
}

/*
 * Returns the column that an expression compares with false, as in "is_deleted =
 * false"; null if it is another.
 */
static Var *
compared_with_false(const OpExpr *expression)
{
	Const	   *value;

	if (!IsA(expression, OpExpr) || expression->opno != BooleanEqualOperator)
		return NULL;
	value = lsecond(expression->args);
	return IsA(value, Const) && !value->constisnull && !DatumGetBool(value->constvalue) ? linitial(expression->args) : NULL;
}

/*
 * Returns the column that a predicate leaves rows out by once it is set: a time
 * that says when the row was deleted, or a flag that it was.  Null if the predicate
 * is another.
 */
static ColumnFacts *
find_mark(const TableFacts *table, Node *predicate)
{
	Var		   *var = NULL;
	ColumnFacts *column;
	bool		is_time = false;

	if (IsA(predicate, List) && list_length((List *) predicate) == 1)
		predicate = linitial((List *) predicate);
	if (IsA(predicate, NullTest) && ((NullTest *) predicate)->nulltesttype == IS_NULL)
	{
		is_time = true;
		var = (Var *) ((NullTest *) predicate)->arg;
	}
	else if (IsA(predicate, BooleanTest) && (((BooleanTest *) predicate)->booltesttype == IS_NOT_TRUE ||
											 ((BooleanTest *) predicate)->booltesttype == IS_FALSE))
		var = (Var *) ((BooleanTest *) predicate)->arg;
	else if (is_notclause(predicate))
		var = (Var *) get_notclausearg(predicate);
	else
		var = compared_with_false((OpExpr *) predicate);
	if (var == NULL || !IsA(var, Var) || var->varattno <= 0)
		return NULL;
	column = find_column(table, var->varattno);
	if (column == NULL || !is_deletion_mark(column) || (column->type != BOOLOID) != is_time)
		return NULL;
	return column;
}

/*
 * Sets what a partial pair key means: its condition, and the mark of rows that it
 * leaves out.
 */
static void
set_live(Accessors *accessors)
{
	const IndexFacts *key = accessors->junction->pair_key;

	if (key->predicate == NULL)
		return;
	accessors->live = aliased_predicate(accessors->table, key, "link");
	accessors->mark = find_mark(accessors->table, stringToNode(key->predicate));
}

/*
 * Returns an expression with what an accessor's INSERT gives to the columns beside the
 * pair in their place: their defaults, or null.
 */
static Node *
with_defaults(Node *node, void *context)
{
	const Accessors *accessors = context;
	Var		   *var = (Var *) node;
	Node	   *value;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var))
		return expression_tree_mutator(node, with_defaults, context);
	if (var->varattno <= 0 || bms_is_member(var->varattno, accessors->junction->pair) ||
		TupleDescAttr(RelationGetDescr(accessors->rel), var->varattno - 1)->attgenerated != '\0')
		return node;
	value = build_column_default(accessors->rel, var->varattno);
	return value ? value : (Node *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
}

/*
 * Refuse a partial pair key that no new link is in, as the defaults of the other
 * columns are not those of its rows: 55000.  Each call would add the link again, and
 * none would see it.  A trigger may set these columns; and what the pair itself
 * decides is not known yet.
 */
static void
check_new_link_is_live(const Accessors *accessors)
{
	const IndexFacts *key = accessors->junction->pair_key;
	const TriggerDesc *triggers = accessors->rel->trigdesc;
	OwnerRole	role;
	Const	   *result;

	if (key->predicate == NULL || (triggers != NULL && triggers->trig_insert_before_row))
		return;
	/* functions of the table's owner may be called */
	become_owner(&role, accessors->table->oid);
	result = (Const *) eval_const_expressions(NULL, with_defaults(stringToNode(key->predicate),
																  unconstify(Accessors *, accessors)));
	become_caller(&role);
	if (IsA(result, Const) && (result->constisnull || !DatumGetBool(result->constvalue)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a new link would not be in the key of \"%s\" over its pair", display_name(accessors->table->oid)),
				 errdetail("The key has only rows for which %s, and by the defaults of its columns that is not so.",
						   predicate_text(accessors->table, key)),
				 errhint("Give these columns other defaults, or leave out set, add and toggle.")));
}

/*
 * Refuse columns that an INSERT must name and an accessor does not: 55000; and
 * those that it would name and must not (generated): 0A000.
 */
static void
check_insert(const Accessors *accessors)
{
	const char *name = display_name(accessors->table->oid);
	Form_pg_attribute att;

	foreach_ptr(ColumnFacts, own, accessors->junction->own_columns)
		if (own->notnull && !own->has_default && !has_default(own))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of \"%s\" has no default", own->name, name),
					 errdetail("An accessor that adds a link knows its pair only, and the column takes no null."),
					 errhint("Give it a default, or leave out set, add and toggle.")));
	foreach_ptr(AccessorColumn, column, list_concat_copy(accessors->fixed, accessors->right.own))
	{
		att = TupleDescAttr(RelationGetDescr(accessors->rel), column->column->attnum - 1);
		if (att->attgenerated != '\0' || att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of \"%s\" is generated", column->column->name, name),
					 errdetail("An accessor would insert into it."),
					 errhint("Leave out set, add and toggle.")));
	}
	if (accessors->junction->pair_key->deferrable)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the key of \"%s\" over its pair is deferrable", name),
				 errdetail("ON CONFLICT does not take such a key."),
				 errhint("Make it NOT DEFERRABLE, or leave out set, add and toggle.")));
	check_new_link_is_live(accessors);
}

/*
 * Refuse keys that cannot be put into an array, and rows, whose arrays unnest() takes
 * apart: 0A000.
 */
static void
check_arrays(const Accessors *accessors)
{
	foreach_ptr(AccessorColumn, column, accessors->right.own)
	{
		Oid			type = value_type(column->column);

		if (!OidIsValid(get_element_type(type)) && OidIsValid(get_array_type(type)) && !type_is_rowtype(type))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of \"%s\" cannot be given in arrays", column->column->name,
						display_name(accessors->table->oid)),
				 errdetail("It is of type %s, %s.", type_text(column->column->type, column->column->typmod),
						   type_is_rowtype(type) ? "a row" : "of which there are no arrays"),
				 errhint("Ask for the accessor list alone.")));
	}
}

/*
 * Refuse rules that put something else in the place of an INSERT or a DELETE:
 * 0A000.  PostgreSQL takes no RETURNING of such a statement, and in WITH not the
 * statement.
 */
static void
check_no_rules(const Accessors *accessors)
{
	const RuleLock *rules = accessors->rel->rd_rules;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		if (rules->rules[i]->event == CMD_INSERT || rules->rules[i]->event == CMD_DELETE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("\"%s\" has rules", display_name(accessors->table->oid)),
					 errdetail("An accessor that changes links inserts and deletes them in WITH, which PostgreSQL does not do by rules."),
					 errhint("Ask for accessors that read alone, or write the rules as triggers.")));
}

/*
 * Returns the parents at the ends of a junction, which its accessors name: for
 * ParentUse.
 */
static List *
parents_of_ends(TableFacts *table, const void *state)
{
	List	   *parents = NIL;

	foreach_ptr(Endpoint, endpoint, classify(table)->endpoints)
		parents = list_append_unique_oid(parents, endpoint->key->parent);
	return parents;
}

/*
 * Returns the strongest mode in which a statement of the accessors locks a parent.
 * Those that are given values of the match insert into the right one.
 */
static LOCKMODE
mode_of_parents(const Accessors *accessors)
{
	if (accessors->asked_match != NULL &&
		(list_member_int(accessors->kinds, ACCESSOR_SET) || list_member_int(accessors->kinds, ACCESSOR_ADD)))
		return RowExclusiveLock;
	return changes(accessors) ? RowShareLock : AccessShareLock;
}

/*
 * Checks the junction, and fills in what check_accessors() decides.  Leaves it
 * open, locked so that accessors of it are made and dropped by one session at a
 * time.
 *
 * Raises what open_table_to_change() raises; 42809 for what is no junction of two
 * ends, 55000 and 0A000 for one that an accessor cannot do with, 42501 without
 * CREATE on its schema, and what check_match() raises.
 */
void
check_accessors(Accessors *accessors, Oid relid, bool dry_run)
{
	accessors->rel = dry_run ? open_table_to_change(relid, AccessShareLock) :
		open_table_with_parents(relid, ShareUpdateExclusiveLock,
								&(ParentUse) {.kept = parents_of_ends,.mode = mode_of_parents(accessors)});
	check_not_distributed(relid,
						  "Accessors are functions in SQL, and Citus does not plan statements with the arguments of such functions.",
						  "Write the queries into the application, or into functions in PL/pgSQL.");
	accessors->junction = require_junction(relid);
	accessors->table = accessors->junction->table;
	check_kind(accessors->junction);
	check_may_create_in(accessors->table->namespace);
	set_ends(accessors);
	set_live(accessors);
	if (changes(accessors))
		check_no_rules(accessors);
	if (inserts(accessors))
		check_insert(accessors);
	if (takes_arrays(accessors))
		check_arrays(accessors);
	if (list_member_int(accessors->kinds, ACCESSOR_MATCHING))
		check_matching(accessors);
	if (list_member_int(accessors->kinds, ACCESSOR_REACH))
		check_reach(accessors);
	check_match(accessors);
}
