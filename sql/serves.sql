-- Which indexes serve an endpoint, and does the planner think so too?  For each
-- variant: does junction say that an index serves it, and does the cascade's
-- own query, "DELETE FROM ONLY t WHERE $1 = endpoint", use an index that
-- starts with the endpoint's columns?
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_serves;
CREATE SCHEMA serves AUTHORIZATION regress_junction_serves;
SET search_path = serves;
SET ROLE regress_junction_serves;

CREATE TYPE color AS ENUM ('red', 'green');
CREATE DOMAIN number AS int;
CREATE TABLE others (id int PRIMARY KEY);
CREATE TABLE ints (id int PRIMARY KEY);
CREATE TABLE bigints (id bigint PRIMARY KEY);
CREATE TABLE numerics (id numeric PRIMARY KEY);
CREATE TABLE texts (id text PRIMARY KEY);
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE nocases (id text COLLATE nocase PRIMARY KEY);
CREATE TABLE varchars (id varchar(40) PRIMARY KEY);
CREATE TABLE bpchars (id char(8) PRIMARY KEY);
CREATE TABLE colors (id color PRIMARY KEY);
CREATE TABLE numbers (id number PRIMARY KEY);
CREATE TABLE arrays (id int[] PRIMARY KEY);
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE tenant_ints (tenant int, id int, PRIMARY KEY (tenant, id));
CREATE TABLE tenant_others (tenant int, id int, PRIMARY KEY (tenant, id));

CREATE TABLE variants (n int GENERATED ALWAYS AS IDENTITY, name text, tab regclass, endpoint text);

-- A pure junction of others and another table, with the primary key (other,
-- endpoint), which serves the first only, and the index of the variant, if any
CREATE PROCEDURE make(name text, index text, type text = 'int', parent text = 'ints')
LANGUAGE plpgsql AS $$
DECLARE
    tab text := format('v%s', (SELECT count(*) FROM variants));
BEGIN
    EXECUTE format('CREATE TABLE %I (other int REFERENCES others, endpoint %s REFERENCES %s,
                                     note text, flag bool, PRIMARY KEY (other, endpoint))', tab, type, parent);
    IF index IS NOT NULL THEN
        EXECUTE format('CREATE INDEX %I ON %I %s', tab || '_variant', tab, index);
    END IF;
    INSERT INTO variants (name, tab, endpoint) VALUES (name, tab, 'endpoint');
END $$;

-- What junction says, given the endpoint as the view has it
CREATE FUNCTION served(what regclass, which text, OUT served bool)
LANGUAGE sql AS $$
    SELECT served_by[array_position(endpoints, which)] IS NOT NULL
    FROM junction.junctions WHERE junction = what
$$;

-- Are the first columns of an index those of an endpoint?
CREATE FUNCTION leads(index regclass, columns text[]) RETURNS bool
LANGUAGE sql AS $$
    SELECT count(*) = cardinality(columns)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid
    WHERE indexrelid = index AND attname = ANY (columns) AND attnum = ANY (indkey[0:cardinality(columns) - 1])
$$;

-- What the planner does: in each scan of its plan, is there an index that starts
-- with the endpoint's columns, and a condition on all of them?  The parameters
-- are of the parent's types, and the operator is looked up as the server does
-- when it asks at a cascade.  The pair key is taken out of the way, if it leads
-- with the other side: all of it could be read, which is no lookup.  Nor is
-- what BRIN, GIN and SP-GiST do, though they can be asked for equality.
CREATE FUNCTION planner_agrees(what regclass, which text) RETURNS bool
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    columns text[] := string_to_array(which, ', ');
    conditions text;
    nulls text;
    types text;
    pair_key name;
    plan jsonb;
BEGIN
    SELECT string_agg(format('$%s = %I', n, own.attname), ' AND ' ORDER BY n),
           string_agg('NULL', ', '),
           string_agg(format_type(theirs.atttypid, NULL), ', ' ORDER BY n)
    INTO STRICT conditions, nulls, types
    FROM pg_constraint c, unnest(conkey, confkey) WITH ORDINALITY AS k(col, refcol, n),
         pg_attribute own, pg_attribute theirs
    WHERE conrelid = what AND contype = 'f' AND own.attrelid = conrelid AND own.attnum = col
          AND theirs.attrelid = confrelid AND theirs.attnum = refcol
          AND ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = what AND attnum = ANY (conkey))
              <@ columns;
    SELECT conname INTO pair_key FROM pg_constraint
    WHERE conrelid = what AND contype = 'p' AND NOT leads(conindid, columns);
    BEGIN
        IF pair_key IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', what, pair_key);
        END IF;
        EXECUTE format('PREPARE cascade (%s) AS DELETE FROM %s %s WHERE %s', types,
                       CASE (SELECT relkind FROM pg_class WHERE oid = what) WHEN 'p' THEN '' ELSE 'ONLY' END,
                       what, conditions);
        EXECUTE format('EXPLAIN (COSTS OFF, FORMAT JSON) EXECUTE cascade (%s)', nulls) INTO plan;
        DEALLOCATE cascade;
        RAISE EXCEPTION USING ERRCODE = 'UNDO0';
    EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
        NULL;
    END;
    RETURN (
        SELECT bool_and(EXISTS (
            SELECT FROM pg_class c JOIN pg_am am ON am.oid = relam
            WHERE relnamespace = 'serves'::regnamespace AND relname = scan->>'Index Name'
                  AND amname IN ('btree', 'hash') AND leads(c.oid, columns)
                  AND (SELECT bool_and(scan->>'Index Cond' ~ ('\m' || name || '\M')) FROM unnest(columns) AS name)))
        FROM jsonb_path_query(plan, 'strict $.** ? (exists (@."Node Type") && !exists (@."Plans"))') AS scan);
END $$;

-- btree on the endpoint, in all its forms
CALL make('none', NULL);
CALL make('btree', '(endpoint)');
CALL make('descending', '(endpoint DESC NULLS LAST)');
CALL make('first of two', '(endpoint, note)');
CALL make('first of two, with an expression', '(endpoint, (note || note))');
CALL make('second of two', '(note, endpoint)');
CALL make('both directions', '(endpoint, other)');
CALL make('include others', '(endpoint) INCLUDE (note)');
CALL make('only included', '(note) INCLUDE (endpoint)');
CALL make('expression', '((endpoint + 0))');
-- other access methods
CALL make('hash', 'USING hash (endpoint)');
CALL make('hash of another', 'USING hash (note)');
CALL make('brin', 'USING brin (endpoint)');
CALL make('gin', 'USING gin (endpoint)', 'int[]', 'arrays');
CALL make('spgist', 'USING spgist (endpoint)', 'text', 'texts');
-- partial
CALL make('partial, not null', '(endpoint) WHERE endpoint IS NOT NULL');
CALL make('partial, not null or else', '(endpoint) WHERE endpoint IS NOT NULL OR flag');
CALL make('partial, not null and more', '(endpoint) WHERE endpoint IS NOT NULL AND flag');
CALL make('partial, another not null', '(endpoint) WHERE note IS NOT NULL');
CALL make('partial, by value', '(endpoint) WHERE endpoint > 0');
CALL make('partial, live rows', '(endpoint) WHERE note IS NULL');
CALL make('partial, always', '(endpoint) WHERE true');
CALL make('partial, negated null', '(endpoint) WHERE NOT (endpoint IS NULL)');
CALL make('partial hash, not null', 'USING hash (endpoint) WHERE endpoint IS NOT NULL');
-- operator classes, collations and types
CALL make('text', '(endpoint)', 'text', 'texts');
CALL make('text_pattern_ops', '(endpoint text_pattern_ops)', 'text', 'texts');
CALL make('other collation', '(endpoint COLLATE "POSIX")', 'text', 'texts');
CALL make('column of a collation', '(endpoint)', 'text COLLATE "POSIX"', 'texts');
CALL make('column of a collation, index of another', '(endpoint COLLATE "default")', 'text COLLATE "POSIX"', 'texts');
CALL make('other collation, hash', 'USING hash (endpoint COLLATE "POSIX")', 'text', 'texts');
CALL make('nondeterministic', '(endpoint)', 'text COLLATE nocase', 'nocases');
CALL make('nondeterministic, hash', 'USING hash (endpoint)', 'text COLLATE nocase', 'nocases');
CALL make('nondeterministic, index of another', '(endpoint COLLATE "POSIX")', 'text COLLATE nocase', 'nocases');
CALL make('varchar', '(endpoint)', 'varchar(40)', 'varchars');
CALL make('varchar, not null', '(endpoint) WHERE endpoint IS NOT NULL', 'varchar(40)', 'varchars');
CALL make('varchar to text', '(endpoint varchar_pattern_ops)', 'varchar', 'texts');
CALL make('char', '(endpoint)', 'char(8)', 'bpchars');
CALL make('enum', '(endpoint)', 'color', 'colors');
CALL make('enum, not null', '(endpoint) WHERE endpoint IS NOT NULL', 'color', 'colors');
CALL make('array, not null', '(endpoint) WHERE endpoint IS NOT NULL', 'int[]', 'arrays');
CALL make('domain', '(endpoint)', 'number', 'numbers');
CALL make('domain, not null', '(endpoint) WHERE endpoint IS NOT NULL', 'number', 'ints');
CALL make('int to bigint', '(endpoint)', 'int', 'bigints');
CALL make('int to bigint, hash', 'USING hash (endpoint)', 'int', 'bigints');
CALL make('int to bigint, not null', '(endpoint) WHERE endpoint IS NOT NULL', 'int', 'bigints');
CALL make('bigint to int', '(endpoint)', 'bigint', 'ints');
CALL make('int to numeric', '(endpoint)', 'int', 'numerics');
CALL make('int to numeric, hash', 'USING hash (endpoint)', 'int', 'numerics');

-- invalid: as a failed concurrent build leaves it, and as a running one has it
CREATE TABLE failed (other int REFERENCES others, endpoint int REFERENCES ints, PRIMARY KEY (other, endpoint));
INSERT INTO others VALUES (1), (2);
INSERT INTO ints VALUES (1);
INSERT INTO failed VALUES (1, 1), (2, 1);
CREATE UNIQUE INDEX CONCURRENTLY ON failed (endpoint);
CREATE TABLE not_ready (other int REFERENCES others, endpoint int REFERENCES ints, PRIMARY KEY (other, endpoint));
CREATE INDEX not_ready_endpoint_idx ON not_ready (endpoint);
RESET ROLE;
UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'not_ready_endpoint_idx'::regclass;
SET ROLE regress_junction_serves;
-- partitioned: on the root, on the root only, with all partitions attached to
-- that, and on the partitions only
CREATE TABLE parted (other int REFERENCES others, endpoint int REFERENCES ints, PRIMARY KEY (other, endpoint))
    PARTITION BY HASH (other);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 1);
CREATE INDEX ON parted (endpoint);
CREATE TABLE parted_only (LIKE parted INCLUDING ALL EXCLUDING INDEXES, PRIMARY KEY (other, endpoint),
    FOREIGN KEY (other) REFERENCES others, FOREIGN KEY (endpoint) REFERENCES ints) PARTITION BY HASH (other);
CREATE TABLE parted_only_0 PARTITION OF parted_only FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE parted_only_1 PARTITION OF parted_only FOR VALUES WITH (modulus 2, remainder 1);
CREATE INDEX ON ONLY parted_only (endpoint);
CREATE INDEX ON parted_only_0 (endpoint);
ALTER INDEX parted_only_endpoint_idx ATTACH PARTITION parted_only_0_endpoint_idx;
CREATE TABLE parted_attached (LIKE parted INCLUDING ALL EXCLUDING INDEXES, PRIMARY KEY (other, endpoint),
    FOREIGN KEY (other) REFERENCES others, FOREIGN KEY (endpoint) REFERENCES ints) PARTITION BY HASH (other);
CREATE TABLE parted_attached_0 PARTITION OF parted_attached FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON ONLY parted_attached (endpoint);
CREATE INDEX ON parted_attached_0 (endpoint);
ALTER INDEX parted_attached_endpoint_idx ATTACH PARTITION parted_attached_0_endpoint_idx;
-- a self-relation, where the pair key serves one side
CREATE TABLE self (endpoint int REFERENCES ints, other int REFERENCES ints, PRIMARY KEY (endpoint, other));
CREATE TABLE self_reverse (other int REFERENCES ints, endpoint int REFERENCES ints, PRIMARY KEY (other, endpoint));
-- composite: a column that both endpoints share, and all of an endpoint's
-- columns must come first, in any order
CREATE PROCEDURE make_shared(name text, index text)
LANGUAGE plpgsql AS $$
DECLARE
    tab text := format('v%s', (SELECT count(*) FROM variants));
BEGIN
    EXECUTE format('CREATE TABLE %I (tenant int REFERENCES tenants, other int, endpoint int, note text,
                        FOREIGN KEY (tenant, other) REFERENCES tenant_others,
                        FOREIGN KEY (tenant, endpoint) REFERENCES tenant_ints,
                        PRIMARY KEY (tenant, other, endpoint))', tab);
    EXECUTE format('CREATE INDEX %I ON %I %s', tab || '_variant', tab, index);
    INSERT INTO variants (name, tab, endpoint) VALUES (name, tab, 'tenant, endpoint');
END $$;

INSERT INTO variants (name, tab, endpoint) VALUES
    ('invalid', 'failed', 'endpoint'), ('not ready', 'not_ready', 'endpoint'),
    ('partitioned', 'parted', 'endpoint'), ('partitioned, not all', 'parted_only', 'endpoint'),
    ('partitioned, all attached', 'parted_attached', 'endpoint'),
    ('self-relation, leading', 'self', 'endpoint'), ('self-relation, reverse', 'self_reverse', 'endpoint');
CALL make_shared('shared, in order', '(tenant, endpoint)');
CALL make_shared('shared, other order', '(endpoint, tenant)');
CALL make_shared('shared, and more', '(endpoint, tenant, other)');
CALL make_shared('shared, more between', '(tenant, note, endpoint)');
CALL make_shared('shared, only one column', '(endpoint)');
CALL make_shared('shared, only the other', '(tenant)');
CALL make_shared('shared, hash', 'USING hash (endpoint)');
CALL make_shared('shared, not null', '(tenant, endpoint) WHERE tenant IS NOT NULL AND endpoint IS NOT NULL');
INSERT INTO variants (name, tab, endpoint)
    SELECT 'shared, by the pair key', tab, 'tenant, other' FROM variants WHERE name = 'shared, in order';

SELECT name, served(tab, endpoint), planner_agrees(tab, endpoint) FROM variants ORDER BY n;

-- and so junction is never wrong
SELECT name FROM variants WHERE served(tab, endpoint) IS DISTINCT FROM planner_agrees(tab, endpoint);

RESET ROLE;
RESET search_path;
DROP SCHEMA serves CASCADE;
DROP ROLE regress_junction_serves;
