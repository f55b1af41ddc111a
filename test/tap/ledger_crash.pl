# kill -9 the postmaster under load: after recovery what was acknowledged is there, in the source,
# in the log and in the state.  LEDGER_CRASHES=20 for the full number.
use strict;
use warnings;
use Test::More;

BEGIN
{
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
}

my $crashes = $ENV{LEDGER_CRASHES} || 2;
my $sessions = 4;
my $node = PostgreSQL::Test::Cluster->new('ledger_crash');
$node->init;
$node->append_conf('postgresql.conf', "checkpoint_timeout = 30s\nautovacuum_naptime = 1s");
$node->start;
$node->safe_psql('postgres', q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm');
	CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz);
	SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', track => 'orders')});

my $connection = $node->connstr('postgres');
my %acknowledged;
my $next = 0;
for my $crash (1 .. $crashes)
{
	my @clients;
	for my $session (1 .. $sessions)
	{
		my $base = ++$next * 1_000_000;
		my $out = $PostgreSQL::Test::Utils::tmp_check . "/acknowledged.$next";
		open my $client, '|-', "exec psql -XAtq -d '$connection' >$out 2>/dev/null" or die "cannot run psql: $!";
		push @clients, [ $client, $out, $base ];
	}
	local $SIG{PIPE} = 'IGNORE';
	for my $c (@clients)
	{
		my ($client, undef, $base) = @$c;
		print $client join '', map
		{
			my $id = $base + $_;
			"INSERT INTO orders VALUES ($id, $id % 37, timestamptz '2024-01-01' + ($id % 9973) * interval '1 hour') RETURNING id;\n"
			  . ($_ % 7 == 0 ? "UPDATE orders SET at = at + interval '1 day' WHERE id = $id - 3;\n" : '')
		} 1 .. 300;
		$client->flush;
	}
	select undef, undef, undef, 0.3 + 0.2 * ($crash % 3);
	$node->kill9;
	for my $c (@clients)
	{
		close $c->[0];
		open my $in, '<', $c->[1] or die "cannot read: $!";
		/^(\d+)$/ and $acknowledged{$1} = 1 while <$in>;
	}
	# orphaned backends may still hold the shared memory for a moment
	for my $try (1 .. 30)
	{
		last if system('pg_ctl', '-s', '-w', '-D', $node->data_dir, '-l', $node->logfile, 'start') == 0;
		sleep 1;
	}
	$node->_update_pid(1);
	my %there = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', 'SELECT id FROM orders');
	is(scalar(grep { !$there{$_} } keys %acknowledged), 0, "crash $crash: what was acknowledged is there");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM orders o FULL JOIN crm.touchpoint t ON t.source_key = o.id::text
		WHERE o.id IS NULL OR t.source_key IS NULL OR o.at <> t.occurred_at}), 0, '... log and source agree');
	is($node->safe_psql('postgres', q{SELECT * FROM ledger_check('crm')}), '', '... and the state is the fold of the log');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM crm.customer c WHERE c.stage::text IS DISTINCT FROM
		(SELECT payload ->> 'to_stage' FROM crm.event_outbox e WHERE e.customer_id = c.customer_id ORDER BY event_id DESC LIMIT 1)}), 0,
		'... and the last that was told of a customer is true');
}
cmp_ok(scalar(keys %acknowledged), '>', 10 * $crashes, 'there was load');
$node->stop;
done_testing();
