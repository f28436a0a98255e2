# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the programs use what is set here, and test/lib/work.sh sets work
# test/lib/points.sh, for the programs of test/injection to source: a promotion in the background that stops at an injection
# point. A database has what test/injection/setup.sql makes, and the links in the schema app, so that they can be made anew.

steps='begin batch check validate not-null build-index drop-index swap'
moments='before-lock after-lock after-run'
export PGOPTIONS='-c client_min_messages=warning -c search_path=app,public'
arguments="'memberships', id_type => 'bigint', timestamps => false"

has_points() {
    [ "$(sql postgres --command "SELECT count(*) FROM pg_available_extensions WHERE name = 'injection_points'")" = 1 ]
}

make_database() {                                       # make_database DATABASE
    fresh_database "$1" && sql "$1" --file setup.sql
}

until_true() {                                          # until_true DATABASE CONDITION: a minute at most
    local end=$((SECONDS + 60))
    until [ "$(sql "$1" --command "SELECT $2" 2> "$work/until_true")" = t ]; do
        [ "$SECONDS" -lt "$end" ] || { echo "never came true in $1: $2"; return 1; }
        sleep 0.02
    done
}

# promote DATABASE POINT: in the background, as $promoter, until it stops there. What it says is in $work/promotion
promote() {
    sql "$1" --set VERBOSITY=verbose --command "CALL stop_at('$2')" --command "CALL junction.promote_concurrently('user_orgs', $arguments)" \
        > "$work/promotion" 2>&1 &
    promoter=$!
    until_true "$1" "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'junction-$2')"
}

# fresh_links DATABASE STEP: new ones, and what the steps before leave behind where that is needed
fresh_links() {
    sql "$1" --command 'DROP SCHEMA IF EXISTS app CASCADE' --command 'CREATE SCHEMA app' --command 'CALL make_links()'
    [ "$2" = drop-index ] || return 0
    promote "$1" swap-before-lock
    cancel "$1"
    wait "$promoter" || true
    sql "$1" --command 'CALL spoil_index()'
}

cancel() {                                              # cancel DATABASE: the promotion, where it is stopped
    sql "$1" --command 'CALL public.cancel()'
}
