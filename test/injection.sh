#!/usr/bin/env bash
# test/injection.sh [COMMAND...]: runs test/injection/*.sh, or COMMAND, on PostgreSQL 18 built with injection points, at which
# they stop a session, and with assertions: "test/injection.sh test/run.sh" runs all other tests there.
#
# No distribution has such a server. So it is built from Debian's source package, once, in a root of Debian forky, made by
# debootstrap and kept as ${JUNCTION_ROOTS:-/var/cache/junction}/injection: about 7 minutes of two idle processors. Where it
# cannot be had, this says so and ends well.
#
# Assumes Debian, root, and a git checkout. Tests the working tree as it is, in a copy without what was built there.
set -euo pipefail
cd "$(dirname "$0")/.."

. test/lib/roots.sh

root=$roots/injection
version=18
prefix=/usr/local/injection

# build_server ROOT
# shellcheck disable=SC2016 # the shell in the root expands it
build_server() {
    local source
    source=$(awk '$1 == "deb" { print "deb-src", $2, $3, $4 }' "$1/etc/apt/sources.list")
    echo "$source" > "$1/etc/apt/sources.list.d/source.list"
    # what the mirror has of it may be old
    echo 'Acquire::Check-Valid-Until "false";' > "$1/etc/apt/apt.conf.d/injection"
    mkdir "$1/source"
    in_root "$1" apt-get update
    in_root "$1" useradd --create-home postgres
    in_root "$1" sh -euxc '
        cd /source
        apt-get source --download-only "postgresql-$1"
        tar --extract --file "postgresql-$1"_*.orig.tar.* --strip-components 1
        ./configure --quiet --prefix="$2" --enable-injection-points --enable-cassert --without-icu --without-readline \
            --without-zlib CFLAGS=-O1
        make --silent --jobs "$(nproc)" -C src/backend generated-headers
        for folder in src contrib/amcheck contrib/btree_gist src/test/modules/injection_points; do
            make --silent --jobs "$(nproc)" -C "$folder" all
            make --silent -C "$folder" install
        done
        apt-get download "postgresql-$1-pgtap"
        dpkg-deb --extract "postgresql-$1-pgtap"_*.deb pgtap
        cp pgtap/usr/share/postgresql/*/extension/* "$("$2/bin/pg_config" --sharedir)/extension"
    ' sh "$version" "$prefix"
    rm -r "$1/source"
}

# one that was interrupted stays injection.tmp, and is made anew
make_root() {
    [ ! -d "$root" ] || return 0
    rm -rf --one-file-system "$root.tmp"
    debootstrap --variant=minbase --include=bison,bzip2,flex,gcc,libc6-dev,libtap-parser-sourcehandler-pgtap-perl,make,perl \
        forky "$root.tmp" "$mirror" sid
    mkdir "$root.tmp/junction"
    build_server "$root.tmp"
    mv "$root.tmp" "$root"
}

# run COMMAND...: in the root, with the server's PG_CONFIG
run() {
    in_root "$root" env PG_CONFIG="$prefix/bin/pg_config" "$@"
}

not_tested() {
    echo "*** PostgreSQL $version with injection points could not be had on this machine: NOT TESTED ***"
    exit 0
}

[ "$EUID" = 0 ] || { echo "$0: needs root, for debootstrap and chroot"; not_tested; }
prepare_roots injection.lock
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "PostgreSQL $version with injection points: making $root, if it is not there"
# in a shell of its own, as errors count there
(set -e; make_root) > "$log" 2>&1 < /dev/null 9>&- &
if ! wait $!; then
    tail -n 100 "$log"
    not_tested
fi

copy "$root"
if [ $# -gt 0 ]; then
    run "$@"
    exit
fi
run make --silent --jobs "$(nproc)" COPT='-Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare'
run make --silent install
run sh -c 'pg_prove --verbose test/injection/*.sh'
