-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(4);

-- the accessors that take more than the timeline, or give rows
CREATE FUNCTION pg_temp.probe_rows(t stage_timeline) RETURNS bigint LANGUAGE sql
  RETURN (SELECT count(*) FROM ROWS FROM (stage_spans(t), transitions(t), stage_spans(t, '2024-01-01')));
CREATE FUNCTION pg_temp.probe_stages(t stage_timeline) RETURNS bigint LANGUAGE sql
  RETURN (SELECT count(entered_at(t, s)) + count(last_entered_at(t, s)) + count(left_at(t, s)) + count(time_in_stage(t, s))
               + count(time_in_stage(t, s, '294276-12-31 23:59:59.999999+00')) + count(stage_at(t, 'infinity'))
          FROM unnest(enum_range(NULL::lifecycle_stage)) s);
CREATE FUNCTION pg_temp.probe_merge(t stage_timeline) RETURNS boolean LANGUAGE sql
  RETURN t + t = t AND stage_timeline_accum(t, 'churned', '2024-01-01') <> '{"changes": []}';

\set mutations 100000
\set enough 2000
CREATE TEMP TABLE fuzzed AS
SELECT 'stage_timeline' AS type, * FROM fuzz_type_input('stage_timeline', ARRAY[
    '{"changes": [["2024-01-31T00:00:00Z", "awareness"], ["2024-02-05T09:30:00.5Z", "conversion"]]}',
    '{"changes": [["4714-11-24T00:00:00Z BC", "retention"], ["1999-12-31T23:59:59.999999Z", "churned"], ["294276-12-31T23:59:59.999999Z", "advocacy"]]}',
    '{"changes": [["2024-02-29T12:00:00+05:30", "onboarding"], ["2024-01-31 00:00:00Z", "engagement"], ["2024-02-29T12:00:00+05:30", "churned"]]}',
    '{"changes": []}',
    (SELECT stage_agg((enum_range(NULL::lifecycle_stage))[1 + i % 8], timestamptz '2000-01-01' + i * interval '1 month') FROM generate_series(1, 30) i)::text],
  :mutations, 5, fuzz_probes('stage_timeline'));

\ir fuzzed.psql

SELECT finish();
ROLLBACK;
