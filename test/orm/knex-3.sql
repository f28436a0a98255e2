-- Knex 3.3.0: what toSQL() of its schema builder makes
-- The tables are as its migrations usually write them.

create table "users" ("id" serial primary key, "name" varchar(255));
create table "orgs" ("id" serial primary key, "name" varchar(255));
create table "invoices" ("id" serial primary key, "number" varchar(255));
create table "tags" ("id" serial primary key, "name" varchar(255));
create table "invoices_tags" ("invoice_id" integer not null, "tag_id" integer not null, constraint "invoices_tags_pkey" primary key ("invoice_id", "tag_id"));
alter table "invoices_tags" add constraint "invoices_tags_invoice_id_foreign" foreign key ("invoice_id") references "invoices" ("id") on delete CASCADE;
alter table "invoices_tags" add constraint "invoices_tags_tag_id_foreign" foreign key ("tag_id") references "tags" ("id") on delete CASCADE;
create table "memberships" ("id" serial primary key, "user_id" integer, "org_id" integer, "role" varchar(255), "created_at" timestamptz not null default CURRENT_TIMESTAMP, "updated_at" timestamptz not null default CURRENT_TIMESTAMP);
alter table "memberships" add constraint "memberships_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete CASCADE;
create index "memberships_user_id_index" on "memberships" ("user_id");
alter table "memberships" add constraint "memberships_org_id_foreign" foreign key ("org_id") references "orgs" ("id") on delete CASCADE;
create index "memberships_org_id_index" on "memberships" ("org_id");
create table "follows" ("follower_id" integer, "followee_id" integer);
alter table "follows" add constraint "follows_follower_id_foreign" foreign key ("follower_id") references "users" ("id");
alter table "follows" add constraint "follows_followee_id_foreign" foreign key ("followee_id") references "users" ("id");
alter table "follows" add constraint "follows_follower_id_followee_id_unique" unique ("follower_id", "followee_id");
