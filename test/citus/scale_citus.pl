# Citus: a coordinator and two workers, touchpoints distributed by customer.  States are of concrete types, so
# Citus makes them on the workers (worker_partial_agg) and combines them (coord_combine_agg) rather than
# gathering the rows; grouped by customer, whole queries run on the workers.  Answers are those of one server.
# Skipped aloud where Citus isn't installed for the PostgreSQL that is tested.
use strict;
use warnings;
use Test::More;

BEGIN
{
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
	my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
	chomp(my $libraries = `$pg_config --pkglibdir`);
	plan skip_all => "Citus is not installed for this PostgreSQL (there is no $libraries/citus.so)" unless -e "$libraries/citus.so";
}

sub server
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'citus'\nlisten_addresses = 'localhost'\ntimezone = 'UTC'\nmax_prepared_transactions = 20");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
	return $node;
}

my ($main, @workers) = map { server($_) } qw(coordinator worker_1 worker_2);
$main->safe_psql('postgres', "SELECT citus_set_coordinator_host('localhost', " . $main->port . ')');
$main->safe_psql('postgres', "SELECT citus_add_node('localhost', " . $_->port . ')') for @workers;
$main->safe_psql('postgres', q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	CREATE TABLE single (customer bigint, at timestamptz, kind text, channel text, score integer, amount numeric);
	INSERT INTO single SELECT c, timestamptz '2024-01-01' + (c * 7919 + n * 104729) % 9000 * interval '1 hour',
		(ARRAY['visit', 'signup', 'purchase'])[1 + (c * n) % 3], (ARRAY['email', 'social', NULL])[1 + (c + n) % 3],
		(c * 31 + n * 17) % 11, ((c * n) % 500) / 7.0 FROM generate_series(1, 200) c, generate_series(1, 10) n;
	CREATE TABLE touch (LIKE single);
	SELECT create_distributed_table('touch', 'customer', shard_count => 8);
	INSERT INTO touch TABLE single});
is($_->safe_psql('postgres', q{SELECT count(*) FROM pg_extension WHERE extname = 'customer_lifecycle'}), '1', 'a worker has the extension') for @workers;

for my $measure ('rating_agg(score)', 'nps_agg(score)', 'purchase_agg(at, amount)', 'journey_agg(at, kind, channel)', q{activity_agg(at, 'week', 'UTC')},
	q{churn_agg(at, at + interval '50 days', '[2024-03-01, 2024-04-01)'::tstzrange)}, 'survival_agg(score, score > 4)', 'path_agg(ARRAY[channel, kind], score > 5)',
	'risk_agg(score > 5, ARRAY[sqrt(customer)])')
{
	my ($name) = $measure =~ /^(\w+)/;
	like($main->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) SELECT $measure FROM touch"), qr/worker_partial_agg\(.*$name/, "$name(): states are made on the workers");
	is($main->safe_psql('postgres', "SELECT ($measure)::text FROM touch"), $main->safe_psql('postgres', "SELECT ($measure)::text FROM single"), '... and combined to the answer of one server');
	my $query = "SELECT customer, ($measure)::text FROM %s GROUP BY customer ORDER BY customer";
	is($main->safe_psql('postgres', sprintf($query, 'touch')), $main->safe_psql('postgres', sprintf($query, 'single')), '... and so by customer');
}
my $sample = q{SELECT clv_agg(observe(h, '2025-06-01'))::text FROM (SELECT customer, purchase_agg(at, amount) AS h FROM %s GROUP BY customer) x};
is($main->safe_psql('postgres', sprintf($sample, 'touch')), $main->safe_psql('postgres', sprintf($sample, 'single')), 'a sample of histories, too');
$main->safe_psql('postgres', q{CREATE TABLE kept (customer bigint PRIMARY KEY, ratings rating_summary);
	SELECT create_distributed_table('kept', 'customer', colocate_with => 'touch');
	INSERT INTO kept SELECT customer, rating_agg(score) FROM touch GROUP BY customer});
is($main->safe_psql('postgres', 'SELECT rollup(ratings) FROM kept'), $main->safe_psql('postgres', 'SELECT rating_agg(score) FROM single'), 'summaries are stored on the workers and roll up');
$_->stop for $main, @workers;
done_testing();
