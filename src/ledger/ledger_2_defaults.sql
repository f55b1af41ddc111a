--
-- ledger: what can happen, and what it means for a stage; copied into each new ledger as rows that
-- a house changes as it likes
--

CREATE FUNCTION ledger_default_kinds(
  OUT kind text, OUT rank integer, OUT stage text, OUT is_payment boolean, OUT alive boolean,
  OUT revives text, OUT subject_effect text, OUT feeds text, OUT survey text,
  OUT scale_low integer, OUT scale_high integer, OUT needs_customer boolean, OUT pillar text,
  OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 79
BEGIN ATOMIC
  VALUES
    ('ad_impression'::text, 10, NULL::text, false, false, 'no'::text, 'none'::text, NULL::text, NULL::text, NULL::integer, NULL::integer, false, NULL::text, 'an advertisement was shown; quantity'::text),
    ('spend', 20, NULL, false, false, 'no', 'none', 'spend', NULL, NULL, NULL, false, NULL, 'money spent on reaching or keeping customers; amount, property purpose: acquisition (default), retention, brand'),
    ('page_view', 30, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a page was viewed; properties duration, session, device'),
    ('product_view', 40, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a product was viewed'),
    ('add_to_cart', 50, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a product was put into the cart'),
    ('checkout', 60, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a checkout was begun'),
    ('tutorial_viewed', 70, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a tutorial was viewed'),
    ('social_follow', 80, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'followed on a social network'),
    ('social_share', 90, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'shared on a social network'),
    ('social_like', 100, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'liked on a social network'),
    ('social_mention', 110, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'mentioned on a social network; property sentiment -1..1'),
    ('brand_mention', 120, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'mentioned elsewhere; property sentiment -1..1'),
    ('community_post', 130, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'posted in the community'),
    ('content_download', 140, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'downloaded content'),
    ('form_submit', 150, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'submitted a form'),
    ('webinar_attended', 160, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'attended a webinar'),
    ('event_attended', 170, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'attended an event'),
    ('email_clicked', 180, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'clicked in an email'),
    ('signup', 190, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'signed up'),
    ('lead', 200, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'became a lead'),
    ('demo', 210, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'had a demo'),
    ('trial_started', 220, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'started a trial'),
    ('opportunity_opened', 230, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'an opportunity was opened; subject, amount'),
    ('opportunity_lost', 240, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'an opportunity was lost; subject, property reason'),
    ('purchase', 250, 'conversion', true, true, 'yes', 'none', 'purchases', NULL, NULL, NULL, true, NULL, 'bought; amount'),
    ('subscription_started', 260, 'conversion', true, true, 'yes', 'opens', 'mrr', NULL, NULL, NULL, true, 'consistency', 'a subscription began; subject, monthly amount, property until'),
    ('subscription_renewed', 270, 'retention', false, true, 'yes', 'opens', 'mrr', NULL, NULL, NULL, true, 'consistency', 'a subscription was renewed; subject, monthly amount, property until'),
    ('subscription_changed', 280, 'conversion', false, true, 'no', 'changes', 'mrr', NULL, NULL, NULL, true, 'consistency', 'a subscription changed; subject, monthly amount, property until'),
    ('opportunity_won', 290, 'conversion', true, true, 'yes', 'opens_term', NULL, NULL, NULL, NULL, true, NULL, 'a deal was won; subject, amount, property until opens a contract; the money is counted by its order or subscription'),
    ('payment_failed', 300, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'a payment failed; property reason'),
    ('onboarding_step', 310, 'onboarding', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'a step of onboarding was done'),
    ('welcome_opened', 320, 'onboarding', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'the welcome message was opened'),
    ('activated', 330, 'engagement', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'reached the first value of the product'),
    ('login', 340, NULL, false, true, 'after_silence', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'logged in'),
    ('feature_used', 350, NULL, false, true, 'after_silence', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'used a feature; quantity'),
    ('session', 360, NULL, false, true, 'after_silence', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'had a session; quantity'),
    ('upsell', 370, 'engagement', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'bought more of the same; the amount is already counted in its purchase or subscription'),
    ('cross_sell', 380, 'engagement', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'bought something beside; the amount is already counted in its purchase or subscription'),
    ('loyalty_earned', 390, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'earned points; quantity'),
    ('loyalty_redeemed', 400, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'redeemed points; quantity'),
    ('offer_sent', 410, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was sent an offer'),
    ('offer_redeemed', 420, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'redeemed an offer; amount'),
    ('gift_sent', 430, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was sent a gift; amount'),
    ('cancelled', 440, NULL, false, false, 'no', 'notice', NULL, NULL, NULL, NULL, true, NULL, 'gave notice; subject, properties reason, voluntary, until: churn comes when the last open subject ends'),
    ('subscription_ended', 450, 'churned', false, false, 'no', 'ends', NULL, NULL, NULL, NULL, true, NULL, 'a subscription ended; subject, property reason'),
    ('refund', 460, NULL, false, false, 'no', 'none', 'refunds', NULL, NULL, NULL, true, 'consistency', 'was refunded; negative amount'),
    ('return', 470, NULL, false, false, 'no', 'none', 'refunds', NULL, NULL, NULL, true, 'consistency', 'returned goods; negative amount'),
    ('nps', 480, NULL, false, true, 'no', 'none', 'rating', 'nps', 0, 10, true, 'collaboration', 'answered how likely a recommendation is; score 0..10'),
    ('csat', 490, NULL, false, true, 'no', 'none', 'rating', 'csat', 1, 5, true, 'collaboration', 'answered how satisfied; score 1..5'),
    ('ces', 500, NULL, false, true, 'no', 'none', 'rating', 'ces', 1, 7, true, 'collaboration', 'answered how easy it was; score 1..7'),
    ('survey_sent', 510, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'was sent a survey'),
    ('ticket_opened', 520, NULL, false, true, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'opened a ticket; subject, property topic'),
    ('ticket_replied', 530, NULL, false, false, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'was replied to; subject'),
    ('ticket_resolved', 540, NULL, false, false, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'a ticket was resolved; subject'),
    ('ticket_reopened', 550, NULL, false, true, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'reopened a ticket; subject'),
    ('ticket_escalated', 560, NULL, false, true, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'escalated a ticket; subject'),
    ('self_service', 570, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'used self-service; properties solved, topic'),
    ('email_sent', 580, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was sent an email; campaign'),
    ('email_opened', 590, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'opened an email; campaign'),
    ('check_in', 600, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was checked in on by someone of the house'),
    ('feedback', 610, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'gave feedback; property topic'),
    ('feedback_answered', 620, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'feedback was answered; property topic'),
    ('advisory_board', 630, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'took part in an advisory board'),
    ('co_creation', 640, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'took part in creating'),
    ('focus_group', 650, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'took part in a focus group'),
    ('forum_post', 660, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'posted in a forum'),
    ('review', 670, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'reviewed; score 1..5 (4 and more: advocacy, by stage_rule)'),
    ('testimonial', 680, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'gave a testimonial'),
    ('case_study', 690, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'took part in a case study'),
    ('referral_sent', 700, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'referred someone; subject: the referred'),
    ('referral_converted', 710, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'someone referred became a customer; subject: the referred'),
    ('resource_use', 720, NULL, false, false, 'no', 'none', 'resource', NULL, NULL, NULL, false, NULL, 'resources were used; quantity, properties resource, unit, waste (share)'),
    ('experiment_exposure', 730, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'saw a variant of an experiment; properties experiment, variant'),
    ('trait_set', 740, NULL, false, false, 'no', 'none', 'trait', NULL, NULL, NULL, true, NULL, 'something is known about the customer; properties name, value'),
    ('consent_given', 750, NULL, false, false, 'no', 'none', 'consent', NULL, NULL, NULL, true, NULL, 'consented; property purpose'),
    ('consent_withdrawn', 760, NULL, false, false, 'no', 'none', 'consent', NULL, NULL, NULL, true, NULL, 'withdrew consent; property purpose'),
    ('stage_set', 770, NULL, false, false, 'no', 'none', 'stage', NULL, NULL, NULL, true, NULL, 'someone decided the stage; properties stage, reason, actor'),
    ('health_reading', 780, NULL, false, false, 'no', 'none', 'health', NULL, NULL, NULL, true, NULL, 'a measure of health was read; subject: the measure, score'),
    ('health_band_set', 790, NULL, false, false, 'no', 'none', 'health', NULL, NULL, NULL, true, NULL, 'someone decided the band of health; properties band, reason, actor, until');
END;
COMMENT ON FUNCTION ledger_default_kinds() IS
  'the kinds of touchpoints that a new ledger knows, in the order in which they are folded at one instant';

CREATE FUNCTION ledger_default_rules(
  OUT rule text, OUT kind text, OUT stage text, OUT min_count integer, OUT count_days boolean,
  OUT within interval, OUT min_tenure interval, OUT min_amount numeric, OUT min_score double precision,
  OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 7
BEGIN ATOMIC
  VALUES
    ('first_login'::text, 'login'::text, 'onboarding'::text, 1, false, NULL::interval, interval '0', NULL::numeric, NULL::double precision,
     'the first login later than the payment'::text),
    ('regular_use', 'login', 'engagement', 3, false, interval '30 days', NULL, NULL, NULL,
     'the third login, use or session within 30 days of paying'),
    ('regular_use', 'feature_used', 'engagement', 3, false, interval '30 days', NULL, NULL, NULL,
     'the third login, use or session within 30 days of paying'),
    ('regular_use', 'session', 'engagement', 3, false, interval '30 days', NULL, NULL, NULL,
     'the third login, use or session within 30 days of paying'),
    ('second_purchase_day', 'purchase', 'retention', 2, true, NULL, NULL, NULL, NULL,
     'purchases on two days'),
    ('tenure', NULL, 'retention', 1, false, NULL, interval '180 days', NULL, NULL,
     'a sign of life 180 days or more after the first payment'),
    ('good_review', 'review', 'advocacy', 1, false, NULL, NULL, NULL, 4,
     'a review of 4 or more of 5');
END;
COMMENT ON FUNCTION ledger_default_rules() IS
  'the rules by which touchpoints add up to a stage in a new ledger; rows of one rule are counted together';

CREATE FUNCTION ledger_default_settings(OUT name text, OUT value text, OUT meaning text)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
  VALUES
    ('time_zone'::text, 'UTC'::text, 'days and months are cut by the clock of this zone'::text),
    ('silence_after', '90 days', 'a customer without an open subscription or contract who is silent for longer has churned'),
    ('onboarding_lasts', '30 days', 'onboarding ends after this at the latest, for those who show signs of life'),
    ('future_tolerance', '1 day', 'a touchpoint further in the future than this can''t be used'),
    ('events', 'on', 'write event_outbox: on or off'),
    ('unusable', 'keep', 'touchpoints that can''t be used: keep them in touchpoint_rejected, or reject the statement that writes them: keep or reject (error: the same)'),
    ('health_every', 'week', 'health of all customers is read at the start of each day, week or month; never'),
    ('health_min_coverage', '0.5', 'share of the weight of its measures that must have a value, or there is no score of health'),
    ('reply_within', '2 hours', 'a ticket, a detractor or feedback that waits longer for a reply is told of: event reply_due'),
    ('events_kept', '30 days', 'ledger_tick() forgets events that were acknowledged longer ago'),
    ('notify', 'off', 'wake those who LISTEN to the name of the ledger when there are events: on or off');
END;
COMMENT ON FUNCTION ledger_default_settings() IS 'the settings of a new ledger';
