-- Distributed tables. Citus is not there: its two catalogs are, as an extension of its name would have them.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_junction_citus;
CREATE SCHEMA regress_citus AUTHORIZATION regress_junction_citus;
CREATE SCHEMA regress_citus_2 AUTHORIZATION regress_junction_citus;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (1, 'citus', 10, 'pg_catalog'::regnamespace, false, '0');
-- columns in another order than Citus has them, as they are found by name
CREATE TABLE pg_dist_partition (partmethod "char", logicalrelid regclass, repmodel "char" NOT NULL DEFAULT 's');
CREATE TABLE pg_dist_shard (shardid bigint, shardmaxvalue text, logicalrelid regclass);
ALTER TABLE pg_dist_partition SET SCHEMA pg_catalog;
ALTER TABLE pg_dist_shard SET SCHEMA pg_catalog;
GRANT ALL ON pg_catalog.pg_dist_partition, pg_catalog.pg_dist_shard TO regress_junction_citus;
SET SESSION AUTHORIZATION regress_junction_citus;
SET search_path = regress_citus;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE invoice_tags (invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags,
    CONSTRAINT pair PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE memberships (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags,
    CONSTRAINT membership_pair UNIQUE (invoice_id, tag_id));
CREATE TABLE keyless (invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags,
    UNIQUE (invoice_id, tag_id));
CREATE TABLE local (LIKE invoice_tags INCLUDING ALL, FOREIGN KEY (invoice_id) REFERENCES invoices,
    FOREIGN KEY (tag_id) REFERENCES tags);
INSERT INTO pg_dist_partition VALUES ('h', 'invoice_tags'), ('h', 'memberships'), ('h', 'keyless');

--
-- What would change the coordinator alone is refused, before the first change
--
SELECT junction.primary_to_unique('invoice_tags', 'a');
SELECT junction.unique_to_primary('keyless', 'a');
\set VERBOSITY default
SELECT junction.primary_to_unique('invoice_tags', 'a');
\set VERBOSITY sqlstate
SELECT junction.unique_to_primary('keyless', 'a');
\set VERBOSITY terse
SELECT conrelid::regclass AS table, conname, contype FROM pg_constraint
WHERE connamespace = 'regress_citus'::regnamespace AND contype IN ('p', 'u') ORDER BY 1, 2;
-- these have plain SQL, of which citus_promote.sql is
SELECT count(*) > 0 AS planned FROM junction.demote('memberships', 'members', dry_run => true);
SELECT count(*) > 0 AS planned FROM junction.promote('invoice_tags', portable => true, dry_run => true);
-- other tables are as they are anywhere
SELECT junction.primary_to_unique('local', 'a');
SELECT junction.unique_to_primary('local', 'b');
SELECT count(*) > 0 AS planned FROM junction.promote('local', dry_run => true);

--
-- Shards are left out where the whole database is looked at
--
CREATE FUNCTION make_link(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id))', name);
END $$;
SELECT make_link('invoice_tags_102008'), make_link('invoice_tags_102009'), make_link('"Odd_102010"'), make_link('"Odd"');
-- a long name is cut, and a hash of it put between
SELECT make_link('a_table_of_links_with_a_name_that_is_as_long_as_names_can_be_ok'),
       make_link(left('a_table_of_links_with_a_name_that_is_as_long_as_names_can_be_ok', 47) || '_9f0c1a2b_102011');
-- those are none: of no number, of another schema, of another table, with something else between
SELECT make_link('invoice_tags_102099'), make_link('regress_citus_2.invoice_tags_102008'), make_link('other_102008'),
       make_link('invoice_tags_9f0c1a2b_102008'), make_link('invoice_tags_'), make_link('invoice_tags_102008a'),
       make_link('invoice_tags_99999999999999999999'), make_link('invoice_tags_old_102009');
INSERT INTO pg_dist_shard VALUES (102008, '0', 'invoice_tags'), (102009, '1', 'invoice_tags'), (102010, '0', '"Odd"'),
    (102011, '0', 'a_table_of_links_with_a_name_that_is_as_long_as_names_can_be_ok'), (102012, '0', 4242::regclass);
CREATE TEMP VIEW seen AS SELECT c.oid FROM pg_class c
WHERE relnamespace IN ('regress_citus'::regnamespace, 'regress_citus_2'::regnamespace);
SELECT junction FROM junction.junctions WHERE junction IN (TABLE seen) ORDER BY junction::text COLLATE "C";
SELECT junction FROM junction.half_indexed WHERE junction IN (TABLE seen) ORDER BY junction::text COLLATE "C";
SELECT DISTINCT junction FROM junction.report() WHERE junction IN (TABLE seen) AND junction::text ~ '_102[0-9]*$' ORDER BY 1;
-- none is changed by itself
SELECT junction.primary_to_unique('invoice_tags_102008', 'a');
SELECT junction.merge('invoice_tags_102009', ROW(1, 1), ARRAY[ROW(2, 2)]);
-- one that is asked for is told of
SELECT rule FROM junction.report('invoice_tags_102008') WHERE rule = 'half_indexed';
SELECT count(*) FROM junction.repair('invoice_tags_102008', dry_run => true);
-- check counts what is left: invoice_tags_102099, and the one of the other schema
DO $$
BEGIN
    PERFORM junction.check();
EXCEPTION WHEN integrity_constraint_violation THEN
    DECLARE lines text;
    BEGIN
        GET STACKED DIAGNOSTICS lines = PG_EXCEPTION_DETAIL;
        RAISE WARNING 'named: %', (SELECT count(*) FROM regexp_matches(lines, 'invoice_tags_102(008|009|099) ', 'g'));
    END;
END $$;
-- nor are they mended with all others
CREATE TEMP TABLE before AS SELECT indexrelid FROM pg_index;
CALL junction.repair_concurrently();
SELECT indrelid::regclass AS table FROM pg_index WHERE indexrelid NOT IN (TABLE before) AND indrelid IN (TABLE seen)
ORDER BY indrelid::regclass::text COLLATE "C";
--
-- The guard is blind to shards, and silent where Citus works
--
SET junction.guard = error;
-- as Citus makes them: the shard is there before its number
BEGIN;
SELECT make_link('invoice_tags_102020');
INSERT INTO pg_dist_shard VALUES (102020, '2', 'invoice_tags');
COMMIT;
ALTER TABLE invoice_tags_102008 ADD note text;
SELECT make_link('invoice_tags_102021');
SET application_name = 'citus_internal gpid=10000000001';
SELECT make_link('moved');
SET application_name = 'citus_rebalancer gpid=10000000002';
SELECT make_link('rebalanced');
SET application_name = 'citus_run_command gpid=10000000003';
SELECT make_link('run');
SET application_name = 'my citus_internal gpid=1';
SELECT make_link('mine');
RESET application_name;
SELECT to_regclass('moved'), to_regclass('rebalanced'), to_regclass('run'), to_regclass('mine');
RESET junction.guard;

--
-- Without the extension these are tables and names as any others
--
RESET SESSION AUTHORIZATION;
DELETE FROM pg_extension WHERE extname = 'citus';
SET SESSION AUTHORIZATION regress_junction_citus;
SELECT junction FROM junction.junctions WHERE junction::text ~ '^invoice_tags_1020(08|09)$' ORDER BY junction::text;
SET junction.guard = error;
SET application_name = 'citus_internal gpid=10000000001';
SELECT make_link('moved_too');
RESET application_name;
RESET junction.guard;
SELECT junction.primary_to_unique('invoice_tags', 'a');

RESET SESSION AUTHORIZATION;
DROP VIEW seen;
DROP TABLE before, pg_catalog.pg_dist_partition, pg_catalog.pg_dist_shard;
DROP SCHEMA regress_citus, regress_citus_2 CASCADE;
DROP ROLE regress_junction_citus;
