-- junction.naming: constraints and indexes, named as other tools name them; what
-- is called drizzle is in names.sql.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_namer;
CREATE SCHEMA test_naming AUTHORIZATION regress_junction_namer;
SET SESSION AUTHORIZATION regress_junction_namer;
SET search_path = test_naming;

-- The names of a table's constraints (p, u, f) and of the indexes that none owns
CREATE FUNCTION names_of(of regclass) RETURNS TABLE (kind "char", name name) LANGUAGE sql STABLE AS $$
  SELECT contype, conname FROM pg_constraint WHERE conrelid = of AND contype IN ('p', 'u', 'f')
  UNION ALL
  SELECT 'i', relname FROM pg_index JOIN pg_class ON oid = indexrelid
  WHERE indrelid = of AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
  ORDER BY 1 DESC, 2
$$;
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE "Posts" (id int PRIMARY KEY);

--
-- Each convention: a junction, with another index and a unique one; then its
-- promotion, and the way back.
--
CREATE FUNCTION made_as(convention text) RETURNS TABLE (step text, kind "char", name name) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('junction.naming', convention, false);
  PERFORM junction.create('"Posts"', 'tags', 'post_tags');
  RETURN QUERY SELECT 'created', n.* FROM names_of('post_tags') n;
  PERFORM junction.promote('post_tags', 'labels', timestamps => false);
  RETURN QUERY SELECT 'promoted', n.* FROM names_of('labels') n;
  PERFORM junction.demote('labels', 'post_tags');
  RETURN QUERY SELECT 'demoted', n.* FROM names_of('post_tags') n;
  DROP TABLE post_tags;
  PERFORM set_config('junction.naming', 'postgres', false);
END $$;
SELECT * FROM made_as('postgres');
SELECT * FROM made_as('prisma');
SELECT * FROM made_as('knex');
SELECT * FROM made_as('rails');
SELECT * FROM made_as('ef');

-- Rails' digests are these.
SELECT 'fk_rails_' || left(encode(sha256('post_tags_tag_id_fk'), 'hex'), 10) AS foreign_key,
       'uniq_rails_' || left(encode(sha256('labels_post_id_and_tag_id_unique'), 'hex'), 10) AS unique_constraint;

-- A key of several columns, and a relation to self.
CREATE TABLE rooms (floor int, number int, PRIMARY KEY (floor, number));
CREATE FUNCTION wide_as(convention text) RETURNS TABLE (kind "char", name name) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('junction.naming', convention, false);
  PERFORM junction.create('rooms', 'rooms', 'doors', '{from_floor,from_room}', '{to_floor,to_room}');
  RETURN QUERY SELECT n.* FROM names_of('doors') n;
  DROP TABLE doors;
  PERFORM set_config('junction.naming', 'postgres', false);
END $$;
SELECT w.* FROM (VALUES ('prisma'), ('knex'), ('rails'), ('ef')) c, wide_as(column1) w;

--
-- Long names.  Prisma cuts what is before the label; Knex leaves it to the
-- server; Rails has a short form with a digest, beyond 62 bytes; EF Core writes
-- a tilde.
--
CREATE FUNCTION long_as(convention text, tbl text, col text) RETURNS TABLE (name text, bytes int) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('junction.naming', convention, false);
  PERFORM junction.create('"Posts"', 'tags', quote_ident(tbl), '{post_id}', array[col]);
  RETURN QUERY SELECT n.name::text, octet_length(n.name::text) FROM names_of(quote_ident(tbl)::regclass) n;
  EXECUTE format('DROP TABLE %I', tbl);
  PERFORM set_config('junction.naming', 'postgres', false);
END $$;
\pset format unaligned
SELECT column1 AS naming, l.* FROM (VALUES ('prisma'), ('knex'), ('rails'), ('ef')) c,
  long_as(column1, 'administrators_of_departments', 'administrator_of_the_whole_department_id') l;
-- as long as can be, and not a byte longer
SELECT column1 AS naming, l.* FROM (VALUES ('prisma'), ('rails'), ('ef')) c, long_as(column1, repeat('t', 46), 'tag_id') l;
SELECT 'rails' AS naming, l.* FROM long_as('rails', repeat('t', 47), 'tag_id') l;
SELECT column1 AS naming, l.* FROM (VALUES ('prisma'), ('ef')) c, long_as(column1, repeat('t', 53), 'tag_id') l;
-- cut between characters
SELECT column1 AS naming, l.* FROM (VALUES ('prisma'), ('knex'), ('rails'), ('ef')) c, long_as(column1, repeat('é', 31), repeat('語', 20)) l;
-- any characters
SELECT column1 AS naming, l.* FROM (VALUES ('prisma'), ('knex'), ('rails'), ('ef')) c, long_as(column1, E'x"; DROP TABLE {columns} -- .A', E'{table}\n%s') l;
\pset format aligned

-- Names in use are numbered, as EF Core itself does.
CREATE SEQUENCE "IX_post_tags_tag_id";
CREATE SEQUENCE index_post_tags_on_tag_id;
CREATE SEQUENCE post_tags_tag_id_index;
SELECT name FROM made_as('ef') WHERE step = 'created' AND kind = 'i';
SELECT name FROM made_as('rails') WHERE step = 'created' AND kind = 'i';
SELECT name FROM made_as('knex') WHERE step = 'created' AND kind = 'i';
DROP SEQUENCE "IX_post_tags_tag_id", index_post_tags_on_tag_id, post_tags_tag_id_index;

--
-- A promotion gives the setting's names to what is named by any convention, and
-- leaves the rest.
--
SET junction.naming = rails;
SELECT count(*) FROM junction.create('"Posts"', 'tags', 'post_tags');
ALTER TABLE post_tags ADD COLUMN place int, ADD CONSTRAINT mine UNIQUE (place), ADD CONSTRAINT post_tags_check CHECK (place > 0);
CREATE UNIQUE INDEX post_tags_post_id_place_key ON post_tags (post_id, place);
SET junction.naming = ef;
SELECT count(*) > 0 AS promoted FROM junction.promote('post_tags', 'labels');
SELECT * FROM names_of('labels');
DROP TABLE labels;

-- The fixes of the report have its names too, and repair gives them.
CREATE TABLE post_tags (post_id int REFERENCES "Posts" ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE,
                        PRIMARY KEY (post_id, tag_id));
SELECT fix FROM junction.report('post_tags');
SET junction.naming = rails;
SELECT fix FROM junction.report('post_tags');
SELECT statement FROM junction.repair('post_tags');
DROP TABLE post_tags;

--
-- auto: a table's own names decide; for a new one, those in the schemas of its
-- parents.  A NOTICE says so, with how many.
--
SET client_min_messages = notice;
\set VERBOSITY default
SET junction.naming = auto;
-- only primary keys, which several conventions name alike
SELECT statement FROM junction.create('"Posts"', 'tags', 'post_tags', dry_run => true);
CREATE TABLE users (id int CONSTRAINT "PK_users" PRIMARY KEY);
CREATE TABLE logins (id int CONSTRAINT "PK_logins" PRIMARY KEY, user_id int CONSTRAINT "FK_logins_users_user_id" REFERENCES users);
CREATE INDEX "IX_logins_user_id" ON logins (user_id);
SELECT statement FROM junction.create('"Posts"', 'tags', 'post_tags', dry_run => true);
-- a table of Rails' in a schema of EF Core's
CREATE TABLE post_tags (post_id int NOT NULL, tag_id int NOT NULL, PRIMARY KEY (post_id, tag_id));
ALTER TABLE post_tags ADD CONSTRAINT fk_rails_c9d8c5063e FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE;
ALTER TABLE post_tags ADD CONSTRAINT fk_rails_fdf74b486b FOREIGN KEY (post_id) REFERENCES "Posts" ON DELETE CASCADE;
SELECT statement FROM junction.repair('post_tags', dry_run => true);
SELECT statement FROM junction.promote('post_tags', 'labels', timestamps => false, dry_run => true) WHERE statement !~ 'ADD COLUMN|not_null';
SET client_min_messages = warning;
SELECT fix FROM junction.report('post_tags') WHERE rule = 'half_indexed';
CALL junction.repair_concurrently('post_tags');
SELECT count(*) > 0 AS promoted FROM junction.promote('post_tags', 'labels', timestamps => false);
SELECT * FROM names_of('labels');
SELECT count(*) > 0 AS demoted FROM junction.demote('labels');
SELECT * FROM names_of('post_tags');
DROP TABLE post_tags;

-- Prisma's UNIQUE is an index: that tells it from PostgreSQL.
CREATE TABLE "A" (id int, code int, CONSTRAINT "A_pkey" PRIMARY KEY (id));
CREATE UNIQUE INDEX "A_code_key" ON "A" (code);
DROP TABLE users, logins;
SELECT count(*) FROM junction.create('"A"', 'tags', 'as_tags');
SET client_min_messages = notice;
ALTER TABLE as_tags ADD COLUMN code int;
CREATE UNIQUE INDEX as_tags_code_key ON as_tags (code);
SELECT statement FROM junction.promote('as_tags', 'bs', timestamps => false, dry_run => true) WHERE statement ~ 'primary_to_unique|_key';
SET client_min_messages = warning;
DROP TABLE as_tags;
RESET junction.naming;

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_naming CASCADE;
DROP ROLE regress_junction_namer;
