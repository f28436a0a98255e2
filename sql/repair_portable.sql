-- The repair in plain SQL, while others read and write: each row can be run twice, and all of them leave what the fixes leave.
\set VERBOSITY terse
CREATE SCHEMA repair_portable;
SET search_path = repair_portable;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 3);
INSERT INTO orgs SELECT generate_series(1, 3);

-- what a table is like: its columns that can be null, its constraints that are not NOT NULL, and its indexes
CREATE FUNCTION shape(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'nullable: ' || string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attnotnull HAVING count(*) > 0
    UNION ALL
    (SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = relation AND contype <> 'n' ORDER BY conname)
    UNION ALL
    (SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END FROM pg_index WHERE indrelid = relation ORDER BY 1)
$$;

-- the rows of a plan, each by what it does; and the plan itself, to be run
CREATE TABLE plan OF junction.statement;
CREATE FUNCTION make_plan(relation regclass, VARIADIC rules text[]) RETURNS TABLE (step int, what text, locks text) LANGUAGE sql AS $$
    DELETE FROM plan;
    INSERT INTO plan SELECT * FROM junction.repair(relation, rules, concurrently => true, dry_run => true);
    SELECT p.step, CASE WHEN p.statement ~ '^DO' THEN split_part(p.statement, E'\n', 2) ELSE p.statement END, p.locks
    FROM plan AS p ORDER BY p.step
$$;
-- a plan needs nothing of the extension
CREATE VIEW needs AS SELECT step FROM plan WHERE statement ~ '\mjunction\.';

-- a missing reverse index
CREATE TABLE half (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SELECT * FROM make_plan('half', 'half_indexed');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('half');
SELECT * FROM needs;

-- what a stopped build has left is dropped first, by the same rows
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'half_org_id_idx'::regclass;
SELECT 'half_org_id_idx'::regclass::oid AS stopped \gset
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('half');
SELECT 'half_org_id_idx'::regclass::oid <> :stopped AS built_again;

-- and so is one that was left by something else
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'half_org_id_idx'::regclass;
SELECT * FROM make_plan('half', 'half_indexed', 'invalid_index');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('half');

-- a key, NOT NULL, and foreign keys that cascade
CREATE TABLE loose (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs ON UPDATE CASCADE DEFERRABLE);
INSERT INTO loose VALUES (1, 1), (1, 2);
CREATE TABLE loose_twin (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs ON UPDATE CASCADE DEFERRABLE);
SELECT * FROM make_plan('loose', 'half_indexed', 'missing_pair_key', 'nullable_endpoint', 'no_cascade');
-- stopped behind each row, and run again from the first
\set ECHO none
SELECT s.statement FROM generate_series(1, (SELECT max(step) FROM plan)) AS stop JOIN plan AS s ON s.step <= stop ORDER BY stop, s.step \gexec
\set ECHO all
SELECT shape('loose');
SELECT * FROM needs;
SELECT rule FROM junction.report('loose') WHERE rule <> 'name';
-- as the fixes leave it
SELECT count(*) FROM junction.repair('loose_twin', '{half_indexed,missing_pair_key,nullable_endpoint,no_cascade}');
SELECT shape('loose') EXCEPT SELECT replace(shape('loose_twin'), 'loose_twin', 'loose');

-- a row that is run before its turn
CREATE TABLE early (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE, UNIQUE (user_id, org_id));
SELECT * FROM make_plan('early', 'nullable_endpoint');
\set ECHO none
SELECT statement FROM plan WHERE step = 3 \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan WHERE step = 2 \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('early');

-- rows in the way: counted before; those that come later stop the row that meets them, and all goes on once they are gone
CREATE TABLE twice (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE);
INSERT INTO twice VALUES (1, 1), (1, 1);
SELECT * FROM make_plan('twice', 'missing_pair_key');
TRUNCATE twice;
SELECT * FROM make_plan('twice', 'missing_pair_key');
INSERT INTO twice VALUES (1, 1), (1, 1);
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('twice');
TRUNCATE twice;
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('twice');

-- foreign keys that do not hold
CREATE TABLE unproven (user_id int REFERENCES users ON DELETE CASCADE, org_id int, PRIMARY KEY (user_id, org_id));
ALTER TABLE unproven ADD FOREIGN KEY (org_id) REFERENCES orgs ON DELETE CASCADE NOT VALID;
SELECT * FROM make_plan('unproven', 'unvalidated_foreign_key');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('unproven');
CREATE TABLE org_users (org_id int, user_id int, PRIMARY KEY (org_id, user_id));
SELECT * FROM make_plan('org_users', 'undeclared_endpoint');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('org_users');

-- a table that names and columns alone make a link
CREATE TABLE orgs_users (org_id int, user_id int);
SELECT * FROM make_plan('orgs_users', 'undeclared_endpoint');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('orgs_users');

-- what changes the catalogs only, and an index that is not needed
CREATE INDEX ON half (user_id);
ALTER TABLE half REPLICA IDENTITY NOTHING;
SET client_min_messages = error;
CREATE PUBLICATION regress_repair_portable FOR TABLE half;
RESET client_min_messages;
SELECT * FROM make_plan('half', 'redundant_index', 'no_replica_identity');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('half'), relreplident FROM pg_class WHERE oid = 'half'::regclass;
DROP PUBLICATION regress_repair_portable;

-- by partition; an index that a partition has is attached
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10) PARTITION BY LIST (org_id);
CREATE TABLE parted_1_1 PARTITION OF parted_1 DEFAULT;
CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
CREATE INDEX mine ON parted_2 (org_id);
SELECT * FROM make_plan('parted', 'half_indexed');
\set ECHO none
SELECT s.statement FROM generate_series(1, (SELECT max(step) FROM plan)) AS stop JOIN plan AS s ON s.step <= stop ORDER BY stop, s.step \gexec
\set ECHO all
SELECT t.name, shape(t.name) FROM unnest(array['parted', 'parted_1', 'parted_1_1', 'parted_2']::regclass[]) AS t (name);
SELECT * FROM needs;
-- stopped on its way, and planned anew
DROP INDEX parted_org_id_idx;
SELECT * FROM make_plan('parted', 'half_indexed') \g /dev/null
\set ECHO none
SELECT statement FROM plan WHERE step <= 3 ORDER BY step \gexec
\set ECHO all
SELECT * FROM make_plan('parted', 'half_indexed', 'invalid_index');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT shape('parted');
SELECT * FROM junction.repair('parted', '{half_indexed,invalid_index}', concurrently => true, dry_run => true);

-- a foreign key that is made anew keeps its comment
CREATE TABLE commented (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, PRIMARY KEY (user_id, org_id));
COMMENT ON CONSTRAINT commented_org_id_fkey ON commented IS 'the org';
SELECT * FROM make_plan('commented', 'no_cascade');
\set ECHO none
SELECT statement FROM plan ORDER BY step \gexec
SELECT statement FROM plan ORDER BY step \gexec
\set ECHO all
SELECT conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint') FROM pg_constraint
WHERE conrelid = 'commented'::regclass AND contype = 'f' ORDER BY 1;

-- what there are no rows for is told
CREATE TABLE deferred (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id) DEFERRABLE);
SELECT * FROM make_plan('deferred', 'deferrable_pair_key');
CREATE TABLE loose_parted (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs) PARTITION BY RANGE (user_id);
SELECT * FROM make_plan('loose_parted', 'missing_pair_key');
-- and it is a dry run only
SELECT * FROM junction.repair('half', concurrently => true);

SET client_min_messages = warning;
DROP SCHEMA repair_portable CASCADE;
