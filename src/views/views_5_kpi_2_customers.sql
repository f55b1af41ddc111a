--
-- KPIs: facts of customers, leads, deals and revenue
--

-- How and why customers left, over a relation churned (customer_id, entered_at, moved_by, actor): what
-- churn_reasons shows and involuntary_churn_share counts.
CREATE FUNCTION ledger_churn_explained() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
SELECT r.*, e.kind, e.reason,
       CASE WHEN e.voluntary IN ('true', 't', 'yes', '1') THEN true
            WHEN e.voluntary IN ('false', 'f', 'no', '0') OR replace(lower(e.reason), '_', ' ') = 'payment failed' THEN false
            WHEN EXISTS (SELECT FROM @ledger@.touchpoint f
                          WHERE f.customer_id = r.customer_id AND f.kind = 'payment_failed'
                            AND f.occurred_at > r.entered_at - interval '720 hours' AND f.occurred_at <= r.entered_at) THEN false
       END AS is_voluntary
  FROM (SELECT c.*, c.actor IS NULL AND (c.moved_by IN ('silence', 'last subject ended') OR EXISTS (SELECT FROM @ledger@.touchpoint_kind k WHERE k.kind = c.moved_by)) AS by_rule FROM churned c) r
  -- what ended with its term was given notice of in the same episode, or not at all
  LEFT JOIN LATERAL (SELECT t.kind, t.properties ->> 'reason' AS reason, lower(t.properties ->> 'voluntary') AS voluntary
                       FROM @ledger@.touchpoint t
                       JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind
                      WHERE t.customer_id = r.customer_id AND t.occurred_at <= r.entered_at
                        AND CASE WHEN r.moved_by = 'last subject ended' THEN k.subject_effect = 'notice' ELSE t.kind = r.moved_by END
                        AND t.occurred_at >= coalesce((SELECT max(p.left_at) FROM @ledger@.stage_history p
                                                        WHERE p.customer_id = r.customer_id AND p.stage = 'churned' AND p.left_at <= r.entered_at), '-infinity')
                      ORDER BY t.occurred_at DESC LIMIT 1) e ON r.by_rule AND r.moved_by <> 'silence'
$sql$;
COMMENT ON FUNCTION ledger_churn_explained() IS 'part of churn_reasons and of KPIs: the query for what ended it, the reason given and whether the customer wanted it, over who churned';

CREATE FUNCTION ledger_kpi_parts_customers() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN replace($sql$
WITH move AS MATERIALIZED ( -- once a customer, whatever segments he is in
  SELECT @extschema@.period_start(t.entered_at, @grain@, @zone@) AS period_start, t.customer_id, t.seq, t.entered_at, t.reason AS moved_by, t.actor, @extschema@.is_customer(t.stage) AS starts,
         @extschema@.is_customer(t.stage) AND NOT EXISTS (
           SELECT FROM @ledger@.stage_history e WHERE e.customer_id = t.customer_id AND e.seq < t.seq AND @extschema@.is_customer(e.stage)) AS is_new
    FROM @history@ t LEFT JOIN @ledger@.stage_history b ON b.customer_id = t.customer_id AND b.seq = t.seq - 1
   WHERE t.entered_at >= @from@ AND t.entered_at < @until@
     AND @extschema@.is_customer(t.stage) <> coalesce(@extschema@.is_customer(b.stage), false)
), churned AS (
  SELECT m.customer_id, m.seq, m.entered_at, m.moved_by, m.actor FROM move m WHERE NOT m.starts
), explained AS (
  @explained@
), person AS MATERIALIZED (
  SELECT m.period_start, m.customer_id, (array_agg(m.starts ORDER BY m.seq))[1] AS first_starts, (array_agg(m.starts ORDER BY m.seq DESC))[1] AS last_starts,
         NOT bool_or(m.starts) AND max(m.entered_at) = m.period_start::timestamp AT TIME ZONE @zone@ AS at_once, -- left before the first instant of the period was over
         count(*) FILTER (WHERE m.is_new) AS new, count(*) FILTER (WHERE m.starts AND NOT m.is_new) AS returned, count(*) FILTER (WHERE NOT m.starts) AS lost,
         count(*) FILTER (WHERE NOT x.is_voluntary) AS involuntary
    FROM move m LEFT JOIN explained x ON x.customer_id = m.customer_id AND x.seq = m.seq GROUP BY 1, 2
), moved AS (
  SELECT @segment@ AS segment, t.period_start, sum(t.new) AS new, sum(t.returned) AS returned, sum(t.lost) AS lost, sum(t.involuntary) AS involuntary,
         count(*) FILTER (WHERE NOT t.first_starts AND NOT t.last_starts) AS gone, count(*) FILTER (WHERE t.first_starts) - count(*) FILTER (WHERE t.at_once) AS came
    FROM person t @scope@ GROUP BY 1, 2
)
SELECT m.segment, m.period_start, f.part, f.value FROM moved m CROSS JOIN LATERAL (VALUES
  ('new', m.new), ('returned', m.returned), ('lost', m.lost), ('involuntary', m.involuntary), ('gone', m.gone::numeric), ('came', m.came::numeric)) f (part, value)
UNION ALL -- new customers whose first channel is referral: what a later touchpoint names is nothing of the period's
SELECT @segment@, t.period_start, 'brought ' || t.customer_id, 1
  FROM person t JOIN @periods@ q ON q.period_start = t.period_start JOIN @ledger@.customer c ON c.customer_id = t.customer_id AND c.channel = 'referral' @scope@
 WHERE t.new > 0 AND EXISTS (SELECT FROM @ledger@.touchpoint e WHERE e.customer_id = t.customer_id AND e.channel IS NOT NULL AND e.occurred_at < least(q.to_at, @seen@))
$sql$, '@explained@', @extschema@.ledger_churn_explained());
COMMENT ON FUNCTION ledger_kpi_parts_customers() IS 'part of KPIs: the query for customers who came and went: new, returned, lost, gone for the rest of the period, come since its start, brought by referral';

CREATE FUNCTION ledger_kpi_facts_customers() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH part (segment, period_start, part, value) AS MATERIALIZED (
  @parts@
), moved AS (
  SELECT x.segment, x.period_start, sum(x.value) FILTER (WHERE x.part = 'new') AS new, sum(x.value) FILTER (WHERE x.part = 'returned') AS returned, sum(x.value) FILTER (WHERE x.part = 'lost') AS lost,
         sum(x.value) FILTER (WHERE x.part = 'involuntary') AS involuntary, sum(x.value) FILTER (WHERE x.part = 'gone') AS gone, sum(x.value) FILTER (WHERE x.part = 'came') AS came
    FROM part x GROUP BY 1, 2
), opening AS (
  @opening@
), running AS (
  SELECT s.segment, p.period_start, coalesce(m.new, 0) AS new, coalesce(m.returned, 0) AS returned, coalesce(m.lost, 0) AS lost, coalesce(m.involuntary, 0) AS involuntary,
         coalesce(m.gone, 0) AS gone, coalesce(m.came, 0) AS came,
         coalesce(o.n, 0) + coalesce(sum(coalesce(m.new, 0) + coalesce(m.returned, 0) - coalesce(m.lost, 0)) OVER (PARTITION BY s.segment ORDER BY p.period_start ROWS UNBOUNDED PRECEDING), 0) AS at_end
    FROM @periods@ p CROSS JOIN @segments@ s
    LEFT JOIN moved m ON m.segment = s.segment AND m.period_start = p.period_start
    LEFT JOIN opening o ON o.segment = s.segment
), referred AS (
  SELECT r.segment, r.period_start, count(*) AS n
    FROM (SELECT x.segment, x.period_start, x.part AS who FROM part x JOIN @periods@ q ON q.period_start = x.period_start
           WHERE x.part LIKE 'brought %' AND x.value > 0
             AND NOT EXISTS (SELECT FROM @ledger@.touchpoint e WHERE e.kind = 'referral_converted' AND e.subject = substr(x.part, 9) AND e.occurred_at < q.to_at)
          UNION
          SELECT @segment@, @extschema@.period_start(t.occurred_at, @grain@, @zone@), coalesce('s ' || t.subject, 't ' || t.touchpoint_id) FROM @ledger@.touchpoint t @scope@
           WHERE t.kind = 'referral_converted' AND t.occurred_at >= @from@ AND t.occurred_at < @until@) r
   GROUP BY 1, 2
)
SELECT r.segment, r.period_start, f.fact, f.value
  FROM running r LEFT JOIN referred e ON e.segment = r.segment AND e.period_start = r.period_start
 CROSS JOIN LATERAL (VALUES
  ('customers_new', r.new), ('customers_returned', r.returned), ('customers_lost', r.lost), ('customers_lost_involuntary', r.involuntary), ('customers_end', r.at_end),
  ('customers_start', r.at_end - r.new - r.returned + r.lost), ('customers_kept', r.at_end - r.new - r.returned + r.lost - r.gone), ('customers_served', r.at_end - r.new - r.returned + r.lost + r.came),
  ('customers_referred', least(coalesce(e.n, 0), r.new))) f (fact, value)
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_customers() IS 'facts of periods: customers at both ends, new, returned, lost, there at some time (served), there at both ends (kept)';

CREATE FUNCTION ledger_kpi_facts_leads() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
SELECT l.segment, @extschema@.period_start(l.at, @grain@, @zone@) AS period_start, 'leads' AS fact, count(*)::numeric AS value
  FROM (SELECT @segment@ AS segment, t.customer_id, min(t.occurred_at) AS at
          FROM @log@ t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.stage = 'acquisition' @scope@
         WHERE t.occurred_at >= @from@ AND t.occurred_at < @until@ AND t.customer_id IS NOT NULL GROUP BY 1, 2) l
 WHERE NOT EXISTS (
     SELECT FROM @ledger@.touchpoint e JOIN @ledger@.touchpoint_kind k ON k.kind = e.kind AND k.stage = 'acquisition'
      WHERE e.customer_id = l.customer_id AND e.occurred_at < @from@)
   AND NOT EXISTS (SELECT FROM @ledger@.customer c WHERE c.customer_id = l.customer_id AND c.first_paid_at < l.at)
 GROUP BY 1, 2
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_leads() IS 'facts of periods: people identified, by their first evidence of acquisition before any payment';

CREATE FUNCTION ledger_kpi_facts_deals() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH deal AS (
  SELECT @segment@ AS segment, @extschema@.period_start(t.occurred_at, @grain@, @zone@) AS period_start, coalesce(t.amount, o.amount) AS amount,
         extract(epoch FROM t.occurred_at - o.opened_at)::double precision / 86400 AS days
    FROM @ledger@.touchpoint t @scope@
    LEFT JOIN LATERAL (
      SELECT min(w.occurred_at) AS opened_at, (array_agg(w.amount ORDER BY w.occurred_at DESC) FILTER (WHERE w.amount IS NOT NULL))[1] AS amount FROM @ledger@.touchpoint w
       WHERE w.customer_id = t.customer_id AND w.kind = 'opportunity_opened' AND w.subject IS NOT DISTINCT FROM t.subject AND w.occurred_at <= t.occurred_at) o ON true
   WHERE t.kind = 'opportunity_won' AND t.occurred_at >= @from@ AND t.occurred_at < @until@
), counted AS (
  SELECT d.segment, d.period_start, count(*) AS deals, sum(d.amount) AS amount, count(d.amount) AS with_amount, count(d.days) AS timed,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY d.days) AS median
    FROM deal d GROUP BY 1, 2
)
SELECT c.segment, c.period_start, f.fact, f.value FROM counted c CROSS JOIN LATERAL (VALUES
  ('deals', c.deals), ('deal_amount', c.amount), ('deals_with_amount', c.with_amount), ('deal_days_count', c.timed), ('deal_days_median', c.median::text::numeric)) f (fact, value)
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_deals() IS 'facts of periods: deals won, their amount, and how long they took';

-- By the touchpoints before @seen@; a lead or a deal of a customer changes nothing of another's.
CREATE FUNCTION ledger_kpi_facts_cohorts() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH opened AS MATERIALIZED ( -- once a customer, whatever segments he is in
  SELECT t.customer_id, t.subject, t.occurred_at FROM @log@ t WHERE t.kind = 'opportunity_opened' AND t.occurred_at < least(@until@, @seen@)
), won AS (
  SELECT t.customer_id, t.subject, max(t.occurred_at) AS at FROM @log@ t
   WHERE t.kind = 'opportunity_won' AND t.occurred_at < @seen@ GROUP BY 1, 2
), lead AS MATERIALIZED (
  SELECT o.customer_id,
         (SELECT min(e.occurred_at) FROM @ledger@.touchpoint e JOIN @ledger@.touchpoint_kind k ON k.kind = e.kind AND k.stage = 'acquisition' WHERE e.customer_id = o.customer_id AND e.occurred_at < @seen@) AS at
    FROM opened o GROUP BY 1
)
SELECT @segment@ AS segment, @extschema@.period_start(t.occurred_at, @grain@, @zone@) AS period_start, 'opportunity_wins' AS fact, count(*)::numeric AS value
  FROM opened t JOIN won w ON w.customer_id = t.customer_id AND w.subject IS NOT DISTINCT FROM t.subject AND w.at >= t.occurred_at @scope@
 WHERE t.occurred_at >= @from@ GROUP BY 1, 2
UNION ALL
SELECT @segment@, @extschema@.period_start(t.at, @grain@, @zone@), 'lead_opportunities', count(*)::numeric
  FROM lead t JOIN @ledger@.customer c ON c.customer_id = t.customer_id @scope@
 WHERE t.at >= @from@ AND t.at < @until@ AND (c.first_paid_at IS NULL OR t.at <= c.first_paid_at) GROUP BY 1, 2
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_cohorts() IS 'facts of periods that later touchpoints change: opportunities of the period won since, leads of the period with an opportunity since';

-- Recurring revenue as the fold of the ledger has it (fold.c), over the touchpoints that open, change and end
-- subscriptions and contracts: how much a month it changes when.  Ends that are still to come are told, too.
CREATE FUNCTION ledger_revenue_changes(
  ledger text, who text, OUT customer text, OUT changed_at timestamptz, OUT amount numeric
) RETURNS SETOF record
  LANGUAGE plpgsql STABLE ROWS 10000
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names text[] := '{}';
  amounts numeric[] := '{}';
  ends timestamptz[] := '{}';
  told numeric := 0;
  due timestamptz;
  i integer;
  e record;
BEGIN
  FOR e IN EXECUTE format($sql$
    SELECT x.* FROM (
      SELECT t.customer_id::text AS customer, t.occurred_at AS at, k.rank, t.source, t.source_key, k.subject_effect AS effect, t.subject, CASE WHEN k.feeds = 'mrr' THEN t.amount END AS amount,
             @extschema@.ledger_instant(t.properties ->> 'until') AS until, lag(t.customer_id::text) OVER w AS before
        FROM %1$I.touchpoint t JOIN %1$I.touchpoint_kind k ON k.kind = t.kind AND k.subject_effect <> 'none'
       WHERE t.customer_id IS NOT NULL AND (%2$s)
      WINDOW w AS (ORDER BY t.customer_id, t.occurred_at, k.rank, t.source COLLATE "C", t.source_key COLLATE "C" NULLS FIRST)) x
    UNION ALL SELECT NULL, 'infinity', NULL, NULL, NULL, 'none', NULL, NULL, NULL, ''
  $sql$, ledger, who) LOOP
    -- time alone, up to the touchpoint; of the customer before, for good
    LOOP
      SELECT min(u) INTO due FROM unnest(ends) u;
      EXIT WHEN due IS NULL OR due = 'infinity' OR e.customer = customer AND due >= e.at;
      SELECT coalesce(sum(a) FILTER (WHERE u > due), 0) - told, array_agg(n) FILTER (WHERE u > due), array_agg(a) FILTER (WHERE u > due), array_agg(u) FILTER (WHERE u > due)
        INTO amount, names, amounts, ends FROM unnest(names, amounts, ends) s (n, a, u);
      IF amount <> 0 THEN
        changed_at := due;
        told := told + amount;
        RETURN NEXT;
      END IF;
    END LOOP;
    IF e.customer IS DISTINCT FROM customer THEN
      names := '{}';
      amounts := '{}';
      ends := '{}';
      told := 0;
      customer := e.customer;
    END IF;
    i := array_position(names, e.subject);
    IF e.effect = 'opens' OR e.effect = 'opens_term' AND e.until IS NOT NULL THEN
      IF i IS NULL THEN
        i := coalesce(cardinality(names), 0) + 1;
        names[i] := e.subject;
        amounts[i] := 0;
      END IF;
      ends[i] := coalesce(e.until, 'infinity');
      amounts[i] := coalesce(e.amount, amounts[i]);
    ELSIF e.effect = 'changes' AND i IS NOT NULL THEN
      ends[i] := coalesce(e.until, ends[i]);
      amounts[i] := coalesce(e.amount, amounts[i]);
    ELSIF e.effect IN ('notice', 'ends') THEN
      FOR k IN 1 .. coalesce(cardinality(names), 0) LOOP
        -- an end without a subject, where no such is open, is the end of all
        IF k = i OR i IS NULL AND e.subject IS NULL THEN
          ends[k] := CASE WHEN e.effect = 'ends' THEN e.at WHEN e.until IS NOT NULL THEN e.until WHEN ends[k] = 'infinity' THEN e.at ELSE ends[k] END;
        END IF;
      END LOOP;
    END IF;
    SELECT coalesce(sum(a) FILTER (WHERE u > e.at), 0) - told, array_agg(n) FILTER (WHERE u > e.at), array_agg(a) FILTER (WHERE u > e.at), array_agg(u) FILTER (WHERE u > e.at)
      INTO amount, names, amounts, ends FROM unnest(names, amounts, ends) s (n, a, u);
    IF amount <> 0 THEN
      changed_at := e.at;
      told := told + amount;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_revenue_changes(text, text) IS
  'part of KPIs: when recurring revenue a month changed by how much, of those customers for whom a condition on a touchpoint t holds';

CREATE FUNCTION ledger_kpi_parts_revenue() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
SELECT @segment@ AS segment, @extschema@.period_start(t.occurred_at, @grain@, @zone@) AS period_start, 'bought' AS part, sum(t.amount) AS value
  FROM @log@ t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.feeds IN ('purchases', 'refunds') @scope@
 WHERE t.occurred_at >= @from@ AND t.occurred_at < @until@ GROUP BY 1, 2
$sql$;
COMMENT ON FUNCTION ledger_kpi_parts_revenue() IS 'part of KPIs: the query for purchases less refunds; recurring revenue is kept in kpi_revenue_change';

CREATE FUNCTION ledger_kpi_facts_revenue() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH touched AS MATERIALIZED (
  @revenue_touched@
), change AS (
  SELECT c.customer_id, c.changed_at, c.amount FROM @ledger@.kpi_revenue_change c WHERE NOT EXISTS (SELECT FROM touched d WHERE d.customer_id = c.customer_id)@moving@
  UNION ALL
  SELECT * FROM (@revenue_changes@) d
), net AS (
  SELECT @segment@ AS segment, t.customer_id, CASE WHEN t.changed_at >= @from@ THEN @extschema@.period_start(t.changed_at, @grain@, @zone@) ELSE '-infinity' END AS period_start, sum(t.amount) AS amount
    FROM change t @scope@ WHERE t.changed_at < @until@ GROUP BY 1, 2, 3
), moved AS (
  SELECT n.*, sum(n.amount) OVER w AS after, sum(n.amount) OVER w - n.amount AS before, row_number() OVER w > 1 AS paid_before
    FROM net n WINDOW w AS (PARTITION BY n.segment, n.customer_id ORDER BY n.period_start)
), named AS (
  SELECT m.*, CASE WHEN m.period_start = '-infinity' THEN 'opening' ELSE @extschema@.revenue_movement(m.before, m.after, m.paid_before) END AS movement FROM moved m
), counted AS (
  SELECT n.segment, n.period_start, sum(n.amount) AS net, count(*) FILTER (WHERE n.before = 0 AND n.after > 0) - count(*) FILTER (WHERE n.before > 0 AND n.after = 0) AS subscribers,
         sum(n.after) FILTER (WHERE n.movement = 'new') AS new, sum(n.amount) FILTER (WHERE n.movement = 'expansion') AS expansion, -sum(n.amount) FILTER (WHERE n.movement = 'contraction') AS contraction,
         sum(n.before) FILTER (WHERE n.movement = 'churn') AS churn, sum(n.after) FILTER (WHERE n.movement = 'reactivation') AS reactivation,
         count(*) FILTER (WHERE n.movement = 'new') AS new_count, count(*) FILTER (WHERE n.movement = 'expansion') AS expansion_count, count(*) FILTER (WHERE n.movement = 'contraction') AS contraction_count,
         count(*) FILTER (WHERE n.movement = 'churn') AS churn_count, count(*) FILTER (WHERE n.movement = 'reactivation') AS reactivation_count
    FROM named n GROUP BY 1, 2
), bought AS (
  SELECT x.segment, x.period_start, sum(x.value) AS amount FROM (@parts@) x (segment, period_start, part, value) GROUP BY 1, 2
), running AS (
  SELECT s.segment, p.period_start, c.new, c.expansion, c.contraction, c.churn, c.reactivation, c.new_count, c.expansion_count, c.contraction_count, c.churn_count, c.reactivation_count,
         coalesce(c.net, 0) AS net, coalesce(c.subscribers, 0) AS joined, b.amount AS bought,
         coalesce(o.net, 0) + sum(coalesce(c.net, 0)) OVER w AS at_end, coalesce(o.subscribers, 0) + sum(coalesce(c.subscribers, 0)) OVER w AS subscribers_end
    FROM @periods@ p CROSS JOIN @segments@ s
    LEFT JOIN counted c ON c.segment = s.segment AND c.period_start = p.period_start
    LEFT JOIN (@paying@) o ON o.segment = s.segment
    LEFT JOIN bought b ON b.segment = s.segment AND b.period_start = p.period_start
  WINDOW w AS (PARTITION BY s.segment ORDER BY p.period_start ROWS UNBOUNDED PRECEDING)
)
SELECT r.segment, r.period_start, f.fact, f.value FROM running r CROSS JOIN LATERAL (VALUES
  ('mrr_start', r.at_end - r.net), ('mrr_new', r.new), ('mrr_expansion', r.expansion), ('mrr_contraction', r.contraction), ('mrr_churn', r.churn), ('mrr_reactivation', r.reactivation), ('mrr_end', r.at_end),
  ('mrr_new_count', r.new_count), ('mrr_expansion_count', r.expansion_count), ('mrr_contraction_count', r.contraction_count), ('mrr_churn_count', r.churn_count), ('mrr_reactivation_count', r.reactivation_count),
  ('subscribers_start', r.subscribers_end - r.joined), ('subscribers_end', r.subscribers_end),
  ('monthly_revenue', r.at_end + coalesce(r.bought, 0) / CASE @grain@ WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 WHEN 'week' THEN 28 / 121.75 ELSE 4 / 121.75 END)) f (fact, value)
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_revenue() IS 'facts of periods: recurring revenue and how it moved, and revenue a month with purchases less refunds';
