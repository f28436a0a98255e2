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
try merge_newest_to_any_depth <<'END'
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE members (id int PRIMARY KEY, person_id int REFERENCES people, team_id int, created_at timestamptz, best_id int, UNIQUE (person_id, team_id));
CREATE TABLE notes (id int PRIMARY KEY, member_id int REFERENCES members ON DELETE CASCADE, n int, UNIQUE (member_id, n));
ALTER TABLE members ADD FOREIGN KEY (best_id) REFERENCES notes ON DELETE SET NULL;
INSERT INTO people VALUES (1), (2), (3);
INSERT INTO members VALUES (1, 1, 1, '2020-01-01 UTC'), (2, 2, 1, '2021-01-01 UTC'), (3, 3, 1, NULL), (4, 3, 2, NULL);
INSERT INTO notes VALUES (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (5, 4, 1);
UPDATE members SET best_id = CASE id WHEN 4 THEN 1 ELSE id END;
call merge('people', 1, ARRAY[2, 3], 'newest')
END
try merge_what_references_a_pair <<'END'
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE members (person_id int REFERENCES people, team_id int, PRIMARY KEY (person_id, team_id));
CREATE TABLE roles (person_id int, team_id int, role text, PRIMARY KEY (person_id, team_id, role), FOREIGN KEY (person_id, team_id) REFERENCES members ON DELETE CASCADE);
INSERT INTO people VALUES (1), (2);
INSERT INTO members VALUES (1, 1), (2, 1), (2, 2);
INSERT INTO roles VALUES (1, 1, 'a'), (2, 1, 'a'), (2, 1, 'b'), (2, 2, 'c');
call merge('people', 1, ARRAY[2])
END
try merge_composite <<'END'
CREATE TABLE words (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE text_words (text_id int, tenant_id int, word_id int, UNIQUE NULLS NOT DISTINCT (text_id, tenant_id, word_id), FOREIGN KEY (tenant_id, word_id) REFERENCES words ON DELETE RESTRICT ON UPDATE RESTRICT);
INSERT INTO words VALUES (1, 1), (1, 2), (2, 1);
INSERT INTO text_words VALUES (1, 1, 1), (1, 2, 1), (NULL, 1, 1), (NULL, 1, 2), (2, 2, 1);
call merge('words', ROW(1, 1), ARRAY[ROW(2, 1), ROW(1, 2)])
END
try merge_loops_below <<'END'
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE teams (id int PRIMARY KEY, person_id int REFERENCES people, name text, UNIQUE (person_id, name));
CREATE TABLE links (from_id int REFERENCES teams ON DELETE CASCADE, to_id int REFERENCES teams ON DELETE CASCADE, PRIMARY KEY (from_id, to_id));
INSERT INTO people VALUES (1), (2);
INSERT INTO teams VALUES (1, 1, 'a'), (2, 2, 'a'), (3, 2, 'b');
INSERT INTO links VALUES (1, 2), (2, 3), (3, 1), (2, 2);
call merge('people', 1, ARRAY[2])
END
try merge_exclusions <<'END'
CREATE TABLE rooms (id int PRIMARY KEY, slug text UNIQUE);
CREATE TABLE bookings (slug text REFERENCES rooms (slug) ON UPDATE CASCADE, day int, EXCLUDE (slug WITH =, day WITH =) DEFERRABLE);
CREATE TABLE keys (room_id int REFERENCES rooms, n int, live bool);
CREATE UNIQUE INDEX ON keys (room_id, (n % 10)) WHERE live;
INSERT INTO rooms VALUES (1, 'a'), (2, 'b');
INSERT INTO bookings VALUES ('a', 1), ('b', 1), ('b', 2);
INSERT INTO keys VALUES (1, 1, true), (2, 11, true), (2, 2, true), (2, 1, false);
call merge('rooms', 1, ARRAY[2])
END
try merge_what_is_gone <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE post_tags (post_id int, tag_id int REFERENCES tags, PRIMARY KEY (post_id, tag_id));
INSERT INTO tags VALUES (7);
call merge('tags', 7, ARRAY[9])
none
END
try deduplicate_by_expression <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, created_at timestamptz);
INSERT INTO users VALUES (71);
INSERT INTO orgs VALUES (71);
INSERT INTO links VALUES (71, 71, '2020-01-01 UTC'), (71, 71, NULL), (71, NULL, NULL), (71, NULL, NULL);
call deduplicate('links', 'created_at IS NULL DESC, date_part(''year'', created_at at time zone ''UTC'')')
END
try deduplicate_partitioned <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs) PARTITION BY HASH (org_id);
CREATE TABLE links_0 PARTITION OF links FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE links_1 PARTITION OF links FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO users VALUES (71);
INSERT INTO orgs VALUES (71), (72);
INSERT INTO links VALUES (71, 71), (71, 71), (71, 72), (71, 72), (71, 72);
call deduplicate('links')
END
try deduplicate_with_key <<'END'
CREATE TABLE links (user_id int REFERENCES users, org_id int REFERENCES orgs, PRIMARY KEY (user_id, org_id));
call deduplicate('links')
none
END
