-- churn_risk says when customers churn if nothing happens until then: nothing happens, and they do.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(6);
SELECT setseed(0.31);
SELECT ledger_create('due');
INSERT INTO due.touchpoint (customer_id, kind, occurred_at, subject, properties)
  SELECT CASE WHEN k.kind LIKE 'subscription%' OR k.kind = 'cancelled' THEN n % 200 ELSE n % 400 END, k.kind, at, CASE WHEN k.kind LIKE 'subscription%' OR k.kind = 'cancelled' THEN 's' || n % 3 END, CASE WHEN k.kind <> 'subscription_ended' AND n % 5 > 0 THEN jsonb_build_object('until', at + n % 200 * interval '24 hours') END
    FROM (SELECT n, 1 + floor(random() * 7)::int AS pick, timestamptz '2024-01-01' + floor(random() * 270) * interval '1 day' AS at FROM generate_series(1, 3000) n) g
    JOIN (VALUES (1, 'purchase'), (2, 'onboarding_step'), (3, 'login'), (4, 'subscription_started'), (5, 'subscription_ended'), (6, 'cancelled'), (7, 'opportunity_won')) k (pick, kind) USING (pick);
SELECT ledger_tick('due', '2024-10-01');
CREATE TEMP TABLE said AS SELECT r.customer_id, r.stage, r.churns_at, c.due_at FROM due.churn_risk r JOIN due.customer c USING (customer_id);
SELECT cmp_ok(count(*)::int, '>', 100, 'there are customers') FROM said;
SELECT cmp_ok(count(*)::int, '>', 10, 'some of whom time moves otherwise before they churn') FROM said WHERE due_at < churns_at;
SELECT cmp_ok(count(*)::int, '>', 5, 'and some who never churn by time') FROM said WHERE churns_at IS NULL;
SELECT ledger_tick('due', '2026-06-01');
SELECT is_empty($$ SELECT s.*, h.entered_at FROM said s LEFT JOIN due.stage_history h ON h.customer_id = s.customer_id AND h.stage = 'churned' AND h.left_at IS NULL WHERE h.entered_at IS DISTINCT FROM s.churns_at $$, 'each churns when it was said');
SELECT is_empty($$ SELECT FROM due.churn_risk WHERE churns_at IS NOT NULL $$, 'who is still there has no end');
SELECT is(ledger_churns_at('\x00', '90 days'), NULL, 'what is no state says nothing');
SELECT * FROM finish();
ROLLBACK;
