# One server, a partitioned table: with enable_partitionwise_aggregate each partition makes its own states,
# in parallel, and the answers are those of the same rows in one table.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql';

my $database = "scale_partitions_$$";

sub sql { return psql($database, $_[0]) }

system("createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists $database 2>/dev/null") if defined $database; $? = $status }

sql(q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	CREATE TABLE plain (customer bigint, at timestamptz, kind text, score integer, amount numeric);
	INSERT INTO plain SELECT c, timestamptz '2024-01-01Z' + (c * 7919 + n * 104729) % 8700 * interval '1 hour',
		(ARRAY['visit', 'signup', 'purchase'])[1 + (c * n) % 3], (c + n * 3) % 11, (c * n % 400) / 7.0
		FROM generate_series(1, 900) c, generate_series(1, 12) n;
	CREATE TABLE by_customer (LIKE plain) PARTITION BY HASH (customer);
	CREATE TABLE by_month (LIKE plain) PARTITION BY RANGE (at);
	DO $$ BEGIN
		FOR i IN 0..3 LOOP EXECUTE format('CREATE TABLE by_customer_%s PARTITION OF by_customer FOR VALUES WITH (MODULUS 4, REMAINDER %s)', i, i); END LOOP;
		FOR i IN 1..12 LOOP EXECUTE format('CREATE TABLE by_month_%s PARTITION OF by_month FOR VALUES FROM (%L) TO (%L)', i,
			make_timestamptz(2024, i, 1, 0, 0, 0, 'UTC'), make_timestamptz(2024, i, 1, 0, 0, 0, 'UTC') + interval '1 month'); END LOOP;
	END $$;
	INSERT INTO by_customer TABLE plain;
	INSERT INTO by_month TABLE plain;
	ANALYZE});

my $settings = q{SET timezone = 'UTC'; SET enable_partitionwise_aggregate = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off; };

sub count_of { my ($pattern, $text) = @_; return scalar(() = $text =~ /$pattern/g) }

# Grouped by the key of the partitions: each is finished on its own.
for my $measure ('nps_agg(score)', 'purchase_agg(at, amount)::text', 'journey_agg(at, kind)::text', q{activity_agg(at, 'week', 'UTC')::text})
{
	my ($name) = $measure =~ /^(\w+)/;
	my $query = "SELECT customer, $measure FROM %s GROUP BY customer";
	my $plan = sql("$settings EXPLAIN (COSTS OFF) " . sprintf($query, 'by_customer'));
	cmp_ok(count_of(qr/Aggregate\b(?!.*Partial)/, $plan), '>=', 4, "$name() by customer: an aggregate a partition") or diag($plan);
	like($plan, qr/Append\n(?:.*\n)*?.*Aggregate/, '... below the Append');
	is(sql(sprintf("$settings $query ORDER BY 1", 'by_customer')), sql(sprintf("$settings $query ORDER BY 1", 'plain')), '... and the answers of one table');
}

# Across partitions: partial aggregates a partition, combined.
for my $measure ('rating_agg(score)', 'purchase_agg(at, amount)', q{journey_agg(at, kind)}, 'nps_agg(score)', 'path_agg(ARRAY[kind], score > 5)',
	q{churn_agg(at, at + interval '50 days', '[2024-03-01, 2024-04-01)'::tstzrange)}, q{risk_agg(score > 5, ARRAY[sqrt(customer)])}, q{survival_agg(at - '2023-12-01Z', score > 5)})
{
	my ($name) = $measure =~ /^(\w+)/;
	for my $table ('by_customer', 'by_month')
	{
		my $query = "SELECT ($measure)::text FROM %s";
		my $plan = sql("$settings EXPLAIN (COSTS OFF) " . sprintf($query, $table));
		like($plan, qr/Finalize Aggregate/, "$name() of $table: states are combined");
		cmp_ok(count_of(qr/Partial Aggregate/, $plan), '>=', 4, '... one a partition') or diag($plan);
		is(sql($settings . sprintf($query, $table)), sql(sprintf("SET timezone = 'UTC'; $query", 'plain')), '... to that of one table, to the letter');
	}
}
done_testing();
