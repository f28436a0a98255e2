-- test/upgrade/made.sql: a database as junction leaves it, for pg_upgrade to carry: junctions made, promoted, half-promoted,
-- demoted, partitioned and guarded.
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY, slug text UNIQUE);
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE grants (id int PRIMARY KEY, user_id int NOT NULL, org_id int NOT NULL);
INSERT INTO invoices SELECT generate_series(1, 100);
INSERT INTO tags SELECT n, 'tag ' || n FROM generate_series(1, 50) n;
INSERT INTO users SELECT generate_series(1, 100);
INSERT INTO orgs SELECT generate_series(1, 20);

-- made
SELECT junction.create('invoices', 'tags');
SELECT junction.create('users', 'users', 'follows', left_columns => '{follower_id}', right_columns => '{followee_id}');
SELECT junction.create('users', 'users', 'friends', left_columns => '{user_id}', right_columns => '{friend_id}', undirected => true);
INSERT INTO invoice_tags SELECT i.id, t.id FROM invoices i, tags t WHERE (i.id + t.id) % 7 = 0;
INSERT INTO follows SELECT a.id, b.id FROM users a, users b WHERE (a.id * b.id) % 11 = 1;

-- promoted, its pair referenced, its old name kept
SELECT junction.create('orgs', 'users', 'user_orgs');
INSERT INTO user_orgs (org_id, user_id) SELECT o.id, u.id FROM users u, orgs o WHERE (u.id + o.id) % 3 = 0;
ALTER TABLE grants ADD FOREIGN KEY (org_id, user_id) REFERENCES user_orgs (org_id, user_id);
INSERT INTO grants SELECT row_number() OVER (), user_id, org_id FROM user_orgs LIMIT 40;
SELECT junction.promote('user_orgs', 'memberships', keep_old_name => true);

-- promoted and demoted
SELECT junction.create('invoices', 'users');
INSERT INTO invoice_users SELECT i.id, u.id FROM invoices i, users u WHERE (i.id + u.id) % 9 = 0;
SELECT junction.promote('invoice_users', 'assignments', id_type => 'bigint');
SELECT junction.demote('assignments', 'invoice_users', discard_columns => true);

-- partitioned, and promoted
CREATE TABLE org_tags (org_id int REFERENCES orgs ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE,
    PRIMARY KEY (org_id, tag_id)) PARTITION BY HASH (org_id);
CREATE TABLE org_tags_0 PARTITION OF org_tags FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE org_tags_1 PARTITION OF org_tags FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO org_tags SELECT o.id, t.id FROM orgs o, tags t WHERE (o.id + t.id) % 5 = 0;
SELECT junction.promote('org_tags', 'labels', primary_key => '{id,org_id}');

-- half promoted: the first steps of a concurrent promotion, which put the id there and mark it
CREATE TABLE invoice_orgs (invoice_id int REFERENCES invoices ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (invoice_id, org_id));
INSERT INTO invoice_orgs SELECT i.id, o.id FROM invoices i, orgs o WHERE (i.id + o.id) % 4 = 0;
SELECT statement FROM junction.promote('invoice_orgs', 'contracts', concurrently => true, dry_run => true) ORDER BY step LIMIT 1 \gexec

-- half indexed, ignored, guarded
CREATE TABLE half (tag_id int REFERENCES tags, user_id int REFERENCES users, PRIMARY KEY (tag_id, user_id));
COMMENT ON TABLE half IS '@junction ignore no_cascade, name';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET junction.guard = error', current_database()); END $$;
