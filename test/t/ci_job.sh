#!/usr/bin/env bash
# test/t/ci_job.sh: the job for CI of README.md, as it is written there, on a schema that is right and on two that are not.
# Prints TAP. Starts a server for each, as the job does, of a private copy of the installation if that may not be written.
#
# Assumes that junction is installed where $PG_CONFIG (default pg_config) says. As root, the job is run as postgres.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=../lib/server.sh
. ../lib/server.sh
# shellcheck source=../lib/tap.sh
. ../lib/tap.sh
unset PGHOST PGPORT PGDATABASE PGDATA PGOPTIONS PGUSER

perl -0777 -ne 'print $1 if /^```sh\n(#!\/bin\/sh\n# ci-junction\.sh.*?)^```$/ms' ../../README.md > "$work/ci-junction.sh"
cat > "$work/right.sql" <<'END'
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE invoice_tags (
    invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
    tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE,
    PRIMARY KEY (invoice_id, tag_id)
);
CREATE INDEX ON invoice_tags (tag_id);
END
# a rule of the report; and one that only a try shows: with the trigger no wrong row is refused, but dropped in silence
grep --invert-match INDEX "$work/right.sql" > "$work/half_indexed.sql"
{
    cat "$work/right.sql"
    cat <<'END'
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE DELETE ON invoice_tags FOR EACH ROW EXECUTE FUNCTION swallow();
END
} > "$work/swallowed.sql"
chmod -R a+rX "$work"

job() {                                                 # job SCHEMA
    PATH=$(dirname "$(command -v "${PG_CONFIG:-pg_config}")"):$PATH as_owner sh "$work/ci-junction.sh" "$work/$1.sql"
}

is "the job is on the page" "$(head -n 1 "$work/ci-junction.sh")" '#!/bin/sh'
if command -v shellcheck > /dev/null; then
    works "shellcheck finds nothing in it" shellcheck "$work/ci-junction.sh"
fi
works "it accepts a schema that is right" job right
works "it fails for a half-indexed one" eval '! job half_indexed'
is "and says what is wrong, and the fix" "$(grep -c 'CREATE INDEX' "$work/output")" 1
works "it fails where a probe does" eval '! job swallowed'
is "and says which, for both ends" "$(grep -c '^invoice_tags|' "$work/output")" 2
done_testing
