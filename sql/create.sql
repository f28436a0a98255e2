-- junction.create: every parameter, and that what it makes is a junction done
-- right: a pair once, both ends there, a link gone with either end, and both
-- sides indexed.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_maker;
CREATE SCHEMA test_create AUTHORIZATION regress_junction_maker;
CREATE SCHEMA "Test.Create" AUTHORIZATION regress_junction_maker;
SET SESSION AUTHORIZATION regress_junction_maker;
SET search_path = test_create;

-- What a table is, in lines; no OIDs, and nothing that differs by version.
CREATE FUNCTION shape(made regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  (SELECT CASE relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END
   FROM pg_class WHERE oid = made)
  UNION ALL
  (SELECT quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) ||
          CASE WHEN attcollation NOT IN (0, 100) THEN ' collate ' || attcollation::regcollation ELSE '' END ||
          CASE WHEN attnotnull THEN ' not null' ELSE '' END
   FROM pg_attribute WHERE attrelid = made AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
  UNION ALL
  (SELECT quote_ident(conname) || ' ' || pg_get_constraintdef(oid)
   FROM pg_constraint WHERE conrelid = made AND contype <> 'n' AND conparentid = 0
   ORDER BY contype DESC, conname COLLATE "C")
  UNION ALL
  (SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON .* USING ', ' ')
   FROM pg_index JOIN pg_class ON oid = indexrelid
   WHERE indrelid = made AND NOT indisprimary ORDER BY relname COLLATE "C")
$$;

-- A refusal as its SQLSTATE and message.
CREATE FUNCTION refused(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

-- A dry run changes nothing, returns what the real call returns, and its
-- statements make the same table, under whatever search_path they are run.
CREATE FUNCTION dry_run_is_honest(made text, arguments text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
  path text := current_setting('search_path');
  dry text[];
  real text[];
  by_hand text[];
  statement text;
BEGIN
  EXECUTE format('SELECT array_agg(s::text ORDER BY step) FROM junction.create(%s, dry_run => true) s', arguments) INTO dry;
  IF to_regclass(made) IS NOT NULL THEN RETURN false; END IF;
  FOR statement IN EXECUTE format('SELECT statement FROM junction.create(%s, dry_run => true) ORDER BY step', arguments) LOOP
    PERFORM set_config('search_path', 'pg_catalog', true);
    EXECUTE statement;
    PERFORM set_config('search_path', path, true);
  END LOOP;
  by_hand := ARRAY(SELECT shape(made));
  EXECUTE 'DROP TABLE ' || made;
  EXECUTE format('SELECT array_agg(s::text ORDER BY step) FROM junction.create(%s) s', arguments) INTO real;
  RETURN dry = real AND by_hand = ARRAY(SELECT shape(made));
END $$;
-- It is a pure junction in the report's eyes too, and nothing is wrong with it.
CREATE FUNCTION verdict(made regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT kind || ', served ' || (SELECT count(s) FROM unnest(served_by) s) || ' of ' || cardinality(endpoints)
         || ', findings ' || (SELECT count(*) FROM junction.report(made) WHERE severity <> 'info')
  FROM junction.junctions WHERE junction = made
$$;

CREATE TABLE invoices (id bigint PRIMARY KEY);
CREATE TABLE tags (id uuid PRIMARY KEY);

--
-- Defaults: two foreign keys that cascade, the pair as primary key, the
-- reverse index, the conventional names.
--
SELECT * FROM junction.create('invoices', 'tags');
SELECT shape('invoice_tags');
SELECT verdict('invoice_tags');

-- The four rules, tried.
INSERT INTO invoices VALUES (1), (2);
INSERT INTO tags VALUES ('00000000-0000-0000-0000-00000000000a'), ('00000000-0000-0000-0000-00000000000b');
INSERT INTO invoice_tags SELECT i.id, t.id FROM invoices i, tags t;
\set VERBOSITY sqlstate
INSERT INTO invoice_tags VALUES (1, '00000000-0000-0000-0000-00000000000a');
INSERT INTO invoice_tags VALUES (9, '00000000-0000-0000-0000-00000000000a');
INSERT INTO invoice_tags VALUES (1, '00000000-0000-0000-0000-00000000000c');
INSERT INTO invoice_tags VALUES (1, NULL);
INSERT INTO invoice_tags VALUES (NULL, '00000000-0000-0000-0000-00000000000a');
\set VERBOSITY terse
DELETE FROM invoices WHERE id = 1;
DELETE FROM tags WHERE id = '00000000-0000-0000-0000-00000000000b';
SELECT * FROM invoice_tags;
DROP TABLE invoice_tags;

-- The key leads with the left side, whichever name comes first.
SELECT count(*) FROM junction.create('tags', 'invoices');
SELECT shape('invoice_tags');
DROP TABLE invoice_tags;

--
-- dry_run: allowed where nothing may change, changes nothing, and what it
-- returns makes the same table.
--
BEGIN READ ONLY;
SELECT step, locks FROM junction.create('invoices', 'tags', dry_run => true);
COMMIT;
SELECT to_regclass('invoice_tags');
SELECT statement FROM junction.create('invoices', 'tags', dry_run => true) \gexec
SELECT shape('invoice_tags');
DROP TABLE invoice_tags;
SELECT dry_run_is_honest('invoice_tags', $$'invoices', 'tags'$$);
DROP TABLE invoice_tags;

--
-- name: folded unless quoted, as SQL does it; columns are taken as they are.
--
SELECT count(*) FROM junction.create('invoices', 'tags', 'Labels', '{Invoice}', '{"the \"tag\""}');
SELECT shape('labels');
DROP TABLE labels;
SELECT dry_run_is_honest('"La.bels"', $$'invoices', 'tags', '"La.bels"', right_columns => '{x''); drop table tags; --}'$$);
SELECT shape('"La.bels"');
DROP TABLE "La.bels";

-- Columns that don't fit: their number, nulls, twice the same, too long, empty.
SELECT refused($$SELECT junction.create('invoices', 'tags', left_columns => '{a,b}')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', right_columns => '{}')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', left_columns => '{null}')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', left_columns => '{{a}}')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', left_columns => '{a}', right_columns => '{a}')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', left_columns => '{tag_id}')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', left_columns => '{""}')$$);
SELECT left(refused($$SELECT junction.create('invoices', 'tags', left_columns => array[repeat('x', 64)])$$), 5);
SELECT left(refused($$SELECT junction.create('invoices', 'tags', repeat('x', 64))$$), 5);
SELECT refused($$SELECT junction.create('invoices', 'tags', 'a.b.c')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', 'not a name')$$);
SELECT refused($$SELECT junction.create('invoices', 'tags', '')$$);

-- 63 bytes are a name.
SELECT count(*) FROM junction.create('invoices', 'tags', repeat('x', 63), array[repeat('y', 63)], array[repeat('z', 63)]);
SELECT shape(repeat('x', 63)::regclass);
SELECT 'DROP TABLE ' || repeat('x', 63) \gexec

-- None of those left anything.
SELECT relname FROM pg_class WHERE relnamespace = 'test_create'::regnamespace AND relkind = 'r' ORDER BY relname COLLATE "C";

--
-- Parents with composite keys: the key's order counts, not the table's; what
-- it INCLUDEs is no key; a dropped column does not shift the others.
--
CREATE TABLE rooms (gone int, floor int, building varchar(8), colour text, PRIMARY KEY (building, floor) INCLUDE (colour));
ALTER TABLE rooms DROP COLUMN gone;
CREATE TABLE staff (gone int, id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
ALTER TABLE staff DROP COLUMN gone;
SELECT count(*) FROM junction.create('rooms', 'staff');
SELECT shape('room_staff');
SELECT verdict('room_staff');
INSERT INTO rooms VALUES (2, 'north', 'red');
INSERT INTO staff DEFAULT VALUES;
INSERT INTO room_staff VALUES ('north', 2, 1);
DELETE FROM rooms;
SELECT * FROM room_staff;
DROP TABLE room_staff;
SELECT dry_run_is_honest('keys_held', $$'staff', 'rooms', 'keys_held', right_columns => '{house,level}'$$);
SELECT shape('keys_held');
DROP TABLE keys_held;
DROP TABLE rooms, staff;

--
-- shared_columns: one tenant_id in both foreign keys, which the key leads
-- with, so that a link cannot cross tenants.  A parent's primary key that holds
-- it will do, and so will a unique key, in whatever order its columns are.
--
CREATE TABLE bills (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE labels (slug text, id int PRIMARY KEY, tenant_id int NOT NULL, UNIQUE (tenant_id, slug), UNIQUE (id, tenant_id));
SELECT count(*) FROM junction.create('bills', 'labels', shared_columns => '{tenant_id}');
SELECT shape('bill_labels');
SELECT verdict('bill_labels');
INSERT INTO bills VALUES (1, 10), (2, 20);
INSERT INTO labels VALUES ('x', 100, 1), ('y', 200, 2);
INSERT INTO bill_labels VALUES (1, 10, 100), (2, 20, 200);
\set VERBOSITY sqlstate
INSERT INTO bill_labels VALUES (1, 10, 200);
INSERT INTO bill_labels VALUES (2, 10, 200);
\set VERBOSITY terse
DELETE FROM labels WHERE id = 100;
DELETE FROM bills WHERE id = 20;
SELECT * FROM bill_labels;
DROP TABLE bill_labels;
SELECT dry_run_is_honest('bill_labels', $$'bills', 'labels', shared_columns => '{tenant_id}'$$);
DROP TABLE bill_labels;

-- A shared column may be named again among a side's own.
SELECT count(*) FROM junction.create('bills', 'labels', 'b', '{tenant_id,bill}', '{label}', '{tenant_id}');
SELECT shape('b');
DROP TABLE b;

-- Two of them, in the order given.
CREATE TABLE docs (region text, tenant int, id int, PRIMARY KEY (id, tenant, region));
CREATE TABLE marks (region text, tenant int, id int, PRIMARY KEY (tenant, region, id));
SELECT count(*) FROM junction.create('docs', 'marks', shared_columns => '{region,tenant}');
SELECT shape('doc_marks');
SELECT verdict('doc_marks');
DROP TABLE doc_marks, docs, marks;

-- Refused: a parent that has no key with it, a column twice, nothing beside
-- it, types that differ.
CREATE TABLE numbered (tenant_id bigint, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tenants (tenant_id int PRIMARY KEY);
SELECT refused($$SELECT junction.create('bills', 'tags', shared_columns => '{tenant_id}')$$);
SELECT refused($$SELECT junction.create('bills', 'labels', shared_columns => '{nonesuch}')$$);
SELECT refused($$SELECT junction.create('bills', 'tenants', shared_columns => '{tenant_id}')$$);
\set VERBOSITY default
SELECT junction.create('bills', 'tenants', shared_columns => '{tenant_id}');
\set VERBOSITY terse
SELECT refused($$SELECT junction.create('bills', 'numbered', shared_columns => '{tenant_id}')$$);
SELECT refused($$SELECT junction.create('bills', 'labels', left_columns => '{tenant_id}', shared_columns => '{tenant_id}')$$);
SELECT refused($$SELECT junction.create('bills', 'labels', shared_columns => '{null}')$$);
DROP TABLE numbered, tenants, labels, bills;

--
-- Relations of a table to itself: both ends want a name.
--
CREATE TABLE users (id int PRIMARY KEY);
INSERT INTO users VALUES (1), (2), (3);
SELECT refused($$SELECT junction.create('users', 'users')$$);
SELECT refused($$SELECT junction.create('users', 'users', 'follows', left_columns => '{follower_id}')$$);
SELECT refused($$SELECT junction.create('users', 'users', 'follows', right_columns => '{followee_id}')$$);
SELECT * FROM junction.create('users', 'users', 'follows', '{follower_id}', '{followee_id}');
SELECT shape('follows');
SELECT verdict('follows');

-- It has a direction: the mirror image is another link.
INSERT INTO follows VALUES (1, 2), (2, 1), (2, 3), (3, 1);
DELETE FROM users WHERE id = 1;
SELECT * FROM follows;
DROP TABLE follows;

--
-- undirected: a friendship has no direction.  Either order may be inserted, the
-- mirror image is refused, and so it is by an UPDATE.
--
INSERT INTO users VALUES (1);
SELECT * FROM junction.create('users', 'users', 'friends', '{user_id}', '{friend_id}', undirected => true);
SELECT shape('friends');
SELECT verdict('friends');
INSERT INTO friends VALUES (1, 2);
INSERT INTO friends VALUES (3, 2);
\set VERBOSITY sqlstate
INSERT INTO friends VALUES (1, 2);
INSERT INTO friends VALUES (2, 1);
INSERT INTO friends VALUES (2, 3);
UPDATE friends SET friend_id = 3, user_id = 2 WHERE user_id = 1;
\set VERBOSITY terse
INSERT INTO friends VALUES (2, 1), (3, 1) ON CONFLICT DO NOTHING;
SELECT * FROM friends ORDER BY 1, 2;
DROP TABLE friends;
SELECT dry_run_is_honest('friends', $$'users', 'users', 'friends', '{user_id}', '{friend_id}', undirected => true, reverse_index => false$$);
SELECT shape('friends');
DROP TABLE friends;
SELECT refused($$SELECT junction.create('users', 'tags', undirected => true)$$);
SELECT refused($$SELECT junction.create('users', 'users', undirected => true)$$);

-- With ends of two columns, the ends are compared whole: (1,2)-(2,1) and
-- (1,1)-(2,2) have the same least and greatest column by column.
CREATE TABLE cells (x int, y int, PRIMARY KEY (x, y));
INSERT INTO cells VALUES (1, 1), (1, 2), (2, 1), (2, 2);
SELECT dry_run_is_honest('doors', $$'cells', 'cells', 'doors', '{x1,y1}', '{x2,y2}', undirected => true$$);
SELECT verdict('doors');
INSERT INTO doors VALUES (1, 2, 2, 1), (2, 2, 1, 1);
\set VERBOSITY sqlstate
INSERT INTO doors VALUES (2, 1, 1, 2);
INSERT INTO doors VALUES (1, 1, 2, 2);
\set VERBOSITY terse
INSERT INTO doors VALUES (1, 2, 1, 1);
SELECT * FROM doors ORDER BY x1, y1, x2, y2;
DROP TABLE doors, cells;

-- With a shared column, two tenants may have the same pair, and none its
-- mirror image.
CREATE TABLE parts (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
INSERT INTO parts VALUES (1, 1), (1, 2), (2, 1), (2, 2);
SELECT count(*) FROM junction.create('parts', 'parts', 'substitutes', '{a}', '{b}', '{tenant_id}', undirected => true);
SELECT shape('substitutes');
SELECT verdict('substitutes');
INSERT INTO substitutes VALUES (1, 1, 2), (2, 2, 1);
\set VERBOSITY sqlstate
INSERT INTO substitutes VALUES (1, 2, 1);
INSERT INTO substitutes VALUES (2, 1, 2);
\set VERBOSITY terse
DROP TABLE substitutes, parts;

-- What is lesser is for the type to say: here is one without regard to case,
-- with operators of its own, elsewhere.
RESET SESSION AUTHORIZATION;
CREATE TYPE "Test.Create".caseless;
CREATE FUNCTION "Test.Create".caseless_in(cstring) RETURNS "Test.Create".caseless LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION "Test.Create".caseless_out("Test.Create".caseless) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE "Test.Create".caseless (INPUT = "Test.Create".caseless_in, OUTPUT = "Test.Create".caseless_out, LIKE = text, CATEGORY = 'S');
CREATE CAST ("Test.Create".caseless AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE FUNCTION "Test.Create".compare(a "Test.Create".caseless, b "Test.Create".caseless) RETURNS int LANGUAGE sql IMMUTABLE STRICT
  RETURN pg_catalog.bttextcmp(lower(a::text) COLLATE "C", lower(b::text) COLLATE "C");
CREATE FUNCTION "Test.Create".lt(a "Test.Create".caseless, b "Test.Create".caseless) RETURNS bool LANGUAGE sql IMMUTABLE STRICT RETURN "Test.Create".compare(a, b) < 0;
CREATE FUNCTION "Test.Create".le(a "Test.Create".caseless, b "Test.Create".caseless) RETURNS bool LANGUAGE sql IMMUTABLE STRICT RETURN "Test.Create".compare(a, b) <= 0;
CREATE FUNCTION "Test.Create".eq(a "Test.Create".caseless, b "Test.Create".caseless) RETURNS bool LANGUAGE sql IMMUTABLE STRICT RETURN "Test.Create".compare(a, b) = 0;
CREATE FUNCTION "Test.Create".ge(a "Test.Create".caseless, b "Test.Create".caseless) RETURNS bool LANGUAGE sql IMMUTABLE STRICT RETURN "Test.Create".compare(a, b) >= 0;
CREATE FUNCTION "Test.Create".gt(a "Test.Create".caseless, b "Test.Create".caseless) RETURNS bool LANGUAGE sql IMMUTABLE STRICT RETURN "Test.Create".compare(a, b) > 0;
SET search_path = "Test.Create", pg_catalog;
CREATE OPERATOR "Test.Create".<  (FUNCTION = lt, LEFTARG = caseless, RIGHTARG = caseless, COMMUTATOR = >,  NEGATOR = >=);
CREATE OPERATOR "Test.Create".<= (FUNCTION = le, LEFTARG = caseless, RIGHTARG = caseless, COMMUTATOR = >=, NEGATOR = >);
CREATE OPERATOR "Test.Create".=  (FUNCTION = eq, LEFTARG = caseless, RIGHTARG = caseless, COMMUTATOR = =);
CREATE OPERATOR "Test.Create".>= (FUNCTION = ge, LEFTARG = caseless, RIGHTARG = caseless, COMMUTATOR = <=, NEGATOR = <);
CREATE OPERATOR "Test.Create".>  (FUNCTION = gt, LEFTARG = caseless, RIGHTARG = caseless, COMMUTATOR = <,  NEGATOR = <=);
CREATE OPERATOR CLASS caseless_ops DEFAULT FOR TYPE caseless USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(caseless, caseless);
SET SESSION AUTHORIZATION regress_junction_maker;
SET search_path = test_create;
CREATE TABLE words (word "Test.Create".caseless PRIMARY KEY);
INSERT INTO words VALUES ('A'), ('b');
SELECT count(*) FROM junction.create('words', 'words', 'synonyms', '{a}', '{b}', undirected => true);
INSERT INTO synonyms VALUES ('a', 'B');
\set VERBOSITY sqlstate
INSERT INTO synonyms VALUES ('b', 'A');
INSERT INTO synonyms VALUES ('B', 'a');
\set VERBOSITY terse
CREATE TABLE senses (word "Test.Create".caseless, n int, PRIMARY KEY (word, n));
INSERT INTO senses VALUES ('A', 1), ('b', 2);
SELECT count(*) FROM junction.create('senses', 'senses', 'antonyms', '{w1,n1}', '{w2,n2}', undirected => true);
INSERT INTO antonyms VALUES ('A', 1, 'b', 2);
\set VERBOSITY sqlstate
INSERT INTO antonyms VALUES ('b', 2, 'A', 1);
INSERT INTO antonyms VALUES ('B', 2, 'a', 1);
\set VERBOSITY terse
SELECT count(*) FROM antonyms;
DROP TABLE antonyms, senses, synonyms, words;

--
-- on delete, each side its own: what is said is what happens.
--
SELECT dry_run_is_honest('users_tags', $$'users', 'tags', 'users_tags', left_on_delete => 'restrict', right_on_delete => 'No Action'$$);
SELECT shape('users_tags');
INSERT INTO users_tags SELECT 1, id FROM tags;
-- PostgreSQL 18 tells RESTRICT from NO ACTION.
SELECT left(refused('DELETE FROM users WHERE id = 1'), 5) IN ('23001', '23503') AS restricted;
SELECT left(refused('DELETE FROM tags'), 5);
SELECT count(*) FROM users_tags;
DROP TABLE users_tags;
SELECT count(*) FROM junction.create('users', 'tags', 'users_tags', left_on_delete => 'no action', right_on_delete => 'CASCADE');
INSERT INTO users_tags SELECT 1, id FROM tags;
\set VERBOSITY sqlstate
DELETE FROM users WHERE id = 1;
\set VERBOSITY terse
DELETE FROM tags;
SELECT count(*) FROM users_tags;
DELETE FROM users WHERE id = 1;
DROP TABLE users_tags;
SELECT refused($$SELECT junction.create('users', 'tags', left_on_delete => 'set null')$$);
SELECT refused($$SELECT junction.create('users', 'tags', right_on_delete => 'set default')$$);
SELECT refused($$SELECT junction.create('users', 'tags', right_on_delete => 'cascade; drop table tags')$$);
SELECT refused($$SELECT junction.create('users', 'tags', right_on_delete => null)$$);

--
-- reverse_index => false leaves the index out, which the report then says; its
-- fix makes the table what it would have been.
--
SELECT count(*) FROM junction.create('users', 'tags', reverse_index => false);
SELECT shape('tag_users');
SELECT verdict('tag_users');
SELECT columns FROM junction.half_indexed WHERE junction = 'tag_users'::regclass;
CREATE TABLE mended AS
SELECT junction, fix FROM junction.half_indexed WHERE junction = 'tag_users'::regclass;
SELECT fix FROM mended \gexec
SELECT verdict('tag_users');
SELECT ARRAY(SELECT shape('tag_users')) AS mended \gset
DROP TABLE mended, tag_users;
SELECT count(*) FROM junction.create('users', 'tags');
SELECT ARRAY(SELECT shape('tag_users')) = :'mended' AS same;
DROP TABLE tag_users;

--
-- A name that is taken: refused, or with if_not_exists left as it is, with a
-- notice and no statement.  A type's name is taken too.
--
CREATE TABLE invoice_tags (note text);
CREATE TYPE tag_users AS ENUM ('x');
SELECT refused($$SELECT junction.create('invoices', 'tags')$$);
SELECT refused($$SELECT junction.create('users', 'tags')$$);
SELECT refused($$SELECT junction.create('users', 'tags', if_not_exists => true)$$);
SET client_min_messages = notice;
SELECT * FROM junction.create('invoices', 'tags', if_not_exists => true);
SELECT * FROM junction.create('invoices', 'tags', if_not_exists => true, dry_run => true);
SET client_min_messages = warning;
SELECT shape('invoice_tags');
DROP TABLE invoice_tags;
DROP TYPE tag_users;

-- Where the name is free, it makes the table; the statements can be run twice.
SELECT dry_run_is_honest('invoice_tags', $$'invoices', 'tags', if_not_exists => true$$);
DROP TABLE invoice_tags;
CREATE TABLE twice AS
SELECT step, run, statement FROM junction.create('users', 'users', 'friends', '{a}', '{b}', undirected => true, if_not_exists => true, dry_run => true), generate_series(1, 2) run;
SELECT statement FROM twice ORDER BY run, step \gexec
SELECT verdict('friends');
DROP TABLE friends, twice;

--
-- Persistence: what foreign keys allow.
--
CREATE UNLOGGED TABLE visits (id int PRIMARY KEY);
SELECT dry_run_is_honest('user_visits', $$'users', 'visits'$$);
SELECT shape('user_visits');
DROP TABLE user_visits;
CREATE UNLOGGED TABLE pages (id int PRIMARY KEY);
SELECT dry_run_is_honest('page_visits', $$'visits', 'pages'$$);
SELECT shape('page_visits');
DROP TABLE page_visits, pages, visits;
CREATE TEMPORARY TABLE carts (id int PRIMARY KEY);
CREATE TEMPORARY TABLE goods (id int PRIMARY KEY);
SELECT dry_run_is_honest('cart_goods', $$'carts', 'goods'$$);
SELECT shape('cart_goods');
SELECT verdict('cart_goods');
INSERT INTO carts VALUES (1);
INSERT INTO goods VALUES (1);
INSERT INTO cart_goods VALUES (1, 1);
DELETE FROM carts;
SELECT count(*) FROM cart_goods;
DROP TABLE cart_goods;
SELECT dry_run_is_honest('pg_temp.held', $$'carts', 'goods', 'pg_temp.held', undirected => false$$);
SELECT shape('pg_temp.held');
SELECT refused($$SELECT junction.create('carts', 'goods', 'test_create.held')$$);
SELECT refused($$SELECT junction.create('carts', 'users')$$);
SELECT refused($$SELECT junction.create('users', 'carts')$$);
SELECT left(refused($$SELECT junction.create('users', 'tags', 'pg_temp.tagged')$$), 5);
DROP TABLE held, carts, goods;

--
-- Schemas: the parents', if they share one and no other is named.
--
CREATE TABLE "Test.Create"."Big Things" ("Id" int PRIMARY KEY);
SELECT refused($$SELECT junction.create('users', '"Test.Create"."Big Things"')$$);
SELECT refused($$SELECT junction.create('users', '"Test.Create"."Big Things"', 'things')$$);
SELECT refused($$SELECT junction.create('users', '"Test.Create"."Big Things"', 'nowhere.things')$$);
SELECT refused($$SELECT junction.create('users', 'tags', 'pg_catalog.things')$$);
SELECT statement, locks FROM junction.create('users', '"Test.Create"."Big Things"', '"Test.Create".things');
SELECT shape('"Test.Create".things');
SELECT verdict('"Test.Create".things');
DROP TABLE "Test.Create".things;
SELECT dry_run_is_honest('test_create.things', $$'users', '"Test.Create"."Big Things"', 'test_create.things'$$);
SELECT shape('things');
DROP TABLE things;

-- The schema is that of the parents, not the first in the search_path; and a
-- table elsewhere may have the same name.
SET search_path = "Test.Create", test_create, pg_catalog;
CREATE TABLE invoice_tags ();
SELECT count(*) FROM junction.create('invoices', 'tags');
SELECT shape('test_create.invoice_tags');
DROP TABLE test_create.invoice_tags;
DROP TABLE invoice_tags;
SET search_path = test_create;

--
-- Key types: a column that refers to another has its type to the letter, with
-- its modifiers, its collation and its schema.
--
CREATE TYPE "Test.Create"."Mood" AS ENUM ('sad', 'ok');
CREATE DOMAIN "Test.Create".slug AS text COLLATE "C" CHECK (VALUE = lower(VALUE));
CREATE TABLE t1 (a varchar(20), b char(3), c numeric(10,2), d timestamptz(3), PRIMARY KEY (a, b, c, d));
CREATE TABLE t2 (a "Test.Create"."Mood", b "Test.Create".slug, c text COLLATE "POSIX", d "Test.Create"."Mood"[],
                 e bpchar, f "char", g name, h varbit(5), i interval hour to minute,
                 PRIMARY KEY (a, b, c, d, e, f, g, h, i));
SELECT dry_run_is_honest('t1_t2', $$'t1', 't2'$$);
SELECT shape('t1_t2');
SELECT verdict('t1_t2');
INSERT INTO t1 VALUES ('x', 'abc', 1.25, '2000-01-01 00:00:00.123 UTC');
INSERT INTO t2 VALUES ('sad', 'x', 'x', '{ok}', 'x  ', 'x', 'x', '101', '1:30');
INSERT INTO t1_t2 SELECT * FROM t1, t2;
SELECT count(*) FROM t1_t2;
\set VERBOSITY sqlstate
INSERT INTO t1_t2 SELECT a, 'abd', c, d, u.* FROM t1, t2 u(u1, u2, u3, u4, u5, u6, u7, u8, u9);
\set VERBOSITY terse
DELETE FROM t2;
SELECT count(*) FROM t1_t2;
DROP TABLE t1_t2, t1, t2;

--
-- A partitioned parent: the foreign key reaches all of it.
--
CREATE TABLE logs (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (1) TO (10);
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE logs_2_1 PARTITION OF logs_2 DEFAULT;
SELECT dry_run_is_honest('log_users', $$'users', 'logs'$$);
SELECT shape('log_users');
SELECT verdict('log_users');
INSERT INTO logs VALUES (1), (11);
INSERT INTO log_users VALUES (2, 1), (2, 11);
\set VERBOSITY sqlstate
INSERT INTO log_users VALUES (2, 12);
\set VERBOSITY terse
DELETE FROM logs_2_1;
SELECT * FROM log_users;
DROP TABLE log_users;
SELECT refused($$SELECT junction.create('users', 'logs_1')$$);

--
-- locks says what PostgreSQL really locks, beyond looking: the statements of a
-- dry run are run, and what they hold is compared.  Nothing may be left over
-- on either side, nor of the partitions of a parent.
--
CREATE FUNCTION unsaid_locks(arguments text) RETURNS TABLE (said text, really text) LANGUAGE plpgsql AS $$
DECLARE
  step record;
  said text[] := '{}';
  existing oid[] := ARRAY(SELECT oid FROM pg_class);
BEGIN
  FOR step IN EXECUTE format('SELECT * FROM junction.create(%s, dry_run => true)', arguments) LOOP
    EXECUTE step.statement;
    said := said || string_to_array(step.locks, ', ');
  END LOOP;
  RETURN QUERY
  SELECT s, r FROM unnest(said) s FULL JOIN
    (SELECT DISTINCT regexp_replace(upper(regexp_replace(mode, '(?<!^)([A-Z])', ' \1', 'g')), ' LOCK$', '') || ' on ' || relation::regclass
     FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
     WHERE locktype = 'relation' AND pid = pg_backend_pid() AND mode <> 'AccessShareLock'
       AND c.relkind IN ('r', 'p') AND c.relnamespace = 'test_create'::regnamespace
       AND l.relation = ANY (existing)) held(r) ON s = r
  WHERE s IS NULL OR r IS NULL
  ORDER BY s, r;
END $$;
BEGIN;
SELECT * FROM unsaid_locks($$'invoices', 'tags'$$);
ROLLBACK;
BEGIN;
SELECT * FROM unsaid_locks($$'users', 'users', 'friends', '{a}', '{b}', undirected => true$$);
ROLLBACK;
BEGIN;
SELECT * FROM unsaid_locks($$'users', 'logs'$$);
ROLLBACK;
DROP TABLE logs;

--
-- Parents that nothing can point at, and what is no parent.
--
CREATE TABLE keyless (id int UNIQUE);
CREATE TABLE deferred (id int PRIMARY KEY DEFERRABLE);
CREATE VIEW seen AS SELECT 1 AS id;
CREATE SEQUENCE counted;
SELECT refused($$SELECT junction.create('users', 'keyless')$$);
SELECT refused($$SELECT junction.create('keyless', 'users')$$);
SELECT refused($$SELECT junction.create('users', 'deferred')$$);
SELECT refused($$SELECT junction.create('users', 'seen')$$);
SELECT refused($$SELECT junction.create('counted', 'users')$$);
SELECT refused($$SELECT junction.create('users', 'users_pkey')$$);
SELECT refused($$SELECT junction.create('users', 'pg_class')$$);
SELECT refused($$SELECT junction.create('users', null)$$);
SELECT left(refused($$SELECT junction.create('users', 1)$$), 5);
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT junction.create('users', 'keyless');
SELECT junction.create('users', '"Test.Create"."Big Things"');
SELECT junction.create('users', 'users');
\set VERBOSITY terse
DROP VIEW seen;
DROP SEQUENCE counted;
DROP TABLE keyless, deferred, invoices, tags, users;

--
-- Names that are no plain words come through whole, wherever they stand.
--
CREATE TABLE "x""; drop table y; --" ("a.b" int PRIMARY KEY);
CREATE TABLE "O'Hara $1 %s" ("select" int PRIMARY KEY);
CREATE TABLE y (id int PRIMARY KEY);
SELECT dry_run_is_honest('"hard ""ones"""', $$'"x""; drop table y; --"', '"O''Hara $1 %s"', '"hard ""ones"""'$$);
SELECT shape('"hard ""ones"""');
SELECT verdict('"hard ""ones"""');
SELECT locks FROM junction.create('"x""; drop table y; --"', 'y') WHERE step = 1;
SELECT relname FROM pg_class WHERE relnamespace = 'test_create'::regnamespace AND relkind = 'r' ORDER BY relname COLLATE "C";

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_create, "Test.Create" CASCADE;
DROP ROLE regress_junction_maker;
