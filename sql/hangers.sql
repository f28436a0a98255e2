-- What hangs on a junction: that it is right before a promotion, after it, and
-- after the demotion that takes it back.
\set VERBOSITY terse
SET client_min_messages = error;	-- publications warn of wal_level
CREATE ROLE regress_junction_hangers;
CREATE ROLE regress_junction_hangers_guest;
CREATE SCHEMA test_hangers AUTHORIZATION regress_junction_hangers;
SET SESSION AUTHORIZATION regress_junction_hangers;
SET search_path = test_hangers;
GRANT USAGE ON SCHEMA test_hangers TO regress_junction_hangers_guest;

-- All that the catalogs say of what hangs on a table and on those below it, a
-- line each. The table is called user_orgs, whatever it is called. What
-- servers differ in is left out: NOT NULL constraints and where uuidv7() is, an
-- owner's MAINTAIN, how a view qualifies its columns, and pg_attver, which some
-- keep among a column's options.
CREATE FUNCTION hangers(root regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE ours(relid) AS (
        SELECT root::oid UNION SELECT inhrelid FROM pg_inherits JOIN ours ON inhparent = relid
    ), lines(kind, line) AS (
        SELECT 'table', concat_ws(' ', oid::regclass, relkind, relpersistence, 'owner', relowner::regrole, reloptions,
                                  'tablespace ' || (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace), regexp_replace(relacl::text, 'arwdDxtm', 'arwdDxt'),
                                  CASE WHEN relrowsecurity THEN 'row security' END, CASE WHEN relforcerowsecurity THEN 'forced' END,
                                  'comment: ' || obj_description(oid, 'pg_class'))
        FROM pg_class JOIN ours ON oid = relid
        UNION ALL
        SELECT 'identity', concat_ws(' ', oid::regclass, relreplident,
                                     (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = oid AND indisreplident))
        FROM pg_class JOIN ours ON oid = relid
        UNION ALL
        SELECT 'column', concat_ws(' ', relid::regclass, attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
                                   attstorage, nullif(attcompression, ''), 'inherited ' || nullif(attinhcount, 0),
                                   'statistics ' || nullif(attstattarget, -1), nullif(ARRAY(SELECT option FROM unnest(attoptions) AS option WHERE option !~ '^pg_attver='), '{}')::text, attacl::text, 'identity ' || nullif(attidentity::text, ''),
                                   'generated ' || nullif(attgenerated::text, ''), regexp_replace(pg_get_expr(adbin, adrelid), '^(junction|pg_catalog)\.', ''),
                                   'comment: ' || col_description(relid, attnum))
        FROM pg_attribute JOIN ours ON attrelid = relid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT 'constraint', concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(c.oid), CASE WHEN conparentid <> 0 THEN 'of the parent' END,
                                       'comment: ' || obj_description(c.oid, 'pg_constraint'))
        FROM pg_constraint c JOIN ours ON relid IN (conrelid, confrelid) WHERE contype <> 'n'
        UNION ALL
        SELECT 'index', concat_ws(' ', regexp_replace(pg_get_indexdef(indexrelid), '^CREATE ', ''), CASE WHEN indisprimary THEN 'primary' END,
                                  CASE WHEN indisclustered THEN 'clustered' END, CASE WHEN NOT indisvalid THEN 'invalid' END,
                                  'tablespace ' || (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace), 'comment: ' || obj_description(indexrelid, 'pg_class'))
        FROM pg_index JOIN ours ON indrelid = relid JOIN pg_class ON pg_class.oid = indexrelid
        UNION ALL
        SELECT 'trigger', concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid), CASE WHEN tgparentid <> 0 THEN 'of the parent' END, 'comment: ' || obj_description(t.oid, 'pg_trigger'))
        FROM pg_trigger t JOIN ours ON tgrelid = relid WHERE NOT tgisinternal
        UNION ALL
        SELECT 'rule', concat_ws(' ', ev_enabled, pg_get_ruledef(r.oid)) FROM pg_rewrite r JOIN ours ON ev_class = relid
        UNION ALL
        SELECT 'policy', concat_ws(' ', polname, polcmd, polpermissive::text, polroles::regrole[], pg_get_expr(polqual, polrelid), '/', pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy JOIN ours ON polrelid = relid
        UNION ALL
        SELECT 'publication', concat_ws(' ', pubname, prrelid::regclass, pg_get_expr(prqual, prrelid), prattrs::text)
        FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid JOIN ours ON prrelid = relid
        UNION ALL
        SELECT 'statistics', concat_ws(' ', pg_get_statisticsobjdef(s.oid), 'target ' || nullif(stxstattarget, -1)) FROM pg_statistic_ext s JOIN ours ON stxrelid = relid
        UNION ALL
        SELECT CASE relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, concat_ws(' ', ev_class::regclass, regexp_replace(pg_get_viewdef(ev_class), '(\w+|"[^"]+")\.', '', 'g'))
        FROM (SELECT DISTINCT ev_class FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid JOIN ours ON d.refobjid = relid
              WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass) AS views JOIN pg_class ON oid = ev_class
        WHERE relkind IN ('v', 'm')
    )
    SELECT regexp_replace(replace(replace(kind || ': ' || line, 'memberships', 'user_orgs'), 'test_hangers.', ''), '\s+', ' ', 'g') COLLATE "C"
    FROM lines ORDER BY 1
$$;

-- What is not the same as it was kept to be; - was and is no more, + is new.
-- The new columns of every promotion are left out.
CREATE TEMP TABLE kept (line text);
CREATE FUNCTION changed(root regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT '- ' || line FROM (SELECT line COLLATE "C" FROM kept EXCEPT ALL SELECT hangers(root)) AS gone (line)
    UNION ALL
    SELECT '+ ' || line FROM (SELECT hangers(root) EXCEPT ALL SELECT line COLLATE "C" FROM kept) AS new (line)
    WHERE line !~ '^column: \S+ (id|created_at|updated_at) '
    ORDER BY 1
$$;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 4);
INSERT INTO orgs SELECT generate_series(1, 4);

--
-- All that can hang on one table at once
--
CREATE TABLE user_orgs (
    user_id int REFERENCES users ON DELETE CASCADE,
    org_id int REFERENCES orgs ON DELETE CASCADE,
    note text DEFAULT 'none' COLLATE "C",
    twice int GENERATED ALWAYS AS (user_id * 2) STORED,
    serial int GENERATED BY DEFAULT AS IDENTITY,
    CONSTRAINT user_orgs_pkey PRIMARY KEY (user_id, org_id) WITH (fillfactor = 70),
    CONSTRAINT sane CHECK (user_id > 0)
) WITH (fillfactor = 80, autovacuum_enabled = off);
CREATE INDEX ON user_orgs (org_id) WITH (fillfactor = 60);
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs WHERE users.id < 4;

CREATE TABLE badges (
    user_id int, org_id int,
    CONSTRAINT of_link FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON UPDATE CASCADE ON DELETE CASCADE
);
ALTER TABLE badges REPLICA IDENTITY FULL;
INSERT INTO badges VALUES (1, 1), (1, 2), (2, 1);
CREATE TABLE log (who text, line text);
GRANT INSERT ON log TO regress_junction_hangers_guest;
CREATE FUNCTION log_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test_hangers.log VALUES (TG_NAME, NEW.user_id || ', ' || NEW.org_id);
    RETURN NULL;
END $$;
CREATE TRIGGER fires AFTER INSERT ON user_orgs FOR EACH ROW WHEN (NEW.user_id > 0) EXECUTE FUNCTION log_row();
CREATE TRIGGER is_off AFTER INSERT ON user_orgs FOR EACH ROW EXECUTE FUNCTION log_row();
CREATE TRIGGER in_replica AFTER INSERT ON user_orgs FOR EACH ROW EXECUTE FUNCTION log_row();
CREATE TRIGGER always AFTER UPDATE OF org_id ON user_orgs FOR EACH ROW EXECUTE FUNCTION log_row();
ALTER TABLE user_orgs DISABLE TRIGGER is_off, ENABLE REPLICA TRIGGER in_replica, ENABLE ALWAYS TRIGGER always;
CREATE RULE on_delete AS ON DELETE TO user_orgs DO ALSO INSERT INTO log VALUES ('on_delete', OLD.user_id || ', ' || OLD.org_id);
CREATE RULE rule_off AS ON DELETE TO user_orgs DO ALSO INSERT INTO log VALUES ('rule_off');
ALTER TABLE user_orgs DISABLE RULE rule_off;
CREATE VIEW all_columns AS SELECT * FROM user_orgs;
CREATE VIEW counts AS SELECT user_id, count(*) FROM user_orgs GROUP BY user_id;
CREATE MATERIALIZED VIEW stored AS SELECT user_id, org_id FROM user_orgs;
CREATE UNIQUE INDEX ON stored (user_id, org_id);
GRANT SELECT, DELETE ON user_orgs TO regress_junction_hangers_guest;
GRANT INSERT (user_id, org_id), UPDATE (note) ON user_orgs TO regress_junction_hangers_guest WITH GRANT OPTION;
GRANT TRIGGER ON user_orgs TO PUBLIC;
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_org ON user_orgs TO regress_junction_hangers_guest USING (org_id = 1) WITH CHECK (org_id < 3);
CREATE POLICY no_thirteen ON user_orgs AS RESTRICTIVE FOR INSERT WITH CHECK (user_id <> 13);
CREATE STATISTICS both_ends (ndistinct, dependencies) ON user_id, org_id FROM user_orgs;
CREATE STATISTICS expression ON (user_id + org_id), note FROM user_orgs;
ALTER STATISTICS both_ends SET STATISTICS 55;
ALTER TABLE user_orgs ALTER user_id SET STATISTICS 77, ALTER note SET STORAGE EXTERNAL, ALTER note SET COMPRESSION pglz,
    ALTER org_id SET (n_distinct = 4);
ALTER TABLE user_orgs CLUSTER ON user_orgs_pkey;
COMMENT ON TABLE user_orgs IS 'the table';
COMMENT ON COLUMN user_orgs.org_id IS 'the column';
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'the key';
COMMENT ON CONSTRAINT user_orgs_user_id_fkey ON user_orgs IS 'one end';
COMMENT ON CONSTRAINT sane ON user_orgs IS 'the check';
COMMENT ON INDEX user_orgs_pkey IS 'the index of the key';
COMMENT ON INDEX user_orgs_org_id_idx IS 'the way back';
COMMENT ON TRIGGER fires ON user_orgs IS 'the trigger';
COMMENT ON POLICY first_org ON user_orgs IS 'the policy';
COMMENT ON RULE on_delete ON user_orgs IS 'the rule';
RESET SESSION AUTHORIZATION;
CREATE PUBLICATION regress_junction_rows FOR TABLE test_hangers.user_orgs WHERE (user_id > 0) WITH (publish = 'insert');
CREATE PUBLICATION regress_junction_columns FOR TABLE test_hangers.user_orgs (org_id, user_id) WITH (publish = 'insert');
CREATE PUBLICATION regress_junction_all FOR ALL TABLES;
SET SESSION AUTHORIZATION regress_junction_hangers;

-- before: this is what it is like
INSERT INTO kept SELECT hangers('user_orgs');
SELECT * FROM kept ORDER BY line COLLATE "C";

-- what each of them does, in a transaction that leaves nothing
CREATE FUNCTION use(link text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    n int;
    bad text;
BEGIN
    -- the foreign key onto the pair, both ways, cascading
    EXECUTE format('INSERT INTO %I (user_id, org_id) VALUES (4, 1)', link);
    EXECUTE format('UPDATE %I SET org_id = 2 WHERE (user_id, org_id) = (4, 1)', link);
    INSERT INTO badges VALUES (4, 2);
    BEGIN
        INSERT INTO badges VALUES (4, 1);
        RETURN NEXT 'a badge without a link';
    EXCEPTION WHEN foreign_key_violation THEN RETURN NEXT 'no badge without a link';
    END;
    EXECUTE format('UPDATE %I SET user_id = 4 WHERE (user_id, org_id) = (1, 1)', link);
    SELECT count(*) INTO n FROM badges WHERE (user_id, org_id) = (4, 1);
    RETURN NEXT format('%s badge followed its link', n);
    EXECUTE format('DELETE FROM %I WHERE user_id = 4', link);
    RETURN QUERY SELECT format('badge %s, %s is left', user_id, org_id) FROM badges ORDER BY 1;
    -- an end cascades, a pair is there once, both ends are, the check holds
    DELETE FROM users WHERE id = 2;
    RETURN QUERY SELECT format('%s rows, %s badge', (SELECT count(*) FROM all_columns), (SELECT count(*) FROM badges));
    FOREACH bad IN ARRAY '{"(1, 2)","(99, 1)","(1, 99)","(-1, 1)"}'::text[] LOOP
        BEGIN
            EXECUTE format('INSERT INTO %I (user_id, org_id) VALUES %s', link, bad);
            RETURN NEXT bad || ' is taken';
        EXCEPTION WHEN OTHERS THEN RETURN NEXT bad || ': ' || SQLSTATE;
        END;
    END LOOP;
    REFRESH MATERIALIZED VIEW CONCURRENTLY stored;
    RETURN QUERY SELECT format('stored: %s rows', count(*)) FROM stored;
    RETURN QUERY SELECT format('published by %s', string_agg(pubname, ', ' ORDER BY pubname)) FROM pg_publication_tables WHERE tablename = link;
    EXECUTE format('ANALYZE %I', link);
    RETURN QUERY SELECT format('statistics %s', string_agg(DISTINCT statistics_name, ', ')) FROM pg_stats_ext WHERE tablename = link;
    EXECUTE format('CLUSTER %I', link);
    -- what the triggers and rules that are on did; those that are off did nothing
    RETURN QUERY SELECT concat_ws(': ', who, line) FROM log ORDER BY who, line;
END $$;
BEGIN;
SELECT use FROM use('user_orgs');
ROLLBACK;
BEGIN;
SET LOCAL SESSION AUTHORIZATION regress_junction_hangers_guest;
SELECT user_id, org_id, note, twice FROM user_orgs ORDER BY 1, 2;
INSERT INTO user_orgs (user_id, org_id) VALUES (4, 2);
SAVEPOINT s;
INSERT INTO user_orgs (user_id, org_id) VALUES (4, 3);
ROLLBACK TO s;
UPDATE user_orgs SET note = 'mine' RETURNING user_id, org_id;
UPDATE user_orgs SET org_id = 1;
ROLLBACK;

-- after: the only lines that changed are those of the key, which has another
-- name and is unique, and of what is to be new
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT changed FROM changed('memberships');
BEGIN;
SELECT use FROM use('memberships');
ROLLBACK;
BEGIN;
SET LOCAL SESSION AUTHORIZATION regress_junction_hangers_guest;
SELECT user_id, org_id, note, twice FROM memberships ORDER BY 1, 2;
INSERT INTO memberships (user_id, org_id) VALUES (4, 2);
SAVEPOINT s;
INSERT INTO memberships (user_id, org_id) VALUES (4, 3);
ROLLBACK TO s;
UPDATE memberships SET note = 'mine' RETURNING user_id, org_id;
UPDATE memberships SET org_id = 1;
ROLLBACK;
SELECT obj_description(p.oid, 'pg_policy') AS policy, obj_description(r.oid, 'pg_rewrite') AS rule
FROM pg_policy p, pg_rewrite r WHERE polname = 'first_org' AND polrelid = 'memberships'::regclass AND rulename = 'on_delete' AND ev_class = polrelid;

-- and back
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT changed FROM changed('user_orgs');
BEGIN;
SELECT use FROM use('user_orgs');
ROLLBACK;
BEGIN;
SET LOCAL SESSION AUTHORIZATION regress_junction_hangers_guest;
SELECT user_id, org_id FROM user_orgs ORDER BY 1, 2;
ROLLBACK;

-- while something rests on the id or on a column that came with it, there is
-- no way back, and nothing is changed
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
TRUNCATE kept;
INSERT INTO kept SELECT hangers('memberships');
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || concat_ws(E'\n', SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
BEGIN;
CREATE TABLE points (id uuid CONSTRAINT at_id REFERENCES memberships);
CREATE VIEW stamps AS SELECT created_at FROM memberships;
CREATE POLICY fresh ON memberships USING (updated_at IS NOT NULL);
SELECT refused('SELECT junction.demote(''memberships'', ''user_orgs'')');
DROP TABLE points;
DROP VIEW stamps;
DROP POLICY fresh ON memberships;
SELECT changed FROM changed('memberships');
ROLLBACK;
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_rows, regress_junction_columns, regress_junction_all;
SET SESSION AUTHORIZATION regress_junction_hangers;
DROP TABLE memberships, badges, log CASCADE;

--
-- What rests on the key being primary: refused with its name, and nothing is
-- changed. What groups by the columns that it shows rests on nothing.
--
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, note text, PRIMARY KEY (user_id, org_id));
CREATE VIEW "by Key" AS SELECT note FROM user_orgs GROUP BY user_id, org_id;
CREATE MATERIALIZED VIEW stored_by_key AS SELECT note FROM user_orgs GROUP BY user_id, org_id;
CREATE VIEW by_pair AS SELECT user_id, org_id, count(*) FROM user_orgs GROUP BY user_id, org_id;
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs');
SELECT options, message ~ '^2BP01' AS refused, message ~ 'view "by Key"' AND message ~ 'materialized view stored_by_key' AS named, message ~ 'by_pair' AS too_much
FROM unnest(array['', ', dry_run => true', ', portable => true']) AS options,
     refused(format('SELECT junction.promote(''user_orgs'', ''memberships''%s)', options)) AS message;
DROP MATERIALIZED VIEW stored_by_key;
SELECT refused('SELECT junction.promote(''user_orgs'', ''memberships'')');
SELECT changed FROM changed('user_orgs');
DROP VIEW "by Key";
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT count(*) FROM by_pair;
DROP TABLE memberships CASCADE;

--
-- Replica identity: DEFAULT goes to the id and back; all others stay, one by
-- the old key's index too, under its new name. A published table goes on
-- taking updates and deletes, or refusing them (55000).
--
RESET SESSION AUTHORIZATION;
CREATE PUBLICATION regress_junction_all FOR ALL TABLES;
SET SESSION AUTHORIZATION regress_junction_hangers;
CREATE FUNCTION identity_of(rel regclass) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT relreplident::text || coalesce((SELECT ' ' || indexrelid::regclass FROM pg_index WHERE indrelid = rel AND indisreplident), '')
    FROM pg_class WHERE oid = rel
$$;
CREATE FUNCTION identities(identity text, OUT before text, OUT after text, OUT updates text, OUT back text, OUT deletes text, OUT same bool) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, note text NOT NULL DEFAULT '', PRIMARY KEY (user_id, org_id));
    CREATE UNIQUE INDEX user_orgs_mine ON user_orgs (org_id, user_id, note);
    INSERT INTO user_orgs VALUES (1, 1);
    EXECUTE 'ALTER TABLE user_orgs REPLICA IDENTITY ' || identity;
    before := identity_of('user_orgs');
    TRUNCATE kept;
    INSERT INTO kept SELECT hangers('user_orgs');
    PERFORM junction.promote('user_orgs', 'memberships');
    after := identity_of('memberships');
    updates := split_part(refused('UPDATE memberships SET note = ''x'''), ':', 1);
    PERFORM junction.demote('memberships', 'user_orgs');
    back := identity_of('user_orgs');
    deletes := split_part(refused('DELETE FROM user_orgs'), ':', 1);
    same := NOT EXISTS (SELECT FROM changed('user_orgs'));
    DROP TABLE user_orgs;
END $$;
SELECT identity, i.* FROM unnest('{DEFAULT,FULL,NOTHING,USING INDEX user_orgs_pkey,USING INDEX user_orgs_mine}'::text[]) AS identity, identities(identity) AS i;
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_all;
SET SESSION AUTHORIZATION regress_junction_hangers;

--
-- Tablespaces of the table and of each index stay. New indexes are where new
-- indexes go.
--
RESET SESSION AUTHORIZATION;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE regress_junction_space LOCATION '';
GRANT CREATE ON TABLESPACE regress_junction_space TO regress_junction_hangers;
SET SESSION AUTHORIZATION regress_junction_hangers;
CREATE TABLE user_orgs (
    user_id int REFERENCES users, org_id int REFERENCES orgs,
    PRIMARY KEY (user_id, org_id) USING INDEX TABLESPACE regress_junction_space
) TABLESPACE regress_junction_space;
CREATE INDEX ON user_orgs (org_id) TABLESPACE regress_junction_space;
CREATE INDEX elsewhere ON user_orgs (org_id, user_id);
INSERT INTO user_orgs VALUES (1, 1);
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs');
SELECT line FROM kept WHERE line ~ '^(table|index)' ORDER BY line COLLATE "C";
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT changed FROM changed('memberships') WHERE changed !~ 'constraint';
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT changed FROM changed('user_orgs');
DROP TABLE user_orgs;
RESET SESSION AUTHORIZATION;
DROP TABLESPACE regress_junction_space;
SET SESSION AUTHORIZATION regress_junction_hangers;

--
-- Partitions of two levels, with what hangs on each of them. The key must hold
-- the partition keys; which one it misses is said.
--
CREATE TABLE user_orgs (
    user_id int REFERENCES users, org_id int REFERENCES orgs, note text, gone int,
    PRIMARY KEY (user_id, org_id)
) PARTITION BY RANGE (user_id);
ALTER TABLE user_orgs DROP COLUMN gone;
CREATE TABLE "Part" PARTITION OF user_orgs FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE part_1 PARTITION OF "Part" FOR VALUES IN (1);
CREATE TABLE part_rest PARTITION OF "Part" DEFAULT;
-- its columns are in another order, its key is older than the root's
CREATE TABLE attached (note text, org_id int NOT NULL, user_id int NOT NULL, PRIMARY KEY (user_id, org_id) WITH (fillfactor = 66));
ALTER TABLE user_orgs ATTACH PARTITION attached FOR VALUES FROM (2) TO (9);
CREATE INDEX ON user_orgs (org_id);
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON DELETE CASCADE);
ALTER TABLE attached REPLICA IDENTITY USING INDEX attached_pkey, CLUSTER ON attached_pkey, ALTER note SET DEFAULT 'own', SET (fillfactor = 44);
ALTER TABLE part_1 REPLICA IDENTITY FULL;
COMMENT ON CONSTRAINT attached_pkey ON attached IS 'the key of a part';
COMMENT ON INDEX part_1_pkey IS 'the index of a part';
COMMENT ON TABLE part_rest IS 'a part';
GRANT SELECT ON attached TO regress_junction_hangers_guest;
CREATE POLICY on_part ON attached USING (org_id = 1);
CREATE VIEW over_part AS SELECT user_id FROM "Part";
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER on_root AFTER INSERT ON user_orgs FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE part_rest DISABLE TRIGGER on_root;
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs;
INSERT INTO badges VALUES (1, 1), (1, 2), (3, 1);
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs');
SELECT refused('SELECT junction.promote(''user_orgs'', ''memberships'')');
SELECT refused('SELECT junction.promote(''user_orgs'', ''memberships'', primary_key => ''{id,user_id}'')');
SELECT changed FROM changed('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships', primary_key => '{id,user_id,org_id}');
SELECT changed FROM changed('memberships') WHERE changed !~ 'FOREIGN KEY|attached|part_1|part_rest|column';
-- what hangs on the partitions changed in its names only
SELECT changed FROM changed('memberships') WHERE changed ~ '^. (identity|table|policy|view|trigger|column|statistics)';
SELECT changed FROM changed('memberships') WHERE changed ~ '^. (constraint|index): ((UNIQUE )?INDEX )?\S* ?(ON )?attached|^. (constraint|index).*comment';
SELECT tableoid::regclass, count(*), count(DISTINCT id) FROM memberships GROUP BY 1 ORDER BY 1::text COLLATE "C";
INSERT INTO memberships (user_id, org_id) VALUES (1, 1);
INSERT INTO memberships (user_id, org_id) VALUES (3, 1);
INSERT INTO badges VALUES (8, 8);
DELETE FROM memberships WHERE org_id = 1;
SELECT * FROM badges;
SELECT refused('SELECT junction.promote(''memberships'')') ~ '^55000' AS entity;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT changed FROM changed('user_orgs');
INSERT INTO user_orgs VALUES (1, 2);
INSERT INTO badges VALUES (1, 1);
DELETE FROM user_orgs WHERE user_id = 1;
SELECT count(*) FROM badges;
DROP TABLE user_orgs, badges CASCADE;

--
-- Inheritance children have keys of their own, which are left alone; they get
-- the columns, and lose them.
--
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id), CONSTRAINT user_orgs_user_id_check CHECK (user_id > 0));
CREATE TABLE child (own text, PRIMARY KEY (user_id, org_id)) INHERITS (user_orgs);
CREATE TABLE grandchild () INHERITS (child);
INSERT INTO user_orgs VALUES (1, 1);
INSERT INTO child VALUES (1, 1), (2, 2);
INSERT INTO grandchild VALUES (1, 1), (1, 1);
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT changed FROM changed('memberships');
SELECT tableoid::regclass, count(*), count(DISTINCT id) FROM memberships GROUP BY 1 ORDER BY 1::text COLLATE "C";
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT changed FROM changed('user_orgs');
-- an identity cannot be added there
SELECT refused('SELECT junction.promote(''user_orgs'', ''memberships'', id_type => ''bigint'')');
SELECT changed FROM changed('user_orgs');
DROP TABLE user_orgs CASCADE;

--
-- Unlogged stays unlogged and temporary temporary, there and back, and so do
-- the files of their indexes
--
CREATE UNLOGGED TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TEMP TABLE ends (id int PRIMARY KEY);
CREATE TEMP TABLE end_ends (one int REFERENCES ends, other int REFERENCES ends, PRIMARY KEY (one, other)) ON COMMIT DELETE ROWS;
CREATE FUNCTION persistence(rel regclass) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(relname || ' ' || relpersistence::text, ', ' ORDER BY relname COLLATE "C") FROM pg_class
    WHERE oid = rel OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = rel)
$$;
SELECT persistence('user_orgs'), persistence('end_ends');
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs') UNION ALL SELECT hangers('end_ends');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT count(*) > 0 AS promoted FROM junction.promote('end_ends', 'temporaries', id_type => 'bigint');
SELECT persistence('memberships'), persistence('temporaries');
BEGIN;
INSERT INTO ends VALUES (1);
INSERT INTO temporaries (one, other) VALUES (1, 1);
SELECT one, other, count(id) FROM temporaries GROUP BY 1, 2;
COMMIT;
SELECT count(*) FROM temporaries;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT count(*) > 0 AS demoted FROM junction.demote('temporaries', 'end_ends');
SELECT line FROM kept EXCEPT ALL (SELECT hangers('user_orgs') UNION ALL SELECT hangers('end_ends'));
DROP TABLE user_orgs, end_ends, ends;

--
-- A table of somebody else's extension is refused, whole and unchanged
--
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE entities (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id));
RESET SESSION AUTHORIZATION;
ALTER EXTENSION plpgsql ADD TABLE test_hangers.user_orgs;
ALTER EXTENSION plpgsql ADD TABLE test_hangers.entities;
SET SESSION AUTHORIZATION regress_junction_hangers;
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs') UNION ALL SELECT hangers('entities');
SELECT refused('SELECT junction.promote(''user_orgs'', ''memberships'')');
SELECT refused('SELECT junction.promote(''user_orgs'', portable => true, dry_run => true)');
SELECT refused('SELECT junction.demote(''entities'')');
SELECT line FROM kept EXCEPT ALL (SELECT hangers('user_orgs') UNION ALL SELECT hangers('entities'));
RESET SESSION AUTHORIZATION;
ALTER EXTENSION plpgsql DROP TABLE test_hangers.user_orgs;
ALTER EXTENSION plpgsql DROP TABLE test_hangers.entities;
SET SESSION AUTHORIZATION regress_junction_hangers;

-- an entity is told that it is one
TRUNCATE kept;
INSERT INTO kept SELECT hangers('entities');
SELECT refused('SELECT junction.promote(''entities'')');
SELECT changed FROM changed('entities');
DROP TABLE user_orgs, entities;

--
-- A pair that a unique index keeps, and no primary key: there is nothing to
-- demote; the index keeps its marks and its options, and a foreign key onto it
-- goes on. Back it is a primary key.
--
CREATE TABLE user_orgs (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, note text);
CREATE UNIQUE INDEX user_orgs_user_id_org_id_idx ON user_orgs (user_id, org_id) INCLUDE (note) WITH (fillfactor = 50);
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_user_id_org_id_idx, CLUSTER ON user_orgs_user_id_org_id_idx;
COMMENT ON INDEX user_orgs_user_id_org_id_idx IS 'the pair';
CREATE TABLE badges (user_id int, org_id int, CONSTRAINT of_link FOREIGN KEY (user_id, org_id) REFERENCES user_orgs (user_id, org_id));
INSERT INTO user_orgs VALUES (1, 1, 'a');
INSERT INTO badges VALUES (1, 1);
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs');
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs', 'memberships');
SELECT changed FROM changed('memberships');
INSERT INTO memberships (user_id, org_id) VALUES (1, 1);
DELETE FROM memberships;
SELECT count(*) > 0 AS demoted FROM junction.demote('memberships', 'user_orgs');
SELECT changed FROM changed('user_orgs');
DELETE FROM user_orgs;
DROP TABLE user_orgs, badges;

--
-- Unkeyed: refused with the statement that gives it a key, and how many pairs
-- are there more than once, unless the caller does not see every row
--
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs);
INSERT INTO user_orgs VALUES (1, 1), (2, 2);
TRUNCATE kept;
INSERT INTO kept SELECT hangers('user_orgs');
SELECT refused('SELECT junction.promote(''user_orgs'')');
INSERT INTO user_orgs VALUES (1, 1), (NULL, 1), (NULL, 1);
SELECT refused('SELECT junction.promote(''user_orgs'')');
INSERT INTO user_orgs VALUES (2, 2), (2, 2), (3, 3);
SELECT refused('SELECT junction.promote(''user_orgs'')');
-- policies that hold for the owner too; the right to read taken from him
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
BEGIN;
ALTER TABLE user_orgs FORCE ROW LEVEL SECURITY;
SELECT refused('SELECT junction.promote(''user_orgs'')');
ROLLBACK;
BEGIN;
REVOKE SELECT ON user_orgs FROM regress_junction_hangers;
SELECT refused('SELECT junction.promote(''user_orgs'')');
ROLLBACK;
ALTER TABLE user_orgs DISABLE ROW LEVEL SECURITY;
SELECT changed FROM changed('user_orgs');
-- the statement does what is said of it
DELETE FROM user_orgs;
SELECT substring(refused('SELECT junction.promote(''user_orgs'')') FROM 'ALTER TABLE .*') AS fix \gset
:fix;
SELECT count(*) > 0 AS promoted FROM junction.promote('user_orgs');

RESET SESSION AUTHORIZATION;
SET search_path = public;
DROP SCHEMA test_hangers CASCADE;
DROP OWNED BY regress_junction_hangers CASCADE;
DROP ROLE regress_junction_hangers, regress_junction_hangers_guest;
