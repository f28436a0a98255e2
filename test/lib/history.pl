#!/usr/bin/perl
# test/lib/history.pl: clients of test/t/history.sh, each of which writes down what it asked and what the server answered, and
# the judge of all that they wrote down.
#
#   history.pl client DATABASE FILE SEED   inserts, deletes and reads links, until SIGTERM
#   history.pl read DATABASE FILE NAME     reads each link once; user_orgs is called NAME by now
#   history.pl judge FILE...               prints what no serial order of the statements explains; the first line of all is how
#                                          many statements there were, and how many of them in doubt
#
# A FILE is the history of one session, in its order: a line for each statement, with the time before it was sent, the time after
# its answer or its loss was seen, the link, the kind of statement, and the answer. So an answer is written down after the server
# has given it, in a file that does not die with the server. An answer is one of: yes or no, for an insert or a delete that
# changed a row or not; for a read, absent, the id, null, or there where the relation has no id; doubt, where the server died
# first; what else the server said.
use strict;
use warnings;
use IPC::Open2;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

use constant SIDE => 6;                                 # users and orgs of the links that clients fight for
use constant PAUSE => 0.001;                            # s, between two statements: four clients leave time to the promotion

my ($psql, $to, $from);
my %relation = (user_orgs => 'user_orgs', user_teams => 'user_teams');
# user_teams is promoted and demoted again and again, and loses its ids; the view with the old name of user_orgs has none
my %id = (user_orgs => "CASE WHEN to_jsonb(l) ? 'id' THEN coalesce(to_jsonb(l) ->> 'id', 'null') ELSE 'there' END", user_teams => "'there'");

sub connect_to {                                        # connect_to DATABASE: waits for the server, a minute at most
    my $database = shift;
    for (1 .. 1200) {
        $psql = open2($from, $to, 'exec psql --no-psqlrc --quiet --tuples-only --no-align --set VERBOSITY=sqlstate --dbname ' .
            "$database 2>&1");
        return if defined ask('SELECT 1');
        sleep 0.05;
    }
    die "no server";
}

# ask STATEMENT: the lines of its answer, or undef if the server stops or is gone. The line after an answer is psql's own
sub ask {
    my $statement = shift;
    my @lines;
    print $to "$statement;\n\\echo answered\n";
    $to->flush;
    while (my $line = <$from>) {
        chomp $line;
        last if $line =~ /57P0[123]|^server closed the connection|connection to server/;
        return join('; ', @lines) if $line eq 'answered';
        push @lines, $line;
    }
    close $to;
    close $from;
    waitpid $psql, 0;
    return undef;
}

my %statement = (
    insert => 'INSERT INTO %s (user_id, org_id) VALUES (%d, %d) ON CONFLICT (user_id, org_id) DO NOTHING RETURNING \'yes\'',
    delete => 'DELETE FROM %s WHERE user_id = %d AND org_id = %d RETURNING \'yes\'',
    read => 'SELECT %s FROM %s AS l WHERE user_id = %d AND org_id = %d');

sub step {                                              # step DATABASE FILE KIND TABLE USER ORG: one line of the history
    my ($database, $file, $kind, $table, $user, $org) = @_;
    my $begin = clock_gettime(CLOCK_MONOTONIC);
    my $answer = ask(sprintf $statement{$kind}, $kind eq 'read' ? $id{$table} : (), $relation{$table}, $user, $org);
    printf $file "%.6f\t%.6f\t%s %d %d\t%s\t%s\n", $begin, clock_gettime(CLOCK_MONOTONIC), $table, $user, $org, $kind,
        !defined $answer ? 'doubt' : $answer ne '' ? $answer : $kind eq 'read' ? 'absent' : 'no';
    $file->flush;
    connect_to($database) unless defined $answer;
}

sub client {
    my ($database, $name, $seed) = @_;
    my $over = 0;
    srand $seed;
    $SIG{TERM} = sub { $over = 1 };
    open my $file, '>', $name or die "$name: $!";
    connect_to($database);
    until ($over) {
        step($database, $file, (qw(insert delete read))[rand 3], (qw(user_orgs user_teams))[rand 2], 1 + int rand SIDE, 1 + int rand SIDE);
        sleep PAUSE;
    }
}

sub read_all {
    my ($database, $name, $now) = @_;
    $relation{user_orgs} = $now;
    open my $file, '>', $name or die "$name: $!";
    connect_to($database);
    for my $table (sort keys %relation) {
        for my $user (1 .. SIDE) {
            step($database, $file, 'read', $table, $user, $_) for 1 .. SIDE;
        }
    }
}

#
# The judge
#

# apply STATE KIND ANSWER: the state of a link after a statement, or nothing if the answer cannot be of that state. A state is
# absent, there (with no id that anyone has seen) or an id. A link keeps the id that was seen as long as it is there.
sub apply {
    my ($state, $kind, $answer) = @_;
    my $there = $state ne 'absent';
    if ($kind eq 'read') {
        return ($state) if $answer eq 'doubt';
        return ($state) if $there && $answer eq 'there';
        return $answer if $state eq 'there' && $answer ne 'absent' && $answer ne 'null';
        return $answer eq ($state eq 'there' ? 'null' : $state) ? ($state) : ();
    }
    my $after = $kind eq 'insert' ? ($there ? $state : 'there') : 'absent';
    my $changes = $kind eq 'insert' ? !$there : $there;
    return $answer eq 'doubt' || $answer eq ($changes ? 'yes' : 'no') ? ($after) : ();
}

# explain SESSIONS: looks for one order of a link's statements in which each answer is right, each session keeps its own order,
# and what had its answer before another was sent comes before it. One in doubt is done between its two times, or never. Returns
# how far it came (for each session the number of statements in order), and the states there; nothing if there is such an order.
sub explain {
    my @sessions = @_;
    my $total = 0;
    $total += @$_ for @sessions;
    my @open = map { [[(0) x @sessions], $_] } 'absent', 'there';
    my (%seen, $far, %states);
    my $most = -1;
    while (my $place = pop @open) {
        my ($at, $state) = @$place;
        next if $seen{"@$at $state"}++;
        my $done = 0;
        $done += $_ for @$at;
        return () if $done == $total;
        ($most, $far, %states) = ($done, $at) if $done > $most;
        $states{$state} = 1 if $done == $most;
        my @next = grep { $at->[$_] < @{$sessions[$_]} } 0 .. $#sessions;
        my ($first) = sort { $a <=> $b } map { $sessions[$_][$at->[$_]]{end} } @next;
        for my $i (@next) {
            my $one = $sessions[$i][$at->[$i]];
            next if $one->{begin} > $first;
            my @after = @$at;
            $after[$i]++;
            push @open, [\@after, $_] for apply($state, $one->{kind}, $one->{answer}), $one->{answer} eq 'doubt' ? ($state) : ();
        }
    }
    return ($far, sort keys %states);
}

sub judge {
    my (%links, %link_of, @wrong);
    my ($statements, $doubts) = (0, 0);
    for my $session (0 .. $#_) {
        open my $file, '<', $_[$session] or die "$_[$session]: $!";
        while (<$file>) {
            chomp;
            my %one;
            (@one{qw(begin end link kind answer)}) = split /\t/;
            $statements++;
            $doubts++ if $one{answer} eq 'doubt';
            push @wrong, "$one{kind} of $one{link} by $_[$session]: $one{answer}"
                unless $one{answer} =~ ($one{kind} eq 'read' ? qr/^(absent|there|null|doubt|[0-9a-f-]+)$/ : qr/^(yes|no|doubt)$/);
            push @wrong, "id $one{answer} is of $link_of{$one{answer}} and of $one{link}"
                if $one{answer} =~ /^[0-9a-f]*[0-9]/ && ($link_of{$one{answer}} //= $one{link}) ne $one{link};
            push @{$links{$one{link}}[$session]}, \%one;
        }
    }
    for my $link (sort keys %links) {
        my @sessions = map { $links{$link}[$_] // [] } 0 .. $#_;
        my ($far, @states) = explain(@sessions) or next;
        push @wrong, "no order explains $link after " . join(' or ', @states) . ':', map { my $i = $_; map { "  $_[$i]: @$_{qw(begin end kind answer)}" }
            grep { defined } @{$sessions[$i]}[($far->[$i] ? $far->[$i] - 1 : 0) .. $far->[$i] + 1] } 0 .. $#sessions;
    }
    print "$statements statements, $doubts of them in doubt\n", map { "$_\n" } @wrong;
}

$SIG{PIPE} = 'IGNORE';                                  # a psql that is gone is seen by what it does not answer
my $verb = shift;
({client => \&client, read => \&read_all, judge => \&judge}->{$verb})->(@ARGV);
