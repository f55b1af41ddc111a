-- survival_curve: the 6-MP trial (weeks in remission), and what happens at the edges
SET extra_float_digits = -3;
CREATE TEMP TABLE trial AS
SELECT '6-MP' AS arm, weeks, relapsed
FROM unnest(ARRAY[6,6,6,6,7,9,10,10,11,13,16,17,19,20,22,23,25,32,32,34,35],
            ARRAY[1,1,1,0,1,0,1,0,0,1,1,0,0,0,1,1,0,0,0,0,0]::boolean[]) AS u(weeks, relapsed)
UNION ALL
SELECT 'placebo', weeks, true
FROM unnest(ARRAY[1,1,2,2,3,4,4,5,5,8,8,8,8,11,11,12,12,15,17,22,23]) AS u(weeks);
CREATE TEMP TABLE curve AS SELECT arm, survival_agg(weeks, relapsed) AS c FROM trial GROUP BY arm;

-- the value, and the points where somebody left
SELECT c FROM curve WHERE arm = '6-MP';
SELECT jsonb_pretty(c::jsonb -> 'durations') IS NOT NULL AS casts, pg_typeof(c::jsonb) FROM curve WHERE arm = '6-MP';
SELECT p.* FROM curve, survival_points(c) p WHERE arm = '6-MP' AND events > 0;
SELECT duration, survival, std_error, lower, upper FROM curve, survival_points(c) p WHERE arm = 'placebo' AND duration > 16;

-- against the published numbers, to 1e-12
WITH expected(t, s, se) AS (VALUES
  (6, .857142857142857, .0763603548321213), (7, .806722689075630, .0869352851800572),
  (10, .752941176470588, .0963496529943205), (13, .690196078431372, .106814707775010),
  (16, .627450980392157, .114053865256753), (22, .537815126050420, .128233751693034),
  (23, .448179271708683, .134591456755760))
SELECT t, abs(survival_at(c, t) - s) < 1e-12 AS survival, abs(survival_std_error(c, t) - se) < 1e-12 AS std_error
FROM curve, expected WHERE arm = '6-MP';

-- confidence intervals at 10 weeks, as R's survfit(conf.type =)
SELECT method, (b).lower, (b).upper
FROM curve, unnest(ARRAY['log-log', 'log', 'plain', 'logit', 'arcsin']) AS method,
     LATERAL (SELECT survival_interval(c, 10, method => method) AS b) i
WHERE arm = '6-MP';
SELECT survival_interval(c, 10) = survival_interval(c, 10, 0.95, 'log-log') AS default_is_log_log,
       survival_interval(c, 10, confidence => 0.5) FROM curve WHERE arm = '6-MP';

-- median and quantiles: not reached is NULL
SELECT arm, median_survival(c), median_survival_interval(c), median_survival_interval(c, method => 'log') AS log,
       survival_quantile(c, 0.25), survival_quantile_interval(c, 0.25), survival_quantile(c, 0.75),
       survival_quantile(c, 0), survival_quantile(c, 1)
FROM curve ORDER BY arm;
-- exactly half over a stretch: its middle (R's rule); at the end of the data too
SELECT median_survival(survival_agg(d, e)) FROM (VALUES (1, true), (2, true), (4, true), (9, true)) v(d, e);
SELECT median_survival(survival_agg(d, e)) FROM (VALUES (1, true), (2, true), (4, false), (9, false)) v(d, e);

-- restricted mean
SELECT arm, restricted_mean(c, 12), restricted_mean_std_error(c, 12), restricted_mean(c, 35),
       restricted_mean_std_error(c, 35), restricted_mean(c), restricted_mean(c, 0)
FROM curve ORDER BY arm;
-- nobody was seen for 40 weeks: unknown where some are left, known where none are
SELECT arm, survival_at(c, 40), restricted_mean(c, 40), cumulative_hazard(c, 40), survival_at(c, float8 'Infinity'), survival_at(c, -1)
FROM curve ORDER BY arm;

-- rates
SELECT arm, survival_customers(c) AS customers, survival_events(c) AS events, survival_exposure(c) AS weeks, hazard(c),
       hazard(c, 10, 20), survival_exposure(c, 10, 20), hazard(c, 100), cumulative_hazard(c, 10)
FROM curve ORDER BY arm;

-- what durations may be: numbers and intervals
SELECT survival_agg(d::smallint, true) = survival_agg(d, true) AS smallint,
       survival_agg(d::bigint, true) = survival_agg(d, true) AS bigint,
       survival_agg(d::numeric, true) = survival_agg(d, true) AS numeric,
       survival_agg(d::real, true) = survival_agg(d, true) AS real
FROM generate_series(1, 5) d;
WITH stays(c) AS (
  SELECT survival_agg(ended_at - started_at, churned)
  FROM (VALUES (timestamptz '2026-01-01 00:00+00', timestamptz '2026-01-31 00:00+00', true),
               ('2026-01-01 00:00+00', '2026-03-02 12:00+00', true),
               ('2026-01-01 00:00+00', '2026-06-01 00:00+00', false)) v(started_at, ended_at, churned))
SELECT c, median_survival(c) AS days, median_lifetime(c), lifetime_quantile(c, 0.3),
       survival_at(c, interval '30 days'), survival_at(c, 30), survival_interval(c, interval '31 days'),
       restricted_mean(c, interval '90 days'), restricted_mean(c, 90) AS mean_days,
       restricted_mean_std_error(c, interval '90 days'), hazard(c, interval '0', interval '90 days')
FROM stays;
SELECT lifetime_quantile(survival_agg(d, true), 1) AS to_the_microsecond
FROM (VALUES (interval '12345 days 23:59:59.999999')) v(d);

-- left truncation and weights: at risk after entry, until duration
SELECT c, p.duration, at_risk, events, censored, survival
FROM (SELECT survival_agg(d, e, entry, w) AS c
      FROM (VALUES (5, true, 0, 1.5), (5, false, NULL, 1), (8, true, 5, 2), (9, false, 4, 0.5), (9, true, 8, 0)) v(d, e, entry, w)) q,
     survival_points(c) p;
-- weights that don't add up exactly: everybody left is everybody
SELECT survival, std_error FROM (SELECT survival_agg(1 + i % 3, true, 0, 0.1) AS c FROM generate_series(1, 30) i) q, survival_points(c);
SELECT survival_agg(d, e, 0, 2) = survival_agg(d, e) + survival_agg(d, e) AS doubled
FROM (VALUES (3, true), (4, false)) v(d, e);

-- NULLs, no rows, FILTER, an event at once
SELECT survival_agg(d, e) FROM (VALUES (NULL, true), (1, NULL)) v(d, e);
SELECT survival_agg(d, e, 0, w) FROM (VALUES (1, true, NULL::float8), (1, true, 0)) v(d, e, w);
SELECT survival_agg(d, e, entry) FROM (VALUES (1, true, NULL::int), (NULL, true, 0)) v(d, e, entry);
SELECT survival_agg(weeks, relapsed) FROM trial WHERE false;
SELECT survival_agg(weeks, relapsed) FILTER (WHERE arm = 'none') FROM trial;
SELECT survival_at(survival_agg(d, e), 0) FROM (VALUES (0, true), (0, false), (2, true), (3, true)) v(d, e);
SELECT median_survival(NULL), restricted_mean(NULL::survival_curve), hazard(NULL::survival_curve);
-- an empty curve is a value; it says nothing
WITH e(c) AS (SELECT survival_curve '{"unit": "number", "durations": [], "events": [], "censored": [], "entered": []}')
SELECT c + c = c AS adds, rollup(c) OVER () AS rolled_up, median_survival(c), survival_at(c, 1), survival_interval(c, 1),
       restricted_mean(c), hazard(c), (SELECT count(*) FROM survival_points(c)) AS points FROM e;

-- merging, windows, equality
SELECT rollup(c) = (SELECT survival_agg(weeks, relapsed) FROM trial) AS rolled_up FROM curve;
SELECT a.c + b.c = b.c + a.c AS commutes, a.c = b.c AS equal, a.c <> b.c AS differ
FROM curve a, curve b WHERE a.arm < b.arm;
SELECT count(*) FROM (SELECT DISTINCT c FROM curve, generate_series(1, 2)) d;
SELECT weeks, survival_events(survival_agg(weeks, relapsed) OVER (ORDER BY weeks, relapsed)) AS so_far
FROM trial WHERE arm = '6-MP' ORDER BY weeks, relapsed LIMIT 6;
SELECT survival_curve_accum(c, 3, true) FROM (VALUES (survival_curve '{"unit": "number", "durations": [4], "events": [1], "censored": [0], "entered": [0]}')) v(c);

-- log-rank
SELECT t.*, abs(chi_square - 16.7929409892165) < 1e-10 AS published, abs(p_value / 4.16880910933948e-05 - 1) < 1e-10 AS p
FROM (SELECT array_agg(c) AS cs FROM curve) q, logrank_test(cs) t;
SELECT rho, t.* FROM (SELECT array_agg(c) AS cs FROM curve) q, unnest(ARRAY[0, 0.5, 1]) rho, logrank_test(cs, rho) t;
SELECT t.* FROM (SELECT array_agg(c ORDER BY arm) AS cs FROM curve) q, logrank_groups(cs) t;
SELECT t.* FROM (SELECT array_agg(c ORDER BY arm) || NULL::survival_curve AS cs FROM curve) q, logrank_groups(cs, rho => 1) t;
SELECT t.* FROM curve, logrank_test(ARRAY[c]) t WHERE arm = '6-MP';
SELECT t.* FROM logrank_test('{}') t;
SELECT t.* FROM curve, logrank_test(ARRAY[c, c]) t WHERE arm = '6-MP';

-- what is wrong is said
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS TABLE (state text, message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END $$;
\x on
SELECT e.* FROM unnest(ARRAY[
  'SELECT survival_agg(-1, true)',
  'SELECT survival_agg(''NaN''::float8, true)',
  'SELECT survival_agg(''Infinity''::float8, true)',
  'SELECT survival_agg(interval ''-1 day'', true)',
  'SELECT survival_agg(interval ''1 year 2 mons'', true)',
  'SELECT survival_agg(interval ''2147483647 days'', true)',
  'SELECT survival_agg(3, true, 3)',
  'SELECT survival_agg(3, true, -1)',
  'SELECT survival_agg(3, true, 0, -0.5)',
  'SELECT survival_agg(3, true, 0, ''NaN'')',
  'SELECT survival_agg(3, true, 0, 1e16)',
  'SELECT survival_agg(3, true) + survival_agg(interval ''3 days'', true)',
  'SELECT logrank_test(ARRAY[survival_agg(3, true), survival_agg(interval ''3 days'', true)])',
  'SELECT logrank_test(ARRAY[survival_agg(3, true)], rho => ''NaN'')',
  'SELECT survival_at(survival_agg(3, true), interval ''3 days'')',
  'SELECT survival_at(survival_agg(3, true), float8 ''NaN'')',
  'SELECT median_lifetime(survival_agg(3, true))',
  'SELECT survival_interval(survival_agg(3, true), 1, method => ''loglog'')',
  'SELECT survival_interval(survival_agg(3, true), 1, confidence => 95)',
  'SELECT survival_quantile(survival_agg(3, true), 50)',
  'SELECT restricted_mean(survival_agg(3, true), -1)',
  'SELECT hazard(survival_agg(3, true), 5, 5)']) AS statement, pg_temp.error_of(statement) e;
\x off
-- text that isn't a curve
SELECT t AS given, e.state, e.detail FROM (VALUES
  ('[]'), ('{"unit": "number"}'),
  ('{"unit": "week", "durations": [1], "events": [1], "censored": [0], "entered": [0]}'),
  ('{"unit": "day", "durations": [1, 1], "events": [1, 1], "censored": [0, 0], "entered": [0, 0]}'),
  ('{"unit": "day", "durations": [-1], "events": [1], "censored": [0], "entered": [0]}'),
  ('{"unit": "day", "durations": ["NaN"], "events": [1], "censored": [0], "entered": [0]}'),
  ('{"unit": "day", "durations": [1], "events": [-1], "censored": [0], "entered": [0]}'),
  ('{"unit": "day", "durations": [1], "events": [1, 2], "censored": [0], "entered": [0]}'),
  ('{"unit": "day", "durations": [1, 2], "events": [0, 1], "censored": [0, 0], "entered": [2, 0]}'),
  ('{"unit": "day", "durations": [0, 2], "events": [0, 1], "censored": [0, 0], "entered": [1, 0]}'),
  ('{"unit": "day", "durations": [1, 2], "events": [0, 1], "censored": [0, 0], "entered": [1, 0]}')
  ) v(t), pg_temp.error_of(format('SELECT %L::survival_curve', t)) e;
