-- Whose code runs: a statement of ours calls what it means, whatever else
-- stands in the schema junction; and who asks about a table runs no code of its
-- owner's with rights of his own.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_code_owner;	-- of the table
CREATE ROLE regress_junction_code_admin SUPERUSER;
CREATE SCHEMA test_code AUTHORIZATION regress_junction_code_owner;

CREATE FUNCTION test_code.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ': ' || SQLERRM || ' ' || detail;
END $$;

--
-- The owner of the database owns the schema junction, and puts functions there.
--
GRANT CREATE ON SCHEMA junction TO regress_junction_code_owner;
SET SESSION AUTHORIZATION regress_junction_code_owner;
DO $$
DECLARE
    trap text;
    name text;
BEGIN
    FOREACH name IN ARRAY '{primary_to_unique,unique_to_primary}'::text[] LOOP
        FOREACH trap IN ARRAY ARRAY['text, text', 'name, name', 'varchar, varchar', 'regclass, name', 'regclass, varchar',
                                    'text, anyelement', 'anyelement, anyelement', 'regclass, VARIADIC text[]', 'VARIADIC text[]'] LOOP
            EXECUTE format('CREATE FUNCTION junction.%I(%s) RETURNS text LANGUAGE plpgsql AS %L', name, trap,
                           format('BEGIN RAISE EXCEPTION ''%s(%s) runs as %%'', current_user; END', name, trap));
        END LOOP;
    END LOOP;
    FOREACH trap IN ARRAY ARRAY['text, text', 'text, text, int, interval, int, interval, interval', 'name, name',
                                'text, text, int, text, text, text, text', 'regclass, name, bigint, interval, bigint, interval, interval',
                                'regclass, text, int, interval, int, interval, interval', 'regclass, text, int, interval, bigint, text, text'] LOOP
        EXECUTE format('CREATE PROCEDURE junction._fill(%s) LANGUAGE plpgsql AS %L', trap,
                       format('BEGIN RAISE EXCEPTION ''_fill(%s) runs as %%'', current_user; END', trap));
    END LOOP;
    EXECUTE 'CREATE FUNCTION junction.uuidv7(VARIADIC int[]) RETURNS uuid LANGUAGE plpgsql AS
        $f$ BEGIN RAISE EXCEPTION ''uuidv7(VARIADIC int[]) runs as %'', current_user; END $f$';
    EXECUTE 'CREATE FUNCTION junction.report(text DEFAULT NULL) RETURNS SETOF junction.finding LANGUAGE plpgsql AS
        $f$ BEGIN RAISE EXCEPTION ''report(text) runs as %'', current_user; END $f$';
END $$;

SET search_path = test_code;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE user_orgs (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
                        PRIMARY KEY (user_id, org_id));
INSERT INTO users VALUES (1);
INSERT INTO orgs VALUES (1);
INSERT INTO user_orgs VALUES (1, 1);

SET SESSION AUTHORIZATION regress_junction_code_admin;
SET search_path = test_code;
SELECT count(*) > 0 AS ran FROM junction.promote('user_orgs'::regclass, name => 'memberships'::text);
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'memberships'::regclass AND contype IN ('p', 'u') ORDER BY 1;
SELECT count(*) > 0 AS ran FROM junction.demote('memberships'::regclass, name => 'user_orgs'::text);
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'user_orgs'::regclass AND contype IN ('p', 'u') ORDER BY 1;
SELECT count(*) FROM junction.half_indexed WHERE junction = 'user_orgs'::regclass;
CALL junction.promote_concurrently('user_orgs'::regclass, name => 'memberships'::text);
SELECT count(*) > 0 AS ran FROM junction.demote('memberships'::regclass, name => 'user_orgs'::text);
-- the plan of a concurrent promotion, by hand
\set ECHO none
SELECT statement FROM junction.promote('user_orgs'::regclass, timestamps => false, concurrently => true, dry_run => true) ORDER BY step
\gexec
\set ECHO all
SELECT count(*) > 0 AS ran FROM junction.demote('user_orgs'::regclass, name => 'user_orgs'::text);

RESET SESSION AUTHORIZATION;
REVOKE CREATE ON SCHEMA junction FROM regress_junction_code_owner;
DO $$
DECLARE
    trap regprocedure;
BEGIN
    FOR trap IN SELECT oid FROM pg_proc WHERE pronamespace = 'junction'::regnamespace AND proowner = 'regress_junction_code_owner'::regrole LOOP
        EXECUTE 'DROP ROUTINE ' || trap;
    END LOOP;
END $$;

--
-- The owner of a table has the planner call a function: of an index, of a
-- predicate, of extended statistics.
--
SET SESSION AUTHORIZATION regress_junction_code_owner;
SET search_path = test_code;
CREATE SEQUENCE calls_of_owner;
CREATE SEQUENCE calls_of_other;
CREATE FUNCTION spy(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM pg_catalog.nextval(CASE current_user WHEN 'regress_junction_code_owner' THEN 'test_code.calls_of_owner'::regclass
                               ELSE 'test_code.calls_of_other'::regclass END);
    RETURN true;
END $$;

CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs);	-- no key
INSERT INTO links VALUES (1, 1), (1, 1);
CREATE TABLE nullable (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
INSERT INTO nullable VALUES (1, NULL);
CREATE TABLE dangling (user_id int REFERENCES users, org_id int, PRIMARY KEY (user_id, org_id));
INSERT INTO dangling VALUES (1, 2);
ALTER TABLE dangling ADD FOREIGN KEY (org_id) REFERENCES orgs NOT VALID;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE entity (user_id int REFERENCES users, org_id int REFERENCES orgs, id int PRIMARY KEY,
                     mood mood DEFAULT 'good', UNIQUE (user_id, org_id));
INSERT INTO entity VALUES (1, 1, 1, 'bad');
DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY '{links,nullable,dangling,entity}'::text[] LOOP
        EXECUTE format('CREATE INDEX ON %I ((user_id + spy(1)::int))', watched);
        EXECUTE format('CREATE INDEX ON %I (org_id) WHERE spy(2)', watched);
        EXECUTE format('CREATE STATISTICS %I ON (spy(3)::int + user_id), org_id FROM %I', watched || '_statistics', watched);
    END LOOP;
END $$;

-- Who asked, by the sequence that moved; in a session that has read nothing yet.
CREATE FUNCTION asked() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(', ', CASE WHEN (SELECT is_called FROM test_code.calls_of_owner) THEN 'as the owner' END,
                   CASE WHEN (SELECT is_called FROM test_code.calls_of_other) THEN 'as the caller' END)
$$;
CREATE PROCEDURE forget() LANGUAGE sql AS $$
  SELECT setval('test_code.calls_of_owner', 1, false), setval('test_code.calls_of_other', 1, false)
$$;

\c -
SET client_min_messages = warning;
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT detail FROM junction.report('test_code.links') WHERE rule = 'missing_pair_key';
SELECT test_code.asked();
\c -
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.promote('test_code.links')$$);
SELECT test_code.asked();
\c -
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.repair('test_code.links', '{missing_pair_key}')$$);
SELECT test_code.asked();
\c -
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.repair('test_code.nullable', '{nullable_endpoint}')$$);
SELECT test_code.asked();
\c -
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.repair('test_code.dangling', '{unvalidated_foreign_key}')$$);
SELECT test_code.asked();
\c -
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.demote('test_code.entity')$$);
SELECT test_code.asked();

-- merge and deduplicate read as the owner; what they change, they change as the caller, as by hand
CREATE TABLE test_code.groups (id int PRIMARY KEY, user_id int REFERENCES test_code.users, name text, UNIQUE (user_id, name));
CREATE TABLE test_code.members (group_id int REFERENCES test_code.groups ON DELETE CASCADE, org_id int REFERENCES test_code.orgs, UNIQUE (group_id, org_id));
CREATE TABLE test_code.bare (id int PRIMARY KEY, user_id int REFERENCES test_code.users, org_id int REFERENCES test_code.orgs);
CREATE TABLE test_code.marks (bare_id int REFERENCES test_code.bare);
COMMENT ON TABLE test_code.bare IS '@junction';
ALTER TABLE test_code.groups OWNER TO regress_junction_code_owner;
ALTER TABLE test_code.members OWNER TO regress_junction_code_owner;
ALTER TABLE test_code.bare OWNER TO regress_junction_code_owner;
ALTER TABLE test_code.marks OWNER TO regress_junction_code_owner;
SET SESSION AUTHORIZATION regress_junction_code_owner;
INSERT INTO test_code.users VALUES (2);
INSERT INTO test_code.groups VALUES (1, 1, 'a'), (2, 2, 'a'), (3, 2, 'b');
INSERT INTO test_code.members VALUES (1, 1), (2, 1);
INSERT INTO test_code.bare VALUES (1, 1, 1), (2, 1, 1);
INSERT INTO test_code.marks VALUES (1), (2);
CREATE INDEX ON test_code.groups ((user_id + test_code.spy(1)::int));
CREATE INDEX ON test_code.groups (user_id) WHERE test_code.spy(2);
CREATE INDEX ON test_code.members (group_id) WHERE test_code.spy(2);
CREATE INDEX ON test_code.users (id) WHERE test_code.spy(2);
CREATE INDEX ON test_code.bare (org_id) WHERE test_code.spy(2);
CREATE INDEX ON test_code.marks (bare_id) WHERE test_code.spy(2);
\c -
SET client_min_messages = warning;
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT count(*) > 0 FROM junction.merge('test_code.users', 1, ARRAY[2], dry_run => true);
SELECT test_code.asked();
\c -
SET client_min_messages = warning;
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT count(*) > 0 FROM junction.deduplicate('test_code.bare', dry_run => true);
SELECT test_code.asked();
\c -
SET client_min_messages = warning;
CALL test_code.forget();
SET SESSION AUTHORIZATION regress_junction_code_admin;
BEGIN;
SELECT child, change, rows FROM junction.merge('test_code.users', 1, ARRAY[2]) WHERE rows > 0;
SELECT child, change, rows FROM junction.deduplicate('test_code.bare') WHERE rows > 0;
SELECT test_code.asked();
ROLLBACK;
-- what one owner's rows are found by may not be another's, as the code of one would run with the rights of the other; unless it
-- has these anyway
RESET SESSION AUTHORIZATION;
CREATE ROLE regress_junction_code_second;
GRANT USAGE ON SCHEMA test_code TO regress_junction_code_second;
ALTER TABLE test_code.members OWNER TO regress_junction_code_second;
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.merge('test_code.users', 1, ARRAY[2])$$);
SELECT test_code.refused($$SELECT junction.merge('test_code.users', 1, ARRAY[2], dry_run => true)$$);
RESET SESSION AUTHORIZATION;
GRANT SELECT ON test_code.groups TO regress_junction_code_second;
GRANT UPDATE ON test_code.calls_of_other TO regress_junction_code_second;
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.merge('test_code.users', 1, ARRAY[2])$$);
RESET SESSION AUTHORIZATION;
GRANT regress_junction_code_second TO regress_junction_code_owner;
SET SESSION AUTHORIZATION regress_junction_code_admin;
BEGIN;
SELECT child, change, rows FROM junction.merge('test_code.users', 1, ARRAY[2]) WHERE rows > 0;
ROLLBACK;
-- side by side, each is read as its own owner
RESET SESSION AUTHORIZATION;
REVOKE regress_junction_code_second FROM regress_junction_code_owner;
ALTER TABLE test_code.members OWNER TO regress_junction_code_owner;
CREATE TABLE test_code.beside (user_id int REFERENCES test_code.users);
ALTER TABLE test_code.beside OWNER TO regress_junction_code_second;
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT count(*) > 0 FROM junction.merge('test_code.users', 1, ARRAY[2], dry_run => true);
RESET SESSION AUTHORIZATION;
DROP TABLE test_code.beside;
DROP OWNED BY regress_junction_code_second;
DROP ROLE regress_junction_code_second;

--
-- What the owner may not do there: anything that outlives it.
--
\c -
SET SESSION AUTHORIZATION regress_junction_code_owner;
CREATE OR REPLACE FUNCTION test_code.spy(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM test_code.misbehave();
    RETURN true;
END $$;
CREATE FUNCTION test_code.misbehave() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET SESSION AUTHORIZATION DEFAULT;
END $$;
\c -
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_junction_code_admin;
SELECT test_code.refused($$SELECT junction.report('test_code.links')$$);
SELECT test_code.refused($$SELECT junction.merge('test_code.users', 1, ARRAY[2])$$);
SELECT test_code.refused($$SELECT junction.deduplicate('test_code.bare')$$);
SELECT current_user, current_setting('search_path');

-- A caller who may not read the table learns nothing of its rows.
\c -
SET client_min_messages = warning;
CREATE ROLE regress_junction_code_guest;
GRANT USAGE ON SCHEMA test_code TO regress_junction_code_guest;
SET SESSION AUTHORIZATION regress_junction_code_guest;
SELECT detail FROM junction.report('test_code.links') WHERE rule = 'missing_pair_key';
RESET SESSION AUTHORIZATION;

DROP SCHEMA test_code CASCADE;
DROP ROLE regress_junction_code_owner, regress_junction_code_admin, regress_junction_code_guest;
