-- 100 (value - bad) / (good - bad), within 0..100
SELECT v, round(normalize_measure(v, bad => 90, good => 7)::numeric, 10) AS days_silent,
       round(normalize_measure(v, bad => 0, good => 60)::numeric, 10) AS logins
FROM (VALUES (-5), (0), (7), (30), (60), (90), (1000)) x(v);
SELECT normalize_measure('Infinity', 0, 1) AS best, normalize_measure('-Infinity', 0, 1) AS worst,
       normalize_measure('Infinity', 1, 0) AS turned, normalize_measure(NULL, 0, 1) AS missing;
SELECT normalize_measure(0, -1.7e308, 1.7e308) AS far_apart, normalize_measure(5e-324, 0, 1e-323) AS near;
SELECT normalize_measure('NaN', 0, 1);
SELECT normalize_measure(1, 5, 5);
SELECT normalize_measure(1, 'NaN', 5);
SELECT normalize_measure(1, 0, 'Infinity');
-- red < 4 <= yellow < 7 <= green
SELECT s, health_band(s) AS first, health_band(s, 'red') AS from_red, health_band(s, 'yellow') AS from_yellow,
       health_band(s, 'green') AS from_green
FROM (VALUES (1), (3.74), (3.75), (3.99), (4), (4.24), (4.25), (6.74), (6.75), (6.85), (6.99), (7), (7.24), (7.25), (10)) x(s);
SELECT health_band(NULL) AS unknown, health_band(NULL, 'red') AS still_unknown, health_band(5, NULL, margin => NULL) AS no_margin;
SELECT health_band(5, 'RED', yellow_at => 5, green_at => 8, margin => 0) AS own_edges, health_band(5, yellow_at => 5, green_at => 5) AS no_yellow;
SELECT health_band(0.5);
SELECT health_band(65);
SELECT health_band('NaN');
SELECT health_band(5, 'blue');
SELECT health_band(5, yellow_at => 8);
SELECT health_band(5, green_at => 11);
SELECT health_band(5, margin => -1);
SELECT health_band(5, margin => 'NaN');
\set VERBOSITY sqlstate
SELECT normalize_measure('NaN', 0, 1);
SELECT normalize_measure(1, 5, 5);
SELECT health_band(65);
SELECT health_band(5, 'blue');
