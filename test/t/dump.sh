#!/usr/bin/env bash
# test/t/dump.sh: what a promotion leaves in the catalogs outlives pg_dump and satisfies pg_amcheck; and the extension
# comes and goes at the word of an ordinary database owner, without harm to tables. Prints TAP.
#
# Needs a server, where PGHOST, PGPORT and PGUSER say, and a superuser. Makes three databases and two roles there,
# junction_dump* and regress_junction_dump*, and drops them in the end.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

owner=regress_junction_dump
stranger=regress_junction_dump_stranger

sql_as() {                                              # sql_as ROLE DATABASE [ARGUMENT...]
    sql "$2" --username "$1" "${@:3}"
}

clean() {
    PGOPTIONS='-c client_min_messages=error' sql postgres <<END
DROP DATABASE IF EXISTS junction_dump;
DROP DATABASE IF EXISTS junction_dump_restored;
DROP DATABASE IF EXISTS junction_dump_empty;
DROP ROLE IF EXISTS $owner, $stranger;
END
}

fails_with() {                                          # fails_with NAME SQLSTATE ROLE DATABASE STATEMENT
    local output
    output=$(sql_as "$3" "$4" --set VERBOSITY=sqlstate --command "$5" 2>&1 < /dev/null) || true
    is "$1" "$output" "ERROR:  $2"
}

clean
sql postgres <<END
CREATE ROLE $owner LOGIN;
CREATE ROLE $stranger LOGIN;
CREATE DATABASE junction_dump OWNER $owner TEMPLATE template0;
CREATE DATABASE junction_dump_restored OWNER $owner TEMPLATE template0;
CREATE DATABASE junction_dump_empty OWNER $owner TEMPLATE template0;
END

#
# The extension is trusted: who owns the database may have it, others not
#
works "a database owner creates the extension" sql_as "$owner" junction_dump -c 'CREATE EXTENSION junction'
fails_with "one who owns nothing does not" 42501 "$stranger" junction_dump_empty 'CREATE EXTENSION junction'
is "its objects are not the owner's to change" \
    "$(sql_as "$owner" junction_dump -c "SELECT count(*) > 0, bool_or(pg_get_userbyid(proowner) = '$owner') FROM pg_proc WHERE pronamespace = 'junction'::regnamespace")" \
    "t|f"

#
# A promoted junction with all that hangs on it, and a partitioned one
#
sql_as "$owner" junction_dump > /dev/null <<'END'
SET client_min_messages = warning;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 100);
INSERT INTO orgs SELECT generate_series(1, 20);

SELECT junction.create('users', 'orgs', 'user_orgs');
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs;
CREATE TABLE badges (
    user_id int, org_id int,
    FOREIGN KEY (user_id, org_id) REFERENCES user_orgs
);
INSERT INTO badges VALUES (1, 1), (2, 2);
CREATE VIEW pairs AS SELECT user_id, org_id, count(*) FROM user_orgs GROUP BY user_id, org_id;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER nothing AFTER INSERT ON user_orgs FOR EACH STATEMENT EXECUTE FUNCTION nothing();
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY;
CREATE POLICY first ON user_orgs TO regress_junction_dump_stranger USING (org_id = 1);
GRANT SELECT (user_id), DELETE ON user_orgs TO regress_junction_dump_stranger;
COMMENT ON TABLE user_orgs IS 'who is where';
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'once each';
COMMENT ON INDEX user_orgs_org_id_idx IS 'the way back';
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_pkey;
ALTER TABLE user_orgs CLUSTER ON user_orgs_pkey;
SELECT junction.promote('user_orgs', 'memberships', array['role text NOT NULL DEFAULT ''member''']);

CREATE TABLE "Links" (
    user_id int REFERENCES users, org_id int REFERENCES orgs,
    PRIMARY KEY (user_id, org_id) DEFERRABLE
) PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF "Links" FOR VALUES FROM (0) TO (50) PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
CREATE TABLE links_2 (org_id int NOT NULL, user_id int NOT NULL, CONSTRAINT own_key PRIMARY KEY (user_id, org_id) DEFERRABLE);
ALTER TABLE "Links" ATTACH PARTITION links_2 FOR VALUES FROM (50) TO (1000);
INSERT INTO "Links" SELECT users.id, orgs.id FROM users, orgs;
SELECT junction.promote('"Links"', primary_key => '{id,user_id,org_id}', unique_name => 'The "pair"; --');

CREATE TABLE pairings (a_id int REFERENCES users, b_id int REFERENCES users, PRIMARY KEY (a_id, b_id));
INSERT INTO pairings VALUES (1, 2), (2, 1);
SELECT junction.promote('pairings', 'marriages', keep_old_name => true);
SELECT junction.demote('marriages', 'pairings');

CREATE TABLE stopped (a_id int REFERENCES users, b_id int REFERENCES users, PRIMARY KEY (a_id, b_id));
INSERT INTO stopped VALUES (1, 2), (2, 1);
SELECT statement FROM junction.promote('stopped', 'started', concurrently => true, dry_run => true) WHERE step <= 3 \gexec

CREATE TABLE points (id uuid DEFAULT junction.uuidv7() PRIMARY KEY);
INSERT INTO points DEFAULT VALUES;
END

#
# Dumped, restored and dumped again, it is the same
#
dump junction_dump > "$work/first"
works "a dump restores, as the owner" sql_as "$owner" junction_dump_restored --file "$work/first"
dump junction_dump_restored > "$work/second"
works "the dump of what was restored is the same" diff "$work/first" "$work/second"
for pair in 'memberships_user_id_org_id_unique UNIQUE (user_id, org_id)' '"The ""pair""; --" UNIQUE (user_id, org_id) DEFERRABLE'; do
    works "the dump has $pair" grep --fixed-strings --quiet "ADD CONSTRAINT $pair;" "$work/first"
done
works "the dump has the key of what was demoted" grep --fixed-strings --quiet 'ADD CONSTRAINT pairings_pkey PRIMARY KEY (a_id, b_id);' "$work/first"
is "and no pair of a promoted one as a primary key" "$(grep --count 'PRIMARY KEY (user_id, org_id)' "$work/first" || true)" 0
is "the pairs are restored as UNIQUE, in every partition" \
    "$(sql_as "$owner" junction_dump_restored -c "
        SELECT string_agg(concat_ws(' ', conrelid::regclass, contype), ', ' ORDER BY conrelid::regclass::text COLLATE \"C\") FROM pg_constraint
        WHERE pg_get_constraintdef(oid) LIKE 'UNIQUE (user_id, org_id)%'")" \
    '"Links" u, links_1 u, links_1_1 u, links_2 u, memberships u'
fails_with "there a pair is unique" 23505 "$owner" junction_dump_restored 'INSERT INTO memberships (user_id, org_id) VALUES (1, 1)'
fails_with "there what points at a pair holds it" 23503 "$owner" junction_dump_restored \
    'DELETE FROM memberships WHERE (user_id, org_id) = (1, 1)'
fails_with "there a pair must exist to be pointed at" 23503 "$owner" junction_dump_restored 'INSERT INTO badges VALUES (1, 99)'

# a promotion that is under way goes on where it was restored, or is undone there
works "a promotion that was stopped is undone where it was restored" \
    sql_as "$owner" junction_dump_restored -c "BEGIN; SELECT junction.demote('stopped'); SELECT a_id, b_id FROM stopped; ROLLBACK"
works "or goes on there" sql_as "$owner" junction_dump_restored -c "CALL junction.promote_concurrently('stopped', 'started')"
is "and has kept the ids that it had given" \
    "$(sql_as "$owner" junction_dump_restored -c 'SELECT id FROM started ORDER BY a_id')" \
    "$(sql_as "$owner" junction_dump -c 'SELECT id FROM stopped ORDER BY a_id')"

for database in junction_dump junction_dump_restored; do
    is "the catalogs are sound in $database" "$(sql "$database" --file ../lib/invariants.sql 2>&1)" ""
done

#
# pg_amcheck finds nothing wrong with heaps and indexes
#
if has_amcheck; then
    for database in junction_dump junction_dump_restored; do
        works "pg_amcheck has nothing to say of $database" \
            amcheck --database "$database" --schema public
        is "and says nothing" "$(cat "$work/output")" ""
    done
else
    report 0 "pg_amcheck # SKIP the server has no amcheck"
fi

#
# DROP EXTENSION: not while a column needs it, else without a trace in the tables
#
fails_with "it stays while a default needs uuidv7()" 2BP01 "$owner" junction_dump 'DROP EXTENSION junction'
sql_as "$owner" junction_dump <<'END'
ALTER TABLE points ALTER id DROP DEFAULT;
ALTER TABLE stopped ALTER id DROP DEFAULT;
ALTER TABLE memberships ALTER id DROP DEFAULT;
ALTER TABLE "Links" ALTER id DROP DEFAULT;
ALTER TABLE links_1 ALTER id DROP DEFAULT;
ALTER TABLE links_1_1 ALTER id DROP DEFAULT;
ALTER TABLE links_2 ALTER id DROP DEFAULT;
END
dump junction_dump --schema public > "$work/before"
works "the owner drops the extension" sql_as "$owner" junction_dump -c 'DROP EXTENSION junction'
dump junction_dump --schema public > "$work/after"
works "the tables are as they were" diff "$work/before" "$work/after"
left="SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = to_regnamespace('junction')"
is "nothing is left in its schema" "$(sql_as "$owner" junction_dump -c "$left")" 0
works "and it can be created again" sql_as "$owner" junction_dump -c 'CREATE EXTENSION junction'

works "with CASCADE it goes too" env PGOPTIONS='-c client_min_messages=warning' \
    psql --no-psqlrc --quiet --username "$owner" --dbname junction_dump_restored --set ON_ERROR_STOP=1 -c 'DROP EXTENSION junction CASCADE'
is "and takes a default with it, but no column and no row" \
    "$(sql_as "$owner" junction_dump_restored -c 'SELECT count(id) FROM points UNION ALL SELECT count(id) FROM memberships UNION ALL SELECT count(id) FROM "Links"' | paste -sd' ')" \
    "1 2000 2000"
is "and no default of another's" \
    "$(sql_as "$owner" junction_dump_restored -c "SELECT count(*) FROM pg_attrdef WHERE adrelid = 'points'::regclass UNION ALL SELECT count(*) FROM pg_attrdef WHERE adrelid = 'memberships'::regclass AND pg_get_expr(adbin, adrelid) = 'now()'" | paste -sd' ')" \
    "0 2"

done_testing
