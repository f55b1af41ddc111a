-- Readings of health are what plain SQL says of the log: each measure of each customer at each
-- instant by a query of its own, scores, pillars, bands and drivers from those by arithmetic; and
-- they do not depend on when time was let pass.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL timezone = 'Asia/Tokyo';
SELECT plan(31);
SELECT setseed(0.7);

CREATE TEMP TABLE log AS
  SELECT n, 1 + floor(random() * 60)::bigint AS customer_id, kind,
         timestamptz '2024-01-01 00:00+00' + floor(random() * 24 * 300) * interval '1 hour' AS occurred_at,
         CASE kind WHEN 'purchase' THEN round((1 + random() * 100)::numeric, 2) WHEN 'refund' THEN -round((1 + random() * 20)::numeric, 2) END AS amount,
         CASE kind WHEN 'nps' THEN floor(random() * 11) WHEN 'csat' THEN 1 + floor(random() * 5) WHEN 'ces' THEN 1 + floor(random() * 7)
                   WHEN 'health_reading' THEN random() END AS score,
         CASE WHEN kind LIKE 'ticket%' THEN 'ticket ' || floor(random() * 6) WHEN kind = 'health_reading' THEN 'seats_used' END AS subject,
         CASE kind WHEN 'ticket_opened' THEN jsonb_build_object('topic', (ARRAY['Pricing', 'bug', 'how-to', NULL])[1 + floor(random() * 4)])
                   WHEN 'self_service' THEN jsonb_build_object('solved', (ARRAY[true, true, false, NULL])[1 + floor(random() * 4)]) END AS properties
    FROM (SELECT n, (ARRAY['purchase', 'purchase', 'session', 'login', 'refund', 'nps', 'csat', 'ces', 'ticket_opened', 'ticket_opened', 'ticket_replied',
                           'ticket_replied', 'self_service', 'survey_sent', 'onboarding_step', 'tutorial_viewed', 'page_view', 'health_reading', 'gift_sent',
                           'check_in'])[1 + floor(random() * 20)] AS kind
            FROM generate_series(1, 4000) n) k;
-- some replies in time, and some customers who fall silent
INSERT INTO log (n, customer_id, kind, occurred_at, subject)
  SELECT 4000 + n, customer_id, 'ticket_replied', occurred_at + (n % 3) * interval '1 hour', subject FROM log WHERE kind = 'ticket_opened';
DELETE FROM log WHERE customer_id <= 15 AND occurred_at > timestamptz '2024-01-01 00:00+00' + customer_id * interval '15 days';

CREATE FUNCTION pg_temp.make(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger_create(name);
  EXECUTE format('UPDATE %I.setting SET value = ''America/New_York'' WHERE name = ''time_zone''', name);
  EXECUTE format('INSERT INTO %I.health_measure (measure, pillar, bad, good, weight) VALUES (''seats_used'', ''convenience'', 0.1, 0.9, 1.5)', name);
  EXECUTE format('INSERT INTO %I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, properties, source_key)
    SELECT customer_id, kind, occurred_at, amount, score, subject, properties, n::text FROM log ORDER BY random()', name);
END $$;
SELECT pg_temp.make('hale');
SELECT is(ledger_tick('hale', '2024-10-23 12:00+00') > 0, true, 'time passes');

-- instants: Mondays of New York
SELECT is(count(*), 13::bigint, 'a new ledger reads the last 13 instants') FROM hale.health_instant;
SELECT is(bool_and(extract(isodow FROM read_at AT TIME ZONE 'America/New_York') = 1
                   AND (read_at AT TIME ZONE 'America/New_York')::time = '00:00'), true, 'each is a start of a week by the ledger''s clock')
  FROM hale.health_instant;
SELECT is(max(read_at), timestamptz '2024-10-21 00:00 America/New_York', 'the last one is the last before the horizon') FROM hale.health_instant;

CREATE TEMP TABLE reader AS
  SELECT i.read_at, h.customer_id, c.first_paid_at
    FROM hale.health_instant i
    JOIN hale.stage_history h ON h.entered_at < i.read_at AND coalesce(h.left_at, 'infinity') >= i.read_at
     AND h.stage IN ('conversion', 'onboarding', 'engagement', 'retention', 'advocacy')
    JOIN hale.customer c ON c.customer_id = h.customer_id;
SELECT set_eq('SELECT customer_id, read_at FROM hale.health_history', 'SELECT customer_id, read_at FROM reader',
              'read is who was a customer just before the instant');
SELECT is((SELECT count(*) > count(DISTINCT customer_id) AND count(*) < 13 * 60 FROM reader), true, 'some have left, or come');

-- each measure by a query of its own
CREATE TEMP TABLE expected AS
  SELECT r.*, v.*
    FROM reader r, LATERAL (VALUES
      ('days_since_alive', (SELECT extract(epoch FROM r.read_at - max(l.occurred_at))::float8 / 86400 FROM log l
                             WHERE l.customer_id = r.customer_id AND l.occurred_at < r.read_at
                               AND l.kind NOT IN ('refund', 'ticket_replied', 'survey_sent', 'health_reading', 'gift_sent', 'check_in'))),
      ('activity_trend', (SELECT count(*) FROM log l WHERE l.customer_id = r.customer_id AND l.kind IN ('purchase', 'session')
                             AND l.occurred_at < r.read_at AND l.occurred_at >= r.read_at - interval '720 h')::float8
                         / nullif((SELECT count(*) FROM log l WHERE l.customer_id = r.customer_id AND l.kind IN ('purchase', 'session')
                             AND l.occurred_at < r.read_at - interval '720 h' AND l.occurred_at >= r.read_at - interval '1440 h'), 0)),
      ('replies_in_time', (SELECT count(*) FILTER (WHERE t.hours < 2)::float8 / nullif(count(*), 0)
                             FROM (SELECT l.subject, extract(epoch FROM
                                     (SELECT min(a.occurred_at) FROM log a WHERE a.customer_id = r.customer_id AND a.subject = l.subject
                                         AND a.kind = 'ticket_replied' AND a.occurred_at < r.read_at) - min(l.occurred_at)) / 3600 AS hours, min(l.occurred_at) AS opened
                                     FROM log l WHERE l.customer_id = r.customer_id AND l.kind = 'ticket_opened' AND l.occurred_at < r.read_at GROUP BY 1) t
                            WHERE t.hours IS NOT NULL OR r.read_at - t.opened >= interval '2 h')),
      ('tickets_30_days', (SELECT count(*) FROM log l WHERE l.customer_id = r.customer_id AND l.kind = 'ticket_opened'
                             AND l.occurred_at < r.read_at AND l.occurred_at >= r.read_at - interval '720 h')::float8),
      ('self_service_solved', (SELECT avg((l.properties ->> 'solved')::boolean::int)::float8 FROM log l
                                WHERE l.customer_id = r.customer_id AND l.kind = 'self_service' AND l.occurred_at < r.read_at)),
      ('csat_mean', (SELECT avg((l.score - 1) / 4) FROM log l WHERE l.customer_id = r.customer_id AND l.kind = 'csat' AND l.occurred_at < r.read_at)),
      ('last_nps', (SELECT l.score FROM log l WHERE l.customer_id = r.customer_id AND l.kind = 'nps' AND l.occurred_at < r.read_at
                     ORDER BY l.occurred_at DESC, l.n::text COLLATE "C" DESC LIMIT 1)),
      ('survey_response', (SELECT count(*) FILTER (WHERE l.kind <> 'survey_sent')::float8 / nullif(count(*) FILTER (WHERE l.kind = 'survey_sent'), 0)
                             FROM log l WHERE l.customer_id = r.customer_id AND l.kind IN ('nps', 'csat', 'ces', 'survey_sent') AND l.occurred_at < r.read_at)),
      ('onboarding_steps', CASE WHEN r.read_at - r.first_paid_at >= interval '720 h' THEN
         (SELECT count(*) FROM log l WHERE l.customer_id = r.customer_id AND l.kind IN ('onboarding_step', 'tutorial_viewed') AND l.occurred_at < r.read_at
             AND l.occurred_at >= r.first_paid_at AND l.occurred_at < r.first_paid_at + interval '720 h')::float8 END),
      ('basic_tickets', (SELECT avg((lower(l.properties ->> 'topic') IN ('pricing', 'how-to'))::int)::float8 FROM log l
                          WHERE l.customer_id = r.customer_id AND l.kind = 'ticket_opened' AND l.properties ->> 'topic' IS NOT NULL AND l.occurred_at < r.read_at)),
      ('refund_share', (SELECT (-coalesce(sum(l.amount) FILTER (WHERE l.kind = 'refund'), 0) / sum(l.amount) FILTER (WHERE l.kind = 'purchase'))::float8
                          FROM log l WHERE l.customer_id = r.customer_id AND l.occurred_at < r.read_at)),
      ('seats_used', (SELECT l.score FROM log l WHERE l.customer_id = r.customer_id AND l.kind = 'health_reading' AND l.occurred_at < r.read_at
                       ORDER BY l.occurred_at DESC, l.n::text COLLATE "C" DESC LIMIT 1))) AS v (measure, value);

CREATE TEMP TABLE got AS
  SELECT i.read_at, m.customer_id::bigint, m.measure, m.pillar, m.weight, m.value, m.score
    FROM hale.health_instant i, ledger_measures('hale', i.read_at) m;
SELECT is((SELECT count(*) FROM got), (SELECT count(*) FROM expected), 'as many values as customers and measures');
SELECT is(count(*) FILTER (WHERE (g.value IS NULL) <> (e.value IS NULL) OR abs(g.value - e.value) > 1e-9), 0::bigint,
          format('%s is what plain SQL says', e.measure))
  FROM expected e LEFT JOIN got g USING (customer_id, read_at, measure) GROUP BY e.measure;
SELECT is(min(n) > 50, true, 'each measure is there often enough') FROM (SELECT count(g.value) AS n FROM got g GROUP BY measure) each;

-- scores by arithmetic
CREATE TEMP TABLE scored AS
  SELECT e.read_at, e.customer_id, m.measure, m.pillar, m.weight,
         CASE WHEN e.value IS NOT NULL THEN 100 * least(1, greatest(0, (e.value - m.bad) / (m.good - m.bad))) END AS score
    FROM expected e JOIN hale.health_measure m USING (measure);
CREATE TEMP TABLE summed AS
  SELECT read_at, customer_id, sum(weight) FILTER (WHERE score IS NOT NULL) / sum(weight) AS coverage,
         CASE WHEN sum(weight) FILTER (WHERE score IS NOT NULL) / sum(weight) >= 0.5
              THEN 1 + 9 * sum(score * weight) / 100 / sum(weight) FILTER (WHERE score IS NOT NULL) END AS score,
         sum(weight) FILTER (WHERE score IS NOT NULL) AS weight
    FROM scored GROUP BY 1, 2;
SELECT is((SELECT count(*) FROM summed s JOIN hale.health_history h USING (customer_id, read_at)
            WHERE (s.score IS NULL) <> (h.health_score IS NULL) OR abs(s.score - h.health_score) > 1e-9), 0::bigint,
          'scores of all readings are weighted means of what is there');

-- bands, one reading after another
CREATE TEMP TABLE banded AS
  WITH RECURSIVE numbered AS (
    SELECT s.customer_id, s.read_at, s.score, dense_rank() OVER (ORDER BY s.read_at) AS n FROM summed s
  ), step AS (
    SELECT n.customer_id, n.read_at, n.n, CASE WHEN n.score < 4 THEN 'red' WHEN n.score < 7 THEN 'yellow' WHEN n.score >= 7 THEN 'green' END AS band
      FROM numbered n WHERE NOT EXISTS (SELECT FROM numbered p WHERE p.customer_id = n.customer_id AND p.n = n.n - 1)
    UNION ALL
    SELECT n.customer_id, n.read_at, n.n,
           CASE s.band WHEN 'red' THEN CASE WHEN n.score >= 7.25 THEN 'green' WHEN n.score >= 4.25 THEN 'yellow' WHEN n.score IS NOT NULL THEN 'red' END
                       WHEN 'yellow' THEN CASE WHEN n.score >= 7.25 THEN 'green' WHEN n.score < 3.75 THEN 'red' WHEN n.score IS NOT NULL THEN 'yellow' END
                       WHEN 'green' THEN CASE WHEN n.score < 3.75 THEN 'red' WHEN n.score < 6.75 THEN 'yellow' WHEN n.score IS NOT NULL THEN 'green' END
                       ELSE CASE WHEN n.score < 4 THEN 'red' WHEN n.score < 7 THEN 'yellow' WHEN n.score >= 7 THEN 'green' END END
      FROM step s JOIN numbered n ON n.customer_id = s.customer_id AND n.n = s.n + 1
  ) SELECT * FROM step;
SELECT set_eq('SELECT customer_id, read_at, health_band, computed_band FROM hale.health_history', 'SELECT customer_id, read_at, band, band AS computed FROM banded',
              'bands follow with hysteresis');
SELECT is((SELECT count(*) > 0 FROM banded b JOIN summed s USING (customer_id, read_at)
            WHERE b.band <> CASE WHEN s.score < 4 THEN 'red' WHEN s.score < 7 THEN 'yellow' ELSE 'green' END), true, '... which some needed');

-- the last reading
SELECT is(count(*), 0::bigint, 'customer_health is the last reading, with the score before, coverage and pillars')
  FROM hale.customer_health c FULL JOIN (SELECT * FROM summed WHERE read_at = (SELECT max(read_at) FROM summed)) s USING (customer_id)
  LEFT JOIN (SELECT * FROM summed WHERE read_at = (SELECT max(read_at) - interval '7 days' FROM summed)) p USING (customer_id)
  LEFT JOIN (SELECT customer_id, 1 + 9 * sum(score * weight) / 100 / sum(weight) FILTER (WHERE score IS NOT NULL) AS care,
                    sum(weight) FILTER (WHERE score IS NOT NULL) / sum(weight) AS care_coverage
               FROM scored WHERE pillar = 'care' AND read_at = (SELECT max(read_at) FROM summed) GROUP BY 1) k USING (customer_id)
 WHERE c.read_at IS DISTINCT FROM s.read_at OR abs(c.coverage - s.coverage) > 1e-9
    OR (c.health_score IS NULL) <> (s.score IS NULL) OR abs(c.health_score - s.score) > 1e-9
    OR (c.previous_score IS NULL) <> (p.score IS NULL) OR abs(c.previous_score - p.score) > 1e-9
    OR (c.care IS NULL) <> (k.care_coverage < 0.5) OR abs(c.care - k.care) > 1e-9;
SELECT is(count(*), 0::bigint, 'the top driver costs most, and costs as much as it takes from 10')
  FROM hale.customer_health c
  JOIN summed s USING (customer_id, read_at)
  LEFT JOIN LATERAL (SELECT d.measure, 9 * d.weight * (100 - d.score) / 100 / s.weight AS cost FROM scored d
                      WHERE d.customer_id = c.customer_id AND d.read_at = c.read_at AND d.score < 100 ORDER BY cost DESC, d.measure LIMIT 1) d ON s.score IS NOT NULL
 WHERE (c.top_driver_cost IS NULL) <> (d.cost IS NULL) OR abs(c.top_driver_cost - d.cost) > 1e-9;

-- whoever ticks, whenever
SELECT pg_temp.make('often'), pg_temp.make('seldom');
SELECT ledger_tick('seldom', '2024-09-01 05:00+00'), ledger_tick('seldom', '2024-10-23 12:00+00');
SELECT count(ledger_tick('often', at)) FROM generate_series(timestamptz '2024-09-01 05:00+00', '2024-10-23 12:00+00', '61 hours') at;
SELECT ledger_tick('often', '2024-10-23 12:00+00');
SELECT bag_eq('SELECT customer_id, read_at, health_score, health_band FROM often.health_history',
              'SELECT customer_id, read_at, health_score, health_band FROM seldom.health_history', 'readings do not depend on when someone ticked');
SELECT bag_eq('SELECT customer_id, read_at, health_score, health_band, band_since, previous_score, top_driver FROM often.customer_health',
              'SELECT customer_id, read_at, health_score, health_band, band_since, previous_score, top_driver FROM seldom.customer_health', '... nor does the last one');

-- what becomes known later
CREATE TEMP TABLE before AS SELECT * FROM hale.health_history;
INSERT INTO hale.touchpoint (customer_id, kind, occurred_at, score) SELECT c, 'nps', '2024-10-20 00:00+00', 0 FROM generate_series(16, 60) c;
SELECT ledger_tick('hale', '2024-10-23 13:00+00');
SELECT bag_eq('SELECT * FROM hale.health_history', 'SELECT * FROM before', 'a late touchpoint does not restate readings');
SELECT is(ledger_health('hale'), (SELECT count(*) FROM before WHERE read_at = (SELECT max(read_at) FROM before)), 'ledger_health() reads the last one anew');
SELECT bag_eq('SELECT * FROM hale.health_history WHERE read_at < ''2024-10-21''', 'SELECT * FROM before WHERE read_at < ''2024-10-21''', '... and only that');
SELECT is((SELECT count(*) > 0 FROM hale.health_history h JOIN before b USING (customer_id, read_at) WHERE h.health_score < b.health_score), true, '... with what has become known');
SELECT * FROM finish();
ROLLBACK;
