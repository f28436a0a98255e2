-- junction.merge, as an ordinary role: what becomes of each kind of child, and what is refused.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_junction_merger;
CREATE ROLE regress_junction_stranger;
CREATE SCHEMA regress_merge AUTHORIZATION regress_junction_merger;
GRANT USAGE ON SCHEMA regress_merge TO regress_junction_stranger;
SET SESSION AUTHORIZATION regress_junction_merger;
SET search_path = regress_merge;
SET timezone = 'UTC';

-- changes: what a merge returns, without the statements
CREATE FUNCTION rows_of(name regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY r::text) FROM %s AS r', name) INTO result;
    RETURN result;
END $$;

CREATE TABLE tags (id int PRIMARY KEY, slug text UNIQUE, name text);
INSERT INTO tags SELECT n, 's' || n, 'Tag ' || n FROM generate_series(1, 20) AS n;
CREATE TABLE invoices (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, 9);

-- A junction: the plan, then the merge, then nothing is left to do
CREATE TABLE invoice_tags (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE, PRIMARY KEY (invoice_id, tag_id));
INSERT INTO invoice_tags VALUES (1, 7), (1, 9), (2, 9), (3, 9), (4, 3);
SELECT * FROM junction.merge('tags', 7, ARRAY[9], dry_run => true);
SELECT rows_of('invoice_tags'), count(*) FROM tags;
SELECT step, child, change, rows FROM junction.merge('tags', 7, ARRAY[9]);
SELECT rows_of('invoice_tags'), count(*) FROM tags;
SELECT count(*) FROM junction.merge('tags', 7, ARRAY[9]);
SELECT count(*) FROM junction.merge('tags', 7, '{}');

-- Several at once, of which two have the same link; a key by another column; a plain foreign key; more than one key
INSERT INTO invoice_tags VALUES (5, 10), (5, 11), (6, 11), (7, 7), (7, 10);
CREATE TABLE posts (id int PRIMARY KEY, tag text REFERENCES tags (slug) ON UPDATE CASCADE, tag_id int REFERENCES tags ON DELETE SET NULL, tag_ids int[], taggable_type text, taggable_id int);
INSERT INTO posts (id, tag, tag_id) VALUES (1, 's10', 11), (2, 's7', 10), (3, NULL, 7), (4, 's3', NULL);
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[10, 11, 10]) WHERE change IS NOT NULL;
SELECT rows_of('invoice_tags');
SELECT rows_of('posts');
DROP TABLE posts;

-- The statements by hand do the same
BEGIN;
INSERT INTO invoice_tags VALUES (1, 12), (8, 12);
SELECT statement FROM junction.merge('tags', 7, ARRAY[12], dry_run => true) \gexec
SELECT rows_of('invoice_tags'), count(*) FROM tags;
ROLLBACK;

-- Conflicts: the row that stays, the newest, none
CREATE TABLE marks (tag_id int NOT NULL REFERENCES tags, person text, note text, updated_at timestamptz, UNIQUE (person, tag_id));
INSERT INTO marks VALUES (7, 'a', 'old', '2020-01-01'), (12, 'a', 'new', '2021-01-01'), (7, 'b', 'new', '2021-01-01'), (12, 'b', 'old', '2020-01-01'),
    (7, 'c', 'none', NULL), (12, 'c', 'some', '2020-01-01'), (7, 'd', 'both', NULL), (12, 'd', 'null', NULL), (12, 'e', 'alone', NULL), (13, 'a', 'newest', '2022-01-01'),
    (13, NULL, 'no person', NULL), (7, NULL, 'no person', NULL);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12, 13]) WHERE rows > 0;
SELECT person, note FROM marks ORDER BY 1, 2;
ROLLBACK;
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12, 13], 'newest') WHERE rows > 0;
SELECT person, note FROM marks ORDER BY 1, 2;
ROLLBACK;
SELECT junction.merge('tags', 7, ARRAY[12, 13], 'error');
SELECT junction.merge('tags', 7, ARRAY[12], 'Error', dry_run => true);
SELECT change, rows FROM junction.merge('tags', 7, ARRAY[14], 'error') WHERE rows > 0;

-- Partial keys, expressions, NULLS NOT DISTINCT, one to one, exclusion, deferrable, hash of the rest by a collation
CREATE TABLE live (tag_id int REFERENCES tags, invoice_id int, deleted_at timestamptz);
CREATE UNIQUE INDEX ON live (tag_id, invoice_id) WHERE deleted_at IS NULL;
INSERT INTO live VALUES (7, 1, NULL), (12, 1, NULL), (12, 2, '2020-01-01 UTC'), (7, 2, NULL), (12, 3, NULL), (12, 3, '2020-01-01 UTC');
CREATE TABLE spoken (tag_id int REFERENCES tags, word text, part text);
CREATE UNIQUE INDEX ON spoken (lower(word), tag_id, (part || '!')) NULLS NOT DISTINCT;
INSERT INTO spoken VALUES (7, 'A', NULL), (12, 'a', NULL), (12, 'b', 'x'), (7, NULL, 'y'), (12, NULL, 'y');
CREATE TABLE profiles (tag_id int PRIMARY KEY REFERENCES tags DEFERRABLE INITIALLY DEFERRED, text text);
INSERT INTO profiles VALUES (7, 'seven'), (12, 'twelve');
CREATE TABLE held (tag_id int REFERENCES tags, during int4range, EXCLUDE USING gist (int4range(tag_id, tag_id, '[]') WITH =, during WITH &&));
INSERT INTO held VALUES (7, '[1,3)'), (12, '[1,3)'), (12, '[5,7)');
CREATE TABLE later (tag_id int REFERENCES tags, n int, UNIQUE (tag_id, n) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO later VALUES (7, 1), (12, 1), (12, 2);
CREATE TABLE derived (tag_id int REFERENCES tags, n int, code text GENERATED ALWAYS AS (tag_id || '-' || n) STORED UNIQUE);
INSERT INTO derived VALUES (7, 1), (12, 1), (12, 2);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
SELECT rows_of(t) FROM unnest('{live,spoken,profiles,held,later,derived}'::regclass[]) AS t;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;
-- ranges that overlap but are not equal, are not one
UPDATE held SET during = '[2,4)' WHERE tag_id = 12 AND during = '[1,3)';
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TABLE live, spoken, profiles, held, later, derived;
-- what an exclusion allows beside each other is no conflict, though it is equal
CREATE TABLE held (tag_id int REFERENCES tags, during int4range, EXCLUDE USING gist (int4range(tag_id, tag_id, '[]') WITH =, during WITH &&));
INSERT INTO held VALUES (7, 'empty'), (12, 'empty'), (12, 'empty'), (7, '[1,3)'), (12, '[1,3)');
CREATE TABLE apart (tag_id int REFERENCES tags, during int4range, EXCLUDE USING gist (int4range(tag_id, tag_id, '[]') WITH =, during WITH -|-));
INSERT INTO apart VALUES (7, '[1,3)'), (12, '[1,3)'), (12, '[1,3)');
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
SELECT rows_of(t) FROM unnest('{held,apart}'::regclass[]) AS t;
ROLLBACK;
DROP TABLE held, apart;
-- a generated column is not changed
CREATE TABLE derived (id int, tag_id int GENERATED ALWAYS AS (id + 10) STORED REFERENCES tags);
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TABLE derived;

-- A list: a position that is taken would cost a link
CREATE TABLE listed (tag_id int REFERENCES tags, invoice_id int, position int, PRIMARY KEY (tag_id, invoice_id), UNIQUE (tag_id, position));
INSERT INTO listed VALUES (7, 1, 1), (12, 2, 1), (12, 3, 2);
SELECT junction.merge('tags', 7, ARRAY[12]);
SELECT rows_of('listed');
UPDATE listed SET position = position + 10 WHERE tag_id = 12;
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0 AND child = 'listed'::regclass;
SELECT rows_of('listed');
ROLLBACK;
DROP TABLE listed;

-- equal values that are written in two ways are one, also where the keys are counted
CREATE TABLE priced (price numeric, cost numeric, tag_id int REFERENCES tags, PRIMARY KEY (price, tag_id), UNIQUE (cost, tag_id));
INSERT INTO priced VALUES (1.0, 1.00, 7), (1.00, 1.0, 12), (2, 2.0, 12), (2.00, 2, 7), (3.0, 3.0, 12);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE child = 'priced'::regclass;
SELECT rows_of('priced');
ROLLBACK;
DROP TABLE priced;

-- A relation of the table to itself: loops go, those that were there stay. Undirected, with an index and with a check
INSERT INTO tags SELECT n, 's' || n FROM generate_series(1, 20) AS n ON CONFLICT DO NOTHING;
CREATE TABLE follows (a int REFERENCES tags, b int REFERENCES tags, PRIMARY KEY (a, b));
INSERT INTO follows VALUES (7, 12), (12, 7), (12, 12), (7, 7), (12, 3), (13, 3), (3, 13), (4, 13), (5, 7), (5, 12), (12, 13);
SELECT count(*) FROM junction.create('tags', 'tags', 'friends', '{tag_id}', '{friend_id}', undirected => true);
INSERT INTO friends VALUES (12, 3), (3, 7), (13, 4), (12, 4), (5, 13), (7, 12), (13, 13);
CREATE TABLE pairs (a int REFERENCES tags, b int REFERENCES tags, PRIMARY KEY (a, b), CHECK (a < b));
INSERT INTO pairs VALUES (2, 12), (2, 7), (8, 12), (12, 15), (7, 12), (12, 13), (9, 13);
CREATE TABLE sorted (high int REFERENCES tags, low int REFERENCES tags, PRIMARY KEY (low, high), CHECK (high > low));
INSERT INTO sorted VALUES (12, 8), (9, 7), (12, 7);
CREATE TABLE routes (id int PRIMARY KEY, from_id int REFERENCES tags, to_id int REFERENCES tags);
INSERT INTO routes VALUES (1, 7, 12), (2, 12, 7), (3, 13, 12);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12, 13]) WHERE rows > 0;
SELECT t, rows_of(t) FROM unnest('{follows,friends,pairs,sorted,routes}'::regclass[]) AS t;
ROLLBACK;
DROP TABLE follows, friends, pairs, sorted, routes, marks;
-- a CHECK that compares the ends otherwise puts them in no order
CREATE TABLE near (a int REFERENCES tags, b int REFERENCES tags, PRIMARY KEY (a, b), CHECK (a < b + 5));
INSERT INTO near VALUES (10, 8), (8, 10);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 9, ARRAY[8]) WHERE rows > 0;
SELECT rows_of('near');
ROLLBACK;
DROP TABLE near;
-- What references a link that goes as a loop has no row to be pointed at: refused before the first change, whatever the foreign
-- key does on delete; but for links that go with it
CREATE TABLE follows (id int PRIMARY KEY, a int NOT NULL REFERENCES tags, b int NOT NULL REFERENCES tags, by_id int REFERENCES follows, UNIQUE (a, b));
CREATE TABLE likes (follow_id int REFERENCES follows ON DELETE CASCADE, n int);
INSERT INTO follows VALUES (1, 7, 12, 2), (2, 12, 7, NULL), (3, 12, 3, 1);
INSERT INTO likes VALUES (1, 1), (2, 2), (3, 3);
SELECT junction.merge('tags', 7, ARRAY[12]);
UPDATE follows SET by_id = NULL WHERE id = 3;
SELECT junction.merge('tags', 7, ARRAY[12], dry_run => true);
SELECT rows_of('follows'), rows_of('likes');
DELETE FROM likes WHERE follow_id < 3;
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
SELECT rows_of('follows'), rows_of('likes');
ROLLBACK;
DROP TABLE likes, follows;
-- of a table without a key of its ends, by its pair, and further down
CREATE TABLE tag_tags (id int PRIMARY KEY, a_tag_id int REFERENCES tags, b_tag_id int REFERENCES tags);
CREATE TABLE likes (tag_tag_id int REFERENCES tag_tags ON DELETE SET NULL);
COMMENT ON TABLE tag_tags IS '@junction';
INSERT INTO tag_tags VALUES (1, 7, 12);
INSERT INTO likes VALUES (1);
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TABLE likes, tag_tags;
CREATE TABLE pairs (a int REFERENCES tags, b int REFERENCES tags, PRIMARY KEY (a, b));
CREATE TABLE likes (a int, b int, FOREIGN KEY (a, b) REFERENCES pairs ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO pairs VALUES (7, 12), (12, 12);
INSERT INTO likes VALUES (7, 12), (12, 12);
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TABLE likes, pairs;
CREATE TABLE groups (id int PRIMARY KEY, tag_id int REFERENCES tags, name text, UNIQUE (tag_id, name));
CREATE TABLE links (id int PRIMARY KEY, from_id int REFERENCES groups ON DELETE CASCADE, to_id int REFERENCES groups ON DELETE CASCADE, UNIQUE (from_id, to_id));
CREATE TABLE likes (link_id int REFERENCES links ON DELETE CASCADE);
INSERT INTO groups VALUES (1, 7, 'a'), (2, 12, 'a'), (3, 12, 'b');
INSERT INTO links VALUES (1, 1, 2), (2, 2, 3), (3, 3, 1), (4, 2, 2);
INSERT INTO likes VALUES (1), (2), (4);
SELECT junction.merge('tags', 7, ARRAY[12]);
DELETE FROM likes WHERE link_id = 1;
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
SELECT t, rows_of(t) FROM unnest('{groups,links,likes}'::regclass[]) AS t;
ROLLBACK;
DROP TABLE likes, links, groups;
-- a tree: what would be its own parent has none
CREATE TABLE folders (id int PRIMARY KEY, parent_id int REFERENCES folders ON DELETE CASCADE, name text, UNIQUE (parent_id, name));
CREATE TABLE files (id int PRIMARY KEY, folder_id int NOT NULL REFERENCES folders ON DELETE CASCADE, name text, UNIQUE (folder_id, name));
INSERT INTO folders VALUES (1, NULL, '/'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'x'), (5, 3, 'x'), (6, 4, 'y'), (7, 5, 'y'), (8, 7, 'z'), (9, 3, 'c'), (10, 10, 'self');
INSERT INTO files VALUES (1, 2, 'f'), (2, 3, 'f'), (3, 6, 'g'), (4, 7, 'g'), (5, 7, 'h'), (6, 8, 'i');
BEGIN;
SELECT child, change, rows FROM junction.merge('folders', 2, ARRAY[3]) WHERE rows > 0;
SELECT rows_of('folders');
SELECT rows_of('files');
ROLLBACK;
BEGIN;
SELECT child, change, rows FROM junction.merge('folders', 4, ARRAY[2, 10]) WHERE rows > 0;
SELECT rows_of('folders');
ROLLBACK;
DROP TABLE folders, files;

-- An entity in conflict: what references it is merged first
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 9);
INSERT INTO orgs SELECT generate_series(1, 9);
CREATE TABLE memberships (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, by_id int REFERENCES memberships, UNIQUE (user_id, org_id), UNIQUE (by_id, org_id));
CREATE TABLE notes (id int PRIMARY KEY, membership_id int REFERENCES memberships ON DELETE CASCADE, n int, UNIQUE (membership_id, n));
CREATE TABLE stars (note_id int REFERENCES notes ON DELETE CASCADE, user_id int REFERENCES users, PRIMARY KEY (note_id, user_id));
INSERT INTO memberships VALUES (1, 7, 1, NULL), (2, 8, 1, 1), (3, 8, 2, 2), (4, 6, 2, 3), (5, 9, 1, NULL), (6, 5, 3, 2), (7, 4, 3, 5);
INSERT INTO notes VALUES (1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 3, 1), (5, 5, 2), (6, 5, 3);
INSERT INTO stars VALUES (1, 7), (2, 8), (2, 3), (3, 8), (5, 7), (5, 3), (6, 9);
BEGIN;
SELECT child, change, rows FROM junction.merge('users', 7, ARRAY[8, 9]) WHERE rows > 0;
SELECT t, rows_of(t) FROM unnest('{memberships,notes,stars}'::regclass[]) AS t;
ROLLBACK;
DROP TABLE memberships, notes, stars;
-- what references the pair follows it, whatever its foreign key does on update
CREATE TABLE user_orgs (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
CREATE TABLE roles (user_id int REFERENCES users, org_id int, role text, PRIMARY KEY (user_id, org_id, role), FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON DELETE CASCADE);
CREATE TABLE cards (user_id int, org_id int, n int, FOREIGN KEY (user_id, org_id) REFERENCES user_orgs ON UPDATE CASCADE);
CREATE TABLE role_logs (user_id int, org_id int, role text, FOREIGN KEY (user_id, org_id, role) REFERENCES roles ON DELETE RESTRICT ON UPDATE RESTRICT);
INSERT INTO user_orgs VALUES (7, 1), (8, 1), (8, 2), (9, 2), (9, 3);
INSERT INTO roles VALUES (7, 1, 'a'), (8, 1, 'a'), (8, 1, 'b'), (8, 2, 'c'), (9, 2, 'd'), (9, 3, 'a');
INSERT INTO cards VALUES (8, 1, 1), (9, 2, 2), (9, 3, 3);
INSERT INTO role_logs VALUES (8, 1, 'b'), (9, 3, 'a'), (8, 1, 'a');
BEGIN;
SELECT child, change, rows FROM junction.merge('users', 7, ARRAY[8, 9]) WHERE rows > 0;
SELECT t, rows_of(t) FROM unnest('{user_orgs,roles,cards,role_logs}'::regclass[]) AS t;
ROLLBACK;
DROP TABLE user_orgs, roles, cards, role_logs;

-- Composite keys: named by a record, or by a row; a shared column has to agree
CREATE TABLE tenants (id int PRIMARY KEY);
INSERT INTO tenants VALUES (1), (2);
CREATE TABLE words (tenant_id int REFERENCES tenants, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE texts (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE text_words (tenant_id int, text_id int, word_id int, PRIMARY KEY (tenant_id, text_id, word_id),
    FOREIGN KEY (tenant_id, text_id) REFERENCES texts, FOREIGN KEY (tenant_id, word_id) REFERENCES words);
INSERT INTO words VALUES (1, 1), (1, 2), (1, 3), (2, 1);
INSERT INTO texts VALUES (1, 1), (1, 2), (2, 1);
INSERT INTO text_words VALUES (1, 1, 1), (1, 1, 2), (1, 2, 2), (2, 1, 1), (1, 2, 3);
SELECT junction.merge('words', ROW(1, 1), ARRAY[ROW(2, 1)]);
SELECT junction.merge('words', 1, ARRAY[2]);
SELECT junction.merge('words', ROW(1, 2, 3), ARRAY[ROW(2, 1, 3)]);
SELECT junction.merge('words', ROW(1, NULL::int), ARRAY[ROW(2, 1)]);
-- a key is told in whole
\set VERBOSITY default
SELECT junction.merge('words', ROW(1, 99), ARRAY[ROW(1, 1)]);
SELECT junction.merge('words', ROW(1, 1), ARRAY[ROW(1, 1)]);
\set VERBOSITY terse
SELECT child, change, rows FROM junction.merge('words', ROW(1, 1), ARRAY[ROW(1, 2)]) WHERE rows > 0;
SELECT child, change, rows FROM junction.merge('words', (SELECT w FROM words AS w WHERE w = ROW(1, 1)), ARRAY(SELECT w FROM words AS w WHERE id = 3)) WHERE rows > 0;
SELECT rows_of('text_words');
DROP TABLE text_words, texts, words, tenants;
-- a shared column agrees if its values are equal, however they are written
CREATE TABLE words (tenant numeric, id int, PRIMARY KEY (tenant, id));
CREATE TABLE texts (tenant numeric, id int, PRIMARY KEY (tenant, id));
CREATE TABLE text_words (tenant numeric, text_id int, word_id int, FOREIGN KEY (tenant, text_id) REFERENCES texts, FOREIGN KEY (tenant, word_id) REFERENCES words);
INSERT INTO words VALUES (1.0, 1), (1.00, 2);
INSERT INTO texts VALUES (1, 1);
INSERT INTO text_words VALUES (1.000, 1, 2);
SELECT child, change, rows FROM junction.merge('words', ROW(1, 1), ARRAY[ROW(1, 2)]) WHERE rows > 0;
SELECT rows_of('text_words');
DROP TABLE text_words, texts, words;

-- Partitioned: the parent, the child, a foreign key onto one partition, one of a partition
CREATE TABLE things (kind int, id int, PRIMARY KEY (kind, id)) PARTITION BY LIST (kind);
CREATE TABLE things_2 (id int NOT NULL, kind int NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE things_1 PARTITION OF things FOR VALUES IN (1);
ALTER TABLE things ATTACH PARTITION things_2 FOR VALUES IN (2);
CREATE TABLE thing_notes (kind int, thing_id int, n int, UNIQUE (kind, thing_id, n), FOREIGN KEY (kind, thing_id) REFERENCES things) PARTITION BY HASH (n);
CREATE TABLE thing_notes_0 PARTITION OF thing_notes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE thing_notes_1 PARTITION OF thing_notes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE twos (kind int, id int, FOREIGN KEY (kind, id) REFERENCES things_2);
INSERT INTO things VALUES (1, 1), (1, 2), (2, 1), (2, 2), (2, 3);
INSERT INTO thing_notes SELECT kind, id, n FROM things, generate_series(1, 3) AS n WHERE (id + n + kind) % 3 > 0;
INSERT INTO twos VALUES (2, 1), (2, 2), (2, 3);
SELECT child, change, rows FROM junction.merge('things', ROW(2, 1), ARRAY[ROW(2, 2)]) WHERE rows > 0;
SELECT junction.merge('things', ROW(1, 1), ARRAY[ROW(2, 3)]);
SELECT t, rows_of(t) FROM unnest('{things,thing_notes,twos}'::regclass[]) AS t;
DROP TABLE twos, thing_notes, things;
CREATE TABLE logs (n int, tag_id int) PARTITION BY LIST (n);
CREATE TABLE logs_1 PARTITION OF logs (tag_id REFERENCES tags) FOR VALUES IN (1);
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES IN (2);
INSERT INTO logs VALUES (1, 12), (2, 12);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
SELECT rows_of('logs');
ROLLBACK;
DROP TABLE logs;

-- What points at it without a foreign key is told
CREATE TABLE loose (id int PRIMARY KEY, tag_id int, tag_ids int[], taggable_type text, taggable_id int, other_type text, other_id text);
CREATE TABLE loose_too (tag_id bigint);
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[15]) WHERE rows > 0;
ROLLBACK;
DROP TABLE loose, loose_too;

-- Triggers fire; one that undoes what is done, is found
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION keep_tag() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tag_id := OLD.tag_id; RETURN NEW; END $$;
CREATE FUNCTION change_invoice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.invoice_id := 9; RETURN NEW; END $$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% of (%, %)', TG_OP, OLD.invoice_id, OLD.tag_id; RETURN coalesce(NEW, OLD); END $$;
INSERT INTO invoice_tags VALUES (1, 12), (8, 12);
CREATE TRIGGER t AFTER UPDATE OR DELETE ON invoice_tags FOR EACH ROW EXECUTE FUNCTION tell();
BEGIN;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
ROLLBACK;
DROP TRIGGER t ON invoice_tags;
CREATE TRIGGER t BEFORE UPDATE ON invoice_tags FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TRIGGER t ON invoice_tags;
CREATE TRIGGER t BEFORE UPDATE ON invoice_tags FOR EACH ROW EXECUTE FUNCTION keep_tag();
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TRIGGER t ON invoice_tags;
CREATE TABLE more (invoice_id int, tag_id int REFERENCES tags, UNIQUE (invoice_id, tag_id));
INSERT INTO more VALUES (1, 12), (2, 12), (1, 7);
CREATE TRIGGER t BEFORE UPDATE ON more FOR EACH ROW EXECUTE FUNCTION change_invoice();
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TABLE more;
CREATE TRIGGER t BEFORE DELETE ON tags FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT junction.merge('tags', 7, ARRAY[12]);
DROP TRIGGER t ON tags;

-- Refusals
SELECT junction.merge(NULL, 7, ARRAY[12]);
SELECT junction.merge('tags', NULL::int, ARRAY[12]);
SELECT junction.merge('tags', 7, NULL::int[]);
SELECT junction.merge('tags', 7, ARRAY[12], NULL);
SELECT junction.merge('tags', 7, ARRAY[12, NULL]);
SELECT junction.merge('tags', 7, ARRAY[12], 'some');
SELECT junction.merge('tags', 7, ARRAY[7]);
SELECT junction.merge('tags', 99, ARRAY[7]);
SELECT junction.merge('tags', 'x'::text, ARRAY['y'::text]);
SELECT junction.merge('tags', now(), ARRAY[now()]);
SELECT junction.merge('tags_slug_key', 7, ARRAY[12]);
SELECT junction.merge('pg_class', 7, ARRAY[12]);
SELECT junction.merge(0, 7, ARRAY[12]);
CREATE TABLE bare (id int);
SELECT junction.merge('bare', 7, ARRAY[12]);
DROP TABLE bare;
-- other types that name the key
SELECT count(*) FROM junction.merge('tags', 7::bigint, ARRAY[16::bigint]);
SELECT junction.merge('tags', 7::numeric, ARRAY[17.4::numeric]);
-- keys that the session writes as the same text
BEGIN;
CREATE TABLE numbers (id float8 PRIMARY KEY);
CREATE TABLE uses (number float8 REFERENCES numbers ON DELETE CASCADE);
CREATE TABLE times (id timestamptz PRIMARY KEY);
INSERT INTO numbers VALUES (1), (0.3), (0.1::float8 + 0.2::float8);
INSERT INTO uses SELECT id FROM numbers;
INSERT INTO times VALUES ('2026-11-01 00:00-04'), ('2026-11-01 01:30-04'), ('2026-11-01 01:30-05');
SET LOCAL extra_float_digits = 0;
SELECT change, rows FROM junction.merge('numbers', 1::float8, ARRAY[0.1::float8 + 0.2::float8]) WHERE rows > 0;
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL timezone = 'America/New_York';
SELECT change, rows FROM junction.merge('times', '2026-11-01 00:00-04'::timestamptz, ARRAY['2026-11-01 01:30-05'::timestamptz]) WHERE rows > 0;
SET LOCAL extra_float_digits = 1;
SET LOCAL datestyle = 'ISO';
SELECT rows_of('numbers'), rows_of('uses'), rows_of('times');
ROLLBACK;
-- tables of others, and rows that are not seen
RESET SESSION AUTHORIZATION;
CREATE TABLE theirs (tag_id int REFERENCES tags);
SET SESSION AUTHORIZATION regress_junction_merger;
SELECT junction.merge('tags', 7, ARRAY[12]);
SELECT junction.merge('tags', 7, ARRAY[12], dry_run => true);
RESET SESSION AUTHORIZATION;
DROP TABLE theirs;
SET SESSION AUTHORIZATION regress_junction_stranger;
SELECT junction.merge('regress_merge.tags', 7, ARRAY[12]);
SET SESSION AUTHORIZATION regress_junction_merger;
ALTER TABLE invoice_tags ENABLE ROW LEVEL SECURITY;
SELECT count(*) > 0 FROM junction.merge('tags', 7, ARRAY[12], dry_run => true);
ALTER TABLE invoice_tags FORCE ROW LEVEL SECURITY;
SELECT junction.merge('tags', 7, ARRAY[12]);
ALTER TABLE invoice_tags DISABLE ROW LEVEL SECURITY;

-- A foreign key compares as its parent does: blanks at the end; below, two collations
CREATE TABLE codes (id char(5) PRIMARY KEY);
CREATE TABLE coded (n int, code text REFERENCES codes ON DELETE CASCADE, PRIMARY KEY (n, code));
CREATE TABLE coded_notes (n int, code text, FOREIGN KEY (n, code) REFERENCES coded);
CREATE TABLE shelves (id text COLLATE "POSIX" PRIMARY KEY, tag_id int REFERENCES tags, UNIQUE (tag_id));
CREATE TABLE books (n int, shelf text COLLATE "C" REFERENCES shelves ON DELETE CASCADE, PRIMARY KEY (n, shelf));
INSERT INTO codes VALUES ('a'), ('b');
INSERT INTO coded VALUES (1, 'a'), (2, 'b'), (3, 'b   ');
INSERT INTO coded_notes SELECT n, code FROM coded;
INSERT INTO shelves VALUES ('x', 7), ('y', 12);
INSERT INTO books VALUES (1, 'x'), (1, 'y'), (2, 'y');
BEGIN;
SELECT child, change, rows FROM junction.merge('codes', 'a'::bpchar, ARRAY['b'::bpchar]) WHERE rows > 0;
SELECT child, change, rows FROM junction.merge('tags', 7, ARRAY[12]) WHERE rows > 0;
SELECT rows_of(t) FROM unnest('{coded,coded_notes,shelves,books}'::regclass[]) AS t;
ROLLBACK;
DROP TABLE codes, coded, coded_notes, shelves, books;

-- links between two of the rows are in no conflict with each other, also before they are deleted; keys that are arrays
CREATE TABLE spots (id int[] PRIMARY KEY);
CREATE TABLE paths (a int[] REFERENCES spots, b int[] REFERENCES spots, PRIMARY KEY (a, b));
INSERT INTO spots VALUES ('{1,1}'), ('{2,1}'), ('{3,1}');
INSERT INTO paths VALUES ('{1,1}', '{2,1}'), ('{2,1}', '{1,1}'), ('{2,1}', '{2,1}'), ('{2,1}', '{3,1}');
SELECT count(*) FROM junction.merge('spots', ROW('{1,1}'::int[]), ARRAY[ROW('{2,1}'::int[])], 'error', dry_run => true);
SELECT child, change, rows FROM junction.merge('spots', ROW('{1,1}'::int[]), ARRAY[ROW('{2,1}'::int[])], 'error') WHERE rows > 0;
SELECT rows_of('paths');
INSERT INTO paths VALUES ('{3,1}', '{3,1}');
SELECT junction.merge('spots', ROW('{1,1}'::int[]), ARRAY[ROW('{3,1}'::int[])], 'error', dry_run => true);
SELECT child, change, rows FROM junction.merge('spots', ROW('{1,1}'::int[]), ARRAY[ROW('{3,1}'::int[])]) WHERE rows > 0;
SELECT rows_of('paths');
DROP TABLE paths, spots;

-- A partitioned entity has the partition key in the key of its id; the id of a row that goes is no loss. Positions in a
-- list are; and so is a pair that goes as another row has its id, which nothing but an override gives it
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE held (holder_id int REFERENCES holders, n int, id int GENERATED ALWAYS AS IDENTITY,
                   PRIMARY KEY (id, holder_id), UNIQUE (holder_id, n)) PARTITION BY HASH (holder_id);
CREATE TABLE held_0 PARTITION OF held FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE held_1 PARTITION OF held FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE listed (list_id int REFERENCES holders, n int, place int, PRIMARY KEY (list_id, place), UNIQUE (list_id, n));
INSERT INTO holders VALUES (1), (2);
INSERT INTO held VALUES (1, 1), (1, 2), (2, 1), (2, 3);
BEGIN;
SELECT child, change, rows FROM junction.merge('holders', 1, ARRAY[2]) WHERE rows > 0;
SELECT rows_of('held');
ROLLBACK;
BEGIN;
INSERT INTO listed VALUES (1, 1, 1), (2, 1, 2);
SELECT junction.merge('holders', 1, ARRAY[2]);
ROLLBACK;
INSERT INTO held OVERRIDING SYSTEM VALUE VALUES (2, 4, 1);
SELECT junction.merge('holders', 1, ARRAY[2]);
DROP TABLE held, listed, holders;

-- Hostile names
CREATE TABLE "O'Brien, ""x""; DROP TABLE tags" ("The Id" text PRIMARY KEY);
CREATE TABLE "a
b" ("going" text REFERENCES "O'Brien, ""x""; DROP TABLE tags", "staying, $1 %s \ -- x" int, PRIMARY KEY ("going", "staying, $1 %s \ -- x"));
CREATE UNIQUE INDEX ON "a
b" ("going", ("staying, $1 %s \ -- x" + 1)) WHERE "staying, $1 %s \ -- x" > 0;
INSERT INTO "O'Brien, ""x""; DROP TABLE tags" VALUES ('it''s'), ('\'), ($$a'; DROP TABLE tags; --$$);
INSERT INTO "a
b" SELECT "The Id", n FROM "O'Brien, ""x""; DROP TABLE tags", generate_series(1, 2) AS n;
SELECT change, rows FROM junction.merge('"O''Brien, ""x""; DROP TABLE tags"', '\'::text, ARRAY['it''s', $$a'; DROP TABLE tags; --$$]) WHERE rows > 0;
SELECT rows_of('"a
b"');

RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
DROP SCHEMA regress_merge CASCADE;
DROP ROLE regress_junction_merger, regress_junction_stranger;
