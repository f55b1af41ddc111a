# A ledger through each way that pg_dump and pg_restore have: custom, directory with parallel jobs, tar, section by
# section, schema and data apart, one schema alone.  What comes back holds the same, is the fold of its log, and goes on.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use lib 'test/tap';
use Psql 'psql';

my $before = "ledger_restore_before_$$";
my $after = "ledger_restore_after_$$";
my $folder = tempdir(CLEANUP => 1);

system("createdb $before") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists $_ 2>/dev/null") for grep { defined } $before, $after; $? = $status }

psql($before, q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm', 'uuid');
	CREATE TABLE orders (id bigint PRIMARY KEY, who uuid, at timestamptz, total numeric);
	CREATE TABLE answers (id bigint PRIMARY KEY, who uuid, at timestamptz, score int);
	SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total');
	SELECT ledger_track('crm', 'answers', 'nps', 'who', 'at', score => 'score');
	INSERT INTO orders SELECT i, md5((i % 90)::text)::uuid, timestamptz '2024-01-01' + i * interval '3 hours', i FROM generate_series(1, 2000) i;
	INSERT INTO answers SELECT i, md5((i % 97)::text)::uuid, timestamptz '2024-02-01' + i * interval '5 hours', i % 11 FROM generate_series(1, 500) i;
	CREATE MATERIALIZED VIEW top AS SELECT customer_id, nps(nps) AS score, purchases FROM crm.customer;
	SELECT ledger_tick('crm', '2025-06-01')});
my @tables = split /\n/, psql($before, q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r' ORDER BY 1});
cmp_ok(scalar @tables, '>=', 9, 'a ledger of ' . join(', ', @tables));

my $content = join(' UNION ALL ', map { "(SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $_ t)" } @tables, 'top') . ' ORDER BY 1';
my $views = join(' UNION ALL ', map { "(SELECT '$_', count(*) FROM $_)" } split /\n/,
	psql($before, q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1})) . ' ORDER BY 1';
my $catalogue = q{SELECT string_agg(format('%s %s %s', tgrelid::regclass, tgname, pg_get_triggerdef(oid)), E'\n' ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger WHERE NOT tgisinternal};

sub comes_back
{
	my ($way, @commands) = @_;
	system("dropdb --if-exists $after 2>/dev/null; createdb $after") == 0 or die 'cannot create the database';
	for my $command (@commands)
	{
		my $complaints = `( $command ) 2>&1 >/dev/null`;
		is("$?: $complaints", '0: ', "$way: $command") if $? || $complaints;
	}
	is(psql($after, $content), psql($before, $content), "$way: every table holds the same");
	is(psql($after, $views), psql($before, $views), '... every view, too');
	is(psql($after, $catalogue), psql($before, $catalogue), '... triggers are the same');
	is(psql($after, q{SELECT * FROM ledger_check('crm')}), '', '... the state is the fold of the log');
	psql($after, q{INSERT INTO orders VALUES (5000, md5('new')::uuid, '2025-05-05', 5)});
	is(psql($after, q{SELECT stage FROM crm.customer_360 WHERE customer_id = md5('new')::uuid}), 'conversion', '... and it goes on');
}

comes_back('custom', "pg_dump -Fc -f $folder/custom $before", "pg_restore -e -d $after $folder/custom");
comes_back('directory, two jobs', "pg_dump -Fd -j2 -f $folder/directory $before", "pg_restore -e -j2 -d $after $folder/directory");
comes_back('tar', "pg_dump -Ft -f $folder/tar $before", "pg_restore -e -d $after $folder/tar");
comes_back('sections', map { "pg_restore -e --section=$_ -d $after $folder/custom" } qw(pre-data data post-data));
comes_back('sections of pg_dump', map { "pg_dump --section=$_ $before | psql -Xq -v ON_ERROR_STOP=1 -d $after" } qw(pre-data data post-data));
comes_back('the schema, then the data', "pg_restore -e --schema-only -d $after $folder/custom",
	"pg_restore -e --data-only --disable-triggers -d $after $folder/custom", "psql -XqAt -d $after -c 'REFRESH MATERIALIZED VIEW top'");
comes_back('as INSERT statements', "pg_dump --inserts --rows-per-insert=500 $before | psql -Xq -v ON_ERROR_STOP=1 -d $after");

# The ledger alone, where its sources aren't: without what points at them.
system("dropdb --if-exists $after 2>/dev/null; createdb $after") == 0 or die 'cannot create the database';
psql($after, 'CREATE EXTENSION customer_lifecycle');
is(`pg_dump -n crm --exclude-table-data=crm.tracked_source --exclude-table-data=crm.backfill $before | psql -Xq -v ON_ERROR_STOP=1 -d $after 2>&1 >/dev/null`, '',
	'the schema of a ledger alone is restored, without the rows that name its sources');
is(psql($after, q{SELECT count(*) FROM ledger_check('crm')}), '0', '... and in order');
is(psql($after, 'SELECT sum(customer_count) FROM crm.stage_funnel'), psql($before, 'SELECT sum(customer_count) FROM crm.stage_funnel'), '... and its views answer');
done_testing();
