// node run.mjs: prints the statements by which MikroORM would change the database of the PG* variables; none if all is as the
// entities say.
import { EntitySchema, MikroORM } from '@mikro-orm/postgresql';

const Invoice = new EntitySchema({ name: 'Invoice', tableName: 'invoices', properties: {
  id: { type: 'integer', primary: true, autoincrement: false },
} });
const Tag = new EntitySchema({ name: 'Tag', tableName: 'tags', properties: {
  id: { type: 'integer', primary: true, autoincrement: false },
} });
const User = new EntitySchema({ name: 'User', tableName: 'users', properties: { id: { type: 'uuid', primary: true } } });
const Org = new EntitySchema({ name: 'Org', tableName: 'orgs', properties: { id: { type: 'uuid', primary: true } } });
const rule = { deleteRule: 'cascade', updateRule: 'no action' };
const InvoiceTag = new EntitySchema({ name: 'InvoiceTag', tableName: 'invoice_tags', properties: {
  invoice: { kind: 'm:1', entity: () => Invoice, primary: true, ...rule, index: false },
  tag: { kind: 'm:1', entity: () => Tag, primary: true, ...rule, index: true },
} });
const Membership = new EntitySchema({ name: 'Membership', tableName: 'memberships', uniques: [{ properties: ['user', 'org'] }],
  properties: {
    user: { kind: 'm:1', entity: () => User, ...rule, index: false },
    org: { kind: 'm:1', entity: () => Org, ...rule, index: true },
    id: { type: 'uuid', primary: true, defaultRaw: process.env.JUNCTION_UUID },
    role: { type: 'text', default: 'member' },
    createdAt: { type: 'datetime', columnType: 'timestamptz', defaultRaw: 'now()' },
    updatedAt: { type: 'datetime', columnType: 'timestamptz', defaultRaw: 'now()' },
  } });

const orm = await MikroORM.init({
  entities: [Invoice, Tag, User, Org, InvoiceTag, Membership],
  host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER, dbName: process.env.PGDATABASE,
  // keeps MikroORM away from the schema of the extension, and from the view of keep_old_name
  schemaGenerator: { ignoreSchema: ['junction'], skipViews: ['user_orgs'] },
});
console.log(await orm.schema.getUpdateSchemaSQL());
await orm.close();
