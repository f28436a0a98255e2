#!/usr/bin/env bash
# test/t/memory.sh [CALLS]: the memory of a session does not grow, however often it calls. Each verb is called CALLS times
# (default 500) by a session of its own, and its memory contexts are added up after a tenth of them and at the end.
#
# In one transaction, where what goes into the contexts of the transaction stays too; then in a transaction for each call.
# What the caches of PostgreSQL take, they have taken after the first tenth.
set -euo pipefail
cd "$(dirname "$0")"

# shellcheck source=../lib/server.sh
. ../lib/server.sh
# shellcheck source=../lib/tap.sh
. ../lib/tap.sh

calls=${1:-500}
database=junction_memory
# The smallest chunk that palloc gives takes 16 bytes with its header: a call that leaves one behind is found, as long as
# CALLS is 500 or more. The constant is for what PostgreSQL's own hash tables may still grow by.
bytes_per_call=4
bytes_once=4096
export PGOPTIONS='-c client_min_messages=warning'

clean() {
    dropdb --if-exists --force "$database"
}

# growth_of BODY: the bytes that a session's contexts grew by while BODY (of plpgsql) ran CALLS times, and which contexts.
# Left out is what PostgreSQL remembers, until the end of a transaction, of each row that is written and deleted in it, and
# the context of the query that measures.
growth_of() {
    sql "$database" <<SQL
DO \$body\$
DECLARE
    contexts jsonb := used_memory();
BEGIN
    contexts := used_memory();
    FOR n IN 1 .. $calls LOOP
        $1
        IF n IN ($calls / 10, $calls) THEN
            PERFORM set_config('memory.' || CASE n WHEN $calls THEN 'at_end' ELSE 'before' END, used_memory()::text, false);
        END IF;
    END LOOP;
END \$body\$;
SELECT sum(at_end.value::int - coalesce(before.value::int, 0))
           FILTER (WHERE at_end.key NOT IN ('Combo CIDs', 'MultiXact cache context', 'ExprContext')),
       string_agg(at_end.key || ': ' || at_end.value::int - coalesce(before.value::int, 0), ', ')
           FILTER (WHERE at_end.value <> coalesce(before.value, '0'))
FROM jsonb_each_text(current_setting('memory.at_end')::jsonb) AS at_end
LEFT JOIN jsonb_each_text(current_setting('memory.before')::jsonb) AS before USING (key);
SQL
}

stays_flat() {                                          # stays_flat NAME BODY [BYTES that PostgreSQL takes itself]
    local growth status=0
    growth=$(growth_of "$2" 2>&1) || status=1
    [ "$status" = 0 ] && [ "${growth%%|*}" -le $((${3:-0} + calls * bytes_per_call + bytes_once)) ] || status=1
    printf 'bytes more: %s\n' "$growth" > "$work/output"
    report "$status" "$1, $calls times: the memory of the session stays flat" "$work/output"
}

fresh_database "$database"
sql "$database" > /dev/null <<'SQL'
CREATE EXTENSION junction;
-- used, not taken from malloc: the blocks double, so that these sizes hide a leak, and then jump
CREATE FUNCTION used_memory() RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(name, bytes)
            FROM (SELECT name, sum(used_bytes) AS bytes FROM pg_backend_memory_contexts GROUP BY name) AS context);
END $$;
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE noted (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, role text, PRIMARY KEY (user_id, org_id));
CREATE VIEW members AS SELECT user_id FROM user_orgs;
INSERT INTO users SELECT generate_series(1, 10);
INSERT INTO orgs SELECT generate_series(1, 10);
SELECT count(*) FROM junction.create_accessors('noted', '{set}');
INSERT INTO user_orgs SELECT n, n FROM generate_series(1, 10) AS n;
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[], org_text text, org_json json);
INSERT INTO posts SELECT n, ARRAY[n, 1, n, 11, NULL], n || ',1', '[1, 2]' FROM generate_series(1, 10) AS n;
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, by_id int REFERENCES users, PRIMARY KEY (user_id, org_id, by_id));
INSERT INTO taggings SELECT n, o, n FROM generate_series(1, 10) AS n, generate_series(1, 3) AS o;
ANALYZE;
SQL

stays_flat 'report()' 'PERFORM FROM junction.report();'
stays_flat 'report of a table' "PERFORM FROM junction.report('user_orgs');"
stays_flat 'junctions' 'PERFORM FROM junction.junctions;'
stays_flat 'half_indexed' 'PERFORM FROM junction.half_indexed;'
stays_flat 'measure' "PERFORM FROM junction.measure('user_orgs');"
stays_flat 'diagram' 'PERFORM junction.diagram();'
stays_flat 'dependents' "PERFORM FROM junction.dependents('user_orgs');"
stays_flat 'promote, dry' "PERFORM FROM junction.promote('user_orgs', 'memberships', dry_run => true);"
stays_flat 'create, dry' "PERFORM FROM junction.create('users', 'orgs', 'others', dry_run => true);"
stays_flat 'repair, dry' "PERFORM FROM junction.repair('user_orgs', dry_run => true);"
stays_flat 'absorb of an array, dry' "PERFORM FROM junction.absorb('posts', '{user_ids}', 'users', missing => 'discard', mirror => true, dry_run => true);"
stays_flat 'absorb of text, dry' "PERFORM FROM junction.absorb('posts', '{org_text}', 'orgs', separator => ',', keep_source => false, dry_run => true);"
stays_flat 'absorb of json, dry' "PERFORM FROM junction.absorb('posts', '{org_json}', 'orgs', ordered => true, dry_run => true);"
stays_flat 'dependencies' "PERFORM FROM junction.dependencies('taggings');"
stays_flat 'split, dry' "PERFORM FROM junction.split('taggings', into_tables => '{\"a(user_id, org_id)\",\"b(user_id, by_id)\"}', dry_run => true);"
stays_flat 'create_accessors, dry' "PERFORM FROM junction.create_accessors('user_orgs', '{list,set,add,remove,toggle,matching}', dry_run => true);"
stays_flat 'drop_accessors, dry' "PERFORM FROM junction.drop_accessors('noted', dry_run => true);"
stays_flat 'uuidv7' 'PERFORM junction.uuidv7();'
# shellcheck disable=SC2016 # plpgsql's
stays_flat 'a refusal' 'BEGIN
    PERFORM FROM junction.promote($_$users$_$);
    EXCEPTION WHEN wrong_object_type THEN
END;'
# with_guard SETTING: what a table that is made, and dropped, each in a transaction of its own, leaves behind
with_guard() {
    echo "PERFORM set_config('junction.guard', '$1', false);
        CREATE TABLE guarded (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
        COMMIT;
        DROP TABLE guarded;
        COMMIT;"
}
growth=$(growth_of "$(with_guard off)")
stays_flat 'the guard' "$(with_guard notice)" "${growth%%|*}"
stays_flat 'probe, each in a transaction' "PERFORM FROM junction.probe('user_orgs'); COMMIT;"
# in the transaction's own context PostgreSQL remembers rows as well
[ "$calls" -le 1000 ] || calls=1000
stays_flat 'probe, all in one transaction' "PERFORM FROM junction.probe('user_orgs');" $((20 * calls))
done_testing
