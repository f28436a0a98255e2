#!/usr/bin/env bash
# test/bench/accessors.sh [INVOICES [LINKS [EVERY]]]: the functions of junction.create_accessors beside what people write.
# INVOICES (default 10000) for set, LINKS (default 10000000) for matching. Of EVERY (default 1) invoices one is set.
#
#   set       a set for each invoice, which has 4 links in the median and 12000 at most: the same as before, one other, and
#             half of them others; beside what clients write, by test/bench/set_clients.pl, which says what that is
#   matching  invoices with all of one to five tags, of which some have many links and some few; beside four forms by hand:
#             joins, EXISTS, INTERSECT, and counting
#   index     the reverse index on (tag_id) and on (tag_id, invoice_id): its size, and the time of the same queries
#
# Prints milliseconds and ratios. A benchmark, not a test: it judges nothing. The goals are 1.05 of the faster of all and read;
# 1.2 of the best form by hand, and a tenth of the worst.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/accessors.sh. Sets
# max_wal_size there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=../lib/bench.sh
. ../lib/bench.sh

invoices=${1:-10000}
links=${2:-10000000}
every=${3:-1}
rounds=3
export PGOPTIONS='-c client_min_messages=error -c work_mem=64MB -c maintenance_work_mem=256MB -c jit=off'

bench_set() {
    fresh_database "$database"
    run > /dev/null <<END
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, $invoices);
INSERT INTO tags SELECT generate_series(1, 100000);
SELECT junction.create('invoices', 'tags');
SELECT junction.create_accessors('invoice_tags');
-- one invoice has 12000 links, the others 12000 / rank, but 4 in the median
CREATE TABLE links AS SELECT i AS invoice_id, (i::bigint * 7919 + k * 3)::int % 50000 AS tag_id, k AS place
FROM generate_series(1, $invoices) AS i, generate_series(1, greatest(12000 / i, CASE i % 3 WHEN 0 THEN 8 WHEN 1 THEN 4 ELSE 2 END)) AS k;
DELETE FROM links WHERE tag_id = 0;
INSERT INTO invoice_tags SELECT invoice_id, tag_id FROM links;
VACUUM ANALYZE;
CHECKPOINT;
END
    echo "set: $(run --command "SELECT format('%s invoices, %s links, %s in the median, %s at most', count(*), sum(n), percentile_disc(0.5) WITHIN GROUP (ORDER BY n), max(n)) FROM (SELECT count(*) AS n FROM links GROUP BY invoice_id) AS l")"
    echo "  links that sets of the same links change, and whether nothing is written: $(run --command "BEGIN; SELECT count(*) FROM (SELECT set_invoice_tags(invoice_id, array_agg(tag_id)) FROM links GROUP BY invoice_id) AS s; SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT" | paste -s -d ' ')"
    ./set_clients.pl "$database" "$every"
}

# by_hand FORM TAG...: invoices with all of the tags
by_hand() {
    local form=$1 tag n=0 text=
    shift
    case $form in
        joins) for tag; do n=$((n + 1)); text+=" JOIN invoice_tags l$n ON l$n.invoice_id = i.id AND l$n.tag_id = $tag"; done
               echo "SELECT i.* FROM invoices i$text" ;;
        exists) for tag; do text+=" AND EXISTS (SELECT FROM invoice_tags l WHERE l.invoice_id = i.id AND l.tag_id = $tag)"; done
                echo "SELECT i.* FROM invoices i WHERE true$text" ;;
        intersect) for tag; do text+="${text:+ INTERSECT }SELECT invoice_id FROM invoice_tags WHERE tag_id = $tag"; done
                   echo "SELECT i.* FROM invoices i WHERE id IN ($text)" ;;
        counting) echo "SELECT i.* FROM invoices i WHERE id IN (SELECT invoice_id FROM invoice_tags WHERE tag_id IN ($(IFS=,; echo "$*")) GROUP BY invoice_id HAVING count(*) = $#)" ;;
        ours) echo "SELECT * FROM invoices_with_tags('{$(IFS=,; echo "$*")}')" ;;
    esac
}

# time_of QUERY: the median of its runs in one session, its planning included, without its rows on the way. The first is left out:
# it reads the catalogs, the function's body among them
time_of() {
    local n
    { printf '%s\n' '\timing on'; for ((n = 0; n <= rounds; n++)); do echo "SELECT count(*) FROM ($1) AS q;"; done; } | run |
        sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sed 1d | median
}

# bench_matching INDEX TAGS...: on that reverse index; the table of test/bench.sh gets the tags where ours are the slowest
bench_matching() {
    local index=$1 tags form best worst ours time line
    shift
    : > "$work/ratios"
    for tags in "$@"; do
        best='' worst='' line=''
        for form in joins exists intersect counting; do
            # shellcheck disable=SC2086 # a list
            time=$(time_of "$(by_hand $form $tags)")
            line+=" $form $time"
            best=$(printf '%s\n' "$time" "${best:-$time}" | sort -g | head -n 1)
            worst=$(printf '%s\n' "$time" "${worst:-$time}" | sort -g | tail -n 1)
        done
        # shellcheck disable=SC2086
        ours=$(time_of "$(by_hand ours $tags)")
        echo "  {$tags}: matching $ours ms,$line; of the best $(ratio "$ours" "$best"), of the worst $(ratio "$ours" "$worst")"
        echo "$(ratio "$ours" "$best") $ours $best" >> "$work/ratios"
    done
    read -r _ ours best < <(sort -g "$work/ratios" | tail -n 1)
    compare "\`matching\`, $links links, index on ($index), the worst of $# calls" 'by hand: the best of four forms (ms)' \
        "$ours" "$best" 1.2
}

bench_links() {
    local index
    fresh_database "$database"
    run > /dev/null <<END
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY, note text);
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO invoices SELECT i, 'invoice ' || i FROM generate_series(1, $links / 10) AS i;
INSERT INTO tags SELECT generate_series(1, 10000);
SELECT junction.create('invoices', 'tags', reverse_index => false);
ALTER TABLE invoice_tags DISABLE TRIGGER ALL;
-- tag 1 has most links, tag 10000 the fewest
SELECT setseed(0.5);
INSERT INTO invoice_tags SELECT 1 + (random() * ($links / 10 - 1))::int, 1 + (9999 * power(random(), 6))::int FROM generate_series(1, $links)
ON CONFLICT DO NOTHING;
ALTER TABLE invoice_tags ENABLE TRIGGER ALL;
SELECT junction.create_accessors('invoice_tags', '{matching}');
END
    echo "matching: $(run --command "SELECT format('%s links, tag 1 %s, tag 2 %s, tag 100 %s, tag 9000 %s', count(*), count(*) FILTER (WHERE tag_id = 1), count(*) FILTER (WHERE tag_id = 2), count(*) FILTER (WHERE tag_id = 100), count(*) FILTER (WHERE tag_id = 9000)) FROM invoice_tags")"
    for index in 'tag_id' 'tag_id, invoice_id'; do
        run --command "CREATE INDEX reverse ON invoice_tags ($index)"
        run --command 'VACUUM ANALYZE'
        echo " with ($index): $(run --command "SELECT pg_size_pretty(pg_relation_size('reverse'))")"
        bench_matching "$index" '9000' '100' '1' '1 9000' '1 2' '100 200' '1 2 100' '1 2 3 4' '9000 1 2 3 4'
        run --command 'DROP INDEX reverse'
    done
}

enlarge_server
bench_set
bench_links
