-- junction.dependencies(): which ends of a multiway table decide which, and which
-- ways to take it apart are lossless.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_dependencies;
CREATE ROLE regress_junction_dependencies_other;
CREATE SCHEMA dependencies AUTHORIZATION regress_junction_dependencies;
SET search_path = dependencies;
SET ROLE regress_junction_dependencies;
GRANT USAGE ON SCHEMA dependencies TO regress_junction_dependencies_other;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, 9);
INSERT INTO tags SELECT generate_series(1, 9);
INSERT INTO users SELECT generate_series(1, 9);
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users,
                       PRIMARY KEY (invoice_id, tag_id, user_id));

-- no rows: everything holds
SELECT * FROM junction.dependencies('taggings');
-- each invoice has its tags and, apart from these, its users; two invoices have
-- one user each
INSERT INTO taggings VALUES (1, 1, 1), (1, 2, 1), (1, 1, 2), (1, 2, 2), (2, 1, 1), (2, 3, 1), (3, 3, 3);
SELECT * FROM junction.dependencies('taggings');
-- parts is what split takes
SELECT statement FROM junction.split('taggings', into_tables => (
    SELECT parts FROM junction.dependencies('taggings') WHERE lossless AND cardinality(parts) = 2), dry_run => true)
WHERE statement ~ '^CREATE TABLE';
-- three pairs that are lossless together where no two are
TRUNCATE taggings;
INSERT INTO taggings VALUES (1, 1, 2), (1, 2, 1), (2, 1, 1), (1, 1, 1);
SELECT parts, lossless, spurious FROM junction.dependencies('taggings') WHERE parts IS NOT NULL;
-- a fact that has three ends
DELETE FROM taggings WHERE (invoice_id, tag_id, user_id) = (1, 1, 1);
SELECT parts, lossless, spurious FROM junction.dependencies('taggings') WHERE parts IS NOT NULL;

-- Nulls are no values; names that need quotes; two ends to one parent; a column
-- that two ends share; partitions count, inheritance children do not.
CREATE TABLE "T ""x""" (tenant int, "Id" text COLLATE "C", PRIMARY KEY (tenant, "Id"));
INSERT INTO "T ""x""" SELECT t, n FROM generate_series(1, 2) AS t, unnest('{a,b,c}'::text[]) AS n;
CREATE TABLE "c1 n" (tenant int, "n" text COLLATE "C", "part0.c1" text COLLATE "C", user_id int REFERENCES users,
                     FOREIGN KEY (tenant, "n") REFERENCES "T ""x""", FOREIGN KEY (tenant, "part0.c1") REFERENCES "T ""x""",
                     UNIQUE (tenant, "n", "part0.c1", user_id)) PARTITION BY LIST (tenant);
CREATE TABLE c1_1 PARTITION OF "c1 n" FOR VALUES IN (1);
CREATE TABLE c1_2 PARTITION OF "c1 n" DEFAULT;
INSERT INTO "c1 n" VALUES (1, 'a', 'b', 1), (1, 'a', 'c', 2), (2, 'a', 'b', 2), (2, 'b', 'b', 3), (1, 'b', NULL, 4), (NULL, 'a', 'b', 5), (1, 'a', 'a', NULL);
SELECT * FROM junction.dependencies('"c1 n"');
CREATE TABLE child () INHERITS (taggings);
INSERT INTO child VALUES (1, 1, 1);
SELECT DISTINCT rows FROM junction.dependencies('taggings');
-- a key with an ordinal: the same ends twice are one combination
CREATE TABLE numbered (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users, n int,
                       PRIMARY KEY (invoice_id, tag_id, user_id, n));
INSERT INTO numbered VALUES (1, 1, 1, 1), (1, 1, 1, 2), (1, 2, 1, 1);
SELECT determinant, dependent, exceptions, rows, spurious FROM junction.dependencies('numbered');
-- four ends: each tree; five: each end in the middle
CREATE TABLE four (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users, by_id int REFERENCES users,
                   PRIMARY KEY (invoice_id, tag_id, user_id, by_id));
INSERT INTO four SELECT i, 1 + i % 3, 1 + i % 2, 1 + i / 5 FROM generate_series(1, 9) AS i;
SELECT parts, lossless, spurious FROM junction.dependencies('four') WHERE parts IS NOT NULL ORDER BY 1;
SELECT count(*), count(DISTINCT (determinant, dependent)) FROM junction.dependencies('four') WHERE parts IS NULL;
CREATE TABLE five (a_id int REFERENCES invoices, b_id int REFERENCES tags, c_id int REFERENCES users, d_id int REFERENCES users, e_id int REFERENCES tags,
                   PRIMARY KEY (a_id, b_id, c_id, d_id, e_id));
INSERT INTO five SELECT i, 1 + i % 3, 1 + i % 2, 1 + i / 5, 1 + i / 3 FROM generate_series(1, 9) AS i;
SELECT cardinality(parts), lossless, spurious FROM junction.dependencies('five') WHERE parts IS NOT NULL;

-- Random rows, against the same counted by force.  The round chooses the
-- dependency that the rows have, or none.
CREATE TABLE t (a int REFERENCES invoices, b int REFERENCES tags, c int REFERENCES users, PRIMARY KEY (c, a, b));
CREATE FUNCTION exceptions(d text, x text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM t GROUP BY %s HAVING count(DISTINCT %s) > 1) AS v', d, x) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION joined(parts text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || (SELECT string_agg(format('(SELECT DISTINCT %s FROM t) AS p%s', (regexp_match(p, '\((.*)\)'))[1], n), ' NATURAL JOIN ' ORDER BY n)
                                        FROM unnest(parts) WITH ORDINALITY AS u (p, n)) INTO result;
    RETURN result;
END $$;
SELECT setseed(0.5);
DO $$
DECLARE wrong record;
BEGIN
    FOR round IN 0 .. 159 LOOP
        TRUNCATE t;
        INSERT INTO t SELECT DISTINCT a, CASE round % 5 WHEN 1 THEN 1 + a * 7 % 5 ELSE b END,
                             CASE round % 5 WHEN 2 THEN 1 + (a * 3 + b) % 6 WHEN 3 THEN 1 + b * 5 % 4 ELSE c END
        FROM (SELECT 1 + floor(random() * (2 + round % 4))::int AS a, 1 + floor(random() * (1 + round % 6))::int AS b,
                     1 + floor(random() * (2 + round % 3))::int AS c FROM generate_series(1, round % 17)) AS r;
        IF round % 5 = 4 THEN       -- make it the join of two projections
            INSERT INTO t SELECT DISTINCT l.a, l.b, r.c FROM t AS l JOIN t AS r USING (a) ON CONFLICT DO NOTHING;
        END IF;
        FOR wrong IN SELECT d.* FROM junction.dependencies('t') AS d
                     WHERE parts IS NULL AND (exceptions <> exceptions(array_to_string(determinant, ', '), array_to_string(dependent, ', '))
                                              OR rows <> (SELECT count(*) FROM t))
                        OR parts IS NOT NULL AND (spurious <> joined(parts) - (SELECT count(*) FROM t) OR lossless <> (spurious = 0))
        LOOP
            RAISE EXCEPTION 'round %: %', round, wrong;
        END LOOP;
    END LOOP;
END $$;

-- Rows that do not fit into memory are counted by queries: the same
CREATE TABLE ends (t int DEFAULT 1, id int, PRIMARY KEY (t, id), UNIQUE (id));
INSERT INTO ends SELECT 1, i FROM generate_series(1, 200) AS i;
CREATE TABLE three (a int REFERENCES ends (id), b int REFERENCES ends (id), c int REFERENCES ends (id), PRIMARY KEY (a, b, c));
INSERT INTO three SELECT 1 + i % 200, 1 + i / 200 % 100, 1 + (i / 100 + i % 3) % 50 FROM generate_series(0, 19999) AS i;
CREATE TABLE nulls (a int REFERENCES ends (id), b int REFERENCES ends (id), c int REFERENCES ends (id), n int, UNIQUE (a, b, c));
INSERT INTO nulls SELECT NULLIF(a, 7), NULLIF(b, 11), NULLIF(c, 5) FROM three;
CREATE TABLE tenants (t int, a int, b int, c int, PRIMARY KEY (t, a, b, c), FOREIGN KEY (t, a) REFERENCES ends, FOREIGN KEY (t, b) REFERENCES ends, FOREIGN KEY (t, c) REFERENCES ends);
INSERT INTO tenants SELECT 1, * FROM three;
CREATE TABLE quads (a int REFERENCES ends (id), b int REFERENCES ends (id), c int REFERENCES ends (id), d int REFERENCES ends (id), PRIMARY KEY (a, b, c, d));
INSERT INTO quads SELECT *, 1 + (a + c) % 9 FROM three;
CREATE TABLE found AS SELECT 'memory' AS way, name, d.* FROM unnest('{three,nulls,tenants,quads}'::text[]) AS name, junction.dependencies(name::regclass) AS d;
SET maintenance_work_mem = '1MB';
SET hash_mem_multiplier = 1;
INSERT INTO found SELECT 'query' AS way, name, d.* FROM unnest('{three,nulls,tenants,quads}'::text[]) AS name, junction.dependencies(name::regclass) AS d;
RESET maintenance_work_mem;
RESET hash_mem_multiplier;
SELECT name, count(*) / 2 AS counts FROM found GROUP BY name ORDER BY name;
SELECT name, determinant, dependent, exceptions, rows, parts, lossless, spurious, min(way) FROM found GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING count(*) <> 2;
SELECT * FROM found WHERE way = 'memory' AND name = 'nulls' ORDER BY parts NULLS FIRST, determinant, dependent;
DROP TABLE three, nulls, tenants, quads, ends, found;

-- What it refuses: the same rights as measure
SELECT * FROM junction.dependencies('users');
CREATE TABLE pair (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SELECT * FROM junction.dependencies('pair');
\set VERBOSITY sqlstate
SELECT * FROM junction.dependencies('users');
SELECT * FROM junction.dependencies('pair');
SELECT * FROM junction.dependencies('taggings_pkey');
SELECT * FROM junction.dependencies('c1_1');
SELECT * FROM junction.dependencies('pg_class');
SELECT * FROM junction.dependencies(NULL);
SELECT * FROM junction.dependencies(4294967295);
SET ROLE regress_junction_dependencies_other;
SELECT * FROM junction.dependencies('taggings');
RESET ROLE;
GRANT SELECT (invoice_id, tag_id, user_id) ON taggings TO regress_junction_dependencies_other;
SET ROLE regress_junction_dependencies_other;
SELECT * FROM junction.dependencies('taggings');
RESET ROLE;
GRANT SELECT ON taggings TO regress_junction_dependencies_other;
SET ROLE regress_junction_dependencies_other;
SELECT count(*) FROM junction.dependencies('taggings');
RESET ROLE;
ALTER TABLE taggings ENABLE ROW LEVEL SECURITY;
SET ROLE regress_junction_dependencies_other;
SELECT count(*) FROM junction.dependencies('taggings');
RESET ROLE;
ALTER TABLE taggings DISABLE ROW LEVEL SECURITY;
\set VERBOSITY terse

-- The code of the owner, as in the predicate of an index, runs as the owner.
SET ROLE regress_junction_dependencies;
CREATE FUNCTION spy(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_junction_dependencies' THEN
        RAISE EXCEPTION '% runs it', current_user;
    END IF;
    RETURN $1;
END $$;
CREATE INDEX ON taggings (tag_id) WHERE spy(1) = 1;
RESET ROLE;
SET ROLE regress_junction_dependencies_other;
SELECT count(*) FROM taggings;
SELECT count(*) FROM junction.dependencies('taggings') WHERE parts IS NULL;
RESET ROLE;
RESET search_path;
DROP SCHEMA dependencies CASCADE;
DROP ROLE regress_junction_dependencies, regress_junction_dependencies_other;
