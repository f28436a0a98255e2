# test/lib/Fuzz/Call.pm: a random call of a random verb, with random arguments: mostly on a table that it fits, so that it does
# something, else on any relation.
#
# A call is a hash: verb; text, the statement; table, what it is called for (of verbs whose result is known); stops, whether it
# is to stop before its last step; changes, whether it
# may change a table; commits, whether it commits on its way, so that what is done stays when it fails; drops and discards, what
# it may do to columns; adds, whether there may be new rows; merged and deduplicated, the table and its rows, or columns, whose rows may
# change; goes, whether the table may be gone; dry, the same as a dry run; by_hand, whether text returns statements to run.
package Fuzz::Call;
use strict;
use warnings;
use utf8;
use Fuzz::Random;

use constant MOST_TABLES => 18;                         # of a database, beyond which create is rare

my @rules = qw(half_indexed invalid_index missing_pair_key nullable_endpoint unvalidated_foreign_key undeclared_endpoint possible_junction no_cascade needless_surrogate
    promotion_due multiway redundant_index deferrable_pair_key no_replica_identity no_primary_key soft_deleted_pair
    array_relation numbered_columns tenant_mismatch polymorphic_endpoint recursive_policy stale_accessor name inherited misjudged_endpoint
    local_beside_distributed not_colocated fan_out);

sub regclass { return literal($_[0]{name}) . '::regclass' }

# a table that FITS; now and then any relation, or a catalog
sub target {
    my ($state, $fits) = @_;
    my @fitting = grep { !$_->{partition} && $_->{relkind} =~ /^[rp]$/ && $fits->($_) } @$state;
    return pick(@fitting) if @fitting && maybe(0.88);
    return {name => pick('pg_catalog.pg_class', 'information_schema.sql_features', 'pg_catalog.pg_class_oid_index'), columns => []} if maybe(0.02) || !@$state;
    return pick(@$state);
}

sub is_link { my $table = shift; return ($table->{kind} // '') =~ /^(pure|payload)$/ && !$table->{begun} }
sub is_entity { my $table = shift; return ($table->{kind} // '') eq 'entity' && !$table->{begun} }
sub is_junction { return defined $_[0]{kind} }
sub anything { return 1 }

# a name as a verb takes it: read as SQL reads it
sub new_table_name {
    return maybe(0.93) ? literal(maybe(0.8) ? quoted(new_name()) : 'plain' . int rand 1e6) :
        pick(map { literal($_) } 'A.b', 'x' x 70, '', 'pg_catalog.x', 'nowhere.there', '"', 'a b', '"Other s"."t"', 'public."T' . int(rand 1e6) . '"', 'users');
}

my @good_columns = ('role text', 'note text NOT NULL DEFAULT \'n\'', '"createdAt" timestamptz', 'amount_2 positive', 'm mood DEFAULT \'m1\'', 'g given', 'checked_2 int CHECK (checked_2 > 0)',
    'u uuid UNIQUE DEFAULT gen_random_uuid()', 'gen int GENERATED ALWAYS AS (3) STORED', 'spoken_2 text COLLATE "C"', 'p spot DEFAULT ROW(1, \'a\')', 'a int[] DEFAULT \'{}\'',
    'at_ timestamptz DEFAULT now()', '"Q ""x""" int DEFAULT 3', 'updated_on timestamptz', 'tenant int DEFAULT 0 NOT NULL', 'v float8 DEFAULT random()', 'n varchar(3)');
my @bad_columns = ('broken', 'x int; DROP TABLE users', 'x nosuchtype', 'x int DEFAULT \'a\'', 'x int NOT NULL', 'id int', 'x int, y int', 'x int REFERENCES nowhere', '', 'x given NOT NULL DEFAULT NULL',
    'i int GENERATED ALWAYS AS IDENTITY', 'b positive DEFAULT 0', 'x int PRIMARY KEY', 'x text COLLATE nowhere', 'x serial', 'x int CHECK (y > 0)', 'ctid int', 'x record', 'x int DEFAULT (SELECT 1)');

# the arguments that promote and promote_concurrently share
sub promotion_arguments {
    my ($table, $plain) = @_;
    return ", id_column => " . literal($table->{begun}{id}) . ", id_type => " . literal($table->{begun}{type}) . ', timestamps => false' if $table->{begun} && maybe(0.9);
    my $id = maybe(0.8) ? 'id' : maybe(0.9) ? new_name() : pick('x' x 64, '', 'ctid', 'created_at');
    $id = "new $id" if grep { $_ eq $id } @{$table->{columns} // []} and maybe(0.95);
    my @arguments = maybe(0.6) ? (($plain ? '' : 'name => ') . new_table_name()) : ();
    push @arguments, "id_column => " . literal($id) if $id ne 'id';
    push @arguments, 'keep_old_name => true' if maybe(@arguments && $arguments[0] !~ /^id_column/ ? 0.25 : 0.02);
    push @arguments, 'timestamps => false' if maybe(0.4);
    push @arguments, 'id_type => ' . literal(maybe(0.85) ? pick('bigint', 'int') : pick('text', 'smallint', 'positive', 'mood')) if maybe($table->{children} ? 0.08 : 0.3);
    push @arguments, 'columns => ' . array((map { maybe(0.93) ? $_ : pick(@bad_columns) } (shuffled(@good_columns))[0 .. pick(0, 0, 1, 2)])) if maybe(0.3);
    push @arguments, 'unique_name => ' . literal(maybe(0.85) ? new_name() : pick('x' x 64, '', $table->{bare} // 'x')) if maybe(0.15);
    my @key = ($id, @{$table->{partition_key} // []});
    push @arguments, 'primary_key => ' . array(maybe(0.95) ? shuffled(@key) : ('nothing', @key)) if $table->{partition_key} ? maybe(0.95) : maybe(0.1);
    return join '', map { ", $_" } @arguments;
}

sub waiting { return join '', map { ", $_" } some(0.3, 'lock_timeout => \'10 ms\'', $_[0] ? ('batch_size => ' . weighted(1 => 1, 3 => 3, 100 => 2, 0 => 0.1, -1 => 0.1),
    'pause => ' . weighted("'0'" => 5, "'1 ms'" => 2, "'-1 s'" => 0.2, "'2 months'" => 0.2), 'max_lag => ' . weighted('NULL' => 1, 1000000 => 1, -1 => 0.2)) : ()), "max_wait => '3 s'" }

sub dry { my $text = shift; $text =~ s/\)$/, dry_run => true)/; return $text }

sub promote {
    my $state = shift;
    my $table = target($state, \&is_link);
    my $plan = maybe(0.15) ? ', portable => true' : maybe(0.02) ? ', concurrently => true' : '';
    my $text = 'SELECT * FROM junction.promote(' . regclass($table) . promotion_arguments($table) . "$plan)";
    return {verb => $plan =~ /portable/ ? 'promote portable' : 'promote', table => $table, text => $text, changes => 1, dry => $plan =~ /concurrently/ ? undef : dry($text)};
}

# what a dry run returns, run by hand: the whole of it in one transaction
sub promote_by_hand {
    my $table = target(shift, \&is_link);
    my $text = dry('SELECT statement FROM junction.promote(' . regclass($table) . promotion_arguments($table) . (maybe(0.3) ? ', portable => true' : '') . ')');
    return {verb => 'promote by hand', text => $text, changes => 1, by_hand => 1};
}

# the first steps of a concurrent promotion, or all
sub some_steps {
    my $table = target(shift, sub { is_link($_[0]) && !$_[0]{children} });
    my $text = dry('SELECT statement FROM junction.promote(' . regclass($table) . promotion_arguments($table) . (maybe(0.3) ? ', portable => true' : '') . ', concurrently => true)') . ' WHERE step <= ' . pick(1, 1, 2, 3, 4, 5, 6, 7);
    return {verb => 'steps by hand', text => "$text \\gexec\n", changes => 1, commits => 1};
}

sub promote_concurrently {
    my $table = target(shift, sub { !$_[0]{children} && (is_link($_[0]) || $_[0]{begun}) });
    my $stops = maybe(0.1);
    return {verb => 'promote_concurrently', table => $table, text => 'CALL junction.promote_concurrently(' . regclass($table) . promotion_arguments($table) . waiting(1) . ($stops ? ', cut_over => false' : '') . ')', changes => 1, commits => 1, stops => $stops};
}

sub fill {
    my $table = target(shift, sub { $_[0]{begun} });
    my $column = $table->{begun} ? $table->{begun}{id} : maybe(0.5) && @{$table->{columns} // []} ? pick(@{$table->{columns}}) : 'nothing';
    return {verb => '_fill', text => 'CALL junction._fill(' . regclass($table) . ', ' . literal($column) . waiting(1) . ')', changes => $table->{begun} ? 1 : 0, commits => 1, fills => 1};
}

sub demote {
    my $table = target(shift, sub { is_entity($_[0]) || $_[0]{begun} });
    my $discards = maybe(0.6);
    my $name = $table->{old_names} && maybe(0.5) ? '' : $table->{begun} && maybe(0.9) ? '' : maybe(0.7) ? ', ' . new_table_name() : '';
    my $text = 'SELECT * FROM junction.demote(' . regclass($table) . $name . ($discards ? ', discard_columns => true' : '') . ')';
    return {verb => 'demote', table => $table, text => $text, changes => 1, drops => 1, discards => $discards, dry => dry($text)};
}

sub repair {
    my $table = target(shift, \&is_junction);
    my @asked = maybe(0.5) ? @rules : grep { maybe(0.3) } @rules;
    push @asked, pick('nonsense', '', ' name') if maybe(0.03);
    my $text = 'SELECT * FROM junction.repair(' . regclass($table) . (maybe(0.2) ? '' : ', ' . array(shuffled(@asked))) . ')';
    return {verb => 'repair', text => $text, changes => 1, dry => dry($text)};
}

sub repair_concurrently {
    my $table = target(shift, sub { $_[0]{half} });
    return {verb => 'repair_concurrently', text => 'CALL junction.repair_concurrently(' . (maybe(0.3) ? 'NULL' : regclass($table)) . waiting(0) . ')', changes => 1, commits => 1};
}

sub key_in_place {
    my ($verb, $table) = @_;
    return {verb => $verb, text => "SELECT junction.$verb(" . regclass($table) . ', ' . literal(maybe(0.93) ? new_name() : pick('x' x 64, '', $table->{bare} // 'x')) . ')', changes => 1};
}
sub primary_to_unique { return key_in_place('primary_to_unique', target(shift, sub { $_[0]{primary} })) }
sub unique_to_primary { return key_in_place('unique_to_primary', target(shift, sub { $_[0]{unique} && !$_[0]{primary} })) }

sub create {
    my $state = shift;
    my ($left, $right) = map { target($state, sub { $_[0]{primary} && !$_[0]{begun} && !is_link($_[0]) }) } 1, 2;
    my $itself = $left == $right;
    my @arguments = maybe(0.6) ? 'name => ' . (maybe(0.05) ? literal('"Other s".' . quoted(new_name())) : new_table_name()) : ();
    if ($itself ? maybe(0.85) : maybe(0.05)) {
        my $count = grep { $_->{name} eq $left->{name} } @$state;
        push @arguments, 'left_columns => ' . array(new_name()), 'right_columns => ' . array(new_name());
    }
    my $tenants = grep({ $_ eq 'tenant_id' } @{$left->{columns}}) && grep { $_ eq 'tenant_id' } @{$right->{columns}};
    push @arguments, 'shared_columns => ' . array($tenants ? 'tenant_id' : pick('id', 'nothing')) if maybe($tenants ? 0.5 : 0.02);
    push @arguments, some(0.12, 'reverse_index => false', 'if_not_exists => true', 'left_on_delete => ' . literal(pick('restrict', 'no action', 'cascade', 'restrict', 'set null')),
        'right_on_delete => ' . literal(pick('restrict', 'no action', 'Cascade')));
    push @arguments, 'undirected => true' if maybe($itself ? 0.3 : 0.02);
    my $text = 'SELECT * FROM junction.create(' . join(', ', regclass($left), regclass($right), @arguments) . ')';
    return {verb => 'create', text => $text, changes => 1, dry => dry($text)};
}

# what a list holds can be the key of a parent
sub list_and_parent {
    my $state = shift;
    my $source = target($state, sub { $_[0]{primary} && $_[0]{lists} });
    my ($column) = shuffled(sort keys %{$source->{lists} // {}});
    return ($source, [], $source) if !defined $column;
    my $type = $source->{lists}{$column};
    my $parent = target($state, sub { $_[0]{primary} && defined $_[0]{key_type} && $_[0]{oid} != ($source->{oid} // 0) && ($_[0]{key_type} eq $type || $column =~ /^(csv|json)/ && $_[0]{key_type} =~ /int|text/) });
    return ($source, [$column], $parent);
}

# a list of a table into a junction with the parent that it fits; else one column or two with any parent, most of which are no
# list of keys, and are refused
sub absorb {
    my $state = shift;
    my ($source, $names, $parent) = list_and_parent($state);
    if (!@$names || maybe(0.2)) {
        $source = target($state, sub { $_[0]{primary} && !$_[0]{begun} });
        $parent = target($state, sub { $_[0]{primary} && !$_[0]{begun} && !is_link($_[0]) });
        $names = @{$source->{columns} // []} ? [(shuffled(@{$source->{columns}}))[0 .. (@{$source->{columns}} > 1 && maybe(0.2) ? 1 : 0)]] : ['nothing'];
    }
    my $mirrors = maybe(0.3);
    my $keeps = maybe($mirrors ? 0.98 : 0.7);
    my $missing = weighted(discard => 3, insert => 3, error => 2, ignore => 0.1);
    my @arguments = (maybe(0.8) ? 'name => ' . new_table_name() : (), $keeps ? () : 'keep_source => false', $mirrors ? 'mirror => true' : (), $names->[0] =~ /^csv/ && maybe(0.95) ? "separator => ','" : (),
        some(0.12, $names->[0] =~ /^list/ ? 'ordered => true' : q("normalize" => 'trim,lower'), 'reverse_index => false', 'match => ' . literal(pick('id', 'nothing', 'tenant_id')), 'left_on_delete => ' . literal(pick('restrict', 'set null'))),
        maybe(0.8) ? 'missing => ' . literal($missing) : ());
    my $text = 'SELECT * FROM junction.absorb(' . join(', ', regclass($source), array(@$names), regclass($parent), @arguments) . ')';
    return {verb => 'absorb', text => $text, changes => 1, drops => !$keeps, discards => !$keeps, adds => 1, dry => dry($text)};
}

sub retire {
    my $table = target(shift, sub { $_[0]{superseded} });
    my $text = 'SELECT * FROM junction.retire(' . regclass($table) . ')';
    return {verb => 'retire', text => $text, changes => 1, drops => 1, discards => 1, dry => dry($text)};
}

# a part of a multiway table, over two of its ends
sub part {
    my %once;
    return (new_name() =~ s/"/""/gr =~ s/^(.*)$/"$1"/sr) . '(' . join(', ', map { quoted($_) } grep { !$once{$_}++ } map { @$_ } @_) . ')';
}

# by actor, into tables, or as the rows allow: the parts are two ends each
sub split_table {
    my $table = target(shift, sub { ($_[0]{kind} // '') eq 'multiway' });
    my @ends = shuffled(@{$table->{ends} // []});
    my $keeps = maybe(0.7);
    my @arguments = @ends < 3 ? () : weighted([] => 3,
        ['actor => ' . array(@{$ends[0]})] => 4,
        ['into_tables => ' . array(part(@ends[0, 1]), part(@ends[0, 2]), map { part($ends[0], $_) } @ends[3 .. $#ends])] => 4,
        ['into_tables => ' . array(part(@ends[0, 1]), part(@ends[0, 2]), part(@ends[1, 2]))] => 1,
        ['into_tables => ' . array(pick('nowhere', 'a(', '"', '(a)', quoted($ends[0][0])), new_name())] => 0.2);
    my @given = @arguments ? @{$arguments[0]} : ();
    push @given, 'keep_source => false' if !$keeps;
    my $text = 'SELECT * FROM junction.split(' . join(', ', regclass($table), @given) . ')';
    return {verb => 'split', table => $table, text => $text, changes => 1, drops => 1, discards => 1, goes => !$keeps, dry => dry($text)};
}

# one of the rows in the form that merge takes: the value of its key, or a record
sub row_of {
    my ($table, $row, $record) = @_;
    my @values = map { literal($row->{$_->{column}}) . "::$_->{type}" } @{$table->{key}};
    return $record ? 'ROW(' . join(', ', @values) . ')' : join ', ', @values;
}

# rows of one table into another of them. Where a tenant is in the key, mostly of one tenant
sub merge {
    my $state = shift;
    my $table = target($state, sub { $_[0]{key} && @{$_[0]{rows} // []} > 2 && ($_[0]{referenced} || maybe(0.2)) });
    my @rows = shuffled(@{$table->{rows} // []});
    return {verb => 'merge', text => 'SELECT * FROM junction.merge(' . regclass($table) . ', 1, ARRAY[2])', changes => 1} if !$table->{key} || !@rows;
    my $first = $table->{key}[0];
    @rows = grep { $_->{$first->{column}} eq $rows[0]{$first->{column}} } @rows if $first->{name} eq 'tenant_id' && maybe(0.9);
    my ($keep, @gone) = @rows[0 .. ($#rows < 3 ? $#rows : pick(1, 1, 2, 3))];
    push @gone, $rows[0] if !@gone || maybe(0.03);
    push @gone, $gone[0] if maybe(0.1);
    my $record = @{$table->{key}} > 1 || $first->{type} =~ /\._/ || maybe(0.2);
    my $text = 'SELECT * FROM junction.merge(' . join(', ', regclass($table), row_of($table, $keep, $record), 'ARRAY[' . join(', ', map { row_of($table, $_, $record) } @gone) . ']',
        weighted([] => 4, ['conflicts => ' . literal('newest')] => 2, ['conflicts => ' . literal('error')] => 2, ['conflicts => ' . literal('other')] => 0.1)->@*) . ')';
    my $key = sub { my $row = shift; return {map { $_->{column} => $row->{$_->{column}} } @{$table->{key}}} };
    return {verb => 'merge', merged => [$table, $key->($keep), map { $key->($_) } @gone], text => $text, changes => 1, dry => dry($text)};
}

# one row of each pair, of a table that has no key for it
sub deduplicate {
    my $table = target(shift, sub { ($_[0]{kind} // '') eq 'unkeyed' || (!$_[0]{kind} && @{$_[0]{ends} // []} == 2) });
    my $column = @{$table->{columns} // []} ? quoted(pick(@{$table->{columns}})) : 'ctid';
    my $keep = weighted("'first'" => 4, "'last'" => 3, literal($column) => 2, literal("$column IS NULL DESC, ctid DESC") => 2, literal("$column\::text COLLATE \"C\" DESC NULLS LAST -- ") => 1,
        (map { literal($_) => 0.1 } 'random()', '', 'nothing', 'count(*)', "$column LIMIT 1", '(SELECT 1)'));
    my $text = 'SELECT * FROM junction.deduplicate(' . regclass($table) . ", $keep)";
    return {verb => 'deduplicate', deduplicated => @{$table->{ends} // []} == 2 ? [$table, map { @$_ } @{$table->{ends}}] : undef, text => $text, changes => 1, dry => dry($text)};
}

# the names of functions are those of tables and columns, so some are taken
sub accessors {
    my $table = target(shift, \&is_junction);
    my $junction = regclass($table);
    return {verb => 'drop_accessors', text => "SELECT * FROM junction.drop_accessors($junction)", changes => 1, dry => "SELECT * FROM junction.drop_accessors($junction, dry_run => true)"} if maybe(0.4);
    my $text = "SELECT * FROM junction.create_accessors($junction" . (maybe(0.3) ? '' : ', ' . array(maybe(0.97) ? some(0.5, qw(list set add remove toggle), maybe(0.5) ? 'matching' : (), maybe(0.2) ? 'reach' : ()) : 'nothing')) . (maybe(0.1) ? ', match => ' . literal(pick('id', 'name', 'tenant_id')) : '') . ')';
    return {verb => 'create_accessors', text => $text, changes => 1, dry => dry($text)};
}

sub look {
    my $state = shift;
    my $table = target($state, \&is_junction);
    my $junction = regclass($table);
    my $link = regclass(target($state, \&is_link));
    my $described = maybe(0.3) ? ", 'as \"described\"'" : '';
    return $table, weighted(
        ['report', "SELECT * FROM junction.report($junction)"] => 3, ['report of all', 'SELECT * FROM junction.report()'] => 1, ['junctions', 'SELECT * FROM junction.junctions'] => 1,
        ['half_indexed', 'SELECT * FROM junction.half_indexed'] => 1, ['progress', 'SELECT * FROM junction.progress'] => 1, ['measure', "SELECT * FROM junction.measure($link)"] => 2, ['dependents', "SELECT * FROM junction.dependents($link)"] => 3, ['dependencies', "SELECT * FROM junction.dependencies($junction)"] => 2, ['probe', "SELECT * FROM junction.probe($junction)"] => 6,
        ['diagram', "SELECT junction.diagram($junction, " . pick("'mermaid'", "'dot'", "'svg'") . ')'] => 1, ['diagram of all', 'SELECT junction.diagram()'] => 0.5,
        ['check', 'SELECT junction."check"(' . pick("'error'", "'info'", "'notice'", '', "'worse'", 'NULL') . ')'] => 1,
        (map { ([$_, "SELECT junction.$_($junction$described)"] => 0.7) } qw(is_junction is_pure is_entity is_served holds)),
        ['uuidv7', 'SELECT 1 / bool_and(id > lag)::int FROM (SELECT id, lag(id) OVER (ORDER BY n) FROM (SELECT n, junction.uuidv7() AS id FROM generate_series(1, 600) AS n) AS i) AS i'] => 1);
}

sub looks { my ($table, $call) = look(@_); return {verb => $call->[0], table => $table, text => $call->[1], changes => 0} }

sub sets {
    return {verb => 'settings', changes => 0, text => weighted(
        'SET junction.guard = ' . pick(qw(off notice warning error)) => 4, 'RESET junction.guard' => 3, 'SET junction.naming = ' . pick(qw(postgres drizzle prisma knex rails ef auto sequel)) => 3,
        'SET junction.guard_rules = ' . literal(pick(join(', ', some(0.3, @rules)), 'nonsense', 'half_indexed, half_indexed', '')) => 2, 'RESET junction.guard_rules' => 1,
        'SET client_min_messages = ' . pick(qw(debug1 notice warning error)) => 2, 'SET lock_timeout = \'1 s\'' => 1, 'SET default_transaction_isolation = ' . literal(pick('read committed', 'repeatable read', 'serializable')) => 1,
        'SET search_path = ' . pick('public, fuzz', '"Other s", fuzz, public', 'pg_catalog, fuzz', 'fuzz') => 1)};
}

# null arguments, and arguments of the wrong kind, for any verb
sub misused {
    my $table = regclass(target($_[0], \&anything));
    return {verb => 'misuse', changes => 0, text => pick('SELECT junction.promote(NULL)', "SELECT junction.promote($table, columns => NULL)", "SELECT junction.promote($table, id_type => 0)",
        "SELECT junction.promote($table, id_type => 999999)", "SELECT junction.promote($table, columns => '{{a int},{b int}}')", "SELECT junction.promote($table, columns => '{NULL}')",
        "SELECT junction.promote($table, primary_key => '{}')", 'SELECT junction.report(0)', 'SELECT junction.probe(999999)', 'SELECT junction.demote(1)', 'SELECT junction.is_pure(NULL)', 'SELECT junction.dependents(NULL)',
        "SELECT junction.repair($table, NULL)", "SELECT junction.repair($table, '{NULL}')", 'CALL junction.repair_concurrently(1)', 'SELECT junction.primary_to_unique(NULL, NULL)', "SELECT junction.create($table, NULL)",
        "SELECT junction.create($table, $table, left_columns => '{NULL}', right_columns => '{a}')", "SELECT junction.create($table, $table, left_columns => '{}', right_columns => '{}')",
        "DO 'BEGIN CALL junction.repair_concurrently(); END'", "CALL junction.promote_concurrently($table, max_wait => NULL)", "SELECT junction._load_guard()", "SELECT junction.pause($table)", "SELECT junction.resume($table)")};
}

sub random_call {
    my $state = shift;
    my $tables = grep { $_->{relkind} =~ /^[rp]$/ && !$_->{partition} } @$state;
    my @links = grep { is_link($_) } @$state;
    my @entities = grep { is_entity($_) } @$state;
    my ($up, $down) = (@links ? 1 : 0.1, @entities ? 1 : 0.1);
    return weighted(\&promote => 10 * $up, \&promote_by_hand => 2 * $up, \&some_steps => 3 * $up, \&promote_concurrently => 8 * $up, \&fill => 0.7, \&demote => 18 * $down, \&repair => 5,
        \&repair_concurrently => 3, \&primary_to_unique => 2.5, \&unique_to_primary => 3, \&create => $tables > MOST_TABLES ? 0.5 : 5, \&absorb => $tables > MOST_TABLES + 8 ? 1 : 7, \&retire => 2, \&split_table => 5, \&accessors => 3, \&merge => 5, \&deduplicate => 4, \&looks => 17, \&sets => 3, \&misused => 1.5)->($state);
}

# what others do to the tables meanwhile
sub random_change {
    return random_write(@_) if maybe(0.25);
    my $table = target($_[0], \&is_junction);
    my $column = @{$table->{columns} // []} ? quoted(pick(@{$table->{columns}})) : 'id';
    # pg_dump does not keep the order of columns that a table with children gets later
    return $table, pick($table->{children} ? 'SELECT 1' : "ALTER TABLE $table->{name} ADD COLUMN " . quoted(new_name()) . ' ' . pick('text', 'int DEFAULT 3', 'uuid DEFAULT gen_random_uuid()'),
        "ALTER TABLE $table->{name} RENAME TO " . quoted(new_name()), "CREATE INDEX ON $table->{name} ($column)", "DELETE FROM $table->{name} WHERE ctid = (SELECT max(ctid) FROM $table->{name})",
        "ALTER TABLE $table->{name} RENAME COLUMN $column TO " . quoted(new_name()), "VACUUM FULL $table->{name}", "ANALYZE $table->{name}", "COMMENT ON TABLE $table->{name} IS " . literal(pick('x', '@junction ignore half_indexed')),
        "ALTER TABLE $table->{name} ALTER $column DROP NOT NULL", "UPDATE $table->{name} SET $column = $column", "TRUNCATE $table->{name}",
        "SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index WHERE indrelid = " . regclass($table) . " ORDER BY md5(indexrelid::regclass::text) LIMIT 1 \\gexec\n",
        "CREATE VIEW " . quoted(new_name()) . " AS SELECT * FROM $table->{name}");
}

# what old code writes to a list: other lists of the same table, which a mirror carries along
sub random_write {
    my $table = target($_[0], sub { $_[0]{lists} });
    my ($column) = shuffled(sort keys %{$table->{lists} // {}});
    return ($table, 'SELECT 1') if !defined $column;
    $column = quoted($column);
    return $table, "UPDATE $table->{name} SET $column = (SELECT other.$column FROM $table->{name} AS other ORDER BY " . pick('random()', 'id', 'id DESC') . " LIMIT 1) WHERE id <= " . pick(0, 1, 3, 8);
}

1;
