#!/usr/bin/env perl
#
# test/t/includes.pl: the source is what the map in src/README.md says.  The
# map is its first table with a column "folder": a row for each folder of src/,
# which names in its last column the folders whose headers its files may
# include, or "all", or "–" for none.  A folder may always include itself.
# Also, what the map takes for granted of each file, of the Perl programs too.
# Prints TAP.
#
# Needs no server and nothing that is built.
#
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Find qw(find);
use Test::More;

my $root = '(src itself)';
my $longest = 600;    # lines
my $src = abs_path(dirname(abs_path($0)) . '/../../src');

sub slurp
{
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

# The files of src/, by their paths in it: what they hold.
sub read_files
{
	my %files;
	find(sub {
		my ($path) = $File::Find::name =~ m{^\Q$src\E/(.*\.(?:[ch]|p[lm]))$};
		$files{$path} = slurp($_) if defined $path;
	}, $src);
	return %files;
}

# By folder, those that it may include: a list, or undef for all.
sub read_map
{
	my ($page) = @_;
	my ($table) = $page =~ /^\|\s*folder\s*\|.*\n\|[-:| ]+\n((?:\|.*\n)+)/m;
	my %map;
	for my $row (split /\n/, $table // '')
	{
		my ($folder, $allowed) = (split /\s*\|\s*/, $row)[ 1, -1 ];
		my @names = map { name($_) } grep { /\w/ } split /\s*,\s*/, $allowed;
		$map{ name($folder) } = "@names" eq 'all' ? undef : \@names;
	}
	return %map;
}

sub name
{
	my ($cell) = @_;
	$cell =~ s{^`?(.*?)/?`?$}{$1};
	return $cell;
}

sub folder
{
	my ($path) = @_;
	return $path =~ m{/} ? dirname($path) : $root;
}

# The headers of ours that a file includes, by their paths in src/.
# PostgreSQL's own are not there, even where a folder has the name of one of ours.
sub headers
{
	my ($path, $text) = @_;
	my @headers;
	for my $name ($text =~ /^\s*#\s*include\s*["<]([^">]+)[">]/gm)
	{
		my ($found) = grep { -f } "$src/$name", dirname("$src/$path") . "/$name";
		push @headers, substr(abs_path($found), length("$src/")) if defined $found;
	}
	return @headers;
}

sub may_include
{
	my ($map, $one, $other) = @_;
	return 1 if $one eq $other or not exists $map->{$one} or not defined $map->{$one};
	return scalar grep { $_ eq $other } @{ $map->{$one} };
}

# The first way found from a folder back to itself, as a list of one line, or
# nothing.
sub cycle
{
	my ($map, $visited, @way) = @_;
	for my $next (sort @{ $map->{ $way[-1] } // [] })
	{
		next if $next eq $way[-1];
		return join ' -> ', @way, $next if $next eq $way[0];
		next if $visited->{$next}++;
		my @found = cycle($map, $visited, @way, $next);
		return @found if @found;
	}
	return;
}

# The names of the static functions that a file defines: PostgreSQL's style has
# the name at the start of the line after the type.
sub static_functions
{
	my ($text) = @_;
	return $text =~ /^static\b[^;={(]*\n(\w+)\(/gm;
}

sub holds
{
	my ($name, @wrong) = @_;
	ok(!@wrong, $name) or diag(map { "$_\n" } @wrong);
}

my %files = read_files();
my %map = read_map(slurp("$src/README.md"));
my @paths = sort keys %files;
my %folders = map { folder($_) => 1 } @paths;

plan tests => 11;
cmp_ok(scalar @paths, '>', 0, 'there are files');
cmp_ok(scalar keys %map, '>', 0, 'src/README.md has a map');
holds('each folder has a row', grep { not exists $map{$_} } sort keys %folders);
holds('each row has a folder', grep { not $folders{$_} } sort keys %map);
holds('a row allows folders that have a row',
	map { my $folder = $_; map { "$folder: $_" } grep { not exists $map{$_} } @{ $map{$folder} // [] } } sort keys %map);
holds('the map has no cycle', map { cycle(\%map, {}, $_) } sort keys %map);

my (@not_allowed, %defined_in);
for my $path (@paths)
{
	push @not_allowed, map { "$path includes $_" }
	  grep { not may_include(\%map, folder($path), folder($_)) } headers($path, $files{$path});
	$defined_in{$_}{$path} = 1 for static_functions($files{$path});
}
holds('each file includes what its folder may', @not_allowed);
holds('each file begins with a comment of its name',
	grep { $files{$_} !~ m{^(?:/\*\n \* \Q${\ basename($_) }\E\n|# src/\Q$_\E: )} } @paths);
holds("no file has more than $longest lines", grep { ($files{$_} =~ tr/\n//) > $longest } @paths);
holds('no two static functions have the same name',
	map { "$_: " . join ', ', sort keys %{ $defined_in{$_} } } grep { keys %{ $defined_in{$_} } > 1 } sort keys %defined_in);
holds('base/compat.h alone knows PG_VERSION_NUM',
	grep { $_ ne 'base/compat.h' and $files{$_} =~ /PG_VERSION_NUM/ } @paths);
