# survival_agg(), logrank_test() and cox_fit() against R's package survival, on random data with
# ties, weights, left truncation and censoring.  Skipped aloud where R or the package is missing.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $has_r = `Rscript -e 'cat(requireNamespace("survival", quietly = TRUE))' 2>/dev/null`;
plan skip_all => "R with its package survival isn't here (Debian: apt-get install r-cran-survival)"
  unless defined $has_r && $has_r eq 'TRUE';

my $folder = tempdir(CLEANUP => 1);
my $sql = "SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS customer_lifecycle; SET extra_float_digits = 1;\n";
my $r = <<'R';
suppressMessages(library(survival))
show <- function(label, ...) cat(label, formatC(c(...), digits = 17, format = "g"), "\n")
exact <- suppressWarnings(coxph.control(eps = 1e-14, iter.max = 200))
R
my @comparisons;

# Both programs print lines of a label and numbers; labels say which comparison they belong to.
sub compare
{
	my ($name, $tolerance, $statements, $program) = @_;
	my $label = scalar @comparisons;
	push @comparisons, { name => $name, tolerance => $tolerance };
	$sql .= $statements =~ s/'LABEL'/'$label'/gr;
	$r .= $program =~ s/'LABEL'/'$label'/gr;
}

# The lines that a command prints for a program, by label.
sub answers
{
	my ($command, $program) = @_;
	my %answers;
	open my $out, '>', "$folder/program" or die;
	print $out $program;
	close $out;
	my @lines = `$command '$folder/program' 2>'$folder/err'`;
	if ($?) { system('cat', "$folder/err"); die "$command failed\n"; }
	for my $line (@lines)
	{
		my ($label, @numbers) = split ' ', $line;
		push @{ $answers{$label} }, \@numbers;
	}
	return \%answers;
}

# Numbers agree to so much, relative to the larger of 1e-3 and themselves; NA and NaN are "none".
sub agree
{
	my ($ours, $theirs, $tolerance) = @_;
	return 0 if @$ours != @$theirs;
	for my $i (0 .. $#$ours)
	{
		my ($a, $b) = ($ours->[$i], $theirs->[$i]);
		my $none = $b =~ /^(NA|NaN)$/;
		return 0 if $none != ($a eq 'none');
		next if $none;
		my $size = abs($b) > 1e-3 ? abs($b) : 1e-3;
		return 0 if abs($a - $b) > $tolerance * $size;
	}
	return 1;
}

sub judge
{
	my $ours = answers('psql -XqAt -F " " -v ON_ERROR_STOP=1 -f', $sql);
	my $theirs = answers('Rscript --vanilla', $r);
	for my $label (0 .. $#comparisons)
	{
		my ($name, $tolerance) = @{ $comparisons[$label] }{qw(name tolerance)};
		my @a = @{ $ours->{$label} || [] };
		my @b = @{ $theirs->{$label} || [] };
		my @wrong = grep { !agree($a[$_] || [], $b[$_] || [], $tolerance) } 0 .. (@a > @b ? $#a : $#b);
		ok(@a > 0 && !@wrong, "$name (" . @a . ' lines)')
		  or diag(map { "ours: @{ $a[$_] || [] }\ntheirs: @{ $b[$_] || [] }\n" } @wrong[0 .. ($#wrong > 3 ? 3 : $#wrong)]);
	}
}

# Both sides make the same rows from whole numbers, which both compute exactly.
my @sets = (
	{ name => 'many ties', n => 400, t => '1 + (i * i * 7 + i * 31) %% 47', e => '(i * 13) %% 10 < 6' },
	{ name => 'few ties', n => 500, t => '(1 + (i * i * 131 + i * 7919) %% 99991) / 64', e => '(i * 17) %% 11 < 8' },
	{ name => 'heavy censoring', n => 600, t => '1 + (i * i * 3 + i * 101) %% 365', e => '(i * 29) %% 31 < 2' });

for my $set (@sets)
{
	my %make = (t => $set->{t}, e => $set->{e}, w => '(1 + (i * 5) %% 4) / 2', x1 => '((i * 17) %% 23) / 10', x2 => 'i %% 2',
		x3 => '((i * 29) %% 37 - 18) / 8 + (i * i) %% 5', g => 'i %% 3', late => 'i %% 4 == 0', part => '((i * 11) %% 64) / 64');
	$r .= "i <- as.numeric(1:$set->{n})\nd <- data.frame(" . join(', ', map { "$_ = $make{$_}" } sort keys %make) . ")\n"
	  . "d\$e <- as.integer(d\$e); d\$entry <- ifelse(d\$late, d\$t * d\$part, 0)\n";
	my $columns = join(', ', map { "$make{$_} AS $_" } sort keys %make);
	$columns =~ s/%%/%/g;
	$columns =~ s/==/=/g;
	$columns =~ s/ \/ (\d+)/::float8 \/ $1/g;
	$sql .= "DROP TABLE IF EXISTS d;\nCREATE TEMP TABLE d AS SELECT *, CASE WHEN late THEN t * part ELSE 0 END AS entry "
	  . "FROM (SELECT i, $columns FROM generate_series(1::int8, $set->{n}) i) q;\n";

	for my $variant ([ 'plain', 't', 't, e', '' ], [ 'late', 'entry, t', 't, e, entry', '' ],
		[ 'weighted', 't', 't, e, NULL, w', ', weights = w' ], [ 'late and weighted', 'entry, t', 't, e, entry, w', ', weights = w' ])
	{
		my ($label, $r_time, $arguments, $weights) = @$variant;
		my $curve = "(SELECT survival_agg($arguments) AS c FROM d) q";
		for my $method ('log-log', 'log', 'plain', 'logit', 'arcsin')
		{
			compare("$set->{name}, $label: survfit, $method", 1e-9, <<SQL, <<R);
SELECT 'LABEL', p.duration, at_risk, events, censored, survival, coalesce(std_error::text, 'none'), coalesce(lower::text, 'none'), coalesce(upper::text, 'none'), cumulative_hazard
FROM $curve, survival_points(c, method => '$method') p WHERE events > 0;
SELECT 'LABEL', coalesce(survival_quantile(c, 0.25)::text, 'none'), coalesce(median_survival(c)::text, 'none'), coalesce(survival_quantile(c, 0.9)::text, 'none') FROM $curve;
SELECT 'LABEL', coalesce((b).lower::text, 'none'), coalesce((b).upper::text, 'none') FROM $curve, survival_quantile_interval(c, 0.25, method => '$method') b;
SELECT 'LABEL', restricted_mean(c, 20), restricted_mean_std_error(c, 20) FROM $curve;
SQL
f <- survfit(Surv($r_time, e) ~ 1, d$weights, conf.type = '$method', timefix = FALSE, robust = FALSE)
for (j in which(f\$n.event > 0)) show('LABEL', f\$time[j], f\$n.risk[j], f\$n.event[j], f\$n.censor[j], f\$surv[j], if (f\$surv[j] == 0) NA else f\$surv[j] * f\$std.err[j], f\$lower[j], f\$upper[j], f\$cumhaz[j])
show('LABEL', quantile(f, c(.25, .5, .9), conf.int = FALSE))
q <- quantile(f, .25)
show('LABEL', q\$lower, q\$upper)
s <- survival:::survmean(f, rmean = 20)\$matrix
show('LABEL', s['rmean'], s['se(rmean)'])
R
		}
		for my $ties ('efron', 'breslow')
		{
			(my $cox = $arguments) =~ s/t, e/t, e, ARRAY[x1, x2, x3]/;
			my $all = "array_to_string(coefficients(m) || std_errors(m), ' ')";
			compare("$set->{name}, $label: coxph, $ties", 1e-9, <<SQL, <<R);
SELECT 'LABEL', $all, null_log_likelihood(m), log_likelihood(m), concordance(m) FROM (SELECT cox_fit(cox_agg($cox), ties => '$ties') AS m FROM d) q;
SQL
m <- coxph(Surv($r_time, e) ~ x1 + x2 + x3, d$weights, ties = '$ties', robust = FALSE, control = exact)
show('LABEL', coef(m), sqrt(diag(vcov(m))), m\$loglik, m\$concordance['concordance'])
R
		}
	}
	for my $rho (0, 0.5, 1)
	{
		compare("$set->{name}: survdiff, rho $rho", 1e-10, <<SQL, <<R);
SELECT 'LABEL', chi_square, df, p_value FROM (SELECT array_agg(c) AS cs FROM (SELECT survival_agg(t, e) AS c FROM d GROUP BY g) q) q, logrank_test(cs, $rho);
SQL
s <- survdiff(Surv(t, e) ~ g, d, rho = $rho)
show('LABEL', s\$chisq, 2, pchisq(s\$chisq, 2, lower.tail = FALSE))
R
	}
}
judge();
done_testing();
