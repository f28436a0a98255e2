/*
 * deduplicate.c
 *		junction.deduplicate: leaves one row of each pair that a table without a
 *		pair key has several times.
 *
 *	1. Check: a table of links without a key over its pair, and the order by which
 *	   the row that stays is found (keep_order.c).
 *	2. Rows that reference one that goes are pointed at the one that stays, by the
 *	   engine of junction.merge (merge_rows.c).
 *	3. One DELETE of the same rows; and the proof that it took what was counted.
 *
 * The table is locked in EXCLUSIVE mode, so that no row is written between the counts
 * and the key that is added next, and none is locked by others (merge_locks.c).  Rows with a null end are no pairs, and
 * stay.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "links/links.h"
#include "model/model.h"
#include "statement/statement.h"

/* A table whose pairs are there more than once */
typedef struct Duplicates
{
	const TableFacts *table;
	List	   *pair;			/* names of its columns */
	char	   *order;			/* the row that stays is the first by it */
} Duplicates;

/*
 * Returns the columns of the pair of a table of links without a key over them; NIL if
 * it has a key.  42809 if it is no table of links.
 */
static List *
unkeyed_pair(TableFacts *table)
{
	Junction   *junction = classify(table);

	if (junction->kind == JUNCTION_NONE)
		junction = classify_as_link(table);
	if (junction == NULL)
		junction = require_junction(table->oid);
	if (junction->kind == JUNCTION_UNKEYED || junction->pair_key == NULL)
		return pair_columns(junction);
	ereport(NOTICE,
			(errmsg("\"%s\" has each pair once", display_name(table->oid)),
			 errdetail("Its key \"%s\" holds that.", index_name(junction->pair_key))));
	return NIL;
}

/*
 * Returns the condition that a row has a pair: none of its columns is null.
 */
static char *
has_pair(const Duplicates *duplicates)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, duplicates->pair)
		appendStringInfo(&buf, "%slink.%s IS NOT NULL", buf.len ? " AND " : "", quote_identifier(name));
	return buf.data;
}

/*
 * Returns the window in which the rows of a pair are numbered, from the one that
 * stays.
 */
static char *
pair_window(const Duplicates *duplicates)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, duplicates->pair)
		appendStringInfo(&buf, "%slink.%s", buf.len ? ", " : "", quote_identifier(name));
	return psprintf("PARTITION BY %s ORDER BY %s", buf.data, duplicates->order);
}

/*
 * Returns the rows that become one, for those that reference them.
 */
static MergedRows *
duplicate_rows(const Merge *merge, const Duplicates *duplicates)
{
	MergedRows *rows = palloc0(sizeof(MergedRows));
	StringInfoData values;

	rows->table = duplicates->table;
	rows->level = 1;
	rows->columns = known_columns(merge, rows->table, &rows->identity);
	initStringInfo(&values);
	foreach_int(column, rows->columns)
	{
		const char *name = quote_identifier(find_column(rows->table, column)->name);

		appendStringInfo(&values, "link.%s AS m%d, pg_catalog.first_value(link.%s) OVER pair AS t%d, ", name, column,
						 name, column);
	}
	set_members(rows, psprintf("    SELECT * FROM (SELECT %spg_catalog.row_number() OVER pair AS place\n        FROM %s AS link\n        WHERE %s\n"
							   "        WINDOW pair AS (%s)) AS found\n    WHERE found.place OPERATOR(pg_catalog.>) 1",
							   values.data, merged_relation(rows->table), has_pair(duplicates), pair_window(duplicates)));
	return rows;
}

/*
 * Returns the query of a checksum of the rows that go.
 */
static char *
sum_of_going(const MergedRows *rows)
{
	StringInfoData values;

	initStringInfo(&values);
	foreach_int(column, rows->identity)
	{
		Oid			type = find_column(rows->table, column)->type;
		bool		hashable = OidIsValid(lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC)->hash_extended_proc);

		appendStringInfo(&values, hashable ? "%sm%d" : "%sCAST(m%d AS pg_catalog.text)", values.len ? ", " : "", column);
	}
	return psprintf("%sSELECT COALESCE(pg_catalog.bit_xor(pg_catalog.hash_record_extended(ROW(%s), 0)), 0)\nFROM %s WHERE rank OPERATOR(pg_catalog.>) 0",
					with_clause(rows), values.data, rows->name);
}

/*
 * Adds a statement that raises if the rows which go are not those any more from which
 * all references were taken: if what they are ordered by has changed on the way, by a
 * trigger, or as a column of the order references the table itself.
 */
static void
check_same_going(Merge *merge, const MergedRows *rows, int64 sum)
{
	char	   *body = psprintf("BEGIN\n    IF (%s) OPERATOR(pg_catalog.<>) %s THEN\n"
								"        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = %s, HINT = %s;\n    END IF;\nEND",
								sum_of_going(rows), typed_literal(psprintf(INT64_FORMAT, sum), "int8"),
								quote_literal_cstr(psprintf("the order of the rows of %s has changed meanwhile",
															qualified_name(rows->table->oid))),
								quote_literal_cstr("If the statements themselves change it, order by columns that they do not change."));

	(void) add_reading_step(merge, rows->table, lock_on_all(AccessShareLock, rows->table),
							psprintf("DO LANGUAGE plpgsql %s", quote_literal_cstr(body)));
}

/*
 * Points what references rows that go at those that stay, if anything does.
 */
static void
merge_references(Merge *merge, const Duplicates *duplicates)
{
	MergedRows *rows;
	int64		sum;

	if (find_children(merge, duplicates->table) == NIL)
		return;
	rows = duplicate_rows(merge, duplicates);
	sum = merge_count(merge, rows->table, sum_of_going(rows));
	(void) add_reading_step(merge, rows->table, lock_locks(rows), lock_rows(rows));
	merge_rows(merge, rows);
	check_same_going(merge, rows, sum);
}

/*
 * Returns the number of rows that are there beside one of the same pair.
 */
static int64
count_surplus(const Merge *merge, const Duplicates *duplicates)
{
	return merge_count(merge, duplicates->table, psprintf("SELECT COALESCE(pg_catalog.sum(pair.rows OPERATOR(pg_catalog.-) 1), 0)::bigint FROM (SELECT pg_catalog.count(*) AS rows FROM %s AS link WHERE %s GROUP BY %s) AS pair",
									   merged_relation(duplicates->table), has_pair(duplicates),
									   column_list(duplicates->pair)));
}

/*
 * Deletes the rows that go:
 *
 *	DELETE FROM ONLY public.t AS gone USING (SELECT link.tableoid AS part, link.ctid AS place,
 *		row_number() OVER (PARTITION BY link.a, link.b ORDER BY link.id) AS n FROM ...) AS found
 *	WHERE found.n > 1 AND gone.ctid = found.place AND gone.tableoid = found.part
 *
 * 55000 if these are not as many as were counted, or a pair is still there twice.
 */
static void
delete_duplicates(Merge *merge, const Duplicates *duplicates, int64 surplus)
{
	char	   *relation = merged_relation(duplicates->table);
	MergeStep  *step = add_step(merge, duplicates->table, "there already", delete_locks(merge, NULL, duplicates->table),
								psprintf("DELETE FROM %s AS gone\nUSING (SELECT link.tableoid AS part, link.ctid AS place,\n"
										 "        pg_catalog.row_number() OVER (%s) AS n\n    FROM %s AS link\n    WHERE %s) AS found\n"
										 "WHERE found.n OPERATOR(pg_catalog.>) 1 AND gone.ctid OPERATOR(pg_catalog.=) found.place"
										 " AND gone.tableoid OPERATOR(pg_catalog.=) found.part",
										 relation, pair_window(duplicates), relation, has_pair(duplicates)));

	if (!merge->dry_run && (step->rows != surplus || count_surplus(merge, duplicates) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of \"%s\" that are to go cannot be deleted", display_name(duplicates->table->oid)),
				 errdetail("There were %lld, and %lld were deleted. A trigger or a rule of the table keeps them.",
						   (long long) surplus, (long long) step->rows)));
}

PG_FUNCTION_INFO_V1(junction_deduplicate);

/*
 * junction.deduplicate(junction regclass, keep text, dry_run bool)
 *	returns setof junction.change
 *
 * Returns no row, with a NOTICE, if the table has a pair key.  42P01, 42809 for what
 * is no table of links; 42501 for a table that is not the caller's or has rows that
 * he may not see; 22023 and 42601 for an order that is none; 55000 if a trigger keeps
 * a row; and what junction.merge raises of tables that reference it.
 */
Datum
junction_deduplicate(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"junction", "keep", "dry_run"};
	Merge		merge = {
		.conflicts = CONFLICT_KEEP,.lockmode = ExclusiveLock,
		.instead = "Copy one row of each pair with SELECT DISTINCT ON, empty the table, and insert the copies."
	};
	Duplicates	duplicates = {0};
	List	   *identity;

	check_arguments(fcinfo, required, lengthof(required));
	merge.dry_run = PG_GETARG_BOOL(2);
	check_table_to_change(PG_GETARG_OID(0));
	duplicates.table = lock_merge(&merge, PG_GETARG_OID(0), NULL, NULL);
	duplicates.pair = unkeyed_pair(unconstify(TableFacts *, duplicates.table));
	(void) known_columns(&merge, duplicates.table, &identity);
	duplicates.order = keep_order(duplicates.table, identity, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (duplicates.pair != NIL)
	{
		int64		surplus = count_surplus(&merge, &duplicates);

		if (surplus > 0)
		{
			merge_references(&merge, &duplicates);
			delete_duplicates(&merge, &duplicates, surplus);
		}
	}
	return finish_merge(&merge, fcinfo);
}
