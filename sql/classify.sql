-- What is a junction, of what kind, with which endpoints and which key; and
-- what is none.  Each table is named after the case that it stands for.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_classify;
CREATE SCHEMA classify AUTHORIZATION regress_junction_classify;
SET search_path = classify;
SET ROLE regress_junction_classify;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE tenant_invoices (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tenant_tags (tenant_id int, id int, PRIMARY KEY (tenant_id, id));

-- what the view has of this schema; served_by has a test of its own
CREATE VIEW found AS
SELECT junction, kind, endpoints, parents, pair_key, predicate, own_columns
FROM junction.junctions JOIN pg_class c ON c.oid = junction
WHERE relnamespace = 'classify'::regnamespace;

-- The kinds.  Pure: the pair and nothing else, whichever way round the key
-- has it, and whether a constraint or an index alone keeps it.  Payload: with
-- columns beside it, be they foreign keys.  Entity: another primary key.
CREATE TABLE pure (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                   PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE pure_reversed (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                            PRIMARY KEY (tag_id, invoice_id));
CREATE TABLE pure_by_constraint (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                                 UNIQUE (invoice_id, tag_id));
CREATE TABLE pure_by_index (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX ON pure_by_index (invoice_id, tag_id);
CREATE TABLE payload (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, role text,
                      PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE payload_foreign_key (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                                  added_by int REFERENCES people, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE entity (id int PRIMARY KEY, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     UNIQUE (invoice_id, tag_id));
CREATE TABLE entity_by_index (code text PRIMARY KEY, invoice_id int REFERENCES invoices,
                              tag_id int REFERENCES tags);
CREATE UNIQUE INDEX ON entity_by_index (tag_id, invoice_id);
SELECT * FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE pure, pure_reversed, pure_by_constraint, pure_by_index, payload, payload_foreign_key,
           entity, entity_by_index;

-- The pair key may be partial, and then has a predicate; a whole one is
-- preferred to it, and the primary key to that.  Deferrable, with INCLUDE
-- columns (which are no part of it), NULLS NOT DISTINCT or with a column named
-- twice: it is a key all the same.
CREATE TABLE key_partial (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                          deleted_at timestamptz);
CREATE UNIQUE INDEX ON key_partial (invoice_id, tag_id) WHERE deleted_at IS NULL;
CREATE TABLE key_partial_pure (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX ON key_partial_pure (invoice_id, tag_id) WHERE tag_id > 0;
CREATE TABLE key_partial_entity (id int PRIMARY KEY, invoice_id int REFERENCES invoices,
                                 tag_id int REFERENCES tags, deleted_at timestamptz);
CREATE UNIQUE INDEX ON key_partial_entity (invoice_id, tag_id) WHERE deleted_at IS NULL;
CREATE TABLE key_best (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX key_best_partial ON key_best (invoice_id, tag_id) WHERE tag_id > 0;
CREATE UNIQUE INDEX key_best_whole ON key_best (invoice_id, tag_id);
ALTER TABLE key_best ADD PRIMARY KEY (tag_id, invoice_id);
CREATE TABLE key_whole (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX key_whole_partial ON key_whole (invoice_id, tag_id) WHERE tag_id > 0;
CREATE UNIQUE INDEX key_whole_whole ON key_whole (tag_id, invoice_id);
CREATE TABLE key_deferrable (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                             PRIMARY KEY (invoice_id, tag_id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE key_include (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, role text,
                          PRIMARY KEY (invoice_id, tag_id) INCLUDE (role));
CREATE TABLE key_nulls (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                        UNIQUE NULLS NOT DISTINCT (invoice_id, tag_id));
CREATE TABLE key_twice (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX key_twice_idx ON key_twice (tag_id, invoice_id, tag_id);
SELECT * FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE key_partial, key_partial_pure, key_partial_entity, key_best, key_whole, key_deferrable,
           key_include, key_nulls, key_twice;

-- Endpoints of several columns stand in the order of the key, a column that
-- they share too.  tenant_id alone is scope, no third endpoint, and two
-- foreign keys on the same columns, in whatever order, are one.  Both sides
-- may point at one table.  A foreign key that is not validated is one.
CREATE TABLE composite (invoice_tenant int, invoice_id int, tag_tenant int, tag_id int, note text,
    FOREIGN KEY (invoice_tenant, invoice_id) REFERENCES tenant_invoices,
    FOREIGN KEY (tag_tenant, tag_id) REFERENCES tenant_tags,
    PRIMARY KEY (tag_id, invoice_tenant, tag_tenant, invoice_id));
CREATE TABLE shared (invoice_id int, tag_id int, tenant_id int,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tenant_tags,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices,
    PRIMARY KEY (tenant_id, invoice_id, tag_id));
CREATE TABLE shared_scope (tenant_id int REFERENCES tenants, invoice_id int, tag_id int,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tenant_tags,
    PRIMARY KEY (tenant_id, invoice_id, tag_id));
CREATE TABLE shared_one_side (tenant_id int, invoice_id int, tag_id int REFERENCES tags,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices,
    PRIMARY KEY (tag_id, tenant_id, invoice_id));
CREATE TABLE same_columns (tag_id int REFERENCES tags REFERENCES people, tenant_id int, invoice_id int,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices,
    FOREIGN KEY (invoice_id, tenant_id) REFERENCES tenant_tags (tenant_id, id),
    PRIMARY KEY (tenant_id, invoice_id, tag_id));
CREATE TABLE self (follower_id int REFERENCES people, followee_id int REFERENCES people,
                   PRIMARY KEY (follower_id, followee_id));
CREATE TABLE not_validated (invoice_id int, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
ALTER TABLE not_validated ADD FOREIGN KEY (invoice_id) REFERENCES invoices NOT VALID;
SELECT * FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE composite, shared, shared_scope, shared_one_side, same_columns, self, not_validated;

-- Unkeyed: nothing beside the two foreign keys but stamps, and no pair key;
-- one with an expression is none, nor is one that cannot be relied on.  A
-- surrogate id is no harm where the name says that the table is a link.
CREATE TABLE unkeyed (tag_id int REFERENCES tags, invoice_id int REFERENCES invoices,
                      created_at timestamptz, updated_on date);
CREATE TABLE invoice_tag_links (id int PRIMARY KEY, invoice_id int REFERENCES invoices,
                                tag_id int REFERENCES tags);
CREATE TABLE "TagsOfInvoices" (id int PRIMARY KEY, invoice_id int REFERENCES invoices,
                               tag_id int REFERENCES tags);
CREATE TABLE unkeyed_expression (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX ON unkeyed_expression (invoice_id, abs(tag_id));
CREATE TABLE unkeyed_mirrored (left_id int REFERENCES people, right_id int REFERENCES people);
CREATE UNIQUE INDEX ON unkeyed_mirrored (least(left_id, right_id), greatest(left_id, right_id));
CREATE TABLE unkeyed_failed (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
INSERT INTO invoices VALUES (1);
INSERT INTO tags VALUES (1);
INSERT INTO unkeyed_failed VALUES (1, 1), (1, 1);
CREATE UNIQUE INDEX CONCURRENTLY ON unkeyed_failed (invoice_id, tag_id);
CREATE TABLE unkeyed_not_ready (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE UNIQUE INDEX not_ready ON unkeyed_not_ready (invoice_id, tag_id);
RESET ROLE;
UPDATE pg_index SET indisready = false WHERE indexrelid = 'not_ready'::regclass;
SET ROLE regress_junction_classify;
SELECT * FROM found ORDER BY junction::text COLLATE "C";
-- what is valid again is a key again
RESET ROLE;
UPDATE pg_index SET indisready = true WHERE indexrelid = 'not_ready'::regclass;
SET ROLE regress_junction_classify;
SELECT junction, kind, pair_key FROM found WHERE junction = 'unkeyed_not_ready'::regclass;
DROP TABLE unkeyed, invoice_tag_links, "TagsOfInvoices", unkeyed_expression, unkeyed_mirrored,
           unkeyed_failed, unkeyed_not_ready;

-- Multiway: a key that holds three endpoints whole, perhaps with an ordinal.
-- A key of two of the three is a pair key and decides before it.
CREATE TABLE multiway (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                       person_id int REFERENCES people, PRIMARY KEY (person_id, invoice_id, tag_id));
CREATE TABLE multiway_ordinal (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                               person_id int REFERENCES people, position int, note text,
                               PRIMARY KEY (invoice_id, position, tag_id, person_id));
CREATE TABLE multiway_unique (id int PRIMARY KEY, invoice_id int REFERENCES invoices,
                              tag_id int REFERENCES tags, person_id int REFERENCES people,
                              UNIQUE (invoice_id, tag_id, person_id));
CREATE TABLE multiway_not (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                           person_id int REFERENCES people, UNIQUE (tag_id, person_id),
                           UNIQUE (invoice_id, tag_id, person_id));
SELECT * FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE multiway, multiway_ordinal, multiway_unique, multiway_not;

-- A key over one endpoint that holds for some rows only (one main tag per
-- invoice) makes no one-to-many of it; nor do an expression, or a failed build.
CREATE TABLE many_partial (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, main bool,
                           PRIMARY KEY (invoice_id, tag_id));
CREATE UNIQUE INDEX ON many_partial (invoice_id) WHERE main;
CREATE TABLE many_expression (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, main bool,
                              PRIMARY KEY (invoice_id, tag_id));
CREATE UNIQUE INDEX ON many_expression (invoice_id, (NOT main));
CREATE TABLE many_failed (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                          PRIMARY KEY (invoice_id, tag_id));
INSERT INTO tags VALUES (2);
INSERT INTO many_failed VALUES (1, 1), (1, 2);
CREATE UNIQUE INDEX CONCURRENTLY ON many_failed (invoice_id);
SELECT junction, kind FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE many_partial, many_expression, many_failed;

-- Not junctions.  One side alone is unique: one-to-one or one-to-many ...
CREATE TABLE one_to_one (invoice_id int UNIQUE REFERENCES invoices, tag_id int UNIQUE REFERENCES tags,
                         UNIQUE (invoice_id, tag_id));
CREATE TABLE one_to_many (invoice_id int REFERENCES invoices, tag_id int PRIMARY KEY REFERENCES tags);
CREATE TABLE one_to_many_beside (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                                 UNIQUE (tag_id), PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE one_to_many_include (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                                  PRIMARY KEY (tag_id) INCLUDE (invoice_id));
CREATE TABLE one_to_many_deferrable (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                                     UNIQUE (invoice_id) DEFERRABLE, UNIQUE (invoice_id, tag_id));
CREATE TABLE one_to_many_part (tenant_id int, invoice_id int UNIQUE, tag_id int,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tenant_tags,
    PRIMARY KEY (tenant_id, invoice_id, tag_id));
CREATE TABLE one_to_many_three (invoice_id int UNIQUE REFERENCES invoices, tag_id int REFERENCES tags,
                                person_id int REFERENCES people, UNIQUE (invoice_id, tag_id, person_id));
-- ... own data without a pair key ...
CREATE TABLE orders (id int PRIMARY KEY, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     amount numeric);
CREATE TABLE orders_no_key (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, amount numeric);
CREATE TABLE orders_expression (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, amount numeric);
CREATE UNIQUE INDEX ON orders_expression (invoice_id, abs(tag_id));
CREATE TABLE orders_three (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                           person_id int REFERENCES people);
-- ... a column beside the two in the key: a property, a dated fact ...
CREATE TABLE property (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, name text, value text,
                       PRIMARY KEY (invoice_id, tag_id, name));
CREATE TABLE dated (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, created_on date,
                    PRIMARY KEY (invoice_id, tag_id, created_on));
CREATE TABLE dated_index (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, created_on date);
CREATE UNIQUE INDEX ON dated_index (created_on, tag_id, invoice_id);
-- ... copies and events: a surrogate id, and a name of their own, or something
-- that refers to them ...
CREATE TABLE inventory (id int PRIMARY KEY, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE TABLE tag_inventory (id int PRIMARY KEY, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags);
CREATE TABLE invoice_tag_events (id int PRIMARY KEY, invoice_id int REFERENCES invoices,
                                 tag_id int REFERENCES tags);
CREATE TABLE comments (id int PRIMARY KEY, event_id int REFERENCES invoice_tag_events);
-- ... one endpoint only, or less: a row that points at its own table is in a
-- tree, and links nothing.
CREATE TABLE tree (id int PRIMARY KEY, parent_id int REFERENCES tree, tag_id int REFERENCES tags,
                   UNIQUE (parent_id, tag_id));
CREATE TABLE scope_only (tenant_id int REFERENCES tenants, invoice_id int,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices, PRIMARY KEY (tenant_id, invoice_id));
CREATE TABLE same_columns_only (tag_id int REFERENCES tags REFERENCES people, note int,
                                PRIMARY KEY (tag_id, note));
CREATE TABLE one_foreign_key (invoice_id int REFERENCES invoices, tag_id int, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE no_foreign_key (invoice_id int, tag_id int, PRIMARY KEY (invoice_id, tag_id));
SELECT * FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE one_to_one, one_to_many, one_to_many_beside, one_to_many_include, one_to_many_deferrable,
           one_to_many_part, one_to_many_three, orders, orders_no_key, orders_expression, orders_three,
           property, dated, dated_index, inventory, tag_inventory, comments, invoice_tag_events,
           tree, scope_only, same_columns_only, one_foreign_key, no_foreign_key;

-- A partitioned table is reported once, by its root, at whatever depth.
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (invoice_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 1)
    PARTITION BY HASH (tag_id);
CREATE TABLE parted_1_0 PARTITION OF parted_1 FOR VALUES WITH (modulus 1, remainder 0);
-- An inheritance child has none of its parent's keys; it is a junction if it
-- has its own.
CREATE TABLE family (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE family_child () INHERITS (family);
CREATE TABLE family_heir (FOREIGN KEY (invoice_id) REFERENCES invoices, FOREIGN KEY (tag_id) REFERENCES tags,
                          PRIMARY KEY (tag_id, invoice_id)) INHERITS (family);
-- A partition that is detached is a table again.
CREATE TABLE detached (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                       PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (invoice_id);
CREATE TABLE detached_0 PARTITION OF detached FOR VALUES WITH (modulus 1, remainder 0);
ALTER TABLE detached DETACH PARTITION detached_0;
CREATE UNLOGGED TABLE unlogged (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                                PRIMARY KEY (invoice_id, tag_id));
SELECT * FROM found ORDER BY junction::text COLLATE "C";
DROP TABLE parted, family, family_child, family_heir, detached, detached_0, unlogged;

-- This session's temporary tables are there; other schemas are never mixed up.
CREATE TEMP TABLE invoices (id int PRIMARY KEY);
CREATE TEMP TABLE tags (id int PRIMARY KEY);
CREATE TEMP TABLE temporary (invoice_id int REFERENCES pg_temp.invoices, tag_id int REFERENCES pg_temp.tags,
                             PRIMARY KEY (invoice_id, tag_id));
SELECT j.junction, kind, endpoints, pair_key, count(c.oid) FILTER (WHERE c.relpersistence = 't') AS temporary_parents
FROM junction.junctions j, unnest(parents) AS p JOIN pg_class c ON c.oid = p
WHERE j.junction = 'temporary'::regclass GROUP BY 1, 2, 3, 4;
DROP TABLE pg_temp.temporary, pg_temp.invoices, pg_temp.tags;

-- A member of an extension is left out, as long as it is one.
CREATE TABLE member (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     PRIMARY KEY (invoice_id, tag_id));
RESET ROLE;
BEGIN;
ALTER EXTENSION junction ADD TABLE member;
SELECT count(*) FROM found;
ROLLBACK;
SET ROLE regress_junction_classify;
SELECT junction, kind FROM found;
DROP TABLE member;

-- Dropped columns leave holes in the numbers, on both sides; names that need
-- quotes are quoted where they stand as SQL, and are not where they are data.
CREATE TABLE dropped (gone int, invoice_id int, lost text, tag_id int, note text,
                      FOREIGN KEY (invoice_id) REFERENCES invoices, FOREIGN KEY (tag_id) REFERENCES tags);
ALTER TABLE dropped DROP gone, DROP lost;
ALTER TABLE dropped ADD PRIMARY KEY (tag_id, invoice_id);
CREATE TABLE "dropped pure" (invoice_id int REFERENCES invoices, note text, tag_id int REFERENCES tags,
                             PRIMARY KEY (invoice_id, tag_id));
ALTER TABLE "dropped pure" DROP note;
CREATE TABLE "x""; drop table y; --" ("In.voice ""id""" int REFERENCES invoices, "Tag, id" int REFERENCES tags,
                                     "select" int, "Role" int, PRIMARY KEY ("In.voice ""id""", "Tag, id"));
CREATE TABLE "Ключи_между_счетами_и_мет" ("счёт" int REFERENCES invoices,
    "метка" int REFERENCES tags, UNIQUE ("метка", "счёт"));
SELECT * FROM found ORDER BY junction::text COLLATE "C";

-- What the session has on its search_path turns nothing.
RESET ROLE;
CREATE SCHEMA classify_evil AUTHORIZATION regress_junction_classify;
SET ROLE regress_junction_classify;
CREATE FUNCTION classify_evil.evil(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR classify_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = classify_evil.evil);
SET search_path = classify_evil, classify, pg_catalog;
SELECT text 'a' = text 'a' AS equal;
SELECT count(*) FROM found;
SELECT columns FROM junction.half_indexed WHERE junction = 'dropped'::regclass;

RESET search_path;
RESET ROLE;
DROP SCHEMA classify, classify_evil CASCADE;
DROP ROLE regress_junction_classify;
