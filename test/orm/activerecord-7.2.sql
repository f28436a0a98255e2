-- ActiveRecord 7.2.2.2: the statements that a migration logged
-- invoices_tags is of create_join_table, invoices_users the same with indexes, invoices_orgs of two belongs_to without
-- id; memberships is the has_many :through of "rails generate model" with references, appointments that of the guide;
-- follows is a self join, taggings polymorphic.

CREATE TABLE "users" ("id" bigserial primary key, "name" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE TABLE "orgs" ("id" bigserial primary key, "name" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE TABLE "invoices" ("id" bigserial primary key, "number" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE TABLE "tags" ("id" bigserial primary key, "name" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE TABLE "invoices_tags" ("invoice_id" bigint NOT NULL, "tag_id" bigint NOT NULL);
CREATE TABLE "invoices_users" ("invoice_id" bigint NOT NULL, "user_id" bigint NOT NULL);
CREATE INDEX "index_invoices_users_on_invoice_id_and_user_id" ON "invoices_users" ("invoice_id", "user_id");
CREATE INDEX "index_invoices_users_on_user_id_and_invoice_id" ON "invoices_users" ("user_id", "invoice_id");
CREATE TABLE "invoices_orgs" ("invoice_id" bigint, "org_id" bigint);
CREATE INDEX "index_invoices_orgs_on_invoice_id" ON "invoices_orgs" ("invoice_id");
CREATE INDEX "index_invoices_orgs_on_org_id" ON "invoices_orgs" ("org_id");
CREATE TABLE "memberships" ("id" bigserial primary key, "user_id" bigint NOT NULL, "org_id" bigint NOT NULL, "role" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_99326fb65d" FOREIGN KEY ("user_id") REFERENCES "users" ("id") , CONSTRAINT "fk_rails_4c5d3ffc99" FOREIGN KEY ("org_id") REFERENCES "orgs" ("id") );
CREATE INDEX "index_memberships_on_user_id" ON "memberships" ("user_id");
CREATE INDEX "index_memberships_on_org_id" ON "memberships" ("org_id");
CREATE TABLE "appointments" ("id" bigserial primary key, "user_id" bigint, "org_id" bigint, "appointment_date" timestamp(6), "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE INDEX "index_appointments_on_user_id" ON "appointments" ("user_id");
CREATE INDEX "index_appointments_on_org_id" ON "appointments" ("org_id");
CREATE TABLE "follows" ("id" bigserial primary key, "follower_id" bigint NOT NULL, "followee_id" bigint NOT NULL, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_622d34a301" FOREIGN KEY ("follower_id") REFERENCES "users" ("id") , CONSTRAINT "fk_rails_a8faf414f1" FOREIGN KEY ("followee_id") REFERENCES "users" ("id") );
CREATE INDEX "index_follows_on_follower_id" ON "follows" ("follower_id");
CREATE INDEX "index_follows_on_followee_id" ON "follows" ("followee_id");
CREATE TABLE "taggings" ("id" bigserial primary key, "tag_id" bigint NOT NULL, "taggable_type" character varying NOT NULL, "taggable_id" bigint NOT NULL, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_9fcd2e236b" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") );
CREATE INDEX "index_taggings_on_tag_id" ON "taggings" ("tag_id");
CREATE INDEX "index_taggings_on_taggable" ON "taggings" ("taggable_type", "taggable_id");
