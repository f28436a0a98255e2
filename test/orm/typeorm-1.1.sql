-- TypeORM 1.1.1: the queries of its schema builder, log().upQueries
-- invoices_tags_tags and users_following_users are of @ManyToMany; membership and invoice_to_user are of the
-- documented "many-to-many relations with custom properties", with and without columns of their own for the keys.

CREATE TABLE "users" ("id" SERIAL NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY ("id"));
CREATE TABLE "orgs" ("id" SERIAL NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_9eed8bfad4c9e0dc8648e090efe" PRIMARY KEY ("id"));
CREATE TABLE "invoices" ("id" SERIAL NOT NULL, "number" character varying NOT NULL, CONSTRAINT "PK_668cef7c22a427fd822cc1be3ce" PRIMARY KEY ("id"));
CREATE TABLE "tags" ("id" SERIAL NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_e7dc17249a1148a1970748eda99" PRIMARY KEY ("id"));
CREATE TABLE "membership" ("id" SERIAL NOT NULL, "userId" integer NOT NULL, "orgId" integer NOT NULL, "role" character varying NOT NULL, CONSTRAINT "PK_83c1afebef3059472e7c37e8de8" PRIMARY KEY ("id"));
CREATE TABLE "invoice_to_user" ("id" SERIAL NOT NULL, "order" integer NOT NULL, "invoiceId" integer, "userId" integer, CONSTRAINT "PK_427f013cda5e49b6d0a44f1d9a7" PRIMARY KEY ("id"));
CREATE TABLE "users_following_users" ("usersId_1" integer NOT NULL, "usersId_2" integer NOT NULL, CONSTRAINT "PK_a41e4dcaab91b51d41267c083ea" PRIMARY KEY ("usersId_1", "usersId_2"));
CREATE INDEX "IDX_f257a3163914a2e398d7bfa800" ON "users_following_users"  ("usersId_1") ;
CREATE INDEX "IDX_4a5ef04f52de98c49916c8798e" ON "users_following_users"  ("usersId_2") ;
CREATE TABLE "invoices_tags_tags" ("invoicesId" integer NOT NULL, "tagsId" integer NOT NULL, CONSTRAINT "PK_fe212eb1c8044b42977ce217442" PRIMARY KEY ("invoicesId", "tagsId"));
CREATE INDEX "IDX_8473ac70e5afdce81ca708bf36" ON "invoices_tags_tags"  ("invoicesId") ;
CREATE INDEX "IDX_731801fe05a804c9996eb6c284" ON "invoices_tags_tags"  ("tagsId") ;
ALTER TABLE "membership" ADD CONSTRAINT "FK_eef2d9d9c70cd13bed868afedf4" FOREIGN KEY ("userId") REFERENCES "users"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;
ALTER TABLE "membership" ADD CONSTRAINT "FK_fd784d960a0d3a06a5303fb3aea" FOREIGN KEY ("orgId") REFERENCES "orgs"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;
ALTER TABLE "invoice_to_user" ADD CONSTRAINT "FK_8e96434eb7ba51aa4eb9175562b" FOREIGN KEY ("invoiceId") REFERENCES "invoices"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;
ALTER TABLE "invoice_to_user" ADD CONSTRAINT "FK_0e03c6b7d66170612c5dca142ce" FOREIGN KEY ("userId") REFERENCES "users"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;
ALTER TABLE "users_following_users" ADD CONSTRAINT "FK_f257a3163914a2e398d7bfa8001" FOREIGN KEY ("usersId_1") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "users_following_users" ADD CONSTRAINT "FK_4a5ef04f52de98c49916c8798ec" FOREIGN KEY ("usersId_2") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invoices_tags_tags" ADD CONSTRAINT "FK_8473ac70e5afdce81ca708bf363" FOREIGN KEY ("invoicesId") REFERENCES "invoices"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invoices_tags_tags" ADD CONSTRAINT "FK_731801fe05a804c9996eb6c284d" FOREIGN KEY ("tagsId") REFERENCES "tags"("id") ON DELETE CASCADE ON UPDATE CASCADE;
