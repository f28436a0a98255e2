/*
 * build_junction.c
 *		Builds the statements that create a junction: CREATE TABLE with all
 *		its columns and constraints, then the indexes; with rows, the
 *		constraints are added when the rows are loaded; for Citus, the foreign
 *		keys when the table is distributed.
 *
 * Builds text only.  The parents are open and locked, and every name and
 * column in NewJunction is decided and checked (new_junction.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "create/create.h"
#include "model/model.h"
#include "statement/statement.h"

/*
 * Returns "IF NOT EXISTS ", if the statements can be run again one by one.  They
 * cannot where Citus keeps the table, as it knows nothing of the kind.
 */
static const char *
if_not_exists(const NewJunction *junction)
{
	return junction->if_not_exists && junction->place.layout == LAYOUT_LOCAL ? "IF NOT EXISTS " : "";
}

/*
 * Appends, for each name:
 *
 *	    name type NOT NULL,
 *
 * columns: ColumnFacts of the parent, in the same order, which give the
 * types.
 */
static void
append_columns(StringInfo buf, List *names, List *columns)
{
	foreach_ptr(char, name, names)
		appendStringInfo(buf, "\n    %s %s NOT NULL,", quote_identifier(name),
						 column_type(list_nth(columns, foreach_current_index(name))));
}

/*
 * Returns the columns of one foreign key of the junction, shared ones first:
 * a new list of names.
 */
static List *
side_columns(const NewJunction *junction, const NewEndpoint *side)
{
	return list_concat_copy(junction->shared, side->columns);
}

/*
 * Appends a constraint: the foreign key to one parent.
 *
 *	    CONSTRAINT n FOREIGN KEY (a) REFERENCES s.parent (id) ON DELETE CASCADE
 */
static void
append_foreign_key(StringInfo buf, const NewJunction *junction, const NewEndpoint *side, NameSpace *names)
{
	List	   *columns = side_columns(junction, side);
	List	   *parent_columns = names_of(side->parent.key);

	appendStringInfo(buf, "CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s",
					 quote_identifier(choose_name(names, NAME_FOREIGN_KEY, junction->name, columns,
												  side->parent.table->name, parent_columns)),
					 column_list(columns), qualified_name(side->parent.table->oid),
					 column_list(parent_columns), side->on_delete);
}

/*
 * Appends the primary key of a junction:
 *
 *	    CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id)
 */
static void
append_pair_key(StringInfo buf, const NewJunction *junction, NameSpace *names)
{
	List	   *pair = list_concat_copy(side_columns(junction, &junction->left),
										junction->right.columns);

	appendStringInfo(buf, "CONSTRAINT %s PRIMARY KEY (%s)",
					 quote_identifier(choose_name(names, NAME_COMPOSITE_PRIMARY_KEY,
												  junction->name, pair, NULL, NIL)),
					 column_list(pair));
}

/*
 * Appends the three constraints of a junction, each behind a separator:
 *
 *	    CONSTRAINT invoice_tags_pkey PRIMARY KEY (invoice_id, tag_id),
 *	    CONSTRAINT invoice_tags_invoice_id_fkey FOREIGN KEY (invoice_id)
 *			REFERENCES public.invoices (id) ON DELETE CASCADE,
 *	    CONSTRAINT invoice_tags_tag_id_fkey FOREIGN KEY (tag_id)
 *			REFERENCES public.tags (id) ON DELETE CASCADE
 */
static void
append_constraints(StringInfo buf, const NewJunction *junction, NameSpace *names, const char *separator)
{
	appendStringInfoString(buf, separator);
	append_pair_key(buf, junction, names);
	appendStringInfo(buf, ",%s", separator);
	append_foreign_key(buf, junction, &junction->left, names);
	appendStringInfo(buf, ",%s", separator);
	append_foreign_key(buf, junction, &junction->right, names);
}

/*
 * Returns the locks of adding the foreign keys, as text: each takes
 * SHARE ROW EXCLUSIVE on its parent and on the parent's partitions.
 */
static char *
parent_locks(const NewJunction *junction)
{
	const LOCKMODE mode = ShareRowExclusiveLock;
	char	   *left = lock_on_all(mode, junction->left.parent.table);

	if (junction->left.parent.table->oid == junction->right.parent.table->oid)
		return left;
	return psprintf("%s, %s", left, lock_on_all(mode, junction->right.parent.table));
}

/* "UNLOGGED " or "TEMPORARY ", behind CREATE */
static const char *
persistence_word(const NewJunction *junction)
{
	return junction->persistence == RELPERSISTENCE_UNLOGGED ? "UNLOGGED " :
		junction->persistence == RELPERSISTENCE_TEMP ? "TEMPORARY " : "";
}

/*
 * Builds the table.  Its constraints are appended by the caller: the text ends
 * behind the last column.
 *
 *	CREATE TABLE public.invoice_tags (
 *	    invoice_id integer NOT NULL,
 *	    tag_id integer NOT NULL,
 */
static void
append_table(StringInfo buf, const NewJunction *junction)
{
	appendStringInfo(buf, "CREATE %sTABLE %s%s (",
					 persistence_word(junction), if_not_exists(junction),
					 junction->qualified);
	append_columns(buf, junction->shared, junction->left.parent.shared);
	append_columns(buf, junction->left.columns, junction->left.parent.own);
	append_columns(buf, junction->right.columns, junction->right.parent.own);
	foreach_ptr(char, name, junction->own_columns)
		appendStringInfo(buf, "\n    %s %s,", quote_identifier(name),
						 (char *) list_nth(junction->own_definitions, foreach_current_index(name)));
}

/*
 * Builds the table with its constraints.
 */
static void
build_table(StatementPlan *plan, const NewJunction *junction, NameSpace *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_table(&buf, junction);
	append_constraints(&buf, junction, names, "\n    ");
	plan_add(plan, parent_locks(junction), "%s\n)", buf.data);
}

/*
 * Returns an expression of some type as one of a column's type, for the rows of a
 * junction: "CAST(tag_id AS bigint)", or the expression itself if it is of it.
 */
char *
as_column_type(const char *expression, Oid type, int32 typmod, Oid collation, const ColumnFacts *column)
{
	char	   *result = pstrdup(expression);

	if (type != column->type || typmod != column->typmod)
		result = psprintf("CAST(%s AS %s)", expression, type_text(column->type, column->typmod));
	if (OidIsValid(column->collation) && (type != column->type || collation != column->collation))
		result = psprintf("%s COLLATE %s", result, collation_text(column->collation));
	return result;
}

/*
 * Builds the table, and loads its rows.
 *
 *	CREATE TABLE public.invoice_tags (invoice_id, tag_id) AS
 *	SELECT ...
 *
 * which writes a row in less time than INSERT does; the columns become NOT NULL
 * with the key.  Own columns have definitions, and need the two statements:
 *
 *	CREATE TABLE public.invoice_tags (...)
 *	INSERT INTO public.invoice_tags (invoice_id, tag_id, "position") SELECT ...
 */
static void
build_rows(StatementPlan *plan, const NewJunction *junction)
{
	List	   *columns = list_concat(list_concat_copy(side_columns(junction, &junction->left),
													   junction->right.columns),
									  junction->own_columns);
	StringInfoData table;

	if (junction->own_columns == NIL)
	{
		plan_add(plan, pstrdup(junction->rows_locks), "CREATE %sTABLE %s (%s) AS\n%s",
				 persistence_word(junction), junction->qualified, column_list(columns), junction->rows);
		return;
	}
	initStringInfo(&table);
	append_table(&table, junction);
	table.data[table.len - 1] = '\0';	/* the comma behind the last column */
	plan_add(plan, NULL, "%s\n)", table.data);
	plan_add(plan, pstrdup(junction->rows_locks), "INSERT INTO %s (%s)\n%s", junction->qualified,
			 column_list(columns), junction->rows);
}

/*
 * Builds a foreign key by itself:
 *
 *	ALTER TABLE public.user_tags
 *	    ADD CONSTRAINT user_tags_tag_id_fkey FOREIGN KEY (tag_id)
 *			REFERENCES public.tags (id) ON DELETE CASCADE
 */
static void
build_foreign_key(StatementPlan *plan, const NewJunction *junction, const NewEndpoint *side, NameSpace *names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_foreign_key(&buf, junction, side, names);
	plan_add(plan, lock_on_all(ShareRowExclusiveLock, side->parent.table), "ALTER TABLE %s\n    ADD %s",
			 junction->qualified, buf.data);
}

/*
 * Builds the table for Citus, where it has to be, with its rows if it has any.
 * It is distributed before it has foreign keys: with one to a reference table
 * Citus would take it for a local table.  Citus adds one constraint at a time,
 * and in one transaction only if shards are changed one after the other.
 *
 *	SELECT pg_catalog.set_config('citus.multi_shard_modify_mode', 'sequential', true)
 *	CREATE TABLE public.user_tags (...)
 *	SELECT pg_catalog.create_distributed_table(...)
 *	ALTER TABLE public.user_tags ADD CONSTRAINT ...
 *	ALTER TABLE public.user_tags ADD CONSTRAINT ...
 */
static void
build_placed_table(StatementPlan *plan, const NewJunction *junction, NameSpace *names)
{
	const PlacementChoice *place = &junction->place;
	StringInfoData buf;

	plan_add(plan, NULL, "%s", one_by_one_statement());
	initStringInfo(&buf);
	if (junction->rows != NULL)
	{
		build_rows(plan, junction);
		append_pair_key(&buf, junction, names);
		plan_add(plan, NULL, "ALTER TABLE %s\n    ADD %s", junction->qualified, buf.data);
	}
	else
	{
		append_table(&buf, junction);
		appendStringInfoString(&buf, "\n    ");
		append_pair_key(&buf, junction, names);
		plan_add(plan, NULL, "%s\n)", buf.data);
	}
	if (place->layout != LAYOUT_LOCAL)
		plan_add(plan, NULL, "%s",
				 placement_statement(place, junction->qualified,
									 OidIsValid(place->beside) ? qualified_name(place->beside) : NULL));
	build_foreign_key(plan, junction, &junction->left, names);
	build_foreign_key(plan, junction, &junction->right, names);
}

/*
 * Builds the table with its rows.  The key and the foreign keys are added when
 * the rows are there: to sort 10,000,000 rows once is several times faster than
 * to look up a place for each, and to join them with a parent once than to look
 * up each.
 *
 *	ALTER TABLE public.invoice_tags ADD CONSTRAINT ...
 */
static void
build_loaded_table(StatementPlan *plan, const NewJunction *junction, NameSpace *names)
{
	StringInfoData constraints;

	build_rows(plan, junction);
	initStringInfo(&constraints);
	append_constraints(&constraints, junction, names, "\n    ADD ");
	plan_add(plan, parent_locks(junction), "ALTER TABLE %s%s", junction->qualified, constraints.data);
}

/*
 * Builds the index for the endpoint that the primary key does not begin with:
 *
 *	CREATE INDEX invoice_tags_tag_id_idx ON public.invoice_tags (tag_id)
 */
static void
build_reverse_index(StatementPlan *plan, const NewJunction *junction, NameSpace *names)
{
	List	   *columns = side_columns(junction, &junction->right);

	plan_add(plan, NULL, "CREATE INDEX %s%s ON %s (%s)",
			 if_not_exists(junction),
			 quote_identifier(choose_name(names, NAME_INDEX, junction->name, columns, NULL, NIL)),
			 junction->qualified, column_list(columns));
}

/*
 * Builds the index that keeps (b, a) out of an undirected relation that holds
 * (a, b):
 *
 *	CREATE UNIQUE INDEX friends_least_greatest_idx ON public.friends
 *		(LEAST(user_id, friend_id), GREATEST(user_id, friend_id))
 */
static void
build_mirror_index(StatementPlan *plan, const NewJunction *junction, NameSpace *names)
{
	List	   *words = list_make2("least", "greatest");

	plan_add(plan, NULL, "CREATE UNIQUE INDEX %s%s ON %s (%s%s%s)",
			 if_not_exists(junction),
			 quote_identifier(choose_name(names, NAME_INDEX, junction->name, words, NULL, NIL)),
			 junction->qualified, column_list(junction->shared), junction->shared ? ", " : "",
			 mirror_expressions(junction->left.columns, junction->right.columns,
								junction->left.parent.own));
}

/*
 * Builds all statements for a junction: the table, the reverse index unless
 * it was declined, and the mirror index if it is undirected.
 */
void
build_junction(StatementPlan *plan, const NewJunction *junction)
{
	NameSpace	names = {
		.namespace = junction->namespace,.taken = make_taken_names(),
		.naming = naming_for_parents(junction->left.parent.table, junction->right.parent.table)
	};

	take_name(&names, junction->name);
	if (junction->place.layout != LAYOUT_LOCAL || (junction->citus && junction->rows != NULL))
		build_placed_table(plan, junction, &names);
	else if (junction->rows != NULL)
		build_loaded_table(plan, junction, &names);
	else
		build_table(plan, junction, &names);
	if (junction->reverse_index)
		build_reverse_index(plan, junction, &names);
	if (junction->undirected)
		build_mirror_index(plan, junction, &names);
}
