-- The rules of the report that report.sql is not about: for each, what it must
-- find and what it must leave alone, and that its fix, run as given, makes the
-- finding go away and brings no new one.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_junction_rules;
CREATE ROLE regress_junction_rules_other;
CREATE SCHEMA rules AUTHORIZATION regress_junction_rules;
CREATE SCHEMA rules_twin AUTHORIZATION regress_junction_rules;
SET search_path = rules;
SET ROLE regress_junction_rules;

CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO invoices VALUES (1), (2);
INSERT INTO tags VALUES (1), (2);

-- each message is short: what more there is to say is in the detail
CREATE FUNCTION is_short(message text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    ASSERT length(message) <= 100 AND message !~ '[.\n]$', message;
    RETURN true;
END $$;
-- what the report has of this schema; the rule "name" has a block of its own
CREATE VIEW found AS
SELECT r.* FROM junction.report() r JOIN pg_class c ON c.oid = r.junction
WHERE relnamespace = 'rules'::regnamespace AND rule <> 'name' AND is_short(message);
CREATE TEMP TABLE before (junction text, rule text, columns text[]);
CREATE FUNCTION mended(what text, which text, sides text[], OUT gone bool, OUT new bigint)
LANGUAGE plpgsql SET search_path = rules, pg_temp AS $$
BEGIN
    SELECT count(*) = 0 INTO gone FROM found WHERE (junction::text, rule, columns) = (what, which, sides);
    SELECT count(*) INTO new FROM (SELECT junction::text, rule, columns FROM found EXCEPT ALL TABLE before) AS n;
    DELETE FROM before;
    INSERT INTO before SELECT junction::text, rule, columns FROM found;
END $$;
-- every fix of one rule, each with what came of it: the finding gone, none new
CREATE FUNCTION fixes(which text, OUT fix text, OUT judge text) RETURNS SETOF record
LANGUAGE plpgsql SET search_path = rules, pg_temp AS $$
BEGIN
    DELETE FROM before;
    INSERT INTO before SELECT junction::text, rule, columns FROM found;
    RETURN QUERY SELECT f.fix, format('SELECT * FROM rules.mended(%L, %L, %L)', f.junction, f.rule, f.columns)
    FROM found f WHERE f.rule = which AND f.fix IS NOT NULL
    ORDER BY f.junction::text COLLATE "C", f.columns, f.fix COLLATE "C";
END $$;
-- a junction with nothing wrong but what is added to it
CREATE FUNCTION fine(name text, more text = '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (invoice_id int REFERENCES invoices ON DELETE CASCADE,
                                     tag_id int REFERENCES tags ON DELETE CASCADE,
                                     PRIMARY KEY (invoice_id, tag_id) %s)', name, more);
    EXECUTE format('CREATE INDEX ON %I (tag_id)', name);
END $$;
SELECT fine('plain');
SELECT * FROM found;

-- invalid_index: a concurrent build failed, and nothing else serves.  A valid
-- index beside it is enough; an invalid one that could not serve is none.
CREATE TABLE invalid (invoice_id int REFERENCES invoices ON DELETE CASCADE,
                      tag_id int REFERENCES tags ON DELETE CASCADE, note text,
                      UNIQUE (invoice_id, tag_id));
ALTER TABLE invalid ALTER invoice_id SET NOT NULL, ALTER tag_id SET NOT NULL;
CREATE TABLE invalid_beside_valid (LIKE invalid INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE invalid_useless (LIKE invalid INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
INSERT INTO invalid VALUES (1, 1, 'same'), (2, 1, 'same');
INSERT INTO invalid_beside_valid TABLE invalid;
INSERT INTO invalid_useless TABLE invalid;
CREATE UNIQUE INDEX CONCURRENTLY "Half built" ON invalid (tag_id, note);
CREATE UNIQUE INDEX CONCURRENTLY ON invalid_beside_valid (tag_id, note);
CREATE INDEX ON invalid_beside_valid (tag_id);
CREATE UNIQUE INDEX CONCURRENTLY ON invalid_useless (note, tag_id);
CREATE TABLE invalid_parted (invoice_id int REFERENCES invoices ON DELETE CASCADE,
                             tag_id int REFERENCES tags ON DELETE CASCADE,
                             PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE TABLE invalid_parted_0 PARTITION OF invalid_parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX on_only ON ONLY invalid_parted (tag_id);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text;
DELETE FROM invalid WHERE invoice_id = 2;
SELECT * FROM fixes('invalid_index') \gexec
SELECT junction, rule FROM found ORDER BY junction::text;
DROP TABLE invalid, invalid_beside_valid, invalid_useless, invalid_parted;

-- unvalidated_foreign_key: NOT VALID; its triggers are disabled here, or at
-- the parent, or fire only as a replica.  A disabled trigger of the user's own
-- is no foreign key's, and one that fires always does fire.
CREATE TABLE not_valid (LIKE plain INCLUDING INDEXES);
INSERT INTO not_valid VALUES (1, 1);
ALTER TABLE not_valid ADD CONSTRAINT "To Tag" FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE NOT VALID,
    ADD FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE;
SELECT fine('disabled'), fine('replica'), fine('always'), fine('users_trigger'), fine('elsewhere');
CREATE TABLE switched (id int PRIMARY KEY);
ALTER TABLE elsewhere DROP CONSTRAINT elsewhere_tag_id_fkey,
    ADD FOREIGN KEY (tag_id) REFERENCES switched ON DELETE CASCADE;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER mine AFTER INSERT ON users_trigger EXECUTE FUNCTION nothing();
CREATE TRIGGER mine AFTER INSERT ON disabled EXECUTE FUNCTION nothing();
ALTER TABLE users_trigger DISABLE TRIGGER mine;
ALTER TABLE disabled DISABLE TRIGGER mine;
RESET ROLE;
CREATE FUNCTION switch(place regclass, state text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = place AND tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s %s TRIGGER %I', place, state, name);
    END LOOP;
END $$;
SELECT switch('disabled', 'DISABLE'), switch('replica', 'ENABLE REPLICA'), switch('always', 'ENABLE ALWAYS'),
       switch('switched', 'DISABLE');
SELECT junction, rule, severity, columns, message, detail, fix IS NOT NULL AS fix
FROM found ORDER BY junction::text, columns, message;
SELECT fix FROM found WHERE junction = 'not_valid'::regclass;
-- not shown, since the names of such triggers hold numbers
\set ECHO none
SELECT * FROM fixes('unvalidated_foreign_key') \gexec
\set ECHO all
SELECT junction, rule FROM found;
-- the user's own is left as it was
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger
WHERE tgrelid IN ('disabled'::regclass, 'users_trigger'::regclass) AND NOT tgisinternal ORDER BY tgrelid::regclass::text;
-- those of a partition alone, of the junction or of a parent; once where the whole table's are
CREATE TABLE parted_tags (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE tags_rest PARTITION OF parted_tags DEFAULT;
CREATE TABLE parted (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int REFERENCES parted_tags ON DELETE CASCADE,
    PRIMARY KEY (invoice_id, tag_id)) PARTITION BY RANGE (invoice_id);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
CREATE INDEX ON parted (tag_id);
SELECT switch('parted_rest', 'DISABLE'), switch('tags_rest', 'DISABLE');
SELECT junction, rule, columns, message, detail, fix IS NOT NULL AS fix FROM found ORDER BY message;
\set ECHO none
SELECT * FROM fixes('unvalidated_foreign_key') \gexec
\set ECHO all
SELECT junction, rule FROM found;
SELECT switch('parted', 'DISABLE'), switch('parted_tags', 'DISABLE');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('parted_rest'::regclass, 'tags_rest'::regclass) AND tgenabled = 'D';
SELECT junction, rule, columns, message FROM found ORDER BY message;
DROP TABLE parted, parted_tags;
DROP FUNCTION switch;
SET ROLE regress_junction_rules;
DROP TABLE not_valid, disabled, replica, always, users_trigger, elsewhere, switched;
-- of several on the same columns, to the same parent's same columns one has to
-- hold, and it need not be the oldest; to another parent, each
ALTER TABLE tags ADD UNIQUE (id);
CREATE TABLE base_tags (id int PRIMARY KEY);
CREATE TABLE twins (LIKE plain INCLUDING INDEXES);
ALTER TABLE twins ADD FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    ADD CONSTRAINT first FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE NOT VALID;
ALTER TABLE twins ADD CONSTRAINT second FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE;
CREATE TABLE no_twins (LIKE twins INCLUDING INDEXES);
ALTER TABLE no_twins ADD FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    ADD CONSTRAINT first FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE;
ALTER TABLE no_twins ADD CONSTRAINT second FOREIGN KEY (tag_id) REFERENCES base_tags ON DELETE CASCADE NOT VALID;
SELECT junction, rule, columns, message, fix FROM found;
SELECT * FROM fixes('unvalidated_foreign_key') \gexec
DROP TABLE twins, no_twins, base_tags;
ALTER TABLE tags DROP CONSTRAINT tags_id_key;
-- one that is only noted, where the server has such: says nothing if all is well
CREATE TABLE noted (LIKE plain INCLUDING INDEXES, FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE);
DO $$
DECLARE
    mends text;
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        ALTER TABLE noted ADD CONSTRAINT first FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE NOT VALID;
        EXECUTE 'ALTER TABLE noted ALTER CONSTRAINT first NOT ENFORCED';
        SELECT fix INTO STRICT mends FROM found
        WHERE junction = 'noted'::regclass AND message = 'foreign key first of noted is not enforced';
        EXECUTE mends;
        ASSERT NOT EXISTS (SELECT FROM found WHERE junction = 'noted'::regclass), 'it is still there';
    END IF;
END $$;
-- and a NOT NULL of new rows only, which is none for a key: mended one after the other
DO $$
DECLARE
    found_first text;
    mends text;
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        ALTER TABLE noted DROP CONSTRAINT noted_pkey;
        ALTER TABLE noted ALTER invoice_id DROP NOT NULL, ALTER tag_id DROP NOT NULL;
        EXECUTE 'ALTER TABLE noted ADD CONSTRAINT new_rows NOT NULL tag_id NOT VALID, ALTER invoice_id SET NOT NULL';
        SELECT string_agg(rule || coalesce(': ' || fix, ''), '; ' ORDER BY rule) INTO found_first FROM found
        WHERE junction = 'noted'::regclass AND rule <> 'half_indexed';
        ASSERT found_first = 'missing_pair_key; nullable_endpoint: ALTER TABLE rules.noted ALTER COLUMN tag_id SET NOT NULL', found_first;
        FOR i IN 1 .. 2 LOOP
            SELECT fix INTO STRICT mends FROM found WHERE junction = 'noted'::regclass AND rule <> 'half_indexed' AND fix IS NOT NULL;
            EXECUTE mends;
        END LOOP;
        ALTER TABLE noted ADD CONSTRAINT noted_key UNIQUE (tag_id, invoice_id), ADD id int GENERATED ALWAYS AS IDENTITY,
            DROP CONSTRAINT noted_pkey, ADD PRIMARY KEY (id);
        ALTER TABLE noted ALTER tag_id DROP NOT NULL;
        EXECUTE 'ALTER TABLE noted ADD CONSTRAINT new_rows NOT NULL tag_id NOT VALID';
        SELECT fix INTO mends FROM found WHERE junction = 'noted'::regclass AND rule = 'needless_surrogate';
        ASSERT mends IS NULL, mends;
    END IF;
END $$;
DROP TABLE noted;

-- undeclared_endpoint: names and types fit, and one or both foreign keys are
-- missing, whether the key is the primary one or beside an id.
CREATE TABLE undeclared (invoice_id int, tag_id int, PRIMARY KEY (tag_id, invoice_id));
CREATE INDEX ON undeclared (invoice_id);
CREATE TABLE undeclared_half (tag_id int NOT NULL, person_id int NOT NULL REFERENCES people ON DELETE CASCADE,
                              UNIQUE (person_id, tag_id));
CREATE TABLE "Undeclared entity" (id int PRIMARY KEY, note text, tag_id int NOT NULL, invoice_id int NOT NULL,
                                  UNIQUE (tag_id, invoice_id));
CREATE INDEX ON "Undeclared entity" (invoice_id);
CREATE INDEX ON undeclared_half (tag_id);
-- another type; a name that fits no table, or two; a column of another kind; a
-- third column in the key; one side unique alone; a partial key, or none
CREATE TABLE rules_twin.things (id int PRIMARY KEY);
CREATE TABLE things (id int PRIMARY KEY);
CREATE TABLE near_type (invoice_id int, tag_id bigint, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE near_name (invoice_id int, label_id int, PRIMARY KEY (invoice_id, label_id));
CREATE TABLE near_two (invoice_id int, thing_id int, PRIMARY KEY (invoice_id, thing_id));
CREATE TABLE near_property (invoice_id int, language text, PRIMARY KEY (invoice_id, language));
CREATE TABLE near_three (invoice_id int, tag_id int, version int, PRIMARY KEY (invoice_id, tag_id, version));
CREATE TABLE near_unique (invoice_id int UNIQUE, tag_id int, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE near_partial (invoice_id int NOT NULL, tag_id int NOT NULL);
CREATE UNIQUE INDEX ON near_partial (invoice_id, tag_id) WHERE invoice_id > 0;
CREATE TABLE near_no_key (invoice_id int, tag_id int);
CREATE INDEX ON near_no_key (invoice_id, tag_id);
CREATE TABLE near_expression (invoice_id int, tag_id int);
CREATE UNIQUE INDEX ON near_expression ((invoice_id + 0), tag_id);

-- one side declared, the other a property
CREATE TABLE near_half (invoice_id int REFERENCES invoices ON DELETE CASCADE, label text,
                        PRIMARY KEY (invoice_id, label));
CREATE TABLE near_self (id int PRIMARY KEY, near_self_id int NOT NULL, tag_id int NOT NULL,
                        UNIQUE (near_self_id, tag_id));
SELECT junction, severity, columns, message, detail, fix FROM found WHERE rule = 'undeclared_endpoint'
ORDER BY junction::text COLLATE "C", columns;
SELECT * FROM found WHERE rule <> 'undeclared_endpoint';
\set ECHO none
SELECT fix FROM found WHERE rule = 'undeclared_endpoint' ORDER BY junction::text COLLATE "C", columns \gexec
\set ECHO all
-- it is a junction now, so that the other rules see it
SELECT junction, rule, severity, columns FROM found;
SELECT conrelid::regclass, conname, convalidated, confdeltype FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text ~* 'undeclared' ORDER BY conrelid::regclass::text COLLATE "C", conname;
-- of a partitioned table, a foreign key is valid at once; of a parent that none
-- can reference, there is nothing to say
CREATE TABLE undeclared_parted (invoice_id int, tag_id int, PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE TABLE undeclared_parted_0 PARTITION OF undeclared_parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON undeclared_parted (tag_id);
CREATE TABLE laters (id int PRIMARY KEY DEFERRABLE);
CREATE UNLOGGED TABLE caches (id int PRIMARY KEY);
CREATE TEMP TABLE guests (id int PRIMARY KEY);
CREATE TABLE near_later (tag_id int, later_id int, PRIMARY KEY (tag_id, later_id));
CREATE TABLE near_cache (tag_id int, cache_id int, PRIMARY KEY (tag_id, cache_id));
CREATE TABLE near_guest (tag_id int, guest_id int, PRIMARY KEY (tag_id, guest_id));
CREATE UNLOGGED TABLE unlogged (tag_id int, cache_id int, PRIMARY KEY (tag_id, cache_id));
CREATE INDEX ON unlogged (cache_id);
SELECT * FROM fixes('undeclared_endpoint') \gexec
SELECT * FROM found WHERE rule = 'undeclared_endpoint';
DROP TABLE undeclared_parted, near_later, near_cache, near_guest, unlogged, laters, caches, guests;
DROP TABLE undeclared, undeclared_half, "Undeclared entity", things, rules_twin.things, near_type, near_name, near_two,
    near_property, near_three, near_unique, near_partial, near_no_key, near_expression, near_half, near_self;

-- no_cascade: each other action, on a key whose every property must survive
-- the fix.
CREATE TABLE pairs (a int, b int, UNIQUE (b, a));
CREATE TABLE restricted (
    tag_id int NOT NULL REFERENCES tags ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    a int NOT NULL, b int NOT NULL,
    CONSTRAINT "To ""Pairs""" FOREIGN KEY (a, b) REFERENCES pairs (a, b) MATCH FULL ON UPDATE SET DEFAULT DEFERRABLE,
    PRIMARY KEY (tag_id, a, b));
CREATE INDEX ON restricted (a, b);
CREATE TABLE cleared (id int PRIMARY KEY, note text,
                      tag_id int NOT NULL REFERENCES tags ON DELETE SET NULL ON UPDATE RESTRICT,
                      invoice_id int NOT NULL REFERENCES invoices ON DELETE SET DEFAULT,
                      UNIQUE (tag_id, invoice_id));
CREATE INDEX ON cleared (invoice_id);
CREATE TABLE parted (tag_id int REFERENCES tags, invoice_id int REFERENCES invoices ON DELETE CASCADE,
                     PRIMARY KEY (tag_id, invoice_id)) PARTITION BY HASH (tag_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON parted (invoice_id);
-- an order is no junction
CREATE TABLE orders (id int PRIMARY KEY, tag_id int REFERENCES tags, invoice_id int REFERENCES invoices, amount int);
SELECT junction, rule, severity, columns, message, fix FROM found ORDER BY junction::text, columns;
SELECT detail FROM found WHERE junction = 'restricted'::regclass AND columns = '{tag_id}';
SELECT * FROM fixes('no_cascade') \gexec
SELECT * FROM found;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid IN ('restricted'::regclass, 'cleared'::regclass, 'parted'::regclass)
ORDER BY conrelid::regclass::text, conname COLLATE "C";
DROP TABLE pairs, restricted, cleared, parted, orders;
-- of several on the same columns, the oldest has its say first, and then there
-- is nothing left for the others; one that checks at commit comes last anyway.
-- PostgreSQL itself is asked.
CREATE TABLE two_keys (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int, PRIMARY KEY (invoice_id, tag_id));
CREATE INDEX ON two_keys (tag_id);
CREATE FUNCTION two_keys(first text, second text, OUT said bool, OUT stay bool)
LANGUAGE plpgsql SET search_path = rules AS $$
BEGIN
    EXECUTE 'ALTER TABLE two_keys ADD CONSTRAINT first FOREIGN KEY (tag_id) REFERENCES tags ' || first;
    EXECUTE 'ALTER TABLE two_keys ADD CONSTRAINT second FOREIGN KEY (tag_id) REFERENCES tags ' || second;
    said := EXISTS (SELECT FROM found WHERE junction = 'two_keys'::regclass AND rule = 'no_cascade');
    INSERT INTO two_keys VALUES (1, 1);
    BEGIN
        DELETE FROM tags WHERE id = 1;
        stay := EXISTS (SELECT FROM two_keys);
        INSERT INTO tags VALUES (1);
    EXCEPTION WHEN foreign_key_violation OR restrict_violation OR not_null_violation THEN
        stay := true;
    END;
    DELETE FROM two_keys;
    IF first ~ 'DEFERRED' THEN
        SET CONSTRAINTS first IMMEDIATE;
    END IF;
    ALTER TABLE two_keys DROP CONSTRAINT first, DROP CONSTRAINT second;
END $$;
SELECT * FROM (VALUES
    ('ON DELETE CASCADE', 'ON DELETE NO ACTION'), ('ON DELETE CASCADE', 'ON DELETE RESTRICT'),
    ('ON DELETE CASCADE', 'ON DELETE SET NULL'), ('ON DELETE NO ACTION', 'ON DELETE CASCADE'),
    ('ON DELETE RESTRICT', 'ON DELETE CASCADE'), ('ON DELETE SET NULL', 'ON DELETE CASCADE'),
    ('DEFERRABLE INITIALLY DEFERRED', 'ON DELETE CASCADE'), ('DEFERRABLE', 'ON DELETE CASCADE'),
    ('ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED', 'ON DELETE CASCADE'),
    ('ON DELETE NO ACTION', 'ON DELETE NO ACTION')) AS k (first, second), two_keys(first, second);
ALTER TABLE two_keys ADD CONSTRAINT first FOREIGN KEY (tag_id) REFERENCES tags,
    ADD CONSTRAINT second FOREIGN KEY (tag_id) REFERENCES tags ON DELETE RESTRICT;
SELECT fix FROM found ORDER BY fix \gexec
SELECT * FROM found;
DROP FUNCTION two_keys;
DROP TABLE two_keys;

-- needless_surrogate: an id, the pair, and nothing else.  Not if something
-- references the id, or the row has more to say.
CREATE TABLE needless (id serial PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                       tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE);
CREATE INDEX ON needless (tag_id);
CREATE TABLE "Needless index" (LIKE needless INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE needless_partial (LIKE "Needless index" INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE needed (LIKE "Needless index" INCLUDING INDEXES, UNIQUE (invoice_id, tag_id),
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE needed_more (LIKE needed INCLUDING INDEXES, note text,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE needs (id int PRIMARY KEY, needed_id int REFERENCES needed);
ALTER TABLE needless ADD CONSTRAINT "The pair" UNIQUE (invoice_id, tag_id);
CREATE UNIQUE INDEX "The index" ON "Needless index" (invoice_id, tag_id);
CREATE UNIQUE INDEX ON needless_partial (invoice_id, tag_id) WHERE invoice_id > 0;
CREATE INDEX ON needless_partial (invoice_id);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text COLLATE "C", rule;
SELECT * FROM fixes('needless_surrogate') \gexec
SELECT junction, rule, severity FROM found;
SELECT junction, kind, pair_key FROM junction.junctions WHERE junction::text ~* 'needless' ORDER BY junction::text COLLATE "C";
DROP TABLE needless, "Needless index", needless_partial, needs, needed, needed_more;
-- of a typed table no column can be dropped
CREATE TYPE needless_row AS (id int, invoice_id int, tag_id int);
CREATE TABLE needless OF needless_row (id PRIMARY KEY, invoice_id NOT NULL REFERENCES invoices ON DELETE CASCADE,
    tag_id NOT NULL REFERENCES tags ON DELETE CASCADE, UNIQUE (invoice_id, tag_id));
CREATE INDEX ON needless (tag_id);
SELECT fix FROM found WHERE rule = 'needless_surrogate';
ALTER TABLE needless NOT OF;
SELECT fix FROM found WHERE rule = 'needless_surrogate';
DROP TABLE needless;
DROP TYPE needless_row;

-- promotion_due: columns beside a pair that is the primary key, or a table that
-- refers to it.  Not where the pair is a UNIQUE, or the id is there already, nor
-- for the place in a list alone.
SELECT fine('due', ', role text, "Since When" date'), fine('due_referenced');
SELECT fine('not_due_placed', ', position int, "sortOrder" bigint, created_at timestamptz'), fine('due_placed', ', position text');
CREATE TABLE refers (id int PRIMARY KEY, invoice_id int, tag_id int,
                     FOREIGN KEY (invoice_id, tag_id) REFERENCES due_referenced);
CREATE TABLE not_due (LIKE plain INCLUDING INDEXES, role text,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
ALTER TABLE not_due DROP CONSTRAINT not_due_pkey, ADD UNIQUE (invoice_id, tag_id);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text;
DROP TABLE due, due_referenced, refers, not_due, not_due_placed, due_placed;
-- a promotion that was stopped, which junction.promote would refuse; and a copy, which is none
SELECT fine('begun', ', role text, id uuid'), fine('begun_not', ', id uuid');
DO $$
BEGIN
    EXECUTE format('COMMENT ON COLUMN begun.id IS %L', 'junction: the id of a promotion that is under way, of table '
        || 'begun'::regclass::oid || ', elsewhere.begun');
    EXECUTE format('COMMENT ON COLUMN begun_not.id IS %L', 'junction: the id of a promotion that is under way, of table '
        || 'begun'::regclass::oid || ', elsewhere.begun');
END $$;
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text;
DROP TABLE begun, begun_not;

-- multiway: a third foreign key beside the pair.  Not one that is the scope of
-- an end, or a second one on an end's column.
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE tenant_tags (tenant_id int REFERENCES tenants, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tenant_invoices (tenant_id int REFERENCES tenants, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE acted (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                    tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE, created_by int REFERENCES people,
                    UNIQUE (invoice_id, tag_id));
CREATE INDEX ON acted (tag_id);
CREATE TABLE scoped (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, tag_id int NOT NULL,
                     invoice_id int NOT NULL, note text,
                     FOREIGN KEY (tenant_id, tag_id) REFERENCES tenant_tags ON DELETE CASCADE,
                     FOREIGN KEY (tenant_id, invoice_id) REFERENCES tenant_invoices ON DELETE CASCADE,
                     UNIQUE (tenant_id, invoice_id, tag_id));
CREATE INDEX ON scoped (tenant_id, tag_id);
CREATE TABLE twice (LIKE plain INCLUDING INDEXES, FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
                    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE,
                    FOREIGN KEY (tag_id) REFERENCES people ON DELETE CASCADE);
SELECT junction, rule, severity, columns, message, detail, fix FROM found;
DROP TABLE acted, scoped, twice;

-- redundant_index: on each table one index that another covers...
SELECT fine('covered_by_key'), fine('covered_by_wider'), fine('covered_same'), fine('covered_partial'),
       fine('covered_desc', ', n int, UNIQUE (n, tag_id)'), fine('covered_by_include');
CREATE INDEX "Covered, too" ON covered_by_key (invoice_id);
CREATE INDEX ON covered_by_wider (tag_id, invoice_id);
CREATE INDEX covered_younger ON covered_same (tag_id);
CREATE INDEX ON covered_partial (tag_id, invoice_id) WHERE tag_id > 0;
CREATE INDEX covered_short ON covered_partial (tag_id) WHERE tag_id > 0;
CREATE INDEX ON covered_desc (n DESC, tag_id, invoice_id);
CREATE INDEX covered_descending ON covered_desc (n DESC);
CREATE INDEX ON covered_by_include (tag_id) INCLUDE (invoice_id);
CREATE TABLE covered_parted (invoice_id int REFERENCES invoices ON DELETE CASCADE,
                             tag_id int REFERENCES tags ON DELETE CASCADE,
                             PRIMARY KEY (tag_id, invoice_id)) PARTITION BY HASH (tag_id);
CREATE TABLE covered_parted_0 PARTITION OF covered_parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON covered_parted (invoice_id);
CREATE INDEX ON covered_parted (tag_id);
-- ...and what only looks like it: another opclass, collation or order, INCLUDE
-- columns that the other has not, a predicate on one side, or another one,
-- uniqueness, an exclusion, a method, an expression, an invalid index
SELECT fine('kept', ', n int, t text, UNIQUE (n, t, tag_id)');
CREATE INDEX ON kept (t, n);
CREATE INDEX ON kept (t text_pattern_ops);
CREATE INDEX ON kept (t COLLATE "POSIX");
CREATE INDEX ON kept (t DESC);
CREATE INDEX ON kept (n NULLS FIRST);
CREATE INDEX ON kept (invoice_id) INCLUDE (n);
CREATE INDEX ON kept (tag_id) WHERE tag_id > 1;
CREATE INDEX ON kept (tag_id) WHERE tag_id > 2;
CREATE UNIQUE INDEX ON kept (invoice_id, n);
CREATE INDEX ON kept USING brin (invoice_id);
CREATE INDEX ON kept ((n + 1));
CREATE INDEX ON kept ((n + 2), tag_id);
ALTER TABLE kept ADD EXCLUDE (n WITH =, t WITH =);
CREATE TABLE kept_parted (invoice_id int REFERENCES invoices ON DELETE CASCADE, tag_id int REFERENCES tags ON DELETE CASCADE,
                          PRIMARY KEY (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE TABLE kept_parted_0 PARTITION OF kept_parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON kept_parted (tag_id);
CREATE INDEX ON ONLY kept_parted (tag_id, invoice_id);
-- no junction: none of our business
CREATE TABLE tags_only (tag_id int PRIMARY KEY REFERENCES tags);
CREATE INDEX ON tags_only (tag_id);
SELECT junction, rule, severity, columns, message, detail, fix FROM found
WHERE rule <> 'promotion_due' ORDER BY junction::text, columns;
-- a second reverse index, of another method
SELECT fine('second_reverse');
CREATE INDEX "Second" ON second_reverse USING hash (tag_id);
SELECT rule, severity, columns, fix FROM found WHERE junction = 'second_reverse'::regclass;
SELECT * FROM fixes('redundant_index') \gexec
SELECT junction, rule, columns FROM found WHERE rule <> 'promotion_due';
DROP TABLE covered_by_key, covered_by_wider, covered_same, covered_partial, covered_desc, covered_by_include,
    covered_parted, second_reverse, kept, kept_parted, tags_only;

-- deferrable_pair_key: the primary key, or a UNIQUE; but no fix where it holds
-- columns that can be null.  A deferrable foreign key is another thing.
CREATE TABLE deferred (invoice_id int REFERENCES invoices ON DELETE CASCADE,
                       tag_id int REFERENCES tags ON DELETE CASCADE DEFERRABLE,
                       CONSTRAINT "The key" PRIMARY KEY (tag_id, invoice_id) DEFERRABLE);
CREATE INDEX ON deferred (invoice_id);
CREATE TABLE deferred_unique (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                              tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE,
                              UNIQUE (invoice_id, tag_id) DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX ON deferred_unique (tag_id);
CREATE TABLE deferred_nullable (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                                tag_id int REFERENCES tags ON DELETE CASCADE,
                                UNIQUE (invoice_id, tag_id) DEFERRABLE);
CREATE INDEX ON deferred_nullable (tag_id);
CREATE TABLE deferred_reference (LIKE plain INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE DEFERRABLE);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text, rule;
SELECT * FROM fixes('deferrable_pair_key') \gexec
SELECT conname, contype, condeferrable FROM pg_constraint
WHERE conrelid IN ('deferred'::regclass, 'deferred_unique'::regclass) AND contype IN ('p', 'u') ORDER BY 1;
DROP TABLE deferred, deferred_unique, deferred_nullable, deferred_reference;

-- no_replica_identity: what is published for updates or deletes, and has none.
-- PostgreSQL itself is asked whether it refuses them, whatever wal_level says.
CREATE TABLE pub_unique (LIKE plain, UNIQUE (invoice_id, tag_id),
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
ALTER TABLE pub_unique ALTER invoice_id SET NOT NULL, ALTER tag_id SET NOT NULL;
CREATE INDEX ON pub_unique (tag_id);
CREATE TABLE pub_full (LIKE pub_unique INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
ALTER TABLE pub_full REPLICA IDENTITY FULL;
CREATE TABLE pub_index (LIKE pub_full INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
ALTER TABLE pub_index REPLICA IDENTITY USING INDEX pub_index_invoice_id_tag_id_key;
CREATE UNLOGGED TABLE pub_unlogged (LIKE pub_full INCLUDING INDEXES,
    FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE pub_partial (LIKE plain, FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
    FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE UNIQUE INDEX ON pub_partial (invoice_id, tag_id) WHERE invoice_id > 0;
CREATE INDEX ON pub_partial (invoice_id);
CREATE INDEX ON pub_partial (tag_id);
SELECT fine('pub_primary'), fine('pub_nothing'), fine('pub_gone');
ALTER TABLE pub_nothing REPLICA IDENTITY NOTHING;
ALTER TABLE pub_gone ADD UNIQUE (tag_id, invoice_id), REPLICA IDENTITY USING INDEX pub_gone_pkey;
ALTER TABLE pub_gone DROP CONSTRAINT pub_gone_pkey;
CREATE INDEX ON pub_gone (invoice_id);
SELECT junction, rule FROM found WHERE rule = 'no_replica_identity';
CREATE FUNCTION refused(what regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    refused text = '';
BEGIN
    BEGIN
        EXECUTE format('UPDATE %s SET tag_id = 1 WHERE false', what);
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        refused = 'UPDATE';
    END;
    BEGIN
        EXECUTE format('DELETE FROM %s WHERE false', what);
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        refused = ltrim(refused || ' DELETE');
    END;
    RETURN refused;
END $$;
CREATE VIEW published AS
SELECT c.oid::regclass AS junction, f.junction IS NOT NULL AS found, refused(c.oid)
FROM pg_class c LEFT JOIN found f ON f.junction = c.oid AND f.rule = 'no_replica_identity'
WHERE relname LIKE 'pub%' AND relkind = 'r' ORDER BY relname;
-- a publication of single tables, of a schema, of all; and those that do not
-- count: of no updates or deletes, of another schema, of another table.  Only a
-- superuser can make them all, and there is a warning if wal_level is low.
RESET ROLE;
SET client_min_messages = error;
CREATE PUBLICATION regress_junction_rules_1 FOR TABLE pub_unique, plain WITH (publish = 'insert, truncate');
CREATE PUBLICATION regress_junction_rules_2 FOR TABLES IN SCHEMA rules_twin;
SELECT * FROM published;
CREATE PUBLICATION regress_junction_rules_3 FOR TABLE pub_unique, pub_index WITH (publish = 'update');
CREATE PUBLICATION regress_junction_rules_4 FOR TABLE pub_nothing WITH (publish = 'delete');
SELECT * FROM published;
DROP PUBLICATION regress_junction_rules_1, regress_junction_rules_2, regress_junction_rules_3, regress_junction_rules_4;
CREATE PUBLICATION regress_junction_rules_1 FOR TABLES IN SCHEMA rules;
SELECT * FROM published;
DROP PUBLICATION regress_junction_rules_1;
CREATE PUBLICATION regress_junction_rules_1 FOR ALL TABLES;
SELECT * FROM published;
SET client_min_messages = warning;
SET ROLE regress_junction_rules;
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text, rule;
SELECT * FROM fixes('no_replica_identity') \gexec
SELECT * FROM published;
RESET ROLE;
DROP PUBLICATION regress_junction_rules_1;
SET ROLE regress_junction_rules;
DROP VIEW published;
DROP FUNCTION refused;
DROP TABLE pub_unique, pub_full, pub_index, pub_unlogged, pub_partial, pub_primary, pub_nothing, pub_gone;
-- a partitioned table has those of its partitions; and an id that goes takes its
-- own with it, and the one over the pair, but not the id of another table
CREATE TABLE parted (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE, tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE,
                     CONSTRAINT parted_key UNIQUE (invoice_id, tag_id)) PARTITION BY HASH (tag_id);
CREATE INDEX ON parted (tag_id);
CREATE TABLE numbered (id int);
CREATE TABLE inherits_id (invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE, tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE,
                          PRIMARY KEY (id), UNIQUE (tag_id, invoice_id)) INHERITS (numbered);
CREATE INDEX ON inherits_id (invoice_id);
CREATE TABLE identified_id (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                            tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE, UNIQUE (tag_id, invoice_id));
CREATE INDEX ON identified_id (invoice_id);
CREATE TABLE identified_pair (LIKE identified_id INCLUDING INDEXES, FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE,
                              FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE);
CREATE TABLE identified_index (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices ON DELETE CASCADE,
                               tag_id int NOT NULL REFERENCES tags ON DELETE CASCADE);
CREATE UNIQUE INDEX identified_pair_idx ON identified_index (tag_id, invoice_id);
CREATE INDEX ON identified_index (invoice_id);
ALTER TABLE identified_id REPLICA IDENTITY USING INDEX identified_id_pkey;
ALTER TABLE identified_pair REPLICA IDENTITY USING INDEX identified_pair_tag_id_invoice_id_key;
ALTER TABLE identified_index REPLICA IDENTITY USING INDEX identified_pair_idx;
RESET ROLE;
SET client_min_messages = error;
CREATE PUBLICATION regress_junction_rules_1 FOR TABLES IN SCHEMA rules;
SET client_min_messages = warning;
SET ROLE regress_junction_rules;
SELECT detail FROM found WHERE rule = 'no_replica_identity';
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (modulus 2, remainder 1);
ALTER TABLE parted_0 REPLICA IDENTITY FULL;
SELECT rule FROM found WHERE junction = 'parted'::regclass;
ALTER TABLE parted_1 REPLICA IDENTITY USING INDEX parted_1_invoice_id_tag_id_key;
SELECT rule FROM found WHERE junction = 'parted'::regclass;
SELECT junction, fix FROM found WHERE rule = 'needless_surrogate' AND fix IS NULL;
SELECT * FROM fixes('needless_surrogate') \gexec
SELECT relname, relreplident FROM pg_class WHERE relname LIKE 'identified\_%' AND relkind = 'r' ORDER BY relname;
RESET ROLE;
DROP PUBLICATION regress_junction_rules_1;
SET ROLE regress_junction_rules;
DROP TABLE parted, inherits_id, numbered, identified_id, identified_pair, identified_index;

-- array_relation: in any table, an array whose name and element type fit one
-- table's key.
CREATE TABLE codes (code text PRIMARY KEY);
CREATE TABLE "OrderItems" (id uuid PRIMARY KEY);
CREATE TABLE things (id int PRIMARY KEY);
CREATE TABLE rules_twin.things (id int PRIMARY KEY);
CREATE TABLE arrays (id int PRIMARY KEY, tag_ids int[], people int[], "order_item_ids" uuid[], codes text[],
                     invoices int[] NOT NULL DEFAULT '{}');
-- another type, no such table, two such tables, no array
CREATE TABLE no_arrays (id int PRIMARY KEY, tag_ids bigint[], tags text[], labels text[], thing_ids int[],
                        person_ids text, notes int[]);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text, columns;
DROP TABLE codes, "OrderItems", things, rules_twin.things, arrays, no_arrays;

-- numbered_columns: several foreign keys to one parent, in columns that differ
-- by a number; beside a pair too.
CREATE TABLE numbered (id int PRIMARY KEY, tag_id int REFERENCES tags, tag_id2 int REFERENCES tags,
                       tag_id3 int REFERENCES tags, "1st_person" int REFERENCES people, "2st_person" int REFERENCES people);
-- two parents; names; numbers without a foreign key; one that the name needs
CREATE TABLE not_numbered (id int PRIMARY KEY, link_id1 int REFERENCES tags, link_id2 int REFERENCES people,
                           home_id int REFERENCES invoices, work_id int REFERENCES invoices,
                           line1 int, line2 int, oauth2_id int REFERENCES tags);
-- the ends of a relation to itself are a pair, not a list
CREATE TABLE pair_numbered (tag1_id int REFERENCES tags ON DELETE CASCADE, tag2_id int REFERENCES tags ON DELETE CASCADE,
                            PRIMARY KEY (tag1_id, tag2_id));
CREATE INDEX ON pair_numbered (tag2_id);
SELECT fine('payload_numbered', ', approver1_id int REFERENCES people, approver2_id int REFERENCES people');
SELECT junction, rule, severity, columns, message, detail, fix FROM found
WHERE junction <> 'payload_numbered'::regclass ORDER BY junction::text, columns;
SELECT junction, rule, severity, columns, fix FROM found
WHERE junction = 'payload_numbered'::regclass AND rule = 'numbered_columns';
DROP TABLE numbered, not_numbered, pair_numbered, payload_numbered;

-- tenant_mismatch: both parents have (tenant_id, id) as a key, and the foreign
-- keys leave the tenant out, or have one each.
CREATE TABLE t_tags (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, UNIQUE (tenant_id, id));
CREATE TABLE t_invoices (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, UNIQUE (id, tenant_id));
CREATE TABLE t_people (id int PRIMARY KEY, tenant_id bigint NOT NULL, UNIQUE (id, tenant_id));
CREATE TABLE t_notes (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants);
CREATE TABLE crossing (tag_id int REFERENCES t_tags ON DELETE CASCADE, invoice_id int REFERENCES t_invoices ON DELETE CASCADE,
                       PRIMARY KEY (tag_id, invoice_id));
CREATE INDEX ON crossing (invoice_id);
CREATE TABLE two_tenants (
    tag_tenant_id int, tag_id int, invoice_tenant_id int, invoice_id int,
    FOREIGN KEY (tag_tenant_id, tag_id) REFERENCES t_tags (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (invoice_tenant_id, invoice_id) REFERENCES t_invoices (tenant_id, id) ON DELETE CASCADE,
    PRIMARY KEY (tag_tenant_id, tag_id, invoice_tenant_id, invoice_id));
CREATE INDEX ON two_tenants (invoice_tenant_id, invoice_id);
-- shared; a parent of no tenant, or of one without a key, or of another type
CREATE TABLE sharing (
    tenant_id int, tag_id int, invoice_id int,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES t_tags (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES t_invoices (tenant_id, id) ON DELETE CASCADE,
    PRIMARY KEY (tenant_id, tag_id, invoice_id));
CREATE INDEX ON sharing (tenant_id, invoice_id);
CREATE TABLE no_tenant (tag_id int REFERENCES t_tags ON DELETE CASCADE, invoice_id int REFERENCES invoices ON DELETE CASCADE,
                        PRIMARY KEY (tag_id, invoice_id));
CREATE INDEX ON no_tenant (invoice_id);
CREATE TABLE no_tenant_key (tag_id int REFERENCES t_tags ON DELETE CASCADE, note_id int REFERENCES t_notes ON DELETE CASCADE,
                            PRIMARY KEY (tag_id, note_id));
CREATE INDEX ON no_tenant_key (note_id);
CREATE TABLE other_tenant (tag_id int REFERENCES t_tags ON DELETE CASCADE, person_id int REFERENCES t_people ON DELETE CASCADE,
                           PRIMARY KEY (tag_id, person_id));
CREATE INDEX ON other_tenant (person_id);
SELECT junction, rule, severity, columns, message, detail, fix FROM found
WHERE junction <> 'two_tenants'::regclass ORDER BY junction::text;
SELECT junction, rule, severity, columns FROM found WHERE junction = 'two_tenants'::regclass;
DROP TABLE crossing, two_tenants, sharing, no_tenant, no_tenant_key, other_tenant, t_tags, t_invoices, t_people, t_notes;

-- name: a pure junction has the convention's, an entity a noun.  A payload may
-- have any; so may a relation of a table to itself, which has no convention,
-- and a second relation between two tables, as the name is taken.  The names that
-- ORMs give are in shapes.sql.
CREATE TABLE "Cases" (id int PRIMARY KEY);
CREATE TABLE "Case Labels" (tag_id int REFERENCES tags, case_id int REFERENCES "Cases", PRIMARY KEY (case_id, tag_id));
CREATE TABLE case_people (LIKE "Case Labels" INCLUDING INDEXES, FOREIGN KEY (tag_id) REFERENCES people,
                          FOREIGN KEY (case_id) REFERENCES "Cases");
CREATE TABLE invoice_tags (id int PRIMARY KEY, note text, invoice_id int REFERENCES invoices, tag_id int REFERENCES tags,
                           UNIQUE (invoice_id, tag_id));
CREATE TABLE labellings (LIKE invoice_tags INCLUDING INDEXES, FOREIGN KEY (invoice_id) REFERENCES invoices,
                         FOREIGN KEY (tag_id) REFERENCES tags);
CREATE TABLE taken_name (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE any_name (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, role text,
                       PRIMARY KEY (invoice_id, tag_id));
CREATE TABLE synonyms (left_id int REFERENCES tags, right_id int REFERENCES tags, PRIMARY KEY (left_id, right_id));
CREATE VIEW names AS SELECT r.* FROM junction.report() r JOIN pg_class c ON c.oid = r.junction
WHERE relnamespace = 'rules'::regnamespace AND rule = 'name' AND junction <> 'plain'::regclass;
SELECT junction, rule, severity, columns, message, detail, fix FROM names ORDER BY junction::text COLLATE "C";
DROP VIEW names;
DROP TABLE "Case Labels", case_people, invoice_tags, labellings, taken_name, any_name, synonyms, "Cases";

-- inherited: a junction of any kind.  Not the child, not a partitioned table,
-- not a table that is no junction.
SELECT fine('inherits');
CREATE TABLE inherits_child () INHERITS (inherits);
CREATE TABLE notes (id int PRIMARY KEY);
CREATE TABLE notes_child () INHERITS (notes);
CREATE TABLE parted (tag_id int REFERENCES tags ON DELETE CASCADE, invoice_id int REFERENCES invoices ON DELETE CASCADE,
                     PRIMARY KEY (tag_id, invoice_id)) PARTITION BY HASH (tag_id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (modulus 1, remainder 0);
CREATE INDEX ON parted (invoice_id);
SELECT junction, rule, severity, columns, message, detail, fix FROM found ORDER BY junction::text;
DROP TABLE inherits, inherits_child, notes, notes_child, parted;

-- A comment silences the rules that it names and no other, wherever in it they
-- stand; one that is garbled is nobody's error, and silences what it can.
CREATE TABLE silent (invoice_id int REFERENCES invoices, tag_id int REFERENCES tags, note text, PRIMARY KEY (invoice_id, tag_id));
CREATE FUNCTION left_by(comment text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COMMENT ON TABLE rules.silent IS %L', comment);
    RETURN (SELECT string_agg(DISTINCT rule, ' ' ORDER BY rule) FROM junction.report('rules.silent'));
END $$;
SELECT number, left_by(comment) FROM (VALUES
    (1, NULL),
    (2, '@junction ignore half_indexed'),
    (3, '@junction ignore half_indexed, no_cascade'),
    (4, '@junction ignore half_indexed,no_cascade , promotion_due'),
    (5, E'Which tags an invoice has.\n@junction ignore no_cascade\n@omit create'),
    (6, E'@junction ignore no_cascade\n@junction ignore half_indexed'),
    (7, 'See the wiki. @junction ignore promotion_due, no_cascade because half_indexed'),
    (8, '@junction ignore'),
    (9, '@junction ignore ,,'),
    (10, '@junction ignore ,, half_indexed'),
    (11, '@junction ignore no_such_rule, half_indexed'),
    (12, '@junction ignore HALF_INDEXED'),
    (13, '@junction ignore half'),
    (14, '@junction ignore half_indexed_not'),
    (15, '@junction half_indexed'),
    (16, '@junction ignore half_indexed; no_cascade'),
    (17, repeat('@junction ignore ', 1000) || 'half_indexed'),
    (18, $$@junction ignore \ ' "%s %n {$$),
    (19, repeat(',', 10000) || '@junction ignore' || repeat(',', 10000)),
    (20, '@junction  ignore half_indexed'),
    (21, E'@junction\tignore no_cascade,\n    half_indexed'),
    (22, E'@junction ignore no_cascade\nhalf_indexed'),
    (23, 'See me@junction ignore half_indexed')
) AS v (number, comment) ORDER BY number;
-- of a column, it silences nothing
COMMENT ON TABLE silent IS NULL;
COMMENT ON COLUMN silent.tag_id IS '@junction ignore half_indexed';
SELECT DISTINCT rule FROM junction.report('silent') ORDER BY 1;
COMMENT ON TABLE silent IS '@junction ignore half_indexed, no_cascade, promotion_due';
SELECT junction, columns, fix FROM junction.half_indexed WHERE junction = 'silent'::regclass;

-- junction.check: passes where nothing is so severe, or raises 23000 with each
-- finding in the detail, and the first fix in the hint.
COMMENT ON TABLE plain IS '@junction ignore name';
SELECT junction."check"('info');
CREATE TABLE unkeyed (tag_id int REFERENCES tags ON DELETE CASCADE, invoice_id int REFERENCES invoices ON DELETE CASCADE);
CREATE INDEX ON unkeyed (tag_id);
COMMENT ON TABLE unkeyed IS '@junction ignore name';
COMMENT ON TABLE silent IS '@junction ignore half_indexed, no_cascade';
\set VERBOSITY default
SELECT junction."check"('notice');
SELECT junction."check"();
SELECT junction."check"('error');
-- where the table is, if the search_path does not find it
BEGIN;
SET LOCAL search_path = pg_catalog;
SELECT junction."check"('error', '{missing_pair_key}');
ROLLBACK;
\set VERBOSITY sqlstate
SELECT junction."check"(severity => 'warning');
SELECT junction."check"('Warning');
SELECT junction."check"('');
\set VERBOSITY terse
SELECT junction."check"('fatal');
SELECT junction."check"(NULL);
COMMENT ON TABLE unkeyed IS '@junction ignore missing_pair_key, half_indexed, nullable_endpoint';
SELECT junction."check"();
-- no hint if there is no fix
\set VERBOSITY default
SELECT junction."check"('notice');
-- only these rules, and the tables in these schemas
SELECT junction."check"('info', '{promotion_due, half_indexed}');
SELECT junction."check"('notice', NULL, '{pg_catalog, information_schema}');
SELECT junction."check"('notice', '{promotion_due}', array[current_schema()]);
SELECT junction."check"('notice', '{}');
SELECT junction."check"('notice', NULL, '{}');
\set VERBOSITY terse
SELECT junction."check"('notice', '{unknown}');
SELECT junction."check"('notice', NULL, '{unknown}');
COMMENT ON TABLE unkeyed IS NULL;

-- junction.ignore: silences rules for the whole database, for report, check and guard
SELECT DISTINCT rule FROM junction.report('unkeyed') ORDER BY 1;
SET junction.ignore = 'missing_pair_key, "half_indexed"';
SELECT DISTINCT rule FROM junction.report('unkeyed') ORDER BY 1;
SELECT junction."check"('info', '{missing_pair_key}');
SET junction.guard = warning;
CREATE TABLE ignored (tag_id int REFERENCES tags, invoice_id int REFERENCES invoices);
SET junction.guard_rules = 'half_indexed, no_cascade';
CREATE TABLE ignored_too (LIKE ignored, FOREIGN KEY (tag_id) REFERENCES tags, FOREIGN KEY (invoice_id) REFERENCES invoices);
DROP TABLE ignored, ignored_too;
RESET junction.guard;
RESET junction.guard_rules;
SET junction.ignore = 'unknown';
SET junction.ignore = '"half';
SHOW junction.ignore;
RESET junction.ignore;

-- missing_pair_key: no error where an index over the lesser end and the greater
-- one holds the pair, however it is written.  Not over something else, nor for
-- some rows.
CREATE TABLE mirrored (left_id int NOT NULL REFERENCES people, right_id int NOT NULL REFERENCES people);
CREATE TABLE mirrored_other (LIKE mirrored, FOREIGN KEY (left_id) REFERENCES people, FOREIGN KEY (right_id) REFERENCES people);
CREATE TABLE half_mirrored (LIKE mirrored, FOREIGN KEY (left_id) REFERENCES people, FOREIGN KEY (right_id) REFERENCES people);
CREATE TABLE some_mirrored (LIKE mirrored, FOREIGN KEY (left_id) REFERENCES people, FOREIGN KEY (right_id) REFERENCES people);
CREATE UNIQUE INDEX mirror ON mirrored (least(left_id, right_id), greatest(left_id, right_id));
CREATE UNIQUE INDEX ON mirrored_other (greatest(right_id, left_id), least(left_id, right_id));
CREATE UNIQUE INDEX ON half_mirrored (least(left_id, right_id), greatest(left_id, 0));
CREATE UNIQUE INDEX ON some_mirrored (least(left_id, right_id), greatest(left_id, right_id)) WHERE left_id > 0;
-- ends of several columns, as junction.create makes it
CREATE TABLE cells (x int, y int, PRIMARY KEY (x, y));
SELECT count(*) FROM junction.create('cells', 'cells', 'mirrored_doors', '{x1,y1}', '{x2,y2}', undirected => true);
ALTER TABLE mirrored_doors DROP CONSTRAINT mirrored_doors_pkey;
SELECT junction, severity, message, detail, fix FROM found WHERE rule = 'missing_pair_key' AND junction::text ~ 'mirror'
ORDER BY junction::text;
DROP TABLE mirrored, mirrored_other, half_mirrored, some_mirrored, mirrored_doors, cells;

-- The key begins with what no index serves, or else with what has an index that
-- the key would not make redundant; or else what will be redundant is named.
CREATE TABLE both_indexed (tag_id int NOT NULL REFERENCES tags, invoice_id int NOT NULL REFERENCES invoices);
CREATE TABLE one_other (LIKE both_indexed, FOREIGN KEY (tag_id) REFERENCES tags, FOREIGN KEY (invoice_id) REFERENCES invoices);
CREATE TABLE none_same (LIKE both_indexed, FOREIGN KEY (tag_id) REFERENCES tags, FOREIGN KEY (invoice_id) REFERENCES invoices);
CREATE TABLE pair_indexed (LIKE both_indexed, FOREIGN KEY (tag_id) REFERENCES tags, FOREIGN KEY (invoice_id) REFERENCES invoices);
CREATE INDEX ON both_indexed (tag_id);
CREATE INDEX ON both_indexed (invoice_id);
CREATE INDEX ON one_other (tag_id);
CREATE INDEX ON one_other USING hash (invoice_id);
CREATE INDEX ON none_same (tag_id DESC);
CREATE INDEX ON none_same (invoice_id) INCLUDE (tag_id);
CREATE INDEX ON pair_indexed (tag_id, invoice_id);
SELECT junction, detail, fix FROM found WHERE rule = 'missing_pair_key' AND junction::text ~ 'one|indexed'
ORDER BY junction::text;
SELECT fix FROM found WHERE rule = 'missing_pair_key' AND junction::text ~ 'one|indexed' ORDER BY fix \gexec
SELECT junction, message, fix FROM found WHERE rule <> 'no_cascade' AND junction::text ~ 'one|indexed'
ORDER BY junction::text;
DROP TABLE both_indexed, one_other, none_same, pair_indexed;

-- missing_pair_key counts what is there twice only if asked for one table, and
-- only for who may read it.
SELECT detail FROM junction.report('unkeyed') WHERE rule = 'missing_pair_key';
INSERT INTO unkeyed VALUES (1, 1), (1, 1), (1, 2);
SELECT detail FROM junction.report('unkeyed') WHERE rule = 'missing_pair_key';
INSERT INTO unkeyed VALUES (1, 2), (1, 2), (2, 2);
SELECT detail FROM junction.report('unkeyed') WHERE rule = 'missing_pair_key';
SELECT detail FROM found WHERE rule = 'missing_pair_key';
SET ROLE regress_junction_rules_other;
SELECT detail FROM junction.report() WHERE rule = 'missing_pair_key';
-- a schema that the caller can't use: all is reported, by the table's number
-- too, and nothing is read
SELECT DISTINCT junction, rule FROM junction.report() WHERE junction::text = 'rules.unkeyed' AND rule <> 'name' ORDER BY 1, 2;
RESET ROLE;
SELECT 'unkeyed'::regclass::oid AS unkeyed \gset
GRANT SELECT ON unkeyed TO regress_junction_rules_other;
SET ROLE regress_junction_rules_other;
SELECT detail FROM junction.report(:unkeyed) WHERE rule = 'missing_pair_key';
RESET ROLE;
GRANT USAGE ON SCHEMA rules TO regress_junction_rules_other;
REVOKE SELECT ON unkeyed FROM regress_junction_rules_other;
SET ROLE regress_junction_rules_other;
SELECT detail FROM junction.report('unkeyed') WHERE rule = 'missing_pair_key';
RESET ROLE;
GRANT SELECT ON unkeyed TO regress_junction_rules_other;
SET ROLE regress_junction_rules_other;
SELECT detail FROM junction.report('unkeyed') WHERE rule = 'missing_pair_key';
RESET ROLE;

DROP TABLE before;
RESET search_path;
DROP SCHEMA rules, rules_twin CASCADE;
DROP ROLE regress_junction_rules, regress_junction_rules_other;
