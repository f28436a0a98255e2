#!/usr/bin/env bash
# test/t/dist.sh: "make dist" makes the zip that is uploaded to PGXN. What is in it is valid, builds, installs into a copy of
# PostgreSQL that has no junction, and works there. Prints TAP; skipped where there is no git repository, or no unzip.
#
# Starts a server of its own, of a private copy of the installation that $PG_CONFIG (default pg_config) belongs to. Tests
# the last commit, not what has been changed since.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
# shellcheck source=../lib/tap.sh
. ../lib/tap.sh

git -C ../.. rev-parse --verify --quiet HEAD > /dev/null 2>&1 || skip_all "no git repository"
command -v unzip > /dev/null || skip_all "no unzip"
export JUNCTION_PRIVATE_COPY=1
own_server "$@"
root=$(realpath ../..)
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$root/junction.control")
tree=$work/junction-$version

# like make installcheck, not with what the environment of another make says
unset MAKEFLAGS MFLAGS MAKELEVEL

is "there is no junction yet" "$(sql postgres --command "SELECT count(*) FROM pg_available_extensions WHERE name = 'junction'")" 0
works "make dist" make --silent --directory "$root" dist DISTRIBUTION="$work/dist.zip"
works "it is a zip, with one folder" unzip -q "$work/dist.zip" -d "$work"
is "of the version's name" "$(cd "$work" && echo junction-*)" "junction-$version"
is "with every file of the commit" "$(cd "$tree" && find . -type f | sort)" "$(git -C "$root" ls-tree -r --name-only HEAD | sed 's|^|./|' | sort)"
holds "PGXN takes its META.json" "$(perl "$root/test/lib/pgxn_meta.pl" "$tree/META.json" 2>&1)"
if command -v validate_pgxn_meta > /dev/null; then
    works "and so says PGXN's own program" validate_pgxn_meta "$tree/META.json"
else
    echo "# no validate_pgxn_meta: PGXN's own program is not asked"
fi
is "the changelog has the version" "$(grep -cE "^## \[?$version" "$tree/CHANGELOG.md")" 1
# without optimization and bitcode: this is no test of the compiler
works "it builds" make --silent --directory "$tree" with_llvm=no COPT=-O0
works "it installs" make --silent --directory "$tree" with_llvm=no install
is "a server without the program finds it" "$(sql postgres --command "SELECT version FROM pg_available_extension_versions WHERE name = 'junction'")" "$version"
is "and it works" "$(sql postgres <<'END'
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('invoices', 'tags');
SELECT kind FROM junction.junctions;
END
)" "$(printf '2\npure')"
done_testing
