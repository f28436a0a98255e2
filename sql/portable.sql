-- promote(..., portable => true): the same end in plain SQL, for a server that
-- does not have this extension.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_portable;
CREATE SCHEMA test_portable AUTHORIZATION regress_junction_portable;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE regress_junction_portable LOCATION '';
GRANT CREATE ON TABLESPACE regress_junction_portable TO regress_junction_portable;
SET SESSION AUTHORIZATION regress_junction_portable;
SET search_path = test_portable;

-- What the catalogs say of a table, its keys and those below it. Only where
-- its ids come from may be another.
CREATE FUNCTION shape(root regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE ours(relid) AS (
        SELECT root::oid UNION SELECT inhrelid FROM pg_inherits JOIN ours ON inhparent = relid
    ), lines(line) AS (
        SELECT concat_ws(' ', 'table', oid::regclass, relkind, relpersistence, relreplident, obj_description(oid, 'pg_class'))
        FROM pg_class JOIN ours ON oid = relid
        UNION ALL
        SELECT concat_ws(' ', 'column', relid::regclass, attnum, attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
                         attidentity::text, attgenerated::text, regexp_replace(pg_get_expr(adbin, adrelid), '^\w+\.(uuidv7)|^gen_random_uuid', 'uuid'))
        FROM pg_attribute JOIN ours ON attrelid = relid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(c.oid), CASE WHEN conparentid <> 0 THEN 'of the parent' END,
                         'inherited ' || nullif(coninhcount, 0), 'comment: ' || obj_description(c.oid, 'pg_constraint'))
        FROM pg_constraint c JOIN ours ON relid IN (conrelid, confrelid) WHERE contype <> 'n'
        UNION ALL
        SELECT concat_ws(' ', replace(pg_get_indexdef(indexrelid), 'test_portable.', ''), CASE WHEN indisprimary THEN 'primary' END,
                         CASE WHEN indisclustered THEN 'clustered' END, CASE WHEN indisreplident THEN 'replica identity' END,
                         CASE WHEN NOT indisvalid THEN 'invalid' END, CASE WHEN NOT indimmediate THEN 'deferrable' END,
                         'tablespace ' || (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace), 'comment: ' || obj_description(indexrelid, 'pg_class'))
        FROM pg_index JOIN ours ON indrelid = relid JOIN pg_class ON pg_class.oid = indexrelid
    )
    SELECT line COLLATE "C" FROM lines ORDER BY 1
$$;

-- The shape that a promotion gives, and nothing left of it
CREATE FUNCTION made(call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    entity oid := replace(substring(call FROM '^''([^,]*)'''), '''''', '''')::regclass;
    lines text[];
BEGIN
    EXECUTE format('SELECT junction.promote(%s)', call);
    lines := ARRAY(SELECT shape(entity));
    RAISE SQLSTATE '00R00';
EXCEPTION WHEN SQLSTATE '00R00' THEN
    RETURN QUERY SELECT unnest(lines);
END $$;

-- Where the two ways do not come to the same: - in place, + in plain SQL; and
-- any statement that needs the extension.
CREATE FUNCTION differ(call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT '- ' || line FROM (SELECT made(call) EXCEPT ALL SELECT made(call || ', portable => true')) AS lines (line) ORDER BY 1;
    RETURN QUERY SELECT '+ ' || line FROM (SELECT made(call || ', portable => true') EXCEPT ALL SELECT made(call)) AS lines (line) ORDER BY 1;
    RETURN QUERY EXECUTE format('SELECT statement FROM junction.promote(%s, portable => true, dry_run => true) WHERE statement ~ ''\yjunction\M''', call);
    IF NOT EXISTS (SELECT made(call || ', portable => true')) THEN RETURN NEXT 'nothing was made'; END IF;
END $$;
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || concat_ws(E'\n', SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users VALUES (1), (2);
INSERT INTO orgs VALUES (1), (2);

--
-- The plan: the key is dropped and made anew in the one ALTER TABLE
--
CREATE TABLE user_orgs (
    user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id)
);
CREATE INDEX ON user_orgs (org_id);
INSERT INTO user_orgs VALUES (1, 1), (2, 2);
SELECT row_number() OVER (ORDER BY step) AS step, regexp_replace(statement, 'pg_catalog\.(uuidv7|gen_random_uuid)', 'uuid') AS statement, locks
FROM junction.promote('user_orgs', 'memberships', array['role text DEFAULT ''member'''], portable => true, dry_run => true)
WHERE statement !~ '_not_null ' ORDER BY step;
SELECT differ FROM differ($$'user_orgs', 'memberships', array['role text DEFAULT ''member''']$$);
-- (in place it does need the extension)
SELECT count(*) FROM junction.promote('user_orgs', 'memberships', dry_run => true) WHERE statement ~ '\yjunction\.primary_to_unique\M';
SELECT differ FROM differ($$'user_orgs', 'memberships', '{"n int NOT NULL DEFAULT 1"}', false, 'nr', 'bigint', '{n,nr}', 'just_once'$$);
-- no new name; the new primary key takes the old one's, or leaves it to the pair
SELECT differ FROM differ($$'user_orgs'$$);
SELECT differ FROM differ($$'user_orgs', unique_name => 'user_orgs_pkey'$$);

-- run by hand, where the extension's schema is shut: rows and ids are there,
-- the pair is unique
RESET SESSION AUTHORIZATION;
REVOKE USAGE ON SCHEMA junction FROM PUBLIC;
SELECT ARRAY(SELECT statement FROM junction.promote('test_portable.user_orgs', 'memberships', portable => true, dry_run => true) ORDER BY step) AS statements \gset
SET SESSION AUTHORIZATION regress_junction_portable;
BEGIN;
\o /dev/null
\set ECHO none
SELECT unnest(:'statements'::text[]) \gexec
\set ECHO all
\o
SELECT user_id, org_id, count(DISTINCT id) FROM memberships GROUP BY 1, 2 ORDER BY 1;
INSERT INTO memberships (user_id, org_id) VALUES (1, 2);
INSERT INTO memberships (user_id, org_id) VALUES (1, 2);
ROLLBACK;
SELECT refused('SELECT junction.uuidv7()') ~ '^42501' AS is_shut;
RESET SESSION AUTHORIZATION;
GRANT USAGE ON SCHEMA junction TO PUBLIC;
SET SESSION AUTHORIZATION regress_junction_portable;
DROP TABLE user_orgs;

--
-- What a key can have, and what hangs on it and its index
--
CREATE TABLE user_orgs (
    user_id int REFERENCES users, org_id int REFERENCES orgs, note text,
    PRIMARY KEY (user_id, org_id) INCLUDE (note) WITH (fillfactor = 70, deduplicate_items = off) USING INDEX TABLESPACE regress_junction_portable
);
ALTER TABLE user_orgs CLUSTER ON user_orgs_pkey;
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'it''s the \ key';
COMMENT ON INDEX user_orgs_pkey IS '"the index"';
SELECT differ FROM differ($$'user_orgs', 'memberships'$$);
SELECT statement, locks FROM junction.promote('user_orgs', 'memberships', portable => true, dry_run => true) WHERE statement ~ 'COMMENT|CLUSTER' ORDER BY step;
SELECT made FROM made($$'user_orgs', 'memberships', portable => true$$) WHERE made ~ 'user_id_org_id';
DROP TABLE user_orgs;

CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (org_id, user_id) DEFERRABLE INITIALLY DEFERRED);
SELECT differ FROM differ($$'user_orgs', 'memberships'$$);
SELECT made FROM made($$'user_orgs', 'memberships', portable => true$$) WHERE made ~ 'constraint.*UNIQUE';
DROP TABLE user_orgs;

-- the replica identity, by that index and by another
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE UNIQUE INDEX other ON user_orgs (org_id, user_id);
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_pkey;
SELECT differ FROM differ($$'user_orgs', 'memberships'$$);
SELECT statement, locks FROM junction.promote('user_orgs', 'memberships', portable => true, dry_run => true) WHERE statement ~ 'REPLICA' ORDER BY step;
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX other;
SELECT differ FROM differ($$'user_orgs', 'memberships'$$);
ALTER TABLE user_orgs REPLICA IDENTITY FULL;
SELECT differ FROM differ($$'user_orgs', 'memberships'$$);
DROP TABLE user_orgs;

-- drizzle-kit's names, names to be quoted
CREATE TABLE user_orgs (
    user_id int CONSTRAINT user_orgs_user_id_users_id_fk REFERENCES users, org_id int CONSTRAINT user_orgs_org_id_orgs_id_fk REFERENCES orgs,
    CONSTRAINT user_orgs_user_id_org_id_pk PRIMARY KEY (user_id, org_id)
);
CREATE INDEX user_orgs_org_id_index ON user_orgs (org_id);
SET junction.naming = drizzle;
SELECT differ FROM differ($$'user_orgs', 'memberships'$$);
SELECT differ FROM differ($$'user_orgs', 'memberships', primary_key => '{id,org_id}'$$);
SELECT made FROM made($$'user_orgs', 'memberships', portable => true$$) WHERE made ~ '^constraint';
RESET junction.naming;
DROP TABLE user_orgs;
CREATE TABLE "x""; 'y' %s" ("U s" int REFERENCES users, "select" int REFERENCES orgs, CONSTRAINT "its ""key""" PRIMARY KEY ("U s", "select"));
COMMENT ON CONSTRAINT "its ""key""" ON "x""; 'y' %s" IS '%s';
ALTER TABLE "x""; 'y' %s" CLUSTER ON "its ""key""", REPLICA IDENTITY USING INDEX "its ""key""";
SELECT differ FROM differ($$'"x""; ''y'' %s"', '"Z\ ''z"'$$);
SELECT made FROM made($$'"x""; ''y'' %s"', '"Z\ ''z"', portable => true$$) WHERE made ~ 'UNIQUE';
DROP TABLE "x""; 'y' %s";

--
-- Unlogged, temporary, with an inheritance child
--
CREATE UNLOGGED TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TEMP TABLE ends (id int PRIMARY KEY);
CREATE TEMP TABLE end_ends (one int REFERENCES ends, other int REFERENCES ends, PRIMARY KEY (one, other) WITH (fillfactor = 55));
COMMENT ON CONSTRAINT end_ends_pkey ON end_ends IS 'the key';
COMMENT ON INDEX end_ends_pkey IS 'the index';
SELECT differ FROM differ($$'links', 'things'$$);
SELECT differ FROM differ($$'end_ends', 'pairs'$$);
SELECT made FROM made($$'end_ends', 'pairs', portable => true$$) WHERE made ~ 'one_other';
DROP TABLE links, end_ends, ends;
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE child (PRIMARY KEY (org_id)) INHERITS (links);
SELECT differ FROM differ($$'links', 'things'$$);
DROP TABLE links, child;

--
-- Partitions of two levels, one with a key older than the root's
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id) WITH (fillfactor = 70)) PARTITION BY RANGE (user_id);
CREATE TABLE "Part" PARTITION OF links FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE part_rest PARTITION OF "Part" DEFAULT;
CREATE TABLE attached (org_id int NOT NULL, user_id int NOT NULL, PRIMARY KEY (user_id, org_id) WITH (fillfactor = 70));
ALTER TABLE links ATTACH PARTITION attached FOR VALUES FROM (2) TO (9);
COMMENT ON CONSTRAINT links_pkey ON links IS 'the key';
COMMENT ON INDEX links_pkey IS 'the index';
INSERT INTO links VALUES (1, 1), (2, 2);
SELECT differ FROM differ($$'links', 'things', primary_key => '{id,user_id,org_id}'$$);
SELECT made FROM made($$'links', 'things', primary_key => '{id,user_id,org_id}', portable => true$$) WHERE made ~ '^constraint' AND made !~ 'FOREIGN';
-- a foreign key onto a partition's key is one onto the pair: refused by name
-- before anything runs
CREATE TABLE badges (user_id int, org_id int, CONSTRAINT onto_part FOREIGN KEY (user_id, org_id) REFERENCES attached);
SELECT options, message ~ '^2BP01' AS refused, message ~ 'onto_part' AS named
FROM unnest('{false,true}'::text[]) AS options,
     refused(format('SELECT junction.promote(''links'', ''things'', primary_key => ''{id,user_id,org_id}'', portable => true, dry_run => %s)', options)) AS message;
DROP TABLE badges;

-- what a partition's own index is, and what hangs on it, would be lost: refused
CREATE FUNCTION refused_with(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    EXECUTE change;
    message := refused($q$SELECT junction.promote('links', 'things', primary_key => '{id,user_id,org_id}', portable => true)$q$);
    RAISE EXCEPTION USING ERRCODE = 'P0099', MESSAGE = message;
EXCEPTION WHEN SQLSTATE 'P0099' THEN
    RETURN SQLERRM;
END $$;
SELECT change, left(refused_with(change), 5) AS refused
FROM unnest(array['ALTER TABLE attached CLUSTER ON attached_pkey',
                  'ALTER TABLE attached REPLICA IDENTITY USING INDEX attached_pkey',
                  'ALTER INDEX part_rest_pkey SET (fillfactor = 44)',
                  $q$COMMENT ON CONSTRAINT attached_pkey ON attached IS 'the key of a part'$q$,
                  $q$COMMENT ON INDEX part_rest_pkey IS 'the index of a part'$q$]) AS change;
SELECT differ FROM differ($$'links', 'things', primary_key => '{id,user_id,org_id}'$$);
DROP FUNCTION refused_with;
DROP TABLE links;

--
-- A pair that a UNIQUE keeps, and no primary key: nothing is rebuilt, so
-- foreign keys onto it stay
--
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES links (user_id, org_id));
ALTER TABLE links REPLICA IDENTITY USING INDEX links_user_id_org_id_key, CLUSTER ON links_user_id_org_id_key;
SELECT differ FROM differ($$'links', 'things'$$);
SELECT regexp_replace(statement, 'pg_catalog\.(uuidv7|gen_random_uuid)', 'uuid') AS statement
FROM junction.promote('links', 'things', timestamps => false, portable => true, dry_run => true) WHERE statement !~ '_not_null ' ORDER BY step;
DROP TABLE links, badges;

--
-- Foreign keys onto the pair are refused, each with its name, in a dry run too;
-- nothing is changed. In place they stay.
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, up_user int, up_org int, PRIMARY KEY (user_id, org_id));
CREATE TABLE badges (user_id int, org_id int, CONSTRAINT "B.1" FOREIGN KEY (user_id, org_id) REFERENCES links);
INSERT INTO links VALUES (1, 1);
INSERT INTO badges VALUES (1, 1);
CREATE TEMP TABLE kept AS SELECT shape('links');
SELECT refused('SELECT junction.promote(''links'', ''things'', portable => true)');
ALTER TABLE links ADD CONSTRAINT upwards FOREIGN KEY (up_user, up_org) REFERENCES links;
SELECT options, message ~ '^2BP01' AS refused, message ~ 'B\.1' AND message ~ 'upwards' AS named
FROM unnest('{false,true}'::text[]) AS options, refused(format('SELECT junction.promote(''links'', ''things'', portable => true, dry_run => %s)', options)) AS message;
ALTER TABLE links DROP CONSTRAINT upwards;
SELECT shape FROM kept EXCEPT SELECT shape('links');
SELECT shape('links') EXCEPT SELECT shape FROM kept;
SELECT count(*) > 0 AS made FROM made($$'links', 'things'$$);
ALTER TABLE badges DROP CONSTRAINT "B.1";
SELECT differ FROM differ($$'links', 'things'$$);
-- what rests on the primary key is refused either way
CREATE VIEW by_key AS SELECT up_user FROM links GROUP BY user_id, org_id;
SELECT refused('SELECT junction.promote(''links'', ''things'', portable => true, dry_run => true)');
DROP VIEW by_key;

--
-- The old name kept: that is plain SQL too
--
GRANT SELECT ON links TO PUBLIC;
SELECT differ FROM differ($$'links', 'things', keep_old_name => true$$);
SELECT statement FROM junction.promote('links', 'things', keep_old_name => true, portable => true) WHERE statement ~ 'VIEW|GRANT' ORDER BY step;
INSERT INTO links VALUES (1, 1), (2, 2) ON CONFLICT (user_id, org_id) DO NOTHING;
SELECT user_id, org_id, count(id) FROM things GROUP BY 1, 2 ORDER BY 1;

RESET SESSION AUTHORIZATION;
SET search_path = public;
DROP TABLE kept;
DROP SCHEMA test_portable CASCADE;
DROP TABLESPACE regress_junction_portable;
DROP ROLE regress_junction_portable;
