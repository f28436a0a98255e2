# src/client/Restore.pm: the given schema, made in the private server.
#
# The statements are a stranger's. They run as a role that owns the database and nothing else: no superuser, so no program, no file
# and no library of the server is within their reach, and the server has no network. They are not psql's to execute: they are rows of
# a temporary table, which a block of PL/pgSQL executes one by one. After them, the superuser runs nothing that a database can
# redefine: statements on pg_catalog alone.
#
# What fails is left out and told. A type, a role or a schema that is not there gets a stand-in; a table that cannot be made as it is
# written is made without its defaults, checks and the like.
package PgJunction::Restore;
use strict;
use warnings;

# By the superuser. The extension is his, so that no statement can replace its functions. What else takes his rights, and is safe,
# is in functions: roles without any right, and publications.
my $prepare = <<'SQL';
CREATE ROLE junction_owner LOGIN;
CREATE EXTENSION junction;
ALTER DATABASE postgres OWNER TO junction_owner;
SET allow_system_table_mods = on;
CREATE SCHEMA pg_junction;
GRANT USAGE ON SCHEMA pg_junction TO PUBLIC;
CREATE FUNCTION pg_junction.create_role(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE ROLE %I NOLOGIN', name);
END $$;
CREATE FUNCTION pg_junction.publish_all(name text, publish text, via_root bool) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
BEGIN
    EXECUTE format('CREATE PUBLICATION %I FOR ALL TABLES WITH (publish = %L, publish_via_partition_root = %s)',
                   name, coalesce(publish, 'insert, update, delete, truncate'), via_root::text);
END $$;
CREATE FUNCTION pg_junction.publish_schema(name text, schema text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
BEGIN
    EXECUTE format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', name, schema);
END $$;
SHOW server_version_num;
SQL

my $execute = <<'SQL';
SET client_min_messages = error;
CREATE TEMP TABLE pg_junction_statement (
    step int PRIMARY KEY, kind text, statement text, plain text, relation text, block bool, made oid);
CREATE TEMP TABLE pg_junction_left_out (step int, what text, why text);
\copy pg_temp.pg_junction_statement (step, kind, statement, plain, relation, block) FROM 'statements'
DO $do$
DECLARE
    one record;
    attempt text;
    part text[];
    state text;
    message text;
    first_message text;
    stripped text;
BEGIN
    FOR i IN 1 .. (SELECT count(*) FROM pg_temp.pg_junction_statement) LOOP
        SELECT * INTO one FROM pg_temp.pg_junction_statement WHERE step = i;
        IF one.kind = 'commit' THEN
            COMMIT;
            CONTINUE;
        ELSIF one.kind = 'rollback' THEN
            ROLLBACK;
            CONTINUE;
        END IF;
        attempt := one.statement;
        first_message := NULL;
        FOR tries IN 1 .. 50 LOOP
            BEGIN
                EXECUTE attempt;
                IF one.relation IS NOT NULL THEN
                    UPDATE pg_temp.pg_junction_statement SET made = to_regclass(one.relation) WHERE step = i;
                END IF;
                IF first_message IS NOT NULL THEN
                    INSERT INTO pg_temp.pg_junction_left_out VALUES (i, 'plain', first_message);
                END IF;
                EXIT;
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
            END;
            BEGIN
                part := NULL;
                IF state = '42704' AND message ~ '^role ".*" does not exist$' THEN
                    PERFORM pg_junction.create_role(substring(message from '^role "(.*)" does not exist$'));
                    CONTINUE;
                ELSIF state = '3F000' AND one.statement ~* '^(CREATE|ALTER\s+TABLE)' THEN
                    EXECUTE format('CREATE SCHEMA %I', substring(message from '^schema "(.*)" does not exist$'));
                    CONTINUE;
                ELSIF state = '42704' AND one.statement ~* '^(CREATE|ALTER\s+TABLE)' THEN
                    part := string_to_array(substring(message from '^type "(.*?)(?:\[\])*" does not exist$'), '.');
                    IF array_length(part, 1) <= 2 THEN
                        EXECUTE 'CREATE DOMAIN ' || (SELECT string_agg(quote_ident(p), '.') FROM unnest(part) AS p) || ' AS pg_catalog.text';
                        INSERT INTO pg_temp.pg_junction_left_out VALUES (i, 'type', array_to_string(part, '.'));
                        CONTINUE;
                    END IF;
                ELSIF state = '42601' AND message ~ '^type modifier is not allowed for type' THEN
                    -- a stand-in has none: vector(3)
                    part := string_to_array(substring(message from '^type modifier is not allowed for type "(.*?)(?:\[\])*"$'), '.');
                    stripped := regexp_replace(attempt, '("?)\m' || regexp_replace(part[array_length(part, 1)], '(\W)', '\\\1', 'g') || '\M("?)\s*\([^()]*\)',
                                               '\1' || replace(part[array_length(part, 1)], '\', '\\') || '\2', 'g');
                    IF stripped <> attempt THEN
                        attempt := stripped;
                        CONTINUE;
                    END IF;
                END IF;
            EXCEPTION WHEN OTHERS THEN
                NULL;
            END;
            first_message := coalesce(first_message, message);
            IF one.plain IS NULL OR one.plain IN (attempt, one.statement) THEN
                INSERT INTO pg_temp.pg_junction_left_out VALUES (i, 'statement', first_message);
                EXIT;
            END IF;
            attempt := one.plain;
        END LOOP;
        IF NOT one.block THEN
            COMMIT;
        END IF;
    END LOOP;
END $do$;
\copy (SELECT step, what, why FROM pg_temp.pg_junction_left_out ORDER BY step, what) TO 'left_out'
\copy (SELECT step, made FROM pg_temp.pg_junction_statement WHERE made IS NOT NULL) TO 'made'
SQL

# By the superuser. Row counts, the number of distinct values, and indexes that are not valid, as in the given database.
my $carry_over = <<'SQL';
SET search_path = pg_catalog, pg_temp;
CREATE TEMP TABLE size (nsp text, rel text, tuples float4, pages int);
CREATE TEMP TABLE distinct_values (nsp text, rel text, att text, tree bool, widths text, count float4);
CREATE TEMP TABLE member (role text, member text);
CREATE TEMP TABLE invalid (nsp text, rel text, valid bool, ready bool, live bool, definition text);
\copy pg_temp.size FROM 'size'
\copy pg_temp.distinct_values FROM 'column'
\copy pg_temp.member FROM 'member'
\copy pg_temp.invalid FROM 'invalid'
UPDATE pg_catalog.pg_class SET reltuples = tuples, relpages = pages
FROM pg_temp.size JOIN pg_catalog.pg_namespace ON nspname OPERATOR(pg_catalog.=) nsp::name
WHERE relnamespace OPERATOR(pg_catalog.=) pg_namespace.oid AND relname OPERATOR(pg_catalog.=) rel::name;
INSERT INTO pg_catalog.pg_statistic (starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct,
    stakind1, stakind2, stakind3, stakind4, stakind5, staop1, staop2, staop3, staop4, staop5,
    stacoll1, stacoll2, stacoll3, stacoll4, stacoll5)
SELECT attrelid, attnum, tree, split_part(widths, ',', 1)::float4, split_part(widths, ',', 2)::int, count,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM pg_temp.distinct_values JOIN pg_catalog.pg_namespace n ON nspname OPERATOR(pg_catalog.=) nsp::name
    JOIN pg_catalog.pg_class c ON relnamespace OPERATOR(pg_catalog.=) n.oid AND relname OPERATOR(pg_catalog.=) rel::name
    JOIN pg_catalog.pg_attribute ON attrelid OPERATOR(pg_catalog.=) c.oid AND attname OPERATOR(pg_catalog.=) att::name
WHERE relkind IN ('r', 'p', 'm');
UPDATE pg_catalog.pg_index SET indisvalid = valid, indisready = ready, indislive = live
FROM pg_temp.invalid JOIN pg_catalog.pg_namespace n ON nspname OPERATOR(pg_catalog.=) nsp::name
    JOIN pg_catalog.pg_class c ON relnamespace OPERATOR(pg_catalog.=) n.oid AND relname OPERATOR(pg_catalog.=) rel::name
WHERE indexrelid OPERATOR(pg_catalog.=) c.oid;
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT role, member FROM pg_temp.member, pg_catalog.pg_roles r, pg_catalog.pg_roles m
               WHERE r.rolname OPERATOR(pg_catalog.=) role::name AND m.rolname OPERATOR(pg_catalog.=) member::name
                   AND NOT r.rolsuper AND NOT m.rolsuper LOOP
        EXECUTE pg_catalog.format('GRANT %I TO %I', one.role, one.member);
    END LOOP;
END $$;
SQL

# prepare(): makes the database, with the extension. Returns the version of the private server.
sub prepare {
    return int PgJunction::Server::run_sql($prepare, PgJunction::Server::SUPERUSER()) / 10000;
}

# restore(GIVEN): makes what is given. Sets made, for each table its statement by the table's OID, and left_out, a list of hashes:
# statement; what (statement; command: of psql; plain: parts of it; type: one that has a stand-in); why.
sub restore {
    my ($given) = @_;
    my @statements = in_order($given->{facts}{order}, grep { $_->{kind} ne 'meta' } @{$given->{statements}});
    my $step = 0;
    PgJunction::Server::write_file('statements', join '', map {
        join("\t", ++$step, map({ PgJunction::Statements::escape($_) } @$_{qw(kind text plain relation)}), $_->{block} ? 't' : 'f') . "\n"
    } @statements);
    PgJunction::Server::run_sql($execute, PgJunction::Server::OWNER());
    for (rows('made')) {
        my ($step, $oid) = @$_;
        $given->{made}{$oid} = $statements[$step - 1];
    }
    $given->{left_out} = [map { {statement => $_, what => 'command', why => 'a command of psql'} } grep { $_->{kind} eq 'meta' } @{$given->{statements}}];
    push @{$given->{left_out}}, map { my ($step, $what, $why) = @$_; {statement => $statements[$step - 1], what => $what, why => $why} } rows('left_out');
    if (%{$given->{facts}}) {
        PgJunction::Server::write_file($_, join '', map { fields($_) . "\n" } @{$given->{facts}{$_} // []}) for qw(size column member invalid);
        PgJunction::Server::run_sql($carry_over, PgJunction::Server::SUPERUSER());
    }
}

# pg_dump sorts constraints and indexes by name. Which is older can decide which is reported, so they get the order that they have
# in the database: keys among keys, foreign keys among foreign keys, indexes among indexes.
sub in_order {
    my ($order, @statements) = @_;
    my (%rank, %places);
    $rank{$order->[$_]} = $_ for 0 .. $#{$order // []};
    for my $place (0 .. $#statements) {
        my ($kind, $key) = PgJunction::Statements::constraint_or_index($statements[$place]{text});
        next if !defined $kind || !defined($statements[$place]{rank} = $rank{$key});
        push @{$places{$kind}}, $place;
    }
    for my $places (values %places) {
        my @sorted = sort { $a->{rank} <=> $b->{rank} } @statements[@$places];
        @statements[@$places] = @sorted;
    }
    return @statements;
}

# A line of facts without the columns that its kind has not
sub fields {
    my ($line) = @_;
    $line =~ s/(?:\t\\N)+\z//;
    return $line;
}

sub rows {
    my ($file) = @_;
    return map { [map { PgJunction::Statements::unescape($_) } split /\t/, $_, -1] } split /\n/, PgJunction::Server::read_file($file) // '';
}

1;
