-- @strapi/database 5.54.0: pg_dump --schema-only of what its schema.sync() made, without the settings
-- The *_lnk tables are of relations: manyToMany (invoices_tags, users_following) and manyToOne (memberships_*).

CREATE TABLE invoices (
    id integer NOT NULL,
    document_id character varying(255),
    number character varying(255)
);

CREATE SEQUENCE invoices_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE invoices_id_seq OWNED BY invoices.id;

CREATE TABLE invoices_tags_lnk (
    id integer NOT NULL,
    invoice_id integer,
    tag_id integer,
    tag_ord double precision,
    invoice_ord double precision
);

CREATE SEQUENCE invoices_tags_lnk_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE invoices_tags_lnk_id_seq OWNED BY invoices_tags_lnk.id;

CREATE TABLE memberships (
    id integer NOT NULL,
    document_id character varying(255),
    role character varying(255)
);

CREATE SEQUENCE memberships_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE memberships_id_seq OWNED BY memberships.id;

CREATE TABLE memberships_org_lnk (
    id integer NOT NULL,
    membership_id integer,
    org_id integer
);

CREATE SEQUENCE memberships_org_lnk_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE memberships_org_lnk_id_seq OWNED BY memberships_org_lnk.id;

CREATE TABLE memberships_user_lnk (
    id integer NOT NULL,
    membership_id integer,
    user_id integer
);

CREATE SEQUENCE memberships_user_lnk_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE memberships_user_lnk_id_seq OWNED BY memberships_user_lnk.id;

CREATE TABLE orgs (
    id integer NOT NULL,
    document_id character varying(255),
    name character varying(255)
);

CREATE SEQUENCE orgs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE orgs_id_seq OWNED BY orgs.id;

CREATE TABLE tags (
    id integer NOT NULL,
    document_id character varying(255),
    name character varying(255)
);

CREATE SEQUENCE tags_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE tags_id_seq OWNED BY tags.id;

CREATE TABLE users (
    id integer NOT NULL,
    document_id character varying(255),
    name character varying(255)
);

CREATE TABLE users_following_lnk (
    id integer NOT NULL,
    user_id integer,
    inv_user_id integer,
    user_ord double precision,
    inv_user_ord double precision
);

CREATE SEQUENCE users_following_lnk_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE users_following_lnk_id_seq OWNED BY users_following_lnk.id;

CREATE SEQUENCE users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE users_id_seq OWNED BY users.id;

ALTER TABLE ONLY invoices ALTER COLUMN id SET DEFAULT nextval('invoices_id_seq'::regclass);

ALTER TABLE ONLY invoices_tags_lnk ALTER COLUMN id SET DEFAULT nextval('invoices_tags_lnk_id_seq'::regclass);

ALTER TABLE ONLY memberships ALTER COLUMN id SET DEFAULT nextval('memberships_id_seq'::regclass);

ALTER TABLE ONLY memberships_org_lnk ALTER COLUMN id SET DEFAULT nextval('memberships_org_lnk_id_seq'::regclass);

ALTER TABLE ONLY memberships_user_lnk ALTER COLUMN id SET DEFAULT nextval('memberships_user_lnk_id_seq'::regclass);

ALTER TABLE ONLY orgs ALTER COLUMN id SET DEFAULT nextval('orgs_id_seq'::regclass);

ALTER TABLE ONLY tags ALTER COLUMN id SET DEFAULT nextval('tags_id_seq'::regclass);

ALTER TABLE ONLY users ALTER COLUMN id SET DEFAULT nextval('users_id_seq'::regclass);

ALTER TABLE ONLY users_following_lnk ALTER COLUMN id SET DEFAULT nextval('users_following_lnk_id_seq'::regclass);

ALTER TABLE ONLY invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY invoices_tags_lnk
    ADD CONSTRAINT invoices_tags_lnk_pkey PRIMARY KEY (id);

ALTER TABLE ONLY invoices_tags_lnk
    ADD CONSTRAINT invoices_tags_lnk_uq UNIQUE (invoice_id, tag_id);

ALTER TABLE ONLY memberships_org_lnk
    ADD CONSTRAINT memberships_org_lnk_pkey PRIMARY KEY (id);

ALTER TABLE ONLY memberships_org_lnk
    ADD CONSTRAINT memberships_org_lnk_uq UNIQUE (membership_id, org_id);

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY memberships_user_lnk
    ADD CONSTRAINT memberships_user_lnk_pkey PRIMARY KEY (id);

ALTER TABLE ONLY memberships_user_lnk
    ADD CONSTRAINT memberships_user_lnk_uq UNIQUE (membership_id, user_id);

ALTER TABLE ONLY orgs
    ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users_following_lnk
    ADD CONSTRAINT users_following_lnk_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users_following_lnk
    ADD CONSTRAINT users_following_lnk_uq UNIQUE (user_id, inv_user_id);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX invoices_tags_lnk_fk ON invoices_tags_lnk USING btree (invoice_id);

CREATE INDEX invoices_tags_lnk_ifk ON invoices_tags_lnk USING btree (tag_id);

CREATE INDEX invoices_tags_lnk_ofk ON invoices_tags_lnk USING btree (tag_ord);

CREATE INDEX invoices_tags_lnk_oifk ON invoices_tags_lnk USING btree (invoice_ord);

CREATE INDEX memberships_org_lnk_fk ON memberships_org_lnk USING btree (membership_id);

CREATE INDEX memberships_org_lnk_ifk ON memberships_org_lnk USING btree (org_id);

CREATE INDEX memberships_user_lnk_fk ON memberships_user_lnk USING btree (membership_id);

CREATE INDEX memberships_user_lnk_ifk ON memberships_user_lnk USING btree (user_id);

CREATE INDEX users_following_lnk_fk ON users_following_lnk USING btree (user_id);

CREATE INDEX users_following_lnk_ifk ON users_following_lnk USING btree (inv_user_id);

CREATE INDEX users_following_lnk_ofk ON users_following_lnk USING btree (user_ord);

CREATE INDEX users_following_lnk_oifk ON users_following_lnk USING btree (inv_user_ord);

ALTER TABLE ONLY invoices_tags_lnk
    ADD CONSTRAINT invoices_tags_lnk_fk FOREIGN KEY (invoice_id) REFERENCES invoices(id) ON DELETE CASCADE;

ALTER TABLE ONLY invoices_tags_lnk
    ADD CONSTRAINT invoices_tags_lnk_ifk FOREIGN KEY (tag_id) REFERENCES tags(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships_org_lnk
    ADD CONSTRAINT memberships_org_lnk_fk FOREIGN KEY (membership_id) REFERENCES memberships(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships_org_lnk
    ADD CONSTRAINT memberships_org_lnk_ifk FOREIGN KEY (org_id) REFERENCES orgs(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships_user_lnk
    ADD CONSTRAINT memberships_user_lnk_fk FOREIGN KEY (membership_id) REFERENCES memberships(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships_user_lnk
    ADD CONSTRAINT memberships_user_lnk_ifk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY users_following_lnk
    ADD CONSTRAINT users_following_lnk_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY users_following_lnk
    ADD CONSTRAINT users_following_lnk_ifk FOREIGN KEY (inv_user_id) REFERENCES users(id) ON DELETE CASCADE;
