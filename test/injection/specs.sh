#!/usr/bin/env bash
# test/injection/specs.sh [SPEC...]: the isolation specs of test/injection/specs, or those that are named, in a database with
# what setup.sql makes. Prints TAP.
#
# It needs a server with injection points, and starts one of its own, in which nobody else waits: what test/with-server.sh
# needs.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh
. ../lib/points.sh

has_points || skip_all 'the server has no injection points'
database=points
make_database "$database"
if [ $# = 0 ]; then
    set -- specs/*.spec
fi
for spec; do
    spec=$(basename "$spec" .spec)
    mkdir "$work/$spec"
    status=0
    "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/isolation/pg_isolation_regress" --inputdir=. --outputdir="$work/$spec" \
        --bindir="$("$PG_CONFIG" --bindir)" --use-existing --dbname="$database" "$spec" > "$work/output" 2>&1 || status=1
    [ ! -s "$work/$spec/regression.diffs" ] || cat "$work/$spec/regression.diffs" >> "$work/output"
    report "$status" "$spec" "$work/output"
    [ -z "${RESULTS:-}" ] || cp -r "$work/$spec/results/." "$RESULTS"
done
dropdb "$database"
done_testing
