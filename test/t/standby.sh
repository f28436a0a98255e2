#!/usr/bin/env bash
# test/t/standby.sh: on a hot standby, which changes nothing and locks next to nothing, a dry run of every verb gives the
# same rows as on its primary, and whatever only looks answers. Then every verb runs on the primary, with
# wal_consistency_checking = all: the standby replays it, finds each page as it is on the primary, has the same tables in the
# end, and its sessions know what has changed. Prints TAP.
#
# Needs a server on this machine, where PGHOST, PGPORT and PGUSER say, and a superuser who may replicate. Makes the
# database junction_standby and a standby in a folder of its own, and takes both away in the end.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

export PGOPTIONS='-c client_min_messages=error'
database=junction_standby

clean() {
    touch "$work/replayed"
    configure 'RESET wal_consistency_checking'
    [ ! -e "$work/data/postmaster.pid" ] || as_owner pg_ctl stop --pgdata "$work/data" --silent --mode immediate || true
    dropdb --if-exists "$database"
}

fresh_database "$database"
sql "$database" <<'END'
CREATE EXTENSION junction;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE half_links (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
                         PRIMARY KEY (user_id, org_id));
INSERT INTO users VALUES (1);
INSERT INTO orgs VALUES (1);
INSERT INTO half_links VALUES (1, 1);
CREATE TABLE other_links (LIKE half_links INCLUDING ALL);
ALTER TABLE other_links ADD FOREIGN KEY (user_id) REFERENCES users, ADD FOREIGN KEY (org_id) REFERENCES orgs;
DO $$ BEGIN PERFORM junction.promote('other_links', 'memberships', keep_old_name => true); END $$;
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY HASH (user_id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE unkeyed_user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE walked (user_id int REFERENCES users, other_id int REFERENCES users, PRIMARY KEY (user_id, other_id));
INSERT INTO walked VALUES (1, 1);
DO $$ BEGIN PERFORM junction.create_accessors('walked', '{list,set,matching,reach}'); END $$;
CREATE TABLE kept_links (LIKE half_links INCLUDING ALL, note text, FOREIGN KEY (user_id) REFERENCES users);
INSERT INTO kept_links VALUES (1, 1, 'x');
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[], org_ids int[]);
INSERT INTO posts VALUES (1, '{1}', '{1}');
DO $$ BEGIN PERFORM junction.absorb('posts', '{org_ids}', 'orgs', mirror => true); END $$;
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, post_id int REFERENCES posts, PRIMARY KEY (user_id, org_id, post_id));
INSERT INTO taggings VALUES (1, 1, 1);
CREATE TABLE other_taggings (LIKE taggings INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs, FOREIGN KEY (post_id) REFERENCES posts);
CHECKPOINT;
END

[ "$EUID" != 0 ] || chown postgres "$work"
as_owner pg_basebackup --host "$PGHOST" --port "$PGPORT" --username "$PGUSER" --pgdata "$work/data" \
    --checkpoint fast --wal-method stream --write-recovery-conf --no-sync
as_owner tee -a "$work/data/postgresql.conf" >/dev/null <<< "unix_socket_directories = '$work'"
as_owner pg_ctl start --pgdata "$work/data" --silent --wait --log "$work/log" ||
    { cat "$work/log" >&2; exit 1; }

calls=(
    "SELECT * FROM junction.create('users', 'orgs', 'links', dry_run => true)"
    "SELECT * FROM junction.promote('half_links', 'entities', '{role text}', keep_old_name => true, dry_run => true)"
    "SELECT * FROM junction.promote('half_links', portable => true, dry_run => true)"
    "SELECT * FROM junction.promote('half_links', 'entities', concurrently => true, dry_run => true)"
    "SELECT * FROM junction.promote('half_links', id_type => 'bigint', concurrently => true, dry_run => true)"
    "SELECT * FROM junction.promote('parted', primary_key => '{id,user_id}', dry_run => true)"
    "SELECT * FROM junction.demote('memberships', dry_run => true)"
    "SELECT * FROM junction.repair('half_links', dry_run => true)"
    "SELECT * FROM junction.absorb('posts', '{user_ids}', 'users', mirror => true, dry_run => true)"
    "SELECT * FROM junction.retire('posts', dry_run => true)"
    "SELECT * FROM junction.create_accessors('half_links', '{list,set,add,remove,toggle,matching}', dry_run => true)"
    "SELECT * FROM junction.drop_accessors('walked', dry_run => true)"
    "SELECT * FROM users_with_others('{1}'); SELECT * FROM set_walked(1, '{1}')"
    "SELECT * FROM junction.split('taggings', actor => '{post_id}', dry_run => true)"
    "SELECT * FROM junction.split('taggings', into_tables => '{org_users,org_posts}', keep_source => false, dry_run => true)"
    "SELECT * FROM junction.dependencies('taggings')"
    "SELECT * FROM junction.report('taggings')"
    "SELECT * FROM junction.report('unkeyed_user_orgs')"
    "SELECT * FROM junction.report()"
    "SELECT * FROM junction.junctions"
    "SELECT junction, columns, fix, rows, bytes FROM junction.half_indexed ORDER BY junction::text"  # the counters are each server's own
    "SELECT * FROM junction.dependents('half_links')"
    "SELECT junction.check('error')"
)
for call in "${calls[@]}"; do
    sql "$database" --command "$call" > "$work/primary" 2>&1 || true
    sql "$database" --host "$work" --command "$call" > "$work/standby" 2>&1 || true
    holds "$call" "$([ -s "$work/primary" ] || echo "it prints nothing"; diff "$work/primary" "$work/standby")"
done
is "the standby is one still" "$(sql "$database" --host "$work" --command 'SELECT pg_is_in_recovery()')" t

#
# Every verb on the primary, replayed and compared page by page
#
until_true() {                                          # until_true CONDITION: on the standby; a minute at most
    local end=$((SECONDS + 60))
    until [ "$(sql "$database" --host "$work" --command "SELECT $1")" = t ]; do
        [ "$SECONDS" -lt "$end" ] || { echo "never came true on the standby: $1"; return 1; }
        sleep 0.05
    done
}

# until_there FILE: two minutes at most
until_there() {
    local end=$((SECONDS + 120))
    until [ -e "$1" ] || [ "$SECONDS" -ge "$end" ]; do
        sleep 0.05
    done
}

# a session of the standby, whose plans are older than the changes
older_session() {
    echo '\set ON_ERROR_STOP 0'
    echo '\set VERBOSITY sqlstate'
    echo 'SET plan_cache_mode = force_generic_plan;'
    echo 'PREPARE by_key AS SELECT note FROM kept_links WHERE (user_id, org_id) = (1, 1);'
    echo 'PREPARE by_group AS SELECT note FROM kept_links GROUP BY user_id, org_id;'
    echo 'EXECUTE by_key; EXECUTE by_group;'
    echo "\\! touch '$work/prepared'"
    until_there "$work/replayed"
    echo 'EXECUTE by_key; EXECUTE by_group;'
}
older_session | sql "$database" --host "$work" > "$work/older" 2>&1 &
older=$!
until_there "$work/prepared"

lines=$(wc -l < "$work/log")
configure 'SET wal_consistency_checking = "all"'
is "pages are to be compared" "$(sql "$database" --command 'SHOW wal_consistency_checking')" all
first=$(sql "$database" --command 'SELECT pg_current_wal_insert_lsn()')
verbs=(
    "SELECT junction.create('users', 'orgs', 'links')"
    "INSERT INTO users SELECT generate_series(2, 300); INSERT INTO orgs SELECT generate_series(2, 20)"
    "INSERT INTO links SELECT u.id, o.id FROM users AS u, orgs AS o"
    "INSERT INTO half_links SELECT id, 1 FROM users ON CONFLICT DO NOTHING"
    "INSERT INTO parted SELECT id, 1 FROM users"
    "INSERT INTO unkeyed_user_orgs SELECT id, 2 FROM users"
    "CREATE TABLE points (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES links ON DELETE CASCADE)"
    "INSERT INTO points SELECT user_id, org_id FROM links WHERE org_id = 3"
    "BEGIN; SELECT junction.promote('links', 'entities'); ROLLBACK"
    "SELECT junction.promote('links', 'entities', array['role text DEFAULT ''x'''], keep_old_name => true)"
    "DELETE FROM entities WHERE user_id < 10; UPDATE entities SET role = 'y' WHERE org_id = 4"
    "SELECT junction.demote('memberships', 'other_links')"
    "CALL junction.promote_concurrently('other_links', id_type => 'bigint')"
    "SELECT junction.promote('parted', primary_key => '{id,user_id}')"
    "SELECT junction.demote('parted', 'parted')"
    "SELECT junction.repair('half_links')"
    "SELECT junction.promote('half_links', 'halves', portable => true)"
    "SELECT junction.demote('halves', 'half_links')"
    "SELECT junction.create_accessors('half_links', '{list,set,add,toggle,matching}')"
    "SELECT count(*) FROM users AS u, set_half_links(u.id, ARRAY[1, u.id % 20 + 1])"
    "CALL junction.promote_concurrently('half_links', 'halves', keep_old_name => true)"
    "SELECT count(*) FROM users AS u, toggle_half_links(u.id, ARRAY[2, 3])"
    "SELECT junction.drop_accessors('walked')"
    "SELECT junction.repair('unkeyed_user_orgs', '{missing_pair_key,no_cascade}')"
    "CALL junction.repair_concurrently('unkeyed_user_orgs')"
    "SELECT junction.primary_to_unique('kept_links', 'pair')"
    "SELECT junction.unique_to_primary('kept_links', 'kept')"
    "SELECT junction.primary_to_unique('kept_links', 'pair')"
    "INSERT INTO posts SELECT n, ARRAY[n, n % 7 + 1], ARRAY[n % 20 + 1] FROM generate_series(2, 300) AS n"
    "UPDATE posts SET org_ids = '{1,2}' WHERE id % 3 = 0"
    "SELECT junction.absorb('posts', '{user_ids}', 'users', mirror => true)"
    "UPDATE posts SET user_ids = user_ids || 3 WHERE id < 200"
    "SELECT junction.retire('posts')"
    "INSERT INTO taggings SELECT n, n % 20 + 1, n FROM generate_series(2, 300) AS n; INSERT INTO other_taggings TABLE taggings"
    "SELECT junction.split('taggings', actor => '{post_id}')"
    "SELECT junction.split('other_taggings', into_tables => array['a(user_id, org_id)', 'b(user_id, post_id)'], keep_source => false)"
    "SELECT count(*) FROM junction.probe('entities'), junction.report('halves')"
    "VACUUM FREEZE entities, halves"
)
! has_amcheck || verbs+=("CREATE EXTENSION IF NOT EXISTS amcheck")
for verb in "${verbs[@]}"; do
    works "$verb" sql "$database" --command "$verb"
done
last=$(sql "$database" --command 'SELECT pg_current_wal_insert_lsn()')
works "the standby replays it" until_true "pg_last_wal_replay_lsn() >= '$last'"
touch "$work/replayed"
wait "$older" || true
is "an older session of the standby does not group any more by what was its primary key" \
    "$(cat "$work/older")" $'x\nx\nx\nERROR:  42803'
holds "no page differs, and nothing fails" \
    "$(tail --lines "+$((lines + 1))" "$work/log" | grep -E 'WARNING|ERROR|FATAL|PANIC' | grep -v 'column "kept_links.note" must appear' || true)"
as_owner pg_waldump --path "$work/data/pg_wal" --start "$first" --end "$last" > "$work/wal"
pages=$(grep -c 'FPW for WAL verification' "$work/wal" || true)
holds "there were pages to compare" "$([ "$pages" -gt 1000 ] || echo "$pages")"
dump "$database" > "$work/primary"
dump "$database" --host "$work" > "$work/standby"
works "the tables are the same" diff "$work/primary" "$work/standby"
for host in "$PGHOST" "$work"; do
    is "the catalogs are sound" "$(sql "$database" --host "$host" --file ../lib/invariants.sql 2>&1)" ""
done
if has_amcheck; then
    works "the indexes hold the rows" pg_amcheck --host "$work" --heapallindexed --database "$database" --schema public
else
    report 0 "the indexes hold the rows # SKIP the server has no amcheck"
fi
is "the standby has stayed one" "$(sql "$database" --host "$work" --command 'SELECT pg_is_in_recovery()')" t
done_testing
