# src/client/pg_junction.pl: the extension junction for a database whose server does not have it. This is the program itself; make
# puts the modules of this folder before it, into one file, pg_junction, which it installs beside PostgreSQL's own programs.
#
# It reads the schema of a database, or of SQL files, makes it in a private server (Server.pm, Restore.pm), which has the extension,
# calls a function there (Call.pm), and prints the result. Nothing is written to the given server. The private server is of the
# PostgreSQL that this program is installed with.
package main;
use strict;
use warnings;
use Cwd ();
use File::Basename qw(dirname);
use POSIX ();

my $help = <<'HELP';
pg_junction calls functions of the extension junction for a database whose server does not have it.

usage: pg_junction VERB [OPTION...] [--ARGUMENT=VALUE...] [DATABASE | FILE.sql...]

verbs
  check               findings of --severity=warning or worse
  report              all findings
  junctions           every junction; half_indexed: those that lack an index
  promote, repair, create, demote, split, ...
                      the plan, as SQL: nothing is run
  dependents, ...     any other function or view of the extension that reads no rows

A verb's arguments are given by name: pg_junction promote --junction=user_orgs --name=memberships shop
--concurrently is true, --no-timestamps is false. An argument that is an array can be given more than once.

options
  --format=FORMAT     of findings: table, json, github; of a plan: sql, json, table; else table, json
  --severity=SEVERITY print findings so severe or worse: error, warning, notice, info
  --schema=SCHEMA     print findings of this schema; can be repeated
  --relation=TABLE    print findings of this table
  --rules=RULE        print findings of this rule; can be repeated
  --ignore=RULES      leave out these rules, as the setting junction.ignore
  --naming=NAMING     name what is made as postgres or drizzle does, as the setting junction.naming
  --pg-dump=OPTION    give pg_dump this option too; can be repeated
  --run-as=USER       as root, run the private server as this user of the system (default: postgres, or nobody)
  --incomplete        check what could be made, though a table, a key or a foreign key could not
  --verbose           print details of the findings, and all that is left out
  --help, --version

DATABASE is a name, a connection string or an URI, as for psql; so are -d, -h, -p and -U (--dbname, --host, --port, --username),
and PGSERVICE, PGPASSFILE and the other variables. No password is asked for. A name that ends in .sql is a file; - is the standard
input; -f (--file) gives any other.

exit code
  0                   done; for check, and for report with --severity: nothing found
  1                   there are findings of that severity or worse
  2                   trouble; for these two also: a table, a key or a foreign key could not be made, so it is not checked
HELP

my $main = $$;
my %children;
$SIG{$_->[0]} = do { my $code = $_->[1]; sub { exit $code } } for ['INT', 130], ['TERM', 143], ['HUP', 129];
END {
    if ($$ == $main) {
        my $status = $?;
        local @SIG{qw(INT TERM HUP)} = ('IGNORE') x 3;
        kill TERM => keys %children;
        PgJunction::Server::stop();
        $? = $status;
    }
}

sub printable {
    my ($text) = @_;
    $text =~ s/[\x00-\x08\x0b-\x1f\x7f]/?/g;
    return $text;
}

# tell(WHAT): on the standard error.
sub tell {
    print STDERR 'pg_junction: ', printable($_[0]), "\n";
}

# trouble(WHAT): tells it, and ends the program.
sub trouble {
    main::tell($_[0]);
    exit 2;
}

# program(NAME): the path of a program of PostgreSQL: beside this one, or where pg_config says.
my $bindir;
sub program {
    my ($name) = @_;
    if (!defined $bindir) {
        ($bindir) = grep { -x "$_/initdb" && -x "$_/postgres" } Cwd::abs_path(dirname $0), dirname(Cwd::abs_path($0));
        if (!defined $bindir) {
            chomp($bindir = `pg_config --bindir 2>/dev/null` // '');
            trouble('there is no PostgreSQL server beside this program, nor where pg_config says') if !-x "$bindir/initdb";
        }
    }
    return "$bindir/$name";
}

# output_of(WHOM, COMMAND, [set_up => SUB, how => HOW]): runs a command, and returns its output; if how is "print", the output is
# ours. Trouble, if it fails: with what it says, and whom it is from. If how is given, what it says is told anyway.
sub output_of {
    my ($whom, $command, %options) = @_;
    my $print = ($options{how} // '') eq 'print';
    open my $errors, '+>', undef or trouble("no temporary file: $!");
    pipe my $out, my $in or trouble("pipe: $!");
    my $child = fork // trouble("fork: $!");
    if ($child == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $in if !$print;
        open STDERR, '>&', $errors;
        $options{set_up}->() if $options{set_up};
        exec {$command->[0]} @$command or POSIX::_exit(127);
    }
    $children{$child} = 1;
    close $in;
    my $output = do { local $/; <$out> };
    waitpid $child, 0;
    my $status = $?;
    delete $children{$child};
    seek $errors, 0, 0;
    my $said = do { local $/; <$errors> } // '';
    $said =~ s/^psql:script:\d+: //mg;
    $said =~ s/\s+\z//;
    trouble(($whom ? "$whom: " : '') . ($said ne '' ? $said : "$command->[0] failed")) if $status != 0;
    main::tell($said) if $options{how} && $said ne '';
    return $output // '';
}

# The options, the values of the verb's arguments, and what is given, from the command line.
sub read_arguments {
    my %options = (connection => [], files => [], pg_dump => []);
    my (%values, @names, $verb);
    my %short = (d => 'dbname', h => 'host', p => 'port', U => 'username', f => 'file');
    my $single = qr/^(?:format|severity|ignore|naming|run_as)\z/;
    my $repeated = qr/^(?:schema|dbname|host|port|username|file|pg_dump)\z/;
    # arguments of functions too, and never true or false
    my $of_findings = qr/^(?:relation|rules)\z/;
    while (@_) {
        my $argument = shift;
        my ($name, $value) = $argument =~ /^--([A-Za-z][A-Za-z0-9_-]*)(?:=(.*))?\z/s;
        ($name, $value) = ($short{$1}, $2 ne '' ? $2 : undef) if $argument =~ /^-([dhpUf])(.*)\z/s;
        if (!defined $name) {
            trouble("unknown option $argument; see pg_junction --help") if $argument =~ /^-./;
            if (!defined $verb) { $verb = $argument }
            else { push @names, $argument }
            next;
        }
        $name =~ tr/-/_/;
        if ($name eq 'help') { print $help; exit 0 }
        if ($name eq 'version') { print "pg_junction EXTENSION_VERSION\n"; exit 0 }
        if ($name =~ /^(?:verbose|incomplete)\z/) { $options{$name} = 1; next }
        if ($name =~ $single || $name =~ $repeated) {
            $value //= shift // trouble("$argument needs a value");
            if ($name eq 'file') { push @{$options{files}}, $value }
            elsif ($name =~ /^(?:dbname|host|port|username)\z/) { push @{$options{connection}}, "--$name=$value" }
            elsif ($name =~ $repeated) { push @{$options{$name}}, $value }
            else { $options{$name} = $value }
        }
        elsif ($name =~ $of_findings) { push @{$values{$name}}, $value // shift // trouble("$argument needs a value") }
        elsif (!defined $value && $name =~ /^no_(.*)/) { push @{$values{$1}}, 'false' }
        else { push @{$values{$name}}, $value // 'true' }
    }
    if (!defined $verb) { print STDERR $help; exit 2 }
    $verb =~ tr/-/_/;
    my ($files, $database) = ([grep { /\.sql\z|^-\z/ } @names], [grep { !/\.sql\z|^-\z/ } @names]);
    push @{$options{files}}, @$files;
    trouble("there is a database and a file, or two databases: @names") if @$database > 1 || @{$options{files}} && (@$database || @{$options{connection}});
    push @{$options{connection}}, "--dbname=$database->[0]" if @$database;
    $options{verb} = $verb;
    return (\%options, \%values);
}

# Some options may be arguments of a function.
sub give_to_function {
    my ($what, $options, $values) = @_;
    return if $what->{type} eq 'finding';
    for my $name (qw(format severity schema ignore naming)) {
        next if !exists $what->{arguments}{$name} || !exists $options->{$name};
        $values->{$name} = ref $options->{$name} ? $options->{$name} : [$options->{$name}];
        delete $options->{$name};
    }
}

sub tell_what_is_left_out {
    my ($given, $verbose) = @_;
    my (@lines, %told);
    for my $one (@{$given->{left_out}}) {
        my ($statement, $what, $why) = @$one{qw(statement what why)};
        (my $head = $statement->{text}) =~ s/\s+/ /g;
        next if !$verbose && $what eq 'statement' && $head =~ /^(?:COMMENT|GRANT|REVOKE|SET|RESET|SELECT(?! pg_junction\.)|SECURITY|DROP)\b/i;
        $head = substr($head, 0, 60) . '...' if length $head > 63;
        my $place = defined $statement->{file} ? "$statement->{file}:$statement->{line}: " : '';
        my $line = $what eq 'type' ? "there is no type $why here: it is taken for a text"
            : $what eq 'plain' ? "${place}made without defaults, checks and the like: $head ($why)"
            : "${place}left out: $head ($why)";
        push @lines, $line if !$told{$line}++;
    }
    my $most = $verbose ? @lines : 20;
    main::tell($_) for @lines[0 .. ($#lines < $most ? $#lines : $most - 1)];
    main::tell('... and ' . (@lines - $most) . ' more, which --verbose prints') if @lines > $most;
}

sub main {
    my ($options, $values) = read_arguments(@ARGV);
    $| = 1;
    # the server is made while pg_dump reads
    PgJunction::Server::start($options->{run_as});
    my $given = @{$options->{files}} ? PgJunction::Given::read_files(@{$options->{files}})
        : PgJunction::Given::read_database($options->{connection}, $options->{pg_dump});
    PgJunction::Server::await();
    my $ours = PgJunction::Restore::prepare();
    my $what = PgJunction::Call::look_up($options->{verb});
    give_to_function($what, $options, $values);
    PgJunction::Restore::restore($given);
    tell_what_is_left_out($given, $options->{verbose});
    main::tell("the plan is for PostgreSQL $ours, and the server is $given->{version}")
        if $what->{type} eq 'statement' && defined $given->{version} && $given->{version} != $ours;
    return PgJunction::Call::call($what, $options, $values, $given);
}

my $code = eval { main() };
main::trouble($@) if !defined $code;
exit $code;
