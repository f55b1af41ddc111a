--
-- ledger: making one: the rows that a ledger begins with, and that a later release adds
--
-- What was offered once is not offered again, so that a house that has deleted a kind or a rule
-- does not get it back with an upgrade.
--

CREATE FUNCTION ledger_defaults_of_0_1_0(OUT table_name text, OUT row_key text) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 91
BEGIN ATOMIC
  SELECT 'touchpoint_kind'::text, k
    FROM pg_catalog.unnest('{ad_impression,spend,page_view,product_view,add_to_cart,checkout,tutorial_viewed,social_follow,social_share,social_like,
      social_mention,brand_mention,community_post,content_download,form_submit,webinar_attended,event_attended,email_clicked,signup,lead,demo,
      trial_started,opportunity_opened,opportunity_lost,purchase,subscription_started,subscription_renewed,subscription_changed,opportunity_won,
      payment_failed,onboarding_step,welcome_opened,activated,login,feature_used,session,upsell,cross_sell,loyalty_earned,loyalty_redeemed,
      offer_sent,offer_redeemed,gift_sent,cancelled,subscription_ended,refund,return,nps,csat,ces,survey_sent,ticket_opened,ticket_replied,
      ticket_resolved,ticket_reopened,ticket_escalated,self_service,email_sent,email_opened,check_in,feedback,feedback_answered,advisory_board,
      co_creation,focus_group,forum_post,review,testimonial,case_study,referral_sent,referral_converted,resource_use,experiment_exposure,
      trait_set,consent_given,consent_withdrawn,stage_set,health_reading}'::pg_catalog.text[]) AS k
  UNION ALL
  SELECT 'stage_rule', r
    FROM pg_catalog.unnest('{first_login login,regular_use login,regular_use feature_used,regular_use session,second_purchase_day purchase,tenure,
      good_review review}'::pg_catalog.text[]) AS r
  UNION ALL
  SELECT 'setting', s
    FROM pg_catalog.unnest('{time_zone,silence_after,onboarding_lasts,future_tolerance,events,unusable}'::pg_catalog.text[]) AS s;
END;
COMMENT ON FUNCTION ledger_defaults_of_0_1_0() IS
  'the rows that release 0.1.0 put into a new ledger: those that such a ledger lacks were deleted by its house';

CREATE FUNCTION ledger_make_defaults(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  of_0_1_0 boolean := to_regclass(format('%I.touchpoint_kind', name)) IS NOT NULL
                      AND to_regclass(format('%I.default_row', name)) IS NULL;
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.default_row (
  table_name text,
  row_key text,
  offered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (table_name, row_key)
);
COMMENT ON TABLE %1$I.default_row IS 'rows that the extension has put into tables of rules, once: what you delete of them stays deleted';
COMMENT ON COLUMN %1$I.default_row.table_name IS 'the table of rules that the row was put into';
COMMENT ON COLUMN %1$I.default_row.row_key IS 'key of the row, its parts separated by blanks';
COMMENT ON COLUMN %1$I.default_row.offered_at IS 'when it was put there, or found there';
CREATE TABLE IF NOT EXISTS %1$I.ledger_release (
  release text PRIMARY KEY,
  made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE %1$I.ledger_release IS 'the releases of the extension that have made or upgraded this ledger';
COMMENT ON COLUMN %1$I.ledger_release.release IS 'version of the extension';
COMMENT ON COLUMN %1$I.ledger_release.made_at IS 'when the release did so first';
CREATE TABLE IF NOT EXISTS %1$I.grantee (
  role_name text PRIMARY KEY,
  level text NOT NULL CHECK (level IN ('read', 'write', 'admin')),
  granted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE %1$I.grantee IS 'who was given what by ledger_grant(): ledger_upgrade() gives it for what is new, too';
COMMENT ON COLUMN %1$I.grantee.granted_at IS 'when ledger_grant() last gave it';
COMMENT ON COLUMN %1$I.grantee.role_name IS 'name of the role; PUBLIC cannot be granted';
COMMENT ON COLUMN %1$I.grantee.level IS 'read, write or admin';
  $ddl$, name);
  IF of_0_1_0 THEN
    EXECUTE format('INSERT INTO %I.default_row (table_name, row_key) SELECT d.table_name, d.row_key FROM @extschema@.ledger_defaults_of_0_1_0() d', name);
    EXECUTE format('INSERT INTO %I.ledger_release (release) VALUES (''0.1.0'')', name);
  END IF;
  EXECUTE format('INSERT INTO %I.ledger_release (release) SELECT extversion FROM pg_extension WHERE extname = ''customer_lifecycle'' ON CONFLICT DO NOTHING', name);
END $$;
COMMENT ON FUNCTION ledger_make_defaults(text, regtype) IS 'part of ledger_create(): what was offered, which releases made it, who was granted what';

CREATE FUNCTION ledger_add_defaults(
  ledger text, table_name text, keys text[], columns text[], defaults text
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  row_key text;
  names text;
  same text;
BEGIN
  SELECT format('concat_ws('' '', %s)', string_agg(format('d.%I', k), ', ' ORDER BY n)),
         string_agg(format('t.%1$I IS NOT DISTINCT FROM d.%1$I', k), ' AND ' ORDER BY n)
    INTO row_key, same FROM unnest(keys) WITH ORDINALITY AS u (k, n);
  SELECT string_agg(quote_ident(c), ', ' ORDER BY n) INTO names FROM unnest(columns) WITH ORDINALITY AS u (c, n);
  EXECUTE format($sql$
    WITH fresh AS MATERIALIZED (
      SELECT d.*, %2$s AS row_key_ FROM (%3$s) d
       WHERE NOT EXISTS (SELECT FROM %1$I.default_row r WHERE r.table_name = %4$L AND r.row_key = %2$s)
    ), noted AS (
      INSERT INTO %1$I.default_row (table_name, row_key) SELECT %4$L, f.row_key_ FROM fresh f ON CONFLICT DO NOTHING)
    INSERT INTO %1$I.%4$I (%5$s) SELECT %5$s FROM fresh d WHERE NOT EXISTS (SELECT FROM %1$I.%4$I t WHERE %6$s)
  $sql$, ledger, row_key, defaults, table_name, names, same);
END $$;
COMMENT ON FUNCTION ledger_add_defaults(text, text, text[], text[], text) IS
  'part of ledger_create(): puts the rows of a query into a table of rules, those that have not been offered to this ledger before; keys are the columns that name a row';
