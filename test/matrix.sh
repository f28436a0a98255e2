#!/usr/bin/env bash
# test/matrix.sh: runs all tests (test/run.sh) on PostgreSQL 17, 18 and 19, side by side, each in a root of its own: Debian
# trixie, forky, and sid with experimental, made by debootstrap from the mirror that apt has here and kept in
# ${JUNCTION_ROOTS:-/var/cache/junction}. Where the mirror has no PostgreSQL 19, it says so and goes on.
# Tries there, too, what a new user meets: the demo with no headers installed, and all without the right to install.
#
# Assumes Debian, root, and a git checkout. Tests the working tree as it is, in a copy without what was built there.
# The tests need no /proc; only where packages of sid are configured it is mounted in the root, for as long as that takes.
set -euo pipefail
cd "$(dirname "$0")/.."

. test/lib/roots.sh

# version, suite, debootstrap's script for the suite, and how the tests are run there
matrix='17 trixie trixie without_headers
18 forky sid as_nobody
19 experimental sid plainly'
# experimental is not on every mirror
optional=19

# make_root SUITE SCRIPT: one that was interrupted stays NAME.tmp, and is made anew
make_root() {
    local root=$roots/$1 suite=${1/experimental/sid}
    [ ! -d "$root" ] || return 0
    rm -rf --one-file-system "$root.tmp"
    debootstrap --variant=minbase --include=make "$suite" "$root.tmp" "$mirror" "$2"
    copy "$root.tmp"
    if [ "$1" = experimental ]; then
        add_experimental "$root.tmp"
        mount -t proc proc "$root.tmp/proc"
        # shellcheck disable=SC2064 # the root of now
        trap "umount '$root.tmp/proc'" EXIT
    fi
    in_root "$root.tmp" test/setup.sh
    [ "$1" != experimental ] || { umount "$root.tmp/proc"; trap - EXIT; }
    mv "$root.tmp" "$root"
}

# add_experimental ROOT: PostgreSQL 19 and what it needs from experimental, of the mirror that the root was made from; its
# release file may have expired
# shellcheck disable=SC2317 # make_root calls it
add_experimental() {
    local apt=$1/etc/apt
    awk '$1 == "deb" { print $1, $2, "experimental main" }' "$apt/sources.list" > "$apt/sources.list.d/experimental.list"
    echo 'Acquire::Check-Valid-Until "false";' > "$apt/apt.conf.d/experimental"
    printf '%s\n' 'Package: postgresql-*19 libpq*' 'Pin: release a=experimental' 'Pin-Priority: 600' > "$apt/preferences.d/experimental"
    in_root "$1" apt-get update
    in_root "$1" apt-cache show postgresql-19 > "$1/tmp/policy" || { echo "experimental has no PostgreSQL 19"; return 1; }
}

# without_headers ROOT VERSION: with PostgreSQL and its client alone, which bring PGXS, the demo installs the headers
# shellcheck disable=SC2317 # test_version calls it by name
without_headers() {
    in_root "$1" apt-get remove --yes "postgresql-server-dev-$2"
    # shellcheck disable=SC2016 # the shell in the root expands it
    in_root "$1" sh -c '[ -e "$(pg_config --pgxs)" ] && [ ! -e "$(pg_config --includedir-server)/postgres.h" ]' ||
        { echo "$1 has headers, or no PGXS, without postgresql-server-dev-$2"; return 1; }
    in_root "$1" make demo
    in_root "$1" test/run.sh
}

# as_nobody ROOT VERSION: with all packages there, but no right to install into PostgreSQL's folders
# shellcheck disable=SC2317 # test_version calls it by name
as_nobody() {
    local nobody=(setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/)
    in_root "$1" chown --recursive nobody .
    in_root "$1" "${nobody[@]}" make test
    in_root "$1" "${nobody[@]}" make demo
}

# shellcheck disable=SC2317 # test_version calls it by name
plainly() {
    in_root "$1" test/run.sh
}

# test_version VERSION SUITE SCRIPT HOW
test_version() {
    make_root "$2" "$3"
    touch "$logs/$1.made"
    copy "$roots/$2"
    in_root "$roots/$2" test/setup.sh
    in_root "$roots/$2" pg_config --version | grep -q "^PostgreSQL $1[.a-z]" ||
        { echo "$roots/$2 has not PostgreSQL $1 but $(in_root "$roots/$2" pg_config --version)"; return 1; }
    "$4" "$roots/$2" "$1"
}

prepare_roots lock
logs=$(mktemp -d)
# each version is a process group of its own, so that none of its processes outlives an interruption
set -m
declare -A jobs
# shellcheck disable=SC2317 # the trap calls it
finish() {
    local job
    for job in "${jobs[@]}"; do
        kill -- "-$job" 2>/dev/null || true
    done
    wait
    rm -rf "$logs"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

while read -r version suite script how; do
    echo "PostgreSQL $version: testing in $roots/$suite"
    test_version "$version" "$suite" "$script" "$how" > "$logs/$version" 2>&1 </dev/null 9>&- &
    jobs[$version]=$!
done <<< "$matrix"

status=0
summary=
while read -r version suite _; do
    if wait "${jobs[$version]}"; then
        result=passed
        sed -nE "s/^(# |)(All [0-9]+ tests passed|Files=)/PostgreSQL $version: \2/p" "$logs/$version"
    else
        cat "$logs/$version"
        if [ "$version" = "$optional" ] && [ ! -e "$logs/$version.made" ]; then
            echo "*** PostgreSQL $version could not be had on this machine: NOT TESTED ***"
            result='NOT TESTED, as it could not be had'
        else
            result=FAILED status=1
        fi
    fi
    unset "jobs[$version]"
    summary+="PostgreSQL $version ($suite): $result"$'\n'
done <<< "$matrix"
printf '%s' "$summary"
exit "$status"
