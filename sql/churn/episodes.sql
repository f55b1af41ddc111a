-- several subscriptions, one customer (docs/churn.md, "Several rows a customer")
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\pset null '(null)'

CREATE TEMP TABLE sub (customer int, s timestamptz, e timestamptz);
INSERT INTO sub VALUES
  (1, '2025-01-01', '2026-01-10'), (1, '2026-01-05', NULL),         -- the second goes on: no churn
  (2, '2025-01-01', '2026-01-10'), (2, '2026-01-10', '2026-03-01'), -- touching
  (3, '2025-01-01', '2025-06-01'), (3, '2026-01-15', NULL),         -- came back
  (4, '2026-01-02', '2026-01-03'), (4, '2026-01-04', '2026-01-05'), (4, '2026-01-06', '2026-01-07'),
  (5, '2025-01-01', '2027-01-01'), (5, '2026-01-02', '2026-01-03'), -- one inside of the other
  (6, '2026-01-10', '2026-01-10'),                                  -- came and left at once
  (7, '-infinity', '2026-01-10'), (7, '2026-02-01', 'infinity'),
  (8, NULL, '2026-01-10'), (8, NULL, NULL),
  (9, 'infinity', NULL), (9, '-infinity', '-infinity');
SELECT customer, merge_episodes(s, e) FROM sub GROUP BY customer ORDER BY customer;
SELECT customer, merge_episodes(s::date, e::date) FROM sub GROUP BY customer ORDER BY customer;
SELECT churn_agg(episodes, tstzrange('2026-01-01', '2026-02-01'))
FROM (SELECT merge_episodes(s, e) AS episodes FROM sub GROUP BY customer) c;
SELECT churn_agg(episodes, daterange('2026-01-01', '2026-02-01'))
FROM (SELECT merge_episodes(s::date, e::date) AS episodes FROM sub GROUP BY customer) c;
-- counting rows instead of customers
SELECT churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01')) FROM sub;
SELECT merge_episodes(s, e) FROM sub WHERE false;

-- many of them: in order, backwards, shuffled; disjoint, touching
SELECT order_by, count(*), min(lower(r)), max(upper(r))
FROM (SELECT 'forth' AS order_by, merge_episodes(t, t + interval '1 hour' ORDER BY t) AS m
      FROM generate_series(timestamptz '2026-01-01', '2026-12-31', '1 day') t
      UNION ALL
      SELECT 'back', merge_episodes(t, t + interval '1 hour' ORDER BY t DESC)
      FROM generate_series(timestamptz '2026-01-01', '2026-12-31', '1 day') t
      UNION ALL
      SELECT 'shuffled', merge_episodes(t, t + interval '1 hour' ORDER BY md5(t::text))
      FROM generate_series(timestamptz '2026-01-01', '2026-12-31', '1 day') t
      UNION ALL
      SELECT 'touching', merge_episodes(t, t + interval '1 day' ORDER BY md5(t::text))
      FROM generate_series(timestamptz '2026-01-01', '2026-12-31', '1 day') t) x, unnest(m) r
GROUP BY 1 ORDER BY 1;

-- mistakes
SELECT merge_episodes(timestamptz '2026-02-01', timestamptz '2026-01-01');
SELECT merge_episodes(date '2026-02-01', date '2026-01-01');
-- whoever calls a transition function by hand gets an error, never a crash
SELECT merge_episodes_accum('\x00'::bytea, now(), NULL);
SELECT merge_episodes_final('\x'::bytea);
SELECT merge_episodes_combine('\x01000000ffffffff00000000', '\x01000000ffffffff00000000');
SELECT merge_episodes_final('\x01000000010000000000000002000000000000000100000000000000');
SELECT merge_episodes_accum(merge_episodes_accum(NULL::bytea, date '2026-01-01', NULL), timestamptz '2026-01-01', NULL);
-- nor does an aggregate that anybody makes of them, whose state begins with any bytes
CREATE AGGREGATE pg_temp.many(timestamptz, timestamptz) (SFUNC = merge_episodes_accum, STYPE = bytea, INITCOND = '\x01000000ffff0f0000000000');
SELECT pg_temp.many(now(), now() + interval '1 day');
CREATE AGGREGATE pg_temp.fewer(timestamptz, timestamptz) (SFUNC = merge_episodes_accum, STYPE = bytea, INITCOND = '\x01000000ffffffff00000000');
SELECT pg_temp.fewer(now(), now() + interval '1 day');
CREATE AGGREGATE pg_temp.joined(bytea) (SFUNC = merge_episodes_combine, STYPE = bytea, INITCOND = '\x010000000000100000000000');
SELECT pg_temp.joined('\x010000000000000000000000'::bytea);
