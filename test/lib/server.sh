# shellcheck shell=bash
# test/lib/server.sh, for programs to source: calls of the server that PGHOST, PGPORT and PGUSER lead to, by the programs
# of the PostgreSQL that $PG_CONFIG (default pg_config) belongs to.

PATH=$("${PG_CONFIG:-pg_config}" --bindir):$PATH
: "${PGUSER:=$(id -un)}"
export PGUSER

sql() {                                                 # sql DATABASE [ARGUMENT...]: quiet, stops at an error
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$@"
}

fresh_database() {                                      # fresh_database DATABASE [ARGUMENT of createdb...]: an empty one
    PGOPTIONS='-c client_min_messages=warning' dropdb --if-exists "$1" && createdb --template template0 "${@:2}" "$1"
}

# the key in \restrict is another in every dump
dump() {                                                # dump DATABASE [ARGUMENT...]
    pg_dump --dbname "$@" | sed -E '/^\\(un)?restrict /d'
}

has_amcheck() {
    [ "$(sql postgres --command "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")" = 1 ]
}

amcheck() {                                             # amcheck ARGUMENT...: of pg_amcheck, which installs the extension
    pg_amcheck --install-missing --heapallindexed --parent-check "$@"
}

# unsound DATABASE: prints what is wrong with its keys and its pages. It makes an extension there, amcheck
unsound() {
    sql "$1" --file "$(dirname "${BASH_SOURCE[0]}")/invariants.sql" 2>&1 || true
    ! has_amcheck || amcheck --database "$1" 2>&1 || true
}

configure() {                                           # configure SETTING...: what follows ALTER SYSTEM
    { printf 'ALTER SYSTEM %s;\n' "$@"; echo 'SELECT pg_reload_conf();'; } | sql postgres > /dev/null
}

as_owner() {                                            # as_owner COMMAND...: as root, a server is the user postgres's
    local as=()
    [ "$EUID" != 0 ] || as=(setpriv --reuid postgres --regid postgres --init-groups)
    (cd / && "${as[@]}" "$@")
}

restart() {                                             # restart MODE: the server of test/with-server.sh
    as_owner pg_ctl restart --silent --wait --mode "$1" --log "$JUNCTION_SERVER_LOG"
}

# own_server [ARGUMENT...]: starts the program anew, with these arguments, on a server of its own, if it is not on one yet.
# In the folder of the program, and before it has made anything.
own_server() {
    local program
    program=./$(basename "$0")
    [ "${JUNCTION_OWN_SERVER:-}" != "$program" ] || return 0
    exec ../with-server.sh env JUNCTION_OWN_SERVER="$program" "$program" "$@"
}
