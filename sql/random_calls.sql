-- What test/t/fuzz.pl, random calls on random tables, has found: each of these
-- went wrong once.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_random;
CREATE SCHEMA regress_random AUTHORIZATION regress_junction_random;
SET SESSION AUTHORIZATION regress_junction_random;
SET search_path = regress_random;

-- SQLSTATE, message and detail of a call, and of its dry run where that says
-- something else
CREATE FUNCTION attempt(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE call;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, nullif(detail, ''));
END $$;
CREATE FUNCTION tried(verb text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    dry text := attempt(format('SELECT * FROM junction.%s(%s, dry_run => true)', verb, arguments));
    ran text := attempt(format('SELECT * FROM junction.%s(%s)', verb, arguments));
BEGIN
    RETURN ran || CASE WHEN dry <> ran THEN E'\nBUT A DRY RUN: ' || dry ELSE '' END;
END $$;
\pset format unaligned
\pset tuples_only on

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users VALUES (1), (2);
INSERT INTO orgs VALUES (1), (2);

--
-- A promotion of a table with an invalid unique index failed in the rewrite
--
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs;
CREATE UNIQUE INDEX CONCURRENTLY failed ON user_orgs (org_id);
SELECT tried('promote', '''user_orgs''');
-- which the steps of a concurrent promotion do not mind
SELECT count(*) > 0 FROM junction.promote('user_orgs', concurrently => true, dry_run => true);
DROP INDEX failed;
CREATE INDEX ON user_orgs (org_id);
SELECT tried('promote', '''user_orgs''');
-- an index of a child table, whose rows are rewritten too
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE more_links () INHERITS (links);
INSERT INTO more_links VALUES (1, 1), (1, 2);
CREATE UNIQUE INDEX CONCURRENTLY failed ON more_links (user_id);
SELECT tried('promote', '''links''');
DROP TABLE links, more_links;

--
-- A dry run passed a UNIQUE column that a partitioned table cannot have
--
CREATE TABLE parts (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY HASH (user_id);
CREATE TABLE part PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT tried('promote', '''parts'', primary_key => ''{id,user_id}'', columns => ''{token text UNIQUE}''');
SELECT tried('promote', '''parts'', primary_key => ''{id,user_id}'', columns => ''{token text}''');
DROP TABLE parts;

--
-- A dry run passed an identity column that a table with child tables cannot have
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE more_links () INHERITS (links);
SELECT tried('promote', '''links'', columns => ''{token int GENERATED ALWAYS AS IDENTITY}''');
SELECT tried('promote', '''links'', columns => ''{token int}''');
DROP TABLE links, more_links;

--
-- The fix of needless_surrogate failed if a view shows the id
--
CREATE TABLE org_users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE, UNIQUE (user_id, org_id));
CREATE INDEX ON org_users (org_id);
CREATE VIEW shown AS SELECT * FROM org_users;
SELECT rule, fix, detail FROM junction.report('org_users') WHERE rule = 'needless_surrogate';
SELECT tried('repair', '''org_users'', ''{needless_surrogate}''');
DROP VIEW shown;
SELECT fix FROM junction.report('org_users') WHERE rule = 'needless_surrogate' \gexec
SELECT * FROM junction.report('org_users') WHERE rule = 'needless_surrogate';

--
-- The report of a table that initdb made said that there is none
--
SELECT count(*) FROM junction.report('information_schema.sql_features');
SELECT attempt('SELECT junction.report(999999999)');

--
-- A dry run refused something else than the call did
--
SELECT tried('promote', '''users'', columns => ''{ctid int}''');

RESET SESSION AUTHORIZATION;
DROP SCHEMA regress_random CASCADE;
DROP ROLE regress_junction_random;
