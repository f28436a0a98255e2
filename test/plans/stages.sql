-- test/plans/stages.sql: what test/t/plans.sh does with its cases, in the schema plans of each of its databases. What is wrong is
-- written to plans.wrong.
CREATE SCHEMA plans;
CREATE TABLE plans.cases (
    number int GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY, setup text NOT NULL, settings text NOT NULL,
    call text NOT NULL, back text, nothing bool NOT NULL
);
CREATE TABLE plans.steps (name text, step int, statement text, locks text);
CREATE TABLE plans.wrong (name text, message text);

-- the tables that all cases have
CREATE FUNCTION plans.common() RETURNS text LANGUAGE sql RETURN $$
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orgs (id int PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 3);
INSERT INTO orgs SELECT generate_series(1, 2);
CREATE TABLE user_orgs (
    user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON DELETE CASCADE,
    PRIMARY KEY (user_id, org_id)
);
CREATE INDEX ON user_orgs (org_id);
INSERT INTO user_orgs SELECT users.id, orgs.id FROM users, orgs WHERE users.id < 3;
$$;

-- a table that Citus keeps, where a catalog stands in for Citus: its plans are plain SQL, which runs anywhere
CREATE FUNCTION plans.distribute(relation regclass, "column" name, colocation int, method "char", model "char") RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        VALUES (1, 'citus', 10, 'pg_catalog'::regnamespace, false, '0');
        CREATE TABLE plans.pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int, repmodel "char");
        ALTER TABLE plans.pg_dist_partition SET SCHEMA pg_catalog;
    END IF;
    INSERT INTO pg_catalog.pg_dist_partition
    SELECT relation, method, (SELECT format(':varattno %s ', attnum) FROM pg_attribute WHERE attrelid = relation AND attname = "column"),
        colocation, model;
END $$;

-- a verb's statements
CREATE FUNCTION plans.rows(call text) RETURNS TABLE (step int, statement text, locks text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT step, statement, locks FROM junction.' || call;
END $$;
CREATE FUNCTION plans.dry(call text) RETURNS text LANGUAGE sql RETURN regexp_replace(call, '\)$', ', dry_run => true)');
-- a function cannot do what a concurrent plan does, but in one transaction it leaves the same
CREATE FUNCTION plans.blocking(call text) RETURNS text LANGUAGE sql RETURN replace(call, ', concurrently => true', '');

-- the tables that a case has before its call, by the names that they have now, and what this transaction holds on them
CREATE TABLE plans.here (oid oid PRIMARY KEY, name text);
CREATE FUNCTION plans.mode_rank(mode text) RETURNS int LANGUAGE sql IMMUTABLE RETURN
    array_position(array['ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE',
                         'EXCLUSIVE', 'ACCESS EXCLUSIVE'], mode);
CREATE FUNCTION plans.held() RETURNS TABLE (oid oid, rank int, lock text) LANGUAGE sql AS $$
    SELECT DISTINCT ON (oid) oid, plans.mode_rank(mode), mode || ' on ' || name
    FROM plans.here JOIN (
        SELECT relation, upper(regexp_replace(replace(mode, 'Lock', ''), '([a-z])([A-Z])', '\1 \2', 'g')) AS mode
        FROM pg_locks WHERE pid = pg_backend_pid()) AS l ON l.relation = oid
    ORDER BY oid, 2 DESC
$$;

-- the same as a plan says it; what is called so now
CREATE FUNCTION plans.said(locks text) RETURNS TABLE (number int, oid oid, rank int) LANGUAGE sql AS $$
    SELECT number::int, to_regclass(found[2]), plans.mode_rank(found[1])
    FROM regexp_matches(locks, '(?:^|, )([A-Z ]+) on ((?:"(?:[^"]|"")+"|[^,"])+)', 'g') WITH ORDINALITY AS r (found, number)
$$;

CREATE FUNCTION plans.enter(one plans.cases) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'RESET ALL';
    PERFORM set_config('search_path', one.name, false);
    EXECUTE one.settings;
    DELETE FROM plans.here;
    INSERT INTO plans.here SELECT oid, oid::regclass FROM pg_class
    WHERE relnamespace = to_regnamespace(one.name) AND relkind IN ('r', 'p', 'v', 'm', 'f');
END $$;

-- what a stage does with a case; what it raises is the case's failure
CREATE FUNCTION plans.work(stage text, one plans.cases) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE stage
    WHEN 'setup' THEN
        EXECUTE 'RESET ALL';
        EXECUTE format('CREATE SCHEMA %I', one.name);
        PERFORM set_config('search_path', one.name, false);
        EXECUTE plans.common();
        EXECUTE one.setup;
        EXECUTE 'RESET ALL';
    WHEN 'plan' THEN
        INSERT INTO plans.steps SELECT one.name, r.* FROM plans.rows(plans.dry(one.call)) r;
        INSERT INTO plans.wrong SELECT one.name, 'a dry run takes ' || lock FROM plans.held() WHERE rank > 1;
        INSERT INTO plans.wrong SELECT one.name, 'it has no statements, or some that it should not'
        WHERE one.nothing = EXISTS (SELECT FROM plans.steps WHERE name = one.name);
    WHEN 'verb' THEN
        IF plans.blocking(one.call) <> one.call THEN
            PERFORM plans.rows(plans.blocking(one.call));
            RETURN;
        END IF;
        INSERT INTO plans.wrong
        SELECT one.name, format('step %s: a dry run says "%s" (%s), the verb "%s" (%s)',
                                step, s.statement, s.locks, r.statement, r.locks)
        FROM (SELECT * FROM plans.steps WHERE name = one.name) s FULL JOIN plans.rows(one.call) r USING (step)
        WHERE (s.statement, s.locks) IS DISTINCT FROM (r.statement, r.locks);
    WHEN 'back' THEN
        PERFORM plans.rows(one.call);
        PERFORM plans.rows(one.back);
    WHEN 'portable' THEN
        PERFORM plans.rows(replace(plans.blocking(one.call), ', portable => true', ''));
    END CASE;
EXCEPTION WHEN OTHERS THEN
    INSERT INTO plans.wrong VALUES (one.name, stage || ': ' || SQLERRM);
END $$;

CREATE PROCEDURE plans.each(stage text, which text) LANGUAGE plpgsql AS $$
DECLARE
    one plans.cases;
BEGIN
    FOR one IN EXECUTE format('SELECT * FROM plans.cases WHERE %s ORDER BY number', which) LOOP
        IF stage <> 'setup' THEN
            PERFORM plans.enter(one);
        END IF;
        PERFORM plans.work(stage, one);
        COMMIT;
    END LOOP;
END $$;

-- runs a plan's statements, each in a transaction of its own, and compares what it holds with what it said: of those of a
-- concurrent plan too, if they need not commit. An index is not built concurrently here, so that is not compared, and a row that
-- drops what a stopped build has left finds nothing
CREATE PROCEDURE plans.watch() LANGUAGE plpgsql AS $$
DECLARE
    one plans.cases;
    s plans.steps;
    said text[];
    sorted bool;
BEGIN
    FOR one IN SELECT * FROM plans.cases ORDER BY number LOOP
        PERFORM plans.enter(one);
        FOR s IN SELECT * FROM plans.steps WHERE name = one.name ORDER BY step LOOP
            UPDATE plans.here SET name = oid::regclass;
            SELECT array_agg(concat(oid, ':', rank) ORDER BY oid),
                   array_agg(rank ORDER BY number) = array_agg(rank ORDER BY rank DESC)
            INTO said, sorted FROM plans.said(s.locks);
            PERFORM plans.run(one.name, s.statement);
            INSERT INTO plans.wrong
            SELECT one.name, format(E'%s\n    says  %s\n    holds %s', s.statement, coalesce(s.locks, 'nothing'),
                                             coalesce(string_agg(lock, ', ' ORDER BY rank DESC, lock), 'nothing'))
            FROM plans.held()
            HAVING (array_agg(concat(oid, ':', rank) ORDER BY oid) IS DISTINCT FROM said OR NOT sorted)
                AND s.statement !~ 'INDEX CONCURRENTLY|that a stopped build has left';
            COMMIT;
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION plans.run(name text, statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE regexp_replace(statement, ' CONCURRENTLY|COMMIT;', '', 'g');
EXCEPTION WHEN OTHERS THEN
    INSERT INTO plans.wrong VALUES (name, SQLERRM);
END $$;
