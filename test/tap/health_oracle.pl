# risk_fit() against independent fits of the same data, to 1e-8: R's glm(), and statsmodels and
# scikit-learn of Python. Each runs where it is installed; ORACLE_PYTHON names another Python.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $python = $ENV{ORACLE_PYTHON} || 'python3';
my @CASES = qw(ordinary rare offset whole many);

END { system('dropdb --if-exists health_oracle 2>/dev/null') }

sub psql
{
	my ($sql) = @_;
	open my $file, '>', "$dir/in.sql" or die "cannot write $dir/in.sql: $!";
	print $file "SET extra_float_digits = 1;\n$sql";
	close $file;
	my $out = `psql -XqAt -v ON_ERROR_STOP=1 -F ' ' -d health_oracle -f '$dir/in.sql' 2>&1`;
	die $out if $?;
	return $out;
}

# The data of all cases: a column case_name, the outcome and eight features of which a case uses some.
sub make_data
{
	system('createdb health_oracle') == 0 or die "cannot create a database\n";
	psql(<<'END');
CREATE EXTENSION customer_lifecycle;
SELECT setseed(0.3);
CREATE TABLE raw AS
SELECT i, random() AS u, random() * 60 AS a, floor(random() * 5) AS b, (random() < 0.3)::int::float8 AS c,
       -ln(random()) * 200 AS d, random() + random() AS e, random() AS f, random() AS g, random() AS h
FROM generate_series(1, 5000) i;
CREATE FUNCTION odds(z float8) RETURNS float8 LANGUAGE sql RETURN 1 / (1 + exp(-z));
CREATE TABLE cases AS
SELECT 'ordinary' AS name, u < odds(-1 + 0.03 * a - 0.5 * b + 0.8 * c) AS churned, ARRAY[a, b, c] AS f FROM raw
UNION ALL SELECT 'rare', u < odds(-6 + 0.03 * a + 0.004 * d), ARRAY[a, d] FROM raw
UNION ALL SELECT 'offset', u < odds(-1 + 0.03 * a), ARRAY[1e5 + a, b * 1e-6, 1e6 * c] FROM raw
UNION ALL SELECT 'whole', u < odds(-0.5 + 0.2 * b - c), ARRAY[b, c] FROM raw
UNION ALL SELECT 'many', u < odds(-3 + 0.03 * a - 0.5 * b + 0.8 * c + 0.002 * d + e), ARRAY[a, b, c, d, e, f, g, h] FROM raw;
END
}

# A case as a file: outcome, features.
sub export_case
{
	my ($case) = @_;
	open my $file, '>', "$dir/$case.txt" or die "cannot write $dir/$case.txt: $!";
	print $file psql("SELECT churned::int, array_to_string(f, ' ') FROM cases WHERE name = '$case'");
	close $file;
}

# Ours: 'likelihood AUC', then 'estimate std_error' of each parameter.
sub our_fit
{
	my ($case, $l2) = @_;
	return psql("CREATE TEMP TABLE fit AS SELECT risk_fit(risk_agg(churned, f), l2 => $l2) AS m FROM cases WHERE name = '$case';
		SELECT log_likelihood(m), auc(m) FROM fit;
		SELECT p.estimate, p.std_error FROM fit, parameters(m) p");
}

# Ours with a penalty: the estimates alone.
sub our_penalised_estimates
{
	my @lines = split /\n/, our_fit(@_);
	return join "\n", map { (split ' ')[0] } @lines[1 .. $#lines];
}

# What a script prints for all cases, by case; empty if it can't run.
sub oracle
{
	my ($command, $source, @arguments) = @_;
	my $files = join ' ', map { "'$dir/$_.txt'" } @CASES;
	open my $file, '>', "$dir/script" or die "cannot write $dir/script: $!";
	print $file $source;
	close $file;
	my @out = split /^==\n/m, `$command '$dir/script' $files @arguments 2>'$dir/errors'`;
	return $? ? {} : {map { $CASES[$_] => $out[ $_ + 1 ] } 0 .. $#CASES};
}

# The largest difference of two lists of numbers, relative to the larger of 1 and the number, but
# for coefficients of features in other units relative to the number alone.
sub largest_difference
{
	my ($ours, $theirs) = map { [split ' ', $_] } @_;
	my $largest = @$ours == @$theirs ? 0 : 9e99;
	for my $i (0 .. $#$theirs)
	{
		my $difference = abs($ours->[$i] - $theirs->[$i]) / (abs($theirs->[$i]) || 1);
		$largest = $difference if $difference > $largest;
	}
	return $largest;
}

sub compare
{
	my ($name, $ours, $theirs) = @_;
	my $difference = largest_difference($ours, $theirs);
	cmp_ok($difference, '<', 1e-8, $name) or diag("ours:\n$ours\ntheirs:\n$theirs");
}

my $R = <<'END';
for (file in commandArgs(trailingOnly = TRUE)) {
  d <- read.table(file)
  m <- glm(V1 ~ ., data = d, family = binomial, control = glm.control(epsilon = 1e-15, maxit = 200))
  s <- summary(m)$coefficients
  r <- rank(round(predict(m), 12)); y <- d$V1; n1 <- sum(y); n0 <- sum(1 - y)
  cat(sprintf("==\n%.17g %.17g\n", as.numeric(logLik(m)), (sum(r[y == 1]) - n1 * (n1 + 1) / 2) / n1 / n0))
  cat(sprintf("%.17g %.17g\n", s[, 1], s[, 2]), sep = "")
}
END

# It doesn't standardise by itself, and loses digits where features lie far from zero.
my $STATSMODELS = <<'END';
import sys, numpy, statsmodels.api as sm
from scipy.stats import rankdata
for file in sys.argv[1:]:
    d = numpy.loadtxt(file, ndmin=2)
    y, x = d[:, 0], d[:, 1:]
    mean, sd = x.mean(0), x.std(0)
    r = sm.Logit(y, sm.add_constant((x - mean) / sd)).fit(disp=0, method='newton', tol=1e-14, maxiter=200)
    j = numpy.diag(numpy.r_[1, 1 / sd]); j[0, 1:] = -mean / sd
    b, v = j @ r.params, j @ r.cov_params() @ j.T
    rank = rankdata(numpy.round(((x - mean) / sd) @ r.params[1:], 12)); n1 = y.sum(); n0 = len(y) - n1
    print('==\n%.17g %.17g' % (r.llf, (rank[y == 1].sum() - n1 * (n1 + 1) / 2) / n1 / n0))
    for e, s in zip(b, numpy.sqrt(numpy.diag(v))): print('%.17g %.17g' % (e, s))
END

my $SKLEARN = <<'END';
import sys, numpy
from sklearn.linear_model import LogisticRegression
for file in sys.argv[1:-1]:
    d = numpy.loadtxt(file, ndmin=2)
    y, x = d[:, 0], d[:, 1:]
    mean, sd = x.mean(0), x.std(0)
    m = LogisticRegression(C=1 / float(sys.argv[-1]), tol=1e-13, max_iter=10000, solver='newton-cholesky').fit((x - mean) / sd, y)
    b = m.coef_[0] / sd
    print('==\n%.17g' % (m.intercept_[0] - (b * mean).sum()))
    for e in b: print('%.17g' % e)
END

make_data();
export_case($_) for @CASES;
my %theirs = (
	"R's glm()" => oracle('Rscript --vanilla', $R),
	'statsmodels' => oracle($python, $STATSMODELS),
	'scikit-learn, l2 = 5' => oracle($python, $SKLEARN, 5));
for my $oracle (sort keys %theirs)
{
  SKIP:
	{
		skip "$oracle is not installed", scalar @CASES unless %{ $theirs{$oracle} };
		for my $case (@CASES)
		{
			my $ours = $oracle =~ /l2/ ? our_penalised_estimates($case, 5) : our_fit($case, 0);
			compare("$case: $oracle", $ours, $theirs{$oracle}{$case});
		}
	}
}
done_testing();
