#!/usr/bin/env bash
# test/bench/absorb.sh [ROWS]: how long junction.absorb takes for ROWS rows (default 1000000) with ten keys each in an array,
# beside what a person writes:
#
#   by hand   CREATE TABLE AS SELECT DISTINCT id, unnest(tag_ids), ADD PRIMARY KEY, CREATE INDEX, ADD FOREIGN KEY twice
#   plain     the same without DISTINCT, for who knows that no row has a key twice
#
# the three in turn, in three rounds. Prints medians in milliseconds and ratios; then what each statement of the plan takes. A
# benchmark, not a test: it judges nothing. The goal is 1.0 of by hand.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/absorb.sh. Sets max_wal_size
# there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

rows=${1:-1000000}
rounds=${2:-3}
export PGOPTIONS='-c client_min_messages=error -c maintenance_work_mem=256MB -c work_mem=64MB'

# timed: the milliseconds that the statements of its input take, one after the other
timed() {
    { printf '\\timing on\n'; cat; } | run | awk '/^Time: / {sum += $2} END {printf "%.3f\n", sum}'
    run --command 'DROP TABLE IF EXISTS invoice_tags' --command CHECKPOINT
}

absorb() {
    echo "SELECT count(*) FROM junction.absorb('invoices', '{tag_ids}', 'tags');" | timed
}

# by_hand [DISTINCT]
by_hand() {
    timed <<END
BEGIN;
CREATE TABLE invoice_tags AS SELECT $1 id AS invoice_id, unnest(tag_ids) AS tag_id FROM invoices;
ALTER TABLE invoice_tags ADD PRIMARY KEY (invoice_id, tag_id);
CREATE INDEX ON invoice_tags (tag_id);
ALTER TABLE invoice_tags ADD FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    ADD FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE;
COMMIT;
END
}

enlarge_server
fresh_database "$database"
run <<END
CREATE EXTENSION junction;
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO tags SELECT generate_series(1, 100000);
CREATE TABLE invoices (id int PRIMARY KEY, tag_ids int[]) WITH (autovacuum_enabled = false);
-- 7919 and 31337 are primes: ten different tags in no order
INSERT INTO invoices SELECT i, array(SELECT 1 + (i::bigint * 7919 + k * 31337) % 100000 FROM generate_series(1, 10) AS k)
FROM generate_series(1, $rows) AS i;
VACUUM ANALYZE;
END
for ((round = 1; round <= rounds; round++)); do
    absorb >> "$work/absorb"
    by_hand DISTINCT >> "$work/by_hand"
    by_hand '' >> "$work/plain"
done
ours=$(median < "$work/absorb") hand=$(median < "$work/by_hand") plain=$(median < "$work/plain")
echo "$rows rows: absorb $ours ms, by hand $hand ms, plain $plain ms;" \
     "of by hand $(ratio "$ours" "$hand"), of plain $(ratio "$ours" "$plain")"
compare "\`absorb\`, $rows arrays of 10" "by hand: \`CREATE TABLE AS SELECT DISTINCT\`, keys, index (ms)" "$ours" "$hand" 1.0
{
    printf '\\timing on\n'
    echo "SELECT count(*) FROM junction.absorb('invoices', '{tag_ids}', 'tags', dry_run => true);"
    printf '\\echo :\n'
    echo "SELECT statement FROM junction.absorb('invoices', '{tag_ids}', 'tags', dry_run => true) \\gexec"
} | run
run --command 'DROP TABLE invoice_tags'
