-- The state is the fold of the log, whatever way the log came: one by one in order, shuffled, in
-- random batches, sent twice, corrected, deleted and sent again, with time passing in between.
-- (Concurrent sessions: test/tap/ledger_sessions.pl.)  LEDGER_SIZE=full: 100,000 touchpoints of
-- 5,000 customers; else a twentieth.
\set size `echo "${LEDGER_SIZE:-small}"`
SELECT :'size' = 'full' AS full \gset
\if :full
  \set touchpoints 100000
  \set customers 5000
\else
  \set touchpoints 5000
  \set customers 250
\endif
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(29);
SELECT setseed(0.42);

-- Instants are whole hours, so that there are ties; kinds that move come often.
CREATE TEMP TABLE kinds AS
  SELECT row_number() OVER (ORDER BY rank) AS i, k.* FROM ledger_default_kinds() k
   CROSS JOIN LATERAL generate_series(1, CASE WHEN kind IN ('purchase', 'login', 'subscription_started', 'subscription_ended', 'cancelled', 'subscription_renewed') THEN 6
                                              WHEN stage IS NOT NULL OR survey IS NOT NULL THEN 2 ELSE 1 END);
CREATE TEMP TABLE log AS
  SELECT n, customer_id, kind, occurred_at, amount, score, subject, channel,
         CASE WHEN until_days IS NOT NULL THEN jsonb_build_object('until', occurred_at + until_days * interval '24 hours')
              WHEN kind = 'stage_set' THEN jsonb_build_object('stage', (enum_range(NULL::lifecycle_stage))[1 + n % 8], 'reason', 'said so', 'actor', 'me')
              WHEN kind = 'trait_set' THEN jsonb_build_object('name', 'trait ' || n % 3, 'value', n)
              WHEN kind LIKE 'consent%' THEN jsonb_build_object('purpose', 'purpose ' || n % 2) END AS properties,
         source, n::text AS source_key
    FROM (SELECT n, 1 + floor(random() * :customers)::bigint AS customer_id, k.kind,
                 timestamptz '2023-01-01 00:00+00' + floor(random() * 24 * 700) * interval '1 hour' AS occurred_at,
                 CASE WHEN random() < 0.8 THEN round((random() * 100)::numeric, 2) END AS amount,
                 CASE WHEN k.survey IS NOT NULL THEN k.scale_low + floor(random() * (k.scale_high - k.scale_low + 1))
                      WHEN k.kind = 'review' THEN 1 + floor(random() * 5) END AS score,
                 CASE WHEN k.subject_effect <> 'none' AND random() < 0.8 THEN 'subject ' || floor(random() * 3) END AS subject,
                 CASE WHEN random() < 0.3 THEN (ARRAY['organic', 'email', 'social'])[1 + floor(random() * 3)::int] END AS channel,
                 CASE WHEN k.subject_effect IN ('opens', 'opens_term', 'changes', 'notice') AND random() < 0.5 THEN floor(random() * 200) END AS until_days,
                 CASE WHEN random() < 0.5 THEN 'shop' ELSE 'site' END AS source
            FROM (SELECT n, 1 + floor(random() * (SELECT count(*) FROM kinds))::bigint AS pick FROM generate_series(1, :touchpoints) n) g
            JOIN kinds k ON k.i = g.pick) r;

CREATE INDEX ON log (n);
ANALYZE log;

CREATE FUNCTION pg_temp.put(ledger text, condition text, ordering text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO %I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, properties, source, source_key)
    SELECT customer_id, kind, occurred_at, amount, score, subject, channel, properties, source, source_key
      FROM pg_temp.log WHERE %s ORDER BY %s ON CONFLICT DO NOTHING', ledger, condition, ordering);
END $$;
-- all that a ledger says, but for the numbers of arrival
CREATE FUNCTION pg_temp.same(a text, b text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT (SELECT count(*) FROM (SELECT c::text FROM %1$I.customer c EXCEPT SELECT c::text FROM %2$I.customer c) x)
    + (SELECT count(*) FROM (SELECT c::text FROM %2$I.customer c EXCEPT SELECT c::text FROM %1$I.customer c) x)
    + (SELECT count(*) FROM (SELECT h::text FROM %1$I.stage_history h EXCEPT SELECT h::text FROM %2$I.stage_history h) x)
    + (SELECT count(*) FROM (SELECT h::text FROM %2$I.stage_history h EXCEPT SELECT h::text FROM %1$I.stage_history h) x)
    + abs((SELECT count(*) FROM %1$I.touchpoint) - (SELECT count(*) FROM %2$I.touchpoint))', a, b) INTO n;
  RETURN n;
END $$;
CREATE FUNCTION pg_temp.check(ledger text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger_tick(ledger, '2025-06-01');
  RETURN NEXT is((SELECT count(*) FROM ledger_check(ledger)), 0::bigint, ledger || ': the state is the fold of the log');
  RETURN NEXT is(pg_temp.same('whole', ledger), 0::bigint, ledger || ': the same rows as in one statement');
END $$;

SELECT ledger_create(name) FROM unnest('{whole,ordered,shuffled,batches,twice,corrected,ticked,rebuilt}'::text[]) name;
SELECT pg_temp.put('whole', 'true', 'n');
SELECT * FROM pg_temp.check('whole');
SELECT cmp_ok(count(DISTINCT stage)::int, '=', 8, 'every stage is reached') FROM whole.stage_history;
SELECT cmp_ok(max(episode), '>', 2, 'some come back more than once') FROM whole.stage_history;

-- (a) one by one, in order
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT n FROM pg_temp.log ORDER BY occurred_at, n LOOP
    PERFORM pg_temp.put('ordered', 'n = ' || t.n, 'n');
  END LOOP; END $$;
SELECT * FROM pg_temp.check('ordered');

-- (b) one by one, shuffled
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT n FROM pg_temp.log ORDER BY hashint4(n) LOOP
    PERFORM pg_temp.put('shuffled', 'n = ' || t.n, 'n');
  END LOOP; END $$;
SELECT * FROM pg_temp.check('shuffled');

-- (c) random batches, of very different sizes
DO $$ BEGIN
  FOR i IN 0 .. 12 LOOP
    PERFORM pg_temp.put('batches', format('floor(sqrt(hashint4(n) & 65535))::int %% 37 %% 13 = %s', i), 'hashint4(n + 1)');
  END LOOP; END $$;
SELECT * FROM pg_temp.check('batches');

-- (e) a fifth sent twice, in batches
DO $$ BEGIN
  FOR i IN 0 .. 9 LOOP
    PERFORM pg_temp.put('twice', format('n %% 10 = %s OR (n %% 5 = 0 AND n %% 10 < %s)', i, i), 'occurred_at');
  END LOOP; END $$;
SELECT * FROM pg_temp.check('twice');

-- (f) wrong at first, corrected in place; deleted and sent again
SELECT pg_temp.put('corrected', 'true', 'n');
UPDATE corrected.touchpoint SET kind = 'purchase', occurred_at = occurred_at - interval '40 days', score = NULL WHERE source_key::int % 7 = 0;
UPDATE corrected.touchpoint SET customer_id = customer_id % 17 + 1 WHERE source_key::int % 11 = 0;
DELETE FROM corrected.touchpoint WHERE source_key::int % 13 = 0;
UPDATE corrected.touchpoint t SET customer_id = l.customer_id, kind = l.kind, occurred_at = l.occurred_at, score = l.score
  FROM log l WHERE l.source = t.source AND l.source_key = t.source_key AND (l.n % 7 = 0 OR l.n % 11 = 0);
SELECT pg_temp.put('corrected', 'n % 13 = 0', 'occurred_at');
SELECT * FROM pg_temp.check('corrected');

-- (g) time passes in between, wherever the touchpoints are
DO $$ BEGIN
  FOR i IN 0 .. 19 LOOP
    PERFORM pg_temp.put('ticked', format('(hashint4(n) & 65535) %% 20 = %s', i), 'n');
    PERFORM ledger_tick('ticked', timestamptz '2023-01-01' + i * interval '37 days');
  END LOOP; END $$;
SELECT * FROM pg_temp.check('ticked');
-- in order, with a tick after each month
DELETE FROM ticked.touchpoint;
SELECT is((SELECT count(*) FROM ticked.customer) + (SELECT count(*) FROM ticked.stage_history), 0::bigint, 'nothing is left of deleted touchpoints');
DO $$ BEGIN
  FOR i IN 0 .. 24 LOOP
    PERFORM pg_temp.put('ticked', format('occurred_at >= %L AND occurred_at < %L', timestamptz '2023-01-01' + i * interval '30 days', timestamptz '2023-01-01' + (i + 1) * interval '30 days'), 'n');
  END LOOP; END $$;
SELECT * FROM pg_temp.check('ticked');

-- what a rebuild makes is the same
SELECT pg_temp.put('rebuilt', 'true', 'n');
SELECT ledger_tick('rebuilt', '2025-06-01');
UPDATE rebuilt.customer SET stage = 'advocacy', fold_state = NULL, purchase_amount = 1;
DELETE FROM rebuilt.stage_history WHERE customer_id % 2 = 0;
SELECT cmp_ok(count(*)::int, '>', 0, 'the damage is seen') FROM ledger_check('rebuilt');
SELECT ledger_rebuild('rebuilt') > 0;
SELECT * FROM pg_temp.check('rebuilt');

-- properties of every history
SELECT is((SELECT count(*) FROM whole.stage_history WHERE left_at <= entered_at), 0::bigint, 'no span is empty');
SELECT is((SELECT count(*) FROM (SELECT left_at, lead(entered_at) OVER w AS next_at, row_number() OVER w AS i, seq FROM whole.stage_history WINDOW w AS (PARTITION BY customer_id ORDER BY seq)) h
            WHERE left_at IS DISTINCT FROM next_at OR i <> seq), 0::bigint, 'spans are contiguous, and the last is open');
SELECT is((SELECT count(*) FROM (SELECT stage, episode, lag(stage) OVER w AS before, lag(episode) OVER w AS episode_before, reason FROM whole.stage_history WINDOW w AS (PARTITION BY customer_id ORDER BY seq)) h
            WHERE stage <= before AND episode = episode_before AND reason <> 'said so'), 0::bigint, 'stages move forward only, within an episode, but for forced moves');
SELECT is((SELECT count(*) FROM (SELECT stage, episode, lag(stage) OVER w AS before, lag(episode) OVER w AS episode_before FROM whole.stage_history WINDOW w AS (PARTITION BY customer_id ORDER BY seq)) h
            WHERE episode <> episode_before AND NOT (before = 'churned' AND episode = episode_before + 1)), 0::bigint, 'an episode begins after churn alone');
SELECT is((SELECT count(*) FROM whole.customer c JOIN whole.stage_history h USING (customer_id)
            WHERE h.left_at IS NULL AND (c.stage, c.stage_since, c.episode) IS DISTINCT FROM (h.stage, h.entered_at, h.episode)), 0::bigint, 'a customer is where the open span says');
SELECT is((SELECT (count(*), sum(amount)) FROM log WHERE kind = 'purchase'), (SELECT (sum(purchase_count)::bigint, sum(purchase_amount)::numeric(18,2)) FROM whole.customer), 'purchases are counted');
SELECT is((SELECT string_agg(x, ' ' ORDER BY x COLLATE "C") FROM (SELECT customer_id || rating_agg(score)::text AS x FROM log WHERE kind = 'nps' GROUP BY customer_id) r),
          (SELECT string_agg(customer_id || nps::text, ' ' ORDER BY (customer_id || nps::text) COLLATE "C") FROM whole.customer WHERE nps IS NOT NULL), 'answers are summarised');
SELECT * FROM finish();
ROLLBACK;
