#!/usr/bin/env bash
# test/bench/online.sh [PAIRS [ROUNDS [SECONDS]]]: a promotion in four ways, on PAIRS pairs of uuids (default 2000000):
#
#   concurrently   promote_concurrently
#   plain SQL      the plan in plain SQL, which blocks nobody either
#   transaction    junction.promote
#   by hand        what a person writes: ADD COLUMN with gen_random_uuid(), DROP the key, ADD PRIMARY KEY, ADD UNIQUE
#
# First alone, each on a fresh copy, in turn, in ROUNDS rounds (default 3): medians of the time, the processor time of all processes
# of the server, the WAL that is written, the size of the table and its indexes after it, and the ratios to the transaction. The goals for concurrently are 3 times the
# time, 1.5 times the size. Then once each under clients: four, at a fixed rate that leaves the machine room, for SECONDS (default
# 10) before it and as long as it takes: their median and 99th percentile, longest wait and throughput, before and during. A
# wait counts from when the rate would have had it begin. The longest wait is what a lock costs. Then how long each step takes.
# A benchmark, not a test: it judges nothing.
#
# Assumes the server of test/with-server.sh, which is restarted with the shared_buffers of a real one:
# test/with-server.sh test/bench/online.sh.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

pairs=${1:-2000000}
rounds=${2:-3}
seconds=${3:-10}
rate=${JUNCTION_RATE:-100}                              # transactions a second
arguments=${JUNCTION_ARGUMENTS:-}                       # more arguments for the CALL: ", batch_size => 1000"
ways=(concurrently plain_sql transaction by_hand)
export PGOPTIONS="-c client_min_messages=error -c maintenance_work_mem=${JUNCTION_WORK_MEM:-256MB}"

#
# The ways
#
concurrently() { run --command "CALL junction.promote_concurrently('links'$arguments)"; }
transaction() { run --command "SELECT count(*) FROM junction.promote('links')" > "$work/output"; }
plain_sql() {
    run <<'END'
CREATE TEMPORARY TABLE plan AS SELECT * FROM junction.promote('links', portable => true, concurrently => true, dry_run => true);
SELECT statement FROM plan ORDER BY step \gexec
END
}
by_hand() {
    run <<'END'
BEGIN;
ALTER TABLE links ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(), ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE links DROP CONSTRAINT links_pkey;
ALTER TABLE links ADD PRIMARY KEY (id);
ALTER TABLE links ADD UNIQUE (left_id, right_id);
COMMIT;
END
}

now() { date +%s.%N; }

difference() { perl -e 'printf "%.2f", $ARGV[0] - $ARGV[1]' "$1" "$2"; }

# alone WAY: appends its seconds, MB of WAL, MB of heap and of indexes, and seconds of processor time to $work/WAY
alone() {
    local lsn start end before after
    copy
    lsn=$(run --command 'SELECT pg_current_wal_insert_lsn()')
    before=$(server_cpu)
    start=$(now)
    "$1"
    end=$(now)
    after=$(server_cpu)
    run --field-separator ' ' --command "SELECT $(difference "$end" "$start"),
        round(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$lsn') / 1048576), round(pg_table_size('links') / 1048576.0),
        round(pg_indexes_size('links') / 1048576.0), $(difference "$after" "$before")" >> "$work/$1"
}

# column WAY NUMBER: the median of it
column() { awk -v number="$2" '{print $number}' "$work/$1" | median; }

#
# The clients
#
cat > "$work/read" <<'END'
\set n random(1, :lefts)
SELECT count(*) FROM links JOIN numbered ON left_id = numbered.id WHERE n = :n;
END
cat > "$work/write" <<'END'
\set n random(1, :lefts)
\set m random(1, :lefts)
INSERT INTO links (left_id, right_id) SELECT l.id, r.id FROM numbered AS l, numbered_rights AS r WHERE l.n = :n AND r.n = :m
    ON CONFLICT (left_id, right_id) DO NOTHING;
DELETE FROM links USING numbered AS l, numbered_rights AS r WHERE left_id = l.id AND right_id = r.id AND l.n = :n AND r.n = :m;
END

# latencies FROM TO: of the transactions that ended then: median, 99th percentile and longest in ms, and how many a second
latencies() {
    cat "$work"/log.* | awk -v from="$1" -v to="$2" '$5 + $6 / 1e6 >= from && $5 + $6 / 1e6 < to {print $3 / 1000}' |
        sort --general-numeric-sort | awk -v seconds="$(difference "$2" "$1")" '{line[NR] = $1}
            END {printf "%8.1f %8.1f %8.1f %8.0f", line[int(NR * 0.5 + 0.99)], line[int(NR * 0.99 + 0.99)], line[NR], NR / seconds}'
}

# under_clients WAY: prints its line. Those who wait for the end of a lock are counted, so the clients go on a little
under_clients() {
    local clients start middle end
    copy
    rm -f "$work"/log.*
    pgbench --no-vacuum --client 4 --rate "$rate" --time 36000 --protocol prepared --log --log-prefix "$work/log" \
        --define lefts=$((pairs / 10)) --file "$work/read@3" --file "$work/write@1" "$database" > "$work/clients" 2>&1 &
    clients=$!
    sleep 2
    start=$(now)
    sleep "$seconds"
    middle=$(now)
    "$1"
    end=$(now)
    sleep 2
    kill -ALRM "$clients" 2> "$work/kill" || true
    wait "$clients" || cat "$work/clients"
    # what waited for a lock ended just after it
    end=$(perl -e 'printf "%.3f", $ARGV[0] + 0.5' "$end")
    printf '%-14s %8.1f %s %s\n' "$1" "$(difference "$end" "$middle")" "$(latencies "$start" "$middle")" "$(latencies "$middle" "$end")"
}

enlarge_server
build_pairs "$pairs"
run <<'END'
CREATE TABLE numbered AS SELECT id, row_number() OVER ()::int AS n FROM lefts;
CREATE TABLE numbered_rights AS SELECT id, row_number() OVER ()::int AS n FROM rights;
ALTER TABLE numbered ADD PRIMARY KEY (n);
ALTER TABLE numbered_rights ADD PRIMARY KEY (n);
VACUUM ANALYZE numbered, numbered_rights;
END

for ((round = 1; round <= rounds; round++)); do
    for way in "${ways[@]}"; do
        alone "$way"
    done
done
one=$(column transaction 1)
one_size=$(($(column transaction 3 | cut -d . -f 1) + $(column transaction 4 | cut -d . -f 1)))
one_cpu=$(column transaction 5)
printf '%-14s %8s %8s %8s %8s %8s %10s %10s %10s\n' alone s 'CPU s' 'WAL MB' 'heap MB' 'index MB' 'time ratio' 'CPU ratio' 'size ratio'
for way in "${ways[@]}"; do
    heap=$(column "$way" 3) indexes=$(column "$way" 4)
    printf '%-14s %8.1f %8.1f %8.0f %8.0f %8.0f %10s %10s %10s\n' "$way" "$(column "$way" 1)" "$(column "$way" 5)" "$(column "$way" 2)" \
        "$heap" "$indexes" "$(ratio "$(column "$way" 1)" "$one")" "$(ratio "$(column "$way" 5)" "$one_cpu")" \
        "$(ratio "$((${heap%.*} + ${indexes%.*}))" "$one_size")"
done
compare "\`promote_concurrently\`, $pairs pairs" "\`promote\` in one transaction (s)" "$(column concurrently 1)" "$one" 3
compare "\`promote_concurrently\`, size afterwards" "\`promote\` in one transaction (MB)" \
    "$(($(column concurrently 3 | cut -d . -f 1) + $(column concurrently 4 | cut -d . -f 1)))" "$one_size" 1.5

printf '\n%-14s %8s %35s %35s\n' "under clients" s 'before: p50, p99, longest ms, tps' 'during: p50, p99, longest ms, tps'
for way in "${ways[@]}"; do
    under_clients "$way"
done

# the steps, by the statements of the dry run
printf '\nthe steps of concurrently\n'
copy
while IFS= read -r -d '' statement; do
    printf '%8.0f ms  %s\n' "$(run --command '\timing on' --command "$statement" | awk '/^Time: / {sum += $2} END {print sum}')" \
        "$(head -n 1 <<< "$statement" | cut -c 1-100)"
done < <(run --record-separator-zero --command "SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) ORDER BY step")
