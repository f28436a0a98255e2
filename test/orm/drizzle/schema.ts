// What junction.create and junction.promote make, in the words of drizzle, for the drizzle-orm that its caller has. The names that
// the schema does not say are those that drizzle-kit gives; that of an index ends as the caller says.
export function junctions(
  { index, integer, pgTable, pgView, primaryKey, text, timestamp, unique, uuid }: typeof import('drizzle-orm/pg-core'),
  { sql }: typeof import('drizzle-orm'),
  suffix: string,
) {
  const invoices = pgTable('invoices', { id: integer('id').primaryKey() });
  const tags = pgTable('tags', { id: integer('id').primaryKey() });
  const users = pgTable('users', { id: uuid('id').primaryKey() });
  const orgs = pgTable('orgs', { id: uuid('id').primaryKey() });

  const invoiceTags = pgTable('invoice_tags', {
    invoiceId: integer('invoice_id').notNull().references(() => invoices.id, { onDelete: 'cascade' }),
    tagId: integer('tag_id').notNull().references(() => tags.id, { onDelete: 'cascade' }),
  }, (t) => [
    primaryKey({ columns: [t.invoiceId, t.tagId] }),
    index(`invoice_tags_tag_id_${suffix}`).on(t.tagId),
  ]);

  // the view of keep_old_name: without this, push drops it and does not ask
  const userOrgs = pgView('user_orgs', { userId: uuid('user_id'), orgId: uuid('org_id') }).existing();

  const memberships = pgTable('memberships', {
    userId: uuid('user_id').notNull().references(() => users.id, { onDelete: 'cascade' }),
    orgId: uuid('org_id').notNull().references(() => orgs.id, { onDelete: 'cascade' }),
    id: uuid('id').primaryKey().default(sql.raw(process.env.JUNCTION_UUID!)),
    role: text('role').notNull().default('member'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  }, (t) => [
    unique('memberships_user_id_org_id_unique').on(t.userId, t.orgId),
    index(`memberships_org_id_${suffix}`).on(t.orgId),
  ]);

  return { invoices, tags, users, orgs, invoiceTags, userOrgs, memberships };
}
