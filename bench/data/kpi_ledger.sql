-- kpi_ledger: a ledger of all kinds of touchpoints, ten a user over two years up to yesterday, in order of time, as a
-- shop with subscriptions has them.  The schema is that of the row, with "_kpi" behind it.
SET client_min_messages = error;
SELECT :'schema' || '_kpi' AS ledger \gset
SELECT ledger_create(:'ledger') IS NULL AS made \gset
UPDATE :"ledger".setting SET value = 'off' WHERE name = 'events';
INSERT INTO :"ledger".touchpoint (customer_id, kind, occurred_at, channel, campaign, subject, amount, score, properties)
SELECT CASE WHEN p.kind <> 'spend' THEN p.customer_id END, p.kind, p.occurred_at, CASE WHEN p.dice < 40 THEN (ARRAY['organic', 'paid_search', 'email', 'direct', 'referral'])[1 + p.other % 5] END,
       CASE WHEN p.kind LIKE 'email%' THEN 'campaign ' || p.other % 20 END,
       CASE WHEN p.kind LIKE 'subscription%' THEN 's' WHEN p.kind LIKE 'ticket%' THEN 't' || p.other % 3 WHEN p.kind LIKE 'opportunity%' THEN 'o' END,
       CASE WHEN p.kind IN ('purchase', 'subscription_started', 'subscription_changed', 'spend') THEN ((p.other % 9000) / 100.0)::numeric(18,4) WHEN p.kind = 'refund' THEN -5 END,
       CASE p.kind WHEN 'nps' THEN p.other % 11 WHEN 'csat' THEN 1 + p.other % 5 WHEN 'ces' THEN 1 + p.other % 7 END,
       CASE WHEN p.kind = 'page_view' AND p.dice % 2 = 0 THEN jsonb_build_object('duration', p.other % 200) END
  FROM (SELECT i.customer_id, i.occurred_at, i.other, i.dice,
               CASE WHEN i.dice < 380 THEN 'page_view' WHEN i.dice < 540 THEN 'login' WHEN i.dice < 680 THEN 'purchase' WHEN i.dice < 780 THEN 'email_sent' WHEN i.dice < 820 THEN 'email_opened'
                    WHEN i.dice < 840 THEN 'signup' WHEN i.dice < 870 THEN 'ticket_opened' WHEN i.dice < 900 THEN 'ticket_replied' WHEN i.dice < 925 THEN 'ticket_resolved' WHEN i.dice < 940 THEN 'nps'
                    WHEN i.dice < 950 THEN 'csat' WHEN i.dice < 955 THEN 'ces' WHEN i.dice < 970 THEN 'subscription_started' WHEN i.dice < 975 THEN 'subscription_changed' WHEN i.dice < 982 THEN 'subscription_ended'
                    WHEN i.dice < 986 THEN 'refund' WHEN i.dice < 990 THEN 'opportunity_opened' WHEN i.dice < 992 THEN 'opportunity_won' WHEN i.dice < 994 THEN 'referral_converted' ELSE 'spend' END AS kind
          FROM (SELECT 1 + ((hashint8extended(n, 1) & 2147483647) * :users::numeric / 2147483648)::bigint AS customer_id,
                       date_trunc('day', now()) - interval '730 days' + n * (interval '730 days' / (10 * :users)) AS occurred_at,
                       (hashint8extended(n, 2) & 1048575)::integer AS other, (hashint8extended(n, 3) & 1048575)::integer % 1000 AS dice
                  FROM generate_series(1, 10 * :users) n) i) p;
ANALYZE :"ledger".touchpoint, :"ledger".customer, :"ledger".stage_history;
