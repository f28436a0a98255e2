# shellcheck shell=bash
# test/plans/citus.sh: the cases of tables that Citus keeps; a catalog stands in for it (plans.distribute() in stages.sql), and
# the statements are those that Citus takes one by one. test/t/plans.sh says how a case is written, and what is done with it.

try citus_promote <<'END'
SELECT plans.distribute('users', 'id', 2, 'h', 's'), plans.distribute('orgs', NULL, 3, 'n', 't'), plans.distribute('user_orgs', 'user_id', 2, 'h', 's');
call promote('user_orgs', 'memberships', array['role text default ''member'''], primary_key => '{id,user_id}')
back demote('memberships', 'user_orgs')
END
try citus_promote_payload <<'END'
CREATE TABLE members (user_id int REFERENCES users, org_id int REFERENCES orgs, role text, CONSTRAINT only_once UNIQUE (user_id, org_id));
CREATE INDEX ON members (org_id);
INSERT INTO members VALUES (1, 1, 'owner'), (2, 1, NULL);
SELECT plans.distribute('members', 'user_id', 2, 'h', 's');
call promote('members', timestamps => false, primary_key => '{user_id,id}')
END
try citus_promote_copies <<'END'
COMMENT ON CONSTRAINT user_orgs_pkey ON user_orgs IS 'each once';
SELECT plans.distribute('users', NULL, 3, 'n', 't'), plans.distribute('orgs', NULL, 3, 'n', 't'), plans.distribute('user_orgs', NULL, 3, 'n', 't');
call promote('user_orgs', 'memberships', array['note text', 'rank int not null default 1'])
back demote('memberships', 'user_orgs')
END
try citus_demote <<'END'
CREATE TABLE stays (user_id int REFERENCES users, org_id int REFERENCES orgs, id uuid NOT NULL DEFAULT gen_random_uuid(), note text,
    CONSTRAINT stays_pkey PRIMARY KEY (user_id, id), CONSTRAINT pair UNIQUE (user_id, org_id));
ALTER TABLE stays REPLICA IDENTITY USING INDEX stays_pkey;
INSERT INTO stays VALUES (1, 1), (2, 1);
SELECT plans.distribute('stays', 'user_id', 2, 'h', 's');
call demote('stays', 'user_stays')
END
try citus_demote_begun <<'END'
SELECT plans.distribute('user_orgs', 'user_id', 2, 'h', 's');
ALTER TABLE user_orgs ADD COLUMN id uuid, ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
DO $$ BEGIN EXECUTE format('COMMENT ON COLUMN user_orgs.id IS %L', 'junction: the id of a promotion that is under way, of table '
    || 'user_orgs'::regclass::oid || ', citus_demote_begun.user_orgs'); END $$;
ALTER TABLE user_orgs ALTER COLUMN id SET DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX ON user_orgs (user_id, id);
call demote('user_orgs')
END
