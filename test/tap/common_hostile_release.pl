# Until ALTER EXTENSION ... UPDATE runs, the SQL of the last release calls the present library: hostile calls of
# all that it declares.
use strict;
use warnings;

my ($release) = sort { join('', map { sprintf '%6d', $_ } split /\./, $b) cmp join('', map { sprintf '%6d', $_ } split /\./, $a) }
  map { m{--([\d.]+)\.sql$} } glob 'releases/customer_lifecycle--*.sql';
die "no release to call\n" unless $release;
$ENV{HOSTILE_VERSION} = $release;
$ENV{HOSTILE_CALLS} //= 4;
exec $^X, (map { "-I$_" } @INC), 'test/tap/common_hostile_calls.pl' or die "cannot run the hostile calls: $!\n";
