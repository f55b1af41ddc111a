# What pg_dump and restore make of stages and timelines; and why nobody must add a label to
# lifecycle_stage: the dump has the rows that use it, but not the label.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql';

my $before = "stage_before_$$";
my $after = "stage_after_$$";

sub dump_and_restore
{
	system("dropdb --if-exists $after 2>/dev/null; createdb $after") == 0 or die "cannot create $after";
	return `pg_dump $before | psql -Xq -d $after 2>&1 >/dev/null`;
}

system("createdb $before") == 0 or die "cannot create $before";
END { system("dropdb --if-exists $_ 2>/dev/null") for grep { defined } $before, $after }

psql($before, q{
	CREATE EXTENSION customer_lifecycle;
	CREATE TABLE life AS
	SELECT c AS customer, stage_agg(s, timestamptz '2024-01-01' + n * c * interval '1 day 00:00:00.000001') AS timeline
	FROM generate_series(1, 100) c, unnest(enum_range(NULL::lifecycle_stage)) WITH ORDINALITY u(s, n)
	GROUP BY c;
	CREATE TABLE customer AS SELECT customer AS id, current_stage(timeline) AS stage FROM life;
	CREATE INDEX ON customer (stage) WHERE is_customer(stage);
	-- a restore runs with an empty search_path
	CREATE TABLE lead (label text, stage lifecycle_stage GENERATED ALWAYS AS (to_stage('hubspot', label)) STORED);
	INSERT INTO lead VALUES ('Lead'), ('customer'), ('Marketing Qualified Lead');
	CREATE INDEX ON lead (stage_rollup(stage, 'cx'))});

my $content = q{SELECT md5(string_agg(l::text || c::text, '' ORDER BY l.customer)), count(*)
	FROM life l JOIN customer c ON c.id = l.customer};
is(dump_and_restore(), '', 'a dump is restored without a complaint');
is(psql($after, $content), psql($before, $content), 'and holds the same');
like(psql($after, $content), qr/\|100$/, 'of which there is something');
is(psql($after, q{SELECT timeline::text FROM life WHERE customer = 7}),
	psql($before, q{SELECT timeline::text FROM life WHERE customer = 7}), 'to the letter');

is(psql($after, q{SELECT string_agg(stage::text, ' ') FROM lead}), 'acquisition conversion acquisition',
	'columns generated from labels too');

# pg_upgrade keeps OIDs, a restore doesn't: timelines hold positions, so it doesn't matter
isnt(psql($after, q{SELECT min(oid) FROM pg_enum}), psql($before, q{SELECT min(oid) FROM pg_enum}),
	'the labels have other OIDs there');

psql($before, q{ALTER TYPE lifecycle_stage ADD VALUE 'hibernating'});
psql($before, q{INSERT INTO customer VALUES (101, 'hibernating')});
is(psql($before, q{SELECT label FROM lifecycle_check_stage_type()}), 'hibernating', 'an added label is reported');
like(psql($before, q{SELECT consequence FROM lifecycle_check_stage_type()}), qr/tables come back empty/, 'with what it costs');
is(psql($before, q{SELECT used_by FROM lifecycle_check_stage_type()}), '{public.customer.stage,public.lead.stage}', 'and where');
like(dump_and_restore(), qr/invalid input value for enum (public\.)?lifecycle_stage: "hibernating"/, 'a restore then fails');
is(psql($after, q{SELECT count(*) FROM customer}), '0', 'and the table comes back empty');

# the remedy that it gives
psql($before, q{UPDATE customer SET stage = 'churned' WHERE stage = 'hibernating'});
is(dump_and_restore(), '', 'with the rows moved to one of the eight stages it works again');
is(psql($after, q{SELECT count(*) FROM customer}), '101', 'and nobody is lost');
is(psql($after, q{SELECT count(*) FROM lifecycle_check_stage_type()}), '0', 'and the type is as it was installed');

done_testing();
