# src/client/Call.pm: the call of a function or a view of the extension, in the private server, and how its result is printed.
#
# Any of them can be called, with its arguments by name: what they are is read from the extension. A function that would change a
# table is a dry run here, in plain SQL where it can be told so. What counts rows is refused, as there are none: a plan of absorb
# holds the number of the links, and what to do with the values that make none.
package PgJunction::Call;
use strict;
use warnings;

my %counts_rows = map { $_ => 1 } qw(absorb measure dependencies deduplicate merge);
# what a function refuses by the rows, and its plan does not; and the argument with which it has nothing to refuse
my %looks_at_rows = (
    demote => ['to drop columns that hold data', 'discard_columns'],
    split => ['parts whose join has rows that the table has not', 'actor'],
);
my @severities = qw(info notice warning error);
# how psql prints what has columns; as wide as the terminal, or as it takes
my $table = "\\pset format wrapped\n\\pset tuples_only off\n\\pset footer off\n\\pset pager off\n";

# look_up(VERB): what the extension has by this name: a hash: type (of the result: finding, statement, view or rows); arguments, the
# type of each by its name; and needs, a list of those that have no default. Trouble, if it cannot be called.
sub look_up {
    my ($verb) = @_;
    my $name = quote($verb);
    my @lines = split /\n/, PgJunction::Server::run_sql(<<"SQL", PgJunction::Server::OWNER());
SET search_path = pg_catalog, pg_temp;
\\pset fieldsep '\\t'
SELECT p.oid, prokind, prorettype::regtype, typtype, arg, format_type(type, NULL), n <= pronargs - pronargdefaults
FROM pg_proc p JOIN pg_type t ON t.oid = prorettype LEFT JOIN unnest(coalesce(proallargtypes, proargtypes::oid[]), proargnames, proargmodes) WITH ORDINALITY AS a (type, arg, mode, n)
    ON coalesce(mode, 'i') IN ('i', 'b', 'v')
WHERE pronamespace = 'junction'::regnamespace AND proname = $name AND proname !~ '^_'
ORDER BY pronargs DESC, p.oid, n;
SELECT 0, 'view', '', '', NULL, '', '' FROM pg_class
WHERE relnamespace = 'junction'::regnamespace AND relname = $name AND relkind = 'v' AND relname !~ '^_';
SQL
    main::trouble("the extension has no function or view $verb; pg_junction --help lists some") if !@lines;
    my ($oid, $kind, $result, $typtype) = split /\t/, $lines[0];
    my @inputs = grep { $_->[0] eq $oid && ($_->[4] // '') ne '' } map { [split /\t/] } @lines;
    my %arguments = map { @$_[4, 5] } @inputs;
    main::trouble("$verb reads rows, and a schema has none: call it on the server itself") if $counts_rows{$verb};
    main::trouble("$verb commits on its way, on the server itself; here is " . ($verb =~ /^(.*)_concurrently\z/ ? "$1 --concurrently" : 'no such plan')) if $kind eq 'p';
    main::trouble("$verb is not to be called") if ($result // '') =~ /trigger$/;
    main::trouble("$verb has no result to print") if ($result // '') eq 'void' && $verb ne 'check' && !exists $arguments{dry_run};
    my $type = $kind eq 'view' ? 'view' : $verb eq 'check' || $result eq 'junction.finding' ? 'finding' : $result eq 'junction.statement' ? 'statement' : 'rows';
    return {verb => $verb, type => $type, arguments => \%arguments, needs => [map { $_->[4] } grep { $_->[6] eq 't' } @inputs], scalar => ($typtype // '') =~ /^[bde]\z/ ? 1 : 0};
}

# call(WHAT look_up() HAS FOUND, OPTIONS, VALUES, GIVEN): calls it, prints the result, and returns the exit code. VALUES: a list of
# values for each argument by its name.
sub call {
    my ($what, $options, $values, $given) = @_;
    my %values = %$values;
    # the library has to be there, or a wrong value of a setting would pass; where in our statements an error is, is nobody's business
    my $set = "\\set SHOW_CONTEXT never\nSELECT junction.uuidv7() \\g /dev/null\n" . join '', map { "SET junction.$_->[0] = " . quote($_->[1]) . ";\n" } settings($options, $given);
    my ($path) = @{$given->{facts}{path} // []};
    $path = PgJunction::Statements::unescape($path) if defined $path;
    $set = "SELECT pg_catalog.set_config('search_path', " . quote(($path // '') ne '' ? $path : 'public') . ", false) \\g /dev/null\n$set";
    return findings($what, $options, \%values, $given, $set) if $what->{type} eq 'finding';

    my $arguments = $what->{arguments};
    check_values($what, $options, \%values);
    $values{dry_run} = ['true'] if exists $arguments->{dry_run};
    $values{portable} //= ['true'] if exists $arguments->{portable};
    my $rows = "junction.$what->{verb}" . ($what->{type} eq 'view' ? '' : '(' . arguments($what, \%values) . ')');
    my $format = $options->{format} // ($what->{type} eq 'statement' ? 'sql' : 'table');
    if ($what->{type} eq 'statement' && $format eq 'sql') { print_plan($rows, $set) }
    elsif ($format eq 'json') { PgJunction::Server::run_sql($set . json("SELECT * FROM $rows"), PgJunction::Server::OWNER(), 'print') }
    elsif ($format eq 'table') { PgJunction::Server::run_sql($set . ($what->{scalar} ? '' : $table) . "SELECT * FROM $rows;\n", PgJunction::Server::OWNER(), 'print') }
    else { main::trouble("$what->{verb} has no --format=$format") }
    my ($refused, $unless) = @{$looks_at_rows{$what->{verb}} // []};
    main::tell("the plan was made without rows; junction.$what->{verb} itself refuses $refused") if defined $refused && !$values{$unless};
    return 0;
}

# Trouble, if a value is for nothing that the verb has, or one is missing.
sub check_values {
    my ($what, $options, $values) = @_;
    my $arguments = $what->{arguments};
    my @has = grep { $_ ne 'dry_run' } sort keys %$arguments;
    for my $name (sort(keys %$values), grep { defined $options->{$_} } qw(severity schema)) {
        main::trouble("$what->{verb} has no argument $name; it has " . (join(', ', @has) || 'none')) if !exists $arguments->{$name};
        main::trouble("--$name is given more than once") if @{$values->{$name}} > 1 && $arguments->{$name} !~ /\[\]\z/;
    }
    my @missing = grep { !exists $values->{$_} } @{$what->{needs}};
    main::trouble("$what->{verb} needs " . join ' and ', map { '--' . tr/_/-/r . '=...' } @missing) if @missing;
}

sub settings {
    my ($options, $given) = @_;
    my %settings = map { my ($name, $value) = split /\t/; $name =~ /^junction\.(ignore|naming)\z/ ? ($1 => PgJunction::Statements::unescape($value)) : () }
        @{$given->{facts}{setting} // []};
    for my $name (qw(ignore naming)) {
        $settings{$name} = $options->{$name} if defined $options->{$name};
    }
    return map { [$_, $settings{$_}] } sort keys %settings;
}

# The arguments of a call, by name, each cast to its type; a polymorphic one is left as it is.
sub arguments {
    my ($what, $values) = @_;
    my @list;
    for my $name (sort keys %$values) {
        my $type = $what->{arguments}{$name};
        my @all = @{$values->{$name}};
        my $array = $type =~ /\[\]\z/;
        my $value = $array && !(@all == 1 && $all[0] =~ /^\s*\{/) ? 'ARRAY[' . join(', ', map { quote($_) } @all) . ']' : quote($all[0]);
        $value = "CAST($value AS $type)" if $type !~ /^any/;
        push @list, "\"$name\" => $value";
    }
    return join ', ', @list;
}

sub quote {
    my ($value) = @_;
    $value =~ s/'/''/g;
    return "'$value'";
}

sub json {
    my ($query) = @_;
    return "SELECT '[' || coalesce(string_agg(E'\\n  ' || pg_catalog.row_to_json(pg_junction_row)::text, ',') || E'\\n', '') || ']' FROM ($query) AS pg_junction_row;\n";
}

# A plan as a script: each statement behind a comment with the locks that it takes.
sub print_plan {
    my ($rows, $set) = @_;
    PgJunction::Server::run_sql($set . <<"SQL", PgJunction::Server::OWNER(), 'tell');
CREATE TEMP TABLE pg_junction_plan AS SELECT step, statement, regexp_replace(locks, '[[:cntrl:]]+', ' ', 'g') AS locks FROM $rows;
\\copy (SELECT step, statement, coalesce(locks, '') FROM pg_temp.pg_junction_plan ORDER BY step) TO 'plan'
SQL
    my @needs;
    for my $row (PgJunction::Restore::rows('plan')) {
        my ($step, $statement, $locks) = @$row;
        print "-- $step", $locks ne '' ? ": $locks" : '', "\n$statement;\n";
        push @needs, $step if $statement =~ /\bjunction\.\w+\s*\(/;
    }
    main::tell('a server without the extension cannot run what calls its functions: statement ' . join ', ', @needs) if @needs;
}

# Report and check.
sub findings {
    my ($what, $options, $values, $given, $set) = @_;
    my $asked = $values->{severity} ? $values->{severity}[0] : $options->{severity} // ($what->{verb} eq 'check' ? 'warning' : undef);
    my $severity = lc($asked // 'info');
    my ($least) = grep { $severities[$_] eq $severity } 0 .. $#severities;
    main::trouble("unknown severity \"$severity\": it is one of " . join ', ', @severities) if !defined $least;
    my $rules = list('rules', $values->{rules});
    my $schemas = list('schema', $values->{schemas} // $options->{schema});
    main::trouble('--relation is given more than once') if @{$values->{relation} // []} > 1;
    my $relation = $values->{relation} ? 'CAST(' . quote($values->{relation}[0]) . ' AS regclass)' : 'NULL';
    my $none = join ', ', grep { !/^(?:relation|severity|rules|schemas)\z/ } sort keys %$values;
    main::trouble("$what->{verb} has no argument $none") if $none ne '';
    my $format = $options->{format} // 'table';

    PgJunction::Server::write_file('places', join '', map { join("\t", $_, map({ PgJunction::Statements::escape($_) } @{$given->{made}{$_}}{qw(file line)})) . "\n" }
        grep { defined $given->{made}{$_}{file} } keys %{$given->{made} // {}});
    # check refuses rules and schemas that do not exist. Of one table, report would count rows
    my $script = $set . <<"SQL";
DO \$\$ BEGIN PERFORM junction.check('error', $rules, $schemas); EXCEPTION WHEN integrity_constraint_violation THEN NULL; END \$\$;
CREATE TEMP TABLE pg_junction_place (made oid, file text, line int);
\\copy pg_temp.pg_junction_place FROM 'places'
CREATE TEMP TABLE pg_junction_finding AS
SELECT f.*, p.file, p.line FROM junction.report() WITH ORDINALITY AS f (junction, rule, severity, columns, message, detail, fix, n)
    LEFT JOIN pg_temp.pg_junction_place p ON made = f.junction
WHERE array_position('{info,notice,warning,error}', severity) > $least AND (rule = ANY ($rules) OR $rules IS NULL)
    AND ((SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = f.junction) = ANY ($schemas) OR $schemas IS NULL)
    AND (junction = $relation OR $relation IS NULL);
\\copy (SELECT severity, count(*) FROM pg_temp.pg_junction_finding GROUP BY severity) TO 'counts'
SQL
    # with the schema, where the message does not tell which table it is
    my $message = "CASE WHEN pg_catalog.pg_table_is_visible(junction) THEN message ELSE junction::text || ': ' || message END";
    my %query = (
        json => json('SELECT junction, rule, severity, columns, message, detail, fix, file, line FROM pg_temp.pg_junction_finding ORDER BY n') =~ s/;\n\z//r,
        table => "SELECT severity, rule, $message AS message, " . ($options->{verbose} ? 'detail, ' : '') . 'fix FROM pg_temp.pg_junction_finding ORDER BY n',
        github => github($message),
    );
    main::trouble("findings have no --format=$format") if !$query{$format};
    PgJunction::Server::run_sql($script . ($format eq 'table' ? $table . "SELECT count(*) > 0 AS found FROM pg_temp.pg_junction_finding \\gset\n\\if :found\n$query{$format};\n\\endif\n" : "$query{$format};\n"), PgJunction::Server::OWNER(), 'print');
    my %count = map { @$_ } PgJunction::Restore::rows('counts');
    main::tell(summary(%count)) if $format ne 'json';
    return 0 if !defined $asked;
    return 2 if !$options->{incomplete} && tell_what_is_unchecked($given);
    return %count ? 1 : 0;
}

# Tells how much could not be made that findings might be about; false if all was. What pg_dump was told to leave out is none of it.
sub tell_what_is_unchecked {
    my ($given) = @_;
    return 0 if $given->{is_part};
    my @unchecked = grep { $_->{what} =~ /^(?:statement|command)\z/ && PgJunction::Statements::shapes_tables(@$_{qw(statement why)}) } @{$given->{left_out}};
    return 0 if !@unchecked;
    my ($statement, $why) = @{$unchecked[0]}{qw(statement why)};
    my $place = defined $statement->{file} ? "$statement->{file}:$statement->{line}: " : '';
    main::tell(@unchecked . ' statement' . (@unchecked == 1 ? '' : 's') . " that may make tables or keys left out, so not all is checked; the first: $place$why; with --incomplete that is no trouble");
    return 1;
}

sub summary {
    my %count = @_;
    my @each = map { "$count{$_} $_" . ($count{$_} == 1 || $_ eq 'info' ? '' : 's') } grep { $count{$_} } reverse @severities;
    return @each ? 'found ' . join(', ', @each) : 'found nothing';
}

# An empty value would be no rule and no schema, and nothing would be found.
sub list {
    my ($name, $values) = @_;
    return 'CAST(NULL AS text[])' if !$values;
    main::trouble("--$name needs a value") if grep { /^[\s,]*\z/ } @$values;
    return 'CAST(' . quote($values->[0]) . ' AS text[])' if @$values == 1 && $values->[0] =~ /^\s*\{/;
    return 'CAST(ARRAY[' . join(', ', map { quote($_) } map { split /\s*,\s*/ } @$values) . '] AS text[])';
}

# A line of GitHub's workflow commands for each finding, in which nothing of a name can end it.
sub github {
    my ($message) = @_;
    my $data = sub { "replace(replace(replace($_[0], '%', '%25'), E'\\r', '%0D'), E'\\n', '%0A')" };
    my $property = sub { 'replace(replace(' . $data->($_[0]) . ", ':', '%3A'), ',', '%2C')" };
    return q{SELECT '::' || CASE severity WHEN 'error' THEN 'error' WHEN 'warning' THEN 'warning' ELSE 'notice' END || ' '}
        . q{|| coalesce('file=' || } . $property->('file') . q{ || ',line=' || line || ',', '')}
        . q{|| 'title=' || } . $property->("'junction: ' || rule")
        . q{|| '::' || } . $data->("concat_ws(E'\\n', $message, detail, fix || ';')") . ' FROM pg_temp.pg_junction_finding ORDER BY n';
}

1;
