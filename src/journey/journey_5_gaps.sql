
-- time between purchases, or any event: three honest readings, each by its own name

CREATE FUNCTION event_gaps(journeys journey_summary[], event text DEFAULT NULL,
    OUT customers bigint, OUT gaps bigint, OUT mean_of_gaps interval, OUT mean_of_customer_means interval,
    OUT median_gap interval)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT count(*), coalesce(sum(pg_catalog.cardinality(g)), 0)::bigint,
         (SELECT avg(gap) FROM unnest(journeys) j, unnest(journey_gaps(j, event)) gap),
         avg((SELECT avg(gap) FROM unnest(g) gap)),
         (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM unnest(journeys) j, unnest(journey_gaps(j, event)) gap)
  FROM (SELECT journey_gaps(j, event) AS g FROM unnest(journeys) j) customer
  WHERE g <> '{}';
END;
COMMENT ON FUNCTION event_gaps(journey_summary[], text) IS
  'time between one event (null: any touchpoint) and the next of the same customer, over customers with two or more: the customers, the gaps, the mean of all gaps (heavy buyers dominate), the mean of the customers'' means (each customer once), and the median gap';
