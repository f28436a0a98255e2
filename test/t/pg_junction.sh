#!/usr/bin/env bash
# test/t/pg_junction.sh: the client program, on files and on a database whose role may only read: what it finds is what the
# extension finds inside; it writes nothing, executes nothing of a file by psql or by a superuser, and leaves nothing behind.
# Prints TAP.
#
# Assumes a server that the PG* variables lead to, as a superuser, and that make install has installed the program beside the
# programs of $PG_CONFIG (default pg_config). As few calls as will do, as each makes a server.
set -euo pipefail
cd "$(dirname "$0")"

# shellcheck source=../lib/server.sh
. ../lib/server.sh
# shellcheck source=../lib/tap.sh
. ../lib/tap.sh

database=junction_client
program=$("${PG_CONFIG:-pg_config}" --bindir)/pg_junction
export PGOPTIONS='-c client_min_messages=warning' TMPDIR=$work
chmod 755 "$work"

# call ARGUMENT...: sets status; what it prints is in $work/out and $work/err
call() {
    "$program" "$@" > "$work/out" 2> "$work/err" < /dev/null && status=0 || status=$?
}

left_behind() {
    find "$work" -maxdepth 1 -name 'pg_junction.*'
}

# what the extension says inside, as the program prints it
inside() {
    sql "$database" <<'SQL'
SELECT '[' || string_agg(E'\n  ' || row_to_json(r)::text, ',') || E'\n]' FROM junction.report() AS r;
SQL
}

places() {
    sed -E 's/,"file":[^,]*,"line":[^,]*\}/}/' "$work/out"
}

fresh_database "$database"
cat > "$work/schema.sql" <<'SQL'
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
/* a ; in a comment, and
   a line */ CREATE TABLE user_orgs (
    user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id)
);
CREATE TABLE "Odd
::error name" (user_id int NOT NULL REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE grants (org_id int REFERENCES orgs ON DELETE CASCADE, user_id int REFERENCES users ON DELETE CASCADE, PRIMARY KEY (org_id, user_id));
COMMENT ON TABLE grants IS '@junction ignore half_indexed';
CREATE FUNCTION two() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;
CREATE FUNCTION body() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; /* ' */ END $body$;
CREATE TABLE likes (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE PUBLICATION junction_client FOR ALL TABLES WITH (publish = 'update, delete');
BEGIN;
SET LOCAL search_path = pg_catalog;
CREATE TABLE public.undone (a int);
ROLLBACK;
CREATE INDEX CONCURRENTLY ON grants (user_id);
SQL
cat > "$work/entity.sql" <<'SQL'
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE likes (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, id int PRIMARY KEY, role text, UNIQUE (user_id, org_id));
CREATE INDEX ON likes (org_id);
CREATE SCHEMA apart;
CREATE TABLE apart.likes (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SQL
sed 's/^CREATE INDEX CONCURRENTLY/CREATE INDEX/' "$work/schema.sql" | PGOPTIONS='-c client_min_messages=error' sql "$database"
# the planner's numbers are wrong, so that a rule has something to say
sql "$database" <<'SQL'
INSERT INTO users SELECT generate_series(1, 2000);
INSERT INTO orgs SELECT generate_series(1, 10);
-- what it sees is not to change on the way
ALTER TABLE user_orgs SET (autovacuum_enabled = false);
INSERT INTO user_orgs SELECT u.id, o.id FROM users u, orgs o;
ANALYZE;
ALTER TABLE user_orgs ALTER COLUMN user_id SET (n_distinct = 100);
ANALYZE user_orgs;
ALTER TABLE user_orgs ALTER COLUMN user_id RESET (n_distinct);
CREATE TABLE failed (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX failed_org_id_idx ON failed (org_id);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'failed_org_id_idx'::regclass;
DROP ROLE IF EXISTS junction_client_reader;
CREATE ROLE junction_client_reader LOGIN;
ALTER ROLE junction_client_reader SET default_transaction_read_only = on;
GRANT pg_read_all_data TO junction_client_reader;
SQL
ALL=$(dump "$database" | md5sum)

cat > "$work/services" <<END
[client]
host=$PGHOST
port=$PGPORT
dbname=$database
user=junction_client_reader
END

# a database, by a service, for a role that only reads
PGSERVICEFILE=$work/services PGSERVICE=client PGHOST='' PGPORT='' PGUSER='' PGDATABASE='' call report --format=json
from_database=$(places)
is "report without a severity ends with 0" "$status" 0
is "and tells nothing but what it has found" "$(grep -v 'found' "$work/err")" ''
call report --format=json "$work/schema.sql"
from_file=$(places)
is "the dump after is the dump before" "$(dump "$database" | md5sum)" "$ALL"
sql "$database" --command 'CREATE EXTENSION junction'
is "findings of a database are those of the extension inside" "$from_database" "$(inside)"
holds "row counts and statistics are carried over" "$(grep -q misjudged_endpoint <<< "$from_database" || echo "$from_database")"
holds "so is an index that is not valid" "$(grep -q invalid_index <<< "$from_database" || echo "$from_database")"
sql "$database" --command 'DROP TABLE failed' --command 'DELETE FROM pg_statistic' --command 'UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relnamespace = 2200'
is "findings of a file are those of the extension inside" "$from_file" "$(inside)"
sql "$database" --command 'DROP EXTENSION junction' --command 'DROP SCHEMA junction'

# GitHub: a name cannot end its line
(cd "$work" && exec "$program" check --format=github --severity=error schema.sql) > "$work/out" 2> "$work/err" && status=0 || status=$?
is "check ends with 1 if there are findings" "$status" 1
is "an annotation has its file and line" "$(head -n 1 "$work/out" | cut -d : -f 1-3)" \
    '::error file=schema.sql,line=9,title=junction%3A missing_pair_key'
holds "each line is an annotation" "$(grep -vE '^::error file=schema.sql,line=(9|15),title=' "$work/out")"
call check --rules=multiway "host=$PGHOST port=$PGPORT dbname=$database"
is "check ends with 0 if there are none" "$status$(cat "$work/out")" 0

# a plan for a table that is read and written: rows that can be run twice
call repair --junction=user_orgs --concurrently "postgresql:///$database?host=$PGHOST&port=$PGPORT"
is "a repair that blocks nobody ends with 0" "$status" 0
works "it runs where the extension is not" sql "$database" --file "$work/out"
works "and a second time" sql "$database" --file "$work/out"
is "the index is there then" "$(sql "$database" --command "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'user_orgs'::regclass AND indisvalid AND NOT indisprimary")" \
    user_orgs_org_id_idx

# a plan is SQL for a server without the extension
call promote --junction=user_orgs --name=memberships --columns='role text' --columns='note numeric(10, 2)' --no-timestamps \
    "postgresql:///$database?host=$PGHOST&port=$PGPORT"
is "a plan ends with 0" "$status" 0
works "it runs where the extension is not" sql "$database" --single-transaction --file "$work/out"
is "the table is an entity then" "$(sql "$database" --command "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'memberships'::regclass AND attnum > 0 AND NOT attisdropped")" \
    'user_id org_id id role note'

# the example of the README, in a shell as it is
example=$(sed -n '/^## pg_junction/,/^## With/p' ../../README.md)
block() {                                               # block LANGUAGE: the example's
    awk -v start="\`\`\`$1" '/^```sh$/ { now = 1 } $0 == "```" { on = 0 } on { print } now && $0 == start && !done++ { on = 1 }' <<< "$example"
}
is "README's example prints what README says" \
    "$(cd "$work" && PATH=$(dirname "$program"):$PATH bash -c "$(block sh)" 2> /dev/null | sed 's/ *$//')" "$(block text)"

# tables of one name: the schema tells which
call check "$work/entity.sql"
is "a finding has the schema that is not in the path" "$status $(sed -n 3p "$work/out" | cut -d '|' -f 3 | sed 's/^ //; s/ *$//')" \
    '1 apart.likes: no index of likes serves (org_id)'

# what was not made was not checked
cat > "$work/partly.sql" <<'END'
CREATE TABLE users (id int PRIMARY KEY, place tomorrow.point);
CREATE INDEX ON users USING gist (place);
ALTER TABLE users ADD CONSTRAINT fine CHECK (tomorrow.fine(place));
DO $$ BEGIN PERFORM cron.schedule('UNIQUE'); END $$;
CREATE TABLE users (id int PRIMARY KEY);
ALTER TABLE users ADD COLUMN home dawn.point;
END
call check "$work/partly.sql"
is "what has no part in a junction can be left out" "$status $(tail -n 1 "$work/err")" '0 pg_junction: found nothing'
for statement in 'CREATE TABLE user_friends (user_id int REFERENCES usrs, friend_id int REFERENCES users, PRIMARY KEY (user_id, friend_id));' \
    'ALTER TABLE users ADD CONSTRAINT users_boss_fkey FOREIGN KEY (boss_id) REFERENCES users;' '\i more.sql' '<<<<<<< HEAD' \
    'CREATE TABLE likes (user_id int'; do
    (cat "$work/partly.sql"; echo "$statement") > "$work/unmade.sql"
    call check "$work/unmade.sql"
    is "check ends with 2 where this is left out: ${statement:0:24}" "$status $(grep -c 'not all is checked.*unmade.sql:7:' "$work/err")" '2 1'
done
call check --incomplete "$work/unmade.sql"
is "and not if that is wanted" "$status" 0
call check "$work"
is "a folder is no database" "$status" 2
call check --file="$work"
is "nor is it a file without tables" "$status $(cat "$work/err")" "2 pg_junction: $work: Is a directory"

# trouble
call report --nonsense "$work/schema.sql"
is "an argument that is not there is trouble" "$status" 2
call measure --junction=user_orgs "$work/schema.sql"
is "and so is what counts rows" "$status" 2
# a plan of absorb has the number of links in it, and would fail where there are some
call absorb --source=users --columns=org_ids --parent=orgs "$work/schema.sql"
is "so is absorb" "$status $(cat "$work/err")" '2 pg_junction: absorb reads rows, and a schema has none: call it on the server itself'
call repair "$work/schema.sql"
is "an argument that is missing is named" "$status $(cat "$work/err")" '2 pg_junction: repair needs --junction=...'
call junctions --schema=public "$work/schema.sql"
is "an option that is for nothing is trouble" "$status $(cat "$work/err")" '2 pg_junction: junctions has no argument schema; it has none'
call check --rules= "$work/schema.sql"
is "no rule is not all of them, nor none" "$status $(cat "$work/err")" '2 pg_junction: --rules needs a value'
call check --rules bogus "$work/schema.sql"
is "the value of a rule may be a word of its own, and where an error is in our statements is not told" \
    "$status $(grep -v '^HINT' "$work/err")" '2 pg_junction: ERROR:  unknown rule "bogus"'
call demote --entity=likes "$work/entity.sql"
is "a plan that may lose data says so" "$status $(grep 'without rows' "$work/err")" \
    '0 pg_junction: the plan was made without rows; junction.demote itself refuses to drop columns that hold data'
call report nowhere
is "and a database that is not there" "$status" 2
is "trouble leaves nothing behind" "$(left_behind)" ''

# what is not here, and what must not be executed
cat > "$work/hostile.sql" <<END
\\! touch $work/canary-shell
\\copy (SELECT 1) TO PROGRAM 'touch $work/canary-copy'
CREATE EXTENSION postgis_of_tomorrow;
CREATE EXTENSION file_fdw;
CREATE TABLE documents (id int PRIMARY KEY DEFAULT tomorrow.next(), title text DEFAULT ';' CHECK (tomorrow.fine(title)), embedding tomorrow.vector(3) NOT NULL);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE document_tags (document_id int REFERENCES documents, tag_id int REFERENCES tags, PRIMARY KEY (document_id, tag_id));
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON documents TO somebody_else USING (true);
COPY tags FROM PROGRAM 'touch $work/canary-program';
COPY tags FROM stdin;
1
\\.
COPY tags TO '$work/canary-file';
CREATE FUNCTION system(text) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';
SELECT 'touch $work/canary-gexec' \\g | sh
SELECT 'x' AS "a
\\! touch $work/canary-quoted
";
CREATE FUNCTION escape() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER escape ON ddl_command_start EXECUTE FUNCTION escape();
SET SESSION AUTHORIZATION junction_superuser;
DO \$\$ BEGIN EXECUTE 'SET ROLE junction_superuser'; COPY tags TO PROGRAM 'touch $work/canary-role'; END \$\$;
SELECT pg_junction.create_role('x SUPERUSER'), pg_junction.create_role('pg_tomorrow');
DO \$\$ BEGIN PERFORM lo_import('/etc/passwd'); END \$\$;
ALTER SYSTEM SET archive_command = 'touch $work/canary-archive';
ALTER DATABASE postgres SET session_preload_libraries = 'nowhere';
CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE plpgsql AS \$\$ BEGIN COPY tags TO PROGRAM 'touch $work/canary-format'; RETURN ''; END \$\$;
ALTER DATABASE postgres SET search_path = public, pg_catalog;
CREATE OR REPLACE FUNCTION junction.report(relation regclass DEFAULT NULL) RETURNS SETOF junction.finding LANGUAGE sql AS 'SELECT NULL';
DROP EXTENSION junction;
DROP SCHEMA junction CASCADE;
CREATE DOMAIN public.text AS pg_catalog.text CHECK (false);
CREATE SUBSCRIPTION outside CONNECTION 'host=127.0.0.1' PUBLICATION p;
SELECT 1;
CREATE TABLE half_sent (id int) \\g
\\connect elsewhere
END
call report --format=json --rules=half_indexed --verbose "$work/hostile.sql"
is "the tables of a file with strange parts are read" "$status $(sql postgres --set said="$(cat "$work/out")" <<< "SELECT string_agg(e ->> 'junction', ' ') FROM json_array_elements(:'said') AS e")" \
    '0 document_tags'
is "nothing of it was executed outside" "$(find "$work" -maxdepth 1 -name 'canary-*')" ''
for part in 'hostile.sql:1: left out: \\! touch' 'postgis_of_tomorrow' 'file_fdw' 'no type tomorrow.vector' 'made without defaults.*documents' \
    'EVENT TRIGGER' 'FUNCTION system' 'PROGRAM' 'left out: CREATE TABLE half_sent \(id int\) \\g \(a command of psql\)'; do
    works "told: $part" grep -qE -- "$part" "$work/err"
done

# however it ends
for signal in INT TERM KILL; do
    "$program" report "$work/schema.sql" > "$work/out" 2>&1 < /dev/null &
    pid=$!
    for _ in {1..600}; do
        ! grep -qs '^ready' "$work"/pg_junction.*/data/postmaster.pid || break
        sleep 0.05
    done
    server=$(head -n 1 "$work"/pg_junction.*/data/postmaster.pid)
    kill -s "$signal" "$pid"
    wait "$pid" 2> "$work/waited" || true
    for _ in {1..600}; do
        [ -n "$(left_behind)" ] || break
        sleep 0.05
    done
    is "after SIG$signal the server is gone, and its folder" "$(left_behind)$(ps -o pid= -p "$server")" ''
done

dropdb "$database"
sql postgres --command 'DROP ROLE junction_client_reader'
done_testing
