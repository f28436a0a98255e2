-- junction.diagram: junctions and their parents, as Mermaid and as DOT.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_artist;
CREATE SCHEMA test_diagram AUTHORIZATION regress_junction_artist;
CREATE SCHEMA test_diagram_2 AUTHORIZATION regress_junction_artist;
SET SESSION AUTHORIZATION regress_junction_artist;
SET search_path = test_diagram;
\pset format unaligned
\pset tuples_only on

CREATE TABLE users (id uuid PRIMARY KEY, name text);
CREATE TABLE orgs (id uuid PRIMARY KEY);
SELECT count(*) FROM junction.create('users', 'orgs', name => 'user_orgs');
SELECT junction.diagram('user_orgs');
SELECT junction.diagram('user_orgs', 'dot');

-- After a promotion, and without its index.
SELECT count(*) > 0 FROM junction.promote('user_orgs', 'memberships', columns => array['role varchar(20)']);
DROP INDEX memberships_org_id_idx;
SELECT junction.diagram('memberships');
SELECT junction.diagram('memberships', 'dot');

-- A relation to self; a key of several columns; a nullable end; another endpoint,
-- and one that is unique by itself.
CREATE TABLE rooms (floor int, number int, PRIMARY KEY (floor, number), note text);
SELECT count(*) FROM junction.create('rooms', 'rooms', 'doors', '{from_floor,from_room}', '{to_floor,to_room}');
CREATE TABLE keys (id int PRIMARY KEY);
ALTER TABLE doors ADD COLUMN painted_by uuid REFERENCES users, ADD COLUMN key_id int NOT NULL UNIQUE REFERENCES keys;
SELECT junction.diagram('doors');
CREATE TABLE follows (follower uuid REFERENCES users, followee uuid REFERENCES users, UNIQUE (follower, followee));
SELECT junction.diagram('follows');

-- A junction that is the parent of another is drawn once, as a junction; of one
-- relation alone, it is a parent.
CREATE TABLE tags (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('memberships', 'tags');
SELECT junction.diagram('membership_tags');

-- Three ends.
CREATE TABLE seen (user_id uuid REFERENCES users, org_id uuid REFERENCES orgs, tag_id int REFERENCES tags, PRIMARY KEY (user_id, org_id, tag_id));
SELECT junction.diagram('seen');
DROP TABLE seen, membership_tags, follows;

-- All of the database: those of this schema are here.
SELECT count(*) FROM regexp_split_to_table(junction.diagram(), '\n') AS l(line) WHERE line ~ '^    (doors|memberships)\[';
SELECT (SELECT count(*) FROM regexp_matches(junction.diagram(NULL, 'dot'), 'label=<<', 'g')) =
       (SELECT count(*) FROM regexp_matches(junction.diagram(), '\{$', 'gn')) AS "as many tables";

-- Tables of one name in two schemas; words that Mermaid knows; plain names that
-- are like those which it gives.
CREATE TABLE test_diagram_2.tags (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('tags', 'test_diagram_2.tags', 'test_diagram."to"', '{a}', '{b}');
SELECT junction.diagram('"to"');
CREATE TABLE t2 (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('tags', 't2', 'style', '{a}', '{b}');
SELECT junction.diagram('style');
DROP TABLE "to", style, t2;

-- Names that are written to break out.
CREATE TABLE "x"" ]; } %%{init}%% -->\" (id int PRIMARY KEY);
CREATE TYPE "a type, ""quoted""" AS ENUM ('x');
CREATE TABLE E (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('"x"" ]; } %%{init}%% -->\"', 'e', '"</table>> <b>&amp; #35; `x`"', array[E'a"\nb'], '{1 é « 語}');
ALTER TABLE "</table>> <b>&amp; #35; `x`" ADD COLUMN "-c" "a type, ""quoted""", ADD COLUMN n numeric(10,2)[];
SELECT junction.diagram('"</table>> <b>&amp; #35; `x`"');
SELECT junction.diagram('"</table>> <b>&amp; #35; `x`"', 'dot');
DROP TABLE "</table>> <b>&amp; #35; `x`", "x"" ]; } %%{init}%% -->\", e;

-- A partitioned table is drawn, its partitions are not.
CREATE TABLE visits (user_id uuid REFERENCES users, org_id uuid REFERENCES orgs, PRIMARY KEY (user_id, org_id)) PARTITION BY HASH (user_id);
CREATE TABLE visits_0 PARTITION OF visits FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT junction.diagram('visits') LIKE '%visits (pure)%', junction.diagram() LIKE '%visits\_0%';

-- Refusals.
\set VERBOSITY sqlstate
SELECT junction.diagram('users');
SELECT junction.diagram('visits_0');
SELECT junction.diagram('pg_class');
SELECT junction.diagram(0);
SELECT junction.diagram(1);
SELECT junction.diagram('memberships', NULL);
SELECT junction.diagram('memberships', 'svg');
SELECT junction.diagram('memberships', 'Mermaid');
\set VERBOSITY terse
SELECT junction.diagram('memberships', 'svg');

-- Anyone may look, as with the report.
RESET SESSION AUTHORIZATION;
CREATE ROLE regress_junction_passer_by;
GRANT USAGE ON SCHEMA test_diagram TO regress_junction_passer_by;
SET SESSION AUTHORIZATION regress_junction_passer_by;
SELECT junction.diagram('memberships') LIKE '%memberships (entity)%';
RESET SESSION AUTHORIZATION;
DROP SCHEMA test_diagram, test_diagram_2 CASCADE;
DROP ROLE regress_junction_artist, regress_junction_passer_by;
