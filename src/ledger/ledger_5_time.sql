--
-- ledger: time
--

CREATE FUNCTION ledger_tick(ledger text, as_of timestamptz DEFAULT now()) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_tick(text, timestamptz) IS
  'lets time pass up to as_of: silent customers churn, contracts end, onboarding is over, each when it fell due; the number of customers for whom something did';
