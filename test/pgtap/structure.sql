-- The extension's own shape: what it declares, and how safely.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;

SELECT plan(65);

-- what belongs to the extension, with its comment
CREATE TEMP VIEW members AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name,
       obj_description(objid, classid::regclass::name) AS comment
FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
      AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'junction');
CREATE TEMP VIEW functions AS
SELECT p.*, lanname FROM pg_proc p JOIN pg_language l ON l.oid = prolang
WHERE p.oid IN (SELECT objid FROM members WHERE classid = 'pg_proc'::regclass);

-- The extension: a schema of its own, which is fixed, and no superuser needed
SELECT is(extnamespace::regnamespace::text, 'junction', 'the extension is in the schema junction')
FROM pg_extension WHERE extname = 'junction';
SELECT is(extrelocatable, false, 'the extension is not relocatable') FROM pg_extension WHERE extname = 'junction';
SELECT ok(trusted AND NOT relocatable AND schema = 'junction', 'the control file says so too, and trusted')
FROM pg_available_extension_versions JOIN pg_extension ON extname = name AND extversion = version
WHERE name = 'junction';
SELECT schema_privs_are('junction', 'public', ARRAY['USAGE'], 'everybody may use the schema, and not create in it');
SELECT is_empty($$
    SELECT name FROM members JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
    WHERE pronamespace <> 'junction'::regnamespace
    UNION ALL
    SELECT name FROM members JOIN pg_type t ON t.oid = objid AND classid = 'pg_type'::regclass
    WHERE typnamespace <> 'junction'::regnamespace
    UNION ALL
    SELECT name FROM members JOIN pg_class c ON c.oid = objid AND classid = 'pg_class'::regclass
    WHERE relnamespace <> 'junction'::regnamespace$$,
    'all that it has is in its schema');

-- The surface: each public function as it is declared, and no other.  What
-- starts with _ is not public.
SELECT set_eq($$SELECT proname::text FROM functions WHERE proname !~ '^_'$$,
              ARRAY['absorb', 'check', 'create', 'create_accessors', 'create_property_graph', 'deduplicate', 'demote', 'dependencies', 'dependents', 'diagram', 'drop_accessors', 'holds', 'is_entity', 'is_junction', 'is_pure', 'is_served',
                    'measure', 'merge', 'pause', 'primary_to_unique', 'probe', 'promote',
                    'promote_concurrently', 'repair', 'repair_concurrently', 'report', 'resume', 'retire', 'split', 'unique_to_primary', 'uuidv7'],
              'the public functions and procedures');
SELECT is(pg_get_function_arguments(oid),
    'left_table regclass, right_table regclass, name text DEFAULT NULL::text, '
    'left_columns text[] DEFAULT NULL::text[], right_columns text[] DEFAULT NULL::text[], '
    'shared_columns text[] DEFAULT NULL::text[], '
    'left_on_delete text DEFAULT ''cascade''::text, right_on_delete text DEFAULT ''cascade''::text, '
    'reverse_index boolean DEFAULT true, undirected boolean DEFAULT false, '
    'if_not_exists boolean DEFAULT false, dry_run boolean DEFAULT false', 'the arguments of create')
FROM functions WHERE proname = 'create';
SELECT is(pg_get_function_arguments(oid),
    'source regclass, columns text[], parent regclass, match text DEFAULT NULL::text, name text DEFAULT NULL::text, '
    'missing text DEFAULT ''error''::text, separator text DEFAULT NULL::text, "normalize" text DEFAULT NULL::text, '
    'ordered boolean DEFAULT false, reverse_index boolean DEFAULT true, '
    'left_on_delete text DEFAULT ''cascade''::text, right_on_delete text DEFAULT ''cascade''::text, '
    'keep_source boolean DEFAULT true, mirror boolean DEFAULT false, dry_run boolean DEFAULT false', 'the arguments of absorb')
FROM functions WHERE proname = 'absorb';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, accessors text[] DEFAULT ''{list,set,add,remove}''::text[], match text DEFAULT NULL::text, '
    'dry_run boolean DEFAULT false', 'the arguments of create_accessors')
FROM functions WHERE proname = 'create_accessors';
SELECT is(pg_get_function_arguments(oid), 'junction regclass, dry_run boolean DEFAULT false', 'the arguments of drop_accessors')
FROM functions WHERE proname = 'drop_accessors';
SELECT is(pg_get_function_arguments(oid), 'name text, junctions regclass[] DEFAULT NULL::regclass[], dry_run boolean DEFAULT false',
          'the arguments of create_property_graph')
FROM functions WHERE proname = 'create_property_graph';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, name text DEFAULT NULL::text, columns text[] DEFAULT ''{}''::text[], '
    'timestamps boolean DEFAULT true, id_column text DEFAULT ''id''::text, id_type regtype DEFAULT ''uuid''::regtype, '
    'primary_key text[] DEFAULT NULL::text[], unique_name text DEFAULT NULL::text, '
    'keep_old_name boolean DEFAULT false, portable boolean DEFAULT false, '
    '"concurrently" boolean DEFAULT false, dry_run boolean DEFAULT false', 'the arguments of promote')
FROM functions WHERE proname = 'promote';
SELECT is(pg_get_function_arguments(oid),
    'entity regclass, name text DEFAULT NULL::text, discard_columns boolean DEFAULT false, '
    'dry_run boolean DEFAULT false', 'the arguments of demote')
FROM functions WHERE proname = 'demote';
SELECT is(pg_get_function_arguments(oid),
    'IN junction regclass, IN name text DEFAULT NULL::text, IN columns text[] DEFAULT ''{}''::text[], '
    'IN timestamps boolean DEFAULT true, IN id_column text DEFAULT ''id''::text, IN id_type regtype DEFAULT ''uuid''::regtype, '
    'IN primary_key text[] DEFAULT NULL::text[], IN unique_name text DEFAULT NULL::text, '
    'IN keep_old_name boolean DEFAULT false, IN batch_size integer DEFAULT 10000, '
    'IN pause interval DEFAULT ''00:00:00''::interval, IN max_lag bigint DEFAULT NULL::bigint, '
    'IN lock_timeout interval DEFAULT ''00:00:00.1''::interval, IN max_wait interval DEFAULT ''00:10:00''::interval, '
    'IN cut_over boolean DEFAULT true', 'the arguments of promote_concurrently')
FROM functions WHERE proname = 'promote_concurrently';
SELECT is(pg_get_function_arguments(oid),
    'IN junction regclass DEFAULT NULL::regclass, IN lock_timeout interval DEFAULT ''00:00:00.1''::interval, '
    'IN max_wait interval DEFAULT ''00:10:00''::interval', 'the arguments of repair_concurrently')
FROM functions WHERE proname = 'repair_concurrently';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, rules text[] DEFAULT ''{half_indexed}''::text[], "concurrently" boolean DEFAULT false, dry_run boolean DEFAULT false',
    'the arguments of repair')
FROM functions WHERE proname = 'repair';
SELECT is(pg_get_function_arguments(oid), 'junction regclass, name text', format('the arguments of %s', proname))
FROM functions WHERE proname IN ('primary_to_unique', 'unique_to_primary');
SELECT is(pg_get_function_arguments(oid), 'junction regclass', format('the arguments of %s', proname))
FROM functions WHERE proname IN ('pause', 'resume');
SELECT is(pg_get_function_arguments(oid), 'relation regclass DEFAULT NULL::regclass', 'the arguments of report')
FROM functions WHERE proname = 'report';
SELECT is(pg_get_function_arguments(oid), 'junction regclass, OUT kind text, OUT object text, OUT effect text, OUT action text',
          'the arguments of dependents')
FROM functions WHERE proname = 'dependents';
SELECT is(pg_get_function_arguments(oid), 'junction regclass, OUT probe text, OUT outcome text, OUT detail text',
          'the arguments of probe')
FROM functions WHERE proname = 'probe';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, OUT columns text[], OUT parent regclass, OUT rows bigint, OUT expected bigint, OUT counted bigint, '
    'OUT rows_per_value double precision, OUT fix text', 'the arguments of measure')
FROM functions WHERE proname = 'measure';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, OUT determinant text[], OUT dependent text[], OUT exceptions bigint, OUT rows bigint, OUT parts text[], '
    'OUT lossless boolean, OUT spurious bigint', 'the arguments of dependencies')
FROM functions WHERE proname = 'dependencies';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, actor text[] DEFAULT NULL::text[], into_tables text[] DEFAULT NULL::text[], '
    'keep_source boolean DEFAULT true, dry_run boolean DEFAULT false', 'the arguments of split')
FROM functions WHERE proname = 'split';
SELECT is(pg_get_function_arguments(oid),
    'parent regclass, keep anyelement, gone anyarray, conflicts text DEFAULT ''keep''::text, dry_run boolean DEFAULT false', 'the arguments of merge')
FROM functions WHERE proname = 'merge';
SELECT is(pg_get_function_arguments(oid),
    'junction regclass, keep text DEFAULT ''first''::text, dry_run boolean DEFAULT false', 'the arguments of deduplicate')
FROM functions WHERE proname = 'deduplicate';
SELECT is(pg_get_function_arguments(oid),
    'severity text DEFAULT ''warning''::text, rules text[] DEFAULT NULL::text[], schemas text[] DEFAULT NULL::text[]', 'the arguments of check')
FROM functions WHERE proname = 'check';
SELECT is(pg_get_function_arguments(oid),
    'relation regclass DEFAULT NULL::regclass, format text DEFAULT ''mermaid''::text', 'the arguments of diagram')
FROM functions WHERE proname = 'diagram';
SELECT is(pg_get_function_arguments(oid), '', 'the arguments of uuidv7')
FROM functions WHERE proname = 'uuidv7';

SELECT is(pg_get_function_result(oid), result, format('the result of %s', proname))
FROM functions JOIN (VALUES ('create', 'SETOF junction.statement'), ('promote', 'SETOF junction.statement'),
                            ('demote', 'SETOF junction.statement'), ('repair', 'SETOF junction.statement'), ('unique_to_primary', 'void'),
                            ('primary_to_unique', 'void'), ('pause', 'void'), ('resume', 'void'), ('report', 'SETOF junction.finding'), ('check', 'void'), ('diagram', 'text'), ('dependencies', 'SETOF record'), ('split', 'SETOF junction.statement'), ('merge', 'SETOF junction.change'), ('deduplicate', 'SETOF junction.change'), ('dependents', 'SETOF record'), ('measure', 'SETOF record'), ('probe', 'SETOF record'),
                            ('uuidv7', 'uuid')) AS v (proname, result) USING (proname)
ORDER BY proname;

-- A verb writes, a probe too for a moment, a look does not, and a UUID is new at every call.
SELECT set_eq($$SELECT proname::text FROM functions WHERE provolatile = 'v'$$,
              ARRAY['_fill', '_load_guard', '_progress', 'absorb', 'create', 'create_accessors', 'create_property_graph', 'deduplicate', 'demote', 'drop_accessors', 'holds', 'is_entity', 'is_junction', 'is_pure', 'is_served',
                    'merge', 'pause', 'primary_to_unique', 'probe', 'promote', 'promote_concurrently', 'repair',
                    'repair_concurrently', 'resume', 'retire', 'split', 'unique_to_primary', 'uuidv7'], 'volatile: the verbs, probe, what runs now, and uuidv7');
SELECT is_empty($$SELECT proname FROM functions WHERE provolatile = 'i'$$, 'immutable: none');

-- The types, and the views
SELECT is(array_agg(format('%s %s', attname, format_type(atttypid, atttypmod)) ORDER BY attnum),
          ARRAY['step integer', 'statement text', 'locks text'], 'the type statement')
FROM pg_attribute JOIN pg_type ON typrelid = attrelid WHERE pg_type.oid = 'junction.statement'::regtype;
SELECT is(array_agg(format('%s %s', attname, format_type(atttypid, atttypmod)) ORDER BY attnum),
          ARRAY['junction regclass', 'rule text', 'severity text', 'columns text[]', 'message text', 'detail text',
                'fix text'], 'the type finding')
FROM pg_attribute JOIN pg_type ON typrelid = attrelid WHERE pg_type.oid = 'junction.finding'::regtype;
SELECT is(array_agg(format('%s %s', attname, format_type(atttypid, atttypmod)) ORDER BY attnum),
          ARRAY['step integer', 'statement text', 'locks text', 'child regclass', 'change text', 'rows bigint'], 'the type change')
FROM pg_attribute JOIN pg_type ON typrelid = attrelid WHERE pg_type.oid = 'junction.change'::regtype;
SELECT views_are('junction', ARRAY['half_indexed', 'junctions', 'progress'], 'the views');
SELECT table_privs_are('junction', 'junctions', 'public', ARRAY['SELECT'], 'everybody may read junctions');
SELECT table_privs_are('junction', 'half_indexed', 'public', ARRAY['SELECT'], 'everybody may read half_indexed');
SELECT table_privs_are('junction', 'progress', 'public', ARRAY['SELECT'], 'everybody may read progress');

-- Every object has a comment, and every column of a view.  Since 17 the array
-- types and the row types of views are members too; nobody made those.
SELECT is_empty($$
    SELECT name FROM members
    WHERE coalesce(trim(comment), '') = ''
      AND NOT (classid = 'pg_type'::regclass
               AND objid IN (SELECT t.oid FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                             WHERE t.typcategory = 'A' OR c.relkind = 'v'))$$,
    'every member has a comment');
SELECT is_empty($$
    SELECT name || '.' || attname FROM members JOIN pg_attribute ON attrelid = objid AND attnum > 0
    WHERE classid = 'pg_class'::regclass AND col_description(attrelid, attnum) IS NULL$$,
    'every column of a view has a comment');

-- No function of ours without a fixed shape: none runs with the rights of its
-- owner, none finds what it calls by the caller's search_path, none returns
-- rows of an unknown shape.
SELECT is_empty($$SELECT proname FROM functions WHERE prosecdef$$, 'no function is SECURITY DEFINER');
SELECT is_empty($$
    SELECT proname FROM functions
    WHERE lanname NOT IN ('c', 'internal')
          AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting ~ '^search_path=')
          AND prosqlbody IS NULL$$,
    'no function in SQL or PL/pgSQL lacks a fixed search_path');
SELECT is_empty($$
    SELECT proname FROM functions
    WHERE prorettype = 'record'::regtype AND NOT coalesce(proargmodes && ARRAY['o', 't']::"char"[], false)$$,
    'no function returns records of any shape');
-- the tests above look at something
SELECT cmp_ok((SELECT count(*) FROM members), '>=', 10::bigint, 'there are members to look at');

SELECT * FROM finish();
ROLLBACK;
