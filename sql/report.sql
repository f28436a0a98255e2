-- junction.report(), junction.half_indexed: what is wrong, why, and the
-- statement that mends it, which must do so as it stands.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_report;
CREATE ROLE regress_junction_report_other;
CREATE SCHEMA report AUTHORIZATION regress_junction_report;
SET search_path = report;
SET ROLE regress_junction_report;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE tenant_invoices (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tenant_tags (tenant_id int, id int, PRIMARY KEY (tenant_id, id));

-- what the report has of the tables that this role owns, by the rules that
-- this file is about; rules.sql has the others
CREATE VIEW found AS
SELECT r.* FROM junction.report() r JOIN pg_class c ON c.oid = r.junction
WHERE pg_get_userbyid(relowner) = 'regress_junction_report'
  AND rule IN ('half_indexed', 'missing_pair_key', 'nullable_endpoint', 'multiway');

-- The cases: nothing wrong; each rule by itself; several in one table; and an
-- endpoint of two columns of which one can be null.  An order is no junction,
-- and nothing is said of it.
CREATE TABLE fine (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                   PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX ON fine (tag_id);
CREATE TABLE half (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                   PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE half_unserved (LIKE half, FOREIGN KEY (invoice_id) REFERENCES invoices,
                            FOREIGN KEY (tag_id) REFERENCES tags);
CREATE UNIQUE INDEX ON half_unserved (invoice_id, tag_id) WHERE invoice_id > 0;
CREATE TABLE unkeyed (tag_id int REFERENCES tags, invoice_id int REFERENCES invoices, created_at timestamptz);
CREATE TABLE invoice_tag_links (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices,
                                tag_id int NOT NULL REFERENCES tags);
CREATE INDEX ON invoice_tag_links (invoice_id);
CREATE INDEX ON invoice_tag_links (tag_id);
CREATE TABLE nullable (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices,
                       tag_id int REFERENCES tags, UNIQUE (tag_id, invoice_id));
CREATE INDEX ON nullable (invoice_id);
CREATE TABLE nullable_part (tenant_id int NOT NULL, invoice_id int, tag_id int,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tenant_tags,
    UNIQUE (tenant_id, tag_id, invoice_id));
CREATE TABLE multiway (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                       person_id int REFERENCES people, position int,
                       PRIMARY KEY (person_id, tag_id, invoice_id, position));
CREATE INDEX ON multiway (tag_id);
CREATE TABLE orders (id int PRIMARY KEY, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, amount int);

\x on
SELECT * FROM found ORDER BY junction::text COLLATE "C", rule, columns;
\x off

-- The view has the half-indexed sides, and one table's report is its part of
-- the whole.
SELECT junction, columns, fix FROM junction.half_indexed h JOIN found f USING (junction, columns, fix) ORDER BY fix COLLATE "C";
SELECT c.oid::regclass, r.rule, r.columns
FROM pg_class c, junction.report(c.oid) r
WHERE relnamespace = 'report'::regnamespace AND relkind = 'r'
  AND r.rule IN ('half_indexed', 'missing_pair_key', 'nullable_endpoint', 'multiway')
EXCEPT SELECT junction, rule, columns FROM found;
SELECT junction, rule, columns FROM found
EXCEPT SELECT c.oid, r.rule, r.columns
FROM pg_class c, junction.report(c.oid) r
WHERE relnamespace = 'report'::regnamespace AND relkind = 'r'
  AND r.rule IN ('half_indexed', 'missing_pair_key', 'nullable_endpoint', 'multiway');
SELECT count(*) FROM junction.report('half') WHERE severity <> 'info';
SELECT count(*) FROM junction.report(relation => 'fine') WHERE severity <> 'info';
SELECT count(*) FROM junction.report('orders');
SELECT count(*) FROM junction.report('invoices');
SELECT (SELECT count(*) FROM junction.report()) = (SELECT count(*) FROM junction.report(NULL)) AS all;

-- Every fix, run as given, makes its finding go away and brings no new one.
CREATE TABLE before AS SELECT junction::text, rule, columns FROM found;
CREATE FUNCTION mended(what text, which text, sides text[], OUT gone bool, OUT new bigint)
LANGUAGE plpgsql SET search_path = report, pg_temp AS $$
BEGIN
    SELECT count(*) = 0 INTO gone FROM found WHERE (junction::text, rule, columns) = (what, which, sides);
    SELECT count(*) INTO new FROM (SELECT junction::text, rule, columns FROM found EXCEPT TABLE before) AS n;
    DELETE FROM before;
    INSERT INTO before SELECT junction::text, rule, columns FROM found;
END $$;
SELECT fix, format('SELECT * FROM mended(%L, %L, %L)', junction, rule, columns)
FROM found WHERE fix IS NOT NULL ORDER BY junction::text COLLATE "C", rule, columns \gexec
-- what is left has no fix; and what was unkeyed has a key
SELECT junction, rule, severity, fix FROM found ORDER BY junction::text COLLATE "C", rule;
SELECT j.junction, kind, pair_key, served_by FROM junction.junctions j
WHERE j.junction IN ('unkeyed'::regclass, 'invoice_tag_links'::regclass) ORDER BY 2;
DROP TABLE fine, half, half_unserved, unkeyed, invoice_tag_links, nullable, nullable_part, multiway, orders;

-- Names that need quotes, under a search_path that knows none of them; a
-- partitioned table, of which PostgreSQL builds no index concurrently; a
-- temporary one; a name as long as names can be.
CREATE TABLE "x""; drop table y; --" ("In.voice ""id""" int REFERENCES invoices, "Tag's, id" int REFERENCES tags,
                                     UNIQUE ("In.voice ""id""", "Tag's, id"));
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags) PARTITION BY HASH (tag_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE TEMP TABLE people (id int PRIMARY KEY);
CREATE TEMP TABLE temporary (left_id int REFERENCES pg_temp.people, right_id int REFERENCES pg_temp.people,
                             PRIMARY KEY (left_id, right_id));
SELECT format('CREATE TABLE %I (%I int REFERENCES invoices, %I int REFERENCES tags)',
              repeat('é', 30) || 'abc', 'l' || repeat('é', 31), 'r' || repeat('é', 31)) \gexec
SET search_path = pg_catalog;
SELECT junction::text, rule, columns, message, detail FROM report.found
WHERE junction::text ~ 'drop table' ORDER BY 1, 2, 3;
SELECT fix FROM report.found
ORDER BY junction::text COLLATE "C", rule, columns;
\set ECHO none
SELECT fix FROM report.found ORDER BY junction::text COLLATE "C", rule, columns \gexec
\set ECHO all
SELECT junction, rule FROM report.found;
SET search_path = report;
DROP TABLE "x""; drop table y; --", parted, pg_temp.temporary, pg_temp.people;
SELECT format('DROP TABLE %I', repeat('é', 30) || 'abc') \gexec

-- Where no one statement mends it, none is given: a unique constraint over the
-- pair is not to be had where the table is partitioned by another column, and
-- no index of a column serves where the foreign key compares it as another type.
CREATE TABLE parted_by_date (invoice_id int NOT NULL REFERENCES invoices, tag_id int NOT NULL REFERENCES tags,
                             created_at date) PARTITION BY RANGE (created_at);
CREATE INDEX ON parted_by_date (invoice_id);
CREATE INDEX ON parted_by_date (tag_id);
CREATE TABLE numbers (id numeric PRIMARY KEY);
CREATE TABLE converted (number_id int REFERENCES numbers, tag_id int REFERENCES tags,
                        PRIMARY KEY (tag_id, number_id));
SELECT junction, rule, columns FROM found ORDER BY junction::text COLLATE "C";
\set ECHO none
SELECT fix FROM found WHERE fix IS NOT NULL ORDER BY junction::text COLLATE "C" \gexec
\set ECHO all
SELECT junction, rule, columns, fix FROM found WHERE fix IS NOT NULL;
DROP TABLE parted_by_date, converted, numbers;

-- drizzle-kit's names, if junction.naming says so.  They never collide, with
-- what is there or with each other, however they have to be cut.
CREATE TABLE half (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                   PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE unkeyed (tag_id int NOT NULL REFERENCES tags, invoice_id int NOT NULL REFERENCES invoices);
CREATE INDEX ON unkeyed (invoice_id);
CREATE TABLE invoice_tag_links (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices,
                                tag_id int NOT NULL REFERENCES tags);
CREATE INDEX ON invoice_tag_links (invoice_id);
CREATE INDEX ON invoice_tag_links (tag_id);
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     PRIMARY KEY (tag_id, invoice_id)) PARTITION BY HASH (tag_id);
CREATE TABLE taken (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                    PRIMARY KEY (tag_id, invoice_id));
CREATE SEQUENCE taken_invoice_id_index;
SET junction.naming = drizzle;
TRUNCATE before;
INSERT INTO before SELECT junction::text, rule, columns FROM found;
SELECT fix, format('SELECT * FROM mended(%L, %L, %L)', junction, rule, columns)
FROM found WHERE fix IS NOT NULL ORDER BY junction::text COLLATE "C", rule, columns \gexec
DROP TABLE half, unkeyed, invoice_tag_links, parted, taken;
DROP SEQUENCE taken_invoice_id_index;
SELECT format('CREATE TABLE %I (left_id int NOT NULL REFERENCES invoices, right_id int NOT NULL REFERENCES tags)',
              repeat('t', length) || tail)
FROM (VALUES (59, 'a'), (62, 'a'), (62, 'b')) AS v (length, tail) \gexec
SELECT junction, rule, columns FROM found ORDER BY junction::text COLLATE "C", rule, columns;
\set ECHO none
SELECT fix FROM found ORDER BY junction::text COLLATE "C", rule, columns \gexec
\set ECHO all
SELECT junction, rule, columns FROM found;
SELECT format('DROP TABLE %I', repeat('t', length) || tail)
FROM (VALUES (59, 'a'), (62, 'a'), (62, 'b')) AS v (length, tail) \gexec
RESET junction.naming;

-- The catalogs are open to all: a role that owns nothing sees the same, in a
-- transaction that may only read too; but the fix is not for it to run.
CREATE TABLE half (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                   PRIMARY KEY (invoice_id, tag_id));
RESET ROLE;
SET ROLE regress_junction_report_other;
BEGIN READ ONLY;
SELECT rule, columns, fix FROM junction.report() WHERE fix ~ 'report.half' AND severity <> 'info';
COMMIT;
SET ROLE regress_junction_report;
GRANT USAGE ON SCHEMA report TO regress_junction_report_other;
SET ROLE regress_junction_report_other;
SELECT fix FROM junction.half_indexed WHERE junction = 'half'::regclass \gexec

-- A member of an extension is left out of the whole, but may be asked for.
RESET ROLE;
BEGIN;
ALTER EXTENSION junction ADD TABLE half;
SELECT count(*) FROM found;
SELECT junction, rule FROM junction.report('half') WHERE severity <> 'info';
ROLLBACK;

-- What is no table is refused, by name; what is gone, by number.
SET ROLE regress_junction_report;
CREATE TABLE parted (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                     PRIMARY KEY (tag_id, invoice_id)) PARTITION BY HASH (tag_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE VIEW a_view AS SELECT * FROM half;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM half;
CREATE SEQUENCE a_sequence;
RESET ROLE;
CREATE FOREIGN DATA WRAPPER regress_junction_report_wrapper;
CREATE SERVER regress_junction_report_server FOREIGN DATA WRAPPER regress_junction_report_wrapper;
CREATE FOREIGN TABLE a_foreign_table (invoice_id int) SERVER regress_junction_report_server;
SELECT * FROM junction.report('parted_0');
SELECT * FROM junction.report('a_view');
SELECT * FROM junction.report('a_matview');
SELECT * FROM junction.report('a_sequence');
SELECT * FROM junction.report('half_pkey');
SELECT * FROM junction.report('a_foreign_table');
SELECT * FROM junction.report('pg_class');
SELECT * FROM junction.report(4294967295);
\set VERBOSITY sqlstate
SELECT * FROM junction.report('parted_0');
SELECT * FROM junction.report('a_view');
SELECT * FROM junction.report('a_matview');
SELECT * FROM junction.report('a_sequence');
SELECT * FROM junction.report('half_pkey');
SELECT * FROM junction.report('a_foreign_table');
SELECT * FROM junction.report('pg_class');
SELECT * FROM junction.report(4294967295);
-- no table has the number 0, and it is not null
SELECT * FROM junction.report(0);
SELECT * FROM junction.report('nowhere');
\set VERBOSITY terse

DROP SERVER regress_junction_report_server CASCADE;
DROP FOREIGN DATA WRAPPER regress_junction_report_wrapper;
RESET search_path;
DROP SCHEMA report CASCADE;
DROP ROLE regress_junction_report, regress_junction_report_other;
