-- Who may do what: nothing here has rights of its own.  A role that owns its
-- tables can do everything, one that owns none changes nothing, anyone may
-- look; and no search_path turns what is made.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_owner;
CREATE ROLE regress_junction_other;
CREATE ROLE regress_junction_member IN ROLE regress_junction_owner;
CREATE SCHEMA test_privileges AUTHORIZATION regress_junction_owner;
CREATE SCHEMA test_privileges_other AUTHORIZATION regress_junction_other;

-- All that is to be seen of the schema's tables; read by the superuser's right.
CREATE FUNCTION test_privileges.state() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT string_agg(concat_ws(' ', c.relname, pg_get_userbyid(c.relowner), c.relfilenode,
           (SELECT string_agg(conname || contype::text, ',' ORDER BY conname COLLATE "C") FROM pg_constraint k WHERE conrelid = c.oid),
           (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute a WHERE attrelid = c.oid),
           (SELECT string_agg(indexrelid::text || indisprimary, ',' ORDER BY indexrelid) FROM pg_index i WHERE indrelid = c.oid)),
           E'\n' ORDER BY c.relname COLLATE "C")
  FROM pg_class c WHERE relnamespace IN ('test_privileges'::regnamespace, 'test_privileges_other'::regnamespace)
$$;

-- What a table is, whatever the search_path.
CREATE FUNCTION test_privileges.shape(made regclass) RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT ARRAY(SELECT attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' ||
                      coalesce(pg_get_expr(adbin, adrelid), '')
               FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
               WHERE attrelid = made AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
      || ARRAY(SELECT conname || ' ' || pg_get_constraintdef(oid)
               FROM pg_constraint WHERE conrelid = made AND contype <> 'n' ORDER BY conname COLLATE "C")
      || ARRAY(SELECT pg_get_indexdef(indexrelid)
               FROM pg_index WHERE indrelid = made ORDER BY 1)
$$;
GRANT USAGE ON SCHEMA test_privileges TO regress_junction_other;

-- Nothing runs with the rights of who installed it, and no SQL function lacks
-- a search_path of its own.
SELECT proname FROM pg_proc
WHERE pronamespace = 'junction'::regnamespace
  AND (prosecdef OR prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql')) AND proconfig IS NULL);

--
-- One that owns its tables.
--
SET SESSION AUTHORIZATION regress_junction_owner;
SET search_path = test_privileges;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('invoices', 'tags');
SELECT count(*) FROM junction.create('users', 'orgs');
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'invoice_tags'::regclass;
INSERT INTO users VALUES (1);
INSERT INTO orgs VALUES (1);
INSERT INTO org_users VALUES (1, 1);
SELECT junction.primary_to_unique('invoice_tags', 'invoice_tags_key');
SELECT contype FROM pg_constraint WHERE conname = 'invoice_tags_key';
DROP TABLE invoice_tags;
SELECT count(*) FROM junction.create('invoices', 'tags');
SELECT count(*) > 0 AS promoted FROM junction.promote('invoice_tags', 'taggings');
SELECT kind FROM junction.junctions WHERE junction = 'taggings'::regclass;
SELECT junction.uuidv7() IS NOT NULL AS made;
DROP TABLE taggings;

-- So may a member of that role, for it inherits what the owner may.
SET SESSION AUTHORIZATION regress_junction_member;
SELECT count(*) FROM junction.create('users', 'tags');
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'tag_users'::regclass;
BEGIN;
SELECT count(*) > 0 AS promoted FROM junction.promote('org_users', 'memberships');
ROLLBACK;
DROP TABLE tag_users;

-- The schema junction is not theirs to put anything into, where it would be
-- called by us.
\set VERBOSITY sqlstate
CREATE FUNCTION junction.uuidv7(int) RETURNS uuid LANGUAGE sql RETURN NULL;
CREATE TABLE junction.t ();
\set VERBOSITY terse

--
-- One that owns none.  First, nothing is granted but the schema's USAGE.
--
RESET SESSION AUTHORIZATION;
CREATE TABLE keyless (id int);
SELECT test_privileges.state() AS before \gset
SET SESSION AUTHORIZATION regress_junction_other;
SELECT junction.create('invoices', 'users', 'test_privileges_other.links');
SELECT junction.create('invoices', 'users', 'test_privileges_other.links', dry_run => true);
SELECT junction.create('keyless', 'users', 'test_privileges_other.links', dry_run => true);
SELECT junction.promote('org_users', 'memberships');
SELECT junction.promote('org_users', 'memberships', dry_run => true);
SELECT junction.primary_to_unique('org_users', 'mine');
\set VERBOSITY sqlstate
SELECT junction.create('invoices', 'users', 'test_privileges_other.links');
SELECT junction.create('users', 'invoices', dry_run => true);
SELECT junction.promote('org_users', 'memberships');
SELECT junction.promote('org_users', dry_run => true);
SELECT junction.primary_to_unique('org_users', 'mine');
\set VERBOSITY terse

-- Nor steers what runs on it, even if nothing does; anyone may look.
\set VERBOSITY sqlstate
SELECT junction.pause('org_users');
SELECT junction.resume('org_users');
\set VERBOSITY terse
SELECT count(*) FROM junction.progress;

-- REFERENCES on one of both will not do, nor on other columns than the key's.
SET SESSION AUTHORIZATION regress_junction_owner;
GRANT REFERENCES ON invoices TO regress_junction_other;
GRANT REFERENCES (id) ON tags TO regress_junction_other;
GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER, TRUNCATE ON users, orgs, org_users TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
\set VERBOSITY sqlstate
SELECT junction.create('invoices', 'users', 'test_privileges_other.links');
SELECT junction.create('tags', 'invoices', 'test_privileges_other.links');
SELECT junction.promote('org_users');
SELECT junction.primary_to_unique('org_users', 'mine');
\set VERBOSITY terse

-- On both, but nowhere to create.
SET SESSION AUTHORIZATION regress_junction_owner;
GRANT REFERENCES ON users TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT junction.create('invoices', 'users');
SELECT junction.create('invoices', 'users', dry_run => true);
\set VERBOSITY sqlstate
SELECT junction.create('invoices', 'users');
SELECT junction.create('invoices', 'users', if_not_exists => true);
\set VERBOSITY terse

-- Of all that, nothing was left but the grants.
RESET SESSION AUTHORIZATION;
REVOKE ALL ON test_privileges.invoices, test_privileges.users, test_privileges.tags, test_privileges.orgs, test_privileges.org_users FROM regress_junction_other;
SELECT test_privileges.state() = :'before' AS unchanged;

-- A grant on the key's columns is enough, and the junction is its maker's.
SET SESSION AUTHORIZATION regress_junction_owner;
GRANT REFERENCES (id) ON invoices TO regress_junction_other;
GRANT REFERENCES (tenant_id, id) ON tags TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT count(*) FROM junction.create('invoices', 'tags', 'test_privileges_other.links');
SELECT pg_get_userbyid(relowner), test_privileges.shape(oid) FROM pg_class WHERE oid = 'test_privileges_other.links'::regclass;
SELECT count(*) > 0 AS promoted FROM junction.promote('test_privileges_other.links');
DROP TABLE test_privileges_other.links;

--
-- A refusal comes before any lock: nobody can make others queue behind a table
-- that is not his.  Here the table is locked, and another session asks.
--
RESET SESSION AUTHORIZATION;
\setenv PGDATABASE :DBNAME
SELECT setting || '/psql' AS psql FROM pg_config() WHERE name = 'BINDIR' \gset
\setenv JUNCTION_PSQL :psql
BEGIN;
LOCK TABLE test_privileges.org_users IN ACCESS EXCLUSIVE MODE;
\set promote `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_other' -c 'SET lock_timeout = 5000' -c "SELECT junction.promote('test_privileges.org_users')" 2>&1`
\echo :promote
\set key `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_other' -c 'SET lock_timeout = 5000' -c "SELECT junction.primary_to_unique('test_privileges.org_users', 'mine')" 2>&1`
\echo :key
-- Its owner would wait.
\set owner `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_owner' -c 'SET lock_timeout = 10' -c "SELECT junction.primary_to_unique('test_privileges.org_users', 'mine')" 2>&1`
\echo :owner
ROLLBACK;
-- REFERENCES on a parent is nothing without its schema, which an OID does not need.
REVOKE USAGE ON SCHEMA test_privileges FROM regress_junction_other;
BEGIN;
LOCK TABLE test_privileges.invoices IN ROW EXCLUSIVE MODE;
\set create `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_other' -c 'SET lock_timeout = 5000' -c "SELECT junction.create(a.oid, b.oid, 'test_privileges_other.links') FROM pg_class a, pg_class b WHERE a.relname = 'invoices' AND b.relname = 'tags' AND a.relnamespace = 'test_privileges'::regnamespace AND b.relnamespace = a.relnamespace" 2>&1`
\echo :create
ROLLBACK;
GRANT USAGE ON SCHEMA test_privileges TO regress_junction_other;

--
-- A partition that is somebody else's keeps the whole as it is.
--
SET SESSION AUTHORIZATION regress_junction_owner;
CREATE TABLE stays (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY LIST (user_id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES IN (1);
CREATE TABLE stays_2 PARTITION OF stays DEFAULT;
RESET SESSION AUTHORIZATION;
ALTER TABLE test_privileges.stays_2 OWNER TO regress_junction_other;
SELECT test_privileges.state() AS before \gset
SET SESSION AUTHORIZATION regress_junction_owner;
SELECT junction.primary_to_unique('stays', 'stays_key');
\set VERBOSITY sqlstate
SELECT junction.primary_to_unique('stays', 'stays_key');
SELECT junction.promote('stays', 'visits', primary_key => '{id,user_id}');
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
SELECT test_privileges.state() = :'before' AS unchanged;
DROP TABLE test_privileges.stays;

--
-- Anyone may look: what the report says is in the catalogs, which anyone reads.
--
REVOKE ALL ON SCHEMA test_privileges FROM regress_junction_other;
DROP INDEX test_privileges.org_users_org_id_idx;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT kind, endpoints, parents, served_by FROM junction.junctions WHERE junction::text = 'test_privileges.org_users';
SELECT junction, columns FROM junction.half_indexed WHERE junction::text = 'test_privileges.org_users';
SELECT junction, rule, columns FROM junction.report((SELECT oid FROM pg_class WHERE relname = 'org_users' AND relnamespace = 'test_privileges'::regnamespace));
\set VERBOSITY sqlstate
SELECT * FROM test_privileges.org_users;
\set VERBOSITY terse

--
-- A hostile search_path.  Before everything else, pg_catalog too, stands a
-- schema with tables of the parents' names, types, functions and operators that
-- say so when they are called.  All comes out as it does without it.
--
RESET SESSION AUTHORIZATION;
CREATE SCHEMA test_privileges_evil AUTHORIZATION regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
SET search_path = test_privileges_evil, pg_catalog;
CREATE FUNCTION caught() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE FUNCTION equal(uuid, uuid) RETURNS bool LANGUAGE sql AS 'SELECT test_privileges_evil.caught()';
CREATE FUNCTION equal(text, text) RETURNS bool LANGUAGE sql AS 'SELECT test_privileges_evil.caught()';
CREATE FUNCTION equal(name, name) RETURNS bool LANGUAGE sql AS 'SELECT test_privileges_evil.caught()';
CREATE FUNCTION equal(oid, oid) RETURNS bool LANGUAGE sql AS 'SELECT test_privileges_evil.caught()';
CREATE OPERATOR = (FUNCTION = equal, LEFTARG = pg_catalog.uuid, RIGHTARG = pg_catalog.uuid);
CREATE OPERATOR < (FUNCTION = equal, LEFTARG = pg_catalog.uuid, RIGHTARG = pg_catalog.uuid);
CREATE OPERATOR = (FUNCTION = equal, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR < (FUNCTION = equal, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR = (FUNCTION = equal, LEFTARG = pg_catalog.name, RIGHTARG = pg_catalog.name);
CREATE OPERATOR = (FUNCTION = equal, LEFTARG = pg_catalog.oid, RIGHTARG = pg_catalog.oid);
CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE FUNCTION primary_to_unique(regclass, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil was called'; END $$;
CREATE DOMAIN text AS pg_catalog.text CHECK (caught());
CREATE DOMAIN uuid AS pg_catalog.text;
CREATE DOMAIN regclass AS pg_catalog.text CHECK (caught());
CREATE TABLE docs (id pg_catalog.int8 PRIMARY KEY);
CREATE TABLE notes (id pg_catalog.int8 PRIMARY KEY);
CREATE TABLE doc_notes ();
GRANT ALL ON SCHEMA test_privileges_evil TO PUBLIC;

SET SESSION AUTHORIZATION regress_junction_owner;
SET search_path = test_privileges;
CREATE TABLE docs (id uuid PRIMARY KEY);
CREATE TABLE notes (id text, part uuid, PRIMARY KEY (id, part));
INSERT INTO docs VALUES ('00000000-0000-0000-0000-000000000001');
INSERT INTO notes VALUES ('x', '00000000-0000-0000-0000-000000000002'), ('y', '00000000-0000-0000-0000-000000000003');
CREATE TABLE clean (name text, shape text[], findings jsonb[]);

-- First without it ...
SELECT count(*) FROM junction.create('docs', 'notes');
SELECT count(*) FROM junction.create('notes', 'notes', 'links', '{a,b}', '{c,d}', undirected => true, reverse_index => false);
INSERT INTO clean VALUES ('doc_notes', shape('doc_notes')), ('links', shape('links'));
UPDATE clean SET findings = (SELECT array_agg(to_jsonb(f)) FROM junction.report('links') f) WHERE name = 'links';
SELECT count(*) > 0 AS promoted FROM junction.promote('doc_notes', 'memos');
INSERT INTO clean VALUES ('memos', shape('memos'));
DROP TABLE memos, links;

-- ... then with it.  Of our own names here, each is qualified.
SET search_path = test_privileges_evil, test_privileges, pg_catalog;
SELECT now();
SELECT ''::pg_catalog.name = ''::pg_catalog.name;
SELECT count(*) FROM junction.create('test_privileges.docs', 'test_privileges.notes');
SELECT count(*) FROM junction.create('test_privileges.notes', 'test_privileges.notes', 'test_privileges.links', '{a,b}', '{c,d}', undirected => true, reverse_index => false);
INSERT INTO test_privileges.doc_notes SELECT d.id, n.id, n.part FROM test_privileges.docs d, test_privileges.notes n;
INSERT INTO test_privileges.links VALUES ('x', '00000000-0000-0000-0000-000000000002', 'y', '00000000-0000-0000-0000-000000000003');
\set VERBOSITY sqlstate
INSERT INTO test_privileges.links VALUES ('y', '00000000-0000-0000-0000-000000000003', 'x', '00000000-0000-0000-0000-000000000002');
\set VERBOSITY terse
SELECT count(*) FROM junction.create_accessors('test_privileges.doc_notes', '{list,set,add,remove,toggle}');
SELECT change FROM test_privileges.set_doc_notes('00000000-0000-0000-0000-000000000001', '{x}', '{00000000-0000-0000-0000-000000000002}');
SELECT change FROM test_privileges.toggle_doc_notes('00000000-0000-0000-0000-000000000001', '{y}', '{00000000-0000-0000-0000-000000000003}');
SELECT count(*) FROM test_privileges.docs AS d, test_privileges.notes(d);
SELECT count(*) FROM junction.drop_accessors('test_privileges.doc_notes');
CREATE TABLE test_privileges.hostile AS
SELECT 'doc_notes'::pg_catalog.name AS name, test_privileges.shape('test_privileges.doc_notes'::pg_catalog.regclass) AS shape, NULL::jsonb[] AS findings
UNION ALL
SELECT 'links'::pg_catalog.name, test_privileges.shape('test_privileges.links'::pg_catalog.regclass),
       (SELECT array_agg(to_jsonb(f)) FROM junction.report('test_privileges.links') f);
SELECT columns FROM junction.half_indexed WHERE junction OPERATOR(pg_catalog.=) 'test_privileges.links'::pg_catalog.regclass;
SELECT kind FROM junction.junctions WHERE junction OPERATOR(pg_catalog.=) 'test_privileges.links'::pg_catalog.regclass;
SELECT count(*) > 0 AS promoted FROM junction.promote('test_privileges.doc_notes', 'memos');
INSERT INTO test_privileges.hostile SELECT 'memos'::pg_catalog.name, test_privileges.shape('test_privileges.memos'::pg_catalog.regclass);
SELECT count(id), count(created_at) FROM test_privileges.memos;
DELETE FROM test_privileges.docs;
SELECT count(*) FROM test_privileges.memos;
SET search_path = test_privileges;
SELECT name, c.shape = h.shape AS same, c.findings = h.findings AS same_findings FROM clean c LEFT JOIN hostile h USING (name) ORDER BY name COLLATE "C";
-- Which names are what differs, if any.
SELECT name, unnest(h.shape) AS differs FROM clean c JOIN hostile h USING (name)
EXCEPT SELECT name, unnest(shape) FROM clean;
DROP TABLE memos, links, docs, notes, clean, hostile;
RESET SESSION AUTHORIZATION;
DROP SCHEMA test_privileges_evil CASCADE;

--
-- The wrong shapes: a source and a multiway table are to be one's own, a parent
-- need not be.
--
SET SESSION AUTHORIZATION regress_junction_owner;
CREATE TABLE docs (id int PRIMARY KEY, org_ids int[]);
CREATE TABLE fields (doc_id int REFERENCES docs, org_id int REFERENCES orgs, user_id int REFERENCES users, PRIMARY KEY (doc_id, org_id, user_id));
INSERT INTO docs VALUES (1, '{1}');
INSERT INTO fields VALUES (1, 1, 1);
RESET SESSION AUTHORIZATION;
GRANT USAGE ON SCHEMA test_privileges TO regress_junction_other;
SELECT test_privileges.state() AS before \gset
SET SESSION AUTHORIZATION regress_junction_other;
\set VERBOSITY sqlstate
SELECT junction.absorb('docs', '{org_ids}', 'orgs');
SELECT junction.absorb('docs', '{org_ids}', 'orgs', dry_run => true);
SELECT junction.retire('docs');
SELECT junction.retire('docs', dry_run => true);
SELECT junction.split('fields');
SELECT junction.split('fields', actor => '{user_id}', dry_run => true);
SELECT junction.split('fields', into_tables => '{doc_orgs,doc_users}', keep_source => false);
SELECT * FROM junction.dependencies('fields');
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
GRANT ALL ON test_privileges.docs, test_privileges.fields, test_privileges.orgs, test_privileges.users TO regress_junction_other;
GRANT CREATE ON SCHEMA test_privileges TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
\set VERBOSITY sqlstate
SELECT junction.absorb('docs', '{org_ids}', 'orgs');
SELECT junction.retire('docs');
SELECT junction.split('fields', actor => '{user_id}');
\set VERBOSITY terse
SELECT count(*) FROM junction.dependencies('fields');
-- and no lock is waited for
RESET SESSION AUTHORIZATION;
BEGIN;
LOCK TABLE test_privileges.docs, test_privileges.fields IN ACCESS EXCLUSIVE MODE;
\set absorb `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_other' -c 'SET lock_timeout = 5000' -c "SELECT junction.absorb('test_privileges.docs', '{org_ids}', 'test_privileges.orgs')" 2>&1`
\echo :absorb
\set retire `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_other' -c 'SET lock_timeout = 5000' -c "SELECT junction.retire('test_privileges.docs')" 2>&1`
\echo :retire
\set split `"$JUNCTION_PSQL" -X -q -v VERBOSITY=sqlstate -c 'SET ROLE regress_junction_other' -c 'SET lock_timeout = 5000' -c "SELECT junction.split('test_privileges.fields')" 2>&1`
\echo :split
ROLLBACK;
REVOKE ALL ON test_privileges.docs, test_privileges.fields, test_privileges.orgs, test_privileges.users FROM regress_junction_other;
REVOKE CREATE ON SCHEMA test_privileges FROM regress_junction_other;
SELECT test_privileges.state() = :'before' AS unchanged;

-- One's own source, and somebody else's parent: REFERENCES and SELECT of it, and INSERT to add to it.
SET SESSION AUTHORIZATION regress_junction_other;
CREATE TABLE test_privileges_other.sources (id int PRIMARY KEY, org_ids int[], word text);
INSERT INTO test_privileges_other.sources VALUES (1, '{1,2}', 'x');
\set VERBOSITY sqlstate
SELECT junction.absorb('test_privileges_other.sources', '{org_ids}', 'orgs', name => 'test_privileges_other.org_sources', missing => 'discard');
RESET SESSION AUTHORIZATION;
GRANT REFERENCES ON test_privileges.orgs TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT junction.absorb('test_privileges_other.sources', '{org_ids}', 'orgs', name => 'test_privileges_other.org_sources', missing => 'discard');
RESET SESSION AUTHORIZATION;
GRANT SELECT ON test_privileges.orgs TO regress_junction_other;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT junction.absorb('test_privileges_other.sources', '{org_ids}', 'orgs', name => 'test_privileges_other.org_sources', missing => 'insert');
-- a policy that hides the parent's rows would make its values missing
RESET SESSION AUTHORIZATION;
ALTER TABLE test_privileges.orgs ENABLE ROW LEVEL SECURITY;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT junction.absorb('test_privileges_other.sources', '{org_ids}', 'orgs', name => 'test_privileges_other.org_sources', missing => 'discard');
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
ALTER TABLE test_privileges.orgs DISABLE ROW LEVEL SECURITY;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT count(*) > 0 AS absorbed FROM junction.absorb('test_privileges_other.sources', '{org_ids}', 'orgs', name => 'test_privileges_other.org_sources', missing => 'discard', mirror => true);
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'test_privileges_other.org_sources'::regclass;

-- Whoever writes a mirrored source needs no right on the junction, and cannot turn what the mirror does: not by a search_path,
-- by temporary tables of the names that it uses, or by calling its functions.
CREATE FUNCTION test_privileges_other.links() RETURNS text LANGUAGE sql SET search_path = pg_catalog AS
  $$ SELECT string_agg(l::text, ' ' ORDER BY l::text) FROM test_privileges_other.org_sources AS l $$;
GRANT USAGE ON SCHEMA test_privileges_other TO regress_junction_owner;
GRANT SELECT, INSERT, UPDATE ON test_privileges_other.sources TO regress_junction_owner;
RESET SESSION AUTHORIZATION;
CREATE SCHEMA regress_junction_turn AUTHORIZATION regress_junction_owner;
SET SESSION AUTHORIZATION regress_junction_owner;
SET search_path = regress_junction_turn, pg_catalog, test_privileges;
CREATE FUNCTION turned() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'turned, as %', current_user; END $$;
CREATE FUNCTION unnest(int[]) RETURNS SETOF int LANGUAGE sql AS 'SELECT 7 WHERE regress_junction_turn.turned()';
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql AS 'SELECT regress_junction_turn.turned()';
CREATE OPERATOR = (FUNCTION = same, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR <> (FUNCTION = same, LEFTARG = int, RIGHTARG = int);
CREATE TEMP TABLE new_rows (id int, org_ids int[], word text);
CREATE TEMP TABLE old_rows (id int, org_ids int[], word text);
CREATE TEMP TABLE sources (id int, org_ids int[], word text);
CREATE TEMP TABLE org_sources (org_id int, source_id int);
INSERT INTO new_rows VALUES (9, '{1}', 'x');
INSERT INTO test_privileges_other.sources VALUES (2, '{1,1}', 'y');
UPDATE test_privileges_other.sources SET org_ids = '{}' WHERE id OPERATOR(pg_catalog.=) 1;
\set VERBOSITY sqlstate
SELECT test_privileges_other.org_sources_mirror();
TABLE test_privileges_other.org_sources;
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
DROP SCHEMA regress_junction_turn CASCADE;
DROP TABLE pg_temp.new_rows, pg_temp.old_rows, pg_temp.sources, pg_temp.org_sources;
SET search_path = test_privileges;
SET SESSION AUTHORIZATION regress_junction_other;
SELECT test_privileges_other.links();
SELECT count(*) > 0 AS retired FROM junction.retire('test_privileges_other.sources');
DROP TABLE test_privileges_other.org_sources, test_privileges_other.sources;
RESET SESSION AUTHORIZATION;
DROP TABLE test_privileges.fields, test_privileges.docs;
REVOKE ALL ON test_privileges.orgs FROM regress_junction_other;
REVOKE ALL ON SCHEMA test_privileges FROM regress_junction_other;

--
-- merge and deduplicate: each table that would change is to be one's own, and is named if it is not. Rights on its rows are not
-- enough, and no lock is waited for.
--
SET SESSION AUTHORIZATION regress_junction_owner;
CREATE TABLE test_privileges.labels (id int PRIMARY KEY);
CREATE TABLE test_privileges.links (id int PRIMARY KEY, label_id int REFERENCES test_privileges.labels, user_id int REFERENCES test_privileges.users, UNIQUE (label_id, user_id));
CREATE TABLE test_privileges.loose (id int PRIMARY KEY, label_id int REFERENCES test_privileges.labels, user_id int REFERENCES test_privileges.users);
COMMENT ON TABLE test_privileges.loose IS '@junction';
INSERT INTO test_privileges.labels VALUES (7), (9);
INSERT INTO test_privileges.users VALUES (71) ON CONFLICT DO NOTHING;
INSERT INTO test_privileges.links VALUES (1, 7, 71), (2, 9, 71);
INSERT INTO test_privileges.loose VALUES (1, 7, 71), (2, 7, 71);
GRANT USAGE ON SCHEMA test_privileges TO regress_junction_other;
GRANT ALL ON test_privileges.labels, test_privileges.links, test_privileges.loose TO regress_junction_other;
SELECT test_privileges.state() AS before \gset
SET SESSION AUTHORIZATION regress_junction_other;
SELECT junction.merge('test_privileges.labels', 7, ARRAY[9]);
SELECT junction.merge('test_privileges.labels', 7, ARRAY[9], dry_run => true);
SELECT junction.deduplicate('test_privileges.loose');
SELECT junction.deduplicate('test_privileges.loose', dry_run => true);
RESET SESSION AUTHORIZATION;
SELECT test_privileges.state() = :'before' AS unchanged;
-- a child of somebody else's, at once and further down: the whole call is refused
SET SESSION AUTHORIZATION regress_junction_other;
CREATE TABLE test_privileges_other.notes (label_id int REFERENCES test_privileges.labels);
CREATE TABLE test_privileges_other.likes (link_id int REFERENCES test_privileges.links, loose_id int REFERENCES test_privileges.loose);
GRANT ALL ON test_privileges_other.notes, test_privileges_other.likes TO regress_junction_owner;
GRANT USAGE ON SCHEMA test_privileges_other TO regress_junction_owner;
SET SESSION AUTHORIZATION regress_junction_owner;
SELECT junction.merge('test_privileges.labels', 7, ARRAY[9]);
SELECT junction.merge('test_privileges.labels', 7, ARRAY[9], dry_run => true);
RESET SESSION AUTHORIZATION;
DROP TABLE test_privileges_other.notes;
SELECT test_privileges.state() AS before \gset
BEGIN;
LOCK TABLE test_privileges_other.likes IN ACCESS EXCLUSIVE MODE;
\set merge `"$JUNCTION_PSQL" -X -q -v VERBOSITY=terse -c 'SET ROLE regress_junction_owner' -c 'SET lock_timeout = 5000' -c "SELECT junction.merge('test_privileges.labels', 7, ARRAY[9])" 2>&1`
\echo :merge
\set deduplicate `"$JUNCTION_PSQL" -X -q -v VERBOSITY=terse -c 'SET ROLE regress_junction_owner' -c 'SET lock_timeout = 5000' -c "SELECT junction.deduplicate('test_privileges.loose')" 2>&1`
\echo :deduplicate
ROLLBACK;
SELECT test_privileges.state() = :'before' AS unchanged;
-- who may act as both owners is not to run the code of the one with the rights of the other, either
GRANT regress_junction_owner, regress_junction_other TO regress_junction_member;
SET SESSION AUTHORIZATION regress_junction_member;
SET search_path = test_privileges;
SELECT junction.merge('labels', 7, ARRAY[9]);
RESET SESSION AUTHORIZATION;
SET search_path = test_privileges;
ALTER TABLE test_privileges_other.likes OWNER TO regress_junction_owner;
SET SESSION AUTHORIZATION regress_junction_member;
BEGIN;
SELECT child, change, rows FROM junction.merge('labels', 7, ARRAY[9]) WHERE rows > 0;
SELECT child, change, rows FROM junction.deduplicate('loose') WHERE rows > 0;
ROLLBACK;
-- nor is he to miss rows that policies hide from him
RESET SESSION AUTHORIZATION;
SET search_path = test_privileges;
ALTER TABLE test_privileges_other.likes ENABLE ROW LEVEL SECURITY;
ALTER TABLE test_privileges_other.likes FORCE ROW LEVEL SECURITY;
SET SESSION AUTHORIZATION regress_junction_member;
SELECT junction.merge('labels', 7, ARRAY[9]);
SELECT junction.deduplicate('loose');
RESET SESSION AUTHORIZATION;
REVOKE regress_junction_owner, regress_junction_other FROM regress_junction_member;
DROP TABLE test_privileges_other.likes, test_privileges.links, test_privileges.loose, test_privileges.labels;
REVOKE ALL ON SCHEMA test_privileges FROM regress_junction_other;
REVOKE ALL ON SCHEMA test_privileges_other FROM regress_junction_owner;

--
-- Event triggers see each statement, and one that forbids it ends the call
-- with nothing changed.
--
CREATE TABLE test_privileges.seen (n int GENERATED ALWAYS AS IDENTITY, tag text, objects text);
GRANT INSERT ON test_privileges.seen TO PUBLIC;
CREATE FUNCTION test_privileges.see() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO test_privileges.seen (tag, objects)
  SELECT tg_tag, string_agg(DISTINCT object_identity, ', ') FROM pg_event_trigger_ddl_commands() WHERE object_type IN ('table', 'index') AND command_tag = tg_tag;
END $$;
CREATE FUNCTION test_privileges.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no indexes today' USING ERRCODE = 'P1234'; END $$;
CREATE EVENT TRIGGER regress_junction_see ON ddl_command_end EXECUTE FUNCTION test_privileges.see();
SET SESSION AUTHORIZATION regress_junction_owner;
SELECT count(*) FROM junction.create('invoices', 'users');
SELECT count(*) FROM junction.create('invoices', 'orgs', dry_run => true);
SELECT count(*) > 0 AS promoted FROM junction.promote('invoice_users', 'shares');
RESET SESSION AUTHORIZATION;
DROP EVENT TRIGGER regress_junction_see;
SELECT tag, objects FROM test_privileges.seen GROUP BY tag, objects ORDER BY tag COLLATE "C", objects COLLATE "C";
CREATE EVENT TRIGGER regress_junction_forbid ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION test_privileges.forbid();
SELECT test_privileges.state() AS before \gset
SET SESSION AUTHORIZATION regress_junction_owner;
\set VERBOSITY sqlstate
SELECT junction.create('invoices', 'orgs');
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
DROP EVENT TRIGGER regress_junction_forbid;
SELECT test_privileges.state() = :'before' AS unchanged;

DROP SCHEMA test_privileges, test_privileges_other CASCADE;
DROP ROLE regress_junction_owner, regress_junction_other, regress_junction_member;
