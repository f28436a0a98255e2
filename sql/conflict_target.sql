-- ON CONFLICT ON CONSTRAINT by the name that the pair's key has had: a promotion
-- says where that goes on being accepted, and means another key.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_conflict;
CREATE SCHEMA test_conflict AUTHORIZATION regress_junction_conflict;
SET SESSION AUTHORIZATION regress_junction_conflict;
SET search_path = test_conflict;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users VALUES (1);
INSERT INTO orgs VALUES (1);
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION make(clause text = '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, CONSTRAINT user_orgs_pkey PRIMARY KEY (user_id, org_id) ' || clause || ')';
    INSERT INTO user_orgs VALUES (1, 1);
END $$;
-- what an application gets that goes on as before, with the name and without
CREATE FUNCTION asked(rel text, OUT by_name text, OUT by_columns text) LANGUAGE sql AS $$
    SELECT refused(format('INSERT INTO %s (user_id, org_id) VALUES (1, 1) ON CONFLICT ON CONSTRAINT user_orgs_pkey DO NOTHING', rel)),
           refused(format('INSERT INTO %s (user_id, org_id) VALUES (1, 1) ON CONFLICT (user_id, org_id) DO NOTHING', rel))
$$;

-- the table keeps its name, so the id's key gets the one that was the pair's:
-- dependents tells, and promote warns, in a dry run too
SELECT make();
SELECT * FROM asked('user_orgs');
\x on
SELECT effect, action FROM junction.dependents('user_orgs') WHERE kind = 'conflict target';
\x off
\set VERBOSITY default
SELECT count(*) FROM junction.promote('user_orgs', dry_run => true);
\set VERBOSITY terse
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs');
SELECT * FROM asked('user_orgs');
DROP TABLE user_orgs;
SELECT make();
CALL junction.promote_concurrently('user_orgs', timestamps => false);
SELECT * FROM asked('user_orgs');
DROP TABLE user_orgs;
SELECT make();
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', portable => true, primary_key => '{user_id,id}');
SELECT * FROM asked('user_orgs');
DROP TABLE user_orgs;
-- another table takes a name that was given to the key by hand
SELECT make();
ALTER TABLE user_orgs RENAME CONSTRAINT user_orgs_pkey TO memberships_pkey;
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
DROP TABLE memberships;

-- as the hint says: the pair keeps its name, the id's key gets another, and a
-- demotion brings back what was there
SELECT make();
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', unique_name => 'user_orgs_pkey');
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'user_orgs'::regclass AND contype IN ('p', 'u') ORDER BY 1;
SELECT * FROM asked('user_orgs');
SELECT count(*) > 0 AS demoted FROM junction.demote('user_orgs', 'user_orgs');
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'user_orgs'::regclass AND contype IN ('p', 'u') ORDER BY 1;
SELECT * FROM asked('user_orgs');
CALL junction.promote_concurrently('user_orgs', unique_name => 'user_orgs_pkey');
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'user_orgs'::regclass AND contype IN ('p', 'u') ORDER BY 1;
SELECT * FROM asked('user_orgs');
DROP TABLE user_orgs;

-- no warning where the name is gone, and the statement fails at once; nor where
-- it never could be a target, or the conventions differ
SELECT make();
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT * FROM asked('memberships');
DROP TABLE memberships;
SELECT make('DEFERRABLE');
SELECT * FROM junction.dependents('user_orgs') WHERE kind = 'conflict target';
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs');
DROP TABLE user_orgs;
SET junction.naming = drizzle;
SELECT make();
ALTER TABLE user_orgs RENAME CONSTRAINT user_orgs_pkey TO user_orgs_user_id_org_id_pk;
SELECT effect FROM junction.dependents('user_orgs') WHERE kind = 'conflict target';
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs');
DROP TABLE user_orgs;
RESET junction.naming;
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, CONSTRAINT user_orgs_pkey UNIQUE (user_id, org_id));
SELECT effect FROM junction.dependents('user_orgs') WHERE kind = 'conflict target';
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs');
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'user_orgs'::regclass AND contype IN ('p', 'u') ORDER BY 1;

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_conflict CASCADE;
DROP ROLE regress_junction_conflict;
