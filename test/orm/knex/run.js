// node run.js up|down: runs the migration on the database of the PG* variables.
const migration = require('./migration.js');
const knex = require('knex')({ client: 'pg', connection: { host: process.env.PGHOST, database: process.env.PGDATABASE, user: process.env.PGUSER } });

migration[process.argv[2]](knex)
  .catch((error) => { console.error(String(error)); process.exitCode = 1; })
  .finally(() => knex.destroy());
