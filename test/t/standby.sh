#!/usr/bin/env bash
# test/t/standby.sh: on a hot standby, which changes nothing and locks next to nothing, a dry run of every verb gives the
# same rows as on its primary, and whatever only looks answers. Prints TAP.
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
    "SELECT * FROM junction.report('unkeyed_user_orgs')"
    "SELECT * FROM junction.report()"
    "SELECT * FROM junction.junctions"
    "SELECT * FROM junction.half_indexed"
    "SELECT * FROM junction.dependents('half_links')"
    "SELECT junction.check('error')"
)
for call in "${calls[@]}"; do
    sql "$database" --command "$call" > "$work/primary" 2>&1 || true
    sql "$database" --host "$work" --command "$call" > "$work/standby" 2>&1 || true
    holds "$call" "$([ -s "$work/primary" ] || echo "it prints nothing"; diff "$work/primary" "$work/standby")"
done
is "the standby is one still" "$(sql "$database" --host "$work" --command 'SELECT pg_is_in_recovery()')" t
done_testing
