#!/usr/bin/env bash
# test/t/plans.sh: what a verb says is what it does. For each case below, a schema of its own with a few tables and the call
# of a verb:
#
#   plan      dry_run changes nothing and locks nothing that matters; the verb returns the same statements; run by hand, one
#             by one, they leave the same as the verb, by pg_dump
#   locks     each statement holds what its "locks" says, no more and no less, in the words of PostgreSQL's manual
#   portable  run in a database without the extension, the statements leave the same as a promotion in place
#   back      the second call undoes the first: the dump of before, bit for bit
#
# and afterwards the catalogs are sound everywhere (test/lib/invariants.sql, of which it is proved first that it can fail, and
# pg_amcheck). Prints TAP.
#
# Needs a server, where PGHOST, PGPORT and PGUSER say, and a superuser. Makes databases junction_plans*, roles
# regress_junction_plans_* and a tablespace regress_junction_plans, and drops them in the end. A schema is named after its
# case. The stages are procedures in the schema "plans" of the databases, and write what is wrong to plans.wrong.
set -euo pipefail
cd "$(dirname "$0")"

PATH=$("${PG_CONFIG:-pg_config}" --bindir):$PATH
export PGOPTIONS='-c client_min_messages=error'
work=$(mktemp -d "${TMPDIR:-/tmp}/junction-plans.XXXXXX")
bare=junction_plans_bare                                # without the extension: portable statements, by hand
start=junction_plans                                    # as it was: only dry runs
hand=junction_plans_hand                                # the statements, by hand
verb=junction_plans_verb                                # the verb
locks=junction_plans_locks                              # the statements, with an eye on pg_locks
back=junction_plans_back                                # there and back; portable cases in place
native=junction_plans_native                            # keys of every kind, that the server made
tests=0
failures=0
names=()                                                # of the cases
declare -A aspects                                      # what is tested of each

sql() {                                                 # sql DATABASE [ARGUMENT...]: quiet, stops at an error
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$@"
}

clean() {
    sql postgres <<END
DROP DATABASE IF EXISTS $bare;
DROP DATABASE IF EXISTS $start;
DROP DATABASE IF EXISTS $hand;
DROP DATABASE IF EXISTS $verb;
DROP DATABASE IF EXISTS $locks;
DROP DATABASE IF EXISTS $back;
DROP DATABASE IF EXISTS $native;
DROP ROLE IF EXISTS regress_junction_plans_owner, regress_junction_plans_guest;
DROP TABLESPACE IF EXISTS regress_junction_plans;
END
}
finish() {
    clean || true
    rm -rf "$work"
}

report() {                                              # report NAME FILE: fails if the file has something to say
    tests=$((tests + 1))
    if [ ! -s "$2" ]; then
        echo "ok $tests - $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $1"
        sed 's/^/# /' "$2"
    fi
}

# try NAME: a case. Its lines are SQL that sets it up in the schema NAME, behind the tables that all cases have; then
#   call VERB(...)  what is tried, in one line      back VERB(...)  what undoes it, if anything does
#   set ...         a setting for both              none            there is nothing to do
# A call with portable => true is tried without the extension too, so its set-up may not use that.
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
    [[ $call != *'portable => true'* ]] || aspects[$1]+=' portable'
    printf 'INSERT INTO plans.cases (name, setup, settings, call, back, nothing) VALUES (%s);\n' \
        "'$1', \$case\$$setup\$case\$, \$case\$$settings\$case\$, \$case\$$call\$case\$,
        nullif(\$case\$$return\$case\$, ''), $nothing" >> "$work/cases"
}

#
# Cases: create
#
try create_plain <<'END'
call create('users', 'orgs')
END
try create_named <<'END'
call create('orgs', 'users', 'links', left_on_delete => 'restrict', right_on_delete => 'no action')
END
try create_columns_without_reverse_index <<'END'
call create('users', 'orgs', 'links', '{who}', '{"Where"}', reverse_index => false)
END
try create_undirected <<'END'
call create('users', 'users', 'friends', '{a_id}', '{b_id}', undirected => true)
END
try create_directed <<'END'
call create('users', 'users', 'follows', '{follower_id}', '{followee_id}')
END
try create_shared_columns <<'END'
CREATE TABLE invoices (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tags (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
call create('invoices', 'tags', shared_columns => '{tenant_id}')
END
try create_if_it_is_there <<'END'
call create('users', 'orgs', 'user_orgs', if_not_exists => true)
none
END
try create_if_it_is_not_there <<'END'
call create('users', 'orgs', 'links', if_not_exists => true)
END
try create_drizzle <<'END'
set junction.naming = drizzle
call create('users', 'orgs', 'links')
END
try create_quoted <<'END'
CREATE TABLE "O'Brien, ""x"" on y" ("The Id" int PRIMARY KEY);
call create('"O''Brien, ""x"" on y"', 'users', '"a b, ""c"" -- $1 %s\d"')
END
try create_between_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE events_1_1 PARTITION OF events_1 DEFAULT;
call create('events', 'users')
END
try create_between_inherited <<'END'
CREATE TABLE admins () INHERITS (users);
call create('users', 'orgs', 'links')
END
try create_unlogged <<'END'
ALTER TABLE user_orgs SET UNLOGGED;
CREATE UNLOGGED TABLE a (id int PRIMARY KEY);
call create('a', 'users')
END
try create_out_of_sight <<'END'
set search_path = ''
call create('create_out_of_sight.users', 'create_out_of_sight.orgs', 'create_out_of_sight.links')
END

#
# Cases: promote
#
try promote_plain <<'END'
call promote('user_orgs')
back demote('user_orgs', 'user_orgs')
END
try promote_named <<'END'
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_bigint_without_timestamps <<'END'
call promote('user_orgs', 'memberships', timestamps => false, id_type => 'bigint')
back demote('memberships', 'user_orgs')
END
try promote_integer <<'END'
call promote('user_orgs', 'memberships', id_type => 'integer', id_column => 'Nr.')
back demote('memberships', 'user_orgs')
END
try promote_columns <<'END'
CREATE TYPE role AS ENUM ('member', 'admin');
CREATE TABLE plans (id int PRIMARY KEY, tier text UNIQUE);
call promote('user_orgs', 'memberships', array['role role NOT NULL DEFAULT ''member''', 'level int DEFAULT 1 CHECK (level > 0)', 'plan_id int REFERENCES plans ON DELETE SET NULL', 'twice int GENERATED ALWAYS AS (user_id * 2) STORED', '"A, b" varchar(9)[] COLLATE "C" -- on plans', 'token text UNIQUE'])
back demote('memberships', 'user_orgs')
END
try promote_column_identity <<'END'
call promote('user_orgs', 'memberships', array['number bigint GENERATED BY DEFAULT AS IDENTITY'])
back demote('memberships', 'user_orgs', discard_columns => true)
END
try promote_column_references_a_parent <<'END'
call promote('user_orgs', 'memberships', array['invited_by int REFERENCES users'])
back demote('memberships', 'user_orgs')
END
try promote_columns_reference_one_table <<'END'
call promote('user_orgs', columns => array['invited_by int REFERENCES users', 'approved_by int REFERENCES users'])
back demote('user_orgs', 'user_orgs')
END
try promote_column_references_itself <<'END'
call promote('user_orgs', columns => array['parent_id uuid REFERENCES user_orgs (id)'])
END
try promote_column_references_itself_renamed <<'END'
call promote('user_orgs', 'memberships', array['parent_id uuid REFERENCES memberships (id)'])
END
try promote_column_references_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
call promote('user_orgs', 'memberships', array['event_id int REFERENCES events'])
back demote('memberships', 'user_orgs')
END
try promote_column_references_two <<'END'
CREATE TABLE "b, on a" (id int PRIMARY KEY);
call promote('user_orgs', 'memberships', array['b int REFERENCES "b, on a"', 'c int CONSTRAINT c REFERENCES orgs DEFERRABLE'])
back demote('memberships', 'user_orgs')
END
try promote_primary_key_and_unique_name <<'END'
call promote('user_orgs', 'memberships', array['tenant int NOT NULL DEFAULT 1'], primary_key => '{tenant,id,org_id}', unique_name => 'the "pair"')
END
try promote_keeps_old_name <<'END'
GRANT SELECT, DELETE ON user_orgs TO regress_junction_plans_guest;
GRANT UPDATE ON user_orgs TO regress_junction_plans_guest WITH GRANT OPTION;
GRANT INSERT (user_id), REFERENCES (org_id) ON user_orgs TO PUBLIC;
call promote('user_orgs', 'memberships', keep_old_name => true)
back demote('memberships', 'user_orgs')
END
try promote_keeps_old_name_of_anothers <<'END'
ALTER TABLE user_orgs OWNER TO regress_junction_plans_owner;
GRANT SELECT ON user_orgs TO regress_junction_plans_guest;
call promote('user_orgs', 'memberships', keep_old_name => true)
back demote('memberships', 'user_orgs')
END
try promote_drizzle <<'END'
set junction.naming = drizzle
DROP TABLE user_orgs;
CREATE TABLE user_orgs (
    user_id int NOT NULL CONSTRAINT user_orgs_user_id_users_id_fk REFERENCES users,
    org_id int NOT NULL CONSTRAINT user_orgs_org_id_orgs_id_fk REFERENCES orgs,
    CONSTRAINT user_orgs_user_id_org_id_pk PRIMARY KEY (user_id, org_id)
);
CREATE INDEX user_orgs_org_id_index ON user_orgs (org_id);
call promote('user_orgs', 'memberships', array['n int'])
back demote('memberships', 'user_orgs')
END
try promote_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
CREATE TABLE links_2 PARTITION OF links FOR VALUES FROM (2) TO (9);
CREATE TABLE points (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES links);
CREATE INDEX ON links (org_id);
INSERT INTO links VALUES (1, 1), (2, 2);
call promote('links', 'memberships', array['level int NOT NULL DEFAULT 1 CHECK (level > 0)'], primary_key => '{id,user_id,org_id}')
back demote('memberships', 'links')
END
try promote_partitioned_by_hash_with_checks <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (org_id, user_id) DEFERRABLE,
    CHECK (user_id > 0)) PARTITION BY HASH (user_id);
CREATE TABLE links_0 PARTITION OF links FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE INDEX ON links (user_id);
CREATE TABLE links_1 (gone int, org_id int NOT NULL, user_id int NOT NULL, CONSTRAINT links_user_id_check CHECK (user_id > 0));
ALTER TABLE links_1 DROP gone;
ALTER TABLE links ATTACH PARTITION links_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO links SELECT users.id, orgs.id FROM users, orgs;
call promote('links', 'memberships', timestamps => false, primary_key => '{user_id,id}')
back demote('memberships', 'links')
END
try promote_inherited <<'END'
ALTER TABLE user_orgs ADD CHECK (user_id > 0), ADD CONSTRAINT no_bots CHECK (org_id > 0);
CREATE TABLE old_user_orgs (extra int) INHERITS (user_orgs);
INSERT INTO old_user_orgs VALUES (1, 1, 1);
call promote('user_orgs', 'memberships', array['level int NOT NULL DEFAULT 1'])
back demote('memberships', 'user_orgs')
END
try promote_heir <<'END'
CREATE TABLE base (user_id int NOT NULL, CONSTRAINT links_user_id_check CHECK (user_id > 0));
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id)) INHERITS (base);
call promote('links', 'memberships')
back demote('memberships', 'links')
END
try promote_payload <<'END'
ALTER TABLE user_orgs ADD gone int, ADD position int NOT NULL DEFAULT 7 CHECK (position > 0), ADD created_at date;
ALTER TABLE user_orgs DROP gone;
CREATE INDEX ON user_orgs (position);
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_unique_only <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id);
call promote('user_orgs', 'memberships')
END
try promote_nullable_unique_only <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id) INCLUDE (org_id));
call promote('links', 'memberships', id_type => 'bigint')
END
try promote_bare_index <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey;
CREATE UNIQUE INDEX "user_orgs_AB_unique" ON user_orgs (user_id, org_id DESC);
call promote('user_orgs', 'memberships')
END
try promote_partial_key <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int REFERENCES orgs, deleted_at timestamptz);
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE deleted_at IS NULL;
CREATE INDEX ON links (org_id);
INSERT INTO links VALUES (1, 1, now()), (1, 1, now()), (1, 1, NULL), (1, NULL, NULL);
call promote('links', 'memberships', array['level int NOT NULL DEFAULT 1'])
back demote('memberships', 'links')
END
try promote_partial_key_in_place <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, live bool);
CREATE UNIQUE INDEX once_alive ON links (org_id, user_id) WHERE live;
CREATE INDEX ON links (user_id);
call promote('links', id_type => 'bigint')
back demote('links', 'links')
END
try promote_partial_key_partitioned <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int REFERENCES orgs, live bool) PARTITION BY LIST (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES IN (1);
CREATE TABLE links_2 PARTITION OF links DEFAULT;
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE live;
INSERT INTO links VALUES (1, 1, true), (1, 1, false), (2, 1, NULL);
call promote('links', 'memberships', primary_key => '{id,user_id}')
back demote('memberships', 'links')
END
try promote_partial_key_keeps_old_name <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, live bool);
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE live;
call promote('links', 'memberships', keep_old_name => true)
back demote('memberships')
END
try promote_unique_name_of_before <<'END'
call promote('user_orgs', unique_name => 'user_orgs_pkey')
back demote('user_orgs', 'user_orgs')
END
try promote_quoted <<'END'
CREATE TABLE "a, ACCESS SHARE on b" ("C'd" int REFERENCES users, "e""f" int REFERENCES orgs, PRIMARY KEY ("e""f", "C'd"));
CREATE INDEX ON "a, ACCESS SHARE on b" ("C'd");
call promote('"a, ACCESS SHARE on b"', '"Y''s ""own"", %s\n $1"', id_column => 'The "id"')
back demote('"Y''s ""own"", %s\n $1"', '"a, ACCESS SHARE on b"')
END
try promote_long_names <<'END'
CREATE TABLE ééééééééééééééééééééééééééééééé (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE INDEX ON ééééééééééééééééééééééééééééééé (org_id);
call promote('ééééééééééééééééééééééééééééééé', 'ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß')
back demote('ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß', 'ééééééééééééééééééééééééééééééé')
END
try promote_own_names <<'END'
CREATE TABLE links (user_id int CONSTRAINT u REFERENCES users, org_id int CONSTRAINT o REFERENCES orgs, CONSTRAINT links_pkey PRIMARY KEY (user_id, org_id));
CREATE INDEX way_back ON links (org_id);
call promote('links', 'memberships')
back demote('memberships', 'links')
END
try promote_out_of_sight <<'END'
set search_path = ''
call promote('promote_out_of_sight.user_orgs', 'promote_out_of_sight.memberships', '{by int REFERENCES promote_out_of_sight.users}', keep_old_name => true)
back demote('promote_out_of_sight.memberships', 'user_orgs')
END
try promote_with_dependents <<'END'
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON DELETE CASCADE);
CREATE VIEW pairs AS SELECT user_id, org_id FROM user_orgs;
CREATE MATERIALIZED VIEW pairs_once AS SELECT * FROM user_orgs;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER nothing AFTER INSERT ON user_orgs FOR EACH ROW WHEN (NEW.org_id = 1) EXECUTE FUNCTION nothing();
CREATE RULE note AS ON DELETE TO user_orgs DO ALSO INSERT INTO badges VALUES (OLD.user_id, OLD.org_id);
CREATE STATISTICS pair_statistics ON user_id, org_id FROM user_orgs;
ALTER TABLE user_orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, SET (fillfactor = 80);
CREATE POLICY first_org ON user_orgs TO regress_junction_plans_guest USING (org_id = 1);
GRANT SELECT (user_id), DELETE ON user_orgs TO regress_junction_plans_guest;
CREATE PUBLICATION promote_with_dependents FOR TABLE user_orgs;
COMMENT ON TABLE user_orgs IS 'who is where';
COMMENT ON COLUMN user_orgs.org_id IS 'where';
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'once each';
COMMENT ON INDEX user_orgs_pkey IS 'once only';
COMMENT ON INDEX user_orgs_org_id_idx IS 'the way back';
ALTER TABLE user_orgs CLUSTER ON user_orgs_pkey;
ALTER TABLE user_orgs ALTER COLUMN org_id SET STATISTICS 77;
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_with_odd_things <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES orgs NOT VALID,
    ADD CHECK (user_id > 0) NOT VALID, ADD EXCLUDE USING btree (user_id WITH =, org_id WITH =),
    ADD CHECK (user_id < 99) NO INHERIT, ADD CHECK (user_orgs IS NOT NULL);
CREATE INDEX ON user_orgs ((user_id + org_id));
CREATE INDEX ON user_orgs (org_id) WHERE user_id > 1;
CREATE UNIQUE INDEX ON user_orgs (org_id, user_id) INCLUDE (user_id);
CREATE STATISTICS sums ON (user_id + org_id), user_id FROM user_orgs;
CREATE TABLE taken (CONSTRAINT memberships_pkey CHECK (true));
CREATE SEQUENCE memberships_user_id_org_id_unique;
COMMENT ON CONSTRAINT user_orgs_org_id_fkey ON user_orgs IS 'where';
ALTER TABLE user_orgs DISABLE TRIGGER ALL;
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_partitioned_keeps_old_name <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY LIST (org_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES IN (1);
CREATE TABLE links_2 PARTITION OF links DEFAULT;
ALTER TABLE links_2 REPLICA IDENTITY USING INDEX links_2_pkey;
CREATE VIEW pairs AS SELECT * FROM links;
call promote('links', 'memberships', primary_key => '{org_id,id}', keep_old_name => true)
END
try promote_replica_identity_index <<'END'
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_pkey;
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_replica_identity_full <<'END'
ALTER TABLE user_orgs REPLICA IDENTITY FULL;
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_key_with_everything <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, note text,
    PRIMARY KEY (user_id, org_id) INCLUDE (note) WITH (fillfactor = 70) DEFERRABLE INITIALLY DEFERRED);
call promote('links', 'memberships')
back demote('memberships', 'links')
END
try promote_unlogged <<'END'
CREATE UNLOGGED TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
call promote('links', 'memberships')
back demote('memberships', 'links')
END
try promote_tablespaces <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs,
    PRIMARY KEY (user_id, org_id) USING INDEX TABLESPACE regress_junction_plans) TABLESPACE regress_junction_plans;
CREATE INDEX ON links (org_id) TABLESPACE regress_junction_plans;
call promote('links', 'memberships')
back demote('memberships', 'links')
END
try promote_self_relation <<'END'
SELECT junction.create('users', 'users', 'friends', '{a_id}', '{b_id}', undirected => true);
call promote('friends', 'friendships', '{since date}')
back demote('friendships', 'friends')
END
try promote_shared_columns <<'END'
CREATE TABLE invoices (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tags (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
SELECT junction.create('invoices', 'tags', shared_columns => '{tenant_id}');
call promote('invoice_tags', 'taggings')
back demote('taggings')
END
try promote_what_it_itself_is_referenced_by <<'END'
CREATE TABLE badges (user_id int, org_id int, PRIMARY KEY (user_id, org_id), FOREIGN KEY (user_id, org_id) REFERENCES user_orgs);
call promote('user_orgs', columns => array['a int', 'b int', 'FOREIGN_ int'])
back demote('user_orgs', 'user_orgs')
END

#
# Cases: promote in plain SQL
#
try portable_plain <<'END'
call promote('user_orgs', portable => true)
END
try portable_named <<'END'
call promote('user_orgs', 'memberships', array['level int NOT NULL DEFAULT 1 CHECK (level > 0)', 'by int REFERENCES users'], portable => true)
END
try portable_bigint <<'END'
call promote('user_orgs', 'memberships', id_type => 'bigint', primary_key => '{id,org_id}', unique_name => 'pair', timestamps => false, portable => true)
END
try portable_keeps_old_name <<'END'
GRANT SELECT ON user_orgs TO regress_junction_plans_guest;
call promote('user_orgs', 'memberships', keep_old_name => true, portable => true)
END
try portable_drizzle <<'END'
set junction.naming = drizzle
call promote('user_orgs', 'memberships', portable => true)
END
try portable_key_with_everything <<'END'
CREATE TABLE "Links" (user_id int REFERENCES users, org_id int REFERENCES orgs, "n, n" text,
    CONSTRAINT "the key" PRIMARY KEY (org_id, user_id) INCLUDE ("n, n") WITH (fillfactor = 70) DEFERRABLE INITIALLY DEFERRED);
COMMENT ON CONSTRAINT "the key" ON "Links" IS 'once ''each''';
COMMENT ON INDEX "the key" IS 'once only';
ALTER TABLE "Links" CLUSTER ON "the key";
call promote('"Links"', 'memberships', portable => true)
END
try portable_replica_identity <<'END'
ALTER TABLE user_orgs REPLICA IDENTITY USING INDEX user_orgs_pkey;
call promote('user_orgs', 'memberships', portable => true)
END
try portable_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
CREATE TABLE links_2 PARTITION OF links FOR VALUES FROM (2) TO (9);
INSERT INTO links VALUES (1, 1), (2, 2);
call promote('links', 'memberships', primary_key => '{id,user_id,org_id}', portable => true)
END
try portable_tablespaces <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs,
    PRIMARY KEY (user_id, org_id) USING INDEX TABLESPACE regress_junction_plans);
call promote('links', 'memberships', portable => true)
END
try portable_unique_only <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id);
call promote('user_orgs', 'memberships', portable => true)
END
try portable_partial_key <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, live bool);
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE live;
call promote('links', 'memberships', portable => true)
END
try portable_unique_name_of_before <<'END'
call promote('user_orgs', unique_name => 'user_orgs_pkey', portable => true)
END
try portable_inherited <<'END'
CREATE TABLE old_user_orgs (extra int) INHERITS (user_orgs);
call promote('user_orgs', 'memberships', portable => true)
END

#
# Cases: demote
#
try demote_promoted <<'END'
SELECT junction.promote('user_orgs', 'memberships');
call demote('memberships', 'user_orgs')
back promote('user_orgs', 'memberships')
END
try demote_to_the_conventional_name <<'END'
SELECT junction.promote('user_orgs', 'memberships', id_type => 'bigint', timestamps => false);
call demote('memberships')
back promote('org_users', 'memberships', id_type => 'bigint', timestamps => false)
END
try demote_in_place <<'END'
SELECT junction.create('users', 'orgs');
SELECT junction.promote('org_users');
call demote('org_users')
back promote('org_users')
END
try demote_discards <<'END'
SELECT junction.promote('user_orgs', 'memberships', array['role text DEFAULT ''member''', 'by int REFERENCES users', 'twice int GENERATED ALWAYS AS (length(role)) STORED']);
UPDATE memberships SET role = 'admin', by = 1;
CREATE INDEX ON memberships (role);
ALTER TABLE memberships ADD CHECK (role <> ''), ADD UNIQUE (role, id);
CREATE STATISTICS what ON role, by FROM memberships;
call demote('memberships', 'user_orgs', discard_columns => true)
END
try demote_column_references <<'END'
CREATE TABLE plans (id int PRIMARY KEY);
SELECT junction.promote('user_orgs', 'memberships', array['plan_id int REFERENCES plans', 'other_id int REFERENCES plans', 'by int REFERENCES users']);
call demote('memberships', 'user_orgs')
back promote('user_orgs', 'memberships', array['plan_id int REFERENCES plans', 'other_id int REFERENCES plans', 'by int REFERENCES users'])
END
try demote_column_references_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE events_1_1 PARTITION OF events_1 DEFAULT;
SELECT junction.promote('user_orgs', 'memberships', array['event_id int REFERENCES events']);
call demote('memberships', 'user_orgs')
END
try demote_column_references_itself <<'END'
CREATE TABLE memberships (
    user_id int REFERENCES users, org_id int REFERENCES orgs, id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "after" int, UNIQUE (user_id, org_id)
);
ALTER TABLE memberships ALTER user_id SET NOT NULL, ALTER org_id SET NOT NULL, ADD UNIQUE ("after"),
    ADD FOREIGN KEY ("after") REFERENCES memberships ("after");
call demote('memberships', 'links')
END
try demote_old_name <<'END'
GRANT SELECT ON user_orgs TO regress_junction_plans_guest;
SELECT junction.promote('user_orgs', 'memberships', keep_old_name => true);
call demote('memberships', 'user_orgs')
back promote('user_orgs', 'memberships', keep_old_name => true)
END
try demote_old_name_without_a_name <<'END'
SELECT junction.promote('user_orgs', 'memberships', keep_old_name => true);
call demote('memberships')
back promote('user_orgs', 'memberships', keep_old_name => true)
END
try demote_handmade <<'END'
CREATE TABLE memberships (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs,
    role text NOT NULL DEFAULT 'member', created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, org_id)
);
INSERT INTO memberships (user_id, org_id) SELECT user_id, org_id FROM user_orgs;
call demote('memberships', 'links')
END
try demote_bare_index <<'END'
CREATE TABLE memberships (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs);
CREATE UNIQUE INDEX on_pair ON memberships (user_id, org_id) INCLUDE (org_id) WITH (fillfactor = 60);
call demote('memberships', 'links')
END
try demote_nullable_pair <<'END'
CREATE TABLE memberships (id serial PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id) DEFERRABLE);
call demote('memberships', 'links')
END
try demote_replica_identity_and_cluster <<'END'
SELECT junction.promote('user_orgs', 'memberships');
ALTER TABLE memberships REPLICA IDENTITY USING INDEX memberships_pkey;
ALTER TABLE memberships CLUSTER ON memberships_pkey;
call demote('memberships', 'user_orgs')
END
try demote_drizzle <<'END'
set junction.naming = drizzle
SET junction.naming = drizzle;
SELECT junction.create('users', 'orgs', 'links');
SELECT junction.promote('links', 'memberships', array['n int', 'by int CONSTRAINT memberships_by_users_id_fk REFERENCES users']);
call demote('memberships', 'links')
back promote('links', 'memberships', array['n int', 'by int CONSTRAINT memberships_by_users_id_fk REFERENCES users'])
END
try demote_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
CREATE TABLE links_2 PARTITION OF links FOR VALUES FROM (2) TO (9);
INSERT INTO links VALUES (1, 1), (2, 2);
SELECT junction.promote('links', 'memberships', array['by int REFERENCES users'], primary_key => '{id,user_id,org_id}');
call demote('memberships', 'links')
back promote('links', 'memberships', array['by int REFERENCES users'], primary_key => '{id,user_id,org_id}')
END
try demote_inherited <<'END'
CREATE TABLE old_user_orgs (extra int) INHERITS (user_orgs);
SELECT junction.promote('user_orgs', 'memberships', array['n int']);
call demote('memberships', 'user_orgs')
END
try demote_with_dependents <<'END'
SELECT junction.promote('user_orgs', 'memberships', array['n int']);
CREATE TABLE badges (user_id int, org_id int, FOREIGN KEY (user_id, org_id) REFERENCES memberships (user_id, org_id));
CREATE VIEW pairs AS SELECT user_id, org_id FROM memberships;
CREATE PUBLICATION demote_with_dependents FOR TABLE memberships;
COMMENT ON CONSTRAINT memberships_user_id_org_id_unique ON memberships IS 'once each';
call demote('memberships', 'user_orgs')
back promote('user_orgs', 'memberships', array['n int'])
END
try demote_out_of_sight <<'END'
SELECT junction.promote('user_orgs', 'memberships', '{by int REFERENCES users}', keep_old_name => true);
set search_path = ''
call demote('demote_out_of_sight.memberships', 'demote_out_of_sight.user_orgs')
END

#
# Cases: repair
#
try repair_half_indexed <<'END'
DROP INDEX user_orgs_org_id_idx;
call repair('user_orgs')
END
try repair_half_indexed_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links DEFAULT;
call repair('links')
END
try repair_nothing <<'END'
call repair('user_orgs')
none
END
try repair_not_asked <<'END'
CREATE INDEX ON user_orgs (user_id);
call repair('user_orgs')
none
END
try repair_half_indexed_drizzle <<'END'
set junction.naming = drizzle
DROP INDEX user_orgs_org_id_idx;
call repair('user_orgs')
END
try repair_half_indexed_inherited <<'END'
DROP INDEX user_orgs_org_id_idx;
CREATE TABLE old_user_orgs () INHERITS (user_orgs);
call repair('user_orgs')
END
try repair_half_indexed_on_both_sides <<'END'
CREATE TABLE "x"", on y" (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs);
call repair('"x"", on y"')
END
try repair_invalid_index <<'END'
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'user_orgs_org_id_idx'::regclass;
call repair('user_orgs', '{invalid_index}')
END
try repair_missing_pair_key <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey;
call repair('user_orgs', '{missing_pair_key}')
END
try repair_missing_pair_key_beside_an_id <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD id serial PRIMARY KEY;
call repair('user_orgs', '{missing_pair_key}')
END
try repair_missing_pair_key_partitioned <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs) PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links DEFAULT;
call repair('links', '{missing_pair_key}')
END
try repair_nullable_endpoint <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id), ALTER user_id DROP NOT NULL, ALTER org_id DROP NOT NULL;
call repair('user_orgs', '{nullable_endpoint}')
END
try repair_nullable_endpoint_set_null <<'END'
CREATE TABLE links (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs ON UPDATE SET NULL DEFERRABLE, UNIQUE (user_id, org_id));
call repair('links', '{nullable_endpoint,no_cascade}')
END
try repair_nullable_endpoint_set_null_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs ON DELETE SET NULL, UNIQUE (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links DEFAULT;
call repair('links', '{nullable_endpoint}')
END
try repair_missing_pair_key_set_null <<'END'
CREATE TABLE links (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs);
call repair('links', '{missing_pair_key,nullable_endpoint,no_cascade}')
END
try repair_nullable_endpoint_inherited <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id), ALTER user_id DROP NOT NULL, ALTER org_id DROP NOT NULL;
CREATE TABLE old_user_orgs () INHERITS (user_orgs);
call repair('user_orgs', '{nullable_endpoint}')
END
try repair_nullable_endpoint_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id)) PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links DEFAULT PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
call repair('links', '{nullable_endpoint}')
END
try repair_unvalidated_foreign_key <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_user_id_fkey,
    ADD CONSTRAINT user_orgs_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;
call repair('user_orgs', '{unvalidated_foreign_key}')
END
try repair_foreign_key_that_does_not_fire <<'END'
ALTER TABLE user_orgs DISABLE TRIGGER ALL;
ALTER TABLE users DISABLE TRIGGER ALL;
call repair('user_orgs', '{unvalidated_foreign_key}')
END
try repair_undeclared_endpoint <<'END'
CREATE TABLE gadgets (id int PRIMARY KEY);
CREATE TABLE widgets (id int PRIMARY KEY);
CREATE TABLE gadget_widgets (gadget_id int, widget_id int, PRIMARY KEY (gadget_id, widget_id));
call repair('gadget_widgets', '{undeclared_endpoint}')
END
try repair_no_cascade <<'END'
CREATE TABLE links (user_id int REFERENCES users ON DELETE RESTRICT, org_id int REFERENCES orgs DEFERRABLE, PRIMARY KEY (user_id, org_id));
call repair('links', '{no_cascade}')
END
try repair_no_cascade_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
CREATE TABLE links (user_id int REFERENCES users ON DELETE CASCADE, event_id int REFERENCES events, PRIMARY KEY (user_id, event_id));
call repair('links', '{no_cascade}')
END
try repair_needless_surrogate <<'END'
CREATE TABLE links (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id));
call repair('links', '{needless_surrogate}')
END
try repair_needless_surrogate_bare_index <<'END'
CREATE TABLE links (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs);
CREATE UNIQUE INDEX links_pair ON links (user_id, org_id);
call repair('links', '{needless_surrogate}')
END
try repair_redundant_index <<'END'
CREATE INDEX ON user_orgs (user_id);
call repair('user_orgs', '{redundant_index}')
END
try repair_deferrable_pair_key <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id) DEFERRABLE);
call repair('links', '{deferrable_pair_key}')
END
try repair_no_replica_identity <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id));
CREATE PUBLICATION repair_no_replica_identity FOR TABLE links;
call repair('links', '{no_replica_identity}')
END
try repair_name <<'END'
call repair('user_orgs', '{name}')
END
try repair_name_drizzle <<'END'
set junction.naming = drizzle
call repair('user_orgs', '{name}')
END
try repair_several <<'END'
DROP INDEX user_orgs_org_id_idx;
CREATE INDEX ON user_orgs (user_id);
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES orgs NOT VALID;
call repair('user_orgs', '{name,half_indexed,redundant_index,no_cascade,unvalidated_foreign_key}')
END
try repair_key_and_nulls <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs);
call repair('links', '{missing_pair_key,nullable_endpoint,half_indexed}')
END
try repair_surrogate_and_nulls <<'END'
CREATE TABLE links (id serial PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id) DEFERRABLE);
call repair('links', '{needless_surrogate,nullable_endpoint,deferrable_pair_key,half_indexed}')
END
try repair_surrogate_and_deferrable <<'END'
CREATE TABLE links (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id) DEFERRABLE);
call repair('links', '{needless_surrogate,deferrable_pair_key}')
END
try repair_published_without_key <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs);
CREATE PUBLICATION repair_published_without_key FOR TABLE links;
call repair('links', '{missing_pair_key,no_replica_identity}')
END
try repair_invalid_index_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links DEFAULT;
CREATE INDEX ON ONLY links (org_id);
call repair('links', '{invalid_index,half_indexed}')
none
END
try repair_invalid_and_half_indexed <<'END'
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'user_orgs_org_id_idx'::regclass;
call repair('user_orgs', '{invalid_index,half_indexed}')
END
try repair_out_of_sight <<'END'
set search_path = ''
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
call repair('repair_out_of_sight.links', '{no_cascade,half_indexed,name}')
END

#
# The stages
#
cat > "$work/stages" <<'SQL'
CREATE SCHEMA plans;
CREATE TABLE plans.cases (
    number int GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY, setup text NOT NULL, settings text NOT NULL,
    call text NOT NULL, back text, nothing bool NOT NULL
);
CREATE TABLE plans.steps (name text, step int, statement text, locks text);
CREATE TABLE plans.wrong (name text, message text);

-- the tables that all cases have
CREATE FUNCTION plans.common() RETURNS text LANGUAGE sql RETURN $$
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 3);
INSERT INTO orgs SELECT generate_series(1, 2);
CREATE TABLE user_orgs (
    user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id)
);
CREATE INDEX ON user_orgs (org_id);
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs WHERE users.id < 3;
$$;

-- a verb's statements
CREATE FUNCTION plans.rows(call text) RETURNS TABLE (step int, statement text, locks text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM junction.' || call;
END $$;
CREATE FUNCTION plans.dry(call text) RETURNS text LANGUAGE sql RETURN regexp_replace(call, '\)$', ', dry_run => true)');

-- the tables that a case has before its call, by the names that they have now, and what this transaction holds on them
CREATE TABLE plans.here (oid oid PRIMARY KEY, name text);
CREATE FUNCTION plans.mode_rank(mode text) RETURNS int LANGUAGE sql IMMUTABLE RETURN
    array_position(array['ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE',
                         'EXCLUSIVE', 'ACCESS EXCLUSIVE'], mode);
CREATE FUNCTION plans.held() RETURNS TABLE (oid oid, rank int, lock text) LANGUAGE sql AS $$
    SELECT DISTINCT ON (oid) oid, plans.mode_rank(mode), mode || ' on ' || name
    FROM plans.here JOIN (
        SELECT relation, upper(regexp_replace(replace(mode, 'Lock', ''), '([a-z])([A-Z])', '\1 \2', 'g')) AS mode
        FROM pg_locks WHERE pid = pg_backend_pid()) AS l ON l.relation = oid
    ORDER BY oid, 2 DESC
$$;

-- the same as a plan says it; what is called so now
CREATE FUNCTION plans.said(locks text) RETURNS TABLE (number int, oid oid, rank int) LANGUAGE sql AS $$
    SELECT number::int, to_regclass(found[2]), plans.mode_rank(found[1])
    FROM regexp_matches(locks, '(?:^|, )([A-Z ]+) on ((?:"(?:[^"]|"")+"|[^,"])+)', 'g') WITH ORDINALITY AS r (found, number)
$$;

CREATE FUNCTION plans.enter(one plans.cases) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'RESET ALL';
    PERFORM set_config('search_path', one.name, false);
    EXECUTE one.settings;
    DELETE FROM plans.here;
    INSERT INTO plans.here SELECT oid, oid::regclass FROM pg_class
    WHERE relnamespace = to_regnamespace(one.name) AND relkind IN ('r', 'p', 'v', 'm', 'f');
END $$;

-- what a stage does with a case; what it raises is the case's failure
CREATE FUNCTION plans.work(stage text, one plans.cases) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE stage
    WHEN 'setup' THEN
        EXECUTE 'RESET ALL';
        EXECUTE format('CREATE SCHEMA %I', one.name);
        PERFORM set_config('search_path', one.name, false);
        EXECUTE plans.common();
        EXECUTE one.setup;
        EXECUTE 'RESET ALL';
    WHEN 'plan' THEN
        INSERT INTO plans.steps SELECT one.name, r.* FROM plans.rows(plans.dry(one.call)) r;
        INSERT INTO plans.wrong SELECT one.name, 'a dry run takes ' || lock FROM plans.held() WHERE rank > 1;
        INSERT INTO plans.wrong SELECT one.name, 'it has no statements, or some that it should not'
        WHERE one.nothing = EXISTS (SELECT FROM plans.steps WHERE name = one.name);
    WHEN 'verb' THEN
        INSERT INTO plans.wrong
        SELECT one.name, format('step %s: a dry run says "%s" (%s), the verb "%s" (%s)',
                                step, s.statement, s.locks, r.statement, r.locks)
        FROM (SELECT * FROM plans.steps WHERE name = one.name) s FULL JOIN plans.rows(one.call) r USING (step)
        WHERE (s.statement, s.locks) IS DISTINCT FROM (r.statement, r.locks);
    WHEN 'back' THEN
        PERFORM plans.rows(one.call);
        PERFORM plans.rows(one.back);
    WHEN 'portable' THEN
        PERFORM plans.rows(replace(one.call, ', portable => true', ''));
    END CASE;
EXCEPTION WHEN OTHERS THEN
    INSERT INTO plans.wrong VALUES (one.name, stage || ': ' || SQLERRM);
END $$;

CREATE PROCEDURE plans.each(stage text, which text) LANGUAGE plpgsql AS $$
DECLARE
    one plans.cases;
BEGIN
    FOR one IN EXECUTE format('SELECT * FROM plans.cases WHERE %s ORDER BY number', which) LOOP
        IF stage <> 'setup' THEN
            PERFORM plans.enter(one);
        END IF;
        PERFORM plans.work(stage, one);
        COMMIT;
    END LOOP;
END $$;

-- runs a plan's statements, each in a transaction of its own, and compares what it holds with what it said
CREATE PROCEDURE plans.watch() LANGUAGE plpgsql AS $$
DECLARE
    one plans.cases;
    s plans.steps;
    said text[];
    sorted bool;
BEGIN
    FOR one IN SELECT * FROM plans.cases ORDER BY number LOOP
        PERFORM plans.enter(one);
        FOR s IN SELECT * FROM plans.steps WHERE name = one.name ORDER BY step LOOP
            UPDATE plans.here SET name = oid::regclass;
            SELECT array_agg(concat(oid, ':', rank) ORDER BY oid),
                   array_agg(rank ORDER BY number) = array_agg(rank ORDER BY rank DESC)
            INTO said, sorted FROM plans.said(s.locks);
            PERFORM plans.run(one.name, s.statement);
            INSERT INTO plans.wrong
            SELECT one.name, format(E'%s\n    says  %s\n    holds %s', s.statement, coalesce(s.locks, 'nothing'),
                                             coalesce(string_agg(lock, ', ' ORDER BY rank DESC, lock), 'nothing'))
            FROM plans.held()
            HAVING array_agg(concat(oid, ':', rank) ORDER BY oid) IS DISTINCT FROM said OR NOT sorted;
            COMMIT;
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION plans.run(name text, statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    INSERT INTO plans.wrong VALUES (name, SQLERRM);
END $$;
SQL

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

# dump DATABASE FOLDER: a file for each case, without what is another each time: ids, time stamps
dump() {
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
    sql "$1" --file ../lib/invariants.sql > "$work/broken" 2>&1 || true
    report "the catalogs are sound in $1" "$work/broken"
}

: "${PGUSER:=$(id -un)}"
export PGUSER work
trap finish EXIT
clean

#
# The invariants are true of what the server makes, and are broken one by one
#
sql postgres --command "CREATE DATABASE $native TEMPLATE template0"
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
\ir invariants.sql
END
# \ir looks beside the file that it is in
cp ../lib/invariants.sql "$work"
sql "$native" --file "$work/native" > "$work/broken" 2>&1 || true
report "keys that the server made are sound, of every kind" "$work/broken"

# breaks WORDS STATEMENT: the query has just these words for it
breaks() {
    printf 'BEGIN; %s;\n\\ir invariants.sql\nROLLBACK;\n' "$2" > "$work/break"
    sql "$native" --file "$work/break" > "$work/broken" 2>&1 || true
    if grep --fixed-strings --quiet -- "$1" "$work/broken"; then
        : > "$work/broken"
    else
        echo "it does not say \"$1\" after: $2" >> "$work/broken"
    fi
    report "it sees: $1" "$work/broken"
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
if [ "$(sql "$native" --command "SELECT current_setting('server_version_num')::int >= 180000")" = t ]; then
    breaks 'has no NOT NULL constraint' "DELETE FROM pg_constraint WHERE contype = 'n' AND conrelid = 'plain'::regclass"
    breaks 'has no NOT NULL constraint' "$constraint connoinherit = true WHERE contype = 'n' AND conrelid = 'plain'::regclass"
fi
breaks 'rests on no index' "$constraint conindid = 'self'::regclass WHERE conname = 'pointer_z_fkey'"
breaks 'rests on an index of another table' "$constraint conindid = 'self_pkey'::regclass WHERE conname = 'pointer_z_fkey'"
breaks 'is not unique, valid and immediate' "$index indimmediate = false $plain"
breaks 'rests on an index of other columns' "$constraint conindid = 'plain_pkey'::regclass WHERE conname = 'pointer_z_fkey'"
breaks 'a trigger that rests on another index' "UPDATE pg_trigger SET tgconstrindid = 'plain_a_c_d_c1_key'::regclass WHERE tgconstrindid = $(
    sql "$native" --command "SELECT 'plain_pkey'::regclass::oid")"
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

#
# Set up: the portable cases without the extension, the others with it; verbs that are not there yet are left out
#
sql postgres --command 'CREATE ROLE regress_junction_plans_owner' --command 'CREATE ROLE regress_junction_plans_guest' \
    --command 'SET allow_in_place_tablespaces = true' --command "CREATE TABLESPACE regress_junction_plans LOCATION ''" \
    --command "CREATE DATABASE $bare TEMPLATE template0"
sql "$bare" --file "$work/stages" --file "$work/cases" > /dev/null
judge "$bare" plan "each('setup', 'call ~ ''portable => true''')"
sql postgres --command "CREATE DATABASE $start TEMPLATE $bare"
sql "$start" --command 'CREATE EXTENSION junction'
judge "$start" plan "each('setup', 'call !~ ''portable => true''')"

#
# Dry runs, then everything else on copies
#
dump "$start" before
judge "$start" plan "each('plan', 'true')"
dump "$start" after
for database in "$hand" "$verb" "$locks" "$back"; do
    sql postgres --command "CREATE DATABASE $database TEMPLATE $start"
done
by_hand "$hand" plan
judge "$verb" plan "each('verb', 'true')"
judge "$locks" locks "watch()"
judge "$back" back "each('back', 'back IS NOT NULL')"
judge "$back" portable "each('portable', 'call ~ ''portable => true''')"
sql "$start" --command "COPY (SELECT s.* FROM plans.steps s JOIN plans.cases USING (name)
                              WHERE call ~ 'portable => true') TO STDOUT" |
    sql "$bare" --command 'COPY plans.steps FROM STDIN'
by_hand "$bare" portable

dump "$hand" by_hand
dump "$verb" by_verb
dump "$back" back
dump "$bare" bare
# the server that lacks uuidv7() has gen_random_uuid() instead
for name in "${names[@]}"; do
    for aspect in ${aspects[$name]}; do
        case $aspect in
            plan) same plan "$name" before after; same plan "$name" by_hand by_verb ;;
            back) same back "$name" before back ;;
            portable) same portable "$name" bare back 's/junction\.uuidv7()/gen_random_uuid()/' ;;
        esac
        report "$name: $aspect" "$work/wrong.$name.$aspect"
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
\ir invariants.sql
SELECT junction.demote('things', 'links') \g /dev/null
\ir invariants.sql
END
sql "$verb" --file "$work/temporary" > "$work/broken" 2>&1 || true
report "so are temporary tables, promoted and demoted" "$work/broken"
if [ "$(sql postgres --command "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")" = 1 ]; then
    pg_amcheck --install-missing --heapallindexed --parent-check --jobs 2 --database 'junction_plans*' > "$work/broken" 2>&1 || true
    report "pg_amcheck has nothing to say" "$work/broken"
else
    report "pg_amcheck # SKIP the server has no amcheck" /dev/null
fi

echo "1..$tests"
[ "$failures" = 0 ]
