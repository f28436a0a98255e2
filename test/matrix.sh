#!/usr/bin/env bash
# test/matrix.sh: runs all tests (test/run.sh) on PostgreSQL 17 and 18, side by side, each in a root of its own: Debian
# trixie and forky, made by debootstrap from the mirror that apt has here and kept in ${JUNCTION_ROOTS:-/var/cache/junction}.
# Tries there, too, what a new user meets: the demo with no headers installed, and all without the right to install.
#
# Assumes Debian, root, and a git checkout. Tests the working tree as it is, in a copy without what was built there.
# Mounts nothing: the tests need no /proc.
set -euo pipefail
cd "$(dirname "$0")/.."

roots=${JUNCTION_ROOTS:-/var/cache/junction}
schemas=${JUNCTION_SCHEMAS:-../shared/schemas}

# version, suite, debootstrap's script for the suite, and how the tests are run there
matrix='17 trixie trixie without_headers
18 forky sid as_nobody'

# prints the mirror of Debian that apt has, by what its downloaded lists say of themselves; nothing if it has none that
# debootstrap can read
apt_mirror() {
    # shellcheck disable=SC2016 # apt-get expands it
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
        awk '/^(https?|ftp|file):/ && !found++'
}

# make_root SUITE SCRIPT: one that was interrupted stays NAME.tmp, and is made anew
make_root() {
    local root=$roots/$1
    [ ! -d "$root" ] || return 0
    rm -rf --one-file-system "$root.tmp"
    debootstrap --variant=minbase --include=make "$1" "$root.tmp" "$mirror" "$2"
    copy "$root.tmp"
    in_root "$root.tmp" test/setup.sh
    mv "$root.tmp" "$root"
}

# copy ROOT: the project and the real schemas into it
copy() {
    rm -rf "$1/junction" "$1/schemas"
    mkdir "$1/junction"
    git ls-files -z --cached --others --exclude-standard --deduplicate |
        tar --create --null --files-from - --ignore-failed-read --warning=no-failed-read |
        tar --extract --no-same-owner --directory "$1/junction"
    [ ! -d "$schemas" ] || cp -r "$schemas" "$1/schemas"
}

# in_root ROOT COMMAND...
in_root() {
    chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 JUNCTION_SCHEMAS=/schemas \
        ${http_proxy:+http_proxy="$http_proxy"} sh -c 'cd /junction && exec "$@"' sh "${@:2}"
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

# test_version VERSION SUITE SCRIPT HOW
test_version() {
    make_root "$2" "$3"
    copy "$roots/$2"
    in_root "$roots/$2" test/setup.sh
    in_root "$roots/$2" pg_config --version | grep -q "^PostgreSQL $1[.a-z]" ||
        { echo "$roots/$2 has not PostgreSQL $1 but $(in_root "$roots/$2" pg_config --version)"; return 1; }
    "$4" "$roots/$2" "$1"
}

if [ "$EUID" != 0 ]; then
    echo "$0: needs root, for debootstrap and chroot" >&2
    exit 1
fi
command -v debootstrap >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends debootstrap; }
# apt may have no lists yet. With no mirror of apt's, debootstrap takes its own default
mirror=$(apt_mirror)
[ -n "$mirror" ] || { apt-get update && mirror=$(apt_mirror); } || true

mkdir -p "$roots"
exec 9> "$roots/lock"
flock 9
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
        result=FAILED status=1
        cat "$logs/$version"
    fi
    unset "jobs[$version]"
    summary+="PostgreSQL $version ($suite): $result"$'\n'
done <<< "$matrix"
printf '%s' "$summary"
exit "$status"
