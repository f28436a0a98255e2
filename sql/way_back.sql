-- What a promotion makes, a demotion brings back; or the promotion says before
-- that it will not. And a promotion that is under way is known by more than a
-- comment, which CREATE TABLE ... LIKE copies.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_way_back;
CREATE SCHEMA test_way_back AUTHORIZATION regress_junction_way_back;
CREATE SCHEMA test_way_back_too AUTHORIZATION regress_junction_way_back;
SET SESSION AUTHORIZATION regress_junction_way_back;
SET search_path = test_way_back;

CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users VALUES (1), (2);
INSERT INTO orgs VALUES (1), (2);
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
-- what a table looks like; 18 keeps NOT NULL as constraints: left out
CREATE FUNCTION shape(rel regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END, pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = rel AND contype <> 'n'
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = rel
$$;
CREATE TABLE kept (line text);
-- there and back: what is another then, and what the table is called
CREATE FUNCTION trip(rel text, arguments text = '', name text = 'things') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM kept;
    INSERT INTO kept SELECT shape(rel::regclass);
    EXECUTE format('SELECT count(*) FROM junction.promote(%L, %L%s)', rel, name, arguments);
    IF NOT EXISTS (SELECT FROM junction.junctions WHERE junction = name::regclass AND kind = 'entity') THEN
        RETURN NEXT 'it is no entity';
    END IF;
    PERFORM junction.demote(name::regclass, rel);
    RETURN QUERY SELECT 'before: ' || line FROM (TABLE kept EXCEPT ALL SELECT shape(rel::regclass)) AS before (line);
    RETURN QUERY SELECT 'after: ' || line FROM (SELECT shape(rel::regclass) EXCEPT ALL TABLE kept) AS after (line);
END $$;

--
-- A key over the rows that live: it is no key for all rows, and stays what it is
--
CREATE TABLE links (user_id int NOT NULL REFERENCES users, org_id int REFERENCES orgs, deleted_at timestamptz);
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE deleted_at IS NULL;
CREATE INDEX ON links (org_id);
INSERT INTO links VALUES (1, 1, NULL), (1, 1, now()), (1, 1, now()), (2, NULL, NULL), (2, NULL, NULL);
CREATE TABLE before AS TABLE links;
SELECT kind, pair_key FROM junction.junctions WHERE junction = 'links'::regclass;
SELECT statement FROM junction.promote('links', 'things', timestamps => false, id_type => 'bigint') WHERE statement !~ 'not_null' ORDER BY step;
SELECT kind, pair_key, own_columns FROM junction.junctions WHERE junction = 'things'::regclass;
SELECT refused('INSERT INTO things VALUES (1, 1)');
SELECT statement FROM junction.demote('things', 'links', dry_run => true) WHERE statement !~ 'not_null' ORDER BY step;
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'links');
SELECT kind, pair_key, own_columns FROM junction.junctions WHERE junction = 'links'::regclass;
SELECT count(*) FROM (TABLE links EXCEPT ALL TABLE before) AS rows;
SELECT refused('INSERT INTO links VALUES (1, 1)');
-- with other arguments; its own name; names of its own; one that it was given
SELECT trip('links');
SELECT trip('links', name => 'links');
SELECT trip('links', ', portable => true, columns => array[''note text'']');
SELECT trip('links', ', keep_old_name => true');
ALTER INDEX links_user_id_org_id_idx RENAME TO "Once, alive";
SELECT trip('links');
SELECT trip('links', ', unique_name => ''just once''');
CALL junction.promote_concurrently('links', 'things');
SELECT kind, pair_key FROM junction.junctions WHERE junction = 'things'::regclass;
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'links');
SELECT shape FROM shape('links') ORDER BY shape COLLATE "C";
DROP TABLE links;
SET junction.naming = drizzle;
CREATE TABLE links (user_id int NOT NULL CONSTRAINT links_user_id_users_id_fk REFERENCES users,
    org_id int CONSTRAINT links_org_id_orgs_id_fk REFERENCES orgs, live bool);
CREATE UNIQUE INDEX links_user_id_org_id_index ON links (user_id, org_id) WHERE live;
SELECT trip('links');
DROP TABLE links;
RESET junction.naming;
-- partitioned; a column that was dropped before
CREATE TABLE links (gone int, user_id int NOT NULL REFERENCES users, org_id int REFERENCES orgs, live bool) PARTITION BY LIST (user_id);
ALTER TABLE links DROP gone;
CREATE TABLE links_1 PARTITION OF links FOR VALUES IN (1);
CREATE TABLE links_2 PARTITION OF links DEFAULT;
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE live;
SELECT trip('links', ', primary_key => ''{id,user_id}''');
DROP TABLE links;
-- not where what the predicate is about goes too
CREATE TABLE links (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, live bool);
CREATE UNIQUE INDEX live_pair ON links (user_id, org_id) WHERE live;
SELECT refused($$SELECT junction.demote('links', discard_columns => true)$$);
DROP TABLE links;
-- an index on an expression or a predicate of what goes, goes with it
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things', columns => '{n int, live bool}');
CREATE INDEX things_expression ON things ((n + 1));
CREATE INDEX things_predicate ON things (user_id) WHERE live;
CREATE INDEX things_org_id_idx ON things (org_id);
SELECT statement FROM junction.demote('things', 'links') WHERE statement ~ 'INDEX' ORDER BY step;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'links'::regclass ORDER BY 1;
DROP TABLE links;

--
-- Other junctions without a primary key get one by a demotion, or none can be
-- made: that is said, by a dry run too
--
SET client_min_messages = notice;
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE NULLS NOT DISTINCT (user_id, org_id));
SELECT step FROM junction.promote('links', 'things', dry_run => true) LIMIT 1;
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things');
SELECT refused($$SELECT junction.demote('things', 'links')$$);
DROP TABLE things;
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs);
CREATE UNIQUE INDEX "Pair" ON links (user_id, org_id DESC);
CALL junction.promote_concurrently('links', 'things');
SELECT refused($$SELECT junction.demote('things', 'links')$$);
DROP TABLE things;
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, UNIQUE (user_id, org_id));
\set VERBOSITY default
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things');
\set VERBOSITY terse
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'links');
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'links'::regclass AND contype IN ('u', 'p');
DROP TABLE links;
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, live bool);
CREATE UNIQUE INDEX ON links (user_id, org_id) WHERE live;
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things');
DROP TABLE things;
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things');
DROP TABLE things;
-- so is a column that gets NOT NULL by being in the primary key
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, n int DEFAULT 1, PRIMARY KEY (user_id, org_id));
SELECT count(*) > 0 AS promoted FROM junction.promote('links', 'things', primary_key => '{id,n,user_id}');
SELECT count(*) > 0 AS demoted FROM junction.demote('things', 'links');
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'links'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
DROP TABLE links;
SET client_min_messages = warning;

--
-- A promotion that is under way, and a table that was made like it
--
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
INSERT INTO links VALUES (1, 1), (2, 2);
\set ECHO none
\pset tuples_only on
SELECT statement FROM junction.promote('links', 'things', concurrently => true, dry_run => true) WHERE step <= 3 \gexec
\pset tuples_only off
\set ECHO all
CREATE TABLE "Copy" (LIKE links INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
SELECT col_description('"Copy"'::regclass, attnum) = col_description('links'::regclass, attnum) AS same_comment
FROM pg_attribute WHERE attrelid = '"Copy"'::regclass AND attname = 'id';
-- the copy is a junction with a column "id", and no more
SELECT refused($$SELECT junction.promote('"Copy"')$$) AS promote, refused($$SELECT junction.demote('"Copy"')$$) AS demote;
SELECT count(*) > 0 AS promoted FROM junction.promote('"Copy"', 'copies', id_column => 'number', id_type => 'bigint', timestamps => false);
SELECT count(*) > 0 AS demoted FROM junction.demote('copies', '"Copy"');
SELECT attname FROM pg_attribute WHERE attrelid = '"Copy"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
-- the original goes on to be what it is, under another name, or in another schema
SELECT refused($$SELECT junction.promote('links')$$);
BEGIN;
ALTER TABLE links RENAME TO ties;
SELECT refused($$SELECT junction.promote('ties')$$);
SELECT count(*) AS undone FROM junction.demote('ties');
SELECT attname FROM pg_attribute WHERE attrelid = 'ties'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
ROLLBACK;
BEGIN;
ALTER TABLE links SET SCHEMA test_way_back_too;
SELECT refused($$SELECT junction.promote('test_way_back_too.links')$$);
ROLLBACK;
-- as it was restored from a dump, it has another number: the name is enough then
BEGIN;
DROP TABLE "Copy";
CREATE TABLE restored (LIKE links INCLUDING ALL, FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (org_id) REFERENCES orgs);
INSERT INTO restored TABLE links;
DROP TABLE links;
ALTER TABLE restored RENAME TO links;
COMMIT;
SELECT count(id) AS filled FROM links;
SELECT id FROM links WHERE user_id = 1 \gset before_
CALL junction.promote_concurrently('links', 'things');
SELECT count(*), count(DISTINCT id) FROM things;
SELECT count(*) > 0 AS kept FROM things WHERE id = :'before_id';
SELECT count(*) FROM pg_attribute WHERE attrelid = 'things'::regclass AND col_description(attrelid, attnum) IS NOT NULL;

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_way_back, test_way_back_too CASCADE;
DROP ROLE regress_junction_way_back;
