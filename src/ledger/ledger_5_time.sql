--
-- ledger: time
--

CREATE FUNCTION ledger_tick(ledger text, as_of timestamptz DEFAULT now()) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_tick(text, timestamptz) IS
  'lets time pass up to as_of: silent customers churn, contracts end, onboarding is over, each when it fell due; the number of customers for whom something did';

--
-- ledger: is the state what the log says?
--

CREATE FUNCTION ledger_check(
  ledger text, OUT customer_id text, OUT problem text, OUT stage text, OUT right_stage text
) RETURNS SETOF record
  LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_check(text) IS
  'the customers whose state or history is not what their touchpoints give: drift, rules have changed, time has passed, missing, without touchpoints; none: all is well';

CREATE FUNCTION ledger_rebuild(ledger text) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_rebuild(text) IS
  'folds all customers anew from their touchpoints, by the rules as they are now, locking them until the end of the transaction; the number of customers';
