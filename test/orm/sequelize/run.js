// node run.js [alter]: runs Sequelize's sync(), or sync({ alter: true }), on the database of the PG* variables, and prints the
// statements that change something.
const { DataTypes, Sequelize } = require('sequelize');

const sequelize = new Sequelize({ dialect: 'postgres', host: process.env.PGHOST, port: process.env.PGPORT, username: process.env.PGUSER,
  database: process.env.PGDATABASE, define: { timestamps: false },
  logging: (text) => { if (!/: SELECT /.test(text)) console.log(text); } });

const parent = (name, type) => sequelize.define(name, { id: { type, primaryKey: true } }, { tableName: name });
parent('invoices', DataTypes.INTEGER);
parent('tags', DataTypes.INTEGER);
parent('users', DataTypes.UUID);
parent('orgs', DataTypes.UUID);
const end = (model, type, primaryKey) => ({ type, primaryKey, allowNull: false, references: { model, key: 'id' },
  onDelete: 'CASCADE', onUpdate: 'NO ACTION' });

sequelize.define('invoice_tags', {
  invoice_id: end('invoices', DataTypes.INTEGER, true),
  tag_id: end('tags', DataTypes.INTEGER, true),
}, { tableName: 'invoice_tags', indexes: [{ name: 'invoice_tags_tag_id_idx', fields: ['tag_id'] }] });
sequelize.define('memberships', {
  user_id: end('users', DataTypes.UUID, false),
  org_id: end('orgs', DataTypes.UUID, false),
  id: { type: DataTypes.UUID, primaryKey: true, defaultValue: sequelize.literal(process.env.JUNCTION_UUID) },
  role: { type: DataTypes.TEXT, allowNull: false, defaultValue: 'member' },
  created_at: { type: DataTypes.DATE, allowNull: false, defaultValue: sequelize.literal('now()') },
  updated_at: { type: DataTypes.DATE, allowNull: false, defaultValue: sequelize.literal('now()') },
}, { tableName: 'memberships', indexes: [
  { name: 'memberships_user_id_org_id_unique', unique: true, fields: ['user_id', 'org_id'] },
  { name: 'memberships_org_id_idx', fields: ['org_id'] },
] });

sequelize.sync({ alter: process.argv[2] === 'alter' })
  .catch((error) => { console.error(error); process.exitCode = 1; })
  .finally(() => sequelize.close());
