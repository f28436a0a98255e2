// node schema.js: prints the GraphQL schema that PostGraphile 4 makes of the database of the PG* variables.
const { createPostGraphileSchema } = require('postgraphile');
const { printSchema } = require('graphql');
const { Pool } = require('pg');

const pool = new Pool();
createPostGraphileSchema(pool, 'public')
  .then((schema) => console.log(printSchema(schema)))
  .catch((error) => { console.error(error); process.exitCode = 1; })
  .finally(() => pool.end());
