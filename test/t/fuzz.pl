#!/usr/bin/perl
# test/t/fuzz.pl [CALLS [SEED]]: random tables and random calls of every verb on them, CALLS of them (default 1000). The SEED is
# a number (default 1, so that a run of all tests is the same each time), or "random"; it is printed, and with it the same is
# done again. Prints TAP.
#
# 1. A database at a time: parents with keys of one to three columns of many types, and junctions of every shape that is right,
#    or wrong, with rows.
# 2. CALLS_PER_DATABASE random calls with random arguments. After each: no internal error (XX...), no SQLSTATE but those that the
#    design knows, and the rows of all junctions as they were.
# 3. In the end: the invariants of keys hold; pg_amcheck is content; the dump can be restored, and is the dump of what was
#    restored; a promotion and a demotion bring each junction back; each fix mends its finding, and brings no other.
#
# Assumes a server that the PG* variables lead to, as a superuser, with the extension installed.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

use constant CALLS_PER_DATABASE => 200;
use constant ROWS => 8;                                 # of each parent

my $calls = shift // 1000;
my $seed = shift // 1;
$seed = time ^ $$ if $seed eq 'random';
my $lib = dirname(__FILE__) . '/../lib';
my $work = tempdir('junction-fuzz.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my (%refused, %done);                                   # how often each SQLSTATE, and each function
srand $seed;
note("seed $seed");

# what a call may be refused with: the table of the design, and what PostgreSQL says of a column definition or a lock
my %documented = map { $_ => 1 } qw(42809 22023 23000 42704 42703 42P07 42710 42701 42622 2BP01 23505 23502 23503 23514 55000 55006 55P03
    25001 2D000 3F000 42501 0A000 42P01 42804 42601 42602);

sub pick { return $_[int rand @_] }
sub maybe { return rand() < $_[0] }
sub quoted { my $name = shift; $name =~ s/"/""/g; return qq("$name") }
sub literal { my $text = shift; return 'NULL' unless defined $text; $text =~ s/'/''/g; return "'$text'" }
sub array { return literal('{' . join(',', map { my $e = $_; $e =~ s/(["\\])/\\$1/g; qq("$e") } @_) . '}') }

my %taken;
sub name {                                              # one that is free: mostly plain, else as names must not be
    my $word = pick(qw(user org team tag invoice player film actor note part word box));
    my $name = maybe(0.75) ? pick($word, "${word}s", "${word}_link", ucfirst $word) :
        pick("${word}'s \"x\"", "$word\n\t%s", 'é' x 20, "$word; DROP TABLE users; --", "\\$word", 'x' x 50, "$word of $word");
    $name = scalar(keys %taken) . "_$name" while $taken{substr $name, 0, 20}++;
    return $name;
}

# a type, and its value number N
my %types = (
    'int' => sub { $_[0] }, 'bigint' => sub { $_[0] * 1000003 }, 'smallint' => sub { $_[0] },
    'text' => sub { "'v$_[0]'" }, 'text COLLATE "C"' => sub { "'v$_[0]'" }, 'varchar(10)' => sub { "'v$_[0]'" },
    'uuid' => sub { "md5('$_[0]')::uuid" }, 'date' => sub { "'2020-01-01'::date + $_[0]" },
    'timestamptz' => sub { "'2020-01-01'::timestamptz + $_[0] * '1 h'::interval" }, 'numeric(8,2)' => sub { "$_[0].25" },
    'inet' => sub { "'10.0.0.$_[0]'" }, 'bytea' => sub { "'\\x0$_[0]'" }, 'positive' => sub { $_[0] + 1 },
    'mood' => sub { "'m$_[0]'" }, 'oid' => sub { $_[0] }, '"char"' => sub { "'$_[0]'" });

sub make_parent {
    my $parent = {name => name(), keys => []};
    for my $i (1 .. pick(1, 1, 1, 2, 2, 3)) {
        my $type = maybe(0.5) ? 'int' : pick(sort keys %types);
        push @{$parent->{keys}}, {name => maybe(0.7) ? ($i == 1 ? 'id' : "k$i") : "K \"$i\"", type => $type, factor => $i};
    }
    my @columns = map { quoted($_->{name}) . " $_->{type} NOT NULL" } @{$parent->{keys}};
    my $key = join ', ', map { quoted($_->{name}) } @{$parent->{keys}};
    my $table = quoted($parent->{name});
    my $partitioned = maybe(0.15);
    my @sql = ("CREATE TABLE $table (" . join(', ', @columns, 'note text', pick('PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE') . " ($key)") . ')' .
        ($partitioned ? ' PARTITION BY HASH (' . quoted($parent->{keys}[0]{name}) . ')' : ''));
    if ($partitioned) {
        push @sql, "CREATE TABLE " . quoted(substr($parent->{name}, 0, 20) . "_p$_") . " PARTITION OF $table FOR VALUES WITH (MODULUS 2, REMAINDER $_)" for 0, 1;
    }
    for my $n (1 .. ROWS) {
        push @sql, "INSERT INTO $table VALUES (" . join(', ', map { key_value($_, $n) } @{$parent->{keys}}) . ')';
    }
    $parent->{sql} = \@sql;
    return $parent;
}

sub key_value { my ($key, $n) = @_; return $types{$key->{type}}->($n) }

# the columns of an endpoint, by other names at its table
sub end_columns {
    my ($parent, $seen) = @_;
    return map {
        my $name = maybe(0.8) ? "$parent->{name}_$_->{name}" : "E $_->{name}";
        $name =~ s/[^A-Za-z0-9_ "']//g;
        $name = substr $name, 0, 40;
        $name .= '_' while $seen->{$name}++;
        {name => $name, type => $_->{type}, key => $_}
    } @{$parent->{keys}};
}

my @extras = ('role text DEFAULT \'x\'', 'position int', 'created_at timestamptz DEFAULT now()', '"updatedAt" timestamp',
    'twice int GENERATED ALWAYS AS (1 + 1) STORED', 'serial_no int GENERATED BY DEFAULT AS IDENTITY', 'data jsonb', 'tags int[]',
    'checked int CHECK (checked > 0)', 'deleted_at timestamptz', 'amount positive DEFAULT 3');

sub make_junction {
    my @parents = @_;
    my ($left, $right) = (pick(@parents), pick(@parents));
    my $seen = {};
    my @ends = ([end_columns($left, $seen)], [end_columns($right, $seen)]);
    my @pair = map { quoted($_->{name}) } map { @$_ } @ends;
    my $name = name();
    my $table = quoted($name);
    my $key = pick('PRIMARY KEY', 'PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE', 'unique index', 'partial', 'desc', 'none', 'surrogate', 'surrogate', 'bare id');
    my @order = maybe(0.3) ? reverse @pair : @pair;
    my @extra = grep { maybe(0.15) } @extras;
    my @parts = map { my $end = $_; map { quoted($_->{name}) . " $_->{type}" . (maybe(0.5) ? ' NOT NULL' : '') } @$end } @ends;
    splice @parts, int rand(@parts + 1), 0, 'id ' . pick('serial', 'bigserial', 'uuid DEFAULT gen_random_uuid()', 'int GENERATED ALWAYS AS IDENTITY') . ' PRIMARY KEY'
        if $key =~ /surrogate|id/;
    push @parts, @extra, (maybe(0.1) ? ('gone int') : ());
    for my $i (0, 1) {
        my $parent = $i ? $right : $left;
        push @parts, (maybe(0.2) ? 'CONSTRAINT ' . quoted(name()) . ' ' : '') . 'FOREIGN KEY (' . join(', ', map { quoted($_->{name}) } @{$ends[$i]}) . ') REFERENCES ' .
            quoted($parent->{name}) . ' (' . join(', ', map { quoted($_->{name}) } @{$parent->{keys}}) . ')' .
            pick(' ON DELETE CASCADE', ' ON DELETE CASCADE', ' ON DELETE CASCADE', '', ' ON DELETE RESTRICT', ' ON DELETE SET NULL', ' ON DELETE SET DEFAULT',
                 ' ON DELETE CASCADE ON UPDATE CASCADE', ' ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED', ' MATCH FULL');
    }
    my $order = join ', ', @order;
    my $include = maybe(0.1) && @extra ? ' INCLUDE (' . quoted(($extra[0] =~ /^"?(\w+)/)[0]) . ')' : '';
    push @parts, (maybe(0.2) ? 'CONSTRAINT ' . quoted(name()) . ' ' : '') . ($key eq 'PRIMARY KEY' ? 'PRIMARY KEY' : 'UNIQUE') . " ($order)$include" .
        (maybe(0.1) ? ' DEFERRABLE' : '') if $key =~ /^(PRIMARY KEY|UNIQUE|surrogate)$/;
    my $partitioned = maybe(0.2);
    my @sql = ("CREATE TABLE $table (" . join(', ', @parts) . ')' . ($partitioned ? " PARTITION BY HASH ($order[0])" : ''));
    if ($partitioned) {
        my @below = map { quoted(substr($name, 0, 20) . "_$_") } 0, 1, 2;
        push @sql, "CREATE TABLE $below[0] PARTITION OF $table FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
            maybe(0.5) ? "CREATE TABLE $below[1] PARTITION OF $table FOR VALUES WITH (MODULUS 2, REMAINDER 1)" :
            ("CREATE TABLE $below[1] PARTITION OF $table FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY HASH ($order[0])",
             "CREATE TABLE $below[2] PARTITION OF $below[1] DEFAULT", "CREATE TABLE $below[2] PARTITION OF $below[1] FOR VALUES WITH (MODULUS 1, REMAINDER 0)");
    }
    push @sql, "CREATE UNIQUE INDEX ON $table ($order)" if $key eq 'unique index';
    push @sql, "CREATE UNIQUE INDEX ON $table ($order) WHERE " . quoted(pick(map { $_->{name} } @{$ends[0]})) . ' IS NOT NULL' if $key eq 'partial';
    push @sql, "CREATE UNIQUE INDEX ON $table (" . join(', ', map { "$_ DESC" } @order) . ')' if $key eq 'desc';
    my $other = join ', ', map { quoted($_->{name}) } @{pick(@ends)};
    push @sql, pick("CREATE INDEX ON $table ($other)", "CREATE INDEX ON $table ($other)", "CREATE INDEX ON $table USING hash ($pair[-1])",
        "CREATE INDEX ON $table ($other) WHERE $pair[-1] IS NOT NULL", "CREATE INDEX ON $table (($pair[-1]::text))", 'SELECT 1', 'SELECT 1');
    push @sql, "ALTER TABLE $table DROP COLUMN gone" if grep { $_ eq 'gone int' } @parts;
    push @sql, "COMMENT ON TABLE $table IS " . literal(pick('@junction ignore half_indexed', "a comment, it's \"here\"", '@junction ignore nothing, name')) if maybe(0.2);
    push @sql, "CREATE TABLE " . quoted(name()) . " () INHERITS ($table)" if maybe(0.07);
    push @sql, "CREATE TABLE " . quoted(name()) . ' (' . join(', ', map { quoted($_->{name}) . " $_->{type}" } map { @$_ } @ends) .
        ', FOREIGN KEY (' . join(', ', @pair) . ") REFERENCES $table (" . join(', ', @pair) . '))' if maybe(0.1);
    push @sql, "CREATE VIEW " . quoted(name()) . " AS SELECT * FROM $table" if maybe(0.1);
    push @sql, "CREATE VIEW " . quoted(name()) . " AS SELECT $order, count(*) FROM $table GROUP BY $order" if maybe(0.1);
    push @sql, "ALTER TABLE $table REPLICA IDENTITY FULL" if maybe(0.1);
    for my $n (1 .. 12) {
        my ($l, $r) = (1 + int rand ROWS, 1 + int rand ROWS);
        push @sql, "INSERT INTO $table (" . join(', ', @pair) . ') VALUES (' .
            join(', ', (map { key_value($_->{key}, $l) } @{$ends[0]}), map { key_value($_->{key}, $r) } @{$ends[1]}) . ') ON CONFLICT DO NOTHING';
    }
    return {name => $name, sql => \@sql, columns => [map { $_->{name} } map { @$_ } @ends]};
}

my @rules = qw(half_indexed invalid_index missing_pair_key nullable_endpoint unvalidated_foreign_key undeclared_endpoint no_cascade needless_surrogate
    promotion_due multiway redundant_index deferrable_pair_key no_replica_identity array_relation numbered_columns tenant_mismatch name inherited);

# a call; :t is a junction, :p and :q are parents
sub call {
    my $name = maybe(0.7) ? ', name => ' . literal(maybe(0.7) ? quoted(name()) : pick('plain', 'A.b', 'x' x 70, '', 'public.somewhere', 'nowhere.there')) : '';
    my $dry = maybe(0.3) ? ', dry_run => true' : '';
    my @options = grep { maybe(0.25) } ('timestamps => false', 'keep_old_name => true', 'id_column => ' . literal(pick('id', 'No "1"', 'created_at', 'x' x 64)),
        'id_type => ' . literal(pick('uuid', 'bigint', 'int', 'text', 'smallint')), 'columns => ' . array(pick('role text', 'note text NOT NULL DEFAULT \'n\'',
        '"createdAt" timestamptz', 'broken', 'amount positive', 'x int; DROP TABLE users')), 'unique_name => ' . literal(pick('the_pair', 'x' x 64, name())),
        'primary_key => ' . array(pick('id', 'nothing', 'created_at')));
    my $options = join '', map { ", $_" } @options;
    my $concurrent = $options . (maybe(0.3) ? ', batch_size => ' . pick(1, 3, 0, 100) : '') . ', max_wait => \'2 s\'';
    return pick(
        ("SELECT * FROM junction.promote(:t$name$options$dry)") x 4,
        "SELECT * FROM junction.promote(:t$name$options, portable => true$dry)",
        "SELECT * FROM junction.promote(:t$name$options, concurrently => true, dry_run => true)",
        ("CALL junction.promote_concurrently(:t$name$concurrent)") x 3,
        ("SELECT * FROM junction.demote(:t" . pick('', $name) . (maybe(0.6) ? ', discard_columns => true' : '') . "$dry)") x 4,
        ("SELECT * FROM junction.repair(:t, " . array(grep { maybe(0.3) } @rules, maybe(0.02) ? 'nonsense' : ()) . "$dry)") x 2,
        "CALL junction.repair_concurrently(" . pick(':t', 'NULL') . ", max_wait => '2 s')",
        "SELECT * FROM junction.report(:t)", "SELECT * FROM junction.report()", "SELECT * FROM junction.junctions", "SELECT * FROM junction.half_indexed",
        "SELECT * FROM junction.dependents(:t)", ("SELECT * FROM junction.probe(:t)") x 3, "SELECT junction.\"check\"('error')",
        "SELECT junction.primary_to_unique(:t, " . literal(maybe(0.5) ? 'the_unique' : name()) . ")",
        "SELECT junction.unique_to_primary(:t, " . literal(maybe(0.5) ? 'the_primary' : name()) . ")",
        "SELECT * FROM junction.create(:p, :q$name" . join('', map { ", $_" } grep { maybe(0.2) } ('reverse_index => false', 'undirected => true', 'if_not_exists => true',
            'left_columns => ' . array(pick('a', 'b "x"')), 'right_columns => ' . array(pick('c', 'a')), 'left_on_delete => ' . literal(pick('cascade', 'restrict', 'set null')))) . "$dry)",
        'SET junction.guard = ' . pick(qw(off notice warning)), 'SET junction.naming = ' . pick(qw(postgres drizzle)));
}

sub slurp { open my $file, '<', shift or die $!; local $/; return scalar <$file> }

sub psql {                                              # psql DATABASE SCRIPT: its output, and whether it came to its end
    my ($database, $script) = @_;
    open my $file, '>', "$work/script" or die $!;
    print $file $script;
    close $file;
    my $status = system "psql --no-psqlrc --quiet --no-align --tuples-only --dbname $database --file '$work/script' > '$work/output' 2>&1";
    return (slurp("$work/output"), $status);
}

# run COMMANDS: of the shell, with the functions of test/lib/server.sh; what they print if they fail, else nothing
sub run {
    my $commands = shift;
    return '' if system('bash', '-euo', 'pipefail', '-c', ". '$lib/server.sh'; { $commands; } > '$work/run' 2>&1") == 0;
    return "$commands failed:\n" . slurp("$work/run");
}

sub nothing_wrong {                                     # nothing_wrong WRONG, NAME: a test, which shows the first lines
    my ($wrong, $name) = @_;
    my @lines = split /\n/, $wrong;
    ok($wrong eq '', $name) or diag(join "\n", @lines > 80 ? @lines[0 .. 79] : @lines);
}

# the errors of each call in psql's output, and what the checks after it print
sub judge {
    my ($output, @call) = @_;
    my $wrong = '';
    my @parts = split /^CALL (\d+)\n/m, $output;
    shift @parts;
    while (my ($number, $text) = splice @parts, 0, 2) {
        my ($answer, $check) = split /^CHECK\n/m, $text, 2;
        $done{$call[$number] =~ /dry_run => true/ ? 'dry runs' : $1}++
            if $answer !~ /^(?:psql:\S+ )?(?:ERROR|FATAL|PANIC):/m && $call[$number] =~ /junction\."?(\w+)/;
        for my $state ($answer =~ /^(?:psql:\S+ )?(?:ERROR|FATAL|PANIC):  (\w{5}): /mg) {
            $refused{$state}++;
            $wrong .= "call $number: $call[$number]\n$answer\n" unless $documented{$state};
        }
        $wrong .= "after call $number, $call[$number]: $check" if ($check // "no answer\n") ne '';
    }
    return $wrong;
}

sub fuzz_database {
    my ($number, $count) = @_;
    %taken = ();
    my @parents = map { make_parent() } 1 .. pick(2, 3, 4);
    my @junctions = map { make_junction(@parents) } 1 .. pick(3, 4, 5);
    my $setup = "\\set VERBOSITY verbose\nSET client_min_messages = error;\nCREATE EXTENSION junction;\nCREATE DOMAIN positive AS int CHECK (VALUE > 0);\n" .
        'CREATE TYPE mood AS ENUM (' . join(', ', map { "'m$_'" } 0 .. ROWS) . ");\n\\i $lib/fuzz.sql\n";
    $setup .= "$_;\n" for map { @{$_->{sql}} } @parents, @junctions;
    my $n = 0;
    $setup .= sprintf "CALL fuzz.register(%d, %s, %s);\n", $n++, literal(quoted($_->{name})), array(@{$_->{columns}}) for @junctions;
    my @call;
    my $script = "\\set VERBOSITY verbose\nSET client_min_messages = error;\n";
    for my $i (1 .. $count) {
        $call[$i] = call();
        $script .= "SELECT quote_literal(relation::regclass::text) || '::regclass' AS t FROM fuzz.junctions ORDER BY md5(number || '$seed.$i') LIMIT 1 \\gset\n" .
            "\\set p " . psql_word(literal(quoted(pick(@parents)->{name})) . '::regclass') . "\n\\set q " . psql_word(literal(quoted(pick(@parents)->{name})) . '::regclass') .
            "\n\\echo CALL $i\n$call[$i] \\g $work/answer\n;\n\\echo CHECK\nSELECT fuzz.changed_rows();\n";
    }
    my $wrong = run('fresh_database fuzz --encoding UTF8 --locale C');
    my ($made) = psql('fuzz', $setup);
    my ($output, $status) = psql('fuzz', $script);
    $wrong .= judge($output, @call);
    $wrong .= "psql ended with $status:\n" . substr($output, -2000) if $status != 0;
    nothing_wrong($wrong, "database $number: $count calls");
    nothing_wrong(judge_end(), "database $number: what they leave");
}

sub psql_word { my $text = shift; $text =~ s/\\/\\\\/g; $text =~ s/'/\\'/g; $text =~ s/\n/\\n/g; $text =~ s/\t/\\t/g; return "'$text'" }

sub judge_end {
    my ($wrong) = psql('fuzz', "SET client_min_messages = error;\n" . slurp("$lib/invariants.sql") .
        ";\nSELECT fuzz.round_trip(relation::regclass) FROM fuzz.junctions;\nSELECT fuzz.fixes(relation::regclass) FROM fuzz.junctions;\n");
    $wrong .= run('if has_amcheck; then amcheck fuzz; fi');
    $wrong .= run("dump fuzz > '$work/dump'; fresh_database fuzz_restored --encoding UTF8 --locale C;" .
        " sql fuzz_restored --file '$work/dump'; dump fuzz_restored | diff '$work/dump' -");
    return $wrong;
}

my $databases = int(($calls + CALLS_PER_DATABASE - 1) / CALLS_PER_DATABASE);
fuzz_database($_, CALLS_PER_DATABASE) for 1 .. $databases;
run('dropdb fuzz; dropdb fuzz_restored');
note('done: ', join ', ', map { "$_ $done{$_}" } sort keys %done);
note('refused: ', join ', ', map { "$_ $refused{$_}" } sort keys %refused);
done_testing();
