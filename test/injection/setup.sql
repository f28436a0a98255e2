-- test/injection/setup.sql: what a database needs in which sessions are stopped at injection points. A promotion stops at
-- junction-STEP-MOMENT (step_point() in src/online/online.h). For psql in this folder.
CREATE EXTENSION junction;
CREATE EXTENSION injection_points;

-- the calling session, and no other, stops when it comes there. That it is no other is set once: a session has few slots for
-- what it must do when it ends
CREATE PROCEDURE stop_at(point text) LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('points.are_local', true) IS DISTINCT FROM 'yes' THEN
        PERFORM injection_points_set_local(), set_config('points.are_local', 'yes', false);
    END IF;
    PERFORM injection_points_attach('junction-' || point, 'wait');
END $$;

-- the stopped session goes on, and stops there no more
CREATE PROCEDURE go_on() LANGUAGE plpgsql AS $$
DECLARE
    point text;
BEGIN
    FOR point IN SELECT wait_event FROM pg_stat_activity WHERE wait_event_type = 'InjectionPoint' AND datname = current_database() LOOP
        PERFORM injection_points_detach(point);
        PERFORM injection_points_wakeup(point);
    END LOOP;
END $$;

-- the stopped session goes on, and stops when it comes there again
CREATE PROCEDURE go_on_once() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM injection_points_wakeup(wait_event)
    FROM pg_stat_activity WHERE wait_event_type = 'InjectionPoint' AND datname = current_database();
END $$;

-- the stopped session ends its call with 57014, and stops there no more
CREATE PROCEDURE cancel() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM injection_points_detach(wait_event), pg_cancel_backend(pid)
    FROM pg_stat_activity WHERE wait_event_type = 'InjectionPoint' AND datname = current_database();
END $$;

-- The promoted ones have a bigint as id. note: no client may lose what it has written there
CREATE PROCEDURE make_links() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE users (id int PRIMARY KEY);
    CREATE TABLE orgs (id int PRIMARY KEY);
    CREATE TABLE user_orgs (
        user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs, note text, PRIMARY KEY (user_id, org_id)
    );
    CREATE INDEX user_orgs_org_id_idx ON user_orgs (org_id);
    INSERT INTO users VALUES (1), (2), (3);
    INSERT INTO orgs VALUES (1), (2);
    INSERT INTO user_orgs VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c'), (2, 2, 'd');
END $$;

-- makes the index of the id, if it is built already, what a build that was stopped leaves behind
CREATE PROCEDURE spoil_index() LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pg_index SET indisvalid = false
    WHERE indrelid = 'user_orgs'::regclass AND indisunique AND NOT indisprimary;
END $$;

-- the rows of test/lib/invariants.sql
\set invariants `cat ../lib/invariants.sql`
SELECT format('CREATE FUNCTION broken() RETURNS SETOF text LANGUAGE sql AS %L', :'invariants') \gexec

-- what a promotion has made: its columns, how many links, ids and broken invariants it has, and the links
CREATE FUNCTION show(OUT columns text, OUT links bigint, OUT ids bigint, OUT broken bigint, OUT rows text) LANGUAGE plpgsql AS $$
BEGIN
    SELECT string_agg(attname, ' ' ORDER BY attnum) INTO columns
    FROM pg_attribute WHERE attrelid = 'memberships'::regclass AND attnum > 0 AND NOT attisdropped;
    SELECT count(*) INTO broken FROM broken();
    EXECUTE $sql$ SELECT count(*), count(DISTINCT id), string_agg(format('%s-%s %s', user_id, org_id, note), ', ' ORDER BY user_id, org_id)
        FROM memberships $sql$ INTO links, ids, rows;
END $$;
