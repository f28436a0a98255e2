-- test/lib/fuzz.sql: what test/t/fuzz.pl asks of a database between its calls. Each function returns what is wrong, and no row
-- if nothing is.
CREATE SCHEMA fuzz;

-- the junctions of the schema, and the columns of their foreign keys, which no verb changes
CREATE TABLE fuzz.junctions (number int PRIMARY KEY, relation oid, columns text[]);
CREATE TABLE fuzz.rows (number int PRIMARY KEY, hash text);

CREATE FUNCTION fuzz.hash(relation oid, columns text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    list text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name);
BEGIN
    EXECUTE format('SELECT md5(string_agg(row::text, E''\n'' ORDER BY row::text)) FROM (SELECT %s FROM %s) AS row',
                   list, relation::regclass) INTO list;
    RETURN coalesce(list, 'empty');
END $$;

CREATE PROCEDURE fuzz.register(number int, name text, columns text[]) LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        INSERT INTO fuzz.junctions VALUES (number, to_regclass(name), columns);
        INSERT INTO fuzz.rows VALUES (number, fuzz.hash(to_regclass(name), columns));
    END IF;
END $$;

CREATE FUNCTION fuzz.changed_rows() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('the rows of %s (%s) are not what they were', relation::regclass, number)
    FROM fuzz.junctions JOIN fuzz.rows USING (number) WHERE fuzz.hash(relation, columns) <> rows.hash;
$$;

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

-- promote and demote, rolled back. Only where the pair's key is primary: a demotion makes it so
CREATE FUNCTION fuzz.round_trip(junction regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before text[] := ARRAY(SELECT line FROM fuzz.shape(junction) AS line ORDER BY line COLLATE "C");
    after text[];
    step text := 'promote';
    refused text;
BEGIN
    IF NOT EXISTS (SELECT FROM junction.junctions AS j JOIN pg_index ON indrelid = j.junction AND indisprimary
                   WHERE j.junction = round_trip.junction AND kind IN ('pure', 'payload')) THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM junction.promote(junction, 'fuzz_entity');
        step := 'demote';
        PERFORM junction.demote(junction, 'fuzz_junction');
        after := ARRAY(SELECT line FROM fuzz.shape(junction) AS line ORDER BY line COLLATE "C");
        RAISE 'done' USING ERRCODE = 'FZ000';
    EXCEPTION
        WHEN SQLSTATE 'FZ000' THEN NULL;
        WHEN OTHERS THEN
            IF step = 'demote' THEN
                refused := SQLERRM;
            END IF;
    END;
    IF refused IS NOT NULL THEN
        RETURN NEXT format('%s was promoted, and cannot be demoted: %s', junction, refused);
    ELSIF after IS NOT NULL AND before <> after THEN
        RETURN NEXT format('%s is not the same after a promotion and a demotion', junction);
        RETURN QUERY SELECT '- ' || line FROM unnest(before) AS line EXCEPT SELECT '- ' || line FROM unnest(after) AS line;
        RETURN QUERY SELECT '+ ' || line FROM unnest(after) AS line EXCEPT SELECT '+ ' || line FROM unnest(before) AS line;
    END IF;
END $$;

-- each fix of the report, rolled back: it mends its finding, and brings no other. One that the rows refuse is none
CREATE FUNCTION fuzz.fixes(relation regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    found record;
    left_over text[];
BEGIN
    FOR found IN SELECT rule, columns, replace(fix, ' CONCURRENTLY', '') AS fix, relation::oid AS oid,
                        ARRAY(SELECT rule || columns::text FROM junction.report(relation)) AS before
                 FROM junction.report(relation) WHERE fix IS NOT NULL
    LOOP
        left_over := NULL;
        BEGIN
            EXECUTE found.fix;
            left_over := ARRAY(SELECT rule || columns::text FROM junction.report(found.oid::regclass)
                               WHERE rule || columns::text <> ALL (found.before) OR (rule = found.rule AND columns = found.columns));
            RAISE 'done' USING ERRCODE = 'FZ000';
        EXCEPTION
            WHEN SQLSTATE 'FZ000' OR integrity_constraint_violation OR dependent_objects_still_exist THEN NULL;
            WHEN OTHERS THEN
                RETURN NEXT format('%s: the fix of %s fails, %s %s: %s', relation, found.rule, SQLSTATE, SQLERRM, found.fix);
        END;
        IF left_over <> '{}' THEN
            RETURN NEXT format('%s: after the fix of %s %s there is %s: %s', relation, found.rule, found.columns, left_over, found.fix);
        END IF;
    END LOOP;
END $$;
