-- Where the library is not there, as on a standby that was promoted without the package: what goes on, and what does
-- not. A database of its own is made to look for a library that does not exist.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT current_database() AS test_database \gset
CREATE DATABASE regress_junction_library TEMPLATE template0;
ALTER DATABASE regress_junction_library SET lc_messages = 'C';
\connect regress_junction_library
SET client_min_messages = warning;
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
UPDATE pg_proc SET probin = '$libdir/junction_is_gone' WHERE pronamespace = 'junction'::regnamespace;
-- a session that has not loaded it
\connect

-- what makes, changes or drops no table does not ask for it
CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1;
GRANT SELECT ON invoices TO PUBLIC;
COMMENT ON TABLE invoices IS 'They are paid.';
CREATE VIEW paid AS TABLE invoices;
DROP VIEW paid;
CREATE SEQUENCE numbers;
CREATE TYPE color AS ENUM ('red');
ALTER FUNCTION one() RENAME TO first;
CREATE ROLE regress_junction_library;
DROP ROLE regress_junction_library;
SET junction.guard = error;
INSERT INTO invoices VALUES (1);

-- the guard's commands do
\set VERBOSITY sqlstate
CREATE TABLE tags (id int PRIMARY KEY);
ALTER TABLE invoices ADD note text;
CREATE INDEX ON invoices (id);
DROP TABLE invoices;
-- until its owner disables the trigger
ALTER EVENT TRIGGER junction_guard DISABLE;
CREATE TABLE tags (id int PRIMARY KEY);
ALTER EVENT TRIGGER junction_guard ENABLE;

-- and the extension can be dropped
\set VERBOSITY terse
DROP EXTENSION junction;
DROP TABLE invoices;
SELECT count(*) FROM pg_event_trigger;
CREATE EXTENSION junction;

-- a command is listed once, each by a name that event triggers know
SELECT tag FROM pg_event_trigger, unnest(evttags) AS tag ORDER BY tag;

\connect :test_database
DROP DATABASE regress_junction_library;
