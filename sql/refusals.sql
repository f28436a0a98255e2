-- What the verbs refuse, by SQLSTATE and message. A verb refuses before it
-- changes anything, so its dry run refuses in the same words: each call is
-- made both ways.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_refused;
CREATE ROLE regress_junction_other;
CREATE SCHEMA regress_refusals AUTHORIZATION regress_junction_refused;
CREATE SCHEMA regress_refusals_other AUTHORIZATION regress_junction_refused;
SET search_path = regress_refusals;

-- what only a superuser can make
CREATE FOREIGN DATA WRAPPER regress_junction_wrapper;
CREATE SERVER regress_junction_server FOREIGN DATA WRAPPER regress_junction_wrapper;
CREATE FOREIGN TABLE foreign_table (a int, b int) SERVER regress_junction_server;
ALTER FOREIGN TABLE foreign_table OWNER TO regress_junction_refused;
CREATE TABLE member (a int PRIMARY KEY);
ALTER EXTENSION junction ADD TABLE member;
ALTER TABLE member OWNER TO regress_junction_refused;
CREATE TABLE others (id int PRIMARY KEY);
ALTER TABLE others OWNER TO regress_junction_other;
GRANT USAGE, CREATE ON SCHEMA regress_refusals TO regress_junction_other;
CREATE SCHEMA regress_refusals_closed;
CREATE TABLE regress_refusals_closed.parent (id int PRIMARY KEY);
CREATE TABLE regress_refusals_closed.link (
    a int REFERENCES regress_refusals_closed.parent, b int REFERENCES regress_refusals_closed.parent, PRIMARY KEY (a, b));
ALTER TABLE regress_refusals_closed.link OWNER TO regress_junction_refused;
GRANT USAGE ON SCHEMA regress_refusals_closed TO regress_junction_refused;

SET SESSION AUTHORIZATION regress_junction_refused;

-- SQLSTATE, message, detail and hint of a call; of a verb with a dry run, of
-- that too where it differs
CREATE FUNCTION attempt(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
    EXECUTE call;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, 'DETAIL:  ' || nullif(detail, ''), 'HINT:  ' || nullif(hint, ''));
END $$;
CREATE FUNCTION refused(verb text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    ran text := attempt(format('SELECT * FROM junction.%s(%s)', verb, arguments));
    dry text := ran;
BEGIN
    IF verb IN ('create', 'promote') THEN
        dry := attempt(format('SELECT * FROM junction.%s(%s, dry_run => true)', verb, arguments));
    END IF;
    RETURN ran || CASE WHEN dry <> ran THEN E'\nBUT A DRY RUN: ' || dry ELSE '' END;
END $$;
-- The catalogs' rows of the whole schema, without what VACUUM writes there
CREATE FUNCTION fingerprint() RETURNS text LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'regress_refusals'::regnamespace)
    SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
        SELECT (to_jsonb(ours) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text FROM ours
        UNION ALL SELECT a::text FROM pg_attribute a WHERE attrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT c::text FROM pg_constraint c WHERE connamespace = 'regress_refusals'::regnamespace
        UNION ALL SELECT i::text FROM pg_index i WHERE indrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE objid IN (SELECT oid FROM ours) OR refobjid IN (SELECT oid FROM ours)
    ) AS rows (t)
$$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON user_orgs (org_id);
INSERT INTO users VALUES (1);
INSERT INTO orgs VALUES (1);
INSERT INTO user_orgs VALUES (1, 1);
CREATE VIEW a_view AS SELECT * FROM users;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM users;
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (a int);
CREATE DOMAIN a_domain AS int;
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (org_id);
CREATE TABLE part_part PARTITION OF part DEFAULT;
CREATE TABLE keyless (id int);
CREATE TABLE unique_only (id int UNIQUE);
CREATE TABLE late (id int PRIMARY KEY DEFERRABLE);
CREATE TABLE entity (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE TABLE unkeyed (user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE unkeyed_user_org (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE multiway (user_id int REFERENCES users, org_id int REFERENCES orgs, other_id int REFERENCES users, PRIMARY KEY (user_id, org_id, other_id));
CREATE TABLE one_to_one (user_id int REFERENCES users UNIQUE, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE tenant_users (tenant_id int, id int PRIMARY KEY);
CREATE TABLE tenant_orgs (tenant_id bigint, id int PRIMARY KEY, UNIQUE (tenant_id, id));
CREATE TABLE tenant_things (tenant_id int, id int PRIMARY KEY, UNIQUE (tenant_id, id));
CREATE TEMP TABLE mine (id int PRIMARY KEY);
SET SESSION AUTHORIZATION regress_junction_other;
CREATE TABLE others_link (other_id int REFERENCES others, another_id int REFERENCES others, PRIMARY KEY (other_id, another_id));
SET SESSION AUTHORIZATION regress_junction_refused;

SELECT fingerprint() AS before \gset
\pset format unaligned
\pset tuples_only on

--
-- What is no table, or not one that may be changed
--
SELECT junction || ': ' || refused('promote', quote_literal(junction))
FROM unnest('{a_view,a_matview,foreign_table,a_sequence,users_pkey,part,part_part,member,others_link,others}'::text[]) AS junction;
SELECT refused('promote', '''pg_catalog.pg_class''');
SELECT refused('promote', '''information_schema.sql_features''');
SELECT refused('promote', '1::oid::regclass');
SELECT relation || ': ' || refused('primary_to_unique', quote_literal(relation) || ', ''x''')
FROM unnest('{a_view,a_matview,foreign_table,a_sequence,users_pkey,part,part_part,member,others}'::text[]) AS relation;
SELECT refused('primary_to_unique', '''pg_catalog.pg_class'', ''x''');
SELECT refused('primary_to_unique', '1::oid::regclass, ''x''');
SELECT parent || ': ' || refused('create', quote_literal(parent) || ', ''users'', ''x''')
FROM unnest('{a_view,a_matview,foreign_table,a_sequence,users_pkey,part}'::text[]) AS parent;
SELECT refused('create', '''users'', ''pg_catalog.pg_class'', ''x''');
SELECT refused('create', '''users'', 1::oid::regclass, ''x''');
SELECT refused('create', '''users'', ''others''');
SELECT relation || ': ' || refused('report', quote_literal(relation))
FROM unnest('{a_view,a_matview,foreign_table,a_sequence,users_pkey,part}'::text[]) AS relation;
SELECT refused('report', '1::oid::regclass');

-- the caller's own table, in a schema where he may create nothing: a new name
-- is refused there, as ALTER INDEX and ALTER TABLE refuse it
SELECT refused('promote', '''regress_refusals_closed.link'', ''things''');
SELECT refused('primary_to_unique', '''regress_refusals_closed.link'', ''pair''');
SELECT attempt('ALTER INDEX regress_refusals_closed.link_pkey RENAME TO pair');

--
-- Null where there is no default to take
--
SELECT refused('create', 'NULL, ''users''');
SELECT refused('create', '''users'', NULL');
SELECT argument || ': ' || refused('create', '''users'', ''orgs'', ' || quote_ident(argument) || ' => NULL')
FROM unnest('{left_on_delete,right_on_delete,reverse_index,undirected,if_not_exists}'::text[]) AS argument;
SELECT attempt('SELECT * FROM junction.create(''users'', ''orgs'', dry_run => NULL)');
SELECT refused('promote', 'NULL');
SELECT argument || ': ' || refused('promote', '''user_orgs'', ' || argument || ' => NULL')
FROM unnest('{columns,timestamps,id_column,id_type}'::text[]) AS argument;
SELECT attempt('SELECT * FROM junction.promote(''user_orgs'', dry_run => NULL)');
-- and nothing done for a null that there is no sense in
SELECT junction.primary_to_unique('user_orgs', NULL) IS NULL, junction.primary_to_unique(NULL, 'x') IS NULL;

--
-- create: parents that cannot be pointed at
--
SELECT refused('create', '''keyless'', ''users''');
SELECT refused('create', '''users'', ''keyless''');
SELECT refused('create', '''users'', ''unique_only''');
SELECT refused('create', '''users'', ''late''');
SELECT refused('create', '''tenant_things'', ''tenant_users'', shared_columns => ''{tenant_id}''');
SELECT refused('create', '''tenant_things'', ''tenant_orgs'', shared_columns => ''{tenant_id}''');
SELECT refused('create', '''users'', ''mine''');
SELECT refused('create', '''users'', ''regress_refusals_other.elsewhere''');

-- create: names
SELECT refused('create', '''users'', ''orgs'', ''user_orgs''');
SELECT refused('create', '''users'', ''orgs'', ''' || name || '''') FROM unnest('{users_pkey,a_sequence,a_view,a_type,a_domain}'::text[]) AS name;
SELECT refused('create', '''users'', ''orgs'', ''nowhere.links''');
SELECT refused('create', '''users'', ''orgs'', ''pg_catalog.links''');
SELECT refused('create', '''users'', ''orgs'', ''a.b.c''');
SELECT refused('create', '''users'', ''orgs'', ''''');
SELECT refused('create', '''users'', ''orgs'', ''""''');
SELECT refused('create', '''users'', ''orgs'', ''two words''');
SELECT refused('create', '''users'', ''orgs'', ''x; DROP TABLE users''');
SELECT refused('create', '''users'', ''orgs'', repeat(''x'', 64)');
SELECT refused('create', '''users'', ''orgs'', ''"'' || repeat(''é'', 32) || ''"''');
SELECT refused('create', '''users'', ''orgs'', left_columns => array[repeat(''x'', 64)]');

-- create: columns
SELECT refused('create', '''users'', ''users''');
SELECT refused('create', '''users'', ''users'', left_columns => ''{a}''');
SELECT refused('create', '''users'', ''users'', left_columns => ''{a}'', right_columns => ''{a}''');
SELECT refused('create', '''users'', ''orgs'', left_columns => ''{a,b}''');
SELECT refused('create', '''users'', ''orgs'', left_columns => ''{}''');
SELECT refused('create', '''users'', ''orgs'', left_columns => ''{NULL}''');
SELECT refused('create', '''users'', ''orgs'', left_columns => ''{{a}}''');
SELECT refused('create', '''users'', ''orgs'', left_columns => ''{""}''');
SELECT refused('create', '''users'', ''orgs'', right_columns => ''{user_id}''');
SELECT refused('create', '''users'', ''orgs'', shared_columns => ''{tenant_id}''');
SELECT refused('create', '''users'', ''orgs'', shared_columns => ''{id}''');
SELECT refused('create', '''users'', ''orgs'', undirected => true');
SELECT refused('create', '''users'', ''orgs'', left_on_delete => ''set null''');
SELECT refused('create', '''users'', ''orgs'', right_on_delete => ''cascade; DROP TABLE users''');

--
-- promote: what it does not take, and what to do about it
--
SELECT junction || ': ' || refused('promote', quote_literal(junction))
FROM unnest('{entity,unkeyed,unkeyed_user_org,multiway,users,keyless}'::text[]) AS junction;
SELECT split_part(refused('promote', '''one_to_one'''), E'\n', 1);

-- promote: names
SELECT name || ': ' || refused('promote', '''user_orgs'', ''' || name || '''')
FROM unnest('{users,user_orgs_pkey,a_sequence,a_view,a_type,a_domain}'::text[]) AS name;
SELECT refused('promote', '''user_orgs'', ''regress_refusals_other.memberships''');
SELECT refused('promote', '''user_orgs'', ''nowhere.memberships''');
SELECT refused('promote', '''user_orgs'', ''a.b.c''');
SELECT refused('promote', '''user_orgs'', ''''');
SELECT refused('promote', '''user_orgs'', ''x"; DROP TABLE users; --''');
SELECT refused('promote', '''user_orgs'', repeat(''x'', 64)');
SELECT refused('promote', '''user_orgs'', id_column => repeat(''é'', 32)');
SELECT refused('promote', '''user_orgs'', id_column => ''''');
SELECT refused('promote', '''user_orgs'', id_column => ''user_id''');
SELECT refused('promote', '''user_orgs'', unique_name => repeat(''x'', 64)');
SELECT refused('promote', '''user_orgs'', unique_name => ''''');
SELECT refused('promote', '''user_orgs'', unique_name => ''users_pkey''');
SELECT refused('promote', '''user_orgs'', unique_name => ''user_orgs_org_id_fkey''');
SELECT refused('promote', '''user_orgs'', ''memberships'', unique_name => ''memberships''');

-- promote: the id and the primary key
SELECT refused('promote', '''user_orgs'', id_type => ''text''');
SELECT refused('promote', '''user_orgs'', id_type => ''smallint''');
SELECT refused('promote', '''user_orgs'', id_type => ''a_domain''');
SELECT refused('promote', '''user_orgs'', primary_key => ''{}''');
SELECT refused('promote', '''user_orgs'', primary_key => ''{org_id}''');
SELECT refused('promote', '''user_orgs'', primary_key => ''{id,nothing}''');
SELECT refused('promote', '''user_orgs'', primary_key => ''{id,NULL}''');
SELECT refused('promote', '''user_orgs'', primary_key => ''{{id}}''');
SELECT refused('promote', '''user_orgs'', primary_key => ''{id,id}''');
SELECT refused('promote', '''parted''');
SELECT refused('promote', '''parted'', primary_key => ''{id,user_id}''');

-- promote: what is not exactly one column definition is parsed, never pasted
SELECT definition || E'\n  -> ' || refused('promote', '''user_orgs'', id_type => ''bigint'', columns => array[' || quote_literal(definition) || ']')
FROM unnest(array[
    '', ' ', '-- nothing', 'a', 'int', 'a int, b int', 'a int, ADD COLUMN b int', 'a int, DROP COLUMN user_id',
    'a int;', 'a int; DROP TABLE users', 'a int; --', 'a int /* open', 'a int) , add column (b int', 'a int, ',
    'IF NOT EXISTS a int', 'COLUMN a int', 'CONSTRAINT c CHECK (true)', 'CHECK (true)', 'PRIMARY KEY (user_id)',
    'a int PRIMARY KEY', 'a int CONSTRAINT c PRIMARY KEY', 'a int DEFAULT ''open', 'a int DEFAULT $x$open', '"a int',
    'a int CHECK (a > 0', 'a int ADD COLUMN b int',
    'user_id int', '"user_id" text', 'USER_ID int', 'id int', 'Id int', 'ctid tid', '"" int',
    repeat('x', 64) || ' int', '"' || repeat('é', 32) || '" int']) AS definition;
SELECT refused('promote', '''user_orgs'', columns => ''{a int,a text}''');
SELECT refused('promote', '''user_orgs'', columns => ''{a int,A text}''');
SELECT refused('promote', '''user_orgs'', columns => ''{a int,NULL}''');
SELECT refused('promote', '''user_orgs'', columns => ''{{a int},{b int}}''');

--
-- What a column's definition means, only the server can say when it runs: its
-- own error, and nothing is left of the promotion
--
SELECT attempt('SELECT * FROM junction.promote(''user_orgs'', ''memberships'', ' || arguments || ')')
FROM unnest(array['columns => ''{a nothing}''', 'columns => ''{a int REFERENCES nothing}''',
    'columns => ''{a int NOT NULL}''', 'columns => ''{a int DEFAULT 1/0}''', 'columns => ''{a int CHECK (nothing > 0)}''']) AS arguments;

--
-- A query that rests on the key; rows still being read; a read-only transaction
--
CREATE TABLE noted (user_id int REFERENCES users, org_id int REFERENCES orgs, note text, PRIMARY KEY (user_id, org_id));
CREATE VIEW by_pair AS SELECT user_id, org_id, note FROM noted GROUP BY user_id, org_id;
SELECT refused('promote', '''noted''');
SELECT refused('primary_to_unique', '''noted'', ''x''');
DROP TABLE noted CASCADE;
INSERT INTO orgs VALUES (2);
BEGIN;
DECLARE reading CURSOR FOR SELECT * FROM user_orgs;
FETCH reading;
SELECT attempt('SELECT * FROM junction.promote(''user_orgs'', ''memberships'')');
ROLLBACK;
BEGIN READ ONLY;
SELECT attempt('SELECT * FROM junction.promote(''user_orgs'', ''memberships'')');
SELECT attempt('SELECT * FROM junction.create(''users'', ''orgs'', ''links'')');
SELECT count(*) > 0 FROM junction.promote('user_orgs', 'memberships', dry_run => true);
ROLLBACK;

--
-- primary_to_unique
--
SELECT refused('primary_to_unique', '''keyless'', ''x''');
SELECT refused('primary_to_unique', '''unique_only'', ''x''');
SELECT refused('primary_to_unique', '''user_orgs'', ''users_pkey''');
SELECT refused('primary_to_unique', '''user_orgs'', ''user_orgs''');
SELECT refused('primary_to_unique', '''user_orgs'', ''user_orgs_org_id_fkey''');
SELECT refused('primary_to_unique', '''user_orgs'', ''''');
SELECT refused('primary_to_unique', '''user_orgs'', repeat(''x'', 64)');
SELECT refused('primary_to_unique', '''user_orgs'', repeat(''é'', 32)');

-- a partition that is somebody else's
RESET SESSION AUTHORIZATION;
ALTER TABLE part_part OWNER TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_refused;
SELECT refused('primary_to_unique', '''parted'', ''x''');
SELECT refused('promote', '''parted'', primary_key => ''{id,user_id,org_id}''');
RESET SESSION AUTHORIZATION;
ALTER TABLE part_part OWNER TO regress_junction_refused;
SET SESSION AUTHORIZATION regress_junction_refused;

\pset tuples_only off
\pset format aligned

--
-- All of that changed nothing
--
SELECT fingerprint() = :'before' AS unchanged;
SELECT count(*) AS links FROM user_orgs;
DROP TABLE mine;

RESET SESSION AUTHORIZATION;
SET client_min_messages = error;
ALTER EXTENSION junction DROP TABLE member;
DROP SCHEMA regress_refusals, regress_refusals_other, regress_refusals_closed CASCADE;
DROP FOREIGN DATA WRAPPER regress_junction_wrapper CASCADE;
DROP ROLE regress_junction_refused, regress_junction_other;
