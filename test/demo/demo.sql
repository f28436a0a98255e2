\set QUIET on
\set ON_ERROR_STOP on
\set ECHO none
\pset pager off
\pset footer off
\pset linestyle ascii
\pset border 1
SET client_min_messages = warning;

CREATE EXTENSION junction;
CREATE TABLE invoices (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL);
CREATE TABLE tags (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO invoices (customer) VALUES ('Ada'), ('Grace');
INSERT INTO tags (name) VALUES ('urgent'), ('paid');
CREATE TYPE member_role AS ENUM ('member', 'admin');
CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE orgs (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO users (name) VALUES ('Ada'), ('Grace'), ('Edsger');
INSERT INTO orgs (name) VALUES ('Analytical Engines'), ('Compilers United');
CREATE SCHEMA sample;
SET search_path = sample;
\i test/demo/schema.sql
SET search_path = public;

\echo
\echo '1. MAKE  an invoice has many tags, a tag is on many invoices'
\echo '================================================================================'
\echo
\echo 'What would be done? Every verb has a dry run, and its statements are a migration.'
\echo
\set ECHO queries
\pset format unaligned
\pset tuples_only on
SELECT statement FROM junction.create('invoices', 'tags', dry_run => true);
\set ECHO none
\echo
\echo 'Done for real, it shows what it did in the same words.'
\echo
\set ECHO queries
SELECT count(*) || ' statements' FROM junction.create('invoices', 'tags');
\set ECHO none
\pset format aligned
\pset tuples_only off

\echo
\echo '2. BREAK IT  the four rules hold, with no help from the application'
\echo '================================================================================'
\echo
\set ECHO queries
INSERT INTO invoice_tags VALUES (1, 1), (1, 2), (2, 1);
\set ECHO none
\echo
\set ON_ERROR_STOP off
\echo 'A pair twice?'
\set ECHO queries
INSERT INTO invoice_tags VALUES (1, 1);
\set ECHO none
\echo
\echo 'A link to nothing, on either side?'
\set ECHO queries
INSERT INTO invoice_tags VALUES (99, 1);
INSERT INTO invoice_tags VALUES (1, 99);
\set ECHO none
\echo
\set ON_ERROR_STOP on
\echo 'When an invoice goes, or a tag, its links go with it.'
\set ECHO queries
DELETE FROM invoices WHERE id = 1;
SELECT * FROM invoice_tags;
\set ECHO none

\echo '3. LOOK  the junctions of real schemas: Northwind, Pagila, Apache Ranger'
\echo '================================================================================'
\echo
\set ECHO queries
SELECT junction, kind, endpoints FROM junction.junctions WHERE junction::text LIKE 'sample.%';
\pset expanded on
SELECT junction, rule, severity, message, fix FROM junction.report() WHERE severity IN ('warning', 'error');
\pset expanded off
\set ECHO none
\echo 'A fix is a statement, ready to run: psql does it with \\gexec.'
\echo
\set ECHO queries
SELECT fix FROM junction.report() WHERE severity IN ('warning', 'error') \gexec
\pset tuples_only on
SELECT count(*) || ' findings' FROM junction.report() WHERE severity IN ('warning', 'error');
\set ECHO none

\echo '4. PROMOTE  the link grows a role, and becomes a thing of its own'
\echo '================================================================================'
\echo
\set ECHO queries
SELECT count(*) || ' statements' FROM junction.create('users', 'orgs', name => 'user_orgs');
INSERT INTO user_orgs VALUES (1, 1), (2, 1), (2, 2), (3, 2);
\set ECHO none
\echo
\echo 'The dry run: each statement, and the locks it takes.'
\echo
\pset format unaligned
\pset fieldsep '\n    -- '
\pset null 'no lock on a table'
\set ECHO queries
SELECT statement || ';', locks
FROM junction.promote('user_orgs', 'memberships',
                      columns => array['role member_role not null default ''member'''],
                      dry_run => true);
\set ECHO none
\pset null ''
\pset format aligned
\echo
\echo 'And for real, in one transaction.'
\echo
\set ECHO queries
SELECT count(*) || ' statements'
FROM junction.promote('user_orgs', 'memberships',
                      columns => array['role member_role not null default ''member''']);
\pset tuples_only off
\d memberships
\set ECHO none
\echo 'No row is lost, and the rule still holds.'
\echo
\set ECHO queries
SELECT id, user_id, org_id, role FROM memberships;
\set ON_ERROR_STOP off
INSERT INTO memberships (user_id, org_id) VALUES (1, 1);
\set ON_ERROR_STOP on
\set ECHO none
\echo
