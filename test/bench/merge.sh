#!/usr/bin/env bash
# test/bench/merge.sh [LINKS]: how long junction.merge takes for a tag with LINKS links (default 1000000) into one with as many,
# half in common, beside the statements that a person writes:
#
#   two       DELETE of the links that are there already, UPDATE of the others
#   upsert    INSERT ... ON CONFLICT DO NOTHING, DELETE of the old ones
#
# each with the DELETE of the tag at last, in a transaction that is rolled back; the three in turn, in rounds, with a VACUUM
# between. Prints medians in milliseconds and ratios. A benchmark, not a test: it judges nothing. The goal is 1.2 of the better.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/merge.sh. Sets max_wal_size
# there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

links=${1:-1000000}
rounds=${2:-3}
export PGOPTIONS='-c client_min_messages=error -c work_mem=64MB'

# timed: the milliseconds that the statements of its input take, one after the other
timed() {
    { printf '\\timing on\nBEGIN;\n'; cat; printf 'ROLLBACK;\n'; } | run | awk '/^Time: / {sum += $2} END {printf "%.3f\n", sum}'
    run --command 'VACUUM invoice_tags' --command CHECKPOINT
}

merge() {
    echo "SELECT count(*) FROM junction.merge('tags', 7, ARRAY[9]);" | timed
}

two() {
    timed <<END
DELETE FROM invoice_tags AS going WHERE tag_id = 9 AND EXISTS (
    SELECT FROM invoice_tags AS staying WHERE staying.tag_id = 7 AND staying.invoice_id = going.invoice_id);
UPDATE invoice_tags SET tag_id = 7 WHERE tag_id = 9;
DELETE FROM tags WHERE id = 9;
END
}

upsert() {
    timed <<END
INSERT INTO invoice_tags SELECT invoice_id, 7 FROM invoice_tags WHERE tag_id = 9 ON CONFLICT DO NOTHING;
DELETE FROM invoice_tags WHERE tag_id = 9;
DELETE FROM tags WHERE id = 9;
END
}

enlarge_server
fresh_database "$database"
run <<END
CREATE EXTENSION junction;
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE invoices (id int PRIMARY KEY);
INSERT INTO tags SELECT generate_series(1, 20);
INSERT INTO invoices SELECT generate_series(1, $links * 3 / 2);
CREATE TABLE invoice_tags (invoice_id int, tag_id int) WITH (autovacuum_enabled = false);
INSERT INTO invoice_tags SELECT id, 7 FROM invoices WHERE id <= $links
UNION ALL SELECT id, 9 FROM invoices WHERE id > $links / 2
UNION ALL SELECT id, 1 + id % 6 FROM invoices;
ALTER TABLE invoice_tags ADD PRIMARY KEY (invoice_id, tag_id),
    ADD FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE, ADD FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE;
CREATE INDEX ON invoice_tags (tag_id);
VACUUM ANALYZE;
END
for ((round = 1; round <= rounds; round++)); do
    merge >> "$work/merge"
    two >> "$work/two"
    upsert >> "$work/upsert"
done
ours=$(median < "$work/merge") two=$(median < "$work/two") upsert=$(median < "$work/upsert")
better=$(printf '%s\n' "$two" "$upsert" | sort -g | head -n 1)
echo "$links links into $links: merge $ours ms, DELETE and UPDATE $two ms, INSERT and DELETE $upsert ms; of the better $(ratio "$ours" "$better")"
compare "\`merge\`, $links links into $links" 'by hand: the better of two ways (ms)' "$ours" "$better" 1.2
