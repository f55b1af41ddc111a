-- The period that goes on, read from parts that ledger_refresh() keeps and what has been touched since: a random
-- ledger, refreshed at random instants while touchpoints come in time, late, are corrected and deleted, says the
-- same as one that was never refreshed, to the last bit, of whatever it calls fresh; in two time zones.
SET client_min_messages = error;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(2 * (2 * 8 + 3) + 2);

-- Touchpoints of all kinds, dense in the last days; instants are quarters of an hour, so that there are ties.
CREATE TEMP TABLE log AS
  SELECT n::text AS source_key, CASE WHEN kind IN ('spend', 'ad_impression', 'resource_use') AND n % 3 > 0 OR kind IN ('page_view', 'email_sent') AND n % 5 = 0 THEN NULL ELSE customer_id END AS customer_id, kind, occurred_at, subject, batch,
         CASE WHEN kind IN ('refund', 'return') THEN -amount ELSE amount END AS amount, CASE WHEN kind IN ('ad_impression', 'resource_use') AND n % 5 > 0 THEN 1 + n % 9 END AS quantity,
         CASE WHEN survey IS NOT NULL THEN scale_low + floor(dice * (scale_high - scale_low + 1)) WHEN kind = 'review' THEN 1 + floor(dice * 5) END AS score,
         CASE WHEN n % 4 = 0 THEN (ARRAY['organic', 'referral', 'email', 'direct'])[1 + n / 4 % 4] END AS channel, CASE WHEN kind LIKE 'email%' THEN 'c' || n % 2 END AS campaign,
         CASE WHEN kind = 'page_view' THEN jsonb_strip_nulls(jsonb_build_object('duration', n % 77, 'device', CASE WHEN n % 5 = 0 THEN 'd' || n % 11 END, 'session', CASE WHEN n % 7 = 0 THEN 'v' || n % 13 END))
              WHEN kind IN ('social_mention', 'brand_mention') THEN jsonb_build_object('sentiment', round(dice::numeric * 2 - 1, 2))
              WHEN kind = 'spend' THEN (ARRAY['{"purpose": "retention"}', '{}'])[1 + n % 2]::jsonb WHEN kind = 'self_service' THEN jsonb_build_object('solved', n % 3 > 0)
              WHEN kind = 'ticket_opened' THEN jsonb_build_object('topic', 'topic ' || n % 2)
              WHEN kind = 'resource_use' THEN jsonb_strip_nulls(jsonb_build_object('resource', 'power', 'unit', CASE WHEN n % 4 = 0 THEN 'kWh' END, 'waste', 0.5, 'purpose', CASE WHEN n % 3 = 0 THEN 'acquisition' END))
              WHEN subject_effect <> 'none' AND n % 3 = 0 THEN jsonb_build_object('until', occurred_at + (n % 20) * interval '8 hours') END AS properties
    FROM (SELECT n, k.*, 1 + floor(random() * 80)::bigint AS customer_id, random() AS dice, floor(random() * 9)::integer AS batch, round((random() * 100)::numeric, 2) AS amount,
                 to_timestamp(floor(extract(epoch FROM now() - CASE WHEN n % 3 = 0 THEN interval '100 days' WHEN n % 3 = 1 THEN interval '40 days' ELSE interval '7 days' END * random()) / 900) * 900) AS occurred_at,
                 CASE WHEN k.subject_effect <> 'none' THEN CASE WHEN random() < 0.8 THEN 's' || floor(random() * 2) END WHEN k.kind LIKE 'ticket%' OR k.kind LIKE 'opportunity%' THEN 'x' || floor(random() * 2)
                      WHEN k.kind = 'referral_converted' AND n % 4 > 0 THEN floor(random() * 120)::text END AS subject
            FROM generate_series(1, 2400) n
            JOIN (SELECT row_number() OVER () - 1 AS i, count(*) OVER () AS of, k.* FROM (
                    SELECT d.* FROM ledger_default_kinds() d CROSS JOIN LATERAL generate_series(1, CASE WHEN d.kind IN ('page_view', 'purchase', 'subscription_started', 'subscription_ended', 'ticket_opened', 'ticket_replied', 'ticket_resolved', 'email_sent', 'email_opened', 'referral_converted', 'resource_use') THEN 5 ELSE 1 END)
                     WHERE d.kind NOT IN ('stage_set', 'health_reading') ORDER BY d.rank, d.kind) k) k ON k.i = (hashint8(n) & 65535) % k.of) g;

CREATE PROCEDURE pg_temp.both(statement text) LANGUAGE plpgsql AS $$
DECLARE
  ledger text;
BEGIN
  FOREACH ledger IN ARRAY '{kept,plain}'::text[] LOOP
    EXECUTE replace(statement, '@', ledger);
  END LOOP;
END $$;

-- What differs, at one instant, of the periods that are fresh; the figures of health are of readings that tick takes.
CREATE FUNCTION pg_temp.differences(OUT text) LANGUAGE plpgsql AS $$
BEGIN
  CALL pg_temp.both('SELECT ledger_tick(''@'', now())');
  SELECT string_agg(concat_ws(' ', x.*), E'\n') INTO $1 FROM (
    SELECT kpi, period_grain, period_start, k.value AS kept, p.value AS plain, k.numerator AS of_kept, p.numerator AS of_plain
      FROM kept.kpi k FULL JOIN plain.kpi p USING (kpi, period_grain, period_start)
     WHERE coalesce(k.is_fresh, true) AND kpi NOT LIKE 'health%'
       AND (k.value, k.numerator, k.denominator, k.n, k.lower, k.upper, k.method, k.is_complete) IS DISTINCT FROM (p.value, p.numerator, p.denominator, p.n, p.lower, p.upper, p.method, p.is_complete)
     ORDER BY 1, 2, 3 LIMIT 8) x;
END $$;
CREATE FUNCTION pg_temp.stale() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM kept.kpi_monthly WHERE NOT is_fresh); END $$;
CREATE FUNCTION pg_temp.kept_until() RETURNS timestamptz LANGUAGE sql AS $$SELECT ledger_kpi_kept_until('kept', 'month', '2000-01-01', true)$$;
-- What the planner thinks it costs to read a view; a server with JIT compiles what costs more than jit_above_cost.
CREATE FUNCTION pg_temp.cost_of(view text) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT * FROM kept.%I', view) INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Total Cost';
END $$;

CREATE FUNCTION pg_temp.add(who text) RETURNS text LANGUAGE sql AS $$
  SELECT format('INSERT INTO @.touchpoint (customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source_key)
    SELECT customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source_key FROM pg_temp.log l WHERE (%s) AND NOT EXISTS (SELECT FROM @.touchpoint t WHERE t.source_key = l.source_key) ORDER BY source_key', who) $$;
-- some touchpoints since an instant, each time others, are corrected: their time, customer or figures; others are deleted
CREATE FUNCTION pg_temp.change(step integer, since text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s WHERE occurred_at > %s AND hashtext(source_key || %L) %% 40 = %s', change, since, step, n), '; ') FROM (VALUES
    (1, 'UPDATE @.touchpoint SET occurred_at = occurred_at - interval ''13 hours'''), (2, 'UPDATE @.touchpoint SET customer_id = customer_id % 80 + 1'),
    (3, 'UPDATE @.touchpoint SET amount = amount * 2, score = CASE WHEN score > 1 THEN score - 1 ELSE score END'), (4, 'DELETE FROM @.touchpoint')) x (n, change) $$;

-- The statements of all rounds, one after the other: refreshes commit, so each stands for itself.
SELECT statement FROM (VALUES ('America/New_York'), ('Pacific/Auckland')) z (zone)
 CROSS JOIN generate_series(0, 2) step
 CROSS JOIN LATERAL (SELECT format('date_trunc(''day'', now() - interval %L, %L)', (6 - 2 * step - step * random())::numeric(6,3) || ' days', zone) AS as_of, format('%s, step %s: ', zone, step) AS says) r
 CROSS JOIN LATERAL (VALUES
   (0, 1, $$SELECT ledger_drop(l, l) FROM unnest('{kept,plain}'::text[]) l WHERE to_regnamespace(l) IS NOT NULL$$),
   (0, 2, $$CALL pg_temp.both('SELECT ledger_create(''@'')')$$),
   (0, 3, format('CALL pg_temp.both(%L)', format('UPDATE @.setting SET value = %L WHERE name = ''time_zone''; UPDATE @.setting SET value = ''month, week'' WHERE name = ''kpi_grains''', zone))),
   (0, 4, format('CALL pg_temp.both(%L)', pg_temp.add($$occurred_at < now() - interval '6 days' AND batch < 7$$))),
   (0, 5, format('CALL ledger_refresh(''kept'', as_of => %s)', as_of)),
   (1, 1, format('CALL pg_temp.both(%L)', pg_temp.add(format($$occurred_at >= date_trunc('day', now() - interval '5 days', %L) AND occurred_at < now() - interval '2 days' * (2 - %s) AND batch < 7$$, zone, step)))),
   (1, 2, format('SELECT is(pg_temp.differences(), NULL, %L)', says || 'what comes in time')),
   (1, 3, format('SELECT is(pg_temp.stale(), 0::bigint, %L)', says || 'makes nothing stale')),
   (1, 4, format('CALL pg_temp.both(%L)', pg_temp.add(format($$occurred_at > now() - interval '6 days' AND occurred_at < now() - interval '2 days' * (2 - %s) AND batch = 7$$, step)) || '; ' || pg_temp.change(step, $$now() - interval '5 days'$$))),
   (1, 5, format('SELECT is(pg_temp.differences(), NULL, %L)', says || 'what comes late by days, is corrected or deleted')),
   (1, 6, format($$SELECT ok(pg_temp.stale() = 0 OR min(late_since) < date_trunc('month', now(), %L) + interval '192 hours', %L) FROM kept.kpi_late$$, zone, says || 'makes stale what was closed before, at most')),
   (1, 7, format('CALL pg_temp.both(%L)', pg_temp.add($$occurred_at > now() - interval '60 days' AND occurred_at < now() - interval '6 days' AND batch = 6 + $$ || step) || '; ' || pg_temp.change(step + 10, $$now() - interval '60 days'$$))),
   (1, 8, format('SELECT is(pg_temp.differences(), NULL, %L)', says || 'what comes late by weeks, where it makes nothing stale')),
   (1, 9, format('CALL ledger_refresh(''kept'', as_of => %s)', as_of)),
   (1, 10, format('SELECT is(pg_temp.differences(), NULL, %L)', says || 'after the refresh')),
   (1, 11, format('SELECT is(pg_temp.stale(), 0::bigint, %L)', says || 'all is fresh')),
   (1, 12, format('SELECT is(pg_temp.kept_until(), %s, %L)', as_of, says || 'and parts are kept until the day')),
   (2, 20, format('SELECT cmp_ok(count(*), ''>'', 1000::bigint, %L) FROM kept.kpi WHERE numerator <> 0', zone || ': there is something to compare')),
   (2, 21, $$INSERT INTO kept.kpi_part SELECT period_grain, kept_until, 'cohorts', period_start, 'opportunity_wins', 4242 FROM kept.kpi_part WHERE part = 'days' ON CONFLICT (period_grain, kept_until, family, period_start, part) DO UPDATE SET value = 4242$$),
   (2, 22, format('SELECT cmp_ok(max(numerator), ''>='', 4242::double precision, %L) FROM kept.kpi WHERE kpi = ''opportunity_to_customer_rate''', zone || ': what is kept of parts is what is read')),
   (2, 23, format($$SELECT is_empty('SELECT v, pg_temp.cost_of(v) FROM unnest(''{kpi,kpi_monthly,kpi_by_segment,kpi_progress,experiment_kpis,revenue_movements}''::text[]) v WHERE pg_temp.cost_of(v) > 100000', %L)$$, zone || ': what is kept by period is no query for JIT, which would take seconds'))
   ) s (at_step, n, statement)
 WHERE at_step = least(step, 1) OR at_step = 2 AND step = 2
 ORDER BY zone, step, n
\gexec

-- A new customer whose channel is named later, by what moves him nowhere, and a lead who becomes one later: where there
-- are no other referrals to hide them.
SELECT ledger_drop(l, l) FROM unnest('{kept,plain}'::text[]) l;
CALL pg_temp.both('SELECT ledger_create(''@'')');
CALL pg_temp.both('INSERT INTO @.touchpoint (customer_id, kind, occurred_at) VALUES (1, ''purchase'', now() - interval ''100 days''), (2, ''purchase'', date_trunc(''day'', now() - interval ''1 day'') - interval ''1 hour''), (3, ''page_view'', now() - interval ''3 days'')');
SELECT format('CALL ledger_refresh(''kept'', as_of => %L)', date_trunc('day', now() - interval '1 day')) \gexec
CALL pg_temp.both('INSERT INTO @.touchpoint (customer_id, kind, occurred_at, channel) VALUES (2, ''email_sent'', now() - interval ''1 minute'', ''referral''), (3, ''signup'', now() - interval ''1 minute'', NULL)');
SELECT is(pg_temp.differences(), NULL, 'who is brought by a channel that is named later, and a lead since');
SELECT is((SELECT count(*) FROM kept.kpi_part WHERE family = 'customers' AND part LIKE 'brought %'), 0::bigint, '... is among no parts yet');
SELECT * FROM finish();
SELECT ledger_drop(l, l) FROM unnest('{kept,plain}'::text[]) l;
