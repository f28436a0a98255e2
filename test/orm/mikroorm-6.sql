-- MikroORM 6.6.16: the output of getCreateSchemaSQL()
-- invoice_tags and user_following are pivot tables, invoice_steps one with fixedOrder, membership a pivotEntity.

create table "invoice" ("id" serial primary key, "number" varchar(255) not null);

create table "org" ("id" serial primary key, "name" varchar(255) not null);

create table "step" ("id" serial primary key, "name" varchar(255) not null);

create table "invoice_steps" ("id" serial primary key, "invoice_id" int not null, "step_id" int not null);

create table "tag" ("id" serial primary key, "name" varchar(255) not null);

create table "invoice_tags" ("invoice_id" int not null, "tag_id" int not null, constraint "invoice_tags_pkey" primary key ("invoice_id", "tag_id"));

create table "user" ("id" serial primary key, "name" varchar(255) not null);

create table "membership" ("user_id" int not null, "org_id" int not null, "role" varchar(255) not null default 'member', constraint "membership_pkey" primary key ("user_id", "org_id"));

create table "user_following" ("user_1_id" int not null, "user_2_id" int not null, constraint "user_following_pkey" primary key ("user_1_id", "user_2_id"));

alter table "invoice_steps" add constraint "invoice_steps_invoice_id_foreign" foreign key ("invoice_id") references "invoice" ("id") on update cascade on delete cascade;
alter table "invoice_steps" add constraint "invoice_steps_step_id_foreign" foreign key ("step_id") references "step" ("id") on update cascade on delete cascade;

alter table "invoice_tags" add constraint "invoice_tags_invoice_id_foreign" foreign key ("invoice_id") references "invoice" ("id") on update cascade on delete cascade;
alter table "invoice_tags" add constraint "invoice_tags_tag_id_foreign" foreign key ("tag_id") references "tag" ("id") on update cascade on delete cascade;

alter table "membership" add constraint "membership_user_id_foreign" foreign key ("user_id") references "user" ("id") on update cascade;
alter table "membership" add constraint "membership_org_id_foreign" foreign key ("org_id") references "org" ("id") on update cascade;

alter table "user_following" add constraint "user_following_user_1_id_foreign" foreign key ("user_1_id") references "user" ("id") on update cascade on delete cascade;
alter table "user_following" add constraint "user_following_user_2_id_foreign" foreign key ("user_2_id") references "user" ("id") on update cascade on delete cascade;
