-- SQLAlchemy 2.0.40: CreateTable of every table, compiled for PostgreSQL
-- invoice_tag is a secondary table with a primary key, association_table one without, as the documentation's first;
-- membership is an association object, follows a self-referential secondary table.

CREATE TABLE invoice (
	id SERIAL NOT NULL,
	number VARCHAR NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE org (
	id SERIAL NOT NULL,
	name VARCHAR NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE tag (
	id SERIAL NOT NULL,
	name VARCHAR NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE users (
	id SERIAL NOT NULL,
	name VARCHAR NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE association_table (
	left_id INTEGER,
	right_id INTEGER,
	FOREIGN KEY(left_id) REFERENCES invoice (id),
	FOREIGN KEY(right_id) REFERENCES users (id)
);
CREATE TABLE follows (
	follower_id INTEGER NOT NULL,
	followee_id INTEGER NOT NULL,
	PRIMARY KEY (follower_id, followee_id),
	FOREIGN KEY(follower_id) REFERENCES users (id),
	FOREIGN KEY(followee_id) REFERENCES users (id)
);
CREATE TABLE invoice_tag (
	invoice_id INTEGER NOT NULL,
	tag_id INTEGER NOT NULL,
	PRIMARY KEY (invoice_id, tag_id),
	FOREIGN KEY(invoice_id) REFERENCES invoice (id),
	FOREIGN KEY(tag_id) REFERENCES tag (id)
);
CREATE TABLE membership (
	user_id INTEGER NOT NULL,
	org_id INTEGER NOT NULL,
	role VARCHAR,
	PRIMARY KEY (user_id, org_id),
	FOREIGN KEY(user_id) REFERENCES users (id),
	FOREIGN KEY(org_id) REFERENCES org (id)
);
