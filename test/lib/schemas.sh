# shellcheck shell=bash
# test/lib/schemas.sh, for programs to source: the schemas of public projects, files NAME.sql of the folder that
# $JUNCTION_SCHEMAS names. They are optional: without them, the program is skipped.

# shellcheck source=../lib/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"
# shellcheck source=../lib/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

export PGOPTIONS='-c client_min_messages=warning'
export JUNCTION_SCHEMAS=${JUNCTION_SCHEMAS:-../../../shared/schemas}
[ -d "$JUNCTION_SCHEMAS" ] || skip_all "this takes optional data, schemas of public projects, and JUNCTION_SCHEMAS names no folder of it: $JUNCTION_SCHEMAS"

load() {                                                # load DATABASE FILE: a fresh one, with the extension
    fresh_database "$1" && sql "$1" --file "$2" > /dev/null && sql "$1" --command 'CREATE EXTENSION junction'
}
