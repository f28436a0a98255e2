#!/usr/bin/env bash
# test/bench/dependencies.sh [ROWS]: how long junction.dependencies takes for ROWS random rows of three ends (default 1000000),
#
#   memory    when they fit into memory
#   queries   when they do not, and each count is a query
#
# in turn, in three rounds. Prints medians in milliseconds. A benchmark, not a test: it judges nothing.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/dependencies.sh. The one of
# with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

rows=${1:-1000000}
rounds=${2:-3}

# counted KIND SETTINGS: adds the milliseconds of one count, with these settings, to the file of its kind
counted() {
    printf '%s\n' "$2" '\timing on' "SELECT count(*) FROM junction.dependencies('taggings');" | run |
        awk '/^Time: / {print $2}' >> "$work/$1"
}

enlarge_server
fresh_database "$database"
run <<END
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, 100000);
INSERT INTO tags SELECT generate_series(1, 1000);
INSERT INTO users SELECT generate_series(1, 10000);
CREATE TABLE taggings (invoice_id int, tag_id int, user_id int) WITH (autovacuum_enabled = false);
SELECT setseed(0.5);
INSERT INTO taggings SELECT DISTINCT 1 + (random() * 99999)::int, 1 + (random() * 999)::int, 1 + (random() * 9999)::int
FROM generate_series(1, $rows);
ALTER TABLE taggings ADD PRIMARY KEY (invoice_id, tag_id, user_id), ADD FOREIGN KEY (invoice_id) REFERENCES invoices,
    ADD FOREIGN KEY (tag_id) REFERENCES tags, ADD FOREIGN KEY (user_id) REFERENCES users;
VACUUM ANALYZE;
END
for ((round = 1; round <= rounds; round++)); do
    counted memory "SET maintenance_work_mem = '256MB';"
    # 32 bytes a row: too little for the rows and their groups
    counted queries "SET maintenance_work_mem = '$((rows / 31250 < 1 ? 1 : rows / 31250))MB'; SET hash_mem_multiplier = 1;"
done
memory=$(median < "$work/memory") queries=$(median < "$work/queries")
echo "$rows rows: in memory $memory ms, by queries $queries ms; $(ratio "$memory" "$queries")"
compare "\`dependencies\`, $rows rows, in memory" 'the same, a query for each count (ms)' "$memory" "$queries" -
