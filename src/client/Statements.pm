# src/client/Statements.pm: the statements of an SQL file, one by one, as they are fed to the private server.
#
# A file is text for psql, and psql can run programs (\!, \copy, \g |). So it is never given to psql: it is split here, by the
# rules of psql's own scanner, and the server gets each statement as a string. A backslash command ends the statement before it,
# and is left out with it. Should this scanner and psql's disagree, the worst is a statement that fails.
#
# Left out without a word is what says nothing of a schema, or cannot be had on a server of one database and one user: rows,
# owners, roles, settings of the session that loads the file.
package PgJunction::Statements;
use strict;
use warnings;

my $word = qr/[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff\$]*/;
my $name = qr/(?:"(?:[^"]|"")*"|$word)/;

# read_statements(FILE NAME, its TEXT in bytes): a list of statements in order, each a hash: file; line, where it begins; kind
# (sql, commit, rollback or meta, for a backslash command); text, without comments; of a CREATE TABLE, relation, the name as it is
# written, and plain, the statement without what another server may lack; block, whether it is inside BEGIN and COMMIT.
sub read_statements {
    my ($file, $text) = @_;
    my (@statements, $block);
    for my $statement (split_text($text)) {
        $statement->{file} = $file;
        classify($statement);
        my $kind = $statement->{kind};
        $block = 1 if $kind eq 'begin';
        $block = 0 if $kind =~ /^(commit|rollback)$/;
        $statement->{block} = $block ? 1 : 0;
        push @statements, $statement if $kind =~ /^(sql|commit|rollback|meta)$/;
    }
    return @statements;
}

# A text as statements with line, text and perhaps meta.
sub split_text {
    local $_ = $_[0];
    my (@found, $statement, @words);
    my ($line, $counted, $parens, $begins) = (1, 0, 0, 0);
    my $add = sub {
        if (!$statement) {
            my $start = pos() - length $_[0];
            $line += substr($_, $counted, $start - $counted) =~ tr/\n//;
            $counted = $start;
            $statement = {line => $line, text => ''};
        }
        $statement->{text} .= $_[0];
    };
    my $end = sub {
        push @found, $statement if $statement;
        ($statement, $parens, $begins, @words) = (undef, 0, 0);
    };
    pos = 0;
    while (pos() < length) {
        if (/\G\s+/gc) { $statement->{text} .= $& if $statement }
        elsif (/\G--[^\n]*/gc) { }
        elsif (/\G\/\*/gc) { skip_comment(); $statement->{text} .= ' ' if $statement }
        elsif (/\G[eE](?=')/gc) { $add->($& . escaped_string()) }
        elsif (/\G(?:'[^']*(?:'|\z)|"[^"]*(?:"|\z))/gc) { $add->($&) }
        elsif (/\G$word/gc) {
            my $one = lc $&;
            $add->($&);
            push @words, $one if @words < 4;
            $begins = count_begins($begins, $one) if $parens == 0 && "@words" =~ /^create (or replace )?(function|procedure)\b/;
        }
        elsif (/\G\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$/gc) {
            my ($tag, $from) = ($&, pos);
            my $to = index $_, $tag, $from;
            $to = $to < 0 ? length : $to + length $tag;
            pos = $to;
            $add->($tag . substr $_, $from, $to - $from);
        }
        elsif (/\G;/gc) {
            if ($parens > 0 || $begins > 0) { $add->(';'); next }
            my $copies = $statement && $statement->{text} =~ /^COPY\b.*\bFROM\s+STDIN\b/is;
            $end->();
            skip_data() if $copies;
        }
        elsif (/\G\\[^\n]*/gc) {
            my $command = $&;
            # what a command such as \gexec would have done with a statement before it is unknown: both are left out
            $statement->{text} .= ' ' if $statement;
            $add->($command);
            $statement->{meta} = 1;
            $end->();
        }
        else {
            /\G(?:[0-9][0-9A-Za-z_.]*|.)/gcs;
            my $other = $&;
            $parens++ if $other eq '(';
            $parens-- if $other eq ')' && $parens > 0;
            $add->($other);
        }
    }
    $end->();
    return @found;
}

# BEGIN ATOMIC ... END of a function, in which a ; ends nothing
sub count_begins {
    my ($begins, $one) = @_;
    return $begins + 1 if $one eq 'begin' || $one eq 'case' && $begins > 0;
    return $begins - 1 if $one eq 'end' && $begins > 0;
    return $begins;
}

# The rest of a comment, in which comments may be.
sub skip_comment {
    my $depth = 1;
    while ($depth > 0 && /\G.*?(\/\*|\*\/|\z)/gcs) {
        return if $1 eq '';
        $depth += $1 eq '/*' ? 1 : -1;
    }
}

sub escaped_string {
    my $start = pos;
    /\G'/gc;
    1 while /\G[^'\\]+/gc || /\G\\./gcs || /\G''/gc;
    /\G'/gc || (pos = length);
    return substr $_, $start, pos() - $start;
}

# The rows behind COPY ... FROM stdin.
sub skip_data {
    /\G[^\n]*\n?/gc;
    return if /\G\\\.\r?(?:\n|\z)/gc;
    my $to = index $_, "\n\\.", pos;
    pos = $to < 0 ? length : $to + 3;
}

my @silent = (
    qr/^(?:INSERT|COPY|SAVEPOINT|RELEASE|ROLLBACK\s+TO|PREPARE\s+TRANSACTION|LOCK|ANALYZE|VACUUM|CLUSTER|REINDEX|CHECKPOINT|REFRESH)\b/i,
    qr/^SELECT\s+(?:pg_catalog\s*\.\s*)?setval\b/i,
    qr/^(?:SET|RESET)\s+(?:(?:SESSION|LOCAL)\s+)?(?:SESSION\s+AUTHORIZATION|ROLE|client_encoding|client_min_messages|row_security|session_replication_role|transaction|\w+_timeout|default_transaction_\w+|CHARACTERISTICS|NAMES)\b/i,
    qr/^ALTER\b.*\bOWNER\s+TO\s+\S+\s*\z/is,
    qr/^ALTER\s+DEFAULT\s+PRIVILEGES\b/i,
    qr/^(?:CREATE|DROP|ALTER|COMMENT\s+ON)\s+(?:DATABASE|ROLE|USER|GROUP|TABLESPACE)\b(?!\s+MAPPING)/i,
    qr/^CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(?:junction|public)"?\s*\z/i,
    qr/^CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(?:junction|plpgsql)"?(?:\s|\z)/i,
);

# Set kind, and what else of a statement can be said by its text.
sub classify {
    my ($statement) = @_;
    local $_ = $statement->{text};
    s/\s+\z//;
    $statement->{text} = $_;
    $statement->{kind} = 'sql';
    if ($statement->{meta}) {
        $statement->{kind} = /^\\(?:restrict|unrestrict|connect|c|\.)(?:\s|\z)/ ? 'nothing' : 'meta';
    }
    elsif (/^(?:BEGIN|START\s+TRANSACTION)\b/i) { $statement->{kind} = 'begin' }
    elsif (/^(?:COMMIT|END)\b/i) { $statement->{kind} = 'commit' }
    elsif (/^(?:ROLLBACK|ABORT)\b(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b)/i) { $statement->{kind} = 'rollback' }
    elsif (grep { $statement->{text} =~ $_ } @silent) { $statement->{kind} = 'nothing' }
    elsif (/^CREATE\s+(?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED)\s+)*TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?($name(?:\s*\.\s*$name)*)/i) {
        $statement->{relation} = $1;
        $statement->{plain} = plain_table($statement->{text});
    }
    elsif (/^(?:CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s/i || /^ALTER\b.*\bDETACH\s+PARTITION\b/is) {
        $statement->{text} =~ s/\bCONCURRENTLY\b//i;
    }
    else { publish($statement) }
}

my $makes_table = qr/CREATE\s+(?:UNLOGGED\s+)?TABLE\b/i;
my $adds_part = qr/\bADD\s.*\b(?:PRIMARY\s+KEY|FOREIGN\s+KEY|REFERENCES|UNIQUE)\b|\bADD\s+COLUMN\b/is;
my $begins_statement = qr/^(?:ALTER|ANALY[SZ]E|CALL|COMMENT|CREATE|DEALLOCATE|DECLARE|DELETE|DISCARD|DO|DROP|EXECUTE|EXPLAIN|FETCH|GRANT|IMPORT|LISTEN|LOAD|MERGE|NOTIFY|PREPARE|REASSIGN|RESET|REVOKE|SECURITY|SELECT|SET|SHOW|TABLE|TRUNCATE|UNLISTEN|UPDATE|VALUES|WITH|\()/i;

# shapes_tables(STATEMENT, WHY): does what is checked lack something, as this statement was left out for this reason: a table, a column,
# a key, a foreign key, or a file that may make one? So may what is no statement at all.
sub shapes_tables {
    my ($statement, $why) = @_;
    local $_ = $statement->{text};
    return 1 if $statement->{meta} && /\\i(?:r|nclude(?:_relative)?)?(?:\s|\z)/;
    s/'[^']*'//g;
    return 0 if $why =~ /already exists$/;
    return 1 if $why =~ /^syntax error/ && $_ !~ $begins_statement;
    return 1 if /^$makes_table/ || /^ALTER\s+TABLE\b/i && $_ =~ $adds_part;
    return 1 if /^CREATE\s+UNIQUE\s+INDEX\b[^()]*\(\s*$name(?:\s*,\s*$name)*\s*\)/i;
    return /^(?:DO|CREATE\s+SCHEMA)\b.*\b$makes_table/is || /^DO\b/i && $_ =~ $adds_part ? 1 : 0;
}

# A publication of all tables, or of schemas, takes a superuser; these functions have his rights (see Restore.pm).
sub publish {
    my ($statement) = @_;
    my $options = qr/(?:\s+WITH\s*\(((?:[^()']|'[^']*')*)\))?/;
    if ($statement->{text} =~ /^CREATE\s+PUBLICATION\s+($name)\s+FOR\s+ALL\s+TABLES$options\z/i) {
        my ($publication, $with) = ($1, $2 // '');
        my $publish = $with =~ /\bpublish\s*=\s*('[^']*')/i ? $1 : 'NULL';
        my $via_root = $with =~ /\bpublish_via_partition_root\s*=\s*'?(?:true|on|1)/i ? 'true' : 'false';
        $statement->{text} = 'SELECT pg_junction.publish_all(' . as_text($publication) . ", $publish, $via_root)";
    }
    elsif ($statement->{text} =~ /^ALTER\s+PUBLICATION\s+($name)\s+ADD\s+TABLES\s+IN\s+SCHEMA\s+($name)\z/i) {
        $statement->{text} = 'SELECT pg_junction.publish_schema(' . as_text($1) . ', ' . as_text($2) . ')';
    }
}

# constraint_or_index(TEXT): of a statement of pg_dump that makes a key, a foreign key or an index, which of these, and schema, table
# and name as COPY writes them, with tabs between them.
sub constraint_or_index {
    local $_ = $_[0];
    my ($kind, @names);
    if (/^ALTER TABLE (?:ONLY )?($name)\.($name)\s+ADD CONSTRAINT ($name) (PRIMARY|UNIQUE|FOREIGN)\b/) {
        ($kind, @names) = ($4 eq 'FOREIGN' ? 'foreign' : 'key', $1, $2, $3);
    }
    elsif (/^CREATE (?:UNIQUE )?INDEX ($name) ON (?:ONLY )?($name)\.($name)/) { ($kind, @names) = ('index', $2, $3, $1) }
    else { return }
    return ($kind, join "\t", map { escape(unquoted($_)) } @names);
}

sub unquoted {
    my ($identifier) = @_;
    return lc $identifier if $identifier !~ /^"(.*)"\z/s;
    return $1 =~ s/""/"/gr;
}

# An identifier as it is written, as a string constant of the name.
sub as_text {
    return PgJunction::Call::quote(unquoted($_[0]));
}

# A CREATE TABLE without defaults, CHECKs, EXCLUDEs, expressions, collations and storage; undef if its form is another.
sub plain_table {
    my ($text) = @_;
    my @tokens = $text =~ /(\s+|'[^']*'|"[^"]*"|\$(?:\w*)\$.*?\$\w*\$|$word|[0-9][0-9A-Za-z_.]*|.)/gs;
    my ($head, @elements, $tail) = ('');
    my $depth = 0;
    while (@tokens && $tokens[0] ne '(') { $head .= shift @tokens }
    return if !@tokens || $head =~ /\b(?:AS|OF)\b/i;
    while (@tokens) {
        my $token = shift @tokens;
        $depth++ if $token eq '(';
        $depth-- if $token eq ')';
        last if $depth == 0;
        if ($token eq '(' && $depth == 1) { @elements = ([]) }
        elsif ($token eq ',' && $depth == 1) { push @elements, [] }
        else { push @{$elements[-1]}, $token }
    }
    return if $depth > 0;                               # cut off: columns and keys may have followed
    $tail = join '', @tokens;
    my $inherits = $tail =~ /\b(INHERITS\s*\([^()]*\))/i ? " $1" : '';
    my $parted = $tail =~ /\b(PARTITION\s+BY\s+\w+\s*\(.*?\))\s*(?:USING|WITH|TABLESPACE|\z)/is ? " $1" : '';
    my @plain = grep { /\S/ } map { plain_element(@$_) } @elements;
    return "$head(" . join(',', @plain) . ")$inherits$parted";
}

my %clause = map { $_ => 1 } qw(constraint not null primary unique references default check generated collate storage compression
    deferrable initially no);
my $no_clause = qr/^(?:(?:not|default|set|on) null|set default|not deferrable|(?:delete|update) no|by default)$/;
my $identity = qr/^GENERATED\s+(?:ALWAYS|BY\s+DEFAULT)\s+AS\s+IDENTITY/i;
my %dropped = map { $_ => 1 } qw(default check collate storage compression no);

# One column or constraint of a CREATE TABLE, from its tokens, as text; an empty one if it is left out.
sub plain_element {
    my @tokens = @_;
    shift @tokens while @tokens && $tokens[0] =~ /^\s+$/;
    return '' if !@tokens;
    return '' if "@tokens" =~ /^(?:CONSTRAINT\s+$name\s+)?(?:CHECK|EXCLUDE|NOT)\b/i;
    return join '', @tokens if $tokens[0] =~ /^(?:CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|LIKE)$/i;

    # a part is the column with its type, or one clause behind it; CONSTRAINT and its name belong to the next one
    my ($text, $part, $kept, $depth, $before, $named) = ('', '', 1, 0, '', 0);
    for my $i (0 .. $#tokens) {
        my $token = lc $tokens[$i];
        if ($depth == 0 && $i > 0 && $clause{$token} && "$before $token" !~ $no_clause) {
            if (!$named) {
                $text .= $part if $kept;
                $part = '';
            }
            $named = $token eq 'constraint';
            $kept = !$dropped{$token};
            $kept = 0 if $token eq 'generated' && join('', @tokens[$i .. $#tokens]) !~ $identity;
        }
        $depth++ if $token eq '(';
        $depth-- if $token eq ')';
        $part .= $tokens[$i];
        $before = $token if $token =~ /\S/;
    }
    return $kept ? "$text$part" : $text;
}

# escape(VALUE): a value of COPY's text format; null if it is undefined.
sub escape {
    my ($value) = @_;
    return '\N' if !defined $value;
    my %as = ("\\" => '\\\\', "\t" => '\t', "\n" => '\n', "\r" => '\r');
    $value =~ s/([\\\t\n\r])/$as{$1}/g;
    return $value;
}

# unescape(VALUE): the reverse, of one that is not null.
sub unescape {
    my ($value) = @_;
    my %as = (t => "\t", n => "\n", r => "\r", b => "\b", f => "\f", v => "\x0b");
    $value =~ s/\\(.)/$as{$1} \/\/ $1/ge;
    return $value;
}

1;
