# Past one machine with what PostgreSQL brings along: two servers hold a range of the customers each, a third
# reaches them through postgres_fdw with `extensions 'customer_lifecycle'`.  Aggregates are computed there (the
# remote SQL says so), and summaries that come back roll up to what one server says of all rows, to the letter.
use strict;
use warnings;
use Test::More;

BEGIN
{
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
}

my @nodes;
sub server
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "timezone = 'UTC'\nshared_buffers = '32MB'");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION customer_lifecycle');
	push @nodes, $node;
	return $node;
}

my $columns = 'customer bigint, at timestamptz, kind text, channel text, score integer, amount numeric, cost double precision, ended timestamptz, stage lifecycle_stage';
# 120 customers, ten touchpoints each, and ties in everything
my $rows = q{SELECT c, timestamptz '2024-01-01' + (c * 7919 + n * 104729) % 9000 * interval '1 hour',
	(ARRAY['visit', 'signup', 'purchase', 'review'])[1 + (c * n) % 4], (ARRAY['email', 'social', NULL])[1 + (c + n) % 3],
	nullif((c * 31 + n * 17) % 13, 12) % 11, ((c * n) % 500) / 7.0, sqrt(c * n), CASE WHEN n < 5 THEN timestamptz '2024-01-20' + (c * 7919 + n * 104729) % 9000 * interval '1 hour' END,
	(enum_range(NULL::lifecycle_stage))[1 + (c * n) % 8]
	FROM generate_series(1, 120) c, generate_series(1, 10) n};

my @shards = map { server("shard_$_") } 1, 2;
my $main = server('main');
$main->safe_psql('postgres', "CREATE EXTENSION postgres_fdw; CREATE TABLE single ($columns); INSERT INTO single $rows;
	CREATE TABLE sharded ($columns) PARTITION BY RANGE (customer)");
for my $n (1, 2)
{
	my ($low, $high) = $n == 1 ? (1, 51) : (51, 121);
	my $shard = $shards[$n - 1];
	$shard->safe_psql('postgres', "CREATE TABLE touch ($columns);
		INSERT INTO touch SELECT * FROM ($rows) t WHERE c >= $low AND c < $high; ANALYZE touch");
	my $user = $main->safe_psql('postgres', 'SELECT current_user');
	$main->safe_psql('postgres', "
		CREATE SERVER shard_$n FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '" . $shard->host . "', port '" . $shard->port . "', dbname 'postgres',
			extensions 'customer_lifecycle', use_remote_estimate 'true');
		CREATE USER MAPPING FOR CURRENT_USER SERVER shard_$n OPTIONS (user '$user');
		CREATE FOREIGN TABLE touch_$n PARTITION OF sharded FOR VALUES FROM ($low) TO ($high) SERVER shard_$n OPTIONS (table_name 'touch')");
}

# The zone of postgres_fdw's sessions, GMT, is called UTC by older minor versions.
$shards[0]->safe_psql('postgres', q{CREATE VIEW session AS SELECT current_setting('timezone') AS zone});
$main->safe_psql('postgres', 'CREATE FOREIGN TABLE session (zone text) SERVER shard_1');
my $zone = $main->safe_psql('postgres', 'SELECT zone FROM session');
like($zone, qr/^(GMT|UTC)$/, 'sessions on the shards run in GMT');
sub answer { return $main->safe_psql('postgres', "SET enable_partitionwise_aggregate = on; SET timezone = '$zone'; $_[0]") }
sub plan_of { return answer("EXPLAIN (VERBOSE, COSTS OFF) $_[0]") }

# ---- one row of all: a summary from each shard, rolled up here ----

my %builders = (
	'rating_agg(score)' => 'nps',
	q{churn_agg(at, ended, '[2024-03-01, 2024-04-01)'::tstzrange)} => 'customers_lost',
	'revenue_agg(amount, amount * score / 7, score > 3)' => 'nrr',
	q{survival_agg(at - '2023-12-01', score > 4)} => 'median_lifetime',
	'cox_agg(cost + 1, score > 4, ARRAY[cost, customer])' => 'cox_customers',
	'purchase_agg(at, amount)' => 'total_spend',
	q{health_agg(score * 10, 1, NULL, channel)} => 'health_score',
	'risk_agg(score > 4, ARRAY[cost, amount::float8])' => undef,
	q{journey_agg(at, kind, channel)} => 'touch_count',
	'path_agg(ARRAY[channel, kind], score > 5)' => undef,
);
for my $builder (sort keys %builders)
{
	my ($name) = $builder =~ /^(\w+)/;
	for my $n (1, 2)
	{
		my $plan = plan_of("SELECT $builder FROM touch_$n");
		like($plan, qr/Remote SQL: SELECT public\.$name\(/, "$name() is computed on shard $n");
		unlike($plan, qr/Aggregate\s*$/m, '... and not here') or diag($plan) if $plan !~ /Relations: Aggregate on/;
	}
	my $read = $builders{$builder};
	my $parts = "SELECT rollup(s) AS s FROM (SELECT $builder AS s FROM touch_1 UNION ALL SELECT $builder FROM touch_2) part";
	for my $form ('s::text', $read ? "$read(s)::text" : ())
	{
		my $whole = answer("SELECT $form FROM (SELECT $builder AS s FROM single) one");
		is(answer("SELECT $form FROM ($parts) all_of_them"), $whole, "$name(): $form of the shards is that of one server");
		isnt($whole, '', '... which is something');
	}
}

# ---- a row a customer: the key of the partitions, so each shard finishes its own ----

for my $measure ('nps_agg(score)', 'rating_agg(score, 0, 10)::text', 'purchase_agg(at, amount)::text', 'journey_agg(at, kind, channel)::text',
	q{funnel(at, interval '30 days', kind = 'visit', kind = 'signup', kind = 'purchase')::text},
	'stage_agg(stage, at)::text')
{
	my ($name) = $measure =~ /^(\w+)/;
	my $query = "SELECT customer, $measure FROM %s GROUP BY customer";
	my $plan = plan_of(sprintf($query, 'sharded'));
	my $pushed = () = $plan =~ /Remote SQL: SELECT customer, .*public\.$name\(.* GROUP BY 1/g;
	is($pushed, 2, "$name() by customer: grouped on both shards") or diag($plan);
	is(answer(sprintf("$query ORDER BY 1", 'sharded')), answer(sprintf("$query ORDER BY 1", 'single')), '... with the answers of one server');
}

# ---- two levels: a history a customer made on the shards, one sample of all made here ----

my $histories = 'SELECT customer, purchase_agg(at, amount) FILTER (WHERE kind = \'purchase\') AS h FROM %s GROUP BY customer';
my $sample = "SELECT clv_agg(observe(h, '2025-06-01'))::text FROM ($histories) x";
like(plan_of(sprintf($sample, 'sharded')), qr/Remote SQL: SELECT .*public\.purchase_agg\(.* FILTER \(WHERE /, 'histories are made on the shards, filters included');
is(answer(sprintf($sample, 'sharded')), answer(sprintf($sample, 'single')), 'and their sample is that of one server');

# ---- what postgres_fdw keeps to itself: a constant text (its collation isn't the shard's column's). ----
# And its sessions live in GMT: days that a session's zone cuts are GMT's there.  A view on the shard says both.

unlike(plan_of(q{SELECT activity_agg(at, 'week', 'Europe/Berlin') FROM touch_1}), qr/Remote SQL: .*activity_agg/, 'a constant text keeps an aggregate here');
like(answer(q{SET timezone = 'Europe/Berlin'; SELECT purchase_agg(at, amount)::text FROM touch_1}), qr/"time_zone": "$zone"/, 'days of the session are days of GMT on a shard');
my (undef, undef, $mixed) = $main->psql('postgres', q{SELECT rollup(h) FROM (SELECT purchase_agg(at, amount, '1 day', z) AS h FROM single, unnest('{GMT,Europe/Berlin}'::text[]) z GROUP BY z) x});
like($mixed, qr/ERROR: .*GMT.*Europe.Berlin|ERROR: .*Europe.Berlin.*GMT/s, 'days of two zones do not mix');
my $view = q{SELECT customer, activity_agg(at, 'month', 'Europe/Berlin') AS activity, purchase_agg(at, amount, '1 day', 'Europe/Berlin') AS history FROM %s GROUP BY customer};
$main->safe_psql('postgres', 'CREATE TABLE kept (customer bigint, activity activity_summary, history purchase_summary) PARTITION BY RANGE (customer)');
for my $n (1, 2)
{
	$shards[$n - 1]->safe_psql('postgres', 'CREATE VIEW kept AS ' . sprintf($view, 'touch'));
	my ($low, $high) = $n == 1 ? (1, 51) : (51, 121);
	$main->safe_psql('postgres', "CREATE FOREIGN TABLE kept_$n PARTITION OF kept FOR VALUES FROM ($low) TO ($high) SERVER shard_$n OPTIONS (table_name 'kept')");
}
for my $of_all ('rollup(activity)', 'cohort_agg(activity)', 'rollup(history)')
{
	is(answer("SELECT $of_all\::text FROM kept"), answer(sprintf("SELECT $of_all\::text FROM ($view) x", 'single')), "$of_all of views on the shards");
	like(plan_of("SELECT $of_all FROM kept_1"), qr/Remote SQL: SELECT public\.\w+\((activity|history)\)/, '... which is shipped, too');
}

# ---- conditions on measures are shipped as well ----

like(plan_of(q{SELECT customer, nps_agg(score) FROM touch_1 GROUP BY customer HAVING nps_agg(score) < 0}), qr/Remote SQL: .* HAVING \(\(public\.nps_agg\(score\) < /, 'conditions on measures are shipped');
$main->safe_psql('postgres', 'ALTER SERVER shard_1 OPTIONS (DROP extensions)');
unlike(plan_of('SELECT rating_agg(score) FROM touch_1'), qr/Remote SQL: .*rating_agg/, "without `extensions 'customer_lifecycle'` nothing is");

$_->stop for @nodes;
done_testing();
