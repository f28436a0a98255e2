#!/usr/bin/env bash
# test/t/fixes.sh: loads every schema of the folder $JUNCTION_SCHEMAS, each into a database of its own, and runs every fix
# of the report as given, one after the other. Each must make its finding go away, and bring no new one. Prints TAP, a
# test a schema.
#
# Assumes a server that the PG* variables lead to, as a superuser. A fix is skipped if an earlier one has done its work.
set -euo pipefail
cd "$(dirname "$0")"

. ../lib/schemas.sh

# prints SQL that runs that many fixes, and after each says what is wrong with it; one that fails does not stop it
script() {
    cat <<'SQL'
\set ON_ERROR_STOP 1
CREATE TEMP TABLE finding (number int, junction oid, rule text, columns text[], fix text);
CREATE TEMP TABLE before (LIKE finding);
CREATE TEMP TABLE after (LIKE finding);
-- what is to be run, in this order
INSERT INTO finding
SELECT row_number() OVER (ORDER BY number), junction, rule, columns, fix
FROM junction.report() WITH ORDINALITY AS r (junction, rule, severity, columns, message, detail, fix, number)
WHERE fix IS NOT NULL;
INSERT INTO before SELECT 0, junction, rule, columns FROM junction.report();

-- two findings can be of the same table, rule and columns, so they are counted: EXCEPT ALL
CREATE FUNCTION pg_temp.judge(which int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    done finding;
BEGIN
    SELECT f.* INTO done FROM finding f JOIN before USING (junction, rule, columns) WHERE f.number = which;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    TRUNCATE after;
    INSERT INTO after SELECT 0, junction, rule, columns FROM junction.report();
    IF (done.junction, done.rule, done.columns) NOT IN (
        SELECT junction, rule, columns FROM before EXCEPT ALL SELECT junction, rule, columns FROM after) THEN
        RETURN NEXT format('%s is still there after: %s', done.rule, done.fix);
    END IF;
    RETURN QUERY
    SELECT format('%s of %s (%s) is new after: %s', rule, junction::regclass, array_to_string(columns, ', '), done.fix)
    FROM (SELECT junction, rule, columns FROM after EXCEPT ALL SELECT junction, rule, columns FROM before) AS new
    ORDER BY 1;
    TRUNCATE before;
    INSERT INTO before TABLE after;
END $$;
\set ON_ERROR_STOP 0
SQL
    for ((number = 1; number <= $1; number++)); do
        # a fix that calls a verb returns rows: only what goes wrong is to be seen
        echo '\o /dev/null'
        echo "SELECT DISTINCT f.fix FROM finding f JOIN before USING (junction, rule, columns) WHERE f.number = $number \gexec"
        echo '\o'
        echo "SELECT pg_temp.judge($number);"
    done
}

for file in "$JUNCTION_SCHEMAS"/*.sql; do
    schema=$(basename "$file" .sql)
    database=junction_fixes_$schema
    count=
    wrong=$(load "$database" "$file" 2>&1) &&
        count=$(sql "$database" --command 'SELECT count(fix) FROM junction.report()') &&
        wrong=$(script "$count" | sql "$database" --echo-errors 2>&1) ||
        wrong+=${wrong:+$'\n'}"it did not end well"
    holds "$schema${count:+: $count fixes}" "$wrong"
    dropdb --if-exists "$database"
done
done_testing
