-- The barest junctions: two columns, named and typed after the keys of two
-- tables, in a table named after both, without a key and a foreign key.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_bare;
CREATE ROLE regress_junction_bare_other;
CREATE SCHEMA bare AUTHORIZATION regress_junction_bare;
SET search_path = bare;
SET ROLE regress_junction_bare;
CREATE TABLE assemblies (id bigint PRIMARY KEY);
CREATE TABLE parts (id bigint PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE roles (id int PRIMARY KEY);
CREATE VIEW found AS
SELECT r.* FROM junction.report() r JOIN pg_class c ON c.oid = r.junction
WHERE relnamespace = 'bare'::regnamespace;

-- Rails: create_join_table :assemblies, :parts
CREATE TABLE assemblies_parts (assembly_id bigint NOT NULL, part_id bigint NOT NULL);
-- Laravel: role_user, with stamps and an index of one side
CREATE TABLE role_user (user_id int NOT NULL, role_id int NOT NULL, created_at timestamp(0), updated_at timestamp(0));
CREATE INDEX ON role_user (user_id);
-- not one: another name, another type, another column, a key, a foreign key, one end, no such table
CREATE TABLE grants (user_id int NOT NULL, role_id int NOT NULL);
CREATE TABLE users_parts (user_id int NOT NULL, part_id int NOT NULL);
CREATE TABLE users_roles (user_id int NOT NULL, role_id int NOT NULL, note text);
CREATE TABLE users_roles2 (user_id int NOT NULL, role_id int NOT NULL, EXCLUDE (user_id WITH =));
CREATE TABLE users_users (user_id int NOT NULL, other_id int NOT NULL);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text COLLATE "C";
SELECT count(*) FROM junction.junctions JOIN pg_class c ON c.oid = junction WHERE relnamespace = 'bare'::regnamespace;

-- a fix does away with its finding, and brings none but the name's
SELECT fix FROM found ORDER BY junction::text COLLATE "C" \gexec
SELECT junction, rule FROM found WHERE rule <> 'name';
SELECT junction, kind, endpoints, served_by FROM junction.junctions JOIN pg_class c ON c.oid = junction WHERE relnamespace = 'bare'::regnamespace ORDER BY junction::text COLLATE "C";
SELECT conrelid::regclass, conname, convalidated, confdeltype FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'bare'::regnamespace ORDER BY conrelid::regclass::text COLLATE "C", conname;
DROP TABLE assemblies_parts, role_user;

-- one table asked for: nulls, duplicates and orphans are in the way
CREATE TABLE role_user (user_id int, role_id int);
INSERT INTO users VALUES (1), (2);
INSERT INTO roles VALUES (1), (2);
INSERT INTO role_user VALUES (1, 1), (1, 1), (2, 2), (3, 1), (NULL, 1);
SELECT columns, detail, fix FROM junction.report('role_user');
SELECT * FROM junction.repair('role_user', '{undeclared_endpoint}');
DELETE FROM role_user WHERE user_id IS NULL;
SELECT * FROM junction.repair('role_user', '{undeclared_endpoint}');
DELETE FROM role_user WHERE user_id = 1;
SELECT detail, fix FROM junction.report('role_user');
SELECT * FROM junction.repair('role_user', '{undeclared_endpoint}');
-- who may not read it gets the finding alone
GRANT USAGE ON SCHEMA bare TO regress_junction_bare_other;
SET ROLE regress_junction_bare_other;
SELECT right(detail, 30) AS detail, fix IS NOT NULL AS fix FROM junction.report('role_user');
SET ROLE regress_junction_bare;
DELETE FROM role_user WHERE user_id = 3;
SELECT right(detail, 40) AS detail, fix IS NOT NULL AS fix FROM junction.report('role_user');
SELECT step, statement FROM junction.repair('role_user', '{undeclared_endpoint}');
SELECT rule FROM junction.report('role_user') WHERE rule <> 'name';
DROP TABLE role_user;

-- with drizzle-kit's names, and partitioned
SET junction.naming = drizzle;
CREATE TABLE role_user (user_id int, role_id int);
SELECT fix FROM junction.report('role_user') \gexec
SELECT conname FROM pg_constraint WHERE conrelid = 'role_user'::regclass AND contype <> 'n' ORDER BY 1;
SELECT indexrelid::regclass::text COLLATE "C" AS index FROM pg_index WHERE indrelid = 'role_user'::regclass ORDER BY 1;
RESET junction.naming;
DROP TABLE role_user;
CREATE TABLE role_user (user_id int, role_id int) PARTITION BY HASH (role_id);
CREATE TABLE part PARTITION OF role_user FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT fix FROM junction.report('role_user') \gexec
SELECT rule FROM junction.report('role_user') WHERE rule <> 'name';
DROP TABLE role_user;
CREATE TABLE role_user (user_id int, role_id int, created_at date) PARTITION BY RANGE (created_at);
SELECT rule, fix FROM junction.report('role_user');

RESET ROLE;
DROP SCHEMA bare CASCADE;
DROP ROLE regress_junction_bare, regress_junction_bare_other;
