--
-- ledger: what time alone brings to backends: silence, replies that are due
--

CREATE FUNCTION ledger_play_silence(ledger text, since timestamptz, horizon timestamptz) RETURNS bigint
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_play_silence(text, timestamptz, timestamptz) IS
  'part of ledger_tick(): fires the plays that wait for a silence that has become long enough after since (NULL: ever) and by the horizon; how many';

-- A sign of life within a silence that was told, as became known later.
CREATE FUNCTION ledger_withdraw_silence(ledger text, horizon timestamptz) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format($sql$
    WITH wrong AS MATERIALIZED (
      SELECT f.customer_id, f.play, f.occurrence, f.action, f.event_id
        FROM %1$I.play_fired f
        JOIN %1$I.play p ON p.play = f.play AND p.on_silence IS NOT NULL
        JOIN %1$I.customer c ON c.customer_id = f.customer_id
       WHERE f.withdrawn_at IS NULL AND f.occurred_at > $1 - interval '720 hours'
         AND EXISTS (SELECT FROM %1$I.touchpoint t JOIN %1$I.touchpoint_kind k ON k.kind = t.kind
                      WHERE t.customer_id = f.customer_id AND k.alive AND t.occurred_at < f.occurred_at
                        AND t.occurred_at > CASE WHEN f.occurrence LIKE 'since %%' THEN substr(f.occurrence, 7)::timestamptz END)
       ORDER BY c.customer_id FOR NO KEY UPDATE OF c SKIP LOCKED
    ), noted AS (
      UPDATE %1$I.play_fired f SET withdrawn_at = now() FROM wrong w
       WHERE f.customer_id = w.customer_id AND f.play = w.play AND f.occurrence = w.occurrence
    )
    INSERT INTO %1$I.event_outbox (customer_id, event, occurred_at, payload)
    SELECT w.customer_id, 'play_withdrawn', now(),
           jsonb_build_object('play', w.play, 'action', w.action, 'occurrence', w.occurrence, 'told_by', w.event_id)
      FROM wrong w ORDER BY w.customer_id, w.event_id
  $sql$, ledger) USING horizon;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_withdraw_silence(text, timestamptz) IS
  'part of ledger_tick(): withdraws the plays of the last 30 days whose silence was none, as became known later; how many';

-- What waits for a reply: a ticket, until it is replied to or resolved; a detractor or feedback,
-- until someone answers or checks in.  Of the last 30 days, and for as long as nobody was told.
CREATE FUNCTION ledger_unanswered(ledger text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$
    NOT EXISTS (
      SELECT FROM %I.touchpoint a
       WHERE a.customer_id = t.customer_id AND a.occurred_at >= t.occurred_at AND a.occurred_at <= t.occurred_at + $2
         AND CASE WHEN t.kind LIKE 'ticket%%'
                  THEN a.kind IN ('ticket_replied', 'ticket_resolved') AND a.subject IS NOT DISTINCT FROM t.subject
                  ELSE a.kind IN ('feedback_answered', 'check_in', 'ticket_replied')
                       AND (a.subject IS NULL OR t.subject IS NULL OR a.subject = t.subject) END)
  $sql$, ledger);
COMMENT ON FUNCTION ledger_unanswered(text) IS
  'part of ledger_tell_replies(): the condition that touchpoint t has had no reply within $2';

CREATE FUNCTION ledger_tell_replies(ledger text, horizon timestamptz) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  within interval := @extschema@.ledger_setting(ledger, 'reply_within')::interval;
  n bigint;
BEGIN
  -- those who are locked by someone else are left to the next tick: waiting could be waiting for each other
  EXECUTE format($sql$
    WITH due AS MATERIALIZED (
      SELECT c.customer_id, t.touchpoint_id, t.kind, t.subject, t.score, t.occurred_at, t.properties ->> 'topic' AS topic
        FROM %1$I.touchpoint t
        JOIN %1$I.customer c ON c.customer_id = t.customer_id
       WHERE t.kind IN ('ticket_opened', 'ticket_reopened', 'feedback', 'nps') AND (t.kind <> 'nps' OR t.score <= 6)
         AND t.occurred_at > $1 - interval '720 hours' AND t.occurred_at <= $1 - $2
         AND NOT EXISTS (SELECT FROM %1$I.reply_told r WHERE r.touchpoint_id = t.touchpoint_id AND r.withdrawn_at IS NULL)
         AND %2$s
       ORDER BY c.customer_id FOR NO KEY UPDATE OF c SKIP LOCKED
    ), noted AS (
      INSERT INTO %1$I.reply_told AS r (touchpoint_id, customer_id, asked_at, due_at)
      SELECT d.touchpoint_id, d.customer_id, d.occurred_at, d.occurred_at + $2 FROM due d
      ON CONFLICT (touchpoint_id) DO UPDATE SET withdrawn_at = NULL
    )
    INSERT INTO %1$I.event_outbox (customer_id, event, occurred_at, payload)
    SELECT d.customer_id, 'reply_due', d.occurred_at + $2,
           jsonb_build_object('kind', d.kind, 'subject', d.subject, 'topic', d.topic, 'score', d.score, 'asked_at', d.occurred_at,
                              'touchpoint_id', d.touchpoint_id)
      FROM due d ORDER BY d.customer_id, d.occurred_at, d.touchpoint_id
  $sql$, ledger, @extschema@.ledger_unanswered(ledger)) USING horizon, within;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_tell_replies(text, timestamptz) IS
  'part of ledger_tick(): event_outbox hears of the tickets, detractors and feedback of the last 30 days that have waited too long for a reply; how many';

CREATE FUNCTION ledger_withdraw_replies(ledger text, horizon timestamptz) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format($sql$
    WITH wrong AS MATERIALIZED (
      SELECT r.touchpoint_id, c.customer_id
        FROM %1$I.reply_told r
        JOIN %1$I.customer c ON c.customer_id = r.customer_id
       WHERE r.withdrawn_at IS NULL
         AND NOT EXISTS (SELECT FROM %1$I.touchpoint t WHERE t.touchpoint_id = r.touchpoint_id AND t.occurred_at = r.asked_at
                            AND t.customer_id = r.customer_id AND (t.kind <> 'nps' OR t.score <= 6) AND %2$s)
       ORDER BY c.customer_id FOR NO KEY UPDATE OF c SKIP LOCKED
    ), noted AS (
      UPDATE %1$I.reply_told r SET withdrawn_at = now() FROM wrong w WHERE w.touchpoint_id = r.touchpoint_id
    )
    INSERT INTO %1$I.event_outbox (customer_id, event, occurred_at, payload)
    SELECT w.customer_id, 'reply_due_withdrawn', now(), jsonb_build_object('touchpoint_id', w.touchpoint_id) FROM wrong w ORDER BY w.customer_id, w.touchpoint_id
  $sql$, ledger, @extschema@.ledger_unanswered(ledger)) USING horizon, @extschema@.ledger_setting(ledger, 'reply_within')::interval;
  GET DIAGNOSTICS n = ROW_COUNT;
  EXECUTE format('DELETE FROM %I.reply_told r WHERE r.asked_at <= $1 - interval ''720 hours''', ledger) USING horizon;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_withdraw_replies(text, timestamptz) IS
  'part of ledger_tick(): event_outbox hears which replies were given in time after all, as became known later; how many';
