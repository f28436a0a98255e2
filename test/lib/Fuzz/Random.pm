# test/lib/Fuzz/Random.pm: random choices, and names as users give them. All is decided by srand().
package Fuzz::Random;
use strict;
use warnings;
use utf8;
use Exporter 'import';
our @EXPORT = qw(pick weighted maybe shuffled some quoted literal array new_name strange_name numbered forget_names);

sub pick { return $_[int rand @_] }
sub maybe { return rand() < $_[0] }
sub shuffled { my @list = @_; for my $i (reverse 1 .. $#list) { my $j = int rand($i + 1); @list[$i, $j] = @list[$j, $i] } return @list }
sub some { my $chance = shift; return grep { rand() < $chance } @_ }

sub weighted {                                          # weighted VALUE => WEIGHT, ...
    my @list = @_;
    my ($sum, $i) = (0, 0);
    $sum += $list[$_ * 2 + 1] for 0 .. $#list / 2;
    my $at = rand $sum;
    $i += 2 while ($at -= $list[$i + 1]) >= 0 && $i < $#list - 1;
    return $list[$i];
}

sub quoted { my $name = shift; $name =~ s/"/""/g; return qq("$name") }
sub literal { my $text = shift; return 'NULL' unless defined $text; $text =~ s/'/''/g; return "'$text'" }
sub array { return literal('{' . join(',', map { my $e = $_; $e =~ s/(["\\])/\\$1/g; qq("$e") } @_) . '}') }

my @words = qw(user org team tag invoice player film actor note part word box category address person bus analysis status news sheep);
my @reserved = qw(user order select table group all end check primary);
my %taken;

sub cut { my $name = shift; utf8::encode(my $bytes = $name); while (length $bytes > 63) { chop $name; utf8::encode($bytes = $name) } return $name }

sub numbered {                                          # numbered NAME, NUMBER: of 63 bytes at most
    my ($name, $number) = @_;
    chop $name while cut("${name}_$number") ne "${name}_$number";
    return "${name}_$number";
}

sub strange_name {                                      # strange_name [NUMBER]: as names must not be, and are; of a kind, or any
    my $word = pick(@words);
    my @names = ("${word}'s \"x\"", "$word\n\t%s", 'x' x 63, "$word; DROP TABLE users; --", "\\$word", "$word of $word", "$word.$word", " $word ", "\$1 $word",
        '%d' . $word, "${word}_id", 'é' x 31, "${word}_" . 'ü' x 40, 'Q' x 55, "\x{1F517} $word", $word . '"' x 5, pick(@reserved));
    return defined $_[0] ? $names[$_[0] % @names] : pick(@names);
}

# new_name [NAME]: one that no other call has returned since forget_names(): mostly plain, or like NAME
sub new_name {
    my $word = pick(@words);
    my $name = shift // ( maybe(0.7) ? pick($word, "${word}s", "${word}_" . pick(@words) . 's', ucfirst $word, ucfirst($word) . ucfirst pick(@words)) : strange_name());
    $name = cut($name);
    my ($base, $n) = ($name, 0);
    while ($taken{$name}) {                             # before or behind, so that cut names meet
        $n++;
        $name = maybe(0.5) ? cut("${n}_$base") : numbered($base, $n);
    }
    $taken{$name} = 1;
    return $name;
}

sub forget_names { %taken = map { $_ => 1 } @_ }

1;
