// of either drizzle-kit, in its folder: --config ../drizzle/drizzle.config.ts
export default {
  dialect: 'postgresql',
  schema: './schema.ts',
  // keeps drizzle-kit away from the schema of the extension
  schemaFilter: ['public'],
  dbCredentials: { host: process.env.PGHOST!, port: Number(process.env.PGPORT), user: process.env.PGUSER,
    database: process.env.PGDATABASE!, ssl: false },
};
