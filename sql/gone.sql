-- What is given by OID may be gone, or never have been there, or be no table: every function says so with an SQLSTATE
-- of its own, and none with an internal one.
\set VERBOSITY sqlstate
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_junction_gone;
CREATE SCHEMA regress_gone AUTHORIZATION regress_junction_gone;
SET SESSION AUTHORIZATION regress_junction_gone;
SET search_path = regress_gone;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE invoice_tags (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE VIEW a_view AS TABLE tags;
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (a int);
CREATE TABLE dropped (LIKE invoice_tags);
SELECT 'dropped'::regclass::oid AS dropped, 'invoice_tags_pkey'::regclass::oid AS index, 'a_view'::regclass::oid AS view,
       'a_sequence'::regclass::oid AS sequence, (SELECT typrelid FROM pg_type WHERE typname = 'a_type' AND typtype = 'c') AS type \gset
DROP TABLE dropped;

-- the SQLSTATE of each call, for each kind of thing
CREATE FUNCTION sqlstate_of(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
\pset format unaligned
SELECT replace(call, '%s', '...') AS call,
       sqlstate_of(replace(call, '%s', '0')) AS zero,
       sqlstate_of(replace(call, '%s', :'dropped')) AS dropped,
       sqlstate_of(replace(call, '%s', :'index')) AS index,
       sqlstate_of(replace(call, '%s', :'view')) AS view,
       sqlstate_of(replace(call, '%s', :'sequence')) AS sequence,
       sqlstate_of(replace(call, '%s', :'type')) AS type
FROM (VALUES
    ('SELECT junction.create(%s, ''tags'')'),
    ('SELECT junction.create(''tags'', %s)'),
    ('SELECT junction.create(''tags'', %s, dry_run => true)'),
    ('SELECT junction.promote(%s)'),
    ('SELECT junction.promote(%s, dry_run => true)'),
    ('SELECT junction.promote(%s, concurrently => true, dry_run => true)'),
    ('SELECT junction.promote(%s, portable => true)'),
    ('SELECT junction.demote(%s)'),
    ('SELECT junction.demote(%s, dry_run => true)'),
    ('SELECT junction.repair(%s)'),
    ('SELECT junction.repair(%s, dry_run => true)'),
    ('SELECT junction.primary_to_unique(%s, ''a'')'),
    ('SELECT junction.unique_to_primary(%s, ''a'')'),
    ('SELECT junction.report(%s)'),
    ('SELECT junction.dependents(%s)'),
    ('SELECT junction.diagram(%s)'),
    ('SELECT junction.probe(%s)'),
    ('SELECT junction.is_junction(%s)'),
    ('SELECT junction.is_pure(%s)'),
    ('SELECT junction.is_entity(%s)'),
    ('SELECT junction.is_served(%s)'),
    ('SELECT junction.holds(%s)')
) AS calls (call);
\pset format aligned

-- procedures commit, so no function can call them
CALL junction.promote_concurrently(0);
CALL junction.promote_concurrently(:dropped);
CALL junction.promote_concurrently(:index);
CALL junction.promote_concurrently(:view);
CALL junction._fill(0, 'a');
CALL junction._fill(:dropped, 'a');
CALL junction._fill(:view, 'a');
CALL junction.repair_concurrently(:dropped);
CALL junction.repair_concurrently(:view);

RESET SESSION AUTHORIZATION;
DROP SCHEMA regress_gone CASCADE;
DROP ROLE regress_junction_gone;
