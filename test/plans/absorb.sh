# shellcheck shell=bash
# test/plans/absorb.sh: the cases of absorb. test/t/plans.sh says how a case is written, and what is done with it.

try absorb_array <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[]);
INSERT INTO posts VALUES (1, '{3,1}'), (2, '{}'), (3, NULL), (4, '{2}');
CREATE INDEX ON posts USING gin (user_ids);
call absorb('posts', '{user_ids}', 'users')
END
try absorb_array_with_duplicates_and_drop <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[]);
INSERT INTO posts VALUES (1, '{3,1,3,NULL}');
CREATE INDEX ON posts USING gin (user_ids);
call absorb('posts', '{user_ids}', 'users', keep_source => false)
END
try absorb_ordered_match <<'END'
CREATE TABLE tags (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL UNIQUE);
INSERT INTO tags (slug) VALUES ('b'), ('a');
CREATE TABLE posts (id int PRIMARY KEY, tags text[]);
INSERT INTO posts VALUES (1, '{a,b}'), (2, '{b}');
COMMENT ON COLUMN posts.tags IS 'it''s ''quoted''';
call absorb('posts', '{tags}', 'tags', ordered => true)
END
try absorb_insert <<'END'
CREATE TABLE tags (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL UNIQUE);
INSERT INTO tags (slug) VALUES ('b');
CREATE TABLE posts (id int PRIMARY KEY, tags text);
INSERT INTO posts VALUES (1, ' A;b;;c'), (2, 'C');
call absorb('posts', '{tags}', 'tags', separator => ';', "normalize" => 'trim,lower', missing => 'insert')
END
try absorb_discard_json <<'END'
CREATE TABLE posts (id int PRIMARY KEY, users jsonb);
INSERT INTO posts VALUES (1, '[1, 7, null]'), (2, 'null'), (3, '[]');
call absorb('posts', '{users}', 'users', missing => 'discard')
END
try absorb_foreign_key_and_drop <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_id int REFERENCES users);
INSERT INTO posts VALUES (1, 1), (2, NULL);
call absorb('posts', '{user_id}', 'users', keep_source => false)
END
try absorb_numbered <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user1_id int REFERENCES users, user2_id int REFERENCES users);
INSERT INTO posts VALUES (1, 1, 2), (2, 3, 3);
call absorb('posts', '{user1_id,user2_id}', 'users', 'id', 'links', ordered => true, reverse_index => false)
END
try absorb_of_itself <<'END'
CREATE TABLE people (id int PRIMARY KEY, friend_ids int[]);
INSERT INTO people VALUES (1, '{2,1}'), (2, '{}');
call absorb('people', '{friend_ids}', 'people', name => 'friends', missing => 'discard')
END
try absorb_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY, orgs int[]) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE events_1_1 PARTITION OF events_1 DEFAULT;
INSERT INTO events VALUES (1, '{1,2}');
call absorb('events', '{orgs}', 'orgs', keep_source => false)
END
try absorb_into_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
CREATE TABLE posts (id int PRIMARY KEY, event_ids bigint[]);
INSERT INTO posts VALUES (1, '{1,2}');
call absorb('posts', '{event_ids}', 'events', missing => 'insert')
END
try absorb_quoted <<'END'
CREATE TABLE "O'Brien, ""x"" on y" ("The Id" int PRIMARY KEY, "a b, ""c"" -- $1 %s\d" text[]);
CREATE TABLE "Tag's" ("Key" varchar(5) COLLATE "C" PRIMARY KEY);
INSERT INTO "O'Brien, ""x"" on y" VALUES (1, '{$$,it''s}');
call absorb('"O''Brien, ""x"" on y"', array['a b, "c" -- $1 %s\d'], '"Tag''s"', missing => 'insert')
END
try absorb_drizzle <<'END'
set junction.naming = drizzle
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[]);
call absorb('posts', '{user_ids}', 'users')
END
try absorb_out_of_sight <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[]);
INSERT INTO posts VALUES (1, '{3,1}');
set search_path = ''
call absorb('absorb_out_of_sight.posts', '{user_ids}', 'absorb_out_of_sight.users')
END
