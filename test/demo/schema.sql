-- Three corners of public schemas, for the demo: order_details and its parents as in Northwind, films as in Pagila,
-- policy labels as in Apache Ranger. Tables, keys and indexes as those projects have them; columns that play no part
-- are left out.

CREATE TABLE orders (order_id smallint CONSTRAINT pk_orders PRIMARY KEY, order_date date, ship_country varchar(15));
CREATE TABLE products (product_id smallint CONSTRAINT pk_products PRIMARY KEY, product_name varchar(40) NOT NULL);
CREATE TABLE order_details (
    order_id smallint NOT NULL CONSTRAINT fk_order_details_orders REFERENCES orders,
    product_id smallint NOT NULL CONSTRAINT fk_order_details_products REFERENCES products,
    unit_price real NOT NULL,
    quantity smallint NOT NULL,
    discount real NOT NULL,
    CONSTRAINT pk_order_details PRIMARY KEY (order_id, product_id)
);

CREATE TABLE film (film_id int PRIMARY KEY, title text NOT NULL);
CREATE TABLE actor (actor_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL);
CREATE TABLE category (category_id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE film_actor (
    actor_id int NOT NULL REFERENCES actor ON UPDATE CASCADE ON DELETE RESTRICT,
    film_id int NOT NULL REFERENCES film ON UPDATE CASCADE ON DELETE RESTRICT,
    last_update timestamptz NOT NULL,
    PRIMARY KEY (actor_id, film_id)
);
CREATE INDEX idx_fk_film_id ON film_actor (film_id);
CREATE TABLE film_category (
    film_id int NOT NULL REFERENCES film ON UPDATE CASCADE ON DELETE RESTRICT,
    category_id int NOT NULL REFERENCES category ON UPDATE CASCADE ON DELETE RESTRICT,
    last_update timestamptz NOT NULL,
    PRIMARY KEY (film_id, category_id)
);

CREATE TABLE x_policy (id bigint PRIMARY KEY, name varchar(512) NOT NULL, is_enabled boolean NOT NULL);
CREATE TABLE x_policy_label (id bigint PRIMARY KEY, label_name varchar(512) UNIQUE);
CREATE TABLE x_policy_label_map (
    id bigint PRIMARY KEY,
    guid varchar(64),
    policy_id bigint CONSTRAINT x_policy_label_map_fk_policy_id REFERENCES x_policy,
    policy_label_id bigint CONSTRAINT x_policy_label_map_fk_policy_label_id REFERENCES x_policy_label,
    CONSTRAINT x_policy_label_map_pid_plid UNIQUE (policy_id, policy_label_id)
);
