-- Random merges: schemas of up to 20 children of 12 kinds, random rows, a random row that stays and up to four that go. What each
-- table has to hold afterwards is computed beforehand from its rows and what a merge promises: no link is lost, none is left, none
-- is there twice. A second call changes nothing. For more of them: psql -v merges=1000 -f sql/merge_random.sql
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
('tenant', 'CREATE TABLE t (tenant int, p_id int, x int, UNIQUE NULLS NOT DISTINCT (tenant, x, p_id), FOREIGN KEY (tenant, p_id) REFERENCES p (tenant, id))', 'INSERT INTO t SELECT id % 1, id, nullif(any_x(), 1) FROM (SELECT any_id() AS id FROM generate_series(1, 30)) AS s ON CONFLICT DO NOTHING',
    'SELECT DISTINCT tenant, one(p_id), x FROM t'),
('parts', 'CREATE TABLE t (p_id int REFERENCES p ON DELETE CASCADE, x int, PRIMARY KEY (p_id, x)) PARTITION BY HASH (p_id); CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE t_1 (x int NOT NULL, p_id int NOT NULL); ALTER TABLE t ATTACH PARTITION t_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING',
    'SELECT DISTINCT one(p_id), x FROM t'),
('profile', 'CREATE TABLE t (p_id int PRIMARY KEY REFERENCES p DEFERRABLE INITIALLY DEFERRED, who int)', 'INSERT INTO t SELECT id, id FROM p WHERE random() < 0.6',
    'SELECT one(p_id), (array_agg(who ORDER BY place(p_id)))[1] FROM t GROUP BY 1'),
('entity', 'CREATE TABLE t (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p, x int NOT NULL, UNIQUE (p_id, x)); CREATE TABLE t_notes (id int PRIMARY KEY, t_id int REFERENCES t ON DELETE CASCADE, y int, p_id int REFERENCES p, UNIQUE (t_id, y)); CREATE TABLE t_stars (note_id int REFERENCES t_notes ON DELETE CASCADE, z int, PRIMARY KEY (note_id, z))',
    'INSERT INTO t SELECT row_number() OVER (), p_id, x FROM (SELECT DISTINCT any_id() AS p_id, any_x() AS x FROM generate_series(1, 30)) AS s; INSERT INTO t_notes SELECT row_number() OVER (), id, y, any_id() FROM (SELECT DISTINCT id, any_x() AS y FROM t, generate_series(1, 3)) AS s; INSERT INTO t_stars SELECT DISTINCT id, any_x() FROM t_notes, generate_series(1, 2)',
    'WITH e AS (SELECT id, one(p_id) AS p, x, first_value(id) OVER w AS rep FROM t WINDOW w AS (PARTITION BY one(p_id), x ORDER BY place(p_id))), n AS (SELECT n.id, rep, y, one(n.p_id) AS p, first_value(n.id) OVER w AS first FROM t_notes n JOIN e ON e.id = t_id WINDOW w AS (PARTITION BY rep, y ORDER BY n.t_id <> rep, n.t_id))
    SELECT ''t'' AS name, id, p, x FROM e WHERE id = rep UNION ALL SELECT ''note'', id, rep, y FROM n WHERE id = first UNION ALL SELECT DISTINCT ''star'', first, z, NULL::int FROM t_stars JOIN n ON n.id = note_id'),
('pair', 'CREATE TABLE t (p_id int REFERENCES p, x int, PRIMARY KEY (p_id, x)); CREATE TABLE t_roles (p_id int, x int, role int, PRIMARY KEY (p_id, x, role), FOREIGN KEY (p_id, x) REFERENCES t)', 'INSERT INTO t SELECT any_id(), any_x() FROM generate_series(1, 30) ON CONFLICT DO NOTHING; INSERT INTO t_roles SELECT DISTINCT p_id, x, any_x() FROM t, generate_series(1, 2)',
    'SELECT DISTINCT one(p_id), x, -1 FROM t UNION ALL SELECT DISTINCT one(p_id), x, role FROM t_roles');
-- what the last two kinds hold, with the tables beside
CREATE TABLE looks (kind text, query text);
INSERT INTO looks SELECT kind, 'SELECT * FROM t' FROM kinds;
UPDATE looks SET query = 'SELECT least(a, b), greatest(a, b) FROM t' WHERE kind = 'undirected';
UPDATE looks SET query = 'SELECT ''t'' AS name, id, p_id, x FROM t UNION ALL SELECT ''note'', id, t_id, y FROM t_notes UNION ALL SELECT ''star'', note_id, z, NULL FROM t_stars' WHERE kind = 'entity';
UPDATE looks SET query = 'SELECT p_id, x, -1 FROM t UNION ALL SELECT p_id, x, role FROM t_roles' WHERE kind = 'pair';

CREATE FUNCTION any_id() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 + floor(random() * 12)::int';
CREATE FUNCTION any_x() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 + floor(random() * 6)::int';
-- the rows that become one, in the order in which they are named; the first stays
CREATE TABLE chosen (place int, id int);
CREATE FUNCTION one(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT CASE WHEN $1 IN (SELECT id FROM chosen) THEN (SELECT id FROM chosen WHERE place = 0) ELSE $1 END';
CREATE FUNCTION one(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT ''s'' || one(substr($1, 2)::int)';
CREATE FUNCTION place(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT place FROM chosen WHERE id = $1';
-- a text for table t of place n: t3
CREATE FUNCTION named(text, int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT regexp_replace($1, '\mt(_[01]|_notes|_stars|_roles)?\M', 't' || $2 || '\1', 'g') $$;
CREATE FUNCTION held(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY r::text COLLATE "C") FROM (%s) AS r', query) INTO result;
    RETURN coalesce(result, '');
END $$;

CREATE PROCEDURE merge_randomly(merges int) LANGUAGE plpgsql AS $$
DECLARE
    kinds text[]; wanted text[]; found text; makes text; fills text; becomes text; looked text; gone int[]; keep int; steps bigint; wrong int := 0; parts int;
BEGIN
    FOR turn IN 1 .. merges LOOP
        CREATE SCHEMA regress_merge_tables;
        SET LOCAL search_path = regress_merge_tables, regress_merge_random;
        CREATE TABLE p (id int PRIMARY KEY, slug text UNIQUE, tenant int NOT NULL DEFAULT 0, UNIQUE (tenant, id));
        INSERT INTO p SELECT n, 's' || n FROM generate_series(1, 12) AS n;
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
        BEGIN
            PERFORM junction.merge('p', keep, gone);
            SET CONSTRAINTS ALL IMMEDIATE;
            FOR i IN 1 .. cardinality(kinds) LOOP
                SELECT named(l.query, i) INTO looked FROM looks AS l WHERE l.kind = kinds[i];
                found := held(looked);
                IF found <> wanted[i] THEN
                    wrong := wrong + 1;
                    RAISE WARNING 'merge %: of % into %, % holds %, not %', turn, gone, keep, kinds[i], found, wanted[i];
                END IF;
            END LOOP;
            IF EXISTS (SELECT FROM p WHERE id = ANY (gone)) OR (SELECT count(*) FROM p) <> 12 - cardinality(gone) THEN
                RAISE WARNING 'merge %: of % into %: rows of the parent', turn, gone, keep;
            END IF;
            SELECT count(*) INTO steps FROM junction.merge('p', keep, gone);
            IF steps <> 0 THEN
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
