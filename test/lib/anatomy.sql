-- test/lib/anatomy.sql: all that the catalogs of a database say of its tables and what belongs to them, without OIDs, so that
-- two databases can be compared: prints "SCHEMA CATALOG ROW", a line for each row, in a fixed order. One query, for psql --file.
--
-- Each column that pg_get_catalog_foreign_keys() calls a reference is printed as the object's description, each expression as
-- SQL; no column of a catalog is left out but those of the list "leave". An OID within a name, as of a trigger of the server's
-- own, is printed as "#". Some servers keep a pg_attver, which is another for every column, among the options of a column: it
-- is left out, too.
SET search_path = pg_catalog;
SET client_min_messages = error;
WITH schema AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'junction')
), leave (catalog, columns) AS (VALUES
    -- where and since when the rows are stored, and what ANALYZE and VACUUM have counted
    ('pg_class'::regclass, '{relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[]),
    -- the value that rows have which are older than the column: when they were made, not what shape they are in
    ('pg_attribute'::regclass, '{attmissingval}')
), object AS (                                          -- what is there to depend, or to be depended on
    SELECT 'pg_class'::regclass AS classid, c.oid, relnamespace AS namespace FROM pg_class c
    UNION ALL SELECT 'pg_constraint'::regclass, c.oid, connamespace FROM pg_constraint c
    UNION ALL SELECT 'pg_type'::regclass, t.oid, typnamespace FROM pg_type t
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
    UNION ALL SELECT 'pg_trigger'::regclass, t.oid, relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    UNION ALL SELECT 'pg_policy'::regclass, p.oid, relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
    UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
), ours AS (
    SELECT object.* FROM object JOIN schema ON schema.oid = namespace
), catalog_row (namespace, catalog, content) AS (
    SELECT relnamespace, 'pg_class'::regclass, to_jsonb(c) || jsonb_build_object('relpartbound', pg_get_expr(relpartbound, c.oid))
    FROM pg_class c
    UNION ALL
    SELECT namespace, 'pg_attribute'::regclass, to_jsonb(a) || jsonb_build_object('attoptions',
               (SELECT array_agg(option) FROM unnest(attoptions) AS option WHERE option !~ '^pg_attver='))
    FROM pg_attribute a JOIN ours ON ours.oid = attrelid
    WHERE classid = 'pg_class'::regclass
    UNION ALL
    SELECT namespace, 'pg_attrdef'::regclass, to_jsonb(d) || jsonb_build_object('adbin', pg_get_expr(adbin, adrelid))
    FROM pg_attrdef d JOIN ours USING (oid) WHERE classid = 'pg_attrdef'::regclass
    UNION ALL
    SELECT connamespace, 'pg_constraint'::regclass, to_jsonb(c) || jsonb_build_object('conbin', pg_get_expr(conbin, conrelid))
    FROM pg_constraint c
    UNION ALL
    SELECT namespace, 'pg_index'::regclass, to_jsonb(i) || jsonb_build_object('indexprs', pg_get_expr(indexprs, indrelid),
                                                                        'indpred', pg_get_expr(indpred, indrelid))
    FROM pg_index i JOIN ours ON ours.oid = indexrelid WHERE classid = 'pg_class'::regclass
    UNION ALL
    SELECT namespace, 'pg_trigger'::regclass, to_jsonb(t) || jsonb_build_object('tgqual', pg_get_expr(tgqual, tgrelid))
    FROM pg_trigger t JOIN ours USING (oid) WHERE classid = 'pg_trigger'::regclass
    UNION ALL
    SELECT namespace, 'pg_inherits'::regclass, to_jsonb(h) FROM pg_inherits h JOIN ours ON ours.oid = inhrelid
    WHERE classid = 'pg_class'::regclass
    UNION ALL
    SELECT namespace, 'pg_sequence'::regclass, to_jsonb(s) FROM pg_sequence s JOIN ours ON ours.oid = seqrelid
    WHERE classid = 'pg_class'::regclass
    UNION ALL
    SELECT typnamespace, 'pg_type'::regclass, to_jsonb(t) - 'typdefaultbin' FROM pg_type t
    UNION ALL
    SELECT namespace, 'pg_description'::regclass,
           jsonb_build_object('object', pg_describe_object(d.classoid, objoid, objsubid), 'description', description)
    FROM pg_description d JOIN ours ON ours.oid = objoid AND ours.classid = classoid
    UNION ALL
    SELECT DISTINCT ON (d.ctid) namespace, 'pg_depend'::regclass,
           jsonb_build_object('deptype', deptype, 'object', pg_describe_object(d.classid, objid, objsubid),
                              'on', pg_describe_object(refclassid, refobjid, refobjsubid))
    FROM pg_depend d JOIN ours ON (ours.classid, ours.oid) IN ((d.classid, objid), (refclassid, refobjid))
), reference AS (
    SELECT fktable, fkcols[1] AS "column", pktable FROM pg_get_catalog_foreign_keys() WHERE pkcols = '{oid}'
), numbered AS (
    SELECT *, row_number() OVER () AS number FROM catalog_row
), mapped AS (
    SELECT nspname, number, numbered.catalog, jsonb_object_agg(key, CASE
               WHEN key = 'oid' THEN '"#"'
               WHEN pktable IS NULL OR value = '0' THEN value
               WHEN jsonb_typeof(value) = 'array' THEN
                   (SELECT jsonb_agg(COALESCE(pg_describe_object(pktable, element::oid, 0), element) ORDER BY n)
                    FROM jsonb_array_elements_text(value) WITH ORDINALITY AS e (element, n))
               WHEN value #>> '{}' ~ '^[0-9]+$' THEN
                   COALESCE(to_jsonb(pg_describe_object(pktable, (value #>> '{}')::oid, 0)), value)
               ELSE value
           END) AS content
    FROM numbered JOIN schema ON schema.oid = namespace CROSS JOIN jsonb_each(content)
    LEFT JOIN reference ON fktable = catalog AND "column" = key
    WHERE NOT EXISTS (SELECT FROM leave WHERE leave.catalog = numbered.catalog AND key = ANY (columns))
    GROUP BY nspname, numbered.catalog, number
), lines (line) AS (
    SELECT regexp_replace(concat_ws(' ', nspname, catalog, content), '(_ConstraintTrigger_(?:[ac]_)?|pg_toast_)[0-9]+', '\1#', 'g')
    FROM mapped
)
SELECT line FROM lines ORDER BY line COLLATE "C";
