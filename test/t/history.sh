#!/usr/bin/env bash
# test/t/history.sh [ROUNDS [SEED]]: what clients were told has happened, whatever happens to a promotion and to the server. In each
# of ROUNDS (default 2), four clients insert, delete and read links of one table while promote_concurrently works on it, which is
# terminated, or the server is stopped at once, at random moments, and called again until it is through; and links of a second
# table, which is promoted and demoted over and over. Then the answers that the clients got must be those of a serial history:
# one order of all statements in which each is right, and the table at the end, with one id for each link that never changes.
# Prints TAP, and the SEED (default 1) of the moments and of the clients' choices.
#
# It starts a server of its own, as it stops it: what test/with-server.sh needs. The clients are test/lib/history.pl.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh

rounds=${1:-2}
seed=${2:-1}
[ "$seed" != random ] || seed=$((RANDOM * 32768 + RANDOM))
RANDOM=$seed
few=10000                                               # links that nobody touches: the fill takes a second
kills=4                                                 # of a promotion, before it may come to its end
export PGOPTIONS='-c client_min_messages=warning'
clients=()
changer=

clean() {
    # shellcheck disable=SC2086 # one word each
    kill "${clients[@]}" $changer 2> "$work/kill" || true
}

createdb start
sql start --set few="$few" <<'END'
CREATE EXTENSION junction;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 110);
INSERT INTO orgs SELECT generate_series(1, :few / 100);
CREATE TABLE user_orgs (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON user_orgs (org_id);
CREATE TABLE user_teams (LIKE user_orgs INCLUDING ALL,
    FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE, FOREIGN KEY (org_id) REFERENCES orgs ON DELETE CASCADE);
-- the clients have the users and orgs 1 to 6; half of their links are there
INSERT INTO user_orgs SELECT u, o FROM generate_series(1, 6) AS u, generate_series(1, 6) AS o WHERE (u + o) % 2 = 0;
INSERT INTO user_teams SELECT * FROM user_orgs;
INSERT INTO user_orgs SELECT u, o FROM generate_series(11, 110) AS u, generate_series(1, :few / 100) AS o;
END

# the promotions, one a round, by turns; and what the table is called in the end
calls=("'user_orgs', 'memberships', columns => array['role text'], keep_old_name => true, id_type => 'bigint'" "'user_orgs'")
names=(memberships user_orgs)

# change DATABASE: promotes and demotes user_teams until $work/over is there. $work/changes has the SQLSTATE of each error. One may
# find done (55000, 42809) what the server did and could not tell
change() {
    until [ -e "$work/over" ]; do
        sql "$1" --set VERBOSITY=sqlstate --command "SELECT count(*) FROM junction.promote('user_teams', timestamps => false)" || true
        sql "$1" --set VERBOSITY=sqlstate --command "SELECT count(*) FROM junction.demote('user_teams', 'user_teams')" || true
        sleep 0.05
    done > "$work/changes" 2>&1
}

kill_promotion() {                                      # kill_promotion DATABASE: in one way or the other
    if [ $((RANDOM % 2)) = 0 ]; then
        sql "$1" --command "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'promotion'" > "$work/output"
        terminated=$((terminated + 1))
    else
        restart immediate
        stopped=$((stopped + 1))
    fi
}

# promote DATABASE ARGUMENTS: until it is through, killed $kills times before. Fails if it ends with an error of its own
promote() {
    local left=$kills promoter pause
    for _ in $(seq $((kills + 1))); do
        PGAPPNAME=promotion sql "$1" --set VERBOSITY=verbose \
            --command "CALL junction.promote_concurrently($2, batch_size => 100, pause => '2 ms')" > "$work/promotion" 2>&1 &
        promoter=$!
        if [ "$left" -gt 0 ]; then
            pause=$((RANDOM % 400))
            sleep "$(printf '0.%03d' "$pause")"
            kill_promotion "$1"
            left=$((left - 1))
        fi
        if wait "$promoter"; then return; fi
        grep 'ERROR:' "$work/promotion" && return 1
    done
    cat "$work/promotion"
    return 1
}

start_clients() {                                       # start_clients DATABASE ROUND
    local number
    for number in 1 2 3 4; do
        ../lib/history.pl client "$1" "$work/client.$number" $((seed * 1000 + $2 * 10 + number)) 2> "$work/client_errors.$number" &
        clients+=($!)
    done
    change "$1" &
    changer=$!
}

stop_clients() {
    touch "$work/over"
    kill "${clients[@]}"
    wait "${clients[@]}" "$changer" || { cat "$work"/client_errors.*; return 1; }
    clients=()
    changer=
}

lost() {                                                # lost DATABASE TABLE: of the links that nobody touched; and ids that are not as they must be
    sql "$1" <<END
SELECT format('%s of the links that nobody touched, not $few', count(*)) FROM $2 WHERE user_id > 10 HAVING count(*) <> $few;
SELECT format('%s rows, %s ids, %s of them distinct', count(*), count(id), count(DISTINCT id)) FROM $2
HAVING count(*) <> count(id) OR count(*) <> count(DISTINCT id);
END
}

echo "# seed $seed"
terminated=0
stopped=0
statements=0
doubts=0
for round in $(seq "$rounds"); do
    arguments=${calls[round % 2]}
    name=${names[round % 2]}
    twin=twin_$((round % 2))
    [ "$round" -gt 2 ] || { createdb --template start "$twin"; sql "$twin" --command "SELECT count(*) FROM junction.promote($arguments)" > "$work/output" 2>&1; }
    createdb --template start history
    rm -f "$work/over" "$work"/client.*

    ../lib/history.pl read history "$work/before" user_orgs
    start_clients history "$round"
    sleep 0.3
    status=0
    promote history "$arguments" > "$work/promotions" 2>&1 || status=1
    sleep 0.3
    stop_clients > "$work/ends" 2>&1 || status=1
    cat "$work/promotions" "$work/ends" > "$work/problems"
    report "$status" "round $round: a promotion that is killed is finished by the same call" "$work/problems"

    holds "user_teams is promoted and demoted, with no error" \
        "$(grep 'ERROR:' "$work/changes" | grep --invert-match --extended-regexp '55000|42809' || grep --quiet --line-regexp '[1-9]' "$work/changes" || echo never)"
    sql history --command "SELECT junction.demote('user_teams', 'user_teams')" > "$work/output" 2>&1 || true
    ../lib/history.pl read history "$work/after" "$name"
    ../lib/history.pl judge "$work/before" "$work"/client.[0-9] "$work/after" > "$work/judgement"
    read -r in_all _ in_doubt _ < "$work/judgement"
    statements=$((statements + in_all))
    doubts=$((doubts + in_doubt))
    holds "each answer is right in one serial order" "$(tail -n +2 "$work/judgement")"
    holds "each link has one id, and no other link was lost" "$(lost history "$name" 2>&1)"
    dump "$twin" --schema-only > "$work/$twin"
    dump history --schema-only > "$work/schema"
    holds "the keys are sound, and the table is as promote makes it" "$(diff "$work/$twin" "$work/schema" 2>&1 || true; unsound history)"
    dropdb history
done
echo "# $rounds rounds, $statements statements of clients, $doubts in doubt; $terminated promotions terminated, $stopped stops of the server"
done_testing
