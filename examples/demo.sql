--
-- The three doors, on the sample business. Run by examples/demo (make demo).
--
SET client_min_messages = warning;
\echo Generating a sample business: two years of visits, orders, subscriptions, tickets and surveys ...
\ir business.sql

-- Not a superuser: the extension is trusted, and a ledger belongs to whoever makes it.
CREATE ROLE founder LOGIN;
SELECT format('GRANT CREATE ON DATABASE %I TO founder', current_database()) \gexec
GRANT USAGE ON SCHEMA demo TO founder;
GRANT SELECT ON ALL TABLES IN SCHEMA demo TO founder;
GRANT CREATE ON SCHEMA public TO founder;
SET SESSION AUTHORIZATION founder;
SET TIME ZONE 'UTC';
CREATE EXTENSION customer_lifecycle;

SELECT (SELECT count(*) FROM demo.customer) AS people,
       (SELECT count(*) FROM demo.visit) AS visits,
       (SELECT count(*) FROM demo.orders) AS orders,
       (SELECT count(*) FROM demo.subscription) AS subscriptions,
       (SELECT count(*) FROM demo.ticket) AS tickets,
       (SELECT count(*) FROM demo.survey) AS survey_answers;

\echo
\echo ======== Door 1: an analyst, in SQL, over any table ========
\echo
\echo Are customers satisfied? NPS by channel, with its 95 % interval (true value: 30)
\echo '  SELECT channel, nps(r), (nps_interval(r)).* FROM (SELECT channel, rating_agg(score) AS r ...) s'
SELECT channel, responses(r) AS answers, round(nps(r)::numeric, 1) AS nps,
       round(lower(i)::numeric, 1) AS lower, round(upper(i)::numeric, 1) AS upper
FROM (SELECT channel, rating_agg(score) AS r
      FROM demo.survey JOIN demo.customer USING (customer_id) WHERE survey = 'nps' GROUP BY channel) s,
     LATERAL (SELECT (nps_interval(r)).*) AS i (lower, upper)
ORDER BY nps DESC;
