-- Rules about the shape of a link, and the names that are nobody's error. For each rule: what it must find and what it
-- must leave alone, and that its fix, run as given, makes the finding go away and brings no new one.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_shapes;
CREATE SCHEMA shapes AUTHORIZATION regress_junction_shapes;
SET search_path = shapes;
SET ROLE regress_junction_shapes;

-- each message is short: what more there is to say is in the detail
CREATE FUNCTION is_short(message text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    ASSERT length(message) <= 100 AND message !~ '[.\n]$', message;
    RETURN true;
END $$;
CREATE VIEW found AS
SELECT r.* FROM junction.report() r JOIN pg_class c ON c.oid = r.junction
WHERE relnamespace = 'shapes'::regnamespace AND is_short(message);
CREATE TEMP TABLE before (junction text, rule text, columns text[]);
CREATE FUNCTION mended(what text, which text, sides text[], OUT gone bool, OUT new text[])
LANGUAGE plpgsql SET search_path = shapes, pg_temp AS $$
BEGIN
    SELECT count(*) = 0 INTO gone FROM found WHERE (junction::text, rule, columns) = (what, which, sides);
    SELECT array_agg(n.rule) INTO new FROM (SELECT junction::text, rule, columns FROM found EXCEPT ALL TABLE before) AS n;
    DELETE FROM before;
    INSERT INTO before SELECT junction::text, rule, columns FROM found;
END $$;
-- every fix of one rule, each with what came of it: the finding gone, none new
CREATE FUNCTION fixes(which text, OUT fix text, OUT judge text) RETURNS SETOF record
LANGUAGE plpgsql SET search_path = shapes, pg_temp AS $$
BEGIN
    DELETE FROM before;
    INSERT INTO before SELECT junction::text, rule, columns FROM found;
    RETURN QUERY SELECT f.fix, format('SELECT * FROM shapes.mended(%L, %L, %L)', f.junction, f.rule, f.columns)
    FROM found f WHERE f.rule = which AND f.fix IS NOT NULL
    ORDER BY f.junction::text COLLATE "C", f.columns, f.fix COLLATE "C";
END $$;

-- name: silent where an ORM gives the name. For each, the parents and the name.
CREATE FUNCTION name_of(one text, two text, junction text, one_column text = 'one_id', two_column text = 'two_id') RETURNS text
LANGUAGE plpgsql SET search_path = shapes AS $$
DECLARE
    said text;
BEGIN
    EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY); CREATE TABLE %I (id int PRIMARY KEY)', one, two);
    EXECUTE format('CREATE TABLE %I (%I int REFERENCES %I ON DELETE CASCADE, %I int REFERENCES %I ON DELETE CASCADE,
                                     PRIMARY KEY (%2$I, %4$I)); CREATE INDEX ON %1$I (%4$I)', junction, one_column, one, two_column, two);
    SELECT string_agg(concat_ws(' ', rule, message, detail, fix), ' ') INTO said FROM found;
    EXECUTE format('DROP TABLE %I, %I, %I', junction, one, two);
    RETURN said;
END $$;
SELECT junction, name_of(one, two, junction) FROM (VALUES
    ('invoices', 'tags', 'invoices_to_tags'),                           -- drizzle
    ('invoices', 'tags', 'invoicesToTags'),
    ('tag', 'invoice', 'invoice_to_tag'),
    ('invoices', 'tags', 'invoices_tags_tags'),                         -- TypeORM
    ('question', 'category', 'question_categories_category'),
    ('invoices', 'tags', 'invoices_labels_tags'),
    ('articles', 'tags', 'articles_tags_lnk'),                          -- Strapi
    ('articles', 'tags', 'articles_tags_links'),
    ('strapi_workflows', 'strapi_workflows_stages', 'strapi_stage_workflow_lnk'),
    ('tags', 'invoices', 'invoice_tag'),                                -- Laravel
    ('shop_invoice', 'shop_tag', 'shop_invoice_tags'),                  -- Django
    ('auth_user', 'auth_permission', 'auth_user_user_permissions'),
    ('shop_invoice', 'shop_tag', 'shop_invoice_labels'),
    ('shop_invoice', 'shop_tag', 'shop_invoicetag'),
    ('invoices', 'tags', 'invoices_tags'),                              -- Rails
    ('catalog_categories', 'catalog_products', 'catalog_categories_products'),
    ('users', 'roles', 'user_roles'),
    ('group', 'user', 'user_group'),                                    -- Doctrine
    ('invoices', 'tags', 'invoice_tags'),                               -- MikroORM
    ('tags', 'invoices', 'tag_invoices'),
    ('posts', 'categories', 'posts_rels'),                              -- Payload
    ('invoices', 'tags', 'invoice_tag_association'),                    -- SQLAlchemy
    ('left_table', 'right_table', 'association_table'),
    ('left_table', 'right_table', 'association'),
    ('user', 'keyword', 'user_keyword')) AS given (one, two, junction);
SELECT junction, name_of(one, two, junction, 'A', 'B') FROM (VALUES
    ('Invoice', 'Tag', '_InvoiceToTag'), ('Invoice', 'Tag', '_labels')) AS prisma (one, two, junction);
-- and not where none does, with the name in the detail, and no fix
SELECT junction, name_of(one, two, junction) FROM (VALUES
    ('invoices', 'tags', 'taggings'),
    ('invoices', 'tags', '_labels'),
    ('invoices', 'tags', 'rel_invoices_tags'),
    ('invoices', 'tags', 'invoice_tag_map'),
    ('invoices', 'tags', 'invoices_'),
    ('invoices', 'tags', 'invoicetagged'),
    ('invoices', 'tags', '_lnk'),
    ('shop_invoice', 'shop_tag', 'shop_tagging')) AS given (one, two, junction);
DROP FUNCTION name_of;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY, org_id int);
-- a junction with nothing wrong but what more adds to it, and its key
CREATE FUNCTION fine(name text, pair_key text, more text = '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                                     tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE %s%s)', name, more,
                   CASE WHEN pair_key <> '' THEN format(', %s (invoice_id, tag_id)', pair_key) ELSE '' END);
    EXECUTE format('CREATE INDEX ON %I (tag_id)', name);
    EXECUTE format('COMMENT ON TABLE %I IS ''@junction ignore name, promotion_due''', name);
END $$;

-- needless_surrogate says who may need the id; no_cascade leaves alone what
-- Django makes, but not what is only deferrable, nor another action
CREATE TABLE django (id bigserial PRIMARY KEY,
    invoice_id int NOT NULL REFERENCES invoices DEFERRABLE INITIALLY DEFERRED,
    tag_id int NOT NULL REFERENCES tags DEFERRABLE INITIALLY DEFERRED, UNIQUE (invoice_id, tag_id));
CREATE INDEX ON django (tag_id);
COMMENT ON TABLE django IS '@junction ignore name';
CREATE TABLE like_django (
    invoice_id int NOT NULL REFERENCES invoices DEFERRABLE,
    tag_id int NOT NULL REFERENCES tags ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX ON like_django (tag_id);
COMMENT ON TABLE like_django IS '@junction ignore name';
SELECT junction, rule, severity, columns, detail FROM found ORDER BY junction::text, columns;
DROP TABLE django, like_django;

-- soft_deleted_pair: the mark of a deleted link beside a whole pair key
SELECT fine('marked', 'PRIMARY KEY', ', deleted_at timestamptz'), fine('Marked too', 'PRIMARY KEY', ', "isDeleted" bool'),
       fine('marked_entity', 'UNIQUE', ', id int PRIMARY KEY, archived_on date, role text'),
       fine('marked_thrice', 'PRIMARY KEY', ', removed bool, note text, deleted_at timestamp');
-- another column or type; a partial key; the mark in the key; no pair key
SELECT fine('near_name', 'PRIMARY KEY', ', undeleted_at timestamptz'), fine('near_who', 'PRIMARY KEY', ', deleted_by int'),
       fine('near_type', 'PRIMARY KEY', ', deleted_at text'), fine('near_word', 'PRIMARY KEY', ', island bool'),
       fine('near_partial', '', ', id int PRIMARY KEY, deleted_at timestamptz'),
       fine('near_within', '', ', deleted_at timestamptz, PRIMARY KEY (invoice_id, tag_id, deleted_at)'),
       fine('near_order', '', ', id int PRIMARY KEY, deleted_at timestamptz, amount int'),
       fine('near_stamp', 'PRIMARY KEY', ', created_at timestamptz, updated_at timestamptz');
CREATE UNIQUE INDEX ON near_partial (invoice_id, tag_id) WHERE deleted_at IS NULL;
SELECT junction, severity, columns, message, detail, fix FROM found WHERE rule = 'soft_deleted_pair' ORDER BY junction::text COLLATE "C";
SELECT junction, rule, detail FROM found WHERE rule <> 'soft_deleted_pair' ORDER BY junction::text COLLATE "C", rule;
-- done as the detail says, it is gone
CREATE UNIQUE INDEX ON marked_entity (invoice_id, tag_id) WHERE archived_on IS NULL;
ALTER TABLE marked_entity DROP CONSTRAINT marked_entity_invoice_id_tag_id_key;
SELECT rule, severity FROM junction.report('marked_entity');
DROP TABLE marked, "Marked too", marked_entity, marked_thrice, near_name, near_who, near_type, near_word, near_partial, near_within,
    near_order, near_stamp;

-- polymorphic_endpoint: a link to a row of any table, as Rails, Laravel and
-- Django make it
CREATE TABLE django_content_type (id int PRIMARY KEY);
CREATE TYPE kind AS ENUM ('invoice', 'person');
CREATE DOMAIN kind_name AS text;
CREATE TABLE taggings (id bigserial PRIMARY KEY, tag_id int REFERENCES tags, taggable_type varchar, taggable_id int, created_at timestamp);
CREATE TABLE taggables (tag_id int REFERENCES tags, taggable_id int, taggable_type text, PRIMARY KEY (tag_id, taggable_id, taggable_type));
CREATE TABLE "taggedItem" (tag_id int REFERENCES tags, "itemType" kind, "itemId" int);
CREATE TABLE tagged_by_domain (tag_id int REFERENCES tags, item_type kind_name, item_id uuid);
CREATE TABLE tagged_items (id serial PRIMARY KEY, tag_id int REFERENCES tags, content_type_id int REFERENCES django_content_type, object_id int);
-- an entity with a polymorphic parent; no foreign key, or two, or one on the id;
-- names that do not belong together; a type that is a number; no name before
CREATE TABLE near_comments (id serial PRIMARY KEY, author_id int REFERENCES people, commentable_type text, commentable_id int, body text);
CREATE TABLE near_no_key (tag_id int, taggable_type text, taggable_id int);
CREATE TABLE near_two_keys (tag_id int REFERENCES tags, person_id int REFERENCES people, taggable_type text, taggable_id int);
CREATE TABLE near_declared (tag_id int REFERENCES tags, invoice_type text, invoice_id int REFERENCES invoices);
CREATE TABLE near_stem (tag_id int REFERENCES tags, taggable_type text, tagger_id int);
CREATE TABLE near_number (tag_id int REFERENCES tags, taggable_type int, taggable_id int);
CREATE TABLE near_bare (tag_id int REFERENCES tags, type text, id int PRIMARY KEY);
CREATE TABLE near_only (id int PRIMARY KEY, taggable_type text, taggable_id int);
SELECT junction, severity, columns, message, detail, fix FROM found WHERE rule = 'polymorphic_endpoint' ORDER BY junction::text COLLATE "C";
SELECT junction, rule, columns, message FROM found WHERE rule <> 'polymorphic_endpoint' ORDER BY junction::text COLLATE "C", rule, columns;
DROP TABLE taggings, taggables, "taggedItem", tagged_by_domain, tagged_items, near_comments, near_no_key, near_two_keys, near_declared,
    near_stem, near_number, near_bare, near_only, django_content_type;

-- recursive_policy: PostgreSQL itself is asked, as a role that the policies
-- apply to
RESET ROLE;
CREATE ROLE regress_junction_shapes_reader;
CREATE ROLE regress_junction_shapes_other;
GRANT USAGE ON SCHEMA shapes TO regress_junction_shapes_reader, regress_junction_shapes_other;
SET ROLE regress_junction_shapes;
CREATE FUNCTION policies(variadic made text[], OUT said text, OUT fails text) LANGUAGE plpgsql SET search_path = shapes AS $$
DECLARE
    one text;
BEGIN
    CREATE TABLE orgs (id int PRIMARY KEY, tag_id int);
    CREATE TABLE users (id int PRIMARY KEY);
    CREATE TABLE members (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE, PRIMARY KEY (user_id, org_id));
    CREATE INDEX ON members (org_id);
    COMMENT ON TABLE members IS '@junction ignore name';
    ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
    ALTER TABLE members ENABLE ROW LEVEL SECURITY;
    GRANT ALL ON orgs, users, members TO regress_junction_shapes_reader, regress_junction_shapes_other;
    FOREACH one IN ARRAY made LOOP
        EXECUTE one;
    END LOOP;
    SELECT string_agg(concat_ws(' | ', severity, message, detail, fix), E'\n') INTO said FROM found;
    BEGIN
        SET LOCAL ROLE regress_junction_shapes_reader;
        PERFORM FROM members;
        fails := 'no';
    EXCEPTION WHEN invalid_object_definition THEN
        fails := sqlerrm;
    END;
    RESET ROLE;
    SET ROLE regress_junction_shapes;
    DROP TABLE members, orgs, users CASCADE;
END $$;
\set of_orgs 'CREATE POLICY of_orgs ON orgs USING (id IN (SELECT org_id FROM shapes.members))'
\set of_members 'CREATE POLICY of_members ON members FOR SELECT USING (EXISTS (SELECT FROM shapes.orgs WHERE id = org_id))'
\pset format unaligned
SELECT * FROM policies(:'of_orgs', :'of_members');
SELECT * FROM policies('CREATE POLICY "Own org" ON members USING (org_id IN (SELECT m.org_id FROM shapes.members m))');
-- a longer way; within a common table expression; for roles that have one in common
SELECT * FROM policies('ALTER TABLE users ENABLE ROW LEVEL SECURITY', :'of_orgs',
    'CREATE POLICY of_users ON users FOR SELECT USING (EXISTS (WITH o AS (SELECT FROM shapes.orgs) SELECT FROM o))',
    'CREATE POLICY of_members ON members FOR SELECT USING (EXISTS (SELECT FROM shapes.users))');
SELECT * FROM policies(:'of_orgs', replace(:'of_members', 'USING', 'TO regress_junction_shapes_reader USING'));
-- one way only; row security of one table is off; only WITH CHECK, or another
-- command; roles that have none in common; by a view of the owner's
SELECT * FROM policies(:'of_orgs', 'CREATE POLICY of_members ON members USING (user_id > 0)');
SELECT * FROM policies(:'of_orgs', :'of_members', 'ALTER TABLE orgs DISABLE ROW LEVEL SECURITY');
SELECT * FROM policies(:'of_orgs', 'CREATE POLICY of_members ON members FOR INSERT WITH CHECK (EXISTS (SELECT FROM shapes.orgs))');
SELECT * FROM policies(:'of_orgs', 'CREATE POLICY of_members ON members FOR DELETE USING (EXISTS (SELECT FROM shapes.orgs))');
SELECT * FROM policies(replace(:'of_orgs', 'USING', 'TO regress_junction_shapes_reader USING'),
    replace(:'of_members', 'USING', 'TO regress_junction_shapes_other USING'));
SELECT * FROM policies(:'of_orgs', 'CREATE VIEW seen AS SELECT id FROM orgs', 'GRANT SELECT ON seen TO PUBLIC',
    'CREATE POLICY of_members ON members USING (org_id IN (SELECT id FROM shapes.seen))');
\pset format aligned
DROP FUNCTION policies;

-- no_primary_key: a UNIQUE constraint becomes primary in place, a unique index
-- by plain SQL. Not of a key that is deferrable, or partial; the fix of the
-- former makes it primary
SELECT fine('lost', 'UNIQUE'), fine('Lost', 'UNIQUE'), fine('lost_index', ''), fine('lost_taken', 'CONSTRAINT lost_taken_pkey UNIQUE'),
       fine('near_partial', ''), fine('near_primary', 'PRIMARY KEY'), fine('near_entity', 'UNIQUE', ', id int PRIMARY KEY, note text'),
       fine('near_identity', 'UNIQUE'), fine('near_full', 'UNIQUE');
CREATE UNIQUE INDEX "Lost index" ON lost_index (invoice_id, tag_id) INCLUDE (invoice_id);
CREATE UNIQUE INDEX ON near_partial (invoice_id, tag_id) WHERE invoice_id > 0;
ALTER TABLE near_identity REPLICA IDENTITY USING INDEX near_identity_invoice_id_tag_id_key;
ALTER TABLE near_full REPLICA IDENTITY FULL;
CREATE TABLE lost_parted (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                          tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE, UNIQUE (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE TABLE lost_parted_0 PARTITION OF lost_parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON lost_parted (tag_id);
COMMENT ON TABLE lost_parted IS '@junction ignore name';
SELECT junction, rule, severity, columns, message, detail, fix FROM found WHERE rule <> 'missing_pair_key' ORDER BY junction::text COLLATE "C";
SELECT statement, locks FROM junction.repair('lost', '{no_primary_key}', dry_run => true);
\set ECHO none
SELECT * FROM fixes('no_primary_key') \gexec
\set ECHO all
SELECT junction, rule FROM found ORDER BY junction::text COLLATE "C", rule;
SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text ~* 'lost' ORDER BY conrelid::regclass::text COLLATE "C";
-- in repair
ALTER TABLE lost DROP CONSTRAINT lost_pkey, ADD UNIQUE (invoice_id, tag_id);
SELECT statement, locks FROM junction.repair('lost', '{no_primary_key}');
SELECT rule FROM junction.report('lost');
DROP TABLE lost, "Lost", lost_index, lost_taken, lost_parted, near_partial, near_primary, near_entity, near_identity, near_full;
-- where it can't be done: the detail says why
SELECT fine('grown', 'UNIQUE', ', note text'), fine('grown_deferred', 'UNIQUE', ', note text'), fine('stamped', 'UNIQUE', ', created_at date');
SELECT fine('nullable', 'UNIQUE'), fine('descending', ''), fine('not_distinct', 'UNIQUE NULLS NOT DISTINCT'), fine('deferred', 'UNIQUE'),
       fine('published', 'UNIQUE');
ALTER TABLE nullable ALTER tag_id DROP NOT NULL;
ALTER TABLE grown_deferred DROP CONSTRAINT grown_deferred_invoice_id_tag_id_key, ADD UNIQUE (invoice_id, tag_id) DEFERRABLE;
ALTER TABLE deferred DROP CONSTRAINT deferred_invoice_id_tag_id_key, ADD UNIQUE (invoice_id, tag_id) DEFERRABLE;
CREATE UNIQUE INDEX ON descending (invoice_id DESC, tag_id);
CREATE TABLE parted_index (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                           tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE) PARTITION BY HASH (tag_id);
CREATE TABLE parted_index_0 PARTITION OF parted_index FOR VALUES WITH (modulus 1, remainder 0);
CREATE UNIQUE INDEX ON parted_index (invoice_id, tag_id);
CREATE INDEX ON parted_index (tag_id);
COMMENT ON TABLE parted_index IS '@junction ignore name';
RESET ROLE;
SET client_min_messages = error;
CREATE PUBLICATION regress_junction_shapes FOR TABLE shapes.published;
SET client_min_messages = warning;
SET ROLE regress_junction_shapes;
SELECT junction, rule, columns, detail, fix FROM found ORDER BY junction::text COLLATE "C", rule;
SELECT * FROM fixes('deferrable_pair_key') \gexec
SELECT * FROM fixes('no_replica_identity') \gexec
SELECT * FROM fixes('nullable_endpoint') \gexec
SELECT * FROM fixes('no_primary_key') \gexec
-- as a collation of its own keeps an index from becoming a constraint's, here and in needless_surrogate
CREATE TABLE words (word text PRIMARY KEY);
CREATE TABLE collated (word text NOT NULL REFERENCES words ON DELETE CASCADE, tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE);
CREATE UNIQUE INDEX ON collated (word COLLATE "C", tag_id);
CREATE INDEX ON collated (tag_id);
CREATE INDEX ON collated (word);
CREATE TABLE collated_id (LIKE collated, id int PRIMARY KEY, FOREIGN KEY (word) REFERENCES words ON DELETE CASCADE,
                          FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE UNIQUE INDEX ON collated_id (word COLLATE "C", tag_id);
CREATE INDEX ON collated_id (tag_id);
CREATE INDEX ON collated_id (word);
SELECT junction, rule, detail, fix FROM found WHERE junction::text ~ 'collated' AND rule <> 'name' ORDER BY 1, 2;

RESET ROLE;
DROP PUBLICATION regress_junction_shapes;
DROP TABLE before;
RESET search_path;
DROP SCHEMA shapes CASCADE;
DROP ROLE regress_junction_shapes, regress_junction_shapes_reader, regress_junction_shapes_other;
