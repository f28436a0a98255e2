// The engine of Prisma that is in its package, WebAssembly, with the driver pg; no other engine is asked for.
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { defineConfig } from 'prisma/config';

// The adapter knows the types name and "char" not, by which the engine reads the catalogs (prisma/orm#27403): it gets text.
const NAME = 19, CHAR = 18, TEXT = 25;
const { Result } = pg as any;
const { addFields } = Result.prototype;
Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === NAME || field.dataTypeID === CHAR) field.dataTypeID = TEXT;
  return addFields.call(this, fields);
};

export default defineConfig({
  schema: 'schema.prisma',
  engine: 'js',
  experimental: { adapter: true },
  adapter: async () => new PrismaPg({ host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER,
    database: process.env.PGDATABASE }),
});
