# The example worker: killed in the middle (kill -9), two at once, woken by NOTIFY, retrying what
# deadlocks: every event is handled at least once, and those of a customer in order.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql';
use File::Temp qw(tempdir);
use IO::Select;
use POSIX ':sys_wait_h';

my $folder = tempdir(CLEANUP => 1);
my $python = "$folder/python/bin/python";
my $made = "python3 -m venv $folder/python && $folder/python/bin/pip -q install psycopg";
my $said = `($made) 2>&1`;
plan skip_all => "psycopg can't be had: " . ((split /\n/, $said)[-1] // $!) if $? != 0 || system("$python -c 'import psycopg' 2>/dev/null") != 0;

my $database = "ledger_worker_$$";
my @workers;

sub sql { return psql($database, $_[0]) }

# A worker, its process and what it prints.
sub start
{
	my (%settings) = @_;
	my $pid = open my $out, '-|';
	die "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		$ENV{$_} = $settings{$_} for keys %settings;
		exec $python, 'examples/worker.py', "dbname=$database", 'crm';
		exit 1;
	}
	push @workers, $pid;
	return {pid => $pid, out => $out, lines => []};
}

# What the worker prints next, or undef if it ends, or says nothing for a minute.
sub line
{
	my ($worker) = @_;
	return undef unless IO::Select->new($worker->{out})->can_read(60);
	# unbuffered: select() would not know what is in a buffer
	my $line = '';
	while (sysread $worker->{out}, my $c, 1)
	{
		last if $c eq "\n";
		$line .= $c;
	}
	push @{ $worker->{lines} }, $line if $line ne '';
	return $line eq '' ? undef : $line;
}

sub finish
{
	my ($worker, $signal) = @_;
	kill $signal => $worker->{pid};
	while (defined line($worker)) { }
	close $worker->{out};
}

sub handled { return map { /^(\d+): customer (\d+):/ ? [$1, $2] : () } map { @{ $_->{lines} } } @_ }

# Within each worker's output in turn, and from one to the next, a customer's events come in order;
# what was handled twice comes again before anything later.
sub in_order
{
	my %last;
	my $wrong = 0;
	for my $event (@_)
	{
		my ($id, $customer) = @$event;
		$wrong++ if defined $last{$customer} && $id < $last{$customer};
		$last{$customer} = $id;
	}
	return $wrong == 0;
}

END
{
	kill KILL => $_ for @workers;
	system("dropdb --if-exists --force $database 2>/dev/null") if defined $database;
}

system("createdb $database") == 0 or die 'cannot create the database';
sql(q{SET client_min_messages = error; CREATE EXTENSION customer_lifecycle; SELECT ledger_create('crm')});
sql("INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) SELECT c, '$_->[0]', '$_->[1]' FROM generate_series(1, 12) c")
	for ['page_view', '2024-01-01'], ['signup', '2024-01-02'], ['purchase', '2024-01-03'], ['onboarding_step', '2024-01-04'], ['activated', '2024-01-05'];
my $all = sql('SELECT count(*) FROM crm.event_outbox');
is($all, 60, 'there are events to work off');

# killed in the middle
my $killed = start(LEASE => '2 seconds');
line($killed) for 1 .. 25;
finish($killed, 'KILL');
my $left = sql('SELECT count(*) FROM crm.event_outbox WHERE acked_at IS NULL');
ok($left > 0 && $left < $all, "killed in the middle, $left are left");
# nobody gets an event before both are there; each takes its time, so that neither is done before the other has begun
sql(q{CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
	CREATE TRIGGER linger BEFORE UPDATE ON crm.event_outbox FOR EACH ROW WHEN (NEW.acked_at IS NOT NULL) EXECUTE FUNCTION linger()});
open my $gate, '|-', "psql -XAtq -d $database >/dev/null" or die "cannot run psql: $!";
$gate->autoflush(1);
print $gate "BEGIN; LOCK TABLE crm.event_outbox IN ACCESS EXCLUSIVE MODE;\n";
my @both = map { start(LEASE => '2 seconds', POLL => '0.2') } 1, 2;
for (1 .. 300)
{
	last if sql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'}) >= 2;
	select undef, undef, undef, 0.1;
}
print $gate "COMMIT;\n";
close $gate;
my $reader = IO::Select->new(map { $_->{out} } @both);
for (1 .. 600)
{
	last if sql('SELECT count(*) FROM crm.event_outbox WHERE acked_at IS NULL') == 0;
	for my $worker (@both) { line($worker) while IO::Select->new($worker->{out})->can_read(0.05) }
}
finish($_, 'TERM') for @both;
sql('DROP FUNCTION linger CASCADE');
is(sql('SELECT count(*) FROM crm.event_outbox WHERE acked_at IS NULL'), 0, 'two others work off what it left');
my %seen = map { $_->[0] => 1 } handled($killed, @both);
is(scalar(keys %seen), $all, 'every event was handled');
ok(in_order(handled($killed, $both[0])) && in_order(handled($killed, $both[1])), 'those of a customer in their order');
# across both: an event was only claimed after the one before was acknowledged
is(sql(q{SELECT count(*) FROM (SELECT acked_at < lag(acked_at) OVER (PARTITION BY customer_id ORDER BY event_id) AS early FROM crm.event_outbox) o WHERE early}),
	0, '... across workers, too');
ok(handled(@both) < $all && handled($both[0]) > 0 && handled($both[1]) > 0, 'both had their share');

# woken
sql(q{UPDATE crm.setting SET value = 'on' WHERE name = 'notify'});
my $listener = start(POLL => '600');
for (1 .. 600)
{
	last if sql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%COMMIT%' AND state = 'idle'});
	select undef, undef, undef, 0.1;
}
sql(q{INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (100, 'signup', '2024-01-01')});
like(line($listener) // 'nothing', qr/customer 100: stage_changed/, 'NOTIFY wakes a worker that would sleep for ten minutes');
finish($listener, 'TERM');

# what fails with a serialisation failure is tried again
sql(q{ALTER DATABASE } . $database . q{ SET default_transaction_isolation = 'serializable';
	CREATE SEQUENCE tries;
	CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('public.tries') <= 2 THEN RAISE serialization_failure; END IF; RETURN NEW; END $$;
	CREATE TRIGGER stumble BEFORE UPDATE ON crm.event_outbox FOR EACH ROW WHEN (NEW.acked_at IS NOT NULL) EXECUTE FUNCTION stumble();
	INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (101, 'signup', '2024-01-01')});
my $retrying = start(POLL => '0.2');
line($retrying);
for (1 .. 600)
{
	last if sql('SELECT count(*) FROM crm.event_outbox WHERE acked_at IS NULL') == 0;
	select undef, undef, undef, 0.1;
}
is(sql('SELECT count(*) FROM crm.event_outbox WHERE acked_at IS NULL'), 0, 'a serialisation failure is tried again');
ok(sql(q{SELECT last_value FROM tries}) >= 3, '... as often as it takes');
finish($retrying, 'TERM');

# two transactions of two statements that meet each other in a deadlock, for each waits for the other to have begun
sql(q{ALTER DATABASE } . $database . q{ RESET default_transaction_isolation;
	INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (201, 'signup', '2024-01-01'), (202, 'signup', '2024-01-01');
	CREATE SEQUENCE begun;
	CREATE FUNCTION meet(a bigint, b bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (a, 'login', now());
		PERFORM nextval('public.begun');
		WHILE (SELECT last_value < 2 FROM public.begun) LOOP PERFORM pg_sleep(0.02); END LOOP;
		INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (b, 'login', now());
	END $$});
my @meeting = map { open my $out, '-|', $python, '-c', q{import sys, psycopg; sys.path.insert(0, 'examples'); import worker
connection = psycopg.connect(sys.argv[1], autocommit=True)
worker.retrying(connection, 'SELECT meet(%s, %s)', sys.argv[2:])}, "dbname=$database", @$_ or die "cannot run python: $!"; $out } [201, 202], [202, 201];
is(join('', map { close $_; $? } @meeting), '00', 'transactions that meet a deadlock are done in the end');
cmp_ok(sql('SELECT last_value FROM begun'), '>=', 3, '... one of them at its second try');
is(sql(q{SELECT string_agg(touchpoint_count::text, ' ' ORDER BY customer_id) FROM crm.customer WHERE customer_id IN (201, 202)}), '3 3', '... once');
done_testing();
