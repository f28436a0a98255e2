#!/usr/bin/env bash
# test/online.sh [ROWS]: promote_concurrently under real clients, on ROWS links (default 200000): no client sees an error or
# waits for long, nothing that was committed is lost, and the table is as junction.promote makes it. Then on a small table:
# stopped in every step, by a killed backend, an immediate stop of the server, a cancel and a lock that is not to be had,
# and finished by the same call or by the statements of the dry run. Prints TAP.
#
# It starts a server of its own, as it kills it: what test/with-server.sh needs.
#
# How it knows what was committed: a client notes the links that it makes and takes away, and what it adds to their hits, in
# a journal, in the same transaction. So for each pair the journal and the links at the start add up to what must be there.
# Clients cannot deadlock with each other: one that touches more than one row locks its user first, by an advisory lock.
set -euo pipefail
cd "$(dirname "$0")"

# in a server of its own, with the names of programs and places that come with it
if [ -z "${JUNCTION_ONLINE:-}" ]; then
    exec ./with-server.sh env JUNCTION_ONLINE=1 "./$(basename "$0")" "$@"
fi
rows=${1:-200000}
work=$(mktemp -d "${TMPDIR:-/tmp}/junction-online.XXXXXX")
export PGOPTIONS='-c client_min_messages=warning'
tests=0
failures=0

# shellcheck disable=SC2317 # the trap calls it
finish() {
    local pids
    pids=$(jobs -p)
    # shellcheck disable=SC2086 # one word each
    [ -z "$pids" ] || kill $pids 2> "$work/kill" || true
    rm -rf "$work"
}
trap finish EXIT

sql() {                                                 # sql DATABASE [ARGUMENT...]: quiet, stops at an error
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$1" "${@:2}"
}

report() {                                              # report STATUS NAME [FILE to show if it failed]
    tests=$((tests + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tests - $2"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $2"
        [ -z "${3:-}" ] || sed 's/^/#   /' "$3"
    fi
}

works() {                                               # works NAME COMMAND...
    local status=0
    "${@:2}" > "$work/output" 2>&1 < /dev/null || status=1
    report "$status" "$1" "$work/output"
}

is() {                                                  # is NAME GOT EXPECTED
    local status=0
    [ "$2" = "$3" ] || status=1
    printf 'got:      %s\nexpected: %s\n' "$2" "$3" > "$work/output"
    report "$status" "$1" "$work/output"
}

eventually() {                                          # eventually DATABASE CONDITION: waits until it is true, a minute at most
    local end=$((SECONDS + 60))
    until [ "$(sql "$1" --command "SELECT $2" 2> "$work/eventually")" = t ]; do
        [ "$SECONDS" -lt "$end" ] || { echo "# never came true in $1: $2"; return 1; }
        sleep 0.05
    done
}

as_owner() {                                            # as root, the server is the user postgres's
    if [ "$EUID" = 0 ]; then
        (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@")
    else
        "$@"
    fi
}

arguments="'user_orgs', 'memberships', columns => array['role text NOT NULL DEFAULT ''member''', 'invited_by int REFERENCES users'], keep_old_name => true"

#
# The table: every user has ten links. An event trigger makes a session sleep at the statement that the table breakpoint names
#
create() {                                              # create DATABASE ROWS
    createdb "$1"
    sql "$1" --set users=$(($2 / 10)) --set orgs=$(($2 / 100)) <<'END'
CREATE EXTENSION junction;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(0, :users);
INSERT INTO orgs SELECT generate_series(1, :orgs);
CREATE TABLE user_orgs (
    user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
    org_id int NOT NULL REFERENCES orgs ON DELETE CASCADE,
    hits int NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, org_id)
);
INSERT INTO user_orgs SELECT u, (u * 7 + k * 31) % :orgs + 1 FROM generate_series(1, :users) AS u, generate_series(0, 9) AS k;
CREATE INDEX ON user_orgs (org_id);

CREATE TABLE start AS SELECT user_id, org_id FROM user_orgs;
CREATE TABLE journal (user_id int, org_id int, links int, hits int);

CREATE TABLE breakpoint (event text, tag text, pattern text);
CREATE FUNCTION break() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM breakpoint WHERE event = TG_EVENT AND tag = TG_TAG
               AND (SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()) LIKE pattern)
    THEN PERFORM pg_sleep(600); END IF;
END $$;
CREATE EVENT TRIGGER break_before ON ddl_command_start EXECUTE FUNCTION break();
CREATE EVENT TRIGGER break_after ON ddl_command_end EXECUTE FUNCTION break();
VACUUM ANALYZE;
END
}

#
# The clients
#
cat > "$work/read" <<'END'
\set u random(1, :users)
\set o random(1, :orgs)
SELECT org_id, hits FROM user_orgs WHERE user_id = :u;
SELECT count(user_id) FROM user_orgs WHERE org_id = :o;
END
cat > "$work/insert" <<'END'
\set u random(1, :users)
\set o (:u * 7 + random(0, 9) * 31) % :orgs + 1
BEGIN;
SELECT pg_advisory_xact_lock_shared(:u);
WITH made AS (
    INSERT INTO user_orgs (user_id, org_id) VALUES (:u, :o) ON CONFLICT (user_id, org_id) DO NOTHING RETURNING user_id, org_id
) INSERT INTO journal SELECT user_id, org_id, 1, 0 FROM made;
END;
END
cat > "$work/delete" <<'END'
\set u random(1, :users)
\set o (:u * 7 + random(0, 9) * 31) % :orgs + 1
WITH gone AS (
    DELETE FROM user_orgs WHERE user_id = :u AND org_id = :o RETURNING user_id, org_id, hits
) INSERT INTO journal SELECT user_id, org_id, -1, -hits FROM gone;
END
cat > "$work/update" <<'END'
\set u random(1, :users)
\set o (:u * 7 + random(0, 9) * 31) % :orgs + 1
WITH changed AS (
    UPDATE user_orgs SET hits = hits + 1 WHERE user_id = :u AND org_id = :o RETURNING user_id, org_id
) INSERT INTO journal SELECT user_id, org_id, 0, 1 FROM changed;
END
cat > "$work/parent" <<'END'
\set u random(1, :users)
BEGIN;
SELECT pg_advisory_xact_lock(:u);
WITH gone AS (
    SELECT user_id, org_id, hits FROM user_orgs WHERE user_id = :u FOR UPDATE
) INSERT INTO journal SELECT user_id, org_id, -1, -hits FROM gone;
DELETE FROM users WHERE id = :u;
INSERT INTO users VALUES (:u);
WITH made AS (
    INSERT INTO user_orgs SELECT :u, (:u * 7 + k * 31) % :orgs + 1 FROM generate_series(0, 9) AS k RETURNING user_id, org_id
) INSERT INTO journal SELECT user_id, org_id, 1, 0 FROM made;
END;
END

start_clients() {                                       # start_clients DATABASE ROWS: until stop_clients
    rm -f "$work"/log.*
    # shellcheck disable=SC2054 # the commas are pgbench's
    local common=(--no-vacuum --time 3600 --log --failures-detailed --verbose-errors
        --define users=$(($2 / 10)) --define orgs=$(($2 / 100)))
    pgbench "${common[@]}" --protocol prepared --client 4 --rate 300 --log-prefix "$work/log.links" \
        --file "$work/read@3" --file "$work/insert@1" --file "$work/delete@1" --file "$work/update@1" "$1" > "$work/links" 2>&1 &
    links=$!
    pgbench "${common[@]}" --client 1 --rate 20 --log-prefix "$work/log.parents" \
        --file "$work/parent" "$1" > "$work/parents" 2>&1 &
    parents=$!
}

stop_clients() {                                        # fails if a client saw an error
    local status=0
    kill -ALRM "$links" "$parents" 2> "$work/kill" || status=1
    wait "$links" || status=1
    wait "$parents" || status=1
    grep --quiet --extended-regexp '^number of failed transactions: [1-9]|^pgbench: (error|fatal)|ERROR|aborted' \
        "$work/links" "$work/parents" && status=1
    return "$status"
}

#
# What must hold of a promoted table
#
wrong() {                                               # wrong DATABASE: what is not as the journal, and ids that are not as they must be
    sql "$1" <<'END'
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;
WITH expected AS (
    SELECT user_id, org_id, sum(links) AS links, sum(hits) AS hits
    FROM (SELECT user_id, org_id, 1, 0 FROM start UNION ALL SELECT user_id, org_id, links, hits FROM journal) AS e (user_id, org_id, links, hits)
    GROUP BY user_id, org_id
), found AS (
    SELECT user_id, org_id, count(*) AS links, sum(hits) AS hits FROM memberships GROUP BY user_id, org_id
)
SELECT format('(%s, %s): %s links with %s hits, not %s with %s', user_id, org_id, found.links, found.hits, expected.links, expected.hits)
FROM expected FULL JOIN found USING (user_id, org_id)
WHERE coalesce(found.links, 0) <> coalesce(expected.links, 0) OR coalesce(found.hits, 0) <> coalesce(expected.hits, 0)
LIMIT 5;
SELECT format('%s rows, %s ids, %s of them distinct', count(*), count(id), count(DISTINCT id)) FROM memberships
HAVING count(*) <> count(id) OR count(*) <> count(DISTINCT id) OR count(*) = 0;
BEGIN;
INSERT INTO memberships (user_id, org_id) VALUES (0, 1);
INSERT INTO user_orgs (user_id, org_id) VALUES (0, 2);
SELECT format('%s rows have an id by default, not 2', count(DISTINCT id)) FROM memberships WHERE user_id = 0 HAVING count(DISTINCT id) <> 2;
ROLLBACK;
END
}

# the key in \restrict is another in every dump
dump() {                                                # dump DATABASE
    pg_dump --schema-only --dbname "$1" | sed -E '/^\\(un)?restrict /d'
}

amcheck=$(sql postgres --command "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")

# in the end it makes an extension of its own, so after the dump
sound() {                                               # sound DATABASE TWIN: prints what is wrong, and fails if anything is
    local found
    found=$(
        wrong "$1" 2>&1
        diff <(dump "$2") <(dump "$1") || true
        sql "$1" --file invariants.sql 2>&1
        [ "$amcheck" = 0 ] || pg_amcheck --install-missing --heapallindexed --parent-check --database "$1" --schema public 2>&1
    ) || true
    [ -z "$found" ] || { echo "$found"; return 1; }
}

percentile() {                                          # percentile FROM TO: of the latencies that ended then, in ms; and the longest
    cat "$work"/log.* | awk -v from="$1" -v to="$2" '$5 + $6 / 1e6 >= from && $5 + $6 / 1e6 < to && $3 != "failed" {print $3 / 1000}' |
        sort --general-numeric-sort | awk '{line[NR] = $1} END {printf "%.1f %.1f\n", line[int(NR * 0.99 + 0.99)], line[NR]}'
}

# waits PID: what others waited on locks for which that process stood in the way, in ms: from the server's log, which tells
# of waits over deadlock_timeout
waits() {
    perl -ne '
        BEGIN { $ours = shift @ARGV }
        if (/^(\d+) LOG:  process \d+ still waiting for (.*) after/) { $last = "$1 $2"; }
        elsif (/^\d+ DETAIL:  Process(?:es)? holding the lock: ([\d, ]+)\. Wait queue: ([\d, ]*)\./) {
            $behind{$last} = 1 if grep { $_ == $ours } split(/, /, "$1, $2") and $last !~ /^$ours /;
        }
        elsif (/^(\d+) LOG:  process \d+ acquired (.*) after ([\d.]+) ms/) { print "$3\n" if delete $behind{"$1 $2"}; }
    ' "$1" "$JUNCTION_SERVER_LOG" | sort --general-numeric-sort
}

#
# A promotion under clients
#
# Others wait for a lock of ours no longer than 100 ms by design, and a bit for what is done under it. A longer deadlock_timeout
# than that, as by default, leaves it to us to end a deadlock; a short one is what the server tells long waits by.
sql postgres --command "ALTER SYSTEM SET log_lock_waits = on" --command "ALTER SYSTEM SET deadlock_timeout = '${JUNCTION_DEADLOCK_TIMEOUT:-110ms}'" \
    --command "ALTER SYSTEM SET log_line_prefix = '%p '" --command "ALTER SYSTEM SET autovacuum_naptime = '1s'" \
    --command "ALTER SYSTEM SET max_wal_size = '4GB'" --command "ALTER SYSTEM SET max_prepared_transactions = 2" --command "ALTER SYSTEM SET shared_buffers = '256MB'"
as_owner pg_ctl restart --silent --wait --mode fast --log "$JUNCTION_SERVER_LOG"
create online_start "$rows"
createdb --template online_start online_twin
sql online_twin --command "SELECT count(*) FROM junction.promote($arguments)" > "$work/output"

# measured DATABASE: the promotion; leaves the numbers in variables
measured() {
    local pid start middle end
    createdb --template online_start "$1"
    start_clients "$1" "$rows"
    sleep 2
    start=$(date +%s.%N)
    sleep $((5 + rows / 40000))
    middle=$(date +%s.%N)
    promoted=0
    sql "$1" > "$work/promotion" 2> "$work/notices" <<END || promoted=1
SELECT pg_backend_pid();
SET client_min_messages = notice;
CALL junction.promote_concurrently($arguments);
END
    end=$(date +%s.%N)
    pid=$(head -n 1 "$work/promotion")
    sleep 2
    unharmed=0
    stop_clients || unharmed=1
    waits "$pid" > "$work/waits"
    longest=$(tail -n 1 "$work/waits")
    read -r p99_before max_before <<< "$(percentile "$start" "$middle")"
    read -r p99 max <<< "$(percentile "$middle" "$end")"
    seconds=$(perl -e 'printf "%.1f", $ARGV[0] - $ARGV[1]' "$end" "$middle")
    quick=0
    perl -e 'exit(!($ARGV[0] <= 150))' "${longest:-0}" || quick=1
}

measured online
if [ "$quick" = 1 ]; then
    echo "# a client waited for $longest ms; the machine may have been busy: once more"
    dropdb online
    measured online
fi
echo "# $rows rows promoted in $seconds s; clients' 99th percentile $p99 ms, before $p99_before ms; longest $max ms, before $max_before ms;" \
    "longest wait on a lock of ours ${longest:-below deadlock_timeout, 110} ms, $(wc -l < "$work/waits") logged"
report "$promoted" "a promotion under clients finishes" "$work/notices"
cat "$work/links" "$work/parents" > "$work/clients"
report "$unharmed" "no client sees an error" "$work/clients"
report "$quick" "no client waits for a lock of ours for more than 150 ms" "$work/waits"
works "nothing that was committed is lost, and the table is as promote makes it" sound online online_twin

echo "1..$tests"
[ "$failures" = 0 ]
