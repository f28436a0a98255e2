-- junction.create of distributed parents, with a stand-in for Citus: the text of the plans, and what is refused.
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/test/lib/citus.sql'
\set ECHO none
\i :file
\set ECHO all
CREATE TABLE accounts (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE plans (tenant_id int, id int, PRIMARY KEY (id, tenant_id));
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE "Odd ""ones" ("the 'id" int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE labels (id int PRIMARY KEY);
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE kept (id int PRIMARY KEY);
CREATE TABLE regress_citus_tenant.invoices (id int PRIMARY KEY);
CREATE TABLE regress_citus_tenant.items (id int PRIMARY KEY);
SELECT distribute('accounts', 'tenant_id', 1), distribute('plans', 'tenant_id', 1), distribute('users', 'id', 2),
    distribute('"Odd ""ones"', 'the ''id', 2), distribute('tags', NULL, 3, 'n', 't'), distribute('labels', NULL, 3, 'n', 't'),
    distribute('kept', NULL, 0, 'n', 's'), distribute('regress_citus_tenant.invoices', NULL, 4, 'n', 's'),
    distribute('regress_citus_tenant.items', NULL, 4, 'n', 's');

\a
\t on
-- tenants: beside both
SELECT * FROM junction.create('accounts', 'plans', shared_columns => '{tenant_id}', left_columns => '{account_id}',
    right_columns => '{plan_id}', dry_run => true);
-- a reference table, either way round: beside the other
SELECT statement FROM junction.create('users', 'tags', dry_run => true);
SELECT statement FROM junction.create('tags', '"Odd ""ones"', '"it''s"', if_not_exists => true, dry_run => true);
-- two of them
SELECT statement FROM junction.create('labels', 'tags', reverse_index => false, dry_run => true);
SELECT statement FROM junction.create('labels', 'labels', 'alike', '{a}', '{b}', undirected => true, dry_run => true);
-- a tenant's schema, alone and with a reference table
SELECT statement FROM junction.create('regress_citus_tenant.invoices', 'regress_citus_tenant.items', dry_run => true);
SELECT statement FROM junction.create('tags', 'regress_citus_tenant.items', 'regress_citus_tenant.item_tags', dry_run => true);
-- local ones are as anywhere
SELECT statement FROM junction.create('plain', 'kept', dry_run => true);
SELECT statement FROM junction.create('plain', 'tags', if_not_exists => true, dry_run => true);
\t off
\a

-- no place for it

\a
\t on
SELECT refusal($$SELECT junction.create('users', 'plain')$$);
SELECT refusal($$SELECT junction.create('kept', 'users', dry_run => true)$$);
SELECT refusal($$SELECT junction.create('users', 'accounts')$$);
SELECT refusal($$SELECT junction.create('users', '"Odd ""ones"')$$);
SELECT refusal($$SELECT junction.create('users', 'users', 'follows', '{follower_id}', '{followee_id}')$$);
SELECT refusal($$SELECT junction.create('accounts', 'plans', left_columns => '{a, b}', right_columns => '{c, d}')$$);
SELECT refusal($$SELECT junction.create('users', 'regress_citus_tenant.items', 'user_items')$$);
SELECT refusal($$SELECT junction.create('regress_citus_tenant.items', 'plain', 'plain_items')$$);
UPDATE pg_dist_partition SET colocationid = 5 WHERE logicalrelid = 'plans'::regclass;
SELECT refusal($$SELECT junction.create('accounts', 'plans', shared_columns => '{tenant_id}', left_columns => '{account_id}',
    right_columns => '{plan_id}')$$);
UPDATE pg_dist_partition SET colocationid = 5 WHERE logicalrelid = 'regress_citus_tenant.items'::regclass;
SELECT refusal($$SELECT junction.create('regress_citus_tenant.invoices', 'regress_citus_tenant.items')$$);
-- a column of an array of a local table, and a distributed parent
ALTER TABLE plain ADD user_ids int[];
SELECT refusal($$SELECT junction.absorb('plain', '{user_ids}', 'users')$$);
ALTER TABLE plain ADD tag_ids int[];
INSERT INTO tags VALUES (1), (2);
INSERT INTO plain VALUES (1, NULL, '{1, 2}');
SELECT statement FROM junction.absorb('plain', '{tag_ids}', 'tags', dry_run => true);
\t off
\a

\set file :abs_srcdir '/test/lib/no_citus.sql'
\set ECHO none
\i :file
