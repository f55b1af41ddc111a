SET TimeZone = 'UTC';
SET extra_float_digits = 0;
CREATE TEMP TABLE touch (at timestamptz, channel text);
INSERT INTO touch VALUES ('2024-01-01', 'social'), ('2024-01-08', 'email'), ('2024-01-15', 'email'), ('2024-01-22', 'direct'), ('2024-02-01', 'display');
-- every rule, for a conversion on January 22: two half-lives of 7 days make a quarter
SELECT rule, channel, credit
FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x,
     unnest(ARRAY['first', 'last', 'last_non_direct', 'linear', 'time_decay', 'position']) WITH ORDINALITY r(rule, n),
     attribution(j, '2024-01-22', rule) WITH ORDINALITY a(channel, credit, m)
ORDER BY n, m;
-- position of one and of two touches, and with other shares
SELECT n, string_agg(channel || ' ' || credit, ', ' ORDER BY m)
FROM generate_series(1, 4) n, LATERAL (SELECT journey_agg(to_timestamp(i), 'visit', 'c' || i) AS j FROM generate_series(1, n) i) x,
     attribution(j, to_timestamp(9), 'position') WITH ORDINALITY a(channel, credit, m) GROUP BY n ORDER BY n;
SELECT channel, credit FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', 'position', first_share => 0.3, last_share => 0.3);
-- the lookback is (conversion - lookback, conversion]
SELECT lookback, array_agg(channel ORDER BY channel) FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, unnest(ARRAY['7 days', '7 days 1 second', '21 days', '1 month', NULL]::interval[]) lookback,
     attribution(j, '2024-01-22', lookback => lookback) GROUP BY lookback ORDER BY lookback;
-- only direct touches; a house with another word for direct; nobody's conversion
SELECT a.* FROM (SELECT journey_agg(at, 'visit', 'direct'::text) AS j FROM touch) x, attribution(j, '2024-01-22', 'last_non_direct') a;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', 'last_non_direct', direct => 'email', lookback => '10 days') a;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2023-01-01') a;
-- touches ages ago have hardly any weight, and still sum to 1
SELECT channel, credit < 1e-9 AS small, sum(credit) OVER () AS total FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM (VALUES ('-infinity'::timestamptz, 'a'), ('0001-01-01', 'b'), ('1999-01-01', 'c')) v(at, channel)) x,
     attribution(j, '2024-01-01', 'time_decay', lookback => NULL);
-- all conversions of a customer at once: 2024-01-22 is worth 10, 2024-02-10 5, one before any touch 1; a NULL instant is none
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x,
     attribution_totals(j, ARRAY['2024-01-22', '2024-02-10', NULL, '2023-12-31']::timestamptz[], '{10, 5, 7, 1}', '{last,linear,position}') t;
-- values that are unknown; conversions without values; no rule, no conversions, no journey
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-01, 2024-02-01, 2024-02-10}', ARRAY[NULL, 2, NULL]::float8[], rules => '{last,first}') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', lookback => '8 days') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', rules => '{}') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', rules => NULL, lookback => '8 days') t;
SELECT count(*) FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{}') t;
SELECT count(*) FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, NULL) t;
SELECT t.* FROM attribution_totals(NULL, '{2024-01-22, 2024-01-23}', '{3, 4}') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', rules => '{last_non_direct}', direct => 'email', lookback => '10 days') t;
-- mistakes
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22, 2024-01-23}', '{1}') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', rules => '{linear,u-shaped}') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', rules => '{linear,NULL}') t;
SELECT t.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution_totals(j, '{2024-01-22}', half_life => NULL) t;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', 'u-shaped') a;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', half_life => '0') a;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', lookback => '-1 day') a;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', first_share => 0.6, last_share => 0.6) a;
SELECT a.* FROM (SELECT journey_agg(at, 'visit', channel) AS j FROM touch) x, attribution(j, '2024-01-22', first_share => 'NaN') a;
