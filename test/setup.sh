#!/usr/bin/env bash
# test/setup.sh: installs what the build and the tests need, and only what is missing. With all of it there it does
# nothing, and asks no package manager.
#
# Assumes Debian, or a system that has everything. The PostgreSQL that $PG_CONFIG (default pg_config) belongs to is
# completed; where there is none, the newest that apt has is installed, of those that the extension supports. No system
# cluster is created for it.
set -euo pipefail

die() {
    printf '%s\n' "$0: $*" >&2
    exit 1
}

pg_config=${PG_CONFIG:-pg_config}
[ -z "${PG_CONFIG:-}" ] || command -v "$pg_config" >/dev/null || die "$pg_config is not there"
version=$("$pg_config" --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/') || true

# the packages that are missing; VERSION stands for the version where there is no PostgreSQL yet
missing() {
    command -v make >/dev/null || echo make
    echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || printf '%s\n' gcc libc6-dev
    postgresql_has --bindir /postgres || echo "postgresql-${version:-VERSION}"
    postgresql_has --pgxs || echo "postgresql-server-dev-${version:-VERSION}"
    postgresql_has --sharedir /extension/pgtap.control || echo "postgresql-${version:-VERSION}-pgtap"
    command -v pg_prove >/dev/null || echo libtap-parser-sourcehandler-pgtap-perl
}

postgresql_has() {
    [ -n "$version" ] && [ -e "$("$pg_config" "$1")${2:-}" ]
}

newest() {
    apt-cache pkgnames postgresql-1 | grep -xE 'postgresql-1[5-8]' | sort --version-sort | tail -n 1 | grep -oE '[0-9]+'
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" </dev/null
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

mapfile -t packages <<< "$(missing)"
[ -n "${packages[*]}" ] || exit 0

command -v apt-get >/dev/null || die "missing, and there is no apt-get to install it with: ${packages[*]}"
version=${version:-$(newest || true)}
if [ -z "$version" ] && [ "$EUID" = 0 ]; then
    apt-get update
    version=$(newest) || die "apt has no PostgreSQL of 15 to 18"
fi
packages=("${packages[@]//VERSION/${version:-15}}")
[ "$EUID" = 0 ] || die "missing. As root: apt-get update && apt-get install ${packages[*]}"
create_no_cluster
install "${packages[@]}" || { apt-get update && install "${packages[@]}"; }
mapfile -t packages <<< "$(missing)"
[ -z "${packages[*]}" ] || die "still missing for the PostgreSQL of $pg_config: ${packages[*]}"
