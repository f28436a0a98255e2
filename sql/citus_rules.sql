-- The rules about distributed tables, with a stand-in for Citus.
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/test/lib/citus.sql'
\set ECHO none
\i :file
\set ECHO all
CREATE VIEW found AS SELECT junction, rule, severity, columns, message, detail, fix FROM junction.report()
WHERE rule IN ('local_beside_distributed', 'not_colocated', 'fan_out')
    AND junction IN (SELECT oid FROM pg_class WHERE relnamespace = 'regress_citus'::regnamespace)
ORDER BY junction::text COLLATE "C", rule, columns;

CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE accounts (gone int, tenant_id int NOT NULL, id int NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE accounts DROP COLUMN gone;
CREATE TABLE plans (tenant_id int NOT NULL, id int NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE account_plans (tenant_id int, account_id int, plan_id int, PRIMARY KEY (tenant_id, account_id, plan_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans ON DELETE CASCADE);
CREATE INDEX ON account_plans (tenant_id, plan_id);
CREATE TABLE user_tags (user_id int REFERENCES users ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE,
    PRIMARY KEY (user_id, tag_id));
CREATE INDEX ON user_tags (tag_id);
CREATE TABLE follows (user_id int REFERENCES users ON DELETE CASCADE, followee_id int REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (user_id, followee_id));
CREATE INDEX ON follows (followee_id);

-- all local
TABLE found;

-- parents distributed, tables local
SELECT distribute('accounts', 'tenant_id', 1), distribute('plans', 'tenant_id', 1), distribute('users', 'id', 2);
\a
\x on
TABLE found;
-- a reference table at the other end; and a tenant's schema
SELECT distribute('tags', NULL, 3, 'n', 't');
UPDATE pg_dist_partition SET partmethod = 'n', partkey = NULL WHERE logicalrelid IN ('accounts'::regclass, 'plans'::regclass);
SELECT junction, rule, fix FROM found WHERE junction IN ('account_plans'::regclass, 'user_tags'::regclass);
-- parents apart
UPDATE pg_dist_partition SET colocationid = 4 WHERE logicalrelid = 'plans'::regclass;
TABLE found;
\x off
\a
DELETE FROM pg_dist_partition;

-- all distributed, as they can be
SELECT distribute('accounts', 'tenant_id', 1), distribute('plans', 'tenant_id', 1), distribute('account_plans', 'tenant_id', 1),
    distribute('users', 'id', 2), distribute('tags', NULL, 3, 'n', 't'), distribute('user_tags', 'user_id', 2);
\a
\x on
TABLE found;
-- co-location is lost
UPDATE pg_dist_partition SET colocationid = 5 WHERE logicalrelid = 'user_tags'::regclass;
SELECT rule, severity, columns, message, detail, fix FROM found WHERE rule = 'not_colocated';
\x off
\a
-- and with it the foreign keys
ALTER TABLE user_tags DROP CONSTRAINT user_tags_user_id_fkey;
\a
\x on
SELECT junction, rule, columns, message, detail, fix FROM junction.report()
WHERE junction = 'user_tags'::regclass AND rule IN ('undeclared_endpoint', 'not_colocated') ORDER BY rule;
\x off
\a
ALTER TABLE user_tags ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
-- Citus takes one change of a table at a time
ALTER TABLE account_plans DROP CONSTRAINT account_plans_tenant_id_plan_id_fkey,
    ADD FOREIGN KEY (tenant_id, plan_id) REFERENCES plans;
\a
SELECT rule, detail, fix FROM junction.report('account_plans') WHERE rule = 'no_cascade';
\a
-- reference tables, and what Citus knows as local
DELETE FROM pg_dist_partition;
SELECT distribute('users', NULL, 1, 'n', 't'), distribute('tags', NULL, 1, 'n', 't'), distribute('user_tags', NULL, 1, 'n', 't'),
    distribute('accounts', NULL, 0, 'n', 's'), distribute('plans', NULL, 0, 'n', 's'), distribute('account_plans', NULL, 0, 'n', 's');
TABLE found;
-- as other rules, they can be left out
DELETE FROM pg_dist_partition;
SELECT distribute('users', 'id', 2);
COMMENT ON TABLE follows IS '@junction ignore local_beside_distributed';
COMMENT ON TABLE user_tags IS '@junction ignore local_beside_distributed';
TABLE found;

\set file :abs_srcdir '/test/lib/no_citus.sql'
\set ECHO none
\i :file
