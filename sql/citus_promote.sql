-- junction.promote and junction.demote of what Citus keeps, with a stand-in for Citus: the text of the plans, and what is
-- refused.
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/test/lib/citus.sql'
\set ECHO none
\i :file
\set ECHO all
CREATE TABLE accounts (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE plans (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE labels (id int PRIMARY KEY);
CREATE TABLE account_plans ("tenant's" int, account_id int, plan_id int, PRIMARY KEY ("tenant's", account_id, plan_id),
    FOREIGN KEY ("tenant's", account_id) REFERENCES accounts ON DELETE CASCADE,
    FOREIGN KEY ("tenant's", plan_id) REFERENCES plans ON DELETE CASCADE);
CREATE INDEX ON account_plans ("tenant's", plan_id);
CREATE TABLE label_tags (label_id int REFERENCES labels, tag_id int REFERENCES tags, PRIMARY KEY (label_id, tag_id));
COMMENT ON CONSTRAINT label_tags_pkey ON label_tags IS 'each once';
CREATE TABLE marks (label_id int NOT NULL REFERENCES labels, tag_id int NOT NULL REFERENCES tags, UNIQUE (label_id, tag_id),
    id uuid DEFAULT gen_random_uuid() CONSTRAINT marks_pkey PRIMARY KEY, created_at timestamptz DEFAULT now());
SELECT distribute('accounts', 'tenant_id', 1), distribute('plans', 'tenant_id', 1), distribute('account_plans', 'tenant''s', 1),
    distribute('tags', NULL, 3, 'n', 't'), distribute('labels', NULL, 3, 'n', 't'), distribute('label_tags', NULL, 3, 'n', 't'),
    distribute('marks', NULL, 3, 'n', 't');

\a
\t on
-- one copy of each row: the id comes where the row is
SELECT plan($$SELECT statement FROM junction.promote('account_plans', 'subscriptions', array['role text default ''member'''],
    primary_key => '{tenant''s,id}', dry_run => true)$$);
-- copies: one set of ids for all
SELECT plan($$SELECT statement FROM junction.promote('label_tags', 'labellings', array['note text default ''none''', 'n int not null default 1'],
    dry_run => true)$$);
SELECT plan($$SELECT statement FROM junction.promote('label_tags', timestamps => false, dry_run => true)$$);
-- and back
SELECT plan($$SELECT statement FROM junction.demote('marks', 'old_marks', dry_run => true)$$);

SELECT refusal($$SELECT junction.promote('account_plans', 'subscriptions')$$);
SELECT refusal($$SELECT junction.promote('label_tags', 'x', keep_old_name => true)$$);
SELECT refusal($$SELECT junction.promote('label_tags', id_type => 'bigint')$$);
SELECT refusal($$SELECT junction.promote('label_tags', concurrently => true, dry_run => true)$$);
SELECT refusal($$SELECT junction.promote('account_plans', primary_key => '{tenant''s,id}', portable => true, concurrently => true, dry_run => true)$$);
SELECT refusal($$SELECT junction.promote('account_plans', concurrently => true, dry_run => true)$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr serial}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr int generated always as identity}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr int check (nr > 0)}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{tag int references tags}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{nr int unique}')$$);
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{at timestamptz default now()}')$$);
CREATE DOMAIN random AS uuid DEFAULT gen_random_uuid();
SELECT refusal($$SELECT junction.promote('label_tags', columns => '{r random}')$$);
CREATE TABLE notes (label_id int, tag_id int, FOREIGN KEY (label_id, tag_id) REFERENCES label_tags);
SELECT refusal($$SELECT junction.promote('label_tags')$$);
DROP TABLE notes;
CREATE TABLE notes (label_id int, tag_id int, FOREIGN KEY (label_id, tag_id) REFERENCES marks (label_id, tag_id));
SELECT refusal($$SELECT junction.demote('marks', 'old_marks')$$);
\t off
\a

--
-- Concurrently: a row for each step, which is one transaction; the pair's key is built beside the old one
--
INSERT INTO accounts SELECT t, i FROM generate_series(1, 3) AS t, generate_series(1, 5) AS i;
INSERT INTO plans SELECT t, i FROM generate_series(1, 3) AS t, generate_series(1, 4) AS i;
INSERT INTO account_plans SELECT tenant_id, a.id, p.id FROM accounts AS a JOIN plans AS p USING (tenant_id);
CREATE FUNCTION steps() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT plan($q$SELECT regexp_replace(statement, 'of table \d+', 'of table N') FROM junction.promote('account_plans', 'subscriptions',
        array['role text default ''member'''], primary_key => '{tenant''s,id}', concurrently => true, dry_run => true)$q$) $$;
\a
\t on
SELECT steps();
\t off
\a
-- max_lag is of this server alone; copies are not filled one by one
CALL junction.promote_concurrently('account_plans', 'subscriptions', primary_key => '{tenant''s,id}', max_lag => 1000);
CALL junction.promote_concurrently('label_tags');
CALL junction._fill('marks', 'created_at');
-- it runs up to the last step, and what is left is planned then
CALL junction.promote_concurrently('account_plans', 'subscriptions', array['role text default ''member'''],
    primary_key => '{tenant''s,id}', cut_over => false);
\a
\t on
SELECT steps();
\t off
\a
SELECT count(*), count(DISTINCT id) FROM account_plans;
CALL junction.promote_concurrently('account_plans', 'subscriptions', array['role text default ''member'''],
    primary_key => '{tenant''s,id}');
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'subscriptions'::regclass AND contype <> 'n' ORDER BY conname;
SELECT count(*), count(DISTINCT id), count(role), count(created_at) FROM subscriptions;
SELECT count(*) > 0 AS demoted FROM junction.demote('subscriptions', 'account_plans');
-- a batch that fails in a shard stops the run; the next call goes on, or demote takes it back
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON account_plans FOR EACH ROW EXECUTE FUNCTION refuse();
\set VERBOSITY default
CALL junction.promote_concurrently('account_plans', primary_key => '{tenant''s,id}');
\set VERBOSITY terse
SELECT statement FROM junction.demote('account_plans', dry_run => true);
DROP TRIGGER refuse ON account_plans;
CALL junction.promote_concurrently('account_plans', primary_key => '{tenant''s,id}', batch_size => 3, pause => '1 ms');
SELECT count(*), count(DISTINCT id) FROM account_plans;

\set file :abs_srcdir '/test/lib/no_citus.sql'
\set ECHO none
\i :file
