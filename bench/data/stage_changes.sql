-- stage_changes: what each event says about its customer's stage, in order of time; most repeat what is known.
CREATE TABLE stage_changes AS
SELECT user_id, ts AS at,
  (CASE event WHEN 1 THEN 'acquisition' WHEN 7 THEN 'conversion' WHEN 10 THEN 'engagement'
              WHEN 12 THEN 'advocacy' WHEN 11 THEN 'retention' ELSE 'awareness' END)::lifecycle_stage AS stage
FROM events ORDER BY ts, user_id;
VACUUM (FREEZE, ANALYZE) stage_changes;
CREATE TABLE stage_timelines AS SELECT user_id, stage_agg(stage, at) AS timeline FROM stage_changes GROUP BY user_id;
VACUUM (FREEZE, ANALYZE) stage_timelines;
