# test/lib/Fuzz/Session.pm: a psql that stays, and is asked one statement after another.
package Fuzz::Session;
use strict;
use warnings;
use IPC::Open2;

sub new {                                               # Fuzz::Session->new(DATABASE, [LOG FILE])
    my ($class, $database, $log) = @_;
    my $self = bless {number => 0, dead => 0, log => $log}, $class;
    $self->{pid} = open2($self->{from}, $self->{to}, 'sh', '-c', 'exec psql --no-psqlrc --quiet --no-align --tuples-only --dbname "$1" 2>&1', 'sh', $database);
    binmode $self->{$_}, ':encoding(UTF-8)' for qw(from to);
    $self->{to}->autoflush(1);
    $self->ask('\set VERBOSITY verbose');
    return $self;
}

# what psql prints for this text; or what it printed before its server died, and then each answer is "dead"
sub ask {
    my ($self, $text) = @_;
    return "FATAL:  dead: the session has ended\n" if $self->{dead};
    my $mark = 'MARK ' . ++$self->{number};
    print {$self->{log}} "$text\n;\n" if $self->{log};
    local $SIG{PIPE} = 'IGNORE';
    print {$self->{to}} "$text\n;\n\\echo $mark\n";
    my $answer = '';
    while (defined(my $line = readline $self->{from})) {
        return $answer if $line eq "$mark\n";
        $answer .= $line;
        last if $line =~ /server closed the connection|connection to server was lost/;
    }
    $self->{dead} = 1;
    return "${answer}FATAL:  dead: the server closed the connection\n";
}

# the SQLSTATE of the first error of an answer, and its message; nothing if there is none
sub error_of {
    my $answer = shift;
    return $answer =~ /^(?:psql:\S+ )?(?:ERROR|FATAL|PANIC):  (\w+): (.*)/m ? ($1, $2) : ();
}

sub finish {
    my $self = shift;
    close $self->{to};
    close $self->{from};
    waitpid $self->{pid}, 0;
}

1;
