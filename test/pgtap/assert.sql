-- The assertions for pgTAP: each says "ok" of what it claims and "not ok" of all else, and then what there is
-- instead. They are tested with pgTAP's own check_test().
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE ROLE regress_junction_assert_guest;
CREATE SCHEMA assertions;
GRANT USAGE ON SCHEMA assertions TO regress_junction_assert_guest;
SET LOCAL search_path = assertions, public;

SELECT plan(141);

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY);

CREATE TABLE pure (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX ON pure (tag_id);
CREATE TABLE payload (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, role text, "Sort order" int, PRIMARY KEY (tag_id, invoice_id));
CREATE INDEX ON payload (invoice_id);
CREATE TABLE entity (id int PRIMARY KEY, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, UNIQUE (invoice_id, tag_id));
CREATE INDEX ON entity (tag_id);
CREATE TABLE unkeyed (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE TABLE half (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE "Three ends" (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, user_id int REFERENCES users, PRIMARY KEY (invoice_id, tag_id, user_id));
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, tag_id int REFERENCES tags, price numeric);
CREATE TABLE notes (id int PRIMARY KEY, user_id int REFERENCES users);
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE INDEX ON parted (tag_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE VIEW pairs AS SELECT * FROM pure;
CREATE SEQUENCE numbers;

-- is_junction: of any kind
SELECT * FROM check_test(junction.is_junction('pure'), true, 'is_junction of a pure one', 'pure is a junction', '');
SELECT * FROM check_test(junction.is_junction('payload'), true, 'is_junction of one with a payload', 'payload is a junction', '');
SELECT * FROM check_test(junction.is_junction('entity'), true, 'is_junction of an entity', 'entity is a junction', '');
SELECT * FROM check_test(junction.is_junction('unkeyed'), true, 'is_junction of an unkeyed one', 'unkeyed is a junction', '');
SELECT * FROM check_test(junction.is_junction('half'), true, 'is_junction of a half-indexed one', 'half is a junction', '');
SELECT * FROM check_test(junction.is_junction('"Three ends"'), true, 'is_junction of three ends', 'Three ends is a junction', '');
SELECT * FROM check_test(junction.is_junction('parted'), true, 'is_junction of a partitioned one', 'parted is a junction', '');
SELECT * FROM check_test(junction.is_junction('invoices'), false, 'is_junction of a parent', 'invoices is a junction',
                         'It is not a junction; it has 0 foreign keys.');
SELECT * FROM check_test(junction.is_junction('notes'), false, 'is_junction of a table with one foreign key', 'notes is a junction',
                         'It is not a junction; it has 1 foreign key.');
SELECT * FROM check_test(junction.is_junction('orders'), false, 'is_junction of an order', 'orders is a junction',
                         'It is not a junction; it has 2 foreign keys.');

-- is_pure: nothing beside the pair
SELECT * FROM check_test(junction.is_pure('pure'), true, 'is_pure of a pure one', 'pure is a pure junction', '');
SELECT * FROM check_test(junction.is_pure('half'), true, 'is_pure of a half-indexed one', 'half is a pure junction', '');
SELECT * FROM check_test(junction.is_pure('payload'), false, 'is_pure of one with a payload', 'payload is a pure junction',
                         'Its kind is payload, over (tag_id, invoice_id), with (role, "Sort order") beside the pair.');
SELECT * FROM check_test(junction.is_pure('entity'), false, 'is_pure of an entity', 'entity is a pure junction',
                         'Its kind is entity, over (invoice_id, tag_id), with (id) beside the pair.');
SELECT * FROM check_test(junction.is_pure('unkeyed'), false, 'is_pure of an unkeyed one', 'unkeyed is a pure junction',
                         'Its kind is unkeyed, over (invoice_id, tag_id).');
SELECT * FROM check_test(junction.is_pure('"Three ends"'), false, 'is_pure of three ends', 'Three ends is a pure junction',
                         'Its kind is multiway, over (invoice_id, tag_id, user_id).');
SELECT * FROM check_test(junction.is_pure('orders'), false, 'is_pure of an order', 'orders is a pure junction',
                         'It is not a junction; it has 2 foreign keys.');

-- is_entity: an id of its own
SELECT * FROM check_test(junction.is_entity('entity'), true, 'is_entity of an entity', 'entity is an entity that links two tables', '');
SELECT * FROM check_test(junction.is_entity('pure'), false, 'is_entity of a pure one', 'pure is an entity that links two tables',
                         'Its kind is pure, over (invoice_id, tag_id).');
SELECT * FROM check_test(junction.is_entity('payload'), false, 'is_entity of one with a payload', 'payload is an entity that links two tables',
                         'Its kind is payload, over (tag_id, invoice_id), with (role, "Sort order") beside the pair.');
SELECT * FROM check_test(junction.is_entity('orders'), false, 'is_entity of an order', 'orders is an entity that links two tables',
                         'It is not a junction; it has 2 foreign keys.');

-- is_served: an index for each end
SELECT * FROM check_test(junction.is_served('pure'), true, 'is_served of a pure one', 'pure can be looked up from both sides', '');
SELECT * FROM check_test(junction.is_served('payload'), true, 'is_served of one with a payload', 'payload can be looked up from both sides', '');
SELECT * FROM check_test(junction.is_served('entity'), true, 'is_served of an entity', 'entity can be looked up from both sides', '');
SELECT * FROM check_test(junction.is_served('parted'), true, 'is_served of a partitioned one', 'parted can be looked up from both sides', '');
SELECT * FROM check_test(junction.is_served('half'), false, 'is_served of a half-indexed one', 'half can be looked up from both sides',
                         'No index serves (tag_id).');
SELECT * FROM check_test(junction.is_served('unkeyed'), false, 'is_served of one without any index', 'unkeyed can be looked up from both sides',
                         E'No index serves (invoice_id).\nNo index serves (tag_id).');
SELECT * FROM check_test(junction.is_served('"Three ends"'), false, 'is_served of three ends', 'Three ends can be looked up from both sides',
                         E'No index serves (tag_id).\nNo index serves (user_id).');
SELECT * FROM check_test(junction.is_served('orders'), false, 'is_served of an order', 'orders can be looked up from both sides',
                         'It is not a junction; it has 2 foreign keys.');

-- a description of one's own, passing and failing; an empty one, and none
SELECT * FROM check_test(junction.is_junction('pure', 'tags are linked'), true, 'is_junction with a description', 'tags are linked', '');
SELECT * FROM check_test(junction.is_pure('payload', 'tags are linked'), false, 'is_pure with a description', 'tags are linked',
                         'Its kind is payload, over (tag_id, invoice_id), with (role, "Sort order") beside the pair.');
SELECT * FROM check_test(junction.is_entity('entity', 'tags are linked'), true, 'is_entity with a description', 'tags are linked', '');
SELECT * FROM check_test(junction.is_served('half', 'tags are linked'), false, 'is_served with a description', 'tags are linked',
                         'No index serves (tag_id).');
SELECT * FROM check_test(junction.is_junction('pure', NULL), true, 'is_junction with a null description', 'pure is a junction', '');
SELECT * FROM check_test(junction.is_junction('pure', ''), true, 'is_junction with an empty description', '', '');

-- the lines as they are printed, each of the diagnostics behind a #; a test that failed is taken back
SAVEPOINT before;
SELECT junction.is_served('unkeyed') AS lines \gset
ROLLBACK TO before;
SELECT setval('__tresults___numb_seq', currval('__tresults___numb_seq') - 1) AS number \gset
SELECT ok(:'lines' ~ E'^not ok \\d+ - unkeyed can be looked up from both sides\n# Failed test \\d+: [^\n]*\n# No index serves \\(invoice_id\\).\n# No index serves \\(tag_id\\).$',
          'the lines of a failure');

-- Refusals. Where there is no pgTAP in the search path, they say how to get it, and need it for nothing else.
CREATE FUNCTION attempt(call text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql
SET search_path = assertions, pg_temp AS $$
BEGIN
    EXECUTE call;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT is(attempt(format('SELECT junction.%I(%L)', name, 'pure'))::text,
          ROW('42883', 'pgTAP is not in the search path', 'Use CREATE EXTENSION pgtap, and put its schema into search_path.')::text,
          format('%s without pgTAP', name))
FROM unnest(ARRAY['is_junction', 'is_pure', 'is_entity', 'is_served']) AS name;
SELECT is((attempt(format('SELECT junction.%I(%L)', name, 'half'))).state, '42883', format('%s without pgTAP, failing', name))
FROM unnest(ARRAY['is_junction', 'is_pure', 'is_entity', 'is_served']) AS name;
-- a function of that name that is another's is none
CREATE FUNCTION ok(bool) RETURNS text LANGUAGE sql AS 'SELECT ''mine''';
SELECT is((attempt($$SELECT junction.is_pure('pure')$$)).state, '42883', 'another ok() is none of pgTAP''s');
DROP FUNCTION ok(bool);

SELECT throws_ok(format('SELECT junction.%I(NULL)', name), '22004', NULL, format('%s of null', name))
FROM unnest(ARRAY['is_junction', 'is_pure', 'is_entity', 'is_served']) AS name;
SELECT throws_ok(format('SELECT junction.%I(%L)', name, 'pairs'), '42809', NULL, format('%s of a view', name))
FROM unnest(ARRAY['is_junction', 'is_pure', 'is_entity', 'is_served']) AS name;
SELECT throws_ok(format('SELECT junction.is_junction(%L)', name), '42809', NULL, format('is_junction of %s', name))
FROM unnest(ARRAY['numbers', 'pure_pkey', 'parted_0']) AS name;
SELECT throws_ok('SELECT junction.is_junction(0)', '42P01', NULL, 'is_junction of what is not there');

-- holds: every probe, proven; what could not be tried is not
SELECT * FROM check_test(junction.holds('pure'), true, 'holds of a pure one', 'pure holds its rules', '');
SELECT * FROM check_test(junction.holds('payload'), true, 'holds of one with a payload', 'payload holds its rules', '');
SELECT * FROM check_test(junction.holds('entity', 'it holds'), false, 'holds of an entity whose ends can be null', 'it holds');
CREATE TABLE loose (LIKE pure);
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
               WHERE conrelid = 'pure'::regclass AND contype = 'f' LOOP
        EXECUTE 'ALTER TABLE loose ADD ' || key.definition;
    END LOOP;
END $$;
SELECT * FROM check_test(junction.holds('loose'), false, 'holds of an unkeyed one', 'loose holds its rules');
SELECT throws_ok($$SELECT junction.holds('pairs')$$, '42809', NULL, 'holds of a view');
SELECT throws_ok('SELECT junction.holds(NULL)', '22004', NULL, 'holds of null');

-- Anyone may ask, also who may not read the table
SET LOCAL ROLE regress_junction_assert_guest;
SELECT throws_ok('SELECT FROM pure', '42501', NULL, 'a guest may not read the table');
SELECT junction.is_pure('pure', 'and may ask of it');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
