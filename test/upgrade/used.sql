-- test/upgrade/used.sql: that an upgraded database can be lived with: a half promotion is finished, an entity demoted, the
-- guard fires. Prints the lines that test/upgrade.sh expects.
SET client_min_messages = warning;
CALL junction.promote_concurrently('invoice_orgs', 'contracts');
SELECT 'finished', count(*), count(DISTINCT id) = count(*) FROM contracts;
SELECT 'half', statement FROM junction.repair('half');
DO $$ BEGIN PERFORM junction.demote('labels', 'org_tags', discard_columns => true); END $$;
SELECT 'demoted', kind FROM junction.junctions WHERE junction = 'org_tags'::regclass;
INSERT INTO user_orgs (org_id, user_id) SELECT 1, 1 ON CONFLICT (org_id, user_id) DO NOTHING;
DELETE FROM orgs WHERE id NOT IN (SELECT org_id FROM grants);
SELECT 'cascaded', count(*) FROM memberships WHERE org_id NOT IN (SELECT id FROM orgs);
SET junction.guard = error;
DO $$ BEGIN
    CREATE TABLE half_tags (org_id int REFERENCES orgs, tag_id int REFERENCES tags, PRIMARY KEY (org_id, tag_id));
END $$;
