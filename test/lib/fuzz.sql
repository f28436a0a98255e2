-- test/lib/fuzz.sql: what test/t/fuzz.pl asks of a database between its calls. The functions that judge return what is wrong,
-- a row each, and none if nothing is. The tables are those of the schema public and "Other s".
CREATE SCHEMA fuzz;
GRANT USAGE ON SCHEMA fuzz TO PUBLIC;

-- what the assertions call of pgTAP, which need not be there
CREATE FUNCTION fuzz.ok(holds bool, description text) RETURNS text LANGUAGE sql AS
    $$ SELECT CASE WHEN holds THEN 'ok' ELSE 'not ok' END || ' - ' || description $$;
CREATE FUNCTION fuzz.diag(message text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(message, '^', '# ', 'ng') $$;

CREATE VIEW fuzz.relations AS
SELECT * FROM pg_class WHERE relnamespace IN ('public'::regnamespace, to_regnamespace('"Other s"'));
GRANT SELECT ON fuzz.relations TO PUBLIC;

--
-- Rows: each as the number of a column to the text of its value, so that they can be compared when columns have come and gone
--
CREATE TABLE fuzz.saved (relation oid PRIMARY KEY, rows jsonb[], filling text[]);

CREATE FUNCTION fuzz.rows(relation oid) RETURNS jsonb[] LANGUAGE plpgsql AS $$
DECLARE
    list text := (SELECT string_agg(format('%L, %I::text', attnum, attname), ', ') FROM pg_attribute
                  WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped);
    result jsonb[];
BEGIN
    EXECUTE format('SELECT ARRAY(SELECT jsonb_build_object(%s) FROM %s)', list, relation::regclass) INTO result;
    RETURN result;
END $$;

CREATE PROCEDURE fuzz.save() LANGUAGE sql AS $$
    DELETE FROM fuzz.saved;
    INSERT INTO fuzz.saved
    SELECT oid, fuzz.rows(oid), ARRAY(SELECT objsubid FROM pg_description
                                      WHERE objoid = oid AND description LIKE 'junction: the id of a promotion that is under way%')
    FROM fuzz.relations WHERE relkind IN ('r', 'p') AND NOT relispartition;
$$;

CREATE FUNCTION fuzz.without(rows jsonb[], columns text[]) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg((r - columns)::text, chr(10) ORDER BY (r - columns)::text COLLATE "C") FROM unnest(rows) AS r $$;

-- The rows of all tables in all columns that are still there, but for those that a promotion is filling, and the columns that
-- are gone. may_drop: whether columns may be gone; discards: with what is in them; may_add: whether rows may be new; may_go: a
-- table that may be gone, or null
CREATE FUNCTION fuzz.changed_rows(may_drop bool, discards bool, may_add bool, may_go oid) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    was record;
    gone text[];
    added text[];
    now jsonb[];
BEGIN
    FOR was IN SELECT * FROM fuzz.saved LOOP
        IF NOT EXISTS (SELECT FROM pg_class WHERE oid = was.relation) THEN
            IF was.relation IS DISTINCT FROM may_go THEN
                RETURN NEXT format('table %s is gone', was.relation);
            END IF;
            CONTINUE;
        END IF;
        now := fuzz.rows(was.relation);
        gone := ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = was.relation AND attisdropped);
        added := ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = was.relation AND attnum > 0
                       EXCEPT SELECT key::int FROM jsonb_object_keys(was.rows[1]) AS key);
        IF may_add THEN
            -- each row is there as often as it was, or more often
            CONTINUE WHEN NOT EXISTS (
                SELECT FROM (SELECT r - (gone || was.filling) AS row, count(*) AS times FROM unnest(was.rows) AS r GROUP BY 1) AS w
                WHERE times > (SELECT count(*) FROM unnest(now) AS r WHERE r - (gone || was.filling || added) = w.row));
        END IF;
        IF cardinality(now) <> cardinality(was.rows)
            OR fuzz.without(was.rows, gone || was.filling) IS DISTINCT FROM fuzz.without(now, gone || was.filling || added) THEN
            RETURN NEXT format('the rows of %s are not what they were', was.relation::regclass);
        END IF;
        -- a column that is dropped unasked holds one and the same value, or is an id, a stamp or generated
        RETURN QUERY SELECT format('column %s of %s is gone, with %s values', attnum, was.relation::regclass, count(DISTINCT r -> attnum::text))
            FROM pg_attribute, unnest(was.rows) AS r
            WHERE attrelid = was.relation AND attisdropped AND was.rows[1] ? attnum::text
                AND attnum <> ALL (SELECT unnest(columns) FROM fuzz.harmless WHERE relation = was.relation)
            GROUP BY attnum HAVING NOT may_drop OR (NOT discards AND count(DISTINCT r -> attnum::text) > 1);
    END LOOP;
END $$;

-- the columns that a demotion may drop whatever is in them
CREATE TABLE fuzz.harmless (relation oid, columns int2[]);
CREATE PROCEDURE fuzz.save_harmless() LANGUAGE sql AS $$
    DELETE FROM fuzz.harmless;
    INSERT INTO fuzz.harmless
    SELECT attrelid, array_agg(attnum) FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM fuzz.relations)
        AND (attgenerated <> '' OR atttypid = 'timestamptz'::regtype
             OR EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey))
             OR col_description(attrelid, attnum) LIKE 'junction: the id of a promotion that is under way%')
    GROUP BY attrelid;
$$;

--
-- Catalogs
--

-- all that the catalogs say of the tables, but for what VACUUM writes there, and CREATE INDEX whether or not it is rolled back
CREATE FUNCTION fuzz.fingerprint() RETURNS text LANGUAGE plpgsql AS $$
DECLARE ours oid[] := ARRAY(SELECT oid FROM fuzz.relations);
BEGIN
    RETURN (SELECT md5(string_agg(line, chr(10) ORDER BY line COLLATE "C")) FROM (
        SELECT (to_jsonb(r) - '{relhasindex,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text AS line FROM fuzz.relations r
        UNION ALL SELECT a::text FROM pg_attribute a WHERE attrelid = ANY (ours)
        UNION ALL SELECT c::text FROM pg_constraint c WHERE conrelid = ANY (ours)
        UNION ALL SELECT i::text FROM pg_index i WHERE indrelid = ANY (ours)
        UNION ALL SELECT d::text FROM pg_attrdef d WHERE adrelid = ANY (ours)
        UNION ALL SELECT concat(t.oid, tgrelid, tgname, tgenabled, tgconstrindid, tgconstraint) FROM pg_trigger t WHERE tgrelid = ANY (ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE classid = 'pg_class'::regclass AND objid = ANY (ours)
        UNION ALL SELECT d::text FROM pg_depend d WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY (ours)
        UNION ALL SELECT d::text FROM pg_description d WHERE classoid = 'pg_class'::regclass AND objoid = ANY (ours)
    ) AS lines);
END $$;

-- What a caller may want to know to choose a call: each table with its kind, and what its rules find
CREATE FUNCTION fuzz.state() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (
    SELECT coalesce(json_agg(json_build_object(
        'oid', r.oid, 'name', format('%s.%I', relnamespace::regnamespace, relname), 'bare', relname, 'kind', kind, 'relkind', relkind, 'partition', relispartition,
        'primary', EXISTS (SELECT FROM pg_index WHERE indrelid = r.oid AND indisprimary),
        'unique', EXISTS (SELECT FROM pg_constraint WHERE conrelid = r.oid AND contype = 'u'),
        'half', served_by IS NOT NULL AND array_position(served_by, NULL) IS NOT NULL,
        'children', EXISTS (SELECT FROM pg_inherits WHERE inhparent = r.oid),
        'begun', (SELECT json_build_object('id', attname, 'type', format_type(atttypid, atttypmod)) FROM pg_description JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid
                  WHERE objoid = r.oid AND description LIKE 'junction: the id of a promotion that is under way%' LIMIT 1),
        -- what can be absorbed: the columns of lists, with the types of their values, and those that have been
        'lists', (SELECT json_object_agg(attname, CASE WHEN typelem <> 0 AND typlen = -1 THEN format_type(typelem, NULL) ELSE 'text' END)
                  FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
                  WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped AND attname ~ '^(list|csv|json) '),
        -- what can be merged: the columns of the primary key, and some of its values by their numbers; and whether it is worth it
        'key', (SELECT json_agg(json_build_object('column', attnum, 'name', attname, 'type', format('%I.%I', typnamespace::regnamespace::name, typname)) ORDER BY n)
                FROM pg_index, unnest(indkey::int2[]) WITH ORDINALITY AS k (column_number, n) JOIN pg_attribute ON attnum = column_number JOIN pg_type t ON t.oid = atttypid
                WHERE indrelid = r.oid AND attrelid = r.oid AND indisprimary AND n <= indnkeyatts),
        'rows', (SELECT json_agg(s.row) FROM (SELECT s AS row FROM fuzz.saved, unnest(rows) AS s WHERE relation = r.oid LIMIT 12) AS s),
        'referenced', EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = r.oid),
        'superseded', EXISTS (SELECT FROM pg_description WHERE objoid = r.oid AND description LIKE '%@junction superseded by %'),
        'key_type', (SELECT format_type(atttypid, NULL) FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
                     WHERE indrelid = r.oid AND indisprimary AND indnkeyatts = 1),
        'ends', (SELECT json_agg((SELECT json_agg(attname ORDER BY k.n) FROM unnest(conkey) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute a USING (attnum) WHERE attrelid = r.oid))
                 FROM (SELECT DISTINCT conkey FROM pg_constraint WHERE conrelid = r.oid AND contype = 'f') AS c),
        'columns', (SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped),
        'old_names', CASE WHEN kind = 'entity' THEN (SELECT json_agg(objoid::regclass) FROM pg_description WHERE description LIKE 'The old name of %' || r.relname || '%') END,
        'partition_key', CASE WHEN relkind = 'p' THEN (SELECT json_agg(DISTINCT attname) FROM pg_partition_tree(r.oid) JOIN pg_partitioned_table ON partrelid = relid
                          JOIN pg_attribute ON attrelid = relid AND attnum = ANY (partattrs::int2[])) END
        ) ORDER BY relname COLLATE "C"), '[]')
    FROM fuzz.relations r LEFT JOIN junction.junctions ON junction = r.oid
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'i'));
END $$;

-- how many tables have each thing that a random schema is to have
CREATE FUNCTION fuzz.ingredients() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(name, '=', tables), E'\n') FROM (
    SELECT name, count(DISTINCT relation) AS tables FROM (
        SELECT 'kind ' || kind AS name, junction::oid AS relation FROM junction.junctions
        UNION ALL SELECT 'key of ' || indnkeyatts || ' columns', indrelid FROM pg_index WHERE indnkeyatts > 1 OR indisprimary
        UNION ALL SELECT 'key type ' || format_type(atttypid, NULL), attrelid FROM pg_attribute JOIN pg_constraint ON confrelid = attrelid AND attnum = ANY (confkey)
        UNION ALL SELECT 'relation to itself', c.conrelid FROM pg_constraint c JOIN pg_constraint d USING (conrelid, confrelid) WHERE c.oid < d.oid AND c.contype = 'f' AND d.contype = 'f' AND c.conkey <> d.conkey
        UNION ALL SELECT 'shared columns', c.conrelid FROM pg_constraint c JOIN pg_constraint d USING (conrelid) WHERE c.oid < d.oid AND c.contype = 'f' AND d.contype = 'f' AND c.conkey && d.conkey AND c.conkey <> d.conkey
        UNION ALL SELECT concat('partitioned by ', partstrat), partrelid FROM pg_partitioned_table
        UNION ALL SELECT 'partitions of ' || (SELECT max(level) FROM pg_partition_tree(partrelid)) || ' levels', partrelid FROM pg_partitioned_table JOIN pg_class ON pg_class.oid = partrelid WHERE NOT relispartition
        UNION ALL SELECT 'partition with other column numbers', a.attrelid FROM pg_attribute a JOIN pg_inherits ON inhrelid = attrelid JOIN pg_attribute b ON b.attrelid = inhparent AND b.attname = a.attname AND a.attnum <> b.attnum
        UNION ALL SELECT 'inherits', inhrelid FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE NOT relispartition AND relkind = 'r'
        UNION ALL SELECT 'dropped column', attrelid FROM pg_attribute WHERE attisdropped
        UNION ALL SELECT 'partial index', indrelid FROM pg_index WHERE indpred IS NOT NULL
        UNION ALL SELECT 'expression index', indrelid FROM pg_index WHERE indexprs IS NOT NULL
        UNION ALL SELECT 'INCLUDE index', indrelid FROM pg_index WHERE indnatts > indnkeyatts
        UNION ALL SELECT 'DESC index', indrelid FROM pg_index WHERE 3 = ANY (indoption) OR 1 = ANY (indoption)
        UNION ALL SELECT 'index ' || amname, indrelid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
        UNION ALL SELECT 'invalid index', indrelid FROM pg_index WHERE NOT indisvalid
        UNION ALL SELECT 'deferrable key', conrelid FROM pg_constraint WHERE contype IN ('p', 'u') AND condeferrable
        UNION ALL SELECT 'deferrable foreign key', conrelid FROM pg_constraint WHERE contype = 'f' AND condeferrable
        UNION ALL SELECT 'NOT VALID foreign key', conrelid FROM pg_constraint WHERE contype = 'f' AND NOT convalidated
        UNION ALL SELECT 'NOT VALID check', conrelid FROM pg_constraint WHERE contype = 'c' AND NOT convalidated
        UNION ALL SELECT 'exclusion', conrelid FROM pg_constraint WHERE contype = 'x'
        UNION ALL SELECT 'NULLS NOT DISTINCT', indrelid FROM pg_index WHERE indnullsnotdistinct
        UNION ALL SELECT concat('ON DELETE ', confdeltype), conrelid FROM pg_constraint WHERE contype = 'f'
        UNION ALL SELECT 'inbound foreign key', confrelid FROM pg_constraint JOIN junction.junctions ON junction = confrelid
        UNION ALL SELECT 'generated column', attrelid FROM pg_attribute WHERE attgenerated <> ''
        UNION ALL SELECT 'identity', attrelid FROM pg_attribute WHERE attidentity <> ''
        UNION ALL SELECT CASE typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite column' END, attrelid FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid WHERE typtype IN ('d', 'e', 'c')
        UNION ALL SELECT 'collation', attrelid FROM pg_attribute JOIN pg_collation ON pg_collation.oid = attcollation WHERE collname NOT IN ('default', 'C')
        UNION ALL SELECT 'comment', objoid FROM pg_description WHERE classoid = 'pg_class'::regclass
        UNION ALL SELECT 'name with a quote', pg_class.oid FROM pg_class WHERE relname ~ '["'']'
        UNION ALL SELECT 'name with a newline', pg_class.oid FROM pg_class WHERE relname ~ '\n'
        UNION ALL SELECT 'name of 63 bytes', pg_class.oid FROM pg_class WHERE octet_length(relname) = 63
        UNION ALL SELECT 'reserved name', pg_class.oid FROM pg_class JOIN pg_get_keywords() ON word = relname WHERE catcode = 'R'
        UNION ALL SELECT 'unlogged', pg_class.oid FROM pg_class WHERE relpersistence = 'u'
        UNION ALL SELECT 'typed', pg_class.oid FROM pg_class WHERE reloftype <> 0
        UNION ALL SELECT concat('replica identity ', relreplident), pg_class.oid FROM pg_class WHERE relkind IN ('r', 'p')
        UNION ALL SELECT 'clustered', indrelid FROM pg_index WHERE indisclustered
        UNION ALL SELECT 'trigger', tgrelid FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'rule', ev_class FROM pg_rewrite WHERE rulename <> '_RETURN'
        UNION ALL SELECT 'row-level security', pg_class.oid FROM pg_class WHERE relrowsecurity
        UNION ALL SELECT 'policy', polrelid FROM pg_policy
        UNION ALL SELECT 'published', prrelid FROM pg_publication_rel
        UNION ALL SELECT 'statistics object', stxrelid FROM pg_statistic_ext
        UNION ALL SELECT 'view', refobjid FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid AND classid = 'pg_rewrite'::regclass WHERE refclassid = 'pg_class'::regclass AND ev_class <> refobjid
        UNION ALL SELECT 'rests on the key', conrelid FROM pg_depend JOIN pg_constraint ON pg_constraint.oid = refobjid WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_constraint'::regclass
    ) AS found (name, relation) WHERE relation IN (SELECT oid FROM fuzz.relations) GROUP BY name) AS counted;
$$;

--
-- In the end of a schema
--

-- a table without its names and numbers: what a promotion and a demotion must bring back
CREATE FUNCTION fuzz.shape(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('column %s %s %s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                  pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'constraint ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = relation
    UNION ALL SELECT 'inbound ' || conrelid::regclass FROM pg_constraint WHERE confrelid = relation
    UNION ALL SELECT format('index %s %s %s', regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .* ON .* USING ', ' USING '),
                            indisvalid, indisreplident)
    FROM pg_index WHERE indrelid = relation
$$;

-- A promotion that was refused is no round trip, if it was for a reason of the table's; a demotion that was refused is a wrong
-- one
CREATE FUNCTION fuzz.there_and_back(junction regclass, name text, OUT done bool, OUT refused text) LANGUAGE plpgsql AS $$
BEGIN
    done := false;
    PERFORM junction.promote(junction, 'fuzz_entity', primary_key => (
        SELECT array_prepend('id', array_agg(DISTINCT attname::text)) FROM pg_partition_tree(junction) JOIN pg_partitioned_table ON partrelid = relid
        JOIN pg_attribute ON attrelid = relid AND attnum = ANY (partattrs::int2[]) HAVING count(*) > 0));
    BEGIN
        PERFORM junction.demote(junction, name);
        done := true;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION USING ERRCODE = 'FZ001', MESSAGE = SQLSTATE || ' ' || SQLERRM;
    END;
EXCEPTION
    WHEN SQLSTATE 'FZ001' THEN refused := format('%s was promoted, and cannot be demoted: %s', junction, SQLERRM);
    WHEN dependent_objects_still_exist OR object_not_in_prerequisite_state OR feature_not_supported OR duplicate_column
        OR wrong_object_type THEN NULL;
    WHEN OTHERS THEN refused := format('%s cannot be promoted: %s %s', junction, SQLSTATE, SQLERRM);
END $$;

-- makes junctions of the entities that can be, for what follows
CREATE PROCEDURE fuzz.demote_all() LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT junction, quote_ident(relname) AS name FROM junction.junctions JOIN fuzz.relations ON oid = junction WHERE kind = 'entity' LOOP
        BEGIN
            PERFORM junction.demote(found.junction, found.name, discard_columns => true);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
END $$;

-- Promote and demote each junction for good. The first time they get conventional names, and a primary key; the second time
-- the dump must stay the same. Where the pair's key is primary, its shape must stay the same the first time too. The last row is
-- the number of round trips
CREATE FUNCTION fuzz.round_trips() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    found record;
    before text[];
    after text[];
    trip record;
    trips int := 0;
BEGIN
    FOR found IN SELECT junction AS relation, quote_ident(relname) AS name,
                        EXISTS (SELECT FROM pg_index WHERE indrelid = junction AND indisprimary) AS is_primary
                 FROM junction.junctions JOIN fuzz.relations ON oid = junction WHERE kind IN ('pure', 'payload')
                 ORDER BY relname COLLATE "C"
    LOOP
        before := ARRAY(SELECT line FROM fuzz.shape(found.relation) AS line ORDER BY line COLLATE "C");
        trip := fuzz.there_and_back(found.relation, found.name);
        after := ARRAY(SELECT line FROM fuzz.shape(found.relation) AS line ORDER BY line COLLATE "C");
        trips := trips + trip.done::int;
        IF trip.refused IS NOT NULL THEN
            -- a key that was not primary, and cannot be: promote has said so
            IF found.is_primary OR trip.refused !~ ': (0A000|23502) ' THEN
                RETURN NEXT trip.refused;
            END IF;
        ELSIF trip.done AND found.is_primary AND before <> after THEN
            RETURN NEXT format('%s is not the same after a promotion and a demotion', found.relation);
            RETURN QUERY SELECT '- ' || line FROM unnest(before) AS line EXCEPT SELECT '- ' || line FROM unnest(after) AS line;
            RETURN QUERY SELECT '+ ' || line FROM unnest(after) AS line EXCEPT SELECT '+ ' || line FROM unnest(before) AS line;
        END IF;
    END LOOP;
    RETURN NEXT trips;
END $$;

-- each fix of the report, rolled back: it mends its finding, and brings no other. One that the rows refuse is none
CREATE FUNCTION fuzz.fixes(relation regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    found record;
    left_over text[];
BEGIN
    FOR found IN SELECT rule, columns, replace(fix, ' CONCURRENTLY', '') AS fix, relation::oid AS oid,
                        ARRAY(SELECT f FROM junction.report(relation) AS f) AS before
                 FROM junction.report(relation) WHERE fix IS NOT NULL
    LOOP
        left_over := NULL;
        BEGIN
            EXECUTE found.fix;
            -- The ends that no key names come in the order of their foreign keys, and one fix may mend a part of another finding.
            -- Two foreign keys of one end have the same finding each. A key over two ends that each have an index makes one of
            -- these redundant, whichever end it begins with, and the index of an end of several columns one on the first of them. A
            -- split makes another kind of junction, to which other rules apply, or leaves its table as it is
            left_over := ARRAY(SELECT concat(rule, columns) FROM junction.report(found.oid::regclass) AS f
                               WHERE found.rule <> 'multiway' AND NOT EXISTS (SELECT FROM unnest(found.before) AS b
                                                 WHERE b.rule = f.rule AND (b.columns @> f.columns OR f.columns IS NULL))
                               AND NOT (found.rule = 'missing_pair_key' AND f.rule = 'redundant_index'
                                        AND NOT EXISTS (SELECT FROM unnest(found.before) AS b WHERE b.rule = 'half_indexed'))
                               AND NOT (found.rule = 'half_indexed' AND f.rule = 'redundant_index' AND f.columns <@ found.columns)
                               UNION ALL
                               SELECT concat(rule, columns) FROM junction.report(found.oid::regclass)
                               WHERE rule = found.rule AND rule <> 'multiway' AND columns = found.columns
                               GROUP BY rule, columns
                               HAVING count(*) >= (SELECT count(*) FROM unnest(found.before) WHERE rule = found.rule AND columns = found.columns));
            RAISE 'done' USING ERRCODE = 'FZ000';
        EXCEPTION
            WHEN SQLSTATE 'FZ000' OR integrity_constraint_violation THEN NULL;
            WHEN OTHERS THEN
                RETURN NEXT format('%s: the fix of %s fails, %s %s: %s', relation, found.rule, SQLSTATE, SQLERRM, found.fix);
        END;
        IF left_over <> '{}' THEN
            RETURN NEXT format('%s: after the fix of %s %s there is %s: %s', relation, found.rule, found.columns, left_over, found.fix);
        END IF;
    END LOOP;
END $$;
