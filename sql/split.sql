-- junction.split(): a multiway table, by actor or into junctions of two ends.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_split;
CREATE ROLE regress_junction_split_other;
CREATE SCHEMA split AUTHORIZATION regress_junction_split;
SET search_path = split;
SET ROLE regress_junction_split;
GRANT USAGE ON SCHEMA split TO regress_junction_split_other;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);
INSERT INTO invoices SELECT generate_series(1, 40);
INSERT INTO tags SELECT generate_series(1, 40);
INSERT INTO users SELECT generate_series(1, 40);

--
-- By actor
--
CREATE TABLE taggings (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE, user_id int REFERENCES users,
                       note text, PRIMARY KEY (user_id, invoice_id, tag_id));
INSERT INTO taggings SELECT i, 1 + (i + t) % 7, 1 + i * t % 5 FROM generate_series(1, 20) AS i, generate_series(1, 6) AS t;
SELECT determinant, dependent, exceptions FROM junction.dependencies('taggings') WHERE dependent = '{user_id}';
INSERT INTO taggings VALUES (30, 1, 1), (30, 1, 2);
\set VERBOSITY default
SELECT * FROM junction.split('taggings', actor => '{user_id}');
\set VERBOSITY terse
DELETE FROM taggings WHERE invoice_id = 30;
SELECT count(*) AS before FROM taggings \gset
SELECT * FROM junction.split('taggings', actor => '{user_id}', dry_run => true);
SELECT kind FROM junction.junctions WHERE junction = 'taggings'::regclass;
SELECT * FROM junction.split('taggings', actor => '{user_id}');
SELECT kind, endpoints, served_by, pair_key, own_columns FROM junction.junctions WHERE junction = 'taggings'::regclass;
SELECT count(*) = :before AS all_there FROM taggings;
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'taggings'::regclass AND attnum > 0 ORDER BY attnum;
-- it is ready for promote, and the actor stays
SELECT count(*) > 0 AS promoted FROM junction.promote('taggings', 'labelings');
SELECT kind, own_columns FROM junction.junctions WHERE junction = 'labelings'::regclass;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'labelings'::regclass AND contype IN ('p', 'u', 'f') ORDER BY 1;
DROP TABLE labelings;

-- A UNIQUE beside an id: it becomes an entity.  The replica identity stays.
CREATE TABLE facts (id serial PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags, user_id int NOT NULL REFERENCES users);
CREATE UNIQUE INDEX facts_key ON facts (invoice_id, user_id, tag_id);
ALTER TABLE facts REPLICA IDENTITY USING INDEX facts_key;
SELECT statement, locks FROM junction.split('facts', '{user_id}');
SELECT kind FROM junction.junctions WHERE junction = 'facts'::regclass;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'facts'::regclass AND indisreplident;
DROP TABLE facts;
-- two columns of an end, one of them shared; four ends leave three
CREATE TABLE "T ""x""" (tenant int, "Id" text, PRIMARY KEY (tenant, "Id"));
CREATE TABLE "Four, Ends" (tenant int, "a ""1""" text, "B" text, tag_id int REFERENCES tags, user_id int REFERENCES users, PRIMARY KEY (tenant, "a ""1""", "B", tag_id, user_id),
                    FOREIGN KEY (tenant, "a ""1""") REFERENCES "T ""x""", FOREIGN KEY (tenant, "B") REFERENCES "T ""x""");
SELECT statement FROM junction.split('"Four, Ends"', '{"B",tenant}');
SELECT kind, endpoints FROM junction.junctions WHERE junction = '"Four, Ends"'::regclass;
SELECT statement FROM junction.split('"Four, Ends"', '{user_id}');
SELECT kind, endpoints, own_columns FROM junction.junctions WHERE junction = '"Four, Ends"'::regclass;
DROP TABLE "Four, Ends";

-- a key that is checked at commit is so afterwards
CREATE TABLE late (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users,
                   PRIMARY KEY (invoice_id, tag_id, user_id) DEFERRABLE INITIALLY DEFERRED);
SELECT count(*) FROM junction.split('late', actor => '{user_id}');
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'late'::regclass AND contype = 'p';
DROP TABLE late;

--
-- Into tables
--
-- each invoice has its tags, with a note each, and apart from these its users
CREATE TABLE taggings (invoice_id int REFERENCES invoices ON DELETE CASCADE ON UPDATE CASCADE, tag_id int REFERENCES tags ON DELETE RESTRICT, user_id int REFERENCES users,
                       note text COLLATE "C" DEFAULT 'n' NOT NULL CHECK (note <> ''), by_id int REFERENCES users ON DELETE SET NULL,
                       PRIMARY KEY (invoice_id, tag_id, user_id));
INSERT INTO taggings SELECT i, t, u, 'note ' || i || t, NULLIF(i + t, 4)
FROM generate_series(1, 20) AS i, generate_series(1, 9) AS t, generate_series(1, 7) AS u WHERE (i + t) % 3 = 0 AND (i + u) % 2 = 0;
CREATE TABLE kept AS TABLE taggings;
SELECT parts, lossless, spurious FROM junction.dependencies('taggings') WHERE parts IS NOT NULL;
-- no other way is lossless, and the notes go with the tags
SELECT * FROM junction.split('taggings', dry_run => true);
SELECT count(*) FROM junction.split('taggings');
SELECT junction, kind, endpoints, served_by, own_columns FROM junction.junctions WHERE junction::text ~ '^invoice' ORDER BY 1;
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('invoice_tags'::regclass, 'invoice_users'::regclass) AND contype <> 'n' ORDER BY 1, 2;
SELECT count(*) FROM kept;
SELECT count(*) FROM (SELECT invoice_id, tag_id, user_id, note, by_id FROM invoice_tags JOIN invoice_users USING (invoice_id) INTERSECT TABLE kept) AS both_have;
SELECT count(*) FROM invoice_tags JOIN invoice_users USING (invoice_id);
SELECT count(*) FROM taggings;
-- the names are taken now
SELECT junction.split('taggings');
DROP TABLE invoice_tags, invoice_users;
-- other names, in another order, and the table is dropped
SELECT statement, locks FROM junction.split('taggings', into_tables => '{"\"User of \"\"x\"\"\" ( user_id,invoice_id )", "labels(tag_id, note, by_id, invoice_id)"}', keep_source => false)
WHERE statement !~ '^CREATE INDEX';
SELECT count(*) FROM (SELECT invoice_id, tag_id, user_id, note, by_id FROM labels JOIN "User of ""x""" USING (invoice_id) INTERSECT TABLE kept) AS both_have;
SELECT to_regclass('taggings');
DROP TABLE labels, "User of ""x""";

-- three pairs that are lossless together only
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users, PRIMARY KEY (invoice_id, tag_id, user_id));
INSERT INTO taggings VALUES (1, 1, 2), (1, 2, 1), (2, 1, 1), (1, 1, 1);
SELECT statement FROM junction.split('taggings') WHERE statement ~ '^CREATE TABLE';
SELECT count(*) FROM invoice_tags JOIN invoice_users USING (invoice_id) JOIN tag_users USING (tag_id, user_id);
DROP TABLE invoice_tags, invoice_users, tag_users;

-- the parts have the types of the parents' keys
CREATE TABLE marks (id int8 PRIMARY KEY);
CREATE TABLE words (id varchar(5) COLLATE "C" PRIMARY KEY);
INSERT INTO marks VALUES (1), (2);
INSERT INTO words VALUES ('a'), ('b');
CREATE TABLE markings (mark_id int2 REFERENCES marks, word_id text COLLATE "C" REFERENCES words, user_id int REFERENCES users, PRIMARY KEY (mark_id, word_id, user_id));
INSERT INTO markings VALUES (1, 'a', 1), (1, 'b', 1), (2, 'b', 2);
SELECT count(*) FROM junction.split('markings', into_tables => '{"one(mark_id, word_id)", "two(mark_id, user_id)"}');
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, collname
FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
WHERE attrelid IN ('one'::regclass, 'two'::regclass) AND attnum > 0 ORDER BY attrelid::regclass::text, attnum;
SELECT * FROM one JOIN two USING (mark_id) ORDER BY 1, 2;
DROP TABLE one, two, markings, marks, words;

--
-- The finding of one table: none of one that is taken apart already, by its comment
--
SELECT obj_description('taggings'::regclass), (SELECT count(*) FROM junction.report('taggings') WHERE rule = 'multiway') AS found;
COMMENT ON TABLE taggings IS E'Who''s it?\n@junction ignore name, no_cascade: yes';
SELECT statement FROM junction.split('taggings', dry_run => true) WHERE statement ~ '^COMMENT ON TABLE';
COMMENT ON TABLE taggings IS '@junction ignore name, multiway';
SELECT count(*) FROM junction.split('taggings', dry_run => true) WHERE statement ~ '^COMMENT ON TABLE';
COMMENT ON TABLE taggings IS NULL;
SELECT severity, message, detail, fix FROM junction.report('taggings') WHERE rule = 'multiway';
SELECT fix FROM junction.report() WHERE rule = 'multiway' AND junction = 'taggings'::regclass;
-- nor where a name of a part is taken, as after the split
CREATE TABLE invoice_tags ();
SELECT fix FROM junction.report('taggings') WHERE rule = 'multiway';
DROP TABLE invoice_tags;
INSERT INTO taggings VALUES (3, 3, 3);
INSERT INTO taggings SELECT 4, t, u FROM generate_series(4, 5) AS t, generate_series(4, 5) AS u;
SELECT detail, fix FROM junction.report('taggings') WHERE rule = 'multiway';
-- a fact of three ends: nothing can be done, and it can be said
TRUNCATE taggings;
INSERT INTO taggings VALUES (1, 1, 2), (1, 2, 1), (2, 1, 1);
INSERT INTO taggings VALUES (1, 2, 2), (2, 2, 2), (2, 1, 2);
\set VERBOSITY default
SELECT junction.split('taggings');
\set VERBOSITY terse
SELECT detail, fix FROM junction.report('taggings') WHERE rule = 'multiway';
COMMENT ON TABLE taggings IS 'Who may tag. @junction ignore multiway';
SELECT detail, fix FROM junction.report('taggings') WHERE rule = 'multiway';
-- exactly one split by actor
TRUNCATE taggings;
COMMENT ON TABLE taggings IS NULL;
INSERT INTO taggings SELECT (i * 7) % 31 + 1, (i * 3) % 29 + 1, i % 5 + 1 FROM generate_series(1, 700) AS i;
-- no fix while a view rests on the key, which split would refuse
ALTER TABLE taggings ADD COLUMN note text;
CREATE VIEW seen AS SELECT invoice_id, tag_id, user_id, note FROM taggings GROUP BY invoice_id, tag_id, user_id;
SELECT fix FROM junction.report('taggings') WHERE rule = 'multiway';
DROP VIEW seen;
ALTER TABLE taggings DROP COLUMN note;
SELECT detail, fix FROM junction.report('taggings') WHERE rule = 'multiway';
SELECT fix FROM junction.report('taggings') WHERE rule = 'multiway' \gexec
SELECT kind FROM junction.junctions WHERE junction = 'taggings'::regclass;
DROP TABLE taggings;

--
-- What it refuses
--
CREATE FUNCTION refused(VARIADIC arguments text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE format('SELECT junction.split(%s)', array_to_string(arguments, ', '));
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(detail, ''));
END $$;
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users, note text,
                       PRIMARY KEY (invoice_id, tag_id, user_id));
INSERT INTO taggings SELECT i, t, u, 'n' FROM generate_series(1, 3) AS i, generate_series(1, 3) AS t, generate_series(1, 3) AS u WHERE u < 3 OR i < 3;
CREATE TABLE pair (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
SELECT refused('NULL');
SELECT refused('$$users$$');
SELECT refused('$$pair$$');
SELECT refused('$$pg_class$$');
SELECT refused('$$taggings_pkey$$');
SELECT refused('0');
SELECT refused('$$taggings$$', 'keep_source => NULL');
SELECT refused('$$taggings$$', 'dry_run => NULL');
SELECT refused('$$taggings$$', 'actor => $${user_id}$$', 'into_tables => $${a,b}$$');
SELECT refused('$$taggings$$', 'actor => $${}$$');
SELECT refused('$$taggings$$', 'actor => $${NULL}$$');
SELECT refused('$$taggings$$', 'actor => $${nothing}$$');
SELECT refused('$$taggings$$', 'actor => $${note}$$');
SELECT refused('$$taggings$$', 'actor => $${user_id,tag_id}$$');
SELECT refused('$$taggings$$', 'actor => $${user_id}$$', 'keep_source => false');
SELECT refused('$$taggings$$', 'actor => $${user_id}$$');
SELECT refused('$$taggings$$', 'into_tables => $${}$$');
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags}$$');
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_tags}$$');
SELECT refused('$$taggings$$', 'into_tables => $${links,invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"links(invoice_id)",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"links(invoice_id, tag_id, user_id)",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"links(invoice_id, nothing)",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"links(invoice_id, tag_id",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"links()",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"links(invoice_id, tag_id)","links(invoice_id, user_id)"}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"\"(\"(tag_id, user_id); DROP TABLE pair",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"(tag_id, user_id)",invoice_users}$$');
SELECT refused('$$taggings$$', format('into_tables => array[%L, %L]', repeat('x', 64) || '(tag_id, user_id)', 'invoice_users'));
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,tag_users}$$');
-- several could have the note
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"pair(invoice_id, tag_id, note)",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"nowhere.pair(invoice_id, tag_id, note)",invoice_users}$$');
SELECT refused('$$taggings$$', 'into_tables => $${"pg_catalog.pairs(invoice_id, tag_id, note)",invoice_users}$$');
SELECT refused('$$taggings$$', 'dry_run => true');
-- no part decides the note; nor a null beside a value, nor 1.0 beside 1.00
UPDATE taggings SET note = NULL WHERE (tag_id, user_id) = (1, 1);
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
ALTER TABLE taggings ALTER note TYPE numeric USING 1.0;
UPDATE taggings SET note = 1.00 WHERE (tag_id, user_id) = (1, 1);
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
-- a type without an equality operator
ALTER TABLE taggings ALTER note TYPE json USING to_json(invoice_id + 10 * user_id);
SELECT statement FROM junction.split('taggings', into_tables => '{invoice_tags,invoice_users}', dry_run => true) WHERE statement ~ 'note';
-- values that the server makes
ALTER TABLE taggings DROP note, ADD n int GENERATED ALWAYS AS IDENTITY;
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
ALTER TABLE taggings DROP n, ADD n serial;
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
ALTER TABLE taggings DROP n, ADD n int GENERATED ALWAYS AS (3) STORED;
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
ALTER TABLE taggings DROP n;
-- what rests on the table, or would be lost with it
CREATE VIEW seen AS SELECT invoice_id FROM taggings;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER t AFTER INSERT ON taggings EXECUTE FUNCTION nothing();
ALTER TABLE taggings ADD CONSTRAINT "Odd" CHECK (tag_id + user_id > 0), ENABLE ROW LEVEL SECURITY;
CREATE TABLE child () INHERITS (taggings);
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$', 'keep_source => false');
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$', 'dry_run => true');
CREATE TABLE rests (invoice_id int, tag_id int, user_id int, FOREIGN KEY (invoice_id, tag_id, user_id) REFERENCES taggings);
SELECT refused('$$taggings$$', 'actor => $${user_id}$$');
DROP TABLE taggings CASCADE;
DROP TABLE rests;
-- rows without an end
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int,
                       UNIQUE (invoice_id, tag_id, user_id));
INSERT INTO taggings VALUES (1, 1, NULL), (1, 2, 99);
ALTER TABLE taggings ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
DELETE FROM taggings WHERE user_id IS NULL;
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
DROP TABLE taggings;
-- partitions
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users,
                       PRIMARY KEY (invoice_id, tag_id, user_id)) PARTITION BY LIST (invoice_id);
CREATE TABLE taggings_1 PARTITION OF taggings DEFAULT PARTITION BY LIST (user_id);
CREATE TABLE taggings_1_1 PARTITION OF taggings_1 DEFAULT;
INSERT INTO taggings VALUES (1, 1, 1), (2, 1, 1);
SELECT refused('$$taggings_1$$', 'actor => $${user_id}$$');
SELECT refused('$$taggings$$', 'actor => $${user_id}$$');
SELECT statement, locks FROM junction.split('taggings', actor => '{tag_id}', dry_run => true);
SELECT count(*) > 0 AS split FROM junction.split('taggings', into_tables => '{invoice_tags,invoice_users}', keep_source => false);
TABLE invoice_tags;
DROP TABLE invoice_tags, invoice_users;
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users,
                       m text, UNIQUE (invoice_id, tag_id, user_id) INCLUDE (m));
SELECT refused('$$taggings$$', 'actor => $${user_id}$$');
-- another role's table, and parents
SET ROLE regress_junction_split_other;
SELECT refused('$$taggings$$', 'actor => $${user_id}$$');
SELECT refused('$$taggings$$', 'dry_run => true');
RESET ROLE;
REVOKE SELECT ON taggings FROM regress_junction_split;
SET ROLE regress_junction_split;
SELECT refused('$$taggings$$', 'actor => $${user_id}$$');
GRANT SELECT ON taggings TO regress_junction_split;
ALTER TABLE taggings DROP m, ADD PRIMARY KEY (invoice_id, tag_id, user_id);
RESET ROLE;
ALTER TABLE users OWNER TO regress_junction_split_other;
SET ROLE regress_junction_split;
SELECT refused('$$taggings$$', 'into_tables => $${invoice_tags,invoice_users}$$');
DROP TABLE taggings;
-- in a transaction with one snapshot, rows of before it are all there
RESET ROLE;
ALTER TABLE users OWNER TO regress_junction_split;
SET ROLE regress_junction_split;
CREATE TABLE taggings (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users, PRIMARY KEY (invoice_id, tag_id, user_id));
INSERT INTO taggings VALUES (1, 1, 1), (2, 1, 1);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM taggings;
SELECT count(*) > 0 AS split FROM junction.split('taggings', into_tables => '{invoice_tags,invoice_users}');
TABLE invoice_tags;
ROLLBACK;
-- temporary tables
CREATE TEMP TABLE "A" (id int PRIMARY KEY);
CREATE TEMP TABLE b (id int PRIMARY KEY);
CREATE TEMP TABLE c (id int PRIMARY KEY);
CREATE TEMP TABLE abc (a int REFERENCES "A", b int REFERENCES b, c int REFERENCES c, PRIMARY KEY (a, b, c));
SELECT statement FROM junction.split('abc', into_tables => '{"ab(a, b)","bc(b, c)"}', keep_source => false) WHERE statement ~ 'TABLE .*(ab|c) ?';

RESET ROLE;
RESET search_path;
SET client_min_messages = error;
DROP SCHEMA split CASCADE;
DROP OWNED BY regress_junction_split;
DROP ROLE regress_junction_split, regress_junction_split_other;
