-- Bookshelf 1.2.0: what toSQL() of Knex 0.21.21 makes
-- invoices_tags and its columns have the names that belongsToMany() looks for; appointments is a through() model.

create table "users" ("id" serial primary key, "name" varchar(255));
create table "invoices" ("id" serial primary key, "number" varchar(255));
create table "tags" ("id" serial primary key, "name" varchar(255));
create table "invoices_tags" ("invoice_id" integer, "tag_id" integer);
alter table "invoices_tags" add constraint "invoices_tags_invoice_id_foreign" foreign key ("invoice_id") references "invoices" ("id");
alter table "invoices_tags" add constraint "invoices_tags_tag_id_foreign" foreign key ("tag_id") references "tags" ("id");
create table "appointments" ("id" serial primary key, "user_id" integer, "invoice_id" integer, "scheduled_for" timestamptz);
alter table "appointments" add constraint "appointments_user_id_foreign" foreign key ("user_id") references "users" ("id");
alter table "appointments" add constraint "appointments_invoice_id_foreign" foreign key ("invoice_id") references "invoices" ("id");
