/*
 * portable_steps.c
 *		The steps of a concurrent promotion in plain SQL, for a server that does
 *		not have this extension.
 *
 * promote_steps.c builds the steps.  Here are those that differ in plain SQL: an
 * index for the pair, built concurrently, takes the place of the key in place.
 * And each step becomes one row that can be run by itself, and again after it was
 * stopped (online/portable.c).  A fill becomes a DO block that commits batches, as
 * online/batches.c does.
 *
 * After the last row an index may have another name than the one under which it was
 * built, so then the first row refuses.  The user's definitions of columns are as
 * he gave them.
 *
 * Builds text only.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "online/online.h"
#include "promote/promote.h"
#include "statement/statement.h"

/*
 * Builds the step that gives the pair an index beside its key:
 *
 *	CREATE UNIQUE INDEX CONCURRENTLY memberships_user_id_org_id_unique ON public.user_orgs
 *		USING btree (user_id, org_id)
 */
void
build_pair_index(StatementPlan *plan, const Promotion *promotion)
{
	plan_add(plan, NULL, "CREATE UNIQUE INDEX CONCURRENTLY %s%s ON %s %s",
			 promotion->plain ? "IF NOT EXISTS " : "", quote_identifier(promotion->pair_index_name),
			 qualified_name(promotion->table->oid),
			 portable_index_definition(promotion->junction->pair_key, promotion->table->oid));
}

/*
 * Is this the index that an unfinished promotion in plain SQL has built for the
 * pair, valid or not?  It is over the same columns as the pair's key, with the same
 * options, and nothing rests on it.
 */
bool
is_built_beside_key(const Junction *junction, const IndexFacts *index)
{
	const IndexFacts *key = junction->pair_key;
	Oid			table = junction->table->oid;

	return index != key && index->unique && !index->replica_identity && index->expressions == NULL &&
		!OidIsValid(get_index_constraint(index->oid)) &&
		strcmp(portable_index_definition(index, table), portable_index_definition(key, table)) == 0 &&
		describe_dependents(list_make1(make_address(RelationRelationId, index->oid, 0)), false) == NULL;
}

/*
 * Returns the index that a plan in plain SQL, of which some rows were run, has left
 * beside the pair's key; null if there is none.
 */
const IndexFacts *
find_left_index(const Promotion *promotion)
{
	if (promotion->begun != NULL && promotion->demotes)
		foreach_ptr(IndexFacts, index, promotion->table->indexes)
			if (is_built_beside_key(promotion->junction, index))
				return index;
	return NULL;
}

/*
 * Builds the change of the pair's key from primary to UNIQUE, in the last step:
 *
 *	ALTER TABLE public.memberships DROP CONSTRAINT user_orgs_pkey
 *	ALTER TABLE public.memberships ADD CONSTRAINT memberships_user_id_org_id_unique
 *		UNIQUE USING INDEX memberships_user_id_org_id_unique
 *
 * unique: the name of the constraint.
 */
void
build_portable_swap(StatementPlan *plan, const Promotion *promotion, const char *unique)
{
	const IndexFacts *key = promotion->junction->pair_key;
	const char *table = qualified_beside(promotion->table, promotion->name);

	plan_add(plan, NULL, "ALTER TABLE %s DROP CONSTRAINT %s", table, quote_identifier(index_name(key)));
	if (strcmp(promotion->pair_index_name, unique) != 0)
		plan_add(plan, NULL, "ALTER INDEX %s RENAME TO %s",
				 qualified_beside(promotion->table, promotion->pair_index_name), quote_identifier(unique));
	plan_add(plan, NULL, "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %s%s", table,
			 quote_identifier(unique), quote_identifier(unique), key_deferral(key));
	build_portable_rest(plan, promotion->table, key, promotion->name, unique);
}

/* A condition: the table has its id, and condition holds of it, a row of pg_attribute AS a */
static char *
id_is(const Promotion *promotion, const char *condition)
{
	return portable_column(qualified_name(promotion->table->oid), promotion->id_column, condition);
}

/* A condition: the id was added by a promotion */
static char *
id_is_ours(const Promotion *promotion)
{
	return id_is(promotion,
				 psprintf("pg_catalog.starts_with(pg_catalog.col_description(a.attrelid, a.attnum), %s)",
						  quote_literal_cstr(BEGUN_MARK)));
}

/* A condition: the table has the check of step 3, and condition holds of it, a row of pg_constraint AS c */
static char *
check_is(const Promotion *promotion, const char *condition)
{
	return portable_constraint(qualified_name(promotion->table->oid), promotion->check_name, condition);
}

/* A condition: the table has an index of this name, and condition holds of it, a row of pg_index AS i */
static char *
index_is(const Promotion *promotion, const char *name, const char *condition)
{
	return portable_index(qualified_name(promotion->table->oid), name, condition);
}

/* A condition: the last step is done */
static char *
is_promoted(const Promotion *promotion)
{
	return psprintf("EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a"
					" ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey)"
					" WHERE i.indrelid OPERATOR(pg_catalog.=) %s AND i.indisprimary AND a.attname OPERATOR(pg_catalog.=) %s)",
					portable_regclass(qualified_beside(promotion->table, promotion->name)),
					quote_literal_cstr(promotion->id_column));
}

/* Returns the PortableStep of a step, by its name. */
static PortableStep
portable_step(const Promotion *promotion, const OnlineStep *step)
{
	PortableStep result = {
		.refusal = "",.ready = "true",.table = qualified_name(promotion->table->oid),
		.lock = "ACCESS EXCLUSIVE",.lock_timeout = "100ms",.statements = plan_text(&step->statements)
	};
	const char *name = step->name;

	if (strcmp(name, "begin") == 0)
	{
		result.comment = "adds the columns; the id is empty";
		result.done = id_is_ours(promotion);
	}
	else if (strcmp(name, "check") == 0)
	{
		result.comment = "keeps out rows without an id";
		result.done = psprintf("%s OR %s", check_is(promotion, "true"), id_is(promotion, "a.attnotnull"));
		result.ready = id_is_ours(promotion);
	}
	else if (strcmp(name, "validate") == 0)
	{
		result.comment = "reads all rows, while others read and write them";
		result.done = psprintf("%s OR %s", check_is(promotion, "c.convalidated"), id_is(promotion, "a.attnotnull"));
		result.ready = check_is(promotion, "true");
		result.lock = "SHARE UPDATE EXCLUSIVE";
		result.lock_timeout = "5s";
	}
	else if (strcmp(name, "not-null") == 0 || strcmp(name, "drop-check") == 0)
	{
		result.comment = "makes the id NOT NULL, which the check proves";
		result.done = psprintf("%s AND NOT %s", id_is(promotion, "a.attnotnull"), check_is(promotion, "true"));
		result.ready = check_is(promotion, "c.convalidated");
	}
	else if (strcmp(name, "drop-index") == 0 || strcmp(name, "drop-pair") == 0)
	{
		const char *index = strcmp(name, "drop-pair") == 0 ? promotion->pair_index_name : promotion->id_index_name;

		result.comment = "drops an index that a stopped build has left";
		result.done = psprintf("NOT %s", index_is(promotion, index, "NOT i.indisvalid"));
	}
	else
	{
		result.comment = "changes the keys and the names";
		result.done = "false";
		result.ready = psprintf("%s AND %s", id_is(promotion, "a.attnotnull"),
								index_is(promotion, promotion->id_index_name, "i.indisvalid"));
		if (promotion->pair_index_name != NULL)
			result.ready = psprintf("%s AND %s", result.ready,
									index_is(promotion, promotion->pair_index_name, "i.indisvalid"));
	}
	return result;
}

/*
 * The first row refuses a table that the last row has changed: the index builds
 * between them cannot see that they are not needed any more.
 */
static char *
refusal_of_promoted(const char *promoted)
{
	return psprintf("    IF %s THEN\n"
					"        RAISE object_not_in_prerequisite_state USING MESSAGE = 'the promotion is done', HINT = 'No row is left to run.';\n"
					"    END IF;\n", promoted);
}

/*
 * Returns the DO block of a step in one transaction.  It is done, too, if the
 * last step is.
 */
static char *
promotion_transaction(const Promotion *promotion, const OnlineStep *step)
{
	PortableStep portable = portable_step(promotion, step);
	const char *promoted = is_promoted(promotion);

	if (strcmp(step->name, "begin") == 0)
		portable.refusal = refusal_of_promoted(promoted);
	portable.done = psprintf("%s OR %s", promoted, portable.done);
	return portable_transaction(&portable);
}

/*
 * The DO block of a fill, with gaps for: the condition that it is done, the table,
 * the id and columns set to themselves (as literals, and as parts of texts).  It
 * follows online/batches.c and online/fill.c, with their constants.
 */
static const char fill_block[] =
"-- gives each row its id, in batches that commit\n"
"DECLARE\n"
"    batch_rows CONSTANT pg_catalog.float8 := 10000;    -- at most, about\n"
"    batch_time CONSTANT pg_catalog.float8 := 0.02;     -- seconds that a batch is to take\n"
"    pause CONSTANT pg_catalog.float8 := 0;             -- seconds after each batch\n"
"    row_timeout CONSTANT pg_catalog.text := '10ms';    -- then rows that others have locked are left for later\n"
"    patience CONSTANT pg_catalog.float8 := 600;        -- seconds without a row to fill, as all that are left are locked\n"
"    quiet CONSTANT pg_catalog.bool := pg_catalog.has_parameter_privilege('session_replication_role', 'SET');\n"
"    alone CONSTANT pg_catalog.bool := pg_catalog.current_setting('synchronous_standby_names') OPERATOR(pg_catalog.=) '';    -- a batch that is lost is done again\n"
"    target CONSTANT pg_catalog.text := %1$s;\n"
"    id CONSTANT pg_catalog.text := %2$s;\n"
"    change pg_catalog.text := pg_catalog.format('UPDATE ONLY %%s AS target SET %%s = DEFAULT', target, id);\n"
"    slices int := 16;\n"
"    width pg_catalog.int8 := 0;\n"
"    next_width pg_catalog.int8;\n"
"    blocks pg_catalog.int8;\n"
"    block pg_catalog.int8;\n"
"    batch pg_catalog.text;\n"
"    began pg_catalog.timestamptz;\n"
"    seconds pg_catalog.float8;\n"
"    factor pg_catalog.float8;\n"
"    tried pg_catalog.int8;\n"
"    kept pg_catalog.int8;\n"
"    tried_in_pass pg_catalog.int8;\n"
"    kept_in_pass pg_catalog.int8;\n"
"    filled pg_catalog.int8 := 0;\n"
"    told pg_catalog.timestamptz := pg_catalog.clock_timestamp();\n"
"    moved pg_catalog.timestamptz := pg_catalog.clock_timestamp();\n"
"    delay pg_catalog.float8 := 0.1;\n"
"    remaining pg_catalog.bool;\n"
"BEGIN\n"
"    IF %3$s THEN\n"
"        RETURN;\n"
"    END IF;\n"
"    IF quiet THEN                           -- triggers do not fire, so these assignments wake none; indexes take new rows faster\n"
"        change := pg_catalog.concat(change, %4$s);\n"
"    END IF;\n"
"    SELECT GREATEST(16.0::pg_catalog.float8 OPERATOR(pg_catalog.*) LEAST(batch_rows, 500.0::pg_catalog.float8) OPERATOR(pg_catalog./)"
" CASE WHEN c.reltuples OPERATOR(pg_catalog.>) 0.0::pg_catalog.float4 THEN c.reltuples::pg_catalog.float8 OPERATOR(pg_catalog./) GREATEST(c.relpages, 1)::pg_catalog.float8"
" ELSE 100.0::pg_catalog.float8 END, 1.0::pg_catalog.float8)::pg_catalog.int8\n"
"        INTO width FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(target);\n"
"    LOOP\n"
"        blocks := pg_catalog.pg_relation_size(pg_catalog.to_regclass(target)) OPERATOR(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8;\n"
"        block := 0;\n"
"        tried_in_pass := 0;\n"
"        kept_in_pass := 0;\n"
"        WHILE block OPERATOR(pg_catalog.<) blocks LOOP\n"
"            next_width := width;\n"
"            FOR part IN 0 .. slices OPERATOR(pg_catalog.-) 1 LOOP\n"
"                began := pg_catalog.clock_timestamp();\n"
"                batch := pg_catalog.format('ctid OPERATOR(pg_catalog.>=) ''(%%s,0)''::pg_catalog.tid AND ctid OPERATOR(pg_catalog.<) ''(%%s,0)''::pg_catalog.tid"
" AND (pg_catalog.hashtid(ctid) OPERATOR(pg_catalog.&) %%s) OPERATOR(pg_catalog.=) %%s AND %%s IS NULL',\n"
"                    block, block OPERATOR(pg_catalog.+) width, slices OPERATOR(pg_catalog.-) 1, part, id);\n"
"                SET LOCAL row_security = off;\n"
"                IF quiet THEN\n"
"                    SET LOCAL session_replication_role = replica;\n"
"                END IF;\n"
"                IF alone THEN\n"
"                    SET LOCAL synchronous_commit = off;\n"
"                END IF;\n"
"                BEGIN\n"
"                    PERFORM pg_catalog.set_config('lock_timeout', row_timeout, true);\n"
"                    EXECUTE pg_catalog.format('WITH filled AS (%%s WHERE %%s RETURNING target.%%s AS id)"
" SELECT pg_catalog.count(*), pg_catalog.count(id) FROM filled', change, batch, id) INTO tried, kept;\n"
"                EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n"
"                    EXECUTE pg_catalog.format('WITH batch AS MATERIALIZED (SELECT ctid FROM ONLY %%s WHERE %%s FOR NO KEY UPDATE SKIP LOCKED),"
" filled AS (%%s FROM batch WHERE target.ctid OPERATOR(pg_catalog.=) batch.ctid RETURNING target.%%s AS id)"
" SELECT pg_catalog.count(*), pg_catalog.count(id) FROM filled', target, batch, change, id) INTO tried, kept;\n"
"                END;\n"
"                COMMIT;\n"
"                tried_in_pass := tried_in_pass OPERATOR(pg_catalog.+) tried;\n"
"                kept_in_pass := kept_in_pass OPERATOR(pg_catalog.+) kept;\n"
"                filled := filled OPERATOR(pg_catalog.+) kept;\n"
"                IF part OPERATOR(pg_catalog.=) 0 THEN      -- it takes longest, as its rows move to other pages\n"
"                    seconds := EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) began)::pg_catalog.float8;\n"
"                    factor := LEAST(batch_time OPERATOR(pg_catalog./) GREATEST(seconds, 0.001::pg_catalog.float8), 1.5::pg_catalog.float8,"
" batch_rows OPERATOR(pg_catalog./) GREATEST(tried, 1)::pg_catalog.float8);\n"
"                    next_width := GREATEST((width::pg_catalog.float8 OPERATOR(pg_catalog.*) factor OPERATOR(pg_catalog.+) 0.5::pg_catalog.float8)::pg_catalog.int8, 1);\n"
"                END IF;\n"
"                IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) (told OPERATOR(pg_catalog.+) '3 s'::pg_catalog.interval) THEN\n"
"                    told := pg_catalog.clock_timestamp();\n"
"                    RAISE NOTICE 'filled %% rows; at block %% of %%', filled, block, blocks;\n"
"                END IF;\n"
"                IF pause OPERATOR(pg_catalog.>) 0.0::pg_catalog.float8 THEN\n"
"                    PERFORM pg_catalog.pg_sleep(pause);\n"
"                END IF;\n"
"            END LOOP;\n"
"            block := block OPERATOR(pg_catalog.+) width;\n"
"            width := next_width;\n"
"        END LOOP;\n"
"        EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM ONLY %%s WHERE %%s IS NULL)', target, id) INTO remaining;\n"
"        COMMIT;\n"
"        IF NOT remaining THEN\n"
"            RETURN;\n"
"        END IF;\n"
"        IF tried_in_pass OPERATOR(pg_catalog.>) 0::pg_catalog.int8 AND kept_in_pass OPERATOR(pg_catalog.=) 0::pg_catalog.int8 THEN\n"
"            RAISE object_not_in_prerequisite_state USING MESSAGE = 'rows cannot be filled', HINT = 'A trigger may set the id back to null; disable it.';\n"
"        END IF;\n"
"        IF kept_in_pass OPERATOR(pg_catalog.>) 0::pg_catalog.int8 THEN\n"
"            moved := pg_catalog.clock_timestamp();\n"
"            delay := 0.1;\n"
"        ELSIF EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) moved)::pg_catalog.float8 OPERATOR(pg_catalog.>) patience THEN\n"
"            RAISE lock_not_available USING MESSAGE = 'rows without an id stay locked', HINT = 'pg_locks shows by whom. Run this row again.';\n"
"        END IF;\n"
"        PERFORM pg_catalog.pg_sleep(delay);\n"
"        delay := LEAST(delay OPERATOR(pg_catalog.*) 2.0::pg_catalog.float8, 5.0::pg_catalog.float8);\n"
"        slices := 1;                        -- few rows are left, and slices would only read them more often\n"
"    END LOOP;\n"
"END ";

/* Returns the DO block of a fill. */
static char *
portable_fill(const Promotion *promotion)
{
	AttrNumber	id = promotion->begun != NULL ? promotion->begun->attnum : InvalidAttrNumber;
	const char *done = psprintf("%s OR %s OR %s", is_promoted(promotion), id_is(promotion, "a.attnotnull"),
								check_is(promotion, "c.convalidated"));
	const char *others = self_assignments(promotion->table->oid,
										  indexed_plain_columns(promotion->rel, id));

	return portable_block(psprintf(fill_block, quote_literal_cstr(qualified_name(promotion->table->oid)),
								   quote_literal_cstr(quote_identifier(promotion->id_column)), done,
								   quote_literal_cstr(others)));
}

/*
 * Returns the row of a step: a statement to be sent by itself, outside of a
 * transaction block.
 */
char *
portable_statement(const Promotion *promotion, const OnlineStep *step)
{
	switch (step->kind)
	{
		case STEP_FILL:
			return portable_fill(promotion);
		case STEP_ALONE:
			return plan_text(&step->statements);
		case STEP_BRIEF:
		case STEP_PATIENT:
			break;
	}
	return promotion_transaction(promotion, step);
}
