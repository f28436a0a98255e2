// What junction.create and junction.promote make, as a migration of Knex: with the names that Knex gives, and none said here.
exports.up = async (knex) => {
  await knex.schema.createTable('invoices', (t) => { t.integer('id').primary(); });
  await knex.schema.createTable('tags', (t) => { t.integer('id').primary(); });
  await knex.schema.createTable('users', (t) => { t.uuid('id').primary(); });
  await knex.schema.createTable('orgs', (t) => { t.uuid('id').primary(); });
  await exports.junctions(knex);
};

exports.junctions = async (knex) => {
  await knex.schema.createTable('invoice_tags', (t) => {
    t.integer('invoice_id').notNullable().references('id').inTable('invoices').onDelete('CASCADE');
    t.integer('tag_id').notNullable().references('id').inTable('tags').onDelete('CASCADE').index();
    t.primary(['invoice_id', 'tag_id']);
  });
  await knex.schema.createTable('memberships', (t) => {
    t.uuid('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE');
    t.uuid('org_id').notNullable().references('id').inTable('orgs').onDelete('CASCADE').index();
    t.uuid('id').primary().defaultTo(knex.raw(process.env.JUNCTION_UUID));
    t.text('role').notNullable().defaultTo('member');
    t.timestamp('created_at').notNullable().defaultTo(knex.raw('now()'));
    t.timestamp('updated_at').notNullable().defaultTo(knex.raw('now()'));
    t.unique(['user_id', 'org_id']);
  });
};

// drops each by the name that Knex gives it: what it does not find is an error
exports.down = async (knex) => {
  await knex.schema.alterTable('invoice_tags', (t) => {
    t.dropForeign(['invoice_id']);
    t.dropForeign(['tag_id']);
    t.dropIndex(['tag_id']);
    t.dropPrimary();
  });
  await knex.schema.alterTable('memberships', (t) => {
    t.dropForeign(['user_id']);
    t.dropForeign(['org_id']);
    t.dropIndex(['org_id']);
    t.dropUnique(['user_id', 'org_id']);
    t.dropPrimary();
  });
};
