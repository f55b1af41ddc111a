# pg_cron lets time pass: a ledger of a role of its own, whose tick is scheduled by it as docs/ledger.md has it.
use strict;
use warnings;
use Test::More;

BEGIN
{
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
	my $directory = `$ENV{PG_CONFIG} --sharedir`;
	chomp $directory;
	plan skip_all => 'pg_cron is not installed (Debian: postgresql-NN-cron)' unless -f "$directory/extension/pg_cron.control";
}

my $node = PostgreSQL::Test::Cluster->new('ledger_cron');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\ncron.use_background_workers = on\ntimezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION pg_cron; CREATE EXTENSION customer_lifecycle; CREATE ROLE keeper LOGIN;
	GRANT CREATE ON DATABASE postgres TO keeper; GRANT USAGE ON SCHEMA cron TO keeper});
$node->safe_psql('postgres', q{SET ROLE keeper; SELECT ledger_create('crm', partition_by => '1 month');
	SELECT ledger_touch('crm', 1, 'purchase', now() - interval '100 days'), ledger_touch('crm', 2, 'purchase', now());
	UPDATE crm.setting SET value = '5' WHERE name = 'partitions_ahead'});
# as in the documentation, but each minute: the shortest that this pg_cron may know
$node->safe_psql('postgres', q{SET SESSION AUTHORIZATION keeper; SELECT cron.schedule('crm', '* * * * *', $$SELECT ledger_tick('crm')$$)});
ok($node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM cron.job_run_details WHERE status IN ('succeeded', 'failed'))}), 'the job has run');
is($node->safe_psql('postgres', q{SELECT DISTINCT status, username FROM cron.job_run_details}), 'succeeded|keeper', '... as the ledger\'s owner');
is($node->safe_psql('postgres', q{SELECT string_agg(stage_name, ', ' ORDER BY customer_id) FROM crm.customer_360}), 'churned, conversion', 'time has passed');
is($node->safe_psql('postgres', q{SELECT max(to_at) > now() + interval '5 months' FROM ledger_partitions('crm')}), 't', '... and partitions are there ahead of it');
is($node->safe_psql('postgres', q{SET ROLE keeper; SELECT * FROM ledger_check('crm')}), '', 'the state is the fold of the log');
$node->stop;
done_testing();
