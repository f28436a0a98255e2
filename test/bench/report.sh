#!/usr/bin/env bash
# test/bench/report.sh [JUNCTIONS]: how long the report over a whole database takes, beside the query that linters use
# for unindexed foreign keys alone. Builds a database of JUNCTIONS junctions (default 20000) between a tenth as many
# parents, one junction in ten half-indexed, and one of a tenth that size. Prints for each the median of eleven runs
# that take turns, the memory that a report takes, and how the times have grown from the one to the other. A
# benchmark, not a test: it judges nothing.
#
# The query is there twice: bare, with nothing in it but the comparison, and as linters publish it. Those also leave
# out what extensions and the system own, and say in a sentence which table and key they mean; the report does both.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/report.sh
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

junctions=${1:-20000}
export PGOPTIONS='-c client_min_messages=error'

# build JUNCTIONS: every pair of parents once, so that the names are the convention's
build() {
    fresh_database "$database"
    run <<SQL
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
SQL
}

report="SELECT count(*) FROM junction.report()"

# foreign keys left-joined to valid indexes whose first columns equal theirs in order, where none matches
bare="SELECT count(*) FROM (
    SELECT c.conrelid, c.conname
    FROM pg_constraint c
    LEFT JOIN pg_index i ON i.indrelid = c.conrelid AND i.indisvalid
        AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey
    WHERE c.contype = 'f' AND i.indexrelid IS NULL) u"

# the same in the shape of Supabase's splinter, 0001_unindexed_foreign_keys
published="SELECT count(message) FROM (
    SELECT format('The foreign key %I of %I.%I, over columns %s, has no index.',
                  k.conname, k.nspname, k.relname, k.conkey) AS message
    FROM (SELECT c.conrelid, c.conname, c.conkey, t.relname, n.nspname
          FROM pg_constraint c
          JOIN pg_class t ON t.oid = c.conrelid
          JOIN pg_namespace n ON n.oid = t.relnamespace
          LEFT JOIN pg_depend d ON d.objid = t.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
          WHERE c.contype = 'f' AND d.objid IS NULL
              AND n.nspname NOT IN ('pg_catalog', 'information_schema')) k
    LEFT JOIN (SELECT indrelid, indexrelid, string_to_array(indkey::text, ' ')::int2[] AS columns
               FROM pg_index
               WHERE indisvalid) i
        ON i.indrelid = k.conrelid AND i.columns[1:cardinality(k.conkey)] = k.conkey
    WHERE i.indexrelid IS NULL
    ORDER BY k.nspname, k.relname, k.conname) u"

# medians: milliseconds of the report, the bare query and the published one, of eleven rounds after one, in one session
medians() {
    { echo "$report; $bare; $published;"
      printf '%s\n' '\timing on'
      for _ in {1..11}; do printf '%s;\n' "$report" "$bare" "$published"; done; } | run |
        perl -ne 'push @{$times[$n++ % 3]}, $1 if /^Time: ([0-9.]+) ms/;
                  END { print join(" ", map { (sort { $a <=> $b } @$_)[5] } @times), "\n" }'
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

small=
for size in $((junctions / 10)) "$junctions"; do
    build "$size"
    read -r ours theirs theirs_published < <(medians)
    echo "$size junctions: report $ours ms; linters' query, bare: $theirs ms, ratio $(ratio "$ours" "$theirs");" \
         "as published: $theirs_published ms, ratio $(ratio "$ours" "$theirs_published");" \
         "findings $(run --command "$report"), memory $(memory) MB"
    [ -z "$small" ] ||
        echo "growth: 10 times the junctions; report $(ratio "$ours" "$small") times the time," \
             "linters' query, bare: $(ratio "$theirs" "$small_theirs") times"
    small=$ours small_theirs=$theirs
done
compare "\`report\`, $junctions junctions, all rules" "the query of linters for unindexed keys alone, as published (ms)" "$ours" "$theirs_published" 1
