-- The conventions: what tables, columns, constraints and indexes are called.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_namer;
CREATE SCHEMA test_names AUTHORIZATION regress_junction_namer;
SET SESSION AUTHORIZATION regress_junction_namer;
SET search_path = test_names;

-- The names of a junction; and that they fit, and are whole characters, which
-- textsend and convert_from would not stand otherwise.
CREATE FUNCTION names_of(junction regclass, OUT made name, OUT columns text, OUT constraints text, OUT indexes text)
LANGUAGE sql STABLE AS $$
  SELECT (SELECT relname FROM pg_class WHERE oid = junction),
         (SELECT string_agg(convert_from(textsend(attname::text), 'UTF8'), ' ' ORDER BY attnum)
          FROM pg_attribute WHERE attrelid = junction AND attnum > 0 AND NOT attisdropped),
         (SELECT string_agg(convert_from(textsend(conname::text), 'UTF8'), ' ' ORDER BY contype DESC, conkey)
          FROM pg_constraint WHERE conrelid = junction AND contype <> 'n' AND conparentid = 0),
         (SELECT string_agg(convert_from(textsend(relname::text), 'UTF8'), ' ' ORDER BY relname COLLATE "C")
          FROM pg_index JOIN pg_class ON oid = indexrelid
          WHERE indrelid = junction AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')))
$$;

-- Make two tables of these names and their junction; tell the junction's names,
-- and leave nothing.
CREATE FUNCTION named(a text, b text, key text = 'id', OUT made name, OUT columns text, OUT constraints text, OUT indexes text)
LANGUAGE plpgsql AS $$
DECLARE
  junction oid;
  before oid[] := ARRAY(SELECT oid FROM pg_class);
BEGIN
  EXECUTE format('CREATE TABLE %I (%I int PRIMARY KEY)', a, key);
  EXECUTE format('CREATE TABLE %I (%I int PRIMARY KEY)', b, key);
  PERFORM junction.create(quote_ident(a)::regclass, quote_ident(b)::regclass);
  SELECT oid INTO STRICT junction FROM pg_class
  WHERE relkind = 'r' AND relnamespace = 'test_names'::regnamespace AND relname NOT IN (a, b) AND oid <> ALL (before);
  SELECT n.* INTO made, columns, constraints, indexes FROM names_of(junction) n;
  EXECUTE format('DROP TABLE %s, %I, %I', junction::regclass, a, b);
END $$;

--
-- Tables and columns.  Both names, the first in the alphabet in the singular,
-- whichever way round they were given; only the order of the columns tells.
--
SELECT a, b, made, columns FROM (VALUES
  ('invoices', 'tags'),
  ('tags', 'invoices'),
  ('people', 'addresses'),
  ('orgs', 'user'),                -- a parent already in the singular stays
  ('org', 'users'),
  ('data', 'series'),
  ('news_items', 'sales_regions')  -- the last word alone is inflected
) AS v(a, b), LATERAL named(a, b);

-- The order is that of bytes, in any locale: an underscore before a letter,
-- what is not ASCII last.
SELECT a, b, made, columns FROM (VALUES
  ('users', 'user_zones'),
  ('étages', 'zones'),
  ('t10', 't9')
) AS v(a, b), LATERAL named(a, b);

-- Mixed case becomes snake_case, and so do the key columns; other signs stay.
SELECT a, b, key, made, columns FROM (VALUES
  ('OrderItems', 'Products', 'Id'),
  ('apiKeys', 'HTTPRoutes', 'keyCode'),
  ('Zebras', 'apples', 'UUID'),
  ('Line2Items', 'two words', 'a.b'),
  ('Étages', '"', 'Ω')
) AS v(a, b, key), LATERAL named(a, b, key);

-- Each column of a key gives its own, also where one is named after the table.
CREATE TABLE orders (order_id int, id int, PRIMARY KEY (order_id, id));
CREATE TABLE users (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('orders', 'users');
SELECT columns FROM names_of('order_users');
DROP TABLE order_users, orders, users;

--
-- Constraints and indexes: PostgreSQL's own names.  It would have chosen the
-- same by itself.
--
SELECT constraints, indexes FROM named('tags', 'invoices');
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE invoices (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE nodes (id int PRIMARY KEY);
CREATE TABLE invoice_tags (invoice_a int, invoice_b int, tag_id int REFERENCES tags,
                           PRIMARY KEY (invoice_a, invoice_b, tag_id), FOREIGN KEY (invoice_a, invoice_b) REFERENCES invoices);
CREATE INDEX ON invoice_tags (tag_id);
SELECT names_of('invoice_tags') AS by_itself \gset
DROP TABLE invoice_tags;
SELECT count(*) FROM junction.create('invoices', 'tags');
SELECT names_of('invoice_tags');
SELECT names_of('invoice_tags')::text = :'by_itself' AS same;
DROP TABLE invoice_tags;
CREATE TABLE edges (lo int REFERENCES nodes, hi int REFERENCES nodes, PRIMARY KEY (lo, hi));
CREATE INDEX ON edges (hi);
CREATE UNIQUE INDEX ON edges (least(lo, hi), greatest(lo, hi));
SELECT names_of('edges') AS by_itself \gset
DROP TABLE edges;
SELECT count(*) FROM junction.create('nodes', 'nodes', 'edges', '{lo}', '{hi}', undirected => true);
SELECT names_of('edges')::text = :'by_itself' AS same;
SELECT constraints, indexes FROM names_of('edges');
DROP TABLE edges;

-- A promotion renames them with the table, and what is named otherwise stays.
SELECT count(*) FROM junction.create('nodes', 'tags');
ALTER TABLE node_tags RENAME CONSTRAINT node_tags_tag_id_fkey TO fk_rails_591dad3359;
ALTER TABLE node_tags ADD CONSTRAINT node_tags_check CHECK (node_id > 0);
SELECT count(*) > 0 AS promoted FROM junction.promote('node_tags', 'taggings');
SELECT * FROM names_of('taggings');
DROP TABLE taggings;

-- Where a new name has to be cut, it keeps its end, as PostgreSQL's does; so the
-- way back finds the names of before.
SELECT count(*) FROM junction.create('nodes', 'tags', 'short', '{a_column_whose_name_is_nearly_as_long_as_can_be}', '{tag_id}', reverse_index => false);
CREATE INDEX ON short (tag_id, a_column_whose_name_is_nearly_as_long_as_can_be);
SELECT names_of('short') AS before \gset
SELECT count(*) > 0 AS promoted FROM junction.promote('short', 'a_longer_name_for_it');
SELECT constraints, indexes FROM names_of('a_longer_name_for_it');
SELECT count(*) > 0 AS demoted FROM junction.demote('a_longer_name_for_it', 'short');
SELECT names_of('short')::text = :'before' AS same;
DROP TABLE short;

--
-- junction.naming = drizzle: as drizzle-kit names them, so that a later push
-- finds nothing to change.
--
SET junction.naming = drizzle;
SELECT count(*) FROM junction.create('nodes', 'tags');
SELECT constraints, indexes FROM names_of('node_tags');

-- The pair's UNIQUE after a promotion too; a key of one column is PostgreSQL's.
SELECT count(*) > 0 AS promoted FROM junction.promote('node_tags', 'taggings');
SELECT * FROM names_of('taggings');
DROP TABLE taggings;

-- Composite keys, relations to self.
SELECT count(*) FROM junction.create('tags', 'invoices');
SELECT constraints, indexes FROM names_of('invoice_tags');
DROP TABLE invoice_tags;
SELECT count(*) FROM junction.create('nodes', 'nodes', 'edges', '{lo}', '{hi}');
SELECT constraints, indexes FROM names_of('edges');
DROP TABLE edges;

-- The parent's name as it is, no snake_case: drizzle-kit has the table's.
SELECT constraints FROM named('OrderItems', 'products', 'Id');

-- drizzle-kit sends the whole name, and the server cuts it, between characters
-- too: so are these, and numbered only if that makes them the same.
CREATE TABLE extraordinarily_long_winded_parents_of_children (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('extraordinarily_long_winded_parents_of_children', 'tags', 'parent_tags', '{child_id}');
SELECT conname, conname = 'parent_tags_child_id_extraordinarily_long_winded_parents_of_children_id_fk'::name AS same
FROM pg_constraint WHERE contype = 'f' AND confrelid = 'extraordinarily_long_winded_parents_of_children'::regclass;
DROP TABLE parent_tags, extraordinarily_long_winded_parents_of_children;
CREATE TABLE "éééééééééééééééééééééééééé" (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('tags', '"éééééééééééééééééééééééééé"', 'x', '{t}', '{ööööö}');
SELECT count(*) FROM junction.create('tags', '"éééééééééééééééééééééééééé"', 'xx', '{t}', '{ööööö}');
SELECT count(*) FROM junction.create('tags', '"éééééééééééééééééééééééééé"', 'xxx', '{t}', '{ööööö}');
SELECT conname, octet_length(conname::text) AS bytes,
       conname = (conrelid::regclass || '_' || attname || '_éééééééééééééééééééééééééé_id_fk')::name AS same
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
WHERE contype = 'f' AND confrelid = '"éééééééééééééééééééééééééé"'::regclass ORDER BY conrelid::regclass::text;
DROP TABLE x, xx, xxx, "éééééééééééééééééééééééééé";

-- Cut to the same, they are numbered.
CREATE TABLE t (id int PRIMARY KEY);
SELECT count(*) FROM junction.create('t', 't', 'links', array[repeat('c', 60) || '_1'], array[repeat('c', 60) || '_2']);
SELECT * FROM names_of('links');
DROP TABLE links;
RESET junction.naming;

-- The setting takes these only, and from anyone; naming.sql has the others.
SELECT setting, enumvals FROM pg_settings WHERE name = 'junction.naming';
\set VERBOSITY sqlstate
SET junction.naming = sequel;
SET junction.nam = drizzle;
\set VERBOSITY terse
SHOW junction.naming;

--
-- 63 bytes.  All names fit, as PostgreSQL's own, are cut between characters,
-- and differ.
--
\pset format unaligned
SELECT v.n, octet_length(made::text) AS bytes, f.* FROM (VALUES
  (1, repeat('a', 60) || 's', repeat('b', 60) || 's'),
  (2, repeat('a', 61) || 'é', 'b'),
  (3, repeat('é', 31), repeat('ü', 31)),
  (4, 'x' || repeat('é', 31), 'y' || repeat('ü', 31)),
  (5, repeat('𝄞', 15), 'xx' || repeat('語', 20))
) AS v(n, a, b), LATERAL named(a, b) f ORDER BY n;
\pset format aligned
SELECT count(*) FROM junction.create('t', 't', 'links', array[repeat('c', 60) || '_1'], array[repeat('c', 60) || '_2']);
SELECT * FROM names_of('links');
DROP TABLE links, t;

--
-- Names that are taken, by a relation of any kind or a constraint: numbered,
-- and the others' left alone.  The table's own name is not numbered but
-- refused: it is what people will type.
--
CREATE VIEW node_tags_pkey AS SELECT 1;
CREATE SEQUENCE node_tags_tag_id_idx;
CREATE TABLE node_tags_tag_id_idx1 ();
CREATE TABLE other (id int CONSTRAINT node_tags_node_id_fkey REFERENCES nodes, CONSTRAINT node_tags_node_id_fkey1 CHECK (id > 0));
SELECT count(*) FROM junction.create('nodes', 'tags');
SELECT constraints, indexes FROM names_of('node_tags');
SELECT constraints FROM names_of('other');
\set VERBOSITY sqlstate
SELECT junction.create('tags', 'nodes');
\set VERBOSITY terse
DROP TABLE node_tags;

-- In another schema they are free.
RESET SESSION AUTHORIZATION;
CREATE SCHEMA test_names_2 AUTHORIZATION regress_junction_namer;
SET SESSION AUTHORIZATION regress_junction_namer;
SELECT count(*) FROM junction.create('nodes', 'tags', 'test_names_2.node_tags');
SELECT constraints, indexes FROM names_of('test_names_2.node_tags');
DROP VIEW node_tags_pkey;
DROP SEQUENCE node_tags_tag_id_idx;
DROP TABLE other, node_tags_tag_id_idx1;

-- The index's name may be the table's: then the index gives way.
SELECT count(*) FROM junction.create('nodes', 'tags', 'x_tag_id_idx', '{a}', '{b}');
SELECT count(*) FROM junction.create('nodes', 'tags', 'x');
SELECT constraints, indexes FROM names_of('x');
DROP TABLE x, x_tag_id_idx;

-- And so it is in a promotion.
SELECT count(*) FROM junction.create('nodes', 'tags');
CREATE TABLE taggings_pkey ();
CREATE SEQUENCE taggings_node_id_tag_id_unique;
CREATE SEQUENCE taggings_tag_id_idx;
SELECT count(*) > 0 AS promoted FROM junction.promote('node_tags', 'taggings');
SELECT * FROM names_of('taggings');

--
-- English.  The column that points at a table of this name is `<singular>_id`;
-- those that are not are listed.
--
CREATE FUNCTION endpoint_column(word text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  made text;
BEGIN
  EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY)', word);
  SELECT (regexp_match(statement, '^    (\S+) integer NOT NULL', 'n'))[1] INTO STRICT made
  FROM junction.create(quote_ident(word)::regclass, 'test_names_2.others', 'test_names_2.linked', dry_run => true) WHERE step = 1;
  EXECUTE format('DROP TABLE %I', word);
  RETURN made;
END $$;
CREATE TABLE test_names_2.others (id int PRIMARY KEY);
DROP TABLE test_names_2.node_tags, taggings, taggings_pkey, tags, invoices, nodes;
CREATE TABLE words (word text, singular text);
INSERT INTO words VALUES
  ('people', 'person'), ('statuses', 'status'), ('addresses', 'address'), ('analyses', 'analysis'),
  ('indices', 'index'), ('data', 'data'), ('news', 'news'), ('series', 'series'),
  ('movies', 'movie'), ('matches', 'match'), ('heroes', 'hero'), ('shoes', 'shoe'),
  ('leaves', 'leaf'), ('criteria', 'criterion'), ('media', 'media'), ('tags', 'tag'),
  ('users', 'user'), ('orders', 'order'), ('order_items', 'order_item'),
  ('user_statuses', 'user_status'), ('salespeople', 'salesperson'), ('children', 'child'),
  ('men', 'man'), ('women', 'woman'), ('feet', 'foot'), ('teeth', 'tooth'), ('geese', 'goose'),
  ('mice', 'mouse'), ('oxen', 'ox'), ('diagnoses', 'diagnosis'), ('hypotheses', 'hypothesis'),
  ('crises', 'crisis'), ('theses', 'thesis'), ('parentheses', 'parenthesis'),
  ('synopses', 'synopsis'), ('indexes', 'index'), ('matrices', 'matrix'), ('vertices', 'vertex'),
  ('appendices', 'appendix'), ('phenomena', 'phenomenon'), ('alumni', 'alumnus'),
  ('curricula', 'curriculum'), ('syllabi', 'syllabus'), ('cacti', 'cactus'),
  ('bacteria', 'bacterium'), ('cookies', 'cookie'), ('calories', 'calorie'), ('ties', 'tie'),
  ('hobbies', 'hobby'), ('categories', 'category'), ('companies', 'company'), ('queries', 'query'),
  ('deliveries', 'delivery'), ('keys', 'key'), ('days', 'day'), ('gateways', 'gateway'),
  ('batches', 'batch'), ('branches', 'branch'), ('searches', 'search'), ('dishes', 'dish'),
  ('boxes', 'box'), ('taxes', 'tax'), ('prefixes', 'prefix'), ('caches', 'cache'),
  ('niches', 'niche'), ('avalanches', 'avalanche'), ('sizes', 'size'), ('prizes', 'prize'),
  ('quizzes', 'quiz'), ('blitzes', 'blitz'), ('buses', 'bus'), ('aliases', 'alias'),
  ('biases', 'bias'), ('campuses', 'campus'), ('viruses', 'virus'), ('bonuses', 'bonus'),
  ('canvases', 'canvas'), ('atlases', 'atlas'), ('gases', 'gas'), ('lenses', 'lens'),
  ('cases', 'case'), ('courses', 'course'), ('licenses', 'license'), ('phrases', 'phrase'),
  ('houses', 'house'), ('warehouses', 'warehouse'), ('purchases', 'purchase'),
  ('responses', 'response'), ('databases', 'database'), ('releases', 'release'),
  ('expenses', 'expense'), ('causes', 'cause'), ('uses', 'use'), ('exercises', 'exercise'),
  ('nurses', 'nurse'), ('processes', 'process'), ('classes', 'class'), ('businesses', 'business'),
  ('menus', 'menu'), ('wikis', 'wiki'), ('apis', 'api'), ('potatoes', 'potato'), ('echoes', 'echo'),
  ('toes', 'toe'), ('canoes', 'canoe'), ('photos', 'photo'), ('videos', 'video'), ('wives', 'wife'),
  ('knives', 'knife'), ('lives', 'life'), ('shelves', 'shelf'), ('wolves', 'wolf'),
  ('archives', 'archive'), ('moves', 'move'), ('drives', 'drive'), ('valves', 'valve'),
  ('objectives', 'objective'), ('employees', 'employee'), ('issues', 'issue'), ('values', 'value'),
  ('invoices', 'invoice'), ('services', 'service'), ('messages', 'message'), ('roles', 'role'),
  ('files', 'file'), ('status', 'status'), ('address', 'address'), ('bus', 'bus'),
  ('analysis', 'analysis'), ('index', 'index'), ('class', 'class'), ('lens', 'lens'),
  ('basis', 'basis'), ('alias', 'alias'), ('access', 'access'), ('process', 'process'),
  ('species', 'species'), ('timeseries', 'timeseries'), ('metadata', 'metadata'),
  ('equipment', 'equipment'), ('staff', 'staff'), ('feedback', 'feedback'),
  ('inventory', 'inventory'), ('analytics', 'analytics'), ('sms', 'sms'), ('dns', 'dns'),
  ('is', 'is'), ('us', 'us'), ('specimen', 'specimen'), ('regimen', 'regimen'),
  ('criterias', 'criterion'), ('peoples', 'person'), ('tags2', 'tags2'), ('x_as', 'x_as'),
  ('cafés', 'café');
SELECT word, singular, endpoint_column(word) AS made FROM words
WHERE endpoint_column(word) <> quote_ident(singular || '_id');
SELECT count(*) > 120 AS enough, count(*) FILTER (WHERE word = singular) > 20 AS some_stay FROM words;

RESET SESSION AUTHORIZATION;
DROP SCHEMA test_names, test_names_2 CASCADE;
DROP ROLE regress_junction_namer;
