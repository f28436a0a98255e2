-- junction.demote: an entity becomes a junction again, as it was before it was
-- promoted, or the call says why not and changes nothing.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_demoter;
CREATE ROLE regress_junction_demote_guest;
CREATE SCHEMA regress_demote AUTHORIZATION regress_junction_demoter;
SET SESSION AUTHORIZATION regress_junction_demoter;
SET search_path = regress_demote;

-- What a table looks like, to be read. 18 keeps NOT NULL as constraints and
-- has its own uuidv7(): both are left out of the text.
CREATE FUNCTION shape(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT line COLLATE "C" FROM (
    SELECT concat_ws(' ', 'column', row_number() OVER (ORDER BY attnum), attname, format_type(atttypid, atttypmod),
                     CASE WHEN attnotnull THEN 'not null' END,
                     CASE attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
                     regexp_replace(pg_get_expr(adbin, adrelid), '^(junction|pg_catalog)\.', ''))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = rel AND contype <> 'n'
    UNION ALL
    SELECT format('index %s%s', replace(pg_get_indexdef(indexrelid), 'regress_demote.', ''),
                  CASE WHEN indisprimary THEN ' (primary)' END)
    FROM pg_index WHERE indrelid = rel
    ) AS lines (line)
    ORDER BY 1
$$;

-- All that the catalogs say of a table and of what hangs on it, to be compared
CREATE FUNCTION anatomy(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH cons AS (SELECT * FROM pg_constraint WHERE conrelid = rel OR confrelid = rel)
    SELECT concat_ws(' ', 'table', oid, oid::regclass, relowner::regrole, relpersistence, relkind, relreplident, relrowsecurity,
                     relforcerowsecurity, relhasindex, reloptions, relacl, obj_description(oid, 'pg_class'))
    FROM pg_class WHERE oid = rel
    UNION ALL
    SELECT concat_ws(' ', 'column', row_number() OVER (ORDER BY attnum), attname, format_type(atttypid, atttypmod), attnotnull,
                     attidentity, attgenerated, pg_get_expr(adbin, adrelid), attstorage, coalesce(attstattarget, -1), attislocal,
                     attinhcount, attacl, ARRAY(SELECT option FROM unnest(attoptions) option WHERE option ~ '^n_distinct'),
                     col_description(rel, attnum))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, contype, pg_get_constraintdef(oid), conindid::regclass,
                     convalidated, conislocal, coninhcount, connoinherit, obj_description(oid, 'pg_constraint'))
    FROM cons
    UNION ALL
    SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisprimary, indisunique, indimmediate, indisreplident,
                     indisclustered, indisvalid, obj_description(indexrelid, 'pg_class'))
    FROM pg_index WHERE indrelid = rel
    UNION ALL
    SELECT concat_ws(' ', 'depend', pg_describe_object(classid, objid, objsubid), 'on',
                     pg_describe_object(refclassid, refobjid, refobjsubid), deptype)
    FROM pg_depend
    WHERE (classid = 'pg_constraint'::regclass AND objid IN (SELECT oid FROM cons))
       OR (refclassid = 'pg_constraint'::regclass AND refobjid IN (SELECT oid FROM cons))
       OR (classid = 'pg_class'::regclass AND objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = rel))
       OR (refclassid = 'pg_class'::regclass AND refobjid IN (SELECT indexrelid FROM pg_index WHERE indrelid = rel))
       OR (refclassid = 'pg_class'::regclass AND refobjid = rel AND classid <> 'pg_type'::regclass AND classid <> 'pg_trigger'::regclass
           AND objid <> (SELECT reltoastrelid FROM pg_class WHERE oid = rel))
    UNION ALL
    SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(oid)) FROM pg_statistic_ext WHERE stxrelid = rel
    UNION ALL
    SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE tgrelid = rel AND NOT tgisinternal
    UNION ALL
    SELECT concat_ws(' ', 'triggers of foreign keys', count(*)) FROM pg_trigger WHERE tgrelid = rel AND tgisinternal
    UNION ALL
    SELECT concat_ws(' ', 'policy', p) FROM pg_policies p
    WHERE schemaname = 'regress_demote' AND tablename = (SELECT relname FROM pg_class WHERE oid = rel)
    UNION ALL
    SELECT concat_ws(' ', 'rule', pg_get_ruledef(oid)) FROM pg_rewrite WHERE ev_class = rel
    UNION ALL
    SELECT concat_ws(' ', 'published', pubname, attnames) FROM pg_publication_tables
    WHERE schemaname = 'regress_demote' AND tablename = (SELECT relname FROM pg_class WHERE oid = rel)
    UNION ALL
    SELECT concat_ws(' ', 'view', oid::regclass, pg_get_viewdef(oid)) FROM pg_class
    WHERE relkind = 'v' AND relnamespace = 'regress_demote'::regnamespace
$$;
CREATE TABLE kept (line text);
CREATE PROCEDURE keep(rel regclass) LANGUAGE sql AS $$
    DELETE FROM kept;
    INSERT INTO kept SELECT anatomy(rel)
$$;
CREATE FUNCTION differences(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT 'before: ' || line FROM (TABLE kept EXCEPT ALL SELECT anatomy(rel)) AS before (line)
    UNION ALL
    SELECT 'after: ' || line FROM (SELECT anatomy(rel) EXCEPT ALL TABLE kept) AS after (line)
    UNION ALL
    SELECT 'nothing kept' WHERE NOT EXISTS (TABLE kept)
$$;

-- The catalogs' rows of the whole schema, without what VACUUM writes there
CREATE FUNCTION fingerprint() RETURNS text LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'regress_demote'::regnamespace)
    SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
        SELECT (to_jsonb(ours) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text FROM ours
        UNION ALL SELECT a::text FROM pg_attribute a WHERE attrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT c::text FROM pg_constraint c WHERE connamespace = 'regress_demote'::regnamespace
        UNION ALL SELECT i::text FROM pg_index i WHERE indrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_attrdef d WHERE adrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE objid IN (SELECT oid FROM ours) OR refobjid IN (SELECT oid FROM ours)
    ) AS rows (t)
$$;

-- The plan of a demotion. 18 has NOT NULL constraints to rename: left out.
CREATE FUNCTION plan(entity regclass, name text = NULL, discard bool = false)
RETURNS TABLE (step bigint, statement text, locks text) LANGUAGE sql AS $$
    SELECT row_number() OVER (ORDER BY step), statement, locks
    FROM junction.demote(entity, name, discard, dry_run => true)
    WHERE statement !~ '_not_null"? TO '
$$;

-- What a demotion is refused with, whether a dry run is refused alike, and
-- that nothing was changed. No state: it was not refused.
CREATE FUNCTION refused(entity regclass, name text = NULL, discard bool = false)
RETURNS TABLE (state text, reason text, dry_run_too bool, unchanged bool) LANGUAGE plpgsql AS $$
DECLARE before text := fingerprint(); message text; detail text; dry_state text; dry_reason text;
BEGIN
    BEGIN
        PERFORM junction.demote(entity, name, discard);
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
        state := SQLSTATE;
        reason := coalesce(nullif(detail, ''), message);
    END;
    unchanged := fingerprint() = before;
    BEGIN
        PERFORM junction.demote(entity, name, discard, dry_run => true);
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
        dry_state := SQLSTATE;
        dry_reason := coalesce(nullif(detail, ''), message);
    END;
    dry_run_too := (state, reason) IS NOT DISTINCT FROM (dry_state, dry_reason);
    RETURN NEXT;
END $$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 3);
INSERT INTO orgs VALUES (1), (2);

--
-- Promote, then demote: as before, with all that hangs on it
--
CREATE TABLE user_orgs (
    user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    position int DEFAULT 1,
    PRIMARY KEY (user_id, org_id),
    CHECK (user_id > 0),
    CONSTRAINT no_bots CHECK (user_id <> 13)
);
CREATE INDEX ON user_orgs (org_id);
CREATE INDEX fk_rails_591dad3359 ON user_orgs (org_id, user_id) WHERE position > 0;
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs;
CREATE TABLE badges (
    user_id int, org_id int,
    FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON DELETE CASCADE
);
INSERT INTO badges VALUES (1, 1);
CREATE VIEW pairs AS SELECT user_id, org_id, position FROM user_orgs;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER nothing AFTER UPDATE OF org_id ON user_orgs FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE user_orgs ENABLE ALWAYS TRIGGER nothing;
CREATE RULE nothing AS ON DELETE TO user_orgs WHERE OLD.user_id = 13 DO INSTEAD NOTHING;
CREATE STATISTICS pair_statistics ON user_id, org_id FROM user_orgs;
GRANT DELETE ON user_orgs TO regress_junction_demote_guest WITH GRANT OPTION;
GRANT SELECT (user_id) ON user_orgs TO regress_junction_demote_guest;
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_org ON user_orgs TO regress_junction_demote_guest USING (org_id = 1);
COMMENT ON TABLE user_orgs IS 'who is where';
COMMENT ON COLUMN user_orgs.org_id IS 'where';
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'once each';
COMMENT ON INDEX user_orgs_pkey IS 'of the key';
COMMENT ON CONSTRAINT user_orgs_user_id_fkey ON user_orgs IS 'who';
COMMENT ON INDEX user_orgs_org_id_idx IS 'the way back';
ALTER TABLE user_orgs ALTER COLUMN org_id SET STATISTICS 77, ALTER COLUMN org_id SET (n_distinct = 5);
ALTER TABLE user_orgs SET (fillfactor = 80);
ALTER TABLE user_orgs CLUSTER ON user_orgs_pkey;
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_pkey;
RESET SESSION AUTHORIZATION;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION regress_junction_demote FOR TABLE regress_demote.user_orgs (user_id, org_id);
SET SESSION AUTHORIZATION regress_junction_demoter;
SET client_min_messages = warning;

CALL keep('user_orgs');
SELECT * FROM shape('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT count(*) > 0 AS other_then FROM differences('memberships');

-- a dry run says what would run, and changes nothing
SELECT fingerprint() AS before \gset
SELECT * FROM plan('memberships', 'user_orgs');
SELECT fingerprint() = :'before' AS unchanged;

-- the call itself returns the same, rewrites nothing and leaves no trace
CREATE TEMP TABLE planned AS SELECT * FROM junction.demote('memberships', 'user_orgs', dry_run => true);
SELECT pg_relation_filenode('memberships') AS heap, pg_relation_filenode('memberships_user_id_org_id_unique') AS key \gset
CREATE TEMP TABLE ran AS SELECT * FROM junction.demote('memberships', 'user_orgs');
SELECT count(*) FILTER (WHERE planned IS DISTINCT FROM ran) AS differ, count(*) > 0 AS some
FROM planned FULL JOIN ran USING (step);
SELECT pg_relation_filenode('user_orgs') = :heap AS same_file, pg_relation_filenode('user_orgs_pkey') = :key AS same_key_file;
SELECT * FROM differences('user_orgs');
SELECT * FROM user_orgs ORDER BY 1, 2;
SELECT kind, endpoints, own_columns FROM junction.junctions WHERE junction = 'user_orgs'::regclass;

-- and what is there can be relied upon
INSERT INTO user_orgs VALUES (1, 1);
INSERT INTO user_orgs VALUES (1, 1) ON CONFLICT ON CONSTRAINT user_orgs_pkey DO NOTHING RETURNING *;
INSERT INTO badges VALUES (9, 9);
DELETE FROM user_orgs WHERE (user_id, org_id) = (1, 1);
SELECT count(*) AS badges FROM badges;
SELECT user_id, org_id, position FROM user_orgs GROUP BY user_id, org_id ORDER BY 1, 2 LIMIT 1;
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_demote;
SET SESSION AUTHORIZATION regress_junction_demoter;

-- again with other ids, names, a key of more columns, without time stamps
BEGIN;
ALTER TABLE user_orgs ADD created_at date DEFAULT '2001-02-03';
CALL keep('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'm', id_type => 'bigint', id_column => 'no', timestamps => false);
SELECT count(*) > 0 AS demoted FROM junction.demote('m', 'user_orgs');
SELECT * FROM differences('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'm', id_type => 'int', unique_name => 'just once', primary_key => '{org_id,id}');
SELECT count(*) > 0 AS demoted FROM junction.demote('m', 'user_orgs');
SELECT * FROM differences('user_orgs');
-- its name was kept
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', columns => '{note text}');
SELECT count(*) FILTER (WHERE statement ~ 'RENAME') AS renames FROM junction.demote('user_orgs', 'user_orgs');
SELECT * FROM differences('user_orgs');
ROLLBACK;
-- a key that holds what the promotion added, or what was there before
BEGIN;
CALL keep('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', primary_key => '{id,created_at}');
SELECT count(*) > 0 AS demoted FROM junction.demote('user_orgs', 'user_orgs');
SELECT * FROM differences('user_orgs');
ROLLBACK;
BEGIN;
UPDATE user_orgs SET position = user_id;
ALTER TABLE user_orgs ALTER position SET NOT NULL;
CALL keep('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', primary_key => '{id,position}');
SELECT count(*) > 0 AS demoted FROM junction.demote('user_orgs', 'user_orgs');
SELECT * FROM differences('user_orgs');
ROLLBACK;
DROP TABLE user_orgs, badges, planned, ran CASCADE;

--
-- Demote, then promote: as before, where nothing was discarded
--
CREATE TABLE memberships (
    user_id int NOT NULL CONSTRAINT memberships_user_id_fkey REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    position int DEFAULT 1,
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT memberships_user_id_org_id_unique UNIQUE (user_id, org_id)
);
CREATE INDEX ON memberships (org_id);
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES memberships (user_id, org_id));
GRANT SELECT ON memberships TO regress_junction_demote_guest;
COMMENT ON CONSTRAINT memberships_user_id_org_id_unique ON memberships IS 'once each';
INSERT INTO memberships (user_id, org_id, created_at) VALUES (1, 1, '2001-02-03'), (2, 1, '2001-02-03');
INSERT INTO badges VALUES (1, 1);

BEGIN;
CALL keep('memberships');
-- without a name: the convention's
SELECT * FROM plan('memberships');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships');
SELECT * FROM shape('org_users');
SELECT count(*) > 0 AS promoted FROM junction.promote('org_users', 'memberships', id_type => 'int');
SELECT * FROM differences('memberships');
ROLLBACK;

--
-- Which columns go: the id, and what stands behind it
--
-- an id at the front: all but the pair; an id at the end: nothing else
BEGIN;
CREATE TABLE front (id uuid PRIMARY KEY, a_note text, user_id int REFERENCES users, org_id int REFERENCES orgs, z_note text, UNIQUE (user_id, org_id));
CREATE TABLE behind (a_note text, user_id int REFERENCES users, org_id int REFERENCES orgs, z_note text, id bigint PRIMARY KEY, UNIQUE (user_id, org_id));
INSERT INTO behind VALUES ('a', 1, 1, 'z', 1);
SELECT count(*) > 0 AS demoted FROM junction.demote('front', 'front');
SELECT count(*) > 0 AS demoted FROM junction.demote('behind', 'behind');
SELECT * FROM shape('front');
SELECT * FROM shape('behind');
SELECT * FROM behind;
ROLLBACK;

-- what is on a column goes with it, as with DROP COLUMN: keys, checks,
-- indexes, statistics, sequences, foreign keys (for which the parent is
-- locked), defaults; a column that is computed from it, too
BEGIN;
DELETE FROM badges;
DELETE FROM memberships;
ALTER TABLE memberships
    ADD level int NOT NULL DEFAULT 1 CHECK (level > 0) UNIQUE,
    ADD invited_by int REFERENCES users, ADD removed_by int REFERENCES users, ADD serial serial,
    ADD CHECK (level < user_id + 100), ADD EXCLUDE (invited_by WITH =);
ALTER TABLE memberships ADD double int GENERATED ALWAYS AS (level * 2) STORED;
CREATE INDEX ON memberships ((level + 1)) WHERE removed_by IS NULL;
CREATE INDEX ON memberships (org_id, level);
CREATE STATISTICS level_statistics ON level, invited_by FROM memberships;
SELECT * FROM plan('memberships', 'memberships');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
SELECT * FROM shape('memberships');
ROLLBACK;

--
-- Data: no column goes with what it holds unless that is asked for, and the
-- refusal says how many rows are not at their default
--
CREATE TYPE role AS ENUM ('member', 'admin');
CREATE DOMAIN word AS text DEFAULT 'none' CHECK (VALUE <> '');
CREATE FUNCTION seven() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7';
CREATE FUNCTION no_word(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'ran'; END $$;
-- a default that can be told, and is told for every type: rows at it hold nothing
BEGIN;
ALTER TABLE memberships
    ADD plain int, ADD constant int DEFAULT 5, ADD role role DEFAULT 'member', ADD price numeric(10,2) DEFAULT 1.5,
    ADD word word, ADD own_word word DEFAULT 'x', ADD note json DEFAULT '{"a": 1}', ADD words text[] NOT NULL DEFAULT '{}',
    ADD "a ""b""; --" varchar(9) DEFAULT 'it''s'::text, ADD short char(5) DEFAULT 'x', ADD span interval day DEFAULT '1 day',
    ADD place point DEFAULT '(1,2)', ADD doubled int GENERATED ALWAYS AS (user_id * 2) STORED;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
SELECT * FROM shape('memberships') WHERE shape ~ '^column';
ROLLBACK;
-- the same with other values, nulls in place of defaults among them; 1.5 is
-- 1.50 there, and json has no equality
BEGIN;
ALTER TABLE memberships
    ADD plain int, ADD constant int DEFAULT 5, ADD role role DEFAULT 'member', ADD price numeric(10,2) DEFAULT 1.5,
    ADD word word, ADD own_word word DEFAULT 'x', ADD note json DEFAULT '{"a": 1}', ADD words text[] NOT NULL DEFAULT '{}',
    ADD "a ""b""; --" varchar(3) DEFAULT 'x', ADD same text DEFAULT 'same';
UPDATE memberships SET plain = 1, constant = NULL, price = 1.50, word = NULL, words = '{a}';
UPDATE memberships SET role = 'admin', own_word = 'y', note = '{}', "a ""b""; --" = 'y' WHERE user_id = 2;
SELECT * FROM refused('memberships', 'memberships');
-- asked for, they go
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships', discard_columns => true);
SELECT * FROM memberships ORDER BY 1;
ROLLBACK;
-- a default that was another for each row, or could have been, cannot be told:
-- whatever is there counts. A function of the user's is not run.
BEGIN;
CREATE DOMAIN checked AS text CHECK (VALUE IS NULL OR VALUE <> 'x');
ALTER TABLE memberships
    ADD at timestamp DEFAULT now(), ADD deleted_at timestamptz, ADD chance float DEFAULT random(), ADD lucky int DEFAULT seven(), ADD by name DEFAULT current_user,
    ADD number int GENERATED BY DEFAULT AS IDENTITY, ADD serial serial, ADD checked checked DEFAULT 'a', ADD many checked[] DEFAULT '{a}';
ALTER DOMAIN checked ADD CHECK (no_word(VALUE)) NOT VALID;
UPDATE memberships SET at = NULL, chance = NULL WHERE user_id = 2;
SELECT * FROM refused('memberships', 'memberships');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships', discard_columns => true);
ROLLBACK;
-- time stamps of a promotion's type go, whatever they hold and however they are
-- spelled; others are data
BEGIN;
ALTER TABLE memberships DROP created_at, ADD created_at timestamp NOT NULL DEFAULT '2001-02-03', ADD "Modified_At" timestamptz, ADD seen_at timestamptz;
UPDATE memberships SET updated_at = now(), created_at = '2002-02-03', "Modified_At" = now(), seen_at = now();
SELECT * FROM refused('memberships', 'memberships');
ROLLBACK;
-- and so is an id that no promotion would add
BEGIN;
ALTER TABLE memberships DROP id, ADD id text;
UPDATE memberships SET id = 'text' || user_id;
ALTER TABLE memberships ADD PRIMARY KEY (id);
SELECT * FROM refused('memberships', 'memberships');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships', discard_columns => true);
ROLLBACK;
-- rows of children count as well
BEGIN;
ALTER TABLE memberships ADD note text;
CREATE TABLE special () INHERITS (memberships);
INSERT INTO special (user_id, org_id, id, note) VALUES (1, 1, 1, 'x');
SELECT * FROM refused('memberships', 'memberships');
ROLLBACK;

--
-- Whatever rests on what goes is named, and stays
--
CREATE TABLE other (member_id int);
-- A refusal after one more change, which is undone
CREATE FUNCTION refused_after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    EXECUTE change;
    SELECT concat_ws(' ', state, reason, CASE WHEN NOT dry_run_too THEN 'BUT NOT IN A DRY RUN' END, CASE WHEN NOT unchanged THEN 'BUT CHANGED' END)
    INTO answer FROM refused('memberships', 'user_orgs', true);
    RAISE 'undo' USING ERRCODE = 'XXUND';
EXCEPTION WHEN SQLSTATE 'XXUND' THEN
    RETURN answer;
END $$;
\pset format unaligned
\pset tuples_only on
SELECT refused_after(change) FROM unnest(array[
    'ALTER TABLE other ADD FOREIGN KEY (member_id) REFERENCES memberships',
    'ALTER TABLE memberships ADD parent_id int REFERENCES memberships',
    'CREATE VIEW ids AS SELECT id FROM memberships',
    'CREATE VIEW by_id AS SELECT user_id, org_id FROM memberships GROUP BY id',
    'CREATE MATERIALIZED VIEW stamps AS SELECT user_id, created_at FROM memberships',
    'CREATE POLICY by_id ON memberships USING (id > 0)',
    'CREATE POLICY elsewhere ON other USING (member_id IN (SELECT id FROM memberships))',
    'CREATE TRIGGER of_id AFTER UPDATE OF id ON memberships FOR EACH ROW EXECUTE FUNCTION nothing()',
    'CREATE TRIGGER when_id AFTER INSERT ON memberships FOR EACH ROW WHEN (NEW.id > 5) EXECUTE FUNCTION nothing()',
    'CREATE RULE by_id AS ON DELETE TO memberships WHERE OLD.id = 13 DO INSTEAD NOTHING',
    'CREATE FUNCTION newest() RETURNS int BEGIN ATOMIC SELECT max(id) FROM memberships; END',
    'ALTER TABLE memberships ADD note text; CREATE VIEW notes AS SELECT note FROM memberships; CREATE VIEW notes_2 AS SELECT note FROM memberships',
    'CREATE TABLE special () INHERITS (memberships); CREATE VIEW ids AS SELECT id FROM special',
    'ALTER TABLE memberships ADD CONSTRAINT one_more UNIQUE (id); ALTER TABLE other ADD FOREIGN KEY (member_id) REFERENCES memberships (id)'
]) AS changes (change);
\pset tuples_only off
\pset format aligned
-- a publication's column list and condition
RESET SESSION AUTHORIZATION;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION regress_junction_demote FOR TABLE regress_demote.memberships (id, user_id), regress_demote.users;
SET SESSION AUTHORIZATION regress_junction_demoter;
SELECT * FROM refused('memberships');
RESET SESSION AUTHORIZATION;
ALTER PUBLICATION regress_junction_demote SET TABLE regress_demote.memberships WHERE (id > 0);
SET SESSION AUTHORIZATION regress_junction_demoter;
SELECT * FROM refused('memberships');
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_demote;
SET SESSION AUTHORIZATION regress_junction_demoter;
SET client_min_messages = warning;
-- what rests on the pair, and on no more, is not in the way
BEGIN;
CREATE VIEW pairs AS SELECT user_id, org_id, count(*) FROM memberships GROUP BY user_id, org_id;
CREATE POLICY by_user ON memberships USING (user_id > 0);
CREATE TRIGGER of_org AFTER UPDATE OF org_id ON memberships FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE FUNCTION takes_row(memberships) RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT * FROM pairs ORDER BY 1;
ROLLBACK;

--
-- The replica identity: by the id, it is the new key; otherwise it stays
--
BEGIN;
ALTER TABLE memberships REPLICA IDENTITY USING INDEX memberships_pkey, CLUSTER ON memberships_pkey;
SELECT * FROM plan('memberships', 'memberships') WHERE statement ~ 'REPLICA';
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
SELECT relreplident, pg_get_replica_identity_index(oid)::regclass FROM pg_class WHERE oid = 'memberships'::regclass;
ROLLBACK;
BEGIN;
ALTER TABLE memberships REPLICA IDENTITY USING INDEX memberships_user_id_org_id_unique, CLUSTER ON memberships_user_id_org_id_unique;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
SELECT relreplident, pg_get_replica_identity_index(oid)::regclass FROM pg_class WHERE oid = 'memberships'::regclass;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'memberships'::regclass AND indisclustered;
ROLLBACK;
BEGIN;
ALTER TABLE memberships REPLICA IDENTITY FULL;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
SELECT relreplident FROM pg_class WHERE oid = 'memberships'::regclass;
ROLLBACK;
DROP TABLE memberships, badges CASCADE;

--
-- A primary key allows no nulls: the plan says so, unless there are any
--
CREATE TABLE memberships (id serial PRIMARY KEY, user_id int REFERENCES users, "Org" int REFERENCES orgs, UNIQUE (user_id, "Org"));
SELECT * FROM plan('memberships', 'memberships');
INSERT INTO memberships (user_id, "Org") VALUES (1, 1), (1, NULL), (NULL, NULL), (NULL, 2);
SELECT * FROM refused('memberships', 'memberships');
DELETE FROM memberships WHERE "Org" IS NULL;
SELECT * FROM refused('memberships', 'memberships', true);
BEGIN;
DELETE FROM memberships WHERE user_id IS NULL;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
SELECT * FROM shape('memberships');
ROLLBACK;
-- nulls that are not distinct: no primary key can be so
BEGIN;
ALTER TABLE memberships DROP CONSTRAINT "memberships_user_id_Org_key", ADD CONSTRAINT pair UNIQUE NULLS NOT DISTINCT (user_id, "Org");
SELECT * FROM refused('memberships', 'memberships');
ROLLBACK;
DELETE FROM memberships;

--
-- A bare unique index, as Rails makes it, becomes the key's; one of an order,
-- a collation or columns that a primary key cannot have does not
--
ALTER TABLE memberships DROP CONSTRAINT "memberships_user_id_Org_key";
CREATE UNIQUE INDEX "index_memberships_on_user_id_and_Org" ON memberships (user_id, "Org") WITH (fillfactor = 70);
COMMENT ON INDEX "index_memberships_on_user_id_and_Org" IS 'of Rails';
SELECT * FROM plan('memberships', 'org_users');
BEGIN;
SELECT pg_relation_filenode('"index_memberships_on_user_id_and_Org"') AS file \gset
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'org_users');
SELECT * FROM shape('org_users');
SELECT pg_relation_filenode('org_users_pkey') = :file AS same_file, obj_description('org_users_pkey'::regclass, 'pg_class');
ROLLBACK;
DROP INDEX "index_memberships_on_user_id_and_Org";
CREATE UNIQUE INDEX pair ON memberships (user_id, "Org" DESC);
SELECT * FROM refused('memberships', 'memberships');
DROP INDEX pair;
CREATE UNIQUE INDEX pair ON memberships (user_id, "Org" NULLS FIRST);
SELECT * FROM refused('memberships', 'memberships');
DROP INDEX pair;
CREATE UNIQUE INDEX pair ON memberships (user_id, "Org") NULLS NOT DISTINCT;
SELECT * FROM refused('memberships', 'memberships');
DROP INDEX pair;
-- for some rows only
CREATE UNIQUE INDEX pair ON memberships (user_id, "Org") WHERE id > 0;
SELECT * FROM refused('memberships', 'memberships');
DROP TABLE memberships;
-- not of the default operator class, or the column's collation
CREATE TABLE tags (name text PRIMARY KEY);
CREATE TABLE memberships (tag text NOT NULL REFERENCES tags, org_id int NOT NULL REFERENCES orgs, id int PRIMARY KEY);
CREATE UNIQUE INDEX pair ON memberships (tag text_pattern_ops, org_id);
SELECT state, dry_run_too, unchanged FROM refused('memberships', 'memberships');
DROP INDEX pair;
CREATE UNIQUE INDEX pair ON memberships (tag COLLATE "POSIX", org_id);
SELECT state, dry_run_too, unchanged FROM refused('memberships', 'memberships');
DROP TABLE memberships, tags;
-- a key that includes what goes: it would go too
CREATE TABLE memberships (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, id int PRIMARY KEY, note text, UNIQUE (user_id, org_id) INCLUDE (note));
SELECT state, dry_run_too, unchanged FROM refused('memberships', 'memberships');
DROP TABLE memberships;

--
-- An index that alone serves an endpoint does not go, without a word, with a
-- column that it holds
--
CREATE TABLE memberships (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, id int PRIMARY KEY, note text, UNIQUE (user_id, org_id));
CREATE INDEX by_org ON memberships (org_id) INCLUDE (note);
SELECT * FROM refused('memberships', 'memberships');
BEGIN;
CREATE INDEX ON memberships (org_id);
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
ROLLBACK;
DROP TABLE memberships;
-- but the primary key goes, even if it served an endpoint that nothing served
-- before the promotion
CREATE TABLE user_orgs (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CALL keep('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships', primary_key => '{org_id,id}');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT * FROM differences('user_orgs');
DROP TABLE IF EXISTS user_orgs, memberships;

--
-- What ALTER TABLE drops no column of: a typed table, an inherited column
--
CREATE TYPE membership AS (user_id int, org_id int, id int);
CREATE TABLE memberships OF membership (PRIMARY KEY (id), UNIQUE (user_id, org_id), FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
SELECT * FROM refused('memberships', 'memberships');
DROP TABLE memberships;
CREATE TABLE base (id int NOT NULL);
CREATE TABLE memberships (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id), PRIMARY KEY (id)) INHERITS (base);
SELECT * FROM refused('memberships', 'memberships');
DROP TABLE memberships, base;

--
-- Partitions: the whole tree
--
CREATE TABLE memberships (
    user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, note text,
    PRIMARY KEY (user_id, org_id)
) PARTITION BY RANGE (user_id);
CREATE TABLE memberships_1 PARTITION OF memberships FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE memberships_1_1 PARTITION OF memberships_1 DEFAULT;
CREATE TABLE memberships_2 (note text, gone int, org_id int NOT NULL, user_id int NOT NULL);
ALTER TABLE memberships_2 DROP gone;
ALTER TABLE memberships ATTACH PARTITION memberships_2 FOR VALUES FROM (2) TO (9);
CREATE TABLE points (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES memberships);
INSERT INTO memberships VALUES (1, 1, 'a'), (2, 2, 'b');
INSERT INTO points VALUES (1, 1), (2, 2);
BEGIN;
CREATE TEMP TABLE kept_parts AS SELECT part, line FROM unnest('{memberships,memberships_1,memberships_1_1,memberships_2}'::regclass[]) part, anatomy(part) line;
SELECT count(*) > 0 AS promoted FROM junction.promote('memberships', 'things', primary_key => '{id,user_id,org_id}', columns => '{extra int DEFAULT 3}');
SELECT * FROM plan('things', 'memberships');
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'memberships');
CREATE TEMP TABLE parts AS SELECT part, line FROM unnest('{memberships,memberships_1,memberships_1_1,memberships_2}'::regclass[]) part, anatomy(part) line;
SELECT line FROM ((TABLE kept_parts EXCEPT ALL TABLE parts) UNION ALL (TABLE parts EXCEPT ALL TABLE kept_parts)) AS differences;
SELECT count(*) > 0 AS some FROM parts;
SELECT * FROM shape('memberships_2');
SELECT tableoid::regclass, * FROM memberships ORDER BY 2;
INSERT INTO memberships VALUES (2, 2) ON CONFLICT (user_id, org_id) DO UPDATE SET note = 'c' RETURNING *;
INSERT INTO points VALUES (3, 1);
ROLLBACK;
-- data in a partition, a reference to one
SELECT count(*) > 0 AS promoted FROM junction.promote('memberships', primary_key => '{id,user_id,org_id}', columns => '{extra int DEFAULT 3}');
UPDATE memberships_1_1 SET extra = 4;
SELECT * FROM refused('memberships', 'memberships');
CREATE VIEW ids AS SELECT id FROM memberships_1_1;
SELECT * FROM refused('memberships', 'memberships', true);
DROP TABLE memberships, points CASCADE;
-- a bare index over partitions: none can be made a key
CREATE TABLE memberships (user_id int REFERENCES users, org_id int REFERENCES orgs, id int, PRIMARY KEY (id, user_id)) PARTITION BY HASH (user_id);
CREATE UNIQUE INDEX pair ON memberships (user_id, org_id);
SELECT * FROM refused('memberships', 'memberships');
DROP TABLE memberships;

--
-- Children by inheritance lose the columns too, but for their own; their keys
-- are theirs
--
CREATE TABLE memberships (user_id int REFERENCES users, org_id int REFERENCES orgs, id int PRIMARY KEY, note text, UNIQUE (user_id, org_id));
ALTER TABLE memberships ALTER user_id SET NOT NULL, ALTER org_id SET NOT NULL;
CREATE TABLE special (more int, PRIMARY KEY (user_id, org_id)) INHERITS (memberships);
CREATE TABLE noted (note text) INHERITS (memberships);
INSERT INTO special (user_id, org_id, id, more) VALUES (1, 1, 1, 5);
SELECT * FROM plan('memberships', 'links');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'links');
SELECT * FROM shape('links');
SELECT * FROM shape('special');
SELECT * FROM shape('noted');
TABLE links;
DROP TABLE links, special, noted;

--
-- Temporary stays temporary, unlogged unlogged
--
CREATE UNLOGGED TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TEMP TABLE t_users (id int PRIMARY KEY);
CREATE TEMP TABLE t_links (user_id int REFERENCES t_users, other_id int REFERENCES t_users, PRIMARY KEY (user_id, other_id));
INSERT INTO links VALUES (1, 1);
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things') a, junction.promote('t_links', 't_things') b;
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'links') a, junction.demote('t_things', 't_links') b;
SELECT relname, relpersistence FROM pg_class WHERE oid IN ('links'::regclass, 't_links'::regclass, 'links_pkey'::regclass, 't_links_pkey'::regclass) ORDER BY 1;
DROP TABLE t_links, t_users;

--
-- The view that kept the old name gives it back; if something rests on it, it
-- is in the way, and any other view is
--
CALL keep('links');
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things', keep_old_name => true);
GRANT SELECT ON links TO regress_junction_demote_guest;
SELECT * FROM plan('things', 'links');
BEGIN;
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'links');
SELECT * FROM differences('links');
TABLE links;
ROLLBACK;
-- by another name it stays, and goes on
BEGIN;
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'others');
INSERT INTO links VALUES (1, 1) ON CONFLICT (user_id, org_id) DO NOTHING;
INSERT INTO links VALUES (1, 2) RETURNING *;
ROLLBACK;
BEGIN;
CREATE VIEW upon AS SELECT * FROM links;
CREATE FUNCTION takes_row(links) RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT state, reason ~ 'view upon' AS named, reason ~ 'view links' AS itself, dry_run_too, unchanged FROM refused('things', 'links');
DROP VIEW upon;
SELECT state, dry_run_too, unchanged FROM refused('things', 'links');
ROLLBACK;
-- no view that a promotion leaves: of some rows, with the owner's rights, of
-- another table, of no table, of other columns, under other names
BEGIN;
CREATE OR REPLACE VIEW links WITH (security_invoker) AS SELECT user_id, org_id FROM things WHERE user_id > 0;
SELECT * FROM refused('things', 'links');
ALTER VIEW links RESET (security_invoker);
CREATE OR REPLACE VIEW links AS SELECT user_id, org_id FROM things;
SELECT * FROM refused('things', 'links');
CREATE OR REPLACE VIEW links WITH (security_invoker) AS SELECT id AS user_id, id AS org_id FROM users;
SELECT * FROM refused('things', 'links');
CREATE OR REPLACE VIEW links WITH (security_invoker) AS SELECT 1 AS user_id, 1 AS org_id;
SELECT * FROM refused('things', 'links');
DROP VIEW links;
CREATE VIEW links WITH (security_invoker) AS SELECT user_id, org_id, id FROM things;
SELECT * FROM refused('things', 'links');
DROP VIEW links;
CREATE VIEW links WITH (security_invoker) AS SELECT user_id AS who, org_id FROM things;
SELECT * FROM refused('things', 'links');
ROLLBACK;
DROP VIEW links;

--
-- Names
--
-- taken: by a relation, a type; what goes with it is numbered
CREATE TABLE taken ();
CREATE DOMAIN a_type AS int;
SELECT * FROM refused('things', 'taken');
SELECT * FROM refused('things', 'a_type');
SELECT * FROM refused('things', 'public.links');
SELECT * FROM refused('things', 'a.b.c');
SELECT * FROM refused('things', 'no name');
SELECT * FROM refused('things', '');
SELECT state FROM refused('things', repeat('é', 32));
CREATE TABLE org_users ();
SELECT * FROM refused('things');	-- the convention's
DROP TABLE org_users;
BEGIN;
CREATE TABLE links_pkey ();
CREATE SEQUENCE links_org_id_fkey;
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'Regress_Demote.LINKS');
SELECT * FROM shape('links') WHERE shape ~ '^constraint';
ROLLBACK;
DROP TABLE things, taken;
DROP DOMAIN a_type;

-- the convention: parents in alphabetical order, the first in the singular; a
-- table linked with itself; its own name
CREATE TABLE "Invoices" (id int PRIMARY KEY);
CREATE TABLE labelings (tag int REFERENCES users, invoice int REFERENCES "Invoices", id int PRIMARY KEY, UNIQUE (tag, invoice));
CREATE TABLE friendships (id int PRIMARY KEY, follower_id int REFERENCES users, followee_id int REFERENCES users, UNIQUE (follower_id, followee_id));
CREATE TABLE org_users (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
SELECT statement FROM plan('labelings') WHERE step = 1;
SELECT statement FROM plan('friendships') WHERE step = 1;
SELECT count(*) FILTER (WHERE statement ~ 'RENAME') AS renames FROM plan('org_users');
DROP TABLE labelings, "Invoices", friendships, org_users;

-- names that must be quoted, names of 62 bytes
CREATE TABLE "Ünsere ""Leute""" ("Die ID" int PRIMARY KEY);
CREATE TABLE "x""; drop table users; --" (
    "a.b" int REFERENCES "Ünsere ""Leute""", "C'd" int REFERENCES orgs, PRIMARY KEY ("a.b", "C'd")
);
CREATE INDEX ON "x""; drop table users; --" ("C'd");
CALL keep('"x""; drop table users; --"');
SELECT count(*) > 0 AS promoted FROM junction.promote('"x""; drop table users; --"', '"Y''s ""own"" %s\name"', id_column => 'It''s "it"', id_type => 'bigint', timestamps => false, columns => array['"%s, x" text']);
SELECT statement FROM plan('"Y''s ""own"" %s\name"', '"x""; drop table users; --"');
SELECT count(*) > 0 AS demoted FROM junction.demote('"Y''s ""own"" %s\name"', '"x""; drop table users; --"');
SELECT * FROM differences('"x""; drop table users; --"');
DROP TABLE "x""; drop table users; --";
SELECT repeat('é', 31) AS long, repeat('ß', 31) AS new \gset
CREATE TABLE :"long" (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON :"long" (org_id);
CALL keep(:'long');
SELECT count(*) > 0 AS promoted FROM junction.promote(:'long', :'new');
SELECT count(*) > 0 AS demoted FROM junction.demote(:'new', :'long');
SELECT * FROM differences(:'long');
DROP TABLE :"long";

-- drizzle-kit's, there and back
CREATE TABLE user_orgs (
    user_id int NOT NULL CONSTRAINT user_orgs_user_id_users_id_fk REFERENCES users,
    org_id int NOT NULL CONSTRAINT user_orgs_org_id_orgs_id_fk REFERENCES orgs,
    CONSTRAINT user_orgs_user_id_org_id_pk PRIMARY KEY (user_id, org_id)
);
CREATE INDEX user_orgs_org_id_index ON user_orgs (org_id);
SET junction.naming = drizzle;
CALL keep('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
CREATE TEMP TABLE entity AS SELECT shape FROM shape('memberships');
SELECT * FROM plan('memberships', 'user_orgs');
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT * FROM differences('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
(TABLE entity EXCEPT ALL SELECT shape FROM shape('memberships')) UNION ALL (SELECT shape FROM shape('memberships') EXCEPT ALL TABLE entity);
RESET junction.naming;
DROP TABLE memberships, entity;

--
-- What is no entity that was a junction
--
CREATE TABLE pure (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE payload (user_id int REFERENCES users, org_id int REFERENCES orgs, id int, UNIQUE (user_id, org_id));
CREATE TABLE org_user_links (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE roles (id int PRIMARY KEY);
CREATE TABLE multiway (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, role_id int REFERENCES roles, UNIQUE (user_id, org_id, role_id));
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, total int, number int UNIQUE);
CREATE TABLE entity (id int, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id), PRIMARY KEY (id, user_id)) PARTITION BY HASH (user_id);
CREATE TABLE part PARTITION OF entity FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE VIEW look AS TABLE pure;
RESET SESSION AUTHORIZATION;
CREATE TABLE somebodys (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE TABLE member (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
ALTER TABLE member OWNER TO regress_junction_demoter;
ALTER EXTENSION junction ADD TABLE member;
SET SESSION AUTHORIZATION regress_junction_demoter;
\pset format unaligned
\pset tuples_only on
SELECT concat_ws(' ', rel, state, reason, CASE WHEN NOT dry_run_too THEN 'BUT NOT IN A DRY RUN' END, CASE WHEN NOT unchanged THEN 'BUT CHANGED' END)
FROM unnest('{pure,payload,org_user_links,multiway,orders,users,part,look,users_pkey,pg_catalog.pg_class,somebodys,member}'::regclass[]) rel, refused(rel, 'other_name', true);
\pset tuples_only off
\pset format aligned
\set VERBOSITY sqlstate
SELECT junction.demote(NULL);
SELECT junction.demote('entity', discard_columns => NULL);
SELECT junction.demote('entity', dry_run => NULL);
SELECT junction.demote(0);
\set VERBOSITY terse
-- a null name is none given
SELECT count(*) > 0 AS planned FROM plan('entity', NULL);
RESET SESSION AUTHORIZATION;
ALTER EXTENSION junction DROP TABLE member;
DROP TABLE member, somebodys;
SET SESSION AUTHORIZATION regress_junction_demoter;
DROP TABLE pure, payload, org_user_links, multiway, roles, orders, entity CASCADE;

--
-- Rows that are hidden from the caller cannot be counted: refused, where they
-- matter
--
CREATE TABLE memberships (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, id int PRIMARY KEY, UNIQUE (user_id, org_id));
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
BEGIN;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
ROLLBACK;
ALTER TABLE memberships ADD note text;
SELECT * FROM refused('memberships', 'memberships');
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
REVOKE SELECT ON memberships FROM regress_junction_demoter;
SELECT * FROM refused('memberships', 'memberships');
BEGIN;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships', discard_columns => true);
ROLLBACK;
ALTER TABLE memberships ALTER user_id DROP NOT NULL;
SELECT * FROM refused('memberships', 'memberships', true);
GRANT SELECT ON memberships TO regress_junction_demoter;
-- a superuser and a role that bypasses it see all
RESET SESSION AUTHORIZATION;
BEGIN;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'memberships');
ROLLBACK;
SET SESSION AUTHORIZATION regress_junction_demoter;
-- no CREATE on the schema: nothing there can be renamed
RESET SESSION AUTHORIZATION;
REVOKE CREATE ON SCHEMA regress_demote FROM regress_junction_demoter;
SET SESSION AUTHORIZATION regress_junction_demoter;
SELECT * FROM refused('memberships', 'org_users');
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA regress_demote TO regress_junction_demoter;
SET SESSION AUTHORIZATION regress_junction_demoter;

--
-- Rolled back, it leaves nothing: not in the catalogs, not in the caches
--
INSERT INTO memberships VALUES (1, 1, 1);
SELECT fingerprint() AS before \gset
BEGIN;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;
BEGIN;
SAVEPOINT one;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
INSERT INTO user_orgs VALUES (1, 1) ON CONFLICT ON CONSTRAINT user_orgs_pkey DO NOTHING RETURNING *;
ROLLBACK TO one;
SELECT fingerprint() = :'before' AS unchanged;
INSERT INTO memberships VALUES (2, 2, 1) ON CONFLICT ON CONSTRAINT memberships_pkey DO NOTHING RETURNING *;
INSERT INTO memberships VALUES (1, 1, 2) ON CONFLICT ON CONSTRAINT memberships_user_id_org_id_key DO NOTHING RETURNING *;
SELECT * FROM memberships GROUP BY id;
INSERT INTO memberships VALUES (NULL, 1, 2) RETURNING *;
ROLLBACK;
-- not in a read-only transaction, though a dry run is; not while this session still reads
BEGIN READ ONLY;
SELECT count(*) > 0 AS planned FROM junction.demote('memberships', 'user_orgs', dry_run => true);
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
ROLLBACK;
INSERT INTO memberships VALUES (1, 2, 2);
BEGIN;
DECLARE reading CURSOR FOR SELECT * FROM memberships;
FETCH reading;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
ROLLBACK;
-- with rows whose deferred triggers are still to fire
BEGIN;
ALTER TABLE memberships ALTER CONSTRAINT memberships_user_id_fkey DEFERRABLE INITIALLY DEFERRED;
INSERT INTO memberships VALUES (3, 1, 3);
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;

RESET SESSION AUTHORIZATION;
SET client_min_messages = error;
DROP SCHEMA regress_demote CASCADE;
DROP ROLE regress_junction_demoter, regress_junction_demote_guest;
