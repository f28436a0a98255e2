#!/usr/bin/env bash
# test/t/orm_tools.sh: ORMs find nothing to change on what junction.create and junction.promote make, with the junction.naming
# that fits, given the schema that fits. Prints TAP; a tool that is not there is skipped, and said to be.
#
# Tools of npm: their versions are in test/orm/TOOL/package-lock.json; "npm ci --ignore-scripts" in test/orm/TOOL installs them.
# Tools of Debian: alembic, python3-sqlalchemy, python3-psycopg2, python3-django, ruby-activerecord, ruby-pg, php-pgsql,
# php-doctrine-orm, php-symfony-cache, php-illuminate-database.
#
# Assumes a server that the PG* variables lead to, as a superuser, by a socket.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/server.sh
. ../lib/tap.sh
database=junction_orm_tools
other=junction_orm_tools_2                              # where a tool makes the tables itself
export PGDATABASE=$database PGOPTIONS='-c client_min_messages=warning'
JUNCTION_UUID=$(sql postgres --command "SELECT CASE WHEN current_setting('server_version_num')::int >= 180000
                                               THEN 'uuidv7()' ELSE 'junction.uuidv7()' END")
export JUNCTION_UUID
orm=$(realpath ../orm)

clean() {
    dropdb --if-exists "$database"
    dropdb --if-exists "$other"
}

# parents DATABASE: what the junctions are between
parents() {
    fresh_database "$1"
    sql "$1" <<'END'
CREATE EXTENSION junction;
CREATE TABLE invoices (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY);
CREATE TABLE users (id uuid PRIMARY KEY);
CREATE TABLE orgs (id uuid PRIMARY KEY);
END
}

# made_with NAMING: the tables, in $database
made_with() {
    parents "$database"
    sql "$database" > /dev/null <<END
SET junction.naming = $1;
SELECT junction.create('invoices', 'tags');
SELECT junction.create('users', 'orgs', 'user_orgs');
SELECT junction.promote('user_orgs', 'memberships', columns => array['role text not null default ''member'''],
    keep_old_name => true);
END
}

# the tables of a database, with columns in order, keys and names
tables() {                                              # tables DATABASE
    sql "$1" --command "
        SELECT c.relname, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
        ORDER BY 1, attnum" --command "
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f') ORDER BY 1, 2" --command "
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indrelid
        WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1"
}

# the names that Rails gives; 6 knows no UNIQUE constraint, and makes an index of that name instead
rails_names() {                                         # rails_names DATABASE
    tables "$1" | grep -oE '^[a-z_]+\|fk_rails_[a-z0-9_]+|^(index|uniq_rails)_[a-z0-9_]+' | sort
}

has_npm() {                                             # has_npm TOOL
    [ -d "$orm/$1/node_modules" ] && command -v node > /dev/null && return
    echo "# SKIP $1: not installed; npm ci --ignore-scripts in test/orm/$1 does that"
    return 1
}

has() {                                                 # has TOOL COMMAND...: that fails without the tool
    "${@:2}" > /dev/null 2>&1 && return
    echo "# SKIP $1: not installed"
    return 1
}

# finds_nothing TOOL NAMING COMMAND...: which prints what the tool would change. It says something if an index is gone
finds_nothing() {
    made_with "$2"
    is "$1 with $2: nothing to change" "$("${@:3}" 2>&1)" ''
    sql "$database" --command "SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index
        WHERE indrelid = 'memberships'::regclass AND NOT indisunique" | sql "$database"
    is "$1 would give a lost index back" "$("${@:3}" 2>&1 | grep -ciE 'org_id')" 1
}

push() {                                                # push FOLDER: drizzle-kit's, but for what it always says
    (cd "$orm/$1" && timeout 120 node_modules/.bin/drizzle-kit push --config ../drizzle/drizzle.config.ts --verbose < /dev/null 2>&1) > "$work/pushed" || true
    grep -E '^ *(CREATE|ALTER|DROP)|rror|hints' "$work/pushed" || grep --quiet -E 'No changes|Changes applied' "$work/pushed" ||
        cat "$work/pushed"
}

# Prisma's, with the engine that is in its package: for the others, which it would load, stands an empty file
prisma_push() {                                         # prints how the tables have changed
    local nothing=/dev/null
    tables "$database" > "$work/before"
    sed "s/junction\.uuidv7()/$JUNCTION_UUID/" "$orm/prisma/schema.prisma" > "$work/schema.prisma"
    in_folder prisma env PRISMA_QUERY_ENGINE_LIBRARY=$nothing PRISMA_SCHEMA_ENGINE_BINARY=$nothing CHECKPOINT_DISABLE=1 \
        node_modules/.bin/prisma db push --skip-generate --schema "$work/schema.prisma" > "$work/pushed" 2>&1 || cat "$work/pushed"
    tables "$database" | diff "$work/before" - || true
}

# makes_the_same TOOL COMMAND...: which makes the tables (up), or drops keys and indexes of ours by the names it gives them (down)
makes_the_same() {
    made_with knex
    fresh_database "$other"
    sql "$other" --command 'CREATE EXTENSION junction'
    works "$1 makes the same tables" env PGDATABASE="$other" "${@:2}" up
    is "with the same names" "$(tables "$database")" "$(tables "$other")"
    works "and finds ours by their names, to drop them" "${@:2}" down
}

graphql() {                                             # graphql FOLDER FILE: the lines of PostGraphile's schema
    in_folder "$1" env GRAPHILE_ENV=development node schema.js > "$work/graphql" 2>&1 || true
    LC_ALL=C sort --unique "$work/graphql" > "$work/$2"
}

# keeps_relations FOLDER: with the tags of the page, what clients know of the old name stays
keeps_relations() {
    parents "$database"
    sql "$database" --command "SELECT junction.create('users', 'orgs', 'user_orgs')" > /dev/null
    graphql "$1" table
    is "$1 shows the junction" "$(grep -c '^type UserOrg ' "$work/table")" 1
    sql "$database" --command "SELECT junction.promote('user_orgs', 'memberships', keep_old_name => true)" > /dev/null
    graphql "$1" view
    works "$1 loses relations without tags" test -n "$(LC_ALL=C comm -23 "$work/table" "$work/view")"
    sql "$database" <<'END'
SELECT format('COMMENT ON VIEW user_orgs IS %L',
              E'@primaryKey user_id,org_id\n@foreignKey (user_id) references users (id)\n@foreignKey (org_id) references orgs (id)\n'
              || obj_description('user_orgs'::regclass, 'pg_class')) \gexec
END
    graphql "$1" tagged
    holds "$1 loses nothing with them" "$(LC_ALL=C comm -23 "$work/table" "$work/tagged")"
}

in_folder() {                                           # in_folder FOLDER COMMAND...
    (cd "$orm/$1" && timeout 120 "${@:2}")
}

# before_18 TOOL REASON: tools that fail on a later server, on tables of their own too
before_18() {
    [ "$(sql postgres --command "SELECT current_setting('server_version_num')::int < 180000")" = f ] || return 0
    echo "# SKIP $1: from PostgreSQL 18 on $2"
    return 1
}

if has_npm drizzle-0 && before_18 drizzle-0 'it makes composite primary keys anew at each push'; then
    finds_nothing 'drizzle-kit before 1.0' drizzle push drizzle-0
fi
if has_npm drizzle-1; then
    finds_nothing 'drizzle-kit 1.0' postgres push drizzle-1
fi
if has_npm mikroorm; then
    finds_nothing MikroORM knex in_folder mikroorm node run.mjs
fi
if has_npm typeorm; then
    finds_nothing TypeORM postgres in_folder typeorm node run.js
fi
if has_npm prisma && before_18 prisma 'its engine in WebAssembly fails (prisma/orm#29635)'; then
    finds_nothing Prisma prisma prisma_push
fi
if has_npm sequelize; then
    finds_nothing Sequelize postgres in_folder sequelize node run.js
    made_with postgres
    tables "$database" > "$work/before"
    works "Sequelize runs with alter" in_folder sequelize node run.js alter
    is "and all is as before" "$(tables "$database")" "$(cat "$work/before")"
fi
for version in 4 5; do
    if has_npm "postgraphile-$version"; then
        keeps_relations "postgraphile-$version"
    fi
done
if has_npm knex; then
    makes_the_same Knex node "$orm/knex/run.js"
fi
if has Laravel php -r 'require "Illuminate/Database/autoload.php"; extension_loaded("pdo_pgsql") || exit(1);'; then
    makes_the_same Laravel php "$orm/laravel/migrate.php"
fi
if has Doctrine php -r 'require "Doctrine/ORM/autoload.php"; require "Symfony/Component/Cache/autoload.php";
        extension_loaded("pdo_pgsql") || exit(1);'; then
    made_with postgres
    is "Doctrine with postgres: nothing to change" "$(php "$orm/doctrine/update.php" 2>&1)" ''
    sql "$database" --command 'ALTER INDEX memberships_org_id_idx RENAME TO other' \
        --command 'ALTER TABLE memberships ALTER role DROP DEFAULT'
    is "Doctrine would give a lost name and a lost default back" \
        "$(php "$orm/doctrine/update.php" 2>&1 | grep -cE 'other RENAME TO memberships_org_id_idx|role SET DEFAULT')" 2
fi
if has Alembic /usr/bin/python3 -c 'import alembic, sqlalchemy, psycopg2'; then
    finds_nothing Alembic postgres /usr/bin/python3 "$orm/alembic/compare.py"
fi
if has Rails ruby -e 'require "active_record"; require "pg"'; then
    made_with rails
    works "Rails dumps the tables" ruby -W0 "$orm/rails/dump.rb"
    cp "$work/output" "$work/schema.rb"
    holds "and says no name of a foreign key or a UNIQUE, as they are the tool's own" \
        "$(grep -E '(add_foreign_key|unique_constraint).*name:' "$work/schema.rb" || true)"
    fresh_database "$other"
    works "it loads its dump, which makes the extension" env PGDATABASE="$other" ruby -W0 "$orm/rails/dump.rb" "$work/schema.rb"
    is "and dumps the same" "$(cat "$work/output")" "$(cat "$work/schema.rb")"
    is "and names foreign keys and indexes as rails does" "$(rails_names "$database")" "$(rails_names "$other")"
fi
if has Django /usr/bin/python3 -c 'import django, psycopg2'; then
    made_with postgres
    /usr/bin/python3 "$orm/django/inspect_models.py" > "$work/models" 2>&1 || true
    is "Django's inspectdb finds the keys of an entity" "$(sed -n '/^class Memberships/,/^class [^M]/p' "$work/models" | grep -oE '^    (user|org) = models.ForeignKey|primary_key=True|unique_together = .*' | sed 's/^ *//')" \
        "$(printf '%s\n' 'user = models.ForeignKey' 'org = models.ForeignKey' 'primary_key=True' "unique_together = (('user', 'org'),)")"
fi
done_testing
