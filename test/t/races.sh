#!/usr/bin/env bash
# test/t/races.sh: sessions in random interleavings, the guard on in all of them. Prints TAP.
#
# 1. Sessions that make, change, rename, rewrite, empty and drop the same few tables, and beside them others that call every
#    function on these, dump them, and read them serializably. No call may end with an internal error, or with one that the
#    design does not know, and the server must live.
# 2. Rounds of two to five sessions that do no DDL of their own: they call every function, change links one by one, delete parents,
#    read, merge, and dump. Besides, there must be no deadlock.
# 3. Rounds of three sessions that merge rows of the same parents, and of parents with the same links, beside sets of links and
#    promotions: no deadlock either.
#
# It starts a server of its own, as that may not live: what test/with-server.sh needs. RACES_SECONDS: for how long the first part
# goes on, 5 by default; RACES_ROUNDS: how many rounds of two seconds the second has, 3 by default. RACES_SEED: a number (default
# 1) or "random". It is printed, and draws what each session does; what they meet is another each time.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh

seconds=${RACES_SECONDS:-5}
rounds=${RACES_ROUNDS:-3}
seed=${RACES_SEED:-1}
[ "$seed" != random ] || seed=$((RANDOM * 32768 + RANDOM))
RANDOM=$seed
database=races

# what a session does, line by line; %t stands for a table, %p for a parent, %i and %j for their keys, %n for any number
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
TRUNCATE %t;
VACUUM FULL %t;
CREATE INDEX CONCURRENTLY IF NOT EXISTS %t_beside ON %t (right_id, gone_at);
DROP INDEX CONCURRENTLY IF EXISTS %t_beside;
BEGIN; DROP TABLE %t; SELECT pg_sleep(0.002); COMMIT;
CREATE TABLE IF NOT EXISTS lists (id int PRIMARY KEY, right_ids int[], left_ids int[]);
INSERT INTO lists SELECT n, ARRAY[n % 3, %i], ARRAY[n, %j] FROM generate_series(1, 9) AS n ON CONFLICT DO NOTHING;
UPDATE lists SET right_ids = ARRAY[%i, %j, %i] WHERE id = %i;
ALTER TABLE lists ADD COLUMN IF NOT EXISTS right_ids int[];
ALTER TABLE lists ADD COLUMN IF NOT EXISTS left_ids int[];
DROP TABLE listed_%n CASCADE;
CREATE TABLE IF NOT EXISTS threes (left_id int REFERENCES left_parent, right_id int REFERENCES left_parent, by_id int REFERENCES left_parent, PRIMARY KEY (left_id, right_id, by_id));
INSERT INTO threes SELECT id, %i, id FROM left_parent ON CONFLICT DO NOTHING;
DROP TABLE threes;
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

# max_wait is below deadlock_timeout: an index build waits for each statement, also for one that waits for the table, and after
# deadlock_timeout one of the two has to go
calls() {
    cat <<'SQL'
SELECT * FROM junction.report();
SELECT * FROM junction.report('%t');
SELECT * FROM junction.junctions;
SELECT * FROM junction.half_indexed;
SELECT junction.check('error');
SELECT * FROM junction.dependents('%t');
SELECT * FROM junction.measure('%t');
SELECT * FROM junction.probe('%t');
SELECT * FROM junction.probe('parts');
SELECT * FROM junction.create('left_parent', '%p', '%t');
SELECT * FROM junction.create('left_parent', '%p', '%t', dry_run => true);
SELECT * FROM junction.create('left_parent', '%p', 'made_%n');
SELECT * FROM junction.create('%p', 'left_parent', 'made_%n', reverse_index => false);
SELECT * FROM junction.create('right_parent_0', 'right_parent_1', 'made_%n');
SELECT * FROM junction.create('right_parent_1', 'right_parent_0', 'made_%n');
SELECT * FROM junction.promote('%t');
SELECT * FROM junction.promote('%t', '%t', '{by_id int REFERENCES left_parent}');
SELECT * FROM junction.promote('%t', portable => true);
SELECT * FROM junction.promote('%t', dry_run => true);
SELECT * FROM junction.promote('parts', primary_key => '{id,left_id}', dry_run => true);
SELECT * FROM junction.promote('%t', concurrently => true, dry_run => true);
SELECT * FROM junction.demote('%t', '%t', discard_columns => true);
SELECT * FROM junction.demote('%t', '%t', discard_columns => true);
SELECT * FROM junction.demote('%t', '%t', discard_columns => true);
SELECT * FROM junction.demote('made_%n', 'made_%n', discard_columns => true);
SELECT * FROM junction.promote('made_%n');
SELECT * FROM junction.demote('%t', discard_columns => true, dry_run => true);
SELECT * FROM junction.repair('%t', '{half_indexed, redundant_index, missing_pair_key, nullable_endpoint}');
SELECT * FROM junction.repair('%t', '{no_cascade}');
SELECT * FROM junction.repair('%t', '{half_indexed, redundant_index, missing_pair_key, nullable_endpoint}', dry_run => true);
SELECT * FROM junction.repair('parts', dry_run => true);
SELECT * FROM junction.absorb('lists', '{right_ids}', '%p', name => 'listed_%n', missing => 'discard', mirror => true);
SELECT * FROM junction.absorb('lists', '{left_ids}', 'left_parent', name => 'listed_%n', missing => 'discard', ordered => true);
SELECT * FROM junction.absorb('lists', '{left_ids}', 'left_parent', name => 'listed_%n', missing => 'discard', dry_run => true);
SELECT * FROM junction.retire('lists');
SELECT * FROM junction.retire('lists', dry_run => true);
SELECT * FROM junction.create_accessors('%t', '{list,set,add,remove,toggle,matching}');
SELECT * FROM junction.create_accessors('%t', '{list,set}', dry_run => true);
SELECT * FROM junction.create_accessors('parts', '{set,add}');
SELECT * FROM junction.create_accessors('made_%n', '{set,matching}');
SELECT * FROM junction.drop_accessors('%t');
SELECT * FROM junction.drop_accessors('made_%n', dry_run => true);
SELECT * FROM junction.dependencies('threes');
SELECT * FROM junction.split('threes', actor => '{by_id}');
SELECT * FROM junction.split('threes', into_tables => '{"listed_%n(left_id, right_id)","made_%n(left_id, by_id)"}');
SELECT * FROM junction.split('threes', dry_run => true);
SELECT junction.primary_to_unique('%t', '%t_pair');
SELECT junction.unique_to_primary('%t', '%t_pair');
SELECT junction.primary_to_unique('parts', 'parts_pair');
CALL junction.promote_concurrently('%t', max_wait => '20 ms');
CALL junction.promote_concurrently('%t', max_wait => '200 ms', batch_size => 10);
CALL junction.repair_concurrently('%t', max_wait => '20 ms');
CALL junction.repair_concurrently('made_%n', max_wait => '200 ms');
SQL
}

# rows that become one, beside others that do, sets, and changes of the junction. Parents come back, so that there is something to
# merge, and links, in the order of their keys, as sessions that insert the same ones in another order would deadlock by themselves
merges() {
    cat <<'SQL'
SELECT * FROM junction.merge('left_parent', %i, ARRAY[%j]);
SELECT * FROM junction.merge('left_parent', %i, ARRAY[%j, %i]);
SELECT * FROM junction.merge('left_parent', %j, ARRAY(SELECT id FROM left_parent WHERE id > %i), 'newest');
SELECT * FROM junction.merge('%p', %i, ARRAY[%j]);
SELECT * FROM junction.merge('%p', %j, ARRAY[%i], 'error');
SELECT * FROM junction.merge('left_parent', %i, ARRAY[%j], dry_run => true);
SELECT * FROM junction.deduplicate('loose', 'last');
INSERT INTO left_parent SELECT generate_series(1, 9) ON CONFLICT DO NOTHING;
INSERT INTO %p SELECT generate_series(1, 9) ON CONFLICT DO NOTHING;
INSERT INTO %t (left_id, right_id) SELECT l.id, r.id FROM left_parent AS l, %p AS r WHERE (l.id + r.id) % 3 = 0 ORDER BY 1, 2 ON CONFLICT DO NOTHING;
INSERT INTO loose SELECT l.id, r.id FROM left_parent AS l, left_parent AS r WHERE l.id < r.id ORDER BY 1, 2 ON CONFLICT DO NOTHING;
SELECT * FROM junction.promote('%t');
SELECT * FROM junction.demote('%t', '%t', discard_columns => true);
SELECT * FROM junction.create_accessors('%t', '{set,add}');
SELECT * FROM set_%t(%i, '{%j, %i}');
SELECT * FROM add_%t(%i, '{%j}');
SQL
}

serializable() {
    cat <<'SQL'
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM %t; SELECT count(*) FROM junction.report(); SELECT count(*) FROM left_parent; COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM junction.probe('%t'); COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM junction.junctions; SELECT * FROM junction.report('%t'); COMMIT;
SQL
}

# links one by one: such statements cannot deadlock with each other
clients() {
    cat <<'SQL'
INSERT INTO %t (left_id, right_id) VALUES (%i, %j) ON CONFLICT (left_id, right_id) DO NOTHING;
INSERT INTO %t (left_id, right_id) VALUES (%i, %j) ON CONFLICT (left_id, right_id) DO NOTHING;
DELETE FROM %t WHERE left_id = %i AND right_id = %j;
UPDATE %t SET gone_at = now() WHERE left_id = %i AND right_id = %j;
SELECT count(*) FROM %t WHERE left_id = %i;
UPDATE lists SET right_ids = ARRAY[%i, %j] WHERE id = %i;
UPDATE lists SET left_ids = array_append(left_ids, %j) WHERE id = %i AND cardinality(left_ids) < 9;
INSERT INTO threes VALUES (%i, %j, %i) ON CONFLICT DO NOTHING;
SELECT * FROM set_%t(%i, ARRAY[%j, %i]);
SELECT * FROM set_%t(%i, '{}');
SELECT * FROM add_%t(%i, ARRAY[%j]);
SELECT * FROM remove_%t(%i, ARRAY[%j]);
SELECT * FROM toggle_%t(%i, ARRAY[%j]);
SQL
}

# of one session alone, since two that delete parents meet at links in different orders
parents() {
    cat <<'SQL'
DELETE FROM left_parent WHERE id = %i;
INSERT INTO left_parent VALUES (%i) ON CONFLICT DO NOTHING;
DELETE FROM %p WHERE id = %j;
INSERT INTO %p VALUES (%j) ON CONFLICT DO NOTHING;
SQL
}

dumps() {
    echo "\\! pg_dump --dbname $database > $work/dump 2> $work/dump.errors"
}

# session KIND SEED SECONDS [SETTINGS]: the lines of a kind in any order, over and over, until the time is up
session() {
    {
        cat <<SQL
\set VERBOSITY verbose
SET client_min_messages = warning;
SET junction.guard = $([ $(($2 % 3)) != 0 ] && echo warning || echo error);
${4:-}
SQL
        "$1" | awk -v seed="$2" -v count="$(($3 * 3000))" '
            { line[NR] = $0 }
            END {
                srand(seed)
                for (i = 0; i < count; i++) {
                    text = line[int(rand() * NR) + 1]
                    gsub("%t", "links_" int(rand() * 2), text)
                    gsub("%p", "right_parent_" int(rand() * 2), text)
                    gsub("%i", int(rand() * 9) + 1, text)
                    gsub("%j", int(rand() * 9) + 1, text)
                    gsub("%n", int(rand() * 30), text)
                    print text
                }
            }'
    } > "$work/$1.$2.sql"
    timeout "$3" psql --no-psqlrc --quiet --dbname "$database" --file "$work/$1.$2.sql" > /dev/null 2> "$work/$1.$2.errors" || true
}

# errors KIND PATTERN: of the sessions of a kind, those whose SQLSTATE and message do not match, with their statements
errors() {
    local file
    for file in "$work/$1".*.errors; do
        [ -e "$file" ] || continue
        perl -ne '
            BEGIN { ($pattern, $script) = splice @ARGV, 0, 2; open my $file, "<", $script or die; @line = <$file> }
            print "$1: $2\n  $line[$1 - 1]" if /^psql:[^:]*:(\d+): (?:ERROR|FATAL|PANIC):  (.*)/ && $2 !~ /^(?:$pattern)/;
        ' "$2" "${file%.errors}.sql" "$file"
    done | head -n 40
}

# what the design says that a call can be refused with, but for its internal errors; and what PostgreSQL says of a table that goes,
# or of a lock that is not to be had. What it says of commands that collide in its catalogs is its own
refusals='42809|22023|42704|42703|42P07|42710|42723|42701|42622|2BP01|23000|23505|23502|23503|55000|55006|55P03|25001|2D000|42501|0A000|42P01'
collisions='XX000: tuple concurrently'
# beside these, an accessor that is not there, or is there already, and a junction that is none at the moment
merge_refusals="$refusals|42883|42723|42P10"
# PostgreSQL locks a function neither while it is called nor while it is dropped
function_gone='XX000: cache lookup failed for function'

echo "# seed $seed"
fresh_database "$database"
sql "$database" <<'SQL'
CREATE EXTENSION junction;
CREATE TABLE left_parent (id int PRIMARY KEY);
CREATE TABLE kept (left_id int NOT NULL REFERENCES left_parent, right_id int REFERENCES left_parent, note text);
CREATE INDEX kept_note ON kept (note);
CREATE TABLE loose (left_id int REFERENCES left_parent, right_id int REFERENCES left_parent);
SQL
hurry="SET lock_timeout = '50 ms'; SET deadlock_timeout = '10 ms';"
session renames $((seed + 1)) "$seconds" "$hurry" &
session drops $((seed + 1)) "$seconds" "$hurry" &
session serializable $((seed + 1)) "$seconds" "$hurry" &
session merges $((seed + 1)) "$seconds" "$hurry" &
session dumps $((seed + 1)) "$seconds" &
for number in 1 2 3; do
    session changes $((seed + number)) "$seconds" "$hurry" &
    session calls $((seed + number)) "$seconds" "$hurry" &
done
wait

lives() {
    holds "the server lives" "$(grep -E 'terminated by signal|PANIC|TRAP' "$JUNCTION_SERVER_LOG" || true)"
}
lives
holds "no call ends with an error that is not documented" "$(errors calls "$refusals|40P01|$collisions";
    errors merges "$merge_refusals|40P01|40001|$collisions|$function_gone"; errors serializable "$refusals|40P01|40001|25P02|$collisions")"
holds "the guard judges all" "$(grep -h -A 1 'could not check' "$work"/*.errors | head -n 40 || true)"
holds "calls met tables that had gone, and tables that were there" \
    "$(grep -q 'ERROR:  42P01' "$work"/calls.*.errors && grep -qE 'ERROR:  (55000|42809|42704)' "$work"/calls.*.errors || echo "they did not")"
dropdb --force "$database"

#
# No DDL but ours
#
createdb races_start
sql races_start > /dev/null <<'SQL'
CREATE EXTENSION junction;
CREATE TABLE left_parent (id int PRIMARY KEY);
CREATE TABLE right_parent_0 (id int PRIMARY KEY);
CREATE TABLE right_parent_1 (id int PRIMARY KEY);
INSERT INTO left_parent SELECT generate_series(1, 9);
INSERT INTO right_parent_0 SELECT generate_series(1, 9);
INSERT INTO right_parent_1 SELECT generate_series(1, 9);
CREATE TABLE links_0 (left_id int REFERENCES left_parent ON DELETE CASCADE, right_id int REFERENCES right_parent_0, gone_at timestamptz, PRIMARY KEY (left_id, right_id));
CREATE TABLE links_1 (left_id int REFERENCES left_parent ON DELETE CASCADE, right_id int REFERENCES right_parent_1, gone_at timestamptz, PRIMARY KEY (left_id, right_id));
CREATE TABLE lists (id int PRIMARY KEY, right_ids int[], left_ids int[]);
INSERT INTO lists SELECT n, ARRAY[n, 1], ARRAY[n, 2] FROM generate_series(1, 9) AS n;
CREATE TABLE threes (left_id int REFERENCES left_parent, right_id int REFERENCES right_parent_0, by_id int REFERENCES right_parent_1, PRIMARY KEY (left_id, right_id, by_id));
INSERT INTO threes SELECT n, n % 3 + 1, n FROM generate_series(1, 9) AS n;
INSERT INTO links_0 SELECT l.id, r.id FROM left_parent AS l, right_parent_0 AS r;
CREATE TABLE parts (left_id int REFERENCES left_parent ON DELETE CASCADE, right_id int REFERENCES right_parent_0, PRIMARY KEY (left_id, right_id)) PARTITION BY HASH (left_id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE loose (left_id int REFERENCES left_parent, right_id int REFERENCES left_parent);
SELECT count(*) FROM junction.create_accessors('links_0', '{set,add,remove,toggle,matching}');
SELECT count(*) FROM junction.create_accessors('links_1', '{set,add,remove,toggle}');
SQL

deadlocks() {                                           # that the server has told of since it had so many lines
    tail -n "+$(($1 + 1))" "$JUNCTION_SERVER_LOG" | grep -A 8 'deadlock detected' | head -n 60 || true
}

for round in $(seq "$rounds"); do
    createdb --template races_start "$database"
    rm -f "$work"/*.errors
    kinds=(calls)
    others=(calls calls calls clients clients merges serializable dumps parents)
    for _ in $(seq $((RANDOM % 4 + 1))); do
        kind=${others[RANDOM % ${#others[@]}]}
        [ "$kind" != parents ] || others=(calls calls calls clients clients merges serializable dumps)
        kinds+=("$kind")
    done
    lines=$(wc -l < "$JUNCTION_SERVER_LOG")
    for number in "${!kinds[@]}"; do
        session "${kinds[number]}" $((seed * 100 + round * 10 + number)) 2 &
    done
    wait
    name="round $round (${kinds[*]})"
    holds "$name: no deadlock" "$(deadlocks "$lines")"
    holds "$name: no error that is not documented" "$(errors calls "$refusals"; errors serializable "$refusals|40001|25P02";
        errors clients "23505|23503|42703|42P10|42883|$function_gone"; errors parents 23503; errors merges "$merge_refusals")"
    dropdb --force "$database"
done

for round in $(seq "$rounds"); do
    createdb --template races_start "$database"
    rm -f "$work"/*.errors
    lines=$(wc -l < "$JUNCTION_SERVER_LOG")
    for number in 1 2 3; do
        session merges $((seed * 100 + round * 10 + number)) 2 &
    done
    wait
    holds "merges beside merges, round $round: no deadlock" "$(deadlocks "$lines")"
    holds "merges beside merges, round $round: no error that is not documented" "$(errors merges "$merge_refusals")"
    dropdb --force "$database"
done
lives
done_testing
