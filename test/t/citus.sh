#!/usr/bin/env bash
# test/t/citus.sh: junction on a real cluster of Citus, of a coordinator and two workers: create, promote, demote, probe and
# the report in each layout, what they refuse, and what is left after a shard has moved. Prints TAP.
#
# Needs Citus where $PG_CONFIG's programs look for libraries, and junction installed there; no server. Where Citus is not
# there, nothing of this is tested, and it says so. Starts three servers on free ports of 127.0.0.1, in a folder of its own,
# and takes them away in the end.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

library=$("${PG_CONFIG:-pg_config}" --pkglibdir)
if [ ! -e "$library/citus.so" ]; then
    echo "# SKIPPED: Citus is not installed in $library. NOTHING that junction does on Citus is tested here." >&2
    skip_all "Citus is not installed in $library: what junction does there is NOT TESTED"
fi

nodes=(0 1 2)
clean() {
    for node in "${nodes[@]}"; do
        [ ! -e "$work/$node/postmaster.pid" ] || as_owner pg_ctl stop --pgdata "$work/$node" --silent --mode immediate || true
    done
}

is_free() {                                             # is_free PORT
    ! (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

port=$((20000 + RANDOM % 20000))
until is_free "$port" && is_free $((port + 1)) && is_free $((port + 2)); do
    port=$((port + 3))
done

[ "$EUID" != 0 ] || chown postgres "$work"
export PGHOST=127.0.0.1 PGUSER=postgres PGOPTIONS='-c client_min_messages=error'
for node in "${nodes[@]}"; do
    as_owner initdb --pgdata "$work/$node" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync > "$work/initdb"
    as_owner tee -a "$work/$node/postgresql.conf" > /dev/null <<END_OF_FILE
shared_preload_libraries = 'citus'
listen_addresses = '127.0.0.1'
port = $((port + node))
unix_socket_directories = '$work'
dynamic_shared_memory_type = mmap
wal_level = logical
fsync = off
max_prepared_transactions = 100
max_worker_processes = 24
citus.node_conninfo = 'sslmode=disable'
citus.enable_statistics_collection = off
citus.shard_count = 4
citus.max_adaptive_executor_pool_size = 2
END_OF_FILE
    as_owner pg_ctl start --pgdata "$work/$node" --silent --wait --log "$work/log$node" || { cat "$work/log$node" >&2; exit 1; }
    PGPORT=$((port + node)) sql postgres --command 'CREATE EXTENSION citus'
done
export PGPORT=$port

run() { sql postgres --command "$1"; }                  # run SQL
try() { run "$1" 2>&1 || true; }                        # try SQL: what psql says of it
gexec() { sql postgres <<< "$1 \gexec"; }               # gexec SQL: runs its rows, each by itself

run "SELECT citus_set_coordinator_host('127.0.0.1', $port)" > /dev/null
run "SELECT citus_add_node('127.0.0.1', $((port + 1))), citus_add_node('127.0.0.1', $((port + 2)))" > /dev/null
run 'CREATE EXTENSION junction'
is 'the extension is on all nodes' \
    "$(run "SELECT count(*) FROM run_command_on_all_nodes('SELECT extname FROM pg_extension WHERE extname = ''junction''') WHERE result = 'junction'")" 3

sql postgres > /dev/null <<'SQL'
-- shapes('links'): what the placements of a table have, one line if all have the same
CREATE FUNCTION shapes(relation regclass) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT result, E'\n') FROM run_command_on_placements(relation, $q$
        SELECT (SELECT string_agg(regexp_replace(conname, '_[0-9]+$', '') || ' ' || contype::text, ', ' ORDER BY conname)
                FROM pg_constraint WHERE conrelid = '%1$s'::regclass AND contype IN ('p', 'u', 'f'))
            || ': ' || (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = '%1$s'::regclass AND attnum > 0 AND NOT attisdropped)$q$) $$;
-- copies('links'): the number of different contents that the copies of its rows have, in the worst shard
CREATE FUNCTION copies(relation regclass) RETURNS bigint LANGUAGE sql AS $$
    SELECT max(n) FROM (SELECT count(DISTINCT result) AS n FROM run_command_on_placements(relation,
        'SELECT count(*) || md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM %s AS t') GROUP BY shardid) AS s $$;
CREATE FUNCTION refused(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE $1;
    RETURN 'no';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE TABLE accounts (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE plans (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE teams (id int PRIMARY KEY);
CREATE TABLE apart (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE labels (id int PRIMARY KEY);
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE topics (id int PRIMARY KEY);
SELECT create_distributed_table('accounts', 'tenant_id');
SELECT create_distributed_table('plans', 'tenant_id', colocate_with => 'accounts');
SELECT create_distributed_table('users', 'id');
SELECT create_distributed_table('teams', 'id', colocate_with => 'users');
SELECT create_distributed_table('apart', 'id', colocate_with => 'none');
SELECT create_reference_table('tags');
SELECT create_reference_table('labels');
SELECT create_distributed_table('people', 'id');
SELECT create_reference_table('topics');
SET citus.enable_schema_based_sharding = on;
CREATE SCHEMA tenant;
RESET citus.enable_schema_based_sharding;
CREATE TABLE tenant.invoices (id int PRIMARY KEY);
CREATE TABLE tenant.items (id int PRIMARY KEY);
INSERT INTO accounts SELECT t, i FROM generate_series(1, 5) AS t, generate_series(1, 20) AS i;
INSERT INTO plans SELECT t, i FROM generate_series(1, 5) AS t, generate_series(1, 10) AS i;
INSERT INTO users SELECT generate_series(1, 100);
INSERT INTO tags SELECT generate_series(1, 10);
INSERT INTO labels SELECT generate_series(1, 10);
INSERT INTO people SELECT generate_series(1, 1000);
INSERT INTO topics SELECT generate_series(1, 20);
INSERT INTO tenant.invoices SELECT generate_series(1, 10);
INSERT INTO tenant.items SELECT generate_series(1, 10);
SQL

# layout NAME LEFT RIGHT TABLE ENTITY KEY TYPE CREATE_ARGUMENTS: all of it, for one layout
layout() {
    local name=$1 left=$2 right=$3 table=$4 entity=$5 key=$6 type=$7 arguments=$8 before columns shape
    works "$name: create" run "SELECT junction.create('$left', '$right', '$table'$arguments)"
    is "$name: it is $type" "$(run "SELECT citus_table_type FROM citus_tables WHERE table_name = '$table'::regclass")" "$type"
    columns=$(run "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '$table'::regclass AND attnum > 0")
    # every third pair of the parents
    run "INSERT INTO $table SELECT $columns FROM (SELECT *, row_number() OVER () AS n FROM (SELECT ${9}) AS all_pairs) AS pairs WHERE n % 3 = 0" > /dev/null
    before=$(run "SELECT count(*) FROM $table")
    is "$name: each rule holds" \
        "$(run "SELECT string_agg(probe || ' ' || outcome, ', ') FROM junction.probe('$table') WHERE outcome <> 'held'")" ''
    shape=$(run "SELECT shapes('$table')")
    is "$name: its shards have the key" "$(grep -c '_pkey p' <<< "$shape")" 1
    if [ "$type" = distributed ]; then
        is "$name: a key without the distribution column is refused" "$(run "SELECT refused('SELECT junction.promote(''$table'')')")" 0A000
    fi
    works "$name: promote" run "SELECT junction.promote('$table', '${entity#*.}', columns => '{role text default ''member''}', primary_key => '$key')"
    is "$name: its shards have one shape" "$(run "SELECT shapes('$entity')" | wc -l)" 1
    is "$name: each row has an id" "$(run "SELECT count(DISTINCT id) || ' ' || count(role) || ' ' || count(created_at) FROM $entity")" "$before $before $before"
    is "$name: the copies of a row are alike" "$(run "SELECT copies('$entity')")" 1
    is "$name: each rule of the entity holds" \
        "$(run "SELECT string_agg(probe || ' ' || outcome, ', ') FROM junction.probe('$entity') WHERE outcome <> 'held'")" ''
    is "$name: nothing but fan_out and the name is reported" \
        "$(run "SELECT string_agg(DISTINCT rule, ', ') FROM junction.report('$entity') WHERE rule NOT IN ('fan_out', 'name')")" ''
    run "UPDATE $entity SET role = 'owner' WHERE id IS NOT NULL" > /dev/null
    is "$name: demote refuses to lose data" "$(run "SELECT refused('SELECT junction.demote(''$entity'', ''${table#*.}'')')")" 55000
    works "$name: demote" run "SELECT junction.demote('$entity', '${table#*.}', discard_columns => true)"
    is "$name: it is what it was" "$(run "SELECT shapes('$table')")" "$shape"
    is "$name: with its rows" "$(run "SELECT count(*) FROM $table")" "$before"
}

layout tenants accounts plans account_plans subscriptions '{tenant_id,id}' distributed \
    ", shared_columns => '{tenant_id}', left_columns => '{account_id}', right_columns => '{plan_id}'" \
    'a.tenant_id, a.id AS account_id, p.id AS plan_id FROM accounts AS a JOIN plans AS p USING (tenant_id)'
layout 'a distributed and a reference table' users tags user_tags taggings '{id,user_id}' distributed '' \
    'u.id AS user_id, t.id AS tag_id FROM users AS u, tags AS t'
layout 'a reference and a distributed table' tags users tag_users uses '{id,user_id}' distributed '' \
    't.id AS tag_id, u.id AS user_id FROM users AS u, tags AS t'
layout 'two reference tables' labels tags label_tags marks '{id}' reference '' \
    'l.id AS label_id, t.id AS tag_id FROM labels AS l, tags AS t'
layout "a tenant's schema" tenant.invoices tenant.items tenant.invoice_items tenant.lines '{id}' schema '' \
    'i.id AS invoice_id, t.id AS item_id FROM tenant.invoices AS i, tenant.items AS t'

# the statements of a dry run, each by itself
for arguments in "'users', 'tags', 'again'" "'labels', 'tags', 'once_more'" "'tenant.invoices', 'tenant.items', 'tenant.again'"; do
    run "SELECT statement || ';' FROM junction.create($arguments, dry_run => true)" > "$work/plan"
    works "the statements of create($arguments) can be run one by one" sql postgres --file "$work/plan"
done

# what nothing can link, and what would change one server alone
is 'create refuses a local table' "$(run "SELECT refused('SELECT junction.create(''users'', ''plain'')')")" 0A000
is 'create refuses two that are not co-located' "$(run "SELECT refused('SELECT junction.create(''users'', ''apart'')')")" 0A000
is 'create refuses two with two distribution columns' "$(run "SELECT refused('SELECT junction.create(''users'', ''teams'')')")" 0A000
is 'primary_to_unique is refused' "$(run "SELECT refused('SELECT junction.primary_to_unique(''user_tags'', ''x'')')")" 0A000
is 'promote_concurrently refuses copies' "$(try "CALL junction.promote_concurrently('label_tags')" | grep -c 'cannot be promoted concurrently')" 1
is 'and max_lag' "$(try "CALL junction.promote_concurrently('user_tags', primary_key => '{id,user_id}', max_lag => 1000)" | grep -c '"max_lag" cannot')" 1


#
# Concurrently: a client writes all the time, and the run is killed in each step that lasts, and called again
#
run "SELECT junction.create('people', 'topics', 'follows')" > /dev/null
run 'INSERT INTO follows SELECT p, t FROM generate_series(1, 1000) AS p, generate_series(1, 10) AS t' > /dev/null
sql postgres > /dev/null <<'SQL'
CREATE TABLE stop (stop int);
CREATE TABLE released (released int);
CREATE TABLE written (n int);
-- each time round, another link comes and another goes
CREATE PROCEDURE write_links() LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 0 .. 9999 LOOP
        EXIT WHEN EXISTS (SELECT FROM stop);
        INSERT INTO follows (person_id, topic_id) VALUES (n % 1000 + 1, 11 + n / 1000);
        DELETE FROM follows WHERE person_id = n % 1000 + 1 AND topic_id = 1 + n / 1000;
        INSERT INTO written VALUES (n);
        COMMIT;
    END LOOP;
END $$;
-- the links that there must be
CREATE VIEW expected AS
    (SELECT p AS person_id, t AS topic_id FROM generate_series(1, 1000) AS p, generate_series(1, 10) AS t
     EXCEPT SELECT n % 1000 + 1, 1 + n / 1000 FROM written)
    UNION ALL SELECT n % 1000 + 1, 11 + n / 1000 FROM written;
-- kills the run a while after it is in this step, and says in which it was then; 'not seen' after two minutes without it. It
-- commits all the time, as an index build waits for transactions
CREATE PROCEDURE kill_in(wanted text, delay float8, INOUT seen text = 'not seen') LANGUAGE plpgsql AS $$
DECLARE killed int;
BEGIN
    FOR i IN 1 .. 12000 LOOP
        IF EXISTS (SELECT FROM junction.progress WHERE step_name = wanted) THEN
            COMMIT;
            PERFORM pg_sleep(delay);
            SELECT pid, step_name INTO killed, seen FROM junction.progress;
            PERFORM pg_terminate_backend(killed, 10000);
            RETURN;
        END IF;
        COMMIT;
        PERFORM pg_sleep(0.01);
        COMMIT;
    END LOOP;
END $$;
SQL

# promote [ARGUMENTS]: the call, always the same; ARGUMENTS: more of them
promote() {
    run "CALL junction.promote_concurrently('follows', columns => array['note text default ''none'''], primary_key => '{person_id,id}',
        batch_size => 20, pause => '20 ms'${1:-})"
}

run 'CALL write_links()' > "$work/written" 2>&1 &
writer=$!
# run_killed STEP [DELAY]: calls it, and kills it in this step
run_killed() {
    promote > "$work/run" 2>&1 &
    runner=$!
    killed=$(run "CALL kill_in('$1', ${2:-0})")
    wait "$runner" || true
    grep -q '^FATAL:  terminating connection' "$work/run" || killed="nowhere: $(cat "$work/run")"
}
for step in fill validate build-index build-pair; do
    run_killed "$step"
    is "the run is killed in step $step" "$killed" "$step"
done
for delay in 0.1 0.2 0.4 0.8; do
    for step in build-index build-pair; do
        if [ "$(run "SELECT count(*) FROM pg_index WHERE indrelid = 'follows'::regclass AND indisvalid")" -lt 4 ]; then
            run_killed "$step" "$delay"
            echo "# killed $delay s after it was in $step, in ${killed:-none}"
        fi
    done
done
works 'it runs up to the last step' promote ', cut_over => false'
# this waits for a client that has the table locked, and is killed as it waits
sql postgres > /dev/null <<'SQL' &
BEGIN;
SELECT count(*) FROM follows;
DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM released) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$;
SQL
reader=$!
until [ "$(run "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^DO .*released'")" = 1 ]; do sleep 0.1; done
run_killed swap 1
run 'INSERT INTO released VALUES (1)' > /dev/null
is 'the last step is killed' "$killed" swap
wait "$reader"
is 'it is not promoted yet' "$(run "SELECT string_agg(attname, ', ') FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indrelid = 'follows'::regclass AND indisprimary")" 'person_id, topic_id'
works 'the same call ends it' promote
run 'INSERT INTO stop VALUES (1)' > /dev/null
works 'the client could write all the time' wait "$writer"
sed 's/^/# /' "$work/written"
run "SELECT '# ' || count(*) || ' times, it wrote' FROM written"
is 'no link is lost, and none is there that was deleted' "$(run 'SELECT count(*) FROM (
    (SELECT person_id, topic_id FROM follows EXCEPT TABLE expected) UNION ALL (TABLE expected EXCEPT SELECT person_id, topic_id FROM follows)) AS wrong')" 0
is 'each has an id of its own' "$(run 'SELECT count(*) = count(DISTINCT id) AND count(*) = count(created_at) FROM follows')" t
is 'the shards have one shape' "$(run "SELECT shapes('follows')" | sed 's/: .*//')" \
    'follows_person_id_fkey f, follows_person_id_topic_id_unique u, follows_pkey p, follows_topic_id_fkey f'
is 'and no index but these and that of the other end' \
    "$(run "SELECT DISTINCT result FROM run_command_on_placements('follows', 'SELECT count(*) FROM pg_index WHERE indrelid = ''%s''::regclass')")" 3
is 'each rule holds' "$(run "SELECT string_agg(probe || ' ' || outcome, ', ') FROM junction.probe('follows') WHERE outcome <> 'held'")" ''
works 'demote' run "SELECT junction.demote('follows', 'follows', discard_columns => true)"
is 'with its rows' "$(run 'SELECT count(*) FROM follows')" "$(run 'SELECT count(*) FROM expected')"

# paused, and gone on with, from another session
promote ', cut_over => false' > "$work/run.paused" 2>&1 &
runner=$!
until run "SELECT junction.pause('follows')" > /dev/null 2>&1 || ! kill -0 "$runner" 2> /dev/null; do sleep 0.1; done
until [ "$(run "SELECT count(*) FROM junction.progress WHERE pausing_for = 'junction.pause'")" = 1 ] ||
    ! kill -0 "$runner" 2> /dev/null; do sleep 0.1; done
works 'a run is paused, and resumed' run "SELECT junction.resume('follows')"
works 'it stops before the last step' wait "$runner"
works 'demote takes back what is begun' run "SELECT junction.demote('follows')"
is 'the table is what it was' "$(run "SELECT shapes('follows')")" \
    'follows_person_id_fkey f, follows_pkey p, follows_topic_id_fkey f: person_id, topic_id'
is 'without an index more' \
    "$(run "SELECT DISTINCT result FROM run_command_on_placements('follows', 'SELECT count(*) FROM pg_index WHERE indrelid = ''%s''::regclass')")" 2

# the statements of a dry run, each by itself
works 'the statements of a concurrent promotion can be run one by one' gexec \
    "SELECT statement FROM junction.promote('follows', 'interests', primary_key => '{person_id,id}', concurrently => true, dry_run => true)"
is 'and promote it' "$(run "SELECT shapes('interests')" | sed 's/: .*//')" \
    'follows_person_id_fkey f, follows_topic_id_fkey f, interests_person_id_topic_id_unique u, interests_pkey p'
is 'each row has an id' "$(run 'SELECT count(*) = count(DISTINCT id) FROM interests')" t

# shards that move while they are filled lose no id
run "SELECT junction.demote('interests', 'follows')" > /dev/null
promote > "$work/run.moved" 2>&1 &
runner=$!
until [ "$(run "SELECT count(*) FROM junction.progress WHERE step_name = 'fill' AND rows_done > 0")" = 1 ] ||
    ! kill -0 "$runner" 2> /dev/null; do sleep 0.1; done
for mode in force_logical block_writes; do
    works "a shard moves meanwhile ($mode)" run "SELECT citus_move_shard_placement(shardid, '127.0.0.1', nodeport, '127.0.0.1', ($((2 * port + 3)) - nodeport)::int, '$mode')
        FROM citus_shards WHERE table_name = 'follows'::regclass ORDER BY $([ "$mode" = block_writes ] || echo -)shardid LIMIT 1"
done
works 'the promotion goes on' wait "$runner"
is 'each row has an id' "$(run 'SELECT count(*) = count(DISTINCT id) FROM follows')" t
is 'the shards have one shape' "$(run "SELECT shapes('follows')" | sed 's/: .*//')" \
    'follows_person_id_fkey f, follows_person_id_topic_id_unique u, follows_pkey p, follows_topic_id_fkey f'

#
# Names as long as they can be: Citus cuts those of the shards' objects, and puts a hash into them
#
long=a_table_of_links_with_a_name_that_is_as_long_as_names_can_be_ok
longer=a_table_of_lines_with_a_name_that_is_as_long_as_names_can_be_ok
works 'long names: create' run "SELECT junction.create('users', 'tags', '$long')"
run "INSERT INTO $long SELECT u, t FROM generate_series(1, 20) AS u, generate_series(1, 5) AS t" > /dev/null
is 'its foreign keys begin alike in the shards' "$(run "SELECT DISTINCT result FROM run_command_on_placements('$long', \$q\$
    SELECT count(DISTINCT left(conname, 45)) || ' ' || count(*) FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype = 'f'\$q\$)")" '1 2'
is 'long names: each rule holds' "$(run "SELECT string_agg(probe || ' ' || outcome, ', ') FROM junction.probe('$long') WHERE outcome <> 'held'")" ''
works 'long names: promote' run "CALL junction.promote_concurrently('$long', '$longer', primary_key => '{user_id,id}')"
is 'long names: each rule of the entity holds' \
    "$(run "SELECT string_agg(probe || ' ' || outcome, ', ') FROM junction.probe('$longer') WHERE outcome <> 'held'")" ''
works 'long names: demote' run "SELECT junction.demote('$longer', '$long')"

#
# A table of another role: its shards are filled as that role
#
sql postgres > /dev/null <<'SQL'
CREATE ROLE app LOGIN;
GRANT ALL ON SCHEMA public TO app;
ALTER TABLE user_tags OWNER TO app;
ALTER TABLE users OWNER TO app;
ALTER TABLE tags OWNER TO app;
SQL
works "a superuser promotes it" run "CALL junction.promote_concurrently('user_tags', primary_key => '{user_id,id}')"
is 'each row has an id' "$(run 'SELECT count(*) = count(DISTINCT id) AND count(*) > 0 FROM user_tags')" t
works 'and demotes it' run "SELECT junction.demote('user_tags', 'user_tags')"
works 'its owner does' env PGUSER=app bash -c "psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname postgres \
    --command \"CALL junction.promote_concurrently('user_tags', primary_key => '{user_id,id}')\" --command \"SELECT junction.demote('user_tags', 'user_tags')\""

#
# The other verbs: what works, and what is refused before it has changed anything
#
sql postgres > /dev/null <<'SQL'
CREATE TABLE visits (user_id int, tag_id int, label_id int, PRIMARY KEY (user_id, tag_id, label_id));
SELECT create_distributed_table('visits', 'user_id', colocate_with => 'users');
ALTER TABLE visits ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE visits ADD FOREIGN KEY (tag_id) REFERENCES tags;
ALTER TABLE visits ADD FOREIGN KEY (label_id) REFERENCES labels;
INSERT INTO visits SELECT u, t, t FROM generate_series(1, 20) AS u, generate_series(1, 5) AS t;
CREATE TABLE seen (user_id int NOT NULL, tag_id int NOT NULL);
SELECT create_distributed_table('seen', 'user_id', colocate_with => 'users');
ALTER TABLE seen ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE seen ADD FOREIGN KEY (tag_id) REFERENCES tags;
INSERT INTO seen SELECT u, t FROM generate_series(1, 20) AS u, generate_series(1, 5) AS t;
INSERT INTO seen VALUES (1, 1);
SQL
is 'dependencies counts in all shards' \
    "$(run "SELECT string_agg(determinant::text || dependent::text || exceptions, ' ') FROM junction.dependencies('visits') WHERE determinant IN ('{tag_id}', '{user_id}')")" \
    '{user_id}{tag_id}20 {user_id}{label_id}20 {tag_id}{user_id}5 {tag_id}{label_id}0'
is 'measure counts in all shards' "$(run "SELECT string_agg(columns::text || ' ' || counted, ', ') FROM junction.measure('seen')")" '{user_id} 20, {tag_id} 5'
is 'rows in the way of a repair are found' "$(run "SELECT refused('SELECT junction.repair(''seen'', ''{missing_pair_key}'')')")" 23505
for call in "merge('tags', 1, ARRAY[2])" "merge('users', 1, ARRAY[2])" "deduplicate('seen')" "create_accessors('user_tags')" \
    "absorb('users', '{id}', 'tags')" "retire('users')" "split('visits')" "unique_to_primary('user_tags', 'x')"; do
    is "$call is refused" "$(run "SELECT refused(\$q\$SELECT junction.$call\$q\$)")" 0A000
done
run 'DELETE FROM seen WHERE user_id = 1' > /dev/null
works 'repair adds a key and an index' run "SELECT junction.repair('seen', '{missing_pair_key,half_indexed}')"
is 'to all shards' "$(run "SELECT DISTINCT result FROM run_command_on_placements('seen', 'SELECT count(*) FROM pg_index WHERE indrelid = ''%s''::regclass')")" 2
run 'DROP INDEX seen_tag_id_idx' > /dev/null
works 'so does repair_concurrently' run "CALL junction.repair_concurrently('seen')"
is 'to all shards' "$(run "SELECT DISTINCT result FROM run_command_on_placements('seen', 'SELECT count(*) FROM pg_index WHERE indrelid = ''%s''::regclass')")" 2

# what the report finds
run "CREATE TABLE local_links (tenant_id int, account_id int, plan_id int, PRIMARY KEY (tenant_id, account_id, plan_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts ON DELETE CASCADE, FOREIGN KEY (tenant_id, plan_id) REFERENCES plans ON DELETE CASCADE);
    CREATE INDEX ON local_links (tenant_id, plan_id)" > /dev/null
is 'a local junction of distributed tables is found' \
    "$(run "SELECT DISTINCT rule FROM junction.report('local_links') WHERE severity = 'error'")" local_beside_distributed
run "SELECT fix || ';' FROM junction.report('local_links') WHERE rule = 'local_beside_distributed' LIMIT 1" > "$work/fix"
works 'its fix can be run' sql postgres --file "$work/fix"
is 'and it is distributed then' "$(run "SELECT count(*) FROM junction.report('local_links') WHERE severity = 'error'")" 0
run "SELECT update_distributed_table_colocation('local_links', colocate_with => 'none')" > /dev/null
is 'lost co-location is found' "$(run "SELECT DISTINCT rule FROM junction.report('local_links') WHERE severity = 'error'")" not_colocated
run "SELECT fix || ';' FROM junction.report('local_links') WHERE rule = 'not_colocated' LIMIT 1" > "$work/fix"
works 'its fix can be run' sql postgres --file "$work/fix"
is 'and it is co-located then' "$(run "SELECT count(*) FROM junction.report('local_links') WHERE severity = 'error'")" 0
for node in "${nodes[@]}"; do
    is "no shard is reported on node $node" "$(PGPORT=$((port + node)) run "SELECT count(*) FROM junction.junctions WHERE junction::text ~ '_[0-9]{5,}\$'")" 0
done

# a shard that moves keeps its keys, though a guard is set everywhere that would refuse it
run 'DROP INDEX user_tags_tag_id_idx'
run 'ALTER DATABASE postgres SET junction.guard = error'
shape=$(run "SELECT shapes('user_tags')")
from=$(run "SELECT nodeport FROM citus_shards WHERE table_name = 'user_tags'::regclass ORDER BY shardid LIMIT 1")
works 'a shard moves' run "SELECT citus_move_shard_placement(shardid, '127.0.0.1', $from, '127.0.0.1', $((2 * port + 3 - from)), 'block_writes')
    FROM citus_shards WHERE table_name = 'user_tags'::regclass ORDER BY shardid LIMIT 1"
is 'and keeps its keys' "$(run "SELECT shapes('user_tags')")" "$shape"

done_testing
