-- junction.promote_concurrently in one session: what it refuses, and that it
-- changes nothing then; what it leaves, beside what junction.promote leaves;
-- what its dry run shows from each state on. With others at work, and stopped
-- on its way: test/t/online.sh.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_online;
CREATE ROLE regress_junction_other;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_junction_online;
SET SESSION AUTHORIZATION regress_junction_online;
CREATE SCHEMA regress_online;
SET search_path = regress_online;

-- What the catalogs say of a table. 18 keeps NOT NULL as constraints and has
-- its own uuidv7(): both are left out of the text.
CREATE FUNCTION shape(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT line COLLATE "C" FROM (
    SELECT concat_ws(' ', 'column', attnum, attname, format_type(atttypid, atttypmod),
                     CASE WHEN attnotnull THEN 'not null' END,
                     CASE attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
                     regexp_replace(pg_get_expr(adbin, adrelid), '^(junction|pg_catalog)\.', ''),
                     col_description(rel, attnum))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = rel AND contype <> 'n'
    UNION ALL
    SELECT format('index %s%s', replace(pg_get_indexdef(indexrelid), 'regress_online.', ''),
                  CASE WHEN indisprimary THEN ' (primary)' END)
    FROM pg_index WHERE indrelid = rel
    UNION ALL
    SELECT format('sequence %s %s of %s', objid::regclass, format_type(seqtypid, NULL), attname)
    FROM pg_depend JOIN pg_sequence ON seqrelid = objid
    JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
    WHERE refobjid = rel AND refobjsubid > 0 AND classid = 'pg_class'::regclass
    UNION ALL
    SELECT format('owner %s, replica identity %s', relowner::regrole, relreplident) FROM pg_class WHERE oid = rel
    ) AS lines (line)
    ORDER BY 1
$$;

-- The catalogs' rows of the whole schema, without what VACUUM writes there
CREATE FUNCTION fingerprint() RETURNS text LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'regress_online'::regnamespace)
    SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
        SELECT (to_jsonb(ours) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text FROM ours
        UNION ALL SELECT a::text FROM pg_attribute a WHERE attrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT c::text FROM pg_constraint c WHERE connamespace = 'regress_online'::regnamespace
        UNION ALL SELECT i::text FROM pg_index i WHERE indrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_attrdef d WHERE adrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE objid IN (SELECT oid FROM ours) OR refobjid IN (SELECT oid FROM ours)
    ) AS rows (t)
$$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 9);
INSERT INTO orgs SELECT generate_series(1, 5);
CREATE TYPE member_role AS ENUM ('member', 'admin');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE DOMAIN plain AS text;
CREATE TABLE user_orgs (
    user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    note text,
    PRIMARY KEY (user_id, org_id)
);
CREATE INDEX ON user_orgs (org_id);
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs;
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE inherited (LIKE user_orgs INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
CREATE TABLE child () INHERITS (inherited);
CREATE TABLE ruled (LIKE user_orgs INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
CREATE RULE nothing AS ON UPDATE TO ruled DO INSTEAD NOTHING;
CREATE TABLE secret (LIKE user_orgs INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE secret ALTER note SET DEFAULT 'none';
CREATE TABLE generated (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);
CREATE TABLE entity (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE TABLE unkeyed (user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE FUNCTION no_value() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE valueless (n int DEFAULT no_value());
INSERT INTO valueless SELECT FROM generate_series(1, 9);
CREATE VIEW a_view AS SELECT * FROM user_orgs;
CREATE PROCEDURE call_it() LANGUAGE plpgsql AS $$ BEGIN CALL junction.promote_concurrently('user_orgs'); END $$;
CREATE PROCEDURE call_it_in_sql() LANGUAGE sql AS $$ CALL junction.promote_concurrently('user_orgs'); $$;
CREATE PROCEDURE call_it_with_settings() LANGUAGE plpgsql SET work_mem = '1MB' AS $$ BEGIN CALL junction.promote_concurrently('user_orgs'); END $$;
CREATE FUNCTION call_it_in_a_function() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL junction.promote_concurrently('user_orgs'); END $$;
SELECT fingerprint() AS before \gset

--
-- Where it cannot commit
--
BEGIN;
CALL junction.promote_concurrently('user_orgs');
ROLLBACK;
SELECT 1 AS one \; CALL junction.promote_concurrently('user_orgs');
DO $$ BEGIN CALL junction.promote_concurrently('user_orgs'); END $$;
CALL call_it();
CALL call_it_in_sql();
CALL call_it_with_settings();
SELECT call_it_in_a_function();
SELECT count(*) FROM junction.promote('user_orgs', concurrently => true);
SET default_transaction_read_only = on;
CALL junction.promote_concurrently('user_orgs');
RESET default_transaction_read_only;

\set VERBOSITY sqlstate
-- _fill is no less careful
BEGIN;
CALL junction._fill('user_orgs', 'note');
ROLLBACK;
DO $$ BEGIN CALL junction._fill('user_orgs', 'note'); END $$;
CALL junction._fill('user_orgs', 'missing');
CALL junction._fill('user_orgs', NULL);
CALL junction._fill('a_view', 'user_id');
CALL junction._fill('user_orgs', 'ctid');
CALL junction._fill('user_orgs', 'note');
CALL junction._fill('generated', 'twice');
CALL junction._fill('parted', 'user_id');
CALL junction._fill('secret', 'note');
-- a default that is null; it does not go on for ever
SET statement_timeout = '1 min';
CALL junction._fill('valueless', 'n');
RESET statement_timeout;
CALL junction._fill(0, 'note');

--
-- Tables that it cannot take: 0A000; 42501 where rows are hidden; as
-- junction.promote for the rest
--
CALL junction.promote_concurrently('parted');
CALL junction.promote_concurrently('inherited');
CALL junction.promote_concurrently('ruled');
CALL junction.promote_concurrently('secret');
CALL junction.promote_concurrently('entity');
CALL junction.promote_concurrently('unkeyed');
CALL junction.promote_concurrently('users');
CALL junction.promote_concurrently('a_view');
CALL junction.promote_concurrently(1::oid::regclass);
SELECT 'user_orgs'::regclass::oid AS oid \gset
SET SESSION AUTHORIZATION regress_junction_other;
CALL junction.promote_concurrently(:oid);
SET SESSION AUTHORIZATION regress_junction_online;

--
-- Columns that would rewrite the table or be tried on each row under a lock: 0A000
--
CALL junction.promote_concurrently('user_orgs', columns => '{c uuid DEFAULT gen_random_uuid()}');
CALL junction.promote_concurrently('user_orgs', columns => '{c timestamptz DEFAULT clock_timestamp()}');
CALL junction.promote_concurrently('user_orgs', columns => '{c serial}');
CALL junction.promote_concurrently('user_orgs', columns => '{c bigserial}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int GENERATED ALWAYS AS IDENTITY}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int GENERATED BY DEFAULT AS IDENTITY}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int GENERATED ALWAYS AS (user_id + 1) STORED}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int CHECK (c > 0)}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int UNIQUE}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int NOT NULL}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int NOT NULL DEFAULT NULL}');
CALL junction.promote_concurrently('user_orgs', columns => '{c short}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int DEFAULT 1 REFERENCES users}');
-- and so is the dry run
SELECT step FROM junction.promote('user_orgs', columns => '{c int UNIQUE}', concurrently => true, dry_run => true);
SELECT step FROM junction.promote('parted', concurrently => true, dry_run => true);
SELECT step FROM junction.promote('parted', portable => true, concurrently => true, dry_run => true);
-- what junction.promote refuses
CALL junction.promote_concurrently('user_orgs', columns => '{c int PRIMARY KEY}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int; DROP TABLE users}');
CALL junction.promote_concurrently('user_orgs', columns => '{c nothing}');
CALL junction.promote_concurrently('user_orgs', columns => '{note text}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int,c int}');
CALL junction.promote_concurrently('user_orgs', id_column => 'note');
CALL junction.promote_concurrently('user_orgs', id_type => 'text');
CALL junction.promote_concurrently('user_orgs', 'users');
CALL junction.promote_concurrently('user_orgs', keep_old_name => true);
CALL junction.promote_concurrently('user_orgs', unique_name => 'users_pkey');

--
-- A further key column that can be null: whether it is would have to be seen
-- under a lock
--
CALL junction.promote_concurrently('user_orgs', primary_key => '{id,note}');
CALL junction.promote_concurrently('user_orgs', columns => '{c int}', primary_key => '{id,c}');
CALL junction.promote_concurrently('user_orgs', primary_key => '{user_id}');
CALL junction.promote_concurrently('user_orgs', primary_key => '{id,missing}');

--
-- How patient to be
--
CALL junction.promote_concurrently('user_orgs', batch_size => 0);
CALL junction.promote_concurrently('user_orgs', pause => '-1 ms');
CALL junction.promote_concurrently('user_orgs', pause => '1 day -25 hours');
CALL junction.promote_concurrently('user_orgs', lock_timeout => '0');
CALL junction.promote_concurrently('user_orgs', lock_timeout => '-1 s');
CALL junction.promote_concurrently('user_orgs', max_wait => '-1 s');
-- no longer than a timeout can be: 24 days
CALL junction.promote_concurrently('user_orgs', pause => '178000000 years');
CALL junction.promote_concurrently('user_orgs', lock_timeout => '24 days 1 ms');
CALL junction.promote_concurrently('user_orgs', max_wait => '1 month');
CALL junction._fill('user_orgs', 'note', pause => '24 days 1 ms');
CALL junction._fill('user_orgs', 'missing', pause => '24 days', lock_timeout => '24 days', max_wait => '24 days');
CALL junction.promote_concurrently('user_orgs', max_lag => -1);
CALL junction.promote_concurrently('user_orgs', batch_size => NULL);
CALL junction.promote_concurrently('user_orgs', pause => NULL);
CALL junction.promote_concurrently('user_orgs', lock_timeout => NULL);
CALL junction.promote_concurrently('user_orgs', max_wait => NULL);
CALL junction.promote_concurrently(NULL);
CALL junction.promote_concurrently('user_orgs', columns => NULL);
CALL junction.promote_concurrently('user_orgs', keep_old_name => NULL);

-- and nothing was changed by any of it
SELECT fingerprint() = :'before' AS nothing_changed;
\set VERBOSITY terse

--
-- The plan, and what remains of it from each step on. Run by hand, it comes to
-- the same as the call. 18 sets NOT NULL by its name, and renames those: left out.
--
CREATE FUNCTION plan(text, type regtype) RETURNS TABLE (step int, statement text, locks text) LANGUAGE sql AS $$
    SELECT step, replace(replace(regexp_replace(regexp_replace(regexp_replace(statement, ', of table \d+', ', of table N'), 'ADD CONSTRAINT \S+ NOT NULL ([^\s;]+)', 'ALTER COLUMN \1 SET NOT NULL'),
                                                'ALTER TABLE \S+ RENAME CONSTRAINT \S+_not_null TO \S+_not_null;\n', '', 'g'),
                                 'pg_catalog.uuidv7()', 'junction.uuidv7()'), 'regress_online.', ''), replace(locks, 'regress_online.', '')
    FROM junction.promote($1::regclass, 'memberships', columns => array['role member_role NOT NULL DEFAULT ''member''', 'invited_by int REFERENCES users'],
                          id_type => type, keep_old_name => true, concurrently => true, dry_run => true)
$$;
\pset format unaligned
\pset tuples_only on
SELECT * FROM plan('user_orgs', 'uuid');
SELECT step, statement FROM plan('user_orgs', 'bigint') WHERE step IN (1, 8);

CREATE FUNCTION next_step(regclass) RETURNS text LANGUAGE sql AS $$
    SELECT statement
    FROM junction.promote($1, 'memberships', columns => array['role member_role NOT NULL DEFAULT ''member''', 'invited_by int REFERENCES users'],
                          keep_old_name => true, concurrently => true, dry_run => true)
    WHERE step = 1
$$;
\pset tuples_only off
\set ECHO none
SELECT next_step('user_orgs') \gexec
\set ECHO all
-- no more than one way now, and the first call's id
SELECT count(*) FROM junction.promote('user_orgs', 'memberships');
CALL junction.promote_concurrently('user_orgs', 'memberships', id_type => 'bigint');
CALL junction.promote_concurrently('user_orgs', 'memberships', id_column => 'other');
CALL junction.promote_concurrently('user_orgs', 'memberships', columns => '{c int}');
-- a row that is inserted now has its id
INSERT INTO user_orgs SELECT 1, id FROM orgs ON CONFLICT DO NOTHING;
DELETE FROM user_orgs WHERE user_id = 9 AND org_id = 5;
INSERT INTO user_orgs VALUES (9, 5);
SELECT count(id), count(*) FROM user_orgs;
SELECT step, statement FROM plan('user_orgs', 'uuid') WHERE step = 1;
-- filled or not, only the rows know
\set ECHO none
SELECT next_step('user_orgs') \gexec
\set ECHO all
SELECT count(id), count(*) FROM user_orgs;
ALTER TABLE user_orgs ADD CONSTRAINT user_orgs_id_filled CHECK (id IS NOT NULL) NOT VALID;
SELECT step, statement FROM plan('user_orgs', 'uuid') WHERE step <= 2;
\set ECHO none
SELECT next_step('user_orgs') \gexec
\set ECHO all
ALTER TABLE user_orgs VALIDATE CONSTRAINT user_orgs_id_filled;
SELECT step, statement FROM plan('user_orgs', 'uuid') WHERE step = 1;
\set ECHO none
SELECT next_step('user_orgs') \gexec
\set ECHO all
SELECT step, statement FROM plan('user_orgs', 'uuid') WHERE step = 1;
\set ECHO none
SELECT next_step('user_orgs') \gexec
\set ECHO all
SELECT step, statement FROM plan('user_orgs', 'uuid') WHERE step = 1;
\set ECHO none
SELECT next_step('user_orgs') \gexec
\set ECHO all
SELECT shape('memberships');
SELECT count(id), count(DISTINCT id), count(*) FROM memberships;
INSERT INTO user_orgs (user_id, org_id) VALUES (1, 1) ON CONFLICT (user_id, org_id) DO NOTHING;
-- done: an entity, and no way to promote that
CALL junction.promote_concurrently('memberships');
DROP TABLE memberships CASCADE;

--
-- The call makes what junction.promote makes, of the same table by the same
-- arguments
--
CREATE FUNCTION make(name text, definition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE %s', format(definition, name));
    EXECUTE format('INSERT INTO %I SELECT u.id, o.id FROM users AS u, orgs AS o', name);
END $$;
\set pure 'TABLE %1$I (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))'
-- what differs between the table that the call made and the one that junction.promote makes of the same
CREATE TABLE made (line text);
CREATE FUNCTION differences(name text, arguments text, definition text) RETURNS TABLE (which text, line text) LANGUAGE plpgsql AS $$
DECLARE
    promoted text := coalesce(substring(arguments FROM '^, ''"?([^''"]+)"?'''), name);
BEGIN
    DELETE FROM made;
    INSERT INTO made SELECT shape(format('%I', promoted)::regclass);
    EXECUTE format('DROP TABLE %I CASCADE', promoted);
    PERFORM make(name, definition);
    EXECUTE format('SELECT count(*) FROM junction.promote(%L%s)', format('%I', name), arguments);
    RETURN QUERY SELECT 'only the call:', c FROM (SELECT * FROM made EXCEPT ALL SELECT shape(format('%I', promoted)::regclass)) AS l (c);
    RETURN QUERY SELECT 'only promote():', p FROM (SELECT shape(format('%I', promoted)::regclass) EXCEPT ALL SELECT * FROM made) AS l (p);
    EXECUTE format('DROP TABLE %I CASCADE', promoted);
END $$;

-- no new name
SELECT make('links', :'pure');
CALL junction.promote_concurrently('links');
SELECT count(id), count(DISTINCT id), count(*), count(created_at) FROM links;
SELECT differences('links', '', :'pure');
-- bigint and int: an identity that goes on where the filling ended
SELECT make('links', :'pure');
CALL junction.promote_concurrently('links', 'things', id_type => 'bigint');
SELECT min(id), max(id), count(DISTINCT id), count(*) FROM things;
DELETE FROM things WHERE user_id = 1 AND org_id = 1;
INSERT INTO things (user_id, org_id) VALUES (1, 1) RETURNING id;
SELECT differences('links', ', ''things'', id_type => ''bigint''', :'pure');
SELECT make('links', :'pure');
CALL junction.promote_concurrently('links', id_type => 'int', id_column => 'The "id"', timestamps => false);
SELECT count(DISTINCT "The ""id"""), count(*) FROM links;
SELECT differences('links', ', id_type => ''int'', id_column => ''The "id"'', timestamps => false', :'pure');
-- columns of all kinds that take no rewrite; a further key column; a name for the pair
SELECT make('links', :'pure');
CALL junction.promote_concurrently('links', columns => array['role member_role NOT NULL DEFAULT ''admin'' -- a comment', 'by int REFERENCES users',
    'p plain DEFAULT ''x''', '"a b" numeric(4, 2) DEFAULT 1.5', 'tags text[] NOT NULL DEFAULT ''{}'' COLLATE "C"', 'at date DEFAULT current_date'],
    primary_key => '{user_id,id}', unique_name => 'the pair');
SELECT role, by, p, "a b", tags, at = current_date AS today, count(*) FROM links GROUP BY 1, 2, 3, 4, 5, 6;
SELECT differences('links', ', columns => array[''role member_role NOT NULL DEFAULT ''''admin'''' -- a comment'', ''by int REFERENCES users'',
    ''p plain DEFAULT ''''x'''''', ''"a b" numeric(4, 2) DEFAULT 1.5'', ''tags text[] NOT NULL DEFAULT ''''{}'''' COLLATE "C"'', ''at date DEFAULT current_date''],
    primary_key => ''{user_id,id}'', unique_name => ''the pair''', :'pure');
-- names that need quotes
SELECT make('The "odd" 50%s; --', :'pure');
CALL junction.promote_concurrently('"The ""odd"" 50%s; --"', '"Even odder"', keep_old_name => true);
SELECT count(*) FROM "The ""odd"" 50%s; --";
SELECT differences('The "odd" 50%s; --', ', ''"Even odder"'', keep_old_name => true', :'pure');
-- names as long as can be
SELECT make(repeat('x', 63), :'pure');
CALL junction.promote_concurrently(repeat('x', 63)::regclass, repeat('y', 63), id_type => 'bigint');
SELECT differences(repeat('x', 63), ', ''' || repeat('y', 63) || ''', id_type => ''bigint''', :'pure');
-- the pair kept by a UNIQUE, without a primary key
SELECT make('links', replace(:'pure', 'PRIMARY KEY', 'UNIQUE'));
CALL junction.promote_concurrently('links', 'things');
SELECT differences('links', ', ''things''', replace(:'pure', 'PRIMARY KEY', 'UNIQUE'));
-- unlogged, temporary
SELECT make('links', 'UNLOGGED ' || :'pure');
CALL junction.promote_concurrently('links', 'things');
SELECT count(DISTINCT id), count(*) FROM things;
SELECT differences('links', ', ''things''', 'UNLOGGED ' || :'pure');
CREATE TEMP TABLE temp_users AS SELECT id FROM users;
ALTER TABLE temp_users ADD PRIMARY KEY (id);
SELECT make('links', 'TEMP TABLE %1$I (user_id int REFERENCES temp_users, other_id int REFERENCES temp_users, PRIMARY KEY (user_id, other_id))');
CALL junction.promote_concurrently('links', 'things');
SELECT count(DISTINCT id), count(*) FROM things;
SELECT differences('links', ', ''things''', 'TEMP TABLE %1$I (user_id int REFERENCES temp_users, other_id int REFERENCES temp_users, PRIMARY KEY (user_id, other_id))');
-- no rows at all
SELECT make('links', :'pure');
TRUNCATE links;
CALL junction.promote_concurrently('links', 'things', batch_size => 1);
SELECT differences('links', ', ''things''', :'pure');
-- names as drizzle-kit gives them
SET junction.naming = drizzle;
SELECT make('links', :'pure');
CALL junction.promote_concurrently('links', 'things', primary_key => '{id,org_id}');
SELECT shape('things');
SELECT differences('links', ', ''things'', primary_key => ''{id,org_id}''', :'pure');
RESET junction.naming;

--
-- A constraint of the user's own that has the name of the one that stands for
-- NOT NULL: his stays as it is
--
SELECT make('links', :'pure');
ALTER TABLE links ADD CONSTRAINT links_id_filled CHECK (user_id > 0);
CALL junction.promote_concurrently('links');
SELECT shape('links');
DROP TABLE links;
-- and a table that was renamed half-way
SELECT make('links', :'pure');
\set ECHO none
SELECT statement FROM junction.promote('links', id_type => 'bigint', concurrently => true, dry_run => true) WHERE step <= 3 \gexec
\set ECHO all
ALTER TABLE links RENAME TO ties;
CALL junction.promote_concurrently('ties', id_type => 'bigint');
SELECT shape('ties');
DROP TABLE ties;
-- another primary key than the first call's leaves no index behind, or is refused
SELECT make('links', :'pure');
\set ECHO none
SELECT statement FROM junction.promote('links', 'things', concurrently => true, dry_run => true) WHERE step <= 7 \gexec
\set ECHO all
CALL junction.promote_concurrently('links', 'things', primary_key => '{id,user_id}');
CALL junction.promote_concurrently('links', 'things');
SELECT shape('things');
DROP TABLE things;

--
-- What would stop the filling is refused before anything is changed
--
SELECT make('links', :'pure');
ALTER TABLE links ADD CHECK (user_id > 1) NOT VALID;
SELECT fingerprint() AS before \gset
\set VERBOSITY sqlstate
CALL junction.promote_concurrently('links');
\set VERBOSITY terse
SELECT fingerprint() = :'before' AS nothing_changed;
ALTER TABLE links DROP CONSTRAINT links_user_id_check;
REVOKE UPDATE ON links FROM regress_junction_online;
SELECT fingerprint() AS before \gset
\set VERBOSITY sqlstate
CALL junction.promote_concurrently('links');
\set VERBOSITY terse
SELECT fingerprint() = :'before' AS nothing_changed;
DROP TABLE links;

--
-- A row with an explicit null, inserted after the fill and before the check: it
-- is filled when the promotion goes on
--
SELECT make('links', :'pure');
DELETE FROM links WHERE user_id = 1 AND org_id < 3;
\set ECHO none
SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) WHERE step <= 2 \gexec
\set ECHO all
INSERT INTO links (user_id, org_id, id) VALUES (1, 1, NULL);
ALTER TABLE links ADD CONSTRAINT links_id_filled CHECK (id IS NOT NULL) NOT VALID;
INSERT INTO links (user_id, org_id) VALUES (1, 2);
CALL junction.promote_concurrently('links');
SELECT count(DISTINCT id), count(*) FROM links;
DROP TABLE links;
-- a check of somebody else's that is not validated is in the way then, too
SELECT make('links', :'pure');
\set ECHO none
SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) WHERE step <= 2 \gexec
\set ECHO all
-- (a dry run of the rest knows that the id goes with a demotion)
SET client_min_messages = notice;
SELECT count(*) FROM junction.promote('links', unique_name => 'links_pkey', concurrently => true, dry_run => true);
SET client_min_messages = warning;
ALTER TABLE links ADD CONSTRAINT not_ours CHECK (user_id IS NULL) NOT VALID;
CALL junction.promote_concurrently('links');
DROP TABLE links;
-- by the statements of the plan, too
SELECT make('links', :'pure');
DELETE FROM links WHERE user_id = 1 AND org_id = 1;
\set ECHO none
SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) WHERE step <= 2 \gexec
INSERT INTO links (user_id, org_id, id) VALUES (1, 1, NULL);
SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) WHERE step > 1 \gexec
\set ECHO all
SELECT count(DISTINCT id), count(*) FROM links;
SELECT contype, conname FROM pg_constraint WHERE conrelid = 'links'::regclass AND contype IN ('c', 'p', 'u') ORDER BY 1;
DROP TABLE links;
-- set NOT NULL by somebody else when the check is there: the check goes
SELECT make('links', :'pure');
\set ECHO none
SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) WHERE step <= 5 \gexec
\set ECHO all
ALTER TABLE links ALTER id SET NOT NULL;
SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) ORDER BY step LIMIT 2;
CALL junction.promote_concurrently('links');
SELECT contype, conname FROM pg_constraint WHERE conrelid = 'links'::regclass AND contype IN ('c', 'p', 'u') ORDER BY 1;
DROP TABLE links;

--
-- Others may go on inserting while it is under way, with the rights that they
-- have on the table
--
SELECT make('links', :'pure');
GRANT USAGE ON SCHEMA regress_online TO regress_junction_other;
GRANT INSERT (user_id, org_id) ON links TO regress_junction_other;
DELETE FROM links WHERE user_id = 1;
\set ECHO none
SELECT statement FROM junction.promote('links', id_type => 'int', concurrently => true, dry_run => true) WHERE step = 1 \gexec
\set ECHO all
SET SESSION AUTHORIZATION regress_junction_other;
INSERT INTO regress_online.links (user_id, org_id) VALUES (1, 1);
SET SESSION AUTHORIZATION regress_junction_online;
CALL junction.promote_concurrently('links', id_type => 'int');
SELECT count(DISTINCT id), count(*) FROM links;
DROP TABLE links;

--
-- Triggers: none is for the filling. Who may not say so is warned, and a
-- trigger that lets nothing be changed does not keep it busy for ever
--
CREATE TABLE log (line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO regress_online.log VALUES (TG_NAME); RETURN NEW; END $$;
SELECT make('links', :'pure');
CREATE TRIGGER row_trigger BEFORE UPDATE ON links FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER statement_trigger AFTER UPDATE ON links EXECUTE FUNCTION note();
CREATE TRIGGER column_trigger AFTER UPDATE OF user_id ON links FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER insert_trigger BEFORE INSERT ON links FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER disabled_trigger AFTER UPDATE ON links FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE links DISABLE TRIGGER disabled_trigger;
CALL junction.promote_concurrently('links');
SELECT line, CASE line WHEN 'row_trigger' THEN count(*) END AS times FROM log GROUP BY line ORDER BY line COLLATE "C";
TRUNCATE log;
DROP TABLE links;
RESET SESSION AUTHORIZATION;
SET search_path = regress_online;
SELECT make('links', :'pure');
ALTER TABLE links OWNER TO regress_junction_online;
CREATE TRIGGER row_trigger BEFORE UPDATE ON links FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER statement_trigger AFTER UPDATE ON links EXECUTE FUNCTION note();
CREATE TRIGGER always_trigger BEFORE UPDATE ON links FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE links ENABLE ALWAYS TRIGGER always_trigger;
CALL junction.promote_concurrently('links', id_type => 'bigint');
SELECT line, count(*) FROM log GROUP BY line ORDER BY line COLLATE "C";
-- the superuser's call left all to the owner
SELECT line FROM shape('links') AS line WHERE line ~ '^(owner|sequence)';
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('links_id_seq', 'links_pkey') ORDER BY 1;
SHOW session_replication_role;
DROP TABLE links;

--
-- What fires, or is tried, for a row that is filled is the owner's, and runs
-- with the owner's rights, not with those of a superuser who calls: also what
-- is deferred to the end of the transaction. Rows that the owner does not see
-- are filled.
--
SET SESSION AUTHORIZATION regress_junction_online;
CREATE TABLE seen (what text, who name, path text);
CREATE FUNCTION witness(what text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN INSERT INTO regress_online.seen VALUES (what, current_user, current_setting('search_path')); RETURN true; END $$;
CREATE FUNCTION witness_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM regress_online.witness(TG_NAME); RETURN NEW; END $$;
SELECT make('links', :'pure');
ALTER TABLE links ADD CHECK (witness('check'));
CREATE TRIGGER before_update BEFORE UPDATE ON links FOR EACH ROW EXECUTE FUNCTION witness_row();
CREATE CONSTRAINT TRIGGER deferred_update AFTER UPDATE ON links DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION witness_row();
ALTER TABLE links ENABLE ALWAYS TRIGGER before_update, ENABLE ALWAYS TRIGGER deferred_update;
ALTER TABLE links ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
TRUNCATE seen;
RESET SESSION AUTHORIZATION;
CALL junction.promote_concurrently('links');
SELECT what, who, path, count(*) FROM seen GROUP BY what, who, path ORDER BY what;
SELECT count(DISTINCT id), count(*), current_user = session_user AS myself, current_setting('search_path') AS path FROM links;
DROP TABLE links;
-- _fill alone is no less careful
SELECT make('links', :'pure');
ALTER TABLE links OWNER TO regress_junction_online;
ALTER TABLE links ADD note text;
ALTER TABLE links ALTER note SET DEFAULT 'none';
CREATE TRIGGER before_update BEFORE UPDATE ON links FOR EACH ROW EXECUTE FUNCTION witness_row();
ALTER TABLE links ENABLE ALWAYS TRIGGER before_update;
TRUNCATE seen;
CALL junction._fill('links', 'note');
SELECT what, who, path, count(*) FROM seen GROUP BY what, who, path ORDER BY what;
DROP TABLE links;
-- an owner who may not do it
SELECT make('links', :'pure');
ALTER TABLE links OWNER TO regress_junction_online;
REVOKE UPDATE ON links FROM regress_junction_online;
SELECT fingerprint() AS before \gset
\set VERBOSITY sqlstate
CALL junction.promote_concurrently('links');
\set VERBOSITY terse
SELECT fingerprint() = :'before' AS nothing_changed;
DROP TABLE links;
SET SESSION AUTHORIZATION regress_junction_online;
CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
SELECT make('links', :'pure');
CREATE TRIGGER leave BEFORE UPDATE ON links FOR EACH ROW EXECUTE FUNCTION leave();
SET statement_timeout = '20s';
\set VERBOSITY sqlstate
CALL junction.promote_concurrently('links', max_wait => '100 ms');
\set VERBOSITY terse
RESET statement_timeout;
SELECT count(id), count(*) FROM links;
DROP TRIGGER leave ON links;
CALL junction.promote_concurrently('links');
SELECT count(DISTINCT id), count(*) FROM links;
DROP TABLE links;

--
-- The session is as it was, after success and after failure; and what it has
-- set does not get in the way
--
SET lock_timeout = '7s';
SET application_name = 'mine';
SET default_transaction_isolation = serializable;
SET default_transaction_deferrable = on;
SET search_path = regress_online, pg_temp;
SELECT make('links', :'pure');
CALL junction.promote_concurrently('links');
CALL junction.promote_concurrently('links');
SELECT current_setting('lock_timeout'), current_setting('application_name'), current_setting('search_path'),
       current_setting('transaction_isolation'), current_setting('session_replication_role');
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('object', 'advisory');
DROP TABLE links;
RESET ALL;
SET client_min_messages = warning;
SET search_path = regress_online;

--
-- In plain SQL: nothing of ours is called, each row can be run twice, and the plan makes what promote makes in plain SQL.
-- When it is done, it says so
--
CREATE TABLE plan (step int, statement text);
SELECT make('The "odd" 50%s; --', :'pure');
INSERT INTO plan SELECT step, statement FROM junction.promote('"The ""odd"" 50%s; --"', '"Even $junction$ odder"', portable => true, keep_old_name => true, concurrently => true, dry_run => true);
SELECT count(*), count(*) FILTER (WHERE statement ~ '\mjunction\.\w') AS ours FROM plan;
\set ECHO none
SELECT statement FROM plan, generate_series(1, 2) AS turn WHERE step < 11 ORDER BY step, turn \gexec
SELECT statement FROM plan WHERE step = 11 \gexec
\set ECHO all
\set VERBOSITY sqlstate
\set ECHO none
SELECT statement FROM plan WHERE step IN (1, 2, 3, 4, 5, 6, 7, 9, 11) ORDER BY step \gexec
\set ECHO all
\set VERBOSITY terse
SELECT differences('The "odd" 50%s; --', ', ''"Even $junction$ odder"'', portable => true, keep_old_name => true', :'pure');
TRUNCATE plan;
SELECT make('links', :'pure');
INSERT INTO plan SELECT step, statement FROM junction.promote('links', portable => true, id_type => 'bigint', columns => array['role text -- note'], concurrently => true, dry_run => true);
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT min(id), max(id), count(DISTINCT id), count(*) FROM links;
SELECT differences('links', ', id_type => ''bigint'', columns => array[''role text -- note''], portable => true', :'pure');
-- what is done is left out of a plan that is made later, and a row that is run too early says so
SELECT make('links', :'pure');
TRUNCATE plan;
INSERT INTO plan SELECT step, statement FROM junction.promote('links', portable => true, concurrently => true, dry_run => true);
\set ECHO none
SELECT statement FROM plan WHERE step <= 8 ORDER BY step \gexec
\set ECHO all
\set VERBOSITY sqlstate
\set ECHO none
SELECT statement FROM plan WHERE step = 11 \gexec
\set ECHO all
\set VERBOSITY terse
SELECT step, split_part(statement, E'\n', 2) AS what FROM junction.promote('links', portable => true, concurrently => true, dry_run => true);
\set ECHO none
SELECT statement FROM junction.promote('links', portable => true, concurrently => true, dry_run => true) \gexec
\set ECHO all
SELECT differences('links', ', portable => true', :'pure');
-- begun in plain SQL and finished by the procedure, no index of it is left beside the key; an index of the user's stays
SELECT make('links', :'pure');
CREATE UNIQUE INDEX mine ON links (org_id, user_id);
TRUNCATE plan;
INSERT INTO plan SELECT step, statement FROM junction.promote('links', 'members', portable => true, concurrently => true, dry_run => true);
\set ECHO none
SELECT statement FROM plan WHERE step <= 10 ORDER BY step \gexec
\set ECHO all
SELECT step, regexp_replace(statement, 'ALTER TABLE \S+ RENAME CONSTRAINT \S+_not_null TO \S+_not_null;\n', '', 'g') AS statement, locks
FROM junction.promote('links', 'members', concurrently => true, dry_run => true);
CALL junction.promote_concurrently('links', 'members');
SELECT indexrelid::regclass, indisprimary FROM pg_index WHERE indrelid = 'members'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
DROP TABLE members;
-- in whatever schema the session looks first, which may have types of the same names
SELECT make('links', :'pure');
CREATE SCHEMA names_first;
CREATE DOMAIN names_first.timestamptz AS int;
CREATE DOMAIN names_first.float8 AS bool;
CREATE DOMAIN names_first.text AS int;
CREATE DOMAIN names_first.int8 AS bool;
CREATE DOMAIN names_first.bool AS int;
TRUNCATE plan;
INSERT INTO plan SELECT step, statement FROM junction.promote('links', portable => true, concurrently => true, dry_run => true);
SET search_path = names_first, pg_catalog, regress_online;
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
RESET search_path;
SET search_path = regress_online;
SELECT kind FROM junction.junctions WHERE junction = 'links'::regclass;
DROP SCHEMA names_first CASCADE;
DROP TABLE links;
-- undone before its last row, no index of it is left; an index of the user's stays
SELECT make('links', :'pure');
CREATE UNIQUE INDEX mine ON links (org_id, user_id);
TRUNCATE plan;
INSERT INTO plan SELECT step, statement FROM junction.promote('links', portable => true, concurrently => true, dry_run => true);
\set ECHO none
SELECT statement FROM plan WHERE step <= 10 ORDER BY step \gexec
\set ECHO all
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'links'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT statement, locks FROM junction.demote('links');
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'links'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
DROP TABLE plan, links;

--
-- An event trigger, of whatever language, sees it and does no harm
--
RESET SESSION AUTHORIZATION;
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO regress_online.log SELECT command_tag FROM pg_event_trigger_ddl_commands(); END $$;
CREATE EVENT TRIGGER regress_junction_see ON ddl_command_end EXECUTE FUNCTION see();
SELECT make('links', :'pure');
TRUNCATE log;
CALL junction.promote_concurrently('links');
DROP EVENT TRIGGER regress_junction_see;
SELECT line, count(*) > 0 AS seen FROM log WHERE line IN ('ALTER TABLE', 'CREATE INDEX') GROUP BY line ORDER BY line COLLATE "C";

--
-- A schema can be renamed under every lock on its tables, and a statement with
-- its name may have met another table: it is not committed
--
CREATE FUNCTION rename_schema() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN ALTER SCHEMA regress_online RENAME TO regress_elsewhere; END $$;
DROP TABLE links;
SELECT make('links', :'pure');
SELECT fingerprint() AS before \gset
CREATE EVENT TRIGGER regress_junction_rename ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION rename_schema();
CALL junction.promote_concurrently('links');
DROP EVENT TRIGGER regress_junction_rename;
SELECT fingerprint() = :'before' AS nothing_changed;

DROP SCHEMA regress_online CASCADE;
DROP TABLE temp_users;
REVOKE CREATE ON DATABASE :"DBNAME" FROM regress_junction_online;
DROP ROLE regress_junction_online, regress_junction_other;
