#!/usr/bin/env bash
# test/t/crash.sh [CRASHES [SEED]]: every verb at work, each on tables of its own, when the server is stopped at once; CRASHES times
# (default 5), at moments that the SEED (default 1) draws. After each stop, what is there must be what was there before the verb,
# or what is there after it; of a verb that commits on its way it may be between, too, if the same call finishes it. Besides, the
# invariants of keys hold, pg_amcheck has nothing to say, and each verb that was stopped is finished by the same call. Prints TAP,
# and how often each verb was found before, between and after.
#
# "What is there" of a verb is the dump of its schema, the pairs of its tables, and whether their ids are there and distinct.
# It starts a server of its own, as it stops it: what test/with-server.sh needs.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh

crashes=${1:-5}
seed=${2:-1}
[ "$seed" != random ] || seed=$((RANDOM * 32768 + RANDOM))
RANDOM=$seed
pause=500                                               # ms: the most that a transaction stays open behind its verb
export PGOPTIONS='-c client_min_messages=error'
declare -A call=() setup=() commits=() found=()
verbs=()

# verb NAME STATEMENT [SETUP [commits]]: its tables are in the schema NAME; "commits" if the statement commits on its way
verb() {
    verbs+=("$1")
    call[$1]=$2
    setup[$1]=${3:-}
    commits[$1]=${4:-}
}

online="batch_size => 100, pause => '2 ms'"
half_done="SELECT statement FROM junction.promote('user_orgs', 'memberships', concurrently => true, dry_run => true) WHERE step <= 4 ORDER BY step \\gexec"
verb make "SELECT junction.create('users', 'orgs', 'links')"
verb promote "SELECT junction.promote('user_orgs', 'memberships', '{role text, invited_by int REFERENCES orgs}', keep_old_name => true)"
verb portable "SELECT junction.promote('user_orgs', portable => true)"
verb partitions "SELECT junction.promote('parted', primary_key => '{id,user_id}')"
verb demote "SELECT junction.demote('user_orgs', 'user_orgs', discard_columns => true)" "SELECT junction.promote('user_orgs');"
verb undo "SELECT junction.demote('user_orgs', 'user_orgs')" "$half_done"
verb repair "SELECT junction.repair('half', '{half_indexed, missing_pair_key, nullable_endpoint, no_cascade}')"
verb to_unique "SELECT junction.primary_to_unique('user_orgs', 'the_pair')"
verb to_primary "SELECT junction.unique_to_primary('user_orgs', 'the_pair')" "SELECT junction.primary_to_unique('user_orgs', 'the_pair');"
verb promote_online "CALL junction.promote_concurrently('user_orgs', 'memberships', keep_old_name => true, id_type => 'bigint', $online)" '' commits
verb resume_online "CALL junction.promote_concurrently('user_orgs', 'memberships', $online)" "$half_done" commits
verb repair_online "CALL junction.repair_concurrently('half')" '' commits
# these leave nothing, whenever they are stopped
verb probe "SELECT junction.probe('user_orgs')"
verb look "SELECT junction.report('half'); SELECT junction.report(); SELECT junction.dependents('user_orgs'); SELECT * FROM junction.junctions"
verb guard "SET junction.guard = error; CREATE TABLE bad (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))"

make_tables() {                                         # make_tables NAME: of a verb, with 4000 links
    cat <<END
CREATE SCHEMA $1;
SET search_path = $1;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 400);
INSERT INTO orgs SELECT generate_series(1, 10);
CREATE TABLE user_orgs (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE, PRIMARY KEY (user_id, org_id));
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs;
CREATE INDEX ON user_orgs (org_id);
END
    case $1 in
        repair|repair_online|look) cat <<'END' ;;
CREATE TABLE half (user_id int REFERENCES users, org_id int REFERENCES orgs ON DELETE CASCADE, PRIMARY KEY (user_id, org_id));
INSERT INTO half TABLE user_orgs;
END
        partitions) cat <<'END' ;;
CREATE TABLE parted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY HASH (user_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted TABLE user_orgs;
END
    esac
    printf '%s\n' "${setup[$1]}"
}

# run_verb DATABASE NAME [SECONDS]: with SECONDS, it waits for the gate first, and keeps its transaction open for so long
run_verb() {
    local first='SELECT' last=
    [ -z "${3:-}" ] || first='SELECT pg_advisory_lock_shared(1)'
    [ -z "${3:-}" ] || [ -n "${commits[$2]}" ] || last="; SELECT pg_sleep($3)"
    sql "$1" --command "SET search_path = $2" --command "$first" --command "${call[$2]}$last" > "$work/output.$2" 2> "$work/error.$2"
}

# states DATABASE FOLDER: what is there of each verb, a file for each. A table with user_id and org_id shows its pairs, and what of
# its ids is wrong; an id that is being filled is no matter before the primary key says that it is there
states() {
    mkdir -p "$2"
    dump "$1" --schema-only > "$work/dump"
    sql "$1" > "$work/rows" <<'END'
SELECT format('SELECT %L, md5(string_agg(user_id || '' '' || org_id, '','' ORDER BY user_id, org_id)), count(*)%s FROM %s',
    nspname || ' ' || relname, CASE WHEN id.attnum IS NOT NULL THEN ', count(*) - count(DISTINCT id) AS wrong_ids' END, pg_class.oid::regclass)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN pg_attribute AS link ON link.attrelid = pg_class.oid AND link.attname = 'org_id'
LEFT JOIN pg_attribute AS id ON id.attrelid = pg_class.oid AND id.attname = 'id' AND NOT id.attisdropped AND id.attnotnull
WHERE relkind IN ('r', 'p', 'v') ORDER BY nspname, relname \gexec
END
    # an entry of a dump begins with its name, kind and schema
    awk -v folder="$2" -v names="${verbs[*]}" '
        BEGIN { count = split(names, name, " "); for (i = 1; i <= count; i++) { is[name[i]] = 1; printf "" > (folder "/" name[i]) } }
        FNR == NR && /^-- Name: .*; Type: .*; Schema: / { schema = $0; sub(/.*; Schema: /, "", schema); sub(/;.*/, "", schema)
            if (schema == "-") { schema = $3; sub(/;.*/, "", schema) } }
        FNR == NR && /^-- PostgreSQL database dump complete/ { schema = "" }
        FNR != NR { split($0, part, /[ |]/); schema = part[1] }
        schema in is { print > (folder "/" schema) }' "$work/dump" "$work/rows"
}

same() {                                                # same NAME FOLDER FOLDER
    cmp --silent "$2/$1" "$3/$1"
}

milliseconds() {                                        # milliseconds LIMIT: a random time below it, in seconds
    local time=$((RANDOM % $1))
    printf '%d.%03d' $((time / 1000)) $((time % 1000))
}

# keep_gate DATABASE: holds the gate, an advisory lock, until all verbs wait for it, a minute at most; says when it has it
keep_gate() {
    sql "$1" <<GATE
SELECT 'held' FROM pg_advisory_lock(1);
DO \$\$ BEGIN
    FOR i IN 1 .. 6000 LOOP
        EXIT WHEN (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted) = ${#verbs[@]};
        PERFORM pg_sleep(0.01);
    END LOOP;
END \$\$;
GATE
}

running=()

start_verbs() {                                         # start_verbs DATABASE: all at once, since who connects late is never stopped
    local name gate
    : > "$work/gate"
    keep_gate "$1" > "$work/gate" &
    gate=$!
    until [ -s "$work/gate" ]; do
        kill -0 "$gate" || return 1
        sleep 0.01
    done
    running=()
    for name in "${verbs[@]}"; do
        run_verb "$1" "$name" "$(milliseconds "$pause")" &
        running+=($!)
    done
    wait "$gate"
}

milliseconds_since() {                                  # milliseconds_since EPOCHREALTIME
    echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

# crash DATABASE MILLISECONDS: stops the server within that time, while all verbs are at work
crash() {
    local moment process
    moment=$(milliseconds "$2")
    start_verbs "$1"
    sleep "$moment"
    # at once, as pg_ctl takes a while to begin; it waits for the end of the server, and starts it
    kill -QUIT "$(head -n 1 "$PGDATA/postmaster.pid")"
    restart immediate
    for process in "${running[@]}"; do
        wait "$process" || true
    done
}

# judge FOLDER: notes where each verb was found, and prints those that are nowhere
judge() {
    local name place
    for name in "${verbs[@]}"; do
        if same "$name" "$1" "$work/after"; then
            place=after
        elif same "$name" "$1" "$work/before"; then
            place=before
        elif [ -n "${commits[$name]}" ]; then
            place=between
        else
            echo "$name is neither as before nor as after:"
            diff "$work/before/$name" "$1/$name" || true
            place=nowhere
        fi
        found[$name $place]=$((${found[$name $place]:-0} + 1))
    done
}

# finish_verbs FOLDER: calls those verbs again that are not through, and prints what is not as after then
finish_verbs() {
    local name
    for name in "${verbs[@]}"; do
        same "$name" "$1" "$work/after" || printf 'SET search_path = %s;\n%s;\n' "$name" "${call[$name]}"
    done > "$work/calls"
    { sql crash --file "$work/calls" > "$work/output"; } 2>&1 || true
    states crash "$work/finished"
    diff --recursive "$work/after" "$work/finished" || true
}

echo "# seed $seed"
createdb start
{ echo 'CREATE EXTENSION junction;'; for name in "${verbs[@]}"; do make_tables "$name"; done; } | sql start > "$work/output"
states start "$work/before"
createdb --template start twin
start_verbs twin
start=$EPOCHREALTIME
for process in "${running[@]}"; do
    wait "$process" || true
done
span=$(milliseconds_since "$start")
grep --no-filename 'ERROR:' "$work"/error.* | grep --invert-match half_indexed | sed 's/^/# /' || true
states twin "$work/after"
for name in "${verbs[@]}"; do
    case $name in
        probe|look|guard) works "$name leaves nothing" same "$name" "$work/before" "$work/after" ;;
        *)                is "$name leaves something" "$(same "$name" "$work/before" "$work/after" && echo nothing)" "" ;;
    esac
done

for number in $(seq "$crashes"); do
    createdb --template start crash
    # every other stop is early, when the transactions of most verbs are open
    crash crash $((number % 2 ? pause : span)) > "$work/output" 2>&1
    states crash "$work/found"
    judge "$work/found" > "$work/wrong"
    holds "stop $number: each verb is as before or as after" "$(cat "$work/wrong")"
    holds "the keys and the pages are sound" "$(unsound crash)"
    holds "each verb is finished by the same call" "$(finish_verbs "$work/found" 2>&1)"
    dropdb crash
done
for name in "${verbs[@]}"; do
    echo "# $name: ${found[$name before]:-0} before, ${found[$name between]:-0} between, ${found[$name after]:-0} after, ${found[$name nowhere]:-0} nowhere"
done
done_testing
