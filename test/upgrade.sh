#!/usr/bin/env bash
# test/upgrade.sh: carries a database with junctions made, promoted and half-promoted (test/upgrade/made.sql) by pg_upgrade
# through PostgreSQL 15, 17, 18 and 19, and looks after each step: junction says the same of it (seen.sql), the keys in the
# catalogs are sound (test/lib/invariants.sql), the dump of a restored dump is the same, and in a copy a half promotion is
# finished (used.sql).
#
# Assumes Debian, root, PostgreSQL 15 on this machine, and the roots that test/matrix.sh has made; goes as far as they are
# there, and says NOT TESTED of the rest. pg_upgrade wants both versions on one system: the older one, with the libraries
# it was built with, is copied into the root of the newer one.
set -euo pipefail
cd "$(dirname "$0")/.."
. test/lib/roots.sh

place=/opt/junction                                     # in each root: data-VERSION, the older version, a socket
status=0

# as_owner ROOT COMMAND...: as the user postgres, in the folder place
as_owner() {
    chroot "$1" setpriv --reuid postgres --regid postgres --init-groups env -i PATH=/usr/bin:/bin HOME="$place" LANG=C.UTF-8 \
        PGHOST="$place" PGPORT=5432 sh -c "cd $place && exec \"\$@\"" sh "${@:2}"
}

# install_junction ROOT VERSION [DESTDIR]: built in a copy of the project that ROOT/junction is
install_junction() {
    chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PG_CONFIG="/usr/lib/postgresql/$2/bin/pg_config" sh -c \
        "cd ${4:-/junction} && make --silent clean && make --silent --jobs 2 with_llvm=no && make --silent install with_llvm=no DESTDIR=${3:-}"
}

# copy_libraries ROOT VERSION TO: those that the programs of VERSION need, but for the C library's own, which the newer root has
copy_libraries() {
    chroot "$1" sh -c "ldd /usr/lib/postgresql/$2/bin/* /usr/lib/postgresql/$2/lib/*.so 2>/dev/null || :" |
        awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort --unique |
        grep -vE '/(libc|libm|libpthread|libdl|librt|libresolv)\.so' |
        while read -r library; do
            cp --dereference "${1%/}$library" "$3"
        done
}

# bring ROOT VERSION TO: PostgreSQL VERSION of ROOT, into the root TO. Each program is called by a script that leads it to
# its libraries.
bring() {
    local old=$3$place/$2 program
    mkdir -p "$old/usr/lib/postgresql" "$old/usr/share/postgresql" "$old/libraries"
    cp --archive "${1%/}/usr/lib/postgresql/$2" "$old/usr/lib/postgresql"
    cp --archive "${1%/}/usr/share/postgresql/$2" "$old/usr/share/postgresql"
    copy_libraries "$1" "$2" "$old/libraries"
    for program in "$old/usr/lib/postgresql/$2"/bin/*; do
        mv "$program" "$program.real"
        # shellcheck disable=SC2016 # the script expands it
        printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec "$0.real" "$@"\n' "$place/$2/libraries" > "$program"
        chmod +x "$program"
    done
}

bin_of() {                                              # bin_of ROOT VERSION: the folder of programs, in the root
    [ -d "$1$place/$2" ] && echo "$place/$2/usr/lib/postgresql/$2/bin" || echo "/usr/lib/postgresql/$2/bin"
}

start() {                                               # start ROOT VERSION
    as_owner "$1" "$(bin_of "$1" "$2")/pg_ctl" start --silent --wait --pgdata "data-$2" --log "log-$2" \
        --options "-c listen_addresses='' -c unix_socket_directories='$place' -c dynamic_shared_memory_type=mmap -c fsync=off"
}

stop() {                                                # stop ROOT VERSION
    as_owner "$1" "$(bin_of "$1" "$2")/pg_ctl" stop --silent --wait --pgdata "data-$2" --mode fast
}

client() {                                              # client ROOT VERSION COMMAND...: with the programs of this version
    as_owner "$1" env PATH="$(bin_of "$1" "$2"):/usr/bin:/bin" "${@:3}"
}

run_sql() {                                             # run_sql ROOT VERSION DATABASE FILE [ARGUMENT...]
    client "$1" "$2" psql --no-psqlrc --quiet --tuples-only --no-align --dbname "$3" "${@:5}" < "$4"
}

make_cluster() {                                        # make_cluster ROOT VERSION
    local options=(--no-locale --encoding UTF8 --auth trust --username postgres)
    [ "$2" -lt 18 ] || options+=(--no-data-checksums)
    as_owner "$1" "$(bin_of "$1" "$2")/initdb" --pgdata "data-$2" "${options[@]}" > /dev/null
}

check() {                                               # check NAME EXPECTED GOT: files
    if diff --unified "$2" "$3"; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        status=1
    fi
}

# look ROOT VERSION: at the database as it is, and at what can be done with it in a copy
look() {
    local root=$1 version=$2
    run_sql "$root" "$version" upgraded test/upgrade/seen.sql > "$work/seen-$version" 2>&1
    check "PostgreSQL $version sees what 15 saw" "$work/seen-15" "$work/seen-$version"
    run_sql "$root" "$version" upgraded test/lib/invariants.sql > "$work/broken" 2>&1
    check "PostgreSQL $version: the keys are sound" /dev/null "$work/broken"
    client "$root" "$version" sh -c 'createdb --template upgraded used && createdb restored && pg_dump upgraded | psql --quiet restored > /dev/null'
    client "$root" "$version" pg_dump --schema-only upgraded | sed '/^.\(un\)\?restrict /d' > "$work/dump"
    client "$root" "$version" pg_dump --schema-only restored | sed '/^.\(un\)\?restrict /d' > "$work/dump-restored"
    check "PostgreSQL $version: a restored dump is the same" "$work/dump" "$work/dump-restored"
    run_sql "$root" "$version" used test/upgrade/used.sql > "$work/used" 2>&1
    check "PostgreSQL $version: what was begun is finished, and all goes on" test/upgrade/used.out "$work/used"
    client "$root" "$version" sh -c 'dropdb used && dropdb restored'
}

# Some servers keep a pg_attver among the options of every column, and pg_upgrade hands it to a server that does not know it
forget_attver() {                                       # forget_attver ROOT VERSION
    client "$1" "$2" psql --no-psqlrc --quiet --dbname upgraded --command "
        UPDATE pg_attribute SET attoptions = nullif(ARRAY(SELECT o FROM unnest(attoptions) o WHERE o !~ '^pg_attver='), '{}')
        WHERE attrelid >= 16384 AND attoptions::text ~ 'pg_attver='"
}

# step FROM VERSION TO VERSION: from a root, or / for this machine
step() {
    local from=$1 old=$2 to=$3 new=$4
    copy "$to"
    install_junction "$to" "$new"
    rm -rf "${to:?}$place"
    mkdir -p "$to$place"
    bring "$from" "$old" "$to"
    [ "$from" != / ] || install_junction / "$old" "$to$place/$old" "$work/junction"
    [ "$from" = / ] || cp --archive "$from$place/data-$old" "$to$place"
    chroot "$to" chown --recursive postgres: "$place"
    if [ "$from" = / ]; then
        make_cluster "$to" "$old"
        start "$to" "$old"
        client "$to" "$old" createdb upgraded
        run_sql "$to" "$old" upgraded test/upgrade/made.sql --set ON_ERROR_STOP=1 > "$work/made" 2>&1 || { cat "$work/made"; exit 1; }
        look "$to" "$old"
        forget_attver "$to" "$old"
        stop "$to" "$old"
    fi
    make_cluster "$to" "$new"
    as_owner "$to" "/usr/lib/postgresql/$new/bin/pg_upgrade" --old-datadir "data-$old" --new-datadir "data-$new" \
        --old-bindir "$(bin_of "$to" "$old")" --new-bindir "/usr/lib/postgresql/$new/bin" --socketdir "$place" \
        --old-options "-c dynamic_shared_memory_type=mmap" --new-options "-c dynamic_shared_memory_type=mmap" > "$work/pg_upgrade" 2>&1 ||
        { cat "$work/pg_upgrade"; cat "$to$place/data-$new"/pg_upgrade_output.d/*/log/*.log 2>/dev/null; exit 1; }
    start "$to" "$new"
    look "$to" "$new"
    forget_attver "$to" "$new"
    stop "$to" "$new"
}

[ "$EUID" = 0 ] || { echo "$0: needs root, for chroot" >&2; exit 1; }
[ -x /usr/lib/postgresql/15/bin/pg_upgrade ] || { echo "*** no PostgreSQL 15 here: upgrades NOT TESTED ***"; exit; }
exec 9> "$roots/lock"
flock 9
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy "$work"
from=/ old=15
for row in trixie:17 forky:18 experimental:19; do
    root=$roots/${row%:*}
    [ -d "$root" ] || { echo "*** no $root: the upgrade from $old to ${row#*:} is NOT TESTED ***"; break; }
    step "$from" "$old" "$root" "${row#*:}"
    from=$root old=${row#*:}
done
exit "$status"
