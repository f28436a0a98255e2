#!/usr/bin/env bash
# test/bench/merge.sh [LINKS [ROUNDS]]: how long junction.merge takes for a tag with LINKS links (default 1000000) into one with as many,
# half in common, beside the statements that a person writes:
#
#   two       DELETE of the links that are there already, UPDATE of the others
#   upsert    INSERT ... ON CONFLICT DO NOTHING, DELETE of the old ones
#
# each with the DELETE of the tag at last, and a COMMIT; each time in a copy of the same database, as the first to change a table
# makes it grow, and splits the pages of its indexes, which the next one finds. The three in turn, each time in another order.
# Prints the medians of the time, and of the backend's time on a processor, in milliseconds, with their ratios, and all rounds. One
# process does all: max_parallel_workers_per_gather is 0. A benchmark, not a test: it judges nothing. The goal is 1.2 of the better.
#
# Assumes a server that the PG* variables lead to, as a superuser, on Linux: test/with-server.sh test/bench/merge.sh. Sets
# max_wal_size there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

links=${1:-1000000}
rounds=${2:-3}
export PGOPTIONS='-c client_min_messages=error -c work_mem=64MB -c max_parallel_workers_per_gather=0'
copy=${database}_copy

drop() {
    dropdb --if-exists "$copy"
    dropdb --if-exists "$database"
}

# timed WAY: runs the statements of its input in a copy, and appends what they take to files of the way
timed() {
    dropdb --if-exists "$copy"
    createdb --template "$database" --strategy file_copy "$copy"
    {
        printf 'SELECT pg_backend_pid() AS pid \\gset\n\\setenv PID :pid\n'
        printf 'SELECT count(*) FROM %s;\n' invoices tags invoice_tags
        printf 'SET enable_seqscan = off; SELECT count(*) FROM invoice_tags WHERE tag_id > 0; SELECT count(*) FROM invoice_tags WHERE invoice_id > 0; RESET enable_seqscan;\n'
        printf "\\\\! cut -d ' ' -f 1 /proc/\$PID/schedstat | sed 's/^/processor /'\n\\\\timing on\nBEGIN;\n"
        cat
        printf "COMMIT;\n\\\\timing off\n\\\\! cut -d ' ' -f 1 /proc/\$PID/schedstat | sed 's/^/processor /'\n"
    } | sql "$copy" | awk -v way="$work/$1" '
        /^Time: / {sum += $2}
        /^processor / {used = $2 - before; before = $2}
        END {printf "%.3f\n", sum > (way ".time"); printf "%.3f\n", used / 1000000 > (way ".processor")}'
    cat "$work/$1.time" >> "$work/$1.times"
    cat "$work/$1.processor" >> "$work/$1.processors"
}

merge() {
    echo "SELECT count(*) FROM junction.merge('tags', 7, ARRAY[9]);" | timed merge
}

two() {
    timed two <<END
DELETE FROM invoice_tags AS going WHERE tag_id = 9 AND EXISTS (
    SELECT FROM invoice_tags AS staying WHERE staying.tag_id = 7 AND staying.invoice_id = going.invoice_id);
UPDATE invoice_tags SET tag_id = 7 WHERE tag_id = 9;
DELETE FROM tags WHERE id = 9;
END
}

upsert() {
    timed upsert <<END
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
ways=(merge two upsert)
for ((round = 0; round < rounds; round++)); do
    for ((place = 0; place < ${#ways[@]}; place++)); do
        "${ways[(place + round) % ${#ways[@]}]}"
    done
done
better() {                                              # better KIND: the smaller of the medians by hand
    for way in two upsert; do
        median < "$work/$way.$1"
    done | sort -g | head -n 1
}
for kind in times processors; do
    echo "$kind: merge $(median < "$work/merge.$kind") ms, DELETE and UPDATE $(median < "$work/two.$kind") ms," \
        "INSERT and DELETE $(median < "$work/upsert.$kind") ms; of the better $(ratio "$(median < "$work/merge.$kind")" "$(better "$kind")")"
    for way in "${ways[@]}"; do
        echo "    $way: $(paste -sd ' ' "$work/$way.$kind")"
    done
done
compare "\`merge\`, $links links into $links: time of the processor" 'by hand: the better of two ways (ms)' \
    "$(median < "$work/merge.processors")" "$(better processors)" 1.2
