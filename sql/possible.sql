-- Links that no constraint shows: the rule possible_junction, the tables without
-- any constraint of undeclared_endpoint, and the comment @junction.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_possible;
CREATE ROLE regress_junction_possible_other;
CREATE SCHEMA possible AUTHORIZATION regress_junction_possible;
SET search_path = possible;
SET ROLE regress_junction_possible;

CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE TABLE posts (id int PRIMARY KEY, name text);
CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE products (id int PRIMARY KEY);
CREATE TABLE tenants (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 9);
INSERT INTO posts SELECT generate_series(1, 9);
INSERT INTO orgs SELECT generate_series(1, 9);
CREATE VIEW found AS
SELECT r.* FROM junction.report() r JOIN pg_class c ON c.oid = r.junction
WHERE relnamespace = 'possible'::regnamespace;

-- what the manuals of ORMs have for a link with properties.
-- TypeORM, "many-to-many relations with custom properties"
CREATE TABLE questions (id serial PRIMARY KEY);
CREATE TABLE categories (id serial PRIMARY KEY);
CREATE TABLE question_to_category ("questionToCategoryId" serial PRIMARY KEY, "questionId" int, "categoryId" int, "order" int NOT NULL,
    CONSTRAINT "FK_1" FOREIGN KEY ("questionId") REFERENCES questions ON DELETE NO ACTION,
    CONSTRAINT "FK_2" FOREIGN KEY ("categoryId") REFERENCES categories ON DELETE NO ACTION);
-- Objection, a join table with extra properties
CREATE TABLE persons (id serial PRIMARY KEY);
CREATE TABLE movies (id serial PRIMARY KEY);
CREATE TABLE persons_movies (id serial PRIMARY KEY, "personId" int REFERENCES persons ON DELETE CASCADE, "movieId" int REFERENCES movies ON DELETE CASCADE, "extra" text);
-- Sequelize, User.hasMany(Grant) and Profile.hasMany(Grant)
CREATE TABLE "Users" (id serial PRIMARY KEY);
CREATE TABLE "Profiles" (id serial PRIMARY KEY);
CREATE TABLE "Grants" (id serial PRIMARY KEY, "selfGranted" bool DEFAULT false, "createdAt" timestamptz NOT NULL, "updatedAt" timestamptz NOT NULL,
    "UserId" int REFERENCES "Users" ON DELETE SET NULL ON UPDATE CASCADE, "ProfileId" int REFERENCES "Profiles" ON DELETE SET NULL ON UPDATE CASCADE);
SELECT junction, rule, severity, columns, message, detail, fix FROM found WHERE rule = 'possible_junction' ORDER BY junction::text COLLATE "C";
SELECT count(*) FROM junction.junctions WHERE junction::text ~ '^(question_to|persons_m|"Grants)';
DROP TABLE question_to_category, questions, categories, persons_movies, persons, movies, "Grants", "Users", "Profiles";

-- a noun for a link, in the singular and the plural, alone and as the last word
CREATE TABLE memberships (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, role text);
CREATE TABLE "PostRating" (id int PRIMARY KEY, author int NOT NULL REFERENCES users, work int NOT NULL REFERENCES posts, stars int);
CREATE TABLE user_likes (id int PRIMARY KEY, user_id int REFERENCES users, what int REFERENCES posts, weight int);
CREATE TABLE groupmemberships (id int PRIMARY KEY, a int REFERENCES users, b int REFERENCES orgs, role text);
CREATE TABLE user_org_map (id int PRIMARY KEY, a int REFERENCES users, b int REFERENCES orgs, role text);
-- the user who made the link is not an end, nor is the tenant; one is not referenced by chance
CREATE TABLE enrollments (id int PRIMARY KEY, tenant_id int REFERENCES tenants, user_id int REFERENCES users, org_id int REFERENCES orgs,
    created_by int REFERENCES users, grade int, invited_by_id int REFERENCES users, UNIQUE (tenant_id, id));
CREATE TABLE enrollment_notes (id int PRIMARY KEY, enrollment_id int REFERENCES enrollments);
-- one owner of each org, and a token for each row, do not make it something else
CREATE TABLE participants (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, role text, token text UNIQUE);
CREATE UNIQUE INDEX ON participants (org_id) WHERE role = 'owner';
-- nothing of its own but stamps, whatever its name
CREATE TABLE post_authors (id int PRIMARY KEY, post_id int NOT NULL REFERENCES posts ON DELETE CASCADE, user_id int REFERENCES users ON DELETE CASCADE, created_at timestamptz);
-- an order: an info
CREATE TABLE purchases (id int PRIMARY KEY, user_id int REFERENCES users, product_id int REFERENCES products, amount int);
SELECT junction, severity, columns FROM found WHERE rule = 'possible_junction' ORDER BY junction::text COLLATE "C";

-- left alone: what happened, and what others reference, or a key tells apart
CREATE TABLE login_logs (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE TABLE documents (id int PRIMARY KEY, org_id int REFERENCES orgs, created_by int REFERENCES users, title text);
CREATE TABLE audited (id int PRIMARY KEY, org_id int REFERENCES orgs, "createdBy" int REFERENCES users, updated_by_id int REFERENCES users, title text);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, product_id int REFERENCES products, total int);
CREATE TABLE shipments (id int PRIMARY KEY, order_id int REFERENCES orders);
CREATE TABLE inventory (id int PRIMARY KEY, product_id int REFERENCES products, org_id int REFERENCES orgs);
CREATE TABLE rentals (id int PRIMARY KEY, inventory_id int REFERENCES inventory);
CREATE TABLE numbered (id int PRIMARY KEY, number text UNIQUE, user_id int REFERENCES users, product_id int REFERENCES products);
CREATE TABLE lines (user_id int REFERENCES users, line int, product_id int REFERENCES products, PRIMARY KEY (user_id, line));
CREATE TABLE dated_ratings (user_id int REFERENCES users, product_id int REFERENCES products, day date, PRIMARY KEY (user_id, product_id, day));
CREATE TABLE profiles_of (id int PRIMARY KEY, user_id int UNIQUE REFERENCES users, org_id int REFERENCES orgs, a int);
CREATE TABLE three (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, product_id int REFERENCES products);
CREATE TABLE wide (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, a int, b int, c int, d int, e int, f int, g int);
SELECT junction, severity, columns FROM found WHERE rule = 'possible_junction' AND
    junction::text IN ('login_logs', 'documents', 'audited', 'orders', 'inventory', 'numbered', 'lines', 'dated_ratings', 'profiles_of', 'three', 'wide');

-- the name of an unkeyed junction may hold the nouns of its columns, and need
-- not repeat the words that both parents begin with; the two must lie apart
CREATE TABLE nd_perm_sets (id int PRIMARY KEY);
CREATE TABLE nd_perms (id int PRIMARY KEY);
CREATE TABLE permission (id int PRIMARY KEY);
CREATE TABLE perm_set_perm_map (id int PRIMARY KEY, perm_set int REFERENCES permission, perm int REFERENCES users);
CREATE TABLE perm_sets_perms (id int PRIMARY KEY, a int REFERENCES nd_perm_sets, b int REFERENCES nd_perms);
CREATE TABLE perm_set_entries (id int PRIMARY KEY, perm_set int REFERENCES permission, perm int REFERENCES users);
SELECT junction, kind FROM junction.junctions WHERE junction::text ~ '^perm' ORDER BY junction::text COLLATE "C";
DROP TABLE perm_set_perm_map, perm_sets_perms, perm_set_entries;

-- one table asked for: whether a pair repeats, and the key as the fix if none does
INSERT INTO memberships VALUES (1, 1, 1), (2, 1, 2), (3, NULL, 1), (4, NULL, 1);
SELECT severity, columns, detail, fix FROM junction.report('memberships');
INSERT INTO memberships VALUES (5, 1, 2), (6, 1, 2);
SELECT detail, fix FROM junction.report('memberships');
SELECT user_id, org_id, count(*) FROM possible.memberships GROUP BY user_id, org_id HAVING count(*) > 1 ORDER BY 1, 2;
SELECT * FROM junction.repair('memberships', '{possible_junction}');
DELETE FROM memberships WHERE id > 4;
SELECT * FROM junction.repair('memberships', '{possible_junction}', dry_run => true);
SELECT fix FROM junction.report('memberships') \gexec
SELECT kind FROM junction.junctions WHERE junction = 'memberships'::regclass;
SELECT rule, severity FROM junction.report('memberships') ORDER BY 1;
-- a primary key refuses nulls
CREATE TABLE follows (follower_id int REFERENCES users, followee_id int REFERENCES posts, note text);
INSERT INTO follows VALUES (1, NULL);
SELECT detail, fix FROM junction.report('follows');
UPDATE follows SET followee_id = 1;
SELECT fix FROM junction.report('follows');
-- who may not read the rows gets the finding alone
GRANT USAGE ON SCHEMA possible TO regress_junction_possible_other;
SET ROLE regress_junction_possible_other;
SELECT right(detail, 30) AS detail, fix FROM junction.report('follows');
SET ROLE regress_junction_possible;
COMMENT ON TABLE follows IS '@junction ignore possible_junction';
SELECT * FROM junction.report('follows');

-- declared: a junction for every rule, for the view and for the verbs
COMMENT ON TABLE purchases IS 'Who bought what. @junction';
SELECT kind, endpoints, pair_key, own_columns FROM junction.junctions WHERE junction = 'purchases'::regclass;
SELECT rule, severity, columns, fix FROM junction.report('purchases') ORDER BY 1, 3;
SELECT * FROM junction.repair('purchases', '{missing_pair_key,nullable_endpoint}');
SELECT kind FROM junction.junctions WHERE junction = 'purchases'::regclass;
SELECT rule FROM junction.report('purchases') ORDER BY 1;
-- without a primary key, the fix makes the pair one, and brings no finding
CREATE TABLE buys (user_id int NOT NULL REFERENCES users, product_id int NOT NULL REFERENCES products, amount int);
CREATE INDEX ON buys (user_id);
COMMENT ON TABLE buys IS '@junction';
SELECT rule, columns, fix FROM junction.report('buys') ORDER BY 1, 2;
SELECT fix FROM junction.report('buys') WHERE rule = 'missing_pair_key' \gexec
SELECT rule, columns FROM junction.report('buys') ORDER BY 1, 2;
-- what declares, and what does not
CREATE TABLE said (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs, what text);
CREATE FUNCTION declares(comment text) RETURNS bool LANGUAGE plpgsql SET search_path = possible AS $$
BEGIN
    EXECUTE format('COMMENT ON TABLE said IS %L', comment);
    RETURN EXISTS (SELECT FROM junction.junctions WHERE junction = 'said'::regclass);
END $$;
SELECT comment, declares(comment) FROM (VALUES (1, '@junction'), (2, E'A link.\n@junction\n@junction ignore name'), (3, '@junction ignore name'),
    (4, '@junction ignore name, @junction'), (5, E'@junction\tignore name'), (6, '@junctions'), (7, 'ask me@junction.org'), (8, 'a (@junction).'),
    (9, '@JUNCTION'), (10, ''), (11, '@junction.'), (12, '@junction ignored')) AS t (number, comment) ORDER BY number;
COMMENT ON COLUMN said.what IS '@junction';
COMMENT ON TABLE said IS NULL;
SELECT count(*) FROM junction.junctions WHERE junction = 'said'::regclass;
-- not with one end that is unique, three ends, or one foreign key
COMMENT ON TABLE profiles_of IS '@junction';
COMMENT ON TABLE three IS '@junction';
COMMENT ON TABLE shipments IS '@junction';
SELECT junction FROM junction.junctions WHERE junction IN ('profiles_of'::regclass, 'three'::regclass, 'shipments'::regclass);
-- the tenant and the user who made it are none
COMMENT ON TABLE enrollments IS '@junction';
SELECT kind, endpoints FROM junction.junctions WHERE junction = 'enrollments'::regclass;
SELECT count(*) > 0 AS probed FROM junction.probe('enrollments');

-- a table that is not a junction says so
\set VERBOSITY default
SET client_min_messages = notice;
SELECT * FROM junction.report('orders');
SELECT * FROM junction.report('inventory');
SELECT * FROM junction.report('users');
SELECT * FROM junction.report('three');
SELECT * FROM junction.report('profiles_of');
SELECT * FROM junction.report('numbered');
SELECT * FROM junction.repair('orders');
SELECT * FROM junction.probe('orders');
-- a junction without a finding does not
CREATE TABLE org_users (org_id int REFERENCES orgs ON DELETE CASCADE, user_id int REFERENCES users ON DELETE CASCADE, PRIMARY KEY (org_id, user_id));
CREATE INDEX ON org_users (user_id);
SELECT * FROM junction.report('org_users');
SELECT * FROM junction.repair('org_users');
\set VERBOSITY terse
SET client_min_messages = warning;

RESET ROLE;
DROP SCHEMA possible CASCADE;
DROP ROLE regress_junction_possible, regress_junction_possible_other;
