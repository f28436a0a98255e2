#!/usr/bin/env bash
# test/bench-report.sh [JUNCTIONS]: how long the report over a whole database takes, beside the query that linters use
# for unindexed foreign keys alone. Builds a database of JUNCTIONS junctions (default 20000) between a tenth as many
# parents, one junction in ten half-indexed, and one of a tenth that size, and prints the median of seven runs of each,
# and the memory that a report takes. A benchmark, not a test: it judges nothing.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench-report.sh
set -euo pipefail

junctions=${1:-20000}
database=junction_bench
export PGOPTIONS='-c client_min_messages=error'

run() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$database" "$@"
}

# build JUNCTIONS: every pair of parents once, so that the names are the convention's
build() {
    dropdb --if-exists "$database"
    createdb "$database"
    run <<END
CREATE EXTENSION junction;
CREATE PROCEDURE build(junctions int, parents int) LANGUAGE plpgsql AS \$\$
DECLARE
    l text;
    r text;
BEGIN
    FOR i IN 1..parents LOOP
        EXECUTE format('CREATE TABLE p%s (id int PRIMARY KEY)', lpad(i::text, 6, '0'));
        IF i % 200 = 0 THEN COMMIT; END IF;
    END LOOP;
    FOR i IN 0..junctions - 1 LOOP
        l := 'p' || lpad((1 + least(i % parents, (i + 1 + i / parents) % parents))::text, 6, '0');
        r := 'p' || lpad((1 + greatest(i % parents, (i + 1 + i / parents) % parents))::text, 6, '0');
        EXECUTE format('CREATE TABLE %1\$s_%2\$s (%1\$s_id int REFERENCES %1\$s ON DELETE CASCADE,'
                       '%2\$s_id int REFERENCES %2\$s ON DELETE CASCADE, PRIMARY KEY (%1\$s_id, %2\$s_id))', l, r);
        IF i % 10 > 0 THEN
            EXECUTE format('CREATE INDEX ON %1\$s_%2\$s (%2\$s_id)', l, r);
        END IF;
        IF i % 200 = 0 THEN COMMIT; END IF;
    END LOOP;
END \$\$;
CALL build($1, $1 / 10);
VACUUM ANALYZE;
END
}

# foreign keys left-joined to valid indexes whose first columns equal theirs in order, where none matches
linter="SELECT count(*) FROM (
    SELECT c.conrelid, c.conname
    FROM pg_constraint c
    LEFT JOIN pg_index i ON i.indrelid = c.conrelid AND i.indisvalid
        AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey
    WHERE c.contype = 'f' AND i.indexrelid IS NULL) u"
report="SELECT count(*) FROM junction.report()"

# median QUERY: milliseconds, of seven runs after two, in one session
median() {
    { echo "$1; $1;"; echo '\timing on'; for _ in 1 2 3 4 5 6 7; do echo "$1;"; done; } | run |
        sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort --general-numeric-sort | sed -n 4p
}

# memory: megabytes of its own, shared buffers not among them, that a session has at the peak of a report
memory() {
    run <<'END'
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
SELECT count(*) FROM junction.report() \g /dev/null
\! awk '/^VmHWM/ {peak = $2} /^RssShmem/ {shared = $2} END {print int((peak - shared) / 1024)}' /proc/$PID/status
END
}

for size in $((junctions / 10)) "$junctions"; do
    build "$size"
    ours=$(median "$report")
    theirs=$(median "$linter")
    echo "$size junctions: report $ours ms, linter's query $theirs ms, ratio $(perl -e "printf '%.2f', $ours / $theirs")," \
         "findings $(run --command "$report"), memory $(memory) MB"
done
dropdb "$database"
