-- Directus' shape: what toSQL() of Knex 3.3.0 makes of the tables that Directus' data model settings ask for
-- It is not the output of Directus itself. invoices_tags and users_users are of many-to-many fields, invoices_users
-- one with own fields and a sort field, invoices_related of a many-to-any field.

create table "invoices" ("id" serial primary key, "number" varchar(255));
create table "tags" ("id" serial primary key, "name" varchar(255));
create table "users" ("id" serial primary key, "name" varchar(255));
create table "invoices_tags" ("id" serial primary key, "invoices_id" integer, "tags_id" integer);
alter table "invoices_tags" add constraint "invoices_tags_invoices_id_foreign" foreign key ("invoices_id") references "invoices" ("id") on delete SET NULL;
alter table "invoices_tags" add constraint "invoices_tags_tags_id_foreign" foreign key ("tags_id") references "tags" ("id") on delete SET NULL;
create table "invoices_users" ("id" serial primary key, "invoices_id" integer, "users_id" integer, "sort" integer, "role" varchar(255));
alter table "invoices_users" add constraint "invoices_users_invoices_id_foreign" foreign key ("invoices_id") references "invoices" ("id") on delete SET NULL;
alter table "invoices_users" add constraint "invoices_users_users_id_foreign" foreign key ("users_id") references "users" ("id") on delete SET NULL;
create table "users_users" ("id" serial primary key, "users_id" integer, "related_users_id" integer);
alter table "users_users" add constraint "users_users_users_id_foreign" foreign key ("users_id") references "users" ("id") on delete SET NULL;
alter table "users_users" add constraint "users_users_related_users_id_foreign" foreign key ("related_users_id") references "users" ("id") on delete SET NULL;
create table "invoices_related" ("id" serial primary key, "invoices_id" integer, "item" varchar(255), "collection" varchar(255));
alter table "invoices_related" add constraint "invoices_related_invoices_id_foreign" foreign key ("invoices_id") references "invoices" ("id") on delete SET NULL;
