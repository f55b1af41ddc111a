SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TEMP TABLE page (customer integer, at timestamptz);
INSERT INTO page VALUES (1, '2024-01-01 10:00'), (1, '2024-01-01 10:30'), (1, '2024-01-01 11:00:00.000001'), (1, '2024-01-01 11:00:00.000001'), (1, NULL), (1, '2024-01-31 12:00'),
  (2, '-infinity'), (2, '2024-01-01'), (2, 'infinity'), (2, 'infinity');
-- exactly 30 minutes of silence don't end a session
SELECT customer, at, session_number(at) OVER w AS "30 min", session_number(at, '1 hour') OVER w AS "1 h", session_number(at, '1 month') OVER w AS "1 month", session_number(at, '0') OVER w AS "0"
FROM page WINDOW w AS (PARTITION BY customer ORDER BY at);
SELECT count(*) FROM (SELECT session_number(at) OVER () FROM page WHERE false) x;
SELECT session_number(at) OVER (ORDER BY at DESC) FROM page WHERE customer = 1 AND at IS NOT NULL;
SELECT session_number(at, NULL) OVER (ORDER BY at) FROM page;
SELECT session_number(at, '-1 s') OVER (ORDER BY at) FROM page;
SELECT session_number(now());
-- whose row it is: a shared device, one customer after another; one before anyone is known; one of nobody
CREATE TEMP TABLE hit (device text, at integer, customer text);
INSERT INTO hit VALUES ('shared', 1, NULL), ('shared', 2, 'ann'), ('shared', 3, NULL), ('shared', 4, 'bob'), ('shared', 5, NULL), ('shared', 6, 'ann'),
  ('once', 1, NULL), ('once', 2, NULL), ('once', 3, 'cid'), ('nobody', 1, NULL), ('nobody', 2, NULL);
SELECT device, at, customer, stitched_id(customer) OVER (PARTITION BY device ORDER BY at) FROM hit;
SELECT device, at, stitched_id(length(customer)) OVER (PARTITION BY device ORDER BY at) FROM hit WHERE device = 'once';
-- more rows than the window keeps: the same as lag() and a sum
SELECT count(*), max(a), count(*) FILTER (WHERE a <> b) AS differ
FROM (SELECT session_number(at) OVER (ORDER BY at) AS a, sum(begins) OVER (ORDER BY at) AS b
      FROM (SELECT at, CASE WHEN at - lag(at) OVER (ORDER BY at) <= '30 minutes' THEN 0 ELSE 1 END AS begins
            FROM (SELECT timestamptz '2024-01-01' + n * interval '20 minutes' + n / 7 * interval '25 minutes' AS at FROM generate_series(1, 3000) n) x) y) z;
