/* junction--1.0.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION junction" to load this file. \quit

GRANT USAGE ON SCHEMA junction TO PUBLIC;

--
-- What the verbs and the report return
--

CREATE TYPE junction.statement AS (
    step int,
    statement text,
    locks text
);
COMMENT ON TYPE junction.statement IS
'a statement that a verb ran, or would run; locks: the locks that it takes on existing tables, strongest first';

CREATE TYPE junction.finding AS (
    junction regclass,
    rule text,
    severity text,
    columns text[],
    message text,
    detail text,
    fix text
);
COMMENT ON TYPE junction.finding IS
'something wrong with a junction; severity: error, warning, notice or info; fix: what to run, a statement or several with semicolons between them, or null';

CREATE TYPE junction.change AS (
    step int,
    statement text,
    locks text,
    child regclass,
    change text,
    rows bigint
);
COMMENT ON TYPE junction.change IS
'a statement that changes rows, as junction.statement has it; child: the table; change: moved, there already, loop or gone; rows: how many, null for a dry run';

--
-- Make
--

CREATE FUNCTION junction.create(
    left_table regclass,
    right_table regclass,
    name text DEFAULT NULL,
    left_columns text[] DEFAULT NULL,
    right_columns text[] DEFAULT NULL,
    shared_columns text[] DEFAULT NULL,
    left_on_delete text DEFAULT 'cascade',
    right_on_delete text DEFAULT 'cascade',
    reverse_index bool DEFAULT true,
    undirected bool DEFAULT false,
    if_not_exists bool DEFAULT false,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_create'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.create(regclass, regclass, text, text[], text[], text[], text, text, bool, bool, bool, bool) IS
'create the junction of two tables, with two foreign keys, the pair as primary key, and the reverse index';

CREATE FUNCTION junction.absorb(
    source regclass,
    columns text[],
    parent regclass,
    match text DEFAULT NULL,
    name text DEFAULT NULL,
    missing text DEFAULT 'error',
    separator text DEFAULT NULL,
    "normalize" text DEFAULT NULL,
    ordered bool DEFAULT false,
    reverse_index bool DEFAULT true,
    left_on_delete text DEFAULT 'cascade',
    right_on_delete text DEFAULT 'cascade',
    keep_source bool DEFAULT true,
    mirror bool DEFAULT false,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_absorb'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.absorb(regclass, text[], regclass, text, text, text, text, text, bool, bool, text, text, bool, bool, bool) IS
'make a junction of a relation that is kept in columns of a table: an array, json, delimited text, a foreign key or numbered columns';

CREATE FUNCTION junction.retire(
    source regclass,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_retire'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.retire(regclass, bool) IS
'drop the columns of a table that junction.absorb has superseded, and what mirrors them';

CREATE FUNCTION junction.create_accessors(
    junction regclass,
    accessors text[] DEFAULT '{list,set,add,remove}',
    match text DEFAULT NULL,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_create_accessors'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.create_accessors(regclass, text[], text, bool) IS
'make functions in plain SQL that walk a junction and change its links';

CREATE FUNCTION junction.drop_accessors(
    junction regclass,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_drop_accessors'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.drop_accessors(regclass, bool) IS
'drop the functions that junction.create_accessors has made for a junction';

CREATE FUNCTION junction.create_property_graph(
    name text,
    junctions regclass[] DEFAULT NULL,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_create_property_graph'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.create_property_graph(text, regclass[], bool) IS
'make a property graph of junctions; no server can yet';

--
-- Change
--

CREATE FUNCTION junction.promote(
    junction regclass,
    name text DEFAULT NULL,
    columns text[] DEFAULT '{}',
    timestamps bool DEFAULT true,
    id_column text DEFAULT 'id',
    id_type regtype DEFAULT 'uuid',
    primary_key text[] DEFAULT NULL,
    unique_name text DEFAULT NULL,
    keep_old_name bool DEFAULT false,
    portable bool DEFAULT false,
    concurrently bool DEFAULT false,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_promote'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.promote(regclass, text, text[], bool, text, regtype, text[], text, bool, bool, bool, bool) IS
'make a junction an entity: add an id as its primary key, keep the pair unique, and rename the table if a name is given';

CREATE PROCEDURE junction.promote_concurrently(
    junction regclass,
    name text DEFAULT NULL,
    columns text[] DEFAULT '{}',
    timestamps bool DEFAULT true,
    id_column text DEFAULT 'id',
    id_type regtype DEFAULT 'uuid',
    primary_key text[] DEFAULT NULL,
    unique_name text DEFAULT NULL,
    keep_old_name bool DEFAULT false,
    batch_size int DEFAULT 10000,
    pause interval DEFAULT '0',
    max_lag bigint DEFAULT NULL,
    lock_timeout interval DEFAULT '100 ms',
    max_wait interval DEFAULT '10 min',
    cut_over bool DEFAULT true
)
AS 'MODULE_PATHNAME', 'junction_promote_concurrently'
LANGUAGE C;
COMMENT ON PROCEDURE junction.promote_concurrently(regclass, text, text[], bool, text, regtype, text[], text, bool, int, interval, bigint, interval, interval, bool) IS
'promote a junction while others read and write it; if it was stopped, the same call continues it';

CREATE PROCEDURE junction._fill(
    relation regclass,
    column_name text,
    batch_size int DEFAULT 10000,
    pause interval DEFAULT '0',
    max_lag bigint DEFAULT NULL,
    lock_timeout interval DEFAULT '100 ms',
    max_wait interval DEFAULT '10 min'
)
AS 'MODULE_PATHNAME', 'junction_fill'
LANGUAGE C;
COMMENT ON PROCEDURE junction._fill(regclass, text, int, interval, bigint, interval, interval) IS
'internal, for the plan of a concurrent promotion: set a column that was added without values to its default, in each row';

CREATE FUNCTION junction.demote(
    entity regclass,
    name text DEFAULT NULL,
    discard_columns bool DEFAULT false,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_demote'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.demote(regclass, text, bool, bool) IS
'make an entity a junction again: drop the id and the columns behind it, and make the pair the primary key';

CREATE FUNCTION junction.merge(
    parent regclass,
    keep anyelement,
    gone anyarray,
    conflicts text DEFAULT 'keep',
    dry_run bool DEFAULT false
) RETURNS SETOF junction.change
AS 'MODULE_PATHNAME', 'junction_merge'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.merge(regclass, anyelement, anyarray, text, bool) IS
'make several rows of a table one, with every row that references them';

CREATE FUNCTION junction.deduplicate(
    junction regclass,
    keep text DEFAULT 'first',
    dry_run bool DEFAULT false
) RETURNS SETOF junction.change
AS 'MODULE_PATHNAME', 'junction_deduplicate'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.deduplicate(regclass, text, bool) IS
'leave one row of each pair that a table without a pair key has several times, with all that references it';

CREATE FUNCTION junction.split(
    junction regclass,
    actor text[] DEFAULT NULL,
    into_tables text[] DEFAULT NULL,
    keep_source bool DEFAULT true,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_split'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION junction.split(regclass, text[], text[], bool, bool) IS
'split a multiway table: make one end the actor, or take the table apart into junctions of two ends each, without losing or adding a row';

CREATE FUNCTION junction.repair(
    junction regclass,
    rules text[] DEFAULT '{half_indexed}',
    concurrently bool DEFAULT false,
    dry_run bool DEFAULT false
) RETURNS SETOF junction.statement
AS 'MODULE_PATHNAME', 'junction_repair'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.repair(regclass, text[], bool, bool) IS
'run the fixes of the report for one table and the given rules; by default, add the missing reverse index';

CREATE PROCEDURE junction.repair_concurrently(
    junction regclass DEFAULT NULL,
    lock_timeout interval DEFAULT '100 ms',
    max_wait interval DEFAULT '10 min'
)
AS 'MODULE_PATHNAME', 'junction_repair_concurrently'
LANGUAGE C;
COMMENT ON PROCEDURE junction.repair_concurrently(regclass, interval, interval) IS
'build the missing reverse indexes, of all half-indexed junctions or of one, while others read and write';

CREATE FUNCTION junction.pause(junction regclass)
RETURNS void
AS 'MODULE_PATHNAME', 'junction_pause'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.pause(regclass) IS
'make the procedure that works on a table now pause after its present batch or step, until junction.resume';

CREATE FUNCTION junction.resume(junction regclass)
RETURNS void
AS 'MODULE_PATHNAME', 'junction_resume'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.resume(regclass) IS
'let the procedure that junction.pause has made pause go on';

CREATE FUNCTION junction.primary_to_unique(junction regclass, name text)
RETURNS void
AS 'MODULE_PATHNAME', 'junction_primary_to_unique'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.primary_to_unique(regclass, text) IS
'make the primary key of a table a UNIQUE constraint with the given name, in place: nothing is rebuilt';

CREATE FUNCTION junction.unique_to_primary(junction regclass, name text)
RETURNS void
AS 'MODULE_PATHNAME', 'junction_unique_to_primary'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.unique_to_primary(regclass, text) IS
'make the UNIQUE constraint over the pair of a table its primary key with the given name, in place: nothing is rebuilt';

--
-- Look
--

CREATE FUNCTION junction._junctions(
    OUT junction regclass,
    OUT kind text,
    OUT endpoints text[],
    OUT parents regclass[],
    OUT served_by regclass[],
    OUT pair_key regclass,
    OUT predicate text,
    OUT own_columns text[]
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_list'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION junction._junctions() IS
'internal, the rows of the view junction.junctions';

CREATE FUNCTION junction._half_indexed(
    OUT junction regclass,
    OUT columns text[],
    OUT fix text,
    OUT rows bigint,
    OUT bytes bigint,
    OUT parent_deletes bigint,
    OUT seq_scans bigint
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_half_indexed'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION junction._half_indexed() IS
'internal, the rows of the view junction.half_indexed';

CREATE FUNCTION junction.report(relation regclass DEFAULT NULL)
RETURNS SETOF junction.finding
AS 'MODULE_PATHNAME', 'junction_report'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION junction.report(regclass) IS
'list what is wrong with the junctions of the database, or with one table, and how to fix it, the worst first';

CREATE FUNCTION junction.dependents(
    junction regclass,
    OUT kind text,
    OUT object text,
    OUT effect text,
    OUT action text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_dependents'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION junction.dependents(regclass) IS
'list the objects that a promotion of the table affects, the effect on each, and what to do about it';

CREATE FUNCTION junction.measure(
    junction regclass,
    OUT columns text[],
    OUT parent regclass,
    OUT rows bigint,
    OUT expected bigint,
    OUT counted bigint,
    OUT rows_per_value float8,
    OUT fix text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_measure'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 2;
COMMENT ON FUNCTION junction.measure(regclass) IS
'count the distinct values of each end of a junction, beside the number that the planner expects; fix: the statement that corrects it';

CREATE FUNCTION junction.dependencies(
    junction regclass,
    OUT determinant text[],
    OUT dependent text[],
    OUT exceptions bigint,
    OUT rows bigint,
    OUT parts text[],
    OUT lossless bool,
    OUT spurious bigint
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_dependencies'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 13;
COMMENT ON FUNCTION junction.dependencies(regclass) IS
'count in the rows of a multiway table which ends decide which (determinant, dependent, exceptions: values of the determinant with several values of the dependent), and how many rows the join of its parts would add (parts, lossless, spurious); what does not apply to a row is null';

CREATE FUNCTION junction.diagram(
    relation regclass DEFAULT NULL,
    format text DEFAULT 'mermaid'
) RETURNS text
AS 'MODULE_PATHNAME', 'junction_diagram'
LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.diagram(regclass, text) IS
'draw a junction and its parents, or all junctions, as an erDiagram of Mermaid or in DOT, the language of Graphviz';

CREATE FUNCTION junction.check(
    severity text DEFAULT 'warning',
    rules text[] DEFAULT NULL,
    schemas text[] DEFAULT NULL
) RETURNS void
AS 'MODULE_PATHNAME', 'junction_check'
LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.check(text, text[], text[]) IS
'raise an error if the report has a finding of the given severity or worse, for CI';

CREATE FUNCTION junction._progress(
    OUT pid int,
    OUT junction regclass,
    OUT step int,
    OUT steps int,
    OUT step_name text,
    OUT rows_done bigint,
    OUT rows_expected bigint,
    OUT percent int,
    OUT rows_per_second bigint,
    OUT time_left interval,
    OUT waiting_for text,
    OUT pausing_for text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_progress'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION junction._progress() IS
'internal, for the view progress';

CREATE VIEW junction.junctions AS
SELECT junction, kind, endpoints, parents, served_by, pair_key, predicate, own_columns
FROM junction._junctions();
COMMENT ON VIEW junction.junctions IS
'every junction of the database: pure, payload, entity, temporal, unkeyed or multiway';
COMMENT ON COLUMN junction.junctions.junction IS 'the table';
COMMENT ON COLUMN junction.junctions.kind IS 'pure, payload, entity, temporal, unkeyed or multiway';
COMMENT ON COLUMN junction.junctions.endpoints IS 'the columns of each endpoint, quoted, in the order of the key';
COMMENT ON COLUMN junction.junctions.parents IS 'the table that each endpoint points at';
COMMENT ON COLUMN junction.junctions.served_by IS 'for each endpoint an index that serves it, or null';
COMMENT ON COLUMN junction.junctions.pair_key IS 'the index that keeps the pair unique, or of a temporal key; null if unkeyed';
COMMENT ON COLUMN junction.junctions.predicate IS 'the condition of the pair key if it is partial, or null';
COMMENT ON COLUMN junction.junctions.own_columns IS 'the columns beside the pair';

CREATE VIEW junction.half_indexed AS
SELECT junction, columns, fix, rows, bytes, parent_deletes, seq_scans
FROM junction._half_indexed()
ORDER BY CAST(parent_deletes AS float8) OPERATOR(pg_catalog.*) CAST(rows AS float8) DESC NULLS LAST,
    bytes DESC NULLS LAST, CAST(junction AS oid), columns;
COMMENT ON VIEW junction.half_indexed IS
'the junctions that lack a reverse index, one row for each endpoint that no index serves, in the order of the harm: parent_deletes * rows, then bytes';
COMMENT ON COLUMN junction.half_indexed.junction IS 'the table';
COMMENT ON COLUMN junction.half_indexed.columns IS 'the columns of the endpoint';
COMMENT ON COLUMN junction.half_indexed.fix IS 'the statement that adds the index';
COMMENT ON COLUMN junction.half_indexed.rows IS 'the estimated rows of the table, with its partitions; null before its first VACUUM or ANALYZE';
COMMENT ON COLUMN junction.half_indexed.bytes IS 'the estimated size of the table without its indexes, with its partitions; null before its first VACUUM or ANALYZE';
COMMENT ON COLUMN junction.half_indexed.parent_deletes IS 'the deletes from the parent that the statistics have counted, each of which scanned the table';
COMMENT ON COLUMN junction.half_indexed.seq_scans IS 'the sequential scans of the table that the statistics have counted';

CREATE VIEW junction.progress AS
SELECT pid, junction, step, steps, step_name, rows_done, rows_expected, percent, rows_per_second, time_left, waiting_for, pausing_for
FROM junction._progress();
COMMENT ON VIEW junction.progress IS
'the procedures that work in this database now, promote_concurrently and repair_concurrently: those of the caller''s role and tables, or for pg_monitor all';
COMMENT ON COLUMN junction.progress.pid IS 'the process of the session';
COMMENT ON COLUMN junction.progress.junction IS 'the table';
COMMENT ON COLUMN junction.progress.step IS 'the number of the step; of repair_concurrently, of the index; null if unknown';
COMMENT ON COLUMN junction.progress.steps IS 'the number of steps; null if unknown';
COMMENT ON COLUMN junction.progress.step_name IS 'the step; null if the session has track_activities off';
COMMENT ON COLUMN junction.progress.rows_done IS 'the rows that the step has done; null if it does not count rows';
COMMENT ON COLUMN junction.progress.rows_expected IS 'the rows of the step, estimated; null if it does not count rows';
COMMENT ON COLUMN junction.progress.percent IS 'how much of the step is done; null if unknown';
COMMENT ON COLUMN junction.progress.rows_per_second IS 'the rows of a fill, on average since it began; null of other steps';
COMMENT ON COLUMN junction.progress.time_left IS 'until the step ends, at this rate; null if unknown';
COMMENT ON COLUMN junction.progress.waiting_for IS 'the sessions that stand in the way, or null';
COMMENT ON COLUMN junction.progress.pausing_for IS 'why it pauses: junction.pause, a standby or replication slot, autovacuum; or null';

GRANT SELECT ON junction.junctions, junction.half_indexed, junction.progress TO PUBLIC;

--
-- Trust
--

CREATE FUNCTION junction.probe(
    junction regclass,
    OUT probe text,
    OUT outcome text,
    OUT detail text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'junction_probe'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION junction.probe(regclass) IS
'try to break each rule of a junction with test rows, which are rolled back; outcome: held, broken or skipped';

--
-- Assertions for pgTAP
--

CREATE FUNCTION junction.is_junction(junction regclass, description text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'junction_is_junction'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.is_junction(regclass, text) IS
'assert that a table is a junction, for pgTAP';

CREATE FUNCTION junction.is_pure(junction regclass, description text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'junction_is_pure'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.is_pure(regclass, text) IS
'assert that a table is a pure junction, for pgTAP';

CREATE FUNCTION junction.is_entity(junction regclass, description text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'junction_is_entity'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.is_entity(regclass, text) IS
'assert that a table is a junction that has become an entity, for pgTAP';

CREATE FUNCTION junction.is_served(junction regclass, description text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'junction_is_served'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.is_served(regclass, text) IS
'assert that an index serves each endpoint of a junction, for pgTAP';

CREATE FUNCTION junction.holds(junction regclass, description text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'junction_holds'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION junction.holds(regclass, text) IS
'assert that every probe of a junction holds, for pgTAP';

--
-- The guard
--

CREATE FUNCTION junction._load_guard()
RETURNS event_trigger
AS 'MODULE_PATHNAME', 'junction_load_guard'
LANGUAGE C;
COMMENT ON FUNCTION junction._load_guard() IS
'loads the library before the first command that makes or alters a table, for junction.guard';

-- The commands that can change what the guard judges: tables and their indexes, and, by CASCADE, whatever a column or an
-- index may rest on. No other command fails where the library is not there, and never DROP EXTENSION.
CREATE EVENT TRIGGER junction_guard ON ddl_command_start
WHEN TAG IN (
    'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'CREATE INDEX',
    'ALTER TABLE', 'ALTER INDEX', 'ALTER TYPE',
    'DROP TABLE', 'DROP INDEX', 'DROP SCHEMA', 'DROP OWNED',
    'DROP TYPE', 'DROP DOMAIN', 'DROP COLLATION', 'DROP FUNCTION', 'DROP ROUTINE',
    'DROP OPERATOR', 'DROP OPERATOR CLASS', 'DROP OPERATOR FAMILY', 'DROP ACCESS METHOD'
)
EXECUTE FUNCTION junction._load_guard();
COMMENT ON EVENT TRIGGER junction_guard IS
'loads the library, so that junction.guard sees the commands of this session';

--
-- Beside
--

CREATE FUNCTION junction.uuidv7()
RETURNS uuid
AS 'MODULE_PATHNAME', 'junction_uuidv7'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION junction.uuidv7() IS
'return a UUID of version 7 (RFC 9562), greater than the one before in this session';
