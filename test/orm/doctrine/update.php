<?php
// php update.php: prints the statements by which orm:schema-tool:update of Doctrine would change the database of the PG* variables;
// none if all is as the entities say. Doctrine names by digests, so the entities say PostgreSQL's names.
//
// Doctrine would write a default of a function as a string, and compares it as one; so a column with such a default says both,
// its definition (which is not compared) and the string that is compared.
use Doctrine\DBAL\DriverManager;
use Doctrine\ORM\EntityManager;
use Doctrine\ORM\Mapping as ORM;
use Doctrine\ORM\ORMSetup;
use Doctrine\ORM\Tools\SchemaTool;

require 'Doctrine/ORM/autoload.php';
require 'Symfony/Component/Cache/autoload.php';

define('JUNCTION_UUID', getenv('JUNCTION_UUID'));
const NOW = 'TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL';

#[ORM\Entity, ORM\Table('invoices')]
class Invoice
{
	#[ORM\Id, ORM\Column(type: 'integer')]
	public int $id;
}

#[ORM\Entity, ORM\Table('tags')]
class Tag
{
	#[ORM\Id, ORM\Column(type: 'integer')]
	public int $id;
}

#[ORM\Entity, ORM\Table('users')]
class User
{
	#[ORM\Id, ORM\Column(type: 'guid')]
	public string $id;
}

#[ORM\Entity, ORM\Table('orgs')]
class Org
{
	#[ORM\Id, ORM\Column(type: 'guid')]
	public string $id;
}

#[ORM\Entity, ORM\Table('invoice_tags'), ORM\Index(name: 'invoice_tags_tag_id_idx', columns: ['tag_id'])]
class InvoiceTag
{
	#[ORM\Id, ORM\ManyToOne, ORM\JoinColumn(nullable: false, onDelete: 'CASCADE')]
	public Invoice $invoice;
	#[ORM\Id, ORM\ManyToOne, ORM\JoinColumn(nullable: false, onDelete: 'CASCADE')]
	public Tag $tag;
}

#[ORM\Entity, ORM\Table('memberships'), ORM\Index(name: 'memberships_org_id_idx', columns: ['org_id']),
	ORM\UniqueConstraint(name: 'memberships_user_id_org_id_unique', columns: ['user_id', 'org_id'])]
class Membership
{
	#[ORM\ManyToOne, ORM\JoinColumn(nullable: false, onDelete: 'CASCADE')]
	public User $user;
	#[ORM\ManyToOne, ORM\JoinColumn(nullable: false, onDelete: 'CASCADE')]
	public Org $org;
	#[ORM\Id, ORM\Column(type: 'guid', columnDefinition: 'UUID DEFAULT ' . JUNCTION_UUID . ' NOT NULL', options: ['default' => JUNCTION_UUID])]
	public string $id;
	#[ORM\Column(type: 'text', options: ['default' => 'member'])]
	public string $role;
	#[ORM\Column(name: 'created_at', type: 'datetimetz', columnDefinition: NOW, options: ['default' => 'now()'])]
	public DateTime $createdAt;
	#[ORM\Column(name: 'updated_at', type: 'datetimetz', columnDefinition: NOW, options: ['default' => 'now()'])]
	public DateTime $updatedAt;
}

$connection = DriverManager::getConnection(['driver' => 'pdo_pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'),
	'user' => getenv('PGUSER'), 'dbname' => getenv('PGDATABASE')]);
$manager = new EntityManager($connection, ORMSetup::createAttributeMetadataConfiguration([__DIR__], true));
$entities = [Invoice::class, Tag::class, User::class, Org::class, InvoiceTag::class, Membership::class];
foreach ((new SchemaTool($manager))->getUpdateSchemaSql(array_map($manager->getClassMetadata(...), $entities)) as $statement)
	echo "$statement\n";
