#!/usr/bin/env bash
# test/injection/crash.sh: a concurrent promotion that ends at each of its injection points, by an error there, by
# pg_terminate_backend, and with the server, which is stopped immediately: the same call finishes it, no link is lost that a
# client was told of, and the table is as junction.promote makes it. Prints TAP.
#
# It needs a server with injection points, and starts one of its own, as it stops it: what test/with-server.sh needs.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh
. ../lib/points.sh

has_points || skip_all 'the server has no injection points'
database=crash
make_database "$database"

# as it should be: promoted in one transaction
fresh_links "$database" begin
sql "$database" --command "SELECT count(*) FROM junction.promote('user_orgs', $arguments)" > "$work/output"
dump "$database" --schema app --schema-only > "$work/expected"

# end HOW: the promotion that is stopped; if so, with the server
end() {
    case $1 in
        cancel)    cancel "$database" ;;
        terminate) sql "$database" --command "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE wait_event_type = 'InjectionPoint'" > "$work/output" ;;
        stop)      restart immediate ;;
    esac
    ! wait "$promoter" || echo "it ended well"
}

# wrong LINKS: prints what is not as it must be after the promotion
wrong() {
    local found
    found=$(sql "$database" --command "SELECT links, ids, broken FROM show()")
    [ "$found" = "$1|$1|0" ] || echo "links, ids, broken: $found, not $1|$1|0"
    dump "$database" --schema app --schema-only > "$work/found"
    diff "$work/expected" "$work/found" || true
    amcheck --database "$database" --schema app
}

# crash POINT HOW: prints what is wrong
crash() {
    local links=4
    fresh_links "$database" "${1%-*-*}"
    promote "$database" "$1"
    # a client that may have to wait, and is told whether its link is there
    ! sql "$database" --command "SET lock_timeout = '50 ms'" \
        --command "INSERT INTO user_orgs (user_id, org_id) VALUES (3, 1)" 2> "$work/client" || links=5
    end "$2"
    sql "$database" --command "CALL junction.promote_concurrently('user_orgs', $arguments)"
    wrong "$links"
}

for step in $steps; do
    for moment in $moments; do
        for how in cancel terminate stop; do
            { crash "$step-$moment" "$how" || echo "it failed"; } > "$work/wrong" 2>&1 < /dev/null
            holds "$step-$moment, $how" "$(cat "$work/wrong")"
        done
    done
done

dropdb "$database"
done_testing
