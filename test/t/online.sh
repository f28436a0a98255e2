#!/usr/bin/env bash
# test/t/online.sh [ROWS]: promote_concurrently under real clients, on ROWS links (default 200000): no client sees an error or
# waits for long, nothing that was committed is lost, and the table is as junction.promote makes it. Then on a small table:
# stopped in every step, by a killed backend, an immediate stop of the server, a cancel and a lock that is not to be had,
# and finished by the same call or by the statements of the dry run. And all that of the plans in plain SQL too, of a promotion
# and of a repair, in a database without the extension: there the rows of the plan are run again, from the first. Prints TAP.
#
# It starts a server of its own, as it kills it: what test/with-server.sh needs.
#
# How it knows what was committed: a client notes the links that it makes and takes away, and what it adds to their hits, in
# a journal, in the same transaction. So for each pair the journal and the links at the start add up to what must be there.
# Clients cannot deadlock with each other: one that touches more than one row locks its user first, by an advisory lock.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh

rows=${1:-200000}
export PGOPTIONS='-c client_min_messages=warning'
declare -A holders=() pipes=()

clean() {
    local pids
    pids=$(jobs -p)
    # shellcheck disable=SC2086 # one word each
    [ -z "$pids" ] || kill $pids 2> "$work/kill" || true
    stop_standby
}

eventually() {                                          # eventually DATABASE CONDITION: waits until it is true, a minute at most
    local end=$((SECONDS + 60))
    until [ "$(sql "$1" --command "SELECT $2" 2> "$work/eventually")" = t ]; do
        [ "$SECONDS" -lt "$end" ] || { echo "# never came true in $1: $2"; return 1; }
        sleep 0.05
    done
}

apart() {                                               # apart COMMAND...: in a subshell, without the pipes to held sessions
    local pipe
    for pipe in "${pipes[@]}"; do
        exec {pipe}>&-
    done
    "$@"
}

# a standby that has all, and shows nothing of it, beside the server
standby=$(dirname "$PGDATA")/standby

start_standby() {
    (apart as_owner pg_basebackup --pgdata "$standby" --write-recovery-conf --checkpoint fast --no-sync)
    (apart as_owner pg_ctl start --silent --wait --pgdata "$standby" --log "$standby/log" \
        --options "-c unix_socket_directories='$standby' -c recovery_min_apply_delay=1h")
    eventually postgres "EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn IS NOT NULL)"
}

stop_standby() {
    [ ! -e "$standby/postmaster.pid" ] || (apart as_owner pg_ctl stop --silent --pgdata "$standby" --mode immediate)
}

arguments="'user_orgs', 'memberships', columns => array['role text NOT NULL DEFAULT ''member''', 'invited_by int REFERENCES orgs'], keep_old_name => true"

#
# The table: every user has ten links
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
COMMIT;
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
COMMIT;
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
# What must hold of a promoted table, and of a repaired one
#
lost() {                                                # lost DATABASE TABLE: what is not as the journal
    sql "$1" --set table="$2" <<'END'
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;
WITH expected AS (
    SELECT user_id, org_id, sum(links) AS links, sum(hits) AS hits
    FROM (SELECT user_id, org_id, 1, 0 FROM start UNION ALL SELECT user_id, org_id, links, hits FROM journal) AS e (user_id, org_id, links, hits)
    GROUP BY user_id, org_id
), found AS (
    SELECT user_id, org_id, count(*) AS links, sum(hits) AS hits FROM :"table" GROUP BY user_id, org_id
)
SELECT format('(%s, %s): %s links with %s hits, not %s with %s', user_id, org_id, found.links, found.hits, expected.links, expected.hits)
FROM expected FULL JOIN found USING (user_id, org_id)
WHERE coalesce(found.links, 0) <> coalesce(expected.links, 0) OR coalesce(found.hits, 0) <> coalesce(expected.hits, 0)
LIMIT 5;
END
}

wrong() {                                               # wrong DATABASE: what is not as the journal, and ids that are not as they must be
    lost "$1" memberships
    sql "$1" <<'END'
SELECT format('%s rows, %s ids, %s of them distinct', count(*), count(id), count(DISTINCT id)) FROM memberships
HAVING count(*) <> count(id) OR count(*) <> count(DISTINCT id) OR count(*) = 0;
BEGIN;
INSERT INTO memberships (user_id, org_id) VALUES (0, 1);
INSERT INTO user_orgs (user_id, org_id) VALUES (0, 2);
SELECT format('%s rows have an id by default, not 2', count(DISTINCT id)) FROM memberships WHERE user_id = 0 HAVING count(DISTINCT id) <> 2;
ROLLBACK;
END
}

# in the end it makes an extension of its own, so after the dump
sound() {                                               # sound DATABASE TWIN [WRONG...]: prints what is wrong, and fails if anything is
    local found wrong=("${@:3}")
    [ "${#wrong[@]}" != 0 ] || wrong=(wrong "$1")
    found=$(
        "${wrong[@]}" 2>&1
        diff <(dump "$2" --schema-only) <(dump "$1" --schema-only) || true
        unsound "$1"
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
configure 'SET log_lock_waits = on' "SET deadlock_timeout = '${JUNCTION_DEADLOCK_TIMEOUT:-110ms}'" "SET log_line_prefix = '%p '" \
    "SET autovacuum_naptime = '1s'" "SET max_wal_size = '4GB'" 'SET max_prepared_transactions = 2' "SET shared_buffers = '256MB'"
restart fast
create online_start "$rows"
createdb --template online_start online_twin
sql online_twin --command "SELECT count(*) FROM junction.promote($arguments)" > "$work/output"

by_call() {                                             # by_call DATABASE: prints its process first
    sql "$1" <<END
SELECT pg_backend_pid();
SET client_min_messages = notice;
CALL junction.promote_concurrently($arguments);
END
}

by_plan() {                                             # by_plan DATABASE: all rows of the plan in plain SQL, each by itself
    sql "$1" <<'END'
SELECT pg_backend_pid();
SET client_min_messages = notice;
SELECT statement FROM plan ORDER BY step \gexec
END
}

# without_extension DATABASE TEMPLATE: with the plan in plain SQL, of a database that has the extension
without_extension() {
    createdb --template "$2" "$1"
    sql "$1" --command 'CREATE TABLE plan (step int, statement text)' \
        --command "INSERT INTO plan SELECT step, statement FROM junction.promote($arguments, portable => true, concurrently => true, dry_run => true)" \
        --command 'DROP EXTENSION junction'
}

twin_without_extension() {                              # twin_without_extension DATABASE TEMPLATE: the promotion in one transaction
    without_extension "$1" "$2"
    sql "$1" --command 'CREATE EXTENSION junction' --command "SELECT count(*) FROM junction.promote($arguments, portable => true)" \
        --command 'DROP EXTENSION junction' > "$work/output"
}

# The same of a repair. Clients need a key over the pair, so that is there
unrepaired() {                                          # unrepaired DATABASE TEMPLATE: with the plan that repairs it; and the extension
    createdb --template "$2" "$1"
    sql "$1" <<'END'
DROP INDEX user_orgs_org_id_idx;
-- serves the clients' lookups by a value, but no foreign key
CREATE INDEX user_orgs_some ON user_orgs (org_id) WHERE org_id > 0;
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id),
    ALTER user_id DROP NOT NULL, ALTER org_id DROP NOT NULL,
    DROP CONSTRAINT user_orgs_org_id_fkey, ADD CONSTRAINT user_orgs_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs,
    DROP CONSTRAINT user_orgs_user_id_fkey,
    ADD CONSTRAINT user_orgs_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;
CREATE TABLE plan (step int, statement text);
INSERT INTO plan SELECT step, statement
FROM junction.repair('user_orgs', '{half_indexed,nullable_endpoint,unvalidated_foreign_key,no_cascade}', concurrently => true, dry_run => true);
END
}

unrepaired_without_extension() {                        # unrepaired_without_extension DATABASE TEMPLATE
    unrepaired "$1" "$2"
    sql "$1" --command 'DROP EXTENSION junction'
}

repaired_twin() {                                       # repaired_twin DATABASE TEMPLATE: the repair in one transaction
    unrepaired "$1" "$2"
    sql "$1" --command "SELECT count(*) FROM junction.repair('user_orgs', '{half_indexed,nullable_endpoint,unvalidated_foreign_key,no_cascade}')" \
        --command 'DROP EXTENSION junction' > "$work/output"
}

by_repair() {                                           # by_repair DATABASE
    by_plan "$1"
}

repaired() {                                            # repaired DATABASE TWIN: as sound
    sound "$1" "$2" lost "$1" user_orgs
}

# measured DATABASE HOW: the promotion, by_call or by_plan, or the repair; leaves the numbers in variables
measured() {
    local pid start middle end
    case $2 in
        by_plan)   without_extension "$1" online_start ;;
        by_repair) unrepaired_without_extension "$1" online_start ;;
        *)         createdb --template online_start "$1" ;;
    esac
    start_clients "$1" "$rows"
    sleep 2
    start=$(date +%s.%N)
    sleep $((5 + rows / 40000))
    middle=$(date +%s.%N)
    promoted=0
    "$2" "$1" > "$work/promotion" 2> "$work/notices" || promoted=1
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

# measured_under_clients DATABASE HOW TWIN SOUND: sound or repaired
measured_under_clients() {
    measured "$1" "$2"
    if [ "$quick" = 1 ]; then
        echo "# a client waited for $longest ms; the machine may have been busy: once more"
        dropdb "$1"
        measured "$1" "$2"
    fi
    echo "# $2: $rows rows in $seconds s; clients' 99th percentile $p99 ms, before $p99_before ms; longest $max ms, before $max_before ms;" \
        "longest wait on a lock of ours ${longest:-below deadlock_timeout, 110} ms, $(wc -l < "$work/waits") logged"
    report "$promoted" "$2: under clients it finishes" "$work/notices"
    cat "$work/links" "$work/parents" > "$work/clients"
    report "$unharmed" "$2: no client sees an error" "$work/clients"
    report "$quick" "$2: no client waits for a lock of ours for more than 150 ms" "$work/waits"
    works "$2: nothing that was committed is lost, and the table is as the function makes it" "$4" "$1" "$3"
    dropdb "$1"
}
measured_under_clients online by_call online_twin sound
twin_without_extension online_plain_twin online_start
measured_under_clients online_plain by_plan online_plain_twin sound
repaired_twin online_repaired_twin online_start
measured_under_clients online_repair by_repair online_repaired_twin repaired

#
# Stopped on its way, on a small table: in every step by kill -9, which makes the server drop all sessions and recover; by an
# immediate stop of the server; by a cancel. In the end the same call finishes it, and so do the statements of the dry run.
#
# A session stops at a statement by an event trigger that sleeps there, or as it waits for another session.
#
few=20000
create small_start "$few"
sql small_start <<'STATEMENTS'
CREATE TABLE breakpoint (event text, tag text, pattern text);
CREATE FUNCTION break() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE EXISTS (SELECT FROM public.breakpoint WHERE event = TG_EVENT AND tag = TG_TAG
        AND (SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()) LIKE pattern)
    LOOP
        PERFORM pg_sleep(0.2);
    END LOOP;
END $$;
CREATE EVENT TRIGGER break_before ON ddl_command_start EXECUTE FUNCTION break();
CREATE EVENT TRIGGER break_after ON ddl_command_end EXECUTE FUNCTION break();
STATEMENTS
createdb --template small_start small_twin
sql small_twin --command "SELECT count(*) FROM junction.promote($arguments)" > "$work/output"

promotion="pg_stat_activity WHERE application_name = 'promotion' AND datname = current_database()"

promote() {                                             # promote DATABASE [ARGUMENTS]: in the background; its end is in $work/promotion.DATABASE
    : > "$work/promotion.$1"                            # what the one before told must not be taken for this one's
    PGAPPNAME=promotion PGOPTIONS='-c client_min_messages=notice' apart sql "$1" --set VERBOSITY=verbose \
        --command "CALL junction.promote_concurrently($arguments${2:-})" > "$work/promotion.$1" 2>&1 &
    promoter=$!
}

hold() {                                                # hold NAME DATABASE STATEMENTS: in a session that stays open until release NAME
    mkfifo "$work/fifo.$1"
    PGAPPNAME=$1 apart sql "$2" < "$work/fifo.$1" > "$work/hold.$1" 2>&1 &
    holders[$1]=$!
    exec {pipe}> "$work/fifo.$1"
    pipes[$1]=$pipe
    echo "$3" >&"$pipe"
    eventually "$2" "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '$1' AND state = 'idle in transaction')"
}
release() {                                             # release NAME...: or let it go with the server
    local name pipe
    for name; do
        pipe=${pipes[$name]}
        exec {pipe}>&-
        unset "pipes[$name]"
        wait "${holders[$name]}" || true
        rm "$work/fifo.$name"
    done
}

break_at() {                                            # break_at DATABASE EVENT TAG PATTERN
    sql "$1" --command "DELETE FROM breakpoint" --command "INSERT INTO breakpoint VALUES ('$2', '$3', '$4')"
}

go_on() {                                               # go_on DATABASE: from where it sleeps
    sql "$1" --command "DELETE FROM breakpoint"
}

sleeping="EXISTS (SELECT FROM $promotion AND wait_event = 'PgSleep')"

# reach DATABASE PLACE: a promotion, in the background, that has come there and stays
reach() {
    held=()
    case $2 in
        begin)       break_at "$1" ddl_command_end 'ALTER TABLE' '%ADD COLUMN id%' ;;
        check)       break_at "$1" ddl_command_end 'ALTER TABLE' '%NOT VALID' ;;
        validation)  break_at "$1" ddl_command_end 'ALTER TABLE' '%VALIDATE%' ;;
        not_null)    break_at "$1" ddl_command_end 'ALTER TABLE' '%NOT NULL%DROP CONSTRAINT%' ;;
        swap)        break_at "$1" ddl_command_end 'CREATE VIEW' '%' ;;
        index_*)     break_at "$1" ddl_command_start 'CREATE INDEX' '%' ;;
        drop)        reach "$1" index_ready
                     sql "$1" --command "SELECT pg_cancel_backend(pid) FROM $promotion" > "$work/output"
                     wait "$promoter" || true
                     release "${held[@]}"
                     break_at "$1" ddl_command_start 'DROP INDEX' '%' ;;
    esac
    case $2 in
        fill)        promote "$1" ", batch_size => 100, pause => '20 ms'"
                     eventually "$1" "EXISTS (SELECT FROM $promotion AND query LIKE 'CALL junction.%')"
                     sleep 0.5 ;;
        index_begun) promote "$1"                       # it waits for whoever may write without the index
                     eventually "$1" "$sleeping"
                     hold holder "$1" 'BEGIN; LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE;'
                     held=(holder)
                     go_on "$1"
                     eventually "$1" "EXISTS (SELECT FROM pg_index WHERE indrelid = 'user_orgs'::regclass AND NOT indisready)" ;;
        index_ready) promote "$1"                       # it waits for whoever may see rows that are not in the index
                     eventually "$1" "$sleeping"
                     hold holder "$1" 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM orgs LIMIT 1;'
                     held=(holder)
                     go_on "$1"
                     eventually "$1" "EXISTS (SELECT FROM pg_index WHERE indrelid = 'user_orgs'::regclass AND indisready AND NOT indisvalid)" ;;
        drop)        promote "$1"                       # it waits for whoever may read it, and again for whoever may write to it
                     eventually "$1" "$sleeping"
                     hold first "$1" 'BEGIN; LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE;'
                     go_on "$1"
                     eventually "$1" "EXISTS (SELECT FROM $promotion AND wait_event_type = 'Lock' AND query LIKE 'DROP INDEX%')"
                     hold second "$1" 'BEGIN; LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE;'
                     release first
                     held=(second)
                     eventually "$1" "EXISTS (SELECT FROM pg_index WHERE indrelid = 'user_orgs'::regclass AND NOT indislive)" ;;
        *)           promote "$1"
                     eventually "$1" "$sleeping" ;;
    esac
}

# stopped HOW DATABASE PLACE: stops it there, and waits until the server is there again
stopped() {
    local pid
    reach "$2" "$3" || return 1
    pid=$(sql "$2" --command "SELECT pid FROM $promotion")
    case $1 in
        kill)    kill -KILL "$pid" ;;
        restart) (apart restart immediate) ;;
        cancel)  sql "$2" --command "SELECT pg_cancel_backend($pid)" > "$work/output" ;;
    esac
    if wait "$promoter"; then
        echo "# it was not stopped"
        return 1
    fi
    [ "${#held[@]}" = 0 ] || release "${held[@]}"
    eventually "$2" true
}

drop_clients() {                                        # their server is gone
    kill "$links" "$parents" 2> "$work/kill" || true
    wait "$links" "$parents" || true
}

finish_by_hand() {                                      # finish_by_hand DATABASE: by the statements of the dry run
    sql "$1" <<END
SELECT statement FROM junction.promote($arguments, concurrently => true, dry_run => true) ORDER BY step \\gexec
END
}

finish_by_call() {                                      # finish_by_call DATABASE: under clients
    local status=0
    start_clients "$1" "$few"
    sql "$1" --command "CALL junction.promote_concurrently($arguments)" || status=1
    sleep 0.5
    stop_clients || { status=1; cat "$work/links" "$work/parents"; }
    return "$status"
}

for place in begin fill check validation not_null index_begun index_ready drop swap; do
    createdb --template small_start small
    status=0
    for how in kill restart; do
        start_clients small "$few"
        stopped "$how" small "$place" > "$work/output" 2>&1 || { status=1; cat "$work/output" "$work/promotion.small" >> "$work/problems"; }
        drop_clients 2> "$work/kill"
    done
    start_clients small "$few"
    stopped cancel small "$place" > "$work/output" 2>&1 || { status=1; cat "$work/output" >> "$work/problems"; }
    grep --quiet '57014' "$work/promotion.small" || { status=1; cat "$work/promotion.small" >> "$work/problems"; }
    stop_clients || { status=1; cat "$work/links" "$work/parents" >> "$work/problems"; }
    report "$status" "$place: killed there, by kill -9 and with the server, and cancelled" "$work/problems"
    : > "$work/problems"

    go_on small
    createdb --template small small_by_hand
    works "$place: the statements of the dry run finish it" finish_by_hand small_by_hand
    works "$place: to what promote makes" sound small_by_hand small_twin
    works "$place: the same call finishes it, while clients see no error" finish_by_call small
    works "$place: to what promote makes" sound small small_twin
    dropdb small
    dropdb small_by_hand
done

#
# The same of the plan in plain SQL, in a database without the extension: killed, and run again from the first row, under clients
#
twin_without_extension plain_twin small_start

plain() {                                               # plain DATABASE: the plan, in the background
    PGAPPNAME=promotion apart by_plan "$1" > "$work/promotion.$1" 2>&1 &
    promoter=$!
}

# plain_break DATABASE PLACE: where the plan is to sleep, by the start of its rows; pg_stat_activity shows no more
plain_break() {
    case $2 in
        begin)      pattern='%adds the columns%' ;;
        check)      pattern='%keeps out rows%' ;;
        validation) pattern='%reads all rows%' ;;
        not_null)   pattern='%makes the id NOT NULL%' ;;
        index)      pattern='CREATE%memberships_pkey%' ;;
        pair)       pattern='CREATE%_unique%' ;;
        swap)       pattern='%changes the keys%' ;;
        reverse)    pattern='CREATE%org_id_idx%' ;;
        reference)  pattern='%adds a foreign key%' ;;
        nulls)      pattern='%keeps out new rows%' ;;
        set)        pattern='%makes columns NOT NULL%' ;;
        replace)    pattern='%drops the foreign key%' ;;
    esac
    case $2 in
        index | pair | reverse) break_at "$1" ddl_command_start 'CREATE INDEX' "$pattern" ;;
        swap)         break_at "$1" ddl_command_end 'CREATE VIEW' "$pattern" ;;
        *)            break_at "$1" ddl_command_end 'ALTER TABLE' "$pattern" ;;
    esac
}

# plain_reach DATABASE PLACE: a promotion by the plan, in the background, that stays there. An index build is let go on until
# it waits for a writer, so that it leaves an invalid index
plain_reach() {
    held=()
    if [ "$2" = fill ]; then
        sql "$1" --command "UPDATE plan SET statement = replace(statement, 'pause CONSTANT pg_catalog.float8 := 0;', 'pause CONSTANT pg_catalog.float8 := 0.02;')"
        plain "$1"
        eventually "$1" "EXISTS (SELECT FROM $promotion AND query LIKE '%gives each row its id%')"
        sleep 0.5
        return
    fi
    plain_break "$1" "$2"
    plain "$1"
    # a row that waits for a lock sleeps too, but not long in one transaction
    eventually "$1" "EXISTS (SELECT FROM $promotion AND wait_event = 'PgSleep' AND query LIKE '$pattern' AND clock_timestamp() - xact_start > '0.5 s')"
    case $2 in
        index | pair | reverse)
            hold holder "$1" 'BEGIN; LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE;'
            held=(holder)
            go_on "$1"
            eventually "$1" "EXISTS (SELECT FROM pg_index WHERE indrelid = 'user_orgs'::regclass AND NOT indisready)" ;;
    esac
}

plain_killed() {                                        # plain_killed DATABASE PLACE
    plain_reach "$1" "$2" || return 1
    kill -KILL "$(sql "$1" --command "SELECT pid FROM $promotion")"
    if wait "$promoter"; then
        echo "# it was not stopped"
        return 1
    fi
    [ "${#held[@]}" = 0 ] || release "${held[@]}"
    eventually "$1" true
}

finish_by_plan() {                                      # finish_by_plan DATABASE: under clients
    local status=0
    start_clients "$1" "$few"
    by_plan "$1" || status=1
    sleep 0.5
    stop_clients || { status=1; cat "$work/links" "$work/parents"; }
    return "$status"
}

# plain_stopped PLACE TWIN SOUND MAKE: killed there, and finished; MAKE makes the database
plain_stopped() {
    local status=0
    "$4" small small_start
    start_clients small "$few"
    plain_killed small "$1" > "$work/output" 2>&1 || { status=1; cat "$work/output" "$work/promotion.small" >> "$work/problems"; }
    drop_clients 2> "$work/kill"
    report "$status" "$3 in plain SQL, $1: killed there" "$work/problems"
    : > "$work/problems"
    go_on small
    works "$3 in plain SQL, $1: the same rows finish it, while clients see no error" finish_by_plan small
    works "$3 in plain SQL, $1: to what the function makes" "$3" small "$2"
    dropdb small
}

for place in begin fill check validation not_null index pair swap; do
    plain_stopped "$place" plain_twin sound without_extension
done
repaired_twin repair_twin small_start
for place in reverse nulls validation set reference replace; do
    plain_stopped "$place" repair_twin repaired unrepaired_without_extension
done

#
# A lock that is not to be had for as long as the caller waits: it tells for whom it waits, gives up, and has changed nothing
# more. Then the same call goes on
#
steps_done() {                                          # steps_done DATABASE STEPS: a promotion of which so many steps are done
    createdb --template small_start "$1"
    sql "$1" > "$work/output" <<END
SELECT statement FROM junction.promote($arguments, concurrently => true, dry_run => true) WHERE step <= $2 ORDER BY step \\gexec
END
}

pid_of() {                                              # pid_of NAME DATABASE
    sql "$2" --command "SELECT pid FROM pg_stat_activity WHERE application_name = '$1'"
}

ends_with() {                                           # ends_with DATABASE SQLSTATE: the promotion in the background
    if wait "$promoter"; then echo "it ended well"; return 1; fi
    grep "ERROR:  $2:" "$work/promotion.$1" || { cat "$work/promotion.$1"; return 1; }
}

goes_on() {                                             # goes_on DATABASE: to the end, and to what promote makes
    sql "$1" --command "CALL junction.promote_concurrently($arguments)" && sound "$1" small_twin
}

locked_out() {                                          # locked_out STEPS MODE: what is locked by others when so many steps are done
    local before pid
    steps_done small "$1"
    hold locker small "BEGIN; LOCK TABLE user_orgs IN $2 MODE;"
    pid=$(pid_of locker small)
    before=$(dump small --schema-only)
    promote small ", max_wait => '500 ms'"
    works "after $1 steps, without a lock: 55P03" ends_with small 55P03
    works "it says who has it" grep --word-regexp --quiet "$pid" "$work/promotion.small"
    is "and has changed nothing" "$(dump small --schema-only)" "$before"
    release locker
    works "the same call goes on" goes_on small
    dropdb small
}
locked_out 0 'ACCESS SHARE'
locked_out 2 'ACCESS SHARE'
locked_out 4 'SHARE UPDATE EXCLUSIVE'
locked_out 5 'ACCESS SHARE'
locked_out 6 'ROW EXCLUSIVE'
locked_out 7 'ACCESS SHARE'

# all at once, each in a database of its own: they take some seconds, since it tells at most every three
steps_done rows_held 1
steps_done rows_prepared 1
steps_done snapshot_held 6
hold rows rows_held 'BEGIN; SELECT FROM user_orgs WHERE user_id < 5 FOR UPDATE;'
hold snapshot snapshot_held 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM users LIMIT 1;'
sql rows_prepared --command "BEGIN" --command 'SELECT FROM user_orgs WHERE user_id < 5 FOR UPDATE' --command "PREPARE TRANSACTION 'the prepared one'" > "$work/output"
rows=$(pid_of rows rows_held)
snapshot=$(pid_of snapshot snapshot_held)
declare -A promoters
for database in rows_held rows_prepared snapshot_held; do
    promote "$database" ", max_wait => '6 s'"
    promoters[$database]=$promoter
done
for database in rows_held rows_prepared snapshot_held; do
    promoter=${promoters[$database]}
    case $database in
        rows_held)     holder=$rows ;;
        rows_prepared) holder='the prepared one' ;;
        snapshot_held) holder=$snapshot ;;
    esac
    works "$database: given up, 55P03" ends_with "$database" 55P03
    works "it told for whom it waits, before" \
        perl -0777 -ne 'exit !/^NOTICE:.*waiting for.*\b\Q'"$holder"'\E\b(?s:.*)^ERROR:/m' "$work/promotion.$database"
    works "and in the end" grep --quiet --perl-regexp "^DETAIL:.*\b$holder\b" "$work/promotion.$database"
done
is "all other rows have their id" \
    "$(sql rows_held --command 'SELECT count(*) FROM user_orgs WHERE (id IS NULL) <> (user_id < 5)')" 0
release rows snapshot
sql rows_prepared --command "ROLLBACK PREPARED 'the prepared one'"
for database in rows_held rows_prepared snapshot_held; do
    works "$database: the same call goes on when it is free" goes_on "$database"
    dropdb "$database"
done

#
# Another table takes the name while it waits: it goes on with the table that it was called for, and leaves the other alone
#
told() {                                                # told FILE: until it tells that it waits, a minute at most
    local end=$((SECONDS + 60))
    until grep --quiet 'waiting for' "$1"; do
        [ "$SECONDS" -lt "$end" ] || { echo "# it never told that it waits"; return 1; }
        sleep 0.05
    done
}

# the last statements of a session that holds a lock on user_orgs
take_name='ALTER TABLE user_orgs RENAME TO moved;
    CREATE TABLE user_orgs (LIKE moved INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
    COMMIT;'

shape() {                                               # shape DATABASE TABLE: its columns, and how many indexes it has
    sql "$1" --command "SELECT (SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '$2'::regclass AND attnum > 0)
        || ', ' || (SELECT count(*) FROM pg_index WHERE indrelid = '$2'::regclass)
        || ', ' || (SELECT count(*) FROM pg_constraint WHERE conrelid = '$2'::regclass AND contype <> 'n')"
}

name_taken() {                                          # name_taken STEPS MODE: what is locked by others when so many steps are done
    local arguments="'user_orgs', 'memberships', timestamps => false" other pipe
    steps_done small "$1"
    other=$(shape small user_orgs)
    hold locker small "BEGIN; LOCK TABLE user_orgs IN $2 MODE;"
    promote small
    told "$work/promotion.small" || true
    pipe=${pipes[locker]}
    echo "$take_name" >&"$pipe"
    release locker
    works "after $1 steps, another table takes the name: it goes on" wait "$promoter"
    is "with its own table" "$(sql small --command 'SELECT count(DISTINCT id) FROM memberships')" "$few"
    is "and the other is as it was made" "$(shape small user_orgs)" "$other"
    dropdb small
}
name_taken 0 'ACCESS SHARE'
name_taken 2 'ACCESS SHARE'
name_taken 4 'SHARE UPDATE EXCLUSIVE'
name_taken 5 'ACCESS SHARE'
name_taken 6 'ROW EXCLUSIVE'
name_taken 7 'ACCESS SHARE'

# a statement that commits: its table keeps the name from before it begins
steps_done small 6
break_at small ddl_command_start 'CREATE INDEX' '%'
promote small
eventually small "$sleeping"
is "who would rename the table while its index is built waits" \
    "$(sql small --set VERBOSITY=sqlstate --command "SET lock_timeout = '500 ms'" --command 'ALTER TABLE user_orgs RENAME TO moved' 2>&1 || true)" "ERROR:  55P03"
go_on small
works "and the promotion ends well" wait "$promoter"
dropdb small

createdb --template small_start small
sql small --command 'DROP INDEX user_orgs_org_id_idx'
other=$(shape small user_orgs)
hold locker small 'BEGIN; LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE;'
PGOPTIONS='-c client_min_messages=notice' apart sql small --command "CALL junction.repair_concurrently('user_orgs')" > "$work/repair" 2>&1 &
repairer=$!
told "$work/repair" || true
pipe=${pipes[locker]}
echo "$take_name" >&"$pipe"
release locker
works "repair_concurrently, likewise, ends well" wait "$repairer"
is "the index is on the table that was asked for" \
    "$(sql small --command "SELECT indrelid::regclass FROM pg_index WHERE pg_get_indexdef(indexrelid) LIKE '%(org_id)'")" moved
is "and the other is as it was made" "$(shape small user_orgs)" "$other"
dropdb small

#
# The table is dropped meanwhile: 42P01 with its name, and nobody else notices
#
createdb --template small_start small
works "a standby starts" start_standby
promote small ", batch_size => 100, max_lag => 0"
works "the promotion waits for it" told "$work/promotion.small"
works "the table is dropped" sql small --command 'DROP TABLE user_orgs'
works "the standby goes away" stop_standby
works "the promotion ends with 42P01" ends_with small 42P01
works "which names the table" grep --quiet 'relation "user_orgs" does not exist' "$work/promotion.small"
works "and the server goes on" eventually small true
dropdb small

steps_done small 1
hold rows small 'BEGIN; SELECT FROM user_orgs WHERE user_id < 5 FOR UPDATE;'
promote small
told "$work/promotion.small" || true
pipe=${pipes[rows]}
echo 'DROP TABLE user_orgs; COMMIT;' >&"$pipe"
release rows
works "dropped while it waits for rows: 42P01" ends_with small 42P01
works "with its name" grep --quiet 'relation "user_orgs" does not exist' "$work/promotion.small"
dropdb small

#
# Autovacuum, which gives way only to who has waited for it as long as deadlock_timeout, and is slow on this table
#
createdb --template small_start small
sql small --command "ALTER DATABASE small SET deadlock_timeout = '1s'" --command 'ALTER TABLE user_orgs SET (fillfactor = 10)' \
    --command 'VACUUM FULL user_orgs' \
    --command 'ALTER TABLE user_orgs SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)' \
    --command 'DELETE FROM user_orgs WHERE user_id = 1'
works "autovacuum is at work on the table" \
    eventually small "EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%user_orgs%')"
works "it gives way to a promotion" sql small --command "CALL junction.promote_concurrently($arguments, max_wait => '5 s')"
dropdb small

#
# One at a time
#
createdb --template small_start small
reach small fill
second=$(sql small --set VERBOSITY=sqlstate --command "CALL junction.promote_concurrently($arguments)" 2>&1) || true
is "a second call while one is at work: 55006" "$second" "ERROR:  55006"
works "the first does not mind" wait "$promoter"
works "and makes what promote makes" sound small small_twin

done_testing
