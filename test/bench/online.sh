#!/usr/bin/env bash
# test/bench/online.sh [PAIRS [ROUNDS]]: how long promote_concurrently takes on PAIRS pairs of uuids (default 2000000), and how
# large the table and its indexes are after it, beside junction.promote in one transaction: each on a fresh copy, in turn, in
# ROUNDS rounds (default 3), on a server that does nothing else. Prints medians, how long each step takes, and ratios. A
# benchmark, not a test: it judges nothing. The goals are 3 times the time, 1.5 times the size.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/online.sh. Sets
# max_wal_size there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail

pairs=${1:-2000000}
rounds=${2:-3}
arguments=${JUNCTION_ARGUMENTS:-}                       # more arguments for the CALL: ", batch_size => 1000"
database=junction_bench
export PGOPTIONS="-c client_min_messages=error -c maintenance_work_mem=${JUNCTION_WORK_MEM:-256MB}"

run() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$database" "$@"
}

# shellcheck disable=SC2317 # the trap calls it
finish() {
    rm -f "$work"*
    dropdb --if-exists "$database"
    psql --no-psqlrc --quiet --dbname postgres --command 'ALTER SYSTEM RESET max_wal_size' \
        --command 'ALTER SYSTEM RESET shared_buffers' --command 'SELECT pg_reload_conf()' > /dev/null
}

# as root the server is the user postgres's
restart() {
    local owner=()
    [ "$EUID" != 0 ] || owner=(setpriv --reuid postgres --regid postgres --init-groups)
    (cd / && "${owner[@]}" pg_ctl restart --silent --wait --log "$JUNCTION_SERVER_LOG")
}

timed() {                                               # timed STATEMENT: its milliseconds
    run --command '\timing on' --command "$1" | awk '/^Time: / {print $2}'
}

median() {
    sort --general-numeric-sort | awk '{line[NR] = $1} END {printf "%.0f\n", line[int((NR + 1) / 2)]}'
}

ratio() {
    perl -e 'printf "%.2f", $ARGV[0] / $ARGV[1]' "$1" "$2"
}

# copy: the junction, as it is before, all in memory and written out
copy() {
    run <<END
DROP TABLE IF EXISTS links;
CREATE TABLE links (left_id uuid NOT NULL, right_id uuid NOT NULL) WITH (autovacuum_enabled = false${JUNCTION_FILLFACTOR:+, fillfactor = $JUNCTION_FILLFACTOR});
INSERT INTO links SELECT * FROM pairs;
ALTER TABLE links ADD PRIMARY KEY (left_id, right_id),
    ADD FOREIGN KEY (left_id) REFERENCES lefts ON DELETE CASCADE NOT VALID,
    ADD FOREIGN KEY (right_id) REFERENCES rights ON DELETE CASCADE NOT VALID;
CREATE INDEX ON links (right_id);
VACUUM ANALYZE links;
CHECKPOINT;
END
}

# sizes: of the heap, of the indexes, of the largest and smallest of them, in MB
sizes() {
    run --field-separator ' ' --command "
        SELECT round(pg_table_size('links') / 1048576.0), round(pg_indexes_size('links') / 1048576.0), round(pg_total_relation_size('links') / 1048576.0)"
}

work=$(mktemp "${TMPDIR:-/tmp}/junction-bench.XXXXXX")
trap finish EXIT
dropdb --if-exists "$database"
psql --no-psqlrc --quiet --dbname postgres --command "ALTER SYSTEM SET max_wal_size = '8GB'" \
    --command "ALTER SYSTEM SET shared_buffers = '512MB'" --command 'SELECT pg_reload_conf()' > /dev/null
[ -z "${JUNCTION_SERVER_LOG:-}" ] || restart
createdb "$database"

run <<END
CREATE EXTENSION junction;
CREATE TABLE lefts (id uuid PRIMARY KEY);
CREATE TABLE rights (id uuid PRIMARY KEY);
INSERT INTO lefts SELECT gen_random_uuid() FROM generate_series(1, $pairs / 10);
INSERT INTO rights SELECT gen_random_uuid() FROM generate_series(1, $pairs / 10);
-- each of the one side has ten of the other, in no order
CREATE TABLE pairs WITH (autovacuum_enabled = false) AS
WITH l AS (SELECT id, row_number() OVER () AS n FROM lefts), r AS (SELECT id, row_number() OVER () AS n FROM rights)
SELECT l.id AS left_id, r.id AS right_id
FROM generate_series(1, 10) AS turn CROSS JOIN l JOIN r ON r.n = (l.n + turn * 31) % ($pairs / 10) + 1
ORDER BY random();
VACUUM ANALYZE;
END
run --field-separator ' = ' --command "SELECT name, current_setting(name) FROM unnest(array['server_version', 'shared_buffers',
    'maintenance_work_mem', 'max_parallel_maintenance_workers', 'wal_level', 'max_wal_size', 'fsync']) AS name"

copy
read -r heap indexes total <<< "$(sizes)"
echo "before: heap $heap MB, indexes $indexes MB, together $total MB"
for ((round = 1; round <= rounds; round++)); do
    copy
    timed "SELECT count(*) FROM junction.promote('links')" >> "$work.one"
    sizes > "$work.one_sizes"
    copy
    timed "CALL junction.promote_concurrently('links'$arguments)" >> "$work.concurrently"
    sizes > "$work.concurrently_sizes"
done
read -r one_heap one_indexes one_total < "$work.one_sizes"
read -r heap indexes total < "$work.concurrently_sizes"
one=$(median < "$work.one") concurrently=$(median < "$work.concurrently")
echo "in one transaction: $one ms, heap $one_heap MB, indexes $one_indexes MB, together $one_total MB"
echo "concurrently: $concurrently ms, heap $heap MB, indexes $indexes MB, together $total MB"
echo "ratios: time $(ratio "$concurrently" "$one"), heap $(ratio "$heap" "$one_heap"), indexes $(ratio "$indexes" "$one_indexes"), together $(ratio "$total" "$one_total")"

# the steps, by the statements of the dry run
copy
while IFS= read -r -d '' statement; do
    printf '%8.0f ms  %s\n' "$(timed "$statement" | awk '{sum += $1} END {print sum}')" "$(head -n 1 <<< "$statement" | cut -c 1-100)"
done < <(run --record-separator-zero --command "SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) ORDER BY step")
