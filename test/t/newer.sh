#!/usr/bin/env bash
# test/t/newer.sh: what later versions of PostgreSQL brought. 18: keys WITHOUT OVERLAPS and foreign keys with PERIOD, which
# make a junction temporal, and extensions in a folder of their own. 19: REPACK (CONCURRENTLY), beside which a concurrent
# promotion waits, or fills rows. Prints TAP.
#
# Needs a server on this machine, where PGHOST, PGPORT and PGUSER say, and a superuser; and the extension as it was built.
# Makes the database junction_newer.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

database=junction_newer
version=$(sql postgres --command 'SHOW server_version_num')
[ "$version" -ge 180000 ] || skip_all "PostgreSQL $((version / 10000)) has none of it"

clean() {
    dropdb --if-exists --force "$database"
}

fresh_database "$database"
sql "$database" <<'END'
CREATE EXTENSION btree_gist;
CREATE EXTENSION junction;
CREATE TABLE people (id int, valid_at daterange, PRIMARY KEY (id, valid_at WITHOUT OVERLAPS));
CREATE TABLE teams (id int, valid_at daterange, PRIMARY KEY (id, valid_at WITHOUT OVERLAPS));
CREATE TABLE team_people (person_id int, team_id int, valid_at daterange,
    FOREIGN KEY (person_id, PERIOD valid_at) REFERENCES people (id, PERIOD valid_at),
    FOREIGN KEY (team_id, PERIOD valid_at) REFERENCES teams (id, PERIOD valid_at),
    PRIMARY KEY (person_id, team_id, valid_at WITHOUT OVERLAPS));
-- a pair key, beside which the period is a payload
CREATE TABLE team_leads (person_id int, team_id int, valid_at daterange NOT NULL,
    FOREIGN KEY (person_id, PERIOD valid_at) REFERENCES people (id, PERIOD valid_at),
    FOREIGN KEY (team_id, PERIOD valid_at) REFERENCES teams (id, PERIOD valid_at),
    PRIMARY KEY (team_id, person_id));
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE user_orgs (user_id int NOT NULL REFERENCES users ON DELETE CASCADE, org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    valid_at datemultirange NOT NULL, UNIQUE (org_id, user_id, valid_at WITHOUT OVERLAPS));
END

is "kinds, ends and what serves them" "$(sql "$database" --command \
    'SELECT junction, kind, endpoints, served_by FROM junction.junctions ORDER BY junction::text')" \
    'team_leads|payload|{team_id,person_id}|{team_leads_pkey,NULL}
team_people|temporal|{person_id,team_id}|{team_people_pkey,NULL}
user_orgs|temporal|{org_id,user_id}|{user_orgs_org_id_user_id_valid_at_key,NULL}'
is "findings: no cascade is asked of PERIOD, and no tenant is seen in it" "$(sql "$database" --command \
    'SELECT junction, rule, columns FROM junction.report() ORDER BY junction::text, rule')" \
    'team_leads|half_indexed|{person_id}
team_leads|promotion_due|{valid_at}
team_people|half_indexed|{team_id}
user_orgs|half_indexed|{user_id}'
is "every probe holds" "$(sql "$database" --command "SELECT DISTINCT outcome FROM junction.junctions, junction.probe(junction)")" held
is "a second row at the same time is what is tried" "$(sql "$database" --command \
    "SELECT detail FROM junction.probe('team_people') WHERE probe = 'duplicate_pair'")" \
    'conflicting key value violates exclusion constraint "team_people_pkey"'

refusal() {                                             # refusal STATEMENT: its SQLSTATE
    sql "$database" --set VERBOSITY=sqlstate --command "$1" 2>&1 || true
}
is "promote refuses a temporal key: 42809" "$(refusal "SELECT junction.promote('team_people')")" 'ERROR:  42809'
is "promote_concurrently too" "$(refusal "CALL junction.promote_concurrently('user_orgs')")" 'ERROR:  42809'
is "create refuses a temporal parent: 55000" "$(refusal "SELECT junction.create('people', 'orgs')")" 'ERROR:  55000'

# the key in place, and a promotion beside PERIOD, and back
shape() {
    sql "$database" --command "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = ANY ('{$1}'::regclass[]) ORDER BY conname"
}
before=$(shape team_people,team_leads)
works "a temporal key is demoted in place" sql "$database" --command "SELECT junction.primary_to_unique('team_people', 'team_people_key')"
is "to a UNIQUE that says so" "$(shape team_people | grep team_people_key)" \
    'team_people_key|UNIQUE (person_id, team_id, valid_at WITHOUT OVERLAPS)'
works "and is primary again" sql "$database" --command "SELECT junction.unique_to_primary('team_people', 'team_people_pkey')"
works "a pair key beside PERIOD is promoted" sql "$database" --command "SELECT junction.promote('team_leads', 'leaderships')"
works "and demoted" sql "$database" --command "SELECT junction.demote('leaderships', 'team_leads', discard_columns => true)"
is "all is as it was" "$(shape team_people,team_leads)" "$before"

# a NOT NULL that is NO INHERIT or NOT VALID, of which PostgreSQL makes no primary key, and a column that is not stored
sql "$database" <<'END'
CREATE TABLE weak_ids (id int PRIMARY KEY, user_id int NOT NULL NO INHERIT REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE, UNIQUE (user_id, org_id));
CREATE TABLE weak_keys (LIKE weak_ids, UNIQUE (user_id, org_id) DEFERRABLE, FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
    FOREIGN KEY (org_id) REFERENCES orgs ON DELETE CASCADE);
ALTER TABLE weak_keys DROP id, DROP CONSTRAINT weak_ids_user_id_not_null, ADD CONSTRAINT weak NOT NULL user_id NO INHERIT;
CREATE TABLE unvalidated (user_id int REFERENCES users ON DELETE CASCADE, org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    UNIQUE (user_id, org_id));
ALTER TABLE unvalidated ADD CONSTRAINT lax NOT NULL user_id NOT VALID;
CREATE TABLE virtual (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    twice int GENERATED ALWAYS AS (user_id * 2) VIRTUAL, PRIMARY KEY (user_id, org_id));
ALTER TABLE virtual ADD plain int, ADD CONSTRAINT lax NOT NULL plain NOT VALID;
END
advice() {                                              # advice STATEMENT: the hint of its refusal
    sql "$database" --command "$1" 2>&1 | sed -n 's/^HINT:  Use \(ALTER TABLE public.*\) first.$/\1/p'
}
inherit='ALTER TABLE public.weak_ids ALTER CONSTRAINT weak_ids_user_id_not_null INHERIT'
is "a dry run of demote refuses NO INHERIT, as demote does" "$(advice "SELECT junction.demote('weak_ids', 'weak_ids', dry_run => true)")" "$inherit"
is "no fix drops the id" "$(sql "$database" --command "SELECT rule FROM junction.report('weak_ids') WHERE rule = 'needless_surrogate' AND fix IS NULL")" \
    needless_surrogate
works "what it advises is done" sql "$database" --command "$inherit"
works "and the demotion" sql "$database" --command "SELECT junction.demote('weak_ids', 'weak_ids')"
works "a deferrable key becomes no primary key, but what can be" sql "$database" --command "SELECT junction.repair('weak_keys', '{deferrable_pair_key}')"
is "and says what is first" "$(sql "$database" --command "SELECT fix, substring(detail, 'First.*') FROM junction.report('weak_keys') WHERE rule = 'no_primary_key'")" \
    '|First the NOT NULL of (user_id) has to be inheritable: ALTER TABLE ... ALTER CONSTRAINT ... INHERIT.'
is "unique_to_primary too" "$(advice "SELECT junction.unique_to_primary('weak_keys', 'weak_pkey')")" 'ALTER TABLE public.weak_keys ALTER CONSTRAINT weak INHERIT'
works "a missing key is no fix either" sql "$database" --command 'ALTER TABLE weak_keys DROP CONSTRAINT weak_keys_user_id_org_id_key' \
    --command "DO \$\$ BEGIN ASSERT (SELECT fix IS NULL FROM junction.report('weak_keys') WHERE rule = 'missing_pair_key'); END \$\$"
echo "SELECT statement FROM junction.repair('unvalidated', '{nullable_endpoint}', concurrently => true, dry_run => true) \gexec" |
    sql "$database" > "$work/output"
is "a NOT NULL that is NOT VALID is validated by the rows" \
    "$(sql "$database" --command "SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'unvalidated'::regclass AND conname = 'lax'")" 'lax|t'
for call in "primary_key => '{id,twice}'" "columns => '{thrice int GENERATED ALWAYS AS (org_id * 3)}', primary_key => '{id,thrice}'"; do
    is "a primary key over a virtual column is refused: $call" "$(refusal "SELECT junction.promote('virtual', $call, dry_run => true)")" 'ERROR:  0A000'
done
is "and over one whose NOT NULL is NOT VALID" "$(refusal "SELECT junction.promote('virtual', primary_key => '{id,plain}', dry_run => true)")" 'ERROR:  55000'
sql "$database" --command 'DROP TABLE weak_ids, weak_keys, unvalidated, virtual'

# from a folder that is not PostgreSQL's; the server's owner may be another user
chmod a+rx "$work"
works "it is installed elsewhere" make --silent --directory ../.. install with_llvm=no DESTDIR="$work/elsewhere"
share=$work/elsewhere$("${PG_CONFIG:-pg_config}" --sharedir) libraries=$work/elsewhere$("${PG_CONFIG:-pg_config}" --pkglibdir)
elsewhere() {                                           # elsewhere LIBRARIES: makes the extension where there is none
    sql "$database" --set VERBOSITY=terse --command 'SET client_min_messages = warning' --command 'DROP EXTENSION IF EXISTS junction' \
        --command "SET extension_control_path = '$share'" --command "SET dynamic_library_path = '$1'" --command 'CREATE EXTENSION junction' \
        --command "SELECT kind FROM junction.junctions WHERE junction = 'team_people'::regclass" 2>&1 || true
}
is "its library is looked for where dynamic_library_path says" "$(elsewhere "$work")" \
    "ERROR:  could not access file \"junction\": No such file or directory"
is "and found there" "$(elsewhere "$libraries")" temporal
works "and again in PostgreSQL's folder" sql "$database" --command 'DROP EXTENSION junction' --command 'CREATE EXTENSION junction'

# a skip scan, which serves the end that the pair key does not lead with, where few values lead
sql "$database" --set ON_ERROR_STOP=1 > /dev/null <<'END'
CREATE TABLE skipped (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (org_id, user_id)) WITH (autovacuum_enabled = false);
INSERT INTO users SELECT generate_series(1, 1000);
INSERT INTO orgs SELECT generate_series(1, 12);
INSERT INTO skipped SELECT u, o FROM generate_series(1, 1000) AS u, generate_series(1, 12) AS o;
END
half_indexed() {                                        # what the report says of the end that no index serves
    sql "$database" --command "SELECT severity, columns, detail, fix FROM junction.report('skipped') WHERE rule = 'half_indexed'"
}
scans='|{user_id}|Deletes from users, and lookups by (user_id), scan all of skipped. If an ORM keeps the schema, declare the index there too, or its next sync takes it away again.|CREATE INDEX CONCURRENTLY ON public.skipped (user_id)'
is "a missing index is a warning, as nothing is known of the leading column" "$(half_indexed)" "warning$scans"
works "ANALYZE counts its values" sql "$database" --command 'ANALYZE skipped'
is "it is a notice, with the figure" "$(half_indexed)" \
    'notice|{user_id}|Deletes from users, and lookups by (user_id), can skip through skipped_pkey: its column org_id has only about 12 values. If an ORM keeps the schema, declare the index there too, or its next sync takes it away again.|CREATE INDEX CONCURRENTLY ON public.skipped (user_id)'
# shellcheck disable=SC2016 # SQL's
is "which is what the server does" "$(sql "$database" --command 'PREPARE deletes AS DELETE FROM ONLY skipped WHERE $1 OPERATOR(pg_catalog.=) user_id' \
    --command 'EXPLAIN (COSTS OFF) EXECUTE deletes (7)' | grep -c 'Index.*Scan.*skipped_pkey')" 1
sql "$database" --command 'ALTER TABLE skipped ALTER org_id SET (n_distinct = 101)' --command 'ANALYZE skipped'
is "a warning again, for more values than it pays to skip" "$(half_indexed)" "warning$scans"
sql "$database" --command 'ALTER TABLE skipped ALTER org_id RESET (n_distinct)' --command 'DELETE FROM skipped WHERE user_id > 500' --command 'ANALYZE skipped'
is "and in a small table, where few values mean nothing" "$(half_indexed)" "warning$scans"
sql "$database" --command 'DROP TABLE skipped' --command 'DELETE FROM users' --command 'DELETE FROM orgs'

if [ "$version" -lt 190000 ]; then
    done_testing
    exit
fi

# REPACK (CONCURRENTLY). It waits for the transaction that holds a row back, and keeps its lock meanwhile.
sql "$database" <<'END'
DROP TABLE user_orgs;
CREATE TABLE user_orgs (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id));
INSERT INTO users SELECT generate_series(1, 300);
INSERT INTO orgs SELECT generate_series(1, 100);
INSERT INTO user_orgs SELECT u.id, o.id FROM users u, orgs o ORDER BY o.id, u.id;
END
until_true() {                                          # until_true CONDITION: tried 200 times
    local i
    for ((i = 0; i < 200; i++)); do
        [ "$(sql "$database" --command "SELECT $1")" != t ] || return 0
        sleep 0.1
    done
    return 1
}
repacks="EXISTS (SELECT FROM pg_stat_progress_repack WHERE relid = 'user_orgs'::regclass)"
promotes="CALL junction.promote_concurrently('user_orgs', timestamps => false, max_wait => '60 s'"

mkfifo "$work/holder"
sql "$database" < "$work/holder" > /dev/null & holder=$!
exec 9> "$work/holder"
echo 'BEGIN; LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE; INSERT INTO users VALUES (0); INSERT INTO user_orgs VALUES (0, 1);' >&9
works "a transaction has a row" until_true "EXISTS (SELECT FROM pg_locks WHERE relation = 'user_orgs'::regclass AND mode = 'RowExclusiveLock')"
sql "$database" --command 'REPACK (CONCURRENTLY) user_orgs' > "$work/repack" 2>&1 & repack=$!
works "REPACK waits for it" until_true "$repacks"
sql "$database" --command "$promotes)" > "$work/promotion" 2>&1 & promotion=$!
works "the promotion says that it waits for REPACK" timeout 60 sh -c "until grep --quiet 'process [0-9]* (active, REPACK)' '$work/promotion'; do sleep 0.1; done"
echo 'COMMIT;' >&9
exec 9>&-
works "the transaction commits" wait "$holder"
works "REPACK ends" wait "$repack"
works "the promotion too" wait "$promotion"
is "every row has an id" "$(sql "$database" --command 'SELECT count(*), count(DISTINCT id) FROM user_orgs')" '30001|30001'

# and rows that REPACK moves while they are filled
works "back" sql "$database" --command "SELECT junction.demote('user_orgs', 'user_orgs')"
sql "$database" --command "$promotes, batch_size => 500, pause => '100 ms')" > "$work/promotion" 2>&1 & promotion=$!
works "rows are being filled" until_true '(SELECT count(id) > 0 FROM user_orgs)'
works "REPACK moves them meanwhile" sql "$database" --command 'REPACK (CONCURRENTLY) user_orgs'
works "the promotion ends" wait "$promotion"
is "every row has an id again" "$(sql "$database" --command 'SELECT count(*), count(DISTINCT id) FROM user_orgs')" '30001|30001'
is "it is an entity" "$(sql "$database" --command "SELECT kind FROM junction.junctions WHERE junction = 'user_orgs'::regclass")" entity

done_testing
