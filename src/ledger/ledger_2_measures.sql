--
-- ledger: the measures of health of a new ledger, copied into it as rows that a house changes as it likes
--

CREATE FUNCTION ledger_default_measures(
  OUT measure text, OUT pillar text, OUT bad double precision, OUT good double precision,
  OUT weight double precision, OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 11
BEGIN ATOMIC
  VALUES
    ('days_since_alive'::text, 'care'::text, 90::double precision, 7::double precision, 3::double precision,
     'days since the last sign of life'::text),
    ('activity_trend', 'consistency', 0.5, 1.2, 2, 'purchases and sessions of the last 30 days / those of the 30 days before'),
    ('replies_in_time', 'care', 0.5, 0.95, 2,
     'tickets first replied to within 2 hours / tickets replied to or older than 2 hours'),
    ('tickets_30_days', 'convenience', 3, 0, 1, 'tickets opened in the last 30 days; missing where no customer has ever opened one'),
    ('self_service_solved', 'convenience', 0.2, 0.8, 1, 'uses of self-service that solved it / those known to have, or not'),
    ('csat_mean', 'care', 0.5, 0.9, 2, 'mean satisfaction, 0..1 of its scale'),
    ('last_nps', 'collaboration', 6, 9, 2, 'last answer to the NPS question'),
    ('survey_response', 'collaboration', 0.1, 0.6, 1, 'answers to surveys / surveys sent'),
    ('onboarding_steps', 'clarity', 0, 3, 1,
     'onboarding steps and tutorials in the 30 days from the first payment, once they are over; missing where there never are any'),
    ('basic_tickets', 'clarity', 0.5, 0.05, 1, 'tickets with topic pricing or how-to / tickets with a topic'),
    ('refund_share', 'consistency', 0.2, 0, 1, 'amount refunded / amount purchased');
END;
COMMENT ON FUNCTION ledger_default_measures() IS
  'the measures of health that a new ledger has: what value is bad, what is good, and the weight; docs/health.md says how each is computed';
