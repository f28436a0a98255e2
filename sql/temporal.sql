-- Temporal keys: a pair may come back at another time.  EXCLUDE makes them on
-- every version; test/t/newer.sh has WITHOUT OVERLAPS and PERIOD.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_temporal;
CREATE SCHEMA temporal AUTHORIZATION regress_junction_temporal;
SET search_path = temporal;
CREATE EXTENSION btree_gist SCHEMA temporal;
SET ROLE regress_junction_temporal;

CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE teams (id int PRIMARY KEY);
CREATE VIEW found AS
SELECT junction, kind, endpoints, pair_key, served_by, own_columns
FROM junction.junctions JOIN pg_class c ON c.oid = junction
WHERE relnamespace = 'temporal'::regnamespace;

-- The period may be an expression, a column or a multirange, in any place, and
-- there may be an id; the key may hold for some rows only, or be deferrable.
CREATE TABLE stays (person_id int NOT NULL REFERENCES people ON DELETE CASCADE,
                    team_id int NOT NULL REFERENCES teams ON DELETE CASCADE,
                    start_at timestamptz NOT NULL DEFAULT now(), end_at timestamptz,
                    CONSTRAINT stays_once EXCLUDE USING gist
                        (person_id WITH =, team_id WITH =, tstzrange(start_at, end_at) WITH &&));
CREATE TABLE stays_with_id (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id int NOT NULL REFERENCES people,
                            team_id int NOT NULL REFERENCES teams, during daterange NOT NULL,
                            CONSTRAINT stays_with_id_once EXCLUDE USING gist (during WITH &&, team_id WITH =, person_id WITH =));
CREATE TABLE stays_partial (person_id int REFERENCES people, team_id int REFERENCES teams,
                            during datemultirange, gone bool NOT NULL DEFAULT false,
                            CONSTRAINT stays_partial_once EXCLUDE USING gist
                                (team_id WITH =, person_id WITH =, during WITH &&) WHERE (NOT gone) DEFERRABLE);
CREATE TABLE stays_of_three (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                             other_id int NOT NULL REFERENCES people, during daterange NOT NULL,
                             CONSTRAINT stays_of_three_once EXCLUDE USING gist
                                 (person_id WITH =, team_id WITH =, other_id WITH =, during WITH &&));
-- A pair that is unique as well is a pair key, and decides.
CREATE TABLE stays_once_ever (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                              during daterange NOT NULL, PRIMARY KEY (team_id, person_id),
                              EXCLUDE USING gist (person_id WITH =, team_id WITH =, during WITH &&));
SELECT * FROM found ORDER BY junction::text COLLATE "C";

-- None: one team at a time; another team at the same time; no period; the rooms
-- of a plan, which overlap in space; a period of three columns.
CREATE TABLE one_at_a_time (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                            during daterange NOT NULL, EXCLUDE USING gist (person_id WITH =, during WITH &&));
CREATE TABLE never_two (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                        during daterange NOT NULL,
                        EXCLUDE USING gist (person_id WITH =, team_id WITH <>, during WITH &&));
CREATE TABLE no_period (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                        day date NOT NULL, EXCLUDE USING gist (person_id WITH =, team_id WITH =, day WITH =));
CREATE TABLE in_space (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                       place box NOT NULL, EXCLUDE USING gist (person_id WITH =, team_id WITH =, place WITH &&));
CREATE TABLE two_periods (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                          during daterange NOT NULL, valid daterange NOT NULL,
                          EXCLUDE USING gist (person_id WITH =, team_id WITH =, during WITH &&, valid WITH &&));
CREATE TABLE of_an_expression (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                               during daterange NOT NULL,
                               EXCLUDE USING gist ((person_id + 0) WITH =, team_id WITH =, during WITH &&));
SELECT junction FROM found WHERE junction::text !~ 'stays';
DROP TABLE one_at_a_time, never_two, no_period, in_space, two_periods, of_an_expression, stays_once_ever;

-- The key's index is GiST: it serves the end that it begins with, by btree_gist's
-- equality, and the planner uses it.
SELECT junction, rule, severity, columns, fix FROM junction.report()
WHERE junction::text LIKE 'stays%' AND rule <> 'no_cascade'
ORDER BY junction::text COLLATE "C", rule COLLATE "C", columns;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM stays WHERE person_id = 1;
RESET enable_seqscan;
SELECT statement FROM junction.repair('stays', '{half_indexed}');
SELECT statement FROM junction.repair('stays_partial', '{half_indexed,nullable_endpoint}');
SELECT junction, rule FROM junction.report()
WHERE junction IN ('stays'::regclass, 'stays_partial'::regclass) AND rule <> 'no_cascade';

-- Not a name to be changed, nor a key that is no replica identity.
ALTER TABLE stays RENAME TO something;
SELECT rule, message FROM junction.report('something');
ALTER TABLE something RENAME TO stays;
RESET ROLE;
SET client_min_messages = error; -- older servers warn of wal_level
CREATE PUBLICATION regress_junction_temporal FOR TABLE stays;
SELECT rule, fix FROM junction.report('stays');
DROP PUBLICATION regress_junction_temporal;
SET client_min_messages = warning;
SET ROLE regress_junction_temporal;

-- Tried: the second row of the same pair at the same time is refused.
SELECT * FROM junction.probe('stays');
SELECT probe, outcome, detail FROM junction.probe('stays_with_id') WHERE outcome <> 'held' OR probe ~ 'pair';
SELECT probe, outcome, detail FROM junction.probe('stays_of_three') WHERE outcome <> 'held' OR probe ~ 'pair';
CREATE TABLE stays_empty (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES teams,
                          during int4range NOT NULL CHECK (isempty(during)),
                          EXCLUDE USING gist (person_id WITH =, team_id WITH =, during WITH &&));
SELECT probe, outcome, detail FROM junction.probe('stays_empty') WHERE probe ~ 'pair';
SELECT count(*) FROM stays;

-- No promotion, no demotion, and no key that becomes primary: by SQLSTATE.
CREATE FUNCTION refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT refused($$SELECT junction.promote('stays', 'memberships')$$);
SELECT refused($$SELECT junction.promote('stays_with_id', concurrently => true, dry_run => true)$$);
SELECT refused($$SELECT junction.promote('stays_of_three')$$);
SELECT refused($$SELECT junction.dependents('stays')$$);
SELECT refused($$SELECT junction.demote('stays_with_id')$$);
SELECT refused($$SELECT junction.primary_to_unique('stays', 'stays_key')$$);
SELECT refused($$SELECT junction.unique_to_primary('stays', 'stays_pkey')$$);
\set VERBOSITY sqlstate
CALL junction.promote_concurrently('stays');
\set VERBOSITY terse

RESET ROLE;
DROP SCHEMA temporal CASCADE;
DROP ROLE regress_junction_temporal;
