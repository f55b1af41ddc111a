# pg_upgrade from each older PostgreSQL that is installed here to the one that is tested: test/upgrade/major.pl, on a
# throwaway server of the older one.  Skipped aloud where there is only one (make test-matrix sees to it that there are two).
use strict;
use warnings;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
my ($major) = `$pg_config --version` =~ /(\d+)/;
chomp(my $bin = `$pg_config --bindir`);
plan skip_all => 'run me through tools/throwaway (make test)' unless $ENV{THROWAWAY};

my @older;
for my $config ($ENV{OLD_PG_CONFIG} || glob '/usr/lib/postgresql/*/bin/pg_config')
{
	my ($its_major) = `$config --version` =~ /(\d+)/;
	chomp(my $pgxs = `$config --pgxs`);
	chomp(my $headers = `$config --includedir-server`);
	chomp(my $its_bin = `$config --bindir`);
	push @older, [$its_major, $config] if $its_major < $major && -f $pgxs && -f "$headers/postgres.h" && -x "$its_bin/postgres";
}
plan skip_all => "no PostgreSQL older than $major is installed with its server headers: nothing to upgrade from" unless @older;

for my $old (sort { $a->[0] <=> $b->[0] } @older)
{
	my ($old_major, $config) = @$old;
	subtest "pg_upgrade from $old_major to $major" => sub {
		# a throwaway server of its own, within this one
		local %ENV = (%ENV, PG_CONFIG => $config);
		delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS PGHOST PGPORT CC SANITIZE KEEP INPUT)};
		open my $run, '-|', 'tools/throwaway', 'perl', 'test/upgrade/major.pl', "$ENV{THROWAWAY}/root$bin", $major or die "cannot run tools/throwaway: $!";
		while (my $line = <$run>)
		{
			chomp $line;
			if ($line =~ /^1\.\.0 # SKIP (.*)/) { plan skip_all => $1 }
			elsif ($line =~ /^(not )?ok \d+ - (.*)/) { ok(!$1, $2) }
			elsif ($line !~ /^1\.\.\d+$/) { note($line) }
		}
		ok(close($run), 'to the end');
		done_testing();
	};
}
done_testing();
