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
# what a query says, or why it doesn't
sub answer
{
	my ($status, $rows, $error) = $main->psql('postgres', $_[0]);
	return $status ? $error : $rows;
}

note(answer("SELECT string_agg(extname || ' ' || extversion, ', ' ORDER BY extname) || ' on PostgreSQL ' || current_setting('server_version') FROM pg_extension"));
answer("SELECT citus_set_coordinator_host('localhost', " . $main->port . ')');
answer("SELECT citus_add_node('localhost', " . $_->port . ')') for @workers;
answer(q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	CREATE TABLE single (customer bigint, at timestamptz, kind text, channel text, score integer, amount numeric, cost double precision, stage lifecycle_stage);
	INSERT INTO single SELECT c, timestamptz '2024-01-01' + (c * 7919 + n * 104729) % 9000 * interval '1 hour' + c * interval '1 second',
		(ARRAY['page_view', 'signup', 'purchase'])[1 + (c * n) % 3], (ARRAY['email', 'social', NULL])[1 + (c + n) % 3],
		(c * 31 + n * 17) % 11, ((c * n) % 500) / 7.0, sqrt(c * n), (enum_range(NULL::lifecycle_stage))[1 + (c * n) % 8]
		FROM generate_series(1, 200) c, generate_series(1, 10) n;
	CREATE TABLE touch (LIKE single);
	SELECT create_distributed_table('touch', 'customer', shard_count => 8);
	INSERT INTO touch TABLE single});
is($_->safe_psql('postgres', q{SELECT count(*) FROM pg_extension WHERE extname = 'customer_lifecycle'}), '1', 'a worker has the extension') for @workers;

# MEASURE over the rows of FROM, which names its table as %s: that of workers, and that of one server.
my %tested;
sub same_answer
{
	my ($measure, $distributed, $single) = @_;
	my ($name) = $measure =~ /^(\w+)/;
	$tested{$name} = 1;
	like(answer("EXPLAIN (VERBOSE, COSTS OFF) SELECT $measure FROM $distributed"), qr/^Aggregate\n +Output: coord_combine_agg\(.*Query: SELECT [^\n]*worker_partial_agg\('public\.$name\(/s,
		"$measure: states are made on the workers and combined here");
	is(answer("SELECT ($measure)::text FROM $distributed"), my $whole = answer("SELECT ($measure)::text FROM $single"), '... to the answer of one server');
	unlike($whole, qr/^$|ERROR/, '... which is something');
}

sub same_by_customer
{
	my ($measure) = @_;
	my $query = "SELECT customer, ($measure)::text FROM %s GROUP BY customer ORDER BY customer";
	is(answer(sprintf($query, 'touch')), answer(sprintf($query, 'single')), "$measure by customer: the answers of one server");
}

# ---- rows of all customers ----

my $period = q{'[2024-03-01, 2024-04-01)'::tstzrange};
for my $measure ('rating_agg(score)', 'nps_agg(score)', 'csat_agg(score % 5 + 1)', 'csat_mean(score % 5 + 1)', 'ces_agg(score % 7 + 1)',
	map({ "$_(at, at + interval '50 days', $period)" } qw(churn_agg churn_rate retention_rate)), q{merge_episodes(at, at + interval '1 day')},
	map({ "$_(amount, amount * score / 7, score > 3)" } qw(revenue_agg nrr grr gross_revenue_churn net_revenue_churn quick_ratio)),
	'survival_agg(cost, score > 4)', 'cox_agg(cost + 1, score > 4, ARRAY[cost, customer])', 'purchase_agg(at, amount)',
	'sbg_agg(score, 11 - score)', 'health_agg(score * 10, 1, NULL, channel)', 'health_score(score * 10, 1)', 'risk_agg(score > 5, ARRAY[sqrt(customer)])',
	map({ "$_(at, interval '30 days', kind = 'page_view', kind = 'signup', kind = 'purchase')" } qw(funnel funnel_times)),
	'journey_agg(at, kind, channel)', q{activity_agg(at, 'week', 'UTC')}, 'path_agg(ARRAY[channel, kind], score > 5)',
	'lifecycle(at, kind, amount)', 'stage_agg(stage, at)')
{
	same_answer($measure, 'touch', 'single');
	same_by_customer($measure);
}

# Aggregates that take any type need to be told which, and Citus tells the states of its workers nothing: it
# refuses them.  Whole queries on the workers, a row a customer, are as ever.
my %plain = ('journey_agg(at, stage, channel)' => 'journey_agg(at, stage::text, channel)',
	q{funnel(at, kind, ARRAY['page_view', 'signup', 'purchase'], '30 days')} => q{funnel(at, interval '30 days', kind = 'page_view', kind = 'signup', kind = 'purchase')});
for my $measure (sort keys %plain)
{
	like(answer("SELECT $measure FROM touch"), qr/could not confirm type correctness/, "$measure: refused by Citus");
	same_answer($plain{$measure}, 'touch', 'single');
	is(answer("SELECT ($plain{$measure})::text FROM touch"), answer("SELECT ($measure)::text FROM single"), '... which says the same');
	same_by_customer($measure);
}

# Days that a session's zone cuts are those of the workers' zone; a zone that is named is everyone's.
like(answer(q{SET timezone = 'Europe/Berlin'; SELECT purchase_agg(at, amount)::text FROM touch}), qr/"time_zone": "UTC"/, 'days of the session are days of the workers');
my $in_berlin = q{purchase_agg(at, amount, '1 day', 'Europe/Berlin')};
same_answer($in_berlin, 'touch', 'single');

# ---- histories of customers: made on the workers, and so are states of many of them ----

my $histories = q{(SELECT customer, purchase_agg(at, amount) AS history, activity_agg(at, 'week', 'UTC') AS activity FROM %s GROUP BY customer) x};
same_answer($_, sprintf($histories, 'touch'), sprintf($histories, 'single'))
	for q{clv_agg(observe(history, '2025-06-01'))}, q{clv_fit(observe(history, '2025-06-01'))}, 'cohort_agg(activity)';
my $survivors = '(SELECT customer, least(score, 3) AS period, 100 - 20 * least(score, 3) AS survivors FROM %s WHERE score < 4) x';
same_answer('sbg_fit(period, survivors)', sprintf($survivors, 'touch'), sprintf($survivors, 'single'));

# ---- summaries stored on the workers ----

my %stored = (
	ratings => 'rating_agg(score)', churn => "churn_agg(at, at + interval '50 days', $period)", revenue => 'revenue_agg(amount, amount * score / 7, score > 3)',
	survival => 'survival_agg(cost, score > 4)', cox => 'cox_agg(cost + 1, score > 4, ARRAY[cost, customer])', history => 'purchase_agg(at, amount)',
	health => 'health_agg(score * 10, 1, NULL, channel)', risk => 'risk_agg(score > 5, ARRAY[cost])', journey => 'journey_agg(at, kind, channel)',
	activity => q{activity_agg(at, 'week', 'UTC')}, paths => 'path_agg(ARRAY[channel, kind], score > 5)', timeline => 'stage_agg(stage, at)');
my @columns = sort keys %stored;
my $kept = 'SELECT customer, ' . join(', ', map { "$stored{$_} AS $_" } @columns) . ' FROM %s GROUP BY customer';
answer('CREATE TABLE kept_single AS ' . sprintf($kept, 'single'));
answer(q{CREATE TABLE kept (LIKE kept_single); SELECT create_distributed_table('kept', 'customer', colocate_with => 'touch');
	INSERT INTO kept } . sprintf($kept, 'touch'));
same_answer("rollup($_)", 'kept', 'kept_single') for @columns;

is(answer(q{SELECT string_agg(DISTINCT proname, ', ') FROM pg_proc JOIN pg_depend ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
	WHERE prokind = 'a' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'customer_lifecycle') AND proname <> ALL ('} . '{' . join(',', keys %tested) . "}')"),
	'', 'each aggregate of the extension was tested');

# ---- a ledger lives whole on one server: beside distributed tables, never in them ----

answer(q{SET client_min_messages = error; SELECT ledger_create('crm', customer_key => 'bigint');
	INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, score)
	SELECT customer, kind, at, amount, CASE WHEN kind = 'page_view' THEN score END FROM touch});
is(answer(q{SELECT count(*) FROM ledger_check('crm')}), '0', 'a ledger on the coordinator takes touchpoints from the workers');
is(answer('SELECT count(*) FROM crm.customer JOIN kept ON customer = customer_id'), '200', 'its customers join what the workers hold');
like(answer(q{SELECT create_distributed_table('crm.touchpoint', 'customer_id')}), qr/trigger/, 'its log cannot be distributed: Citus says why');
like(answer(q{SELECT ledger_track('crm', 'touch', kind => 'purchase', customer => 'customer', occurred_at => 'at')}), qr/trigger/, 'nor can a distributed table be tracked');
$_->stop for $main, @workers;
done_testing();
