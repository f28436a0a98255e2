-- Random merges: schemas of up to 20 children of 36 kinds, random rows, a random row that stays and up to four that go. What each
-- table has to hold afterwards is computed beforehand from its rows and what a merge promises: no link is lost, none is left, none
-- is there twice. A second call changes nothing. For others: PGOPTIONS='-c regress.seed=0.5' psql -v merges=100 -f
-- sql/merge_random.sql. A session keeps a plan for each foreign key that it has met, so it gets slow with some hundred merges.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
\if :{?merges}
\else
\set merges 40
\endif
CREATE SCHEMA regress_merge_random;
SET search_path = regress_merge_random;
SELECT setseed(coalesce(current_setting('regress.seed', true)::float8, 0.25)) IS NULL;

-- The kinds: what makes table t, with rows of the parent p (id, slug, tenant); and the query of its rows after the merge, with
-- one(id) for the row that a row of p becomes, one(slug) likewise, and place(id) for its place among them
CREATE TABLE kinds (kind text, makes text, fills text, becomes text);
INSERT INTO kinds VALUES
('plain', 'CREATE TABLE t (n int, p_id int REFERENCES p)', 'INSERT INTO t SELECT n, any_id() FROM generate_series(1, 30) n',
    'SELECT n, one(p_id) FROM t'),
('pure', 'CREATE TABLE t (x int, p_id int REFERENCES p ON DELETE CASCADE, PRIMARY KEY (x, p_id))', 'INSERT INTO t SELECT any_x(), any_id() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT x, one(p_id) FROM t'),
('slug', 'CREATE TABLE t (p_slug text REFERENCES p (slug) ON DELETE SET NULL ON UPDATE CASCADE, x int); CREATE UNIQUE INDEX ON t (p_slug, (x % 3), x) WHERE x > 2', 'INSERT INTO t SELECT ''s'' || any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_slug), x FROM t WHERE x > 2 AND p_slug IS NOT NULL UNION ALL SELECT one(p_slug), x FROM t WHERE (x > 2 AND p_slug IS NOT NULL) IS NOT TRUE'),
('itself', 'CREATE TABLE t (a int REFERENCES p, b int REFERENCES p, PRIMARY KEY (a, b))', 'INSERT INTO t SELECT any_id(), any_id() FROM generate_series(1, 40) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(a), one(b) FROM t WHERE a = b OR one(a) <> one(b)'),
('ordered', 'CREATE TABLE t (a int REFERENCES p ON DELETE RESTRICT, b int REFERENCES p, PRIMARY KEY (b, a), CHECK (a < b))', 'INSERT INTO t SELECT least(i, j), greatest(i, j) FROM (SELECT any_id() AS i, any_id() AS j FROM generate_series(1, 40)) AS s WHERE i <> j ON CONFLICT DO NOTHING',
    'SELECT DISTINCT least(one(a), one(b)), greatest(one(a), one(b)) FROM t WHERE one(a) <> one(b)'),
('undirected', 'CREATE TABLE t (a int REFERENCES p, b int REFERENCES p, PRIMARY KEY (a, b)); CREATE UNIQUE INDEX ON t (LEAST(a, b), GREATEST(a, b))', 'INSERT INTO t SELECT any_id(), any_id() FROM generate_series(1, 40) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT least(one(a), one(b)), greatest(one(a), one(b)) FROM t WHERE a = b OR one(a) <> one(b)'),
('route', 'CREATE TABLE t (n int PRIMARY KEY, a int REFERENCES p, b text REFERENCES p (slug))', 'INSERT INTO t SELECT n, any_id(), ''s'' || any_id() FROM generate_series(1, 30) n',
    'SELECT n, one(a), one(b) FROM t'),
('tenant', 'CREATE TABLE t (tenant int, p_id int, x int, UNIQUE NULLS NOT DISTINCT (tenant, x, p_id), FOREIGN KEY (tenant, p_id) REFERENCES p (tenant, id))', 'INSERT INTO t SELECT tenant, id, nullif(any_x(), 1) FROM (SELECT any_id() AS i FROM generate_series(1, 30)) AS s JOIN p ON id = i ON CONFLICT DO NOTHING; INSERT INTO t VALUES (0, NULL, 1), (1, NULL, 1)',
    'SELECT DISTINCT coalesce(one_tenant(p_id), tenant), one(p_id), x FROM t'),
('parts', 'CREATE TABLE t (p_id int REFERENCES p ON DELETE CASCADE, x int, PRIMARY KEY (p_id, x)) PARTITION BY HASH (p_id); CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE t_1 (x int NOT NULL, p_id int NOT NULL); ALTER TABLE t ATTACH PARTITION t_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_id), x FROM t'),
('profile', 'CREATE TABLE t (p_id int PRIMARY KEY REFERENCES p DEFERRABLE INITIALLY DEFERRED, who int)', 'INSERT INTO t SELECT id, id FROM p WHERE random() < 0.6',
    'SELECT one(p_id), (array_agg(who ORDER BY place(p_id)))[1] FROM t GROUP BY 1'),
('entity', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, UNIQUE (p_id, x)); CREATE TABLE t_notes (id int PRIMARY KEY, t_id int REFERENCES t ON DELETE CASCADE, y int, p_id int REFERENCES p, UNIQUE (t_id, y)); CREATE TABLE t_stars (note_id int REFERENCES t_notes ON DELETE CASCADE, z int, PRIMARY KEY (note_id, z))',
    'INSERT INTO t SELECT row_number() OVER (), p_id, x FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 30)) AS s; INSERT INTO t_notes SELECT row_number() OVER (), id, y, any_id() FROM (SELECT DISTINCT id, any_x() AS y FROM t, generate_series(1, 3)) AS s; INSERT INTO t_stars SELECT DISTINCT id, any_x() FROM t_notes, generate_series(1, 2)',
    'WITH e AS (SELECT id, one(p_id) AS p, x, first_value(id) OVER w AS rep FROM t WINDOW w AS (PARTITION BY one(p_id), x ORDER BY place(p_id))), n AS (SELECT n.id, rep, y, one(n.p_id) AS p, first_value(n.id) OVER w AS first FROM t_notes n JOIN e ON e.id = t_id WINDOW w AS (PARTITION BY rep, y ORDER BY n.t_id <> rep, n.t_id))
    SELECT ''t'' AS name, id, p, x FROM e WHERE id = rep UNION ALL SELECT ''note'', id, rep, y FROM n WHERE id = first UNION ALL SELECT DISTINCT ''star'', first, z, NULL::int FROM t_stars JOIN n ON n.id = note_id'),
('pair', 'CREATE TABLE t (p_id int REFERENCES p, x int, PRIMARY KEY (p_id, x)); CREATE TABLE t_roles (p_id int, x int, role int, PRIMARY KEY (p_id, x, role), FOREIGN KEY (p_id, x) REFERENCES t)', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING; INSERT INTO t_roles SELECT DISTINCT p_id, x, any_x() FROM t, generate_series(1, 2)',
    'SELECT DISTINCT one(p_id), x, -1 FROM t UNION ALL SELECT DISTINCT one(p_id), x, role FROM t_roles'),
-- nulls are no link, and are never the same
('nulls', 'CREATE TABLE t (p_id int REFERENCES p, x int, UNIQUE (x, p_id))', 'INSERT INTO t SELECT nullif(any_id(), 5), nullif(any_x(), 1) FROM generate_series(1, 40) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_id), x FROM t WHERE p_id IS NOT NULL AND x IS NOT NULL UNION ALL SELECT one(p_id), x FROM t WHERE p_id IS NULL OR x IS NULL'),
('payload', 'CREATE TABLE t (p_id int REFERENCES p, x int, note int, PRIMARY KEY (p_id, x))', 'INSERT INTO t SELECT any_id(), any_x(), n FROM generate_series(1, 30) AS n ON CONFLICT DO NOTHING',
    'SELECT * FROM (SELECT DISTINCT ON (one(p_id), x) one(p_id), x, note FROM t ORDER BY one(p_id), x, place(p_id)) AS s'),
('stamped', 'CREATE TABLE t (p_id int REFERENCES p, x int, note int, updated_at timestamptz, UNIQUE (p_id, x))', 'INSERT INTO t SELECT any_id(), any_x(), n, any_time() FROM generate_series(1, 30) AS n ON CONFLICT DO NOTHING',
    'SELECT * FROM (SELECT DISTINCT ON (one(p_id), x) one(p_id), x, note, updated_at FROM t ORDER BY one(p_id), x, if_newest(updated_at) DESC NULLS LAST, place(p_id)) AS s'),
('stamped entity', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, created_at timestamptz, UNIQUE (p_id, x)); CREATE TABLE t_notes (id int PRIMARY KEY, t_id int REFERENCES t ON DELETE CASCADE, y int, UNIQUE (t_id, y))',
    'INSERT INTO t SELECT row_number() OVER (), p_id, x, any_time() FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 30)) AS s; INSERT INTO t_notes SELECT row_number() OVER (), id, y FROM (SELECT DISTINCT id, any_x() AS y FROM t, generate_series(1, 3)) AS s',
    'WITH e AS (SELECT id, one(p_id) AS p, x, first_value(id) OVER w AS rep FROM t WINDOW w AS (PARTITION BY one(p_id), x ORDER BY if_newest(created_at) DESC NULLS LAST, place(p_id))), n AS (SELECT n.id, rep, y, first_value(n.id) OVER w AS first FROM t_notes n JOIN e ON e.id = t_id WINDOW w AS (PARTITION BY rep, y ORDER BY n.t_id <> rep, n.t_id))
    SELECT ''t'' AS name, id, p, x FROM e WHERE id = rep UNION ALL SELECT ''note'', id, rep, y FROM n WHERE id = first'),
-- columns of one foreign key that all differ, whole or not at all
('matched', 'CREATE TABLE t (n int, tenant int, p_id int, FOREIGN KEY (tenant, p_id) REFERENCES p (tenant, id) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL)', 'INSERT INTO t SELECT n, tenant, id FROM (SELECT n, any_id() AS i FROM generate_series(1, 20) AS n) AS s JOIN p ON id = i; INSERT INTO t VALUES (0, NULL, NULL)',
    'SELECT n, one_tenant(p_id), one(p_id) FROM t'),
('deferred', 'CREATE TABLE t (p_id int REFERENCES p ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, x int, UNIQUE (p_id, x) DEFERRABLE INITIALLY DEFERRED)', 'INSERT INTO t SELECT DISTINCT any_id(), any_x() FROM generate_series(1, 30)',
    'SELECT DISTINCT one(p_id), x FROM t'),
('excluded', 'CREATE TABLE t (p_id int REFERENCES p, x int, EXCLUDE (x WITH =, p_id WITH =) DEFERRABLE)', 'INSERT INTO t SELECT DISTINCT any_id(), any_x() FROM generate_series(1, 30)',
    'SELECT DISTINCT one(p_id), x FROM t'),
('ranges', 'CREATE TABLE t (p_id int REFERENCES p, during int4range, EXCLUDE USING gist (int4range(p_id, p_id, ''[]'') WITH =, during WITH &&))', 'INSERT INTO t SELECT DISTINCT any_id(), int4range(2 * x, 2 * x + 2) FROM (SELECT any_x() AS x FROM generate_series(1, 30)) AS s',
    'SELECT DISTINCT one(p_id), during FROM t'),
('generated', 'CREATE TABLE t (p_id int REFERENCES p, x int, code text GENERATED ALWAYS AS (p_id || ''-'' || x) STORED UNIQUE)', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_id), x, one(p_id) || ''-'' || x FROM t'),
('expressed', 'CREATE TABLE t (p_id int REFERENCES p, word text, x int); CREATE UNIQUE INDEX ON t (lower(word), (p_id + 1000)) WHERE x > 1', 'INSERT INTO t SELECT any_id(), (ARRAY[''a'', ''A'', ''b'', ''B'', NULL])[any_x()], any_x() FROM generate_series(1, 30) AS n ON CONFLICT DO NOTHING',
    'SELECT * FROM (SELECT DISTINCT ON (one(p_id), lower(word)) one(p_id), word, x FROM t WHERE word IS NOT NULL AND x > 1 ORDER BY one(p_id), lower(word), place(p_id)) AS s UNION ALL SELECT one(p_id), word, x FROM t WHERE word IS NULL OR x <= 1'),
('live', 'CREATE TABLE t (p_id int REFERENCES p ON DELETE RESTRICT ON UPDATE RESTRICT, x int, deleted_at timestamptz); CREATE UNIQUE INDEX ON t (p_id, x) WHERE deleted_at IS NULL', 'INSERT INTO t SELECT any_id(), any_x(), any_time() FROM generate_series(1, 40) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_id), x, deleted_at FROM t WHERE deleted_at IS NULL UNION ALL SELECT one(p_id), x, deleted_at FROM t WHERE deleted_at IS NOT NULL'),
('several', 'CREATE TABLE t (n int, a int NOT NULL REFERENCES p ON DELETE RESTRICT, b int DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT, c text REFERENCES p (slug) ON UPDATE SET NULL)', 'INSERT INTO t SELECT n, any_id(), nullif(any_id(), 5), ''s'' || any_id() FROM generate_series(1, 30) AS n',
    'SELECT n, one(a), one(b), one(c) FROM t'),
('property', 'CREATE TABLE t (a int REFERENCES p, b int REFERENCES p, x int, UNIQUE (b, x, a))', 'INSERT INTO t SELECT any_id(), any_id(), nullif(any_x(), 1) FROM generate_series(1, 60) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(a), one(b), x FROM t WHERE x IS NOT NULL UNION ALL SELECT one(a), one(b), x FROM t WHERE x IS NULL'),
('list', 'CREATE TABLE t (p_id int REFERENCES p, x int NOT NULL, UNIQUE (x, p_id)) PARTITION BY LIST (x); CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1, 2) PARTITION BY HASH (p_id); CREATE TABLE t_0 PARTITION OF t_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE TABLE t_2 PARTITION OF t DEFAULT', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_id), x FROM t'),
('range', 'CREATE TABLE t (n int, p_id int) PARTITION BY RANGE (p_id); CREATE TABLE t_0 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (5); CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (5) TO (MAXVALUE); ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p ON DELETE CASCADE', 'INSERT INTO t SELECT n, any_id() FROM generate_series(1, 30) AS n',
    'SELECT n, one(p_id) FROM t'),
('inherits', 'CREATE TABLE t (p_id int REFERENCES p, x int, UNIQUE (p_id, x)); CREATE TABLE t_below (UNIQUE (x, p_id), FOREIGN KEY (p_id) REFERENCES p ON DELETE CASCADE) INHERITS (t)', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 20) ON CONFLICT DO NOTHING; INSERT INTO t_below SELECT any_id(), any_x() FROM generate_series(1, 20) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT 0, one(p_id), x FROM ONLY t UNION ALL SELECT DISTINCT 1, one(p_id), x FROM t_below'),
-- triggers fire once for each row that is changed, and may set another column
('triggers', 'CREATE TABLE t (p_id int REFERENCES p, x int, times int DEFAULT 0, PRIMARY KEY (p_id, x)); CREATE TABLE t_log (what text, p_id int, x int, times int); CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION count_change(); CREATE TRIGGER b AFTER UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION log_change()', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'WITH r AS (SELECT p_id, x, coalesce(place(p_id), 0) > 0 AS goes, row_number() OVER (PARTITION BY one(p_id), x ORDER BY place(p_id)) AS n FROM t) SELECT ''t'' AS what, one(p_id), x, goes::int FROM r WHERE n = 1 UNION ALL SELECT CASE n WHEN 1 THEN ''UPDATE'' ELSE ''DELETE'' END, p_id, x, 0 FROM r WHERE n > 1 OR goes'),
-- rows that reference each other, in circles: of one table, where one that would reference itself has a null, or does so if it
-- cannot have one; of two; of a table and the one that references it
('circle', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, next_id int REFERENCES t ON DELETE CASCADE, UNIQUE (p_id, x))', 'INSERT INTO t SELECT row_number() OVER (), p_id, x FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 30)) AS s; UPDATE t SET next_id = (SELECT o.id FROM t AS o WHERE t.id > 0 ORDER BY random() LIMIT 1)',
    'WITH r AS (SELECT *, first_value(id) OVER (PARTITION BY one(p_id), x ORDER BY place(p_id)) AS rep FROM t) SELECT r.id, one(r.p_id), r.x, CASE WHEN n.rep = r.id AND n.id <> r.id THEN NULL ELSE n.rep END FROM r LEFT JOIN r AS n ON n.id = r.next_id WHERE r.id = r.rep'),
('ring', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, next_id int NOT NULL REFERENCES t DEFERRABLE, UNIQUE (p_id, x))', 'INSERT INTO t SELECT row_number() OVER (), p_id, x, 1 + (row_number() OVER ()) % count(*) OVER () FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 30)) AS s',
    'WITH r AS (SELECT *, first_value(id) OVER (PARTITION BY one(p_id), x ORDER BY place(p_id)) AS rep FROM t) SELECT r.id, one(r.p_id), r.x, n.rep FROM r JOIN r AS n ON n.id = r.next_id WHERE r.id = r.rep'),
('mutual', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, o_id int, UNIQUE (p_id, x)); CREATE TABLE t_o (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, y int NOT NULL, t_id int REFERENCES t ON DELETE CASCADE, UNIQUE (y, p_id)); ALTER TABLE t ADD FOREIGN KEY (o_id) REFERENCES t_o ON DELETE CASCADE',
    'INSERT INTO t SELECT row_number() OVER (), p_id, x FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 25)) AS s; INSERT INTO t_o SELECT row_number() OVER (), p_id, x, (SELECT id FROM t WHERE x > 0 ORDER BY random() LIMIT 1) FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 25)) AS s; UPDATE t SET o_id = (SELECT o.id FROM t_o AS o WHERE t.id > 0 ORDER BY random() LIMIT 1)',
    'WITH r AS (SELECT *, first_value(id) OVER (PARTITION BY one(p_id), x ORDER BY place(p_id)) AS rep FROM t), o AS (SELECT *, first_value(id) OVER (PARTITION BY one(p_id), y ORDER BY place(p_id)) AS rep FROM t_o) SELECT ''t'' AS name, r.id, one(r.p_id), x, o.rep FROM r JOIN o ON o.id = r.o_id WHERE r.id = r.rep UNION ALL SELECT ''o'', o.id, one(o.p_id), y, r.rep FROM o LEFT JOIN r ON r.id = o.t_id WHERE o.id = o.rep'),
('back', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, best_id int, UNIQUE (p_id, x)); CREATE TABLE t_notes (id int PRIMARY KEY, t_id int NOT NULL REFERENCES t ON DELETE CASCADE, y int, UNIQUE (t_id, y)); ALTER TABLE t ADD FOREIGN KEY (best_id) REFERENCES t_notes ON DELETE SET NULL',
    'INSERT INTO t SELECT row_number() OVER (), p_id, x FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 30)) AS s; INSERT INTO t_notes SELECT row_number() OVER (), id, y FROM (SELECT DISTINCT id, any_x() AS y FROM t, generate_series(1, 3)) AS s; UPDATE t SET best_id = (SELECT n.id FROM t_notes AS n WHERE t.id > 0 ORDER BY random() LIMIT 1)',
    'WITH e AS (SELECT id, one(p_id) AS p, x, best_id, first_value(id) OVER w AS rep FROM t WINDOW w AS (PARTITION BY one(p_id), x ORDER BY place(p_id))), n AS (SELECT n.id, rep, y, first_value(n.id) OVER w AS first FROM t_notes n JOIN e ON e.id = t_id WINDOW w AS (PARTITION BY rep, y ORDER BY n.t_id <> rep, n.t_id))
    SELECT ''t'' AS name, e.id, p, x, n.first FROM e LEFT JOIN n ON n.id = best_id WHERE e.id = e.rep UNION ALL SELECT ''note'', id, rep, y, NULL FROM n WHERE id = first'),
-- folders, to any depth: each path that was there is there once
('folders', 'CREATE TABLE t (id int PRIMARY KEY, p_id int REFERENCES p, parent_id int REFERENCES t ON DELETE CASCADE, name int NOT NULL, UNIQUE (p_id, name), UNIQUE (parent_id, name)); CREATE TABLE t_files (folder_id int REFERENCES t ON DELETE CASCADE, name int, PRIMARY KEY (name, folder_id))',
    'INSERT INTO t SELECT row_number() OVER (), p_id, NULL, x FROM (SELECT DISTINCT any_id() AS p_id, any_x() % 3 AS x FROM generate_series(1, 25)) AS s; INSERT INTO t SELECT 100 + row_number() OVER (), NULL, id, x FROM (SELECT DISTINCT id, any_x() % 3 AS x FROM t, generate_series(1, 2)) AS s; INSERT INTO t SELECT 1000 + row_number() OVER (), NULL, id, x FROM (SELECT DISTINCT id, any_x() % 3 AS x FROM t WHERE id > 100) AS s; INSERT INTO t_files SELECT DISTINCT id, any_x() FROM t, generate_series(1, 2)',
    'WITH RECURSIVE f AS (SELECT id, one(p_id) || ''/'' || name AS path FROM t WHERE parent_id IS NULL UNION ALL SELECT t.id, path || ''/'' || name FROM t JOIN f ON f.id = parent_id) SELECT DISTINCT path FROM f UNION ALL SELECT DISTINCT path || '':'' || name FROM f JOIN t_files ON folder_id = id'),
('tree', 'CREATE TABLE t (id int PRIMARY KEY, p_id int REFERENCES p ON DELETE SET NULL, parent_id int REFERENCES t)', 'INSERT INTO t SELECT n, any_id(), nullif(n / 2, 0) FROM generate_series(1, 20) AS n',
    'SELECT id, one(p_id), parent_id FROM t');
-- what those hold that have tables beside
CREATE TABLE looks (kind text, query text);
INSERT INTO looks SELECT kind, 'SELECT * FROM t' FROM kinds;
UPDATE looks SET query = 'SELECT least(a, b), greatest(a, b) FROM t' WHERE kind = 'undirected';
UPDATE looks SET query = 'SELECT ''t'' AS name, id, p_id, x FROM t UNION ALL SELECT ''note'', id, t_id, y FROM t_notes UNION ALL SELECT ''star'', note_id, z, NULL FROM t_stars' WHERE kind = 'entity';
UPDATE looks SET query = 'SELECT p_id, x, -1 FROM t UNION ALL SELECT p_id, x, role FROM t_roles' WHERE kind = 'pair';
UPDATE looks SET query = 'SELECT ''t'' AS name, id, p_id, x FROM t UNION ALL SELECT ''note'', id, t_id, y FROM t_notes' WHERE kind = 'stamped entity';
UPDATE looks SET query = 'SELECT ''t'' AS name, id, p_id, x, best_id FROM t UNION ALL SELECT ''note'', id, t_id, y, NULL FROM t_notes' WHERE kind = 'back';
UPDATE looks SET query = 'SELECT ''t'' AS name, id, p_id, x, o_id FROM t UNION ALL SELECT ''o'', id, p_id, y, t_id FROM t_o' WHERE kind = 'mutual';
UPDATE looks SET query = 'SELECT 0, p_id, x FROM ONLY t UNION ALL SELECT 1, p_id, x FROM t_below' WHERE kind = 'inherits';
UPDATE looks SET query = 'SELECT ''t'' AS what, p_id, x, times FROM t UNION ALL SELECT what, p_id, x, times FROM t_log' WHERE kind = 'triggers';
UPDATE looks SET query = 'WITH RECURSIVE f AS (SELECT id, p_id || ''/'' || name AS path FROM t WHERE parent_id IS NULL UNION ALL SELECT t.id, path || ''/'' || name FROM t JOIN f ON f.id = parent_id) SELECT path FROM f UNION ALL SELECT path || '':'' || name FROM f JOIN t_files ON folder_id = id' WHERE kind = 'folders';

CREATE FUNCTION any_id() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 + floor(random() * 12)::int';
CREATE FUNCTION any_x() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 + floor(random() * 6)::int';
-- the rows that become one, in the order in which they are named; the first stays
CREATE TABLE chosen (place int, id int);
CREATE FUNCTION one(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT CASE WHEN $1 IN (SELECT id FROM chosen) THEN (SELECT id FROM chosen WHERE place = 0) ELSE $1 END';
CREATE FUNCTION one(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT ''s'' || one(substr($1, 2)::int)';
CREATE FUNCTION place(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT place FROM chosen WHERE id = $1';
CREATE FUNCTION one_tenant(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT tenant FROM p WHERE id = one($1)); END';
-- whether of two rows the newest stays
CREATE TABLE how (newest bool);
CREATE FUNCTION if_newest(timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT $1 FROM how WHERE newest';
CREATE FUNCTION any_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT ''2020-01-01 UTC''::timestamptz + i * ''1 day''::interval FROM nullif(any_x(), 1) AS i';
CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.times := OLD.times + 1; RETURN NEW; END $$;
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %s_log VALUES (%L, %L, %L, 0)', TG_RELID::regclass, TG_OP, OLD.p_id, OLD.x);
    RETURN NULL;
END $$;
-- a text for table t of place n: t3
CREATE FUNCTION named(text, int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT regexp_replace($1, '\mt(_[a-z0-9]+)?\M', 't' || $2 || '\1', 'g') $$;
CREATE FUNCTION held(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY r::text COLLATE "C") FROM (%s) AS r', query) INTO result;
    RETURN coalesce(result, '');
END $$;

CREATE PROCEDURE merge_randomly(merges int) LANGUAGE plpgsql AS $$
DECLARE
    kinds text[]; wanted text[]; found text; makes text; fills text; becomes text; looked text; gone int[]; keep int; steps bigint; wrong int := 0; parents text;
BEGIN
    FOR turn IN 1 .. merges LOOP
        CREATE SCHEMA regress_merge_tables;
        SET LOCAL search_path = regress_merge_tables, regress_merge_random;
        CREATE TABLE p (id int PRIMARY KEY, slug text UNIQUE, tenant int NOT NULL, parent_id int REFERENCES p, UNIQUE (tenant, id));
        INSERT INTO p SELECT n, 's' || n, n % 2, nullif(any_id(), 12) FROM generate_series(1, 12) AS n;
        DELETE FROM how;
        INSERT INTO how VALUES (random() < 0.5);
        kinds := ARRAY(SELECT k.kind FROM kinds AS k, generate_series(1, 20) ORDER BY random() LIMIT 1 + floor(random() * 20)::int);
        TRUNCATE chosen;
        INSERT INTO chosen SELECT row_number() OVER () - 1, id FROM (SELECT id FROM p ORDER BY random() LIMIT 2 + floor(random() * 4)::int) AS s;
        wanted := '{}';
        FOR i IN 1 .. cardinality(kinds) LOOP
            SELECT named(k.makes, i), named(k.fills, i), named(k.becomes, i) INTO makes, fills, becomes FROM kinds AS k WHERE k.kind = kinds[i];
            EXECUTE makes;
            EXECUTE fills;
            wanted := wanted || held(becomes);
        END LOOP;
        SELECT id INTO keep FROM chosen WHERE place = 0;
        SELECT array_agg(id ORDER BY place) INTO gone FROM chosen WHERE place > 0;
        parents := held('SELECT id, slug, tenant, CASE WHEN place(id) = 0 AND place(parent_id) > 0 THEN NULL ELSE one(parent_id) END FROM p WHERE place(id) > 0 IS NOT TRUE');
        BEGIN
            PERFORM junction.merge('p', keep, gone, CASE WHEN newest THEN 'newest' ELSE 'keep' END) FROM how;
            SET CONSTRAINTS ALL IMMEDIATE;
            FOR i IN 1 .. cardinality(kinds) LOOP
                SELECT named(l.query, i) INTO looked FROM looks AS l WHERE l.kind = kinds[i];
                found := held(looked);
                IF found <> wanted[i] THEN
                    wrong := wrong + 1;
                    RAISE WARNING 'merge %: of % into %, % holds %, not %', turn, gone, keep, kinds[i], found, wanted[i];
                END IF;
            END LOOP;
            found := held('SELECT id, slug, tenant, parent_id FROM p');
            IF found <> parents THEN
                wrong := wrong + 1;
                RAISE WARNING 'merge %: of % into %, the parent holds %, not %', turn, gone, keep, found, parents;
            END IF;
            SELECT count(*) INTO steps FROM junction.merge('p', keep, gone);
            IF steps <> 0 THEN
                wrong := wrong + 1;
                RAISE WARNING 'merge %: the second call has % steps', turn, steps;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            wrong := wrong + 1;
            RAISE WARNING 'merge %: of % into %: % %, with %', turn, gone, keep, sqlstate, sqlerrm, kinds;
        END;
        DROP SCHEMA regress_merge_tables CASCADE;
        COMMIT;
    END LOOP;
    RAISE WARNING '% merges are wrong', wrong;
END $$;
SET client_min_messages = warning;
CALL merge_randomly(:merges);
SET client_min_messages = error;
DROP SCHEMA regress_merge_random CASCADE;
