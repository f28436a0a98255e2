# shellcheck shell=bash
# test/plans/repair.sh: the cases of repair. test/t/plans.sh says how a case is written, and what is done with it.

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
try repair_no_primary_key <<'END'
CREATE TABLE "Li'nks" (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id));
call repair('"Li''nks"', '{no_primary_key}')
END
try repair_no_primary_key_bare_index <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs);
CREATE UNIQUE INDEX ON links (user_id, org_id);
call repair('links', '{no_primary_key}')
END
try repair_no_primary_key_partitioned <<'END'
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, UNIQUE (user_id, org_id)) PARTITION BY HASH (user_id);
CREATE TABLE links_0 PARTITION OF links FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE links_1 PARTITION OF links FOR VALUES WITH (modulus 2, remainder 1);
call repair('links', '{no_primary_key,half_indexed}')
END
try repair_several <<'END'
DROP INDEX user_orgs_org_id_idx;
CREATE INDEX ON user_orgs (user_id);
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES orgs NOT VALID;
call repair('user_orgs', '{half_indexed,redundant_index,no_cascade,unvalidated_foreign_key}')
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
call repair('repair_out_of_sight.links', '{no_cascade,half_indexed}')
END

#
# In plain SQL, while others read and write
#
try repair_concurrently_half_indexed <<'END'
DROP INDEX user_orgs_org_id_idx;
call repair('user_orgs', concurrently => true)
END
try repair_concurrently_half_indexed_drizzle <<'END'
set junction.naming = drizzle
DROP INDEX user_orgs_org_id_idx;
call repair('user_orgs', concurrently => true)
END
try repair_concurrently_nothing <<'END'
call repair('user_orgs', concurrently => true)
none
END
try repair_concurrently_strange_names <<'END'
CREATE TABLE "x"", on $junction$ 'y" ("user id" int NOT NULL REFERENCES users, "org'id" int REFERENCES orgs ON DELETE SET NULL);
call repair('"x"", on $junction$ ''y"', '{half_indexed,missing_pair_key,nullable_endpoint,no_cascade}', concurrently => true)
END
try repair_concurrently_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id))
    PARTITION BY RANGE (user_id);
CREATE TABLE links_1 PARTITION OF links FOR VALUES FROM (0) TO (2) PARTITION BY LIST (org_id);
CREATE TABLE links_1_1 PARTITION OF links_1 DEFAULT;
CREATE TABLE links_2 PARTITION OF links DEFAULT;
call repair('links', concurrently => true)
END
try repair_concurrently_inherited <<'END'
DROP INDEX user_orgs_org_id_idx;
CREATE TABLE old_user_orgs () INHERITS (user_orgs);
call repair('user_orgs', concurrently => true)
END
try repair_concurrently_missing_pair_key <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey;
call repair('user_orgs', '{missing_pair_key}', concurrently => true)
END
try repair_concurrently_missing_pair_key_beside_an_id <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD id serial PRIMARY KEY;
call repair('user_orgs', '{missing_pair_key}', concurrently => true)
END
try repair_concurrently_missing_pair_key_set_null <<'END'
CREATE TABLE links (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs);
call repair('links', '{missing_pair_key,nullable_endpoint,no_cascade}', concurrently => true)
END
try repair_concurrently_nullable_endpoint <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey, ADD UNIQUE (user_id, org_id), ALTER user_id DROP NOT NULL, ALTER org_id DROP NOT NULL;
call repair('user_orgs', '{nullable_endpoint}', concurrently => true)
END
try repair_concurrently_nullable_endpoint_set_null <<'END'
CREATE TABLE links (user_id int REFERENCES users ON DELETE SET NULL, org_id int REFERENCES orgs ON UPDATE SET NULL DEFERRABLE, UNIQUE (user_id, org_id));
call repair('links', '{nullable_endpoint,no_cascade}', concurrently => true)
END
try repair_concurrently_unvalidated_foreign_key <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_user_id_fkey,
    ADD CONSTRAINT user_orgs_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;
call repair('user_orgs', '{unvalidated_foreign_key}', concurrently => true)
END
try repair_concurrently_undeclared_endpoint <<'END'
CREATE TABLE dials (id int PRIMARY KEY);
CREATE TABLE knobs (id int PRIMARY KEY);
CREATE TABLE dial_knobs (dial_id int, knob_id int, PRIMARY KEY (dial_id, knob_id));
call repair('dial_knobs', '{undeclared_endpoint}', concurrently => true)
END
try repair_concurrently_bare_junction <<'END'
CREATE TABLE cooks (id int PRIMARY KEY);
CREATE TABLE pots (id int PRIMARY KEY);
CREATE TABLE cooks_pots (cook_id int, pot_id int);
call repair('cooks_pots', '{undeclared_endpoint}', concurrently => true)
END
try repair_concurrently_self_relation <<'END'
CREATE TABLE friends (a_id int REFERENCES users, b_id int REFERENCES users, PRIMARY KEY (a_id, b_id));
call repair('friends', '{half_indexed,no_cascade}', concurrently => true)
END
try repair_concurrently_redundant_index <<'END'
CREATE INDEX ON user_orgs (user_id);
call repair('user_orgs', '{redundant_index}', concurrently => true)
END
try repair_concurrently_no_replica_identity <<'END'
ALTER TABLE user_orgs REPLICA IDENTITY NOTHING;
CREATE PUBLICATION repair_concurrently_no_replica_identity FOR TABLE user_orgs;
call repair('user_orgs', '{no_replica_identity}', concurrently => true)
END
try repair_concurrently_no_primary_key <<'END'
ALTER TABLE user_orgs DROP CONSTRAINT user_orgs_pkey;
CREATE UNIQUE INDEX pair ON user_orgs (user_id, org_id);
call repair('user_orgs', '{no_primary_key}', concurrently => true)
END
try repair_stale_accessor <<'END'
SELECT junction.create_accessors('user_orgs', '{list}');
ALTER TABLE orgs ADD COLUMN name text;
call repair('orgs', '{stale_accessor}')
END
