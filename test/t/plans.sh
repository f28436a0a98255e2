#!/usr/bin/env bash
# test/t/plans.sh: what a verb says is what it does. For each case of test/plans, a schema of its own with a few tables and
# the call of a verb:
#
#   plan      dry_run changes nothing and locks nothing that matters; the verb returns the same statements; run by hand, one
#             by one, they leave the same as the verb, by pg_dump
#   locks     each statement holds what its "locks" says, no more and no less, in the words of PostgreSQL's manual
#   portable  run in a database without the extension, the statements leave the same as a promotion in place, or a repair
#   back      the second call undoes the first: the dump of before, bit for bit
#
# and afterwards the catalogs are sound everywhere (test/lib/invariants.sql and pg_amcheck). Prints TAP.
#
# Needs a server, where PGHOST, PGPORT and PGUSER say, and a superuser. Makes databases junction_plans*, roles
# regress_junction_plans_* and a tablespace regress_junction_plans, and drops them in the end. A schema is named after its
# case. The stages are procedures in the schema "plans" of the databases, and write what is wrong to plans.wrong.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

export work PGOPTIONS='-c client_min_messages=error'
bare=junction_plans_bare                                # without the extension: portable statements, by hand
start=junction_plans                                    # as it was: only dry runs
hand=junction_plans_hand                                # the statements, by hand
verb=junction_plans_verb                                # the verb
locks=junction_plans_locks                              # the statements, with an eye on pg_locks
back=junction_plans_back                                # there and back; portable cases in place
names=()                                                # of the cases
plain_sql='(portable|concurrently) => true'             # a call whose statements do without the extension
declare -A aspects                                      # what is tested of each

clean() {
    sql postgres <<END
DROP DATABASE IF EXISTS $bare;
DROP DATABASE IF EXISTS $start;
DROP DATABASE IF EXISTS $hand;
DROP DATABASE IF EXISTS $verb;
DROP DATABASE IF EXISTS $locks;
DROP DATABASE IF EXISTS $back;
DROP ROLE IF EXISTS regress_junction_plans_owner, regress_junction_plans_guest;
DROP TABLESPACE IF EXISTS regress_junction_plans;
END
}

# try NAME: a case. Its lines are SQL that sets it up in the schema NAME, behind the tables that all cases have; then
#   call VERB(...)  what is tried, in one line      back VERB(...)  what undoes it, if anything does
#   set ...         a setting for both              none            there is nothing to do
# A call with portable => true or concurrently => true is tried without the extension too, so its set-up may not use that. With
# concurrently => true, the verb itself is called without it.
try() {
    local line setup='' settings='' call='' return='' nothing=false
    while IFS= read -r line; do
        case $line in
            'call '*) call=${line#call } ;;
            'back '*) return=${line#back } ;;
            none) nothing=true ;;
            'set '*) settings+="$line;" ;;
            *) setup+=$line$'\n' ;;
        esac
    done
    names+=("$1")
    aspects[$1]="plan locks${return:+ back}"
    [[ ! $call =~ $plain_sql ]] || aspects[$1]+=' portable'
    printf 'INSERT INTO plans.cases (name, setup, settings, call, back, nothing) VALUES (%s);\n' \
        "'$1', \$case\$$setup\$case\$, \$case\$$settings\$case\$, \$case\$$call\$case\$,
        nullif(\$case\$$return\$case\$, ''), $nothing" >> "$work/cases"
}

for cases in ../plans/*.sh; do
    # shellcheck source=/dev/null
    . "$cases"
done

# note ASPECT: each line "NAME|LINE" of its input says what is wrong with that case
note() {
    aspect=$1 perl -ne '/^(\w+)\|(.*)/s or die $_; open my $file, ">>", "$ENV{work}/wrong.$1.$ENV{aspect}"; print $file $2'
}

# judge DATABASE ASPECT STAGE: a stage of the cases; what is wrong is wrong with that aspect
judge() {
    sql "$1" --command "CALL plans.$3"
    sql "$1" --command "WITH told AS (DELETE FROM plans.wrong RETURNING *)
        SELECT name, line FROM told, regexp_split_to_table(message, E'\n') AS line" | note "$2"
}

# by_hand DATABASE ASPECT: every plan's statements, one by one as they are, as a client sends them
by_hand() {
    sql "$1" --command "
        SELECT format(E'\\\\warn == %s\nRESET ALL; SET search_path = %I; %s\n', name, name, settings)
            || format(E'SELECT statement FROM plans.steps WHERE name = %L ORDER BY step \\\\gexec', name)
        FROM plans.cases WHERE name IN (SELECT name FROM plans.steps) ORDER BY number" > "$work/script"
    psql --no-psqlrc --quiet --dbname "$1" --file "$work/script" 2>&1 > /dev/null |
        perl -ne 'if (/^== (\w+)/) { $name = $1 } else { print "$name|$_" }' | note "$2"
}

# dump_cases DATABASE FOLDER: a file for each case, without what is another each time: ids, time stamps, the order of rows
dump_cases() {
    mkdir "$work/$2"
    pg_dump --dbname "$1" --exclude-schema plans | folder=$work/$2 perl -ne '
        if (/^SET default_tablespace = (.*);/) { $tablespace = $1; next }
        next if /^(--|SET default_table_access_method.*)$/;
        undef $file if /^-- PostgreSQL database dump complete/;     # and read on, lest pg_dump has no reader
        if (/^-- (?:Data for )?Name: .*; Type: (.*); Schema: (.*); Owner: /) {
            open $file, ">>", "$ENV{folder}/$2";
            print $file "-- tablespace $tablespace\n" if $1 =~ /^(TABLE|INDEX|CONSTRAINT)$/;
        }
        next unless $file;
        s/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/UUID/g;
        s/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d\b/STAMP/g;
        if ($copying && !/^\\\.$/) { push @rows, $_; next }
        print $file sort splice @rows;
        $copying = /^COPY .* FROM stdin;$/;
        print $file $_;'
}

# same ASPECT NAME FOLDER FOLDER [SED]: what two dumps have for a case is the same, but for what is edited
same() {
    sed "${5:-}" "$work/$3/$2" > "$work/one" 2>> "$work/wrong.$2.$1" || true
    sed "${5:-}" "$work/$4/$2" > "$work/other" 2>> "$work/wrong.$2.$1" || true
    diff --unified=2 "$work/one" "$work/other" | sed 1,2d >> "$work/wrong.$2.$1" || true
}

# sound DATABASE: test/lib/invariants.sql has nothing to say
sound() {
    holds "the catalogs are sound in $1" "$(sql "$1" --file ../lib/invariants.sql 2>&1)"
}

clean

#
# Set up: the portable cases without the extension, the others with it
#
sql postgres --command 'CREATE ROLE regress_junction_plans_owner' --command 'CREATE ROLE regress_junction_plans_guest' \
    --command 'SET allow_in_place_tablespaces = true' --command "CREATE TABLESPACE regress_junction_plans LOCATION ''" \
    --command "CREATE DATABASE $bare TEMPLATE template0"
sql "$bare" --file ../plans/stages.sql --file "$work/cases" > /dev/null
judge "$bare" plan "each('setup', 'call ~ ''$plain_sql''')"
sql postgres --command "CREATE DATABASE $start TEMPLATE $bare"
sql "$start" --command 'CREATE EXTENSION junction'
judge "$start" plan "each('setup', 'call !~ ''$plain_sql''')"

#
# Dry runs, then everything else on copies
#
dump_cases "$start" before
judge "$start" plan "each('plan', 'true')"
dump_cases "$start" after
for database in "$hand" "$verb" "$locks" "$back"; do
    sql postgres --command "CREATE DATABASE $database TEMPLATE $start"
done
by_hand "$hand" plan
judge "$verb" plan "each('verb', 'true')"
judge "$locks" locks "watch()"
judge "$back" back "each('back', 'back IS NOT NULL')"
judge "$back" portable "each('portable', 'call ~ ''$plain_sql''')"
sql "$start" --command "COPY (SELECT s.* FROM plans.steps s JOIN plans.cases USING (name)
                              WHERE call ~ '$plain_sql') TO STDOUT" |
    sql "$bare" --command 'COPY plans.steps FROM STDIN'
by_hand "$bare" portable

dump_cases "$hand" by_hand
dump_cases "$verb" by_verb
dump_cases "$back" back
dump_cases "$bare" bare
# the server that lacks uuidv7() has gen_random_uuid() instead
for name in "${names[@]}"; do
    for aspect in ${aspects[$name]}; do
        case $aspect in
            plan) same plan "$name" before after; same plan "$name" by_hand by_verb ;;
            back) same back "$name" before back ;;
            portable) same portable "$name" bare back 's/junction\.uuidv7()/gen_random_uuid()/' ;;
        esac
        holds "$name: $aspect" "$([ ! -e "$work/wrong.$name.$aspect" ] || cat "$work/wrong.$name.$aspect")"
    done
done

#
# And all is sound
#
for database in "$bare" "$start" "$hand" "$verb" "$locks" "$back"; do
    sound "$database"
done
cat > "$work/temporary" <<'END'
CREATE TEMP TABLE parents (id int PRIMARY KEY);
CREATE TEMP TABLE links (a int REFERENCES parents, b int REFERENCES parents, PRIMARY KEY (a, b));
SELECT junction.promote('links', 'things') \g /dev/null
\i ../lib/invariants.sql
SELECT junction.demote('things', 'links') \g /dev/null
\i ../lib/invariants.sql
END
holds "so are temporary tables, promoted and demoted" "$(sql "$verb" --file "$work/temporary" 2>&1)"
if has_amcheck; then
    holds "pg_amcheck has nothing to say" "$(amcheck --jobs 2 --database 'junction_plans*' 2>&1)"
else
    report 0 "pg_amcheck # SKIP the server has no amcheck"
fi
done_testing
