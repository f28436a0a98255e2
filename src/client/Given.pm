# src/client/Given.pm: what is given: a database, or SQL files. It is only read: by pg_dump, and by one query in a transaction that
# is READ ONLY, and whose names are all in pg_catalog.
#
# The server is not trusted any more than a file: psql gets nothing of what it says as text to execute.
package PgJunction::Given;
use strict;
use warnings;

# What pg_dump leaves out: what the planner knows, who is a member of which role, and the settings of the database. A line for each
# fact, as COPY writes it: what kind of fact, and its columns.
my $facts = <<'SQL';
COPY (
    SELECT 'version', current_setting('server_version_num'), NULL, NULL, NULL, NULL, NULL
    UNION ALL
    SELECT 'setting', name, current_setting(name, true), NULL, NULL, NULL, NULL
    FROM unnest('{junction.ignore,junction.naming}'::text[]) AS s (name)
    WHERE current_setting(name, true) <> ''
    UNION ALL
    SELECT 'size', nspname, relname, reltuples::text, relpages::text, NULL, NULL
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL
    SELECT 'column', schemaname, tablename, attname, inherited::text, concat_ws(',', null_frac, avg_width), n_distinct::text
    FROM pg_stats
    WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'
    UNION ALL
    (SELECT 'order', nspname, relname, name, NULL, NULL, NULL
     FROM (SELECT oid AS made, conrelid AS rel, conname AS name FROM pg_constraint WHERE contype IN ('p', 'u', 'f')
           UNION ALL
           SELECT indexrelid, indrelid, relname FROM pg_index JOIN pg_class ON oid = indexrelid) AS o
         JOIN pg_class c ON c.oid = rel JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
     ORDER BY made)
    UNION ALL
    SELECT 'invalid', nspname, relname, indisvalid::text, indisready::text, indislive::text, pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE NOT (indisvalid AND indisready AND indislive) AND relkind = 'i' AND nspname !~ '^pg_'
    UNION ALL
    SELECT DISTINCT 'member', r.rolname::text, m.rolname::text, NULL::text, NULL::text, NULL::text, NULL::text
    FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member
    WHERE r.rolname !~ '^pg_' AND m.rolname !~ '^pg_'
) TO STDOUT
SQL
# the session's path, without the schema that is searched before it unless the path says otherwise
my $path = q{COPY (SELECT 'path', pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.quote_ident(s) FROM }
    . q{pg_catalog.unnest(pg_catalog.current_schemas(false)) AS s WHERE s OPERATOR(pg_catalog.<>) 'pg_catalog'), ', ')) TO STDOUT};

# read_database(CONNECTION ARGUMENTS, OPTIONS OF pg_dump): a hash: statements; version of the server; facts, a list of lines by
# kind; is_part, whether pg_dump may have been told to leave something out.
sub read_database {
    my ($connection, $options) = @_;
    my %given = (facts => {}, is_part => scalar @$options);
    my $lines = main::output_of('the server', [main::program('psql'), qw(--no-psqlrc --quiet --tuples-only --no-align --no-password),
        qw(--set ON_ERROR_STOP=1), @$connection, '--command', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        '--command', $path, '--command', 'SET LOCAL search_path = pg_catalog, pg_temp', '--command', $facts, '--command', 'COMMIT'],
        set_up => sub { $ENV{PGCLIENTENCODING} = 'UTF8' });
    for my $line (split /\n/, $lines) {
        push @{$given{facts}{$1}}, $2 if $line =~ /^(\w+)\t(.*)\z/;
    }
    $_ = PgJunction::Restore::fields($_) for @{$given{facts}{order}};
    my ($version) = ($given{facts}{version}[0] // '') =~ /^(\d+)/;
    main::trouble('the server does not tell its version') if !$version;
    $given{version} = int $version / 10000;
    my $dump = main::output_of('pg_dump', [find_pg_dump($given{version}), qw(--schema-only --no-owner --no-tablespaces --no-security-labels),
        qw(--no-subscriptions --encoding=UTF8 --no-password), @$options, @$connection]);
    # an index whose build failed is not in a dump; these statements are the server's, and no more trusted than the dump
    $dump .= "\n" . PgJunction::Statements::unescape((split /\t/)[-1]) . ';' for @{$given{facts}{invalid} // []};
    $given{statements} = [PgJunction::Statements::read_statements(undef, $dump)];
    return \%given;
}

# A pg_dump refuses a server that is newer than it is: ours if it is new enough, else the first that is found.
sub find_pg_dump {
    my ($version) = @_;
    my @found;
    for my $path (main::program('pg_dump'), (map { "$_/pg_dump" } split /:/, $ENV{PATH} // ''),
        reverse sort glob('/usr/lib/postgresql/*/bin/pg_dump /usr/pgsql-*/bin/pg_dump')) {
        next if !-x $path;
        my ($major) = (main::output_of('pg_dump', [$path, '--version'])) =~ /(\d+)/;
        return $path if $major >= $version;
        push @found, $major;
    }
    main::trouble("the server is PostgreSQL $version, and its schema takes a pg_dump of that version or a newer one; "
        . (@found ? 'here is ' . join ', ', sort { $a <=> $b } keys %{{map { $_ => 1 } @found}} : 'here is none')
        . '. Install one, or give a dump as a file');
}

# read_files(FILE...): as read_database(), of files that belong together, in this order. - is the standard input.
sub read_files {
    my @statements;
    my $version;
    for my $file (@_) {
        my $text = slurp($file);
        main::trouble("$file is an archive of pg_dump: make an SQL file of it with pg_restore --schema-only --file") if $text =~ /\A(?:PGDMP|\x1f\x8b)/;
        main::trouble("$file is not SQL: it holds a zero byte") if index($text, "\0") >= 0;
        $version //= $1 if $text =~ /^-- Dumped from database version (\d+)/m;
        my @databases = $text =~ /^\\connect (?:-reuse-previous=on )?(.+)$/mg;
        main::trouble("$file is of several databases: " . join(', ', @databases) . '. Give the part of one') if 1 < grep { $_ !~ /^(?:template1|postgres)$/ } @databases;
        # what is not UTF-8 is taken for Latin-1, in which every byte is a character
        utf8::encode($text) if !utf8::decode(my $copy = $text);
        $text =~ s/\A\xef\xbb\xbf//;
        push @statements, PgJunction::Statements::read_statements($file, $text);
    }
    return {statements => \@statements, version => $version, facts => {}};
}

sub slurp {
    my ($file) = @_;
    local $/;
    return scalar <STDIN> // '' if $file eq '-';
    open my $handle, '<:raw', $file or main::trouble("$file: $!");
    # a folder can be opened, but not read
    return scalar <$handle> // main::trouble("$file: $!");
}

1;
