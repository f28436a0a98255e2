-- What the verbs beside create, promote and demote make of distributed tables, with a stand-in for Citus: they say why they
-- refuse, and what to do instead.
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/test/lib/citus.sql'
\set ECHO none
\i :file
\set ECHO all

CREATE TABLE users (id int PRIMARY KEY, tag_ids int[]);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE places (id int PRIMARY KEY);
CREATE TABLE user_tags (user_id int REFERENCES users, tag_id int REFERENCES tags, PRIMARY KEY (user_id, tag_id));
CREATE TABLE visits (user_id int REFERENCES users, tag_id int REFERENCES tags, place_id int REFERENCES places,
    PRIMARY KEY (user_id, tag_id, place_id));
CREATE TABLE seen (user_id int NOT NULL REFERENCES users, tag_id int NOT NULL REFERENCES tags);
COMMENT ON TABLE seen IS '@junction';
CREATE TABLE local (id int PRIMARY KEY);
CREATE TABLE local_tags (local_id int REFERENCES local, tag_id int REFERENCES tags, PRIMARY KEY (local_id, tag_id));
INSERT INTO users VALUES (1), (2);
INSERT INTO tags VALUES (7), (9);
INSERT INTO places VALUES (1);
INSERT INTO user_tags VALUES (1, 7), (1, 9), (2, 9);
INSERT INTO visits VALUES (1, 7, 1);
SELECT distribute('users', 'id', 2), distribute('tags', NULL, 3, 'n', 't'), distribute('places', NULL, 3, 'n', 't'),
    distribute('user_tags', 'user_id', 2), distribute('visits', 'user_id', 2), distribute('seen', 'user_id', 2);

\a
\t on
-- merge: the table itself, a reference table, and a local one whose links are distributed
SELECT refusal($$SELECT junction.merge('users', 1, ARRAY[2])$$);
SELECT refusal($$SELECT junction.merge('tags', 7, ARRAY[9])$$);
SELECT refusal($$SELECT junction.deduplicate('seen')$$);
SELECT refusal($$SELECT junction.create_accessors('user_tags')$$);
SELECT distribute('local_tags', NULL, 3, 'n', 't');
SELECT refusal($$SELECT junction.merge('local', 7, ARRAY[9], dry_run => true)$$);
SELECT refusal($$SELECT junction.absorb('users', '{tag_ids}', 'tags')$$);
SELECT refusal($$SELECT junction.retire('users')$$);
SELECT refusal($$SELECT junction.split('visits', into_tables => '{user_tag_pairs,tag_places}')$$);
SELECT refusal($$SELECT junction.primary_to_unique('user_tags', 'a')$$);
SELECT refusal($$SELECT junction.unique_to_primary('user_tags', 'a')$$);
\t off
\a
SELECT * FROM user_tags ORDER BY user_id, tag_id;

--
-- Whose rows these are: a stranger is told nothing else
--
RESET SESSION AUTHORIZATION;
CREATE ROLE regress_junction_citus_other;
CREATE ROLE regress_junction_citus_member IN ROLE regress_junction_citus;
GRANT USAGE ON SCHEMA regress_citus TO regress_junction_citus_other;
GRANT SELECT ON ALL TABLES IN SCHEMA regress_citus TO regress_junction_citus_other;
SET SESSION AUTHORIZATION regress_junction_citus_other;
\set VERBOSITY sqlstate
SELECT junction.merge('users', 1, ARRAY[2]);
SELECT junction.deduplicate('seen');
SELECT junction.absorb('users', '{tag_ids}', 'tags');
SELECT junction.retire('users');
SELECT junction.split('visits', into_tables => '{user_tag_pairs,tag_places}');
SELECT junction.create_accessors('user_tags');
SELECT junction.primary_to_unique('user_tags', 'a');
SELECT junction.promote('user_tags');
CALL junction.promote_concurrently('user_tags', max_lag => 0);
CALL junction._fill('user_tags', 'user_id', max_lag => 0);
\set VERBOSITY terse
-- a member of the owner's role sends batches to the shards as the owner
SET SESSION AUTHORIZATION regress_junction_citus_member;
CALL junction.promote_concurrently('user_tags', primary_key => '{user_id,id}');
SELECT DISTINCT sender FROM sent;
SELECT count(*), count(DISTINCT id) FROM user_tags;
-- so does a superuser
RESET SESSION AUTHORIZATION;
DELETE FROM sent;
SELECT count(*) > 0 AS demoted FROM junction.demote('user_tags', 'user_tags');
CALL junction.promote_concurrently('user_tags', primary_key => '{user_id,id}');
SELECT DISTINCT sender FROM sent;
DROP OWNED BY regress_junction_citus_other;
DROP ROLE regress_junction_citus_other, regress_junction_citus_member;

\set file :abs_srcdir '/test/lib/no_citus.sql'
\set ECHO none
\i :file
