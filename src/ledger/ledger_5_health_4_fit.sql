--
-- ledger: models fitted to its customers
--

-- A history for each who has bought by as_of: the one that is kept where nothing has happened since,
-- else from the log.
CREATE FUNCTION ledger_fit_clv(ledger text, as_of timestamptz) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  model @extschema@.clv_model;
  customers bigint;
  repeating bigint;
  remark text;
BEGIN
  EXECUTE format($sql$
    WITH history AS (
      SELECT c.purchases AS h FROM %1$I.customer c WHERE c.purchases IS NOT NULL AND c.last_touch_at <= $1
      UNION ALL
      SELECT %2$s.purchase_agg(t.occurred_at, coalesce(t.amount, 0), interval '1 day', $2)
        FROM %1$I.touchpoint t
        JOIN %1$I.touchpoint_kind k ON k.kind = t.kind AND k.feeds IN ('purchases', 'refunds')
        JOIN %1$I.customer c ON c.customer_id = t.customer_id AND (c.purchases IS NULL OR c.last_touch_at > $1)
       WHERE t.occurred_at <= $1
       GROUP BY t.customer_id
    ), observed AS (
      SELECT %2$s.observe(y.h, $1) AS h FROM history y WHERE %2$s.purchase_count(y.h) > 0
    )
    SELECT CASE WHEN count(*) >= 10 AND count(*) FILTER (WHERE %2$s.frequency(o.h) > 0) > 0 THEN %2$s.clv_fit(%2$s.clv_agg(o.h)) END,
           count(*), count(*) FILTER (WHERE %2$s.frequency(o.h) > 0)
      FROM observed o
  $sql$, ledger, '@extschema@') INTO model, customers, repeating USING as_of, @extschema@.ledger_setting(ledger, 'time_zone');
  remark := CASE WHEN model IS NULL
    THEN format('not fitted: %s customers have bought, %s of them more than once; 10 are needed, and 1', customers, repeating)
    ELSE format('fitted to %s customers, of whom %s have bought more than once: %s', customers, repeating, @extschema@.model_status(model)) END;
  EXECUTE format('INSERT INTO %I.fitted_model (model, fitted_at, as_of, clv, note) VALUES (''clv'', now(), $1, $2, $3) '
                 'ON CONFLICT (model) DO UPDATE SET fitted_at = excluded.fitted_at, as_of = excluded.as_of, clv = excluded.clv, note = excluded.note', ledger)
    USING as_of, model, remark;
  RETURN remark;
END $$;
COMMENT ON FUNCTION ledger_fit_clv(text, timestamptz) IS
  'part of ledger_fit(): BG/NBD and Gamma-Gamma on the purchases that had happened by as_of; a remark on how it went';

-- What the measures were 90 days before, and who has left since.  A missing measure counts as 50 of
-- 100; one that is the same for all says nothing and is left out.
CREATE FUNCTION ledger_churn_sample(
  ledger text, since timestamptz, OUT sample risk_sample, OUT names text[], OUT left_count bigint, OUT stayed_count bigint
)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
BEGIN
  EXECUTE format($sql$
    WITH measured AS MATERIALIZED (
      SELECT q.customer_id, q.measure, coalesce(q.score, 50) AS score FROM (%3$s) q
    ), telling AS (
      SELECT m.measure FROM measured m GROUP BY m.measure HAVING min(m.score) < max(m.score)
    ), seen AS (
      SELECT m.customer_id, array_agg(m.score ORDER BY m.measure) AS features
        FROM measured m JOIN telling t ON t.measure = m.measure GROUP BY m.customer_id
    ), gone AS (
      SELECT DISTINCT h.customer_id FROM %1$I.stage_history h
       WHERE h.stage = 'churned' AND h.entered_at >= $1 AND h.entered_at < $1 + interval '2160 hours'
    )
    SELECT %2$s.risk_agg(g.customer_id IS NOT NULL, s.features), (SELECT array_agg(t.measure ORDER BY t.measure) FROM telling t),
           count(g.customer_id), count(*) - count(g.customer_id)
      FROM seen s LEFT JOIN gone g ON g.customer_id = s.customer_id
  $sql$, ledger, '@extschema@', @extschema@.ledger_measure_query(ledger))
    INTO sample, names, left_count, stayed_count USING since, @extschema@.ledger_setting(ledger, 'reply_within')::interval;
END $$;
COMMENT ON FUNCTION ledger_churn_sample(text, timestamptz) IS
  'part of ledger_fit(): the scores of the measures of all customers at an instant, and who of them churned within 90 days after';

CREATE FUNCTION ledger_fit_churn(ledger text, as_of timestamptz) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  since timestamptz := as_of - interval '2160 hours';
  seen record;
  model @extschema@.risk_model;
  remark text;
BEGIN
  SELECT * INTO seen FROM @extschema@.ledger_churn_sample(ledger, since);
  IF least(seen.left_count, seen.stayed_count) >= 30 AND seen.names IS NOT NULL THEN
    model := @extschema@.risk_fit(seen.sample, seen.names, l2 => 1);
    remark := format('fitted to customers of %s, of whom %s left within 90 days and %s stayed: %s', since, seen.left_count, seen.stayed_count,
                     @extschema@.model_status(model));
  ELSE
    remark := format('not fitted: of the customers of %s, %s left within 90 days and %s stayed; 30 of each are needed',
                     since, seen.left_count, seen.stayed_count);
  END IF;
  EXECUTE format('INSERT INTO %I.fitted_model (model, fitted_at, as_of, risk, note) VALUES (''churn'', now(), $1, $2, $3) '
                 'ON CONFLICT (model) DO UPDATE SET fitted_at = excluded.fitted_at, as_of = excluded.as_of, risk = excluded.risk, note = excluded.note', ledger)
    USING as_of, model, remark;
  RETURN remark;
END $$;
COMMENT ON FUNCTION ledger_fit_churn(text, timestamptz) IS
  'part of ledger_fit(): who churned within 90 days, by the measures of health before; a remark on how it went';

CREATE FUNCTION ledger_fit(ledger text, as_of timestamptz DEFAULT now()) RETURNS TABLE (model text, note text)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  horizon timestamptz;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT k.horizon FROM %I.clock k', ledger) INTO horizon;
  IF horizon IS NULL THEN
    RAISE EXCEPTION 'time has never passed in ledger "%"', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Nobody has churned by silence yet.',
            HINT = format('SELECT ledger_tick(%L) first.', ledger);
  END IF;
  as_of := least(as_of, horizon);
  RETURN QUERY SELECT 'clv', @extschema@.ledger_fit_clv(ledger, as_of);
  RETURN QUERY SELECT 'churn', @extschema@.ledger_fit_churn(ledger, as_of);
END $$;
COMMENT ON FUNCTION ledger_fit(text, timestamptz) IS
  'fits the models of table fitted_model to what had happened by as_of, or by the last ledger_tick(): purchases and spend to come, churn within 90 days; a note on each';
