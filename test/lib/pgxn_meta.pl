#!/usr/bin/env perl
#
# test/lib/pgxn_meta.pl META.json: prints what PGXN would refuse in a distribution's metadata, by the PGXN Meta Spec
# 1.0.0, a line each; nothing if it is valid. Files that "provides" names are looked for beside META.json.
#
use strict;
use warnings;

use File::Basename qw(dirname);
use JSON::PP;

my $semver = qr/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-?[A-Za-z][0-9A-Za-z-]*)?$/;
my $term = qr/^[^\s\/\\[:cntrl:]]{2,}$/;
my $url = qr/^(?:https?|git|ssh):\/\/[^\s\/]+/;
my $address = qr/^[^<>\s][^<>]*\s<[^@\s<>]+\@[^@\s<>]+\.[^@\s<>]+>$/;
my %relations = map { $_ => 1 } qw(requires recommends suggests conflicts);
my %phases = map { $_ => 1 } qw(configure build test runtime develop);
my %top = map { $_ => 1 } qw(abstract maintainer license provides name version meta-spec description generated_by tags
  no_index prereqs release_status resources);
my @wrong;

sub expect { my ($true, $message) = @_; push @wrong, $message unless $true; return $true }
sub is_string { my ($value) = @_; return defined $value && !ref $value && length $value }

sub check_provides
{
	my ($provides, $folder) = @_;
	expect(ref $provides eq 'HASH' && %$provides, 'provides: not a map') or return;
	for my $name (sort keys %$provides)
	{
		my $extension = $provides->{$name};
		expect($name =~ $term, "provides.$name: not a term");
		expect(is_string($extension->{$_}), "provides.$name: no $_") for qw(file version);
		expect(($extension->{version} // '') =~ $semver, "provides.$name: not a semantic version");
		for my $file (grep { defined } @$extension{qw(file docfile)})
		{
			expect(-f "$folder/$file", "provides.$name: no file $file");
		}
	}
}

sub check_prereqs
{
	my ($prereqs) = @_;
	for my $phase (sort keys %$prereqs)
	{
		expect($phases{$phase} || $phase =~ /^x_/i, "prereqs.$phase: no phase");
		for my $relation (sort keys %{ $prereqs->{$phase} })
		{
			expect($relations{$relation} || $relation =~ /^x_/i, "prereqs.$phase.$relation: no relation");
			my $needed = $prereqs->{$phase}{$relation};
			for my $name (sort keys %$needed)
			{
				expect("$needed->{$name}" =~ /^0$/ || $needed->{$name} =~ $semver,
					"prereqs.$phase.$relation.$name: not a version");
			}
		}
	}
}

sub check_resources
{
	my ($resources) = @_;
	expect(/^(?:homepage|bugtracker|repository|x_.*)$/i, "resources.$_: unknown") for sort keys %$resources;
	expect(($resources->{homepage} // 'https://x') =~ $url, 'resources.homepage: not a URL');
	if (my $tracker = $resources->{bugtracker})
	{
		expect($tracker->{web} || $tracker->{mailto}, 'resources.bugtracker: neither web nor mailto');
		expect($tracker->{web} =~ $url, 'resources.bugtracker.web: not a URL') if $tracker->{web};
		expect($tracker->{mailto} =~ /^[^@\s]+@[^@\s]+$/, 'resources.bugtracker.mailto: not an address') if $tracker->{mailto};
	}
	if (my $repository = $resources->{repository})
	{
		expect($repository->{$_} =~ $url, "resources.repository.$_: not a URL")
		  for grep { exists $repository->{$_} } qw(url web);
		expect(($repository->{type} // '') =~ /^[a-z]+$/, 'resources.repository.type: not in lower case')
		  if exists $repository->{url};
	}
}

my $path = shift // die "usage: $0 META.json\n";
open my $file, '<', $path or die "$path: $!\n";
my $meta = JSON::PP->new->utf8->decode(do { local $/; <$file> });

expect(exists $meta->{$_}, "$_: is required") for qw(abstract maintainer license provides name version meta-spec);
expect($top{$_} || /^x_/i, "$_: unknown") for sort keys %$meta;
expect(($meta->{name} // '') =~ $term, 'name: not a term');
expect(($meta->{version} // '') =~ $semver, 'version: not a semantic version');
expect(is_string($meta->{abstract}), 'abstract: empty');
expect($_ =~ $address, "maintainer: no name with an address: $_")
  for ref $meta->{maintainer} ? @{ $meta->{maintainer} } : $meta->{maintainer} // '';
expect(ref $meta->{license} || ($meta->{license} // '') =~ /^(?:postgresql|mit|bsd|apache_2_0|gpl_[123]|lgpl_[23]_[01]|mozilla_1_[01]|open_source|restricted|unrestricted|unknown|agpl_3|artistic_[12]|perl_5|freebsd|gfdl_1_[23]|openssl|qpl_1_0|ssleay|sun|zlib)$/,
	'license: unknown');
expect(($meta->{'meta-spec'}{version} // '') =~ $semver, 'meta-spec.version: not a semantic version');
expect(($meta->{'meta-spec'}{url} // 'http://x') =~ $url, 'meta-spec.url: not a URL');
expect(($meta->{release_status} // 'stable') =~ /^(?:stable|testing|unstable)$/, 'release_status: unknown');
expect(ref($meta->{tags} // []) eq 'ARRAY' && !grep({ !is_string($_) || length > 255 || m{[/\\[:cntrl:]]} } @{ $meta->{tags} // [] }),
	'tags: not a list of tags');
check_provides($meta->{provides}, dirname($path));
check_prereqs($meta->{prereqs} // {});
check_resources($meta->{resources} // {});
print "$_\n" for @wrong;
