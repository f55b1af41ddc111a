-- The fold over any table, without a ledger.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE TEMP TABLE seen (who text, day double precision, kind text, amount numeric, subject text, until_day double precision, score double precision);
INSERT INTO seen VALUES
  ('one purchase', 10, 'purchase'), ('one purchase', 0, 'page_view'), ('one purchase', 1000, NULL),
  ('weekly shopper', 7, 'purchase'), ('weekly shopper', 0, 'purchase'), ('weekly shopper', 14, 'purchase'),
  ('SaaS', 0, 'signup'), ('SaaS', 14, 'subscription_started'), ('SaaS', 15, 'onboarding_step'), ('SaaS', 20, 'activated'),
  ('SaaS', 44, 'subscription_renewed'), ('SaaS', 205, 'login'), ('SaaS', 300, 'subscription_started'),
  ('nobody', NULL, 'purchase'), ('only time', 5, NULL);
INSERT INTO seen VALUES ('SaaS', 200, 'cancelled', NULL, NULL, 210, NULL), ('opportunity', 0, 'opportunity_opened', NULL, 'o1', NULL, NULL), ('opportunity', 120, 'opportunity_won', 1000, 'o1', 485, NULL), ('opportunity', 1000, NULL, NULL, NULL, NULL, NULL),
  ('reviewer', 0, 'purchase', NULL, NULL, NULL, NULL), ('reviewer', 1, 'review', NULL, NULL, NULL, 4);
CREATE FUNCTION pg_temp.day(n double precision) RETURNS timestamptz LANGUAGE sql IMMUTABLE
  AS $$ SELECT timestamptz '2024-01-01 00:00+00' + n * interval '24 hours' $$;
SELECT who, stage, extract(day FROM entered_at - pg_temp.day(0)) AS entered, extract(day FROM left_at - pg_temp.day(0)) AS left
  FROM (SELECT who, lifecycle(pg_temp.day(day), kind, amount, subject, pg_temp.day(until_day), score) AS timeline FROM seen GROUP BY who) l
  CROSS JOIN LATERAL stage_spans(timeline) ORDER BY who, entered_at;
SELECT who, current_stage(lifecycle(pg_temp.day(day), kind)) FROM seen GROUP BY who ORDER BY who;
SELECT lifecycle(pg_temp.day(day), kind, amount) IS NULL AS nothing FROM seen WHERE false;
SELECT lifecycle(now(), 'unheard of');
SELECT lifecycle('infinity', 'purchase');
SELECT lifecycle_final('\x00');
SELECT lifecycle_final('\x08000000ffffffff');
SELECT lifecycle_final(decode('3c000000' || repeat('ff', 60), 'hex'));
SELECT lifecycle_combine('\x', '\x');
-- nor does an aggregate that anybody makes of them, whose state begins with any bytes
CREATE AGGREGATE pg_temp.longer(bytea) (SFUNC = lifecycle_combine, STYPE = bytea, INITCOND = '\x00000100');
SELECT pg_temp.longer('\x08000000'::bytea);
CREATE AGGREGATE pg_temp.long(bytea) (SFUNC = lifecycle_combine, STYPE = bytea, INITCOND = '\x0000000f');
SELECT pg_temp.long('\x08000000'::bytea);
CREATE AGGREGATE pg_temp.short(timestamptz, text) (SFUNC = lifecycle_accum, STYPE = bytea, INITCOND = '\x01000000');
SELECT pg_temp.short(now(), 'purchase');
CREATE AGGREGATE pg_temp.nothing(timestamptz, text) (SFUNC = lifecycle_accum, STYPE = bytea, INITCOND = '');
SELECT pg_temp.nothing(now(), 'purchase');
