-- The four rules of a junction, and that a promotion keeps them: a pair appears
-- once, both ends exist, a link goes when either end goes; and an entity is a
-- junction still.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE ROLE regress_junction_story;
CREATE SCHEMA story AUTHORIZATION regress_junction_story;
SET LOCAL search_path = story, public;
SET LOCAL ROLE regress_junction_story;

SELECT plan(22);

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO invoices VALUES (1), (2), (3);
INSERT INTO tags VALUES (1), (2), (3);

-- Made
SELECT cmp_ok((SELECT count(*) FROM junction.create('invoices', 'tags')), '>', 0::bigint, 'create tells what it ran');
SELECT has_table('story', 'invoice_tags', 'and the junction is there');
INSERT INTO invoice_tags (invoice_id, tag_id) VALUES (1, 1), (1, 2), (2, 1), (2, 2), (3, 3);

SELECT throws_ok('INSERT INTO invoice_tags (invoice_id, tag_id) VALUES (1, 1)', '23505', NULL,
                 'a duplicate pair is rejected');
SELECT throws_ok('INSERT INTO invoice_tags (invoice_id, tag_id) VALUES (9, 1)', '23503', NULL,
                 'an orphan on the left is rejected');
SELECT throws_ok('INSERT INTO invoice_tags (invoice_id, tag_id) VALUES (1, 9)', '23503', NULL,
                 'an orphan on the right is rejected');
SELECT throws_ok('INSERT INTO invoice_tags (invoice_id) VALUES (1)', '23502', NULL,
                 'a link to nothing is rejected');
DELETE FROM invoices WHERE id = 1;
SELECT set_eq('SELECT invoice_id, tag_id FROM invoice_tags', 'VALUES (2, 1), (2, 2), (3, 3)',
              'deleting an invoice sweeps its links, and no other');
DELETE FROM tags WHERE id = 2;
SELECT set_eq('SELECT invoice_id, tag_id FROM invoice_tags', 'VALUES (2, 1), (3, 3)',
              'deleting a tag sweeps its links, and no other');
SELECT is_empty($$SELECT * FROM junction.report('invoice_tags')$$, 'the report has nothing to say of it');
SELECT is(kind, 'pure', 'it is pure') FROM junction.junctions WHERE junction = 'invoice_tags'::regclass;

-- Promoted
SELECT lives_ok($$
    SELECT junction.promote('invoice_tags', 'labels', columns => ARRAY['weight int NOT NULL DEFAULT 1'])$$,
    'promote runs');
SELECT hasnt_table('story', 'invoice_tags', 'the old name is gone');
SELECT set_eq('SELECT invoice_id, tag_id, weight FROM labels', 'VALUES (2, 1, 1), (3, 3, 1)',
              'every link is there still');
SELECT is(count(DISTINCT id), 2::bigint, 'two rows differ by id') FROM labels;
SELECT col_is_pk('story', 'labels', 'id', 'the id is the primary key');
SELECT is(kind, 'entity', 'it is an entity') FROM junction.junctions WHERE junction = 'labels'::regclass;

SELECT throws_ok('INSERT INTO labels (invoice_id, tag_id) VALUES (2, 1)', '23505', NULL,
                 'a duplicate pair is rejected still');
SELECT throws_ok('INSERT INTO labels (invoice_id, tag_id) VALUES (9, 1)', '23503', NULL,
                 'and an orphan on the left');
SELECT throws_ok('INSERT INTO labels (invoice_id, tag_id) VALUES (2, 9)', '23503', NULL,
                 'and an orphan on the right');
DELETE FROM invoices WHERE id = 2;
SELECT set_eq('SELECT invoice_id, tag_id FROM labels', 'VALUES (3, 3)', 'deleting an invoice sweeps');
DELETE FROM tags WHERE id = 3;
SELECT is_empty('SELECT FROM labels', 'deleting a tag sweeps');
SELECT is_empty($$SELECT * FROM junction.report('labels')$$, 'the report has nothing to say of it');

SELECT * FROM finish();
ROLLBACK;
