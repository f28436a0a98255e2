import * as orm from 'drizzle-orm';
import * as core from 'drizzle-orm/pg-core';
import { junctions } from '../drizzle/schema';

export const { invoices, tags, users, orgs, invoiceTags, userOrgs, memberships } = junctions(core, orm, 'index');
