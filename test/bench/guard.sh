#!/usr/bin/env bash
# test/bench/guard.sh [TABLES]: what junction.guard costs who makes TABLES tables (default 10000), each in a transaction of its
# own: without the extension, with it and the guard off, with junction.guard = warning. Once plain tables, and once
# junctions, with two foreign keys and both indexes, a fifth as many. Prints the time of each per table, and the ratios. A
# benchmark, not a test: it judges nothing. The goals, for plain tables, are 1.01 with the guard off, 1.05 with it on.
#
# Each variant has a database of its own, and makes its tables by the hundred, in turn with the others, each time in a new
# session that has made some before. What counts is the median of these turns. Where others use the machine too, the wall
# time tells little, and the processor time of the session, which the kernel has in nanoseconds, more; and of that the
# turns that were disturbed least: there is a ratio of the first quartiles too.
#
# Assumes a server that the PG* variables lead to, on this machine, as a superuser: test/with-server.sh test/bench/guard.sh.
# Sets autovacuum and max_wal_size there, and takes them back.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/bench.sh

tables=${1:-10000}
batch=100
variants=(without off warning)
export PGOPTIONS='-c client_min_messages=error'

# a table, or one with two foreign keys, its key and the reverse index, in one transaction; between a hundred parents each,
# as every foreign key that points at a table makes the next one dearer
declare -A statements=(
    [plain]='CREATE TABLE t%s (id int)'
    [junctions]='CREATE TABLE t%s (a_id int NOT NULL REFERENCES a%p, b_id int NOT NULL REFERENCES b%p, PRIMARY KEY (a_id, b_id));
        CREATE INDEX ON t%s (b_id)'
)

run_in() {                                              # run_in VARIANT: what comes in, in its database
    sql "${database}_$1"
}

drop() {
    for variant in "${variants[@]}"; do
        dropdb --if-exists --force "${database}_$variant"
    done
}

build() {                                               # build KIND: the databases
    drop
    for variant in "${variants[@]}"; do
        createdb "${database}_$variant"
        [ "$variant" = without ] || echo 'CREATE EXTENSION junction' | run_in "$variant"
        run_in "$variant" <<EOF
SELECT format('CREATE TABLE %s%s (id int PRIMARY KEY)', name, i) FROM unnest('{a,b}'::text[]) AS name, generate_series(0, 99) AS i \gexec
CREATE PROCEDURE build(first int, last int) LANGUAGE plpgsql AS \$\$
BEGIN
    FOR i IN first..last LOOP
        EXECUTE replace(replace('${statements[$1]}', '%s', i::text), '%p', (i % 100)::text);
        COMMIT;
    END LOOP;
END \$\$;
EOF
    done
}

# measure VARIANT FIRST: microseconds of the wall and of the processor, per table, of the batch that begins there
measure() {
    run_in "$1" <<EOF | perl -ne 'push @numbers, /([0-9.]+)/; END { ($before, $wall, $after) = @numbers;
        printf "%.1f %.1f\n", $wall * 1000 / '$batch', ($after - $before) / 1000 / '$batch' }'
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
$([ "$1" = without ] || echo "SET junction.guard = $1;")
CALL build($2, $2 + 9);
\! cut -d ' ' -f 1 /proc/\$PID/schedstat
\timing on
CALL build($2 + 10, $2 + $batch + 9);
\timing off
\! cut -d ' ' -f 1 /proc/\$PID/schedstat
EOF
}

# report KIND: from the lines "variant wall processor" of the turns
report() {
    perl -e 'sub quantile { my ($part, $times) = @_; (sort { $a <=> $b } @$times)[$#$times * $part] }
        while (<STDIN>) { my ($variant, @times) = split; push @{$of{$variant}[$_]}, $times[$_] for 0, 1 }
        for my $variant (@ARGV[1 .. $#ARGV]) {
            my @parts;
            for my $what (0, 1) {
                my ($times, $without) = ($of{$variant}[$what], $of{without}[$what]);
                push @parts, sprintf "%s %.0f us, ratio %.3f, of the fastest quarter %.3f", ("wall", "processor")[$what],
                    quantile(0.5, $times), map { quantile($_, $times) / quantile($_, $without) } 0.5, 0.25;
            }
            print "$ARGV[0], $variant: ", join("; ", @parts), "\n";
        }' "$1" "${variants[@]}"
}

change autovacuum off
change max_wal_size 8GB

for kind in plain junctions; do
    turns=$((tables / batch))
    [ "$kind" = plain ] || turns=$((turns / 5))
    build "$kind"
    for ((turn = 0; turn < turns; turn++)); do
        for ((place = 0; place < ${#variants[@]}; place++)); do
            variant=${variants[(place + turn) % ${#variants[@]}]}
            echo "$variant $(measure "$variant" $((turn * (batch + 10))))"
        done
    done > "$work/times"
    report "$kind" < "$work/times" | tee "$work/report"
    read -r without off warning < <(sed -E 's/.*: wall ([0-9]+) us.*/\1/' "$work/report" | paste --serial --delimiters ' ')
    compare "making a table ($kind), \`junction.guard = off\`" "without the extension (us)" "$off" "$without" 1.01
    compare "making a table ($kind), \`junction.guard = warning\`" "without the extension (us)" "$warning" "$without" 1.05
done
