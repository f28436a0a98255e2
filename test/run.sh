#!/usr/bin/env bash
# test/run.sh: builds with every warning an error, installs, and runs all tests on a server of its own: pg_regress,
# isolation, the real schemas, pgTAP. All are run even when some fail; then it fails.
#
# Assumes what test/setup.sh installs. Whoever may not install into the PostgreSQL of $PG_CONFIG (default pg_config)
# gets a private copy of it, as test/with-server.sh says. The tests find the real schemas, which are optional, by
# JUNCTION_SCHEMAS, and skip them without.
set -euo pipefail
cd "$(dirname "$0")/.."

unset MAKEFLAGS MFLAGS
export PG_CONFIG=${PG_CONFIG:-pg_config}
JUNCTION_SCHEMAS=$(realpath --canonicalize-missing "${JUNCTION_SCHEMAS:-../shared/schemas}")
export JUNCTION_SCHEMAS

echo "== junction on $("$PG_CONFIG" --version): this takes some nine minutes"
make --silent clean
make --silent --jobs "$(nproc)" COPT='-Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare'

# shellcheck disable=SC2016 # the inner bash expands them
exec test/with-server.sh bash -euc '
    failed=
    make --silent install
    if ! make --silent installcheck; then
        failed=installcheck
        for differences in regression.diffs output_iso/regression.diffs; do
            [ ! -f "$differences" ] || cat "$differences"
        done
    fi
    make --silent pgtap || failed+=" pgtap"
    [ -z "$failed" ] || { echo "== FAILED on $("$PG_CONFIG" --version): $failed"; exit 1; }'
