#!/usr/bin/env bash
# test/demo.sh: builds, installs, and tells the story of test/demo.sql on a server of its own.
#
# Assumes what test/setup.sh installs, and the right to write where $PG_CONFIG (default pg_config) installs. The errors
# in the story are part of it; any other ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

unset MAKEFLAGS MFLAGS
export PG_CONFIG=${PG_CONFIG:-pg_config}
make --silent --jobs "$(nproc)"
make --silent install
PSQLRC=/dev/null test/with-server.sh psql --quiet < test/demo.sql 2>&1
