// node run.js: prints the statements by which TypeORM's schema:sync would change the database of the PG* variables; none if
// all is as the entities say. TypeORM names by digests, so the entities say PostgreSQL's names.
require('reflect-metadata');
const { DataSource, EntitySchema } = require('typeorm');

const parent = (name, tableName, type) => new EntitySchema({ name, tableName, columns: {
  id: { type, primary: true, primaryKeyConstraintName: `${tableName}_pkey` },
} });
const end = (target, column, table, primary) => ({ type: 'many-to-one', target, nullable: false, onDelete: 'CASCADE', primary,
  joinColumn: { name: column, foreignKeyConstraintName: `${table}_${column}_fkey` } });
const key = (table) => ({ primary: true, primaryKeyConstraintName: `${table}_pkey` });

const entities = [
  parent('Invoice', 'invoices', 'int'), parent('Tag', 'tags', 'int'), parent('User', 'users', 'uuid'), parent('Org', 'orgs', 'uuid'),
  new EntitySchema({ name: 'InvoiceTag', tableName: 'invoice_tags', columns: {
    invoiceId: { name: 'invoice_id', type: 'int', ...key('invoice_tags') },
    tagId: { name: 'tag_id', type: 'int', ...key('invoice_tags') },
  }, relations: { invoice: end('Invoice', 'invoice_id', 'invoice_tags'), tag: end('Tag', 'tag_id', 'invoice_tags') },
  indices: [{ name: 'invoice_tags_tag_id_idx', columns: ['tagId'] }] }),
  new EntitySchema({ name: 'Membership', tableName: 'memberships', columns: {
    userId: { name: 'user_id', type: 'uuid' },
    orgId: { name: 'org_id', type: 'uuid' },
    id: { type: 'uuid', default: () => process.env.JUNCTION_UUID, ...key('memberships') },
    role: { type: 'text', default: 'member' },
    createdAt: { name: 'created_at', type: 'timestamptz', default: () => 'now()' },
    updatedAt: { name: 'updated_at', type: 'timestamptz', default: () => 'now()' },
  }, relations: { user: end('User', 'user_id', 'memberships'), org: end('Org', 'org_id', 'memberships') },
  uniques: [{ name: 'memberships_user_id_org_id_unique', columns: ['userId', 'orgId'] }],
  indices: [{ name: 'memberships_org_id_idx', columns: ['orgId'] }] }),
];

(async () => {
  const source = new DataSource({ type: 'postgres', host: process.env.PGHOST, port: Number(process.env.PGPORT),
    username: process.env.PGUSER, database: process.env.PGDATABASE, entities, installExtensions: false });
  await source.initialize();
  for (const { query } of (await source.driver.createSchemaBuilder().log()).upQueries) console.log(query);
  await source.destroy();
})().catch((error) => { console.error(error); process.exitCode = 1; });
