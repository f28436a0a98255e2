#!/usr/bin/env bash
# test/with-server.sh COMMAND...: runs COMMAND against a PostgreSQL server of its own, then destroys the server.
#
# The server is of the installation that $PG_CONFIG (default pg_config) belongs to. All it has is in one folder under
# /tmp, its unix socket too, and it has no port: it meets no other server. initdb refuses root, so root's server runs
# as the user postgres, who must exist. No sync to disk: the data is not worth it.
#
# Where the caller may not install into that installation, the server is of a private copy in the same folder, and
# $PG_CONFIG leads COMMAND there: what COMMAND needs of the project it installs itself, with "make install". With
# JUNCTION_PRIVATE_COPY set it always is.
#
# COMMAND gets PGHOST, PGPORT, PGUSER and PGDATABASE to connect with, PGDATA and JUNCTION_SERVER_LOG to meddle with the
# server, and $PG_CONFIG's programs first in its PATH. Every other PG* variable is taken away.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND..." >&2; exit 2; }

pg_config=${PG_CONFIG:-pg_config}
PG_CONFIG=$(command -v "$pg_config") || { echo "$0: $pg_config is not there" >&2; exit 1; }
for variable in "${!PG@}"; do
    [ "$variable" = PG_CONFIG ] || unset "$variable"
done
. "$(dirname "$0")/lib/server.sh"
home=$(mktemp -d /tmp/junction.XXXXXX)
export PG_CONFIG PGDATA=$home/data JUNCTION_SERVER_LOG=$home/log
export PGHOST=$home PGPORT=5432 PGUSER=postgres PGDATABASE=postgres

may_install() {
    [ -z "${JUNCTION_PRIVATE_COPY:-}" ] && [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ]
}

# Each folder keeps its path below the copy, as PostgreSQL finds its folders by the path from its programs to them. All
# files are symlinks, except for the programs that look where they are themselves; an installed junction is left out, since
# its bitcode would be written through the symlink. PG_CONFIG is the copy's afterwards.
copy_installation() {
    local copy=$home/installation folder program bindir
    bindir=$("$PG_CONFIG" --bindir)
    for folder in "$bindir" "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)"; do
        mkdir -p "$copy$folder"
        cp --recursive --symbolic-link "$folder/." "$copy$folder"
    done
    find "$copy" \( -name junction -o -name 'junction[.-]*' -o -name pg_junction \) -prune -exec rm -r {} +
    for program in postgres initdb pg_ctl pg_config; do
        cp --remove-destination --dereference "$bindir/$program" "$copy$bindir"
    done
    for folder in "$("$PG_CONFIG" --includedir)" "$("$PG_CONFIG" --includedir-server)"; do
        mkdir -p "$(dirname "$copy$folder")"
        [ -e "$copy$folder" ] || ln -s "$folder" "$copy$folder"
    done
    PG_CONFIG=$copy$bindir/pg_config
}

command=
# shellcheck disable=SC2317 # the trap calls it
finish() {
    trap '' INT TERM HUP
    [ -z "$command" ] || kill "$command" 2>/dev/null || true
    [ ! -e "$PGDATA/postmaster.pid" ] || as_owner pg_ctl stop --silent --mode immediate || true
    rm -rf "$home"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

[ "$EUID" != 0 ] || chown postgres "$home"
may_install || copy_installation
PATH=$("$PG_CONFIG" --bindir):$PATH
as_owner initdb --username "$PGUSER" --auth trust --encoding UTF8 --no-locale --no-sync > "$home/initdb" 2>&1 ||
    { cat "$home/initdb" >&2; exit 1; }
cat >> "$PGDATA/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$home'
fsync = off
max_prepared_transactions = 2
END
as_owner pg_ctl start --silent --wait --log "$JUNCTION_SERVER_LOG" ||
    { cat "$JUNCTION_SERVER_LOG" >&2; exit 1; }

# in the background, since bash runs a trap only when the foreground command has ended
"$@" <&0 &
command=$!
wait "$command" && status=0 || status=$?
command=
exit "$status"
