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

