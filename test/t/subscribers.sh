#!/usr/bin/env bash
# test/t/subscribers.sh: a published junction is promoted, and what junction.dependents says of its subscribers is what happens:
# by promote, whose rewrite is not decoded, and by promote_concurrently, whose fill is updates; at a subscriber that has the
# new columns, and at one that has not; with the replica identity that moves to the id, and with one that stays the pair.
# Then, on PostgreSQL 19, a publication FOR ALL TABLES EXCEPT the junction. Prints TAP.
#
# It starts a server of its own, as wal_level must be logical: what test/with-server.sh needs. Publisher and subscribers are
# databases there; a subscription's slot is created apart, since CREATE SUBSCRIPTION would wait for its own transaction.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh

export PGOPTIONS='-c client_min_messages=error'
publisher=junction_publisher

sql postgres --command "ALTER SYSTEM SET wal_level = logical" --command "ALTER SYSTEM SET wal_retrieve_retry_interval = '50ms'" \
    --command "ALTER SYSTEM SET max_replication_slots = 20" --command "ALTER SYSTEM SET max_wal_senders = 20" \
    --command "ALTER SYSTEM SET max_logical_replication_workers = 16" --command "ALTER SYSTEM SET max_worker_processes = 24"
restart fast

eventually() {                                          # eventually DATABASE CONDITION: waits until it is true, half a minute at most
    local end=$((SECONDS + 30))
    until [ "$(sql "$1" --command "SELECT $2" 2> "$work/eventually")" = t ]; do
        [ "$SECONDS" -lt "$end" ] || { echo "# never came true in $1: $2"; tail -5 "$JUNCTION_SERVER_LOG"; return 1; }
        sleep 0.05
    done
}

#
# Two tables for each verb, of which one keeps the pair as its replica identity; they keep their names, so that the name is in
# nothing's way. At the subscribers the pair is the key of each.
#
tables=(once once_kept online online_kept)
fresh_database "$publisher"
{
    echo 'CREATE EXTENSION junction;
        CREATE TABLE users (id int PRIMARY KEY);
        CREATE TABLE orgs (id int PRIMARY KEY);
        INSERT INTO users SELECT generate_series(1, 100);
        INSERT INTO orgs VALUES (1), (2);'
    for table in "${tables[@]}"; do
        echo "CREATE TABLE $table (user_id int REFERENCES users, org_id int REFERENCES orgs, note text, PRIMARY KEY (user_id, org_id));
            INSERT INTO $table SELECT id, 1, 'old' FROM users;
            CREATE PUBLICATION of_$table FOR TABLE $table;"
    done
    echo 'ALTER TABLE once_kept REPLICA IDENTITY USING INDEX once_kept_pkey;
        ALTER TABLE online_kept REPLICA IDENTITY USING INDEX online_kept_pkey;'
} | sql "$publisher"

new_columns="ADD id uuid, ADD created_at timestamptz, ADD updated_at timestamptz"
for database in "with" "without"; do
    fresh_database "$database"
    for table in "${tables[@]}"; do
        echo "CREATE TABLE $table (user_id int, org_id int, note text, PRIMARY KEY (user_id, org_id));"
        [ "$database" = without ] || echo "ALTER TABLE $table $new_columns;"
    done | sql "$database"
    for table in "${tables[@]}"; do
        subscription=${database}_$table
        sql "$publisher" --command "SELECT pg_create_logical_replication_slot('$subscription', 'pgoutput')" > "$work/slot"
        sql "$database" --command "CREATE SUBSCRIPTION $subscription
            CONNECTION 'host=$PGHOST port=$PGPORT user=$PGUSER dbname=$publisher' PUBLICATION of_$table WITH (create_slot = false)"
    done
done
for database in "with" "without"; do
    works "all rows are copied: $database" eventually "$database" \
        "count(*) = ${#tables[@]} AND bool_and(srsubstate = 'r') FROM pg_subscription_rel"
done

links() {                                               # links DATABASE TABLE: its rows, those without an id apart
    sql "$1" --command "SELECT string_agg(concat_ws(' ', rows, note, id), ', ' ORDER BY note, id)
        FROM (SELECT count(*), note, CASE WHEN to_jsonb(t) ->> 'id' IS NULL THEN 'without id' ELSE 'with id' END
              FROM $2 AS t GROUP BY 2, 3) AS kinds (rows, note, id)"
}

# caught_up DATABASE TABLE: waits until the subscriber has confirmed all that there is
caught_up() {
    eventually "$publisher" "confirmed_flush_lsn >= '$(sql "$publisher" --command 'SELECT pg_current_wal_lsn()')'
        FROM pg_replication_slots WHERE slot_name = '$1_$2'"
}

# stops DATABASE TABLE WORDS: the subscriber of this table logs the error, and goes on trying
stops() {
    local end=$((SECONDS + 30))
    until grep --quiet "ERROR:.*\"public.$2\".*$3\|ERROR:.*$3.*\"public.$2\"" "$JUNCTION_SERVER_LOG"; do
        [ "$SECONDS" -lt "$end" ] || { echo "no such error in the log: $3"; return 1; }
        sleep 0.05
    done
}

tells() {                                               # tells TABLE KIND COLUMN WORDS: dependents has them
    holds "dependents tells of $1: $4" "$(sql "$publisher" --command "SELECT $3 FROM junction.dependents('$1')
        WHERE kind = '$2' AND position(\$w\$$4\$w\$ IN $3) = 0")"
}

# what the changes of a table are, by the first letter of their messages in pgoutput; it takes them from the slot "watch"
changes() {                                             # changes TABLE
    sql "$publisher" --command "SELECT concat_ws(' ', count(*) FILTER (WHERE get_byte(data, 0) = ascii('I')) || ' inserts,',
            count(*) FILTER (WHERE get_byte(data, 0) = ascii('U')) || ' updates')
        FROM pg_logical_slot_get_binary_changes('watch', NULL, NULL, 'proto_version', '1', 'publication_names', 'of_$1')"
}
watch() {
    sql "$publisher" --command "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'watch'" \
        --command "SELECT pg_create_logical_replication_slot('watch', 'pgoutput')" > "$work/slot"
}

#
# What dependents says
#
for table in "${tables[@]}"; do
    tells "$table" publication effect "promote sends no existing row, promote_concurrently sends each as an UPDATE, with its id"
    tells "$table" publication action "without them a subscriber stops at the next change"
    tells "$table" publication action "After promote, copy its rows again: those that are there have no id"
done
tells once publication action "so that no UPDATE or DELETE finds them"
tells once "replica identity" effect "a subscriber whose key is the pair then stops at the next UPDATE or DELETE"
tells once "replica identity" action "Otherwise make the id the primary key at the subscribers, too."
tells once_kept "replica identity" effect "stays"
sql "$publisher" --command "CREATE TABLE parted (LIKE once INCLUDING INDEXES, FOREIGN KEY (user_id) REFERENCES users,
    FOREIGN KEY (org_id) REFERENCES orgs) PARTITION BY HASH (user_id)" --command "CREATE PUBLICATION of_parted FOR TABLE parted"
is "it does not tell of promote_concurrently where that refuses, for partitions" \
    "$(sql "$publisher" --command "SELECT effect FROM junction.dependents('parted') WHERE kind = 'publication'")" \
    "stays, and publishes the table under its new name; promote sends no existing row"

#
# And what happens: promote sends no row
#
watch
for table in once once_kept; do
    sql "$publisher" --command "SELECT junction.promote('$table', '$table')" > "$work/promoted"
    is "promote sends no row of $table" "$(changes $table)" "0 inserts, 0 updates"
    works "$table at the subscriber with the columns" caught_up with $table
    is "has no ids" "$(links with $table)" "100 old without id"
    sql "$publisher" --command "INSERT INTO $table VALUES (1, 2, 'new')"
    works "a new row of $table arrives there" caught_up with $table
    is "with its id" "$(links with $table)" "1 new with id, 100 old without id"
    works "without the columns, the subscriber of $table stops" stops without $table "missing replicated column"
    sql without --command "ALTER TABLE $table $new_columns"
    works "and goes on when it has them" caught_up without $table
    is "with what the other has" "$(links without $table)" "1 new with id, 100 old without id"
done

# the pair that stayed the identity finds the row, and the update brings the id
sql "$publisher" --command "UPDATE once_kept SET note = 'upd' WHERE user_id = 2" --command "DELETE FROM once_kept WHERE user_id = 3"
works "by the pair, changes arrive" caught_up with once_kept
is "an update even brings the id" "$(links with once_kept)" "1 new with id, 98 old without id, 1 upd with id"

# by the id, a subscriber whose key is the pair stops; with the id as its key it goes on, and misses the rows that have none
sql "$publisher" --command "UPDATE once SET note = 'upd' WHERE user_id = 2" --command "DELETE FROM once WHERE user_id = 3"
works "by the id, a subscriber whose key is the pair stops" stops with once "publisher did not send replica identity column"
sql with --command "ALTER TABLE once DROP CONSTRAINT once_pkey, ADD UNIQUE (id)" \
    --command "ALTER TABLE once ALTER user_id DROP NOT NULL, ALTER org_id DROP NOT NULL"
sql with --command "TRUNCATE once; ALTER TABLE once ALTER id SET NOT NULL, ADD PRIMARY KEY (id)"
works "with the id as its key it goes on" caught_up with once
sql "$publisher" --command "ALTER PUBLICATION of_once DROP TABLE once"
sql with --command "ALTER SUBSCRIPTION with_once REFRESH PUBLICATION" --command "TRUNCATE once"
sql "$publisher" --command "ALTER PUBLICATION of_once ADD TABLE once"
sql with --command "ALTER SUBSCRIPTION with_once REFRESH PUBLICATION"
works "its rows are copied again" eventually with "bool_and(srsubstate = 'r') FROM pg_subscription_rel WHERE srrelid = 'once'::regclass"
same() {                                                # same DATABASE TABLE: the links and ids are the publisher's
    local rows="SELECT user_id, org_id, note, id, created_at, updated_at FROM $2 ORDER BY 1, 2"
    sql "$publisher" --output "$work/published" --command "$rows"
    sql "$1" --output "$work/subscribed" --command "$rows"
    [ -s "$work/published" ] && diff "$work/published" "$work/subscribed"
}
works "then they are the publisher's, with ids" same with once

#
# promote_concurrently sends each row once, with its id, before the identity moves
#
watch
for table in online online_kept; do
    sql "$publisher" --command "CALL junction.promote_concurrently('$table', '$table')"
    is "promote_concurrently sends each row of $table once" "$(changes $table)" "0 inserts, 100 updates"
    works "$table at the subscriber with the columns" caught_up with $table
    works "has the publisher's ids" same with $table
    works "without the columns, the subscriber of $table stops" stops without $table "missing replicated column"
    sql without --command "ALTER TABLE $table $new_columns"
    works "and goes on when it has them" caught_up without $table
    works "and has the publisher's ids, too" same without $table
    sql "$publisher" --command "INSERT INTO $table VALUES (1, 2, 'new')" --command "UPDATE $table SET note = 'upd' WHERE user_id = 2" \
        --command "DELETE FROM $table WHERE user_id = 3"
done
works "by the pair, changes arrive" caught_up with online_kept
works "and the rows are the same" same with online_kept
works "by the id, a subscriber whose key is the pair stops" stops with online "publisher did not send replica identity column"
sql with --command "ALTER TABLE online DROP CONSTRAINT online_pkey, ADD PRIMARY KEY (id)"
works "with the id as its key it goes on" caught_up with online
works "and has lost nothing" same with online

#
# The name: a subscriber waits for the table of the new one
#
sql "$publisher" --command "ALTER TABLE online_kept RENAME TO entities" --command "INSERT INTO entities VALUES (2, 2, 'new')"
works "renamed, the subscriber stops" stops with entities "does not exist"
sql with --command "ALTER TABLE online_kept RENAME TO entities"
works "and goes on when it has the name" caught_up with online_kept
works "and has lost nothing" same with entities

for database in "with" "without"; do
    for table in "${tables[@]}"; do
        sql "$database" --command "DROP SUBSCRIPTION ${database}_$table"
    done
done

#
# PostgreSQL 19: all tables except one
#
if [ "$(sql "$publisher" --command "SELECT current_setting('server_version_num')::int >= 190000")" = t ]; then
    sql "$publisher" <<'EOF'
CREATE TABLE told (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE TABLE excepted (LIKE told INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
ALTER TABLE told ALTER user_id SET NOT NULL, ALTER org_id SET NOT NULL;
ALTER TABLE excepted ALTER user_id SET NOT NULL, ALTER org_id SET NOT NULL;
CREATE PUBLICATION but_one FOR ALL TABLES EXCEPT (TABLE excepted);
EOF
    published() {                                       # published TABLE: what dependents and report say of publications
        sql "$publisher" --command "SELECT object FROM junction.dependents('$1') WHERE kind = 'publication'
            UNION ALL SELECT rule FROM junction.report('$1') WHERE rule = 'no_replica_identity'" | paste -sd' '
    }
    is "a table of a publication of all tables is told as published" "$(published told)" "but_one no_replica_identity"
    is "one that is excepted is not" "$(published excepted)" ""
    sql "$publisher" --command "CREATE PUBLICATION really_all FOR ALL TABLES"
    is "unless another publication has it" "$(published excepted)" "really_all no_replica_identity"
else
    report 0 "FOR ALL TABLES EXCEPT # SKIP the server has it from 19 on"
fi
done_testing
