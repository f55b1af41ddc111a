--
-- views: the ledger itself
--

CREATE FUNCTION ledger_view_ledger_sources(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'ledger_sources', $view$
--: the tables that feed the ledger
SELECT s.track, --: name of the track: the source of its touchpoints
       s.source_table::text AS source_table, --: the table; a number if it was dropped
       array_to_string(s.arguments, E'\n') AS arguments, --: what its rows mean: word=expression, one a line
       s.tracked_at, --: since when
       EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = s.source_table AND t.tgenabled <> 'D'
                  AND t.tgfoid = '@extschema@.touchpoint_capture()'::regprocedure) AS is_enabled, --: the table has an enabled trigger that feeds a ledger
       b.page_count AS backfill_page_count, --: pages that the table had when ledger_backfill() began; NULL: never called
       b.next_page AS backfill_next_page, --: so many of them are done
       b.touchpoint_count AS backfill_touchpoint_count --: touchpoints that came of it
  FROM @ledger@.tracked_source s
  LEFT JOIN (SELECT track, sum(page_count)::bigint AS page_count, sum(least(next_page, page_count))::bigint AS next_page,
                    sum(touchpoint_count)::bigint AS touchpoint_count
               FROM @ledger@.backfill GROUP BY track) b ON b.track = s.track
$view$);
COMMENT ON FUNCTION ledger_view_ledger_sources(text) IS 'part of ledger_make_views(): ledger_sources';
