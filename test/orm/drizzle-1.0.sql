-- drizzle-kit 1.0.0-rc.5 with drizzle-orm 1.0.0-rc.5: the output of "drizzle-kit export"
-- The model is the one of drizzle-0.45.sql.

CREATE TABLE "follows" (
	"follower_id" integer,
	"followee_id" integer,
	CONSTRAINT "follows_pkey" PRIMARY KEY("follower_id","followee_id")
);

CREATE TABLE "invoices" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "invoices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"number" text
);

CREATE TABLE "invoices_to_tags" (
	"invoice_id" integer,
	"tag_id" integer,
	CONSTRAINT "invoices_to_tags_pkey" PRIMARY KEY("invoice_id","tag_id")
);

CREATE TABLE "memberships" (
	"user_id" integer,
	"org_id" integer,
	"role" text NOT NULL,
	"created_at" timestamp DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_pkey" PRIMARY KEY("user_id","org_id")
);

CREATE TABLE "orgs" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "orgs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text
);

CREATE TABLE "tags" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tags_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text
);

CREATE TABLE "users" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "users_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text
);

ALTER TABLE "follows" ADD CONSTRAINT "follows_follower_id_users_id_fkey" FOREIGN KEY ("follower_id") REFERENCES "users"("id");
ALTER TABLE "follows" ADD CONSTRAINT "follows_followee_id_users_id_fkey" FOREIGN KEY ("followee_id") REFERENCES "users"("id");
ALTER TABLE "invoices_to_tags" ADD CONSTRAINT "invoices_to_tags_invoice_id_invoices_id_fkey" FOREIGN KEY ("invoice_id") REFERENCES "invoices"("id");
ALTER TABLE "invoices_to_tags" ADD CONSTRAINT "invoices_to_tags_tag_id_tags_id_fkey" FOREIGN KEY ("tag_id") REFERENCES "tags"("id");
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id");
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_org_id_orgs_id_fkey" FOREIGN KEY ("org_id") REFERENCES "orgs"("id");
