-- The fold, written a second time: slowly, in PL/pgSQL, from the words of docs/ledger.md's rules and
-- not from the C code; over random customers both must tell the same life.
-- LEDGER_SIZE=full: 5,000 customers; else 500.
\set size `echo "${LEDGER_SIZE:-small}"`
SELECT :'size' = 'full' AS full \gset
\if :full
  \set customers 5000
\else
  \set customers 500
\endif
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(9);
SELECT setseed(0.11);
SELECT ledger_create('crm');

-- What happens, in the order of rank; often what moves.
CREATE TEMP TABLE word AS
  SELECT i AS rank, kind, kind = ANY ('{ad_impression,spend,payment_failed,offer_sent,gift_sent,cancelled,subscription_ended,refund,return,survey_sent,ticket_replied,ticket_resolved,email_sent,check_in,feedback_answered,resource_use,experiment_exposure,trait_set,consent_given,consent_withdrawn,stage_set,health_reading}') AS dead
    FROM unnest('{ad_impression,spend,page_view,product_view,add_to_cart,checkout,tutorial_viewed,social_follow,social_share,social_like,social_mention,brand_mention,community_post,content_download,form_submit,webinar_attended,event_attended,email_clicked,signup,lead,demo,trial_started,opportunity_opened,opportunity_lost,purchase,subscription_started,subscription_renewed,subscription_changed,opportunity_won,payment_failed,onboarding_step,welcome_opened,activated,login,feature_used,session,upsell,cross_sell,loyalty_earned,loyalty_redeemed,offer_sent,offer_redeemed,gift_sent,cancelled,subscription_ended,refund,return,nps,csat,ces,survey_sent,ticket_opened,ticket_replied,ticket_resolved,ticket_reopened,ticket_escalated,self_service,email_sent,email_opened,check_in,feedback,feedback_answered,advisory_board,co_creation,focus_group,forum_post,review,testimonial,case_study,referral_sent,referral_converted,resource_use,experiment_exposure,trait_set,consent_given,consent_withdrawn,stage_set,health_reading}'::text[])
         WITH ORDINALITY w (kind, i);
SELECT is((SELECT string_agg(kind, ' ' ORDER BY rank) FROM word), (SELECT string_agg(kind, ' ' ORDER BY rank) FROM ledger_default_kinds() WHERE rank <= 780), 'the words, in their order');
SELECT is((SELECT count(*) FROM word JOIN ledger_default_kinds() k USING (kind) WHERE dead = k.alive AND kind NOT IN ('ticket_replied', 'ticket_resolved')), 0::bigint, 'signs of life');

CREATE TEMP TABLE pick AS
  SELECT row_number() OVER (ORDER BY rank, g) AS i, kind FROM word CROSS JOIN LATERAL
    generate_series(1, CASE WHEN kind IN ('purchase', 'login', 'subscription_started') THEN 12 WHEN kind IN ('subscription_ended', 'cancelled', 'subscription_renewed', 'opportunity_won', 'onboarding_step', 'session') THEN 6
                            WHEN kind IN ('review', 'signup', 'activated', 'subscription_changed', 'feature_used', 'page_view', 'stage_set') THEN 3 ELSE 1 END) g;
-- Some live fast and some slowly; half of them never have a subscription.  Instants are multiples of
-- six hours, so that there are ties.
CREATE TEMP TABLE log AS
  SELECT n, who, kind, at, CASE WHEN kind = 'review' THEN 1 + n % 5 WHEN kind IN ('nps', 'csat', 'ces') THEN 1 + n % 4 END AS score,
         CASE WHEN random() < 0.7 THEN 'subject ' || n % 2 END AS subject,
         CASE WHEN kind IN ('subscription_started', 'subscription_renewed', 'subscription_changed', 'opportunity_won', 'cancelled') AND random() < 0.5
              THEN at + (1 + floor(random() * 150)) * interval '24 hours' END AS until,
         (ARRAY['shop', 'Site', 'app'])[1 + n % 3] AS source, md5(n::text) AS source_key,
         CASE WHEN kind = 'stage_set' THEN (enum_range(NULL::lifecycle_stage))[1 + n % 8] END AS forced
    FROM (SELECT n, 1 + n % :customers AS who, k.kind,
                 timestamptz '2023-01-01 00:00+00' + floor(random() * 4 * (CASE n % :customers % 3 WHEN 0 THEN 60 WHEN 1 THEN 250 ELSE 900 END)) * interval '6 hours' AS at
            FROM (SELECT n, 1 + floor(random() * (SELECT count(*) FROM pick))::int AS p FROM generate_series(1, :customers * 24) n) g JOIN pick k ON k.i = p
           WHERE n % :customers % 2 = 0 OR k.kind NOT LIKE 'subscr%') r;

CREATE TEMP TABLE twin (who bigint, seq int, stage lifecycle_stage, entered_at timestamptz, left_at timestamptz, episode int);
CREATE TYPE pg_temp.life AS (
  stage lifecycle_stage, episode int, since timestamptz,       -- now
  ever_paid boolean, paid_at timestamptz,                      -- in this episode
  alive_at timestamptz, quiet_from timestamptz, left_how text, -- silence, end
  uses int, days date[], new_day boolean, further boolean,                      -- in this episode; further life in onboarding
  open text[], ends timestamptz[]);

-- Several moves at one instant leave the last; a stay that would be empty isn't one.
CREATE FUNCTION pg_temp.go(INOUT l pg_temp.life, who bigint, to_stage lifecycle_stage, to_episode int, at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  was_customer boolean := coalesce(l.stage BETWEEN 'conversion' AND 'advocacy', false);
  before record;
BEGIN
  IF l.stage = to_stage AND l.episode = to_episode THEN RETURN; END IF;
  DELETE FROM pg_temp.twin t WHERE t.who = go.who AND t.entered_at = at;
  SELECT t.* INTO before FROM pg_temp.twin t WHERE t.who = go.who ORDER BY t.seq DESC LIMIT 1;
  IF before.stage = to_stage AND before.episode = to_episode THEN
    UPDATE pg_temp.twin t SET left_at = NULL WHERE t.who = go.who AND t.seq = before.seq;
    l.since := before.entered_at;
  ELSE
    UPDATE pg_temp.twin t SET left_at = at WHERE t.who = go.who AND t.seq = before.seq;
    INSERT INTO pg_temp.twin VALUES (who, coalesce(before.seq, 0) + 1, to_stage, at, NULL, to_episode);
    l.since := at;
  END IF;
  IF to_stage BETWEEN 'conversion' AND 'advocacy' AND NOT was_customer THEN l.quiet_from := greatest(l.quiet_from, at); END IF;
  l.stage := to_stage; l.episode := to_episode; l.further := false;
END $$;

-- What time alone brings before an instant.
CREATE FUNCTION pg_temp.pass(INOUT l pg_temp.life, who bigint, until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  due timestamptz; what text;
BEGIN
  LOOP
    due := NULL;
    IF l.stage = 'onboarding' AND l.further THEN due := l.since + interval '720 hours'; what := 'onboarded'; END IF;
    IF cardinality(l.open) > 0 AND (SELECT min(e) FROM unnest(l.ends) e) < coalesce(due, 'infinity') THEN
      SELECT min(e), 'ended' INTO due, what FROM unnest(l.ends) e;
    END IF;
    IF cardinality(l.open) = 0 AND l.stage BETWEEN 'conversion' AND 'advocacy' AND l.quiet_from + interval '2160 hours' < coalesce(due, 'infinity') THEN
      due := l.quiet_from + interval '2160 hours'; what := 'silence';
    END IF;
    IF due IS NULL OR due >= until OR due = 'infinity' THEN RETURN; END IF;
    IF what = 'onboarded' THEN
      l := pg_temp.go(l, who, 'engagement', l.episode, due);
    ELSIF what = 'silence' THEN
      l.left_how := 'silence';
      l := pg_temp.go(l, who, 'churned', l.episode, due);
    ELSE
      SELECT coalesce(array_agg(o), '{}'), coalesce(array_agg(e), '{}') INTO l.open, l.ends FROM unnest(l.open, l.ends) u (o, e) WHERE e > due;
      IF cardinality(l.open) = 0 AND l.stage BETWEEN 'conversion' AND 'advocacy' THEN
        l.left_how := 'ended';
        l := pg_temp.go(l, who, 'churned', l.episode, due);
      END IF;
    END IF;
  END LOOP;
END $$;

-- What a touchpoint does to subscriptions and contracts; '' stands for no subject.
CREATE FUNCTION pg_temp.subjects(INOUT l pg_temp.life, who bigint, t record) LANGUAGE plpgsql AS $$
DECLARE
  name text := coalesce(t.subject, '');
  i int := array_position(l.open, name);
  had boolean := cardinality(l.open) > 0;
BEGIN
  IF t.kind IN ('subscription_started', 'subscription_renewed') OR (t.kind = 'opportunity_won' AND t.until IS NOT NULL) THEN
    IF i IS NULL THEN l.open := l.open || name; i := cardinality(l.open); END IF;
    l.ends[i] := coalesce(t.until, 'infinity');
    RETURN;
  ELSIF t.kind = 'subscription_changed' THEN
    IF i IS NOT NULL AND t.until IS NOT NULL THEN l.ends[i] := t.until; END IF;
    RETURN;
  ELSIF t.kind NOT IN ('cancelled', 'subscription_ended') THEN
    RETURN;
  END IF;
  -- the end of the one that is named; of all, where none is named and none without a name is open
  FOR j IN 1 .. cardinality(l.open) LOOP
    IF j = i OR (i IS NULL AND t.subject IS NULL) THEN
      l.ends[j] := CASE WHEN t.kind = 'subscription_ended' THEN t.at WHEN t.until IS NOT NULL THEN t.until WHEN l.ends[j] = 'infinity' THEN t.at ELSE l.ends[j] END;
    END IF;
  END LOOP;
  SELECT coalesce(array_agg(o), '{}'), coalesce(array_agg(e), '{}') INTO l.open, l.ends FROM unnest(l.open, l.ends) u (o, e) WHERE e > t.at;
  IF cardinality(l.open) = 0 AND (had OR t.kind = 'subscription_ended') AND l.stage BETWEEN 'conversion' AND 'advocacy' THEN
    l.left_how := 'ended';
    l := pg_temp.go(l, who, 'churned', l.episode, t.at);
  END IF;
END $$;

CREATE FUNCTION pg_temp.evidence(l pg_temp.life, t record) RETURNS lifecycle_stage LANGUAGE plpgsql AS $$
DECLARE
  best lifecycle_stage;
BEGIN
  best := CASE
    WHEN t.kind IN ('testimonial', 'case_study', 'referral_sent', 'referral_converted') OR (t.kind = 'review' AND t.score >= 4) THEN 'advocacy'
    WHEN t.kind = 'subscription_renewed' OR (l.new_day AND cardinality(l.days) >= 2) THEN 'retention'
    WHEN NOT t.dead AND t.at >= l.paid_at + interval '4320 hours' THEN 'retention'
    WHEN t.kind IN ('activated', 'upsell', 'cross_sell') THEN 'engagement'
    WHEN t.kind IN ('login', 'feature_used', 'session') AND l.uses >= 3 AND t.at <= l.paid_at + interval '720 hours' THEN 'engagement'
    WHEN t.kind IN ('onboarding_step', 'welcome_opened') OR (t.kind = 'login' AND t.at > l.paid_at) THEN 'onboarding'
    WHEN t.kind IN ('purchase', 'subscription_started', 'subscription_changed', 'opportunity_won') THEN 'conversion'
    WHEN t.rank BETWEEN (SELECT rank FROM pg_temp.word WHERE kind = 'content_download') AND (SELECT rank FROM pg_temp.word WHERE kind = 'opportunity_lost') THEN 'acquisition'
    WHEN t.rank BETWEEN (SELECT rank FROM pg_temp.word WHERE kind = 'page_view') AND (SELECT rank FROM pg_temp.word WHERE kind = 'community_post') THEN 'awareness' END;
  IF best BETWEEN 'onboarding' AND 'advocacy' AND NOT l.ever_paid THEN RETURN 'acquisition'; END IF;
  IF best = 'onboarding' AND t.at <= l.paid_at THEN RETURN NULL; END IF;
  RETURN best;
END $$;

CREATE FUNCTION pg_temp.tell(who bigint, horizon timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  l pg_temp.life; t record; best lifecycle_stage; was_churned boolean; was_onboarding boolean;
BEGIN
  l.ever_paid := false; l.uses := 0; l.days := '{}'; l.open := '{}'; l.ends := '{}'; l.quiet_from := '-infinity';
  FOR t IN SELECT g.*, w.rank, w.dead FROM pg_temp.log g JOIN pg_temp.word w USING (kind) WHERE g.who = tell.who ORDER BY g.at, w.rank, g.source COLLATE "C", g.source_key COLLATE "C" LOOP
    l := pg_temp.pass(l, who, t.at);
    IF l.stage IS NULL THEN l := pg_temp.go(l, who, 'awareness', 1, t.at); END IF;
    was_churned := l.stage = 'churned';
    was_onboarding := l.stage = 'onboarding';
    -- a new episode, in which counting starts anew
    IF was_churned AND ((t.forced IS NOT NULL AND t.forced <> 'churned') OR t.kind IN ('purchase', 'subscription_started', 'subscription_renewed', 'opportunity_won')
                        OR (l.left_how = 'silence' AND t.kind IN ('login', 'feature_used', 'session'))) THEN
      l.paid_at := NULL; l.uses := 0; l.days := '{}';
      l := pg_temp.go(l, who, coalesce(t.forced, 'engagement'), l.episode + 1, t.at);
    ELSIF t.forced IS NOT NULL THEN
      IF t.forced = 'churned' AND NOT was_churned THEN l.left_how := 'ended'; END IF;
      l := pg_temp.go(l, who, t.forced, l.episode, t.at);
    END IF;
    IF t.forced IS NOT NULL THEN l.quiet_from := t.at; END IF;
    IF t.kind IN ('purchase', 'subscription_started', 'opportunity_won') THEN l.ever_paid := true; l.paid_at := coalesce(l.paid_at, t.at); END IF;
    l := pg_temp.subjects(l, who, t);
    l.new_day := t.kind = 'purchase' AND NOT (t.at AT TIME ZONE 'UTC')::date = ANY (l.days);
    IF l.new_day THEN l.days := l.days || (t.at AT TIME ZONE 'UTC')::date; END IF;
    IF t.kind IN ('login', 'feature_used', 'session') AND t.at <= l.paid_at + interval '720 hours' THEN l.uses := l.uses + 1; END IF;
    IF NOT was_churned AND l.stage <> 'churned' THEN
      best := pg_temp.evidence(l, t);
      IF best > l.stage THEN l := pg_temp.go(l, who, best, l.episode, t.at); END IF;
    END IF;
    IF NOT t.dead THEN
      l.alive_at := t.at; l.quiet_from := t.at;
      IF was_onboarding AND l.stage = 'onboarding' THEN
        IF t.at >= l.since + interval '720 hours' THEN l := pg_temp.go(l, who, 'engagement', l.episode, t.at); ELSE l.further := true; END IF;
      END IF;
    END IF;
  END LOOP;
  l := pg_temp.pass(l, who, horizon);
END $$;
CREATE INDEX ON log (who, at);
CREATE INDEX ON twin (who, seq);
ANALYZE log;

INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, score, subject, properties, source, source_key)
  SELECT who, kind, at, score, subject, CASE WHEN until IS NOT NULL THEN jsonb_build_object('until', until) WHEN forced IS NOT NULL THEN jsonb_build_object('stage', forced) END, source, source_key
    FROM log ORDER BY md5(source_key);
SELECT is((SELECT count(*) FROM crm.touchpoint_rejected), 0::bigint, 'all can be used');
SELECT ledger_tick('crm', '2026-01-01');
SELECT pg_temp.tell(who, '2026-01-01') FROM (SELECT DISTINCT who FROM log) w;

SELECT is((SELECT string_agg(DISTINCT customer_id::text, ' ') FROM
   ((SELECT customer_id, seq, stage, entered_at, left_at, episode FROM crm.stage_history EXCEPT SELECT * FROM twin)
    UNION ALL (SELECT * FROM twin EXCEPT SELECT customer_id, seq, stage, entered_at, left_at, episode FROM crm.stage_history)) d), NULL, 'both tell the same lives');
SELECT is((SELECT count(*) FROM crm.customer c JOIN twin t ON t.who = c.customer_id AND t.left_at IS NULL WHERE (c.stage, c.stage_since, c.episode) = (t.stage, t.entered_at, t.episode)), (SELECT count(DISTINCT who) FROM log), '... and the same ends');
SELECT is((SELECT count(*) FROM crm.customer c JOIN (SELECT who, min(at) AS first, max(at) AS last, count(*) AS n, max(at) FILTER (WHERE NOT dead) AS alive,
             min(at) FILTER (WHERE kind IN ('purchase', 'subscription_started', 'opportunity_won')) AS paid, count(*) FILTER (WHERE kind = 'purchase') AS bought
             FROM log JOIN word USING (kind) GROUP BY 1) l ON l.who = c.customer_id
            WHERE (first_touch_at, last_touch_at, touchpoint_count, last_alive_at, first_paid_at, purchase_count) IS NOT DISTINCT FROM (first, last, n, alive, paid, bought)),
          (SELECT count(DISTINCT who) FROM log), 'first and last touch, sign of life, payment');
SELECT cmp_ok(count(DISTINCT (stage, reason))::int, '>', 40, 'the lives are of many kinds') FROM crm.stage_history;
SELECT cmp_ok(max(episode), '>', 3, 'some come back often') FROM twin;
SELECT is((SELECT count(*) FROM ledger_check('crm')), 0::bigint, 'and the check is content');
SELECT * FROM finish();
ROLLBACK;
