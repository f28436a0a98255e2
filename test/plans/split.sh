# shellcheck shell=bash
# test/plans/split.sh: the cases of split. test/t/plans.sh says how a case is written, and what is done with it.

try split_actor <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, tag_id int REFERENCES tags, PRIMARY KEY (tag_id, user_id, org_id));
call split('taggings', actor => '{tag_id}')
END
try split_actor_unique_beside_an_id <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE taggings (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, tag_id int NOT NULL REFERENCES tags,
    UNIQUE (user_id, org_id, tag_id));
ALTER TABLE taggings REPLICA IDENTITY USING INDEX taggings_user_id_org_id_tag_id_key;
call split('taggings', actor => '{tag_id}')
END
try split_actor_bare_index <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE taggings (user_id int NOT NULL REFERENCES users, org_id int NOT NULL REFERENCES orgs, tag_id int NOT NULL REFERENCES tags);
CREATE UNIQUE INDEX "O'Brien, ""x""" ON taggings (user_id, org_id, tag_id);
call split('taggings', actor => '{org_id}')
END
try split_actor_partitioned <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, tag_id int REFERENCES tags, PRIMARY KEY (user_id, org_id, tag_id)) PARTITION BY RANGE (user_id);
CREATE TABLE taggings_1 PARTITION OF taggings DEFAULT;
call split('taggings', actor => '{tag_id}')
END
try split_actor_drizzle <<'END'
set junction.naming = drizzle
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, tag_id int REFERENCES tags, PRIMARY KEY (user_id, org_id, tag_id));
call split('taggings', actor => '{tag_id}')
END
try split_into_tables <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO tags VALUES (1), (2);
CREATE TABLE taggings (user_id int REFERENCES users ON DELETE CASCADE, org_id int REFERENCES orgs ON UPDATE CASCADE DEFERRABLE, tag_id int REFERENCES tags,
    note text COLLATE "C" DEFAULT 'x' NOT NULL CHECK (note <> ''), by int REFERENCES users, PRIMARY KEY (user_id, org_id, tag_id));
INSERT INTO taggings SELECT u.id, o.id, t.id, 'n' || t.id || u.id, u.id FROM users u, orgs o, tags t;
call split('taggings', into_tables => '{org_users,"tag_users(tag_id,user_id,note,by)"}')
END
try split_into_tables_and_drop <<'END'
CREATE TABLE "T ""x""" (id int PRIMARY KEY);
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, "T id" int REFERENCES "T ""x""", PRIMARY KEY (user_id, org_id, "T id"));
call split('taggings', into_tables => '{"\"A b\"(user_id, org_id)","\"C, d\"(\"T id\", org_id)"}', keep_source => false)
END
try split_by_rows <<'END'
CREATE TABLE tags (id int PRIMARY KEY);
INSERT INTO tags SELECT generate_series(101, 107);
INSERT INTO users SELECT generate_series(101, 107);
INSERT INTO orgs SELECT generate_series(101, 103);
CREATE TABLE taggings (user_id int REFERENCES users, org_id int REFERENCES orgs, tag_id int REFERENCES tags, PRIMARY KEY (user_id, org_id, tag_id));
INSERT INTO taggings SELECT 101 + i % 7, 101 + (i * i / 5 + i / 7) % 3, 101 + i / 7 % 7 FROM generate_series(0, 48) AS i;
call split('taggings')
END
