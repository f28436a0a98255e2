#!/usr/bin/env bash
# test/demo/demo.sh: builds, installs, and tells the story of test/demo/demo.sql on a server of its own.
#
# Assumes what test/setup.sh installs. Whoever may not install into the PostgreSQL of $PG_CONFIG (default pg_config)
# gets a private copy of it, as test/with-server.sh says. The errors in the story are part of it; any other ends it.
set -euo pipefail
cd "$(dirname "$0")/../.."

unset MAKEFLAGS MFLAGS
export PG_CONFIG=${PG_CONFIG:-pg_config}
make --silent --jobs "$(nproc)"
export PSQLRC=/dev/null
test/with-server.sh bash -euc 'make --silent install </dev/null; psql --quiet' < test/demo/demo.sql 2>&1
