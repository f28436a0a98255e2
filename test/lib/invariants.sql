-- test/lib/invariants.sql: what must hold of every key in the catalogs of a database, whoever made it: prints a row for each
-- rule that is broken, and none if all is well. One query, for psql --file.
--
-- The rules are what the server's own commands leave behind, read in their source (index_constraint_create,
-- CreateConstraintEntry, ATExecAttachPartition). Catalogs and TOAST tables are left out: their keys are made otherwise.
WITH ours AS (
    SELECT oid, relkind, relnamespace, relhasindex, relreplident FROM pg_class
    WHERE relkind IN ('r', 'p', 'm') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
), index AS (
    SELECT i.*, c.relname, c.relnamespace, c.relispartition, h.inhparent,
           i.indkey::int2[] AS columns, (i.indkey::int2[])[0:i.indnkeyatts - 1] AS key_columns
    FROM pg_index i JOIN ours ON ours.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
), key AS (                                             -- a PRIMARY KEY or UNIQUE, and what it should be the constraint of
    SELECT con.oid AS constraint_oid, con.conname, con.contype, con.connamespace, con.conrelid, con.conindid, con.conkey,
           con.condeferrable, con.condeferred, con.convalidated, con.conislocal, con.coninhcount, con.conparentid,
           con.conexclop IS NOT NULL AS excludes, con.contypid, con.confrelid, index.*, above.oid AS parent_key,
           above.contype AS parent_type
    FROM pg_constraint con JOIN ours ON ours.oid = con.conrelid
    LEFT JOIN index ON index.indexrelid = con.conindid
    LEFT JOIN pg_constraint above ON above.conindid = index.inhparent AND above.contype IN ('p', 'u', 'x')
    WHERE con.contype IN ('p', 'u')
), foreign_key AS (
    SELECT con.*, index.indrelid, index.key_columns, index.indisunique, index.indimmediate, index.indisvalid,
           index.indpred, index.indexprs
    FROM pg_constraint con JOIN ours ON ours.oid = con.conrelid
    LEFT JOIN index ON index.indexrelid = con.conindid
    WHERE con.contype = 'f'
),

-- what depends on what: of a key all but normal dependencies, of a foreign key those on tables, their columns and indexes
expected_dependency (classid, objid, refclassid, refobjid, refobjsubid, deptype) AS (
    SELECT 'pg_class'::regclass, conindid, 'pg_constraint'::regclass, constraint_oid, 0, 'i' FROM key
    UNION ALL
    SELECT DISTINCT 'pg_constraint'::regclass, constraint_oid, 'pg_class'::regclass, conrelid, "column", 'a'
    FROM key, unnest(columns) AS "column"
    UNION ALL
    SELECT 'pg_constraint'::regclass, constraint_oid, refclassid, refobjid, 0, deptype
    FROM key, LATERAL (VALUES ('pg_constraint'::regclass, conparentid, 'P'), ('pg_class'::regclass, conrelid, 'S'))
        AS r (refclassid, refobjid, deptype)
    WHERE conparentid <> 0
    UNION ALL
    SELECT 'pg_class'::regclass, indexrelid, 'pg_class'::regclass, refobjid, 0, deptype
    FROM key, LATERAL (VALUES (inhparent, 'P'), (indrelid, 'S')) AS r (refobjid, deptype)
    WHERE inhparent IS NOT NULL
    UNION ALL
    SELECT 'pg_constraint'::regclass, oid, 'pg_class'::regclass, conindid, 0, 'n' FROM foreign_key
    UNION ALL
    SELECT 'pg_constraint'::regclass, oid, 'pg_class'::regclass, conrelid, "column", 'a'
    FROM foreign_key, unnest(conkey) AS "column"
    UNION ALL
    SELECT 'pg_constraint'::regclass, oid, 'pg_class'::regclass, confrelid, "column", 'n'
    FROM foreign_key, unnest(confkey) AS "column"
), dependency AS (
    SELECT classid::regclass, objid, refclassid::regclass, refobjid, refobjsubid, deptype::text
    FROM pg_depend
    WHERE deptype IN ('a', 'i', 'P', 'S')
        AND (classid, objid) IN (SELECT 'pg_constraint'::regclass, constraint_oid FROM key
                                 UNION ALL SELECT 'pg_class'::regclass, conindid FROM key)
        OR deptype IN ('a', 'n') AND refclassid = 'pg_class'::regclass
        AND (classid, objid) IN (SELECT 'pg_constraint'::regclass, oid FROM foreign_key)
), wrong_dependency AS (
    SELECT 'lacks the' AS verb, * FROM (TABLE expected_dependency EXCEPT ALL TABLE dependency) AS missing
    UNION ALL
    SELECT 'has one too many', * FROM (TABLE dependency EXCEPT ALL TABLE expected_dependency) AS surplus
)

SELECT format('%s "%s" of %s %s', CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, conname, conrelid::regclass, rule)
    AS broken
FROM key, LATERAL (VALUES
    (indexrelid IS NULL, 'has no index'),
    (indrelid <> conrelid, 'has an index of another table'),
    (NOT indisunique, 'has an index that is not unique'),
    (NOT indisvalid, 'has an index that is not valid'),
    (NOT indisready, 'has an index that is not ready'),
    (NOT indislive, 'has an index that is not live'),
    (indisprimary <> (contype = 'p'), 'and its index disagree on what is primary'),
    (indisexclusion <> excludes, 'and its index disagree on exclusion'),
    (indpred IS NOT NULL OR indexprs IS NOT NULL, 'has an index with a predicate or expressions'),
    (relname <> conname, 'has an index of another name'),
    (relnamespace <> connamespace, 'has an index in another schema'),
    (connamespace <> (SELECT relnamespace FROM ours WHERE oid = conrelid), 'is in another schema than its table'),
    -- unequal subscripts: compared as text
    (array_to_string(key_columns, ' ') <> array_to_string(conkey, ' '), 'has an index of other columns'),
    (indimmediate = condeferrable, 'and its index disagree on deferring'),
    (condeferred AND NOT condeferrable, 'is deferred and not deferrable'),
    (NOT convalidated, 'is not validated'),
    (contypid <> 0 OR confrelid <> 0, 'points at a type or a table'),
    (contype = 'p' AND indnullsnotdistinct, 'is primary and holds nulls to be equal'),
    ((SELECT count(*) FROM pg_constraint con WHERE con.conindid = key.conindid AND con.contype <> 'f') <> 1,
     'shares its index with another constraint'),
    ((SELECT count(*) FROM pg_trigger
      WHERE tgconstraint = constraint_oid AND tgrelid = conrelid AND tgconstrindid = conindid AND tgisinternal
          AND tgfoid = 'unique_key_recheck'::regproc AND tgdeferrable = condeferrable AND tginitdeferred = condeferred)
     <> condeferrable::int, 'has not the trigger of a deferrable key, or has it for nothing'),
    -- partitions
    (conparentid <> coalesce(parent_key, 0), 'belongs to another key than its index does'),
    (conislocal <> (conparentid = 0) OR coninhcount <> (conparentid <> 0)::int, 'does not know whether it is inherited'),
    (parent_type <> contype, 'is of another kind than its parent''s'),
    (relispartition <> (inhparent IS NOT NULL), 'has an index that does not know whether it is a partition'),
    ((SELECT relkind = 'p' FROM ours WHERE oid = conrelid) AND EXISTS (
        SELECT FROM pg_inherits h WHERE inhparent = conrelid AND NOT EXISTS (
            SELECT FROM index below WHERE below.indrelid = h.inhrelid AND below.inhparent = key.conindid)),
     'is missing in a partition')
) AS r (broken, rule)
WHERE r.broken

UNION ALL
SELECT format('column "%s" of %s is in the primary key and %s', attname, attrelid::regclass, rule)
FROM key JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey), LATERAL (VALUES
    (attisdropped, 'is dropped'),
    (NOT attnotnull, 'can be null'),
    (current_setting('server_version_num')::int >= 180000 AND (
        SELECT count(*) FROM pg_constraint con
        WHERE con.conrelid = attrelid AND con.contype = 'n' AND con.conkey = array[attnum] AND con.convalidated
            AND NOT con.connoinherit) <> 1, 'has no NOT NULL constraint that is valid and inherited')
) AS r (broken, rule)
WHERE contype = 'p' AND r.broken

UNION ALL
SELECT format('FOREIGN KEY "%s" of %s %s', conname, conrelid::regclass, rule)
FROM foreign_key, LATERAL (VALUES
    (indrelid IS NULL, 'rests on no index'),
    (indrelid <> confrelid, 'rests on an index of another table'),
    (NOT indisunique OR NOT indisvalid OR NOT indimmediate, 'rests on an index that is not unique, valid and immediate'),
    (indpred IS NOT NULL OR indexprs IS NOT NULL, 'rests on an index with a predicate or expressions'),
    ((SELECT array_agg(x ORDER BY x) FROM unnest(key_columns) AS x) <> (SELECT array_agg(x ORDER BY x) FROM unnest(confkey) AS x),
     'rests on an index of other columns'),
    (EXISTS (SELECT FROM pg_trigger WHERE tgconstraint = foreign_key.oid AND tgconstrindid <> conindid),
     'has a trigger that rests on another index')
) AS r (broken, rule)
WHERE r.broken

UNION ALL
SELECT format('index "%s" of %s %s', relname, indrelid::regclass, rule)
FROM index, LATERAL (VALUES
    (indisprimary AND NOT EXISTS (SELECT FROM key WHERE conindid = index.indexrelid AND contype = 'p'),
     'is primary without a PRIMARY KEY'),
    (indisreplident AND (SELECT relreplident FROM ours WHERE oid = indrelid) <> 'i',
     'is the replica identity of a table that has another'),
    (indisreplident AND (NOT indisunique OR NOT indimmediate OR NOT indisvalid OR indpred IS NOT NULL OR indexprs IS NOT NULL
        OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (key_columns) AND NOT attnotnull)),
     'cannot be a replica identity')
) AS r (broken, rule)
WHERE r.broken

UNION ALL
SELECT format('table %s %s', oid::regclass, rule)
FROM ours, LATERAL (VALUES
    ((SELECT count(*) FROM key WHERE conrelid = ours.oid AND contype = 'p') > 1, 'has two primary keys'),
    ((SELECT count(*) FROM index WHERE indrelid = ours.oid AND indisprimary) > 1, 'has two primary indexes'),
    ((SELECT count(*) FROM index WHERE indrelid = ours.oid AND indisclustered) > 1, 'is clustered on two indexes'),
    (relreplident = 'i' AND (SELECT count(*) FROM index WHERE indrelid = ours.oid AND indisreplident) <> 1,
     'has an index as its replica identity, and not exactly one'),
    (NOT relhasindex AND EXISTS (SELECT FROM index WHERE indrelid = ours.oid), 'does not know that it has an index')
) AS r (broken, rule)
WHERE r.broken

UNION ALL
SELECT format('%s %s dependency %s on %s', coalesce(pg_describe_object(classid, objid, 0), 'something'), verb, deptype,
              coalesce(pg_describe_object(refclassid, refobjid, refobjsubid), 'something'))
FROM wrong_dependency
ORDER BY 1;
