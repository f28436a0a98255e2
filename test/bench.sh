#!/usr/bin/env bash
# test/bench.sh [DIVISOR]: every benchmark of test/bench, each on a server of its own, and in the end one table in Markdown:
# what was measured, beside what, ours, theirs, the ratio and the goal. With a DIVISOR the sizes are that much smaller. A
# benchmark, not a test: it judges nothing.
#
# Assumes that junction is built; installs it. On a machine that does other things too the ratios are still of use, as what is
# compared takes turns.
set -euo pipefail
cd "$(dirname "$0")/.."

divisor=${1:-1}
declare -A sizes=([absorb]=1000000 [accessors]=10000 [dependencies]=1000000 [guard]=10000 [merge]=1000000 [online]=2000000 [promote]=1000000 [report]=20000)
JUNCTION_BENCH_TABLE=$(mktemp /tmp/junction-bench.XXXXXX)
export JUNCTION_BENCH_TABLE
trap 'rm -f "$JUNCTION_BENCH_TABLE"' EXIT

processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | sort -u | head -n 1)
for program in test/bench/*.sh; do
    name=$(basename "$program" .sh)
    size=$((sizes[$name] / divisor))
    [ "$name" != accessors ] || size+=" $((10000000 / divisor))"
    # guard makes a fifth as many junctions, by the hundred; report builds a tenth too, and has not enough parents for fewer
    [ "$name" != guard ] || [ "$size" -ge 500 ] || size=500
    [ "$name" != report ] || [ "$size" -ge 5000 ] || size=5000
    echo "== $name"
    # shellcheck disable=SC2016,SC2086 # the inner bash expands it; the sizes are words
    test/with-server.sh bash -euc 'make --silent install; "$@"' _ "$program" $size
done
echo "== $("${PG_CONFIG:-pg_config}" --version), $(nproc) of ${processor:-unknown processors}, $(awk '/^MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo)"
echo '| what | beside | ours | theirs | ratio | goal |'
echo '| --- | --- | --- | --- | --- | --- |'
cat "$JUNCTION_BENCH_TABLE"
