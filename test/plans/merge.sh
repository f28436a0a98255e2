# shellcheck shell=bash
# test/plans/merge.sh: the cases of merge and deduplicate. test/t/plans.sh says how a case is written, and what is done with it.

try merge_one <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE post_tags (post_id int, tag_id int REFERENCES tags ON DELETE CASCADE, PRIMARY KEY (post_id, tag_id));
INSERT INTO tags VALUES (7), (9);
INSERT INTO post_tags VALUES (1, 7), (1, 9), (2, 9);
call merge('tags', 7, ARRAY[9])
END
try merge_several_newest <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE post_tags (post_id int, tag_id int REFERENCES tags ON DELETE SET NULL, updated_at timestamptz, UNIQUE (post_id, tag_id));
INSERT INTO tags VALUES (7), (9), (12);
INSERT INTO post_tags VALUES (1, 7, '2020-01-01 UTC'), (1, 9, '2021-01-01 UTC'), (2, 12, NULL), (2, 9, NULL);
call merge('tags', 7, ARRAY[12, 9], 'newest')
END
try merge_to_any_depth <<'END'
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE members (id int PRIMARY KEY, person_id int REFERENCES people, team_id int, UNIQUE (person_id, team_id));
CREATE TABLE notes (id int PRIMARY KEY, member_id int REFERENCES members, n int, UNIQUE (member_id, n));
INSERT INTO people VALUES (1), (2);
INSERT INTO members VALUES (1, 1, 1), (2, 2, 1), (3, 2, 2);
INSERT INTO notes VALUES (1, 1, 1), (2, 2, 1), (3, 2, 2);
call merge('people', 1, ARRAY[2])
END
try merge_a_tree <<'END'
CREATE TABLE folders (id int PRIMARY KEY, parent_id int REFERENCES folders, name text, UNIQUE (parent_id, name));
INSERT INTO folders VALUES (1, NULL, '/'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'x'), (5, 3, 'x'), (6, 5, 'y');
call merge('folders', 2, ARRAY[3])
END
try merge_itself <<'END'
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE follows (a int REFERENCES people, b int REFERENCES people, PRIMARY KEY (a, b), CHECK (a < b));
INSERT INTO people SELECT generate_series(1, 5);
INSERT INTO follows VALUES (1, 3), (2, 3), (3, 4), (3, 5);
call merge('people', 4, ARRAY[3])
END
try merge_partitioned <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE logs (day int, tag_id int REFERENCES tags, UNIQUE (day, tag_id)) PARTITION BY LIST (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);
CREATE TABLE logs_2 PARTITION OF logs DEFAULT;
INSERT INTO tags VALUES (7), (9);
INSERT INTO logs VALUES (1, 7), (1, 9), (2, 9);
call merge('tags', 7, ARRAY[9])
END
try deduplicate_first <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs);
INSERT INTO links VALUES (1, 1), (1, 1), (1, 2);
call deduplicate('links')
END
try deduplicate_referenced <<'END'
CREATE TABLE links (id int PRIMARY KEY, user_id int REFERENCES users, org_id int REFERENCES orgs);
COMMENT ON TABLE links IS '@junction';
CREATE TABLE notes (link_id int REFERENCES links, n int, UNIQUE (link_id, n));
INSERT INTO links VALUES (1, 1, 1), (2, 1, 1), (3, 1, 2);
INSERT INTO notes VALUES (1, 1), (2, 1), (2, 2), (1, 3);
call deduplicate('links', 'last')
END
