# A short run of make fuzz: libFuzzer on each type's text and binary input, up to 20,000 executions each.
# A new type fails until it has a corpus.
use strict;
use warnings;
use Test::More;

$ENV{ITERATIONS} = 20000;
$ENV{SECONDS_EACH} = 1;
my @said = `test/fuzz/types`;
plan skip_all => $said[-1] =~ s/^skipped: |\n//gr if $? >> 8 == 77;
is($?, 0, 'the fuzzer ends well');
for my $line (grep { !/^\d+ of \d+ failed$/ } @said) {
	chomp $line;
	like($line, qr/^ok: .* [1-9]\d{2,} executions, +[1-9]\d* accepted, +[1-9]\d+ points/, $line =~ s/^ok: +(\w+ +\w+).*/$1/r);
}
cmp_ok(scalar @said, '>', 36, 'all types have their turn');
done_testing();
