-- junction.measure(), the rule misjudged_endpoint, and the order of
-- junction.half_indexed and of the report: what the statistics say.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_measure;
CREATE ROLE regress_junction_measure_other;
CREATE SCHEMA measure AUTHORIZATION regress_junction_measure;
SET search_path = measure;
SET ROLE regress_junction_measure;
GRANT USAGE ON SCHEMA measure TO regress_junction_measure_other;

-- 12,000 links of 100 users to 400 orgs, each user in 120 orgs, each org with 30 users
CREATE TABLE users (id int PRIMARY KEY) WITH (autovacuum_enabled = false);
CREATE TABLE orgs (id int PRIMARY KEY) WITH (autovacuum_enabled = false);
INSERT INTO users SELECT generate_series(1, 100);
INSERT INTO orgs SELECT generate_series(1, 400);
CREATE TABLE user_orgs (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
                        PRIMARY KEY (user_id, org_id)) WITH (autovacuum_enabled = false);
CREATE INDEX ON user_orgs (org_id);
INSERT INTO user_orgs SELECT u, 1 + (u + 3 * i) % 400 FROM generate_series(1, 100) AS u, generate_series(1, 120) AS i;

CREATE VIEW misjudged AS
SELECT junction, severity, columns, message, detail, fix FROM junction.report()
WHERE rule = 'misjudged_endpoint' AND junction::text ~ '^(measure[.])?(user_orgs|parted|roles)';

-- Nothing is known before ANALYZE: no finding, and measure counts all the same.
SELECT * FROM misjudged;
SELECT * FROM junction.measure('user_orgs');
ANALYZE users, orgs, user_orgs;
SELECT * FROM misjudged;
SELECT * FROM junction.measure('user_orgs');

-- A wrong number, either way, is told from the sizes of the parents, as it is set
-- and as ANALYZE has used it.  The fix takes effect with the next ANALYZE, and
-- the finding stays until then.
ALTER TABLE user_orgs ALTER user_id SET (n_distinct = 3), ALTER org_id SET (n_distinct = -0.9);
SELECT columns, message FROM misjudged;
ANALYZE user_orgs;
\x on
SELECT * FROM misjudged;
SELECT * FROM junction.measure('user_orgs');
\x off
ALTER TABLE user_orgs ALTER user_id RESET (n_distinct);
SELECT columns, message FROM misjudged;
SELECT fix FROM misjudged \gexec
SELECT columns, message, fix FROM misjudged;
SELECT columns, expected, fix FROM junction.measure('user_orgs');
SELECT fix FROM misjudged \gexec
SELECT * FROM misjudged;
SELECT columns, expected, counted, fix FROM junction.measure('user_orgs');

-- measure's fix is exact where the bounds of the catalogs are not
ALTER TABLE user_orgs ALTER user_id SET (n_distinct = 40), ALTER org_id SET (n_distinct = 1000);
ANALYZE user_orgs;
SELECT columns, message FROM misjudged;
SELECT fix FROM junction.measure('user_orgs') \gexec
SELECT columns, expected, counted, fix FROM junction.measure('user_orgs');
SELECT fix FROM junction.measure('user_orgs') \gexec
SELECT columns, expected, counted, fix FROM junction.measure('user_orgs');

-- Only where the bounds are known and hold: not with a parent that was never
-- analyzed, a foreign key that is not validated, an end that can be null, a
-- partial key, or a table of few rows.
ALTER TABLE user_orgs ALTER user_id SET (n_distinct = 3);
ANALYZE user_orgs;
SELECT columns FROM misjudged;
BEGIN;
CREATE TABLE others (id int PRIMARY KEY);
INSERT INTO others SELECT generate_series(1, 400);
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES others;
SELECT columns FROM misjudged;
ROLLBACK;
BEGIN;
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES orgs NOT VALID;
SELECT columns FROM misjudged;
ROLLBACK;
BEGIN;
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id), ALTER org_id DROP NOT NULL;
SELECT columns FROM misjudged;
ROLLBACK;
BEGIN;
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey;
CREATE UNIQUE INDEX ON user_orgs (user_id, org_id) WHERE org_id > 0;
SELECT columns FROM misjudged;
ROLLBACK;
BEGIN;
DELETE FROM user_orgs WHERE user_id > 50;
ANALYZE user_orgs;
SELECT columns FROM misjudged;
ROLLBACK;
-- an ANALYZE that was rolled back has changed pg_class all the same
ANALYZE user_orgs;
SELECT columns FROM misjudged;
COMMENT ON TABLE user_orgs IS '@junction ignore misjudged_endpoint';
SELECT columns FROM misjudged;
COMMENT ON TABLE user_orgs IS NULL;
-- repair runs the fix
SELECT statement, locks FROM junction.repair('user_orgs', '{misjudged_endpoint}');
SELECT statement, locks FROM junction.repair('user_orgs', '{misjudged_endpoint}');
SELECT statement FROM junction.repair('user_orgs', '{misjudged_endpoint}');

-- Who may not see the statistics of a column is not told of them; nor is anyone
-- to whom row-level security applies.
ALTER TABLE user_orgs ALTER user_id SET (n_distinct = 3);
ANALYZE user_orgs;
RESET ROLE;
SET ROLE regress_junction_measure_other;
CREATE TEMP VIEW seen AS
SELECT columns FROM junction.report() WHERE rule = 'misjudged_endpoint' AND junction = 'measure.user_orgs'::regclass;
SELECT * FROM seen;
RESET ROLE;
GRANT SELECT (org_id) ON user_orgs TO regress_junction_measure_other;
SET ROLE regress_junction_measure_other;
SELECT * FROM seen;
RESET ROLE;
GRANT SELECT (user_id) ON user_orgs TO regress_junction_measure_other;
SET ROLE regress_junction_measure_other;
SELECT * FROM seen;
-- but all rows are another matter
SELECT * FROM junction.measure('user_orgs');
RESET ROLE;
GRANT SELECT ON user_orgs TO regress_junction_measure_other;
SET ROLE regress_junction_measure_other;
SELECT columns, expected, counted FROM junction.measure('user_orgs');
RESET ROLE;
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
SET ROLE regress_junction_measure_other;
SELECT * FROM seen;
SELECT * FROM junction.measure('user_orgs');
RESET ROLE;
ALTER TABLE user_orgs DISABLE ROW LEVEL SECURITY;
SET ROLE regress_junction_measure;

-- A partitioned table has statistics of its own, and another option.
CREATE TABLE parted (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
                     PRIMARY KEY (user_id, org_id)) PARTITION BY HASH (org_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 0) WITH (autovacuum_enabled = false);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 1) WITH (autovacuum_enabled = false);
INSERT INTO parted TABLE user_orgs;
ALTER TABLE parted ALTER user_id SET (n_distinct_inherited = 3), ALTER org_id SET (n_distinct = 3);
ANALYZE parted;
SELECT statement, locks FROM junction.repair('parted', '{misjudged_endpoint}', dry_run => true);
SELECT columns, message, fix FROM misjudged WHERE junction = 'parted'::regclass;
SELECT columns, rows, expected, counted, fix FROM junction.measure('parted');
SELECT fix FROM junction.measure('parted') WHERE fix IS NOT NULL \gexec
ANALYZE parted;
SELECT columns, rows, expected, counted, fix FROM junction.measure('parted');
SELECT columns FROM misjudged WHERE junction = 'parted'::regclass;

-- The count is the same by any index and by none, in any order, whatever the
-- columns are: two in an end, names that need quotes, nulls, no rows.
CREATE TABLE tenant_users (tenant_id int, "user ""id""" text COLLATE "C", PRIMARY KEY (tenant_id, "user ""id"""));
INSERT INTO tenant_users SELECT t, 'u' || u FROM generate_series(1, 3) AS t, generate_series(1, 5) AS u;
CREATE TABLE links (tenant_id int NOT NULL, "user ""id""" text COLLATE "C", org_id int REFERENCES orgs,
                    FOREIGN KEY (tenant_id, "user ""id""") REFERENCES tenant_users,
                    UNIQUE (org_id, tenant_id, "user ""id"""));
SELECT columns, parent, rows, expected, counted, rows_per_value FROM junction.measure('links');
INSERT INTO links SELECT tenant_id, "user ""id""", o FROM tenant_users, generate_series(1, 100) AS o WHERE tenant_id < 3;
INSERT INTO links VALUES (1, NULL, 1), (1, 'u1', NULL), (1, 'u2', NULL), (3, NULL, NULL);
SELECT columns, counted FROM junction.measure('links');
CREATE INDEX one ON links ("user ""id""", tenant_id);
SELECT columns, counted FROM junction.measure('links');
DROP INDEX one;
CREATE INDEX one ON links (tenant_id DESC, "user ""id""" DESC NULLS LAST);
SELECT columns, counted FROM junction.measure('links');
DROP INDEX one;
CREATE INDEX one ON links (tenant_id, "user ""id""" DESC);
SELECT columns, counted FROM junction.measure('links');
ANALYZE tenant_users, orgs, links;
SELECT columns, rows, expected, counted, fix FROM junction.measure('links');
CREATE TABLE hashed (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON hashed USING hash (org_id);
INSERT INTO hashed SELECT * FROM user_orgs WHERE user_id < 11;
SELECT columns, counted FROM junction.measure('hashed');
-- inheritance children are tables of their own
CREATE TABLE child () INHERITS (hashed);
INSERT INTO child VALUES (-1, -1);
SELECT columns, counted FROM junction.measure('hashed');
-- what is empty has no value, and no statement to tell of it
TRUNCATE hashed;
ANALYZE hashed;
SELECT columns, rows, expected, counted, rows_per_value, fix FROM junction.measure('hashed');

-- What it refuses.
SELECT * FROM junction.measure('users');
SELECT * FROM junction.measure('parted_0');
\set VERBOSITY sqlstate
SELECT * FROM junction.measure('users');
SELECT * FROM junction.measure('user_orgs_pkey');
SELECT * FROM junction.measure('parted_0');
SELECT * FROM junction.measure('pg_class');
SELECT * FROM junction.measure(NULL);
SELECT * FROM junction.measure(4294967295);
SET ROLE regress_junction_measure_other;
SELECT * FROM junction.measure('parted');
\set VERBOSITY terse
SET ROLE regress_junction_measure;
DROP TABLE parted, links, child, hashed, tenant_users;

-- The harm of a missing index: deletes from the parent, times the rows.
-- (150 users at least, or a skip scan would do less harm where the server has it)
DROP INDEX user_orgs_org_id_idx;
ALTER TABLE user_orgs ALTER user_id SET (n_distinct = 150);
CREATE TABLE never (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE small (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (org_id, user_id));
INSERT INTO small SELECT * FROM user_orgs WHERE user_id < 10;
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs,
                     PRIMARY KEY (user_id, org_id)) PARTITION BY HASH (org_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 0) PARTITION BY HASH (org_id);
CREATE TABLE parted_0_0 PARTITION OF parted_0 FOR VALUES WITH (modulus 1, remainder 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 1);
INSERT INTO parted SELECT * FROM user_orgs WHERE user_id < 60;
ANALYZE small, parted, user_orgs;
CREATE VIEW harmed AS SELECT * FROM junction.half_indexed WHERE junction::text ~ '^(never|small|parted|user_orgs)$';
SELECT junction, columns, rows, bytes = pg_relation_size(junction) AS bytes, parent_deletes FROM harmed;
SELECT bytes = (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree('parted')) AS bytes FROM harmed WHERE junction = 'parted'::regclass;
SELECT pg_stat_force_next_flush();
SELECT seq_scans AS before FROM harmed WHERE junction = 'parted'::regclass \gset
-- a user is deleted 60 times, of whom small alone would like to know
INSERT INTO users SELECT generate_series(1001, 1060);
DELETE FROM users WHERE id > 1000;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;
SELECT count(*) FROM parted WHERE org_id = 1;
RESET enable_indexscan;
RESET enable_bitmapscan;
RESET enable_indexonlyscan;
SELECT pg_stat_force_next_flush();
SELECT junction, columns, parent_deletes FROM harmed;
SELECT seq_scans > :before AS scanned FROM harmed WHERE junction = 'parted'::regclass;

-- The report: the worst severity first, then the largest table, then by name,
-- then by schema.
CREATE VIEW ordered AS
SELECT junction, rule, severity, n
FROM junction.report() WITH ORDINALITY AS r (junction, rule, severity, columns, message, detail, fix, n)
JOIN pg_class c ON c.oid = junction
WHERE relnamespace = 'measure'::regnamespace AND severity IN ('error', 'warning');
CREATE TABLE org_users (user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE "Zebra" (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SELECT junction, rule, severity FROM ordered ORDER BY n;
RESET ROLE;
CREATE SCHEMA measure_a;
CREATE TABLE measure_a.never (LIKE never INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
SELECT r.junction FROM junction.report() WITH ORDINALITY AS r (junction, rule, severity, columns, message, detail, fix, n)
JOIN pg_class c ON c.oid = junction WHERE relname = 'never' AND rule = 'half_indexed' ORDER BY n;

RESET search_path;
DROP SCHEMA measure, measure_a CASCADE;
DROP ROLE regress_junction_measure, regress_junction_measure_other;
