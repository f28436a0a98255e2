#!/usr/bin/env perl
# test/bench/set_clients.pl DATABASE [EVERY]: the time of set beside what clients write instead, each statement a round trip. Prints a
# table: for each change and each way, the time of the server's process and the time that passes until the client has its answer,
# for all invoices, and in the median of the calls. With EVERY, of each so many invoices one is set, the one with most links too.
#
# The ways take turns at each invoice. Each sets its new links, and then the old ones again: both are counted.
#   set       SELECT * FROM set_invoice_tags($1, $2)
#   all       BEGIN, DELETE all, INSERT all, COMMIT
#   read      SELECT, and if there is something to change: BEGIN, DELETE, INSERT of the difference, COMMIT; two at once can leave
#             the links of both
#   right     SELECT, and if there is something to change: BEGIN, SELECT FOR NO KEY UPDATE of the invoice, SELECT, DELETE,
#             INSERT, COMMIT: what set does
#   laravel   SELECT, DELETE, and an INSERT for each new link, without a transaction: sync()
# "parsed": each statement has parameters, and is parsed and planned anew, as drivers do by default; "prepared": once for all.
#
# With JUNCTION_BENCH_TABLE it adds the lines of test/bench.sh's table there: the time that passes beside the faster of all and read.
#
# Assumes the tables that test/bench/accessors.sh makes, on this machine.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Time::HiRes qw(time);
use Wire;

$| = 1;
my ($database, $every) = (@ARGV, 1);
my @ways = qw(set all read right laravel);
my $looker = Wire->new($database);
my %links;                                              # the old ones of each invoice
for (@{$looker->simple(q(SELECT invoice_id || ' ' || string_agg(tag_id::text, ',' ORDER BY tag_id) FROM links GROUP BY invoice_id))}) {
    my ($invoice, $tags) = split ' ';
    $links{$invoice} = [split /,/, $tags];
}

# the new links of an invoice; tags above 50000 are in no list
sub changed {
    my ($change, @tags) = @_;
    return @tags if $change eq 'unchanged';
    for my $place (0 .. $#tags) {
        $tags[$place] += 50000 if $change eq 'half' ? $place % 2 == 0 : $place == 0;
    }
    return @tags;
}

sub except {                                            # those of the first list that are not in the second
    my ($one, $other) = @_;
    my %other = map { $_ => 1 } @$other;
    return grep { !$other{$_} } @$one;
}

sub places { my ($first, $count, $before) = @_; return join ', ', map { $before . '$' . $_ . ($before ? ')' : '') } $first .. $first + $count - 1 }

my $select = 'SELECT tag_id FROM invoice_tags WHERE invoice_id = $1';
my %ways = (
    set => sub { my ($ask, $invoice, @tags) = @_; $ask->('SELECT * FROM set_invoice_tags($1, $2)', $invoice, '{' . join(',', @tags) . '}') },
    all => sub {
        my ($ask, $invoice, @tags) = @_;
        $ask->('BEGIN');
        $ask->('DELETE FROM invoice_tags WHERE invoice_id = $1', $invoice);
        $ask->('INSERT INTO invoice_tags (invoice_id, tag_id) VALUES ' . places(2, scalar @tags, '($1, '), $invoice, @tags);
        $ask->('COMMIT');
    },
    read => sub {
        my ($ask, $invoice, @tags) = @_;
        my $there = $ask->($select, $invoice);
        return if !except($there, \@tags) && !except(\@tags, $there);
        $ask->('BEGIN');
        difference($ask, $invoice, $there, \@tags, 0);
        $ask->('COMMIT');
    },
    right => sub {
        my ($ask, $invoice, @tags) = @_;
        my $there = $ask->($select, $invoice);
        return if !except($there, \@tags) && !except(\@tags, $there);
        $ask->('BEGIN');
        $ask->('SELECT id FROM invoices WHERE id = $1 FOR NO KEY UPDATE', $invoice);
        difference($ask, $invoice, $ask->($select, $invoice), \@tags, 0);
        $ask->('COMMIT');
    },
    laravel => sub { my ($ask, $invoice, @tags) = @_; difference($ask, $invoice, $ask->($select, $invoice), \@tags, 1) });

sub difference {
    my ($ask, $invoice, $there, $tags, $each) = @_;
    my @gone = except($there, $tags);
    my @new = except($tags, $there);
    $ask->('DELETE FROM invoice_tags WHERE invoice_id = $1 AND tag_id IN (' . places(2, scalar @gone, '') . ')', $invoice, @gone) if @gone;
    for my $group ($each ? map { [$_] } @new : @new ? \@new : ()) {
        $ask->('INSERT INTO invoice_tags (invoice_id, tag_id) VALUES ' . places(2, scalar @$group, '($1, '), $invoice, @$group);
    }
}

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[@sorted / 2] }

sub add_to_table {
    my ($what, $ours, $theirs) = @_;
    return if !defined $ENV{JUNCTION_BENCH_TABLE};
    open my $table, '>>', $ENV{JUNCTION_BENCH_TABLE} or die "cannot write the table: $!\n";
    printf $table "| `set`, %s | a client: the faster of two ways (ms) | %.0f | %.0f | %.3f | 1.05 |\n", $what, $ours, $theirs, $ours / $theirs;
    close $table;
}

for my $mode (qw(parsed prepared)) {
    for my $change (qw(unchanged one half)) {
        my (%server, %passed, %calls);
        $looker->simple('VACUUM ANALYZE invoice_tags');
        my %session = map { $_ => Wire->new($database) } @ways;
        for my $invoice (grep { ($_ - 1) % $every == 0 } sort { $a <=> $b } keys %links) {
            push @ways, shift @ways;
            for my $way (@ways) {
                my $session = $session{$way};
                for my $tags ([changed($change, @{$links{$invoice}})], $links{$invoice}) {
                    my ($server, $start) = ($session->server_time, time);
                    $ways{$way}->(sub { $session->$mode(@_) }, $invoice, @$tags);
                    push @{$calls{$way}}, 1000 * (time - $start);
                    $server{$way} += $session->server_time - $server;
                    $passed{$way} += $calls{$way}[-1];
                }
            }
        }
        for my $way (sort { $server{$a} <=> $server{$b} } keys %server) {
            printf "  %s, %s, %s: server %.0f ms (set takes %.2f of it), passed %.0f ms (%.2f), in the median %.2f ms (%.2f)\n", $change, $mode, $way,
                $server{$way}, $server{set} / $server{$way}, $passed{$way}, $passed{set} / $passed{$way}, median(@{$calls{$way}}), median(@{$calls{set}}) / median(@{$calls{$way}});
        }
        add_to_table("$change, $mode", $passed{set}, (sort { $a <=> $b } @passed{qw(all read)})[0]);
    }
}
