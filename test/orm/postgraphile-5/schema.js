// node schema.js: prints the GraphQL schema that PostGraphile 5 makes of the database of the PG* variables.
import { makeSchema } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { printSchema } from 'graphql';

const { PGUSER, PGDATABASE, PGHOST, PGPORT } = process.env;
const service = makePgService({ schemas: ['public'],
  connectionString: `postgres://${PGUSER}@/${PGDATABASE}?host=${PGHOST}&port=${PGPORT}` });
const { schema } = await makeSchema({ extends: [PostGraphileAmberPreset], pgServices: [service] });
console.log(printSchema(schema));
await service.release?.();
