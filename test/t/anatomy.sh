#!/usr/bin/env bash
# test/t/anatomy.sh: a table whose shape was changed in place has the rows in the catalogs that a table has which plain DDL
# made in that shape: each row, each column, but for OIDs (test/lib/anatomy.sql says what is left out). So after
# primary_to_unique, unique_to_primary and both in turn, promote, demote and promote_concurrently. Prints TAP.
#
# Each case is a schema of its own, in the database junction_anatomy_changed as in junction_anatomy_created: the first holds
# what was changed, the second its twin. Names are compared, too.
#
# Needs a server, where PGHOST, PGPORT and PGUSER say, and a superuser. Makes the two databases, and drops them in the end.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh

export PGOPTIONS='-c client_min_messages=error'
changed=junction_anatomy_changed
created=junction_anatomy_created
cases=()

clean() {
    dropdb --if-exists "$changed"
    dropdb --if-exists "$created"
}

# twins NAME CHANGED CREATED: a case, and what makes the two of it; psql runs both when all cases are known
twins() {
    local schema=case_${#cases[@]}
    cases+=("$1")
    printf 'CREATE SCHEMA %s;\nSET search_path = %s;\n%s\n' "$schema" "$schema" "$2" >> "$work/$changed.sql"
    printf 'CREATE SCHEMA %s;\nSET search_path = %s;\n%s\n' "$schema" "$schema" "$3" >> "$work/$created.sql"
}

# flips NAME TABLE DDL: DDL has @KEY where a key is PRIMARY KEY or UNIQUE, and @FILL for the NOT NULL that only the UNIQUE needs;
# the key's name is "pair"
flips() {
    local primary=${3//@KEY/PRIMARY KEY} unique=${3//@KEY/UNIQUE}
    local down="SELECT junction.primary_to_unique('$2', 'pair');" up="SELECT junction.unique_to_primary('$2', 'pair');"
    primary=${primary// @FILL/}
    unique=${unique// @FILL/ NOT NULL}
    twins "primary_to_unique: $1" "$primary $down" "$unique"
    twins "unique_to_primary: $1" "$unique $up" "$primary"
    twins "there and back: $1" "$primary $down $up" "$primary"
}

#
# The key alone
#
flips "foreign keys of every sort point at it" links "
    CREATE TABLE links (a int @FILL, b int @FILL, up_a int, up_b int, CONSTRAINT pair @KEY (a, b),
                        FOREIGN KEY (up_a, up_b) REFERENCES links (a, b) ON DELETE CASCADE);
    INSERT INTO links VALUES (1, 1), (1, 2);
    CREATE TABLE points (a int, b int, FOREIGN KEY (b, a) REFERENCES links (b, a) ON UPDATE CASCADE ON DELETE SET NULL);
    CREATE TABLE later (a int, b int, FOREIGN KEY (a, b) REFERENCES links (a, b) MATCH FULL DEFERRABLE INITIALLY DEFERRED NOT VALID);
    CREATE TABLE parted (a int, b int, FOREIGN KEY (a, b) REFERENCES links (a, b)) PARTITION BY LIST (a);
    CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
    ALTER TABLE links DISABLE TRIGGER ALL;"
flips "a view, a rule, a policy, a trigger and a generated column" links "
    CREATE TABLE links (a int @FILL, b int @FILL, s int GENERATED ALWAYS AS (a + b) STORED, CHECK (a < b), CONSTRAINT pair @KEY (a, b));
    CREATE VIEW look AS TABLE links;
    CREATE RULE quiet AS ON DELETE TO links DO INSTEAD NOTHING;
    CREATE POLICY mine ON links USING (a > 0);
    CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER nothing AFTER UPDATE OF a ON links FOR EACH ROW WHEN (OLD.b > 1) EXECUTE FUNCTION nothing();"
flips "deferrable" links "
    CREATE TABLE links (a int @FILL, b int @FILL, CONSTRAINT pair @KEY (a, b) DEFERRABLE INITIALLY DEFERRED);"
flips "INCLUDE, storage parameters, comments, replica identity and clustered on" links "
    CREATE TABLE links (a int @FILL, b int @FILL, c int, CONSTRAINT pair @KEY (a, b) INCLUDE (c) WITH (fillfactor = 70));
    COMMENT ON CONSTRAINT pair ON links IS 'once each';
    COMMENT ON INDEX pair IS 'of the pair';
    ALTER TABLE links REPLICA IDENTITY USING INDEX pair, CLUSTER ON pair;"
flips "dropped columns, a domain, a collation, unlogged" '"Über ""x"""' "
    CREATE DOMAIN whole AS int CHECK (VALUE > 0);
    CREATE UNLOGGED TABLE \"Über \"\"x\"\"\" (first int, b text COLLATE \"C\" @FILL, gone int, a whole @FILL, CONSTRAINT pair @KEY (b, a));
    ALTER TABLE \"Über \"\"x\"\"\" DROP COLUMN first, DROP COLUMN gone, REPLICA IDENTITY FULL;"
flips "over an index that was there before" links "
    CREATE TABLE links (a int @FILL, b int @FILL);
    CREATE UNIQUE INDEX pair ON links (b, a);
    ALTER TABLE links ADD CONSTRAINT pair @KEY USING INDEX pair;"
flips "a table of a type" links "
    CREATE TYPE link AS (a int, b int);
    CREATE TABLE links OF link (a WITH OPTIONS @FILL, b WITH OPTIONS @FILL, CONSTRAINT pair @KEY (a, b));"
flips "a parent of inheritance, whose child has a key of its own" links "
    CREATE TABLE links (a int NOT NULL, b int NOT NULL, CONSTRAINT pair @KEY (a, b));
    CREATE TABLE child (c int, CONSTRAINT own PRIMARY KEY (a, b)) INHERITS (links);"
# by ALTER TABLE, which finds the column's inherited NOT NULL; since 18, a PRIMARY KEY in CREATE TABLE declares one of its own
flips "a child of inheritance" links "
    CREATE TABLE above (a int NOT NULL);
    CREATE TABLE links (b int NOT NULL) INHERITS (above);
    ALTER TABLE links ADD CONSTRAINT pair @KEY (a, b);"
partitions="
    CREATE TABLE tree (a int NOT NULL, b int NOT NULL, c int, CONSTRAINT pair @KEY (a, b) @DEFER) PARTITION BY RANGE (a);
    CREATE TABLE tree_low PARTITION OF tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
    CREATE TABLE tree_low_1 PARTITION OF tree_low FOR VALUES IN (1) PARTITION BY HASH (b);
    CREATE TABLE tree_low_1_1 PARTITION OF tree_low_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE TABLE tree_low_rest PARTITION OF tree_low DEFAULT;
    CREATE TABLE tree_own (c int, b int NOT NULL, gone int, a int NOT NULL, CONSTRAINT \"own key\" @KEY (a, b) @DEFER);
    ALTER TABLE tree_own DROP COLUMN gone;
    ALTER TABLE tree ATTACH PARTITION tree_own FOR VALUES FROM (10) TO (20);
    INSERT INTO tree VALUES (1, 1), (1, 2), (15, 1);
    ALTER TABLE tree_own CLUSTER ON \"own key\";"
flips "partitions of several levels, deferrable" tree "${partitions//@DEFER/DEFERRABLE}"
flips "partitions of several levels, and foreign keys" tree "${partitions// @DEFER/}
    ALTER TABLE tree_own REPLICA IDENTITY USING INDEX \"own key\";
    COMMENT ON INDEX \"own key\" IS 'of a partition';
    CREATE TABLE points (a int, b int, FOREIGN KEY (a, b) REFERENCES tree (a, b) ON DELETE CASCADE);
    CREATE TABLE points_parted (a int, b int, FOREIGN KEY (a, b) REFERENCES tree (a, b)) PARTITION BY LIST (a);
    CREATE TABLE points_parted_1 PARTITION OF points_parted DEFAULT;"
later="
    CREATE TABLE tree_high PARTITION OF tree FOR VALUES FROM (20) TO (30);
    ALTER TABLE tree DETACH PARTITION tree_low;
    CREATE TABLE attached (a int NOT NULL, b int NOT NULL, c int, CONSTRAINT pair_2 UNIQUE (a, b));
    ALTER TABLE tree ATTACH PARTITION attached FOR VALUES FROM (30) TO (40);
    CREATE TABLE points (a int, b int, FOREIGN KEY (a, b) REFERENCES tree (a, b));
    ALTER TABLE tree DETACH PARTITION tree_own; DROP TABLE tree_own;"
partitions=${partitions// @DEFER/}
twins "primary_to_unique: partitions and foreign keys that come and go later" \
    "${partitions//@KEY/PRIMARY KEY} SELECT junction.primary_to_unique('tree', 'pair'); $later" "${partitions//@KEY/UNIQUE} $later"
twins "unique_to_primary: partitions and foreign keys that come and go later" \
    "${partitions//@KEY/UNIQUE} SELECT junction.unique_to_primary('tree', 'pair'); ${later/UNIQUE/PRIMARY KEY}" \
    "${partitions//@KEY/PRIMARY KEY} ${later/UNIQUE/PRIMARY KEY}"

#
# Junctions that become entities, and back. ENTITY: what is added; its twin has it from the beginning, or, where the table is
# not rewritten, gets it by ALTER TABLE.
#
parents="CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orgs (id int PRIMARY KEY); CREATE TABLE roles (id int PRIMARY KEY);
    INSERT INTO users VALUES (1), (2); INSERT INTO orgs VALUES (1); INSERT INTO roles VALUES (1);"
stamps="created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()"
added_stamps="ADD COLUMN ${stamps//, /, ADD COLUMN }"
unadded="DROP COLUMN id, DROP COLUMN created_at, DROP COLUMN updated_at"
uuid="id uuid NOT NULL DEFAULT :uuidv7"
# grows TABLE TYPE [COLUMN]: gives a table an id and the columns after it, without rewriting it
grows() {
    echo "ALTER TABLE $1 ADD COLUMN id $2, ${3:-} $added_stamps;
    UPDATE $1 SET id = CASE '$2' WHEN 'uuid' THEN :uuidv7::text ELSE '1' END::$2;
    ALTER TABLE $1 ALTER COLUMN id SET NOT NULL; ALTER TABLE $1 ADD CONSTRAINT $1_pkey PRIMARY KEY (id);"
}
fkeys() {                                               # fkeys TABLE: the foreign keys of both ends
    echo "CONSTRAINT ${1}_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
          CONSTRAINT ${1}_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs DEFERRABLE"
}

# a junction, and what hangs on it
points="CREATE TABLE points (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES LINKS (user_id, org_id) ON DELETE CASCADE);"
user_orgs="$parents
    CREATE TABLE user_orgs (user_id int NOT NULL, org_id int NOT NULL, CONSTRAINT user_orgs_pkey PRIMARY KEY (user_id, org_id),
                            $(fkeys user_orgs));
    CREATE INDEX user_orgs_org_id_idx ON user_orgs (org_id);
    ${points/LINKS/user_orgs}
    INSERT INTO user_orgs VALUES (1, 1), (2, 1);"
memberships="CONSTRAINT memberships_user_id_org_id_unique UNIQUE (user_id, org_id)"
promoted="SELECT junction.promote('user_orgs', 'memberships');"
called="CALL junction.promote_concurrently('user_orgs', 'memberships');"
twins "promote: a new name, a uuid" "$user_orgs $promoted" "$parents
    CREATE TABLE memberships (user_id int NOT NULL, org_id int NOT NULL, $uuid, $stamps,
                              CONSTRAINT memberships_pkey PRIMARY KEY (id), $memberships, $(fkeys memberships));
    CREATE INDEX memberships_org_id_idx ON memberships (org_id);
    ${points/LINKS/memberships}"
twins "promote_concurrently: a new name, a uuid" "$user_orgs $called" "$parents
    CREATE TABLE memberships (user_id int NOT NULL, org_id int NOT NULL, $memberships, $(fkeys memberships));
    CREATE INDEX memberships_org_id_idx ON memberships (org_id);
    $(grows memberships uuid) ALTER TABLE memberships ALTER COLUMN id SET DEFAULT :uuidv7;
    ${points/LINKS/memberships}"
back="$user_orgs
    ALTER TABLE user_orgs ADD COLUMN $uuid, $added_stamps; ALTER TABLE user_orgs $unadded;"
twins "demote: after promote" "$user_orgs $promoted SELECT junction.demote('memberships', 'user_orgs');" "$back"
twins "demote: after promote_concurrently" "$user_orgs $called SELECT junction.demote('memberships', 'user_orgs');" "$back"
twins "demote: an entity that was made so" "$parents
    CREATE TABLE memberships (user_id int NOT NULL, org_id int NOT NULL, $uuid, $stamps,
                              CONSTRAINT memberships_pkey PRIMARY KEY (id), $memberships, $(fkeys memberships));
    CREATE INDEX memberships_org_id_idx ON memberships (org_id);
    ${points/LINKS/memberships}
    SELECT junction.demote('memberships', 'user_orgs');" "$back"
steps="SELECT statement FROM junction.promote('user_orgs', 'memberships', concurrently => true, dry_run => true) WHERE step <= 3 \gexec"
twins "demote: a promotion that was not finished" "$user_orgs
    $steps
    SELECT junction.demote('user_orgs');" "$back"

# all that a key can have, an integer id, columns, and the name that the table has
links() {                                               # links KEY KIND [COLUMN...]: PRIMARY KEY or UNIQUE, and columns to add
    echo "$parents
    CREATE TABLE links (gone int, org_id int NOT NULL, user_id int NOT NULL, note text DEFAULT 'x', ${3:-}
                        $(fkeys links), CONSTRAINT $1 $2 (org_id, user_id) INCLUDE (note) WITH (fillfactor = 70));
    CREATE INDEX links_user_id_idx ON links (user_id);
    ALTER TABLE links DROP COLUMN gone, REPLICA IDENTITY USING INDEX $1, CLUSTER ON $1;
    COMMENT ON CONSTRAINT $1 ON links IS 'once each';
    COMMENT ON TABLE links IS 'who is where';
    GRANT SELECT (note) ON links TO PUBLIC;
    ALTER TABLE links ALTER COLUMN note SET STATISTICS 7, ENABLE ROW LEVEL SECURITY;
    INSERT INTO links (org_id, user_id) VALUES (1, 1), (1, 2);"
}
identity="id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT links_pkey PRIMARY KEY"
role="role text NOT NULL DEFAULT 'member'"
pointed="role_id int CONSTRAINT links_role_id_fkey REFERENCES roles"
arguments="'links', columns => '{$role,role_id int REFERENCES roles}', id_type => 'bigint'"
twins "promote: an identity, columns, INCLUDE, replica identity, clustered on" \
    "$(links links_pkey 'PRIMARY KEY') SELECT junction.promote(${arguments//\'member\'/\'\'member\'\'});" \
    "$(links links_org_id_user_id_unique UNIQUE "$identity, $role, $pointed, $stamps,")"
twins "promote_concurrently: an identity, columns, INCLUDE, replica identity, clustered on" \
    "$(links links_pkey 'PRIMARY KEY') CALL junction.promote_concurrently('links', columns => '{role_id int}', id_type => 'bigint');" \
    "$(links links_org_id_user_id_unique UNIQUE) DELETE FROM links; $(grows links bigint 'ADD COLUMN role_id int,')
    ALTER TABLE links ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;"
twins "demote: an identity, columns, INCLUDE, replica identity, clustered on" \
    "$(links links_pkey 'PRIMARY KEY') SELECT junction.promote(${arguments//\'member\'/\'\'member\'\'});
    SELECT junction.demote('links', 'links', discard_columns => true);" \
    "$(links links_pkey 'PRIMARY KEY') ALTER TABLE links ADD COLUMN ${identity/ CONSTRAINT*/}, ADD COLUMN $role, ADD COLUMN $pointed, $added_stamps;
    ALTER TABLE links $unadded, DROP COLUMN role, DROP COLUMN role_id;"

# a relation of a table to itself, which keeps its old name as a view
follows() {                                             # follows TABLE KIND KEY [COLUMNS]
    echo "CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1), (2);
    CREATE TABLE $1 (a_id int NOT NULL, b_id int NOT NULL, ${4:-} CONSTRAINT $3 $2 (a_id, b_id) DEFERRABLE, CHECK (a_id <> b_id),
        CONSTRAINT $1_a_id_fkey FOREIGN KEY (a_id) REFERENCES users, CONSTRAINT $1_b_id_fkey FOREIGN KEY (b_id) REFERENCES users);
    INSERT INTO $1 (a_id, b_id) VALUES (1, 2), (2, 1);"
}
old_name="CREATE VIEW follows WITH (security_invoker = true) AS SELECT a_id, b_id FROM followings;
    COMMENT ON VIEW follows IS 'The old name.';"
same_comment="COMMENT ON VIEW follows IS 'The old name.';"
followings="CONSTRAINT followings_pkey PRIMARY KEY (id),"
twins "promote: a table related to itself, deferrable, whose old name stays as a view" \
    "$(follows follows 'PRIMARY KEY' follows_pkey)
    SELECT junction.promote('follows', 'followings', keep_old_name => true); $same_comment" \
    "$(follows followings UNIQUE followings_a_id_b_id_unique "$uuid, $stamps, $followings") $old_name"
twins "promote_concurrently: a table related to itself, deferrable, whose old name stays as a view" \
    "$(follows follows 'PRIMARY KEY' follows_pkey)
    CALL junction.promote_concurrently('follows', 'followings', keep_old_name => true); $same_comment" \
    "$(follows followings UNIQUE followings_a_id_b_id_unique)
    $(grows followings uuid) ALTER TABLE followings ALTER COLUMN id SET DEFAULT :uuidv7; $old_name"
twins "demote: a table related to itself, deferrable, and the view of the old name" \
    "$(follows follows 'PRIMARY KEY' follows_pkey)
    SELECT junction.promote('follows', 'followings', keep_old_name => true); SELECT junction.demote('followings', 'follows');" \
    "$(follows follows 'PRIMARY KEY' follows_pkey) ALTER TABLE follows ADD COLUMN $uuid, $added_stamps; ALTER TABLE follows $unadded;"

# partitions; ALTER TABLE ... RENAME CONSTRAINT leaves a foreign key's copies in the partitions their name, so the table keeps its own
tree() {                                                # tree TABLE KIND KEY [COLUMNS]
    echo "$parents
    CREATE TABLE $1 (user_id int NOT NULL, org_id int NOT NULL, ${4:-} CONSTRAINT $3 $2 (user_id, org_id), $(fkeys "$1"))
        PARTITION BY RANGE (user_id);
    CREATE TABLE leaf PARTITION OF $1 FOR VALUES FROM (0) TO (10) PARTITION BY LIST (user_id);
    CREATE TABLE leaf_1 PARTITION OF leaf FOR VALUES IN (1);
    CREATE TABLE leaf_rest PARTITION OF leaf DEFAULT;
    INSERT INTO $1 (user_id, org_id) VALUES (1, 1), (2, 1);"
}
twins "promote: partitions" \
    "$(tree seats 'PRIMARY KEY' seats_pkey) ${points/LINKS/seats}
    SELECT junction.promote('seats', primary_key => '{id,user_id}');" \
    "$(tree seats UNIQUE seats_user_id_org_id_unique "$uuid, $stamps, CONSTRAINT seats_pkey PRIMARY KEY (id, user_id),")
    ${points/LINKS/seats}"
twins "demote: partitions" \
    "$(tree seats 'PRIMARY KEY' seats_pkey) ${points/LINKS/seats}
    SELECT junction.promote('seats', primary_key => '{id,user_id}'); SELECT junction.demote('seats', 'seats');" \
    "$(tree seats 'PRIMARY KEY' seats_pkey) ${points/LINKS/seats}
    ALTER TABLE seats ADD COLUMN $uuid, $added_stamps; ALTER TABLE seats $unadded;"

# a key that is a UNIQUE, and one that no constraint owns
twins "promote: a UNIQUE" "$(follows follows UNIQUE pair) SELECT junction.promote('follows', 'followings');" \
    "$(follows followings UNIQUE followings_a_id_b_id_unique "$uuid, $stamps, $followings")"
bare="DROP CONSTRAINT pair; CREATE UNIQUE INDEX"
twins "promote: a unique index" \
    "$(follows follows UNIQUE pair) ALTER TABLE follows $bare pair ON follows (a_id, b_id); SELECT junction.promote('follows', 'followings');" \
    "$(follows followings UNIQUE pair "$uuid, $stamps, $followings")
    ALTER TABLE followings $bare followings_a_id_b_id_unique ON followings (a_id, b_id);"
twins "demote: a unique index" \
    "$(follows followings UNIQUE pair "$uuid, $stamps, $followings")
    ALTER TABLE followings $bare pair ON followings (a_id, b_id); SELECT junction.demote('followings', 'follows');" \
    "$(follows follows UNIQUE pair "$uuid, $stamps, PRIMARY KEY (id),") ALTER TABLE follows $unadded;
    ALTER TABLE follows $bare follows_pkey ON follows (a_id, b_id); ALTER TABLE follows ADD PRIMARY KEY USING INDEX follows_pkey;"

#
# Make them, and compare
#
fresh_database "$changed"
fresh_database "$created"
for database in "$changed" "$created"; do
    sql "$database" --command 'CREATE EXTENSION junction'
done
uuidv7=$(sql "$created" --command "SELECT CASE WHEN current_setting('server_version_num')::int < 180000 THEN 'junction' ELSE 'pg_catalog' END || '.uuidv7()'")
for database in "$changed" "$created"; do
    works "the cases of $database" sql "$database" --set uuidv7="$uuidv7" --file "$work/$database.sql"
    works "their rows" sql "$database" --output "$work/$database" --file ../lib/anatomy.sql
done
for database in "$changed" "$created"; do
    awk -v prefix="$work/$database." '{ print > (prefix $1) }' "$work/$database"
done
for n in "${!cases[@]}"; do
    difference=
    cmp --silent "$work/$created.case_$n" "$work/$changed.case_$n" ||
        difference=$(diff "$work/$created.case_$n" "$work/$changed.case_$n" 2>&1 | grep '^[<>d]' || true)
    holds "${cases[n]}" "$difference"
done
is "the catalogs are sound" "$(sql "$changed" --file ../lib/invariants.sql 2>&1)" ""

#
# A change of any catalog is seen: one of each, in one transaction, which is rolled back
#
{
    echo 'BEGIN; SET LOCAL search_path = case_0;'
    echo "UPDATE pg_class SET relreplident = 'f' WHERE oid = 'links'::regclass;"
    echo "UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'links'::regclass AND attname = 'a';"
    echo "ALTER TABLE points ALTER a SET DEFAULT 1;"
    echo "UPDATE pg_constraint SET connoinherit = false WHERE conrelid = 'links'::regclass AND conname = 'pair';"
    echo "UPDATE pg_index SET indisclustered = true WHERE indexrelid = 'pair'::regclass;"
    echo "UPDATE pg_trigger SET tgenabled = 'O' WHERE oid = (SELECT max(oid) FROM pg_trigger WHERE tgrelid = 'links'::regclass);"
    echo "UPDATE pg_inherits SET inhseqno = 2 WHERE inhrelid = 'parted_1'::regclass;"
    echo "DELETE FROM pg_depend WHERE objid = 'pair'::regclass AND deptype = 'i';"
    echo "UPDATE pg_type SET typdelim = ';' WHERE typrelid = 'later'::regclass;"
    echo "COMMENT ON CONSTRAINT pair ON links IS 'a comment';"
    echo '\i ../lib/anatomy.sql'
    echo 'ROLLBACK;'
} > "$work/change"
works "a row of each catalog is changed" sql "$changed" --output "$work/spoiled" --file "$work/change"
diff "$work/$changed" "$work/spoiled" > "$work/difference" || true
for catalog in attrdef:1 attribute:4 class:2 constraint:2 depend:2 description:1 index:2 inherits:2 trigger:2 type:2; do
    is "what changed in pg_${catalog%:*} is seen" "$(grep -c "^[<>] case_0 pg_${catalog%:*} " "$work/difference" || true)" "${catalog#*:}"
done
done_testing
