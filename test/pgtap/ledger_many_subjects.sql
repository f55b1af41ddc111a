-- An account with hundreds of tickets and subscriptions, as a helpdesk or a marketplace has: the fold keeps an index
-- of many subjects within a batch, and none for a row alone.  Either way each says what plain SQL counts, and all is
-- stored in the same bytes.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL timezone = 'UTC';
SELECT plan(17);
SELECT setseed(0.3);
SELECT ledger_create('crm');

-- 300 tickets: opened; replied to once or twice; resolved, some later once more; then reopened, or opened anew.
CREATE TEMP TABLE ticket AS
SELECT i, opened_at,
       CASE WHEN i % 3 > 0 THEN opened_at + i % 7 * interval '1 hour' + interval '10 minutes' END AS replied_at,
       CASE WHEN i % 4 > 0 THEN opened_at + i % 11 * interval '3 hours' + interval '9 hours' END AS resolved_at,
       CASE WHEN i % 4 = 2 THEN opened_at + i % 11 * interval '3 hours' + interval '2 days' END AS resolved_again_at,
       CASE WHEN i % 4 = 3 AND i % 5 > 0 THEN opened_at + interval '4 days' END AS reopened_at,
       CASE WHEN i % 4 > 0 AND i % 5 = 0 THEN opened_at + interval '5 days' END AS anew_at,
       CASE WHEN i % 4 > 0 AND i % 10 = 0 THEN opened_at + interval '6 days 20 minutes' END AS anew_resolved_at
  FROM (SELECT i, timestamptz '2024-01-01' + floor(random() * 20000) * interval '1 minute' AS opened_at FROM generate_series(1, 300) i) t;
-- 300 subscriptions: some change; some end, by notice, at once, or because they were to
CREATE TEMP TABLE subscription AS
SELECT i, started_at, 10 + i % 13 + 0.25 AS amount,
       CASE WHEN i % 3 = 0 THEN started_at + i % 17 * interval '1 day' + interval '1 hour' END AS changed_at, 20 + i % 19 + 0.5 AS changed_amount,
       CASE i % 4 WHEN 1 THEN 'until' WHEN 2 THEN 'cancelled' WHEN 3 THEN CASE WHEN i % 8 = 3 THEN 'subscription_ended' END END AS how,
       CASE WHEN i % 4 IN (1, 2) THEN started_at + interval '20 days' + i * 7 % 300 * interval '5 hours' WHEN i % 8 = 3 THEN started_at + i % 5 * interval '5 days 1 hour' + interval '1 day' END AS ends_at
  FROM (SELECT i, timestamptz '2024-01-01' + floor(random() * 20000) * interval '1 minute' AS started_at FROM generate_series(1, 300) i) s;

CREATE TEMP TABLE happened AS
SELECT 1 AS who, at, kind, amount, subject, until FROM ticket CROSS JOIN LATERAL (VALUES
    (opened_at, 'ticket_opened'), (opened_at + interval '5 minutes', 'ticket_opened'), (replied_at, 'ticket_replied'), (replied_at + interval '1 hour', 'ticket_replied'),
    (resolved_at, 'ticket_resolved'), (resolved_again_at, 'ticket_resolved'), (reopened_at, 'ticket_reopened'), (anew_at, 'ticket_opened'), (anew_resolved_at, 'ticket_resolved')) e (at, kind),
    LATERAL (VALUES (NULL::numeric, 'ticket ' || i, NULL::timestamptz)) v (amount, subject, until) WHERE at IS NOT NULL
UNION ALL -- of what was never opened
SELECT 1, timestamptz '2024-01-05' + i * interval '1 hour', (ARRAY['ticket_replied', 'ticket_resolved', 'ticket_reopened'])[1 + i % 3], NULL, 'unknown ' || i, NULL FROM generate_series(1, 60) i
UNION ALL
SELECT 1, at, kind, e.amount, 'subscription ' || i, until FROM subscription CROSS JOIN LATERAL (VALUES
    (started_at, 'subscription_started', amount, CASE WHEN how = 'until' THEN ends_at END), (changed_at, 'subscription_changed', changed_amount, NULL),
    (CASE WHEN how = 'cancelled' THEN started_at + interval '19 days' END, 'cancelled', NULL, ends_at),
    (CASE WHEN how = 'subscription_ended' THEN ends_at END, 'subscription_ended', NULL, NULL)) e (at, kind, amount, until) WHERE at IS NOT NULL;
-- Anything in any order, with and without a subject; now and then all subscriptions end at once.
INSERT INTO happened
SELECT 2, timestamptz '2024-01-01' + n * interval '20 minutes', kind, CASE WHEN random() < 0.7 THEN round((random() * 100)::numeric, 2) END,
       CASE WHEN random() < 0.99 THEN CASE WHEN kind LIKE 'ticket%' THEN 'ticket ' ELSE 'subscription ' END || floor(random() * 300) END,
       CASE WHEN kind NOT LIKE 'ticket%' AND random() < 0.3 THEN timestamptz '2024-01-01' + n * interval '20 minutes' + floor(random() * 20) * interval '1 day' END
  FROM (SELECT n, (ARRAY['ticket_opened', 'ticket_opened', 'ticket_replied', 'ticket_resolved', 'ticket_reopened', 'subscription_started', 'subscription_started', 'subscription_started', 'subscription_started', 'subscription_changed', 'subscription_renewed', 'subscription_ended', 'cancelled'])[1 + floor(random() * 13)::int] AS kind FROM generate_series(1, 2500) n OFFSET 0) g;
CREATE TEMP TABLE log AS
SELECT row_number() OVER (PARTITION BY who ORDER BY at, rank, subject) AS n, who, kind, at, amount, subject, CASE WHEN until IS NOT NULL THEN jsonb_build_object('until', until) END AS properties
  FROM happened JOIN ledger_default_kinds() USING (kind);
CREATE INDEX ON log (who, n);
ANALYZE log;

-- Customer 10 and 20: in one batch; 11 and 21: row by row; 12 and 22: in batches of 250.
CREATE FUNCTION pg_temp.put(way int, size int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR batch IN 0 .. (SELECT max(n) FROM pg_temp.log) / size LOOP
    INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, subject, properties, source, source_key)
      SELECT who * 10 + way, kind, at, amount, subject, properties, 'x', to_char(n, 'FM000000') || '.' || (who * 10 + way) FROM pg_temp.log WHERE n BETWEEN batch * size AND batch * size + size - 1 ORDER BY n;
  END LOOP;
END $$;
SELECT pg_temp.put(0, 1000000);
SELECT pg_temp.put(1, 1);
SELECT pg_temp.put(2, 250);
SELECT is((SELECT count(*) FROM crm.touchpoint_rejected), 0::bigint, 'all can be used');

CREATE FUNCTION pg_temp.differing() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM crm.customer a JOIN crm.customer b ON b.customer_id > a.customer_id AND b.customer_id / 10 = a.customer_id / 10
   WHERE to_jsonb(a) - 'customer_id' <> to_jsonb(b) - 'customer_id' $$;
SELECT is((SELECT count(*) FROM crm.customer WHERE fold_state IS NOT NULL AND ticket_state IS NOT NULL), 6::bigint, 'six customers');
SELECT is(pg_temp.differing(), 0::bigint, 'in one batch, row by row or in some: the same, to the byte');

-- What plain SQL counts; a ticket that was opened anew is another one.
CREATE TEMP VIEW each_ticket AS
SELECT i, opened_at, replied_at, CASE WHEN reopened_at IS NULL THEN coalesce(resolved_again_at, resolved_at) END AS resolved_at FROM ticket
UNION ALL SELECT i, anew_at, NULL, anew_resolved_at FROM ticket WHERE anew_at IS NOT NULL;
SELECT is(c.ticket_count, count(t.*), 'tickets opened') FROM crm.customer c, each_ticket t WHERE customer_id = 10 GROUP BY c.customer_id;
SELECT is(c.ticket_open_count, count(t.*) FILTER (WHERE t.resolved_at IS NULL), '... open') FROM crm.customer c, each_ticket t WHERE customer_id = 10 GROUP BY c.customer_id;
SELECT is(c.ticket_resolved_count, count(t.resolved_at), '... resolved') FROM crm.customer c, each_ticket t WHERE customer_id = 10 GROUP BY c.customer_id;
SELECT is(c.ticket_replied_count, count(t.replied_at), '... replied to') FROM crm.customer c, each_ticket t WHERE customer_id = 10 GROUP BY c.customer_id;
SELECT is(c.first_reply_hours::numeric(12, 6), (avg(extract(epoch FROM t.replied_at - t.opened_at)) / 3600)::numeric(12, 6), 'hours until the first reply') FROM crm.customer c, each_ticket t WHERE customer_id = 10 GROUP BY c.customer_id;
SELECT is(c.resolution_hours::numeric(12, 6), (avg(extract(epoch FROM t.resolved_at - t.opened_at)) / 3600)::numeric(12, 6), '... and until it was resolved') FROM crm.customer c, each_ticket t WHERE customer_id = 10 GROUP BY c.customer_id;

CREATE FUNCTION pg_temp.as_of(instant timestamptz, OUT mrr numeric, OUT due timestamptz, OUT n bigint) LANGUAGE sql AS $$
  SELECT sum(CASE WHEN changed_at <= instant THEN changed_amount ELSE amount END), min(ends_at), count(*)
    FROM pg_temp.subscription WHERE started_at <= instant AND (ends_at > instant) IS NOT FALSE $$;
SELECT is((SELECT ROW(mrr_amount, due_at) FROM crm.customer WHERE customer_id = 10), ROW(mrr::numeric(18, 4), due), n || ' subscriptions are open after the last touchpoint')
  FROM (SELECT max(at) AS last FROM log WHERE who = 1) l, pg_temp.as_of(last);
SELECT cmp_ok(n, '>', 150::bigint, '... which are many') FROM (SELECT max(at) AS last FROM log WHERE who = 1) l, pg_temp.as_of(last);
-- time alone: it ends one after the other
SELECT ledger_tick('crm', '2024-02-25 00:00:30');
SELECT is((SELECT ROW(mrr_amount, due_at) FROM crm.customer WHERE customer_id = 10), ROW(mrr::numeric(18, 4), due), n || ' are after some time') FROM pg_temp.as_of('2024-02-25 00:00:30');
SELECT cmp_ok(n, '<', (SELECT n FROM pg_temp.as_of((SELECT max(at) FROM log WHERE who = 1))), '... which are fewer') FROM pg_temp.as_of('2024-02-25 00:00:30');
SELECT is(pg_temp.differing(), 0::bigint, 'and all ways are still the same');
SELECT ledger_tick('crm', '2025-01-01');
SELECT is((SELECT mrr_amount FROM crm.customer WHERE customer_id = 10), mrr::numeric(18, 4), 'those without an end go on') FROM pg_temp.as_of('2025-01-01');
SELECT is((SELECT count(*) FROM crm.stage_history a FULL JOIN crm.stage_history b ON b.customer_id = a.customer_id + 1 AND b.seq = a.seq WHERE a.customer_id IN (10, 20, 11, 21) AND a.customer_id % 10 < 2
             AND b.customer_id % 10 > 0 AND (a.stage, a.entered_at, a.left_at, a.reason) IS DISTINCT FROM (b.stage, b.entered_at, b.left_at, b.reason)), 0::bigint, 'the lives are the same, too');
SELECT is((SELECT count(*) FROM ledger_check('crm')), 0::bigint, 'and the check is content');
SELECT * FROM finish();
ROLLBACK;
