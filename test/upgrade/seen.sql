-- test/upgrade/seen.sql: what junction says of the database of made.sql, and its rows: the same lines before and after an
-- upgrade. With it, test/lib/invariants.sql.
SHOW junction.guard;
SET junction.guard = off;
SELECT junction, kind, endpoints, parents, pair_key, served_by, own_columns FROM junction.junctions ORDER BY junction::text COLLATE "C";
SELECT junction, rule, severity, columns, message, fix FROM junction.report()
ORDER BY junction::text COLLATE "C", rule COLLATE "C", columns;
SELECT j.junction, p.* FROM junction.junctions j, junction.probe(j.junction) p WHERE outcome <> 'held'
ORDER BY j.junction::text COLLATE "C", p.probe COLLATE "C";
SELECT format('SELECT %L, count(*), sum(hashtext(t::text)) FROM %s AS t', oid::regclass, oid::regclass)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p') ORDER BY relname COLLATE "C" \gexec
