#!/usr/bin/env bash
# test/injection/ddl.sh [PATTERN]: every kind of DDL that another session can run on a table beside a concurrent promotion that
# is stopped at each of its injection points. Whatever they do to each other, both end, with no error but those that the
# README names or that PostgreSQL itself has for the DDL; no link is lost, the keys are sound, and a second call finishes the
# promotion, or says why it cannot. Prints TAP. PATTERN: only the DDL whose names match it.
#
# It needs a server with injection points, and starts one of its own, in which nobody else waits: what test/with-server.sh
# needs.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
own_server "$@"
. ../lib/tap.sh
. ../lib/points.sh

has_points || skip_all 'the server has no injection points'
database=ddl
make_database "$database"

# NAME|STATEMENTS, each as a client sends it
ddl() {
    cat <<'END_OF_DDL'
rename|ALTER TABLE user_orgs RENAME TO moved
rename_schema|ALTER SCHEMA app RENAME TO app_2
set_schema|ALTER TABLE user_orgs SET SCHEMA public
name_taken|ALTER TABLE user_orgs RENAME TO moved; CREATE TABLE user_orgs (LIKE moved INCLUDING ALL)
new_name_taken|CREATE TABLE memberships (a int)
index_name_taken|CREATE TABLE other (a int); CREATE INDEX memberships_pkey ON other (a)
pair_name_taken|CREATE TABLE other (a int); CREATE INDEX memberships_user_id_org_id_unique ON other (a)
rename_column|ALTER TABLE user_orgs RENAME user_id TO member_id
rename_id|ALTER TABLE user_orgs RENAME id TO ident
drop_id|ALTER TABLE user_orgs DROP COLUMN id
drop_id_default|ALTER TABLE user_orgs ALTER id DROP DEFAULT
change_id_default|ALTER TABLE user_orgs ALTER id SET DEFAULT NULL
id_not_null|ALTER TABLE user_orgs ALTER id SET NOT NULL
id_is_key|ALTER TABLE user_orgs ADD UNIQUE (id)
id_type|ALTER TABLE user_orgs ALTER id TYPE numeric
forget|COMMENT ON COLUMN user_orgs.id IS NULL
drop_sequence|DROP SEQUENCE user_orgs_id_filling CASCADE
rename_sequence|ALTER SEQUENCE user_orgs_id_filling RENAME TO other_sequence
add_column|ALTER TABLE user_orgs ADD added int NOT NULL DEFAULT 5
add_id|ALTER TABLE user_orgs ADD id bigint
drop_column|ALTER TABLE user_orgs DROP COLUMN note
drop_end|ALTER TABLE user_orgs DROP COLUMN org_id
change_type|ALTER TABLE user_orgs ALTER user_id TYPE bigint
change_note|ALTER TABLE user_orgs ALTER note TYPE varchar(99)
drop_key|ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey
rename_key|ALTER TABLE user_orgs RENAME CONSTRAINT user_orgs_pkey TO other_key
other_key|ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id)
deferrable_key|ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD PRIMARY KEY (user_id, org_id) DEFERRABLE
drop_foreign_key|ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_org_id_fkey
pointer|CREATE TABLE pointer (a int, b int, FOREIGN KEY (a, b) REFERENCES user_orgs)
drop_check|ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_id_filled
validate_check|ALTER TABLE user_orgs VALIDATE CONSTRAINT user_orgs_id_filled
rename_check|ALTER TABLE user_orgs RENAME CONSTRAINT user_orgs_id_filled TO other_check
index|CREATE INDEX added_idx ON user_orgs (note)
index_concurrently|CREATE INDEX CONCURRENTLY added_idx ON user_orgs (note)
unique_index|CREATE UNIQUE INDEX added_idx ON user_orgs (id)
drop_index|DROP INDEX user_orgs_org_id_idx
drop_index_concurrently|DROP INDEX CONCURRENTLY user_orgs_org_id_idx
drop_id_index|DROP INDEX memberships_pkey
rename_id_index|ALTER INDEX memberships_pkey RENAME TO other_idx
reindex|REINDEX TABLE user_orgs
reindex_concurrently|REINDEX TABLE CONCURRENTLY user_orgs
cluster|CLUSTER user_orgs USING user_orgs_org_id_idx
vacuum|VACUUM user_orgs
vacuum_full|VACUUM FULL user_orgs
null_constraint|ALTER TABLE user_orgs ADD CONSTRAINT other_not_null NOT NULL id NOT VALID
truncate|TRUNCATE user_orgs
nulls_ids|CREATE FUNCTION no_id() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id = NULL; RETURN NEW; END $$; CREATE TRIGGER no_id BEFORE INSERT OR UPDATE ON user_orgs FOR EACH ROW EXECUTE FUNCTION no_id()
rule|CREATE RULE no_update AS ON UPDATE TO user_orgs DO INSTEAD NOTHING
row_security|ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY
view|CREATE VIEW seen AS SELECT * FROM user_orgs
grouping_view|CREATE VIEW seen AS SELECT user_id, org_id, note FROM user_orgs GROUP BY user_id, org_id
replica_identity|ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_pkey
clustered|ALTER TABLE user_orgs CLUSTER ON user_orgs_pkey
unlogged|ALTER TABLE user_orgs SET UNLOGGED
child|CREATE TABLE child () INHERITS (user_orgs)
publication|CREATE PUBLICATION everything FOR TABLE user_orgs
owner|ALTER TABLE user_orgs OWNER TO pg_monitor
statistics|ANALYZE user_orgs
drop|DROP TABLE user_orgs
drop_parent|DROP TABLE orgs CASCADE
promote|SELECT junction.promote('user_orgs', 'others')
demote|SELECT junction.demote('user_orgs', 'others')
primary_to_unique|SELECT junction.primary_to_unique('user_orgs', 'other_key')
promote_concurrently|CALL junction.promote_concurrently('user_orgs', 'others', max_wait => '500 ms')
repair_concurrently|CALL junction.repair_concurrently('user_orgs', max_wait => '500 ms')
END_OF_DDL
}

# What the README names, or PostgreSQL for a table that another has changed. A session that waits too long for the other ends
# with 57014, and one of two that wait for each other with 40P01. Neither may be, but that while an index is built PostgreSQL
# waits for all older snapshots, also for that of a statement that waits for the table.
# PostgreSQL itself says of the DDL that its name is one that a swap has given and not committed (23505), or that ids are null that
# are not filled yet (23502). Who drops a sequence with the defaults that use it deadlocks with any INSERT too.
own_errors() {                                          # own_errors NAME: of the DDL
    case $1 in
        new_name_taken | pair_name_taken) echo 23505 ;;
        id_not_null) echo 23502 ;;
        drop_sequence) echo 40P01 ;;
        *) echo none ;;
    esac
}
documented='22023|0A000|2BP01|42501|42601|42701|42703|42704|42710|42809|42846|42P01|42P07|42P16|55000|55006|55P03'

# states FILE: the SQLSTATEs of the errors in it
states() {
    sed -nE 's/^(psql:[^ ]+ )?(ERROR|FATAL|PANIC):  ([0-9A-Z]{5}):.*/\3/p' "$1" | paste -sd ' '
}

# undocumented WHO FILE [STATES]: prints the errors that are not, nor of these states
undocumented() {
    if ! states "$2" | grep --quiet --line-regexp --extended-regexp "(($documented|${3:-none}) ?)*"; then
        sed "s/^/$1: /" "$2"
    fi
}

# links OID: how many there are, and their notes
links() {
    sql "$database" <<END
SELECT format('SELECT count(*), string_agg(note, '''' ORDER BY note) FROM %s', $1::regclass) \\gexec
END
}

# unfinished OID: prints what a promotion that ended well has left behind
unfinished() {
    sql "$database" <<END
SELECT 'its check is there: ' || conname FROM pg_constraint
WHERE conrelid = $1 AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%(id IS NOT NULL)%';
SELECT 'its comment is there: ' || attname FROM pg_attribute WHERE attrelid = $1 AND col_description(attrelid, attnum) IS NOT NULL;
SELECT 'its sequence is there: ' || oid::regclass FROM pg_class WHERE relkind = 'S' AND relname LIKE '%filling%';
SELECT 'an index is invalid: ' || indexrelid::regclass FROM pg_index WHERE indrelid = $1 AND NOT indisvalid;
SELECT 'it has no primary key of the id' WHERE NOT EXISTS (
    SELECT FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND array[attnum] = conkey
    WHERE conrelid = $1 AND contype = 'p' AND attname = 'id');
END
}

# the DDL
ended_or_waits() {
    ! kill -0 "$changer" 2> "$work/kill" ||
        [ "$(sql "$database" --command "SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'changer' AND wait_event_type IN ('Lock', 'Extension')")" = 1 ]
}

# against NAME STATEMENTS POINT: both go on. Prints what is wrong
against() {
    local table links
    fresh_links "$database" "${3%-*-*}"
    table=$(sql "$database" --command "SELECT 'app.user_orgs'::regclass::oid")
    promote "$database" "$3" || return 0
    PGAPPNAME=changer sql "$database" --set VERBOSITY=verbose --command "SET statement_timeout = '30 s'" --command "$2" > "$work/ddl" 2>&1 &
    changer=$!
    until ended_or_waits; do
        sleep 0.02
    done
    sql "$database" --command 'CALL public.go_on()'
    wait "$changer" || true
    wait "$promoter" || true
    : > "$work/again"
    if [ "$(sql "$database" --command "SELECT count(*) FROM pg_class WHERE oid = $table")" = 1 ]; then
        sql "$database" --set VERBOSITY=verbose --command "CALL junction.promote_concurrently($table, $arguments, max_wait => '10 s')" \
            > "$work/again" 2>&1 || true
        links=$(links "$table" 2>&1) || true
        [[ $links = "4|abcd" || $1 = truncate || $1 = drop_column || $1 = drop_end ]] || echo "the links: $links"
        # primary_to_unique takes the primary key that it finds, also that of the id
        [[ -n $(states "$work/promotion") && -n $(states "$work/again") || $1 = primary_to_unique ]] || unfinished "$table"
    fi
    [[ $3 != build-index-* && $3 != drop-index-* ]] || local documented="$documented|40P01"
    ! grep --quiet 'ERROR:  40P01' "$work/promotion" || grep --quiet 'HINT:.*Call the procedure again' "$work/promotion" || echo "no hint"
    undocumented ddl "$work/ddl" "$(own_errors "$1")"
    undocumented promotion "$work/promotion"
    undocumented again "$work/again"
    echo "$1 $3: ddl $(states "$work/ddl"), promotion $(states "$work/promotion"), again $(states "$work/again")" >> "$work/log"
    sql "$database" --command 'SELECT * FROM public.broken()' --command 'DROP SCHEMA IF EXISTS app_2 CASCADE' \
        --command 'DROP TABLE IF EXISTS public.user_orgs, public.memberships CASCADE' --command 'DROP PUBLICATION IF EXISTS everything'
}

ddl | grep -E "^(${1:-.*})\|" > "$work/ddl.list"
while IFS='|' read -r name statements; do
    for step in $steps; do
        for moment in $moments; do
            { against "$name" "$statements" "$step-$moment" || echo "it failed"; } 2>&1 < /dev/null | sed "s/^/$step-$moment: /"
        done
    done > "$work/wrong.$name"
    holds "beside $name" "$(cat "$work/wrong.$name")"
done < "$work/ddl.list"

[ -z "${DDL_LOG:-}" ] || cp "$work/log" "$DDL_LOG"
holds "the server lives" "$(grep -E 'terminated by signal|PANIC|TRAP' "$JUNCTION_SERVER_LOG" || true)"
done_testing
