--
-- A sample business, generated from a seed: two years (2024 and 2025) of visits, sign-ups, orders,
-- subscriptions, tickets, surveys and referrals, in plain tables of the schema "demo".
--
--   psql -v customers=2000 -v seed=42 -f examples/business.sql
--
-- Nothing here is drawn from a table of real people, and every rate is known, so that what the
-- extension finds can be held against what was put in:
--
--   orders        MBG/NBD with r = 1, alpha = 5 weeks, a = 1, b = 6 (a third of the people buy)
--   spend         Gamma-Gamma with p = 5, q = 4, v = 30: 50 an order on average
--   subscriptions 4 % end in a month
--   NPS answers   50 % promoters, 30 % passives, 20 % detractors: 30
--   CSAT answers  80 % are a 4 or a 5
--   referrals     15 % of those who sign up
--
\if :{?customers}
\else
  \set customers 2000
\endif
\if :{?seed}
\else
  \set seed 42
\endif

SET client_min_messages = warning;
SET TIME ZONE 'UTC';
CREATE SCHEMA demo;

CREATE TABLE demo.setting AS SELECT :seed::bigint AS seed, :customers::bigint AS customers;

-- A number in (0, 1) that depends on nothing but its arguments and the seed: the same on every
-- machine, whatever the plan.
CREATE FUNCTION demo.uniform(customer bigint, purpose text, k bigint DEFAULT 0)
RETURNS double precision LANGUAGE sql STABLE AS $$
  SELECT (((hashint8extended(k, hashint8extended(customer, hashtextextended(purpose, seed)))
            >> 11) & ((1::bigint << 52) - 1)) + 0.5) / (1::bigint << 52)::double precision
  FROM demo.setting
$$;
CREATE FUNCTION demo.exponential(customer bigint, purpose text, k bigint DEFAULT 0)
RETURNS double precision LANGUAGE sql STABLE AS $$
  SELECT -ln(demo.uniform(customer, purpose, k))
$$;

-- Everyone who was ever seen; the later the more. signed_up_at is NULL for those who only looked.
CREATE TABLE demo.customer AS
SELECT id AS customer_id,
       (ARRAY['organic', 'paid_search', 'social', 'email', 'direct', 'referral'])
         [1 + width_bucket(demo.uniform(id, 'channel'), ARRAY[0.30, 0.52, 0.67, 0.77, 0.85])] AS channel,
       (ARRAY['Germany', 'France', 'Spain', 'Italy', 'Poland'])
         [1 + (5 * demo.uniform(id, 'country'))::int % 5] AS country,
       first_seen_at,
       CASE WHEN demo.uniform(id, 'signs up') < 0.55
            THEN date_trunc('second', first_seen_at + 3 * demo.exponential(id, 'to sign-up') * interval '1 day')
       END AS signed_up_at
FROM demo.setting,
     LATERAL (SELECT id,
                     date_trunc('second', timestamptz '2024-01-01 UTC' + interval '1 day' * 700
                       * (sqrt(1 + 3 * (id - demo.uniform(id, 'arrival')) / customers) - 1)) AS first_seen_at
              FROM generate_series(1, customers) AS id) arrival;
ALTER TABLE demo.customer ADD PRIMARY KEY (customer_id);

CREATE TABLE demo.visit (
  visit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  visited_at timestamptz NOT NULL,
  kind text NOT NULL,
  page text NOT NULL,
  channel text
);
CREATE TABLE demo.orders (
  order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  ordered_at timestamptz NOT NULL,
  amount numeric(12, 2) NOT NULL
);
CREATE TABLE demo.subscription (
  subscription_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  plan text NOT NULL,
  monthly_amount numeric(12, 2) NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  reason text
);
CREATE TABLE demo.ticket (
  ticket_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  topic text NOT NULL,
  opened_at timestamptz NOT NULL,
  first_reply_at timestamptz,
  resolved_at timestamptz
);
CREATE TABLE demo.survey (
  answer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  survey text NOT NULL,
  answered_at timestamptz NOT NULL,
  score smallint NOT NULL
);
CREATE TABLE demo.referral (
  referral_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  referred_customer_id bigint NOT NULL,
  referred_at timestamptz NOT NULL
);
COMMENT ON SCHEMA demo IS 'a generated sample business (examples/business.sql)';
COMMENT ON TABLE demo.customer IS 'everyone who was ever seen, and when they signed up';
COMMENT ON TABLE demo.visit IS 'visits of the web site; after signing up, logins';
COMMENT ON TABLE demo.orders IS 'orders of those who buy now and then';
COMMENT ON TABLE demo.subscription IS 'subscriptions of those who pay by the month';
COMMENT ON TABLE demo.ticket IS 'requests to support, their first reply and their end';
COMMENT ON TABLE demo.survey IS 'answers: nps 0..10, csat 1..5, ces 1..7';
COMMENT ON TABLE demo.referral IS 'who sent whom';

-- Orders: a rate and a chance to leave for each buyer, then gaps and sums.
INSERT INTO demo.orders (customer_id, ordered_at, amount)
WITH buyer AS (
  SELECT customer_id,
         date_trunc('second', signed_up_at + demo.exponential(customer_id, 'to first order') * interval '4 days') AS first_order_at,
         demo.exponential(customer_id, 'rate') / 5 AS orders_a_week,
         1 - demo.uniform(customer_id, 'leaves') ^ (1.0 / 6) AS leaves,
         (SELECT sum(demo.exponential(customer_id, 'spend', -k)) FROM generate_series(1, 4) k) / 30 AS thrift
  FROM demo.customer
  WHERE demo.uniform(customer_id, 'buys') < 0.6 AND signed_up_at IS NOT NULL
), purchase AS (
  SELECT b.*, k,
         sum(CASE WHEN k = 0 THEN 0 ELSE demo.exponential(customer_id, 'gap', k) / orders_a_week END)
           OVER gaps AS weeks,
         bool_and(k = 0 OR demo.uniform(customer_id, 'left', k) >= leaves) OVER gaps AS still_buys
  FROM buyer b, generate_series(0, 80) k
  WINDOW gaps AS (PARTITION BY customer_id ORDER BY k)
)
SELECT customer_id,
       date_trunc('second', first_order_at + weeks * interval '7 days') AS ordered_at,
       greatest(1, (SELECT sum(demo.exponential(customer_id, 'spend', 5 * p.k + i)) / thrift
                    FROM generate_series(1, 5) i))::numeric(12, 2)
FROM purchase p
WHERE still_buys AND weeks < 110
  AND first_order_at + weeks * interval '7 days' < timestamptz '2026-01-01 UTC'
ORDER BY ordered_at, customer_id;

-- Subscriptions: a month at a time, 4 % of them the last.
INSERT INTO demo.subscription (customer_id, plan, monthly_amount, started_at, ended_at, reason)
SELECT customer_id, plan, amount, started_at,
       CASE WHEN ended_at < timestamptz '2026-01-01 UTC' THEN ended_at END,
       CASE WHEN ended_at < timestamptz '2026-01-01 UTC'
            THEN (ARRAY['price', 'missing feature', 'no longer needed', 'service', 'payment failed'])
                   [1 + width_bucket(demo.uniform(customer_id, 'reason'), ARRAY[0.35, 0.60, 0.80, 0.92])]
       END
FROM (SELECT customer_id,
             CASE WHEN demo.uniform(customer_id, 'plan') < 0.7 THEN 'basic' ELSE 'pro' END AS plan,
             CASE WHEN demo.uniform(customer_id, 'plan') < 0.7 THEN 19.00 ELSE 49.00 END AS amount,
             started_at,
             started_at + interval '1 month' * ceil(demo.exponential(customer_id, 'stays') / -ln(0.96)) AS ended_at
      FROM (SELECT customer_id, date_trunc('second', signed_up_at + interval '14 days') AS started_at
            FROM demo.customer
            WHERE demo.uniform(customer_id, 'buys') BETWEEN 0.6 AND 0.8 AND signed_up_at IS NOT NULL) s) s
WHERE started_at < timestamptz '2026-01-01 UTC'
ORDER BY started_at, customer_id;

-- Visits: a few on the way in, then one every ten days for as long as the customer buys or
-- subscribes, and three weeks more. Those who have signed up log in.
INSERT INTO demo.visit (customer_id, visited_at, kind, page, channel)
SELECT customer_id, visited_at,
       CASE WHEN visited_at > signed_up_at THEN 'login' ELSE 'page_view' END,
       (ARRAY['home', 'product', 'pricing', 'cart', 'help', 'blog'])
         [1 + width_bucket(demo.uniform(customer_id, 'page', k), ARRAY[0.30, 0.62, 0.76, 0.86, 0.94])],
       CASE WHEN k = 0 THEN channel END
FROM (SELECT c.customer_id, c.channel, c.signed_up_at, k,
             date_trunc('second', CASE WHEN k < first_pages THEN first_seen_at + k * interval '7 minutes'
               ELSE signed_up_at + (k - first_pages + demo.uniform(c.customer_id, 'visit', k)) * interval '10 days' END) AS visited_at
      FROM demo.customer c
      LEFT JOIN (SELECT customer_id, max(last_at) AS last_at
                 FROM (SELECT customer_id, ordered_at AS last_at FROM demo.orders
                       UNION ALL
                       SELECT customer_id, coalesce(ended_at, '2026-01-01 UTC') FROM demo.subscription) l
                 GROUP BY 1) o USING (customer_id),
      LATERAL (SELECT 1 + floor(4 * demo.uniform(c.customer_id, 'first pages'))::int AS first_pages) f,
      LATERAL generate_series(0, first_pages - 1 + coalesce(3 + extract(day FROM last_at - signed_up_at)::int / 10, 0)) k) v
WHERE visited_at < timestamptz '2026-01-01 UTC'
ORDER BY visited_at, customer_id;

-- Tickets: one order in eight raises one; the first reply takes about an hour, or longer.
INSERT INTO demo.ticket (customer_id, topic, opened_at, first_reply_at, resolved_at)
SELECT customer_id,
       (ARRAY['delivery', 'pricing', 'how-to', 'return'])[1 + width_bucket(demo.uniform(order_id, 'topic'), ARRAY[0.45, 0.60, 0.85])],
       opened_at, replied_at,
       CASE WHEN demo.uniform(order_id, 'resolved') < 0.95
            THEN date_trunc('second', replied_at + demo.exponential(order_id, 'to resolved') * interval '20 hours') END
FROM (SELECT order_id, customer_id, opened_at,
             date_trunc('second', opened_at + demo.exponential(order_id, 'to reply') * interval '100 minutes') AS replied_at
      FROM (SELECT *, date_trunc('second', ordered_at + demo.exponential(order_id, 'to ticket') * interval '3 days') AS opened_at
            FROM demo.orders WHERE demo.uniform(order_id, 'ticket') < 0.125) o) t
WHERE opened_at < timestamptz '2026-01-01 UTC'
ORDER BY opened_at, customer_id;

-- Surveys: NPS after a quarter of the orders, CSAT and CES after a ticket.
INSERT INTO demo.survey (customer_id, survey, answered_at, score)
SELECT customer_id, survey, answered_at, score
FROM (SELECT customer_id, 'nps' AS survey,
             date_trunc('second', ordered_at + (2 + demo.exponential(order_id, 'to nps')) * interval '1 day') AS answered_at,
             (ARRAY[9, 10, 7, 8, 0, 1, 2, 3, 4, 5, 6])
               [1 + width_bucket(demo.uniform(order_id, 'nps'),
                                 ARRAY[0.22, 0.50, 0.63, 0.80, 0.81, 0.82, 0.84, 0.86, 0.89, 0.94])] AS score
      FROM demo.orders WHERE demo.uniform(order_id, 'answers') < 0.25
      UNION ALL
      SELECT customer_id, 'csat', date_trunc('second', resolved_at + interval '1 hour'),
             (ARRAY[1, 2, 3, 4, 5])[1 + width_bucket(demo.uniform(ticket_id, 'csat'), ARRAY[0.04, 0.08, 0.20, 0.52])]
      FROM demo.ticket WHERE resolved_at IS NOT NULL AND demo.uniform(ticket_id, 'answers csat') < 0.5
      UNION ALL
      SELECT customer_id, 'ces', date_trunc('second', resolved_at + interval '2 hours'),
             1 + floor(7 * sqrt(demo.uniform(ticket_id, 'ces')))::int
      FROM demo.ticket WHERE resolved_at IS NOT NULL AND demo.uniform(ticket_id, 'answers ces') < 0.3) s
WHERE answered_at < timestamptz '2026-01-01 UTC'
ORDER BY answered_at, customer_id;

-- Referrals: 15 % of those who sign up were sent by someone who had bought before.
INSERT INTO demo.referral (customer_id, referred_customer_id, referred_at)
SELECT r.customer_id, c.customer_id, c.signed_up_at
FROM demo.customer c,
     LATERAL (SELECT customer_id FROM demo.orders
              WHERE ordered_at BETWEEN c.signed_up_at - interval '60 days' AND c.signed_up_at
              ORDER BY hashint8extended(order_id, c.customer_id) LIMIT 1) r
WHERE c.signed_up_at < timestamptz '2026-01-01 UTC' AND demo.uniform(c.customer_id, 'referred') < 0.15
ORDER BY c.signed_up_at, c.customer_id;

-- What happens after the two years has not happened yet.
UPDATE demo.customer SET signed_up_at = NULL WHERE signed_up_at >= timestamptz '2026-01-01 UTC';
UPDATE demo.ticket SET first_reply_at = NULL WHERE first_reply_at >= timestamptz '2026-01-01 UTC';
UPDATE demo.ticket SET resolved_at = NULL WHERE resolved_at >= timestamptz '2026-01-01 UTC' OR first_reply_at IS NULL;
CREATE INDEX ON demo.orders (customer_id, ordered_at);
CREATE INDEX ON demo.visit (customer_id, visited_at);
VACUUM ANALYZE demo.customer, demo.visit, demo.orders, demo.subscription, demo.ticket, demo.survey, demo.referral;
RESET client_min_messages;
RESET TIME ZONE;
