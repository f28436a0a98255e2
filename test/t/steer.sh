#!/usr/bin/env bash
# test/t/steer.sh: a promotion that runs is seen in junction.progress by those who may, is paused and resumed from another
# session, leaves its last step for later, and yields to a replication slot and to autovacuum; and nothing of a run that was
# killed stops the next one. Prints TAP.
#
# Assumes a server that the PG* variables lead to, as a superuser. Sets autovacuum_naptime there, and takes it back.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

export PGOPTIONS='-c client_min_messages=warning'
database=junction_steer
slot=junction_steer
roles=(regress_junction_steered regress_junction_stranger regress_junction_monitor)
pipe=

clean() {
    local pids
    pids=$(jobs -p)
    # shellcheck disable=SC2086 # one word each
    [ -z "$pids" ] || kill $pids 2> "$work/kill" || true
    configure 'RESET autovacuum_naptime'
    drop_slot
    dropdb --if-exists --force "$database"
    sql postgres --command "DROP ROLE IF EXISTS $(IFS=,; echo "${roles[*]}")"
}

run() {                                                 # run STATEMENT: in the database
    sql "$database" --command "$1"
}

drop_slot() {
    sql postgres --command "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$slot'" > "$work/slot"
}

refused() {                                             # refused STATEMENT: its SQLSTATE, or nothing
    sql "$database" --set VERBOSITY=sqlstate --command "$1" 2>&1 > "$work/output" | sed -n 's/^ERROR:  //p'
}

eventually() {                                          # eventually CONDITION: waits until it is true, a minute at most
    local end=$((SECONDS + 60))
    until [ "$(run "SELECT $1" 2> "$work/eventually")" = t ]; do
        [ "$SECONDS" -lt "$end" ] || { echo "# never came true: $1"; run 'SELECT * FROM junction.progress'; return 1; }
        sleep 0.05
    done
}

shown() {                                               # shown CONDITION: eventually, of the one run
    eventually "count(*) = 1 AND coalesce(bool_and($1), false) FROM junction.progress"
}

start() {                                               # start CALL: in the background, as $runner; what it says is in $work/run
    (
        [ -z "$pipe" ] || exec {pipe}>&-                # or the session that is held would not see its end
        PGAPPNAME=runner PGOPTIONS='' sql "$database" --set VERBOSITY=verbose --command "CALL junction.$1" > "$work/run" 2>&1
    ) &
    runner=$!
}

hold() {                                                # hold STATEMENT: in a transaction that stays open until release
    mkfifo "$work/fifo"
    PGAPPNAME=holder sql "$database" < "$work/fifo" > "$work/hold" 2>&1 &
    holder=$!
    exec {pipe}> "$work/fifo"
    echo "BEGIN; $1;" >&"$pipe"
    eventually "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'holder' AND state = 'idle in transaction')"
}

release() {
    exec {pipe}>&-
    pipe=
    wait "$holder" || true
    rm "$work/fifo"
}

fresh_links() {                                         # fresh_links ROWS
    sql "$database" --set rows="$1" <<'END'
DROP TABLE IF EXISTS user_orgs, memberships;
CREATE TABLE user_orgs (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO user_orgs SELECT id, 1 FROM users WHERE id <= :rows;
ANALYZE user_orgs;
ALTER TABLE user_orgs OWNER TO regress_junction_steered;
END
}

sql postgres --command "CREATE ROLE regress_junction_steered SUPERUSER" --command "CREATE ROLE regress_junction_stranger" \
    --command "CREATE ROLE regress_junction_monitor IN ROLE pg_monitor"
fresh_database "$database"
sql "$database" <<'STATEMENTS'
CREATE EXTENSION junction;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 20000);
INSERT INTO orgs VALUES (1);
CREATE TABLE breakpoint (tag text);
CREATE FUNCTION break() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    WHILE EXISTS (SELECT FROM public.breakpoint WHERE tag = TG_TAG) LOOP
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
CREATE EVENT TRIGGER break ON ddl_command_start EXECUTE FUNCTION break();
STATEMENTS

#
# What nobody can steer
#
fresh_links 5000
is "nothing runs" "$(run 'SELECT count(*) FROM junction.progress')" 0
is "to pause what does not run: 55000" "$(refused "SELECT junction.pause('user_orgs')")" 55000
is "to resume it: 55000" "$(refused "SELECT junction.resume('user_orgs')")" 55000
is "to pause null: 22004" "$(refused 'SELECT junction.pause(NULL)')" 22004
is "to pause a table that is gone: 42P01" "$(refused 'SELECT junction.pause(0)')" 42P01
is "to pause another role's table: 42501" "$(refused "SET ROLE regress_junction_stranger; SELECT junction.pause('user_orgs')")" 42501

#
# Seen, paused, resumed, and its last step left for later
#
start "promote_concurrently('user_orgs', 'memberships', timestamps => false, batch_size => 10, pause => '20 ms', cut_over => false)"
works "a fill is shown, with its figures" shown "junction = 'user_orgs'::regclass AND (step, steps, step_name) = (2, 8, 'fill')
    AND rows_done > 0 AND rows_expected = 5000 AND percent = rows_done / 50 AND rows_per_second > 0 AND time_left > '0'
    AND waiting_for IS NULL AND pausing_for IS NULL"
works "the server's own views do not mind" run "SELECT FROM pg_stat_progress_create_index; SELECT FROM pg_stat_progress_vacuum"
run "SELECT junction.pause('user_orgs')" > "$work/output"
works "it pauses, and shows why" shown "pausing_for = 'junction.pause'"
before=$(run 'SELECT rows_done FROM junction.progress')
run "BEGIN; SELECT junction.resume('user_orgs'); ROLLBACK" > "$work/output"
sleep 0.5
is "it does nothing meanwhile, and what is rolled back was not said" "$(run 'SELECT rows_done FROM junction.progress')" "$before"
works "twice in one statement is once" run "SELECT junction.pause('user_orgs'), junction.pause('user_orgs')"
is "a stranger sees no run" "$(run 'SET ROLE regress_junction_stranger; SELECT count(*) FROM junction.progress')" 0
is "a monitor does" "$(run 'SET ROLE regress_junction_monitor; SELECT count(*) FROM junction.progress')" 1
is "but pauses none" "$(refused "SET ROLE regress_junction_monitor; SELECT junction.pause('user_orgs')")" 42501
for _ in {1..600}; do                                   # it says nothing more often than every few seconds
    resume=$(sed -n '/.*paused, until \(.*\) is called$/{s//\1/p;q}' "$work/run")
    [ -z "$resume" ] || break
    sleep 0.1
done
is "it says how to resume it, from wherever" "$resume" "junction.resume('public.user_orgs')"
run "SELECT ${resume:-junction.resume('user_orgs')}" > "$work/output"
works "it goes on" shown "pausing_for IS NULL AND rows_done > $before"
works "and ends" wait "$runner"
is "with an index of the id, ready for the last step" \
    "$(run "SELECT count(*) FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] AND attnotnull
        WHERE indrelid = 'user_orgs'::regclass AND attname = 'id' AND indisunique AND indisvalid")" 1
is "nothing runs" "$(run 'SELECT count(*) FROM junction.progress')" 0
is "nothing is left of the pause" "$(run 'SELECT count(*) FROM pg_description WHERE objsubid < 0')" 0
run "CALL junction.promote_concurrently('user_orgs', 'memberships', timestamps => false, cut_over => false)"
is "the same call does nothing more" "$(run "SELECT to_regclass('memberships') IS NULL")" t
run "CALL junction.promote_concurrently('user_orgs', 'memberships', timestamps => false)"
is "until the last step is asked for" "$(run "SELECT kind FROM junction.junctions WHERE junction = 'memberships'::regclass")" entity

#
# Whom it waits for
#
fresh_links 1000
hold 'SELECT FROM user_orgs WHERE user_id < 5 FOR UPDATE'
start "promote_concurrently('user_orgs')"
works "it shows for whom it waits" shown "waiting_for LIKE '%process ' ||
    (SELECT pid FROM pg_stat_activity WHERE application_name = 'holder') || ' (idle in transaction%'"
release
works "and ends when it may" wait "$runner"

fresh_links 1000
run "INSERT INTO breakpoint VALUES ('CREATE INDEX')"
start "repair_concurrently('user_orgs')"
works "a build is shown" shown "junction = 'user_orgs'::regclass AND (step, steps, step_name) = (1, 1, 'build-index')"
hold 'LOCK TABLE user_orgs IN ROW EXCLUSIVE MODE'
run 'DELETE FROM breakpoint'
works "and while the server builds, with whom it waits for" shown "(step, steps, step_name) = (1, 1, 'build-index') AND waiting_for LIKE 'process %'
    AND EXISTS (SELECT FROM pg_stat_progress_create_index)"
release
works "and ends" wait "$runner"

#
# Killed while it is paused, or dropped: nothing is left that stops the next one
#
fresh_links 1000
start "promote_concurrently('user_orgs', batch_size => 10, pause => '20 ms')"
shown 'rows_done > 0' || true
run "SELECT junction.pause('user_orgs')" > "$work/output"
shown "pausing_for = 'junction.pause'" || true
run "SELECT pg_terminate_backend(pid) FROM junction.progress" > "$work/output"
wait "$runner" || true
is "a run that was killed is shown no longer" "$(run 'SELECT count(*) FROM junction.progress')" 0
works "and the next one does not pause" run "CALL junction.promote_concurrently('user_orgs')"
is "nothing is left of the pause" "$(run 'SELECT count(*) FROM pg_description WHERE objsubid < 0')" 0

fresh_links 1000
start "promote_concurrently('user_orgs', batch_size => 10, pause => '20 ms')"
shown 'rows_done > 0' || true
run "SELECT junction.pause('user_orgs')" > "$work/output"
shown "pausing_for = 'junction.pause'" || true
run 'DROP TABLE user_orgs'
wait "$runner" || true
works "a table that is dropped ends the run: 42P01" grep --quiet 'ERROR:  42P01' "$work/run"

#
# A slot that nobody reads
#
fresh_links 1000
sql postgres --command "SELECT pg_create_physical_replication_slot('$slot', true)" > "$work/output"
start "promote_concurrently('user_orgs', max_lag => 0)"
works "it yields to a replication slot that is behind" shown "pausing_for LIKE 'a standby or replication slot is % bytes behind'"
drop_slot
works "and goes on when the slot is gone" wait "$runner"

#
# Autovacuum, slow on this table
#
# the statements after the first step need locks that send autovacuum away; the fill itself does not
vacuumed() {
    fresh_links 20000
    sql "$database" <<'STATEMENTS'
SELECT statement FROM junction.promote('user_orgs', concurrently => true, dry_run => true) WHERE step = 1 \gexec
ALTER TABLE user_orgs SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
DELETE FROM user_orgs WHERE user_id % 2 = 1;
STATEMENTS
    eventually "EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE relid = 'user_orgs'::regclass)"
}

configure "SET autovacuum_naptime = '1s'"
works "autovacuum is at work on the table" vacuumed
start "_fill('user_orgs', 'id', max_wait => '1 min')"
works "a fill yields to it" shown "pausing_for LIKE 'autovacuum works on the table, process %'"
run 'ALTER TABLE user_orgs SET (autovacuum_enabled = off)'
works "and ends when it is over" wait "$runner"
is "with every row" "$(run 'SELECT count(*) FROM user_orgs WHERE id IS NULL')" 0

done_testing
