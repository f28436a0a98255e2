-- junction.deduplicate, as an ordinary role: which row of a pair stays, what becomes of those that reference the others, and the
-- key that can follow.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_junction_owner;
CREATE ROLE regress_junction_stranger;
CREATE SCHEMA regress_deduplicate AUTHORIZATION regress_junction_owner;
GRANT USAGE ON SCHEMA regress_deduplicate TO regress_junction_stranger;
SET SESSION AUTHORIZATION regress_junction_owner;
SET search_path = regress_deduplicate;
SET timezone = 'UTC';
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 9);
INSERT INTO orgs SELECT generate_series(1, 9);

-- No id and no stamp: by the place. The two verbs in one transaction give the table its key
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs);
INSERT INTO user_orgs VALUES (1, 1), (1, 2), (1, 1), (2, 1), (1, 1), (NULL, 1), (NULL, 1), (2, 1);
SELECT * FROM junction.deduplicate('user_orgs', dry_run => true);
SELECT count(*) FROM user_orgs;
DELETE FROM user_orgs WHERE user_id IS NULL;
\set VERBOSITY default
SELECT count(*) FROM junction.repair('user_orgs', '{missing_pair_key}');
\set VERBOSITY terse
BEGIN;
SELECT step, locks, child, change, rows FROM junction.deduplicate('user_orgs');
SELECT count(*) > 0 FROM junction.repair('user_orgs', '{missing_pair_key}');
COMMIT;
TABLE user_orgs ORDER BY 1, 2;
SELECT kind FROM junction.junctions WHERE junction = 'user_orgs'::regclass;
SELECT count(*) FROM junction.deduplicate('user_orgs');
DROP TABLE user_orgs;

-- A table without foreign keys is not for it, and repair does not send there
CREATE TABLE orgs_users (org_id int, user_id int);
INSERT INTO orgs_users VALUES (1, 1), (1, 1);
SELECT count(*) FROM junction.deduplicate('orgs_users');
\set VERBOSITY default
SELECT count(*) FROM junction.repair('orgs_users', '{undeclared_endpoint}');
\set VERBOSITY terse
SELECT detail ~ 'This shows them: SELECT org_id, user_id, ' AS found FROM junction.report('regress_deduplicate.orgs_users');
DROP TABLE orgs_users;

-- By the id, by the time stamp, by an expression
CREATE TABLE user_orgs (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs);
COMMENT ON TABLE user_orgs IS '@junction';
INSERT INTO user_orgs VALUES (3, 1, 1), (1, 1, 1), (2, 1, 1), (4, 2, 1);
CREATE TABLE notes (id int PRIMARY KEY, link_id int REFERENCES user_orgs ON DELETE CASCADE, n int, UNIQUE (link_id, n));
CREATE TABLE stars (note_id int REFERENCES notes ON DELETE CASCADE);
INSERT INTO notes VALUES (1, 1, 1), (2, 2, 1), (3, 3, 2), (4, 4, 1), (5, 3, 1);
INSERT INTO stars VALUES (1), (2), (5);
BEGIN;
SELECT child, change, rows FROM junction.deduplicate('user_orgs') WHERE rows > 0;
TABLE user_orgs ORDER BY 1;
TABLE notes ORDER BY 1;
TABLE stars ORDER BY 1;
ROLLBACK;
BEGIN;
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'last') WHERE rows > 0;
TABLE user_orgs ORDER BY 1;
TABLE notes ORDER BY 1;
TABLE stars ORDER BY 1;
ROLLBACK;
BEGIN;
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'id = 2 DESC -- , link') WHERE rows > 0;
TABLE user_orgs ORDER BY 1;
ROLLBACK;
-- as it is read where it is given: what is counted as the owner has another search_path
CREATE FUNCTION weight(int, text) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT CASE $1 WHEN 2 THEN 9 ELSE length($2) END $$;
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT substring(statement FROM 'ORDER BY [^\n]*') FROM junction.deduplicate('user_orgs', 'weight(user_orgs.id, $$it''s %1$s$$) DESC NULLS FIRST, id USING >', dry_run => true) ORDER BY step DESC LIMIT 1;
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'weight(user_orgs.id, $$it''s %1$s$$) DESC NULLS FIRST, id USING >') WHERE rows > 0;
TABLE user_orgs ORDER BY 1;
TABLE notes ORDER BY 1;
ROLLBACK;
SET SESSION AUTHORIZATION regress_junction_owner;
-- the same row has to be found again
SELECT junction.deduplicate('user_orgs', 'random()');
SELECT junction.deduplicate('user_orgs', 'count(*)');
SELECT junction.deduplicate('user_orgs', 'generate_series(1, id)');
SELECT junction.deduplicate('user_orgs', 'row_number() OVER ()');
SELECT junction.deduplicate('user_orgs', '(SELECT max(n) FROM notes WHERE link_id = user_orgs.id)');
SELECT junction.deduplicate('user_orgs', '$1');
DROP TABLE stars, notes, user_orgs;
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, created_at timestamptz);
INSERT INTO user_orgs VALUES (1, 1, NULL), (1, 1, '2021-01-01'), (1, 1, '2020-01-01'), (2, 2, NULL), (2, 2, NULL);
BEGIN;
SELECT child, change, rows FROM junction.deduplicate('user_orgs');
TABLE user_orgs ORDER BY 1;
ROLLBACK;
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'LAST');
TABLE user_orgs ORDER BY 1;
DROP TABLE user_orgs;
-- one that references itself, and has no primary key: the places of its rows change on the way
CREATE TABLE user_orgs (id int NOT NULL UNIQUE, user_id int REFERENCES users, org_id int REFERENCES orgs, by_id int REFERENCES user_orgs (id));
COMMENT ON TABLE user_orgs IS '@junction';
INSERT INTO user_orgs VALUES (1, 1, 1, 1), (2, 1, 1, 1), (3, 2, 1, 2), (4, 1, 1, 3), (5, 2, 1, 4);
BEGIN;
SELECT child, change, rows FROM junction.deduplicate('user_orgs') WHERE rows > 0;
TABLE user_orgs ORDER BY 1;
ROLLBACK;
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'last') WHERE rows > 0;
TABLE user_orgs ORDER BY 1;
SELECT count(*) FROM junction.deduplicate('user_orgs', 'last');
DROP TABLE user_orgs;
-- an order by what a reference holds, which changes on the way: another row of the pair (1, 2) would go than the one that nothing
-- references any more, and the one that stays with what it references
CREATE TABLE user_orgs (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, after_id int REFERENCES user_orgs ON DELETE CASCADE);
COMMENT ON TABLE user_orgs IS '@junction';
INSERT INTO user_orgs VALUES (9, 1, 1, 9), (1, 1, 1, NULL), (8, 2, 2, 8), (3, 2, 2, NULL), (5, 1, 2, 3), (6, 1, 2, 1);
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'after_id');
SELECT child, change, rows FROM junction.deduplicate('user_orgs', 'id DESC');
SELECT * FROM user_orgs ORDER BY id;
DROP TABLE user_orgs;

-- partitioned
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs) PARTITION BY HASH (org_id);
CREATE TABLE user_orgs_0 PARTITION OF user_orgs FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE user_orgs_1 PARTITION OF user_orgs FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO user_orgs SELECT i, i FROM generate_series(1, 9) AS i, generate_series(1, 3);
SELECT child, change, rows FROM junction.deduplicate('user_orgs');
SELECT count(*) FROM user_orgs;

-- Refusals
INSERT INTO user_orgs VALUES (1, 1);
SELECT junction.deduplicate(NULL);
SELECT junction.deduplicate('user_orgs', NULL);
SELECT junction.deduplicate('user_orgs', '');
SELECT junction.deduplicate('user_orgs', 'org_id LIMIT 1');
SELECT junction.deduplicate('user_orgs', 'org_id; DROP TABLE users');
SELECT junction.deduplicate('user_orgs', 'org_id) AS n FROM users');
SELECT junction.deduplicate('user_orgs', 'org_id FOR UPDATE');
SELECT junction.deduplicate('user_orgs', 'nothing');
SELECT junction.deduplicate('users');
SELECT junction.deduplicate('user_orgs_0');
SELECT junction.deduplicate(0);
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t BEFORE DELETE ON user_orgs FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT junction.deduplicate('user_orgs');
SET SESSION AUTHORIZATION regress_junction_stranger;
SELECT junction.deduplicate('regress_deduplicate.user_orgs');
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
DROP SCHEMA regress_deduplicate CASCADE;
DROP ROLE regress_junction_owner, regress_junction_stranger;
