#!/usr/bin/env bash
# test/minor.sh: builds the extension against the oldest minor version of PostgreSQL's headers that apt has, and runs pg_regress
# and the isolation tests with it on the server that is installed. PostgreSQL keeps its ABI within a major version; this sees
# that the extension asks for no more. Where apt has one minor version alone, this says so and ends well.
#
# Assumes Debian, apt's lists, and what test/setup.sh installs. The packages are only downloaded and unpacked.
set -euo pipefail
cd "$(dirname "$0")"
. lib/work.sh

unset MAKEFLAGS MFLAGS
pg_config=${PG_CONFIG:-pg_config}
installed=$("$pg_config" --version)
major=${installed#*PostgreSQL }
major=${major%%[!0-9]*}
package=postgresql-server-dev-$major
oldest=$(apt-cache madison "$package" | awk '{ print $3 }' | sort --version-sort | head -n 1)
if [ -z "$oldest" ] || [[ "$installed " == *" ${oldest%%-*} "* ]]; then
    echo "*** apt has no PostgreSQL $major older than $installed: NOT TESTED on another minor version ***"
    exit 0
fi

# pg_config finds its folders by the path from itself, so that of the unpacked package leads to the unpacked headers
mkdir "$work/packages" "$work/old"
(cd "$work/packages" && apt-get download "$package=$oldest" "postgresql-client-$major=$oldest")
for file in "$work"/packages/*.deb; do
    dpkg-deb --extract "$file" "$work/old"
done
old=$work/old/usr/lib/postgresql/$major/bin/pg_config
[[ "$("$old" --includedir-server)" == "$work"/* ]] || { echo "$0: $old does not lead to its own headers" >&2; exit 1; }

copy_project "$work/project"
chmod -R a+rX "$work"
cd "$work/project"
echo "== built against $("$old" --version), run on $installed"
make --silent --jobs "$(nproc)" with_llvm=no PG_CONFIG="$old" COPT='-Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare'
# what is built is newer than its source, so make installs it as it is
before=$(cksum junction.so)
# shellcheck disable=SC2016 # the inner bash expands them
test/with-server.sh bash -euc 'make --silent install with_llvm=no; make --silent installcheck with_llvm=no' ||
    { cat regression.diffs output_iso/regression.diffs 2>/dev/null; exit 1; }
[ "$before" = "$(cksum junction.so)" ] || { echo "$0: it was built again, against the headers of $installed" >&2; exit 1; }
