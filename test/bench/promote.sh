#!/usr/bin/env bash
# test/bench/promote.sh [PAIRS]: how long a promotion takes, on PAIRS pairs of uuids (default 1000000), beside
#
#   floor     what no promotion can do without: CREATE TABLE AS of the same rows with ids, NOT NULLs, three indexes
#   by hand   what a person writes: ADD COLUMN with gen_random_uuid(), DROP the key, ADD PRIMARY KEY, ADD UNIQUE
#
# each on a fresh copy of the table, the three in turn, in five rounds; then with time stamps, beside a floor that has them
# too; and how long primary_to_unique and unique_to_primary take on 1000 rows and on ten times PAIRS. Prints medians in
# milliseconds and ratios. A benchmark, not a test: it judges nothing. The goals are 1.05 of the floor, 0.6 of by hand.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/promote.sh. Sets
# max_wal_size there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

pairs=${1:-1000000}
rounds=5
export PGOPTIONS='-c client_min_messages=error -c maintenance_work_mem=256MB'

# timed: the milliseconds that the statements of its input take, one after the other
timed() {
    { printf '\\timing on\n'; cat; } | run | awk '/^Time: / {sum += $2} END {printf "%.3f\n", sum}'
}

# promote TIMESTAMPS
promote() {
    copy
    echo "SELECT count(*) FROM junction.promote('links', timestamps => $1);" | timed
}

# build_floor [STAMPS]: with time stamps, if given
build_floor() {
    copy
    timed <<END
BEGIN;
CREATE TABLE floor WITH (autovacuum_enabled = false) AS SELECT left_id, right_id, $uuid AS id$1 FROM links;
ALTER TABLE floor ALTER left_id SET NOT NULL, ALTER right_id SET NOT NULL, ALTER id SET NOT NULL${1:+, ALTER c SET NOT NULL, ALTER u SET NOT NULL};
ALTER TABLE floor ADD PRIMARY KEY (id);
ALTER TABLE floor ADD UNIQUE (left_id, right_id);
CREATE INDEX ON floor (right_id);
COMMIT;
END
    run --command 'DROP TABLE floor'
}

by_hand() {
    copy
    timed <<'END'
BEGIN;
ALTER TABLE links ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE links DROP CONSTRAINT links_pkey;
ALTER TABLE links ADD PRIMARY KEY (id);
ALTER TABLE links ADD UNIQUE (left_id, right_id);
COMMIT;
END
}

# keys ROWS: the milliseconds of a key's change in place, down and up, each the median of 21
keys() {
    run --command 'DROP TABLE IF EXISTS links' --command "
        CREATE TABLE links (a int NOT NULL, b int NOT NULL) WITH (autovacuum_enabled = false)" --command "
        INSERT INTO links SELECT i / 1000, i % 1000 FROM generate_series(0, $1 - 1) AS i" --command "
        ALTER TABLE links ADD PRIMARY KEY (a, b), ADD FOREIGN KEY (a) REFERENCES int_lefts NOT VALID,
            ADD FOREIGN KEY (b) REFERENCES int_rights NOT VALID" --command 'VACUUM ANALYZE links' --command CHECKPOINT
    {
        printf '\\timing on\n'
        for _ in {1..21}; do
            echo "SELECT junction.primary_to_unique('links', 'links_a_b_key');"
            echo "SELECT junction.unique_to_primary('links', 'links_pkey');"
        done
    } | run | awk -v down="$work/down" -v up="$work/up" '/^Time: / {print $2 > (n++ % 2 ? up : down)}'
    down=$(median < "$work/down") up=$(median < "$work/up")
}

enlarge_server
build_pairs "$pairs"
run --command 'CREATE TABLE int_lefts (id int PRIMARY KEY)' --command 'CREATE TABLE int_rights (id int PRIMARY KEY)'
uuid=$(run --command "SELECT CASE WHEN current_setting('server_version_num')::int >= 180000
                                  THEN 'pg_catalog' ELSE 'junction' END || '.uuidv7()'")

for ((round = 1; round <= rounds; round++)); do
    promote false >> "$work/promote"
    build_floor '' >> "$work/floor"
    by_hand >> "$work/by_hand"
    promote true >> "$work/promote_stamped"
    build_floor ', now() AS c, now() AS u' >> "$work/floor_stamped"
done
ours=$(median < "$work/promote") floor=$(median < "$work/floor") hand=$(median < "$work/by_hand")
ours_stamped=$(median < "$work/promote_stamped") floor_stamped=$(median < "$work/floor_stamped")
echo "$pairs pairs: promote $ours ms, floor $floor ms, by hand $hand ms;" \
     "of the floor $(ratio "$ours" "$floor"), of by hand $(ratio "$ours" "$hand")"
echo "with time stamps: promote $ours_stamped ms, floor $floor_stamped ms;" \
     "of the floor $(ratio "$ours_stamped" "$floor_stamped")"
compare "\`promote\`, $pairs pairs" "what cannot be done without: \`CREATE TABLE AS\`, three indexes (ms)" "$ours" "$floor" 1.05
compare "\`promote\`, $pairs pairs" "by hand: \`ADD COLUMN\`, \`DROP\` the key, two new keys (ms)" "$ours" "$hand" 0.6

keys 1000
small_down=$down small_up=$up
keys $((pairs * 10))
echo "primary_to_unique: 1000 rows $small_down ms, $((pairs * 10)) rows $down ms, ratio $(ratio "$down" "$small_down")"
compare "\`primary_to_unique\`, $((pairs * 10)) rows" "itself, 1000 rows (ms)" "$down" "$small_down" '1, but for noise'
echo "unique_to_primary: 1000 rows $small_up ms, $((pairs * 10)) rows $up ms, ratio $(ratio "$up" "$small_up")"
