# shellcheck shell=bash
# test/plans/accessors.sh: the cases of create_accessors and drop_accessors. test/t/plans.sh says how a case is written, and
# what is done with it.

try accessors <<'END'
call create_accessors('user_orgs', '{list,set,add,remove,toggle}')
back drop_accessors('user_orgs')
END
try accessors_again <<'END'
SELECT junction.create_accessors('user_orgs', '{list,set}');
ALTER TABLE orgs ADD COLUMN name text;
call create_accessors('user_orgs')
END
try accessors_dropped <<'END'
SELECT junction.create_accessors('user_orgs', '{list,set,add,remove,toggle}');
call drop_accessors('user_orgs')
back create_accessors('user_orgs', '{list,set,add,remove,toggle}')
END
try accessors_none <<'END'
none
call drop_accessors('user_orgs')
END
try accessors_of_itself <<'END'
CREATE TABLE follows (follower_id int REFERENCES users, followee_id int REFERENCES users, at timestamptz DEFAULT now(), PRIMARY KEY (follower_id, followee_id));
call create_accessors('follows', '{list,toggle}')
back drop_accessors('follows')
END
try accessors_of_live_rows <<'END'
CREATE TABLE members (user_id int REFERENCES users, org_id int REFERENCES orgs, "Deleted At" timestamptz);
CREATE UNIQUE INDEX ON members (user_id, org_id) WHERE "Deleted At" IS NULL;
call create_accessors('members', '{list,set,add,remove,toggle}')
back drop_accessors('members')
END
try accessors_shared <<'END'
CREATE TABLE rooms (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE guests (tenant_id int, id bigint, PRIMARY KEY (tenant_id, id)) PARTITION BY RANGE (id);
CREATE TABLE guests_1 PARTITION OF guests DEFAULT;
CREATE TABLE stays (tenant_id int, guest_id bigint, room_id int, PRIMARY KEY (tenant_id, guest_id, room_id),
    FOREIGN KEY (tenant_id, room_id) REFERENCES rooms, FOREIGN KEY (tenant_id, guest_id) REFERENCES guests) PARTITION BY HASH (tenant_id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES WITH (MODULUS 1, REMAINDER 0);
call create_accessors('stays', '{list,set,add,remove,toggle}')
back drop_accessors('stays')
END
try accessors_quoted <<'END'
CREATE TABLE "O'Brien, ""x"" on y" ("The Id" int PRIMARY KEY);
CREATE TABLE "Tag's" ("Key" varchar(5) COLLATE "C" PRIMARY KEY);
CREATE TABLE "a b, ""c"" -- $1 %s\d" ("x "" y" int REFERENCES "O'Brien, ""x"" on y", "change" varchar(5) COLLATE "C" REFERENCES "Tag's", PRIMARY KEY ("x "" y", "change"));
call create_accessors(to_regclass('"a b, ""c"" -- $1 %s\d"'), '{list,set,add,remove,toggle}')
back drop_accessors(to_regclass('"a b, ""c"" -- $1 %s\d"'))
END
try accessors_out_of_sight <<'END'
set search_path = ''
call create_accessors('accessors_out_of_sight.user_orgs', '{list,set,add,remove,toggle}')
back drop_accessors('accessors_out_of_sight.user_orgs')
END
try promote_with_accessors <<'END'
SELECT junction.create_accessors('user_orgs', '{list,set,add,remove,toggle}');
call promote('user_orgs', 'memberships')
back demote('memberships', 'user_orgs')
END
try promote_with_accessors_and_old_name <<'END'
SELECT junction.create_accessors('user_orgs', '{list,set,add,remove,toggle}');
call promote('user_orgs', 'memberships', keep_old_name => true)
back demote('memberships')
END
try accessors_matching <<'END'
call create_accessors('user_orgs', '{matching}')
back drop_accessors('user_orgs')
END
try accessors_by_match <<'END'
CREATE TABLE tags (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "the Slug" varchar(9) NOT NULL UNIQUE);
CREATE TABLE user_tags (user_id int REFERENCES users, tag_id int REFERENCES tags, PRIMARY KEY (user_id, tag_id));
call create_accessors('user_tags', '{set,add}', match => 'the Slug')
back drop_accessors('user_tags')
END
try accessors_reach <<'END'
CREATE TABLE follows (follower_id int REFERENCES users, followee_id int REFERENCES users, PRIMARY KEY (follower_id, followee_id));
call create_accessors('follows', '{reach,matching}')
back drop_accessors('follows')
END
