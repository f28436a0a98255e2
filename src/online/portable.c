/*
 * portable.c
 *		Rows of a plan in plain SQL, for a server that does not have this
 *		extension: each can be run by itself, and again after it was stopped.
 *
 * On our own server the procedure builds its plan anew before each step.  Nobody
 * does that between two rows, so a row looks by itself whether it is done:
 *
 *	- A step in a transaction is a DO block.  It does nothing if the catalogs show
 *	  that the step is done, and refuses if a row before it is not.  It requests its
 *	  lock with a short timeout, again and again, as steps.c does.
 *	- An index build cannot be in a DO block.  IF NOT EXISTS takes it for done if
 *	  there is an index of the name, so a row before it drops an invalid one.
 *
 * The rows know the table by its name: an OID would be another on the server that
 * they are for.  They need PL/pgSQL there.  What they call is qualified, operators
 * too.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/ruleutils.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "online/online.h"

/* "pg_catalog.to_regclass('public.user_orgs')" */
char *
portable_regclass(const char *qualified)
{
	return psprintf("pg_catalog.to_regclass(%s)", quote_literal_cstr(qualified));
}

/*
 * A condition: the table has a column of this name, and condition holds of it, a
 * row of pg_attribute AS a.  table: its qualified name, as in the functions below.
 */
char *
portable_column(const char *table, const char *name, const char *condition)
{
	return psprintf("EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid OPERATOR(pg_catalog.=) %s"
					" AND a.attname OPERATOR(pg_catalog.=) %s AND NOT a.attisdropped AND %s)",
					portable_regclass(table), quote_literal_cstr(name), condition);
}

/*
 * A condition: the table has a constraint of this name, and condition holds of it,
 * a row of pg_constraint AS c.
 */
char *
portable_constraint(const char *table, const char *name, const char *condition)
{
	return psprintf("EXISTS (SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conrelid OPERATOR(pg_catalog.=) %s"
					" AND c.conname OPERATOR(pg_catalog.=) %s AND %s)",
					portable_regclass(table), quote_literal_cstr(name), condition);
}

/*
 * A condition: the table has an index of this name, and condition holds of it, a
 * row of pg_index AS i.
 */
char *
portable_index(const char *table, const char *name, const char *condition)
{
	return psprintf("EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS r ON r.oid OPERATOR(pg_catalog.=) i.indexrelid"
					" WHERE i.indrelid OPERATOR(pg_catalog.=) %s AND r.relname OPERATOR(pg_catalog.=) %s AND %s)",
					portable_regclass(table), quote_literal_cstr(name), condition);
}

/*
 * Returns what follows the table in the definition of an index: "USING btree (a, b)
 * INCLUDE (c) WITH (fillfactor='70')".
 */
const char *
portable_index_definition(const IndexFacts *index, Oid table)
{
	const char *command = pg_get_indexdef_string(index->oid);
	const char *head = psprintf("CREATE %sINDEX %s ON %s ", index->unique ? "UNIQUE " : "",
								quote_identifier(index_name(index)), qualified_name(table));

	if (strncmp(command, head, strlen(head)) != 0)
		elog(ERROR, "unexpected definition of an index: %s", command);
	return command + strlen(head);
}

/*
 * Returns a DO block with this body.
 */
char *
portable_block(const char *body)
{
	return psprintf("DO %s", dollar_quote(psprintf("\n%s", body), "junction"));
}

/*
 * Returns the DO block of a step in one transaction.  After a lock timeout it waits
 * for a lock that sends autovacuum away and blocks no reader or writer, and sleeps
 * without a lock, each time longer.
 */
char *
portable_transaction(const PortableStep *step)
{
	return portable_block(psprintf("-- %s\n"
								   "DECLARE\n"
								   "    give_up CONSTANT pg_catalog.timestamptz := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) '10 min'::pg_catalog.interval;\n"
								   "    delay pg_catalog.float8 := 0.1;\n"
								   "BEGIN\n"
								   "%s"
								   "    LOOP\n"
								   "        IF %s THEN\n"
								   "            RETURN;\n"
								   "        END IF;\n"
								   "        BEGIN\n"
								   "            SET LOCAL lock_timeout = '%s';\n"
								   "            LOCK TABLE %s IN %s MODE;\n"
								   "            IF %s THEN\n"
								   "                RETURN;\n"
								   "            END IF;\n"
								   "            IF NOT (%s) THEN\n"
								   "                RAISE object_not_in_prerequisite_state USING MESSAGE = 'a row before this one is not done', HINT = 'Run the rows again, from the first.';\n"
								   "            END IF;\n"
								   "%s;\n"
								   "            RETURN;\n"
								   "        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n"
								   "            IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) give_up THEN\n"
								   "                RAISE;\n"
								   "            END IF;\n"
								   "        END;\n"
								   "        COMMIT;\n"
								   "        BEGIN\n"
								   "            SET LOCAL lock_timeout = '5s';\n"
								   "            LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE;\n"
								   "        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n"
								   "            NULL;\n"
								   "        END;\n"
								   "        COMMIT;\n"
								   "        PERFORM pg_catalog.pg_sleep(delay OPERATOR(pg_catalog.*) (1.0::pg_catalog.float8 OPERATOR(pg_catalog.+) pg_catalog.random()));\n"
								   "        delay := LEAST(delay OPERATOR(pg_catalog.*) 2.0::pg_catalog.float8, 5.0::pg_catalog.float8);\n"
								   "    END LOOP;\n"
								   "END ",
								   step->comment, step->refusal, step->done, step->lock_timeout,
								   step->parent == NULL ? psprintf("ONLY %s", step->table) :
								   psprintf("ONLY %s, ONLY %s", step->parent, step->table),
								   step->lock, step->done, step->ready, step->statements, step->table));
}
