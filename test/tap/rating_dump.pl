# Ratings through pg_dump and a restore, as text and in their generated columns.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql';

my $before = "rating_before_$$";
my $after = "rating_after_$$";

system("createdb $before && createdb $after") == 0 or die 'cannot create the databases';
END { system("dropdb --if-exists $_ 2>/dev/null") for grep { defined } $before, $after }

psql($before, q{
	CREATE EXTENSION customer_lifecycle;
	CREATE TABLE month (
		starts date PRIMARY KEY,
		ratings rating_summary,
		net_promoter_score double precision GENERATED ALWAYS AS (nps(ratings)) STORED);
	INSERT INTO month
	SELECT period_start(timestamptz '2024-01-15 UTC' + i * interval '1 day', 'month', 'Europe/Berlin'),
		rollup('{"scale": [0, 10], "counts": [0,0,0,1,0,0,300,0,70000,0,5000000000]}'::rating_summary + rating_agg)
	FROM (SELECT i, rating_agg(i * j % 11) FROM generate_series(1, 700) i, generate_series(1, 9) j GROUP BY i) day
	GROUP BY 1;
	CREATE VIEW year AS SELECT rollup(ratings) AS ratings, nps(rollup(ratings)) FROM month});

is(`pg_dump $before | psql -Xq -d $after 2>&1 >/dev/null`, '', 'a dump is restored without a complaint');
for my $table (qw(month year))
{
	my $content = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $table t";
	is(psql($after, $content), psql($before, $content), "$table holds the same");
}
like(psql($after, 'SELECT count(*) FROM month'), qr/^2[0-9]$/, 'of which there is something');

done_testing();
