-- Round trips of junction.absorb over random data: the junction, aggregated back, is what the columns held. Each of the
-- 3000 rows has random elements, nulls and duplicates among them, in seven forms at once; of the ten values that occur, the
-- parent has seven.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA regress_absorb_random;
SET search_path = regress_absorb_random;
SELECT setseed(0.5) IS NULL;
CREATE SEQUENCE next_id START 11;
CREATE TABLE tags (id int PRIMARY KEY DEFAULT nextval('next_id'), slug text UNIQUE);
INSERT INTO tags SELECT n, 'Tag ' || n FROM generate_series(1, 7) AS n;
CREATE TABLE notes (
    tenant text, id int, ids int[], slugs text[], js jsonb, old json, listed text, n1 int, n2 int, n3 int, PRIMARY KEY (tenant, id)
);
-- elements: what each row holds, one a line, by its place; the value is null at times
CREATE TABLE elements AS
SELECT 't' || note % 5 AS tenant, note AS id, place::int, CASE WHEN random() < 0.9 THEN 1 + floor(random() * 10)::int END AS value
FROM generate_series(1, 3000) AS note, LATERAL generate_series(1, floor(random() * 7 + note * 0)::int) AS place;
INSERT INTO notes
SELECT 't' || note % 5, note FROM generate_series(1, 3000) AS note;
CREATE INDEX ON elements (tenant, id);
ANALYZE elements;
UPDATE notes AS n SET (ids, slugs, js, old, listed) = (
    SELECT array_agg(value ORDER BY place), array_agg('Tag ' || value ORDER BY place), jsonb_agg(value ORDER BY place),
           json_agg('Tag ' || value ORDER BY place), string_agg(coalesce('  tAG ' || value || ' ', ''), ';' ORDER BY place)
    FROM elements AS e WHERE (e.tenant, e.id) = (n.tenant, n.id));
UPDATE notes SET n1 = ids[1], n2 = ids[2], n3 = ids[3];

-- wrong: how many rows the junction, aggregated back, has other tags for than their columns held; in the order of the first
-- place of each, if ordered. places: how many a row can hold; match: by what a value finds its tag
CREATE FUNCTION wrong(junction regclass, ordered bool, places int, match text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
    EXECUTE format('
        SELECT count(*) FROM (
            SELECT tenant, id, array_agg(tag ORDER BY %1$s) AS tags FROM (
                SELECT e.tenant, e.id, t.id AS tag, min(place) AS place FROM elements AS e JOIN tags AS t ON %5$s
                WHERE e.place <= %2$s GROUP BY 1, 2, 3) AS e
            GROUP BY 1, 2) AS held
        FULL JOIN (SELECT note_tenant AS tenant, note_id AS id, array_agg(tag_id ORDER BY %3$s) AS tags FROM %4$s GROUP BY 1, 2) AS linked
        USING (tenant, id) WHERE held.tags IS DISTINCT FROM linked.tags',
        CASE WHEN ordered THEN 'place' ELSE 'tag' END, places, CASE WHEN ordered THEN 'position' ELSE 'tag_id' END, junction, match) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION round_trip(columns text[], places int, match text, arguments text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE bad bigint; missing text; links bigint;
BEGIN
    FOREACH missing IN ARRAY ARRAY['discard', 'insert'] LOOP
        FOR ordered IN 0 .. 1 LOOP
            EXECUTE format('SELECT count(*) FROM junction.absorb(''notes'', %L, ''tags'', name => ''j'', missing => %L, ordered => %L%s)',
                           columns, missing, ordered = 1, arguments);
            bad := wrong('j', ordered = 1, places, match);
            EXECUTE 'SELECT count(*) FROM j' INTO links;
            RETURN NEXT format('%s, %s%s: %s links, %s rows are wrong', columns, missing, CASE ordered WHEN 1 THEN ', ordered' ELSE '' END, links > 3000, bad);
            DROP TABLE j;
        END LOOP;
    END LOOP;
    DELETE FROM tags WHERE id > 7;
END $$;

SELECT round_trip('{ids}', 100, 't.id = value');
SELECT round_trip('{js}', 100, 't.id = value', ', match => ''id''');
SELECT round_trip('{n1,n2,n3}', 3, 't.id = value');
SELECT round_trip('{slugs}', 100, 't.slug = ''Tag '' || value');
SELECT round_trip('{old}', 100, 't.slug = ''Tag '' || value', ', match => ''slug''');
UPDATE tags SET slug = lower(slug);
SELECT round_trip('{listed}', 100, 't.slug = ''tag '' || value', ', separator => '';'', "normalize" => ''trim,lower''');
RESET client_min_messages;
-- what is told of the same rows, counted otherwise
SELECT count(*) > 0 FROM junction.absorb('notes', '{ids}', 'tags', missing => 'discard', dry_run => true);
SELECT (SELECT count(DISTINCT (tenant, id, value)) FROM elements WHERE value > 7) AS left_out,
       (SELECT count(value) - count(DISTINCT (tenant, id, value)) FILTER (WHERE value IS NOT NULL) FROM elements) AS duplicates,
       (SELECT count(*) - count(value) FROM elements) AS nulls;
SET client_min_messages = warning;
DROP SCHEMA regress_absorb_random CASCADE;
