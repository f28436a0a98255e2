-- junction.guard: what a transaction has made of tables is judged as it commits.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_junction_guard;
CREATE SCHEMA regress_guard AUTHORIZATION regress_junction_guard;
CREATE SCHEMA regress_guard_2 AUTHORIZATION regress_junction_guard;
SELECT current_database() AS test_database \gset
GRANT CREATE ON DATABASE :test_database TO regress_junction_guard;
SET SESSION AUTHORIZATION regress_junction_guard;
SET search_path = regress_guard;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, 9);
INSERT INTO tags SELECT generate_series(1, 9);

-- It is off, and says nothing
SHOW junction.guard;
SHOW junction.guard_rules;
CREATE TABLE old (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SET junction.guard = loud;
SELECT :'SQLSTATE' AS sqlstate;

--
-- What it does: notice, warning, error
--

-- told at the commit, not at the statement; the table is there
SET client_min_messages = notice;
SET junction.guard = notice;
BEGIN;
CREATE TABLE told (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SELECT 'not yet' AS told;
COMMIT;
SELECT count(*) FROM told;
DROP TABLE told;
SET client_min_messages = warning;
-- a notice is one, for who does not want any
CREATE TABLE told (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP TABLE told;
-- what is told, in whole
\set VERBOSITY default
SET junction.guard = warning;
CREATE TABLE told (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP TABLE told;
CREATE TABLE told (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
DROP TABLE told;

-- refused, with the finding, and its fix in the hint; nothing remains
SET junction.guard = error;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SELECT :'SQLSTATE' AS sqlstate, to_regclass('refused') AS refused;
BEGIN;
INSERT INTO tags VALUES (100);
CREATE TABLE fine (id int);
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX ON refused (invoice_id);
COMMIT;
SELECT :'SQLSTATE' AS sqlstate, to_regclass('refused') AS refused, to_regclass('fine') AS fine, count(*) AS rows
FROM tags WHERE id = 100;
-- all findings are told; the first that has a fix gives the hint
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
SELECT :'SQLSTATE' AS sqlstate;
BEGIN;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE refused_too (user_id int REFERENCES users, tag_id int REFERENCES tags, PRIMARY KEY (user_id, tag_id));
COMMIT;
-- on a table that is there already, the fix is for a transaction of its own
CREATE TABLE served (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
BEGIN;
CREATE TABLE served (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX served_tag_id_idx ON served (tag_id);
COMMIT;
DROP INDEX served_tag_id_idx;
\set VERBOSITY terse

-- the index may come first or last, in any statement of the transaction
BEGIN;
CREATE TABLE late (invoice_id int, tag_id int, PRIMARY KEY (invoice_id, tag_id));
ALTER TABLE late ADD FOREIGN KEY (invoice_id) REFERENCES invoices;
CREATE INDEX ON late (tag_id);
ALTER TABLE late ADD FOREIGN KEY (tag_id) REFERENCES tags;
COMMIT;
SELECT kind FROM junction.junctions WHERE junction = 'late'::regclass;
DROP TABLE late;
-- in one message, too, which is one transaction
CREATE TABLE late (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id))\; CREATE INDEX ON late (tag_id);
SELECT kind FROM junction.junctions WHERE junction = 'late'::regclass;
DROP TABLE late;
-- a transaction that is rolled back, or has failed, is not judged
BEGIN;
CREATE TABLE gone (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
ROLLBACK;
BEGIN;
CREATE TABLE gone (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
SELECT 1 / 0;
COMMIT;
CREATE TABLE fine (id int);
DROP TABLE fine;
-- no junction, no finding
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, tag_id int REFERENCES tags, price numeric);
DROP TABLE orders;

--
-- What was there before the transaction
--
-- "old" is half-indexed: whatever else is done to it, is done
ALTER TABLE old ADD note text;
ALTER TABLE old RENAME tag_id TO label_id;
ALTER TABLE old RENAME TO older;
ALTER TABLE older SET SCHEMA regress_guard_2;
ALTER TABLE regress_guard_2.older SET SCHEMA regress_guard;
ALTER TABLE older ALTER label_id TYPE bigint;
BEGIN;
ALTER TABLE older RENAME TO old;
ALTER TABLE old RENAME label_id TO tag_id;
ALTER TABLE old ALTER tag_id TYPE int;
ALTER TABLE old DROP note;
ALTER TABLE old DROP CONSTRAINT old_pkey, ADD PRIMARY KEY (invoice_id, tag_id);
COMMIT;
-- two columns take each other's names
BEGIN;
ALTER TABLE old RENAME tag_id TO other_id;
ALTER TABLE old RENAME invoice_id TO tag_id;
ALTER TABLE old RENAME other_id TO invoice_id;
COMMIT;
BEGIN;
ALTER TABLE old RENAME tag_id TO other_id;
ALTER TABLE old RENAME invoice_id TO tag_id;
ALTER TABLE old RENAME other_id TO invoice_id;
COMMIT;
SELECT columns FROM junction.report('old') WHERE rule = 'half_indexed';
-- but one more finding is new: the key the other way round serves the other end
ALTER TABLE old DROP CONSTRAINT old_pkey, ADD PRIMARY KEY (tag_id, invoice_id);
ALTER TABLE old DROP CONSTRAINT old_pkey;
-- ... and mended is mended: what it was before comes not back
BEGIN;
CREATE INDEX old_idx ON old (tag_id);
COMMIT;
DROP INDEX old_idx;
DROP TABLE old;
CREATE TABLE fine (id int);
DROP TABLE fine;
-- a table of the same name is another
SET junction.guard = off;
CREATE TABLE old (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SET junction.guard = error;
BEGIN;
DROP TABLE old;
CREATE TABLE old (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
COMMIT;
-- nor is the whole database judged, just what was touched
CREATE TABLE fine (id int);
DROP TABLE fine;

--
-- junction.guard_rules
--
SET junction.guard_rules = half_indexed, nonsense;
SELECT :'SQLSTATE' AS sqlstate;
SET junction.guard_rules = 'half_indexed,,';
SELECT :'SQLSTATE' AS sqlstate;
SHOW junction.guard_rules;
-- only these are looked for
SET junction.guard_rules = Missing_Pair_Key, nullable_endpoint;
CREATE TABLE other (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP TABLE other;
CREATE TABLE other (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE TABLE other (invoice_id int NOT NULL REFERENCES invoices, tag_id int REFERENCES tags, UNIQUE (invoice_id, tag_id));
SET junction.guard_rules = '';
CREATE TABLE other (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
DROP TABLE other;
-- rules that look at more than the table
SET junction.guard = warning;
SET junction.guard_rules = 'name, undeclared_endpoint, no_cascade, multiway';
CREATE TABLE other (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
ALTER TABLE other ADD note text;
ALTER TABLE other DROP note;
ALTER TABLE other RENAME TO invoice_tags;
ALTER TABLE invoice_tags DROP CONSTRAINT other_tag_id_fkey;
BEGIN;
DROP TABLE invoice_tags;
CREATE TABLE invoice_tags (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE,
                           user_id int REFERENCES users ON DELETE CASCADE, PRIMARY KEY (invoice_id, tag_id, user_id));
COMMIT;
DROP TABLE invoice_tags;
-- a trigger that does not fire any more, a child that keys do not reach
SET junction.guard_rules = 'unvalidated_foreign_key, inherited';
BEGIN;
CREATE TABLE invoice_tags (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int, PRIMARY KEY (invoice_id, tag_id));
ALTER TABLE invoice_tags ADD CONSTRAINT later FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE NOT VALID;
COMMIT;
ALTER TABLE invoice_tags VALIDATE CONSTRAINT later;
ALTER TABLE invoice_tags ADD note text;
CREATE TABLE child () INHERITS (invoice_tags);
RESET SESSION AUTHORIZATION;
ALTER TABLE regress_guard.invoice_tags DISABLE TRIGGER ALL;
SET SESSION AUTHORIZATION regress_junction_guard;
DROP TABLE child, invoice_tags;
-- of two indexes that are redundant in the same way, one was there
SET junction.guard_rules = redundant_index;
CREATE TABLE twice (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX twice_1 ON twice (tag_id);
CREATE INDEX twice_2 ON twice (tag_id);
CREATE INDEX twice_3 ON twice (tag_id);
DROP TABLE twice;
RESET junction.guard_rules;
-- what the rule takes less seriously than it does otherwise, such as a key over the rows that live, is let pass
CREATE TABLE soft (invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags, deleted_at timestamptz);
BEGIN;
CREATE UNIQUE INDEX ON soft (invoice_id, tag_id) WHERE deleted_at IS NULL;
CREATE INDEX ON soft (invoice_id);
CREATE INDEX ON soft (tag_id);
COMMIT;
SELECT rule, severity FROM junction.report('soft') WHERE rule IN ('half_indexed', 'missing_pair_key', 'nullable_endpoint');
DROP TABLE soft;
SET junction.guard = error;

--
-- Savepoints, and what does not last
--
BEGIN;
CREATE TABLE fine (id int);
SAVEPOINT here;
CREATE TABLE gone (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
ROLLBACK TO here;
COMMIT;
SELECT to_regclass('fine') AS fine;
DROP TABLE fine;
-- the table outlives the savepoint, its index does not
BEGIN;
CREATE TABLE partly (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SAVEPOINT here;
CREATE INDEX ON partly (tag_id);
ROLLBACK TO here;
COMMIT;
-- its index was not dropped, after all
BEGIN;
SAVEPOINT here;
DROP INDEX served_tag_id_idx;
ROLLBACK TO here;
COMMIT;
-- released; and what comes after the savepoint counts
BEGIN;
SAVEPOINT here;
CREATE TABLE partly (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
RELEASE here;
SAVEPOINT there;
CREATE INDEX ON partly (tag_id);
RELEASE there;
COMMIT;
BEGIN;
SAVEPOINT here;
DROP INDEX partly_tag_id_idx;
RELEASE here;
COMMIT;
DROP TABLE partly;
-- an exception in PL/pgSQL is one too
DO $$
BEGIN
    BEGIN
        CREATE TABLE gone (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
        RAISE EXCEPTION 'back';
    EXCEPTION WHEN raise_exception THEN
    END;
    CREATE TABLE fine (id int);
END $$;
DROP TABLE fine;
-- made and dropped
BEGIN;
CREATE TABLE gone (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
DROP TABLE gone;
COMMIT;
BEGIN;
DROP INDEX served_tag_id_idx;
DROP TABLE served;
ROLLBACK;
BEGIN;
CREATE SCHEMA regress_guard_3;
CREATE TABLE regress_guard_3.gone (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
SET LOCAL client_min_messages = error;
DROP SCHEMA regress_guard_3 CASCADE;
COMMIT;
-- temporary tables, and what ON COMMIT does to them after the judgement
CREATE TEMP TABLE short (id int PRIMARY KEY);
BEGIN;
CREATE TEMP TABLE passing (short_id int REFERENCES short, other_id int REFERENCES short, PRIMARY KEY (short_id, other_id));
CREATE TEMP TABLE passing_too (id int) ON COMMIT DROP;
CREATE TEMP TABLE passing_rows (id int) ON COMMIT DELETE ROWS;
COMMIT;
CREATE TABLE fine (id int);
CREATE TEMP TABLE passing_too ON COMMIT DROP AS SELECT 1 AS id;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP TABLE fine, passing, passing_rows, short;

--
-- All the ways to make a table
--
-- these have no foreign keys, until they get them
CREATE TABLE pairs AS SELECT 1 AS invoice_id, 1 AS tag_id;
SELECT 2 AS invoice_id, 2 AS tag_id INTO more_pairs;
ALTER TABLE pairs ADD PRIMARY KEY (invoice_id, tag_id), ADD FOREIGN KEY (invoice_id) REFERENCES invoices;
ALTER TABLE pairs ADD FOREIGN KEY (tag_id) REFERENCES tags;
BEGIN;
CREATE INDEX ON pairs (tag_id);
ALTER TABLE pairs ADD FOREIGN KEY (tag_id) REFERENCES tags;
COMMIT;
BEGIN;
CREATE TABLE even_more AS TABLE pairs;
ALTER TABLE even_more ADD FOREIGN KEY (invoice_id) REFERENCES invoices, ADD FOREIGN KEY (tag_id) REFERENCES tags;
COMMIT;
BEGIN;
SELECT * INTO even_more FROM pairs;
ALTER TABLE even_more ADD FOREIGN KEY (invoice_id) REFERENCES invoices, ADD FOREIGN KEY (tag_id) REFERENCES tags,
    ADD PRIMARY KEY (invoice_id, tag_id);
COMMIT;
-- LIKE copies indexes, and no foreign keys
CREATE TABLE alike (LIKE served INCLUDING ALL);
DROP TABLE alike;
CREATE TABLE alike (LIKE served INCLUDING ALL, FOREIGN KEY (invoice_id) REFERENCES invoices, FOREIGN KEY (tag_id) REFERENCES tags);
DROP TABLE alike;
CREATE TABLE alike (LIKE served, FOREIGN KEY (invoice_id) REFERENCES invoices, FOREIGN KEY (tag_id) REFERENCES tags,
                    PRIMARY KEY (invoice_id, tag_id));
-- a schema with all that is in it; inheritance
CREATE SCHEMA regress_guard_3
    CREATE TABLE pairs (invoice_id int REFERENCES regress_guard.invoices, tag_id int REFERENCES regress_guard.tags, PRIMARY KEY (invoice_id, tag_id));
CREATE SCHEMA regress_guard_3
    CREATE TABLE pairs (invoice_id int REFERENCES regress_guard.invoices, tag_id int REFERENCES regress_guard.tags, PRIMARY KEY (invoice_id, tag_id))
    CREATE INDEX ON pairs (tag_id);
DROP TABLE regress_guard_3.pairs;
DROP SCHEMA regress_guard_3;
CREATE TABLE child (FOREIGN KEY (invoice_id) REFERENCES invoices, FOREIGN KEY (tag_id) REFERENCES tags) INHERITS (served);
CREATE UNLOGGED TABLE unlogged (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP TABLE pairs, more_pairs;

--
-- Partitions: the root is judged
--
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
BEGIN;
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE INDEX parted_idx ON parted (tag_id);
COMMIT;
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 3, remainder 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (modulus 3, remainder 1) PARTITION BY LIST (invoice_id);
CREATE TABLE parted_1_1 PARTITION OF parted_1 FOR VALUES IN (1);
-- attached, with an index of its own or without
CREATE TABLE parted_2 (invoice_id int NOT NULL, tag_id int NOT NULL);
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES WITH (modulus 3, remainder 2);
-- an index of a partition alone serves nobody at the root, and cannot go without the root's
DROP INDEX parted_idx;
SELECT count(*) FROM junction.report('parted') WHERE rule = 'half_indexed';
BEGIN;
DROP INDEX parted_idx;
CREATE INDEX parted_idx ON ONLY parted (tag_id);
COMMIT;
BEGIN;
DROP INDEX parted_idx;
CREATE INDEX parted_idx ON ONLY parted (tag_id);
CREATE INDEX parted_0_idx ON parted_0 (tag_id);
CREATE INDEX parted_1_idx ON parted_1 (tag_id);
CREATE INDEX parted_2_idx ON parted_2 (tag_id);
ALTER INDEX parted_idx ATTACH PARTITION parted_0_idx;
ALTER INDEX parted_idx ATTACH PARTITION parted_1_idx;
ALTER INDEX parted_idx ATTACH PARTITION parted_2_idx;
COMMIT;
-- step by step, where the index was missing all along
SET junction.guard = off;
DROP INDEX parted_idx;
SET junction.guard = error;
CREATE TABLE parted_1_2 PARTITION OF parted_1 FOR VALUES IN (2);
CREATE INDEX parted_idx ON ONLY parted (tag_id);
CREATE INDEX parted_0_idx ON parted_0 (tag_id);
CREATE INDEX parted_1_idx ON parted_1 (tag_id);
CREATE INDEX parted_2_idx ON parted_2 (tag_id);
ALTER INDEX parted_idx ATTACH PARTITION parted_0_idx;
ALTER INDEX parted_idx ATTACH PARTITION parted_1_idx;
ALTER INDEX parted_idx ATTACH PARTITION parted_2_idx;
SELECT count(*) FROM junction.report('parted') WHERE rule IN ('half_indexed', 'invalid_index');
-- detached, it is a table by itself, and has what it had
ALTER TABLE parted DETACH PARTITION parted_2;
ALTER TABLE parted_2 ADD note text;
DROP INDEX parted_2_idx;
DROP TABLE parted_2;
-- ... and of a root that was half-indexed, a finding that was there
SET junction.guard = off;
DROP INDEX parted_idx;
SET junction.guard = error;
ALTER TABLE parted DETACH PARTITION parted_0;
ALTER TABLE parted_0 ADD note text;
BEGIN;
ALTER TABLE parted DETACH PARTITION parted_1;
ALTER TABLE parted_1 ADD note text;
COMMIT;
DROP TABLE parted, parted_0, parted_1;

--
-- All the ways to spoil one
--
ALTER TABLE served DROP CONSTRAINT served_pkey;
ALTER TABLE served DROP tag_id;
ALTER TABLE served ADD tag_id int REFERENCES tags;
SELECT to_regclass('served_tag_id_idx') AS served_tag_id_idx;
DROP TABLE served;
BEGIN;
CREATE TABLE served (invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags, role text);
ALTER TABLE served ADD CONSTRAINT served_key UNIQUE (invoice_id, tag_id);
CREATE INDEX served_tag_id_idx ON served (tag_id);
COMMIT;
ALTER TABLE served ALTER tag_id DROP NOT NULL;
-- a payload without its key is no junction any more; one without its own column is
ALTER TABLE served DROP CONSTRAINT served_key;
ALTER TABLE served DROP role;
BEGIN;
ALTER TABLE served DROP role;
ALTER TABLE served ADD CONSTRAINT served_key UNIQUE (invoice_id, tag_id);
COMMIT;
-- an integer index is none for a foreign key that compares numerics
SELECT count(*) FROM junction.report('served') WHERE rule IN ('half_indexed', 'missing_pair_key', 'nullable_endpoint');
ALTER TABLE served ALTER tag_id TYPE bigint;
ALTER TABLE served ALTER tag_id TYPE numeric;
BEGIN;
ALTER TABLE tags ALTER id TYPE numeric;
ALTER TABLE served ALTER tag_id TYPE numeric;
ROLLBACK;
ALTER TABLE tags ALTER id TYPE numeric;
-- by a foreign key a table becomes a junction
CREATE TABLE becoming (invoice_id int REFERENCES invoices, user_id int, PRIMARY KEY (invoice_id, user_id));
ALTER TABLE becoming ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE becoming ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;
BEGIN;
CREATE INDEX becoming_idx ON becoming (user_id);
ALTER TABLE becoming ADD CONSTRAINT becoming_fkey FOREIGN KEY (user_id) REFERENCES users;
COMMIT;
-- the reverse index, the foreign key with it, the foreign key alone
DROP INDEX becoming_idx;
ALTER INDEX becoming_idx RENAME TO becoming_index;
ALTER INDEX becoming_index SET (fillfactor = 80);
DROP INDEX CONCURRENTLY becoming_index;
SELECT indisvalid, indisready, indislive FROM pg_index WHERE indexrelid = 'becoming_index'::regclass;
BEGIN;
DROP INDEX becoming_index;
ALTER TABLE becoming DROP CONSTRAINT becoming_fkey;
ROLLBACK;
-- one index for another
BEGIN;
DROP INDEX becoming_index;
CREATE INDEX becoming_index ON becoming USING hash (user_id);
COMMIT;
BEGIN;
DROP INDEX becoming_index;
CREATE INDEX becoming_index ON becoming (user_id) WHERE invoice_id > 3;
COMMIT;
-- a parent goes, and the foreign key with it: no junction any more
SET client_min_messages = error;
DROP TABLE users CASCADE;
SET client_min_messages = warning;
SELECT kind FROM junction.junctions WHERE junction = 'becoming'::regclass;
DROP TABLE becoming;
CREATE TABLE users (id int PRIMARY KEY);
-- what an index rests on goes, and the index with it; what it was before can be told still
CREATE FUNCTION is_odd(bigint) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 % 2 = 1';
BEGIN;
DROP INDEX served_tag_id_idx;
CREATE INDEX odd_idx ON served (tag_id) WHERE is_odd(tag_id) IS NOT NULL;
CREATE INDEX served_tag_id_idx ON served (tag_id) WHERE tag_id IS NOT NULL;
COMMIT;
SET client_min_messages = error;
DROP FUNCTION is_odd CASCADE;
RESET SESSION AUTHORIZATION;
CREATE OPERATOR CLASS regress_guard.other_ops FOR TYPE bigint USING btree
    AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint8cmp(bigint, bigint);
CREATE INDEX other_idx ON regress_guard.served (tag_id regress_guard.other_ops);
DROP INDEX regress_guard.served_tag_id_idx;
DROP OPERATOR FAMILY regress_guard.other_ops USING btree CASCADE;
SET SESSION AUTHORIZATION regress_junction_guard;
SET client_min_messages = warning;

--
-- Concurrent builds, each of several transactions
--
SET junction.guard = off;
CREATE TABLE half (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, note text, PRIMARY KEY (invoice_id, tag_id));
SET junction.guard = error;
INSERT INTO half VALUES (1, 1, 'same'), (2, 1, 'same');
CREATE INDEX CONCURRENTLY half_idx ON half (tag_id);
SELECT count(*) FROM junction.half_indexed WHERE junction = 'half'::regclass;
REINDEX INDEX CONCURRENTLY half_idx;
REINDEX TABLE CONCURRENTLY half;
REINDEX TABLE half;
-- what is dropped concurrently is told once, as what it leaves
\set VERBOSITY default
DROP INDEX CONCURRENTLY half_idx;
SELECT indisvalid, indisready, indislive FROM pg_index WHERE indexrelid = 'half_idx'::regclass;
SET junction.guard = warning;
DROP INDEX CONCURRENTLY half_idx;
\set VERBOSITY terse
SELECT to_regclass('half_idx') AS half_idx;
-- a build that fails leaves an index that serves nobody; that is no worse than before
SET junction.guard = error;
CREATE UNIQUE INDEX CONCURRENTLY half_idx ON half (tag_id, note);
SELECT rule FROM junction.report('half') WHERE rule IN ('half_indexed', 'invalid_index');
-- but it does not replace one that is dropped, before what mends it has run: REINDEX CONCURRENTLY runs by itself
CREATE INDEX half_tag_id_idx ON half (tag_id);
\set VERBOSITY default
DROP INDEX half_tag_id_idx;
\set VERBOSITY terse
SET junction.guard = off;
DROP INDEX half_tag_id_idx;
SET junction.guard = error;
ALTER TABLE half ADD remark text;
DROP INDEX half_idx;
CREATE UNIQUE INDEX CONCURRENTLY half_idx ON half (tag_id, note);
DROP INDEX CONCURRENTLY half_idx;
CREATE UNIQUE INDEX CONCURRENTLY half_idx ON half (tag_id, note);
UPDATE half SET note = 'other' WHERE invoice_id = 2;
REINDEX INDEX CONCURRENTLY half_idx;
SELECT rule FROM junction.report('half') WHERE rule IN ('half_indexed', 'invalid_index');
-- another index serves too: one of the two may go
CALL junction.repair_concurrently('half');
CREATE INDEX CONCURRENTLY half_idx_2 ON half (tag_id);
DROP INDEX CONCURRENTLY half_idx;
DROP INDEX half_idx_2;
DROP TABLE half;

--
-- Two phases: judged where it is prepared
--
-- (where the server has no room for prepared transactions, it is committed at once)
SELECT CASE WHEN possible THEN $$PREPARE TRANSACTION 'regress_junction_guard'$$ ELSE 'COMMIT' END AS prepare,
       CASE WHEN possible THEN $$COMMIT PREPARED 'regress_junction_guard'$$ ELSE 'RESET junction.guard_rules' END AS commit_prepared
FROM (SELECT current_setting('max_prepared_transactions')::int > 0 AS possible) AS two_phases \gset
BEGIN;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
PREPARE TRANSACTION 'regress_junction_guard';
SELECT :'SQLSTATE' AS sqlstate;
BEGIN;
CREATE TABLE prepared (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX prepared_idx ON prepared (tag_id);
:prepare;
CREATE TABLE fine (id int);
:commit_prepared;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SET junction.guard = warning;
BEGIN;
DROP INDEX prepared_idx;
:prepare;
:commit_prepared;
DROP TABLE fine, prepared;
SET junction.guard = error;

--
-- Parallel workers
--
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_maintenance_workers = 2;
SET maintenance_work_mem = '128MB';
BEGIN;
CREATE TABLE many (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id)) WITH (parallel_workers = 2);
INSERT INTO many SELECT i.id, t.id FROM invoices i, tags t;
CREATE INDEX ON many (tag_id);
COMMIT;
-- since 16 by another name
SELECT name AS forcing FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
SET :forcing = on;
DROP INDEX many_tag_id_idx;
BEGIN;
CREATE TABLE counted AS SELECT tag_id, count(*) FROM many GROUP BY tag_id;
SELECT count(*) FROM many;
COMMIT;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
RESET :forcing;
RESET maintenance_work_mem;
RESET max_parallel_maintenance_workers;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;
DROP TABLE many, counted;

--
-- The verbs
--
SELECT count(*) FROM junction.create('invoices', 'tags');
SELECT count(*) FROM junction.create('invoices', 'users', reverse_index => false);
SELECT to_regclass('invoice_users') AS invoice_users;
SELECT count(*) > 0 AS promoted FROM junction.promote('invoice_tags', 'labels', id_type => 'bigint');
SELECT count(*) > 0 AS demoted FROM junction.demote('labels', 'invoice_tags');
SELECT count(*) > 0 AS promoted FROM junction.promote('invoice_tags', 'labels', id_type => 'bigint', keep_old_name => true, portable => true);
SELECT count(*) > 0 AS demoted FROM junction.demote('labels');
CALL junction.promote_concurrently('invoice_tags', 'labels');
SELECT count(*) > 0 AS demoted FROM junction.demote('labels', 'invoice_tags');
SELECT junction.primary_to_unique('invoice_tags', 'pair');
SELECT junction.unique_to_primary('invoice_tags', 'pair');
DROP TABLE invoice_tags;
SET junction.guard = off;
CREATE TABLE half (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
SET junction.guard = error;
SELECT count(*) FROM junction.repair('half', '{missing_pair_key}');
SELECT count(*) FROM junction.repair('half');
DROP TABLE half;

--
-- Silenced by a comment
--
BEGIN;
CREATE TABLE meant (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
COMMENT ON TABLE meant IS 'Read one way. @junction ignore half_indexed';
COMMIT;
ALTER TABLE meant DROP CONSTRAINT meant_pkey;
-- to take the comment back brings the finding back, which was there
COMMENT ON TABLE meant IS NULL;
BEGIN;
COMMENT ON TABLE meant IS '@junction ignore half_indexed';
ALTER TABLE meant ADD note text;
COMMIT;
BEGIN;
COMMENT ON TABLE meant IS NULL;
ALTER TABLE meant DROP note;
COMMIT;
DROP TABLE meant;

--
-- Where the commands come from
--
CREATE FUNCTION make(name text, served bool) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id))', name);
    IF served THEN
        EXECUTE format('CREATE INDEX ON %I (tag_id)', name);
    END IF;
END $$;
SELECT make('made', false);
SELECT make('made', true);
DO $$ BEGIN PERFORM make('made_too', true); PERFORM make('refused', false); END $$;
SELECT to_regclass('made_too') AS made_too;
-- where a procedure commits
CREATE PROCEDURE migrate() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM make('first', true);
    COMMIT;
    PERFORM make('second', false);
    COMMIT;
    PERFORM make('third', true);
END $$;
CALL migrate();
SELECT to_regclass('first') AS first, to_regclass('second') AS second, to_regclass('third') AS third;
DROP TABLE first;
SET junction.guard = warning;
CALL migrate();
SELECT to_regclass('first') AS first, to_regclass('second') AS second, to_regclass('third') AS third;
DROP TABLE made, first, second, third;
SET junction.guard = error;
-- a cursor that outlives the transaction
BEGIN;
DECLARE over CURSOR WITH HOLD FOR SELECT id FROM tags ORDER BY id;
SELECT make('made', true);
COMMIT;
FETCH over;
CLOSE over;
-- a deferred trigger that fires in the commit itself
CREATE FUNCTION make_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM make('refused', false); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION make_late();
INSERT INTO users VALUES (1);
SELECT count(*) FROM users;
DROP TRIGGER late ON users;
-- serializable, and a snapshot that is older than what others have done
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM tags;
SELECT make('refused', false);
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT make('made_too', true);
ALTER TABLE made ADD note text;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
DROP TABLE made_too;
COMMIT;
-- a transaction that ends as a read-only one
BEGIN;
SELECT make('refused', false);
SET TRANSACTION READ ONLY;
COMMIT;
SET junction.guard = warning;
BEGIN;
SELECT make('made_too', false);
SET TRANSACTION READ ONLY;
COMMIT;
DROP TABLE made_too;
BEGIN READ ONLY;
SELECT make('refused', false);
COMMIT;
-- two transactions in one
SET junction.guard = error;
BEGIN;
SELECT make('refused', false);
COMMIT AND CHAIN;
SELECT make('made_too', true);
COMMIT;
SELECT to_regclass('refused') AS refused, to_regclass('made_too') AS made_too;
DROP TABLE made, made_too;

--
-- Set within the transaction: what is done while it is off is not seen, and
-- what holds at the commit is done
--
BEGIN;
SET LOCAL junction.guard = warning;
SELECT make('told', false);
COMMIT;
SHOW junction.guard;
BEGIN;
SELECT make('unseen', false);
SET LOCAL junction.guard = off;
COMMIT;
DROP TABLE told, unseen;
BEGIN;
SET LOCAL junction.guard = off;
SELECT make('unseen', false);
SET LOCAL junction.guard = error;
CREATE TABLE fine (id int);
COMMIT;
DROP TABLE fine, unseen;
SET junction.guard = off;
BEGIN;
SET LOCAL junction.guard = error;
SELECT make('refused', false);
COMMIT;
SELECT make('unseen', false);
DROP TABLE unseen;
SET junction.guard = error;
ALTER FUNCTION make SET junction.guard = off;
SELECT make('unseen', false);
ALTER FUNCTION make RESET junction.guard;
DROP TABLE unseen;
-- a savepoint takes a setting back
BEGIN;
SAVEPOINT here;
SET LOCAL junction.guard = off;
ROLLBACK TO here;
SELECT make('refused', false);
COMMIT;
-- an owner's right, or any role's, to set it for themselves
SELECT context FROM pg_settings WHERE name = 'junction.guard';

--
-- When the guard itself fails
--
RESET SESSION AUTHORIZATION;
SET search_path = regress_guard;
SET junction.guard = warning;
-- a catalog that cannot be read: too many operators
BEGIN;
SELECT make('broken', false);
UPDATE pg_constraint SET conpfeqop = array_fill(0::oid, '{99}') WHERE conrelid = 'broken'::regclass AND contype = 'f';
COMMIT;
SELECT to_regclass('broken') AS broken;
DROP TABLE broken;
SET junction.guard = notice;
SET client_min_messages = notice;
BEGIN;
SELECT make('broken', false);
UPDATE pg_constraint SET conpfeqop = array_fill(0::oid, '{99}') WHERE conrelid = 'broken'::regclass AND contype = 'f';
COMMIT;
SET client_min_messages = warning;
SELECT make('told', false);
SELECT to_regclass('broken') AS broken, to_regclass('told') AS told;
DROP TABLE broken, told;
SET junction.guard = error;
BEGIN;
SELECT make('broken', false);
UPDATE pg_constraint SET conpfeqop = array_fill(0::oid, '{99}') WHERE conrelid = 'broken'::regclass AND contype = 'f';
COMMIT;
SELECT to_regclass('broken') AS broken;

--
-- Extensions: their tables are not the user's to change
--
BEGIN;
SELECT make('member', false);
ALTER EXTENSION plpgsql ADD TABLE member;
COMMIT;
ALTER TABLE member ADD note text;
ALTER TABLE member DROP CONSTRAINT member_pkey;
ALTER EXTENSION plpgsql DROP TABLE member;
DROP TABLE member;
-- other event triggers beside: one that makes the index that is missing
CREATE FUNCTION serve() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('served_by_trigger') IS NOT NULL AND to_regclass('served_by_trigger_idx') IS NULL THEN
        CREATE INDEX served_by_trigger_idx ON served_by_trigger (tag_id);
    END IF;
END $$;
CREATE EVENT TRIGGER regress_junction_guard ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION serve();
SELECT make('served_by_trigger', false);
DROP EVENT TRIGGER regress_junction_guard;
SELECT to_regclass('served_by_trigger') AS served_by_trigger;
DROP TABLE served_by_trigger;
-- the function of the event trigger is nothing else's
SELECT junction._load_guard();
SET junction.guard = off;
DROP TABLE served;
DROP SCHEMA regress_guard_2;

--
-- For a database, for a role: new sessions, whose first command it is that
-- loads the library
--
CREATE DATABASE regress_junction_guard OWNER regress_junction_guard;
ALTER DATABASE regress_junction_guard SET lc_messages = 'C';
ALTER DATABASE regress_junction_guard SET junction.guard = 'warning';
\c regress_junction_guard
SET client_min_messages = warning;
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
\c
CREATE TABLE told (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
\c
DROP TABLE told;
\c
SELECT 1 AS one INTO one;
CREATE TABLE told (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
-- the index is gone by the time that a trigger at the end could look
CREATE INDEX told_idx ON told (tag_id);
\c
DROP INDEX told_idx;
\c
DO $$ BEGIN CREATE TABLE told_too (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id)); END $$;
\c
ALTER DATABASE regress_junction_guard SET junction.guard_rules = 'half_indexed';
\c
CREATE TABLE untold (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
DROP TABLE untold;
-- the role's comes before the database's
ALTER ROLE CURRENT_USER IN DATABASE regress_junction_guard SET junction.guard = 'error';
\c
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
ALTER ROLE CURRENT_USER IN DATABASE regress_junction_guard RESET junction.guard;
-- a value that is none, which nobody could know before the library was loaded, is told and not used
\c
ALTER DATABASE regress_junction_guard SET junction.guard_rules = 'nonsense';
\c
CREATE TABLE fine (id int);
SHOW junction.guard_rules;
ALTER DATABASE regress_junction_guard RESET junction.guard_rules;
-- the owner of a database may set it, where the library is loaded
SET ROLE regress_junction_guard;
ALTER DATABASE regress_junction_guard SET junction.guard = 'error';
RESET ROLE;
\c
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));

-- The extension goes, and the guard with it, in this session too
DROP EXTENSION junction;
CREATE TABLE unseen (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP TABLE unseen;
-- it comes, and with it the guard
CREATE EXTENSION junction;
CREATE TABLE refused (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
BEGIN;
CREATE TABLE unseen (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
DROP EXTENSION junction;
COMMIT;
\c
-- the very first command of a session
CREATE EXTENSION junction;
\c :test_database
SET client_min_messages = warning;
DROP DATABASE regress_junction_guard;
DROP SCHEMA regress_guard CASCADE;
REVOKE CREATE ON DATABASE :test_database FROM regress_junction_guard;
DROP ROLE regress_junction_guard;
