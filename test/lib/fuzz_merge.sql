-- test/lib/fuzz_merge.sql, behind fuzz.sql: whether merge and deduplicate have done what they promise, from the rows before and
-- after, and the catalogs. Rows are nodes, and each reference is an edge. The rows that become one are a class; two rows that then
-- have the same values in a key are one too, and so on, until nothing changes. Afterwards there is one row of each class, with what
-- one of its rows held, but for what references another class: that has the values of the one that stays.
CREATE TABLE fuzz.node (id serial PRIMARY KEY, relation oid, row jsonb, indexes jsonb, now jsonb, class int, loops bool);
CREATE TABLE fuzz.after (relation oid, row jsonb);
CREATE TABLE fuzz.edge (node int, key oid, target int);
CREATE INDEX ON fuzz.node (relation);
CREATE INDEX ON fuzz.after (relation);

CREATE VIEW fuzz.reference AS
SELECT oid AS key, conrelid AS relation, conkey AS columns, confrelid AS parent, confkey AS parent_columns
FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND conrelid IN (SELECT oid FROM fuzz.relations);

-- the keys of tables: unique indexes and exclusions by equality alone. A key with expressions is another matter
CREATE VIEW fuzz.key AS
SELECT indexrelid AS index, indrelid AS relation, (indkey::int2[])[0:indnkeyatts - 1] AS columns, indpred IS NOT NULL AS partial, indnullsnotdistinct AS with_nulls,
       indexprs IS NOT NULL OR (NOT indisunique AND EXISTS (SELECT FROM pg_operator WHERE oid = ANY (conexclop) AND oprname <> '=')) AS unclear
FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid AND contype = 'x'
WHERE (indisunique OR indisexclusion) AND indisvalid AND indrelid IN (SELECT oid FROM fuzz.relations WHERE NOT relispartition);

-- the values of a row in some columns; null if one is null
CREATE FUNCTION fuzz.held(held jsonb, columns int2[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count(*) = count(held ->> c::text) THEN array_agg(held ->> c::text ORDER BY n) END FROM unnest(columns) WITH ORDINALITY AS u (c, n)
$$;

-- what the query of a table's own rows has for each: its values by the numbers of the columns, and the partial keys that it is in
CREATE FUNCTION fuzz.own_rows(relation oid, OUT "row" jsonb, OUT indexes jsonb) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    columns text := (SELECT string_agg(format('%L, r.%I::text', attnum, attname), ', ') FROM pg_attribute
                     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped);
    predicates text := (SELECT coalesce(string_agg(format('%L, %s', index, pg_get_expr(indpred, indrelid)), ', '), '')
                        FROM fuzz.key k JOIN pg_index ON indexrelid = index WHERE partial AND k.relation = own_rows.relation);
BEGIN
    RETURN QUERY EXECUTE format('SELECT jsonb_build_object(%s), jsonb_build_object(%s) FROM %s %s AS r', columns, predicates,
        CASE relkind WHEN 'p' THEN '' ELSE 'ONLY' END, relation::regclass) FROM pg_class WHERE oid = relation;
END $$;

-- before the call
CREATE PROCEDURE fuzz.remember() LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE fuzz.node, fuzz.edge RESTART IDENTITY;
    INSERT INTO fuzz.node (relation, row, indexes) SELECT oid, o.* FROM fuzz.relations, fuzz.own_rows(oid) AS o WHERE relkind IN ('r', 'p') AND NOT relispartition;
    UPDATE fuzz.node SET now = row, class = id, loops = false;
    INSERT INTO fuzz.edge
    SELECT n.id, r.key, t.id FROM fuzz.reference r JOIN fuzz.node n ON n.relation = r.relation
    JOIN fuzz.node t ON t.relation = r.parent AND fuzz.held(t.row, parent_columns) = fuzz.held(n.row, columns);
    ANALYZE fuzz.node, fuzz.edge;
END $$;

-- the class of each of these nodes becomes one, that of the row which stays: of which all that references nothing is there afterwards
CREATE FUNCTION fuzz.unite(nodes int[]) RETURNS void LANGUAGE sql AS $$
    UPDATE fuzz.node SET class = (
        SELECT n.id FROM fuzz.node n JOIN fuzz.node m ON m.class = n.class AND m.id = ANY (nodes)
        ORDER BY EXISTS (SELECT FROM fuzz.after a WHERE a.relation = n.relation AND a.row @> n.row - (
                     SELECT coalesce(array_agg(c::text), '{}') FROM fuzz.reference r, unnest(columns) AS c WHERE r.relation = n.relation)) DESC,
                 EXISTS (SELECT FROM fuzz.after a WHERE a.relation = n.relation AND a.row = n.row) DESC, n.id LIMIT 1)
    WHERE class IN (SELECT class FROM fuzz.node WHERE id = ANY (nodes))
$$;

-- each row with the values that its references have, until nothing changes
CREATE FUNCTION fuzz.follow() RETURNS void LANGUAGE plpgsql AS $$
DECLARE moved bigint := 1;
BEGIN
    WHILE moved > 0 LOOP
        WITH value AS (
            SELECT e.node, c::text AS column, stays.now -> p::text AS value
            FROM fuzz.edge e JOIN fuzz.reference USING (key) JOIN fuzz.node t ON t.id = e.target JOIN fuzz.node stays ON stays.id = t.class,
                unnest(columns, parent_columns) AS u (c, p)
            WHERE stays.id <> t.id OR stays.now <> stays.row
        ), new AS (SELECT node, jsonb_object_agg("column", value) AS values FROM value GROUP BY node)
        UPDATE fuzz.node SET now = now || new.values FROM new WHERE new.node = id AND NOT now @> new.values;
        GET DIAGNOSTICS moved = ROW_COUNT;
    END LOOP;
    UPDATE fuzz.node SET loops = true WHERE NOT loops AND id IN (
        SELECT e.node FROM fuzz.edge e JOIN fuzz.edge f USING (node) JOIN fuzz.node a ON a.id = e.target JOIN fuzz.node b ON b.id = f.target
        JOIN fuzz.node n ON n.id = e.node JOIN junction.junctions ON junction = n.relation
        WHERE a.id <> b.id AND a.class = b.class);
END $$;

-- the rows that have the same values in a key are one; returns whether there were any
CREATE FUNCTION fuzz.unite_same() RETURNS bool LANGUAGE plpgsql AS $$
DECLARE nodes int[];
BEGIN
    FOR nodes IN
        SELECT array_agg(id) FROM (
            SELECT n.id, n.class, k.index, CASE WHEN with_nulls THEN ARRAY(SELECT now ->> c::text FROM unnest(columns) AS c) ELSE fuzz.held(now, columns) END AS values
            FROM fuzz.key k JOIN fuzz.node n USING (relation)
            WHERE NOT unclear AND NOT loops AND (NOT partial OR (indexes ->> index::text)::bool)) AS s
        WHERE values IS NOT NULL GROUP BY index, values HAVING count(DISTINCT class) > 1
    LOOP
        PERFORM fuzz.unite(nodes);
    END LOOP;
    RETURN nodes IS NOT NULL;
END $$;

-- what of the rows, now, is not what it has to be
CREATE FUNCTION fuzz.judge_classes() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        PERFORM fuzz.follow();
        EXIT WHEN NOT fuzz.unite_same();
    END LOOP;
    RETURN QUERY SELECT format('%s: %s references no row', r.key, a.row)
        FROM fuzz.reference r JOIN pg_constraint ON oid = r.key AND convalidated JOIN fuzz.after a USING (relation)
        WHERE fuzz.held(a.row, columns) IS NOT NULL
            AND NOT EXISTS (SELECT FROM fuzz.after p WHERE p.relation = r.parent AND fuzz.held(p.row, parent_columns) = fuzz.held(a.row, columns));
    -- what this does not know: keys with expressions, ends that are put in order, loops with a third end
    IF EXISTS (SELECT FROM fuzz.key JOIN fuzz.node USING (relation) WHERE unclear AND now <> row)
        OR EXISTS (SELECT FROM pg_constraint JOIN fuzz.node ON relation = conrelid AND now <> row WHERE contype = 'c' AND cardinality(conkey) > 1)
        OR EXISTS (SELECT FROM fuzz.node WHERE loops AND (SELECT count(DISTINCT columns) FROM fuzz.reference r WHERE r.relation = node.relation) > 2) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT format('%s has %s rows, not %s', relation::regclass, (SELECT count(*) FROM fuzz.after a WHERE a.relation = n.relation), count(DISTINCT class) FILTER (WHERE NOT loops))
        FROM fuzz.node n GROUP BY relation HAVING count(DISTINCT class) FILTER (WHERE NOT loops) <> (SELECT count(*) FROM fuzz.after a WHERE a.relation = n.relation);
    RETURN QUERY SELECT format('%s has %s, which is no row of before', relation::regclass, row)
        FROM (SELECT relation, row FROM fuzz.after EXCEPT ALL SELECT relation, now FROM fuzz.node) AS s;
    RETURN QUERY SELECT format('%s has none of %s', relation::regclass, array_agg(now))
        FROM fuzz.node n WHERE NOT loops GROUP BY relation, class
        HAVING NOT bool_or(EXISTS (SELECT FROM fuzz.after a WHERE a.relation = n.relation AND a.row = n.now));
END $$;

CREATE PROCEDURE fuzz.look_after() LANGUAGE sql AS $$
    TRUNCATE fuzz.after;
    INSERT INTO fuzz.after SELECT oid, o.row FROM fuzz.relations, fuzz.own_rows(oid) AS o WHERE relkind IN ('r', 'p') AND NOT relispartition;
$$;

-- after merge: what is wrong. keep and gone: the values of the key by the numbers of its columns
CREATE FUNCTION fuzz.judge_merge(merged oid, keep jsonb, gone jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    CALL fuzz.look_after();
    RETURN QUERY SELECT format('%s still has %s', merged::regclass, row) FROM fuzz.after, jsonb_array_elements(gone) AS g WHERE relation = merged AND row @> g;
    RETURN QUERY SELECT format('%s has no longer %s', merged::regclass, keep) WHERE NOT EXISTS (SELECT FROM fuzz.after WHERE relation = merged AND row @> keep);
    PERFORM fuzz.unite(array_agg(id)) FROM fuzz.node, jsonb_array_elements(gone || jsonb_build_array(keep)) AS g WHERE relation = merged AND row @> g;
    RETURN QUERY SELECT fuzz.judge_classes();
END $$;

-- after deduplicate, of a table with these columns of the pair
CREATE FUNCTION fuzz.judge_deduplicate(deduplicated oid, pair text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE columns int2[] := ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = deduplicated AND attname = ANY (pair));
BEGIN
    CALL fuzz.look_after();
    RETURN QUERY SELECT format('%s has the pair %s twice', deduplicated::regclass, fuzz.held(row, columns))
        FROM fuzz.after WHERE relation = deduplicated AND fuzz.held(row, columns) IS NOT NULL GROUP BY fuzz.held(row, columns) HAVING count(*) > 1;
    PERFORM fuzz.unite(array_agg(id)) FROM fuzz.node WHERE relation = deduplicated AND fuzz.held(row, columns) IS NOT NULL
        GROUP BY fuzz.held(row, columns) HAVING count(*) > 1;
    RETURN QUERY SELECT fuzz.judge_classes();
END $$;
