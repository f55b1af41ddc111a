# A short run of make fuzz: each type's input with 20,000 mutations of its corpus, of which two have
# found values that read back as others. A new type fails until it has a corpus.
use strict;
use warnings;
use Test::More;

$ENV{ITERATIONS} = 20000;
my @said = `test/fuzz/types`;
is($?, 0, 'the fuzzer ends well');
ok(/^ok: .* \d{5} executions, +[1-9]\d\d+ accepted/, $_ =~ s/,? +\d+ s$//r) for map { chomp; $_ } grep { !/ types failed$/ } @said;
cmp_ok(scalar @said, '>', 17, 'all types have their turn');
done_testing();
