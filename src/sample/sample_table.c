/*
 * sample_table.c
 *		The tables in which make_row.c makes rows: their columns, and the
 *		values that these can have.
 *
 * What is learned about a table (which values a type accepts, which choice
 * succeeded) lives as long as the Sampler, although the caller rolls the rows
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

/* Returns a column, with what pg_attribute and the checks say of its values. */
static SampleColumn *
sample_column(Relation rel, ColumnFacts *facts)
{
	SampleColumn *column = palloc0(sizeof(SampleColumn));
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), facts->attnum - 1);

	column->facts = facts;
	column->generated = att->attgenerated != '\0';
	column->identity = att->attidentity != '\0';
	column->overridden = att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
	column->has_default = has_default(facts);
	column->type = facts->type;
	column->typmod = facts->typmod;
	column->hints = column_hints(rel, facts);
	column->choice = !column->has_default && facts->notnull;
	return column;
}

/*
 * Returns a table to make rows in, or null if it has been dropped.  At first
 * use it is locked in ACCESS SHARE mode to the end of the transaction, and
 * read.
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

/* Returns a column of the table by its number, or null. */
SampleColumn *
find_sample_column(const SampleTable *table, AttrNumber attnum)
{
	foreach_ptr(SampleColumn, column, table->columns)
		if (column->facts->attnum == attnum)
			return column;
	return NULL;
}

/*
 * Do the values of the type have to be tried?  Those of a domain or of an
 * extension's type do, as the type itself may refuse them.
 */
static bool
needs_trial(Oid type)
{
	return type >= FirstNormalObjectId && get_typtype(type) != TYPTYPE_ENUM;
}

/*
 * Find the made values that the type of a column accepts.  Each runs one
 * statement:
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
 * Returns the n-th value for a column, from 1 on, as text; null if there are
 * no more.  A random value is another one at each call.
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
 * Returns the n-th value, from 1 on, for a column that a row of the table may
 * not have yet; null if there are no more, or the table has been dropped.
 */
char *
sample_value(Sampler *sampler, Oid relid, AttrNumber attnum, int n)
{
	SampleTable *table = find_sample_table(sampler, relid);

	return table ? column_value(find_sample_column(table, attnum), n) : NULL;
}

/* Returns the facts of a table, or null if it has been dropped. */
TableFacts *
sample_facts(Sampler *sampler, Oid relid)
{
	SampleTable *table = find_sample_table(sampler, relid);

	return table ? table->facts : NULL;
}

/*
 * Make values for a parent's column by the type of the child's column, where
 * this accepts fewer: smallint for integer, an integer for numeric, a shorter
 * string.
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
