-- junction.repair: what a fix does is known by what its rule says of it, not by
-- its text; and a fix that makes an end NOT NULL leaves a table whose ends can
-- be deleted.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_repair;
CREATE SCHEMA test_repair AUTHORIZATION regress_junction_repair;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE "regress_junction repair" LOCATION '';
GRANT CREATE ON TABLESPACE "regress_junction repair" TO regress_junction_repair;
SET SESSION AUTHORIZATION regress_junction_repair;
SET search_path = test_repair;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE tenant_orgs (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
INSERT INTO users VALUES (1), (2);
INSERT INTO orgs VALUES (1), (2);
INSERT INTO tenant_orgs VALUES (1, 1), (1, 2);
-- 18 has a state of its own for RESTRICT
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN replace(SQLSTATE, '23001', '23503');
END $$;

--
-- A table's name may hold any words
--
CREATE TABLE "user_orgs ADD PRIMARY KEY (id)" (id serial PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE,
    org_id int REFERENCES orgs ON DELETE CASCADE);
SELECT rule, severity, fix FROM junction.report('"user_orgs ADD PRIMARY KEY (id)"') WHERE rule ~ 'key|null|surrogate' ORDER BY rule, columns;
SELECT statement FROM junction.repair('"user_orgs ADD PRIMARY KEY (id)"', '{missing_pair_key,nullable_endpoint}');
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = '"user_orgs ADD PRIMARY KEY (id)"'::regclass AND attnum > 1;
-- a key that is primary does what the other would do, whatever the name
CREATE TABLE " PRIMARY KEY " (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE);
SELECT statement FROM junction.repair('" PRIMARY KEY "', '{missing_pair_key,nullable_endpoint}');
DROP TABLE "user_orgs ADD PRIMARY KEY (id)", " PRIMARY KEY ";

--
-- Ends that can be null, and a foreign key that would set them so.  What the
-- report has of it, what repair runs, and what becomes of a link when its end
-- goes, or gets another key: all its links have gone with it, or have followed.
--
CREATE FUNCTION mends(clause text, column_clause text = '', type text = 'int', OUT fix text, OUT deleted text, OUT links bigint,
                      OUT updated text, OUT followed bigint, OUT still text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE links (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id %s %s, UNIQUE (user_id, org_id),
        CONSTRAINT of_org FOREIGN KEY (org_id) REFERENCES orgs %s)', type, column_clause, clause);
    CREATE INDEX ON links (org_id);
    SET CONSTRAINTS ALL IMMEDIATE;
    INSERT INTO links VALUES (1, 1), (1, 2);
    SET CONSTRAINTS ALL IMMEDIATE;
    SELECT string_agg(statement, '; ') INTO fix FROM junction.repair('links', '{nullable_endpoint}');
    updated := refused('UPDATE orgs SET id = 3 WHERE id = 2');
    followed := (SELECT count(*) FROM links WHERE org_id = 3);
    UPDATE orgs SET id = 2 WHERE id = 3;
    deleted := refused('DELETE FROM orgs WHERE id = 1');
    links := (SELECT count(*) FROM links WHERE org_id IS NULL OR org_id = 1);
    still := (SELECT array_agg(rule || ' ' || severity ORDER BY rule) FROM junction.report('links') WHERE rule ~ 'null|cascade');
    INSERT INTO orgs VALUES (1) ON CONFLICT DO NOTHING;
    DROP TABLE links;
END $$;
\x on
SELECT clause, column_clause AS "column", m.* FROM (VALUES
    ('ON DELETE SET NULL', ''),
    ('ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED', ''),
    ('ON DELETE SET DEFAULT', ''),
    ('ON DELETE SET DEFAULT', 'DEFAULT NULL'),
    ('ON DELETE SET DEFAULT', 'DEFAULT 2'),
    ('ON DELETE CASCADE ON UPDATE SET NULL', ''),
    ('ON DELETE CASCADE', ''),
    ('ON DELETE RESTRICT', '')) AS v (clause, column_clause), mends(clause, column_clause) AS m;
-- a default may be the type's
CREATE DOMAIN org_number AS int DEFAULT 2;
SELECT * FROM mends('ON DELETE SET DEFAULT', type => 'org_number');
\x off

-- columns of a composite foreign key: those that it sets count; another end
-- with the same column is changed with it
CREATE TABLE links (tenant_id int NOT NULL, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int,
    CONSTRAINT of_org FOREIGN KEY (tenant_id, org_id) REFERENCES tenant_orgs MATCH SIMPLE ON DELETE SET NULL (org_id),
    UNIQUE (user_id, tenant_id, org_id));
INSERT INTO links VALUES (1, 1, 1), (1, 1, 2);
SELECT statement FROM junction.repair('links', '{nullable_endpoint}');
DELETE FROM tenant_orgs WHERE id = 1;
TABLE links;
INSERT INTO tenant_orgs VALUES (1, 1);
DROP TABLE links;
-- a column that is NOT NULL already is not this rule's
CREATE TABLE links (tenant_id int NOT NULL, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int,
    CONSTRAINT of_org FOREIGN KEY (tenant_id, org_id) REFERENCES tenant_orgs ON DELETE SET NULL (tenant_id),
    UNIQUE (user_id, tenant_id, org_id));
SELECT rule, severity, columns, detail, fix FROM junction.report('links') WHERE rule ~ 'null|cascade' ORDER BY rule;
DROP TABLE links;

-- a foreign key to something beside the pair is nobody's to change: there is no
-- fix, and the detail says why; unless it sets other columns
CREATE TABLE notes (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE links (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, tenant_id int, org_id int NOT NULL, note_id int,
    FOREIGN KEY (tenant_id, org_id) REFERENCES tenant_orgs ON DELETE CASCADE,
    CONSTRAINT of_note FOREIGN KEY (tenant_id, note_id) REFERENCES notes ON DELETE SET NULL, UNIQUE (user_id, tenant_id, org_id));
SELECT fix, detail FROM junction.report('links') WHERE rule = 'nullable_endpoint';
SET client_min_messages = notice;
SELECT * FROM junction.repair('links', '{nullable_endpoint}');
SET client_min_messages = warning;
ALTER TABLE links DROP CONSTRAINT of_note,
    ADD CONSTRAINT of_note FOREIGN KEY (tenant_id, note_id) REFERENCES notes ON DELETE SET NULL (note_id);
SELECT fix, detail FROM junction.report('links') WHERE rule = 'nullable_endpoint';
DROP TABLE links, notes;

-- a primary key makes the pair NOT NULL too: where there was none, and where an
-- id goes
CREATE TABLE links (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs ON DELETE SET NULL);
INSERT INTO links VALUES (1, 1);
SELECT statement FROM junction.repair('links', '{missing_pair_key,nullable_endpoint,no_cascade,half_indexed}');
DELETE FROM users WHERE id = 1;
SELECT count(*) FROM links;
SELECT rule, severity FROM junction.report('links') WHERE rule <> 'name';
INSERT INTO users VALUES (1);
DROP TABLE links;
CREATE TABLE links (id serial PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE SET NULL,
    UNIQUE (user_id, org_id));
INSERT INTO links (user_id, org_id) VALUES (1, 1);
SELECT statement FROM junction.repair('links', '{needless_surrogate}');
DELETE FROM orgs WHERE id = 1;
SELECT count(*) FROM links;
SELECT rule, severity FROM junction.report('links') WHERE rule ~ 'null|cascade';
INSERT INTO orgs VALUES (1);
DROP TABLE links;

-- rows with a null are in the way of it: told before anything is done
CREATE TABLE links (id serial PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    UNIQUE (user_id, org_id));
INSERT INTO links (user_id, org_id) VALUES (1, NULL), (NULL, NULL), (1, 1);
\set VERBOSITY default
SELECT * FROM junction.repair('links', '{needless_surrogate}', dry_run => true);
\set VERBOSITY terse
DROP TABLE links;

-- partitioned, and below other names; what another rule would do to the same
-- foreign key is done with it
CREATE TABLE "Li""nks" (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, "Org's" int,
    CONSTRAINT "of ""org""" FOREIGN KEY ("Org's") REFERENCES orgs ON DELETE SET NULL, UNIQUE (user_id, "Org's")) PARTITION BY HASH (user_id);
CREATE TABLE links_0 PARTITION OF "Li""nks" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO "Li""nks" VALUES (1, 1);
SELECT statement, locks FROM junction.repair('"Li""nks"', '{no_cascade,nullable_endpoint}');
DELETE FROM orgs WHERE id = 1;
SELECT count(*) FROM "Li""nks";
INSERT INTO orgs VALUES (1);
DROP TABLE "Li""nks";
CREATE TABLE links (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int, UNIQUE (user_id, org_id));
ALTER TABLE links ADD CONSTRAINT of_org FOREIGN KEY (org_id) REFERENCES orgs ON DELETE SET NULL NOT VALID;
SELECT statement FROM junction.repair('links', '{unvalidated_foreign_key,nullable_endpoint}', dry_run => true);
-- rows that would be in its way are counted before
RESET SESSION AUTHORIZATION;
SET session_replication_role = replica;
INSERT INTO test_repair.links VALUES (1, 9), (2, 9);
RESET session_replication_role;
SET SESSION AUTHORIZATION regress_junction_repair;
\set VERBOSITY default
SELECT junction.repair('links', '{nullable_endpoint}');
\set VERBOSITY terse
SELECT refused($$SELECT junction.repair('links', '{nullable_endpoint}')$$), refused($$SELECT junction.repair('links', '{no_cascade}')$$);
DELETE FROM links;
INSERT INTO links VALUES (1, NULL);
SELECT refused($$SELECT junction.repair('links', '{nullable_endpoint}')$$);
DROP TABLE links;
-- triggers that are disabled are others when the foreign key is made anew
CREATE TABLE links (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE SET NULL,
    UNIQUE (user_id, org_id));
RESET SESSION AUTHORIZATION;
ALTER TABLE test_repair.links DISABLE TRIGGER ALL;
SELECT count(*) FROM junction.repair('test_repair.links', '{unvalidated_foreign_key,nullable_endpoint}');
SET SESSION AUTHORIZATION regress_junction_repair;
SELECT rule, columns FROM junction.report('links') WHERE rule ~ 'null|unvalidated' ORDER BY 1;
SELECT refused('INSERT INTO links VALUES (1, 9)');
DROP TABLE links;

--
-- What the guard says of a table alone has the same statement; and SET NULL is
-- a warning, whatever can be null: PostgreSQL itself is asked what it means
--
SET junction.guard = error;
SET junction.guard_rules = 'nullable_endpoint';
\set VERBOSITY default
CREATE TABLE links (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE SET NULL, UNIQUE (user_id, org_id));
\set VERBOSITY terse
SET junction.guard_rules = 'no_cascade';
SET junction.guard = warning;
CREATE TABLE links (user_id int NOT NULL REFERENCES users ON DELETE RESTRICT, org_id int NOT NULL REFERENCES orgs ON DELETE SET NULL, UNIQUE (user_id, org_id));
RESET junction.guard;
RESET junction.guard_rules;
INSERT INTO links VALUES (1, 1);
SELECT rule, severity, columns, detail FROM junction.report('links') WHERE rule = 'no_cascade' ORDER BY columns;
SELECT refused('DELETE FROM orgs WHERE id = 1'), refused('DELETE FROM users WHERE id = 1');
ALTER TABLE links ALTER org_id DROP NOT NULL;
SELECT severity, detail FROM junction.report('links') WHERE rule = 'no_cascade' AND columns = '{org_id}';
SELECT probe, outcome FROM junction.probe('links') WHERE probe ~ 'cascade';
DROP TABLE links;

--
-- What a fix drops to make it anew keeps what others have put on it
--
CREATE TABLE links (user_id int CONSTRAINT "the user" REFERENCES users ON DELETE SET NULL, org_id int NOT NULL REFERENCES orgs, note text,
    CONSTRAINT pair UNIQUE (user_id, org_id) WITH (fillfactor = 70, deduplicate_items = off) DEFERRABLE);
COMMENT ON INDEX pair IS 'the index''s';
COMMENT ON CONSTRAINT "the user" ON links IS E'@fieldName user\nit''s \\ the user';
COMMENT ON CONSTRAINT links_org_id_fkey ON links IS 'the org';
COMMENT ON CONSTRAINT pair ON links IS 'the pair';
CLUSTER links USING pair;
CREATE TEMP VIEW kept AS SELECT conname, left(pg_get_constraintdef(oid), 11) AS kind, obj_description(oid, 'pg_constraint') FROM pg_constraint
WHERE conrelid = 'links'::regclass AND contype <> 'n' ORDER BY conname;
SELECT fix FROM junction.report('links') WHERE rule IN ('nullable_endpoint', 'no_cascade') ORDER BY rule, columns;
SELECT * FROM junction.repair('links', '{nullable_endpoint,no_cascade}');
SELECT * FROM junction.repair('links', '{deferrable_pair_key}');
SELECT * FROM kept;
SELECT indexrelid::regclass, reloptions, obj_description(indexrelid, 'pg_class') FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid
WHERE indrelid = 'links'::regclass AND indisclustered;
-- in its tablespace too, and without an id
ALTER TABLE links DROP CONSTRAINT pair, DROP note, ADD id serial PRIMARY KEY,
    ADD CONSTRAINT pair UNIQUE (user_id, org_id) WITH (fillfactor = 80) USING INDEX TABLESPACE "regress_junction repair" DEFERRABLE;
SELECT rule, fix FROM junction.report('links') WHERE rule IN ('deferrable_pair_key', 'needless_surrogate');
SELECT * FROM junction.repair('links', '{deferrable_pair_key,needless_surrogate}');
SELECT indexrelid::regclass, reloptions, spcname FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid JOIN pg_tablespace AS t ON t.oid = reltablespace
WHERE indrelid = 'links'::regclass;
ALTER TABLE links ADD note text;

--
-- A key that is no longer deferrable is a replica identity: FULL is not needed
--
RESET SESSION AUTHORIZATION;
SET client_min_messages = error;
CREATE PUBLICATION regress_junction_repair FOR TABLE test_repair.links;
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_junction_repair;
DROP VIEW kept;
ALTER TABLE links DROP CONSTRAINT links_pkey, ADD PRIMARY KEY (user_id, org_id) DEFERRABLE;
SELECT fix FROM junction.report('links') WHERE rule = 'no_replica_identity';
SELECT statement FROM junction.repair('links', '{no_replica_identity,deferrable_pair_key}');
SELECT * FROM junction.repair('links', '{no_replica_identity,deferrable_pair_key}');

RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_repair;
DROP SCHEMA test_repair CASCADE;
DROP TABLESPACE "regress_junction repair";
DROP ROLE regress_junction_repair;
