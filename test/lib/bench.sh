# shellcheck shell=bash
# test/lib/bench.sh, for benchmarks to source: the database junction_bench, settings of the server, a junction between
# uuids, medians and ratios. The database goes in the end, and the settings are taken back.

# shellcheck source=../lib/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"
# shellcheck source=../lib/work.sh
. "$(dirname "${BASH_SOURCE[0]}")/work.sh"

database=junction_bench
settings=()                                             # that change has changed

run() {                                                 # run [ARGUMENT...]: in the database
    sql "$database" "$@"
}

drop() {
    dropdb --if-exists "$database"
}

clean() {
    drop
    [ "${#settings[@]}" = 0 ] || configure "${settings[@]/#/RESET }"
}

change() {                                              # change SETTING VALUE: of the server, until the end
    settings+=("$1")
    configure "SET $1 = '$2'"
}

# the server of test/with-server.sh gets the shared_buffers of a real one
enlarge_server() {
    change max_wal_size 8GB
    change shared_buffers 512MB
    [ -z "${JUNCTION_SERVER_LOG:-}" ] || restart fast
}

# build_pairs PAIRS: the parents, and the pairs that the junction is made of
build_pairs() {
    fresh_database "$database"
    run <<END
CREATE EXTENSION junction;
CREATE TABLE lefts (id uuid PRIMARY KEY);
CREATE TABLE rights (id uuid PRIMARY KEY);
INSERT INTO lefts SELECT gen_random_uuid() FROM generate_series(1, $1 / 10);
INSERT INTO rights SELECT gen_random_uuid() FROM generate_series(1, $1 / 10);
-- each of the one side has ten of the other, in no order
CREATE TABLE pairs WITH (autovacuum_enabled = false) AS
WITH l AS (SELECT id, row_number() OVER () AS n FROM lefts), r AS (SELECT id, row_number() OVER () AS n FROM rights)
SELECT l.id AS left_id, r.id AS right_id
FROM generate_series(1, 10) AS turn CROSS JOIN l JOIN r ON r.n = (l.n + turn * 31) % ($1 / 10) + 1
ORDER BY random();
VACUUM ANALYZE;
END
    run --field-separator ' = ' --command "SELECT name, current_setting(name) FROM unnest(array['server_version', 'shared_buffers',
        'maintenance_work_mem', 'max_parallel_maintenance_workers', 'wal_level', 'max_wal_size', 'fsync']) AS name"
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

# server_cpu: seconds of processor time that the processes of the server of test/with-server.sh have taken so far, user and system;
# those that have ended too. On a machine that does other things too it says more than the time that passes
server_cpu() {
    local postmaster
    postmaster=$(head -n 1 "$PGDATA/postmaster.pid")
    # shellcheck disable=SC2002,SC2046 # a file for each process, of which one may have ended: awk stops at that, cat does not
    cat $(printf '/proc/%s/stat\n' "$postmaster" $(ps -o pid= --ppid "$postmaster")) 2> "$work/cpu" | awk -v hertz="$(getconf CLK_TCK)" -v postmaster="$postmaster" '{
        pid = $1
        sub(/.*\) /, "")
        ticks += $12 + $13 + (pid == postmaster ? $14 + $15 : 0)
    } END {printf "%.2f\n", ticks / hertz}' || true
}

median() {                                              # of the numbers of its input, one a line
    sort --general-numeric-sort | awk '{line[NR] = $1} END {printf "%.2f\n", line[int((NR + 1) / 2)]}'
}

# compare WHAT BESIDE OURS THEIRS TARGET: a line of the table that test/bench.sh makes; the numbers have one unit
compare() {
    printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4" "$(ratio "$3" "$4")" "$5" >> "${JUNCTION_BENCH_TABLE:-/dev/null}"
}

ratio() {
    perl -e 'printf "%.3f", $ARGV[0] / $ARGV[1]' "$1" "$2"
}
