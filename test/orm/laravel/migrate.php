<?php
// php migrate.php up|down: what junction.create and junction.promote make, as a migration of Laravel, on the database of the PG*
// variables: with the names that Laravel gives, and none said here.
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Query\Expression;
use Illuminate\Database\Schema\Blueprint;

require 'Illuminate/Database/autoload.php';

$manager = new Manager;
$manager->addConnection(['driver' => 'pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'),
	'username' => getenv('PGUSER'), 'database' => getenv('PGDATABASE')]);
$schema = $manager->getConnection()->getSchemaBuilder();

function up($schema)
{
	foreach (['invoices' => 'integer', 'tags' => 'integer', 'users' => 'uuid', 'orgs' => 'uuid'] as $name => $type)
		$schema->create($name, fn (Blueprint $table) => $table->$type('id')->primary());
	$schema->create('invoice_tags', function (Blueprint $table) {
		$table->integer('invoice_id');
		$table->foreign('invoice_id')->references('id')->on('invoices')->cascadeOnDelete();
		$table->integer('tag_id')->index();
		$table->foreign('tag_id')->references('id')->on('tags')->cascadeOnDelete();
		$table->primary(['invoice_id', 'tag_id']);
	});
	$schema->create('memberships', function (Blueprint $table) {
		$table->foreignUuid('user_id')->constrained()->cascadeOnDelete();
		$table->foreignUuid('org_id')->index()->constrained()->cascadeOnDelete();
		$table->uuid('id')->primary()->default(new Expression(getenv('JUNCTION_UUID')));
		$table->text('role')->default('member');
		$table->addColumn('timestampTz', 'created_at', ['precision' => null])->default(new Expression('now()'));
		$table->addColumn('timestampTz', 'updated_at', ['precision' => null])->default(new Expression('now()'));
		$table->unique(['user_id', 'org_id']);
	});
}

// drops each by the name that Laravel gives it: what it does not find is an error
function down($schema)
{
	$schema->table('invoice_tags', function (Blueprint $table) {
		$table->dropForeign(['invoice_id']);
		$table->dropForeign(['tag_id']);
		$table->dropIndex(['tag_id']);
		$table->dropPrimary();
	});
	$schema->table('memberships', function (Blueprint $table) {
		$table->dropForeign(['user_id']);
		$table->dropForeign(['org_id']);
		$table->dropIndex(['org_id']);
		$table->dropUnique(['user_id', 'org_id']);
		$table->dropPrimary();
	});
}

$argv[1]($schema);
