#!/usr/bin/env bash
# test/t/schemas.sh: loads every schema of the folder $JUNCTION_SCHEMAS, each into a database of its own, and compares
# what the extension says of its tables with the folder's labels.tsv. Prints TAP, a test a schema.
#
# Assumes a server that the PG* variables lead to, as a superuser. Where we differ from a label with good reason, the
# row stands in test/lib/schemas.except, and must be what we say: one that is not needed any more fails.
set -euo pipefail
cd "$(dirname "$0")"

. ../lib/schemas.sh

# prints what differs, nothing if all is as it should be
differences() {
    load "$database" "$1" || return
    sql "$database" --set schema="$schema" <<'SQL'
CREATE TEMP TABLE label (schema text, "table" text, kind text, half_indexed text, note text);
CREATE TEMP TABLE exception (LIKE label);
\copy label FROM PROGRAM 'cat "$JUNCTION_SCHEMAS/labels.tsv"' WITH (HEADER)
\copy exception FROM PROGRAM 'sed "/^#/d" ../lib/schemas.except'
DELETE FROM label WHERE schema <> :'schema';
DELETE FROM exception WHERE schema <> :'schema';

-- column sets, with commas between them and + inside
CREATE FUNCTION pg_temp.sorted(sets text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(sorted, ',' ORDER BY sorted)
    FROM unnest(string_to_array(sets, ',')) AS s (columns),
         LATERAL (SELECT string_agg(c, '+' ORDER BY c) FROM unnest(string_to_array(columns, '+')) AS c) AS l (sorted)
$$;
CREATE FUNCTION pg_temp.said(kind text, half_indexed text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(nullif(kind, ''), 'no junction') || coalesce(' without index on ' || pg_temp.sorted(half_indexed), '')
$$;

WITH ours AS (
    SELECT junction::text AS "table", kind, string_agg(array_to_string(columns, '+'), ',') AS half_indexed
    FROM junction.junctions LEFT JOIN junction.half_indexed USING (junction)
    GROUP BY 1, 2
), said AS (
    SELECT "table", pg_temp.said(l.kind, l.half_indexed) AS label, pg_temp.said(o.kind, o.half_indexed) AS ours,
           e.schema IS NOT NULL AS excepted, pg_temp.said(e.kind, e.half_indexed) AS exception
    FROM label l FULL JOIN ours o USING ("table") FULL JOIN exception e USING ("table")
)
SELECT format('%s: labelled %s%s, ours %s', "table", label, CASE WHEN excepted THEN ', excepted ' || exception END, ours)
FROM said
WHERE CASE WHEN excepted THEN ours <> exception OR exception = label ELSE ours <> label END
ORDER BY 1;
SQL
}

for file in "$JUNCTION_SCHEMAS"/*.sql; do
    schema=$(basename "$file" .sql)
    database=junction_$schema
    found=$(differences "$file" 2>&1) || found+=${found:+$'\n'}"it did not end well"
    holds "$schema" "$found"
    dropdb --if-exists "$database"
done

unknown=$(sed '/^#/d' ../lib/schemas.except | cut -f 1 | sort -u | while read -r schema; do
    [ -f "$JUNCTION_SCHEMAS/$schema.sql" ] || echo "$schema"
done)
holds "every exception is of a schema that is there" "$unknown"
done_testing
