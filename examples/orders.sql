--
-- The three doors, on the user's own orders: a CSV file of customer, date and amount.
-- Run by examples/demo (make demo ORDERS=file.csv); :orders is a copy without its header.
--
SET client_min_messages = warning;
CREATE ROLE founder LOGIN;
SELECT format('GRANT CREATE ON DATABASE %I TO founder', current_database()) \gexec
GRANT CREATE ON SCHEMA public TO founder;
SET SESSION AUTHORIZATION founder;
SET TIME ZONE 'UTC';
CREATE EXTENSION customer_lifecycle;

\echo '==== An application has a table of orders; one line makes it move customers ===='
\echo
\set ECHO queries
CREATE TABLE orders (
  order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer text NOT NULL,
  ordered_at timestamptz NOT NULL,
  amount numeric NOT NULL
);
SELECT ledger_create('crm', customer_key => 'text');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'customer', occurred_at => 'ordered_at', amount => 'amount',
                    only_when => 'amount >= 0');
SELECT ledger_track('crm', 'orders', track => 'refunds', kind => 'refund', customer => 'customer', occurred_at => 'ordered_at',
                    amount => 'amount', only_when => 'amount < 0');
\set ECHO none
\echo 'COPY orders FROM the file, through the triggers ...'
\timing on
:load_orders
\timing off
SELECT count(*) = 0 AS is_empty FROM orders \gset
\if :is_empty
  DO $$ BEGIN RAISE EXCEPTION 'there is no order in the file'; END $$;
\endif
SELECT coalesce(max(occurred_at), now()) AS last_order_at FROM crm.touchpoint \gset
SELECT count(*) > 0 AS any_rejected FROM crm.touchpoint_rejected \gset
\if :any_rejected
  \echo 'Some can not be used; the application\'s orders are there all the same:'
  SELECT split_part(reason, ':', 1) AS reason, count(*) AS orders FROM crm.touchpoint_rejected GROUP BY 1;
\endif
\echo
SELECT count(*) AS orders, count(DISTINCT customer) AS customers, min(ordered_at)::date AS first_day,
       max(ordered_at)::date AS last_day, sum(amount)::numeric(18, 2) AS revenue
FROM orders;
\echo 'Let time pass up to the last order: who has been silent for 90 days is lost.'
\set ECHO queries
SELECT ledger_tick('crm', as_of => :'last_order_at') AS customers_whom_time_alone_moved;
\set ECHO none
ANALYZE orders, crm.touchpoint, crm.customer, crm.stage_history;

\echo '==== What a BI tool sees ======================================================='
\echo
\set ECHO queries
SELECT stage_name, customer_count, reached_count, round(reached_rate::numeric, 3) AS reached_rate
FROM crm.stage_funnel WHERE reached_count > 0 ORDER BY stage_order;
SELECT customer_id, stage_name, episode, purchase_count, purchase_amount, last_purchase_at::date
FROM crm.customer_360 ORDER BY purchase_amount DESC LIMIT 5;
\set ECHO none

\echo '==== What an analyst asks ======================================================'
\echo
\echo 'Who will buy again, and for how much? A model of purchases and spend, fitted in the database'
\echo '(status converged: trust the intervals; boundary, max_iterations: too few customers to tell, see docs/value.md):'
\set ECHO queries
CREATE TABLE history AS
SELECT customer, observe(purchase_agg(ordered_at, amount, '1 day', 'UTC'), :'last_order_at') AS h
FROM orders WHERE ordered_at <= :'last_order_at' GROUP BY customer;
SELECT model_status(m) FROM (SELECT clv_fit(h) AS m FROM history) AS fitted;
CREATE TABLE model AS SELECT clv_fit(h) AS m FROM history;
SELECT name, round(estimate::numeric, 4) AS estimate, round(std_error::numeric, 4) AS std_error,
       round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper
FROM model, parameters(m);
SELECT customer, frequency(h), last_purchase_at(h)::date AS last_on, round(p_alive(m, h)::numeric, 3) AS p_alive,
       round(expected_purchases(m, h, '1 year')::numeric, 1) AS orders_next_year,
       round(cltv(m, h, '1 year')::numeric, 2) AS value_1_year,
       round((cltv_interval(m, h, '1 year')).lower::numeric, 2) AS lower, round((cltv_interval(m, h, '1 year')).upper::numeric, 2) AS upper
FROM model, history ORDER BY cltv(m, h, '1 year') DESC NULLS LAST LIMIT 5;
\set ECHO none
\echo 'Who came back after having been lost?'
\set ECHO queries
SELECT episode AS times_here, count(*) AS customers, round(avg(purchase_amount), 2) AS average_spend
FROM crm.customer_360 GROUP BY episode ORDER BY episode;
\set ECHO none

\echo '==== And an order comes in ====================================================='
\echo
SELECT customer_id AS lost FROM crm.customer_360
ORDER BY stage_name = 'churned' DESC, purchase_amount DESC NULLS LAST LIMIT 1 \gset
\echo 'The best of the lost customers, or of all if nobody is lost:'
SELECT customer_id, stage_name, stage_since::date, episode, purchase_count FROM crm.customer_360 WHERE customer_id = :'lost';
\set ECHO queries
INSERT INTO orders (customer, ordered_at, amount) VALUES (:'lost', timestamptz :'last_order_at' + interval '1 day', 20);
\set ECHO none
SELECT customer_id, stage_name, stage_since::date, episode, purchase_count FROM crm.customer_360 WHERE customer_id = :'lost';
SELECT seq, stage, entered_at::date, left_at::date, episode, reason FROM crm.stage_history WHERE customer_id = :'lost' ORDER BY seq;
