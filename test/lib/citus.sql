-- test/lib/citus.sql: what stands in for Citus in sql/citus_*.sql, as a superuser: its catalogs, as an extension of its name
-- would have them, and in the schema regress_citus what the tests have in common. test/lib/no_citus.sql takes it away again.
-- It proves the text of a plan, and what is refused; test/t/citus.sh runs plans on a real cluster.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (1, 'citus', 10, 'pg_catalog'::regnamespace, false, '0');
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int, repmodel "char");
CREATE TABLE pg_dist_shard (logicalrelid regclass, shardid bigint);
ALTER TABLE pg_dist_partition SET SCHEMA pg_catalog;
ALTER TABLE pg_dist_shard SET SCHEMA pg_catalog;
CREATE ROLE regress_junction_citus;
GRANT ALL ON pg_catalog.pg_dist_partition, pg_catalog.pg_dist_shard TO regress_junction_citus;
CREATE SCHEMA regress_citus AUTHORIZATION regress_junction_citus;
CREATE SCHEMA regress_citus_tenant AUTHORIZATION regress_junction_citus;
-- a table is its own shard
CREATE FUNCTION pg_catalog.lock_shard_metadata(mode int, shards bigint[]) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE FUNCTION pg_catalog.run_command_on_placements(relation regclass, command text)
RETURNS TABLE (nodename text, nodeport int, shardid bigint, success bool, result text) LANGUAGE plpgsql AS $$
BEGIN
    shardid := 102008;
    success := true;
    INSERT INTO regress_citus.sent VALUES (current_user);
    EXECUTE format(command, relation) INTO result;
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    success := false;
    result := 'ERROR:  ' || SQLERRM;
    RETURN NEXT;
END $$;
SET SESSION AUTHORIZATION regress_junction_citus;
SET search_path = regress_citus;
CREATE TABLE sent (sender name);                        -- as whom it was sent

-- as Citus writes a distribution column: a Var, by its number
CREATE FUNCTION distribute(relation regclass, "column" name, colocation int, method "char" = 'h', model "char" = 's')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO pg_catalog.pg_dist_partition VALUES (relation, method,
        (SELECT format('{VAR :varno 1 :varattno %s :vartype 23}', attnum) FROM pg_attribute
         WHERE attrelid = relation AND attname = "column"), colocation, model)
$$;
-- what is refused, and how it is said
CREATE FUNCTION refusal(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text; why text; way text;
BEGIN
    EXECUTE $1;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, why = PG_EXCEPTION_DETAIL, way = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || said, why, way);
END $$;
-- the statements of a plan; PostgreSQL 18 has an uuidv7() of its own
CREATE FUNCTION plan(text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE statement text;
BEGIN
    FOR statement IN EXECUTE $1 LOOP
        RETURN NEXT replace(statement, 'pg_catalog.uuidv7()', 'pg_catalog.gen_random_uuid()');
    END LOOP;
END $$;
