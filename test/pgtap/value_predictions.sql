-- What predictions must obey, whatever the model: probabilities add up to one and their mean is the
-- expectation; discounting is a sum over time; for ever is the limit of long.
SET client_min_messages = warning;
SELECT plan(10);
CREATE TEMP TABLE model AS
SELECT k, make_clv_model(k, p::float8[], '{6, 4, 15}') AS m, h
FROM (VALUES ('bg_nbd', '{0.8, 5, 3.5, 2.5}'), ('mbg_nbd', '{0.8, 5, 3.5, 2.5}'), ('pareto_nbd', '{0.8, 5, 3.5, 12}'), ('bg_bb', '{1.2, 0.8, 3.5, 2.8}')) v(k, p),
     (VALUES (make_purchase_summary(0, '0', '30 weeks')), (make_purchase_summary(3, '20 weeks', '30 weeks', 25)), (make_purchase_summary(12, '30 weeks', '30 weeks', 25))) c(h);
CREATE TEMP TABLE known AS
SELECT k, m, h, sum(p) AS total, sum(n * p) AS mean, expected_purchases(m, h, '10 weeks') AS expected
FROM model, generate_series(0, 400) n, purchase_probability(m, h, '10 weeks', n) p GROUP BY 1, 2, 3;
SELECT cmp_ok((SELECT max(abs(total - 1)) FROM known), '<', 1e-10::float8, 'the probabilities of a customer add up to one');
SELECT cmp_ok((SELECT max(abs(mean / expected - 1)) FROM known), '<', 1e-10::float8, 'and their mean is the expectation');
SELECT cmp_ok((SELECT max(abs(total - 1) + abs(mean / expected - 1)) FROM (SELECT sum(p) AS total, sum(n * p) AS mean, expected_purchases(m, interval '10 weeks') AS expected
                 FROM (SELECT DISTINCT k, m FROM model) s, generate_series(0, 400) n, purchase_probability(m, interval '10 weeks', n) p GROUP BY k, m) s), '<', 1e-10::float8, 'of a new customer too');
-- purchases of each quarter of a day, discounted by its middle; of BG/BB at the end of each week
SELECT cmp_ok((SELECT max(abs(cltv(m, h, '10 weeks', 0.5) / sum - 1)) FROM (
  SELECT k, m, h, expected_spend(m, h) * sum((expected_purchases(m, h, d * step) - expected_purchases(m, h, (d - 1) * step)) * 1.5 ^ (-(d - behind) * extract(epoch FROM step) / (365.25 * 86400))) AS sum
  FROM model, LATERAL (SELECT CASE k WHEN 'bg_bb' THEN interval '7 days' ELSE interval '6 hours' END AS step, CASE k WHEN 'bg_bb' THEN 0 ELSE 0.5 END AS behind) s,
       LATERAL generate_series(1, (70 * 86400 / extract(epoch FROM step))::int) d GROUP BY 1, 2, 3) s), '<', 1e-6::float8, 'discounted by the day');
SELECT cmp_ok((SELECT max(abs(cltv(m, h, '10 weeks', 0, 0.25) / (0.25 * expected_spend(m, h) * expected_purchases(m, h, '10 weeks')) - 1)) FROM model), '<', 1e-14::float8, 'without discount: purchases x spend x margin');
SELECT cmp_ok((SELECT max(abs(cltv(m, h, '2000 years', 0.1) / cltv_lifetime(m, h) - 1)) FROM model), '<', 1e-12::float8, 'for ever is the limit of long, discounted');
SELECT cmp_ok((SELECT max(abs(cltv(m, interval '2000 years', 0.1) / cltv_lifetime(m) - 1)) FROM model), '<', 1e-12::float8, 'of a new customer too');
SELECT cmp_ok((SELECT max(abs(expected_purchases(m, h, '290000 years') / discounted_purchases(m, h, 0) - 1)) FROM model), '<', 1e-4::float8, 'and not discounted, where it is finite');
SELECT current_setting('server_version_num')::int >= 170000 AS endless \gset
\if :endless
SELECT is((SELECT count(*) FROM model WHERE cltv(m, h, interval 'infinity') = cltv_lifetime(m, h) AND expected_purchases(m, h, interval 'infinity') = discounted_purchases(m, h, 0)), 12::bigint, 'an infinite horizon');
SELECT throws_ok($$SELECT purchase_probability(m, h, interval 'infinity', 1) FROM model$$, '22003', NULL, 'which has no number of purchases');
\else
SELECT skip('intervals are finite before PostgreSQL 17', 2);
\endif
SELECT finish();
