-- junction.promote and junction.demote of what Citus keeps. Citus is not there: its catalog is, as an extension of its
-- name would have it. So this is about the text of the plans, and about what is refused; test/t/citus.sh runs them.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_junction_citus_promote;
CREATE SCHEMA regress_citus_promote AUTHORIZATION regress_junction_citus_promote;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (1, 'citus', 10, 'pg_catalog'::regnamespace, false, '0');
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int, repmodel "char");
ALTER TABLE pg_dist_partition SET SCHEMA pg_catalog;
GRANT ALL ON pg_catalog.pg_dist_partition TO regress_junction_citus_promote;
SET SESSION AUTHORIZATION regress_junction_citus_promote;
SET search_path = regress_citus_promote;
CREATE FUNCTION distribute(relation regclass, "column" name, colocation int, method "char" = 'h', model "char" = 's')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO pg_catalog.pg_dist_partition VALUES (relation, method,
        (SELECT format('{VAR :varno 1 :varattno %s :vartype 23}', attnum) FROM pg_attribute
         WHERE attrelid = relation AND attname = "column"), colocation, model)
$$;
CREATE FUNCTION refusal(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text; why text; way text;
BEGIN
    EXECUTE $1;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, why = PG_EXCEPTION_DETAIL, way = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || said, why, way);
END $$;
-- PostgreSQL 18 has an uuidv7() of its own
CREATE FUNCTION plan(text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE statement text;
BEGIN
    FOR statement IN EXECUTE $1 LOOP
        RETURN NEXT replace(statement, 'pg_catalog.uuidv7()', 'pg_catalog.gen_random_uuid()');
    END LOOP;
END $$;

CREATE TABLE accounts (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE plans (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE labels (id int PRIMARY KEY);
CREATE TABLE account_plans ("tenant's" int, account_id int, plan_id int, PRIMARY KEY ("tenant's", account_id, plan_id),
    FOREIGN KEY ("tenant's", account_id) REFERENCES accounts ON DELETE CASCADE,
    FOREIGN KEY ("tenant's", plan_id) REFERENCES plans ON DELETE CASCADE);
CREATE INDEX ON account_plans ("tenant's", plan_id);
CREATE TABLE label_tags (label_id int REFERENCES labels, tag_id int REFERENCES tags, PRIMARY KEY (label_id, tag_id));
COMMENT ON CONSTRAINT label_tags_pkey ON label_tags IS 'each once';
CREATE TABLE marks (label_id int NOT NULL REFERENCES labels, tag_id int NOT NULL REFERENCES tags, UNIQUE (label_id, tag_id),
    id uuid DEFAULT gen_random_uuid() CONSTRAINT marks_pkey PRIMARY KEY, created_at timestamptz DEFAULT now());
SELECT distribute('accounts', 'tenant_id', 1), distribute('plans', 'tenant_id', 1), distribute('account_plans', 'tenant''s', 1),
    distribute('tags', NULL, 3, 'n', 't'), distribute('labels', NULL, 3, 'n', 't'), distribute('label_tags', NULL, 3, 'n', 't'),
    distribute('marks', NULL, 3, 'n', 't');

\a
\t on
-- one copy of each row: the id comes where the row is
SELECT plan($$SELECT statement FROM junction.promote('account_plans', 'subscriptions', array['role text default ''member'''],
    primary_key => '{tenant''s,id}', dry_run => true)$$);
-- copies: one set of ids for all
SELECT plan($$SELECT statement FROM junction.promote('label_tags', 'labellings', array['note text default ''none''', 'n int not null default 1'],
    dry_run => true)$$);
SELECT plan($$SELECT statement FROM junction.promote('label_tags', timestamps => false, dry_run => true)$$);
-- and back
SELECT plan($$SELECT statement FROM junction.demote('marks', 'old_marks', dry_run => true)$$);

SELECT refusal($$SELECT junction.promote('account_plans', 'subscriptions')$$);
SELECT refusal($$SELECT junction.promote('label_tags', 'x', keep_old_name => true)$$);
SELECT refusal($$SELECT junction.promote('label_tags', id_type => 'bigint')$$);
SELECT refusal($$SELECT junction.promote('label_tags', concurrently => true, dry_run => true)$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr serial}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr int generated always as identity}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr int check (nr > 0)}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{tag int references tags}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr int unique}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{at timestamptz default now()}')$$);
CREATE DOMAIN random AS uuid DEFAULT gen_random_uuid();
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{r random}')$$);
CREATE TABLE notes (label_id int, tag_id int, FOREIGN KEY (label_id, tag_id) REFERENCES label_tags);
SELECT refusal($$SELECT junction.promote('label_tags')$$);
DROP TABLE notes;
CREATE TABLE notes (label_id int, tag_id int, FOREIGN KEY (label_id, tag_id) REFERENCES marks (label_id, tag_id));
SELECT refusal($$SELECT junction.demote('marks', 'old_marks')$$);
\t off
\a

RESET SESSION AUTHORIZATION;
DELETE FROM pg_extension WHERE extname = 'citus';
DROP TABLE pg_catalog.pg_dist_partition;
SET client_min_messages = error;
DROP SCHEMA regress_citus_promote CASCADE;
DROP ROLE regress_junction_citus_promote;
