--
-- The sample business (business.sql, loaded before) as a ledger: what the tests of clients read and
-- what the dashboard of examples/superset was photographed with.
--
--   psql -f examples/business.sql -v ends=today -f examples/ledger.sql
--
-- ends moves the two years so that they end with that day; without it they end with 2025, as the
-- demo's do. The role analyst may read the ledger, and nothing else.
--
\if :{?ends}
\else
  \set ends 2026-01-01
\endif

SET client_min_messages = error;
SET TIME ZONE 'UTC';
SELECT ledger_create('crm', customer_key => 'bigint') \g (format=unaligned) /dev/null

INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, properties)
SELECT customer_id, kind, at + (:'ends'::timestamptz - '2026-01-01'), amount, score, subject, channel, properties
FROM (SELECT customer_id, kind, visited_at, NULL::numeric, NULL::int, NULL::text, channel, NULL::jsonb FROM demo.visit
      UNION ALL SELECT customer_id, 'signup', signed_up_at, NULL, NULL, NULL, NULL, NULL FROM demo.customer WHERE signed_up_at IS NOT NULL
      UNION ALL SELECT customer_id, 'purchase', ordered_at, amount, NULL, NULL, NULL, NULL FROM demo.orders
      UNION ALL SELECT customer_id, 'subscription_started', started_at, monthly_amount, NULL, subscription_id::text, NULL, NULL FROM demo.subscription
      UNION ALL SELECT customer_id, 'subscription_ended', ended_at, NULL, NULL, subscription_id::text, NULL, jsonb_build_object('reason', reason)
                FROM demo.subscription WHERE ended_at IS NOT NULL
      -- One in six moves up to the bigger plan, one in nine down, one in eight comes back.
      UNION ALL SELECT customer_id, 'subscription_changed', started_at + interval '120 days', CASE plan WHEN 'basic' THEN 49 ELSE 19 END, NULL,
                       subscription_id::text, NULL, NULL
                FROM demo.subscription
                WHERE customer_id % CASE plan WHEN 'basic' THEN 6 ELSE 9 END = 0
                  AND started_at + interval '120 days' < least(ended_at, '2026-01-01 UTC')
      UNION ALL SELECT customer_id, 'subscription_started', ended_at + interval '60 days', monthly_amount, NULL, 'again ' || subscription_id, NULL, NULL
                FROM demo.subscription WHERE customer_id % 8 = 0 AND ended_at + interval '60 days' < '2026-01-01 UTC'
      UNION ALL SELECT NULL, 'spend', at, 1000, NULL, NULL, 'paid_search', NULL FROM generate_series(timestamptz '2024-01-05 UTC', '2025-12-05 UTC', '1 month') AS at
      UNION ALL SELECT NULL, 'spend', at, 300, NULL, NULL, 'social', NULL FROM generate_series(timestamptz '2024-01-05 UTC', '2025-12-05 UTC', '1 month') AS at
      UNION ALL SELECT customer_id, 'experiment_exposure', signed_up_at, NULL, NULL, NULL, NULL,
                       jsonb_build_object('experiment', 'checkout', 'variant', CASE customer_id % 2 WHEN 0 THEN 'short' ELSE 'long' END)
                FROM demo.customer WHERE signed_up_at IS NOT NULL
      UNION ALL SELECT customer_id, 'loyalty_earned', ordered_at, NULL, NULL, NULL, NULL, NULL FROM demo.orders WHERE amount > 100
      UNION ALL SELECT customer_id, 'feedback', resolved_at, NULL, NULL, NULL, NULL, jsonb_build_object('topic', topic) FROM demo.ticket WHERE ticket_id % 4 = 0 AND resolved_at IS NOT NULL
      UNION ALL SELECT customer_id, 'ticket_opened', opened_at, NULL, NULL, ticket_id::text, NULL, jsonb_build_object('topic', topic) FROM demo.ticket
      UNION ALL SELECT customer_id, 'ticket_replied', first_reply_at, NULL, NULL, ticket_id::text, NULL, NULL FROM demo.ticket WHERE first_reply_at IS NOT NULL
      UNION ALL SELECT customer_id, 'ticket_resolved', resolved_at, NULL, NULL, ticket_id::text, NULL, NULL FROM demo.ticket WHERE resolved_at IS NOT NULL
      UNION ALL SELECT customer_id, survey, answered_at, NULL, score, NULL, NULL, NULL FROM demo.survey
      UNION ALL SELECT customer_id, 'referral_converted', referred_at, NULL, NULL, referred_customer_id::text, NULL, NULL FROM demo.referral
     ) AS happened (customer_id, kind, at, amount, score, subject, channel, properties)
ORDER BY at, customer_id, kind;
CALL ledger_refresh('crm', as_of => :'ends'::timestamptz);
ANALYZE;

SELECT 'CREATE ROLE analyst LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analyst') \gexec
SELECT ledger_grant('crm', 'analyst', 'read') \g (format=unaligned) /dev/null
RESET client_min_messages;
RESET TIME ZONE;
