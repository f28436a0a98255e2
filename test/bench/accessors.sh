#!/usr/bin/env bash
# test/bench/accessors.sh [INVOICES [LINKS]]: the functions of junction.create_accessors beside what people write. INVOICES
# (default 10000) for set, LINKS (default 10000000) for matching.
#
#   set       a set for each invoice, which has 4 links in the median and 12000 at most: the same as before, one other, and
#             half of them others; beside
#               all     BEGIN, DELETE all, INSERT all, COMMIT
#               read    BEGIN, SELECT what is there, DELETE and INSERT the difference, COMMIT: as in Laravel. The comparison in
#                       the client is not counted, and where nothing changes there is only the SELECT
#             and "none", the first with the reads in place of the calls. One client, simple statements, in three rounds.
#   matching  invoices with all of one to five tags, of which some have many links and some few; beside four forms by hand:
#             joins, EXISTS, INTERSECT, and counting
#   index     the reverse index on (tag_id) and on (tag_id, invoice_id): its size, and the time of the same queries
#
# Prints medians in milliseconds and ratios. A benchmark, not a test: it judges nothing. The goals are 1.05 of the faster of
# all and read; 1.2 of the best form by hand, and a tenth of the worst.
#
# Assumes a server that the PG* variables lead to, as a superuser: test/with-server.sh test/bench/accessors.sh. Sets
# max_wal_size there, and takes it back. The one of with-server.sh is restarted with the shared_buffers of a real one.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=../lib/bench.sh
. ../lib/bench.sh

invoices=${1:-10000}
links=${2:-10000000}
rounds=3
export PGOPTIONS='-c client_min_messages=error -c work_mem=64MB -c maintenance_work_mem=256MB -c jit=off'

# seconds of a script, in milliseconds
timed() {
    local start
    start=$(date +%s%N)
    run --file "$1" > /dev/null
    perl -e 'printf "%.1f\n", ($ARGV[1] - $ARGV[0]) / 1e6' "$start" "$(date +%s%N)"
}

# change NAME: the new links of each invoice, in the table next
change() {
    case $1 in
        unchanged) echo 'SELECT invoice_id, tag_id FROM links' ;;
        one) echo 'SELECT invoice_id, CASE place WHEN 1 THEN 50000 + tag_id ELSE tag_id END FROM links' ;;
        half) echo 'SELECT invoice_id, CASE place % 2 WHEN 1 THEN 50000 + tag_id ELSE tag_id END FROM links' ;;
    esac
}

# the scripts of the three ways, in the order of the invoices
write_scripts() {
    run <<END > "$work/ours"
SELECT format('SELECT * FROM set_invoice_tags(%s, %L);', invoice_id, array_agg(tag_id ORDER BY tag_id)) FROM next GROUP BY invoice_id ORDER BY invoice_id;
END
    run <<END > "$work/all"
SELECT format('BEGIN; DELETE FROM invoice_tags WHERE invoice_id = %s; INSERT INTO invoice_tags VALUES %s; COMMIT;', invoice_id,
              string_agg(format('(%s,%s)', invoice_id, tag_id), ',' ORDER BY tag_id)) FROM next GROUP BY invoice_id ORDER BY invoice_id;
END
    run <<END > "$work/read"
SELECT CASE WHEN bool_and(n.tag_id IS NOT NULL AND l.tag_id IS NOT NULL)
       THEN format('SELECT tag_id FROM invoice_tags WHERE invoice_id = %s;', invoice_id)
       ELSE format(E'BEGIN;\nSELECT tag_id FROM invoice_tags WHERE invoice_id = %1\$s;\nDELETE FROM invoice_tags WHERE invoice_id = %1\$s AND tag_id IN (%2\$s);\nINSERT INTO invoice_tags VALUES %3\$s;\nCOMMIT;', invoice_id,
                   string_agg(l.tag_id::text, ',') FILTER (WHERE n.tag_id IS NULL), string_agg(format('(%s,%s)', invoice_id, n.tag_id), ',') FILTER (WHERE l.tag_id IS NULL)) END
FROM next AS n FULL JOIN links AS l USING (invoice_id, tag_id) GROUP BY invoice_id ORDER BY invoice_id;
END
}

restore() {
    run <<'END'
TRUNCATE invoice_tags;
INSERT INTO invoice_tags SELECT invoice_id, tag_id FROM links;
VACUUM ANALYZE invoice_tags;
CHECKPOINT;
END
}

bench_set() {
    local kind way written
    fresh_database "$database"
    run > /dev/null <<END
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, $invoices);
INSERT INTO tags SELECT generate_series(1, 100000);
SELECT junction.create('invoices', 'tags');
SELECT junction.create_accessors('invoice_tags');
-- one invoice has 12000 links, the others 12000 / rank, but 4 at least
CREATE TABLE links AS SELECT i AS invoice_id, (i::bigint * 7919 + k * 3)::int % 50000 AS tag_id, k AS place
FROM generate_series(1, $invoices) AS i, generate_series(1, greatest(12000 / i, CASE i % 3 WHEN 0 THEN 8 WHEN 1 THEN 4 ELSE 2 END)) AS k;
DELETE FROM links WHERE tag_id = 0;
CREATE TABLE next AS SELECT invoice_id, tag_id FROM links LIMIT 0;
END
    echo "set: $(run --command "SELECT format('%s invoices, %s links, %s in the median, %s at most', count(*), sum(n), percentile_disc(0.5) WITHIN GROUP (ORDER BY n), max(n)) FROM (SELECT count(*) AS n FROM links GROUP BY invoice_id) AS l")"
    for kind in unchanged one half; do
        run --command "TRUNCATE next; INSERT INTO next $(change "$kind")"
        write_scripts
        rm -f "$work"/time.*
        for ((round = 1; round <= rounds; round++)); do
            for way in ours all read; do
                restore
                run --command 'SELECT pg_stat_reset()' > /dev/null
                timed "$work/$way" >> "$work/time.$way"
                [ "$way$round" != ours1 ] || written=$(sleep 1; run --command "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = 'invoice_tags'")
            done
        done
        local ours all read
        ours=$(median < "$work/time.ours") all=$(median < "$work/time.all") read=$(median < "$work/time.read")
        echo "  $kind: set $ours ms, all $all ms ($(ratio "$ours" "$all")), read $read ms ($(ratio "$ours" "$read")); rows written $written"
        compare "\`set\`, $invoices rows, $kind" 'by hand: the faster of two ways (ms)' "$ours" \
            "$(printf '%s\n' "$all" "$read" | sort -g | head -n 1)" 1.05
    done
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

# time_of QUERY: the median of its runs, its planning included, without its rows on the way
time_of() {
    local n
    for ((n = 0; n <= rounds; n++)); do
        printf '\\timing on\nSELECT count(*) FROM (%s) AS q;\n' "$1" | run | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
    done | sed 1d | median
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
