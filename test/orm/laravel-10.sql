-- Laravel 10.48.29: the queries that Connection::pretend() recorded of its schema builder
-- role_user is the documented table structure, invoice_tag and invoice_user are pivot tables of usual migrations,
-- memberships is a pivot model with an incrementing id, taggables a polymorphic one.

create table "users" ("id" bigserial not null primary key, "name" varchar(255) not null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
create table "orgs" ("id" bigserial not null primary key, "name" varchar(255) not null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
create table "invoices" ("id" bigserial not null primary key, "number" varchar(255) not null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
create table "tags" ("id" bigserial not null primary key, "name" varchar(255) not null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
create table "roles" ("id" bigserial not null primary key, "name" varchar(255) not null);
create table "role_user" ("user_id" bigint not null, "role_id" bigint not null);
create table "invoice_tag" ("id" bigserial not null primary key, "invoice_id" bigint not null, "tag_id" bigint not null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
alter table "invoice_tag" add constraint "invoice_tag_invoice_id_foreign" foreign key ("invoice_id") references "invoices" ("id") on delete cascade;
alter table "invoice_tag" add constraint "invoice_tag_tag_id_foreign" foreign key ("tag_id") references "tags" ("id") on delete cascade;
create table "invoice_user" ("invoice_id" bigint not null, "user_id" bigint not null);
alter table "invoice_user" add constraint "invoice_user_invoice_id_foreign" foreign key ("invoice_id") references "invoices" ("id") on delete cascade;
alter table "invoice_user" add constraint "invoice_user_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete cascade;
alter table "invoice_user" add primary key ("invoice_id", "user_id");
create table "memberships" ("id" bigserial not null primary key, "user_id" bigint not null, "org_id" bigint not null, "role" varchar(255) null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
alter table "memberships" add constraint "memberships_user_id_foreign" foreign key ("user_id") references "users" ("id");
alter table "memberships" add constraint "memberships_org_id_foreign" foreign key ("org_id") references "orgs" ("id");
create table "follows" ("follower_id" bigint not null, "followee_id" bigint not null);
alter table "follows" add constraint "follows_follower_id_foreign" foreign key ("follower_id") references "users" ("id");
alter table "follows" add constraint "follows_followee_id_foreign" foreign key ("followee_id") references "users" ("id");
alter table "follows" add constraint "follows_follower_id_followee_id_unique" unique ("follower_id", "followee_id");
create table "taggables" ("tag_id" bigint not null, "taggable_id" bigint not null, "taggable_type" varchar(255) not null);
