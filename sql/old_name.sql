-- promote(..., keep_old_name => true): running code goes on under the old name,
-- which is a view of the old columns, with the rights that the table gives.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_old_name;
CREATE ROLE regress_junction_old_name_member IN ROLE regress_junction_old_name;
CREATE ROLE regress_junction_old_name_tables;
CREATE ROLE regress_junction_old_name_columns;
CREATE ROLE "regress_junction Old ""Name""";
CREATE ROLE regress_junction_old_name_public;
CREATE ROLE regress_junction_old_name_granted;
CREATE SCHEMA test_old_name AUTHORIZATION regress_junction_old_name;
SET SESSION AUTHORIZATION regress_junction_old_name;
SET search_path = test_old_name;
GRANT USAGE ON SCHEMA test_old_name TO PUBLIC;

CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 9);
INSERT INTO orgs SELECT generate_series(1, 9);

--
-- A junction with payload of each kind, in code that knows it by name
--
CREATE TABLE user_orgs (
    user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
    gone int,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    role varchar(9) NOT NULL DEFAULT 'member',
    twice int GENERATED ALWAYS AS (user_id * 2) STORED,
    serial int GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (user_id, org_id)
);
ALTER TABLE user_orgs DROP COLUMN gone;
CREATE FUNCTION join_org(who int, what int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    link user_orgs%ROWTYPE;
BEGIN
    INSERT INTO user_orgs (user_id, org_id) VALUES (who, what) ON CONFLICT (user_id, org_id) DO NOTHING;
    SELECT * INTO STRICT link FROM user_orgs WHERE user_id = who AND org_id = what FOR UPDATE;
    RETURN link.role || ' ' || link.twice;
END $$;
CREATE FUNCTION count_orgs(who int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM user_orgs WHERE user_id = who';
PREPARE reading (int) AS SELECT * FROM user_orgs WHERE user_id = $1 ORDER BY org_id;
PREPARE adding (int, int) AS INSERT INTO user_orgs VALUES ($1, $2);
PREPARE upserting (int, int, text) AS INSERT INTO user_orgs AS o (user_id, org_id, role) VALUES ($1, $2, $3)
    ON CONFLICT (user_id, org_id) DO UPDATE SET role = excluded.role WHERE o.role <> excluded.role RETURNING o.user_id, o.org_id, o.role;
PREPARE moving (int, int, int) AS UPDATE user_orgs SET org_id = $3 WHERE user_id = $1 AND org_id = $2 RETURNING org_id;
PREPARE leaving (int) AS DELETE FROM user_orgs WHERE user_id = $1 RETURNING *;

-- a dry run says so at the end of the plan, and makes nothing
CREATE TEMP TABLE planned AS SELECT * FROM junction.promote('user_orgs', 'memberships', keep_old_name => true, dry_run => true);
SELECT row_number() OVER (ORDER BY step) AS step, regexp_replace(statement, '(junction|pg_catalog)\.(?=uuid)', '', 'g') AS statement, locks
FROM planned WHERE statement !~ '_not_null ' ORDER BY step;
SELECT relkind FROM pg_class WHERE oid = 'user_orgs'::regclass;
SELECT to_regclass('memberships') IS NULL AS nothing_new;

-- each statement before, so that it has a plan for the table, and after, where
-- it is planned anew: the same answers
EXECUTE adding (1, 1);
EXECUTE adding (1, 2);
EXECUTE moving (1, 2, 3);
EXECUTE upserting (1, 1, 'admin');
EXECUTE upserting (1, 1, 'admin');
EXECUTE reading (1);
SELECT join_org(2, 1), join_org(2, 1), count_orgs(2);
EXECUTE leaving (2);

\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = notice;
CREATE TEMP TABLE ran AS SELECT * FROM junction.promote('user_orgs', 'memberships', keep_old_name => true);
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT count(*) FILTER (WHERE planned IS DISTINCT FROM ran) AS differ FROM planned FULL JOIN ran USING (step);
SELECT relkind, reloptions, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'user_orgs'::regclass;
SELECT kind FROM junction.junctions WHERE junction = 'memberships'::regclass;

EXECUTE reading (1);
EXECUTE adding (3, 1);
EXECUTE adding (3, 1);
EXECUTE adding (3, 99);
EXECUTE upserting (3, 1, 'admin');
EXECUTE upserting (3, 1, 'admin');
EXECUTE upserting (3, 2, 'guest');
EXECUTE moving (1, 3, 2);
EXECUTE moving (1, 2, 1);
EXECUTE leaving (3);
SELECT join_org(2, 1), join_org(2, 1), count_orgs(2);
EXECUTE leaving (2);

-- the id and the stamps are filled behind the view
SELECT count(DISTINCT id) AS ids, count(*) AS rows, bool_and(substr(id::text, 15, 1) = '7' AND created_at = updated_at) AS filled FROM memberships;

-- by position, by column, more than one row, from a query; by column and by
-- DEFAULT, with what the database computes; all of it returned
INSERT INTO user_orgs VALUES (4, 1, 'admin'), (4, 2, 'guest'), (4, 3, DEFAULT) RETURNING *;
INSERT INTO user_orgs (role, org_id, user_id) VALUES ('guest', 5, 4) RETURNING role, twice, serial IS NOT NULL AS numbered;
INSERT INTO user_orgs (user_id, org_id, serial) OVERRIDING SYSTEM VALUE VALUES (4, 6, 1000) RETURNING serial;
INSERT INTO user_orgs SELECT 5, org_id, role FROM user_orgs WHERE user_id = 4 ON CONFLICT DO NOTHING;
SELECT refused($$INSERT INTO user_orgs (user_id, org_id, twice) VALUES (6, 6, 12)$$) AS generated,
       refused($$INSERT INTO user_orgs (user_id, org_id, serial) VALUES (6, 6, 1)$$) AS identity_always,
       refused($$INSERT INTO user_orgs (user_id, org_id, role) VALUES (6, 6, 'too long for it')$$) AS too_long,
       refused($$INSERT INTO user_orgs (user_id) VALUES (6)$$) AS not_null,
       refused($$INSERT INTO user_orgs VALUES (4, 1)$$) AS twice,
       refused($$INSERT INTO user_orgs VALUES (99, 1)$$) AS no_such_end,
       refused($$SELECT id FROM user_orgs$$) AS new_column;
INSERT INTO user_orgs VALUES (4, 1, 'x'), (6, 1, 'x') ON CONFLICT (org_id, user_id) DO NOTHING RETURNING user_id, org_id, role;
INSERT INTO user_orgs VALUES (4, 1, 'x'), (4, 7, 'x') ON CONFLICT (user_id, org_id) DO UPDATE
    SET (role, org_id) = (SELECT excluded.role || user_orgs.role, 8) RETURNING user_id, org_id, role;
WITH moved AS (DELETE FROM user_orgs WHERE user_id = 5 RETURNING org_id, role)
INSERT INTO user_orgs SELECT 7, org_id, role FROM moved;
UPDATE user_orgs o SET role = 'new', user_id = 8 FROM users u WHERE u.id = o.user_id AND u.id = 7 AND org_id = 2 RETURNING o.user_id, o.org_id, o.role, o.twice;
SELECT user_id, org_id FROM user_orgs WHERE user_id = 8 FOR UPDATE;
DELETE FROM user_orgs USING orgs WHERE orgs.id = org_id AND user_id = 7;
SELECT user_id, org_id, role, twice FROM user_orgs ORDER BY 1, 2;
SELECT count(*) FILTER (WHERE m.user_id IS NULL OR o.user_id IS NULL) AS differ, count(*) AS rows
FROM memberships m FULL JOIN user_orgs o USING (user_id, org_id, role, twice, serial);
SELECT count(DISTINCT id) = count(*) AS unique_ids FROM memberships;

--
-- What the view cannot do, as the notice and its comment say
--
CREATE FUNCTION count_rows() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM memberships';
SELECT count_rows() AS before \gset
\set VERBOSITY sqlstate
COPY user_orgs (user_id, org_id) FROM stdin;
9	9
\.
TRUNCATE user_orgs;
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES user_orgs (user_id, org_id));
INSERT INTO user_orgs VALUES (9, 9) ON CONFLICT ON CONSTRAINT user_orgs_pkey DO NOTHING;
INSERT INTO user_orgs VALUES (9, 9) ON CONFLICT ON CONSTRAINT memberships_user_id_org_id_unique DO NOTHING;
\set VERBOSITY terse
SELECT count_rows() = :before AS unchanged;

-- a foreign key that was there before points at the table still
BEGIN;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON DELETE CASCADE);
INSERT INTO badges VALUES (4, 2);
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships', keep_old_name => true);
SELECT refused('INSERT INTO badges VALUES (9, 9)');
DELETE FROM user_orgs WHERE user_id = 4;
SELECT count(*) FROM badges;
ROLLBACK;

-- demote gives the name back, and the view goes; unless something rests on it
CREATE VIEW over_view AS SELECT user_id FROM user_orgs;
SELECT refused($$SELECT junction.demote('memberships', 'user_orgs')$$);
SELECT relkind FROM pg_class WHERE oid = 'user_orgs'::regclass;
DROP VIEW over_view;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT relkind, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'user_orgs'::regclass;
EXECUTE reading (1);
DEALLOCATE ALL;
DROP TABLE user_orgs, planned, ran;

--
-- Rights: those of the table, no more and no less, in the same words
--
CREATE TABLE user_orgs (
    user_id int REFERENCES users, org_id int REFERENCES orgs, role text DEFAULT 'member', "Sec ret" text,
    PRIMARY KEY (user_id, org_id)
);
INSERT INTO user_orgs VALUES (1, 1, 'admin', 'x');
INSERT INTO user_orgs VALUES (1, 2), (2, 2);
GRANT SELECT, INSERT, UPDATE, DELETE ON user_orgs TO regress_junction_old_name_tables;
GRANT SELECT (user_id, org_id), INSERT (org_id, user_id), UPDATE (role) ON user_orgs TO regress_junction_old_name_columns;
GRANT SELECT ON user_orgs TO "regress_junction Old ""Name""" WITH GRANT OPTION;
GRANT INSERT ON user_orgs TO "regress_junction Old ""Name""";
GRANT UPDATE ("Sec ret") ON user_orgs TO "regress_junction Old ""Name""" WITH GRANT OPTION;
GRANT SELECT (role), REFERENCES (user_id) ON user_orgs TO PUBLIC;
GRANT DELETE, TRUNCATE, TRIGGER ON user_orgs TO PUBLIC;
SET SESSION AUTHORIZATION "regress_junction Old ""Name""";
GRANT SELECT ON user_orgs TO regress_junction_old_name_granted;
SET SESSION AUTHORIZATION regress_junction_old_name;

-- who may do what with a table and its columns
CREATE FUNCTION rights(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', grantee::regrole, privilege_type, CASE WHEN is_grantable THEN 'grantable' END)
    FROM pg_class, aclexplode(relacl) WHERE oid = rel
    UNION ALL
    SELECT concat_ws(' ', grantee::regrole, privilege_type, attname, CASE WHEN is_grantable THEN 'grantable' END)
    FROM pg_attribute, aclexplode(attacl) WHERE attrelid = rel
    ORDER BY 1
$$;
SELECT count(*) FROM rights('user_orgs') WHERE rights !~ '^regress_junction_old_name ';
-- somebody who is a member of the owner's role promotes; the owner owns the view
SET SESSION AUTHORIZATION regress_junction_old_name_member;
BEGIN;
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships', keep_old_name => true);
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('user_orgs', 'memberships') ORDER BY 1;
SELECT rights FROM rights('memberships') EXCEPT SELECT rights FROM rights('user_orgs');
ROLLBACK;
-- or the superuser
RESET SESSION AUTHORIZATION;
SELECT statement FROM junction.promote('user_orgs', 'memberships', keep_old_name => true) WHERE statement ~ 'GRANT|OWNER' ORDER BY step;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('user_orgs', 'memberships') ORDER BY 1;
SELECT rights FROM rights('memberships') EXCEPT SELECT rights FROM rights('user_orgs');
SELECT rights FROM rights('user_orgs') EXCEPT SELECT rights FROM rights('memberships');

-- each with what was granted to him, through the view as on the table
CREATE FUNCTION may(rel text) RETURNS TABLE (statement text, result text) LANGUAGE sql AS $$
    SELECT format(template, rel), refused('DO $do$ BEGIN ' || format(template, rel) || '; RAISE SQLSTATE ''00R00''; END $do$') FROM unnest(array[
        'PERFORM * FROM %s',
        'PERFORM user_id, org_id FROM %s',
        'PERFORM role FROM %s',
        'PERFORM "Sec ret" FROM %s',
        'PERFORM user_id FROM %s FOR UPDATE',
        'INSERT INTO %s (user_id, org_id) VALUES (5, 5)',
        'INSERT INTO %s (user_id, org_id, role) VALUES (5, 5, ''x'')',
        'INSERT INTO %s (user_id, org_id) VALUES (1, 1) ON CONFLICT (user_id, org_id) DO NOTHING',
        'INSERT INTO %s (user_id, org_id) VALUES (1, 1) ON CONFLICT (user_id, org_id) DO UPDATE SET role = ''x''',
        'UPDATE %s SET role = ''x''',
        'UPDATE %s SET "Sec ret" = ''x''',
        'DELETE FROM %s']) WITH ORDINALITY AS t (template, n) ORDER BY n
$$;
SET SESSION AUTHORIZATION regress_junction_old_name_tables;
SELECT count(*) FILTER (WHERE v.result IS DISTINCT FROM t.result) AS differ, count(*) FILTER (WHERE v.result = '00R00') AS may,
       count(*) FILTER (WHERE v.result = '42501') AS may_not
FROM may('user_orgs') WITH ORDINALITY AS v (statement, result, n) JOIN may('memberships') WITH ORDINALITY AS t (statement, result, n) USING (n);
-- (rights to some of the columns let one write; but PostgreSQL reads through a
-- view only for who may read every column that it shows)
SET SESSION AUTHORIZATION regress_junction_old_name_columns;
SELECT v.statement, v.result AS through_view, v.result = t.result AS as_table
FROM may('user_orgs') WITH ORDINALITY AS v (statement, result, n) JOIN may('memberships') WITH ORDINALITY AS t (statement, result, n) USING (n) ORDER BY n;
SET SESSION AUTHORIZATION "regress_junction Old ""Name""";
SELECT v.statement, v.result AS through_view, v.result = t.result AS as_table
FROM may('user_orgs') WITH ORDINALITY AS v (statement, result, n) JOIN may('memberships') WITH ORDINALITY AS t (statement, result, n) USING (n) ORDER BY n;
SET SESSION AUTHORIZATION regress_junction_old_name_public;
SELECT v.statement, v.result AS through_view, v.result = t.result AS as_table
FROM may('user_orgs') WITH ORDINALITY AS v (statement, result, n) JOIN may('memberships') WITH ORDINALITY AS t (statement, result, n) USING (n)
WHERE v.result <> '42501' OR t.result <> '42501' ORDER BY n;
-- somebody's grant to somebody else, too
SET SESSION AUTHORIZATION regress_junction_old_name_granted;
SELECT count(*) FROM user_orgs;
-- a right that is taken from the table is gone, whatever the view says
SET SESSION AUTHORIZATION regress_junction_old_name;
REVOKE INSERT ON memberships FROM regress_junction_old_name_tables;
SET SESSION AUTHORIZATION regress_junction_old_name_tables;
SELECT refused('INSERT INTO user_orgs VALUES (5, 5)');
SET SESSION AUTHORIZATION regress_junction_old_name;

SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');

--
-- Row-level security: the policies of the table hold through the view for who
-- uses it, not for its owner
--
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON user_orgs TO regress_junction_old_name_tables USING (role = current_user) WITH CHECK (org_id <> 3);
UPDATE user_orgs SET role = 'regress_junction_old_name_tables' WHERE org_id = 2;
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships', keep_old_name => true);
SELECT count(*) AS owner_sees FROM user_orgs;
SET SESSION AUTHORIZATION regress_junction_old_name_tables;
SELECT user_id, org_id FROM user_orgs ORDER BY 1;
UPDATE user_orgs SET "Sec ret" = 'mine' RETURNING user_id, org_id;
SELECT refused('UPDATE user_orgs SET org_id = 3');
DELETE FROM user_orgs RETURNING user_id, org_id;
SET SESSION AUTHORIZATION regress_junction_old_name_granted;
SELECT count(*) AS without_policy FROM user_orgs;
SET SESSION AUTHORIZATION regress_junction_old_name;
SELECT user_id, org_id FROM memberships;
-- where they are forced, the owner's too
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
SELECT count(*) AS owner_sees FROM user_orgs;
DROP TABLE memberships CASCADE;

--
-- Names to be quoted; the comment and the grants quote them too
--
CREATE TABLE "it's ""x"" %s" ("User" int REFERENCES users, "select" int REFERENCES orgs, "a.b" text DEFAULT 'c', PRIMARY KEY ("User", "select"));
GRANT SELECT ("a.b") ON "it's ""x"" %s" TO "regress_junction Old ""Name""";
SELECT statement FROM junction.promote('"it''s ""x"" %s"', '"New ""Y"" \''s"', keep_old_name => true, id_type => 'bigint', timestamps => false)
WHERE statement ~ 'VIEW|GRANT' ORDER BY step;
INSERT INTO "it's ""x"" %s" VALUES (1, 1) ON CONFLICT ("User", "select") DO UPDATE SET "a.b" = 'd' RETURNING *;
SELECT obj_description('"it''s ""x"" %s"'::regclass, 'pg_class');
DROP TABLE "New ""Y"" \'s" CASCADE;

--
-- Partitioned, unlogged and temporary; names that only a qualified name finds
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, note text, PRIMARY KEY (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES FROM (0) TO (2);
CREATE TABLE links_2 PARTITION OF links DEFAULT;
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things', primary_key => '{id,user_id}', keep_old_name => true);
INSERT INTO links VALUES (1, 1), (2, 2);
INSERT INTO links VALUES (1, 1, 'a'), (2, 2, 'b') ON CONFLICT (user_id, org_id) DO UPDATE SET note = excluded.note;
UPDATE links SET user_id = 3 WHERE user_id = 1;
SELECT tableoid::regclass, user_id, org_id, note FROM things ORDER BY user_id;
DROP TABLE things CASCADE;
CREATE UNLOGGED TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TEMP TABLE ends (id int PRIMARY KEY);
CREATE TEMP TABLE end_ends (one int REFERENCES ends, other int REFERENCES ends, PRIMARY KEY (one, other));
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things', keep_old_name => true);
SELECT count(*) > 0 AS promoted FROM junction.promote('end_ends', 'pairs', keep_old_name => true);
SELECT relname, relkind, relpersistence FROM pg_class WHERE oid IN ('links'::regclass, 'things'::regclass, 'end_ends'::regclass, 'pairs'::regclass) ORDER BY 1;
INSERT INTO links VALUES (1, 1);
INSERT INTO ends VALUES (1);
INSERT INTO end_ends VALUES (1, 1);
SELECT count(t.id), count(p.id) FROM things t, pairs p;
DROP TABLE things, pairs, ends CASCADE;
SET search_path = pg_catalog;
CREATE TABLE test_old_name.links (user_id int REFERENCES test_old_name.users, org_id int REFERENCES test_old_name.orgs, PRIMARY KEY (user_id, org_id));
SELECT statement, locks FROM junction.promote('test_old_name.links', 'things', keep_old_name => true) WHERE statement ~ 'CREATE VIEW' ORDER BY step;
SELECT count(*) FROM test_old_name.links;
DROP TABLE test_old_name.things CASCADE;
SET search_path = test_old_name;

--
-- Refused where there is no old name: no new one, or the same; and null
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SELECT arguments, refused(format('SELECT junction.promote(''links''%s)', arguments)) FROM unnest(array[
    ', keep_old_name => true', ', keep_old_name => true, dry_run => true', ', ''links'', keep_old_name => true',
    ', ''LINKS'', keep_old_name => true, portable => true', ', ''things'', keep_old_name => NULL',
    ', ''things'', unique_name => ''links'', keep_old_name => true']) AS arguments;
SELECT relkind, (SELECT count(*) FROM pg_attribute WHERE attrelid = 'links'::regclass AND attnum > 0) AS columns FROM pg_class WHERE oid = 'links'::regclass;

--
-- demote knows the view by what was left on it, and takes its name without being
-- told; a view that somebody made by hand is in the way of that name like any
-- other relation
--
DROP TABLE links;
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
CREATE VIEW user_orgs WITH (security_invoker = true) AS SELECT user_id, org_id FROM memberships;
SELECT refused($$SELECT junction.demote('memberships', 'user_orgs')$$) AS by_hand,
       refused($$SELECT junction.demote('memberships', 'user_orgs', dry_run => true)$$) AS dry_run;
COMMENT ON VIEW user_orgs IS 'The old name of memberships.';
SELECT refused($$SELECT junction.demote('memberships', 'user_orgs')$$) AS with_a_comment;
SELECT statement FROM junction.demote('memberships', dry_run => true) WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
DROP VIEW user_orgs;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships', keep_old_name => true);
-- whatever table and view are called by now
BEGIN;
ALTER TABLE memberships RENAME TO members;
SELECT statement FROM junction.demote('members') WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
SELECT relname, relkind FROM pg_class WHERE relname IN ('user_orgs', 'memberships', 'members', 'org_users');
ROLLBACK;
BEGIN;
ALTER VIEW user_orgs RENAME TO "Who is where";
SELECT statement FROM junction.demote('memberships', dry_run => true) WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
ROLLBACK;
-- unless the name is another one, or cannot be told; or the view is no more what
-- it was
SELECT statement FROM junction.demote('memberships', 'links', dry_run => true) WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
BEGIN;
CREATE VIEW user_orgs_too WITH (security_invoker = true) AS TABLE user_orgs;
CREATE VIEW user_orgs_2 WITH (security_invoker = true) AS SELECT user_id, org_id FROM memberships;
SELECT format('COMMENT ON VIEW user_orgs_2 IS %L', obj_description('user_orgs'::regclass, 'pg_class')) \gexec
SELECT statement FROM junction.demote('memberships', dry_run => true) WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
ROLLBACK;
-- PostGraphile's tags before the comment are no other comment
BEGIN;
SELECT format('COMMENT ON VIEW user_orgs IS %L', E'@primaryKey user_id,org_id\n@foreignKey (org_id) references orgs (id)\n' ||
              obj_description('user_orgs'::regclass, 'pg_class')) \gexec
SELECT statement FROM junction.demote('memberships') WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
ROLLBACK;
BEGIN;
COMMENT ON VIEW user_orgs IS '@primaryKey user_id,org_id';
SELECT statement FROM junction.demote('memberships', dry_run => true) WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
ROLLBACK;
BEGIN;
COMMENT ON VIEW user_orgs IS NULL;
SELECT statement FROM junction.demote('memberships', dry_run => true) WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
SELECT refused($$SELECT junction.demote('memberships', 'user_orgs')$$);
ROLLBACK;
SELECT statement FROM junction.demote('memberships') WHERE statement ~ 'VIEW|RENAME TO' ORDER BY step;
SELECT relname, relkind FROM pg_class WHERE relname IN ('user_orgs', 'memberships', 'org_users');

RESET SESSION AUTHORIZATION;
SET search_path = public;
DROP SCHEMA test_old_name CASCADE;
DROP ROLE regress_junction_old_name, regress_junction_old_name_member, regress_junction_old_name_tables, regress_junction_old_name_columns,
    "regress_junction Old ""Name""", regress_junction_old_name_public, regress_junction_old_name_granted;
