-- recurring revenue from one instant to the next (docs/churn.md, "Revenue")
\pset null '(null)'

-- the fixture: start 10,000, new 2,000, expansion 800, contraction 300, churn 700, reactivation 200, end 12,000
CREATE TEMP TABLE paid (customer text, amount_before numeric(18,4), amount_after numeric(18,4), paid_before boolean);
INSERT INTO paid VALUES
  ('stays',       8000, 8000, true),
  ('grows',        700, 1500, true),
  ('shrinks',      600,  300, true),
  ('leaves',       700,    0, true),
  ('is new',         0, 2000, false),
  ('comes back',     0,  200, true),
  ('long gone',      0,    0, true),
  ('never was',   NULL, NULL, NULL);
SELECT customer, revenue_movement(amount_before, amount_after, paid_before) FROM paid;
SELECT revenue_agg(amount_before, amount_after, paid_before) AS s FROM paid \gset
SELECT revenue_summary :'s';
SELECT revenue_at_start(s), revenue_new(s), revenue_expansion(s), revenue_contraction(s), revenue_churned(s),
       revenue_reactivated(s), revenue_at_end(s) FROM (SELECT revenue_summary :'s') v(s);
SELECT gross_revenue_churn(s), net_revenue_churn(s), net_revenue_churn(s, with_reactivation => true) AS net_with_reactivation,
       nrr(s), grr(s), quick_ratio(s), quick_ratio(s, with_reactivation => true) AS quick_with_reactivation
FROM (SELECT revenue_summary :'s') v(s);
SELECT gross_revenue_churn(amount_before, amount_after, paid_before), net_revenue_churn(amount_before, amount_after, paid_before),
       nrr(amount_before, amount_after, paid_before), grr(amount_before, amount_after, paid_before),
       quick_ratio(amount_before, amount_after, paid_before) FROM paid;
SELECT m, revenue_customers(s, m) FROM (SELECT revenue_summary :'s') v(s),
  unnest('{start,new,expansion,contraction,churn,reactivation,unchanged,end}'::text[]) m;

-- a missing month is 0; not having paid before the first row of a window is not having paid
SELECT revenue_movement(10, NULL, true), revenue_movement(NULL, 10, NULL), revenue_movement(NULL, NULL, NULL),
       revenue_movement(0.00, 0, true), revenue_movement(1.50, 1.5, true);

-- no losses, nothing at the start, nothing at all, no rows
SELECT quick_ratio(10, 12, true), nrr(10, 12, true), grr(10, 12, true), net_revenue_churn(10, 12, true);
SELECT nrr(0, 12, false), grr(0, 12, false), gross_revenue_churn(0, 12, false), net_revenue_churn(0, 12, false), quick_ratio(0, 12, false);
SELECT revenue_agg(NULL, NULL, NULL), nrr(NULL, NULL, NULL);
SELECT revenue_agg(amount_before, amount_after, paid_before), nrr(amount_before, amount_after, paid_before) FROM paid WHERE false;
SELECT nrr(amount_before, amount_after, paid_before) FILTER (WHERE customer LIKE '%s') FROM paid;

-- grr is per customer: one who grows doesn't make up for one who leaves
SELECT grr(b, a, true), nrr(b, a, true) FROM (VALUES (100, 200), (100, 0)) v(b, a);

-- exact at any size: 147,455 digits, 1/3s, tiny and huge together, in any order
SELECT revenue_at_start(s) = x AS exact, scale(revenue_at_start(s)) FROM (SELECT ('1' || repeat('0', 131071))::numeric + '1e-16383') v(x),
  LATERAL (SELECT revenue_agg(y, y, true) FROM (VALUES (x)) w(y)) r(s);
SELECT revenue_at_end(s), revenue_new(s) FROM (SELECT revenue_agg(0, 1::numeric / 3, false) AS s FROM generate_series(1, 3)) v;
SELECT revenue_agg(b, a, true) FROM (VALUES (9999999999999999::numeric, 10000000000000000::numeric), (0.0000000000000001, 0.0000000000000002)) v(b, a);
SELECT revenue_agg(x, x, true) FROM (VALUES (9999999999999999.9999999999999999), (0.0000000000000001)) v(x);
SELECT revenue_agg(1e40, 1e40, true), revenue_agg(1e-40, 0, true);
SELECT revenue_agg(1.50, 1.5, true) = revenue_agg(1.5, 1.50, true) AS same, revenue_agg(1.5, 1.5, true) = revenue_agg(1.50, 1.50, true) AS as_numeric;

-- parts, and those who stayed
SELECT revenue_summary :'s' + :'s', rollup(s) = (revenue_summary :'s' + :'s') AS same FROM (VALUES (revenue_summary :'s'), (:'s')) v(s);
SELECT revenue_with_unchanged(revenue_agg(amount_before, amount_after, paid_before) FILTER (WHERE customer <> 'stays'),
                              revenue_agg(0, amount_before, false)) = :'s' AS same FROM paid;
SELECT revenue_with_unchanged(revenue_agg(0, 10, false), NULL), revenue_with_unchanged(NULL, NULL);
SELECT count(*) FROM (SELECT DISTINCT s FROM (VALUES (revenue_summary :'s'), (:'s')) v(s)) d;
SELECT s::jsonb -> 'customers' AS customers, s::jsonb::text::revenue_summary = s AS same FROM (SELECT revenue_summary :'s') v(s);

-- mistakes
SELECT revenue_agg(-1, 0, true);
SELECT revenue_agg(0, 'NaN', true);
SELECT revenue_agg(0, 'Infinity', true);
SELECT revenue_movement(0, '-Infinity', true);
SELECT revenue_with_unchanged(revenue_agg(10, 0, true), NULL);
SELECT revenue_with_unchanged(revenue_agg(10, 0, true), revenue_agg(0, 9, false));
SELECT revenue_with_unchanged(revenue_agg(9, 0, true), revenue_agg(0, 10, false));
SELECT revenue_customers(:'s', 'lost');
SELECT revenue_agg(9e131071, 9e131071, true) FROM generate_series(1, 2);
SELECT rollup(s) FROM (SELECT '{"start": 1, "new": 0, "expansion": 0, "contraction": 0, "churn": 0, "reactivation": 0, "end": 1, "customers": {"new": 0, "expansion": 0, "contraction": 0, "churn": 0, "reactivation": 0, "unchanged": 9223372036854775807}}'::revenue_summary AS s
                       UNION ALL SELECT revenue_agg(1, 0, true)) v;

-- hostile values
\set VERBOSITY terse
SELECT '{}'::revenue_summary;
SELECT '[]'::revenue_summary;
SELECT '{"start": 100, "new": 20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90, "customers": 4}'::revenue_summary;
\set VERBOSITY default
SELECT '{"start": 100, "new": 20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90, "customers": {"new": 1}}'::revenue_summary;
SELECT '{"start": "100", "new": 20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90, "customers": {"new": 1, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'::revenue_summary;
SELECT '{"start": 100, "new": -20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90, "customers": {"new": 1, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'::revenue_summary;
SELECT '{"start": 100, "new": 20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 91, "customers": {"new": 1, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'::revenue_summary;
SELECT '{"start": 100, "new": 20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90, "customers": {"new": 0, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'::revenue_summary;
SELECT '{"start": 20, "new": 20, "expansion": 0, "contraction": 0, "churn": 30, "reactivation": 0, "end": 10, "customers": {"new": 1, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'::revenue_summary;
SELECT '{"start": 20, "new": 20, "expansion": 0, "contraction": 0, "churn": 20, "reactivation": 0, "end": 20, "customers": {"new": 1, "expansion": 0, "contraction": 0, "churn": 9223372036854775807, "reactivation": 0, "unchanged": 2}}'::revenue_summary;
