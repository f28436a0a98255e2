# test/lib/Wire.pm: a session of the server that PGHOST, PGPORT and PGUSER lead to, in PostgreSQL's own protocol: what a driver
# sends, message by message. Each call is one round trip. An error dies.
#
# Assumes a Unix socket, and that the server trusts us.
package Wire;
use strict;
use warnings;
use IO::Socket::UNIX;

sub new {                                               # Wire->new(DATABASE)
    my ($class, $database) = @_;
    my $path = "$ENV{PGHOST}/.s.PGSQL." . ($ENV{PGPORT} // 5432);
    my $self = bless {buffer => '', trips => 0}, $class;
    $self->{socket} = IO::Socket::UNIX->new(Peer => $path) or die "no server at $path: $!\n";
    my $start = pack('N', 3 << 16) . join("\0", user => $ENV{PGUSER}, database => $database, options => $ENV{PGOPTIONS} // '', '', '');
    $self->trip(pack('N', 4 + length $start) . $start);
    return $self;
}

sub message { return $_[0] . pack('N', 4 + length $_[1]) . $_[1] }

# sends, and reads until the server is ready for the next; returns the first column of the rows
sub trip {
    my ($self, $text) = @_;
    $self->{trips}++;
    syswrite($self->{socket}, $text) == length $text or die "short write\n";
    return $self->trip_read;
}

sub trip_read {
    my $self = shift;
    my @rows;
    my $error;
    for (;;) {
        while (length $self->{buffer} >= 5) {
            my ($type, $length) = unpack 'aN', $self->{buffer};
            last if length $self->{buffer} < 1 + $length;
            my $body = substr substr($self->{buffer}, 0, 1 + $length, ''), 5;
            if ($type eq 'D') {
                my $size = unpack 'x2l>', $body;
                push @rows, $size < 0 ? undef : substr $body, 6, $size;
            }
            elsif ($type eq 'E') { ($error) = $body =~ /\0M([^\0]*)/ }
            elsif ($type eq 'K') { $self->{pid} = unpack 'N', $body }
            elsif ($type eq 'Z') { die "$error\n" if defined $error; return \@rows }
        }
        sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer} or die "the server is gone\n";
    }
}

sub simple { return $_[0]->trip(message('Q', "$_[1]\0")) }   # simple(TEXT): one string, without parameters

sub bind_message {
    my ($name, @values) = @_;
    return message('B', "\0$name\0" . pack('n n', 0, scalar @values) . join('', map { pack('N/a*', $_) } @values) . pack('n', 0));
}

# parsed(TEXT, VALUE...): a statement with parameters that is parsed for this call alone
sub parsed {
    my ($self, $text, @values) = @_;
    return $self->trip(message('P', "\0$text\0" . pack('n', 0)) . bind_message('', @values) . message('E', "\0" . pack('N', 0)) . message('S', ''));
}

# prepared(TEXT, VALUE...): parsed at its first call, which is a round trip more, and kept
sub prepared {
    my ($self, $text, @values) = @_;
    my $name = $self->{statements}{$text};
    if (!defined $name) {
        $name = $self->{statements}{$text} = 's' . keys %{$self->{statements}};
        $self->trip(message('P', "$name\0$text\0" . pack('n', 0)) . message('S', ''));
    }
    return $self->trip(bind_message($name, @values) . message('E', "\0" . pack('N', 0)) . message('S', ''));
}

# the time that the server's process of this session has taken, in milliseconds
sub server_time {
    my $self = shift;
    open my $stat, '<', "/proc/$self->{pid}/schedstat" or die "the time of a server process takes /proc: $!\n";
    return (split ' ', readline $stat)[0] / 1e6;
}

1;
