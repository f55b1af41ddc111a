-- The worked numbers of the semantics, as the views tell them.
SET client_min_messages = error;
SET timezone = 'UTC';
SELECT ledger_create('wn');

-- CSAT: 3, 5, 12, 40, 60 answers of 1 to 5 are 0.8333333333, mean 4.2416666667; CES: 7, 6, 5, 4, 2 are 4.8, 0.6 agree
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, score)
  SELECT n, 'csat', '2024-01-10', s FROM unnest(ARRAY[3, 5, 12, 40, 60]) WITH ORDINALITY AS c (count, s), generate_series(1, c.count) n;
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, score) SELECT 1, 'ces', '2024-01-10', s FROM unnest(ARRAY[7, 6, 5, 4, 2]) s;
SELECT survey, scale_low, scale_high, period_start, response_count, customer_count, round(mean_score::numeric, 10) AS mean, round(top_box_rate::numeric, 10) AS top_box_rate,
       round(top_box_lower::numeric, 6) AS lower, round(top_box_upper::numeric, 6) AS upper, easy_rate, nps
  FROM wn.survey_results;

-- Replies after 10, 95, 119, 121 and 400 minutes, and one never: 3/5 among answered, 3/6 among due, median 119, p90 288.4
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject)
  SELECT 1, 'ticket_opened', '2024-02-10', 'reply ' || i FROM generate_series(1, 6) i;
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject)
  SELECT 1, 'ticket_replied', timestamptz '2024-02-10' + m * interval '1 minute', 'reply ' || i FROM unnest(ARRAY[10, 95, 119, 121, 400]) WITH ORDINALITY AS r (m, i);
-- exactly two hours is not less than two hours
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject) VALUES (1, 'ticket_opened', '2024-04-01', 'on the hour'), (1, 'ticket_replied', '2024-04-01 02:00', 'on the hour');
-- younger than two hours: pending; a ticket without a subject can't be followed
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject) VALUES (1, 'ticket_opened', now() - interval '1 minute', 'just now'), (1, 'ticket_opened', '2024-04-02', NULL);
SELECT CASE WHEN is_complete THEN period_start END AS period_start, ticket_count, answered_count, pending_count, in_time_count, in_time_answered_rate, in_time_due_rate, median_reply_minutes, round(p90_reply_minutes::numeric, 6) AS p90_reply_minutes
  FROM wn.support_sla;

-- First contact: of 200 resolved 150 had one reply, 10 of those were reopened within 7 days, 6 had a new ticket on the subject: 0.70, 0.67
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject, properties)
  SELECT i, 'ticket_opened', '2024-03-01', 'first ' || i, jsonb_build_object('topic', 'delivery') FROM generate_series(1, 200) i;
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject)
  SELECT i, 'ticket_replied', timestamptz '2024-03-01 01:00' + r * interval '1 hour', 'first ' || i FROM generate_series(1, 200) i, generate_series(1, CASE WHEN i <= 150 THEN 1 ELSE 3 END) r;
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject) SELECT i, 'ticket_resolved', '2024-03-02', 'first ' || i FROM generate_series(1, 200) i;
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject) SELECT i, 'ticket_reopened', timestamptz '2024-03-09' - i * interval '1 hour', 'first ' || i FROM generate_series(0, 9) i WHERE i > 0
  UNION ALL SELECT 10, 'ticket_reopened', '2024-03-09', 'first 10'                      -- exactly 7 days later still counts
  UNION ALL SELECT 11, 'ticket_reopened', '2024-03-09 00:00:01', 'first 11';            -- a second more does not
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject, properties)
  SELECT i, 'ticket_opened', timestamptz '2024-03-08', 'again ' || i, '{"topic": "delivery"}'::jsonb FROM generate_series(21, 26) i
  UNION ALL SELECT 30, 'ticket_opened', '2024-03-08', 'other', '{"topic": "pricing"}'     -- another subject
  UNION ALL SELECT 31, 'ticket_opened', '2024-03-09 00:00:01', 'late', '{"topic": "delivery"}';
SELECT period_start, ticket_count, resolved_count, known_count, one_touch_count, one_touch_rate, no_repeat_count, no_repeat_rate, reopened_count FROM wn.support_sla WHERE period_start = '2024-03-01';
-- younger than the window: not yet known
INSERT INTO wn.touchpoint (customer_id, kind, occurred_at, subject) VALUES (300, 'ticket_opened', now() - interval '6 days 23 hours', 'young'), (300, 'ticket_replied', now() - interval '6 days 22 hours', 'young'),
  (300, 'ticket_resolved', now() - interval '6 days 21 hours', 'young');
SELECT is_open, is_reply_in_time, is_one_touch, is_no_repeat FROM wn.tickets WHERE customer_id = 300;
-- the hours are a setting
UPDATE wn.setting SET value = '1 hour 35 minutes' WHERE name = 'reply_within';
SELECT in_time_count, in_time_answered_rate FROM wn.support_sla WHERE period_start = '2024-02-01';

-- Customers with 1 to 10 orders: F 1,1,2,2,3,3,4,4,5,5; all equal: 1
SELECT ledger_create('rfm');
SELECT ledger_refresh_rfm('rfm') AS nobody;
INSERT INTO rfm.touchpoint (customer_id, kind, occurred_at, amount) SELECT c, 'purchase', timestamptz '2024-01-01' + i * interval '1 day', 10 FROM generate_series(1, 10) c, generate_series(1, c) i;
SELECT customer_id, frequency_score, rfm_segment FROM rfm.customer_360 WHERE customer_id = 3;
SELECT ledger_refresh_rfm('rfm') AS buyers;
SELECT string_agg(frequency_score::text, ',' ORDER BY customer_id) AS f, string_agg(monetary_score::text, ',' ORDER BY customer_id) AS m, string_agg(recency_score::text, ',' ORDER BY customer_id) AS r FROM rfm.customer_360;
-- 85 % who bought once are 1, the others 5
DELETE FROM rfm.touchpoint;
INSERT INTO rfm.touchpoint (customer_id, kind, occurred_at, amount) SELECT c, 'purchase', timestamptz '2024-01-01' + i * interval '1 day', 10 FROM generate_series(1, 100) c, generate_series(1, CASE WHEN c <= 85 THEN 1 ELSE 2 END) i;
SELECT ledger_refresh_rfm('rfm') AS buyers;
SELECT frequency_score, count(*) FROM rfm.customer_360 GROUP BY 1 ORDER BY 1;
DELETE FROM rfm.touchpoint WHERE occurred_at > '2024-01-02';
SELECT ledger_refresh_rfm('rfm') AS buyers;
SELECT recency_score, frequency_score, monetary_score, count(*) FROM rfm.customer_360 GROUP BY 1, 2, 3;
SELECT segment, customer_count, customer_rate, as_of IS NOT NULL AS taken FROM rfm.rfm_segments WHERE customer_count > 0;

-- Referral rate 45/300; viral coefficient: 2.5 invites a customer x 0.2 is 0.5
SELECT ledger_create('adv');
INSERT INTO adv.touchpoint (customer_id, kind, occurred_at, amount, channel) SELECT c, 'purchase', '2024-05-02', 10, CASE WHEN c <= 45 THEN 'referral' ELSE 'organic' END FROM generate_series(1, 300) c;
INSERT INTO adv.touchpoint (customer_id, kind, occurred_at) SELECT c, 'referral_sent', '2024-06-10' FROM generate_series(1, 300) c, generate_series(1, 2 + c % 2);
INSERT INTO adv.touchpoint (customer_id, kind, occurred_at) SELECT c, 'referral_converted', '2024-06-20' FROM generate_series(1, 150) c;
SELECT period_start, sent_count, sender_count, converted_count, converted_rate, new_customer_count, referred_customer_count, referral_rate, customer_count, invites_per_customer, viral_coefficient
  FROM adv.referrals WHERE period_start IN ('2024-05-01', '2024-06-01') ORDER BY 1;

-- Waste avoided = (churn at the baseline rate - churn) x footprint of an acquired customer
SELECT ledger_create('foot');
INSERT INTO foot.touchpoint (customer_id, kind, occurred_at, amount, subject) SELECT c, 'subscription_started', '2024-01-10', 50, 'plan' FROM generate_series(1, 100) c;
INSERT INTO foot.touchpoint (customer_id, kind, occurred_at, subject) SELECT c, 'subscription_ended', '2024-02-10', 'plan' FROM generate_series(1, 3) c;
INSERT INTO foot.touchpoint (customer_id, kind, occurred_at, amount, subject) SELECT c, 'subscription_started', '2024-02-15', 50, 'plan' FROM generate_series(101, 110) c;
INSERT INTO foot.touchpoint (kind, occurred_at, quantity, properties) VALUES
  ('resource_use', '2024-02-05', 300, '{"resource": "power", "unit": "kWh", "waste": 0.1, "purpose": "acquisition"}'), ('resource_use', '2024-02-25', 240, '{"resource": "power", "unit": "kWh", "purpose": "delivery"}');
INSERT INTO foot.kpi_target (target, kpi, baseline, baseline_on, change, due_on) VALUES ('stay', 'churn_rate', 0.08, '2024-01-01', -0.5, '2025-01-01');
SELECT period_start, resource, used_quantity, waste_quantity, customer_count, used_per_customer, used_per_revenue, acquisition_quantity, new_customer_count, used_per_acquisition, baseline_churned, churned_count, waste_avoided
  FROM foot.resource_footprint;

-- months are cut by the clock of the ledger: half past ten in the evening of March in UTC is April in Berlin
SELECT ledger_create('berlin');
UPDATE berlin.setting SET value = 'Europe/Berlin' WHERE name = 'time_zone';
INSERT INTO berlin.touchpoint (customer_id, kind, occurred_at, score) VALUES (1, 'nps', '2024-03-31 21:59:59+00', 10), (1, 'nps', '2024-03-31 22:00+00', 0), (1, 'nps', '2024-10-31 22:59:59+00', 9), (1, 'nps', '2024-10-31 23:00+00', 3);
SET timezone = 'Pacific/Kiritimati';
SELECT period_start, period_end, response_count, nps FROM berlin.nps_by_month;
SELECT survey, period_start, response_count, nps FROM berlin.survey_results;
SELECT ledger_drop(l, confirm => l) FROM unnest('{wn,rfm,adv,foot,berlin}'::text[]) l;
