#!/usr/bin/env bash
# test/bench/online.sh [PAIRS [ROUNDS]]: how long promote_concurrently takes on PAIRS pairs of uuids (default 2000000), and how
# large the table and its indexes are after it, beside junction.promote in one transaction: each on a fresh copy, in turn, in
# ROUNDS rounds (default 3), on a server that does nothing else. Prints medians, how long each step takes, and ratios. A
# benchmark, not a test: it judges nothing. The goals are 3 times the time, 1.5 times the size.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/online.sh. Sets
# max_wal_size there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

pairs=${1:-2000000}
rounds=${2:-3}
arguments=${JUNCTION_ARGUMENTS:-}                       # more arguments for the CALL: ", batch_size => 1000"
export PGOPTIONS="-c client_min_messages=error -c maintenance_work_mem=${JUNCTION_WORK_MEM:-256MB}"

timed() {                                               # timed STATEMENT: its milliseconds
    run --command '\timing on' --command "$1" | awk '/^Time: / {print $2}'
}

# sizes: of the heap, of the indexes, of the largest and smallest of them, in MB
sizes() {
    run --field-separator ' ' --command "
        SELECT round(pg_table_size('links') / 1048576.0), round(pg_indexes_size('links') / 1048576.0), round(pg_total_relation_size('links') / 1048576.0)"
}

enlarge_server
build_pairs "$pairs"

copy
read -r heap indexes total <<< "$(sizes)"
echo "before: heap $heap MB, indexes $indexes MB, together $total MB"
for ((round = 1; round <= rounds; round++)); do
    copy
    timed "SELECT count(*) FROM junction.promote('links')" >> "$work/one"
    sizes > "$work/one_sizes"
    copy
    timed "CALL junction.promote_concurrently('links'$arguments)" >> "$work/concurrently"
    sizes > "$work/concurrently_sizes"
done
read -r one_heap one_indexes one_total < "$work/one_sizes"
read -r heap indexes total < "$work/concurrently_sizes"
one=$(median < "$work/one") concurrently=$(median < "$work/concurrently")
echo "in one transaction: $one ms, heap $one_heap MB, indexes $one_indexes MB, together $one_total MB"
echo "concurrently: $concurrently ms, heap $heap MB, indexes $indexes MB, together $total MB"
echo "ratios: time $(ratio "$concurrently" "$one"), heap $(ratio "$heap" "$one_heap"), indexes $(ratio "$indexes" "$one_indexes"), together $(ratio "$total" "$one_total")"
compare "\`promote_concurrently\`, $pairs pairs" "\`promote\` in one transaction (ms)" "$concurrently" "$one" 3
compare "\`promote_concurrently\`, size afterwards" "\`promote\` in one transaction (MB)" "$total" "$one_total" 1.5

# the steps, by the statements of the dry run
copy
while IFS= read -r -d '' statement; do
    printf '%8.0f ms  %s\n' "$(timed "$statement" | awk '{sum += $1} END {print sum}')" "$(head -n 1 <<< "$statement" | cut -c 1-100)"
done < <(run --record-separator-zero --command "SELECT statement FROM junction.promote('links', concurrently => true, dry_run => true) ORDER BY step")
