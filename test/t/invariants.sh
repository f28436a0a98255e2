#!/usr/bin/env bash
# test/t/invariants.sh: test/lib/invariants.sql, which other tests rely on, can fail: it has nothing to say of keys that the
# server made, and it has the right words for each invariant that is broken, one by one, by hand in the catalogs. Prints TAP.
#
# Needs a server, where PGHOST, PGPORT and PGUSER say, and a superuser. Makes the database junction_invariants, and drops it
# in the end.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

export PGOPTIONS='-c client_min_messages=error'
database=junction_invariants

clean() {
    dropdb --if-exists "$database"
}

fresh_database "$database"
cat > "$work/native" <<'END'
CREATE TABLE plain (a int, b int, c int, d int,
    PRIMARY KEY (b, a), UNIQUE (a) INCLUDE (c, d, c), UNIQUE (c) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE pointer (x int, y int, z int REFERENCES plain (a), FOREIGN KEY (x, y) REFERENCES plain (a, b),
    PRIMARY KEY (x) INCLUDE (y) DEFERRABLE);
CREATE TABLE others (r int4range, i int, EXCLUDE USING gist (r WITH &&), UNIQUE NULLS NOT DISTINCT (i));
CREATE UNIQUE INDEX ON others (i) WHERE i > 3;
CREATE UNIQUE INDEX ON others ((i + 1));
CREATE TABLE root (a int, b int, n int REFERENCES plain (a), PRIMARY KEY (a, b), UNIQUE (b, a) DEFERRABLE) PARTITION BY RANGE (a);
CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (9) PARTITION BY LIST (b);
CREATE TABLE leaf_leaf PARTITION OF leaf DEFAULT;
CREATE TABLE attached (x text, b int NOT NULL, n int, a int NOT NULL, CONSTRAINT own PRIMARY KEY (a, b), UNIQUE (b, a) DEFERRABLE);
ALTER TABLE attached DROP x;
ALTER TABLE root ATTACH PARTITION attached FOR VALUES FROM (9) TO (99);
CREATE TABLE detached PARTITION OF root FOR VALUES FROM (99) TO (100);
ALTER TABLE root DETACH PARTITION detached;
CREATE TABLE pointer_to_root (a int, b int, FOREIGN KEY (a, b) REFERENCES root, UNIQUE (a));
CREATE TABLE self (id int PRIMARY KEY, up int REFERENCES self UNIQUE);
ALTER TABLE self REPLICA IDENTITY USING INDEX self_pkey;
ALTER TABLE self CLUSTER ON self_pkey;
CREATE TABLE indexed (a int) PARTITION BY LIST (a);
CREATE UNIQUE INDEX ON indexed (a);
CREATE TABLE indexed_1 (a int UNIQUE);
ALTER TABLE indexed ATTACH PARTITION indexed_1 FOR VALUES IN (1);
CREATE TABLE from_index (a int, b int);
CREATE UNIQUE INDEX from_index_key ON from_index (a, b);
ALTER TABLE from_index ADD PRIMARY KEY USING INDEX from_index_key;
CREATE MATERIALIZED VIEW materialized AS SELECT a FROM plain;
CREATE UNIQUE INDEX ON materialized (a);
CREATE TABLE above (a int PRIMARY KEY);
CREATE TABLE below (UNIQUE (a)) INHERITS (above);
CREATE TYPE pair AS (a int, b int);
CREATE TABLE typed OF pair (PRIMARY KEY (a));
CREATE UNLOGGED TABLE unlogged (a int PRIMARY KEY);
CREATE TEMP TABLE temporary (a int PRIMARY KEY, b int UNIQUE DEFERRABLE);
\i ../lib/invariants.sql
END
holds "keys that the server made are sound, of every kind" "$(sql "$database" --file "$work/native" 2>&1)"

# breaks WORDS STATEMENT: the query has just these words for it
breaks() {
    printf 'BEGIN; %s;\n\\i ../lib/invariants.sql\nROLLBACK;\n' "$2" > "$work/break"
    local said
    said=$(sql "$database" --file "$work/break" 2>&1) || true
    if [[ $said == *"$1"* ]]; then
        said=
    else
        said+=$'\n'"it does not say \"$1\" after: $2"
    fi
    holds "it sees: $1" "$said"
}
constraint="UPDATE pg_constraint SET"
index="UPDATE pg_index SET"
plain="WHERE indexrelid = 'plain_pkey'::regclass"
breaks 'has no index' "DELETE FROM pg_index $plain"
breaks 'an index of another table' "$index indrelid = 'self'::regclass $plain"
breaks 'not unique' "$index indisunique = false $plain"
breaks 'is not valid' "$index indisvalid = false $plain"
breaks 'is not ready' "$index indisready = false $plain"
breaks 'is not live' "$index indislive = false $plain"
breaks 'disagree on what is primary' "$index indisprimary = false $plain"
breaks 'disagree on what is primary' "$constraint contype = 'u' WHERE conname = 'plain_pkey'"
breaks 'disagree on exclusion' "$index indisexclusion = true $plain"
breaks 'with a predicate or expressions' "$index indexprs = (SELECT indexprs FROM pg_index WHERE indexprs IS NOT NULL LIMIT 1) $plain"
breaks 'an index of another name' "$constraint conname = 'other' WHERE conname = 'plain_pkey'"
breaks 'an index in another schema' "UPDATE pg_class SET relnamespace = 'pg_toast'::regnamespace WHERE relname = 'plain_pkey'"
breaks 'in another schema than its table' "$constraint connamespace = 'pg_toast'::regnamespace WHERE conname = 'plain_pkey'"
breaks 'an index of other columns' "$constraint conkey = '{1,2}' WHERE conname = 'plain_pkey'"
breaks 'disagree on deferring' "$index indimmediate = false $plain"
breaks 'is deferred and not deferrable' "$constraint condeferred = true WHERE conname = 'plain_pkey'"
breaks 'is not validated' "$constraint convalidated = false WHERE conname = 'plain_pkey'"
breaks 'points at a type or a table' "$constraint confrelid = conrelid WHERE conname = 'plain_pkey'"
breaks 'holds nulls to be equal' "$index indnullsnotdistinct = true $plain"
breaks 'shares its index' "$constraint conindid = 'plain_pkey'::regclass WHERE conname = 'self_pkey'"
breaks 'trigger of a deferrable key' "DELETE FROM pg_trigger WHERE tgconstrindid = 'plain_c_key'::regclass"
breaks 'trigger of a deferrable key' "UPDATE pg_trigger SET tginitdeferred = false WHERE tgconstrindid = 'plain_c_key'::regclass"
breaks 'to another key than its index' "$constraint conparentid = 0 WHERE conname = 'leaf_pkey'"
breaks 'whether it is inherited' "$constraint conislocal = true WHERE conname = 'leaf_pkey'"
breaks 'whether it is inherited' "$constraint coninhcount = 1 WHERE conname = 'plain_pkey'"
breaks "of another kind than its parent's" "$constraint contype = 'u' WHERE conname = 'leaf_leaf_pkey'"
breaks 'whether it is a partition' "UPDATE pg_class SET relispartition = false WHERE relname = 'own'"
breaks 'is missing in a partition' "DELETE FROM pg_inherits WHERE inhrelid = 'own'::regclass"
breaks 'column "a" of plain is in the primary key and can be null' \
    "UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'plain'::regclass AND attname = 'a'"
breaks 'is in the primary key and is dropped' \
    "UPDATE pg_attribute SET attisdropped = true WHERE attrelid = 'plain'::regclass AND attname = 'a'"
if [ "$(sql "$database" --command "SELECT current_setting('server_version_num')::int >= 180000")" = t ]; then
    breaks 'has no NOT NULL constraint' "DELETE FROM pg_constraint WHERE contype = 'n' AND conrelid = 'plain'::regclass"
    breaks 'has no NOT NULL constraint' "$constraint connoinherit = true WHERE contype = 'n' AND conrelid = 'plain'::regclass"
fi
breaks 'rests on no index' "$constraint conindid = 'self'::regclass WHERE conname = 'pointer_z_fkey'"
breaks 'rests on an index of another table' "$constraint conindid = 'self_pkey'::regclass WHERE conname = 'pointer_z_fkey'"
breaks 'is not unique, valid and immediate' "$index indimmediate = false $plain"
breaks 'rests on an index of other columns' "$constraint conindid = 'plain_pkey'::regclass WHERE conname = 'pointer_z_fkey'"
breaks 'a trigger that rests on another index' "UPDATE pg_trigger SET tgconstrindid = 'plain_a_c_d_c1_key'::regclass WHERE tgconstrindid = $(
    sql "$database" --command "SELECT 'plain_pkey'::regclass::oid")"
breaks 'is primary without a PRIMARY KEY' "$index indisprimary = true WHERE indexrelid = 'self_up_key'::regclass"
breaks 'of a table that has another' "UPDATE pg_class SET relreplident = 'd' WHERE relname = 'self'"
breaks 'cannot be a replica identity' "$index indisreplident = true WHERE indexrelid = 'self_up_key'::regclass"
breaks 'and not exactly one' "$index indisreplident = false WHERE indexrelid = 'self_pkey'::regclass"
breaks 'has two primary keys' "$constraint contype = 'p' WHERE conname = 'self_up_key'"
breaks 'has two primary indexes' "$index indisprimary = true WHERE indexrelid = 'self_up_key'::regclass"
breaks 'is clustered on two' "$index indisclustered = true WHERE indexrelid = 'self_up_key'::regclass"
breaks 'does not know that it has an index' "UPDATE pg_class SET relhasindex = false WHERE relname = 'plain'"

# missing KIND OBJECT CLAUSE, twice KIND OBJECT CLAUSE: a dependency that is not there, or there once too often
missing() {
    breaks "$2 lacks the dependency $1" "DELETE FROM pg_depend WHERE $3"
}
twice() {
    breaks "$2 has one too many dependency $1" "INSERT INTO pg_depend SELECT * FROM pg_depend WHERE $3"
}
pkey="(SELECT oid FROM pg_constraint WHERE conname = 'plain_pkey')"
below="(SELECT oid FROM pg_constraint WHERE conname = 'leaf_leaf_pkey')"
fkey="(SELECT oid FROM pg_constraint WHERE conname = 'pointer_z_fkey')"
for how in missing twice; do
    $how i 'index plain_pkey' "objid = 'plain_pkey'::regclass AND refobjid = $pkey"
    $how a 'constraint plain_pkey on table plain' "objid = $pkey AND refobjsubid = 2"
    $how a 'constraint plain_a_c_d_c1_key on table plain' \
        "objid = (SELECT oid FROM pg_constraint WHERE conname = 'plain_a_c_d_c1_key') AND refobjsubid = 4"
    $how P 'constraint leaf_leaf_pkey on table leaf_leaf' "objid = $below AND deptype = 'P'"
    $how S 'constraint leaf_leaf_pkey on table leaf_leaf' "objid = $below AND deptype = 'S'"
    $how P 'index leaf_leaf_pkey' "objid = 'leaf_leaf_pkey'::regclass AND deptype = 'P'"
    $how S 'index leaf_leaf_pkey' "objid = 'leaf_leaf_pkey'::regclass AND deptype = 'S'"
    $how n 'constraint pointer_z_fkey on table pointer' "objid = $fkey AND refobjid = 'plain_a_c_d_c1_key'::regclass"
    $how a 'constraint pointer_z_fkey on table pointer' "objid = $fkey AND refobjid = 'pointer'::regclass"
    $how n 'constraint pointer_z_fkey on table pointer' "objid = $fkey AND refobjid = 'plain'::regclass"
done
breaks 'has one too many dependency a on column a' \
    "INSERT INTO pg_depend VALUES ('pg_class'::regclass, 'plain_pkey'::regclass, 0, 'pg_class'::regclass, 'plain'::regclass, 1, 'a')"

done_testing
