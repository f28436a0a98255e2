# shellcheck shell=bash
# test/plans/mirror.sh: the cases of absorb(mirror => true) and of retire. test/t/plans.sh says how a case is written, and what is
# done with it.

try mirror_array <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[]);
INSERT INTO posts VALUES (1, '{3,1}'), (2, NULL);
call absorb('posts', '{user_ids}', 'users', mirror => true)
END
try mirror_match_ordered_insert <<'END'
CREATE TABLE tags (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL UNIQUE);
INSERT INTO tags (slug) VALUES ('b'), ('a');
CREATE TABLE posts (id int PRIMARY KEY, tags text[]);
INSERT INTO posts VALUES (1, '{a,c}'), (2, '{b}');
call absorb('posts', '{tags}', 'tags', ordered => true, missing => 'insert', mirror => true)
END
try mirror_quoted_discard <<'END'
CREATE TABLE "O'Brien, ""x"" on y" ("The Id" int PRIMARY KEY, "a b, ""c"" -- $1 %s\d $mirror$" text);
INSERT INTO "O'Brien, ""x"" on y" VALUES (1, '1;9');
call absorb('"O''Brien, ""x"" on y"', ARRAY['a b, "c" -- $1 %s\d $mirror$'], 'users', name => '"M $mirror$"', separator => ';', missing => 'discard', mirror => true)
END
try retire_mirrored <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[], org_id int REFERENCES orgs, note text);
INSERT INTO posts VALUES (1, '{3,1}', 1, 'n');
CREATE INDEX ON posts USING gin (user_ids);
SELECT count(*) FROM junction.absorb('posts', '{user_ids}', 'users', mirror => true);
SELECT count(*) FROM junction.absorb('posts', '{org_id}', 'orgs', mirror => true);
call retire('posts')
END
try retire_without_mirror <<'END'
CREATE TABLE "Posts ""x""" (id int PRIMARY KEY, "user ids" int[]);
SELECT count(*) FROM junction.absorb('"Posts ""x"""', '{user ids}', 'users', name => 'links');
call retire('"Posts ""x"""')
END
try retire_after_promotion <<'END'
CREATE TABLE posts (id int PRIMARY KEY, user_ids int[]);
INSERT INTO posts VALUES (1, '{3,1}');
SELECT count(*) FROM junction.absorb('posts', '{user_ids}', 'users', mirror => true);
SELECT count(*) FROM junction.promote('post_users', 'authorships', id_type => 'bigint');
call retire('posts')
END
try retire_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY, orgs int[]) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
INSERT INTO events VALUES (1, '{1,2}');
SELECT count(*) FROM junction.absorb('events', '{orgs}', 'orgs');
call retire('events')
END
