-- junction.repair_concurrently in one session: what it refuses, what it builds
-- on a table and on a partitioned one, how it goes on, and the memory it takes.
-- With others at work: test/t/online.sh.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_builder;
CREATE ROLE regress_junction_stranger;
CREATE SCHEMA regress_build AUTHORIZATION regress_junction_builder;
GRANT USAGE, CREATE ON SCHEMA regress_build TO regress_junction_stranger;
SET SESSION AUTHORIZATION regress_junction_builder;
SET search_path = regress_build;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
GRANT REFERENCES ON users, orgs TO regress_junction_stranger;
INSERT INTO users SELECT generate_series(1, 9);
INSERT INTO orgs SELECT generate_series(1, 5);
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO links SELECT users.id, orgs.id FROM users, orgs;
CREATE TABLE "More links" (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE VIEW a_view AS SELECT * FROM links;
SET SESSION AUTHORIZATION regress_junction_stranger;
CREATE TABLE strange (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SET SESSION AUTHORIZATION regress_junction_builder;

-- the indexes of a table and its partitions, but for the primary keys'
CREATE FUNCTION indexes(top regclass) RETURNS TABLE (index text, state text, part_of regclass) LANGUAGE sql AS $$
    SELECT regexp_replace(pg_get_indexdef(indexrelid), 'regress_build\.', '', 'g'),
           CASE WHEN indisvalid THEN 'valid' ELSE 'invalid' END, inhparent::regclass
    FROM pg_index LEFT JOIN pg_inherits ON inhrelid = indexrelid
    WHERE NOT indisprimary
      AND (indrelid = top OR indrelid IN (SELECT relid FROM pg_partition_tree(top)))
    ORDER BY indexrelid::regclass::text COLLATE "C"
$$;

--
-- Refused
--
\set VERBOSITY sqlstate
BEGIN;
CALL junction.repair_concurrently('links');
ROLLBACK;
DO $$ BEGIN CALL junction.repair_concurrently('links'); END $$;
CALL junction.repair_concurrently(0::regclass);
CALL junction.repair_concurrently(1::regclass);
CALL junction.repair_concurrently('a_view');
CALL junction.repair_concurrently('strange');
CALL junction.repair_concurrently('links', lock_timeout => NULL);
CALL junction.repair_concurrently('links', lock_timeout => '0');
CALL junction.repair_concurrently('links', lock_timeout => '178000000 years');
CALL junction.repair_concurrently('links', max_wait => '24 days 1 ms');
\set VERBOSITY terse
SELECT count(*) FROM indexes('links');

--
-- One table; once more, and there is nothing to do; an index that a build has
-- left invalid is built anew
--
CALL junction.repair_concurrently('links');
SELECT * FROM indexes('links');
CALL junction.repair_concurrently('links');
RESET SESSION AUTHORIZATION;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'regress_build.links_org_id_idx'::regclass;
SET SESSION AUTHORIZATION regress_junction_builder;
SELECT * FROM indexes('links');
CALL junction.repair_concurrently('links');
SELECT * FROM indexes('links');
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'object' OR mode = 'ShareUpdateExclusiveLock');

--
-- Null is all that are the caller's
--
CALL junction.repair_concurrently(NULL);
SELECT * FROM indexes('"More links"');
SELECT * FROM indexes('strange');
DROP TABLE "More links";

--
-- A partitioned table. One partition is partitioned itself, one has its index
-- already, one has left it invalid, one has another index; two get names that
-- are cut
--
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (2);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (2) TO (5) PARTITION BY LIST (org_id);
CREATE TABLE parted_2_1 PARTITION OF parted_2 FOR VALUES IN (1, 2);
CREATE TABLE parted_2_rest PARTITION OF parted_2 DEFAULT;
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES FROM (5) TO (6);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES FROM (6) TO (7);
CREATE TABLE "parted 5: its name is as long as a name can be in PostgreSQL, a" PARTITION OF parted FOR VALUES FROM (7) TO (8);
CREATE TABLE "parted 5: its name is as long as a name can be in PostgreSQL, b" PARTITION OF parted FOR VALUES FROM (8) TO (9);
INSERT INTO parted SELECT users.id, orgs.id FROM users, orgs WHERE users.id < 9;
CREATE INDEX mine ON parted_3 (org_id);
CREATE INDEX left_over ON parted_4 (org_id);
CREATE INDEX other ON parted_1 (org_id, user_id);
RESET SESSION AUTHORIZATION;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'regress_build.left_over'::regclass;
SET SESSION AUTHORIZATION regress_junction_builder;
CALL junction.repair_concurrently('parted');
SELECT * FROM indexes('parted');
-- it goes on where one was stopped: half built, not attached
DROP INDEX parted_org_id_idx;
CREATE INDEX half ON ONLY parted (org_id);
CREATE INDEX quarter ON ONLY parted_2 (org_id);
CREATE INDEX leaf ON parted_2_1 (org_id);
ALTER INDEX quarter ATTACH PARTITION leaf;
CREATE INDEX unattached ON parted_1 (org_id);
CALL junction.repair_concurrently('parted');
SELECT * FROM indexes('parted');
SELECT served_by FROM junction.junctions WHERE junction = 'parted'::regclass;
-- a partition that is somebody else's
DROP INDEX half;
RESET SESSION AUTHORIZATION;
ALTER TABLE regress_build.parted_3 OWNER TO regress_junction_stranger;
SET SESSION AUTHORIZATION regress_junction_builder;
\set VERBOSITY sqlstate
CALL junction.repair_concurrently('parted');
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
ALTER TABLE regress_build.parted_3 OWNER TO regress_junction_builder;
SET SESSION AUTHORIZATION regress_junction_builder;
CALL junction.repair_concurrently('parted');
SELECT count(*), bool_and(state = 'valid') AS valid FROM indexes('parted');
DROP TABLE parted;

--
-- The memory does not grow with the partitions, but for the server's caches:
-- some 10 kB for each
--
RESET SESSION AUTHORIZATION;
CREATE TABLE memory (step int GENERATED ALWAYS AS IDENTITY, bytes numeric);
GRANT INSERT ON memory TO PUBLIC;
CREATE FUNCTION note_memory() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO regress_build.memory (bytes) SELECT sum(total_bytes) FROM pg_backend_memory_contexts; END $$;
SET SESSION AUTHORIZATION regress_junction_builder;
CREATE TABLE many (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY RANGE (user_id);
SELECT format('CREATE TABLE many_%s PARTITION OF many FOR VALUES FROM (%s) TO (%s)', n, n, n + 1) FROM generate_series(1, 100) AS n
\set ECHO none
\gexec
\set ECHO all
RESET SESSION AUTHORIZATION;
CREATE EVENT TRIGGER regress_junction_memory ON ddl_command_end WHEN TAG IN ('ALTER INDEX') EXECUTE FUNCTION regress_build.note_memory();
SET SESSION AUTHORIZATION regress_junction_builder;
CALL junction.repair_concurrently('many');
RESET SESSION AUTHORIZATION;
-- what is another's is told of, at once
SET SESSION AUTHORIZATION regress_junction_builder;
SET client_min_messages = notice;
CALL junction.repair_concurrently();
SET client_min_messages = warning;
RESET SESSION AUTHORIZATION;
DROP EVENT TRIGGER regress_junction_memory;
SELECT count(*), bool_and(state = 'valid') AS valid FROM indexes('many');
SELECT count(*) AS attached FROM memory;
SELECT max(bytes) - max(bytes) FILTER (WHERE step <= 10) < 10000000 AS flat FROM memory;
DROP SCHEMA regress_build CASCADE;
DROP ROLE regress_junction_builder, regress_junction_stranger;
