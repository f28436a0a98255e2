/*
 * shards.c
 *		Runs a statement in each shard of a table that Citus keeps, for the
 *		batches of batches.c.
 *
 * Citus lets no UPDATE call a volatile function such as gen_random_uuid(): it
 * cannot know that there is one copy of each row.  Where there is, the shards,
 * which are ordinary tables, can be changed one by one.  Citus' own function
 * run_command_on_placements() sends a statement to all of them side by side, each
 * in a transaction of its own, which no later error undoes:
 *
 *	SELECT shardid, success, result FROM pg_catalog.run_command_on_placements(
 *		'public.account_plans'::pg_catalog.regclass, 'UPDATE %1$s ...'::pg_catalog.text)
 *
 * The function does not lock shards against being moved.  So their metadata is
 * locked first, as Citus does for its own statements, until the transaction on this
 * server ends: a batch comes before or after the last part of a move, never between.
 *
 * The caller has become the table's owner, as whom Citus connects to the other
 * servers.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "online/online.h"
#include "statement/statement.h"

/*
 * Keep Citus from moving the shards of a table until the transaction ends.  5 is
 * SHARE, the mode of Citus' own statements.
 */
static void
lock_shards(Oid relid)
{
	(void) select_rows(psprintf("SELECT pg_catalog.lock_shard_metadata(5, pg_catalog.array_agg(shardid ORDER BY shardid))"
								" FROM pg_catalog.pg_dist_shard WHERE logicalrelid OPERATOR(pg_catalog.=) %s",
								typed_literal(qualified_name(relid), "regclass")));
}

/*
 * Refuse to go on after a statement has failed in a shard: 55000.
 */
pg_noreturn static void
raise_shard_error(Oid relid, const char *shard, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("shard %s of \"%s\" cannot be changed", shard, display_name(relid)),
			 errdetail("Its server says: %s", message ? message : ""),
			 errhint("The rows changed before are kept. Call the procedure again to continue.")));
}

/*
 * Run a statement in each shard of a table, and return its results, each of one row
 * and column (char *).  In the statement, %1$s stands for the shard, quoted and
 * qualified, and %1$L for that as a literal; a percent sign is written twice.  55000
 * if it fails in a shard.  The table is locked.
 */
static List *
run_in_shards(Oid relid, const char *statement)
{
	List	   *results = NIL;

	lock_shards(relid);
	foreach_ptr(List, row, select_rows(psprintf("SELECT shardid, success, result FROM pg_catalog.run_command_on_placements(%s, %s)",
												typed_literal(qualified_name(relid), "regclass"),
												typed_literal(statement, "text"))))
	{
		const char *success = lsecond(row);
		char	   *result = lthird(row);

		if (success == NULL || strcmp(success, "t") != 0 || result == NULL)
			raise_shard_error(relid, linitial(row), result);
		results = lappend(results, result);
	}
	return results;
}

/*
 * Returns a name as it is written in a statement for shards.
 */
char *
escape_for_shards(const char *name)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const char *c = name; *c != '\0'; c++)
		appendStringInfo(&buf, "%s%c", *c == '%' ? "%" : "", *c);
	return buf.data;
}

/*
 * Returns the size of a table in its shards.
 *
 *	SELECT concat_ws(' ', pg_relation_size(shard) / block_size, reltuples, relpages)
 *	FROM pg_class WHERE oid = shard
 */
ShardsSize
measure_shards(Oid relid)
{
	ShardsSize	size = {0};

	foreach_ptr(char, result, run_in_shards(relid,
											"SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_relation_size(%1$L::pg_catalog.regclass)"
											" OPERATOR(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8,"
											" reltuples::pg_catalog.int8, relpages)"
											" FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) %1$L::pg_catalog.regclass"))
	{
		unsigned int blocks;
		double		tuples;
		double		pages;

		if (sscanf(result, "%u %lf %lf", &blocks, &tuples, &pages) != 3)
			elog(ERROR, "unexpected size of a shard: %s", result);
		size.largest = Max(size.largest, (BlockNumber) blocks);
		size.blocks += blocks;
		size.rows += blocks * rows_in_block(tuples, pages);
	}
	return size;
}

/*
 * Does a shard have a row that this SELECT finds?
 */
bool
is_any_in_shards(Oid relid, const char *query)
{
	bool		found = false;

	foreach_ptr(char, result, run_in_shards(relid, psprintf("SELECT pg_catalog.count(*) FROM (%s LIMIT 1) AS first", query)))
		found |= strcmp(result, "0") != 0;
	return found;
}

/*
 * Returns the one text to which a batch in a shard aggregates its rows: how many it
 * tried to change, how many of these have their value, and the seconds that it took.
 * value: what is not null in the latter.
 */
char *
batch_result_in_shards(const char *value)
{
	return psprintf("pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.count(%s),"
					" EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.statement_timestamp()))",
					value);
}

/*
 * Change a batch in each shard by a statement that returns batch_result_in_shards().
 */
BatchCounts
change_in_shards(Oid relid, const char *statement)
{
	BatchCounts counts = {0};

	foreach_ptr(char, result, run_in_shards(relid, statement))
	{
		long long	tried;
		long long	done;
		double		seconds;

		if (sscanf(result, "%lld %lld %lf", &tried, &done, &seconds) != 3)
			elog(ERROR, "unexpected result of a batch: %s", result);
		counts.tried += tried;
		counts.done += done;
		counts.part = Max(counts.part, tried);
		counts.milliseconds = Max(counts.milliseconds, (int64) (seconds * 1000));
	}
	return counts;
}

/*
 * Does each shard have a usable unique index over exactly these key columns (names),
 * beside those of its constraints?  Citus builds an index concurrently first here and
 * then in the shards, so a build that was stopped can leave a valid one here alone.
 *
 *	SELECT count(*) FROM pg_index WHERE indrelid = shard AND ...
 */
bool
is_index_in_shards(Oid relid, List *columns)
{
	OwnerRole	role;
	bool		found = true;
	const char *query = psprintf("SELECT pg_catalog.count(*) FROM pg_catalog.pg_index AS i"
								 " WHERE i.indrelid OPERATOR(pg_catalog.=) %%1$L::pg_catalog.regclass"
								 " AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive"
								 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conindid OPERATOR(pg_catalog.=) i.indexrelid"
								 " AND c.conrelid OPERATOR(pg_catalog.=) i.indrelid)"
								 " AND ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, n)"
								 " JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid AND a.attnum OPERATOR(pg_catalog.=) k.attnum"
								 " WHERE k.n OPERATOR(pg_catalog.<=) i.indnkeyatts::pg_catalog.int8 ORDER BY k.n)"
								 " OPERATOR(pg_catalog.=) ARRAY[%s]::pg_catalog.text[]",
								 escape_for_shards(literal_list(columns)));

	become_owner(&role, relid);
	foreach_ptr(char, result, run_in_shards(relid, query))
		found &= strcmp(result, "0") != 0;
	become_caller(&role);
	return found;
}
