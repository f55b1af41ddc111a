-- What a customer's row keeps beside his stage, against plain SQL over the log; and a change of any
-- column by hand is found.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(15);
SELECT setseed(0.7);
SELECT ledger_create('crm'), ledger_create('once');
UPDATE crm.setting SET value = 'Europe/Berlin' WHERE name = 'time_zone';
UPDATE once.setting SET value = 'Europe/Berlin' WHERE name = 'time_zone';

CREATE TEMP TABLE log AS
  SELECT n, 1 + n % 40 AS customer_id, kind, timestamptz '2024-01-01 00:00+00' + floor(random() * 24 * 400) * interval '1 hour' AS occurred_at,
         CASE WHEN kind IN ('refund', 'return') THEN -round((random() * 50)::numeric, 2)
              WHEN random() < 0.9 THEN round((random() * 100)::numeric, 2) END AS amount,
         CASE WHEN random() < 0.8 THEN 1 + floor(random() * 5) END AS score,
         CASE WHEN kind LIKE 'ticket%' AND random() < 0.9 THEN 'ticket ' || floor(random() * 6) END AS subject,
         CASE WHEN random() < 0.8 THEN round((random() * 10)::numeric, 3) END AS quantity,
         CASE WHEN kind = 'trait_set' THEN jsonb_build_object('name', 'trait ' || n % 3, 'value', n)
              WHEN kind LIKE 'consent%' THEN jsonb_build_object('purpose', 'purpose ' || n % 2) END AS properties,
         CASE WHEN random() < 0.1 THEN 'email' END AS channel, CASE WHEN random() < 0.1 THEN 'spring' END AS campaign
    FROM (SELECT n, (ARRAY['purchase', 'purchase', 'refund', 'return', 'ticket_opened', 'ticket_opened', 'ticket_replied', 'ticket_resolved', 'ticket_resolved',
                           'ticket_reopened', 'ticket_escalated', 'referral_sent', 'referral_converted', 'review', 'loyalty_earned', 'loyalty_redeemed',
                           'page_view', 'email_sent', 'login', 'csat', 'nps', 'ces', 'subscription_started', 'trait_set', 'consent_given'])[1 + floor(random() * 25)::int] AS kind
            FROM generate_series(1, 6000) n) g;
UPDATE log SET score = coalesce(score, 3) WHERE kind IN ('csat', 'nps', 'ces');

INSERT INTO once.touchpoint (customer_id, kind, occurred_at, amount, score, subject, quantity, properties, channel, campaign, source_key)
  SELECT customer_id, kind, occurred_at, amount, score, subject, quantity, properties, channel, campaign, n FROM log;
-- by the day, mostly: so that states are carried on; a few late
DO $$ DECLARE d date; BEGIN
  FOR d IN SELECT DISTINCT occurred_at::date FROM pg_temp.log ORDER BY 1 LOOP
    INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, score, subject, quantity, properties, channel, campaign, source_key)
      SELECT customer_id, kind, occurred_at, amount, score, subject, quantity, properties, channel, campaign, n FROM pg_temp.log
       WHERE occurred_at::date = d AND n % 50 > 0;
  END LOOP;
  INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, score, subject, quantity, properties, channel, campaign, source_key)
    SELECT customer_id, kind, occurred_at, amount, score, subject, quantity, properties, channel, campaign, n FROM pg_temp.log WHERE n % 50 = 0;
END $$;
SELECT is((SELECT count(*) FROM crm.touchpoint), 6000::bigint, 'all are written');
SELECT is((SELECT count(*) FROM (SELECT c::text FROM crm.customer c EXCEPT SELECT c::text FROM once.customer c) d), 0::bigint, 'carried on day by day as in one statement');

SELECT is((SELECT count(*) FROM crm.customer c JOIN (SELECT customer_id, purchase_agg(occurred_at, amount::numeric(18,4), '1 day', 'Europe/Berlin') AS p FROM log
             WHERE kind IN ('purchase', 'refund', 'return') GROUP BY 1) l USING (customer_id) WHERE c.purchases = l.p AND c.purchases::text = l.p::text), 40::bigint, 'purchases');
SELECT is((SELECT count(*) FROM crm.customer c JOIN (SELECT customer_id, activity_agg(occurred_at, 'day', 'Europe/Berlin') AS a FROM log JOIN ledger_default_kinds() k USING (kind)
             WHERE k.alive GROUP BY 1) l USING (customer_id) WHERE c.activity = l.a AND c.activity::text = l.a::text), 40::bigint, 'activity');
SELECT is((SELECT count(*) FROM crm.customer c JOIN (
             SELECT customer_id, count(*) FILTER (WHERE kind IN ('refund', 'return')) AS refund_count, -sum(amount) FILTER (WHERE kind IN ('refund', 'return')) AS refund_amount,
                    count(*) FILTER (WHERE kind = 'referral_sent') AS sent, count(*) FILTER (WHERE kind = 'referral_converted') AS converted,
                    count(*) FILTER (WHERE kind = 'review') AS review_count,
                    (array_agg(score ORDER BY occurred_at DESC, n::text COLLATE "C" DESC) FILTER (WHERE kind = 'review' AND score IS NOT NULL))[1] AS last_review_score,
                    coalesce(sum(quantity) FILTER (WHERE kind = 'loyalty_earned'), 0) - coalesce(sum(quantity) FILTER (WHERE kind = 'loyalty_redeemed'), 0) AS points
               FROM log GROUP BY 1) l USING (customer_id)
            WHERE (c.refund_count, c.refund_amount, c.referral_sent_count, c.referral_converted_count, c.review_count, c.last_review_score, c.loyalty_points)
                  IS NOT DISTINCT FROM (l.refund_count, l.refund_amount, l.sent, l.converted, l.review_count, l.last_review_score, l.points)), 40::bigint, 'refunds, referrals, reviews, points');

-- tickets, slowly: each subject's touchpoints in turn
CREATE FUNCTION pg_temp.tickets(who bigint, OUT opened bigint, OUT open bigint, OUT resolved bigint, OUT replied bigint, OUT reply_hours double precision, OUT resolve_hours double precision)
LANGUAGE plpgsql AS $$
DECLARE
  s record; t record; opened_at timestamptz; resolved_at timestamptz; was_replied boolean;
  reply_time interval := '0'; resolve_time interval := '0';
BEGIN
  SELECT count(*) INTO opened FROM pg_temp.log WHERE customer_id = who AND kind = 'ticket_opened' AND subject IS NULL;
  open := 0; resolved := 0; replied := 0;
  FOR s IN SELECT DISTINCT subject FROM pg_temp.log WHERE customer_id = who AND kind LIKE 'ticket%' AND subject IS NOT NULL LOOP
    opened_at := NULL; resolved_at := NULL; was_replied := false;
    FOR t IN SELECT l.* FROM pg_temp.log l JOIN ledger_default_kinds() k USING (kind) WHERE customer_id = who AND kind LIKE 'ticket%' AND subject = s.subject ORDER BY occurred_at, k.rank, n::text COLLATE "C" LOOP
      IF t.kind = 'ticket_opened' AND (opened_at IS NULL OR resolved_at IS NOT NULL) THEN
        IF resolved_at IS NOT NULL THEN resolved := resolved + 1; resolve_time := resolve_time + (resolved_at - opened_at); END IF;
        opened_at := t.occurred_at; resolved_at := NULL; was_replied := false; opened := opened + 1;
      ELSIF t.kind = 'ticket_replied' AND opened_at IS NOT NULL AND NOT was_replied THEN
        was_replied := true; replied := replied + 1; reply_time := reply_time + (t.occurred_at - opened_at);
      ELSIF t.kind = 'ticket_resolved' AND opened_at IS NOT NULL THEN
        resolved_at := t.occurred_at;
      ELSIF t.kind = 'ticket_reopened' THEN
        resolved_at := NULL;
      END IF;
    END LOOP;
    IF resolved_at IS NOT NULL THEN resolved := resolved + 1; resolve_time := resolve_time + (resolved_at - opened_at);
    ELSIF opened_at IS NOT NULL THEN open := open + 1; END IF;
  END LOOP;
  reply_hours := extract(epoch FROM reply_time) / 3600 / nullif(replied, 0);
  resolve_hours := extract(epoch FROM resolve_time) / 3600 / nullif(resolved, 0);
END $$;
SELECT is((SELECT count(*) FROM crm.customer c, pg_temp.tickets(c.customer_id) t
            WHERE (c.ticket_count, c.ticket_open_count, c.ticket_resolved_count, c.ticket_replied_count) = (t.opened, t.open, t.resolved, t.replied)), 40::bigint, 'tickets');
SELECT is((SELECT count(*) FROM crm.customer c, pg_temp.tickets(c.customer_id) t
            WHERE coalesce(abs(c.first_reply_hours - t.reply_hours) < 1e-9, c.first_reply_hours IS NULL AND t.reply_hours IS NULL)
              AND coalesce(abs(c.resolution_hours - t.resolve_hours) < 1e-9, c.resolution_hours IS NULL AND t.resolve_hours IS NULL)), 40::bigint, 'hours to reply and to resolve');

-- a refund of either sign is a refund; an amount that isn't known is none
INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount) VALUES (100, 'refund', '2024-05-01', 5), (100, 'refund', '2024-05-02', NULL), (100, 'purchase', '2024-04-01', NULL);
SELECT is((SELECT (refund_count, refund_amount, total_refunds(purchases), purchase_count, frequency(purchases))::text FROM crm.customer WHERE customer_id = 100), '(2,5.0000,-5.0000,1,)', 'refunds of either sign');
-- one who has nothing of all this
INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (101, 'page_view', '2024-05-01');
SELECT is((SELECT (purchases IS NULL, refund_count, refund_amount, ticket_count, ticket_open_count, first_reply_hours, resolution_hours, review_count, last_review_score, loyalty_points)::text
             FROM crm.customer WHERE customer_id = 101), '(t,0,0.0000,0,0,,,0,,0.0000)', 'counts are 0, means NULL');
-- a state that is damaged is made anew
UPDATE crm.customer SET ticket_state = '\x00' WHERE customer_id = 1;
UPDATE crm.customer SET ticket_state = NULL WHERE customer_id = 2;
INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, subject) SELECT c, 'ticket_opened', '2026-01-01', 'new' FROM generate_series(1, 3) c;
SELECT is((SELECT count(*) FROM ledger_check('crm')), 0::bigint, 'tickets whose state was damaged are counted anew');
SELECT is((SELECT count(*) FROM once.customer o JOIN crm.customer c USING (customer_id) WHERE customer_id <= 3 AND c.ticket_count = o.ticket_count + 1 AND c.ticket_open_count = o.ticket_open_count + 1), 3::bigint, '... and the new one with them');
-- a time zone is a rule: other days, another purchase_summary
UPDATE crm.setting SET value = 'Asia/Tokyo' WHERE name = 'time_zone';
INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount) VALUES (1, 'purchase', '2026-01-02', 1);
SELECT is((SELECT purchases::text LIKE '%Asia/Tokyo%' AND activity::text LIKE '%Asia/Tokyo%' FROM crm.customer WHERE customer_id = 1), true, 'another time zone is taken up at the next touchpoint');
SELECT is((SELECT array_agg(DISTINCT problem) FROM ledger_check('crm')), '{rules have changed}', '... and the check says why the others differ');

-- drift in any column is seen
INSERT INTO once.touchpoint (customer_id, kind, occurred_at) VALUES (200, 'purchase', '2024-05-01');
CREATE FUNCTION pg_temp.unseen(ledger text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  a record; seen text; unseen text := '';
BEGIN
  FOR a IN SELECT attname, atttypid::regtype::text AS type FROM pg_attribute WHERE attrelid = format('%I.customer', ledger)::regclass AND attnum > 0 AND NOT attisdropped
              AND attname NOT IN ('customer_id', 'fold_state', 'ticket_state') LOOP
    EXECUTE format('UPDATE %1$I.customer SET %2$I = CASE WHEN %2$I IS NULL THEN (SELECT %2$I FROM %1$I.customer WHERE %2$I IS NOT NULL LIMIT 1) END WHERE customer_id = 7', ledger, a.attname);
    SELECT problem INTO seen FROM ledger_check(ledger) WHERE customer_id = '7';
    unseen := unseen || CASE WHEN seen = 'drift' THEN '' ELSE a.attname || ' ' END;
    PERFORM ledger_rebuild(ledger);
  END LOOP;
  RETURN unseen;
END $$;
SELECT is(pg_temp.unseen('once'), '', 'a change by hand of any column is drift');
SELECT is((SELECT count(*) FROM ledger_check('once')), 0::bigint, 'and is mended');
SELECT * FROM finish();
ROLLBACK;
