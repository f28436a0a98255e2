-- A dry run refuses what could not be run, as far as the catalogs and one look
-- for a row tell, and blocks nobody.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_dry;
CREATE ROLE regress_junction_dry_other;
CREATE SCHEMA test_dry AUTHORIZATION regress_junction_dry;
CREATE SCHEMA test_dry_other AUTHORIZATION regress_junction_dry_other;
SET SESSION AUTHORIZATION regress_junction_dry_other;
CREATE TABLE test_dry_other.private (id int PRIMARY KEY);
GRANT USAGE ON SCHEMA test_dry_other TO regress_junction_dry;
SET SESSION AUTHORIZATION regress_junction_dry;
SET search_path = test_dry;

CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

CREATE TABLE users (id int PRIMARY KEY, code text UNIQUE, name text);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE keyless (id int);
CREATE TABLE full_links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE empty_links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO users VALUES (1, 'a');
INSERT INTO orgs VALUES (1);
INSERT INTO full_links VALUES (1, 1);
CREATE DOMAIN must AS text NOT NULL;
CREATE DOMAIN must_below AS must;
CREATE DOMAIN must_default AS text DEFAULT 'x' NOT NULL;
CREATE FUNCTION later() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';

-- What a definition says, what a dry run says of it where there are rows and
-- where there are none, and whether the promotion itself agrees with it.
CREATE FUNCTION tried(source text, definition text, really bool) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM junction.promote(source::regclass, 'memberships', ARRAY[definition], dry_run => NOT really);
        RAISE EXCEPTION USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
        RETURN 'passes';
    WHEN OTHERS THEN
        RETURN SQLSTATE || ': ' || SQLERRM;
    END;
END $$;
CREATE TABLE definitions (n int GENERATED ALWAYS AS IDENTITY, definition text);
INSERT INTO definitions (definition) VALUES
    ('role text NOT NULL'),
    ('role text NOT NULL DEFAULT NULL'),
    ('role text NOT NULL DEFAULT ''member'''),
    ('role must'),
    ('role must_below'),
    ('role must_default'),
    ('role must DEFAULT ''x'''),
    ('role no_such_type'),
    ('role no_such_schema.no_such_type'),
    ('role numeric(2000)'),
    ('role varchar(3) COLLATE "no such collation"'),
    ('role int COLLATE "C"'),
    ('role anyelement'),
    ('role serial NOT NULL'),
    ('role int DEFAULT no_such_function()'),
    ('role int DEFAULT user_id'),
    ('role int DEFAULT ''x'''),
    ('role int DEFAULT true'),
    ('role int DEFAULT (SELECT 1)'),
    ('role int CHECK (role > 0)'),
    ('role int CHECK (role > 0 AND memberships.user_id > 0 AND memberships.created_at IS NOT NULL)'),
    ('role int CHECK (role)'),
    ('role int CHECK (no_such_column > 0)'),
    ('role int GENERATED ALWAYS AS (user_id + 1) STORED'),
    ('role text GENERATED ALWAYS AS (id::text) STORED'),
    ('role int GENERATED ALWAYS AS (later()) STORED'),
    ('role int REFERENCES no_such_table'),
    ('role int REFERENCES keyless'),
    ('role int REFERENCES keyless (id)'),
    ('role int REFERENCES users (no_such_column)'),
    ('role text REFERENCES users (name)'),
    ('role text REFERENCES users (code)'),
    ('role int REFERENCES users'),
    ('role int REFERENCES test_dry_other.private'),
    ('role uuid REFERENCES memberships (id)');
-- the SQLSTATE of the dry run must be the promotion's
SELECT definition, tried('full_links', definition, false) AS full, tried('empty_links', definition, false) AS empty
FROM definitions ORDER BY n;
SELECT definition, source, dry, really
FROM definitions, unnest('{full_links,empty_links}'::text[]) AS source,
     LATERAL (SELECT left(tried(source, definition, false), 6) AS dry, left(tried(source, definition, true), 6) AS really) AS t
WHERE dry <> really ORDER BY n, source;

-- A column that another may compute from.
SELECT refused($$SELECT junction.promote('full_links', columns => '{"a int","b int GENERATED ALWAYS AS (a + 1) STORED"}', dry_run => true)$$);

-- The table's row type, stored elsewhere: directly, or within other types.
CREATE TYPE wrapping AS (links full_links[]);
CREATE DOMAIN wrapped AS wrapping;
CREATE VIEW seen AS SELECT NULL::wrapped AS value;
CREATE TABLE holding (seen seen);
SELECT refused($$SELECT junction.promote('full_links', dry_run => true)$$);
SELECT refused($$SELECT junction.promote('full_links', timestamps => false, concurrently => true, dry_run => true)$$);
SELECT refused($$SELECT junction.promote('full_links', concurrently => true, dry_run => true)$$);
DROP TABLE holding;

-- Used by an expression: the dry run refuses what the server at hand refuses.
DROP VIEW seen;
CREATE FUNCTION agrees() RETURNS bool LANGUAGE sql AS $$
    SELECT (refused('ALTER TABLE full_links ADD COLUMN tried int DEFAULT 1; ALTER TABLE full_links DROP COLUMN tried') = 'not refused')
         = (refused($x$SELECT junction.promote('full_links', dry_run => true)$x$) = 'not refused')
$$;
CREATE TABLE expressions (object text PRIMARY KEY, definition text);
INSERT INTO expressions VALUES
    ('FUNCTION used(full_links)', 'CREATE FUNCTION used(full_links) RETURNS bool BEGIN ATOMIC SELECT $1 IS NULL; END'),
    ('FUNCTION used(full_links[])', 'CREATE FUNCTION used(full_links[]) RETURNS int RETURN cardinality($1)'),
    ('FUNCTION used()', 'CREATE FUNCTION used() RETURNS SETOF full_links BEGIN ATOMIC SELECT * FROM full_links; END'),
    ('FUNCTION used(bool)', 'CREATE FUNCTION used(bool) RETURNS full_links BEGIN ATOMIC SELECT full_links FROM full_links; END'),
    ('FUNCTION used(text, full_links)', 'CREATE FUNCTION used(text, full_links = NULL) RETURNS int LANGUAGE plpgsql AS ''BEGIN RETURN 1; END'''),
    ('FUNCTION used(int, full_links)', 'CREATE FUNCTION used(int, full_links) RETURNS int LANGUAGE plpgsql AS ''BEGIN RETURN 1; END'''),
    ('VIEW used', 'CREATE VIEW used AS SELECT NULL::wrapped AS value'),
    ('VIEW used_rows', 'CREATE VIEW used_rows AS SELECT full_links FROM full_links'),
    ('TABLE used', 'CREATE TABLE used (checked int CHECK (NULL::full_links IS NULL))'),
    ('TABLE used_default', 'CREATE TABLE used_default (given bool DEFAULT (NULL::full_links IS NULL))'),
    ('TABLE used_index', 'CREATE TABLE used_index (id int); CREATE INDEX ON used_index ((NULL::full_links IS NULL))'),
    ('TABLE used_policy', 'CREATE TABLE used_policy (id int); CREATE POLICY used ON used_policy USING (NULL::full_links IS NULL)');
SET client_min_messages = error;
SELECT object, refused(definition), agrees(), refused('DROP ' || object) AS dropped FROM expressions ORDER BY object;
SET client_min_messages = warning;
DROP TABLE expressions;
SELECT refused($$SELECT junction.promote('full_links', dry_run => true)$$);

-- What a table below has: a column of a new one's name, a primary key
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs) PARTITION BY RANGE (user_id);
CREATE TABLE parted_own PARTITION OF parted (UNIQUE (user_id, org_id), PRIMARY KEY (org_id, user_id)) DEFAULT;
ALTER TABLE ONLY parted ADD PRIMARY KEY (user_id, org_id);
ALTER INDEX parted_pkey ATTACH PARTITION parted_own_user_id_org_id_key;
CREATE TABLE parted_unique (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE parted_unique_part (user_id int, org_id int, PRIMARY KEY (user_id, org_id));
ALTER TABLE parted_unique ATTACH PARTITION parted_unique_part DEFAULT;
CREATE TABLE family (LIKE empty_links INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
CREATE TABLE family_child (code varchar(3), name text COLLATE "C") INHERITS (family);
CREATE TABLE family_other (id int);
CREATE TABLE family_grandchild () INHERITS (family_child, family_other);
CREATE TABLE below (call text);
INSERT INTO below VALUES
    ($$'parted', primary_key => '{id,user_id,org_id}'$$),
    ($$'parted_unique', primary_key => '{id,user_id,org_id}'$$),
    ($$'family'$$),
    ($$'family', id_column => 'key', timestamps => false$$),
    ($$'family', id_column => 'key', columns => '{code text}'$$),
    ($$'family', id_column => 'key', columns => '{code varchar(3)}'$$),
    ($$'family', id_column => 'key', columns => '{name text}'$$),
    ($$'family', id_column => 'key', columns => array['name text COLLATE "C"']$$);
SET client_min_messages = error;
CREATE FUNCTION undone(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE SQLSTATE 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    RETURN 'not refused';
WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT call, dry, dry = undone(format('SELECT junction.promote(%s)', call)) AS agrees
FROM below, refused(format('SELECT junction.promote(%s, dry_run => true)', call)) AS dry;
SET client_min_messages = warning;
DROP TABLE below, family, family_child, family_other, family_grandchild, parted, parted_unique;

-- What a dry run of each verb locks, or has of a transaction: nothing that
-- another could wait for.
CREATE FUNCTION kept() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT DISTINCT concat_ws(' ', mode, locktype, coalesce(relation::regclass::text, classid::regclass::text))
  FROM pg_locks WHERE pid = pg_backend_pid() AND locktype <> 'virtualxid' AND mode <> 'AccessShareLock'
  UNION ALL SELECT 'a transaction id' WHERE pg_current_xact_id_if_assigned() IS NOT NULL
$$;
SELECT count(*) > 0 AS ran FROM junction.promote('empty_links', 'entities', keep_old_name => true);
CREATE TABLE half (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
BEGIN TRANSACTION READ ONLY;
SELECT count(*) > 0 AS ran FROM junction.create('users', 'orgs', 'links', dry_run => true);
SELECT count(*) > 0 AS ran FROM junction.promote('full_links', 'memberships', '{role text}', keep_old_name => true, dry_run => true);
SELECT count(*) > 0 AS ran FROM junction.promote('full_links', 'memberships', '{role text}', portable => true, dry_run => true);
SELECT count(*) > 0 AS ran FROM junction.promote('full_links', 'memberships', '{role text}', concurrently => true, dry_run => true);
SELECT count(*) > 0 AS ran FROM junction.promote('full_links', 'memberships', id_type => 'bigint', concurrently => true, dry_run => true);
SELECT count(*) > 0 AS ran FROM junction.demote('entities', 'links', dry_run => true);
SELECT count(*) > 0 AS ran FROM junction.repair('half', dry_run => true);
SELECT * FROM kept();
COMMIT;

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_dry, test_dry_other CASCADE;
DROP ROLE regress_junction_dry, regress_junction_dry_other;
