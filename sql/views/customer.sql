-- customer_360 and what is built on it: values by a model, health, risks, the next action.
SET client_min_messages = error;
SET timezone = 'UTC';
SELECT ledger_create('cu');
UPDATE cu.setting SET value = 'Europe/Berlin' WHERE name = 'time_zone';
-- 300 buyers with rates and lives of their own, one who only got money back, one who only looked, one subscriber
SELECT setseed(0.7);
CREATE TEMP TABLE gap AS
  SELECT c, i, rate, leaves, -ln(random()) / rate AS days, random() AS draw
    FROM (SELECT c, 0.01 - ln(random()) / 25 AS rate, random() ^ 2 / 2 AS leaves FROM generate_series(1, 300) c OFFSET 0) b, generate_series(0, 30) i;
INSERT INTO cu.touchpoint (customer_id, kind, occurred_at, amount)
  SELECT c, 'purchase', at, 5 + c % 40 + i FROM (
    SELECT c, i, timestamptz '2023-06-01' + (c % 200 + sum(CASE WHEN i > 0 THEN days ELSE 0 END) OVER w) * interval '1 day' AS at, bool_and(i = 0 OR draw > leaves) OVER w AS stays
      FROM gap WINDOW w AS (PARTITION BY c ORDER BY i)) g
   WHERE stays AND at < '2024-05-30';
INSERT INTO cu.touchpoint (customer_id, kind, occurred_at, amount) VALUES (3, 'refund', '2024-03-01', -5.5), (390, 'refund', '2024-02-01', -4), (391, 'page_view', '2024-02-01', NULL);
INSERT INTO cu.touchpoint (customer_id, kind, occurred_at, amount, subject) VALUES (392, 'subscription_started', '2024-02-01', 30, 'plan');
-- without a model nothing is predicted
SELECT count(*), count(purchase_amount), count(cltv_predicted), count(cltv_method), count(p_alive), count(churn_probability) FROM cu.customer_360;
SELECT ledger_tick('cu', '2024-06-01') > 0 AS moved;
SELECT model, substr(note, 1, 23) AS note, note ~ 'converged' AS converged FROM ledger_fit('cu', '2024-06-01') WHERE model = 'clv';
SELECT count(*), count(cltv_predicted) AS predicted, count(cltv_lower) AS lower, count(p_alive) AS p_alive, count(expected_purchases_90_days) AS expected,
       bool_and(cltv_lower <= cltv_predicted AND cltv_predicted <= cltv_upper) AS within, bool_and(p_alive BETWEEN 0 AND 1) AS probable FROM cu.customer_360;
SELECT customer_id, stage_name, purchase_count, net_revenue_amount, cltv_historic_amount, cltv_predicted, cltv_method, p_alive FROM cu.customer_360 WHERE customer_id > 300 ORDER BY 1;
SELECT DISTINCT cltv_method FROM cu.customer_360 WHERE cltv_predicted IS NOT NULL;
-- p_alive by the formula of BG/NBD, from the log: x repeat days, t_x and T in weeks from day to day of Berlin
WITH p AS (SELECT max(estimate) FILTER (WHERE name = 'r') AS r, max(estimate) FILTER (WHERE name = 'alpha') AS alpha, max(estimate) FILTER (WHERE name = 'a') AS a, max(estimate) FILTER (WHERE name = 'b') AS b
             FROM cu.fitted_model m, parameters(m.clv) WHERE model = 'clv'),
     d AS (SELECT customer_id, count(DISTINCT (occurred_at AT TIME ZONE 'Europe/Berlin')::date) - 1 AS x, min((occurred_at AT TIME ZONE 'Europe/Berlin')::date) AS first_day, max((occurred_at AT TIME ZONE 'Europe/Berlin')::date) AS last_day
             FROM cu.touchpoint WHERE kind = 'purchase' GROUP BY 1),
     t AS (SELECT d.*, (last_day - first_day) / 7.0::float8 AS t_x, ((now() AT TIME ZONE 'Europe/Berlin')::date - first_day) / 7.0::float8 AS t FROM d)
SELECT count(*) AS buyers, count(*) FILTER (WHERE abs(c.p_alive - CASE WHEN x = 0 THEN 1 ELSE 1 / (1 + a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ^ (r + x)) END) > 1e-9) AS wrong
  FROM t JOIN cu.customer_360 c USING (customer_id), p;
-- a purchase of tomorrow, which is within the tolerance, is no error
INSERT INTO cu.touchpoint (customer_id, kind, occurred_at, amount) VALUES (1, 'purchase', now() + interval '12 hours', 10);
SELECT p_alive IS NOT NULL AS answered FROM cu.customer_360 WHERE customer_id = 1;
DELETE FROM cu.touchpoint WHERE occurred_at > now();

-- health: three customers read, one of them twice; one set by hand; one not read
SELECT ledger_create('he');
INSERT INTO he.touchpoint (customer_id, kind, occurred_at, amount, subject) SELECT c, 'subscription_started', now() - interval '100 days', 10 * c, 'plan' FROM generate_series(1, 5) c;
INSERT INTO he.touchpoint (customer_id, kind, occurred_at) VALUES (6, 'page_view', now());
INSERT INTO he.customer_health (customer_id, read_at, health_score, health_band, band_since, computed_band, override_reason, override_until, previous_score, coverage,
    clarity, consistency, convenience, collaboration, care, top_driver, top_driver_cost, churn_probability) VALUES
  (1, '2024-05-04', 8.5, 'green', '2024-05-04', 'green', NULL, NULL, 7.5, 1, 8, 9, 10, 7, 8.5, 'last_nps', 0.5, 0.1),
  (2, '2024-05-04', 5.5, 'yellow', '2024-04-06', 'yellow', NULL, NULL, 6, 0.9, 5, 3.9, 4, NULL, 7, 'refund_share', 2, 0.3),
  (3, '2024-05-04', 3, 'green', '2024-04-27', 'red', 'we talked', '2030-01-01', 3, 0.8, 2, 3, 4, NULL, 2, 'refund_share', 4, 0.6),
  (4, '2024-05-04', NULL, NULL, NULL, NULL, NULL, NULL, 4, 0.3, NULL, NULL, NULL, NULL, 6, NULL, NULL, NULL);
UPDATE he.customer_health SET top_driver = m.measure FROM he.health_measure m WHERE (top_driver, m.pillar) IN (('last_nps', 'collaboration'), ('refund_share', 'consistency'));
SELECT customer_id, health_score, health_band, health_computed_band, health_override_reason, health_change, health_trend, health_coverage, clarity_score, care_score, churn_probability, churn_method
  FROM he.customer_360 ORDER BY 1;
SELECT * FROM he.health_overview;
SELECT pillar, customer_count, mean_score, median_score, red_count, yellow_count, green_count, green_rate, unknown_count, top_driver_count > 0 AS is_driver FROM he.health_by_pillar;
SELECT customer_id, churn_probability, risk_level, churns_at, mrr_amount, mrr_at_risk, health_trend FROM he.churn_risk ORDER BY churn_probability DESC NULLS LAST, customer_id;

-- the next action: the most urgent play that nobody has acknowledged
INSERT INTO he.play (play, on_stage, action, priority) VALUES ('greet', 'conversion', 'send a greeting', 50), ('call', 'retention', 'call them', 10);
INSERT INTO he.event_outbox (event_id, customer_id, event, occurred_at, payload) VALUES (1001, 2, 'play', '2024-05-01', '{}'), (1002, 2, 'play', '2024-05-02', '{}'), (1003, 3, 'play', '2024-05-03', '{}');
INSERT INTO he.play_fired (customer_id, play, occurrence, action, priority, occurred_at, event_id) VALUES
  (2, 'greet', 'a', 'send a greeting', 50, '2024-05-01', 1001), (2, 'call', 'b', 'call them', 10, '2024-05-02', 1002), (3, 'greet', 'c', 'send a greeting', 50, '2024-05-03', 1003);
SELECT customer_id, next_action, next_action_play, next_action_since FROM he.customer_360 WHERE next_action IS NOT NULL ORDER BY 1;
SELECT ledger_ack_events('he', 1002, 1003) AS acknowledged;
SELECT customer_id, next_action FROM he.customer_360 WHERE next_action IS NOT NULL ORDER BY 1;

-- consent, traits
INSERT INTO he.touchpoint (customer_id, kind, occurred_at, properties) VALUES
  (1, 'consent_given', now() - interval '3 days', '{"purpose": "email"}'), (1, 'consent_given', now() - interval '3 days', '{"purpose": "ads"}'), (1, 'consent_withdrawn', now() - interval '2 days', '{"purpose": "ads"}'),
  (1, 'trait_set', now() - interval '2 days', '{"name": "persona", "value": "maker"}'), (1, 'trait_set', now() - interval '1 day', '{"name": "shoe size", "value": 42}'), (1, 'trait_set', now() - interval '1 day', '{"name": "country", "value": "Spain"}');
SELECT consents_given, consents_withdrawn, persona, country, industry, traits FROM he.customer_360 WHERE customer_id = 1;
SELECT ledger_drop(l, confirm => l) FROM unnest('{cu,he}'::text[]) l;
