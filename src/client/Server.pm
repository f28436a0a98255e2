# src/client/Server.pm: the private server. All that it has is in one folder of the temporary directory, its socket too, which
# nobody else may enter; it has no port. It does not outlive this program, however that ends.
#
# Two processes see to that. The keeper starts the server, and waits for the end of a pipe that only this program writes to: then it
# stops the server and removes the folder. It is a process group of its own, as the server is, so that Ctrl-C is only this program's.
package PgJunction::Server;
use strict;
use warnings;
use Fcntl qw(F_SETFD);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use POSIX ();
use constant WAIT => 60;                                # seconds: how long a slow machine may take until it answers

use constant SUPERUSER => 'junction_superuser';
use constant OWNER => 'junction_owner';

# Kilobytes that must be free in memory, for the server to be there: many times what a thousand tables take.
use constant ROOM => 1024 * 1024;

# Nothing here is worth a sync. Autovacuum would overwrite the row counts that are carried over. What works in the background, and
# what others would look at, only takes time.
my %settings = (
    listen_addresses => '', unix_socket_directories => '.', unix_socket_permissions => '0700', port => 5432,
    fsync => 'off', synchronous_commit => 'off', full_page_writes => 'off', autovacuum => 'off', wal_level => 'minimal',
    max_wal_senders => 0, max_connections => 10, max_worker_processes => 0, max_parallel_workers => 0,
    max_logical_replication_workers => 0, shared_buffers => '64MB', max_wal_size => '256MB', jit => 'off',
    checkpoint_timeout => '1d', wal_writer_delay => '10s', bgwriter_lru_maxpages => 0, track_counts => 'off', update_process_title => 'off', logging_collector => 'off',
    dynamic_shared_memory_type => 'mmap', log_destination => 'stderr', max_locks_per_transaction => 1000,
);

my ($home, $user, $keeper, $to_keeper, $from_server);

# start(USER): begins to make the server, for the user of the system of this name if we are root. Returns at once.
sub start {
    my ($name) = @_;
    $user = account($name) if $> == 0;
    $home = tempdir('pg_junction.XXXXXX', place());
    # the path of a socket has some hundred bytes
    if (length $home > 70) {
        rmdir $home;
        $home = tempdir('pg_junction.XXXXXX', DIR => '/tmp');
    }
    chown $user->{uid}, $user->{gid}, $home if $user;
    pipe my $pipe_out, $to_keeper or main::trouble("pipe: $!");
    pipe $from_server, my $alive or main::trouble("pipe: $!");
    $keeper = fork // main::trouble("fork: $!");
    if ($keeper == 0) {
        close $to_keeper;
        close $from_server;
        keep($pipe_out, $alive);
        POSIX::_exit(0);
    }
}

# Where the folder is to be, for tempdir: in TMPDIR if that is set; else in memory if there is room, since a file system on a disk can
# take longer for the files of some thousand tables than the server does.
sub place {
    return (TMPDIR => 1) if defined $ENV{TMPDIR} || !-d '/dev/shm' || !-w _;
    my ($free) = (main::output_of('df', [qw(df -Pk /dev/shm)])) =~ /^\S+\s+\d+\s+\d+\s+(\d+)\s.*\n\z/m;
    return ($free // 0) >= ROOM ? (DIR => '/dev/shm') : (TMPDIR => 1);
}

sub account {
    my ($name) = @_;
    for my $one (defined $name ? $name : qw(postgres nobody)) {
        my ($uid, $gid) = (getpwnam $one)[2, 3];
        next if !defined $uid;
        main::trouble("the private server cannot run as $one, who is root") if $uid == 0;
        return {uid => $uid, gid => $gid};
    }
    main::trouble(defined $name ? "there is no user $name" : 'a server does not run as root: name a user with --run-as');
}

sub keep {
    my ($pipe, $alive) = @_;
    $SIG{$_} = 'IGNORE' for qw(INT TERM HUP QUIT PIPE);
    setpgrp;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    my $server = fork;
    if (defined $server && $server == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP QUIT PIPE);
        fcntl $alive, F_SETFD, 0;
        run_server();
        POSIX::_exit(1);
    }
    close $alive;
    1 while sysread $pipe, my $nothing, 1;
    if ($server) {
        kill QUIT => -$server;
        # a shell's worth of patience, then by force
        for (1 .. 100) {
            last if waitpid($server, POSIX::WNOHANG()) != 0;
            select undef, undef, undef, 0.05;
        }
        kill KILL => -$server;
    }
    for (1 .. 20) {
        as_user(sub { remove_tree($home, {error => \my $error}) });
        rmdir $home;
        last if !-e $home;
        select undef, undef, undef, 0.1;
    }
}

sub run_server {
    setpgrp;
    become_user();
    chdir $home or return;
    open STDOUT, '>>', 'log';
    open STDERR, '>&', \*STDOUT;
    clean_environment();
    my $initdb = fork // return;
    if ($initdb == 0) {
        exec main::program('initdb'), qw(--pgdata data --auth trust --encoding UTF8 --locale C --no-sync --no-instructions --username), SUPERUSER
            or POSIX::_exit(1);
    }
    waitpid $initdb, 0;
    return if $? != 0;
    exec main::program('postgres'), '-D', 'data', map { ('-c', "$_=$settings{$_}") } sort keys %settings;
}

# For good, in a process that is to end as the user.
sub become_user {
    return if !$user;
    $) = "$user->{gid} $user->{gid}";
    POSIX::setgid($user->{gid});
    POSIX::setuid($user->{uid});
    POSIX::_exit(1) if $> == 0 || $< == 0;
}

# as_user(SUB): calls it with the rights of the user: root follows no link that he has put into the folder.
sub as_user {
    my ($sub) = @_;
    return $sub->() if !$user;
    my ($uid, $gid) = ($>, $));
    $) = "$user->{gid} $user->{gid}";
    $> = $user->{uid};
    my @result = eval { $sub->() };
    my $error = $@;
    $> = $uid;
    $) = $gid;
    die $error if $error ne '';
    return wantarray ? @result : $result[-1];
}

sub clean_environment {
    delete $ENV{$_} for grep { /^(?:PG|LC_|LANG)/ } keys %ENV;
    $ENV{LC_ALL} = 'C';
}

# await(): returns when the server answers.
sub await {
    my $end = time + WAIT;
    while (1) {
        if (open my $file, '<', "$home/data/postmaster.pid") {
            return if grep { /^ready/ } <$file>;
        }
        vec(my $watched = '', fileno $from_server, 1) = 1;
        my $gone = select $watched, undef, undef, 0.02;
        last if $gone > 0 || time > $end;
    }
    main::trouble("the private server did not start:\n" . (read_file('log') // ''));
}

# run_sql(SCRIPT, ROLE, [HOW]): runs a script of ours by psql, as a role of the private server. Its files are those of the server's
# folder. Returns what it prints; if how is "print", psql prints it itself. If how is given, warnings and notices are told.
sub run_sql {
    my ($script, $role, $how) = @_;
    write_file('script', $script);
    my @command = (main::program('psql'), qw(--no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --file script));
    my $set_up = sub {
        become_user();
        chdir $home or POSIX::_exit(1);
        clean_environment();
        @ENV{qw(PGHOST PGPORT PGUSER PGDATABASE PGCLIENTENCODING PGAPPNAME)} = ("$home/data", $settings{port}, $role, 'postgres', 'UTF8', 'pg_junction');
    };
    return main::output_of(undef, \@command, set_up => $set_up, how => $how);
}

sub write_file {
    my ($name, $text) = @_;
    my $error = as_user(sub {
        open my $file, '>:raw', "$home/$name" or return "$!";
        print $file $text;
        return close $file ? '' : "$!";
    });
    main::trouble("$home/$name: $error") if $error ne '';
}

sub read_file {
    my ($name) = @_;
    return as_user(sub {
        open my $file, '<:raw', "$home/$name" or return;
        local $/;
        return scalar <$file>;
    });
}

# stop(): returns when the server and its folder are gone.
sub stop {
    return if !$keeper;
    close $to_keeper;
    waitpid $keeper, 0;
    undef $keeper;
}

1;
