#!/usr/bin/env bash
# test/t/races.sh: sessions that make, change, rename and drop the same few tables, and beside them others that call every
# function on these, for a few seconds, the guard on in all of them. No call may end with an internal error, and the server must
# live. Prints TAP.
#
# It starts a server of its own, as that may not live: what test/with-server.sh needs. RACES_SECONDS: for how long, 5 by
# default.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh

seconds=${RACES_SECONDS:-5}
database=races

# what a session does, line by line; %t stands for a table, %p for a parent
changes() {
    cat <<'SQL'
CREATE TABLE IF NOT EXISTS %p (id int PRIMARY KEY);
CREATE TABLE IF NOT EXISTS %p (id int PRIMARY KEY);
CREATE TABLE IF NOT EXISTS %t (left_id int REFERENCES left_parent ON DELETE CASCADE, right_id int REFERENCES %p, gone_at timestamptz, PRIMARY KEY (left_id, right_id));
CREATE TABLE IF NOT EXISTS %t (left_id int REFERENCES left_parent ON DELETE CASCADE, right_id int REFERENCES %p, gone_at timestamptz, PRIMARY KEY (left_id, right_id));
CREATE TABLE IF NOT EXISTS %t (left_id int REFERENCES left_parent, right_id int REFERENCES %p, gone_at timestamptz);
CREATE TABLE IF NOT EXISTS %t (id int PRIMARY KEY, left_id int NOT NULL REFERENCES left_parent, right_id int NOT NULL REFERENCES %p, gone_at timestamptz, UNIQUE (left_id, right_id));
CREATE UNIQUE INDEX IF NOT EXISTS %t_live ON %t (left_id, right_id) WHERE gone_at IS NULL;
CREATE INDEX IF NOT EXISTS %t_right ON %t (right_id) WHERE right_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS %t_gone ON %t (gone_at);
ALTER INDEX %t_gone RENAME TO %t_left;
ALTER INDEX %t_left RENAME TO %t_gone;
ALTER TABLE %t DROP COLUMN right_id CASCADE;
ALTER TABLE %t ADD COLUMN IF NOT EXISTS right_id int REFERENCES %p;
ALTER TABLE %t RENAME TO another;
ALTER TABLE another RENAME TO %t;
COMMENT ON TABLE %t IS '@junction ignore half_indexed';
DROP TABLE %t;
DROP TABLE %p CASCADE;
BEGIN; DROP TABLE %t; SELECT pg_sleep(0.002); COMMIT;
CREATE TABLE IF NOT EXISTS parts (left_id int REFERENCES left_parent, right_id int REFERENCES left_parent, PRIMARY KEY (left_id, right_id)) PARTITION BY HASH (left_id);
CREATE TABLE IF NOT EXISTS parts_below PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE IF NOT EXISTS parts_below PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE IF NOT EXISTS parts_above PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE parts DETACH PARTITION parts_below CONCURRENTLY;
ALTER TABLE parts DETACH PARTITION parts_below FINALIZE;
ALTER TABLE parts_below ADD COLUMN note text;
ALTER TABLE parts ATTACH PARTITION parts_below FOR VALUES WITH (MODULUS 2, REMAINDER 0);
DROP TABLE parts_below;
SQL
}

# an index of a table is renamed, which locks the index alone, while a column goes and comes
renames() {
    cat <<'SQL'
ALTER INDEX kept_note RENAME TO kept_remark;
ALTER INDEX kept_remark RENAME TO kept_note;
SQL
}

drops() {
    cat <<'SQL'
ALTER TABLE kept DROP COLUMN right_id CASCADE;
ALTER TABLE kept ADD COLUMN right_id int REFERENCES left_parent;
SQL
}

calls() {
    cat <<'SQL'
SELECT * FROM junction.report();
SELECT * FROM junction.report('%t');
SELECT * FROM junction.junctions;
SELECT * FROM junction.half_indexed;
SELECT junction.check('error');
SELECT * FROM junction.dependents('%t');
SELECT * FROM junction.probe('%t');
SELECT * FROM junction.probe('parts');
SELECT * FROM junction.create('left_parent', '%p', '%t');
SELECT * FROM junction.create('left_parent', '%p', '%t', dry_run => true);
SELECT * FROM junction.promote('%t');
SELECT * FROM junction.promote('%t', dry_run => true);
SELECT * FROM junction.promote('parts', primary_key => '{id,left_id}', dry_run => true);
SELECT * FROM junction.promote('%t', concurrently => true, dry_run => true);
SELECT * FROM junction.demote('%t', discard_columns => true);
SELECT * FROM junction.demote('%t', discard_columns => true, dry_run => true);
SELECT * FROM junction.repair('%t', '{half_indexed, redundant_index, missing_pair_key, nullable_endpoint}');
SELECT * FROM junction.repair('%t', '{half_indexed, redundant_index, missing_pair_key, nullable_endpoint}', dry_run => true);
SELECT * FROM junction.repair('parts', dry_run => true);
SELECT junction.primary_to_unique('%t', '%t_pair');
SELECT junction.unique_to_primary('%t', '%t_pair');
SELECT junction.primary_to_unique('parts', 'parts_pair');
CALL junction.promote_concurrently('%t', max_wait => '20 ms');
CALL junction.repair_concurrently('%t', max_wait => '20 ms');
SQL
}

# session KIND SEED: the lines of a kind in any order, over and over, until the time is up
session() {
    {
        cat <<SQL
\\set VERBOSITY verbose
SET client_min_messages = warning;
SET lock_timeout = '50 ms';
SET deadlock_timeout = '10 ms';
SET junction.guard = $([ $(($2 % 3)) != 0 ] && echo warning || echo error);
SQL
        "$1" | awk -v seed="$2" '
            { line[NR] = $0 }
            END {
                srand(seed)
                for (i = 0; i < 200000; i++) {
                    text = line[int(rand() * NR) + 1]
                    gsub("%t", "links_" int(rand() * 2), text)
                    gsub("%p", "right_parent_" int(rand() * 2), text)
                    print text
                }
            }'
    } > "$work/$1.$2.sql"
    timeout "$seconds" psql --no-psqlrc --quiet --dbname "$database" --file "$work/$1.$2.sql" > /dev/null 2> "$work/$1.$2.errors" || true
}

fresh_database "$database"
sql "$database" <<'SQL'
CREATE EXTENSION junction;
CREATE TABLE left_parent (id int PRIMARY KEY);
CREATE TABLE kept (left_id int NOT NULL REFERENCES left_parent, right_id int REFERENCES left_parent, note text);
CREATE INDEX kept_note ON kept (note);
SQL
session renames 1 &
session drops 1 &
for seed in 1 2 3; do
    session changes "$seed" &
    session calls "$seed" &
done
wait

holds "the server lives" "$(grep -E 'terminated by signal|PANIC|TRAP' "$JUNCTION_SERVER_LOG" || true)"
# what the server itself says of commands that collide is its own
holds "no internal error" "$(grep -h -A 1 'ERROR:  XX' "$work"/calls.*.errors | grep -v 'tuple concurrently' | head -n 40 || true)"
holds "the guard judges all" "$(grep -h -A 1 'could not check' "$work"/*.errors | head -n 40 || true)"
holds "calls met tables that had gone, and tables that were there" \
    "$(grep -q 'ERROR:  42P01' "$work"/calls.*.errors && grep -qE 'ERROR:  (55000|42809|42704)' "$work"/calls.*.errors || echo "they did not")"
done_testing
