# shellcheck shell=bash
# test/plans/demote.sh: the cases of demote. test/t/plans.sh says how a case is written, and what is done with it.

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
