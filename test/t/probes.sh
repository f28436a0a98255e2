#!/usr/bin/env bash
# test/t/probes.sh: loads every schema of the folder $JUNCTION_SCHEMAS, each into a database of its own, empty, and probes
# all pure junctions. Each probe must be decided as the schema says, held or broken, at least nine of ten in all, and no
# row may stay. Prints TAP, a test a schema and one over all.
#
# Assumes a server that the PG* variables lead to, as a superuser. The probes run as an ordinary role that owns the
# tables.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/schemas.sh
owner=regress_junction_probes

# makes the database, which the role owns; the tables are loaded by it
load_as_owner() {
    fresh_database "$database" --owner "$owner" || return
    sql "$database" --command 'CREATE EXTENSION junction' --command "ALTER SCHEMA public OWNER TO $owner" || return
    { echo "SET ROLE $owner;"; cat "$1"; } | sql "$database" > /dev/null
}

# prints "decided DECIDED PROBES", and a line for each probe that is not right, and for each table with a row
probe() {
    sql "$database" --set owner="$owner" <<'SQL'
SET ROLE :owner;
CREATE TEMP TABLE probe AS
SELECT junction, endpoints, p.* FROM junction.junctions, junction.probe(junction) AS p WHERE kind = 'pure';
SELECT format('decided %s %s', count(*) FILTER (WHERE outcome <> 'skipped'), count(*)) FROM probe;
SELECT format('%s: %s is skipped: %s', junction, probe, detail) FROM probe WHERE outcome = 'skipped';

-- what the catalogs say of each
WITH said AS (
    SELECT junction, probe, outcome, detail,
           CASE WHEN probe LIKE 'null%' AND EXISTS (
               SELECT FROM pg_attribute
               WHERE attrelid = junction AND NOT attnotnull
                 AND quote_ident(attname) = ANY (string_to_array(endpoints[CASE WHEN probe = 'null_left' THEN 1 ELSE 2 END], ', ')))
           THEN 'broken' ELSE 'held' END AS expected
    FROM probe
)
SELECT format('%s: %s is %s, expected %s: %s', junction, probe, outcome, expected, detail) FROM said
WHERE outcome <> 'skipped' AND outcome <> expected AND NOT (probe LIKE 'cascade%' AND detail LIKE '%SET NULL');

SELECT format('SELECT %L WHERE EXISTS (SELECT FROM %s)', oid::regclass || ' has rows', oid::regclass)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \gexec
SQL
}

sql postgres --command "DROP ROLE IF EXISTS $owner" --command "CREATE ROLE $owner"
decided=0 probes=0
for file in "$JUNCTION_SCHEMAS"/*.sql; do
    schema=$(basename "$file" .sql)
    database=junction_probes_$schema
    here=0 of=0 wrong=
    if found=$(load_as_owner "$file" 2>&1) && found=$(probe 2>&1); then
        read -r _ here of <<< "$(grep '^decided' <<< "$found")"
        decided=$((decided + here))
        probes=$((probes + of))
        wrong=$(grep -v -e '^decided' -e ' is skipped: ' <<< "$found" || true)
    else
        wrong=${found:-it did not end well}
    fi
    holds "$schema: $here of $of probes decided" "$wrong"
    grep ' is skipped: ' <<< "$found" | sed 's/^/# /' || true
    dropdb --if-exists "$database"
done

holds "$decided of $probes probes decided, at least nine of ten" \
    "$([ "$probes" -gt 0 ] && [ $((decided * 10)) -ge $((probes * 9)) ] || echo "they are fewer, or none")"
sql postgres --command "DROP ROLE $owner"
done_testing
