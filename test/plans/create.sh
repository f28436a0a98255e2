# shellcheck shell=bash
# test/plans/create.sh: the cases of create. test/t/plans.sh says how a case is written, and what is done with it.

try create_plain <<'END'
call create('users', 'orgs')
END
try create_named <<'END'
call create('orgs', 'users', 'links', left_on_delete => 'restrict', right_on_delete => 'no action')
END
try create_columns_without_reverse_index <<'END'
call create('users', 'orgs', 'links', '{who}', '{"Where"}', reverse_index => false)
END
try create_undirected <<'END'
call create('users', 'users', 'friends', '{a_id}', '{b_id}', undirected => true)
END
try create_directed <<'END'
call create('users', 'users', 'follows', '{follower_id}', '{followee_id}')
END
try create_shared_columns <<'END'
CREATE TABLE invoices (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE tags (tenant_id int, id int, PRIMARY KEY (tenant_id, id));
call create('invoices', 'tags', shared_columns => '{tenant_id}')
END
try create_if_it_is_there <<'END'
call create('users', 'orgs', 'user_orgs', if_not_exists => true)
none
END
try create_if_it_is_not_there <<'END'
call create('users', 'orgs', 'links', if_not_exists => true)
END
try create_drizzle <<'END'
set junction.naming = drizzle
call create('users', 'orgs', 'links')
END
for naming in prisma knex rails ef auto; do
    try "create_$naming" <<END
set junction.naming = $naming
call create('users', 'orgs', 'links')
END
done
try create_quoted <<'END'
CREATE TABLE "O'Brien, ""x"" on y" ("The Id" int PRIMARY KEY);
call create('"O''Brien, ""x"" on y"', 'users', '"a b, ""c"" -- $1 %s\d"')
END
try create_between_partitioned <<'END'
CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE events_1_1 PARTITION OF events_1 DEFAULT;
call create('events', 'users')
END
try create_between_inherited <<'END'
CREATE TABLE admins () INHERITS (users);
call create('users', 'orgs', 'links')
END
try create_unlogged <<'END'
ALTER TABLE user_orgs SET UNLOGGED;
CREATE UNLOGGED TABLE a (id int PRIMARY KEY);
call create('a', 'users')
END
try create_out_of_sight <<'END'
set search_path = ''
call create('create_out_of_sight.users', 'create_out_of_sight.orgs', 'create_out_of_sight.links')
END
