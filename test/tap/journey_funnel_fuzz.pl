# The searches behind funnel() against brute force: 100,000 random cases for each mode, with and
# without options. They are pure C, so they are built and run without a server.
use strict;
use warnings;
use File::Temp qw(tempdir);

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $cc = `$pg_config --cc`);
chomp(my $include = `$pg_config --includedir-server`);
my $folder = tempdir(CLEANUP => 1);
my @sources = ('test/fuzz/journey_funnel.c', 'test/fuzz/failed_assertion.c',
	map { "src/journey/$_.c" } qw(funnel_search funnel_plan journey_window));

system("$cc -O2 -Isrc -I'$include' -o '$folder/fuzz' @sources") == 0
  or die "the fuzzer does not build\n";
exit(system("$folder/fuzz", 100000, 6) == 0 ? 0 : 1);
