-- junction.dependents: what a promotion touches, what happens to it, and what
-- to do; and that the promotion does so.
\set VERBOSITY terse
SET client_min_messages = error;	-- publications warn of wal_level
CREATE ROLE regress_junction_dependents;
CREATE ROLE regress_junction_dependents_other;
CREATE SCHEMA test_dependents AUTHORIZATION regress_junction_dependents;
SET SESSION AUTHORIZATION regress_junction_dependents;
SET search_path = test_dependents;

CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE organizations (id int PRIMARY KEY);

--
-- On a table on which nothing hangs: only what goes with every promotion.
--
CREATE TABLE user_orgs (
    user_id int REFERENCES users,
    organization_id int REFERENCES organizations,
    PRIMARY KEY (user_id, organization_id)
);
\x on
SELECT * FROM junction.dependents('user_orgs');
\x off

--
-- Everything at once. A promotion leaves all of this as it is, so none of it
-- says that it refuses.
--
CREATE TABLE badges (
    user_id int, organization_id int, note text,
    CONSTRAINT "B.fk" FOREIGN KEY (user_id, organization_id) REFERENCES user_orgs
);
CREATE TABLE plain (user_id int REFERENCES users);
CREATE VIEW pairs AS SELECT * FROM user_orgs;
CREATE VIEW "V.iew" AS SELECT a.user_id FROM user_orgs a JOIN user_orgs b USING (user_id);
CREATE VIEW over_view AS SELECT * FROM pairs;
CREATE MATERIALIZED VIEW counted AS SELECT user_id, count(*) FROM user_orgs GROUP BY user_id;
CREATE FUNCTION atomic_count() RETURNS bigint LANGUAGE sql
BEGIN ATOMIC SELECT count(*) FROM user_orgs; END;
CREATE FUNCTION rows_of(who int) RETURNS SETOF user_orgs LANGUAGE sql STABLE AS 'SELECT user_id, organization_id FROM test_dependents.user_orgs WHERE user_id = who';
CREATE FUNCTION takes_rows(user_orgs[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE RULE on_table AS ON DELETE TO user_orgs DO ALSO INSERT INTO plain VALUES (OLD.user_id);
CREATE RULE elsewhere AS ON DELETE TO plain DO ALSO DELETE FROM user_orgs WHERE user_id = OLD.user_id;
CREATE POLICY own_rows ON user_orgs USING (user_id > 0);
CREATE POLICY members ON badges USING (EXISTS (SELECT FROM user_orgs o WHERE o.user_id = badges.user_id));
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER noted AFTER INSERT ON user_orgs EXECUTE FUNCTION note();
CREATE TRIGGER not_ours AFTER INSERT ON badges EXECUTE FUNCTION note();

-- Bodies that name the table, in whatever case and quoting, and those that
-- only seem to.
CREATE FUNCTION names_it() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM User_Orgs; END';
CREATE FUNCTION names_quoted(int) RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM test_dependents."user_orgs"; END';
CREATE FUNCTION names_key() RETURNS void LANGUAGE plpgsql AS 'BEGIN INSERT INTO user_orgs VALUES (1, 1) ON CONFLICT ON CONSTRAINT user_orgs_pkey DO NOTHING; END';
CREATE FUNCTION names_longer() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM user_orgs1, old_user_orgs, user_orgs$, éuser_orgs, user_orgsé; END';
CREATE FUNCTION names_part() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM user_org; END';

RESET SESSION AUTHORIZATION;
CREATE PUBLICATION regress_junction_direct FOR TABLE test_dependents.user_orgs;
CREATE PUBLICATION regress_junction_schema FOR TABLES IN SCHEMA test_dependents;
CREATE PUBLICATION regress_junction_both FOR TABLE test_dependents.user_orgs, TABLES IN SCHEMA test_dependents;
CREATE PUBLICATION regress_junction_all FOR ALL TABLES;
CREATE PUBLICATION regress_junction_not FOR TABLE test_dependents.badges;
CREATE PUBLICATION regress_junction_list FOR TABLE test_dependents.user_orgs (user_id, organization_id);
CREATE PUBLICATION regress_junction_filter FOR TABLE test_dependents.user_orgs WHERE (user_id > 0) WITH (publish = 'insert, delete');
CREATE PUBLICATION regress_junction_inserts FOR TABLE test_dependents.user_orgs WHERE (user_id > 0) WITH (publish = 'insert');

-- Anyone may ask: the catalogs are open to all, and the table is not looked at.
SELECT 'test_dependents.user_orgs'::regclass::oid AS user_orgs \gset
SET SESSION AUTHORIZATION regress_junction_dependents_other;
SELECT has_table_privilege(:user_orgs, 'select') AS may_read;
SELECT kind, object, effect FROM junction.dependents(:user_orgs) WITH ORDINALITY ORDER BY ordinality;
SELECT kind, object, action FROM junction.dependents(:user_orgs) WITH ORDINALITY WHERE action IS NOT NULL ORDER BY ordinality;

-- It holds no lock on the table when it is done, and may be asked where
-- nothing can be written.
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_junction_dependents;
BEGIN READ ONLY;
SELECT count(*) > 0 AS some FROM junction.dependents('user_orgs');
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'user_orgs'::regclass;
COMMIT;

-- The promotion bears it out: nothing refuses, all of it is there, functions
-- that name the table or its key break, and the publications refuse until the
-- statement that was given has run.
BEGIN;
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT count(*) FROM pairs, "V.iew", over_view, counted;
SELECT atomic_count();
SELECT refused('SELECT names_it()');
SELECT refused('SELECT names_key()');
SELECT refused('UPDATE memberships SET user_id = 1');
SELECT refused('DELETE FROM memberships');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'memberships'::regclass AND NOT tgisinternal;
SELECT polname FROM pg_policy WHERE polrelid = 'memberships'::regclass;
SELECT pg_describe_object('pg_constraint'::regclass, oid, 0) FROM pg_constraint WHERE confrelid = 'memberships'::regclass;
ROLLBACK;
BEGIN;
SELECT substring(action from 'ALTER TABLE [^.]+\.\w+ REPLICA IDENTITY USING INDEX \w+') AS keep
FROM junction.dependents('user_orgs') WHERE kind = 'replica identity' \gset
:keep;
SELECT kind, object, effect, action FROM junction.dependents('user_orgs')
WHERE kind = 'replica identity' OR object IN ('regress_junction_list', 'regress_junction_filter');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
UPDATE memberships SET user_id = 1;
DELETE FROM memberships;
ROLLBACK;

-- The primary key that is recommended is one that promote takes. Under the old
-- name too, the function whose rows have more columns must be changed.
BEGIN;
SELECT substring(action from 'primary_key => (''.*'')') AS key
FROM junction.dependents('user_orgs') WHERE kind = 'readers' \gset
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', primary_key => :key);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'user_orgs'::regclass AND contype = 'p';
SELECT refused('SELECT rows_of(1)');
ROLLBACK;

-- The other replica identities stay.
ALTER TABLE user_orgs REPLICA IDENTITY FULL;
SELECT object, effect, action FROM junction.dependents('user_orgs') WHERE kind = 'replica identity';
ALTER TABLE user_orgs REPLICA IDENTITY NOTHING;
SELECT object, effect, action FROM junction.dependents('user_orgs') WHERE kind = 'replica identity';
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_direct, regress_junction_schema, regress_junction_both, regress_junction_all,
    regress_junction_not, regress_junction_list, regress_junction_filter, regress_junction_inserts;
SET SESSION AUTHORIZATION regress_junction_dependents;
DROP TABLE user_orgs, badges, plain CASCADE;
DROP FUNCTION names_it, names_quoted, names_key, names_longer, names_part, note;

--
-- What rests on the primary key, and what holds the table's rows: promote
-- refuses each, as is said, and no more is refused when they are gone. A view
-- that is on the table too is one row.
--
CREATE TABLE "User orgs" (
    "user,id" int REFERENCES users,
    organization_id int REFERENCES organizations,
    role text,
    PRIMARY KEY ("user,id", organization_id)
);
CREATE TABLE watched (id int);
CREATE VIEW grouped AS SELECT "user,id", organization_id, role FROM "User orgs" GROUP BY "user,id", organization_id;
CREATE MATERIALIZED VIEW mat_grouped AS SELECT role FROM "User orgs" GROUP BY "user,id", organization_id;
CREATE FUNCTION atomic_grouped() RETURNS text LANGUAGE sql
BEGIN ATOMIC SELECT role FROM "User orgs" GROUP BY "user,id", organization_id; END;
CREATE FUNCTION atomic_conflict() RETURNS void LANGUAGE sql
BEGIN ATOMIC INSERT INTO "User orgs" VALUES (1, 1) ON CONFLICT ON CONSTRAINT "User orgs_pkey" DO NOTHING; END;
CREATE POLICY grouped ON watched USING (EXISTS (SELECT role FROM "User orgs" GROUP BY "user,id", organization_id));
CREATE RULE grouped AS ON INSERT TO watched DO ALSO
    INSERT INTO users SELECT length(role) FROM "User orgs" GROUP BY "user,id", organization_id;
CREATE TABLE holds (whole "User orgs");
CREATE VIEW fine AS SELECT u FROM "User orgs" u;
CREATE FUNCTION body() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM "User orgs"; END';

\x on
SELECT * FROM junction.dependents('"User orgs"');
\x off
SELECT refused($$SELECT junction.promote('"User orgs"')$$);
DROP TABLE holds;
SELECT refused($$SELECT junction.promote('"User orgs"')$$);
DROP VIEW grouped;
DROP MATERIALIZED VIEW mat_grouped;
DROP FUNCTION atomic_grouped, atomic_conflict;
DROP POLICY grouped ON watched;
DROP RULE grouped ON watched;
SELECT object, effect FROM junction.dependents('"User orgs"') WHERE effect ~ 'refuses';
SELECT count(*) > 0 AS promoted FROM junction.promote('"User orgs"', primary_key => '{id,"user,id",organization_id}');
DROP TABLE "User orgs", watched CASCADE;
DROP FUNCTION body;

-- Quotes in a name: doubled where it is quoted, in SQL as in a body.
CREATE TABLE "u""o" (user_id int REFERENCES users, organization_id int REFERENCES organizations, PRIMARY KEY (user_id, organization_id));
CREATE FUNCTION body() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM "u""o"; END';
SELECT kind, object, effect FROM junction.dependents('"u""o"');
DROP TABLE "u""o";
DROP FUNCTION body;

--
-- A partitioned table: what rests on a partition's key refuses as well; the
-- foreign key is one.
--
CREATE TABLE user_orgs (user_id int REFERENCES users, organization_id int REFERENCES organizations, role text,
                        PRIMARY KEY (user_id, organization_id)) PARTITION BY HASH (user_id);
CREATE TABLE user_orgs_0 PARTITION OF user_orgs FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY LIST (user_id);
CREATE TABLE user_orgs_00 PARTITION OF user_orgs_0 DEFAULT;
CREATE TABLE user_orgs_1 PARTITION OF user_orgs FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE badges (user_id int, organization_id int, FOREIGN KEY (user_id, organization_id) REFERENCES user_orgs) PARTITION BY HASH (user_id);
CREATE TABLE badges_0 PARTITION OF badges FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE VIEW part_grouped AS SELECT role FROM user_orgs_00 GROUP BY user_id, organization_id;
CREATE VIEW part_view AS SELECT role FROM user_orgs_1;
SELECT kind, object, effect FROM junction.dependents('user_orgs');
SELECT refused($$SELECT junction.promote('user_orgs', primary_key => '{id,user_id}')$$);
SELECT refused($$SELECT junction.dependents('user_orgs_1')$$);
DROP TABLE user_orgs, badges CASCADE;

--
-- The pair held by a UNIQUE alone: there is no primary key to rest on, and none
-- for readers to know it by. An index that no constraint owns, and a
-- deferrable key, are no conflict targets, and the latter no identity.
--
CREATE TABLE user_orgs (user_id int NOT NULL REFERENCES users, organization_id int NOT NULL REFERENCES organizations,
                        UNIQUE (user_id, organization_id));
SELECT * FROM junction.dependents('user_orgs');
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_user_id_organization_id_key;
SELECT kind, object, effect, action FROM junction.dependents('user_orgs') WHERE kind = 'replica identity';
DROP TABLE user_orgs;
CREATE TABLE user_orgs (user_id int REFERENCES users, organization_id int REFERENCES organizations);
CREATE UNIQUE INDEX ON user_orgs (user_id, organization_id);
SELECT * FROM junction.dependents('user_orgs');
ALTER TABLE user_orgs ADD PRIMARY KEY (user_id, organization_id) DEFERRABLE;
DROP INDEX user_orgs_user_id_organization_id_idx;
SELECT kind, object, effect FROM junction.dependents('user_orgs');

-- A publication of all tables leaves out what is unlogged.
RESET SESSION AUTHORIZATION;
CREATE PUBLICATION regress_junction_all FOR ALL TABLES;
SET SESSION AUTHORIZATION regress_junction_dependents;
SELECT kind FROM junction.dependents('user_orgs');
CREATE UNLOGGED TABLE unlogged (LIKE user_orgs INCLUDING INDEXES, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (organization_id) REFERENCES organizations);
SELECT kind FROM junction.dependents('unlogged');
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_all;

--
-- Refused as junction.promote refuses it.
--
SET SESSION AUTHORIZATION regress_junction_dependents;
CREATE TABLE entity (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, organization_id int NOT NULL REFERENCES organizations, UNIQUE (user_id, organization_id));
CREATE TABLE unkeyed (user_id int REFERENCES users, organization_id int REFERENCES organizations);
CREATE TABLE multiway (user_id int REFERENCES users, organization_id int REFERENCES organizations, plan_id int REFERENCES entity, PRIMARY KEY (user_id, organization_id, plan_id));
CREATE VIEW a_view AS SELECT 1 AS one;
SELECT refused(format('SELECT junction.dependents(%L)', relation)) AS dependents,
       refused(format('SELECT junction.dependents(%L)', relation)) = refused(format('SELECT junction.promote(%L)', relation)) AS as_promote
FROM unnest('{entity,unkeyed,multiway,users,a_view,pg_catalog.pg_class,0,none}'::text[]) WITH ORDINALITY AS t (relation, ordinality)
ORDER BY ordinality;
SELECT refused('SELECT junction.dependents(NULL)');

RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
SET search_path = public;
DROP OWNED BY regress_junction_dependents CASCADE;
DROP ROLE regress_junction_dependents, regress_junction_dependents_other;
