--
-- The three doors, on the sample business. Run by examples/demo (make demo).
--
SET client_min_messages = warning;
\echo Generating a sample business: two years of visits, orders, subscriptions, tickets, surveys ...
\ir business.sql

-- Not a superuser: the extension is trusted, and a ledger belongs to whoever makes it.
CREATE ROLE founder LOGIN;
SELECT format('GRANT CREATE ON DATABASE %I TO founder', current_database()) \gexec
GRANT USAGE ON SCHEMA demo TO founder;
GRANT SELECT ON ALL TABLES IN SCHEMA demo TO founder;
GRANT CREATE ON SCHEMA public TO founder;
SET SESSION AUTHORIZATION founder;
SET TIME ZONE 'UTC';
CREATE EXTENSION customer_lifecycle;

SELECT (SELECT count(*) FROM demo.customer) AS people,
       (SELECT count(*) FROM demo.visit) AS visits,
       (SELECT count(*) FROM demo.orders) AS orders,
       (SELECT count(*) FROM demo.subscription) AS subscriptions,
       (SELECT count(*) FROM demo.ticket) AS tickets,
       (SELECT count(*) FROM demo.survey) AS survey_answers;

\echo
\echo '==== Door 1: an analyst, in SQL, over any table ================================'
\echo
\echo 'Are they satisfied? NPS by channel with its 95 % interval (the generator put in 30):'
\set ECHO queries
SELECT channel, responses(r), round(nps(r)::numeric, 1) AS nps,
       round(((nps_interval(r)).lower)::numeric, 1) AS lower,
       round(((nps_interval(r)).upper)::numeric, 1) AS upper
FROM (SELECT channel, rating_agg(score) AS r
      FROM demo.survey JOIN demo.customer USING (customer_id)
      WHERE survey = 'nps' GROUP BY channel) AS by_channel
ORDER BY nps DESC;
\set ECHO none

\echo 'Who leaves? Subscribers lost by quarter (4 % a month were put in, 11.5 % a quarter):'
\set ECHO queries
SELECT lower(period)::date AS quarter, customers_at_start(c), customers_new(c), customers_lost(c),
       round(churn_rate(c)::numeric, 3) AS churn_rate,
       round(churn_rate(c, method => 'average')::numeric, 3) AS on_average
FROM (SELECT period, churn_agg(started_at, ended_at, period) AS c
      FROM demo.subscription,
           (SELECT tstzrange(q, q + interval '3 months') AS period
            FROM generate_series(timestamptz '2025-01-01', '2025-10-01', '3 months') AS q) AS quarters
      GROUP BY period) AS by_quarter
ORDER BY quarter;
\set ECHO none

\echo 'What are they worth? A model fitted in the database, and who to look after'
\echo '(put in: r 1, alpha 5 weeks, a 1, b 6; spend p 5, q 4, v 30):'
\set ECHO queries
CREATE TABLE buyer AS
SELECT customer_id, observe(purchase_agg(ordered_at, amount, '1 day', 'UTC'), '2026-01-01 UTC') AS h
FROM demo.orders GROUP BY customer_id;
CREATE TABLE buyer_model AS SELECT clv_fit(clv_agg(h), model => 'mbg_nbd') AS m FROM buyer;
SELECT name, round(estimate::numeric, 2) AS estimate, round(lower::numeric, 2) AS lower, round(upper::numeric, 2) AS upper
FROM buyer_model, parameters(m);
SELECT customer_id, frequency(h), round(p_alive(m, h)::numeric, 3) AS p_alive,
       round(expected_purchases(m, h, '1 year')::numeric, 1) AS orders_next_year, round(cltv(m, h, '3 years')::numeric) AS value_3_years,
       round((cltv_interval(m, h, '3 years')).lower::numeric) AS lower, round((cltv_interval(m, h, '3 years')).upper::numeric) AS upper
FROM buyer_model, buyer ORDER BY cltv(m, h, '3 years') DESC LIMIT 3;
\set ECHO none

\echo 'How far do they get? Visit, sign-up, order within 30 days:'
\set ECHO queries
SELECT steps, count(*) AS people
FROM (SELECT funnel(at, event, ARRAY['visit', 'sign-up', 'order'], '30 days') AS steps
      FROM (SELECT customer_id, first_seen_at AS at, 'visit' AS event FROM demo.customer
            UNION ALL SELECT customer_id, signed_up_at, 'sign-up' FROM demo.customer WHERE signed_up_at IS NOT NULL
            UNION ALL SELECT customer_id, ordered_at, 'order' FROM demo.orders) AS events
      GROUP BY customer_id) AS people
GROUP BY steps ORDER BY steps;
\set ECHO none

\echo '==== Door 2: a ledger, fed by triggers, read by BI tools ======================='
\echo
\echo 'The shop has tables of its own. One line each, and from then on every INSERT moves its customers:'
CREATE SCHEMA shop;
CREATE TABLE shop.visit (LIKE demo.visit INCLUDING ALL);
CREATE TABLE shop.signup (customer_id bigint PRIMARY KEY, signed_up_at timestamptz NOT NULL);
CREATE TABLE shop.orders (LIKE demo.orders INCLUDING ALL);
CREATE TABLE shop.subscription (LIKE demo.subscription INCLUDING ALL);
CREATE TABLE shop.ticket (LIKE demo.ticket INCLUDING ALL);
CREATE TABLE shop.survey (LIKE demo.survey INCLUDING ALL);
CREATE TABLE shop.referral (LIKE demo.referral INCLUDING ALL);
\set ECHO queries
SELECT ledger_create('crm', customer_key => 'bigint');
SELECT ledger_track('crm', 'shop.visit', kind_from => 'kind', customer => 'customer_id', occurred_at => 'visited_at', channel => 'channel');
SELECT ledger_track('crm', 'shop.signup', kind => 'signup', customer => 'customer_id', occurred_at => 'signed_up_at');
SELECT ledger_track('crm', 'shop.orders', kind => 'purchase', customer => 'customer_id', occurred_at => 'ordered_at', amount => 'amount');
SELECT ledger_track('crm', 'shop.subscription', kind => 'subscription_started', customer => 'customer_id', occurred_at => 'started_at',
                    amount => 'monthly_amount', subject => 'subscription_id');
SELECT ledger_track('crm', 'shop.subscription', track => 'subscription ends', kind => 'subscription_ended', customer => 'customer_id',
                    occurred_at => 'ended_at', subject => 'subscription_id', only_when => 'ended_at IS NOT NULL',
                    properties => 'jsonb_build_object(''reason'', reason)');
SELECT ledger_track('crm', 'shop.ticket', kind => 'ticket_opened', customer => 'customer_id', occurred_at => 'opened_at', subject => 'ticket_id',
                    properties => 'jsonb_build_object(''topic'', topic)');
SELECT ledger_track('crm', 'shop.ticket', track => 'ticket replies', kind => 'ticket_replied', customer => 'customer_id',
                    occurred_at => 'first_reply_at', subject => 'ticket_id', only_when => 'first_reply_at IS NOT NULL');
SELECT ledger_track('crm', 'shop.ticket', track => 'ticket ends', kind => 'ticket_resolved', customer => 'customer_id',
                    occurred_at => 'resolved_at', subject => 'ticket_id', only_when => 'resolved_at IS NOT NULL');
SELECT ledger_track('crm', 'shop.survey', kind_from => 'survey', customer => 'customer_id', occurred_at => 'answered_at', score => 'score');
SELECT ledger_track('crm', 'shop.referral', kind => 'referral_converted', customer => 'customer_id', occurred_at => 'referred_at',
                    subject => 'referred_customer_id');
\set ECHO none

\echo 'Two years pass through the triggers ...'
INSERT INTO shop.visit (customer_id, visited_at, kind, page, channel)
  SELECT customer_id, visited_at, kind, page, channel FROM demo.visit ORDER BY visit_id;
INSERT INTO shop.signup SELECT customer_id, signed_up_at FROM demo.customer WHERE signed_up_at IS NOT NULL;
INSERT INTO shop.orders (customer_id, ordered_at, amount)
  SELECT customer_id, ordered_at, amount FROM demo.orders ORDER BY order_id;
INSERT INTO shop.subscription (customer_id, plan, monthly_amount, started_at, ended_at, reason)
  SELECT customer_id, plan, monthly_amount, started_at, ended_at, reason FROM demo.subscription ORDER BY subscription_id;
INSERT INTO shop.ticket (customer_id, topic, opened_at, first_reply_at, resolved_at)
  SELECT customer_id, topic, opened_at, first_reply_at, resolved_at FROM demo.ticket ORDER BY ticket_id;
INSERT INTO shop.survey (customer_id, survey, answered_at, score)
  SELECT customer_id, survey, answered_at, score FROM demo.survey ORDER BY answer_id;
INSERT INTO shop.referral (customer_id, referred_customer_id, referred_at)
  SELECT customer_id, referred_customer_id, referred_at FROM demo.referral ORDER BY referral_id;
SELECT ledger_tick('crm', as_of => '2026-01-01 00:00 UTC') AS customers_whom_time_alone_moved;
ANALYZE crm.touchpoint, crm.customer, crm.stage_history;
\echo 'Once a day, models are fitted, and the KPIs of months that are over are kept:'
SET client_min_messages = warning;
\set ECHO queries
CALL ledger_refresh('crm', as_of => '2026-01-01 00:00 UTC');
\set ECHO none

\echo 'Any BI tool can now open the views of the schema crm:'
\set ECHO queries
SELECT stage_name, customer_count, reached_count, round(reached_rate::numeric, 3) AS reached_rate, round(step_rate::numeric, 3) AS step_rate
FROM crm.stage_funnel ORDER BY stage_order;
SELECT period_start, response_count, round(nps::numeric, 1) AS nps, round(nps_lower::numeric, 1) AS nps_lower, round(nps_upper::numeric, 1) AS nps_upper
FROM crm.nps_by_month ORDER BY period_start DESC LIMIT 6;
SELECT cohort_start, customer_count AS customers, round(100 * max(retention_rate) FILTER (WHERE age_months = 1)) AS month_1,
       round(100 * max(retention_rate) FILTER (WHERE age_months = 2)) AS month_2, round(100 * max(retention_rate) FILTER (WHERE age_months = 3)) AS month_3
FROM crm.cohort_retention WHERE cohort_start BETWEEN '2025-05-01' AND '2025-09-01' GROUP BY 1, 2 ORDER BY 1;
SELECT period_start, start_amount, new_amount, reactivation_amount, churn_amount, end_amount, round(nrr_rate::numeric, 3) AS nrr_rate
FROM crm.revenue_movements WHERE period_start BETWEEN '2025-07-01' AND '2025-12-01' ORDER BY 1;
SELECT pillar, customer_count, round(mean_score::numeric, 1) AS mean_score, red_count, yellow_count, green_count
FROM crm.health_by_pillar ORDER BY pillar_order;
SELECT customer_id, stage_name, purchase_count, purchase_amount, last_purchase_at::date, last_nps_score, acquisition_channel,
       round(health_score::numeric, 1) AS health_score, health_band
FROM crm.customer_360 ORDER BY purchase_amount DESC NULLS LAST LIMIT 8;
\set ECHO none

\echo '==== Door 3: an application inserts an order ===================================='
\echo
SELECT customer_id AS lost FROM crm.customer_360
WHERE stage_name = 'churned' AND purchase_count >= 3 ORDER BY purchase_amount DESC LIMIT 1 \gset
SELECT customer_id AS visitor FROM crm.customer_360 WHERE stage_name = 'acquisition' ORDER BY customer_id DESC LIMIT 1 \gset
\echo 'One customer was lost, another has signed up and never bought:'
SELECT customer_id, stage_name, stage_since::date, episode, purchase_count
FROM crm.customer_360 WHERE customer_id IN (:lost, :visitor) ORDER BY stage_order DESC;
\echo 'Both buy on the second of January. The application does what it always did:'
\set ECHO queries
INSERT INTO shop.orders (customer_id, ordered_at, amount)
VALUES (:lost, '2026-01-02 10:00 UTC', 59.90), (:visitor, '2026-01-02 10:05 UTC', 24.50);
\set ECHO none
\echo 'and they have moved, in the same transaction:'
SELECT customer_id, stage_name, stage_since::date, episode, purchase_count
FROM crm.customer_360 WHERE customer_id IN (:lost, :visitor) ORDER BY stage_order DESC;
\echo 'What became of the lost one, from the first visit on:'
SELECT seq, stage, entered_at::date, left_at::date, episode, reason
FROM crm.stage_history WHERE customer_id = :lost ORDER BY seq;
