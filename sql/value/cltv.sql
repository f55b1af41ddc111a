-- worked numbers
SELECT cltv(50, 4, 3, 0.3), cltv(50, 4, 3), cltv(average_order => 50, orders_per_year => 4, years => 3, margin => 0.3);
SELECT cltv_perpetuity(100, 0.03), cltv_perpetuity(margin_per_period => 100 * 0.8, churn => 0.03);
SELECT cltv_discounted(80, 0.97, 0.01), cltv_discounted(80, 0.97, 0.01, first_payment => 'next');
SELECT round(cltv_over(80, 0.97, 36)::numeric, 7), cltv_over(margin_per_period => 80, retention => 0.97, periods => 36, discount => 0.01);
-- the sum of the discounted payments of each period
SELECT abs(cltv_over(80, 0.97, 36, 0.01) - sum(80 * (0.97 / 1.01) ^ k)) < 1e-9 FROM generate_series(0, 35) k;
-- with more and more periods it becomes the perpetuity
SELECT abs(cltv_over(80, 0.97, 10000, 0.01) - cltv_discounted(80, 0.97, 0.01)) < 1e-9;
-- nobody leaves: known only up to a cap, or by discounting
SELECT cltv_perpetuity(100, 0), cltv_perpetuity(100, 0, cap => 60), cltv_perpetuity(100, 0.03, cap => 20), cltv_perpetuity(100, 0.03, cap => 60);
SELECT cltv_discounted(80, 1, 0), round(cltv_discounted(80, 1, 0.01)::numeric, 6), cltv_over(80, 1, 36), cltv_over(80, 1, 0);
-- a retention next to 1 loses no digits
SELECT abs(cltv_over(1, 1 - 1e-12::float8, 36) / (36 - 630e-12::float8) - 1) < 1e-14;
-- everybody leaves at once
SELECT cltv_perpetuity(100, 1), cltv_discounted(80, 0, 0.01), cltv_discounted(80, 0, 0.01, 'next'), cltv_over(80, 0, 36), cltv_over(80, 0, 0);
-- what isn't known stays unknown
SELECT cltv(NULL, 4, 3), cltv(50, 4, 3, NULL), cltv_perpetuity(NULL, 0.03), cltv_perpetuity(100, NULL), cltv_discounted(80, NULL, 0.01), cltv_over(80, 0.97, NULL);
-- a customer may cost money
SELECT cltv_perpetuity(-3, 0.1), cltv_discounted(-3, 0.5, 0);
-- wrong values
\set VERBOSITY sqlstate
SELECT cltv_perpetuity(100, -0.03);
\set VERBOSITY default
SELECT cltv(-50, 4, 3);
SELECT cltv(50, 'NaN', 3);
SELECT cltv(50, 4, 'Infinity');
SELECT cltv(50, 4, 3, 30);
SELECT cltv(1e300, 1e300, 3);
SELECT cltv_perpetuity(100, 3);
SELECT cltv_perpetuity(100, 'NaN');
SELECT cltv_perpetuity('Infinity', 0.03);
SELECT cltv_perpetuity(100, 0.03, cap => -1);
SELECT cltv_discounted(80, 1.01, 0.01);
SELECT cltv_discounted(80, 0.97, -0.01);
SELECT cltv_discounted(80, 0.97, 0.01, 'later');
SELECT cltv_over(80, 97, 36);
SELECT cltv_over(80, 0.97, 36.5);
SELECT cltv_over(80, 0.97, -1);
