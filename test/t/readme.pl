#!/usr/bin/env perl
#
# test/t/readme.pl: runs the examples of README.md, in order and in one session,
# and compares what psql prints with what the page says.  Prints TAP, a test
# for each.
#
# An example is a block of ```sql with a block of ```text or ```mermaid right
# behind it.  Another block of ```mermaid shows what one of the examples prints.
# What has a section has a row in the table of what to call.
# White space counts for nothing.  PostgreSQL 18 has an uuidv7() of its own and
# has names for NOT NULL constraints; the page shows the older servers' output and
# says so, so those differences are taken out.  So are the numbers of tables.
#
# Assumes a server that the PG* variables lead to, as a superuser.
#
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempfile);
use Test::More;

my $database = 'junction_readme';
my $marker = '-- example --';

sub examples
{
	my ($page) = @_;
	my @found;
	push @found, [ $1, $2 ] while $page =~ /^```sql\n(.*?)^```\n```(?:text|mermaid)\n(.*?)^```$/gms;
	return @found;
}

# What has a section, and is not linked in the table of the section "What you
# call when".
sub sections_without_row
{
	my ($page) = @_;
	my ($table) = $page =~ /^## What you call when\n(.*?)^#/ms;
	return grep { $table !~ /\[`\Q$_\E`\]\(#/ } $page =~ /^### (junction\.\w+)$/gm;
}

# How many steps of a concurrent promotion the page tells, and how many the example
# of its dry run prints: a row for each, which ends with its lock.
sub steps_told
{
	my ($page) = @_;
	my ($list) = $page =~ /^- \*\*`promote_concurrently`\*\*.*?The steps:\n(.*?)^$/ms;
	return scalar(() = $list =~ /^  \d\. /gm);
}

sub steps_shown
{
	my ($plan) = grep { /promotion that is under way/ } @_;
	return scalar(() = $plan =~ / on player_teams$/gm);
}

sub normalize
{
	my ($text) = @_;
	$text =~ s/^ALTER TABLE \S+ RENAME CONSTRAINT \S+_not_null TO \S+?;?$//gm;
	$text =~ s/ADD CONSTRAINT \S+ NOT NULL (\w+)/ALTER COLUMN $1 SET NOT NULL/g;
	$text =~ s/pg_catalog\.uuidv7/junction.uuidv7/g;
	$text =~ s/, of table \K\d+/N/g;
	$text =~ s/\|/ | /g;
	$text =~ s/\s+/ /g;
	$text =~ s/^ | $//g;
	return $text;
}

sub run_all
{
	my @statements = @_;
	my ($file, $name) = tempfile(UNLINK => 1);
	print $file "\\echo $marker\n$_\n" for @statements;
	close $file;
	system('dropdb', '--if-exists', $database) == 0 or BAIL_OUT('no server');
	system('createdb', $database) == 0 or BAIL_OUT('no database');
	my $output = `psql -X -q -A -t -F ' | ' -v VERBOSITY=terse -d $database <$name 2>&1`;
	system('dropdb', $database);
	my @parts = split /^\Q$marker\E\n/m, $output;
	shift @parts;
	return @parts;
}

$ENV{PGOPTIONS} = '-c client_min_messages=warning';
open my $readme, '<', dirname(abs_path($0)) . '/../../README.md' or die "README.md: $!";
my $page = do { local $/; <$readme> };
my @examples = examples($page);
my %is_printed = map { $_->[1] => 1 } @examples;
my @printed = run_all(map { $_->[0] } @examples);

plan tests => @examples + 4;
cmp_ok(scalar @examples, '>', 8, 'the page has examples');
is_deeply([ sections_without_row($page) ], ['junction.create_property_graph'],
	'each section of a function, a view or a setting is in the table of what to call, but of that which refuses');
is_deeply([ grep { !$is_printed{$_} } $page =~ /^```mermaid\n(.*?)^```$/gms ], [], 'each picture is of an example');
is(steps_told($page), steps_shown(@printed), 'the steps of a concurrent promotion are told as its dry run has them');
for my $i (0 .. $#examples)
{
	my ($first) = $examples[$i][0] =~ /(.*)/;
	is(normalize($printed[$i] // ''), normalize($examples[$i][1]), $first);
}
