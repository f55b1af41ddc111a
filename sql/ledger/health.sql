-- Health of a ledger's customers: bands by hand, settings, models, what is refused.  That readings
-- are right: test/pgtap/ledger_health.sql.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT ledger_create('hale', 'uuid');
INSERT INTO hale.play (play, on_band, action) VALUES ('rescue', 'red', 'call');
INSERT INTO hale.touchpoint (customer_id, kind, occurred_at, amount, score)
  SELECT ('00000000-0000-0000-0000-00000000000' || c)::uuid, kind, '2024-01-01'::timestamptz + day * interval '1 day', amount, score
    FROM (VALUES (1, 'purchase', 0, 10, NULL::float8), (1, 'purchase', 40, 10, NULL), (1, 'nps', 50, NULL, 9), (1, 'csat', 50, NULL, 5), (1, 'login', 60, NULL, NULL),
                 (2, 'purchase', 0, 10, NULL), (2, 'purchase', 5, 10, NULL), (2, 'nps', 7, NULL, 2), (2, 'refund', 8, -10, NULL), (3, 'signup', 0, NULL, NULL)) v (c, kind, day, amount, score);
SELECT ledger_tick('hale', '2024-03-02') AS moved;
SELECT customer_id, read_at, round(health_score::numeric, 4) AS score, health_band, computed_band, band_since, round(previous_score::numeric, 4) AS previous,
       round(coverage::numeric, 4) AS coverage, round(care::numeric, 4) AS care, top_driver, round(top_driver_cost::numeric, 4) AS cost FROM hale.customer_health ORDER BY 1;
SELECT measure, pillar, weight, round(value::numeric, 4) AS value, round(score::numeric, 4) AS score
  FROM ledger_measures('hale', '2024-02-26') WHERE customer_id LIKE '%2' ORDER BY weight DESC, measure;
SELECT event, customer_id, occurred_at, payload - 'band_since' AS payload FROM hale.event_outbox WHERE event IN ('band_changed', 'play') ORDER BY event_id;
-- a band by hand: both are shown, who and why is kept, and it is told
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000002'::uuid, 'green', 'the founder''s friend', '2024-03-20', '2024-03-02 08:00');
SELECT health_band, computed_band, band_since, override_reason, override_actor = session_user AS by_me, override_until FROM hale.customer_health WHERE customer_id::text LIKE '%2';
SELECT properties - 'actor' AS properties FROM hale.touchpoint WHERE kind = 'health_band_set';
SELECT ledger_tick('hale', '2024-03-12') AS moved;
SELECT read_at, health_band, computed_band, band_since FROM hale.customer_health WHERE customer_id::text LIKE '%2';
SELECT read_at, health_band, computed_band FROM hale.health_history WHERE customer_id::text LIKE '%2' ORDER BY read_at DESC LIMIT 3;
-- it expires between two readings
SELECT ledger_tick('hale', '2024-03-21') AS moved;
SELECT read_at, health_band, computed_band, band_since, override_until FROM hale.customer_health WHERE customer_id::text LIKE '%2';
SELECT event, occurred_at, payload ->> 'from_band' AS from_band, payload ->> 'to_band' AS to_band, payload ->> 'action' AS action
  FROM hale.event_outbox WHERE event IN ('band_changed', 'play') AND customer_id::text LIKE '%2' ORDER BY event_id;
-- taken back, and on a customer without a reading
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000002'::uuid, 'yellow', 'let us see', '2024-05-01', '2024-03-21');
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000002', NULL, 'no', NULL, '2024-03-22');
SELECT health_band, computed_band, override_reason FROM hale.customer_health WHERE customer_id::text LIKE '%2';
INSERT INTO hale.touchpoint (customer_id, kind, occurred_at) VALUES ('00000000-0000-0000-0000-000000000004', 'purchase', '2024-03-21');
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000004'::uuid, 'yellow', 'new', '2024-05-01', '2024-03-21');
SELECT health_score, health_band, computed_band FROM hale.customer_health WHERE customer_id::text LIKE '%4';
-- who has left has no health any more
SELECT ledger_tick('hale', '2024-06-30') AS moved;
SELECT count(*) FROM hale.customer_health;
SELECT count(*) > 0 AS kept FROM hale.health_history;
-- a measure of one's own, another that is off
INSERT INTO hale.health_measure (measure, pillar, bad, good, weight, meaning) VALUES ('seats used', 'convenience', 0, 1, 5, 'seats used / seats paid for');
UPDATE hale.health_measure SET is_active = false WHERE measure = 'days_since_alive';
INSERT INTO hale.touchpoint (customer_id, kind, occurred_at, subject, score) VALUES ('00000000-0000-0000-0000-000000000001', 'purchase', '2024-06-30', NULL, NULL),
  ('00000000-0000-0000-0000-000000000001', 'health_reading', '2024-06-30 01:00', 'seats used', 0.25), ('00000000-0000-0000-0000-000000000001', 'health_reading', '2024-06-30 02:00', 'seats used', 0.5);
UPDATE hale.setting SET value = '0.3' WHERE name = 'health_min_coverage';
SELECT ledger_tick('hale', '2024-07-02') AS moved;
SELECT m.measure, round(m.score::numeric, 2) AS score, m.weight FROM hale.customer_health, health_measures(measures) m WHERE m.score IS NOT NULL ORDER BY 1;
SELECT ledger_tick('hale', '2024-07-02') AS moved, ledger_health('hale') AS read_anew;
-- days, months, never
UPDATE hale.setting SET value = 'month' WHERE name = 'health_every';
SELECT ledger_health_instants('hale', '2025-01-15') ORDER BY 1;
UPDATE hale.setting SET value = 'never' WHERE name = 'health_every';
SELECT ledger_health_instants('hale', '2025-01-15');
UPDATE hale.setting SET value = 'day' WHERE name = 'health_every';
SELECT min(i), max(i), count(*) FROM ledger_health_instants('hale', '2025-01-15 12:00') i;
DELETE FROM hale.setting WHERE name = 'health_every';
SELECT min(i), max(i), count(*) FROM ledger_health_instants('hale', '2025-01-15 12:00') i;
UPDATE hale.setting SET value = '1.1' WHERE name = 'health_min_coverage';
INSERT INTO hale.setting (name, value) VALUES ('health_every', 'year');
-- models: too few to fit
SELECT * FROM ledger_fit('hale');
SELECT model, as_of, clv IS NULL AS no_clv, risk IS NULL AS no_risk FROM hale.fitted_model ORDER BY model;
-- refused
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000001'::uuid, 'blue', 'why', '2030-01-01');
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000001'::uuid, 'red', '', '2030-01-01');
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000001'::uuid, 'red', 'why', NULL, '2024-01-01');
SELECT ledger_set_health_band('hale', '00000000-0000-0000-0000-000000000001'::uuid, 'red', 'why', '2020-01-01', '2024-01-01');
SELECT ledger_set_health_band('nowhere', 1, 'red', 'why', '2030-01-01');
SELECT ledger_health('nowhere'), ledger_fit('nowhere');
SELECT ledger_measures('nowhere');
SELECT ledger_create('young');
SELECT ledger_fit('young');
SELECT ledger_tick('young', '2024-01-01') AS moved, ledger_health('young') AS read;
SELECT ledger_drop('hale', confirm => 'hale'), ledger_drop('young', confirm => 'young');
