# A full disk and failing malloc(): an ERROR, after which the cluster goes on and a ledger is as its log says.
# Limits of the process stand for both: files of 20 MB (ulimit -f) are full at some write of a ledger or of its
# rebuild, and an address space (ulimit -v) in which no large state of an aggregate has room.
use strict;
use warnings;
use Test::More;

BEGIN
{
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
}

my $node = PostgreSQL::Test::Cluster->new('common_faults');
$node->init;
$node->append_conf('postgresql.conf', "shared_buffers = 16MB\nautovacuum = off\nmax_parallel_workers_per_gather = 0\njit = off\nwork_mem = 1MB");

sub start_limited
{
	my ($limit) = @_;
	system('bash', '-c', "$limit; exec pg_ctl -s -w -D '@{[$node->data_dir]}' -l '@{[$node->logfile]}' start") == 0 or die "the server does not start\n";
	$node->_update_pid(1);
}

# SQLSTATE of the first ERROR, or ''
sub sqlstate
{
	my ($sql) = @_;
	my ($status, undef, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql");
	return $err =~ /(ERROR|FATAL|PANIC):\s+(\w+)/ ? "$1 $2" : $err;
}

sub is_sound
{
	my ($what) = @_;
	is($node->safe_psql('postgres', q{SELECT count(*) FROM orders o FULL JOIN crm.touchpoint t ON t.source_key = o.id::text
		WHERE o.id IS NULL OR t.source_key IS NULL OR o.at <> t.occurred_at}), 0, "$what: log and source agree");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM ledger_check('crm')}), 0, '... and the state is the fold of the log');
}

# ---- a full disk ----

start_limited('ulimit -f 20480');
$node->safe_psql('postgres', q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm');
	CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, total numeric);
	SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total', track => 'orders')});
my $failed = 0;
for my $batch (0 .. 39)
{
	my $said = sqlstate("INSERT INTO orders SELECT $batch * 10000 + i, i % 3000, timestamptz '2024-01-01' + ($batch * 10000 + i) * interval '1 minute', 5 FROM generate_series(1, 10000) i");
	next if $said eq '';
	like($said, qr/^ERROR /, "a batch finds the disk full: $said");
	last if ++$failed == 2;
}
is($failed, 2, 'the disk is full, again and again');
is_sound('after batches that failed');
# each round writes every customer twice
my $said = sqlstate(q{DO $$ BEGIN FOR i IN 1 .. 60 LOOP UPDATE crm.customer SET stage = 'churned'; PERFORM ledger_rebuild('crm'); END LOOP; END $$});
like($said, qr/^ERROR /, "a rebuild finds the disk full: $said");
$node->stop;
start_limited('true');
$node->safe_psql('postgres', q{SELECT ledger_rebuild('crm')});
is_sound('with room again, after a rebuild');
is(sqlstate(q{INSERT INTO orders VALUES (-1, 1, '2026-01-01', 5)}), '', '... and writes go on');
is_sound('after that write');
$node->stop;

# Work that needs no more memory for more rows: neither for those that an expression fails on, nor for customers with many touchpoints.
my %small = (
	'rows that fail' => q{INSERT INTO texts SELECT i, i % 100, timestamptz '2024-01-01' + i * interval '1 minute', 'junk' FROM generate_series(1, 100000) i},
	'long histories' => q{SELECT count(*) FROM ledger_check('long')});
$node->start;
$node->safe_psql('postgres', q{
	SET client_min_messages = error;
	SELECT ledger_create('long'), ledger_create('junk');
	INSERT INTO long.touchpoint (customer_id, kind, occurred_at, properties) SELECT i % 60, 'page_view', timestamptz '2024-01-01' + i * interval '1 minute', jsonb_build_object('p', repeat('x', 300)) FROM generate_series(1, 360000) i;
	CREATE TABLE texts (id bigint PRIMARY KEY, who bigint, at timestamptz, total text);
	SELECT ledger_track('junk', 'texts', 'purchase', 'who', 'at', 'total::numeric', track => 'texts')});
$node->stop;

# ---- no memory ----

SKIP: {
skip 'a checker of memory needs more address space than that', 13 if ($ENV{POSTGRES_UNDER} // '') ne '';
start_limited('ulimit -v 300000');
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
my %states = (
	journey_agg => q{SELECT journey_max_length FROM (SELECT length(journey_agg(timestamptz '2024-01-01' + i * interval '1 second', 'a', NULL, 9000000)::text) AS journey_max_length FROM generate_series(1, 5000000) i) j},
	survival_agg => q{SELECT length(survival_agg(sqrt(i), i % 3 > 0)::text) FROM generate_series(1, 3000000) i},
	cox_agg => q{SELECT length(cox_agg(i::float8, true, ARRAY[i, 2, 3, 4, 5, 6, 7, 8, 9, 10]::float8[])::text) FROM generate_series(1, 1500000) i},
	risk_agg => q{SELECT length(risk_agg(true, ARRAY[i, 2, 3, 4, 5, 6, 7, 8, 9, 10]::float8[])::text) FROM generate_series(1, 1500000) i},
	clv_agg => q{SELECT length(clv_agg(make_purchase_summary(i % 50 + 1, (i % 700 + 1) * interval '1 day', 800 * interval '1 day' + i * interval '1 second', i))::text) FROM generate_series(1, 1500000) i},
	purchase_agg => q{SELECT length(purchase_agg(timestamptz '1900-01-01' + i * interval '1 hour', 1, '30 minutes', 'UTC')::text) FROM generate_series(1, 6000000) i},
	stage_agg => q{SELECT length(stage_agg((ARRAY['awareness', 'conversion'])[1 + i % 2]::lifecycle_stage, timestamptz '1900-01-01' + i * interval '1 minute')::text) FROM generate_series(1, 6000000) i},
	path_agg => q{SELECT length(path_agg(ARRAY['c' || i % 450, 'c' || i * 7 % 449, 'c' || i * 11 % 443, 'd' || i % 31], true)::text) FROM generate_series(1, 3000000) i});
for my $name (sort keys %states)
{
	like(sqlstate($states{$name}), qr/^ERROR (53200|54000)$/, "$name without memory says so");
}
for my $name (sort keys %small)
{
	is(sqlstate($small{$name}), '', "$name need no memory");
}
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server went on all the time');
is_sound('without memory');
$node->stop;
}
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP/, 'no process crashed');
done_testing();
