#!/usr/bin/perl
# test/t/fuzz.pl [CALLS [SEED]]: random tables and random calls of every verb on them, CALLS of them (default 2000). The SEED is
# a number (default 1, so that a run of all tests is the same each time), or "random"; it is printed, and with it the same is
# done again. FUZZ_LOG=FILE has all statements. Prints TAP.
#
# 1. A database at a time: parents with keys of one to three columns of many types, and junctions of every shape that is right,
#    or wrong, with rows (test/lib/Fuzz/Schema.pm).
# 2. CALLS_PER_DATABASE random calls with random arguments (Fuzz/Call.pm), by the owner of the database, who is no superuser.
#    After each: the server lives; no internal error (XX...), and no SQLSTATE but those that the verb documents, unless PostgreSQL
#    raises it for the same statement; a call that is refused, a dry run, one that only looks, one that is rolled back and one by
#    a role without rights have changed nothing in the catalogs; a dry run is refused as the call is; the rows are what they were,
#    or after merge and deduplicate what test/lib/fuzz_merge.sql says, and a second call does nothing; the invariants of keys hold.
# 3. In the end: each fix mends its finding, and brings no other; promoted and demoted, each junction has the dump of before;
#    pg_amcheck is content; the dump can be restored, and is the dump of what was restored.
# 4. The mixture is thick enough: most calls that are to change something do so, and in 10,000 calls all ingredients are there.
#
# Assumes a server that the PG* variables lead to, as a superuser, with the extension installed. Makes the databases fuzz and
# fuzz_restored and the roles regress_junction_fuzz..., and drops them in the end.
use strict;
use warnings;
use utf8;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

use lib dirname(__FILE__) . '/../lib';
use Fuzz::Random;
use Fuzz::Session;
use Fuzz::Schema;
use Fuzz::Call;

use constant CALLS_PER_DATABASE => 200;
use constant ENOUGH => 0.4;                             # of the calls that are to change a table do so

my $calls = shift // 2000;
my $seed = shift // 1;
$seed = time ^ $$ if $seed eq 'random';
my $lib = dirname(__FILE__) . '/../lib';
my $work = tempdir('junction-fuzz.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $owner = 'regress_junction_fuzz';
my $stranger = 'regress_junction_fuzz_stranger';
my (%count, %ingredients, $log);                        # how often each verb had each outcome; tables with each ingredient
binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output, Test::More->builder->todo_output;
open $log, '>:encoding(UTF-8)', $ENV{FUZZ_LOG} or die "$ENV{FUZZ_LOG}: $!" if $ENV{FUZZ_LOG};
srand $seed;
note("seed $seed");

my @needed = ((map { "key of $_ columns" } 1 .. 3), (map { "partitions of $_ levels" } 1 .. 3), (map { "kind $_" } qw(pure payload entity unkeyed multiway)),
    (map { "$_ index" } qw(partial expression INCLUDE DESC invalid)), 'index hash', 'deferrable key', 'relation to itself', 'shared columns', 'inherits', 'dropped column', 'generated column',
    'identity', 'domain', 'enum', 'collation', 'comment', 'name with a quote', 'name with a newline', 'name of 63 bytes', 'inbound foreign key', 'rests on the key', 'typed', 'trigger', 'policy');

# what each verb may be refused with: its section in the README, and what PostgreSQL says of a column, a row or a name
my $table = '42809 42501';
my $named = '42P07 42710 42701 42622 42602 3F000 22023';
my $columns = '42601 42704 42703 42P01 42804 42P16 42P17 0A000 23502 23505 23514 22P02 42611 42830 42501 2F005 42P21';
my $guarded = '23000';
my $waits = '55P03 55006 22023';
my %documented = (
    promote => "$table $named $columns $guarded 55000 2BP01 25001", demote => "$table $named $guarded 55000 2BP01 0A000 23502 55006",
    promote_concurrently => "$table $named $columns $guarded $waits 55000 2BP01 42703 23505 25001", _fill => "$table $waits 55000 42703 23502 23514 25001 0A000",
    repair => "$table $guarded 22023 23505 23502 23503 2BP01 0A000", repair_concurrently => "$table $guarded $waits 25001",
    primary_to_unique => "$table $named $guarded 42704 2BP01", unique_to_primary => "$table $named $guarded 42704 55000 0A000",
    absorb => "$table $named $guarded 42704 42703 55000 0A000 42830 23503 23502 23505 23514 2BP01 22P02 22003 22007 22008 42883",
    create => "$table $named $guarded 42704 42703 55000 0A000 42830", report => $table, diagram => '42809 22023', dependents => "$table 55000", dependencies => $table,
    retire => "$table $guarded 42704 2BP01 55000 0A000",
    split => "$table $named $guarded 42703 23505 23502 23503 2BP01 55000 0A000 40001", check => '23000 22023 22004', measure => $table, probe => '42809 25006',
    merge => "$table $guarded 22023 42704 23503 23505 23P01 55000 0A000 40001", deduplicate => "$table 22023 42601 42703 42704 42883 23503 23505 23P01 55000 0A000 40001",
    create_accessors => "$table $guarded 42723 42P13 22023 42703 42704 55000 0A000", drop_accessors => "$table $guarded 2BP01",
    is_junction => 42809, is_pure => 42809, is_entity => 42809, is_served => 42809, holds => 42809, settings => '22023',
    misuse => '22004 22023 42P01 42809 2D000 42701 42704 42501 55000 42601 25001 0A000 42703 2BP01 39P03');
$documented{"promote $_"} = $documented{promote} for qw(portable), 'by hand';
$documented{'steps by hand'} = "$documented{promote_concurrently} 42P01";

sub slurp { open my $file, '<:encoding(UTF-8)', shift or die $!; local $/; return scalar(<$file>) // '' }

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

# two sessions: the owner's, which calls, and a superuser's, which judges what is committed
sub open_sessions {
    my ($calling, $judging) = map { Fuzz::Session->new('fuzz', $_) } $log, undef;
    $calling->ask("SET SESSION AUTHORIZATION $owner; SET search_path = public, fuzz; SET statement_timeout = '60 s'");
    $judging->ask('SET client_min_messages = error; SET search_path = public; SET jit = off');
    return ($calling, $judging);
}

# makes the tables of database NUMBER; returns what went wrong. A combination that PostgreSQL refuses is left out
sub make_tables {
    my ($calling, $judging, $number) = @_;
    my $icu = $judging->ask("SELECT count(*) > 0 FROM pg_collation WHERE collprovider = 'i'") eq "t\n";
    my $wrong = '';
    for my $statement (Fuzz::Schema::random_schema($icu, $number)) {
        my ($state, $message) = Fuzz::Session::error_of($calling->ask($statement));
        $count{'the tables'}{$state // 'done'}++;
        $wrong .= "$state $message: $statement\n" if ($state // '') =~ /^(XX|dead|58)/;
    }
    my $found = $judging->ask('SELECT fuzz.ingredients()');
    $ingredients{$1} += $2 while $found =~ /^(.*)=(\d+)$/mg;
    return $found =~ /=/ ? $wrong : "$wrong$found";
}

# what PostgreSQL itself says of the statements of a call, without ours: SQLSTATEs
sub raised_by_hand {
    my ($calling, $call) = @_;
    my $plan = $call->{dry} // '';
    $plan = Fuzz::Call::dry("SELECT * FROM junction.promote$1") . ($2 // '') if $call->{verb} eq 'promote_concurrently' && $call->{text} =~ /promote_concurrently(\(.*\))()/s;
    return '' if $plan !~ s/^SELECT \*/SELECT statement/;
    my $answer = $calling->ask("BEGIN; $plan \\gexec\n\nROLLBACK");
    return join ' ', $answer =~ /^ERROR:  (\w+):/mg;
}

# text of CALL as it is sent: alone, or in a transaction that is rolled back or goes on after it
sub wrapped {
    my $call = shift;
    return "BEGIN; $call->{text} \\gexec\n\nCOMMIT" if $call->{by_hand};
    return $call->{text} if $call->{commits} || maybe(0.8);
    $call->{undone} = maybe(0.6);
    return $call->{undone} ? pick("BEGIN; $call->{text}; ROLLBACK", "BEGIN; SAVEPOINT s; $call->{text}; ROLLBACK TO s; COMMIT") : pick("BEGIN; SAVEPOINT s; $call->{text}; RELEASE s; COMMIT", "BEGIN; $call->{text}; COMMIT");
}

# One call with all that is to hold afterwards. DATABASE: a hash of calling, judging, fingerprint, state. Returns what is wrong
sub try_call {
    my $database = shift;
    my ($calling, $judging) = @{$database}{qw(calling judging)};
    my $call = Fuzz::Call::random_call($database->{state});
    my $strange = $call->{changes} && $call->{verb} !~ /hand|repair_concurrently/ && maybe(0.06);
    my $dry_run = !$strange && $call->{dry} && maybe(0.4) ? $calling->ask($call->{dry}) : undef;
    my $only_dry = defined $dry_run && maybe(0.1);
    my $text = $only_dry ? $call->{dry} : $strange ? "SET ROLE $stranger;\n$call->{text}" : wrapped($call);
    $judging->ask('CALL fuzz.remember()') if $call->{merged} || $call->{deduplicated};
    my $answer = $only_dry ? $dry_run : $calling->ask($text);
    my ($state, $message) = Fuzz::Session::error_of($answer);
    $calling->ask($strange ? 'RESET ROLE' : 'ROLLBACK') if $strange || $text =~ /^BEGIN/;
    my $wrong = judge_error($database, $call, $state, $message, $strange);
    $database->{rules} = $call->{text} =~ /^SET/ if $call->{text} =~ /guard_rules/ && !$state && !$call->{undone};
    if (defined $dry_run) {
        my ($dry_state) = Fuzz::Session::error_of($dry_run);
        $wrong .= 'the dry run says ' . ($dry_state // 'nothing') . ', the call ' . ($state // 'nothing') . "\n"
            if ($dry_state // '') ne ($state // '') && ($state // '') ne '23000'
                # the value of a default, which breaks the check or the NOT NULL of a domain: only ALTER TABLE computes it
                && !($call->{verb} =~ /^promote/ && !defined $dry_state &&
                     ($state eq '23514' || $state eq '23502' && $message =~ /domain .* does not allow null values/))
                # a row that is added to the parent, and breaks a check of it
                && !($call->{verb} eq 'absorb' && !defined $dry_state && $state eq '23514' && $call->{text} =~ /'insert'/)
                # what only the rows say, as they are after the statements before; and what PostgreSQL says of one of these before they
                # are asked, as of a row that goes with a cascade and has no replica identity
                && !($call->{verb} =~ /^(merge|deduplicate)$/ && (!defined $dry_state || ($state // '') eq '55000'));
    }
    $count{$strange ? 'by a stranger' : $only_dry ? 'dry runs' : $call->{undone} ? 'rolled back' : $call->{verb}}{$state // 'done'}++;
    $call->{quiet} = $only_dry || $strange || $call->{undone} || !$call->{changes} || ($state && !$call->{commits});
    my $kind = $call->{table} ? $call->{table}{kind} // 'none' : 'none';
    $wrong .= "it is $kind: $answer" if $call->{verb} =~ /^is_(pure|entity|junction)$/ && !$state && ($1 eq 'junction' ? $kind eq 'none' : $kind ne $1) == ($answer =~ /^ok/);
    $wrong .= judge_database($database, $call, $state) if $wrong !~ /dead/;
    $wrong .= judge_kind($database, $call) if !$state && !$call->{quiet} && $call->{table};
    return $wrong ? "$text\n" . substr($answer, 0, 1500) . "\n$wrong" : '';
}

# a demotion, by which a primary key over an end too goes, and may have been what served it
sub primary_key_goes {
    my ($database, $call) = @_;
    return $call->{verb} eq 'demote' &&
        $database->{judging}->ask("SELECT indnkeyatts > 1 FROM pg_index WHERE indrelid = $call->{table}{oid} AND indisprimary") eq "t\n";
}

sub judge_error {
    my ($database, $call, $state, $message, $strange) = @_;
    my $calling = $database->{calling};
    return $strange && ($state // '') !~ /^(42501|22023|42622|42602|42809|42704|25001)$/ ? 'a stranger is not refused: ' . ($state // 'done') . "\n" : '' if $strange || !$state;
    # no verb but create and absorb brings what the guard checks by default
    return "the guard refuses it: $message\n" if $state eq '23000' && $call->{changes} && $call->{verb} !~ /^(create|absorb)$/ && !$database->{rules}
        && !primary_key_goes($database, $call);
    return '' if $state ne 'XX000' && " $documented{$call->{verb}} " =~ / $state / or $state !~ /^dead/ && " @{[raised_by_hand($calling, $call)]} " =~ / $state /;
    return "undocumented: $state $message\n";
}

# a promotion makes an entity of the same table, unless it is to stop before that, and a demotion none
sub judge_kind {
    my ($database, $call) = @_;
    my ($table) = grep { $_->{oid} == $call->{table}{oid} } @{$database->{state}};
    my $kind = $table ? $table->{kind} // 'none' : 'gone';
    return $kind =~ /^(pure|payload)$/ && $table->{begun} ? '' : "afterwards it is $kind, and " . ($table->{begun} ? '' : 'not ') . "begun\n" if $call->{stops};
    return $call->{verb} =~ /^promote/ && $kind ne 'entity' || $call->{verb} eq 'demote' && $kind !~ /^(pure|payload)$/ || ($table->{begun} && $call->{verb} !~ /by hand/) ?
        "afterwards it is $kind\n" : '';
}

# the rows after a merge, or a deduplicate, and that a second call does nothing
sub judge_merge {
    my ($database, $call) = @_;
    my ($calling, $judging) = @{$database}{qw(calling judging)};
    my $json = JSON::PP->new->canonical;
    my ($table, @rest) = @{$call->{merged} // $call->{deduplicated}};
    my $wrong = $judging->ask($call->{merged} ? "SELECT fuzz.judge_merge($table->{oid}, " . literal($json->encode($rest[0])) . ', ' . literal($json->encode([@rest[1 .. $#rest]])) . ')' :
        "SELECT fuzz.judge_deduplicate($table->{oid}, " . array(@rest) . ')');
    my $second = $calling->ask($call->{text} =~ s/^SELECT \*/SELECT 'steps', count(*)/r);
    return $second =~ /^steps\|0$/m ? $wrong : "${wrong}the second call: $second";
}

# what a call has done to the database, and may not. Brings DATABASE up to date
sub judge_database {
    my ($database, $call, $state) = @_;
    my $judging = $database->{judging};
    my $fingerprint = $judging->ask('SELECT fuzz.fingerprint()');
    my $changed = $fingerprint ne $database->{fingerprint};
    my $wrong = $changed && $call->{quiet} ? "it has changed the catalogs\n" : '';
    my $merges = ($call->{merged} || $call->{deduplicated}) && !$state && !$call->{quiet};
    $wrong .= $merges ? judge_merge($database, $call) : $judging->ask('SELECT fuzz.changed_rows(' . join(', ', (map { $call->{$_} ? 'true' : 'false' } qw(drops discards adds)), $call->{goes} && $call->{table}{oid} || 'NULL') . ')');
    if ($changed || $wrong || $merges) {
        $wrong .= $judging->ask('SELECT fuzz.broken_invariants()');
        look_again($database, $fingerprint);
    }
    return $wrong;
}

sub look_again {                                        # look_again DATABASE [FINGERPRINT, if it is known]
    my ($database, $fingerprint) = @_;
    my $judging = $database->{judging};
    $judging->ask('CALL fuzz.save(); CALL fuzz.save_harmless()');
    $database->{fingerprint} = $fingerprint // $judging->ask('SELECT fuzz.fingerprint()');
    $database->{state} = JSON::PP->new->decode($judging->ask('SELECT fuzz.state()'));
}

# what another does to the tables; not judged, but for the server
sub change_something {
    my $database = shift;
    my ($table, $text) = Fuzz::Call::random_change($database->{state});
    my ($state, $message) = Fuzz::Session::error_of($database->{calling}->ask($text));
    $count{'changes between'}{$state // 'done'}++;
    look_again($database);
    return ($state // '') =~ /^(XX|dead|58)/ ? "$state $message: $text\n" : '';
}

sub fuzz_database {
    my ($number, $count) = @_;
    my $wrong = run("fresh_database fuzz --encoding UTF8 --locale C --owner $owner");
    my ($calling, $judging) = open_sessions();
    $calling->ask('CREATE EXTENSION junction');
    $wrong .= $judging->ask("\\i $lib/$_.sql") for qw(fuzz fuzz_merge);
    $wrong .= $judging->ask('CREATE FUNCTION fuzz.broken_invariants() RETURNS SETOF text LANGUAGE plpgsql AS ' . literal('BEGIN RETURN QUERY ' . slurp("$lib/invariants.sql") . ' END'));
    $wrong .= make_tables($calling, $judging, $number);
    $wrong .= round_trips($calling, "BEGIN;\nSET LOCAL client_min_messages = error;\nSELECT fuzz.round_trips();\nROLLBACK") . $judging->ask('SELECT fuzz.broken_invariants()');
    my $database = {calling => $calling, judging => $judging};
    look_again($database);
    for my $i (1 .. $count) {
        my $is = try_call($database);
        $is .= change_something($database) if maybe(0.12);
        $wrong .= "call $i: $is\n" if $is;
        last if $calling->{dead} || $judging->{dead};
    }
    nothing_wrong($wrong, "database $number: $count calls");
    $wrong = judge_fixes($calling, $judging);
    $_->finish for $calling, $judging;
    nothing_wrong($wrong . judge_dumps(), "database $number: what they leave");
}

# what is wrong with promotions and demotions, of all junctions
sub round_trips {
    my ($calling, $text) = @_;
    my $wrong = $calling->ask($text);
    $wrong =~ s/^(\d+)\n//m ? $count{'round trips'}{done} += $1 : ($wrong .= "no round trips\n");
    return $wrong;
}

# the report's fixes, and the first promotion and demotion of each junction
sub judge_fixes {
    my ($calling, $judging) = @_;
    $calling->ask("RESET junction.guard; RESET junction.naming; RESET default_transaction_isolation; SET search_path = public; SET client_min_messages = error");
    return $calling->ask('SELECT fuzz.fixes(junction) FROM junction.junctions') . round_trips($calling, 'CALL fuzz.demote_all(); SELECT fuzz.round_trips()') .
        $judging->ask('SELECT fuzz.broken_invariants()');
}

sub judge_dumps {
    # but for the rows of our own tables: long ones are restored in another order
    my $ours = "--exclude-table-data='fuzz.*'";
    my $wrong = run("dump fuzz $ours > '$work/before'; sql fuzz --command \"SET SESSION AUTHORIZATION $owner\" --command 'SET client_min_messages = error' " .
        "--command 'SELECT fuzz.round_trips()' > '$work/trips'; sed '/^[0-9]*\$/d' '$work/trips' | diff /dev/null -; dump fuzz $ours > '$work/dump'; diff '$work/before' '$work/dump'");
    $wrong .= run('if has_amcheck; then amcheck fuzz; fi');
    return $wrong . run("fresh_database fuzz_restored --encoding UTF8 --locale C; sql fuzz_restored --file '$work/dump'; dump fuzz_restored $ours | diff '$work/dump' -");
}

sub judge_mixture {
    my ($changing, $done) = (0, 0);
    for my $verb (grep { /promote|demote|repair|create|unique|primary|steps/ } keys %count) {
        $changing += $_ for values %{$count{$verb}};
        $done += $count{$verb}{done} // 0;
    }
    for my $verb (sort keys %count) {
        note(sprintf '%-22s %s', $verb, join ', ', map { "$_ $count{$verb}{$_}" } sort { ($b eq 'done') - ($a eq 'done') || $a cmp $b } keys %{$count{$verb}});
    }
    note('tables with ', join ', ', map { "$_: $ingredients{$_}" } sort keys %ingredients);
    my $rate = $changing ? $done / $changing : 0;
    my @missing = grep { !$ingredients{$_} } @needed;
    # in fewer calls chance decides which of the rarest there are
    note("no table has: $_") for @missing;
    nothing_wrong(join('', map { "no table has: $_\n" } @missing), 'the tables have all that they are to have') if $calls >= 10000;
    ok($calls < 1000 || $count{'round trips'}{done}, 'there were promotions and demotions of what was left');
    ok($calls < 1000 || ($count{$_}{done} // 0) > 0, "$_ did something") for qw(merge deduplicate);
    ok($rate >= ENOUGH, sprintf 'of %d calls that are to change a table, %d %% do', $changing, 100 * $rate);
}

my $clean = "dropdb --if-exists fuzz; dropdb --if-exists fuzz_restored; sql postgres --command 'DROP ROLE IF EXISTS $owner, $stranger'";
print run("$clean; sql postgres --command 'CREATE ROLE $owner; CREATE ROLE $stranger; GRANT $stranger TO $owner'");
my $databases = int(($calls + CALLS_PER_DATABASE - 1) / CALLS_PER_DATABASE);
fuzz_database($_, $_ < $databases ? CALLS_PER_DATABASE : $calls - CALLS_PER_DATABASE * ($databases - 1)) for 1 .. $databases;
judge_mixture();
print run($clean);
done_testing();
