-- junction.uuidv7(): version 7 of RFC 9562, and each greater than the one
-- before in its session.
CREATE TEMP TABLE ids (n int, id uuid);
SELECT clock_timestamp() AS before \gset
INSERT INTO ids SELECT n, junction.uuidv7() FROM generate_series(1, 100000) AS n;
SELECT clock_timestamp() AS after \gset

-- the version is 7 and the variant is 10 (binary), in every one
SELECT substr(id::text, 15, 1) AS version,
       ('x' || substr(id::text, 20, 1))::bit(4)::bit(2) AS variant, count(*)
FROM ids GROUP BY 1, 2;

-- strictly increasing, so distinct; as text and as bytes too, which is how
-- others sort them
SELECT count(*) FILTER (WHERE id <= last) AS not_greater,
       count(*) FILTER (WHERE id::text COLLATE "C" <= last::text COLLATE "C") AS not_greater_as_text,
       count(*) AS compared
FROM (SELECT id, lag(id) OVER (ORDER BY n) AS last FROM ids) AS pairs WHERE last IS NOT NULL;
SELECT count(DISTINCT id) FROM ids;

-- the first 48 bits are the time in milliseconds; 10 ms of tolerance, for a
-- call that runs ahead of its clock to stay greater, or a clock that is set
CREATE TEMP VIEW times AS
SELECT n, to_timestamp(('x' || lpad(translate(left(id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint / 1000.0) AS t
FROM ids;
SELECT count(*) FILTER (WHERE t < :'before'::timestamptz - interval '10 ms') AS too_early,
       count(*) FILTER (WHERE t > :'after'::timestamptz + interval '10 ms') AS too_late
FROM times;

-- what is left is random: each of the last 62 bits is set in about half of
-- 10,000 (1,000 more or less would be 20 standard deviations)
SELECT count(*) AS bits, bool_and(abs(ones - 5000) < 1000) AS random
FROM (SELECT bit, sum(get_bit(uuid_send(id), bit / 8 * 8 + 7 - bit % 8)) AS ones
      FROM ids, generate_series(66, 127) AS bit WHERE n <= 10000 GROUP BY bit) AS counts;

-- each call is one of its own, also in one row, in a subtransaction that is
-- rolled back, and as a default
SELECT junction.uuidv7() < junction.uuidv7() AS greater;
SELECT junction.uuidv7() AS first \gset
BEGIN;
SAVEPOINT s;
SELECT junction.uuidv7() AS second \gset
ROLLBACK TO s;
SELECT :'first'::uuid < :'second'::uuid AND :'second'::uuid < junction.uuidv7() AS greater;
COMMIT;
CREATE TEMP TABLE defaults (id uuid DEFAULT junction.uuidv7(), n int);
INSERT INTO defaults (n) SELECT generate_series(1, 1000);
SELECT count(DISTINCT id) FROM defaults;

-- another session starts anew, and does not repeat this one's random bits
SELECT substr(id::text, 25) AS tail FROM ids WHERE n = 1 \gset
\c -
SELECT substr(junction.uuidv7()::text, 25) <> :'tail' AS other;

-- a role of no rights may call it
CREATE ROLE regress_junction_uuidv7;
SET ROLE regress_junction_uuidv7;
SELECT pg_typeof(junction.uuidv7());
RESET ROLE;
DROP ROLE regress_junction_uuidv7;
