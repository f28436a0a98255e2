-- junction.promote in one transaction: a junction becomes an entity, and keeps
-- its rows and all that hangs on it.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_promoter;
CREATE ROLE regress_junction_guest;
CREATE SCHEMA regress_promote AUTHORIZATION regress_junction_promoter;
SET SESSION AUTHORIZATION regress_junction_promoter;
SET search_path = regress_promote;

-- What the catalogs say of a table. 18 keeps NOT NULL as constraints and has
-- its own uuidv7(): both are left out of the text.
CREATE FUNCTION shape(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT line COLLATE "C" FROM (
    SELECT concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod),
                     CASE WHEN attnotnull THEN 'not null' END,
                     CASE attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
                     CASE attgenerated WHEN 's' THEN 'generated' END,
                     regexp_replace(pg_get_expr(adbin, adrelid), '^(junction|pg_catalog)\.', ''))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = rel AND contype <> 'n'
    UNION ALL
    SELECT format('index %s%s', replace(pg_get_indexdef(indexrelid), 'regress_promote.', ''),
                  CASE WHEN indisprimary THEN ' (primary)' END)
    FROM pg_index WHERE indrelid = rel
    ) AS lines (line)
    ORDER BY 1
$$;

-- The catalogs' rows of the whole schema, without what VACUUM writes there
CREATE FUNCTION fingerprint() RETURNS text LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'regress_promote'::regnamespace)
    SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
        SELECT (to_jsonb(ours) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text FROM ours
        UNION ALL SELECT a::text FROM pg_attribute a WHERE attrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT c::text FROM pg_constraint c WHERE connamespace = 'regress_promote'::regnamespace
        UNION ALL SELECT i::text FROM pg_index i WHERE indrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_attrdef d WHERE adrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE objid IN (SELECT oid FROM ours) OR refobjid IN (SELECT oid FROM ours)
    ) AS rows (t)
$$;

--
-- The seed story: user_orgs becomes memberships
--
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 3);
INSERT INTO orgs VALUES (1), (2);
CREATE TYPE member_role AS ENUM ('member', 'admin');

CREATE TABLE user_orgs (
    user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id),
    CHECK (user_id > 0),
    CONSTRAINT no_bots CHECK (user_id <> 13)
);
CREATE INDEX ON user_orgs (org_id);
CREATE INDEX fk_rails_591dad3359 ON user_orgs (org_id, user_id);
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs WHERE users.id < 3;

CREATE TABLE badges (
    user_id int, org_id int,
    FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON DELETE CASCADE
);
INSERT INTO badges VALUES (1, 1), (1, 2), (2, 1);
CREATE VIEW pairs AS SELECT user_id, org_id FROM user_orgs;
CREATE TABLE log (line text);
CREATE FUNCTION log_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO regress_promote.log VALUES (TG_TABLE_NAME || ': ' || NEW.user_id || ', ' || NEW.org_id);
    RETURN NULL;
END $$;
CREATE TRIGGER log_insert AFTER INSERT ON user_orgs FOR EACH ROW EXECUTE FUNCTION log_insert();
GRANT USAGE ON SCHEMA regress_promote TO regress_junction_guest;
GRANT DELETE ON user_orgs TO regress_junction_guest;
GRANT SELECT (user_id) ON user_orgs TO regress_junction_guest;
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_org ON user_orgs TO regress_junction_guest USING (org_id = 1);
COMMENT ON TABLE user_orgs IS 'who is where';
COMMENT ON COLUMN user_orgs.org_id IS 'where';
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'once each';
COMMENT ON CONSTRAINT user_orgs_user_id_fkey ON user_orgs IS 'who';
COMMENT ON INDEX user_orgs_org_id_idx IS 'the way back';
ALTER TABLE user_orgs ALTER COLUMN org_id SET STATISTICS 77;
ALTER TABLE user_orgs SET (fillfactor = 80);

RESET SESSION AUTHORIZATION;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION regress_junction_publication FOR TABLE regress_promote.user_orgs;
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_junction_promoter;

-- what must be the same before and after
CREATE TEMP TABLE kept AS
SELECT 'user_orgs'::regclass::oid AS oid, relacl, relowner, relrowsecurity, reloptions,
       (SELECT attacl FROM pg_attribute WHERE attrelid = 'user_orgs'::regclass AND attname = 'user_id') AS attacl,
       pg_relation_filenode('user_orgs_pkey') AS pair_file
FROM pg_class WHERE oid = 'user_orgs'::regclass;

-- a dry run says what would run, and changes nothing
SELECT fingerprint() AS before \gset
SELECT row_number() OVER (ORDER BY step) AS step,
       regexp_replace(statement, '(junction|pg_catalog)\.(?=uuid)', '', 'g') AS statement, locks
FROM junction.promote('user_orgs', 'memberships', dry_run => true,
                      columns => array['role member_role not null default ''member'''])
WHERE statement !~ '_not_null ' ORDER BY step;
SELECT fingerprint() = :'before' AS unchanged;

-- the same call for real returns the same statements
CREATE TEMP TABLE planned AS
SELECT * FROM junction.promote('user_orgs', 'memberships', dry_run => true,
                               columns => array['role member_role not null default ''member''']);
CREATE TEMP TABLE ran AS
SELECT * FROM junction.promote('user_orgs', 'memberships',
                               columns => array['role member_role not null default ''member''']);
SELECT count(*) FILTER (WHERE planned IS DISTINCT FROM ran) AS differ, count(*) > 0 AS some
FROM planned FULL JOIN ran USING (step);

-- names go with the table; no_bots and fk_rails_591dad3359 are the user's own
SELECT to_regclass('user_orgs') IS NULL AS old_name_is_gone;
SELECT shape FROM shape('memberships');
SELECT conname AS old_names FROM pg_constraint WHERE conrelid = 'memberships'::regclass AND conname ~ 'user_orgs';

-- the same table, the same index file for the pair
SELECT kept.oid = c.oid AS same_table, c.relacl = kept.relacl AS same_grants,
       a.attacl = kept.attacl AS same_column_grants, c.relowner = kept.relowner AS same_owner,
       c.relrowsecurity AND kept.relrowsecurity AS row_security, c.reloptions,
       a2.attstattarget AS statistics,
       pg_relation_filenode('memberships_user_id_org_id_unique') <> kept.pair_file AS rewritten
FROM kept, pg_class c, pg_attribute a, pg_attribute a2
WHERE c.oid = 'memberships'::regclass AND a.attrelid = c.oid AND a.attname = 'user_id'
  AND a2.attrelid = c.oid AND a2.attname = 'org_id';
SELECT kind, endpoints, own_columns FROM junction.junctions WHERE junction = 'memberships'::regclass;

-- all rows are there, each with an id of its own, of version 7
SELECT user_id, org_id, role, created_at = updated_at AS stamped FROM memberships ORDER BY 1, 2;
SELECT count(DISTINCT id) AS ids, bool_and(substr(id::text, 15, 1) = '7') AS version_7 FROM memberships;

-- comments are on what they were on
SELECT obj_description('memberships'::regclass, 'pg_class') AS "table",
       col_description('memberships'::regclass, 2) AS "column",
       obj_description('memberships_org_id_idx'::regclass, 'pg_class') AS index;
SELECT conname, obj_description(oid, 'pg_constraint') FROM pg_constraint
WHERE conrelid = 'memberships'::regclass AND obj_description(oid, 'pg_constraint') IS NOT NULL ORDER BY 1;

-- the trigger fires, the view shows, the pair is unique, both ends must exist
INSERT INTO memberships (user_id, org_id, role) VALUES (3, 1, 'admin');
SELECT line FROM log;
SELECT count(*) FROM pairs;
INSERT INTO memberships (user_id, org_id) VALUES (3, 1);
INSERT INTO memberships (user_id, org_id) VALUES (4, 1);
INSERT INTO memberships (user_id, org_id) VALUES (3, 3);
INSERT INTO memberships (user_id, org_id) VALUES (3, 1) ON CONFLICT (user_id, org_id) DO UPDATE SET role = 'member'
RETURNING user_id, org_id, role;

-- the foreign key from elsewhere holds both ways
INSERT INTO badges VALUES (3, 2);
INSERT INTO badges VALUES (3, 1);
DELETE FROM memberships WHERE (user_id, org_id) = (1, 1);
SELECT * FROM badges ORDER BY 1, 2;

-- the guest sees what he saw before and no more: one column, one org's rows
SET SESSION AUTHORIZATION regress_junction_guest;
SELECT user_id FROM memberships ORDER BY 1;
SELECT org_id FROM memberships;
DELETE FROM memberships;
SET SESSION AUTHORIZATION regress_junction_promoter;
SELECT user_id, org_id FROM memberships ORDER BY 1, 2;

-- published still, and it can be updated: the id is the replica identity
SELECT pubname, tablename FROM pg_publication_tables WHERE tablename = 'memberships';
UPDATE memberships SET role = 'admin' WHERE user_id = 1 RETURNING user_id, org_id;
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_publication;
SET SESSION AUTHORIZATION regress_junction_promoter;

-- either parent sweeps its links
DELETE FROM users WHERE id = 1;
SELECT count(*) FROM memberships;
DROP TABLE memberships, badges, log, kept, planned, ran CASCADE;
INSERT INTO users VALUES (1);

--
-- The statements of a dry run, run by \gexec, make what the verb itself makes
--
CREATE TABLE twin (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON twin (org_id);
INSERT INTO twin VALUES (1, 1);
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('twin', 'entity', array['n int DEFAULT 5'], unique_name => 'pair');
SELECT string_agg(shape, E'\n') AS by_verb FROM shape('entity') \gset
ROLLBACK;
\o /dev/null
\set ECHO none
SELECT statement FROM junction.promote('twin', 'entity', array['n int DEFAULT 5'], unique_name => 'pair', dry_run => true) \gexec
\set ECHO all
\o
SELECT string_agg(shape, E'\n') = :'by_verb' AS the_same FROM shape('entity');
SELECT * FROM shape('entity');
DROP TABLE entity;

--
-- columns: as many as wanted, with all that a column can have
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO links VALUES (1, 1), (2, 2);
SELECT count(*) > 0 AS ran FROM junction.promote('links', columns => array[
    'level int NOT NULL DEFAULT 1 CHECK (level > 0)',
    'invited_by int REFERENCES users ON DELETE SET NULL',
    'double int GENERATED ALWAYS AS (user_id * 2) STORED',
    '"Odd ""Name""; -- x" varchar(9)[] DEFAULT ''{a--b}''',
    'word text COLLATE "C" -- a comment may end it',
    E'token text\n UNIQUE',
    '/* or begin it */ number bigint GENERATED BY DEFAULT AS IDENTITY']);
-- no name was given: the table and its names stay
SELECT * FROM shape('links');
SELECT user_id, level, double, "Odd ""Name""; -- x", number FROM links ORDER BY 1;
DROP TABLE links;

--
-- timestamps: those that are there stay, payload stays
--
CREATE TABLE links (
    user_id int REFERENCES users, org_id int REFERENCES orgs, gone int, position int NOT NULL, created_at date,
    PRIMARY KEY (user_id, org_id)
);
ALTER TABLE links DROP COLUMN gone;
INSERT INTO links VALUES (1, 1, 7, '2001-02-03');
SELECT kind, own_columns FROM junction.junctions WHERE junction = 'links'::regclass;
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', id_type => 'bigint');
SELECT * FROM shape('links') WHERE shape ~ '^column';
SELECT id, user_id, org_id, position, created_at FROM links;
ROLLBACK;
-- asked for by the user, in his own way
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', columns => '{updated_at timestamp}', id_type => 'int');
SELECT * FROM shape('links') WHERE shape ~ '^column';
ROLLBACK;
-- a check of a system column, and of the whole row
BEGIN;
ALTER TABLE links ADD CHECK (tableoid > 0 AND position > 0), ADD CHECK (links IS NOT NULL OR position > 0);
SELECT count(*) > 0 AS ran FROM junction.promote('links', 'things', timestamps => false, id_type => 'int');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'things'::regclass AND contype = 'c' ORDER BY conname COLLATE "C";
ROLLBACK;
-- by whatever spelling, and of whatever type, they are there
CREATE FUNCTION added_beside(name text, type text = 'timestamptz') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE spelled (user_id int REFERENCES users, org_id int REFERENCES orgs, %I %s, PRIMARY KEY (user_id, org_id))', name, type);
    PERFORM junction.promote('spelled', 'memberships');
    DROP TABLE IF EXISTS spelled;
    name := (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'memberships'::regclass AND attname ~ '^(cre|upd)ated_at$' AND attname <> name);
    DROP TABLE memberships;
    RETURN name;
END $$;
SELECT name, added_beside(name) FROM unnest('{createdAt,createdat,created_on,date_created,"Creation Date",inserted_at,insertTime,added_at,
    updatedAt,LastUpdated,modified_at,date_modified,lastModifiedDate,changed_on,row_created_ts,
    creator_seen_at,price_updated_at,recreated_at,update_count,deleted_at,datetime}'::text[]) AS name;
SELECT added_beside('createdAt', 'bigint'), added_beside('created_by', 'text');
-- among the user's own columns too
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', columns => '{"\"updatedAt\" timestamp"}', id_type => 'int');
SELECT * FROM shape('links') WHERE shape ~ '^column';
ROLLBACK;
-- not wanted
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', timestamps => false, id_type => 'int4');
SELECT * FROM shape('links') WHERE shape ~ '^column';
ROLLBACK;

--
-- id_column, primary_key, unique_name; a rolled back promotion leaves nothing
--
SELECT fingerprint() AS before \gset
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', id_column => 'Link Nr.', id_type => 'bigint', timestamps => false,
    columns => '{tenant int NOT NULL DEFAULT 1}', primary_key => '{tenant,org_id,Link Nr.}', unique_name => 'Just "once"');
SELECT * FROM shape('links');
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;

-- a unique_name that the convention would give to another: that one is numbered
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', 'things', id_type => 'bigint', timestamps => false, unique_name => 'things_pkey');
SELECT * FROM shape('things') WHERE shape ~ '^constraint';
ROLLBACK;

-- names that others have: numbered, never taken away
BEGIN;
CREATE TABLE things_pkey ();
CREATE SEQUENCE things_user_id_org_id_unique;
SELECT count(*) > 0 AS ran FROM junction.promote('links', 'things', id_type => 'bigint', timestamps => false);
SELECT * FROM shape('things') WHERE shape ~ '^constraint';
ROLLBACK;

-- id_column may take the name of a stamp: there is one less then
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', id_column => 'updated_at', id_type => 'bigint');
SELECT * FROM shape('links') WHERE shape ~ '^column';
ROLLBACK;

-- the name may be qualified, and is folded as SQL folds
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('links', 'Regress_Promote.THINGS', id_type => 'bigint');
SELECT 'things'::regclass;
ROLLBACK;
-- its own name is no new name
BEGIN;
SELECT count(*) FILTER (WHERE statement ~ 'RENAME') AS renames FROM junction.promote('links', 'links', id_type => 'bigint');
SELECT 'links'::regclass;
ROLLBACK;
DROP TABLE links;

--
-- Names that must be quoted, names near 63 bytes
--
CREATE TABLE "Ünsere ""Leute""" ("Die ID" int PRIMARY KEY);
CREATE TABLE "x""; drop table users; --" (
    "a.b" int REFERENCES "Ünsere ""Leute""", "C'd" int REFERENCES orgs, PRIMARY KEY ("a.b", "C'd")
);
CREATE INDEX ON "x""; drop table users; --" ("C'd");
SELECT statement FROM junction.promote('"x""; drop table users; --"', '"Y''s ""own"" %s\name"', dry_run => true, id_type => 'bigint', timestamps => false)
WHERE statement !~ '_not_null' ORDER BY step;
SELECT count(*) > 0 AS ran FROM junction.promote('"x""; drop table users; --"', '"Y''s ""own"" %s\name"', id_type => 'bigint', timestamps => false);
SELECT * FROM shape('"Y''s ""own"" %s\name"');
SELECT count(*) AS users FROM users;
DROP TABLE "Y's ""own"" %s\name";

-- 62 bytes of two each: names that PostgreSQL had to cut go with the table
-- too, and are cut again between characters
SELECT repeat('é', 31) AS long, repeat('ß', 31) AS new \gset
CREATE TABLE :"long" (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON :"long" (org_id);
SELECT count(*) > 0 AS ran FROM junction.promote(:'long', :'new', id_type => 'bigint', timestamps => false);
SELECT conname FROM pg_constraint WHERE conrelid = :'new'::regclass AND contype <> 'n' ORDER BY 1;
SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = :'new'::regclass ORDER BY 1;
SELECT conname AS old_names FROM pg_constraint WHERE conrelid = :'new'::regclass AND conname ~ 'é';
DROP TABLE :"new";

--
-- Partitions: the key of each is demoted, names below the root stay theirs
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
CREATE TABLE links_2 PARTITION OF links FOR VALUES FROM (2) TO (9);
CREATE TABLE points (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES links);
INSERT INTO links VALUES (1, 1), (2, 2);
INSERT INTO points VALUES (1, 1), (2, 2);
SELECT statement, locks FROM junction.promote('links', 'things', primary_key => '{id,user_id,org_id}', timestamps => false)
WHERE statement ~ 'primary_to_unique';
SELECT relname, shape FROM pg_class, shape(pg_class.oid)
WHERE relname IN ('things', 'links_1', 'links_1_1', 'links_2') AND shape ~ '^constraint' AND shape !~ 'FOREIGN' ORDER BY 1, shape COLLATE "C";
INSERT INTO things (user_id, org_id) VALUES (1, 1);
INSERT INTO things (user_id, org_id) VALUES (2, 2);
INSERT INTO things (user_id, org_id) VALUES (3, 2);
INSERT INTO points VALUES (3, 2);
INSERT INTO points VALUES (3, 1);
\set VERBOSITY sqlstate
DELETE FROM things WHERE user_id = 1;
\set VERBOSITY terse
SELECT tableoid::regclass, user_id, org_id, count(id) FROM things GROUP BY 1, 2, 3 ORDER BY 2, 3;
DROP TABLE things, points;

--
-- A unique index instead of the key, as Prisma makes it: it takes the name,
-- and nothing is demoted
--
CREATE TABLE "_CategoryToPost" ("A" int NOT NULL, "B" int NOT NULL);
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_A_fkey" FOREIGN KEY ("A") REFERENCES users ON DELETE CASCADE;
ALTER TABLE "_CategoryToPost" ADD CONSTRAINT "_CategoryToPost_B_fkey" FOREIGN KEY ("B") REFERENCES orgs ON DELETE CASCADE;
CREATE UNIQUE INDEX "_CategoryToPost_AB_unique" ON "_CategoryToPost" ("A", "B");
CREATE INDEX "_CategoryToPost_B_index" ON "_CategoryToPost" ("B");
SELECT count(*) FILTER (WHERE statement ~ 'primary_to_unique') AS demotions
FROM junction.promote('"_CategoryToPost"', 'category_posts', id_type => 'bigint', timestamps => false);
SELECT * FROM shape('category_posts');
INSERT INTO category_posts VALUES (1, 1), (1, 1);
DROP TABLE category_posts;

--
-- drizzle-kit's names
--
CREATE TABLE user_orgs (
    user_id int NOT NULL CONSTRAINT user_orgs_user_id_users_id_fk REFERENCES users,
    org_id int NOT NULL CONSTRAINT user_orgs_org_id_orgs_id_fk REFERENCES orgs,
    CONSTRAINT user_orgs_user_id_org_id_pk PRIMARY KEY (user_id, org_id)
);
CREATE INDEX user_orgs_org_id_index ON user_orgs (org_id);
SET junction.naming = drizzle;
BEGIN;
SELECT count(*) > 0 AS ran FROM junction.promote('user_orgs', 'memberships', id_type => 'bigint', timestamps => false);
SELECT * FROM shape('memberships');
ROLLBACK;
SELECT count(*) > 0 AS ran FROM junction.promote('user_orgs', 'memberships', id_type => 'bigint', timestamps => false, primary_key => '{org_id,id}');
SELECT * FROM shape('memberships') WHERE shape ~ 'PRIMARY';
RESET junction.naming;
DROP TABLE memberships;

--
-- Unlogged stays unlogged, temporary stays temporary
--
CREATE UNLOGGED TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TEMP TABLE t_users (id int PRIMARY KEY);
CREATE TEMP TABLE t_links (user_id int REFERENCES t_users, other_id int REFERENCES t_users, PRIMARY KEY (user_id, other_id));
SELECT count(*) > 0 AS ran FROM junction.promote('links', 'things', id_type => 'bigint');
SELECT count(*) > 0 AS ran FROM junction.promote('t_links', 't_things', id_type => 'bigint');
SELECT relname, relpersistence FROM pg_class WHERE relname IN ('things', 't_things', 'things_pkey', 't_things_pkey') ORDER BY 1;
DROP TABLE things, t_things, t_users;

--
-- No search_path turns it: neither functions nor operators of the user's are
-- taken for the server's, while a column's type may be the user's own
--
RESET SESSION AUTHORIZATION;
CREATE SCHEMA regress_promote_evil AUTHORIZATION regress_junction_promoter;
SET SESSION AUTHORIZATION regress_junction_promoter;
SET search_path = regress_promote_evil, pg_catalog, regress_promote;
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz';
CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';
CREATE FUNCTION primary_to_unique(text, text) RETURNS void LANGUAGE sql AS '';
CREATE DOMAIN uuid AS text;
CREATE DOMAIN mood AS text CHECK (VALUE <> '');
CREATE TABLE regress_promote.links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO links VALUES (1, 1);
SELECT count(*) > 0 AS ran FROM junction.promote('links', columns => '{mood mood}');
SET search_path = regress_promote;
SELECT attname, typname, typnamespace::regnamespace FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = 'links'::regclass AND attnum > 2 ORDER BY 1;
SELECT id IS NULL AS id_is_null, created_at IS NULL AS stamp_is_null FROM links;
DROP TABLE links;

RESET SESSION AUTHORIZATION;
SET client_min_messages = error;
DROP SCHEMA regress_promote, regress_promote_evil CASCADE;
DROP ROLE regress_junction_promoter, regress_junction_guest;
