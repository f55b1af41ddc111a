SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
-- events as event@second
CREATE FUNCTION pg_temp.journey(events text) RETURNS journey_summary LANGUAGE sql AS
  $$ SELECT journey_agg(to_timestamp(split_part(e, '@', 2)::int), split_part(e, '@', 1)) FROM string_to_table(events, ' ') e $$;
-- The edge cases of funnel(), and what another engine's windowFunnel says: strict_once,
-- strict_once with strict_increase, strict_deduplication, strict_order. There an event that is
-- several steps takes them all at once in the last two, which is why ours differ for such steps.
CREATE TEMP TABLE golden (name text, seconds integer, steps text, events text, strict_once integer, strict_increase integer, strict_dedup integer, strict_order integer);
COPY golden FROM stdin (DELIMITER '|');
basic|10|ABC|A@0 B@5 C@9|3|3|3|3
boundary_inclusive|10|AB|A@0 B@10|2|2|2|2
boundary_plus1|10|AB|A@0 B@11|1|1|1|1
window_from_first_not_prev|10|ABC|A@0 B@8 C@12|2|2|2|2
restart_latest_start|5|AB|A@0 A@8 B@12|2|2|2|2
restart_keeps_old_chain|10|ABC|A@0 B@3 A@9 C@10|3|3|3|3
restart_new_chain_needs_B_again|10|ABC|A@0 B@3 A@9 C@12|2|2|2|2
restart_then_full|10|ABC|A@0 B@3 A@9 B@11 C@12|3|3|2|3
out_of_order|10|ABC|C@0 B@1 A@2|1|1|1|1
skip_step|10|ABC|A@0 C@2|1|1|1|1
late_middle|10|ABC|A@0 C@2 B@3 C@4|3|3|3|1
intervening_X|10|ABC|A@0 X@1 B@2 C@3|3|3|3|1
intervening_future_step|10|ABCD|A@0 B@1 D@2 C@3|3|3|3|2
dup_step2|10|ABC|A@0 B@1 B@2 C@3|3|3|2|3
dup_ABCBD|10|ABCD|A@0 B@1 C@2 B@3 D@4|4|4|3|4
AABBCC|10|ABC|A@0 A@1 B@2 B@3 C@4 C@5|3|3|2|3
tie_A_B_same_ts|10|AB|A@5 B@5|2|1|2|2
tie_B_before_A_in_input|10|AB|B@5 A@5|2|1|2|2
tie_three|10|ABC|A@5 C@5 B@5|3|1|3|3
tie_then_later|10|ABC|A@0 B@5 A@5 C@5|3|2|3|3
same_event_two_steps_once|10|AA|A@0|1|1|2|2
same_event_two_steps_twice|10|AA|A@0 A@5|2|2|2|2
same_event_three_steps_twice|10|AAA|A@0 A@5|2|2|3|3
repeat_ABA|10|ABA|A@0 B@1 A@2|3|3|3|1
repeat_ABA_missing_last|10|ABA|A@0 B@1|2|2|2|1
empty|10|AB|X@0|0|0|0|0
no_first|10|AB|B@0 B@1|0|0|0|0
window_zero_tie|0|AB|A@5 B@5|2|1|2|2
strict_increase_overwrite_93789|10|AB|A@0 A@5 B@5|2|2|2|2
unsorted_input|10|ABC|C@9 A@0 B@5|3|3|3|3
\.
CREATE TEMP TABLE ours AS
SELECT g.*, funnel(j, s, w) AS our_ordered, funnel(j, s, w, mode => 'strict_increase') AS our_increase,
       funnel(j, s, w, mode => 'strict_dedup') AS our_dedup, funnel(j, s, w, mode => 'strict_order') AS our_order
FROM golden g, LATERAL (SELECT pg_temp.journey(events) AS j, string_to_array(steps, NULL) AS s, seconds * interval '1 s' AS w) x;
SELECT count(*) AS cases, count(*) FILTER (WHERE our_ordered = strict_once) AS ordered, count(*) FILTER (WHERE our_increase = strict_increase) AS strict_increase,
       count(*) FILTER (WHERE our_dedup = strict_dedup) AS strict_dedup, count(*) FILTER (WHERE our_order = strict_order) AS strict_order
FROM ours;
SELECT name, our_dedup, strict_dedup, our_order, strict_order FROM ours WHERE (our_dedup, our_order) <> (strict_dedup, strict_order);

-- any order: the first k steps, however they come
SELECT e, funnel(pg_temp.journey(e), ARRAY['A', 'B', 'C'], '10 s', mode => 'unordered')
FROM unnest(ARRAY['C@1 B@2 A@3', 'B@1 C@2', 'A@1 C@2', 'A@0 B@11 C@12', 'A@0 B@11 C@12 A@15', 'B@0 A@10']) e;
SELECT funnel_times(pg_temp.journey('C@1 B@2 A@3'), ARRAY['A', 'B', 'C'], mode => 'unordered');

-- exclusion: nothing of it strictly between the first and the last instant
SELECT e, funnel(pg_temp.journey(e), ARRAY['A', 'B', 'C'], exclude => ARRAY['X', 'Y'])
FROM unnest(ARRAY['A@0 X@1 B@2', 'A@0 B@1 X@2 C@3', 'X@0 A@0 B@1', 'A@0 B@1 X@1 C@2', 'A@0 X@1 A@2 B@3 C@4', 'A@0 Y@0 B@1 C@2 X@2', 'X@0 Y@5']) e;
-- optional steps
SELECT e, funnel(pg_temp.journey(e), ARRAY['A', 'B', 'C'], optional => ARRAY['B']), funnel_times(pg_temp.journey(e), ARRAY['A', 'B', 'C'], optional => ARRAY['B'])
FROM unnest(ARRAY['A@0 C@1', 'A@0 B@1', 'A@0 B@1 C@2', 'B@0 C@1', 'C@0']) e;
SELECT funnel(pg_temp.journey('B@0 C@1'), ARRAY['A', 'B', 'C'], optional => ARRAY['A']);
-- re-entry off: only the first start counts
SELECT e, funnel(pg_temp.journey(e), ARRAY['A', 'B'], '5 s') AS again, funnel(pg_temp.journey(e), ARRAY['A', 'B'], '5 s', reentry => false) AS once
FROM unnest(ARRAY['A@0 A@8 B@12', 'A@0 A@3 B@5', 'A@0 A@0 B@5 B@6']) e;
-- a window for each step
SELECT e, funnel(pg_temp.journey(e), ARRAY['A', 'B', 'C'], step_within => ARRAY['2 s', '5 s']::interval[]), funnel(pg_temp.journey(e), ARRAY['A', 'B', 'C'], '6 s', step_within => ARRAY[NULL, '5 s']::interval[])
FROM unnest(ARRAY['A@0 B@2 C@7', 'A@0 B@3 C@4', 'A@0 B@2 B@4 C@8', 'A@0 A@1 B@3 C@6', 'A@0 B@1 C@7']) e;
SELECT funnel(journey_agg(at, e), ARRAY['A', 'B'], step_within => ARRAY['1 month']::interval[]) AS in_time, funnel(journey_agg(at + (e = 'B')::int * interval '1 s', e), ARRAY['A', 'B'], step_within => ARRAY['1 month']::interval[]) AS late
FROM (VALUES ('2024-01-31'::timestamptz, 'A'), ('2024-02-29', 'B')) v(at, e);
-- when
SELECT funnel_times(pg_temp.journey('A@0 B@3 A@9 B@11 C@12'), ARRAY['A', 'B', 'C'], '5 s');
SELECT funnel_times(pg_temp.journey('B@0'), ARRAY['A', 'B', 'C'], '5 s');

-- mistakes
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A'], mode => 'strict');
SELECT funnel(pg_temp.journey('A@0'), '{}');
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A', NULL]);
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A'], '-1 s');
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A', 'B'], exclude => ARRAY['B']);
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A', 'B'], optional => ARRAY['C']);
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A', 'B'], step_within => ARRAY['1 s', '1 s']::interval[]);
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A', 'B'], step_within => ARRAY['-1 s']::interval[]);
SELECT funnel(pg_temp.journey('A@0'), ARRAY['A', 'B'], mode => 'unordered', reentry => false);
