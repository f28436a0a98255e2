-- junction.primary_to_unique: the primary key becomes a UNIQUE in place, and
-- cannot be told from one that was made so; junction.unique_to_primary, the way
-- back.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_key_owner;
CREATE SCHEMA regress_key AUTHORIZATION regress_junction_key_owner;
CREATE SCHEMA regress_key_twin AUTHORIZATION regress_junction_key_owner;
SET SESSION AUTHORIZATION regress_junction_key_owner;
SET search_path = regress_key;

-- The catalogs' rows of the whole schema, without what VACUUM writes there
CREATE FUNCTION fingerprint() RETURNS text LANGUAGE sql STABLE AS $$
    WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'regress_key'::regnamespace)
    SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
        SELECT (to_jsonb(ours) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text FROM ours
        UNION ALL SELECT a::text FROM pg_attribute a WHERE attrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT c::text FROM pg_constraint c WHERE connamespace = 'regress_key'::regnamespace
        UNION ALL SELECT i::text FROM pg_index i WHERE indrelid IN (SELECT oid FROM ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE objid IN (SELECT oid FROM ours) OR refobjid IN (SELECT oid FROM ours)
    ) AS rows (t)
$$;

-- The unique constraints of a table
CREATE FUNCTION keys(rel regclass) RETURNS TABLE (conname name, index regclass, contype "char", indisprimary bool, definition text)
LANGUAGE sql STABLE AS $$
    SELECT conname, conindid::regclass, contype, indisprimary, pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_index ON indexrelid = conindid
    WHERE conrelid = rel AND contype IN ('p', 'u') ORDER BY conname
$$;

-- All that the catalogs say of a table's one key and its index,
-- but for OIDs and the schema. (The server puts an OID in the name of the
-- trigger behind a deferrable one.)
CREATE FUNCTION anatomy(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH con AS (SELECT * FROM pg_constraint WHERE conrelid = rel AND contype IN ('p', 'u')),
    words (line) AS (
        SELECT 'constraint ' || (to_jsonb(con) - '{oid,connamespace,conrelid,conindid,conparentid}'::text[])::text FROM con
        UNION ALL SELECT 'index ' || (to_jsonb(i) - '{indexrelid,indrelid}'::text[])::text
                  FROM pg_index i JOIN con ON indexrelid = conindid
        UNION ALL SELECT 'columns ' || string_agg(concat_ws(' ', attname, attnotnull, attislocal, attinhcount), ', ' ORDER BY attnum)
                  FROM pg_attribute WHERE attrelid = rel AND attnum > 0
        UNION ALL SELECT concat_ws(' ', 'table', relhasindex, relhastriggers, relreplident) FROM pg_class WHERE oid = rel
        UNION ALL SELECT concat_ws(' ', 'trigger', tgname, tgfoid::regproc, tgtype, tgenabled, tgisinternal, tgdeferrable,
                                   tginitdeferred, tgconstraint = con.oid, tgconstrindid = conindid)
                  FROM pg_trigger JOIN con ON tgrelid = conrelid
        UNION ALL SELECT concat_ws(' ', 'depend', pg_describe_object(classid, objid, objsubid), 'on',
                                   pg_describe_object(refclassid, refobjid, refobjsubid), deptype)
                  FROM pg_depend, con
                  WHERE (classid = 'pg_constraint'::regclass AND objid = con.oid)
                     OR (classid = 'pg_class'::regclass AND objid = conindid)
                     OR (refclassid = 'pg_constraint'::regclass AND refobjid = con.oid)
                     OR (refclassid = 'pg_class'::regclass AND refobjid = conindid)
    )
    SELECT regexp_replace(regexp_replace(line, 'regress_key(_twin)?\.', '', 'g'),
                          '(PK|Unique|RI)_ConstraintTrigger_((a|c)_)?[0-9]+', 'ConstraintTrigger', 'g')
    FROM words
$$;
-- What differs between a table and its namesake in regress_key_twin
CREATE FUNCTION differences(name text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH changed (line) AS (SELECT anatomy(('regress_key.' || name)::regclass)),
         native (line) AS (SELECT anatomy(('regress_key_twin.' || name)::regclass))
    SELECT 'changed: ' || line FROM (TABLE changed EXCEPT ALL TABLE native) c
    UNION ALL
    SELECT 'native: ' || line FROM (TABLE native EXCEPT ALL TABLE changed) n
    UNION ALL
    SELECT 'nothing there' WHERE NOT EXISTS (TABLE changed)
$$;

--
-- Kind, mark and name change; the file stays
--
CREATE TABLE links (a int, b int, c int DEFAULT 0, PRIMARY KEY (a, b));
CREATE TABLE regress_key_twin.links (a int NOT NULL, b int NOT NULL, c int DEFAULT 0, CONSTRAINT pair UNIQUE (a, b));
INSERT INTO links VALUES (1, 1), (1, 2), (2, 1);
CREATE TABLE points (a int, b int, FOREIGN KEY (a, b) REFERENCES links ON UPDATE CASCADE);
CREATE TABLE regress_key_twin.points (a int, b int, FOREIGN KEY (a, b) REFERENCES regress_key_twin.links (a, b) ON UPDATE CASCADE);
INSERT INTO points VALUES (1, 1);

-- prepared, planned and compiled before
PREPARE upsert(int, int) AS INSERT INTO links VALUES ($1, $2) ON CONFLICT (a, b) DO UPDATE SET c = links.c + 1 RETURNING *;
PREPARE by_key(int, int) AS SELECT * FROM links WHERE a = $1 AND b = $2;
PREPARE by_group AS SELECT a, b, c FROM links GROUP BY a, b ORDER BY 1, 2;
CREATE FUNCTION upserted(int, int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE result int;
BEGIN
    INSERT INTO links VALUES ($1, $2) ON CONFLICT (a, b) DO UPDATE SET c = links.c + 1 RETURNING c INTO result;
    RETURN result;
END $$;
SET plan_cache_mode = force_generic_plan;
EXECUTE upsert(1, 2);
EXECUTE by_key(1, 2);
EXECUTE by_group;
SELECT upserted(1, 2);

SELECT pg_relation_filenode('links_pkey') AS file, 'links_pkey'::regclass::oid AS index \gset
SELECT * FROM keys('links');
SELECT junction.primary_to_unique('links', 'pair');
SELECT * FROM keys('links');
SELECT pg_relation_filenode('pair') = :file AS same_file, 'pair'::regclass = :index AS same_index;

-- as if it had been made so; and where it had not, that would show
SELECT * FROM differences('links');
BEGIN;
ALTER TABLE links ALTER COLUMN b DROP NOT NULL;
SELECT * FROM differences('links');
ROLLBACK;

-- what was prepared goes on; a query that grouped by the primary key is no
-- query any more, as when the key is dropped
EXECUTE upsert(1, 2);
EXECUTE by_key(1, 2);
SELECT upserted(1, 2);
EXECUTE upsert(3, 3);
\set VERBOSITY sqlstate
EXECUTE by_group;
\set VERBOSITY terse
EXPLAIN (COSTS OFF) EXECUTE upsert(1, 2);
RESET plan_cache_mode;
DEALLOCATE ALL;

-- unique, not null, a conflict target by columns and by its new name only
INSERT INTO links VALUES (1, 1);
INSERT INTO links VALUES (1, NULL);
ALTER TABLE links ALTER COLUMN b DROP NOT NULL;
ALTER TABLE links ALTER COLUMN b SET NOT NULL;
INSERT INTO links VALUES (1, 1) ON CONFLICT (b, a) DO NOTHING RETURNING *;
INSERT INTO links VALUES (1, 1, 5) ON CONFLICT ON CONSTRAINT pair DO UPDATE SET c = EXCLUDED.c RETURNING *;
INSERT INTO links VALUES (1, 1) ON CONFLICT ON CONSTRAINT links_pkey DO NOTHING;

-- the foreign key is enforced both ways, and acts
INSERT INTO points VALUES (9, 9);
DELETE FROM links WHERE a = 1 AND b = 1;
UPDATE links SET b = 7 WHERE a = 1 AND b = 1;
SELECT * FROM points;
-- and a new one can point at the pair, if it says so
CREATE TABLE more_points (a int, b int, FOREIGN KEY (a, b) REFERENCES links (a, b));
CREATE TABLE wrong_points (a int, b int, FOREIGN KEY (a, b) REFERENCES links);

-- there is room for another primary key, and for one only
ALTER TABLE links ADD COLUMN id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
ALTER TABLE links ADD PRIMARY KEY (c);
SELECT conname, contype FROM keys('links');
SELECT junction.primary_to_unique('links', 'links_id_key');
SELECT conname, contype, definition FROM keys('links');

-- it goes like any UNIQUE: not while a foreign key needs it, else with its index
ALTER TABLE links DROP CONSTRAINT pair;
DROP TABLE points, more_points;
ALTER TABLE links DROP CONSTRAINT pair;
SELECT to_regclass('pair') IS NULL AS index_is_gone;
DROP TABLE links, regress_key_twin.links, regress_key_twin.points;
DROP FUNCTION upserted;

--
-- Every sort of key equals its native twin
--
CREATE TABLE deferred (a int, b int, PRIMARY KEY (a, b) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE including (a int, b int, c int, PRIMARY KEY (a, b) INCLUDE (c));
CREATE UNLOGGED TABLE "Über ""x""" (gone int, b text COLLATE "C", a int, PRIMARY KEY (a, b) WITH (fillfactor = 70));
ALTER TABLE "Über ""x""" DROP COLUMN gone;
CREATE TABLE used (a int, b int NOT NULL);
CREATE UNIQUE INDEX used_idx ON used (a, b);
ALTER TABLE used ADD CONSTRAINT used_pk PRIMARY KEY USING INDEX used_idx;

SET search_path = regress_key_twin;
CREATE TABLE deferred (a int NOT NULL, b int NOT NULL, UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE including (a int NOT NULL, b int NOT NULL, c int, CONSTRAINT including_a_b_key UNIQUE (a, b) INCLUDE (c));
CREATE UNLOGGED TABLE "Über ""x""" (gone int, b text COLLATE "C" NOT NULL, a int NOT NULL,
                                   CONSTRAINT "The ""pair"".of; drop" UNIQUE (a, b) WITH (fillfactor = 70));
ALTER TABLE "Über ""x""" DROP COLUMN gone;
CREATE TABLE used (a int NOT NULL, b int NOT NULL, CONSTRAINT used_pk UNIQUE (a, b));
SET search_path = regress_key;

SELECT junction.primary_to_unique('deferred', 'deferred_a_b_key');
SELECT junction.primary_to_unique('including', 'including_a_b_key');
SELECT junction.primary_to_unique('"Über ""x"""', 'The "pair".of; drop');
SELECT junction.primary_to_unique('used', 'used_pk');	-- the name that it has
SELECT conname, definition FROM keys('"Über ""x"""');
SELECT * FROM keys('used');
SELECT t AS "table", differences FROM unnest(array['deferred', 'including', '"Über ""x"""', 'used']) t, differences(t);
-- still deferred
BEGIN;
INSERT INTO deferred VALUES (1, 1), (1, 1);
COMMIT;
DROP TABLE deferred, including, "Über ""x""", used;
DROP TABLE regress_key_twin.deferred, regress_key_twin.including, regress_key_twin."Über ""x""", regress_key_twin.used;

-- a name of 63 bytes is taken whole; a temporary table's key too
CREATE TEMP TABLE short (a int PRIMARY KEY);
SELECT repeat('é', 31) || 'x' AS long \gset
SELECT junction.primary_to_unique('short', :'long');
SELECT conname = :'long' AS whole, contype FROM keys('short');
DROP TABLE short;

-- as for ALTER INDEX, the name of a type is free
CREATE DOMAIN a_type AS int;
CREATE TABLE typed (a int PRIMARY KEY);
SELECT junction.primary_to_unique('typed', 'a_type');
SELECT conname, contype FROM keys('typed');
DROP TABLE typed;

--
-- Partitions: the whole tree, as if it had been made so
--
CREATE TABLE tree (a int, b int, c int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE tree_low PARTITION OF tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
CREATE TABLE tree_low_1 PARTITION OF tree_low FOR VALUES IN (1);
CREATE TABLE tree_low_rest PARTITION OF tree_low DEFAULT;
CREATE TABLE tree_alone (c int, b int NOT NULL, gone int, a int NOT NULL, CONSTRAINT my_key PRIMARY KEY (a, b));
ALTER TABLE tree_alone DROP COLUMN gone;
ALTER TABLE tree ATTACH PARTITION tree_alone FOR VALUES FROM (10) TO (20);
CREATE TABLE leaves (a int, b int, FOREIGN KEY (a, b) REFERENCES tree);

SET search_path = regress_key_twin;
CREATE TABLE tree (a int NOT NULL, b int NOT NULL, c int, CONSTRAINT pair UNIQUE (a, b)) PARTITION BY RANGE (a);
CREATE TABLE tree_low PARTITION OF tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
CREATE TABLE tree_low_1 PARTITION OF tree_low FOR VALUES IN (1);
CREATE TABLE tree_low_rest PARTITION OF tree_low DEFAULT;
CREATE TABLE tree_alone (c int, b int NOT NULL, gone int, a int NOT NULL, CONSTRAINT my_key UNIQUE (a, b));
ALTER TABLE tree_alone DROP COLUMN gone;
ALTER TABLE tree ATTACH PARTITION tree_alone FOR VALUES FROM (10) TO (20);
CREATE TABLE leaves (a int, b int, FOREIGN KEY (a, b) REFERENCES tree (a, b));
SET search_path = regress_key;

INSERT INTO tree VALUES (1, 1), (1, 2), (15, 1);
INSERT INTO leaves VALUES (1, 1), (1, 2), (15, 1);
SELECT junction.primary_to_unique('tree', 'pair');
SELECT k.* FROM unnest('{tree,tree_low,tree_low_1,tree_low_rest,tree_alone}'::regclass[]) t, keys(t) k;
SELECT t AS "table", differences FROM unnest('{tree,tree_low,tree_low_1,tree_low_rest,tree_alone}'::text[]) t, differences(t);
INSERT INTO leaves VALUES (1, 3);
\set VERBOSITY sqlstate
DELETE FROM tree WHERE a = 15;
\set VERBOSITY terse
DROP TABLE leaves;
INSERT INTO tree VALUES (1, 2);
INSERT INTO tree VALUES (15, 1) ON CONFLICT (a, b) DO UPDATE SET c = 1 RETURNING *;
-- a partition that comes later has it too; the tree's parts cannot drop theirs
CREATE TABLE tree_high PARTITION OF tree FOR VALUES FROM (20) TO (30);
SELECT conname, contype FROM keys('tree_high');
ALTER TABLE tree_low DROP CONSTRAINT tree_low_a_b_key;
ALTER TABLE tree DROP CONSTRAINT pair;
SELECT count(*) FROM unnest('{tree,tree_low,tree_low_1,tree_low_rest,tree_alone,tree_high}'::regclass[]) t, keys(t);
DROP TABLE tree, regress_key_twin.tree, regress_key_twin.leaves;

-- a table's children by inheritance have keys of their own
CREATE TABLE parent (a int PRIMARY KEY);
CREATE TABLE child (PRIMARY KEY (a)) INHERITS (parent);
SELECT junction.primary_to_unique('parent', 'parent_a_key');
SELECT k.* FROM unnest('{parent,child}'::regclass[]) t, keys(t) k;
DROP TABLE child, parent;

--
-- The replica identity stays what it was
--
CREATE TABLE by_default (a int PRIMARY KEY);
CREATE TABLE by_row (a int PRIMARY KEY);
CREATE TABLE by_index (a int PRIMARY KEY);
CREATE TABLE by_nothing (a int PRIMARY KEY);
ALTER TABLE by_row REPLICA IDENTITY FULL;
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_pkey;
ALTER TABLE by_nothing REPLICA IDENTITY NOTHING;
RESET SESSION AUTHORIZATION;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION regress_junction_key FOR TABLE regress_key.by_default, regress_key.by_row, regress_key.by_index;
SET SESSION AUTHORIZATION regress_junction_key_owner;
SET client_min_messages = notice;
INSERT INTO by_default VALUES (1);
INSERT INTO by_row VALUES (1);
INSERT INTO by_index VALUES (1);
\set VERBOSITY default
-- the call says what to do where there is none left
SELECT junction.primary_to_unique('by_default', 'by_default_a_key');
SELECT junction.primary_to_unique('by_row', 'by_row_a_key');
SELECT junction.primary_to_unique('by_index', 'by_index_a_key');
SELECT junction.primary_to_unique('by_nothing', 'by_nothing_a_key');
\set VERBOSITY terse
SELECT relname, relreplident, pg_get_replica_identity_index(oid)::regclass FROM pg_class WHERE relname LIKE 'by\_%' AND relkind = 'r' ORDER BY 1;
UPDATE by_default SET a = 2;
UPDATE by_row SET a = 2 RETURNING a;
UPDATE by_index SET a = 2 RETURNING a;
ALTER TABLE by_default REPLICA IDENTITY USING INDEX by_default_a_key;
UPDATE by_default SET a = 2 RETURNING a;
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_key;
SET SESSION AUTHORIZATION regress_junction_key_owner;
DROP TABLE by_default, by_row, by_index, by_nothing;
SET client_min_messages = warning;

-- and so does the mark of CLUSTER
CREATE TABLE heap (a int PRIMARY KEY);
INSERT INTO heap VALUES (2), (1);
CLUSTER heap USING heap_pkey;
INSERT INTO heap VALUES (0);
SELECT junction.primary_to_unique('heap', 'heap_a_key');
SELECT indexrelid::regclass, indisclustered FROM pg_index WHERE indrelid = 'heap'::regclass;
CLUSTER heap;
SELECT * FROM heap;
DROP TABLE heap;

--
-- What rests on the key's being primary would dump and not restore: refused by
-- name, and nothing is changed
--
CREATE TABLE links (a int, b int, c int, PRIMARY KEY (a, b));
CREATE VIEW harmless AS SELECT a, b, max(c) FROM links GROUP BY a, b;
CREATE FUNCTION refused() RETURNS TABLE (state text, message text, detail text, unchanged bool) LANGUAGE plpgsql AS $$
DECLARE before text := fingerprint();
BEGIN
    PERFORM junction.primary_to_unique('links', 'pair');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    unchanged := fingerprint() = before;
    RETURN NEXT;
END $$;
CREATE VIEW by_pair AS SELECT a, b, c FROM links GROUP BY a, b;
SELECT * FROM refused();
DROP VIEW by_pair;
CREATE MATERIALIZED VIEW by_pair_kept AS SELECT a, b, c FROM links GROUP BY a, b;
SELECT * FROM refused();
DROP MATERIALIZED VIEW by_pair_kept;
CREATE FUNCTION grouped() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM (SELECT a, b, c FROM links GROUP BY a, b) g; END;
SELECT * FROM refused();
DROP FUNCTION grouped;
CREATE TABLE other (c int);
CREATE POLICY by_pair ON other USING (c IN (SELECT c FROM links GROUP BY a, b));
SELECT * FROM refused();
DROP TABLE other;
CREATE RULE by_pair AS ON UPDATE TO links DO ALSO SELECT a, b, c FROM links GROUP BY a, b;
SELECT * FROM refused();
DROP RULE by_pair ON links;
-- nothing is left in the way
SELECT * FROM refused();
SELECT conname, contype FROM keys('links');
DROP TABLE links CASCADE;

-- a query over one partition is in the way too
CREATE TABLE links (a int, b int, c int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE links_1 PARTITION OF links DEFAULT;
CREATE VIEW by_pair AS SELECT a, b, c FROM links_1 GROUP BY a, b;
SELECT * FROM refused();
DROP TABLE links CASCADE;

--
-- Rolled back, it leaves nothing: not in the catalogs, not in the caches
--
CREATE TABLE links (a int, b int, c int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE links_1 PARTITION OF links DEFAULT;
SELECT fingerprint() AS before \gset
BEGIN;
SELECT junction.primary_to_unique('links', 'pair');
SAVEPOINT one;
ALTER TABLE links ADD PRIMARY KEY (a, c);
ROLLBACK TO one;
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;
BEGIN;
SAVEPOINT one;
SELECT junction.primary_to_unique('links', 'pair');
ROLLBACK TO one;
SELECT a, b, c FROM links GROUP BY a, b;	-- the key is primary
INSERT INTO links VALUES (1, 1) ON CONFLICT ON CONSTRAINT links_pkey DO NOTHING;
INSERT INTO links VALUES (1, 1) ON CONFLICT (a, b) DO NOTHING RETURNING *;
ALTER TABLE links ADD PRIMARY KEY (a, c);
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;
-- not in a read-only transaction; not while this session still reads
BEGIN READ ONLY;
SELECT junction.primary_to_unique('links', 'pair');
ROLLBACK;
INSERT INTO links VALUES (1, 1), (2, 2);
BEGIN;
DECLARE reading CURSOR FOR SELECT * FROM links;
FETCH reading;
SELECT junction.primary_to_unique('links', 'pair');
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;

DROP TABLE links;
DROP FUNCTION refused();

--
-- junction.unique_to_primary: the same way back
--
CREATE TABLE links (a int NOT NULL, b int NOT NULL, c int DEFAULT 0, CONSTRAINT pair UNIQUE (a, b));
CREATE TABLE regress_key_twin.links (a int NOT NULL, b int NOT NULL, c int DEFAULT 0, CONSTRAINT links_pk PRIMARY KEY (a, b));
INSERT INTO links VALUES (1, 1), (1, 2), (2, 1);
CREATE TABLE points (a int, b int, FOREIGN KEY (a, b) REFERENCES links (a, b) ON UPDATE CASCADE);
CREATE TABLE regress_key_twin.points (a int, b int, FOREIGN KEY (a, b) REFERENCES regress_key_twin.links ON UPDATE CASCADE);
INSERT INTO points VALUES (1, 1);
PREPARE upsert(int, int) AS INSERT INTO links VALUES ($1, $2) ON CONFLICT (a, b) DO UPDATE SET c = links.c + 1 RETURNING *;
PREPARE by_key(int, int) AS SELECT * FROM links WHERE a = $1 AND b = $2;
CREATE FUNCTION upserted(int, int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE result int;
BEGIN
    INSERT INTO links VALUES ($1, $2) ON CONFLICT ON CONSTRAINT pair DO UPDATE SET c = links.c + 1 RETURNING c INTO result;
    RETURN result;
END $$;
SET plan_cache_mode = force_generic_plan;
EXECUTE upsert(1, 2);
EXECUTE by_key(1, 2);
SELECT upserted(1, 2);
\set VERBOSITY sqlstate
SELECT a, b, c FROM links GROUP BY a, b;
\set VERBOSITY terse

SELECT pg_relation_filenode('pair') AS file, 'pair'::regclass::oid AS index \gset
SELECT junction.unique_to_primary('links', 'links_pk');
SELECT * FROM keys('links');
SELECT pg_relation_filenode('links_pk') = :file AS same_file, 'links_pk'::regclass = :index AS same_index;
SELECT * FROM differences('links');
-- there and back again, not a trace
SELECT fingerprint() AS before \gset
SELECT junction.primary_to_unique('links', 'pair');
SELECT fingerprint() <> :'before' AS changed;
SELECT junction.unique_to_primary('links', 'links_pk');
SELECT fingerprint() = :'before' AS unchanged;

-- what was prepared goes on, where it did not name the constraint; a query may
-- group by the key now
EXECUTE upsert(1, 2);
EXECUTE by_key(1, 2);
EXECUTE upsert(3, 3);
\set VERBOSITY sqlstate
SELECT upserted(1, 2);
\set VERBOSITY terse
EXPLAIN (COSTS OFF) EXECUTE upsert(1, 2);
RESET plan_cache_mode;
DEALLOCATE ALL;
SELECT a, b, c FROM links GROUP BY a, b ORDER BY 1, 2;
CREATE VIEW by_pair AS SELECT a, b, c FROM links GROUP BY a, b;
SELECT junction.primary_to_unique('links', 'pair');
DROP VIEW by_pair;

-- unique, not null, a conflict target by columns and by its new name only
INSERT INTO links VALUES (1, 1);
INSERT INTO links VALUES (1, NULL);
ALTER TABLE links ALTER COLUMN b DROP NOT NULL;
INSERT INTO links VALUES (1, 1) ON CONFLICT (b, a) DO NOTHING RETURNING *;
INSERT INTO links VALUES (1, 1, 5) ON CONFLICT ON CONSTRAINT links_pk DO UPDATE SET c = EXCLUDED.c RETURNING *;
INSERT INTO links VALUES (1, 1) ON CONFLICT ON CONSTRAINT pair DO NOTHING;
-- the foreign key is enforced both ways, and acts; a new one finds the key by itself
INSERT INTO points VALUES (9, 9);
DELETE FROM links WHERE a = 1 AND b = 1;
UPDATE links SET b = 7 WHERE a = 1 AND b = 1;
SELECT * FROM points;
CREATE TABLE more_points (a int, b int, FOREIGN KEY (a, b) REFERENCES links);
-- it is the one there is, and goes like any
ALTER TABLE links ADD PRIMARY KEY (c);
ALTER TABLE links DROP CONSTRAINT links_pk;
DROP TABLE points, more_points;
ALTER TABLE links DROP CONSTRAINT links_pk;
SELECT to_regclass('links_pk') IS NULL AS index_is_gone;
DROP TABLE links, regress_key_twin.links, regress_key_twin.points;
DROP FUNCTION upserted;

-- every sort of key equals its native twin
CREATE TABLE deferred (a int NOT NULL, b int NOT NULL, UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE including (a int NOT NULL, b int NOT NULL, c int, UNIQUE (a, b) INCLUDE (c));
CREATE UNLOGGED TABLE "Über ""x""" (gone int, b text COLLATE "C" NOT NULL, a int NOT NULL, UNIQUE (a, b) WITH (fillfactor = 70));
ALTER TABLE "Über ""x""" DROP COLUMN gone;
CREATE TABLE used (a int NOT NULL, b int NOT NULL);
CREATE UNIQUE INDEX used_idx ON used (a, b);
ALTER TABLE used ADD CONSTRAINT used_pk UNIQUE USING INDEX used_idx;
SET search_path = regress_key_twin;
CREATE TABLE deferred (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE including (a int NOT NULL, b int NOT NULL, c int, PRIMARY KEY (a, b) INCLUDE (c));
CREATE UNLOGGED TABLE "Über ""x""" (gone int, b text COLLATE "C" NOT NULL, a int NOT NULL,
                                   CONSTRAINT "The ""pair"".of; drop" PRIMARY KEY (a, b) WITH (fillfactor = 70));
ALTER TABLE "Über ""x""" DROP COLUMN gone;
CREATE TABLE used (a int NOT NULL, b int NOT NULL, CONSTRAINT used_pk PRIMARY KEY (a, b));
SET search_path = regress_key;
SELECT junction.unique_to_primary('deferred', 'deferred_pkey');
SELECT junction.unique_to_primary('including', 'including_pkey');
SELECT junction.unique_to_primary('"Über ""x"""', 'The "pair".of; drop');
SELECT junction.unique_to_primary('used', 'used_pk');	-- the name that it has
SELECT conname, contype, definition FROM unnest(array['deferred', 'including', '"Über ""x"""', 'used']) t, keys(t::regclass) ORDER BY t;
SELECT t AS "table", differences FROM unnest(array['deferred', 'including', '"Über ""x"""', 'used']) t, differences(t);
-- still deferred
BEGIN;
INSERT INTO deferred VALUES (1, 1), (1, 1);
COMMIT;
DROP TABLE deferred, including, "Über ""x""", used;
DROP TABLE regress_key_twin.deferred, regress_key_twin.including, regress_key_twin."Über ""x""", regress_key_twin.used;
CREATE TEMP TABLE short (a int NOT NULL UNIQUE);
SELECT junction.unique_to_primary('short', :'long');
SELECT conname = :'long' AS whole, contype FROM keys('short');
DROP TABLE short;

-- of a junction the UNIQUE over its pair, though there are others
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE friends (a int NOT NULL REFERENCES people, b int NOT NULL REFERENCES people, c int NOT NULL UNIQUE, CONSTRAINT pair UNIQUE (b, a), UNIQUE (a, c));
SELECT junction.unique_to_primary('friends', 'friends_pkey');
SELECT conname, contype, definition FROM keys('friends');
DROP TABLE friends, people;

-- partitions: the whole tree, as if it had been made so
CREATE TABLE tree (a int NOT NULL, b int NOT NULL, c int, CONSTRAINT pair UNIQUE (a, b)) PARTITION BY RANGE (a);
CREATE TABLE tree_low PARTITION OF tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
CREATE TABLE tree_low_1 PARTITION OF tree_low FOR VALUES IN (1);
CREATE TABLE tree_low_rest PARTITION OF tree_low DEFAULT;
CREATE TABLE tree_alone (c int, b int NOT NULL, gone int, a int NOT NULL, CONSTRAINT my_key UNIQUE (a, b));
ALTER TABLE tree_alone DROP COLUMN gone;
ALTER TABLE tree ATTACH PARTITION tree_alone FOR VALUES FROM (10) TO (20);
CREATE TABLE leaves (a int, b int, FOREIGN KEY (a, b) REFERENCES tree (a, b));
SET search_path = regress_key_twin;
CREATE TABLE tree (a int NOT NULL, b int NOT NULL, c int, CONSTRAINT tree_pk PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE tree_low PARTITION OF tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
CREATE TABLE tree_low_1 PARTITION OF tree_low FOR VALUES IN (1);
CREATE TABLE tree_low_rest PARTITION OF tree_low DEFAULT;
CREATE TABLE tree_alone (c int, b int NOT NULL, gone int, a int NOT NULL, CONSTRAINT my_key PRIMARY KEY (a, b));
ALTER TABLE tree_alone DROP COLUMN gone;
ALTER TABLE tree ATTACH PARTITION tree_alone FOR VALUES FROM (10) TO (20);
CREATE TABLE leaves (a int, b int, FOREIGN KEY (a, b) REFERENCES tree);
SET search_path = regress_key;
INSERT INTO tree VALUES (1, 1), (1, 2), (15, 1);
INSERT INTO leaves VALUES (1, 1), (1, 2), (15, 1);
SELECT junction.unique_to_primary('tree', 'tree_pk');
SELECT k.* FROM unnest('{tree,tree_low,tree_low_1,tree_low_rest,tree_alone}'::regclass[]) t, keys(t) k;
SELECT t AS "table", differences FROM unnest('{tree,tree_low,tree_low_1,tree_low_rest,tree_alone}'::text[]) t, differences(t);
INSERT INTO leaves VALUES (1, 3);
\set VERBOSITY sqlstate
DELETE FROM tree WHERE a = 15;
\set VERBOSITY terse
INSERT INTO tree VALUES (1, 2);
INSERT INTO tree VALUES (15, 1) ON CONFLICT (a, b) DO UPDATE SET c = 1 RETURNING *;
SELECT a, b, c FROM tree GROUP BY a, b ORDER BY 1, 2;
-- a partition that comes later has it too
CREATE TABLE tree_high PARTITION OF tree FOR VALUES FROM (20) TO (30);
SELECT conname, contype FROM keys('tree_high');
DROP TABLE tree, leaves, regress_key_twin.tree, regress_key_twin.leaves;

-- a table's children by inheritance have keys of their own
CREATE TABLE parent (a int NOT NULL UNIQUE);
CREATE TABLE child (UNIQUE (a)) INHERITS (parent);
SELECT junction.unique_to_primary('parent', 'parent_pkey');
SELECT k.* FROM unnest('{parent,child}'::regclass[]) t, keys(t) k;
DROP TABLE child, parent;

-- a published table has an identity again; one that was chosen stays, and so
-- does the mark of CLUSTER
CREATE TABLE by_default (a int NOT NULL, CONSTRAINT by_default_a_key UNIQUE (a));
CREATE TABLE by_index (a int NOT NULL UNIQUE);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_a_key, CLUSTER ON by_index_a_key;
INSERT INTO by_default VALUES (1);
RESET SESSION AUTHORIZATION;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION regress_junction_key FOR TABLE regress_key.by_default, regress_key.by_index;
SET SESSION AUTHORIZATION regress_junction_key_owner;
SET client_min_messages = notice;
UPDATE by_default SET a = 2;
SELECT junction.unique_to_primary('by_default', 'by_default_pkey');
SELECT junction.unique_to_primary('by_index', 'by_index_pkey');
UPDATE by_default SET a = 2 RETURNING a;
SELECT relname, relreplident, pg_get_replica_identity_index(oid)::regclass FROM pg_class WHERE relname LIKE 'by\_%' AND relkind = 'r' ORDER BY 1;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'by_index'::regclass AND indisclustered;
RESET SESSION AUTHORIZATION;
DROP PUBLICATION regress_junction_key;
SET SESSION AUTHORIZATION regress_junction_key_owner;
SET client_min_messages = warning;
DROP TABLE by_default, by_index;

--
-- What it refuses; nothing is changed then
--
CREATE FUNCTION refused(rel regclass, name text = 'new_key') RETURNS TABLE (state text, message text, unchanged bool) LANGUAGE plpgsql AS $$
DECLARE before text := fingerprint();
BEGIN
    PERFORM junction.unique_to_primary(rel, name);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    unchanged := fingerprint() = before;
    RETURN NEXT;
END $$;
-- what ADD PRIMARY KEY would: a primary key that is there, in the table or a
-- partition, a column that can be null, nulls that are not distinct
CREATE TABLE has_one (id int PRIMARY KEY, a int NOT NULL UNIQUE);
SELECT * FROM refused('has_one');
-- nor does a hint ask for a second one where there is no UNIQUE
ALTER TABLE has_one DROP CONSTRAINT has_one_a_key;
\set VERBOSITY default
SELECT junction.unique_to_primary('has_one', 'new_key');
\set VERBOSITY terse
CREATE TABLE nullable (a int NOT NULL, b int, UNIQUE (a, b));
SELECT * FROM refused('nullable');
CREATE TABLE nulls (a int NOT NULL, b int NOT NULL, UNIQUE NULLS NOT DISTINCT (a, b));
SELECT * FROM refused('nulls');
CREATE TABLE tree (a int NOT NULL, b int NOT NULL, UNIQUE (a, b)) PARTITION BY RANGE (a);
CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (1) PARTITION BY RANGE (a);
CREATE TABLE tree_1_1 (a int NOT NULL, b int NOT NULL, PRIMARY KEY (b));
ALTER TABLE tree_1 ATTACH PARTITION tree_1_1 DEFAULT;
SELECT * FROM refused('tree');
\set VERBOSITY default
SELECT junction.unique_to_primary('tree', 'new_key');
\set VERBOSITY terse
ALTER TABLE tree_1_1 DROP CONSTRAINT tree_1_1_pkey;
-- but not a part of the key that is primary already
CREATE TABLE mixed (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE mixed_1 PARTITION OF mixed (UNIQUE (a, b)) FOR VALUES FROM (0) TO (1);
CREATE TABLE mixed_2 PARTITION OF mixed (CONSTRAINT own PRIMARY KEY (a, b)) DEFAULT;
ALTER TABLE ONLY mixed ADD UNIQUE (a, b);
ALTER INDEX mixed_a_b_key ATTACH PARTITION mixed_1_a_b_key;
ALTER INDEX mixed_a_b_key ATTACH PARTITION own;
BEGIN;
SELECT junction.unique_to_primary('mixed', 'mixed_pk');
SELECT relation, conname, contype FROM unnest('{mixed,mixed_1,mixed_2}'::regclass[]) AS relation, keys(relation::text);
ALTER TABLE mixed DROP CONSTRAINT mixed_pk;
SELECT relation, conname, contype FROM unnest('{mixed,mixed_1,mixed_2}'::regclass[]) AS relation, keys(relation::text);
ROLLBACK;
DROP TABLE mixed;
-- a partition is its root's
SELECT * FROM refused('tree_1');
-- no UNIQUE, a bare index, more than one
CREATE TABLE none (a int NOT NULL, b int NOT NULL);
SELECT * FROM refused('none');
CREATE UNIQUE INDEX ON none (a, b);
SELECT * FROM refused('none');
ALTER TABLE none ADD UNIQUE (a), ADD UNIQUE (b);
SELECT * FROM refused('none');
-- a bare index over a junction's pair is not passed over for another UNIQUE
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE friends (a int NOT NULL REFERENCES people, b int NOT NULL REFERENCES people, c int NOT NULL UNIQUE);
CREATE UNIQUE INDEX friends_pair ON friends (a, b);
SELECT * FROM refused('friends');
DROP TABLE friends, people;
-- names: taken by a relation, by a constraint of the table, too long, empty
CREATE TABLE links (a int NOT NULL, b int NOT NULL, UNIQUE (a, b), CONSTRAINT positive CHECK (a > 0));
SELECT * FROM refused('links', 'nulls');
SELECT * FROM refused('links', 'positive');
SELECT state, unchanged FROM refused('links', repeat('x', 64));
SELECT * FROM refused('links', '');
-- no table of the caller's
CREATE VIEW look AS TABLE links;
SELECT * FROM refused('look');
SELECT * FROM refused('links_a_b_key');
DROP VIEW look;
RESET SESSION AUTHORIZATION;
CREATE TABLE somebodys (a int NOT NULL UNIQUE);
ALTER TABLE tree_1_1 OWNER TO CURRENT_USER;
SET SESSION AUTHORIZATION regress_junction_key_owner;
SELECT * FROM refused('somebodys');
SELECT * FROM refused('tree');
SELECT * FROM refused('pg_class');
RESET SESSION AUTHORIZATION;
DROP TABLE somebodys;
REVOKE CREATE ON SCHEMA regress_key FROM regress_junction_key_owner;
SET SESSION AUTHORIZATION regress_junction_key_owner;
SELECT * FROM refused('links');
RESET SESSION AUTHORIZATION;
GRANT CREATE ON SCHEMA regress_key TO regress_junction_key_owner;
ALTER TABLE tree_1_1 OWNER TO regress_junction_key_owner;
SET SESSION AUTHORIZATION regress_junction_key_owner;
-- null does nothing
SELECT fingerprint() AS before \gset
SELECT junction.unique_to_primary('links', NULL), junction.unique_to_primary(NULL, 'new_key');
-- not in a read-only transaction; not while this session still reads
BEGIN READ ONLY;
SELECT junction.unique_to_primary('links', 'new_key');
ROLLBACK;
INSERT INTO tree VALUES (0, 1), (0, 2);
BEGIN;
DECLARE reading CURSOR FOR SELECT * FROM tree;
FETCH reading;
SELECT junction.unique_to_primary('tree', 'new_key');
ROLLBACK;

-- rolled back, it leaves nothing: not in the catalogs, not in the caches
BEGIN;
SAVEPOINT one;
SELECT junction.unique_to_primary('tree', 'tree_pk');
INSERT INTO tree VALUES (0, 1) ON CONFLICT ON CONSTRAINT tree_pk DO NOTHING RETURNING *;
ROLLBACK TO one;
INSERT INTO tree VALUES (0, 1) ON CONFLICT ON CONSTRAINT tree_a_b_key DO NOTHING RETURNING *;
ALTER TABLE tree ADD PRIMARY KEY (b, a);	-- there is room
ROLLBACK;
SELECT fingerprint() = :'before' AS unchanged;
SELECT * FROM refused('tree', 'tree_pk');	-- nothing is left in the way
SELECT conname, contype FROM keys('tree_1_1');

RESET SESSION AUTHORIZATION;
SET client_min_messages = error;
DROP SCHEMA regress_key, regress_key_twin CASCADE;
DROP ROLE regress_junction_key_owner;
