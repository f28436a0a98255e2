-- Payload 3.90.2 with @payloadcms/db-postgres 3.90.2: pg_dump --schema-only of what its push made, without the settings
-- The *_rels tables hold all hasMany relationships of a collection; memberships is a collection.

CREATE TABLE invoices (
    id integer NOT NULL,
    name character varying,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE invoices_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE invoices_id_seq OWNED BY invoices.id;

CREATE TABLE invoices_rels (
    id integer NOT NULL,
    "order" integer,
    parent_id integer NOT NULL,
    path character varying NOT NULL,
    tags_id integer,
    users_id integer,
    orgs_id integer
);

CREATE SEQUENCE invoices_rels_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE invoices_rels_id_seq OWNED BY invoices_rels.id;

CREATE TABLE memberships (
    id integer NOT NULL,
    name character varying,
    user_id integer NOT NULL,
    org_id integer NOT NULL,
    role character varying,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE memberships_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE memberships_id_seq OWNED BY memberships.id;

CREATE TABLE orgs (
    id integer NOT NULL,
    name character varying,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE orgs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE orgs_id_seq OWNED BY orgs.id;

CREATE TABLE payload_kv (
    id integer NOT NULL,
    key character varying NOT NULL,
    data jsonb NOT NULL
);

CREATE SEQUENCE payload_kv_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE payload_kv_id_seq OWNED BY payload_kv.id;

CREATE TABLE payload_locked_documents (
    id integer NOT NULL,
    global_slug character varying,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE payload_locked_documents_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE payload_locked_documents_id_seq OWNED BY payload_locked_documents.id;

CREATE TABLE payload_locked_documents_rels (
    id integer NOT NULL,
    "order" integer,
    parent_id integer NOT NULL,
    path character varying NOT NULL,
    users_id integer,
    orgs_id integer,
    tags_id integer,
    invoices_id integer,
    memberships_id integer
);

CREATE SEQUENCE payload_locked_documents_rels_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE payload_locked_documents_rels_id_seq OWNED BY payload_locked_documents_rels.id;

CREATE TABLE payload_migrations (
    id integer NOT NULL,
    name character varying,
    batch numeric,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE payload_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE payload_migrations_id_seq OWNED BY payload_migrations.id;

CREATE TABLE payload_preferences (
    id integer NOT NULL,
    key character varying,
    value jsonb,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE payload_preferences_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE payload_preferences_id_seq OWNED BY payload_preferences.id;

CREATE TABLE payload_preferences_rels (
    id integer NOT NULL,
    "order" integer,
    parent_id integer NOT NULL,
    path character varying NOT NULL,
    users_id integer
);

CREATE SEQUENCE payload_preferences_rels_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE payload_preferences_rels_id_seq OWNED BY payload_preferences_rels.id;

CREATE TABLE tags (
    id integer NOT NULL,
    name character varying,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
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
    name character varying,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    email character varying NOT NULL,
    reset_password_token character varying,
    reset_password_expiration timestamp(3) with time zone,
    salt character varying,
    hash character varying,
    reset_password_requested_at timestamp(3) with time zone,
    login_attempts numeric DEFAULT 0,
    lock_until timestamp(3) with time zone
);

CREATE SEQUENCE users_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE users_id_seq OWNED BY users.id;

CREATE TABLE users_rels (
    id integer NOT NULL,
    "order" integer,
    parent_id integer NOT NULL,
    path character varying NOT NULL,
    users_id integer
);

CREATE SEQUENCE users_rels_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE users_rels_id_seq OWNED BY users_rels.id;

CREATE TABLE users_sessions (
    _order integer NOT NULL,
    _parent_id integer NOT NULL,
    id character varying NOT NULL,
    created_at timestamp(3) with time zone,
    expires_at timestamp(3) with time zone NOT NULL
);

ALTER TABLE ONLY invoices ALTER COLUMN id SET DEFAULT nextval('invoices_id_seq'::regclass);

ALTER TABLE ONLY invoices_rels ALTER COLUMN id SET DEFAULT nextval('invoices_rels_id_seq'::regclass);

ALTER TABLE ONLY memberships ALTER COLUMN id SET DEFAULT nextval('memberships_id_seq'::regclass);

ALTER TABLE ONLY orgs ALTER COLUMN id SET DEFAULT nextval('orgs_id_seq'::regclass);

ALTER TABLE ONLY payload_kv ALTER COLUMN id SET DEFAULT nextval('payload_kv_id_seq'::regclass);

ALTER TABLE ONLY payload_locked_documents ALTER COLUMN id SET DEFAULT nextval('payload_locked_documents_id_seq'::regclass);

ALTER TABLE ONLY payload_locked_documents_rels ALTER COLUMN id SET DEFAULT nextval('payload_locked_documents_rels_id_seq'::regclass);

ALTER TABLE ONLY payload_migrations ALTER COLUMN id SET DEFAULT nextval('payload_migrations_id_seq'::regclass);

ALTER TABLE ONLY payload_preferences ALTER COLUMN id SET DEFAULT nextval('payload_preferences_id_seq'::regclass);

ALTER TABLE ONLY payload_preferences_rels ALTER COLUMN id SET DEFAULT nextval('payload_preferences_rels_id_seq'::regclass);

ALTER TABLE ONLY tags ALTER COLUMN id SET DEFAULT nextval('tags_id_seq'::regclass);

ALTER TABLE ONLY users ALTER COLUMN id SET DEFAULT nextval('users_id_seq'::regclass);

ALTER TABLE ONLY users_rels ALTER COLUMN id SET DEFAULT nextval('users_rels_id_seq'::regclass);

ALTER TABLE ONLY invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY invoices_rels
    ADD CONSTRAINT invoices_rels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY orgs
    ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY payload_kv
    ADD CONSTRAINT payload_kv_pkey PRIMARY KEY (id);

ALTER TABLE ONLY payload_locked_documents
    ADD CONSTRAINT payload_locked_documents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY payload_migrations
    ADD CONSTRAINT payload_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY payload_preferences
    ADD CONSTRAINT payload_preferences_pkey PRIMARY KEY (id);

ALTER TABLE ONLY payload_preferences_rels
    ADD CONSTRAINT payload_preferences_rels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users_rels
    ADD CONSTRAINT users_rels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users_sessions
    ADD CONSTRAINT users_sessions_pkey PRIMARY KEY (id);

CREATE INDEX invoices_created_at_idx ON invoices USING btree (created_at);

CREATE INDEX invoices_rels_order_idx ON invoices_rels USING btree ("order");

CREATE INDEX invoices_rels_orgs_id_idx ON invoices_rels USING btree (orgs_id);

CREATE INDEX invoices_rels_parent_idx ON invoices_rels USING btree (parent_id);

CREATE INDEX invoices_rels_path_idx ON invoices_rels USING btree (path);

CREATE INDEX invoices_rels_tags_id_idx ON invoices_rels USING btree (tags_id);

CREATE INDEX invoices_rels_users_id_idx ON invoices_rels USING btree (users_id);

CREATE INDEX invoices_updated_at_idx ON invoices USING btree (updated_at);

CREATE INDEX memberships_created_at_idx ON memberships USING btree (created_at);

CREATE INDEX memberships_org_idx ON memberships USING btree (org_id);

CREATE INDEX memberships_updated_at_idx ON memberships USING btree (updated_at);

CREATE INDEX memberships_user_idx ON memberships USING btree (user_id);

CREATE INDEX orgs_created_at_idx ON orgs USING btree (created_at);

CREATE INDEX orgs_updated_at_idx ON orgs USING btree (updated_at);

CREATE UNIQUE INDEX payload_kv_key_idx ON payload_kv USING btree (key);

CREATE INDEX payload_locked_documents_created_at_idx ON payload_locked_documents USING btree (created_at);

CREATE INDEX payload_locked_documents_global_slug_idx ON payload_locked_documents USING btree (global_slug);

CREATE INDEX payload_locked_documents_rels_invoices_id_idx ON payload_locked_documents_rels USING btree (invoices_id);

CREATE INDEX payload_locked_documents_rels_memberships_id_idx ON payload_locked_documents_rels USING btree (memberships_id);

CREATE INDEX payload_locked_documents_rels_order_idx ON payload_locked_documents_rels USING btree ("order");

CREATE INDEX payload_locked_documents_rels_orgs_id_idx ON payload_locked_documents_rels USING btree (orgs_id);

CREATE INDEX payload_locked_documents_rels_parent_idx ON payload_locked_documents_rels USING btree (parent_id);

CREATE INDEX payload_locked_documents_rels_path_idx ON payload_locked_documents_rels USING btree (path);

CREATE INDEX payload_locked_documents_rels_tags_id_idx ON payload_locked_documents_rels USING btree (tags_id);

CREATE INDEX payload_locked_documents_rels_users_id_idx ON payload_locked_documents_rels USING btree (users_id);

CREATE INDEX payload_locked_documents_updated_at_idx ON payload_locked_documents USING btree (updated_at);

CREATE INDEX payload_migrations_created_at_idx ON payload_migrations USING btree (created_at);

CREATE INDEX payload_migrations_updated_at_idx ON payload_migrations USING btree (updated_at);

CREATE INDEX payload_preferences_created_at_idx ON payload_preferences USING btree (created_at);

CREATE INDEX payload_preferences_key_idx ON payload_preferences USING btree (key);

CREATE INDEX payload_preferences_rels_order_idx ON payload_preferences_rels USING btree ("order");

CREATE INDEX payload_preferences_rels_parent_idx ON payload_preferences_rels USING btree (parent_id);

CREATE INDEX payload_preferences_rels_path_idx ON payload_preferences_rels USING btree (path);

CREATE INDEX payload_preferences_rels_users_id_idx ON payload_preferences_rels USING btree (users_id);

CREATE INDEX payload_preferences_updated_at_idx ON payload_preferences USING btree (updated_at);

CREATE INDEX tags_created_at_idx ON tags USING btree (created_at);

CREATE INDEX tags_updated_at_idx ON tags USING btree (updated_at);

CREATE INDEX users_created_at_idx ON users USING btree (created_at);

CREATE UNIQUE INDEX users_email_idx ON users USING btree (email);

CREATE INDEX users_rels_order_idx ON users_rels USING btree ("order");

CREATE INDEX users_rels_parent_idx ON users_rels USING btree (parent_id);

CREATE INDEX users_rels_path_idx ON users_rels USING btree (path);

CREATE INDEX users_rels_users_id_idx ON users_rels USING btree (users_id);

CREATE INDEX users_sessions_order_idx ON users_sessions USING btree (_order);

CREATE INDEX users_sessions_parent_id_idx ON users_sessions USING btree (_parent_id);

CREATE INDEX users_updated_at_idx ON users USING btree (updated_at);

ALTER TABLE ONLY invoices_rels
    ADD CONSTRAINT invoices_rels_orgs_fk FOREIGN KEY (orgs_id) REFERENCES orgs(id) ON DELETE CASCADE;

ALTER TABLE ONLY invoices_rels
    ADD CONSTRAINT invoices_rels_parent_fk FOREIGN KEY (parent_id) REFERENCES invoices(id) ON DELETE CASCADE;

ALTER TABLE ONLY invoices_rels
    ADD CONSTRAINT invoices_rels_tags_fk FOREIGN KEY (tags_id) REFERENCES tags(id) ON DELETE CASCADE;

ALTER TABLE ONLY invoices_rels
    ADD CONSTRAINT invoices_rels_users_fk FOREIGN KEY (users_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_org_id_orgs_id_fk FOREIGN KEY (org_id) REFERENCES orgs(id) ON DELETE SET NULL;

ALTER TABLE ONLY memberships
    ADD CONSTRAINT memberships_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL;

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_invoices_fk FOREIGN KEY (invoices_id) REFERENCES invoices(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_memberships_fk FOREIGN KEY (memberships_id) REFERENCES memberships(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_orgs_fk FOREIGN KEY (orgs_id) REFERENCES orgs(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_parent_fk FOREIGN KEY (parent_id) REFERENCES payload_locked_documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_tags_fk FOREIGN KEY (tags_id) REFERENCES tags(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_locked_documents_rels
    ADD CONSTRAINT payload_locked_documents_rels_users_fk FOREIGN KEY (users_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_preferences_rels
    ADD CONSTRAINT payload_preferences_rels_parent_fk FOREIGN KEY (parent_id) REFERENCES payload_preferences(id) ON DELETE CASCADE;

ALTER TABLE ONLY payload_preferences_rels
    ADD CONSTRAINT payload_preferences_rels_users_fk FOREIGN KEY (users_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY users_rels
    ADD CONSTRAINT users_rels_parent_fk FOREIGN KEY (parent_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY users_rels
    ADD CONSTRAINT users_rels_users_fk FOREIGN KEY (users_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY users_sessions
    ADD CONSTRAINT users_sessions_parent_id_fk FOREIGN KEY (_parent_id) REFERENCES users(id) ON DELETE CASCADE;
