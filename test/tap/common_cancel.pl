# Whatever takes long can be stopped: each long loop, over data that keep it busy for much longer than
# the statement timeout, ends by 57014, and what it had begun in a ledger is undone. How long after the
# timeout it ended is shown; only a machine that is busy with nothing else could be judged by it.
use strict;
use warnings;
use Test::More;

my $DATABASE = 'common_cancel';
my $TIMEOUT_MS = 100;
# no machine is so busy: an endless loop
my $STUCK_MS = 60000;

END { my $status = $?; system("dropdb --if-exists --force $DATABASE 2>/dev/null"); $? = $status }

sub psql
{
	my ($sql) = @_;
	open my $pipe, '|-', "psql -XAtq -v VERBOSITY=sqlstate -d $DATABASE >'/tmp/$DATABASE.$$' 2>&1" or die "cannot run psql: $!";
	print $pipe $sql;
	close $pipe;
	open my $in, '<', "/tmp/$DATABASE.$$" or die "cannot read: $!";
	my $out = join '', <$in>;
	close $in;
	unlink "/tmp/$DATABASE.$$";
	return $out;
}

# Set-up; then names and statements.
my @LOOPS = (
	[q{CREATE TABLE journey AS SELECT journey_agg(timestamptz '2024-01-01' + i * interval '1 second', (ARRAY['a','b','c','d','e'])[1 + i % 5], NULL, 4000000) AS v FROM generate_series(1, 1500000) i},
		'a funnel over a long journey', q{SELECT funnel(v, '{e,d,c,b,a,zz}', '1 year', exclude => '{q}') FROM journey, generate_series(1, 3)},
		'a funnel in any order', q{SELECT funnel(v, '{a,b,c,d,e,zz}', '3 seconds', mode => 'unordered') FROM journey, generate_series(1, 3)},
		'a pattern over a long journey', q{SELECT journey_contains(v, '(a).*(e)(?t<=1 second)(e).*(zz)') FROM journey, generate_series(1, 20)},
		'printing a long journey', q{SELECT length(v::text) FROM journey},
		'a rollup of long journeys', q{SELECT journey_max_length FROM (SELECT length(rollup(v)::text) AS journey_max_length FROM (SELECT v FROM journey UNION ALL SELECT v FROM journey) j) k}],
	[q{CREATE TABLE path AS SELECT path_agg(ARRAY['c' || i % 450, 'c' || i * 7 % 450, 'd' || i % 31], i % 3 = 0) AS v FROM generate_series(1, 100000) i},
		'Markov attribution of many channels', q{SELECT markov_attribution(v) FROM path, generate_series(1, 300)}],
	[q{CREATE TABLE purchases AS SELECT clv_agg(make_purchase_summary(i % 50 + 1, (i % 700 + 1) * interval '1 day', 800 * interval '1 day' + i * interval '1 minute', i % 97 + 1)) AS v FROM generate_series(1, 100000) i},
		map { ("a fit of $_", "SELECT clv_fit(v, '$_') FROM purchases") } qw(bg_nbd mbg_nbd pareto_nbd)],
	[q{CREATE TABLE appeals AS SELECT clv_agg(make_purchase_summary(1, interval '1 day', (3000 + i) * interval '1 day')) AS v FROM generate_series(1, 1000) i},
		'a fit of bg_bb to many opportunities', q{SELECT clv_fit(v, 'bg_bb', unit => '1 day') FROM appeals}],
	[q{CREATE TABLE contracts AS SELECT sbg_agg(i, (1e9 * exp(-i / 5000.0))::bigint) AS v FROM generate_series(0, 40000) i},
		'a fit of sbg', q{SELECT sbg_fit(v) FROM contracts}],
	[q{CREATE TABLE hazards AS SELECT cox_agg(i % 1013 + 1::float8, i % 3 > 0, ARRAY(SELECT sin(i * k)::float8 FROM generate_series(1, 30) k)) AS v FROM generate_series(1, 30000) i},
		'a Cox fit', q{SELECT cox_fit(v) FROM hazards},
		'a Cox fit with Efron ties', q{SELECT cox_fit(v, 'efron') FROM hazards}],
	[q{CREATE TABLE risks AS SELECT risk_agg(i % 3 = 0, ARRAY(SELECT sin(i * k)::float8 FROM generate_series(1, 40) k)) AS v FROM generate_series(1, 30000) i},
		'a logistic fit', q{SELECT risk_fit(v) FROM risks}],
	[q{CREATE TABLE curves AS SELECT survival_agg(sqrt(i), i % 3 > 0) AS v FROM generate_series(1, 400000) i},
		'a rollup of long curves', q{SELECT rollup(v) FROM curves, generate_series(1, 20)},
		'printing a long curve', q{SELECT length(v::text) FROM curves}],
	[q{CREATE TABLE orders AS SELECT i::bigint AS id, (i % 20000)::bigint AS who, timestamptz '2022-01-01' + i * interval '11 minutes' AS at, (i % 90)::numeric AS total FROM generate_series(1, 80000) i; ALTER TABLE orders ADD PRIMARY KEY (id);
		SELECT ledger_create('crm'); SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total', track => 'orders')},
		'ledger_backfill()', q{CALL ledger_backfill('crm', 'orders')},
		'ledger_touch() of many', q{SELECT ledger_touch('crm', i, 'purchase', timestamptz '2024-01-01') FROM generate_series(1, 100000) i},
		'rows of a tracked table', q{INSERT INTO orders SELECT i, i, '2023-01-01', 5 FROM generate_series(100000, 200000) i},
		map { ("one customer with many subjects of $_", "INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, subject) SELECT 1, '$_', timestamptz '2024-01-01' + i * interval '1 second', 's' || i FROM generate_series(1, 200000) i") } qw(ticket_opened subscription_started)],
	[q{CALL ledger_backfill('crm', 'orders')},
		'ledger_rebuild()', q{SELECT ledger_rebuild('crm')},
		'ledger_check()', q{SELECT count(*) FROM ledger_check('crm')},
		'ledger_tick()', q{SELECT ledger_tick('crm', '2025-06-01')},
		'ledger_refresh()', q{CALL ledger_refresh('crm', '2025-06-01')},
		'lifecycle() over a table', q{SELECT lifecycle(at, 'purchase', total) FROM orders, generate_series(1, 20)},
		'customer_360', q{SELECT count(*) FROM (SELECT * FROM crm.customer_360 OFFSET 0) c WHERE c::text <> ''},
		'kpi_monthly', q{SELECT sum(length(k::text)) FROM crm.kpi_monthly k}],
	[q{SELECT ledger_tick('crm', '2024-01-01')},
		'ledger_fit()', q{SELECT count(*) FROM ledger_fit('crm', '2024-01-01')},
		'ledger_health()', q{SELECT ledger_health('crm', '2024-02-01')}]);

system("dropdb --if-exists $DATABASE 2>/dev/null; createdb $DATABASE") == 0 or die "cannot create a database\n";
my $longest = 0;
psql("SET client_min_messages = error; CREATE EXTENSION customer_lifecycle;\n");
for my $group (@LOOPS)
{
	my ($set_up, @loops) = @$group;
	unlike(psql("SET client_min_messages = error; $set_up;\n"), qr/ERROR/, 'data for what follows');
	while (my ($name, $statement) = splice @loops, 0, 2)
	{
		my ($out, $ms);
		# a machine that is done before the time is out gets less of it
		for (my $timeout = $TIMEOUT_MS; $timeout >= 1; $timeout = int($timeout / 3))
		{
			$out = psql("SET client_min_messages = error; SET jit = off; SET statement_timeout = $timeout;\n\\timing on\n$statement;\n");
			($ms) = $out =~ /^Time: ([\d.]+) ms/m;
			last if $out =~ /ERROR/;
		}
		like($out, qr/ERROR:\s+57014/, "$name is cancelled") or diag(substr($out, 0, 500));
		cmp_ok($ms // 0, '<', $STUCK_MS, '... and ends');
		$longest = $ms if ($ms // 0) > $longest;
		note("$name: ended after $ms ms") if defined $ms;
	}
}

# A function that is called once ends long before it would be done. (Where nothing looks for a cancel,
# it ends when it is done.)
my @ONCE = (
	[q{CREATE TABLE bought AS SELECT purchase_agg(timestamptz '2000-01-01' + i * interval '1 second', 1, '1 second', 'UTC') AS v FROM generate_series(1, 3000000) i},
		'printing a long purchase_summary', q{SELECT length(v::text) FROM bought}],
	[q{CREATE TABLE sample AS SELECT clv_agg(make_purchase_summary(1, i * interval '1 second', i * interval '1 second', i)) AS v FROM generate_series(1, 400000) i},
		'printing a long clv_sample', q{SELECT length(v::text) FROM sample}],
	[q{CREATE TABLE survivors AS SELECT sbg_agg(i, (1e9 * exp(-i / 5000.0))::bigint) AS v FROM generate_series(0, 20000) i},
		'a fit of sbg', q{SELECT sbg_fit(v) FROM survivors}],
	[q{CREATE TABLE active AS SELECT activity_agg('2000-01-01Z'::timestamptz + i * interval '1 day', 'day', 'UTC') AS v FROM generate_series(1, 3000000) i},
		'printing a long activity_summary', q{SELECT length(v::text) FROM active}],
	map { [qq{SELECT ledger_create('$_'); INSERT INTO $_.touchpoint (customer_id, kind, occurred_at, subject) SELECT 1, '$_', timestamptz '2024-01-01' + i * interval '1 second', 's' || i FROM generate_series(1, 100000) i},
		"the fold of one customer with many subjects of $_", "SELECT ledger_rebuild('$_')"] } qw(ticket_opened subscription_started));
for my $case (@ONCE)
{
	my ($set_up, $name, $statement) = @$case;
	psql("SET client_min_messages = error; $set_up;\n");
	my ($whole) = psql("\\timing on\n$statement;\n") =~ /^Time: ([\d.]+) ms/m;
	my $timeout = int($whole / 20) + 1;
	my ($cancelled) = psql("SET statement_timeout = $timeout;\n\\timing on\n$statement;\n") =~ /57014\s+Time: ([\d.]+) ms/;
	cmp_ok($cancelled // $whole, '<', $whole / 2, "$name is cancelled in the midst") or diag("it takes $whole ms");
}
note("with a timeout of $TIMEOUT_MS ms, the last ended after $longest ms");
is(psql("SELECT count(*) FROM ledger_check('crm'); SELECT count(*) FROM crm.touchpoint;\n"), "0\n80000\n", 'a ledger is as it was');
done_testing();
