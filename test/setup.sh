#!/usr/bin/env bash
# test/setup.sh [PROGRAM...]: installs what the build and the tests need, and these programs, each of the package of its
# name; and only what is missing. With all of it there it does nothing, and asks no package manager.
#
# Assumes Debian, or a system that has everything. The PostgreSQL that $PG_CONFIG (default pg_config) belongs to is
# completed; where there is none, or Debian's pg_config is of a version that the extension does not support, the newest
# supported one that apt has is installed. No system cluster is created for it.
set -euo pipefail

programs=("$@")
first=15 last=19                                        # the versions that the extension supports

die() {
    printf '%s\n' "$0: $*" >&2
    exit 1
}

pg_config=${PG_CONFIG:-pg_config}
[ -z "${PG_CONFIG:-}" ] || command -v "$pg_config" >/dev/null || die "$pg_config is not there"

# sets version: that of $pg_config if it is supported, else empty, and found is what it says
look_for_version() {
    found=$("$pg_config" --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/') || true
    version=$found
    [ -n "$found" ] && [ "$found" -ge "$first" ] && [ "$found" -le "$last" ] || version=
}

# the packages that are missing; VERSION stands for the version where there is no PostgreSQL yet
missing() {
    command -v make >/dev/null || echo make
    echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || printf '%s\n' gcc libc6-dev
    postgresql_has --bindir /postgres || echo "postgresql-${version:-VERSION}"
    postgresql_has --pgxs && postgresql_has --includedir-server /postgres.h ||
        echo "postgresql-server-dev-${version:-VERSION}"
    postgresql_has --sharedir /extension/pgtap.control || echo "postgresql-${version:-VERSION}-pgtap"
    command -v pg_prove >/dev/null || echo libtap-parser-sourcehandler-pgtap-perl
    local program
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || echo "$program"
    done
}

postgresql_has() {
    [ -n "$version" ] && [ -e "$("$pg_config" "$1")${2:-}" ]
}

newest() {
    apt-cache pkgnames postgresql- | grep -xE "postgresql-($(seq --separator '|' "$first" "$last"))" |
        sort --version-sort | tail -n 1 | grep -oE '[0-9]+'
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" </dev/null
}

# pgTAP is packaged later than PostgreSQL; as it is SQL alone, another version's will do
install_pgtap_of_another() {
    local other folder
    other=$(apt-cache pkgnames postgresql- | grep -xE 'postgresql-[0-9]+-pgtap' | sort --version-sort | tail -n 1)
    [ -n "$other" ] || die "apt has no pgTAP"
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download "$other" && dpkg-deb --extract "$other"_*.deb .)
    cp --recursive "$folder"/usr/share/postgresql/*/extension/. "/usr/share/postgresql/$version/extension"
    rm -r "$folder"
}

# postgresql-common creates a cluster for every version that is installed, unless a settings file says no: ours does,
# as long as this script runs
create_no_cluster() {
    local settings=/etc/postgresql-common/createcluster.d
    local undo="rm -f $settings/junction-setup.conf"
    [ -d "$settings" ] || undo="$undo; rmdir $settings"
    # shellcheck disable=SC2064 # the names of now
    trap "$undo" EXIT
    mkdir -p "$settings"
    echo 'create_main_cluster = false' > "$settings/junction-setup.conf"
}

look_for_version
# Debian's pg_config is that of the newest headers; any other stays what it is, whatever apt installs
[ -z "$found" ] || [ -n "$version" ] || [ "$(command -v "$pg_config")" = /usr/bin/pg_config ] ||
    die "$pg_config is of PostgreSQL $found, and junction needs $first to $last. Set PG_CONFIG to the pg_config of one;" \
        "on Debian that is /usr/lib/postgresql/VERSION/bin/pg_config, of the package postgresql-server-dev-VERSION"
mapfile -t packages <<< "$(missing)"
[ -n "${packages[*]}" ] || exit 0

command -v apt-get >/dev/null || die "missing, and there is no apt-get to install it with: ${packages[*]}"
version=${version:-$(newest || true)}
if [ -z "$version" ] && [ "$EUID" = 0 ]; then
    apt-get update
    version=$(newest) || die "apt has no PostgreSQL of $first to $last; PostgreSQL's own packages for this system are at" \
        "https://wiki.postgresql.org/wiki/Apt"
fi
[ -n "$version" ] || die "missing: ${packages[*]}, and apt's lists have no PostgreSQL with a VERSION of $first to $last." \
    "As root: apt-get update. Then run this again"
packages=("${packages[@]//VERSION/$version}")
[ "$EUID" = 0 ] || die "missing. As root: apt-get update && apt-get install ${packages[*]}"
create_no_cluster
pgtap=postgresql-$version-pgtap
if [[ " ${packages[*]} " == *" $pgtap "* ]] && ! apt-cache show "$pgtap" >/dev/null 2>&1 &&
    { apt-get update; ! apt-cache show "$pgtap" >/dev/null 2>&1; }; then
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep --fixed-strings --line-regexp --invert-match "$pgtap")
    packaged=
fi
install "${packages[@]}" || { apt-get update && install "${packages[@]}"; }
[ -n "${packaged=yes}" ] || install_pgtap_of_another

installed=$version
look_for_version
[ -n "$version" ] || die "$pg_config is of PostgreSQL ${found:-unknown}, and $installed is installed now. Set PG_CONFIG to" \
    "/usr/lib/postgresql/$installed/bin/pg_config"
mapfile -t packages <<< "$(missing)"
[ -z "${packages[*]}" ] || die "still missing for the PostgreSQL of $pg_config: ${packages[*]}"
