/*
 * sample_table.c
 *		The tables in which rows are made (make_row.c): what is to be known of
 *		their columns, and which values these can have.
 *
 * What was found out is kept for the whole call, though what was made is rolled
 * back after each probe.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "sample/sample.h"
#include "statement/statement.h"

static SampleColumn *
sample_column(Relation rel, ColumnFacts *facts)
{
	SampleColumn *column = palloc0(sizeof(SampleColumn));
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), facts->attnum - 1);

	column->facts = facts;
	column->generated = att->attgenerated != '\0';
	column->identity = att->attidentity != '\0';
	column->overridden = att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
	column->has_default = att->atthasdef || column->identity ||
		get_typdefault(facts->type) != NULL;
	column->type = facts->type;
	column->typmod = facts->typmod;
	column->hints = column_hints(rel, facts);
	column->choice = !column->has_default && facts->notnull;
	return column;
}

/*
 * A table to make rows in, or null if it is gone.
 */
SampleTable *
find_sample_table(Sampler *sampler, Oid relid)
{
	SampleTable *table;
	Relation	rel;

	foreach_ptr(SampleTable, known, sampler->tables)
		if (known->facts->oid == relid)
			return known;

	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return NULL;
	table = palloc0(sizeof(SampleTable));
	table->facts = read_table(relid);
	table->name = qualified_name(relid);
	table->display = display_name(relid);
	foreach_ptr(ColumnFacts, column, table->facts->columns)
		table->columns = lappend(table->columns, sample_column(rel, column));
	for (int i = 0; RelationGetDescr(rel)->constr && i < RelationGetDescr(rel)->constr->num_check; i++)
	{
		ConstrCheck *constraint = &RelationGetDescr(rel)->constr->check[i];
		SampleCheck *check = palloc(sizeof(SampleCheck));

		check->name = pstrdup(constraint->ccname);
		check->columns = expression_columns(stringToNode(constraint->ccbin));
		table->checks = lappend(table->checks, check);
	}
	sampler->tables = lappend(sampler->tables, table);
	relation_close(rel, NoLock);
	return table;
}

SampleColumn *
find_sample_column(const SampleTable *table, AttrNumber attnum)
{
	foreach_ptr(SampleColumn, column, table->columns)
		if (column->facts->attnum == attnum)
			return column;
	return NULL;
}

/*
 * Does a type have a word of its own about values, beside the server's?
 */
static bool
needs_trial(Oid type)
{
	return type >= FirstNormalObjectId && get_typtype(type) != TYPTYPE_ENUM;
}

/*
 * Which of the values that are made for a column are of its type?
 *
 *	SELECT CAST('a@example.org' AS public.email)
 */
static void
try_values(SampleColumn *column)
{
	foreach_ptr(char, value, make_values(column->type, column->typmod, column->hints))
	{
		StatementResult result;

		if (try_statement(psprintf("SELECT CAST(%s AS %s)", quote_literal_cstr(value),
								   type_text(column->type, column->typmod)), &result))
			column->passing = lappend_int(column->passing, foreach_current_index(value));
	}
	column->tried = true;
}

/*
 * The n-th value of a column, from 1 on, or null if there are no more.  Random
 * ones are others each time.
 */
char *
column_value(SampleColumn *column, int n)
{
	List	   *values;

	if (needs_trial(column->type) && !column->tried)
		try_values(column);
	values = make_values(column->type, column->typmod, column->hints);
	if (column->tried)
	{
		if (n > list_length(column->passing))
			return NULL;
		n = list_nth_int(column->passing, n - 1) + 1;
	}
	return n > list_length(values) ? NULL : list_nth(values, n - 1);
}

/*
 * The same for whoever wants a value that is not there.
 */
char *
sample_value(Sampler *sampler, Oid relid, AttrNumber attnum, int n)
{
	SampleTable *table = find_sample_table(sampler, relid);

	return table ? column_value(find_sample_column(table, attnum), n) : NULL;
}

TableFacts *
sample_facts(Sampler *sampler, Oid relid)
{
	SampleTable *table = find_sample_table(sampler, relid);

	return table ? table->facts : NULL;
}

/*
 * Where the child's type holds less than the parent's, the values are to be of
 * the child's.
 */
void
fit_type(SampleColumn *parent, const ColumnFacts *child)
{
	Oid			from = getBaseType(parent->type);
	Oid			to = getBaseType(child->type);
	bool		texts = (from == TEXTOID || from == VARCHAROID || from == BPCHAROID) &&
		(to == VARCHAROID || to == BPCHAROID);

	if (needs_trial(parent->type))
		return;
	if ((to == INT2OID && from != INT2OID) ||
		(from == NUMERICOID && (to == INT4OID || to == INT8OID)) ||
		(texts && child->typmod > 0 && (parent->typmod < 0 || parent->typmod > child->typmod)))
	{
		parent->type = to;
		parent->typmod = child->typmod;
	}
}
