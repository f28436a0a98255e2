#!/usr/bin/env bash
# test/t/orm.sh [--accept]: loads each test/orm/NAME.sql, the tables that an ORM makes of a model, and compares what the
# extension says of them with NAME.expected. Prints TAP, a test a file.
#
# --accept writes every NAME.expected anew, to be committed once its diff has been read. After the change of a rule, run
#     test/with-server.sh bash -c 'make install && test/t/orm.sh --accept'
#
# A line of NAME.expected is a junction ("invoice_tags is pure: invoice_id served, tag_id not served") or a finding
# ("invoice_tags half_indexed (warning, fix): tag_id", with "no fix" where there is none), sorted.
#
# Assumes a server that the PG* variables lead to, as a superuser. Each file is loaded in a transaction that is rolled
# back, all in one database.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh
export PGOPTIONS='-c client_min_messages=warning'
database=junction_orm

clean() {
    dropdb --if-exists "$database"
}

said() {                                                # said FILE: prints the junctions and findings of its tables
    sql "$database" --command BEGIN --command '\o /dev/null' --file "$1" --command '\o' --file "$work/said.sql"
}

cat > "$work/said.sql" <<'SQL'
SELECT line
FROM (SELECT format('%s is %s: %s', junction, kind, (
                 SELECT string_agg(format(CASE WHEN index IS NULL THEN '%s not served' ELSE '%s served' END, endpoint),
                                   ', ' ORDER BY endpoint COLLATE "C")
                 FROM unnest(endpoints, served_by) AS e (endpoint, index)))
      FROM junction.junctions
      UNION ALL
      SELECT format('%s %s (%s, %s)%s', junction, rule, severity, CASE WHEN fix IS NULL THEN 'no fix' ELSE 'fix' END,
                    ': ' || nullif(array_to_string(columns, ', '), ''))
      FROM junction.report()) AS l (line)
ORDER BY line COLLATE "C";
SQL

fresh_database "$database"
sql "$database" --command 'CREATE EXTENSION junction'
for file in ../orm/*.sql; do
    expected=${file%.sql}.expected
    if said "$file" > "$work/said" 2> "$work/error"; then
        [ "${1:-}" != --accept ] || cp "$work/said" "$expected"
    fi
    cat "$work/error" >> "$work/said"
    works "$(basename "$file" .sql)" diff --unified "$expected" "$work/said"
done

without_sql=$(for expected in ../orm/*.expected; do
    [ -f "${expected%.expected}.sql" ] || echo "$expected"
done)
holds "every expectation belongs to a file of SQL" "$without_sql"
done_testing
