-- Objection 3.1.5: what toSQL() of Knex 3.3.0 makes of the tables of its example, in which persons_movies is the
-- joinTable of a ManyToManyRelation.

create table "persons" ("id" serial primary key, "parentId" integer, "firstName" varchar(255), "lastName" varchar(255), "age" integer, "address" json);
alter table "persons" add constraint "persons_parentid_foreign" foreign key ("parentId") references "persons" ("id") on delete SET NULL;
create index "persons_parentid_index" on "persons" ("parentId");
create table "movies" ("id" serial primary key, "name" varchar(255));
create table "animals" ("id" serial primary key, "ownerId" integer, "name" varchar(255), "species" varchar(255));
alter table "animals" add constraint "animals_ownerid_foreign" foreign key ("ownerId") references "persons" ("id") on delete SET NULL;
create index "animals_ownerid_index" on "animals" ("ownerId");
create table "persons_movies" ("id" serial primary key, "personId" integer, "movieId" integer);
alter table "persons_movies" add constraint "persons_movies_personid_foreign" foreign key ("personId") references "persons" ("id") on delete CASCADE;
create index "persons_movies_personid_index" on "persons_movies" ("personId");
alter table "persons_movies" add constraint "persons_movies_movieid_foreign" foreign key ("movieId") references "movies" ("id") on delete CASCADE;
create index "persons_movies_movieid_index" on "persons_movies" ("movieId");
