-- test/lib/no_citus.sql: takes away what test/lib/citus.sql has made
RESET SESSION AUTHORIZATION;
SET client_min_messages = error;
DELETE FROM pg_extension WHERE extname = 'citus';
DROP TABLE pg_catalog.pg_dist_partition, pg_catalog.pg_dist_shard;
DROP FUNCTION pg_catalog.lock_shard_metadata, pg_catalog.run_command_on_placements;
DROP SCHEMA regress_citus, regress_citus_tenant CASCADE;
DROP ROLE regress_junction_citus;
